//! A word of a command line: what the program receives, and the bytes that write it.

use std::ops::Range;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Word {
    /// What the program receives: quotes and escapes resolved, variables left as text.
    pub(super) bytes: Vec<u8>,
    /// The offset of each of these bytes in the text; may end early where a format escapes.
    pub(super) at: Vec<usize>,
    /// The bytes that write the word, quotes included.
    pub(super) range: Range<usize>,
    /// Indices of `bytes` at which a continued line was joined without a blank.
    pub(super) joins: Vec<usize>,
}

impl Word {
    pub(super) fn push(&mut self, byte: u8, at: usize) {
        self.bytes.push(byte);
        self.at.push(at);
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The name of the variable that is the whole word, as `$NAME`, `${NAME}` or `%NAME%`.
    pub(super) fn variable(&self) -> Option<&[u8]> {
        let bytes = self.bytes.as_slice();
        let name = match bytes {
            [b'$', b'{', name @ .., b'}'] | [b'%', name @ .., b'%'] | [b'$', name @ ..] => name,
            _ => return None,
        };
        (!name.is_empty() && name.iter().all(name_byte)).then_some(name)
    }

    /// Whether the word is a class that starts a server.
    pub(super) fn is_main(&self) -> bool {
        self.bytes.ends_with(b".Bootstrap") && self.bytes.iter().all(|b| name_byte(b) || *b == b'.')
    }

    /// Whether the word names the java program: by path, or by a variable such as `$JAVACMD`.
    pub(super) fn is_java(&self) -> bool {
        let end = self.bytes.strip_suffix(b"}").unwrap_or(&self.bytes);
        let end = end.strip_suffix(b"%").unwrap_or(end);
        let name = end.rsplit(|b| matches!(b, b'/' | b'\\' | b'$' | b'{' | b'%')).next();
        let names: [&[u8]; 5] = [b"java", b"javacmd", b"java_cmd", b"java.exe", b"javaw"];
        !end.starts_with(b"-")
            && name.is_some_and(|n| names.contains(&n.to_ascii_lowercase().as_slice()))
    }

    pub(super) fn is_property(&self) -> bool {
        self.bytes.starts_with(b"-D") && self.bytes.len() > 2
    }

    /// The bytes of the text that write a part of the word up to its end or within it,
    /// surrounding quotes excluded.
    pub(super) fn raw(&self, text: &[u8], from: usize, to: usize) -> Range<usize> {
        let before = from.checked_sub(1).and_then(|i| self.at.get(i));
        let start = before.map_or(self.range.start, |at| at + 1);
        if to < self.bytes.len() {
            return start..self.at.get(to).copied().unwrap_or(self.range.end);
        }
        let opens = |b: &u8| matches!(b, b'"' | b'\'');
        let whole = text.get(self.range.start).filter(|b| opens(b));
        let closed = whole.filter(|&&q| {
            count(text, start..self.range.end, q) == 1 && text[self.range.end - 1] == q
        });
        let end = if closed.is_some() { self.range.end - 1 } else { self.range.end };
        match text.get(start).filter(|b| opens(b)) {
            Some(&q)
                if end - start >= 2 && text[end - 1] == q && count(text, start..end, q) == 2 =>
            {
                start + 1..end - 1
            }
            _ => start..end,
        }
    }
}

/// Splits the bytes of a value that a shell will split again: at blanks, quotes left as they are.
pub(super) fn split(word: &Word, from: usize) -> Vec<Word> {
    let mut words = Vec::new();
    let mut current = Word::default();
    for (&byte, &at) in word.bytes.iter().zip(&word.at).skip(from) {
        if blank(&byte) || byte == b'\n' {
            words.push(std::mem::take(&mut current));
            continue;
        }
        if current.bytes.is_empty() {
            current.range.start = at;
        }
        current.range.end = at + 1;
        current.push(byte, at);
    }
    words.push(current);
    words.retain(|w| !w.bytes.is_empty());
    words
}

/// Strips quotes that a value keeps where no shell resolves them.
pub(super) fn unquoted(value: &[u8]) -> &[u8] {
    match value {
        [b'"', inner @ .., b'"'] => inner,
        _ => value,
    }
}

pub(super) fn blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

pub(super) fn name_byte(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$')
}

fn count(text: &[u8], range: Range<usize>, byte: u8) -> usize {
    text.get(range).map_or(0, |part| part.iter().filter(|&&b| b == byte).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> Word {
        Word {
            bytes: text.into(),
            at: (0..text.len()).collect(),
            range: 0..text.len(),
            joins: Vec::new(),
        }
    }

    #[test]
    fn java_is_told_from_its_options() {
        for java in
            ["$JAVACMD", "${JAVACMD}", "$JAVA_HOME/bin/java", "%JAVA_HOME%\\bin\\java", "java"]
        {
            assert!(word(java).is_java(), "{java}");
        }
        for other in ["$JAVA_OPTS", "-Djava.command=$JAVACMD", "$JAVA_HOME", "javac"] {
            assert!(!word(other).is_java(), "{other}");
        }
    }

    #[test]
    fn a_variable_is_the_whole_word() {
        assert_eq!(word("$JAVA_OPTS").variable(), Some(&b"JAVA_OPTS"[..]));
        assert_eq!(word("${A}").variable(), Some(&b"A"[..]));
        assert_eq!(word("%A%").variable(), Some(&b"A"[..]));
        assert_eq!(word("$A/bin").variable(), None);
        assert_eq!(word("$*").variable(), None);
    }
}
