//! The certificates in what an authority sends: PEM, DER, or PKCS#7 in either form.
//!
//! Finds them and judges nothing. Bounded: what is larger than any honest answer is refused unread.

use super::{Fault, blocks};
use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode as _, Reader as _, SliceReader, Tag, TagNumber, Tagged as _};

/// Most bytes of an answer; a chain has some thousand.
const LARGEST: usize = 1 << 20;

/// Most certificates; a chain has two to four.
const MOST: usize = 64;

/// signedData (RFC 5652, section 5.1).
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");

/// Lists the certificates of an answer, in its order, each as DER and once.
///
/// # Errors
/// It is too large, holds none or too many, or cannot be read.
pub fn certificates(answer: &[u8]) -> Result<Vec<Vec<u8>>, Fault> {
    if answer.len() > LARGEST {
        return Err(fault(
            "is larger than 1 MiB: hand over the server's certificate and its chain",
        ));
    }
    let mut all = if answer.first() == Some(&0x30) { binary(answer)? } else { text(answer)? };
    let mut seen = std::collections::HashSet::new();
    all.retain(|der| seen.insert(der.clone()));
    match all.len() {
        0 => Err(fault("holds no certificate")),
        1..=MOST => Ok(all),
        more => Err(Fault::Answer(format!(
            "holds {more} certificates: hand over the server's and its chain, {MOST} at most"
        ))),
    }
}

fn text(answer: &[u8]) -> Result<Vec<Vec<u8>>, Fault> {
    let text = String::from_utf8_lossy(answer);
    let blocks = blocks(&text);
    let mut found = Vec::new();
    for block in &blocks {
        match block.label {
            "CERTIFICATE" | "X509 CERTIFICATE" => found.push(block.der()?),
            "PKCS7" | "PKCS #7 SIGNED DATA" | "CMS" => found.extend(binary(&block.der()?)?),
            _ => {}
        }
    }
    if !found.is_empty() {
        return Ok(found);
    }
    Err(match blocks.first().map(|block| block.label) {
        Some("CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST") => {
            fault("is a signing request: that goes to the authority; hand over what it sent back")
        }
        Some(label) => {
            let label = label.escape_debug();
            Fault::Answer(format!("holds a {label} and no certificate"))
        }
        None => fault("is neither PEM (-----BEGIN CERTIFICATE-----) nor DER nor PKCS#7"),
    })
}

/// One certificate, or PKCS#7, which starts with the identifier of its content.
fn binary(der: &[u8]) -> Result<Vec<Vec<u8>>, Fault> {
    let outer = AnyRef::from_der(der).map_err(|_| {
        fault("is damaged, or BER: try \"openssl pkcs7 -inform DER -print_certs\" and its output")
    })?;
    let kind = SliceReader::new(outer.value()).and_then(|mut r| ObjectIdentifier::decode(&mut r));
    match kind {
        Ok(SIGNED_DATA) => pkcs7(outer).map_err(|_| fault("is PKCS#7 that cannot be read")),
        Ok(other) => Err(Fault::Answer(format!("is PKCS#7 of another kind ({other})"))),
        Err(_) => Ok(vec![der.to_vec()]),
    }
}

/// The certificates of a signedData: ContentInfo, `[0]` SignedData, `[0]` certificates.
fn pkcs7(outer: AnyRef) -> der::Result<Vec<Vec<u8>>> {
    let mut info = SliceReader::new(outer.value())?;
    ObjectIdentifier::decode(&mut info)?;
    let content = AnyRef::decode(&mut info)?;
    let signed = AnyRef::from_der(content.value())?;
    let mut fields = SliceReader::new(signed.value())?;
    let mut found = Vec::new();
    while !fields.is_finished() {
        let field = AnyRef::decode(&mut fields)?;
        let first = Tag::ContextSpecific { constructed: true, number: TagNumber::new(0) };
        if field.tag() != first || field.value().is_empty() {
            continue;
        }
        let mut members = SliceReader::new(field.value())?;
        while !members.is_finished() {
            let member = members.tlv_bytes()?;
            // Other kinds of certificate have a tag of their own.
            if member.first() == Some(&0x30) {
                found.push(member.to_vec());
            }
        }
    }
    Ok(found)
}

fn fault(why: &str) -> Fault {
    Fault::Answer(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::native::key::to_pem;

    fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let body = parts.concat();
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        let header = if body.len() < 128 {
            vec![tag, length[1]]
        } else {
            vec![tag, 0x82, length[0], length[1]]
        };
        [header, body].concat()
    }

    /// A stand-in for a certificate: a sequence that starts with a sequence.
    fn certificate(serial: u8) -> Vec<u8> {
        tlv(0x30, &[&tlv(0x30, &[&[2, 1, serial], &[0; 300]])])
    }

    fn signed_data(certificates: &[&[u8]]) -> Vec<u8> {
        let data = tlv(0x30, &[&tlv(6, &[b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"])]);
        let set = tlv(0xa0, certificates);
        let signed = tlv(0x30, &[&[2, 1, 1], &[0x31, 0], &data, &set, &[0xa1, 0], &[0x31, 0]]);
        let kind = tlv(6, &[b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"]);
        tlv(0x30, &[&kind, &tlv(0xa0, &[&signed])])
    }

    fn told(answer: &[u8]) -> String {
        certificates(answer).unwrap_err().to_string()
    }

    #[test]
    fn every_form_gives_the_same_certificates() {
        let (one, two) = (certificate(1), certificate(2));
        let both = vec![one.clone(), two.clone()];
        assert_eq!(certificates(&one), Ok(vec![one.clone()]));
        let pem = to_pem("CERTIFICATE", &one) + "note\n" + &to_pem("X509 CERTIFICATE", &two);
        assert_eq!(certificates(pem.as_bytes()), Ok(both.clone()));
        let attribute = tlv(0xa2, &[&[0; 3]]);
        let pkcs7 = signed_data(&[&one, &attribute, &two]);
        assert_eq!(certificates(&pkcs7), Ok(both.clone()));
        assert_eq!(certificates(to_pem("PKCS7", &pkcs7).as_bytes()), Ok(both));
        let twice = to_pem("CERTIFICATE", &one).repeat(2);
        assert_eq!(certificates(twice.as_bytes()), Ok(vec![one]), "each once");
    }

    #[test]
    fn what_holds_no_certificate_is_named() {
        let request = to_pem("CERTIFICATE REQUEST", b"0");
        assert!(told(request.as_bytes()).contains("signing request"));
        assert!(told(to_pem("X509 CRL", b"0").as_bytes()).contains("a X509 CRL and no"));
        assert!(told(b"hello").contains("neither PEM"));
        assert!(told(b"").contains("neither PEM"));
        assert!(told(&signed_data(&[])).contains("no certificate"));
        let other = tlv(0x30, &[&tlv(6, &[b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03"])]);
        assert!(told(&other).contains("another kind (1.2.840.113549.1.7.3)"));
    }

    #[test]
    fn damaged_and_endless_answers_are_refused() {
        let pkcs7 = signed_data(&[&certificate(1), &certificate(2)]);
        for at in 1..pkcs7.len() {
            assert!(certificates(&pkcs7[..at]).is_err(), "cut at {at}");
        }
        for at in 0..60 {
            for value in [0, 0x30, 0x7f, 0x80, 0x84, 0xff] {
                let mut changed = pkcs7.clone();
                changed[at] = value;
                let _ = certificates(&changed);
            }
        }
        assert!(told(b"\x30\x80\x06\x09").contains("BER"));
        assert!(told(&vec![0x30; LARGEST + 1]).contains("1 MiB"));
        let many: String = (0..65).map(|n| to_pem("CERTIFICATE", &certificate(n))).collect();
        assert!(told(many.as_bytes()).contains("65 certificates"));
    }
}
