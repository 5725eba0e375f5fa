//! What a program with a flaw leaves out, as the disk sees it.
//!
//! The product has none of these; tests make them to see whether they are found.

use std::path::Path;

/// What becomes of a call of a program that has a flaw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Done,
    /// It is left out, and nobody is told.
    Skipped,
    /// A sync that comes only after the next sync of a journal.
    Late,
}

/// Says what becomes of a call on a path, with these bytes if it is a write.
pub type Flaw = fn(&str, &Path, &[u8]) -> Fate;

/// A program without a flaw.
pub const SOUND: Flaw = |_, _, _| Fate::Done;
