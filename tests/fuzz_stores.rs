//! Damaged key stores are told, whatever is wrong with them: no panic, no endless work, no memory
//! beyond the file's size. `HARDEN_MUTATIONS` sets how many mutations each store gets.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "a test")]

#[path = "support/pair.rs"]
mod pair;

use harden::native::keystore::{Content, Fault, Format, Opened, Profile, Store, listing};
use harden::secret::Secret;
use pair::{certificate, pair};
use time::OffsetDateTime;

/// Xorshift64 (Marsaglia): the same seed gives the same stores.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap()
    }

    /// Changes, removes, repeats or overwrites a few bytes.
    fn mutate(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.below(3) {
            let at = self.below(bytes.len());
            let long = (at + 1 + self.below(8)).min(bytes.len());
            match self.below(6) {
                0 => bytes[at] ^= 1 << self.below(8),
                1 => bytes[at] = 0xff,
                2 => bytes[at..long].fill(0x84),
                3 => drop(bytes.drain(at..long)),
                4 => bytes.splice(at..at, vec![0x30; long - at]).for_each(drop),
                _ => bytes[at] = u8::try_from(self.below(256)).unwrap(),
            }
            if bytes.is_empty() {
                bytes.push(0x30);
            }
        }
        bytes
    }
}

fn mutations() -> usize {
    std::env::var("HARDEN_MUTATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(400)
}

/// Does all that can be done with bytes from anywhere.
fn look(bytes: &[u8], password: Option<&Secret>) -> Result<(), Fault> {
    let store = Store::read(bytes, password)?;
    assert!(listing(&store, OffsetDateTime::UNIX_EPOCH).len() < 100_000 + 20 * bytes.len());
    if let Some(password) = password {
        for entry in store.entries() {
            if matches!(entry.content, Content::Key { .. }) {
                let _ = store.private_key(&entry.alias, password);
            }
        }
    }
    Ok(())
}

fn tlv(tag: u8, body: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(body.len()).unwrap().to_be_bytes();
    let length = match (high, low) {
        (0, 0..0x80) => vec![low],
        (0, _) => vec![0x81, low],
        _ => vec![0x82, high, low],
    };
    [&[tag][..], &length, body].concat()
}

/// A PKCS#12 store in the clear and without a digest, put together here: every byte is structure.
fn clear() -> Vec<u8> {
    let oid = |bytes: &[u8]| [&[6, u8::try_from(bytes.len()).unwrap()], bytes].concat();
    let pkcs9 =
        |last: &[u8]| oid(&[&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09][..], last].concat());
    let bag_of = |kind: u8, value: &[u8], attributes: &[u8]| {
        let kind = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01, kind];
        tlv(0x30, &[oid(&kind), tlv(0xa0, value), tlv(0x31, attributes)].concat())
    };
    let name = |text: &str| {
        let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        tlv(0x30, &[pkcs9(&[20]), tlv(0x31, &tlv(0x1e, &units))].concat())
    };
    let id = tlv(0x30, &[pkcs9(&[21]), tlv(0x31, &tlv(4, b"Time 5"))].concat());
    let mark = oid(&[0x60, 0x86, 0x48, 0x01, 0x86, 0xf9, 0x66, 0xad, 0xca, 0x7b, 0x01, 0x01]);
    let mark = tlv(0x30, &[mark, tlv(0x31, &oid(&[0x55, 0x1d, 0x25, 0x00]))].concat());
    let der = certificate("clear.example.com", pair());
    let x509 = tlv(0x30, &[pkcs9(&[22, 1]), tlv(0xa0, &tlv(4, der.der()))].concat());
    let bags = [
        bag_of(1, &pair().private, &[name("Key"), id.clone()].concat()),
        bag_of(3, &x509, &id),
        bag_of(3, &x509, &[name("trusted"), mark].concat()),
        bag_of(3, &x509, &name("loose")),
    ];
    let data = |body: &[u8]| {
        let kind = oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01]);
        tlv(0x30, &[kind, tlv(0xa0, &tlv(4, body))].concat())
    };
    let safes = tlv(0x30, &data(&tlv(0x30, &bags.concat())));
    tlv(0x30, &[vec![2, 1, 3], data(&safes)].concat())
}

fn made(format: Format) -> Vec<u8> {
    let mut store = Store::new(format);
    let own = certificate("own.example.com", pair());
    let password = Secret::new("changeit");
    store
        .put_key("own", &pair().private, std::slice::from_ref(&own), &password, Profile::Old, 1)
        .unwrap();
    store.put_trusted("other", own, 2).unwrap();
    store.write(&password, Profile::Old).unwrap()
}

#[test]
fn a_store_in_the_clear_is_read_and_accepts_any_password() {
    let bytes = clear();
    let store = Store::read(&bytes, None).unwrap();
    let names: Vec<&str> = store.entries().iter().map(|entry| &*entry.alias).collect();
    assert_eq!(names, ["Key", "trusted", "loose"]);
    assert!(matches!(&store.entries()[0].content, Content::Key { chain, .. } if chain.len() == 1));
    assert!(matches!(&store.entries()[2].content, Content::Loose(_)));
    assert_eq!(store.entries()[0].created, Some(5));
    assert_eq!(Store::opens(&bytes, &Secret::new("any")), Ok(Opened::Unprotected));
    assert_eq!(*store.private_key("key", &Secret::new("any")).unwrap(), pair().private);
    // It gets no digest: nobody knows the password that Java will be given.
    let mut store = store;
    store.remove(|entry| entry.is_named("loose"));
    let bytes = store.write(&Secret::new("any"), Profile::Modern).unwrap();
    assert_eq!(Store::opens(&bytes, &Secret::new("other")), Ok(Opened::Unprotected));
    assert_eq!(Store::read(&bytes, None).unwrap().entries().len(), 2);
}

#[test]
fn a_store_cut_off_anywhere_is_told() {
    let password = Secret::new("changeit");
    for (bytes, password) in
        [(made(Format::Jks), Some(&password)), (made(Format::Jks), None), (clear(), None)]
    {
        for end in 0..bytes.len() {
            // Without a password a JKS store only ends where its entries do.
            let cut = look(&bytes[..end], password);
            assert!(cut.is_err(), "{end} of {} bytes", bytes.len());
        }
    }
    let bytes = made(Format::Pkcs12);
    for end in (0..bytes.len()).step_by(7) {
        assert!(look(&bytes[..end], Some(&password)).is_err(), "{end} of {} bytes", bytes.len());
    }
}

#[test]
fn a_mutated_store_never_panics() {
    let password = Secret::new("changeit");
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut told = 0;
    for (bytes, password) in
        [(made(Format::Jks), None), (clear(), None), (clear(), Some(&password))]
    {
        for _ in 0..mutations() {
            told += usize::from(look(&random.mutate(&bytes), password).is_err());
        }
    }
    assert!(told > mutations() / 2, "only {told} mutations were noticed");
    let bytes = made(Format::Pkcs12);
    for _ in 0..mutations() / 20 {
        let _ = look(&random.mutate(&bytes), Some(&password));
        let _ = Store::opens(&random.mutate(&bytes), &password);
    }
    for length in 0..mutations() {
        let noise: Vec<u8> = (0..length).map(|_| random.next().to_le_bytes()[0]).collect();
        for magic in [&[0xfe, 0xed, 0xfe, 0xed][..], &[0xce; 4], &[0x30, 0x82], &[]] {
            let _ = look(&[magic, &noise].concat(), None);
        }
    }
}

#[test]
fn what_a_file_asks_for_is_bounded_before_it_is_done() {
    let head = [0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2];
    let many = [&head[..], &[0x7f; 4], &[0; 40]].concat();
    assert!(matches!(Store::read(&many, None), Err(Fault::Excessive(_))));
    let long = [&head[..], &[0, 0, 0, 1, 0, 0, 0, 2, 0xff, 0xff], &[0; 60]].concat();
    assert!(matches!(Store::read(&long, None), Err(Fault::Damaged(_))));
    // A PKCS#12 store ends with its digest, and that with a count of iterations.
    let mut slow = made(Format::Pkcs12);
    let end = slow.len();
    assert_eq!(
        (&slow[end - 63..end - 61], &slow[end - 4..]),
        (&[0x30, 61][..], &[2, 2, 0x27, 0x10][..])
    );
    slow[end - 62] += 2;
    slow.splice(end - 4.., [2, 4, 0x7f, 0xff, 0xff, 0xff]);
    let body = u16::try_from(slow.len() - 4).unwrap().to_be_bytes();
    slow[2..4].copy_from_slice(&body);
    let password = Secret::new("changeit");
    assert!(matches!(Store::read(&slow, Some(&password)), Err(Fault::Excessive(_))));
    assert!(matches!(Store::opens(&slow, &password), Err(Fault::Excessive(_))));
}
