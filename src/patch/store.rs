//! Places that name a key store: where it is, of which type, with which password and alias.
//!
//! One entry stands for one reference, or for one per element where several match. What becomes of
//! it is worked out from the role; nothing here knows a store's content.

use super::check::{toml_path, wrong, xml_path};
use super::model::{Literal, Spot};
use super::template::Template;
use crate::format::xml;
use serde::Deserialize;

/// What a key store is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The key that signs tokens and, where there is no internal one, encrypts stored data.
    Primary,
    /// The key that encrypts stored data.
    Internal,
    /// The key and certificate shown to clients and peers.
    Tls,
    /// The certificates that are believed.
    Trust,
}

impl Role {
    pub fn word(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Internal => "internal",
            Self::Tls => "tls",
            Self::Trust => "trust",
        }
    }
}

/// A reference to a key store as it is written in a patch file.
///
/// In XML, `at` is an element and each part is `@attribute`, a path below it, or `.` for its own
/// text; in TOML, `key` is a table and each part a key of it; in properties each part is a key.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct File {
    pub role: Role,
    /// A file, or several of one shape.
    pub file: Option<Files>,
    pub at: Option<String>,
    pub key: Option<String>,
    pub location: String,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub password: Option<String>,
    pub alias: Option<String>,
    pub key_password: Option<String>,
}

/// One file or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Files {
    One(String),
    Several(Vec<String>),
}

/// A reference to a key store, part by part.
#[derive(Debug, Clone)]
pub struct StoreSpot {
    pub role: Role,
    pub location: Spot,
    pub kind: Option<Spot>,
    pub password: Option<Spot>,
    pub alias: Option<Spot>,
    pub key_password: Option<Spot>,
}

impl StoreSpot {
    /// Checks an entry of a patch file; one for each file that it names.
    pub(super) fn check(entry: &File) -> Result<Vec<Self>, (String, String)> {
        let files: Vec<Option<&str>> = match &entry.file {
            None => vec![None],
            Some(Files::One(file)) => vec![Some(file)],
            Some(Files::Several(files)) => files.iter().map(|file| Some(file.as_str())).collect(),
        };
        files.into_iter().map(|file| Self::of(entry, file)).collect()
    }

    fn of(entry: &File, file: Option<&str>) -> Result<Self, (String, String)> {
        let part = |text: &String| spot(entry, file, text);
        Ok(Self {
            role: entry.role,
            location: part(&entry.location)?,
            kind: entry.kind.as_ref().map(part).transpose()?,
            password: entry.password.as_ref().map(part).transpose()?,
            alias: entry.alias.as_ref().map(part).transpose()?,
            key_password: entry.key_password.as_ref().map(part).transpose()?,
        })
    }

    /// The same reference at one of the elements that match.
    pub fn at_match(&self, index: usize) -> Self {
        let pin = |spot: &Spot| spot.at_match(index);
        Self {
            role: self.role,
            location: pin(&self.location),
            kind: self.kind.as_ref().map(pin),
            password: self.password.as_ref().map(pin),
            alias: self.alias.as_ref().map(pin),
            key_password: self.key_password.as_ref().map(pin),
        }
    }
}

fn spot(entry: &File, file: Option<&str>, part: &str) -> Result<Spot, (String, String)> {
    if let Some(file) = file.filter(|file| file.starts_with('/') || file.contains("..")) {
        return Err(wrong(file, "a file is named below the home, without \"..\""));
    }
    match (file, &entry.at, &entry.key) {
        (Some(name), Some(at), None) => {
            let (child, attr) = match (part, part.strip_prefix('@'), part.rsplit_once("/@")) {
                (".", ..) => (None, None),
                (_, Some(attr), _) => (None, Some(attr.to_owned())),
                (.., Some((child, attr))) => (Some(xml_path(child)?), Some(attr.to_owned())),
                _ => (Some(xml_path(part)?), None),
            };
            let at: xml::Path = xml_path(at)?;
            let file = Template::parse(name);
            Ok(Spot::Xml { file, at, child, attr, after: None, nth: None })
        }
        (None, None, Some(key)) => {
            Ok(Spot::Toml { key: toml_path(&format!("{key}.{part}"))?, literal: Literal::String })
        }
        (Some(name), None, None) => {
            Ok(Spot::Properties { file: Template::parse(name), key: part.to_owned() })
        }
        _ => Err(wrong(
            part,
            "a [[variant.store]] has `file` and `at` for XML, `key` for deployment.toml, or `file` \
             alone for properties",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(file: Option<&str>, at: Option<&str>, key: Option<&str>, location: &str) -> File {
        File {
            role: Role::Tls,
            file: file.map(|file| Files::One(file.to_owned())),
            at: at.map(str::to_owned),
            key: key.map(str::to_owned),
            location: location.into(),
            kind: None,
            password: None,
            alias: None,
            key_password: None,
        }
    }

    #[test]
    fn a_part_is_an_attribute_an_element_below_or_the_element_itself() {
        let spot = |part| {
            let entry = entry(Some("{conf}/a.xml"), Some("A/B"), None, part);
            StoreSpot::check(&entry).unwrap().remove(0).location
        };
        assert!(matches!(spot("@k"), Spot::Xml { child: None, attr: Some(k), .. } if k == "k"));
        assert!(matches!(spot("C/D"), Spot::Xml { child: Some(_), attr: None, .. }));
        assert!(matches!(spot("P[@n='a']"), Spot::Xml { child: Some(_), attr: None, .. }));
        assert!(matches!(spot("C/@k"), Spot::Xml { child: Some(_), attr: Some(_), .. }));
        assert!(matches!(spot("."), Spot::Xml { child: None, attr: None, .. }));
    }

    #[test]
    fn a_table_of_deployment_toml_has_no_file() {
        assert!(StoreSpot::check(&entry(None, None, Some("keystore.tls"), "file_name")).is_ok());
        let both = entry(Some("{conf}/a.xml"), None, Some("keystore.tls"), "file_name");
        assert!(StoreSpot::check(&both).is_err());
    }
}
