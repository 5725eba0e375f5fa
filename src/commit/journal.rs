//! The journal of one transaction: how far it came.
//!
//! Records are only ever appended. Each carries a checksum over itself and the transaction, so a
//! record that a crash tore, or that belongs elsewhere, counts as not written.

use super::disk::{Disk, How};
use super::error::{Error, on};
use super::guard::Guard;
use crate::change::RelPath;
use crate::digest::Digest;
use std::path::{Path, PathBuf};

/// One step that a transaction has taken for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Record {
    /// The way back is on disk; the digest is that of the manifest.
    Prepared(Digest),
    /// Files of the home may be replaced from here on.
    Committing,
    /// This file, a mount point of its own, is written in place from here on.
    InPlace(RelPath),
    /// Every file is as wanted, and on disk.
    Committed,
    /// Nothing is left beside the targets.
    Done,
    /// This file was changed by somebody else and stays so.
    Kept(RelPath),
    /// Every file but those kept is as before.
    Restored,
    /// Its images go, and only its record stays.
    Forgotten,
    /// How far keeping the transaction or taking it back has come; the last one counts.
    Guard(Box<Guard>),
}

/// What the records of a journal add up to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Progress {
    pub manifest: Option<Digest>,
    pub committing: bool,
    pub in_place: Vec<RelPath>,
    pub committed: bool,
    pub done: bool,
    pub kept: Vec<RelPath>,
    pub restored: bool,
    pub forgotten: bool,
    pub guard: Option<Guard>,
}

impl Progress {
    /// Tells whether nothing remains to be done.
    pub fn closed(&self) -> bool {
        self.done || self.restored
    }
}

/// Renders the journal of a transaction that has just been prepared, with its guard if it has one.
pub(super) fn first(id: &str, manifest: Digest, guard: Option<&Guard>) -> Vec<u8> {
    let guard = guard.map(|guard| line(id, &Record::Guard(Box::new(guard.clone()))));
    (line(id, &Record::Prepared(manifest)) + &guard.unwrap_or_default()).into_bytes()
}

/// Appends a record and has it on disk before it returns.
///
/// # Errors
/// A failed sync leaves open whether the record is on disk; it must not be tried again.
pub(super) fn append(disk: &dyn Disk, dir: &Path, id: &str, record: &Record) -> Result<(), Error> {
    let path = path(dir);
    let mut handle = disk.open(&path, How::Append).map_err(on("open", &path))?;
    // The line end in front closes off a record that was torn.
    let text = format!("\n{}", line(id, record));
    handle.write(text.as_bytes()).map_err(on("write", &path))?;
    handle.sync().map_err(on("sync", &path))
}

/// Reads how far a transaction came.
pub(super) fn read(disk: &dyn Disk, dir: &Path, id: &str) -> Result<Progress, Error> {
    let path = path(dir);
    let (_, bytes) = disk.read(&path).map_err(on("read", &path))?;
    Ok(parse(id, &bytes))
}

/// Where the journal of a transaction is.
pub(super) fn path(dir: &Path) -> PathBuf {
    dir.join("journal")
}

fn parse(id: &str, bytes: &[u8]) -> Progress {
    let mut progress = Progress::default();
    for text in String::from_utf8_lossy(bytes).lines() {
        let Some((body, sum)) = text.rsplit_once(" #") else {
            continue;
        };
        if sum != checksum(id, body) {
            continue;
        }
        let (word, rest) = body.split_once(' ').unwrap_or((body, ""));
        match (word, RelPath::parse(rest)) {
            ("prepared", _) => progress.manifest = Digest::parse(rest),
            ("committing", _) => progress.committing = true,
            ("in-place", Some(file)) => progress.in_place.push(file),
            ("committed", _) => progress.committed = true,
            ("done", _) => progress.done = true,
            ("kept", Some(file)) => progress.kept.push(file),
            ("restored", _) => progress.restored = true,
            ("forgotten", _) => progress.forgotten = true,
            ("guard", _) => progress.guard = serde_json::from_str(rest).ok(),
            _ => {}
        }
    }
    progress
}

fn line(id: &str, record: &Record) -> String {
    let body = match record {
        Record::Prepared(manifest) => format!("prepared {manifest}"),
        Record::Committing => "committing".into(),
        Record::InPlace(file) => format!("in-place {file}"),
        Record::Committed => "committed".into(),
        Record::Done => "done".into(),
        Record::Kept(file) => format!("kept {file}"),
        Record::Restored => "restored".into(),
        Record::Forgotten => "forgotten".into(),
        // A guard is made of numbers and texts, which always have a JSON form.
        Record::Guard(guard) => format!("guard {}", serde_json::json!(guard)),
    };
    let sum = checksum(id, &body);
    format!("{body} #{sum}\n")
}

fn checksum(id: &str, body: &str) -> String {
    let mut digest = Digest::of(format!("{id} {body}").as_bytes()).to_string();
    digest.truncate(16);
    digest
}

/// Renders the records that close a committed transaction.
#[cfg(test)]
pub(super) fn last(id: &str) -> Vec<u8> {
    [line(id, &Record::Committed), line(id, &Record::Done)].concat().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_record_counts_as_not_written_and_hides_none_behind_it() {
        let committing = line("a", &Record::Committing);
        let committed = line("a", &Record::Committed);
        for cut in 0..committed.len() - 1 {
            let text = format!("{committing}{}", &committed[..cut]);
            let progress = parse("a", text.as_bytes());
            assert!(progress.committing && !progress.committed, "{text}");
            let later = format!("{text}\n{}", line("a", &Record::Restored));
            assert!(parse("a", later.as_bytes()).restored, "{later}");
        }
    }

    #[test]
    fn a_record_of_another_transaction_does_not_count() {
        assert_eq!(parse("b", line("a", &Record::Done).as_bytes()), Progress::default());
    }

    #[test]
    fn records_read_back_whatever_a_file_is_called() {
        let file = RelPath::parse("conf/my file #1 ü.xml").unwrap();
        let text =
            line("a", &Record::Kept(file.clone())) + &line("a", &Record::InPlace(file.clone()));
        let progress = parse("a", text.as_bytes());
        assert_eq!((progress.kept, progress.in_place), (vec![file.clone()], vec![file]));
        assert_eq!(
            parse("a", &first("a", Digest::of(b"x"), None)).manifest,
            Some(Digest::of(b"x"))
        );
    }
}
