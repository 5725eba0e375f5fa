//! Whether a condition of a patch holds for an instance, and on what evidence.

use super::hosts;
use super::scene::{Scene, Silence};
use crate::change::{Model, RelPath};
use crate::home::certificate::Served;
use crate::patch::model::{Certificate, Condition, Fact, Spot, Standing};
use crate::patch::template::Template;
use crate::secret::Secret;
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
    /// A file that would tell cannot be read or understood.
    Broken(RelPath, Silence),
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
            broken @ Holds::Broken(..) => return broken,
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

fn presence(standing: &Standing, scene: &Scene, wanted: bool) -> Holds {
    match stands(standing, scene) {
        Err(holds) => holds,
        Ok((found, what)) => told(found == wanted, || {
            let says =
                standing.says.as_ref().map(|text| format!(" with \"{text}\"")).unwrap_or_default();
            format!("{what}{says} {}", if wanted { "is not there" } else { "is there" })
        }),
    }
}

/// Tells whether a place exists and says what it is to say; a missing file has no places.
fn stands(standing: &Standing, scene: &Scene) -> Result<(bool, String), Holds> {
    let unclear = |silence: Silence| Holds::Unclear(silence.sentence());
    let file = match &standing.spot {
        Spot::Xml { file, .. } | Spot::Properties { file, .. } => {
            scene.file(file).map_err(unclear)?
        }
        Spot::Toml { .. } => scene.toml_file().map_err(unclear)?,
        Spot::Jvm { .. } => return Ok((false, "a flag".into())),
    };
    if !scene.view.exists(&file) {
        return Ok((false, file.to_string()));
    }
    let broken = |silence| Holds::Broken(file.clone(), silence);
    let values: Vec<Option<String>> = match &standing.spot {
        Spot::Xml { at, .. } => {
            let document = scene.view.xml(&file).map_err(broken)?;
            let text = |element| document.text(element).map(|value| value.text);
            document.select(at).into_iter().map(text).collect()
        }
        Spot::Toml { key, .. } => {
            let document = scene.view.toml(&file).map_err(broken)?;
            let written = document.values(key).into_iter().map(|found| Some(found.text)).collect();
            // What the server falls back on says something too.
            let in_force = || vec![scene.setting(&key.flat())];
            if standing.says.is_some() { in_force() } else { written }
        }
        Spot::Properties { key, .. } => {
            let document = scene.view.properties(&file).map_err(broken)?;
            let (key, wanted) =
                key.split_once('=').map_or((key.as_str(), None), |(k, v)| (k, Some(v)));
            let found = document.value(key).map(|value| value.text);
            let counts = |value: &String| wanted.is_none_or(|wanted| value == wanted);
            found.into_iter().filter(counts).map(Some).collect()
        }
        Spot::Jvm { .. } => Vec::new(),
    };
    let what = match &standing.spot {
        Spot::Xml { at, .. } => format!("{at} in {file}"),
        Spot::Toml { key, .. } => format!("{key} in {file}"),
        Spot::Properties { key, .. } => format!("{key} in {file}"),
        Spot::Jvm { flag } => flag.clone(),
    };
    let found = match &standing.says {
        None => !values.is_empty(),
        Some(text) => values.iter().flatten().any(|value| value.contains(text.as_str())),
    };
    Ok((found, what))
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
            // Opening a pipe would wait for a writer.
            if !path.is_file() {
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
        Err(holds) => return holds,
    };
    let hosts = match hosts::called(scene, wanted == Certificate::CoversHosts) {
        Ok(hosts) => hosts,
        Err((file, silence)) => return Holds::Broken(file, silence),
    };
    if wanted == Certificate::Replaced && served.shipped {
        return Holds::No("this home serves the certificate that the product ships".into());
    }
    if served.expired {
        return Holds::No("the served certificate is not valid today".into());
    }
    match hosts.iter().find(|host| !served.covers(host)) {
        Some(host) => Holds::No(format!(
            "the served certificate names {}, not {host}",
            served.names.join(", ")
        )),
        None => Holds::Yes(format!("the served certificate covers {}", hosts.join(", "))),
    }
}

fn served(scene: &Scene) -> Result<Rc<Served>, Holds> {
    let unclear =
        |why: String| Holds::Unclear(format!("the served certificate is not known: {why}"));
    let (file, alias, password) = match scene.home.model {
        Model::Xml => {
            let connector = "Server/Service/Connector[@SSLEnabled='true']";
            let certificate = &format!("{connector}/SSLHostConfig/Certificate");
            let catalina = "{conf}/tomcat/catalina-server.xml";
            let attribute = |path: &str, name: &str| scene.xml_attribute(catalina, path, name);
            let carbon = |name: &str| {
                let path = format!("Server/Security/KeyStore/{name}");
                scene.xml_text("{conf}/carbon.xml", &path)
            };
            (
                attribute(connector, "keystoreFile")
                    .or_else(|| attribute(certificate, "certificateKeystoreFile"))
                    .or_else(|| carbon("Location")),
                carbon("KeyAlias"),
                attribute(connector, "keystorePass")
                    .or_else(|| attribute(certificate, "certificateKeystorePassword"))
                    .or_else(|| carbon("Password")),
            )
        }
        Model::Toml => {
            let setting = |name: &str| {
                let of = |store: &str| scene.setting(&format!("keystore.{store}.{name}"));
                of("tls").or_else(|| of("primary"))
            };
            (setting("file_name"), setting("alias"), setting("password"))
        }
    };
    let file = file.ok_or_else(|| unclear("the configuration names no key store".into()))?;
    let path = key_store_path(&file, scene)
        .ok_or_else(|| unclear(format!("{file} is not a path in this home")))?;
    let password = password.map(Secret::new);
    scene
        .view
        .served(&path, alias.as_deref(), password.as_ref())
        .map_err(|why| unclear(format!("{path}: {why}")))
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
