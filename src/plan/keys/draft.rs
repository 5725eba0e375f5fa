//! What new key stores change in an instance, worked out before any key is made.
//!
//! Everything that can be refused is refused here: a reference that cannot be followed, a password
//! that is kept elsewhere, stored data that would become unreadable.

use super::holding::{Holding, Obstacle, locate, needs_rsa, password};
use super::left::{Word, mentions};
use super::look::{SHIPPED_PASSWORD, complaints};
use super::reference::{Part, Reference, Text, references};
use super::traces::{traces, vault};
use super::wish::{Mode, Wish};
use crate::change::RelPath;
use crate::digest::Digest;
use crate::format::keystore::{Content, Format, Opened};
use crate::home::shipped::shipped;
use crate::patch::Patch;
use crate::patch::model::Role;
use crate::plan::scene::Scene;
use crate::secret::Secret;
use time::OffsetDateTime;

/// The changes of one instance.
#[derive(Debug)]
pub struct Draft {
    /// New stores and who will name them.
    pub stores: Vec<NewStore>,
    /// References that must go on naming what they name now, written out.
    pub pinned: Vec<Reference>,
    /// Trust stores that take the new certificate.
    pub trust: Vec<Trust>,
    /// Trust stores that are not looked at, sentences.
    pub elsewhere: Vec<String>,
    /// Shipped certificates leave the trust stores.
    pub purge: bool,
    /// The public default of the symmetric key is replaced.
    pub symmetric: bool,
}

/// A trust store that is to believe the new certificate.
#[derive(Debug)]
pub struct Trust {
    pub file: RelPath,
    pub references: Vec<Reference>,
    pub password: Secret,
    pub format: Format,
    /// Its password is the shipped one, and every place that knows it can be changed.
    pub anew: bool,
}

/// A key store that is to be made.
#[derive(Debug)]
pub struct NewStore {
    pub file: RelPath,
    pub format: Format,
    pub alias: String,
    /// It gets the key for stored data, which is another one than that shown to clients.
    pub internal: bool,
    pub references: Vec<Reference>,
    /// The store that it takes the place of, whose other certificates it keeps.
    pub old: RelPath,
    /// The certificate of the key that it replaces.
    pub replaced: Option<Digest>,
}

/// Why no new key stores are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// A clause.
    pub why: String,
    /// A sentence.
    pub hint: String,
}

impl Draft {
    /// Works out what a wish changes.
    ///
    /// # Errors
    /// [`Refusal`], where a change would break a start or stored data, or cannot be followed.
    pub fn of(
        wish: &Wish,
        patch: &Patch,
        scene: &Scene,
        now: OffsetDateTime,
    ) -> Result<Self, Refusal> {
        let all = references(patch, scene);
        if let Some((file, silence)) = all.broken.first() {
            let why = format!("{file} cannot be read: {}", silence.sentence());
            return Err(refused(why, "Repair the file first."));
        }
        let separate = all.found.iter().any(|r| r.role() == Role::Internal && names_a_password(r));
        check_mode(wish, scene, separate)?;
        let mut draft = Self {
            stores: Vec::new(),
            pinned: Vec::new(),
            trust: Vec::new(),
            elsewhere: Vec::new(),
            purge: wish.mode != Mode::TlsOnly,
            symmetric: false,
        };
        for reference in &all.found {
            let role = reference.role();
            let changes = match (wish.mode, role) {
                (_, Role::Trust) | (Mode::TlsOnly, Role::Primary | Role::Internal) => false,
                (Mode::SplitInternal, Role::Internal) => {
                    if names_a_password(reference) {
                        draft.pinned.push(reference.clone());
                    }
                    false
                }
                _ => true,
            };
            if changes {
                draft.replace(reference, wish, separate, scene, now)?;
            }
        }
        if draft.stores.is_empty() {
            return Ok(Self { pinned: Vec::new(), purge: false, ..draft });
        }
        draft.symmetric = wish.mode == Mode::ReplaceAll && super::look::has_public_secret(scene);
        for reference in all.found.iter().filter(|r| r.role() == Role::Trust) {
            draft.believe(reference, wish, scene)?;
        }
        for trust in draft.trust.iter_mut().filter(|_| wish.mode != Mode::TlsOnly) {
            trust.anew = can_change_password(trust, scene);
        }
        Ok(draft)
    }

    pub fn is_empty(&self) -> bool {
        self.stores.is_empty()
    }

    /// Has a reference name a new store, if the key that it means is not good enough.
    fn replace(
        &mut self,
        reference: &Reference,
        wish: &Wish,
        separate: bool,
        scene: &Scene,
        now: OffsetDateTime,
    ) -> Result<(), Refusal> {
        let named = || format!("{} in {}", reference.name(), reference.file);
        let holding = match Holding::of(reference, scene) {
            Ok(holding) => holding,
            Err(Obstacle::Trouble(file, trouble)) if !reference.location.written => {
                return Err(refused(format!("{file}: {trouble}"), trouble.hint()));
            }
            Err(obstacle) => {
                let why = format!("{}: {}", named(), obstacle.clause());
                return Err(refused(
                    why,
                    "Correct this reference, or remove it where nothing uses it.",
                ));
            }
        };
        let rsa = needs_rsa(reference.role());
        let entry = holding.key(reference);
        let good = entry
            .and_then(|entry| entry.certificate())
            .and_then(|certificate| certificate.facts().ok())
            .is_some_and(|facts| complaints(&facts, rsa, now).is_empty());
        if good {
            return Ok(());
        }
        for (part, what) in
            [(Some(&reference.location), "location"), (reference.alias.as_ref(), "alias")]
        {
            if let Some(Text::Kept(place)) = part.map(|part| &part.text) {
                let why = format!("the {what} of {} is kept in {place}", named());
                return Err(refused(why, "Write it into the configuration first."));
            }
        }
        if let Some(part) = &reference.password {
            let opens = |told: &Secret| holding.opens(told) == Some(Opened::Yes);
            check_kept(part, reference, wish, opens)?;
        }
        if let Some(part) = &reference.key_password {
            let opens = |told: &Secret| {
                entry.is_some_and(|entry| holding.store.private_key(&entry.alias, told).is_ok())
            };
            check_kept(part, reference, wish, opens)?;
        }
        let format = wish.format.unwrap_or(match holding.store.format() {
            Format::Pkcs12 if reference.spot.kind.is_some() => Format::Pkcs12,
            _ => Format::Jks,
        });
        if format != Format::Jks && reference.spot.kind.is_none() {
            let why = format!("{} says no type, so the server takes it for JKS", named());
            return Err(refused(why, "Leave out --set P02.type=PKCS12."));
        }
        let internal = reference.role() == Role::Internal && separate;
        let stem = match (wish.mode, internal) {
            (Mode::TlsOnly, _) => "tls",
            (_, false) => "primary",
            (_, true) => "internal",
        };
        // Only one key may stand in the new store, because some references name none.
        let own: Vec<&str> = holding
            .store
            .entries()
            .iter()
            .filter(|other| entry.is_none_or(|entry| !other.is_named(&entry.alias)))
            .filter(|other| matches!(other.content, Content::Key { .. } | Content::Secret))
            .filter(|other| {
                let facts = other.certificate().and_then(|certificate| certificate.facts().ok());
                facts.is_none_or(|facts| shipped(&facts).is_none())
            })
            .map(|other| other.alias.as_str())
            .collect();
        let ambiguous = reference.alias.is_none() || wish.mode != Mode::TlsOnly;
        if !own.is_empty() && ambiguous {
            let why = format!("{} holds other keys of your own: {}", holding.file, own.join(", "));
            return Err(refused(why, "Move them into a store of their own with keytool first."));
        }
        let known = self.stores.iter_mut().find(|store| {
            store.internal == internal
                && store.format == format
                && folder(&store.old) == folder(&holding.file)
        });
        if let Some(store) = known {
            store.references.push(reference.clone());
            return Ok(());
        }
        let alias = wish
            .alias
            .clone()
            .or_else(|| reference.alias.as_ref()?.plain().map(str::to_lowercase))
            .or_else(|| entry.map(|entry| entry.alias.to_lowercase()))
            .unwrap_or_else(|| stem.to_owned());
        let file = free_name(folder(&holding.file), stem, format, scene, &self.stores)?;
        let old = holding.file.clone();
        self.stores.push(NewStore {
            file,
            format,
            alias,
            internal,
            references: vec![reference.clone()],
            old,
            replaced: entry.and_then(|entry| entry.fingerprint()),
        });
        Ok(())
    }

    fn believe(
        &mut self,
        reference: &Reference,
        wish: &Wish,
        scene: &Scene,
    ) -> Result<(), Refusal> {
        let file = match locate(reference, scene) {
            Ok(file) if scene.view.exists(&file) => file,
            Ok(file) => {
                let why =
                    format!("the trust store {file} is missing ({})", reference.location.place);
                return Err(refused(why, "Put it there, or correct what names it."));
            }
            Err(obstacle) => {
                self.elsewhere.push(format!(
                    "{}: {}; put the new certificate into it before the restart.",
                    reference.location.place,
                    obstacle.clause()
                ));
                return Ok(());
            }
        };
        let known = self.trust.iter_mut().find(|known| known.file == file);
        if let Some(known) = known {
            known.references.push(reference.clone());
            return Ok(());
        }
        let holding = Holding::of(reference, scene).map_err(|obstacle| {
            refused(obstacle.clause(), "The new certificate must be believed before it is used.")
        })?;
        let opens = |secret: &Secret| {
            matches!(holding.opens(secret), Some(Opened::Yes | Opened::Unprotected))
        };
        let tried = [password(reference), wish.password.clone()];
        match tried.into_iter().flatten().find(opens) {
            Some(password) => {
                let references = vec![reference.clone()];
                let format = holding.store.format();
                self.trust.push(Trust { file, references, password, format, anew: false });
                Ok(())
            }
            None => Err(refused(
                format!("the password of the trust store {file} is not known"),
                "Write it where carbon.xml or deployment.toml names the store, and try again.",
            )),
        }
    }
}

/// A password that is kept elsewhere stays; it must be known, so that what is new can have it.
fn check_kept(
    part: &Part,
    reference: &Reference,
    wish: &Wish,
    opens: impl Fn(&Secret) -> bool,
) -> Result<(), Refusal> {
    let Text::Kept(place) = &part.text else {
        return Ok(());
    };
    let named = format!("{} in {}", reference.name(), reference.file);
    let tell = "Tell it with --secret P02.password=file:PATH; the new store gets the same one.";
    match &wish.password {
        None => Err(refused(format!("a password of {named} is kept in {place}"), tell)),
        Some(told) if opens(told) => Ok(()),
        Some(_) => Err(refused(
            format!("the password that was told is not the one kept in {place} for {named}"),
            tell,
        )),
    }
}

/// Every place that names the trust store must be known, and say the shipped password openly.
fn can_change_password(trust: &Trust, scene: &Scene) -> bool {
    let shipped = |reference: &Reference| {
        reference.password.as_ref().and_then(Part::plain) == Some(SHIPPED_PASSWORD)
    };
    let known: Vec<&Reference> = trust.references.iter().collect();
    let name = trust.file.as_str().rsplit('/').next().unwrap_or_default();
    trust.references.iter().all(shipped) && mentions(scene, Word::Name(name), &known).is_empty()
}

fn check_mode(wish: &Wish, scene: &Scene, separate: bool) -> Result<(), Refusal> {
    match wish.mode {
        Mode::TlsOnly => Ok(()),
        Mode::SplitInternal if separate => Ok(()),
        Mode::SplitInternal => Err(refused(
            "this version has no key store of its own for stored data (InternalKeyStore)",
            "Use --set P02.mode=tls-only, or replace-all on a fresh home.",
        )),
        Mode::ReplaceAll => {
            if let Some(sign) = vault(scene) {
                return Err(refused(
                    format!("{sign}, and its values are encrypted with the present key"),
                    "Use --set P02.mode=split-internal, which keeps that key for stored data.",
                ));
            }
            let signs = if wish.nothing_encrypted { Vec::new() } else { traces(scene) };
            if signs.is_empty() {
                return Ok(());
            }
            Err(refused(
                format!(
                    "this home may have stored data that only the present key decrypts: {}",
                    signs.join("; ")
                ),
                "Use --set P02.mode=split-internal, or say that there is no such data with \
                 --set P02.encrypted-data=none.",
            ))
        }
    }
}

/// Tools of the vault name a store without its password; they follow what the server names.
fn names_a_password(reference: &Reference) -> bool {
    reference.spot.password.is_some()
}

fn folder(file: &RelPath) -> &str {
    file.as_str().rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn free_name(
    folder: &str,
    stem: &str,
    format: Format,
    scene: &Scene,
    taken: &[NewStore],
) -> Result<RelPath, Refusal> {
    let ending = if format == Format::Pkcs12 { "p12" } else { "jks" };
    let name = |count: u32| match count {
        1 => format!("{folder}/{stem}.{ending}"),
        count => format!("{folder}/{stem}-{count}.{ending}"),
    };
    (1..100)
        .filter_map(|count| RelPath::parse(name(count).trim_start_matches('/')))
        .find(|file| !scene.view.exists(file) && taken.iter().all(|store| store.file != *file))
        .ok_or_else(|| refused(format!("{folder} is full of stores called {stem}"), "Remove some."))
}

fn refused(why: impl Into<String>, hint: impl Into<String>) -> Refusal {
    Refusal { why: why.into(), hint: hint.into() }
}
