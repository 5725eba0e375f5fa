//! The certificate that a server shows, as far as its key store can be read.
//!
//! JKS keeps certificates in the clear, so whether the shipped key is still in use and which names
//! the certificate covers can be told without any secret; PKCS#12 needs the password that the
//! configuration gives. Nothing is guessed.

use super::shipped::shipped;
use crate::digest::Digest;
use crate::format::keystore::{Content, Entry, Fault, Format, Store};
use crate::secret::Secret;
use time::OffsetDateTime;

/// What is known of the served certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    pub fingerprint: Digest,
    /// Common name and subject alternative names, in lower case.
    pub names: Vec<String>,
    pub subject: String,
    /// WSO2 ships it, as certificate, key or subject tell.
    pub shipped: bool,
    /// Its dates do not include today.
    pub expired: bool,
}

impl Served {
    /// Tells whether a name of the certificate covers a host; a wildcard covers one label.
    pub fn covers(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        self.names.iter().any(|name| match name.strip_prefix("*.") {
            Some(domain) => host.split_once('.').is_some_and(|(_, rest)| rest == domain),
            None => *name == host,
        })
    }
}

/// Reads the certificate of the private key with the given alias, else of the first private key.
///
/// # Errors
/// A clause saying why it cannot be told.
pub fn served(
    store: &[u8],
    alias: Option<&str>,
    password: Option<&Secret>,
) -> Result<Served, String> {
    // The clear formats say what they hold whatever the password, right or wrong.
    let password = password.filter(|_| Format::of(store) == Some(Format::Pkcs12));
    let store = Store::read(store, password).map_err(|fault| clause(&fault))?;
    let is_key = |entry: &&Entry| matches!(entry.content, Content::Key { .. });
    let named = alias.and_then(|alias| store.entry(alias)).filter(is_key);
    let entry = named.or_else(|| store.entries().iter().find(is_key));
    let entry = entry.ok_or("the key store holds no private key")?;
    let certificate = entry.certificate().ok_or("the private key has no certificate")?;
    let facts = certificate.facts().map_err(|fault| clause(&fault))?;
    Ok(Served {
        fingerprint: facts.fingerprint,
        shipped: shipped(&facts).is_some(),
        expired: facts.expired(OffsetDateTime::now_utc()),
        subject: facts.subject,
        names: facts.names,
    })
}

fn clause(fault: &Fault) -> String {
    fault.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str]) -> Served {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Served {
            fingerprint: Digest::of(b""),
            names,
            subject: "CN=x".into(),
            shipped: false,
            expired: false,
        }
    }

    #[test]
    fn a_wildcard_covers_one_label() {
        let served = named(&["*.example.com", "localhost"]);
        assert!(served.covers("a.example.com") && served.covers("LOCALHOST"));
        assert!(!served.covers("a.b.example.com") && !served.covers("example.com"));
    }

    #[test]
    fn damaged_stores_are_refused() {
        let endless = [0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2, 0xff, 0xff, 0xff, 0xff];
        assert!(served(&endless, None, None).is_err());
        let empty = [&[0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2, 0, 0, 0, 0][..], &[0; 20]].concat();
        assert_eq!(served(&empty, None, None), Err("the key store holds no private key".into()));
        for other in [&[0x30, 0x82][..], &[0xce; 8], b"PEM", b""] {
            assert!(served(other, None, None).is_err());
        }
    }
}
