//! New elements: where they go and how they are laid out.
//!
//! New lines look like their neighbours: indentation, step width and line end are copied, never
//! chosen. What a path leaves open cannot be created, and nobody guesses.

use super::branch::{Leaf, branch};
use super::chars::{self, blank};
use super::path::Step;
use super::{Document, Element, Piece};
use crate::format::Fault;
use crate::text::{Edit, eol_near};
use std::collections::BTreeMap;
use std::ops::Range;
use xmltree::EmitterConfig;

impl Document {
    /// Creates the elements that steps name, one inside the other, below an existing element.
    ///
    /// Conditions `[@a='v']` become attributes, `[child='v']` child elements before deeper steps.
    /// The first new element stands behind the last child called `after` where there is one, else
    /// behind the last of its own name, else behind the last child. Without steps the leaf is set
    /// on the element itself.
    ///
    /// # Errors
    /// A [`Fault`] for a step that leaves open what to create, a value that XML cannot hold, or a
    /// parent that holds a text.
    pub fn create(
        &self,
        parent: Element,
        steps: &[Step],
        leaf: &Leaf,
        after: Option<&str>,
    ) -> Result<Vec<Edit>, Fault> {
        if steps.is_empty() {
            return match leaf {
                Leaf::Text(value) => self.set_text(parent, value),
                Leaf::Attribute(name, value) => self.set_attribute(parent, name, value),
                Leaf::Nothing => Ok(Vec::new()),
            };
        }
        let qualified = String::from_utf8_lossy(&self.text[self.node(parent).name.clone()]);
        let prefix = qualified.split_once(':').map(|(prefix, _)| prefix);
        let open =
            |what: String| self.fault(parent, what, "Name it in full in the path of the patch.");
        let branch = branch(steps, leaf, prefix).map_err(open)?;
        let children: Vec<Element> = self.children(parent).collect();
        let last =
            |name: &str| children.iter().rev().find(|&&it| self.local_name(it) == name).copied();
        let anchor =
            after.and_then(last).or_else(|| last(&branch.name)).or(children.last().copied());
        match anchor {
            Some(anchor) => self.beside(parent, &children, anchor, &branch),
            None => self.inside(parent, &branch),
        }
    }

    /// Puts an element directly behind a sibling.
    fn beside(
        &self,
        parent: Element,
        siblings: &[Element],
        anchor: Element,
        branch: &xmltree::Element,
    ) -> Result<Vec<Edit>, Fault> {
        let margin_of = |&it: &Element| self.margin(self.start(it));
        let margin = margin_of(&anchor).or_else(|| siblings.iter().rev().find_map(margin_of));
        let Some(margin) = margin else {
            let (start, end) = (self.start(anchor), self.node(anchor).close.end);
            let before = &self.text[..start];
            let gap = before.iter().rev().take_while(|&&b| blank(b)).count();
            let mut with = before[start - gap..].to_vec();
            with.extend(self.rendered(parent, branch, None)?.into_bytes());
            return Ok(vec![Edit::insert(end, with)]);
        };
        let at = self.behind(anchor);
        let above = self.margin(self.start(parent)).and_then(|above| margin.strip_prefix(above));
        let unit = above.filter(|unit| !unit.is_empty()).unwrap_or_else(|| self.usual_unit());
        let fresh = Line { end: eol_near(&self.text, at), margin, unit };
        let with = format!("{fresh}{}", self.rendered(parent, branch, Some(&fresh))?);
        Ok(vec![Edit::insert(at, with)])
    }

    /// Puts an element into a parent without any.
    fn inside(&self, parent: Element, branch: &xmltree::Element) -> Result<Vec<Edit>, Fault> {
        let node = self.node(parent);
        let inner = node.open.end..node.close.start;
        let holds_text = |(piece, kind): (Range<usize>, Piece)| match kind {
            Piece::Text => !self.trimmed(piece).is_empty(),
            Piece::Data => true,
            Piece::Aside => false,
        };
        if self.pieces(parent).into_iter().any(holds_text) {
            let reason =
                format!("<{}> holds a text, so no element goes into it", self.local_name(parent));
            return Err(self.fault(parent, reason, "Check the path of the patch."));
        }
        let content = self.trimmed(inner.clone());
        let tail = if content.is_empty() { inner } else { content.end..inner.end };
        let closing_margin = self.margin(node.close.start).filter(|_| !node.close.is_empty());
        let around = self.margin(node.open.start).or(closing_margin);
        let unit = self.usual_unit();
        let fresh = around.map(|around| {
            let margin = [around, unit].concat();
            (around, margin, eol_near(&self.text, tail.start))
        });
        let (before, made, behind) = match &fresh {
            None => (String::new(), self.rendered(parent, branch, None)?, String::new()),
            Some((around, margin, end)) => {
                let line = Line { end, margin, unit };
                let made = self.rendered(parent, branch, Some(&line))?;
                (line.to_string(), made, Line { end, margin: around, unit }.to_string())
            }
        };
        if node.close.is_empty() {
            let name = String::from_utf8_lossy(&self.text[node.name.clone()]);
            let with = format!(">{before}{made}{behind}</{name}>");
            return Ok(vec![Edit::replace(self.self_closing(parent), with)]);
        }
        let broken = self.text[tail.clone()].contains(&b'\n');
        Ok(vec![match broken {
            true => Edit::insert(tail.start, before + &made),
            false => Edit::replace(tail, before + &made + &behind),
        }])
    }

    /// The offset behind an element and the comments on the rest of its line.
    fn behind(&self, element: Element) -> usize {
        let end = self.node(element).close.end;
        let mut at = end;
        loop {
            let rest = &self.text[at..];
            let blanks = rest.iter().take_while(|&&b| b == b' ' || b == b'\t').count();
            let rest = &rest[blanks..];
            let comment = rest.starts_with(b"<!--").then(|| super::guard::find(&rest[4..], b"-->"));
            match comment.flatten() {
                Some(len) if !rest[..len + 7].contains(&b'\n') => at += blanks + len + 7,
                _ if rest.starts_with(b"\n") || rest.starts_with(b"\r\n") => return at,
                _ => return end,
            }
        }
    }

    /// The step by which most children are indented more than their parents; four blanks where
    /// no child shows one.
    fn usual_unit(&self) -> &[u8] {
        let mut seen: BTreeMap<&[u8], usize> = BTreeMap::new();
        for node in &self.tree.nodes {
            let above =
                node.parent.and_then(|it| self.margin(self.tree.nodes[it as usize].open.start));
            let Some((margin, above)) = self.margin(node.open.start).zip(above) else {
                continue;
            };
            if let Some(unit) = margin.strip_prefix(above).filter(|unit| !unit.is_empty()) {
                *seen.entry(unit).or_default() += 1;
            }
        }
        seen.into_iter().max_by_key(|&(_, count)| count).map_or(b"    ", |(unit, _)| unit)
    }

    /// Renders an element, over several lines or on one.
    fn rendered(
        &self,
        parent: Element,
        branch: &xmltree::Element,
        line: Option<&Line<'_>>,
    ) -> Result<String, Fault> {
        let mut config =
            EmitterConfig::new().write_document_declaration(false).pad_self_closing(false);
        if let Some(line) = line {
            let unit = String::from_utf8_lossy(line.unit).into_owned();
            config =
                config.perform_indent(true).line_separator(line.to_string()).indent_string(unit);
        }
        let mut out = Vec::new();
        branch.write_with_config(&mut out, config).map_err(|error| {
            self.fault(parent, format!("no element was made: {error}"), "Report this.")
        })?;
        Ok(chars::ascii(&String::from_utf8_lossy(&out)))
    }
}

/// The start of a new line, and what deeper lines add to it.
struct Line<'t> {
    end: &'t str,
    margin: &'t [u8],
    unit: &'t [u8],
}

impl std::fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.end, String::from_utf8_lossy(self.margin))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Path;
    use super::*;
    use crate::text::splice;

    fn steps(path: &str) -> Vec<Step> {
        path.parse::<Path>().unwrap().steps().to_vec()
    }

    fn created(text: &str, below: &str, path: &str, leaf: &Leaf, after: Option<&str>) -> String {
        let document = Document::parse(text.as_bytes()).unwrap();
        let parent = document.select(&below.parse().unwrap())[0];
        let edits = document.create(parent, &steps(path), leaf, after).unwrap();
        let out = splice(text.as_bytes(), &edits).unwrap();
        let again = Document::parse(&out).unwrap();
        assert!(!again.select(&format!("{below}/{path}").parse().unwrap()).is_empty());
        String::from_utf8(out).unwrap()
    }

    fn text(value: &str) -> Leaf {
        Leaf::Text(value.to_owned())
    }

    #[test]
    fn a_chain_is_created_with_its_conditions() {
        let before =
            "<w>\r\n\t<filter>\r\n\t\t<filter-name>f</filter-name>\r\n\t</filter>\r\n</w>\r\n";
        let path = "init-param[param-name='hstsMaxAgeSeconds']/param-value";
        let after = created(before, "w/filter", path, &text("15768000"), None);
        let lines = "\t\t<init-param>\r\n\t\t\t<param-name>hstsMaxAgeSeconds</param-name>\r\n\
                     \t\t\t<param-value>15768000</param-value>\r\n\t\t</init-param>\r\n\t</filter>";
        assert_eq!(after, before.replace("\t</filter>", lines));
    }

    #[test]
    fn attributes_and_texts_are_escaped_and_ascii() {
        let leaf = Leaf::Attribute("c".to_owned(), "<é>".to_owned());
        let after = created("<a>\n <b/>\n</a>", "a", "x[@k='\"&']/y", &leaf, None);
        let lines = " <b/>\n <x k=\"&quot;&amp;\">\n  <y c=\"&lt;&#xE9;&gt;\"/>\n </x>\n";
        assert_eq!(after, format!("<a>\n{lines}</a>"));
    }

    #[test]
    fn the_place_is_behind_the_named_sibling_else_its_own_kind_else_the_last() {
        let before = "<a>\n  <n/>\n  <m/> <!-- of m -->\n  <o/>\n</a>";
        let put = |name: &str, after| created(before, "a", name, &Leaf::Nothing, after);
        assert_eq!(put("n", None), before.replace("  <m/>", "  <n/>\n  <m/>"));
        assert_eq!(put("n", Some("m")), before.replace("  <o/>", "  <n/>\n  <o/>"));
        assert_eq!(put("n", Some("none")), before.replace("  <m/>", "  <n/>\n  <m/>"));
        assert_eq!(put("z", None), before.replace("  <o/>", "  <o/>\n  <z/>"));
    }

    #[test]
    fn an_empty_parent_opens_by_the_usual_step() {
        let put = |parent: &str| {
            let before = format!("<a>\n\t<b>\n\t\t<c/>\n\t</b>\n\t{parent}\n</a>");
            created(&before, "a/p", "q", &text("1"), None)
                .split("</b>\n")
                .nth(1)
                .unwrap()
                .to_owned()
        };
        let opened = |tag: &str, inner: &str| format!("\t{tag}\n{inner}\t\t<q>1</q>\n\t</p>\n</a>");
        assert_eq!(put("<p/>"), opened("<p>", ""));
        assert_eq!(put("<p k='1' />"), opened("<p k='1'>", ""));
        assert_eq!(put("<p></p>"), opened("<p>", ""));
        assert_eq!(put("<p>\n\t</p>"), opened("<p>", ""));
        assert_eq!(put("<p>\n\t\t<!-- c -->\n\t</p>"), opened("<p>", "\t\t<!-- c -->\n"));
    }

    #[test]
    fn what_stands_on_one_line_stays_on_one_line() {
        let path = "i[n='1']/v";
        let made = "<i><n>1</n><v>2</v></i>";
        for (before, after) in [
            ("<r><a><b/></a></r>", format!("<r><a><b/>{made}</a></r>")),
            ("<r><a> <b/> </a></r>", format!("<r><a> <b/> {made} </a></r>")),
            ("<r><a/></r>", format!("<r><a>{made}</a></r>")),
        ] {
            assert_eq!(created(before, "r/a", path, &text("2"), None), after);
        }
    }

    #[test]
    fn glued_and_mixed_lines_take_the_layout_next_to_them() {
        let glued = "<?xml version='1.0'?><!-- c --><a>\n  <b/><c/></a>";
        assert_eq!(
            created(glued, "a", "d", &Leaf::Nothing, None),
            glued.replace("</a>", "\n  <d/></a>")
        );
        let mixed = "<a>\r\n  <b/>\r\n  <c/>\n  <e/>\r\n</a>\n";
        assert_eq!(
            created(mixed, "a", "c", &Leaf::Nothing, None),
            mixed.replace("<c/>\n", "<c/>\n  <c/>\n")
        );
        let prefixed = "<s:a xmlns:s='u'>\n  <s:b/>\n</s:a>";
        assert_eq!(
            created(prefixed, "a", "c", &text("x"), None),
            prefixed.replace("\n</", "\n  <s:c>x</s:c>\n</")
        );
    }

    #[test]
    fn what_a_path_leaves_open_is_not_created() {
        let document = Document::parse(b"<a><t>text</t></a>").unwrap();
        for path in ["*", "x[@k]", "x[!@k]", "x[@k*='v']", "x[text()='v']/y", "x[y='1']", "\u{e9}"]
        {
            let fault =
                document.create(Element(0), &steps(path), &text("v"), None).expect_err(path);
            assert!(fault.reason.contains("leaves open"), "{path}: {fault}");
        }
        let t = document.select(&"a/t".parse().unwrap())[0];
        assert!(document.create(t, &steps("x"), &Leaf::Nothing, None).is_err());
        assert!(document.create(Element(0), &steps("x"), &text("a\nb"), None).is_err());
    }
}
