//! What the common options select: patches, parameters, homes and their state folders.

use super::Common;
use super::failure::{Exit, Failure};
use super::screen::Screen;
use super::secrets;
use super::waive::{self, Waiver};
use crate::change::{Code, Finding};
use crate::commit::{self, Linux};
use crate::home::release::level;
use crate::home::{Home, View, discover};
use crate::patch::file::Scalar;
use crate::patch::model::{Kind, Native};
use crate::patch::{Catalogue, Patch};
use crate::plan::judge::Values;
use crate::plan::keys::{self, Forge};
use crate::plan::{Scene, evaluate};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// The patches of this run and what they are told.
#[derive(Debug)]
pub struct Work {
    pub catalogue: Catalogue,
    /// Settled parameters of every patch.
    pub values: BTreeMap<Code, Values>,
    /// The patches chosen by `--only` and `--skip`.
    pub selected: Vec<Code>,
    /// The codes that `--only` names.
    pub named: Vec<Code>,
    pub waivers: Vec<Waiver>,
    /// Makes what patches need and text cannot say, for the one home that this is about.
    pub forge: Forge,
}

impl Work {
    pub fn of(common: &Common) -> Result<Self, Failure> {
        Self::with(common, common.settings.as_deref())
    }

    /// The same for one home: where no settings file is named, the home's own counts.
    pub fn at(common: &Common, home: &Home) -> Result<Self, Failure> {
        let own = home.root.join(waive::FILE);
        let own = (common.settings.is_none() && own.exists()).then_some(own);
        Self::with(common, own.as_deref().or(common.settings.as_deref()))
    }

    fn with(common: &Common, file: Option<&Path>) -> Result<Self, Failure> {
        let catalogue = Catalogue::load(&common.patches)?;
        let mut told: BTreeMap<Code, BTreeMap<String, String>> = BTreeMap::new();
        let mut waivers = Vec::new();
        if let Some(path) = file {
            let (parameters, waived) = settings(path, &catalogue)?;
            for (code, name, value) in parameters {
                told.entry(code).or_default().insert(name, value);
            }
            waivers = waived;
        }
        for text in &common.set {
            let (code, name, value) = assignment(text, &catalogue)?;
            told.entry(code).or_default().insert(name, value);
        }
        for (code, name, value) in secrets::told(&common.secret, &catalogue)? {
            told.entry(code).or_default().insert(name, value);
        }
        let mut values = BTreeMap::new();
        let nothing = BTreeMap::new();
        for patch in catalogue.patches() {
            let settled = patch.settle(told.get(&patch.code).unwrap_or(&nothing));
            let settled = settled.map_err(|why| {
                Failure::usage(
                    why,
                    format!("`harden explain {}` lists its parameters.", patch.code),
                )
            })?;
            let keystores = patch.native == Some(Native::Keystores);
            let odd = keystores.then(|| keys::objection(&settled)).flatten();
            if let Some(why) = odd {
                return Err(weak(why, patch));
            }
            values.insert(patch.code.clone(), settled);
        }
        let named = codes(&common.only, &catalogue)?;
        let skipped = codes(&common.skip, &catalogue)?;
        let selected = catalogue
            .patches()
            .map(|patch| patch.code.clone())
            .filter(|code| (named.is_empty() || named.contains(code)) && !skipped.contains(code))
            .collect();
        let from = values.values().find_map(|values: &Values| values.get("from"));
        let from = from.map(|path| std::fs::read(path).map_err(Failure::io(path.clone())));
        let forge = Forge::new(time::OffsetDateTime::now_utc(), from.transpose()?);
        Ok(Self { catalogue, values, selected, named, waivers, forge })
    }

    /// The selected patches, in the order of the guide.
    pub fn patches(&self) -> impl Iterator<Item = &Patch> {
        self.catalogue.patches().filter(|patch| self.selected.contains(&patch.code))
    }

    pub fn values(&self, patch: &Patch) -> &Values {
        static NONE: Values = BTreeMap::new();
        self.values.get(&patch.code).unwrap_or(&NONE)
    }

    /// The values of parameters that are secrets.
    pub fn secrets(&self) -> Vec<String> {
        let secret = |patch: &Patch, name: &str| {
            patch.params.get(name).is_some_and(|param| param.kind == Kind::Secret)
        };
        self.catalogue
            .patches()
            .flat_map(|patch| self.values(patch).iter().filter(|(name, _)| secret(patch, name)))
            .map(|(_, value)| value.clone())
            .collect()
    }

    /// Judges a patch; a deviation that is waived is told as such.
    pub fn finding(&self, patch: &Patch, values: &Values, scene: &Scene) -> Finding {
        waive::cover(&self.waivers, evaluate(patch, values, scene))
    }

    /// Says which patches come from a folder, and not from this program, and which waivers count no
    /// more.
    pub fn notices(&self) -> Vec<String> {
        let notice = |(code, path, replaces): &(Code, PathBuf, bool)| {
            let instead = if *replaces { ", not by the built-in patch" } else { "" };
            format!("{code} is judged by {}{instead}.", path.display())
        };
        let foreign = self.catalogue.foreign.iter().map(notice);
        foreign.chain(waive::notices(&self.waivers)).collect()
    }

    /// What every selected patch says of every instance of a home.
    pub fn findings(&self, home: &Home) -> Vec<Finding> {
        let view = View::of(&home.root);
        let mut findings = Vec::new();
        for instance in &home.instances {
            let scene = Scene { home, instance, view: &view };
            findings.extend(
                self.patches().map(|patch| self.finding(patch, self.values(patch), &scene)),
            );
        }
        findings
    }
}

/// Does something with every home of a run, each once, and tells the gravest outcome.
///
/// With several homes, one that fails or cannot be told is reported and the others go on.
pub fn each_home(
    common: &Common,
    screen: &Screen,
    mut act: impl FnMut(&Home) -> Result<Exit, Failure>,
) -> Result<Exit, Failure> {
    let here = [PathBuf::from(".")];
    let paths = if common.home.is_empty() { &here[..] } else { &common.home[..] };
    let mut done: Vec<PathBuf> = Vec::new();
    let mut worst = Exit::Good;
    for path in paths {
        let outcome = discover::discover(path).map_err(Failure::from).and_then(|home| {
            if done.contains(&home.root) {
                return Ok(Exit::Good);
            }
            done.push(home.root.clone());
            if paths.len() > 1 {
                screen.note(&format!("== {}", home.root.display()));
            }
            act(&home)
        });
        match outcome {
            Ok(exit) => worst = worst.graver(exit),
            Err(failure) if paths.len() > 1 => {
                screen.failure(&failure);
                worst = worst.graver(failure.exit());
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(worst)
}

/// Where the transactions of a home are kept. A folder named with `--state-dir` can serve many
/// homes, so each has a folder of its own in it.
pub fn state_dir(common: &Common, home: &Home) -> PathBuf {
    match &common.state_dir {
        None => home.root.join(commit::NAME),
        Some(dir) => {
            let name = home.root.file_name().map(|name| name.to_string_lossy().into_owned());
            let digest =
                crate::digest::Digest::of(home.root.as_os_str().as_encoded_bytes()).to_string();
            dir.join(format!("{}-{}", name.unwrap_or_else(|| "home".into()), &digest[..8]))
        }
    }
}

/// Finishes what a crash left, and what nobody kept in time; refuses while a change may still be kept.
pub fn recover_first(home: &Home, state: &Path, screen: &Screen) -> Result<(), Failure> {
    recover_crash(home, state, screen)?;
    super::guard::first(home, state, screen, false)
}

/// Finishes what a crash left.
pub fn recover_crash(home: &Home, state: &Path, screen: &Screen) -> Result<(), Failure> {
    if commit::unfinished(&Linux, &home.root, state)?.is_some() {
        let recovered = commit::recover(&Linux, &home.root, state)?;
        screen.note(&super::rollback::told(&recovered));
    }
    Ok(())
}

/// What a home is, for the history.
pub fn release(home: &Home) -> commit::Release {
    commit::Release {
        product: home.product.clone(),
        version: home.version_text(),
        kernel: home.kernel_text(),
        level: level(&home.root),
    }
}

/// Who runs this, as far as the system tells.
#[expect(clippy::disallowed_methods, reason = "who called sudo stands in the environment only")]
pub fn who() -> commit::Who {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let uid = rustix::process::getuid().as_raw();
    let user = if uid == 0 {
        Some("root".into())
    } else {
        variable("USER").or_else(|| variable("LOGNAME"))
    };
    commit::Who {
        user: user.unwrap_or_else(|| format!("uid {uid}")),
        uid,
        sudo_user: variable("SUDO_USER"),
    }
}

pub fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

pub fn codes(texts: &[String], catalogue: &Catalogue) -> Result<Vec<Code>, Failure> {
    texts.iter().map(|text| find(text.trim(), catalogue).map(|patch| patch.code.clone())).collect()
}

pub fn find<'c>(text: &str, catalogue: &'c Catalogue) -> Result<&'c Patch, Failure> {
    catalogue.find(text).ok_or_else(|| {
        Failure::usage(
            format!("there is no guideline \"{text}\""),
            "Codes are P01 to P22, O01 to O09 and N01 to N06; `harden explain` lists them.",
        )
    })
}

fn assignment(text: &str, catalogue: &Catalogue) -> Result<(Code, String, String), Failure> {
    let parts = text.split_once('=').and_then(|(key, value)| {
        let (code, name) = key.split_once('.')?;
        Some((code.trim(), name.trim(), value))
    });
    let (code, name, value) = parts.ok_or_else(|| {
        Failure::usage(
            format!("--set {text} is not of the form CODE.NAME=VALUE"),
            "For example: --set P04.offset=10.",
        )
    })?;
    let patch = find(code, catalogue)?;
    if patch.params.get(name).is_some_and(|param| param.kind == Kind::Secret) {
        return Err(Failure::usage(
            format!(
                "{code}.{name} is a secret and is not taken from the command line, where others could see it"
            ),
            format!(
                "Say where it stands: --secret {code}.{name}=file:PATH, env:NAME or - for standard input."
            ),
        ));
    }
    Ok((patch.code.clone(), name.to_owned(), value.to_owned()))
}

fn weak(why: String, patch: &Patch) -> Failure {
    Failure::usage(why, format!("`harden explain {}` lists its parameters.", patch.code))
}

/// A settings file: one table per guideline, and the waivers.
#[derive(Default)]
struct Tables {
    parameters: BTreeMap<String, BTreeMap<String, Scalar>>,
    waivers: Vec<waive::Entry>,
}

impl<'de> Deserialize<'de> for Tables {
    fn deserialize<D: Deserializer<'de>>(file: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Tables;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("tables of parameters")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tables, A::Error> {
                let mut tables = Tables::default();
                while let Some(key) = map.next_key::<String>()? {
                    if key == "waive" {
                        tables.waivers = map.next_value()?;
                    } else {
                        tables.parameters.insert(key, map.next_value()?);
                    }
                }
                Ok(tables)
            }
        }
        file.deserialize_map(Keys)
    }
}

/// The largest settings file that is read, in bytes.
const LARGEST: u64 = 1 << 20;

/// What a settings file tells: parameters with their guidelines, and waivers.
type Settings = (Vec<(Code, String, String)>, Vec<Waiver>);

/// Reads a settings file.
fn settings(path: &Path, catalogue: &Catalogue) -> Result<Settings, Failure> {
    if path.exists() && !path.is_file() {
        let what = format!("{} is not a regular file", path.display());
        return Err(Failure::usage(what, "Name a settings file with --settings."));
    }
    let failed = || Failure::io(path.display().to_string());
    if std::fs::metadata(path).map_err(failed())?.len() > LARGEST {
        let what = format!("{} is larger than any settings file", path.display());
        return Err(Failure::usage(what, "Name a settings file with --settings."));
    }
    let text = std::fs::read_to_string(path).map_err(failed())?;
    let hint =
        "A settings file has a table for each guideline: [P08], then protocols = [\"TLSv1.2\"].";
    let tables: Tables = toml_edit::de::from_str(&text).map_err(|error| {
        let at = error.span().map(|span| crate::text::position(text.as_bytes(), span.start));
        let at = at.map(|at| format!(":{}:{}", at.line, at.column)).unwrap_or_default();
        let why = match error.message() {
            why if why.contains("untagged") => {
                "a parameter is a text, a whole number, true, false, or a list of texts"
            }
            why if why.contains("expected a map") => "only tables stand at the top",
            why => why,
        };
        Failure::usage(format!("{}{at}: {why}", path.display()), hint)
    })?;
    let placed = |needle: &str, failure: Failure| match failure {
        Failure::Usage(why, hint) => {
            let at = text.find(needle).unwrap_or(0);
            let at = crate::text::position(text.as_bytes(), at);
            Failure::Usage(format!("{}:{}:{}: {why}", path.display(), at.line, at.column), hint)
        }
        other => other,
    };
    let mut all = Vec::new();
    for (code, table) in tables.parameters {
        let patch = find(&code, catalogue).map_err(|failure| placed(&code, failure))?;
        for (name, value) in table {
            let value = match value {
                Scalar::Boolean(value) => value.to_string(),
                Scalar::Integer(value) => value.to_string(),
                Scalar::String(value) => value,
                Scalar::List(values) => values.join(","),
            };
            let alone = BTreeMap::from([(name.clone(), value.clone())]);
            patch.settle(&alone).map_err(|why| placed(&name, weak(why, patch)))?;
            all.push((patch.code.clone(), name, value));
        }
    }
    let mut waivers = Vec::new();
    for (number, entry) in tables.waivers.into_iter().enumerate() {
        let at = text.match_indices("[[waive]]").nth(number).map_or(0, |(at, _)| at);
        let at = crate::text::position(text.as_bytes(), at);
        let hint = "A waiver has code, reason, owner and expires, and may name one instance.";
        let wrong =
            |why: String| Failure::usage(format!("{}:{}: {why}", path.display(), at.line), hint);
        let patch = find(&entry.code, catalogue).map_err(|failure| wrong(failure.to_string()))?;
        let code = patch.code.clone();
        waivers.push(entry.waiver(code).map_err(|why| wrong(format!("a waiver: {why}")))?);
    }
    Ok((all, waivers))
}
