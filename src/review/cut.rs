//! Which bytes of a content become which others: the least that is worth writing down, so that what
//! stays the same does not stand in a plan.

use crate::text;
use similar::{Algorithm, DiffOp, capture_diff_slices_deadline};
use std::ops::Range;
use std::time::{Duration, Instant};

/// A range of the content before that gives way to a range of the content after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    pub old: Range<usize>,
    pub new: Range<usize>,
}

/// Past this the cuts are still right, only coarser.
const PATIENCE: Duration = Duration::from_secs(2);

/// The longest gap of punctuation and blanks that two cuts are joined over.
const GAP: usize = 4;

/// Tells what differs: by lines first, then word by word. Cuts stand in order and apart.
///
/// `secret` are ranges of the content after; no cut is widened over one.
pub fn cuts(before: &[u8], after: &[u8], secret: &[Range<usize>]) -> Vec<Cut> {
    let deadline = Instant::now().checked_add(PATIENCE);
    let lines = |content: &[u8]| text::lines(content).map(<[u8]>::len).collect::<Vec<_>>();
    let mut cuts = Vec::new();
    for block in compared(before, after, &lines(before), &lines(after), deadline) {
        let (old, new) = (&before[block.old.clone()], &after[block.new.clone()]);
        for cut in compared(old, new, &words(old), &words(new), deadline) {
            cuts.push(Cut {
                old: cut.old.start + block.old.start..cut.old.end + block.old.start,
                new: cut.new.start + block.new.start..cut.new.end + block.new.start,
            });
        }
    }
    joined(cuts, after, secret)
}

/// Compares two contents piece by piece, given the lengths of the pieces.
fn compared(
    before: &[u8],
    after: &[u8],
    old: &[usize],
    new: &[usize],
    deadline: Option<Instant>,
) -> Vec<Cut> {
    let (left, old_at) = pieces(before, old);
    let (right, new_at) = pieces(after, new);
    capture_diff_slices_deadline(Algorithm::Myers, &left, &right, deadline)
        .iter()
        .filter(|op| !matches!(op, DiffOp::Equal { .. }))
        .map(|op| Cut {
            old: old_at[op.old_range().start]..old_at[op.old_range().end],
            new: new_at[op.new_range().start]..new_at[op.new_range().end],
        })
        .collect()
}

/// The pieces themselves, and where each starts; the end of the last one too.
fn pieces<'a>(content: &'a [u8], lengths: &[usize]) -> (Vec<&'a [u8]>, Vec<usize>) {
    let mut starts = vec![0];
    let mut pieces = Vec::with_capacity(lengths.len());
    let mut at = 0;
    for length in lengths {
        pieces.push(&content[at..at + length]);
        at += length;
        starts.push(at);
    }
    (pieces, starts)
}

/// The lengths of words (letters, digits, what is not ASCII) and of single other bytes.
fn words(content: &[u8]) -> Vec<usize> {
    let word = |b: u8| b.is_ascii_alphanumeric() || b >= 0x80;
    content.chunk_by(|&a, &b| word(a) && word(b)).map(<[u8]>::len).collect()
}

fn joined(cuts: Vec<Cut>, after: &[u8], secret: &[Range<usize>]) -> Vec<Cut> {
    let mut all: Vec<Cut> = Vec::with_capacity(cuts.len());
    for cut in cuts {
        if let Some(last) = all.last_mut() {
            let gap = last.new.end..cut.new.start;
            let small =
                gap.len() <= GAP && !after[gap.clone()].iter().any(u8::is_ascii_alphanumeric);
            if small && !secret.iter().any(|secret| meet(secret, &(last.new.start..cut.new.end))) {
                last.old.end = cut.old.end;
                last.new.end = cut.new.end;
                continue;
            }
        }
        all.push(cut);
    }
    all
}

/// Tells whether two ranges share a byte.
pub fn meet(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(before: &[u8], after: &[u8], cuts: &[Cut]) -> Vec<u8> {
        let edits: Vec<text::Edit> = cuts
            .iter()
            .map(|cut| text::Edit::replace(cut.old.clone(), &after[cut.new.clone()]))
            .collect();
        text::splice(before, &edits).unwrap()
    }

    #[test]
    fn the_cuts_lead_from_one_content_to_the_other() {
        let texts: [&[u8]; 7] = [
            b"",
            b"a\n",
            b"a b c\r\nd\n",
            b"x\na b C\r\nd",
            b"<a b=\"1\" c=\"s\" d=\"2\"/>\n",
            b"<a b=\"3\" c=\"s\" d=\"4\"/>\n",
            b"\xff\0\n\xfe",
        ];
        for before in texts {
            for after in texts {
                let cuts = cuts(before, after, &[]);
                assert_eq!(applied(before, after, &cuts), after, "{cuts:?}");
                assert!(cuts.windows(2).all(|pair| pair[0].old.end <= pair[1].old.start));
                assert_eq!(cuts.is_empty(), before == after);
            }
        }
    }

    #[test]
    fn what_stays_between_two_changes_of_one_line_is_not_cut_out() {
        let before = b"<C keyPass=\"s e\" a=\"1\" password=\"tiger\" b=\"2\"/>";
        let after = b"<C keyPass=\"s e\" a=\"7\" password=\"tiger\" b=\"8\"/>";
        let cuts = cuts(before, after, &[]);
        let new: Vec<&[u8]> = cuts.iter().map(|cut| &after[cut.new.clone()]).collect();
        assert_eq!(new, [b"7", b"8"]);
    }

    #[test]
    fn a_list_that_is_replaced_is_one_cut() {
        let cuts = cuts(b"c=\"A,B,C\"", b"c=\"D,E,F,G\"", &[]);
        assert_eq!(cuts, [Cut { old: 3..8, new: 3..10 }]);
    }

    #[test]
    fn a_large_hostile_change_ends_in_time() {
        let before: Vec<u8> = (0..40_000u32).flat_map(|n| [b'a' + (n % 7) as u8, b' ']).collect();
        let after: Vec<u8> = (0..40_000u32).flat_map(|n| [b'a' + (n % 5) as u8, b' ']).collect();
        let started = Instant::now();
        let cuts = cuts(&before, &after, &[]);
        assert_eq!(applied(&before, &after, &cuts), after);
        assert!(started.elapsed() < Duration::from_secs(60));
    }
}
