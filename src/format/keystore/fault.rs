//! Why a key store cannot be read or written, in the user's words.

use super::Format;

/// Why a key store cannot be read, changed or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("the file is not a key store: it is neither JKS, JCEKS nor PKCS#12")]
    NotAStore,
    /// With a clause about the place.
    #[error("the key store is damaged: {0}")]
    Damaged(String),
    #[error("the key store is encrypted, and its password is not known")]
    NeedsPassword,
    #[error("the password does not open the key store, or the store was changed behind its back")]
    WrongPassword,
    #[error("the password does not open the key {0}")]
    WrongKeyPassword(String),
    #[error("the key store holds no private key {0}")]
    NoKey(String),
    /// With a clause about what it is.
    #[error("this program does not read {0}")]
    Unsupported(String),
    /// With a clause about what is too large.
    #[error("the key store asks for too much: {0}")]
    Excessive(String),
    #[error("the password is not text in UTF-8")]
    NotText,
    #[error("Java reads a modern PKCS#12 store only under a password of ASCII letters and signs")]
    NotAscii,
    #[error("the certificate cannot be read: {0}")]
    Certificate(String),
    /// With a clause about what is wrong with it.
    #[error("the entry {0} cannot be put into a {fmt} store: {1}", fmt = .2.word())]
    Refused(String, String, Format),
    /// With a clause about the difference.
    #[error("the new key store does not hold what it should: {0}")]
    Unproved(String),
    #[error("the operating system gives no random numbers")]
    NoRandom,
}

impl Fault {
    /// Says what to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotAStore => "Check that the configuration names the right file.",
            Self::Damaged(_) | Self::Excessive(_) => {
                "Restore the file from the product's distribution or from a backup."
            }
            Self::NeedsPassword | Self::WrongPassword => "Give the store's password.",
            Self::WrongKeyPassword(_) => "Give the password of the key; it may not be the store's.",
            Self::NoKey(_) => "List the store to see the names of its keys.",
            Self::Unsupported(_) => {
                "Copy the store with keytool -importkeystore -deststoretype PKCS12."
            }
            Self::NotText | Self::NotAscii => {
                "Choose a password of ASCII letters, digits and signs."
            }
            Self::Certificate(_) => "Ask for the certificate again, in DER or PEM.",
            Self::Refused(..) => "Use a PKCS#12 store, or change the entry.",
            Self::Unproved(_) => {
                "Nothing was written. Please report this with a list of the store."
            }
            Self::NoRandom => "Check that /dev/urandom can be read.",
        }
    }
}

/// Shortens the making of [`Fault::Damaged`].
pub(super) fn damaged(what: impl Into<String>) -> Fault {
    Fault::Damaged(what.into())
}
