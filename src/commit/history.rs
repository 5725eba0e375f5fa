//! What was done to a home, from the state folder.
//!
//! It only looks and takes no lock. A damaged transaction is listed as damaged; it never hides the
//! others.

use super::disk::Disk;
use super::error::Error;
use super::guard::Guard;
use super::manifest::{Image, Manifest};
use super::state::State;
use crate::change::{Code, RelPath};
use crate::digest::Digest;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// How a transaction stands today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// In force.
    Applied,
    /// Taken back by a later transaction.
    Undone { by: String },
    /// Taken back after a failure, except for files that somebody else had changed.
    Interrupted { kept: Vec<RelPath> },
    /// At work right now, or left by a crash.
    Unfinished,
    /// Not readable; a clause says why.
    Damaged(String),
}

/// A transaction of the past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    pub id: String,
    pub standing: Standing,
    /// Its contents are gone for good, its record is here.
    pub forgotten: bool,
    /// Nothing when it is damaged.
    pub manifest: Option<Manifest>,
    /// How far keeping it has come, when it was applied under a guard.
    pub guard: Option<Guard>,
}

/// A transaction with the contents it replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    pub standing: Standing,
    pub manifest: Manifest,
    /// Nothing when they are forgotten.
    pub files: Option<Vec<Images>>,
}

/// One file of a transaction, before and after; nothing means that it was not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Images {
    pub file: RelPath,
    pub before: Option<Vec<u8>>,
    pub after: Option<Vec<u8>>,
}

/// What the newest transaction left of a file, and which guidelines are in force in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub id: String,
    /// Nothing when it removed the file.
    pub digest: Option<Digest>,
    /// The guidelines that had a share in the file and were not taken back, sorted.
    pub codes: Vec<Code>,
}

/// Lists every transaction, the oldest first.
pub fn history(disk: &dyn Disk, state: &Path) -> Result<Vec<Past>, Error> {
    State::open(disk, state)?.map_or_else(|| Ok(Vec::new()), |state| all(&state))
}

/// How far the history of a home has come, as somebody saw it who works out a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark(Option<String>);

/// Tells how far the history has come: its newest transaction that has ended.
///
/// # Errors
/// The state folder cannot be read.
pub fn mark(disk: &dyn Disk, state: &Path) -> Result<Mark, Error> {
    State::open(disk, state)?.map_or(Ok(Mark(None)), |state| Mark::of(&state))
}

impl Mark {
    pub(super) fn of(state: &State) -> Result<Self, Error> {
        let ended = |past: &Past| !matches!(past.standing, Standing::Unfinished);
        Ok(Self(all(state)?.into_iter().rfind(ended).map(|past| past.id)))
    }
}

/// Reads one transaction with its contents.
///
/// # Errors
/// [`Error::Unknown`] and [`Error::Damaged`].
pub fn show(disk: &dyn Disk, state: &Path, id: &str) -> Result<Shown, Error> {
    let unknown = || Error::Unknown(id.to_owned());
    let state = State::open(disk, state)?.ok_or_else(unknown)?;
    let past = all(&state)?.into_iter().find(|past| past.id == id).ok_or_else(unknown)?;
    let Some(manifest) = past.manifest else {
        let why = match past.standing {
            Standing::Damaged(why) => why,
            _ => "its manifest is missing".into(),
        };
        return Err(Error::Damaged { id: id.to_owned(), why });
    };
    let read = |image: &Option<Image>| {
        image.as_ref().map(|image| state.image(id, image.digest)).transpose()
    };
    if past.forgotten {
        return Ok(Shown { standing: past.standing, manifest, files: None });
    }
    let mut files = Vec::with_capacity(manifest.files.len());
    for entry in &manifest.files {
        let (before, after) = (read(&entry.before)?, read(&entry.after)?);
        files.push(Images { file: entry.path.clone(), before, after });
    }
    Ok(Shown { standing: past.standing, manifest, files: Some(files) })
}

/// Tells for every file what the newest transaction that touched it left there.
pub fn last_known(past: &[Past]) -> BTreeMap<RelPath, Known> {
    let mut known: BTreeMap<RelPath, Known> = BTreeMap::new();
    for past in past.iter().filter(|past| past.standing.counts()) {
        let Some(manifest) = &past.manifest else {
            continue;
        };
        let in_force = past.standing == Standing::Applied;
        for entry in &manifest.files {
            let digest = entry.after.as_ref().map(|image| image.digest);
            let earlier = known.remove(&entry.path).map(|known| known.codes);
            let mut codes: BTreeSet<Code> = earlier.into_iter().flatten().collect();
            match &manifest.meta.of {
                None if in_force => codes.extend(entry.steps.iter().map(|step| step.code.clone())),
                Some(_) if in_force => codes.retain(|code| !manifest.meta.only.contains(code)),
                _ => {}
            }
            let codes = codes.into_iter().collect();
            known.insert(entry.path.clone(), Known { id: past.id.clone(), digest, codes });
        }
    }
    known
}

/// Lists every transaction of a state folder, the oldest first, damaged ones ahead.
pub(super) fn all(state: &State) -> Result<Vec<Past>, Error> {
    let mut all: Vec<Past> = state.ids()?.0.into_iter().map(|id| read(state, id)).collect();
    all.sort_by_key(|past| past.manifest.as_ref().map(|manifest| manifest.seq));
    // From the newest on, since what is undone itself undoes nothing.
    let mut undoing: Vec<(String, String)> = Vec::new();
    for past in all.iter_mut().rev().filter(|past| past.standing == Standing::Applied) {
        if let Some((_, by)) = undoing.iter().find(|(of, _)| *of == past.id) {
            past.standing = Standing::Undone { by: by.clone() };
        } else if let Some(manifest) = &past.manifest
            && let Some(of) = manifest.meta.of.as_deref().filter(|of| manifest.undoes(of))
        {
            undoing.push((of.to_owned(), past.id.clone()));
        }
    }
    Ok(all)
}

/// Lists the guidelines of a transaction but for those that were taken back alone.
pub(super) fn in_force<'p>(past: &'p [Past], id: &str) -> impl Iterator<Item = &'p Code> {
    let found = past.iter().find(|past| past.id == id).and_then(|past| past.manifest.as_ref());
    let alone: Vec<&Code> = past
        .iter()
        .filter(|past| past.standing == Standing::Applied)
        .filter_map(|past| past.manifest.as_ref())
        .filter(|later| later.meta.of.as_deref() == Some(id))
        .flat_map(|later| &later.meta.only)
        .collect();
    let codes = found.into_iter().flat_map(|manifest| &manifest.codes);
    codes.filter(move |code| !alone.contains(code))
}

impl Standing {
    /// Tells whether the files were left as the transaction wanted them.
    fn counts(&self) -> bool {
        matches!(self, Self::Applied | Self::Undone { .. })
    }
}

fn read(state: &State, id: String) -> Past {
    let (manifest, progress) = match (state.manifest(&id), state.progress(&id)) {
        (Ok(manifest), Ok(progress)) => (manifest, progress),
        (Err(error), _) | (_, Err(error)) => {
            let why = match error {
                Error::Damaged { why, .. } => why,
                other => other.to_string(),
            };
            let standing = Standing::Damaged(why);
            return Past { id, standing, forgotten: false, manifest: None, guard: None };
        }
    };
    let standing = if progress.restored {
        Standing::Interrupted { kept: progress.kept }
    } else if progress.committed && progress.done {
        Standing::Applied
    } else {
        Standing::Unfinished
    };
    let (forgotten, guard) = (progress.forgotten, progress.guard);
    Past { id, standing, forgotten, manifest: Some(manifest), guard }
}
