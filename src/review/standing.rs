//! How a home stands to a plan: as the plan saw it, as the plan wants it, or neither.

use super::form::Saved;
use crate::change::RelPath;
use crate::digest::Digest;
use std::collections::BTreeMap;

/// A file that is neither as the plan saw it nor as it wants it; nothing stands for one that is
/// not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    pub file: RelPath,
    pub expected: Option<Digest>,
    pub present: Option<Digest>,
}

/// How a home stands to a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Every file is as the plan saw it.
    Ready,
    /// Every file is as the plan wants it.
    Applied,
    /// Some are as before and some as after, and none is anything else.
    Half { done: Vec<RelPath>, open: Vec<RelPath> },
    /// Some files are neither.
    Stale(Vec<Drift>),
}

impl Saved {
    /// Compares a plan with the contents of a home; nothing stands for a file that is not there.
    pub fn standing(&self, contents: &BTreeMap<RelPath, Option<Vec<u8>>>) -> Standing {
        let (mut done, mut open, mut stale) = (Vec::new(), Vec::new(), Vec::new());
        for file in &self.files {
            let present = contents.get(&file.path).and_then(Option::as_ref);
            let present = present.map(|bytes| Digest::of(bytes));
            let expected = file.before.as_ref().map(|before| before.sha256);
            if present == expected {
                open.push(file.path.clone());
            } else if present == Some(file.after.sha256) {
                done.push(file.path.clone());
            } else {
                stale.push(Drift { file: file.path.clone(), expected, present });
            }
        }
        match (done.is_empty(), open.is_empty(), stale.is_empty()) {
            (_, _, false) => Standing::Stale(stale),
            (true, _, true) => Standing::Ready,
            (false, true, true) => Standing::Applied,
            (false, false, true) => Standing::Half { done, open },
        }
    }
}
