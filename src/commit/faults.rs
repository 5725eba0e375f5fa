//! Every operation of a transaction fails once, and the process dies at every one.

#![allow(clippy::disallowed_methods, reason = "a test writes its own home")]

use super::trial::*;
use super::*;

const EIO: i32 = 5;
const ABILITIES: [Ability; 3] = [Ability::Full, Ability::NoExchange, Ability::Pinned];

/// What a home may look like after trouble.
struct Outcomes {
    before: trial::Snapshot,
    after: trial::Snapshot,
}

impl Outcomes {
    fn of(changes: fn(&Home) -> Vec<Change>) -> Self {
        let home = Home::sample();
        let before = home.snapshot();
        home.apply(&changes(&home)).unwrap();
        Self { before, after: timeless(home.snapshot()) }
    }

    fn is_before(&self, home: &Home) -> bool {
        home.snapshot() == self.before
    }

    /// Tells what is not as before, in a few words.
    fn differs(&self, home: &Home) -> String {
        let now = home.snapshot();
        let names = now.iter().filter(|(name, file)| self.before.get(*name) != Some(file));
        let gone = self.before.keys().filter(|name| !now.contains_key(*name));
        let show = |(name, file): (&PathBuf, &trial::Kept)| {
            let text = String::from_utf8_lossy(&file.0).into_owned();
            format!("{} {:o} {:?} {text:?}", name.display(), file.1, file.4)
        };
        let gone = gone.map(|name| format!("{} is gone", name.display()));
        names.map(show).chain(gone).collect::<Vec<_>>().join("; ")
    }

    fn is_after(&self, home: &Home) -> bool {
        // What waits to be cleaned up is not the server's to read.
        let mut now = timeless(home.snapshot());
        now.retain(|name, _| !name.to_string_lossy().contains(".harden-"));
        now == self.after
    }
}

/// Recovers on a sound disk and checks that nothing is left over.
fn settle(home: &Home, outcomes: &Outcomes, what: &str) {
    recover(&Linux, home.path(), &home.state()).unwrap();
    let (before, after) = (outcomes.is_before(home), outcomes.is_after(home));
    assert!(before || after, "{what}: neither before nor after: {}", outcomes.differs(home));
    let beside = |name: &PathBuf| name.to_string_lossy().contains(".harden-");
    assert!(!home.snapshot().keys().any(beside), "{what}: something is left beside a target");
    let left = home.transactions();
    assert!(left.len() == usize::from(after), "{what}: {left:?}");
    assert_eq!(unfinished(&Linux, home.path(), &home.state()).unwrap(), None, "{what}");
    let past = history(&Linux, &home.state()).unwrap();
    assert!(past.iter().all(|past| past.standing == Standing::Applied), "{what}: {past:?}");
}

#[test]
fn one_failing_operation_leaves_the_home_as_before_or_says_that_the_change_is_in_place() {
    let outcomes = Outcomes::of(Home::changes);
    let mut runs = 0;
    for (ability, errno) in ABILITIES.into_iter().flat_map(|a| [EIO, 28, 13].map(|e| (a, e))) {
        for at in 1.. {
            let home = Home::sample();
            let disk = Trial::new(Fault::Once(errno), at, ability);
            let outcome = home.apply_on(&disk, &home.changes());
            if !disk.fired() {
                outcome.unwrap();
                break;
            }
            runs += 1;
            let what = format!("{ability:?}, error {errno} at operation {at}: {outcome:?}");
            match outcome {
                Err(Error::Unclean { .. }) => assert!(outcomes.is_after(&home), "{what}"),
                Err(_) => {
                    assert!(outcomes.is_before(&home), "{what}: {}", outcomes.differs(&home));
                    assert!(
                        home.transactions().iter().all(|name| name.ends_with(".tmp")),
                        "{what}"
                    );
                }
                Ok(_) => panic!("{what}: an error was swallowed"),
            }
            settle(&home, &outcomes, &what);
        }
    }
    println!("figure: operations = {runs} failing operations, 0 mixed");
}

#[test]
fn a_death_at_any_operation_ends_before_or_after() {
    // Every operation once; a second death, during recovery, after every eleventh.
    die(11);
}

#[test]
#[ignore = "takes a minute: every pair of a death and one during the recovery from it"]
fn a_death_at_any_operation_and_again_at_any_of_recovery_ends_before_or_after() {
    die(1);
}

/// Dies at every operation, and after every `step`-th of these again at each of recovery.
fn die(step: u64) {
    let outcomes = Outcomes::of(Home::changes);
    let (mut deaths, mut twice) = (0, 0);
    for ability in ABILITIES {
        for at in 1.. {
            let home = Home::sample();
            let disk = Trial::new(Fault::Death, at, ability);
            let outcome = home.apply_on(&disk, &home.changes());
            if !disk.fired() {
                outcome.unwrap();
                break;
            }
            deaths += 1;
            let what = format!("{ability:?}, death at operation {at}: {outcome:?}");
            settle(&home, &outcomes, &what);
            for again in (1..).take_while(|_| at % step == 0) {
                let home = Home::sample();
                let disk = Trial::new(Fault::Death, at, ability);
                assert!(home.apply_on(&disk, &home.changes()).is_err());
                let disk = Trial::new(Fault::Death, again, ability);
                let outcome = recover(&disk, home.path(), &home.state());
                if !disk.fired() {
                    outcome.unwrap();
                    break;
                }
                twice += 1;
                settle(&home, &outcomes, &format!("{what}, then at {again}: {outcome:?}"));
            }
        }
    }
    println!("figure: deaths = {deaths} deaths, {twice} with a second one in recovery, 0 mixed");
}

#[test]
fn a_death_during_a_rollback_ends_before_or_after_it() {
    let mut runs = 0;
    for at in 1.. {
        let home = Home::sample();
        let first = home.snapshot();
        home.apply(&home.changes()).unwrap();
        let applied = home.snapshot();
        let (path, state) = (home.path(), home.state());
        let reverse = reverse(&Linux, path, &state, None, None).unwrap();
        let meta = meta(reverse.verb, Some(reverse.of));
        let disk = Trial::new(Fault::Death, at, Ability::Full);
        let outcome = apply(&disk, path, &state, &reverse.changes, &meta, &|| Ok(()));
        if !disk.fired() {
            outcome.unwrap();
            break;
        }
        runs += 1;
        recover(&Linux, path, &state).unwrap();
        let now = home.snapshot();
        assert!(now == first || now == applied, "death at {at}: {now:#?}");
        assert_eq!(home.transactions().len(), if now == first { 2 } else { 1 }, "death at {at}");
    }
    println!("figure: rollback-deaths = {runs} deaths, 0 mixed");
}

#[test]
fn a_file_that_is_edited_after_a_crash_is_kept_and_named() {
    let deaths = Trial::sound(Ability::Full);
    let home = Home::sample();
    home.apply_on(&deaths, &home.changes()).unwrap();
    let mut kept = 0;
    for at in 1..deaths.count.get() {
        let home = Home::sample();
        let disk = Trial::new(Fault::Death, at, Ability::Full);
        home.apply_on(&disk, &home.changes()).unwrap_err();
        home.put(AXIS, b"<mine/>", 0o640);
        let recovered = recover(&Linux, home.path(), &home.state()).unwrap();
        assert_eq!(home.read(AXIS), b"<mine/>", "death at {at}");
        kept += recovered.kept.len();
        assert!(recovered.kept.iter().all(|file| *file == rel(AXIS)));
        assert!(recover(&Linux, home.path(), &home.state()).unwrap().is_empty(), "death at {at}");
        assert!(home.snapshot().keys().all(|path| !path.to_string_lossy().contains(".harden-")));
    }
    assert!(kept > 0);
}

#[test]
fn a_program_that_saves_right_before_the_exchange_never_loses_its_file() {
    let home = Home::sample();
    let outcome = home.apply_on(&Trial::sound(Ability::Rival), &home.changes());
    let error = outcome.unwrap_err();
    assert!(matches!(&error, Error::Restored { kept, .. } if *kept == [rel(SCRIPT)]), "{error}");
    assert_eq!(error.class(), Class::Conflict);
    assert_eq!(home.read(SCRIPT), RIVAL);
    let (mut runs, first) = (0, Home::sample().snapshot());
    for at in 1.. {
        let home = Home::sample();
        let disk = Trial::new(Fault::Death, at, Ability::Rival);
        home.apply_on(&disk, &home.changes()).unwrap_err();
        if !disk.fired() {
            break;
        }
        runs += 1;
        recover(&Linux, home.path(), &home.state()).unwrap();
        let mut now = home.snapshot();
        if disk.saved.get() {
            assert_eq!(home.read(SCRIPT), RIVAL, "death at {at}");
            now.insert(SCRIPT.into(), first[Path::new(SCRIPT)].clone());
        }
        assert_eq!(now, first, "death at {at}");
    }
    println!("figure: rival-deaths = {runs} deaths, 0 lost files");
}

#[test]
fn a_program_that_writes_before_the_commit_wins_and_is_named() {
    let home = Home::sample();
    let script = home.at(SCRIPT);
    let before = home.snapshot();
    // The caller's look at the end is the last moment before the commit.
    let verify = || {
        std::fs::write(&script, b"theirs").map_err(|error| error.to_string())?;
        Err("no".to_owned())
    };
    let (path, state, changes) = (home.path(), home.state(), home.changes());
    let error = apply(&Linux, path, &state, &changes, &meta("apply", None), &verify).unwrap_err();
    assert!(matches!(&error, Error::Restored { kept, .. } if *kept == [rel(SCRIPT)]), "{error}");
    assert_eq!(home.read(SCRIPT), b"theirs");
    let mut now = home.snapshot();
    now.insert(SCRIPT.into(), before[Path::new(SCRIPT)].clone());
    assert_eq!(now, before);
    let past = history(&Linux, &home.state()).unwrap();
    assert_eq!(past[0].standing, Standing::Interrupted { kept: vec![rel(SCRIPT)] });
}
