//! Old copies that editors, update tools and operators leave beside configuration files.
//!
//! They are told by their names alone; nothing in them is read.

use super::Home;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Ends of a name that mark an old copy.
const ENDS: [&str; 5] = [".bak", ".orig", ".old", ".save", "~"];

/// How many names are looked at; shipped homes have a few hundred.
const LIMIT: usize = 5000;

/// Lists the old copies in the configuration and script folders of every instance, below the home,
/// sorted.
pub fn copies(home: &Home) -> Vec<String> {
    let bins = home.instances.iter().filter_map(|instance| instance.place("bin"));
    let confs = home.instances.iter().map(|instance| instance.conf.clone());
    let mut folders: Vec<(String, bool)> =
        bins.map(|bin| (bin, false)).chain(confs.map(|conf| (conf, true))).collect();
    let (mut found, mut looked) = (BTreeSet::new(), 0);
    while let Some((folder, deep)) = folders.pop() {
        for (name, is_folder) in entries(&home.root.join(&folder)) {
            looked += 1;
            if looked > LIMIT {
                return found.into_iter().collect();
            }
            let path = format!("{folder}/{name}");
            if is_folder && deep {
                folders.push((path, true));
            } else if !is_folder && is_copy(&name) {
                found.insert(path);
            }
        }
    }
    found.into_iter().collect()
}

/// The names in a folder, and whether each is a folder; links are not followed.
fn entries(folder: &Path) -> impl Iterator<Item = (String, bool)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        Some((entry.file_name().into_string().ok()?, is_folder))
    })
}

fn is_copy(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ENDS.iter().any(|end| name.strip_suffix(end).is_some_and(|rest| !rest.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_told_by_their_ends() {
        for name in ["carbon.xml.bak", "user-mgt.xml~", "a.ORIG", "b.old", "wso2server.sh.save"] {
            assert!(is_copy(name), "{name}");
        }
        for name in ["carbon.xml", "bold", "~", ".bak", "old", "backup.xml"] {
            assert!(!is_copy(name), "{name}");
        }
    }
}
