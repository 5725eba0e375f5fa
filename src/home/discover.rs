//! Telling a product home from what is on disk: product, versions, model, layout, instances.
//!
//! A folder that is not recognised is named as such; nothing is guessed. Versions come with the
//! evidence they rest on, because the text files in `bin/` are wrong in several releases.

use super::release;
use crate::change::{Model, RelPath};
use crate::format::{script, xml};
use crate::version::Version;
use std::fs;
use std::path::{Path, PathBuf};

/// A recognised product home.
#[derive(Debug, Clone)]
pub struct Home {
    /// Absolute, links resolved.
    pub root: PathBuf,
    /// The server key of carbon.xml (`AM`, `IS`, `EI`, …), else what `bin/version.txt` says.
    pub product: String,
    pub version: Option<Version>,
    pub kernel: Option<Version>,
    /// Where the kernel version was read.
    pub kernel_evidence: String,
    pub model: Model,
    pub layout: &'static str,
    pub instances: Vec<Instance>,
    /// The server has been started at least once.
    pub started: bool,
    /// What an operator should know of this home, sentences.
    pub notices: Vec<String>,
}

/// One configured server in a home.
#[derive(Debug, Clone)]
pub struct Instance {
    pub name: String,
    /// Below the home; empty for the home itself.
    pub base: String,
    pub conf: String,
    pub product: String,
    pub launchers: Vec<Launcher>,
    /// Where deployment.toml is, when a launcher says that it is not in `conf`.
    pub moved_toml: Option<String>,
}

/// A file that builds the command line of the JVM.
#[derive(Debug, Clone)]
pub struct Launcher {
    pub kind: script::Kind,
    pub file: RelPath,
}

/// Why a folder is not a home that can be worked on.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    #[error("{}: there is no such folder", .0.display())]
    Missing(PathBuf),
    #[error("{}: no WSO2 home here or above", .0.display())]
    None(PathBuf),
    #[error(
        "{}: this looks like a WSO2 home, but neither repository/conf/carbon.xml nor conf/carbon.xml is there",
        .0.display()
    )]
    NoCarbonXml(PathBuf),
    #[error("{}: the folder cannot be read", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
}

impl HomeError {
    /// Says what to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::None(_) | Self::Missing(_) => {
                "Name the product's folder, the one that holds bin/ and repository/, with --home."
            }
            Self::NoCarbonXml(_) => {
                "Put the product's carbon.xml back; without it the product cannot be told."
            }
            Self::Unreadable { .. } => "Run as a user who may read the product's folder.",
        }
    }
}

/// Finds the home at or above a path.
///
/// # Errors
/// [`HomeError`] when there is none, or none that can be told.
pub fn discover(path: &Path) -> Result<Home, HomeError> {
    let start = fs::canonicalize(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => HomeError::Missing(path.to_path_buf()),
        _ => HomeError::Unreadable { path: path.to_path_buf(), source },
    })?;
    let candidate = start.ancestors().find(|dir| conf_of(dir).is_some());
    let Some(found) = candidate else {
        let doubtful = start.ancestors().find(|dir| dir.join("repository/conf").is_dir());
        return Err(doubtful
            .map_or(HomeError::None(start.clone()), |dir| HomeError::NoCarbonXml(dir.into())));
    };
    Ok(describe(enclosing_home(found)))
}

/// Some folders inside a home look like one: `repository`, whose `conf` is the home's own, and a
/// profile of an Enterprise Integrator (`wso2/<profile>`). Both belong to the home around them.
fn enclosing_home(found: &Path) -> &Path {
    let parent = found.parent();
    let outer = if found.ends_with("repository") {
        parent
    } else {
        parent.filter(|dir| dir.ends_with("wso2")).and_then(Path::parent)
    };
    outer.filter(|dir| conf_of(dir).is_some()).unwrap_or(found)
}

/// The conf folder below a root: the one that has a carbon.xml. Started Enterprise Integrators can
/// have a stray `repository/conf` beside `conf`.
fn conf_of(root: &Path) -> Option<&'static str> {
    let has = |conf: &str| {
        root.join(conf).join("carbon.xml").is_file()
            || (root.join(conf).join("deployment.toml").exists() && templates_of(root).is_some())
    };
    ["conf", "repository/conf"].into_iter().find(|conf| has(conf))
}

fn templates_of(root: &Path) -> Option<PathBuf> {
    Some(root.join("repository/resources/conf/templates")).filter(|dir| dir.is_dir())
}

fn describe(root: &Path) -> Home {
    let conf = conf_of(root).unwrap_or("repository/conf");
    let mut notices = Vec::new();
    // Templates mean that the server makes its files at start, wherever deployment.toml is; files
    // like default.json alone prove nothing (an XML-era product has them left over).
    let model = if templates_of(root).is_some() { Model::Toml } else { Model::Xml };
    let identity = identity_of(root, conf);
    let version_text = release::text(root, "bin/version.txt", &mut notices);
    let product = identity
        .key
        .clone()
        .or_else(|| key_of_name(&version_text))
        .unwrap_or_else(|| "Carbon".into());
    let (kernel, kernel_evidence) = release::kernel(root, &mut notices);
    let (profiles, skipped) = profiles_of(root);
    notices.extend(skipped);
    let layout = match (conf, profiles.is_empty(), product.as_str()) {
        (_, false, _) => "profiles",
        ("conf", _, "MI") => "micro-integrator",
        ("conf", ..) => "integrator",
        _ => "standard",
    };
    let main = if layout == "profiles" { "integrator" } else { "server" };
    let mut instances = vec![Instance {
        name: main.to_owned(),
        base: String::new(),
        conf: conf.to_owned(),
        product: product.clone(),
        launchers: launchers_of(root, "", &profiles),
        moved_toml: None,
    }];
    for profile in &profiles {
        let base = format!("wso2/{profile}");
        let identity = identity_of(&root.join(&base), "conf");
        instances.push(Instance {
            name: profile.clone(),
            conf: format!("{base}/conf"),
            product: identity.key.unwrap_or_else(|| product.clone()),
            launchers: launchers_of(root, &format!("{base}/"), &[]),
            moved_toml: None,
            base,
        });
    }
    // A bare kernel leaves the product's name and version unfilled; it is its own product.
    let bare = product == "Carbon";
    for instance in &mut instances {
        instance.moved_toml = moved_toml(root, &instance.launchers);
        if let Some(path) = &instance.moved_toml {
            notices.push(format!(
                "A start script of {} reads {path} as deployment.toml.",
                instance.name
            ));
        }
    }
    let version = Version::find(&version_text)
        .or(identity.version)
        .or_else(|| kernel.clone().filter(|_| bare));
    let started = root.join("repository/resources/conf/.metadata").is_dir()
        || root.join("wso2carbon.pid").exists()
        || has_log(&root.join("repository/logs"));
    Home {
        root: root.to_path_buf(),
        product,
        version,
        kernel,
        kernel_evidence,
        model,
        layout,
        instances,
        started,
        notices,
    }
}

struct Identity {
    key: Option<String>,
    version: Option<Version>,
}

/// What carbon.xml says of the product. A damaged file says nothing; the patches that need it
/// report the damage.
fn identity_of(root: &Path, conf: &str) -> Identity {
    let text = bytes(&root.join(conf).join("carbon.xml"));
    let nothing = Identity { key: None, version: None };
    let Ok(document) = xml::Document::parse(&text) else {
        return nothing;
    };
    let first = |path: &str| {
        let path: xml::Path = path.parse().ok()?;
        let element = document.select(&path).into_iter().next()?;
        document.text(element).map(|value| value.text)
    };
    let key =
        first("Server/ServerKey").filter(|key| !key.is_empty() && !key.contains(['$', '{', '%']));
    Identity { key, version: first("Server/Version").and_then(|text| Version::find(&text)) }
}

/// Server keys of the products, for homes whose carbon.xml does not say.
fn key_of_name(version_text: &str) -> Option<String> {
    const NAMES: [(&str, &str); 9] = [
        ("API Manager", "AM"),
        ("Identity Server", "IS"),
        ("Micro Integrator", "MI"),
        ("Enterprise Integrator", "EI"),
        ("Enterprise Service Bus", "ESB"),
        ("Message Broker", "MB"),
        ("Data Analytics Server", "DAS"),
        ("Business Process Server", "BPS"),
        ("Application Server", "AS"),
    ];
    NAMES.into_iter().find(|(name, _)| version_text.contains(name)).map(|(_, key)| key.to_owned())
}

/// The profiles that are Carbon 4 servers, and a notice for each that is not.
fn profiles_of(root: &Path) -> (Vec<String>, Vec<String>) {
    const PROFILES: [&str; 5] =
        ["analytics", "broker", "business-process", "micro-integrator", "msf4j"];
    let mut found = Vec::new();
    let mut notices = Vec::new();
    for profile in PROFILES {
        let conf = root.join("wso2").join(profile).join("conf");
        if conf.join("carbon.xml").is_file() {
            found.push(profile.to_owned());
        } else if conf.is_dir() {
            notices.push(format!(
                "wso2/{profile} is not a Carbon 4 server (no conf/carbon.xml); it is left out."
            ));
        }
    }
    (found, notices)
}

/// The files that build the JVM's command line. In an Enterprise Integrator, bin/<profile>.sh only
/// calls the profile's own script.
fn launchers_of(root: &Path, base: &str, profiles: &[String]) -> Vec<Launcher> {
    const NAMES: [&str; 9] = [
        "wso2server",
        "api-manager",
        "gateway",
        "api-cp",
        "key-manager",
        "traffic-manager",
        "integrator",
        "micro-integrator",
        "iot-server",
    ];
    let mut launchers = Vec::new();
    let mut add = |kind, file: String| {
        if root.join(&file).is_file()
            && let Some(file) = RelPath::parse(&file)
        {
            launchers.push(Launcher { kind, file });
        }
    };
    for name in NAMES.into_iter().filter(|name| !profiles.iter().any(|profile| profile == name)) {
        add(script::Kind::Shell, format!("{base}bin/{name}.sh"));
        add(script::Kind::Batch, format!("{base}bin/{name}.bat"));
    }
    add(script::Kind::Wrapper, format!("{base}bin/yajsw/wrapper.conf"));
    launchers
}

/// The deployment.toml that a launcher names (wso2/carbon-kernel, `deployment.config.file.path`),
/// below the home where it can be told.
fn moved_toml(root: &Path, launchers: &[Launcher]) -> Option<String> {
    launchers.iter().find_map(|launcher| {
        let text = bytes(&root.join(launcher.file.as_str()));
        let script = script::Launcher::parse(launcher.kind, &text).ok()?;
        let value = script.effective("-Ddeployment.config.file.path")?.value?;
        let below = ["$CARBON_HOME/", "${CARBON_HOME}/", "%CARBON_HOME%\\", "${carbon_home}\\\\"]
            .into_iter()
            .find_map(|home| value.strip_prefix(home))
            .unwrap_or(&value);
        Some(below.replace("\\\\", "/").replace('\\', "/"))
    })
}

fn has_log(logs: &Path) -> bool {
    fs::read_dir(logs).is_ok_and(|entries| {
        entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("wso2carbon"))
    })
}

/// Reads a small file; anything else (a pipe would wait for a writer) says nothing.
fn bytes(path: &Path) -> Vec<u8> {
    const LIMIT: u64 = 8 << 20;
    let regular = fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() <= LIMIT);
    if regular { fs::read(path).unwrap_or_default() } else { Vec::new() }
}

impl Home {
    /// The version as a report shows it.
    pub fn version_text(&self) -> String {
        self.version.as_ref().map_or_else(|| "unknown".into(), Version::to_string)
    }

    pub fn kernel_text(&self) -> String {
        self.kernel.as_ref().map_or_else(|| "unknown".into(), Version::to_string)
    }
}

impl Instance {
    /// Fills the places that patches name files by: `{conf}`, `{base}`, `{templates}`, `{security}`.
    pub fn place(&self, hole: &str) -> Option<String> {
        let below = |path: &str| {
            if self.base.is_empty() { path.to_owned() } else { format!("{}/{path}", self.base) }
        };
        match hole {
            "conf" => Some(self.conf.clone()),
            "bin" => Some(below("bin")),
            "deployment" => Some(below("repository/deployment/server")),
            "security" => Some(below("repository/resources/security")),
            "templates" => {
                Some(format!("{}/{}", below("repository/resources/conf/templates"), self.conf))
            }
            _ => None,
        }
    }
}
