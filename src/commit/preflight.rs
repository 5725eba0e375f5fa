//! Everything that can be known before the first byte is written.
//!
//! It only looks. What it cannot foresee, staging or the commit itself finds, and takes back.

use super::Change;
use super::disk::{Caller, Disk, Stat};
use super::error::{Error, on};
use super::state::exists;
use super::target::{Sight, Target, folder};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

/// Bytes that must stay free on top of what is written.
const MARGIN: u64 = 1 << 20;

/// The names that WSO2's update tool leaves beside a file whose merge waits for a person.
const PENDING: [&str; 3] = ["original", "new", "final"];

/// Finds the targets of some changes and checks that each can be written and given back.
///
/// # Errors
/// [`Error::Stale`] for the first file that is not what the plan saw, then the first refusal.
pub(super) fn check(
    disk: &dyn Disk,
    home: &Path,
    state: &Path,
    changes: &[&Change],
) -> Result<Vec<Target>, Error> {
    let mut targets: Vec<Target> = Vec::with_capacity(changes.len());
    for change in changes {
        let target = Target::find(disk, home, &change.file)?;
        if let Sight::Else(_) = target.sight {
            let hint = "Put an ordinary file in its place.";
            return Err(refused(&target, "is not a regular file of a sensible size", hint));
        }
        if target.sight.file().map(|look| &look.bytes) != change.before.as_ref() {
            return Err(Error::Stale { file: change.file.clone() });
        }
        if target.path.starts_with(state) {
            return Err(refused(&target, "lies in the state folder", "Leave it to harden."));
        }
        if let Some(twin) = targets.iter().find(|other| other.path == target.path) {
            let why = format!("is the same file as {}", twin.file);
            return Err(refused(&target, &why, "Plan the change for one of the two names."));
        }
        targets.push(target);
    }
    let caller = disk.caller();
    for (target, change) in targets.iter().zip(changes) {
        if let Some(look) = target.sight.file() {
            keepable(target, &look.stat, &caller)?;
            if disk.frozen(&target.path).map_err(on("look at", &target.path))? {
                let hint = format!("Run `chattr -ia {}`.", target.path.display());
                return Err(refused(target, "is immutable or append-only", &hint));
            }
        }
        if let Some(attrs) = &change.attrs
            && attrs.mode & 0o7000 != 0
        {
            return Err(refused(target, "would run with another's rights", "Drop those bits."));
        }
        place(disk, target)?;
        quiet(disk, target)?;
    }
    room(disk, state, changes, &targets)?;
    Ok(targets)
}

/// Checks that a new file can be given the owner of the old one, and that the old one has no
/// second name, which would keep the old content.
fn keepable(target: &Target, stat: &Stat, caller: &Caller) -> Result<(), Error> {
    if stat.nlink > 1 {
        let hint = "Find the other names with `find -samefile` and make copies of them.";
        return Err(refused(target, "has a second name (a hard link)", hint));
    }
    if stat.mode & 0o7000 != 0 {
        let hint = "Drop its set-user, set-group or sticky bit.";
        return Err(refused(target, "runs with another's rights", hint));
    }
    if caller.uid != 0 && (stat.uid != caller.uid || !caller.gids.contains(&stat.gid)) {
        let why = format!("belongs to {}:{}, which could not be kept", stat.uid, stat.gid);
        return Err(refused(target, &why, &format!("Run as user {}, or as root.", stat.uid)));
    }
    Ok(())
}

/// Checks that names can be made and exchanged in the folder of a target.
fn place(disk: &dyn Disk, target: &Target) -> Result<(), Error> {
    let dir = folder(&target.path);
    let why = |why: &str| format!("its folder {} {why}", dir.display());
    if disk.space(dir).map_err(on("look at", dir))?.read_only {
        let hint = "Mount it writable; the state folder alone can lie elsewhere (--state-dir).";
        return Err(refused(target, &why("is on a read-only file system"), hint));
    }
    if disk.frozen(dir).map_err(on("look at", dir))? {
        let hint = format!("Run `chattr -ia {}`.", dir.display());
        return Err(refused(target, &why("is immutable or append-only"), &hint));
    }
    if !disk.writable(dir) {
        let hint = "Run as its owner, or give the owner the right to write.";
        return Err(refused(target, &why("cannot be written by this user"), hint));
    }
    Ok(())
}

/// Checks that no merge of the product's update tool is waiting beside a target.
fn quiet(disk: &dyn Disk, target: &Target) -> Result<(), Error> {
    let name = target.path.file_name().unwrap_or_default();
    for suffix in PENDING {
        let mut beside = name.to_owned();
        beside.push(".");
        beside.push(suffix);
        let path = target.path.with_file_name(&beside);
        match disk.stat(&path) {
            Ok(_) => {
                let why = format!("waits for a merge of a product update ({})", path.display());
                return Err(refused(target, &why, "Finish the update first."));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(on("look at", &path)(error)),
        }
    }
    Ok(())
}

/// Checks that every file system has room for what goes there: beside a target its new content, and
/// the old one should it have to come back; in the state folder every image; and a margin.
fn room(
    disk: &dyn Disk,
    state: &Path,
    changes: &[&Change],
    targets: &[Target],
) -> Result<(), Error> {
    let size = |bytes: &Option<Vec<u8>>| bytes.as_ref().map_or(0, |bytes| bytes.len() as u64);
    // The state folder and the way to it may not be there yet.
    let mut store = state;
    while let (false, Some(above)) = (exists(disk, store)?, store.parent()) {
        store = above;
    }
    let mut need: BTreeMap<u64, (&Path, u64)> = BTreeMap::new();
    let mut count = |dir, bytes: u64| -> Result<(), Error> {
        let dev = disk.stat(dir).map_err(on("look at", dir))?.dev;
        need.entry(dev).or_insert((dir, MARGIN)).1 += bytes;
        Ok(())
    };
    for (change, target) in changes.iter().zip(targets) {
        let steps: u64 = change.shares.iter().map(|share| size(&share.after)).sum();
        let both = size(&change.before) + size(&change.after);
        count(folder(&target.path), both)?;
        count(store, both + steps)?;
    }
    for (dir, bytes) in need.into_values() {
        let free = disk.space(dir).map_err(on("look at", dir))?.free;
        if free < bytes {
            return Err(Error::Refused {
                what: format!("the file system of {}", dir.display()),
                why: format!("has {free} bytes free, and {bytes} are needed to be safe"),
                hint: "Make room on the disk, then try again.".into(),
            });
        }
    }
    Ok(())
}

fn refused(target: &Target, why: &str, hint: &str) -> Error {
    Error::Refused { what: target.file.to_string(), why: why.into(), hint: hint.into() }
}
