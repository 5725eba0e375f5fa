//! `harden status`: per guideline and file, what others changed since harden wrote it, whether the
//! guideline still holds, and what apply would change now. It only looks.

use super::Common;
use super::choose;
use super::failure::{Exit, Failure};
use super::screen::Screen;
use super::work::{self, Work};
use crate::change::{Code, Finding, RelPath, Status};
use crate::commit::{self, Linux, Past, Release};
use crate::digest::Digest;
use crate::home::{Home, View};
use crate::plan::fold;
use std::collections::BTreeMap;

/// The two columns, as a version control system shows them.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Columns {
    /// Nothing when the file is as it was written, else what has become of the guideline in it.
    changed_since: Option<&'static str>,
    would_change: bool,
}

pub fn run(common: &Common, screen: &Screen) -> Result<Exit, Failure> {
    let work = Work::of(common)?;
    for notice in work.notices() {
        screen.say(&notice);
    }
    work::each_home(common, screen, |home| {
        let mut exit = Exit::Good;
        let work = Work::at(common, home)?;
        let state = work::state_dir(common, home);
        let past = commit::history(&Linux, &state)?;
        let rows = rows(&past, &work, home)?;
        screen.say(&format!("{}", home.root.display()));
        if let Some(updated) = updated(&past, &work::release(home)) {
            screen.say(&updated);
        }
        if let Some(id) = commit::unfinished(&Linux, &home.root, &state)? {
            screen.say(&format!("Transaction {id} is unfinished; `harden recover` finishes it."));
            exit = Exit::Findings;
        }
        if let Some(open) = commit::guard::open(&Linux, &home.root, &state)?
            && let Some(text) = super::guard::told(&open.id, &open.guard)
        {
            screen.say(&text);
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
            let first = if columns.changed_since.is_some() { 'M' } else { ' ' };
            let second = if columns.would_change { 'A' } else { ' ' };
            screen.say(&format!("{first}{second} {code} {file}"));
            if let Some(since) = columns.changed_since {
                screen.say(&format!("       {since}"));
            }
        }
        Ok(Exit::Findings)
    })
}

fn rows(
    past: &[Past],
    work: &Work,
    home: &Home,
) -> Result<BTreeMap<(Code, RelPath), Columns>, Failure> {
    let mut rows: BTreeMap<(Code, RelPath), Columns> = BTreeMap::new();
    let view = View::of(&home.root);
    let mut findings = None;
    for (file, known) in commit::last_known(past) {
        let now = view.binary(&file).ok().map(|content| Digest::of(&content));
        if now == known.digest {
            continue;
        }
        let findings = findings.get_or_insert_with(|| work.findings(home));
        for code in known.codes.into_iter().filter(|code| work.selected.contains(code)) {
            let since = since(findings, &code, &file);
            rows.entry((code, file.clone())).or_default().changed_since = Some(since);
        }
    }
    let ready = choose::candidates(work, home).ready;
    for candidate in ready.into_iter().filter(|c| choose::reserve(work, c.patch, &[]).is_none()) {
        for step in fold(home, &candidate.choices())?.steps {
            rows.entry((step.code, step.file)).or_default().would_change = true;
        }
    }
    Ok(rows)
}

/// Says what has become of a guideline in a file that somebody else changed, by what it sees there,
/// or, where it looks elsewhere by now, by what it says of the home.
fn since(findings: &[Finding], code: &Code, file: &RelPath) -> &'static str {
    let findings = || findings.iter().filter(|finding| finding.code == *code);
    let here = findings()
        .flat_map(|finding| &finding.seen)
        .filter(|seen| seen.place.as_ref().is_some_and(|place| place.file == file.as_str()));
    let mut statuses: Vec<Status> = here.map(|seen| seen.status).collect();
    if statuses.is_empty() {
        statuses = findings().map(|finding| finding.status).collect();
    }
    let undone = |status: &Status| matches!(status, Status::Deviates | Status::NotEffective);
    let dark = |status: &Status| matches!(status, Status::Unknown | Status::Error);
    if statuses.iter().any(undone) {
        "undone since (by an update of the product or by hand)"
    } else if statuses.is_empty() || statuses.iter().any(dark) {
        "changed by others, and whether the guideline holds cannot be told"
    } else {
        "changed by others, the guideline still holds"
    }
}

/// Says how the product differs from the one that was written to last.
fn updated(past: &[Past], now: &Release) -> Option<String> {
    let (id, then) = past.iter().rev().find_map(|past| {
        Some((past.id.as_str(), past.manifest.as_ref()?.meta.release.as_ref()?))
    })?;
    let none = "no updates noted";
    let level = |release: &Release| release.level.clone().unwrap_or_else(|| none.to_owned());
    let differences: Vec<String> = [
        ("product ", then.product.clone(), now.product.clone()),
        ("version ", then.version.clone(), now.version.clone()),
        ("kernel ", then.kernel.clone(), now.kernel.clone()),
        ("", level(then), level(now)),
    ]
    .into_iter()
    .filter(|(_, then, now)| then != now)
    .map(|(what, then, now)| format!("{what}{then} → {now}"))
    .collect();
    (!differences.is_empty()).then(|| {
        format!(
            "The product was updated since harden last wrote ({id}): {}.",
            differences.join(", ")
        )
    })
}
