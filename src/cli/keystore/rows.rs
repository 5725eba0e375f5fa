//! What a listing tells of a store: who names it, what opens it, and a row for each entry; as a table
//! and as JSON.

use crate::format::keystore::{Content, Entry, Fault, Store};
use crate::native::keystore::{Mark, day, marks};
use serde_json::{Value, json};
use std::fmt::Write as _;
use time::OffsetDateTime;

/// One store of a listing.
pub struct Row {
    pub file: String,
    /// Uses and places that name it.
    pub named: Vec<(String, String)>,
    pub opened: Opened,
    pub store: Result<Store, Fault>,
}

/// What opened a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// The password of the configuration.
    Configured { shipped: bool },
    /// The one that was told.
    Told { shipped: bool },
    /// The one that WSO2 ships, which was tried.
    Shipped,
    /// The one of the configuration or the one that was told does not.
    Wrong,
    /// No password is known, and the format needs none to be read.
    Unneeded,
    /// It accepts any password.
    Unprotected,
}

impl Opened {
    fn words(self) -> &'static str {
        match self {
            Self::Configured { shipped: false } => "the configured one opens it",
            Self::Configured { shipped: true } => {
                "the configured one opens it, which is the one that WSO2 ships"
            }
            Self::Told { shipped: false } => "the one that was told opens it",
            Self::Told { shipped: true } => {
                "the one that was told opens it, which is the one that WSO2 ships"
            }
            Self::Shipped => "the one that WSO2 ships opens it",
            Self::Wrong => "the one that is known does not open it",
            Self::Unneeded => "not known",
            Self::Unprotected => "none: it is not protected",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Configured { .. } => "configured",
            Self::Told { .. } => "told",
            Self::Shipped => "shipped",
            Self::Wrong => "wrong",
            Self::Unneeded => "unknown",
            Self::Unprotected => "unprotected",
        }
    }

    fn is_shipped(self) -> bool {
        matches!(
            self,
            Self::Shipped | Self::Configured { shipped: true } | Self::Told { shipped: true }
        )
    }
}

impl Row {
    /// Tells whether something is wrong with it.
    pub fn has_findings(&self, now: OffsetDateTime) -> bool {
        let marked = |entry: &Entry| !marks_of(entry, now).is_empty();
        self.opened.is_shipped()
            || self.opened == Opened::Wrong
            || self.store.as_ref().map_or(true, |store| store.entries().iter().any(marked))
    }

    /// The store as text: a head, then a table or the long listing.
    pub fn text(&self, long: bool, now: OffsetDateTime) -> String {
        let mut out = self.head(now);
        match &self.store {
            Err(fault) => {
                let _ = writeln!(out, "  {fault}. {}", fault.hint());
            }
            Ok(store) if long => out.push_str(&crate::native::keystore::listing(store, now)),
            Ok(store) => out.push_str(&table(store, now)),
        }
        out
    }

    fn head(&self, now: OffsetDateTime) -> String {
        let mut out = self.file.clone();
        if let Ok(store) = &self.store {
            let count = store.entries().len();
            let noun = if count == 1 { "entry" } else { "entries" };
            // Writing to a string cannot fail.
            let _ = write!(out, ": {}, {count} {noun}", store.format().word());
            let summary = summary(store, now);
            if !summary.is_empty() {
                let _ = write!(out, " ({summary})");
            }
        }
        out.push('\n');
        if self.named.is_empty() {
            out.push_str("  named by  nothing that is known\n");
        }
        for (role, place) in &self.named {
            let _ = writeln!(out, "  named by  {place} ({role})");
        }
        let _ = writeln!(out, "  password  {}", self.opened.words());
        out
    }

    pub fn json(&self, now: OffsetDateTime) -> Value {
        let named: Vec<Value> = self
            .named
            .iter()
            .map(|(role, place)| json!({ "role": role, "place": place }))
            .collect();
        let store = self.store.as_ref().ok();
        let entries = store.map(|store| store.entries().iter().map(|e| entry(e, now)).collect());
        json!({
            "file": self.file,
            "format": store.map(|store| store.format().word()),
            "named": named,
            "password": self.opened.word(),
            "shipped_password": self.opened.is_shipped(),
            "trouble": self.store.as_ref().err().map(ToString::to_string),
            "entries": entries.map_or(Value::Null, Value::Array),
        })
    }
}

/// How many entries have each mark, worst first.
fn summary(store: &Store, now: OffsetDateTime) -> String {
    let words: Vec<&str> = store
        .entries()
        .iter()
        .flat_map(|entry| marks_of(entry, now).into_iter().map(Mark::word))
        .collect();
    let counted = WORDS.iter().filter_map(|word| {
        let count = words.iter().filter(|other| *other == word).count();
        (count > 0).then(|| format!("{count} {word}"))
    });
    counted.collect::<Vec<_>>().join(", ")
}

const WORDS: [&str; 6] =
    ["shipped", "expired", "not valid yet", "expires soon", "weak key", "weak signature"];

fn kind(entry: &Entry) -> &'static str {
    match entry.content {
        Content::Key { .. } => "key",
        Content::Trusted(_) => "trusted",
        Content::Loose(_) => "loose",
        Content::Secret => "secret",
    }
}

fn marks_of(entry: &Entry, now: OffsetDateTime) -> Vec<Mark> {
    let facts = entry.certificate().and_then(|certificate| certificate.facts().ok());
    facts.map(|facts| marks(&facts, now)).unwrap_or_default()
}

const HEADS: [&str; 7] = ["ALIAS", "KIND", "KEY", "SIGNATURE", "UNTIL", "SHA-256", "MARKS"];

/// One line for each entry; of the fingerprint the first sixteen digits.
fn table(store: &Store, now: OffsetDateTime) -> String {
    let mut rows: Vec<[String; 7]> = store.entries().iter().map(|entry| row(entry, now)).collect();
    rows.sort();
    rows.insert(0, HEADS.map(str::to_owned));
    let width = |column: usize| rows.iter().map(|r| r[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..HEADS.len()).map(width).collect();
    let mut out = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        out.push_str("  ");
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn row(entry: &Entry, now: OffsetDateTime) -> [String; 7] {
    // An alias comes from the file; a line break in it must not make up a line.
    let alias = entry.alias.escape_debug().to_string();
    let words: Vec<&str> = marks_of(entry, now).into_iter().map(Mark::word).collect();
    match entry.certificate().map(|certificate| certificate.facts()) {
        Some(Ok(facts)) => [
            alias,
            kind(entry).into(),
            facts.key.to_string(),
            facts.signature.clone(),
            day(facts.not_after),
            facts.fingerprint.to_string().chars().take(16).collect(),
            words.join(", "),
        ],
        Some(Err(fault)) => {
            let blank = String::new;
            [alias, kind(entry).into(), blank(), blank(), blank(), blank(), fault.to_string()]
        }
        None => {
            let blank = String::new;
            [alias, kind(entry).into(), blank(), blank(), blank(), blank(), blank()]
        }
    }
}

fn entry(entry: &Entry, now: OffsetDateTime) -> Value {
    let facts = entry.certificate().and_then(|certificate| certificate.facts().ok());
    let facts = facts.as_ref();
    let chain = match &entry.content {
        Content::Key { chain, .. } => chain.len(),
        _ => 0,
    };
    json!({
        "alias": entry.alias,
        "kind": kind(entry),
        "chain": chain,
        "subject": facts.map(|facts| facts.subject.as_str()),
        "issuer": facts.map(|facts| facts.issuer.as_str()),
        "names": facts.map(|facts| facts.names.clone()),
        "key": facts.map(|facts| facts.key.to_string()),
        "signature": facts.map(|facts| facts.signature.as_str()),
        "from": facts.map(|facts| day(facts.not_before)),
        "until": facts.map(|facts| day(facts.not_after)),
        "sha256": facts.map(|facts| facts.fingerprint.to_string()),
        "marks": marks_of(entry, now).into_iter().map(Mark::word).collect::<Vec<_>>(),
    })
}
