//! The escapes of `.properties` texts, read and written.

use crate::format::Fault;

/// Resolves escapes in the bytes at some offsets; half a surrogate pair becomes U+FFFD.
///
/// # Errors
/// A `\u` without four hexadecimal digits.
pub(super) fn resolve(text: &[u8], kept: &[usize]) -> Result<String, Fault> {
    let mut units: Vec<u16> = Vec::with_capacity(kept.len());
    let mut i = 0;
    while let Some(&at) = kept.get(i) {
        i += 1;
        if text[at] != b'\\' {
            units.push(text[at].into());
            continue;
        }
        let Some(&escaped) = kept.get(i) else { break };
        i += 1;
        units.push(match text[escaped] {
            b'n' => b'\n'.into(),
            b't' => b'\t'.into(),
            b'r' => b'\r'.into(),
            b'f' => 0x0c,
            b'u' => {
                let digits = kept.get(i..i + 4).unwrap_or(&[]);
                i += 4;
                unit(text, digits).ok_or_else(|| {
                    let hint = "Write \\u and four hexadecimal digits, or \\\\u for a backslash.";
                    Fault::at(text, at, "\\u without four hexadecimal digits", hint)
                })?
            }
            other => other.into(),
        });
    }
    Ok(String::from_utf16_lossy(&units))
}

/// Writes a key: blanks, separators and comment signs escaped.
pub(super) fn key(key: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(key.len());
    for c in key.chars() {
        if matches!(c, ' ' | '=' | ':' | '#' | '!') {
            out.push(b'\\');
        }
        put(&mut out, c);
    }
    out
}

/// Writes a value: a leading blank escaped, `=` and `:` as they are.
pub(super) fn value(value: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    if value.starts_with(' ') {
        out.push(b'\\');
    }
    for c in value.chars() {
        put(&mut out, c);
    }
    out
}

fn unit(text: &[u8], digits: &[usize]) -> Option<u16> {
    if digits.len() != 4 {
        return None;
    }
    digits.iter().try_fold(0, |unit, &at| {
        let digit = char::from(text[at]).to_digit(16)?;
        Some(unit << 4 | u16::try_from(digit).ok()?)
    })
}

fn put(out: &mut Vec<u8>, c: char) {
    match c {
        '\\' => out.extend(b"\\\\"),
        '\n' => out.extend(b"\\n"),
        '\t' => out.extend(b"\\t"),
        '\r' => out.extend(b"\\r"),
        '\x0c' => out.extend(b"\\f"),
        ' '..='~' => out.extend(u8::try_from(c)),
        _ => {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.extend(format!("\\u{unit:04X}").as_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        resolve(text.as_bytes(), &(0..text.len()).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn an_unknown_escape_is_its_character() {
        assert_eq!(read(r"\a\\\:\n\u00e9\uD83D\uDE00"), "a\\:\n\u{e9}\u{1F600}");
    }

    #[test]
    fn half_a_pair_does_not_fail() {
        assert_eq!(read(r"\uD83Dx"), "\u{FFFD}x");
    }

    #[test]
    fn bytes_above_ascii_are_latin_1() {
        assert_eq!(resolve(b"\xe9", &[0]).unwrap(), "é");
    }

    #[test]
    fn values_keep_their_signs_and_keys_do_not() {
        assert_eq!(value("a=b: c"), b"a=b: c");
        assert_eq!(key("a b"), b"a\\ b");
        assert_eq!(value(" é"), b"\\ \\u00E9");
    }
}
