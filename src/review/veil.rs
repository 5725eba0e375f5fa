//! What of a text nobody may read in a plan: what looks like a secret, what was told as one, and
//! private keys.

use crate::change::FileChange;
use crate::{diff, secret};
use std::ops::Range;

/// Tells where secrets stand: ranges in order, apart from each other, none over a line end.
pub fn spans(text: &[u8], told: &[Vec<u8>]) -> Vec<Range<usize>> {
    let mut found = secret::spans(text);
    for value in told {
        // A value of several lines is looked for line by line, so that none goes over a line end.
        for line in value.split(|&b| b == b'\n').map(|line| line.trim_ascii()) {
            found.extend(occurrences(text, line));
        }
    }
    found.extend(private_keys(text));
    secret::merged(found)
}

/// Renders the change with everything hidden that nobody may read.
///
/// The lines are hidden before hunks are cut from the text: a hunk may start behind the name that
/// makes its first line a secret.
pub fn diff(change: &FileChange, told: &[Vec<u8>]) -> Vec<u8> {
    let [before, after] = sides(change);
    let hide = |text: &[u8]| secret::covered(text, &spans(text, told));
    let (old, new) = (hide(before), hide(after));
    diff::unified_as(change.file.as_str(), [before, after], [&old, &new], 3)
}

/// Hides what a listing of a binary file would tell.
pub fn listings(listings: &[String; 2], told: &[Vec<u8>]) -> [String; 2] {
    listings.each_ref().map(|text| {
        let hidden = secret::covered(text.as_bytes(), &spans(text.as_bytes(), told));
        String::from_utf8_lossy(&hidden).into_owned()
    })
}

fn sides(change: &FileChange) -> [&[u8]; 2] {
    match &change.listings {
        Some([before, after]) => [before.as_bytes(), after.as_bytes()],
        None => [change.before.as_deref().unwrap_or_default(), &change.after],
    }
}

fn occurrences(text: &[u8], value: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while !value.is_empty() && at + value.len() <= text.len() {
        if text[at..].starts_with(value) {
            found.push(at..at + value.len());
            at += value.len();
        } else {
            at += 1;
        }
    }
    found
}

/// The lines between the marks of a private key in PEM.
fn private_keys(text: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let (mut at, mut inside) = (0, false);
    for line in crate::text::lines(text) {
        let body = line.trim_ascii();
        if body.starts_with(b"-----") {
            inside = body.starts_with(b"-----BEGIN") && body.ends_with(b"PRIVATE KEY-----");
        } else if inside && !body.is_empty() {
            let start = at + (line.len() - line.trim_ascii_start().len());
            found.push(start..start + body.len());
        }
        at += line.len();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::RelPath;

    #[test]
    fn told_values_and_private_keys_are_hidden_wherever_they_stand() {
        let text = b"a=tiger\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\nAA==\n-----END RSA PRIVATE KEY-----\nb\n";
        let hidden = secret::covered(text, &spans(text, &[b"tiger".to_vec()]));
        let hidden = String::from_utf8(hidden).unwrap();
        assert!(!hidden.contains("tiger") && !hidden.contains("MIIE") && !hidden.contains("AA=="));
        assert!(hidden.ends_with("KEY-----\nb\n"), "{hidden}");
    }

    #[test]
    fn a_value_of_several_lines_leaves_their_number() {
        let text = b"x\none\ntwo\ny\n";
        let hidden = secret::covered(text, &spans(text, &[b"one\ntwo".to_vec()]));
        assert_eq!(hidden, b"x\n********\n********\ny\n");
    }

    #[test]
    fn a_secret_whose_name_is_outside_the_hunk_stays_hidden() {
        let before = "<P name='password'>\n\n\n\n\n  tiger\n</P>\n<a>1</a>\n";
        let change = FileChange {
            file: RelPath::parse("a.xml").unwrap(),
            before: Some(before.into()),
            after: before.replace("<a>1", "<a>2").into(),
            listings: None,
        };
        let plain = String::from_utf8(change.unified(3)).unwrap();
        assert!(plain.contains("tiger") && !plain.contains("password"), "{plain}");
        let shown = String::from_utf8(diff(&change, &[])).unwrap();
        assert!(!shown.contains("tiger") && shown.contains("+<a>2</a>"), "{shown}");
    }
}
