//! The key store behind a reference: where it is, whether the configured password opens it, and
//! which key the reference means.
//!
//! Nothing is judged here. What cannot be known without a password that is kept elsewhere is told
//! as such.

use super::reference::Reference;
use crate::change::RelPath;
use crate::format::keystore::{Certificate, Content, Entry, Fault, Opened, Store};
use crate::home::view::Trouble;
use crate::patch::model::Role;
use crate::plan::scene::Scene;
use crate::secret::Secret;

/// A key store as one reference finds it.
#[derive(Debug)]
pub struct Holding {
    pub file: RelPath,
    pub store: Store,
    /// Whether the configured password opens it; nothing when that is kept elsewhere.
    pub opened: Option<Opened>,
    bytes: std::rc::Rc<[u8]>,
}

/// Why a key store says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// The location is kept elsewhere, or leaves the home.
    Elsewhere(String),
    Trouble(RelPath, Trouble),
    Fault(RelPath, Fault),
}

impl Obstacle {
    /// A clause.
    pub fn clause(&self) -> String {
        match self {
            Self::Elsewhere(why) => why.clone(),
            Self::Trouble(file, trouble) => format!("{file}: {trouble}"),
            Self::Fault(file, fault) => format!("{file}: {fault}"),
        }
    }
}

impl Holding {
    /// Opens the store that a reference names, with the password that stands beside it.
    ///
    /// # Errors
    /// [`Obstacle`], why it says nothing.
    pub fn of(reference: &Reference, scene: &Scene) -> Result<Self, Obstacle> {
        let file = locate(reference, scene)?;
        let bytes =
            scene.view.binary(&file).map_err(|trouble| Obstacle::Trouble(file.clone(), trouble))?;
        let password = password(reference);
        let fault = |fault| Obstacle::Fault(file.clone(), fault);
        let opened = password
            .as_ref()
            .map(|password| Store::opens(&bytes, password))
            .transpose()
            .map_err(fault)?;
        // A password that does not open it is told apart from a store that cannot be read.
        let given = password.as_ref().filter(|_| opened != Some(Opened::No));
        let store = Store::read(&bytes, given).map_err(fault)?;
        Ok(Self { file, store, opened, bytes })
    }

    /// Reads the store with a password that was told apart from the configuration.
    ///
    /// # Errors
    /// What is wrong with the store, or with the password.
    pub fn reread(&self, password: &Secret) -> Result<Store, Fault> {
        Store::read(&self.bytes, Some(password))
    }

    /// Tells whether a password is the store's; nothing for a store that cannot be read.
    pub fn opens(&self, password: &Secret) -> Option<Opened> {
        Store::opens(&self.bytes, password).ok()
    }

    /// Finds the key that a reference means: the one with its alias, else the first.
    pub fn key(&self, reference: &Reference) -> Option<&Entry> {
        let is_key = |entry: &&Entry| matches!(entry.content, Content::Key { .. });
        match reference.alias.as_ref().and_then(|alias| alias.plain()) {
            Some(alias) => self.store.entry(alias).filter(is_key),
            None => self.store.entries().iter().find(is_key),
        }
    }

    /// The certificates that are believed, with their names.
    pub fn trusted(&self) -> impl Iterator<Item = (&str, &Certificate)> {
        self.store.entries().iter().filter_map(|entry| match &entry.content {
            Content::Trusted(certificate) => Some((entry.alias.as_str(), certificate)),
            _ => None,
        })
    }
}

/// The password of a reference's store; nothing when it is kept elsewhere or not known.
pub fn password(reference: &Reference) -> Option<Secret> {
    reference.password.as_ref()?.plain().map(Secret::new)
}

/// The password of a reference's key, which is the store's where nothing else is said.
pub fn key_password(reference: &Reference) -> Option<Secret> {
    match &reference.key_password {
        Some(part) => part.plain().map(Secret::new),
        None => password(reference),
    }
}

/// Finds the file that a reference names, below the home.
///
/// # Errors
/// [`Obstacle::Elsewhere`] for a location that is kept elsewhere or leaves the home.
pub fn locate(reference: &Reference, scene: &Scene) -> Result<RelPath, Obstacle> {
    let Some(text) = reference.location.plain() else {
        return Err(Obstacle::Elsewhere("its location is kept outside the configuration".into()));
    };
    let bare = ["${carbon.home}", "{carbon.home}", "${user.dir}", "${env:CARBON_HOME}"]
        .iter()
        .fold(text.trim(), |text, home| text.strip_prefix(home).unwrap_or(text));
    let root = scene.home.root.to_string_lossy();
    let inside = bare.strip_prefix(root.as_ref()).filter(|rest| rest.starts_with('/'));
    let below = inside.unwrap_or(bare);
    let absolute = below.starts_with('/') && below.len() == text.trim().len();
    let below = below.trim_start_matches('/').trim_start_matches("./");
    // Some tables of deployment.toml name a file of the folder of key stores.
    let path = if below.contains('/') {
        below.to_owned()
    } else {
        format!("{}/{below}", scene.instance.place("security").unwrap_or_default())
    };
    let outside = || {
        Obstacle::Elsewhere(format!(
            "its location {text} is no path below this home, so the store is not looked at"
        ))
    };
    // A profile of an Enterprise Integrator is a home of its own.
    let base = &scene.instance.base;
    let own = (!base.is_empty() && !path.starts_with(base.as_str()))
        .then(|| RelPath::parse(&format!("{base}/{path}")))
        .flatten();
    match own.filter(|own| scene.view.exists(own)) {
        Some(own) => Ok(own),
        // Some parts of the products put the home before a path that begins with a slash.
        None => RelPath::parse(&path)
            .filter(|path| !absolute || scene.view.exists(path))
            .ok_or_else(outside),
    }
}

/// Tells whether keys of this role encrypt or sign, and so must be RSA.
pub fn needs_rsa(role: Role) -> bool {
    matches!(role, Role::Primary | Role::Internal)
}
