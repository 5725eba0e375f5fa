//! Spans of time as operators write them: `90s`, `10m`, `1h30m`.

use std::time::Duration;

/// The longest span that is taken: a week.
const LONGEST: u64 = 7 * 24 * 3600;

/// Reads a span; the error is a clause.
pub fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || format!("\"{text}\" is no span of time such as 90s, 10m or 1h30m");
    let mut seconds: u64 = 0;
    let mut number = String::new();
    for letter in text.trim().chars() {
        if letter.is_ascii_digit() {
            number.push(letter);
            continue;
        }
        let unit = match letter {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86400,
            _ => return Err(wrong()),
        };
        let count: u64 = number.parse().map_err(|_| wrong())?;
        seconds = seconds.saturating_add(count.saturating_mul(unit));
        number.clear();
    }
    if !number.is_empty() || seconds == 0 {
        return Err(wrong());
    }
    if seconds > LONGEST {
        return Err(format!("\"{text}\" is longer than a week"));
    }
    Ok(Duration::from_secs(seconds))
}

/// Writes a span to the second.
pub fn show(time: Duration) -> String {
    let seconds = time.as_secs();
    let parts = [(seconds / 3600, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let shown: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count}{unit}"))
        .collect();
    if shown.is_empty() { "0s".into() } else { shown.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_shown() {
        for (text, seconds) in [("90s", 90), ("10m", 600), ("1h30m", 5400), ("1d", 86400)] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)));
        }
        for text in ["", "10", "m", "0s", "1w", "-1s", "8d", "99999999999999999999s", "1.5h"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert_eq!(show(Duration::from_secs(3661)), "1h 1m 1s");
        assert_eq!(show(Duration::from_secs(600)), "10m");
        assert_eq!(show(Duration::ZERO), "0s");
    }
}
