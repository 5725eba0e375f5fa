//! Splits a text into entries the way `java.util.Properties.load` documents it.

use super::{Entry, Separator, escape};
use crate::format::Fault;
use std::ops::Range;

/// Reads all entries in file order.
///
/// # Errors
/// A `\u` without four hexadecimal digits.
pub(super) fn entries(text: &[u8]) -> Result<Vec<Entry>, Fault> {
    let mut entries = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let (line, next) = logical(text, at);
        if let Some(line) = line {
            entries.push(line.entry(text)?);
        }
        at = next;
    }
    Ok(entries)
}

/// A logical line: one or more physical lines joined by backslashes.
struct Line {
    lines: Range<usize>,
    /// The offset behind the last byte, before the line end.
    end: usize,
    /// Offsets of the bytes that count: no indentation, no joining backslash, no line end.
    kept: Vec<usize>,
    missing: usize,
}

/// Reads the logical line at an offset and tells where the next one starts; blank lines and
/// comments give none.
fn logical(text: &[u8], start: usize) -> (Option<Line>, usize) {
    let mut kept = Vec::new();
    let mut missing = 1;
    let mut at = skip_blanks(text, start);
    let end = loop {
        match text.get(at) {
            None => break at,
            Some(b'\n' | b'\r') => {
                missing = 0;
                break at;
            }
            Some(b'#' | b'!') if kept.is_empty() => return (None, skip_line(text, at)),
            Some(b'\\') => match text.get(at + 1) {
                None => {
                    missing = 2;
                    break at + 1;
                }
                Some(b'\n' | b'\r') => at = skip_blanks(text, skip_eol(text, at + 1)),
                Some(_) => {
                    kept.extend([at, at + 1]);
                    at += 2;
                }
            },
            Some(_) => {
                kept.push(at);
                at += 1;
            }
        }
    };
    let next = skip_eol(text, end);
    let line = Line { lines: start..next, end, missing, kept };
    // A lone backslash at the end of the text is an entry without key and value.
    ((!line.kept.is_empty() || line.missing == 2).then_some(line), next)
}

impl Line {
    fn entry(self, text: &[u8]) -> Result<Entry, Fault> {
        let byte = |i: usize| self.kept.get(i).map(|&at| text[at]);
        let mut key_end = 0;
        loop {
            match byte(key_end) {
                None | Some(b'=' | b':' | b' ' | b'\t' | b'\x0c') => break,
                Some(b'\\') => key_end += 2,
                Some(_) => key_end += 1,
            }
        }
        let mut value = key_end;
        let mut sign = false;
        while let Some(b) = byte(value) {
            match b {
                b' ' | b'\t' | b'\x0c' => {}
                b'=' | b':' if !sign => sign = true,
                _ => break,
            }
            value += 1;
        }
        let separator = match (value > key_end, sign) {
            (_, true) => Separator::Sign,
            (true, false) => Separator::Blanks,
            (false, false) => Separator::Missing,
        };
        let (key, value) = (&self.kept[..key_end], &self.kept[value..]);
        // A backslash that joins nothing goes when a value comes, lest it escape the separator.
        let bare = self.end - usize::from(self.missing == 2);
        let first = self.kept.first().copied().unwrap_or(bare);
        Ok(Entry {
            key: escape::resolve(text, key)?,
            value: escape::resolve(text, value)?,
            key_range: first..key.last().map_or(first, |at| at + 1),
            value_range: value.first().copied().unwrap_or(bare)..self.end,
            missing: self.missing,
            separator,
            lines: self.lines,
        })
    }
}

fn skip_blanks(text: &[u8], at: usize) -> usize {
    let blank = |b: &&u8| matches!(b, b' ' | b'\t' | b'\x0c');
    at + text[at..].iter().take_while(blank).count()
}

fn skip_line(text: &[u8], at: usize) -> usize {
    let rest = text[at..].iter().position(|b| matches!(b, b'\n' | b'\r'));
    rest.map_or(text.len(), |len| skip_eol(text, at + len))
}

fn skip_eol(text: &[u8], at: usize) -> usize {
    match (text.get(at), text.get(at + 1)) {
        (Some(b'\r'), Some(b'\n')) => at + 2,
        (Some(b'\r' | b'\n'), _) => at + 1,
        _ => at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &[u8]) -> Vec<(String, String)> {
        entries(text).unwrap().into_iter().map(|e| (e.key, e.value)).collect()
    }

    fn pair(text: &str) -> (String, String) {
        let mut all = pairs(text.as_bytes());
        assert_eq!(all.len(), 1, "{text:?}");
        all.remove(0)
    }

    #[test]
    fn separators_are_an_equals_sign_a_colon_or_blanks() {
        for text in ["k=v", "k:v", "k v", " k = v", "k\t:\tv", "k\x0cv"] {
            assert_eq!(pair(text), ("k".into(), "v".into()), "{text:?}");
        }
        assert_eq!(pair("k = = v").1, "= v");
        assert_eq!(pair("=v"), (String::new(), "v".into()));
        assert_eq!(pair("a\\ b\\=c=d"), ("a b=c".into(), "d".into()));
    }

    #[test]
    fn trailing_blanks_belong_to_the_value() {
        assert_eq!(pair("k=v  ").1, "v  ");
    }

    #[test]
    fn continued_lines_lose_their_indentation_and_keep_their_signs() {
        assert_eq!(pair("k=a\\\n  #b\\\r\n\t!c").1, "a#b!c");
        assert_eq!(pair("k=a\\\\\n").1, "a\\");
    }

    #[test]
    fn an_empty_continued_line_ends_the_value() {
        assert_eq!(pairs(b"k=a\\\n\nj=b").len(), 2);
    }

    #[test]
    fn comments_and_blank_lines_are_no_entries_and_never_continue() {
        assert_eq!(pairs(b"  # a=1\\\n!b=2\n \t\n\\\n# x\nc=3"), [("c".into(), "3".into())]);
    }

    #[test]
    fn every_line_end_ends_an_entry() {
        assert_eq!(pairs(b"a=1\rb=2\r\nc=3\nd=4").len(), 4);
    }

    #[test]
    fn ranges_cut_the_written_bytes() {
        let text = b"x=1\n  k\\:1 = a\\\n  b\nz=2";
        let entry = entries(text).unwrap().remove(1);
        assert_eq!(&text[entry.key_range], b"k\\:1");
        assert_eq!(&text[entry.value_range], b"a\\\n  b");
        assert_eq!(&text[entry.lines], b"  k\\:1 = a\\\n  b\n");
    }
}
