//! One thing that is asked about: a guideline, or a part of one after a split, with what is told it,
//! what was edited in it, and what was answered. Nothing here asks.

use super::choose::{self, Candidate, Left, Share};
use super::failure::Failure;
use super::keys::Key;
use super::waive::Waiver;
use super::work::Work;
use crate::change::{Plan, Status};
use crate::home::{Home, View};
use crate::patch::Patch;
use crate::patch::model::{Impact, Safety};
use crate::plan::judge::Values;
use crate::plan::take::{self, Edition};
use crate::plan::{Conflict, Scene, evaluate, fold};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// A guideline, or a part of one, that is asked about.
#[derive(Debug, Clone)]
pub struct Item<'a> {
    pub candidate: Candidate<'a>,
    /// Instances in which nothing can be changed now.
    pub left: Vec<Left>,
    /// Which part of how many it is, once it was split.
    pub part: Option<(usize, usize)>,
    /// Nothing while it is undecided.
    pub answer: Option<Answer>,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Yes,
    No,
    Waived(Vec<Waiver>),
}

impl<'a> Item<'a> {
    /// Looks at a patch, told these values; nothing when there is nothing to ask, with the instances
    /// that were left out.
    pub fn of(
        work: &'a Work,
        home: &'a Home,
        patch: &'a Patch,
        values: Cow<'a, Values>,
    ) -> Result<Self, Vec<Left>> {
        let view = View::of(&home.root);
        let (shares, left) = choose::look(work, home, &view, patch, &values);
        if shares.is_empty() && left.iter().all(|left| left.untold.is_empty()) {
            return Err(left);
        }
        let candidate = Candidate { patch, values, shares, forge: &work.forge };
        Ok(Self { candidate, left, part: None, answer: None })
    }

    pub fn patch(&self) -> &'a Patch {
        self.candidate.patch
    }

    /// Something can be written for it.
    pub fn is_ready(&self) -> bool {
        !self.candidate.shares.is_empty()
    }

    /// It can lock out or lose data, or is only applied when it is named; so it is never swept along.
    pub fn stands_alone(&self) -> bool {
        let patch = self.patch();
        patch.safety == Safety::OptIn
            || patch.impact.iter().any(|i| matches!(i, Impact::Data | Impact::Lockout))
    }

    pub fn locks_out(&self) -> bool {
        self.patch().impact.contains(&Impact::Lockout)
    }

    pub fn is_edited(&self) -> bool {
        self.candidate.shares.iter().any(|share| !share.edits.is_empty())
    }

    /// What it changes, alone.
    pub fn plan(&self, home: &Home) -> Result<Plan, Conflict> {
        fold(home, &self.candidate.choices())
    }

    /// The parameters that decide what it writes in this home.
    pub fn parameters(&self, home: &Home) -> Vec<&'a str> {
        let view = View::of(&home.root);
        let mut names = BTreeSet::new();
        for instance in &home.instances {
            names.extend(choose::parameters(self.patch(), &Scene { home, instance, view: &view }));
        }
        names.into_iter().collect()
    }

    /// What the guideline says of each instance when a plan is carried out.
    pub fn statuses(&self, home: &Home, plan: &Plan) -> Vec<(String, Status, String)> {
        let mut view = View::of(&home.root);
        plan.files.iter().for_each(|change| view.put(&change.file, change.after.clone()));
        let judged = home.instances.iter().map(|instance| {
            let scene = Scene { home, instance, view: &view };
            let finding = evaluate(self.patch(), &self.candidate.values, &scene);
            (instance.name.clone(), finding.status, finding.evidence)
        });
        judged.collect()
    }

    /// The instances whose deviation can be waived.
    pub fn deviating(&self, home: &Home) -> Vec<String> {
        let now = self.statuses(home, &Plan::default());
        now.into_iter().filter(|(_, s, _)| *s == Status::Deviates).map(|(name, ..)| name).collect()
    }

    /// Splits it into parts that can be taken alone; one when it cannot be split.
    pub fn parts(&self, home: &Home) -> Result<Vec<Self>, Failure> {
        let mut parts = Vec::new();
        for (share, choice) in self.candidate.shares.iter().zip(self.candidate.choices()) {
            for places in take::parts(home, &choice)? {
                let (instance, places) = (share.instance, Some(places));
                let shares = vec![Share { instance, places, edits: Vec::new() }];
                let candidate = Candidate { shares, ..self.candidate.clone() };
                parts.push(Self { candidate, left: Vec::new(), part: None, answer: None });
            }
        }
        let count = parts.len();
        for (number, part) in parts.iter_mut().enumerate() {
            part.part = Some((number + 1, count));
        }
        if let Some(first) = parts.first_mut() {
            first.left.clone_from(&self.left);
        }
        Ok(parts)
    }

    /// Takes what an editor made of the files in place of what the patch makes of them, and gives
    /// what it then changes.
    ///
    /// # Errors
    /// [`Conflict`] when that cannot be; the item is as before.
    pub fn edited(
        &mut self,
        home: &Home,
        wanted: BTreeMap<String, Vec<u8>>,
    ) -> Result<Plan, Conflict> {
        let before = self.candidate.shares.clone();
        self.candidate.shares.iter_mut().for_each(|share| share.edits.clear());
        let made = self.plan(home)?;
        for change in &made.files {
            let Some(wanted) = wanted.get(change.file.as_str()) else { continue };
            let step = made.steps.iter().rev().find(|step| step.file == change.file);
            let instance = step.map(|step| step.instance.clone()).unwrap_or_default();
            let mut shares = self.candidate.shares.iter_mut();
            if let Some(share) = shares.find(|share| share.instance.name == instance)
                && *wanted != change.after
            {
                let (file, made) = (change.file.clone(), change.after.clone());
                share.edits.push(Edition { instance, file, made, wanted: wanted.clone() });
            }
        }
        self.plan(home).inspect_err(|_| self.candidate.shares = before)
    }

    /// The keys that make sense for it alone.
    pub fn keys(&self, home: &Home, plan: &Plan) -> Vec<Key> {
        let whole = self.part.is_none();
        let places: usize = plan.files.iter().map(hunks).sum();
        let textual = plan.files.iter().all(|f| f.listings.is_none() && f.before.is_some());
        let mut keys = Vec::new();
        if whole && places > 1 && textual && !self.is_edited() {
            keys.push(Key::Split);
        }
        if textual && (!plan.is_empty() || self.is_edited()) {
            keys.push(Key::Edit);
        }
        if whole && !self.deviating(home).is_empty() {
            keys.push(Key::Waive);
        }
        if whole && !self.parameters(home).is_empty() {
            keys.push(Key::Tell);
        }
        keys
    }
}

fn hunks(change: &crate::change::FileChange) -> usize {
    crate::diff::hunks(change.before.as_deref().unwrap_or_default(), &change.after)
}
