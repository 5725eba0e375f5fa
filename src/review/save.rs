//! Writing a plan down, with everything that nobody may read taken out or sealed.

use super::cut::{cuts, meet};
use super::form::{Author, Chosen, FORMAT, Image, Insert, Saved, SavedEdit, SavedFile, SavedShare};
use super::{Error, shown_lines, veil};
use crate::change::{Code, FileChange, Plan, RelPath, Step};
use crate::digest::Digest;
use crate::secret::{Secret, seal};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is told about a plan.
#[derive(Debug, Clone, Default)]
pub struct Head {
    pub harden: String,
    pub catalogue: String,
    /// RFC 3339.
    pub created: String,
    pub by: Author,
    pub note: String,
    pub home: String,
    pub product: String,
    pub version: Option<String>,
    pub instances: Vec<String>,
    /// Parameters in force, without secrets.
    pub settings: BTreeMap<String, String>,
    pub chosen: Vec<Chosen>,
    /// Permission bits of the files as they are.
    pub modes: BTreeMap<RelPath, u32>,
}

/// What lies under the seal, in JSON: pieces of files, and values that the differences hide.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hidden {
    pub pieces: Vec<String>,
    pub values: Vec<String>,
}

/// Writes a plan as a file's text. `told` are values of parameters that are secrets. With a
/// password the plan is sealed even when it hides nothing: then nobody without the password can
/// change it unseen.
///
/// # Errors
/// [`Error::Readable`] when it would hold a secret and there is no password;
/// [`Error::Unaccounted`] for a change that no guideline has a share in.
pub fn save(
    head: Head,
    plan: &Plan,
    told: &[Vec<u8>],
    password: Option<&Secret>,
) -> Result<String, Error> {
    let mut writer = Writer { told, pieces: Vec::new(), hidden_in: Vec::new() };
    let mut files = Vec::with_capacity(plan.files.len());
    for change in &plan.files {
        let steps: Vec<&Step> = plan.steps.iter().filter(|step| step.file == change.file).collect();
        files.push(writer.file(change, &steps, head.modes.get(&change.file).copied())?);
    }
    let Writer { pieces, hidden_in, .. } = writer;
    let mut saved = Saved {
        format: FORMAT,
        harden: head.harden,
        catalogue: head.catalogue,
        created: head.created,
        by: head.by,
        note: head.note,
        home: head.home,
        product: head.product,
        version: head.version,
        instances: head.instances,
        settings: head.settings,
        chosen: head.chosen,
        files,
        sealed: None,
    };
    let Some(password) = password else {
        return if hidden_in.is_empty() { saved.render() } else { Err(Error::Readable(hidden_in)) };
    };
    let values = told.iter().map(|value| STANDARD.encode(value)).collect();
    let hidden = Hidden { pieces, values };
    let plain = serde_json::to_vec(&hidden).map_err(|e| Error::Malformed(e.to_string()))?;
    saved.sealed = Some(seal::seal(password, Secret::new(plain).reveal(), &saved.bound()?)?);
    saved.render()
}

struct Writer<'a> {
    told: &'a [Vec<u8>],
    /// What is sealed, in base64, in the order of its numbers.
    pieces: Vec<String>,
    hidden_in: Vec<(Code, RelPath)>,
}

impl Writer<'_> {
    fn file(
        &mut self,
        change: &FileChange,
        steps: &[&Step],
        mode: Option<u32>,
    ) -> Result<SavedFile, Error> {
        if steps.last().is_none_or(|last| last.after != change.after) {
            return Err(Error::Unaccounted(change.file.clone()));
        }
        let mut shares = Vec::with_capacity(steps.len());
        let mut now = change.before.as_deref().unwrap_or_default();
        for step in steps {
            let made = change.before.is_none();
            let binary = change.listings.is_some() || step.after.contains(&0);
            shares.push(self.share(now, step, made, binary));
            now = &step.after;
        }
        let image = |bytes: &[u8], mode: Option<u32>| Image {
            sha256: Digest::of(bytes),
            size: bytes.len() as u64,
            mode: mode.map(|mode| format!("{:04o}", mode & 0o7777)),
        };
        // What is hidden in the file has to be hidden in its preview before that is stored.
        let listings = change.listings.as_ref().map(|both| veil::listings(both, self.told));
        let shown = FileChange { listings: listings.clone(), ..change.clone() };
        Ok(SavedFile {
            path: change.file.clone(),
            before: change.before.as_ref().map(|before| image(before, mode)),
            after: image(&change.after, None),
            shares,
            listings,
            diff: shown_lines(&veil::diff(&shown, self.told)),
        })
    }

    /// Writes one guideline's share; each edit that nobody may read becomes a sealed piece.
    ///
    /// Of a file that the plan makes, a secret anywhere hides all, and so does what is no text.
    fn share(&mut self, before: &[u8], step: &Step, made: bool, binary: bool) -> SavedShare {
        let secret = veil::spans(&step.after, self.told);
        let mut edits = Vec::new();
        for cut in cuts(before, &step.after, &secret) {
            let bytes = &step.after[cut.new.clone()];
            let whole = binary || (made && !secret.is_empty());
            let hide = !bytes.is_empty() && (whole || secret.iter().any(|s| meet(s, &cut.new)));
            let insert = if hide {
                let place = (step.code.clone(), step.file.clone());
                if !self.hidden_in.contains(&place) {
                    self.hidden_in.push(place);
                }
                self.pieces.push(STANDARD.encode(bytes));
                Insert::Sealed(self.pieces.len() - 1)
            } else {
                Insert::Plain(bytes.to_vec())
            };
            edits.push(SavedEdit { at: cut.old.start, remove: cut.old.len(), insert });
        }
        SavedShare {
            code: step.code.clone(),
            instance: step.instance.clone(),
            edits,
            after: Digest::of(&step.after),
        }
    }
}
