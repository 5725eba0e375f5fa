//! Restarts a server and waits for its health. It changes no file of the configuration.

use super::progress::Progress;
use super::{Place, own_port, span, vault};
use crate::commit::{Linux, Terms, password};
use crate::home::discover;
use crate::probe::server::{self, Process};
use crate::probe::{self, Clock as _, Limits, Look, Probe, RealClock, Site, command};
use crate::secret::mask_value;
use std::time::Duration;

/// Which configuration the server is restarted with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    New,
    Old,
}

/// Why a server does not count as healthy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// A clause.
    pub why: String,
    /// The last lines of its log and of the restart command.
    pub lines: Vec<u8>,
}

impl From<String> for Fault {
    fn from(why: String) -> Self {
        Self { why, lines: Vec::new() }
    }
}

impl Place<'_> {
    /// Restarts and looks.
    ///
    /// A command that fails is the end of a new configuration: what answers then may be the server
    /// that never stopped. For the old one only health counts.
    pub fn restart(&self, terms: &Terms, which: Which) -> Result<String, Fault> {
        let Some(line) = &terms.restart else {
            return Err("no command to restart it was given".to_owned().into());
        };
        let home = discover::discover(self.root).map_err(|error| error.to_string())?;
        let base =
            home.instances.first().map(|instance| instance.base.as_str()).unwrap_or_default();
        let site = Site { home: self.root.to_owned(), log: probe::log_of(self.root, base) };
        let mut looks: Vec<(String, Box<dyn Look>)> = Vec::new();
        for probe in probes(terms, &home)?.into_iter().chain(self.leaves(terms, which)) {
            // Its name goes to the screen and into the history, and a URL may hold a password.
            let name = mask_value("health", &probe.to_string());
            looks.push((name, probe.ready(&site)?));
        }
        let left = self.leave_password(&home, &site)?;
        self.screen.note(&format!("Restarting the server: {}", mask_value("restart", line)));
        let clock = RealClock::start();
        let seen = self.run_and_look(line, terms, which, &mut looks, &clock);
        if left {
            password::clear(&Linux, self.root).map_err(|error| error.to_string())?;
        }
        seen.map_err(|mut fault| {
            let log = probe::tail(&site.log, 20);
            if !log.is_empty() {
                fault.lines.extend(format!("last lines of {}:\n", site.log.display()).bytes());
                fault.lines.extend(log);
            }
            fault
        })
    }

    fn run_and_look(
        &self,
        line: &str,
        terms: &Terms,
        which: Which,
        looks: &mut [(String, Box<dyn Look>)],
        clock: &RealClock,
    ) -> Result<String, Fault> {
        let limit = Duration::from_secs(terms.within);
        let ran = command::run(line, self.root, limit)
            .map_err(|error| format!("the restart command cannot be run: {error}"))?;
        if !ran.good() {
            let why = format!("the restart command {}", ran.told());
            let mut lines = b"last lines of the restart command:\n".to_vec();
            lines.extend(ran.tail(20));
            lines.push(b'\n');
            if which == Which::New {
                return Err(Fault { why, lines });
            }
            self.screen.note(&format!("{why}; what counts is whether the server answers."));
        }
        let spent = if which == Which::New { clock.now() } else { Duration::ZERO };
        let limits = Limits {
            within: limit.saturating_sub(spent),
            stable: Duration::from_secs(terms.stable),
        };
        let mut progress = Progress::on(self.screen);
        let waited = clock.now();
        let mut tell = |time: Duration, answer: &str| progress.tell(waited + time, answer);
        probe::wait(looks, limits, clock, &mut tell).map_err(|answer| {
            format!("the server was not healthy within {}: {answer}", span::show(limit)).into()
        })
    }

    /// The process that has to be gone after the restart. One from before the change may stay when
    /// the old configuration is back: it never read another.
    fn leaves(&self, terms: &Terms, which: Which) -> Option<Probe> {
        let first = terms.server.map(|(pid, start)| Process { pid, start });
        let now = server::running(self.root)?;
        (which == Which::New || Some(now) != first).then_some(Probe::Gone(now))
    }

    /// Leaves the vault's password for the start, when the server will ask for it.
    fn leave_password(&self, home: &crate::home::Home, site: &Site) -> Result<bool, String> {
        if !vault::asks(home, &[]) || vault::supplied(self.root) {
            return Ok(false);
        }
        let Some(password) = &self.password else {
            return Err(vault::UNKNOWN.into());
        };
        password::leave(&Linux, self.root, password, &site.log).map_err(|error| error.to_string())
    }
}

fn probes(terms: &Terms, home: &crate::home::Home) -> Result<Vec<Probe>, String> {
    if terms.health.is_empty() {
        return own_port(home)
            .map(|probe| vec![probe])
            .map_err(|why| format!("the server's HTTPS port cannot be told: {why}"));
    }
    terms.health.iter().map(|text| Probe::parse(text)).collect()
}
