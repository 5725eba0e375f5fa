//! `harden keystore list`: every store of a home, or one. It only looks.

use super::rows::{Opened, Row};
use super::{Common, home_of, read, references};
use crate::cli::failure::{Exit, Failure};
use crate::cli::screen::Screen;
use crate::cli::{secrets, work};
use crate::commit;
use crate::format::keystore::{self, Fault, Format, Store};
use crate::home::{Home, stores};
use crate::patch::Catalogue;
use crate::plan::keys::{Named, SHIPPED_PASSWORD};
use crate::secret::Secret;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use time::OffsetDateTime;

#[derive(Debug, Args)]
pub struct Arguments {
    /// A store; it need not lie in a home [default: every store of the home]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// A password for stores whose password the configuration does not say: file:PATH, env:NAME,
    /// or - for standard input
    #[arg(long, value_name = "SOURCE")]
    store_password: Option<String>,
    /// Everything that is known of each entry
    #[arg(long)]
    long: bool,
    /// How to write the list
    #[arg(long, value_enum, default_value_t = Shape::Text)]
    format: Shape,
}

/// How a list is written
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shape {
    Text,
    Json,
}

pub fn run(arguments: &Arguments, common: &Common, screen: &Screen) -> Result<Exit, Failure> {
    let now = OffsetDateTime::now_utc();
    let told = secrets::option("--store-password", arguments.store_password.as_ref())?;
    let catalogue = Catalogue::load(&common.patches)?;
    let mut homes: Vec<(Option<String>, Vec<Row>)> = Vec::new();
    if let Some(file) = &arguments.file {
        homes.push((None, vec![one(file, told.as_ref(), &catalogue)?]));
    } else {
        work::each_home(common, screen, |home| {
            homes.push((
                Some(home.root.display().to_string()),
                all(home, told.as_ref(), &catalogue),
            ));
            Ok(Exit::Good)
        })?;
    }
    match arguments.format {
        Shape::Text => screen.say(&text(&homes, arguments.long, now)),
        Shape::Json => screen.say(&format!("{:#}", as_json(&homes, now))),
    }
    let mut rows = homes.iter().flat_map(|(_, rows)| rows);
    Ok(if rows.any(|row| row.has_findings(now)) { Exit::Findings } else { Exit::Good })
}

fn one(file: &Path, told: Option<&Secret>, catalogue: &Catalogue) -> Result<Row, Failure> {
    let bytes = read(file)?;
    let named = match home_of(file) {
        Some((home, path)) => {
            let all = references(&home, catalogue);
            all.into_iter().map(|(_, named)| named).filter(|named| named.file == path).collect()
        }
        None => Vec::new(),
    };
    let row = row(file.display().to_string(), &bytes, &named, told);
    match row.store {
        Err(Fault::NotAStore) => Err(super::faulty(file)(Fault::NotAStore)),
        _ => Ok(row),
    }
}

fn all(home: &Home, told: Option<&Secret>, catalogue: &Catalogue) -> Vec<Row> {
    let named: Vec<Named> =
        references(home, catalogue).into_iter().map(|(_, named)| named).collect();
    let mut rows = Vec::new();
    for file in stores::stores(&home.root, commit::NAME) {
        let own: Vec<Named> = named.iter().filter(|named| named.file == file).cloned().collect();
        // One that goes away meanwhile is none.
        if let Ok(bytes) = read(&home.root.join(file.as_str())) {
            rows.push(row(file.to_string(), &bytes, &own, told));
        }
    }
    rows
}

/// Opens a store with what is known: the configured password, the told one, the shipped one.
fn row(file: String, bytes: &[u8], named: &[Named], told: Option<&Secret>) -> Row {
    let is_shipped = |secret: &Secret| secret.reveal() == SHIPPED_PASSWORD.as_bytes();
    let configured = named.iter().filter_map(|named| named.password.as_ref());
    let shipped = Secret::new(SHIPPED_PASSWORD);
    let mut tried: Vec<(&Secret, Opened)> = configured
        .map(|secret| (secret, Opened::Configured { shipped: is_shipped(secret) }))
        .collect();
    tried.extend(told.map(|secret| (secret, Opened::Told { shipped: is_shipped(secret) })));
    let known = !tried.is_empty();
    tried.push((&shipped, Opened::Shipped));
    let opens = |secret: &Secret| Store::opens(bytes, secret);
    let (password, opened) = tried
        .into_iter()
        .find_map(|(secret, by)| match opens(secret) {
            Ok(keystore::Opened::Yes) => Some((Some(secret), by)),
            Ok(keystore::Opened::Unprotected) => Some((Some(secret), Opened::Unprotected)),
            _ => None,
        })
        .unwrap_or((None, if known { Opened::Wrong } else { Opened::Unneeded }));
    // The clear formats say what they hold whatever the password.
    let clear = Format::of(bytes) != Some(Format::Pkcs12);
    let store = Store::read(bytes, password.filter(|_| !clear));
    let mut uses: Vec<(String, String)> =
        named.iter().map(|named| (named.role.word().to_owned(), named.place.to_string())).collect();
    uses.dedup();
    Row { file, named: uses, opened, store }
}

fn text(homes: &[(Option<String>, Vec<Row>)], long: bool, now: OffsetDateTime) -> String {
    let mut parts = Vec::new();
    for (home, rows) in homes {
        parts.extend(home.iter().filter(|_| homes.len() > 1).map(|home| format!("== {home}\n")));
        parts.extend(rows.iter().map(|row| row.text(long, now)));
        if rows.is_empty() {
            parts.push("There is no key store.\n".into());
        }
    }
    parts.join("\n")
}

fn as_json(homes: &[(Option<String>, Vec<Row>)], now: OffsetDateTime) -> Value {
    let homes: Vec<Value> = homes
        .iter()
        .map(|(home, rows)| {
            json!({ "home": home, "stores": rows.iter().map(|row| row.json(now)).collect::<Vec<_>>() })
        })
        .collect();
    json!({ "harden": env!("CARGO_PKG_VERSION"), "homes": homes })
}
