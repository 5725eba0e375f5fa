//! Bytes of a text file and edits to byte ranges of it.
//!
//! An edit names a range of the original and the bytes that take its place; everything outside
//! stays as it is, by construction. Nothing here knows a file format.

use std::ops::Range;

/// A change of one byte range of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Bytes of the original that go; empty for an insertion.
    pub range: Range<usize>,
    /// Bytes that come in their place; empty for a deletion.
    pub with: Vec<u8>,
}

impl Edit {
    /// Replaces the bytes of a range.
    pub fn replace(range: Range<usize>, with: impl Into<Vec<u8>>) -> Self {
        Self { range, with: with.into() }
    }

    /// Inserts bytes before an offset.
    pub fn insert(at: usize, with: impl Into<Vec<u8>>) -> Self {
        Self::replace(at..at, with)
    }

    /// Deletes a range.
    pub fn delete(range: Range<usize>) -> Self {
        Self::replace(range, Vec::new())
    }
}

/// Two edits of one text that want the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("two edits touch the same bytes, {}..{} and {}..{}", .0.start, .0.end, .1.start, .1.end)]
pub struct Overlap(pub Range<usize>, pub Range<usize>);

/// Applies edits to a text.
///
/// Insertions at one offset keep the order in which they are given. An edit that stands twice
/// counts once.
///
/// # Errors
/// [`Overlap`] when two different edits share a byte, or an edit lies outside the text.
pub fn splice(text: &[u8], edits: &[Edit]) -> Result<Vec<u8>, Overlap> {
    let mut sorted: Vec<&Edit> = Vec::with_capacity(edits.len());
    for edit in edits {
        if edit.range.is_empty() || !sorted.contains(&edit) {
            sorted.push(edit);
        }
    }
    sorted.sort_by_key(|edit| (edit.range.start, edit.range.end));
    let mut out =
        Vec::with_capacity(text.len() + edits.iter().map(|e| e.with.len()).sum::<usize>());
    let mut last = 0..0;
    for edit in sorted {
        if edit.range.start < last.end || edit.range.end > text.len() {
            return Err(Overlap(last, edit.range.clone()));
        }
        out.extend_from_slice(&text[last.end..edit.range.start]);
        out.extend_from_slice(&edit.with);
        last = edit.range.clone();
    }
    out.extend_from_slice(&text[last.end..]);
    Ok(out)
}

/// A place in a text as a person counts it: line and column from 1, the column in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

/// Tells line and column of a byte offset; an offset past the end counts as the end.
pub fn position(text: &[u8], offset: usize) -> Position {
    let before = &text[..offset.min(text.len())];
    let line = before.iter().filter(|&&b| b == b'\n').count() + 1;
    let start = before.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
    Position { line, column: before.len() - start + 1 }
}

/// Tells the offset at which the line of `offset` starts.
pub fn line_start(text: &[u8], offset: usize) -> usize {
    text[..offset].iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1)
}

/// Tells the offset just behind the line of `offset`, its line end included.
pub fn line_end(text: &[u8], offset: usize) -> usize {
    text[offset..].iter().position(|&b| b == b'\n').map_or(text.len(), |at| offset + at + 1)
}

/// Tells the line end in use next to an offset: that of its own line, else that of the line
/// before, else a line feed.
///
/// Files with mixed line ends are shipped (`registry.xml`, `cipher-text.properties`), so a new
/// line takes its neighbour's end and not the majority's.
pub fn eol_near(text: &[u8], offset: usize) -> &'static str {
    let offset = offset.min(text.len());
    let own = text[offset..].iter().position(|&b| b == b'\n').map(|at| offset + at);
    let before = text[..offset].iter().rposition(|&b| b == b'\n');
    match own.or(before) {
        Some(at) if at > 0 && text[at - 1] == b'\r' => "\r\n",
        _ => "\n",
    }
}

/// Tells the blanks that the line of `offset` starts with.
pub fn indent_at(text: &[u8], offset: usize) -> &[u8] {
    let start = line_start(text, offset.min(text.len()));
    let len = text[start..].iter().take_while(|&&b| b == b' ' || b == b'\t').count();
    &text[start..start + len]
}

/// Splits a text into lines, each with its line end; the last one may lack it.
pub fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(|&b| b == b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_change_their_ranges_only() {
        let edits = [Edit::replace(4..7, "two"), Edit::insert(0, "<"), Edit::delete(7..8)];
        assert_eq!(splice(b"one abc.", &edits), Ok(b"<one two".to_vec()));
    }

    #[test]
    fn edits_that_share_bytes_are_refused() {
        let edits = [Edit::replace(0..3, "x"), Edit::replace(2..4, "y")];
        assert_eq!(splice(b"abcdef", &edits), Err(Overlap(0..3, 2..4)));
        assert!(splice(b"abc", &[Edit::delete(2..9)]).is_err());
    }

    #[test]
    fn an_edit_that_stands_twice_counts_once() {
        let edits = [Edit::replace(0..1, "x"), Edit::replace(0..1, "x")];
        assert_eq!(splice(b"ab", &edits), Ok(b"xb".to_vec()));
    }

    #[test]
    fn a_new_line_takes_the_end_of_its_neighbour() {
        let mixed = b"a\r\nb\nc";
        assert_eq!(eol_near(mixed, 0), "\r\n");
        assert_eq!(eol_near(mixed, 3), "\n");
        assert_eq!(eol_near(mixed, 6), "\n");
        assert_eq!(eol_near(b"alone", 2), "\n");
    }

    #[test]
    fn positions_count_from_one() {
        assert_eq!(position(b"ab\ncd", 4), Position { line: 2, column: 2 });
        assert_eq!(position(b"", 0), Position { line: 1, column: 1 });
    }
}
