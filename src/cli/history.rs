//! `harden log` and `harden show`: who changed what, when and why. They only look.

use super::Common;
use super::failure::{Exit, Failure};
use super::screen::Screen;
use super::work;
use crate::commit::{self, Linux, Past, Standing, Who};
use crate::diff;
use clap::Args;

#[derive(Debug, Args)]
pub struct ShowArguments {
    /// The transaction [default: the newest]
    #[arg(value_name = "ID")]
    id: Option<String>,
    /// Show secrets in the diff
    #[arg(long)]
    show_secrets: bool,
}

pub fn log(common: &Common, screen: &Screen) -> Result<Exit, Failure> {
    work::each_home(common, screen, |home| {
        let past = commit::history(&Linux, &work::state_dir(common, home))?;
        if past.is_empty() {
            screen.note(&format!("{}: no transactions.", home.root.display()));
        }
        for past in past.iter().rev() {
            screen.say(&line(past));
        }
        Ok(Exit::Good)
    })
}

fn line(past: &Past) -> String {
    let Some(manifest) = &past.manifest else {
        return format!("{}  {}", past.id, standing(&past.standing));
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
        standing(&past.standing)
    )
}

fn person(who: &Who) -> String {
    match &who.sudo_user {
        Some(caller) => format!("{} (sudo of {caller})", who.user),
        None => who.user.clone(),
    }
}

fn standing(standing: &Standing) -> String {
    match standing {
        Standing::Applied => "in force".into(),
        Standing::Undone { by } => format!("undone by {by}"),
        Standing::Interrupted { kept } if kept.is_empty() => "failed, taken back".into(),
        Standing::Interrupted { kept } => {
            let kept: Vec<&str> = kept.iter().map(|file| file.as_str()).collect();
            format!("failed, taken back except for {}", kept.join(", "))
        }
        Standing::Unfinished => "unfinished; `harden recover` finishes it".into(),
        Standing::Damaged(why) => format!("damaged: {why}"),
    }
}

pub fn show(arguments: &ShowArguments, common: &Common, screen: &Screen) -> Result<Exit, Failure> {
    work::each_home(common, screen, |home| {
        let state = work::state_dir(common, home);
        let id = match &arguments.id {
            Some(id) => id.clone(),
            None => {
                let newest = commit::history(&Linux, &state)?.pop();
                newest
                    .ok_or_else(|| {
                        let what = format!("{}: there are no transactions", home.root.display());
                        Failure::Other(what, "`harden apply` makes the first one.".into())
                    })?
                    .id
            }
        };
        let shown = commit::show(&Linux, &state, &id)?;
        let manifest = &shown.manifest;
        let codes: Vec<&str> = manifest.codes.iter().map(|code| code.as_str()).collect();
        let mut text = format!(
            "transaction {id} ({})\nverb        {}\nguidelines  {}\nwhen        {}\nwho         {}@{}\n\
             tool        harden {}, catalogue {}",
            standing(&shown.standing),
            manifest.meta.verb,
            codes.join(" "),
            manifest.created,
            person(&manifest.meta.who),
            manifest.meta.host,
            manifest.meta.tool,
            manifest.meta.catalogue,
        );
        for (label, value) in
            [("of", manifest.meta.of.as_deref().unwrap_or_default()), ("why", &manifest.meta.note)]
        {
            if !value.is_empty() {
                text.push_str(&format!("\n{label:<11} {value}"));
            }
        }
        for (name, value) in &manifest.meta.settings {
            text.push_str(&format!("\nset         {name}={value}"));
        }
        screen.say(&text);
        let mut all = Vec::new();
        for file in &shown.files {
            let (before, after) = (file.before.as_deref(), file.after.as_deref());
            all.extend(diff::unified(
                file.file.as_str(),
                before.unwrap_or_default(),
                after.unwrap_or_default(),
                3,
            ));
        }
        screen.diff(&all, arguments.show_secrets);
        Ok(Exit::Good)
    })
}
