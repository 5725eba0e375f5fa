//! References to key stores: what each part of one says, and where it stands.
//!
//! A reference whose file or element is not there is no reference; one that cannot be read is told
//! apart, and nothing is guessed about it.

use crate::change::{Model, Place, RelPath};
use crate::format::xml::{Document, Element};
use crate::home::effective::Mapping;
use crate::patch::Patch;
use crate::patch::model::{Role, Spot, StoreSpot};
use crate::plan::evaluate::open;
use crate::plan::scene::{Scene, Silence};
use crate::text::position;

/// One reference to a key store.
#[derive(Debug, Clone)]
pub struct Reference {
    pub spot: StoreSpot,
    /// The file that it stands in.
    pub file: RelPath,
    pub location: Part,
    pub kind: Option<Part>,
    pub password: Option<Part>,
    pub alias: Option<Part>,
    pub key_password: Option<Part>,
}

/// What one part of a reference says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub text: Text,
    pub place: Place,
    /// It stands there, and is no default of the product.
    pub written: bool,
}

/// A value, or a pointer to where it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Text {
    Plain(String),
    /// Kept in Secure Vault or the environment, as this says.
    Kept(String),
}

/// The references of an instance, and the files in which some could not be read.
#[derive(Debug, Default)]
pub struct References {
    pub found: Vec<Reference>,
    pub broken: Vec<(RelPath, Silence)>,
}

impl Reference {
    pub fn role(&self) -> Role {
        self.spot.role
    }

    /// Names the reference as an operator would: the place of its location.
    pub fn name(&self) -> String {
        match &self.spot.location {
            Spot::Xml { at, child: Some(child), .. } => format!("{at}/{child}"),
            Spot::Xml { at, attr: Some(attr), .. } => format!("{at}/@{attr}"),
            Spot::Xml { at, .. } => at.to_string(),
            Spot::Toml { key, .. } => key.to_string(),
            Spot::Properties { key, .. } => key.clone(),
            Spot::Jvm { flag } => flag.clone(),
        }
    }

    /// Tells whether nothing of it is written, so that it follows what the product's defaults say.
    pub fn follows(&self) -> bool {
        let parts = [&self.kind, &self.password, &self.alias, &self.key_password];
        !self.location.written && parts.into_iter().flatten().all(|part| !part.written)
    }
}

impl Part {
    /// The text as it stands, pointers included.
    pub fn says(&self) -> &str {
        match &self.text {
            Text::Plain(text) | Text::Kept(text) => text,
        }
    }

    /// The value, where it stands in the configuration.
    pub fn plain(&self) -> Option<&str> {
        match &self.text {
            Text::Plain(text) => Some(text),
            Text::Kept(_) => None,
        }
    }
}

/// Lists every reference of the patch's open variants that is live in this instance.
pub fn references(patch: &Patch, scene: &Scene) -> References {
    let mut all = References::default();
    for spot in open(patch, scene).flat_map(|variant| &variant.stores) {
        let read = match &spot.location {
            Spot::Xml { .. } => in_xml(spot, scene),
            Spot::Toml { .. } => in_toml(spot, scene),
            Spot::Properties { .. } => in_properties(spot, scene),
            Spot::Jvm { .. } => Ok(Vec::new()),
        };
        match read {
            Ok(found) => all.found.extend(found),
            Err((file, silence)) => {
                if !all.broken.iter().any(|(known, _)| *known == file) {
                    all.broken.push((file, silence));
                }
            }
        }
    }
    all
}

type Read = Result<Vec<Reference>, (RelPath, Silence)>;

/// Puts a reference together from its parts; without a location there is none.
fn assemble(
    spot: StoreSpot,
    file: &RelPath,
    read: impl Fn(&Spot) -> Option<Part>,
) -> Option<Reference> {
    Some(Reference {
        location: read(&spot.location).filter(|part| !part.is_empty())?,
        kind: spot.kind.as_ref().and_then(&read),
        password: spot.password.as_ref().and_then(&read),
        alias: spot.alias.as_ref().and_then(&read),
        key_password: spot.key_password.as_ref().and_then(&read),
        file: file.clone(),
        spot,
    })
}

fn in_xml(spot: &StoreSpot, scene: &Scene) -> Read {
    let Spot::Xml { file, at, .. } = &spot.location else {
        return Ok(Vec::new());
    };
    let Ok(file) = scene.file(file) else {
        return Ok(Vec::new());
    };
    if !scene.view.exists(&file) || scene.templated(&file) {
        return Ok(Vec::new());
    }
    let document = match scene.view.xml(&file) {
        Ok(document) => document,
        // A template need not be XML before it is filled in.
        Err(Silence::Fault(_)) if file.as_str().ends_with(".j2") => return Ok(Vec::new()),
        Err(silence) => return Err((file, silence)),
    };
    let reader = XmlReader { document: &document, file: &file };
    let found = document.select(at).into_iter().enumerate().filter_map(|(index, element)| {
        assemble(spot.at_match(index), &file, |part| reader.part(element, part))
    });
    Ok(found.collect())
}

struct XmlReader<'a> {
    document: &'a Document,
    file: &'a RelPath,
}

impl XmlReader<'_> {
    fn part(&self, parent: Element, spot: &Spot) -> Option<Part> {
        let Spot::Xml { child, attr, .. } = spot else {
            return None;
        };
        let element = match child {
            Some(child) => self.document.select_below(parent, child).into_iter().next()?,
            None => parent,
        };
        let value = match attr {
            Some(name) => self.document.attribute(element, name)?,
            None => self.document.text(element)?,
        };
        let place = Place {
            file: self.file.to_string(),
            at: Some(position(self.document.source(), value.range.start)),
        };
        Some(Part { text: self.text(element, attr.as_deref(), value.text), place, written: true })
    }

    /// Secure Vault marks an element with `svns:secretAlias`; for an attribute the alias ends with
    /// its name (wso2/carbon-kernel, `SecureVaultUtil`).
    fn text(&self, element: Element, attr: Option<&str>, value: String) -> Text {
        let alias = self
            .document
            .attribute(element, "svns:secretAlias")
            .or_else(|| self.document.attribute(element, "secretAlias"))
            .map(|alias| alias.text)
            .filter(|alias| attr.is_none_or(|attr| alias.ends_with(attr)));
        match alias {
            Some(alias) => Text::Kept(format!("Secure Vault, as {alias}")),
            None => plain_or_kept(value),
        }
    }
}

fn in_toml(spot: &StoreSpot, scene: &Scene) -> Read {
    let file = match scene.toml_file() {
        Ok(file) if scene.home.model == Model::Toml => file,
        _ => return Ok(Vec::new()),
    };
    let document = scene.view.toml(&file).map_err(|silence| (file.clone(), silence))?;
    let mapping = scene.mapping().map_err(|silence| (file.clone(), silence))?;
    let content = scene.content(&file).map_err(|silence| (file.clone(), silence))?;
    let part = |spot: &Spot| {
        let Spot::Toml { key, .. } = spot else {
            return None;
        };
        let flat = key.flat();
        let written = spelled(&mapping, &flat).find_map(|alias| document.value(&alias));
        let at = written.as_ref().map(|found| position(&content, found.range.start));
        let value = scene.setting(&flat)?;
        let place = Place { file: file.to_string(), at };
        Some(Part { text: plain_or_kept(value), place, written: written.is_some() })
    };
    // What no template reads has no effect, whatever it says.
    let read = |spot: &Spot| match spot {
        Spot::Toml { key, .. } => {
            let target = mapping.target(&key.flat());
            mapping.read_by(&target).is_some() || mapping.default(&document, &target).is_some()
        }
        _ => false,
    };
    if !read(&spot.location) {
        return Ok(Vec::new());
    }
    Ok(assemble(spot.clone(), &file, part).into_iter().collect())
}

fn spelled(
    mapping: &Mapping,
    flat: &str,
) -> impl Iterator<Item = crate::format::toml::Path> + use<> {
    mapping.aliases(&mapping.target(flat)).into_iter().filter_map(|alias| alias.parse().ok())
}

fn in_properties(spot: &StoreSpot, scene: &Scene) -> Read {
    let Spot::Properties { file, .. } = &spot.location else {
        return Ok(Vec::new());
    };
    let Ok(file) = scene.file(file) else {
        return Ok(Vec::new());
    };
    if !scene.view.exists(&file) || scene.templated(&file) {
        return Ok(Vec::new());
    }
    let document = scene.view.properties(&file).map_err(|silence| (file.clone(), silence))?;
    let content = scene.view.content(&file).map_err(|why| (file.clone(), Silence::Trouble(why)))?;
    let guarded = document.value("protectedTokens").map(|value| value.text).unwrap_or_default();
    let part = |spot: &Spot| {
        let Spot::Properties { key, .. } = spot else {
            return None;
        };
        let value = document.value(key)?;
        let kept = guarded.split(',').any(|token| token.trim() == key);
        let text = match kept {
            true => Text::Kept(format!("Secure Vault, as {key}")),
            false => plain_or_kept(value.text),
        };
        let at = Some(position(&content, value.range.start));
        Some(Part { text, place: Place { file: file.to_string(), at }, written: true })
    };
    Ok(assemble(spot.clone(), &file, part).into_iter().collect())
}

impl Part {
    fn is_empty(&self) -> bool {
        self.plain().is_some_and(|text| text.trim().is_empty())
    }
}

/// `$secret{…}`, `$env{…}`, `$sys{…}` and `${env:…}` point elsewhere; `${carbon.home}/…` is a path.
fn plain_or_kept(value: String) -> Text {
    let pointer = ["$secret{", "$env{", "$sys{", "${env:", "${sys:"]
        .iter()
        .any(|start| value.trim_start().starts_with(start));
    if pointer && !value.contains('/') { Text::Kept(value) } else { Text::Plain(value) }
}
