//! A second reader of `.properties`, which shares no code with the first: it proves edits.
//!
//! Follows the wording of `java.util.Properties.load` character by character, one pass, no ranges.

/// Gives the value of a key as Java would; none too when Java would refuse the text.
pub fn value(text: &[u8], key: &str) -> Option<String> {
    let mut found = None;
    for (k, v) in load(text)? {
        if k == key {
            found = Some(v);
        }
    }
    found
}

enum State {
    Start,
    Comment,
    Key,
    Separator { sign: bool },
    Value,
}

/// Reads all pairs in file order.
pub fn load(text: &[u8]) -> Option<Vec<(String, String)>> {
    let mut chars = text.iter().map(|&b| char::from(b)).peekable();
    let mut pairs = Vec::new();
    let (mut key, mut value) = (Vec::<u16>::new(), Vec::<u16>::new());
    let mut state = State::Start;
    loop {
        let c = chars.next();
        if matches!(c, None | Some('\n' | '\r')) {
            if !matches!(state, State::Start | State::Comment) {
                pairs.push((String::from_utf16_lossy(&key), String::from_utf16_lossy(&value)));
            }
            key.clear();
            value.clear();
            state = State::Start;
            if c.is_none() {
                return Some(pairs);
            }
            continue;
        }
        let mut c = c?;
        let mut escaped = false;
        if c == '\\' && !matches!(state, State::Comment) {
            match chars.next() {
                None => {
                    pairs.push((String::from_utf16_lossy(&key), String::from_utf16_lossy(&value)));
                    return Some(pairs);
                }
                Some(end @ ('\n' | '\r')) => {
                    if end == '\r' {
                        chars.next_if_eq(&'\n');
                    }
                    while chars.next_if(|c| matches!(c, ' ' | '\t' | '\x0c')).is_some() {}
                    continue;
                }
                Some('u') => {
                    let digits: String = chars.by_ref().take(4).collect();
                    if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
                        return None;
                    }
                    let unit = u16::from_str_radix(&digits, 16).ok()?;
                    state = grow(state, unit, &mut key, &mut value);
                    continue;
                }
                Some(next) => {
                    escaped = true;
                    c = match next {
                        'n' => '\n',
                        't' => '\t',
                        'r' => '\r',
                        'f' => '\x0c',
                        other => other,
                    };
                }
            }
        }
        let blank = !escaped && matches!(c, ' ' | '\t' | '\x0c');
        let sign = !escaped && matches!(c, '=' | ':');
        state = match state {
            State::Comment => State::Comment,
            State::Start if blank => State::Start,
            State::Start if !escaped && matches!(c, '#' | '!') => State::Comment,
            State::Start | State::Key if sign => State::Separator { sign: true },
            State::Key if blank => State::Separator { sign: false },
            State::Separator { sign } if blank => State::Separator { sign },
            State::Separator { sign: false } if sign => State::Separator { sign: true },
            state => grow(state, u16::try_from(u32::from(c)).ok()?, &mut key, &mut value),
        };
    }
}

fn grow(state: State, unit: u16, key: &mut Vec<u16>, value: &mut Vec<u16>) -> State {
    if matches!(state, State::Start | State::Key) {
        key.push(unit);
        State::Key
    } else {
        value.push(unit);
        State::Value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_examples_are_read_as_documented() {
        let fruits = b"fruits    apple, banana, pear, \\\n   cantaloupe, \\\n   kiwi\n";
        assert_eq!(value(fruits, "fruits").unwrap(), "apple, banana, pear, cantaloupe, kiwi");
        for truth in ["Truth = Beauty", " Truth:Beauty", "Truth                    :Beauty"] {
            assert_eq!(value(truth.as_bytes(), "Truth").unwrap(), "Beauty");
        }
        assert_eq!(value(b"cheeses", "cheeses").unwrap(), "");
        assert_eq!(value(b"\\:\\= = x", ":=").unwrap(), "x");
    }

    #[test]
    fn the_last_duplicate_wins() {
        assert_eq!(value(b"a=1\r\na=2\r\n", "a").unwrap(), "2");
    }

    #[test]
    fn a_bad_escape_gives_nothing() {
        assert_eq!(value(b"a=1\nb=\\u00g0", "a"), None);
    }
}
