//! A second, plainer reader of launchers, which shares no code with the first: it proves edits.
//!
//! Works on joined lines and words at blanks; quotes are dropped, so it is no judge of values
//! with blanks.

use super::Kind;
use std::collections::BTreeMap;

/// Gives the value of a flag that a launcher passes last before the main class.
pub fn last_value(kind: Kind, text: &[u8], name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(text);
    let words = match kind {
        Kind::Shell => shell(&text),
        Kind::Batch => batch(&text),
        Kind::Wrapper => wrapper(&text),
    };
    words.iter().rev().find_map(|word| value(&word.replace(['"', '\''], ""), name))
}

fn value(word: &str, name: &str) -> Option<String> {
    if name.starts_with("-D") {
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        return (key == name).then(|| value.to_owned());
    }
    if let Some(option) = name.strip_prefix("-XX:") {
        let option = option.trim_start_matches(['+', '-']);
        let word = word.strip_prefix("-XX:")?;
        return match word.split_once('=') {
            Some((key, value)) => (key == option).then(|| value.to_owned()),
            None if word.ends_with(option) && word.len() == option.len() + 1 => {
                Some(word[..1].to_owned())
            }
            None => None,
        };
    }
    let rest = word.strip_prefix(name)?;
    rest.starts_with(|c: char| c.is_ascii_digit()).then(|| rest.to_owned())
}

fn shell(text: &str) -> Vec<String> {
    let mut joined = String::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
        match line.strip_suffix('\\') {
            Some(open) => joined.push_str(open),
            None => {
                joined.push_str(line);
                joined.push('\n');
            }
        }
    }
    let command = joined.lines().find(|l| l.contains(".Bootstrap") && l.contains(" -D"));
    let before = command.and_then(|l| l.split_once(".Bootstrap")).map_or("", |(before, _)| before);
    let mut words = Vec::new();
    for word in before.split_whitespace() {
        words.push(word.to_owned());
        let Some(name) = word.strip_prefix('$') else {
            continue;
        };
        let assign = format!("{name}=");
        for value in joined.lines().filter_map(|l| l.trim().strip_prefix(&assign)) {
            words.extend(value.split_whitespace().map(str::to_owned));
        }
    }
    words
}

fn batch(text: &str) -> Vec<String> {
    let java = text.lines().find(|l| l.contains(".Bootstrap") && l.contains("java"));
    let mut words = Vec::new();
    for line in text.lines().map(str::trim) {
        let Some((set, value)) = line.split_once('=') else {
            continue;
        };
        let name = set.strip_prefix("set ").unwrap_or_default().trim();
        if !name.is_empty() && java.is_some_and(|java| java.contains(&format!("%{name}%"))) {
            words.extend(value.split_whitespace().map(str::to_owned));
        }
    }
    words
}

fn wrapper(text: &str) -> Vec<String> {
    let mut words = BTreeMap::new();
    for line in text.lines().map(str::trim) {
        let entry = line.strip_prefix("wrapper.java.additional.").and_then(|l| l.split_once('='));
        if let Some((Ok(number), value)) = entry.map(|(n, v)| (n.trim().parse::<u32>(), v.trim())) {
            words.insert(number, value.to_owned());
        }
    }
    words.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glued_flag_is_none() {
        let text = b"java -Da=\"b\"\\\n-Dc=d \\\n-De=f x.Bootstrap $*\n";
        assert_eq!(last_value(Kind::Shell, text, "-Dc"), None);
        assert_eq!(last_value(Kind::Shell, text, "-De").unwrap(), "f");
    }

    #[test]
    fn variables_count_where_they_stand() {
        let text = b"M=\"-Xmx1m\"\njava $M -Xmx2m -Da=b x.Bootstrap\n";
        assert_eq!(last_value(Kind::Shell, text, "-Xmx").unwrap(), "2m");
        let text = b"M=\"-Xmx1m\"\njava -Xmx2m $M -Da=b x.Bootstrap\n";
        assert_eq!(last_value(Kind::Shell, text, "-Xmx").unwrap(), "1m");
    }

    #[test]
    fn what_follows_the_main_class_does_not_count() {
        assert_eq!(last_value(Kind::Shell, b"java -Da=b x.Bootstrap -Dc=d\n", "-Dc"), None);
    }
}
