//! Wants on `.properties` files. A key with `*` for a part means every key of that shape.

use super::{Claim, Court, Exhibit, Judged};
use crate::change::{Place, Status};
use crate::patch::template::Template;

pub fn judge(court: &Court, file: &Template, key: &str) -> Vec<Judged> {
    let file = match court.scene.file(file) {
        Ok(file) => file,
        Err(silence) => return vec![court.silent(key, None, &silence)],
    };
    let place = Place { file: file.to_string(), at: None };
    if court.scene.templated(&file) {
        let why =
            "the server makes this file from a template at each start, so it is not edited".into();
        return vec![court.without_place(key, Some(place), Status::NotEffective, why)];
    }
    let content = match court.scene.content(&file) {
        Ok(content) => content,
        Err(silence) => return vec![court.silent(key, Some(&file), &silence)],
    };
    let document = match court.scene.view.properties(&file) {
        Ok(document) => document,
        Err(silence) => return vec![court.silent(key, Some(&file), &silence)],
    };
    let keys: Vec<String> = if key.contains('*') {
        document.keys_matching(key).into_iter().map(str::to_owned).collect()
    } else {
        vec![key.to_owned()]
    };
    if keys.is_empty() {
        let (status, why) = if court.want.optional || court.want.absent {
            (Status::NotApplicable, "there is no such key, which is fine")
        } else {
            (Status::Unknown, "there is no such key, where one was expected")
        };
        return vec![court.without_place(key, Some(place), status, why.into())];
    }
    keys.into_iter()
        .map(|key| {
            let found = document.value(&key);
            let exhibit = Exhibit {
                what: key.clone(),
                file: &file,
                text: &content,
                offset: found.as_ref().map_or(content.len(), |value| value.range.start),
                found: found.map(|value| value.text),
                fallback: None,
            };
            court.rule(exhibit, |value| {
                let edits = match value {
                    Some(value) => document.set(&key, value),
                    None => document.remove(&key),
                };
                (Ok(edits), Claim::Properties { key: key.clone(), value: value.map(str::to_owned) })
            })
        })
        .collect()
}
