//! Encryption under a password as PKCS#12 uses it, and its keyed digest (RFC 7292, RFC 8018).
//!
//! Modern is what Java 8u301, 11.0.12 and 17 write: AES-256 under PBKDF2 with HMAC-SHA256. Old is
//! what every Java reads: triple DES and SHA-1. Work that a file asks for is bounded before it is
//! done.

use super::asn1::{Item, Items, OCTETS, OID, SEQUENCE, integer, tlv};
use super::fault::damaged;
use super::{Fault, Profile, sealed};
use crate::secret::Secret;
use der::asn1::ObjectIdentifier;
use p12::{AlgorithmIdentifier, PFX, Pkcs12PbeParams, SafeBagKind};
use pkcs5::der::{Decode as _, Encode as _};
use pkcs5::pbes2;
use sha2::digest::core_api::BlockSizeUser;
use sha2::{Digest, Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

const PBES2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.13");
const PBMAC1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.14");
const TRIPLE_DES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.3");
const RC2_40: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.6");
const SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");

/// Java's default since 8u301 for encryption and digest alike.
const ITERATIONS: u32 = 10_000;
/// The most that Java itself accepts.
const MOST_ITERATIONS: u64 = 5_000_000;

/// The iterations that one file may still ask for.
pub(super) struct Budget(u64);

impl Default for Budget {
    fn default() -> Self {
        Self(MOST_ITERATIONS)
    }
}

impl Budget {
    fn spend(&mut self, iterations: u64) -> Result<(), Fault> {
        if iterations == 0 {
            return Err(damaged("it derives a key in no iterations"));
        }
        self.0 = self.0.checked_sub(iterations).ok_or_else(|| {
            Fault::Excessive(format!("more than {MOST_ITERATIONS} iterations to derive its keys"))
        })?;
        Ok(())
    }
}

/// Splits an `AlgorithmIdentifier` into its name and its parameters.
pub(super) fn algorithm<'a>(item: &Item<'a>) -> Result<(ObjectIdentifier, Items<'a>), Fault> {
    let mut items = item.items();
    Ok((oid(&items.expect(OID)?)?, items))
}

/// Reads an object identifier.
pub(super) fn oid(item: &Item<'_>) -> Result<ObjectIdentifier, Fault> {
    ObjectIdentifier::from_bytes(item.body)
        .map_err(|_| damaged("the name of an algorithm is not valid"))
}

/// Decrypts; nothing where the password is wrong, as far as padding can tell.
pub(super) fn open(
    item: &Item<'_>,
    sealed: &[u8],
    password: &Secret,
    budget: &mut Budget,
) -> Result<Option<Zeroizing<Vec<u8>>>, Fault> {
    let text = sealed::text(password)?;
    let (name, mut parameters) = algorithm(item)?;
    let parameters = parameters.expect(SEQUENCE)?;
    if name == PBES2 {
        let parameters = pbes2::Parameters::from_der(parameters.whole)
            .map_err(|_| Fault::Unsupported("this encryption of a PKCS#12 store".into()))?;
        let Some(kdf) = parameters.kdf.pbkdf2() else {
            return Err(Fault::Unsupported("a PKCS#12 store under scrypt".into()));
        };
        budget.spend(kdf.iteration_count.into())?;
        return match parameters.decrypt(text.as_bytes(), sealed) {
            Ok(plain) => Ok(Some(Zeroizing::new(plain))),
            Err(pkcs5::Error::DecryptFailed) => Ok(None),
            Err(_) => Err(Fault::Unsupported("this encryption of a PKCS#12 store".into())),
        };
    }
    let mut items = parameters.items();
    let salt = items.expect(OCTETS)?.body.to_vec();
    let iterations = items.take()?.number()?;
    budget.spend(iterations)?;
    let parameters = Pkcs12PbeParams { salt, iterations };
    let algorithm = match name {
        TRIPLE_DES => AlgorithmIdentifier::PbeWithSHAAnd3KeyTripleDESCBC(parameters),
        RC2_40 => AlgorithmIdentifier::PbewithSHAAnd40BitRC2CBC(parameters),
        other => return Err(Fault::Unsupported(format!("encryption by {other}"))),
    };
    Ok(algorithm.decrypt_pbe(sealed, &bmp(text)).map(Zeroizing::new))
}

/// Encrypts; gives the `AlgorithmIdentifier` and the sealed bytes.
pub(super) fn seal(
    plain: &[u8],
    profile: Profile,
    password: &Secret,
) -> Result<(Vec<u8>, Vec<u8>), Fault> {
    let text = sealed::text(password)?;
    match profile {
        Profile::Modern => {
            if !text.is_ascii() {
                return Err(Fault::NotAscii);
            }
            let unable = || Fault::Unsupported("AES-256 under PBKDF2".into());
            let (salt, iv) = (sealed::random::<20>()?, sealed::random()?);
            let parameters =
                pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(ITERATIONS, &salt, iv)
                    .map_err(|_| unable())?;
            let sealed = parameters.encrypt(text.as_bytes(), plain).map_err(|_| unable())?;
            let parameters = parameters.to_der().map_err(|_| unable())?;
            let name = tlv(OID, PBES2.as_bytes());
            Ok((tlv(SEQUENCE, &[name, parameters].concat()), sealed))
        }
        Profile::Old => {
            let (parameters, sealed) = triple_des(plain, text).ok_or(Fault::NoRandom)?;
            let iterations = u32::try_from(parameters.iterations).map_err(|_| Fault::NoRandom)?;
            let body = [tlv(OCTETS, &parameters.salt), integer(iterations)].concat();
            let name = tlv(OID, TRIPLE_DES.as_bytes());
            Ok((tlv(SEQUENCE, &[name, tlv(SEQUENCE, &body)].concat()), sealed))
        }
    }
}

/// Lets `p12` make a store around the bytes, and takes its sealed part out again: what it seals as a
/// key may be anything.
fn triple_des(plain: &[u8], password: &str) -> Option<(Pkcs12PbeParams, Vec<u8>)> {
    let store = PFX::new_with_cas(&[], plain, &[], password, "")?;
    store.bags(password).ok()?.into_iter().find_map(|bag| match bag.bag {
        SafeBagKind::Pkcs8ShroudedKeyBag(sealed) => match sealed.encryption_algorithm {
            AlgorithmIdentifier::PbeWithSHAAnd3KeyTripleDESCBC(parameters) => {
                Some((parameters, sealed.encrypted_data))
            }
            _ => None,
        },
        _ => None,
    })
}

/// Tells whether a `MacData` agrees with a password.
pub(super) fn mac_agrees(
    mac: &Item<'_>,
    content: &[u8],
    password: &Secret,
    budget: &mut Budget,
) -> Result<bool, Fault> {
    let mut items = mac.items();
    let mut info = items.expect(SEQUENCE)?.items();
    let (name, _) = algorithm(&info.expect(SEQUENCE)?)?;
    let found = info.expect(OCTETS)?.body;
    let salt = items.expect(OCTETS)?.body;
    let iterations = if items.is_empty() { 1 } else { items.take()?.number()? };
    if name == PBMAC1 {
        return Err(Fault::Unsupported("the digest PBMAC1 of a PKCS#12 store".into()));
    }
    budget.spend(iterations)?;
    let password = bmp(sealed::text(password)?);
    Ok(match name {
        SHA1 => keyed::<sha1::Sha1>(content, &password, salt, iterations) == found,
        SHA256 => keyed::<Sha256>(content, &password, salt, iterations) == found,
        SHA384 => keyed::<Sha384>(content, &password, salt, iterations) == found,
        SHA512 => keyed::<Sha512>(content, &password, salt, iterations) == found,
        other => return Err(Fault::Unsupported(format!("the digest {other} of a PKCS#12 store"))),
    })
}

/// Makes a `MacData`.
pub(super) fn mac(content: &[u8], profile: Profile, password: &Secret) -> Result<Vec<u8>, Fault> {
    let text = bmp(sealed::text(password)?);
    let salt = sealed::random::<20>()?;
    let (name, digest) = match profile {
        Profile::Modern => (SHA256, keyed::<Sha256>(content, &text, &salt, ITERATIONS.into())),
        Profile::Old => (SHA1, keyed::<sha1::Sha1>(content, &text, &salt, ITERATIONS.into())),
    };
    let name = [tlv(OID, name.as_bytes()), tlv(super::asn1::NULL, &[])].concat();
    let info = [tlv(SEQUENCE, &name), tlv(OCTETS, &digest)].concat();
    let body = [tlv(SEQUENCE, &info), tlv(OCTETS, &salt), integer(ITERATIONS)].concat();
    Ok(tlv(SEQUENCE, &body))
}

/// HMAC under a derived key (RFC 7292, appendix B.2 with ID 3; RFC 2104).
fn keyed<D: Digest + BlockSizeUser>(
    content: &[u8],
    password: &[u8],
    salt: &[u8],
    iterations: u64,
) -> Vec<u8> {
    let block = D::block_size();
    let repeat = |bytes: &[u8]| -> Vec<u8> {
        bytes.iter().copied().cycle().take(bytes.len().div_ceil(block) * block).collect()
    };
    // As long as the digest, so a single round of the appendix is enough.
    let mut key = D::new()
        .chain_update(vec![3; block])
        .chain_update(repeat(salt))
        .chain_update(Zeroizing::new(repeat(password)))
        .finalize();
    for _ in 1..iterations {
        key = D::digest(&key);
    }
    let pad = |with: u8| -> Vec<u8> {
        let key = key.iter().copied().chain(std::iter::repeat(0));
        key.take(block).map(|byte| byte ^ with).collect()
    };
    let inner = D::new().chain_update(pad(0x36)).chain_update(content).finalize();
    D::new().chain_update(pad(0x5c)).chain_update(inner).finalize().to_vec()
}

/// Gives a password as PKCS#12 derives keys from it: UTF-16 with an ending zero.
fn bmp(password: &str) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(password.len() * 2 + 2));
    for unit in password.encode_utf16().chain([0]) {
        bytes.extend(unit.to_be_bytes());
    }
    bytes
}
