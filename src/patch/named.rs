//! Rules of the domain that a patch names: what makes a cipher list strong, a header neutral.
//!
//! A rule judges one value by itself and looks at nothing else.

/// A rule of the domain that lists and bounds cannot express.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// Only suites with forward secrecy and without broken parts, in JSSE's names.
    StrongCiphers,
    /// An absolute or relative class name of a size-based log4j 1 appender.
    RollsBySize,
    /// A value of `jdk.tls.ephemeralDHKeySize` with 2048 bits or more.
    DhSize,
    /// A `Server` header that names neither the product stack nor a version.
    NeutralHeader,
    /// A log4j 2 file pattern with a counter (`%i`, `%03i`).
    CountsFiles,
}

impl Named {
    /// Says what is accepted, for a report.
    pub fn describe(self) -> &'static str {
        match self {
            Self::StrongCiphers => "suites with forward secrecy only",
            Self::RollsBySize => "an appender that rolls by size",
            Self::DhSize => "2048 or more, or matched",
            Self::NeutralHeader => "a text without product or version",
            Self::CountsFiles => "a pattern with %i",
        }
    }

    pub fn parse(name: &str) -> Result<Self, String> {
        match name {
            "strong-ciphers" => Ok(Self::StrongCiphers),
            "rolls-by-size" => Ok(Self::RollsBySize),
            "dh-size" => Ok(Self::DhSize),
            "neutral-header" => Ok(Self::NeutralHeader),
            "counts-files" => Ok(Self::CountsFiles),
            _ => Err(format!(
                "there is no rule named \"{name}\"; known: strong-ciphers, rolls-by-size, dh-size, \
                 neutral-header, counts-files"
            )),
        }
    }

    pub fn objection(self, value: &str) -> Option<String> {
        match self {
            Self::StrongCiphers => {
                // Readers split at commas only: a blank between two names makes one unknown name.
                let mut suites = value.split(',').map(str::trim).filter(|name| !name.is_empty());
                match suites.clone().next() {
                    None => Some("is empty".into()),
                    Some(_) => suites.find_map(weakness),
                }
            }
            Self::RollsBySize => {
                let class = value.rsplit('.').next().unwrap_or(value);
                (!class.ends_with("RollingFileAppender") || class.contains("Daily"))
                    .then(|| "does not roll by size".into())
            }
            // "matched" follows the server's RSA key; the JDK takes 1024 to 8192 bits.
            Self::DhSize => match value.parse::<u32>() {
                Ok(2048..=8192) => None,
                Ok(_) => Some("is not between 2048 and 8192".into()),
                Err(_) if value == "matched" => None,
                Err(_) => Some("is not a number of bits".into()),
            },
            Self::NeutralHeader => telltale(value),
            Self::CountsFiles => {
                let counted = value.match_indices('%').any(|(at, _)| {
                    value[at + 1..]
                        .trim_start_matches(|c: char| c.is_ascii_digit())
                        .starts_with('i')
                });
                (!counted).then(|| "lacks %i".into())
            }
        }
    }
}

/// Tells what a `Server` header gives away. An empty one makes Tomcat 7 send its own name.
fn telltale(header: &str) -> Option<String> {
    const NAMES: [&str; 8] =
        ["wso2", "carbon", "tomcat", "coyote", "apache", "jetty", "java", "synapse"];
    if header.trim().is_empty() {
        return Some("is empty".into());
    }
    if header.contains("${") {
        return Some("is a placeholder".into());
    }
    let lower = header.to_lowercase();
    if let Some(name) = NAMES.iter().find(|name| lower.contains(*name)) {
        return Some(format!("says \"{name}\""));
    }
    let signs: Vec<char> = lower.chars().collect();
    let version = |w: &[char]| w[0].is_ascii_digit() && w[1] == '.' && w[2].is_ascii_digit();
    signs.windows(3).any(version).then(|| "says a version".into())
}

/// Tells what is wrong with a JSSE cipher suite, by its name.
///
/// The factors are the guide's: no DES or 3DES, MD5, RC4 or DSS, and forward secrecy. That GCM is
/// better than CBC is advice there, so CBC suites pass. A name that JSSE does not know is refused:
/// Tomcat 7 drops it in silence, and in a PassThrough list it makes every handshake fail.
fn weakness(suite: &str) -> Option<String> {
    const ALONE: [&str; 7] = [
        "TLS_EMPTY_RENEGOTIATION_INFO_SCSV",
        "TLS_FALLBACK_SCSV",
        "TLS_AES_256_GCM_SHA384",
        "TLS_AES_128_GCM_SHA256",
        "TLS_CHACHA20_POLY1305_SHA256",
        "TLS_AES_128_CCM_SHA256",
        "TLS_AES_128_CCM_8_SHA256",
    ];
    const BROKEN: [&str; 10] =
        ["NULL", "anon", "EXPORT", "_DES_", "DES40", "3DES", "RC4", "RC2", "_DSS", "_IDEA_"];
    const EXCHANGES: [&str; 3] = ["ECDHE_ECDSA", "ECDHE_RSA", "DHE_RSA"];
    const CIPHERS: [&str; 8] = [
        "AES_256_GCM_SHA384",
        "AES_128_GCM_SHA256",
        "CHACHA20_POLY1305_SHA256",
        "AES_256_CBC_SHA384",
        "AES_256_CBC_SHA256",
        "AES_128_CBC_SHA256",
        "AES_256_CBC_SHA",
        "AES_128_CBC_SHA",
    ];
    if ALONE.contains(&suite) {
        return None;
    }
    // IBM's JDK writes SSL_ for every suite.
    let Some(body) = suite.strip_prefix("TLS_").or_else(|| suite.strip_prefix("SSL_")) else {
        return Some(format!("names {suite}, which is not a JSSE suite"));
    };
    if let Some(part) = BROKEN.iter().find(|part| suite.contains(*part)) {
        return Some(format!("lists {suite} ({})", part.trim_matches('_')));
    }
    if suite.ends_with("_MD5") {
        return Some(format!("lists {suite} (MD5)"));
    }
    let Some((exchange, cipher)) = body.split_once("_WITH_") else {
        return Some(format!("names {suite}, which is not a JSSE suite"));
    };
    if !(exchange.starts_with("ECDHE_") || exchange.starts_with("DHE_")) {
        return Some(format!("lists {suite} (no forward secrecy)"));
    }
    // CBC with SHA-384 goes with elliptic curves only, with SHA-256 and 256 bits with DHE only.
    let odd = match cipher {
        "AES_256_CBC_SHA384" => exchange == "DHE_RSA",
        "AES_256_CBC_SHA256" => exchange != "DHE_RSA",
        _ => false,
    };
    (odd || !EXCHANGES.contains(&exchange) || !CIPHERS.contains(&cipher))
        .then(|| format!("names {suite}, which JSSE does not know"))
}

#[cfg(test)]
mod tests {
    use super::super::{Accept, file};

    fn accept(text: &str) -> Accept {
        let file: file::Accept = toml_edit::de::from_str(text).expect("rules");
        Accept::build(Some(&file), None).expect("rules").expect("rules")
    }

    #[test]
    fn ciphers_are_judged_by_the_guides_factors() {
        let accept = accept("is = 'strong-ciphers'");
        for good in [
            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            "TLS_AES_256_GCM_SHA384,TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
        ] {
            assert_eq!(accept.objection(good), None, "{good}");
        }
        for bad in [
            "ALL",
            "HIGH:!aNULL",
            "TLS_RSA_WITH_AES_128_GCM_SHA256",
            "SSL_RSA_WITH_RC4_128_MD5",
            "TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
            "TLS_DHE_DSS_WITH_AES_128_CBC_SHA256",
            "TLS_DH_anon_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA38",
            "TLS_ECDHE_FOO_WITH_AES_128_GCM_SHA256",
            "tls_ecdhe_rsa_with_aes_128_gcm_sha256",
            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            "",
        ] {
            assert!(accept.objection(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn only_appenders_that_roll_by_size_pass() {
        let accept = accept("is = 'rolls-by-size'");
        assert_eq!(accept.objection("org.apache.log4j.RollingFileAppender"), None);
        assert!(accept.objection("org.apache.log4j.DailyRollingFileAppender").is_some());
        assert!(accept.objection("${carbon.home}/repository/logs/wso2carbon.log").is_some());
    }

    #[test]
    fn a_header_names_neither_product_nor_version() {
        let accept = accept("is = 'neutral-header'");
        assert_eq!(accept.objection("webserver"), None);
        for bad in
            ["WSO2 Carbon Server", "", " ", "nginx/1.18.0", "Apache-Coyote", "${server.name}"]
        {
            assert!(accept.objection(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn a_counter_may_be_padded() {
        let accept = accept("is = 'counts-files'");
        assert_eq!(accept.objection("a-%d{MM}-%03i.log"), None);
        assert_eq!(accept.objection("a.%i.log"), None);
        assert!(accept.objection("a-%d{MM-dd}.log").is_some());
    }
}
