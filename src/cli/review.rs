//! Change reviews: a plan as a page or a patch, and saved to a file. Nothing here writes to a home.

use super::Common;
use super::apply::{self, Arguments as Apply};
use super::choose::{Candidate, Left};
use super::failure::Failure;
use super::page;
use super::screen::{self, Screen};
use super::work::{self, Work};
use crate::change::{FileChange, Plan, RelPath};
use crate::commit::{self, Linux};
use crate::digest::Digest;
use crate::home::Home;
use crate::plan::fold::Choice;
use crate::report::ticket;
use crate::review::{self, Author, Chosen, Head, Review, Saved};
use crate::secret::{self, Secret};
use clap::{Args, ValueEnum};
use std::collections::BTreeMap;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

#[derive(Debug, Clone, Default, Args)]
#[group(skip)]
pub struct Arguments {
    /// The form in which --dry-run shows the changes [default: text]
    #[arg(long, value_enum, requires = "dry_run", conflicts_with = "plan")]
    pub format: Option<Form>,
    /// Write what --dry-run shows to a file
    #[arg(long, value_name = "FILE", requires = "dry_run", conflicts_with = "plan")]
    pub output: Option<PathBuf>,
    /// Save the plan for a review; nothing is written to the home
    #[arg(long, value_name = "FILE", conflicts_with_all = ["yes", "plan"])]
    pub save_plan: Option<PathBuf>,
    /// Apply a saved plan, byte for byte, without asking [home: the plan's own]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["yes", "accept", "only", "skip", "set", "settings"])]
    pub plan: Option<PathBuf>,
    /// A file with the password that seals a plan
    #[arg(long, value_name = "FILE")]
    pub seal_with: Option<PathBuf>,
}

/// The form of a dry run
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// The differences, coloured at a terminal
    Text,
    /// A page for a change ticket
    Markdown,
    /// The differences alone, for patch -p1
    Patch,
}

/// What a run is about to do.
#[derive(Debug, Clone, Copy)]
pub struct Proposal<'a> {
    pub work: &'a Work,
    pub home: &'a Home,
    pub plan: &'a Plan,
    pub picked: &'a [Candidate<'a>],
    pub left: &'a [Left],
}

impl Arguments {
    /// Refuses combinations that the grammar cannot tell.
    pub fn check(&self, common: &Common) -> Result<(), Failure> {
        let wrong = |what: &str, hint: &str| Err(Failure::usage(what, hint));
        if common.home.len() > 1 && (self.save_plan.is_some() || self.output.is_some()) {
            return wrong(
                "one file cannot take the changes of several homes",
                "Run it for each --home, with a file for each.",
            );
        }
        if self.seal_with.is_some() && self.plan.is_none() && self.save_plan.is_none() {
            return wrong("--seal-with says nothing here", "Use it with --save-plan or --plan.");
        }
        let choosing =
            [&common.only, &common.skip, &common.set].iter().any(|list| !list.is_empty())
                || common.settings.is_some();
        if self.plan.is_some() && choosing {
            return wrong(
                "a saved plan is applied as it is, so nothing can be chosen or set",
                "Leave --only, --skip, --set and --settings out.",
            );
        }
        Ok(())
    }
}

/// Shows what a run is about to do, in the form that was asked for.
pub fn show(
    arguments: &Apply,
    common: &Common,
    screen: &Screen,
    proposal: &Proposal,
) -> Result<(), Failure> {
    let Arguments { format, output, .. } = &arguments.review;
    let form = format.unwrap_or(Form::Text);
    if form == Form::Text && output.is_none() {
        screen.plan(proposal.plan, arguments.show_secrets);
        return Ok(());
    }
    let bytes = match form {
        Form::Markdown => ticket::page(&page::of(arguments, common, proposal)).into_bytes(),
        Form::Text | Form::Patch => patch(arguments, screen, proposal.plan),
    };
    match output {
        None => screen.bytes(&bytes),
        Some(path) if arguments.show_secrets => screen::write_private(path, &bytes)?,
        Some(path) => screen::write_bytes(path, &bytes)?,
    }
    Ok(())
}

/// The differences as one patch. What is masked, and what a patch cannot carry, is said in it and
/// on the screen.
fn patch(arguments: &Apply, screen: &Screen, plan: &Plan) -> Vec<u8> {
    let (binary, text): (Vec<_>, Vec<_>) = plan
        .files
        .iter()
        .partition(|change| change.listings.is_some() || change.after.contains(&0));
    let diff: Vec<u8> = text.iter().flat_map(|change| change.unified(3)).collect();
    let (shown, masked) = screen.masked(&diff, arguments.show_secrets);
    let mut told = Vec::new();
    if masked > 0 {
        told.push(screen::masking(masked));
    }
    for change in binary {
        told.push(format!("{} is not text, and a patch cannot carry its change.", change.file));
    }
    let mut out = Vec::new();
    for line in told {
        out.extend_from_slice(format!("# {line}\n").as_bytes());
        screen.note(&line);
    }
    out.extend_from_slice(&shown);
    out
}

/// Saves a plan to a file, after proving that the file gives the same plan again.
pub fn save(
    path: &Path,
    arguments: &Apply,
    common: &Common,
    screen: &Screen,
    proposal: &Proposal,
) -> Result<(), Failure> {
    let Proposal { work, home, plan, picked, .. } = *proposal;
    if commit::unfinished(&Linux, &home.root, &work::state_dir(common, home))?.is_some() {
        let what = format!("{}: a transaction is unfinished", home.root.display());
        return Err(Failure::Other(what, "Run `harden recover`, then plan again.".into()));
    }
    let choices: Vec<Choice> = picked.iter().flat_map(Candidate::choices).collect();
    let mut chosen: Vec<Chosen> = choices
        .iter()
        .map(|choice| Chosen {
            code: choice.patch.code.clone(),
            instance: choice.instance.name.clone(),
            partly: choice.take.places.is_some() || !choice.take.edits.is_empty(),
        })
        .collect();
    // A waiver is a line of the plan whose guideline goes on deviating.
    for step in &plan.steps {
        if !chosen.iter().any(|one| one.code == step.code && one.instance == step.instance) {
            let (code, instance) = (step.code.clone(), step.instance.clone());
            chosen.push(Chosen { code, instance, partly: true });
        }
    }
    let who = work::who();
    let head = Head {
        harden: env!("CARGO_PKG_VERSION").into(),
        catalogue: work.catalogue.version(),
        created: now(),
        by: Author { user: who.user, host: work::host(), sudo_user: who.sudo_user },
        note: arguments.note.clone(),
        home: home.root.display().to_string(),
        product: home.product.clone(),
        version: home.version.as_ref().map(ToString::to_string),
        instances: home.instances.iter().map(|instance| instance.name.clone()).collect(),
        settings: readable(apply::settings_of(&choices)),
        chosen,
        modes: modes(home, plan.files.iter().map(|change| &change.file)),
    };
    let secrets = work.secrets().into_iter().chain(picked.iter().flat_map(Candidate::secrets));
    let told: Vec<Vec<u8>> = secrets.map(String::into_bytes).collect();
    let password = password(arguments.review.seal_with.as_deref())?;
    let text = review::save(head, plan, &told, password.as_ref())?;
    let contents: BTreeMap<RelPath, Option<Vec<u8>>> =
        plan.files.iter().map(|change| (change.file.clone(), change.before.clone())).collect();
    let again = Review::open(Saved::parse(text.as_bytes())?, password.as_ref())?
        .plan(&contents, env!("CARGO_PKG_VERSION"))?;
    let same = |(one, other): (&FileChange, &FileChange)| one.after == other.after;
    if !again.files.iter().zip(&plan.files).all(same) {
        let hint = "Apply the changes directly, and report this.";
        return Err(Failure::Other("the saved plan gives other bytes".into(), hint.into()));
    }
    screen::write_bytes(path, text.as_bytes())?;
    screen.note(&format!(
        "Saved to {} (SHA-256 {}). Nothing was written to the home; `harden apply --plan` applies it.",
        path.display(),
        Digest::of(text.as_bytes())
    ));
    Ok(())
}

/// Settings without those that hold a secret, such as the password of a URL.
fn readable(mut settings: BTreeMap<String, String>) -> BTreeMap<String, String> {
    settings.retain(|name, value| secret::mask_value(name, value) == *value);
    settings
}

/// Permission bits of files that are there.
pub fn modes<'f>(home: &Home, files: impl Iterator<Item = &'f RelPath>) -> BTreeMap<RelPath, u32> {
    let mode = |file: &RelPath| {
        let meta = std::fs::metadata(home.root.join(file.as_str())).ok()?;
        Some((file.clone(), meta.permissions().mode() & 0o7777))
    };
    files.filter_map(mode).collect()
}

/// Reads the password; the end of its line does not belong to it.
pub fn password(path: Option<&Path>) -> Result<Option<Secret>, Failure> {
    let Some(path) = path else {
        return Ok(None);
    };
    let mut bytes = read(path, 64 << 10)?;
    if bytes.ends_with(b"\n") {
        bytes.pop();
        if bytes.ends_with(b"\r") {
            bytes.pop();
        }
    }
    if bytes.is_empty() {
        let what = format!("{}: there is no password in it", path.display());
        return Err(Failure::usage(what, "Name a file that holds one with --seal-with."));
    }
    Ok(Some(Secret::new(bytes)))
}

/// Reads a file, or a pipe, up to a size.
pub fn read(path: &Path, most: usize) -> Result<Vec<u8>, Failure> {
    let unreadable = || Failure::io(path.display().to_string());
    let file = std::fs::File::open(path).map_err(unreadable())?;
    let mut bytes = Vec::new();
    file.take(most as u64 + 1).read_to_end(&mut bytes).map_err(unreadable())?;
    if bytes.len() > most {
        let what = format!("{}: it is larger than {most} bytes", path.display());
        return Err(Failure::usage(what, "Name another file."));
    }
    Ok(bytes)
}

fn now() -> String {
    let now = OffsetDateTime::now_utc();
    let second = now.replace_nanosecond(0).unwrap_or(now);
    second.format(&Rfc3339).unwrap_or_default()
}
