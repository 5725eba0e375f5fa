//! A guard and its transaction: what is on disk when, and who decides.

#![allow(clippy::disallowed_methods, reason = "a test writes its own home")]

use super::guard::{Guard, advance, exact, look, open};
use super::trial::{self, Ability, Fault, Home, Trial};
use super::{Arm, Disk, Due, Error, Linux, Moment, Phase, Terms, apply, apply_guarded};
use crate::digest::Digest;
use std::time::Duration;

fn moment(wall: i64, boot: &str, uptime: u64) -> Moment {
    Moment { wall, boot: boot.into(), uptime }
}

fn guard() -> Guard {
    Guard::armed(Terms::default(), Due::after(&Linux.moment(), Duration::from_secs(600)))
}

fn armed(home: &Home, disk: &dyn Disk) -> Result<String, Error> {
    let (guard, meta) = (guard(), trial::meta("apply", None));
    let arm = Arm { guard: &guard, armed: &|_| Ok(()) };
    let good = || Ok(());
    let (path, state) = (home.path(), home.state());
    let applied = apply_guarded(disk, path, &state, &home.changes(), &meta, Some(arm), &good)?;
    Ok(applied.id.unwrap())
}

#[test]
fn a_deadline_outlives_a_reboot_and_a_clock_that_is_set() {
    let due = Due::after(&moment(1000, "a", 50), Duration::from_millis(99_500));
    let left = |wall, boot, uptime| due.left(&moment(wall, boot, uptime)).map(|t| t.as_secs());
    assert_eq!(left(1000, "a", 50), Some(100));
    assert_eq!(left(1000, "a", 150), None);
    // The calendar was set back, or forward: only the uptime counts.
    assert_eq!(left(-5000, "a", 149), Some(1));
    assert_eq!(left(-5000, "a", 150), None);
    assert_eq!(left(9999, "a", 60), Some(90));
    // After a reboot the calendar counts, unless it is earlier than at arming.
    assert_eq!(left(1099, "b", 0), Some(1));
    assert_eq!(left(1100, "b", 0), None);
    assert_eq!(left(999, "b", 0), None);
    assert_eq!(left(1050, "", 0), Some(50));
}

#[test]
fn the_guard_is_on_disk_before_the_first_file_changes() {
    let mut guarded = 0;
    for at in 1.. {
        let home = Home::sample();
        let before = home.snapshot();
        let disk = Trial::new(Fault::Death, at, Ability::Full);
        let _ = armed(&home, &disk);
        if !disk.fired() {
            break;
        }
        let touched = before
            .iter()
            .any(|(path, file)| home.snapshot().get(path).is_none_or(|now| now.0 != file.0));
        if touched {
            let id = home.transactions().remove(0);
            let found = look(&Linux, home.path(), &home.state(), &id).unwrap();
            assert!(found.is_some_and(|guard| guard.phase == Phase::Armed), "at {at}");
            guarded += 1;
        }
    }
    assert!(guarded > 5, "{guarded}");
}

#[test]
fn only_one_of_two_decisions_is_taken() {
    let home = Home::sample();
    let id = armed(&home, &Linux).unwrap();
    let step = |phase: Phase| {
        let next =
            |guard: &Guard| guard.undecided().then(|| guard.step(phase.clone(), guard.due.clone()));
        advance(&Linux, home.path(), &home.state(), &id, &next).unwrap().phase
    };
    assert_eq!(step(Phase::Reverting("it is down".into())), Phase::Reverting("it is down".into()));
    assert_eq!(step(Phase::Kept), Phase::Reverting("it is down".into()));
    let found = open(&Linux, home.path(), &home.state()).unwrap().unwrap();
    assert_eq!((found.id, found.guard.undecided()), (id, false));
}

#[test]
fn nothing_is_built_on_what_may_still_go_back() {
    let home = Home::sample();
    let id = armed(&home, &Linux).unwrap();
    let refused = home.apply(&[home.edit(trial::AXIS, "<c/>", "<d/>")]).unwrap_err();
    assert!(refused.to_string().contains("waits to be confirmed"), "{refused}");
    home.roll_back(Some(&id), &[]).unwrap();
    assert_eq!(open(&Linux, home.path(), &home.state()).unwrap(), None);
    home.apply(&[home.edit(trial::AXIS, "<c/>", "<d/>")]).unwrap();
}

#[test]
fn taken_back_exactly_the_files_are_as_before_and_a_later_edit_is_kept_beside() {
    let home = Home::sample();
    let before = home.snapshot();
    let id = armed(&home, &Linux).unwrap();
    std::fs::write(home.at(trial::SCRIPT), "cut").unwrap();
    let (path, state) = (home.path(), home.state());
    let exact = exact(&Linux, path, &state, &id).unwrap();
    assert_eq!(exact.foreign, [(trial::rel(trial::SCRIPT), Some(Digest::of(b"cut")))]);
    let meta = trial::meta("rollback", Some(id));
    let by = apply(&Linux, path, &state, &exact.changes, &meta, &|| Ok(())).unwrap().id.unwrap();
    let now = home.snapshot();
    for (path, file) in &before {
        assert_eq!(now.get(path), Some(file), "{}", path.display());
    }
    assert_eq!(now.len(), before.len());
    let kept = state.join("tx").join(by).join("blobs").join(Digest::of(b"cut").to_string());
    assert_eq!(std::fs::read(kept).unwrap(), b"cut");
}
