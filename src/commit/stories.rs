//! What operators live through with transactions, on a real disk.

#![allow(clippy::disallowed_methods, reason = "a test writes its own home")]

use super::disk::Linux;
use super::trial::*;
use super::*;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

#[test]
fn a_rollback_gives_back_bytes_mode_owner_and_time_and_can_be_redone() {
    let home = Home::sample();
    let before = home.snapshot();
    let changes = home.changes();
    let applied = home.apply(&changes).unwrap();
    let after = home.snapshot();
    assert_eq!(applied.files.len(), 4);
    assert_eq!(home.read(AXIS), changes[0].after.clone().unwrap());
    assert_eq!(after[Path::new(AXIS)].1, before[Path::new(AXIS)].1);
    assert_eq!(after[Path::new(AXIS)].2, before[Path::new(AXIS)].2);
    assert!(!home.at(OLD).exists());
    assert_eq!(home.at(NEW).metadata().unwrap().mode() & 0o777, 0o600);

    let back = home.roll_back(None, &[]).unwrap();
    assert_eq!(home.snapshot(), before);
    assert!(matches!(home.roll_back(None, &[]), Err(Error::Nothing)));
    let undone = home.roll_back(applied.id.as_deref(), &[]).unwrap_err();
    assert!(matches!(&undone, Error::Undone { by, .. } if *by == back), "{undone}");

    home.roll_back(Some(&back), &[]).unwrap();
    assert_eq!(home.snapshot(), after);
    let verbs: Vec<_> = history(&Linux, &home.state())
        .unwrap()
        .into_iter()
        .map(|past| (past.manifest.unwrap().meta.verb, past.standing == Standing::Applied))
        .collect();
    let expected = [("apply", true), ("rollback", false), ("redo", true)];
    assert_eq!(verbs, expected.map(|(verb, applied)| (verb.to_owned(), applied)));
    home.roll_back(None, &[]).unwrap();
    assert_eq!(home.snapshot(), before);
}

#[test]
fn extended_attributes_stay_with_a_file() {
    let home = Home::sample();
    let flags = rustix::fs::XattrFlags::empty();
    if rustix::fs::setxattr(home.at(AXIS), "user.note", b"kept", flags).is_err() {
        return; // This file system has none.
    }
    home.apply(&home.changes()).unwrap();
    assert_eq!(Linux.xattrs(&home.at(AXIS)).unwrap()["user.note"].0, b"kept");
    home.roll_back(None, &[]).unwrap();
    assert_eq!(Linux.xattrs(&home.at(AXIS)).unwrap()["user.note"].0, b"kept");
}

#[test]
fn nothing_to_do_opens_nothing() {
    let home = Home::sample();
    let same = Change::edit(rel(AXIS), home.read(AXIS), home.read(AXIS));
    assert_eq!(home.apply(&[same]).unwrap(), Applied::default());
    assert!(!home.state().exists());
    assert!(recover(&Linux, home.path(), &home.state()).unwrap().is_empty());
    assert_eq!(unfinished(&Linux, home.path(), &home.state()).unwrap(), None);
    assert!(!home.state().exists());
}

#[test]
fn a_stale_plan_writes_nothing_and_names_the_file() {
    let home = Home::sample();
    let changes = home.changes();
    home.put(SCRIPT, b"#!/bin/sh\n", 0o755);
    let before = home.snapshot();
    let error = home.apply(&changes).unwrap_err();
    assert!(matches!(&error, Error::Stale { file } if *file == rel(SCRIPT)), "{error}");
    assert_eq!(error.class(), Class::Conflict);
    assert_eq!((home.snapshot(), home.state().exists()), (before, false));
}

#[test]
fn a_hand_edit_of_other_lines_survives_a_rollback() {
    let home = Home::sample();
    home.apply(&home.changes()).unwrap();
    let mut edited = b"<!-- mine -->\r\n".to_vec();
    edited.extend(home.read(AXIS));
    fs::write(home.at(AXIS), edited).unwrap();
    fs::set_permissions(home.at(SCRIPT), fs::Permissions::from_mode(0o700)).unwrap();
    home.roll_back(None, &[]).unwrap();
    let expected = b"<!-- mine -->\r\n<a>\r\n  <b x='1'/>\r\n  <c/>\r\n</a>";
    assert_eq!(home.read(AXIS), expected);
    assert_eq!(home.read(SCRIPT), b"#!/bin/sh\nJAVA_OPTS=-Xmx1g\n");
    assert_eq!(home.at(SCRIPT).metadata().unwrap().mode() & 0o777, 0o700);
}

#[test]
fn a_hand_edit_of_the_same_line_stops_a_rollback_and_shows_both_sides() {
    let home = Home::sample();
    home.apply(&home.changes()).unwrap();
    fs::write(home.at(AXIS), b"<a>\r\n  <b x='3'/>\r\n  <c/>\r\n</a>").unwrap();
    let before = home.snapshot();
    let error = home.roll_back(None, &[]).unwrap_err();
    let told = error.to_string();
    for part in [
        "axis2.xml:2: as it is now\n      <b x='3'/>",
        "as the rollback wants it\n      <b x='1'/>",
    ] {
        assert!(told.contains(part), "{told}");
    }
    assert_eq!(error.class(), Class::Conflict);
    assert_eq!(home.snapshot(), before);
}

#[test]
fn one_guidelines_share_can_be_taken_back_alone() {
    let home = Home::sample();
    let before = home.read(AXIS);
    let text = String::from_utf8(before.clone()).unwrap();
    let first = text.replace("x='1'", "x='2'").into_bytes();
    let second = String::from_utf8(first.clone()).unwrap().replace("<c/>", "<d/>").into_bytes();
    let mut change = Change::edit(rel(AXIS), before, second.clone());
    change.shares = vec![share("P01", &first), share("P08", &second)];
    let applied = home.apply(&[change]).unwrap();
    let codes = || last_known(&history(&Linux, &home.state()).unwrap())[&rel(AXIS)].codes.clone();
    assert_eq!(codes(), [code("P01"), code("P08")]);

    home.roll_back(None, &[code("P01")]).unwrap();
    assert_eq!(codes(), [code("P08")]);
    assert_eq!(home.read(AXIS), text.replace("<c/>", "<d/>").into_bytes());
    let again = home.roll_back(applied.id.as_deref(), &[code("P01")]);
    assert!(matches!(again, Err(Error::Undone { .. })));
    assert!(matches!(home.roll_back(None, &[code("P22")]), Err(Error::Refused { .. })));
    home.roll_back(applied.id.as_deref(), &[]).unwrap();
    assert_eq!(home.read(AXIS), text.into_bytes());
}

#[test]
fn a_link_inside_the_home_stays_a_link_and_one_that_leaves_is_refused() {
    let home = Home::sample();
    symlink("axis2.xml", home.at("conf/link.xml")).unwrap();
    let applied = home.apply(&[home.edit("conf/link.xml", "x='1'", "x='2'")]).unwrap();
    assert!(home.at("conf/link.xml").is_symlink());
    assert!(String::from_utf8(home.read(AXIS)).unwrap().contains("x='2'"));
    let shown = show(&Linux, &home.state(), applied.id.as_deref().unwrap()).unwrap();
    assert_eq!(shown.manifest.files[0].resolved, rel(AXIS));
    let twice = [home.edit(AXIS, "<c/>", "<d/>"), home.edit("conf/link.xml", "<c/>", "<e/>")];
    assert!(home.apply(&twice).unwrap_err().to_string().contains("is the same file as"));

    let other = Home::sample();
    symlink(other.at(AXIS), home.at("conf/out.xml")).unwrap();
    let error = home.apply(&[home.edit("conf/out.xml", "x='1'", "x='2'")]).unwrap_err();
    assert!(error.to_string().contains("leads out of the home"), "{error}");
}

#[test]
fn what_could_not_be_given_back_is_refused() {
    let home = Home::sample();
    fs::hard_link(home.at(AXIS), home.at("conf/twin.xml")).unwrap();
    let error = home.apply(&home.changes()).unwrap_err();
    assert!(error.to_string().contains("second name"), "{error}");
    fs::remove_file(home.at("conf/twin.xml")).unwrap();

    fs::write(home.at("conf/axis2.xml.new"), b"").unwrap();
    let error = home.apply(&home.changes()).unwrap_err();
    assert!(error.to_string().contains("merge of a product update"), "{error}");
    fs::remove_file(home.at("conf/axis2.xml.new")).unwrap();

    fs::set_permissions(home.at(SCRIPT), fs::Permissions::from_mode(0o4755)).unwrap();
    assert!(matches!(home.apply(&home.changes()), Err(Error::Refused { .. })));
    assert!(!home.state().exists());
}

#[test]
fn a_folder_that_cannot_be_written_is_refused() {
    let home = Home::sample();
    fs::set_permissions(home.at("conf"), fs::Permissions::from_mode(0o500)).unwrap();
    let outcome = home.apply(&home.changes());
    fs::set_permissions(home.at("conf"), fs::Permissions::from_mode(0o700)).unwrap();
    match Linux.caller().uid {
        0 => assert!(outcome.is_ok()),
        _ => assert!(outcome.unwrap_err().to_string().contains("cannot be written")),
    }
}

#[test]
fn a_second_one_is_told_who_is_at_work() {
    let home = Home::sample();
    home.apply(&home.changes()).unwrap();
    let state = state::State::open(&Linux, &home.state()).unwrap().unwrap();
    let _held = state.lock("apply", "alex").unwrap();
    let error = home.apply(&[home.edit(AXIS, "<c/>", "<d/>")]).unwrap_err();
    let told = error.to_string();
    assert!(told.contains(&format!("apply, process {} of alex on ", std::process::id())), "{told}");
}

#[test]
fn a_state_folder_that_others_can_read_or_that_is_a_link_is_refused() {
    let home = Home::sample();
    fs::create_dir(home.state()).unwrap();
    fs::set_permissions(home.state(), fs::Permissions::from_mode(0o755)).unwrap();
    assert!(home.apply(&home.changes()).unwrap_err().to_string().contains("open to other users"));
    fs::remove_dir(home.state()).unwrap();
    symlink("conf", home.state()).unwrap();
    assert!(home.apply(&home.changes()).unwrap_err().to_string().contains("not a folder"));
}

#[test]
fn images_are_for_the_owner_alone() {
    let home = Home::sample();
    let id = home.apply(&home.changes()).unwrap().id.unwrap();
    let dir = home.state().join("tx").join(id);
    let mode = |path: PathBuf| path.metadata().unwrap().mode() & 0o777;
    assert_eq!((mode(home.state()), mode(dir.join("blobs"))), (0o700, 0o700));
    let blobs = fs::read_dir(dir.join("blobs")).unwrap().map(|entry| entry.unwrap().path());
    let files = blobs.chain(["journal", "manifest.json"].map(|name| dir.join(name)));
    assert!(files.map(mode).all(|mode| mode == 0o600));
}

#[test]
fn a_caller_that_disagrees_afterwards_takes_everything_back() {
    let home = Home::sample();
    let before = home.snapshot();
    let (path, state, changes) = (home.path(), home.state(), home.changes());
    let no = || Err("P08 deviates".to_owned());
    let error = apply(&Linux, path, &state, &changes, &meta("apply", None), &no).unwrap_err();
    assert!(error.to_string().contains("P08 deviates; nothing is changed"), "{error}");
    assert_eq!((home.snapshot(), home.transactions()), (before, Vec::new()));
}

#[test]
fn a_program_that_had_a_file_open_and_writes_after_the_exchange_loses_nothing() {
    use std::io::Write as _;
    let home = Home::sample();
    let before = home.snapshot();
    let theirs = fs::File::options().append(true).open(home.at(SCRIPT)).unwrap();
    // The caller's look at the end is the last moment before the commit.
    let late = || (&theirs).write_all(b"# theirs\n").map_err(|error| error.to_string());
    let (path, state, changes) = (home.path(), home.state(), home.changes());
    let error = apply(&Linux, path, &state, &changes, &meta("apply", None), &late).unwrap_err();
    assert!(matches!(&error, Error::Restored { kept, .. } if *kept == [rel(SCRIPT)]), "{error}");
    assert_eq!(error.class(), Class::Conflict);
    let mut expected = before[Path::new(SCRIPT)].0.clone();
    expected.extend(b"# theirs\n");
    assert_eq!(home.read(SCRIPT), expected);
    let mut now = home.snapshot();
    now.insert(SCRIPT.into(), before[Path::new(SCRIPT)].clone());
    assert_eq!(now, before);
}

#[test]
fn a_damaged_transaction_does_not_hide_the_others() {
    let home = Home::sample();
    let first = home.apply(&home.changes()).unwrap().id.unwrap();
    let second = home.apply(&[home.edit(AXIS, "<c/>", "<d/>")]).unwrap().id.unwrap();
    let manifest = home.state().join("tx").join(&second).join("manifest.json");
    fs::write(manifest, b"{").unwrap();
    let past = history(&Linux, &home.state()).unwrap();
    assert!(matches!(past[0].standing, Standing::Damaged(_)) && past[0].id == second);
    assert_eq!((&past[1].id, &past[1].standing), (&first, &Standing::Applied));
    let unnamed = home.roll_back(None, &[]);
    assert!(matches!(unnamed, Err(Error::Damaged { id, .. }) if id == second));
    assert!(matches!(home.roll_back(Some("x"), &[]), Err(Error::Unknown(_))));
    let last = home.apply(&[home.edit(AXIS, "<d/>", "<e/>")]).unwrap().id.unwrap();
    assert_eq!(show(&Linux, &home.state(), &last).unwrap().manifest.seq, 3);
    let shown = show(&Linux, &home.state(), &first).unwrap();
    home.put(AXIS, shown.files.unwrap()[0].after.as_deref().unwrap(), 0o640);
    home.roll_back(Some(&first), &[]).unwrap();
    assert!(String::from_utf8(home.read(AXIS)).unwrap().contains("x='1'"));
}

#[test]
fn a_rollback_names_the_guidelines_that_it_takes_back() {
    let home = Home::sample();
    let apply = |to: [&str; 2]| {
        let mut change = home.edit(AXIS, "<c/>", to[1]);
        let before = String::from_utf8(change.before.clone().unwrap()).unwrap();
        let first = before.replace("x='1'", to[0]);
        let both = first.replace("<c/>", to[1]).into_bytes();
        change.shares = vec![share("P01", first.as_bytes()), share("P08", &both)];
        change.after = Some(both);
        home.apply(&[change]).unwrap();
    };
    let codes = |id: &str| show(&Linux, &home.state(), id).unwrap().manifest.codes;
    apply(["x='2'", "<d/>"]);
    let alone = home.roll_back(None, &[code("P01")]).unwrap();
    assert_eq!(codes(&alone), [code("P01")]);
    let rest = home.roll_back(None, &[]).unwrap();
    assert_eq!(codes(&rest), [code("P08")]);
    let redo = home.roll_back(Some(&rest), &[]).unwrap();
    assert_eq!(codes(&redo), [code("P08")]);
}

#[test]
fn a_share_is_taken_back_from_the_newest_transaction_that_has_it() {
    let home = Home::sample();
    let apply = |file, from: &str, to: &str, by: &str| {
        let mut change = home.edit(file, from, to);
        change.shares = vec![share(by, change.after.as_deref().unwrap())];
        home.apply(&[change]).unwrap().id.unwrap()
    };
    let first = apply(AXIS, "x='1'", "x='2'", "P01");
    let second = apply(AXIS, "x='2'", "x='3'", "P01");
    apply(SCRIPT, "-Xmx1g", "-Xmx2g", "P22");
    let of = |id: &str| show(&Linux, &home.state(), id).unwrap().manifest.meta.of;
    let back = home.roll_back(None, &[code("P01")]).unwrap();
    assert_eq!(
        (of(&back), home.read(AXIS)[..].starts_with(b"<a>\r\n  <b x='2'")),
        (Some(second), true)
    );
    let back = home.roll_back(None, &[code("P01")]).unwrap();
    assert_eq!(
        (of(&back), home.read(AXIS)[..].starts_with(b"<a>\r\n  <b x='1'")),
        (Some(first), true)
    );
    let error = home.roll_back(None, &[code("P01")]).unwrap_err();
    assert!(error.to_string().contains("P01: has no share in transaction"), "{error}");
}
