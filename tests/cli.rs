//! Stories of an operator at a shell: the real program, real files, and what it leaves behind.
//!
//! Each story asserts the exit code, what is said on which stream, and the files on disk.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test"
)]

mod support;

use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};
use support::{Copy, applier, copy_tree, root, snapshot};
use tempfile::TempDir;

const CARBON: &str = "carbon-4.4.40-xml";
const CATALINA: &str = "repository/conf/tomcat/catalina-server.xml";
const CARBON_XML: &str = "repository/conf/carbon.xml";
const LAUNCHER: &str = "bin/wso2server.sh";
const NOBODY: u32 = 65534;

// --- check ---------------------------------------------------------------------------------------

#[test]
fn check_tells_what_deviates_with_its_place_and_exits_2() {
    let home = Home::of(CARBON);
    let ran = home.run(&["check"]);
    ran.exits(2).says("P10  Update the HTTP response header").says(&format!("{CATALINA}:27:28"));
    ran.says("WSO2 Carbon Server → webserver").says("For a person").quiet();
    assert!(!ran.out.contains('\x1b'), "a pipe gets no colour");
    home.untouched();
}

#[test]
fn check_of_a_compliant_home_exits_0() {
    let home = Home::of("carbon-4.6.3-stronger");
    home.run(&["check"]).exits(0).says("Score 100 %");
    home.untouched();
}

#[test]
fn the_json_report_has_every_guideline_for_every_instance_in_the_order_of_the_guide() {
    let home = Home::of("ei-6.5.0-profiles");
    let ran = home.run(&["check", "--format", "json"]);
    let report = ran.exits(2).json();
    assert_eq!(report["harden"], env!("CARGO_PKG_VERSION"));
    assert_eq!(report["catalogue"].as_str().unwrap().len(), 12);
    let one = &report["homes"][0];
    assert_eq!(one["home"], home.root.to_str().unwrap());
    assert_eq!((&one["product"], &one["model"]), (&"EI".into(), &"xml".into()));
    assert_eq!((&one["version"], &one["kernel"]), (&"6.5.0".into(), &"4.4.40".into()));
    assert!(!one["score"].is_null());
    let instances: Vec<&str> =
        one["instances"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(instances, ["integrator", "broker", "business-process"]);
    let findings = one["findings"].as_array().unwrap();
    let told: Vec<(&str, &str)> = findings
        .iter()
        .map(|f| (f["instance"].as_str().unwrap(), f["code"].as_str().unwrap()))
        .collect();
    let codes = guide();
    let wanted: Vec<(&str, &str)> = instances
        .iter()
        .flat_map(|name| codes.iter().map(move |code| (*name, code.as_str())))
        .collect();
    assert_eq!(told, wanted);
    let statuses = [
        "compliant",
        "deviates",
        "unknown",
        "not-applicable",
        "not-effective",
        "person",
        "waived",
        "attested",
        "error",
    ];
    for finding in findings {
        let fields = finding.as_object().unwrap();
        for field in [
            "code",
            "name",
            "instance",
            "status",
            "severity",
            "place",
            "found",
            "wanted",
            "evidence",
            "why",
            "reference",
        ] {
            assert!(fields.contains_key(field), "{} lacks {field}", finding["code"]);
        }
        assert!(statuses.contains(&finding["status"].as_str().unwrap()), "{finding}");
    }
    let deviating = findings.iter().find(|f| f["code"] == "P08" && f["status"] == "deviates");
    let place = &deviating.unwrap()["place"];
    assert!(place["file"].is_string() && place["line"].is_u64() && place["column"].is_u64());
    home.untouched();
}

#[test]
fn a_report_can_be_written_to_a_file_and_then_nothing_else_is_said() {
    let home = Home::of(CARBON);
    let file = home.dir.path().join("report.json");
    let ran = home.run(&["check", "--format", "json", "--output", &text(&file)]);
    ran.exits(2).quiet();
    assert_eq!(ran.out, "");
    let report: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert_eq!(report["homes"][0]["findings"].as_array().unwrap().len(), 37);
    let nowhere = home.run(&["check", "--output", "/proc/no/report.txt"]);
    nowhere.exits(1).warns("/proc/no/report.txt");
    home.untouched();
}

#[test]
fn only_and_skip_choose_guidelines_by_code_or_name() {
    let home = Home::of(CARBON);
    let codes = |args: &[&str]| -> Vec<String> {
        let report = home.run(args).json();
        let findings = report["homes"][0]["findings"].as_array().unwrap();
        findings.iter().map(|f| f["code"].as_str().unwrap().to_owned()).collect()
    };
    let json = ["check", "--format", "json"];
    assert_eq!(codes(&[&json[..], &["--only", "transport-tls,P04"]].concat()), ["P04", "P08"]);
    let rest = codes(&[&json[..], &["--skip", "P08,N01"]].concat());
    assert_eq!(rest.len(), 35);
    assert!(!rest.contains(&"P08".to_owned()) && !rest.contains(&"N01".to_owned()));
    home.run(&["check", "--only", "P99"]).exits(64).warns("there is no guideline \"P99\"");
    home.run(&["check", "--skip", "tls"]).exits(64).warns("\"tls\"");
}

#[test]
fn a_home_is_found_from_anywhere_inside_it() {
    for (name, places) in [
        (CARBON, ["", "bin", "repository", "repository/conf", "repository/conf/tomcat"]),
        ("ei-6.5.0-profiles", ["", "conf/tomcat", "wso2", "wso2/broker", "wso2/broker/conf"]),
    ] {
        let home = Home::of(name);
        let mut wrong = Vec::new();
        let mut compare = |ran: Ran| {
            let found = ran.exits(2).json()["homes"][0]["home"].clone();
            if found != text(&home.root) {
                wrong.push(found);
            }
        };
        for place in places {
            let folder = home.root.join(place);
            compare(Run::default().within(&folder).go(&["check", "--format", "json"]));
            compare(harden(&["--home", &text(&folder), "check", "--format", "json"]));
        }
        home.untouched();
        assert!(wrong.is_empty(), "{} is found as {wrong:?}", text(&home.root));
    }
}

#[test]
fn two_homes_are_told_in_one_report_and_each_once() {
    let (one, two) = (Home::of(CARBON), Home::of("carbon-4.6.3-stronger"));
    let inside = text(&one.root.join("bin"));
    let args = ["--home", &text(&one.root), "--home", &text(&two.root), "--home", &inside];
    let ran = harden(&[&args[..], &["check", "--format", "json"]].concat());
    let report = ran.exits(2).json();
    let homes: Vec<&str> =
        report["homes"].as_array().unwrap().iter().map(|h| h["home"].as_str().unwrap()).collect();
    assert_eq!(homes, [text(&one.root), text(&two.root)]);
    let ran = harden(&[&args[..4], &["check"]].concat());
    ran.exits(2).says(&text(&one.root)).says(&text(&two.root));
}

#[test]
fn a_folder_that_is_no_home_is_named_with_what_to_do() {
    let half = Home::of("no-home");
    let ran = half.run(&["check"]);
    ran.exits(1).warns(&text(&half.root)).warns("carbon.xml").warns("Put the product's");
    let empty = tempfile::tempdir().unwrap();
    let path = text(&empty.path().canonicalize().unwrap());
    for verb in ["check", "apply", "rollback", "status", "log", "show", "recover"] {
        let ran = harden(&["--home", &path, verb]);
        ran.exits(1).warns(&path).warns("no WSO2 home here or above").warns("--home");
        assert_eq!(ran.out, "", "{verb}");
    }
    let gone = format!("{path}/gone");
    harden(&["--home", &gone, "check"]).exits(1).warns(&gone);
    assert_eq!(fs::read_dir(empty.path()).unwrap().count(), 0);
}

#[test]
fn a_home_that_this_user_may_not_write_can_be_checked_and_is_not_changed() {
    let home = Home::of(CARBON).sealed();
    let checked = home.as_other(&["check", "--only", "P10"]);
    let dry = home.as_other(&["apply", "--dry-run", "--only", "P10"]);
    let applied = home.as_other(&["apply", "--yes", "--only", "P10"]);
    let same = snapshot(&home.root) == home.before;
    let state = home.root.join(".harden").exists();
    home.unseal();
    checked.exits(2).says(CATALINA);
    dry.exits(2).says("+                   server=\"webserver\"");
    applied.exits(1).warns("harden: ");
    assert!(!applied.err.contains("Applied as"), "{}", applied.err);
    assert!(same && !state, "a home without the right to write was written");
}

#[test]
fn a_file_that_this_user_may_not_read_is_told_and_the_others_are_judged() {
    let home = Home::of(CARBON).sealed();
    fs::set_permissions(home.root.join(CATALINA), fs::Permissions::from_mode(0o000)).unwrap();
    let ran = home.as_other(&["check", "--only", "P10,P13"]);
    home.unseal();
    ran.exits(1).says(CATALINA).says("the file may not be read by this user").says("P13");
}

// --- apply ---------------------------------------------------------------------------------------

#[test]
fn a_dry_run_exits_2_and_leaves_no_trace() {
    let home = Home::of(CARBON);
    let ran = home.run(&["apply", "--dry-run"]);
    ran.exits(2).says(&format!("--- a/{CATALINA}\n+++ b/{CATALINA}\n")).warns("change 6 file(s)");
    ran.warns("Left out:");
    home.untouched();
}

#[test]
fn what_a_dry_run_shows_is_what_apply_writes() {
    for name in [CARBON, "apim-4.2.0-toml-crlf", "ei-6.5.0-profiles", "is-5.3.0-handmade"] {
        let home = Home::of(name);
        let shown = home.run(&["apply", "--dry-run", "--show-secrets"]);
        shown.exits(2);
        let mut wanted = contents(&home.root);
        for (file, part) in per_file(&shown.out) {
            let before = wanted.get_mut(Path::new(&file)).unwrap_or_else(|| panic!("{file}"));
            *before = applier::apply(before, part.as_bytes()).unwrap();
        }
        assert!(wanted != contents(&home.root), "{name}: nothing would change");
        by_patch(&home.root, &shown.out, &wanted);
        home.untouched();
        home.run(&["apply", "--yes"]).exits(0).warns("Applied as ");
        assert!(contents(&home.root) == wanted, "{name}: other bytes than previewed");
    }
}

#[test]
fn a_masked_diff_says_that_it_is_masked_and_shows_no_secret() {
    let home = Home::of(CARBON);
    let masked = home.run(&["apply", "--dry-run"]);
    masked.says("masked in this diff, so it cannot be applied; --show-secrets shows them.");
    no_secret(&masked.out);
    let open = home.run(&["apply", "--dry-run", "--show-secrets"]);
    assert!(open.out.contains("keystorePass=\"wso2carbon\""), "the story needs a secret");
    assert!(!open.out.contains("masked"));
    let applied = home.run(&["apply", "--yes"]);
    no_secret(&applied.out);
    no_secret(&home.run(&["show"]).out);
    no_secret(&home.run(&["rollback", "--dry-run"]).out);
    home.run(&["show", "--show-secrets"]).says("keystorePass=\"wso2carbon\"");
}

#[test]
fn no_report_and_no_plan_of_any_home_shows_a_password() {
    for (name, path) in support::golden_homes() {
        if name == "no-home" {
            continue;
        }
        let home = Home::at(&path);
        for args in [&["check"][..], &["check", "--format", "json"], &["apply", "--dry-run"]] {
            no_secret(&home.run(args).out);
        }
    }
}

#[test]
fn apply_writes_says_what_it_left_out_and_why_and_twice_is_once() {
    let home = Home::of(CARBON);
    let first = home.run(&["apply", "--yes", "--note", "the spring audit"]);
    first.exits(0).warns("Applied as ").warns("Restart the server").warns("Left out:");
    first.warns("P04 Change default ports: it must be told --set P04.");
    first.warns("P11 Enabling HTTP Strict Transport Security Headers (HSTS): its impact needs --accept lockout.");
    first.warns(
        "P22 Set appropriate JVM parameters: applied only when it is named, with --only P22.",
    );
    first.warns("For a person to answer: P01 P03");
    assert!(home.read(CATALINA).contains("server=\"webserver\""));
    let modes = |root: &Path| -> Vec<u32> { snapshot(root).values().map(|file| file.1).collect() };
    assert_eq!(modes(&home.root), home.before.values().map(|file| file.1).collect::<Vec<_>>());
    assert_eq!(mode(&home.root.join(".harden")), 0o700);

    let (files, times) = (contents(&home.root), times(&home.root));
    let second = home.run(&["apply", "--yes"]);
    second.exits(0).warns("There is nothing to change.").warns("Left out:");
    assert_eq!(second.out, "");
    assert!(contents(&home.root) == files && self::times(&home.root) == times);
    assert_eq!(home.transactions().len(), 1, "a run that changes nothing is no transaction");
    home.run(&["apply", "--dry-run"]).exits(0);
}

#[test]
fn only_what_an_instance_can_be_told_is_asked_for() {
    let home = Home::of(CARBON);
    let ran = home.run(&["apply", "--dry-run", "--only", "P04"]);
    ran.warns("--set P04.offset=…");
    assert!(!ran.err.contains("P04.broker-offset"), "this home has no broker: {}", ran.err);
}

#[test]
fn what_is_opt_in_is_applied_when_it_is_named() {
    let home = Home::of(CARBON);
    home.run(&["apply", "--yes", "--only", "P22"]).exits(0).warns("(P22) change 3 file(s)");
    assert!(home.read(LAUNCHER).contains("-Xms512m -Xmx2048m"));
    assert_eq!(home.changed(), ["bin/wso2server.bat", LAUNCHER, "bin/yajsw/wrapper.conf"]);
}

#[test]
fn what_can_lock_out_is_applied_when_that_is_accepted() {
    let home = Home::of(CARBON);
    home.run(&["apply", "--yes", "--only", "P11"]).exits(0).warns("--accept lockout");
    home.untouched();
    let ran = home.run(&["apply", "--yes", "--only", "P11", "--accept", "lockout"]);
    ran.exits(0).warns("(P11) change 1 file(s)");
    assert_eq!(home.changed(), ["repository/conf/tomcat/carbon/WEB-INF/web.xml"]);
    home.run(&["apply", "--yes", "--accept", "everything"]).exits(64).warns("everything");
}

#[test]
fn a_parameter_comes_from_the_default_the_settings_file_and_the_command_line_the_last_wins() {
    let home = Home::of(CARBON);
    let settings = home.dir.path().join("harden.toml");
    fs::write(&settings, "[P04]\noffset = 20\n\n[P10]\nname = \"front\"\n").unwrap();
    let settings = text(&settings);
    let ran = home.run(&[
        "apply",
        "--yes",
        "--only",
        "P04,P10",
        "--settings",
        &settings,
        "--set",
        "P04.offset=30",
    ]);
    ran.exits(0);
    assert!(home.read(CARBON_XML).contains("<Offset>30</Offset>"));
    assert!(home.read(CATALINA).contains("server=\"front\""));
    home.run(&["show"]).exits(0).says("P04.offset=30").says("P10.name=front");
}

#[test]
fn an_offset_of_10_is_fine_for_a_server_that_ships_with_0() {
    let home = Home::of(CARBON);
    home.run(&["apply", "--yes", "--only", "P04", "--set", "P04.offset=10"]).exits(0);
    assert!(home.read(CARBON_XML).contains("<Offset>10</Offset>"));
}

#[test]
fn a_parameter_that_is_unknown_mistyped_or_too_weak_is_refused() {
    let home = Home::of(CARBON);
    for (set, why) in [
        ("P08.protocols=TLSv1", "the value lists TLSv1"),
        ("P08.protocols=TLSv1.2,SSLv3", "SSLv3"),
        ("P22.heap-max=64m", "the value is less than 2048m"),
        ("P99.x=1", "there is no guideline \"P99\""),
        ("P08.protokols=TLSv1.2", "P08 has no parameter protokols; it knows: ciphers"),
        ("P04.offset=ten", "P04.offset=ten: the value is not a whole number"),
        ("P04.offset=-1", "P04"),
        ("nonsense", "--set nonsense is not of the form CODE.NAME=VALUE"),
    ] {
        let ran = home.run(&["apply", "--yes", "--set", set]);
        ran.exits(64).warns(why);
        assert_eq!(ran.out, "", "{set}");
    }
    home.untouched();
}

#[test]
fn a_settings_file_that_is_wrong_is_refused_with_its_place() {
    let home = Home::of(CARBON);
    let file = home.dir.path().join("harden.toml");
    let mut poor = Vec::new();
    for (content, place, why) in [
        ("[P08]\nprotocols = [\n", ":2:14", ""),
        ("# ours\n[P99]\nx = 1\n", ":2:", "P99"),
        ("# ours\n[P08]\nprotokols = [\"TLSv1.2\"]\n", ":3:", "protokols"),
        ("# ours\n[P04]\noffset = \"ten\"\n", ":3:", "not a whole number"),
        ("# ours\n[P04]\noffset = 1.5\n", ":3:10", ""),
        ("# ours\nP04 = 3\n", ":2:7", ""),
        ("# ours\n[P08]\nprotocols = [\"TLSv1\"]\n", ":3:", "TLSv1"),
    ] {
        fs::write(&file, content).unwrap();
        let ran = home.run(&["apply", "--yes", "--settings", &text(&file)]);
        ran.exits(64).warns(why);
        if !ran.err.contains(&format!("{}{place}", file.display())) {
            poor.push(ran.err.clone());
        }
        if ran.err.contains("untagged") || ran.err.contains("invalid type") {
            poor.push(ran.err.clone());
        }
    }
    home.untouched();
    assert!(poor.is_empty(), "no place, or not in an operator's words:\n{}", poor.concat());
}

#[test]
fn a_settings_file_that_is_not_there_is_named() {
    let home = Home::of(CARBON);
    let ran = home.run(&["apply", "--yes", "--settings", "/proc/no/harden.toml"]);
    ran.warns("/proc/no/harden.toml");
    assert_ne!(ran.code, 0);
    home.untouched();
}

#[test]
fn a_secret_is_not_taken_from_the_command_line_and_is_not_repeated() {
    let home = Home::of(CARBON);
    let patches = home.patches("P10-server-header.toml", &secret_header());
    let ran = home.run(&["apply", "--yes", "--patches", &patches, "--set", "P10.name=hunter2"]);
    ran.exits(64).warns("P10.name is a secret and is not taken from the command line");
    assert!(!ran.err.contains("hunter2") && !ran.out.contains("hunter2"));
    home.untouched();
}

#[test]
fn what_a_secret_parameter_was_told_is_in_no_plan_report_or_log() {
    let home = Home::of(CARBON);
    let patches = home.patches("P10-server-header.toml", &secret_header());
    let settings = home.dir.path().join("harden.toml");
    fs::write(&settings, "[P10]\nname = \"hunter2\"\n").unwrap();
    let settings = text(&settings);
    let with = ["--patches", &patches, "--settings", &settings, "--only", "P10"];
    let mut told = Vec::new();
    for verb in [
        &["apply", "--dry-run"][..],
        &["apply", "--yes"],
        &["check"],
        &["check", "--format", "json"],
        &["log"],
    ] {
        let ran = home.run(&[verb, &with[..]].concat());
        if ran.out.contains("hunter2") || ran.err.contains("hunter2") {
            told.push(verb.join(" "));
        }
    }
    assert!(home.read(CATALINA).contains("server=\"hunter2\""));
    assert!(told.is_empty(), "shown by: {}", told.join(", "));
}

#[test]
fn without_a_terminal_apply_shows_the_plan_writes_nothing_and_does_not_hang() {
    let home = Home::of(CARBON);
    let ran = home.run(&["apply"]);
    ran.exits(2).says(&format!("+++ b/{CATALINA}"));
    ran.warns("There is no terminal to ask at: nothing was written. --yes applies without asking.");
    home.untouched();
    home.run(&["apply", "--yes"]).exits(0);
    let applied = contents(&home.root);
    let ran = home.run(&["rollback"]);
    ran.exits(2).says("+++ b/").warns("--yes rolls back without asking.");
    assert!(contents(&home.root) == applied);
}

// --- rollback ------------------------------------------------------------------------------------

#[test]
fn a_rollback_gives_back_bytes_and_modes_and_can_itself_be_rolled_back() {
    let home = Home::of(CARBON);
    fs::set_permissions(home.root.join(LAUNCHER), fs::Permissions::from_mode(0o751)).unwrap();
    let before = snapshot(&home.root);
    home.run(&["apply", "--yes"]).exits(0);
    let applied = snapshot(&home.root);
    let dry = home.run(&["rollback", "--dry-run"]);
    dry.exits(2).says("-                   server=\"webserver\"");
    assert!(snapshot(&home.root) == applied);
    home.run(&["rollback", "--yes"]).exits(0).warns("Rolled back as ").warns("6 file(s)");
    assert!(snapshot(&home.root) == before);
    let undo = home.transactions().remove(0);
    home.run(&["rollback", "--yes", &undo]).exits(0);
    assert!(snapshot(&home.root) == applied, "rolling back the rollback makes the changes again");
}

#[test]
fn a_transaction_is_taken_back_by_its_id_and_only_once() {
    let home = Home::of(CARBON);
    home.run(&["apply", "--yes", "--only", "P10"]).exits(0);
    home.run(&["apply", "--yes", "--only", "P13"]).exits(0);
    let first = home.transactions().pop().unwrap();
    home.run(&["rollback", "--yes", &first]).exits(0).warns(&format!("rollback of {first}"));
    assert!(home.read(CATALINA).contains("server=\"WSO2 Carbon Server\""));
    assert!(home.read(LAUNCHER).contains("ephemeralDHKeySize=2048"));
    let again = home.run(&["rollback", "--yes", &first]);
    again.exits(1).warns(&format!("transaction {first} is undone already"));
    home.run(&["rollback", "--yes", "20200101T000000Z-0000"])
        .exits(1)
        .warns("there is no transaction");
}

#[test]
fn one_guidelines_share_can_be_taken_back_alone() {
    let home = Home::of(CARBON);
    home.run(&["apply", "--yes"]).exits(0);
    let applied = contents(&home.root);
    home.run(&["rollback", "--yes", "--only", "P08"]).exits(0).warns("1 file(s)");
    let now = contents(&home.root);
    let differs: Vec<&PathBuf> = now.keys().filter(|file| now[*file] != applied[*file]).collect();
    assert_eq!(differs, [Path::new(CATALINA)]);
    let text = home.read(CATALINA);
    assert!(text.contains("                   sslEnabledProtocols=\"TLSv1,TLSv1.1,TLSv1.2\""));
    assert!(text.contains("server=\"webserver\"") && !text.contains("WSO2 Carbon Server\""));
    home.run(&["check", "--only", "P08"]).exits(2);
    home.run(&["check", "--only", "P10"]).exits(0);
    home.run(&["rollback", "--yes", "--only", "P22"]).exits(1).warns("P22: has no share in");
    home.run(&["rollback", "--yes", "--only", "tls!"]).exits(64).warns("not a guideline's code");
}

#[test]
fn a_later_edit_elsewhere_in_the_file_survives_a_rollback() {
    let home = Home::of(CARBON);
    home.run(&["apply", "--yes"]).exits(0);
    home.replace(CATALINA, "<Server port=\"8005\"", "<Server port=\"8006\"");
    home.run(&["rollback", "--yes"]).exits(0);
    let original = String::from_utf8(home.before[Path::new(CATALINA)].0.clone()).unwrap();
    let wanted = original.replace("<Server port=\"8005\"", "<Server port=\"8006\"");
    assert_eq!(home.read(CATALINA), wanted);
    assert_eq!(home.changed(), [CATALINA]);
}

#[test]
fn a_rollback_that_meets_a_later_edit_writes_nothing_and_shows_both_sides() {
    let home = Home::of(CARBON);
    home.run(&["apply", "--yes"]).exits(0);
    home.replace(CATALINA, "server=\"webserver\"", "server=\"mine\"");
    let (files, count) = (contents(&home.root), home.transactions().len());
    for args in [&["rollback", "--yes"][..], &["rollback", "--dry-run"], &["rollback"]] {
        let ran = home.run(args);
        ran.exits(3).warns(&format!("{CATALINA}:27: as it is now\n")).warns("server=\"mine\"");
        ran.warns("as the rollback wants it\n").warns("server=\"WSO2 Carbon Server\"");
        ran.warns("Decide by hand which side stays");
    }
    assert!(contents(&home.root) == files);
    assert_eq!(home.transactions().len(), count);
}

#[test]
fn where_nothing_was_applied_there_is_nothing_to_roll_back() {
    let home = Home::of(CARBON);
    home.run(&["rollback", "--yes"]).exits(1).warns("there is nothing to roll back");
    home.untouched();
}

// --- history, status, explain --------------------------------------------------------------------

#[test]
fn log_and_show_tell_who_did_what_when_and_why() {
    let home = Home::of(CARBON);
    home.run(&["log"]).exits(0).warns("no transactions");
    home.untouched();
    home.run(&["apply", "--yes", "--only", "P10", "--note", "the spring audit"]).exits(0);
    home.run(&["apply", "--yes", "--only", "P13"]).exits(0);
    let (newest, first) = (home.transactions().remove(0), home.transactions().remove(1));
    home.run(&["rollback", "--yes", &newest]).exits(0);
    let log = home.run(&["log"]);
    log.exits(0).says(&format!("{first}  apply  P10  1 file(s)  by ")).says("\"the spring audit\"");
    log.says("undone by ").says(&format!("rollback of {newest}"));
    assert_eq!(log.out.lines().count(), 3);
    let show = home.run(&["show", &first]);
    show.exits(0).says(&format!("transaction {first} (in force)")).says("guidelines  P10");
    show.says("the spring audit").says("set         P10.name=webserver").says("-- a/");
    home.run(&["show"]).exits(0).says(&format!("of          {newest}"));
    home.run(&["show", "nope"]).exits(1).warns("there is no transaction nope");
}

#[test]
fn show_without_transactions_says_that_there_are_none() {
    let home = Home::of(CARBON);
    let ran = home.run(&["show"]);
    ran.exits(1);
    assert!(!ran.err.contains("roll back"), "nobody asked for a rollback: {}", ran.err);
    home.untouched();
}

#[test]
fn status_has_a_column_for_what_others_changed_and_one_for_what_apply_would_change() {
    let home = Home::of(CARBON);
    home.run(&["status", "--only", "P10"]).exits(2).says(&format!("\n A P10 {CATALINA}\n"));
    home.untouched();
    home.run(&["apply", "--yes", "--only", "P10"]).exits(0);
    home.run(&["status", "--only", "P10"])
        .exits(0)
        .says("Nothing was changed since harden wrote it");
    home.replace(CATALINA, "<Server port=\"8005\"", "<Server port=\"8006\"");
    home.run(&["status", "--only", "P10"]).exits(2).says(&format!("\nM  P10 {CATALINA}\n"));
    home.replace(CATALINA, "server=\"webserver\"", "server=\"WSO2\"");
    home.run(&["status", "--only", "P10"]).exits(2).says(&format!("\nMA P10 {CATALINA}\n"));
}

#[test]
fn explain_lists_the_guide_and_gives_the_page_of_one_row() {
    let outside = tempfile::tempdir().unwrap();
    let explain = |args: &[&str]| Run::default().within(outside.path()).go(args);
    let list = explain(&["explain"]);
    let codes: Vec<&str> = list.exits(0).out.lines().map(|line| &line[..3]).collect();
    assert_eq!(codes, guide());
    let page = explain(&["explain", "P08"]);
    page.exits(0).says("# P08 Configure strong HTTP(S) security").says("**Risk.**");
    page.says("P08.protocols").says("https://docs.wso2.com/");
    assert_eq!(explain(&["explain", "transport-tls"]).out, page.out);
    explain(&["explain", "P99"]).exits(64).warns("there is no guideline \"P99\"");
}

// --- patch files ---------------------------------------------------------------------------------

#[test]
fn patch_check_passes_sound_files_and_names_every_fault_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = text(folder.path());
    harden(&["patch", "check", &path]).exits(1).warns("holds no patch file");
    harden(&["patch", "check", &format!("{path}/gone")]).exits(1).warns("gone");
    let sound = built_in("P10-server-header.toml");
    fs::write(folder.path().join("P10-server-header.toml"), &sound).unwrap();
    harden(&["patch", "check", &path]).exits(0).says("1 patch file(s) are sound.");

    let faults = [
        (
            "X01",
            "colour",
            "severity  = \"low\"",
            "colour = 1\nseverity = \"low\"",
            "unknown field `colour`",
        ),
        (
            "X02",
            "value",
            "default = \"webserver\"",
            "default = \"wso2\"",
            "not accepted by its own `accept`",
        ),
        ("X03", "hole", "value  = \"{name}\"", "value  = \"{nom}\"", "{nom}"),
        (
            "X04",
            "unused",
            "[[variant]]",
            "[params.spare]\ntype = \"string\"\ndefault = \"x\"\nhelp = \"y\"\n\n[[variant]]",
            "used by no value",
        ),
        ("X05", "operator", "accept = { is =", "accept = { some =", "some"),
        ("X06", "parent", "{conf}/tomcat", "../conf/tomcat", "\"..\""),
        ("X07", "syntax", "safety ", "safety = = ", ""),
    ];
    for (code, name, from, to, _) in faults {
        let text = sound.replace("\"P10\"", &format!("\"{code}\"")).replace("server-header", name);
        assert!(text.contains(from), "{code}");
        fs::write(folder.path().join(format!("{code}-{name}.toml")), text.replacen(from, to, 1))
            .unwrap();
    }
    fs::write(folder.path().join("X08-misnamed.toml"), &sound).unwrap();
    let ran = harden(&["patch", "check", &path]);
    ran.exits(1).warns(
        "X08-misnamed.toml:1: code and name want this file to be called P10-server-header.toml",
    );
    assert_eq!(ran.out, "");
    for (code, name, _, to, why) in faults {
        let file = folder.path().join(format!("{code}-{name}.toml"));
        let line = ran.err.lines().find(|line| line.contains(&format!("{code}-{name}.toml:")));
        let line = line.unwrap_or_else(|| panic!("{code} is not told:\n{}", ran.err));
        assert!(line.contains(why), "{line}");
        let (_, rest) = line.split_once(".toml:").unwrap();
        let number: usize = rest.split(':').next().unwrap().parse().unwrap();
        let content = fs::read_to_string(file).unwrap();
        // A value that its own `accept` refuses is told where it is wanted.
        let mark = if code == "X02" { "value  = " } else { to.lines().next().unwrap() };
        let wanted = content.lines().position(|line| line.contains(mark)).unwrap() + 1;
        assert_eq!(number, wanted, "{line}");
    }
}

#[test]
fn a_patch_file_of_ones_own_replaces_the_built_in_one_and_every_report_says_so() {
    let home = Home::of(CARBON);
    let stricter = built_in("P10-server-header.toml").replace("\"webserver\"", "\"ours\"");
    let folder = home.patches("P10-server-header.toml", &stricter);
    let with = ["--patches", &folder, "--only", "P10"];
    let mut silent = Vec::new();
    for verb in [
        &["check"][..],
        &["check", "--format", "json"],
        &["status"],
        &["explain", "P10"],
        &["apply", "--dry-run"],
        &["apply", "--yes"],
    ] {
        let ran = home.run(&[verb, &with[..]].concat());
        let said = ran.out.clone() + &ran.err;
        if !(said.contains(&format!("{folder}/P10-server-header.toml"))
            && said.contains("built-in"))
        {
            silent.push(verb.join(" "));
        }
    }
    assert!(home.read(CATALINA).contains("server=\"ours\""));
    home.patches("P11-wrong.toml", "code = 1\n");
    home.run(&["check", "--patches", &folder]).exits(64).warns("P11-wrong.toml:1");
    assert!(silent.is_empty(), "these do not say so: {}", silent.join(", "));
}

// --- bad input -----------------------------------------------------------------------------------

#[test]
fn malformed_xml_is_told_with_its_place_and_the_rest_is_judged_and_applied() {
    let home = Home::of("broken-xml");
    let checked = home.run(&["check"]);
    checked
        .exits(1)
        .says(&format!("{CATALINA}:87:5"))
        .says("this is not well-formed XML")
        .says("Repair the file");
    checked.says("P13  Increase Ephemeral Diffie-Hellman Key size");
    home.untouched();
    let applied = home.run(&["apply", "--yes"]);
    applied
        .warns("Applied as ")
        .warns(&format!("P10 Update the HTTP response header \"Server\" value: {CATALINA}:87:5"));
    assert!(home.read(LAUNCHER).contains("ephemeralDHKeySize=2048"));
    assert!(!home.changed().contains(&CATALINA.to_owned()));
}

#[test]
fn toml_that_the_server_would_die_of_is_told_with_its_place_and_left_alone() {
    let home = Home::of("broken-toml");
    let toml = "repository/conf/deployment.toml";
    let checked = home.run(&["check"]);
    checked.exits(1).says(&format!("{toml}:13:1")).says("[database.shared_db]");
    home.untouched();
    home.run(&["apply", "--yes"])
        .warns(&format!("P08 Configure strong HTTP(S) security: {toml}:13:1"));
    assert!(!home.changed().contains(&toml.to_owned()));
}

#[test]
fn a_file_that_cannot_be_worked_on_is_told_with_its_reason_and_nothing_is_written() {
    let bomb = "<?xml version=\"1.0\"?>\n<!DOCTYPE s [<!ENTITY a \"aaaaaaaaaa\">\n".to_owned()
        + &('b'..='j')
            .map(|name| {
                let inner = char::from_u32(u32::from(name) - 1).unwrap();
                format!("<!ENTITY {name} \"{}\">\n", format!("&{inner};").repeat(10))
            })
            .collect::<String>()
        + "]>\n<Server>&j;</Server>\n";
    let deep = "<Server>".repeat(200_000);
    for (content, place, why) in [
        (bomb.as_bytes(), ":2:", "declares an entity, which harden never expands"),
        (b"<Server>\n\0</Server>\n", "", "NUL byte"),
        (b"", ":1:1", "not well-formed XML"),
        (b"<Server>\n  <Service>\n</Server>\n", ":3:1", "not well-formed XML"),
        (deep.as_bytes(), ":1:", ""),
    ] {
        let home = Home::of(CARBON);
        fs::write(home.root.join(CATALINA), content).unwrap();
        let before = snapshot(&home.root);
        let started = std::time::Instant::now();
        let checked = home.run(&["check", "--only", "P10"]);
        checked.exits(1).says(&format!("{CATALINA}{place}")).says("P10");
        let flat = checked.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(why), "{why}: {flat}");
        let applied = home.run(&["apply", "--yes", "--only", "P10"]);
        applied.exits(1).warns("There is nothing to change.").warns(&format!("{CATALINA}{place}"));
        assert!(snapshot(&home.root) == before && !home.root.join(".harden").exists());
        assert!(started.elapsed() < Duration::from_secs(20));
    }
}

#[test]
fn a_link_that_leaves_the_home_is_not_followed() {
    let home = Home::of(CARBON);
    let outside = home.dir.path().join("outside.xml");
    fs::rename(home.root.join(CATALINA), &outside).unwrap();
    symlink(&outside, home.root.join(CATALINA)).unwrap();
    let content = fs::read(&outside).unwrap();
    let checked = home.run(&["check", "--only", "P10"]);
    checked.exits(1).says(CATALINA).says("a link that leaves the home");
    let applied = home.run(&["apply", "--yes", "--only", "P10"]);
    applied.exits(1).warns("a link that leaves the home").warns("Replace it by a regular file");
    assert_eq!(fs::read(&outside).unwrap(), content);
    assert!(!home.root.join(".harden").exists());
}

#[test]
fn a_required_file_that_is_missing_is_unknown_never_fine() {
    let home = Home::of(CARBON);
    fs::remove_file(home.root.join(CATALINA)).unwrap();
    let checked = home.run(&["check", "--only", "P10"]);
    checked
        .exits(2)
        .says("Unknown (1)")
        .says(CATALINA)
        .says("the file is not there, where one was expected");
    let applied = home.run(&["apply", "--yes", "--only", "P10"]);
    applied
        .warns("There is nothing to change.")
        .warns(&format!("{CATALINA}: the file is not there"));
    assert!(!home.root.join(CATALINA).exists() && !home.root.join(".harden").exists());
}

#[test]
fn one_home_that_fails_does_not_keep_the_others_from_being_hardened() {
    let (good, sick) = (Home::of(CARBON), Home::of(CARBON));
    fs::write(sick.root.join(".harden"), "not a folder").unwrap();
    let homes = ["--home", &text(&sick.root), "--home", &text(&good.root)];
    let ran = harden(&[&homes[..], &["apply", "--yes", "--only", "P10"]].concat());
    ran.exits(1).warns("the state folder").warns("Applied as ");
    assert_eq!(good.changed(), [CATALINA]);
    assert!(sick.changed().is_empty());
}

#[test]
fn a_state_folder_that_others_can_read_is_refused() {
    let home = Home::of(CARBON);
    fs::create_dir(home.root.join(".harden")).unwrap();
    fs::set_permissions(home.root.join(".harden"), fs::Permissions::from_mode(0o755)).unwrap();
    let ran = home.run(&["apply", "--yes"]);
    ran.exits(1).warns("is open to other users").warns("chmod 700");
    assert!(home.changed().is_empty());
}

#[test]
fn a_state_folder_elsewhere_serves_several_homes_and_leaves_theirs_clean() {
    let (one, two) = (Home::of(CARBON), Home::of("is-5.7.0-xml"));
    let state = one.dir.path().join("state");
    fs::create_dir(&state).unwrap();
    fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).unwrap();
    let elsewhere = ["--state-dir", &text(&state)];
    for home in [&one, &two] {
        home.run(&[&["apply", "--yes"][..], &elsewhere].concat()).exits(0);
        assert!(!home.root.join(".harden").exists());
    }
    for home in [&one, &two] {
        home.run(&[&["rollback", "--yes"][..], &elsewhere].concat()).exits(0);
        assert!(home.changed().is_empty());
    }
    assert_eq!(fs::read_dir(&state).unwrap().count(), 2);
}

// --- recovery ------------------------------------------------------------------------------------

#[test]
fn where_all_is_well_there_is_nothing_to_recover() {
    let home = Home::of(CARBON);
    home.run(&["recover"]).exits(0).says("There is nothing to recover.");
    home.untouched();
    home.run(&["apply", "--yes"]).exits(0);
    home.run(&["recover"]).exits(0).says("There is nothing to recover.");
}

#[test]
fn a_transaction_that_was_cut_off_is_told_by_all_and_taken_back_by_recover() {
    let home = Home::of(CARBON);
    let id = home.cut_off();
    home.run(&["check"])
        .exits(2)
        .says(&format!("Transaction {id} is unfinished"))
        .says("harden recover");
    home.run(&["status"]).exits(2).says(&format!("Transaction {id} is unfinished"));
    home.run(&["log"]).exits(0).says("unfinished; `harden recover` finishes it");
    assert!(home.changed().contains(&CATALINA.to_owned()), "looking changes nothing");
    home.run(&["recover"])
        .exits(0)
        .says(&format!("Transaction {id} was cut off; the home is as before it."));
    assert!(home.changed().is_empty());
    assert!(
        snapshot(&home.root).keys().eq(home.before.keys()),
        "something is left beside the files"
    );
    home.run(&["recover"]).exits(0).says("There is nothing to recover.");
    assert!(!home.run(&["log"]).exits(0).out.contains("unfinished"));
}

#[test]
fn every_verb_that_writes_recovers_first() {
    let home = Home::of(CARBON);
    let id = home.cut_off();
    let ran = home.run(&["apply", "--yes", "--only", "P10"]);
    ran.exits(0).warns(&format!("Transaction {id} was cut off")).warns("Applied as ");
    assert_eq!(home.changed(), [CATALINA]);
    let home = Home::of(CARBON);
    home.cut_off();
    home.run(&["rollback", "--yes"]).exits(1).warns("was cut off").warns("nothing to roll back");
    assert!(home.changed().is_empty());
}

// --- the program itself --------------------------------------------------------------------------

#[test]
fn wrong_usage_exits_64_and_help_and_version_exit_0() {
    harden(&["check", "--colour"]).exits(64).warns("--colour");
    harden(&["harden"]).exits(64).warns("harden");
    harden(&[]).exits(64).warns("Usage:");
    harden(&["apply", "--yes", "--dry-run"]).exits(64).warns("cannot be used with");
    harden(&["check", "--format", "pdf"]).exits(64).warns("pdf");
    harden(&["--version"]).exits(0).says(env!("CARGO_PKG_VERSION")).quiet();
    for args in [&["--help"][..], &["check", "--help"], &["apply", "-h"], &["help", "rollback"]] {
        harden(args).exits(0).says("Usage:").quiet();
    }
}

#[test]
fn a_reader_that_goes_away_is_no_fault() {
    let home = Home::of("ei-6.5.0-profiles");
    let root = text(&home.root);
    for args in [&["check", "--format", "json"][..], &["apply", "--dry-run"], &["check"]] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_harden"))
            .args(["--home", &root])
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut reader = BufReader::with_capacity(64, child.stdout.take().unwrap());
        reader.read_line(&mut line).unwrap();
        drop(reader);
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(2), "{args:?}: {said}");
        assert!(!line.is_empty() && !said.contains("panicked"), "{said}");
    }
}

#[test]
fn quiet_tells_only_what_was_asked_for() {
    let home = Home::of(CARBON);
    let ran = home.run(&["apply", "--yes", "--quiet"]);
    ran.exits(0).quiet();
    assert!(!home.changed().is_empty());
}

#[test]
fn the_demo_hardens_a_sample_rolls_it_back_and_cleans_up() {
    let temporary = tempfile::tempdir().unwrap();
    let ran = Run::default().env("TMPDIR", temporary.path()).go(&["demo"]);
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0, "the demo leaves something");
    ran.exits(0).says("$ harden apply --yes").says("$ harden rollback --yes");
    let last = ran.out.lines().last().unwrap();
    assert!(last.contains("identical"), "{last}");
}

// --- what the stories share ----------------------------------------------------------------------

/// A private copy of a home, and how it was.
struct Home {
    dir: TempDir,
    root: PathBuf,
    before: Snapshot,
}

type Snapshot = BTreeMap<PathBuf, (Vec<u8>, u32, u32, u32)>;

impl Home {
    fn of(name: &str) -> Self {
        Self::at(&root().join("golden/homes").join(name))
    }

    fn at(path: &Path) -> Self {
        let Copy { dir, root } = Copy::of(path);
        let before = snapshot(&root);
        Self { dir, root, before }
    }

    fn run(&self, args: &[&str]) -> Ran {
        harden(&[&["--home", &text(&self.root)][..], args].concat())
    }

    /// Runs as a user who is not root: root may write and read everything.
    fn as_other(&self, args: &[&str]) -> Ran {
        let mut run = Run::default();
        if root_runs() {
            let program = self.dir.path().join("harden");
            if !program.exists() {
                fs::copy(env!("CARGO_BIN_EXE_harden"), &program).unwrap();
            }
            run.program = program;
            run.user = Some(NOBODY);
        }
        run.go(&[&["--home", &text(&self.root)][..], args].concat())
    }

    /// Takes away the right to write, and gives the home to another user where root runs.
    fn sealed(mut self) -> Self {
        fs::set_permissions(self.dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        self.each_path(|path, folder| {
            if root_runs() {
                chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
            }
            let mode = if folder { 0o555 } else { 0o444 };
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        });
        self.before = snapshot(&self.root);
        self
    }

    /// Gives the right back, so that the copy can be removed.
    fn unseal(&self) {
        self.each_path(|path, _| {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        });
    }

    /// Visits folders before what is in them.
    fn each_path(&self, visit: impl Fn(&Path, bool)) {
        let mut paths = vec![self.root.clone()];
        while let Some(path) = paths.pop() {
            let folder = path.is_dir();
            visit(&path, folder);
            if folder {
                paths.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            }
        }
    }

    /// Asserts that nothing at all was written, not even a state folder.
    fn untouched(&self) {
        assert!(snapshot(&self.root) == self.before, "changed: {:?}", self.changed());
        assert!(!self.root.join(".harden").exists(), "a state folder was made");
    }

    /// Names the files whose content, mode or owner is not as it was.
    fn changed(&self) -> Vec<String> {
        let now = snapshot(&self.root);
        let names = now.keys().chain(self.before.keys());
        let mut changed: Vec<String> = names
            .filter(|file| now.get(*file) != self.before.get(*file))
            .map(|f| text(f))
            .collect();
        changed.sort();
        changed.dedup();
        changed
    }

    fn read(&self, file: &str) -> String {
        String::from_utf8(fs::read(self.root.join(file)).unwrap()).unwrap()
    }

    /// An operator edits a file by hand.
    fn replace(&self, file: &str, from: &str, to: &str) {
        let text = self.read(file);
        assert!(text.contains(from), "{file} has no {from}");
        fs::write(self.root.join(file), text.replace(from, to)).unwrap();
    }

    /// The ids of the transactions, the newest first.
    fn transactions(&self) -> Vec<String> {
        let log = self.run(&["log"]);
        log.out.lines().map(|line| line.split("  ").next().unwrap().to_owned()).collect()
    }

    /// Puts a patch file into a folder beside the home, and names the folder.
    fn patches(&self, name: &str, content: &str) -> String {
        let folder = self.dir.path().canonicalize().unwrap().join("patches");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name), content).unwrap();
        text(&folder)
    }

    /// Leaves the home as a crash does between the last replaced file and the record of it: the
    /// journal ends with its second record, *committing*.
    fn cut_off(&self) -> String {
        self.run(&["apply", "--yes"]).exits(0);
        let id = self.transactions().remove(0);
        let journal = self.root.join(".harden/tx").join(&id).join("journal");
        let records = fs::read_to_string(&journal).unwrap();
        let end = records.find("\ncommitted ").unwrap();
        assert!(records[..end].contains("committing "));
        fs::write(&journal, &records[..end]).unwrap();
        id
    }
}

/// One run of the program.
struct Run {
    program: PathBuf,
    folder: Option<PathBuf>,
    user: Option<u32>,
    env: Vec<(String, PathBuf)>,
}

impl Default for Run {
    fn default() -> Self {
        let program = env!("CARGO_BIN_EXE_harden").into();
        Self { program, folder: None, user: None, env: Vec::new() }
    }
}

impl Run {
    fn within(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_owned());
        self
    }

    fn env(mut self, name: &str, value: &Path) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Runs with a standard input that is closed, and never waits longer than a minute.
    fn go(&self, args: &[&str]) -> Ran {
        let mut command = Command::new(&self.program);
        command.args(args).env_remove("NO_COLOR");
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        if let Some(user) = self.user {
            command.uid(user).gid(user).current_dir("/");
        }
        let output = assert_cmd::Command::from_std(command)
            .timeout(Duration::from_secs(60))
            .output()
            .unwrap();
        Ran {
            code: output.status.code().unwrap_or_else(|| panic!("ended by {}", output.status)),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

fn harden(args: &[&str]) -> Ran {
    Run::default().go(args)
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

    /// Nothing on standard error.
    #[track_caller]
    fn quiet(&self) -> &Self {
        assert_eq!(self.err, "");
        self
    }

    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

/// The codes of the guide in its order.
fn guide() -> Vec<String> {
    let rows = [('P', 22), ('O', 9), ('N', 6)];
    rows.iter().flat_map(|(l, n)| (1..=*n).map(move |i| format!("{l}{i:02}"))).collect()
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

fn built_in(name: &str) -> String {
    fs::read_to_string(root().join("patches").join(name)).unwrap()
}

/// The guideline of the server header, its text a secret.
fn secret_header() -> String {
    built_in("P10-server-header.toml")
        .replace("type    = \"string\"\ndefault = \"webserver\"\n", "type    = \"secret\"\n")
}

fn root_runs() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn contents(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    snapshot(root).into_iter().map(|(file, seen)| (file, seen.0)).collect()
}

fn times(root: &Path) -> Vec<SystemTime> {
    let paths = snapshot(root).into_keys();
    paths.map(|file| fs::metadata(root.join(file)).unwrap().modified().unwrap()).collect()
}

/// Splits a diff into the parts of each file.
fn per_file(diff: &str) -> Vec<(String, String)> {
    let lines: Vec<&str> = diff.split_inclusive('\n').collect();
    let mut parts: Vec<(String, String)> = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let next = lines.get(index + 1).is_some_and(|next| next.starts_with("+++ b/"));
        match line.strip_prefix("--- a/").filter(|_| next) {
            Some(file) => parts.push((file.trim_end().to_owned(), (*line).to_owned())),
            None => parts.last_mut().unwrap().1.push_str(line),
        }
    }
    parts
}

/// Applies a diff with the system's `patch`, where there is one, and compares.
fn by_patch(home: &Path, diff: &str, wanted: &BTreeMap<PathBuf, Vec<u8>>) {
    if Command::new("patch").arg("--version").output().is_err() {
        println!(
            "no patch program is installed: the diff was applied by the tests' own applier only"
        );
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let copy = dir.path().join("home");
    copy_tree(home, &copy);
    let file = dir.path().join("plan.diff");
    fs::write(&file, diff).unwrap();
    let output = Command::new("patch")
        .args(["-p1", "--batch", "--binary", "--fuzz=0", "--no-backup-if-mismatch", "-i"])
        .arg(&file)
        .current_dir(&copy)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(contents(&copy) == *wanted, "patch gives other bytes");
}

/// Asserts that the shipped password stands nowhere as a value; it is also the name of files.
#[track_caller]
fn no_secret(text: &str) {
    for line in text.lines() {
        let lower = line.to_lowercase();
        for mark in ["=\"wso2carbon\"", ">wso2carbon<", "= wso2carbon", "=wso2carbon"] {
            assert!(!(lower.contains("pass") && lower.contains(mark)), "a secret is shown: {line}");
        }
    }
}
