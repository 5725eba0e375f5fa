//! What can go wrong with a transaction, in sentences: what, where, why, and what to do next.
//!
//! Nothing is decided here; [`Error::class`] is what an exit code follows from.

use super::merge::Clash;
use crate::change::RelPath;
use std::io;
use std::path::{Path, PathBuf};

/// What an error means for the home.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The home is not what the plan or the rollback counts on; nothing was written (exit 3).
    Conflict,
    /// The work was refused or failed; the message tells how the home is (exit 1).
    Failed,
}

/// A file in which a rollback and a later change meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clashes {
    pub file: RelPath,
    pub at: Vec<Clash>,
}

/// Why a transaction did not take place, or not cleanly.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{file} is not as the plan saw it")]
    Stale { file: RelPath },

    #[error("{file} was changed by another program at the moment of writing")]
    Concurrent { file: RelPath },

    #[error("{}", sides(.0))]
    Clash(Vec<Clashes>),

    #[error("another harden is at work here: {}", .owner.trim())]
    Busy { owner: String },

    #[error("another run of harden ended in this home while this one was looking at it")]
    Meanwhile,

    #[error("{what}: {why}")]
    Refused { what: String, why: String, hint: String },

    #[error("could not {doing} {}: {source}", .path.display())]
    Disk { doing: &'static str, path: PathBuf, source: io::Error },

    #[error("what was written to {} reads back differently", .path.display())]
    Misread { path: PathBuf },

    #[error("the home does not hold what was applied: {0}")]
    Unverified(String),

    #[error("transaction {id} cannot be read: {why}")]
    Damaged { id: String, why: String },

    #[error("there is no transaction {0}")]
    Unknown(String),

    #[error("there is nothing to roll back")]
    Nothing,

    #[error("transaction {id} is undone already, by {by}")]
    Undone { id: String, by: String },

    #[error("the contents of transaction {id} are forgotten, so it cannot be taken back")]
    Forgotten { id: String },

    /// The transaction failed and everything is back.
    #[error("{cause}; nothing is changed, the home is as before{}", kept_clause(.kept))]
    Restored {
        #[source]
        cause: Box<Error>,
        /// Files that somebody else changed meanwhile and that stay as they are.
        kept: Vec<RelPath>,
    },

    /// The transaction failed and something is not back yet; the way back is on disk.
    #[error("{cause}; the way back of transaction {id} is kept, but it could not be walked: {why}")]
    Unrestored {
        #[source]
        cause: Box<Error>,
        id: String,
        why: String,
    },

    /// The change is in place; only cleaning up behind it failed.
    #[error("transaction {id} is in place, but cleaning up behind it failed: {why}")]
    Unclean { id: String, why: String },

    /// A removal was begun and not ended.
    #[error("transaction {id} was to go, but not all of it is removed: {why}")]
    Unremoved { id: String, why: String },

    #[error("transaction {id} cannot be put back yet: {}", .stuck.join("; "))]
    Stuck { id: String, stuck: Vec<String> },
}

impl Error {
    pub fn class(&self) -> Class {
        match self {
            Self::Stale { .. } | Self::Concurrent { .. } | Self::Clash(_) | Self::Meanwhile => {
                Class::Conflict
            }
            Self::Restored { cause, .. } => cause.class(),
            _ => Class::Failed,
        }
    }

    /// What to do next, a sentence.
    pub fn hint(&self) -> String {
        match self {
            Self::Stale { .. } => "Look at the change, then plan again.".into(),
            Self::Concurrent { .. } => {
                "Close editors and configuration tools that use the home, then plan again.".into()
            }
            Self::Clash(_) => {
                "Decide by hand which side stays, or take the later change back first.".into()
            }
            Self::Busy { .. } => "Wait until it has ended.".into(),
            Self::Meanwhile => {
                "Nothing was written. Run it again, to see what is left to do.".into()
            }
            Self::Refused { hint, .. } => hint.clone(),
            Self::Disk { source, .. } => disk_hint(source).into(),
            Self::Misread { .. } => "Check the disk and its log before trying again.".into(),
            Self::Unverified(_) => "This is a fault of a patch; report it with the plan.".into(),
            Self::Damaged { id, .. } => {
                format!("Restore tx/{id} of the state folder from a backup, or move it away.")
            }
            Self::Unknown(_) => "`harden log` lists them.".into(),
            Self::Nothing => "`harden log` shows what was applied and undone.".into(),
            Self::Undone { by, .. } => format!("Roll back {by} to have it again."),
            Self::Forgotten { id } => {
                format!("`harden show {id}` tells what it changed. Edit the files by hand.")
            }
            Self::Restored { cause, .. } => cause.hint(),
            Self::Unrestored { .. }
            | Self::Unclean { .. }
            | Self::Unremoved { .. }
            | Self::Stuck { .. } => "Remove the cause, then run `harden recover`.".into(),
        }
    }
}

/// Names what was being done to which path when the disk failed.
pub(super) fn on(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::Disk { doing, path: path.to_owned(), source }
}

fn disk_hint(error: &io::Error) -> &'static str {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::StorageFull | Kind::QuotaExceeded => "Make room on the disk, then try again.",
        Kind::PermissionDenied => "Run as the owner of the home, or as root.",
        Kind::ReadOnlyFilesystem => "Mount the file system writable, then try again.",
        Kind::NotFound => "Check that nothing else moves files of the home, then try again.",
        _ => "Check the disk and its log, then try again.",
    }
}

fn kept_clause(kept: &[RelPath]) -> String {
    if kept.is_empty() {
        return String::new();
    }
    let names: Vec<&str> = kept.iter().map(RelPath::as_str).collect();
    format!(
        ", except for what somebody else changed meanwhile and what stays: {}",
        names.join(", ")
    )
}

fn sides(clashes: &[Clashes]) -> String {
    let mut text = String::from("a later change and the rollback meet in the same lines");
    for Clashes { file, at } in clashes {
        for Clash { ours, theirs } in at {
            text.push_str(&format!("\n{file}:{}: as it is now\n", ours.line));
            show(&mut text, &ours.text);
            text.push_str(&format!("{file}:{}: as the rollback wants it\n", theirs.line));
            show(&mut text, &theirs.text);
        }
    }
    text.truncate(text.trim_end().len());
    text
}

/// Shows at most twenty lines of a side; binary content by its size.
fn show(out: &mut String, text: &[u8]) {
    const MOST: usize = 20;
    if text.contains(&0) {
        out.push_str(&format!("    ({} bytes)\n", text.len()));
        return;
    }
    let text = String::from_utf8_lossy(text);
    if text.is_empty() {
        out.push_str("    (nothing)\n");
    }
    for line in text.lines().take(MOST) {
        out.push_str(&format!("    {line}\n"));
    }
    let more = text.lines().count().saturating_sub(MOST);
    if more > 0 {
        out.push_str(&format!("    ({more} more lines)\n"));
    }
}
