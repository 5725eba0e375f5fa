//! Texts with named holes: `{protocols}`, `{conf}/carbon.xml`, `[%K] {found}`.
//!
//! A hole is a name in lower case between braces. Braces with anything else between them, and
//! braces behind `$` or `%`, are text, because log4j and the products' own placeholders use them.

use std::fmt;

/// A text with named holes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Hole(String),
}

impl Template {
    pub fn parse(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            plain.push_str(&rest[..open]);
            let inside = &rest[open + 1..];
            let name = inside.find('}').map(|close| &inside[..close]).filter(|name| is_name(name));
            match name {
                Some(name) if !plain.ends_with(['$', '%']) => {
                    if !plain.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut plain)));
                    }
                    parts.push(Part::Hole(name.to_owned()));
                    rest = &inside[name.len() + 1..];
                }
                _ => {
                    plain.push('{');
                    rest = inside;
                }
            }
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Self { parts }
    }

    /// Takes a text as it is, braces and all.
    pub fn literal(text: &str) -> Self {
        Self { parts: vec![Part::Text(text.to_owned())] }
    }

    /// Lists the names of the holes.
    pub fn holes(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Hole(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// Fills the holes.
    ///
    /// # Errors
    /// The name of the first hole that `value` knows nothing for.
    pub fn fill(&self, value: impl Fn(&str) -> Option<String>) -> Result<String, String> {
        self.parts.iter().try_fold(String::new(), |mut out, part| {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Hole(name) => out.push_str(&value(name).ok_or_else(|| name.clone())?),
            }
            Ok(out)
        })
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Text(text) => f.write_str(text),
            Part::Hole(name) => write!(f, "{{{name}}}"),
        })
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_filled_and_other_braces_kept() {
        let template = Template::parse("[%K] ${carbon.home} %d{MM-dd} {Found} {found}!");
        assert_eq!(template.holes().collect::<Vec<_>>(), ["found"]);
        let filled = template.fill(|name| (name == "found").then(|| "x".into()));
        assert_eq!(filled, Ok("[%K] ${carbon.home} %d{MM-dd} {Found} x!".into()));
        assert_eq!(template.fill(|_| None), Err("found".into()));
        assert_eq!(template.to_string(), "[%K] ${carbon.home} %d{MM-dd} {Found} {found}!");
    }

    #[test]
    fn an_open_brace_without_an_end_is_text() {
        assert_eq!(Template::parse("a{b").fill(|_| None), Ok("a{b".into()));
    }
}
