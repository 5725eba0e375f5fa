//! An RSA private key and its public half. Its bytes are overwritten when it goes, and it is never
//! shown.

use super::{Fault, random};
use rsa::pkcs1::EncodeRsaPublicKey as _;
use rsa::pkcs8::{EncodePrivateKey as _, EncodePublicKey as _, PrivateKeyInfo};
use rsa::rand_core::OsRng;
use rsa::traits::PublicKeyParts as _;
use rsa::{Pkcs1v15Sign, RsaPrivateKey};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::str::FromStr;
use zeroize::Zeroizing;

/// Length of a new key.
///
/// NIST SP 800-57 part 1 (revision 5) takes 2048 bits until 2030 and 3072 beyond, hence the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bits {
    Rsa2048,
    #[default]
    Rsa3072,
    Rsa4096,
}

impl Bits {
    pub fn count(self) -> usize {
        match self {
            Self::Rsa2048 => 2048,
            Self::Rsa3072 => 3072,
            Self::Rsa4096 => 4096,
        }
    }
}

impl FromStr for Bits {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        [Self::Rsa2048, Self::Rsa3072, Self::Rsa4096]
            .into_iter()
            .find(|bits| bits.count().to_string() == text)
            .ok_or_else(|| Fault::Key(format!("has 2048, 3072 or 4096 bits, not \"{text}\"")))
    }
}

/// Bytes above which no private key is read: one of 8192 bits needs about 4700.
const LONGEST: usize = 8192;

/// An RSA private key of 2048 to 8192 bits.
pub struct Key {
    private: RsaPrivateKey,
    public: Vec<u8>,
    spki: Vec<u8>,
}

impl Key {
    /// Makes a new key from the operating system's random numbers, with exponent 65537.
    ///
    /// # Errors
    /// There are no random numbers.
    pub fn generate(bits: Bits) -> Result<Self, Fault> {
        random(&mut [0; 32])?;
        let private = RsaPrivateKey::new(&mut OsRng, bits.count()).map_err(unusable)?;
        Self::new(private)
    }

    /// Reads an unencrypted PKCS#8 key.
    ///
    /// # Errors
    /// It is no RSA key, it is shorter than 2048 or longer than 8192 bits, or its numbers do not fit
    /// together.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, Fault> {
        let damaged = || Fault::Key("cannot be read: it is no unencrypted PKCS#8 key".to_owned());
        if der.len() > LONGEST {
            return Err(Fault::Key("is longer than 8192 bits, more than Java takes".to_owned()));
        }
        let info = PrivateKeyInfo::try_from(der).map_err(|_| damaged())?;
        if info.algorithm.oid != rsa::pkcs1::ALGORITHM_OID {
            return Err(Fault::Key(
                "is no RSA key; the products encrypt their secrets with RSA: make one with RSA"
                    .to_owned(),
            ));
        }
        let private = RsaPrivateKey::try_from(info).map_err(unusable)?;
        match private.n().bits() {
            0..2048 => Err(Fault::Key(format!(
                "has {} bits; fewer than 2048 can be broken: make a new one",
                private.n().bits()
            ))),
            2048..=8192 => Self::new(private),
            _ => Err(Fault::Key("is longer than 8192 bits, more than Java takes".to_owned())),
        }
    }

    /// Writes the key as unencrypted PKCS#8, in bytes that are overwritten when they go.
    ///
    /// # Errors
    /// The numbers of the key do not fit together.
    pub fn pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let document = self.private.to_pkcs8_der().map_err(unusable)?;
        Ok(Zeroizing::new(document.as_bytes().to_vec()))
    }

    /// The public half as SubjectPublicKeyInfo (RFC 5280, section 4.1).
    pub fn spki(&self) -> Vec<u8> {
        self.spki.clone()
    }

    pub fn bits(&self) -> usize {
        self.private.n().bits()
    }

    /// The public half as PKCS#1: what a certificate holds in its bit string.
    pub(super) fn public(&self) -> &[u8] {
        &self.public
    }

    /// Signs with SHA256withRSA, blinded.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Fault> {
        random(&mut [0; 32])?;
        let digest = Sha256::digest(message);
        self.private
            .sign_with_rng(&mut OsRng, Pkcs1v15Sign::new::<Sha256>(), &digest)
            .map_err(unusable)
    }

    fn new(private: RsaPrivateKey) -> Result<Self, Fault> {
        let half = private.to_public_key();
        let public = half.to_pkcs1_der().map_err(unusable)?.into_vec();
        let spki = half.to_public_key_der().map_err(unusable)?.into_vec();
        Ok(Self { private, public, spki })
    }
}

/// Shows nothing of the key.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(***)")
    }
}

fn unusable(error: impl fmt::Display) -> Fault {
    Fault::Key(format!("cannot be used: {error}"))
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use rsa::pkcs8::DecodePublicKey as _;
    use rsa::{Pkcs1v15Encrypt, RsaPublicKey};

    fn fault(der: &[u8]) -> String {
        Key::from_pkcs8(der).unwrap_err().to_string()
    }

    #[test]
    fn a_key_survives_writing_and_reading() {
        let key = sample::server();
        let der = key.pkcs8().unwrap();
        let again = Key::from_pkcs8(&der).unwrap();
        assert_eq!((again.spki(), again.bits()), (key.spki(), 2048));
        assert_eq!(again.pkcs8().unwrap(), der);
        assert_ne!(sample::authority().spki(), key.spki(), "two keys are two keys");
    }

    #[test]
    fn the_public_half_belongs_to_the_private_one() {
        let key = sample::server();
        let public = RsaPublicKey::from_public_key_der(&key.spki()).unwrap();
        let sealed = public.encrypt(&mut OsRng, Pkcs1v15Encrypt, b"wso2carbon").unwrap();
        assert_eq!(key.private.decrypt(Pkcs1v15Encrypt, &sealed).unwrap(), b"wso2carbon");
        let signature = key.sign(b"text").unwrap();
        let verify = |text: &[u8]| {
            public.verify(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(text), &signature)
        };
        assert!(verify(b"text").is_ok() && verify(b"test").is_err());
    }

    #[test]
    fn a_short_key_is_refused_with_its_length() {
        let short = RsaPrivateKey::new(&mut OsRng, 1024).unwrap().to_pkcs8_der().unwrap();
        assert!(fault(short.as_bytes()).contains("has 1024 bits"));
    }

    #[test]
    fn a_key_of_another_kind_is_named_as_such() {
        // PrivateKeyInfo with the algorithm Ed25519 (RFC 8410) and 32 zero octets.
        let mut ed25519 = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22".to_vec();
        ed25519.extend_from_slice(b"\x04\x20");
        ed25519.extend_from_slice(&[0; 32]);
        assert!(fault(&ed25519).contains("no RSA key"));
    }

    #[test]
    fn damaged_keys_are_refused() {
        let der = sample::server().pkcs8().unwrap();
        for (at, _) in der.iter().enumerate().step_by(37) {
            assert!(Key::from_pkcs8(&der[..at]).is_err(), "cut at {at}");
        }
        // A changed modulus is no longer the product of the primes.
        let mut changed = der.to_vec();
        changed[60] ^= 1;
        assert!(fault(&changed).contains("cannot be used"));
        assert!(fault(&vec![0x30; LONGEST + 1]).contains("longer"));
    }

    #[test]
    fn nothing_of_a_key_is_shown() {
        assert_eq!(format!("{:?}", sample::server()), "Key(***)");
    }

    #[test]
    fn lengths_are_read_from_text() {
        assert_eq!("4096".parse(), Ok(Bits::Rsa4096));
        assert_eq!(Bits::default().count(), 3072);
        assert!("1024".parse::<Bits>().is_err() && "02048".parse::<Bits>().is_err());
    }
}
