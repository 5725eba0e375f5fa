//! JKS and JCEKS: big-endian records in the clear, a keyed digest at the end.
//!
//! Layout (OpenJDK, `sun.security.provider.JavaKeyStore` and `com.sun.crypto.provider.JceKeyStore`):
//! magic, version, count, entries, then SHA-1 over the password in UTF-16BE, the words "Mighty
//! Aphrodite" and all bytes before. Certificates and aliases need no password. Entries are kept as
//! they came, so a store that nobody changes is written byte for byte.

use super::fault::damaged;
use super::{Certificate, Content, Entry, Fault, Format, MOST_ENTRIES, Raw, sealed};
use crate::secret::Secret;
use sha1::{Digest as _, Sha1};
use zeroize::Zeroizing;

pub(super) const JKS: [u8; 4] = [0xfe, 0xed, 0xfe, 0xed];
pub(super) const JCEKS: [u8; 4] = [0xce, 0xce, 0xce, 0xce];
const DIGEST: usize = 20;
const WHITENER: &[u8] = b"Mighty Aphrodite";
/// What Java has written since 1.2; a store of version 1 keeps it.
pub(super) const VERSION: u32 = 2;

/// Reads all entries; checks the digest where a password is given.
pub(super) fn read(bytes: &[u8], password: Option<&Secret>) -> Result<(u32, Vec<Entry>), Fault> {
    if let Some(password) = password
        && !opens(bytes, password)?
    {
        return Err(Fault::WrongPassword);
    }
    let body = bytes.len().checked_sub(DIGEST).and_then(|end| bytes.get(4..end));
    let mut cursor = Cursor { rest: body.ok_or_else(|| damaged("it ends before its digest"))? };
    let version = cursor.u32()?;
    if !(1..=2).contains(&version) {
        return Err(Fault::Unsupported(format!("version {version} of the JKS format")));
    }
    let count = cursor.length()?;
    if count > MOST_ENTRIES {
        return Err(Fault::Excessive(format!("it claims {count} entries")));
    }
    let mut entries = Vec::new();
    for number in 1..=count {
        let before = cursor.rest;
        let read = cursor.entry(version);
        let (alias, created, content) = read.map_err(|fault| match fault {
            Fault::Damaged(why) => damaged(format!("entry {number} of {count}: {why}")),
            other => other,
        })?;
        let raw = before[..before.len() - cursor.rest.len()].to_vec();
        entries.push(Entry { alias, created: Some(created), content, raw: Raw::Record(raw) });
    }
    if !cursor.rest.is_empty() {
        return Err(damaged(format!("{} bytes follow its last entry", cursor.rest.len())));
    }
    Ok((version, entries))
}

/// Tells whether the digest agrees with a password.
pub(super) fn opens(bytes: &[u8], password: &Secret) -> Result<bool, Fault> {
    let end = bytes.len().checked_sub(DIGEST);
    let (body, found) =
        end.map(|end| bytes.split_at(end)).ok_or_else(|| damaged("it ends before its digest"))?;
    Ok(digest(body, password)? == found)
}

/// Writes a store of the given entries.
pub(super) fn write(
    format: Format,
    version: u32,
    entries: &[Entry],
    password: &Secret,
) -> Result<Vec<u8>, Fault> {
    let magic = if format == Format::Jceks { JCEKS } else { JKS };
    let count = u32::try_from(entries.len()).map_err(|_| damaged("it holds too many entries"))?;
    let mut out = magic.to_vec();
    out.extend(version.to_be_bytes());
    out.extend(count.to_be_bytes());
    for entry in entries {
        if let Raw::Record(raw) = &entry.raw {
            out.extend(raw);
        }
    }
    let digest = digest(&out, password)?;
    out.extend(digest);
    Ok(out)
}

/// Writes one entry down; the alias is in lower case, as Java keeps it.
pub(super) fn record(
    format: Format,
    version: u32,
    alias: &str,
    created: i64,
    content: &Content,
) -> Result<Vec<u8>, Fault> {
    let too_long = |what: &str| {
        let why = format!("{what} is too long");
        Fault::Refused(alias.to_owned(), why, format)
    };
    let mut out = Vec::new();
    let tag: u32 = if matches!(content, Content::Key { .. }) { 1 } else { 2 };
    out.extend(tag.to_be_bytes());
    let name = modified_utf8(alias);
    out.extend(u16::try_from(name.len()).map_err(|_| too_long("its alias"))?.to_be_bytes());
    out.extend(name);
    out.extend(created.to_be_bytes());
    let part = |out: &mut Vec<u8>, bytes: &[u8]| {
        let length = u32::try_from(bytes.len()).map_err(|_| too_long("it"))?;
        out.extend(length.to_be_bytes());
        out.extend(bytes);
        Ok(())
    };
    let certificate = |out: &mut Vec<u8>, certificate: &Certificate| {
        if version == 2 {
            out.extend([0, 5]);
            out.extend(b"X.509");
        }
        part(out, certificate.der())
    };
    match content {
        Content::Key { sealed, chain } => {
            part(&mut out, sealed)?;
            let links = u32::try_from(chain.len()).map_err(|_| too_long("its chain"))?;
            out.extend(links.to_be_bytes());
            for link in chain {
                certificate(&mut out, link)?;
            }
        }
        Content::Trusted(trusted) | Content::Loose(trusted) => certificate(&mut out, trusted)?,
        Content::Secret => {
            let why = "secret keys are not written".to_owned();
            return Err(Fault::Refused(alias.to_owned(), why, format));
        }
    }
    Ok(out)
}

fn digest(body: &[u8], password: &Secret) -> Result<[u8; DIGEST], Fault> {
    let mut hash = Sha1::new();
    hash.update(&*utf16(password)?);
    hash.update(WHITENER);
    hash.update(body);
    Ok(hash.finalize().into())
}

/// Gives a password as the format hashes it.
pub(super) fn utf16(password: &Secret) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let text = sealed::text(password)?;
    let mut units = Zeroizing::new(Vec::with_capacity(text.len() * 2));
    for unit in text.encode_utf16() {
        units.extend(unit.to_be_bytes());
    }
    Ok(units)
}

struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], Fault> {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or_else(|| damaged("a length reaches beyond the end of the file"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let taken = self.take(N)?;
        taken.try_into().map_err(|_| damaged("it ends too early"))
    }

    fn u32(&mut self) -> Result<u32, Fault> {
        self.array().map(u32::from_be_bytes)
    }

    fn length(&mut self) -> Result<usize, Fault> {
        usize::try_from(self.u32()?).map_err(|_| damaged("a length is too large"))
    }

    fn name(&mut self) -> Result<&'a [u8], Fault> {
        let length = self.array().map(u16::from_be_bytes)?;
        self.take(length.into())
    }

    fn bytes(&mut self) -> Result<&'a [u8], Fault> {
        let length = self.length()?;
        self.take(length)
    }

    fn entry(&mut self, version: u32) -> Result<(String, i64, Content), Fault> {
        let tag = self.u32()?;
        let alias = from_modified_utf8(self.name()?);
        let created = self.array().map(i64::from_be_bytes)?;
        let content = match tag {
            1 => {
                let sealed = self.bytes()?.to_vec();
                let links = self.length()?;
                let chain = (0..links).map(|_| self.certificate(version));
                Content::Key { sealed, chain: chain.collect::<Result<_, _>>()? }
            }
            2 => Content::Trusted(self.certificate(version)?),
            3 => {
                super::serial::skip(&mut self.rest)?;
                Content::Secret
            }
            other => return Err(damaged(format!("{other} is no kind of entry"))),
        };
        Ok((alias, created, content))
    }

    fn certificate(&mut self, version: u32) -> Result<Certificate, Fault> {
        if version == 2 {
            self.name()?;
        }
        self.bytes().map(Certificate::new)
    }
}

/// Java's `DataOutputStream.writeUTF`: NUL takes two bytes, and what lies above U+FFFF is written as
/// two surrogates of three bytes each.
fn modified_utf8(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for unit in text.encode_utf16() {
        let [high, low] = unit.to_be_bytes();
        let tail = 0x80 | (low & 0x3f);
        match unit {
            1..=0x7f => out.push(low),
            0 | 0x80..=0x7ff => out.extend([0xc0 | (high << 2) | (low >> 6), tail]),
            _ => out.extend([0xe0 | (high >> 4), 0x80 | ((high & 0xf) << 2) | (low >> 6), tail]),
        }
    }
    out
}

fn from_modified_utf8(bytes: &[u8]) -> String {
    let mut units = Vec::new();
    let mut rest = bytes;
    while let [first, after @ ..] = rest {
        let next = |index: usize| after.get(index).map_or(0, |byte| u16::from(byte & 0x3f));
        let first = u16::from(*first);
        let (unit, used) = match first >> 4 {
            0..=7 => (first, 0),
            0xc | 0xd => (((first & 0x1f) << 6) | next(0), 1),
            0xe => (((first & 0xf) << 12) | (next(0) << 6) | next(1), 2),
            _ => (0xfffd, 0),
        };
        units.push(unit);
        rest = after.get(used..).unwrap_or_default();
    }
    String::from_utf16_lossy(&units)
}
