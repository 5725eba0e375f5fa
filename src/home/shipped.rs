//! The certificates that WSO2 ships. Their private keys are public, so whoever uses or trusts one
//! trusts everybody.
//!
//! Told by the certificate, by its key, since some were issued again over an old key, and last by the
//! subject, since updates ship newer ones. The alias tells nothing: they stand under many.

use crate::digest::Digest;
use crate::format::keystore::Facts;
use std::fmt;

/// Why a certificate counts as shipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It is one of those in the products' public repositories.
    Known { what: &'static str, versions: &'static str },
    /// Another certificate over a key of theirs.
    SameKey { what: &'static str, versions: &'static str },
    /// Its subject is that of the products' own certificates; an operator's test certificate may
    /// have the same.
    Subject,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known { what, versions } => write!(f, "{what} ({versions})"),
            Self::SameKey { what, versions } => {
                write!(f, "issued again over the {what} ({versions})")
            }
            Self::Subject => f.write_str("its subject is that of WSO2's own certificates"),
        }
    }
}

/// Tells whether and why a certificate is one that WSO2 ships.
pub fn shipped(facts: &Facts) -> Option<Reason> {
    known(facts.fingerprint, facts.key_fingerprint).or_else(|| {
        (facts.self_issued && has_their_subject(&facts.subject)).then_some(Reason::Subject)
    })
}

/// Read from the key and trust stores of WSO2's public repositories, kernels 4.2 to 4.12: SHA-256 of
/// the certificate and of its SubjectPublicKeyInfo, what it is, where it was seen.
const TABLE: &str = include_str!("shipped.tsv");

fn known(certificate: Digest, key: Digest) -> Option<Reason> {
    let (certificate, key) = (certificate.to_string(), key.to_string());
    let find = |column: usize, digest: &str| {
        rows().find(|row| row[column] == digest).map(|[_, _, what, versions]| (what, versions))
    };
    find(0, &certificate)
        .map(|(what, versions)| Reason::Known { what, versions })
        .or_else(|| find(1, &key).map(|(what, versions)| Reason::SameKey { what, versions }))
}

fn rows() -> impl Iterator<Item = [&'static str; 4]> {
    TABLE.lines().skip(1).filter_map(|line| {
        let mut columns = line.split('\t');
        let mut next = || columns.next();
        Some([next()?, next()?, next()?, next()?])
    })
}

fn has_their_subject(subject: &str) -> bool {
    let has = |part: &str| subject.split(", ").any(|other| other == part);
    (has("CN=localhost") && has("O=WSO2")) || has("CN=wso2carbon")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_of_the_table_is_whole() {
        let rows: Vec<_> = rows().collect();
        assert_eq!(rows.len(), TABLE.lines().count() - 1);
        let mut seen = std::collections::HashSet::new();
        for [certificate, key, what, versions] in rows {
            assert!(Digest::parse(certificate).is_some(), "{certificate}");
            assert!(key == "-" || Digest::parse(key).is_some(), "{key}");
            assert!(!what.is_empty() && !versions.is_empty(), "{certificate}");
            assert!(seen.insert(certificate), "{certificate} stands there twice");
        }
    }

    #[test]
    fn a_certificate_is_known_by_itself_or_by_its_key() {
        let none = Digest::of(b"");
        let [certificate, key, what, _] = rows().find(|row| row[1] != "-").expect("a row");
        let certificate = Digest::parse(certificate).expect("a digest");
        let key = Digest::parse(key).expect("a digest");
        assert!(
            matches!(known(certificate, none), Some(Reason::Known { what: w, .. }) if w == what)
        );
        assert!(matches!(known(none, key), Some(Reason::SameKey { .. })));
        assert_eq!(known(none, none), None);
    }

    #[test]
    fn the_subject_is_compared_part_by_part() {
        assert!(has_their_subject("C=US, ST=CA, L=Mountain View, O=WSO2, CN=localhost"));
        assert!(has_their_subject("C=LK, O=WSO2, CN=wso2carbon"));
        for other in ["O=WSO2 Users, CN=localhost", "O=WSO2, CN=localhost.example.com", "O=WSO2"] {
            assert!(!has_their_subject(other), "{other}");
        }
    }
}
