//! Whether the content of a file holds secrets: beside a name that says so, as a private key, or
//! in a key store.

/// Tells whether some content holds what looks like a secret.
///
/// A key store counts whole, whatever is in it. Other binary content says nothing.
pub fn holds_secret(content: &[u8]) -> bool {
    is_key_store(content) || is_private_key(content) || super::mask(content).1 > 0
}

/// JKS and JCEKS begin with a number of their own; PKCS#12 is a DER sequence whose first element is
/// the integer 3 (RFC 7292).
fn is_key_store(content: &[u8]) -> bool {
    match content {
        [0xfe, 0xed, 0xfe, 0xed, ..] | [0xce, 0xce, 0xce, 0xce, ..] => true,
        [0x30, 0x80, rest @ ..]
        | [0x30, 0x81, _, rest @ ..]
        | [0x30, 0x82, _, _, rest @ ..]
        | [0x30, 0x83, _, _, _, rest @ ..] => rest.starts_with(&[2, 1, 3]),
        _ => false,
    }
}

/// A key in PEM (RFC 7468), encrypted or not.
fn is_private_key(content: &[u8]) -> bool {
    let mark = b"PRIVATE KEY-----";
    content.windows(mark.len()).any(|part| part == mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_beside_their_names_keys_and_key_stores_are_secrets() {
        for content in [
            &b"<Connector keystorePass=\"wso2carbon\"/>"[..],
            b"[super_admin]\npassword = \"admin\"\n",
            b"-----BEGIN PRIVATE KEY-----\n",
            b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n",
            &[0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2],
            &[0xce, 0xce, 0xce, 0xce, 0, 0, 0, 2],
            &[0x30, 0x82, 0x0a, 0x0b, 2, 1, 3, 0x30],
        ] {
            assert!(holds_secret(content), "{}", String::from_utf8_lossy(content));
        }
    }

    #[test]
    fn references_certificates_and_plain_settings_are_none() {
        for content in [
            &b""[..],
            b"<Connector keystorePass=\"********\" port=\"9443\"/>",
            b"[super_admin]\npassword = \"$secret{admin}\"\n",
            b"-----BEGIN CERTIFICATE-----\n",
            &[0x30, 0x82, 0x0a, 0x0b, 0x30, 0x82],
            b"0\x82 is text",
        ] {
            assert!(!holds_secret(content), "{}", String::from_utf8_lossy(content));
        }
    }
}
