//! Which names hold secrets, and which values are none.

/// Ends of a key that name a secret, in lower case.
const ENDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "secret",
    "token",
    "keypass",
    "storepass",
    "credential",
    "credentials",
    "passwords",
    "secretkey",
    "privatekey",
    "apikey",
    "accesskey",
    "encryptionkey",
];

/// Tells whether a key names a secret: by its last part, whatever joins the parts.
pub(super) fn names_secret(key: &[u8]) -> bool {
    let end = key.iter().rposition(u8::is_ascii_alphanumeric).map_or(0, |at| at + 1);
    let key = &key[..end];
    if matches!(key, b"PWD" | b"OLDPWD") {
        return false;
    }
    let bare: Vec<u8> =
        key.iter().rev().take(40).filter(|b| b.is_ascii_alphanumeric()).copied().collect();
    let bare: String = bare.iter().rev().map(|&b| char::from(b).to_ascii_lowercase()).collect();
    ENDS.iter().any(|end| bare.ends_with(end)) || ends_with_pass(key)
}

/// `smtp.pass` and `storePass`, but not `bypass`.
fn ends_with_pass(key: &[u8]) -> bool {
    let Some((head, tail)) = key.split_at_checked(key.len().wrapping_sub(4)) else {
        return false;
    };
    let parted = head.last().is_none_or(|b| !b.is_ascii_alphanumeric()) || tail.starts_with(b"P");
    tail.eq_ignore_ascii_case(b"pass") && parted
}

/// Tells whether a value is none that could be kept secret: a reference, a switch, a class, a file.
pub(super) fn is_harmless(value: &[u8]) -> bool {
    let value = value.trim_ascii();
    let Ok(text) = std::str::from_utf8(value) else {
        return false;
    };
    let text = text.trim_matches(['"', '\'']);
    let switch = ["true", "false", "yes", "no", "null", "none"];
    let file = ["password-tmp", "password-persist", "password-tmp.txt", "password-persist.txt"];
    // The words that the secret vault itself writes for the passwords it asks for at start.
    let vault = ["identity.store.password", "identity.key.password"];
    text.bytes().all(|b| b == b'*')
        || switch.iter().any(|word| text.eq_ignore_ascii_case(word))
        || file.contains(&text)
        || vault.contains(&text)
        || text.starts_with("secretAlias:")
        || is_reference(text)
        || is_class(text)
        || is_xpath(text)
}

/// `$secret{alias}`, `$env{NAME}`, `$ref{key}`, `${property}`, `{{ template }}`, and nothing else
/// beside it. A default inside (`${a:-b}`) may be the secret.
fn is_reference(text: &str) -> bool {
    if let Some(inner) = text.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")) {
        return !inner.contains(['"', '\'', '}']);
    }
    let Some((kind, rest)) = text.strip_prefix('$').and_then(|rest| rest.split_once('{')) else {
        return false;
    };
    let Some(inner) = rest.strip_suffix('}') else {
        return false;
    };
    let plain = !inner.contains(['{', '}', '"', '\'', ' ']);
    let known = matches!(kind, "secret" | "env" | "ref" | "sys");
    plain && (known || (kind.is_empty() && !inner.contains([':', '?', '-', '=']) || kind == "fn"))
}

fn is_class(text: &str) -> bool {
    ["org.wso2.", "org.apache."].iter().any(|package| text.starts_with(package))
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'_' || b == b'$')
}

/// A place of a secret, as `cipher-tool.properties` maps aliases to: `conf/carbon.xml//Server/…`.
fn is_xpath(text: &str) -> bool {
    text.split_once(".xml//").is_some_and(|(file, path)| {
        !file.contains([' ', '@']) && path.starts_with(|c: char| c.is_ascii_alphabetic())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_part_of_a_key_decides() {
        for key in [
            "password",
            "keystorePass",
            "truststorePassword",
            "key_password",
            "Carbon.Security.KeyStore.Password",
            "-Djavax.net.ssl.keyStorePassword",
            "Property[@name='ConnectionPassword']",
            "Connector/@keyPass",
            "smtp.pass",
            "recaptcha.secret.key",
            "encryption.key",
            "GmailClientSecret",
        ] {
            assert!(names_secret(key.as_bytes()), "{key}");
        }
        for key in [
            "PasswordJavaRegEx",
            "passwordHashMethod",
            "TokenStoreClassName",
            "carbon.secretProvider",
            "svns:secretAlias",
            "bypass",
            "PWD",
            "pass_through",
            "key",
            "",
        ] {
            assert!(!names_secret(key.as_bytes()), "{key}");
        }
    }

    #[test]
    fn references_and_switches_are_no_secrets() {
        for value in ["$secret{a.b}", "$env{X}", "${admin.password}", "\"$ref{a}\"", "{{ a.b }}"] {
            assert!(is_harmless(value.as_bytes()), "{value}");
        }
        for value in ["", " TRUE ", "********", "secretAlias:X", "org.wso2.carbon.Some"] {
            assert!(is_harmless(value.as_bytes()), "{value}");
        }
        assert!(is_harmless(b"conf/carbon.xml//Server/Security/KeyStore/Password,false"));
        for value in ["${a:-b}", "$ecret", "$secret{a}b", "{{'x'}}", "password", "\u{e9}", "1"] {
            assert!(!is_harmless(value.as_bytes()), "{value}");
        }
    }
}
