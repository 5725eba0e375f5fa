//! Live looks at a server that was just restarted: does it answer, and does it go on answering.
//!
//! Every look is bounded in time and in bytes, and none writes anything. No certificate is verified:
//! the question is life, not trust. A running process or a start script that ended well proves
//! nothing; WSO2's scripts end with 0 whatever became of the server.

pub mod command;
pub mod hello;
mod http;
mod log;
pub mod server;
mod tcp;

pub use log::tail;

use server::Process;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The longest that one look may take.
pub const LOOK: Duration = Duration::from_secs(5);
/// The pause between two rounds of looks.
const PAUSE: Duration = Duration::from_millis(500);

/// What must be seen for a server to count as healthy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// The server's own HTTPS port: any HTTP status below 500.
    Port(String, u16),
    /// 2xx, 3xx, 401 or 403 from an address.
    Url(String),
    /// `HOST:PORT` accepts a connection.
    Tcp(String),
    /// A line that matches is appended to the server's log.
    Log(String),
    /// A command ends with 0.
    Command(String),
    /// The process of before the restart has ended.
    Gone(Process),
}

/// Where a server is.
#[derive(Debug, Clone)]
pub struct Site {
    /// Commands run here.
    pub home: PathBuf,
    /// The server's log.
    pub log: PathBuf,
}

/// One thing to look at: an answer that is life, or one that is not.
pub trait Look {
    fn look(&mut self, limit: Duration) -> Result<String, String>;
}

/// The time, so that tests need none.
pub trait Clock {
    /// Since some fixed moment.
    fn now(&self) -> Duration;
    fn sleep(&self, time: Duration);
}

/// How long to wait for health.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Until the first healthy round.
    pub within: Duration,
    /// For which every round must then be healthy.
    pub stable: Duration,
}

impl Probe {
    /// Reads a probe as an operator writes it.
    ///
    /// # Errors
    /// A clause that says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(pattern) = text.strip_prefix("log:") {
            log::pattern(pattern)?;
            return Ok(Self::Log(pattern.to_owned()));
        }
        if let Some(command) = text.strip_prefix("cmd:") {
            return match command.trim() {
                "" => Err("cmd: names no command".into()),
                _ => Ok(Self::Command(command.to_owned())),
            };
        }
        if let Some(place) = text.strip_prefix("tcp://") {
            let place = place.trim_end_matches('/');
            let port = place.rsplit_once(':').filter(|(host, _)| !host.is_empty());
            return match port.and_then(|(_, port)| port.parse::<u16>().ok()) {
                Some(port) if port > 0 => Ok(Self::Tcp(place.to_owned())),
                _ => Err(format!("{text} is not of the form tcp://HOST:PORT")),
            };
        }
        let scheme = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        match scheme {
            Some(rest) if !rest.is_empty() && !rest.starts_with('/') => {
                Ok(Self::Url(text.to_owned()))
            }
            _ => Err(format!("{text} is neither a URL, tcp://HOST:PORT, log:REGEX nor cmd:CMD")),
        }
    }

    /// Makes ready to look, before the restart: a log is read from where it ends now.
    ///
    /// # Errors
    /// A clause.
    pub fn ready(&self, site: &Site) -> Result<Box<dyn Look>, String> {
        Ok(match self {
            Self::Port(host, port) => Box::new(http::Http::port(host, *port)),
            Self::Url(url) => Box::new(http::Http::url(url)),
            Self::Tcp(place) => Box::new(tcp::Tcp { place: place.clone() }),
            Self::Log(pattern) => Box::new(log::Log::from_here(&site.log, pattern)?),
            Self::Command(line) => {
                Box::new(command::Check { line: line.clone(), home: site.home.clone() })
            }
            Self::Gone(process) => Box::new(server::Gone(*process)),
        })
    }
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(host, port) => write!(f, "https://{host}:{port}/"),
            Self::Url(url) => f.write_str(url),
            Self::Tcp(place) => write!(f, "tcp://{place}"),
            Self::Log(pattern) => write!(f, "log:{pattern}"),
            Self::Command(line) => write!(f, "cmd:{line}"),
            Self::Gone(process) => write!(f, "process {}", process.pid),
        }
    }
}

/// Waits until all looks are good and stay so; `tell` hears every round's answer.
///
/// # Errors
/// The answer that was not good, with what it belongs to.
pub fn wait(
    looks: &mut [(String, Box<dyn Look>)],
    limits: Limits,
    clock: &dyn Clock,
    tell: &mut dyn FnMut(Duration, &str),
) -> Result<String, String> {
    let start = clock.now();
    let mut healthy: Option<Duration> = None;
    let mut was = None;
    loop {
        let began = clock.now();
        let left = match healthy {
            Some(since) => (since + limits.stable).saturating_sub(began),
            None => (start + limits.within).saturating_sub(began),
        };
        let answer = round(looks, left.clamp(Duration::from_secs(1), LOOK));
        let now = clock.now();
        let text = match &answer {
            Ok(text) | Err(text) => text.as_str(),
        };
        tell(now - start, text);
        match answer {
            Ok(text) => {
                let since = *healthy.get_or_insert(began);
                if now - since >= limits.stable {
                    return Ok(text);
                }
            }
            Err(text) => {
                was = healthy.take().map(|since| (now - since).as_secs()).or(was);
                if now - start >= limits.within {
                    return Err(match was {
                        Some(seconds) => format!("healthy for {seconds} s, then {text}"),
                        None => text,
                    });
                }
            }
        }
        clock.sleep(PAUSE);
    }
}

/// Looks at everything once; the first answer that is not good ends the round. Of the good ones the
/// first is told.
fn round(looks: &mut [(String, Box<dyn Look>)], limit: Duration) -> Result<String, String> {
    let mut first = None;
    for (name, look) in looks {
        match look.look(limit) {
            Ok(answer) => drop(first.get_or_insert(format!("{name}: {answer}"))),
            Err(answer) => return Err(format!("{name}: {answer}")),
        }
    }
    first.ok_or_else(|| "nothing is looked at".into())
}

/// The clock of this machine.
#[derive(Debug)]
pub struct RealClock(Instant);

impl RealClock {
    pub fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for RealClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// Where a server that lies in a folder of the home writes its log.
pub fn log_of(home: &Path, base: &str) -> PathBuf {
    home.join(base).join("repository/logs/wso2carbon.log")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::rc::Rc;

    /// A clock that only moves when somebody sleeps.
    #[derive(Clone, Default)]
    struct Still(Rc<Cell<Duration>>);

    impl Clock for Still {
        fn now(&self) -> Duration {
            self.0.get()
        }
        fn sleep(&self, time: Duration) {
            self.0.set(self.0.get() + time);
        }
    }

    /// Alive in some spans of seconds.
    struct Spans(Still, Vec<(u64, u64)>);

    impl Look for Spans {
        fn look(&mut self, _: Duration) -> Result<String, String> {
            let now = self.0.now().as_secs();
            match self.1.iter().any(|(from, to)| (*from..*to).contains(&now)) {
                true => Ok("up".into()),
                false => Err("down".into()),
            }
        }
    }

    fn outcome(spans: &[(u64, u64)]) -> (Result<String, String>, u64) {
        let clock = Still::default();
        let look: Box<dyn Look> = Box::new(Spans(clock.clone(), spans.to_vec()));
        let limits = Limits { within: Duration::from_secs(60), stable: Duration::from_secs(15) };
        let told = wait(&mut [("it".into(), look)], limits, &clock, &mut |_, _| {});
        (told, clock.now().as_secs())
    }

    #[test]
    fn health_must_come_in_time_and_last() {
        assert_eq!(outcome(&[(10, 999)]), (Ok("it: up".into()), 25));
        assert_eq!(outcome(&[]), (Err("it: down".into()), 60));
        assert_eq!(outcome(&[(61, 999)]), (Err("it: down".into()), 60));
        // Up at the last moment and for long enough.
        assert_eq!(outcome(&[(59, 999)]), (Ok("it: up".into()), 74));
        // Down again before it was stable, and up again in time.
        assert_eq!(outcome(&[(5, 12), (20, 999)]), (Ok("it: up".into()), 35));
        assert_eq!(
            outcome(&[(50, 62)]),
            (Err("it: healthy for 12 s, then it: down".replacen("it: h", "h", 1)), 62)
        );
    }

    #[test]
    fn all_looks_must_be_good_at_once() {
        let clock = Still::default();
        let one: Box<dyn Look> = Box::new(Spans(clock.clone(), vec![(0, 20)]));
        let other: Box<dyn Look> = Box::new(Spans(clock.clone(), vec![(20, 99)]));
        let limits = Limits { within: Duration::from_secs(60), stable: Duration::from_secs(1) };
        let mut looks = [("one".into(), one), ("other".into(), other)];
        assert!(wait(&mut looks, limits, &clock, &mut |_, _| {}).is_err());
    }

    #[test]
    fn a_probe_reads_as_it_is_written_and_others_are_refused() {
        for text in [
            "https://localhost:9443/carbon",
            "http://[::1]/",
            "tcp://a:1",
            "log:started",
            "cmd:true",
        ] {
            assert_eq!(Probe::parse(text).unwrap().to_string(), text);
        }
        for text in
            ["", "https://", "tcp://host", "tcp://:1", "tcp://a:0", "log:(", "cmd: ", "ftp://a"]
        {
            assert!(Probe::parse(text).is_err(), "{text}");
        }
    }
}
