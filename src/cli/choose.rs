//! Which patches can be applied to a home, and why the others are left out.

use super::work::Work;
use crate::change::{Code, Finding, Seen, Status};
use crate::home::{Home, Instance, View};
use crate::patch::Patch;
use crate::patch::model::{Impact, Safety};
use crate::plan::evaluate::fixes;
use crate::plan::judge::judge;
use crate::plan::keys::Forge;
use crate::plan::{Scene, evaluate, fold, fold::Choice};
use std::collections::BTreeSet;

/// What stands between a patch and a home.
#[derive(Debug, Default)]
pub struct Candidates<'a> {
    /// Patches with something to change, with the instances they change.
    pub ready: Vec<Candidate<'a>>,
    pub left: Vec<Left>,
}

/// A patch that can be applied.
#[derive(Debug)]
pub struct Candidate<'a> {
    pub patch: &'a Patch,
    pub choices: Vec<Choice<'a>>,
}

/// A patch that is left out, and why.
#[derive(Debug, PartialEq, Eq)]
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
}

/// Looks at every selected patch in every instance of a home.
pub fn candidates<'a>(work: &'a Work, home: &'a Home, forge: &'a Forge) -> Candidates<'a> {
    let view = View::of(&home.root);
    let mut found = Candidates::default();
    for patch in work.patches() {
        let mut choices = Vec::new();
        for instance in &home.instances {
            let scene = Scene { home, instance, view: &view };
            let finding = evaluate(patch, work.values(patch), &scene);
            match left_out(work, patch, &finding, &scene, forge) {
                Verdict::Ready => {
                    choices.push(Choice { patch, values: work.values(patch), instance, forge })
                }
                Verdict::Fine => {}
                Verdict::Left { why, broken } => found.left.push(Left {
                    code: patch.code.clone(),
                    title: patch.title.clone(),
                    instance: shown_name(home, instance),
                    broken,
                    person: finding.status == Status::Person,
                    why,
                }),
            }
        }
        if !choices.is_empty() {
            found.ready.push(Candidate { patch, choices });
        }
    }
    found
}

enum Verdict {
    Ready,
    Fine,
    Left { why: String, broken: bool },
}

fn left_out(
    work: &Work,
    patch: &Patch,
    finding: &Finding,
    scene: &Scene,
    forge: &Forge,
) -> Verdict {
    let left = |why: String, broken| Verdict::Left { why, broken };
    let deciding = finding.seen.first();
    match finding.status {
        Status::Error => return left(said(deciding), true),
        Status::Compliant | Status::NotApplicable | Status::Waived | Status::Attested => {
            return Verdict::Fine;
        }
        Status::NotEffective => {
            return left(format!("not effective here: {}", said(deciding)), false);
        }
        Status::Person => return left("a person must answer".into(), false),
        Status::Deviates | Status::Unknown => {}
    }
    if patch.native.is_some() {
        return match forge.draft(patch, work.values(patch), scene) {
            Ok(draft) if draft.is_empty() => left(said(deciding), false),
            Ok(_) => Verdict::Ready,
            Err(refusal) => {
                left(format!("{}. {}", refusal.why, refusal.hint.trim_end_matches('.')), false)
            }
        };
    }
    let fixable = fixes(patch, scene).any(|want| {
        judge(want, work.values(patch), scene, true).iter().any(|judged| judged.fix.is_some())
    });
    if fixable {
        let choice = Choice { patch, values: work.values(patch), instance: scene.instance, forge };
        return match fold(scene.home, &[choice]) {
            Ok(_) => Verdict::Ready,
            // A change that cannot be phrased keeps this guideline back, not the others.
            Err(conflict) => left(conflict.to_string(), true),
        };
    }
    // Two wants can lack the same parameter; it is named once.
    let unset: BTreeSet<String> = fixes(patch, scene)
        .filter_map(|want| want.value.as_ref())
        .flat_map(|value| value.holes())
        .filter(|hole| patch.params.contains_key(*hole) && !work.values(patch).contains_key(*hole))
        .map(|name| format!("--set {}.{name}=…", patch.code))
        .collect();
    match (finding.status, unset.is_empty()) {
        (Status::Deviates, false) => {
            left(format!("it must be told {}", Vec::from_iter(unset).join(" and ")), false)
        }
        _ => left(said(deciding), false),
    }
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
