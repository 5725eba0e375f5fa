//! The guard of a transaction: until when somebody has to keep it, and how far keeping it or taking
//! it back has come.
//!
//! A guard is on disk before the first file of its transaction is replaced, so that a crash at any
//! moment leaves a record that says what is to be done. It judges no server and starts no process;
//! it lets one caller at a time take the next step, and never two different ones.
//!
//! ```text
//! armed ──→ kept                      a healthy server, or a person
//!   │  └──→ waiting ──→ kept          a healthy server, then a person
//!   └────────┴──→ reverting ──→ reverted ──→ closed
//!                 files       server       nothing remains
//! ```

use super::disk::{Disk, Lock};
use super::error::{Error, on};
use super::history::{self, Standing};
use super::journal::{self, Record};
use super::manifest::Meta;
use super::rollback;
use super::state::State;
use super::target::{Side, Sight, Target};
use super::{Change, recover, roots};
use crate::change::RelPath;
use crate::digest::Digest;
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A guard as it stands in the journal; the last record counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guard {
    pub phase: Phase,
    /// When the step that this phase waits for is overdue.
    pub due: Due,
    pub terms: Terms,
}

/// How far a guard has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The change is in place, or about to be.
    Armed,
    /// The server is well with it; a person has not said so yet.
    Waiting,
    /// It stays.
    Kept,
    /// The files go back, for this reason.
    Reverting(String),
    /// The files are back; the server is not known to run with them yet.
    Reverted(String),
    /// Nothing remains to be done; the fault of the server is told if it did not come back.
    Closed { why: String, fault: Option<String> },
}

/// What was agreed when the guard was armed; durations in seconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// How long a person has to confirm; nothing when none has to.
    pub confirm: Option<u64>,
    /// The command that restarts the server.
    pub restart: Option<String>,
    /// What must be seen then; empty stands for the server's own port.
    pub health: Vec<String>,
    pub within: u64,
    pub stable: u64,
    /// The file with the password of Secure Vault's key store.
    pub password_file: Option<PathBuf>,
    /// The server's process before the change, as `PID` and start.
    pub server: Option<(u32, u64)>,
}

/// A moment by three clocks: the calendar, and the machine's since it was switched on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// Seconds since 1970.
    pub wall: i64,
    /// Tells one run of the machine from another; empty when unknown.
    pub boot: String,
    /// Seconds since the machine was switched on, sleep included.
    pub uptime: u64,
}

/// A deadline that outlives a reboot and a clock that is set.
///
/// Within one run of the machine only the uptime counts, so that setting the calendar neither
/// hastens nor delays it. After a reboot the calendar counts; when it is earlier than at arming it
/// cannot be trusted, and the deadline is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    since: i64,
    wall: i64,
    boot: String,
    uptime: u64,
}

impl Due {
    pub fn after(now: &Moment, time: Duration) -> Self {
        // Part of a second counts as a whole one.
        let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
        Self {
            since: now.wall,
            wall: now.wall.saturating_add_unsigned(seconds),
            boot: now.boot.clone(),
            uptime: now.uptime.saturating_add(seconds),
        }
    }

    /// What is left; nothing when it is over.
    pub fn left(&self, now: &Moment) -> Option<Duration> {
        let seconds = if !now.boot.is_empty() && now.boot == self.boot {
            self.uptime.saturating_sub(now.uptime)
        } else if now.wall < self.since {
            0
        } else {
            u64::try_from(self.wall.saturating_sub(now.wall)).unwrap_or(0)
        };
        (seconds > 0).then(|| Duration::from_secs(seconds))
    }
}

impl Guard {
    pub fn armed(terms: Terms, due: Due) -> Self {
        Self { phase: Phase::Armed, due, terms }
    }

    /// Tells whether something remains to be done.
    pub fn open(&self) -> bool {
        !matches!(self.phase, Phase::Kept | Phase::Closed { .. })
    }

    /// Tells whether it still can be kept.
    pub fn undecided(&self) -> bool {
        matches!(self.phase, Phase::Armed | Phase::Waiting)
    }

    pub fn overdue(&self, now: &Moment) -> bool {
        self.undecided() && self.due.left(now).is_none()
    }

    /// The same guard one step on.
    pub fn step(&self, phase: Phase, due: Due) -> Self {
        Self { phase, due, terms: self.terms.clone() }
    }
}

/// How a transaction comes by a guard.
pub struct Arm<'a> {
    pub guard: &'a Guard,
    /// Called with the transaction's name once the guard is on disk and no file is replaced yet.
    pub armed: &'a dyn Fn(&str) -> Result<(), Error>,
}

/// A guard that is open, with its transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guarded {
    pub id: String,
    pub guard: Guard,
}

/// Finds the open guard of a home; only looks.
pub fn open(disk: &dyn Disk, home: &Path, state: &Path) -> Result<Option<Guarded>, Error> {
    let (_, root) = roots(disk, home, state)?;
    State::open(disk, &root)?.map_or(Ok(None), |state| of(&state))
}

/// Reads the guard of one transaction, whatever became of it; only looks.
pub fn look(disk: &dyn Disk, home: &Path, state: &Path, id: &str) -> Result<Option<Guard>, Error> {
    let (_, root) = roots(disk, home, state)?;
    let Some(state) = State::open(disk, &root)? else {
        return Ok(None);
    };
    match state.progress(id) {
        Ok(progress) => Ok(progress.guard),
        Err(Error::Damaged { .. }) if !state.exists(&state.dir(id))? => Ok(None),
        Err(error) => Err(error),
    }
}

/// Takes a step that nobody else can take at the same time: `next` sees the guard as it is and says
/// what it becomes, or nothing when it should stay. The guard as it then is comes back.
pub fn advance(
    disk: &dyn Disk,
    home: &Path,
    state: &Path,
    id: &str,
    next: &dyn Fn(&Guard) -> Option<Guard>,
) -> Result<Guard, Error> {
    let (home, root) = roots(disk, home, state)?;
    let unknown = || Error::Unknown(id.to_owned());
    let state = State::open(disk, &root)?.ok_or_else(unknown)?;
    let _lock = state.lock("guard", "")?;
    recover::all(&home, &state)?;
    if !state.exists(&state.dir(id))? {
        return Err(unknown());
    }
    let guard = state.progress(id)?.guard.ok_or_else(unknown)?;
    match next(&guard) {
        None => Ok(guard),
        Some(next) => {
            let record = Record::Guard(Box::new(next.clone()));
            journal::append(disk, &state.dir(id), id, &record)?;
            Ok(next)
        }
    }
}

/// What taking a guarded transaction back writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exact {
    pub changes: Vec<Change>,
    /// Files that somebody else changed meanwhile: what they hold now, by digest.
    pub foreign: Vec<(RelPath, Option<Digest>)>,
}

/// Builds the changes that give every file of a transaction its image from before, exactly.
///
/// Unlike a rollback it merges nothing: a server that does not come up needs the configuration with
/// which it did. What somebody else wrote meanwhile is the image from before in the transaction that
/// makes these changes, and so is kept.
pub fn exact(disk: &dyn Disk, home: &Path, state: &Path, id: &str) -> Result<Exact, Error> {
    let (home, root) = roots(disk, home, state)?;
    let state = State::open(disk, &root)?.ok_or_else(|| Error::Unknown(id.to_owned()))?;
    let manifest = state.manifest(id)?;
    recover::same_home(&home, &state, &manifest)?;
    let mut exact = Exact { changes: Vec::new(), foreign: Vec::new() };
    for entry in &manifest.files {
        let target = Target::find(disk, &home, &entry.path)?;
        if let Sight::Else(_) = target.sight {
            return Err(Error::Refused {
                what: entry.path.to_string(),
                why: "is not a regular file any more".into(),
                hint: "Put an ordinary file in its place.".into(),
            });
        }
        let side = target.sight.side(entry);
        if side == Side::Before {
            continue;
        }
        let now = target.sight.file();
        if side == Side::Foreign {
            let digest = now.map(|look| Digest::of(&look.bytes));
            exact.foreign.push((entry.path.clone(), digest));
        }
        let after = entry.before.as_ref().map(|image| state.image(id, image.digest)).transpose()?;
        let attrs = match side {
            Side::After => rollback::attrs_back(entry, now),
            _ => entry.before.as_ref().map(|image| image.attrs.clone()),
        };
        exact.changes.push(rollback::change(entry, now, after, attrs, Vec::new()));
    }
    Ok(exact)
}

/// Who may be at work on a guard, one of each for a home.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seat {
    /// Waits for the deadline.
    Watcher,
    /// Takes a change back.
    Worker,
}

/// Takes a seat until the value is dropped, or the process ends; nothing when it is taken.
pub fn claim(
    disk: &dyn Disk,
    home: &Path,
    state: &Path,
    seat: Seat,
) -> Result<Option<Box<dyn Any>>, Error> {
    let (_, root) = roots(disk, home, state)?;
    let path = root.join(match seat {
        Seat::Watcher => "watcher",
        Seat::Worker => "worker",
    });
    match disk.lock(&path, "").map_err(on("lock", &path))? {
        Lock::Held(held) => {
            State::open(disk, &root)?.map_or(Ok(()), |state| state.give(&path))?;
            Ok(Some(held))
        }
        Lock::Busy(_) => Ok(None),
    }
}

/// Finds the open guard of a state folder.
pub(super) fn of(state: &State) -> Result<Option<Guarded>, Error> {
    for past in history::all(state)?.into_iter().rev() {
        let Some(guard) = past.guard.filter(Guard::open) else {
            continue;
        };
        // Once a person took it back by hand, nothing is left to guard.
        let counts = match past.standing {
            Standing::Applied => true,
            Standing::Undone { .. } => !guard.undecided(),
            _ => false,
        };
        if counts {
            return Ok(Some(Guarded { id: past.id, guard }));
        }
    }
    Ok(None)
}

/// Refuses a transaction that would be built on one which may still go back.
pub(super) fn refuse_others(state: &State, meta: &Meta) -> Result<(), Error> {
    let Some(Guarded { id, guard }) = of(state)? else {
        return Ok(());
    };
    if meta.only.is_empty() && meta.of.as_ref() == Some(&id) {
        return Ok(());
    }
    let (why, hint) = if guard.undecided() {
        ("waits to be confirmed", "`harden confirm` keeps it, `harden rollback` takes it back.")
    } else {
        ("is being taken back", "Wait, or run `harden recover`.")
    };
    Err(Error::Refused { what: format!("transaction {id}"), why: why.into(), hint: hint.into() })
}
