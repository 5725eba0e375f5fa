//! Judging one want in one instance: what stands there, whether it will do, and how to change it.
//!
//! A place that is missing where one was expected is *unknown*, and so is one that stands twice
//! where one was meant. Nothing is guessed.

mod jvm;
mod properties;
mod toml;
mod xml;

use super::scene::{Scene, Silence};
use crate::change::{Place, RelPath, Seen, Status};
use crate::format::Fault;
use crate::format::script::Kind;
use crate::format::toml::Path as TomlPath;
use crate::format::xml::second::Intended;
use crate::patch::Accept;
use crate::patch::model::{Spot, Want};
use crate::secret;
use crate::text::{self, Edit};
use std::collections::BTreeMap;

/// The settled parameters of a patch.
pub type Values = BTreeMap<String, String>;

/// What one want met at one place, and the edits that would satisfy it.
#[derive(Debug)]
pub struct Judged {
    pub seen: Seen,
    /// Nothing when there is nothing to change, or nobody knows to what.
    pub fix: Option<Fix>,
}

/// Edits of one file, and what an independent reader must find afterwards.
#[derive(Debug)]
pub struct Fix {
    pub file: RelPath,
    pub edits: Result<Vec<Edit>, Fault>,
    pub claim: Claim,
}

/// What an edit promises, in the terms of the file's second reader.
#[derive(Debug, Clone)]
pub enum Claim {
    Xml(Intended),
    Toml { key: TomlPath, value: Option<String> },
    Properties { key: String, value: Option<String> },
    Jvm { kind: Kind, flag: String, value: Option<String> },
}

/// Judges a want. Edits are worked out only when `fixing`.
pub fn judge(want: &Want, values: &Values, scene: &Scene, fixing: bool) -> Vec<Judged> {
    let court = Court { want, values, accept: want.accepts(values), scene, fixing };
    match &want.spot {
        Spot::Xml { .. } => xml::judge(&court, &want.spot),
        Spot::Toml { key, literal } => toml::judge(&court, key, *literal),
        Spot::Properties { file, key } => properties::judge(&court, file, key),
        Spot::Jvm { flag } => jvm::judge(&court, flag),
    }
}

/// A want with everything that its judgement rests on.
struct Court<'a> {
    want: &'a Want,
    values: &'a Values,
    accept: Option<Accept>,
    scene: &'a Scene<'a>,
    fixing: bool,
}

/// A value in force, or its absence, at a place.
struct Exhibit<'a> {
    what: String,
    file: &'a RelPath,
    text: &'a [u8],
    /// Where the value stands, or where it would go.
    offset: usize,
    found: Option<String>,
    /// What is in force when nothing stands there, and who says so.
    fallback: Option<(String, String)>,
}

impl Court<'_> {
    /// Compares a value with the want, and asks for edits when it must change.
    fn rule(
        &self,
        exhibit: Exhibit,
        fix: impl FnOnce(Option<&str>) -> (Result<Vec<Edit>, Fault>, Claim),
    ) -> Judged {
        let fallback = exhibit
            .fallback
            .clone()
            .or_else(|| Some((self.want.unset.clone()?, "the product's default".into())));
        let written = self.written(exhibit.found.as_deref());
        let (status, evidence) = self.verdict(exhibit.found.as_deref(), fallback.as_ref());
        let in_force = exhibit.found.clone().or(fallback.map(|(value, _)| value));
        let wanted = match (&written, self.want.absent) {
            (_, true) => Some("not there".to_owned()),
            (Some(value), _) => Some(value.clone()),
            (None, _) => self.accept.as_ref().map(Accept::describe),
        };
        let masked = |value: String| match self.want.secret {
            true => secret::MASK.to_owned(),
            false => secret::mask_value(&exhibit.what, &value),
        };
        let seen = Seen {
            status,
            place: Some(Place {
                file: exhibit.file.to_string(),
                at: Some(text::position(exhibit.text, exhibit.offset)),
            }),
            found: in_force.map(masked),
            wanted: wanted.map(masked),
            what: exhibit.what,
            evidence,
        };
        let changeable = status == Status::Deviates && (self.want.absent || written.is_some());
        let fix = (changeable && self.fixing).then(|| {
            let (edits, claim) = fix(written.as_deref().filter(|_| !self.want.absent));
            Fix { file: exhibit.file.clone(), edits, claim }
        });
        Judged { seen, fix }
    }

    fn verdict(
        &self,
        found: Option<&str>,
        fallback: Option<&(String, String)>,
    ) -> (Status, String) {
        let objection =
            |value: &str| self.accept.as_ref().and_then(|accept| accept.objection(value));
        match (found, fallback) {
            (Some(_), _) if self.want.absent => (Status::Deviates, "it should not be there".into()),
            (None, _) if self.want.absent => (Status::Compliant, "not there".into()),
            (Some(value), _) => match objection(value) {
                None => (Status::Compliant, "the value is accepted".into()),
                Some(_) if is_placeholder(value) => (
                    Status::Unknown,
                    "the value is a placeholder that the server fills at start".into(),
                ),
                Some(why) => (Status::Deviates, format!("the value {why}")),
            },
            (None, _) if self.want.optional => (Status::Compliant, "not set, which is fine".into()),
            (None, Some((value, source))) => match objection(value) {
                None => (Status::Compliant, format!("not set; {source} is in force")),
                Some(why) => {
                    (Status::Deviates, format!("not set; {source} is in force, and it {why}"))
                }
            },
            (None, None) => (Status::Deviates, "not set".into()),
        }
    }

    /// The value to write; nothing when the want only checks or a parameter is not known.
    fn written(&self, found: Option<&str>) -> Option<String> {
        let (stem, ext) = found.map_or(("", ""), extension);
        let hole = |name: &str| match name {
            "found" => found.map(str::to_owned),
            "found.stem" => found.map(|_| stem.to_owned()),
            "found.ext" => found.map(|_| ext.to_owned()),
            _ => self.values.get(name).cloned(),
        };
        self.want.value.as_ref().and_then(|value| value.fill(hole).ok())
    }

    /// A place that cannot be judged.
    fn silent(&self, what: &str, file: Option<&RelPath>, silence: &Silence) -> Judged {
        let at = match silence {
            Silence::Fault(fault) => Some(fault.at),
            _ => None,
        };
        let missing = matches!(silence, Silence::Trouble(crate::home::view::Trouble::Missing));
        let (status, evidence) = match (missing, self.want.optional) {
            (true, true) => {
                (Status::NotApplicable, "the file is not there, which is fine".to_owned())
            }
            (true, false) => {
                (Status::Unknown, "the file is not there, where one was expected".to_owned())
            }
            (false, _) => (Status::Error, silence.sentence()),
        };
        self.without_place(
            what,
            file.map(|file| Place { file: file.to_string(), at }),
            status,
            evidence,
        )
    }

    fn without_place(
        &self,
        what: &str,
        place: Option<Place>,
        status: Status,
        evidence: String,
    ) -> Judged {
        let seen =
            Seen { status, what: what.to_owned(), place, found: None, wanted: None, evidence };
        Judged { seen, fix: None }
    }
}

/// Splits a file name before the last dot that is neither in a folder's name nor between braces, as
/// in `%d{yyyy.MM.dd}`.
fn extension(name: &str) -> (&str, &str) {
    let mut depth = 0_usize;
    let mut dot = None;
    for (at, sign) in name.char_indices() {
        match sign {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            '/' | '\\' if depth == 0 => dot = None,
            '.' if depth == 0 => dot = Some(at),
            _ => {}
        }
    }
    dot.map_or((name, ""), |dot| name.split_at(dot))
}

/// Tells whether a value is one placeholder and nothing else: `${x}`, `$ref{x}`, `$env{x}`.
fn is_placeholder(value: &str) -> bool {
    let Some(rest) = value.trim().strip_prefix('$') else {
        return false;
    };
    let Some((name, inside)) = rest.split_once('{') else {
        return false;
    };
    name.chars().all(|c| c.is_ascii_lowercase())
        && inside.strip_suffix('}').is_some_and(|inside| !inside.contains(['{', '}']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_is_no_part_of_a_folder_or_a_date() {
        assert_eq!(extension("logs/a-%d{MM-dd}.log"), ("logs/a-%d{MM-dd}", ".log"));
        assert_eq!(extension("a.log.%d{yyyy.MM.dd}"), ("a.log", ".%d{yyyy.MM.dd}"));
        assert_eq!(extension("${sys:carbon.home}/app.d/own"), ("${sys:carbon.home}/app.d/own", ""));
    }

    #[test]
    fn a_placeholder_is_the_whole_value() {
        assert!(is_placeholder("${a.b}") && is_placeholder("$ref{a}") && is_placeholder("$env{A}"));
        assert!(!is_placeholder("${a}/b/${c}") && !is_placeholder("x") && !is_placeholder("${a}b"));
    }
}
