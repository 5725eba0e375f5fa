//! Keys of a server: a fresh RSA key, a certificate or a signing request for it, and the chain that
//! a certificate authority answers with.
//!
//! Everything here is computed in memory: DER and PEM come in and go out, no file is read or
//! written. The products encrypt their secrets with RSA, so no other kind of key is made or taken,
//! and none below 2048 bits. A chain is refused when the products or Java would refuse it later.
//!
//! RUSTSEC-2023-0071 (timing of private-key operations in the `rsa` crate) does not concern this
//! use: the private key signs one certificate or request per run, with blinding, over bytes that
//! this program made. No private-key operation takes input from an attacker, nothing answers over a
//! network.

mod answer;
mod chain;
mod name;
mod order;
mod pair;
mod password;
mod pem;
#[cfg(test)]
mod sample;
mod sound;
mod subject;

pub use answer::certificates;
pub use chain::{Chain, Purpose, chain};
pub use name::AltName;
pub use order::{Order, request, self_signed};
pub use pair::{Bits, Key};
pub use password::{PASSWORD_LENGTH, is_safe, password};
pub use pem::{Block, blocks, to_pem};
pub use subject::Subject;

/// Why a key, a certificate or an answer is not made or not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("the operating system gives no random numbers ({0}); no key and no password is made")]
    Random(String),
    #[error("the private key {0}")]
    Key(String),
    #[error("the subject \"{text}\" {why}")]
    Subject { text: String, why: String },
    #[error("the name \"{text}\" {why}")]
    Name { text: String, why: String },
    #[error("the certificate {0}")]
    Order(String),
    #[error("the password {0}")]
    Password(String),
    #[error("the authority's answer {0}")]
    Answer(String),
}

/// Makes sure that the source of random numbers works, since its users below cannot report that.
pub fn random(bytes: &mut [u8]) -> Result<(), Fault> {
    use rsa::rand_core::{OsRng, RngCore as _};
    OsRng.try_fill_bytes(bytes).map_err(|error| Fault::Random(error.to_string()))
}
