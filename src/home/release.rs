//! Which release of a product a home holds: versions, and the level of its updates.
//!
//! A file that is there and cannot be read is named; it never counts as missing.

use crate::version::Version;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

/// The kernel's version and what tells it: the plug-in jar, then the bootstrap jar, then the text
/// file.
pub(super) fn kernel(root: &Path, notices: &mut Vec<String>) -> (Option<Version>, String) {
    for (folder, prefix) in [
        ("repository/components/plugins", "org.wso2.carbon.core_"),
        ("wso2/components/plugins", "org.wso2.carbon.core_"),
        ("bin", "org.wso2.carbon.bootstrap-"),
    ] {
        let names = told(names(&root.join(folder)), folder, notices);
        let mut jars = names.iter().filter_map(|name| {
            let version = Version::find(name.strip_prefix(prefix)?.strip_suffix(".jar")?)?;
            Some((version, format!("{folder}/{name}")))
        });
        if let Some((version, jar)) = jars.next() {
            return (Some(version), jar);
        }
    }
    const TEXT: &str = "bin/wso2carbon-version.txt";
    match Version::find(&text(root, TEXT, notices)) {
        Some(version) => (Some(version), format!("{TEXT}, which no plug-in jar confirms")),
        None => (None, format!("neither plug-in jars nor {TEXT}")),
    }
}

/// Reads a small text that says a version; nothing where there is none.
pub(super) fn text(root: &Path, file: &str, notices: &mut Vec<String>) -> String {
    let bytes = told(small(&root.join(file)), file, notices);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The level of the updates that a home has had, as their tools note it: WSO2 Updates in
/// `updates/config.json`, WUM in `updates/wum`, single patches in `patches`.
pub fn level(root: &Path) -> Option<String> {
    let config = small(&root.join("updates/config.json")).unwrap_or_default();
    // Nothing else is taken from this file: it holds an account and tokens.
    let config: serde_json::Value = serde_json::from_slice(&config).unwrap_or_default();
    let level = match &config["update-level"] {
        serde_json::Value::String(level) => level.parse().ok(),
        level => level.as_i64(),
    };
    let level = level.filter(|level| *level >= 0).map(|level| format!("update level {level}"));
    let newest = |folder: &str, number: &dyn Fn(&str) -> Option<u64>| {
        let names = names(&root.join(folder)).unwrap_or_default();
        names.iter().filter_map(|name| number(name)).max()
    };
    let wum = newest("updates/wum", &|name| name.parse().ok());
    // patch0000 holds the files from before the first patch.
    let patch = |name: &str| name.strip_prefix("patch")?.parse().ok().filter(|&number| number > 0);
    let patches = ["repository/components/patches", "patches"];
    let patch = patches.iter().filter_map(|folder| newest(folder, &patch)).max();
    let parts = [
        level,
        wum.map(|time| format!("WUM update {time}")),
        patch.map(|number| format!("patch{number:04}")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Takes what was read; a fault other than that nothing is there becomes a notice.
fn told<T: Default>(read: io::Result<T>, file: &str, notices: &mut Vec<String>) -> T {
    read.unwrap_or_else(|error| {
        if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) {
            notices.push(format!(
                "{file} cannot be read ({error}); what it says of the version is not known."
            ));
        }
        T::default()
    })
}

/// Lists a folder, sorted.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.extend(entry?.file_name().into_string());
    }
    names.sort();
    Ok(names)
}

/// Reads a small regular file; a pipe would wait for a writer.
fn small(path: &Path) -> io::Result<Vec<u8>> {
    const LIMIT: u64 = 1 << 20;
    let meta = fs::metadata(path)?;
    if !meta.is_file() || meta.len() > LIMIT {
        return Err(io::Error::other("not a regular file of a sensible size"));
    }
    fs::read(path)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test writes its own home")]
mod tests {
    use super::*;

    #[test]
    fn a_version_file_that_cannot_be_read_is_told_and_a_missing_one_is_not() {
        let home = tempfile::tempdir().unwrap();
        let mut notices = Vec::new();
        assert_eq!(kernel(home.path(), &mut notices).0, None);
        assert_eq!(text(home.path(), "bin/version.txt", &mut notices), "");
        assert!(notices.is_empty(), "{notices:?}");
        fs::create_dir_all(home.path().join("bin/wso2carbon-version.txt")).unwrap();
        assert_eq!(kernel(home.path(), &mut notices).0, None);
        assert_eq!(notices.len(), 1);
        assert!(notices[0].starts_with("bin/wso2carbon-version.txt cannot be read"), "{notices:?}");
    }

    #[test]
    fn the_jar_tells_the_kernel_before_the_text_does() {
        let home = tempfile::tempdir().unwrap();
        let plugins = home.path().join("repository/components/plugins");
        fs::create_dir_all(&plugins).unwrap();
        fs::create_dir(home.path().join("bin")).unwrap();
        let said = "WSO2 Carbon Framework v4.4.1";
        fs::write(home.path().join("bin/wso2carbon-version.txt"), said).unwrap();
        let mut notices = Vec::new();
        assert_eq!(kernel(home.path(), &mut notices).0, Version::find("4.4.1"));
        fs::write(plugins.join("org.wso2.carbon.core_4.4.35.jar"), "").unwrap();
        assert_eq!(kernel(home.path(), &mut notices).0, Version::find("4.4.35"));
    }

    #[test]
    fn the_level_is_what_the_update_tools_noted_and_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let put = |file: &str, text: &str| {
            let path = home.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        put("updates/product.txt", "wso2is-5.11.0");
        put("repository/components/patches/patch0000/a.jar", "");
        put("updates/config.json", r#"{"update-level": "-1", "token": "t"}"#);
        assert_eq!(level(home.path()), None);
        put("updates/config.json", r#"{"update-level": "12", "token": "t"}"#);
        put("updates/wum/1544000000000", "");
        put("repository/components/patches/patch0008/a.jar", "");
        put("repository/components/patches/patch0011/a.jar", "");
        let told = "update level 12, WUM update 1544000000000, patch0011";
        assert_eq!(level(home.path()).as_deref(), Some(told));
        put("updates/config.json", "{");
        assert_eq!(level(home.path()).as_deref(), Some("WUM update 1544000000000, patch0011"));
    }
}
