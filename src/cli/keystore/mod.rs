//! `harden keystore`: what key stores hold, a new one, a signing request, and the answer to it.
//!
//! Passwords are told by where they stand, never on the command line, and never shown.

mod create;
mod csr;
mod import;
mod list;
mod rows;

use super::Common;
use super::failure::{Exit, Failure};
use super::screen::Screen;
use super::secrets;
use crate::change::RelPath;
use crate::format::keystore::{Content, Entry, Fault, Format, Opened, Profile, Store};
use crate::home::{Home, View, discover};
use crate::native::key::{self, Key};
use crate::patch::Catalogue;
use crate::plan::Scene;
use crate::plan::keys::{Named, named};
use crate::secret::Secret;
use clap::{Args, Subcommand, ValueEnum};
use std::path::Path;

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// List what key stores hold and what is wrong with it
    List(list::Arguments),
    /// Make a store with a new key, for P02.from
    Create(create::Arguments),
    /// Ask an authority to sign the certificate of a key
    Csr(csr::Arguments),
    /// Put an authority's answer into the store
    Import(import::Arguments),
}

pub fn run(verb: &Verb, common: &Common, screen: &Screen) -> Result<Exit, Failure> {
    match verb {
        Verb::List(arguments) => list::run(arguments, common, screen),
        Verb::Create(arguments) => create::run(arguments, screen),
        Verb::Csr(arguments) => csr::run(arguments, common, screen),
        Verb::Import(arguments) => import::run(arguments, common, screen),
    }
}

/// The passwords of a store
#[derive(Debug, Clone, Args)]
struct Unlock {
    /// The store's password: file:PATH, env:NAME, or - for standard input [default: what the
    /// configuration says of a store that it names]
    #[arg(long, value_name = "SOURCE")]
    store_password: Option<String>,
    /// The key's password, where it is not the store's
    #[arg(long, value_name = "SOURCE")]
    key_password: Option<String>,
}

/// How a PKCS#12 store is encrypted
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Way {
    /// Triple DES: for any Java
    Old,
    /// AES-256: for Java 8u301, 11.0.12, 17 and later
    #[default]
    Modern,
}

impl Way {
    fn profile(self) -> Profile {
        match self {
            Self::Old => Profile::Old,
            Self::Modern => Profile::Modern,
        }
    }
}

/// A store with the key that is worked with.
struct Chest {
    bytes: Vec<u8>,
    store: Store,
    password: Secret,
    key_password: Secret,
    alias: String,
    key: Key,
    /// The home that the file lies in, and its path there.
    home: Option<(Home, RelPath)>,
}

impl Chest {
    /// Opens a store and its key: the one with the alias, else the only one.
    fn open(
        file: &Path,
        alias: Option<&str>,
        unlock: &Unlock,
        common: &Common,
    ) -> Result<Self, Failure> {
        let bytes = read(file)?;
        let home = home_of(file);
        let told = secrets::option("--store-password", unlock.store_password.as_ref())?;
        let told_key = secrets::option("--key-password", unlock.key_password.as_ref())?;
        let known = match &home {
            Some((home, path)) => references(home, &Catalogue::load(&common.patches)?)
                .into_iter()
                .find(|(_, named)| named.file == *path && named.password.is_some())
                .map(|(_, named)| (named.password, named.key_password)),
            None => None,
        };
        let (known, known_key) = known.unwrap_or_default();
        let password = told.or(known).ok_or_else(|| {
            Failure::usage(
                format!("the password of {} is not known", file.display()),
                "Say where it stands: --store-password file:PATH, env:NAME, or - for standard input.",
            )
        })?;
        if Store::opens(&bytes, &password).map_err(faulty(file))? == Opened::No {
            return Err(faulty(file)(Fault::WrongPassword));
        }
        let key_password = told_key.or(known_key).unwrap_or_else(|| password.clone());
        let store = Store::read(&bytes, Some(&password)).map_err(faulty(file))?;
        let alias = key_entry(&store, alias, file)?.alias.clone();
        let sealed = store.private_key(&alias, &key_password).map_err(faulty(file))?;
        let key = Key::from_pkcs8(&sealed).map_err(keyless)?;
        Ok(Self { bytes, store, password, key_password, alias, key, home })
    }

    fn entry(&self) -> Option<&Entry> {
        self.store.entry(&self.alias)
    }
}

fn key_entry<'s>(store: &'s Store, alias: Option<&str>, file: &Path) -> Result<&'s Entry, Failure> {
    let keys: Vec<&Entry> = store
        .entries()
        .iter()
        .filter(|entry| matches!(entry.content, Content::Key { .. }))
        .collect();
    let names = || keys.iter().map(|entry| entry.alias.as_str()).collect::<Vec<_>>().join(", ");
    match (alias, &keys[..]) {
        (_, []) => {
            let what = format!("{} holds no private key", file.display());
            Err(Failure::Other(what, "`harden keystore list` shows what a store holds.".into()))
        }
        (None, [only]) => Ok(only),
        (None, _) => Err(Failure::usage(
            format!("{} holds several keys: {}", file.display(), names()),
            "Name one with --alias.",
        )),
        (Some(alias), _) => {
            keys.iter().copied().find(|entry| entry.is_named(alias)).ok_or_else(|| {
                Failure::usage(
                    format!("{} holds no private key {alias}, only {}", file.display(), names()),
                    "Name one of these with --alias.",
                )
            })
        }
    }
}

/// The largest store in public use has about 200 KB.
const LARGEST: u64 = 8 << 20;

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let what = || Failure::io(file.display().to_string());
    let meta = std::fs::metadata(file).map_err(what())?;
    let wrong =
        |why: &str| Failure::Other(format!("{} {why}", file.display()), "Name a key store.".into());
    if !meta.is_file() {
        return Err(wrong("is not a regular file"));
    }
    if meta.len() > LARGEST {
        return Err(wrong("is larger than any key store"));
    }
    std::fs::read(file).map_err(what())
}

/// The home that a file lies in, if it lies in one, and its path there.
fn home_of(file: &Path) -> Option<(Home, RelPath)> {
    let real = file.canonicalize().ok()?;
    let home = discover::discover(real.parent()?).ok()?;
    let path = RelPath::parse(real.strip_prefix(&home.root).ok()?.to_str()?)?;
    Some((home, path))
}

/// Every reference of a home to a key store, with the name of its instance.
///
/// Where a configuration names them is what the guideline about key stores knows.
fn references(home: &Home, catalogue: &Catalogue) -> Vec<(String, Named)> {
    let view = View::of(&home.root);
    let mut all = Vec::new();
    let Some(patch) = catalogue.find(CODE) else {
        return all;
    };
    for instance in &home.instances {
        let scene = Scene { home, instance, view: &view };
        all.extend(named(patch, &scene).into_iter().map(|named| (instance.name.clone(), named)));
    }
    all
}

/// The guideline about key stores.
const CODE: &str = "P02";

fn faulty(file: &Path) -> impl Fn(Fault) -> Failure {
    move |fault| Failure::Other(format!("{}: {fault}", file.display()), fault.hint().into())
}

fn keyless(fault: key::Fault) -> Failure {
    Failure::Other(fault.to_string(), "Correct it and try again; nothing was written.".into())
}

/// Java's name of a kind of store
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Kind {
    #[default]
    #[value(name = "JKS", alias = "jks")]
    Jks,
    #[value(name = "PKCS12", alias = "pkcs12")]
    Pkcs12,
}

impl Kind {
    fn format(self) -> Format {
        match self {
            Self::Jks => Format::Jks,
            Self::Pkcs12 => Format::Pkcs12,
        }
    }
}
