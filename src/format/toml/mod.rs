//! `deployment.toml` in place: finds keys by their spans and phrases byte edits. It never prints
//! a document, so line ends, comments and spacing stay; it refuses a file that the server's own
//! parser would not survive, and never writes one.

mod edit;
mod insert;
mod lint;
mod path;
mod phrase;
mod remove;
pub mod second;
mod seek;
mod tree;

pub use lint::lint;
pub use path::{Only, Part, Path};

use crate::format::Fault;
use seek::End;
use std::ops::Range;
use tree::{Form, Node, Section, Table};

/// The largest text that is read, in bytes.
pub const MAX: usize = 8 << 20;

/// What stands at a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    String,
    Integer,
    Float,
    Boolean,
    Datetime,
    Array,
    Table,
    /// An array of tables.
    Tables,
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// A scalar as plain text, the elements of an array joined with `,`; empty for tables.
    pub text: String,
    pub kind: Kind,
    /// The bytes of the value, quotes included; the header or braces of a table.
    pub range: Range<usize>,
    /// Where the key starts, its first part for a dotted one.
    pub key_start: usize,
}

/// How a value is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Literal {
    String,
    /// A boolean or an integer.
    Bare,
    /// A list of strings; the value holds them with commas in between.
    Array,
}

/// A `deployment.toml` that the server can read.
pub struct Document {
    text: String,
    root: Table,
    sections: Vec<Section>,
}

impl Document {
    /// Reads a text.
    ///
    /// # Errors
    /// The first fault of [`lint`].
    pub fn parse(text: &[u8]) -> Result<Self, Fault> {
        let (text, read) = lint::parse(text)?;
        match read.faults.into_iter().next() {
            Some(fault) => Err(fault),
            None => Ok(Self { text: text.to_owned(), root: read.root, sections: read.sections }),
        }
    }

    /// Finds the value of a key; the first one where several entries of an array match.
    pub fn value(&self, path: &Path) -> Option<Found> {
        self.values(path).into_iter().next()
    }

    /// Finds the values of a key in all entries that match.
    pub fn values(&self, path: &Path) -> Vec<Found> {
        let ends = seek::seek(&self.root, path.parts());
        ends.into_iter()
            .filter_map(|end| match end {
                End::Value(leaf) => Some(leaf.found()),
                End::Table(place) => Some(place.table.found()),
                End::Tables(tables) => Some(tables.found()),
                End::Missing { .. } | End::Blocked { .. } => None,
            })
            .collect()
    }

    /// Lists every value under its flat key, in the order of the text, as wso2/config-mapper
    /// flattens it; an array of tables is one entry of [`Kind::Tables`].
    pub fn flatten(&self) -> Vec<(String, Found)> {
        let mut out = Vec::new();
        flatten(&self.root, &mut Vec::new(), &mut out);
        out.sort_by_key(|(_, found)| found.key_start);
        out
    }
}

impl tree::Leaf {
    fn found(&self) -> Found {
        let Self { kind, ref text, ref range, key_start } = *self;
        Found { text: text.clone(), kind, range: range.clone(), key_start }
    }
}

impl tree::Tables {
    fn found(&self) -> Found {
        let Self { ref range, key_start, .. } = *self;
        Found { text: String::new(), kind: Kind::Tables, range: range.clone(), key_start }
    }
}

impl Table {
    fn found(&self) -> Found {
        let key_start = self.key_start;
        let range = match &self.form {
            Form::Header(range) | Form::Braces(range) => range.clone(),
            Form::Root | Form::Implied | Form::Dotted => key_start..key_start,
        };
        Found { text: String::new(), kind: Kind::Table, range, key_start }
    }
}

fn flatten<'a>(table: &'a Table, names: &mut Vec<&'a str>, out: &mut Vec<(String, Found)>) {
    for (name, node) in &table.entries {
        names.push(name);
        match node {
            Node::Leaf(leaf) => out.push((path::flat(names.iter().copied()), leaf.found())),
            Node::Tables(tables) => out.push((path::flat(names.iter().copied()), tables.found())),
            Node::Table(table) => flatten(table, names, out),
        }
        names.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "top = 1\n[a.b] # c\nk = 'v' # was \"w\"\n#k2 = 'x'\nd.e = 0x1F\n\
        in = { x.y = true, z = [ \"p\",\n 'q' ] }\n[[t.f]]\nname = 'one'\nq.r = 1.5\n\
        [[t.f]]\nname = 'two'\n[t.f.sub]\n'h.x' = 2020-01-01\n[[t.f]]\nname = 'one'\nq.r = 2\n";

    fn document(text: &str) -> Document {
        Document::parse(text.as_bytes()).expect(text)
    }

    fn path(text: &str) -> Path {
        text.parse().expect(text)
    }

    #[test]
    fn values_are_found_however_their_table_is_written() {
        let document = document(TEXT);
        for (key, text, kind, written) in [
            ("top", "1", Kind::Integer, "top = 1"),
            ("a.b.k", "v", Kind::String, "k = 'v'"),
            ("a.b.d.e", "0x1F", Kind::Integer, "d.e = 0x1F"),
            ("a.b.in.x.y", "true", Kind::Boolean, "x.y = true"),
            ("a.b.in.z", "p,q", Kind::Array, "z = [ \"p\",\n 'q' ]"),
            ("t.f[name='two'].sub.'h.x'", "2020-01-01", Kind::Datetime, "'h.x' = 2020-01-01"),
            ("t.f[q.r='2'].name", "one", Kind::String, "name = 'one'"),
            ("a.b", "", Kind::Table, "[a.b]"),
        ] {
            let found = document.value(&path(key)).expect(key);
            assert_eq!((found.text.as_str(), found.kind), (text, kind), "{key}");
            assert_eq!(&TEXT[found.key_start..found.range.end], written, "{key}");
        }
        assert_eq!(document.values(&path("t.f[name='one'].q.r")).len(), 2);
    }

    #[test]
    fn what_is_commented_out_or_not_there_is_not_found() {
        let document = document(TEXT);
        for key in ["a.b.k2", "a.k", "k", "t.f.name", "t.f[name='x'].name", "a.b[k='v'].k", "top.x"]
        {
            assert_eq!(document.value(&path(key)), None, "{key}");
        }
    }

    #[test]
    fn flattening_gives_the_keys_of_the_config_mapper() {
        let flat = document("[p]\n'x.y' = 1\na.b = 2\nc = { d = 3 }\n[[l]]\nk = 1\n[[l]]\n[q]\n")
            .flatten();
        let keys: Vec<_> = flat.iter().map(|(key, found)| (key.as_str(), found.kind)).collect();
        let int = Kind::Integer;
        assert_eq!(keys, [("p.'x.y'", int), ("p.a.b", int), ("p.c.d", int), ("l", Kind::Tables)]);
    }

    #[test]
    fn a_file_that_the_server_dies_of_is_refused_with_the_place() {
        let fault = Document::parse(b"[a.b]\n[a]\n").map(|_| ()).expect_err("refused");
        assert_eq!((fault.at.line, fault.at.column), (2, 1));
        assert_eq!(fault.hint, "Move [a] before the first [a.…].");
    }
}
