//! Making what a draft asks for: keys once for the whole home, stores for each of its instances.
//!
//! All profiles of a home get the same keys, because they encrypt for each other. A forge makes
//! everything at most once, so that what was previewed is what is written.

use super::draft::{Draft, NewStore, Refusal, Trust};
use super::holding::Holding;
use super::left::{Word, mentions};
use super::mint::Minted;
use super::reference::Part;
use super::wish::{Mode, Wish};
use crate::change::RelPath;
use crate::format::keystore::{Certificate, Content, Fault, Format, Profile, Store};
use crate::native::keystore::{distrust_shipped, listing};
use crate::patch::Patch;
use crate::patch::model::Want;
use crate::plan::judge::Values;
use crate::plan::scene::Scene;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use time::OffsetDateTime;

/// What was made before, or why not.
type Memory<K, V> = RefCell<BTreeMap<K, Result<Rc<V>, Refusal>>>;

/// Makes keys and stores for one home.
pub struct Forge {
    now: OffsetDateTime,
    /// A store with a key that was made before.
    from: Option<Vec<u8>>,
    /// By what the patch was told.
    minted: Memory<Values, Minted>,
    /// By the instance as well.
    made: Memory<(String, Values), Made>,
}

/// What takes the place of the old stores of one instance.
#[derive(Debug, Default)]
pub struct Made {
    pub files: Vec<NewFile>,
    /// What every reference must say.
    pub wants: Vec<Want>,
    /// What an operator should know, sentences.
    pub notes: Vec<String>,
}

/// A file that is not text, new or changed.
#[derive(Debug)]
pub struct NewFile {
    pub file: RelPath,
    pub after: Vec<u8>,
    /// Both contents, in words.
    pub listings: [String; 2],
}

impl Forge {
    /// Makes new keys, or takes the one in the store that is given.
    pub fn new(now: OffsetDateTime, from: Option<Vec<u8>>) -> Self {
        Self { now, from, minted: RefCell::default(), made: RefCell::default() }
    }

    pub fn now(&self) -> OffsetDateTime {
        self.now
    }

    /// Tells what would be refused, without making anything; nothing to do is an empty draft.
    ///
    /// # Errors
    /// [`Refusal`] with what to do about it.
    pub fn draft(&self, patch: &Patch, values: &Values, scene: &Scene) -> Result<Draft, Refusal> {
        Draft::of(&wish(values)?, patch, scene, self.now)
    }

    /// Makes what an instance needs; the second time it is what the first call made.
    ///
    /// # Errors
    /// [`Refusal`] with what to do about it.
    pub fn made(&self, patch: &Patch, values: &Values, scene: &Scene) -> Result<Rc<Made>, Refusal> {
        let key = (scene.instance.name.clone(), values.clone());
        if let Some(known) = self.made.borrow().get(&key) {
            return known.clone();
        }
        let made = self.make(patch, values, scene).map(Rc::new);
        self.made.borrow_mut().insert(key, made.clone());
        made
    }

    fn make(&self, patch: &Patch, values: &Values, scene: &Scene) -> Result<Made, Refusal> {
        let wish = wish(values)?;
        let draft = Draft::of(&wish, patch, scene, self.now)?;
        if draft.is_empty() {
            return Ok(Made::default());
        }
        let minted = &*self.minted(&wish, values, scene)?;
        let mut made = Made::default();
        for store in &draft.stores {
            let pair = if store.internal { &minted.internal } else { &minted.server };
            made.files.push(self.new_store(store, pair, &wish, minted, scene)?);
            made.wants.extend(
                store.references.iter().flat_map(|reference| {
                    super::wanted::of_new(reference, store, &minted.password)
                }),
            );
        }
        made.wants.extend(draft.pinned.iter().flat_map(super::wanted::of_pinned));
        if draft.symmetric {
            made.wants.extend(super::wanted::symmetric(&minted.symmetric));
        }
        for trust in &draft.trust {
            made.files.extend(self.trust_store(trust, &draft, minted, scene, &wish)?);
            made.wants.extend(
                trust
                    .references
                    .iter()
                    .filter_map(|reference| super::wanted::of_kind(reference, trust.format)),
            );
            if trust.anew {
                let wants = trust
                    .references
                    .iter()
                    .flat_map(|reference| super::wanted::of_password(reference, &minted.password));
                made.wants.extend(wants);
            } else if draft.purge {
                made.notes.push(format!("{} keeps its password.", trust.file));
            }
        }
        made.notes.extend(draft.elsewhere.iter().cloned());
        made.notes.extend(left_behind(&draft, scene));
        made.notes.extend(told(&draft, &wish, minted, self.from.is_some()));
        Ok(made)
    }

    fn minted(&self, wish: &Wish, values: &Values, scene: &Scene) -> Result<Rc<Minted>, Refusal> {
        if let Some(known) = self.minted.borrow().get(values) {
            return known.clone();
        }
        let minted = Minted::new(wish, self.from.as_deref(), scene, self.now).map(Rc::new);
        self.minted.borrow_mut().insert(values.clone(), minted.clone());
        minted
    }

    /// A store with the new key, and the certificates of the old one that are not shipped.
    fn new_store(
        &self,
        new: &NewStore,
        pair: &super::mint::Pair,
        wish: &Wish,
        minted: &Minted,
        scene: &Scene,
    ) -> Result<NewFile, Refusal> {
        let faulty = |fault: Fault| fault_in(&new.file, &fault);
        let profile = self.profile(wish, new.format, &new.old, scene);
        let moment = self.moment();
        let mut store = Store::new(new.format);
        store
            .put_key(&new.alias, &pair.key, &pair.chain, &minted.password, profile, moment)
            .map_err(faulty)?;
        let mut seen: Vec<RelPath> = Vec::new();
        for reference in new.references.iter().filter(|_| wish.mode != Mode::TlsOnly) {
            let Ok(mut old) = Holding::of(reference, scene) else { continue };
            if seen.contains(&old.file) {
                continue;
            }
            seen.push(old.file.clone());
            distrust_shipped(&mut old.store);
            for entry in old.store.entries() {
                if let Content::Trusted(certificate) = &entry.content
                    && store.entry(&entry.alias).is_none()
                {
                    let created = entry.created.unwrap_or(moment);
                    store
                        .put_trusted(&entry.alias, certificate.clone(), created)
                        .map_err(faulty)?;
                }
            }
        }
        let after = store.write(&minted.password, profile).map_err(faulty)?;
        let listings = [String::new(), listing(&store, self.now)];
        Ok(NewFile { file: new.file.clone(), after, listings })
    }

    /// A trust store that believes the new certificate, and none of the shipped ones if those go.
    fn trust_store(
        &self,
        trust: &Trust,
        draft: &Draft,
        minted: &Minted,
        scene: &Scene,
        wish: &Wish,
    ) -> Result<Option<NewFile>, Refusal> {
        let file = &trust.file;
        let faulty = |fault: Fault| fault_in(file, &fault);
        let Some(reference) = trust.references.first() else {
            return Ok(None);
        };
        let holding = Holding::of(reference, scene).map_err(|obstacle| Refusal {
            why: obstacle.clause(),
            hint: "The trust store must be readable.".into(),
        })?;
        let mut store = holding.reread(&trust.password).map_err(faulty)?;
        let before = listing(&store, self.now);
        let moment = self.moment();
        let gone = if draft.purge { distrust_shipped(&mut store) } else { Vec::new() };
        for new in draft.stores.iter().filter(|store| !store.internal) {
            // Whoever believes the authority at the end of the chain believes the certificate.
            let Some(anchor) = minted.server.chain.last() else { continue };
            // What names the old certificate by its alias goes on with the new one.
            let mut slots: Vec<String> = gone
                .iter()
                .filter(|entry| entry.fingerprint() == new.replaced)
                .map(|entry| entry.alias.clone())
                .collect();
            let known = store.entries().iter().any(|entry| {
                matches!(entry.content, Content::Trusted(_))
                    && entry.fingerprint() == Some(anchor.fingerprint())
            });
            if slots.is_empty() && !known {
                let stem = new.file.as_str().rsplit('/').next().unwrap_or_default();
                let stem = stem.rsplit_once('.').map_or(stem, |(stem, _)| stem);
                slots.push(free_alias(&store, stem));
            }
            for alias in slots {
                store.put_trusted(&alias, anchor.clone(), moment).map_err(faulty)?;
            }
        }
        let after_listing = listing(&store, self.now);
        if after_listing == before && !trust.anew {
            return Ok(None);
        }
        let profile = self.profile(wish, store.format(), file, scene);
        let secret = if trust.anew { &minted.password } else { &trust.password };
        let after = store.write(secret, profile).map_err(faulty)?;
        Ok(Some(NewFile { file: file.clone(), after, listings: [before, after_listing] }))
    }

    fn moment(&self) -> i64 {
        i64::try_from(self.now.unix_timestamp_nanos() / 1_000_000).unwrap_or_default()
    }

    /// Products that ship PKCS#12 run on a Java that reads the modern form.
    fn profile(&self, wish: &Wish, format: Format, old: &RelPath, scene: &Scene) -> Profile {
        let ships = || {
            let bytes = scene.view.binary(old).ok();
            bytes.and_then(|bytes| Format::of(&bytes)) == Some(Format::Pkcs12)
        };
        match wish.profile {
            Some(profile) => profile,
            None if format == Format::Pkcs12 && ships() => Profile::Modern,
            None => Profile::Old,
        }
    }
}

impl std::fmt::Debug for Forge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Forge")
    }
}

fn wish(values: &Values) -> Result<Wish, Refusal> {
    Wish::of(values).map_err(|why| Refusal {
        why: why.trim_end_matches('.').to_owned(),
        hint: "`harden explain P02` lists its parameters.".into(),
    })
}

fn free_alias(store: &Store, stem: &str) -> String {
    let taken = |alias: &str| store.entry(alias).is_some();
    if !taken(stem) {
        return stem.to_owned();
    }
    (2_u32..).map(|n| format!("{stem}-{n}")).find(|alias| !taken(alias)).unwrap_or_default()
}

/// What still speaks of a store whose key was replaced everywhere.
fn left_behind(draft: &Draft, scene: &Scene) -> Vec<String> {
    if !draft.purge {
        return Vec::new();
    }
    let known: Vec<_> =
        draft.stores.iter().flat_map(|store| &store.references).chain(&draft.pinned).collect();
    let mut words: Vec<(String, Word)> = Vec::new();
    for store in &draft.stores {
        let old = store.old.as_str();
        let name = old.rsplit('/').next().unwrap_or_default();
        words.push((format!("still speaks of {name}"), Word::Name(name)));
        for reference in &store.references {
            if let Some(said) = reference.password.as_ref().and_then(Part::plain) {
                words.push((format!("still says the old password of {name}"), Word::Value(said)));
            }
            let alias = reference.alias.as_ref().and_then(Part::plain);
            if let Some(said) = alias.filter(|said| !said.eq_ignore_ascii_case(&store.alias)) {
                words.push((format!("still names the old key {said}"), Word::Value(said)));
            }
        }
    }
    // The trust stores say it as well, and are known.
    let trust = draft.trust.iter().flat_map(|trust| &trust.references);
    let known: Vec<_> = known.into_iter().chain(trust).collect();
    let mut lines: BTreeMap<(String, String), BTreeSet<usize>> = BTreeMap::new();
    for (what, word) in words {
        for place in mentions(scene, word, &known) {
            let all = lines.entry((place.file, what.clone())).or_default();
            all.extend(place.at.map(|at| at.line));
        }
    }
    lines
        .into_iter()
        .map(|((file, what), lines)| {
            let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
            format!("{file}:{} {what}; look whether it should.", lines.join(","))
        })
        .collect()
}

/// What an operator should know of the new keys.
fn told(draft: &Draft, wish: &Wish, minted: &Minted, from: bool) -> Vec<String> {
    let mut notes = Vec::new();
    for store in &draft.stores {
        let pair = if store.internal { &minted.internal } else { &minted.server };
        if let Some(Ok(facts)) = pair.chain.first().map(Certificate::facts) {
            notes.push(format!(
                "{}: {} as {}, {}, for {}, until {}, SHA-256 {}.",
                store.file,
                facts.subject,
                store.alias,
                facts.key,
                facts.names.join(", "),
                facts.not_after.date(),
                facts.fingerprint
            ));
        }
    }
    let names = minted.server.chain.first().and_then(|own| own.facts().ok()).map(|own| own.names);
    if names.is_some_and(|names| names.iter().all(|name| name == "localhost")) {
        notes.push(
            "The configuration names no host but localhost, and so does the new certificate: name \
             the others with --set P02.names=…."
                .into(),
        );
    }
    if wish.password.is_none() {
        notes.push(
            "The password of the new stores is random; it stands in the configuration only.".into(),
        );
    }
    match wish.mode {
        Mode::TlsOnly => notes.push(
            "P02 stays partly open: the shipped key still signs tokens and encrypts stored data \
             (--set P02.mode=split-internal or replace-all)."
                .into(),
        ),
        Mode::SplitInternal => notes.push(
            "P02 stays partly open: the old key still decrypts stored data, as keystore.internal or \
             InternalKeyStore."
                .into(),
        ),
        Mode::ReplaceAll => {}
    }
    if !from {
        notes.push(
            "The new certificate is signed by its own key: clients must be given it, or an authority \
             signs it (`harden keystore csr`)."
                .into(),
        );
    }
    notes
}

fn fault_in(file: &RelPath, fault: &Fault) -> Refusal {
    Refusal { why: format!("{file}: {fault}"), hint: fault.hint().into() }
}
