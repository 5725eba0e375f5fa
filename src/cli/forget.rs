//! `harden forget`: removes the contents that a transaction stores, old secrets among them, and
//! keeps the record of who changed what, when and why.

use super::Common;
use super::ask;
use super::failure::{Exit, Failure};
use super::screen::{self, Screen};
use super::work;
use crate::commit::{self, Linux};
use crate::home::Home;
use clap::Args;

#[derive(Debug, Args)]
pub struct Arguments {
    /// The transaction
    #[arg(value_name = "ID")]
    id: String,
    /// Even when the way back of a file begins with it
    #[arg(long)]
    even_last: bool,
    /// Forget without asking
    #[arg(long)]
    yes: bool,
    /// Only tell what would go
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
}

pub fn run(arguments: &Arguments, common: &Common, screen: &Screen) -> Result<Exit, Failure> {
    work::each_home(common, screen, |home| forget(arguments, common, screen, home))
}

fn forget(
    arguments: &Arguments,
    common: &Common,
    screen: &Screen,
    home: &Home,
) -> Result<Exit, Failure> {
    let Arguments { id, even_last, .. } = arguments;
    let state = work::state_dir(common, home);
    let asking = !arguments.yes && !arguments.dry_run;
    let planning = arguments.dry_run || (asking && !screen::can_ask());
    if !planning {
        work::recover_first(home, &state, screen)?;
    }
    let forgetting = commit::forgetting(&Linux, &home.root, &state, id, *even_last)?;
    if forgetting.images == 0 {
        screen.note(&format!("The contents of {id} are forgotten already."));
        return Ok(Exit::Good);
    }
    screen.note(&format!(
        "{} image(s) of {id} go; its record stays. It cannot be taken back any more.",
        forgetting.images
    ));
    for file in &forgetting.last_of {
        screen.note(&format!("{file} loses its way back."));
    }
    if planning {
        if asking {
            screen.note("There is no terminal to ask at: nothing was removed. --yes forgets without asking.");
        }
        return Ok(Exit::Findings);
    }
    if asking && !ask::confirm("Forget these contents?")? {
        screen.note("Nothing was removed.");
        return Ok(Exit::Good);
    }
    let user = work::who().user;
    commit::forget(&Linux, &home.root, &state, id, *even_last, &user)?;
    screen.note(&format!(
        "The contents of {id} are forgotten. Backups of the state folder may still hold them."
    ));
    Ok(Exit::Good)
}
