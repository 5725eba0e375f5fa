//! What a certificate says of itself. It trusts nothing: signatures are not verified.

use super::Fault;
use crate::digest::Digest;
use std::net::IpAddr;
use std::sync::Arc;
use time::OffsetDateTime;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::{FromDer as _, GeneralName};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

/// A certificate in DER, kept as it came; cheap to copy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Certificate(Arc<[u8]>);

/// What is read out of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// As RFC 4514 lists it, in the certificate's own order: `C=US, O=WSO2, CN=localhost`.
    pub subject: String,
    pub issuer: String,
    /// Lower-case hexadecimal digits.
    pub serial: String,
    /// Common names, then alternative DNS names and addresses, in lower case, each once.
    pub names: Vec<String>,
    pub not_before: OffsetDateTime,
    pub not_after: OffsetDateTime,
    pub key: KeyKind,
    /// As Java names it: `SHA256withRSA`; a dotted number where Java has no name.
    pub signature: String,
    /// MD2, MD5 or SHA-1. Harmless on a self-issued root, whose signature nobody checks.
    pub weak_signature: bool,
    /// Subject and issuer are the same.
    pub self_issued: bool,
    /// SHA-256 of the whole certificate.
    pub fingerprint: Digest,
    /// SHA-256 of the public key: the same for a certificate issued again over one key.
    pub key_fingerprint: Digest,
    /// The basic constraints say so.
    pub is_ca: bool,
    pub usage: Option<KeyUsage>,
    /// SubjectPublicKeyInfo in DER.
    pub public_key: Vec<u8>,
}

/// The kind of a public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    Rsa { bits: usize },
    Ec { bits: usize },
    Other,
}

/// What the key may be used for, as far as a server needs to know.
///
/// `Cipher.init` of Java refuses a certificate whose usage is critical without data encipherment,
/// and the Secure Vault tool calls it with one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUsage {
    pub critical: bool,
    pub signs: bool,
    pub enciphers_keys: bool,
    pub enciphers_data: bool,
    pub signs_certificates: bool,
}

impl Certificate {
    /// Takes DER that a store or a file holds; [`Self::facts`] tells whether it is a certificate.
    pub fn new(der: impl Into<Arc<[u8]>>) -> Self {
        Self(der.into())
    }

    pub fn der(&self) -> &[u8] {
        &self.0
    }

    /// Gives the SHA-256 digest of the DER.
    pub fn fingerprint(&self) -> Digest {
        Digest::of(&self.0)
    }

    /// Reads what the certificate says.
    ///
    /// # Errors
    /// [`Fault::Certificate`] where it is no X.509 certificate.
    pub fn facts(&self) -> Result<Facts, Fault> {
        let fault = |why: &str| Fault::Certificate(why.to_owned());
        let (rest, x509) =
            X509Certificate::from_der(&self.0).map_err(|_| fault("it is not X.509 in DER"))?;
        if !rest.is_empty() {
            return Err(fault("bytes follow its end"));
        }
        let signature = signature(&x509.signature_algorithm.algorithm.to_id_string());
        Ok(Facts {
            subject: printable(&x509.subject().to_string()),
            issuer: printable(&x509.issuer().to_string()),
            serial: x509.raw_serial().iter().map(|byte| format!("{byte:02x}")).collect(),
            names: names(&x509),
            not_before: x509.validity().not_before.to_datetime(),
            not_after: x509.validity().not_after.to_datetime(),
            key: key(x509.public_key()),
            weak_signature: ["MD2", "MD5", "SHA1with"]
                .iter()
                .any(|weak| signature.starts_with(weak)),
            signature,
            self_issued: x509.subject().as_raw() == x509.issuer().as_raw(),
            fingerprint: self.fingerprint(),
            key_fingerprint: Digest::of(x509.public_key().raw),
            is_ca: x509.is_ca(),
            usage: usage(&x509),
            public_key: x509.public_key().raw.to_vec(),
        })
    }

    /// Lists object identifier and text of each part of the subject, in the certificate's order;
    /// nothing where it is no certificate.
    pub fn subject_parts(&self) -> Vec<(String, String)> {
        let Ok((_, x509)) = X509Certificate::from_der(&self.0) else {
            return Vec::new();
        };
        let text = |value: &x509_parser::x509::AttributeTypeAndValue| {
            let text = value.as_str().map(str::to_owned).unwrap_or_default();
            (value.attr_type().to_id_string(), text)
        };
        x509.subject().iter_attributes().map(text).collect()
    }

    /// Gives subject and issuer as they are encoded; nothing where it is no certificate.
    pub(super) fn ends(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        let (_, x509) = X509Certificate::from_der(&self.0).ok()?;
        Some((x509.subject().as_raw().to_vec(), x509.issuer().as_raw().to_vec()))
    }
}

impl Facts {
    /// Tells whether a moment lies outside the certificate's dates.
    pub fn expired(&self, now: OffsetDateTime) -> bool {
        now > self.not_after || now < self.not_before
    }
}

impl KeyKind {
    /// Tells whether it is below what is held to be safe: RSA 2048, EC 224 (NIST SP 800-131A).
    pub fn is_weak(self) -> bool {
        match self {
            Self::Rsa { bits } => bits < 2048,
            Self::Ec { bits } => bits < 224,
            Self::Other => false,
        }
    }
}

impl std::fmt::Display for KeyKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rsa { bits } => write!(f, "RSA {bits}"),
            Self::Ec { bits } => write!(f, "EC {bits}"),
            Self::Other => f.write_str("another kind"),
        }
    }
}

fn names(x509: &X509Certificate<'_>) -> Vec<String> {
    let mut names: Vec<String> = x509
        .subject()
        .iter_common_name()
        .filter_map(|name| name.as_str().ok())
        .map(clean)
        .collect();
    if let Ok(Some(alternative)) = x509.subject_alternative_name() {
        names.extend(alternative.value.general_names.iter().filter_map(|name| match name {
            GeneralName::DNSName(dns) => Some(clean(dns)),
            GeneralName::IPAddress(bytes) => address(bytes).map(|address| address.to_string()),
            _ => None,
        }));
    }
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}

fn clean(name: &str) -> String {
    printable(name).to_lowercase()
}

/// Keeps control characters of a hostile certificate off the screen.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let four: Option<[u8; 4]> = bytes.try_into().ok();
    let sixteen: Option<[u8; 16]> = bytes.try_into().ok();
    four.map(IpAddr::from).or(sixteen.map(IpAddr::from))
}

fn key(info: &SubjectPublicKeyInfo<'_>) -> KeyKind {
    match info.parsed() {
        Ok(PublicKey::RSA(rsa)) => KeyKind::Rsa { bits: significant_bits(rsa.modulus) },
        Ok(PublicKey::EC(point)) => KeyKind::Ec { bits: curve(info).unwrap_or(point.key_size()) },
        _ => KeyKind::Other,
    }
}

/// Counts the bits of a big-endian number.
fn significant_bits(number: &[u8]) -> usize {
    let first = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
    let zeros = number.get(first).map_or(0, |byte| byte.leading_zeros() as usize);
    (number.len() - first) * 8 - zeros
}

/// SEC 2, section 2; RFC 5639, section 4.1.
fn curve(info: &SubjectPublicKeyInfo<'_>) -> Option<usize> {
    let oid = info.algorithm.parameters.as_ref()?.as_oid().ok()?.to_id_string();
    match oid.as_str() {
        "1.2.840.10045.3.1.1" => Some(192),
        "1.3.132.0.33" => Some(224),
        "1.2.840.10045.3.1.7" | "1.3.132.0.10" | "1.3.36.3.3.2.8.1.1.7" => Some(256),
        "1.3.132.0.34" | "1.3.36.3.3.2.8.1.1.11" => Some(384),
        "1.3.36.3.3.2.8.1.1.13" => Some(512),
        "1.3.132.0.35" => Some(521),
        _ => None,
    }
}

fn usage(x509: &X509Certificate<'_>) -> Option<KeyUsage> {
    let found = x509.key_usage().ok()??;
    Some(KeyUsage {
        critical: found.critical,
        signs: found.value.digital_signature(),
        enciphers_keys: found.value.key_encipherment(),
        enciphers_data: found.value.data_encipherment(),
        signs_certificates: found.value.key_cert_sign(),
    })
}

/// Java's standard names of signature algorithms.
fn signature(oid: &str) -> String {
    let name = match oid {
        "1.2.840.113549.1.1.2" => "MD2withRSA",
        "1.2.840.113549.1.1.4" => "MD5withRSA",
        "1.2.840.113549.1.1.5" | "1.3.14.3.2.29" => "SHA1withRSA",
        "1.2.840.113549.1.1.10" => "RSASSA-PSS",
        "1.2.840.113549.1.1.11" => "SHA256withRSA",
        "1.2.840.113549.1.1.12" => "SHA384withRSA",
        "1.2.840.113549.1.1.13" => "SHA512withRSA",
        "1.2.840.113549.1.1.14" => "SHA224withRSA",
        "1.2.840.10040.4.3" => "SHA1withDSA",
        "2.16.840.1.101.3.4.3.1" => "SHA224withDSA",
        "2.16.840.1.101.3.4.3.2" => "SHA256withDSA",
        "1.2.840.10045.4.1" => "SHA1withECDSA",
        "1.2.840.10045.4.3.1" => "SHA224withECDSA",
        "1.2.840.10045.4.3.2" => "SHA256withECDSA",
        "1.2.840.10045.4.3.3" => "SHA384withECDSA",
        "1.2.840.10045.4.3.4" => "SHA512withECDSA",
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        other => other,
    };
    name.to_owned()
}
