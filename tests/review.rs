//! Stories of a change review: a plan that one person saves and another one applies.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "a test")]

mod support;

use assert_cmd::Command;
use harden::home::discover;
use harden::secret;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use support::{Copy, applier, corpus_homes, golden_homes, root, snapshot};

const CARBON: &str = "carbon-4.4.40-xml";
const CATALINA: &str = "repository/conf/tomcat/catalina-server.xml";
const CHOICE: [&str; 4] = ["--accept", "data,lockout", "--set", "P04.offset=20"];

// --- the laws ------------------------------------------------------------------------------------

#[test]
fn a_saved_plan_does_what_a_direct_apply_does_on_every_golden_home() {
    let changed = golden_homes().iter().filter(|(name, path)| same_as_direct(name, path)).count();
    assert!(changed >= 8, "only {changed} golden homes have something to change");
}

#[test]
fn a_saved_plan_does_what_a_direct_apply_does_on_every_real_home() {
    let homes = corpus_homes();
    if homes.is_empty() {
        println!("no folder of real homes lies beside the repository: nothing was covered");
        return;
    }
    let changed = homes.iter().filter(|(name, path)| same_as_direct(name, path)).count();
    println!("real homes: {} homes, {changed} changed through a plan", homes.len());
    assert!(changed > 0);
}

/// Tells whether there was something to change.
fn same_as_direct(name: &str, path: &Path) -> bool {
    let (reviewed, direct) = (Copy::of(path), Copy::of(path));
    if discover::discover(&reviewed.root).is_err() {
        return false;
    }
    let before = snapshot(&reviewed.root);
    let file = reviewed.dir.path().join("plan.json");
    let save = at(&reviewed, &[&["apply", "--save-plan", text(&file)][..], &CHOICE].concat());
    assert!(snapshot(&reviewed.root) == before, "{name}: saving a plan wrote to the home");
    assert!(!reviewed.root.join(".harden").exists(), "{name}");
    at(&direct, &[&["apply", "--yes"][..], &CHOICE].concat());
    if !file.exists() {
        assert!(save.err.contains("There is nothing to change"), "{name}: {}", save.err);
        assert!(snapshot(&direct.root) == before, "{name}");
        return false;
    }
    save.exits(0);
    harden(&["apply", "--plan", text(&file)]).exits(0);
    assert!(snapshot(&reviewed.root) == snapshot(&direct.root), "{name}: other bytes");
    harden(&["apply", "--plan", text(&file)]).exits(0).warns("already applied");
    let (one, other) = (at(&reviewed, &["show"]), at(&direct, &["show"]));
    assert_eq!(shares(&one.out), shares(&other.out), "{name}: another history");
    at(&reviewed, &["rollback", "--yes"]).exits(0);
    assert!(snapshot(&reviewed.root) == before, "{name}: the rollback");
    for change in files(&file) {
        let full = reviewed.root.join(&change);
        let old = fs::read(&full).unwrap();
        fs::write(&full, [&old[..], b" "].concat()).unwrap();
        let then = snapshot(&reviewed.root);
        let ran = harden(&["apply", "--plan", text(&file)]);
        ran.exits(3).warns(&format!("{change} changed since the plan was made: expected "));
        assert!(snapshot(&reviewed.root) == then, "{name}: a stale plan wrote");
        fs::write(&full, old).unwrap();
    }
    true
}

/// What `show` says of guidelines and differences; ids and times differ.
fn shares(shown: &str) -> String {
    let kept = |line: &&str| line.starts_with(['g', '-', '+', '@', ' ']);
    shown.lines().filter(kept).collect::<Vec<_>>().join("\n")
}

#[test]
fn no_secret_of_a_home_stands_in_its_plan() {
    let homes = [golden_homes(), corpus_homes()].concat();
    let (mut plans, mut planted) = (0, 0);
    for (name, path) in homes {
        let copy = Copy::of(&path);
        let secrets = plant(&copy.root);
        if discover::discover(&copy.root).is_err() {
            continue;
        }
        let file = copy.dir.path().join("plan.json");
        let save = ["apply", "--save-plan", text(&file), "--show-secrets"];
        let ran = at(&copy, &[&save[..], &CHOICE].concat());
        if !file.exists() {
            assert!(ran.err.contains("There is nothing to change"), "{name}: {}", ran.err);
            continue;
        }
        plans += 1;
        planted += secrets;
        let plan = fs::read_to_string(&file).unwrap();
        assert!(!plan.contains("Kan4rie"), "{name}: a secret stands in the plan");
        assert!(!plan.contains("\"base64\""), "{name}: the search does not look into this");
    }
    println!("{plans} plans of homes with {planted} secrets");
    assert!(plans >= 8 && planted >= 50, "{plans} plans, {planted} secrets");
}

/// Puts a word that nothing else holds in the place of each secret.
fn plant(home: &Path) -> usize {
    let mut count = 0;
    for path in snapshot(home).into_keys() {
        let full = home.join(path);
        let content = fs::read(&full).unwrap();
        let spans = secret::spans(&content);
        if content.contains(&0) || spans.is_empty() {
            continue;
        }
        let (mut out, mut last) = (Vec::new(), 0);
        for span in spans {
            out.extend_from_slice(&content[last..span.start]);
            out.extend_from_slice(format!("Kan4rie{count}").as_bytes());
            (last, count) = (span.end, count + 1);
        }
        out.extend_from_slice(&content[last..]);
        fs::write(full, out).unwrap();
    }
    count
}

#[test]
fn a_changed_plan_file_never_panics_and_never_writes_something_else() {
    let copy = carbon();
    let before = snapshot(&copy.root);
    let (file, other) = (saved(&copy, &["--only", "P10,P17"]), copy.dir.path().join("other.json"));
    let plan = fs::read(&file).unwrap();
    harden(&["apply", "--plan", text(&file)]).exits(0);
    let after = snapshot(&copy.root);
    at(&copy, &["rollback", "--yes"]).exits(0);
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut taken = 0;
    for round in 0..150 {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let mut bytes = plan.clone();
        let at_byte = (random % bytes.len() as u64) as usize;
        if round % 10 == 0 {
            bytes.truncate(at_byte)
        } else {
            bytes[at_byte] ^= 1 << (random >> 61)
        }
        fs::write(&other, bytes).unwrap();
        let ran = harden(&["apply", "--home", text(&copy.root), "--plan", text(&other)]);
        assert!([0, 1, 3, 64].contains(&ran.code), "{}: {}", ran.code, ran.err);
        assert!(!ran.err.contains("panicked"), "{}", ran.err);
        let now = snapshot(&copy.root);
        if ran.code == 0 {
            taken += 1;
            assert!(now == after, "a changed plan wrote something else");
            at(&copy, &["rollback", "--yes"]).exits(0);
        } else {
            assert!(now == before, "a refused plan wrote");
        }
    }
    println!("{taken} of 150 changed plans were still the same change");
}

// --- refusals ------------------------------------------------------------------------------------

#[test]
fn a_half_applied_plan_is_refused_with_the_names_of_both_halves() {
    let copy = carbon();
    let file = saved(&copy, &["--only", "P10,P17"]);
    at(&copy, &["apply", "--yes", "--only", "P10"]).exits(0);
    let half = harden(&["apply", "--plan", text(&file)]);
    half.exits(3).warns(&format!("half of this plan is in place: {CATALINA} as it wants it"));
    half.warns("carbon/META-INF/context.xml as before");
}

#[test]
fn a_plan_says_what_it_would_do_now() {
    let copy = carbon();
    let file = saved(&copy, &["--only", "P10"]);
    let before = snapshot(&copy.root);
    let ran = harden(&["apply", "--plan", text(&file), "--dry-run"]);
    ran.exits(2).says("+                   server=\"webserver\"").warns("changes 1 file(s)");
    assert!(snapshot(&copy.root) == before);
    harden(&["apply", "--plan", text(&file)]).exits(0);
    harden(&["apply", "--plan", text(&file), "--dry-run"]).exits(0).warns("already applied");
    fs::remove_file(copy.root.join(CATALINA)).unwrap();
    harden(&["apply", "--plan", text(&file), "--dry-run"]).exits(3).warns("present no file");
}

#[test]
fn a_plan_of_one_node_is_applied_to_another_when_the_files_are_the_same() {
    let (one, other) = (carbon(), carbon());
    let file = saved(&one, &["--only", "P10"]);
    let ran = harden(&["apply", "--home", text(&other.root), "--plan", text(&file)]);
    ran.exits(0).warns(&format!("made for {}, not {}", text(&one.root), text(&other.root)));
    assert!(fs::read_to_string(other.root.join(CATALINA)).unwrap().contains("webserver"));
    assert!(!fs::read_to_string(one.root.join(CATALINA)).unwrap().contains("webserver"));
}

#[test]
fn a_plan_that_was_changed_is_refused() {
    let copy = carbon();
    let file = saved(&copy, &["--only", "P10"]);
    let plan = fs::read_to_string(&file).unwrap();
    let before = snapshot(&copy.root);
    let refused = |from: &str, to: &str, code, says: &str| {
        assert!(plan.contains(from), "{from}");
        fs::write(&file, plan.replace(from, to)).unwrap();
        harden(&["apply", "--home", text(&copy.root), "--plan", text(&file)])
            .exits(code)
            .warns(says);
    };
    refused("\"text\": \"webserver\"", "\"text\": \"WSO2\"", 1, "leads to another content");
    refused("server=\\\"webserver\\\"", "server=\\\"nginx\\\"", 1, "are not those that it makes");
    refused(CATALINA, "../../etc/passwd", 64, "leaves the home");
    refused("\"format\": 1", "\"format\": 9", 64, "format 9");
    refused("\"note\"", "\"extra\"", 64, "unknown field `extra`");
    refused("\"at\": ", "\"at\": 99999999999999999999", 64, "no plan that can be read");
    assert!(snapshot(&copy.root) == before);
    // Another version's bytes count, and it is said.
    let mut old: Value = serde_json::from_str(&plan).unwrap();
    (old["harden"], old["catalogue"]) = ("0.0.9".into(), "000000000000".into());
    fs::write(&file, old.to_string()).unwrap();
    let ran = harden(&["apply", "--plan", text(&file)]);
    ran.exits(0).warns("made by harden 0.0.9, catalogue 000000000000");
}

#[test]
fn options_that_choose_do_not_go_with_a_plan() {
    let copy = carbon();
    let file = saved(&copy, &["--only", "P10"]);
    let plan = ["apply", "--plan", text(&file)];
    for more in [&["--only", "P10"][..], &["--skip", "P10"], &["--set", "P04.offset=1"], &["--yes"]]
    {
        harden(&[&plan[..], more].concat()).exits(64);
    }
    harden(&[&["--only", "P10"][..], &plan].concat()).exits(64).warns("applied as it is");
    harden(&["apply", "--seal-with", text(&file), "--dry-run"]).exits(64);
    let homes = ["--home", text(&copy.root), "--home", text(copy.dir.path())];
    harden(&[&homes[..], &["apply", "--save-plan", text(&file)]].concat()).exits(64);
}

// --- secrets -------------------------------------------------------------------------------------

#[test]
fn a_plan_that_writes_a_secret_is_sealed_and_opens_only_with_its_password() {
    let copy = carbon();
    let patches = copy.dir.path().join("patches");
    fs::create_dir(&patches).unwrap();
    fs::write(patches.join("T01-store-password.toml"), PATCH).unwrap();
    let (file, key) = (copy.dir.path().join("plan.json"), copy.dir.path().join("key"));
    fs::write(&key, "correct horse\n").unwrap();
    let own = ["--patches", text(&patches)];
    let save = [&["apply", "--save-plan", text(&file), "--only", "T01"][..], &own].concat();
    let refused = at(&copy, &save);
    refused.exits(1).warns(&format!("T01 writes a secret to {CATALINA}")).warns("--seal-with");
    assert!(!file.exists());
    let sealed = at(&copy, &[&save[..], &["--seal-with", text(&key)]].concat());
    sealed.exits(0);
    let plan = fs::read_to_string(&file).unwrap();
    assert!(!plan.contains("p1nk-elephant") && !plan.contains("wso2carbon\""), "{plan}");
    assert!(!format!("{}{}", sealed.out, sealed.err).contains("p1nk-elephant"));

    let before = snapshot(&copy.root);
    let apply = [&["apply", "--plan", text(&file)][..], &own].concat();
    harden(&apply).exits(64).warns("this plan is sealed");
    fs::write(&key, "wrong horse").unwrap();
    harden(&[&apply[..], &["--seal-with", text(&key)]].concat()).exits(1).warns("does not open");
    fs::write(&key, "\n").unwrap();
    harden(&[&apply[..], &["--seal-with", text(&key)]].concat()).exits(64).warns("no password");
    assert!(snapshot(&copy.root) == before);
    fs::write(&key, "correct horse").unwrap();
    harden(&[&apply[..], &["--seal-with", text(&key)]].concat()).exits(0);
    let written = fs::read_to_string(copy.root.join(CATALINA)).unwrap();
    assert!(written.contains("keystorePass=\"p1nk-elephant\""));
}

const PATCH: &str = r#"
code      = "T01"
name      = "store-password"
title     = "A password of its own for the key store"
level     = "product"
severity  = "high"
safety    = "review"
impact    = ["restart"]
reference = "https://example.org/"
why       = "The shipped password is public."
risk      = "The key store must have the same."

[[variant]]
when = { model = "xml" }

[[variant.xml]]
file   = "{conf}/tomcat/catalina-server.xml"
at     = "Server/Service/Connector[@SSLEnabled='true']"
attr   = "keystorePass"
value  = "p1nk-elephant"
accept = { not = ["wso2carbon"] }
"#;

// --- after a plan, and beside it -----------------------------------------------------------------

#[test]
fn the_history_of_a_plan_names_it_and_one_guideline_can_be_taken_back() {
    let (copy, direct) = (carbon(), carbon());
    let file = saved(&copy, &["--only", "P08,P10", "--note", "CHG-7"]);
    harden(&["apply", "--plan", text(&file)]).exits(0);
    at(&copy, &["log"]).exits(0).says("apply  P08 P10").says("CHG-7 (plan of ");
    at(&copy, &["rollback", "--yes", "--only", "P08"]).exits(0);
    at(&direct, &["apply", "--yes", "--only", "P10"]).exits(0);
    assert!(snapshot(&copy.root) == snapshot(&direct.root));
}

#[test]
fn a_patch_is_nothing_but_a_patch() {
    let copy = carbon();
    let form = ["apply", "--dry-run", "--only", "P08,P10", "--format", "patch"];
    let masked = at(&copy, &form);
    masked.exits(2).warns("cannot be applied");
    assert!(
        masked.out.starts_with("# 1 secret(s) are masked") && !masked.out.contains("wso2carbon\"")
    );
    let file = copy.dir.path().join("p.patch");
    let written = [&form[..], &["--show-secrets", "--output", text(&file)]].concat();
    let ran = at(&copy, &written);
    ran.exits(2);
    assert_eq!(ran.out, "");
    let patch = fs::read(&file).unwrap();
    assert!(patch.starts_with(b"--- a/"));
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600, "it holds secrets");
    let old = fs::read(copy.root.join(CATALINA)).unwrap();
    at(&copy, &["apply", "--yes", "--only", "P08,P10"]).exits(0);
    assert_eq!(applier::apply(&old, &patch).unwrap(), fs::read(copy.root.join(CATALINA)).unwrap());
}

#[test]
fn a_page_for_the_ticket_tells_what_why_and_how_back() {
    let copy = carbon();
    let page = at(&copy, &[&["apply", "--dry-run", "--format", "markdown"][..], &CHOICE].concat());
    page.exits(2).says("### P04 Change default ports").says("- Setting: `offset=20`");
    page.says("- Risk: ").says("- Reference: <https://").says("keystorePass=\"********\"");
    page.says("guideline(s) change").says("| SHA-256 before |").says("## Left out").says("- P22 ");
    page.says("--only P04,P08").says("--set P04.offset=20 --accept data,lockout --yes");
    page.says(&format!("harden rollback --home {}", text(&copy.root)));
    let digest = harden::digest::Digest::of(&fs::read(copy.root.join(CATALINA)).unwrap());
    page.says(&digest.to_string());
}

// --- support -------------------------------------------------------------------------------------

fn carbon() -> Copy {
    Copy::of(&root().join("golden/homes").join(CARBON))
}

/// Saves a plan of a home.
fn saved(copy: &Copy, options: &[&str]) -> PathBuf {
    let file = copy.dir.path().join("plan.json");
    at(copy, &[&["apply", "--save-plan", text(&file)][..], options].concat()).exits(0);
    file
}

/// The files that a plan changes.
fn files(plan: &Path) -> Vec<String> {
    let plan: Value = serde_json::from_slice(&fs::read(plan).unwrap()).unwrap();
    let files = plan["files"].as_array().unwrap();
    files.iter().map(|file| file["path"].as_str().unwrap().to_owned()).collect()
}

fn at(copy: &Copy, args: &[&str]) -> Ran {
    harden(&[&["--home", text(&copy.root)][..], args].concat())
}

fn harden(args: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_harden"))
        .args(args)
        .timeout(std::time::Duration::from_secs(120))
        .output()
        .unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    fn exits(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        self
    }

    fn says(&self, text: &str) -> &Self {
        assert!(self.out.contains(text), "\"{text}\" is not in\n{}", self.out);
        self
    }

    fn warns(&self, text: &str) -> &Self {
        assert!(self.err.contains(text), "\"{text}\" is not in\n{}", self.err);
        self
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
