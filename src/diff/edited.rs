//! Applies a unified diff that a person may have edited.
//!
//! The counts in its headers are not trusted, for an edit changes them; its unchanged and removed
//! lines must stand in the text, byte for byte. It never guesses: lines that are not there, or that
//! are there twice and not where the header says, are refused with the place in the diff.

use super::name;
use crate::text;
use std::collections::BTreeMap;

/// Why an edited diff cannot be applied: a line of the diff, from 1, and a clause.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the diff: {why}")]
pub struct Misfit {
    pub line: usize,
    pub why: String,
}

/// Gives what a diff makes of some files, by path; a file it does not name stays as it is.
///
/// # Errors
/// [`Misfit`] when it names another file, or a hunk does not fit.
pub fn apply_edited(
    diff: &[u8],
    files: &BTreeMap<String, Vec<u8>>,
) -> Result<BTreeMap<String, Vec<u8>>, Misfit> {
    let lines: Vec<&[u8]> = text::lines(diff).collect();
    let mut after = files.clone();
    let mut at = 0;
    while at < lines.len() {
        let Some(path) = header(&lines[at..], files) else {
            return Err(misfit(at, "there is no \"--- a/…\" line of a file of this change"));
        };
        at += 2;
        let end = (at..lines.len()).find(|&next| header(&lines[next..], files).is_some());
        let end = end.unwrap_or(lines.len());
        let hunks = hunks(&lines, at, end)?;
        if let Some(before) = files.get(&path) {
            after.insert(path, changed(before, &hunks)?);
        }
        at = end;
    }
    Ok(after)
}

/// Lines of one hunk, with the line ends they have in the file.
struct Hunk<'d> {
    /// Its header in the diff, from 0.
    line: usize,
    /// Where the old lines start in the file, from 0, as the header has it.
    start: usize,
    old: Vec<&'d [u8]>,
    new: Vec<&'d [u8]>,
}

/// The file whose two header lines stand at the beginning.
fn header(lines: &[&[u8]], files: &BTreeMap<String, Vec<u8>>) -> Option<String> {
    let (first, second) = (trimmed(lines.first()?), trimmed(lines.get(1)?));
    let named = |path: &&String| {
        let side = |mark: &str, side| format!("{mark} {}", name(side, path)).into_bytes();
        trimmed(&side("---", 'a')) == first && trimmed(&side("+++", 'b')) == second
    };
    files.keys().find(named).cloned()
}

fn hunks<'d>(lines: &[&'d [u8]], from: usize, to: usize) -> Result<Vec<Hunk<'d>>, Misfit> {
    let mut hunks: Vec<Hunk> = Vec::new();
    // Which sides the line before stands on; what says that its end is missing follows it.
    let mut last = (false, false);
    for (at, line) in lines.iter().enumerate().take(to).skip(from) {
        if line.starts_with(b"@@ ") {
            let start = start(line)
                .ok_or_else(|| misfit(at, "the header of a hunk is not as it was written"))?;
            hunks.push(Hunk { line: at, start, old: Vec::new(), new: Vec::new() });
            continue;
        }
        let Some(hunk) = hunks.last_mut() else {
            return Err(misfit(at, "a line stands before the first \"@@\""));
        };
        let (sides, body) = match line.first() {
            Some(b' ') => ((true, true), &line[1..]),
            Some(b'-') => ((true, false), &line[1..]),
            Some(b'+') => ((false, true), &line[1..]),
            // Editors take blanks from the end of a line.
            Some(b'\n' | b'\r') => ((true, true), *line),
            Some(b'\\') => {
                for (side, touched) in [(&mut hunk.old, last.0), (&mut hunk.new, last.1)] {
                    if let (true, Some(line)) = (touched, side.last_mut()) {
                        *line = line.strip_suffix(b"\n").unwrap_or(line);
                    }
                }
                continue;
            }
            _ => return Err(misfit(at, "it starts with neither a blank nor \"-\" nor \"+\"")),
        };
        last = sides;
        if sides.0 {
            hunk.old.push(body);
        }
        if sides.1 {
            hunk.new.push(body);
        }
    }
    Ok(hunks)
}

/// Reads where the old lines start, from 0; an empty side names the line before it.
fn start(header: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(header).ok()?;
    let range = text.strip_prefix("@@ -")?.split(' ').next()?;
    let (first, empty) = match range.split_once(',') {
        Some((first, count)) => (first, count.parse::<usize>().ok()? == 0),
        None => (range, false),
    };
    let first: usize = first.parse().ok()?;
    if empty { Some(first) } else { first.checked_sub(1) }
}

fn changed(before: &[u8], hunks: &[Hunk]) -> Result<Vec<u8>, Misfit> {
    let lines: Vec<&[u8]> = text::lines(before).collect();
    let mut out: Vec<&[u8]> = Vec::new();
    let mut done = 0;
    for hunk in hunks {
        let fits = |at: usize| {
            at >= done && lines.get(at..at + hunk.old.len()) == Some(hunk.old.as_slice())
        };
        let at = if fits(hunk.start) {
            hunk.start
        } else {
            let mut places = (done..lines.len()).filter(|&at| !hunk.old.is_empty() && fits(at));
            match (places.next(), places.next()) {
                (Some(only), None) => only,
                (None, _) => {
                    return Err(misfit(
                        hunk.line,
                        "the old lines of this hunk are not in the file",
                    ));
                }
                _ => {
                    return Err(misfit(
                        hunk.line,
                        "the old lines of this hunk stand in the file more than once",
                    ));
                }
            }
        };
        out.extend_from_slice(&lines[done..at]);
        out.extend_from_slice(&hunk.new);
        done = at + hunk.old.len();
    }
    out.extend_from_slice(&lines[done..]);
    if out.iter().rev().skip(1).any(|line| !line.ends_with(b"\n")) {
        let line = hunks.last().map_or(0, |hunk| hunk.line);
        return Err(misfit(line, "a line without an end would run into the next one"));
    }
    Ok(out.concat())
}

fn trimmed(line: &[u8]) -> &[u8] {
    line.trim_ascii_end()
}

fn misfit(line: usize, why: &str) -> Misfit {
    Misfit { line: line + 1, why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::unified;
    use super::*;

    const BEFORE: &[u8] = b"1\n2\n3\n4\n5\n6\n7\n8\n9\n";
    const AFTER: &[u8] = b"1\nTWO\n3\n4\n5\n6\n7\n8\nEIGHT\n9\n";

    fn applied(before: &[u8], diff: &str) -> Result<Vec<u8>, Misfit> {
        let files = BTreeMap::from([("a b".to_owned(), before.to_vec())]);
        apply_edited(diff.as_bytes(), &files).map(|mut all| all.remove("a b").unwrap())
    }

    fn diff(before: &[u8], after: &[u8]) -> String {
        String::from_utf8(unified("a b", before, after, 1)).unwrap()
    }

    #[test]
    fn an_untouched_diff_gives_the_text_it_was_made_for() {
        for (before, after) in
            [(BEFORE, AFTER), (b"a\r\nb", b"a\r\nb\r\nc"), (b"", b"x\n"), (b"a\nb", b"a\nB\n")]
        {
            assert_eq!(applied(before, &diff(before, after)).as_deref(), Ok(after));
        }
    }

    #[test]
    fn an_edited_line_counts_as_it_was_edited_whatever_the_header_says() {
        let edited = diff(BEFORE, AFTER).replace("+TWO\n", "+two\n+and a half\n");
        let wanted = b"1\ntwo\nand a half\n3\n4\n5\n6\n7\n8\nEIGHT\n9\n";
        assert_eq!(applied(BEFORE, &edited).as_deref(), Ok(&wanted[..]));
    }

    #[test]
    fn a_removal_made_context_keeps_the_line_and_a_hunk_taken_out_is_not_made() {
        let edited = diff(BEFORE, AFTER).replace("-2\n+TWO\n", " 2\n");
        assert_eq!(
            applied(BEFORE, &edited).as_deref(),
            Ok(&b"1\n2\n3\n4\n5\n6\n7\n8\nEIGHT\n9\n"[..])
        );
        let text = diff(BEFORE, AFTER);
        let second = text.rfind("@@ -").unwrap();
        assert_eq!(
            applied(BEFORE, &text[..second]).as_deref(),
            Ok(&b"1\nTWO\n3\n4\n5\n6\n7\n8\n9\n"[..])
        );
        assert_eq!(applied(BEFORE, "").as_deref(), Ok(BEFORE));
    }

    #[test]
    fn a_blank_line_may_have_lost_its_mark() {
        let edited = diff(b"a\n\nb\n", b"A\n\nb\n").replace("\n \n", "\n\n");
        assert!(edited.contains("+A\n\n"), "{edited}");
        assert_eq!(applied(b"a\n\nb\n", &edited).as_deref(), Ok(&b"A\n\nb\n"[..]));
    }

    #[test]
    fn lines_that_are_not_in_the_file_are_refused_with_their_place() {
        let wrong = diff(BEFORE, AFTER).replace(" 3\n", " three\n");
        let why = applied(BEFORE, &wrong).unwrap_err();
        assert_eq!((why.line, why.why.contains("not in the file")), (3, true), "{why}");
        let odd = diff(BEFORE, AFTER).replace("+TWO\n", "TWO\n");
        assert_eq!(applied(BEFORE, &odd).unwrap_err().line, 6);
        let other = diff(BEFORE, AFTER).replace("a b", "other");
        assert_eq!(applied(BEFORE, &other).unwrap_err().line, 1);
    }

    #[test]
    fn a_hunk_whose_lines_moved_is_taken_only_where_they_stand_once() {
        let moved = diff(BEFORE, AFTER).replace("@@ -1,3", "@@ -4,3");
        assert_eq!(applied(BEFORE, &moved).as_deref(), Ok(AFTER));
        let twice = "--- a/a b\n+++ b/a b\n@@ -2 +2 @@\n-x\n+y\n";
        assert!(applied(b"x\nz\nx\n", twice).unwrap_err().why.contains("more than once"));
    }
}
