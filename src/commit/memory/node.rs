//! The nodes of a disk in memory, and what an operation does to one.
//!
//! Nothing here knows what is durable.

use super::super::manifest::{Mtime, Xattrs};
use crate::digest::Digest;
use std::borrow::Borrow;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A place in an [`Image`]; the root is 0, and none is used twice.
pub type Ino = usize;

/// Everything on a disk at one moment.
pub type Image = Vec<Rc<Node>>;

/// A name in a folder, with its hash.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(Rc<str>, u64);

#[derive(Debug, Clone)]
pub struct Node {
    pub body: Body,
    pub mode: u32,
    pub owner: (u32, u32),
    pub mtime: Mtime,
    pub xattrs: Rc<Xattrs>,
    /// Of all the above; nothing until it is asked for.
    hash: Cell<Option<u64>>,
}

#[derive(Debug, Clone)]
pub enum Body {
    File(Rc<[u8]>),
    Folder(BTreeMap<Name, Ino>),
}

/// What one operation does to one node.
#[derive(Debug, Clone)]
pub enum Op {
    /// Names of a folder, all of them in one step.
    Names(Vec<(Name, Option<Ino>)>),
    Empty,
    Write(usize, Rc<[u8]>),
    Mode(u32),
    Owner(u32, u32),
    Xattrs(Rc<Xattrs>),
    Time(Mtime),
}

/// The moment at which the clock stands, in seconds since 1970.
pub const NOW: i64 = 1_790_000_000;

impl Node {
    pub fn new(body: Body, mode: u32) -> Self {
        let (mtime, xattrs) = (Mtime { seconds: NOW, nanos: 0 }, Rc::default());
        Self { body, mode, owner: (0, 0), mtime, xattrs, hash: Cell::new(None) }
    }

    /// Lets an operation happen to this node.
    pub fn suffer(&mut self, op: &Op) {
        self.hash.set(None);
        match (op, &mut self.body) {
            (Op::Names(names), Body::Folder(entries)) => {
                for (name, ino) in names {
                    match ino {
                        Some(ino) => entries.insert(name.clone(), *ino),
                        None => entries.remove(name),
                    };
                }
            }
            (Op::Empty, Body::File(bytes)) => *bytes = Rc::default(),
            (Op::Write(at, more), Body::File(bytes)) => {
                let mut all = bytes.to_vec();
                all.resize(all.len().max(at + more.len()), 0);
                all[*at..at + more.len()].copy_from_slice(more);
                *bytes = all.into();
                self.mtime = Mtime { seconds: NOW, nanos: 0 };
            }
            (Op::Mode(mode), _) => self.mode = *mode,
            (Op::Owner(uid, gid), _) => self.owner = (*uid, *gid),
            (Op::Xattrs(xattrs), _) => self.xattrs = Rc::clone(xattrs),
            (Op::Time(mtime), _) => self.mtime = *mtime,
            (op, body) => panic!("{op:?} cannot happen to {body:?}"),
        }
    }

    /// Hashes this node alone; of a folder its names and what they stand for.
    pub fn hash(&self) -> u64 {
        self.hash.get().unwrap_or_else(|| {
            let kept = (self.mode, self.owner, self.mtime, &self.xattrs);
            let mut all = mix(1, short(format!("{kept:?}").as_bytes()));
            match &self.body {
                Body::File(bytes) => all = mix(all, short(bytes)),
                Body::Folder(entries) => {
                    entries.iter().for_each(|(name, ino)| all = mix(mix(all, name.1), *ino as u64));
                }
            }
            self.hash.set(Some(all));
            all
        })
    }
}

impl Name {
    pub fn new(text: &str) -> Self {
        Self(text.into(), short(text.as_bytes()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// Hashes everything that can be reached from a folder, but for one name in it.
pub fn fingerprint(image: &Image, ino: Ino, but: &str) -> u64 {
    let node = &image[ino];
    let Body::Folder(entries) = &node.body else {
        return node.hash();
    };
    let mut all = u64::from(node.mode);
    for (name, ino) in entries {
        if name.as_str() != but {
            all = mix(mix(all, name.1), fingerprint(image, *ino, ""));
        }
    }
    all
}

pub fn mix(a: u64, b: u64) -> u64 {
    let all = (a.rotate_left(29) ^ b).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    all ^ (all >> 32)
}

fn short(bytes: &[u8]) -> u64 {
    u64::from_str_radix(&Digest::of(bytes).to_string()[..16], 16).unwrap()
}
