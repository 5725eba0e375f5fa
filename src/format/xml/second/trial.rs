//! The proof of an edit: what was intended, done to the tree of the text before, must give the tree
//! of the text after.
//!
//! White space around and between texts does not count, everything else does: names, namespaces,
//! attributes with theirs, texts, comments, processing instructions and their order. Values never
//! appear in what is said, because they may be secret.

use super::super::{Leaf, Path, Step, path::Test};
use super::names::{Prefixes, qualified};
use super::{elements, fits, own_text, root};
use xmltree::{Element, XMLNode};

/// An operation on the elements that a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intended {
    pub path: Path,
    /// Which of them, counted from 0 in document order; nothing means all.
    pub index: Option<usize>,
    pub operation: Operation,
}

/// What is done to an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    SetAttribute {
        name: String,
        value: String,
    },
    RemoveAttribute {
        name: String,
    },
    SetText(String),
    Remove,
    /// Steps are created below the element, as `Document::create` does.
    Create {
        steps: Vec<Step>,
        leaf: Leaf,
        after: Option<String>,
    },
}

/// Checks that a text came out of another by the intended operations and nothing else.
///
/// Operations are done one after the other, so a later path sees what an earlier one made.
///
/// # Errors
/// A sentence that names the element in which the two differ, or why there is no telling.
pub fn agrees(before: &[u8], after: &[u8], intended: &[Intended]) -> Result<(), String> {
    let mut prefixes = Prefixes::new();
    let reached = qualified(after, &mut prefixes)?;
    let mut expected = qualified(before, &mut prefixes)?;
    for one in intended {
        perform(&mut expected, one, &prefixes)?;
    }
    if asides(&expected) != asides(&reached) {
        return Err("a comment outside the root element is not what was intended".to_owned());
    }
    match (root(&expected), root(&reached)) {
        (Some(expected), Some(reached)) => compare(expected, reached, ""),
        _ => Err("there is no root element".to_owned()),
    }
}

fn perform(top: &mut [XMLNode], one: &Intended, prefixes: &Prefixes) -> Result<(), String> {
    let steps = one.path.steps();
    let root = top.iter_mut().find_map(XMLNode::as_mut_element);
    let (Some(root), Some((first, deeper))) = (root, steps.split_first()) else {
        return Err("there is no root element".to_owned());
    };
    let mut passed = 0;
    let mut chosen = || {
        passed += 1;
        one.index.is_none_or(|index| index + 1 == passed)
    };
    let done = match (&one.operation, fits(root, first)) {
        (_, false) => 0,
        (Operation::Remove, true) => cut(root, deeper, &mut chosen),
        (operation, true) => each(root, deeper, &mut |element| {
            if chosen() { apply(element, operation, prefixes).map(|()| 1) } else { Ok(0) }
        })?,
    };
    if done == 0 {
        return Err(format!("nothing stands at {} before the change", one.path));
    }
    Ok(())
}

type Action<'a> = &'a mut dyn FnMut(&mut Element) -> Result<usize, String>;

fn each(element: &mut Element, steps: &[Step], act: Action<'_>) -> Result<usize, String> {
    let Some((step, deeper)) = steps.split_first() else {
        return act(element);
    };
    let mut done = 0;
    for child in element.children.iter_mut().filter_map(XMLNode::as_mut_element) {
        if fits(child, step) {
            done += each(child, deeper, act)?;
        }
    }
    Ok(done)
}

fn cut(element: &mut Element, steps: &[Step], chosen: &mut dyn FnMut() -> bool) -> usize {
    let Some((step, deeper)) = steps.split_first() else {
        return 0;
    };
    let hit = |node: &XMLNode| node.as_element().is_some_and(|child| fits(child, step));
    if deeper.is_empty() {
        let count = element.children.len();
        element.children.retain(|node| !(hit(node) && chosen()));
        return count - element.children.len();
    }
    let own = element.children.iter_mut().filter(|node| hit(node));
    own.filter_map(XMLNode::as_mut_element).map(|child| cut(child, deeper, chosen)).sum()
}

fn apply(element: &mut Element, operation: &Operation, prefixes: &Prefixes) -> Result<(), String> {
    match operation {
        Operation::SetAttribute { name, value } => set(element, name, value, prefixes),
        Operation::RemoveAttribute { name } => {
            let key = key(element, name, prefixes)?;
            element.attributes.shift_remove(&key);
            Ok(())
        }
        Operation::SetText(value) => {
            element.children.retain(|node| node.as_text().is_none() && node.as_cdata().is_none());
            element.children.push(XMLNode::Text(value.clone()));
            Ok(())
        }
        Operation::Create { steps, leaf, after } => {
            let Some((first, _)) = steps.split_first() else {
                return fill(element, leaf, prefixes);
            };
            let mut made = None;
            for (at, step) in steps.iter().enumerate().rev() {
                let mut fresh = grown(element, step, prefixes)?;
                if at + 1 == steps.len() {
                    fill(&mut fresh, leaf, prefixes)?;
                }
                fresh.children.extend(made.take().map(XMLNode::Element));
                made = Some(fresh);
            }
            let place = |name: &Option<String>| {
                let named = |node: &XMLNode| {
                    node.as_element().is_some_and(|it| Some(&it.name) == name.as_ref())
                };
                element.children.iter().rposition(named)
            };
            let last = element.children.iter().rposition(|node| node.as_element().is_some());
            let at = place(after).or_else(|| place(&first.name)).or(last).map_or(0, |at| at + 1);
            element.children.extend(made.map(XMLNode::Element));
            if at < element.children.len() {
                element.children[at..].rotate_right(1);
            }
            Ok(())
        }
        Operation::Remove => Ok(()),
    }
}

fn fill(element: &mut Element, leaf: &Leaf, prefixes: &Prefixes) -> Result<(), String> {
    match leaf {
        Leaf::Text(value) => apply(element, &Operation::SetText(value.clone()), prefixes),
        Leaf::Attribute(name, value) => set(element, name, value, prefixes),
        Leaf::Nothing => Ok(()),
    }
}

/// Makes the element that one step describes, in its parent's namespace.
fn grown(parent: &Element, step: &Step, prefixes: &Prefixes) -> Result<Element, String> {
    let named = |name: &str| {
        let mut element = Element::new(name);
        element.namespace.clone_from(&parent.namespace);
        element
    };
    let mut element = named(step.name.as_deref().unwrap_or("*"));
    for test in &step.tests {
        match test {
            Test::Equals(name, value) => set(&mut element, name, value, prefixes)?,
            Test::Child(name, value) => {
                let mut child = named(name);
                child.children.push(XMLNode::Text(value.clone()));
                element.children.push(XMLNode::Element(child));
            }
            Test::Text(value) => element.children.push(XMLNode::Text(value.clone())),
            _ => return Err(format!("the step {step} cannot be created")),
        }
    }
    Ok(element)
}

/// Sets an attribute; a declaration of a namespace is none in this tree.
fn set(element: &mut Element, name: &str, value: &str, prefixes: &Prefixes) -> Result<(), String> {
    if name != "xmlns" && !name.starts_with("xmlns:") {
        let key = key(element, name, prefixes)?;
        element.attributes.insert(key, value.to_owned());
    }
    Ok(())
}

/// The key of an attribute: the exact one, else one of that local name that is there.
fn key(element: &Element, name: &str, prefixes: &Prefixes) -> Result<String, String> {
    if let Some((prefix, local)) = name.split_once(':') {
        let uri = prefixes
            .get(prefix)
            .ok_or_else(|| format!("the prefix {prefix} is declared nowhere"))?;
        return Ok(format!("{{{uri}}}{local}"));
    }
    let ending = format!("}}{name}");
    let other = || element.attributes.keys().find(|key| key.ends_with(&ending)).cloned();
    let exact = element.attributes.contains_key(name).then(|| name.to_owned());
    Ok(exact.or_else(other).unwrap_or_else(|| name.to_owned()))
}

fn compare(expected: &Element, reached: &Element, above: &str) -> Result<(), String> {
    let place = format!("{above}{}", expected.name);
    let differ = |what: &str| Err(format!("{what} of {place} is not what was intended"));
    if (&expected.name, &expected.namespace) != (&reached.name, &reached.namespace) {
        return differ("the name or the namespace");
    }
    let keys = expected.attributes.keys().chain(reached.attributes.keys());
    for key in keys {
        if expected.attributes.get(key) != reached.attributes.get(key) {
            return differ(&format!("the attribute {key}"));
        }
    }
    if asides(&expected.children) != asides(&reached.children) {
        return differ("a comment");
    }
    if normal(expected) != normal(reached) {
        return differ("the text");
    }
    if elements(expected).count() != elements(reached).count() {
        return differ("the number of child elements");
    }
    let mut pairs = elements(expected).zip(elements(reached));
    pairs.try_for_each(|(expected, reached)| compare(expected, reached, &format!("{place}/")))
}

/// The text of an element; blanks inside a line count only where no elements stand between.
fn normal(element: &Element) -> Vec<String> {
    let text = own_text(element);
    match elements(element).next() {
        None => {
            text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
        }
        Some(_) => text.split_whitespace().map(str::to_owned).collect(),
    }
}

/// Comments and processing instructions in their order.
fn asides(nodes: &[XMLNode]) -> Vec<&XMLNode> {
    let aside =
        |node: &&XMLNode| matches!(node, XMLNode::Comment(_) | XMLNode::ProcessingInstruction(..));
    nodes.iter().filter(aside).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "<r xmlns:s='u'><!-- c --><a k='1' s:x='2'>t</a><b/></r>";

    fn intend(path: &str, operation: Operation) -> Vec<Intended> {
        vec![Intended { path: path.parse().unwrap(), index: None, operation }]
    }

    fn set(name: &str, value: &str) -> Operation {
        Operation::SetAttribute { name: name.to_owned(), value: value.to_owned() }
    }

    fn agree(after: &str, intended: &[Intended]) -> Result<(), String> {
        agrees(BEFORE.as_bytes(), after.as_bytes(), intended)
    }

    #[test]
    fn what_was_intended_agrees_in_any_layout() {
        let to = |from: &str, to: &str| BEFORE.replace(from, to);
        let steps = "c[@k='1'][n='2']/v".parse::<Path>().unwrap().steps().to_vec();
        let create =
            Operation::Create { steps, leaf: Leaf::Text("3".into()), after: Some("a".into()) };
        let made = "</a>\n <c k='1'>\n<n>2</n> <v>3</v></c>";
        for (after, path, operation) in [
            (to("k='1'", "k=\"&#x32;\" "), "r/a", set("k", "2")),
            (to("s:x='2'", "s:x='3'"), "r/a", set("s:x", "3")),
            (to("s:x='2'", "s:x='3'"), "r/a", set("x", "3")),
            (to(" k='1'", ""), "r/a", Operation::RemoveAttribute { name: "k".into() }),
            (to(">t<", "> <![CDATA[v&]]>\n<"), "r/*[@k]", Operation::SetText("v&".into())),
            (to("<b/>", "\n"), "r/b", Operation::Remove),
            (to("</a>", made), "r", create),
        ] {
            assert_eq!(agree(&after, &intend(path, operation)), Ok(()), "{after}");
        }
    }

    #[test]
    fn anything_else_that_changed_is_seen() {
        let intended = intend("r/a", set("k", "2"));
        let done = BEFORE.replace("k='1'", "k='2'");
        assert_eq!(agree(&done, &intended), Ok(()));
        assert!(agree(BEFORE, &intended).is_err_and(|said| said.contains("attribute k of r/a")));
        for (from, to, said) in [
            ("s:x=", "x=", "the attribute {u}x of r/a"),
            ("s:x=", "l='3' s:x=", "the attribute l of r/a"),
            (">t<", ">t2<", "the text of r/a"),
            ("<!-- c -->", "", "a comment of r"),
            ("<!-- c -->", "<!-- d -->", "a comment of r"),
            ("<b/>", "<b/><b/>", "the number of child elements of r"),
            ("<b/>", "<c/>", "the name or the namespace of r/b"),
            ("<r ", "<r xmlns='v' ", "the name or the namespace of r"),
            ("<r ", "<!-- new --><r ", "outside the root"),
        ] {
            let error = agree(&done.replace(from, to), &intended).expect_err(to);
            assert!(error.contains(said), "{to}: {error}");
        }
    }

    #[test]
    fn an_operation_without_a_place_does_not_agree() {
        let error = agree(BEFORE, &intend("r/z", Operation::Remove)).expect_err("no place");
        assert!(error.contains("r/z"), "{error}");
        assert!(agree(BEFORE, &intend("r/a", set("t:y", "1"))).is_err());
        assert!(agrees(b"<a>", b"<a/>", &[]).is_err());
    }

    #[test]
    fn an_index_chooses_one_of_several() {
        let set = Operation::SetAttribute { name: "v".into(), value: "2".into() };
        let second = |index, operation| Intended { path: "a/b".parse().unwrap(), index, operation };
        let (before, after) = (b"<a><b/><b/></a>", b"<a><b/><b v='2'/></a>");
        assert_eq!(agrees(before, after, &[second(Some(1), set.clone())]), Ok(()));
        assert!(agrees(before, after, &[second(Some(0), set.clone())]).is_err());
        assert!(agrees(before, after, &[second(Some(2), set)]).is_err());
        let removed = b"<a><b/></a>";
        assert_eq!(agrees(before, removed, &[second(Some(1), Operation::Remove)]), Ok(()));
    }
}
