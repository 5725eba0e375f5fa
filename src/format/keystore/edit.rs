//! What can be put into a store and taken out of it, and the proof that nothing else changed.

use super::{
    Certificate, Content, Entry, Fault, Format, Origin, Profile, Raw, Store, bag, jks, sealed,
};
use crate::digest::Digest;
use crate::secret::Secret;
use p12_keystore::Pkcs12Archive;
use rsa::RsaPrivateKey;
use rsa::pkcs8::{DecodePrivateKey as _, EncodePublicKey as _};
use std::collections::{BTreeSet, HashSet};

impl Store {
    /// Puts a private key (PKCS#8 in DER) under a name, in the place of a key that has it. The chain
    /// begins with the key's own certificate; each next one is the issuer of the one before.
    ///
    /// # Errors
    /// [`Fault::Refused`] where key and certificate do not belong together, the chain is broken, a
    /// trusted certificate has the name, or the store is JCEKS, whose sealing is not written.
    pub fn put_key(
        &mut self,
        alias: &str,
        key: &[u8],
        chain: &[Certificate],
        password: &Secret,
        profile: Profile,
        now_ms: i64,
    ) -> Result<(), Fault> {
        let refused = |why: &str| Fault::Refused(alias.to_owned(), why.to_owned(), self.format);
        if self.format == Format::Jceks {
            return Err(refused("its way of sealing keys is too weak"));
        }
        if self.entry(alias).is_some_and(|entry| !matches!(entry.content, Content::Key { .. })) {
            return Err(refused("another kind of entry has this name"));
        }
        let own = chain.first().ok_or_else(|| refused("it has no certificate"))?.facts()?;
        let pair = RsaPrivateKey::from_pkcs8_der(key).ok();
        let public = pair.and_then(|key| key.to_public_key().to_public_key_der().ok());
        if public.is_some_and(|public| public.as_bytes() != own.public_key) {
            return Err(refused("its certificate was made for another key"));
        }
        for pair in chain.windows(2) {
            let [one, next] = pair else { continue };
            let linked = one.ends().zip(next.ends()).is_some_and(|(a, b)| a.1 == b.0);
            if !linked {
                return Err(refused("its chain is broken: each certificate must issue the former"));
            }
        }
        let sealed = sealed::seal(key, self.format, profile, password)?;
        let content = Content::Key { sealed, chain: chain.to_vec() };
        self.put(alias, content, Some(now_ms))
    }

    /// Puts a certificate that is to be trusted under a name, in the place of one that has it.
    ///
    /// # Errors
    /// [`Fault::Certificate`], or [`Fault::Refused`] where a key has the name.
    pub fn put_trusted(
        &mut self,
        alias: &str,
        certificate: Certificate,
        now_ms: i64,
    ) -> Result<(), Fault> {
        certificate.facts()?;
        let free = |entry: &Entry| matches!(entry.content, Content::Trusted(_) | Content::Loose(_));
        if !self.entry(alias).is_none_or(free) {
            let why = "a key has this name".to_owned();
            return Err(Fault::Refused(alias.to_owned(), why, self.format));
        }
        let created = (self.format != Format::Pkcs12).then_some(now_ms);
        self.put(alias, Content::Trusted(certificate), created)
    }

    /// Takes out what the choice names, and gives it back. Certificates of a chain that another key
    /// needs stay.
    pub fn remove(&mut self, gone: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        let (removed, kept) = std::mem::take(&mut self.entries).into_iter().partition(|e| gone(e));
        self.entries = kept;
        if let Origin::Archive(archive) = &mut self.origin {
            let needed: HashSet<usize> = self.entries.iter().flat_map(bags).copied().collect();
            let gone: &Vec<Entry> = &removed;
            let mut numbers: HashSet<usize> = gone.iter().flat_map(bags).copied().collect();
            numbers.retain(|number| !needed.contains(number));
            archive.remove(&numbers);
        }
        removed
    }

    fn put(&mut self, alias: &str, content: Content, created: Option<i64>) -> Result<(), Fault> {
        let alias = alias.to_lowercase();
        let at = self.entries.iter().position(|entry| entry.is_named(&alias));
        self.remove(|entry| entry.is_named(&alias));
        // In PKCS#12 a key finds its certificate by the time, so each key has one of its own.
        let created = match (&self.origin, &content) {
            (Origin::Archive(_), Content::Key { .. }) => created.and_then(|first| {
                (first..).find(|time| self.entries.iter().all(|other| other.created != Some(*time)))
            }),
            _ => created,
        };
        let raw = match &mut self.origin {
            Origin::Records { version } => Raw::Record(jks::record(
                self.format,
                *version,
                &alias,
                created.unwrap_or_default(),
                &content,
            )?),
            Origin::Archive(archive) => Raw::Bags(match &content {
                Content::Key { sealed, chain } => {
                    let id = bag::key_id(created.unwrap_or_default());
                    let mut numbers = vec![archive.add(bag::key(sealed, &alias, &id), false)];
                    for (at, link) in chain.iter().enumerate() {
                        let own = (at == 0).then_some((alias.as_str(), &id[..]));
                        numbers.push(archive.add(bag::link(link, own), true));
                    }
                    numbers
                }
                Content::Trusted(found) | Content::Loose(found) => {
                    vec![archive.add(bag::trusted(found, &alias), true)]
                }
                Content::Secret => Vec::new(),
            }),
        };
        let at = at.unwrap_or(self.entries.len()).min(self.entries.len());
        self.entries.insert(at, Entry { alias, created, content, raw });
        Ok(())
    }
}

fn bags(entry: &Entry) -> &[usize] {
    match &entry.raw {
        Raw::Bags(numbers) => numbers,
        Raw::Record(_) => &[],
    }
}

/// Reads a store that is about to be handed out and compares it with what it should hold; PKCS#12 is
/// read by a second, independent reader too, as far as that one can read it.
pub(super) fn prove(bytes: &[u8], password: &Secret, wanted: &[Entry]) -> Result<(), Fault> {
    let again = Store::read(bytes, Some(password))
        .map_err(|fault| Fault::Unproved(format!("it cannot be read again: {fault}")))?;
    let (found, wanted_all) = (sums(&again.entries), sums(wanted));
    if let Some((alias, ..)) = wanted_all.iter().find(|sum| !found.contains(sum)) {
        return Err(Fault::Unproved(format!("the entry {alias} is lost or changed")));
    }
    if found.len() != wanted_all.len() {
        let (found, wanted) = (found.len(), wanted_all.len());
        return Err(Fault::Unproved(format!("it has {found} entries in place of {wanted}")));
    }
    if again.format != Format::Pkcs12 {
        return Ok(());
    }
    let second = Pkcs12Archive::from_pkcs12(bytes, sealed::text(password)?);
    // It opens every key with the store's password, so a key that has its own stops it.
    let Ok(second) = second else { return Ok(()) };
    for entry in wanted {
        let Some(certificate) = entry.certificate() else { continue };
        if !second.certs.iter().any(|bag| bag.cert.as_der() == certificate.der()) {
            let alias = &entry.alias;
            return Err(Fault::Unproved(format!("a second reader does not find {alias}")));
        }
    }
    Ok(())
}

type Sum = (String, u8, Option<i64>, Option<Digest>, Option<Digest>);

/// Name, kind, time, certificate and sealed key of each entry.
fn sums(entries: &[Entry]) -> BTreeSet<Sum> {
    let sum = |entry: &Entry| {
        let (kind, sealed) = match &entry.content {
            Content::Key { sealed, .. } => (0, Some(Digest::of(sealed))),
            Content::Trusted(_) => (1, None),
            Content::Loose(_) => (2, None),
            Content::Secret => (3, None),
        };
        let certificate = entry.certificate().map(Certificate::fingerprint);
        (entry.alias.to_lowercase(), kind, entry.created, certificate, sealed)
    };
    entries.iter().map(sum).collect()
}
