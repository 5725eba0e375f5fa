//! Keys and a small authority for the tests. Keys are made once per process.

use super::{Bits, Chain, Fault, Key, Purpose, chain, to_pem};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyIdMethod, KeyUsagePurpose,
    PublicKeyData, SerialNumber, SignatureAlgorithm, SigningKey,
};
use std::sync::OnceLock;
use time::{Duration, OffsetDateTime};

pub fn server() -> &'static Key {
    static KEY: OnceLock<Key> = OnceLock::new();
    made(&KEY)
}

pub fn authority() -> &'static Key {
    static KEY: OnceLock<Key> = OnceLock::new();
    made(&KEY)
}

/// Another authority that goes by the same name.
pub fn impostor() -> &'static Key {
    static KEY: OnceLock<Key> = OnceLock::new();
    made(&KEY)
}

fn made(key: &'static OnceLock<Key>) -> &'static Key {
    key.get_or_init(|| Key::generate(Bits::Rsa2048).unwrap())
}

/// A key as `rcgen` wants it.
pub struct Rsa(pub &'static Key);

impl PublicKeyData for Rsa {
    fn der_bytes(&self) -> &[u8] {
        self.0.public()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_RSA_SHA256
    }
}

impl SigningKey for Rsa {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(self.0.sign(message).unwrap())
    }
}

pub fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_700_000_000).unwrap()
}

fn params(name: &str, ca: bool) -> CertificateParams {
    let mut params = CertificateParams::new(["gw.example".to_owned()]).unwrap();
    params.distinguished_name = Default::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = now() - Duration::DAY;
    params.not_after = now() + Duration::DAY;
    params.serial_number = Some(SerialNumber::from_slice(&[1]));
    params.key_identifier_method = KeyIdMethod::PreSpecified(vec![1]);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.is_ca = IsCa::ExplicitNoCa;
    if ca {
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    params
}

/// Server, intermediate and root; each test changes what it is about.
pub struct Made {
    pub server: CertificateParams,
    pub middle: CertificateParams,
    pub root: CertificateParams,
}

impl Made {
    pub fn new() -> Self {
        Self {
            server: params("server", false),
            middle: params("middle", true),
            root: params("root", true),
        }
    }

    pub fn ders(&self) -> [Vec<u8>; 3] {
        let sign = |params: &CertificateParams, key, issuer: &CertificateParams| {
            let issuer = Issuer::from_params(issuer, Rsa(authority()));
            params.signed_by(&Rsa(key), &issuer).unwrap().der().to_vec()
        };
        [
            sign(&self.server, server(), &self.middle),
            sign(&self.middle, authority(), &self.root),
            sign(&self.root, authority(), &self.root),
        ]
    }

    pub fn told(&self, purpose: Purpose) -> String {
        take(&self.ders(), purpose).unwrap_err().to_string()
    }
}

pub fn take(ders: &[Vec<u8>], purpose: Purpose) -> Result<Chain, Fault> {
    let text: String = ders.iter().map(|der| to_pem("CERTIFICATE", der)).collect();
    chain(text.as_bytes(), server(), purpose, now())
}
