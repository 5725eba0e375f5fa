//! A plan as a file, so that one person approves what another one applies.
//!
//! The promise: what is opened from a plan file gives the very bytes that were planned, or nothing
//! at all; and a plan file holds no readable secret. It refuses what it cannot be sure of, bounds
//! what a hostile file can cost, and touches no disk. `docs/plan-format.md` describes the form.

mod cut;
mod error;
mod form;
mod open;
mod save;
mod standing;
mod veil;

#[cfg(test)]
mod stories;

pub use error::{Class, Error};
pub use form::{Author, Chosen, Image, Saved, SavedFile};
pub use open::Review;
pub use save::{Head, save};
pub use standing::{Drift, Standing};
pub use veil::diff as masked;

use crate::text;

/// The largest plan file that is read, in bytes.
pub const LARGEST: usize = 64 << 20;

/// The sum of all contents that a plan may lead to on the way, in bytes.
const MOST: usize = if cfg!(test) { 1 << 20 } else { 512 << 20 };

/// A file's content as lines of text for people; other bytes are replaced.
fn shown_lines(diff: &[u8]) -> Vec<String> {
    text::lines(diff)
        .map(|line| String::from_utf8_lossy(line.strip_suffix(b"\n").unwrap_or(line)).into_owned())
        .collect()
}
