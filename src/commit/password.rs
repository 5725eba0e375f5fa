//! The file from which a server takes the password of Secure Vault's key store at its start.
//!
//! The server overwrites and removes it once read (`DefaultSecretCallbackHandler` of
//! org.wso2.carbon.securevault). It is for the server's user alone; one that is there already is
//! left as it is.

use super::disk::{Disk, How};
use super::error::{Error, on};
use crate::secret::Secret;
use std::io::ErrorKind;
use std::path::Path;

/// The name of the file in the home.
pub const NAME: &str = "password-tmp";

/// Leaves the password for the next start, for the user to whom `like` belongs; tells whether it
/// was left, and not there already.
pub fn leave(disk: &dyn Disk, home: &Path, password: &Secret, like: &Path) -> Result<bool, Error> {
    let path = home.join(NAME);
    let mut file = match disk.open(&path, How::Create) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(false),
        opened => opened.map_err(on("create", &path))?,
    };
    let owner = disk.stat(like).or_else(|_| disk.stat(home)).map_err(on("look at", home))?;
    let caller = disk.caller().uid;
    let left = file.write(password.reveal()).map_err(on("write", &path)).and_then(|()| {
        // Owned at last, so that nobody reads half of it.
        if caller == 0 && owner.uid != 0 {
            file.chown(owner.uid, owner.gid).map_err(on("give away", &path))?;
        }
        Ok(())
    });
    drop(file);
    if left.is_err() {
        clear(disk, home)?;
    }
    left.map(|()| true)
}

/// Removes the password if no server took it, its bytes first.
pub fn clear(disk: &dyn Disk, home: &Path) -> Result<(), Error> {
    let path = home.join(NAME);
    let size = match disk.stat(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        stat => stat.map_err(on("look at", &path))?.size,
    };
    let zeros = vec![0; usize::try_from(size.min(4096)).unwrap_or(0)];
    if let Ok(mut file) = disk.open(&path, How::Overwrite) {
        // What cannot be overwritten is removed all the same.
        let _ = file.write(&zeros).and_then(|()| file.sync());
    }
    match disk.unlink(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(on("remove", &path)(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test looks at its own home")]
mod tests {
    use super::super::disk::Linux;
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn the_password_is_for_its_owner_alone_and_goes_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(NAME);
        let secret = Secret::new("made up\n");
        assert!(leave(&Linux, dir.path(), &secret, dir.path()).unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), b"made up\n");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        // One that an operator left is not replaced.
        assert!(!leave(&Linux, dir.path(), &Secret::new("other"), dir.path()).unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), b"made up\n");
        clear(&Linux, dir.path()).unwrap();
        clear(&Linux, dir.path()).unwrap();
        assert!(!path.exists());
    }
}
