//! Runs an operator's command, bounded in time.
//!
//! The command has a process group of its own, so that whatever it started and waits for ends with
//! it when the time is over, and no input, so that it cannot wait for somebody. A server that it
//! leaves behind should have an output of its own; else it goes on writing into an unnamed file.

use super::Look;
use super::log::last;
use rustix::process::{Pid, Signal, kill_process_group};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How long a command may take to end once it is told to.
const GRACE: Duration = Duration::from_secs(2);

/// How a command ended.
#[derive(Debug)]
pub struct Ran {
    /// Nothing when it was ended, because its time was over.
    pub status: Option<ExitStatus>,
    /// The last of what it wrote, both streams, at most 16 KiB.
    pub output: Vec<u8>,
}

impl Ran {
    pub fn good(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }

    /// Says how it ended, a clause without a subject.
    pub fn told(&self) -> String {
        match self.status {
            None => "did not end in time and was ended".into(),
            Some(status) => match status.code() {
                Some(code) => format!("ended with {code}"),
                None => "was ended by a signal".into(),
            },
        }
    }

    /// The last lines of what it wrote.
    pub fn tail(&self, lines: usize) -> &[u8] {
        last(&self.output, lines)
    }
}

/// Runs `sh -c LINE` in a folder.
///
/// # Errors
/// The system's, when it cannot be started.
pub fn run(line: &str, dir: &Path, limit: Duration) -> std::io::Result<Ran> {
    let mut output = tempfile::tempfile()?;
    let mut child = Command::new("sh")
        .arg("-c")
        .arg(line)
        .current_dir(dir)
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output.try_clone()?)
        .process_group(0)
        .spawn()?;
    let status = match wait(&mut child, limit)? {
        Some(status) => Some(status),
        None => {
            end(&mut child)?;
            None
        }
    };
    const MOST: u64 = 16 << 10;
    let size = output.metadata()?.len();
    output.seek(SeekFrom::Start(size.saturating_sub(MOST)))?;
    let mut bytes = Vec::new();
    output.take(MOST).read_to_end(&mut bytes)?;
    Ok(Ran { status, output: bytes })
}

fn wait(child: &mut Child, limit: Duration) -> std::io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if start.elapsed() >= limit {
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Ends a command and all of its group: asks first.
fn end(child: &mut Child) -> std::io::Result<()> {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    for signal in [Signal::TERM, Signal::KILL] {
        if let Some(group) = group {
            // A group that is gone already is what is wanted.
            let _ = kill_process_group(group, signal);
        }
        if signal == Signal::TERM {
            wait(child, GRACE)?;
        }
    }
    child.wait().map(|_| ())
}

/// A command that tells whether the server is well.
pub(super) struct Check {
    pub line: String,
    pub home: PathBuf,
}

impl Look for Check {
    fn look(&mut self, limit: Duration) -> Result<String, String> {
        let ran = run(&self.line, &self.home, limit).map_err(|error| error.to_string())?;
        if ran.good() { Ok(ran.told()) } else { Err(ran.told()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(line: &str, limit: u64) -> Ran {
        run(line, Path::new("/"), Duration::from_millis(limit)).unwrap()
    }

    #[test]
    fn a_command_runs_in_the_folder_without_input_and_its_output_is_kept() {
        let ran = sh("pwd; cat; echo wrong >&2; exit 3", 5000);
        assert_eq!((ran.told(), ran.good()), ("ended with 3".into(), false));
        assert_eq!(ran.output, b"/\nwrong\n");
        assert_eq!(ran.tail(1), b"wrong");
        assert!(sh("true", 5000).good());
    }

    #[test]
    fn a_command_that_hangs_is_ended_with_everything_it_started() {
        let dir = tempfile::tempdir().unwrap();
        let line = "trap '' TERM; (sleep 60 & echo $! >child; wait); sleep 60";
        let start = Instant::now();
        let ran = run(line, dir.path(), Duration::from_millis(500)).unwrap();
        assert!(ran.status.is_none() && start.elapsed() < Duration::from_secs(10));
        let child = std::fs::read_to_string(dir.path().join("child")).unwrap();
        let stat = || std::fs::read_to_string(format!("/proc/{}/stat", child.trim()));
        // Ended, though nobody may have collected it yet.
        let gone = || stat().map_or(true, |text| text.contains(") Z "));
        for _ in 0..100 {
            if gone() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("{:?}", stat());
    }

    #[test]
    fn a_server_left_behind_is_not_waited_for() {
        let start = Instant::now();
        assert!(sh("sleep 3 & exit 0", 10_000).good());
        assert!(start.elapsed() < Duration::from_secs(2));
    }
}
