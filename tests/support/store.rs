//! Key stores made on the spot, with keys that are made once for each process.

use harden::native::key::{self, Bits, Key, Order};
use harden::native::keystore::{Certificate, Format, Profile, Store};
use harden::secret::Secret;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, PKCS_RSA_SHA256, PublicKeyData, SerialNumber,
    SignatureAlgorithm, SigningKey,
};
use rsa::pkcs1::EncodeRsaPublicKey as _;
use rsa::pkcs8::EncodePrivateKey as _;
use rsa::signature::{SignatureEncoding as _, Signer as _};
use rsa::{RsaPrivateKey, pkcs1v15};
use std::sync::OnceLock;
use time::{Date, Month, OffsetDateTime, Time};

/// The public default of every shipped store.
pub const SHIPPED: &str = "wso2carbon";

/// 2026-01-01, in milliseconds.
const MADE: i64 = 1_767_225_600_000;

/// A JKS store with the shipped password and one key that is too short (1024 bits), whose
/// certificate is for these names.
pub fn jks(alias: &str, names: &[&str]) -> Vec<u8> {
    with_key(Format::Jks, alias, &weak_certificate(names[0], names, None), SHIPPED)
}

/// A store with the weak key under a certificate.
pub fn with_key(format: Format, alias: &str, own: &Certificate, password: &str) -> Vec<u8> {
    let mut store = Store::new(format);
    put_weak(&mut store, alias, own, password);
    store.write(&Secret::new(password), Profile::Old).unwrap()
}

pub fn put_weak(store: &mut Store, alias: &str, own: &Certificate, password: &str) {
    let own = std::slice::from_ref(own);
    store.put_key(alias, &weak().private, own, &Secret::new(password), Profile::Old, MADE).unwrap();
}

/// A JKS trust store with the shipped password, which believes one authority.
pub fn trust() -> Vec<u8> {
    let mut store = Store::new(Format::Jks);
    let authority = weak_certificate("Example Authority", &["authority.example.com"], None);
    store.put_trusted("example-authority", authority, MADE).unwrap();
    store.write(&Secret::new(SHIPPED), Profile::Old).unwrap()
}

/// A store with a new key of 2048 bits under a certificate for one name.
pub fn fresh(name: &str, alias: &str, password: &str, format: Format) -> Vec<u8> {
    let key = strong();
    let own = Certificate::new(key::self_signed(key, &order(name)).unwrap());
    let mut store = Store::new(format);
    let secret = Secret::new(password);
    let sealed = key.pkcs8().unwrap();
    store.put_key(alias, &sealed, &[own], &secret, Profile::Old, MADE).unwrap();
    store.write(&secret, Profile::Old).unwrap()
}

/// A JKS store with two keys of 2048 bits: server, and internal for stored data.
pub fn both(name: &str, password: &str) -> Vec<u8> {
    let secret = Secret::new(password);
    let mut store = Store::new(Format::Jks);
    for (alias, key) in [("server", strong()), ("internal", second())] {
        let own = Certificate::new(key::self_signed(key, &order(name)).unwrap());
        let sealed = key.pkcs8().unwrap();
        store.put_key(alias, &sealed, &[own], &secret, Profile::Old, MADE).unwrap();
    }
    store.write(&secret, Profile::Old).unwrap()
}

/// What a certificate says, with dates that do not depend on the day, because reports show them.
fn order(name: &str) -> Order {
    let subject = format!("CN={name}").parse().unwrap();
    Order { subject, names: vec![name.parse().unwrap()], from: start(2024), days: 3650 }
}

/// A key that is good enough.
pub fn strong() -> &'static Key {
    static KEY: OnceLock<Key> = OnceLock::new();
    KEY.get_or_init(|| Key::generate(Bits::Rsa2048).unwrap())
}

/// Another one.
pub fn second() -> &'static Key {
    static KEY: OnceLock<Key> = OnceLock::new();
    KEY.get_or_init(|| Key::generate(Bits::Rsa2048).unwrap())
}

/// A certificate over the weak key, until a year.
pub fn weak_certificate(common_name: &str, names: &[&str], until: Option<i32>) -> Certificate {
    let dns: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(dns).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Example");
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.serial_number = Some(SerialNumber::from(vec![1, 2, 3]));
    params.not_before = start(until.map_or(2024, |year| year - 5));
    params.not_after = start(until.unwrap_or(2036));
    params.key_identifier_method = rcgen::KeyIdMethod::PreSpecified(vec![7; 20]);
    Certificate::new(params.self_signed(&weak()).unwrap().der().to_vec())
}

/// As [`weak_certificate`], with the subject of WSO2's own certificates.
pub fn theirs() -> Certificate {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "WSO2");
    params.distinguished_name.push(DnType::CommonName, "localhost");
    params.serial_number = Some(SerialNumber::from(vec![4, 5, 6]));
    params.not_before = start(2024);
    params.not_after = start(2036);
    params.key_identifier_method = rcgen::KeyIdMethod::PreSpecified(vec![7; 20]);
    Certificate::new(params.self_signed(&weak()).unwrap().der().to_vec())
}

fn start(year: i32) -> OffsetDateTime {
    let day = Date::from_calendar_date(year, Month::January, 1).unwrap();
    day.with_time(Time::MIDNIGHT).assume_utc()
}

struct Weak {
    key: RsaPrivateKey,
    public: Vec<u8>,
    private: Vec<u8>,
}

fn weak() -> &'static Weak {
    static WEAK: OnceLock<Weak> = OnceLock::new();
    WEAK.get_or_init(|| {
        let key = RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 1024).unwrap();
        let public = key.to_public_key().to_pkcs1_der().unwrap().as_bytes().to_vec();
        let private = key.to_pkcs8_der().unwrap().as_bytes().to_vec();
        Weak { key, public, private }
    })
}

impl PublicKeyData for &Weak {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_RSA_SHA256
    }
}

impl SigningKey for &Weak {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signer = pkcs1v15::SigningKey::<rsa::sha2::Sha256>::new(self.key.clone());
        Ok(signer.sign(message).to_vec())
    }
}
