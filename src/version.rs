//! Version numbers as products write them, and ranges of them.

use std::fmt;

/// A version number: the numbers in it, in order; what follows them (`-SNAPSHOT`) is left out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(Vec<u32>);

impl Version {
    /// Reads the first dotted number of a text: `WSO2 Carbon Framework v4.4.35` gives 4.4.35.
    pub fn find(text: &str) -> Option<Self> {
        text.split(|c: char| !c.is_ascii_digit() && c != '.').find_map(|run| {
            let parts: Result<Vec<u32>, _> =
                run.trim_matches('.').split('.').map(str::parse).collect();
            parts.ok().filter(|parts| parts.len() > 1).map(Self)
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.0.iter().map(u32::to_string).collect();
        f.write_str(&parts.join("."))
    }
}

/// A range of versions: comparisons joined by commas, as in `>=4.4.3, <4.5`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    text: String,
    parts: Vec<(Comparison, Version)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Less,
    AtMost,
    AtLeast,
    Greater,
}

impl Range {
    /// Reads a range.
    ///
    /// # Errors
    /// A sentence naming the part that is not one of `<`, `<=`, `>=`, `>` and a version.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts = text.split(',').map(|part| {
            let part = part.trim();
            let (comparison, rest) = [
                ("<=", Comparison::AtMost),
                (">=", Comparison::AtLeast),
                ("<", Comparison::Less),
                (">", Comparison::Greater),
            ]
            .into_iter()
            .find_map(|(sign, comparison)| Some((comparison, part.strip_prefix(sign)?)))
            .ok_or_else(|| format!("\"{part}\" does not start with <, <=, >= or >"))?;
            let version =
                Version::find(rest).ok_or_else(|| format!("\"{rest}\" is not a version number"))?;
            Ok((comparison, version))
        });
        Ok(Self { text: text.to_owned(), parts: parts.collect::<Result<_, String>>()? })
    }

    pub fn holds(&self, version: &Version) -> bool {
        self.parts.iter().all(|(comparison, limit)| match comparison {
            Comparison::Less => version < limit,
            Comparison::AtMost => version <= limit,
            Comparison::AtLeast => version >= limit,
            Comparison::Greater => version > limit,
        })
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_dotted_number_counts() {
        let found = |text| Version::find(text).map(|v| v.to_string());
        assert_eq!(found("WSO2 Carbon Framework v4.4.35"), Some("4.4.35".into()));
        assert_eq!(found("WSO2 Carbon Framework v4.10.35]"), Some("4.10.35".into()));
        assert_eq!(found("${product.name} v${product.version}"), None);
        assert_eq!(found("version 99999999999.1"), None);
    }

    #[test]
    fn numbers_compare_as_numbers() {
        let range = Range::parse(">=4.4.9, <4.5").expect("a range");
        let holds = |text| range.holds(&Version::find(text).expect("a version"));
        assert!(holds("4.4.10") && holds("4.4.9"));
        assert!(!holds("4.4.8") && !holds("4.5.0") && !holds("4.10.1"));
        assert!(Range::parse("4.4").is_err());
    }
}
