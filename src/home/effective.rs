//! What the server will use for a key of `deployment.toml`: where wso2/config-mapper takes the
//! key to, what it falls back on, and whether any template of this home reads it. It works on
//! the texts it is given and renders nothing.

mod template;

use crate::format::toml::{Document, Kind, Path};
use serde_json::{Map, Value};
use std::collections::HashMap;
use template::Template;

/// The largest text that is read, in bytes.
const MAX: usize = 8 << 20;
/// Bounds for inferring and for references, which may lead round in circles.
const DEPTH: usize = 16;
const STEPS: usize = 4096;

const INFER: &str = "infer.json";
const DEFAULT: &str = "default.json";

/// The rules of one home by which keys become configuration.
pub struct Mapping {
    /// Flat key to flat targets, without the rules for entries of arrays (`list:key`).
    targets: Vec<(String, Vec<String>)>,
    infer: Map<String, Value>,
    default: Map<String, Value>,
    templates: Vec<Template>,
}

/// What the server uses when the operator wrote nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fallback {
    /// A scalar as plain text, elements of an array joined with `,`, a list of objects as JSON.
    pub value: String,
    /// The file that says so: `infer.json` or `default.json`.
    pub source: &'static str,
}

impl Mapping {
    /// Reads the rules; a file that a home lacks counts as empty. Templates come as name and text.
    ///
    /// # Errors
    /// A sentence that names the file when it is too large, no JSON, or not of the right shape.
    pub fn new(
        key_mappings: Option<&str>,
        infer: Option<&str>,
        default: Option<&str>,
        templates: &[(String, String)],
    ) -> Result<Self, String> {
        let mut targets = Vec::new();
        for (key, value) in object("key-mappings.json", key_mappings)? {
            let list = match &value {
                Value::String(target) => vec![canonical(target)],
                Value::Array(list) => {
                    list.iter().filter_map(Value::as_str).map(canonical).collect()
                }
                _ => Vec::new(),
            };
            if list.is_empty() {
                return Err(format!("key-mappings.json maps {key} to something that is no key."));
            }
            if !key.contains(':') {
                targets.push((canonical(&key), list));
            }
        }
        let default = object(DEFAULT, default)?;
        Ok(Self {
            targets,
            infer: object(INFER, infer)?,
            default: default.into_iter().map(|(key, value)| (canonical(&key), value)).collect(),
            templates: templates.iter().map(|(name, text)| Template::new(name, text)).collect(),
        })
    }

    /// Tells which key a flat key is mapped to; the first one of several.
    pub fn target(&self, flat_key: &str) -> String {
        self.targets(flat_key).into_iter().next().unwrap_or_default()
    }

    /// Lists the flat keys that end in a target, the target itself first if it does.
    pub fn aliases(&self, flat_target: &str) -> Vec<String> {
        let target = canonical(flat_target);
        let mut out = Vec::new();
        if self.targets(&target).contains(&target) {
            out.push(target.clone());
        }
        let others =
            self.targets.iter().filter(|(key, list)| *key != target && list.contains(&target));
        out.extend(others.map(|(key, _)| key.clone()));
        out
    }

    /// Tells what is in force for a target that the document does not set, `$ref{…}` resolved:
    /// first what `infer.json` concludes from the document, then `default.json`.
    pub fn default(&self, document: &Document, flat_target: &str) -> Option<Fallback> {
        let context = self.context(document);
        let (value, source) = context.fallback(&canonical(flat_target))?;
        let mut steps = STEPS;
        Some(Fallback { value: context.resolve(value, DEPTH, &mut steps), source })
    }

    /// Names a template that reads a target, by its own name or as part of a table that is read
    /// as a whole; none for a key without any effect.
    pub fn read_by(&self, flat_target: &str) -> Option<&str> {
        let names = names(flat_target);
        self.templates.iter().find(|template| template.reads(&names)).map(Template::name)
    }

    /// Tells whether `default.json` holds an object above a target: then the operator's key and
    /// the object overwrite each other in the order of a hash map, and the key may be lost.
    pub fn loses(&self, flat_target: &str) -> bool {
        self.object_above(&canonical(flat_target)).is_some()
    }

    fn targets(&self, flat_key: &str) -> Vec<String> {
        let key = canonical(flat_key);
        match self.targets.iter().find(|(from, _)| *from == key) {
            Some((_, list)) => list.clone(),
            None => vec![key],
        }
    }

    /// Finds the default object above a key, and the names that lead on from there.
    fn object_above(&self, target: &str) -> Option<(&Value, Vec<String>)> {
        let names = names(target);
        (1..names.len()).rev().find_map(|depth| {
            let (above, below) = names.split_at_checked(depth)?;
            let object = self.default.get(&Path::of_names(above.iter().cloned())?.flat())?;
            object.is_object().then(|| (object, below.to_vec()))
        })
    }

    fn context(&self, document: &Document) -> Context<'_> {
        let user = document.flatten().into_iter().filter(|(_, found)| found.kind != Kind::Tables);
        let user: Vec<(String, String)> = user
            .flat_map(|(key, found)| {
                self.targets(&key).into_iter().map(move |target| (target, found.text.clone()))
            })
            .collect();
        let mut inferred = HashMap::new();
        let mut steps = STEPS;
        for (key, value) in &user {
            let direct = self.concluded(key, value);
            for (key, value) in &direct {
                self.conclude(key, value, DEPTH, &mut steps, &mut inferred);
            }
            inferred.extend(direct);
        }
        Context { mapping: self, user: user.into_iter().collect(), inferred }
    }

    /// Gives what `infer.json` says for one key and value, its `$1` replaced.
    fn concluded(&self, key: &str, value: &str) -> Vec<(String, String)> {
        let parts: Vec<&str> = key.split('.').collect();
        let matching = |pattern: &str| {
            let pattern: Vec<&str> = pattern.split('.').collect();
            let fits = |(part, name): (&&str, &&str)| part.starts_with('$') || part == name;
            pattern.len() == parts.len() && pattern.iter().zip(&parts).all(fits)
        };
        let rule = self.infer.get_key_value(key);
        let rule = rule.or_else(|| {
            self.infer.iter().find(|(pattern, _)| pattern.contains('$') && matching(pattern))
        });
        let Some((pattern, rule)) = rule else {
            return Vec::new();
        };
        let Some(conclusions) = rule.get(value).and_then(Value::as_object) else {
            return Vec::new();
        };
        let bound: Vec<(&str, &str)> =
            pattern.split('.').zip(parts).filter(|(part, _)| part.starts_with('$')).collect();
        let filled = |text: &str| {
            bound.iter().fold(text.to_owned(), |text, (mark, name)| text.replace(mark, name))
        };
        let values = conclusions.iter().filter_map(|(key, value)| Some((key, plain(value)?)));
        values.map(|(key, value)| (canonical(&filled(key)), filled(&value))).collect()
    }

    fn conclude(
        &self,
        key: &str,
        value: &str,
        depth: usize,
        steps: &mut usize,
        out: &mut HashMap<String, String>,
    ) {
        for (key, value) in self.concluded(key, value) {
            if depth == 0 || *steps == 0 {
                return;
            }
            *steps -= 1;
            self.conclude(&key, &value, depth - 1, steps, out);
            out.insert(key, value);
        }
    }
}

/// The keys of one document on their way to the templates.
struct Context<'a> {
    mapping: &'a Mapping,
    user: HashMap<String, String>,
    inferred: HashMap<String, String>,
}

impl Context<'_> {
    fn fallback(&self, target: &str) -> Option<(String, &'static str)> {
        if let Some(value) = self.inferred.get(target) {
            return Some((value.clone(), INFER));
        }
        let value = match self.mapping.default.get(target) {
            Some(value) => plain(value)?,
            None => {
                let (object, names) = self.mapping.object_above(target)?;
                plain(names.iter().try_fold(object, |object, name| object.get(name))?)?
            }
        };
        Some((value, DEFAULT))
    }

    fn resolve(&self, value: String, depth: usize, steps: &mut usize) -> String {
        let mut out = String::new();
        let mut rest = value.as_str();
        while let Some((before, (key, after))) = rest
            .split_once("$ref{")
            .and_then(|(before, from)| Some((before, from.split_once('}')?)))
        {
            if depth == 0 || *steps == 0 || out.len() > MAX {
                break;
            }
            *steps -= 1;
            out.push_str(before);
            let key = canonical(key);
            let found = self.user.get(&key).cloned();
            match found.or_else(|| self.fallback(&key).map(|(value, _)| value)) {
                Some(value) => out.push_str(&self.resolve(value, depth - 1, steps)),
                None => out.push_str(&format!("$ref{{{key}}}")),
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }
}

fn object(name: &str, text: Option<&str>) -> Result<Map<String, Value>, String> {
    let Some(text) = text else {
        return Ok(Map::new());
    };
    if text.len() > MAX {
        return Err(format!("{name} is larger than {} MiB.", MAX >> 20));
    }
    serde_json::from_str(text).map_err(|error| format!("{name} is not a JSON object: {error}."))
}

/// Writes a flat key with quotes only where they are needed; shipped files quote more.
fn canonical(flat_key: &str) -> String {
    flat_key.parse::<Path>().map_or_else(|_| flat_key.to_owned(), |path| path.flat())
}

fn names(flat_key: &str) -> Vec<String> {
    match flat_key.parse::<Path>() {
        Ok(path) => path.parts().iter().map(|part| part.name.clone()).collect(),
        Err(_) => flat_key.split('.').map(str::to_owned).collect(),
    }
}

fn plain(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::String(text) => text.clone(),
        Value::Array(list) if !list.iter().any(Value::is_object) => {
            list.iter().filter_map(plain).collect::<Vec<_>>().join(",")
        }
        _ => value.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(keys: &str, infer: &str, default: &str) -> Mapping {
        Mapping::new(Some(keys), Some(infer), Some(default), &[]).expect("well formed")
    }

    fn default(mapping: &Mapping, text: &str, key: &str) -> Option<(String, &'static str)> {
        let document = Document::parse(text.as_bytes()).expect(text);
        mapping.default(&document, key).map(|fallback| (fallback.value, fallback.source))
    }

    #[test]
    fn aliases_lead_to_their_target() {
        let keys = r#"{"a.b": "p.'q.r'", "a.c": ["p.'q.r'", "z"], "x": "p.'y'", "l:k": "l:m"}"#;
        let mapping = mapping(keys, "{}", "{}");
        assert_eq!(mapping.target("a.c"), "p.'q.r'");
        assert_eq!(mapping.target("u.\"v.w\""), "u.'v.w'");
        assert_eq!(mapping.aliases("p.\"q.r\""), ["p.'q.r'", "a.b", "a.c"]);
        assert_eq!(mapping.aliases("p.y"), ["p.y", "x"]);
        assert_eq!(mapping.aliases("x"), [""; 0]);
    }

    #[test]
    fn inferring_goes_before_the_default_and_on_from_there() {
        let infer = r#"{"database.$1.type": {"h2": {"database.$1.url": "jdbc:$1:$ref{server.host}"}},
            "mode": {"one": {"kind": "two"}}, "kind": {"two": {"end": true, "kind": "two"}}}"#;
        let rules =
            r#"{"server.host": "local", "end": 1, "database.x.url": "d", "m": "$ref{none}"}"#;
        let mapping = mapping(r#"{"alias": "mode"}"#, infer, rules);
        let text = "alias = 'one'\n[database.x]\ntype = 'h2'\n[server]\nhost = 'h'\n";
        let told = |key| default(&mapping, text, key);
        assert_eq!(told("database.x.url"), Some(("jdbc:x:h".into(), INFER)));
        assert_eq!(told("end"), Some(("true".into(), INFER)));
        assert_eq!(default(&mapping, "", "end"), Some(("1".into(), DEFAULT)));
        assert_eq!(default(&mapping, "", "server.host"), Some(("local".into(), DEFAULT)));
        assert_eq!(told("m"), Some(("$ref{none}".into(), DEFAULT)));
        assert_eq!(told("nothing"), None);
    }

    #[test]
    fn references_that_lead_round_in_circles_come_to_an_end() {
        let mapping = mapping("{}", "{}", r#"{"a": "$ref{b}$ref{b}", "b": "$ref{a}$ref{a}"}"#);
        assert!(default(&mapping, "", "a").is_some());
    }

    #[test]
    fn a_default_object_is_read_and_endangers_the_keys_below_it() {
        let mapping = mapping("{}", "{}", r#"{"s.p": {"k": 8192, "l": ["x", "y"]}, "t.u": "v"}"#);
        assert_eq!(default(&mapping, "", "s.p.k"), Some(("8192".into(), DEFAULT)));
        assert_eq!(default(&mapping, "", "s.p.l"), Some(("x,y".into(), DEFAULT)));
        assert!(mapping.loses("s.p.other"));
        assert!(!mapping.loses("s.p") && !mapping.loses("t.u.v"));
    }

    #[test]
    fn files_of_the_wrong_shape_are_refused_by_name() {
        let told = |text| Mapping::new(None, None, Some(text), &[]).err().unwrap_or_default();
        assert!(told("[]").starts_with("default.json is not a JSON object"));
        assert!(told(&"[".repeat(100_000)).starts_with("default.json is not"));
        assert!(Mapping::new(Some(r#"{"a": 1}"#), None, None, &[]).is_err());
        assert!(Mapping::new(None, None, None, &[]).is_ok());
    }
}
