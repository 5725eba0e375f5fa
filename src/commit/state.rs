//! The state folder: where transactions, their images and the lock are.
//!
//! Everything in it is for the owner's eyes only, because images hold passwords as they were. A
//! state folder that is a link, open to others, or somebody else's is refused; root may use any, and
//! makes it for the owner of the home.

use super::disk::{Disk, How, Kind, Lock};
use super::error::{Error, on};
use super::journal::{self, Progress};
use super::manifest::Manifest;
use crate::digest::Digest;
use std::any::Any;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The name of the state folder inside a home.
pub const NAME: &str = ".harden";

/// A state folder that was looked at and may be used.
pub(super) struct State<'d> {
    pub disk: &'d dyn Disk,
    pub root: PathBuf,
    /// Whom new files are given to, when that is not the caller.
    owner: Option<(u32, u32)>,
}

impl<'d> State<'d> {
    /// Opens a state folder for reading; nothing when there is none.
    pub fn open(disk: &'d dyn Disk, root: &Path) -> Result<Option<Self>, Error> {
        let stat = match disk.stat(root) {
            Ok(stat) => stat,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(on("look at", root)(error)),
        };
        let refuse = |why: &str, hint: String| {
            Err(Error::Refused {
                what: format!("the state folder {}", root.display()),
                why: why.into(),
                hint,
            })
        };
        let caller = disk.caller().uid;
        if stat.kind != Kind::Folder {
            let hint = "Move it away, or name another one with --state-dir.";
            return refuse("is not a folder of its own", hint.into());
        }
        if caller != 0 && stat.uid != caller {
            let hint = format!("Run as user {}, or as root.", stat.uid);
            return refuse("belongs to somebody else", hint);
        }
        if stat.mode & 0o077 != 0 {
            let hint = format!("Look who could read it, then run `chmod 700 {}`.", root.display());
            return refuse("is open to other users, and it holds old passwords", hint);
        }
        let owner = (stat.uid != caller).then_some((stat.uid, stat.gid));
        Ok(Some(Self { disk, root: root.to_owned(), owner }))
    }

    /// Opens a state folder for writing and makes what is missing of it and of the way to it.
    ///
    /// What root makes belongs to whom the home belongs to, so that root locks nobody out.
    pub fn create(disk: &'d dyn Disk, home: &Path, root: &Path) -> Result<Self, Error> {
        let owner = disk.stat(home).map_err(on("look at", home))?;
        let give = |path: &Path| match disk.caller().uid {
            0 if owner.uid != 0 => {
                disk.chown(path, owner.uid, owner.gid).map_err(on("give away", path))
            }
            _ => Ok(()),
        };
        let mut missing = Vec::new();
        for dir in root.ancestors() {
            if exists(disk, dir)? {
                break;
            }
            missing.push(dir);
        }
        for dir in missing.into_iter().rev() {
            make(disk, dir)?;
            give(dir)?;
            let parent = dir.parent().unwrap_or(dir);
            disk.sync_dir(parent).map_err(on("sync", parent))?;
        }
        let open = || match Self::open(disk, root)? {
            Some(state) => Ok(state),
            None => Err(on("open", root)(std::io::Error::from(ErrorKind::NotFound))),
        };
        let state = open()?;
        if state.exists(&state.all())? {
            return Ok(state);
        }
        // A crash may have come between making the folder and giving it away.
        let state = if state.owner.is_none() {
            give(root)?;
            open()?
        } else {
            state
        };
        state.folder(&state.all())?;
        state.sync(&state.root)?;
        Ok(state)
    }

    /// Takes the lock for a verb, until the value is dropped.
    pub fn lock(&self, verb: &str, user: &str) -> Result<Box<dyn Any>, Error> {
        let caller = self.disk.caller();
        let since = stamp(self.disk.now());
        let who = if user.is_empty() { format!("uid {}", caller.uid) } else { user.to_owned() };
        let note =
            format!("{verb}, process {} of {who} on {}, since {since}\n", caller.pid, caller.host);
        let path = self.root.join("lock");
        let held = self.disk.lock(&path, &note).map_err(on("lock", &path))?;
        match held {
            Lock::Held(guard) => {
                self.give(&path)?;
                Ok(guard)
            }
            Lock::Busy(owner) => Err(Error::Busy { owner }),
        }
    }

    /// The folder of all transactions.
    pub fn all(&self) -> PathBuf {
        self.root.join("tx")
    }

    /// The folder of one transaction.
    pub fn dir(&self, id: &str) -> PathBuf {
        self.all().join(id)
    }

    /// The folder in which a transaction is built up and torn down; it means nothing to a reader.
    pub fn building(&self, id: &str) -> PathBuf {
        self.all().join(format!("{id}.tmp"))
    }

    /// The marker of a transaction whose last record may or may not say that it is committed, and
    /// which is put back all the same.
    pub fn void(&self, id: &str) -> PathBuf {
        self.dir(id).join("void")
    }

    /// Lists the transactions, and what was left while being built up or torn down.
    pub fn ids(&self) -> Result<(Vec<String>, Vec<PathBuf>), Error> {
        let all = self.all();
        let names = match self.disk.entries(&all) {
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            names => names.map_err(on("list", &all))?,
        };
        let (mut ids, mut rest) = (Vec::new(), Vec::new());
        for name in names {
            match name.to_str() {
                Some(name) if name.ends_with(".tmp") => rest.push(all.join(name)),
                Some(id) if !id.starts_with('.') => ids.push(id.to_owned()),
                _ => {}
            }
        }
        Ok((ids, rest))
    }

    /// Reads how far a transaction came; a committed one that was called off counts as committing.
    pub fn progress(&self, id: &str) -> Result<Progress, Error> {
        let mut progress = self.journal(id)?;
        progress.committed &= !self.exists(&self.void(id))?;
        Ok(progress)
    }

    /// Reads the manifest of a transaction and checks it against its journal.
    pub fn manifest(&self, id: &str) -> Result<Manifest, Error> {
        let path = self.dir(id).join("manifest.json");
        let bytes = match self.disk.read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(Error::Unknown(id.to_owned()));
            }
            read => read.map_err(on("read", &path))?.1,
        };
        let damaged = |why: String| Error::Damaged { id: id.to_owned(), why };
        let manifest =
            Manifest::parse(&bytes).map_err(|why| damaged(format!("its manifest: {why}")))?;
        let known = self.journal(id)?.manifest;
        if known != Some(Digest::of(&bytes)) || manifest.id != id {
            return Err(damaged("its manifest is not the one that was written".into()));
        }
        Ok(manifest)
    }

    fn journal(&self, id: &str) -> Result<Progress, Error> {
        journal::read(self.disk, &self.dir(id), id).map_err(|error| match error {
            Error::Disk { source, .. }
                if matches!(source.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                Error::Damaged { id: id.to_owned(), why: "its journal is missing".into() }
            }
            other => other,
        })
    }

    /// Reads an image of a transaction and checks it against its digest.
    pub fn image(&self, id: &str, digest: Digest) -> Result<Vec<u8>, Error> {
        let path = blobs(&self.dir(id)).join(digest.to_string());
        let (_, bytes) = self.disk.read(&path).map_err(on("read", &path))?;
        if Digest::of(&bytes) == digest {
            return Ok(bytes);
        }
        let why = format!("the image {digest} is not the one that was written");
        Err(Error::Damaged { id: id.to_owned(), why })
    }

    /// Writes a new file and has its content on disk.
    pub fn put(&self, path: &Path, bytes: &[u8]) -> Result<(), Error> {
        let mut handle = self.disk.open(path, How::Create).map_err(on("create", path))?;
        if let Some((uid, gid)) = self.owner {
            handle.chown(uid, gid).map_err(on("give away", path))?;
        }
        handle.write(bytes).map_err(on("write", path))?;
        handle.sync().map_err(on("sync", path))
    }

    pub fn folder(&self, path: &Path) -> Result<(), Error> {
        make(self.disk, path)?;
        self.give(path)
    }

    pub fn sync(&self, dir: &Path) -> Result<(), Error> {
        self.disk.sync_dir(dir).map_err(on("sync", dir))
    }

    /// Removes a transaction: out of sight in one step, then file by file.
    pub fn remove(&self, id: &str) -> Result<(), Error> {
        let (from, to) = (self.dir(id), self.building(id));
        self.disk.rename(&from, &to).map_err(on("rename", &from))?;
        self.sync(&self.all())?;
        self.scrap(&to)
    }

    /// Removes a folder in which a transaction was built up or torn down.
    pub fn scrap(&self, dir: &Path) -> Result<(), Error> {
        self.clear(&blobs(dir))?;
        self.clear(dir)?;
        self.sync(&self.all())
    }

    /// Removes a folder and the files in it, if it is there.
    pub fn clear(&self, folder: &Path) -> Result<(), Error> {
        let names = match self.disk.entries(folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            names => names.map_err(on("list", folder))?,
        };
        for path in names.iter().map(|name| folder.join(name)) {
            self.disk.unlink(&path).map_err(on("remove", &path))?;
        }
        self.disk.rmdir(folder).map_err(on("remove", folder))
    }

    pub fn exists(&self, path: &Path) -> Result<bool, Error> {
        exists(self.disk, path)
    }

    pub fn give(&self, path: &Path) -> Result<(), Error> {
        let Some((uid, gid)) = self.owner else {
            return Ok(());
        };
        self.disk.chown(path, uid, gid).map_err(on("give away", path))
    }
}

/// Tells whether a name stands for something, be it a link that leads nowhere.
pub(super) fn exists(disk: &dyn Disk, path: &Path) -> Result<bool, Error> {
    match disk.stat(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(on("look at", path)(error)),
    }
}

/// Makes a folder; another run may have been quicker.
fn make(disk: &dyn Disk, path: &Path) -> Result<(), Error> {
    match disk.mkdir(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        made => made.map_err(on("make the folder", path)),
    }
}

/// The folder of a transaction's images, each named by its digest.
pub(super) fn blobs(dir: &Path) -> PathBuf {
    dir.join("blobs")
}

/// Writes a moment down as RFC 3339, to the second.
pub(super) fn stamp(now: time::OffsetDateTime) -> String {
    let (date, time) = (now.date(), now.time());
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}
