//! Characters as XML writes them down, and back.
//!
//! Whatever is written is ASCII, so the bytes are right in UTF-8, ISO-8859-1 and windows-1252
//! alike. Only the five predefined entities and character references exist here.

use encoding_rs::Encoding;
use std::borrow::Cow;

/// The white space of XML, which is less than Unicode's: U+00A0 is a character like any other.
pub(super) const BLANK: [char; 4] = [' ', '\t', '\r', '\n'];

/// Tells whether a byte is white space of XML.
pub(super) fn blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Where a piece of text stands, which decides what is resolved in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Site {
    Attribute,
    Text,
    Data,
}

/// Tells what a reader sees in raw bytes: decoded, line ends normalised, references resolved.
pub(super) fn seen<'t>(
    raw: &'t [u8],
    encoding: Option<&'static Encoding>,
    site: Site,
) -> Cow<'t, str> {
    let decoded = match encoding {
        Some(encoding) => encoding.decode_without_bom_handling(raw).0,
        None => String::from_utf8_lossy(raw),
    };
    let plain = |c: char| match c {
        '\r' => false,
        '&' => site == Site::Data,
        '\n' | '\t' => site != Site::Attribute,
        _ => true,
    };
    if decoded.chars().all(plain) {
        return decoded;
    }
    let mut out = String::with_capacity(decoded.len());
    let mut rest = decoded.as_ref();
    while let Some(c) = rest.chars().next() {
        let mut len = c.len_utf8();
        match c {
            '&' if site != Site::Data => match reference(rest) {
                Some((resolved, length)) => {
                    out.push(resolved);
                    len = length;
                }
                None => out.push('&'),
            },
            '\r' | '\n' | '\t' => {
                len += usize::from(rest.starts_with("\r\n"));
                out.push(match (site, c) {
                    (Site::Attribute, _) => ' ',
                    (_, '\t') => '\t',
                    _ => '\n',
                });
            }
            c => out.push(c),
        }
        rest = &rest[len..];
    }
    Cow::Owned(out)
}

/// Reads the reference that a text starts with, and its length in bytes.
fn reference(text: &str) -> Option<(char, usize)> {
    let end = text.find(';')?;
    let resolved = match &text[1..end] {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        name => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => digits.parse(),
            };
            char::from_u32(code.ok()?)?
        }
    };
    Some((resolved, end + 1))
}

/// Writes a value down, for text or for an attribute between the given quotes.
///
/// # Errors
/// The character that XML has no way to write.
pub(super) fn escaped(value: &str, quote: Option<char>) -> Result<String, char> {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' if quote.is_none() => out.push_str("&gt;"),
            '"' if quote == Some('"') => out.push_str("&quot;"),
            '\'' if quote == Some('\'') => out.push_str("&apos;"),
            c if forbidden(c) => return Err(c),
            ' '..='~' => out.push(c),
            c => out.push_str(&referenced(c)),
        }
    }
    Ok(out)
}

/// Turns every character beyond ASCII of rendered markup into a reference.
pub(super) fn ascii(markup: &str) -> String {
    let mut out = String::with_capacity(markup.len());
    for c in markup.chars() {
        match c.is_ascii() {
            true => out.push(c),
            false => out.push_str(&referenced(c)),
        }
    }
    out
}

fn referenced(c: char) -> String {
    format!("&#x{:X};", u32::from(c))
}

/// Tells whether XML 1.0 has no way to write a character, not even as a reference.
pub(super) fn forbidden(c: char) -> bool {
    (c < ' ' && !BLANK.contains(&c)) || matches!(c, '\u{FFFE}' | '\u{FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_and_line_ends_are_resolved_as_their_site_wants() {
        let raw = b"a&lt;&#x42;&#67;&amp;lt;\r\n\tb\rc";
        assert_eq!(seen(raw, None, Site::Text), "a<BC&lt;\n\tb\nc");
        assert_eq!(seen(raw, None, Site::Attribute), "a<BC&lt;  b c");
        assert_eq!(seen(b"&lt;\r\n", None, Site::Data), "&lt;\n");
        assert_eq!(seen(b"caf\xE9 \x80", Some(encoding_rs::WINDOWS_1252), Site::Text), "café €");
    }

    #[test]
    fn written_values_are_ascii_and_read_back() {
        let value = "a<b>&\"c'\té€\n😀";
        for (quote, site) in
            [(None, Site::Text), (Some('"'), Site::Attribute), (Some('\''), Site::Attribute)]
        {
            let raw = escaped(value, quote).unwrap();
            assert!(raw.bytes().all(|b| (b' '..=b'~').contains(&b)), "{raw}");
            assert!(!quote.is_some_and(|quote| raw.contains(quote)), "{raw}");
            assert_eq!(seen(raw.as_bytes(), None, site), value);
        }
        assert_eq!(escaped("a\u{1}", None), Err('\u{1}'));
    }
}
