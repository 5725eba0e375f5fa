//! Edits of what is there: attributes, texts, whole elements.
//!
//! Every edit touches the bytes of its own place only. Writing what already stands there is no
//! edit; a text that shares its element with other elements is never rewritten.

use super::chars::{self, blank};
use super::{Document, Element, Piece, path};
use crate::format::Fault;
use crate::text::{Edit, line_end};

impl Document {
    /// Sets an attribute: between its quotes where it stands, else behind the last one, laid out
    /// like that one.
    ///
    /// # Errors
    /// A [`Fault`] for a name or a value that XML cannot hold.
    pub fn set_attribute(
        &self,
        element: Element,
        name: &str,
        value: &str,
    ) -> Result<Vec<Edit>, Fault> {
        if let Some(found) = self.find_attribute(element, name) {
            let range = found.value.clone();
            if self.attribute(element, name).is_some_and(|it| it.text == value) {
                return Ok(Vec::new());
            }
            let quote = char::from(self.text[range.start - 1]);
            let raw = self.escaped(element, value, Some(quote))?;
            return Ok(vec![Edit::replace(range, raw)]);
        }
        if !name.is_ascii() || !name.split(':').all(path::is_name) {
            let reason = format!("`{name}` is no name for an attribute");
            return Err(self.fault(element, reason, "Correct the name in the patch."));
        }
        let node = self.node(element);
        let (at, gap, quote) = match self.tree.attributes[node.attributes.clone()].last() {
            None => (node.name.end, &b" "[..], '"'),
            Some(last) => {
                let before = &self.text[node.name.end..last.name.start];
                let blanks = before.iter().rev().take_while(|&&b| blank(b)).count();
                let quote = char::from(self.text[last.value.end]);
                (last.value.end + 1, &before[before.len() - blanks..], quote)
            }
        };
        let raw = self.escaped(element, value, Some(quote))?;
        let mut with = gap.to_vec();
        with.extend_from_slice(format!("{name}={quote}{raw}{quote}").as_bytes());
        Ok(vec![Edit::insert(at, with)])
    }

    /// Removes an attribute and the white space before it; no edit where it is absent.
    ///
    /// # Errors
    /// None today; the type is that of all edits.
    pub fn remove_attribute(&self, element: Element, name: &str) -> Result<Vec<Edit>, Fault> {
        let Some(found) = self.find_attribute(element, name) else {
            return Ok(Vec::new());
        };
        let before = &self.text[..found.name.start];
        let blanks = before.iter().rev().take_while(|&&b| blank(b)).count();
        Ok(vec![Edit::delete(before.len() - blanks..found.value.end + 1)])
    }

    /// Sets the text of an element that holds no other element.
    ///
    /// # Errors
    /// A [`Fault`] where the element has child elements or a comment inside its text, or for a
    /// value that XML cannot hold.
    pub fn set_text(&self, element: Element, value: &str) -> Result<Vec<Edit>, Fault> {
        let Some(now) = self.text(element) else {
            let reason = format!("<{}> holds elements, not a text", self.local_name(element));
            return Err(self.fault(element, reason, "Check the path of the patch."));
        };
        if now.text == value {
            return Ok(Vec::new());
        }
        let raw = self.escaped(element, value, None)?;
        let node = self.node(element);
        if node.close.is_empty() {
            let qualified = String::from_utf8_lossy(&self.text[node.name.clone()]);
            let with = format!(">{raw}</{qualified}>");
            return Ok(vec![Edit::replace(self.self_closing(element), with)]);
        }
        let aside = |(piece, kind): &(std::ops::Range<usize>, Piece)| {
            *kind == Piece::Aside && now.range.contains(&piece.start)
        };
        let pieces = self.pieces(element);
        if pieces.iter().any(aside) {
            let reason =
                format!("a comment stands inside the text of <{}>", self.local_name(element));
            return Err(self.fault(element, reason, "Move the comment out of the text by hand."));
        }
        let only_blanks =
            now.range.is_empty() && pieces.iter().all(|(_, kind)| *kind == Piece::Text);
        let range = if only_blanks { node.open.end..node.close.start } else { now.range };
        Ok(vec![Edit::replace(range, raw)])
    }

    /// Removes an element; where nothing else stands on its lines, these go with it.
    ///
    /// # Errors
    /// A [`Fault`] for the root element.
    pub fn remove(&self, element: Element) -> Result<Vec<Edit>, Fault> {
        let node = self.node(element);
        if node.parent.is_none() {
            let hint = "Check the path of the patch.";
            return Err(self.fault(element, "the root element cannot be removed", hint));
        }
        let (start, end) = (node.open.start, node.close.end);
        let behind = line_end(&self.text, end);
        let alone = self.text[end..behind].iter().all(|&b| blank(b));
        Ok(vec![match self.margin(start) {
            Some(margin) if alone => Edit::delete(start - margin.len()..behind),
            _ => Edit::delete(start..end),
        }])
    }

    /// The `/>` of a tag that closes itself, with the white space before it.
    pub(super) fn self_closing(&self, element: Element) -> std::ops::Range<usize> {
        let open = &self.node(element).open;
        let before = &self.text[..open.end - 2];
        let blanks = before.iter().rev().take_while(|&&b| blank(b)).count();
        before.len() - blanks..open.end
    }

    /// The blanks between the start of a line and an offset; nothing where more stands there.
    pub(super) fn margin(&self, at: usize) -> Option<&[u8]> {
        let before = &self.text[..at];
        let blanks = before.iter().rev().take_while(|&&b| b == b' ' || b == b'\t').count();
        let (rest, margin) = before.split_at(before.len() - blanks);
        (rest.is_empty() || rest.ends_with(b"\n") || rest == b"\xEF\xBB\xBF").then_some(margin)
    }

    pub(super) fn escaped(
        &self,
        element: Element,
        value: &str,
        quote: Option<char>,
    ) -> Result<String, Fault> {
        chars::escaped(value, quote).map_err(|c| self.unwritable(element, c))
    }

    pub(super) fn unwritable(&self, element: Element, c: char) -> Fault {
        let reason = format!("the character U+{:04X} cannot be written in XML", u32::from(c));
        self.fault(element, reason, "Correct the value.")
    }

    pub(super) fn fault(&self, element: Element, reason: impl Into<String>, hint: &str) -> Fault {
        Fault::at(&self.text, self.start(element), reason, hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::splice;

    type Edited = Result<Vec<Edit>, Fault>;

    fn edited(text: &str, path: &str, edit: impl Fn(&Document, Element) -> Edited) -> String {
        let document = Document::parse(text.as_bytes()).unwrap();
        let element = document.select(&path.parse().unwrap())[0];
        let after = splice(text.as_bytes(), &edit(&document, element).unwrap()).unwrap();
        Document::parse(&after).unwrap();
        String::from_utf8(after).unwrap()
    }

    #[test]
    fn a_value_changes_between_its_own_quotes() {
        let set = |document: &Document, a| document.set_attribute(a, "x", "1\"<'é");
        assert_eq!(edited("<a x = 'old'/>", "a", set), "<a x = '1\"&lt;&apos;&#xE9;'/>");
        assert_eq!(edited("<a x=\"\"/>", "a", set), "<a x=\"1&quot;&lt;'&#xE9;\"/>");
        let same = |document: &Document, a| document.set_attribute(a, "x", "a&b");
        assert_eq!(edited("<a x='a&#38;b'/>", "a", same), "<a x='a&#38;b'/>");
    }

    #[test]
    fn a_new_attribute_stands_like_the_last_one() {
        let set = |document: &Document, a| document.set_attribute(a, "n", "v");
        assert_eq!(edited("<a/>", "a", set), "<a n=\"v\"/>");
        assert_eq!(edited("<a x='1' />", "a", set), "<a x='1' n='v' />");
        let lines = "<a x=\"1\"\r\n\t   y=\"2\"\r\n/>";
        assert_eq!(edited(lines, "a", set), "<a x=\"1\"\r\n\t   y=\"2\"\r\n\t   n=\"v\"\r\n/>");
        assert_eq!(edited("<a xmlns:s='u'>t</a>", "a", set), "<a xmlns:s='u' n='v'>t</a>");
    }

    #[test]
    fn a_removed_attribute_takes_the_white_space_before_it() {
        let remove = |document: &Document, a| document.remove_attribute(a, "x");
        assert_eq!(edited("<a x='1' y='2'/>", "a", remove), "<a y='2'/>");
        assert_eq!(edited("<a y='2'\n   x = '1'\n/>", "a", remove), "<a y='2'\n/>");
        assert_eq!(edited("<a y='2'/>", "a", remove), "<a y='2'/>");
    }

    #[test]
    fn a_text_is_replaced_within_its_white_space() {
        let set = |document: &Document, a| document.set_text(a, "v<ü");
        let new = "v&lt;&#xFC;";
        for (text, after) in [
            ("<a>old</a>", format!("<a>{new}</a>")),
            ("<a>\r\n  old\r\n</a>", format!("<a>\r\n  {new}\r\n</a>")),
            ("<a> <![CDATA[old]]> </a>", format!("<a> {new} </a>")),
            ("<a k='/'  />", format!("<a k='/'>{new}</a>")),
            ("<a></a>", format!("<a>{new}</a>")),
            ("<a>\n</a>", format!("<a>{new}</a>")),
            ("<a><!-- old -->\n</a>", format!("<a>{new}<!-- old -->\n</a>")),
            ("<a><!-- c --> old <?p?></a>", format!("<a><!-- c --> {new} <?p?></a>")),
        ] {
            assert_eq!(edited(text, "a", set), after);
        }
        assert_eq!(
            edited("<x><s:a xmlns:s='u'/></x>", "x/a", set),
            format!("<x><s:a xmlns:s='u'>{new}</s:a></x>")
        );
    }

    #[test]
    fn a_text_that_holds_more_is_left_alone() {
        let document = Document::parse(b"<r><a>x<b/>y</a><c>x<!-- why -->y</c></r>").unwrap();
        let refused = |path: &str, value: &str| {
            let element = document.select(&path.parse().unwrap())[0];
            document.set_text(element, value).expect_err(path)
        };
        let fault = refused("r/a", "v");
        assert_eq!((fault.at.column, fault.reason.as_str()), (4, "<a> holds elements, not a text"));
        assert!(refused("r/c", "v").reason.contains("comment"));
        assert!(refused("r/c", "\u{8}").reason.contains("U+0008"));
        assert!(document.remove(Element(0)).is_err());
        assert!(document.set_attribute(Element(0), "a b", "v").is_err());
        assert!(document.set_attribute(Element(0), "a", "\0").is_err());
    }

    #[test]
    fn an_element_alone_on_its_lines_goes_with_them() {
        let remove = |document: &Document, b| document.remove(b);
        assert_eq!(
            edited("<a>\r\n  <b>\r\n  </b> \r\n  <c/>\r\n</a>", "a/b", remove),
            "<a>\r\n  <c/>\r\n</a>"
        );
        assert_eq!(edited("<a><b/><c/></a>", "a/b", remove), "<a><c/></a>");
        assert_eq!(edited("<a>\n <b/><c/>\n</a>", "a/b", remove), "<a>\n <c/>\n</a>");
        assert_eq!(edited("<a>\n <c/><b/>\n</a>", "a/b", remove), "<a>\n <c/>\n</a>");
        assert_eq!(edited("<a>\n <b/> <!-- b -->\n</a>", "a/b", remove), "<a>\n  <!-- b -->\n</a>");
    }
}
