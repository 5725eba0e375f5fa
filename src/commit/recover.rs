//! Finishes what a crash or a failure left: forward when it was committed, else back.
//!
//! It may be interrupted and run again at any point. A file that somebody else changed meanwhile is
//! never overwritten; it is named and stays, and its images stay with it.

use super::disk::Disk;
use super::error::{Error, on};
use super::journal::{self, Progress, Record};
use super::manifest::{Entry, Image, Manifest};
use super::state::State;
use super::swap::{self, Swapped, clear};
use super::target::{Side, Sight, Target, folder, returning, staged};
use super::{forget, roots};
use crate::change::RelPath;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What recovery did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Transactions that were committed and are now cleaned up behind.
    pub finished: Vec<String>,
    /// Transactions that were taken back.
    pub restored: Vec<String>,
    /// Transactions whose contents were being forgotten, and now are.
    pub forgotten: Vec<String>,
    /// Files that somebody else changed meanwhile and that stay as they are.
    pub kept: Vec<RelPath>,
}

impl Recovered {
    /// Tells whether there was nothing to do.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Recovers a home; does nothing when all is well.
///
/// # Errors
/// [`Error::Stuck`] names every file that could not be put back; what is needed stays on disk.
pub fn recover(disk: &dyn Disk, home: &Path, state: &Path) -> Result<Recovered, Error> {
    let (home, root) = roots(disk, home, state)?;
    let Some(state) = State::open(disk, &root)? else {
        return Ok(Recovered::default());
    };
    if !litter(&state)? {
        return Ok(Recovered::default());
    }
    let _lock = state.lock("recover", "")?;
    all(&home, &state)
}

/// Names a transaction that is neither done nor taken back; only looks.
pub fn unfinished(disk: &dyn Disk, home: &Path, state: &Path) -> Result<Option<String>, Error> {
    let (_, root) = roots(disk, home, state)?;
    let Some(state) = State::open(disk, &root)? else {
        return Ok(None);
    };
    open_one(&state)
}

/// Names an unfinished transaction of a state folder.
pub(super) fn open_one(state: &State) -> Result<Option<String>, Error> {
    for id in state.ids()?.0 {
        if !state.progress(&id)?.closed() {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

/// Recovers every unfinished transaction; the caller holds the lock.
pub(super) fn all(home: &Path, state: &State) -> Result<Recovered, Error> {
    let mut done = Recovered::default();
    let (ids, rest) = state.ids()?;
    for path in rest {
        state.scrap(&path)?;
    }
    for id in ids {
        let progress = state.progress(&id)?;
        if progress.closed() {
            if progress.forgotten && forget::half(state, &id)? {
                forget::strip(state, &id)?;
                done.forgotten.push(id);
            }
            continue;
        }
        let manifest = state.manifest(&id)?;
        same_home(home, state, &manifest)?;
        if progress.committed {
            finish(home, state, &manifest)?;
            done.finished.push(id);
        } else {
            done.kept.extend(back(home, state, &manifest, &progress)?);
            done.restored.push(id);
        }
    }
    Ok(done)
}

/// Refuses a transaction of another home; one that travelled inside its home is fine.
pub(super) fn same_home(home: &Path, state: &State, manifest: &Manifest) -> Result<(), Error> {
    if state.root.starts_with(home) || Path::new(&manifest.home) == home {
        return Ok(());
    }
    Err(Error::Refused {
        what: format!("the state folder {}", state.root.display()),
        why: format!("belongs to the home {}", manifest.home),
        hint: "Give every home a state folder of its own.".into(),
    })
}

/// Removes what waits beside the targets of a committed transaction, and closes it.
pub(super) fn finish(home: &Path, state: &State, manifest: &Manifest) -> Result<(), Error> {
    let disk = state.disk;
    let mut paths = Vec::new();
    for entry in &manifest.files {
        let path = home.join(entry.resolved.as_str());
        clear(disk, &staged(&path, &manifest.id))?;
        clear(disk, &returning(&path, &manifest.id))?;
        if state.exists(folder(&path))? {
            paths.push(path);
        }
    }
    swap::sync_folders(disk, paths.iter().map(PathBuf::as_path))?;
    journal::append(disk, &state.dir(&manifest.id), &manifest.id, &Record::Done)
}

/// Takes an uncommitted transaction back, and tells which files stay because they are not ours.
///
/// # Errors
/// [`Error::Stuck`], after all other files are back.
pub(super) fn back(
    home: &Path,
    state: &State,
    manifest: &Manifest,
    progress: &Progress,
) -> Result<Vec<RelPath>, Error> {
    let (disk, id) = (state.disk, manifest.id.as_str());
    let mut kept = Vec::new();
    let mut stuck = Vec::new();
    let mut paths = Vec::new();
    for entry in &manifest.files {
        match (Back { state, id, entry, progress }).walk(home, &mut paths) {
            Ok(true) => {}
            Ok(false) => kept.push(entry.path.clone()),
            Err(error) => stuck.push(format!("{}: {error}", entry.path)),
        }
    }
    if !stuck.is_empty() {
        return Err(Error::Stuck { id: id.to_owned(), stuck });
    }
    swap::sync_folders(disk, paths.iter().map(PathBuf::as_path))?;
    if kept.is_empty() || !progress.committing {
        state.remove(id)?;
        return Ok(Vec::new());
    }
    for file in &kept {
        journal::append(disk, &state.dir(id), id, &Record::Kept(file.clone()))?;
    }
    journal::append(disk, &state.dir(id), id, &Record::Restored)?;
    Ok(kept)
}

/// Removes a transaction that never came as far as staging.
pub(super) fn discard(state: &State, id: &str) -> Result<(), Error> {
    if state.exists(&state.dir(id))? { state.remove(id) } else { state.scrap(&state.building(id)) }
}

fn litter(state: &State) -> Result<bool, Error> {
    let (ids, rest) = state.ids()?;
    for id in ids {
        let progress = state.progress(&id)?;
        if !progress.closed() || (progress.forgotten && forget::half(state, &id)?) {
            return Ok(true);
        }
    }
    Ok(!rest.is_empty())
}

/// The way back of one file.
struct Back<'a> {
    state: &'a State<'a>,
    id: &'a str,
    entry: &'a Entry,
    progress: &'a Progress,
}

impl Back<'_> {
    /// Gives the file its image from before; false when it is somebody else's by now.
    fn walk(&self, home: &Path, paths: &mut Vec<PathBuf>) -> Result<bool, Error> {
        let disk = self.state.disk;
        let target = match Target::find(disk, home, &self.entry.resolved) {
            Err(Error::Disk { source, .. }) if source.kind() == ErrorKind::NotFound => {
                return Ok(false);
            }
            Err(Error::Refused { .. }) => return Ok(false),
            found => found?,
        };
        if target.resolved != self.entry.resolved {
            return Ok(false);
        }
        let path = &target.path;
        let (waiting, spare) = (staged(path, self.id), returning(path, self.id));
        paths.push(path.clone());
        clear(disk, &spare)?;
        let ours = match target.sight.side(self.entry) {
            Side::Before if self.half(&target.sight) => self.refill(path)?,
            Side::Before => true,
            Side::After => self.reverse(&target, &waiting, &spare)?,
            Side::Foreign if self.torn(&target.sight)? => self.refill(path)?,
            Side::Foreign => false,
        };
        clear(disk, &waiting)?;
        clear(disk, &spare)?;
        Ok(ours)
    }

    /// Takes the new content away again.
    fn reverse(&self, target: &Target, waiting: &Path, spare: &Path) -> Result<bool, Error> {
        let disk = self.state.disk;
        let Some(before) = &self.entry.before else {
            clear(disk, waiting)?;
            let swapped = swap::swap(disk, waiting, &target.path, &target.sight, true)?;
            return Ok(swapped == Swapped::Done);
        };
        let old = Sight::of(disk, waiting)?;
        // The file that was replaced is better than its image: it is the same inode. Somebody's
        // file that was exchanged unseen goes back as well.
        let (source, ours) = match (&old, old.side(self.entry)) {
            (Sight::File(_), Side::Before) => (waiting, true),
            (Sight::File(_), Side::Foreign) if self.progress.committing => (waiting, false),
            _ => {
                let bytes = self.state.image(self.id, before.digest)?;
                swap::stage(disk, spare, &bytes, &before.attrs)?;
                (spare, true)
            }
        };
        match swap::swap(disk, source, &target.path, &target.sight, false)? {
            Swapped::Done => Ok(ours),
            Swapped::Changed => Ok(false),
            Swapped::Pinned => self.refill(&target.path),
        }
    }

    /// Tells whether a file that is written in place lacks some of its attributes yet.
    fn half(&self, sight: &Sight) -> bool {
        self.progress.in_place.contains(&self.entry.resolved)
            && sight.file().map(|look| look.image()) != self.entry.before
    }

    /// Tells whether a file is the rest of a write in place that was cut short.
    fn torn(&self, sight: &Sight) -> Result<bool, Error> {
        let (Some(look), true) =
            (sight.file(), self.progress.in_place.contains(&self.entry.resolved))
        else {
            return Ok(false);
        };
        for Image { digest, .. } in [&self.entry.before, &self.entry.after].into_iter().flatten() {
            if is_rest(&look.bytes, &self.state.image(self.id, *digest)?) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Writes the image from before in place.
    fn refill(&self, path: &Path) -> Result<bool, Error> {
        let Some(before) = &self.entry.before else {
            return Ok(false);
        };
        let bytes = self.state.image(self.id, before.digest)?;
        swap::overwrite(self.state.disk, path, &bytes, &before.attrs)?;
        let now = Sight::of(self.state.disk, path)?;
        if now.file().is_some_and(|look| look.bytes == bytes) {
            return Ok(true);
        }
        let differs = std::io::Error::other("it reads back differently");
        Err(on("put back", path)(differs))
    }
}

/// Tells whether bytes are what a crash leaves of an image: its beginning, and behind it at most the
/// zeros of blocks that a file system had given the file but not yet filled.
fn is_rest(bytes: &[u8], image: &[u8]) -> bool {
    let written = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
    bytes.len() <= image.len() && image.starts_with(&bytes[..written])
}
