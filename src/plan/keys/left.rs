//! Places that speak of a key store, outside comments and outside the references that are known.
//!
//! It finds what a change of references would leave behind. Files that the server makes anew from a
//! template at each start do not count; binary and very large files are not searched.

use super::reference::{Part, Reference};
use crate::change::{Place, RelPath};
use crate::plan::scene::Scene;
use crate::text::{Position, position};

/// Endings of files in which products and operators write configuration.
const ENDINGS: [&str; 12] = [
    "xml",
    "properties",
    "toml",
    "json",
    "sh",
    "bat",
    "conf",
    "policy",
    "yaml",
    "yml",
    "j2",
    "jag",
];

/// What is searched for.
#[derive(Debug, Clone, Copy)]
pub enum Word<'a> {
    /// A part of a path, wherever it stands.
    Name(&'a str),
    /// A whole value: of an attribute, an element, a key, or in the brackets of the vault's tool.
    Value(&'a str),
}

/// Finds live mentions of a word in the configuration of an instance.
pub fn mentions(scene: &Scene, word: Word, known: &[&Reference]) -> Vec<Place> {
    let mut found = Vec::new();
    for hole in ["conf", "bin", "deployment", "security", "templates"] {
        let Some(folder) = scene.instance.place(hole).and_then(|path| RelPath::parse(&path)) else {
            continue;
        };
        for file in scene.view.files_below(&folder) {
            let searched = file
                .as_str()
                .rsplit_once('.')
                .is_some_and(|(_, ending)| ENDINGS.contains(&ending.to_ascii_lowercase().as_str()));
            if !searched || scene.templated(&file) || is_example(&file) {
                continue;
            }
            let Ok(content) = scene.view.content(&file) else { continue };
            for at in lines_with(&content, word, file.as_str()) {
                let place = Place { file: file.to_string(), at: Some(at) };
                if !known.iter().any(|reference| speaks(reference, &place)) {
                    found.push(place);
                }
            }
        }
    }
    found
}

/// Samples of settings lie beside the real ones.
fn is_example(file: &RelPath) -> bool {
    let name = file.as_str().rsplit('/').next().unwrap_or_default();
    name.starts_with("deployment-full") || file.as_str().contains("/deployment-templates/")
}

fn speaks(reference: &Reference, place: &Place) -> bool {
    let line = |place: &Place| place.at.map(|at| at.line);
    let parts: [Option<&Part>; 4] = [
        Some(&reference.location),
        reference.password.as_ref(),
        reference.alias.as_ref(),
        reference.key_password.as_ref(),
    ];
    parts
        .into_iter()
        .flatten()
        .any(|part| part.place.file == place.file && line(&part.place) == line(place))
}

/// The places of a word that stands outside comments.
fn lines_with(content: &[u8], word: Word, file: &str) -> Vec<Position> {
    let text = String::from_utf8_lossy(content);
    let markup = file.ends_with(".xml") || file.ends_with(".j2") || file.ends_with(".jag");
    let hidden = |at: usize| {
        let before = &text[..at];
        if markup && before.rfind("<!--").is_some_and(|open| !before[open..].contains("-->")) {
            return true;
        }
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let line = before[start..].trim_start().to_ascii_lowercase();
        !markup && (line.starts_with('#') || line.starts_with("rem ") || line.starts_with("//"))
    };
    let (Word::Name(sought) | Word::Value(sought)) = word;
    let whole = |at: usize| {
        let before = text[..at].trim_end_matches([' ', '\t']);
        let after = text[at + sought.len()..].trim_start_matches([' ', '\t']);
        before.ends_with(['>', '"', '\'', '=', '[', ':'])
            && (after.is_empty() || after.starts_with(['<', '"', '\'', ']', '\r', '\n']))
    };
    text.match_indices(sought)
        .filter(|(at, _)| matches!(word, Word::Name(_)) || whole(*at))
        .filter(|(at, _)| !hidden(*at))
        .map(|(at, _)| position(text.as_bytes(), at))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_do_not_count() {
        let xml = b"<a><!-- x.jks\n --><b>x.jks</b></a>";
        let found = lines_with(xml, Word::Name("x.jks"), "a.xml");
        assert_eq!(found.iter().map(|at| at.line).collect::<Vec<_>>(), [2]);
        let text = b"# x.jks\na=x.jks\n  #b=x.jks\n";
        let found = lines_with(text, Word::Name("x.jks"), "a.properties");
        assert_eq!(found.iter().map(|at| at.line).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn a_value_is_not_a_part_of_another_word() {
        let text = b"a=old\nb=older\nc=[old]\nd=cold\ne = old\nurl=x;password=old;y\n";
        let found = lines_with(text, Word::Value("old"), "a.properties");
        assert_eq!(found.iter().map(|at| at.line).collect::<Vec<_>>(), [1, 3, 5]);
        let xml = b"<a k=\"old\"><b>old</b><c>oldest</c></a>";
        assert_eq!(lines_with(xml, Word::Value("old"), "a.xml").len(), 2);
    }
}
