//! The host names by which a server is called, by browsers and by its own parts.

use super::scene::{Scene, Silence};
use crate::change::{Model, RelPath};
use crate::patch::template::Template;
use std::collections::BTreeSet;

/// Lists the configured host names, and with `inside` those of every https address in the
/// configuration: the parts of a product call each other by them.
///
/// # Errors
/// The file that cannot be read or understood.
pub fn called(scene: &Scene, inside: bool) -> Result<Vec<String>, (RelPath, Silence)> {
    let mut hosts = BTreeSet::new();
    match scene.home.model {
        Model::Xml => {
            let carbon = file(scene, "{conf}/carbon.xml")?;
            let document = scene.view.xml(&carbon).map_err(|silence| (carbon, silence))?;
            for name in ["HostName", "MgtHostName"] {
                let path = format!("Server/{name}")
                    .parse()
                    .map_err(|why| (RelPath::default(), Silence::Other(why)))?;
                let element = document.select(&path).into_iter().next();
                hosts.extend(
                    element.and_then(|element| document.text(element)).map(|value| value.text),
                );
            }
        }
        Model::Toml => {
            let keys = ["server.hostname", "server.mgt_hostname", "server.internal_hostname"];
            hosts.extend(keys.into_iter().filter_map(|key| scene.setting(key)));
        }
    }
    hosts.retain(|host| !host.is_empty() && !host.contains(['$', '{']));
    if hosts.is_empty() {
        hosts.insert("localhost".to_owned());
    }
    if inside {
        for name in
            ["{conf}/deployment.toml", "{conf}/api-manager.xml", "{conf}/identity/identity.xml"]
        {
            let Ok(path) = file(scene, name) else { continue };
            if scene.templated(&path) || !scene.view.exists(&path) {
                continue;
            }
            let content =
                scene.view.content(&path).map_err(|trouble| (path, Silence::Trouble(trouble)))?;
            hosts.extend(addresses(&live(
                &String::from_utf8_lossy(&content),
                name.ends_with(".xml"),
            )));
        }
    }
    Ok(hosts.into_iter().collect())
}

fn file(scene: &Scene, name: &str) -> Result<RelPath, (RelPath, Silence)> {
    scene.file(&Template::parse(name)).map_err(|silence| (RelPath::default(), silence))
}

/// The text without its comments.
fn live(text: &str, xml: bool) -> String {
    if !xml {
        let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        return lines.map(|line| format!("{line}\n")).collect();
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("<!--") {
        out.push_str(&rest[..start]);
        rest = rest[start..].find("-->").map_or("", |end| &rest[start + end + 3..]);
    }
    out.push_str(rest);
    out
}

/// The hosts of the https addresses in a text. A placeholder that stands for the configured host is
/// left out; one that stands for the machine's own address is told as such.
fn addresses(text: &str) -> BTreeSet<String> {
    let mut hosts = BTreeSet::new();
    for (at, _) in text.match_indices("https://") {
        let rest = &text[at + "https://".len()..];
        if rest.starts_with("${carbon.local.ip}") {
            hosts.insert("the machine's address (${carbon.local.ip})".to_owned());
            continue;
        }
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || ".-_".contains(c)));
        let host = &rest[..end.unwrap_or(rest.len())];
        if !host.is_empty() {
            hosts.insert(host.to_ascii_lowercase());
        }
    }
    hosts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_come_from_live_https_addresses() {
        let text = "a=https://One.example:9443/x <!-- https://no.example --> https://${carbon.host}:1 \
                    https://${carbon.local.ip}:2 http://plain.example";
        let hosts: Vec<String> = addresses(&live(text, true)).into_iter().collect();
        assert_eq!(hosts, ["one.example", "the machine's address (${carbon.local.ip})"]);
        assert!(addresses(&live("# https://a.example\n", false)).is_empty());
        assert!(live("a <!-- never closed", true).starts_with("a "));
    }
}
