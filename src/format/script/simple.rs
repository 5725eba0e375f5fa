//! The simple commands of a shell script, as POSIX `sh` splits them.
//!
//! Words, quotes, comments and continued lines are read over the whole script; keywords are words
//! like others. Here-documents are refused, since quotes in them are text.

use super::RESTORE;
use super::word::Word;
use crate::format::Fault;

/// Splits a script into simple commands.
///
/// # Errors
/// A here-document, a quote that is never closed.
pub(super) fn commands(text: &[u8]) -> Result<Vec<Simple>, Fault> {
    let mut reader =
        Reader { text, at: 0, word: None, command: Simple::default(), all: Vec::new() };
    while reader.at < text.len() {
        reader.step()?;
    }
    reader.end_command();
    Ok(reader.all)
}

/// A command without pipes, lists and groups around it.
#[derive(Default)]
pub(super) struct Simple {
    pub(super) words: Vec<Word>,
    /// The offset of the byte that ends it.
    pub(super) end: usize,
}

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
    word: Option<Word>,
    command: Simple,
    all: Vec<Simple>,
}

impl Reader<'_> {
    fn step(&mut self) -> Result<(), Fault> {
        let byte = self.text[self.at];
        match byte {
            b' ' | b'\t' => self.end_word(),
            b'\n' | b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>' => {
                if byte == b'<' && self.text[self.at..].starts_with(b"<<") {
                    let reason = "a here-document, whose text may hold quotes";
                    return Err(Fault::at(self.text, self.at, reason, RESTORE));
                }
                self.end_command();
            }
            b'#' if self.word.is_none() => {
                self.end_command();
                let rest = &self.text[self.at..];
                self.at += rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len());
                return Ok(());
            }
            b'\'' => return self.single(),
            b'"' => return self.double(),
            b'\\' => self.escape(),
            _ => self.push(byte),
        }
        self.at += 1;
        Ok(())
    }

    fn single(&mut self) -> Result<(), Fault> {
        let open = self.at;
        self.word();
        loop {
            self.at += 1;
            match self.text.get(self.at) {
                None => return Err(self.unclosed(open)),
                Some(b'\'') => break,
                Some(&byte) => self.push(byte),
            }
        }
        self.at += 1;
        Ok(())
    }

    fn double(&mut self) -> Result<(), Fault> {
        let open = self.at;
        self.word();
        loop {
            self.at += 1;
            match self.text.get(self.at) {
                None => return Err(self.unclosed(open)),
                Some(b'"') => break,
                Some(b'\\') => match self.text.get(self.at + 1) {
                    Some(b'\n' | b'"' | b'\\' | b'$' | b'`') => self.escape(),
                    _ => self.push(b'\\'),
                },
                Some(&byte) => self.push(byte),
            }
        }
        self.at += 1;
        Ok(())
    }

    /// Reads a backslash and the byte behind it; with a line feed they vanish.
    fn escape(&mut self) {
        self.at += 1;
        match self.text.get(self.at) {
            Some(b'\n') => {
                if let Some(word) = &mut self.word {
                    word.joins.push(word.bytes.len());
                }
            }
            Some(&byte) => self.push(byte),
            None => {}
        }
    }

    fn push(&mut self, byte: u8) {
        let at = self.at;
        self.word().push(byte, at);
    }

    fn word(&mut self) -> &mut Word {
        let start = self.at;
        self.word.get_or_insert_with(|| Word { range: start..start, ..Word::default() })
    }

    fn end_word(&mut self) {
        if let Some(mut word) = self.word.take() {
            word.range.end = self.at;
            self.command.words.push(word);
        }
    }

    fn end_command(&mut self) {
        self.end_word();
        if !self.command.words.is_empty() {
            self.command.end = self.at;
            self.all.push(std::mem::take(&mut self.command));
        }
    }

    fn unclosed(&self, open: usize) -> Fault {
        Fault::at(self.text, open, "a quote that is never closed", RESTORE)
    }
}

#[cfg(test)]
mod tests {
    use super::commands;

    fn words(text: &str) -> Vec<Vec<String>> {
        let all = commands(text.as_bytes()).unwrap();
        all.iter().map(|c| c.words.iter().map(|w| w.text()).collect()).collect()
    }

    #[test]
    fn quotes_and_escapes_are_resolved() {
        assert_eq!(words(r#"a 'b c'"d\"e\f"\ g"#), [["a", r#"b cd"e\f g"#]]);
    }

    #[test]
    fn a_backslash_joins_lines_and_a_missing_blank_joins_words() {
        let all = commands(b"a \\\n b\\\nc\n").unwrap();
        assert_eq!(all[0].words[1].text(), "bc");
        assert_eq!(all[0].words[1].joins, [1]);
        assert_eq!(all[0].words[1].range, 5..9);
    }

    #[test]
    fn a_comment_ends_a_command_and_a_sign_inside_a_word_does_not() {
        assert_eq!(words("a \\\n# b \\\nc $# d#e"), [vec!["a"], vec!["c", "$#", "d#e"]]);
    }

    #[test]
    fn operators_part_commands() {
        assert_eq!(words("a;b&&c|d > e"), [["a"], ["b"], ["c"], ["d"], ["e"]]);
    }
}
