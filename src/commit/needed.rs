//! Which transactions have to stay, so that what is in force can be taken back and what was taken
//! back is known to be.
//!
//! It only decides, from the records alone; it reads no image and removes nothing.

use super::history::{Past, Standing};
use super::manifest::Manifest;
use crate::change::RelPath;
use std::collections::{BTreeMap, BTreeSet};

/// Names for each file the transaction that its way back begins with: the newest in force that
/// changed it, is no way back itself, and has its contents still.
pub(super) fn way_back(past: &[Past]) -> BTreeMap<&RelPath, &str> {
    let begins = |past: &Past, manifest: &Manifest| manifest.meta.of.is_none() && !past.forgotten;
    newest(past, begins)
}

/// Says for each transaction why it has to stay; nothing for one that can go.
///
/// What `going` does not name stays anyway, and so does what tells that one that stays is undone.
pub(super) fn reasons(past: &[Past], going: &BTreeSet<&str>) -> Vec<Option<String>> {
    let way_back = way_back(past);
    let present = newest(past, |_, _| true);
    let last = past.iter().rfind(|past| past.standing == Standing::Applied);
    let mut staying: BTreeSet<&str> = BTreeSet::new();
    let mut reasons = Vec::with_capacity(past.len());
    for one in past {
        let id = one.id.as_str();
        let names = |files: &BTreeMap<&RelPath, &str>| {
            files.iter().find(|(_, newest)| **newest == id).map(|(file, _)| file.to_string())
        };
        let undone = one.manifest.as_ref().and_then(|manifest| manifest.meta.of.as_deref());
        let reason = match &one.standing {
            Standing::Unfinished => Some("it is unfinished".to_owned()),
            Standing::Damaged(_) => Some("it cannot be read".to_owned()),
            _ if last.is_some_and(|last| last.id == id) => Some("it is the newest in force".into()),
            _ => names(&way_back)
                .map(|file| format!("the way back of {file} begins with it"))
                .or_else(|| names(&present).map(|file| format!("it says how {file} was left")))
                .or_else(|| {
                    let undone = undone.filter(|undone| staying.contains(undone))?;
                    Some(format!("it says what of {undone} is undone"))
                }),
        };
        if reason.is_some() || !going.contains(id) {
            staying.insert(id);
        }
        reasons.push(reason);
    }
    reasons
}

/// Names for each file the newest transaction in force that changed it, among some.
fn newest(past: &[Past], among: impl Fn(&Past, &Manifest) -> bool) -> BTreeMap<&RelPath, &str> {
    let mut newest = BTreeMap::new();
    for past in past.iter().filter(|past| past.standing == Standing::Applied) {
        if let Some(manifest) = past.manifest.as_ref().filter(|manifest| among(past, manifest)) {
            newest.extend(manifest.files.iter().map(|entry| (&entry.resolved, past.id.as_str())));
        }
    }
    newest
}
