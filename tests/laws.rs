//! The laws that hold for every home, every patch and every mutation of a home:
//!
//! 1. what is compliant is not edited, and after the fold every chosen want holds;
//! 2. twice is once: a second fold changes nothing;
//! 3. the diff, put through an applier of its own, gives the same bytes;
//! 4. any order of the patches ends compliant; new keys come first, for gates open with them;
//! 5. what was previewed is what is written, and a rollback gives back bytes, modes and owners;
//! 6. lines that no guideline is about stay as they are.
//!
//! They run over the golden homes and, where it lies beside the repository, over a folder of real
//! product configurations; the run says how much it covered.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "a test")]

mod support;

use harden::change::{Plan, Status};
use harden::commit::{self, Linux, Meta};
use harden::home::{Home, View, discover};
use harden::plan::keys::{self, Forge};
use harden::plan::{Scene, evaluate, fold};
use harden::text;
use std::fs;
use std::path::Path;
use support::{Bench, Copy, applier, corpus_homes, golden_homes, snapshot};

/// What a run covered.
#[derive(Default)]
struct Covered {
    homes: usize,
    files: usize,
    patches: usize,
    changed_lines: usize,
}

#[test]
fn the_laws_hold_for_every_golden_home() {
    let bench = Bench::new();
    let mut covered = Covered::default();
    for (name, path) in golden_homes() {
        let copy = Copy::of(&path);
        if discover::discover(&copy.root).is_ok() {
            hold(&bench, &name, &copy, &mut covered);
        }
    }
    assert!(covered.homes >= 12 && covered.patches >= 80, "the golden homes cover too little");
}

#[test]
fn the_laws_hold_for_every_real_home() {
    let homes = corpus_homes();
    if homes.is_empty() {
        println!("no folder of real homes lies beside the repository: nothing was covered");
        return;
    }
    let bench = Bench::new();
    let mut covered = Covered::default();
    for (name, path) in homes {
        hold(&bench, &name, &Copy::of(&path), &mut covered);
    }
    println!(
        "real homes: {} homes, {} changed files, {} patches applied, {} changed lines, 0 outside the intended ones",
        covered.homes, covered.files, covered.patches, covered.changed_lines
    );
    assert!(covered.homes > 0);
}

#[test]
fn the_laws_hold_for_mutated_homes() {
    let bench = Bench::new();
    let mut covered = Covered::default();
    for (name, path) in golden_homes() {
        for seed in 1..=6 {
            let copy = Copy::of(&path);
            mutate(&copy.root, seed);
            if discover::discover(&copy.root).is_ok() {
                hold(&bench, &format!("{name} mutated by {seed}"), &copy, &mut covered);
            }
        }
    }
    assert!(covered.homes >= 60, "mutation makes too many homes unrecognisable: {}", covered.homes);
}

fn hold(bench: &Bench, name: &str, copy: &Copy, covered: &mut Covered) {
    let home = copy.home();
    let before = snapshot(&copy.root);
    covered.homes += 1;
    for patch in bench.catalogue.patches() {
        let plan = bench.plan(&home, &[patch.code.as_str()]);
        let plan = plan.unwrap_or_else(|error| panic!("{name} {}: {error}", patch.code));
        covered.patches += usize::from(!plan.is_empty());
        previewed_is_written(name, &plan);
        only_intended_lines_change(name, &plan);
    }
    let forge = bench.forge();
    let choices = bench.choices(&home, &forge, &[]);
    let plan = fold(&home, &choices).unwrap_or_else(|error| panic!("{name}: {error}"));
    covered.files += plan.files.len();
    covered.changed_lines += previewed_is_written(name, &plan);
    // New keys come first: gates that ask for a certificate of one's own open with them.
    let mut backwards: Vec<_> =
        choices.iter().filter(|choice| choice.patch.native.is_none()).cloned().collect();
    backwards.reverse();
    let other =
        fold(&home, &backwards).unwrap_or_else(|error| panic!("{name}, backwards: {error}"));
    compliant_after(bench, name, &home, &forge, &other);
    compliant_after(bench, name, &home, &forge, &plan);

    let state = copy.root.join(".harden");
    let changes = commit::changes(&plan);
    let meta = Meta { verb: "apply".into(), ..Meta::default() };
    commit::apply(&Linux, &copy.root, &state, &changes, &meta, &|| Ok(())).unwrap();
    for file in &plan.files {
        let written = fs::read(copy.root.join(file.file.as_str())).unwrap();
        assert!(written == file.after, "{name}: {} was not written as previewed", file.file);
    }
    let again = bench.plan(&home, &[]).unwrap_or_else(|error| panic!("{name}, again: {error}"));
    assert!(
        again.is_empty(),
        "{name}: a second run changes {:?}",
        again.files.first().map(|f| &f.file)
    );
    if !plan.is_empty() {
        let reverse = commit::reverse(&Linux, &copy.root, &state, None, None).unwrap();
        let meta = Meta { verb: "rollback".into(), of: Some(reverse.of), ..Meta::default() };
        commit::apply(&Linux, &copy.root, &state, &reverse.changes, &meta, &|| Ok(())).unwrap();
    }
    assert!(snapshot(&copy.root) == before, "{name}: the rollback did not give the home back");
}

/// Tells how many lines changed.
fn previewed_is_written(name: &str, plan: &Plan) -> usize {
    let mut lines = 0;
    for file in plan.files.iter().filter(|file| file.listings.is_none()) {
        let before = file.before.as_deref().unwrap_or_default();
        let patch = file.unified(3);
        let applied = applier::apply(before, &patch)
            .unwrap_or_else(|error| panic!("{name} {}: {error}", file.file));
        assert!(applied == file.after, "{name} {}: the diff gives other bytes", file.file);
        let stat = file.stat();
        lines += stat.added + stat.removed;
    }
    lines
}

/// A fold of one patch removes no line that it does not write again with something of its own, and
/// a file that ends its lines in one way still does.
fn only_intended_lines_change(name: &str, plan: &Plan) {
    for file in plan.files.iter().filter(|file| file.listings.is_none()) {
        let before = file.before.as_deref().unwrap_or_default();
        let stat = file.stat();
        assert!(
            stat.removed <= stat.added + 1 && stat.added <= 40,
            "{name} {}: +{} −{} lines for one patch",
            file.file,
            stat.added,
            stat.removed
        );
        let crlf = |content: &[u8]| {
            let ends = |line: &&[u8]| line.ends_with(b"\n");
            text::lines(content).filter(ends).all(|line| line.ends_with(b"\r\n"))
        };
        let lf = |content: &[u8]| !content.contains(&b'\r');
        if before.contains(&b'\n') {
            assert!(!crlf(before) || crlf(&file.after), "{name} {}: CRLF lost", file.file);
            assert!(!lf(before) || lf(&file.after), "{name} {}: CR added", file.file);
        }
        // A line without its end may gain one when something is added behind it, never lose it.
        assert!(
            !before.ends_with(b"\n") || file.after.ends_with(b"\n"),
            "{name} {}: the last line end is lost",
            file.file
        );
    }
}

fn compliant_after(bench: &Bench, name: &str, home: &Home, forge: &Forge, plan: &Plan) {
    let mut view = View::of(&home.root);
    for file in &plan.files {
        view.put(&file.file, file.after.clone());
    }
    let codes: Vec<_> =
        plan.steps.iter().map(|step| (step.code.clone(), step.instance.clone())).collect();
    for instance in &home.instances {
        let scene = Scene { home, instance, view: &view };
        for patch in bench.catalogue.patches() {
            if codes.contains(&(patch.code.clone(), instance.name.clone())) {
                if patch.native.is_some() {
                    // In its first mode it leaves the guideline partly open; what it made must fit.
                    let made = forge.made(patch, bench.values(patch), &scene).unwrap();
                    let stores: Vec<_> = made.files.iter().map(|new| &new.file).collect();
                    assert!(!stores.is_empty(), "{name}: nothing was made");
                    keys::agree(patch, &scene, &stores)
                        .unwrap_or_else(|why| panic!("{name}: {why}"));
                    continue;
                }
                let finding = evaluate(patch, bench.values(patch), &scene);
                assert!(
                    finding.status != Status::Deviates,
                    "{name} {} [{}]: still {:?}",
                    patch.code,
                    instance.name,
                    finding.seen.first()
                );
            }
        }
    }
}

/// Changes how the files of a home are written without changing what they say.
fn mutate(root: &Path, seed: u64) {
    let mut random = Random(seed);
    let mut paths: Vec<_> = snapshot(root).into_keys().collect();
    paths.sort();
    for path in paths {
        let full = root.join(&path);
        let Ok(content) = String::from_utf8(fs::read(&full).unwrap()) else {
            continue;
        };
        let kind =
            path.extension().map(|ext| ext.to_string_lossy().into_owned()).unwrap_or_default();
        let mutated = match kind.as_str() {
            "xml" => mutate_xml(&content, &mut random),
            "properties" => mutate_lines(&content, "# a comment of ours", &mut random),
            "toml" => mutate_lines(&content, "", &mut random),
            _ => continue,
        };
        fs::write(&full, mutated).unwrap();
    }
}

fn mutate_xml(content: &str, random: &mut Random) -> String {
    let mut out = content.replace("\r\n", "\n");
    if random.one_in(2) {
        out = out.replace("/>", " />");
    }
    if random.one_in(2) {
        // Quotes change where no other quote is near: attributes of the connector and its like.
        for name in ["port", "server", "scheme", "name", "className", "SSLEnabled"] {
            let mut parts =
                out.split(&format!(" {name}=\"")).map(str::to_owned).collect::<Vec<_>>();
            for part in parts.iter_mut().skip(1) {
                let end = part.find('"').unwrap();
                if !part[..end].contains('\'') {
                    part.replace_range(end..=end, "'");
                } else {
                    part.insert(0, '\u{0}');
                }
            }
            let joined = parts.join(&format!(" {name}='"));
            out = joined.replace(&format!(" {name}='\u{0}"), &format!(" {name}=\""));
        }
    }
    if random.one_in(2) {
        out = out.replace("    ", "\t");
    }
    if random.one_in(2) {
        out = out.replace("</parameter>\n", "</parameter><!-- kept -->\n");
    }
    if random.one_in(3) {
        out = out.trim_end().to_owned();
    }
    if random.one_in(2) {
        out = out.replace('\n', "\r\n");
    }
    out
}

fn mutate_lines(content: &str, comment: &str, random: &mut Random) -> String {
    let mut out = content.replace("\r\n", "\n");
    if random.one_in(2) && !comment.is_empty() {
        out = format!("{comment}\n{out}");
    }
    if random.one_in(3) {
        out = out.trim_end().to_owned();
    }
    if random.one_in(2) {
        out = out.replace('\n', "\r\n");
    }
    out
}

/// A small generator (xorshift), so that a seed names a mutation for ever.
struct Random(u64);

impl Random {
    fn one_in(&mut self, n: u64) -> bool {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.is_multiple_of(n)
    }
}
