//! What a person and a fix want to know of a key store: a listing that can be compared line by line,
//! and the shipped certificates in it.
//!
//! The readers and writers are [`crate::format::keystore`]; their names are here too, so that a user
//! of stores needs one place.

use crate::home::shipped::{Reason, shipped};
use std::fmt::{self, Write as _};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

pub use crate::format::keystore::{
    Certificate, Content, Entry, Facts, Fault, Format, KeyKind, KeyUsage, Opened, Profile, Store,
};

/// Finds the entries whose certificate WSO2 ships, and why each counts.
pub fn shipped_in(store: &Store) -> Vec<(&Entry, Reason)> {
    let reason = |entry: &Entry| shipped(&entry.certificate()?.facts().ok()?);
    store.entries().iter().filter_map(|entry| Some((entry, reason(entry)?))).collect()
}

/// Takes out of a store what is trusted although WSO2 ships its key, as far as that is certain: a
/// subject alone is no proof. Keys stay. Gives back what was taken out.
pub fn distrust_shipped(store: &mut Store) -> Vec<Entry> {
    store.remove(|entry| {
        let facts = match &entry.content {
            Content::Trusted(certificate) | Content::Loose(certificate) => certificate.facts(),
            Content::Key { .. } | Content::Secret => return false,
        };
        let reason = facts.ok().and_then(|facts| shipped(&facts));
        matches!(reason, Some(Reason::Known { .. } | Reason::SameKey { .. }))
    })
}

/// Lists a store, one block for each entry, in the order of their names: the same store always gives
/// the same text, and a diff of two listings shows what changed in it. `now` decides what is expired.
pub fn listing(store: &Store, now: OffsetDateTime) -> String {
    let mut out =
        format!("{} key store, {}\n", store.format().word(), counted(store.entries().len()));
    let mut entries: Vec<&Entry> = store.entries().iter().collect();
    entries.sort_by_cached_key(|entry| (entry.alias.to_lowercase(), entry.fingerprint()));
    for entry in entries {
        out.push('\n');
        block(&mut out, entry, now);
    }
    out
}

fn counted(entries: usize) -> String {
    if entries == 1 { "1 entry".to_owned() } else { format!("{entries} entries") }
}

fn block(out: &mut String, entry: &Entry, now: OffsetDateTime) {
    let kind = match &entry.content {
        Content::Key { chain, .. } => match chain.len() {
            0 => "private key without a certificate".to_owned(),
            1 => "private key".to_owned(),
            more => format!("private key, chain of {more}"),
        },
        Content::Trusted(_) => "trusted certificate".to_owned(),
        Content::Loose(_) => "certificate without the mark of trust".to_owned(),
        Content::Secret => "secret key".to_owned(),
    };
    // An alias comes from the file; a line break in it must not make up a line.
    line(out, "", &format!("{}: {kind}", entry.alias.escape_debug()));
    if let Some(created) = entry.created.and_then(moment) {
        line(out, "  created      ", &day(created));
    }
    match entry.certificate().map(Certificate::facts) {
        Some(Ok(facts)) => certificate(out, &facts, now),
        Some(Err(fault)) => line(out, "  ", &fault.to_string()),
        None => {}
    }
}

fn certificate(out: &mut String, facts: &Facts, now: OffsetDateTime) {
    line(out, "  subject      ", &facts.subject);
    if !facts.self_issued {
        line(out, "  issuer       ", &facts.issuer);
    }
    if !facts.names.is_empty() {
        line(out, "  names        ", &facts.names.join(", "));
    }
    line(out, "  key          ", &facts.key.to_string());
    line(out, "  signature    ", &facts.signature);
    let dates = format!("{} to {}", day(facts.not_before), day(facts.not_after));
    line(out, "  valid        ", &dates);
    line(out, "  SHA-256      ", &facts.fingerprint.to_string());
    for mark in marks(facts, now) {
        line(out, "  ! ", &mark.to_string());
    }
}

/// What is wrong with a certificate in a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    Shipped(Reason),
    Expired,
    NotYet,
    /// Less than [`SOON`] is left.
    Soon,
    WeakKey,
    WeakSignature,
}

/// A certificate is to be renewed before it has this long left.
pub const SOON: Duration = Duration::days(30);

impl Mark {
    /// One word, or two.
    pub fn word(self) -> &'static str {
        match self {
            Self::Shipped(_) => "shipped",
            Self::Expired => "expired",
            Self::NotYet => "not valid yet",
            Self::Soon => "expires soon",
            Self::WeakKey => "weak key",
            Self::WeakSignature => "weak signature",
        }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shipped(reason) => write!(f, "shipped by WSO2: {reason}"),
            other => f.write_str(other.word()),
        }
    }
}

/// Lists what is wrong with a certificate, worst first.
pub fn marks(facts: &Facts, now: OffsetDateTime) -> Vec<Mark> {
    // Nobody checks the signature of a root that is trusted by being there.
    let weak_signature = facts.weak_signature && !facts.self_issued;
    let soon = now <= facts.not_after && now + SOON > facts.not_after;
    [
        shipped(facts).map(Mark::Shipped),
        (now > facts.not_after).then_some(Mark::Expired),
        (now < facts.not_before).then_some(Mark::NotYet),
        soon.then_some(Mark::Soon),
        facts.key.is_weak().then_some(Mark::WeakKey),
        weak_signature.then_some(Mark::WeakSignature),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn line(out: &mut String, label: &str, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{label}{text}");
}

fn moment(milliseconds: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(milliseconds.div_euclid(1000)).ok()
}

/// The day of a moment, as 2027-01-15.
pub fn day(moment: OffsetDateTime) -> String {
    let text = moment.format(&Rfc3339).unwrap_or_default();
    text.split('T').next().unwrap_or_default().to_owned()
}
