//! Around a commit: the change has to prove itself, or it goes back.
//!
//! A guard is armed before the first file changes. A healthy server keeps the change (`--restart`),
//! or a person does (`--confirm`), or both in turn; nobody in time, and it goes back. A watcher
//! process of its own sees to that when this one does not live to.

mod finish;
mod progress;
mod restart;
mod span;
mod vault;
pub mod watch;

pub use finish::{ConfirmArguments, confirm, recover};

use super::failure::{Exit, Failure};
use super::screen::{self, Screen};
use crate::commit::{self, Applied, Arm, Change, Disk as _, Due, Guard, Linux, Meta, Phase, Terms};
use crate::home::{Home, View};
use crate::plan::{Scene, port};
use crate::probe::{Probe, server};
use crate::secret::Secret;
use clap::Args;
use std::path::{Path, PathBuf};
use std::time::Duration;

#[derive(Debug, Clone, Default, Args)]
#[group(skip)]
pub struct Arguments {
    /// Restart the server by this command, and keep the change only if the server is healthy then
    #[arg(long, value_name = "CMD")]
    restart: Option<String>,
    /// What healthy means: a URL, tcp://HOST:PORT, log:REGEX or cmd:CMD; repeatable, all must hold
    /// [default: the server's HTTPS port answers]
    #[arg(long, value_name = "PROBE", requires = "restart")]
    health: Vec<String>,
    /// How long the server may take to become healthy
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = span::parse)]
    within: Duration,
    /// How long it must then stay healthy
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = span::parse)]
    stable: Duration,
    /// Take the change back unless `harden confirm` keeps it within this time
    #[arg(long, value_name = "DURATION", value_parser = span::parse)]
    confirm: Option<Duration>,
    /// A file with the password of Secure Vault's key store, for the restart
    #[arg(long, value_name = "FILE", requires = "restart")]
    vault_password_file: Option<PathBuf>,
}

/// What is to be committed where.
pub struct Job<'a> {
    pub home: &'a Home,
    pub state: &'a Path,
    pub changes: &'a [Change],
    pub meta: &'a Meta,
}

/// A home whose server is guarded.
struct Place<'a> {
    root: &'a Path,
    state: &'a Path,
    screen: &'a Screen,
    /// The password of Secure Vault's key store, once somebody told it.
    password: Option<Secret>,
    /// Somebody is there who could tell it.
    asks: bool,
}

/// Time for a last look beyond what the looks are given, and for the writing before them.
const MARGIN: Duration = Duration::from_secs(10);
const WRITING: Duration = Duration::from_secs(60);

/// Commits some changes, and with a restart or a confirmation asked for sees them kept or back.
///
/// # Errors
/// [`Failure::TakenBack`] when the change went back; what the commit itself can fail with.
pub fn commit(
    arguments: &Arguments,
    job: &Job,
    screen: &Screen,
    verify: &dyn Fn() -> Result<(), String>,
) -> Result<Exit, Failure> {
    if arguments.restart.is_none() && arguments.confirm.is_none() {
        let Job { home, state, changes, meta } = job;
        let applied = commit::apply(&Linux, &home.root, state, changes, meta, verify)?;
        tell(
            screen,
            &applied,
            "Restart the server for the changes to take effect; `harden rollback` takes them back.",
        );
        return Ok(Exit::Good);
    }
    let terms = arguments.terms(job)?;
    let password = match &terms.restart {
        Some(_) => vault::before(job, terms.password_file.as_deref())?,
        None => None,
    };
    let time = match (&terms.restart, arguments.confirm) {
        (None, Some(time)) => time,
        _ => WRITING + window(&terms),
    };
    let armed = Guard::armed(terms.clone(), Due::after(&Linux.moment(), time));
    let start = |id: &str| watch::start(&job.home.root, job.state, id, password.as_ref());
    let arm = Arm { guard: &armed, armed: &start };
    let Job { home, state, changes, meta } = job;
    let applied =
        commit::apply_guarded(&Linux, &home.root, state, changes, meta, Some(arm), verify)?;
    tell(screen, &applied, "");
    let Some(id) = applied.id else {
        return Ok(Exit::Good);
    };
    let place = Place { root: &home.root, state, screen, password, asks: screen::can_ask() };
    if terms.restart.is_some() {
        screen.note(&format!(
            "If this is interrupted, {id} goes back by itself within {}; `harden confirm` keeps it.",
            span::show(time)
        ));
        if place.prove(&id, &terms)? == Phase::Kept {
            screen.note(&format!(
                "The server is healthy; {id} is kept. `harden rollback` takes it back."
            ));
            return Ok(Exit::Good);
        }
    }
    let left = span::show(arguments.confirm.unwrap_or_default());
    screen.note(&format!(
        "{id} goes back in {left} unless `harden confirm` keeps it.{}",
        if terms.restart.is_some() { "" } else { " Restart the server and look at it." }
    ));
    Ok(Exit::Waiting)
}

impl Arguments {
    /// Tells whether the change is to prove itself or to be confirmed.
    pub fn asked(&self) -> bool {
        self.restart.is_some() || self.confirm.is_some()
    }

    /// Checks what can be checked before anybody is asked anything.
    pub fn check(&self) -> Result<(), Failure> {
        for text in &self.health {
            Probe::parse(text).map_err(|why| {
                let hint = "For example: --health https://localhost:9443/carbon/admin/login.jsp";
                Failure::usage(format!("--health: {why}"), hint)
            })?;
        }
        if let Some(path) = self.vault_password_file.as_ref().filter(|path| !path.is_file()) {
            let what = format!("--vault-password-file: {} is no file", path.display());
            return Err(Failure::usage(what, "Name a file that holds the password."));
        }
        Ok(())
    }

    /// Works out what was asked for, before anything is written.
    fn terms(&self, job: &Job) -> Result<Terms, Failure> {
        if self.restart.is_some() && self.health.is_empty() {
            own_port(job.home).map_err(|why| {
                let what = format!("the server's HTTPS port cannot be told: {why}");
                Failure::usage(what, "Name what healthy means with --health.")
            })?;
        }
        let password_file = self
            .vault_password_file
            .as_ref()
            .map(|path| path.canonicalize().map_err(Failure::io(path.display().to_string())));
        let server = server::running(&job.home.root);
        Ok(Terms {
            confirm: self.confirm.map(|time| time.as_secs()),
            restart: self.restart.clone(),
            health: self.health.clone(),
            within: self.within.as_secs(),
            stable: self.stable.as_secs(),
            password_file: password_file.transpose()?,
            server: server.map(|process| (process.pid, process.start)),
        })
    }
}

impl Place<'_> {
    /// Restarts the server and keeps the change if it is healthy.
    fn prove(&self, id: &str, terms: &Terms) -> Result<Phase, Failure> {
        let due = || Due::after(&Linux.moment(), window(terms));
        let guard = self.advance(id, &|guard| {
            (guard.phase == Phase::Armed).then(|| guard.step(Phase::Armed, due()))
        })?;
        let mut seen = Ok(String::new());
        if guard.undecided() {
            seen = self.restart(terms, restart::Which::New).map_err(|fault| {
                self.screen.last_lines(&fault.lines);
                fault.why
            });
        }
        if self.undone(id)? {
            return Err(Failure::TakenBack(
                format!("{id} was taken back by somebody else meanwhile"),
                "Restart the server, so that it runs what its files say.".into(),
            ));
        }
        let guard = self.advance(id, &|guard| match (&seen, &guard.phase) {
            (Ok(_), Phase::Armed) => Some(match terms.confirm {
                None => guard.step(Phase::Kept, due()),
                Some(seconds) => {
                    let time = Duration::from_secs(seconds);
                    guard.step(Phase::Waiting, Due::after(&Linux.moment(), time))
                }
            }),
            (Err(why), Phase::Armed) => Some(guard.step(Phase::Reverting(why.clone()), due())),
            _ => None,
        })?;
        match guard.phase {
            Phase::Kept if seen.is_err() => Err(Failure::Other(
                format!(
                    "{id} is kept, since `harden confirm` said so, but {}",
                    seen.err().unwrap_or_default()
                ),
                "`harden rollback` takes it back; then restart the server.".into(),
            )),
            phase @ (Phase::Armed | Phase::Waiting | Phase::Kept) => Ok(phase),
            _ => Err(self.finish(id)?.failure()),
        }
    }

    /// Tells whether a transaction was taken back.
    fn undone(&self, id: &str) -> Result<bool, Failure> {
        let past = commit::history(&Linux, self.state)?;
        let undone = |past: &commit::Past| matches!(past.standing, commit::Standing::Undone { .. });
        Ok(past.iter().any(|past| past.id == id && undone(past)))
    }

    /// Takes a step of the guard; waits a little for another harden to end.
    fn advance(
        &self,
        id: &str,
        next: &dyn Fn(&Guard) -> Option<Guard>,
    ) -> Result<Guard, commit::Error> {
        patiently(|| commit::guard::advance(&Linux, self.root, self.state, id, next))
    }
}

/// Tries again for a while what another harden is in the way of.
fn patiently<T>(act: impl Fn() -> Result<T, commit::Error>) -> Result<T, commit::Error> {
    for _ in 0..50 {
        match act() {
            Err(commit::Error::Busy { .. }) => std::thread::sleep(Duration::from_millis(200)),
            other => return other,
        }
    }
    act()
}

/// How long a restart and its looks may take, and somewhat more.
fn window(terms: &Terms) -> Duration {
    let looks = Duration::from_secs(terms.health.len() as u64);
    Duration::from_secs(terms.within.saturating_add(terms.stable)) + MARGIN + looks
}

/// The address of the server's own HTTPS port. Of several servers in one home it is the first one's.
fn own_port(home: &Home) -> Result<Probe, String> {
    let view = View::of(&home.root);
    let instance = home.instances.first().ok_or("the home has no server")?;
    let (host, port) = port::https(&Scene { home, instance, view: &view })?;
    Ok(Probe::Port(host, port))
}

fn tell(screen: &Screen, applied: &Applied, next: &str) {
    for note in &applied.notes {
        screen.note(note);
    }
    let id = applied.id.clone().unwrap_or_default();
    let text = format!("Applied as {id}: {} file(s) changed. {next}", applied.files.len());
    screen.note(text.trim_end());
}

/// Says how a transaction's guard stands, for those who only look; nothing when it is closed.
pub fn told(id: &str, guard: &Guard) -> Option<String> {
    match (&guard.phase, guard.due.left(&Linux.moment())) {
        (Phase::Armed | Phase::Waiting, Some(left)) => Some(format!(
            "Transaction {id} goes back in {} unless {}.",
            span::show(left),
            match guard.phase {
                Phase::Armed if guard.terms.restart.is_some() =>
                    "its server proves healthy or `harden confirm` keeps it",
                _ => "`harden confirm` keeps it",
            }
        )),
        (Phase::Armed | Phase::Waiting, None) => Some(format!(
            "Transaction {id} is overdue: nobody kept it. `harden recover` takes it back."
        )),
        (Phase::Reverting(why), _) => Some(format!(
            "Transaction {id} is being taken back ({why}); `harden recover` finishes it."
        )),
        (Phase::Reverted(why), _) => Some(format!(
            "Transaction {id} is taken back ({why}), the server is not known to run again; \
             `harden recover` finishes it."
        )),
        (Phase::Closed { why, fault: Some(fault) }, _) => Some(format!(
            "Transaction {id} was taken back ({why}), and the server did not come back: {fault}."
        )),
        (Phase::Kept | Phase::Closed { .. }, _) => None,
    }
}

/// Does first what is overdue: takes back what nobody kept, finishes what a crash cut off.
///
/// # Errors
/// A refusal while a change may still be kept, unless `aside` says that the caller deals with it.
pub fn first(home: &Home, state: &Path, screen: &Screen, aside: bool) -> Result<(), Failure> {
    let Some(open) = commit::guard::open(&Linux, &home.root, state)? else {
        return Ok(());
    };
    let place = Place { root: &home.root, state, screen, password: None, asks: screen::can_ask() };
    if open.guard.undecided() && !open.guard.overdue(&Linux.moment()) {
        place.see_watched(&open)?;
        if aside {
            return Ok(());
        }
        let what = told(&open.id, &open.guard).unwrap_or_default();
        let hint = "`harden confirm` keeps it, `harden rollback` takes it back; then go on.";
        return Err(Failure::Other(what.trim_end_matches('.').to_owned(), hint.into()));
    }
    place.overdue(&open.id)?;
    let outcome = place.finish(&open.id)?;
    screen.note(&outcome.text(&open.id));
    Ok(())
}
