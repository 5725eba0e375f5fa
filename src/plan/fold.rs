//! Folding chosen patches over the view, one after the other, in the order of their codes.
//!
//! Each want is judged on the text that the wants before it left, so two patches never edit by
//! stale offsets. In the end every chosen want is judged once more: one that no longer holds is a
//! conflict that names both patches.

use super::evaluate::{evaluate, fixes};
use super::judge::{Claim, Values, judge};
use super::keys::{self, Forge, Made, Refusal};
use super::proof;
use super::scene::Scene;
use crate::change::{Code, FileChange, Plan, RelPath, Status, Step};
use crate::format::Fault;
use crate::home::{Home, Instance, View};
use crate::patch::Patch;
use crate::text;
use std::rc::Rc;

/// A patch with its settled parameters, chosen for an instance.
#[derive(Debug, Clone, Copy)]
pub struct Choice<'a> {
    pub patch: &'a Patch,
    pub values: &'a Values,
    pub instance: &'a Instance,
    /// Makes what this run's patches need and text cannot say.
    pub forge: &'a Forge,
}

impl Choice<'_> {
    /// What was made for it, beside the edits of texts.
    pub fn made(&self, scene: &Scene) -> Result<Option<Rc<Made>>, Conflict> {
        if self.patch.native.is_none() {
            return Ok(None);
        }
        let made = self.forge.made(self.patch, self.values, scene);
        let withheld = |refusal| Conflict::Withheld { code: self.patch.code.clone(), refusal };
        made.map(Some).map_err(withheld)
    }
}

/// Why chosen patches cannot be folded into a plan.
#[derive(Debug, thiserror::Error)]
pub enum Conflict {
    #[error("{code} cannot change {file}: {fault}")]
    Refused { code: Code, file: RelPath, fault: Fault },
    #[error("{code} cannot change {file}: {why}")]
    Overlap { code: Code, file: RelPath, why: String },
    #[error("{first} no longer holds in {file} after {second} was applied to it")]
    Undone { first: Code, second: Code, file: RelPath },
    #[error("{code} does not hold after its own change{}", place.as_ref().map(|p| format!(" of {p}")).unwrap_or_default())]
    Unmet { code: Code, place: Option<String> },
    #[error("{code}: {}", refusal.why)]
    Withheld { code: Code, refusal: Refusal },
    #[error("{code} would leave key stores and references in disagreement: {why}")]
    Disagreement { code: Code, why: String },
    #[error("{file}: a second, independent reader does not agree with the change: {why}")]
    Disproved { file: RelPath, why: String },
}

impl Conflict {
    /// Says what to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::Refused { code, fault, .. } => {
                format!("{} Or leave the patch out with --skip {code}.", fault.hint)
            }
            Self::Overlap { code, .. } | Self::Unmet { code, .. } => {
                format!("Nothing was written. Leave the patch out with --skip {code}.")
            }
            Self::Undone { first, second, .. } => {
                format!(
                    "Nothing was written. Apply {first} and {second} one at a time, or leave one out with --skip."
                )
            }
            Self::Withheld { refusal, .. } => refusal.hint.clone(),
            Self::Disagreement { code, .. } => {
                format!("Nothing was written. Leave the patch out with --skip {code}.")
            }
            Self::Disproved { .. } => {
                "Nothing was written. Please report this file's shape; the change was not trusted."
                    .into()
            }
        }
    }
}

/// Works out what the chosen patches change in a home.
///
/// # Errors
/// [`Conflict`] when the patches cannot be applied together; the home is not touched in any case.
pub fn fold(home: &Home, choices: &[Choice]) -> Result<Plan, Conflict> {
    let mut view = View::of(&home.root);
    let mut steps: Vec<Step> = Vec::new();
    let mut claims: Vec<(RelPath, Claim)> = Vec::new();
    for choice in choices {
        apply(home, choice, &mut view, &mut steps, &mut claims)?;
    }
    for choice in choices {
        confirm(home, choice, &view, &steps)?;
    }
    let mut changes: Vec<FileChange> = view
        .changed()
        .into_iter()
        .map(|(file, before, after)| FileChange {
            file,
            before: before.map(|before| before.to_vec()),
            after: after.to_vec(),
            listings: None,
        })
        .collect();
    let mut notes = Vec::new();
    for choice in choices {
        let scene = Scene { home, instance: choice.instance, view: &view };
        let Some(made) = choice.made(&scene)? else { continue };
        for note in &made.notes {
            if !notes.contains(note) {
                notes.push(note.clone());
            }
        }
        for new in &made.files {
            let of_file = changes.iter_mut().filter(|change| change.file == new.file);
            of_file.for_each(|change| change.listings = Some(new.listings.clone()));
        }
    }
    for change in &changes {
        let claims: Vec<&Claim> = claims
            .iter()
            .filter(|(file, _)| *file == change.file)
            .map(|(_, claim)| claim)
            .collect();
        proof::prove(change, &claims)
            .map_err(|why| Conflict::Disproved { file: change.file.clone(), why })?;
    }
    steps.retain(|step| changes.iter().any(|change| change.file == step.file));
    Ok(Plan { steps, files: changes, notes })
}

fn apply(
    home: &Home,
    choice: &Choice,
    view: &mut View,
    steps: &mut Vec<Step>,
    claims: &mut Vec<(RelPath, Claim)>,
) -> Result<(), Conflict> {
    let code = &choice.patch.code;
    // The gates are asked once, before the patch's own changes: a variant that adds what it found
    // lacking must still finish.
    let (made, wanted): (Option<Rc<Made>>, Vec<_>) = {
        let scene = Scene { home, instance: choice.instance, view };
        (choice.made(&scene)?, fixes(choice.patch, &scene).collect())
    };
    for new in made.iter().flat_map(|made| &made.files) {
        view.put(&new.file, new.after.clone());
        steps.push(Step {
            code: code.clone(),
            instance: choice.instance.name.clone(),
            file: new.file.clone(),
            after: new.after.clone(),
        });
    }
    for want in wanted.into_iter().chain(made.iter().flat_map(|made| &made.wants)) {
        let scene = Scene { home, instance: choice.instance, view };
        let judged = judge(want, choice.values, &scene, true);
        let mut files: Vec<(RelPath, Vec<text::Edit>)> = Vec::new();
        let mut promised = Vec::new();
        for fix in judged.into_iter().filter_map(|judged| judged.fix) {
            let file = fix.file;
            let edits = fix.edits.map_err(|fault| Conflict::Refused {
                code: code.clone(),
                file: file.clone(),
                fault,
            })?;
            match files.iter_mut().find(|(known, _)| *known == file) {
                Some((_, all)) => all.extend(edits),
                None => files.push((file.clone(), edits)),
            }
            promised.push((file, fix.claim));
        }
        // The last first: taking an element away would shift the count of those behind it.
        claims.extend(promised.into_iter().rev());
        for (file, edits) in files {
            let before = view.content(&file).map_err(|trouble| Conflict::Overlap {
                code: code.clone(),
                file: file.clone(),
                why: trouble.to_string(),
            })?;
            let after = text::splice(&before, &edits).map_err(|overlap| Conflict::Overlap {
                code: code.clone(),
                file: file.clone(),
                why: overlap.to_string(),
            })?;
            view.put(&file, after.clone());
            match steps.last_mut() {
                Some(last)
                    if last.code == *code
                        && last.file == file
                        && last.instance == choice.instance.name =>
                {
                    last.after = after;
                }
                _ => steps.push(Step {
                    code: code.clone(),
                    instance: choice.instance.name.clone(),
                    file,
                    after,
                }),
            }
        }
    }
    Ok(())
}

/// Judges a chosen patch on the outcome.
fn confirm(home: &Home, choice: &Choice, view: &View, steps: &[Step]) -> Result<(), Conflict> {
    let scene = Scene { home, instance: choice.instance, view };
    if let Some(made) = choice.made(&scene)? {
        let stores: Vec<&RelPath> = made.files.iter().map(|new| &new.file).collect();
        return keys::agree(choice.patch, &scene, &stores)
            .map_err(|why| Conflict::Disagreement { code: choice.patch.code.clone(), why });
    }
    let finding = evaluate(choice.patch, choice.values, &scene);
    let Some(broken) = finding.seen.iter().find(|seen| seen.status == Status::Deviates) else {
        return Ok(());
    };
    // A want that only checks may go on deviating; it was never going to be written.
    if !fixes(choice.patch, &scene).any(|want| {
        judge(want, choice.values, &scene, true).iter().any(|judged| judged.fix.is_some())
    }) {
        return Ok(());
    }
    let code = choice.patch.code.clone();
    let file = broken.place.as_ref().and_then(|place| RelPath::parse(&place.file));
    let later = file.as_ref().and_then(|file| {
        steps
            .iter()
            .rev()
            .find(|step| step.file == *file && step.code != code)
            .map(|step| step.code.clone())
    });
    match (file, later) {
        (Some(file), Some(second)) => Err(Conflict::Undone { first: code, second, file }),
        (file, _) => Err(Conflict::Unmet { code, place: file.map(|file| file.to_string()) }),
    }
}
