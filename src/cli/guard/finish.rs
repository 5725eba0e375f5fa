//! Takes a guarded change back, step by step, each noted before the next: the files, then the
//! server. Whoever comes after a crash goes on from the last note. And `harden confirm`.

use super::super::Common;
use super::super::failure::{Exit, Failure};
use super::super::screen::{self, Screen};
use super::super::work;
use super::restart::Which;
use super::{Place, first, patiently, told, vault, watch, window};
use crate::commit::guard::{self, Seat};
use crate::commit::{self, Disk as _, Due, Guard, Guarded, Linux, Meta, Phase};
use crate::patch::Catalogue;
use clap::Args;
use std::collections::BTreeMap;

/// How a change went back.
pub struct Outcome {
    /// Why it did, a clause.
    pub why: String,
    /// What was done, sentences.
    pub notes: Vec<String>,
    /// Tells whether the server was to be restarted.
    pub restarted: bool,
    /// Why the server is not well with its old configuration either.
    pub fault: Option<String>,
}

impl Outcome {
    /// Says it as the end of a run.
    pub fn failure(self) -> Failure {
        let notes = self.notes.join(" ");
        let why = &self.why;
        match self.fault {
            Some(fault) => Failure::Other(
                format!("{why}. {notes} The old configuration is back, but with it, too: {fault}"),
                "Nothing was thrown away: `harden log` lists both transactions. Look at the server's log.".into(),
            ),
            None if self.restarted => Failure::TakenBack(
                format!("{why}. {notes} The old configuration is back, and the server answers with it"),
                "Look at the server's log, change the plan, and try again.".into(),
            ),
            None => Failure::TakenBack(
                format!("{why}. {notes} The old files are back"),
                "Restart the server: it still runs with what it read.".into(),
            ),
        }
    }

    /// Says it before something else goes on.
    pub fn text(&self, id: &str) -> String {
        let end = match (&self.fault, self.restarted) {
            (Some(fault), _) => {
                format!(" The server is not well with the old files either: {fault}.")
            }
            (None, true) => " The server answers with the old configuration.".into(),
            (None, false) => " Restart the server for it to take effect.".into(),
        };
        format!("Transaction {id} was taken back: {}. {}{end}", self.why, self.notes.join(" "))
    }
}

impl Place<'_> {
    /// Decides that an overdue change goes back.
    pub fn overdue(&self, id: &str) -> Result<Guard, Failure> {
        Ok(self.advance(id, &|guard| {
            let now = Linux.moment();
            guard.overdue(&now).then(|| {
                let why = match guard.phase {
                    Phase::Waiting => "nobody confirmed it in time",
                    _ if guard.terms.restart.is_some() => {
                        "the restart did not come to an end in time"
                    }
                    _ => "nobody confirmed it in time",
                };
                guard.step(Phase::Reverting(why.into()), self.due(guard))
            })
        })?)
    }

    /// Walks the rest of the way back.
    ///
    /// # Errors
    /// Somebody else is walking it; a file that cannot be put back.
    pub fn finish(&self, id: &str) -> Result<Outcome, Failure> {
        let _seat = self.seat(id)?;
        let mut notes = Vec::new();
        loop {
            let Some(guard) = guard::look(&Linux, self.root, self.state, id)? else {
                return Err(commit::Error::Unknown(id.to_owned()).into());
            };
            match &guard.phase {
                Phase::Reverting(why) => {
                    self.put_back(id, why, &mut notes)?;
                    self.step(id, &guard, Phase::Reverted(why.clone()))?;
                }
                Phase::Reverted(why) => {
                    let fault = self.bring_up(&guard)?;
                    self.step(id, &guard, Phase::Closed { why: why.clone(), fault })?;
                }
                Phase::Closed { why, fault } => {
                    let restarted = guard.terms.restart.is_some();
                    let (why, fault) = (why.clone(), fault.clone());
                    return Ok(Outcome { why, notes, restarted, fault });
                }
                Phase::Armed | Phase::Waiting | Phase::Kept => {
                    let what = format!("transaction {id} is not being taken back");
                    return Err(Failure::Other(
                        what,
                        "`harden status` tells how it stands.".into(),
                    ));
                }
            }
        }
    }

    /// Takes the worker's seat; one that has sat there beyond its time is passed over.
    fn seat(&self, id: &str) -> Result<Option<Box<dyn std::any::Any>>, Failure> {
        let seat = guard::claim(&Linux, self.root, self.state, Seat::Worker)?;
        let guard = guard::look(&Linux, self.root, self.state, id)?;
        let late = guard.is_none_or(|guard| guard.due.left(&Linux.moment()).is_none());
        if seat.is_none() && !late {
            let what = format!("transaction {id} is being taken back by another harden");
            return Err(Failure::Other(
                what,
                "Wait until it has ended; `harden status` tells.".into(),
            ));
        }
        Ok(seat)
    }

    fn put_back(&self, id: &str, why: &str, notes: &mut Vec<String>) -> Result<(), Failure> {
        let exact = guard::exact(&Linux, self.root, self.state, id)?;
        let meta = Meta {
            verb: "rollback".into(),
            of: Some(id.to_owned()),
            only: Vec::new(),
            tool: env!("CARGO_PKG_VERSION").into(),
            catalogue: Catalogue::load(&[])?.version(),
            who: work::who(),
            host: work::host(),
            note: why.to_owned(),
            settings: BTreeMap::new(),
            // What takes a change back reads no configuration.
            since: None,
            release: None,
        };
        let (root, state) = (self.root, self.state);
        let good = || Ok(());
        let applied =
            patiently(|| commit::apply(&Linux, root, state, &exact.changes, &meta, &good))?;
        let Some(by) = applied.id else {
            return Ok(());
        };
        notes.push(format!("It was taken back as {by}."));
        for (file, now) in exact.foreign {
            let kept = match now {
                Some(digest) => format!(
                    "what it held is kept as {}",
                    self.state
                        .join("tx")
                        .join(&by)
                        .join("blobs")
                        .join(digest.to_string())
                        .display()
                ),
                None => "it had been removed".into(),
            };
            notes.push(format!("{file} was changed by somebody else meanwhile; {kept}."));
        }
        Ok(())
    }

    /// Restarts the server with the old configuration; tells what is wrong with it then.
    fn bring_up(&self, guard: &Guard) -> Result<Option<String>, Failure> {
        if guard.terms.restart.is_none() {
            return Ok(None);
        }
        let told = Place {
            root: self.root,
            state: self.state,
            screen: self.screen,
            password: self.password(guard)?,
            asks: self.asks,
        };
        Ok(told.restart(&guard.terms, Which::Old).err().map(|fault| {
            self.screen.last_lines(&fault.lines);
            fault.why
        }))
    }

    /// The vault's password: known, in the file that was named, or asked for.
    fn password(&self, guard: &Guard) -> Result<Option<crate::secret::Secret>, Failure> {
        if self.password.is_some() {
            return Ok(self.password.clone());
        }
        match &guard.terms.password_file {
            Some(file) => vault::read(file).map(Some),
            None if self.asks && self.vaulted() => vault::prompt().map(Some),
            None => Ok(None),
        }
    }

    fn vaulted(&self) -> bool {
        !vault::supplied(self.root)
            && crate::home::discover::discover(self.root).is_ok_and(|home| vault::asks(&home, &[]))
    }

    fn step(&self, id: &str, seen: &Guard, phase: Phase) -> Result<Guard, Failure> {
        let next = |guard: &Guard| {
            (guard.phase == seen.phase).then(|| guard.step(phase.clone(), self.due(guard)))
        };
        Ok(self.advance(id, &next)?)
    }

    /// When a step of the way back is overdue: a restart, and looks that start after it.
    fn due(&self, guard: &Guard) -> Due {
        let restart = std::time::Duration::from_secs(guard.terms.within);
        Due::after(&Linux.moment(), restart + window(&guard.terms))
    }

    /// Starts a watcher for a guard that lost its own.
    pub fn see_watched(&self, open: &Guarded) -> Result<(), Failure> {
        let seat = guard::claim(&Linux, self.root, self.state, Seat::Watcher)?;
        if seat.is_some() {
            drop(seat);
            let file = open.guard.terms.password_file.as_deref();
            // A file that is gone can be named again later; the deadline cannot wait.
            let password = file.and_then(|file| vault::read(file).ok());
            watch::start(self.root, self.state, &open.id, password.as_ref())?;
        }
        Ok(())
    }
}

#[derive(Debug, Args)]
pub struct ConfirmArguments {
    /// The transaction to keep [default: the one that waits]
    #[arg(value_name = "ID")]
    id: Option<String>,
}

/// Keeps what waits to be confirmed; too late, and it goes back.
pub fn confirm(
    arguments: &ConfirmArguments,
    common: &Common,
    screen: &Screen,
) -> Result<Exit, Failure> {
    work::each_home(common, screen, |home| {
        let state = work::state_dir(common, home);
        let open = guard::open(&Linux, &home.root, &state)?;
        let open = open.filter(|open| arguments.id.as_ref().is_none_or(|id| *id == open.id));
        let Some(open) = open else {
            let what = format!("{}: nothing waits to be confirmed", home.root.display());
            return Err(Failure::Other(
                what,
                "`harden log` tells what was kept and what was not.".into(),
            ));
        };
        let place = Place {
            root: &home.root,
            state: &state,
            screen,
            password: None,
            asks: screen::can_ask(),
        };
        let guard = place.advance(&open.id, &|guard| {
            let in_time = guard.undecided() && !guard.overdue(&Linux.moment());
            in_time.then(|| guard.step(Phase::Kept, guard.due.clone()))
        })?;
        if guard.phase == Phase::Kept {
            screen.note(&format!("{} is kept. `harden rollback` takes it back.", open.id));
            return Ok(Exit::Good);
        }
        place.overdue(&open.id)?;
        Err(place.finish(&open.id)?.failure())
    })
}

/// Finishes what is overdue or was cut off, and says what still waits.
pub fn recover(
    home: &crate::home::Home,
    state: &std::path::Path,
    screen: &Screen,
) -> Result<(), Failure> {
    first(home, state, screen, true)?;
    if let Some(open) = guard::open(&Linux, &home.root, state)?
        && let Some(text) = told(&open.id, &open.guard)
    {
        screen.say(&text);
    }
    Ok(())
}
