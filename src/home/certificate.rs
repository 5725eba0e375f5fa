//! The certificate that a server shows, as far as its key store can be read without a password.
//!
//! Java's JKS format keeps certificates in the clear, so whether the shipped key is still in use and
//! which names the certificate covers can be told without any secret. Other formats are named as
//! such; nothing is guessed.

use crate::digest::Digest;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

/// What is known of the served certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    pub fingerprint: Digest,
    /// Common name and subject alternative names, in lower case.
    pub names: Vec<String>,
    pub subject: String,
    /// Its dates do not include today.
    pub expired: bool,
}

impl Served {
    /// Tells whether WSO2 ships this certificate, by fingerprint or by its subject.
    pub fn is_shipped(&self) -> bool {
        SHIPPED.contains(&self.fingerprint.to_string().as_str())
            || (self.subject.contains("CN=localhost") && self.subject.contains("O=WSO2"))
    }

    /// Tells whether a name of the certificate covers a host; a wildcard covers one label.
    pub fn covers(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        self.names.iter().any(|name| match name.strip_prefix("*.") {
            Some(domain) => host.split_once('.').is_some_and(|(_, rest)| rest == domain),
            None => *name == host,
        })
    }
}

/// Reads the certificate of the private key with the given alias, else of the first private key,
/// out of a Java key store.
///
/// # Errors
/// A clause saying why it cannot be told.
pub fn served(store: &[u8], alias: Option<&str>) -> Result<Served, String> {
    match store {
        [0xfe, 0xed, 0xfe, 0xed, rest @ ..] => {
            let chains = jks(rest).ok_or("the key store is damaged")?;
            let chosen = chains
                .iter()
                .find(|(name, _)| alias.is_some_and(|alias| alias.eq_ignore_ascii_case(name)))
                .or(chains.first())
                .ok_or("the key store holds no private key")?;
            certificate(chosen.1)
        }
        [0xce, 0xce, 0xce, 0xce, ..] => {
            Err("a JCEKS key store is not read without its password".into())
        }
        [0x30, ..] => Err("a PKCS#12 key store is not read without its password".into()),
        _ => Err("the file is not a key store".into()),
    }
}

fn certificate(der: &[u8]) -> Result<Served, String> {
    let (_, x509) =
        X509Certificate::from_der(der).map_err(|_| "the certificate cannot be read".to_owned())?;
    let mut names: Vec<String> = x509
        .subject()
        .iter_common_name()
        .filter_map(|name| name.as_str().ok())
        .map(str::to_ascii_lowercase)
        .collect();
    if let Ok(Some(san)) = x509.subject_alternative_name() {
        names.extend(san.value.general_names.iter().filter_map(|name| match name {
            GeneralName::DNSName(dns) => Some(dns.to_ascii_lowercase()),
            _ => None,
        }));
    }
    Ok(Served {
        fingerprint: Digest::of(der),
        names,
        subject: x509.subject().to_string(),
        expired: !x509.validity().is_valid(),
    })
}

/// Lists alias and leaf certificate of each private key of a JKS store, behind its magic number.
///
/// Layout (OpenJDK, `sun.security.provider.JavaKeyStore`): version, count, then entries of tag,
/// alias, time; a private key (tag 1) has its sealed bytes and a chain; a certificate has a type
/// name and DER.
fn jks(store: &[u8]) -> Option<Vec<(String, &[u8])>> {
    let mut cursor = Cursor(store);
    let version = cursor.u32()?;
    let count = cursor.u32()?;
    let mut found = Vec::new();
    for _ in 0..count {
        let tag = cursor.u32()?;
        let length = cursor.u16()?;
        let alias = String::from_utf8_lossy(cursor.take(length)?).into_owned();
        cursor.take(8)?;
        match tag {
            1 => {
                let sealed = cursor.u32()?;
                cursor.take(sealed)?;
                let chain = cursor.u32()?;
                for link in 0..chain {
                    let der = cursor.certificate(version)?;
                    if link == 0 {
                        found.push((alias.clone(), der));
                    }
                }
            }
            2 => {
                cursor.certificate(version)?;
            }
            _ => return None,
        }
    }
    Some(found)
}

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn u16(&mut self) -> Option<usize> {
        self.take(2)?.try_into().ok().map(|bytes| usize::from(u16::from_be_bytes(bytes)))
    }

    fn u32(&mut self) -> Option<usize> {
        self.take(4)?
            .try_into()
            .ok()
            .and_then(|bytes| usize::try_from(u32::from_be_bytes(bytes)).ok())
    }

    fn certificate(&mut self, version: usize) -> Option<&'a [u8]> {
        if version == 2 {
            let length = self.u16()?;
            self.take(length)?;
        }
        let length = self.u32()?;
        self.take(length)
    }
}

/// SHA-256 fingerprints of the certificates that the products ship, kernels 4.2 to 4.12, read from
/// the key and trust stores of WSO2's public repositories.
const SHIPPED: [&str; 26] = [
    "02e6217a58fe8ef0d191e30f6acf44cf08f47b4c18c6c64abdf2d487b48c0a00",
    "1b2429b16ef58301b74ff16253655ae85537e3a5bfd159085a5a8e23e5a3b22a",
    "1d729fb8c468ead820a2a0be4adb8fbabed9ab1ba126c9d21466c5706e8e4d30",
    "1e1bcdeb0a46472150c55542a9cc02f39481e5dd1e6ea493c82b023cbe03b44c",
    "2345b8d74034f5365a785f6125e203ea8ebb997d5e90ae58433c0ad810661aef",
    "2ba361a032ffd4b34f7df066de72b61c5e836a09f7a7bd7105eb87b4094d9712",
    "30311c84503c955d084d9093c171b82dede7c6cb98ddd3da2b0201c2e0bc67f7",
    "3612ad8f01b4ecf4714f0bc8e071b6403dd34c4dde62d81dd4b91d1aa356dee6",
    "4e18577354499e6dd0f96664cb15c889cf2a7398d0889a6aa3026df87e2557bb",
    "50f0eda5898af3a115c2c508194956e7e114fe234743e9d22f709ae7cb801bbd",
    "529c2433bf19b2fdd5c56f4420e87711964a0177e610e374788945fa65fd2663",
    "5d094d2099ac6e670e537d50853b60fbee3dd08858e50db06e22ffe3ad92646d",
    "80f154f2c82d4f5e8fb96a6374cc2310eb141bdcb168787cad9efa5b4407f385",
    "81b3c3f0fd4fa9fb05bd3ed1c691692a8aee3aa80a74adef76eee9338fc738d3",
    "8ace6db1dfa6246fd6d7328049090623f05934ad7165f2f22a44612ba7340b28",
    "92b153efd378c4794e87bd8b70a01ec0f7209b9ac598afff83b5590934ad0cc4",
    "9bf78253a0cb3154d7f61e53a262fae12c2da7e00cb2603eeb1bd6093af981fe",
    "9db36ba11a21dad55653727abce15d745793e891983fe7aadfce1b39e3b7c862",
    "bb258cb42b8fa711296ea4598bed89c8f445957fbb8fb216bda99c63df64d0b9",
    "bc6d75f85629d1ab50da15ead7161d8a636f542b939060aa70e6db68ce5a807c",
    "c6936d574026e0e474d57ec0883652f5abffc11f4458e2d51188577fadb4e305",
    "ca5c9b54f9b6d39f396a1aaa7a780481393c1dfbb567cfacfb962e6a88ad6588",
    "cf6f49f8ecce6e92928dc2038548e87310ed06b707d3f9e23783b66a82a24ed8",
    "d652dc11452bb78e19c73e7f3fe3e40d87e20810ce63a705970024fb814a3e2a",
    "e413604ca92796dd8ec92f4e62b0afa1089e809007a9245ebb8733d769d45a8a",
    "eecb4d02dad4ac6b505353a7e21f4fb9a33fdcac92303ff0ff43e2190a84eaa0",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str]) -> Served {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Served { fingerprint: Digest::of(b""), names, subject: "CN=x".into(), expired: false }
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
        assert!(served(&endless, None).is_err());
        let empty = [0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2, 0, 0, 0, 0];
        assert_eq!(served(&empty, None), Err("the key store holds no private key".into()));
        for other in [&[0x30, 0x82][..], &[0xce; 8], b"PEM", b""] {
            assert!(served(other, None).is_err());
        }
    }

    #[test]
    fn the_shipped_subject_counts_whatever_the_fingerprint() {
        let mut served = named(&["localhost"]);
        assert!(!served.is_shipped());
        served.subject = "C=US, O=WSO2, CN=localhost".into();
        assert!(served.is_shipped());
    }
}
