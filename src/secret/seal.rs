//! Seals bytes with a password, so that they can lie in a file that others read.
//!
//! What is sealed is also bound to other bytes that stay readable: when either was changed, or the
//! password is another one, it does not open. A password is stretched by scrypt (RFC 7914), the
//! cipher is XChaCha20-Poly1305. The cost that a sealed text names is bounded, since the text may
//! come from anybody.

use super::Secret;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use rsa::rand_core::{OsRng, RngCore as _};
use zeroize::Zeroizing;

/// Bytes that only the password opens, with what else is needed to open them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    pub cost: Cost,
    pub salt: [u8; 16],
    pub nonce: [u8; 24],
    pub text: Vec<u8>,
}

/// What stretching a password costs, in the terms of scrypt: memory is 128 · r · 2^log_n bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    pub log_n: u8,
    pub r: u32,
    pub p: u32,
}

/// What is spent on a new seal: 128 MiB.
const COST: Cost = Cost { log_n: 17, r: 8, p: 1 };

/// Why bytes are not sealed or not opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error("the password is another one, or something was changed since it was sealed")]
    Shut,
    #[error("opening it would cost more than is allowed (log_n 17, r 8, p 4)")]
    Costly,
    #[error("the system gives no random bytes")]
    Random,
}

/// Seals bytes and binds them to others.
pub fn seal(password: &Secret, plain: &[u8], bound: &[u8]) -> Result<Sealed, SealError> {
    seal_at(COST, password, plain, bound)
}

fn seal_at(cost: Cost, password: &Secret, plain: &[u8], bound: &[u8]) -> Result<Sealed, SealError> {
    let (mut salt, mut nonce) = ([0; 16], [0; 24]);
    OsRng.try_fill_bytes(&mut salt).map_err(|_| SealError::Random)?;
    OsRng.try_fill_bytes(&mut nonce).map_err(|_| SealError::Random)?;
    let text = cipher(cost, password, &salt)?
        .encrypt(XNonce::from_slice(&nonce), Payload { msg: plain, aad: bound })
        .map_err(|_| SealError::Costly)?;
    Ok(Sealed { cost, salt, nonce, text })
}

/// Opens what was sealed with the same password and bound to the same bytes.
///
/// # Errors
/// [`SealError::Shut`] when anything differs; [`SealError::Costly`] before any cost is spent.
pub fn open(password: &Secret, sealed: &Sealed, bound: &[u8]) -> Result<Secret, SealError> {
    let payload = Payload { msg: &sealed.text, aad: bound };
    cipher(sealed.cost, password, &sealed.salt)?
        .decrypt(XNonce::from_slice(&sealed.nonce), payload)
        .map(Secret::new)
        .map_err(|_| SealError::Shut)
}

fn cipher(cost: Cost, password: &Secret, salt: &[u8]) -> Result<XChaCha20Poly1305, SealError> {
    let Cost { log_n, r, p } = cost;
    let bounded = (1..=COST.log_n).contains(&log_n) && (1..=8).contains(&r) && (1..=4).contains(&p);
    if !bounded {
        return Err(SealError::Costly);
    }
    let params = scrypt::Params::new(log_n, r, p, 32).map_err(|_| SealError::Costly)?;
    let mut key = Zeroizing::new([0; 32]);
    scrypt::scrypt(password.reveal(), salt, &params, &mut *key).map_err(|_| SealError::Costly)?;
    Ok(XChaCha20Poly1305::new((&*key).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Cost = Cost { log_n: 4, r: 1, p: 1 };

    fn sealed() -> Sealed {
        seal_at(CHEAP, &Secret::new("horse"), b"battery", b"staple").unwrap()
    }

    #[test]
    fn only_the_password_opens_it() {
        let open = |password: &str| open(&Secret::new(password), &sealed(), b"staple");
        assert_eq!(open("horse").unwrap().reveal(), b"battery");
        assert_eq!(open("Horse"), Err(SealError::Shut));
        assert_eq!(open(""), Err(SealError::Shut));
    }

    #[test]
    fn nothing_of_it_can_be_changed_or_moved_elsewhere() {
        let horse = Secret::new("horse");
        assert_eq!(open(&horse, &sealed(), b"stable"), Err(SealError::Shut));
        for bit in 0..8 {
            let mut other = sealed();
            other.text[bit] ^= 1 << bit;
            assert_eq!(open(&horse, &other, b"staple"), Err(SealError::Shut));
        }
        let mut other = sealed();
        other.nonce[0] ^= 1;
        assert_eq!(open(&horse, &other, b"staple"), Err(SealError::Shut));
        other = Sealed { cost: Cost { log_n: 5, ..CHEAP }, ..sealed() };
        assert_eq!(open(&horse, &other, b"staple"), Err(SealError::Shut));
    }

    #[test]
    fn two_seals_of_the_same_bytes_have_nothing_in_common() {
        let (one, two) = (sealed(), sealed());
        assert!(one.salt != two.salt && one.nonce != two.nonce && one.text != two.text);
    }

    #[test]
    fn a_cost_without_bounds_is_refused() {
        for cost in [
            Cost { log_n: 18, ..CHEAP },
            Cost { log_n: 0, ..CHEAP },
            Cost { r: u32::MAX, ..CHEAP },
            Cost { p: 5, ..CHEAP },
        ] {
            let costly = Sealed { cost, ..sealed() };
            assert_eq!(open(&Secret::new("horse"), &costly, b"staple"), Err(SealError::Costly));
        }
    }

    #[test]
    fn a_new_seal_spends_what_it_says() {
        let sealed = seal(&Secret::new("horse"), b"battery", b"").unwrap();
        assert_eq!(sealed.cost, COST);
        assert_eq!(open(&Secret::new("horse"), &sealed, b"").unwrap().reveal(), b"battery");
    }
}
