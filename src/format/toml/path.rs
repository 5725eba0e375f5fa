//! Names a place in `deployment.toml`: a dotted key whose parts may choose an entry of an array
//! of tables. It knows nothing of any document.

use std::fmt;
use std::str::FromStr;

/// The way to a key, such as `tomcat.filter[name='HardenHSTS'].init_params.hstsEnabled`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Path(Vec<Part>);

/// One step of a [`Path`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Part {
    /// The key, unquoted.
    pub name: String,
    /// Which entries of an array of tables are meant; nothing for a plain table or key.
    pub only: Option<Only>,
}

/// Chooses the entries of an array of tables in which a key has a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Only {
    /// The key inside the entry, one name per part, unquoted.
    pub key: Vec<String>,
    pub value: String,
}

impl Path {
    /// Builds a path from its parts; none for an empty list.
    pub fn new(parts: Vec<Part>) -> Option<Self> {
        (!parts.is_empty()).then_some(Self(parts))
    }

    /// Builds a path of plain keys from their unquoted names; none for an empty list.
    pub fn of_names<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Option<Self> {
        Self::new(names.into_iter().map(|name| Part { name: name.into(), only: None }).collect())
    }

    /// Gives the parts; there is at least one.
    pub fn parts(&self) -> &[Part] {
        &self.0
    }

    /// Writes the flat key under which wso2/config-mapper knows the place.
    ///
    /// Arrays of tables stay lists there, so the key ends with the first part that chooses an
    /// entry.
    pub fn flat(&self) -> String {
        let end =
            self.0.iter().position(|part| part.only.is_some()).map_or(self.0.len(), |i| i + 1);
        flat(self.0.iter().take(end).map(|part| part.name.as_str()))
    }
}

/// Joins names to a flat key of wso2/config-mapper: single quotes around a name that needs them.
pub(super) fn flat<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let quoted = |name: &str| {
        if bare(name) { name.to_owned() } else { format!("'{name}'") }
    };
    names.into_iter().map(quoted).collect::<Vec<_>>().join(".")
}

/// Joins names to a dotted TOML key, with the quotes that it needs.
pub(super) fn dotted<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(quoted).collect::<Vec<_>>().join(".")
}

fn quoted(name: &str) -> String {
    if bare(name) {
        name.to_owned()
    } else if name.contains(|c: char| c == '\'' || c.is_control()) {
        super::phrase::basic(name)
    } else {
        format!("'{name}'")
    }
}

fn bare(name: &str) -> bool {
    !name.is_empty() && name.chars().all(is_bare)
}

fn is_bare(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, part) in self.0.iter().enumerate() {
            let dot = if at == 0 { "" } else { "." };
            write!(f, "{dot}{}", quoted(&part.name))?;
            if let Some(only) = &part.only {
                let key = dotted(only.key.iter().map(String::as_str));
                let plain = !only.value.contains(|c: char| c == '\'' || c.is_control());
                let value = if plain {
                    format!("'{}'", only.value)
                } else {
                    super::phrase::basic(&only.value)
                };
                write!(f, "[{key}={value}]")?;
            }
        }
        Ok(())
    }
}

impl FromStr for Path {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut rest = Rest { whole: text, left: text };
        let mut parts = Vec::new();
        loop {
            let name = rest.name()?;
            let only = if rest.eat('[') {
                let key = rest.names()?;
                rest.expect('=')?;
                let value = rest.string()?;
                rest.expect(']')?;
                Some(Only { key, value })
            } else {
                None
            };
            parts.push(Part { name, only });
            if rest.left.is_empty() {
                return Ok(Self(parts));
            }
            rest.expect('.')?;
        }
    }
}

/// What is left to read of a path.
struct Rest<'a> {
    whole: &'a str,
    left: &'a str,
}

impl Rest<'_> {
    fn names(&mut self) -> Result<Vec<String>, String> {
        let mut names = vec![self.name()?];
        while self.eat('.') {
            names.push(self.name()?);
        }
        Ok(names)
    }

    fn name(&mut self) -> Result<String, String> {
        if self.left.starts_with(['\'', '"']) {
            return self.string();
        }
        let end = self.left.find(|c| !is_bare(c)).unwrap_or(self.left.len());
        let (name, left) = self.left.split_at(end);
        if name.is_empty() {
            return Err(self.wrong("a key is expected"));
        }
        self.left = left;
        Ok(name.to_owned())
    }

    fn string(&mut self) -> Result<String, String> {
        let mut chars = self.left.char_indices();
        let quote = match chars.next() {
            Some((_, quote @ ('\'' | '"'))) => quote,
            _ => return Err(self.wrong("a quoted text is expected")),
        };
        let mut out = String::new();
        while let Some((at, c)) = chars.next() {
            match c {
                c if c == quote => {
                    self.left = &self.left[at + 1..];
                    return Ok(out);
                }
                '\\' if quote == '"' => match chars.next() {
                    Some((_, c @ ('"' | '\\'))) => out.push(c),
                    Some((_, 't')) => out.push('\t'),
                    _ => return Err(self.wrong("only \\\", \\\\ and \\t may follow a backslash")),
                },
                c => out.push(c),
            }
        }
        Err(self.wrong("the closing quote is missing"))
    }

    fn eat(&mut self, c: char) -> bool {
        self.left.strip_prefix(c).map(|left| self.left = left).is_some()
    }

    fn expect(&mut self, c: char) -> Result<(), String> {
        if self.eat(c) { Ok(()) } else { Err(self.wrong(&format!("'{c}' is expected"))) }
    }

    fn wrong(&self, what: &str) -> String {
        let at = self.whole.len() - self.left.len() + 1;
        format!("the key `{}` is not well formed: {what} at character {at}", self.whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_written_as_it_was_read() {
        for text in [
            "server.offset",
            "passthru_http.'http.origin-server'",
            "tomcat.filter[name='HardenHSTS'].init_params.hstsEnabled",
            "catalina.valves[properties.className='a.b.C'].properties.className",
            "a.\"it's\".b[k=\"it's\"]",
        ] {
            assert_eq!(text.parse::<Path>().map(|path| path.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn a_flat_key_quotes_what_needs_it_and_ends_with_the_array() {
        let flat = |text: &str| text.parse::<Path>().map(|path| path.flat());
        assert_eq!(flat("a.\"b.c\""), Ok("a.'b.c'".into()));
        assert_eq!(flat("tomcat.filter[name='x'].class"), Ok("tomcat.filter".into()));
    }

    #[test]
    fn a_path_that_is_not_well_formed_is_refused_with_the_place() {
        for text in
            ["", "a..b", "a.", "a b", "a[name]", "a[name='x'", "a['b", "a[b=c]", "a.b]", "'a"]
        {
            let told = text.parse::<Path>().expect_err(text);
            assert!(told.contains("at character"), "{told}");
        }
    }
}
