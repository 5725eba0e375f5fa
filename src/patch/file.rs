//! A patch file as it is written: fields and their order, nothing checked yet.

use serde::Deserialize;
use std::collections::BTreeMap;

/// One patch file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    pub code: String,
    pub name: String,
    pub title: String,
    pub level: Level,
    pub severity: Severity,
    pub safety: Safety,
    #[serde(default)]
    pub impact: Vec<Impact>,
    pub reference: String,
    pub why: String,
    #[serde(default)]
    pub risk: Option<String>,
    pub native: Option<Native>,
    #[serde(default)]
    pub params: BTreeMap<String, Param>,
    #[serde(default)]
    pub variant: Vec<Variant>,
}

/// The part of the guide that a row stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    Product,
    Os,
    Network,
}

impl Level {
    pub fn word(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::Os => "os",
            Self::Network => "network",
        }
    }
}

/// How much it matters when the guideline is not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// How a patch may be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Safety {
    /// Nothing can break.
    Safe,
    /// Someone should read the risk first.
    Review,
    /// Only when named.
    OptIn,
    /// Nothing to apply; a person answers.
    Manual,
}

impl Safety {
    pub fn word(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Review => "review",
            Self::OptIn => "opt-in",
            Self::Manual => "manual",
        }
    }
}

/// What applying a patch brings with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Impact {
    /// The server must be started again.
    Restart,
    /// Some clients may no longer connect.
    Clients,
    /// Stored data may become unreadable.
    Data,
    /// Someone may be locked out.
    Lockout,
}

impl Impact {
    pub fn word(self) -> &'static str {
        match self {
            Self::Restart => "restart",
            Self::Clients => "clients",
            Self::Data => "data",
            Self::Lockout => "lockout",
        }
    }
}

/// What the program does where edits of text are not enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Native {
    /// Looks into key stores, makes new ones and changes every reference to them.
    Keystores,
}

impl Native {
    /// The parameters that it takes.
    pub fn takes(self) -> &'static [&'static str] {
        match self {
            Self::Keystores => &[
                "mode",
                "names",
                "subject",
                "bits",
                "days",
                "type",
                "pkcs12",
                "alias",
                "password",
                "from",
                "encrypted-data",
            ],
        }
    }
}

/// Something a patch may be told.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Param {
    #[serde(rename = "type")]
    pub kind: Kind,
    pub default: Option<Scalar>,
    /// It need not be told.
    #[serde(default)]
    pub optional: bool,
    pub help: String,
}

/// The type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    String,
    Integer,
    Boolean,
    List,
    Secret,
}

/// A value in a patch or settings file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    Boolean(bool),
    Integer(i64),
    String(String),
    List(Vec<String>),
}

/// A set of wants and when they hold.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    #[serde(default)]
    pub when: Condition,
    pub requires: Option<Condition>,
    #[serde(default)]
    pub xml: Vec<Want>,
    #[serde(default)]
    pub toml: Vec<Want>,
    #[serde(default)]
    pub properties: Vec<Want>,
    #[serde(default)]
    pub jvm: Vec<Want>,
    #[serde(default)]
    pub store: Vec<super::store::File>,
    #[serde(default)]
    pub ask: Vec<Ask>,
}

/// Facts of an instance that must all be so.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Condition {
    /// `xml` or `toml`.
    pub model: Option<String>,
    /// Server keys as in carbon.xml: AM, IS, EI, ESB, MI, …
    pub product: Option<Vec<String>>,
    pub not_product: Option<Vec<String>>,
    /// Names of instances: `server`, or a profile of an Enterprise Integrator.
    pub instance: Option<Vec<String>>,
    /// A range of product versions.
    pub version: Option<String>,
    /// A range of Carbon kernel versions.
    pub carbon: Option<String>,
    /// A file that exists.
    pub file: Option<String>,
    pub no_file: Option<String>,
    /// A place that exists: `file#path`.
    pub has: Option<String>,
    pub lacks: Option<String>,
    /// A class in a plug-in jar: `jar prefix:class name`.
    pub class: Option<String>,
    /// Kernel versions that have the class, for homes without plug-in jars.
    pub since: Option<String>,
    /// A key that an installed template reads.
    pub reads: Option<String>,
    /// `replaced` (the served certificate is not a shipped one) or `covers-hosts`.
    pub certificate: Option<String>,
    pub any: Option<Vec<Condition>>,
    /// Why a variant needs this; only in `requires`.
    pub because: Option<String>,
}

/// A place and what should stand there. Which fields make sense depends on the table it stands in.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Want {
    pub file: Option<String>,
    pub at: Option<String>,
    pub child: Option<String>,
    pub attr: Option<String>,
    pub after: Option<String>,
    pub key: Option<String>,
    pub flag: Option<String>,
    pub literal: Option<Literal>,
    pub value: Option<String>,
    #[serde(default)]
    pub absent: bool,
    pub accept: Option<Accept>,
    pub unset: Option<String>,
    #[serde(default)]
    pub each: bool,
    #[serde(default)]
    pub optional: bool,
    pub note: Option<String>,
}

/// How a value is written in TOML.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Literal {
    String,
    Bare,
    Array,
}

/// Values that are as good as the wanted one, or better. All parts given must agree.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Accept {
    /// Any value at all, as long as there is one.
    #[serde(default)]
    pub any: bool,
    pub one_of: Option<Vec<String>>,
    pub not: Option<Vec<String>>,
    /// Every item of a list is one of these, and there is at least one item.
    pub only: Option<Vec<String>>,
    /// Texts that must not stand in the value, in any case of letters.
    pub reject: Option<Vec<String>>,
    /// Texts of which one must stand in the value.
    pub require: Option<Vec<String>>,
    /// Bounds of a number, with or without a unit of memory (`2048m`, `10MB`).
    pub min: Option<String>,
    pub max: Option<String>,
    /// A named rule of the domain.
    pub is: Option<String>,
}

/// A question for a person.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    pub question: String,
    pub evidence: String,
}
