//! One instance with everything that judging it needs: its home, its files, its effective settings.

use crate::change::{Model, RelPath};
use crate::home::effective::Mapping;
pub use crate::home::view::Silence;
use crate::home::{Home, Instance, View};
use crate::patch::template::Template;
use std::rc::Rc;

/// An instance under judgement.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    pub home: &'a Home,
    pub instance: &'a Instance,
    pub view: &'a View,
}

impl<'a> Scene<'a> {
    /// Names a file of this instance.
    pub fn file(&self, template: &Template) -> Result<RelPath, Silence> {
        let path = template
            .fill(|hole| self.instance.place(hole))
            .map_err(|hole| Silence::Other(format!("{{{hole}}} names no place of a home.")))?;
        RelPath::parse(&path)
            .ok_or_else(|| Silence::Other(format!("{path} is not a path below the home.")))
    }

    pub fn content(&self, file: &RelPath) -> Result<Rc<[u8]>, Silence> {
        self.view.content(file).map_err(Silence::Trouble)
    }

    /// The instance's deployment.toml.
    pub fn toml_file(&self) -> Result<RelPath, Silence> {
        let usual = || format!("{}/deployment.toml", self.instance.conf);
        let path = self.instance.moved_toml.clone().unwrap_or_else(usual);
        RelPath::parse(&path)
            .ok_or_else(|| Silence::Other(format!("{path} is not a path below the home.")))
    }

    /// Tells whether the server makes this file from a template at each start.
    pub fn templated(&self, file: &RelPath) -> bool {
        self.home.model == Model::Toml
            && self.template_of(file).is_some_and(|template| self.view.exists(&template))
    }

    fn template_of(&self, file: &RelPath) -> Option<RelPath> {
        // The templates lie as the files do, below one folder.
        let templates = self.instance.place("templates")?;
        let top = templates.strip_suffix(&self.instance.conf)?;
        RelPath::parse(&format!("{top}{file}.j2"))
    }

    /// How settings of deployment.toml are mapped, defaulted and read in this installation.
    pub fn mapping(&self) -> Result<Rc<Mapping>, Silence> {
        self.view.mapping(self.instance)
    }

    /// The text of the first element at a path, when the file can be read and has it.
    pub fn xml_text(&self, file: &str, path: &str) -> Option<String> {
        let document = self.view.xml(&self.file(&Template::parse(file)).ok()?).ok()?;
        let element = document.select(&path.parse().ok()?).into_iter().next()?;
        document.text(element).map(|value| value.text)
    }

    /// An attribute of the first element at a path.
    pub fn xml_attribute(&self, file: &str, path: &str, name: &str) -> Option<String> {
        let document = self.view.xml(&self.file(&Template::parse(file)).ok()?).ok()?;
        let element = document.select(&path.parse().ok()?).into_iter().next()?;
        document.attribute(element, name).map(|value| value.text)
    }

    /// What the server uses for a key of deployment.toml: what is written, else its default.
    pub fn setting(&self, key: &str) -> Option<String> {
        let document = self.view.toml(&self.toml_file().ok()?).ok()?;
        let mapping = self.mapping().ok()?;
        let target = mapping.target(key);
        let written = mapping
            .aliases(&target)
            .iter()
            .find_map(|alias| document.value(&alias.parse().ok()?))
            .map(|found| found.text);
        let value = written.or_else(|| mapping.default(&document, &target).map(|d| d.value))?;
        let Some(reference) = value.strip_prefix("$ref{").and_then(|rest| rest.strip_suffix('}'))
        else {
            return Some(value);
        };
        // One step is all that shipped defaults need; a longer chain is left as it stands.
        let found = document.value(&reference.parse().ok()?).map(|found| found.text);
        found.or_else(|| mapping.default(&document, reference).map(|d| d.value))
    }
}
