//! Puts one file beside its target and exchanges the two names.
//!
//! A file is replaced only by one that is complete, has its attributes, is on disk and was read
//! back; and only while the target is what the caller saw.

use super::disk::{Disk, Handle, How};
use super::error::{Error, on};
use super::manifest::Attrs;
use super::target::{Sight, folder};
use std::io::ErrorKind;
use std::path::Path;

/// How replacing a target ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Swapped {
    Done,
    /// The target is not what was seen; it was left, or given back.
    Changed,
    /// The target is a mount point and has to be written in place.
    Pinned,
}

/// Writes a complete file under a waiting name.
pub(super) fn stage(
    disk: &dyn Disk,
    path: &Path,
    bytes: &[u8],
    attrs: &Attrs,
) -> Result<(), Error> {
    let mut file = disk.open(path, How::Create).map_err(on("create", path))?;
    fill(&mut *file, path, bytes, attrs)?;
    drop(file);
    match Sight::of(disk, path)?.file() {
        Some(look) if look.bytes == bytes && look.has(attrs) => Ok(()),
        _ => Err(Error::Misread { path: path.to_owned() }),
    }
}

/// Replaces a target by what waits for it, or by nothing when nothing waits.
///
/// What was at the target is at the waiting name afterwards, except on file systems without an
/// exchange of names.
pub(super) fn swap(
    disk: &dyn Disk,
    waiting: &Path,
    target: &Path,
    seen: &Sight,
    to_nothing: bool,
) -> Result<Swapped, Error> {
    if Sight::of(disk, target)? != *seen {
        return Ok(Swapped::Changed);
    }
    let outcome = match (seen, to_nothing) {
        (Sight::Nothing, _) => disk.rename_new(waiting, target),
        (_, true) => disk.rename_new(target, waiting),
        (_, false) => disk.exchange(waiting, target),
    };
    match outcome {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::Unsupported => {
            let (from, to) = if to_nothing { (target, waiting) } else { (waiting, target) };
            disk.rename(from, to).map_err(on("replace", target))?;
            return Ok(Swapped::Done);
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(Swapped::Changed),
        Err(error) if error.kind() == ErrorKind::ResourceBusy => return Ok(Swapped::Pinned),
        Err(error) => return Err(on("replace", target)(error)),
    }
    if *seen == Sight::Nothing || Sight::of(disk, waiting)? == *seen {
        return Ok(Swapped::Done);
    }
    // Somebody wrote between the look and the exchange: theirs goes back.
    match to_nothing {
        true => disk.rename_new(waiting, target),
        false => disk.exchange(waiting, target),
    }
    .map_err(on("give back", target))?;
    Ok(Swapped::Changed)
}

/// Writes a target in place; only for one whose content is kept elsewhere on disk.
pub(super) fn overwrite(
    disk: &dyn Disk,
    path: &Path,
    bytes: &[u8],
    attrs: &Attrs,
) -> Result<(), Error> {
    let mut file = disk.open(path, How::Overwrite).map_err(on("open", path))?;
    fill(&mut *file, path, bytes, attrs)
}

fn fill(file: &mut dyn Handle, path: &Path, bytes: &[u8], attrs: &Attrs) -> Result<(), Error> {
    file.write(bytes).map_err(on("write", path))?;
    file.chown(attrs.uid, attrs.gid).map_err(on("give away", path))?;
    if let Some(xattrs) = &attrs.xattrs {
        file.set_xattrs(xattrs).map_err(on("set the attributes of", path))?;
    }
    // After the owner, which clears bits, and the access list, whose mask is the group's bits.
    file.chmod(attrs.mode & 0o777).map_err(on("set the mode of", path))?;
    if let Some(mtime) = attrs.mtime {
        file.set_mtime(mtime).map_err(on("set the time of", path))?;
    }
    file.sync().map_err(on("sync", path))
}

/// Removes a name if it is there.
pub(super) fn clear(disk: &dyn Disk, path: &Path) -> Result<(), Error> {
    match disk.unlink(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(on("remove", path)(error)),
    }
}

/// Has the folders of some paths on disk, each once.
pub(super) fn sync_folders<'a>(
    disk: &dyn Disk,
    paths: impl Iterator<Item = &'a Path>,
) -> Result<(), Error> {
    let folders: std::collections::BTreeSet<&Path> = paths.map(folder).collect();
    folders.into_iter().try_for_each(|dir| disk.sync_dir(dir).map_err(on("sync", dir)))
}
