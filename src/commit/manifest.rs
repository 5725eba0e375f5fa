//! The manifest of a transaction: what it changed, who did it and why.
//!
//! Its JSON form is canonical, so that equal manifests are equal bytes; contents stand in it by
//! digest only, never as text.

use super::history::Mark;
use crate::change::{Code, RelPath};
use crate::digest::Digest;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, SystemTime};

/// The version of the on-disk form that is written; an unknown one is refused.
pub const FORMAT: u32 = 1;

/// A transaction as it is kept on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    /// UTC time to the second and four hexadecimal digits: `20261122T171500Z-3fa2`.
    pub id: String,
    /// Orders transactions even when the clock was set back.
    pub seq: u64,
    /// RFC 3339.
    pub created: String,
    /// The home, links followed, at the time.
    pub home: String,
    /// Every guideline that had a share, or whose share is taken back, sorted.
    #[serde(deserialize_with = "codes")]
    pub codes: Vec<Code>,
    #[serde(flatten)]
    pub meta: Meta,
    pub files: Vec<Entry>,
}

/// What the caller tells about a transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// `apply`, `rollback`, `redo`.
    pub verb: String,
    /// The transaction that this one takes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// The guidelines taken back, when it is not the whole transaction.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "codes")]
    pub only: Vec<Code>,
    /// The version of the program.
    pub tool: String,
    /// The digest of the catalogue of patches.
    pub catalogue: String,
    pub who: Who,
    pub host: String,
    pub note: String,
    /// How far the history had come when the change was worked out; one that has come further is a
    /// conflict.
    #[serde(skip)]
    pub since: Option<Mark>,
    /// Parameters in force; secrets never stand here.
    pub settings: BTreeMap<String, String>,
    /// What the home was; nothing in older records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<Release>,
}

/// The release of the product in a home, in words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    pub product: String,
    pub version: String,
    pub kernel: String,
    /// The level of its updates, where their tools noted one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
}

/// The person behind a transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Who {
    pub user: String,
    pub uid: u32,
    /// Who called `sudo`, when somebody did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sudo_user: Option<String>,
}

/// One file of a transaction; no image means that the file is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The path as the plan names it, below the home.
    #[serde(deserialize_with = "path")]
    pub path: RelPath,
    /// The path once links are followed, below the home.
    #[serde(deserialize_with = "path")]
    pub resolved: RelPath,
    pub before: Option<Image>,
    pub after: Option<Image>,
    /// Whether one of the images holds a secret; nothing where that was not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secrets: Option<bool>,
    pub steps: Vec<Step>,
}

/// The share of one guideline in one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    #[serde(deserialize_with = "code")]
    pub code: Code,
    pub instance: String,
    pub before: Option<Digest>,
    pub after: Option<Digest>,
}

/// A file at one moment: its content by digest, and its attributes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    pub digest: Digest,
    pub size: u64,
    #[serde(flatten)]
    pub attrs: Attrs,
}

/// The attributes of a file that a transaction keeps or gives back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attrs {
    /// The permission bits, in JSON as octal digits.
    #[serde(serialize_with = "octal", deserialize_with = "from_octal")]
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    /// Nothing stands for the moment of writing.
    pub mtime: Option<Mtime>,
    /// Nothing stands for what the system gives a new file.
    pub xattrs: Option<Xattrs>,
}

/// Extended attributes by name: access control lists, security labels, a user's own.
pub type Xattrs = BTreeMap<String, Bytes>;

/// Bytes that JSON shows as hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

/// A time of last modification, to the nanosecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mtime {
    /// Seconds since 1970, negative before.
    pub seconds: i64,
    pub nanos: u32,
}

impl Manifest {
    /// Renders the canonical form.
    pub fn render(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut json = serde_json::to_vec_pretty(self)?;
        json.push(b'\n');
        Ok(json)
    }

    /// Reads a manifest; the fault is a clause.
    pub fn parse(json: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Version {
            format: u32,
        }
        let version: Version = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        if version.format != FORMAT {
            return Err(format!("its format is {}, this program knows {FORMAT}", version.format));
        }
        serde_json::from_slice(json).map_err(|error| error.to_string())
    }

    /// Tells whether this transaction takes back all of another one.
    pub fn undoes(&self, id: &str) -> bool {
        self.meta.only.is_empty() && self.meta.of.as_deref() == Some(id)
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer
            .serialize_str(&self.0.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let hex = String::deserialize(deserializer)?;
        let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let bytes: Option<Vec<u8>> = hex.as_bytes().chunks(2).map(pair).collect();
        bytes.map(Self).ok_or_else(|| D::Error::custom("hexadecimal digits expected"))
    }
}

impl fmt::Display for Mtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:09}", self.seconds, self.nanos)
    }
}

impl Serialize for Mtime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Mtime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let parts = text.split_once('.').and_then(|(seconds, nanos)| {
            Some(Self { seconds: seconds.parse().ok()?, nanos: nanos.parse().ok()? })
        });
        parts
            .filter(|mtime| mtime.nanos < 1_000_000_000)
            .ok_or_else(|| D::Error::custom("seconds and nine digits of nanoseconds expected"))
    }
}

impl From<Mtime> for SystemTime {
    fn from(mtime: Mtime) -> Self {
        let whole = Duration::from_secs(mtime.seconds.unsigned_abs());
        let start = if mtime.seconds < 0 {
            Self::UNIX_EPOCH.checked_sub(whole)
        } else {
            Self::UNIX_EPOCH.checked_add(whole)
        };
        start
            .and_then(|start| start.checked_add(Duration::from_nanos(mtime.nanos.into())))
            .unwrap_or(Self::UNIX_EPOCH)
    }
}

fn octal<S: Serializer>(mode: &u32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{mode:04o}"))
}

fn from_octal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let text = String::deserialize(deserializer)?;
    let mode = u32::from_str_radix(&text, 8).ok().filter(|mode| *mode <= 0o7777);
    mode.ok_or_else(|| D::Error::custom("octal permission bits expected"))
}

fn path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RelPath, D::Error> {
    let text = String::deserialize(deserializer)?;
    RelPath::parse(&text).ok_or_else(|| D::Error::custom(format!("{text:?} leaves the home")))
}

fn code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Code, D::Error> {
    read_code(&String::deserialize(deserializer)?)
}

fn codes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Code>, D::Error> {
    Vec::<String>::deserialize(deserializer)?.iter().map(|text| read_code(text)).collect()
}

fn read_code<E: serde::de::Error>(text: &str) -> Result<Code, E> {
    Code::parse(text).ok_or_else(|| E::custom(format!("{text:?} is not a guideline's code")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Manifest {
        let attrs = Attrs {
            mode: 0o640,
            uid: 802,
            gid: 7,
            mtime: Some(Mtime { seconds: -3, nanos: 5 }),
            xattrs: Some(Xattrs::from([("user.a".into(), Bytes(vec![0, 255]))])),
        };
        let path = RelPath::parse("conf/a.xml").unwrap();
        Manifest {
            format: FORMAT,
            id: "20261122T171500Z-3fa2".into(),
            seq: 4,
            created: "2026-11-22T17:15:00Z".into(),
            home: "/opt/server".into(),
            codes: vec![Code::parse("P08").unwrap()],
            meta: Meta { verb: "apply".into(), ..Meta::default() },
            files: vec![Entry {
                path: path.clone(),
                resolved: path,
                before: Some(Image { digest: Digest::of(b"a"), size: 1, attrs }),
                after: None,
                secrets: None,
                steps: Vec::new(),
            }],
        }
    }

    #[test]
    fn the_json_form_reads_back() {
        let json = sample().render().unwrap();
        assert_eq!(Manifest::parse(&json).unwrap(), sample());
        let text = String::from_utf8(json).unwrap();
        assert!(text.contains("\"mode\": \"0640\"") && text.contains("\"-3.000000005\""), "{text}");
    }

    #[test]
    fn a_manifest_that_leaves_the_home_or_comes_from_the_future_is_refused() {
        let json = String::from_utf8(sample().render().unwrap()).unwrap();
        assert!(Manifest::parse(json.replace("conf/a.xml", "../a.xml").as_bytes()).is_err());
        let fault = Manifest::parse(json.replace("\"format\": 1", "\"format\": 2").as_bytes());
        assert!(fault.unwrap_err().contains("format is 2"));
    }

    #[test]
    fn times_before_1970_are_kept() {
        let time = SystemTime::from(Mtime { seconds: -3, nanos: 5 });
        let before = SystemTime::UNIX_EPOCH.duration_since(time).unwrap();
        assert_eq!(before, Duration::new(2, 999_999_995));
    }
}
