//! Differences of two texts as bytes: unified diffs that `patch -p1` and `git apply` take exactly.
//!
//! Only a line feed ends a line, and a byte is never interpreted, so carriage returns, legacy
//! encodings and a missing final newline come through. Nothing here colours or masks.

mod edited;
pub mod merge;
mod words;

pub use edited::{Misfit, apply_edited};
pub use words::{Abridged, Span, abridge, abridge_pair, pairs};

use crate::text;
use similar::{Algorithm, DiffOp, capture_diff_slices, group_diff_ops};
use std::ops::Range;

/// How many lines a change adds and removes; a changed line counts on both sides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Stat {
    pub added: usize,
    pub removed: usize,
}

/// Counts the lines that differ.
pub fn stat(before: &[u8], after: &[u8]) -> Stat {
    let mut stat = Stat::default();
    for op in operations(&split(before), &split(after)) {
        if !matches!(op, DiffOp::Equal { .. }) {
            stat.removed += op.old_range().len();
            stat.added += op.new_range().len();
        }
    }
    stat
}

/// Counts the changes that unchanged lines keep apart.
pub fn hunks(before: &[u8], after: &[u8]) -> usize {
    group_diff_ops(operations(&split(before), &split(after)), 0)
        .iter()
        .filter(|hunk| hunk.iter().any(|op| !matches!(op, DiffOp::Equal { .. })))
        .count()
}

/// Writes the unified diff of one file, with `context` unchanged lines around each change; empty
/// when nothing differs.
pub fn unified(path: &str, before: &[u8], after: &[u8], context: usize) -> Vec<u8> {
    render(path, &split(before), &split(after), [None, None], context)
}

/// Writes the same diff with other lines shown in the place of the compared ones, such as lines in
/// which something is masked. Where they are not as many, the shown texts themselves are compared.
pub fn unified_as(
    path: &str,
    [before, after]: [&[u8]; 2],
    shown: [&[u8]; 2],
    context: usize,
) -> Vec<u8> {
    let (old, new) = (split(before), split(after));
    let [left, right] = shown.map(split);
    if left.len() != old.len() || right.len() != new.len() {
        return unified(path, shown[0], shown[1], context);
    }
    render(path, &old, &new, [Some(&left), Some(&right)], context)
}

fn render(
    path: &str,
    old: &[&[u8]],
    new: &[&[u8]],
    shown: [Option<&[&[u8]]>; 2],
    context: usize,
) -> Vec<u8> {
    if old == new {
        return Vec::new();
    }
    let [left, right] = [shown[0].unwrap_or(old), shown[1].unwrap_or(new)];
    let mut out = Vec::new();
    out.extend_from_slice(format!("--- {}\n+++ {}\n", name('a', path), name('b', path)).as_bytes());
    for hunk in group_diff_ops(operations(old, new), context.min(1 << 20)) {
        let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else {
            continue;
        };
        let from = extent(first.old_range().start..last.old_range().end);
        let to = extent(first.new_range().start..last.new_range().end);
        out.extend_from_slice(format!("@@ -{from} +{to} @@\n").as_bytes());
        for op in &hunk {
            if matches!(op, DiffOp::Equal { .. }) {
                write(&mut out, b' ', &left[op.old_range()]);
            } else {
                write(&mut out, b'-', &left[op.old_range()]);
                write(&mut out, b'+', &right[op.new_range()]);
            }
        }
    }
    out
}

fn split(bytes: &[u8]) -> Vec<&[u8]> {
    text::lines(bytes).collect()
}

fn operations(old: &[&[u8]], new: &[&[u8]]) -> Vec<DiffOp> {
    capture_diff_slices(Algorithm::Myers, old, new)
}

fn write(out: &mut Vec<u8>, mark: u8, lines: &[&[u8]]) {
    for line in lines {
        out.push(mark);
        out.extend_from_slice(line);
        if !line.ends_with(b"\n") {
            out.extend_from_slice(b"\n\\ No newline at end of file\n");
        }
    }
}

/// Phrases a range of lines as a hunk header does: an empty one names the line before it.
fn extent(lines: Range<usize>) -> String {
    match lines.len() {
        0 => format!("{},0", lines.start),
        1 => format!("{}", lines.start + 1),
        len => format!("{},{len}", lines.start + 1),
    }
}

/// Phrases a file name for a header line.
///
/// GNU patch and git agree on two forms: a C string in quotes for characters that could end or
/// garble the name (a blank at its end too), and a tab behind a name with blanks inside, which else
/// would end at the blank.
fn name(side: char, path: &str) -> String {
    let odd = |b: u8| !(b' '..0x7f).contains(&b) || b == b'"' || b == b'\\';
    if !path.bytes().any(odd) && !path.ends_with(' ') {
        let tab = if path.contains(' ') { "\t" } else { "" };
        return format!("{side}/{path}{tab}");
    }
    let mut quoted = format!("\"{side}/");
    for byte in path.bytes() {
        match byte {
            b'"' | b'\\' => quoted.extend(['\\', byte.into()]),
            _ if odd(byte) => quoted.push_str(&format!("\\{byte:03o}")),
            _ => quoted.push(byte.into()),
        }
    }
    quoted + "\""
}

#[cfg(test)]
#[path = "../../tests/support/applier.rs"]
mod applier;

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests write their own files")]
mod tests {
    use super::*;
    use std::path::Path;
    use std::process::{Command, Stdio};

    const PAIRS: &[(&[u8], &[u8])] = &[
        (b"a\nb\nc\n", b"a\nB\nc\n"),
        (b"a\r\nb\r\n", b"a\r\nx\r\nb\r\n"),
        (b"a\rb\nc\n", b"a\rb\nd\n"),
        (b"a\nb", b"a\nb\n"),
        (b"a\nb\n", b"a\nb"),
        (b"a", b"a\nb"),
        (b"caf\xe9\n\xff\xfe\n", b"caf\xe9\n\xff\xfd\n"),
        (b"\xef\xbb\xbf<a/>\n", b"\xef\xbb\xbf<b/>\n"),
        (b"1\n2\n3\n4\n5\n6\n7\n8\n9\n", b"2\n3\n4\n5\n6\n7\n8\n"),
        (b"-- a\n++ b\n@@ -1 +1 @@\n", b"++ b\n-- c\n\\ No newline\n"),
        (b"\n\n\n", b"\n\n"),
        (b"", b"a\n"),
        (b"a", b""),
    ];

    /// Runs a tool of this machine on a file; nothing when the machine lacks it.
    fn tool(program: &[&str], path: &str, before: &[u8], diff: &[u8]) -> Option<Vec<u8>> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, before).unwrap();
        let patch = dir.path().join("the.diff");
        std::fs::write(&patch, diff).unwrap();
        let run = Command::new(program[0])
            .args(&program[1..])
            .arg(Path::new("the.diff"))
            .current_dir(dir.path())
            .env("GIT_CEILING_DIRECTORIES", dir.path().parent().unwrap())
            .stdin(Stdio::null())
            .output()
            .ok()?;
        assert!(run.status.success(), "{program:?} {path:?}: {run:?}");
        Some(std::fs::read(&file).unwrap())
    }

    const PATCH: &[&str] = &["patch", "-p1", "--binary", "-s", "-i"];
    const GIT: &[&str] = &["git", "apply", "--whitespace=nowarn"];

    #[test]
    fn an_applier_that_shares_no_code_gets_the_same_bytes() {
        for (before, after) in PAIRS.iter().copied() {
            for context in [0, 1, 3, usize::MAX] {
                let diff = unified("x", before, after, context);
                let shown = String::from_utf8_lossy(&diff).into_owned();
                assert_eq!(applier::apply(before, &diff).as_deref(), Ok(after), "{shown}");
            }
        }
    }

    #[test]
    fn patch_and_git_get_the_same_bytes() {
        for (before, after) in PAIRS {
            let diff = unified("d/x.xml", before, after, 3);
            for program in [PATCH, GIT] {
                let made = tool(program, "d/x.xml", before, &diff);
                assert!(made.is_none_or(|made| made == *after), "{program:?} {before:?}");
            }
        }
    }

    #[test]
    fn patch_and_git_find_files_with_odd_names() {
        let names = ["with blank.xml", "d e/two  b.xml", "quo\"te", "back\\slash", "tab\there"];
        for path in names.into_iter().chain(["ümlaut é.xml", "end ", "x 2001-01-01 00:00:00"]) {
            let diff = unified(path, b"a\n", b"b\n", 3);
            for program in [PATCH, GIT] {
                let made = tool(program, path, b"a\n", &diff);
                assert!(made.is_none_or(|made| made == b"b\n"), "{program:?} {path}");
            }
        }
    }

    #[test]
    fn equal_texts_have_no_diff() {
        assert_eq!(unified("x", b"a\n", b"a\n", 3), b"");
        assert_eq!(stat(b"a\n", b"a\n"), Stat::default());
    }

    #[test]
    fn a_stat_counts_a_changed_line_on_both_sides() {
        assert_eq!(stat(b"a\nb\nc", b"a\nB\nc\nd"), Stat { added: 3, removed: 2 });
    }

    #[test]
    fn other_lines_can_be_shown_and_still_the_compared_ones_decide() {
        let texts: [&[u8]; 2] = [b"a\nold\nb\n", b"a\nnew\nb\n"];
        let shown = String::from_utf8(unified_as("x", texts, [b"a\n*\nb\n"; 2], 3)).unwrap();
        assert!(shown.ends_with("@@ -1,3 +1,3 @@\n a\n-*\n+*\n b\n"), "{shown}");
        assert_eq!(unified_as("x", texts, [b"*\n", b"*\n"], 3), b"");
    }

    #[test]
    fn changes_of_neighbouring_lines_are_one_hunk() {
        assert_eq!(hunks(b"a\nb\nc\nd\n", b"A\nB\nc\nD\n"), 2);
        assert_eq!(hunks(b"a\nb\n", b"a\nx\ny\nb\n"), 1);
        assert_eq!(hunks(b"a\n", b"a\n"), 0);
    }

    #[test]
    fn the_form_is_that_of_patch() {
        let diff = unified("conf/a b.xml", b"1\n2\n", b"1\n3", 3);
        let wanted = "--- a/conf/a b.xml\t\n+++ b/conf/a b.xml\t\n@@ -1,2 +1,2 @@\n 1\n-2\n+3\n\\ No newline at end of file\n";
        assert_eq!(String::from_utf8_lossy(&diff), wanted);
    }
}
