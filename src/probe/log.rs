//! Reads what a server appends to its log. A log that was replaced or cut is read from its start;
//! lines that were there before do not count.

use super::Look;
use regex::bytes::Regex;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The most that one look reads, in bytes.
const MOST: u64 = 8 << 20;

/// Waits for a line.
pub(super) struct Log {
    path: PathBuf,
    pattern: Regex,
    /// The log as it was: its inode, and where the first unread byte is.
    mark: Option<(u64, u64)>,
    found: bool,
}

/// Reads a regular expression; of lines, so `^` and `$` are a line's own.
pub(super) fn pattern(text: &str) -> Result<Regex, String> {
    if text.is_empty() {
        return Err("log: names no expression".into());
    }
    Regex::new(text).map_err(|error| format!("log:{text} is no regular expression: {error}"))
}

impl Log {
    /// Starts behind the last line that is there now.
    pub fn from_here(path: &Path, text: &str) -> Result<Self, String> {
        let mark = std::fs::metadata(path).ok().map(|meta| (meta.ino(), meta.len()));
        Ok(Self { path: path.to_owned(), pattern: pattern(text)?, mark, found: false })
    }

    fn read(&mut self) -> Result<(), String> {
        let Some((ino, mut file)) = open(&self.path) else {
            return Err("there is no log yet".into());
        };
        let size = file.metadata().map_err(|error| error.to_string())?.len();
        let mut at = match self.mark {
            Some((old, at)) if old == ino && at <= size => at,
            _ => 0,
        };
        let mut bytes = Vec::new();
        let read =
            file.seek(SeekFrom::Start(at)).and_then(|_| file.take(MOST).read_to_end(&mut bytes));
        read.map_err(|error| error.to_string())?;
        // The last line may be on its way; one that never ends is not waited for.
        let whole = match bytes.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => end + 1,
            None if bytes.len() as u64 == MOST => bytes.len(),
            None => 0,
        };
        let mut lines = bytes[..whole].split(|byte| *byte == b'\n');
        self.found = lines.any(|line| self.pattern.is_match(line.trim_ascii_end()));
        at += whole as u64;
        self.mark = Some((ino, at));
        Ok(())
    }
}

impl Look for Log {
    fn look(&mut self, _: Duration) -> Result<String, String> {
        if !self.found {
            self.read()?;
        }
        if self.found { Ok("the line is there".into()) } else { Err("no such line yet".into()) }
    }
}

/// The last lines of a log, at most so many, of its last 16 KiB.
pub fn tail(path: &Path, lines: usize) -> Vec<u8> {
    const LAST: u64 = 16 << 10;
    let Some((_, mut file)) = open(path) else {
        return Vec::new();
    };
    let size = file.metadata().map_or(0, |meta| meta.len());
    let mut bytes = Vec::new();
    let from = size.saturating_sub(LAST);
    if file
        .seek(SeekFrom::Start(from))
        .and_then(|_| file.take(LAST).read_to_end(&mut bytes))
        .is_err()
    {
        return Vec::new();
    }
    last(&bytes, lines).to_vec()
}

/// The last lines of a text.
pub(super) fn last(bytes: &[u8], lines: usize) -> &[u8] {
    let text = bytes.trim_ascii_end();
    let start =
        text.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n').nth(lines.max(1) - 1);
    &text[start.map_or(0, |(at, _)| at + 1)..]
}

/// Opens a regular file without waiting for the writer of a pipe.
fn open(path: &Path) -> Option<(u64, File)> {
    const NONBLOCK: i32 = 0o4000;
    let file = std::fs::OpenOptions::new().read(true).custom_flags(NONBLOCK).open(path).ok()?;
    let meta = file.metadata().ok().filter(|meta| meta.is_file())?;
    Some((meta.ino(), file))
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test writes its own log")]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn append(path: &Path, text: &str) {
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    #[test]
    fn only_a_whole_line_appended_since_counts_and_goes_on_counting() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("wso2carbon.log");
        append(&path, "WSO2 Carbon started in 9 sec\n");
        let mut log = Log::from_here(&path, "started in [0-9]+ sec$").unwrap();
        let mut look = || log.look(Duration::ZERO).is_ok();
        assert!(!look());
        append(&path, "WSO2 Carbon started in 7");
        assert!(!look());
        append(&path, " sec\r\n");
        assert!(look() && look());
    }

    #[test]
    fn a_log_that_was_replaced_or_cut_is_read_from_its_start() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("wso2carbon.log");
        append(&path, "a long line that was there before\n");
        let mut log = Log::from_here(&path, "up").unwrap();
        std::fs::write(&path, "up\n").unwrap();
        assert!(log.look(Duration::ZERO).is_ok());
        let mut log = Log::from_here(&path, "up").unwrap();
        std::fs::rename(&path, dir.path().join("wso2carbon.log.1")).unwrap();
        assert!(log.look(Duration::ZERO).is_err());
        append(&path, "up\n");
        assert!(log.look(Duration::ZERO).is_ok());
    }

    #[test]
    fn the_tail_is_the_last_lines() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        append(&path, "one\ntwo\nthree\n");
        assert_eq!(tail(&path, 2), b"two\nthree");
        assert_eq!(tail(&path, 9), b"one\ntwo\nthree");
        assert_eq!(tail(dir.path(), 2), b"");
    }
}
