//! The launchers that start the JVM (shell, batch, YAJSW) and the JVM flags in them.
//!
//! A flag is found and written where it reaches the JVM, before the main class, and nowhere
//! else. Refuses a launcher whose java command it cannot find or see the end of: it never
//! appends by guess.

use super::Fault;
use crate::text::{Edit, indent_at, line_end, line_start};
use flag::{Flag, Shape};
use std::ops::Range;
use word::Word;

mod batch;
mod flag;
pub mod second;
mod shell;
mod simple;
mod word;
mod wrapper;

/// What to do about a launcher that cannot be read.
const RESTORE: &str = "Restore the file from the product's distribution, or add the flag by hand.";

/// The kinds of launcher a product ships.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `bin/*.sh`.
    Shell,
    /// `bin/*.bat`.
    Batch,
    /// `bin/yajsw/wrapper.conf`.
    Wrapper,
}

/// How an occurrence reaches the JVM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// An argument of the java command itself.
    Command,
    /// In the value of a variable that the command uses, which a caller's environment or a branch
    /// not taken can replace.
    Assigned,
    /// Glued to the argument before it, for want of a blank: no flag at all.
    Glued,
}

/// One place where a flag stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrence {
    /// The value the JVM sees, `+` or `-` for a switch; none for a bare `-Dname`.
    pub value: Option<String>,
    /// The bytes of the value, surrounding quotes excluded; empty behind the name for no value.
    pub value_range: Range<usize>,
    /// The bytes of the whole argument.
    pub range: Range<usize>,
    pub standing: Standing,
}

/// A launcher whose java command was found.
#[derive(Debug, Clone)]
pub struct Launcher {
    kind: Kind,
    text: Vec<u8>,
    command: Command,
}

/// What a launcher passes to java, and where more can be added.
#[derive(Debug, Clone)]
struct Command {
    /// The arguments before the main class, in order of effect.
    args: Vec<Arg>,
    /// The main class and what follows it.
    tail: Vec<Word>,
    /// Where a new flag goes.
    slot: Slot,
    /// Where a new heap flag goes, when a variable holds the others.
    heap: Option<Slot>,
}

#[derive(Debug, Clone)]
struct Arg {
    word: Word,
    standing: Standing,
}

/// A place for a new flag, and the bytes that go around it there.
#[derive(Debug, Clone)]
struct Slot {
    at: usize,
    before: Vec<u8>,
    after: Vec<u8>,
}

impl Launcher {
    /// Reads a launcher.
    ///
    /// # Errors
    /// The java command is missing, stands twice, or is cut off before its main class; a shell
    /// script has Windows line ends throughout.
    pub fn parse(kind: Kind, text: &[u8]) -> Result<Self, Fault> {
        let command = match kind {
            Kind::Shell => shell::command(text)?,
            Kind::Batch => batch::command(text)?,
            Kind::Wrapper => wrapper::command(text)?,
        };
        Ok(Self { kind, text: text.to_vec(), command })
    }

    /// Gives the places of a flag, in order of effect: the last that is not glued wins.
    ///
    /// A flag is named `-Dname`, `-Xmx` (any `-X` with its value directly behind) or `-XX:Name`.
    pub fn flag(&self, name: &str) -> Vec<Occurrence> {
        let flag = Flag::new(name);
        self.command.args.iter().flat_map(|arg| flag.occurrences(&self.text, arg)).collect()
    }

    /// Gives the occurrence in force.
    pub fn effective(&self, name: &str) -> Option<Occurrence> {
        self.flag(name).into_iter().rfind(|o| o.standing != Standing::Glued)
    }

    /// Makes a flag have a value; no edit when it is in force already.
    ///
    /// The last occurrence gets the value in place, quotes kept; earlier ones stay, as the last
    /// wins. A `-D` flag that only a variable holds is added to the command, where it always
    /// counts; a heap flag changes in the variable, wherever that assigns it, so that an operator
    /// can still replace the variable. A new flag stands last before the main class; a new heap
    /// flag joins those in a variable, if there are. Read the launcher again before another flag
    /// is set: a new flag of a `wrapper.conf` takes the next free number.
    ///
    /// # Errors
    /// A name or value that a shell or the JVM would read as something else; a glued occurrence.
    pub fn set(&self, name: &str, value: &str) -> Result<Vec<Edit>, Fault> {
        let flag = self.checked(name, Some(value))?;
        let all = self.flag(name);
        let last = match all.last() {
            Some(last) if last.standing == Standing::Command => last,
            Some(last) if flag.shape() != Shape::Property => last,
            _ => return self.add(&flag.phrase(value), flag.shape()),
        };
        let alike = all.iter().filter(|o| match last.standing {
            Standing::Assigned => o.standing == Standing::Assigned,
            _ => *o == last,
        });
        let stale = alike.filter(|o| o.value.as_deref() != Some(value));
        Ok(stale.map(|o| flag.rewrite(&self.text, o, value)).collect())
    }

    /// Removes a flag everywhere; its line too, when it stood alone there.
    ///
    /// # Errors
    /// A glued occurrence.
    pub fn remove(&self, name: &str) -> Result<Vec<Edit>, Fault> {
        self.checked(name, None)?;
        Ok(self.flag(name).iter().map(|o| Edit::delete(self.extent(&o.range))).collect())
    }

    /// Tells where a flag that is missing would go.
    pub fn place(&self, name: &str) -> usize {
        let property = Flag::new(name).shape() == Shape::Property;
        let heap = self.command.heap.as_ref().filter(|_| !property);
        heap.unwrap_or(&self.command.slot).at
    }

    /// Gives the arguments of java as they stand in the command, variables left as text.
    pub fn argv(&self) -> Vec<String> {
        let own = self.command.args.iter().filter(|arg| arg.standing == Standing::Command);
        own.map(|arg| &arg.word).chain(&self.command.tail).map(Word::text).collect()
    }

    fn checked<'a>(&self, name: &'a str, value: Option<&str>) -> Result<Flag<'a>, Fault> {
        let fault = |at, reason, hint: &str| Err(Fault::at(&self.text, at, reason, hint));
        let flag = Flag::new(name);
        let at = self.command.slot.at;
        if flag.shape() == Shape::Unknown {
            let hint = "Name it as -Dname, -Xmx or -XX:Name.";
            return fault(at, format!("{name} is not the name of a JVM flag"), hint);
        }
        let safe = |c: char| match c {
            ',' => self.kind != Kind::Wrapper,
            _ => c.is_ascii_alphanumeric() || "._-:/@+".contains(c),
        };
        if let Some(value) = value.filter(|v| !v.chars().all(safe)) {
            let reason =
                format!("the value {value:?} of {name} has signs that a launcher reads as its own");
            return fault(at, reason, "Use letters, digits and . _ - : / @ + only.");
        }
        match self.flag(name).iter().find(|o| o.standing == Standing::Glued) {
            Some(glued) => {
                let reason = format!("{name} is glued to the argument before it");
                fault(
                    glued.range.start,
                    reason,
                    "Put a blank before the backslash of the line above.",
                )
            }
            None => Ok(flag),
        }
    }

    fn add(&self, phrase: &str, shape: Shape) -> Result<Vec<Edit>, Fault> {
        let heap = self.command.heap.as_ref().filter(|_| shape != Shape::Property);
        let slot = heap.unwrap_or(&self.command.slot);
        let line = line_end(&self.text, slot.at) - line_start(&self.text, slot.at);
        if self.kind == Kind::Batch && line + phrase.len() >= batch::LINE_LIMIT {
            let reason = format!(
                "no room for {phrase}: cmd.exe reads lines of {} characters",
                batch::LINE_LIMIT
            );
            let hint = "Split the line in two: set CMD_LINE_ARGS=%CMD_LINE_ARGS% ...";
            return Err(Fault::at(&self.text, slot.at, reason, hint));
        }
        let with = [&slot.before, phrase.as_bytes(), &slot.after].concat();
        Ok(vec![Edit::insert(slot.at, with)])
    }

    /// The bytes that go with an argument: its line when it stands alone, else a blank beside it.
    fn extent(&self, range: &Range<usize>) -> Range<usize> {
        let text = &self.text;
        let line = line_start(text, range.start)..line_end(text, range.end);
        let (head, rest) = (&text[line.start..range.start], &text[range.end..line.end]);
        let alone = match self.kind {
            Kind::Shell => head.iter().all(word::blank) && rest.trim_ascii() == b"\\",
            Kind::Batch => false,
            Kind::Wrapper => true,
        };
        // A line whose backslash follows no blank glues the next one, unless that is indented.
        let keeps_apart = self.kind == Kind::Wrapper
            || !indent_at(text, line.end).is_empty()
            || text[..line.start].ends_with(b" \\\n");
        if alone && keeps_apart {
            return line;
        }
        let blanks = head.iter().rev().take_while(|b| word::blank(b)).count();
        let after = rest.iter().take_while(|b| word::blank(b)).count();
        if alone {
            range.clone()
        } else if blanks > 0 {
            range.start - blanks..range.end
        } else {
            range.start..range.end + after
        }
    }
}
