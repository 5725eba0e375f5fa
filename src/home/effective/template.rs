//! Which keys a Jinja template reads. It looks at names in expressions only and interprets
//! nothing; text outside of `{{ }}` and `{% %}` reads no key.

use std::collections::HashMap;

/// One template and the names in it.
pub(super) struct Template {
    name: String,
    /// Whether a name is read as a whole somewhere, and not just tested for being there.
    reads: HashMap<Vec<String>, bool>,
}

/// Methods that read all of a table when called without parentheses too.
const WHOLE: [&str; 4] = ["items", "iteritems", "toList", "values"];

impl Template {
    pub fn new(name: &str, text: &str) -> Self {
        let mut reads = HashMap::new();
        for expression in expressions(text) {
            Reader { left: expression }.read(&mut reads);
        }
        Self { name: name.to_owned(), reads }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Tells whether the template reads a key, or the whole of a table that it is in.
    pub fn reads(&self, names: &[String]) -> bool {
        let whole = |depth| self.reads.get(names.get(..depth).unwrap_or_default()) == Some(&true);
        self.reads.contains_key(names) || (1..names.len()).any(whole)
    }
}

fn expressions(text: &str) -> impl Iterator<Item = &str> {
    let mut left = text;
    std::iter::from_fn(move || {
        loop {
            left = left.get(left.find('{')? + 1..)?;
            let close = match left.as_bytes().first() {
                Some(b'{') => "}}",
                Some(b'%') => "%}",
                Some(b'#') => "#}",
                _ => continue,
            };
            let inside = left.get(1..)?;
            let end = inside.find(close)?;
            left = inside.get(end + 2..)?;
            if close != "#}" {
                return inside.get(..end);
            }
        }
    })
}

struct Reader<'a> {
    left: &'a str,
}

impl<'a> Reader<'a> {
    fn read(mut self, reads: &mut HashMap<Vec<String>, bool>) {
        // An attribute of a result, as in `f(x).y`, is no name of its own.
        let mut behind = ' ';
        while let Some(c) = self.left.chars().next() {
            if c == '"' || c == '\'' {
                self.quoted(c);
            } else if (c.is_ascii_alphabetic() || c == '_') && behind != '.' {
                let (names, whole) = self.names();
                if WHOLE.iter().any(|method| names.last().is_some_and(|name| name == method)) {
                    let table = names.split_last().map_or(&[][..], |(_, table)| table);
                    reads.insert(table.to_vec(), true);
                }
                *reads.entry(names).or_default() |= whole;
            } else if c.is_ascii_alphanumeric() || c == '_' {
                self.word();
            } else {
                self.left = self.left.get(c.len_utf8()..).unwrap_or_default();
            }
            behind = c;
        }
    }

    /// Reads a dotted name, and whether it is more than a test for being there.
    fn names(&mut self) -> (Vec<String>, bool) {
        let mut names = vec![self.word().to_owned()];
        loop {
            if let Some(rest) = self.left.strip_prefix('.')
                && rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
            {
                self.left = rest;
                names.push(self.word().to_owned());
            } else if let Some(rest) = self.left.strip_prefix('[')
                && let Some(quote @ ('"' | '\'')) = rest.chars().next()
            {
                self.left = rest;
                names.push(self.quoted(quote).to_owned());
                self.left = self.left.strip_prefix(']').unwrap_or(self.left);
            } else {
                break;
            }
        }
        if self.left.starts_with('(') {
            names.pop();
        }
        let tested = self.left.trim_start().strip_prefix("is").is_some_and(|rest| {
            rest.trim_start().starts_with("defined") || rest.trim_start().starts_with("not defined")
        });
        (names, !tested)
    }

    /// Reads a name; a hyphen counts when it joins two letters, as in `bind-address`.
    fn word(&mut self) -> &'a str {
        let joins = |at: usize| {
            self.left
                .get(at + 1..)
                .is_some_and(|next| next.starts_with(|c: char| c.is_ascii_alphabetic()))
        };
        let end = self.left.char_indices().find(|&(at, c)| {
            !(c.is_ascii_alphanumeric() || c == '_' || c == '-' && at > 0 && joins(at))
        });
        let (word, left) = self.left.split_at(end.map_or(self.left.len(), |(at, _)| at));
        self.left = left;
        word
    }

    fn quoted(&mut self, quote: char) -> &'a str {
        let inside = self.left.get(1..).unwrap_or_default();
        let (text, left) = inside.split_once(quote).unwrap_or((inside, ""));
        self.left = left;
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(text: &str, key: &str) -> bool {
        let names: Vec<String> = key.split('/').map(str::to_owned).collect();
        Template::new("t.j2", text).reads(&names)
    }

    #[test]
    fn a_key_is_read_by_its_name() {
        assert!(reads("<Offset>{{server.offset|default('0')}}</Offset>", "server/offset"));
        assert!(reads("{% if a.b['c.d'] == 'x' %}", "a/b/c.d"));
        assert!(reads("{{ a.bind-address }}", "a/bind-address"));
        assert!(reads("{% if tomcat.filter is defined %}", "tomcat/filter"));
        for text in [
            "server.offset",
            "{# {{server.offset}} #}",
            "{{ x('server.offset') }}",
            "{{ my.server.offset }}",
        ] {
            assert!(!reads(text, "server/offset"), "{text}");
        }
    }

    #[test]
    fn a_key_is_read_with_the_whole_of_its_table() {
        for text in [
            "{{ transport.https.properties }}",
            "{% for p,v in transport.https.properties.items() %}",
            "{% for p in transport.https.properties.toList %}",
            "{%if transport.https.properties|length > 1%}",
        ] {
            assert!(reads(text, "transport/https/properties/server"), "{text}");
        }
    }

    #[test]
    fn a_table_of_which_another_key_is_read_is_not_read() {
        let key = "transport/https/properties/server";
        for text in [
            "{{ transport.https.enabled }}",
            "{{ transport.https.properties.port }}",
            "{% if transport.https is defined %}",
            "{{ transport.https.propertiesX }}",
        ] {
            assert!(!reads(text, key), "{text}");
        }
    }

    #[test]
    fn a_template_that_breaks_off_is_read_as_far_as_it_goes() {
        for text in ["{{ a.b", "{", "{%", "{{ a[' }}", "{{ a. }}", "{{ é.b }}", "{{ 'a }}"] {
            Template::new("t", text);
        }
    }
}
