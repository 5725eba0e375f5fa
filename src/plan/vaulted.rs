//! Whether a server asks for the password of its key store when it starts, because Secure Vault
//! keeps secrets of its configuration. It reads no secret.
//!
//! Source: `DefaultSecretCallbackHandler` of org.wso2.carbon.securevault.

use crate::format::{properties, toml};
use std::path::Path;

/// The file, below the conf folder, that switches the vault on.
pub const SWITCH: &str = "security/secret-conf.properties";
/// The files in the home from which a server takes the password instead of asking.
pub const SUPPLIES: [&str; 3] = ["password-tmp", "password-persist", "password"];

/// Tells whether the vault is in use, by the text of its switch and of `deployment.toml`.
///
/// Text that cannot be read counts as not in use; the server cannot read it either.
pub fn asks(switch: Option<&[u8]>, deployment: Option<&[u8]>) -> bool {
    let switched =
        switch.and_then(|text| properties::Document::parse(text).ok()).is_some_and(|text| {
            let value = |key: &str| text.value(key).map(|value| value.text.trim().to_owned());
            value("carbon.secretProvider").is_some_and(|class| !class.is_empty())
                || value("secVault.enabled").is_some_and(|on| on == "true")
        });
    let sealed = deployment
        .and_then(|text| toml::Document::parse(text).ok())
        .is_some_and(|text| text.flatten().iter().any(|(key, _)| key.starts_with("secrets.")));
    switched || sealed
}

/// Tells whether a file that supplies the password is in the home.
pub fn supplied(home: &Path) -> bool {
    SUPPLIES.iter().any(|name| home.join(name).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vault_is_in_use_once_it_is_switched_on_or_a_secret_is_sealed() {
        let shipped = b"#carbon.secretProvider=x\nsecretRepositories=file\n";
        let on = b"carbon.secretProvider=org.wso2.Handler\n";
        assert!(!asks(None, None) && !asks(Some(shipped), Some(b"[server]\noffset = 1\n")));
        assert!(asks(Some(on), None) && asks(Some(b"secVault.enabled=true\n"), None));
        assert!(asks(Some(shipped), Some(b"[secrets]\nadmin = \"c2VhbGVk\"\n")));
        assert!(!asks(None, Some(b"[secrets]\n")));
    }
}
