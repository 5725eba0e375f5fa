//! `harden keystore csr`: a signing request for a key that is in a store. It changes no store.

use super::create::{names, wrong};
use super::{Chest, Common, Unlock, keyless};
use crate::cli::failure::{Exit, Failure};
use crate::cli::screen::{self, Screen};
use crate::format::keystore::Facts;
use crate::home::shipped::shipped;
use crate::native::key::{Order, Subject, request};
use clap::Args;
use std::path::PathBuf;
use time::OffsetDateTime;

#[derive(Debug, Args)]
pub struct Arguments {
    /// The store
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The key [default: the only one]
    #[arg(long, value_name = "NAME")]
    alias: Option<String>,
    #[command(flatten)]
    unlock: Unlock,
    /// Another subject than that of the key's certificate
    #[arg(long, value_name = "SUBJECT")]
    subject: Option<String>,
    /// Other host names and addresses than those of the key's certificate
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    names: Vec<String>,
    /// Write the request to a file
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub fn run(arguments: &Arguments, common: &Common, screen: &Screen) -> Result<Exit, Failure> {
    let chest =
        Chest::open(&arguments.file, arguments.alias.as_deref(), &arguments.unlock, common)?;
    let certificate = chest.entry().and_then(|entry| entry.certificate());
    let facts = certificate.and_then(|certificate| certificate.facts().ok());
    if let Some(reason) = facts.as_ref().and_then(shipped) {
        return Err(Failure::Other(
            format!("the key {} is public, {reason}: no authority can make it yours", chest.alias),
            "Make a new one with `harden keystore create` or with P02.".into(),
        ));
    }
    let subject = match (&arguments.subject, certificate) {
        (Some(text), _) => text.parse::<Subject>().map_err(wrong("--subject"))?,
        (None, Some(certificate)) => Subject::of_certificate(certificate).map_err(|fault| {
            Failure::usage(fault.to_string(), "Say whom it is for with --subject.")
        })?,
        (None, None) => {
            return Err(Failure::usage(
                format!("the key {} has no certificate", chest.alias),
                "Say whom it is for with --subject and --names.",
            ));
        }
    };
    let known = |facts: Facts| facts.names.iter().filter_map(|name| name.parse().ok()).collect();
    let names = match &arguments.names[..] {
        [] => facts.map(known).unwrap_or_default(),
        texts => names(texts)?,
    };
    let order = Order::new(subject, names, OffsetDateTime::now_utc());
    let pem = request(&chest.key, &order).map_err(keyless)?;
    match &arguments.output {
        Some(path) => screen::write_report(path, &pem)?,
        None => screen.say(&pem),
    }
    let hosts: Vec<String> = order.all_names().iter().map(ToString::to_string).collect();
    screen.note(&format!("Asks for {}, good for {}.", order.subject, hosts.join(", ")));
    screen.note(&format!("Then: harden keystore import {} ANSWER…", arguments.file.display()));
    Ok(Exit::Good)
}
