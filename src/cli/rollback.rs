//! `harden rollback` and `harden recover`: the way back. Neither reads any configuration.

use super::Common;
use super::ask;
use super::failure::{Exit, Failure};
use super::screen::{self, Screen};
use super::shown;
use super::work;
use crate::change::Code;
use crate::commit::{self, Linux, Meta, Recovered};
use crate::home::Home;
use crate::patch::Catalogue;
use clap::Args;
use std::collections::BTreeMap;

#[derive(Debug, Clone, Default, Args)]
pub struct Arguments {
    /// The transaction to take back [default: the newest that is in force]
    #[arg(value_name = "ID")]
    pub id: Option<String>,
    /// Take it back without asking
    #[arg(long)]
    pub yes: bool,
    /// Only show what would change
    #[arg(long, conflicts_with = "yes")]
    pub dry_run: bool,
    /// Show secrets in the diff
    #[arg(long)]
    pub show_secrets: bool,
    /// Why this is done; kept in the history
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    pub note: String,
}

pub fn run(arguments: &Arguments, common: &Common, screen: &Screen) -> Result<Exit, Failure> {
    work::each_home(common, screen, |home| take_back(arguments, common, screen, home))
}

fn take_back(
    arguments: &Arguments,
    common: &Common,
    screen: &Screen,
    home: &Home,
) -> Result<Exit, Failure> {
    let state = work::state_dir(common, home);
    let asking = !arguments.yes && !arguments.dry_run;
    let planning = arguments.dry_run || (asking && !screen::can_ask());
    if !planning {
        work::recover_crash(home, &state, screen)?;
        super::guard::first(home, &state, screen, true)?;
    }
    let since = if planning { None } else { Some(commit::mark(&Linux, &state)?) };
    let only = common.only.iter().map(|text| code(text)).collect::<Result<Vec<_>, _>>()?;
    let only = (!only.is_empty()).then_some(only);
    let reverse =
        commit::reverse(&Linux, &home.root, &state, arguments.id.as_deref(), only.as_deref())?;
    let mut differences = Vec::new();
    for change in &reverse.changes {
        let (before, after) = (change.before.as_deref(), change.after.as_deref());
        differences.extend(shown::unified(change.file.as_str(), before, after));
    }
    screen.diff(&differences, arguments.show_secrets);
    screen.note(&format!("{} of {}: {} file(s).", reverse.verb, reverse.of, reverse.changes.len()));
    if planning {
        if asking {
            screen.note("There is no terminal to ask at: nothing was written. --yes rolls back without asking.");
        }
        return Ok(if reverse.changes.is_empty() { Exit::Good } else { Exit::Findings });
    }
    if asking && !ask::confirm("Write these changes?")? {
        screen.note("Nothing was written.");
        return Ok(Exit::Good);
    }
    let meta = Meta {
        verb: reverse.verb.into(),
        of: Some(reverse.of.clone()),
        only: reverse.only.clone(),
        tool: env!("CARGO_PKG_VERSION").into(),
        catalogue: Catalogue::load(&[])?.version(),
        who: work::who(),
        host: work::host(),
        note: arguments.note.clone(),
        since,
        settings: BTreeMap::new(),
        release: Some(work::release(home)),
    };
    let applied = commit::apply(&Linux, &home.root, &state, &reverse.changes, &meta, &|| Ok(()))?;
    for note in &applied.notes {
        screen.note(note);
    }
    screen.note(&format!(
        "Rolled back as {}: {} file(s). Restart the server for it to take effect; rolling this back \
         makes the changes again.",
        applied.id.unwrap_or_default(),
        applied.files.len()
    ));
    Ok(Exit::Good)
}

/// A code as it stands in old transactions, whether today's catalogue knows it or not.
fn code(text: &str) -> Result<Code, Failure> {
    Code::parse(text.trim()).ok_or_else(|| {
        Failure::usage(
            format!("\"{text}\" is not a guideline's code"),
            "`harden log` shows the codes of each transaction.",
        )
    })
}

pub fn recover(common: &Common, screen: &Screen) -> Result<Exit, Failure> {
    work::each_home(common, screen, |home| {
        let state = work::state_dir(common, home);
        let recovered = commit::recover(&Linux, &home.root, &state)?;
        screen.say(&told(&recovered));
        super::guard::recover(home, &state, screen)?;
        Ok(Exit::Good)
    })
}

/// Says what recovery did.
pub fn told(recovered: &Recovered) -> String {
    let mut lines = Vec::new();
    for id in &recovered.restored {
        lines.push(format!("Transaction {id} was cut off; the home is as before it."));
    }
    for id in &recovered.finished {
        lines.push(format!(
            "Transaction {id} was complete; what it left beside the files is removed."
        ));
    }
    for id in &recovered.forgotten {
        lines.push(format!("What was left of the contents of {id} is forgotten."));
    }
    for file in &recovered.kept {
        lines.push(format!("{file} was changed by somebody else meanwhile and stays as it is."));
    }
    if lines.is_empty() {
        lines.push("There is nothing to recover.".into());
    }
    lines.join("\n")
}
