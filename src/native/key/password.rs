//! Passwords for key stores: random, and safe in every file and command line they may stand in.
//!
//! Only ASCII letters and digits: nothing to escape in XML, properties, TOML, a shell or cmd, no
//! leading hyphen that a command would take for an option, no double hyphen that ends a comment.

use super::{Fault, random};
use crate::secret::Secret;
use zeroize::Zeroizing;

const SYMBOLS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Characters of a password when nothing else is asked for: 142 bits.
pub const PASSWORD_LENGTH: usize = 24;

/// Fewest characters: 62 symbols give 5.95 bits each, and 22 of them 131 bits.
const SHORTEST: usize = 22;

/// Most characters, so that no store or prompt cuts it.
const LONGEST: usize = 128;

/// Makes a password of `length` characters, each of the 62 equally likely.
///
/// # Errors
/// The length is not 22 to 128, or there are no random numbers.
pub fn password(length: usize) -> Result<Secret, Fault> {
    if !(SHORTEST..=LONGEST).contains(&length) {
        return Err(Fault::Password(format!(
            "has {SHORTEST} to {LONGEST} characters, not {length}: fewer could be guessed"
        )));
    }
    // Room from the start: a vector that grows leaves copies behind.
    let mut text = Vec::with_capacity(length);
    let mut bytes = Zeroizing::new([0; 64]);
    while text.len() < length {
        random(bytes.as_mut())?;
        text.extend(bytes.iter().filter_map(|byte| symbol(*byte)).take(length - text.len()));
    }
    Ok(Secret::new(text))
}

/// Tells whether a password can stand unescaped in every file and script of the products, and is not
/// short: 12 or more ASCII letters, digits, dots, hyphens and underscores.
pub fn is_safe(password: &Secret) -> bool {
    let text = password.reveal();
    text.len() >= 12 && text.iter().all(|c| c.is_ascii_alphanumeric() || b"._-".contains(c))
}

/// Six bits of a random byte as a symbol; two of their 64 values stand for none, so that no symbol
/// is likelier than another.
fn symbol(byte: u8) -> Option<u8> {
    SYMBOLS.get(usize::from(byte & 63)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn a_password_has_its_length_and_only_letters_and_digits() {
        for length in [SHORTEST, PASSWORD_LENGTH, 65, LONGEST] {
            let secret = password(length).unwrap();
            assert_eq!(secret.reveal().len(), length);
            assert!(secret.reveal().iter().all(u8::is_ascii_alphanumeric));
        }
        assert_ne!(password(22), password(22));
    }

    #[test]
    fn what_would_have_to_be_escaped_somewhere_is_not_safe() {
        for good in ["Abc-def_ghi.1", "123456789012"] {
            assert!(is_safe(&Secret::new(good)), "{good}");
        }
        for wrong in
            ["short", "a b c d e f g h", "with<markup>in", "größeres-Wort", "a$b$c$d$e$f$g"]
        {
            assert!(!is_safe(&Secret::new(wrong)), "{wrong}");
        }
    }

    #[test]
    fn every_symbol_is_equally_likely() {
        let mut counts: HashMap<u8, usize> = HashMap::new();
        (0..=255).filter_map(symbol).for_each(|symbol| *counts.entry(symbol).or_default() += 1);
        assert_eq!(counts.len(), 62);
        assert!(counts.values().all(|count| *count == 4));
    }

    #[test]
    fn lengths_that_are_no_use_are_refused() {
        assert!(password(21).is_err() && password(129).is_err());
        assert!(62_f64.log2() * SHORTEST as f64 >= 128.0);
    }
}
