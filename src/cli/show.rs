//! `harden show`: one transaction, who made it, when and why, and its differences. It only looks.

use super::Common;
use super::failure::{Exit, Failure};
use super::screen::Screen;
use super::{log, shown, work};
use crate::commit::manifest::{Entry, Image};
use crate::commit::{self, Linux};
use clap::Args;

#[derive(Debug, Args)]
pub struct Arguments {
    /// The transaction [default: the newest]
    #[arg(value_name = "ID")]
    id: Option<String>,
    /// Show secrets in the diff
    #[arg(long)]
    show_secrets: bool,
}

pub fn run(arguments: &Arguments, common: &Common, screen: &Screen) -> Result<Exit, Failure> {
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
        let past = commit::show(&Linux, &state, &id)?;
        let manifest = &past.manifest;
        let codes: Vec<&str> = manifest.codes.iter().map(|code| code.as_str()).collect();
        let mut text = format!(
            "transaction {id} ({})\nverb        {}\nguidelines  {}\nwhen        {}\nwho         {}@{}\n\
             tool        harden {}, catalogue {}",
            log::standing(&past.standing, past.files.is_none()),
            manifest.meta.verb,
            codes.join(" "),
            manifest.created,
            log::person(&manifest.meta.who),
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
        let Some(files) = &past.files else {
            for entry in &manifest.files {
                screen.say(&record(entry));
            }
            return Ok(Exit::Good);
        };
        let mut all = Vec::new();
        for file in files {
            let (before, after) = (file.before.as_deref(), file.after.as_deref());
            all.extend(shown::unified(file.file.as_str(), before, after));
        }
        screen.diff(&all, arguments.show_secrets);
        Ok(Exit::Good)
    })
}

/// What is left of a file whose contents are forgotten.
fn record(entry: &Entry) -> String {
    let content = |image: &Option<Image>| {
        image.as_ref().map_or_else(|| "nothing".to_owned(), |image| image.digest.to_string())
    };
    let codes: std::collections::BTreeSet<&str> =
        entry.steps.iter().map(|step| step.code.as_str()).collect();
    let codes: Vec<&str> = codes.into_iter().collect();
    format!(
        "{}  {}\n  before {}\n  after  {}",
        entry.path,
        codes.join(" "),
        content(&entry.before),
        content(&entry.after)
    )
}
