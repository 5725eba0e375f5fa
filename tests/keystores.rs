//! P02 from outside: whatever names a key store, in every mode, new stores, passwords, aliases and
//! references agree afterwards, nothing else changes, and everything can be taken back.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "a test")]

mod support;

use harden::change::{Plan, RelPath};
use harden::commit::{self, Linux, Meta};
use harden::home::{Home, View};
use harden::native::keystore::{Content, Entry, Format, Opened, Store, shipped_in};
use harden::patch::Patch;
use harden::patch::model::{Role, Spot};
use harden::patch::store::StoreSpot;
use harden::plan::fold::Choice;
use harden::plan::judge::Values;
use harden::plan::keys::reference::{Reference, references};
use harden::plan::keys::{self, Forge};
use harden::plan::{Conflict, Scene, Take, fold};
use harden::secret::Secret;
use std::collections::BTreeMap;
use std::fs;
use support::{Bench, Copy, corpus_homes, own, root, snapshot, store};

const SECURITY: &str = "repository/resources/security";

/// A way in which a product names a key store: one entry of the patch, in one of its files.
struct Kind {
    name: String,
    spot: StoreSpot,
    /// The golden home that it is put into.
    home: &'static str,
}

/// What a reference says.
#[derive(Debug, Clone, PartialEq)]
struct Says {
    location: String,
    kind: String,
    password: String,
    alias: String,
    key_password: String,
}

// One test for each mode, so that they run side by side.

#[test]
fn every_kind_of_reference_is_left_in_agreement_by_tls_only_and_taken_back() {
    assert_eq!(refused_in("tls-only"), [""; 0]);
}

#[test]
fn every_kind_of_reference_is_left_in_agreement_by_split_internal_and_taken_back() {
    assert_eq!(refused_in("split-internal"), [""; 0]);
}

#[test]
fn every_kind_of_reference_is_left_in_agreement_by_replace_all_and_taken_back() {
    let refused = refused_in("replace-all");
    // Whatever sets up Secure Vault keeps its values under the primary key.
    assert!(refused.iter().all(|name| name.contains("keystore.identity.location")), "{refused:?}");
    assert_eq!(refused.len(), 2);
}

/// Applies one mode to every kind of reference; names those for which it is refused.
fn refused_in(mode: &str) -> Vec<String> {
    let bench = Bench::new();
    kinds(&bench)
        .into_iter()
        .filter(|kind| !hold(&bench, kind, mode))
        .map(|kind| kind.name)
        .collect()
}

#[test]
fn disagreement_is_seen_for_every_kind_and_every_part() {
    let bench = Bench::new();
    let mut caught = 0;
    for kind in kinds(&bench).iter().filter(|kind| kind.spot.role != Role::Trust) {
        let mode = if kind.name.contains("secret-conf") { "split-internal" } else { "replace-all" };
        let scenery = Scenery::of(&bench, kind);
        let forge = bench.forge();
        let plan = scenery.plan(&bench, &forge, mode).unwrap();
        let home = scenery.copy.home();
        let file = scenery.file();
        let Some(after) = plan.files.iter().find(|change| change.file == file) else {
            assert!(kind.name.contains("secret-conf"), "{}: nothing changed", kind.name);
            continue;
        };
        let mut view = View::of(&home.root);
        for change in &plan.files {
            view.put(&change.file, change.after.clone());
        }
        let scene = Scene { home: &home, instance: &home.instances[0], view: &view };
        let patch = p02(&bench);
        let values = values(&bench, mode);
        let made = forge.made(patch, &values, &scene).unwrap();
        let stores: Vec<&RelPath> = made.files.iter().map(|new| &new.file).collect();
        keys::agree(patch, &scene, &stores).unwrap();
        let right = says(&kind_reference(kind, patch, &scene));
        let text = String::from_utf8(after.after.clone()).unwrap();
        let inner = scenery.inner(&right);
        assert!(text.contains(&inner), "{}", kind.name);
        let wrongs = [
            (
                kind.spot.password.is_some(),
                Says { password: "wrong-password".into(), ..right.clone() },
            ),
            (
                kind.spot.key_password.is_some(),
                Says { key_password: "wrong-password".into(), ..right.clone() },
            ),
            (kind.spot.alias.is_some(), Says { alias: "nobody".into(), ..right.clone() }),
            (kind.spot.kind.is_some(), Says { kind: "PKCS12".into(), ..right.clone() }),
            (true, Says { location: right.location.replace(".jks", ".gone"), ..right.clone() }),
        ];
        for (_, wrong) in wrongs.into_iter().filter(|(has, _)| *has) {
            let mut view = View::of(&home.root);
            for change in &plan.files {
                view.put(&change.file, change.after.clone());
            }
            view.put(&file, text.replace(&inner, &scenery.inner(&wrong)).into_bytes());
            let scene = Scene { home: &home, instance: &home.instances[0], view: &view };
            // A store that others name too is no longer named by this one: then it is not this one's.
            let alone: Vec<&RelPath> = match wrong.location == right.location {
                true => stores.clone(),
                false => vec![],
            };
            let told = keys::agree(patch, &scene, &alone);
            match alone.is_empty() {
                true => {
                    assert!(kind_missing(kind, patch, &scene), "{}: the store is there", kind.name)
                }
                false => {
                    let Err(why) = told else { panic!("{}: {wrong:?} passes", kind.name) };
                    assert!(why.contains(&file.to_string()), "{}: {why}", kind.name);
                    caught += 1;
                }
            }
        }
    }
    assert!(caught > 60, "{caught}");
}

#[test]
fn shipped_certificates_go_and_their_aliases_name_the_new_one() {
    let bench = Bench::new();
    let (mut homes, mut gone, mut taken) = (0, 0, 0);
    for (name, path) in corpus_homes() {
        let copy = Copy::of(&path);
        let home = copy.home();
        let values = values(&bench, "replace-all");
        let forge = bench.forge();
        let choices: Vec<Choice> = home
            .instances
            .iter()
            .map(|instance| Choice {
                patch: p02(&bench),
                values: &values,
                instance,
                take: Take::default(),
                forge: &forge,
            })
            .collect();
        let plan = fold(&home, &choices).unwrap_or_else(|why| panic!("{name}: {why}"));
        homes += 1;
        for file in plan.files.iter().filter(|file| file.listings.is_some()) {
            let Some(before) = &file.before else { continue };
            let old = Store::read(before, None).unwrap();
            let new = Store::read(&file.after, None).unwrap();
            let key = fs::read(copy.root.join(file.file.as_str()).with_file_name("wso2carbon.jks"));
            let key = Store::read(&key.unwrap(), None).unwrap();
            let replaced = key.entry("wso2carbon").unwrap().fingerprint();
            let shipped: Vec<String> =
                shipped_in(&old).iter().map(|(entry, _)| entry.alias.clone()).collect();
            for entry in old.entries() {
                let now = new.entry(&entry.alias);
                if entry.fingerprint() == replaced {
                    let public = now.unwrap().certificate().unwrap().facts().unwrap().public_key;
                    assert_eq!(public, store::strong().spki(), "{name}: {}", entry.alias);
                    taken += 1;
                } else if shipped.contains(&entry.alias) {
                    gone += 1;
                } else {
                    let same =
                        |a: &Entry, b: &Entry| a.created == b.created && a.content == b.content;
                    assert!(now.is_some_and(|now| same(now, entry)), "{name}: {}", entry.alias);
                }
            }
        }
    }
    println!("{homes} real homes: {gone} shipped certificates gone, {taken} aliases taken over");
    assert!(homes == 0 || (gone > 0 && taken > 0));
}

/// Applies one mode to a home with one kind of reference; tells whether it was not refused.
fn hold(bench: &Bench, kind: &Kind, mode: &str) -> bool {
    let label = format!("{} in mode {mode}", kind.name);
    let scenery = Scenery::of(bench, kind);
    let before = snapshot(&scenery.copy.root);
    let forge = bench.forge();
    let plan = match scenery.plan(bench, &forge, mode) {
        Ok(plan) => plan,
        Err(Conflict::Withheld { refusal, .. }) => {
            assert!(refusal.why.contains("Secure Vault"), "{label}: {}", refusal.why);
            assert!(refusal.hint.contains("split-internal"), "{label}: {}", refusal.hint);
            return false;
        }
        Err(other) => panic!("{label}: {other}"),
    };
    let state = scenery.copy.root.join(".harden");
    let meta = Meta { verb: "apply".into(), ..Meta::default() };
    let changes = commit::changes(&plan);
    commit::apply(&Linux, &scenery.copy.root, &state, &changes, &meta, &|| Ok(())).unwrap();

    let home = scenery.copy.home();
    let view = View::of(&home.root);
    let scene = Scene { home: &home, instance: &home.instances[0], view: &view };
    let reference = kind_reference(kind, p02(bench), &scene);
    let now = says(&reference);
    let content = fs::read_to_string(home.root.join(scenery.file().as_str())).unwrap();
    let inner = scenery.inner(&now);
    let (above, below) = content.split_once(&inner).unwrap_or_else(|| panic!("{label}: {now:?}"));
    // The same file may hold other references, which change too.
    let other = |line: &&str| {
        !line.trim().is_empty()
            && ![
                ".jks",
                "assword",
                "alias",
                "Alias",
                "type",
                "key",
                "[keystore",
                "[transport",
                "[encryption",
            ]
            .iter()
            .any(|word| line.contains(word))
    };
    let same = |one: &str, two: &str| one.lines().filter(other).eq(two.lines().filter(other));
    assert!(
        same(above, &scenery.before) && same(below, &scenery.after),
        "{label}: more changed than references"
    );
    let role = kind.spot.role;
    let vaulted = kind.spot.password.is_none();
    let replaced = match (mode, role) {
        (_, Role::Trust) => false,
        ("tls-only", _) => role == Role::Tls,
        ("split-internal", Role::Internal) => false,
        _ => true,
    };
    let file = now.location.rsplit('/').next().unwrap();
    assert_eq!(file != "own.jks" && role != Role::Trust, replaced, "{label}: {now:?}");
    let bytes = fs::read(home.root.join(SECURITY).join(file)).unwrap();
    let password = if vaulted && replaced { own().1.clone() } else { now.password.clone() };
    let secret = Secret::new(match (vaulted && !replaced, role) {
        (true, Role::Trust) => store::SHIPPED,
        (true, _) => OLD,
        _ => &password,
    });
    assert_eq!(Store::opens(&bytes, &secret), Ok(Opened::Yes), "{label}");
    let opened = Store::read(&bytes, Some(&secret)).unwrap();
    assert!(kind.spot.kind.is_none() || now.kind == opened.format().word(), "{label}");
    if role == Role::Trust {
        trusts_the_new_one(&label, &opened, &bytes, mode);
    } else {
        let entry = match kind.spot.alias.is_some() {
            true => opened.entry(&now.alias).unwrap_or_else(|| panic!("{label}: no {}", now.alias)),
            false => {
                let mut keys =
                    opened.entries().iter().filter(|e| matches!(e.content, Content::Key { .. }));
                let only = keys.next().unwrap();
                assert!(
                    keys.next().is_none(),
                    "{label}: the reference names no key, and there are two"
                );
                only
            }
        };
        let key_password =
            if kind.spot.key_password.is_some() { &now.key_password } else { &password };
        let key_password = Secret::new(if vaulted && !replaced { OLD } else { key_password });
        opened
            .private_key(&entry.alias, &key_password)
            .unwrap_or_else(|why| panic!("{label}: {why}"));
        let public = entry.certificate().unwrap().facts().unwrap().public_key;
        let wanted = match (replaced, role) {
            (false, _) => None,
            (true, Role::Internal) => Some(store::second().spki()),
            (true, _) => Some(store::strong().spki()),
        };
        assert!(wanted.is_none_or(|wanted| wanted == public), "{label}: another key");
    }
    let again = scenery.plan(bench, &bench.forge(), mode).unwrap();
    assert!(again.is_empty(), "{label}: a second run changes {}", again.files[0].file);

    let reverse = commit::reverse(&Linux, &home.root, &state, None, None).unwrap();
    commit::apply(&Linux, &home.root, &state, &reverse.changes, &meta, &|| Ok(())).unwrap();
    assert!(snapshot(&home.root) == before, "{label}: the rollback did not give the home back");
    true
}

/// The new certificate is believed; everything that was there still is, in its order.
fn trusts_the_new_one(label: &str, trust: &Store, bytes: &[u8], mode: &str) {
    let before = Store::read(&own_trust(), None).unwrap();
    let old = before.entries().iter().map(|e| (e.alias.clone(), e.created, e.content.clone()));
    let now: Vec<_> =
        trust.entries().iter().map(|e| (e.alias.clone(), e.created, e.content.clone())).collect();
    assert!(old.eq(now[..before.entries().len()].iter().cloned()), "{label}: entries changed");
    let new: Vec<_> = trust.entries()[before.entries().len()..].iter().collect();
    let keys: Vec<_> =
        new.iter().map(|e| e.certificate().unwrap().facts().unwrap().public_key).collect();
    assert!(keys.contains(&store::strong().spki()) && keys.len() == 1, "{label}: {}", keys.len());
    let kept = Store::opens(bytes, &Secret::new(store::SHIPPED)) == Ok(Opened::Yes);
    assert!(mode != "tls-only" || kept, "{label}: this mode leaves the password alone");
}

// --- homes ---------------------------------------------------------------------------------------

/// The password of stores that are replaced.
const OLD: &str = "An-older.password_1";

const DATA_BRIDGE: &str = "<dataBridgeConfiguration>
    <keyStoreLocation>${carbon.home}/repository/resources/security/wso2carbon.jks</keyStoreLocation>
    <keyStorePassword>wso2carbon</keyStorePassword>
</dataBridgeConfiguration>
";

/// A home with one reference of its own.
struct Scenery<'k> {
    copy: Copy,
    kind: &'k Kind,
    before: String,
    after: String,
}

impl<'k> Scenery<'k> {
    fn of(bench: &Bench, kind: &'k Kind) -> Self {
        let copy = Copy::of(&root().join("golden/homes").join(kind.home));
        let security = copy.root.join(SECURITY);
        let weak = store::weak_certificate("own.example.com", &["own.example.com"], None);
        fs::write(security.join("own.jks"), store::with_key(Format::Jks, "own", &weak, OLD))
            .unwrap();
        fs::write(security.join(own_trust_name(&kind.spot)), own_trust()).unwrap();
        if kind.home.ends_with("-xml") {
            // Something shows a key to clients in every home.
            let file = copy.root.join("repository/conf/data-bridge/data-bridge-config.xml");
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, DATA_BRIDGE).unwrap();
        }
        if let Spot::Toml { key, .. } = &kind.spot.location {
            let key = key.to_string();
            let (table, _) = key.rsplit_once('.').unwrap();
            let reads = ["location", "file_name", "type", "password", "alias", "key_password"]
                .map(|part| format!("<A>{{{{{table}.{part}}}}}</A>"));
            let conf = if kind.home.starts_with("mi") { "conf" } else { "repository/conf" };
            let templates = copy.root.join("repository/resources/conf/templates").join(conf);
            fs::write(templates.join("own.xml.j2"), reads.concat()).unwrap();
        }
        let home = copy.home();
        let mut scenery = Self { copy, kind, before: String::new(), after: String::new() };
        let path = home.root.join(scenery.file().as_str());
        let there = fs::read_to_string(&path).unwrap_or_default();
        (scenery.before, scenery.after) = surroundings(&kind.spot, &there);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let trust = kind.spot.role == Role::Trust;
        let location = match &kind.spot.location {
            Spot::Toml { key, .. } if key.to_string().ends_with("file_name") => "".to_owned(),
            Spot::Xml { .. } => format!("${{carbon.home}}/{SECURITY}/"),
            _ => format!("{SECURITY}/"),
        };
        let says = Says {
            location: format!(
                "{location}{}",
                if trust { own_trust_name(&kind.spot) } else { "own.jks" }
            ),
            kind: "JKS".into(),
            password: if trust { store::SHIPPED } else { OLD }.into(),
            alias: "own".into(),
            key_password: OLD.into(),
        };
        fs::write(&path, scenery.text(&says)).unwrap();
        let view = View::of(&home.root);
        let scene = Scene { home: &home, instance: &home.instances[0], view: &view };
        let found = self::says(&kind_reference(kind, p02(bench), &scene));
        assert_eq!(found.location, says.location, "{}: the reference is not seen", kind.name);
        scenery
    }

    /// The file that the reference stands in.
    fn file(&self) -> RelPath {
        let home = self.copy.home();
        let view = View::of(&home.root);
        let scene = Scene { home: &home, instance: &home.instances[0], view: &view };
        match &self.kind.spot.location {
            Spot::Xml { file, .. } | Spot::Properties { file, .. } => scene.file(file).unwrap(),
            _ => scene.toml_file().unwrap(),
        }
    }

    /// The whole file with these words in the reference.
    fn text(&self, says: &Says) -> String {
        format!("{}{}{}", self.before, self.inner(says), self.after)
    }

    fn inner(&self, says: &Says) -> String {
        let spot = &self.kind.spot;
        let parts = [
            (Some(&spot.location), &says.location),
            (spot.kind.as_ref(), &says.kind),
            (spot.password.as_ref(), &says.password),
            (spot.alias.as_ref(), &says.alias),
            (spot.key_password.as_ref(), &says.key_password),
        ];
        let parts = parts.into_iter().filter_map(|(spot, says)| Some((spot?, says.as_str())));
        match &spot.location {
            Spot::Xml { at, .. } => element(&at.to_string(), &parts.collect::<Vec<_>>()),
            Spot::Toml { key, .. } => {
                let key = key.to_string();
                let (table, _) = key.rsplit_once('.').unwrap();
                let lines = parts.map(|(spot, says)| match spot {
                    Spot::Toml { key, .. } => {
                        format!("{} = \"{says}\"\n", key.to_string().rsplit('.').next().unwrap())
                    }
                    _ => panic!("no key"),
                });
                format!("[{table}]\n{}", lines.collect::<String>())
            }
            _ => {
                let lines = parts.map(|(spot, says)| match spot {
                    Spot::Properties { key, .. } => format!("{key}={says}\n"),
                    _ => panic!("no key"),
                });
                lines.collect()
            }
        }
    }

    fn plan(&self, bench: &Bench, forge: &Forge, mode: &str) -> Result<Plan, Conflict> {
        let home: Home = self.copy.home();
        let values = values(bench, mode);
        let instance = &home.instances[0];
        fold(
            &home,
            &[Choice {
                patch: p02(bench),
                values: &values,
                instance,
                take: Take::default(),
                forge,
            }],
        )
    }
}

/// A reference without a password names the same trust store as another one.
fn own_trust_name(spot: &StoreSpot) -> &'static str {
    if spot.password.is_some() { "own-trust.jks" } else { "client-truststore.jks" }
}

fn own_trust() -> Vec<u8> {
    let mut store = Store::read(&store::trust(), Some(&Secret::new(store::SHIPPED))).unwrap();
    let gone = store::weak_certificate("Old Authority", &["old.example.com"], Some(2020));
    store.put_trusted("expired-authority", gone, 1_600_000_000_000).unwrap();
    store.put_trusted("theirs", store::theirs(), 1_600_000_000_001).unwrap();
    store.write(&Secret::new(store::SHIPPED), harden::native::keystore::Profile::Old).unwrap()
}

/// What stands around a reference in its file.
fn surroundings(spot: &StoreSpot, there: &str) -> (String, String) {
    let Spot::Xml { at, .. } = &spot.location else {
        // The table of a key is taken out where the home has it.
        let Spot::Toml { key, .. } = &spot.location else { return ("a=b\n".into(), "c=d".into()) };
        let key = key.to_string();
        let head = format!("[{}]", key.rsplit_once('.').unwrap().0);
        let kept: Vec<&str> = there
            .split_inclusive("\n\n")
            .filter(|part| !part.contains(&head) || part.contains(&format!("#{head}")))
            .collect();
        return (format!("{}\n\n", kept.concat().trim_end()), "\n# the end".into());
    };
    let names: Vec<String> = at.to_string().split('/').map(str::to_owned).collect();
    let last = names.last().unwrap().split('[').next().unwrap().to_owned();
    let whole = |open: &str, close: &str| {
        let from = there.find(open)?;
        let to = from + there[from..].find(close)? + close.len();
        Some((there[..from].to_owned(), there[to..].to_owned()))
    };
    if let Spot::Xml { file, .. } = &spot.location
        && file.to_string().ends_with("carbon.xml")
    {
        return match whole(&format!("<{last}>"), &format!("</{last}>")) {
            Some(around) => around,
            // A kind of store that this release no longer has.
            None => {
                let (before, after) = there.split_once("<InternalKeyStore>").unwrap();
                (before.to_owned(), format!("<InternalKeyStore>{after}"))
            }
        };
    }
    let parents = &names[..names.len() - 1];
    let opened: String = parents.iter().map(|step| format!("{}\n", open(step, ""))).collect();
    let closed: String = parents
        .iter()
        .rev()
        .map(|step| format!("\n</{}>", step.split('[').next().unwrap()))
        .collect();
    (format!("<?xml version=\"1.0\"?>\n<!-- own -->\n{opened}"), format!("<!-- kept -->{closed}"))
}

/// `Step[@k='v']` as a start tag, with more attributes.
fn open(step: &str, more: &str) -> String {
    let (name, test) = step.split_once('[').unwrap_or((step, ""));
    let own = test.trim_end_matches(']').trim_start_matches('@');
    let blank = if own.is_empty() { "" } else { " " };
    format!("<{name}{blank}{own}{more}>")
}

/// An element with the parts of a reference as attributes and children.
fn element(at: &str, parts: &[(&Spot, &str)]) -> String {
    let last = at.rsplit('/').next().unwrap();
    let (mut attributes, mut children) = (String::new(), String::new());
    for (spot, says) in parts {
        let Spot::Xml { child, attr, .. } = spot else { panic!("no place in XML") };
        match (child, attr) {
            (None, Some(attr)) => attributes.push_str(&format!(" {attr}='{says}'")),
            (Some(child), None) => {
                let child = child.to_string();
                let name = child.split('[').next().unwrap();
                children.push_str(&format!("\n    {}{says}</{name}>", open(&child, "")));
            }
            _ => panic!("{spot:?}"),
        }
    }
    format!("{}{children}\n</{}>", open(last, &attributes), last.split('[').next().unwrap())
}

/// Every entry of the patch in each of its files.
fn kinds(bench: &Bench) -> Vec<Kind> {
    let homes = ["carbon-4.4.40-xml", "is-5.11.0-toml", "mi-4.2.0-toml"];
    let patch = p02(bench);
    assert_eq!(patch.variants.len(), homes.len(), "a variant has no home to be tried in");
    let mut all = Vec::new();
    for (variant, home) in patch.variants.iter().zip(homes) {
        for spot in &variant.stores {
            let name = match &spot.location {
                Spot::Xml { file, at, .. } => format!("{file} {at} ({})", spot.role.word()),
                Spot::Toml { key, .. } => key.to_string(),
                Spot::Properties { file, key } => format!("{file} {key}"),
                Spot::Jvm { flag } => flag.clone(),
            };
            all.push(Kind { name: format!("{home}: {name}"), spot: spot.clone(), home });
        }
    }
    assert!(all.len() > 50, "{}", all.len());
    all
}

fn p02(bench: &Bench) -> &Patch {
    bench.catalogue.find("P02").unwrap()
}

fn values(bench: &Bench, mode: &str) -> Values {
    let told: BTreeMap<String, String> =
        [("mode", mode), ("encrypted-data", "none"), ("password", &own().1)]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
    p02(bench).settle(&told).unwrap()
}

fn kind_reference(kind: &Kind, patch: &Patch, scene: &Scene) -> Reference {
    let name = |spot: &StoreSpot| format!("{:?}", spot.location);
    let wanted = [name(&kind.spot), name(&kind.spot.at_match(0))];
    let all = references(patch, scene);
    assert!(all.broken.is_empty(), "{}: {:?}", kind.name, all.broken);
    let found = all.found.into_iter().find(|reference| wanted.contains(&name(&reference.spot)));
    found.unwrap_or_else(|| panic!("{}: there is no such reference", kind.name))
}

fn kind_missing(kind: &Kind, patch: &Patch, scene: &Scene) -> bool {
    let reference = kind_reference(kind, patch, scene);
    let file = reference.location.plain().unwrap().rsplit('/').next().unwrap().to_owned();
    !scene.home.root.join(SECURITY).join(file).exists()
}

fn says(reference: &Reference) -> Says {
    let text = |part: Option<&harden::plan::keys::reference::Part>| {
        part.map(|part| part.says().to_owned()).unwrap_or_default()
    };
    Says {
        location: text(Some(&reference.location)),
        kind: text(reference.kind.as_ref()),
        password: text(reference.password.as_ref()),
        alias: text(reference.alias.as_ref()),
        key_password: text(reference.key_password.as_ref()),
    }
}
