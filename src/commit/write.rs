//! Writes the files of one transaction, all of them or none.
//!
//! Whatever fails on the way, the home is put back in the same call, and the error says so. Nothing
//! is replaced before every new file is complete beside its target and the way back is on disk; the
//! transaction counts as committed only once everything was read again and the caller agreed.

use super::disk::Disk;
use super::error::{Error, on};
use super::guard::{self, Arm, Guard};
use super::history::Mark;
use super::journal::{self, Record};
use super::manifest::{Attrs, Entry, FORMAT, Image, Manifest, Meta, Step};
use super::recover::{self, Recovered};
use super::state::{State, blobs, stamp};
use super::swap::{self, Swapped};
use super::target::{Sight, Target, folder, staged};
use super::{Change, history, preflight, roots};
use crate::change::{Code, RelPath};
use crate::digest::Digest;
use crate::secret::holds_secret;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What a transaction did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// Nothing when there was nothing to do, and then nothing was opened for writing.
    pub id: Option<String>,
    pub files: Vec<RelPath>,
    /// What an operator should know, sentences.
    pub notes: Vec<String>,
    /// What an earlier crash had left and this call cleared up first.
    pub recovered: Recovered,
}

/// Writes some changes as one transaction.
///
/// `verify` is called when every file is in place and on disk and before the transaction counts;
/// its refusal takes everything back.
///
/// # Errors
/// [`Error::Stale`] and refusals before anything is written; [`Error::Restored`] when the home was
/// put back; [`Error::Unrestored`] when that failed too; [`Error::Unclean`] when the change is in
/// place and only something beside it remains.
pub fn apply(
    disk: &dyn Disk,
    home: &Path,
    state: &Path,
    changes: &[Change],
    meta: &Meta,
    verify: &dyn Fn() -> Result<(), String>,
) -> Result<Applied, Error> {
    apply_guarded(disk, home, state, changes, meta, None, verify)
}

/// Writes some changes as one transaction that has to be kept by somebody, or goes back.
///
/// # Errors
/// Those of [`apply`].
pub fn apply_guarded(
    disk: &dyn Disk,
    home: &Path,
    state: &Path,
    changes: &[Change],
    meta: &Meta,
    arm: Option<Arm>,
    verify: &dyn Fn() -> Result<(), String>,
) -> Result<Applied, Error> {
    let changes: Vec<&Change> = changes.iter().filter(|change| change.matters()).collect();
    if changes.is_empty() {
        return Ok(Applied::default());
    }
    let (home, root) = roots(disk, home, state)?;
    if State::open(disk, &root)?.is_none() {
        // A refusal should not even leave a state folder behind.
        preflight::check(disk, &home, &root, &changes)?;
    }
    let state = State::create(disk, &home, &root)?;
    let _lock = state.lock(&meta.verb, &meta.who.user)?;
    let recovered = recover::all(&home, &state)?;
    guard::refuse_others(&state, meta)?;
    if meta.since.is_some() && meta.since != Some(Mark::of(&state)?) {
        return Err(Error::Meanwhile);
    }
    let targets = preflight::check(disk, &home, &root, &changes)?;
    let tx = Tx::plan(&home, &state, changes, targets, meta)?;
    let guard = arm.as_ref().map(|arm| arm.guard);
    let armed = || arm.as_ref().map_or(Ok(()), |arm| (arm.armed)(tx.id()));
    if let Err(cause) = tx.prepare(guard).and_then(|()| armed()) {
        return Err(match recover::discard(&state, tx.id()) {
            Ok(()) => Error::Restored { cause: Box::new(cause), kept: Vec::new() },
            Err(error) => tx.stranded(cause, &error),
        });
    }
    let mut notes = Vec::new();
    if let Err(cause) = tx.replace(verify, &mut notes) {
        return Err(tx.back(cause));
    }
    if let Err(cause) = tx.record(&Record::Committed) {
        // The record may be on disk or not, so first something else has to say that it is void.
        let void = state.void(tx.id());
        let voided = state.put(&void, b"").and_then(|()| state.sync(folder(&void)));
        return Err(match voided {
            Ok(()) => tx.back(cause),
            Err(error) => tx.stranded(cause, &error),
        });
    }
    let id = tx.id().to_owned();
    recover::finish(&home, &state, &tx.manifest)
        .map_err(|error| Error::Unclean { id: id.clone(), why: error.to_string() })?;
    let files = tx.jobs.iter().map(|job| job.target.file.clone()).collect();
    Ok(Applied { id: Some(id), files, notes, recovered })
}

/// A transaction on its way.
struct Tx<'a> {
    home: &'a Path,
    state: &'a State<'a>,
    manifest: Manifest,
    jobs: Vec<Job<'a>>,
}

/// One file on its way.
struct Job<'a> {
    target: Target,
    staged: PathBuf,
    change: &'a Change,
    /// What the new file is given; nothing when there is none.
    attrs: Option<Attrs>,
}

impl<'a> Tx<'a> {
    fn plan(
        home: &'a Path,
        state: &'a State<'a>,
        changes: Vec<&'a Change>,
        targets: Vec<Target>,
        meta: &Meta,
    ) -> Result<Self, Error> {
        let past = history::all(state)?;
        if let Some(last) = past.iter().filter_map(|past| past.manifest.as_ref()).next_back() {
            recover::same_home(home, state, last)?;
        }
        let known = past.iter().filter_map(|past| past.manifest.as_ref());
        let damaged = past.iter().filter(|past| past.manifest.is_none()).count() as u64;
        // A damaged transaction may have been the newest, so its number stays free.
        let seq = known.map(|manifest| manifest.seq).max().unwrap_or(0) + damaged + 1;
        let now = state.disk.now();
        let created = stamp(now);
        let id = fresh_id(state, &created, seq, now.nanosecond())?;
        let mut jobs = Vec::with_capacity(changes.len());
        for (change, target) in changes.into_iter().zip(targets) {
            let attrs =
                change.after.as_ref().map(|_| attrs(state.disk, change, &target)).transpose()?;
            jobs.push(Job { staged: staged(&target.path, &id), target, change, attrs });
        }
        let shares = jobs.iter().flat_map(|job| &job.change.shares).map(|share| &share.code);
        let mut codes: BTreeSet<&Code> = shares.chain(&meta.only).collect();
        if let Some(of) = meta.of.as_deref().filter(|_| meta.only.is_empty()) {
            codes.extend(history::in_force(&past, of));
        }
        let manifest = Manifest {
            format: FORMAT,
            id,
            seq,
            created,
            home: home.to_string_lossy().into_owned(),
            codes: codes.into_iter().cloned().collect(),
            meta: meta.clone(),
            files: jobs.iter().map(Job::entry).collect(),
        };
        Ok(Self { home, state, manifest, jobs })
    }

    fn id(&self) -> &str {
        &self.manifest.id
    }

    fn record(&self, record: &Record) -> Result<(), Error> {
        journal::append(self.state.disk, &self.state.dir(self.id()), self.id(), record)
    }

    /// Has the way there and the way back on disk.
    fn prepare(&self, guard: Option<&Guard>) -> Result<(), Error> {
        let state = self.state;
        let (build, dir) = (state.building(self.id()), state.dir(self.id()));
        let images = blobs(&build);
        state.folder(&build)?;
        state.folder(&images)?;
        let mut kept: BTreeMap<Digest, &[u8]> = BTreeMap::new();
        for change in self.jobs.iter().map(|job| job.change) {
            let steps = change.shares.iter().map(|share| &share.after);
            for bytes in [&change.before, &change.after].into_iter().chain(steps).flatten() {
                kept.insert(Digest::of(bytes), bytes);
            }
        }
        for (digest, bytes) in kept {
            state.put(&images.join(digest.to_string()), bytes)?;
        }
        let path = build.join("manifest.json");
        let json = self.manifest.render().map_err(|error| on("render", &path)(error.into()))?;
        state.put(&path, &json)?;
        state.put(&journal::path(&build), &journal::first(self.id(), Digest::of(&json), guard))?;
        state.sync(&images)?;
        state.sync(&build)?;
        state.disk.rename(&build, &dir).map_err(on("rename", &build))?;
        state.sync(&state.all())
    }

    /// Stages every file, exchanges every file, and looks at the outcome.
    fn replace(
        &self,
        verify: &dyn Fn() -> Result<(), String>,
        notes: &mut Vec<String>,
    ) -> Result<(), Error> {
        let disk = self.state.disk;
        for job in &self.jobs {
            if let (Some(bytes), Some(attrs)) = (&job.change.after, &job.attrs) {
                swap::stage(disk, &job.staged, bytes, attrs)?;
            }
        }
        swap::sync_folders(disk, self.paths())?;
        self.record(&Record::Committing)?;
        for job in &self.jobs {
            let Job { target, staged, change, attrs } = job;
            let to_nothing = change.after.is_none();
            match (swap::swap(disk, staged, &target.path, &target.sight, to_nothing)?, attrs) {
                (Swapped::Done, _) => {}
                (Swapped::Pinned, Some(attrs)) => {
                    self.record(&Record::InPlace(target.resolved.clone()))?;
                    let bytes = change.after.as_deref().unwrap_or_default();
                    swap::overwrite(disk, &target.path, bytes, attrs)?;
                    notes.push(format!(
                        "{} is a mount point of its own and was written in place.",
                        target.file
                    ));
                }
                _ => {
                    return Err(Error::Concurrent { file: target.file.clone() });
                }
            }
        }
        swap::sync_folders(disk, self.paths())?;
        for job in &self.jobs {
            job.check(disk, self.home)?;
        }
        verify().map_err(Error::Unverified)?;
        self.jobs.iter().try_for_each(|job| job.check_old(disk))
    }

    fn paths(&self) -> impl Iterator<Item = &Path> {
        self.jobs.iter().map(|job| job.target.path.as_path())
    }

    /// Puts everything back after a failure and says how that went.
    fn back(&self, cause: Error) -> Error {
        let restored = self
            .state
            .progress(self.id())
            .and_then(|progress| recover::back(self.home, self.state, &self.manifest, &progress));
        match restored {
            Ok(kept) => Error::Restored { cause: Box::new(cause), kept },
            Err(error) => self.stranded(cause, &error),
        }
    }

    fn stranded(&self, cause: Error, why: &Error) -> Error {
        let (id, why) = (self.id().to_owned(), why.to_string());
        Error::Unrestored { cause: Box::new(cause), id, why }
    }
}

impl Job<'_> {
    fn entry(&self) -> Entry {
        let digest = |bytes: &Option<Vec<u8>>| bytes.as_ref().map(|bytes| Digest::of(bytes));
        let after = self.change.after.as_ref().zip(self.attrs.clone());
        let shares = self.change.shares.iter().map(|share| &share.after);
        let mut images = [&self.change.before, &self.change.after].into_iter().chain(shares);
        let mut last = digest(&self.change.before);
        let steps = self.change.shares.iter().map(|share| {
            let after = digest(&share.after);
            let before = std::mem::replace(&mut last, after);
            Step { code: share.code.clone(), instance: share.instance.clone(), before, after }
        });
        Entry {
            steps: steps.collect(),
            secrets: Some(images.any(|image| image.as_deref().is_some_and(holds_secret))),
            path: self.target.file.clone(),
            resolved: self.target.resolved.clone(),
            before: self.target.sight.file().map(|look| look.image()),
            after: after.map(|(bytes, attrs)| Image {
                digest: Digest::of(bytes),
                size: bytes.len() as u64,
                attrs,
            }),
        }
    }

    /// Reads the file again by the name in the plan, as the server will.
    fn check(&self, disk: &dyn Disk, home: &Path) -> Result<(), Error> {
        let now = Target::find(disk, home, &self.target.file)?;
        let as_wanted = match (now.sight.file(), &self.change.after, &self.attrs) {
            (Some(look), Some(bytes), Some(attrs)) => look.bytes == *bytes && look.has(attrs),
            (None, None, _) => true,
            _ => false,
        };
        if as_wanted { Ok(()) } else { Err(Error::Concurrent { file: self.target.file.clone() }) }
    }

    /// Looks at the file that was replaced: a program that had it open may still write to it.
    fn check_old(&self, disk: &dyn Disk) -> Result<(), Error> {
        let old = Sight::of(disk, &self.staged)?;
        let Some(look) = old.file() else {
            return Ok(());
        };
        // Beside a file that was written in place the new content waits, not the old file.
        if old == self.target.sight || Some(&look.bytes) == self.change.after.as_ref() {
            return Ok(());
        }
        Err(Error::Concurrent { file: self.target.file.clone() })
    }
}

/// What a new file is given: what the change says, else what the old file has; a file that is new
/// to the home is for its folder's owner alone.
fn attrs(disk: &dyn Disk, change: &Change, target: &Target) -> Result<Attrs, Error> {
    if let Some(attrs) = &change.attrs {
        return Ok(attrs.clone());
    }
    if let Some(look) = target.sight.file() {
        return Ok(Attrs { mtime: None, ..look.attrs() });
    }
    let dir = folder(&target.path);
    let (caller, above) = (disk.caller(), disk.stat(dir).map_err(on("look at", dir))?);
    let (uid, gid) = match caller.uid {
        0 => (above.uid, above.gid),
        uid => (uid, caller.gids.first().copied().unwrap_or(above.gid)),
    };
    Ok(Attrs { mode: 0o600, uid, gid, mtime: None, xattrs: None })
}

/// Finds a name for a transaction that no other has.
fn fresh_id(state: &State, created: &str, seq: u64, nanos: u32) -> Result<String, Error> {
    let moment: String = created.chars().filter(|c| !matches!(c, '-' | ':')).collect();
    for salt in 0..u16::MAX {
        let mut digits =
            Digest::of(format!("{created} {nanos} {seq} {salt}").as_bytes()).to_string();
        digits.truncate(4);
        let id = format!("{moment}-{digits}");
        if !state.exists(&state.dir(&id))? && !state.exists(&state.building(&id))? {
            return Ok(id);
        }
    }
    let taken = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
    Err(on("find a free name in", &state.all())(taken))
}
