//! Stories of an operator at a terminal: the real prompts of the real program, through a
//! pseudoterminal of its own.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "a test")]

mod support;

use rustix::fs::{Mode, OFlags};
use rustix::pty::OpenptFlags;
use rustix::termios::{Winsize, tcsetwinsize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};
use support::{Copy, root, snapshot};

const CATALINA: &str = "repository/conf/tomcat/catalina-server.xml";
const LAST: &str = "Write these changes? [y,n]";

/// Nobody waits longer than this for an answer of the program.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn yes_to_one_and_no_to_the_other_writes_the_one() {
    let home = Home::new();
    let mut terminal = home.apply("P10,P13", 80, Colour::Plain);
    terminal.expect("[1/2] P10 Update the HTTP response header");
    terminal
        .expect("Why:")
        .expect("Impact: restart")
        .expect("+++ b/")
        .expect("Apply P10 [y,n,a,d,q,i,?]");
    terminal.types("y\r").expect("[2/2] P13").expect("Apply P13").types("n\r");
    terminal.expect("1 guideline(s) (P10) change 1 file(s)").expect(LAST);
    home.untouched();
    let (status, rest) = terminal.types("y\r").ends();
    assert_eq!(status.code(), Some(0), "{rest}");
    assert!(rest.contains("Applied as ") && rest.contains("P13 Increase Ephemeral"), "{rest}");
    assert!(rest.contains("not chosen"), "{rest}");
    assert_eq!(home.changed(), [CATALINA]);
}

#[test]
fn a_no_at_the_last_question_writes_nothing() {
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
}

#[test]
fn quit_at_any_question_writes_nothing() {
    let home = Home::new();
    let mut terminal = home.apply("P10,P13", 80, Colour::Plain);
    terminal.expect("Apply P10").types("y\r").expect("Apply P13");
    let (status, rest) = terminal.types("q\r").ends();
    assert_eq!(status.code(), Some(0), "{rest}");
    assert!(rest.contains("Nothing was written."), "{rest}");
    home.untouched();
}

#[test]
fn all_takes_the_rest_but_asks_for_what_can_lock_out() {
    let home = Home::new();
    let mut terminal = home.apply("P10,P11,P13,P14", 80, Colour::Plain);
    terminal.expect("Apply P10").types("a\r").expect("Risk:").expect("Apply P11").types("n\r");
    terminal.expect("3 guideline(s) (P10 P13 P14)").expect(LAST);
    let (status, rest) = terminal.types("y\r").ends();
    assert_eq!(status.code(), Some(0), "{rest}");
    assert!(rest.contains("Applied as ") && rest.contains("P11"), "{rest}");
    assert!(!home.changed().contains(&"repository/conf/tomcat/carbon/WEB-INF/web.xml".to_owned()));
}

#[test]
fn done_leaves_out_this_one_and_all_that_follow() {
    let home = Home::new();
    let mut terminal = home.apply("P10,P13,P14", 80, Colour::Plain);
    terminal.expect("Apply P10").types("y\r").expect("Apply P13").types("d\r");
    terminal.expect("1 guideline(s) (P10)").expect(LAST);
    let (status, rest) = terminal.types("y\r").ends();
    assert_eq!(status.code(), Some(0), "{rest}");
    assert_eq!(rest.matches("not chosen").count(), 2, "{rest}");
    assert_eq!(home.changed(), [CATALINA]);
}

#[test]
fn done_at_the_first_question_is_nothing_to_change() {
    let home = Home::new();
    let mut terminal = home.apply("P10,P13", 80, Colour::Plain);
    let (status, rest) = terminal.expect("Apply P10").types("d\r").ends();
    assert_eq!(status.code(), Some(0), "{rest}");
    assert!(rest.contains("There is nothing to change."), "{rest}");
    home.untouched();
}

#[test]
fn anything_else_explains_the_answers_and_asks_again() {
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
}

#[test]
fn control_c_ends_the_run_and_writes_nothing() {
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
}

#[test]
fn control_d_is_quit() {
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
}

#[test]
fn a_terminal_that_goes_away_ends_the_run_and_writes_nothing() {
    let home = Home::new();
    let mut terminal = home.apply("P10", 80, Colour::Plain);
    terminal.expect("Apply P10").types("y\r").expect(LAST);
    terminal.hangs_up();
    home.untouched();
}

#[test]
fn a_rollback_asks_once_and_no_means_no() {
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

// --- what the stories share ----------------------------------------------------------------------

/// A private copy of a home, and how it was.
struct Home {
    _copy: Copy,
    root: PathBuf,
    before: BTreeMap<PathBuf, (Vec<u8>, u32, u32, u32)>,
}

impl Home {
    fn new() -> Self {
        let copy = Copy::of(&root().join("golden/homes/carbon-4.4.40-xml"));
        let (root, before) = (copy.root.clone(), snapshot(&copy.root));
        Self { _copy: copy, root, before }
    }

    fn apply(&self, only: &str, columns: u16, colour: Colour) -> Terminal {
        self.run(&["apply", "--only", only], columns, colour)
    }

    fn run(&self, args: &[&str], columns: u16, colour: Colour) -> Terminal {
        let home = self.root.to_str().unwrap();
        Terminal::run(&[&["--home", home][..], args].concat(), columns, colour)
    }

    fn untouched(&self) {
        assert!(self.changed().is_empty(), "changed: {:?}", self.changed());
        let state = self.root.join(".harden/tx");
        let transactions = fs::read_dir(state).map_or(0, Iterator::count);
        assert_eq!(transactions, 0, "a transaction was written");
    }

    fn changed(&self) -> Vec<String> {
        let now = snapshot(&self.root);
        let names = now.keys().chain(self.before.keys());
        let mut changed: Vec<String> = names
            .filter(|file| now.get(*file) != self.before.get(*file))
            .map(|file| file.to_str().unwrap().to_owned())
            .collect();
        changed.sort();
        changed.dedup();
        changed
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Colour {
    /// `NO_COLOR` is set.
    Plain,
    Full,
}

/// The program at a pseudoterminal of its own, seen from the operator's side.
struct Terminal {
    child: Child,
    keys: Option<File>,
    output: Receiver<Vec<u8>>,
    /// All that was shown so far.
    seen: String,
    /// Where the next expectation looks from.
    from: usize,
}

impl Terminal {
    fn run(args: &[&str], columns: u16, colour: Colour) -> Self {
        let near =
            rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)
                .unwrap();
        rustix::pty::grantpt(&near).unwrap();
        rustix::pty::unlockpt(&near).unwrap();
        let name = rustix::pty::ptsname(&near, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let far = File::from(rustix::fs::open(name, flags, Mode::empty()).unwrap());
        let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&far, size).unwrap();
        // With a terminal of its own, Ctrl-C is a signal and Ctrl-D the end of the input.
        let mut command = Command::new("setsid");
        // A caller that runs in the background hands down an ignored interrupt.
        command.args(["--ctty", "env", "--default-signal=INT", env!("CARGO_BIN_EXE_harden")]);
        command.args(args).env("TERM", "xterm-256color").env_remove("NO_COLOR");
        if colour == Colour::Plain {
            command.env("NO_COLOR", "1");
        }
        let end = || Stdio::from(far.try_clone().unwrap());
        let child = command.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        let keys = File::from(near);
        let mut screen = keys.try_clone().unwrap();
        let (sender, output) = channel();
        // Ends with an error of the device once the program has ended.
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = screen.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { child, keys: Some(keys), output, seen: String::new(), from: 0 }
    }

    /// Waits until something is shown behind what was expected before.
    #[track_caller]
    fn expect(&mut self, part: &str) -> &mut Self {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.seen[self.from..].find(part) {
                self.from += at + part.len();
                return self;
            }
            let left = until.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.seen.push_str(&String::from_utf8_lossy(&bytes)),
                Err(why) => self.give_up(&format!("{part:?} was never shown ({why})")),
            }
        }
    }

    fn types(&mut self, keys: &str) -> &mut Self {
        self.keys.as_mut().unwrap().write_all(keys.as_bytes()).unwrap();
        self
    }

    /// Waits for the end, and gives what was shown since the last expectation.
    #[track_caller]
    fn ends(&mut self) -> (ExitStatus, String) {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.output.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.seen.push_str(&String::from_utf8_lossy(&bytes)),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => self.give_up("the program does not end"),
            }
        }
        let status = self.child.wait().unwrap();
        (status, self.seen[self.from..].to_owned())
    }

    /// Closes the operator's side, and waits for the program to notice.
    #[track_caller]
    fn hangs_up(mut self) {
        // The reader holds the operator's side as well: it lets go once it has been shown enough.
        drop(std::mem::replace(&mut self.output, channel().1));
        self.types("perhaps\r");
        self.keys = None;
        let until = Instant::now() + PATIENCE;
        while self.child.try_wait().unwrap().is_none() {
            if Instant::now() > until {
                self.give_up("the program does not notice that the terminal is gone");
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    #[track_caller]
    fn give_up(&mut self, why: &str) -> ! {
        let _ = self.child.kill();
        let _ = self.child.wait();
        panic!("{why}; shown so far:\n{}", visible(&self.seen));
    }
}

/// Tells whether text holds a colour or another attribute (ECMA-48: CSI … m).
fn coloured(text: &str) -> bool {
    escapes(text).0.iter().any(|escape| escape.ends_with('m'))
}

/// What a reader sees: no escape sequences, no carriage returns.
fn visible(text: &str) -> String {
    escapes(text).1.replace('\r', "")
}

/// Splits control sequences from the text between them.
fn escapes(text: &str) -> (Vec<String>, String) {
    let mut parts = text.split("\x1b[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    let mut found = Vec::new();
    for part in parts {
        let end = part.find(|c: char| ('@'..='~').contains(&c)).map_or(part.len(), |at| at + 1);
        found.push(part[..end].to_owned());
        plain.push_str(&part[end..]);
    }
    (found, plain)
}
