//! `harden apply`: choose, preview, commit.

use super::Common;
use super::approved;
use super::ask;
use super::choose::{self, Candidate, Left};
use super::failure::{Exit, Failure};
use super::guard;
use super::pick;
use super::review::{self, Proposal};
use super::screen::{self, Screen};
use super::waive;
use super::work::{self, Work};
use crate::change::{FileChange, Plan};
use crate::commit::{self, Linux, Meta};
use crate::home::{Home, View};
use crate::patch::model::Impact;
use crate::plan::fold::Choice;
use crate::plan::take::unmet;
use crate::plan::{Scene, fold};
use clap::{Args, ValueEnum};
use std::collections::BTreeMap;

#[derive(Debug, Clone, Default, Args)]
pub struct Arguments {
    /// Only show what would change
    #[arg(long)]
    pub dry_run: bool,
    /// Apply what is safe and what is for review without asking
    #[arg(long, conflicts_with = "dry_run")]
    pub yes: bool,
    /// Impacts that --yes may bring
    #[arg(long, value_enum, value_delimiter = ',', value_name = "IMPACT")]
    pub accept: Vec<Grave>,
    /// Show secrets in the diff, so that it can be applied by patch
    #[arg(long)]
    pub show_secrets: bool,
    /// Why this is done; kept in the history
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    pub note: String,
    #[command(flatten)]
    pub review: review::Arguments,
    #[command(flatten)]
    pub guard: guard::Arguments,
}

/// An impact that must be accepted by name
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Grave {
    Data,
    Lockout,
}

pub fn run(arguments: &Arguments, common: &Common, screen: &Screen) -> Result<Exit, Failure> {
    arguments.review.check(common)?;
    arguments.guard.check()?;
    if arguments.guard.asked() && arguments.review.save_plan.is_some() {
        return Err(Failure::usage(
            "a plan does not carry --restart and --confirm",
            "Name them when the plan is applied: `harden apply --plan FILE --restart CMD`.",
        ));
    }
    if let Some(path) = &arguments.review.plan {
        return approved::run(path, arguments, common, screen);
    }
    // Wrong usage is told before any home is looked at.
    Work::of(common)?;
    work::each_home(common, screen, |home| {
        let work = Work::at(common, home)?;
        let screen = &screen.hiding(work.secrets());
        for notice in work.notices() {
            screen.note(&notice);
        }
        harden(arguments, common, screen, &work, home)
    })
}

fn harden(
    arguments: &Arguments,
    common: &Common,
    screen: &Screen,
    work: &Work,
    home: &Home,
) -> Result<Exit, Failure> {
    let state = work::state_dir(common, home);
    let asking = !arguments.yes && !arguments.dry_run;
    let planning = arguments.dry_run || (asking && !screen::can_ask());
    if !planning && arguments.review.save_plan.is_none() {
        work::recover_first(home, &state, screen)?;
    }
    // From here on the home is looked at; whoever changes it meanwhile makes that void.
    let since = if planning { None } else { Some(commit::mark(&Linux, &state)?) };
    for notice in &home.notices {
        screen.note(notice);
    }
    let found = choose::candidates(work, home);
    let mut left = found.left;
    let picked = if asking && !planning {
        let Some(picked) = pick::by_hand(arguments, screen, work, home, &mut left)? else {
            screen.note("Nothing was written.");
            return Ok(Exit::Good);
        };
        picked
    } else {
        let accepted: Vec<Impact> = arguments.accept.iter().map(|grave| grave.impact()).collect();
        pick::by_rule(work, found.ready, &accepted, &mut left)
    };
    let screen = &screen.hiding(picked.secrets());
    let choices: Vec<Choice> = picked.candidates.iter().flat_map(Candidate::choices).collect();
    let mut plan = fold(home, &choices)?;
    let beside = waive::lay(&mut plan, common, home, &picked.waivers)?;
    if plan.is_empty() && beside.is_none() {
        let unsaved = if arguments.review.save_plan.is_some() { " No plan was saved." } else { "" };
        screen.note(&format!("There is nothing to change.{unsaved}"));
        tell_left(screen, &left);
        let broken = left.iter().any(|left| left.broken);
        return Ok(if broken { Exit::Error } else { Exit::Good });
    }
    let proposal = Proposal { work, home, plan: &plan, picked: &picked.candidates, left: &left };
    review::show(arguments, common, screen, &proposal)?;
    if let Some(beside) = &beside {
        screen.diff(&beside.diff(), arguments.show_secrets);
    }
    for note in &plan.notes {
        screen.note(note);
    }
    screen.note(&summary(&plan, &picked.candidates));
    if asking && !planning {
        screen.note(&picked.told(&left));
    }
    if let Some(path) = &arguments.review.save_plan {
        if beside.is_some() {
            return Err(Failure::usage(
                "a plan cannot carry waivers for a settings file outside the home",
                "Leave --settings out, so that they stand in the home's harden.toml, or waive without \
                 --save-plan.",
            ));
        }
        review::save(path, arguments, common, screen, &proposal)?;
        tell_left(screen, &left);
        return Ok(if arguments.dry_run { Exit::Findings } else { Exit::Good });
    }
    if planning {
        if asking {
            screen.note("There is no terminal to ask at: nothing was written. --yes applies without asking.");
        }
        tell_left(screen, &left);
        return Ok(Exit::Findings);
    }
    if asking && !ask::confirm("Write these changes?")? {
        screen.note("Nothing was written.");
        return Ok(Exit::Good);
    }
    let mut exit = Exit::Good;
    if !plan.is_empty() {
        let meta = Meta {
            verb: "apply".into(),
            of: None,
            only: Vec::new(),
            tool: env!("CARGO_PKG_VERSION").into(),
            catalogue: work.catalogue.version(),
            who: work::who(),
            host: work::host(),
            note: arguments.note.clone(),
            since,
            settings: settings_of(&choices),
            release: Some(work::release(home)),
        };
        let verify = || verify(home, &choices);
        let job = guard::Job { home, state: &state, changes: &commit::changes(&plan), meta: &meta };
        exit = guard::commit(&arguments.guard, &job, screen, &verify)?;
    }
    if let Some(beside) = beside {
        screen::replace_settings(&beside.path, &beside.after)?;
        screen.note(&format!("The waivers are kept in {}.", beside.path.display()));
    }
    tell_left(screen, &left);
    Ok(exit)
}

/// Looks at the home as it is on disk: every chosen want that was written must hold.
pub fn verify(home: &Home, choices: &[Choice]) -> Result<(), String> {
    let view = View::of(&home.root);
    for choice in choices {
        let scene = Scene { home, instance: choice.instance, view: &view };
        if let Some(seen) = unmet(choice, &scene) {
            return Err(format!("{} does not hold: {}", choice.patch.code, seen.evidence));
        }
        choice.agrees(&scene)?;
    }
    Ok(())
}

pub fn settings_of(choices: &[Choice]) -> BTreeMap<String, String> {
    use crate::patch::model::Kind;
    let mut settings = BTreeMap::new();
    for choice in choices {
        for (name, value) in choice.values {
            let secret =
                choice.patch.params.get(name).is_none_or(|param| param.kind == Kind::Secret);
            if !secret {
                settings.insert(format!("{}.{name}", choice.patch.code), value.clone());
            }
        }
    }
    settings
}

fn summary(plan: &Plan, picked: &[Candidate]) -> String {
    if picked.is_empty() {
        return "Nothing but waivers is to be written.".into();
    }
    let stat = plan.files.iter().map(FileChange::stat);
    let (added, removed) = stat.fold((0, 0), |(a, r), stat| (a + stat.added, r + stat.removed));
    let codes: Vec<&str> = picked.iter().map(|candidate| candidate.patch.code.as_str()).collect();
    format!(
        "{} guideline(s) ({}) change {} file(s): +{added} −{removed} lines.",
        codes.len(),
        codes.join(" "),
        plan.files.len()
    )
}

/// Says what was left out and why: first what is broken, last what only a person can tell.
fn tell_left(screen: &Screen, left: &[Left]) {
    if left.is_empty() {
        return;
    }
    screen.note("Left out:");
    let mut listed: Vec<&Left> = left.iter().filter(|left| !left.person).collect();
    listed.sort_by_key(|left| !left.broken);
    for left in listed {
        let instance =
            if left.instance.is_empty() { String::new() } else { format!(" ({})", left.instance) };
        screen.note(&format!("  {}{instance} {}: {}.", left.code, left.title, left.why));
    }
    let mut persons: Vec<&str> =
        left.iter().filter(|left| left.person).map(|left| left.code.as_str()).collect();
    persons.dedup();
    if !persons.is_empty() {
        screen.note(&format!(
            "  For a person to answer: {}. `harden check` asks the questions.",
            persons.join(" ")
        ));
    }
}

impl Grave {
    pub fn word(self) -> &'static str {
        self.impact().word()
    }

    fn impact(self) -> Impact {
        match self {
            Self::Data => Impact::Data,
            Self::Lockout => Impact::Lockout,
        }
    }
}
