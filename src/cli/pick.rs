//! Choosing among the patches that can be applied: patch by patch at a terminal, or by their own
//! word on how safe they are. Nothing here writes.

use super::apply::Arguments;
use super::ask::{self, Answer};
use super::choose::{self, Candidate, Left};
use super::failure::Failure;
use super::screen::Screen;
use super::work::Work;
use crate::home::Home;
use crate::patch::model::{Impact, Safety};
use crate::plan::fold;

/// Asks patch by patch; nothing when the operator quits.
pub fn by_hand<'a>(
    arguments: &Arguments,
    screen: &Screen,
    home: &Home,
    ready: Vec<Candidate<'a>>,
    left: &mut Vec<Left>,
) -> Result<Option<Vec<Candidate<'a>>>, Failure> {
    let mut picked = Vec::new();
    let count = ready.len();
    let mut rest: Option<bool> = None;
    for (index, candidate) in ready.into_iter().enumerate() {
        // What can lock out or lose data, and what is only applied when named, is never swept along.
        let alone = candidate.patch.safety == Safety::OptIn
            || candidate.patch.impact.iter().any(|i| matches!(i, Impact::Data | Impact::Lockout));
        let answer = match rest {
            Some(false) => Answer::No,
            Some(true) if !alone => Answer::Yes,
            _ => {
                let plan = fold(home, &candidate.choices)?;
                ask::present(screen, candidate.patch, index + 1, count);
                screen.plan(&plan, arguments.show_secrets);
                ask::decide(screen, candidate.patch)?
            }
        };
        match answer {
            Answer::Yes => picked.push(candidate),
            Answer::All => {
                rest = Some(true);
                picked.push(candidate);
            }
            Answer::No | Answer::Done => {
                if answer == Answer::Done {
                    rest = Some(false);
                }
                left.push(left_by(&candidate, "not chosen"));
            }
            Answer::Quit => return Ok(None),
        }
    }
    Ok(Some(picked))
}

/// Picks what `--yes` applies; the rest is left out with its reason.
pub fn by_rule<'a>(
    work: &Work,
    ready: Vec<Candidate<'a>>,
    accepted: &[Impact],
    left: &mut Vec<Left>,
) -> Vec<Candidate<'a>> {
    ready
        .into_iter()
        .filter(|candidate| match choose::reserve(work, candidate.patch, accepted) {
            None => true,
            Some(why) => {
                left.push(left_by(candidate, &why));
                false
            }
        })
        .collect()
}

fn left_by(candidate: &Candidate, why: &str) -> Left {
    Left {
        code: candidate.patch.code.clone(),
        title: candidate.patch.title.clone(),
        instance: String::new(),
        broken: false,
        person: false,
        why: why.to_owned(),
    }
}
