//! What is wrong with the key stores that a configuration names.

use super::holding::{Holding, Obstacle, key_password, locate, needs_rsa};
use super::reference::{Reference, references};
use crate::change::{Place, Seen, Status};
use crate::format::keystore::{Facts, KeyKind, Opened};
use crate::home::shipped::shipped;
use crate::home::view::Trouble;
use crate::native::keystore::SOON;
use crate::patch::Patch;
use crate::patch::model::Role;
use crate::plan::scene::{Scene, Silence};
use crate::secret::Secret;
use time::OffsetDateTime;

/// The password of every store that is shipped (wso2/carbon-kernel, carbon.xml).
pub const SHIPPED_PASSWORD: &str = "wso2carbon";

/// Judges every key store that an instance's configuration names, each once for what it is used.
pub fn look(patch: &Patch, scene: &Scene, now: OffsetDateTime) -> Vec<Seen> {
    let all = references(patch, scene);
    let mut seen: Vec<Seen> = all
        .broken
        .iter()
        .map(|(file, silence)| Seen {
            status: Status::Error,
            what: "references to key stores".into(),
            place: Some(Place {
                file: file.to_string(),
                at: match silence {
                    Silence::Fault(fault) => Some(fault.at),
                    _ => None,
                },
            }),
            found: None,
            wanted: None,
            evidence: silence.sentence(),
        })
        .collect();
    let mut groups: Vec<(&Reference, usize)> = Vec::new();
    for reference in &all.found {
        match groups.iter_mut().find(|(first, _)| alike(first, reference, scene)) {
            Some((_, count)) => *count += 1,
            None => groups.push((reference, 1)),
        }
    }
    seen.extend(groups.into_iter().map(|(first, count)| store(first, count, scene, now)));
    seen.extend(symmetric(scene));
    seen
}

/// References of one use to one store with one key and password are told as one.
fn alike(one: &Reference, other: &Reference, scene: &Scene) -> bool {
    let file = |reference: &Reference| {
        locate(reference, scene).map_err(|_| reference.location.says().to_owned())
    };
    let text = |part: &Option<super::reference::Part>| part.as_ref().map(|part| part.text.clone());
    // Nothing said means the password of the store.
    let secret = |reference: &Reference| {
        reference
            .key_password
            .as_ref()
            .or(reference.password.as_ref())
            .map(|part| part.text.clone())
    };
    one.role() == other.role()
        && file(one) == file(other)
        && text(&one.password) == text(&other.password)
        && secret(one) == secret(other)
        && (one.alias.is_none() || other.alias.is_none() || text(&one.alias) == text(&other.alias))
        && (one.kind.is_none() || other.kind.is_none() || text(&one.kind) == text(&other.kind))
}

fn store(reference: &Reference, count: usize, scene: &Scene, now: OffsetDateTime) -> Seen {
    let mut seen = Seen {
        status: Status::Compliant,
        what: format!("{} key store, {}", reference.role().word(), reference.name()),
        place: Some(reference.location.place.clone()),
        found: reference.location.plain().map(str::to_owned),
        wanted: None,
        evidence: String::new(),
    };
    let places = match count {
        1 => String::new(),
        many => format!(" ({many} places name it)"),
    };
    match Holding::of(reference, scene) {
        Ok(holding) => {
            let (wrong, right) = judged(reference, &holding, now);
            let remark = expired(reference, &holding, now);
            if wrong.is_empty() {
                seen.evidence = format!("{right}{places}{remark}");
            } else {
                seen.status = Status::Deviates;
                seen.wanted = Some(wanted(reference.role()).into());
                seen.evidence = format!("{}{places}{remark}", wrong.join("; "));
            }
        }
        Err(obstacle) => {
            seen.status = match &obstacle {
                Obstacle::Trouble(_, Trouble::Missing) | Obstacle::Elsewhere(_) => Status::Unknown,
                Obstacle::Fault(_, crate::format::keystore::Fault::NeedsPassword) => {
                    Status::Unknown
                }
                _ => Status::Error,
            };
            seen.evidence = format!("{}{places}", obstacle.clause());
        }
    }
    seen
}

fn wanted(role: Role) -> &'static str {
    match role {
        Role::Trust => "no certificate that WSO2 ships, and a password of your own",
        _ => "a key of your own, RSA of 2048 bits or more, SHA-256, with a password of your own",
    }
}

/// What is wrong with a store for this use, as clauses; and what it holds, where nothing is.
fn judged(reference: &Reference, holding: &Holding, now: OffsetDateTime) -> (Vec<String>, String) {
    let mut wrong = Vec::new();
    let mut right = String::new();
    if reference.role() == Role::Trust {
        let shipped: Vec<&str> = holding
            .trusted()
            .filter(|(_, certificate)| {
                certificate.facts().is_ok_and(|facts| shipped(&facts).is_some())
            })
            .map(|(alias, _)| alias)
            .collect();
        if !shipped.is_empty() {
            wrong.push(format!("it believes certificates that WSO2 ships: {}", shipped.join(", ")));
        }
        let count = holding.trusted().count();
        right = match count {
            1 => "it believes 1 certificate, which is not shipped".into(),
            _ => format!("it believes {count} certificates, none of them shipped"),
        };
    } else {
        match holding.key(reference) {
            None => wrong.push(match reference.alias.as_ref().and_then(|alias| alias.plain()) {
                Some(alias) => format!("it holds no private key {alias}"),
                None => "it holds no private key".into(),
            }),
            Some(entry) => match entry.certificate().map(|certificate| certificate.facts()) {
                Some(Ok(facts)) => {
                    wrong.extend(complaints(&facts, needs_rsa(reference.role()), now));
                    let secret =
                        key_password(reference).filter(|_| holding.opened != Some(Opened::No));
                    let opens =
                        |secret: &Secret| holding.store.private_key(&entry.alias, secret).is_ok();
                    if secret.is_some_and(|secret| !opens(&secret)) {
                        wrong.push(format!(
                            "the configured password does not open the key {}",
                            entry.alias
                        ));
                    }
                    right = format!(
                        "{}: {}, {}, until {}",
                        entry.alias,
                        facts.key,
                        facts.signature,
                        facts.not_after.date()
                    );
                }
                Some(Err(fault)) => wrong.push(fault.to_string()),
                None => wrong.push(format!("the key {} has no certificate", entry.alias)),
            },
        }
    }
    let shipped_password =
        reference.password.as_ref().and_then(|part| part.plain()) == Some(SHIPPED_PASSWORD);
    match holding.opened {
        Some(Opened::No) => wrong.push("the configured password does not open it".into()),
        Some(Opened::Yes) if shipped_password => {
            wrong.push("its password is the one that WSO2 ships".into());
        }
        _ => {}
    }
    if let Some(kind) = reference.kind.as_ref().and_then(|kind| kind.plain()) {
        let is = holding.store.format().word();
        if !kind.eq_ignore_ascii_case(is) {
            wrong.push(format!("its type is declared as {kind}, and it is {is}"));
        }
    }
    (wrong, right)
}

/// Which certificates of a trust store have expired: they harm nobody, and an operator decides.
fn expired(reference: &Reference, holding: &Holding, now: OffsetDateTime) -> String {
    if reference.role() != Role::Trust {
        return String::new();
    }
    let expired: Vec<&str> = holding
        .trusted()
        .filter(|(_, certificate)| certificate.facts().is_ok_and(|facts| now > facts.not_after))
        .map(|(alias, _)| alias)
        .collect();
    match expired.len() {
        0 => String::new(),
        count => format!("; {count} of its certificates have expired: {}", expired.join(", ")),
    }
}

/// What is wrong with a key's certificate, as clauses.
pub fn complaints(facts: &Facts, rsa: bool, now: OffsetDateTime) -> Vec<String> {
    let mut wrong = Vec::new();
    if let Some(reason) = shipped(facts) {
        wrong.push(format!("its key is public: {reason}"));
    }
    match facts.key {
        KeyKind::Rsa { bits } if bits < 2048 => {
            wrong.push(format!("its key is RSA of {bits} bits"))
        }
        KeyKind::Ec { bits } if bits < 256 => wrong.push(format!("its key is EC of {bits} bits")),
        KeyKind::Ec { .. } | KeyKind::Other if rsa => {
            wrong.push(format!("its key is {}, and the products encrypt with RSA only", facts.key));
        }
        _ => {}
    }
    if facts.weak_signature {
        wrong.push(format!("its certificate is signed with {}", facts.signature));
    }
    if facts.expired(now) {
        wrong.push(format!(
            "its certificate is valid from {} to {} only",
            facts.not_before.date(),
            facts.not_after.date()
        ));
    } else if facts.expired(now + SOON) {
        wrong.push(format!("its certificate expires on {}", facts.not_after.date()));
    }
    wrong
}

/// Keys for symmetric encryption that are the same in every installation: of Identity Server and
/// the Carbon kernel (`default.json`), and of Micro Integrator.
const PUBLIC_KEYS: [&str; 2] = ["03BAFEB27A8E871CAD83C5CD4E771DAB", "SECRET_KEY"];

/// Tells whether the symmetric key in force is one that everybody knows.
pub fn has_public_secret(scene: &Scene) -> bool {
    scene.setting("encryption.key").is_some_and(|value| is_public(&value))
}

fn is_public(value: &str) -> bool {
    PUBLIC_KEYS.iter().any(|key| key.eq_ignore_ascii_case(value.trim()))
}

fn symmetric(scene: &Scene) -> Option<Seen> {
    let value = scene.setting("encryption.key")?;
    let file = scene.toml_file().ok()?;
    let public = is_public(&value);
    Some(Seen {
        status: if public { Status::Deviates } else { Status::Compliant },
        what: "encryption.key".into(),
        place: Some(Place { file: file.to_string(), at: None }),
        found: Some(crate::secret::MASK.into()),
        wanted: public.then(|| "a random value of your own, 32 hexadecimal digits".into()),
        evidence: if public {
            "the key that encrypts stored data is the public default of this product".into()
        } else {
            "the key is not one of the public defaults".into()
        },
    })
}
