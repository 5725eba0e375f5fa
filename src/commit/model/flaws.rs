//! Programs with a flaw each, in which the model finds what a crash would mix up.
//!
//! A flaw is a call that is left out, or one that comes too late; the product itself stays as it
//! is. A flaw that the model missed would be a hole in the model.

use super::super::memory::{Fate, Flaw, Lacks, Memory, SOUND};
use super::{Bounds, Story, home};
use std::path::Path;

/// Enough to find each of them.
const QUICK: Bounds = Bounds { most: 64, later: 24, pursued: 400 };

fn skips(flawed: bool) -> Fate {
    if flawed { Fate::Skipped } else { Fate::Done }
}

/// Whether a call has a folder of the home on disk.
fn homes(verb: &str, path: &Path) -> bool {
    verb == "sync folder" && (path.ends_with("conf") || path.ends_with("bin"))
}

fn named(path: &Path, part: &str) -> bool {
    path.to_string_lossy().contains(part)
}

/// Applies with a flaw, and recovers with one.
fn flawed(lacks: Lacks, apply: Flaw, recovery: Flaw) -> Story {
    let disk = Memory::boot(home().image(), lacks).flawed(apply);
    Story { flaw: recovery, ..Story::on("flawed", disk) }
}

#[test]
fn the_model_finds_what_is_wrong_with_a_program_that_leaves_out_or_turns_round_a_step() {
    let both: [(&str, Flaw); 8] = [
        ("no folder is synced", |verb, _, _| skips(verb == "sync folder")),
        ("the folders of the home are not synced", |verb, path, _| skips(homes(verb, path))),
        ("the list of transactions is not synced", |verb, path, _| {
            skips(verb == "sync folder" && path.ends_with("tx"))
        }),
        ("the new files are not synced", |verb, path, _| {
            skips(verb == "sync" && named(path, ".harden-"))
        }),
        ("the images are not synced", |verb, path, _| {
            skips(verb == "sync" && named(path, "blobs"))
        }),
        ("the journal is not synced", |verb, path, _| {
            skips(verb == "sync" && path.ends_with("journal"))
        }),
        ("nothing is noted in the journal", |verb, path, bytes| {
            skips(verb == "write" && path.ends_with("journal") && bytes.starts_with(b"\n"))
        }),
        ("what is replaced is on disk only after it was called committed", |verb, path, _| {
            if homes(verb, path) { Fate::Late } else { Fate::Done }
        }),
    ];
    let pinned = Lacks::Renaming("server.sh");
    let unnoted: Flaw = |verb, path, bytes| {
        let text = String::from_utf8_lossy(bytes);
        skips(verb == "write" && path.ends_with("journal") && text.contains("in-place"))
    };
    let alone: [(&str, Lacks, Flaw, Flaw); 3] = [
        ("a write in place is not noted", pinned, unnoted, unnoted),
        ("recovery has no folder on disk", Lacks::Nothing, SOUND, both[0].1),
        ("recovery does not sync what it writes in place", pinned, SOUND, |verb, path, _| {
            skips(verb == "sync" && path.ends_with("server.sh"))
        }),
    ];
    let both = both.map(|(what, flaw)| (what, Lacks::Nothing, flaw, flaw));
    let mut unseen = Vec::new();
    for (what, lacks, apply, recovery) in both.iter().chain(&alone) {
        let found = flawed(*lacks, *apply, *recovery).explore(QUICK).mixed.len();
        println!("{what}: {found} found");
        if found == 0 {
            unseen.push(what);
        }
    }
    assert!(unseen.is_empty(), "the model does not see: {unseen:?}");
    println!("figure: model-flaws = {} flawed programs, each found out", both.len() + alone.len());
    assert!(flawed(Lacks::Nothing, SOUND, SOUND).explore(QUICK).mixed.is_empty());
}
