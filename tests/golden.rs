//! The golden matrix: every home × every patch.
//!
//! `golden/matrix/HOME/check.txt` lists what every guideline says. `golden/matrix/HOME/CODE/` holds
//! the diff of that patch alone and the files after it; a folder that is missing asserts that the
//! patch changes nothing. `HARDEN_BLESS=1 cargo test --test golden` rewrites it all; the review is
//! `git diff golden`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "a test")]

mod support;

use harden::change::{Finding, Status};
use harden::home::{Home, View, discover};
use harden::plan::{Scene, evaluate};
use harden::secret;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use support::{Bench, Copy, applier, blessing, differs, golden_homes, own, root};

#[test]
fn every_patch_says_and_does_in_every_home_what_is_blessed() {
    let bench = Bench::new();
    let mut wrong = Vec::new();
    let mut expected = BTreeSet::new();
    let homes = golden_homes();
    assert!(homes.len() >= 13, "golden homes are missing");
    for (name, path) in homes {
        let matrix = root().join("golden/matrix").join(&name);
        let copy = Copy::of(&path);
        let Ok(home) = discover::discover(&copy.root) else {
            let error = discover::discover(&copy.root).unwrap_err().to_string();
            let error = error.replace(&copy.root.display().to_string(), "HOME");
            bless(
                &mut wrong,
                &mut expected,
                matrix.join("check.txt"),
                format!("{error}\n").as_bytes(),
            );
            continue;
        };
        let listing = listing(&bench, &home);
        bless(&mut wrong, &mut expected, matrix.join("check.txt"), listing.as_bytes());
        for patch in bench.catalogue.patches() {
            let plan = bench.plan(&home, &[patch.code.as_str()]);
            let plan = plan.unwrap_or_else(|error| panic!("{name} {}: {error}", patch.code));
            let folder = matrix.join(patch.code.as_str());
            let mut all = Vec::new();
            for file in &plan.files {
                if file.listings.is_some() {
                    // Its bytes are other ones each time; tests/keystores.rs looks into it.
                    let verb = if file.before.is_some() { "changed" } else { "made" };
                    all.extend(format!("# {} is {verb}; it is no text\n", file.file).bytes());
                    continue;
                }
                let before = file.before.as_deref().unwrap_or_default();
                let patch = file.unified(3);
                let applied = applier::apply(before, &patch).unwrap();
                assert!(
                    applied == file.after,
                    "{name} {}: the diff does not give the file",
                    file.file
                );
                all.extend(masked(&patch));
                bless(
                    &mut wrong,
                    &mut expected,
                    folder.join("after").join(file.file.as_str()),
                    &masked(&file.after),
                );
            }
            if !plan.files.is_empty() {
                bless(&mut wrong, &mut expected, folder.join("diff"), &all);
            }
        }
    }
    sweep(&root().join("golden/matrix"), &expected, &mut wrong);
    assert!(
        wrong.is_empty(),
        "these differ from what is blessed; HARDEN_BLESS=1 cargo test --test golden, then look at \
         git diff golden:\n{}",
        wrong.join("\n")
    );
}

/// The same bytes with a mask in the place of the password, which is another one in each process.
fn masked(bytes: &[u8]) -> Vec<u8> {
    let password = own().1.as_bytes();
    let mut out = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(password.len()).position(|window| window == password) {
        out.extend(&rest[..at]);
        out.extend(secret::MASK.bytes());
        rest = &rest[at + password.len()..];
    }
    out.extend(rest);
    out
}

fn bless(wrong: &mut Vec<String>, expected: &mut BTreeSet<PathBuf>, path: PathBuf, content: &[u8]) {
    if differs(&path, content) {
        wrong.push(path.strip_prefix(root()).unwrap().display().to_string());
    }
    expected.insert(path);
}

/// A blessed file that nothing gives any more asserts something false.
fn sweep(folder: &Path, expected: &BTreeSet<PathBuf>, wrong: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sweep(&path, expected, wrong);
            if blessing() {
                // Fails for a folder that still holds something, as it should.
                let _ = fs::remove_dir(&path);
            }
        } else if !expected.contains(&path) {
            if blessing() {
                fs::remove_file(&path).unwrap();
            } else {
                wrong.push(format!("{} (nothing gives it)", path.display()));
            }
        }
    }
}

fn listing(bench: &Bench, home: &Home) -> String {
    let view = View::of(&home.root);
    let mut text = format!(
        "{} {} · kernel {} · {} · {}\n",
        home.product,
        home.version_text(),
        home.kernel_text(),
        home.model.word(),
        home.layout
    );
    for instance in &home.instances {
        text.push_str(&format!("\n[{}]\n", instance.name));
        for patch in bench.catalogue.patches() {
            let scene = Scene { home, instance, view: &view };
            text.push_str(&lines(&evaluate(patch, bench.values(patch), &scene), home));
        }
    }
    let (masked, _) = secret::mask(text.as_bytes());
    String::from_utf8(masked).unwrap()
}

fn lines(finding: &Finding, home: &Home) -> String {
    let mut text = format!("{} {}\n", finding.code, finding.status.word());
    if matches!(finding.status, Status::NotApplicable) {
        text.push_str(&format!("    {}\n", finding.evidence));
    }
    for seen in finding.seen.iter().filter(|seen| seen.status != Status::Person) {
        let place = seen.place.as_ref().map(ToString::to_string).unwrap_or_default();
        let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "–".into());
        text.push_str(&format!(
            "    {} {} {place}: {} → {} · {}\n",
            seen.status.word(),
            seen.what,
            value(&seen.found),
            value(&seen.wanted),
            seen.evidence
        ));
    }
    text.replace(&home.root.display().to_string(), "HOME")
}
