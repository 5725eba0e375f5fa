//! Which transactions hold secrets in their images.
//!
//! What was noted when a transaction was written is believed; only where nothing was noted are its
//! images read. It shows no secret.

use super::disk::Disk;
use super::error::Error;
use super::history;
use super::manifest::{Entry, Image, Step};
use super::state::State;
use crate::digest::Digest;
use crate::secret::holds_secret;
use std::collections::BTreeSet;
use std::path::Path;

/// Names the transactions that hold secrets, the oldest first; one that cannot be read is left out.
pub fn secretive(disk: &dyn Disk, state: &Path) -> Result<Vec<String>, Error> {
    let Some(state) = State::open(disk, state)? else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for past in history::all(&state)?.into_iter().filter(|past| !past.forgotten) {
        let Some(manifest) = &past.manifest else { continue };
        if manifest.files.iter().any(|entry| holds(&state, &past.id, entry)) {
            found.push(past.id);
        }
    }
    Ok(found)
}

fn holds(state: &State, id: &str, entry: &Entry) -> bool {
    entry.secrets.unwrap_or_else(|| {
        let image = |image: &Option<Image>| image.as_ref().map(|image| image.digest);
        let steps = entry.steps.iter().flat_map(|Step { before, after, .. }| [*before, *after]);
        let ends = [image(&entry.before), image(&entry.after)];
        let images: BTreeSet<Digest> = ends.into_iter().chain(steps).flatten().collect();
        let read = |digest| state.image(id, digest).is_ok_and(|bytes| holds_secret(&bytes));
        images.into_iter().any(read)
    })
}

#[cfg(test)]
mod tests {
    use super::super::disk::Linux;
    use super::super::journal;
    use super::super::trial::*;
    use super::super::{Change, Manifest, forget};
    use super::*;

    fn apply(home: &Home, file: &str, text: &str) -> String {
        let mut change = Change::edit(rel(file), home.read(file), text.into());
        change.shares = vec![share("P08", text.as_bytes())];
        home.apply(&[change]).unwrap().id.unwrap()
    }

    #[test]
    fn what_was_noted_names_the_transactions_until_they_are_forgotten() {
        let home = Home::sample();
        apply(&home, SCRIPT, "#!/bin/sh\n");
        let with = apply(&home, OLD, "db.password=geheim\n");
        // The image from before is the secret one now.
        let after = apply(&home, OLD, "db.password=$secret{db}\n");
        apply(&home, OLD, "gone=later\n");
        assert_eq!(secretive(&Linux, &home.state()).unwrap(), [with.clone(), after]);
        let (path, state) = (home.path(), home.state());
        forget(&Linux, path, &state, &with, false, "").unwrap();
        assert_eq!(secretive(&Linux, &home.state()).unwrap().len(), 1);
    }

    #[test]
    fn the_images_of_a_record_that_says_nothing_are_looked_at() {
        let home = Home::sample();
        let with = apply(&home, OLD, "db.password=geheim\n");
        let without = apply(&home, SCRIPT, "#!/bin/sh\n");
        for id in [&with, &without] {
            let dir = home.state().join("tx").join(id);
            let path = dir.join("manifest.json");
            let mut manifest = Manifest::parse(&std::fs::read(&path).unwrap()).unwrap();
            manifest.files.iter_mut().for_each(|entry| entry.secrets = None);
            let json = manifest.render().unwrap();
            assert!(!String::from_utf8_lossy(&json).contains("\"secrets\""));
            rewrite(&path, &json);
            let done = [journal::first(id, Digest::of(&json), None), journal::last(id)].concat();
            rewrite(&journal::path(&dir), &done);
        }
        assert_eq!(secretive(&Linux, &home.state()).unwrap(), [with]);
    }

    #[allow(clippy::disallowed_methods, reason = "a test writes its own history")]
    fn rewrite(path: &Path, bytes: &[u8]) {
        std::fs::write(path, bytes).unwrap();
    }
}
