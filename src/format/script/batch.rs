//! Batch launchers: the `set` lines that build the arguments of the line that runs java.
//!
//! Read as cmd.exe does for what products ship: one command a line, `rem` and `::` for comments.
//! Lines continued with `^` and arguments built anew further down are refused.

use super::word::{self, Word};
use super::{Arg, Command, RESTORE, Slot, Standing};
use crate::format::Fault;
use std::ops::Range;

/// The longest line that cmd.exe reads, in characters (Microsoft, "Command prompt line string
/// limitation").
pub(super) const LINE_LIMIT: usize = 8191;

/// Finds the java command of a script.
///
/// # Errors
/// There is none, more than one, or its arguments are built in a way that is not understood.
pub(super) fn command(text: &[u8]) -> Result<Command, Fault> {
    let lines = live_lines(text);
    let mut found = lines.iter().filter_map(|line| java_line(text, line));
    let Some((java, main, words)) = found.next() else {
        let reason = "no line runs java with a main class named Bootstrap";
        return Err(Fault::at(text, 0, reason, RESTORE));
    };
    if let Some((.., other)) = found.next() {
        let at = other.first().map_or(0, |w| w.range.start);
        return Err(Fault::at(text, at, "a second line starts the server", RESTORE));
    }
    let mut sets = Vec::new();
    for line in &lines {
        sets.extend(Set::read(text, line));
    }
    let mut args = Vec::new();
    let mut slot = None;
    for word in &words[java + 1..main] {
        let built = match word.variable() {
            Some(name) => Built::of(text, &sets, name)?,
            None => None,
        };
        match built {
            Some(built) => {
                slot = Some(built.end);
                args.extend(built.args);
            }
            None => args.push(Arg { word: word.clone(), standing: Standing::Command }),
        }
    }
    let Some(at) = slot else {
        let at = words[main].range.start;
        let reason = "no line of the script sets the arguments of this java command";
        return Err(Fault::at(text, at, reason, RESTORE));
    };
    let args = args.into_iter().flat_map(|arg| with_assigned(&sets, arg)).collect();
    let slot = Slot { at, before: b" ".into(), after: Vec::new() };
    Ok(Command { args, tail: words[main..].to_vec(), slot, heap: None })
}

/// The arguments that a variable holds once all its `set` lines ran.
struct Built {
    args: Vec<Arg>,
    /// The end of the last `set` line with a -D flag.
    end: usize,
}

impl Built {
    /// Gives none when no line sets the variable to -D flags.
    fn of(text: &[u8], sets: &[Set], name: &[u8]) -> Result<Option<Self>, Fault> {
        let mut args: Vec<Arg> = Vec::new();
        let mut end = None;
        for set in sets.iter().filter(|s| s.name.eq_ignore_ascii_case(name)) {
            let standing = if set.conditional { Standing::Assigned } else { Standing::Command };
            let own = set.words.iter().position(|w| is(w, name));
            let mut fresh: Vec<Arg> =
                set.words.iter().cloned().map(|word| Arg { word, standing }).collect();
            match own {
                Some(own) => {
                    fresh.splice(own..=own, args);
                }
                None if end.is_some() || (set.conditional && !fresh.is_empty()) => {
                    let reason = "this line builds the java arguments anew";
                    return Err(Fault::at(text, set.at, reason, RESTORE));
                }
                None => {}
            }
            args = fresh;
            if let Some(last) = set.words.last().filter(|_| set.words.iter().any(Word::is_property))
            {
                set.closed(text)?;
                end = if set.conditional { end } else { Some(last.range.end) };
            }
        }
        Ok(end.map(|end| Self { args, end }))
    }
}

/// An argument, and behind one that is a variable the words that the script sets it to.
fn with_assigned(sets: &[Set], arg: Arg) -> Vec<Arg> {
    let mut all = Vec::new();
    if let Some(name) = arg.word.variable() {
        let own = sets.iter().filter(|s| s.name.eq_ignore_ascii_case(name));
        let words = own.flat_map(|s| s.words.iter().cloned());
        all.extend(words.map(|word| Arg { word, standing: Standing::Assigned }));
    }
    all.insert(0, arg);
    all
}

fn is(word: &Word, name: &[u8]) -> bool {
    word.variable().is_some_and(|v| v.eq_ignore_ascii_case(name))
}

/// The ranges of lines that are neither comments nor empty, without line ends.
fn live_lines(text: &[u8]) -> Vec<Range<usize>> {
    let mut start = 0;
    let mut live = Vec::new();
    for line in crate::text::lines(text) {
        let bare = line.trim_ascii();
        let plain = bare.strip_prefix(b"@").unwrap_or(bare).trim_ascii_start();
        let word = plain.split(u8::is_ascii_whitespace).next().unwrap_or_default();
        if !bare.is_empty() && !plain.starts_with(b"::") && !word.eq_ignore_ascii_case(b"rem") {
            live.push(start..start + line.trim_ascii_end().len());
        }
        start += line.len();
    }
    live
}

/// The indices of java and of the main class, and the words of a line that runs java.
fn java_line(text: &[u8], line: &Range<usize>) -> Option<(usize, usize, Vec<Word>)> {
    let words = words(text, line.clone());
    let main = words.iter().position(Word::is_main)?;
    let java = words[..main].iter().position(Word::is_java)?;
    Some((java, main, words))
}

/// A line that sets a variable.
struct Set {
    name: Vec<u8>,
    words: Vec<Word>,
    value: Range<usize>,
    at: usize,
    /// Whether something stands before `set`, such as `if`.
    conditional: bool,
}

impl Set {
    fn read(text: &[u8], line: &Range<usize>) -> Option<Self> {
        let bytes = text[line.clone()].to_ascii_lowercase();
        let found = bytes.windows(4).position(|w| w[..3] == *b"set" && word::blank(&w[3]));
        let at =
            found.filter(|&at| at == 0 || matches!(bytes[at - 1], b' ' | b'\t' | b'@' | b'('))?;
        let mut start = line.start + at + 4;
        start += text[start..line.end].iter().take_while(|b| word::blank(b)).count();
        let mut end = line.end;
        if text.get(start) == Some(&b'"') && text[end - 1] == b'"' && end - 1 > start {
            (start, end) = (start + 1, end - 1);
        }
        let sign = start + text[start..end].iter().position(|&b| b == b'=')?;
        let name = text[start..sign].to_vec();
        let plain = name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_');
        let before = bytes[..at].iter().all(|b| word::blank(b) || *b == b'@');
        (!name.is_empty() && plain).then(|| Self {
            name,
            words: words(text, sign + 1..end),
            value: sign + 1..end,
            at: line.start + at,
            conditional: !before,
        })
    }

    /// Refuses a line whose end is not the end of its last word.
    fn closed(&self, text: &[u8]) -> Result<(), Fault> {
        let value = &text[self.value.clone()];
        let reason = if value.trim_ascii_end().ends_with(b"^") {
            "the line is continued with ^"
        } else if value.iter().filter(|&&b| b == b'"').count() % 2 == 1 {
            "the line has a quote that is never closed"
        } else {
            return Ok(());
        };
        Err(Fault::at(text, self.value.end, reason, RESTORE))
    }
}

/// Splits at blanks outside double quotes, as the C runtime of java.exe does.
fn words(text: &[u8], range: Range<usize>) -> Vec<Word> {
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let mut quoted = false;
    for at in range.clone() {
        let byte = text[at];
        if word::blank(&byte) && !quoted {
            words.extend(word.take());
            continue;
        }
        let word = word.get_or_insert_with(|| Word { range: at..at, ..Word::default() });
        word.range.end = at + 1;
        if byte == b'"' {
            quoted = !quoted;
        } else {
            word.push(byte, at);
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, Launcher, Standing, second};
    use crate::text::splice;

    const TEXT: &str = "@echo off\r\nrem set A=-Dx=rem\r\n:: -Dx=c\r\nset JAVA_OPTS=-Dx=o\r\n\
        set ARGS=-Xmx1m %JAVA_OPTS% -Da=\"b c\"  \r\nset ARGS=%ARGS% -Dd=e\r\n\
        \"%JAVA_HOME%\\bin\\java\" %ARGS% org.x.Bootstrap %CMD%\r\n";

    fn launcher(text: &str) -> Launcher {
        Launcher::parse(Kind::Batch, text.as_bytes()).unwrap()
    }

    fn set(text: &str, name: &str, value: &str) -> String {
        let out = splice(text.as_bytes(), &launcher(text).set(name, value).unwrap()).unwrap();
        let out = String::from_utf8(out).unwrap();
        assert_eq!(launcher(&out).set(name, value), Ok(Vec::new()));
        let told = second::last_value(Kind::Batch, out.as_bytes(), name);
        assert_eq!(told.as_deref(), Some(value));
        out
    }

    #[test]
    fn the_arguments_are_those_of_all_set_lines() {
        let want = ["-Xmx1m", "%JAVA_OPTS%", "-Da=b c", "-Dd=e", "org.x.Bootstrap", "%CMD%"];
        assert_eq!(launcher(TEXT).argv(), want);
        assert_eq!(launcher(TEXT).flag("-Dx")[0].standing, Standing::Assigned);
    }

    #[test]
    fn a_new_flag_ends_the_last_line_with_flags() {
        assert_eq!(set(TEXT, "-Dnew", "1"), TEXT.replace("-Dd=e\r\n", "-Dd=e -Dnew=1\r\n"));
    }

    #[test]
    fn a_flag_that_only_a_variable_holds_is_added() {
        assert_eq!(set(TEXT, "-Dx", "1"), TEXT.replace("-Dd=e\r\n", "-Dd=e -Dx=1\r\n"));
    }

    #[test]
    fn a_value_changes_in_place() {
        assert_eq!(set(TEXT, "-Da", "z"), TEXT.replace("b c", "z"));
        assert_eq!(set(TEXT, "-Xmx", "2m"), TEXT.replace("1m", "2m"));
    }

    #[test]
    fn a_flag_goes_with_the_blank_before_it() {
        let out = splice(TEXT.as_bytes(), &launcher(TEXT).remove("-Dd").unwrap()).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), TEXT.replace(" -Dd=e", ""));
    }

    #[test]
    fn arguments_that_come_from_elsewhere_are_refused() {
        let none = "\"%JAVA_HOME%\\bin\\java\" %ARGS% org.x.Bootstrap\n";
        let open = TEXT.replace("\"b c\"", "\"b c");
        let continued = TEXT.replace("-Dd=e", "-Dd=e ^");
        for text in [
            none,
            "echo none\n",
            &open,
            &continued,
            &TEXT.replace("set ARGS=%ARGS% ", "set ARGS=-Dq=1 "),
        ] {
            assert!(Launcher::parse(Kind::Batch, text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn a_line_too_long_for_cmd_is_refused() {
        let long = TEXT.replace("-Dd=e", &format!("-Dd={}", "e".repeat(8170)));
        assert!(launcher(&long).set("-Dnew", "12345").is_err());
    }
}
