//! A plan file taken back into a plan: with its seal opened, and with every byte checked.

use super::form::{Insert, Saved, SavedFile, SavedShare};
use super::save::Hidden;
use super::{Error, MOST, shown_lines, veil};
use crate::change::{FileChange, Plan, RelPath, Step};
use crate::digest::Digest;
use crate::secret::{Secret, seal};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::{BTreeMap, BTreeSet};

/// A plan file that was read and opened.
#[derive(Debug)]
pub struct Review {
    pub saved: Saved,
    pieces: Vec<Secret>,
    /// Values that the differences hide.
    told: Vec<Vec<u8>>,
}

impl Review {
    /// Opens a plan.
    ///
    /// # Errors
    /// [`Error::Sealed`] and [`Error::Unsealed`] when a password is missing or too much;
    /// [`Error::Shut`] when it is another one or anything was changed; [`Error::Malformed`] when
    /// the plan contradicts itself.
    pub fn open(saved: Saved, password: Option<&Secret>) -> Result<Self, Error> {
        let hidden = match (&saved.sealed, password) {
            (None, None) => Hidden::default(),
            (None, Some(_)) => return Err(Error::Unsealed),
            (Some(_), None) => return Err(Error::Sealed),
            (Some(sealed), Some(password)) => {
                let plain = seal::open(password, sealed, &saved.bound()?)?;
                serde_json::from_slice(plain.reveal()).map_err(|e| malformed(&e.to_string()))?
            }
        };
        let bytes = |text: &String| STANDARD.decode(text).map_err(|_| malformed("base64 expected"));
        let pieces = hidden.pieces.iter().map(|text| bytes(text).map(Secret::new));
        let pieces = pieces.collect::<Result<Vec<_>, _>>()?;
        let told = hidden.values.iter().map(bytes).collect::<Result<Vec<_>, _>>()?;
        consistent(&saved)?;
        Ok(Self { saved, pieces, told })
    }

    /// The values that the differences hide.
    pub fn told(&self) -> Vec<String> {
        self.told.iter().map(|value| String::from_utf8_lossy(value).into_owned()).collect()
    }

    /// Carries the edits out on the contents of a home as the plan saw them. Gives the plan that
    /// was saved.
    ///
    /// `version` is the version of this program: how secrets are hidden may differ in another, so
    /// only the same one compares the differences that were shown.
    ///
    /// # Errors
    /// [`Error::Tampered`] when the outcome is not what the plan promises, [`Error::Malformed`]
    /// when edits do not fit.
    pub fn plan(
        &self,
        contents: &BTreeMap<RelPath, Option<Vec<u8>>>,
        version: &str,
    ) -> Result<Plan, Error> {
        let mut plan = Plan::default();
        let mut room = MOST;
        for file in &self.saved.files {
            let before = contents.get(&file.path).cloned().flatten();
            let steps = self.steps(file, before.as_deref().unwrap_or_default(), &mut room)?;
            let tampered = |why: &str| Error::Tampered { file: file.path.clone(), why: why.into() };
            let after = steps.last().map(|step| step.after.clone()).unwrap_or_default();
            let size = after.len() as u64;
            if Digest::of(&after) != file.after.sha256 || size != file.after.size {
                return Err(tampered("its edits lead to another content than it promises"));
            }
            let listings = file.listings.clone();
            let change = FileChange { file: file.path.clone(), before, after, listings };
            let shown = shown_lines(&veil::diff(&change, &self.told));
            if self.saved.harden == version && shown != file.diff {
                return Err(tampered("the differences that it shows are not those that it makes"));
            }
            plan.steps.extend(steps);
            plan.files.push(change);
        }
        Ok(plan)
    }

    fn steps(&self, file: &SavedFile, before: &[u8], room: &mut usize) -> Result<Vec<Step>, Error> {
        let mut now = before.to_vec();
        let mut steps = Vec::with_capacity(file.shares.len());
        for share in &file.shares {
            now = self.edited(file, share, &now)?;
            if Digest::of(&now) != share.after {
                let why = format!("the share of {} leads to another content", share.code);
                return Err(Error::Tampered { file: file.path.clone(), why });
            }
            *room = room
                .checked_sub(now.len())
                .ok_or_else(|| malformed("its contents add up to more than is allowed"))?;
            steps.push(Step {
                code: share.code.clone(),
                instance: share.instance.clone(),
                file: file.path.clone(),
                after: now.clone(),
            });
        }
        Ok(steps)
    }

    fn edited(&self, file: &SavedFile, share: &SavedShare, now: &[u8]) -> Result<Vec<u8>, Error> {
        let misfit = |why: &str| malformed(&format!("{}, {}: {why}", file.path, share.code));
        let mut out = Vec::with_capacity(now.len());
        let mut last = 0;
        for edit in &share.edits {
            let end = edit.at.checked_add(edit.remove).filter(|end| *end <= now.len());
            let end = end.ok_or_else(|| misfit("an edit lies outside the file"))?;
            if edit.at < last {
                return Err(misfit("two edits overlap, or are not in order"));
            }
            out.extend_from_slice(&now[last..edit.at]);
            match &edit.insert {
                Insert::Plain(bytes) => out.extend_from_slice(bytes),
                Insert::Sealed(number) => {
                    let piece = self.pieces.get(*number);
                    let piece = piece.ok_or_else(|| misfit("there is no such sealed piece"))?;
                    out.extend_from_slice(piece.reveal());
                }
            }
            last = end;
        }
        out.extend_from_slice(&now[last..]);
        if out.len() > MOST {
            return Err(misfit("the content is larger than is allowed"));
        }
        Ok(out)
    }
}

/// Checks what can be told without a home.
fn consistent(saved: &Saved) -> Result<(), Error> {
    if saved.files.is_empty() {
        return Err(malformed("it changes no file"));
    }
    let mut seen = BTreeSet::new();
    for file in &saved.files {
        let wrong = |why: &str| Err(malformed(&format!("{}: {why}", file.path)));
        if !seen.insert(&file.path) {
            return wrong("it stands twice");
        }
        if file.before.as_ref().is_some_and(|before| before.sha256 == file.after.sha256) {
            return wrong("it does not change");
        }
        if file.shares.is_empty() {
            return wrong("no guideline has a share in it");
        }
        for share in &file.shares {
            let chosen = |c: &super::Chosen| c.code == share.code && c.instance == share.instance;
            if !saved.chosen.iter().any(chosen) {
                return wrong(&format!("{} has a share and was not chosen", share.code));
            }
            // Each share costs a copy of the file, so one that does nothing is not for free.
            if share.edits.is_empty() {
                return wrong(&format!("the share of {} has no edit", share.code));
            }
        }
    }
    Ok(())
}

fn malformed(why: &str) -> Error {
    Error::Malformed(why.to_owned())
}
