//! Whether stores, passwords, aliases and references agree: the proof of a change of key stores.

use super::holding::{Holding, key_password, locate};
use super::reference::{Reference, references};
use crate::change::RelPath;
use crate::format::keystore::Opened;
use crate::patch::Patch;
use crate::patch::model::Role;
use crate::plan::scene::Scene;

/// Checks every reference to one of these stores, as the view or the disk has it now: the store is
/// there and of the type that is declared, the password opens it, the key is in it, and the key's
/// password opens that.
///
/// # Errors
/// A clause that names the reference and what does not agree.
pub fn agree(patch: &Patch, scene: &Scene, stores: &[&RelPath]) -> Result<(), String> {
    let mut named = vec![false; stores.len()];
    for reference in references(patch, scene).found {
        let Ok(file) = locate(&reference, scene) else { continue };
        let Some(at) = stores.iter().position(|store| **store == file) else { continue };
        named[at] = true;
        check(&reference, scene)
            .map_err(|why| format!("{} in {}: {why}", reference.name(), reference.file))?;
    }
    match named.iter().position(|named| !named) {
        Some(at) => Err(format!("nothing names the store {}", stores[at])),
        None => Ok(()),
    }
}

fn check(reference: &Reference, scene: &Scene) -> Result<(), String> {
    let holding = Holding::of(reference, scene).map_err(|obstacle| obstacle.clause())?;
    if holding.opened == Some(Opened::No) {
        return Err(format!("the password does not open {}", holding.file));
    }
    let declared = reference.kind.as_ref().and_then(|kind| kind.plain());
    let is = holding.store.format().word();
    if let Some(declared) = declared.filter(|declared| !declared.eq_ignore_ascii_case(is)) {
        return Err(format!("{} is {is}, and declared as {declared}", holding.file));
    }
    if reference.role() == Role::Trust {
        return Ok(());
    }
    let entry = holding
        .key(reference)
        .ok_or_else(|| format!("{} does not hold the key that is named", holding.file))?;
    match key_password(reference) {
        Some(password) => holding
            .store
            .private_key(&entry.alias, &password)
            .map(|_| ())
            .map_err(|fault| fault.to_string()),
        None => Ok(()),
    }
}
