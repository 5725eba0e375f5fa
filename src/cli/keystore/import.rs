//! `harden keystore import`: the certificates that an authority sent become those of the key.
//!
//! A store that lies in a home is replaced in a transaction of that home, which can be taken back.

use super::{CODE, Chest, Common, Unlock, faulty, keyless};
use crate::change::Code;
use crate::cli::failure::{Exit, Failure};
use crate::cli::screen::{self, Screen};
use crate::cli::{ask, work};
use crate::commit::{self, Change, Linux, Meta, Share, single};
use crate::diff;
use crate::format::keystore::{Certificate, Content, Profile, Store};
use crate::native::key::{self, Chain, certificates, chain, to_pem};
use crate::native::keystore::listing;
use crate::patch::Catalogue;
use clap::{Args, ValueEnum};
use std::collections::BTreeMap;
use std::path::PathBuf;
use time::OffsetDateTime;

#[derive(Debug, Args)]
pub struct Arguments {
    /// The store
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What the authority sent: PEM, DER or PKCS#7
    #[arg(value_name = "ANSWER", required = true)]
    answers: Vec<PathBuf>,
    /// The key [default: the only one]
    #[arg(long, value_name = "NAME")]
    alias: Option<String>,
    #[command(flatten)]
    unlock: Unlock,
    /// What the certificate is for, which it must be good for
    #[arg(long, value_enum, value_name = "PURPOSE", default_value_t = Purpose::Tls)]
    purpose: Purpose,
    /// Replace it without asking
    #[arg(long)]
    yes: bool,
    /// Why this is done; kept in the history of the home
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    note: String,
}

/// What a certificate is for
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Purpose {
    /// Shown to clients
    Tls,
    /// Signs tokens and encrypts
    Primary,
    /// Encrypts stored data
    Internal,
}

pub fn run(arguments: &Arguments, common: &Common, screen: &Screen) -> Result<Exit, Failure> {
    let now = OffsetDateTime::now_utc();
    let chest =
        Chest::open(&arguments.file, arguments.alias.as_deref(), &arguments.unlock, common)?;
    let answered = answered(arguments, &chest, now)?;
    let (store, bytes) = with_chain(arguments, &chest, &answered)?;
    let (before, after) = (listing(&chest.store, now), listing(&store, now));
    let name = match &chest.home {
        Some((_, path)) => path.to_string(),
        None => arguments.file.display().to_string(),
    };
    if before == after {
        screen.note(&format!("{name} holds these certificates already; nothing was written."));
        return Ok(Exit::Good);
    }
    // Fingerprints and names are no secrets, and masking would hide some of them.
    screen.diff(&diff::unified(&name, before.as_bytes(), after.as_bytes(), 3), true);
    tell(&answered, screen);
    if !arguments.yes && !screen::can_ask() {
        screen.note("There is no terminal to ask at: nothing was written. --yes replaces it without asking.");
        return Ok(Exit::Findings);
    }
    if !arguments.yes && !ask::confirm(&format!("Replace {name}?"))? {
        screen.note("Nothing was written.");
        return Ok(Exit::Good);
    }
    write(arguments, common, screen, &chest, bytes)?;
    Ok(Exit::Good)
}

/// The chain that the answers hold for the key.
fn answered(arguments: &Arguments, chest: &Chest, now: OffsetDateTime) -> Result<Chain, Failure> {
    let mut pem = String::new();
    for path in &arguments.answers {
        let bytes = super::read(path)?;
        let wrong = |fault: key::Fault| {
            Failure::Other(
                format!("{}: {fault}", path.display()),
                "Hand over what the authority sent.".into(),
            )
        };
        let found = certificates(&bytes).map_err(wrong)?;
        pem.extend(found.iter().map(|der| to_pem("CERTIFICATE", der)));
    }
    let purpose = match arguments.purpose {
        Purpose::Tls => key::Purpose::Tls,
        Purpose::Primary => key::Purpose::Primary,
        Purpose::Internal => key::Purpose::Internal,
    };
    chain(pem.as_bytes(), &chest.key, purpose, now).map_err(keyless)
}

/// The store with the key under its new certificates, and its bytes.
fn with_chain(
    arguments: &Arguments,
    chest: &Chest,
    answered: &Chain,
) -> Result<(Store, Vec<u8>), Failure> {
    let fault = faulty(&arguments.file);
    let links: Vec<Certificate> =
        answered.certificates.iter().map(|der| Certificate::new(der.clone())).collect();
    let entry = chest.entry();
    // The new bytes must be readable by whoever read the old ones.
    let profile = entry.and_then(|entry| entry.profile()).unwrap_or(Profile::Old);
    let created = entry.and_then(|entry| entry.created).unwrap_or_default();
    let mut store = chest.store.clone();
    let same = |entry: &crate::format::keystore::Entry| matches!(&entry.content, Content::Key { chain, .. } if *chain == links);
    if !entry.is_some_and(same) {
        let key = chest.key.pkcs8().map_err(keyless)?;
        store
            .put_key(&chest.alias, &key, &links, &chest.key_password, profile, created)
            .map_err(&fault)?;
    }
    let bytes = store.write(&chest.password, profile).map_err(&fault)?;
    Ok((store, bytes))
}

fn tell(answered: &Chain, screen: &Screen) {
    let links = answered.certificates.len();
    screen.note(&format!(
        "A chain of {links}, good for {} until {}.",
        answered.names.join(", "),
        answered.until.date()
    ));
    if let Some(issuer) = &answered.missing {
        screen
            .note(&format!("Its last certificate is signed by {issuer}, which clients must know."));
    }
    for subject in &answered.unused {
        screen.note(&format!("Not part of the chain, and left out: {subject}."));
    }
}

fn write(
    arguments: &Arguments,
    common: &Common,
    screen: &Screen,
    chest: &Chest,
    bytes: Vec<u8>,
) -> Result<(), Failure> {
    let Some((home, path)) = &chest.home else {
        single::replace(&arguments.file, &chest.bytes, &bytes)
            .map_err(Failure::io(arguments.file.display().to_string()))?;
        screen.note(&format!("Replaced {}.", arguments.file.display()));
        return Ok(());
    };
    let state = work::state_dir(common, home);
    work::recover_first(home, &state, screen)?;
    let mut change = Change::edit(path.clone(), chest.bytes.clone(), bytes);
    change.shares.extend(Code::parse(CODE).map(|code| Share {
        code,
        instance: String::new(),
        after: change.after.clone(),
    }));
    let meta = Meta {
        verb: "keystore import".into(),
        of: None,
        only: Vec::new(),
        tool: env!("CARGO_PKG_VERSION").into(),
        catalogue: Catalogue::load(&common.patches)?.version(),
        who: work::who(),
        host: work::host(),
        note: arguments.note.clone(),
        settings: BTreeMap::new(),
        since: None,
        release: Some(work::release(home)),
    };
    let applied = commit::apply(&Linux, &home.root, &state, &[change], &meta, &|| Ok(()))?;
    for note in &applied.notes {
        screen.note(note);
    }
    screen.note(&format!(
        "Replaced {path} as {}. Restart the server for it to take effect; `harden rollback` takes it back.",
        applied.id.unwrap_or_default()
    ));
    Ok(())
}
