//! Which process is the server of a home, by the file in which it notes its id.
//!
//! The file alone proves nothing: it outlives the server, and ids are used again. A process counts
//! only while its command line names the home. It ends none.

use super::Look;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

/// A process, told from a later one with the same id by the moment of its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Process {
    pub pid: u32,
    /// Clock ticks after the machine started (proc(5), `starttime`).
    pub start: u64,
}

/// The names under which Carbon notes its process id in the home.
const NOTES: [&str; 2] = ["wso2carbon.pid", "carbon.pid"];

/// Finds the running server of a home.
pub fn running(home: &Path) -> Option<Process> {
    NOTES.iter().find_map(|name| {
        // Carbon writes a hundred bytes: the id, a line end, zeros.
        let text = first(&home.join(name), 100)?;
        let digits: String =
            text.iter().map(|byte| char::from(*byte)).take_while(char::is_ascii_digit).collect();
        let pid = digits.parse().ok()?;
        let start = start_of(pid)?;
        let command = first(Path::new(&format!("/proc/{pid}/cmdline")), 128 << 10)?;
        let home = home.as_os_str().as_encoded_bytes();
        command.windows(home.len()).any(|part| part == home).then_some(Process { pid, start })
    })
}

impl Process {
    pub fn runs(self) -> bool {
        start_of(self.pid) == Some(self.start)
    }
}

/// The process of before the restart has to be gone; what answers may be the old server.
pub(super) struct Gone(pub Process);

impl Look for Gone {
    fn look(&mut self, _: Duration) -> Result<String, String> {
        match self.0.runs() {
            true => Err("the server of before the restart still runs".into()),
            false => Ok("ended".into()),
        }
    }
}

/// When a process started; nothing for one that has ended.
fn start_of(pid: u32) -> Option<u64> {
    let stat = first(Path::new(&format!("/proc/{pid}/stat")), 4096)?;
    let stat = String::from_utf8_lossy(&stat);
    // The name in parentheses may hold anything, so what follows the last one counts.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

fn first(path: &Path, count: u64) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path).ok()?.take(count).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test writes its own note")]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_server_is_found_by_its_note_and_known_until_it_ends() {
        let dir = tempfile::tempdir().unwrap();
        let mut child = Command::new("sh")
            .args(["-c", "read x"])
            .arg(dir.path())
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut note = format!("{}\n", child.id()).into_bytes();
        note.resize(100, 0);
        std::fs::write(dir.path().join("wso2carbon.pid"), note).unwrap();
        // The system may still be busy with its command line.
        let seen = (0..250).find_map(|_| {
            std::thread::sleep(Duration::from_millis(20));
            running(dir.path())
        });
        let server = seen.unwrap();
        assert!(server.pid == child.id() && server.runs());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!server.runs() && running(dir.path()).is_none());
    }

    #[test]
    fn another_process_with_the_noted_id_is_not_the_server() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("wso2carbon.pid"), std::process::id().to_string()).unwrap();
        assert_eq!(running(dir.path()), None);
    }
}
