//! The form of a plan file: JSON with every field known, in a fixed order.
//!
//! What was read is sound in itself: its version is known, paths stay below the home, codes are
//! codes, and each edit says in one way what it inserts. Whether it fits a home is asked elsewhere.

use super::{Error, LARGEST};
use crate::change::{Code, RelPath};
use crate::digest::Digest;
use crate::secret::seal::{Cost, Sealed};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::collections::BTreeMap;

/// The version of the form; any other is refused.
pub const FORMAT: u32 = 1;

/// A plan as it stands in its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saved {
    pub format: u32,
    /// The version of the program that made it.
    pub harden: String,
    /// The digest of the catalogue of guidelines that it was made from.
    pub catalogue: String,
    /// RFC 3339.
    pub created: String,
    pub by: Author,
    pub note: String,
    pub home: String,
    pub product: String,
    pub version: Option<String>,
    pub instances: Vec<String>,
    /// Parameters in force; secrets never stand here.
    pub settings: BTreeMap<String, String>,
    pub chosen: Vec<Chosen>,
    pub files: Vec<SavedFile>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(serialize_with = "sealed_out", deserialize_with = "sealed_in")]
    pub sealed: Option<Sealed>,
}

/// The person who made a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Author {
    pub user: String,
    pub host: String,
    /// Who called `sudo`, when somebody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sudo_user: Option<String>,
}

/// A guideline that was chosen for an instance.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chosen {
    #[serde(deserialize_with = "code")]
    pub code: Code,
    pub instance: String,
    /// Only a part of it, edited by hand, or waived: its bytes are proved, its wants are not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub partly: bool,
}

/// A file before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedFile {
    #[serde(deserialize_with = "path")]
    pub path: RelPath,
    /// Nothing for a file that the plan makes.
    pub before: Option<Image>,
    pub after: Image,
    pub shares: Vec<SavedShare>,
    /// What stands for both contents in the differences, where they are not text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listings: Option<[String; 2]>,
    /// The differences for people, secrets hidden.
    pub diff: Vec<String>,
}

/// A content by its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Image {
    pub sha256: Digest,
    pub size: u64,
    /// Permission bits as octal digits, where the file was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
}

/// What one guideline changes in a file: edits of the content that the share before it left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedShare {
    #[serde(deserialize_with = "code")]
    pub code: Code,
    pub instance: String,
    pub edits: Vec<SavedEdit>,
    /// The content once this share is in it.
    pub after: Digest,
}

/// A range of bytes and what takes its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedEdit {
    pub at: usize,
    pub remove: usize,
    pub insert: Insert,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Insert {
    Plain(Vec<u8>),
    /// The number of a sealed piece.
    Sealed(usize),
}

impl Saved {
    /// Reads a plan file.
    ///
    /// # Errors
    /// [`Error::Malformed`] with line and column, or [`Error::Format`].
    pub fn parse(json: &[u8]) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Version {
            format: u64,
        }
        let malformed = |error: serde_json::Error| Error::Malformed(error.to_string());
        if json.len() > LARGEST {
            return Err(Error::Malformed(format!("it is larger than {} MiB", LARGEST >> 20)));
        }
        let version: Version = serde_json::from_slice(json).map_err(malformed)?;
        if version.format != u64::from(FORMAT) {
            return Err(Error::Format(version.format));
        }
        serde_json::from_slice(json).map_err(malformed)
    }

    /// Renders the file.
    pub fn render(&self) -> Result<String, Error> {
        let text = serde_json::to_string_pretty(self);
        text.map(|text| text + "\n").map_err(|error| Error::Malformed(error.to_string()))
    }

    /// The bytes that the seal is bound to: everything but the seal, in one canonical form.
    pub fn bound(&self) -> Result<Vec<u8>, Error> {
        let bare = Self { sealed: None, ..self.clone() };
        serde_json::to_vec(&bare).map_err(|error| Error::Malformed(error.to_string()))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EditForm {
    at: usize,
    remove: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed: Option<usize>,
}

impl Serialize for SavedEdit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut form =
            EditForm { at: self.at, remove: self.remove, text: None, base64: None, sealed: None };
        match &self.insert {
            Insert::Sealed(number) => form.sealed = Some(*number),
            Insert::Plain(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => form.text = Some(text.to_owned()),
                Err(_) => form.base64 = Some(STANDARD.encode(bytes)),
            },
        }
        form.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SavedEdit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let EditForm { at, remove, text, base64, sealed } = EditForm::deserialize(deserializer)?;
        let insert = match (text, base64, sealed) {
            (Some(text), None, None) => Insert::Plain(text.into_bytes()),
            (None, Some(text), None) => Insert::Plain(decoded(&text)?),
            (None, None, Some(number)) => Insert::Sealed(number),
            _ => return Err(D::Error::custom("an edit has one of text, base64 and sealed")),
        };
        Ok(Self { at, remove, insert })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SealForm {
    key: String,
    cost: Cost,
    salt: String,
    cipher: String,
    nonce: String,
    text: String,
}

const KEY: &str = "scrypt";
const CIPHER: &str = "xchacha20-poly1305";

fn sealed_out<S: Serializer>(sealed: &Option<Sealed>, serializer: S) -> Result<S::Ok, S::Error> {
    let form = sealed.as_ref().map(|sealed| SealForm {
        key: KEY.into(),
        cost: sealed.cost,
        salt: STANDARD.encode(sealed.salt),
        cipher: CIPHER.into(),
        nonce: STANDARD.encode(sealed.nonce),
        text: STANDARD.encode(&sealed.text),
    });
    form.serialize(serializer)
}

fn sealed_in<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Sealed>, D::Error> {
    let Some(form) = Option::<SealForm>::deserialize(deserializer)? else {
        return Ok(None);
    };
    if (form.key.as_str(), form.cipher.as_str()) != (KEY, CIPHER) {
        return Err(D::Error::custom(format!("a seal is made with {KEY} and {CIPHER}")));
    }
    let wrong = |_| D::Error::custom("the salt has 16 bytes, the nonce 24");
    Ok(Some(Sealed {
        cost: form.cost,
        salt: decoded::<D::Error>(&form.salt)?.try_into().map_err(wrong)?,
        nonce: decoded::<D::Error>(&form.nonce)?.try_into().map_err(wrong)?,
        text: decoded(&form.text)?,
    }))
}

fn decoded<E: serde::de::Error>(text: &str) -> Result<Vec<u8>, E> {
    STANDARD.decode(text).map_err(|_| E::custom("base64 expected"))
}

fn path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RelPath, D::Error> {
    let text = String::deserialize(deserializer)?;
    RelPath::parse(&text).ok_or_else(|| D::Error::custom(format!("{text:?} leaves the home")))
}

fn code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Code, D::Error> {
    let text = String::deserialize(deserializer)?;
    Code::parse(&text)
        .ok_or_else(|| D::Error::custom(format!("{text:?} is not a guideline's code")))
}
