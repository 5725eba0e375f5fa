//! Samples of keys, certificates and requests for the programs that read them, and the answers of
//! an authority that is not ours. `.ci/real/certificates` runs both halves around OpenSSL and a JDK.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test that leaves samples"
)]

use harden::native::key::{Bits, Chain, Key, Order, Purpose, chain, request, self_signed, to_pem};
use std::fs;
use std::path::PathBuf;
use time::OffsetDateTime;

const NAMES: [&str; 3] = ["*.gw.example.com", "10.0.0.7", "2001:db8::7"];

fn folder() -> PathBuf {
    std::env::var_os("HARDEN_SAMPLES").expect("HARDEN_SAMPLES names a folder").into()
}

fn order(subject: &str) -> Order {
    let names = NAMES.iter().map(|name| name.parse().unwrap()).collect();
    Order::new(subject.parse().unwrap(), names, OffsetDateTime::now_utc())
}

#[test]
#[ignore = "writes samples into HARDEN_SAMPLES; .ci/real/certificates runs it"]
fn samples_are_written() {
    let folder = folder();
    for bits in [Bits::Rsa2048, Bits::Rsa3072, Bits::Rsa4096] {
        let key = Key::generate(bits).unwrap();
        let mut order = order(r"CN=gw.example.com,OU=A\, B,O=Zürich AG,L=Bern,ST=BE,C=CH");
        if bits == Bits::Rsa4096 {
            order.from = OffsetDateTime::from_unix_timestamp(2_524_500_000).unwrap(); // 2049-12-30
        }
        let write = |kind: &str, bytes: &[u8]| {
            fs::write(folder.join(format!("{}.{kind}", bits.count())), bytes).unwrap();
        };
        write("p8", &key.pkcs8().unwrap());
        write("crt", to_pem("CERTIFICATE", &self_signed(&key, &order).unwrap()).as_bytes());
        write("csr", request(&key, &order).unwrap().as_bytes());
    }
}

#[test]
#[ignore = "reads the answers in HARDEN_SAMPLES; .ci/real/certificates runs it"]
fn answers_are_taken_or_refused() {
    let key = Key::from_pkcs8(&fs::read(folder().join("2048.p8")).unwrap()).unwrap();
    let (mut taken, mut refused) = (0, 0);
    let mut answers: Vec<PathBuf> = fs::read_dir(folder().join("answers"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext != "chain"))
        .collect();
    answers.sort();
    for path in answers {
        let answer = fs::read(&path).unwrap();
        let result = chain(&answer, &key, Purpose::Primary, OffsetDateTime::now_utc());
        let name = path.file_stem().unwrap().to_str().unwrap();
        // The file's name says what should become of it: bad-WORD is refused with WORD in the reason.
        if let Some(word) = name.strip_prefix("bad-") {
            let why = result.unwrap_err().to_string();
            assert!(why.contains(word), "{name}: {why}");
            refused += 1;
        } else {
            let Chain { certificates, names, missing, .. } = result.expect(name);
            assert!(NAMES.iter().all(|wanted| names.contains(&(*wanted).to_owned())), "{names:?}");
            assert_eq!((certificates.len(), missing), (3, None), "{name}");
            let pem: String = certificates.iter().map(|der| to_pem("CERTIFICATE", der)).collect();
            fs::write(format!("{}.chain", path.display()), pem).unwrap();
            taken += 1;
        }
    }
    println!("answers: {taken} taken, {refused} refused");
    assert!(taken > 4 && refused > 4);
}
