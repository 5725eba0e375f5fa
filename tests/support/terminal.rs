//! The real program at a pseudoterminal of its own, seen from the operator's side.

use super::{Copy, root, snapshot};
use rustix::fs::{Mode, OFlags};
use rustix::pty::OpenptFlags;
use rustix::termios::{Winsize, tcsetwinsize};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Nobody waits longer than this for an answer of the program.
const PATIENCE: Duration = Duration::from_secs(60);

pub const CATALINA: &str = "repository/conf/tomcat/catalina-server.xml";
pub const LAST: &str = "Write these changes? [y,n]";

/// A private copy of a home, and how it was.
pub struct Home {
    _copy: Copy,
    pub root: PathBuf,
    pub before: BTreeMap<PathBuf, (Vec<u8>, u32, u32, u32)>,
}

impl Home {
    pub fn new() -> Self {
        Self::of("carbon-4.4.40-xml")
    }

    pub fn of(name: &str) -> Self {
        let copy = Copy::of(&root().join("golden/homes").join(name));
        let (root, before) = (copy.root.clone(), snapshot(&copy.root));
        Self { _copy: copy, root, before }
    }

    pub fn apply(&self, only: &str, columns: u16, colour: Colour) -> Terminal {
        self.run(&["apply", "--only", only], columns, colour)
    }

    pub fn run(&self, args: &[&str], columns: u16, colour: Colour) -> Terminal {
        let home = self.root.to_str().unwrap();
        Terminal::run(&[&["--home", home][..], args].concat(), columns, colour, &[])
    }

    /// The same with variables of the environment.
    pub fn run_with(&self, args: &[&str], variables: &[(&str, &str)]) -> Terminal {
        let home = self.root.to_str().unwrap();
        Terminal::run(&[&["--home", home][..], args].concat(), 80, Colour::Plain, variables)
    }

    pub fn untouched(&self) {
        assert!(self.changed().is_empty(), "changed: {:?}", self.changed());
        let state = self.root.join(".harden/tx");
        let transactions = fs::read_dir(state).map_or(0, Iterator::count);
        assert_eq!(transactions, 0, "a transaction was written");
    }

    pub fn changed(&self) -> Vec<String> {
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
pub enum Colour {
    /// `NO_COLOR` is set.
    Plain,
    Full,
}

thread_local! {
    /// The terminal that a story is told at, where it is told at each kind.
    static SCREEN: Cell<Option<(u16, Colour)>> = const { Cell::new(None) };
}

/// Tells a story at narrow and wide terminals, with colour and without; what it expects is compared
/// with what one sees, colours left out.
pub fn on_every_screen(story: impl Fn()) {
    for columns in [80, 200] {
        for colour in [Colour::Plain, Colour::Full] {
            SCREEN.set(Some((columns, colour)));
            story();
        }
    }
    SCREEN.set(None);
}

/// The program at a pseudoterminal of its own, seen from the operator's side.
pub struct Terminal {
    child: Child,
    keys: Option<File>,
    output: Receiver<Vec<u8>>,
    /// All that was shown so far.
    pub seen: String,
    /// The same with its colours, in a story for every screen.
    coloured: Option<String>,
    /// Where the next expectation looks from.
    from: usize,
}

impl Terminal {
    pub fn run(args: &[&str], columns: u16, colour: Colour, variables: &[(&str, &str)]) -> Self {
        let every = SCREEN.get();
        let (columns, colour) = every.unwrap_or((columns, colour));
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
        command.env_remove("VISUAL").env_remove("EDITOR").envs(variables.iter().copied());
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
        Self {
            child,
            keys: Some(keys),
            output,
            seen: String::new(),
            coloured: every.map(|_| String::new()),
            from: 0,
        }
    }

    /// Waits until something is shown behind what was expected before.
    #[track_caller]
    pub fn expect(&mut self, part: &str) -> &mut Self {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.seen[self.from..].find(part) {
                self.from += at + part.len();
                return self;
            }
            let left = until.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.show(&bytes),
                Err(why) => self.give_up(&format!("{part:?} was never shown ({why})")),
            }
        }
    }

    fn show(&mut self, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        match &mut self.coloured {
            None => self.seen.push_str(&text),
            Some(all) => {
                all.push_str(&text);
                self.seen = visible(all);
            }
        }
    }

    pub fn types(&mut self, keys: &str) -> &mut Self {
        self.keys.as_mut().unwrap().write_all(keys.as_bytes()).unwrap();
        self
    }

    /// Tells whether the terminal shows what is typed.
    pub fn echoes(&self) -> bool {
        let modes = rustix::termios::tcgetattr(self.keys.as_ref().unwrap()).unwrap().local_modes;
        modes.contains(rustix::termios::LocalModes::ECHO)
    }

    /// Waits for the end, and gives what was shown since the last expectation.
    #[track_caller]
    pub fn ends(&mut self) -> (ExitStatus, String) {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.output.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.show(&bytes),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => self.give_up("the program does not end"),
            }
        }
        let status = self.child.wait().unwrap();
        (status, self.seen[self.from..].to_owned())
    }

    /// Closes the operator's side, and waits for the program to notice.
    #[track_caller]
    pub fn hangs_up(mut self) {
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
pub fn coloured(text: &str) -> bool {
    escapes(text).0.iter().any(|escape| escape.ends_with('m'))
}

/// What a reader sees: no escape sequences, no carriage returns.
pub fn visible(text: &str) -> String {
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
