//! `harden patch`: what an author of patch files needs.

use super::failure::{Exit, Failure};
use super::screen::Screen;
use crate::patch::load;
use clap::Subcommand;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Check every patch file of a folder
    Check {
        /// The folder
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}

pub fn run(verb: &Verb, screen: &Screen) -> Result<Exit, Failure> {
    let Verb::Check { folder } = verb;
    let count = load::check_folder(folder).map_err(Failure::PatchFiles)?;
    screen.say(&format!("{count} patch file(s) are sound."));
    Ok(Exit::Good)
}
