//! Small homes with key stores, and what each stage says of them.

#![allow(clippy::disallowed_methods, reason = "tests write their own files")]

use super::draft::Draft;
use super::look::complaints;
use super::wish::Wish;
use super::{Forge, agree, look, named};
use crate::change::{RelPath, Status};
use crate::format::keystore::{Certificate, Facts, Format, KeyKind, Profile, Store};
use crate::home::{Home, View, discover};
use crate::native::key::{Bits, Key, Order, self_signed};
use crate::patch::{Catalogue, Patch};
use crate::plan::judge::Values;
use crate::plan::scene::Scene;
use crate::secret::Secret;
use std::collections::BTreeMap;
use std::sync::OnceLock;
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};

const SECURITY: &str = "repository/resources/security";
const TOLD: &str = "Told-by.a_test-1";

struct Sample {
    _dir: TempDir,
    home: Home,
    catalogue: Catalogue,
}

impl Sample {
    /// A home whose one key counts as shipped, because of its subject.
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str, bytes: &[u8]| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        };
        put("repository/conf/carbon.xml", carbon().as_bytes());
        put(&format!("{SECURITY}/a.jks"), &store(false));
        put(&format!("{SECURITY}/t.jks"), &store(true));
        let home = discover::discover(dir.path()).unwrap();
        Self { _dir: dir, home, catalogue: Catalogue::load(&[]).unwrap() }
    }

    fn put(&self, name: &str, text: &str) {
        let path = self.home.root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn patch(&self) -> &Patch {
        self.catalogue.find("P02").unwrap()
    }

    fn draft(&self, told: &[(&str, &str)]) -> Result<Draft, super::Refusal> {
        let view = View::of(&self.home.root);
        let wish = Wish::of(&self.values(told)).unwrap();
        Draft::of(&wish, self.patch(), &self.scene(&view), now())
    }

    fn scene<'a>(&'a self, view: &'a View) -> Scene<'a> {
        Scene { home: &self.home, instance: &self.home.instances[0], view }
    }

    fn values(&self, told: &[(&str, &str)]) -> Values {
        let mut all = BTreeMap::from([("password".to_owned(), TOLD.to_owned())]);
        all.extend(told.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self.patch().settle(&all).unwrap()
    }
}

fn carbon() -> String {
    let store = |name: &str, file: &str, key: &str| {
        format!(
            "<{name}><Location>${{carbon.home}}/{SECURITY}/{file}</Location><Type>JKS</Type>\
             <Password>wso2carbon</Password>{key}</{name}>\n"
        )
    };
    let key = "<KeyAlias>old</KeyAlias><KeyPassword>wso2carbon</KeyPassword>";
    format!(
        "<Server><ServerKey>Carbon</ServerKey><HostName>gw.example.com</HostName><Security>\n{}{}{}</Security></Server>",
        store("KeyStore", "a.jks", key),
        store("InternalKeyStore", "a.jks", key),
        store("TrustStore", "t.jks", "")
    )
}

fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap()
}

fn key() -> &'static Key {
    static KEY: OnceLock<Key> = OnceLock::new();
    KEY.get_or_init(|| Key::generate(Bits::Rsa2048).unwrap())
}

fn certificate(subject: &str) -> Certificate {
    let names = vec!["localhost".parse().unwrap()];
    let order = Order::new(subject.parse().unwrap(), names, now());
    Certificate::new(self_signed(key(), &order).unwrap())
}

/// A store with the old key, or one that believes two certificates.
fn store(trust: bool) -> Vec<u8> {
    let theirs = certificate("CN=localhost,O=WSO2");
    let secret = Secret::new("wso2carbon");
    let mut store = Store::new(Format::Jks);
    if trust {
        store.put_trusted("theirs", theirs, 1).unwrap();
        store.put_trusted("other", certificate("CN=other.example.com"), 2).unwrap();
    } else {
        let sealed = key().pkcs8().unwrap();
        store.put_key("Old", &sealed, &[theirs], &secret, Profile::Old, 1).unwrap();
        store.put_trusted("kept", certificate("CN=kept.example.com"), 3).unwrap();
    }
    store.write(&secret, Profile::Old).unwrap()
}

#[test]
fn what_is_wrong_with_a_certificate_is_told_for_its_use() {
    let good = certificate("CN=own.example.com").facts().unwrap();
    let told = |facts: &Facts, rsa| complaints(facts, rsa, now()).join("; ");
    assert_eq!(told(&good, true), "");
    let with = |change: fn(&mut Facts)| {
        let mut facts = good.clone();
        change(&mut facts);
        facts
    };
    let curve = with(|facts| facts.key = KeyKind::Ec { bits: 256 });
    assert_eq!(told(&curve, false), "");
    assert!(told(&curve, true).contains("encrypt with RSA only"));
    assert!(told(&with(|f| f.key = KeyKind::Rsa { bits: 2047 }), false).contains("2047 bits"));
    assert!(told(&with(|f| f.weak_signature = true), false).contains("is signed with"));
    let soon = with(|facts| facts.not_after = now() + Duration::days(29));
    assert!(told(&soon, false).contains("expires on"));
    let gone = with(|facts| facts.not_after = now() - Duration::SECOND);
    assert!(told(&gone, false).contains("is valid from"));
    let theirs = certificate("CN=localhost,O=WSO2").facts().unwrap();
    assert!(told(&theirs, false).contains("its key is public"));
}

#[test]
fn a_look_tells_each_store_once_for_each_use() {
    let sample = Sample::new();
    let view = View::of(&sample.home.root);
    let seen = look(sample.patch(), &sample.scene(&view), now());
    let uses: Vec<&str> = seen.iter().map(|one| one.what.split(' ').next().unwrap()).collect();
    assert_eq!(uses, ["primary", "internal", "trust"]);
    assert!(seen.iter().all(|one| one.status == Status::Deviates));
    assert!(seen[2].evidence.contains("believes certificates that WSO2 ships: theirs"));
    let files: Vec<String> =
        named(sample.patch(), &sample.scene(&view)).iter().map(|n| n.file.to_string()).collect();
    assert_eq!(files, ["a.jks", "a.jks", "t.jks"].map(|name| format!("{SECURITY}/{name}")));
}

#[test]
fn a_mode_decides_which_references_get_a_new_store() {
    let sample = Sample::new();
    // Nothing names a store for TLS here.
    assert!(sample.draft(&[]).unwrap().is_empty());
    let split = sample.draft(&[("mode", "split-internal")]).unwrap();
    let stores: Vec<(&str, bool)> =
        split.stores.iter().map(|store| (store.file.as_str(), store.internal)).collect();
    assert_eq!(stores, [("repository/resources/security/primary.jks", false)]);
    assert_eq!(split.pinned.len(), 1);
    let all = sample.draft(&[("mode", "replace-all"), ("alias", "New")]).unwrap();
    let stores: Vec<(&str, &str, bool)> = all
        .stores
        .iter()
        .map(|store| (store.file.as_str(), store.alias.as_str(), store.internal))
        .collect();
    assert_eq!(
        stores,
        [
            ("repository/resources/security/primary.jks", "new", false),
            ("repository/resources/security/internal.jks", "new", true)
        ]
    );
    assert!(all.purge && all.trust.len() == 1 && all.trust[0].anew);
}

#[test]
fn a_sign_of_stored_data_refuses_to_replace_all_unless_it_is_told_that_there_is_none() {
    for (file, text, sign) in [
        ("repository/deployment/server/userstores/a.xml", "<a/>", "user stores"),
        ("repository/tenants/1", "x", "tenants"),
        ("repository/conf/security/cipher-text.properties", "A=xyz\n", "Secure Vault"),
    ] {
        let sample = Sample::new();
        sample.put(file, text);
        let refusal = sample.draft(&[("mode", "replace-all")]).unwrap_err();
        assert!(refusal.why.contains(sign), "{}", refusal.why);
        let told = sample.draft(&[("mode", "replace-all"), ("encrypted-data", "none")]);
        // The vault is certain, so nobody can talk it away.
        assert_eq!(told.is_err(), sign == "Secure Vault", "{file}");
        assert!(sample.draft(&[("mode", "split-internal")]).is_ok(), "{file}");
    }
    let sample = Sample::new();
    // What stands in brackets is not encrypted yet.
    sample.put("repository/conf/security/cipher-text.properties", "A=[plain]\n");
    assert!(sample.draft(&[("mode", "replace-all")]).is_ok());
}

#[test]
fn everything_is_made_once_and_a_store_that_lost_its_key_disagrees() {
    let sample = Sample::new();
    let mut view = View::of(&sample.home.root);
    let forge = Forge::new(now(), None);
    let values = sample.values(&[("mode", "replace-all")]);
    let made = forge.made(sample.patch(), &values, &sample.scene(&view)).unwrap();
    let again = forge.made(sample.patch(), &values, &sample.scene(&view)).unwrap();
    assert!(std::rc::Rc::ptr_eq(&made, &again));
    let names: Vec<&str> = made.files.iter().map(|new| new.file.as_str()).collect();
    assert_eq!(names, ["primary.jks", "internal.jks", "t.jks"].map(|n| format!("{SECURITY}/{n}")));
    let secret = Secret::new(TOLD);
    let primary = Store::read(&made.files[0].after, Some(&secret)).unwrap();
    let aliases: Vec<&str> = primary.entries().iter().map(|entry| &*entry.alias).collect();
    assert_eq!(aliases, ["old", "kept"], "other certificates of the old store stay");
    let internal = Store::read(&made.files[1].after, Some(&secret)).unwrap();
    assert_ne!(primary.entries()[0].fingerprint(), internal.entries()[0].fingerprint());

    let text = carbon().replace("wso2carbon", TOLD);
    let (primary_ref, internal_ref) = text.split_once("</KeyStore>").unwrap();
    let text = format!(
        "{}</KeyStore>{}",
        primary_ref.replace("a.jks", "primary.jks"),
        internal_ref.replace("a.jks", "internal.jks")
    );
    view.put(&RelPath::parse("repository/conf/carbon.xml").unwrap(), text.into_bytes());
    for new in &made.files {
        view.put(&new.file, new.after.clone());
    }
    let stores: Vec<&RelPath> = made.files.iter().map(|new| &new.file).collect();
    assert_eq!(agree(sample.patch(), &sample.scene(&view), &stores), Ok(()));
    let mut empty = Store::new(Format::Jks);
    empty.put_trusted("old", certificate("CN=x.example.com"), 1).unwrap();
    let old = made.files[0].file.clone();
    view.put(&old, empty.write(&secret, Profile::Old).unwrap());
    let why = agree(sample.patch(), &sample.scene(&view), &stores).unwrap_err();
    assert!(why.contains("does not hold the key that is named"), "{why}");
    let unnamed = RelPath::parse(&format!("{SECURITY}/z.jks")).unwrap();
    assert!(agree(sample.patch(), &sample.scene(&view), &[&unnamed]).is_err());
}
