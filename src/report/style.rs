//! How text looks on a terminal: colours, and a diff made readable.
//!
//! Knows no terminal and reads no environment: the caller says which style. Characters that could
//! steer a terminal never get through.

use crate::diff::{Abridged, Span, abridge, abridge_pair, pairs};
use std::fmt::Write as _;

/// Whether text is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Plain,
    Ansi,
}

/// What a piece of text is, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    Heading,
    Dim,
    Good,
    Bad,
    Warn,
    Hunk,
    Removed,
    Added,
}

impl Ink {
    fn sgr(self) -> &'static str {
        match self {
            Self::Heading => "1",
            Self::Dim => "2",
            Self::Good | Self::Added => "32",
            Self::Bad => "1;31",
            Self::Warn => "33",
            Self::Hunk => "36",
            Self::Removed => "31",
        }
    }
}

impl Style {
    /// Colours a text; plain style and empty text stay as they are.
    pub fn paint(self, ink: Ink, text: &str) -> String {
        self.mark(ink, text, &[])
    }

    /// Colours a text and reverses parts of it.
    fn mark(self, ink: Ink, text: &str, spans: &[Span]) -> String {
        if self == Self::Plain || text.is_empty() {
            return text.to_owned();
        }
        let mut out = format!("\x1b[{}m", ink.sgr());
        let mut last = 0;
        for span in spans {
            out += &text[last..span.start];
            let _ = write!(out, "\x1b[7m{}\x1b[27m", &text[span.clone()]);
            last = span.end;
        }
        out + &text[last..] + "\x1b[0m"
    }
}

/// Makes a unified diff, masked already, fit for a terminal of a width in columns.
///
/// A long line is shortened around what changes in it; without colour, `[-…-]` and `{+…+}` mark that
/// there. Other lines keep their text, but for characters that steer a terminal.
pub fn terminal_diff(diff: &[u8], style: Style, width: usize) -> String {
    let text = String::from_utf8_lossy(diff);
    let lines: Vec<Line> = parse(&text);
    let mut out = String::new();
    let mut at = 0;
    while at < lines.len() {
        let removed = run(&lines, at, Ink::Removed);
        let added = run(&lines, at + removed, Ink::Added);
        if removed + added == 0 {
            lines[at].print(&mut out, style, width);
            at += 1;
            continue;
        }
        let (old, new) = lines[at..at + removed + added].split_at(removed);
        let pairs: Vec<[Shown; 2]> =
            old.iter().zip(new).map(|(a, b)| pair(&a.body, &b.body, style, width)).collect();
        for (lines, side) in [(old, 0), (new, 1)] {
            for (at, line) in lines.iter().enumerate() {
                match pairs.get(at) {
                    Some(pair) => line.show(&mut out, style, &pair[side]),
                    None => line.print(&mut out, style, width),
                }
            }
        }
        at += removed + added;
    }
    out
}

/// What is shown of a line, and which parts of that differ.
struct Shown {
    body: String,
    spans: Vec<Span>,
    /// How many more changes the line has.
    more: String,
}

/// Shortens a removed and an added line alike where one of them is too long.
fn pair(old: &str, new: &str, style: Style, width: usize) -> [Shown; 2] {
    let changes = pairs(old, new);
    let room = width.saturating_sub(1).max(1);
    if old.chars().count().max(new.chars().count()) <= room {
        let (left, right): (Vec<Span>, Vec<Span>) = changes.into_iter().unzip();
        let shown = |body: &str, spans: Vec<Span>| {
            let differs_whole = spans.len() == 1 && spans[0].len() == body.trim().len();
            // Marks would stand in the way of reading and copying a line that is shown in full.
            let marked = style == Style::Ansi && !differs_whole;
            let spans = if marked { spans } else { Vec::new() };
            Shown { body: body.to_owned(), spans, more: String::new() }
        };
        return [shown(old, left), shown(new, right)];
    }
    let marks = |shown: usize| if style == Style::Plain { shown * MARKS } else { 0 };
    let cut = |width: usize| abridge_pair(old, new, &changes, width);
    let told = |cut: &Abridged| match cut.hidden {
        0 => String::new(),
        hidden => format!(" (+{hidden} more)"),
    };
    // What the marks and the count take is known only after a first cut.
    let first = cut(room);
    let taken = marks(first.old.1.len().max(first.new.1.len())) + told(&first).len();
    let cut = if taken > 0 { cut(room.saturating_sub(taken).max(1)) } else { first };
    let more = told(&cut);
    let reversed = |(body, spans): &(String, Vec<Span>)| Shown {
        body: body.clone(),
        spans: spans.clone(),
        more: more.clone(),
    };
    let plain = |side: &(String, Vec<Span>), open: &str, close: &str| Shown {
        body: enclosed(&side.0, &side.1, open, close),
        spans: Vec::new(),
        more: more.clone(),
    };
    match style {
        Style::Ansi => [reversed(&cut.old), reversed(&cut.new)],
        Style::Plain => [plain(&cut.old, "[-", "-]"), plain(&cut.new, "{+", "+}")],
    }
}

/// The columns that a pair of marks takes.
const MARKS: usize = 4;

/// Puts marks around parts of a text.
fn enclosed(text: &str, spans: &[Span], open: &str, close: &str) -> String {
    let mut out = String::new();
    let mut last = 0;
    for span in spans {
        out += &text[last..span.start];
        out += &format!("{open}{}{close}", &text[span.clone()]);
        last = span.end;
    }
    out + &text[last..]
}

/// Replaces characters that steer a terminal or turn the direction of text by what names them.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => out.push(c),
            '\0'..='\x1f' | '\x7f' => out.extend(['^', char::from(c as u8 ^ 0x40)]),
            '\u{80}'..='\u{9f}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => {
                let _ = write!(out, "<U+{:04X}>", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out
}

/// A line of a diff as it is shown: visible characters only, tabs as blanks.
struct Line {
    ink: Option<Ink>,
    mark: &'static str,
    body: String,
    /// What the diff says of the line's end: that it is missing.
    note: Option<String>,
}

impl Line {
    /// Prints the line by itself, shortened at its end.
    fn print(&self, out: &mut String, style: Style, width: usize) {
        let room = width.saturating_sub(self.mark.len()).max(1);
        let (body, _) = abridge(&self.body, &[], room);
        self.show(out, style, &Shown { body, spans: Vec::new(), more: String::new() });
    }

    fn show(&self, out: &mut String, style: Style, shown: &Shown) {
        let text = format!("{}{}", self.mark, shown.body);
        match self.ink {
            None => *out += &text,
            Some(ink) => {
                let shift = |span: &Span| span.start + self.mark.len()..span.end + self.mark.len();
                let moved: Vec<Span> = shown.spans.iter().map(shift).collect();
                *out += &style.mark(ink, &text, &moved);
            }
        }
        *out += &style.paint(Ink::Dim, &shown.more);
        out.push('\n');
        if let Some(note) = &self.note {
            *out += &(style.paint(Ink::Dim, note) + "\n");
        }
    }
}

/// Reads the lines of a diff. Counts the lines of a hunk, for a removed `-- x` looks like a header.
fn parse(text: &str) -> Vec<Line> {
    let (mut old, mut new) = (0_usize, 0_usize);
    let mut lines: Vec<Line> = Vec::new();
    for line in text.lines() {
        if let (true, Some(last)) = (line.starts_with('\\'), lines.last_mut()) {
            last.note = Some(visible(line));
            continue;
        }
        let inside = old + new > 0;
        let (ink, mark) = match line.bytes().next() {
            Some(b'-') if inside => (Some(Ink::Removed), "-"),
            Some(b'+') if inside => (Some(Ink::Added), "+"),
            Some(b' ') if inside => (None, " "),
            Some(b'@') => (Some(Ink::Hunk), ""),
            _ => (Some(Ink::Heading), ""),
        };
        match ink {
            Some(Ink::Hunk) => (old, new) = counts(line),
            Some(Ink::Removed) => old = old.saturating_sub(1),
            Some(Ink::Added) => new = new.saturating_sub(1),
            None => (old, new) = (old.saturating_sub(1), new.saturating_sub(1)),
            _ => {}
        }
        let body = line[mark.len()..].trim_end_matches('\r');
        lines.push(Line { ink, mark, body: visible(body).replace('\t', "    "), note: None });
    }
    lines
}

/// Reads the line counts of `@@ -1,2 +3,4 @@`.
fn counts(header: &str) -> (usize, usize) {
    let count = |word: &str| match word.split_once(',') {
        Some((_, count)) => count.parse().unwrap_or(0),
        None => 1,
    };
    let mut words = header.split(' ').skip(1);
    (words.next().map_or(0, count), words.next().map_or(0, count))
}

fn run(lines: &[Line], from: usize, ink: Ink) -> usize {
    lines[from..].iter().take_while(|line| line.ink == Some(ink)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows the escapes of colours as `{31}`.
    fn coloured(diff: &str, width: usize) -> String {
        let out = terminal_diff(diff.as_bytes(), Style::Ansi, width);
        out.replace("\x1b[0m", "{}").replace("\x1b[", "{").replace("m", "}")
    }

    #[test]
    fn a_changed_pair_has_its_differing_words_reversed() {
        let diff = "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n k\n-p=a b c\r\n+p=a z c\r\n";
        assert_eq!(
            coloured(diff, 80),
            "{1}--- a/x{}\n{1}+++ b/x{}\n{36}@@ -1,2 +1,2 @@{}\n k\n\
             {31}-p=a {7}b{27} c{}\n{32}+p=a {7}z{27} c{}\n"
        );
    }

    #[test]
    fn a_pair_stays_a_pair_when_its_newline_is_missing() {
        let diff = "@@ -1 +1 @@\n-p=a b\n\\ No newline at end of file\n+p=a c\n";
        assert_eq!(
            coloured(diff, 80),
            "{36}@@ -1 +1 @@{}\n{31}-p=a {7}b{27}{}\n{2}\\ No newline at end of file{}\n\
             {32}+p=a {7}c{27}{}\n"
        );
    }

    #[test]
    fn a_removed_line_may_look_like_a_header() {
        let diff = "@@ -1,2 +1 @@\n--- a\n-p\n+++ b\n";
        assert_eq!(coloured(diff, 80), "{36}@@ -1,2 +1 @@{}\n{31}--- a{}\n{31}-p{}\n{32}+++ b{}\n");
    }

    #[test]
    fn a_long_line_is_shortened_around_its_change() {
        let line = |word: &str| format!("{}{word}{}", "a ".repeat(500), " b".repeat(500));
        let diff = format!("@@ -1 +1 @@\n-{}\n+{}\n", line("old"), line("new"));
        assert_eq!(
            coloured(&diff, 14),
            "{36}@@ -1 +1 @@{}\n{31}-…a a {7}old{27} b b…{}\n{32}+…a a {7}new{27} b b…{}\n"
        );
        let plain = terminal_diff(diff.as_bytes(), Style::Plain, 24);
        assert_eq!(plain, "@@ -1 +1 @@\n-… a a a [-old-] b b b …\n+… a a a {+new+} b b b …\n");
        let added = format!("@@ -1 +1 @@\n-{}\n+{}\n", line("x"), line("x -Dnew"));
        let plain = terminal_diff(added.as_bytes(), Style::Plain, 30);
        assert_eq!(plain, "@@ -1 +1 @@\n-…a a a x b b b b …\n+…a a a x {+-Dnew +}b b b b …\n");
    }

    #[test]
    fn changes_that_do_not_fit_are_counted() {
        let line = |word: &str| (0..40).map(|n| format!("key{n}={word} and more ")).collect();
        let (old, new): (String, String) = (line("old"), line("new"));
        let diff = format!("@@ -1 +1 @@\n-{old}\n+{new}\n");
        for (style, width) in [(Style::Plain, 80), (Style::Plain, 200), (Style::Ansi, 80)] {
            let shown = terminal_diff(diff.as_bytes(), style, width);
            let added = shown.lines().find(|line| line.contains("new")).unwrap();
            let count = added.matches("new").count();
            assert!(added.contains(&format!("(+{} more)", 40 - count)) && count > 1, "{added}");
            assert!(style == Style::Ansi || added.chars().count() <= width, "{added}");
        }
    }

    #[test]
    fn nothing_that_steers_a_terminal_gets_through() {
        let diff = "@@ -1 +1 @@\n-\x1b]0;x\x07\u{9b}2J\u{202e}\ta\rb\x7f\r\n+\r\n".as_bytes();
        let plain = "@@ -1 +1 @@\n-^[]0;x^G<U+009B>2J<U+202E>    a^Mb^?\n+\n";
        assert_eq!(terminal_diff(diff, Style::Plain, 99), plain);
        let ansi = terminal_diff(diff, Style::Ansi, 200);
        assert!(ansi.contains("^[]0;x^G<U+009B>2J<U+202E>    a^Mb^?") && !ansi.contains('\r'));
    }

    #[test]
    fn lines_that_fit_are_shown_as_they_are_in_plain_style() {
        let diff = "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-port=\"1\"\n+port=\"2\"\n same\n";
        assert_eq!(terminal_diff(diff.as_bytes(), Style::Plain, 20), diff);
    }
}
