//! Writes files of a home as one transaction, takes transactions back, and recovers from crashes.
//!
//! The promise: after any call, and after any crash followed by [`recover()`], every file of a
//! transaction is as before or every file is as wanted, bytes and attributes, and nothing is left
//! beside them. It is the only writer of the project. It knows no file format and no guideline
//! beyond its code, starts no process, and refuses rather than guesses: a file that somebody else
//! changed is never overwritten.
//!
//! ```text
//! <home>/.harden/               0700, files 0600: images hold passwords as they were
//!     lock                      who is at work
//!     watcher, worker           who waits for a guard, who takes a change back
//!     tx/ID.tmp/                being built up or torn down; means nothing
//!     tx/ID/manifest.json       what, who, when, why; contents by digest
//!     tx/ID/blobs/DIGEST        every image, also that of each guideline's step
//!     tx/ID/journal             how far it came: prepared, committing, committed, done, forgotten;
//!                               and its guard
//!     tx/ID/void                a commit whose record may be on disk was called off
//! ```
//!
//! The protocol, each step on disk before the next: images, manifest and journal under `ID.tmp`,
//! renamed to `ID`; all new files complete beside their targets and read back; *committing*; the
//! names exchanged one by one, each time checking what came out; everything read again and the
//! caller asked; *committed*; what is left beside the targets removed; *done*. Until *committed*,
//! recovery goes back, afterwards forward.

pub mod disk;
pub mod error;
pub mod forget;
pub mod guard;
pub mod history;
mod journal;
pub mod manifest;
mod needed;
pub mod password;
mod preflight;
pub mod prune;
pub mod recover;
pub mod rollback;
pub mod secrets;
pub mod single;
mod state;
mod swap;
mod target;
pub mod write;

#[cfg(test)]
mod faults;
#[cfg(test)]
mod guarded;
#[cfg(test)]
mod memory;
#[cfg(test)]
mod model;
#[cfg(test)]
mod stories;
#[cfg(test)]
mod trial;

pub use disk::{Disk, Linux};
pub use error::{Class, Error};
pub use forget::{Forgetting, forget, forgetting};
pub use guard::{Arm, Due, Guard, Guarded, Moment, Phase, Terms};
pub use history::{Known, Mark, Past, Shown, Standing, history, last_known, mark, show};
pub use manifest::{Attrs, Manifest, Meta, Release, Who};
pub use prune::{Pruning, Rule, prune, pruning};
pub use recover::{Recovered, recover, unfinished};
pub use rollback::{Reverse, reverse};
pub use secrets::secretive;
pub use state::NAME;
pub use write::{Applied, apply, apply_guarded};

use crate::change::{Code, FileChange, Plan, RelPath};
use crate::diff::merge;
use std::path::{Path, PathBuf};

/// What is to become of one file, byte for byte; no content means that the file is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub file: RelPath,
    pub before: Option<Vec<u8>>,
    pub after: Option<Vec<u8>>,
    /// Nothing keeps what the file has, but for its time.
    pub attrs: Option<Attrs>,
    /// Each guideline's share, in the order in which they were folded.
    pub shares: Vec<Share>,
}

/// The content of a file once one guideline has had its share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    pub code: Code,
    /// The configured server it was for.
    pub instance: String,
    pub after: Option<Vec<u8>>,
}

impl Change {
    /// Describes new content for a file that is there.
    pub fn edit(file: RelPath, before: Vec<u8>, after: Vec<u8>) -> Self {
        Self { file, before: Some(before), after: Some(after), attrs: None, shares: Vec::new() }
    }

    /// Tells whether it changes anything.
    pub fn matters(&self) -> bool {
        self.before != self.after || (self.attrs.is_some() && self.after.is_some())
    }
}

/// What a plan writes, in the terms of a transaction.
pub fn changes(plan: &Plan) -> Vec<Change> {
    let change = |file: &FileChange| Change {
        file: file.file.clone(),
        before: file.before.clone(),
        after: Some(file.after.clone()),
        attrs: None,
        shares: plan
            .steps
            .iter()
            .filter(|step| step.file == file.file)
            .map(|step| Share {
                code: step.code.clone(),
                instance: step.instance.clone(),
                after: Some(step.after.clone()),
            })
            .collect(),
    };
    plan.files.iter().map(change).collect()
}

/// The home and the state folder without links on the way to them, as far as there is one.
fn roots(disk: &dyn Disk, home: &Path, state: &Path) -> Result<(PathBuf, PathBuf), Error> {
    let home = disk.resolve(home).map_err(error::on("find the home", home))?;
    let refused = |why: &str| Error::Refused {
        what: format!("the state folder {}", state.display()),
        why: why.into(),
        hint: "Name a folder with --state-dir.".into(),
    };
    // The last part stays as it is named: a state folder that is a link is refused.
    let (Some(mut above), Some(name)) = (state.parent(), state.file_name()) else {
        return Err(refused("has no name of its own"));
    };
    let mut missing = vec![name];
    loop {
        let here = if above.as_os_str().is_empty() { Path::new(".") } else { above };
        match disk.resolve(here) {
            Ok(found) => {
                let root = missing.iter().rev().fold(found, |path, name| path.join(name));
                return Ok((home, root));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error::on("find the state folder in", here)(error)),
        }
        if state::exists(disk, here)? {
            return Err(refused("lies behind a link that leads nowhere"));
        }
        let (Some(parent), Some(name)) = (here.parent(), here.file_name()) else {
            return Err(refused("lies below a folder that is not there"));
        };
        missing.push(name);
        above = parent;
    }
}
