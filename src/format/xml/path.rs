//! The language that names places of an XML document.
//!
//! A path is a list of steps from the root element down, by local name; it reads no document and
//! has no axes, positions or functions, because none of them survives an operator's reordering.

use std::fmt;
use std::str::FromStr;

/// A place in a document, `Server/Service/Connector[@SSLEnabled='true']`, or below another place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Path {
    steps: Vec<Step>,
}

/// One step of a path: an element's local name and what else must hold of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Step {
    /// The local name; nothing for `*`.
    pub(super) name: Option<String>,
    pub(super) tests: Vec<Test>,
}

/// What must hold of an element.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Test {
    /// `[@a='v']`
    Equals(String, String),
    /// `[@a*='v']`
    Contains(String, String),
    /// `[@a]`
    Has(String),
    /// `[!@a]`
    Lacks(String),
    /// `[child='v']`
    Child(String, String),
    /// `[text()='v']`
    Text(String),
}

impl Path {
    /// The steps from the root down; never empty.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The path of the first `count` steps; nothing for none, all of them for too many.
    pub fn upto(&self, count: usize) -> Option<Self> {
        let steps: Vec<Step> = self.steps.iter().take(count).cloned().collect();
        (!steps.is_empty()).then_some(Self { steps })
    }

    /// The path that goes on with another one's steps.
    pub fn join(&self, below: &Self) -> Self {
        Self { steps: self.steps.iter().chain(&below.steps).cloned().collect() }
    }
}

impl FromStr for Path {
    type Err = String;

    /// Reads a path.
    ///
    /// # Errors
    /// A sentence that shows the path and what is wrong with it.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut rest = text;
        let mut steps = Vec::new();
        loop {
            let step = step(&mut rest).map_err(|what| format!("In the path {text:?} {what}."))?;
            steps.push(step);
            match rest.strip_prefix('/') {
                Some(more) => rest = more,
                None => return Ok(Self { steps }),
            }
        }
    }
}

fn step(rest: &mut &str) -> Result<Step, String> {
    let name = take(rest, |c| c != '/' && c != '[');
    let name = match name {
        "*" => None,
        "" => return Err("a step has no name".to_owned()),
        name => Some(local_name(name)?),
    };
    let mut tests = Vec::new();
    while let Some(inside) = rest.strip_prefix('[') {
        *rest = inside;
        tests.push(test(rest)?);
        *rest = rest.strip_prefix(']').ok_or("a condition does not end with `]`")?;
    }
    match rest.chars().next() {
        None | Some('/') => Ok(Step { name, tests }),
        Some(c) => Err(format!("`{c}` stands behind a condition, where only `/` or `[` may")),
    }
}

fn test(rest: &mut &str) -> Result<Test, String> {
    if let Some(behind) = rest.strip_prefix("!@") {
        *rest = behind;
        return Ok(Test::Lacks(attribute_name(rest)?));
    }
    if let Some(behind) = rest.strip_prefix('@') {
        *rest = behind;
        let name = attribute_name(rest)?;
        if let Some(behind) = rest.strip_prefix("*=") {
            *rest = behind;
            return Ok(Test::Contains(name, quoted(rest)?));
        }
        return match rest.starts_with('=') {
            true => Ok(Test::Equals(name, equals(rest)?)),
            false => Ok(Test::Has(name)),
        };
    }
    if let Some(behind) = rest.strip_prefix("text()") {
        *rest = behind;
        return Ok(Test::Text(equals(rest)?));
    }
    let name = local_name(take(rest, |c| c != '=' && c != ']'))?;
    Ok(Test::Child(name, equals(rest)?))
}

fn equals(rest: &mut &str) -> Result<String, String> {
    *rest = rest.strip_prefix('=').ok_or("a condition lacks `='value'`")?;
    quoted(rest)
}

fn quoted(rest: &mut &str) -> Result<String, String> {
    let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'));
    let quote = quote.ok_or("a value stands without quotes")?;
    let (value, behind) =
        rest[1..].split_once(quote).ok_or("the quote of a value is never closed")?;
    *rest = behind;
    Ok(value.to_owned())
}

fn attribute_name(rest: &mut &str) -> Result<String, String> {
    let name = take(rest, |c| !matches!(c, '=' | '*' | ']' | '/' | '['));
    match name.split(':').all(is_name) {
        true => Ok(name.to_owned()),
        false => Err(format!("`{name}` is no attribute name")),
    }
}

fn local_name(name: &str) -> Result<String, String> {
    if name.contains(':') {
        return Err(format!("`{name}` has a prefix, but elements are named by local name only"));
    }
    is_name(name).then(|| name.to_owned()).ok_or_else(|| format!("`{name}` is no element name"))
}

/// Tells whether a text is an XML name without a prefix.
pub(super) fn is_name(text: &str) -> bool {
    let start = |c: char| c.is_alphabetic() || c == '_';
    text.starts_with(start)
        && text.chars().all(|c| start(c) || c.is_numeric() || matches!(c, '-' | '.'))
}

fn take<'t>(rest: &mut &'t str, keep: impl Fn(char) -> bool) -> &'t str {
    let end = rest.find(|c| !keep(c)).unwrap_or(rest.len());
    let (taken, behind) = rest.split_at(end);
    *rest = behind;
    taken
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.steps.iter().enumerate() {
            write!(f, "{}{step}", if at == 0 { "" } else { "/" })?;
        }
        Ok(())
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name.as_deref().unwrap_or("*"))?;
        self.tests.iter().try_for_each(|test| write!(f, "[{test}]"))
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equals(name, value) => write!(f, "@{name}={}", Quoted(value)),
            Self::Contains(name, value) => write!(f, "@{name}*={}", Quoted(value)),
            Self::Has(name) => write!(f, "@{name}"),
            Self::Lacks(name) => write!(f, "!@{name}"),
            Self::Child(name, value) => write!(f, "{name}={}", Quoted(value)),
            Self::Text(value) => write!(f, "text()={}", Quoted(value)),
        }
    }
}

/// A value with the quote that it does not hold; a read path never holds both.
struct Quoted<'v>(&'v str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quote = if self.0.contains('\'') { '"' } else { '\'' };
        write!(f, "{quote}{}{quote}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_shown_as_it_is_read() {
        for text in [
            "Server",
            "Server/Service/Connector[@SSLEnabled='true'][!@ciphers]",
            "*/filter[filter-name='a/b]c']/init-param[param-name=\"it's\"]/*",
            "a[@svns:secretAlias]/b[@class*='JDBC'][text()='']",
        ] {
            assert_eq!(text.parse::<Path>().map(|path| path.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn conditions_are_read_for_what_they_are() {
        let path: Path =
            "x[@a='1'][@b*=\"2\"][@c][!@d][e='3'][text()='4'][text='5']".parse().unwrap();
        let own = str::to_owned;
        let tests = vec![
            Test::Equals(own("a"), own("1")),
            Test::Contains(own("b"), own("2")),
            Test::Has(own("c")),
            Test::Lacks(own("d")),
            Test::Child(own("e"), own("3")),
            Test::Text(own("4")),
            Test::Child(own("text"), own("5")),
        ];
        assert_eq!(path.steps(), [Step { name: Some(own("x")), tests }]);
    }

    #[test]
    fn a_wrong_path_is_refused_with_a_sentence() {
        for wrong in [
            "",
            "/a",
            "a/",
            "a//b",
            "a[",
            "a[]",
            "a[@x",
            "a[@x=1]",
            "a[@x='1]",
            "a[x]",
            "a[@]",
            "a[@x='1'",
            "a[@x='1']b",
            "a b",
            "s:a",
            "a[!x]",
            "a[1]",
            "a[@x~='1']",
            "<a>",
        ] {
            let said = wrong.parse::<Path>().expect_err(wrong);
            assert!(said.starts_with("In the path ") && said.ends_with('.'), "{said}");
        }
    }

    #[test]
    fn the_beginning_of_a_path_is_a_path() {
        let path: Path = "a/b/c".parse().unwrap();
        assert_eq!(path.upto(2).map(|p| p.to_string()), Some("a/b".to_owned()));
        assert_eq!(path.upto(0), None);
    }
}
