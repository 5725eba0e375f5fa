//! The files of a home as they are, and as they would be: an overlay that nobody writes to disk.
//!
//! A file is read once. What cannot be read is told with its reason and stays an error for the
//! patches that need it; the others go on.

use super::certificate::{self, Served};
use super::discover::Instance;
use super::effective::Mapping;
use super::installed;
use super::shelf::Shelf;
use crate::change::RelPath;
use crate::format::script::{Kind, Launcher};
use crate::format::{Fault, properties, toml, xml};
use crate::secret::Secret;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Files of one home, read and understood once, with contents that would be written laid over them.
#[derive(Debug, Default)]
pub struct View {
    root: PathBuf,
    read: RefCell<HashMap<RelPath, Read>>,
    overlay: BTreeMap<RelPath, Content>,
    xml: Shelf<RelPath, xml::Document, Fault>,
    toml: Shelf<RelPath, toml::Document, Fault>,
    properties: Shelf<RelPath, properties::Document, Fault>,
    launchers: Shelf<RelPath, Launcher, Fault>,
    /// By the folder of the instance; no patch changes what they are made of.
    mappings: Shelf<String, Mapping, String>,
    certificates: Shelf<(RelPath, Option<String>), Served, String>,
}

/// Why a file says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Silence {
    Trouble(Trouble),
    Fault(Fault),
    /// A sentence about something else that stands in the way.
    Other(String),
}

impl Silence {
    /// A clause, then what to do next.
    pub fn sentence(&self) -> String {
        match self {
            Self::Trouble(trouble) => format!("{trouble}. {}", trouble.hint()),
            Self::Fault(fault) => format!("{}. {}", fault.reason, fault.hint),
            Self::Other(text) => text.clone(),
        }
    }
}

/// The bytes of a file, shared by all who look at it.
pub type Content = Rc<[u8]>;

type Read = Result<Content, Trouble>;

/// Why a file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    #[error("the file does not exist")]
    Missing,
    #[error("the file may not be read by this user")]
    Forbidden,
    #[error("it is not a regular file")]
    NotAFile,
    #[error("it is a link that leaves the home, to {}", .0.display())]
    Outside(PathBuf),
    #[error("the file is larger than {} MiB", LIMIT >> 20)]
    TooLarge,
    #[error("the file is not text: it holds a NUL byte")]
    NotText,
    #[error("the file cannot be read: {0}")]
    Io(String),
}

impl Trouble {
    /// Says what to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Missing => "Check the product's installation.",
            Self::Forbidden => "Run as a user who may read it.",
            Self::NotAFile | Self::Outside(_) => "Replace it by a regular file inside the home.",
            Self::TooLarge | Self::NotText => "Check whether it was overwritten by mistake.",
            Self::Io(_) => "Check the disk and the mount.",
        }
    }
}

/// The largest shipped configuration file has about 100 KB.
const LIMIT: u64 = 8 << 20;

impl View {
    pub fn of(root: &Path) -> Self {
        Self { root: root.to_path_buf(), ..Self::default() }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Gives a file's content, as it would be after what was put so far.
    ///
    /// # Errors
    /// [`Trouble`] with the reason.
    pub fn content(&self, file: &RelPath) -> Result<Content, Trouble> {
        match self.overlay.get(file) {
            Some(content) => Ok(Rc::clone(content)),
            None => self.original(file),
        }
    }

    /// Gives a file's content as it is on disk.
    ///
    /// # Errors
    /// [`Trouble`] with the reason.
    pub fn original(&self, file: &RelPath) -> Result<Content, Trouble> {
        if let Some(known) = self.read.borrow().get(file) {
            return known.clone();
        }
        let content = self.load(file).and_then(|content| {
            if content.contains(&0) { Err(Trouble::NotText) } else { Ok(content.into()) }
        });
        self.read.borrow_mut().insert(file.clone(), content.clone());
        content
    }

    /// Gives the content of a file that need not be text, as it would be after what was put so far.
    ///
    /// # Errors
    /// [`Trouble`] with the reason.
    pub fn binary(&self, file: &RelPath) -> Result<Content, Trouble> {
        match self.overlay.get(file) {
            Some(content) => Ok(Rc::clone(content)),
            None => self.load(file).map(Content::from),
        }
    }

    /// Lists the files below a folder, links not followed; at most ten thousand, eight folders deep.
    pub fn files_below(&self, folder: &RelPath) -> Vec<RelPath> {
        let mut found = Vec::new();
        let mut open = vec![(folder.clone(), 0)];
        while let Some((folder, depth)) = open.pop() {
            let Ok(entries) = std::fs::read_dir(self.root.join(folder.as_str())) else { continue };
            for entry in entries.flatten() {
                let name = entry.file_name();
                let path = name.to_str().and_then(|n| RelPath::parse(&format!("{folder}/{n}")));
                match (path, entry.file_type()) {
                    (Some(path), Ok(kind)) if kind.is_dir() && depth < 8 => {
                        open.push((path, depth + 1));
                    }
                    (Some(path), Ok(kind)) if kind.is_file() && found.len() < 10_000 => {
                        found.push(path);
                    }
                    _ => {}
                }
            }
        }
        found.sort();
        found
    }

    /// Tells whether a folder holds files, not counting those below its own folders.
    pub fn holds_files(&self, folder: &RelPath) -> bool {
        let entries = std::fs::read_dir(self.root.join(folder.as_str()));
        entries.is_ok_and(|entries| {
            entries.flatten().any(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        })
    }

    /// Tells whether a file exists, readable or not.
    pub fn exists(&self, file: &RelPath) -> bool {
        self.overlay.contains_key(file) || self.root.join(file.as_str()).exists()
    }

    /// Gives a file as XML.
    pub fn xml(&self, file: &RelPath) -> Result<Rc<xml::Document>, Silence> {
        let content = self.content(file).map_err(Silence::Trouble)?;
        self.xml.have(file, || xml::Document::parse(&content)).map_err(Silence::Fault)
    }

    /// Gives a file as TOML.
    pub fn toml(&self, file: &RelPath) -> Result<Rc<toml::Document>, Silence> {
        let content = self.content(file).map_err(Silence::Trouble)?;
        self.toml.have(file, || toml::Document::parse(&content)).map_err(Silence::Fault)
    }

    /// Gives a file as properties.
    pub fn properties(&self, file: &RelPath) -> Result<Rc<properties::Document>, Silence> {
        let content = self.content(file).map_err(Silence::Trouble)?;
        let parse = || properties::Document::parse(&content);
        self.properties.have(file, parse).map_err(Silence::Fault)
    }

    /// Gives a file as a launcher.
    pub fn launcher(&self, file: &RelPath, kind: Kind) -> Result<Rc<Launcher>, Silence> {
        let content = self.content(file).map_err(Silence::Trouble)?;
        self.launchers.have(file, || Launcher::parse(kind, &content)).map_err(Silence::Fault)
    }

    /// Tells how settings of an instance's deployment.toml are mapped, defaulted and read.
    pub fn mapping(&self, instance: &Instance) -> Result<Rc<Mapping>, Silence> {
        let read = || installed::mapping(self, instance);
        self.mappings.have(&instance.base, read).map_err(Silence::Other)
    }

    /// Tells the certificate of a key store's private key; the password is the one that the
    /// configuration gives for this store.
    ///
    /// # Errors
    /// A clause saying why it cannot be told.
    pub fn served(
        &self,
        store: &RelPath,
        alias: Option<&str>,
        password: Option<&Secret>,
    ) -> Result<Rc<Served>, String> {
        self.certificates.have(&(store.clone(), alias.map(str::to_owned)), || {
            let content = self.binary(store).map_err(|trouble| trouble.to_string())?;
            certificate::served(&content, alias, password)
        })
    }

    /// Lays a content over a file.
    pub fn put(&mut self, file: &RelPath, content: Vec<u8>) {
        self.xml.forget(file);
        self.toml.forget(file);
        self.properties.forget(file);
        self.launchers.forget(file);
        self.certificates.forget_all();
        self.overlay.insert(file.clone(), content.into());
    }

    /// Lists the files whose content differs from the disk's, with both contents; a file that is not
    /// there yet has no first one. What was read once is not read again: edits of a text that is no
    /// longer on disk would pass for edits of the one that is.
    pub fn changed(&self) -> Vec<(RelPath, Option<Content>, Content)> {
        let differs = |(file, after): (&RelPath, &Content)| {
            let known = self.read.borrow().get(file).cloned();
            let before = match known.unwrap_or_else(|| self.load(file).map(Content::from)) {
                Ok(before) => Some(before),
                Err(Trouble::NotText) => self.load(file).ok().map(Content::from),
                Err(Trouble::Missing) => None,
                Err(_) => return None,
            };
            (before.as_ref() != Some(after)).then(|| (file.clone(), before, Rc::clone(after)))
        };
        self.overlay.iter().filter_map(differs).collect()
    }

    fn load(&self, file: &RelPath) -> Result<Vec<u8>, Trouble> {
        let path = self.root.join(file.as_str());
        let real = path.canonicalize().map_err(|error| trouble(&error))?;
        if !real.starts_with(&self.root) {
            return Err(Trouble::Outside(real));
        }
        // Looked at before it is opened: opening a pipe would wait for a writer.
        let meta = real.metadata().map_err(|error| trouble(&error))?;
        if !meta.is_file() {
            return Err(Trouble::NotAFile);
        }
        if meta.len() > LIMIT {
            return Err(Trouble::TooLarge);
        }
        let opened = File::open(&real).map_err(|error| trouble(&error))?;
        let mut content = Vec::with_capacity(usize::try_from(meta.len()).unwrap_or(0));
        opened.take(LIMIT + 1).read_to_end(&mut content).map_err(|error| trouble(&error))?;
        Ok(content)
    }
}

fn trouble(error: &std::io::Error) -> Trouble {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Trouble::Missing,
        ErrorKind::PermissionDenied => Trouble::Forbidden,
        _ => Trouble::Io(error.to_string()),
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests write their own files")]
mod tests {
    use super::*;

    fn path(text: &str) -> RelPath {
        RelPath::parse(text).expect("a path")
    }

    #[test]
    fn the_overlay_hides_the_disk_and_tells_what_changed() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join("a"), "old").expect("a file");
        let root = dir.path().canonicalize().expect("a path");
        let mut view = View::of(&root);
        view.put(&path("a"), b"new".to_vec());
        assert_eq!(&*view.content(&path("a")).expect("content"), b"new");
        assert_eq!(&*view.original(&path("a")).expect("content"), b"old");
        assert_eq!(view.changed().len(), 1);
        view.put(&path("a"), b"old".to_vec());
        assert!(view.changed().is_empty());
    }

    #[test]
    fn a_file_that_is_saved_meanwhile_is_not_what_was_changed() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join("a"), "read").expect("a file");
        let mut view = View::of(&dir.path().canonicalize().expect("a path"));
        view.content(&path("a")).expect("content");
        std::fs::write(dir.path().join("a"), "saved").expect("a file");
        view.put(&path("a"), b"new".to_vec());
        let (_, before, after) = view.changed().remove(0);
        assert_eq!((before.as_deref(), &*after), (Some(&b"read"[..]), &b"new"[..]));
    }

    #[test]
    fn what_cannot_be_used_is_told_apart() {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path().canonicalize().expect("a path");
        std::fs::write(root.join("nul"), b"a\0b").expect("a file");
        std::fs::create_dir(root.join("dir")).expect("a folder");
        std::os::unix::fs::symlink("/etc/hostname", root.join("out")).expect("a link");
        std::os::unix::fs::symlink("out2", root.join("dangling")).expect("a link");
        let view = View::of(&root);
        assert_eq!(view.content(&path("nul")), Err(Trouble::NotText));
        assert_eq!(view.content(&path("dir")), Err(Trouble::NotAFile));
        assert!(matches!(view.content(&path("out")), Err(Trouble::Outside(_))));
        assert_eq!(view.content(&path("dangling")), Err(Trouble::Missing));
        assert_eq!(view.content(&path("none")), Err(Trouble::Missing));
    }
}
