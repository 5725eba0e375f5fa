//! The installed rules and templates that deployment.toml goes through, read from the home.

use super::discover::Instance;
use super::effective::Mapping;
use super::view::{Trouble, View};
use crate::change::RelPath;

/// How many templates and folders of them are looked at; shipped homes have about 80.
const LIMIT: usize = 2000;

/// Reads the rules of an instance.
///
/// # Errors
/// A sentence naming the file that cannot be read or understood.
pub fn mapping(view: &View, instance: &Instance) -> Result<Mapping, String> {
    let base = if instance.base.is_empty() { String::new() } else { format!("{}/", instance.base) };
    let resources = format!("{base}repository/resources/conf");
    let read = |name: &str| text(view, &format!("{resources}/{name}"));
    let templates = templates(view, &format!("{resources}/templates"))?;
    Mapping::new(
        read("key-mappings.json")?.as_deref(),
        read("infer.json")?.as_deref(),
        read("default.json")?.as_deref(),
        &templates,
    )
}

/// Reads a text that may be missing.
fn text(view: &View, path: &str) -> Result<Option<String>, String> {
    let file =
        RelPath::parse(path).ok_or_else(|| format!("{path} is not a path below the home."))?;
    match view.content(&file) {
        Ok(content) => Ok(Some(String::from_utf8_lossy(&content).into_owned())),
        Err(Trouble::Missing) => Ok(None),
        Err(trouble) => Err(format!("{path}: {trouble}. {}", trouble.hint())),
    }
}

fn templates(view: &View, root: &str) -> Result<Vec<(String, String)>, String> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    let mut looked = 0;
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(view.root().join(&folder)) else {
            continue;
        };
        for entry in entries.flatten() {
            looked += 1;
            if looked > LIMIT {
                return Err(format!(
                    "{root} holds more than {LIMIT} files; it is not a template folder."
                ));
            }
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let path = format!("{folder}/{name}");
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
            } else if name.ends_with(".j2")
                && let Some(text) = text(view, &path)?
            {
                found.push((name, text));
            }
        }
    }
    // The order of a folder's entries is the file system's; reports must not depend on it.
    found.sort();
    Ok(found)
}
