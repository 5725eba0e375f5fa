//! Key stores, from outside: what is put in comes out, what nobody touches keeps its bytes, what is
//! wrong is told.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "a test")]

#[path = "support/pair.rs"]
mod pair;

use harden::native::keystore::{
    Certificate, Content, Entry, Fault, Format, Opened, Profile, Store, listing,
};
use harden::secret::Secret;
use pair::{certificate, chain, other, pair};
use rsa::pkcs8::{DecodePrivateKey as _, EncodePublicKey as _};
use std::path::PathBuf;
use time::OffsetDateTime;

/// 2027-01-15.
const NOW: i64 = 1_800_000_000_000;
const KINDS: [(Format, Profile); 3] = [
    (Format::Jks, Profile::Modern),
    (Format::Pkcs12, Profile::Modern),
    (Format::Pkcs12, Profile::Old),
];

fn secret(text: &str) -> Secret {
    Secret::new(text)
}

/// A key with a chain of two, a key without one, and two trusted certificates.
fn sample(format: Format, profile: Profile) -> Store {
    let mut store = Store::new(format);
    let own = certificate("own.example.com", pair());
    store.put_key("Own", &pair().private, &[own], &secret("changeit"), profile, NOW).unwrap();
    let key = &other().private;
    store.put_key("issued", key, &chain(), &secret("key's own"), profile, NOW + 1).unwrap();
    for name in ["one.example.com", "two.example.com"] {
        store.put_trusted(name, certificate(name, pair()), NOW).unwrap();
    }
    store
}

fn names(store: &Store) -> Vec<&str> {
    let mut names: Vec<&str> = store.entries().iter().map(|entry| &*entry.alias).collect();
    names.sort_unstable();
    names
}

#[test]
fn what_is_put_into_a_store_comes_out_again() {
    for (format, profile) in KINDS {
        let bytes = sample(format, profile).write(&secret("changeit"), profile).unwrap();
        assert_eq!(Format::of(&bytes), Some(format));
        let store = Store::read(&bytes, Some(&secret("changeit"))).unwrap();
        assert_eq!(names(&store), ["issued", "one.example.com", "own", "two.example.com"]);
        // Java compares names without their case.
        let key = store.private_key("OWN", &secret("changeit")).unwrap();
        assert_eq!(*key, pair().private, "{format:?}");
        let key = store.private_key("issued", &secret("key's own")).unwrap();
        assert_eq!(*key, other().private);
        let entry = store.entry("issued").unwrap();
        assert_eq!(entry.created, Some(NOW + 1));
        let Content::Key { chain: links, .. } = &entry.content else { panic!("no key") };
        assert_eq!(links[..], chain());
        let trusted = Content::Trusted(certificate("one.example.com", pair()));
        assert_eq!(store.entry("One.Example.com").unwrap().content, trusted);
    }
}

#[test]
fn a_password_is_checked_where_the_store_can_tell() {
    for (format, profile) in KINDS {
        let store = sample(format, profile);
        let bytes = store.write(&secret("changeit"), profile).unwrap();
        assert_eq!(Store::opens(&bytes, &secret("changeit")), Ok(Opened::Yes));
        assert_eq!(Store::opens(&bytes, &secret("changeIt")), Ok(Opened::No));
        assert_eq!(Store::read(&bytes, Some(&secret(""))).unwrap_err(), Fault::WrongPassword);
        let wrong = store.private_key("issued", &secret("changeit"));
        assert_eq!(wrong.unwrap_err(), Fault::WrongKeyPassword("issued".into()));
        let none = store.private_key("one.example.com", &secret("changeit"));
        assert_eq!(none.unwrap_err(), Fault::NoKey("one.example.com".into()));
        let without = Store::read(&bytes, None);
        match format {
            Format::Pkcs12 => assert_eq!(without.unwrap_err(), Fault::NeedsPassword),
            _ => assert_eq!(without.unwrap().entries().len(), 4),
        }
    }
}

#[test]
fn a_store_that_nobody_changes_keeps_its_bytes() {
    for (format, profile) in KINDS {
        let password = secret("changeit");
        let bytes = sample(format, profile).write(&password, profile).unwrap();
        let store = Store::read(&bytes, Some(&password)).unwrap();
        assert_eq!(store.write(&password, Profile::Old).unwrap(), bytes, "{format:?}");
    }
}

#[test]
fn taking_one_entry_out_leaves_the_others() {
    for (format, profile) in KINDS {
        let password = secret("changeit");
        let bytes = sample(format, profile).write(&password, profile).unwrap();
        let mut store = Store::read(&bytes, Some(&password)).unwrap();
        let before: Vec<Entry> = store.entries().to_vec();
        let gone = certificate("one.example.com", pair()).fingerprint();
        let removed = store.remove(|entry| entry.fingerprint() == Some(gone));
        assert_eq!(removed.len(), 1);
        let bytes = store.write(&password, profile).unwrap();
        let after = Store::read(&bytes, Some(&password)).unwrap();
        let left: Vec<&Entry> = before.iter().filter(|e| e.alias != "one.example.com").collect();
        assert_eq!(after.entries().len(), left.len());
        for (after, before) in after.entries().iter().zip(left) {
            assert_eq!((&after.alias, after.created), (&before.alias, before.created));
            assert_eq!(after.content, before.content);
        }
    }
}

#[test]
fn a_key_goes_with_its_own_certificates() {
    let password = secret("changeit");
    let bytes = sample(Format::Pkcs12, Profile::Modern).write(&password, Profile::Modern).unwrap();
    let mut store = Store::read(&bytes, Some(&password)).unwrap();
    store.remove(|entry| entry.is_named("issued"));
    let bytes = store.write(&password, Profile::Modern).unwrap();
    let after = Store::read(&bytes, Some(&password)).unwrap();
    assert_eq!(names(&after), ["one.example.com", "own", "two.example.com"]);
}

#[test]
fn a_new_password_becomes_the_stores_and_not_the_keys() {
    for (format, profile) in KINDS {
        let bytes = sample(format, profile).write(&secret("first"), profile).unwrap();
        let store = Store::read(&bytes, Some(&secret("first"))).unwrap();
        let bytes = store.write(&secret("second"), profile).unwrap();
        assert_eq!(Store::opens(&bytes, &secret("first")), Ok(Opened::No));
        let store = Store::read(&bytes, Some(&secret("second"))).unwrap();
        assert_eq!(store.entries().len(), 4);
        assert_eq!(*store.private_key("issued", &secret("key's own")).unwrap(), other().private);
    }
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let own = certificate("own.example.com", pair());
    for (format, profile) in KINDS {
        let mut store = sample(format, profile);
        let before = listing(&store, OffsetDateTime::UNIX_EPOCH);
        let mut put = |alias: &str, key: &[u8], chain: &[Certificate]| {
            let put = store.put_key(alias, key, chain, &secret("x"), profile, NOW);
            matches!(put, Err(Fault::Refused(..)))
        };
        assert!(put("new", &other().private, std::slice::from_ref(&own)), "another key");
        assert!(put("new", &pair().private, &[]), "no certificate");
        assert!(put("new", &pair().private, &[own.clone(), chain()[0].clone()]), "broken chain");
        assert!(put("one.example.com", &pair().private, std::slice::from_ref(&own)), "taken");
        assert!(matches!(store.put_trusted("own", own.clone(), NOW), Err(Fault::Refused(..))));
        let nonsense = store.put_trusted("new", Certificate::new(vec![0x30, 0]), NOW);
        assert!(matches!(nonsense, Err(Fault::Certificate(_))));
        assert_eq!(listing(&store, OffsetDateTime::UNIX_EPOCH), before);
    }
    let mut modern = Store::new(Format::Pkcs12);
    modern.put_trusted("own", own, NOW).unwrap();
    assert_eq!(modern.write(&secret("pässword"), Profile::Modern).unwrap_err(), Fault::NotAscii);
}

#[test]
fn the_listing_of_a_change_differs_in_one_block() {
    let now = OffsetDateTime::from_unix_timestamp(NOW / 1000).unwrap();
    let mut store = sample(Format::Jks, Profile::Modern);
    let before = listing(&store, now);
    store.remove(|entry| entry.is_named("two.example.com"));
    let after = listing(&store, now);
    let two = before.split("\n\n").find(|block| block.starts_with("two.example.com:")).unwrap();
    assert_eq!(
        before.replace(&format!("\n\n{}", two.trim_end()), "").replace("4 entries", "3 entries"),
        after
    );
    let expected = [
        "two.example.com: trusted certificate",
        "  created      2027-01-15",
        "  subject      CN=two.example.com",
        "  names        two.example.com, 127.0.0.1",
        "  key          RSA 2048",
        "  signature    SHA256withRSA",
        "  valid        2026-01-01 to 2046-01-01",
    ];
    assert_eq!(two.lines().take(7).collect::<Vec<_>>(), expected);
    let late = OffsetDateTime::from_unix_timestamp(NOW / 1000 * 2).unwrap();
    assert!(listing(&store, late).contains("  ! expired\n"));
}

/// Writes stores into the folder that `HARDEN_STORES` names, for Java and OpenSSL to judge.
#[test]
#[ignore = "needs a folder, and Java to look at it"]
fn stores_for_java() {
    let folder = PathBuf::from(std::env::var_os("HARDEN_STORES").unwrap());
    for (format, profile) in KINDS {
        let name = format!("{}-{profile:?}.store", format.word());
        let bytes = sample(format, profile).write(&secret("changeit"), profile).unwrap();
        std::fs::write(folder.join(name), bytes).unwrap();
    }
    // What Java and others made, with one entry more; without the shipped ones if there are any.
    let Ok(entries) = std::fs::read_dir(folder.join("made")) else { return };
    std::fs::create_dir_all(folder.join("changed")).unwrap();
    for path in entries.map(|entry| entry.unwrap().path()) {
        let bytes = std::fs::read(&path).unwrap();
        let mut password = secret("changeit");
        if Store::opens(&bytes, &password).unwrap() == Opened::No {
            password = secret("wso2carbon");
        }
        let mut store = Store::read(&bytes, Some(&password)).unwrap();
        assert_eq!(store.write(&password, Profile::Modern).unwrap(), bytes, "{}", path.display());
        opens_its_keys(&store, &password);
        let name = path.file_name().unwrap();
        let listed = listing(&store, OffsetDateTime::now_utc());
        std::fs::write(folder.join("changed").join(name).with_extension("before"), listed).unwrap();
        let removed = harden::native::keystore::distrust_shipped(&mut store);
        let aliases: Vec<String> = removed.into_iter().map(|entry| entry.alias + "\n").collect();
        store.put_trusted("added", certificate("added.example.com", pair()), NOW).unwrap();
        let bytes = store.write(&password, Profile::Modern).unwrap();
        std::fs::write(folder.join("changed").join(name), bytes).unwrap();
        let gone = folder.join("changed").join(name).with_extension("gone");
        std::fs::write(gone, aliases.concat()).unwrap();
    }
}

/// Each key of Java's opens, and an RSA key fits its certificate; what JCEKS seals is told.
fn opens_its_keys(store: &Store, password: &Secret) {
    for entry in store.entries().iter().filter(|e| matches!(e.content, Content::Key { .. })) {
        let key = match store.private_key(&entry.alias, password) {
            Err(Fault::Unsupported(_)) if store.format() == Format::Jceks => continue,
            key => key.unwrap(),
        };
        let facts = entry.certificate().unwrap().facts().unwrap();
        if let Ok(key) = rsa::RsaPrivateKey::from_pkcs8_der(&key) {
            let public = key.to_public_key().to_public_key_der().unwrap();
            assert_eq!(public.as_bytes(), facts.public_key, "{}", entry.alias);
        }
    }
}
