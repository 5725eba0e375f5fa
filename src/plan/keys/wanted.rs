//! What each part of a reference must say once there are new key stores.
//!
//! A location keeps its own style: only the name of the file in it changes.

use super::draft::NewStore;
use super::reference::{Part, Reference};
use crate::change::RelPath;
use crate::format::keystore::Format;
use crate::format::toml;
use crate::patch::model::{Literal, Spot, Want};
use crate::patch::template::Template;
use crate::secret::Secret;

/// What a reference to a new store says. A password that is kept elsewhere stays there.
pub fn of_new(reference: &Reference, store: &NewStore, password: &Secret) -> Vec<Want> {
    let spot = &reference.spot;
    let secret = String::from_utf8_lossy(password.reveal());
    let mut wants = vec![want(
        &spot.location,
        &renamed(reference.location.plain().unwrap_or_default(), &store.file),
    )];
    if let Some(kind) = &spot.kind {
        let word = store.format.word();
        let says = reference.kind.as_ref().and_then(Part::plain);
        // Nothing said means JKS.
        if !says.unwrap_or("JKS").eq_ignore_ascii_case(word) {
            wants.push(want(kind, word));
        }
    }
    if let (Some(alias), Some(part)) = (&spot.alias, &reference.alias)
        && !part.plain().is_some_and(|says| says.eq_ignore_ascii_case(&store.alias))
    {
        wants.push(want(alias, &store.alias));
    }
    if let Some(place) = &spot.password
        && reference.password.as_ref().is_none_or(|part| part.plain().is_some())
    {
        wants.push(Want { secret: true, ..want(place, &secret) });
    }
    // Nothing said means the password of the store.
    if let (Some(place), Some(part)) = (&spot.key_password, &reference.key_password)
        && part.plain().is_some()
    {
        wants.push(Want { secret: true, ..want(place, &secret) });
    }
    wants
}

/// What a reference says that must go on naming what it names now, although the product's default
/// for it changes.
pub fn of_pinned(reference: &Reference) -> Vec<Want> {
    let spot = &reference.spot;
    // Only deployment.toml has such defaults; an XML file says all of it already.
    if !matches!(spot.location, Spot::Toml { .. }) {
        return Vec::new();
    }
    let parts = [
        (Some(&spot.location), Some(&reference.location), false),
        (spot.kind.as_ref(), reference.kind.as_ref(), false),
        (spot.alias.as_ref(), reference.alias.as_ref(), false),
        (spot.password.as_ref(), reference.password.as_ref(), true),
        (spot.key_password.as_ref(), reference.key_password.as_ref(), true),
    ];
    parts
        .into_iter()
        .filter_map(|(spot, part, secret)| Some(Want { secret, ..want(spot?, part?.says()) }))
        .collect()
}

/// The type of a store that stays where it is, where another one is declared.
pub fn of_kind(reference: &Reference, format: Format) -> Option<Want> {
    let says = reference.kind.as_ref()?.plain()?;
    let place = reference.spot.kind.as_ref()?;
    (!says.eq_ignore_ascii_case(format.word())).then(|| want(place, format.word()))
}

/// A new password for a store that stays where it is.
pub fn of_password(reference: &Reference, password: &Secret) -> Option<Want> {
    let secret = String::from_utf8_lossy(password.reveal());
    let place = reference.spot.password.as_ref()?;
    Some(Want { secret: true, ..want(place, &secret) })
}

/// A new symmetric key in deployment.toml.
pub fn symmetric(key: &str) -> Option<Want> {
    let path: toml::Path = "encryption.key".parse().ok()?;
    let spot = Spot::Toml { key: path, literal: Literal::String };
    Some(Want { secret: true, ..want(&spot, key) })
}

fn want(spot: &Spot, value: &str) -> Want {
    Want {
        spot: spot.clone(),
        value: Some(Template::literal(value)),
        absent: false,
        accept: None,
        unset: None,
        each: false,
        optional: false,
        note: None,
        secret: false,
    }
}

/// The location with another file name at its end.
fn renamed(location: &str, file: &RelPath) -> String {
    let name = file.as_str().rsplit('/').next().unwrap_or_default();
    match location.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{name}"),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_keeps_its_style() {
        let file = RelPath::parse("wso2/broker/repository/resources/security/tls.jks").unwrap();
        for (before, after) in [
            (
                "${carbon.home}/repository/resources/security/a.jks",
                "${carbon.home}/repository/resources/security/tls.jks",
            ),
            ("./repository/resources/security/a.jks", "./repository/resources/security/tls.jks"),
            ("a.jks", "tls.jks"),
        ] {
            assert_eq!(renamed(before, &file), after);
        }
    }
}
