//! Walks a path through the tables of a document, and tells at its end either what is there or
//! where the missing rest would belong. It changes nothing.

use super::path::{Only, Part};
use super::tree::{Form, Leaf, Node, Table, Tables};

/// Where a path ends; one per matching entry of the arrays of tables on its way.
pub(super) enum End<'a> {
    Value(&'a Leaf),
    Table(Place<'a>),
    Tables(&'a Tables),
    /// The table that is there, and the parts that are not.
    Missing {
        place: Place<'a>,
        rest: &'a [Part],
    },
    /// Something else stands where a table was expected.
    Blocked {
        at: usize,
        name: &'a str,
        why: &'static str,
    },
}

/// A table and all that matters for writing into it.
#[derive(Clone)]
pub(super) struct Place<'a> {
    pub table: &'a Table,
    /// From the root, without the choice of entries.
    pub names: Vec<&'a str>,
    /// The table whose header the keys stand under.
    pub section: &'a Table,
    /// The entry of an array of tables it belongs to.
    pub entry: Option<&'a Table>,
    /// The braces it stands in.
    pub braces: Option<&'a Table>,
    /// What leads from that header, or from those braces, to the table: dotted names.
    pub prefix: Vec<&'a str>,
}

pub(super) fn seek<'a>(root: &'a Table, parts: &'a [Part]) -> Vec<End<'a>> {
    let (names, prefix) = (Vec::new(), Vec::new());
    let place = Place { table: root, names, section: root, entry: None, braces: None, prefix };
    let mut ends = Vec::new();
    step(place, parts, &mut ends);
    ends
}

fn step<'a>(place: Place<'a>, parts: &'a [Part], ends: &mut Vec<End<'a>>) {
    let Some((part, rest)) = parts.split_first() else {
        ends.push(End::Table(place));
        return;
    };
    let name = part.name.as_str();
    let blocked = |at, why| End::Blocked { at, name, why };
    match (place.table.entry(name), &part.only) {
        (None, _) => ends.push(End::Missing { place, rest: parts }),
        (Some(Node::Leaf(leaf)), None) if rest.is_empty() => ends.push(End::Value(leaf)),
        (Some(Node::Leaf(leaf)), _) => ends.push(blocked(leaf.key_start, "a plain value")),
        (Some(Node::Table(table)), None) => step(place.into_table(name, table), rest, ends),
        (Some(Node::Table(table)), Some(_)) => {
            ends.push(blocked(table.key_start, "one table and not an array of tables"));
        }
        (Some(Node::Tables(tables)), None) if rest.is_empty() => ends.push(End::Tables(tables)),
        (Some(Node::Tables(tables)), None) => {
            ends.push(blocked(tables.key_start, "an array of tables, and no entry is chosen"));
        }
        (Some(Node::Tables(tables)), Some(only)) => {
            let before = ends.len();
            for table in tables.entries.iter().filter(|table| only.takes(table)) {
                step(place.clone().into_entry(name, table), rest, ends);
            }
            if ends.len() == before {
                ends.push(End::Missing { place, rest: parts });
            }
        }
    }
}

impl Only {
    fn takes(&self, table: &Table) -> bool {
        table.leaf(&self.key).is_some_and(|leaf| leaf.text == self.value)
    }
}

impl<'a> Place<'a> {
    fn into_table(mut self, name: &'a str, table: &'a Table) -> Self {
        self.table = table;
        self.names.push(name);
        match table.form {
            Form::Dotted => self.prefix.push(name),
            Form::Root | Form::Header(_) => {
                self.section = table;
                self.prefix.clear();
            }
            Form::Implied => self.prefix.clear(),
            Form::Braces(_) => {
                self.braces = Some(table);
                self.prefix.clear();
            }
        }
        self
    }

    fn into_entry(self, name: &'a str, table: &'a Table) -> Self {
        Self { entry: Some(table), ..self.into_table(name, table) }
    }
}
