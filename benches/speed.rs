//! How long `harden check` takes as a whole process, beside `cat` on the files it read.
//!
//! `cargo bench` prints a line per home: the median of many runs in milliseconds, the peak memory of
//! the largest run, and the same for `cat`. Figures, no verdict. Homes are the golden ones and, where
//! it lies beside the repository, a folder of real configurations.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints its figures")]

use nix::sys::resource::{UsageWho, getrusage};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const RUNS: usize = 50;

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    println!(
        "{:<28} {:>12} {:>12} {:>12} {:>8}",
        "home", "check ms", "peak MiB", "cat ms", "files"
    );
    for folder in [root.join("golden/homes"), root.join("../shared/corpus")] {
        let Ok(entries) = fs::read_dir(folder) else { continue };
        let mut homes: Vec<PathBuf> =
            entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
        homes.sort();
        for home in homes {
            let check = median(
                Command::new(env!("CARGO_BIN_EXE_harden")).arg("check").arg("--home").arg(&home),
            );
            let peak = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap().max_rss() / 1024;
            let files = configuration(&home);
            let cat = median(Command::new("cat").args(&files));
            println!(
                "{:<28} {:>12.2} {:>12} {:>12.2} {:>8}",
                home.file_name().unwrap().to_string_lossy(),
                check.as_secs_f64() * 1e3,
                peak,
                cat.as_secs_f64() * 1e3,
                files.len()
            );
        }
    }
}

/// The median wall time of a command over many runs, after one that does not count.
fn median(command: &mut Command) -> Duration {
    let mut times: Vec<Duration> = (0..=RUNS)
        .map(|_| {
            let start = Instant::now();
            command
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .stdin(Stdio::null())
                .status()
                .unwrap();
            start.elapsed()
        })
        .skip(1)
        .collect();
    times.sort();
    times[RUNS / 2]
}

/// The text files of a home that a check may look at.
fn configuration(home: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![home.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.extension().is_some_and(|ext| ext == "jks" || ext == "p12") {
                found.push(path);
            }
        }
    }
    found
}
