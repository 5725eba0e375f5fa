//! `harden keystore create`: a store with a new key, made before it is put into any home, so that
//! every node of a cluster can be given the same one.

use super::{Kind, Way, keyless};
use crate::cli::failure::{Exit, Failure};
use crate::cli::screen::Screen;
use crate::cli::secrets;
use crate::commit::single;
use crate::format::keystore::{Certificate, Store};
use crate::native::key::{self, AltName, Key, Order, PASSWORD_LENGTH, Subject, is_safe};
use crate::native::keystore::listing;
use crate::secret::Secret;
use clap::Args;
use std::path::{Path, PathBuf};
use time::OffsetDateTime;

#[derive(Debug, Args)]
pub struct Arguments {
    /// The new store; nothing is overwritten
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Host names and addresses that the certificate covers
    #[arg(long, value_name = "NAMES", value_delimiter = ',', required = true)]
    names: Vec<String>,
    /// The certificate's subject, like CN=wso2.example.com,O=Example,C=DE [default: CN=first name]
    #[arg(long, value_name = "SUBJECT")]
    subject: Option<String>,
    /// Size of the RSA key: 2048, 3072 or 4096
    #[arg(long, value_name = "BITS", default_value = "2048")]
    bits: String,
    /// Days until the certificate expires, 3650 at most
    #[arg(long, value_name = "DAYS", default_value_t = Order::DAYS)]
    days: u32,
    /// Type of the store
    #[arg(long = "type", value_enum, value_name = "TYPE", default_value_t = Kind::Jks)]
    kind: Kind,
    /// How a PKCS#12 store is encrypted
    #[arg(long, value_enum, value_name = "HOW", default_value_t = Way::Modern)]
    pkcs12: Way,
    /// The key's alias
    #[arg(long, value_name = "NAME", default_value = "server")]
    alias: String,
    /// Also a second key, called internal, for stored data (P02.mode=replace-all)
    #[arg(long)]
    with_internal: bool,
    /// The password of the store and its keys: file:PATH, env:NAME, or - for standard input
    #[arg(long, value_name = "SOURCE", required_unless_present = "password_out")]
    store_password: Option<String>,
    /// A new file that gets a random password
    #[arg(long, value_name = "FILE", conflicts_with = "store_password")]
    password_out: Option<PathBuf>,
}

pub fn run(arguments: &Arguments, screen: &Screen) -> Result<Exit, Failure> {
    let now = OffsetDateTime::now_utc();
    let order = arguments.order(now)?;
    let password = arguments.password()?;
    let store = arguments.store(&order, &password, now)?;
    let profile = arguments.pkcs12.profile();
    let bytes = store.write(&password, profile).map_err(super::faulty(&arguments.out))?;
    let line = [password.reveal(), b"\n"].concat();
    let mut files: Vec<(&Path, &[u8])> = Vec::new();
    files.extend(arguments.password_out.as_deref().map(|path| (path, &line[..])));
    files.push((&arguments.out, &bytes));
    single::create(&files).map_err(|(path, source)| match source.kind() {
        std::io::ErrorKind::AlreadyExists => Failure::Other(
            format!("{} is there already, and nothing is overwritten", path.display()),
            "Name another file.".into(),
        ),
        _ => Failure::Io { what: path.display().to_string(), source },
    })?;
    screen.say(&listing(&store, now));
    screen.note(&format!("Made {}, for its owner alone.", arguments.out.display()));
    let password = arguments.password_out.as_ref();
    if let Some(path) = password {
        screen.note(&format!("Its password stands in {}.", path.display()));
    }
    let path = password.map_or("PATH".to_owned(), |path| path.display().to_string());
    screen.note(&format!(
        "On each node: harden apply --only P02 --set P02.from={} --secret P02.password=file:{path}",
        arguments.out.display()
    ));
    Ok(Exit::Good)
}

impl Arguments {
    fn order(&self, now: OffsetDateTime) -> Result<Order, Failure> {
        let names = names(&self.names)?;
        let first = names.first().map(ToString::to_string).unwrap_or_default();
        let subject = self.subject.clone().unwrap_or_else(|| format!("CN={first}"));
        let subject: Subject = subject.parse().map_err(wrong("--subject"))?;
        if !(1..=Order::MOST_DAYS).contains(&self.days) {
            return Err(Failure::usage(
                format!("--days is 1 to {}, not {}", Order::MOST_DAYS, self.days),
                format!("{} is usual.", Order::DAYS),
            ));
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if self.alias.is_empty() || !self.alias.chars().all(plain) {
            return Err(Failure::usage(
                "--alias is made of letters, digits, dots, hyphens and underscores",
                "For example: --alias server.",
            ));
        }
        if self.with_internal && self.alias.eq_ignore_ascii_case(INTERNAL) {
            return Err(Failure::usage(
                format!("{INTERNAL} is the alias of the second key"),
                "Name another with --alias.",
            ));
        }
        let mut order = Order::new(subject, names, now);
        order.days = self.days;
        Ok(order)
    }

    fn password(&self) -> Result<Secret, Failure> {
        match secrets::option("--store-password", self.store_password.as_ref())? {
            None => key::password(PASSWORD_LENGTH).map_err(keyless),
            Some(password) if is_safe(&password) => Ok(password),
            Some(_) => Err(Failure::usage(
                "the password is too short, or could not stand in every file and script",
                "Take 12 or more letters, digits, dots, hyphens and underscores, or let \
                 --password-out FILE make one.",
            )),
        }
    }

    fn store(
        &self,
        order: &Order,
        password: &Secret,
        now: OffsetDateTime,
    ) -> Result<Store, Failure> {
        let bits = self.bits.parse().map_err(wrong("--bits"))?;
        let moment = i64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or_default();
        let mut store = Store::new(self.kind.format());
        let aliases = [Some(self.alias.as_str()), self.with_internal.then_some(INTERNAL)];
        for alias in aliases.into_iter().flatten() {
            let key = Key::generate(bits).map_err(keyless)?;
            let own = Certificate::new(key::self_signed(&key, order).map_err(keyless)?);
            let sealed = key.pkcs8().map_err(keyless)?;
            store
                .put_key(alias, &sealed, &[own], password, self.pkcs12.profile(), moment)
                .map_err(super::faulty(&self.out))?;
        }
        Ok(store)
    }
}

/// The alias by which P02.from knows the key for stored data.
const INTERNAL: &str = "internal";

/// Reads names of hosts.
pub fn names(texts: &[String]) -> Result<Vec<AltName>, Failure> {
    texts.iter().map(|text| text.trim().parse().map_err(wrong("--names"))).collect()
}

/// A fault in what an option was told.
pub fn wrong(option: &str) -> impl Fn(key::Fault) -> Failure {
    move |fault| Failure::usage(format!("{option}: {fault}"), "Correct it and try again.")
}
