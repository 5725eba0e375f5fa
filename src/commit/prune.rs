//! Removes whole old transactions, the oldest first.
//!
//! What stays is as usable as before, whenever a removal is cut off: a transaction goes out of sight
//! in one step, and never before those that it says are undone. What the way back of a file needs is
//! never removed, however old it is.

use super::disk::Disk;
use super::error::Error;
use super::history::{self, Past};
use super::state::{State, stamp};
use super::{needed, recover, roots};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

/// Which transactions are old. Where both are told, both must hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rule {
    /// Old is what is not among this many of the newest.
    pub keep: Option<usize>,
    /// Old is what was made longer ago than this.
    pub older: Option<Duration>,
}

/// What a rule comes to in a history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pruning {
    /// The transactions that go, the oldest first.
    pub going: Vec<Past>,
    /// Old transactions that stay all the same, each with a clause saying why.
    pub staying: Vec<(String, String)>,
    /// How many transactions there are.
    pub of: usize,
}

/// Tells what a rule would remove; only looks.
pub fn pruning(disk: &dyn Disk, home: &Path, state: &Path, rule: Rule) -> Result<Pruning, Error> {
    let (home, root) = roots(disk, home, state)?;
    match State::open(disk, &root)? {
        Some(state) => plan(&home, &state, rule),
        None => Ok(Pruning::default()),
    }
}

/// Removes the transactions that were shown and agreed to, and names them.
///
/// # Errors
/// [`Error::Refused`], before anything is removed, when one of them has to stay by now.
pub fn prune(
    disk: &dyn Disk,
    home: &Path,
    state: &Path,
    rule: Rule,
    agreed: &[String],
    user: &str,
) -> Result<Vec<String>, Error> {
    let (home, root) = roots(disk, home, state)?;
    let Some(state) = State::open(disk, &root)? else {
        return Ok(Vec::new());
    };
    let _lock = state.lock("log prune", user)?;
    recover::all(&home, &state)?;
    let plan = plan(&home, &state, rule)?;
    for id in agreed.iter().filter(|id| plan.going.iter().all(|past| past.id != **id)) {
        if !state.exists(&state.dir(id))? {
            continue;
        }
        let stays = plan.staying.iter().find(|(other, _)| other == id);
        return Err(Error::Refused {
            what: format!("transaction {id}"),
            why: stays.map_or("is not old enough", |(_, why)| why).to_owned(),
            hint: "Nothing was removed. Look at `harden log` and prune again.".into(),
        });
    }
    let mut gone = Vec::new();
    for past in plan.going.into_iter().filter(|past| agreed.contains(&past.id)) {
        state
            .remove(&past.id)
            .map_err(|error| Error::Unremoved { id: past.id.clone(), why: error.to_string() })?;
        gone.push(past.id);
    }
    Ok(gone)
}

fn plan(home: &Path, state: &State, rule: Rule) -> Result<Pruning, Error> {
    let past = history::all(state)?;
    if let Some(last) = past.iter().rev().find_map(|past| past.manifest.as_ref()) {
        recover::same_home(home, state, last)?;
    }
    let cut = rule.older.map(|older| {
        let seconds = i64::try_from(older.as_secs()).unwrap_or(i64::MAX);
        let then = state.disk.now().checked_sub(time::Duration::seconds(seconds));
        // Nothing is older than the first moment there is.
        then.map_or_else(String::new, stamp)
    });
    let newest = past.len().saturating_sub(rule.keep.unwrap_or(0));
    let old: BTreeSet<&str> = past[..newest]
        .iter()
        // Every stamp has one form, so that their order is that of time.
        .filter(|past| match (&cut, &past.manifest) {
            (Some(cut), Some(manifest)) => manifest.created < *cut,
            (None, _) => true,
            (Some(_), None) => false,
        })
        .map(|past| past.id.as_str())
        .collect();
    let mut plan = Pruning { of: past.len(), ..Pruning::default() };
    for (past, reason) in past.iter().zip(needed::reasons(&past, &old)) {
        match reason {
            _ if !old.contains(past.id.as_str()) => {}
            Some(why) => plan.staying.push((past.id.clone(), why)),
            None => plan.going.push(past.clone()),
        }
    }
    Ok(plan)
}

#[cfg(test)]
mod tests {
    use super::super::disk::Linux;
    use super::super::trial::*;
    use super::super::{Change, Standing, history, reverse};
    use super::*;

    const KEEP_ONE: Rule = Rule { keep: Some(1), older: None };

    /// Applies and takes back twice, then changes one file in each of two more transactions.
    fn sample() -> (Home, Vec<String>) {
        let home = Home::sample();
        let mut ids = Vec::new();
        for _ in 0..2 {
            ids.extend(home.apply(&home.changes()).unwrap().id);
            ids.push(home.roll_back(None, &[]).unwrap());
        }
        ids.extend(home.apply(&[home.edit(AXIS, "<c/>", "<d/>")]).unwrap().id);
        ids.extend(home.apply(&[home.edit(SCRIPT, "-Xmx1g", "-Xmx3g")]).unwrap().id);
        (home, ids)
    }

    fn plan(home: &Home, rule: Rule) -> Pruning {
        pruning(&Linux, home.path(), &home.state(), rule).unwrap()
    }

    fn names(plan: &Pruning) -> Vec<String> {
        plan.going.iter().map(|past| past.id.clone()).collect()
    }

    #[test]
    fn what_a_way_back_begins_with_stays_and_the_rest_goes_from_the_oldest_on() {
        let (home, ids) = sample();
        let plan = plan(&home, KEEP_ONE);
        assert_eq!((names(&plan), plan.of), (ids[..3].to_vec(), 6));
        let why = |id: &String| &plan.staying.iter().find(|(other, _)| other == id).unwrap().1;
        assert!(why(&ids[3]).starts_with("it says how conf/"), "{}", why(&ids[3]));
        assert_eq!(why(&ids[4]), &format!("the way back of {AXIS} begins with it"));
        let before = home.snapshot();
        let gone = prune(&Linux, home.path(), &home.state(), KEEP_ONE, &ids[..3], "").unwrap();
        assert_eq!((gone, home.snapshot()), (ids[..3].to_vec(), before));
        home.roll_back(None, &[]).unwrap();
        home.roll_back(None, &[]).unwrap();
        assert_eq!(timeless(home.snapshot()), timeless(Home::sample().snapshot()));
    }

    #[test]
    fn what_tells_that_a_staying_one_is_undone_stays_with_it() {
        let home = Home::sample();
        let first = home.apply(&home.changes()).unwrap().id.unwrap();
        let back = home.roll_back(None, &[]).unwrap();
        home.roll_back(Some(&back), &[]).unwrap();
        home.apply(&[home.edit(AXIS, "<c/>", "<d/>")]).unwrap();
        let plan = plan(&home, KEEP_ONE);
        assert!(plan.going.is_empty(), "{plan:?}");
        assert!(plan.staying.contains(&(back, format!("it says what of {first} is undone"))));
    }

    #[test]
    fn two_conditions_must_both_hold_and_a_younger_one_is_not_old() {
        let (home, ids) = sample();
        let day = Some(Duration::from_secs(86_400));
        assert!(plan(&home, Rule { keep: None, older: day }).going.is_empty());
        assert!(plan(&home, Rule { keep: Some(1), older: day }).going.is_empty());
        std::thread::sleep(Duration::from_millis(1100));
        let now = Some(Duration::ZERO);
        assert_eq!(names(&plan(&home, Rule { keep: None, older: now })), ids[..3]);
        assert_eq!(names(&plan(&home, Rule { keep: Some(5), older: now })), ids[..1]);
        let ages = Some(Duration::from_secs(u64::MAX));
        assert!(plan(&home, Rule { keep: None, older: ages }).going.is_empty());
    }

    #[test]
    fn one_that_has_to_stay_by_now_stops_the_removal_before_it_begins() {
        let (home, ids) = sample();
        let agreed = [ids[0].clone(), ids[4].clone()];
        let error = prune(&Linux, home.path(), &home.state(), KEEP_ONE, &agreed, "").unwrap_err();
        assert!(error.to_string().contains("the way back of"), "{error}");
        assert_eq!(home.transactions().len(), 6);
        let gone = ["gone-since".to_owned(), ids[0].clone()];
        let gone = prune(&Linux, home.path(), &home.state(), KEEP_ONE, &gone, "").unwrap();
        assert_eq!(gone, ids[..1]);
    }

    #[test]
    fn a_removal_that_dies_or_fails_anywhere_leaves_every_other_as_usable_as_before() {
        let mut runs = 0;
        for fault in [Fault::Death, Fault::Once(5), Fault::Once(13)] {
            for at in (1..).step_by(3) {
                let (home, ids) = sample();
                let standing = |home: &Home| -> Vec<(String, bool)> {
                    let past = history(&Linux, &home.state()).unwrap();
                    let applied = |past: &Past| past.standing == Standing::Applied;
                    past.iter().map(|past| (past.id.clone(), applied(past))).collect()
                };
                let before = standing(&home);
                let disk = Trial::new(fault, at, Ability::Full);
                let agreed = &ids[..3];
                let outcome = prune(&disk, home.path(), &home.state(), KEEP_ONE, agreed, "");
                if !disk.fired() {
                    outcome.unwrap();
                    break;
                }
                runs += 1;
                let what = format!("{fault:?} at {at}: {outcome:?}");
                let after = standing(&home);
                assert_eq!(after, before[before.len() - after.len()..], "{what}");
                assert!(after.len() >= 3, "{what}");
                reverse(&Linux, home.path(), &home.state(), None, None).unwrap();
                // The next verb that writes clears up.
                home.apply(&[Change { attrs: None, ..home.edit(OLD, "soon", "now") }]).unwrap();
                let left = home.transactions();
                assert!(left.iter().all(|name| !name.ends_with(".tmp")), "{what}: {left:?}");
            }
        }
        assert!(runs > 30);
        println!("removals cut off: {runs} runs");
    }
}
