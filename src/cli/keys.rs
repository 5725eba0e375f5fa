//! The keys of the prompt, with the meanings they have in `git add -p`. Only those that make sense
//! at the moment are offered; anything else explains them and asks again.

use super::ask;
use super::failure::Failure;
use super::screen::Screen;
use crate::report::style::Ink;

/// What can be answered to a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    Yes,
    No,
    /// This one and all that follow.
    All,
    /// Neither this one nor any that follows.
    Done,
    Quit,
    NextUndecided,
    Next,
    BackUndecided,
    Back,
    Split,
    Edit,
    Waive,
    Tell,
    About,
    Help,
}

impl Key {
    pub fn letter(self) -> char {
        match self {
            Self::Yes => 'y',
            Self::No => 'n',
            Self::All => 'a',
            Self::Done => 'd',
            Self::Quit => 'q',
            Self::NextUndecided => 'j',
            Self::Next => 'J',
            Self::BackUndecided => 'k',
            Self::Back => 'K',
            Self::Split => 's',
            Self::Edit => 'e',
            Self::Waive => 'w',
            Self::Tell => 'p',
            Self::About => 'i',
            Self::Help => '?',
        }
    }

    fn meaning(self, what: &str) -> String {
        match self {
            Self::Yes => format!("apply this {what}"),
            Self::No => "do not apply it".into(),
            Self::All => {
                "apply it and all that follow, but for what can lock out or must be asked for"
                    .into()
            }
            Self::Done => "neither it nor any that follows".into(),
            Self::Quit => "quit, nothing is written".into(),
            Self::NextUndecided => "leave it undecided, go to the next undecided one".into(),
            Self::Next => "leave it undecided, go to the next one".into(),
            Self::BackUndecided => "leave it undecided, go back to the last undecided one".into(),
            Self::Back => "leave it undecided, go back to the one before".into(),
            Self::Split => "split it, and ask for each part".into(),
            Self::Edit => "edit its diff by hand".into(),
            Self::Waive => "waive it: accept the deviation, with reason, owner and expiry".into(),
            Self::Tell => "tell its parameters".into(),
            Self::About => "more about this guideline".into(),
            Self::Help => "this help".into(),
        }
    }
}

/// Asks until one of the offered keys is answered; the end of the input is `q`.
pub fn ask(screen: &Screen, prompt: &str, what: &str, offered: &[Key]) -> Result<Key, Failure> {
    let letters: Vec<String> = offered.iter().map(|key| key.letter().to_string()).collect();
    let prompt = screen.style.paint(Ink::Heading, &format!("{prompt} [{}]", letters.join(",")));
    loop {
        let Some(text) = ask::line(&prompt)? else {
            return Ok(Key::Quit);
        };
        let mut typed = text.trim().chars();
        let key = match (typed.next(), typed.next()) {
            (Some(letter), None) => offered.iter().find(|key| key.letter() == letter),
            _ => None,
        };
        match key {
            Some(Key::Help) | None => screen.say(&help(what, offered)),
            Some(key) => return Ok(*key),
        }
    }
}

fn help(what: &str, offered: &[Key]) -> String {
    let line = |key: &Key| format!("{} - {}", key.letter(), key.meaning(what));
    offered.iter().map(line).collect::<Vec<_>>().join("\n")
}
