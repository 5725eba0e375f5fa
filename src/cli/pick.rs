//! Choosing among the patches that can be applied: patch by patch at a terminal, or by their own
//! word on how safe they are. Nothing here writes.

use super::apply::Arguments;
use super::choose::{self, Candidate, Left, Share};
use super::failure::Failure;
use super::item::{Answer, Item};
use super::screen::Screen;
use super::session::Session;
use super::waive::Waiver;
use super::work::Work;
use crate::change::Code;
use crate::home::Home;
use crate::patch::model::Impact;
use crate::plan::fold;
use crate::plan::fold::Choice;
use std::borrow::Cow;

/// What was chosen.
#[derive(Debug, Default)]
pub struct Picked<'a> {
    pub candidates: Vec<Candidate<'a>>,
    pub waivers: Vec<Waiver>,
    /// Guidelines of which only some parts were chosen.
    pub partial: Vec<Code>,
}

impl Picked<'_> {
    /// The values of parameters that are secrets.
    pub fn secrets(&self) -> Vec<String> {
        self.candidates.iter().flat_map(Candidate::secrets).collect()
    }

    /// Says in one line what is chosen and what is not.
    pub fn told(&self, left: &[Left]) -> String {
        let mut parts = Vec::new();
        for impact in [Impact::Restart, Impact::Clients, Impact::Data, Impact::Lockout] {
            let count = self.candidates.iter().filter(|c| c.patch.impact.contains(&impact)).count();
            if count > 0 {
                parts.push(format!("{} {count}", impact.word()));
            }
        }
        let mut told =
            format!("Impact: {}.", if parts.is_empty() { "none".into() } else { parts.join(", ") });
        let edited = |candidate: &&Candidate| candidate.shares.iter().any(|s| !s.edits.is_empty());
        let edited = self.candidates.iter().filter(edited).map(|c| c.patch.code.as_str());
        let partial = self.partial.iter().map(Code::as_str);
        let waived = self.waivers.iter().map(|waiver| waiver.code.as_str());
        let lists: [(&str, Vec<&str>); 3] = [
            ("In part", partial.collect()),
            ("Edited", edited.collect()),
            ("Waived", waived.collect()),
        ];
        for (what, mut codes) in lists {
            codes.dedup();
            if !codes.is_empty() {
                told += &format!(" {what}: {}.", codes.join(" "));
            }
        }
        let mut out: Vec<&str> =
            left.iter().filter(|left| !left.person).map(|left| left.code.as_str()).collect();
        out.dedup();
        format!(
            "{told} Left out: {}.",
            if out.is_empty() { "none".into() } else { out.len().to_string() }
        )
    }
}

/// Asks patch by patch; nothing when the operator quits.
pub fn by_hand<'a>(
    arguments: &Arguments,
    screen: &Screen,
    work: &'a Work,
    home: &'a Home,
    left: &mut Vec<Left>,
) -> Result<Option<Picked<'a>>, Failure> {
    left.clear();
    let mut items = Vec::new();
    for patch in work.patches() {
        match Item::of(work, home, patch, Cow::Borrowed(work.values(patch))) {
            Ok(item) => items.push(item),
            Err(others) => left.extend(others),
        }
    }
    loop {
        let mut session = Session::new(screen, work, home, items);
        session.show_secrets = arguments.show_secrets;
        let Some(answered) = session.run()? else {
            return Ok(None);
        };
        items = answered;
        let mut own = Vec::new();
        let picked = gather(items.clone(), &mut own);
        let choices: Vec<Choice> = picked.candidates.iter().flat_map(Candidate::choices).collect();
        let Err(conflict) = fold(home, &choices) else {
            left.extend(own);
            left.sort_by(|a, b| a.code.cmp(&b.code));
            return Ok(Some(picked));
        };
        let codes = conflict.codes();
        if codes.is_empty() {
            return Err(conflict.into());
        }
        // What was answered to the others is kept.
        screen.paragraph("", &format!("{conflict}. Decide again."));
        for item in items.iter_mut().filter(|item| codes.contains(&&item.patch().code)) {
            item.answer = None;
        }
    }
}

/// Puts what was answered together, guideline by guideline.
fn gather<'a>(items: Vec<Item<'a>>, left: &mut Vec<Left>) -> Picked<'a> {
    let mut picked = Picked::default();
    let mut items = items.into_iter().peekable();
    while let Some(item) = items.next() {
        let mut all = vec![item];
        while items.peek().is_some_and(|next| next.patch().code == all[0].patch().code) {
            all.extend(items.next());
        }
        picked.add(all, left);
    }
    picked
}

/// Picks what `--yes` applies; the rest is left out with its reason.
pub fn by_rule<'a>(
    work: &Work,
    ready: Vec<Candidate<'a>>,
    accepted: &[Impact],
    left: &mut Vec<Left>,
) -> Picked<'a> {
    let candidates = ready
        .into_iter()
        .filter(|candidate| match choose::reserve(work, candidate.patch, accepted) {
            None => true,
            Some(why) => {
                left.push(left_by(candidate, &why));
                false
            }
        })
        .collect();
    Picked { candidates, ..Picked::default() }
}

impl<'a> Picked<'a> {
    /// Adds what was answered to one guideline, or to all its parts.
    fn add(&mut self, items: Vec<Item<'a>>, left: &mut Vec<Left>) {
        let count = items.len();
        let mut chosen: Option<Candidate<'a>> = None;
        let mut refused: Option<Candidate<'a>> = None;
        let mut taken = 0;
        for item in items {
            match item.answer {
                Some(Answer::Yes) => {
                    left.extend(item.left);
                    taken += 1;
                    match &mut chosen {
                        None => chosen = Some(item.candidate),
                        Some(chosen) => join(chosen, item.candidate.shares),
                    }
                }
                Some(Answer::Waived(waivers)) => self.waivers.extend(waivers),
                Some(Answer::No) | None => {
                    left.extend(item.left);
                    refused = Some(item.candidate);
                }
            }
        }
        match (&chosen, refused) {
            (Some(candidate), Some(_)) => {
                let why = format!(
                    "only {taken} of its {count} parts were chosen, so the guideline stays open"
                );
                left.push(left_by(candidate, &why));
                self.partial.push(candidate.patch.code.clone());
            }
            (None, Some(candidate)) => left.push(left_by(&candidate, "not chosen")),
            _ => {}
        }
        self.candidates.extend(chosen);
    }
}

/// Adds parts to a guideline of which others are chosen already.
fn join<'a>(chosen: &mut Candidate<'a>, shares: Vec<Share<'a>>) {
    for share in shares {
        let mut known = chosen.shares.iter_mut();
        match known.find(|known| known.instance.name == share.instance.name) {
            Some(known) => {
                let more = share.places.unwrap_or_default();
                known.places.get_or_insert_default().extend(more);
                known.edits.extend(share.edits);
            }
            None => chosen.shares.push(share),
        }
    }
}

fn left_by(candidate: &Candidate, why: &str) -> Left {
    Left {
        code: candidate.patch.code.clone(),
        title: candidate.patch.title.clone(),
        instance: String::new(),
        broken: false,
        person: false,
        why: why.to_owned(),
        untold: Vec::new(),
    }
}
