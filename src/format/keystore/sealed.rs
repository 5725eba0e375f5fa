//! Private keys under a password: `EncryptedPrivateKeyInfo`, whatever sealed it.
//!
//! Java's own protector of JKS (OpenJDK, `sun.security.provider.KeyProtector`) is a keystream of
//! chained SHA-1 and no protection by today's measure; it is written because Java reads nothing else
//! in a JKS store. JCEKS keys under MD5 and triple DES are told, not opened.

use super::asn1::{INTEGER, Items, OCTETS, SEQUENCE, tlv};
use super::fault::damaged;
use super::{Fault, Format, Profile, jks, pbe};
use crate::secret::Secret;
use der::asn1::ObjectIdentifier;
use rsa::rand_core::{OsRng, RngCore as _};
use sha1::{Digest as _, Sha1};
use zeroize::Zeroizing;

/// `sun.security.provider.KeyProtector`.
const JAVA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.42.2.17.1.1");
/// `com.sun.crypto.provider.KeyProtector`: MD5 and triple DES.
const JAVA_JCE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.42.2.19.1");
const BLOCK: usize = 20;

/// Opens a sealed key; `alias` names it in a fault.
pub(super) fn open(
    sealed: &[u8],
    alias: &str,
    password: &Secret,
) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let whole = sealed;
    let mut items = Items::of(sealed, "a private key").inside(SEQUENCE)?;
    let algorithm = items.take()?;
    if algorithm.tag == INTEGER {
        // PKCS#8 in the clear, which PKCS#12 allows: it begins with its version.
        return Ok(Zeroizing::new(whole.to_vec()));
    }
    let sealed = items.expect(OCTETS)?.body;
    let oid = pbe::algorithm(&algorithm)?.0;
    let key = match oid {
        JAVA => unmask(sealed, &jks::utf16(password)?)?,
        JAVA_JCE => {
            return Err(Fault::Unsupported(format!(
                "the key {alias}: JCEKS seals it with MD5 and triple DES"
            )));
        }
        _ => pbe::open(&algorithm, sealed, password, &mut pbe::Budget::default())?,
    };
    // A wrong password may leave bytes that only look unpadded.
    key.filter(|key| Items::of(key, "a private key").inside(SEQUENCE).is_ok())
        .ok_or_else(|| Fault::WrongKeyPassword(alias.to_owned()))
}

/// Seals a PKCS#8 key as a store of the given format needs it.
pub(super) fn seal(
    key: &[u8],
    format: Format,
    profile: Profile,
    password: &Secret,
) -> Result<Vec<u8>, Fault> {
    let (algorithm, sealed) = match format {
        Format::Pkcs12 => pbe::seal(key, profile, password)?,
        Format::Jks | Format::Jceks => {
            let oid = tlv(super::asn1::OID, JAVA.as_bytes());
            let algorithm = tlv(SEQUENCE, &[oid, tlv(super::asn1::NULL, &[])].concat());
            (algorithm, mask(key, random()?, &jks::utf16(password)?))
        }
    };
    Ok(tlv(SEQUENCE, &[algorithm, tlv(OCTETS, &sealed)].concat()))
}

/// Gives a password as text.
pub(super) fn text(password: &Secret) -> Result<&str, Fault> {
    std::str::from_utf8(password.reveal()).map_err(|_| Fault::NotText)
}

/// Gives random bytes of the operating system.
pub(super) fn random<const N: usize>() -> Result<[u8; N], Fault> {
    let mut bytes = [0; N];
    OsRng.try_fill_bytes(&mut bytes).map_err(|_| Fault::NoRandom)?;
    Ok(bytes)
}

/// Salt, then the key under a keystream that the salt starts, then SHA-1 over password and key.
fn mask(key: &[u8], salt: [u8; BLOCK], password: &[u8]) -> Vec<u8> {
    let mut out = salt.to_vec();
    out.extend_from_slice(&stream(key, salt, password));
    out.extend(check(key, password));
    out
}

fn unmask(sealed: &[u8], password: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, Fault> {
    let short = || damaged("a private key is too short");
    let (salt, rest) = sealed.split_first_chunk::<BLOCK>().ok_or_else(short)?;
    let (body, found) = rest.split_last_chunk::<BLOCK>().ok_or_else(short)?;
    let key = stream(body, *salt, password);
    Ok((check(&key, password) == *found).then_some(key))
}

fn stream(bytes: &[u8], salt: [u8; BLOCK], password: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut block = salt;
    let mut out = Zeroizing::new(Vec::with_capacity(bytes.len()));
    for part in bytes.chunks(BLOCK) {
        block = Sha1::new().chain_update(password).chain_update(block).finalize().into();
        out.extend(part.iter().zip(block).map(|(byte, key)| byte ^ key));
    }
    out
}

fn check(key: &[u8], password: &[u8]) -> [u8; BLOCK] {
    Sha1::new().chain_update(password).chain_update(key).finalize().into()
}
