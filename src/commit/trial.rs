//! A sample home, and a disk that fails or dies at a chosen operation.

#![allow(clippy::disallowed_methods, reason = "a test writes its own home")]

use super::disk::{Caller, Disk, Handle, How, Linux, Lock, Space, Stat};
use super::manifest::{Mtime, Xattrs};
use super::{Applied, Change, Error, Meta, NAME, Share, Who, apply};
use crate::change::{Code, RelPath};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Every file of a home, with what a transaction gives back: content, mode, owner, time.
pub type Snapshot = BTreeMap<PathBuf, Kept>;
pub type Kept = (Vec<u8>, u32, u32, u32, (i64, i64));

pub struct Home {
    pub dir: tempfile::TempDir,
}

pub const AXIS: &str = "conf/axis2.xml";
pub const SCRIPT: &str = "bin/server.sh";
pub const OLD: &str = "conf/old.properties";
pub const NEW: &str = "conf/new.jks";

impl Home {
    /// Makes a home with three files: one for its group, one to run, one that will go.
    pub fn sample() -> Self {
        // Memory, where there is some: these homes are made and thrown away by the thousand.
        let memory = Path::new("/dev/shm");
        let place = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let home = Self { dir: tempfile::tempdir_in(place).unwrap() };
        fs::create_dir(home.at("conf")).unwrap();
        fs::create_dir(home.at("bin")).unwrap();
        home.put(AXIS, b"<a>\r\n  <b x='1'/>\r\n  <c/>\r\n</a>", 0o640);
        home.put(SCRIPT, b"#!/bin/sh\nJAVA_OPTS=-Xmx1g\n", 0o755);
        home.put(OLD, b"gone=soon\n", 0o600);
        home
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn at(&self, file: &str) -> PathBuf {
        self.path().join(file)
    }

    pub fn state(&self) -> PathBuf {
        self.at(NAME)
    }

    pub fn put(&self, file: &str, bytes: &[u8], mode: u32) {
        let path = self.at(file);
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        if Linux.caller().uid == 0 {
            std::os::unix::fs::chown(&path, Some(802), Some(803)).unwrap();
        }
        let then = SystemTime::UNIX_EPOCH + Duration::new(1_500_000_000, 123_456_789);
        fs::File::options().write(true).open(&path).unwrap().set_modified(then).unwrap();
    }

    pub fn read(&self, file: &str) -> Vec<u8> {
        fs::read(self.at(file)).unwrap()
    }

    /// Describes an edit of a file as it is now.
    pub fn edit(&self, file: &str, from: &str, to: &str) -> Change {
        let before = String::from_utf8(self.read(file)).unwrap();
        assert!(before.contains(from), "{file} has no {from}");
        let after = before.replacen(from, to, 1).into_bytes();
        Change::edit(rel(file), before.into_bytes(), after)
    }

    /// An edit of each kind: two files changed, one made, one removed.
    pub fn changes(&self) -> Vec<Change> {
        let mut made = Change::edit(rel(NEW), Vec::new(), b"\xfe\xed\0new".to_vec());
        made.before = None;
        let mut gone = Change::edit(rel(OLD), self.read(OLD), Vec::new());
        gone.after = None;
        vec![
            self.edit(AXIS, "x='1'", "x='2'"),
            self.edit(SCRIPT, "-Xmx1g", "-Xmx2g\nUMASK=027"),
            made,
            gone,
        ]
    }

    pub fn apply(&self, changes: &[Change]) -> Result<Applied, Error> {
        self.apply_on(&Linux, changes)
    }

    pub fn apply_on(&self, disk: &dyn Disk, changes: &[Change]) -> Result<Applied, Error> {
        apply(disk, self.path(), &self.state(), changes, &meta("apply", None), &|| Ok(()))
    }

    /// Takes a transaction back, and names the one that did.
    pub fn roll_back(&self, id: Option<&str>, only: &[Code]) -> Result<String, Error> {
        let only = (!only.is_empty()).then_some(only);
        let reverse = super::reverse(&Linux, self.path(), &self.state(), id, only)?;
        let mut meta = meta(reverse.verb, Some(reverse.of));
        meta.only = reverse.only;
        let (home, state) = (self.path(), self.state());
        let applied = apply(&Linux, home, &state, &reverse.changes, &meta, &|| Ok(()))?;
        Ok(applied.id.unwrap())
    }

    pub fn snapshot(&self) -> Snapshot {
        let mut all = Snapshot::new();
        for dir in ["conf", "bin"] {
            for entry in fs::read_dir(self.at(dir)).unwrap() {
                let path = entry.unwrap().path();
                let meta = path.symlink_metadata().unwrap();
                let bytes = fs::read(&path).unwrap();
                let time = (meta.mtime(), meta.mtime_nsec());
                let name = path.strip_prefix(self.path()).unwrap().to_owned();
                all.insert(name, (bytes, meta.mode(), meta.uid(), meta.gid(), time));
            }
        }
        all
    }

    /// Lists what is in the state folder's `tx`.
    pub fn transactions(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.state().join("tx")) else {
            return Vec::new();
        };
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

pub fn rel(path: &str) -> RelPath {
    RelPath::parse(path).unwrap()
}

pub fn code(text: &str) -> Code {
    Code::parse(text).unwrap()
}

pub fn share(text: &str, after: &[u8]) -> Share {
    Share { code: code(text), instance: "server".into(), after: Some(after.to_vec()) }
}

pub fn meta(verb: &str, of: Option<String>) -> Meta {
    let who = Who { user: "operator".into(), uid: 0, sudo_user: None };
    Meta { verb: verb.into(), of, who, tool: "0.1.0".into(), ..Meta::default() }
}

/// Forgets the times, for files that were written anew.
pub fn timeless(mut snapshot: Snapshot) -> Snapshot {
    snapshot.values_mut().for_each(|file| file.4 = (0, 0));
    snapshot
}

/// What happens at the chosen operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// That operation fails.
    Once(i32),
    /// That operation and every later one fails: the process is gone.
    Death,
}

/// How the file system behaves otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ability {
    Full,
    /// Names cannot be exchanged, nor renamed only when free.
    NoExchange,
    /// The script is a mount point of its own.
    Pinned,
    /// Another program saves the script right before its first exchange.
    Rival,
}

/// A disk on which the n-th operation goes wrong; a write that fails leaves half behind.
pub struct Trial {
    pub fault: Fault,
    pub at: u64,
    pub ability: Ability,
    pub count: Cell<u64>,
    /// Whether the other program has saved.
    pub saved: Cell<bool>,
}

/// What the other program saves.
pub const RIVAL: &[u8] = b"#!/bin/sh\nJAVA_OPTS=-Xmx9g\n";

impl Trial {
    pub fn new(fault: Fault, at: u64, ability: Ability) -> Self {
        Self { fault, at, ability, count: Cell::new(0), saved: Cell::new(false) }
    }

    /// A disk that works and counts.
    pub fn sound(ability: Ability) -> Self {
        Self::new(Fault::Death, u64::MAX, ability)
    }

    pub fn fired(&self) -> bool {
        self.count.get() >= self.at
    }

    fn tick(&self) -> io::Result<()> {
        let now = self.count.get() + 1;
        self.count.set(now);
        match self.fault {
            Fault::Once(errno) if now == self.at => Err(io::Error::from_raw_os_error(errno)),
            Fault::Death if now >= self.at => Err(io::Error::from_raw_os_error(5)),
            _ => Ok(()),
        }
    }

    fn able(&self, one: &Path, other: &Path) -> io::Result<()> {
        let script = |path: &Path| path.ends_with(SCRIPT);
        match self.ability {
            Ability::NoExchange => Err(io::ErrorKind::Unsupported.into()),
            Ability::Pinned if script(one) || script(other) => {
                Err(io::ErrorKind::ResourceBusy.into())
            }
            Ability::Rival if script(other) && !self.saved.replace(true) => {
                let fresh = other.with_extension("fresh");
                fs::write(&fresh, RIVAL)?;
                fs::rename(fresh, other)
            }
            _ => Ok(()),
        }
    }
}

macro_rules! ticked {
    ($($name:ident($($arg:ident: $kind:ty),*) -> $out:ty;)*) => {
        $(fn $name(&self, $($arg: $kind),*) -> io::Result<$out> {
            self.tick()?;
            Linux.$name($($arg),*)
        })*
    };
}

impl Disk for Trial {
    fn now(&self) -> time::OffsetDateTime {
        Linux.now()
    }

    fn caller(&self) -> Caller {
        Linux.caller()
    }

    fn writable(&self, path: &Path) -> bool {
        Linux.writable(path)
    }

    ticked! {
        stat(path: &Path) -> Stat;
        resolve(path: &Path) -> PathBuf;
        read(path: &Path) -> (Stat, Vec<u8>);
        xattrs(path: &Path) -> Xattrs;
        entries(dir: &Path) -> Vec<OsString>;
        space(dir: &Path) -> Space;
        frozen(path: &Path) -> bool;
        lock(path: &Path, note: &str) -> Lock;
        mkdir(path: &Path) -> ();
        rmdir(path: &Path) -> ();
        chown(path: &Path, uid: u32, gid: u32) -> ();
        rename(from: &Path, to: &Path) -> ();
        unlink(path: &Path) -> ();
        sync_dir(dir: &Path) -> ();
    }

    fn open(&self, path: &Path, how: How) -> io::Result<Box<dyn Handle + '_>> {
        self.tick()?;
        Ok(Box::new(TrialHandle { disk: self, inner: Linux.open(path, how)? }))
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.tick()?;
        self.able(from, to)?;
        Linux.rename_new(from, to)
    }

    fn exchange(&self, one: &Path, other: &Path) -> io::Result<()> {
        self.tick()?;
        self.able(one, other)?;
        Linux.exchange(one, other)
    }
}

struct TrialHandle<'a> {
    disk: &'a Trial,
    inner: Box<dyn Handle + 'a>,
}

impl Handle for TrialHandle<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let before = self.disk.fired();
        if let Err(error) = self.disk.tick() {
            // A dead process writes nothing more.
            if !before {
                self.inner.write(&bytes[..bytes.len() / 2])?;
            }
            return Err(error);
        }
        self.inner.write(bytes)
    }

    fn chown(&mut self, uid: u32, gid: u32) -> io::Result<()> {
        self.disk.tick()?;
        self.inner.chown(uid, gid)
    }

    fn chmod(&mut self, mode: u32) -> io::Result<()> {
        self.disk.tick()?;
        self.inner.chmod(mode)
    }

    fn set_xattrs(&mut self, xattrs: &Xattrs) -> io::Result<()> {
        self.disk.tick()?;
        self.inner.set_xattrs(xattrs)
    }

    fn set_mtime(&mut self, mtime: Mtime) -> io::Result<()> {
        self.disk.tick()?;
        self.inner.set_mtime(mtime)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.disk.tick()?;
        self.inner.sync()
    }
}
