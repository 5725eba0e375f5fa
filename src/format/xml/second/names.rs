//! Attribute names with their namespaces, which xmltree does not keep.
//!
//! roxmltree tells them, and both readers must see the same elements on the way.

use super::{elements, read};
use std::collections::BTreeMap;
use xmltree::{AttributeMap, Element, XMLNode};

/// The namespaces that prefixes stand for.
pub(super) type Prefixes = BTreeMap<String, String>;

/// Reads a tree whose attribute keys say their namespace, `{uri}local`; xmltree keeps local names
/// only, so roxmltree tells them.
pub(super) fn qualified(text: &[u8], prefixes: &mut Prefixes) -> Result<Vec<XMLNode>, String> {
    let (mut top, decoded) = read(text).map_err(|fault| fault.to_string())?;
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
    let parsed = roxmltree::Document::parse_with_options(&decoded, options)
        .map_err(|error| error.to_string())?;
    for node in &mut top {
        if let XMLNode::Element(element) = node {
            qualify(element, parsed.root_element(), prefixes)?;
        }
    }
    Ok(top)
}

fn qualify(
    element: &mut Element,
    node: roxmltree::Node<'_, '_>,
    prefixes: &mut Prefixes,
) -> Result<(), String> {
    for space in node.namespaces() {
        if let Some(prefix) = space.name() {
            prefixes.entry(prefix.to_owned()).or_insert_with(|| space.uri().to_owned());
        }
    }
    let mut attributes = AttributeMap::new();
    for attribute in node.attributes() {
        let name = attribute.name();
        let twins = node.attributes().filter(|other| other.name() == name).count();
        let value = match twins {
            1 => element.attributes.get(name).cloned(),
            // Of attributes with one local name xmltree keeps the last.
            _ => Some(attribute.value().to_owned()),
        };
        let value = value.ok_or_else(|| {
            format!("the two readers differ on an attribute of <{}>", element.name)
        })?;
        let key =
            attribute.namespace().map_or_else(|| name.to_owned(), |uri| format!("{{{uri}}}{name}"));
        attributes.insert(key, value);
    }
    let children = node.children().filter(roxmltree::Node::is_element);
    if element.name != node.tag_name().name()
        || elements(element).count() != children.clone().count()
    {
        return Err(format!("the two readers differ on the element <{}>", element.name));
    }
    element.attributes = attributes;
    let own = element.children.iter_mut().filter_map(XMLNode::as_mut_element);
    own.zip(children).try_for_each(|(child, node)| qualify(child, node, prefixes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_of_one_local_name_stay_apart() {
        let mut prefixes = Prefixes::new();
        let top =
            qualified(b"<a xmlns:s='u' s:x='1' x='2'><b s:y='3'/></a>", &mut prefixes).unwrap();
        let a = top[0].as_element().unwrap();
        let read = |element: &Element, key: &str| element.attributes.get(key).cloned();
        assert_eq!(read(a, "{u}x").as_deref(), Some("1"));
        assert_eq!(read(a, "x").as_deref(), Some("2"));
        assert_eq!(read(elements(a).next().unwrap(), "{u}y").as_deref(), Some("3"));
        assert_eq!(prefixes.get("s").map(String::as_str), Some("u"));
    }
}
