//! A name that a certificate is good for: a host, a wildcard or an address, checked when it is read.
//!
//! Host names follow RFC 1123, in lower case; a wildcard stands for one whole first label (RFC 6125,
//! section 6.4.3). Names in other scripts are refused in their readable form, since a certificate
//! holds their ASCII form only (RFC 5890).

use super::Fault;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A host name, possibly with a wildcard, or an IP address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AltName(Kind);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Dns(String),
    Ip(IpAddr),
}

impl AltName {
    pub(super) fn kind(&self) -> &Kind {
        &self.0
    }

    /// Tells whether clients that call this host by name take a certificate with this name.
    pub fn covers(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        match &self.0 {
            Kind::Ip(address) => host.parse() == Ok(*address),
            Kind::Dns(name) => match name.strip_prefix("*.") {
                Some(domain) => host.split_once('.').is_some_and(|(_, rest)| rest == domain),
                None => *name == host,
            },
        }
    }
}

impl fmt::Display for AltName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Dns(name) => f.write_str(name),
            Kind::Ip(address) => address.fmt(f),
        }
    }
}

impl FromStr for AltName {
    type Err = Fault;

    /// Reads a name or an address.
    ///
    /// # Errors
    /// What is wrong with the name, and how it should be written.
    fn from_str(text: &str) -> Result<Self, Fault> {
        if let Ok(address) = text.parse() {
            return Ok(Self(Kind::Ip(address)));
        }
        match trouble(text) {
            None => Ok(Self(Kind::Dns(text.to_ascii_lowercase()))),
            Some(why) => Err(Fault::Name { text: text.escape_debug().to_string(), why }),
        }
    }
}

/// What keeps a text from being a host name, or nothing.
fn trouble(text: &str) -> Option<String> {
    let bare = text.strip_prefix("*.").unwrap_or(text);
    let labels: Vec<&str> = bare.split('.').collect();
    let last = labels.last().copied().unwrap_or_default();
    let strange = bare.chars().find(|c| !(c.is_ascii_alphanumeric() || ".-".contains(*c)));
    let why = if text.is_empty() {
        "is empty".to_owned()
    } else if !text.is_ascii() {
        "has letters beyond ASCII: write its ASCII form, which starts with xn-- (the registrar shows \
         it, and so does the idn command)"
            .to_owned()
    } else if text.len() > 253 {
        "is longer than 253 characters".to_owned()
    } else if bare.contains('*') {
        "has a wildcard that is not the whole first part, as in *.example.com".to_owned()
    } else if bare.len() < text.len() && labels.len() < 2 {
        "is a wildcard for a whole top-level domain, which browsers refuse".to_owned()
    } else if let Some(c) = strange {
        format!(
            "has the character {c:?}: write the host alone, of letters, digits, hyphens and dots, \
             without https:// and port"
        )
    } else if labels.iter().any(|label| label.is_empty()) {
        "has a dot at an end or two in a row".to_owned()
    } else if labels.iter().any(|label| label.len() > 63) {
        "has a part longer than 63 characters".to_owned()
    } else if labels.iter().any(|label| label.starts_with('-') || label.ends_with('-')) {
        "has a part that starts or ends with a hyphen".to_owned()
    } else if last.bytes().all(|b| b.is_ascii_digit()) {
        "is neither an IP address nor a host name, since it ends in a number".to_owned()
    } else {
        return None;
    };
    Some(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        text.parse::<AltName>()
            .map(|name| format!("{:?} {name}", name.kind()))
            .map_err(|e| e.to_string())
    }

    #[test]
    fn hosts_wildcards_and_addresses_are_told_apart() {
        for (text, wanted) in [
            ("Gw-1.Example.COM", "Dns(\"gw-1.example.com\") gw-1.example.com"),
            ("localhost", "Dns(\"localhost\") localhost"),
            ("*.example.com", "Dns(\"*.example.com\") *.example.com"),
            ("xn--mnchen-3ya.example", "Dns(\"xn--mnchen-3ya.example\") xn--mnchen-3ya.example"),
            ("3com.example", "Dns(\"3com.example\") 3com.example"),
            ("10.0.0.7", "Ip(10.0.0.7) 10.0.0.7"),
            ("2001:DB8:0::1", "Ip(2001:db8::1) 2001:db8::1"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused_with_the_reason() {
        let long = format!("{}.example", "a".repeat(64));
        for (text, why) in [
            ("", "empty"),
            ("münchen.example", "xn--"),
            ("https://gw.example", "without https:// and port"),
            ("gw.example:9443", "without https:// and port"),
            ("[::1]", "the character '['"),
            ("a b", "the character ' '"),
            ("a\n.b", "the character '\\n'"),
            ("gw_1.example", "the character '_'"),
            ("gw.example.", "dot at an end"),
            ("gw..example", "two in a row"),
            ("-gw.example", "hyphen"),
            ("10.0.0.300", "neither an IP address"),
            ("1.2.3", "neither an IP address"),
            ("*", "wildcard"),
            ("*.com", "top-level"),
            ("gw.*.example", "wildcard"),
            ("g*.example.com", "wildcard"),
            (&long, "longer than 63"),
            (&"a.".repeat(200), "longer than 253"),
        ] {
            let told = read(text).unwrap_err();
            assert!(told.contains(why), "{text}: {told}");
            assert!(!told.contains('\n'), "no raw control characters: {told}");
        }
    }

    #[test]
    fn a_name_covers_what_clients_accept() {
        let covers = |name: &str, host: &str| name.parse::<AltName>().unwrap().covers(host);
        assert!(covers("*.example.com", "GW.example.com") && covers("::1", "0:0::1"));
        assert!(!covers("*.example.com", "a.gw.example.com") && !covers("*.a.com", "a.com"));
        assert!(covers("localhost", "LOCALHOST") && !covers("10.0.0.1", "10.0.0.10"));
    }
}
