//! What a patch says of an instance.

use super::facts::{Holds, holds};
use super::judge::{Judged, Values, judge};
use super::scene::{Scene, Silence};
use crate::change::{Finding, Place, RelPath, Seen, Status};
use crate::patch::Patch;
use crate::patch::model::{Native, Variant, Want};
use time::OffsetDateTime;

/// Judges every want of a patch and says what they add up to.
pub fn evaluate(patch: &Patch, values: &Values, scene: &Scene) -> Finding {
    let mut seen = Vec::new();
    let mut reasons = Vec::new();
    let mut applies = false;
    for variant in &patch.variants {
        match stage(variant, scene) {
            Stage::Skipped(why) => reasons.push(why),
            Stage::Unclear(why) => {
                applies = true;
                seen.push(remark(patch, Status::Unknown, sentence(&why)));
            }
            Stage::Broken(file, silence) => {
                applies = true;
                seen.push(broken(patch, &file, &silence));
            }
            Stage::Gated { status, why } => {
                applies = true;
                seen.extend(gated(variant, values, scene, status, &why));
            }
            Stage::Open(evidence) => {
                applies = true;
                for Judged { seen: mut one, .. } in wants(variant, values, scene, false) {
                    if !evidence.is_empty() {
                        one.evidence = format!("{} ({evidence})", one.evidence);
                    }
                    seen.push(one);
                }
                seen.extend(questions(variant, scene));
            }
        }
    }
    if patch.native == Some(Native::Keystores) {
        seen.extend(super::keys::look(patch, scene, OffsetDateTime::now_utc()));
    }
    // Stable, so that within one status the patch file's order stays.
    seen.sort_by_key(|one| one.status);
    let status =
        match seen.iter().map(|one| one.status).find(|status| *status != Status::NotApplicable) {
            Some(status) => status,
            None => Status::NotApplicable,
        };
    seen.sort_by_key(|one| one.status != status);
    let evidence = match seen.first() {
        Some(first) => first.evidence.clone(),
        None if applies => "nothing to look at".into(),
        None => sentence(&dedup(reasons).join("; ")),
    };
    Finding {
        code: patch.code.clone(),
        name: patch.name.clone(),
        title: patch.title.clone(),
        instance: scene.instance.name.clone(),
        status,
        severity: patch.severity.word().into(),
        seen,
        evidence,
        why: patch.why.clone(),
        reference: patch.reference.clone(),
    }
}

/// Judges the wants of every variant that is open, with the edits that would satisfy them.
pub fn fixes<'p>(patch: &'p Patch, scene: &Scene) -> impl Iterator<Item = &'p Want> {
    open(patch, scene).flat_map(|variant| variant.wants.iter())
}

/// Lists the variants whose conditions hold.
pub fn open<'p>(patch: &'p Patch, scene: &Scene) -> impl Iterator<Item = &'p Variant> {
    let open: Vec<bool> = patch
        .variants
        .iter()
        .map(|variant| matches!(stage(variant, scene), Stage::Open(_)))
        .collect();
    patch.variants.iter().zip(open).filter(|(_, open)| *open).map(|(variant, _)| variant)
}

enum Stage {
    /// The variant does not concern this instance.
    Skipped(String),
    /// Whether it concerns this instance cannot be told.
    Unclear(String),
    /// A file that would tell is broken.
    Broken(RelPath, Silence),
    /// It concerns the instance, but its gate is closed.
    Gated { status: Status, why: String },
    /// Its wants count, on this evidence.
    Open(String),
}

fn stage(variant: &Variant, scene: &Scene) -> Stage {
    let evidence = match holds(&variant.when, scene) {
        Holds::Yes(why) => why,
        Holds::No(why) => return Stage::Skipped(why),
        Holds::Unclear(why) => return Stage::Unclear(why),
        Holds::Broken(file, silence) => return Stage::Broken(file, silence),
    };
    let Some(gate) = &variant.requires else {
        return Stage::Open(evidence);
    };
    match holds(&gate.condition, scene) {
        Holds::Yes(why) if evidence.is_empty() => Stage::Open(why),
        Holds::Yes(why) if why.is_empty() => Stage::Open(evidence),
        Holds::Yes(why) => Stage::Open(format!("{evidence}; {why}")),
        // What an operator can bring about leaves a deviation a deviation; it only waits.
        Holds::No(why) if gate.condition.is_in_the_operators_hands() => {
            Stage::Gated { status: Status::Deviates, why: format!("{}: {why}", gate.because) }
        }
        Holds::No(why) => {
            Stage::Gated { status: Status::NotEffective, why: format!("{}: {why}", gate.because) }
        }
        Holds::Unclear(why) => {
            Stage::Gated { status: Status::Unknown, why: format!("{}: {why}", gate.because) }
        }
        Holds::Broken(file, silence) => Stage::Broken(file, silence),
    }
}

fn wants(variant: &Variant, values: &Values, scene: &Scene, fixing: bool) -> Vec<Judged> {
    variant.wants.iter().flat_map(|want| judge(want, values, scene, fixing)).collect()
}

/// The wants behind a closed gate: what is right already stays right, the rest waits.
fn gated(
    variant: &Variant,
    values: &Values,
    scene: &Scene,
    status: Status,
    why: &str,
) -> Vec<Seen> {
    wants(variant, values, scene, false)
        .into_iter()
        .map(|Judged { seen: mut one, .. }| {
            if matches!(one.status, Status::Deviates | Status::Unknown) {
                one.status = status;
                one.evidence = match status {
                    Status::Deviates => format!("{}; it waits: {}", one.evidence, sentence(why)),
                    _ => sentence(why),
                };
            }
            one
        })
        .collect()
}

fn questions(variant: &Variant, scene: &Scene) -> Vec<Seen> {
    let fill = |text: &str| {
        let root = scene.home.root.display().to_string();
        crate::patch::template::Template::parse(text)
            .fill(
                |hole| {
                    if hole == "home" { Some(root.clone()) } else { scene.instance.place(hole) }
                },
            )
            .unwrap_or_else(|_| text.to_owned())
    };
    variant
        .asks
        .iter()
        .map(|ask| Seen {
            status: Status::Person,
            what: fill(&ask.question),
            place: None,
            found: None,
            wanted: None,
            evidence: fill(&ask.evidence),
        })
        .collect()
}

fn broken(patch: &Patch, file: &RelPath, silence: &Silence) -> Seen {
    let at = match silence {
        Silence::Fault(fault) => Some(fault.at),
        _ => None,
    };
    let place = Some(Place { file: file.to_string(), at });
    Seen { place, ..remark(patch, Status::Error, silence.sentence()) }
}

fn remark(patch: &Patch, status: Status, evidence: String) -> Seen {
    Seen { status, what: patch.title.clone(), place: None, found: None, wanted: None, evidence }
}

fn dedup(mut reasons: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    reasons.retain(|reason| {
        let fresh = !kept.contains(reason);
        kept.push(reason.clone());
        fresh
    });
    reasons
}

fn sentence(clause: &str) -> String {
    if clause.ends_with('.') { clause.to_owned() } else { format!("{clause}.") }
}
