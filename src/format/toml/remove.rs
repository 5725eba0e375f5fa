//! Takes keys away. It leaves every other line as it is, comments included, and never takes a
//! table that has a header of its own.

use super::seek::{self, End};
use super::tree::{Form, Node, Table};
use super::{Document, Path};
use crate::format::Fault;
use crate::text::{Edit, line_end, line_start};

impl Document {
    /// Takes a key away with its line, in every entry that the path chooses; comments above it
    /// stay. A key that is not there gives no edits.
    ///
    /// # Errors
    /// A fault when the path names a table with a header of its own.
    pub fn remove(&self, path: &Path) -> Result<Vec<Edit>, Fault> {
        let Some((last, parents)) = path.parts().split_last() else {
            return Ok(Vec::new());
        };
        let mut edits = Vec::new();
        for end in seek::seek(&self.root, parents) {
            let End::Table(place) = end else { continue };
            let written = match (place.table.entry(&last.name), &last.only) {
                (Some(Node::Leaf(leaf)), None) => leaf.key_start..leaf.range.end,
                (Some(Node::Table(Table { form: Form::Braces(range), key_start, .. })), None) => {
                    *key_start..range.end
                }
                (Some(Node::Table(table)), _) => {
                    return Err(self.no_place(table.key_start, format!("{path} is a table")));
                }
                (Some(Node::Tables(tables)), _) => {
                    let reason = format!("{path} is an array of tables");
                    return Err(self.no_place(tables.key_start, reason));
                }
                (Some(Node::Leaf(_)), Some(_)) | (None, _) => continue,
            };
            edits.push(match place.braces {
                Some(_) => self.without_comma(written.start, written.end),
                None => self.without_line(written.start, written.end),
            });
        }
        self.proved(path, edits)
    }

    fn without_line(&self, from: usize, to: usize) -> Edit {
        let text = self.text.as_bytes();
        let (mut start, end) = (line_start(text, from), line_end(text, to));
        // A file without a final line end keeps lacking it.
        if end == text.len() && !text.ends_with(b"\n") && start > 0 {
            start -= if text.get(..start).is_some_and(|t| t.ends_with(b"\r\n")) { 2 } else { 1 };
        }
        Edit::delete(start..end)
    }

    fn without_comma(&self, from: usize, to: usize) -> Edit {
        let behind = self.text.get(to..).unwrap_or_default();
        let before = self.text.get(..from).unwrap_or_default();
        if let Some(next) = behind.trim_start().strip_prefix(',') {
            return Edit::delete(from..self.text.len() - next.trim_start().len());
        }
        match before.trim_end().strip_suffix(',') {
            Some(kept) => Edit::delete(kept.len()..to),
            None => Edit::delete(from..to),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remove(text: &str, key: &str) -> String {
        let document = Document::parse(text.as_bytes()).expect(text);
        match document.remove(&key.parse().expect(key)) {
            Ok(edits) => {
                let after = crate::text::splice(text.as_bytes(), &edits).expect(text);
                String::from_utf8(after).expect(text)
            }
            Err(fault) => fault.to_string(),
        }
    }

    #[test]
    fn removing_takes_the_line_and_leaves_its_comments() {
        assert_eq!(remove("# c\r\na = [\r\n1] # d\r\nb = 2", "a"), "# c\r\nb = 2");
        assert_eq!(remove("a = 1\r\nb = 2", "b"), "a = 1");
        assert_eq!(remove("[t]\na.b = 1\n#a.b = 1\n", "t.a.b"), "[t]\n#a.b = 1\n");
        assert_eq!(remove("t = { a.b = 1, c = 2 }", "t.a.b"), "t = { c = 2 }");
        assert_eq!(remove("t = { a.b = 1, c = 2 }", "t.c"), "t = { a.b = 1 }");
        assert_eq!(remove("[[f]]\nn = 'x'\nk = 1\n", "f[n='x'].k"), "[[f]]\nn = 'x'\n");
        assert_eq!(remove("a = 1\n", "b.c"), "a = 1\n");
        assert!(remove("[a]\n", "a").contains("a is a table"));
    }
}
