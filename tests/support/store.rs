//! A JKS key store made on the spot: one private-key entry whose sealed key is empty and whose
//! certificate has the given names. Enough for a reader of certificates; no server would start with
//! it, and its digest agrees with no password.

/// Builds a store.
pub fn jks(alias: &str, names: &[&str]) -> Vec<u8> {
    let certificate = certificate(names);
    let mut out = vec![0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1];
    short(&mut out, alias.as_bytes());
    out.extend([0; 8]);
    out.extend([0; 4]);
    out.extend([0, 0, 0, 1]);
    short(&mut out, b"X.509");
    out.extend(u32::try_from(certificate.len()).unwrap().to_be_bytes());
    out.extend(certificate);
    out.extend([0; 20]);
    out
}

fn short(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend(u16::try_from(bytes.len()).unwrap().to_be_bytes());
    out.extend(bytes);
}

/// An X.509 certificate with a signature of zeros (RFC 5280, 4.1).
fn certificate(names: &[&str]) -> Vec<u8> {
    let sha256_rsa =
        tlv(0x30, &[&tlv(6, &[&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11]]), &tlv(5, &[])]);
    let rsa =
        tlv(0x30, &[&tlv(6, &[&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1]]), &tlv(5, &[])]);
    let common_name = tlv(0x30, &[&tlv(6, &[&[0x55, 4, 3]]), &tlv(0x0c, &[names[0].as_bytes()])]);
    let organisation = tlv(0x30, &[&tlv(6, &[&[0x55, 4, 10]]), &tlv(0x0c, &[b"Example"])]);
    let name = tlv(0x30, &[&tlv(0x31, &[&organisation]), &tlv(0x31, &[&common_name])]);
    let validity = tlv(0x30, &[&tlv(0x17, &[b"260101000000Z"]), &tlv(0x17, &[b"360101000000Z"])]);
    let key = tlv(0x30, &[&tlv(2, &[&[0, 0x81, 1]]), &tlv(2, &[&[3]])]);
    let public = tlv(0x30, &[&rsa, &tlv(3, &[&[0], &key])]);
    let dns: Vec<Vec<u8>> = names.iter().map(|name| tlv(0x82, &[name.as_bytes()])).collect();
    let dns: Vec<&[u8]> = dns.iter().map(Vec::as_slice).collect();
    let san = tlv(0x30, &[&tlv(6, &[&[0x55, 0x1d, 0x11]]), &tlv(4, &[&tlv(0x30, &dns)])]);
    let extensions = tlv(0xa3, &[&tlv(0x30, &[&san])]);
    let version = tlv(0xa0, &[&tlv(2, &[&[2]])]);
    let serial = tlv(2, &[&[1]]);
    let body =
        tlv(0x30, &[&version, &serial, &sha256_rsa, &name, &validity, &name, &public, &extensions]);
    tlv(0x30, &[&body, &sha256_rsa, &tlv(3, &[&[0; 9]])])
}

fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut out = vec![tag];
    match content.len() {
        length @ 0..=127 => out.push(u8::try_from(length).unwrap()),
        length => {
            out.push(0x82);
            out.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
    }
    out.extend(content);
    out
}
