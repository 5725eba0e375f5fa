//! `harden explain`: one guideline's page, or the list of all.

use super::Common;
use super::failure::{Exit, Failure};
use super::screen::Screen;
use super::work::{self, Work};
use crate::report::catalogue;
use clap::Args;

#[derive(Debug, Args)]
pub struct Arguments {
    /// A guideline's code or name; none lists all
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

pub fn run(arguments: &Arguments, common: &Common, screen: &Screen) -> Result<Exit, Failure> {
    let work = Work::of(common)?;
    for notice in work.notices() {
        screen.say(&notice);
    }
    match &arguments.code {
        Some(code) => screen.say(&catalogue::page(work::find(code, &work.catalogue)?)),
        None => screen.say(&catalogue::list(work.patches())),
    }
    Ok(Exit::Good)
}
