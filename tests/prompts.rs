//! Stories of an operator who splits, edits, waives, tells parameters and goes back and forth: every
//! key of the prompts of the real program, and the bytes in the home afterwards.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "a test")]

mod support;

use std::fs;
use std::process::Command;
use support::terminal::{
    CATALINA, Colour, Home, LAST, Terminal, coloured, on_every_screen, visible,
};

const SHELL: &str = "bin/wso2server.sh";

fn read(home: &Home, file: &str) -> String {
    fs::read_to_string(home.root.join(file)).unwrap()
}

/// Ends a session by writing what was chosen.
#[track_caller]
fn write(terminal: &mut Terminal) -> String {
    let (status, rest) = terminal.expect(LAST).types("y\r").ends();
    assert!(status.code() == Some(0) && rest.contains("Applied as "), "{rest}");
    rest
}

/// What a second run of the program says, away from any terminal.
fn said(home: &Home, args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_harden"))
        .args(["--home", home.root.to_str().unwrap()])
        .args(args)
        .output()
        .unwrap();
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[test]
fn going_back_and_forth_decides_nothing_and_the_undecided_are_asked_again() {
    on_every_screen(|| {
        let home = Home::new();
        let mut terminal = home.apply("P10,P13,P14", 80, Colour::Plain);
        // Only ways that lead somewhere are offered.
        terminal.expect("[1/3] P10").expect("Apply P10 [y,n,a,d,q,j,J,s,e,w,p,i,?]").types("j\r");
        terminal
            .expect("[2/3] P13")
            .expect("Apply P13 [y,n,a,d,q,j,J,k,K,s,e,w,p,i,?]")
            .types("J\r");
        terminal.expect("[3/3] P14").expect("Apply P14 [y,n,a,d,q,k,K,").types("k\r");
        terminal.expect("[2/3] P13").expect("Apply P13").types("y\r");
        terminal.expect("[3/3] P14").expect("Apply P14").types("K\r");
        terminal.expect("[2/3] P13").expect("Apply P13 (chosen) [").types("J\r");
        terminal.expect("[3/3] P14").expect("Apply P14").types("n\r");
        terminal
            .expect("1 still undecided: P10")
            .expect("[1/3] P10")
            .expect("Apply P10")
            .types("n\r");
        terminal.expect("1 guideline(s) (P13)").expect("Left out: 2.");
        let rest = write(&mut terminal);
        assert_eq!(rest.matches("not chosen").count(), 2, "{rest}");
        assert!(read(&home, SHELL).contains("ephemeralDHKeySize"), "{rest}");
        assert!(!read(&home, SHELL).contains("rejectClientInitiatedRenegotiation"), "{rest}");
        assert!(!home.changed().contains(&CATALINA.to_owned()), "{rest}");
    });
}

#[test]
fn done_leaves_the_earlier_undecided_to_be_asked() {
    on_every_screen(|| {
        let home = Home::new();
        let mut terminal = home.apply("P10,P13,P14", 80, Colour::Plain);
        terminal.expect("Apply P10").types("j\r").expect("Apply P13").types("d\r");
        terminal.expect("1 still undecided: P10").expect("Apply P10").types("y\r");
        terminal.expect("1 guideline(s) (P10) change 1 file(s)").expect("Impact: restart 1.");
        write(&mut terminal);
        assert_eq!(home.changed(), [CATALINA]);
    });
}

#[test]
fn a_split_writes_the_chosen_part_and_leaves_the_guideline_open() {
    on_every_screen(|| {
        let home = Home::new();
        let mut terminal = home.apply("P08", 80, Colour::Plain);
        terminal.expect("Apply P08 [y,n,a,d,q,s,e,w,p,i,?]").types("s\r");
        terminal.expect("Split into 2 parts.").expect("[1/2] P08").expect("part 1 of 2");
        terminal.expect("+                   sslEnabledProtocols=\"TLSv1.2\"");
        terminal.expect("Apply P08 part 1 [y,n,a,d,q,j,J,e,i,?]").types("y\r");
        terminal.expect("part 2 of 2").expect("ciphers=").expect("Apply P08 part 2").types("n\r");
        terminal.expect("In part: P08.");
        let rest = write(&mut terminal);
        assert!(rest.contains("only 1 of its 2 parts were chosen"), "{rest}");
        assert_eq!(home.changed(), [CATALINA]);
        let text = read(&home, CATALINA);
        assert!(text.contains("sslEnabledProtocols=\"TLSv1.2\"") && !text.contains("ciphers="));
        let check = said(&home, &["check", "--only", "P08"]);
        assert!(
            check.contains("Deviates (1)") && !check.contains("the value lists TLSv1"),
            "{check}"
        );
    });
}

#[test]
fn all_parts_of_a_split_are_the_guideline_and_none_is_nothing() {
    on_every_screen(|| {
        let home = Home::new();
        let mut terminal = home.apply("P08", 80, Colour::Plain);
        terminal.expect("Apply P08").types("s\r").expect("part 1 [").types("a\r");
        terminal.expect("1 guideline(s) (P08)");
        write(&mut terminal);
        let check = said(&home, &["check", "--only", "P08"]);
        assert!(check.contains("1 compliant"), "{check}");
        let home = Home::new();
        let mut terminal = home.apply("P08", 80, Colour::Plain);
        terminal.expect("Apply P08").types("s\r").expect("part 1 [").types("d\r");
        let (_, rest) = terminal.ends();
        assert!(rest.contains("There is nothing to change."), "{rest}");
        home.untouched();
    });
}

#[test]
fn an_edited_diff_is_previewed_and_written_with_the_other_guidelines() {
    on_every_screen(|| {
        let home = Home::new();
        let notes = home.root.parent().unwrap().join("notes");
        let editor = format!(
            "sh -c 'stat -c %a \"$1\" \"${{1%/*}}\" > {0}; echo \"$1\" >> {0}; \
         sed -i \"s/^+\\(.*\\)server=.*/+\\1server=\\\"front desk\\\"/\" \"$1\"' x",
            notes.display()
        );
        let mut terminal = home
            .run_with(&["apply", "--only", "P08,P10"], &[("EDITOR", "false"), ("VISUAL", &editor)]);
        terminal.expect("Apply P08").types("y\r").expect("Apply P10").types("e\r");
        terminal.expect("As it was edited, P10 holds in server.");
        terminal.expect("server=\"front desk\"").expect("Apply P10").types("y\r");
        terminal.expect("sslEnabledProtocols=\"TLSv1.2\"").expect("Edited: P10.");
        write(&mut terminal);
        let text = read(&home, CATALINA);
        assert!(text.contains("server=\"front desk\"") && text.contains("=\"TLSv1.2\""), "{text}");
        assert!(text.contains("keystorePass=\"wso2carbon\""), "the masked secret came back");
        let notes = fs::read_to_string(notes).unwrap();
        let notes: Vec<&str> = notes.lines().collect();
        assert_eq!(notes[..2], ["600", "700"]);
        assert!(!std::path::Path::new(notes[2]).parent().unwrap().exists(), "it is gone");
    });
}

#[test]
fn an_edit_that_weakens_is_told_and_one_that_does_not_fit_is_edited_again_or_dropped() {
    on_every_screen(|| {
        let home = Home::new();
        let editors = [
            ("s/^+\\(.*\\)server=.*/+\\1server=\"WSO2 x\"/", "P10 still deviates in server"),
            ("s/^ .*acceptCount.*/ other/", "The edited diff does not apply: line"),
            ("s/^+\\(.*\\)server=.*/+\\1server=\"<\"/", "P10: what was edited in repository/conf"),
            ("/^[-+@ ]/d", "No change is left in the diff; nothing was edited."),
        ];
        for (script, told) in editors {
            let editor = format!("sed -i '{script}'");
            let mut terminal =
                home.run_with(&["apply", "--only", "P10"], &[("VISUAL", ""), ("EDITOR", &editor)]);
            terminal.expect("Apply P10").types("e\r").expect(told);
            if !told.contains("deviates") && !told.starts_with("No change") {
                terminal
                    .expect("Edit it again? [y,n]")
                    .types("n\r")
                    .expect("The edit was dropped.");
            }
            let (status, rest) = terminal.expect("Apply P10").types("q\r").ends();
            assert!(status.code() == Some(0) && rest.contains("Nothing was written."), "{rest}");
            home.untouched();
        }
        let mut terminal = home.run_with(&["apply", "--only", "P10"], &[("EDITOR", "false")]);
        terminal.expect("Apply P10").types("e\r").expect("The editor ended with an error");
        terminal.expect("Apply P10").types("q\r").ends();
        home.untouched();
    });
}

#[test]
fn an_edit_that_meets_another_guideline_is_decided_again_and_the_rest_is_kept() {
    on_every_screen(|| {
        let home = Home::new();
        let editor = "sed -i 's/Renegotiation=true/& -Dours=1/'";
        let mut terminal =
            home.run_with(&["apply", "--only", "P13,P14"], &[("EDITOR", editor), ("VISUAL", "")]);
        terminal.expect("Apply P13").types("y\r").expect("Apply P14").types("e\r");
        terminal.expect("P14 still deviates in server").expect("Apply P14").types("y\r");
        // Both change the one long line of the batch file.
        terminal.expect("P14: what was edited in bin/wso2server.bat cannot be kept");
        terminal
            .expect("[2/2] P14")
            .expect("Apply P14")
            .types("n\r")
            .expect("1 guideline(s) (P13)");
        write(&mut terminal);
        assert!(read(&home, SHELL).contains("ephemeralDHKeySize=2048"));
        assert!(!read(&home, SHELL).contains("-Dours"));
    });
}

#[test]
fn a_waiver_is_asked_for_kept_honoured_and_taken_back() {
    on_every_screen(|| {
        let home = Home::new();
        let mut terminal = home.apply("P10,P13", 80, Colour::Plain);
        terminal.expect("Apply P10").types("n\r").expect("Apply P13").types("w\r");
        terminal.expect("Reason").types("an old client\r").expect("Owner").types("web team\r");
        for (typed, told) in [
            ("tomorrow", "no day of the form"),
            ("2020-01-01", "That day is past."),
            ("2999-01-01", "two years at most"),
        ] {
            terminal.expect("Expires (YYYY-MM-DD").types(&format!("{typed}\r")).expect(told);
        }
        let day = soon();
        terminal.expect("Expires").types(&format!("{day}\r"));
        terminal.expect("+[[waive]]").expect("Nothing but waivers").expect("Waived: P13.");
        home.untouched();
        write(&mut terminal);
        assert_eq!(home.changed(), ["harden.toml"]);
        let wanted = format!(
            "[[waive]]\ncode = \"P13\"\ninstance = \"server\"\nreason = \"an old client\"\n\
         owner = \"web team\"\nexpires = {day}\n"
        );
        assert_eq!(read(&home, "harden.toml"), wanted);
        let check = said(&home, &["check", "--only", "P13"]);
        assert!(check.contains("Waived (1)"), "{check}");
        assert!(
            check.contains(&format!("Waived until {day} by web team: an old client.")),
            "{check}"
        );
        let again = said(&home, &["apply", "--yes", "--only", "P13"]);
        assert!(again.contains("There is nothing to change.") && again.contains("waived until"));
        said(&home, &["rollback", "--yes"]);
        assert!(home.changed().is_empty(), "{:?}", home.changed());
    });
}

#[test]
fn a_waiver_that_is_not_finished_writes_nothing() {
    on_every_screen(|| {
        for keys in ["q\r", "\x04", "\x03"] {
            let home = Home::new();
            let mut terminal = home.apply("P10,P13", 80, Colour::Plain);
            terminal.expect("Apply P10").types("w\r").expect("Reason").types("\r");
            terminal.expect("Not waived.").expect("Apply P10").types("w\r").expect("Reason");
            terminal.types("a reason\r").expect("Owner [").types("\r").expect("Expires");
            terminal.types(&format!("{}\r", soon())).expect("Apply P13").types(keys).ends();
            home.untouched();
        }
    });
}

#[test]
fn a_waiver_counts_only_until_it_expires_and_only_for_a_deviation() {
    on_every_screen(|| {
        let home = Home::new();
        let waiver = |code: &str, expires: &str| {
            format!(
                "[[waive]]\ncode = \"{code}\"\nreason = \"old\"\nowner = \"web\"\nexpires = {expires}\n"
            )
        };
        let file = home.root.join("harden.toml");
        fs::write(&file, waiver("P13", "2020-01-31") + &waiver("P12", &soon())).unwrap();
        let check = said(&home, &["check", "--only", "P12,P13"]);
        assert!(check.contains("The waiver of P13 by web expired on 2020-01-31"), "{check}");
        assert!(check.contains("1 deviates, 1 compliant"), "{check}");
        fs::write(&file, waiver("P13", "\"soon\"")).unwrap();
        let check = said(&home, &["check", "--only", "P13"]);
        assert!(check.contains("harden.toml:"), "{check}");
        fs::write(&file, waiver("P99", "2027-01-01")).unwrap();
        let check = said(&home, &["check", "--only", "P13"]);
        assert!(check.contains("harden.toml:1: there is no guideline \"P99\""), "{check}");
    });
}

#[test]
fn a_settings_file_that_is_named_takes_the_waivers_and_keeps_what_it_has() {
    on_every_screen(|| {
        let home = Home::new();
        let file = home.root.parent().unwrap().join("ours.toml");
        let before = "# ours\n[P04]\noffset = 7\n";
        fs::write(&file, before).unwrap();
        let named = ["--settings", file.to_str().unwrap()];
        let args = [&["apply", "--only", "P13"], &named[..]].concat();
        let mut terminal = home.run_with(&args, &[]);
        terminal.expect("Apply P13").types("w\r").expect("Reason").types("old\r").expect("Owner");
        terminal.types("web\r").expect("Expires").types(&format!("{}\r", soon())).expect(LAST);
        assert_eq!(fs::read_to_string(&file).unwrap(), before);
        let (status, rest) = terminal.types("y\r").ends();
        assert!(status.code() == Some(0) && rest.contains("The waivers are kept in"), "{rest}");
        assert!(fs::read_to_string(&file).unwrap().starts_with(&format!("{before}\n[[waive]]\n")));
        home.untouched();
        let check = said(&home, &[&["check", "--only", "P13"], &named[..]].concat());
        assert!(check.contains("Waived (1)"), "{check}");
    });
}

#[test]
fn what_can_lock_out_needs_the_word_yes() {
    on_every_screen(|| {
        let home = Home::new();
        let mut terminal = home.apply("P11,P13", 80, Colour::Plain);
        for refused in ["y\r", "no\r", "\r", "YES\r"] {
            terminal.expect("Apply P11").types("y\r").expect("P11 can lock somebody out.");
            terminal.expect("Type the word yes").types(refused).expect("P11 was not chosen.");
        }
        terminal.expect("Apply P11").types("y\r").expect("Type the word yes").types("yes\r");
        terminal
            .expect("Apply P13")
            .types("n\r")
            .expect("Impact: restart 1, clients 1, lockout 1.");
        write(&mut terminal);
        assert_eq!(home.changed(), ["repository/conf/tomcat/carbon/WEB-INF/web.xml"]);
    });
}

#[test]
fn what_was_split_edited_or_waived_at_the_prompt_can_be_saved_and_applied_later() {
    for (keys, asks) in [("s\ry\rn\r", "P08"), ("y\r", "P10"), ("w\r", "P17")] {
        let (home, direct) = (Home::new(), Home::new());
        let plan = home.root.with_file_name("plan.json");
        let (file, only) = (plan.to_str().unwrap(), format!("P10,{asks}"));
        for (home, save) in [(&home, true), (&direct, false)] {
            let mut args = vec!["apply", "--only", &only];
            args.extend(["--save-plan", file].into_iter().filter(|_| save));
            let mut terminal = home.run(&args, 80, Colour::Plain);
            for code in if asks == "P08" { ["P08", "P10"] } else { ["P10", asks] } {
                terminal.expect(&format!("Apply {code}"));
                terminal.types(if code == asks { keys } else { "y\r" });
                if code == asks && keys == "w\r" {
                    terminal.expect("Reason").types("old clients\r");
                    terminal.expect("Owner").types("ops\r").expect("Expires");
                    terminal.types(&format!("{}\r", soon()));
                }
                if asks == "P10" {
                    break;
                }
            }
            if save {
                assert!(terminal.ends().0.success(), "{asks}: {}", terminal.seen);
                assert!(home.changed().is_empty(), "{asks}");
            } else {
                write(&mut terminal);
            }
        }
        let apply = said(&home, &["apply", "--plan", file]);
        assert_eq!(home.changed(), direct.changed(), "{asks}: {apply}");
        assert!(!home.changed().is_empty(), "{asks}: {apply}");
    }
}

#[test]
fn a_plan_with_a_secret_that_was_typed_is_not_saved_in_the_open() {
    let home = Home::new();
    let patches = secret_patch(&home);
    let plan = home.root.with_file_name("plan.json");
    let file = plan.to_str().unwrap();
    let args = ["apply", "--only", "X01", "--patches", &patches, "--save-plan", file];
    let mut terminal = home.run_with(&args, &[]);
    terminal.expect("Apply X01").types("p\r").expect("not shown").expect("password: ");
    terminal.types("s3cr&t-one\r").expect("again: ").types("s3cr&t-one\r");
    terminal.expect("Apply X01").types("y\r");
    let (status, rest) = terminal.ends();
    assert!(!status.success() && rest.contains("--seal-with"), "{rest}");
    assert!(!plan.exists());
}

#[test]
fn a_parameter_that_must_be_told_is_asked_for_and_checked() {
    on_every_screen(|| {
        let home = Home::new();
        let mut terminal = home.apply("P04", 80, Colour::Plain);
        terminal.expect("offset is not told yet").expect("Apply P04 [n,d,q,w,p,i,?]").types("y\r");
        terminal.expect("n - do not apply it").expect("Apply P04").types("p\r");
        terminal.expect("offset: Number added").expect("offset: ").types("many\r");
        terminal.expect("The value is not a whole number.").expect("offset: ").types("0\r");
        terminal.expect("P04 would not follow its own guideline").expect("offset: ").types("7\r");
        terminal.expect("offset = 7").expect("+        <Offset>7</Offset>");
        terminal.expect("Apply P04 [y,n,a,d,q,e,w,p,i,?]").types("y\r");
        write(&mut terminal);
        assert!(read(&home, "repository/conf/carbon.xml").contains("<Offset>7</Offset>"));
    });
}

#[test]
fn a_secret_is_typed_unseen_and_twice_and_is_never_shown() {
    on_every_screen(|| {
        let home = Home::new();
        let patches = secret_patch(&home);
        let args = ["apply", "--only", "X01", "--patches", &patches];
        let mut terminal = home.run_with(&args, &[("EDITOR", "true")]);
        terminal.expect("password is not told yet").expect("Apply X01").types("p\r");
        // The line above the prompt names the parameter as well.
        terminal
            .expect("not shown")
            .expect("password: ")
            .types("s3cr&t-one\r")
            .expect("again: ")
            .types("other\r");
        terminal
            .expect("The two do not agree.")
            .expect("password: ")
            .types("wrong\x15s3cr&t-one\r");
        terminal.expect("again: ").types("s3cr&t-onf\x7fe\r").expect("password = ********");
        terminal
            .expect("+")
            .expect("Apply X01")
            .types("e\r")
            .expect("left as it was")
            .expect("Apply X01")
            .types("y\r");
        write(&mut terminal);
        let shown = visible(&terminal.seen);
        assert!(!shown.contains("s3cr") && !shown.contains("other"), "{shown}");
        assert!(read(&home, CATALINA).contains("keystorePass=\"s3cr&amp;t-one\""));
    });
}

#[test]
fn control_c_at_a_secret_restores_the_echo_and_writes_nothing() {
    on_every_screen(|| {
        for (keys, quits) in [("half\x03", false), ("\x04", true)] {
            let home = Home::new();
            let patches = secret_patch(&home);
            let mut terminal =
                home.run_with(&["apply", "--only", "X01", "--patches", &patches], &[]);
            terminal.expect("Apply X01").types("p\r").expect("not told yet").expect("password: ");
            assert!(!terminal.echoes(), "nothing that is typed is shown");
            let (status, rest) = terminal.types(keys).ends();
            assert!(status.success() == quits, "{status}: {rest}");
            assert!(terminal.echoes(), "the terminal is as it was");
            assert!(!rest.contains("half"), "{rest}");
            home.untouched();
        }
    });
}

#[test]
fn a_long_line_is_shown_by_the_words_that_change_at_any_width() {
    for (columns, colour) in
        [(80, Colour::Plain), (80, Colour::Full), (200, Colour::Plain), (200, Colour::Full)]
    {
        let home = Home::new();
        let script = home.root.join(SHELL);
        let text = fs::read_to_string(&script).unwrap();
        let text =
            text.replace("    -Xbootclasspath", &format!("    {}\\\n    -Xbootclasspath", long()));
        assert!(text.contains(&long()), "the script has the line");
        fs::write(&script, &text).unwrap();
        let mut terminal = home.apply("P13", columns, colour);
        terminal.expect("Apply P13");
        let raw = terminal.seen.clone();
        let seen = visible(&raw);
        assert_eq!(coloured(&raw), colour == Colour::Full);
        let changed: Vec<&str> =
            seen.lines().filter(|line| line.contains("alue -Djdk.tls.ephemeral")).collect();
        let (old, new) = (changed[0], changed[1]);
        assert!(old.starts_with("-…") && new.starts_with("+…"), "{seen}");
        assert!(old.ends_with('…') && new.ends_with('…'), "{seen}");
        let wide = |line: &str| line.chars().count();
        assert!(wide(old) <= columns.into() && wide(new) <= columns.into(), "{seen}");
        let place = |line: &str| line.split("ephemeralDHKeySize").next().unwrap().chars().count();
        assert_eq!(place(old), place(new), "both sides are aligned");
        if colour == Colour::Plain {
            assert!(old.contains("[-1024-]") && new.contains("{+2048+}"), "{seen}");
        } else {
            assert!(raw.contains("\x1b[7m1024\x1b[27m") && raw.contains("\x1b[7m2048\x1b[27m"));
        }
        terminal.types("y\r");
        write(&mut terminal);
        let wanted = text.replace("DHKeySize=1024", "DHKeySize=2048");
        assert_eq!(fs::read_to_string(&script).unwrap(), wanted);
    }
    let home = Home::new();
    let script = home.root.join(SHELL);
    let text = fs::read_to_string(&script).unwrap();
    let text =
        text.replace("    -Xbootclasspath", &format!("    {}\\\n    -Xbootclasspath", long()));
    fs::write(&script, text).unwrap();
    let piped = said(&home, &["apply", "--dry-run", "--only", "P13"]);
    assert!(piped.contains(&format!("-    {}\\\n", long())), "a piped diff stays a diff");
}

fn long() -> String {
    let flags = "-Dsome.flag=value ".repeat(45);
    format!("{flags}-Djdk.tls.ephemeralDHKeySize=1024 {flags}")
}

/// A day that a waiver can expire on.
fn soon() -> String {
    let output = Command::new("date").args(["-d", "+100 days", "+%F"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A folder with a patch that must be told a secret.
fn secret_patch(home: &Home) -> String {
    let folder = home.root.parent().unwrap().join("patches");
    fs::create_dir(&folder).unwrap();
    let text = r#"
code      = "X01"
name      = "keystore-password"
title     = "Change the key store's password"
level     = "product"
severity  = "high"
safety    = "review"
impact    = ["restart"]
reference = "https://example.org/"
why       = "Everyone knows the shipped one."
risk      = "The store must have the same."

[params.password]
type = "secret"
help = "The new password"

[[variant]]
when = { model = "xml" }

[[variant.xml]]
file   = "{conf}/tomcat/catalina-server.xml"
at     = "Server/Service/Connector[@SSLEnabled='true']"
attr   = "keystorePass"
value  = "{password}"
accept = { not = ["wso2carbon"] }
"#;
    fs::write(folder.join("X01-keystore-password.toml"), text.trim_start()).unwrap();
    folder.to_str().unwrap().to_owned()
}
