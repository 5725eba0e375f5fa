//! How long a fresh RSA key and its certificate take, and a whole P02, beside `keytool -genkeypair`.
//!
//! `cargo bench --bench keys` prints a line per length: smallest, middle and largest of some runs in
//! seconds. `keytool` and P02 count as whole processes, since that is how they are used. P02 makes two
//! keys of 2048 bits and their stores in a sample home, and changes every reference. Figures, no
//! verdict: the search for primes takes as long as chance wants, so runs differ by a factor of ten.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark prints its figures and makes its own homes"
)]

use harden::native::key::{Bits, Key, Order, self_signed};
use harden::native::keystore::{Certificate, Format, Profile, Store};
use harden::secret::Secret;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use time::OffsetDateTime;

/// Runs per length; an argument after `--` sets another number.
const RUNS: usize = 12;

fn main() {
    let runs = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(RUNS).max(1);
    let keytool = quiet(Command::new("keytool").arg("-help")).is_some();
    println!(
        "{:<10} {:<8} {:>8} {:>8} {:>8} {:>5}",
        "maker", "bits", "min s", "mid s", "max s", "runs"
    );
    for bits in [Bits::Rsa2048, Bits::Rsa3072, Bits::Rsa4096] {
        show("harden", bits, times(runs, || ours(bits)));
        if keytool {
            show("keytool", bits, times(runs, || theirs(bits)));
        }
    }
    show("P02", Bits::Rsa2048, times(runs, p02));
    if !keytool {
        println!("keytool is not installed: nothing to compare with");
    }
}

fn ours(bits: Bits) {
    let key = Key::generate(bits).unwrap();
    let order = Order::new("CN=localhost".parse().unwrap(), vec![], OffsetDateTime::now_utc());
    assert!(!self_signed(&key, &order).unwrap().is_empty());
}

fn theirs(bits: Bits) {
    let folder = tempfile::tempdir().unwrap();
    let size = bits.count().to_string();
    let mut command = Command::new("keytool");
    command.args(["-genkeypair", "-keyalg", "RSA", "-keysize", &size, "-alias", "k"]);
    command.args(["-dname", "CN=localhost", "-storepass", "wso2carbon", "-storetype", "PKCS12"]);
    assert_eq!(quiet(command.arg("-keystore").arg(folder.path().join("k.p12"))), Some(true));
}

/// Replaces all keys of a copy of a sample home; the copying is part of the time, and small.
fn p02() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/homes/carbon-4.4.40-xml");
    assert_eq!(quiet(Command::new("cp").arg("-r").arg(sample).arg(&home)), Some(true));
    let security = home.join("repository/resources/security");
    let (key, trust) = stores();
    std::fs::write(security.join("wso2carbon.jks"), key).unwrap();
    std::fs::write(security.join("client-truststore.jks"), trust).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_harden"));
    command.args(["apply", "--yes", "--only", "P02", "--set", "P02.mode=replace-all", "--home"]);
    assert_eq!(quiet(command.arg(&home)), Some(true));
    assert!(security.join("internal.jks").exists());
}

/// A key store as a home may have it, whose certificate has expired, and its trust store.
fn stores() -> &'static (Vec<u8>, Vec<u8>) {
    static STORES: OnceLock<(Vec<u8>, Vec<u8>)> = OnceLock::new();
    STORES.get_or_init(|| {
        let key = Key::generate(Bits::Rsa2048).unwrap();
        let subject = "CN=localhost".parse().unwrap();
        let mut order = Order::new(subject, vec![], OffsetDateTime::UNIX_EPOCH);
        order.days = 1;
        let own = Certificate::new(self_signed(&key, &order).unwrap());
        let password = Secret::new("wso2carbon");
        let mut store = Store::new(Format::Jks);
        let sealed = key.pkcs8().unwrap();
        let chain = std::slice::from_ref(&own);
        store.put_key("wso2carbon", &sealed, chain, &password, Profile::Old, 0).unwrap();
        let mut trust = Store::new(Format::Jks);
        trust.put_trusted("wso2carbon", own.clone(), 0).unwrap();
        let write = |store: &Store| store.write(&password, Profile::Old).unwrap();
        (write(&store), write(&trust))
    })
}

/// Runs a command without its output; nothing when it is not there.
fn quiet(command: &mut Command) -> Option<bool> {
    let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().ok().map(|status| status.success())
}

fn times(runs: usize, work: impl Fn()) -> Vec<Duration> {
    let mut times: Vec<Duration> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    times.sort();
    times
}

fn show(maker: &str, bits: Bits, times: Vec<Duration>) {
    let at = |index: usize| times[index].as_secs_f64();
    let (middle, last) = (times.len() / 2, times.len() - 1);
    println!(
        "{maker:<10} {:<8} {:>8.3} {:>8.3} {:>8.3} {:>5}",
        bits.count(),
        at(0),
        at(middle),
        at(last),
        times.len()
    );
}
