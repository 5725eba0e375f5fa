//! `.properties` files as `java.util.Properties` reads them, with the bytes that wrote each entry.
//!
//! Reading gives what Java gives: ISO-8859-1, escapes, continued lines, the last duplicate wins.
//! Changing touches one value or whole lines; comments, order, spacing and line ends stay. It
//! refuses only what Java refuses, and texts that are no configuration (a NUL byte, over 8 MiB).

use super::{Fault, Value};
use crate::text::{Edit, eol_near, indent_at};
use std::ops::Range;

mod escape;
mod lex;
pub mod second;

/// A file larger than this is no configuration.
const LIMIT: usize = 8 << 20;

/// One key and value, and where they stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key, escapes resolved.
    pub key: String,
    /// The value, escapes resolved and continued lines joined.
    pub value: String,
    /// The whole lines of the entry, indentation and line end included.
    pub lines: Range<usize>,
    /// The bytes of the key.
    pub key_range: Range<usize>,
    /// The bytes of the value, over its continued lines; empty behind the separator for no value.
    pub value_range: Range<usize>,
    /// Line ends that must come before another entry can follow.
    missing: usize,
    separator: Separator,
}

/// What parts a key from its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Separator {
    /// `=` or `:`, perhaps among blanks.
    Sign,
    Blanks,
    Missing,
}

/// A `.properties` text and its entries.
#[derive(Debug, Clone)]
pub struct Document {
    text: Vec<u8>,
    entries: Vec<Entry>,
}

impl Document {
    /// Reads a text.
    ///
    /// # Errors
    /// A NUL byte, more than 8 MiB, or a `\u` without four hexadecimal digits, for which
    /// `java.util.Properties.load` throws.
    pub fn parse(text: &[u8]) -> Result<Self, Fault> {
        if text.len() > LIMIT {
            let reason = format!("the file has {} bytes, more than 8 MiB", text.len());
            return Err(Fault::at(text, 0, reason, "Check that this is a configuration file."));
        }
        if let Some(at) = text.iter().position(|&b| b == 0) {
            let hint = "Save the file as plain text in ISO-8859-1.";
            return Err(Fault::at(text, at, "a NUL byte, which no text has", hint));
        }
        Ok(Self { text: text.to_vec(), entries: lex::entries(text)? })
    }

    /// Gives the entries in file order, duplicates included.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Gives the value in force: that of the last entry with this key.
    pub fn value(&self, key: &str) -> Option<Value> {
        self.winner(key).map(value_of)
    }

    /// Gives every value of a key, in file order; the last is in force.
    pub fn all(&self, key: &str) -> Vec<Value> {
        self.entries.iter().filter(|e| e.key == key).map(value_of).collect()
    }

    /// Gives the keys that match a pattern, each once, in file order.
    ///
    /// A part `*` of the pattern stands for one part without a dot: `appender.*.filePattern`.
    pub fn keys_matching(&self, pattern: &str) -> Vec<&str> {
        let mut seen = std::collections::HashSet::new();
        let keys = self.entries.iter().map(|e| e.key.as_str());
        keys.filter(|key| matches(pattern, key) && seen.insert(*key)).collect()
    }

    /// Makes a key have a value; no edit when it has it already.
    ///
    /// A key that is there gets a new value in its last entry. A new key gets a line behind the
    /// entry whose key shares the most leading dotted parts (the last of several), else at the
    /// end, in that neighbour's indentation, separator and line end.
    pub fn set(&self, key: &str, value: &str) -> Vec<Edit> {
        let Some(entry) = self.winner(key) else {
            return vec![self.addition(key, value)];
        };
        if entry.value == value {
            return Vec::new();
        }
        let mut with = match entry.separator {
            Separator::Missing => b"=".to_vec(),
            Separator::Blanks if value.starts_with(['=', ':']) => b"\\".to_vec(),
            _ => Vec::new(),
        };
        with.extend(escape::value(value));
        vec![Edit::replace(entry.value_range.clone(), with)]
    }

    /// Removes a key: the whole lines of all its entries.
    pub fn remove(&self, key: &str) -> Vec<Edit> {
        let doomed = self.entries.iter().filter(|e| e.key == key);
        doomed.map(|e| Edit::delete(e.lines.clone())).collect()
    }

    fn winner(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().rfind(|e| e.key == key)
    }

    fn addition(&self, key: &str, value: &str) -> Edit {
        let kin = self.entries.iter().enumerate().map(|(at, e)| (shared(&e.key, key), at)).max();
        let neighbour = match kin {
            Some((parts, at)) if parts > 0 => self.entries.get(at),
            _ => None,
        };
        let model = neighbour.or(self.entries.last());
        let at = neighbour.map_or(self.text.len(), |e| e.lines.end);
        let missing = match model {
            Some(e) if e.lines.end == at => e.missing,
            _ => usize::from(at > 0 && !matches!(self.text[at - 1], b'\n' | b'\r')),
        };
        let eol = self.eol_before(at);
        let mut line = eol.repeat(missing).into_bytes();
        line.extend(model.map_or(&b""[..], |e| indent_at(&self.text, e.lines.start)));
        line.extend(escape::key(key));
        line.extend(model.map_or(&b"="[..], |e| self.separator(e)));
        line.extend(escape::value(value));
        if missing == 0 {
            line.extend(eol.as_bytes());
        }
        Edit::insert(at, line)
    }

    /// The line end in use before an offset; a bare carriage return counts, as Java reads it.
    fn eol_before(&self, at: usize) -> &'static str {
        let before = &self.text[..at];
        match before.iter().rposition(|b| matches!(b, b'\n' | b'\r')) {
            Some(end) if before[end] == b'\r' => "\r",
            Some(end) => eol_near(&self.text, end),
            None => "\n",
        }
    }

    fn separator(&self, entry: &Entry) -> &[u8] {
        let gap = &self.text[entry.key_range.end..entry.value_range.start];
        let plain = gap.iter().all(|b| matches!(b, b'=' | b':' | b' ' | b'\t'));
        if plain && entry.separator == Separator::Sign { gap } else { b"=" }
    }
}

fn value_of(entry: &Entry) -> Value {
    Value { text: entry.value.clone(), range: entry.value_range.clone() }
}

fn matches(pattern: &str, key: &str) -> bool {
    let mut parts = key.split('.');
    pattern.split('.').all(|want| parts.next().is_some_and(|part| want == "*" || want == part))
        && parts.next().is_none()
}

fn shared(a: &str, b: &str) -> usize {
    a.split('.').zip(b.split('.')).take_while(|(x, y)| x == y).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::splice;

    fn set(text: &str, key: &str, value: &str) -> String {
        let doc = Document::parse(text.as_bytes()).unwrap();
        let out = splice(text.as_bytes(), &doc.set(key, value)).unwrap();
        let again = Document::parse(&out).unwrap();
        assert_eq!(again.value(key).unwrap().text, value);
        assert_eq!(second::value(&out, key).as_deref(), Some(value));
        assert_eq!(again.set(key, value), []);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_last_duplicate_is_in_force_and_only_it_changes() {
        let text = "a=1\nb=2\na=3\n";
        let doc = Document::parse(text.as_bytes()).unwrap();
        assert_eq!(doc.value("a").unwrap().text, "3");
        assert_eq!(doc.all("a").len(), 2);
        assert_eq!(set(text, "a", "9"), "a=1\nb=2\na=9\n");
    }

    #[test]
    fn a_value_goes_with_all_its_continued_lines() {
        assert_eq!(set("a = x,\\\r\n   y\r\nb=1\r\n", "a", "z"), "a = z\r\nb=1\r\n");
    }

    #[test]
    fn a_new_key_stands_behind_its_closest_kin() {
        let text = "log4j.appender.A=x\r\n log4j.appender.A.File = f\r\nlog4j.logger.b=c\r\n";
        let want = "log4j.appender.A=x\r\n log4j.appender.A.File = f\r\n log4j.appender.A.Max = 9\r\nlog4j.logger.b=c\r\n";
        assert_eq!(set(text, "log4j.appender.A.Max", "9"), want);
    }

    #[test]
    fn a_key_without_kin_goes_to_the_end() {
        assert_eq!(set("a=1\n# end\n", "b", "2"), "a=1\n# end\nb=2\n");
        assert_eq!(set("a : 1\n# end", "b", "2"), "a : 1\n# end\nb : 2");
        assert_eq!(set("", "b", "2"), "b=2\n");
    }

    #[test]
    fn a_missing_last_line_end_stays_missing() {
        assert_eq!(set("x.a=1\r\nx.b=2", "x.c", "3"), "x.a=1\r\nx.b=2\r\nx.c=3");
        assert_eq!(set("x.a=1\rx.b=2\r", "x.c", "3"), "x.a=1\rx.b=2\rx.c=3\r");
    }

    #[test]
    fn a_new_line_never_continues_an_open_one() {
        assert_eq!(set("a=1\\", "b", "2"), "a=1\\\n\nb=2");
        assert_eq!(set("a=1\\\n", "b", "2"), "a=1\\\n\nb=2");
        assert_eq!(set("a\\", "a", "2"), "a=2");
    }

    #[test]
    fn a_key_without_separator_gets_one() {
        assert_eq!(set("alone\nb=1\n", "alone", "x"), "alone=x\nb=1\n");
        assert_eq!(set("alone\\\n\n", "alone", "x"), "alone\\\n=x\n");
        assert_eq!(set("blank value\n", "blank", "=x"), "blank \\=x\n");
    }

    #[test]
    fn what_is_written_is_read_back() {
        for value in ["", " lead", "C:\\x", "a=b:c", "tab\there", "é€😀", "#no", "two\nlines"]
        {
            set("k=v\n", "k", value);
            set("k=v\n", "a key:é", value);
        }
    }

    #[test]
    fn removal_takes_all_duplicates_and_their_continued_lines() {
        let text = b"a=1\\\n 2\nb=1\na=3";
        let doc = Document::parse(text).unwrap();
        assert_eq!(splice(text, &doc.remove("a")).unwrap(), b"b=1\n");
        assert!(doc.remove("c").is_empty());
    }

    #[test]
    fn a_star_stands_for_one_part() {
        let doc = Document::parse(b"a.b.c=1\na.x.c=2\na.c=3\na.b.d.c=4\na.b.c=5").unwrap();
        assert_eq!(doc.keys_matching("a.*.c"), ["a.b.c", "a.x.c"]);
    }

    #[test]
    fn what_java_refuses_is_refused_with_its_place() {
        let fault = Document::parse(b"a=1\nb=\\u12x4").unwrap_err();
        assert_eq!((fault.at.line, fault.at.column), (2, 3));
        assert!(Document::parse(b"# \\u12x4 in a comment\n").is_ok());
        assert!(Document::parse(b"a=\0").is_err());
        assert!(Document::parse(&vec![b'\n'; LIMIT + 1]).is_err());
    }
}
