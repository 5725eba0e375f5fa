//! Wants on deployment.toml: what is written, under whichever name, else what the server falls back
//! to; and whether anything in this installation reads it.

use super::{Claim, Court, Exhibit, Judged};
use crate::change::{Place, RelPath, Status};
use crate::format::toml::{Document, Literal as Form, Path};
use crate::home::effective::Mapping;
use crate::patch::model::Literal;

pub fn judge(court: &Court, key: &Path, literal: Literal) -> Vec<Judged> {
    let what = key.to_string();
    let file = match court.scene.toml_file() {
        Ok(file) => file,
        Err(silence) => return vec![court.silent(&what, None, &silence)],
    };
    let silent = |silence| vec![court.silent(&what, Some(&file), &silence)];
    let content = match court.scene.content(&file) {
        Ok(content) => content,
        Err(silence) => return silent(silence),
    };
    let document = match court.scene.view.toml(&file) {
        Ok(document) => document,
        Err(silence) => return silent(silence),
    };
    let mapping = match court.scene.mapping() {
        Ok(mapping) => mapping,
        Err(other) => return silent(other),
    };
    Setting { key, literal, file: &file, text: &content, document: &document, mapping: &mapping }
        .judge(court)
}

struct Setting<'a> {
    key: &'a Path,
    literal: Literal,
    file: &'a RelPath,
    text: &'a [u8],
    document: &'a Document,
    mapping: &'a Mapping,
}

impl Setting<'_> {
    fn judge(&self, court: &Court) -> Vec<Judged> {
        let listed = self.key.parts().iter().any(|part| part.only.is_some());
        let target = self.mapping.target(&self.key.flat());
        let fallback = if listed { None } else { self.mapping.default(self.document, &target) };
        let written = if listed { vec![self.key.clone()] } else { self.written(&target) };
        let set: Vec<(Path, crate::format::toml::Found)> = written
            .into_iter()
            .flat_map(|path| {
                self.document.values(&path).into_iter().map(move |found| (path.clone(), found))
            })
            .collect();
        if set.is_empty() && court.want.optional {
            let exhibit = self.exhibit(self.key, self.text.len(), None, None);
            return vec![court.rule(exhibit, |value| self.fix(self.key, value))];
        }
        if let Some(why) = self.ineffective(&target, fallback.is_some()) {
            let place = Place { file: self.file.to_string(), at: None };
            return vec![court.without_place(
                &self.key.to_string(),
                Some(place),
                Status::NotEffective,
                why,
            )];
        }
        let fallback =
            fallback.map(|found| (found.value, format!("the default of {}", found.source)));
        if set.is_empty() {
            let exhibit = self.exhibit(self.key, self.text.len(), None, fallback);
            return vec![court.rule(exhibit, |value| self.fix(self.key, value))];
        }
        set.into_iter()
            .map(|(path, found)| {
                let exhibit = self.exhibit(&path, found.range.start, Some(found.text), None);
                court.rule(exhibit, |value| self.fix(&path, value))
            })
            .collect()
    }

    /// Every name under which the setting is written. Two names for one setting are both judged,
    /// because which of them wins depends on a hash order (wso2/config-mapper, KeyMapper).
    fn written(&self, target: &str) -> Vec<Path> {
        let aliases = self.mapping.aliases(target);
        let paths = aliases.iter().filter_map(|alias| alias.parse::<Path>().ok());
        paths.filter(|path| self.document.value(path).is_some()).collect()
    }

    fn ineffective(&self, target: &str, has_default: bool) -> Option<String> {
        if self.mapping.loses(target) {
            return Some(format!(
                "default.json of this version holds an object above {target}, and the server may lose the key"
            ));
        }
        (self.mapping.read_by(target).is_none() && !has_default)
            .then(|| format!("no installed template reads {target}"))
    }

    fn exhibit(
        &self,
        path: &Path,
        offset: usize,
        found: Option<String>,
        fallback: Option<(String, String)>,
    ) -> Exhibit<'_> {
        Exhibit {
            what: path.to_string(),
            file: self.file,
            text: self.text,
            offset,
            found,
            fallback,
        }
    }

    fn fix(
        &self,
        path: &Path,
        value: Option<&str>,
    ) -> (Result<Vec<crate::text::Edit>, crate::format::Fault>, Claim) {
        let form = match self.literal {
            Literal::String => Form::String,
            Literal::Bare => Form::Bare,
            Literal::Array => Form::Array,
        };
        let edits = match value {
            Some(value) => self.document.set(path, value, form),
            None => self.document.remove(path),
        };
        (edits, Claim::Toml { key: path.clone(), value: value.map(str::to_owned) })
    }
}
