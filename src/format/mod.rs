//! Where things are in a text, or in a key store. A format locates and phrases; it never prints a
//! document again.

use crate::text::Position;
use std::ops::Range;

pub mod keystore;
pub mod properties;
pub mod script;
pub mod toml;
pub mod xml;

/// A value as it stands in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// What the reading program sees: escapes, references and quotes resolved.
    pub text: String,
    /// The bytes that write it down, quotes excluded for XML attributes and included for TOML.
    pub range: Range<usize>,
}

/// Why a text cannot be read or changed, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {}, column {}: {reason}", .at.line, .at.column)]
pub struct Fault {
    pub at: Position,
    /// A clause without a full stop: "the end tag b closes a".
    pub reason: String,
    /// What to do next, a sentence.
    pub hint: String,
}

impl Fault {
    /// Describes a fault at a byte offset of a text.
    pub fn at(
        text: &[u8],
        offset: usize,
        reason: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self { at: crate::text::position(text, offset), reason: reason.into(), hint: hint.into() }
    }
}
