//! How much of what a patch would change is taken: all of it, some of its parts, or what a person
//! made of it in an editor.
//!
//! A part is the smallest change that can be applied alone: the wants whose lines touch, and those
//! that need one another, stay together. Nothing is asked here, and a part is never guessed.

use super::evaluate::fixes;
use super::fold::{self, Choice, Conflict};
use super::judge::judge;
use super::scene::Scene;
use crate::change::{RelPath, Seen};
use crate::diff;
use crate::home::{Home, View};
use std::collections::{BTreeMap, BTreeSet};

/// How much of a choice is taken; by default all of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Take<'a> {
    /// The places that are changed; nothing for all.
    pub places: Option<&'a [Place]>,
    /// What a person made of the files afterwards.
    pub edits: &'a [Edition],
}

/// One place of one want of a patch, in one instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Counted over all wants of the patch.
    want: usize,
    /// Counted over what the want meets.
    nth: usize,
    /// How many places this want would change.
    of: usize,
}

/// A file as a person edited it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edition {
    /// The instance whose share it is.
    pub instance: String,
    pub file: RelPath,
    /// What the patch alone makes of the file.
    pub made: Vec<u8>,
    /// What it is to be instead.
    pub wanted: Vec<u8>,
}

impl Take<'_> {
    /// Tells whether a place of a want is to be changed.
    pub(super) fn has(&self, want: usize, nth: usize) -> bool {
        self.places.is_none_or(|all| all.iter().any(|p| p.want == want && p.nth == nth))
    }

    /// The editions of an instance's files.
    pub(super) fn of(&self, instance: &str) -> impl Iterator<Item = &Edition> {
        self.edits.iter().filter(move |edition| edition.instance == instance)
    }
}

/// Finds something that a choice was to bring about and that is not so.
///
/// What was left out of it may go on deviating, and an edit by hand promises nothing.
pub fn unmet(choice: &Choice, scene: &Scene) -> Option<Seen> {
    if choice.take.of(&scene.instance.name).next().is_some() {
        return None;
    }
    let open =
        |want| judge(want, choice.values, scene, true).into_iter().filter(|j| j.fix.is_some());
    let Some(places) = choice.take.places else {
        return fixes(choice.patch, scene).find_map(|want| open(want).next()).map(|j| j.seen);
    };
    // Counted, for where elements were taken away those behind them have moved up.
    choice.patch.wants().enumerate().find_map(|(index, want)| {
        let taken = places.iter().filter(|place| place.want == index);
        let left = places.iter().find(|place| place.want == index)?.of - taken.count();
        open(want).nth(left).map(|judged| judged.seen)
    })
}

/// Splits what a choice changes into parts that can be taken alone, in the order of the patch.
///
/// # Errors
/// [`Conflict`] when the choice as a whole cannot be applied.
pub fn parts(home: &Home, choice: &Choice) -> Result<Vec<Vec<Place>>, Conflict> {
    let whole = Choice { take: Take::default(), ..*choice };
    let mut parts: Vec<Part> = Vec::new();
    for place in places(home, &whole)? {
        let Some(alone) = Part::of(home, &whole, vec![place]) else {
            // It needs what came before it.
            match parts.pop().and_then(|last| last.with(home, &whole, &[place])) {
                Some(both) => parts.push(both),
                None => return Ok(vec![places(home, &whole)?]),
            }
            continue;
        };
        let mut joined = alone;
        let mut apart = Vec::new();
        for other in parts {
            let touching = joined.files.keys().any(|file| other.files.contains_key(file));
            match joined.with(home, &whole, &other.places).filter(|_| touching) {
                Some(both) if both.hunks() < joined.hunks() + other.hunks() => joined = both,
                _ => apart.push(other),
            }
        }
        apart.push(joined);
        parts = apart;
    }
    let mut parts: Vec<Vec<Place>> = parts.into_iter().map(|part| part.places).collect();
    parts.sort();
    Ok(parts)
}

/// Places that stay together, and what they change when they are taken alone.
struct Part {
    places: Vec<Place>,
    /// The number of hunks in each file.
    files: BTreeMap<RelPath, usize>,
}

impl Part {
    /// Takes some places alone; nothing when that changes nothing or cannot be done.
    fn of(home: &Home, whole: &Choice, places: Vec<Place>) -> Option<Self> {
        let take = Take { places: Some(&places), ..Take::default() };
        let plan = fold::fold(home, &[Choice { take, ..*whole }]).ok()?;
        let files = plan.files.iter().map(|change| {
            let before = change.before.as_deref().unwrap_or_default();
            (change.file.clone(), diff::hunks(before, &change.after))
        });
        let files: BTreeMap<_, _> = files.collect();
        (!files.is_empty()).then_some(Self { places, files })
    }

    fn with(&self, home: &Home, whole: &Choice, more: &[Place]) -> Option<Self> {
        let all: BTreeSet<Place> = self.places.iter().chain(more).copied().collect();
        Self::of(home, whole, all.into_iter().collect())
    }

    fn hunks(&self) -> usize {
        self.files.values().sum()
    }
}

/// Lists every place that a choice changes.
fn places(home: &Home, choice: &Choice) -> Result<Vec<Place>, Conflict> {
    let mut view = View::of(&home.root);
    let mut places = Vec::new();
    let wanted = fold::wanted(home, choice, &view);
    for (index, want) in wanted {
        let scene = Scene { home, instance: choice.instance, view: &view };
        let judged = judge(want, choice.values, &scene, true);
        let fixed: Vec<usize> = judged
            .iter()
            .enumerate()
            .filter(|(_, j)| j.fix.is_some())
            .map(|(nth, _)| nth)
            .collect();
        let of = fixed.len();
        places.extend(fixed.into_iter().map(|nth| Place { want: index, nth, of }));
        for (file, after) in fold::outcome(choice, index, judged, &view)?.files {
            view.put(&file, after);
        }
    }
    Ok(places)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::Plan;
    use crate::home::discover::discover;
    use crate::patch::Catalogue;
    use crate::plan::keys::Forge;
    use crate::plan::{evaluate, fold};
    use std::path::Path;

    /// Runs a test on what a patch does to the first instance of a golden home.
    fn on(home: &str, code: &str, test: impl Fn(&Home, Choice)) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/homes").join(home);
        let home = discover(&root).unwrap();
        let catalogue = Catalogue::load(&[]).unwrap();
        let patch = catalogue.find(code).unwrap();
        let values = patch.settle(&BTreeMap::new()).unwrap();
        let (instance, take) = (&home.instances[0], Take::default());
        let forge = Forge::new(time::OffsetDateTime::now_utc(), None);
        test(&home, Choice { patch, values: &values, instance, take, forge: &forge });
    }

    fn taking(home: &Home, choice: Choice, places: &[Place]) -> Plan {
        let take = Take { places: Some(places), ..Take::default() };
        fold(home, &[Choice { take, ..choice }]).unwrap()
    }

    #[test]
    fn the_parts_together_are_the_whole_and_each_leaves_the_guideline_open() {
        let homes =
            [("carbon-4.4.40-xml", "P08"), ("is-5.11.0-toml", "P14"), ("is-5.7.0-xml", "P14")];
        for (name, code) in homes {
            on(name, code, |home, choice| {
                let parts = parts(home, &choice).unwrap();
                assert!(parts.len() > 1, "{name}");
                let whole = fold(home, &[choice]).unwrap();
                assert_eq!(taking(home, choice, &parts.concat()).files, whole.files, "{name}");
                let hunks = |plan: &Plan| -> usize {
                    let count = |f: &crate::change::FileChange| {
                        diff::hunks(f.before.as_deref().unwrap_or_default(), &f.after)
                    };
                    plan.files.iter().map(count).sum()
                };
                let alone: usize =
                    parts.iter().map(|part| hunks(&taking(home, choice, part))).sum();
                assert_eq!(alone, hunks(&whole), "{name}: no change is in two parts");
                for part in &parts {
                    let plan = taking(home, choice, part);
                    let mut view = View::of(&home.root);
                    plan.files.iter().for_each(|f| view.put(&f.file, f.after.clone()));
                    let scene = Scene { home, instance: choice.instance, view: &view };
                    let finding = evaluate(choice.patch, choice.values, &scene);
                    assert_eq!(finding.status, crate::change::Status::Deviates, "{name}");
                    let take = Take { places: Some(part), ..Take::default() };
                    assert_eq!(unmet(&Choice { take, ..choice }, &scene), None, "{name}");
                    assert!(unmet(&choice, &scene).is_some(), "{name}");
                }
            });
        }
    }

    #[test]
    fn a_part_that_does_not_hold_is_noticed() {
        on("carbon-4.4.40-xml", "P10", |home, choice| {
            let all = places(home, &choice).unwrap();
            let take = Take { places: Some(&all), ..Take::default() };
            let view = View::of(&home.root);
            let scene = Scene { home, instance: choice.instance, view: &view };
            assert!(unmet(&Choice { take, ..choice }, &scene).is_some());
        });
    }

    #[test]
    fn an_edit_is_what_is_written_and_the_next_guideline_goes_on_from_it() {
        on("carbon-4.4.40-xml", "P13", |home, choice| {
            let catalogue = Catalogue::load(&[]).unwrap();
            let other = catalogue.find("P14").unwrap();
            let values = other.settle(&BTreeMap::new()).unwrap();
            let after = |plan: &Plan| {
                let script = |f: &&crate::change::FileChange| f.file.as_str().ends_with(".sh");
                plan.files.iter().find(script).cloned().unwrap()
            };
            let made = after(&fold(home, &[choice]).unwrap());
            let text = String::from_utf8(made.after.clone()).unwrap().replace("=2048", "=4096");
            let edition = |wanted: &str| Edition {
                instance: choice.instance.name.clone(),
                file: made.file.clone(),
                made: made.after.clone(),
                wanted: wanted.into(),
            };
            let folded = |edition: Edition| {
                let take = Take { edits: &[edition], ..Take::default() };
                let next =
                    Choice { patch: other, values: &values, take: Take::default(), ..choice };
                fold(home, &[Choice { take, ..choice }, next])
            };
            let both = String::from_utf8(after(&folded(edition(&text)).unwrap()).after).unwrap();
            assert!(both.contains("ephemeralDHKeySize=4096") && !both.contains("=2048"), "{both}");
            assert!(both.contains("rejectClientInitiatedRenegotiation=true"), "{both}");
            let broken = format!("{text}\n\"");
            assert!(matches!(folded(edition(&broken)), Err(Conflict::Edited { .. })), "unreadable");
        });
    }
}
