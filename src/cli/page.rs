//! What the page of a change ticket is filled with.

use super::Common;
use super::apply::{self, Arguments};
use super::choose::{Candidate, Left};
use super::review::Proposal;
use crate::change::{FileChange, Plan, RelPath, Step};
use crate::digest::Digest;
use crate::report::ticket::{File, Guideline, Ticket};
use crate::review;
use std::collections::BTreeMap;

pub fn of(arguments: &Arguments, common: &Common, proposal: &Proposal) -> Ticket {
    let Proposal { work, home, plan, picked, left } = *proposal;
    let told: Vec<Vec<u8>> = work.secrets().into_iter().map(String::into_bytes).collect();
    let show = |change: &FileChange| match arguments.show_secrets {
        true => change.unified(3),
        false => review::masked(change, &told),
    };
    let several = home.instances.len() > 1;
    let root = home.root.display().to_string();
    Ticket {
        home: root.clone(),
        product: home.product.clone(),
        version: home.version.as_ref().map(ToString::to_string).unwrap_or_default(),
        harden: env!("CARGO_PKG_VERSION").into(),
        catalogue: work.catalogue.version(),
        note: arguments.note.clone(),
        guidelines: picked.iter().map(|one| guideline(one, plan, several, &show)).collect(),
        files: plan.files.iter().map(file).collect(),
        left: left_out(left),
        apply: apply_command(arguments, common, picked, &root),
        take_back: command("rollback", &root, common).join(" "),
    }
}

fn guideline(
    candidate: &Candidate,
    plan: &Plan,
    several: bool,
    show: &dyn Fn(&FileChange) -> Vec<u8>,
) -> Guideline {
    let patch = candidate.patch;
    let own = |(name, value): (String, String)| {
        name.split_once('.').map(|(_, name)| (name.to_owned(), value.clone()))
    };
    let instances = candidate.shares.iter().map(|share| share.instance.name.clone());
    Guideline {
        code: patch.code.to_string(),
        title: patch.title.clone(),
        severity: patch.severity.word().into(),
        why: patch.why.clone(),
        impact: patch.impact.iter().map(|impact| impact.word().to_owned()).collect(),
        risk: patch.risk.clone(),
        reference: patch.reference.clone(),
        instances: if several { instances.collect() } else { Vec::new() },
        settings: apply::settings_of(&candidate.choices()).into_iter().filter_map(own).collect(),
        diff: shares(plan, patch.code.as_str(), show),
    }
}

/// What one guideline changes: each of its steps, over what the steps before it left.
fn shares(plan: &Plan, code: &str, show: &dyn Fn(&FileChange) -> Vec<u8>) -> String {
    let mut now: BTreeMap<&RelPath, Option<&[u8]>> =
        plan.files.iter().map(|change| (&change.file, change.before.as_deref())).collect();
    let mut diff = Vec::new();
    for Step { code: own, file, after, .. } in &plan.steps {
        let before = now.insert(file, Some(after)).flatten();
        if own.as_str() == code {
            let whole = plan.files.iter().find(|change| change.file == *file);
            diff.extend(show(&FileChange {
                file: file.clone(),
                before: before.map(<[u8]>::to_vec),
                after: after.clone(),
                listings: whole.and_then(|change| change.listings.clone()),
            }));
        }
    }
    String::from_utf8_lossy(&diff).into_owned()
}

fn file(change: &FileChange) -> File {
    File {
        path: change.file.to_string(),
        before: change.before.as_ref().map(|before| Digest::of(before).to_string()),
        after: Digest::of(&change.after).to_string(),
        stat: change.stat(),
    }
}

fn left_out(left: &[Left]) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = left
        .iter()
        .filter(|left| !left.person)
        .map(|left| {
            let instance = match left.instance.is_empty() {
                true => String::new(),
                false => format!(" ({})", left.instance),
            };
            (format!("{} {}{instance}", left.code, left.title), left.why.clone())
        })
        .collect();
    let mut persons: Vec<&str> =
        left.iter().filter(|left| left.person).map(|left| left.code.as_str()).collect();
    persons.sort_unstable();
    persons.dedup();
    if !persons.is_empty() {
        all.push((persons.join(" "), "for a person to answer".into()));
    }
    all
}

fn apply_command(
    arguments: &Arguments,
    common: &Common,
    picked: &[Candidate],
    home: &str,
) -> String {
    let mut words = command("apply", home, common);
    let mut option = |name: &str, value: &str| words.extend([name.to_owned(), quoted(value)]);
    let accept: Vec<&str> = arguments.accept.iter().map(|grave| grave.word()).collect();
    let codes: Vec<&str> = picked.iter().map(|one| one.patch.code.as_str()).collect();
    if let Some(path) = &arguments.review.save_plan {
        option("--plan", &path.display().to_string());
        if let Some(path) = &arguments.review.seal_with {
            option("--seal-with", &path.display().to_string());
        }
    } else {
        option("--only", &codes.join(","));
        if let Some(path) = &common.settings {
            option("--settings", &path.display().to_string());
        }
        common.set.iter().for_each(|set| option("--set", set));
        if !accept.is_empty() {
            option("--accept", &accept.join(","));
        }
    }
    common.patches.iter().for_each(|path| option("--patches", &path.display().to_string()));
    if arguments.review.save_plan.is_none() {
        words.push("--yes".into());
    }
    words.join(" ")
}

fn command(verb: &str, home: &str, common: &Common) -> Vec<String> {
    let mut words = vec!["harden".into(), verb.to_owned(), "--home".into(), quoted(home)];
    if let Some(path) = &common.state_dir {
        words.extend(["--state-dir".into(), quoted(&path.display().to_string())]);
    }
    words
}

/// A word that a shell takes as it is.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./,=:@+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_takes_a_word_as_it_was() {
        assert_eq!(quoted("P04.offset=7"), "P04.offset=7");
        assert_eq!(quoted("/opt/my server"), "'/opt/my server'");
        assert_eq!(quoted("it's"), "'it'\\''s'");
        assert_eq!(quoted(""), "''");
    }
}
