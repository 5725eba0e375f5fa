//! Everything the project does to a disk, one call each.
//!
//! Nothing here decides anything: a call does its one thing or returns the error of the system. No
//! call follows a link in the last part of a path, except [`Disk::resolve`], and no call is retried.

mod linux;

pub use linux::Linux;

use super::guard::Moment;
use super::manifest::{Mtime, Xattrs};
use std::any::Any;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use time::OffsetDateTime;

/// The largest file that is read, in bytes; configuration files and keystores are far below it.
pub const LARGEST: u64 = 64 << 20;

/// What a name in a folder stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    File,
    Folder,
    Link,
    Other,
}

/// The identity of a file and its attributes, links not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    pub dev: u64,
    pub ino: u64,
    pub size: u64,
    /// The permission bits, `0o7777` at most.
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    pub mtime: Mtime,
    pub nlink: u64,
    pub kind: Kind,
}

/// Who runs this process, and where.
#[derive(Debug, Clone)]
pub struct Caller {
    pub pid: u32,
    pub uid: u32,
    pub gids: Vec<u32>,
    pub host: String,
}

/// What a file system has left.
#[derive(Debug, Clone, Copy)]
pub struct Space {
    /// Bytes the caller may still write.
    pub free: u64,
    pub read_only: bool,
}

/// The outcome of asking for a lock.
pub enum Lock {
    /// Held until the value is dropped.
    Held(Box<dyn Any>),
    /// Held by somebody else, who left this note.
    Busy(String),
}

/// How a file is opened for writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// A new file of mode 0600; fails where the name is taken.
    Create,
    /// An existing file, at its end.
    Append,
    /// An existing file, emptied.
    Overwrite,
}

/// The disk as the transaction sees it.
pub trait Disk {
    fn now(&self) -> OffsetDateTime;
    /// The time by every clock; without the machine's own, the calendar alone.
    fn moment(&self) -> Moment {
        Moment { wall: self.now().unix_timestamp(), boot: String::new(), uptime: 0 }
    }
    fn caller(&self) -> Caller;
    fn stat(&self, path: &Path) -> io::Result<Stat>;
    /// Follows every link of a path.
    fn resolve(&self, path: &Path) -> io::Result<PathBuf>;
    /// Reads a regular file of at most [`LARGEST`] bytes, with the identity of what was read.
    fn read(&self, path: &Path) -> io::Result<(Stat, Vec<u8>)>;
    /// Reads the extended attributes: access control lists, labels, a user's own.
    fn xattrs(&self, path: &Path) -> io::Result<Xattrs>;
    /// Lists a folder, sorted.
    fn entries(&self, dir: &Path) -> io::Result<Vec<OsString>>;
    fn space(&self, dir: &Path) -> io::Result<Space>;
    fn writable(&self, path: &Path) -> bool;
    /// Tells whether a file is immutable or append-only; a file system without flags says no.
    fn frozen(&self, path: &Path) -> io::Result<bool>;
    /// Takes an advisory lock and leaves a note for those who find it taken.
    fn lock(&self, path: &Path, note: &str) -> io::Result<Lock>;
    fn open(&self, path: &Path, how: How) -> io::Result<Box<dyn Handle + '_>>;
    /// Makes a folder of mode 0700.
    fn mkdir(&self, path: &Path) -> io::Result<()>;
    fn rmdir(&self, path: &Path) -> io::Result<()>;
    fn chown(&self, path: &Path, uid: u32, gid: u32) -> io::Result<()>;
    /// Renames; a taken name is replaced.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Renames; a taken name is an error, [`io::ErrorKind::Unsupported`] where that cannot be had.
    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Exchanges two names in one step; [`io::ErrorKind::Unsupported`] where that cannot be had.
    fn exchange(&self, one: &Path, other: &Path) -> io::Result<()>;
    fn unlink(&self, path: &Path) -> io::Result<()>;
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
}

/// A file open for writing. Attributes are set on what is open, whatever its name becomes.
pub trait Handle {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;
    fn chown(&mut self, uid: u32, gid: u32) -> io::Result<()>;
    fn chmod(&mut self, mode: u32) -> io::Result<()>;
    /// Makes the extended attributes those given; security labels of the system's own may stay.
    fn set_xattrs(&mut self, xattrs: &Xattrs) -> io::Result<()>;
    fn set_mtime(&mut self, mtime: Mtime) -> io::Result<()>;
    fn sync(&mut self) -> io::Result<()>;
}
