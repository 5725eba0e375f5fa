//! Which key stores a configuration names, for what, and with which password.

use super::holding::{key_password, locate, password};
use super::reference::references;
use crate::change::{Place, RelPath};
use crate::patch::Patch;
use crate::patch::model::Role;
use crate::plan::scene::Scene;
use crate::secret::Secret;

/// One reference to a key store, as far as it stands in the configuration.
#[derive(Debug, Clone)]
pub struct Named {
    pub file: RelPath,
    pub role: Role,
    pub place: Place,
    /// Nothing where it is kept elsewhere.
    pub password: Option<Secret>,
    pub key_password: Option<Secret>,
    pub alias: Option<String>,
}

/// Lists the references of an instance whose stores lie in the home.
pub fn named(patch: &Patch, scene: &Scene) -> Vec<Named> {
    let one = |reference: super::reference::Reference| {
        Some(Named {
            file: locate(&reference, scene).ok()?,
            role: reference.role(),
            password: password(&reference),
            key_password: key_password(&reference),
            alias: reference.alias.as_ref().and_then(|alias| alias.plain()).map(str::to_owned),
            place: reference.location.place,
        })
    };
    references(patch, scene).found.into_iter().filter_map(one).collect()
}
