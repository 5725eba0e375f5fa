//! The second reader of XML, on xmltree: it shares no selection and no text reading with the first.
//!
//! It reads and compares; it never writes a file, because xmltree would drop the prefix of
//! `svns:secretAlias`, the document type and every blank.

mod names;
mod trial;

pub use trial::{Intended, Operation, agrees};

use super::Document;
use super::path::{Path, Step, Test};
use crate::format::Fault;
use std::borrow::Cow;
use xmltree::{Element, ParserConfig, XMLNode};

/// Reads, for each element that a path names, its attribute, or its trimmed text.
///
/// An entry is nothing where the attribute is absent or the element holds other elements.
///
/// # Errors
/// A [`Fault`] for a text that either reader refuses.
pub fn values(
    text: &[u8],
    path: &Path,
    attribute: Option<&str>,
) -> Result<Vec<Option<String>>, Fault> {
    let (top, _) = read(text)?;
    let root = root(&top).ok_or_else(|| Fault::at(text, 0, "there is no root element", REPORT))?;
    let mut found: Vec<&Element> =
        path.steps().first().filter(|step| fits(root, step)).map(|_| root).into_iter().collect();
    for step in path.steps().iter().skip(1) {
        found = found.into_iter().flat_map(elements).filter(|child| fits(child, step)).collect();
    }
    let value = |element: &Element| match attribute {
        Some(name) => valued(element, name).map(str::to_owned),
        None => leaf_text(element),
    };
    Ok(found.into_iter().map(value).collect())
}

const REPORT: &str = "The two XML readers disagree on this file; please report it.";

/// Reads all top nodes, and the text as UTF-8; the guards of the first reader come first, because
/// xmltree's stack grows with the depth of the document.
fn read(text: &[u8]) -> Result<(Vec<XMLNode>, String), Fault> {
    let admitted = Document::parse(text)?;
    let decoded = match admitted.encoding {
        Some(encoding) => encoding.decode_without_bom_handling(text).0,
        None => String::from_utf8_lossy(text),
    };
    let decoded =
        decoded.strip_prefix('\u{FEFF}').map(str::to_owned).unwrap_or(decoded.into_owned());
    let config = ParserConfig::new()
        .ignore_comments(false)
        .whitespace_to_characters(true)
        .ignore_invalid_encoding_declarations(true)
        .override_encoding("UTF-8".parse().ok());
    let top = Element::parse_all_with_config(decoded.as_bytes(), config).map_err(|error| {
        Fault::at(text, 0, format!("the second reader refuses the file: {error}"), REPORT)
    })?;
    Ok((top, decoded))
}

fn root(top: &[XMLNode]) -> Option<&Element> {
    top.iter().find_map(XMLNode::as_element)
}

fn elements(parent: &Element) -> impl Iterator<Item = &Element> {
    parent.children.iter().filter_map(XMLNode::as_element)
}

/// Reads an attribute by local name; a key may be qualified as `{namespace}local`.
fn valued<'e>(element: &'e Element, name: &str) -> Option<&'e str> {
    let local = name.rsplit(':').next().unwrap_or(name);
    let exact = element.attributes.get(local);
    let any = || element.attributes.iter().find(|(key, _)| key.ends_with(&format!("}}{local}")));
    exact.or_else(|| any().map(|(_, value)| value)).map(String::as_str)
}

/// The text and the CDATA of an element, as one.
fn own_text(element: &Element) -> String {
    element.get_text().map_or_else(String::new, Cow::into_owned)
}

fn leaf_text(element: &Element) -> Option<String> {
    elements(element)
        .next()
        .is_none()
        .then(|| own_text(element).trim_matches(|c| c <= ' ').to_owned())
}

fn fits(element: &Element, step: &Step) -> bool {
    let says = |element: &Element, value: &String| leaf_text(element).as_ref() == Some(value);
    step.name.as_ref().is_none_or(|name| element.name == *name)
        && step.tests.iter().all(|test| match test {
            Test::Equals(name, value) => valued(element, name) == Some(value),
            Test::Contains(name, part) => valued(element, name).is_some_and(|it| it.contains(part)),
            Test::Has(name) => valued(element, name).is_some(),
            Test::Lacks(name) => valued(element, name).is_none(),
            Test::Child(name, value) => {
                elements(element).any(|child| child.name == *name && says(child, value))
            }
            Test::Text(value) => says(element, value),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(text: &[u8], path: &str) -> Vec<Option<String>> {
        let path = path.parse().unwrap();
        let first = Document::parse(text).unwrap();
        let texts: Vec<_> = first
            .select(&path)
            .into_iter()
            .map(|it| first.text(it).map(|value| value.text))
            .collect();
        let second = values(text, &path, None).unwrap();
        assert_eq!(second, texts, "{path}");
        second
    }

    #[test]
    fn both_readers_see_the_same() {
        let text = b"\xEF\xBB\xBF<?xml version='1.0' encoding='ISO-8859-1'?>\r\n<!DOCTYPE r SYSTEM 'x.dtd'>\
            <r><!-- <b>0</b> --><b k='1'>a<!-- x -->&amp;<![CDATA[<c>]]>\r\n d</b><b/><b><c>e</c></b></r>";
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(both(text, "r/b"), [some("a&<c>\n d"), some(""), None]);
        for path in ["r/b[@k='1']", "r/b[!@k]", "r/b[c='e']", "*/*/*", "r/b[text()='']", "x/b"] {
            both(text, path);
        }
        assert_eq!(
            values(text, &"r/b".parse().unwrap(), Some("k")),
            Ok(vec![some("1"), None, None])
        );
    }

    #[test]
    fn latin_bytes_are_decoded() {
        let text = b"<?xml version='1.0' encoding='ISO-8859-1'?><a k='\xFC'>caf\xE9</a>";
        assert_eq!(both(text, "a[@k='\u{FC}']"), [Some("café".to_owned())]);
    }

    #[test]
    fn what_the_guards_refuse_is_never_read() {
        let deep = ["<a>".repeat(20_000), "</a>".repeat(20_000)].concat();
        let bomb = "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>";
        for text in [deep.as_str(), bomb, "<a/><b/>", "<a>"] {
            assert!(values(text.as_bytes(), &"a".parse().unwrap(), None).is_err());
        }
        let deep = ["<a>".repeat(200), "</a>".repeat(200)].concat();
        assert!(values(deep.as_bytes(), &"a".parse().unwrap(), None).is_ok());
    }
}
