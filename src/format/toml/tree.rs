//! The tables and values of a document with the bytes that write them. Built once by a walk over
//! toml_edit's spans; only the tree is kept. What the walk sees on its way and the server would
//! not read is noted as a fault.

use super::{Kind, lint};
use crate::format::Fault;
use std::ops::Range;
use toml_edit::{InlineTable, Item, TableLike, Value};

pub(super) enum Node {
    Leaf(Leaf),
    Table(Table),
    Tables(Tables),
}

/// A key with a scalar or an array.
pub(super) struct Leaf {
    pub kind: Kind,
    pub text: String,
    pub range: Range<usize>,
    pub key_start: usize,
}

pub(super) struct Table {
    pub form: Form,
    pub key_start: usize,
    pub entries: Vec<(String, Node)>,
}

/// An array of tables, under headers of its own or in brackets.
pub(super) struct Tables {
    pub entries: Vec<Table>,
    pub range: Range<usize>,
    pub key_start: usize,
}

/// How a table is written down.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// The document itself.
    Root,
    /// A header of its own, `[a.b]` or `[[a.b]]`.
    Header(Range<usize>),
    /// Nothing but the headers of its sub-tables.
    Implied,
    /// Dotted keys.
    Dotted,
    /// Braces.
    Braces(Range<usize>),
}

/// One header and where it stands.
pub(super) struct Section {
    pub header: Range<usize>,
    pub names: Vec<String>,
    pub array: bool,
    /// The start of the array entry that it belongs to, its own left out; 0 for none.
    pub entry: usize,
    /// Where the last thing that is written under it ends; the header itself if there is nothing.
    pub end: usize,
}

pub(super) struct Read {
    pub root: Table,
    /// In the order of the text.
    pub sections: Vec<Section>,
    pub faults: Vec<Fault>,
}

/// Walks a parsed document; its depth is bounded by toml_edit's own limit.
pub(super) fn read(text: &str, document: &toml_edit::Table) -> Read {
    let (names, sections, faults) = (Vec::new(), Vec::new(), Vec::new());
    let mut walk = Walk { text, names, entry: 0, sections, faults };
    let entries = walk.entries(document, None);
    let mut sections = walk.sections;
    sections.sort_by_key(|section| section.header.start);
    let mut faults = walk.faults;
    lint::headers(text, &sections, &mut faults);
    faults.sort_by_key(|fault| fault.at);
    Read { root: Table { form: Form::Root, key_start: 0, entries }, sections, faults }
}

impl Table {
    pub fn entry(&self, name: &str) -> Option<&Node> {
        self.entries.iter().find(|(key, _)| key == name).map(|(_, node)| node)
    }

    /// Follows plain names to a value.
    pub fn leaf(&self, names: &[String]) -> Option<&Leaf> {
        let (name, rest) = names.split_first()?;
        match self.entry(name)? {
            Node::Leaf(leaf) if rest.is_empty() => Some(leaf),
            Node::Table(table) => table.leaf(rest),
            _ => None,
        }
    }

    /// Gives key start and end of the last thing that is written under this header, or in these
    /// braces, sub-tables with headers of their own left out.
    pub fn last(&self) -> Option<(usize, usize)> {
        let ends = self.entries.iter().filter_map(|(_, node)| match node {
            Node::Leaf(leaf) => Some((leaf.key_start, leaf.range.end)),
            Node::Table(table) => match &table.form {
                Form::Braces(range) => Some((table.key_start, range.end)),
                Form::Dotted => table.last(),
                Form::Root | Form::Header(_) | Form::Implied => None,
            },
            Node::Tables(tables) => match tables.entries.first().map(|table| &table.form) {
                Some(Form::Braces(_)) => Some((tables.key_start, tables.range.end)),
                _ => None,
            },
        });
        ends.max_by_key(|(_, end)| *end)
    }
}

struct Walk<'a> {
    text: &'a str,
    names: Vec<String>,
    entry: usize,
    sections: Vec<Section>,
    faults: Vec<Fault>,
}

impl Walk<'_> {
    /// Reads the entries of a table; `braces` gives the starts of its values, if it stands in
    /// braces.
    fn entries(&mut self, table: &dyn TableLike, braces: Option<&Braces>) -> Vec<(String, Node)> {
        let mut out = Vec::with_capacity(table.len());
        for (name, item) in table.iter() {
            if let Some(key) = table.key(name) {
                lint::string(self.text, key.span().unwrap_or_default(), &mut self.faults);
            }
            let key = table.key(name).and_then(toml_edit::Key::span).unwrap_or_default().start;
            self.names.push(name.to_owned());
            let node = self.node(item, key, braces);
            self.names.pop();
            out.extend(node.map(|node| (name.to_owned(), node)));
        }
        out
    }

    fn node(&mut self, item: &Item, key: usize, braces: Option<&Braces>) -> Option<Node> {
        match item {
            Item::None => None,
            Item::Value(value) => Some(self.value(value, key, braces)),
            Item::Table(table) => Some(Node::Table(self.table(table, false))),
            Item::ArrayOfTables(tables) => {
                let entries: Vec<_> = tables.iter().map(|table| self.table(table, true)).collect();
                let range = tables.span().unwrap_or_default();
                Some(Node::Tables(Tables { entries, key_start: range.start, range }))
            }
        }
    }

    fn table(&mut self, table: &toml_edit::Table, array: bool) -> Table {
        let span = table.span().unwrap_or_default();
        let form = if table.is_dotted() {
            Form::Dotted
        } else if table.is_implicit() {
            Form::Implied
        } else {
            let (header, names, entry) = (span.clone(), self.names.clone(), self.entry);
            self.sections.push(Section { header, names, array, entry, end: span.end });
            Form::Header(span.clone())
        };
        let (section, outer) = (self.sections.len(), self.entry);
        if array {
            self.entry = span.start;
        }
        let entries = self.entries(table, None);
        self.entry = outer;
        let table = Table { form, key_start: span.start, entries };
        if let (Form::Header(_), Some((_, end))) = (&table.form, table.last())
            && let Some(section) = section.checked_sub(1).and_then(|i| self.sections.get_mut(i))
        {
            section.end = end;
        }
        table
    }

    fn value(&mut self, value: &Value, key: usize, braces: Option<&Braces>) -> Node {
        let range = value.span().unwrap_or_default();
        if let Value::InlineTable(table) = value
            && table.is_dotted()
        {
            let entries = self.entries(table, braces);
            return Node::Table(Table { form: Form::Dotted, key_start: key, entries });
        }
        let key_start = match braces {
            Some(braces) => braces.key_before(self.text, range.start),
            None => line_key(self.text, key),
        };
        match value {
            Value::InlineTable(table) => Node::Table(self.braces(table, range, key_start)),
            Value::Array(array) if of_tables(array) => {
                let entries = array.iter().filter_map(Value::as_inline_table);
                let entries = entries
                    .map(|table| {
                        let span = table.span().unwrap_or_default();
                        self.braces(table, span.clone(), span.start)
                    })
                    .collect();
                Node::Tables(Tables { entries, range, key_start })
            }
            _ => {
                let kind = kind(value);
                Node::Leaf(Leaf { kind, text: self.scalar(value), range, key_start })
            }
        }
    }

    fn braces(&mut self, table: &InlineTable, range: Range<usize>, key_start: usize) -> Table {
        let mut values = Vec::new();
        spans(table, &mut values);
        values.sort_by_key(|span| span.start);
        lint::braces(self.text, &range, &values, &mut self.faults);
        let braces = Braces { open: range.start + 1, values };
        let entries = self.entries(table, Some(&braces));
        Table { form: Form::Braces(range), key_start, entries }
    }

    /// Gives a value as plain text; the elements of an array are joined with commas.
    fn scalar(&mut self, value: &Value) -> String {
        let range = value.span().unwrap_or_default();
        match value {
            Value::String(string) => {
                lint::string(self.text, range, &mut self.faults);
                string.value().clone()
            }
            Value::Array(array) => {
                lint::array(self.text, &range, array, &mut self.faults);
                array.iter().map(|value| self.scalar(value)).collect::<Vec<_>>().join(",")
            }
            Value::InlineTable(table) => {
                self.braces(table, range.clone(), range.start);
                self.text.get(range).unwrap_or_default().to_owned()
            }
            _ => self.text.get(range).unwrap_or_default().to_owned(),
        }
    }
}

/// The values between two braces, in their order.
struct Braces {
    open: usize,
    values: Vec<Range<usize>>,
}

impl Braces {
    /// Finds where the key of a value starts: behind the value before it and the comma.
    fn key_before(&self, text: &str, value: usize) -> usize {
        let index = self.values.partition_point(|span| span.start < value);
        let from = index.checked_sub(1).and_then(|i| self.values.get(i));
        let from = from.map_or(self.open, |span| span.end);
        let gap = text.get(from..value).unwrap_or_default();
        from + (gap.len() - gap.trim_start_matches([' ', '\t', ',', '\r', '\n']).len())
    }
}

fn spans(table: &InlineTable, out: &mut Vec<Range<usize>>) {
    for (_, value) in table.iter() {
        match value {
            Value::InlineTable(table) if table.is_dotted() => spans(table, out),
            _ => out.extend(value.span()),
        }
    }
}

/// Finds where the dotted key of a line starts, given one of its parts.
fn line_key(text: &str, part: usize) -> usize {
    let line = crate::text::line_start(text.as_bytes(), part);
    line + crate::text::indent_at(text.as_bytes(), part).len()
}

fn of_tables(array: &toml_edit::Array) -> bool {
    !array.is_empty() && array.iter().all(Value::is_inline_table)
}

fn kind(value: &Value) -> Kind {
    match value {
        Value::String(_) => Kind::String,
        Value::Integer(_) => Kind::Integer,
        Value::Float(_) => Kind::Float,
        Value::Boolean(_) => Kind::Boolean,
        Value::Datetime(_) => Kind::Datetime,
        Value::Array(_) => Kind::Array,
        Value::InlineTable(_) => Kind::Table,
    }
}
