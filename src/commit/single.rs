//! Files outside any home: each is there whole, or not at all.
//!
//! No transaction and no way back: what a call replaces is gone. A file of a home belongs into
//! [`super::apply()`].

use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Makes new files that only their owner can read: all of them or none, and none in the place of
/// another.
///
/// # Errors
/// The path that could not be made, and why.
pub fn create(files: &[(&Path, &[u8])]) -> Result<(), (PathBuf, io::Error)> {
    let at = |path: &Path| {
        let path = path.to_path_buf();
        move |error| (path, error)
    };
    let mut staged = Vec::new();
    for (path, bytes) in files {
        // Looked at before anything is made; the last word is the system's, below.
        if path.symlink_metadata().is_ok() {
            return Err(at(path)(io::ErrorKind::AlreadyExists.into()));
        }
        staged.push((*path, stage(path, bytes).map_err(at(path))?));
    }
    let mut made: Vec<&Path> = Vec::new();
    for (path, file) in staged {
        let kept = file.persist_noclobber(path).map_err(|error| error.error);
        if let Err(error) = kept.and_then(|_| sync_folder(path)) {
            made.iter().for_each(|path| take_away(path));
            return Err(at(path)(error));
        }
        made.push(path);
    }
    Ok(())
}

/// Replaces a file that holds `before`; it keeps its mode and owner.
///
/// # Errors
/// It holds something else by now, or the folder cannot be written.
pub fn replace(path: &Path, before: &[u8], after: &[u8]) -> io::Result<()> {
    let real = path.canonicalize()?;
    let file = stage(&real, after)?;
    let old = real.metadata()?;
    let new = file.as_file().metadata()?;
    if (old.uid(), old.gid()) != (new.uid(), new.gid()) {
        let owner = Some(rustix::fs::Uid::from_raw(old.uid()));
        let group = Some(rustix::fs::Gid::from_raw(old.gid()));
        rustix::fs::fchown(file.as_file(), owner, group)?;
    }
    file.as_file().set_permissions(old.permissions())?;
    if std::fs::read(&real)? != before {
        return Err(io::Error::other("somebody else changed the file meanwhile"));
    }
    file.persist(&real).map_err(|error| error.error)?;
    sync_folder(&real)
}

/// A complete file beside its target, on disk.
fn stage(path: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new().prefix(".harden-").tempfile_in(folder(path))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    std::fs::File::open(folder(path))?.sync_all()
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[expect(clippy::disallowed_methods, reason = "this module made it a moment ago")]
fn take_away(path: &Path) {
    // The first error is the one to tell.
    let _ = std::fs::remove_file(path);
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests write their own files")]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn all_new_files_are_there_and_private_or_none_is() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = (dir.path().join("one"), dir.path().join("two"));
        create(&[(&one, b"1"), (&two, b"2")]).unwrap();
        assert_eq!((fs::read(&one).unwrap(), fs::read(&two).unwrap()), (b"1".into(), b"2".into()));
        assert_eq!(fs::metadata(&one).unwrap().permissions().mode() & 0o777, 0o600);
        let three = dir.path().join("three");
        let (path, error) = create(&[(&three, b"3"), (&two, b"other")]).unwrap_err();
        assert_eq!((path, error.kind()), (two.clone(), io::ErrorKind::AlreadyExists));
        // The same path twice passes the first look and fails at the second.
        assert!(create(&[(&three, b"3"), (&three, b"4")]).is_err());
        assert_eq!(
            (fs::read(&two).unwrap(), names(dir.path())),
            (b"2".into(), vec!["one".to_owned(), "two".into()])
        );
    }

    #[test]
    fn a_replaced_file_keeps_its_mode_and_one_that_changed_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        replace(&path, b"old", b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(replace(&path, b"old", b"newer").is_err());
        assert_eq!(
            (fs::read(&path).unwrap(), names(dir.path())),
            (b"new".to_vec(), vec!["a".to_owned()])
        );
    }
}
