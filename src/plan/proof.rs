//! The proof of a change by readers that share no code with the ones that made it.

use super::judge::Claim;
use crate::change::{FileChange, RelPath};
use crate::format::{properties, script, toml, xml};
use crate::home::Instance;

/// Checks that a changed file says what every edit of it promised.
///
/// An XML file is compared whole: the promised operations are carried out on the tree of a second
/// parser, and that tree must be the one it reads from the changed text.
///
/// # Errors
/// A sentence saying what the second reader saw.
pub fn prove(change: &FileChange, claims: &[&Claim]) -> Result<(), String> {
    let mut xml = Vec::new();
    for claim in claims {
        match claim {
            Claim::Xml(intended) => xml.push(intended.clone()),
            Claim::Toml { key, value } => {
                let read =
                    toml::second::value(&change.after, key).map_err(|fault| fault.to_string())?;
                same(&key.to_string(), value.as_deref(), read.as_deref())?;
            }
            Claim::Properties { key, value } => {
                let read = properties::second::value(&change.after, key);
                same(key, value.as_deref(), read.as_deref())?;
            }
            Claim::Jvm { kind, flag, value } => {
                let read = script::second::last_value(*kind, &change.after, flag);
                same(flag, value.as_deref(), read.as_deref())?;
            }
        }
    }
    if xml.is_empty() {
        return Ok(());
    }
    xml::second::agrees(change.before.as_deref().unwrap_or_default(), &change.after, &xml)
}

/// Checks that a file edited by hand can still be read, by both readers of its format.
///
/// # Errors
/// A clause saying where and why not.
pub fn readable(file: &RelPath, content: &[u8], instance: &Instance) -> Result<(), String> {
    let launcher = instance.launchers.iter().find(|launcher| launcher.file == *file);
    let ending = file.as_str().rsplit('.').next().unwrap_or_default();
    if content.contains(&0) {
        return Err("it holds a NUL byte".into());
    }
    let read = match (launcher, ending) {
        (Some(launcher), _) => script::Launcher::parse(launcher.kind, content).map(drop),
        (None, "xml") => xml::Document::parse(content).and_then(|_| {
            // Any path will do: both readers look at the whole text.
            "any".parse().map_or(Ok(()), |any| xml::second::values(content, &any, None).map(drop))
        }),
        (None, "toml") => toml::Document::parse(content).and_then(|_| {
            "any".parse().map_or(Ok(()), |any| toml::second::value(content, &any).map(drop))
        }),
        (None, "properties") => properties::Document::parse(content).map(drop),
        _ => Ok(()),
    };
    read.map_err(|fault| format!("line {}: {}", fault.at.line, fault.reason))
}

fn same(what: &str, promised: Option<&str>, read: Option<&str>) -> Result<(), String> {
    if promised == read {
        return Ok(());
    }
    let say = |value: Option<&str>| {
        value.map_or_else(|| "nothing".to_owned(), |value| format!("\"{value}\""))
    };
    // A secret would be a parameter of type secret; none is written by these formats unmasked.
    Err(format!(
        "{what} was to be {}, and reads {}",
        say(promised.map(|v| crate::secret::mask_value(what, v)).as_deref()),
        say(read.map(|v| crate::secret::mask_value(what, v)).as_deref())
    ))
}
