//! Secrets that a key names beside them (`key = value` in any spelling), and passwords in URLs.

use super::add_lines;
use super::key::{is_harmless, names_secret};
use std::ops::Range;

/// Adds the ranges of secret values.
pub(super) fn values(text: &[u8], diff: bool, found: &mut Vec<Range<usize>>) {
    let mut table: &[u8] = if diff { UNKNOWN } else { b"" };
    let mut start = 0;
    // The quotes that close a value of several lines, or a continued value of a properties file.
    let mut open: Option<&[u8]> = None;
    for line in crate::text::lines(text) {
        let end = start + line.len();
        let marked = diff && matches!(line.first(), Some(b' ' | b'-' | b'+'));
        let from = start + usize::from(marked);
        let line = Line { text, start: from, end };
        start = end;
        if diff && (line.body().starts_with(b"@@ -") || line.body().starts_with(b"\\ ")) {
            (open, table) = (None, UNKNOWN);
            continue;
        }
        if let Some(quotes) = open {
            open = line.go_on(quotes, found);
            continue;
        }
        table = header(line.body()).unwrap_or(table);
        open = line.pairs(table, found);
        line.urls(found);
    }
}

/// The table at the start of a hunk: it may be `[encryption]`, so a `key` there is masked.
const UNKNOWN: &[u8] = b"?";

/// Ends a value that goes on while lines end with a backslash.
const CONTINUED: &[u8] = b"\\";

struct Line<'t> {
    text: &'t [u8],
    start: usize,
    end: usize,
}

impl<'t> Line<'t> {
    fn body(&self) -> &'t [u8] {
        &self.text[self.start..self.end]
    }

    /// Adds the values of all pairs; gives what closes the last one when it does not end here.
    fn pairs(&self, table: &[u8], found: &mut Vec<Range<usize>>) -> Option<&'static [u8]> {
        let line = self.body();
        let indent = line.len() - line.trim_ascii_start().len();
        let mut done = 0;
        for at in 0..line.len() {
            if at < done || !is_sign(line, at) {
                continue;
            }
            let Some((key, quoted)) = key_before(&line[..at]) else {
                continue;
            };
            let lead = line[indent.min(key.start)..key.start].trim_ascii_end();
            let first = lead.iter().all(|b| b"#!;/'\"".contains(b)) || lead == b"export";
            let before = key.start.checked_sub(1).map(|before| line[before]);
            let fits = match line[at] {
                b'=' => true,
                b':' => quoted || (lead.is_empty() && is_break(line.get(at + 1))),
                // A flag of a command: `-storepass value`.
                _ => {
                    !quoted
                        && line[key.start] == b'-'
                        && before.is_none_or(|b| b" \t\"'".contains(&b))
                }
            };
            if !fits {
                continue;
            }
            let value = at + 1 + line[at + 1..].iter().take_while(|b| b" \t".contains(b)).count();
            if !is_secret(table, &line[key.clone()], &line[value..], first) {
                continue;
            }
            let whole = first && !quoted && line[at] != b' ';
            let (range, close) = match before {
                Some(b'?' | b'&') => (word_at(line, value), None),
                _ => value_at(line, value, whole),
            };
            done = range.end;
            if !is_harmless(&line[range.clone()]) {
                self.add(range, found);
            }
            if close.is_some() {
                return close;
            }
        }
        None
    }

    /// Adds the next line of a value, and tells whether it still goes on.
    fn go_on(&self, close: &'static [u8], found: &mut Vec<Range<usize>>) -> Option<&'static [u8]> {
        let line = self.body();
        if close == CONTINUED {
            let (range, close) = value_at(line, 0, true);
            self.add(range, found);
            return close;
        }
        let end = line.windows(close.len()).position(|window| window == close);
        self.add(0..end.unwrap_or(line.len()), found);
        if end.is_some() { None } else { Some(close) }
    }

    /// Adds the password of every `scheme://user:password@host` and `thin:user/password@host`.
    fn urls(&self, found: &mut Vec<Range<usize>>) {
        let line = self.body();
        let mut at = 0;
        while at < line.len() {
            let rest = &line[at..];
            let (skip, parts): (usize, &[u8]) = match rest {
                _ if rest.starts_with(b"://") => (3, b":"),
                _ if rest.starts_with(b":thin:") => (6, b"/"),
                _ => {
                    at += 1;
                    continue;
                }
            };
            at += skip;
            // A list of URLs may stand in one word: `tcp://a:b@c;tcp://…`.
            let rest = &line[at..];
            let stops = |i: &usize| {
                b" \t\r\n\"'<>,()".contains(&rest[*i]) || rest[*i..].starts_with(b"://")
            };
            let len = (0..rest.len()).find(stops).unwrap_or(rest.len());
            if let Some(password) = password_in(&rest[..len], parts) {
                self.add(at + password.start..at + password.end, found);
            }
            at += len;
        }
    }

    fn add(&self, range: Range<usize>, found: &mut Vec<Range<usize>>) {
        add_lines(self.text, self.start + range.start..self.start + range.end, false, found);
    }
}

/// Reads `[table]`.
fn header(line: &[u8]) -> Option<&[u8]> {
    let line = line.trim_ascii().trim_ascii_start();
    let line = line.strip_prefix(b"[")?;
    let close = line.iter().position(|&b| b == b']')?;
    Some(line[..close].trim_ascii())
}

/// Tells whether an assignment may stand here, and no comparison.
fn is_sign(line: &[u8], at: usize) -> bool {
    let next = line.get(at + 1);
    match line[at] {
        b'=' => {
            let before = at.checked_sub(1).map(|before| line[before]);
            !matches!(next, Some(b'=' | b'>' | b'~'))
                && !matches!(before, Some(b'=' | b'!' | b'<' | b'>'))
        }
        b':' => !matches!(next, Some(b':' | b'/' | b'=')),
        b' ' => !matches!(next, None | Some(b' ' | b'=' | b':' | b'-' | b'\r' | b'\n')),
        _ => false,
    }
}

fn is_break(byte: Option<&u8>) -> bool {
    matches!(byte, None | Some(b' ' | b'\t' | b'\r' | b'\n' | b'"' | b'\''))
}

/// Finds the last part of the key before a sign, and whether it is quoted.
fn key_before(before: &[u8]) -> Option<(Range<usize>, bool)> {
    let end = before.trim_ascii_end().len();
    let key = &before[..end];
    if let Some(&quote @ (b'"' | b'\'')) = key.last() {
        let start = key[..end - 1].iter().rposition(|&b| b == quote)? + 1;
        return Some((start..end - 1, true));
    }
    let part = |b: &&u8| b.is_ascii_alphanumeric() || b"_-.@:$".contains(b);
    let len = key.iter().rev().take_while(part).count();
    (len > 0).then_some((end - len..end, false))
}

fn is_secret(table: &[u8], key: &[u8], value: &[u8], first: bool) -> bool {
    let hex = value.iter().skip(1).take_while(|b| b.is_ascii_hexdigit()).count();
    names_secret(key)
        // The hash of an application's password.
        || (hex >= 32 && key.to_ascii_lowercase().ends_with(b"hash"))
        || (first && table == b"secrets" && value.starts_with(b"\""))
        || (first && key == b"key" && (table == b"encryption" || table == UNKNOWN || hex >= 16))
}

/// Tells which bytes are the value, quotes left out, and what closes it when this line does not.
fn value_at(line: &[u8], at: usize, whole: bool) -> (Range<usize>, Option<&'static [u8]>) {
    let rest = &line[at..];
    for triple in [&b"\"\"\""[..], b"'''"] {
        if rest.starts_with(triple) {
            let inner = &rest[3..];
            return match inner.windows(3).position(|window| window == triple) {
                Some(len) => (at + 3..at + 3 + len, None),
                None => {
                    (at + 3..line.len(), Some(if triple == b"'''" { b"'''" } else { b"\"\"\"" }))
                }
            };
        }
    }
    let until = |from: usize, end: &dyn Fn(usize) -> bool| {
        from..(from..line.len()).find(|&at| end(at)).unwrap_or(line.len())
    };
    match rest {
        [b'\\', quote @ (b'"' | b'\''), ..] => {
            (until(at + 2, &|at| line[at] == b'\\' && line.get(at + 1) == Some(quote)), None)
        }
        [b'"', ..] => (until(at + 1, &|at| line[at] == b'"' && !is_escaped(line, at)), None),
        [b'\'', ..] => (until(at + 1, &|at| line[at] == b'\''), None),
        [b'[', ..] => {
            let close = line.iter().rposition(|&b| b == b']').filter(|&close| close > at);
            (at + 1..close.unwrap_or(line.len()), None)
        }
        // A table or an object: its own pairs are read.
        [b'{', next, ..] if *next != b'{' => (at..at, None),
        _ if whole => {
            let stop = until(at, &|at| line[at..].starts_with(b"</")).end;
            let end = at + line[at..stop].trim_ascii_end().len();
            if end > at && is_escaped(line, end) {
                return (at..end - 1, Some(CONTINUED));
            }
            (at..end, None)
        }
        _ => (word_at(line, at), None),
    }
}

/// The value of a parameter inside a URL or a command.
fn word_at(line: &[u8], at: usize) -> Range<usize> {
    let len = line[at..].iter().position(|b| b" \t\r\n;&\"'<>,)]}".contains(b));
    at..at + len.unwrap_or(line.len() - at)
}

fn is_escaped(line: &[u8], at: usize) -> bool {
    line[..at].iter().rev().take_while(|&&b| b == b'\\').count() % 2 == 1
}

/// Finds the password in `user:password@host…`; a colon may carry the backslash of a properties
/// file.
fn password_in(word: &[u8], parts: &[u8]) -> Option<Range<usize>> {
    let host = word.iter().position(|b| b"/?#;".contains(b)).unwrap_or(word.len());
    let colon = word.windows(parts.len()).position(|window| window == parts)? + parts.len();
    let at_sign = match word[..host].iter().rposition(|&b| b == b'@') {
        Some(at) if parts == b":" => at,
        // A slash may be part of the password, unless a port stands before it.
        _ if parts == b"/" || !is_port(word.get(colon..host)?) => {
            colon + word.get(colon..)?.iter().position(|&b| b == b'@')?
        }
        _ => return None,
    };
    let range = colon..at_sign;
    (colon < at_sign && !is_harmless(&word[range.clone()])).then_some(range)
}

fn is_port(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_digit) || text.starts_with(b"$") || text.starts_with(b"{")
}
