//! What the pipe carries from one stage to the next: findings, steps and the plan.
//!
//! These are plain values. A finding says what a guideline's patch saw in one instance; a step says
//! which bytes of one file one patch changes; a plan is what will be written, byte for byte.

use crate::diff;
use crate::text::Position;
use serde::Serialize;
use std::fmt;

/// The code of a guideline's patch: `P01`–`P22`, `O01`–`O09`, `N01`–`N06`, or an author's own
/// (a capital letter and two digits).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Code(String);

impl Code {
    /// Reads a code; lower case is accepted.
    pub fn parse(text: &str) -> Option<Self> {
        let code = text.to_ascii_uppercase();
        let shape: Vec<char> = code.chars().collect();
        matches!(shape[..], [a, b, c] if a.is_ascii_uppercase() && b.is_ascii_digit() && c.is_ascii_digit())
            .then_some(Self(code))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A path below the home, with `/` between its parts, never absolute and never with `..`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct RelPath(String);

impl RelPath {
    /// Reads a path; one that is empty, absolute, or leaves the home gives nothing.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix("./").unwrap_or(text);
        let sound = !text.is_empty()
            && text.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
            && !text.contains(['\0', '\n', '\\']);
        sound.then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a home is configured: by hand-edited XML, or by deployment.toml and templates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    Xml,
    Toml,
}

impl Model {
    pub fn word(self) -> &'static str {
        match self {
            Self::Xml => "xml",
            Self::Toml => "toml",
        }
    }
}

/// What a patch says of an instance, from the worst to the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// The patch could not be evaluated, and the finding says why.
    Error,
    /// Something is not as the guideline wants it.
    Deviates,
    /// A place that was expected is missing, or stands twice; nobody guesses.
    Unknown,
    /// Only a person can tell.
    Person,
    /// The setting has no effect in this product version, so it is not written.
    NotEffective,
    /// A person has accepted the deviation, with reason and expiry.
    Waived,
    /// A person has attested what no file shows.
    Attested,
    /// As the guideline wants it, or stronger.
    Compliant,
    /// The guideline does not concern this product.
    NotApplicable,
}

impl Status {
    /// The word used in every report.
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Deviates => "deviates",
            Self::Unknown => "unknown",
            Self::Person => "person",
            Self::NotEffective => "not-effective",
            Self::Waived => "waived",
            Self::Attested => "attested",
            Self::Compliant => "compliant",
            Self::NotApplicable => "not-applicable",
        }
    }
}

/// Where a value stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    pub file: String,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub at: Option<Position>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some(at) => write!(f, "{}:{}:{}", self.file, at.line, at.column),
            None => f.write_str(&self.file),
        }
    }
}

/// What one want of a patch met at one place. Secrets are masked already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seen {
    pub status: Status,
    /// The thing looked at, as an operator would name it: `Connector/@ciphers`, `-Xmx`.
    pub what: String,
    pub place: Option<Place>,
    /// The value in force; nothing when none is set and no default is known.
    pub found: Option<String>,
    /// The value that would be written, or what is accepted, in words.
    pub wanted: Option<String>,
    /// What the verdict rests on, a sentence.
    pub evidence: String,
}

/// What one patch says of one instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub code: Code,
    pub name: String,
    pub title: String,
    /// The instance's name: `server`, or the profile of an Enterprise Integrator.
    pub instance: String,
    pub status: Status,
    pub severity: String,
    /// What decides, then the rest; empty only when `evidence` says it all.
    pub seen: Vec<Seen>,
    pub evidence: String,
    pub why: String,
    pub reference: String,
}

/// The bytes that one patch changes in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub code: Code,
    pub instance: String,
    pub file: RelPath,
    /// The file's content after this step.
    pub after: Vec<u8>,
}

/// A file before and after a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    pub file: RelPath,
    /// Nothing for a file that the plan makes.
    pub before: Option<Vec<u8>>,
    pub after: Vec<u8>,
    /// What stands for both contents in a preview, where they are not text.
    pub listings: Option<[String; 2]>,
}

impl FileChange {
    /// Renders the change as a unified diff; one of listings shows what a binary file holds.
    pub fn unified(&self, context: usize) -> Vec<u8> {
        let [before, after] = self.sides();
        diff::unified(self.file.as_str(), before, after, context)
    }

    /// Counts the lines that a preview shows as added and removed.
    pub fn stat(&self) -> diff::Stat {
        let [before, after] = self.sides();
        diff::stat(before, after)
    }

    fn sides(&self) -> [&[u8]; 2] {
        match &self.listings {
            Some([before, after]) => [before.as_bytes(), after.as_bytes()],
            None => [self.before.as_deref().unwrap_or_default(), &self.after],
        }
    }
}

/// What will be written to one home: the steps in the order of their codes and what they add up to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use = "a plan does nothing until it is committed"]
pub struct Plan {
    pub steps: Vec<Step>,
    pub files: Vec<FileChange>,
    /// What an operator should know before saying yes, sentences.
    pub notes: Vec<String>,
}

impl Plan {
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_one_shape() {
        assert_eq!(Code::parse("p08").map(|c| c.to_string()), Some("P08".into()));
        for wrong in ["", "P8", "P088", "8PP", "P0x", "ÄÖÜ"] {
            assert_eq!(Code::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn paths_stay_below_the_home() {
        assert_eq!(RelPath::parse("./bin/a.sh").map(|p| p.to_string()), Some("bin/a.sh".into()));
        for wrong in ["", "/etc/passwd", "a/../b", "a//b", "..", "a\\b", "a\0"] {
            assert_eq!(RelPath::parse(wrong), None, "{wrong}");
        }
    }
}
