//! What the tests share: copies of homes, the catalogue with test parameters, blessed files.

#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests write their own copies"
)]

pub mod applier;
pub mod store;
pub mod terminal;

use harden::change::{Code, Plan, Status};
use harden::home::{Home, View, discover};
use harden::native::key;
use harden::native::keystore::Format;
use harden::patch::{Catalogue, Patch};
use harden::plan::fold::Choice;
use harden::plan::judge::Values;
use harden::plan::keys::Forge;
use harden::plan::{Conflict, Scene, Take, evaluate, fold};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};
use tempfile::TempDir;
use time::OffsetDateTime;

/// The repository's root.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The golden homes by name.
pub fn golden_homes() -> Vec<(String, PathBuf)> {
    folders(&root().join("golden/homes"))
}

/// Real homes kept beside the repository, when they are there.
pub fn corpus_homes() -> Vec<(String, PathBuf)> {
    folders(&root().join("../shared/corpus"))
}

fn folders(parent: &Path) -> Vec<(String, PathBuf)> {
    let Ok(entries) = fs::read_dir(parent) else {
        return Vec::new();
    };
    let mut found: Vec<(String, PathBuf)> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), path))
        .collect();
    found.sort();
    found
}

/// Makes a store once, so that all copies of a home are alike although sealing is random.
fn same(name: &str, make: impl FnOnce() -> Vec<u8>) -> Vec<u8> {
    static MADE: Mutex<BTreeMap<String, Vec<u8>>> = Mutex::new(BTreeMap::new());
    MADE.lock().unwrap().entry(name.to_owned()).or_insert_with(make).clone()
}

/// A copy of a home in a temporary folder, with a key store of a certificate for `localhost` and a
/// trust store in each instance that has none.
pub struct Copy {
    pub dir: TempDir,
    pub root: PathBuf,
}

impl Copy {
    pub fn of(home: &Path) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap().join("home");
        copy_tree(home, &root);
        for base in ["", "wso2/broker", "wso2/business-process"] {
            let security = root.join(base).join("repository/resources/security");
            if security.is_dir() && !security.join("wso2carbon.jks").exists() {
                let made = same("key", || store::jks("wso2carbon", &["localhost"]));
                fs::write(security.join("wso2carbon.jks"), made).unwrap();
            }
            if home.ends_with("carbon-4.6.3-stronger") {
                for (file, alias) in [("internal.jks", "internal"), ("tls.jks", "esb.example.com")]
                {
                    let strong = || store::fresh("esb.example.com", alias, &own().1, Format::Jks);
                    fs::write(security.join(file), same(alias, strong)).unwrap();
                }
                fs::write(security.join("trusted.jks"), same("trust", store::trust)).unwrap();
                break;
            }
            let trust = security.join("client-truststore.jks");
            if security.is_dir() && !trust.exists() {
                fs::write(trust, same("trust", store::trust)).unwrap();
            }
        }
        Self { dir, root }
    }

    pub fn home(&self) -> Home {
        discover::discover(&self.root).unwrap()
    }
}

pub fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_tree(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
            let mut rights = fs::metadata(&target).unwrap().permissions();
            std::os::unix::fs::PermissionsExt::set_mode(
                &mut rights,
                std::os::unix::fs::PermissionsExt::mode(
                    &fs::metadata(&path).unwrap().permissions(),
                ) | 0o600,
            );
            fs::set_permissions(&target, rights).unwrap();
        }
    }
}

/// Content, mode and owner of every file below a folder, the state folder left out.
pub fn snapshot(root: &Path) -> BTreeMap<PathBuf, (Vec<u8>, u32, u32, u32)> {
    use std::os::unix::fs::MetadataExt as _;
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with(".harden") {
                continue;
            }
            let meta = path.symlink_metadata().unwrap();
            if meta.is_dir() {
                folders.push(path);
            } else {
                let content = fs::read(&path).unwrap();
                let name = path.strip_prefix(root).unwrap().to_path_buf();
                files.insert(name, (content, meta.mode(), meta.uid(), meta.gid()));
            }
        }
    }
    files
}

/// The embedded patches, told the parameters that have no default.
///
/// New key stores get one key and one password, made once for each process.
pub struct Bench {
    pub catalogue: Catalogue,
    values: BTreeMap<Code, Values>,
}

/// A store with a key of the process's own, and its password.
pub fn own() -> &'static (Vec<u8>, String) {
    static OWN: OnceLock<(Vec<u8>, String)> = OnceLock::new();
    OWN.get_or_init(|| {
        let password = key::password(key::PASSWORD_LENGTH).unwrap();
        let text = String::from_utf8(password.reveal().to_vec()).unwrap();
        (store::both("localhost", &text), text)
    })
}

impl Bench {
    pub fn new() -> Self {
        let catalogue = Catalogue::load(&[]).unwrap();
        let mut values = BTreeMap::new();
        for patch in catalogue.patches() {
            let mut told = BTreeMap::new();
            for (name, value) in [
                ("offset", "20"),
                ("broker-offset", "23"),
                ("business-process-offset", "22"),
                ("analytics-offset", "21"),
                ("password", own().1.as_str()),
            ] {
                if patch.params.contains_key(name) {
                    told.insert(name.to_owned(), value.to_owned());
                }
            }
            values.insert(patch.code.clone(), patch.settle(&told).unwrap());
        }
        Self { catalogue, values }
    }

    pub fn values(&self, patch: &Patch) -> &Values {
        &self.values[&patch.code]
    }

    /// Makes the new key stores of one plan.
    pub fn forge(&self) -> Forge {
        Forge::new(OffsetDateTime::now_utc(), Some(own().0.clone()))
    }

    /// Choices of some patches for every instance in which they deviate and can do something.
    pub fn choices<'a>(
        &'a self,
        home: &'a Home,
        forge: &'a Forge,
        codes: &[&str],
    ) -> Vec<Choice<'a>> {
        let view = View::of(&home.root);
        let mut choices = Vec::new();
        for patch in self.catalogue.patches() {
            if !codes.is_empty() && !codes.contains(&patch.code.as_str()) {
                continue;
            }
            for instance in &home.instances {
                let scene = Scene { home, instance, view: &view };
                let values = self.values(patch);
                let deviates = evaluate(patch, values, &scene).status == Status::Deviates;
                let idle = patch.native.is_some()
                    && forge.draft(patch, values, &scene).map_or(true, |draft| draft.is_empty());
                if deviates && !idle {
                    choices.push(Choice { patch, values, instance, take: Take::default(), forge });
                }
            }
        }
        choices
    }

    pub fn plan(&self, home: &Home, codes: &[&str]) -> Result<Plan, Conflict> {
        let forge = self.forge();
        fold(home, &self.choices(home, &forge, codes))
    }
}

/// Compares a text with its blessed file, or writes it when `HARDEN_BLESS=1`. Tells whether they
/// differ.
pub fn differs(path: &Path, content: &[u8]) -> bool {
    if blessing() {
        if fs::read(path).ok().as_deref() != Some(content) {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        return false;
    }
    fs::read(path).ok().as_deref() != Some(content)
}

pub fn blessing() -> bool {
    std::env::var_os("HARDEN_BLESS").is_some_and(|value| value == "1")
}
