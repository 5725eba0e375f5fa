//! Whom a certificate is for, as text: `CN=gw.example.com,OU=IT,O=Example,L=Bern,ST=BE,C=CH`.
//!
//! Read and printed with the escapes of RFC 4514. Takes the six attributes that authorities ask for,
//! each once and with the lengths of RFC 5280, appendix A; refuses others instead of dropping them.

use super::Fault;
use crate::format::keystore::Certificate;
use std::fmt;
use std::str::FromStr;

/// A distinguished name with a common name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    parts: Vec<(Attribute, String)>,
}

/// An attribute that a subject may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attribute {
    CommonName,
    Unit,
    Organization,
    Locality,
    State,
    Country,
}

/// Attribute, name and most characters.
const ATTRIBUTES: [(Attribute, &str, usize); 6] = [
    (Attribute::CommonName, "CN", 64),
    (Attribute::Unit, "OU", 64),
    (Attribute::Organization, "O", 64),
    (Attribute::Locality, "L", 128),
    (Attribute::State, "ST", 128),
    (Attribute::Country, "C", 2),
];

/// Object identifiers of the attributes (RFC 5280, appendix A.1).
const OIDS: [(&str, Attribute); 6] = [
    ("2.5.4.3", Attribute::CommonName),
    ("2.5.4.11", Attribute::Unit),
    ("2.5.4.10", Attribute::Organization),
    ("2.5.4.7", Attribute::Locality),
    ("2.5.4.8", Attribute::State),
    ("2.5.4.6", Attribute::Country),
];

impl Subject {
    pub fn common_name(&self) -> &str {
        let name = self.parts.iter().find(|(attribute, _)| *attribute == Attribute::CommonName);
        name.map_or("", |(_, value)| value)
    }

    /// Takes the subject of a certificate over.
    ///
    /// # Errors
    /// It has a part that no request made here can have.
    pub fn of_certificate(certificate: &Certificate) -> Result<Self, Fault> {
        let parts = certificate.subject_parts();
        let wrong = |why: String| Fault::Subject { text: "in the certificate".into(), why };
        let mut all: Vec<(Attribute, String)> = Vec::new();
        for (oid, value) in parts.into_iter().rev() {
            let known = OIDS.iter().find(|(known, _)| *known == oid);
            let (_, attribute) = known.ok_or_else(|| {
                wrong(format!("has a part {oid}, which is none of CN, OU, O, L, ST and C"))
            })?;
            if all.iter().any(|(other, _)| other == attribute) {
                return Err(wrong(format!("has {} twice", name(*attribute))));
            }
            let most =
                ATTRIBUTES.iter().find(|(other, ..)| other == attribute).map_or(0, |row| row.2);
            let value = checked(*attribute, name(*attribute), most, value).map_err(wrong)?;
            all.push((*attribute, value));
        }
        let subject = Self { parts: all };
        if subject.common_name().is_empty() {
            return Err(wrong("has no CN".into()));
        }
        Ok(subject)
    }

    /// The parts in the order in which they are written as text; a certificate holds them reversed.
    pub(super) fn parts(&self) -> impl DoubleEndedIterator<Item = (Attribute, &str)> {
        self.parts.iter().map(|(attribute, value)| (*attribute, value.as_str()))
    }
}

impl FromStr for Subject {
    type Err = Fault;

    /// Reads a subject; blanks around the commas and equals signs do not count.
    ///
    /// # Errors
    /// The part that is wrong, and how it should be written.
    fn from_str(text: &str) -> Result<Self, Fault> {
        parse(text)
            .map(|parts| Self { parts })
            .map_err(|why| Fault::Subject { text: text.escape_debug().to_string(), why })
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (attribute, value)) in self.parts.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            write!(f, "{comma}{}=", name(*attribute))?;
            let last = value.chars().count().saturating_sub(1);
            for (at, c) in value.chars().enumerate() {
                let edge = (c == ' ' && (at == 0 || at == last)) || (c == '#' && at == 0);
                if edge || "\"+,;<>\\".contains(c) {
                    f.write_str("\\")?;
                }
                write!(f, "{c}")?;
            }
        }
        Ok(())
    }
}

fn name(attribute: Attribute) -> &'static str {
    let entry = ATTRIBUTES.iter().find(|(other, ..)| *other == attribute);
    entry.map_or("", |(_, name, _)| name)
}

fn parse(text: &str) -> Result<Vec<(Attribute, String)>, String> {
    let mut parts: Vec<(Attribute, String)> = Vec::new();
    let mut rest = text;
    loop {
        let (key, value, tail) = part(rest)?;
        let (attribute, name, most) = ATTRIBUTES
            .into_iter()
            .find(|(_, name, _)| name.eq_ignore_ascii_case(key))
            .ok_or_else(|| {
                format!(
                    "has {:?}: known are CN, OU, O, L, ST and C",
                    key.escape_debug().to_string()
                )
            })?;
        if parts.iter().any(|(other, _)| *other == attribute) {
            return Err(format!("has {name} twice: join the two, or leave one out"));
        }
        parts.push((attribute, checked(attribute, name, most, value)?));
        match tail {
            Some(tail) => rest = tail,
            None => break,
        }
    }
    if !parts.iter().any(|(attribute, _)| *attribute == Attribute::CommonName) {
        return Err("has no CN: start with the host name, as in CN=gw.example.com".to_owned());
    }
    Ok(parts)
}

/// Takes one `NAME=value` off the front; gives what stands behind the comma, if there is one.
fn part(text: &str) -> Result<(&str, String, Option<&str>), String> {
    let (key, text) = text
        .split_once('=')
        .ok_or("is not of the form CN=gw.example.com,O=Example,C=CH: a part has no equals sign")?;
    let key = key.trim();
    let mut value = Vec::new();
    // Bytes up to here stand, also when they are blanks at the end: they were escaped.
    let mut kept = 0;
    let mut chars = text.trim_start().char_indices();
    let start = text.len() - text.trim_start().len();
    let mut tail = None;
    while let Some((at, c)) = chars.next() {
        match c {
            ',' => {
                tail = Some(&text[start + at + 1..]);
                break;
            }
            '\\' => {
                value.push(escaped(&mut chars).ok_or_else(|| {
                    format!("has a backslash in {key} that escapes nothing: write two for one")
                })?);
                kept = value.len();
            }
            '"' | '+' | ';' | '<' | '>' => {
                return Err(format!("has {c:?} in {key}: write a backslash before it"));
            }
            '#' if at == 0 => {
                return Err(format!("has '#' at the start of {key}: write a backslash before it"));
            }
            c => value.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    while value.len() > kept && value.last() == Some(&b' ') {
        value.pop();
    }
    let value =
        String::from_utf8(value).map_err(|_| format!("has bytes in {key} that are no text"))?;
    Ok((key, value, tail))
}

/// One byte behind a backslash: a character that needs it, or two hexadecimal digits.
fn escaped(chars: &mut std::str::CharIndices) -> Option<u8> {
    let (_, first) = chars.next()?;
    if "\"+,;<>\\ #=".contains(first) {
        return u8::try_from(first).ok();
    }
    let high = first.to_digit(16)?;
    let low = chars.next()?.1.to_digit(16)?;
    u8::try_from(high * 16 + low).ok()
}

fn checked(attribute: Attribute, name: &str, most: usize, value: String) -> Result<String, String> {
    if value.is_empty() {
        return Err(format!("has nothing behind {name}: give it a value, or leave it out"));
    }
    if value.chars().any(char::is_control) {
        return Err(format!("has a control character in {name}"));
    }
    if attribute == Attribute::Country {
        let two = value.len() == 2 && value.bytes().all(|b| b.is_ascii_alphabetic());
        return if two {
            Ok(value.to_ascii_uppercase())
        } else {
            Err("has a C that is not the two letters of a country, as in C=CH".to_owned())
        };
    }
    if value.chars().count() > most {
        return Err(format!("has more than {most} characters in {name}"));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(text: &str) -> String {
        text.parse::<Subject>().unwrap().to_string()
    }

    #[test]
    fn a_subject_is_printed_as_it_was_written() {
        for text in [
            "CN=gw.example.com,OU=IT,O=Example,L=Bern,ST=BE,C=CH",
            "C=CH,O=Example,CN=localhost",
            r"CN=x,O=Smith\, Jones \+ Sons \<\>\;\\\",
            r"CN=\#1,O=\ a b\ ",
            "CN=Zürich,O=株式会社",
            "CN=a=b",
        ] {
            let text = text.strip_suffix('\\').map_or(text.to_owned(), |t| format!("{t}\\\\"));
            assert_eq!(printed(&text), text);
        }
    }

    #[test]
    fn blanks_case_and_hexadecimal_escapes_are_taken() {
        assert_eq!(printed("cn = a b , c=ch"), "CN=a b,C=CH");
        assert_eq!(printed(r"CN=Z\C3\BCrich,O=a\2Cb"), r"CN=Zürich,O=a\,b");
        assert_eq!(printed(r#"CN=\"x\""#), r#"CN=\"x\""#);
        assert_eq!("O=x,CN=a".parse::<Subject>().unwrap().common_name(), "a");
    }

    #[test]
    fn what_is_wrong_is_refused_with_the_reason() {
        let long = format!("CN={}", "é".repeat(65));
        for (text, why) in [
            ("", "no equals sign"),
            ("gw.example.com", "no equals sign"),
            ("CN=a,", "no equals sign"),
            ("O=x", "no CN"),
            ("CN=", "nothing behind CN"),
            ("CN=a,O=  ", "nothing behind O"),
            ("CN=a,CN=b", "CN twice"),
            ("CN=a,DC=example", "known are"),
            ("CN=a,C=Switzerland", "two letters"),
            ("CN=a,C=C1", "two letters"),
            ("CN=a+O=b", "'+' in CN"),
            ("CN=\"a,b\"", "'\"' in CN"),
            ("CN=#04", "'#' at the start"),
            (r"CN=a\", "escapes nothing"),
            (r"CN=a\zz", "escapes nothing"),
            (r"CN=\FF", "no text"),
            (r"CN=a\0Ab", "control character"),
            ("CN=a\nb", "control character"),
            (&long, "more than 64"),
        ] {
            let told = text.parse::<Subject>().unwrap_err().to_string();
            assert!(told.contains(why), "{text}: {told}");
            assert!(!told.contains('\n'), "no raw control characters: {told}");
        }
        assert!(format!("CN={}", "é".repeat(64)).parse::<Subject>().is_ok());
    }

    #[test]
    fn the_subject_of_a_certificate_is_taken_over_unless_it_has_more() {
        use super::super::{Order, sample, self_signed};
        use time::OffsetDateTime;
        for text in [r"CN=gw.example.com,O=A\, B,C=CH", "OU=IT,CN=x"] {
            let subject: Subject = text.parse().unwrap();
            let names = vec!["gw.example.com".parse().unwrap()];
            let order = Order::new(subject.clone(), names, OffsetDateTime::UNIX_EPOCH);
            let der = self_signed(sample::server(), &order).unwrap();
            assert_eq!(Subject::of_certificate(&Certificate::new(der)), Ok(subject), "{text}");
        }
        assert!(Subject::of_certificate(&Certificate::new(vec![0x30, 0])).is_err());
    }

    #[test]
    fn any_text_is_read_or_refused_in_time_of_its_length() {
        for piece in ["CN=a,", "\\", "=", ",", "\\2", " ", "O=\u{7}"] {
            assert!(piece.repeat(100_000).parse::<Subject>().is_err(), "{piece}");
        }
    }
}
