//! What happens around a run: a second one, an editor that saves in between, folders that may not be
//! written. `.ci/surroundings` adds what only root can arrange.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "a test")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use support::{Copy, root, snapshot};

const CATALINA: &str = "repository/conf/tomcat/catalina-server.xml";

#[test]
fn of_two_that_apply_at_once_one_wins_and_the_other_mixes_nothing_in() {
    let hardened = hardened();
    for _ in 0..10 {
        let home = sample();
        let both = [start(&home.root, &["apply"]), start(&home.root, &["apply"])];
        let both = both.map(|one| one.wait_with_output().unwrap());
        assert!(both.iter().any(|one| code(one) == 0), "{}", said(&both[0]));
        for lost in both.iter().filter(|one| code(one) != 0) {
            let reasons =
                ["is at work here", "not as the plan saw it", "while this one was looking"];
            assert!(reasons.iter().any(|reason| said(lost).contains(reason)), "{}", said(lost));
        }
        assert_eq!(snapshot(&home.root), hardened);
    }
}

#[test]
fn an_apply_and_a_rollback_at_once_leave_one_of_the_two_outcomes() {
    let (original, hardened) = (snapshot(&sample().root), hardened());
    for _ in 0..10 {
        let home = sample();
        assert_eq!(code(&run(&home.root, &["apply"])), 0);
        let both = [start(&home.root, &["rollback"]), start(&home.root, &["apply"])];
        let both = both.map(|one| one.wait_with_output().unwrap());
        assert!(both.iter().any(|one| code(one) == 0), "{}", said(&both[0]));
        let now = snapshot(&home.root);
        assert!(now == original || now == hardened, "{}\n{}", said(&both[0]), said(&both[1]));
    }
}

#[test]
fn an_editor_that_saves_in_between_keeps_every_line() {
    for round in 0..12u64 {
        let home = sample();
        let before = snapshot(&home.root);
        let (file, stop) = (home.root.join(CATALINA), AtomicBool::new(false));
        let (applied, saves) = std::thread::scope(|scope| {
            let editor = scope.spawn(|| {
                let pause = Duration::from_millis([1, 20, 400][round as usize % 3]);
                edit(&file, pause, &stop)
            });
            let applied = run(&home.root, &["apply"]);
            stop.store(true, Ordering::SeqCst);
            (applied, editor.join().unwrap())
        });
        assert!([0, 3].contains(&code(&applied)), "{}", said(&applied));
        let text = fs::read_to_string(&file).unwrap();
        let lost: Vec<u32> = (1..=saves).filter(|save| !text.contains(&line(*save))).collect();
        assert!(lost.is_empty(), "{lost:?} of {saves}: {}", said(&applied));
        let mut now = snapshot(&home.root);
        assert!(now.keys().all(|name| !name.to_string_lossy().contains(".harden-")));
        if code(&applied) == 3 {
            now.insert(CATALINA.into(), before[Path::new(CATALINA)].clone());
            assert_eq!(now, before, "{}", said(&applied));
        }
    }
}

#[test]
fn a_folder_that_may_not_be_written_stops_an_apply_and_no_look() {
    let home = sample();
    let folder = home.root.join("repository/conf/tomcat");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
    let before = snapshot(&home.root);
    let outcomes: Vec<Output> =
        ["check", "status", "log"].iter().map(|verb| look(&home.root, verb)).collect();
    let applied = run(&home.root, &["apply"]);
    let after = snapshot(&home.root);
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(outcomes.iter().map(code).collect::<Vec<_>>(), [2, 2, 0]);
    // Nothing stops root.
    if !rustix::process::geteuid().is_root() {
        let told = said(&applied);
        assert_eq!((code(&applied), after), (1, before), "{told}");
        for part in [CATALINA, "cannot be written by this user", "Run as its owner"] {
            assert!(told.contains(part), "{told}");
        }
    }
}

fn sample() -> Copy {
    Copy::of(&root().join("golden/homes/carbon-4.4.40-xml"))
}

/// The sample once everything was applied to it.
fn hardened() -> std::collections::BTreeMap<std::path::PathBuf, (Vec<u8>, u32, u32, u32)> {
    let home = sample();
    assert_eq!(code(&run(&home.root, &["apply"])), 0);
    snapshot(&home.root)
}

/// Saves a file over and over, each time with one line more; returns how often.
fn edit(file: &Path, pause: Duration, stop: &AtomicBool) -> u32 {
    let beside = file.with_extension("xml~");
    let mut saves = 0;
    while !stop.load(Ordering::SeqCst) {
        let text = fs::read_to_string(file).unwrap() + &line(saves + 1);
        fs::write(&beside, text).unwrap();
        fs::set_permissions(&beside, fs::metadata(file).unwrap().permissions()).unwrap();
        fs::rename(&beside, file).unwrap();
        saves += 1;
        std::thread::sleep(pause);
    }
    saves
}

fn line(save: u32) -> String {
    format!("<!-- saved {save} -->\n")
}

fn start(home: &Path, words: &[&str]) -> Child {
    command(home).args(words).arg("--yes").spawn().unwrap()
}

fn run(home: &Path, words: &[&str]) -> Output {
    start(home, words).wait_with_output().unwrap()
}

fn look(home: &Path, verb: &str) -> Output {
    command(home).arg(verb).output().unwrap()
}

fn command(home: &Path) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("harden"));
    command.arg("--home").arg(home).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}
