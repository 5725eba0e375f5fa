//! What a plan file does and refuses, on small contents and hostile text.

use super::*;
use crate::change::{Code, FileChange, Plan, RelPath, Step};
use crate::digest::Digest;
use crate::secret::Secret;
use std::collections::BTreeMap;

type Contents = BTreeMap<RelPath, Option<Vec<u8>>>;

const BEFORE: &str = "<C keyPass=\"tiger\" a=\"1\" password=\"lion\" b=\"2\"/>\r\n<d/>";
const BETWEEN: &str = "<C keyPass=\"tiger\" a=\"7\" password=\"lion\" b=\"8\"/>\r\n<d/>";
const AFTER: &str = "<C keyPass=\"tiger\" a=\"7\" password=\"lion\" b=\"8\"/>\r\n<e/>\n";

fn rel(path: &str) -> RelPath {
    RelPath::parse(path).unwrap()
}

fn step(code: &str, file: &str, after: &[u8]) -> Step {
    let code = Code::parse(code).unwrap();
    Step { code, instance: "server".into(), file: rel(file), after: after.into() }
}

/// One file changed in two shares.
fn plan() -> Plan {
    Plan {
        steps: vec![
            step("P08", "conf/a.xml", BETWEEN.as_bytes()),
            step("P09", "conf/a.xml", AFTER.as_bytes()),
        ],
        files: vec![FileChange {
            file: rel("conf/a.xml"),
            before: Some(BEFORE.into()),
            after: AFTER.into(),
            listings: None,
        }],
        notes: Vec::new(),
    }
}

/// The same, with a password that comes in and a store that is made.
fn secret_plan() -> Plan {
    let mut plan = plan();
    let after = AFTER.replace("lion", "puma");
    plan.steps[1].after = after.clone().into();
    plan.files[0].after = after.into();
    let store = b"\xfe\xed\xfe\xed\0private".to_vec();
    plan.steps.push(step("P02", "store.jks", &store));
    let listings = Some([String::new(), "entry one\npassword = \"puma\"\n".into()]);
    let file = rel("store.jks");
    plan.files.push(FileChange { file, before: None, after: store, listings });
    plan
}

fn head() -> Head {
    let chosen = |code| Chosen {
        code: Code::parse(code).unwrap(),
        instance: "server".into(),
        partly: false,
    };
    Head {
        harden: "1".into(),
        home: "/opt/server".into(),
        chosen: vec![chosen("P02"), chosen("P08"), chosen("P09")],
        modes: [(rel("conf/a.xml"), 0o100_640)].into(),
        ..Head::default()
    }
}

fn contents(plan: &Plan) -> Contents {
    plan.files.iter().map(|change| (change.file.clone(), change.before.clone())).collect()
}

fn open(text: &str, password: Option<&str>) -> Result<Review, Error> {
    Review::open(Saved::parse(text.as_bytes())?, password.map(Secret::new).as_ref())
}

/// Reads, opens and carries out, as `apply --plan` does.
fn through(text: &str, password: Option<&str>, contents: &Contents) -> Result<Plan, Error> {
    open(text, password)?.plan(contents, "1")
}

#[test]
fn a_saved_plan_gives_the_same_bytes_and_shares() {
    let text = save(head(), &plan(), &[], None).unwrap();
    let back = through(&text, None, &contents(&plan())).unwrap();
    assert_eq!(back, plan());
    assert!(text.contains("\"mode\": \"0640\""), "{text}");
    for secret in ["tiger", "lion"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn a_secret_is_sealed_or_the_plan_is_refused_by_the_name_of_its_guideline() {
    let plan = secret_plan();
    let refused = save(head(), &plan, &[], None).unwrap_err();
    let told = refused.to_string();
    assert!(told.contains("P09 writes a secret to conf/a.xml") && told.contains("P02"), "{told}");
    assert!(refused.hint().contains("--seal-with") && refused.hint().contains("--skip P09,P02"));

    let text = save(head(), &plan, &[], Some(&Secret::new("key"))).unwrap();
    for hidden in ["puma", "tiger", "private", "cHVtYQ", "cHJpdmF0Z"] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
    let back = through(&text, Some("key"), &contents(&plan)).unwrap();
    assert_eq!((&back.steps, back.files.len()), (&plan.steps, 2));
    assert_eq!(back.files[1].after, plan.files[1].after);
    assert!(matches!(open(&text, Some("kez")), Err(Error::Shut(_))));
    assert!(matches!(open(&text, None), Err(Error::Sealed)));
}

#[test]
fn a_told_secret_is_hidden_where_nothing_else_gives_it_away() {
    let plan = Plan {
        steps: vec![step("P08", "a", b"x=puma-1\n")],
        files: vec![FileChange {
            file: rel("a"),
            before: Some(b"x=puma-2\n".into()),
            after: b"x=puma-1\n".into(),
            listings: None,
        }],
        notes: Vec::new(),
    };
    let told = [b"puma-1".to_vec()];
    assert!(save(head(), &plan, &[], None).is_ok());
    assert!(matches!(save(head(), &plan, &told, None), Err(Error::Readable(_))));
    let text = save(head(), &plan, &told, Some(&Secret::new("key"))).unwrap();
    assert!(!text.contains("puma-1"), "{text}");
    assert!(through(&text, Some("key"), &contents(&plan)).is_ok());
}

#[test]
fn nothing_of_a_sealed_plan_can_be_changed() {
    let text = save(head(), &plan(), &[], Some(&Secret::new("key"))).unwrap();
    for (from, to) in [("/opt/server", "/opt/serves"), ("P09", "P08"), ("\"+<e/>\"", "\"+<f/>\"")] {
        let other = text.replacen(from, to, 1);
        assert!(matches!(open(&other, Some("key")), Err(Error::Shut(_))), "{from}");
    }
    let bare = Saved { sealed: None, ..Saved::parse(text.as_bytes()).unwrap() };
    assert!(matches!(Review::open(bare, Some(&Secret::new("key"))), Err(Error::Unsealed)));
}

#[test]
fn a_plan_that_shows_or_promises_other_bytes_than_it_makes_is_refused() {
    let text = save(head(), &plan(), &[], None).unwrap();
    let after = Digest::of(AFTER.as_bytes()).to_string();
    for (from, to) in [
        ("\"text\": \"7\"", "\"text\": \"9\""),
        ("\"+<e/>\"", "\"+<f/>\""),
        (after.as_str(), &Digest::of(b"").to_string()),
        ("\"at\": 22", "\"at\": 21"),
    ] {
        assert!(text.contains(from), "{from}: {text}");
        let got = through(&text.replace(from, to), None, &contents(&plan()));
        assert!(matches!(got, Err(Error::Tampered { .. })), "{from}: {got:?}");
    }
}

#[test]
fn a_malformed_plan_is_told_as_such() {
    let text = save(head(), &plan(), &[], None).unwrap();
    let huge = "18446744073709551615";
    for (from, to, says) in [
        ("conf/a.xml", "../a.xml", "leaves the home"),
        ("conf/a.xml", "/etc/passwd", "leaves the home"),
        ("\"note\"", "\"nota\"", "unknown field `nota`"),
        ("\"at\": 22", "\"at\": 22222", "outside the file"),
        ("\"at\": 22", &format!("\"at\": {huge}"), "outside the file"),
        ("\"at\": 22", "\"at\": 1e400", "number out of range"),
        ("\"at\": 22", "\"at\": -1", "invalid value"),
        ("\"at\": 22", "\"at\": 48", "overlap"),
        ("\"text\": \"7\"", "\"sealed\": 0", "no such sealed piece"),
        ("\"text\": \"7\"", "\"base64\": \"!\"", "base64 expected"),
        ("\"text\": \"7\"", "\"text\": \"7\", \"base64\": \"\"", "one of text"),
        ("\"code\": \"P09\"", "\"code\": \"P9\"", "not a guideline's code"),
    ] {
        let other = text.replacen(from, to, 1);
        let got = through(&other, None, &contents(&plan())).unwrap_err();
        assert!(got.class() == Class::Usage && got.to_string().contains(says), "{to}: {got}");
    }
    let newer = text.replacen("\"format\": 1", "\"format\": 2", 1);
    assert_eq!(Saved::parse(newer.as_bytes()), Err(Error::Format(2)));
    for hostile in ["", "[]", "{", "nul", &"[".repeat(100_000), "{\"format\": 1}"] {
        assert!(matches!(Saved::parse(hostile.as_bytes()), Err(Error::Malformed(_))));
    }
}

#[test]
fn a_flipped_bit_or_a_cut_never_gives_other_bytes() {
    let (plan, mut random) = (plan(), 0x9e37_79b9_7f4a_7c15_u64);
    let text = save(head(), &plan, &[], None).unwrap();
    let contents = contents(&plan);
    let mut taken = 0;
    for round in 0..4_000 {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let mut bytes = text.clone().into_bytes();
        let at = (random % bytes.len() as u64) as usize;
        if round % 8 == 0 {
            bytes.truncate(at)
        } else {
            bytes[at] ^= 1 << ((random >> 60) % 8)
        }
        let got = Saved::parse(&bytes)
            .and_then(|saved| Review::open(saved, None))
            .and_then(|review| review.plan(&contents, "1"));
        if let Ok(got) = got {
            taken += 1;
            // A flip may name another file; then a home has to have just that content there.
            if got.files[0].file == plan.files[0].file {
                assert_eq!(got.files[0].after, plan.files[0].after);
            }
        }
    }
    assert!(taken < 1_500, "{taken} of 4000 changed plans are taken");
}

#[test]
fn a_home_is_ready_applied_half_applied_or_stale() {
    let text = save(head(), &secret_plan(), &[], Some(&Secret::new("key"))).unwrap();
    let saved = Saved::parse(text.as_bytes()).unwrap();
    let mut now = contents(&secret_plan());
    assert_eq!(saved.standing(&now), Standing::Ready);
    now.insert(rel("store.jks"), Some(secret_plan().files[1].after.clone()));
    let (done, open) = (vec![rel("store.jks")], vec![rel("conf/a.xml")]);
    assert_eq!(saved.standing(&now), Standing::Half { done, open });
    now.insert(rel("conf/a.xml"), Some(secret_plan().files[0].after.clone()));
    assert_eq!(saved.standing(&now), Standing::Applied);
    now.insert(rel("conf/a.xml"), Some(b"x".to_vec()));
    let expected = Some(Digest::of(BEFORE.as_bytes()));
    let drift = Drift { file: rel("conf/a.xml"), expected, present: Some(Digest::of(b"x")) };
    assert_eq!(saved.standing(&now), Standing::Stale(vec![drift]));
}

#[test]
fn a_plan_cannot_make_contents_without_end() {
    let mut plan = plan();
    let long = |n: usize| vec![b'a' + (n % 20) as u8; MOST / 10];
    plan.files[0].after = long(11);
    plan.steps = (1..=11).map(|n| step("P08", "conf/a.xml", &long(n))).collect();
    let text = save(head(), &plan, &[], None).unwrap();
    let refused = through(&text, None, &contents(&plan)).unwrap_err();
    assert!(refused.to_string().contains("add up to more"), "{refused}");
}

#[test]
fn a_share_of_a_guideline_that_was_not_chosen_is_refused() {
    let text = save(head(), &plan(), &[], None).unwrap();
    let mut saved = Saved::parse(text.as_bytes()).unwrap();
    saved.chosen.pop();
    let refused = Review::open(saved, None).unwrap_err();
    assert!(refused.to_string().contains("P09 has a share and was not chosen"), "{refused}");
}
