//! A session at the prompt: item by item, back and forth, until everything is decided or the
//! operator quits. It decides nothing itself, and it never writes to a home.

use super::ask;
use super::edit::Draft;
use super::failure::Failure;
use super::item::{Answer, Item};
use super::keys::{self, Key};
use super::screen::Screen;
use super::work::{self, Work};
use super::{tell, waive};
use crate::change::{Plan, Status};
use crate::home::Home;
use crate::report::style::Ink;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Items with what was answered so far.
pub struct Session<'a> {
    pub screen: Screen,
    pub work: &'a Work,
    pub home: &'a Home,
    pub show_secrets: bool,
    pub items: Vec<Item<'a>>,
    at: usize,
}

/// Where a key leads.
enum Turn {
    /// The item is asked about again.
    Again,
    /// The next one that is undecided, first those behind it.
    Decided,
    Go(usize),
    Quit,
}

impl<'a> Session<'a> {
    pub fn new(screen: &Screen, work: &'a Work, home: &'a Home, items: Vec<Item<'a>>) -> Self {
        let at = items.iter().position(|item| item.answer.is_none()).unwrap_or(items.len());
        Self { screen: screen.clone(), work, home, show_secrets: false, items, at }
    }

    /// Asks until everything is decided; nothing when the operator quits.
    pub fn run(mut self) -> Result<Option<Vec<Item<'a>>>, Failure> {
        while self.at < self.items.len() {
            let plan = self.items[self.at].plan(self.home)?;
            self.present(&plan);
            let offered = self.offered(&plan);
            let (prompt, what) = self.question();
            let key = keys::ask(&self.screen, &prompt, what, &offered)?;
            match self.turn(key, &plan)? {
                Turn::Again => {}
                Turn::Go(at) => self.at = at,
                Turn::Quit => return Ok(None),
                Turn::Decided => match self.undecided_after().or_else(|| self.first_undecided()) {
                    Some(next) => {
                        self.tell_undecided(next);
                        self.at = next;
                    }
                    None => break,
                },
            }
        }
        Ok(Some(self.items))
    }

    /// Shows who a guideline is, and what it changes.
    fn present(&self, plan: &Plan) {
        let (screen, item) = (&self.screen, &self.items[self.at]);
        let patch = item.patch();
        let (number, count) = (self.at + 1, self.items.len());
        let part = item.part.map_or(String::new(), |(part, of)| format!(", part {part} of {of}"));
        let title = format!(
            "[{number}/{count}] {} {} ({}){part}",
            patch.code,
            patch.title,
            patch.severity.word()
        );
        screen.say(&format!("\n{}", screen.style.paint(Ink::Heading, &title)));
        if item.part.is_none_or(|(part, _)| part == 1) {
            screen.paragraph("Why:    ", &patch.why);
            let impact: Vec<&str> = patch.impact.iter().map(|impact| impact.word()).collect();
            let impact = if impact.is_empty() { "none".to_owned() } else { impact.join(", ") };
            screen.paragraph("Impact: ", &impact);
            if let Some(risk) = &patch.risk {
                screen.paragraph("Risk:   ", risk);
            }
            let mut lead = "Set:    ";
            for name in item.parameters(self.home) {
                if let Some(param) = patch.params.get(name) {
                    let told = tell::shown(name, param.kind, item.candidate.values.get(name));
                    screen.short(lead, &told);
                    lead = "        ";
                }
            }
            for left in &item.left {
                let name = if left.instance.is_empty() {
                    String::new()
                } else {
                    format!("{}: ", left.instance)
                };
                screen.paragraph("Open:   ", &format!("{name}{}", left.why));
            }
        }
        screen.hiding(item.candidate.secrets()).plan(plan, self.show_secrets);
    }

    /// The keys that make sense now, in the order of the help.
    fn offered(&self, plan: &Plan) -> Vec<Key> {
        let item = &self.items[self.at];
        let mut keys = Vec::new();
        if item.is_ready() {
            keys.push(Key::Yes);
        }
        keys.push(Key::No);
        if item.is_ready() {
            keys.push(Key::All);
        }
        keys.extend([Key::Done, Key::Quit]);
        let ways = [
            (Key::NextUndecided, self.undecided_after()),
            (Key::Next, Some(self.at + 1).filter(|next| *next < self.items.len())),
            (Key::BackUndecided, self.undecided_before()),
            (Key::Back, self.at.checked_sub(1)),
        ];
        keys.extend(ways.iter().filter(|(_, to)| to.is_some()).map(|(key, _)| *key));
        keys.extend(item.keys(self.home, plan));
        keys.extend([Key::About, Key::Help]);
        keys
    }

    fn question(&self) -> (String, &'static str) {
        let item = &self.items[self.at];
        let now = match &item.answer {
            None => "",
            Some(Answer::Yes) => " (chosen)",
            Some(Answer::No) => " (left out)",
            Some(Answer::Waived(_)) => " (waived)",
        };
        let code = &item.patch().code;
        match item.part {
            None => (format!("Apply {code}{now}"), "guideline"),
            Some((part, _)) => (format!("Apply {code} part {part}{now}"), "part"),
        }
    }

    fn turn(&mut self, key: Key, plan: &Plan) -> Result<Turn, Failure> {
        Ok(match key {
            Key::Yes | Key::All => match self.agreed()? {
                None => Turn::Quit,
                Some(false) => Turn::Again,
                Some(true) => {
                    self.items[self.at].answer = Some(Answer::Yes);
                    if key == Key::All {
                        self.sweep(Answer::Yes);
                    }
                    Turn::Decided
                }
            },
            Key::No => {
                self.items[self.at].answer = Some(Answer::No);
                Turn::Decided
            }
            Key::Done => {
                self.items[self.at].answer = Some(Answer::No);
                self.sweep(Answer::No);
                Turn::Decided
            }
            Key::Quit => Turn::Quit,
            Key::NextUndecided => self.undecided_after().map_or(Turn::Again, Turn::Go),
            Key::Next => Turn::Go(self.at + 1),
            Key::BackUndecided => self.undecided_before().map_or(Turn::Again, Turn::Go),
            Key::Back => self.at.checked_sub(1).map_or(Turn::Again, Turn::Go),
            Key::Split => self.split()?,
            Key::Edit => self.edit(plan)?,
            Key::Waive => self.waive()?,
            Key::Tell => self.tell()?,
            Key::About => {
                self.screen.say(&crate::report::catalogue::page(self.items[self.at].patch()));
                Turn::Again
            }
            Key::Help => Turn::Again,
        })
    }

    /// Asks for the word `yes` where somebody could be locked out; nothing at the end of the input.
    fn agreed(&self) -> Result<Option<bool>, Failure> {
        let item = &self.items[self.at];
        if !item.locks_out() {
            return Ok(Some(true));
        }
        let code = &item.patch().code;
        let risk = item.patch().risk.as_deref().unwrap_or_default();
        self.screen.paragraph("", &format!("{code} can lock somebody out. {risk}"));
        let Some(text) = ask::line(&format!("Type the word yes to apply {code} all the same"))?
        else {
            return Ok(None);
        };
        let agreed = text.trim() == "yes";
        if !agreed {
            self.screen.say(&format!("{code} was not chosen."));
        }
        Ok(Some(agreed))
    }

    /// Answers for all undecided ones behind this one; yes only for those that may be swept along.
    fn sweep(&mut self, answer: Answer) {
        for item in self.items.iter_mut().skip(self.at + 1).filter(|item| item.answer.is_none()) {
            if answer == Answer::No || (item.is_ready() && !item.stands_alone()) {
                item.answer = Some(answer.clone());
            }
        }
    }

    fn split(&mut self) -> Result<Turn, Failure> {
        let parts = self.items[self.at].parts(self.home)?;
        if parts.len() < 2 {
            self.screen.say("Its changes need one another, so it cannot be split.");
            return Ok(Turn::Again);
        }
        self.screen.say(&format!("Split into {} parts.", parts.len()));
        self.items.splice(self.at..=self.at, parts);
        Ok(Turn::Again)
    }

    fn edit(&mut self, plan: &Plan) -> Result<Turn, Failure> {
        let item = &mut self.items[self.at];
        let code = item.patch().code.to_string();
        let diff: Vec<u8> = plan.files.iter().flat_map(|change| change.unified(3)).collect();
        let before = plan
            .files
            .iter()
            .map(|change| (change.file.to_string(), change.before.clone().unwrap_or_default()));
        let before: BTreeMap<String, Vec<u8>> = before.collect();
        let screen = self.screen.hiding(item.candidate.secrets());
        let mut draft = Draft::of(&code, &diff, &screen, self.show_secrets);
        loop {
            if draft.open(&code)?.is_none() {
                screen.say("The editor ended with an error; nothing was edited.");
                return Ok(Turn::Again);
            }
            if draft.is_empty() {
                screen.say("No change is left in the diff; nothing was edited.");
                return Ok(Turn::Again);
            }
            let wrong = match draft.apply(&before) {
                Err(misfit) => format!("The edited diff does not apply: {misfit}."),
                Ok(wanted) => match item.edited(self.home, wanted) {
                    Err(conflict) => format!("{conflict}."),
                    Ok(_) if !item.is_edited() => {
                        screen.say("The diff was left as it was.");
                        return Ok(Turn::Again);
                    }
                    Ok(plan) => {
                        for (instance, status, evidence) in item.statuses(self.home, &plan) {
                            if matches!(status, Status::Deviates | Status::Error) {
                                screen.paragraph("", &format!(
                                    "As it was edited, {code} still {} in {instance}: {evidence}",
                                    if status == Status::Error { "fails" } else { "deviates" },
                                ));
                            } else if status == Status::Compliant {
                                screen
                                    .say(&format!("As it was edited, {code} holds in {instance}."));
                            }
                        }
                        return Ok(Turn::Again);
                    }
                },
            };
            let (wrong, _) = screen.masked(wrong.as_bytes(), false);
            screen.paragraph("", &String::from_utf8_lossy(&wrong));
            if !ask::confirm("Edit it again?")? {
                screen.say("The edit was dropped.");
                return Ok(Turn::Again);
            }
        }
    }

    fn waive(&mut self) -> Result<Turn, Failure> {
        let item = &mut self.items[self.at];
        let instances = item.deviating(self.home);
        let user = work::who().user;
        Ok(match waive::ask(&self.screen, &item.patch().code, &instances, &user)? {
            None => Turn::Quit,
            Some(None) => Turn::Again,
            Some(Some(waivers)) => {
                item.answer = Some(Answer::Waived(waivers));
                Turn::Decided
            }
        })
    }

    fn tell(&mut self) -> Result<Turn, Failure> {
        let item = &mut self.items[self.at];
        let (patch, names) = (item.patch(), item.parameters(self.home));
        let Some(values) = tell::ask(&self.screen, patch, &names, &item.candidate.values)? else {
            return Ok(Turn::Quit);
        };
        match Item::of(self.work, self.home, patch, Cow::Owned(values)) {
            Ok(told) => *item = told,
            Err(left) => {
                let why = left.first().map_or("nothing is to be changed", |left| &left.why);
                self.screen.say(&format!("With these parameters {why}; they were not taken."));
            }
        }
        Ok(Turn::Again)
    }

    fn undecided(&self, at: usize) -> bool {
        self.items[at].answer.is_none()
    }

    fn undecided_after(&self) -> Option<usize> {
        (self.at + 1..self.items.len()).find(|at| self.undecided(*at))
    }

    fn undecided_before(&self) -> Option<usize> {
        (0..self.at).rev().find(|at| self.undecided(*at))
    }

    fn first_undecided(&self) -> Option<usize> {
        (0..self.items.len()).find(|at| self.undecided(*at))
    }

    /// Says what is still undecided when the last item was passed.
    fn tell_undecided(&self, next: usize) {
        if next > self.at {
            return;
        }
        let mut codes: Vec<&str> = (0..self.items.len())
            .filter(|at| self.undecided(*at))
            .map(|at| self.items[at].patch().code.as_str())
            .collect();
        let count = codes.len();
        codes.dedup();
        self.screen.say(&format!(
            "\n{count} still undecided: {}. d leaves out what follows.",
            codes.join(" ")
        ));
    }
}
