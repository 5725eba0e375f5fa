//! Puts new lines where a reader of the file expects them, with the line ends and indentation of
//! their neighbours. It decides where, never what.

use super::Document;
use super::seek::Place;
use super::tree::{Form, Section, Table};
use crate::text::{Edit, eol_near, indent_at, line_end, line_start};

impl Document {
    /// Adds a line behind the last key of a table, else behind its header, else at the top.
    pub(super) fn behind_last(&self, table: &Table, line: &str) -> Edit {
        let text = self.text.as_bytes();
        let (neighbour, end) = match (table.last(), &table.form) {
            (Some(last), _) => last,
            (None, Form::Header(range)) => (range.start, range.end),
            (None, _) => match self.sections.first() {
                Some(first) => return self.before(first, &[line]),
                None => return self.appended(&[line], false),
            },
        };
        let indent = String::from_utf8_lossy(indent_at(text, neighbour));
        let (eol, behind) = (eol_near(text, end), line_end(text, end));
        match text.get(..behind).is_some_and(|before| before.ends_with(b"\n")) {
            true => Edit::insert(behind, format!("{indent}{line}{eol}")),
            false => Edit::insert(behind, format!("{eol}{indent}{line}")),
        }
    }

    /// Adds a key before the closing brace, which ends at `close`.
    pub(super) fn inside_braces(&self, braces: &Table, close: usize, key: &str) -> Edit {
        match braces.last() {
            Some((_, end)) => Edit::insert(end, format!(", {key}")),
            None => {
                let inside = self.text.get(..close.saturating_sub(1)).unwrap_or_default();
                let start = inside.trim_end().len();
                Edit::replace(start..inside.len(), format!(" {key} "))
            }
        }
    }

    /// Adds a table, or an entry of an array, at the end of the file.
    ///
    /// WSO2's ciphertool truncates a file in which a table follows `[secrets]` (wso2/cipher-tool),
    /// so `[secrets]` stays the last one.
    pub(super) fn at_end(&self, lines: &[&str]) -> Edit {
        match self.sections.last() {
            Some(last) if last.names == ["secrets"] => self.before(last, lines),
            _ => self.appended(lines, true),
        }
    }

    /// Adds a table before the first of its sub-tables: behind it the server's parser would die.
    pub(super) fn before_sub_tables(&self, place: &Place<'_>, lines: &[&str]) -> Edit {
        let from = place.entry.map_or(0, |entry| entry.key_start);
        let mut behind = self.sections.iter().filter(|section| section.header.start >= from);
        let first = behind.find(|section| {
            section.names.len() > place.names.len() && section.starts_with(&place.names)
        });
        match first {
            Some(first) => self.before(first, lines),
            None => self.at_end(lines),
        }
    }

    /// Adds an entry behind the last entry of its array and that entry's sub-tables.
    pub(super) fn behind_entries(&self, names: &[&str], lines: &[&str]) -> Edit {
        let last = self.sections.iter().rposition(|s| s.array && s.names == names);
        let sections = self.sections.get(last.unwrap_or(0)..).unwrap_or_default();
        let own = sections.iter().take_while(|section| section.starts_with(names)).count();
        let (Some(header), Some(end)) =
            (sections.first(), sections.get(..own).and_then(<[_]>::last))
        else {
            return self.at_end(lines);
        };
        let text = self.text.as_bytes();
        let next = sections.get(own).map_or(text.len(), |next| line_start(text, next.header.start));
        let behind = self.end_of(end, next);
        let eol = eol_near(text, behind.saturating_sub(1));
        let indent = String::from_utf8_lossy(indent_at(text, header.header.start));
        let block: Vec<_> = lines.iter().map(|line| format!("{indent}{line}")).collect();
        let block = block.join(eol);
        if !text.get(..behind).is_some_and(|before| before.ends_with(b"\n")) {
            return Edit::insert(behind, format!("{eol}{eol}{block}"));
        }
        let tight = behind < text.len() && !blank(text, behind);
        Edit::insert(behind, format!("{eol}{block}{eol}{}", if tight { eol } else { "" }))
    }

    /// Finds the line behind what belongs to a section: its last key with the comment lines that
    /// follow at once, unless they lead over to the next header.
    fn end_of(&self, section: &Section, next: usize) -> usize {
        let text = self.text.as_bytes();
        let end = line_end(text, section.end);
        let mut at = end;
        while at < next && comment(text, at) {
            at = line_end(text, at);
        }
        if at < next && blank(text, at) || at == text.len() { at } else { end }
    }

    /// Adds lines and a blank one before a header and the comments that stand on top of it.
    fn before(&self, section: &Section, lines: &[&str]) -> Edit {
        let text = self.text.as_bytes();
        let mut at = line_start(text, section.header.start);
        while at > 0 && comment(text, line_start(text, at - 1)) {
            at = line_start(text, at - 1);
        }
        let eol = eol_near(text, at);
        let open = at == 0 || blank(text, line_start(text, at - 1));
        let lead = if open { "" } else { eol };
        Edit::insert(at, format!("{lead}{}{eol}{eol}", lines.join(eol)))
    }

    fn appended(&self, lines: &[&str], apart: bool) -> Edit {
        let text = self.text.as_bytes();
        let eol = eol_near(text, text.len());
        let closed = text.is_empty() || text.ends_with(b"\n");
        let mut new = String::new();
        if !closed {
            new.push_str(eol);
        }
        let last = line_start(text, text.len().saturating_sub(1));
        if apart && !text.is_empty() && !blank(text, last) {
            new.push_str(eol);
        }
        new.push_str(&lines.join(eol));
        if closed {
            new.push_str(eol);
        }
        Edit::insert(text.len(), new)
    }
}

impl Section {
    fn starts_with(&self, names: &[&str]) -> bool {
        self.names.len() >= names.len() && self.names.iter().zip(names).all(|(a, b)| a == b)
    }
}

fn blank(text: &[u8], line: usize) -> bool {
    text.get(line..line_end(text, line)).is_some_and(|line| line.trim_ascii().is_empty())
}

fn comment(text: &[u8], line: usize) -> bool {
    text.get(line..).is_some_and(|rest| rest.trim_ascii_start().starts_with(b"#"))
        && !blank(text, line)
}
