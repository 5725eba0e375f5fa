//! The three shapes of JVM flags: how one is recognised, phrased and rewritten.

use super::word::{self, Word};
use super::{Arg, Occurrence, Standing};
use crate::text::Edit;

/// A flag by name, in the spelling of the JVM.
pub(super) struct Flag<'a> {
    shape: Shape,
    name: &'a str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// `-Dname=value`.
    Property,
    /// `-Xmx1024m`: the value directly behind the name.
    Size,
    /// `-XX:Name=value`, or the switch `-XX:+Name`.
    Option,
    Unknown,
}

impl<'a> Flag<'a> {
    pub(super) fn new(name: &'a str) -> Self {
        let safe = name.chars().all(|c| c.is_ascii_alphanumeric() || "._-:/+".contains(c));
        let (shape, name) = match name {
            _ if !safe || name.len() < 3 => (Shape::Unknown, name),
            _ if name.starts_with("-D") => (Shape::Property, name),
            _ => match name.strip_prefix("-XX:") {
                Some(option) => (Shape::Option, option.trim_start_matches(['+', '-'])),
                None if name.starts_with("-X") => (Shape::Size, name),
                None => (Shape::Unknown, name),
            },
        };
        Self { shape, name }
    }

    pub(super) fn shape(&self) -> Shape {
        self.shape
    }

    /// Phrases the flag with a value; `+` and `-` turn a switch on and off.
    pub(super) fn phrase(&self, value: &str) -> String {
        let name = self.name;
        match (self.shape, value) {
            (Shape::Option, "+" | "-") => format!("-XX:{value}{name}"),
            (Shape::Option, _) => format!("-XX:{name}={value}"),
            (Shape::Size, _) => format!("{name}{value}"),
            _ => format!("{name}={value}"),
        }
    }

    /// Gives the places of the flag in one argument: itself, and those glued to it.
    pub(super) fn occurrences(&self, text: &[u8], arg: &Arg) -> Vec<Occurrence> {
        let glued = arg.word.joins.iter().map(|&join| (join, Standing::Glued));
        let starts = std::iter::once((0, arg.standing)).chain(glued);
        starts
            .filter_map(|(from, standing)| self.occurrence(text, &arg.word, from, standing))
            .collect()
    }

    /// Writes another value over an occurrence.
    pub(super) fn rewrite(&self, text: &[u8], occurrence: &Occurrence, value: &str) -> Edit {
        let sign = |value: &str| matches!(value, "+" | "-");
        match &occurrence.value {
            None => Edit::insert(occurrence.value_range.start, format!("={value}")),
            Some(old) if self.shape == Shape::Option && sign(old) != sign(value) => {
                let quotes = text[occurrence.range.clone()].iter().take_while(|&&b| b == b'"');
                let quotes = quotes.count().min(1);
                let range = occurrence.range.start + quotes..occurrence.range.end - quotes;
                Edit::replace(range, self.phrase(value))
            }
            Some(_) => Edit::replace(occurrence.value_range.clone(), value),
        }
    }

    fn occurrence(
        &self,
        text: &[u8],
        word: &Word,
        from: usize,
        standing: Standing,
    ) -> Option<Occurrence> {
        let bytes = &word.bytes[from..];
        let value = match self.shape {
            Shape::Property => match bytes.strip_prefix(self.name.as_bytes())?.first() {
                None => None,
                Some(b'=') => Some(self.name.len() + 1..bytes.len()),
                Some(_) => return None,
            },
            Shape::Size => {
                let rest = bytes.strip_prefix(self.name.as_bytes())?;
                if rest.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b':') {
                    return None;
                }
                Some(self.name.len()..bytes.len())
            }
            Shape::Option => {
                let rest = bytes.strip_prefix(b"-XX:")?;
                match rest.strip_prefix(self.name.as_bytes()) {
                    Some(value) if value.starts_with(b"=") => {
                        Some(bytes.len() - value.len() + 1..bytes.len())
                    }
                    _ if matches!(rest.first(), Some(b'+' | b'-'))
                        && &rest[1..] == self.name.as_bytes() =>
                    {
                        Some(4..5)
                    }
                    _ => return None,
                }
            }
            Shape::Unknown => return None,
        };
        let cooked = value.clone().unwrap_or(bytes.len()..bytes.len());
        // A value whose bytes are not known cannot be changed, so it is not told as one.
        word.at.get(from + cooked.start - 1)?;
        let value_range = word.raw(text, from + cooked.start, from + cooked.end);
        let range = word.at.get(from).copied().filter(|_| from > 0).unwrap_or(word.range.start)
            ..word.range.end;
        let value = value.map(|v| String::from_utf8_lossy(word::unquoted(&bytes[v])).into_owned());
        Some(Occurrence { value, value_range, range, standing })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, Launcher};
    use crate::text::splice;

    fn set(line: &str, name: &str, value: &str) -> String {
        let text = format!("java {line} -Da=b x.Bootstrap\n");
        let launcher = Launcher::parse(Kind::Shell, text.as_bytes()).unwrap();
        let out = splice(text.as_bytes(), &launcher.set(name, value).unwrap()).unwrap();
        let again = Launcher::parse(Kind::Shell, &out).unwrap();
        assert_eq!(again.effective(name).unwrap().value.as_deref(), Some(value));
        assert_eq!(again.set(name, value), Ok(Vec::new()));
        let out = String::from_utf8(out).unwrap();
        out["java ".len()..].trim_end().trim_end_matches(" -Da=b x.Bootstrap").to_owned()
    }

    #[test]
    fn quotes_around_a_value_stay() {
        assert_eq!(set("-Dx=\"a\"", "-Dx", "b"), "-Dx=\"b\"");
        assert_eq!(set("'-Dx=a'", "-Dx", "b"), "'-Dx=b'");
        assert_eq!(set("-Dx=\"a\"b", "-Dx", "c"), "-Dx=c");
        assert_eq!(set("-Dx=", "-Dx", "c"), "-Dx=c");
        assert_eq!(set("-Dx=\"\"", "-Dx", "c"), "-Dx=\"c\"");
    }

    #[test]
    fn a_bare_property_gets_a_value() {
        assert_eq!(set("-Dx", "-Dx", "true"), "-Dx=true");
        assert_eq!(set("\"-Dx\"", "-Dx", "true"), "\"-Dx=true\"");
    }

    #[test]
    fn sizes_and_options_have_their_own_shape() {
        assert_eq!(set("-Xmx1g", "-Xmx", "2g"), "-Xmx2g");
        assert_eq!(set("-XX:MaxPermSize=1m", "-XX:MaxPermSize", "2m"), "-XX:MaxPermSize=2m");
        assert_eq!(set("-XX:-Dump", "-XX:+Dump", "+"), "-XX:+Dump");
        assert_eq!(set("-XX:Dump=1", "-XX:Dump", "+"), "-XX:+Dump");
    }

    #[test]
    fn a_longer_name_is_another_flag() {
        assert_eq!(set("-Dxy=a", "-Dx", "b"), "-Dxy=a -Da=b -Dx=b x.Bootstrap");
        assert_eq!(
            set("-XX:MaxPermSizes=1", "-XX:MaxPermSize", "2"),
            "-XX:MaxPermSizes=1 -Da=b -XX:MaxPermSize=2 x.Bootstrap"
        );
    }
}
