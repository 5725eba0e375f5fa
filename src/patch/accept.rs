//! Which values are as good as the recommended one, or better.
//!
//! A value that is stronger than the recommendation is compliant and stays; this module decides
//! what "stronger" means for one value, without looking at anything else.

use super::file;
use super::named::Named;

/// A checked set of rules; a value is accepted when all of them agree.
#[derive(Debug, Clone, PartialEq)]
pub struct Accept {
    rules: Vec<Rule>,
}

#[derive(Debug, Clone, PartialEq)]
enum Rule {
    Any,
    OneOf(Vec<String>),
    Not(Vec<String>),
    Only(Vec<String>),
    Reject(Vec<String>),
    Require(Vec<String>),
    Min(Quantity),
    Max(Quantity),
    Is(Named),
}

impl Accept {
    /// Checks the rules of a patch file; `value` stands in where none are given.
    ///
    /// # Errors
    /// A sentence naming the rule that cannot be understood.
    pub fn build(file: Option<&file::Accept>, value: Option<&str>) -> Result<Option<Self>, String> {
        let Some(file) = file else {
            return Ok(value.map(|value| Self { rules: vec![Rule::OneOf(vec![value.to_owned()])] }));
        };
        let mut rules = Vec::new();
        rules.extend(file.any.then_some(Rule::Any));
        rules.extend(file.one_of.clone().map(Rule::OneOf));
        rules.extend(file.not.clone().map(Rule::Not));
        rules.extend(file.only.clone().map(Rule::Only));
        rules.extend(file.reject.clone().map(Rule::Reject));
        rules.extend(file.require.clone().map(Rule::Require));
        rules.extend(file.min.as_deref().map(Quantity::bound).transpose()?.map(Rule::Min));
        rules.extend(file.max.as_deref().map(Quantity::bound).transpose()?.map(Rule::Max));
        rules.extend(file.is.as_deref().map(Named::parse).transpose()?.map(Rule::Is));
        if rules.is_empty() {
            return Err("`accept` has no rule; leave it out or name at least one".into());
        }
        Ok(Some(Self { rules }))
    }

    /// Tells why a value is not accepted, in words that follow "it"; nothing when it is.
    pub fn objection(&self, value: &str) -> Option<String> {
        self.rules.iter().find_map(|rule| rule.objection(value))
    }

    /// Says what is accepted, for a report.
    pub fn describe(&self) -> String {
        let rules: Vec<String> = self.rules.iter().map(Rule::describe).collect();
        rules.join(", ")
    }
}

impl Rule {
    fn objection(&self, value: &str) -> Option<String> {
        match self {
            Self::Any => value.trim().is_empty().then(|| "is empty".into()),
            Self::OneOf(values) => (!values.iter().any(|one| same(one, value)))
                .then(|| format!("is not {}", values.join(" or "))),
            Self::Not(values) => values
                .iter()
                .any(|one| same(one, value))
                .then(|| format!("is {value}, which is to be avoided")),
            Self::Only(allowed) => {
                let items = items(value);
                if items.is_empty() {
                    return Some("is empty".into());
                }
                let alien = items.iter().find(|item| !allowed.iter().any(|a| a == **item))?;
                Some(format!("lists {alien}"))
            }
            Self::Reject(texts) => {
                let lower = value.to_lowercase();
                let text = texts.iter().find(|text| lower.contains(&text.to_lowercase()))?;
                Some(format!("says \"{text}\""))
            }
            Self::Require(texts) => (!texts.iter().any(|text| value.contains(text.as_str())))
                .then(|| format!("lacks {}", texts.join(" or "))),
            Self::Min(limit) => match Quantity::parse(value) {
                None => Some("is not a number".into()),
                Some(number) => (number < *limit).then(|| format!("is less than {}", limit.text)),
            },
            Self::Max(limit) => match Quantity::parse(value) {
                None => Some("is not a number".into()),
                Some(number) => (number > *limit).then(|| format!("is more than {}", limit.text)),
            },
            Self::Is(named) => named.objection(value),
        }
    }

    fn describe(&self) -> String {
        match self {
            Self::Any => "any value".into(),
            Self::OneOf(values) => values.join(" or "),
            Self::Not(values) => format!("not {}", values.join(" or ")),
            Self::Only(values) => format!("only {}", values.join(", ")),
            Self::Reject(values) => format!("without {}", values.join(", ")),
            Self::Require(values) => format!("with {}", values.join(" or ")),
            Self::Min(limit) => format!("{} or more", limit.text),
            Self::Max(limit) => format!("{} or less", limit.text),
            Self::Is(named) => named.describe().into(),
        }
    }
}

/// Splits a list at commas and blanks; a `+` or `-` starts an item and belongs to it.
fn items(value: &str) -> Vec<&str> {
    let mut items = Vec::new();
    for word in value.split(|c: char| c == ',' || c.is_whitespace()).filter(|w| !w.is_empty()) {
        let mut start = 0;
        for (at, _) in word.match_indices('+').filter(|(at, _)| *at > 0) {
            items.push(&word[start..at]);
            start = at;
        }
        items.push(&word[start..]);
    }
    items
}

fn same(wanted: &str, value: &str) -> bool {
    wanted == value || (wanted.contains(',') && items(wanted) == items(value))
}

/// A whole number with an optional unit of memory.
#[derive(Debug, Clone, PartialEq)]
struct Quantity {
    amount: i128,
    text: String,
}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        self.amount.partial_cmp(&other.amount)
    }
}

impl Quantity {
    fn bound(text: &str) -> Result<Self, String> {
        Self::parse(text).ok_or_else(|| format!("\"{text}\" is not a number"))
    }

    fn parse(text: &str) -> Option<Self> {
        // TOML allows underscores between digits.
        let plain = text.trim().replace('_', "");
        let trimmed = plain.as_str();
        let digits =
            trimmed.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(trimmed.len());
        let number: i64 = trimmed[..digits].parse().ok()?;
        let factor: i128 = match trimmed[digits..].trim().to_ascii_lowercase().as_str() {
            "" => 1,
            "k" | "kb" => 1 << 10,
            "m" | "mb" => 1 << 20,
            "g" | "gb" => 1 << 30,
            "t" | "tb" => 1 << 40,
            _ => return None,
        };
        Some(Self { amount: i128::from(number) * factor, text: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(text: &str) -> Accept {
        let file: file::Accept = toml_edit::de::from_str(text).expect("rules");
        Accept::build(Some(&file), None).expect("rules").expect("rules")
    }

    #[test]
    fn a_value_without_rules_accepts_itself_only() {
        let accept = Accept::build(None, Some("TLSv1.2")).expect("rules").expect("rules");
        assert_eq!(accept.objection("TLSv1.2"), None);
        assert!(accept.objection("TLSv1").is_some());
    }

    #[test]
    fn a_list_may_hold_allowed_items_only_and_must_hold_one() {
        let accept = accept("only = ['TLSv1.2', 'TLSv1.3', '+TLSv1.2', '+TLSv1.3']");
        for good in
            ["TLSv1.2", "TLSv1.3", "TLSv1.2, TLSv1.3", "+TLSv1.2,+TLSv1.3", "TLSv1.2+TLSv1.3"]
        {
            assert_eq!(accept.objection(good), None, "{good}");
        }
        for bad in ["", " , ", "TLSv1,TLSv1.2", "all", "TLSv1.2+TLSv1.1", "all,-TLSv1"] {
            assert!(accept.objection(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn bounds_know_units_of_memory() {
        let accept = accept("min = '2048m'");
        assert_eq!(accept.objection("2g"), None);
        assert_eq!(accept.objection("4096M"), None);
        assert!(accept.objection("1024m").is_some());
        assert!(accept.objection("2048").is_some());
        assert!(accept.objection("${heap}").is_some());
    }

    #[test]
    fn texts_are_rejected_in_any_case() {
        let accept = accept("reject = ['wso2', 'tomcat']\nnot = ['']");
        assert_eq!(accept.objection("webserver"), None);
        assert!(accept.objection("WSO2 Carbon Server").is_some());
        assert!(accept.objection("").is_some());
    }
}
