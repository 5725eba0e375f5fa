//! Wants on XML files.

use super::{Claim, Court, Exhibit, Judged};
use crate::change::{Place, RelPath, Status};
use crate::format::xml::second::{Intended, Operation};
use crate::format::xml::{Document, Element, Leaf, Path};
use crate::patch::model::Spot;

pub fn judge(court: &Court, spot: &Spot) -> Vec<Judged> {
    let Spot::Xml { file, at, child, attr, after, nth } = spot else {
        return Vec::new();
    };
    let place = Target {
        at,
        child: child.as_ref(),
        attr: attr.as_deref(),
        after: after.as_deref(),
        nth: *nth,
    };
    let what = place.what();
    let file = match court.scene.file(file) {
        Ok(file) => file,
        Err(silence) => return vec![court.silent(&what, None, &silence)],
    };
    if court.scene.templated(&file) {
        let why =
            "the server makes this file from a template at each start, so it is not edited".into();
        let place = Place { file: file.to_string(), at: None };
        return vec![court.without_place(&what, Some(place), Status::NotEffective, why)];
    }
    let content = match court.scene.content(&file) {
        Ok(content) => content,
        Err(silence) => return vec![court.silent(&what, Some(&file), &silence)],
    };
    match court.scene.view.xml(&file) {
        Ok(document) => place.judge(court, &file, &content, &document),
        Err(silence) => vec![court.silent(&what, Some(&file), &silence)],
    }
}

struct Target<'a> {
    at: &'a Path,
    child: Option<&'a Path>,
    attr: Option<&'a str>,
    after: Option<&'a str>,
    nth: Option<usize>,
}

impl Target<'_> {
    fn judge(
        &self,
        court: &Court,
        file: &RelPath,
        text: &[u8],
        document: &Document,
    ) -> Vec<Judged> {
        let mut parents = document.select(self.at);
        if let Some(nth) = self.nth {
            parents = parents.get(nth).copied().into_iter().collect();
        }
        let nowhere = |status, why: &str| {
            let place = Place { file: file.to_string(), at: None };
            vec![court.without_place(&self.what(), Some(place), status, why.to_owned())]
        };
        match parents.len() {
            0 if court.want.absent => return nowhere(Status::Compliant, "not there"),
            0 if court.want.optional => {
                return nowhere(Status::NotApplicable, "there is no such element, which is fine");
            }
            0 => {
                return nowhere(
                    Status::Unknown,
                    "there is no such element, where one was expected",
                );
            }
            1 => {}
            _ if court.want.each => {}
            many => {
                let why = format!("the element stands {many} times, where one was expected");
                return nowhere(Status::Unknown, &why);
            }
        }
        parents
            .into_iter()
            .flat_map(|parent| self.judge_below(court, file, text, document, parent))
            .collect()
    }

    fn judge_below(
        &self,
        court: &Court,
        file: &RelPath,
        text: &[u8],
        document: &Document,
        parent: Element,
    ) -> Vec<Judged> {
        let exhibit = |offset, found| Exhibit {
            what: self.what(),
            file,
            text,
            offset,
            found,
            fallback: None,
        };
        let Some(child) = self.child else {
            return vec![self.judge_element(court, exhibit, document, parent)];
        };
        let elements = document.select_below(parent, child);
        if elements.len() > 1 && !court.want.each {
            let place = Place {
                file: file.to_string(),
                at: Some(crate::text::position(text, document.start(parent))),
            };
            let why =
                format!("the element stands {} times, where one was expected", elements.len());
            return vec![court.without_place(&self.what(), Some(place), Status::Unknown, why)];
        }
        if elements.is_empty() {
            return vec![self.judge_missing(court, file, text, document, parent, child)];
        }
        elements
            .into_iter()
            .map(|element| self.judge_element(court, exhibit, document, element))
            .collect()
    }

    /// A path below the element that is not there, or only its beginning: the rest would be made.
    fn judge_missing(
        &self,
        court: &Court,
        file: &RelPath,
        text: &[u8],
        document: &Document,
        parent: Element,
        child: &Path,
    ) -> Judged {
        let mut stem = (parent, self.at.clone(), 0);
        for count in (1..child.steps().len()).rev() {
            let Some(beginning) = child.upto(count) else { continue };
            match document.select_below(parent, &beginning)[..] {
                [] => {}
                [one] => {
                    stem = (one, self.at.join(&beginning), count);
                    break;
                }
                [first, ..] => {
                    let at = Some(crate::text::position(text, document.start(first)));
                    let place = Place { file: file.to_string(), at };
                    let why = format!("{beginning} stands several times, where one was expected");
                    return court.without_place(&self.what(), Some(place), Status::Unknown, why);
                }
            }
        }
        let (stem, path, made) = stem;
        let steps = &child.steps()[made..];
        let offset = document.start(stem);
        let exhibit =
            Exhibit { what: self.what(), file, text, offset, found: None, fallback: None };
        court.rule(exhibit, |value| {
            let leaf = match (self.attr, value) {
                (_, None) => Leaf::Nothing,
                (Some(name), Some(value)) => Leaf::Attribute(name.to_owned(), value.to_owned()),
                (None, Some(value)) => Leaf::Text(value.to_owned()),
            };
            let edits = document.create(stem, steps, &leaf, self.after);
            let after = self.after.map(str::to_owned);
            let operation = Operation::Create { steps: steps.to_vec(), leaf, after };
            (edits, Claim::Xml(self.intended(document, stem, &path, operation)))
        })
    }

    fn judge_element<'e>(
        &self,
        court: &Court,
        exhibit: impl Fn(usize, Option<String>) -> Exhibit<'e>,
        document: &Document,
        element: Element,
    ) -> Judged {
        let start = document.start(element);
        let found = match self.attr {
            Some(name) => document.attribute(element, name),
            None => document.text(element),
        };
        if self.attr.is_none() && found.is_none() && !court.want.absent {
            let exhibit = exhibit(start, None);
            let place = Place {
                file: exhibit.file.to_string(),
                at: Some(crate::text::position(exhibit.text, start)),
            };
            let why = "the element holds other elements, where a text was expected".into();
            return court.without_place(&self.what(), Some(place), Status::Unknown, why);
        }
        let offset = found.as_ref().map_or(start, |value| value.range.start);
        // An element that is not wanted is there, whatever it holds.
        let found = match found {
            None if court.want.absent && self.attr.is_none() => Some("present".to_owned()),
            found => found.map(|value| value.text),
        };
        court.rule(exhibit(offset, found), |value| {
            let path = self.full();
            let (edits, operation) = match (self.attr, value) {
                (Some(name), Some(value)) => (
                    document.set_attribute(element, name, value),
                    Operation::SetAttribute { name: name.to_owned(), value: value.to_owned() },
                ),
                (Some(name), None) => (
                    document.remove_attribute(element, name),
                    Operation::RemoveAttribute { name: name.to_owned() },
                ),
                (None, Some(value)) => {
                    (document.set_text(element, value), Operation::SetText(value.to_owned()))
                }
                (None, None) => (document.remove(element), Operation::Remove),
            };
            (edits, Claim::Xml(self.intended(document, element, &path, operation)))
        })
    }

    /// What the second reader must see, at which of the path's matches.
    fn intended(
        &self,
        document: &Document,
        element: Element,
        path: &Path,
        operation: Operation,
    ) -> Intended {
        let index = document.select(path).iter().position(|other| *other == element);
        Intended { path: path.clone(), index, operation }
    }

    fn full(&self) -> Path {
        self.child.map_or_else(|| self.at.clone(), |child| self.at.join(child))
    }

    /// Names the place as an operator would.
    fn what(&self) -> String {
        let path = self.full().to_string();
        match self.attr {
            Some(name) => format!("{path}/@{name}"),
            None => path,
        }
    }
}
