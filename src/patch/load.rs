//! Loading patch files: the embedded set, then the folders an operator names.
//!
//! A file with an existing code replaces that patch whole. Every error names file and line.

use super::file;
use super::model::Patch;
use crate::change::Code;
use crate::digest::Digest;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// All patches, by code.
#[derive(Debug)]
pub struct Catalogue {
    patches: BTreeMap<Code, Patch>,
    /// Patches that came from a folder, and whether each replaces a built-in one.
    pub foreign: Vec<(Code, PathBuf, bool)>,
    digest: Digest,
}

/// What is wrong with a patch file.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("{}{}: {why}", file.display(), line.map(|l| format!(":{l}")).unwrap_or_default())]
    Wrong { file: PathBuf, line: Option<usize>, why: String },
    #[error("{}: the patch file cannot be read", file.display())]
    Unreadable {
        file: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{}: the folder holds no patch file (*.toml)", .0.display())]
    Empty(PathBuf),
}

impl Catalogue {
    /// Loads the embedded patches, then those of each folder, in the folders' order.
    ///
    /// # Errors
    /// [`LoadError`] for the first file that is not a sound patch.
    pub fn load(folders: &[PathBuf]) -> Result<Self, LoadError> {
        let mut patches = BTreeMap::new();
        let mut foreign = Vec::new();
        let mut texts = String::new();
        for (name, text) in EMBEDDED {
            let patch = parse(Path::new(name), text)?;
            texts.push_str(text);
            patches.insert(patch.code.clone(), patch);
        }
        for folder in folders {
            for (path, text) in read_folder(folder)? {
                let patch = parse(&path, &text)?;
                texts.push_str(&text);
                let code = patch.code.clone();
                foreign.push((code.clone(), path, patches.insert(code, patch).is_some()));
            }
        }
        Ok(Self { patches, foreign, digest: Digest::of(texts.as_bytes()) })
    }

    /// The catalogue's version: the first twelve digits of the digest of all patch files.
    pub fn version(&self) -> String {
        self.digest.to_string()[..12].to_owned()
    }

    /// Lists the patches in the order of the guide: product, system, network.
    pub fn patches(&self) -> impl Iterator<Item = &Patch> {
        let mut all: Vec<&Patch> = self.patches.values().collect();
        all.sort_by_key(|patch| (patch.level as u8, patch.code.clone()));
        all.into_iter()
    }

    pub fn patch(&self, code: &Code) -> Option<&Patch> {
        self.patches.get(code)
    }

    /// Finds a patch by code or name.
    pub fn find(&self, text: &str) -> Option<&Patch> {
        Code::parse(text)
            .and_then(|code| self.patches.get(&code))
            .or_else(|| self.patches.values().find(|patch| patch.name == text))
    }
}

/// Checks every patch file of a folder and tells how many there are.
///
/// # Errors
/// All faults, each with file and line.
pub fn check_folder(folder: &Path) -> Result<usize, Vec<LoadError>> {
    let files = read_folder(folder).map_err(|error| vec![error])?;
    let faults: Vec<LoadError> =
        files.iter().filter_map(|(path, text)| parse(path, text).err()).collect();
    if faults.is_empty() { Ok(files.len()) } else { Err(faults) }
}

fn read_folder(folder: &Path) -> Result<Vec<(PathBuf, String)>, LoadError> {
    let unreadable = |file: &Path| {
        let file = file.to_path_buf();
        move |source| LoadError::Unreadable { file, source }
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable(folder))? {
        let path = entry.map_err(unreadable(folder))?.path();
        if path.extension().is_some_and(|ext| ext == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    if paths.is_empty() {
        return Err(LoadError::Empty(folder.to_path_buf()));
    }
    paths
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).map_err(unreadable(&path))?;
            Ok((path, text))
        })
        .collect()
}

fn parse(path: &Path, text: &str) -> Result<Patch, LoadError> {
    let wrong = |line, why: String| LoadError::Wrong { file: path.to_path_buf(), line, why };
    let file: file::File = toml_edit::de::from_str(text).map_err(|error| {
        let line = error.span().map(|span| line_of(text, span.start));
        wrong(line, format!("{}.", error.message()))
    })?;
    let expected = format!("{}-{}.toml", file.code, file.name);
    if path.file_name().is_none_or(|name| name != expected.as_str()) {
        return Err(wrong(
            Some(1),
            format!("code and name want this file to be called {expected}."),
        ));
    }
    Patch::check(file).map_err(|(what, why)| {
        let line = text.find(&what).map(|at| line_of(text, at));
        wrong(line, format!("{what}: {why}."))
    })
}

fn line_of(text: &str, offset: usize) -> usize {
    crate::text::position(text.as_bytes(), offset).line
}
