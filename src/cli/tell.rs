//! Asking for a patch's parameters at the prompt. What does not fit is asked again; a secret is
//! typed unseen, twice, and never shown.

use super::ask;
use super::failure::Failure;
use super::screen::Screen;
use crate::patch::model::Kind;
use crate::patch::{Param, Patch};
use crate::plan::judge::Values;
use crate::secret;

/// Asks for some parameters; an empty answer keeps what is in force. Nothing at the end of the
/// input.
pub fn ask(
    screen: &Screen,
    patch: &Patch,
    names: &[&str],
    before: &Values,
) -> Result<Option<Values>, Failure> {
    loop {
        let mut values = before.clone();
        for (name, param) in names.iter().filter_map(|name| patch.params.get_key_value(*name)) {
            match one(screen, name, param, before.get(name))? {
                Answer::End => return Ok(None),
                Answer::Keep => {}
                Answer::Value(value) => {
                    values.insert(name.clone(), value);
                }
            }
        }
        match patch.settle(&values) {
            Ok(values) => return Ok(Some(values)),
            // The sentence may quote what was typed.
            Err(why) => {
                let typed = values.iter().filter(|(name, _)| is_secret(patch, name));
                let typed = typed.map(|(_, value)| value.clone()).collect();
                let (why, _) = screen.hiding(typed).masked(why.as_bytes(), false);
                screen.say(&String::from_utf8_lossy(&why));
            }
        }
    }
}

/// Says what a parameter is, on one line.
pub fn shown(name: &str, kind: Kind, value: Option<&String>) -> String {
    match value {
        None => format!("{name} is not told yet"),
        Some(_) if kind == Kind::Secret => format!("{name} = {}", secret::MASK),
        Some(value) => format!("{name} = {value}"),
    }
}

enum Answer {
    Value(String),
    Keep,
    End,
}

fn one(
    screen: &Screen,
    name: &str,
    param: &Param,
    now: Option<&String>,
) -> Result<Answer, Failure> {
    let help = format!("{name}: {} ({})", param.help, word(param.kind));
    screen.paragraph("", &help);
    screen.paragraph("  ", &shown(name, param.kind, now));
    loop {
        let prompt = match now {
            Some(_) => format!("{name} [Enter keeps it]"),
            None => name.to_owned(),
        };
        let typed = if param.kind == Kind::Secret {
            let Some(first) = ask::unseen(&prompt)? else { return Ok(Answer::End) };
            if !first.is_empty() {
                let Some(second) = ask::unseen(&format!("{name} again"))? else {
                    return Ok(Answer::End);
                };
                if first != second {
                    screen.say("The two do not agree.");
                    continue;
                }
            }
            first
        } else {
            let Some(text) = ask::line(&prompt)? else { return Ok(Answer::End) };
            text.trim().to_owned()
        };
        if typed.is_empty() {
            return Ok(Answer::Keep);
        }
        match param.objection(&typed) {
            None => return Ok(Answer::Value(typed)),
            Some(why) => screen.say(&format!("The value {why}.")),
        }
    }
}

fn is_secret(patch: &Patch, name: &str) -> bool {
    patch.params.get(name).is_some_and(|param| param.kind == Kind::Secret)
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::String => "a text",
        Kind::Integer => "a whole number",
        Kind::Boolean => "true or false",
        Kind::List => "a list, with commas between",
        Kind::Secret => "a secret, not shown",
    }
}
