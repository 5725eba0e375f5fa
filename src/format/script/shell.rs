//! Shell launchers: the one command that runs java with the main class.
//!
//! Refuses a script whose java command is not there, stands twice, or ends before its main class,
//! and says at which line.

use super::simple::{self, Simple};
use super::word::{self, Word};
use super::{Arg, Command, RESTORE, Slot, Standing};
use crate::format::Fault;
use crate::text::{indent_at, line_end, line_start, lines};

/// Finds the java command of a script.
///
/// # Errors
/// There is none, more than one, or one that ends before its main class.
pub(super) fn command(text: &[u8]) -> Result<Command, Fault> {
    if text.contains(&b'\n') && lines(text).all(|l| l.ends_with(b"\r\n") || !l.ends_with(b"\n")) {
        let hint = "Convert the script to Unix line ends (dos2unix); sh cannot run it as it is.";
        return Err(Fault::at(text, 0, "every line of the script ends in CR LF", hint));
    }
    let all = simple::commands(text)?;
    let mut found = all.iter().filter_map(|c| Some((c, c.java()?, c.main()?)));
    let Some((own, java, main)) = found.next() else {
        return Err(missing(text, &all));
    };
    if let Some((other, ..)) = found.next() {
        let at = other.words.first().map_or(0, |w| w.range.start);
        return Err(Fault::at(text, at, "a second command starts the server", RESTORE));
    }
    if let Some(odd) = own.words.iter().find(|w| w.bytes.contains(&b'\r')) {
        let at = odd.range.end;
        return Err(Fault::at(text, at, "a carriage return in the java command", RESTORE));
    }
    let mut args = Vec::new();
    let mut heap = None;
    for word in &own.words[java + 1..main] {
        args.push(Arg { word: word.clone(), standing: Standing::Command });
        let Some(name) = word.variable() else {
            continue;
        };
        for value in all.iter().filter_map(|c| c.assigned(name)) {
            let words = word::split(value, name.len() + 1);
            let sized = words.iter().any(|w| w.bytes.starts_with(b"-Xm"));
            if let Some(last) = words.last().filter(|_| sized && quoted(text, value, name)) {
                let at = last.range.end;
                heap.get_or_insert(Slot { at, before: b" ".into(), after: Vec::new() });
            }
            args.extend(words.into_iter().map(|word| Arg { word, standing: Standing::Assigned }));
        }
    }
    let slot = slot(text, own.words[main].range.start);
    Ok(Command { args, tail: own.words[main..].to_vec(), slot, heap })
}

impl Simple {
    /// The index of the word that names java, if this command runs it.
    fn java(&self) -> Option<usize> {
        let before = |w: &&Word| {
            let words: [&[u8]; 9] =
                [b"exec", b"nohup", b"then", b"do", b"else", b"if", b"!", b"time", b"env"];
            words.contains(&w.bytes.as_slice()) || assigned_name(w).is_some()
        };
        let at = self.words.iter().take_while(before).count();
        self.words.get(at).filter(|w| w.is_java()).map(|_| at)
    }

    fn main(&self) -> Option<usize> {
        let main = self.words.iter().position(Word::is_main)?;
        self.words[..main].iter().any(Word::is_property).then_some(main)
    }

    /// The word that assigns to a variable, if this command does.
    fn assigned(&self, name: &[u8]) -> Option<&Word> {
        let words = self.words.iter().skip_while(|w| {
            let words: [&[u8]; 5] = [b"export", b"readonly", b"then", b"else", b"do"];
            words.contains(&w.bytes.as_slice())
        });
        words.take_while(|w| assigned_name(w).is_some()).find(|w| assigned_name(w) == Some(name))
    }
}

fn assigned_name(word: &Word) -> Option<&[u8]> {
    let end = word.bytes.iter().position(|&b| b == b'=')?;
    let name = &word.bytes[..end];
    let plain = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    (!name.is_empty() && name.iter().all(plain)).then_some(name)
}

/// Whether blanks may be added at the end of an assigned value.
fn quoted(text: &[u8], value: &Word, name: &[u8]) -> bool {
    text.get(value.range.start + name.len() + 1) == Some(&b'"') && text[value.range.end - 1] == b'"'
}

/// The place directly before the main class: a line of its own if the class starts its line.
///
/// The new line takes the indentation of the class, which stands apart from the line above with
/// it, and so does not glue either.
fn slot(text: &[u8], main: usize) -> Slot {
    let (start, indent) = (line_start(text, main), indent_at(text, main));
    if start > 0 && start + indent.len() == main {
        Slot { at: start, before: indent.to_vec(), after: b" \\\n".into() }
    } else {
        Slot { at: main, before: Vec::new(), after: b" ".into() }
    }
}

/// Says why no java command was found: cut off, and at which line, or not there.
fn missing(text: &[u8], all: &[Simple]) -> Fault {
    let cut = |c: &&Simple| c.java().is_some() && c.words.iter().any(Word::is_property);
    let Some(cut) = all.iter().rfind(cut) else {
        let reason = "no command runs java with -D flags and a main class named Bootstrap";
        return Fault::at(text, 0, reason, RESTORE);
    };
    let line = &text[line_start(text, cut.end)..line_end(text, cut.end)];
    let bare = line.trim_ascii();
    let why = if text.get(cut.end) == Some(&b'#') {
        "at a comment"
    } else if line.ends_with(b"\\\r\n") {
        "as a carriage return follows the backslash"
    } else if bare.is_empty() {
        "at an empty line"
    } else if bare.ends_with(b"\\") {
        "as a blank follows the backslash"
    } else {
        "as the line has no backslash at its end"
    };
    let reason = format!("the java command ends here, before its main class, {why}");
    Fault::at(text, cut.end, reason, RESTORE)
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, Launcher, Standing, second};
    use crate::text::splice;

    const SCRIPT: &str = r#"#!/bin/sh
# $JAVACMD -Dx=comment org.x.Bootstrap
link=`expr "$ls" : '.*-> \(.*\)$'`
"$JAVACMD" -version 2>&1 | awk -F '"' '/version/ {print $2}'
if [ "$CMD" = "--debug" ]; then JAVA_OPTS="-Xdebug -Dx=debug"; fi
if [ -z "$JVM_MEM_OPTS" ]; then
   JVM_MEM_OPTS="-Xms256m -Xmx1024m"
fi
while [ "$status" = "121" ]
do
    $JAVACMD \
    $JVM_MEM_OPTS \
    $JAVA_OPTS \
    -Djava.command="$JAVACMD" \
    -Dconf.location="$HOME/conf"\
    -Dverifier="Default" \
 -Dodd=1 \
    org.x.bootstrap.Bootstrap $*
    status=$?
done
"#;

    fn launcher(text: &str) -> Launcher {
        Launcher::parse(Kind::Shell, text.as_bytes()).unwrap()
    }

    fn set(text: &str, name: &str, value: &str) -> String {
        let out = splice(text.as_bytes(), &launcher(text).set(name, value).unwrap()).unwrap();
        let out = String::from_utf8(out).unwrap();
        let again = launcher(&out);
        assert_eq!(again.effective(name).unwrap().value.as_deref(), Some(value));
        assert_eq!(again.set(name, value), Ok(Vec::new()));
        assert_eq!(second::last_value(Kind::Shell, out.as_bytes(), name).as_deref(), Some(value));
        let argv = again.argv();
        assert_eq!(argv[argv.len() - 2..], ["org.x.bootstrap.Bootstrap", "$*"]);
        out
    }

    fn fault(text: &str) -> (usize, String) {
        let fault = Launcher::parse(Kind::Shell, text.as_bytes()).unwrap_err();
        (fault.at.line, fault.reason)
    }

    #[test]
    fn the_java_command_is_found_among_others() {
        let argv = launcher(SCRIPT).argv();
        assert_eq!(argv[0], "$JVM_MEM_OPTS");
        assert_eq!(argv[3], "-Dconf.location=$HOME/conf");
        assert_eq!(argv.len(), 8);
    }

    #[test]
    fn a_new_flag_stands_alone_above_the_main_class() {
        let want = SCRIPT.replace("    org.x.boot", "    -Dnew=1 \\\n    org.x.boot");
        assert_eq!(set(SCRIPT, "-Dnew", "1"), want);
        let bare = SCRIPT.replace("    org.x.boot", "org.x.boot");
        assert!(set(&bare, "-Dnew", "1").contains(" \\\n-Dnew=1 \\\norg.x.boot"));
    }

    #[test]
    fn a_main_class_amid_its_line_gets_the_flag_before_it() {
        let text = "exec java -Da=b org.x.bootstrap.Bootstrap $*\n";
        assert_eq!(set(text, "-Dnew", "1"), text.replace("org", "-Dnew=1 org"));
    }

    #[test]
    fn a_value_changes_in_place_and_keeps_its_quotes() {
        let want = SCRIPT.replace("\"Default\"", "\"Strict\"");
        assert_eq!(set(SCRIPT, "-Dverifier", "Strict"), want);
    }

    #[test]
    fn heap_flags_change_and_arrive_in_their_variable() {
        assert_eq!(set(SCRIPT, "-Xmx", "2048m"), SCRIPT.replace("1024m", "2048m"));
        let want = SCRIPT.replace("1024m\"", "1024m -XX:MaxPermSize=1m\"");
        assert_eq!(set(SCRIPT, "-XX:MaxPermSize", "1m"), want);
    }

    #[test]
    fn a_flag_of_one_branch_is_added_to_the_command() {
        assert_eq!(launcher(SCRIPT).flag("-Dx")[0].standing, Standing::Assigned);
        let want = SCRIPT.replace("    org.x.boot", "    -Dx=1 \\\n    org.x.boot");
        assert_eq!(set(SCRIPT, "-Dx", "1"), want);
    }

    #[test]
    fn the_last_of_two_wins_and_changes() {
        let text = SCRIPT.replace("-Dodd=1", "-Dverifier=Last");
        let want = SCRIPT.replace("-Dodd=1", "-Dverifier=Strict");
        assert_eq!(set(&text, "-Dverifier", "Strict"), want);
    }

    #[test]
    fn a_variable_that_the_command_does_not_use_does_not_count() {
        let text = SCRIPT.replace("    $JVM_MEM_OPTS \\\n", "    -Xmx1g \\\n");
        assert_eq!(set(&text, "-Xmx", "2g"), text.replace("1g", "2g"));
    }

    #[test]
    fn a_glued_flag_is_told_and_not_touched() {
        let text = SCRIPT.replace("    -Dverifier", "-Dverifier");
        let glued = launcher(&text).flag("-Dverifier");
        assert_eq!(glued[0].standing, Standing::Glued);
        assert_eq!(launcher(&text).effective("-Dverifier"), None);
        assert_eq!(launcher(&text).set("-Dverifier", "Strict").unwrap_err().at.line, 16);
    }

    #[test]
    fn removal_takes_the_line_unless_that_would_glue_two_others() {
        let remove = |text: &str, name| {
            let out = splice(text.as_bytes(), &launcher(text).remove(name).unwrap()).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(remove(SCRIPT, "-Dodd"), SCRIPT.replace(" -Dodd=1 \\\n", ""));
        assert_eq!(remove(SCRIPT, "-Xms"), SCRIPT.replace("-Xms256m ", ""));
        let text = SCRIPT.replace(" -Dodd", "-Dodd");
        let out = remove(&text, "-Dverifier");
        assert_eq!(launcher(&out).argv().len(), launcher(&text).argv().len() - 1);
        assert!(launcher(&out).effective("-Dodd").is_some());
    }

    #[test]
    fn a_command_that_is_cut_off_is_refused_with_its_line() {
        let line = "    -Dverifier=\"Default\" \\\n";
        for (with, at, why) in [
            ("    # -Dverifier \\\n", 16, "comment"),
            ("\n", 16, "empty line"),
            ("    -Dverifier=x \\ \n", 16, "blank follows"),
            ("    -Dverifier=x \\\r\n", 16, "carriage return"),
            ("    -Dverifier=x\n", 16, "no backslash"),
        ] {
            let (found, reason) = fault(&SCRIPT.replace(line, with));
            assert!(found == at && reason.contains(why), "{with:?}: {found} {reason}");
        }
    }

    #[test]
    fn scripts_that_run_java_otherwise_are_refused() {
        assert!(fault(&SCRIPT.replace('\n', "\r\n")).1.contains("CR LF"));
        assert!(fault("exec /docker-entrypoint \"$@\"\n").1.contains("no command"));
        assert!(fault(&format!("{SCRIPT}{SCRIPT}")).1.contains("second command"));
        assert!(fault("cat <<E\nit's\nE\n").1.contains("here-document"));
        assert!(fault("echo 'open\n").1.contains("quote"));
        assert!(fault(&SCRIPT.replace("$*", "$*\r")).1.contains("carriage return"));
    }

    #[test]
    fn values_that_a_shell_would_read_are_refused() {
        for value in ["a b", "$x", "`x`", "\"", "a;b", "*", "a\nb", "#", "&"] {
            assert!(launcher(SCRIPT).set("-Dx", value).is_err(), "{value:?}");
        }
        assert!(launcher(SCRIPT).set("x", "y").is_err());
        assert!(launcher(SCRIPT).set("-Dx y", "z").is_err());
    }
}
