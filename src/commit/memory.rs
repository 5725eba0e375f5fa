//! A disk in memory that tells what a power cut may leave of it.
//!
//! Every operation goes into a volatile state. Syncing a file makes its bytes and attributes
//! durable, syncing a folder its names; nothing else ever is. A lock leaves no file, so that it
//! does not multiply the states, and the clock stands still.

mod flaw;
mod node;

pub use flaw::*;
pub use node::*;

use super::disk::{Caller, Disk, Handle, How, Kind, Lock, Space, Stat};
use super::manifest::{Mtime, Xattrs};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

/// The moment after one operation.
pub struct Point {
    pub verb: &'static str,
    pub path: PathBuf,
    /// What is safe.
    pub durable: Image,
    /// What was done since, in order, and may be lost.
    pub pending: Vec<(Ino, Op)>,
}

/// What the file system cannot do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lacks {
    Nothing,
    /// Names cannot be exchanged, nor renamed only when free.
    Exchange,
    /// Files of this name are mount points of their own.
    Renaming(&'static str),
}

pub struct Memory {
    volatile: RefCell<Image>,
    durable: RefCell<Image>,
    pending: RefCell<Vec<(Ino, Op)>>,
    pub points: RefCell<Vec<Point>>,
    pub lacks: Lacks,
    pub flaw: Flaw,
    late: RefCell<Vec<Ino>>,
}

impl Memory {
    /// A disk with nothing on it.
    pub fn empty() -> Self {
        Self::boot(vec![Rc::new(Node::new(Body::Folder(BTreeMap::new()), 0o755))], Lacks::Nothing)
    }

    /// The disk after a power cut has left this of it.
    pub fn boot(image: Image, lacks: Lacks) -> Self {
        let (volatile, durable) = (RefCell::new(image.clone()), RefCell::new(image));
        let (pending, points) = (RefCell::default(), RefCell::default());
        let late = RefCell::default();
        Self { volatile, durable, pending, points, lacks, flaw: SOUND, late }
    }

    /// The same disk, used by a program with a flaw.
    pub fn flawed(self, flaw: Flaw) -> Self {
        Self { flaw, ..self }
    }

    /// Everything as a process sees it.
    pub fn image(&self) -> Image {
        self.volatile.borrow().clone()
    }

    /// Writes a file of a sample home.
    pub fn put(&self, path: &str, bytes: &[u8], mode: u32) {
        let mut file = self.open(Path::new(path), How::Create).unwrap();
        file.write(bytes).unwrap();
        file.chown(802, 803).unwrap();
        file.set_xattrs(&Xattrs::from([("user.a".into(), vec![0, 255].into())])).unwrap();
        file.chmod(mode).unwrap();
        file.set_mtime(Mtime { seconds: 1_500_000_000, nanos: 5 }).unwrap();
    }

    fn find(&self, path: &Path) -> io::Result<Ino> {
        let image = self.volatile.borrow();
        let mut ino = 0;
        for part in path.components() {
            if let Component::Normal(name) = part {
                let Body::Folder(entries) = &image[ino].body else {
                    return Err(ErrorKind::NotADirectory.into());
                };
                let name = name.to_str().ok_or(ErrorKind::InvalidFilename)?;
                ino = *entries.get(name).ok_or(ErrorKind::NotFound)?;
            }
        }
        Ok(ino)
    }

    fn node(&self, path: &Path) -> io::Result<(Ino, Rc<Node>)> {
        let ino = self.find(path)?;
        Ok((ino, Rc::clone(&self.volatile.borrow()[ino])))
    }

    /// The folder and the name of a path.
    fn split(&self, path: &Path) -> io::Result<(Ino, Name)> {
        let (dir, name) = (path.parent(), path.file_name().and_then(|name| name.to_str()));
        let (dir, name) = dir.zip(name).ok_or(ErrorKind::InvalidInput)?;
        Ok((self.find(dir)?, Name::new(name)))
    }

    fn act(&self, verb: &'static str, path: &Path, ino: Ino, op: Op) {
        Rc::make_mut(&mut self.volatile.borrow_mut()[ino]).suffer(&op);
        self.pending.borrow_mut().push((ino, op));
        self.note(verb, path);
    }

    fn note(&self, verb: &'static str, path: &Path) {
        let (durable, pending) = (self.durable.borrow().clone(), self.pending.borrow().clone());
        self.points.borrow_mut().push(Point { verb, path: path.to_owned(), durable, pending });
    }

    /// Makes a node durable.
    fn sync(&self, verb: &'static str, path: &Path, ino: Ino) {
        match (self.flaw)(verb, path, b"") {
            Fate::Done => self.settle(verb, path, ino),
            Fate::Skipped => {}
            Fate::Late => self.late.borrow_mut().push(ino),
        }
        if path.ends_with("journal") {
            let late = self.late.take();
            late.into_iter().for_each(|ino| self.settle("late sync", path, ino));
        }
    }

    fn settle(&self, verb: &'static str, path: &Path, ino: Ino) {
        self.pending.borrow_mut().retain(|(other, _)| *other != ino);
        self.durable.borrow_mut()[ino] = Rc::clone(&self.volatile.borrow()[ino]);
        self.note(verb, path);
    }

    /// Makes a node and its name; the name is not durable.
    fn make(&self, verb: &'static str, path: &Path, node: Node) -> io::Result<Ino> {
        if self.find(path).is_ok() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let (dir, name) = self.split(path)?;
        let (node, ino) = (Rc::new(node), self.volatile.borrow().len());
        self.durable.borrow_mut().push(Rc::clone(&node));
        self.volatile.borrow_mut().push(node);
        self.act(verb, path, dir, Op::Names(vec![(name, Some(ino))]));
        Ok(ino)
    }

    fn drop_name(&self, verb: &'static str, path: &Path) -> io::Result<()> {
        let (dir, name) = self.split(path)?;
        self.act(verb, path, dir, Op::Names(vec![(name, None)]));
        Ok(())
    }

    /// Gives names of one folder what others stood for, in one step.
    fn turn(&self, verb: &'static str, from: &Path, to: &Path, back: bool) -> io::Result<()> {
        let moved = self.find(from)?;
        let other = if back { Some(self.find(to)?) } else { None };
        let ((dir, one), (beside, two)) = (self.split(from)?, self.split(to)?);
        if let Lacks::Renaming(name) = self.lacks
            && [one.as_str(), two.as_str()].contains(&name)
        {
            return Err(ErrorKind::ResourceBusy.into());
        }
        assert_eq!(dir, beside, "no name leaves its folder");
        self.act(verb, to, dir, Op::Names(vec![(one, other), (two, Some(moved))]));
        Ok(())
    }

    fn exchanging(&self) -> io::Result<()> {
        match self.lacks {
            Lacks::Exchange => Err(ErrorKind::Unsupported.into()),
            _ => Ok(()),
        }
    }
}

impl Disk for Memory {
    fn now(&self) -> time::OffsetDateTime {
        time::OffsetDateTime::from_unix_timestamp(NOW).unwrap()
    }

    fn caller(&self) -> Caller {
        Caller { pid: 1, uid: 0, gids: vec![0], host: "host".into() }
    }

    fn stat(&self, path: &Path) -> io::Result<Stat> {
        let (ino, node) = self.node(path)?;
        let (kind, size) = match &node.body {
            Body::File(bytes) => (Kind::File, bytes.len() as u64),
            Body::Folder(_) => (Kind::Folder, 0),
        };
        let Node { mode, owner: (uid, gid), mtime, .. } = *node;
        Ok(Stat { dev: 1, ino: ino as u64, size, mode, uid, gid, mtime, nlink: 1, kind })
    }

    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        self.find(path).map(|_| path.to_owned())
    }

    fn read(&self, path: &Path) -> io::Result<(Stat, Vec<u8>)> {
        match &self.node(path)?.1.body {
            Body::File(bytes) => Ok((self.stat(path)?, bytes.to_vec())),
            Body::Folder(_) => Err(ErrorKind::InvalidInput.into()),
        }
    }

    fn xattrs(&self, path: &Path) -> io::Result<Xattrs> {
        Ok(Xattrs::clone(&self.node(path)?.1.xattrs))
    }

    fn entries(&self, dir: &Path) -> io::Result<Vec<OsString>> {
        match &self.node(dir)?.1.body {
            Body::Folder(entries) => Ok(entries.keys().map(|name| name.as_str().into()).collect()),
            Body::File(_) => Err(ErrorKind::NotADirectory.into()),
        }
    }

    fn space(&self, _: &Path) -> io::Result<Space> {
        Ok(Space { free: 1 << 40, read_only: false })
    }

    fn writable(&self, _: &Path) -> bool {
        true
    }

    fn frozen(&self, _: &Path) -> io::Result<bool> {
        Ok(false)
    }

    fn lock(&self, _: &Path, _: &str) -> io::Result<Lock> {
        Ok(Lock::Held(Box::new(())))
    }

    fn open(&self, path: &Path, how: How) -> io::Result<Box<dyn Handle + '_>> {
        let ino = match how {
            How::Create => {
                self.make("create", path, Node::new(Body::File(Rc::default()), 0o600))?
            }
            How::Append | How::Overwrite => self.find(path)?,
        };
        if how == How::Overwrite {
            self.act("empty", path, ino, Op::Empty);
        }
        Ok(Box::new(Open { disk: self, path: path.to_owned(), ino }))
    }

    fn mkdir(&self, path: &Path) -> io::Result<()> {
        self.make("mkdir", path, Node::new(Body::Folder(BTreeMap::new()), 0o700)).map(|_| ())
    }

    fn rmdir(&self, path: &Path) -> io::Result<()> {
        match &self.node(path)?.1.body {
            Body::Folder(entries) if entries.is_empty() => self.drop_name("rmdir", path),
            Body::Folder(_) => Err(ErrorKind::DirectoryNotEmpty.into()),
            Body::File(_) => Err(ErrorKind::NotADirectory.into()),
        }
    }

    fn chown(&self, path: &Path, uid: u32, gid: u32) -> io::Result<()> {
        self.act("chown", path, self.find(path)?, Op::Owner(uid, gid));
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.turn("rename", from, to, false)
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.exchanging()?;
        if self.find(to).is_ok() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        self.turn("rename", from, to, false)
    }

    fn exchange(&self, one: &Path, other: &Path) -> io::Result<()> {
        self.exchanging()?;
        self.turn("exchange", one, other, true)
    }

    fn unlink(&self, path: &Path) -> io::Result<()> {
        match &self.node(path)?.1.body {
            Body::File(_) => self.drop_name("unlink", path),
            Body::Folder(_) => Err(ErrorKind::IsADirectory.into()),
        }
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.sync("sync folder", dir, self.find(dir)?);
        Ok(())
    }
}

struct Open<'a> {
    disk: &'a Memory,
    path: PathBuf,
    ino: Ino,
}

impl Open<'_> {
    fn act(&self, verb: &'static str, op: Op) -> io::Result<()> {
        self.disk.act(verb, &self.path, self.ino, op);
        Ok(())
    }
}

impl Handle for Open<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if (self.disk.flaw)("write", &self.path, bytes) == Fate::Skipped {
            return Ok(());
        }
        let Body::File(old) = &self.disk.volatile.borrow()[self.ino].body.clone() else {
            return Err(ErrorKind::IsADirectory.into());
        };
        self.act("write", Op::Write(old.len(), bytes.into()))
    }

    fn chown(&mut self, uid: u32, gid: u32) -> io::Result<()> {
        self.act("chown", Op::Owner(uid, gid))
    }

    fn chmod(&mut self, mode: u32) -> io::Result<()> {
        self.act("chmod", Op::Mode(mode))
    }

    fn set_xattrs(&mut self, xattrs: &Xattrs) -> io::Result<()> {
        self.act("set attributes", Op::Xattrs(Rc::new(xattrs.clone())))
    }

    fn set_mtime(&mut self, mtime: Mtime) -> io::Result<()> {
        self.act("set time", Op::Time(mtime))
    }

    fn sync(&mut self) -> io::Result<()> {
        self.disk.sync("sync", &self.path, self.ino);
        Ok(())
    }
}
