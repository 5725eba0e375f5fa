//! YAJSW's `wrapper.conf`: one `wrapper.java.additional.N` entry for each argument of java.
//!
//! Arguments count in the order of their numbers. Gaps are as shipped (Enterprise Integrator) and
//! harmless: YAJSW walks the keys that are there. A number that stands twice is refused.

use super::word::Word;
use super::{Arg, Command, RESTORE, Slot, Standing};
use crate::format::Fault;
use crate::format::properties::{Document, Entry};
use std::collections::BTreeMap;

const PREFIX: &str = "wrapper.java.additional.";

/// Finds the java command of a `wrapper.conf`.
///
/// # Errors
/// No arguments or no main class; a number that stands twice.
pub(super) fn command(text: &[u8]) -> Result<Command, Fault> {
    let document = Document::parse(text)?;
    let mut numbered = BTreeMap::new();
    for entry in document.entries() {
        let number = entry.key.strip_prefix(PREFIX).and_then(|n| n.parse::<u32>().ok());
        let Some(number) = number else { continue };
        if numbered.insert(number, entry).is_some() {
            let reason = format!("{PREFIX}{number} stands twice");
            let hint = "Give each argument its own number.";
            return Err(Fault::at(text, entry.key_range.start, reason, hint));
        }
    }
    let main = document.entries().iter().rfind(|e| e.key == "wrapper.java.app.mainclass");
    let highest = numbered.last_key_value().and_then(|(n, e)| Some((n.checked_add(1)?, *e)));
    let (Some(main), Some((next, model))) = (main, highest) else {
        let reason = format!("no {PREFIX}N entries, or no wrapper.java.app.mainclass");
        return Err(Fault::at(text, 0, reason, RESTORE));
    };
    // Behind the highest number and the last in the file, the flag is last in either order.
    let last = numbered.values().max_by_key(|e| e.lines.end).copied().unwrap_or(model);
    let slot = slot(text, model, last, next);
    let arg = |e: &Entry| Arg { word: word(text, e), standing: Standing::Command };
    let args = numbered.values().map(|e| arg(e)).collect();
    Ok(Command { args, tail: vec![word(text, main)], slot, heap: None })
}

/// The place behind the last argument, phrased as the one with the highest number is.
fn slot(text: &[u8], model: &Entry, last: &Entry, next: u32) -> Slot {
    let gap = &text[model.key_range.end..model.value_range.start];
    let signs = |b: &&u8| matches!(b, b'=' | b':');
    let plain = gap.iter().all(|b| matches!(b, b' ' | b'\t' | b'=' | b':'));
    let gap = if plain && gap.iter().filter(signs).count() == 1 { gap } else { b" = " };
    let line = [PREFIX.as_bytes(), next.to_string().as_bytes(), gap].concat();
    let eol = crate::text::eol_near(text, last.value_range.end).as_bytes().to_vec();
    let at = last.lines.end;
    if text[..at].ends_with(b"\n") {
        Slot { at, before: line, after: eol }
    } else {
        Slot { at, before: [eol, line].concat(), after: Vec::new() }
    }
}

/// The argument in an entry; offsets are known up to its first escape.
fn word(text: &[u8], entry: &Entry) -> Word {
    let range = entry.value_range.clone();
    let raw = text[range.clone()].iter();
    let same = raw.zip(entry.value.as_bytes()).take_while(|(a, b)| a == b).count();
    let at = (range.start..range.start + same).collect();
    Word { bytes: entry.value.clone().into_bytes(), at, range, joins: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, Launcher, second};
    use crate::text::splice;

    const TEXT: &str = "# wrapper.java.additional.9 = -Dx=no\r\n\
        wrapper.java.app.mainclass=org.x.Bootstrap\r\n\
        wrapper.java.additional.1 = -Xmx1m\r\n\
        wrapper.java.additional.3 = -Dpath=${home}\\\\a\r\n\
        wrapper.java.additional.10 = -Dq=\"*\"";

    fn launcher(text: &str) -> Launcher {
        Launcher::parse(Kind::Wrapper, text.as_bytes()).unwrap()
    }

    fn set(text: &str, name: &str, value: &str) -> String {
        let out = splice(text.as_bytes(), &launcher(text).set(name, value).unwrap()).unwrap();
        let out = String::from_utf8(out).unwrap();
        assert_eq!(launcher(&out).set(name, value), Ok(Vec::new()));
        let told = second::last_value(Kind::Wrapper, out.as_bytes(), name);
        assert_eq!(told.as_deref(), Some(value));
        out
    }

    #[test]
    fn a_new_flag_takes_the_next_number_on_a_line_of_its_own() {
        assert_eq!(set(TEXT, "-Dx", "1"), format!("{TEXT}\r\nwrapper.java.additional.11 = -Dx=1"));
        let ended = format!("{TEXT}\r\n# more\r\n");
        let want = format!("{TEXT}\r\nwrapper.java.additional.11 = -Dx=1\r\n# more\r\n");
        assert_eq!(set(&ended, "-Dx", "1"), want);
    }

    #[test]
    fn a_value_changes_in_place() {
        assert_eq!(set(TEXT, "-Xmx", "2m"), TEXT.replace("1m", "2m"));
        assert_eq!(set(TEXT, "-Dq", "a"), TEXT.replace('*', "a"));
        assert_eq!(set(TEXT, "-Dpath", "a"), TEXT.replace("${home}\\\\a", "a"));
    }

    #[test]
    fn the_numbers_decide_and_not_the_order_of_lines() {
        let swapped = "wrapper.java.app.mainclass=B\nwrapper.java.additional.10=-Dx=late\nwrapper.java.additional.9=-Dx=soon\n";
        assert_eq!(launcher(swapped).effective("-Dx").unwrap().value.unwrap(), "late");
    }

    #[test]
    fn a_number_that_stands_twice_is_refused_with_its_line() {
        let twice = format!("{TEXT}\r\nwrapper.java.additional.3=-Dx=1\r\n");
        let fault = Launcher::parse(Kind::Wrapper, twice.as_bytes()).unwrap_err();
        assert_eq!(fault.at.line, 6);
    }

    #[test]
    fn a_list_is_refused() {
        assert!(launcher(TEXT).set("-Dx", "a,b").is_err());
    }

    #[test]
    fn removal_takes_the_line() {
        let out = splice(TEXT.as_bytes(), &launcher(TEXT).remove("-Xmx").unwrap()).unwrap();
        let want = TEXT.replace("wrapper.java.additional.1 = -Xmx1m\r\n", "");
        assert_eq!(String::from_utf8(out).unwrap(), want);
    }
}
