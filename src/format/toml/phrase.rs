//! Writes values down so that the server reads what was meant, in the style that stands there.
//! It refuses a value that would break the XML or the template it is rendered into.

use super::{Kind, Literal};

/// Writes a value, in the quotes of the value that it replaces.
///
/// # Errors
/// A clause when the value is none of its kind, or would break the server.
pub(super) fn value(value: &str, literal: Literal, old: Option<&str>) -> Result<String, String> {
    let literally =
        old.is_some_and(|old| old.trim_start_matches('[').trim_start().starts_with('\''));
    match literal {
        Literal::String => string(value, literally),
        Literal::Bare if !is_bare(value) => {
            Err(format!("`{value}` is neither true, false nor an integer"))
        }
        Literal::Bare => match old {
            Some(old) if old.starts_with(['\'', '"']) && !is_boolean(value) => {
                string(value, literally)
            }
            _ => Ok(value.to_owned()),
        },
        Literal::Array => {
            let written: Result<Vec<_>, _> =
                elements(value).map(|element| string(element, literally)).collect();
            Ok(format!("[{}]", written?.join(", ")))
        }
    }
}

/// Tells whether a value already says what is wanted, in a kind that the server takes for it.
pub(super) fn says(kind: Kind, text: &str, value: &str, literal: Literal) -> bool {
    match literal {
        Literal::String => kind == Kind::String && text == value,
        Literal::Bare => {
            let quoted = kind == Kind::String && !is_boolean(value);
            (quoted || matches!(kind, Kind::Boolean | Kind::Integer)) && text == value
        }
        Literal::Array => kind == Kind::Array && elements(text).eq(elements(value)),
    }
}

/// Writes a basic string with the escapes that TOML 0.5 has.
pub(super) fn basic(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 2);
    out.push('"');
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn elements(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|element| !element.is_empty())
}

fn string(value: &str, literally: bool) -> Result<String, String> {
    harmless(value)?;
    if literally && !value.contains(['\'', '\t']) {
        return Ok(format!("'{value}'"));
    }
    Ok(basic(value))
}

/// Refuses what breaks a rendered file: wso2/config-mapper puts values into XML without escaping
/// and lets Jinja interpret them once more.
fn harmless(value: &str) -> Result<(), String> {
    if let Some(mark) = ["{{", "{%", "{#"].into_iter().find(|mark| value.contains(mark)) {
        return Err(format!("the value holds `{mark}`, which the server takes for a template"));
    }
    if value.contains('<') {
        return Err("the value holds `<`, which breaks the XML it is rendered into".into());
    }
    if value.chars().any(|c| c.is_control() && c != '\t') {
        return Err("the value holds a line end or a control character".into());
    }
    if !value.split('&').skip(1).all(starts_with_entity) {
        return Err("the value holds a bare `&`, which breaks the XML it is rendered into; \
                    write `&amp;`"
            .into());
    }
    Ok(())
}

fn starts_with_entity(behind: &str) -> bool {
    let Some((name, _)) = behind.split_once(';') else {
        return false;
    };
    let digits = |text: &str, radix| !text.is_empty() && text.chars().all(|c| c.is_digit(radix));
    match name.strip_prefix('#') {
        Some(code) => match code.strip_prefix('x') {
            Some(hex) => digits(hex, 16),
            None => digits(code, 10),
        },
        None => matches!(name, "amp" | "lt" | "gt" | "quot" | "apos"),
    }
}

fn is_boolean(value: &str) -> bool {
    matches!(value, "true" | "false")
}

fn is_bare(value: &str) -> bool {
    is_boolean(value) || value.parse::<i64>().is_ok_and(|number| number.to_string() == value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_keeps_the_quotes_of_the_one_it_replaces() {
        let new = |text, literal, old| value(text, literal, old).expect("writable");
        assert_eq!(new("b", Literal::String, Some("'a'")), "'b'");
        assert_eq!(new("it's", Literal::String, Some("'a'")), "\"it's\"");
        assert_eq!(new("b", Literal::String, Some("\"a\"")), "\"b\"");
        assert_eq!(new("a,b", Literal::Array, Some("[ 'x' ]")), "['a', 'b']");
        assert_eq!(new("a, b", Literal::Array, None), "[\"a\", \"b\"]");
    }

    #[test]
    fn a_quoted_integer_stays_quoted_and_a_quoted_boolean_does_not() {
        assert_eq!(value("7", Literal::Bare, Some("\"1\"")), Ok("\"7\"".into()));
        assert_eq!(value("7", Literal::Bare, Some("1")), Ok("7".into()));
        assert_eq!(value("true", Literal::Bare, Some("\"false\"")), Ok("true".into()));
        assert!(says(Kind::String, "7", "7", Literal::Bare));
        assert!(!says(Kind::String, "true", "true", Literal::Bare));
    }

    #[test]
    fn strings_are_written_with_the_escapes_of_toml_0_5() {
        assert_eq!(basic("a\t\"\\\u{1b}\u{e9}"), "\"a\\t\\\"\\\\\\u001B\u{e9}\"");
    }

    #[test]
    fn values_that_break_the_server_are_refused() {
        for bad in ["a&b", "a&b;c", "a&#;", "<", "x{{1}}", "{%", "{# #}", "a\nb", "&"] {
            assert!(value(bad, Literal::String, None).is_err(), "{bad}");
            assert!(value(bad, Literal::Array, None).is_err(), "{bad}");
        }
        for good in ["a&amp;b&#38;c&#x26;", "${carbon.home}", "$ref{a.b}", "a>b", "127\\.0"] {
            assert!(value(good, Literal::String, None).is_ok(), "{good}");
        }
        for bad in ["yes", "01", "1.5", "", "+1"] {
            assert!(value(bad, Literal::Bare, None).is_err(), "{bad}");
        }
    }
}
