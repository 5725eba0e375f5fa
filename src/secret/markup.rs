//! Secrets that XML names: the text of an element, or a value beside the name of a property.
//!
//! A scanner and no parser, so that pieces, comments and diffs are read as well as documents. Its
//! time is linear: no tag is read past the next `<`.

use super::key::{is_harmless, names_secret};
use super::{add_lines, trimmed};
use std::ops::Range;

/// The most comments inside the text of one element.
const MOST_COMMENTS: usize = 8;

/// Adds the ranges of secret values.
pub(super) fn values(text: &[u8], diff: bool, found: &mut Vec<Range<usize>>) {
    let last = |close: &[u8]| text.windows(close.len()).rposition(|window| window == close);
    let (data, comment) = (last(b"]]>").unwrap_or(0), last(b"-->").unwrap_or(0));
    Scan { text, diff, data, comment, found }.run();
}

struct Scan<'t, 'f> {
    text: &'t [u8],
    diff: bool,
    /// Where the last `]]>` and the last `-->` stand: nothing is searched for behind them.
    data: usize,
    comment: usize,
    found: &'f mut Vec<Range<usize>>,
}

impl Scan<'_, '_> {
    fn run(&mut self) {
        let text = self.text;
        let mut named_before = false;
        let mut judged = None;
        let mut at = 0;
        while let Some(open) = find(text, at, b"<") {
            at = open + 1;
            let closes = text.get(at) == Some(&b'/');
            // An element is switched off as `<!--Name …>…</Name-->` too.
            let commented = text[at..].starts_with(b"!--");
            let tag = Tag::read(text, at + if commented { 3 } else { usize::from(closes) });
            at = tag.end.max(at);
            if closes {
                if judged != Some(open) && names_secret(tag.name) {
                    self.text_before(open);
                }
                continue;
            }
            if tag.name.is_empty() {
                continue;
            }
            let labelled = tag.label.as_ref().is_some_and(|at| names_secret(&text[at.clone()]));
            if let (true, Some(value)) = (labelled, &tag.value) {
                self.add(value.clone(), tag.alias);
            }
            let paired = named_before && ends_with(tag.name, b"value");
            if tag.holds && (labelled || paired || names_secret(tag.name)) {
                let (next, end) = self.text_after(tag.end, tag.alias);
                (at, judged) = (next, Some(end));
            }
            // `<param-name>password</param-name>` speaks for the value that follows.
            let content = &text[tag.end..find(text, tag.end, b"<").unwrap_or(text.len())];
            named_before = tag.holds
                && (ends_with(tag.name, b"name") || ends_with(tag.name, b"key"))
                && names_secret(content.trim_ascii());
        }
    }

    /// Adds the text of an element up to the next tag, comments left out. Tells where that text is
    /// interrupted first, for comments hold secrets too, and where it ends.
    fn text_after(&mut self, start: usize, alias: bool) -> (usize, usize) {
        let text = self.text;
        let mut interrupted = None;
        let mut at = start;
        // A chain of comments is read again from its second link, so its length has a limit.
        for _ in 0..MOST_COMMENTS {
            let mut end = find(text, at, b"<").unwrap_or(text.len());
            if self.diff {
                end = hunk(&text[at..end]).map_or(end, |(len, _)| at + len);
            }
            let words = find(&text[..end], at, b"-->").unwrap_or(end);
            self.add(at..words, alias);
            at = end;
            let rest = &text[end..];
            let (skip, last, close): (usize, usize, &[u8]) = match rest {
                _ if rest.starts_with(b"<![CDATA[") => (9, self.data, b"]]>"),
                _ if rest.starts_with(b"<!--") => (4, self.comment, b"-->"),
                _ => break,
            };
            if end + skip > last {
                break;
            }
            let Some(inner) = find(text, end + skip, close) else {
                break;
            };
            at = inner + close.len();
            if skip == 9 {
                self.add(end + skip..inner, alias);
            } else {
                interrupted = interrupted.or(Some(end));
            }
        }
        (interrupted.unwrap_or(at), at)
    }

    /// Adds the text before an end tag whose start tag is not there: the hunk of a diff may begin
    /// between them.
    fn text_before(&mut self, end: usize) {
        let before = self.text[..end].iter().rposition(|&b| b == b'>' || b == b'<');
        if before.is_some_and(|at| self.text[at] == b'<') {
            return;
        }
        let mut start = before.map_or(0, |at| at + 1);
        if self.diff
            && let Some((_, len)) = hunk(&self.text[start..end])
        {
            start += len;
        }
        self.add(start..end, false);
    }

    fn add(&mut self, range: Range<usize>, alias: bool) {
        let value = &self.text[trimmed(self.text, range.clone())];
        let stand_in = alias && value == b"password";
        if !stand_in && !is_harmless(value) {
            add_lines(self.text, range, self.diff, self.found);
        }
    }
}

/// A start tag, as far as it can be read.
struct Tag<'t> {
    name: &'t [u8],
    /// What its `name` or `key` attribute says.
    label: Option<Range<usize>>,
    /// What its `value` attribute says.
    value: Option<Range<usize>>,
    /// Has the attribute of the secret vault that makes the text a mere stand-in.
    alias: bool,
    /// Has text behind it.
    holds: bool,
    end: usize,
}

impl<'t> Tag<'t> {
    fn read(text: &'t [u8], start: usize) -> Self {
        let mut at = start + text[start..].iter().take_while(|&&b| is_name(b)).count();
        let name = &text[start..at];
        let mut tag =
            Tag { name, label: None, value: None, alias: false, holds: false, end: start };
        while let Some(&byte) = text.get(at) {
            match byte {
                b'<' => break,
                b'>' => {
                    let before = text[at - 1];
                    tag.holds = before != b'/' && before != b'-';
                    at += 1;
                    break;
                }
                b'"' | b'\'' => {
                    let len = text[at + 1..].iter().position(|&b| b == byte || b == b'<');
                    let end = at + 1 + len.unwrap_or(text.len() - at - 1);
                    tag.note(attribute(&text[start..at]), text, at + 1..end);
                    at = if text.get(end) == Some(&byte) { end + 1 } else { end };
                }
                _ => at += 1,
            }
        }
        tag.end = at;
        tag
    }

    fn note(&mut self, name: &[u8], text: &[u8], value: Range<usize>) {
        let name = name.rsplit(|&b| b == b':').next().unwrap_or(name);
        if name.eq_ignore_ascii_case(b"value") {
            self.value = Some(value);
        } else if name.eq_ignore_ascii_case(b"secretAlias") {
            self.alias = true;
        } else if [&b"name"[..], b"key", b"property"].iter().any(|n| name.eq_ignore_ascii_case(n))
            && (self.label.is_none() || names_secret(&text[value.clone()]))
        {
            self.label = Some(value);
        }
    }
}

/// Reads the attribute name that stands before its quote.
fn attribute(before: &[u8]) -> &[u8] {
    let before = before.trim_ascii_end();
    let Some(before) = before.strip_suffix(b"=") else {
        return &[];
    };
    let before = before.trim_ascii_end();
    let len = before.iter().rev().take_while(|&&b| is_name(b)).count();
    &before[before.len() - len..]
}

/// Finds the first header of a hunk: where it starts and where it ends.
fn hunk(text: &[u8]) -> Option<(usize, usize)> {
    let start = if text.starts_with(b"@@ -") { 0 } else { find(text, 0, b"\n@@ -")? + 1 };
    Some((start, crate::text::line_end(text, start)))
}

fn is_name(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b':') || b >= 0x80
}

fn ends_with(name: &[u8], end: &[u8]) -> bool {
    name.len() >= end.len() && name[name.len() - end.len()..].eq_ignore_ascii_case(end)
}

fn find(text: &[u8], from: usize, wanted: &[u8]) -> Option<usize> {
    let rest = text.get(from..)?;
    rest.windows(wanted.len()).position(|window| window == wanted).map(|at| from + at)
}
