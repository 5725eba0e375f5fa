//! The keys of one home, made once: one for clients and signatures, one for stored data, a password
//! and a symmetric key.

use super::draft::Refusal;
use super::look::complaints;
use super::wish::{Mode, Wish};
use crate::format::keystore::{Certificate, Content, Entry, Store};
use crate::native::key::{self, AltName, Key, Order, PASSWORD_LENGTH, Subject};
use crate::plan::hosts;
use crate::plan::scene::Scene;
use crate::secret::Secret;
use time::OffsetDateTime;
use zeroize::Zeroizing;

/// The new keys of a home.
pub struct Minted {
    pub server: Pair,
    pub internal: Pair,
    pub password: Secret,
    /// The symmetric key, 32 hexadecimal digits (wso2/docs-is, `openssl rand -hex 16`).
    pub symmetric: String,
}

pub struct Pair {
    pub key: Zeroizing<Vec<u8>>,
    pub chain: Vec<Certificate>,
}

impl Minted {
    /// Makes the keys, or takes them from a store that was made before.
    ///
    /// # Errors
    /// A given store that does not do, hosts that cannot be read, or no random numbers.
    pub fn new(
        wish: &Wish,
        from: Option<&[u8]>,
        scene: &Scene,
        now: OffsetDateTime,
    ) -> Result<Self, Refusal> {
        let made = wish.password.clone().map_or_else(|| key::password(PASSWORD_LENGTH), Ok);
        let secret = made.map_err(no_key)?;
        let order = order(wish, scene, now)?;
        let server = match from {
            Some(bytes) => taken(bytes, wish, None, now)?,
            None => fresh(wish, &order)?,
        };
        // Nodes of a cluster share the key for stored data, so a given store can hold both.
        let internal = match from {
            Some(bytes) if wish.mode == Mode::ReplaceAll => {
                taken(bytes, wish, Some("internal"), now)?
            }
            _ if wish.mode == Mode::ReplaceAll => fresh(wish, &order)?,
            _ => Pair { key: Zeroizing::new(Vec::new()), chain: Vec::new() },
        };
        let mut bytes = [0; 16];
        key::random(&mut bytes).map_err(no_key)?;
        let symmetric = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Minted { server, internal, password: secret, symmetric })
    }
}

fn order(wish: &Wish, scene: &Scene, now: OffsetDateTime) -> Result<Order, Refusal> {
    let mut names: Vec<AltName> = wish.names.clone();
    if names.is_empty() {
        for instance in &scene.home.instances {
            let scene = Scene { instance, ..*scene };
            let called = hosts::called(&scene, true).map_err(|(file, silence)| Refusal {
                why: format!("{file} cannot be read: {}", silence.sentence()),
                hint: "Name the hosts with --set P02.names=…".into(),
            })?;
            let new = called.iter().filter_map(|host| host.parse().ok());
            for name in new.collect::<Vec<AltName>>() {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
    }
    // A server calls itself by the first name; localhost is one only where nothing else is known.
    names.sort_by_key(|name| name.to_string() == "localhost");
    let subject = match &wish.subject {
        Some(subject) => subject.clone(),
        None => {
            let first = names.first().map_or_else(|| "localhost".into(), AltName::to_string);
            format!("CN={first}").parse::<Subject>().map_err(no_key)?
        }
    };
    let mut order = Order::new(subject, names, now);
    order.days = wish.days;
    Ok(order)
}

fn fresh(wish: &Wish, order: &Order) -> Result<Pair, Refusal> {
    let key = Key::generate(wish.bits).map_err(no_key)?;
    let certificate = key::self_signed(&key, order).map_err(no_key)?;
    Ok(Pair { key: key.pkcs8().map_err(no_key)?, chain: vec![Certificate::new(certificate)] })
}

/// Takes a key of a store that was made before: the one for stored data by its name, the other by
/// the alias that is wished for, or as the only one.
fn taken(
    bytes: &[u8],
    wish: &Wish,
    alias: Option<&str>,
    now: OffsetDateTime,
) -> Result<Pair, Refusal> {
    let refuse = |why: String| {
        Refusal {
        why: format!("the key store of P02.from cannot be used: {why}"),
        hint: "Make one with `harden keystore create`, for replace-all with --with-internal, and tell \
               its password as P02.password."
            .into(),
    }
    };
    let Some(secret) = &wish.password else {
        return Err(refuse("its password is not told".into()));
    };
    let store = Store::read(bytes, Some(secret)).map_err(|fault| refuse(fault.to_string()))?;
    let is_key = |entry: &&Entry| matches!(entry.content, Content::Key { .. });
    let others: Vec<&Entry> = store
        .entries()
        .iter()
        .filter(|entry| is_key(entry) && !entry.is_named("internal"))
        .collect();
    let wished = wish.alias.as_deref().and_then(|alias| store.entry(alias)).filter(is_key);
    let entry = match (alias, wished, &others[..]) {
        (Some(alias), ..) => store.entry(alias).filter(is_key).ok_or_else(|| {
            refuse(format!("it holds no key {alias}, which the nodes of a cluster must share"))
        })?,
        (None, Some(wished), _) => wished,
        (None, None, [only]) => only,
        (None, None, []) => return Err(refuse("it holds no private key".into())),
        (None, None, _) => {
            return Err(refuse("it holds several keys; name one as P02.alias".into()));
        }
    };
    let facts = entry.certificate().map(|own| own.facts());
    let rsa = wish.mode != Mode::TlsOnly;
    let wrong = match facts {
        Some(Ok(facts)) => complaints(&facts, rsa, now),
        Some(Err(fault)) => vec![fault.to_string()],
        None => vec!["the key has no certificate".into()],
    };
    if !wrong.is_empty() {
        return Err(refuse(wrong.join("; ")));
    }
    let Content::Key { chain, .. } = &entry.content else {
        return Err(refuse("it holds no private key".into()));
    };
    let key = store.private_key(&entry.alias, secret).map_err(|fault| refuse(fault.to_string()))?;
    Ok(Pair { key, chain: chain.clone() })
}

fn no_key(fault: key::Fault) -> Refusal {
    Refusal {
        why: fault.to_string().trim_end_matches('.').to_owned(),
        hint: "`harden explain P02` lists the parameters.".into(),
    }
}
