//! The key stores that lie in a folder, told by their content and never by their name.
//!
//! Links are not followed, and what harden keeps itself is not looked at. Nothing is opened that is
//! no regular file, and of each file only the first bytes are read.

use crate::change::RelPath;
use crate::format::keystore::Format;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// Most files that are looked at; an installed product has about ten thousand.
const MOST: usize = 200_000;

/// Deepest folder; deployed web applications nest about twenty deep.
const DEEPEST: usize = 40;

/// Lists the key stores below a folder, in the order of their paths; `skip` names a folder of its own
/// that is left out.
pub fn stores(root: &Path, skip: &str) -> Vec<RelPath> {
    let mut found = Vec::new();
    let mut looked = 0;
    let mut open = vec![(String::new(), 0)];
    while let Some((folder, depth)) = open.pop() {
        let Ok(entries) = std::fs::read_dir(root.join(&folder)) else { continue };
        for entry in entries.flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() && depth < DEEPEST && path != skip {
                open.push((path, depth + 1));
            } else if kind.is_file() && looked < MOST {
                looked += 1;
                let is_store = is_store(&entry.path());
                found.extend(RelPath::parse(&path).filter(|_| is_store));
            }
        }
    }
    found.sort();
    found
}

/// Tells whether a file begins as a key store does, and has the length that it says.
fn is_store(path: &Path) -> bool {
    let mut head = [0; 16];
    let read = File::open(path).and_then(|mut file| {
        let length = file.metadata()?.len();
        file.read_exact(&mut head)?;
        Ok(length)
    });
    let Ok(length) = read else { return false };
    match Format::of(&head) {
        Some(Format::Jks | Format::Jceks) => true,
        Some(Format::Pkcs12) => is_archive(&head, length),
        None => false,
    }
}

/// A sequence that fills the file and begins with the version, which is 3 (RFC 7292, section 4).
fn is_archive(head: &[u8; 16], length: u64) -> bool {
    let count = usize::from(head[1] & 0x7f);
    // A length of one byte is too short for any store; 0x80 leaves it open (BER).
    let (body, stated) = match head[1] {
        0x80 => (2, None),
        0x81..=0x84 => {
            let stated = head[2..2 + count].iter().fold(0_u64, |sum, b| sum << 8 | u64::from(*b));
            (2 + count, Some(stated))
        }
        _ => return false,
    };
    head[body..].starts_with(&[2, 1, 3])
        && stated.is_none_or(|stated| stated + body as u64 == length)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests write their own files")]
mod tests {
    use super::*;

    #[test]
    fn stores_are_told_by_their_content() {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str, content: &[u8]| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        };
        let jks = [&[0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2, 0, 0, 0, 0][..], &[0; 20]].concat();
        let archive = [&[0x30, 0x81, 0x80, 2, 1, 3][..], &[0; 0x7d]].concat();
        put("a/b/store", &jks);
        put("repository/tenants/1/own.p12", &archive);
        put("cut.p12", &archive[..100]);
        put("note.jks", b"0 is the first sign of this text, not a sequence");
        put("tiny.jks", &jks[..4]);
        put(".harden/tx/blob", &jks);
        std::os::unix::fs::symlink("a/b/store", dir.path().join("link.jks")).unwrap();
        let found: Vec<String> =
            stores(dir.path(), ".harden").iter().map(ToString::to_string).collect();
        assert_eq!(found, ["a/b/store", "repository/tenants/1/own.p12"]);
    }
}
