//! The same for what makes a history smaller: removing transactions, and forgetting contents.

use super::*;

#[test]
fn every_crash_of_a_removal_leaves_the_transaction_whole_or_gone() {
    let [first, second, _] = three().1;
    check([pruned(&[], &first), pruned(&[&first], &second)]);
}

#[test]
fn every_crash_of_forgetting_leaves_the_contents_whole_or_gone_and_the_record() {
    let (_, [first, ..]) = three();
    let forgotten = || {
        Story::tell("forget", three().0, |disk| {
            forget(disk, Path::new(HOME), &state(), &first, false, "").unwrap();
        })
    };
    let (one, two) = (forgotten(), forgotten());
    assert_eq!((one.before.1, one.before.2, one.after.1, one.after.2), (3, 3, 3, 2));
    // Another verb that writes goes on where a crash cut off: half of the images are gone.
    let half = two.points.iter().filter(|point| point.verb == "unlink").nth(2).unwrap();
    let mut image = half.durable.clone();
    half.pending.iter().for_each(|(ino, op)| Rc::make_mut(&mut image[*ino]).suffer(op));
    let disk = Memory::boot(image, Lacks::Nothing);
    let recovered = recover_on(&disk).unwrap();
    assert_eq!(recovered.forgotten, std::slice::from_ref(&first));
    assert_eq!(standing(&disk.image()), two.after);
    check([one]);
}

fn check(stories: impl IntoIterator<Item = Story>) {
    for story in stories {
        let name = story.name;
        let all = story.explore(GATE);
        println!("{name}: {all}");
        assert!(all.mixed.is_empty(), "{}", all.mixed[..all.mixed.len().min(5)].join("\n\n"));
        assert!(all.states > 100, "{name}");
    }
}

fn state() -> PathBuf {
    Path::new(HOME).join(NAME)
}

/// A home with an apply, its rollback, and the same apply again.
fn three() -> (Memory, [String; 3]) {
    let disk = home();
    let apply = || write(&disk, &changes(), &meta("apply", None)).unwrap().id.unwrap();
    let first = apply();
    let reverse = reverse(&disk, Path::new(HOME), &state(), None, None).unwrap();
    let back = write(&disk, &reverse.changes, &meta(reverse.verb, Some(reverse.of))).unwrap();
    let last = apply();
    (Memory::boot(disk.image(), Lacks::Nothing), [first, back.id.unwrap(), last])
}

/// One transaction goes, of a home in which some went before.
fn pruned(before: &[&str], id: &str) -> Story {
    let rule = Rule { keep: Some(1), older: None };
    let go = |disk: &Memory, id: &str| {
        let gone = prune(disk, Path::new(HOME), &state(), rule, &[id.to_owned()], "").unwrap();
        assert_eq!(gone, [id]);
    };
    let (disk, _) = three();
    before.iter().for_each(|id| go(&disk, id));
    let disk = Memory::boot(disk.image(), Lacks::Nothing);
    Story::tell("log prune", disk, |disk| go(disk, id))
}
