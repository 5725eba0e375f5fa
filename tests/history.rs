//! Stories of an operator who looks after the history: the real program, real files.
//!
//! Each story asserts the exit code, what is said on which stream, and what is left on disk.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "a test")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;
use support::{Copy, root, snapshot};

const CARBON: &str = "carbon-4.4.40-xml";
const CATALINA: &str = "repository/conf/tomcat/catalina-server.xml";

// --- pruning -------------------------------------------------------------------------------------

#[test]
fn prune_shows_what_goes_and_removes_it_when_told() {
    let home = Home::of(CARBON);
    let ids = home.worn();
    let prune = ["log", "prune", "--keep", "2"];
    let plan = home.run(&prune);
    plan.exits(2).says(&ids[0]).says(&ids[1]).warns("There is no terminal to ask at");
    plan.warns("2 of 4 transaction(s) go");
    assert_eq!(plan.out.lines().count(), 2);
    let dry = home.run(&[&prune[..], &["--dry-run"]].concat());
    dry.exits(2).says(&ids[0]);
    assert_eq!((home.ids().len(), dry.out), (4, plan.out));
    home.run(&[&prune[..], &["--yes"]].concat()).exits(0).warns("Removed 2 transaction(s).");
    assert_eq!(home.ids(), ids[2..]);
    home.run(&[&prune[..], &["--yes"]].concat()).exits(0).warns("nothing to remove of 2");
    home.run(&["rollback", "--yes"]).exits(0);
    home.run(&["rollback", "--yes"]).exits(0);
    assert!(home.as_first(), "what stayed leads back to the start");
}

#[test]
fn prune_never_removes_what_a_way_back_begins_with_however_old() {
    let home = Home::of(CARBON);
    let ids = home.worn();
    let ran = home.run(&["log", "prune", "--keep", "0", "--yes"]);
    ran.exits(0).warns(&format!("{} stays: the way back of ", ids[2]));
    ran.warns(&format!("{} stays: it is the newest in force.", ids[3]));
    assert_eq!(home.ids(), ids[2..]);
}

#[test]
fn prune_by_age_counts_from_the_time_in_the_record() {
    let home = Home::of(CARBON);
    home.worn();
    home.run(&["log", "prune", "--older", "1h", "--yes"]).exits(0).warns("nothing to remove of 4");
    std::thread::sleep(Duration::from_millis(1100));
    let both = ["log", "prune", "--older", "0s", "--keep", "3", "--dry-run"];
    assert_eq!(home.run(&both).exits(2).out.lines().count(), 1);
    home.run(&["log", "prune", "--older", "0s", "--yes"]).exits(0).warns("Removed 2");
}

#[test]
fn prune_without_a_rule_or_with_a_wrong_one_is_wrong_usage() {
    let home = Home::of(CARBON);
    home.run(&["log", "prune"]).exits(64).warns("--keep").warns("--older");
    home.run(&["log", "prune", "--older", "90"]).exits(64).warns("90d, 12h, 4w");
    home.run(&["log", "prune", "--keep", "1", "--yes", "--dry-run"]).exits(64);
    home.run(&["log", "prune", "--keep", "1"]).exits(0).warns("nothing to remove of 0");
    assert!(!home.root.join(".harden").exists());
}

#[test]
fn prune_recovers_first_and_never_removes_what_is_unfinished() {
    let home = Home::of(CARBON);
    let ids = home.worn();
    home.cut_off(&ids[3]);
    let dry = home.run(&["log", "prune", "--keep", "0", "--dry-run"]);
    dry.exits(2).warns(&format!("{} stays: it is unfinished.", ids[3]));
    let ran = home.run(&["log", "prune", "--keep", "1", "--yes"]);
    ran.exits(0).warns(&format!("Transaction {} was cut off", ids[3]));
    assert_eq!(home.ids(), [ids[2].clone()]);
}

// --- forgetting ----------------------------------------------------------------------------------

#[test]
fn forget_removes_the_contents_and_keeps_the_record() {
    let home = Home::of(CARBON);
    let ids = home.worn();
    let forget = ["forget", ids[0].as_str()];
    home.run(&forget).exits(2).warns("image(s) of").warns("There is no terminal to ask at");
    home.run(&[&forget[..], &["--dry-run"]].concat()).exits(2);
    assert!(home.stored(&ids[0]) > 0);
    home.run(&[&forget[..], &["--yes"]].concat()).exits(0).warns("are forgotten. Backups");
    assert_eq!(home.stored(&ids[0]), 0);
    home.run(&[&forget[..], &["--yes"]].concat()).exits(0).warns("forgotten already");
    let log = home.run(&["log"]);
    log.exits(0).says("its contents are forgotten");
    assert_eq!(log.out.matches("forgotten").count(), 1);
    let show = home.run(&["show", &ids[0]]);
    show.exits(0).says("its contents are forgotten").says("first try").says(CATALINA);
    assert!(show.out.contains("  before ") && !show.out.contains("@@"), "{}", show.out);
    home.run(&["check"]).exits(2);
    home.run(&["rollback", "--yes"]).exits(0);
}

#[test]
fn a_forgotten_transaction_is_not_taken_back_and_the_home_stays() {
    let home = Home::of(CARBON);
    home.run(&["apply", "--yes", "--only", "P10"]).exits(0);
    let id = home.ids().remove(0);
    let refused = home.run(&["forget", &id, "--yes"]);
    refused.exits(1).warns(&format!("the way back of {CATALINA}")).warns("--even-last");
    assert!(home.stored(&id) > 0);
    let even = ["forget", id.as_str(), "--even-last", "--yes"];
    home.run(&even).exits(0).warns(&format!("{CATALINA} loses its way back."));
    let before = snapshot(&home.root);
    let back = home.run(&["rollback", "--yes"]);
    back.exits(1).warns(&format!("the contents of transaction {id} are forgotten"));
    home.run(&["rollback", &id, "--yes"]).exits(1).warns("so it cannot be taken back");
    assert!(snapshot(&home.root) == before);
    home.run(&["status"]).exits(2);
    home.run(&["apply", "--yes", "--only", "P17"]).exits(0);
    home.run(&["rollback", "--yes"]).exits(0);
    assert!(snapshot(&home.root) == before);
}

#[test]
fn forget_refuses_what_it_does_not_know_and_recovers_what_is_unfinished() {
    let home = Home::of(CARBON);
    home.run(&["forget", "x", "--yes"]).exits(1).warns("there is no transaction x");
    let ids = home.worn();
    home.run(&["forget", "x", "--yes"]).exits(1).warns("there is no transaction x");
    home.cut_off(&ids[3]);
    home.run(&["forget", &ids[3], "--dry-run"]).exits(1).warns("is unfinished");
    home.run(&["forget", &ids[3], "--yes"]).exits(1).warns("there is no transaction");
}

// --- old copies ----------------------------------------------------------------------------------

#[test]
fn check_names_the_transactions_that_hold_secrets_until_they_hold_none() {
    let home = Home::of(CARBON);
    assert!(!home.run(&["check"]).exits(2).out.contains("old copies"));
    // This file of the home has passwords in it, the other has none.
    home.run(&["apply", "--yes", "--only", "P10"]).exits(0);
    home.run(&["apply", "--yes", "--only", "P17"]).exits(0);
    let ids = home.ids();
    assert!(fs::read_to_string(home.root.join(CATALINA)).unwrap().contains("keystorePass=\"w"));
    let ran = home.run(&["check"]);
    ran.exits(2).says("old copies with secrets").says(&ids[0]).says("harden forget ID");
    assert!(!ran.out.contains(&ids[1]), "{}", ran.out);
    let report: serde_json::Value =
        serde_json::from_str(&home.run(&["check", "--format", "json"]).out).unwrap();
    let notices = report["homes"][0]["notices"].to_string();
    assert!(notices.contains(&ids[0]), "{notices}");
    home.run(&["forget", &ids[0], "--even-last", "--yes"]).exits(0);
    assert!(!home.run(&["check"]).exits(2).out.contains("old copies with secrets"));
}

#[test]
fn check_names_old_copies_beside_the_configuration() {
    let home = Home::of("ei-6.5.0-profiles");
    let copies =
        ["conf/carbon.xml.bak", "conf/tomcat/catalina-server.xml~", "bin/integrator.sh.orig"];
    let inner = "wso2/broker/conf/broker.xml.old";
    for copy in copies.iter().chain([&inner]) {
        fs::write(home.root.join(copy), "").unwrap();
    }
    fs::write(home.root.join("README.bak"), "").unwrap();
    let report: serde_json::Value =
        serde_json::from_str(&home.run(&["check", "--format", "json"]).out).unwrap();
    let notices = report["homes"][0]["notices"].to_string();
    for copy in copies.iter().chain([&inner]) {
        assert!(notices.contains(copy), "{copy}: {notices}");
    }
    assert!(!notices.contains("README"), "{notices}");
}

#[test]
fn a_version_file_that_cannot_be_read_is_told() {
    let home = Home::of(CARBON);
    let file = home.root.join("bin/version.txt");
    let _ = fs::remove_file(&file);
    assert!(!home.run(&["check"]).exits(2).out.contains("cannot be read"));
    fs::create_dir(&file).unwrap();
    home.run(&["check"]).exits(2).says("bin/version.txt cannot be read");
}

// --- what became of a fix ------------------------------------------------------------------------

#[test]
fn status_says_which_fixes_an_update_of_the_product_has_undone() {
    let home = Home::of(CARBON);
    let as_shipped = fs::read(home.root.join(CATALINA)).unwrap();
    home.run(&["apply", "--yes", "--only", "P10,P17"]).exits(0);
    let id = home.ids().remove(0);
    home.run(&["status", "--only", "P10,P17"]).exits(0).says("Nothing was changed");
    fs::write(home.root.join(CATALINA), as_shipped).unwrap();
    fs::create_dir_all(home.root.join("updates")).unwrap();
    let config = r#"{"update-level": "7", "access-token": "geheim"}"#;
    fs::write(home.root.join("updates/config.json"), config).unwrap();
    let ran = home.run(&["status", "--only", "P10,P17"]);
    ran.exits(2).says(&format!(
        "The product was updated since harden last wrote ({id}): no updates noted → update level 7.\n"
    ));
    ran.says(&format!("\nMA P10 {CATALINA}\n       undone since (by an update of the product"));
    assert!(!ran.out.contains("P17") && !ran.out.contains("geheim"), "{}", ran.out);
    home.run(&["apply", "--yes", "--only", "P10"]).exits(0);
    home.run(&["status", "--only", "P10,P17"]).exits(0).says("Nothing was changed");
}

#[test]
fn status_tells_a_change_that_leaves_a_guideline_in_force_from_one_that_does_not() {
    let home = Home::of(CARBON);
    home.run(&["apply", "--yes", "--only", "P10"]).exits(0);
    home.run(&["apply", "--yes", "--only", "P08"]).exits(0);
    let file = home.root.join(CATALINA);
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{text}<!-- mine -->\n")).unwrap();
    let holds = format!("\nM  P10 {CATALINA}\n       changed by others, the guideline still holds");
    home.run(&["status", "--only", "P08,P10"])
        .exits(2)
        .says(&holds)
        .says(&format!("M  P08 {CATALINA}"));
    fs::write(&file, text.replace("server=\"webserver\"", "server=\"WSO2\"")).unwrap();
    let ran = home.run(&["status", "--only", "P08,P10"]);
    ran.exits(2).says(&format!("\nMA P10 {CATALINA}\n       undone since"));
    ran.says(&format!("\nM  P08 {CATALINA}\n       changed by others, the guideline still holds"));
}

// --- the state folder ----------------------------------------------------------------------------

#[test]
fn a_state_folder_elsewhere_is_made_with_the_folders_above_it() {
    let home = Home::of(CARBON);
    let above = home._dir.path().join("not");
    let elsewhere = above.join("yet/there");
    let with = |args: &[&str]| home.run(&[&["--state-dir", text(&elsewhere)], args].concat());
    for looking in [&["log"][..], &["status"], &["check"], &["recover"], &["apply", "--dry-run"]] {
        assert_ne!(with(looking).code, 1, "{looking:?}");
        assert!(!above.exists(), "{looking:?}");
    }
    with(&["rollback", "--yes"]).exits(1).warns("nothing to roll back");
    with(&["apply", "--yes"]).exits(0);
    for folder in [&above, &above.join("yet"), &elsewhere] {
        assert_eq!(fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700);
    }
    with(&["rollback", "--yes"]).exits(0);
    assert!(home.as_first() && !home.root.join(".harden").exists());
}

#[test]
fn what_root_makes_belongs_to_the_owner_of_the_home() {
    const PRODUCT: u32 = 65534;
    let home = Home::of(CARBON);
    if chown(&home.root, Some(PRODUCT), Some(PRODUCT)).is_err() {
        return; // Only root gives files away.
    }
    let state = home.root.join(".harden");
    // A crash came before the folder was given away.
    fs::create_dir(&state).unwrap();
    fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).unwrap();
    home.run(&["apply", "--yes", "--only", "P10"]).exits(0);
    let mut paths = vec![state.clone()];
    let mut count = 0;
    while let Some(path) = paths.pop() {
        let meta = fs::metadata(&path).unwrap();
        assert_eq!((meta.uid(), meta.gid()), (PRODUCT, PRODUCT), "{}", path.display());
        count += 1;
        if meta.is_dir() {
            paths.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    assert!(count > 6);
    home.run(&["rollback", "--yes"]).exits(0);
    assert!(home.as_first());
}

// --- what the stories share ----------------------------------------------------------------------

/// A private copy of a home, and how it was.
struct Home {
    _dir: tempfile::TempDir,
    root: PathBuf,
    before: BTreeMap<PathBuf, (Vec<u8>, u32, u32, u32)>,
}

impl Home {
    fn of(name: &str) -> Self {
        let Copy { dir, root } = Copy::of(&root().join("golden/homes").join(name));
        let before = snapshot(&root);
        Self { _dir: dir, root, before }
    }

    fn run(&self, args: &[&str]) -> Ran {
        let output = assert_cmd::Command::new(env!("CARGO_BIN_EXE_harden"))
            .args(["--home", text(&self.root)])
            .args(args)
            .timeout(Duration::from_secs(60))
            .output()
            .unwrap();
        Ran {
            code: output.status.code().unwrap(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Applies and takes back, then applies two guidelines of different files; names the four
    /// transactions, the oldest first.
    fn worn(&self) -> Vec<String> {
        self.run(&["apply", "--yes", "--only", "P10,P17", "--note", "first try"]).exits(0);
        self.run(&["rollback", "--yes"]).exits(0);
        self.run(&["apply", "--yes", "--only", "P10,P17"]).exits(0);
        self.run(&["apply", "--yes", "--only", "P14"]).exits(0);
        let ids = self.ids();
        assert_eq!(ids.len(), 4);
        ids
    }

    /// The transactions, the oldest first.
    fn ids(&self) -> Vec<String> {
        let log = self.run(&["log"]);
        let id = |line: &str| line.split("  ").next().unwrap().to_owned();
        log.out.lines().rev().map(id).collect()
    }

    /// How many images a transaction has.
    fn stored(&self, id: &str) -> usize {
        let images = self.root.join(".harden/tx").join(id).join("blobs");
        fs::read_dir(images).map_or(0, Iterator::count)
    }

    /// Leaves a transaction as a crash does between the last replaced file and the record of it.
    fn cut_off(&self, id: &str) {
        let journal = self.root.join(".harden/tx").join(id).join("journal");
        let records = fs::read_to_string(&journal).unwrap();
        let end = records.find("\ncommitted ").unwrap();
        fs::write(&journal, &records[..end]).unwrap();
    }

    fn as_first(&self) -> bool {
        snapshot(&self.root) == self.before
    }
}

/// How a run ended and what it said.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    #[track_caller]
    fn exits(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "out: {}\nerr: {}", self.out, self.err);
        self
    }

    /// On standard output.
    #[track_caller]
    fn says(&self, part: &str) -> &Self {
        assert!(self.out.contains(part), "{part:?} is not in:\n{}\nerr: {}", self.out, self.err);
        self
    }

    /// On standard error.
    #[track_caller]
    fn warns(&self, part: &str) -> &Self {
        assert!(self.err.contains(part), "{part:?} is not in:\n{}", self.err);
        self
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
