//! PKCS#12: safes of bags (RFC 7292), read and written bag by bag.
//!
//! A bag that nobody removes is written with the bytes it came with, whatever its attributes say; a
//! safe in which nothing changed is not even encrypted again. Keys stay sealed throughout, so a key
//! under a password of its own is no obstacle.

use super::asn1::{
    CONTEXT_0, INTEGER, Item, Items, OCTETS, OID, PRIMITIVE_0, SEQUENCE, integer, tlv,
};
use super::bag::{Bag, Kind};
use super::chain::Chains;
use super::fault::damaged;
use super::pbe::{self, Budget};
use super::{Content, Entry, Fault, MOST_ENTRIES, Opened, Profile, Raw};
use crate::secret::Secret;
use der::asn1::ObjectIdentifier;
use std::collections::HashSet;
use zeroize::Zeroizing;

const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const ENCRYPTED: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.6");

/// All bags of a store, in the order they came.
#[derive(Debug, Clone)]
pub(super) struct Archive {
    safes: Vec<Safe>,
    /// The bytes it was read from; nothing for a new one.
    original: Option<Vec<u8>>,
    has_mac: bool,
    /// The number of the next bag.
    next: usize,
}

#[derive(Debug, Clone)]
struct Safe {
    /// Its `ContentInfo`.
    whole: Vec<u8>,
    encrypted: bool,
    changed: bool,
    bags: Vec<(usize, Vec<u8>)>,
}

/// Reads all bags.
pub(super) fn read(
    bytes: &[u8],
    password: Option<&Secret>,
) -> Result<(Vec<Entry>, Archive), Fault> {
    let outer = Outer::read(bytes)?;
    let mut budget = Budget::default();
    if let (Some(mac), Some(password)) = (&outer.mac, password)
        && !pbe::mac_agrees(mac, outer.content, password, &mut budget)?
    {
        return Err(Fault::WrongPassword);
    }
    let mut archive = Archive {
        safes: Vec::new(),
        original: Some(bytes.to_vec()),
        has_mac: outer.mac.is_some(),
        next: 0,
    };
    let mut infos = Items::of(outer.content, "the list of safes").inside(SEQUENCE)?;
    while !infos.is_empty() {
        let info = infos.expect(SEQUENCE)?;
        let (encrypted, plain) = match contents(&info)? {
            Contents::Plain(plain) => (false, Zeroizing::new(plain.to_vec())),
            Contents::Encrypted(algorithm, sealed) => {
                let password = password.ok_or(Fault::NeedsPassword)?;
                let plain = pbe::open(&algorithm, sealed, password, &mut budget)?;
                (true, plain.ok_or(Fault::WrongPassword)?)
            }
        };
        let mut items = match Items::of(&plain, "a safe").inside(SEQUENCE) {
            // Without a digest, only nonsense after decryption tells a wrong password.
            Err(_) if encrypted && outer.mac.is_none() => return Err(Fault::WrongPassword),
            other => other?,
        };
        let mut bags = Vec::new();
        while !items.is_empty() {
            bags.push((archive.next, items.expect(SEQUENCE)?.whole.to_vec()));
            archive.next += 1;
            if archive.next > MOST_ENTRIES {
                return Err(Fault::Excessive(format!("more than {MOST_ENTRIES} entries")));
            }
        }
        archive.safes.push(Safe { whole: info.whole.to_vec(), encrypted, changed: false, bags });
    }
    Ok((archive.entries()?, archive))
}

/// Tells whether a password is the store's.
pub(super) fn opens(bytes: &[u8], password: &Secret) -> Result<Opened, Fault> {
    let outer = Outer::read(bytes)?;
    let protected = match outer.mac {
        Some(_) => true,
        None => outer.encrypted()?,
    };
    if !protected {
        return Ok(Opened::Unprotected);
    }
    if let Some(mac) = &outer.mac {
        let agrees = pbe::mac_agrees(mac, outer.content, password, &mut Budget::default())?;
        return Ok(if agrees { Opened::Yes } else { Opened::No });
    }
    match read(bytes, Some(password)) {
        Ok(_) => Ok(Opened::Yes),
        Err(Fault::WrongPassword) => Ok(Opened::No),
        Err(fault) => Err(fault),
    }
}

/// The two halves of a `PFX`.
struct Outer<'a> {
    content: &'a [u8],
    mac: Option<Item<'a>>,
}

impl<'a> Outer<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, Fault> {
        let mut items = Items::of(bytes, "the store").inside(SEQUENCE)?;
        let version = items.expect(INTEGER).and_then(Item::number).map_err(|_| Fault::NotAStore)?;
        if version != 3 {
            return Err(Fault::Unsupported(format!("version {version} of PKCS#12")));
        }
        let Contents::Plain(content) = contents(&items.expect(SEQUENCE)?)? else {
            return Err(damaged("its list of safes is encrypted as a whole"));
        };
        let mac = if items.is_empty() { None } else { Some(items.expect(SEQUENCE)?) };
        Ok(Self { content, mac })
    }

    fn encrypted(&self) -> Result<bool, Fault> {
        let mut infos = Items::of(self.content, "the list of safes").inside(SEQUENCE)?;
        while !infos.is_empty() {
            if matches!(contents(&infos.expect(SEQUENCE)?)?, Contents::Encrypted(..)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

enum Contents<'a> {
    Plain(&'a [u8]),
    /// With the algorithm.
    Encrypted(Item<'a>, &'a [u8]),
}

/// Goes into a `ContentInfo`.
fn contents<'a>(info: &Item<'a>) -> Result<Contents<'a>, Fault> {
    let mut items = info.items();
    let kind = pbe::oid(&items.expect(OID)?)?;
    match kind {
        DATA => Ok(Contents::Plain(items.expect(CONTEXT_0)?.items().expect(OCTETS)?.body)),
        ENCRYPTED => {
            let mut data = items.expect(CONTEXT_0)?.items().expect(SEQUENCE)?.items();
            data.expect(INTEGER)?;
            let mut inner = data.expect(SEQUENCE)?.items();
            inner.expect(OID)?;
            let algorithm = inner.expect(SEQUENCE)?;
            Ok(Contents::Encrypted(algorithm, inner.expect(PRIMITIVE_0)?.body))
        }
        other => Err(Fault::Unsupported(format!("content {other} of a PKCS#12 store"))),
    }
}

impl Archive {
    pub fn new() -> Self {
        Self { safes: Vec::new(), original: None, has_mac: true, next: 0 }
    }

    /// Adds a bag and tells its number.
    pub fn add(&mut self, bag: Vec<u8>, is_certificate: bool) -> usize {
        // Certificates are encrypted unless the store shows that it keeps them in the clear.
        let fresh = self.original.is_none();
        let encrypted = is_certificate && (fresh || self.safes.iter().any(|safe| safe.encrypted));
        let number = self.next;
        self.next += 1;
        match self.safes.iter_mut().rfind(|safe| safe.encrypted == encrypted) {
            Some(safe) => {
                safe.changed = true;
                safe.bags.push((number, bag));
            }
            None => self.safes.push(Safe {
                whole: Vec::new(),
                encrypted,
                changed: true,
                bags: vec![(number, bag)],
            }),
        }
        number
    }

    /// Takes bags out.
    pub fn remove(&mut self, numbers: &HashSet<usize>) {
        for safe in &mut self.safes {
            let before = safe.bags.len();
            safe.bags.retain(|(number, _)| !numbers.contains(number));
            safe.changed |= safe.bags.len() != before;
        }
    }

    pub fn write(&self, password: &Secret, profile: Profile) -> Result<Vec<u8>, Fault> {
        let same = match &self.original {
            Some(original) => opens(original, password)? != Opened::No,
            None => false,
        };
        let untouched = same && !self.safes.iter().any(|safe| safe.changed);
        if let (true, Some(original)) = (untouched, &self.original) {
            return Ok(original.clone());
        }
        let mut infos = Vec::new();
        for safe in &self.safes {
            let as_it_was = !safe.changed && (same || !safe.encrypted);
            if as_it_was {
                infos.extend(&safe.whole);
            } else if !safe.bags.is_empty() {
                infos.extend(safe.write(password, profile)?);
            }
        }
        let content = tlv(SEQUENCE, &infos);
        let mut body = [integer(3), data(&content)].concat();
        if self.has_mac {
            body.extend(pbe::mac(&content, profile, password)?);
        }
        Ok(tlv(SEQUENCE, &body))
    }

    /// Makes entries of the bags: keys with their chains, trusted certificates, and the rest.
    fn entries(&self) -> Result<Vec<Entry>, Fault> {
        let bags = self.safes.iter().flat_map(|safe| &safe.bags);
        let read: Result<Vec<(usize, Bag)>, Fault> =
            bags.map(|(number, whole)| Ok((*number, Bag::read(whole)?))).collect();
        let read = read?;
        let chains = Chains::of(&read);
        let mut entries = Vec::new();
        let mut unnamed = 0;
        let keys = read.iter().filter(|(_, bag)| matches!(bag.kind, Kind::Key(_)));
        let linked: HashSet<usize> =
            keys.flat_map(|(_, bag)| chains.follow(bag)).map(|at| read[at].0).collect();
        for (number, bag) in &read {
            let mut numbers = vec![*number];
            let content = match &bag.kind {
                Kind::Key(sealed) => {
                    let links = chains.follow(bag);
                    let own = links.iter().filter(|at| !read[**at].1.trusted);
                    numbers.extend(own.map(|at| read[*at].0));
                    let chain = links.iter().filter_map(|at| chains.certificate(*at)).collect();
                    Content::Key { sealed: sealed.clone(), chain }
                }
                Kind::Certificate(found) if bag.trusted => Content::Trusted(found.clone()),
                Kind::Certificate(_) if linked.contains(number) => continue,
                Kind::Certificate(found) => Content::Loose(found.clone()),
                Kind::Secret => Content::Secret,
                Kind::Other => continue,
            };
            let alias = bag.name.clone().unwrap_or_else(|| {
                unnamed += 1;
                format!("{unnamed}")
            });
            let created = matches!(content, Content::Key { .. }).then(|| bag.created()).flatten();
            entries.push(Entry { alias, created, content, raw: Raw::Bags(numbers) });
        }
        Ok(entries)
    }
}

impl Safe {
    fn write(&self, password: &Secret, profile: Profile) -> Result<Vec<u8>, Fault> {
        let bags: Vec<u8> = self.bags.iter().flat_map(|(_, whole)| whole).copied().collect();
        let plain = tlv(SEQUENCE, &bags);
        if !self.encrypted {
            return Ok(data(&plain));
        }
        let (algorithm, sealed) = pbe::seal(&plain, profile, password)?;
        let kind = tlv(OID, DATA.as_bytes());
        let info = tlv(SEQUENCE, &[kind, algorithm, tlv(PRIMITIVE_0, &sealed)].concat());
        let body = tlv(SEQUENCE, &[integer(0), info].concat());
        let kind = tlv(OID, ENCRYPTED.as_bytes());
        Ok(tlv(SEQUENCE, &[kind, tlv(CONTEXT_0, &body)].concat()))
    }
}

/// Writes a `ContentInfo` in the clear.
fn data(plain: &[u8]) -> Vec<u8> {
    let kind = tlv(OID, DATA.as_bytes());
    tlv(SEQUENCE, &[kind, tlv(CONTEXT_0, &tlv(OCTETS, plain))].concat())
}
