//! What a path says of elements that are still to be made.
//!
//! Builds them as a tree; what a path leaves open is refused, because nobody guesses.

use super::chars;
use super::path::{self, Step, Test};
use xmltree::XMLNode;

/// What the last of the new elements holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leaf {
    Text(String),
    /// An attribute, name and value.
    Attribute(String, String),
    Nothing,
}

/// Builds the chain of elements that steps and a leaf describe.
pub(super) fn branch(
    steps: &[Step],
    leaf: &Leaf,
    prefix: Option<&str>,
) -> Result<xmltree::Element, String> {
    let Some((step, deeper)) = steps.split_first() else {
        return Err("nothing is named".to_owned());
    };
    let open = || format!("the step `{step}` leaves open what to create");
    let name = step.name.as_deref().filter(|name| name.is_ascii()).ok_or_else(open)?;
    let named = |name: &str| {
        let mut element = xmltree::Element::new(name);
        element.prefix = prefix.map(str::to_owned);
        element
    };
    let mut element = named(name);
    for test in &step.tests {
        match test {
            Test::Equals(name, value) if name.is_ascii() => {
                element.attributes.insert(name.clone(), writable(value)?);
            }
            Test::Child(name, value) if name.is_ascii() => {
                let mut child = named(name);
                child.children.push(XMLNode::Text(writable(value)?));
                element.children.push(XMLNode::Element(child));
            }
            Test::Text(value)
                if step.tests.len() == 1 && deeper.is_empty() && *leaf == Leaf::Nothing =>
            {
                element.children.push(XMLNode::Text(writable(value)?));
            }
            _ => return Err(open()),
        }
    }
    if !deeper.is_empty() {
        element.children.push(XMLNode::Element(branch(deeper, leaf, prefix)?));
        return Ok(element);
    }
    match leaf {
        Leaf::Nothing => {}
        Leaf::Text(_) if !element.children.is_empty() => return Err(open()),
        Leaf::Text(value) => element.children.push(XMLNode::Text(writable(value)?)),
        Leaf::Attribute(name, _) if !name.is_ascii() || !name.split(':').all(path::is_name) => {
            return Err(format!("`{name}` is no name for an attribute"));
        }
        Leaf::Attribute(name, value) => {
            element.attributes.insert(name.clone(), writable(value)?);
        }
    }
    Ok(element)
}

/// Admits the values that stay what they are between indented lines.
fn writable(value: &str) -> Result<String, String> {
    match value.chars().find(|&c| c < ' ' || chars::forbidden(c)) {
        Some(c) => {
            Err(format!("the character U+{:04X} cannot go into a new element", u32::from(c)))
        }
        None => Ok(value.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_laid_out_between_lines_is_refused() {
        let path: path::Path = "a[b='c']".parse().unwrap();
        for (leaf, said) in [
            (Leaf::Attribute("k".to_owned(), "a\nb".to_owned()), "U+000A"),
            (Leaf::Attribute("k k".to_owned(), "v".to_owned()), "no name"),
            (Leaf::Text("text beside an element".to_owned()), "leaves open"),
        ] {
            let error = branch(path.steps(), &leaf, None).expect_err(said);
            assert!(error.contains(said), "{error}");
        }
        assert!(branch(path.steps(), &Leaf::Nothing, None).is_ok());
    }
}
