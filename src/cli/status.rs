//! `harden status`: per guideline and file, what others changed since harden wrote it and what
//! apply would change now. It only looks.

use super::Common;
use super::choose;
use super::failure::{Exit, Failure};
use super::screen::Screen;
use super::work::{self, Work};
use crate::change::{Code, RelPath};
use crate::commit::{self, Linux};
use crate::digest::Digest;
use crate::home::{Home, View};
use crate::plan::fold;
use std::collections::BTreeMap;

/// The two columns, as a version control system shows them.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Columns {
    changed_since: bool,
    would_change: bool,
}

pub fn run(common: &Common, screen: &Screen) -> Result<Exit, Failure> {
    let work = Work::of(common)?;
    for notice in work.notices() {
        screen.say(&notice);
    }
    work::each_home(common, screen, |home| {
        let mut exit = Exit::Good;
        let rows = rows(common, &work, home)?;
        screen.say(&format!("{}", home.root.display()));
        let state = work::state_dir(common, home);
        if let Some(id) = commit::unfinished(&Linux, &home.root, &state)? {
            screen.say(&format!("Transaction {id} is unfinished; `harden recover` finishes it."));
            exit = Exit::Findings;
        }
        if rows.is_empty() {
            screen
                .say("Nothing was changed since harden wrote it, and apply would change nothing.");
            return Ok(exit);
        }
        screen.say(
            "first column: M changed by others since harden wrote it · second: A would be changed \
             by apply",
        );
        for ((code, file), columns) in &rows {
            let first = if columns.changed_since { 'M' } else { ' ' };
            let second = if columns.would_change { 'A' } else { ' ' };
            screen.say(&format!("{first}{second} {code} {file}"));
        }
        Ok(Exit::Findings)
    })
}

fn rows(
    common: &Common,
    work: &Work,
    home: &Home,
) -> Result<BTreeMap<(Code, RelPath), Columns>, Failure> {
    let mut rows: BTreeMap<(Code, RelPath), Columns> = BTreeMap::new();
    let view = View::of(&home.root);
    for (file, known) in commit::last_known(&Linux, &work::state_dir(common, home))? {
        let now = view.binary(&file).ok().map(|content| Digest::of(&content));
        if now == known.digest {
            continue;
        }
        for code in known.codes.into_iter().filter(|code| work.selected.contains(code)) {
            rows.entry((code, file.clone())).or_default().changed_since = true;
        }
    }
    let forge = work.forge();
    let ready = choose::candidates(work, home, &forge).ready;
    for candidate in ready.into_iter().filter(|c| choose::reserve(work, c.patch, &[]).is_none()) {
        for step in fold(home, &candidate.choices)?.steps {
            rows.entry((step.code, step.file)).or_default().would_change = true;
        }
    }
    Ok(rows)
}
