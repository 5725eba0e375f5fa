//! Whether one certificate of a chain is sound: its dates, its algorithms, what it may be used for.

use super::{Fault, Purpose};
use time::OffsetDateTime;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{X509Certificate, X509Name};
use x509_parser::public_key::PublicKey;

/// Signatures whose digest is broken or weak, by object identifier; Java refuses them in a chain
/// (`jdk.certpath.disabledAlgorithms`).
const WEAK: [(&str, &str); 8] = [
    ("1.2.840.113549.1.1.2", "MD2"),
    ("1.2.840.113549.1.1.3", "MD4"),
    ("1.2.840.113549.1.1.4", "MD5"),
    ("1.2.840.113549.1.1.5", "SHA-1"),
    ("1.3.14.3.2.29", "SHA-1"),
    ("1.2.840.10040.4.3", "SHA-1"),
    ("1.2.840.10045.4.1", "SHA-1"),
    ("1.3.14.3.2.3", "MD5"),
];

/// A name for a sentence, without control characters.
pub(super) fn shown(name: &X509Name) -> String {
    let text: String =
        name.to_string().chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    format!("\"{text}\"")
}

pub(super) fn until(certificate: &X509Certificate) -> OffsetDateTime {
    certificate.validity().not_after.to_datetime()
}

pub(super) fn dates(certificate: &X509Certificate, now: OffsetDateTime) -> Result<(), Fault> {
    let from = certificate.validity().not_before.to_datetime();
    if now < from {
        let why = format!("is valid only from {from}: look whether this machine's clock is right");
        return Err(fault(certificate, &why));
    }
    if now > until(certificate) {
        let why = format!("expired on {}: ask for a new one", until(certificate).date());
        return Err(fault(certificate, &why));
    }
    Ok(())
}

/// Refuses a signature by its digest.
pub(super) fn algorithm(certificate: &X509Certificate) -> Result<(), Fault> {
    let used = certificate.signature_algorithm.algorithm.to_id_string();
    match WEAK.iter().find(|(id, _)| *id == used) {
        Some((_, digest)) => Err(fault(
            certificate,
            &format!("is signed with {digest}, which is broken: ask for SHA-256"),
        )),
        None => Ok(()),
    }
}

/// Refuses an RSA key below 2048 bits.
pub(super) fn strength(certificate: &X509Certificate) -> Result<(), Fault> {
    match certificate.public_key().parsed() {
        Ok(PublicKey::RSA(key)) if key.key_size() < 2048 => {
            let bits = key.key_size();
            Err(fault(certificate, &format!("has a key of {bits} bits, which can be broken")))
        }
        Ok(_) => Ok(()),
        Err(_) => Err(fault(certificate, "has a key that cannot be read")),
    }
}

/// Checks that an issuer may issue (RFC 5280, section 6.1.4 k to n); `below` counts the authorities
/// between it and the server.
pub(super) fn may_issue(certificate: &X509Certificate, below: usize) -> Result<(), Fault> {
    readable(certificate)?;
    let basic = certificate.basic_constraints().ok().flatten().map(|basic| basic.value);
    let Some(basic) = basic.filter(|basic| basic.ca) else {
        return Err(fault(certificate, "issued another one though it is no authority's"));
    };
    let deep = basic.path_len_constraint.and_then(|most| usize::try_from(most).ok());
    if deep.is_some_and(|most| below > most) {
        return Err(fault(certificate, "allows fewer authorities below it than there are"));
    }
    let usage = certificate.key_usage().ok().flatten();
    if usage.is_some_and(|usage| !usage.value.key_cert_sign()) {
        return Err(fault(certificate, "issued another one though its usage does not allow that"));
    }
    Ok(())
}

/// Checks that the server's certificate may do what its store is for.
pub(super) fn usage(certificate: &X509Certificate, purpose: Purpose) -> Result<(), Fault> {
    readable(certificate)?;
    let usage = certificate.key_usage().ok().flatten();
    let signs = usage.as_ref().is_none_or(|usage| usage.value.digital_signature());
    // Java looks at this bit only where the usage is critical (javax.crypto.Cipher.init).
    let encrypts =
        usage.as_ref().is_none_or(|usage| !usage.critical || usage.value.data_encipherment());
    let extended = certificate.extended_key_usage().ok().flatten();
    let serves = extended.is_none_or(|usage| usage.value.server_auth || usage.value.any);
    let why = match purpose {
        Purpose::Tls if !serves => "is not for servers: ask for the extended key usage serverAuth",
        Purpose::Tls | Purpose::Primary if !signs => {
            "may not sign: ask for the key usage digitalSignature"
        }
        Purpose::Primary | Purpose::Internal if !encrypts => {
            "may not encrypt, and the products would fail with \"Wrong key usage\": ask for the key \
             usage dataEncipherment, or use it in the TLS key store alone"
        }
        _ => return Ok(()),
    };
    Err(fault(certificate, why))
}

/// Refuses a certificate where an extension that is looked at cannot be read or stands twice.
fn readable(certificate: &X509Certificate) -> Result<(), Fault> {
    let looked_at = ["2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.37"];
    let damaged = certificate.iter_extensions().any(|extension| {
        let parsed = extension.parsed_extension();
        looked_at.contains(&extension.oid.to_id_string().as_str())
            && matches!(
                parsed,
                ParsedExtension::ParseError { .. } | ParsedExtension::UnsupportedExtension { .. }
            )
    });
    if damaged || certificate.extensions_map().is_err() {
        return Err(fault(certificate, "has an extension that cannot be read or stands twice"));
    }
    Ok(())
}

fn fault(certificate: &X509Certificate, why: &str) -> Fault {
    let whose = shown(certificate.subject());
    Fault::Answer(format!("holds a certificate of {whose} that {why}"))
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Made, now, take};
    use super::*;
    use rcgen::{BasicConstraints, IsCa, KeyUsagePurpose};
    use time::Duration;

    #[test]
    fn dates_count_for_each_certificate() {
        for part in 0..3 {
            let mut made = Made::new();
            match part {
                0 => made.server.not_after = now() - Duration::HOUR,
                1 => made.middle.not_after = now() - Duration::HOUR,
                _ => made.root.not_after = now() - Duration::HOUR,
            }
            assert!(made.told(Purpose::Tls).contains("expired on 2023-11-14"), "{part}");
        }
        let mut early = Made::new();
        early.server.not_before = now() + Duration::HOUR;
        assert!(early.told(Purpose::Tls).contains("clock"));
    }

    #[test]
    fn only_an_authority_may_issue() {
        let mut made = Made::new();
        made.middle.is_ca = IsCa::ExplicitNoCa;
        assert!(made.told(Purpose::Tls).contains("no authority's"));
        let mut made = Made::new();
        made.middle.key_usages = vec![KeyUsagePurpose::CrlSign];
        assert!(made.told(Purpose::Tls).contains("usage does not allow"));
        let mut made = Made::new();
        made.root.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        assert!(made.told(Purpose::Tls).contains("fewer authorities"));
        made.root.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
        assert!(take(&made.ders(), Purpose::Tls).is_ok());
    }

    #[test]
    fn the_usage_must_fit_the_store() {
        let fits = |made: &Made| {
            [Purpose::Tls, Purpose::Primary, Purpose::Internal]
                .map(|purpose| take(&made.ders(), purpose).is_ok())
        };
        let mut made = Made::new();
        assert_eq!(fits(&made), [true, false, false], "signs, encrypts not");
        assert!(made.told(Purpose::Primary).contains("Wrong key usage"));
        made.server.key_usages.push(KeyUsagePurpose::DataEncipherment);
        assert_eq!(fits(&made), [true, true, true]);
        made.server.key_usages = vec![KeyUsagePurpose::DataEncipherment];
        assert_eq!(fits(&made), [false, false, true]);
        made.server.key_usages.clear();
        assert_eq!(fits(&made), [true, true, true], "no usage allows all");
        made.server.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
        assert_eq!(fits(&made), [false, true, true]);
    }

    #[test]
    fn broken_digests_are_refused_by_name() {
        // sha256WithRSAEncryption becomes sha1- or md5WithRSAEncryption by its last octet.
        for (octet, digest) in [(5, "SHA-1"), (4, "MD5")] {
            let mut ders = Made::new().ders();
            let id = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b";
            let places: Vec<usize> =
                (0..ders[0].len() - 9).filter(|at| ders[0][*at..].starts_with(id)).collect();
            assert_eq!(places.len(), 2);
            places.iter().for_each(|at| ders[0][at + 8] = octet);
            let told = take(&ders, Purpose::Tls).unwrap_err().to_string();
            assert!(told.contains(digest), "{told}");
        }
    }
}
