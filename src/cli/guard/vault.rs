//! The password that a server with Secure Vault asks for at its start. It is taken from a file or an
//! unseen prompt, never from an argument, and is never shown.

use super::super::failure::Failure;
use super::super::screen;
use super::Job;
use crate::change::RelPath;
use crate::commit::Change;
use crate::home::Home;
use crate::plan::vaulted;
use crate::secret::Secret;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use std::io::{Read as _, Write as _};
use std::path::Path;

pub use vaulted::supplied;

/// What a restart says that needs the password and has none.
pub const UNKNOWN: &str = "Secure Vault is in use, and the password of its key store is not known";

/// The longest password file, in bytes.
const MOST: u64 = 4096;

/// The password, if a restart before or after the change will need it.
pub fn before(job: &Job, file: Option<&Path>) -> Result<Option<Secret>, Failure> {
    let needed = asks(job.home, &[]) || asks(job.home, job.changes);
    if !needed || supplied(&job.home.root) && file.is_none() {
        return Ok(None);
    }
    match file {
        Some(file) => read(file).map(Some),
        None if screen::can_ask() => prompt().map(Some),
        None => Err(Failure::usage(
            format!("{UNKNOWN}; the server would ask for it and nobody could answer"),
            "Name a file that holds it with --vault-password-file.",
        )),
    }
}

/// Tells whether a server of the home asks for the password, once some changes are made.
pub fn asks(home: &Home, changes: &[Change]) -> bool {
    let text = |path: String| {
        let path = RelPath::parse(&path)?;
        let changed = changes.iter().find(|change| change.file == path);
        match changed {
            Some(change) => change.after.clone(),
            None => std::fs::read(home.root.join(path.as_str())).ok(),
        }
    };
    home.instances.iter().any(|instance| {
        let usual = || format!("{}/deployment.toml", instance.conf);
        let deployment = text(instance.moved_toml.clone().unwrap_or_else(usual));
        let switch = text(format!("{}/{}", instance.conf, vaulted::SWITCH));
        vaulted::asks(switch.as_deref(), deployment.as_deref())
    })
}

/// Reads a password file.
pub fn read(file: &Path) -> Result<Secret, Failure> {
    let failed = || Failure::io(file.display().to_string());
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(file).map_err(failed())?;
    opened.take(MOST).read_to_end(&mut bytes).map_err(failed())?;
    if bytes.trim_ascii().is_empty() {
        let what = format!("{} holds no password", file.display());
        return Err(Failure::usage(what, "Its first line is the key store's password."));
    }
    Ok(Secret::new(bytes))
}

/// Asks for the password at the terminal, unseen.
pub fn prompt() -> Result<Secret, Failure> {
    let unreadable = || Failure::io("the terminal cannot be read");
    let input = std::io::stdin();
    let before = tcgetattr(&input).map_err(std::io::Error::from).map_err(unreadable())?;
    let mut unseen = before.clone();
    unseen.local_modes.remove(LocalModes::ECHO);
    unseen.local_modes.insert(LocalModes::ECHONL);
    let set =
        |modes| tcsetattr(&input, OptionalActions::Flush, modes).map_err(std::io::Error::from);
    // Before the question, so that not even a quick answer is seen or lost.
    set(&unseen).map_err(unreadable())?;
    let mut out = std::io::stderr().lock();
    let _ = write!(out, "Password of Secure Vault's key store: ").and_then(|()| out.flush());
    let mut line = String::new();
    let read = input.read_line(&mut line);
    set(&before).map_err(unreadable())?;
    read.map_err(unreadable())?;
    if line.trim().is_empty() {
        let hint = "Name a file that holds it with --vault-password-file.";
        return Err(Failure::usage("no password was given", hint));
    }
    Ok(Secret::new(line.into_bytes()))
}
