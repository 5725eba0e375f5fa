//! `harden log`: who changed what, when and why. `harden log prune` removes old transactions, the
//! rest only looks.

use super::Common;
use super::ask;
use super::failure::{Exit, Failure};
use super::screen::{self, Screen};
use super::work;
use crate::commit::{self, Linux, Past, Rule, Standing, Who};
use crate::home::Home;
use clap::{Args, Subcommand};
use std::time::Duration;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Remove whole old transactions, but none that the way back of a file needs
    Prune(Prune),
}

#[derive(Debug, Args)]
#[group(id = "rule", required = true, multiple = true, args = ["keep", "older"])]
struct Prune {
    /// Keep the newest N; with --older both must hold for one to go
    #[arg(long, value_name = "N")]
    keep: Option<usize>,
    /// Remove what was made longer ago than this: 90d, 12h, 4w
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    older: Option<Duration>,
    /// Remove without asking
    #[arg(long)]
    yes: bool,
    /// Only show what would go
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
}

pub fn run(arguments: &Arguments, common: &Common, screen: &Screen) -> Result<Exit, Failure> {
    work::each_home(common, screen, |home| match &arguments.verb {
        None => list(common, screen, home),
        Some(Verb::Prune(rule)) => prune(rule, common, screen, home),
    })
}

fn list(common: &Common, screen: &Screen, home: &Home) -> Result<Exit, Failure> {
    let past = commit::history(&Linux, &work::state_dir(common, home))?;
    if past.is_empty() {
        screen.note(&format!("{}: no transactions.", home.root.display()));
    }
    for past in past.iter().rev() {
        screen.say(&line(past));
        // One that was taken back by hand while it waited has nothing left to tell.
        let applied = past.standing == Standing::Applied;
        let guard = past.guard.as_ref().filter(|guard| applied || !guard.undecided());
        if let Some(text) = guard.and_then(|guard| super::guard::told(&past.id, guard)) {
            screen.say(&format!("    {text}"));
        }
    }
    Ok(Exit::Good)
}

fn prune(
    arguments: &Prune,
    common: &Common,
    screen: &Screen,
    home: &Home,
) -> Result<Exit, Failure> {
    let state = work::state_dir(common, home);
    let asking = !arguments.yes && !arguments.dry_run;
    let planning = arguments.dry_run || (asking && !screen::can_ask());
    if !planning {
        work::recover_first(home, &state, screen)?;
    }
    let rule = Rule { keep: arguments.keep, older: arguments.older };
    let pruning = commit::pruning(&Linux, &home.root, &state, rule)?;
    for past in &pruning.going {
        screen.say(&line(past));
    }
    for (id, why) in &pruning.staying {
        screen.note(&format!("{id} stays: {why}."));
    }
    let (going, of) = (pruning.going.len(), pruning.of);
    if going == 0 {
        screen.note(&format!("{}: nothing to remove of {of} transaction(s).", home.root.display()));
        return Ok(Exit::Good);
    }
    screen.note(&format!(
        "{going} of {of} transaction(s) go, with their record and their contents; they cannot be \
         taken back any more."
    ));
    if planning {
        if asking {
            screen.note("There is no terminal to ask at: nothing was removed. --yes removes without asking.");
        }
        return Ok(Exit::Findings);
    }
    if asking && !ask::confirm("Remove these transactions?")? {
        screen.note("Nothing was removed.");
        return Ok(Exit::Good);
    }
    let agreed: Vec<String> = pruning.going.into_iter().map(|past| past.id).collect();
    let user = work::who().user;
    let gone = commit::prune(&Linux, &home.root, &state, rule, &agreed, &user)?;
    screen.note(&format!("Removed {} transaction(s).", gone.len()));
    Ok(Exit::Good)
}

/// Reads a whole number and its unit.
fn duration(text: &str) -> Result<Duration, String> {
    const UNITS: [(char, u64); 5] =
        [('s', 1), ('m', 60), ('h', 3600), ('d', 86_400), ('w', 7 * 86_400)];
    let unit = UNITS.iter().find_map(|(unit, seconds)| {
        let number = text.strip_suffix(*unit)?;
        let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        number.parse::<u64>().ok().filter(|_| digits)?.checked_mul(*seconds)
    });
    unit.map(Duration::from_secs).ok_or_else(|| {
        "a whole number and a unit are expected: 90d, 12h, 4w (also m and s)".to_owned()
    })
}

/// One transaction in one line.
fn line(past: &Past) -> String {
    let Some(manifest) = &past.manifest else {
        return format!("{}  {}", past.id, standing(&past.standing, past.forgotten));
    };
    let codes: Vec<&str> = manifest.codes.iter().map(|code| code.as_str()).collect();
    let of = manifest.meta.of.as_ref().map(|of| format!(" of {of}")).unwrap_or_default();
    let note = if manifest.meta.note.is_empty() {
        String::new()
    } else {
        format!("  \"{}\"", manifest.meta.note)
    };
    format!(
        "{}  {}{of}  {}  {} file(s)  by {}@{}  {}{note}",
        past.id,
        manifest.meta.verb,
        codes.join(" "),
        manifest.files.len(),
        person(&manifest.meta.who),
        manifest.meta.host,
        standing(&past.standing, past.forgotten)
    )
}

pub fn person(who: &Who) -> String {
    match &who.sudo_user {
        Some(caller) => format!("{} (sudo of {caller})", who.user),
        None => who.user.clone(),
    }
}

/// How a transaction stands, a clause.
pub fn standing(standing: &Standing, forgotten: bool) -> String {
    let mut text = match standing {
        Standing::Applied => "in force".into(),
        Standing::Undone { by } => format!("undone by {by}"),
        Standing::Interrupted { kept } if kept.is_empty() => "failed, taken back".into(),
        Standing::Interrupted { kept } => {
            let kept: Vec<&str> = kept.iter().map(|file| file.as_str()).collect();
            format!("failed, taken back except for {}", kept.join(", "))
        }
        Standing::Unfinished => "unfinished; `harden recover` finishes it".into(),
        Standing::Damaged(why) => format!("damaged: {why}"),
    };
    if forgotten {
        text.push_str(", its contents are forgotten");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_whole_number_and_its_unit() {
        for (text, seconds) in [("90d", 7_776_000), ("12h", 43_200), ("4w", 2_419_200), ("0s", 0)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "d", "90", "-1d", "+1d", "1.5h", "1 d", "1y", "99999999999999999999d"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
