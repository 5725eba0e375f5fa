//! Which patches can be applied to a home, and why the others are left out.

use super::work::Work;
use crate::change::{Code, Seen, Status};
use crate::home::{Home, Instance, View};
use crate::patch::Patch;
use crate::patch::model::{Impact, Kind, Safety};
use crate::plan::evaluate::fixes;
use crate::plan::judge::{Values, judge};
use crate::plan::keys::Forge;
use crate::plan::take::{Edition, Place};
use crate::plan::{Scene, Take, fold, fold::Choice};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// What stands between a patch and a home.
#[derive(Debug, Default)]
pub struct Candidates<'a> {
    /// Patches with something to change, with the instances they change.
    pub ready: Vec<Candidate<'a>>,
    pub left: Vec<Left>,
}

/// A patch that can be applied, with what it is told.
#[derive(Debug, Clone)]
pub struct Candidate<'a> {
    pub patch: &'a Patch,
    pub values: Cow<'a, Values>,
    pub shares: Vec<Share<'a>>,
    pub forge: &'a Forge,
}

/// What a patch changes in one instance.
#[derive(Debug, Clone)]
pub struct Share<'a> {
    pub instance: &'a Instance,
    /// The places that were chosen; nothing for all.
    pub places: Option<Vec<Place>>,
    pub edits: Vec<Edition>,
}

/// A patch that is left out, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    pub code: Code,
    pub title: String,
    pub instance: String,
    /// The file could not be read or understood.
    pub broken: bool,
    /// Only a person can tell.
    pub person: bool,
    /// A clause.
    pub why: String,
    /// The parameters it waits for.
    pub untold: Vec<String>,
}

impl Candidate<'_> {
    /// What is folded: each instance's share.
    pub fn choices(&self) -> Vec<Choice<'_>> {
        let choice = |share| choice(self.patch, &self.values, self.forge, share);
        self.shares.iter().map(choice).collect()
    }

    /// The values of parameters that are secrets.
    pub fn secrets(&self) -> Vec<String> {
        let secret = |name: &String| {
            self.patch.params.get(name).is_some_and(|param| param.kind == Kind::Secret)
        };
        let told = self.values.iter().filter(|(name, _)| secret(name));
        told.map(|(_, value)| value.clone()).collect()
    }
}

fn choice<'a>(
    patch: &'a Patch,
    values: &'a Values,
    forge: &'a Forge,
    share: &'a Share,
) -> Choice<'a> {
    let take = Take { places: share.places.as_deref(), edits: &share.edits };
    Choice { patch, values, instance: share.instance, take, forge }
}

/// Looks at every selected patch in every instance of a home.
pub fn candidates<'a>(work: &'a Work, home: &'a Home) -> Candidates<'a> {
    let view = View::of(&home.root);
    let mut found = Candidates::default();
    for patch in work.patches() {
        let (ready, left) = look(work, home, &view, patch, work.values(patch));
        found.left.extend(left);
        if !ready.is_empty() {
            let values = Cow::Borrowed(work.values(patch));
            found.ready.push(Candidate { patch, values, shares: ready, forge: &work.forge });
        }
    }
    found
}

/// Looks at one patch, told these values, in every instance of a home.
pub fn look<'a>(
    work: &Work,
    home: &'a Home,
    view: &View,
    patch: &Patch,
    values: &Values,
) -> (Vec<Share<'a>>, Vec<Left>) {
    let (mut ready, mut left) = (Vec::new(), Vec::new());
    for instance in &home.instances {
        let scene = Scene { home, instance, view };
        let mut leave = |why: Why| {
            left.push(Left {
                code: patch.code.clone(),
                title: patch.title.clone(),
                instance: shown_name(home, instance),
                broken: why.broken,
                person: why.person,
                why: why.why,
                untold: why.untold,
            });
        };
        match verdict(work, patch, values, &scene) {
            Verdict::Ready => ready.push(Share { instance, places: None, edits: Vec::new() }),
            Verdict::Fine => {}
            Verdict::Left(why) => leave(why),
        }
    }
    (ready, left)
}

/// The parameters that decide what a patch writes in an instance.
pub fn parameters<'a>(patch: &'a Patch, scene: &Scene) -> BTreeSet<&'a str> {
    let holes = fixes(patch, scene).filter_map(|want| want.value.as_ref());
    holes.flat_map(|value| value.holes()).filter(|hole| patch.params.contains_key(*hole)).collect()
}

enum Verdict {
    Ready,
    Fine,
    Left(Why),
}

#[derive(Default)]
struct Why {
    why: String,
    broken: bool,
    person: bool,
    untold: Vec<String>,
}

fn verdict(work: &Work, patch: &Patch, values: &Values, scene: &Scene) -> Verdict {
    let left = |why: String, broken| Verdict::Left(Why { why, broken, ..Why::default() });
    let finding = work.finding(patch, values, scene);
    let deciding = finding.seen.first();
    match finding.status {
        Status::Error => return left(said(deciding), true),
        Status::Compliant | Status::NotApplicable | Status::Attested => return Verdict::Fine,
        Status::Waived => {
            let why = finding.evidence.trim_start_matches('W').trim_end_matches('.');
            return left(format!("w{why}"), false);
        }
        Status::NotEffective => {
            return left(format!("not effective here: {}", said(deciding)), false);
        }
        Status::Person => {
            let why = "a person must answer".into();
            return Verdict::Left(Why { why, person: true, ..Why::default() });
        }
        Status::Deviates | Status::Unknown => {}
    }
    if patch.native.is_some() {
        return match work.forge.draft(patch, values, scene) {
            Ok(draft) if draft.is_empty() => left(said(deciding), false),
            Ok(_) => Verdict::Ready,
            Err(refusal) => {
                let why = format!("{}. {}", refusal.why, refusal.hint.trim_end_matches('.'));
                // Who names it expects it to be done.
                left(why, work.named.contains(&patch.code))
            }
        };
    }
    let fixable = fixes(patch, scene)
        .any(|want| judge(want, values, scene, true).iter().any(|judged| judged.fix.is_some()));
    if fixable {
        let whole = Share { instance: scene.instance, places: None, edits: Vec::new() };
        return match fold(scene.home, &[choice(patch, values, &work.forge, &whole)]) {
            Ok(_) => Verdict::Ready,
            // A change that cannot be phrased keeps this guideline back, not the others.
            Err(conflict) => left(conflict.to_string(), true),
        };
    }
    // Two wants can lack the same parameter; it is named once.
    let untold = parameters(patch, scene).into_iter().filter(|name| !values.contains_key(*name));
    let untold: Vec<String> = untold.map(str::to_owned).collect();
    if finding.status == Status::Deviates && !untold.is_empty() {
        let set: Vec<String> =
            untold.iter().map(|name| format!("--set {}.{name}=…", patch.code)).collect();
        let why = format!("it must be told {}", set.join(" and "));
        return Verdict::Left(Why { why, untold, ..Why::default() });
    }
    left(said(deciding), false)
}

fn said(seen: Option<&Seen>) -> String {
    let Some(seen) = seen else {
        return "nothing to look at".into();
    };
    let place = seen.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
    format!("{place}{}", seen.evidence.trim_end_matches('.'))
}

/// The name of an instance where it tells something: only homes with several have names to tell.
fn shown_name(home: &Home, instance: &Instance) -> String {
    if home.instances.len() > 1 { instance.name.clone() } else { String::new() }
}

/// Why `--yes` alone does not apply a patch; nothing when it does.
pub fn reserve(work: &Work, patch: &Patch, accepted: &[Impact]) -> Option<String> {
    if patch.safety == Safety::OptIn && !work.named.contains(&patch.code) {
        return Some(format!("applied only when it is named, with --only {}", patch.code));
    }
    let grave = patch.impact.iter().find(|impact| {
        matches!(impact, Impact::Data | Impact::Lockout) && !accepted.contains(impact)
    })?;
    Some(format!("its impact needs --accept {}", grave.word()))
}
