//! Tells what is legal TOML and still kills the server: it reads `deployment.toml` with
//! net.consensys.cava cava-toml 0.5.0 (wso2/config-mapper, `TomlParser`), which knows TOML 0.5.

use super::MAX;
use super::tree::{self, Section};
use crate::format::Fault;
use std::ops::Range;

/// More faults than this are not told; each costs a walk to its line.
const MANY: usize = 100;

/// Lists what in a text the server's parser refuses or dies of, in its order and up to a hundred;
/// one entry alone when the text is no TOML at all.
pub fn lint(text: &[u8]) -> Vec<Fault> {
    match parse(text) {
        Ok((_, read)) => read.faults,
        Err(fault) => vec![fault],
    }
}

/// Parses a text as far as TOML goes; the faults that only the server sees are in the result.
pub(super) fn parse(bytes: &[u8]) -> Result<(&str, tree::Read), Fault> {
    if bytes.len() > MAX {
        let reason = format!("the file is larger than {} MiB", MAX >> 20);
        return Err(Fault::at(&[], 0, reason, "Check that this is the server's deployment.toml."));
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        let reason = "the file starts with a byte order mark, which the server's parser refuses";
        return Err(Fault::at(bytes, 0, reason, "Save the file as UTF-8 without a mark."));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let hint = "Save the file as UTF-8.";
        Fault::at(bytes, error.valid_up_to(), "the file is not UTF-8", hint)
    })?;
    let document = toml_edit::Document::parse(text).map_err(|error| refused(text, &error))?;
    let read = tree::read(text, document.as_table());
    Ok((text, read))
}

/// Phrases what toml_edit refuses.
fn refused(text: &str, error: &toml_edit::TomlError) -> Fault {
    let at = error.span().map_or(0, |span| span.start);
    let line = crate::text::line_start(text.as_bytes(), at)..text.len();
    let line = text.get(line).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let message = error.message().lines().collect::<Vec<_>>().join(", ");
    let (reason, hint) = if message.contains("recurs") {
        ("tables or arrays are nested too deeply".to_owned(), "Flatten them.")
    } else if message.contains("duplicate key") {
        ("a key or table is defined a second time".to_owned(), "Keep one of the two.")
    } else if line.contains(['\u{201c}', '\u{201d}', '\u{2018}', '\u{2019}']) {
        let reason = format!("curly quotes are no quotes in TOML ({message})");
        (reason, "Write straight quotes, \" or '.")
    } else {
        (message, "Correct the line; until then the server does not start with this file.")
    };
    Fault::at(text.as_bytes(), at, reason, hint)
}

/// Finds headers of a table behind headers of its sub-tables: the server's parser puts the table
/// into itself and dies of a StackOverflowError.
pub(super) fn headers(text: &str, sections: &[Section], faults: &mut Vec<Fault>) {
    let mut parents = std::collections::HashSet::new();
    for Section { header, names, array, entry, .. } in sections {
        if !array && parents.contains(&(*entry, names.as_slice())) {
            let name = super::path::dotted(names.iter().map(String::as_str));
            let reason = format!(
                "the table [{name}] stands behind one of its sub-tables; the server's parser \
                 overflows its stack on that"
            );
            let hint = format!("Move [{name}] before the first [{name}.…].");
            note(faults, text, header.start, reason, hint);
        }
        let depths = 1..names.len();
        parents.extend(depths.filter_map(|depth| Some((*entry, names.get(..depth)?))));
    }
}

/// Finds raw tabs and the escapes of TOML 1.1 in a basic string or a quoted key.
pub(super) fn string(text: &str, range: Range<usize>, faults: &mut Vec<Fault>) {
    let raw = text.get(range.clone()).unwrap_or_default();
    if !raw.starts_with('"') {
        return;
    }
    let mut chars = raw.char_indices();
    while let Some((at, c)) = chars.next() {
        let (reason, hint) = match c {
            '\\' => match chars.next() {
                Some((_, 'e')) => ("the escape \\e", "Write \\u001B."),
                Some((_, 'x')) => ("the escape \\x", "Write \\u and four digits."),
                _ => continue,
            },
            '\t' if !raw.starts_with("\"\"\"") => ("a raw tab in a string", "Write \\t."),
            _ => continue,
        };
        let reason = format!("{reason} is not understood by the server's parser");
        note(faults, text, range.start + at, reason, hint);
    }
}

/// Finds line ends and a trailing comma between two braces.
pub(super) fn braces(
    text: &str,
    range: &Range<usize>,
    values: &[Range<usize>],
    faults: &mut Vec<Fault>,
) {
    let starts = values.iter().map(|value| value.start).chain([range.end]);
    let ends = [range.start].into_iter().chain(values.iter().map(|value| value.end));
    let gaps: Vec<_> = ends.zip(starts).map(|(from, to)| from..to).collect();
    let gap = |gap: &Range<usize>| text.get(gap.clone()).unwrap_or_default();
    if let Some(broken) = gaps.iter().find(|span| gap(span).contains('\n')) {
        let reason = "an inline table over several lines is not understood by the server's parser";
        let hint = "Write it on one line, or as a table of its own.";
        note(faults, text, broken.start, reason, hint);
    } else if let Some(last) = gaps.last().filter(|span| gap(span).contains(',')) {
        let reason = "a comma before the closing brace is not understood by the server's parser";
        note(faults, text, last.start, reason, "Remove the comma.");
    }
}

/// Finds an array whose elements are of different types.
pub(super) fn array(
    text: &str,
    range: &Range<usize>,
    array: &toml_edit::Array,
    faults: &mut Vec<Fault>,
) {
    let mut types = array.iter().map(toml_edit::Value::type_name);
    if let Some(first) = types.next()
        && let Some(other) = types.find(|other| *other != first)
    {
        let reason = format!(
            "an array of mixed types ({first} and {other}) is not understood by the server's parser"
        );
        let hint = "Give all elements one type, for instance by quoting them.";
        note(faults, text, range.start, reason, hint);
    }
}

fn note(
    faults: &mut Vec<Fault>,
    text: &str,
    at: usize,
    reason: impl Into<String>,
    hint: impl Into<String>,
) {
    if faults.len() < MANY {
        faults.push(Fault::at(text.as_bytes(), at, reason, hint));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let faults = lint(text.as_bytes());
        faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_table_behind_its_sub_table_is_found() {
        assert!(told("[a.b]\n[c]\n[a]\n").starts_with("line 3, column 1: the table [a] stands"));
        assert!(told("[[a.b]]\n[a]\n").contains("overflows"));
        assert!(told("[a.b.c]\n[a.b]\n").contains("overflows"));
        assert!(told("[[f]]\n[f.a.b]\n[f.a]\n").contains("overflows"));
        assert!(!told("[a]\nb.c = 1\n[a.b]\n").is_empty());
        for good in ["[a]\n[a.b]\n", "[[f]]\n[f.a.b]\n[[f]]\n[f.a]\n", "[a.b]\n[[c]]\n[ab]\n"] {
            assert_eq!(told(good), "");
        }
    }

    #[test]
    fn what_toml_0_5_lacks_is_found() {
        for (text, word) in [
            ("a = [1, 'x']", "mixed"),
            ("a = [[1], [1, 'x']]", "mixed"),
            ("a = [1, 2.0]", "mixed"),
            ("a = \"x\ty\"", "tab"),
            ("\"k\ty\" = 1", "tab"),
            ("a = {\nb = 1 }", "several lines"),
            ("a = { b = 1, }", "comma"),
            ("a = [{ b = 1, }, { b = 2 }]", "comma"),
            ("a = \"\\e\"", "\\e"),
            ("a = [\"\\x41\"]", "\\x"),
            ("a = \u{201c}x\u{201d}", "curly"),
        ] {
            assert!(told(text).contains(word), "{text}: {}", told(text));
        }
        for good in [
            "a = 'x\ty'",
            "a = { b = '\\e,}', c.d = \"x,\", e = [1,\n2,] }",
            "a = \"\\\\e\\\\x41 \u{201c}x\u{201d}\" # \u{201c}",
            "a = [\n 1,\n 2,\n]\nb = {}",
        ] {
            assert_eq!(told(good), "", "{good}");
        }
    }

    #[test]
    fn what_is_no_text_or_too_large_is_refused() {
        assert!(told("\u{feff}a = 1").contains("byte order mark"));
        assert!(lint(b"a = '\xff'")[0].to_string().contains("line 1, column 6: the file is not"));
        assert!(lint(&vec![b'\n'; MAX + 1])[0].reason.contains("larger"));
    }

    #[test]
    fn deep_nesting_is_refused_without_using_up_the_stack() {
        for deep in [
            format!("a{} = 1", ".a".repeat(100_000)),
            format!("[a{}]", ".a".repeat(100_000)),
            format!("a = {}{}", "[".repeat(100_000), "]".repeat(100_000)),
            format!("a = {}1{}", "{ a = ".repeat(100_000), "}".repeat(100_000)),
        ] {
            assert!(told(&deep).contains("nested too deeply"));
        }
    }
}
