//! XML in place: where elements, attributes and texts are, to the byte, and the edits that change
//! them.
//!
//! A document is never printed again, so comments, quotes, line ends and layout survive. Entities
//! are never expanded and nothing is ever fetched; a text that asks for either is refused.

mod branch;
mod chars;
mod create;
mod edit;
mod guard;
mod path;
pub mod second;
mod tree;

pub use branch::Leaf;
pub use path::{Path, Step};

use super::{Fault, Value};
use chars::{BLANK, Site, blank};
use encoding_rs::Encoding;
use path::Test;
use std::borrow::Cow;
use std::ops::Range;
use tree::{Node, Tree};

/// A parsed document with its text.
#[derive(Debug)]
pub struct Document {
    text: Vec<u8>,
    /// Nothing for UTF-8.
    encoding: Option<&'static Encoding>,
    tree: Tree,
}

/// An element of one [`Document`]; the order is that of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Element(u32);

impl Document {
    /// Parses a text, a byte order mark included.
    ///
    /// # Errors
    /// A [`Fault`] for a text that is not well-formed, larger than 8 MiB, more than 200 elements
    /// deep, in UTF-16, or that declares entities or other markup.
    pub fn parse(text: &[u8]) -> Result<Self, Fault> {
        let encoding = guard::admit(text)?;
        let tree = match std::str::from_utf8(text) {
            Ok(text) => Tree::grow(text)?,
            // A shadow of the same length has the same ranges.
            Err(_) => Tree::grow(
                &text
                    .iter()
                    .map(|&b| if b.is_ascii() { char::from(b) } else { 'x' })
                    .collect::<String>(),
            )?,
        };
        Ok(Self { text: text.to_vec(), encoding, tree })
    }

    /// The bytes that were parsed.
    pub fn source(&self) -> &[u8] {
        &self.text
    }

    /// Finds the elements that a path names, in document order.
    pub fn select(&self, path: &Path) -> Vec<Element> {
        let (found, matched) = self.missing_from(path);
        if matched == path.steps().len() { found } else { Vec::new() }
    }

    /// Finds the elements that a path names below an element, in document order.
    pub fn select_below(&self, parent: Element, path: &Path) -> Vec<Element> {
        path.steps().iter().fold(vec![parent], |found, step| {
            let children = found.iter().flat_map(|&parent| self.children(parent));
            children.filter(|&child| self.fits(child, step)).collect()
        })
    }

    /// Finds the elements that all steps but the last name; none for a path of one step.
    pub fn select_parents(&self, path: &Path) -> Vec<Element> {
        path.upto(path.steps().len() - 1).map_or_else(Vec::new, |parents| self.select(&parents))
    }

    /// Finds the elements that the longest matching beginning of a path names, and how many steps
    /// that is; no elements and zero where the root is another.
    pub fn missing_from(&self, path: &Path) -> (Vec<Element>, usize) {
        let mut found: Vec<Element> = Vec::new();
        for (matched, step) in path.steps().iter().enumerate() {
            let next: Vec<Element> = match matched {
                0 => Some(Element(0)).into_iter().filter(|&root| self.fits(root, step)).collect(),
                _ => found
                    .iter()
                    .flat_map(|&parent| self.children(parent))
                    .filter(|&child| self.fits(child, step))
                    .collect(),
            };
            if next.is_empty() {
                return (found, matched);
            }
            found = next;
        }
        (found, path.steps().len())
    }

    /// Reads an attribute; the range is that of the raw value between the quotes.
    ///
    /// A name with a prefix is matched as it is written, one without a prefix by local name too.
    pub fn attribute(&self, element: Element, name: &str) -> Option<Value> {
        let attribute = self.find_attribute(element, name)?;
        let text = self.seen(attribute.value.clone(), Site::Attribute).into_owned();
        Some(Value { text, range: attribute.value.clone() })
    }

    /// Reads the trimmed text of an element; nothing where it has child elements.
    ///
    /// The range is that of the trimmed raw bytes; it is empty for an empty text.
    pub fn text(&self, element: Element) -> Option<Value> {
        let node = self.node(element);
        if node.first.is_some() {
            return None;
        }
        let mut range: Option<Range<usize>> = None;
        let mut text = String::new();
        for (piece, kind) in self.pieces(element) {
            let raw = match kind {
                Piece::Aside => continue,
                Piece::Text => self.trimmed(piece.clone()),
                Piece::Data => piece.clone(),
            };
            match kind {
                Piece::Data => text += &self.seen(piece.start + 9..piece.end - 3, Site::Data),
                _ => text += &self.seen(piece, Site::Text),
            }
            if !raw.is_empty() {
                range = Some(range.map_or(raw.clone(), |range| range.start..raw.end));
            }
        }
        let range = range.unwrap_or(node.open.end..node.open.end);
        Some(Value { text: text.trim_matches(BLANK).to_owned(), range })
    }

    /// The offset of the `<` that an element starts with.
    pub fn start(&self, element: Element) -> usize {
        self.node(element).open.start
    }

    /// The name of an element without its prefix.
    pub fn local_name(&self, element: Element) -> Cow<'_, str> {
        self.seen(self.local(self.node(element).name.clone()), Site::Data)
    }

    fn node(&self, element: Element) -> &Node {
        &self.tree.nodes[element.0 as usize]
    }

    fn children(&self, parent: Element) -> impl Iterator<Item = Element> {
        let first = self.node(parent).first;
        std::iter::successors(first, |&child| self.tree.nodes[child as usize].next).map(Element)
    }

    fn seen(&self, range: Range<usize>, site: Site) -> Cow<'_, str> {
        chars::seen(&self.text[range], self.encoding, site)
    }

    /// Cuts the prefix off the range of a name.
    fn local(&self, name: Range<usize>) -> Range<usize> {
        let colon = self.text[name.clone()].iter().position(|&b| b == b':');
        name.start + colon.map_or(0, |at| at + 1)..name.end
    }

    fn trimmed(&self, range: Range<usize>) -> Range<usize> {
        let bytes = &self.text[range.clone()];
        let start = bytes.iter().position(|&b| !blank(b)).unwrap_or(bytes.len());
        let end = bytes.iter().rposition(|&b| !blank(b)).map_or(start, |at| at + 1);
        range.start + start..range.start + end
    }

    fn find_attribute(&self, element: Element, name: &str) -> Option<&tree::Attribute> {
        let all = &self.tree.attributes[self.node(element).attributes.clone()];
        let raw = |range: Range<usize>| &self.text[range];
        all.iter().find(|it| raw(it.name.clone()) == name.as_bytes()).or_else(|| {
            all.iter().find(|it| {
                !raw(it.name.clone()).starts_with(b"xmlns:")
                    && raw(self.local(it.name.clone())) == name.as_bytes()
            })
        })
    }

    fn fits(&self, element: Element, step: &Step) -> bool {
        let named = |name: &str| self.local_name(element) == name;
        step.name.as_deref().is_none_or(named)
            && step.tests.iter().all(|test| self.passes(element, test))
    }

    fn passes(&self, element: Element, test: &Test) -> bool {
        let attribute = |name| {
            let found = self.find_attribute(element, name)?;
            Some(self.seen(found.value.clone(), Site::Attribute))
        };
        let reads = |element, value: &str| self.text(element).is_some_and(|it| it.text == value);
        match test {
            Test::Equals(name, value) => attribute(name).is_some_and(|it| it == *value),
            Test::Contains(name, part) => attribute(name).is_some_and(|it| it.contains(part)),
            Test::Has(name) => attribute(name).is_some(),
            Test::Lacks(name) => attribute(name).is_none(),
            Test::Child(name, value) => self
                .children(element)
                .any(|child| self.local_name(child) == *name && reads(child, value)),
            Test::Text(value) => reads(element, value),
        }
    }

    /// Splits what stands between the tags of an element without child elements.
    fn pieces(&self, element: Element) -> Vec<(Range<usize>, Piece)> {
        let node = self.node(element);
        let inner = &self.text[node.open.end..node.close.start];
        let mut pieces = Vec::new();
        let mut at = 0;
        while at < inner.len() {
            let rest = &inner[at..];
            let (kind, end): (_, &[u8]) = match rest {
                [b'<', b'!', b'-', ..] => (Piece::Aside, b"-->"),
                [b'<', b'!', ..] => (Piece::Data, b"]]>"),
                [b'<', ..] => (Piece::Aside, b"?>"),
                _ => (Piece::Text, b"<"),
            };
            let len = match kind {
                Piece::Text => guard::find(rest, end).unwrap_or(rest.len()),
                // `<!-->` is no comment, so the end is looked for behind the start.
                _ => guard::find(&rest[2..], end).map_or(rest.len(), |n| 2 + n + end.len()),
            };
            pieces.push((node.open.end + at..node.open.end + at + len, kind));
            at += len;
        }
        pieces
    }
}

/// What stands between two tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Text,
    /// A CDATA section, its marks included.
    Data,
    /// A comment or a processing instruction.
    Aside,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8], path: &str) -> Vec<Option<String>> {
        let document = Document::parse(text).unwrap();
        let found = document.select(&path.parse().unwrap());
        found.iter().map(|&element| document.text(element).map(|value| value.text)).collect()
    }

    #[test]
    fn only_live_elements_match() {
        let text = b"<a><!-- <b>twin</b> --><b>live</b><!--b>half</b--><![CDATA[<b>data</b>]]></a>";
        assert_eq!(read(text, "a/b"), [Some("live".to_owned())]);
    }

    #[test]
    fn conditions_choose_among_siblings() {
        let text = b"<x:r xmlns:x='u'><e k='a b'>1</e><e k='b' s=''><n> v </n></e><f>2</f></x:r>";
        for (path, count) in [
            ("r/e", 2),
            ("r/*", 3),
            ("*/*/n", 1),
            ("r/e[@k='b']", 1),
            ("r/e[@k*='b']", 2),
            ("r/e[@s]", 1),
            ("r/*[!@k]", 1),
            ("r/e[n='v']", 1),
            ("r/e[n='w']", 0),
            ("r/*[text()='2']", 1),
            ("r/e[@k*='a'][@s]", 0),
            ("e", 0),
            ("r/r", 0),
        ] {
            assert_eq!(read(text, path).len(), count, "{path}");
        }
    }

    #[test]
    fn the_text_is_what_a_reader_sees_and_the_range_is_trimmed() {
        let text =
            b"<r><a/><b></b><c> x <!-- y --></c><d>\n <![CDATA[<p>]]>&amp;\n</d><e><f/></e></r>";
        let document = Document::parse(text).unwrap();
        let values: Vec<_> = document
            .select(&"r/*".parse().unwrap())
            .into_iter()
            .map(|element| document.text(element).map(|v| (v.text, &text[v.range])))
            .collect();
        let some = |value: &str, raw: &'static [u8]| Some((value.to_owned(), raw));
        assert_eq!(
            values,
            [
                some("", b""),
                some("", b""),
                some("x", b"x"),
                some("<p>&", b"<![CDATA[<p>]]>&amp;"),
                None
            ]
        );
    }

    #[test]
    fn attributes_are_found_by_written_or_local_name() {
        let text = b"<a xmlns:s='u' s:x='1&quot;' x = \"2\" s:y='3'/>";
        let document = Document::parse(text).unwrap();
        let read = |name| document.attribute(Element(0), name).map(|value| value.text);
        assert_eq!(read("s:x").as_deref(), Some("1\""));
        assert_eq!(read("x").as_deref(), Some("2"));
        assert_eq!(read("y").as_deref(), Some("3"));
        assert_eq!((read("s"), read("t:x")), (None, None));
        assert_eq!(document.attribute(Element(0), "x").map(|v| &text[v.range]), Some(&b"2"[..]));
    }

    #[test]
    fn latin_bytes_are_read_by_the_declaration_and_ranges_stay_true() {
        let text = b"<?xml version='1.0' encoding='ISO-8859-1'?><a><!-- \xE9\xE9 --><b k='\xFC'>caf\xE9</b></a>";
        assert_eq!(read(text, "a/b[@k='\u{FC}']"), [Some("café".to_owned())]);
        let document = Document::parse(text).unwrap();
        let b = document.select(&"a/b".parse().unwrap())[0];
        assert_eq!(&text[document.text(b).unwrap().range], b"caf\xE9");
    }

    #[test]
    fn a_byte_order_mark_counts_in_ranges() {
        let text = "\u{FEFF}<?xml version='1.0'?>\n<a>b</a>".as_bytes();
        let document = Document::parse(text).unwrap();
        assert_eq!(&text[document.text(Element(0)).unwrap().range], b"b");
    }

    #[test]
    fn stray_text_between_elements_hides_none() {
        // The comment of user-mgt.xml lacks its `<` from kernel 4.4.37 on.
        let text = b"<UserManager><Realm><A>1</A>\n!-- Enable <B>2</B> -->\n<C>3</C></Realm></UserManager>";
        assert_eq!(read(text, "UserManager/Realm/*").len(), 3);
        assert_eq!(read(text, "UserManager/Realm"), [None]);
    }

    #[test]
    fn what_is_missing_is_told_from_the_deepest_place_that_is_there() {
        let document = Document::parse(b"<r><a/><a><b/></a></r>").unwrap();
        let missing = |path: &str| document.missing_from(&path.parse().unwrap());
        assert_eq!(missing("r/a/c/d"), (vec![Element(1), Element(2)], 2));
        assert_eq!(missing("r/a/b"), (vec![Element(3)], 3));
        assert_eq!(missing("s/a"), (vec![], 0));
        assert_eq!(document.select_parents(&"r/a/c".parse().unwrap()).len(), 2);
    }
}
