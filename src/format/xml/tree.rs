//! The element tree of a document as byte ranges of its text.
//!
//! roxmltree says what is well-formed and where each element starts and ends; the tags themselves
//! are measured here, because their quotes and blanks are needed to the byte. Holds no text.

use super::chars::blank;
use crate::format::Fault;
use std::ops::Range;

/// Shipped configurations have some thousand nodes; proving an edit of this many takes 140 MB.
const NODES: u32 = 100_000;

/// The byte ranges of one element.
#[derive(Debug)]
pub(super) struct Node {
    /// The qualified name in the start tag.
    pub name: Range<usize>,
    /// The start tag from `<` to behind `>`.
    pub open: Range<usize>,
    /// The end tag; empty and directly behind the start tag where that closes itself.
    pub close: Range<usize>,
    pub parent: Option<u32>,
    pub first: Option<u32>,
    pub next: Option<u32>,
    /// Its part of [`Tree::attributes`].
    pub attributes: Range<usize>,
}

/// The byte ranges of one attribute.
#[derive(Debug)]
pub(super) struct Attribute {
    /// The qualified name.
    pub name: Range<usize>,
    /// The raw value between the quotes.
    pub value: Range<usize>,
}

/// All elements in document order, the root first, and all their attributes.
#[derive(Debug)]
pub(super) struct Tree {
    pub nodes: Vec<Node>,
    pub attributes: Vec<Attribute>,
}

impl Tree {
    /// Measures a text that the guards admitted.
    ///
    /// # Errors
    /// A [`Fault`] where the text is not well-formed.
    pub fn grow(text: &str) -> Result<Self, Fault> {
        let options = roxmltree::ParsingOptions {
            allow_dtd: true,
            nodes_limit: NODES,
            ..roxmltree::ParsingOptions::default()
        };
        let parsed = roxmltree::Document::parse_with_options(text, options)
            .map_err(|error| malformed(text, &error))?;
        let mut tree = Self { nodes: Vec::new(), attributes: Vec::new() };
        // The elements around the current one, each with its latest child.
        let mut around: Vec<(u32, usize, Option<u32>)> = Vec::new();
        for element in parsed.descendants().filter(roxmltree::Node::is_element) {
            let range = element.range();
            while around.last().is_some_and(|&(_, end, _)| end <= range.start) {
                around.pop();
            }
            let index = tree.nodes.len() as u32;
            let parent = around.last().map(|&(parent, ..)| parent);
            if let Some((parent, _, latest)) = around.last_mut() {
                match latest.replace(index) {
                    Some(elder) => tree.nodes[elder as usize].next = Some(index),
                    None => tree.nodes[*parent as usize].first = Some(index),
                }
            }
            around.push((index, range.end, None));
            tree.measure(text.as_bytes(), range, parent);
        }
        Ok(tree)
    }

    /// Adds the element at a range of a well-formed text.
    fn measure(&mut self, text: &[u8], range: Range<usize>, parent: Option<u32>) {
        let skip = |from: usize, stop: &dyn Fn(u8) -> bool| {
            text[from..range.end].iter().position(|&b| stop(b)).map_or(range.end, |n| from + n)
        };
        let first = self.attributes.len();
        let name = range.start + 1..skip(range.start + 1, &|b| blank(b) || b == b'/' || b == b'>');
        let mut at = skip(name.end, &|b| !blank(b));
        while at < range.end && !matches!(text[at], b'/' | b'>') {
            let key = at..skip(at, &|b| blank(b) || b == b'=');
            let quote = skip(key.end, &|b| b == b'"' || b == b'\'');
            let value = (quote + 1).min(range.end);
            let value = value..skip(value, &|b| b == text[quote]);
            at = skip((value.end + 1).min(range.end), &|b| !blank(b));
            self.attributes.push(Attribute { name: key, value });
        }
        let open = range.start..(skip(at, &|b| b == b'>') + 1).min(range.end);
        let close = match open.end == range.end {
            true => range.end,
            false => {
                let tag = text[open.end..range.end].iter().rposition(|&b| b == b'<');
                tag.map_or(range.end, |n| open.end + n)
            }
        };
        self.nodes.push(Node {
            name,
            open,
            close: close..range.end,
            parent,
            first: None,
            next: None,
            attributes: first..self.attributes.len(),
        });
    }
}

fn malformed(text: &str, error: &roxmltree::Error) -> Fault {
    if matches!(error, roxmltree::Error::NodesLimitReached) {
        let reason = format!("the file has more than {NODES} elements, texts and comments");
        return Fault::at(b"", 0, reason, "Look at the file by hand; harden leaves it alone.");
    }
    let at = error.pos();
    let (line, column) = (at.row as usize, at.col as usize);
    let said = error.to_string();
    let said = said.strip_suffix(&format!(" at {line}:{column}")).unwrap_or(&said);
    // The reader counts columns in characters, positions are in bytes.
    let before = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    let column =
        before.chars().take(column.saturating_sub(1)).map(char::len_utf8).sum::<usize>() + 1;
    Fault {
        at: crate::text::Position { line, column },
        reason: format!("this is not well-formed XML: {said}"),
        hint: "Repair the file, or restore it from the product's distribution.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece<'t>(text: &'t str, range: &Range<usize>) -> &'t str {
        &text[range.clone()]
    }

    #[test]
    fn tags_are_measured_to_the_byte() {
        let text = "<!--<x>--><a\n b = '>/'\tc=\"it's\"\n><x:d xmlns:x='u' /><e></e\n></a >\n";
        let tree = Tree::grow(text).unwrap();
        let [a, d, e] = &tree.nodes[..] else { panic!("three elements") };
        assert_eq!(piece(text, &a.open), "<a\n b = '>/'\tc=\"it's\"\n>");
        assert_eq!(piece(text, &a.close), "</a >");
        assert_eq!(piece(text, &d.name), "x:d");
        assert_eq!(piece(text, &d.open), "<x:d xmlns:x='u' />");
        assert!(d.close.is_empty());
        assert_eq!(piece(text, &e.close), "</e\n>");
        let pairs: Vec<_> = tree.attributes[a.attributes.clone()]
            .iter()
            .map(|at| (piece(text, &at.name), piece(text, &at.value)))
            .collect();
        assert_eq!(pairs, [("b", ">/"), ("c", "it's")]);
        assert_eq!((a.first, d.next, e.next), (Some(1), Some(2), None));
        assert_eq!((d.parent, e.parent, a.parent), (Some(0), Some(0), None));
    }

    #[test]
    fn a_crowd_of_nodes_is_refused() {
        let crowd = |count: usize| format!("<r>{}</r>", "<a/>".repeat(count));
        assert!(Tree::grow(&crowd(90_000)).is_ok());
        assert!(Tree::grow(&crowd(100_000)).unwrap_err().reason.contains("more than 100000"));
    }

    #[test]
    fn a_fault_names_line_and_column() {
        let fault = Tree::grow("<a>\n é</b>").unwrap_err();
        assert_eq!((fault.at.line, fault.at.column), (2, 4));
        assert!(fault.reason.starts_with("this is not well-formed XML: "), "{}", fault.reason);
        for wrong in ["", "<a/><b/>", "<a b='1' b='2'/>", "<a>&nbsp;</a>", "text", "<a><b></a>"] {
            assert!(Tree::grow(wrong).is_err(), "{wrong}");
        }
    }
}
