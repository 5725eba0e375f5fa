//! The watcher: the same program in a session of its own, which takes a change back when its time is
//! over. It prints nothing, and a terminal that hangs up does not end it.

use super::super::failure::{Exit, Failure};
use super::super::screen::Screen;
use super::Place;
use crate::commit::guard::{self, Seat};
use crate::commit::{self, Disk as _, Error, Linux};
use crate::secret::Secret;
use clap::Args;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// The pause between two looks at the guard.
const PAUSE: Duration = Duration::from_millis(500);
/// How often a step that fails is tried, and the pause between.
const TRIES: u32 = 360;
const REST: Duration = Duration::from_secs(10);

#[derive(Debug, Args)]
pub struct Arguments {
    id: String,
    #[arg(long)]
    root: PathBuf,
    #[arg(long)]
    state: PathBuf,
}

/// Starts a watcher and waits until it watches.
pub fn start(root: &Path, state: &Path, id: &str, password: Option<&Secret>) -> Result<(), Error> {
    let failed = |why: String| Error::Refused {
        what: "the watcher".into(),
        why,
        hint: "Without it the change could not go back by itself; try again.".into(),
    };
    let io = |error: std::io::Error| failed(format!("cannot be started: {error}"));
    let mut child = Command::new(std::env::current_exe().map_err(io)?)
        .args(["watch", id, "--root"])
        .arg(root)
        .arg("--state")
        .arg(std::path::absolute(state).map_err(io)?)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(io)?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(password.map(Secret::reveal).unwrap_or_default()).map_err(io)?;
    }
    let mut answer = String::new();
    if let Some(output) = child.stdout.take() {
        BufReader::new(output.take(64)).read_line(&mut answer).map_err(io)?;
    }
    match answer.trim() {
        READY => Ok(()),
        _ => Err(failed("did not start; another one may be at work".into())),
    }
}

const READY: &str = "ready";

/// Watches one guard until nothing remains to be done.
pub fn run(arguments: &Arguments, screen: &Screen) -> Result<Exit, Failure> {
    // Of this process alone: it is no leader, so it can leave its terminal.
    let _ = rustix::process::setsid();
    let (root, state) = (arguments.root.as_path(), arguments.state.as_path());
    let Some(_seat) = seat(root, state)? else {
        return Ok(Exit::Error);
    };
    let mut password = Vec::new();
    let read = std::io::stdin().take(4096).read_to_end(&mut password);
    read.map_err(Failure::io("the password"))?;
    let password = (!password.is_empty()).then(|| Secret::new(password));
    screen.say(READY);
    let place = Place { root, state, screen, password, asks: false };
    let mut tries = 0;
    while tries < TRIES {
        match place.watch(&arguments.id) {
            Ok(None) => return Ok(Exit::Good),
            Ok(Some(pause)) => {
                tries = 0;
                std::thread::sleep(pause);
            }
            Err(_) => {
                tries += 1;
                std::thread::sleep(REST);
            }
        }
    }
    Ok(Exit::Error)
}

/// Takes the watcher's seat; one whose guard was just closed gives it up soon.
fn seat(root: &Path, state: &Path) -> Result<Option<Box<dyn std::any::Any>>, Failure> {
    for _ in 0..10 {
        if let Some(seat) = guard::claim(&Linux, root, state, Seat::Watcher)? {
            return Ok(Some(seat));
        }
        std::thread::sleep(PAUSE);
    }
    Ok(None)
}

impl Place<'_> {
    /// Looks once, and does what is overdue; tells when to look again, or that nothing remains.
    fn watch(&self, id: &str) -> Result<Option<Duration>, Failure> {
        if !self.root.exists() {
            return Ok(None);
        }
        let Some(guard) = guard::look(&Linux, self.root, self.state, id)?.filter(|g| g.open())
        else {
            return Ok(None);
        };
        let left = guard.due.left(&Linux.moment());
        if guard.undecided() {
            if let Some(left) = left {
                // Somebody may have taken it back by hand; then there is nothing to wait for.
                return Ok((!self.undone(id)?).then(|| left.min(PAUSE)));
            }
            // What a crash cut off before it counted goes back by itself, and its guard with it.
            commit::recover(&Linux, self.root, self.state)?;
            let open = guard::open(&Linux, self.root, self.state)?;
            if open.is_none_or(|open| open.id != id) {
                return Ok(None);
            }
            self.overdue(id)?;
        } else if left.is_some() {
            // Somebody may be at it, and then is left to it.
            match guard::claim(&Linux, self.root, self.state, Seat::Worker)? {
                Some(seat) => drop(seat),
                None => return Ok(Some(PAUSE)),
            }
        }
        self.finish(id)?;
        Ok(None)
    }
}
