//! Wants on the JVM's command line: every launcher of the instance counts, and in each the last
//! occurrence of a flag wins.

use super::{Claim, Court, Exhibit, Judged};
use crate::change::{Place, Status};
use crate::format::script::Kind;
use crate::home;

pub fn judge(court: &Court, flag: &str) -> Vec<Judged> {
    let launchers = &court.scene.instance.launchers;
    if launchers.is_empty() {
        let why = "no start script is there, where one was expected".into();
        return vec![court.without_place(flag, None, Status::Unknown, why)];
    }
    let mut judged: Vec<Judged> =
        launchers.iter().map(|launcher| judge_launcher(court, flag, launcher)).collect();
    // Every product ships a shell script; without one, half of the truth is missing.
    if !court.want.optional && !launchers.iter().any(|launcher| launcher.kind == Kind::Shell) {
        let why = "no start script for a shell is there, where one was expected".into();
        judged.push(court.without_place(flag, None, Status::Unknown, why));
    }
    judged
}

fn judge_launcher(court: &Court, flag: &str, launcher: &home::Launcher) -> Judged {
    let file = &launcher.file;
    let content = match court.scene.content(file) {
        Ok(content) => content,
        Err(silence) => return court.silent(flag, Some(file), &silence),
    };
    let script = match court.scene.view.launcher(file, launcher.kind) {
        Ok(script) => script,
        Err(silence) => return court.silent(flag, Some(file), &silence),
    };
    let last = script.effective(flag);
    if last.is_none()
        && let Some(glued) = script.flag(flag).into_iter().next()
    {
        let at = crate::text::position(&content, glued.range.start);
        let place = Place { file: file.to_string(), at: Some(at) };
        let why = "the flag is glued to the argument before it for want of a blank, so java never \
                   sees it; put a blank before the backslash of the line above"
            .into();
        return court.without_place(flag, Some(place), Status::Error, why);
    }
    let exhibit = Exhibit {
        what: flag.to_owned(),
        file,
        text: &content,
        offset: last.as_ref().map_or_else(|| script.place(flag), |found| found.range.start),
        found: last.map(|found| found.value.unwrap_or_default()),
        fallback: None,
    };
    court.rule(exhibit, |value| {
        let edits = match value {
            Some(value) => script.set(flag, value),
            None => script.remove(flag),
        };
        let claim = Claim::Jvm {
            kind: launcher.kind,
            flag: flag.to_owned(),
            value: value.map(str::to_owned),
        };
        (edits, claim)
    })
}
