//! Stories of an operator at a terminal: the real prompts of the real program, through a
//! pseudoterminal of its own.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "a test")]

mod support;

use std::os::unix::process::ExitStatusExt as _;
use support::terminal::{CATALINA, Colour, Home, LAST, coloured, on_every_screen, visible};

#[test]
fn yes_to_one_and_no_to_the_other_writes_the_one() {
    on_every_screen(|| {
        let home = Home::new();
        let mut terminal = home.apply("P10,P13", 80, Colour::Plain);
        terminal.expect("[1/2] P10 Update the HTTP response header");
        terminal
            .expect("Why:")
            .expect("Impact: restart")
            .expect("+++ b/")
            .expect("Apply P10 [y,n,a,d,q,j,J,s,e,w,p,i,?]");
        terminal.types("y\r").expect("[2/2] P13").expect("Apply P13").types("n\r");
        terminal.expect("1 guideline(s) (P10) change 1 file(s)").expect(LAST);
        home.untouched();
        let (status, rest) = terminal.types("y\r").ends();
        assert_eq!(status.code(), Some(0), "{rest}");
        assert!(rest.contains("Applied as ") && rest.contains("P13 Increase Ephemeral"), "{rest}");
        assert!(rest.contains("not chosen"), "{rest}");
        assert_eq!(home.changed(), [CATALINA]);
    });
}

#[test]
fn a_no_at_the_last_question_writes_nothing() {
    on_every_screen(|| {
        for answer in ["n\r", "q\r"] {
            let home = Home::new();
            let mut terminal = home.apply("P10", 80, Colour::Plain);
            terminal.expect("Apply P10").types("y\r").expect(LAST);
            // What is no answer is asked again.
            let (status, rest) = terminal.types("perhaps\r").expect(LAST).types(answer).ends();
            assert_eq!(status.code(), Some(0), "{rest}");
            assert!(rest.contains("Nothing was written."), "{rest}");
            home.untouched();
        }
    });
}

#[test]
fn quit_at_any_question_writes_nothing() {
    on_every_screen(|| {
        let home = Home::new();
        let mut terminal = home.apply("P10,P13", 80, Colour::Plain);
        terminal.expect("Apply P10").types("y\r").expect("Apply P13");
        let (status, rest) = terminal.types("q\r").ends();
        assert_eq!(status.code(), Some(0), "{rest}");
        assert!(rest.contains("Nothing was written."), "{rest}");
        home.untouched();
    });
}

#[test]
fn all_takes_the_rest_but_asks_for_what_can_lock_out() {
    on_every_screen(|| {
        let home = Home::new();
        let mut terminal = home.apply("P10,P11,P13,P14", 80, Colour::Plain);
        terminal.expect("Apply P10").types("a\r").expect("Risk:").expect("Apply P11").types("n\r");
        terminal.expect("3 guideline(s) (P10 P13 P14)").expect(LAST);
        let (status, rest) = terminal.types("y\r").ends();
        assert_eq!(status.code(), Some(0), "{rest}");
        assert!(rest.contains("Applied as ") && rest.contains("P11"), "{rest}");
        assert!(
            !home.changed().contains(&"repository/conf/tomcat/carbon/WEB-INF/web.xml".to_owned())
        );
    });
}

#[test]
fn done_leaves_out_this_one_and_all_that_follow() {
    on_every_screen(|| {
        let home = Home::new();
        let mut terminal = home.apply("P10,P13,P14", 80, Colour::Plain);
        terminal.expect("Apply P10").types("y\r").expect("Apply P13").types("d\r");
        terminal.expect("1 guideline(s) (P10)").expect(LAST);
        let (status, rest) = terminal.types("y\r").ends();
        assert_eq!(status.code(), Some(0), "{rest}");
        assert_eq!(rest.matches("not chosen").count(), 2, "{rest}");
        assert_eq!(home.changed(), [CATALINA]);
    });
}

#[test]
fn done_at_the_first_question_is_nothing_to_change() {
    on_every_screen(|| {
        let home = Home::new();
        let mut terminal = home.apply("P10,P13", 80, Colour::Plain);
        let (status, rest) = terminal.expect("Apply P10").types("d\r").ends();
        assert_eq!(status.code(), Some(0), "{rest}");
        assert!(rest.contains("There is nothing to change."), "{rest}");
        home.untouched();
    });
}

#[test]
fn anything_else_explains_the_answers_and_asks_again() {
    on_every_screen(|| {
        let home = Home::new();
        let mut terminal = home.apply("P10", 80, Colour::Plain);
        for typed in ["?\r", "x\r", "\r", "yes please\r", "Y\r"] {
            terminal.expect("Apply P10").types(typed);
            terminal.expect("y - apply this guideline").expect("q - quit, nothing is written");
        }
        terminal.expect("Apply P10").types("i\r").expect("## What should be true");
        let (status, rest) = terminal.expect("Apply P10").types("q\r").ends();
        assert_eq!(status.code(), Some(0), "{rest}");
        home.untouched();
    });
}

#[test]
fn control_c_ends_the_run_and_writes_nothing() {
    on_every_screen(|| {
        for question in ["Apply P10", LAST] {
            let home = Home::new();
            let mut terminal = home.apply("P10", 80, Colour::Plain);
            terminal.expect("Apply P10");
            if question == LAST {
                terminal.types("y\r").expect(LAST);
            }
            let (status, rest) = terminal.types("\x03").ends();
            let stopped = status.signal() == Some(2) || status.code() == Some(0);
            assert!(stopped, "{status}: {rest}");
            home.untouched();
        }
    });
}

#[test]
fn control_d_is_quit() {
    on_every_screen(|| {
        for question in ["Apply P10", LAST] {
            let home = Home::new();
            let mut terminal = home.apply("P10", 80, Colour::Plain);
            terminal.expect("Apply P10");
            if question == LAST {
                terminal.types("y\r").expect(LAST);
            }
            let (status, rest) = terminal.types("\x04").ends();
            assert_eq!(status.code(), Some(0), "{rest}");
            assert!(rest.contains("Nothing was written."), "{rest}");
            home.untouched();
        }
    });
}

#[test]
fn a_terminal_that_goes_away_ends_the_run_and_writes_nothing() {
    on_every_screen(|| {
        let home = Home::new();
        let mut terminal = home.apply("P10", 80, Colour::Plain);
        terminal.expect("Apply P10").types("y\r").expect(LAST);
        terminal.hangs_up();
        home.untouched();
    });
}

#[test]
fn a_rollback_asks_once_and_no_means_no() {
    on_every_screen(|| {
        let home = Home::new();
        let mut terminal = home.apply("P10", 80, Colour::Plain);
        terminal.expect("Apply P10").types("y\r").expect(LAST).types("y\r").ends();
        assert_eq!(home.changed(), [CATALINA]);
        let mut terminal = home.run(&["rollback"], 80, Colour::Plain);
        let (status, rest) = terminal.expect("server=\"WSO2").expect(LAST).types("n\r").ends();
        assert!(status.code() == Some(0) && rest.contains("Nothing was written."), "{rest}");
        assert_eq!(home.changed(), [CATALINA]);
        let mut terminal = home.run(&["rollback"], 80, Colour::Plain);
        let (status, rest) = terminal.expect(LAST).types("y\r").ends();
        assert!(status.code() == Some(0) && rest.contains("Rolled back as "), "{rest}");
        assert!(home.changed().is_empty());
    });
}

#[test]
fn the_same_is_asked_in_a_narrow_and_a_wide_terminal_with_and_without_colour() {
    for columns in [80, 200] {
        for colour in [Colour::Plain, Colour::Full] {
            let home = Home::new();
            let mut terminal = home.apply("P08,P10", columns, colour);
            terminal.expect("[1/2] P08").expect("sslEnabledProtocols").expect("Apply P08");
            let asked = terminal.types("y\r").seen.clone();
            terminal.expect("[2/2] P10").expect("Apply P10").types("n\r").expect(LAST);
            let (status, rest) = terminal.types("y\r").ends();
            assert_eq!(status.code(), Some(0), "{rest}");
            assert_eq!(coloured(&asked), colour == Colour::Full, "{asked}");
            assert!(rest.contains("Applied as "), "{rest}");
            assert_eq!(home.changed(), [CATALINA]);
        }
    }
}

#[test]
fn a_report_is_wrapped_for_the_terminal_and_is_coloured_unless_no_color_is_set() {
    let home = Home::new();
    let mut longest = Vec::new();
    for columns in [80, 200] {
        for colour in [Colour::Plain, Colour::Full] {
            let (status, report) = home.run(&["check"], columns, colour).ends();
            assert_eq!(status.code(), Some(2), "{report}");
            assert_eq!(coloured(&report), colour == Colour::Full);
            let shown = visible(&report);
            // What has no space, such as the path of a place, is never broken.
            let lines = shown.lines().filter(|line| line.trim().contains(' '));
            let widest = lines.max_by_key(|line| line.chars().count()).unwrap_or_default();
            assert!(widest.chars().count() <= usize::from(columns), "{columns}: {widest}");
            longest.push(widest.chars().count());
        }
    }
    assert!(longest[2] > 80, "a wide terminal is used");
    assert_eq!((longest[0], longest[2]), (longest[1], longest[3]), "colour takes no room");
    home.untouched();
}
