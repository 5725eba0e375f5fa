//! Java's key stores: JKS, JCEKS and PKCS#12, read and written without Java.
//!
//! Pure functions over bytes. What nobody changes is written as it was read, entry by entry and, in
//! PKCS#12, bag by bag; before new bytes are handed out they are read again and must hold exactly
//! what they should. Nothing is trusted: counts, lengths and iterations are bounded before memory or
//! time is spent on them, and a damaged store is a [`Fault`].

mod asn1;
mod bag;
mod certificate;
mod chain;
mod edit;
mod fault;
mod jks;
mod pbe;
mod pkcs12;
mod sealed;
mod serial;

use crate::digest::Digest;
use crate::secret::Secret;
use zeroize::Zeroizing;

pub use certificate::{Certificate, Facts, KeyKind, KeyUsage};
pub use fault::Fault;

/// The largest store in public use holds about 150 entries.
const MOST_ENTRIES: usize = 100_000;

/// What a file is, told by its content and never by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Jks,
    Jceks,
    Pkcs12,
}

/// How a PKCS#12 store is encrypted; the other formats know one way only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Triple DES and SHA-1: what Java before 8u301 and 11.0.12 reads.
    Old,
    /// AES-256 under PBKDF2, and HMAC-SHA256: what newer Java writes.
    Modern,
}

/// Whether a password is the store's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    Yes,
    No,
    /// The store has neither a digest nor encryption: it accepts any password.
    Unprotected,
}

/// A key store as it was read, with the changes made to it since.
#[derive(Debug, Clone)]
pub struct Store {
    format: Format,
    entries: Vec<Entry>,
    origin: Origin,
}

/// What a store holds under one name.
#[derive(Debug, Clone)]
pub struct Entry {
    pub alias: String,
    /// Milliseconds since 1970; PKCS#12 knows them of keys only.
    pub created: Option<i64>,
    pub content: Content,
    raw: Raw,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A private key, sealed (`EncryptedPrivateKeyInfo` in DER), and its certificates, own first.
    Key { sealed: Vec<u8>, chain: Vec<Certificate> },
    /// A certificate that Java trusts.
    Trusted(Certificate),
    /// A certificate in a PKCS#12 store that belongs to no key, and that Java does not see because
    /// it lacks the mark of trust.
    Loose(Certificate),
    /// A symmetric key or a password: told, never opened.
    Secret,
}

/// Where an entry's bytes are.
#[derive(Debug, Clone)]
enum Raw {
    /// All bytes of a JKS or JCEKS record.
    Record(Vec<u8>),
    /// Numbers of the bags in the archive.
    Bags(Vec<usize>),
}

#[derive(Debug, Clone)]
enum Origin {
    Records { version: u32 },
    Archive(pkcs12::Archive),
}

impl Format {
    /// Tells the format by the first bytes.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        match bytes.first_chunk::<4>()? {
            &jks::JKS => Some(Self::Jks),
            &jks::JCEKS => Some(Self::Jceks),
            // A sequence with a length and then the version, which is 3.
            [asn1::SEQUENCE, ..] => Some(Self::Pkcs12),
            _ => None,
        }
    }

    /// Gives Java's name of the format.
    pub fn word(self) -> &'static str {
        match self {
            Self::Jks => "JKS",
            Self::Jceks => "JCEKS",
            Self::Pkcs12 => "PKCS12",
        }
    }
}

impl Entry {
    /// Gives the certificate that the entry is about: a key's own, or the trusted one.
    pub fn certificate(&self) -> Option<&Certificate> {
        match &self.content {
            Content::Key { chain, .. } => chain.first(),
            Content::Trusted(certificate) | Content::Loose(certificate) => Some(certificate),
            Content::Secret => None,
        }
    }

    /// Gives the fingerprint of [`Self::certificate`].
    pub fn fingerprint(&self) -> Option<Digest> {
        self.certificate().map(Certificate::fingerprint)
    }

    /// Tells how the key of a PKCS#12 store is sealed: by its object identifier, PBES2 or older.
    pub fn profile(&self) -> Option<Profile> {
        const PBES2: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 13];
        let Content::Key { sealed, .. } = &self.content else {
            return None;
        };
        let head = sealed.get(..sealed.len().min(32)).unwrap_or_default();
        let modern = head.windows(PBES2.len()).any(|window| window == PBES2);
        Some(if modern { Profile::Modern } else { Profile::Old })
    }

    /// Compares a name as Java does: case does not count.
    pub fn is_named(&self, alias: &str) -> bool {
        self.alias.to_lowercase() == alias.to_lowercase()
    }
}

impl Store {
    /// Makes a store without entries.
    pub fn new(format: Format) -> Self {
        let origin = match format {
            Format::Jks | Format::Jceks => Origin::Records { version: jks::VERSION },
            Format::Pkcs12 => Origin::Archive(pkcs12::Archive::new()),
        };
        Self { format, entries: Vec::new(), origin }
    }

    /// Reads a store. JKS and JCEKS list everything without a password, PKCS#12 what is not
    /// encrypted; a password that is given is checked.
    ///
    /// # Errors
    /// [`Fault::NeedsPassword`] where certificates are encrypted and no password is given,
    /// [`Fault::WrongPassword`] where it does not agree, and what is wrong with the file.
    pub fn read(bytes: &[u8], password: Option<&Secret>) -> Result<Self, Fault> {
        let format = Format::of(bytes).ok_or(Fault::NotAStore)?;
        let (entries, origin) = match format {
            Format::Jks | Format::Jceks => {
                let (version, entries) = jks::read(bytes, password)?;
                (entries, Origin::Records { version })
            }
            Format::Pkcs12 => {
                let (entries, archive) = pkcs12::read(bytes, password)?;
                (entries, Origin::Archive(archive))
            }
        };
        Ok(Self { format, entries, origin })
    }

    /// Tells whether a password is the store's.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn opens(bytes: &[u8], password: &Secret) -> Result<Opened, Fault> {
        match Format::of(bytes).ok_or(Fault::NotAStore)? {
            Format::Jks | Format::Jceks => {
                Ok(if jks::opens(bytes, password)? { Opened::Yes } else { Opened::No })
            }
            Format::Pkcs12 => pkcs12::opens(bytes, password),
        }
    }

    pub fn format(&self) -> Format {
        self.format
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Finds an entry by its name.
    pub fn entry(&self, alias: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.is_named(alias))
    }

    /// Opens a private key: PKCS#8 in DER.
    ///
    /// # Errors
    /// [`Fault::NoKey`], [`Fault::WrongKeyPassword`], or [`Fault::Unsupported`] for what JCEKS seals
    /// in its own way.
    pub fn private_key(&self, alias: &str, password: &Secret) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let entry = self.entry(alias);
        let Some(Content::Key { sealed, .. }) = entry.map(|entry| &entry.content) else {
            return Err(Fault::NoKey(alias.to_owned()));
        };
        sealed::open(sealed, alias, password)
    }

    /// Gives the store's bytes. The password becomes the store's; keys keep their own.
    ///
    /// A PKCS#12 store that had no digest gets none, because no password is known to be its own. The
    /// profile counts for what is encrypted anew.
    ///
    /// # Errors
    /// [`Fault::NotAscii`] for a password that Java would not take, [`Fault::Unproved`] where the
    /// new bytes, read again, hold anything else than they should.
    pub fn write(&self, password: &Secret, profile: Profile) -> Result<Vec<u8>, Fault> {
        let bytes = match &self.origin {
            Origin::Records { version } => {
                jks::write(self.format, *version, &self.entries, password)?
            }
            Origin::Archive(archive) => archive.write(password, profile)?,
        };
        edit::prove(&bytes, password, &self.entries)?;
        Ok(bytes)
    }
}
