//! How long a fresh RSA key and its certificate take, beside `keytool -genkeypair`.
//!
//! `cargo bench --bench keys` prints a line per length: smallest, middle and largest of some runs in
//! seconds. `keytool` counts as a whole process, since that is how it is used. Figures, no verdict:
//! the search for primes takes as long as chance wants, so runs differ by a factor of ten.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints its figures")]

use harden::native::key::{Bits, Key, Order, self_signed};
use std::process::{Command, Stdio};
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
