//! An RSA key and certificates over it, made once for each test process.

#![allow(dead_code, reason = "not every test uses all of it")]

use harden::native::keystore::Certificate;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, PKCS_RSA_SHA256, PublicKeyData,
    SerialNumber, SignatureAlgorithm, SigningKey,
};
use rsa::RsaPrivateKey;
use rsa::pkcs1::EncodeRsaPublicKey as _;
use rsa::pkcs1v15;
use rsa::pkcs8::EncodePrivateKey as _;
use rsa::signature::{SignatureEncoding as _, Signer as _};
use std::sync::OnceLock;
use time::{Date, Month, OffsetDateTime, Time};

pub struct Pair {
    key: RsaPrivateKey,
    public: Vec<u8>,
    /// PKCS#8 in DER.
    pub private: Vec<u8>,
}

impl Pair {
    fn new() -> Self {
        let key = RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).unwrap();
        let public = key.to_public_key().to_pkcs1_der().unwrap().as_bytes().to_vec();
        let private = key.to_pkcs8_der().unwrap().as_bytes().to_vec();
        Self { key, public, private }
    }
}

impl PublicKeyData for &Pair {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_RSA_SHA256
    }
}

impl SigningKey for &Pair {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signer = pkcs1v15::SigningKey::<rsa::sha2::Sha256>::new(self.key.clone());
        Ok(signer.sign(message).to_vec())
    }
}

/// The key of all tests.
pub fn pair() -> &'static Pair {
    static PAIR: OnceLock<Pair> = OnceLock::new();
    PAIR.get_or_init(Pair::new)
}

/// A second key, which no certificate of the first fits.
pub fn other() -> &'static Pair {
    static PAIR: OnceLock<Pair> = OnceLock::new();
    PAIR.get_or_init(Pair::new)
}

/// A self-signed certificate over a key.
pub fn certificate(name: &str, pair: &Pair) -> Certificate {
    Certificate::new(params(name).self_signed(&pair).unwrap().der().to_vec())
}

/// An authority over the first key, and a certificate that it issued for the second.
pub fn chain() -> [Certificate; 2] {
    let mut authority = params("Test Authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = authority.self_signed(&pair()).unwrap();
    let issuer = Issuer::new(authority, pair());
    let leaf = params("issued.example.com").signed_by(&other(), &issuer).unwrap();
    [Certificate::new(leaf.der().to_vec()), Certificate::new(root.der().to_vec())]
}

fn params(name: &str) -> CertificateParams {
    let names = vec![name.replace(' ', "-").to_lowercase(), "127.0.0.1".to_owned()];
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.serial_number = Some(SerialNumber::from(vec![1, 2, 3, 4]));
    params.not_before = start(2026);
    params.not_after = start(2046);
    params.key_identifier_method = rcgen::KeyIdMethod::PreSpecified(vec![7; 20]);
    params
}

/// The first moment of a year.
fn start(year: i32) -> OffsetDateTime {
    let day = Date::from_calendar_date(year, Month::January, 1).unwrap();
    day.with_time(Time::MIDNIGHT).assume_utc()
}
