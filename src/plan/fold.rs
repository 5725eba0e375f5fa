//! Folding chosen patches over the view, one after the other, in the order of their codes.
//!
//! Each want is judged on the text that the wants before it left, so two patches never edit by
//! stale offsets. In the end every chosen want is judged once more: one that no longer holds is a
//! conflict that names both patches.

use super::evaluate::{evaluate, fixes};
use super::judge::{Claim, Judged, Values, judge};
use super::keys::{self, Forge, Made, Refusal};
use super::proof;
use super::scene::Scene;
use super::take::{Take, unmet};
use crate::change::{Code, FileChange, Plan, RelPath, Status, Step};
use crate::diff::merge::merge;
use crate::format::Fault;
use crate::home::{Home, Instance, View};
use crate::patch::{Patch, Want};
use crate::text;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A patch with its settled parameters, chosen for an instance.
#[derive(Debug, Clone, Copy)]
pub struct Choice<'a> {
    pub patch: &'a Patch,
    pub values: &'a Values,
    pub instance: &'a Instance,
    pub take: Take<'a>,
    /// Makes what text cannot say.
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

    /// Checks that what was made and what names it agree.
    ///
    /// # Errors
    /// A clause that says what does not.
    pub fn agrees(&self, scene: &Scene) -> Result<(), String> {
        match self.made(scene).map_err(|conflict| conflict.to_string())? {
            None => Ok(()),
            Some(made) => {
                let stores: Vec<&RelPath> = made.files.iter().map(|new| &new.file).collect();
                keys::agree(self.patch, scene, &stores)
            }
        }
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
    #[error("{code}: what was edited in {file} cannot be kept: {why}")]
    Edited { code: Code, file: RelPath, why: String },
    #[error("{code}: {}", refusal.why)]
    Withheld { code: Code, refusal: Refusal },
    #[error("{code} would leave key stores and references in disagreement: {why}")]
    Disagreement { code: Code, why: String },
    #[error("{file}: a second, independent reader does not agree with the change: {why}")]
    Disproved { file: RelPath, why: String },
}

impl Conflict {
    /// The patches that cannot be applied as they were chosen; none where it is the change itself.
    pub fn codes(&self) -> Vec<&Code> {
        match self {
            Self::Refused { code, .. }
            | Self::Overlap { code, .. }
            | Self::Unmet { code, .. }
            | Self::Edited { code, .. }
            | Self::Withheld { code, .. }
            | Self::Disagreement { code, .. } => vec![code],
            Self::Undone { first, second, .. } => vec![first, second],
            Self::Disproved { .. } => Vec::new(),
        }
    }

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
            Self::Edited { code, .. } => {
                format!("Nothing was written. Edit {code} again, or leave the edit out.")
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
    let mut folding = Folding { view: View::of(&home.root), ..Folding::default() };
    for choice in choices {
        folding.apply(home, choice)?;
        folding.edit(choice)?;
    }
    for choice in choices {
        confirm(home, choice, &folding.view, &folding.steps)?;
    }
    let mut changes: Vec<FileChange> = folding
        .view
        .changed()
        .into_iter()
        .map(|(file, before, after)| FileChange {
            file,
            before: before.map(|before| before.to_vec()),
            after: after.to_vec(),
            listings: None,
        })
        .collect();
    let notes = folding.describe(home, choices, &mut changes)?;
    for change in &changes {
        folding.prove(change)?;
    }
    let mut steps = folding.steps;
    steps.retain(|step| changes.iter().any(|change| change.file == step.file));
    Ok(Plan { steps, files: changes, notes })
}

/// A fold on its way: the files so far, and what the edits of each promised.
#[derive(Default)]
struct Folding {
    view: View,
    steps: Vec<Step>,
    claims: Vec<(RelPath, Claim)>,
    /// Files edited by hand, as they were when that was done; claims count from there.
    edited: BTreeMap<RelPath, Vec<u8>>,
}

/// What one want makes of the files it changes.
pub(super) struct Outcome {
    pub files: Vec<(RelPath, Vec<u8>)>,
    claims: Vec<(RelPath, Claim)>,
}

/// The wants of a choice that count, each with its number among all wants of the patch.
///
/// The gates are asked once, before the patch's own changes: a variant that adds what it found
/// lacking must still finish.
pub(super) fn wanted<'a>(home: &Home, choice: &Choice<'a>, view: &View) -> Vec<(usize, &'a Want)> {
    let scene = Scene { home, instance: choice.instance, view };
    let open: Vec<&Want> = fixes(choice.patch, &scene).collect();
    let counts = |want: &Want| open.iter().any(|other| std::ptr::eq(*other, want));
    choice.patch.wants().enumerate().filter(|(_, want)| counts(want)).collect()
}

/// Carries out what was judged of one want, as far as the choice takes it.
pub(super) fn outcome(
    choice: &Choice,
    want: usize,
    judged: Vec<Judged>,
    view: &View,
) -> Result<Outcome, Conflict> {
    let code = &choice.patch.code;
    let mut edits: Vec<(RelPath, Vec<text::Edit>)> = Vec::new();
    let mut claims = Vec::new();
    let taken = judged.into_iter().enumerate().filter(|(nth, _)| choice.take.has(want, *nth));
    for fix in taken.filter_map(|(_, judged)| judged.fix) {
        let file = fix.file;
        let own = fix.edits.map_err(|fault| Conflict::Refused {
            code: code.clone(),
            file: file.clone(),
            fault,
        })?;
        match edits.iter_mut().find(|(known, _)| *known == file) {
            Some((_, all)) => all.extend(own),
            None => edits.push((file.clone(), own)),
        }
        claims.push((file, fix.claim));
    }
    // The last first: taking an element away would shift the count of those behind it.
    claims.reverse();
    let mut files = Vec::new();
    for (file, edits) in edits {
        let overlap =
            |why: String| Conflict::Overlap { code: code.clone(), file: file.clone(), why };
        let before = view.content(&file).map_err(|trouble| overlap(trouble.to_string()))?;
        let after =
            text::splice(&before, &edits).map_err(|touching| overlap(touching.to_string()))?;
        files.push((file, after));
    }
    Ok(Outcome { files, claims })
}

impl Folding {
    fn apply(&mut self, home: &Home, choice: &Choice) -> Result<(), Conflict> {
        let made = choice.made(&Scene { home, instance: choice.instance, view: &self.view })?;
        for new in made.iter().flat_map(|made| &made.files) {
            self.put(choice, new.file.clone(), new.after.clone());
        }
        for (index, want) in made.iter().flat_map(|made| &made.wants).enumerate() {
            let scene = Scene { home, instance: choice.instance, view: &self.view };
            let judged = judge(want, choice.values, &scene, true);
            let done = outcome(choice, index, judged, &self.view)?;
            self.claims.extend(done.claims);
            for (file, after) in done.files {
                self.put(choice, file, after);
            }
        }
        for (index, want) in wanted(home, choice, &self.view) {
            let scene = Scene { home, instance: choice.instance, view: &self.view };
            let judged = judge(want, choice.values, &scene, true);
            let made = outcome(choice, index, judged, &self.view)?;
            self.claims.extend(made.claims);
            for (file, after) in made.files {
                self.put(choice, file, after);
            }
        }
        Ok(())
    }

    /// Brings what a person edited into the files, as a difference to what the patch makes of them.
    fn edit(&mut self, choice: &Choice) -> Result<(), Conflict> {
        for edition in choice.take.of(&choice.instance.name) {
            let file = &edition.file;
            let refused = |why: String| Conflict::Edited {
                code: choice.patch.code.clone(),
                file: file.clone(),
                why,
            };
            let made = self.view.content(file).map_err(|trouble| refused(trouble.to_string()))?;
            let before = self.view.original(file).map_err(|why| refused(why.to_string()))?;
            self.prove(&FileChange {
                file: file.clone(),
                before: Some(before.to_vec()),
                after: made.to_vec(),
                listings: None,
            })?;
            let after = merge(&edition.made, &made, &edition.wanted).map_err(|clashes| {
                let line = clashes.first().map_or(0, |clash| clash.ours.line);
                refused(format!("another chosen guideline changes the same lines, line {line}"))
            })?;
            proof::readable(file, &after, choice.instance).map_err(refused)?;
            self.claims.retain(|(other, _)| other != file);
            self.edited.insert(file.clone(), after.clone());
            self.put(choice, file.clone(), after);
        }
        Ok(())
    }

    /// Has files that are not text shown by what they hold, and collects what should be known.
    fn describe(
        &self,
        home: &Home,
        choices: &[Choice],
        changes: &mut [FileChange],
    ) -> Result<Vec<String>, Conflict> {
        let mut notes: Vec<String> = Vec::new();
        for choice in choices {
            let scene = Scene { home, instance: choice.instance, view: &self.view };
            let Some(made) = choice.made(&scene)? else { continue };
            for new in &made.files {
                let of_file = changes.iter_mut().filter(|change| change.file == new.file);
                of_file.for_each(|change| change.listings = Some(new.listings.clone()));
            }
            for note in made.notes.iter().filter(|note| !notes.contains(note)).collect::<Vec<_>>() {
                notes.push(note.clone());
            }
        }
        Ok(notes)
    }

    fn put(&mut self, choice: &Choice, file: RelPath, after: Vec<u8>) {
        self.view.put(&file, after.clone());
        let (code, instance) = (&choice.patch.code, &choice.instance.name);
        match self.steps.last_mut() {
            Some(last) if last.code == *code && last.file == file && last.instance == *instance => {
                last.after = after;
            }
            _ => self.steps.push(Step {
                code: code.clone(),
                instance: instance.clone(),
                file,
                after,
            }),
        }
    }

    /// Has the second readers look at what was claimed of a file since it was last edited by hand.
    fn prove(&self, change: &FileChange) -> Result<(), Conflict> {
        let claims: Vec<&Claim> = self
            .claims
            .iter()
            .filter(|(file, _)| *file == change.file)
            .map(|(_, claim)| claim)
            .collect();
        let since = self.edited.get(&change.file).cloned().or_else(|| change.before.clone());
        proof::prove(&FileChange { before: since, ..change.clone() }, &claims)
            .map_err(|why| Conflict::Disproved { file: change.file.clone(), why })
    }
}

/// Judges a chosen patch on the outcome.
fn confirm(home: &Home, choice: &Choice, view: &View, steps: &[Step]) -> Result<(), Conflict> {
    let scene = Scene { home, instance: choice.instance, view };
    choice
        .agrees(&scene)
        .map_err(|why| Conflict::Disagreement { code: choice.patch.code.clone(), why })?;
    // A want that only checks may go on deviating; it was never going to be written.
    let Some(open) = unmet(choice, &scene) else {
        return Ok(());
    };
    let finding = evaluate(choice.patch, choice.values, &scene);
    let deviating = finding.seen.into_iter().find(|seen| seen.status == Status::Deviates);
    let broken = deviating.filter(|_| choice.take.places.is_none()).unwrap_or(open);
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
