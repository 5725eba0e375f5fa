//! Which words of a changed line differ, and how to show a long line around them.
//!
//! For display only: a text that was abridged never becomes part of a diff that is applied.

use similar::{Algorithm, DiffOp, capture_diff_slices};
use std::ops::Range;

/// A byte range of a line, on character boundaries.
pub type Span = Range<usize>;

/// Lines of more words are compared by their common beginning and end only, so that a hostile line
/// costs no more than its length.
const MOST_WORDS: usize = 20_000;

/// Tells which parts of a changed line differ, word by word: what went, and what came for it; one of
/// both may be empty.
///
/// Lines that have little in common differ as a whole, blanks at the ends excepted.
pub fn pairs(old_line: &str, new_line: &str) -> Vec<(Span, Span)> {
    let (old, new) = (tokens(old_line), tokens(new_line));
    let old_words: Vec<&str> = old.iter().map(|span| &old_line[span.clone()]).collect();
    let new_words: Vec<&str> = new.iter().map(|span| &new_line[span.clone()]).collect();
    let mut pairs: Vec<(Span, Span)> = Vec::new();
    let mut common = 0;
    for op in operations(&old_words, &new_words) {
        let (a, b) = (op.old_range(), op.new_range());
        if matches!(op, DiffOp::Equal { .. }) {
            common += old_words[a].iter().map(|word| word.trim().len()).sum::<usize>();
            continue;
        }
        let (left, right) = (extent(&old, a, old_line), extent(&new, b, new_line));
        match pairs.last_mut() {
            // `TLSv1,TLSv1.1` reads as one change, although the comma stays.
            Some(last) if is_joint(&old_line[last.0.end..left.start]) => {
                (last.0.end, last.1.end) = (left.end, right.end);
            }
            _ => pairs.push((left, right)),
        }
    }
    if common * 4 < old_line.trim().len().min(new_line.trim().len()) {
        return vec![(whole(old_line), whole(new_line))];
    }
    pairs
}

/// An old and a new line shortened alike, each with the spans of what is shown of its changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Abridged {
    pub old: (String, Vec<Span>),
    pub new: (String, Vec<Span>),
    /// Changes of which nothing is shown.
    pub hidden: usize,
}

/// Shortens an old and a new line to a width, so that both begin at the same place of what they have
/// in common and show the same words around each change.
pub fn abridge_pair(old: &str, new: &str, changes: &[(Span, Span)], width: usize) -> Abridged {
    let shown = changes.len().min((width / ROOM).max(1));
    let (left, right): (Vec<Span>, Vec<Span>) = changes.iter().cloned().unzip();
    let mut left = Columns::of(old, &left);
    let mut right = Columns::of(new, &right);
    [&mut left, &mut right].into_iter().for_each(|side| side.only(shown));
    let fits = |cap: usize, radius: usize| {
        [&left, &right].iter().all(|side| side.cost(cap, radius) <= width)
    };
    let len = left.len().max(right.len());
    let least = (width / 8).min(12);
    let cap = largest(len, |cap| fits(cap, least));
    let radius = if cap < len { least } else { largest(len, |radius| fits(len, radius)) };
    let hidden = changes.len() - shown;
    Abridged { old: left.cut(cap, radius), new: right.cut(cap, radius), hidden }
}

/// The columns that one change and the words around it are given at least.
const ROOM: usize = 26;

/// Shortens a line to a width in characters, keeping the spans and as much around them as fits;
/// what is left out shows as `…`. The spans returned are those of the shortened line.
pub fn abridge(line: &str, spans: &[Span], width: usize) -> (String, Vec<Span>) {
    if line.chars().count() <= width {
        return (line.to_owned(), spans.to_vec());
    }
    let mut columns = Columns::of(line, spans);
    columns.marks.truncate(width / 4);
    if columns.marks.is_empty() {
        columns.marks.push(0..0);
    }
    let len = columns.len();
    let fits = |cap: usize, radius: usize| columns.cost(cap, radius) <= width;
    let cap = largest(len, |cap| fits(cap, 0));
    let radius = if cap < len { 0 } else { largest(len, |radius| fits(len, radius)) };
    columns.cut(cap, radius)
}

/// A line by its characters, with the columns of its spans.
struct Columns<'a> {
    line: &'a str,
    spans: Vec<Span>,
    /// The byte at which each character starts, and the line's end.
    starts: Vec<usize>,
    marks: Vec<Range<usize>>,
    /// Where the first mark stands that is not shown; nothing behind it is.
    limit: usize,
}

impl<'a> Columns<'a> {
    fn of(line: &'a str, spans: &[Span]) -> Self {
        let starts: Vec<usize> =
            line.char_indices().map(|(at, _)| at).chain([line.len()]).collect();
        let last = starts.len() - 1;
        let column = |byte: usize| starts.partition_point(|&start| start < byte).min(last);
        let mut marks: Vec<Range<usize>> =
            spans.iter().map(|s| column(s.start)..column(s.end)).collect();
        marks.sort_by_key(|mark| mark.start);
        Self { line, spans: spans.to_vec(), starts, marks, limit: last }
    }

    fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Leaves all but the first marks out.
    fn only(&mut self, count: usize) {
        if let Some(next) = self.marks.get(count) {
            self.limit = next.start;
            self.marks.truncate(count);
        }
    }

    fn cost(&self, cap: usize, radius: usize) -> usize {
        cost(&kept(&self.marks, cap, radius, self.limit), self.len())
    }

    fn cut(&self, cap: usize, radius: usize) -> (String, Vec<Span>) {
        let mut out = String::new();
        let mut moved: Vec<Span> = Vec::new();
        let mut last = 0;
        for part in kept(&self.marks, cap, radius, self.limit) {
            if part.start > last {
                out.push('…');
            }
            last = part.end;
            let (from, to) = (self.starts[part.start], self.starts[part.end]);
            let there = |span: &&Span| !span.is_empty() && span.start < to && span.end > from;
            for span in self.spans.iter().filter(there) {
                let shift = |byte: usize| out.len() + byte.clamp(from, to) - from;
                moved.push(shift(span.start)..shift(span.end));
            }
            out.push_str(&self.line[from..to]);
        }
        if last < self.len() {
            out.push('…');
        }
        (out, moved)
    }
}

/// Splits a line into words (letters, digits, and what joins them in versions, flags and ciphers),
/// runs of blanks, and single other characters.
fn tokens(line: &str) -> Vec<Span> {
    let kind = |c: char| match c {
        _ if c.is_alphanumeric() || matches!(c, '_' | '-' | '.') => 1,
        _ if c.is_whitespace() => 2,
        _ => 0,
    };
    let mut spans: Vec<Span> = Vec::new();
    let mut before = 0;
    for (at, c) in line.char_indices() {
        let end = at + c.len_utf8();
        match spans.last_mut() {
            Some(last) if kind(c) != 0 && kind(c) == before => last.end = end,
            _ => spans.push(at..end),
        }
        before = kind(c);
    }
    spans
}

fn operations(old: &[&str], new: &[&str]) -> Vec<DiffOp> {
    if old.len().max(new.len()) <= MOST_WORDS {
        return capture_diff_slices(Algorithm::Myers, old, new);
    }
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let room = old.len().min(new.len()) - head;
    let tail =
        old.iter().rev().zip(new.iter().rev()).take(room).take_while(|(a, b)| a == b).count();
    let (old_len, new_len) = (old.len() - head - tail, new.len() - head - tail);
    vec![
        DiffOp::Equal { old_index: 0, new_index: 0, len: head },
        DiffOp::Replace { old_index: head, old_len, new_index: head, new_len },
        DiffOp::Equal { old_index: head + old_len, new_index: head + new_len, len: tail },
    ]
}

/// The bytes of some words in a row; empty where there are none.
fn extent(tokens: &[Span], range: Range<usize>, line: &str) -> Span {
    let start = tokens.get(range.start).map_or(line.len(), |span| span.start);
    let end = if range.is_empty() { start } else { tokens[range.end - 1].end };
    start..end
}

fn is_joint(between: &str) -> bool {
    let mut chars = between.chars();
    chars.next().is_none_or(|c| !c.is_alphanumeric()) && chars.next().is_none()
}

fn whole(line: &str) -> Span {
    let start = line.len() - line.trim_start().len();
    start..line.trim_end().len().max(start)
}

/// Tells which columns stay when each mark keeps at most `cap` of its own and `radius` around it.
fn kept(marks: &[Range<usize>], cap: usize, radius: usize, len: usize) -> Vec<Range<usize>> {
    let mut parts: Vec<Range<usize>> = Vec::new();
    let mut keep = |start: usize, end: usize| match parts.last_mut() {
        // The sign for a gap is one column wide, so a gap of one column is shown instead.
        Some(last) if start <= last.end + 1 => last.end = last.end.max(end),
        _ if start == 1 => parts.push(0..end),
        _ => parts.push(start..end),
    };
    for mark in marks {
        let (start, end) = (mark.start.saturating_sub(radius), (mark.end + radius).min(len));
        if mark.len() <= cap {
            keep(start, end);
        } else {
            keep(start, mark.start + cap.div_ceil(2));
            keep(mark.end - cap / 2, end);
        }
    }
    parts
}

fn cost(parts: &[Range<usize>], len: usize) -> usize {
    let gaps = usize::from(parts.first().is_some_and(|part| part.start > 0))
        + usize::from(parts.last().is_none_or(|part| part.end < len))
        + parts.len().saturating_sub(1);
    gaps + parts.iter().map(Range::len).sum::<usize>()
}

/// Finds the largest number up to `most` that fits, where all numbers below it fit too; 0 if none.
fn largest(most: usize, fits: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, most);
    while low < high {
        let middle = (low + high).div_ceil(2);
        if fits(middle) { low = middle } else { high = middle - 1 }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parts that differ, in the old and in the new line.
    fn words(old_line: &str, new_line: &str) -> (Vec<Span>, Vec<Span>) {
        let (left, right): (Vec<Span>, Vec<Span>) = pairs(old_line, new_line).into_iter().unzip();
        let there = |spans: Vec<Span>| spans.into_iter().filter(|span| !span.is_empty()).collect();
        (there(left), there(right))
    }

    fn cut<'a>(line: &'a str, spans: &[Span]) -> Vec<&'a str> {
        spans.iter().map(|span| &line[span.clone()]).collect()
    }

    fn show(line: &str, spans: &[Span], width: usize) -> String {
        let (mut text, moved) = abridge(line, spans, width);
        assert!(text.chars().count() <= width, "{text}");
        for span in moved.iter().rev() {
            text.insert(span.end, '»');
            text.insert(span.start, '«');
        }
        text
    }

    #[test]
    fn words_that_differ_are_named() {
        let (old, new) =
            (r#"<C protocols="TLSv1,TLSv1.1" a="1"/>"#, r#"<C protocols="TLSv1.2" a="1"/>"#);
        let (left, right) = words(old, new);
        assert_eq!((cut(old, &left), cut(new, &right)), (vec!["TLSv1,TLSv1.1"], vec!["TLSv1.2"]));
    }

    #[test]
    fn an_insertion_leaves_the_old_line_unmarked() {
        let (left, right) = words("a -Xmx1g b", "a -Xmx1g -Dx=true b");
        assert_eq!(
            (left.len(), cut("a -Xmx1g -Dx=true b", &right).concat()),
            (0, "-Dx=true ".into())
        );
    }

    #[test]
    fn lines_with_little_in_common_differ_as_a_whole() {
        let (left, right) = words("  alpha beta gamma", "  one two three");
        assert_eq!(
            (left, right),
            (vec![whole("  alpha beta gamma")], vec![whole("  one two three")])
        );
        assert_eq!(&"  one "[whole("  one ")], "one");
        assert_eq!(cut("  ", &words("", "  ").1), ["  "]);
    }

    #[test]
    fn a_long_line_shows_its_change_with_context() {
        let line = format!("{}NEW{}", "abcdefghi ".repeat(100), " jklmnopqr".repeat(90));
        assert_eq!(
            show(&line, std::slice::from_ref(&(1000..1003)), 25),
            "…abcdefghi «NEW» jklmnopqr…"
        );
        assert_eq!(show(&line, &[], 12), "abcdefghi a…");
        assert_eq!(show(&line, &[0..3, 1000..1003], 20), "«abc»defg…ghi «NEW» jkl…");
    }

    #[test]
    fn both_sides_of_a_long_line_begin_at_the_same_place() {
        let line = |word: &str| format!("{}{word}{}", "abc ".repeat(300), " xyz".repeat(300));
        for (old, new) in [("old", "new"), ("", "-Dflag=true"), ("one two three", "x")] {
            let (old, new) = (line(old), line(new));
            for width in [40, 80, 200] {
                let cut = abridge_pair(&old, &new, &pairs(&old, &new), width);
                let (left, right) = (cut.old.0, cut.new.0);
                let same = left.chars().zip(right.chars()).take_while(|(a, b)| a == b).count();
                assert!(same > 5 && left.starts_with('…') && right.ends_with('…'), "{left}{right}");
                assert!(left.chars().count() <= width && right.chars().count() <= width);
            }
        }
        let many: String = (0..300).map(|n| format!("k{n}=old same ")).collect();
        let new = many.replace("old", "new");
        let cut = abridge_pair(&many, &new, &pairs(&many, &new), 80);
        assert_eq!((cut.old.1.len(), cut.new.1.len(), cut.hidden), (3, 3, 297));
    }

    #[test]
    fn a_change_longer_than_the_width_keeps_both_ends() {
        let line = format!("x{}y", "é".repeat(500));
        let all = 0..line.len();
        assert_eq!(show(&line, std::slice::from_ref(&all), 7), "«xéé»…«ééy»");
        for width in 0..9 {
            let ranges: Vec<Span> = (0..400).map(|at| 1 + at * 2..3 + at * 2).collect();
            assert!(abridge(&line, &ranges, width).0.chars().count() <= width.max(1));
        }
    }

    #[test]
    fn a_hostile_line_costs_no_more_than_its_length() {
        let (old, new) = ("a-".repeat(300_000), "b-".repeat(300_000));
        assert_eq!(words(&format!("{old}x same"), &format!("{new}x same")).0.len(), 1);
    }
}
