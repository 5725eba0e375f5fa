//! The file that a path of a plan means, and what is there.
//!
//! Links are followed once, here, and what they lead to must lie inside the home; afterwards only
//! the resolved path is used. A target is never a folder, a device or a pipe.

use super::disk::{Disk, Kind, LARGEST, Stat};
use super::error::{Error, on};
use super::manifest::{Attrs, Entry, Image, Xattrs};
use crate::change::RelPath;
use crate::digest::Digest;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A file of the home that a transaction is about.
#[derive(Debug)]
pub(super) struct Target {
    /// The path as the plan names it.
    pub file: RelPath,
    /// The path once links are followed, below the home.
    pub resolved: RelPath,
    pub path: PathBuf,
    pub sight: Sight,
}

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sight {
    Nothing,
    File(Box<Look>),
    /// A folder, link, device or pipe, or a file that is too large to be a configuration.
    Else(Stat),
}

/// A regular file as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Look {
    pub stat: Stat,
    pub bytes: Vec<u8>,
    pub xattrs: Xattrs,
}

/// Which of a transaction's two images a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Before,
    After,
    /// Neither: somebody else changed it.
    Foreign,
}

impl Target {
    /// Finds the file that a path means.
    ///
    /// # Errors
    /// A link that leads out of the home or nowhere, or a path that cannot be read.
    pub fn find(disk: &dyn Disk, home: &Path, file: &RelPath) -> Result<Self, Error> {
        let named = home.join(file.as_str());
        let path = match disk.stat(&named) {
            Ok(_) => disk.resolve(&named).map_err(on("follow", &named))?,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let (Some(dir), Some(name)) = (named.parent(), named.file_name()) else {
                    return Err(on("look at", &named)(error));
                };
                disk.resolve(dir).map_err(on("follow", dir))?.join(name)
            }
            Err(error) => return Err(on("look at", &named)(error)),
        };
        let below = path.strip_prefix(home).ok().and_then(Path::to_str).and_then(RelPath::parse);
        let Some(resolved) = below else {
            return Err(Error::Refused {
                what: file.to_string(),
                why: format!("leads out of the home, to {}", path.display()),
                hint: "Change that file itself, or put a copy in place of the link.".into(),
            });
        };
        let sight = Sight::of(disk, &path)?;
        Ok(Self { file: file.clone(), resolved, path, sight })
    }
}

impl Sight {
    /// Looks at a path, links not followed.
    pub fn of(disk: &dyn Disk, path: &Path) -> Result<Self, Error> {
        let stat = match disk.stat(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::Nothing),
            stat => stat.map_err(on("look at", path))?,
        };
        if stat.kind != Kind::File || stat.size > LARGEST {
            return Ok(Self::Else(stat));
        }
        let (stat, bytes) = disk.read(path).map_err(on("read", path))?;
        let xattrs = disk.xattrs(path).map_err(on("read the attributes of", path))?;
        Ok(Self::File(Box::new(Look { stat, bytes, xattrs })))
    }

    pub fn file(&self) -> Option<&Look> {
        match self {
            Self::File(look) => Some(look),
            _ => None,
        }
    }

    /// Tells which image of an entry this is.
    ///
    /// Content decides; attributes do where the contents are equal.
    pub fn side(&self, entry: &Entry) -> Side {
        let is = |image: &Option<Image>, exact: bool| match (self, image) {
            (Self::Nothing, None) => true,
            (Self::File(look), Some(image)) => {
                let attrs = &image.attrs;
                Digest::of(&look.bytes) == image.digest && (!exact || look.has(attrs))
            }
            _ => false,
        };
        let same = entry.before.as_ref().map(|image| image.digest)
            == entry.after.as_ref().map(|image| image.digest);
        if is(&entry.before, same) {
            Side::Before
        } else if is(&entry.after, same) {
            Side::After
        } else {
            Side::Foreign
        }
    }
}

impl Look {
    pub fn image(&self) -> Image {
        Image { digest: Digest::of(&self.bytes), size: self.stat.size, attrs: self.attrs() }
    }

    pub fn attrs(&self) -> Attrs {
        let Stat { mode, uid, gid, mtime, .. } = self.stat;
        Attrs { mode, uid, gid, mtime: Some(mtime), xattrs: Some(self.xattrs.clone()) }
    }

    /// Tells whether mode, owner and extended attributes are as given; the time does not count,
    /// nor do security labels that the system adds by itself.
    pub fn has(&self, attrs: &Attrs) -> bool {
        let owned =
            (self.stat.mode, self.stat.uid, self.stat.gid) == (attrs.mode, attrs.uid, attrs.gid);
        owned
            && attrs.xattrs.as_ref().is_none_or(|wanted| {
                let there = wanted.iter().all(|(name, value)| self.xattrs.get(name) == Some(value));
                let only =
                    |name: &String| wanted.contains_key(name) || name.starts_with("security.");
                there && self.xattrs.keys().all(only)
            })
    }
}

/// The name beside a target under which its new content waits, and later its old one.
pub(super) fn staged(path: &Path, id: &str) -> PathBuf {
    beside(path, &format!(".harden-{id}"))
}

/// The name beside a target under which an image waits to be put back.
pub(super) fn returning(path: &Path, id: &str) -> PathBuf {
    beside(path, &format!(".harden-{id}~"))
}

/// The folder of a path.
pub(super) fn folder(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(suffix);
    path.with_file_name(name)
}
