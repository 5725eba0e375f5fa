//! Merges two changes of one text, line by line.
//!
//! Where both sides changed the same lines in different ways it reports a clash; it never picks a
//! side and never looks for meaning.

use similar::{Algorithm, DiffTag, capture_diff_slices_deadline};
use std::ops::Range;
use std::time::{Duration, Instant};

/// One side of a clash: where it stands in its own text, and its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// The first line, counted from 1.
    pub line: usize,
    pub text: Vec<u8>,
}

/// Lines that both sides changed in different ways.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clash {
    pub ours: Side,
    pub theirs: Side,
}

/// Merges what `ours` and `theirs` each made of `base`.
///
/// # Errors
/// Every clash, in the order of the text. Binary content clashes as a whole.
pub fn merge(base: &[u8], ours: &[u8], theirs: &[u8]) -> Result<Vec<u8>, Vec<Clash>> {
    if ours == base || ours == theirs {
        return Ok(theirs.to_vec());
    }
    if theirs == base {
        return Ok(ours.to_vec());
    }
    if [base, ours, theirs].iter().any(|text| text.contains(&0)) {
        let whole = |text: &[u8]| Side { line: 1, text: text.to_vec() };
        return Err(vec![Clash { ours: whole(ours), theirs: whole(theirs) }]);
    }
    let (base, ours, theirs) = (split(base), split(ours), split(theirs));
    let mut out = Vec::new();
    let mut clashes = Vec::new();
    let mut at = 0;
    for region in regions(&hunks(&base, &ours), &hunks(&base, &theirs)) {
        push(&mut out, &base[at..region.base.start]);
        at = region.base.end;
        let mine = side(&ours, &region.base, &region.ours);
        let other = side(&theirs, &region.base, &region.theirs);
        if region.theirs.is_empty() {
            push(&mut out, mine.1);
        } else if region.ours.is_empty() || mine.1 == other.1 {
            push(&mut out, other.1);
        } else {
            let show = |(line, lines): (usize, &[&[u8]])| Side { line, text: lines.concat() };
            clashes.push(Clash { ours: show(mine), theirs: show(other) });
        }
    }
    push(&mut out, &base[at..]);
    // A last line without its end, with more behind it, would run two lines into one.
    let joined = out.iter().rev().skip(1).any(|line| !line.ends_with(b"\n"));
    if joined {
        let show = |lines: &[&[u8]]| Side {
            line: lines.len().max(1),
            text: lines.last().map_or_else(Vec::new, |line| line.to_vec()),
        };
        clashes.push(Clash { ours: show(&ours), theirs: show(&theirs) });
    }
    if clashes.is_empty() { Ok(out.concat()) } else { Err(clashes) }
}

/// A change of some lines of the base into some lines of a side.
#[derive(Debug, Clone)]
struct Hunk {
    base: Range<usize>,
    side: Range<usize>,
}

/// Lines of the base that one side or both changed, with the hunks of each.
struct Region {
    base: Range<usize>,
    ours: Vec<Hunk>,
    theirs: Vec<Hunk>,
}

fn split(text: &[u8]) -> Vec<&[u8]> {
    crate::text::lines(text).collect()
}

fn push<'a>(out: &mut Vec<&'a [u8]>, lines: &[&'a [u8]]) {
    out.extend_from_slice(lines);
}

fn hunks(base: &[&[u8]], side: &[&[u8]]) -> Vec<Hunk> {
    // Past the deadline the difference is still right, only longer.
    let deadline = Instant::now().checked_add(Duration::from_secs(5));
    capture_diff_slices_deadline(Algorithm::Myers, base, side, deadline)
        .iter()
        .filter(|op| op.tag() != DiffTag::Equal)
        .map(|op| Hunk { base: op.old_range(), side: op.new_range() })
        .collect()
}

fn regions(ours: &[Hunk], theirs: &[Hunk]) -> Vec<Region> {
    let mut all: Vec<(bool, &Hunk)> = ours.iter().map(|hunk| (true, hunk)).collect();
    all.extend(theirs.iter().map(|hunk| (false, hunk)));
    all.sort_by_key(|(mine, hunk)| (hunk.base.start, hunk.base.end, !mine));
    let mut regions: Vec<Region> = Vec::new();
    for (mine, hunk) in all {
        let open = match regions.last_mut() {
            Some(last) if meets(&last.base, &hunk.base) => last,
            _ => {
                regions.push(Region {
                    base: hunk.base.clone(),
                    ours: Vec::new(),
                    theirs: Vec::new(),
                });
                let Some(last) = regions.last_mut() else {
                    continue;
                };
                last
            }
        };
        open.base.end = open.base.end.max(hunk.base.end);
        if mine { open.ours.push(hunk.clone()) } else { open.theirs.push(hunk.clone()) }
    }
    regions
}

/// Tells whether two changes are about the same lines: they share one, or insert at one place.
fn meets(open: &Range<usize>, next: &Range<usize>) -> bool {
    next.start < open.end || (open.is_empty() && next.is_empty() && next.start == open.start)
}

/// What a side has in place of some lines of the base: its first line, from 1, and its lines.
fn side<'t, 'a>(
    lines: &'t [&'a [u8]],
    base: &Range<usize>,
    hunks: &[Hunk],
) -> (usize, &'t [&'a [u8]]) {
    let (Some(first), Some(last)) = (hunks.first(), hunks.last()) else {
        return (base.start + 1, &[]);
    };
    let start = first.side.start - (first.base.start - base.start);
    let end = last.side.end + (base.end - last.base.end);
    (start + 1, &lines[start..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &[u8] = b"one\ntwo\nthree\nfour\n";

    #[test]
    fn changes_of_different_lines_are_both_kept() {
        let merged = merge(BASE, b"zero\none\ntwo\nthree\nfour\n", b"one\n2\nthree\n4\n");
        assert_eq!(merged, Ok(b"zero\none\n2\nthree\n4\n".to_vec()));
        let beside = merge(BASE, b"one\n2\nthree\nfour\n", b"one\ntwo\n3\nfour\nfive\n");
        assert_eq!(beside, Ok(b"one\n2\n3\nfour\nfive\n".to_vec()));
    }

    #[test]
    fn the_same_change_on_both_sides_counts_once() {
        let ours = b"one\n2\nthree\n4\n";
        assert_eq!(merge(BASE, ours, b"one\n2\nthree\nfour\n"), Ok(ours.to_vec()));
    }

    #[test]
    fn different_changes_of_one_line_clash_with_both_sides_and_their_lines() {
        let clashes = merge(BASE, b"one\n2\nthree\nfour\n", b"zero\none\nTWO\nthree\nfour\n");
        let ours = Side { line: 2, text: b"2\n".to_vec() };
        let theirs = Side { line: 3, text: b"TWO\n".to_vec() };
        assert_eq!(clashes, Err(vec![Clash { ours, theirs }]));
    }

    #[test]
    fn two_insertions_at_one_place_clash_and_so_does_one_inside_a_deletion() {
        let inserted = |line: &str| format!("one\ntwo\n{line}\nthree\nfour\n").into_bytes();
        assert!(merge(BASE, &inserted("a"), &inserted("b")).is_err());
        assert!(merge(BASE, &inserted("a"), b"one\nfour\n").is_err());
        let beside = merge(BASE, &inserted("a"), b"one\ntwo\nfour\n");
        assert_eq!(beside, Ok(b"one\ntwo\na\nfour\n".to_vec()));
    }

    #[test]
    fn lines_never_run_together() {
        assert!(merge(b"x\n", b"x\ny\n", b"x").is_err());
    }

    #[test]
    fn endings_and_missing_last_newlines_survive() {
        let merged = merge(b"a\r\nb\nc", b"A\r\nb\nc", b"a\r\nb\nC");
        assert_eq!(merged, Ok(b"A\r\nb\nC".to_vec()));
    }

    #[test]
    fn binary_content_is_never_mixed() {
        assert!(merge(b"a\0\nb\n", b"x\0\nb\n", b"a\0\ny\n").is_err());
        assert_eq!(merge(b"a\0", b"a\0", b"b\0"), Ok(b"b\0".to_vec()));
    }
}
