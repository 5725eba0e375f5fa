//! Signs that a home has stored something which only its present key can decrypt.
//!
//! Without a sign nothing is proved of a home that was used elsewhere; what is listed here is enough
//! to refuse.

use crate::change::{Model, RelPath};
use crate::plan::scene::Scene;

/// Lists the signs, as clauses; none in a fresh home.
pub fn traces(scene: &Scene) -> Vec<String> {
    let mut signs = Vec::new();
    if scene.home.started {
        signs.push("the server was started before".to_owned());
    }
    signs.extend(vault(scene));
    let place = |hole: &str, below: &str| {
        Some(format!("{}/{below}", scene.instance.place(hole)?)).and_then(|p| RelPath::parse(&p))
    };
    for (folder, what) in [
        (place("deployment", "userstores"), "user stores are configured in"),
        (
            RelPath::parse(&joined(&scene.instance.base, "repository/tenants")),
            "there are tenants in",
        ),
        (RelPath::parse(&joined(&scene.instance.base, "repository/logs")), "there are logs in"),
    ] {
        if let Some(folder) = folder.filter(|folder| scene.view.holds_files(folder)) {
            signs.push(format!("{what} {folder}"));
        }
    }
    signs.extend(foreign_database(scene));
    signs
}

/// Says how Secure Vault is in use, as a clause; its values are encrypted with the primary key.
pub fn vault(scene: &Scene) -> Option<String> {
    let conf = &scene.instance.conf;
    let path = |name: &str| RelPath::parse(&format!("{conf}/security/{name}"));
    let live = path("secret-conf.properties").filter(|file| {
        let provider = |document: std::rc::Rc<crate::format::properties::Document>| {
            ["carbon.secretProvider", "keystore.identity.location"]
                .iter()
                .any(|key| document.value(key).is_some())
        };
        scene.view.properties(file).is_ok_and(provider)
    });
    if let Some(file) = live {
        return Some(format!("Secure Vault is set up in {file}"));
    }
    let filled = path("cipher-text.properties").filter(|file| {
        scene.view.properties(file).is_ok_and(|document| {
            document.entries().iter().any(|entry| !entry.value.trim().starts_with('['))
        })
    });
    if let Some(file) = filled {
        return Some(format!("Secure Vault keeps values in {file}"));
    }
    let file = scene.toml_file().ok().filter(|_| scene.home.model == Model::Toml)?;
    let document = scene.view.toml(&file).ok()?;
    let kept = document.flatten().iter().any(|(key, _)| key.starts_with("secrets."));
    kept.then(|| format!("Secure Vault keeps values in [secrets] of {file}"))
}

/// A database outside the home may hold data of a server that ran before.
fn foreign_database(scene: &Scene) -> Option<String> {
    let ours = |url: &str| url.trim().starts_with("jdbc:h2:") || url.contains("${");
    if scene.home.model == Model::Toml {
        let file = scene.toml_file().ok()?;
        let document = scene.view.toml(&file).ok()?;
        let (key, _) = document.flatten().into_iter().find(|(key, found)| {
            let database = key.starts_with("database.") || key.starts_with("datasource");
            database
                && ((key.ends_with(".url") && !ours(&found.text))
                    || (key.ends_with(".type") && !found.text.eq_ignore_ascii_case("h2"))
                    || key.ends_with(".hostname"))
        })?;
        return Some(format!("{file} names a database outside this home ({key})"));
    }
    let conf = &scene.instance.conf;
    let file = RelPath::parse(&format!("{conf}/datasources/master-datasources.xml"))?;
    let document = scene.view.xml(&file).ok()?;
    let path = "datasources-configuration/datasources/datasource/definition/configuration/url";
    let foreign = document
        .select(&path.parse().ok()?)
        .into_iter()
        .filter_map(|element| document.text(element))
        .any(|url| !ours(&url.text));
    foreign.then(|| format!("{file} names a database outside this home"))
}

fn joined(base: &str, path: &str) -> String {
    if base.is_empty() { path.to_owned() } else { format!("{base}/{path}") }
}
