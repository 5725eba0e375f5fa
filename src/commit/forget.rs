//! Forgets the contents of a transaction, which hold old secrets, and keeps its record.
//!
//! That it is forgotten is on disk before the first image goes; what a crash leaves of the images,
//! recovery removes. It removes names: what a disk or a backup keeps of the bytes is out of reach.

use super::disk::Disk;
use super::error::{Error, on};
use super::history::{self, Standing};
use super::journal::{self, Record};
use super::recover::{self, Recovered};
use super::state::{State, blobs};
use super::{needed, roots};
use crate::change::RelPath;
use std::io::ErrorKind;
use std::path::Path;

/// What forgetting a transaction comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forgetting {
    /// How many images go; none when it is forgotten already.
    pub images: usize,
    /// Files of which nothing that is in force can be taken back any more.
    pub last_of: Vec<RelPath>,
}

/// Tells what forgetting a transaction would do; only looks.
///
/// # Errors
/// [`Error::Unknown`], [`Error::Damaged`], and [`Error::Refused`] for one that is unfinished, or that
/// the way back of a file begins with, unless `even_last`.
pub fn forgetting(
    disk: &dyn Disk,
    home: &Path,
    state: &Path,
    id: &str,
    even_last: bool,
) -> Result<Forgetting, Error> {
    let (home, root) = roots(disk, home, state)?;
    let state = State::open(disk, &root)?.ok_or_else(|| Error::Unknown(id.to_owned()))?;
    look(&home, &state, id, even_last)
}

/// Forgets the contents of a transaction; doing it again does nothing.
///
/// # Errors
/// As [`forgetting`], before anything is removed.
pub fn forget(
    disk: &dyn Disk,
    home: &Path,
    state: &Path,
    id: &str,
    even_last: bool,
    user: &str,
) -> Result<Recovered, Error> {
    let (home, root) = roots(disk, home, state)?;
    let state = State::open(disk, &root)?.ok_or_else(|| Error::Unknown(id.to_owned()))?;
    let _lock = state.lock("forget", user)?;
    let recovered = recover::all(&home, &state)?;
    if look(&home, &state, id, even_last)?.images > 0 {
        strip(&state, id)
            .map_err(|error| Error::Unremoved { id: id.to_owned(), why: error.to_string() })?;
    }
    Ok(recovered)
}

/// Tells whether a transaction is forgotten while images of it are still there.
pub(super) fn half(state: &State, id: &str) -> Result<bool, Error> {
    state.exists(&blobs(&state.dir(id)))
}

/// Removes every image of a transaction; may be cut off and begun again at any point.
pub(super) fn strip(state: &State, id: &str) -> Result<(), Error> {
    let dir = state.dir(id);
    // Written again by whoever goes on: an earlier record may have been read without being on disk.
    journal::append(state.disk, &dir, id, &Record::Forgotten)?;
    state.clear(&blobs(&dir))?;
    state.sync(&dir)
}

fn look(home: &Path, state: &State, id: &str, even_last: bool) -> Result<Forgetting, Error> {
    let past = history::all(state)?;
    let one = past.iter().find(|past| past.id == id);
    let one = one.ok_or_else(|| Error::Unknown(id.to_owned()))?;
    let what = format!("transaction {id}");
    match (&one.standing, &one.manifest) {
        (Standing::Damaged(why), _) => {
            return Err(Error::Damaged { id: id.to_owned(), why: why.clone() });
        }
        (Standing::Unfinished, _) => {
            let (why, hint) = ("is unfinished".into(), "Run `harden recover` first.".into());
            return Err(Error::Refused { what, why, hint });
        }
        (_, Some(manifest)) => recover::same_home(home, state, manifest)?,
        (_, None) => {}
    }
    let way_back = needed::way_back(&past).into_iter();
    let last_of: Vec<RelPath> =
        way_back.filter(|(_, newest)| *newest == id).map(|(file, _)| file.clone()).collect();
    if !last_of.is_empty() && !even_last {
        let files: Vec<&str> = last_of.iter().map(RelPath::as_str).collect();
        return Err(Error::Refused {
            what,
            why: format!("the way back of {} begins with it", files.join(", ")),
            hint: "Take it back first, or give that way back up with --even-last.".into(),
        });
    }
    let images = blobs(&state.dir(id));
    let images = match state.disk.entries(&images) {
        // An empty folder still has to go.
        Ok(names) => names.len().max(1),
        Err(error) if error.kind() == ErrorKind::NotFound => 0,
        Err(error) => return Err(on("list", &images)(error)),
    };
    Ok(Forgetting { images, last_of })
}

#[cfg(test)]
mod tests {
    use super::super::disk::Linux;
    use super::super::trial::*;
    use super::super::{history, recover as recovering, show};
    use super::*;

    /// Two transactions on one file.
    fn sample() -> (Home, [String; 2]) {
        let home = Home::sample();
        let edit = |from, to| home.apply(&[home.edit(AXIS, from, to)]).unwrap().id.unwrap();
        let ids = [edit("x='1'", "x='2'"), edit("<c/>", "<d/>")];
        (home, ids)
    }

    fn forget_on(disk: &dyn Disk, home: &Home, id: &str, even_last: bool) -> Result<(), Error> {
        forget(disk, home.path(), &home.state(), id, even_last, "").map(|_| ())
    }

    #[test]
    fn the_contents_go_and_the_record_stays_and_a_rollback_is_refused() {
        let (home, [first, second]) = sample();
        let before = show(&Linux, &home.state(), &first).unwrap();
        forget_on(&Linux, &home, &first, false).unwrap();
        assert!(!home.state().join("tx").join(&first).join("blobs").exists());
        let shown = show(&Linux, &home.state(), &first).unwrap();
        assert_eq!((shown.manifest, shown.files), (before.manifest, None));
        let error = home.roll_back(Some(&first), &[]).unwrap_err();
        assert!(error.to_string().contains("are forgotten"), "{error}");
        forget_on(&Linux, &home, &first, false).unwrap();
        home.roll_back(Some(&second), &[]).unwrap();
        assert!(matches!(home.roll_back(None, &[]), Err(Error::Forgotten { id }) if id == first));
        assert!(matches!(forget_on(&Linux, &home, "x", false), Err(Error::Unknown(_))));
    }

    #[test]
    fn what_a_way_back_begins_with_is_forgotten_only_when_that_is_said() {
        let (home, [first, second]) = sample();
        let error = forget_on(&Linux, &home, &second, false).unwrap_err();
        assert!(error.to_string().contains(AXIS), "{error}");
        let told = forgetting(&Linux, home.path(), &home.state(), &second, true).unwrap();
        assert_eq!((told.images, told.last_of), (2, vec![rel(AXIS)]));
        forget_on(&Linux, &home, &second, true).unwrap();
        // Now the way back begins with the first.
        assert!(matches!(forget_on(&Linux, &home, &first, false), Err(Error::Refused { .. })));
        home.roll_back(Some(&first), &[]).unwrap();
        assert!(String::from_utf8(home.read(AXIS)).unwrap().contains("x='1'"));
    }

    #[test]
    fn forgetting_that_dies_or_fails_anywhere_is_all_or_nothing_after_recovery() {
        let (mut runs, mut forgotten) = (0, 0);
        for fault in [Fault::Death, Fault::Once(5), Fault::Once(28)] {
            for at in 1.. {
                let (home, [first, _]) = sample();
                let disk = Trial::new(fault, at, Ability::Full);
                let outcome = forget_on(&disk, &home, &first, false);
                if !disk.fired() {
                    outcome.unwrap();
                    break;
                }
                runs += 1;
                recovering(&Linux, home.path(), &home.state()).unwrap();
                let past = history(&Linux, &home.state()).unwrap();
                let images = home.state().join("tx").join(&first).join("blobs").exists();
                assert_eq!(past[0].forgotten, !images, "{fault:?} at {at}: {outcome:?}");
                forgotten += usize::from(past[0].forgotten);
                assert!(show(&Linux, &home.state(), &first).is_ok());
                home.roll_back(None, &[]).unwrap();
                forget_on(&Linux, &home, &first, true).unwrap();
                assert!(history(&Linux, &home.state()).unwrap()[0].forgotten);
            }
        }
        assert!(runs > 30 && forgotten > 5, "{runs} {forgotten}");
        println!("forgetting cut off: {runs} runs");
    }
}
