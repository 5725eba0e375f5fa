//! The rules of the house that no compiler keeps: layers, sizes, words.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::fs;
use std::path::{Path, PathBuf};

/// Modules from the lowest layer to the highest.
const LAYERS: [(&str, u8); 16] = [
    ("text", 0),
    ("diff", 0),
    ("digest", 0),
    ("version", 0),
    ("secret", 0),
    ("change", 1),
    ("format", 1),
    ("patch", 2),
    ("home", 2),
    ("native", 3),
    ("plan", 4),
    ("commit", 5),
    ("report", 5),
    ("review", 5),
    ("probe", 5),
    ("cli", 6),
];

#[test]
fn a_module_imports_from_lower_layers_only() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let module = module_of(&path);
        let Some(own) = layer(&module) else { continue };
        for used in imports(&text) {
            let Some(other) = layer(&used) else { continue };
            // `report` shows what `patch` and `plan` know; the foundations may use each other.
            if used != module && (other > own || (other == own && own > 1)) {
                wrong.push(format!(
                    "{}: {module} (layer {own}) uses {used} (layer {other})",
                    path.display()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_source_file_has_one_noun_and_a_bounded_length() {
    let long: Vec<String> = sources()
        .into_iter()
        .filter(|(_, text)| text.lines().count() > 400)
        .map(|(path, text)| format!("{}: {} lines", path.display(), text.lines().count()))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn every_module_says_what_it_promises() {
    let silent: Vec<String> = sources()
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//! "))
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert!(silent.is_empty(), "no //! line: {}", silent.join(", "));
}

#[test]
fn nothing_is_left_unfinished() {
    let marks = ["todo!(", "unimplemented!(", "dbg!(", "FIXME", "XXX"];
    for (path, text) in sources() {
        for mark in marks {
            assert!(!text.contains(mark), "{}: {mark}", path.display());
        }
    }
}

#[test]
fn the_guide_has_a_patch_for_each_row() {
    let rows = [("P", 22), ("O", 9), ("N", 6)];
    let names: Vec<String> = fs::read_dir(root().join("patches"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    for (letter, count) in rows {
        for number in 1..=count {
            let code = format!("{letter}{number:02}-");
            assert!(names.iter().any(|name| name.starts_with(&code)), "no patch file for {code}");
        }
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                files.push((path.strip_prefix(root()).unwrap().to_path_buf(), text));
            }
        }
    }
    files.sort();
    files
}

fn module_of(path: &Path) -> String {
    let part = path.components().nth(1).unwrap().as_os_str().to_string_lossy().into_owned();
    part.trim_end_matches(".rs").to_owned()
}

fn layer(module: &str) -> Option<u8> {
    LAYERS.iter().find(|(name, _)| *name == module).map(|(_, layer)| *layer)
}

/// The modules that a file names by `crate::…`, in `use` lines and in code; tests may use more.
fn imports(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let mut used = Vec::new();
    for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
        for (at, _) in line.match_indices("crate::") {
            let rest = &line[at + 7..];
            if let Some(list) = rest.strip_prefix('{') {
                used.extend(list.split(',').map(|name| first_name(name.trim())));
            } else {
                used.push(first_name(rest));
            }
        }
    }
    used
}

fn first_name(text: &str) -> String {
    text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}
