//! Whether a condition of a patch holds for an instance, and on what evidence.

use super::scene::{Scene, Silence};
use crate::change::{Model, RelPath};
use crate::home::certificate::Served;
use crate::patch::model::{Certificate, Condition, Fact, Spot};
use crate::patch::template::Template;
use crate::version::Range;
use std::fs::File;
use std::rc::Rc;

/// What is known of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holds {
    /// It holds, on this evidence; empty where it goes without saying.
    Yes(String),
    /// It does not, for this reason, a clause.
    No(String),
    /// Nobody can tell, for this reason, a clause.
    Unclear(String),
}

/// Tells whether all facts of a condition hold.
pub fn holds(condition: &Condition, scene: &Scene) -> Holds {
    let mut evidence = Vec::new();
    for fact in &condition.0 {
        match fact_holds(fact, scene) {
            Holds::Yes(why) if why.is_empty() => {}
            Holds::Yes(why) => evidence.push(why),
            other => return other,
        }
    }
    Holds::Yes(evidence.join("; "))
}

fn fact_holds(fact: &Fact, scene: &Scene) -> Holds {
    let (home, instance) = (scene.home, scene.instance);
    match fact {
        Fact::Model(model) => told(home.model == *model, || {
            let other = match home.model {
                Model::Xml => "hand-edited XML",
                Model::Toml => "deployment.toml and templates",
            };
            format!("this home is configured by {other}")
        }),
        Fact::Product(keys) => told(keys.contains(&instance.product), || {
            format!("the product is {}, not {}", instance.product, keys.join(" or "))
        }),
        Fact::NotProduct(keys) => told(!keys.contains(&instance.product), || {
            format!("the product is {}", instance.product)
        }),
        Fact::Instance(names) => {
            told(names.contains(&instance.name), || format!("the instance is {}", instance.name))
        }
        Fact::Version(range) => match &home.version {
            None => Holds::Unclear("the product's version is not known".into()),
            Some(version) => told(range.holds(version), || {
                format!("the product's version {version} is not {range}")
            }),
        },
        Fact::Carbon(range) => kernel(range, scene),
        Fact::File(file) => existence(file, scene, true),
        Fact::NoFile(file) => existence(file, scene, false),
        Fact::Has(spot) => presence(spot, scene, true),
        Fact::Lacks(spot) => presence(spot, scene, false),
        Fact::Class { jar, class, since } => has_class(jar, class, since.as_ref(), scene),
        Fact::Reads(key) => match scene.mapping() {
            Err(silence) => Holds::Unclear(silence.sentence()),
            Ok(mapping) => match mapping.read_by(key) {
                Some(template) => Holds::Yes(format!("{template} reads {key}")),
                None => Holds::No(format!("no installed template reads {key}")),
            },
        },
        Fact::Certificate(wanted) => certificate_is(*wanted, scene),
        Fact::Any(conditions) => any(conditions, scene),
    }
}

fn told(holds: bool, why_not: impl FnOnce() -> String) -> Holds {
    if holds { Holds::Yes(String::new()) } else { Holds::No(why_not()) }
}

fn any(conditions: &[Condition], scene: &Scene) -> Holds {
    let mut reasons = Vec::new();
    let mut unclear = false;
    for condition in conditions {
        match holds(condition, scene) {
            Holds::Yes(why) => return Holds::Yes(why),
            Holds::No(why) => reasons.push(why),
            Holds::Unclear(why) => {
                unclear = true;
                reasons.push(why);
            }
        }
    }
    let reasons = reasons.join("; ");
    if unclear { Holds::Unclear(reasons) } else { Holds::No(reasons) }
}

fn kernel(range: &Range, scene: &Scene) -> Holds {
    match &scene.home.kernel {
        None => Holds::Unclear("the Carbon kernel's version is not known".into()),
        Some(version) if range.holds(version) => {
            Holds::Yes(format!("kernel {version} by {}", scene.home.kernel_evidence))
        }
        Some(version) => Holds::No(format!("the kernel {version} is not {range}")),
    }
}

fn existence(file: &Template, scene: &Scene, wanted: bool) -> Holds {
    match scene.file(file) {
        Err(silence) => Holds::Unclear(silence.sentence()),
        Ok(file) => told(scene.view.exists(&file) == wanted, || {
            format!("{file} {}", if wanted { "is not there" } else { "is there" })
        }),
    }
}

fn presence(spot: &Spot, scene: &Scene, wanted: bool) -> Holds {
    match stands(spot, scene) {
        Err((file, silence)) => Holds::Unclear(format!("{file}: {}", silence.sentence())),
        Ok((found, what)) => told(found == wanted, || {
            format!("{what} {}", if wanted { "is not there" } else { "is there" })
        }),
    }
}

/// Tells whether a place exists; a missing file has no places.
fn stands(spot: &Spot, scene: &Scene) -> Result<(bool, String), (String, Silence)> {
    let nowhere = |silence| (String::from("the place"), silence);
    let file = match spot {
        Spot::Xml { file, .. } | Spot::Properties { file, .. } => {
            scene.file(file).map_err(nowhere)?
        }
        Spot::Toml { .. } => scene.toml_file().map_err(nowhere)?,
        Spot::Jvm { .. } => return Ok((false, "a flag".into())),
    };
    if !scene.view.exists(&file) {
        return Ok((false, file.to_string()));
    }
    let named = |silence| (file.to_string(), silence);
    Ok(match spot {
        Spot::Xml { at, .. } => {
            let document = scene.view.xml(&file).map_err(named)?;
            (!document.select(at).is_empty(), format!("{at} in {file}"))
        }
        Spot::Toml { key, .. } => {
            let document = scene.view.toml(&file).map_err(named)?;
            (document.value(key).is_some(), format!("{key} in {file}"))
        }
        Spot::Properties { key, .. } => {
            let document = scene.view.properties(&file).map_err(named)?;
            let stands = match key.split_once('=') {
                Some((key, wanted)) => {
                    document.value(key).is_some_and(|value| value.text == wanted)
                }
                None => document.value(key).is_some(),
            };
            (stands, format!("{key} in {file}"))
        }
        Spot::Jvm { .. } => (false, "a flag".into()),
    })
}

/// Looks for a class entry in the plug-in jars; homes without plug-ins are judged by the kernel.
fn has_class(jar: &str, class: &str, since: Option<&Range>, scene: &Scene) -> Holds {
    let entry = format!("{}.class", class.replace('.', "/"));
    let mut looked = None;
    for plugins in ["repository/components/plugins", "wso2/components/plugins"] {
        let Ok(entries) = std::fs::read_dir(scene.home.root.join(plugins)) else {
            continue;
        };
        for path in entries.flatten().map(|entry| entry.path()) {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if !(name.starts_with(jar) && name.ends_with(".jar")) {
                continue;
            }
            looked = Some(format!("{plugins}/{name}"));
            let archive = File::open(&path).ok().and_then(|file| zip::ZipArchive::new(file).ok());
            if archive.is_some_and(|archive| archive.index_for_name(&entry).is_some()) {
                return Holds::Yes(format!("{class} is in {plugins}/{name}"));
            }
        }
    }
    match (looked, since) {
        (Some(jar), _) => Holds::No(format!("{class} is not in {jar}")),
        (None, Some(range)) => match kernel(range, scene) {
            Holds::No(why) => Holds::No(format!("{why}, the first to have {class}")),
            other => other,
        },
        (None, None) => {
            Holds::Unclear(format!("there is no plug-in jar {jar}*.jar to look for {class}"))
        }
    }
}

fn certificate_is(wanted: Certificate, scene: &Scene) -> Holds {
    let served = match served(scene) {
        Ok(served) => served,
        Err(why) => return Holds::Unclear(format!("the served certificate is not known: {why}")),
    };
    match wanted {
        Certificate::Replaced if served.is_shipped() => {
            Holds::No("this home serves the certificate that the product ships".into())
        }
        Certificate::Replaced => Holds::Yes("the served certificate is not a shipped one".into()),
        Certificate::CoversHosts => {
            let hosts = hosts(scene);
            match hosts.iter().find(|host| !served.covers(host)) {
                Some(host) => Holds::No(format!(
                    "the served certificate names {}, not {host}",
                    served.names.join(", ")
                )),
                None => Holds::Yes(format!("the served certificate covers {}", hosts.join(", "))),
            }
        }
    }
}

/// The host names that the server is configured to be called by.
fn hosts(scene: &Scene) -> Vec<String> {
    let told: Vec<Option<String>> = match scene.home.model {
        Model::Xml => ["HostName", "MgtHostName"]
            .into_iter()
            .map(|name| scene.xml_text("{conf}/carbon.xml", &format!("Server/{name}")))
            .collect(),
        Model::Toml => ["server.hostname", "server.mgt_hostname"]
            .into_iter()
            .map(|key| scene.setting(key))
            .collect(),
    };
    let mut hosts: Vec<String> =
        told.into_iter().flatten().filter(|host| !host.is_empty() && !host.contains('$')).collect();
    hosts.dedup();
    if hosts.is_empty() {
        hosts.push("localhost".into());
    }
    hosts
}

fn served(scene: &Scene) -> Result<Rc<Served>, String> {
    let (file, alias) = match scene.home.model {
        Model::Xml => (
            ["keystoreFile", "certificateKeystoreFile"]
                .into_iter()
                .find_map(|name| {
                    let connector = "Server/Service/Connector[@SSLEnabled='true']";
                    let certificate = format!("{connector}/SSLHostConfig/Certificate");
                    let path = if name == "keystoreFile" { connector } else { &certificate };
                    scene.xml_attribute("{conf}/tomcat/catalina-server.xml", path, name)
                })
                .or_else(|| {
                    scene.xml_text("{conf}/carbon.xml", "Server/Security/KeyStore/Location")
                }),
            scene.xml_text("{conf}/carbon.xml", "Server/Security/KeyStore/KeyAlias"),
        ),
        Model::Toml => (
            scene
                .setting("keystore.tls.file_name")
                .or_else(|| scene.setting("keystore.primary.file_name")),
            scene.setting("keystore.tls.alias").or_else(|| scene.setting("keystore.primary.alias")),
        ),
    };
    let file = file.ok_or("the configuration names no key store")?;
    let path =
        key_store_path(&file, scene).ok_or_else(|| format!("{file} is not a path in this home"))?;
    scene.view.served(&path, alias.as_deref()).map_err(|why| format!("{path}: {why}"))
}

fn key_store_path(file: &str, scene: &Scene) -> Option<RelPath> {
    let base = &scene.instance.base;
    let below = file.strip_prefix("${carbon.home}/").unwrap_or(file);
    let below = if below.contains('/') {
        below.to_owned()
    } else {
        format!("repository/resources/security/{below}")
    };
    RelPath::parse(&if base.is_empty() { below } else { format!("{base}/{below}") })
}
