//! Checking a patch file: what comes out of here means something and fits together.
//!
//! Every fault comes as the text that is wrong, for finding its line, and a clause saying why.

use super::accept::Accept;
use super::file;
use super::model::{
    Certificate, Condition, Fact, Gate, Kind, Literal, Param, Patch, Safety, Scalar, Spot,
    Standing, StoreSpot, Variant, Want,
};
use super::template::Template;
use crate::change::{Code, Model};
use crate::format::{toml, xml};
use crate::version::Range;
use std::collections::BTreeMap;

impl Patch {
    /// Checks a patch file's content.
    ///
    /// # Errors
    /// The text that is wrong, for finding its line, and a sentence saying what is wrong with it.
    pub fn check(file: file::File) -> Result<Self, (String, String)> {
        let code =
            Code::parse(&file.code).filter(|code| code.as_str() == file.code).ok_or_else(|| {
                wrong(&file.code, "a code is a capital letter and two digits, like P08")
            })?;
        match (&file.risk, file.safety) {
            (Some(_), Safety::Safe) => {
                return Err(wrong(
                    "risk",
                    "a safe patch has no risk; name another safety or leave `risk` out",
                ));
            }
            (None, Safety::Review | Safety::OptIn | Safety::Manual) => {
                return Err(wrong("safety", "a patch that is not safe says its `risk`"));
            }
            _ => {}
        }
        if file.variant.is_empty() {
            return Err(wrong(&file.code, "a patch has at least one [[variant]]"));
        }
        let params =
            file.params.into_iter().map(Param::check).collect::<Result<BTreeMap<_, _>, _>>()?;
        let mut variants: Vec<Variant> =
            file.variant.into_iter().map(Variant::check).collect::<Result<_, _>>()?;
        for want in variants.iter_mut().flat_map(|variant| &mut variant.wants) {
            let secret = |hole: &str| params.get(hole).is_some_and(|p| p.kind == Kind::Secret);
            want.secret = want.value.as_ref().is_some_and(|value| value.holes().any(secret));
        }
        let patch = Self {
            code,
            name: file.name,
            title: file.title,
            level: file.level,
            severity: file.severity,
            safety: file.safety,
            impact: file.impact,
            reference: file.reference,
            why: file.why,
            risk: file.risk,
            native: file.native,
            params,
            variants,
        };
        patch.check_holes()?;
        patch.check_defaults()?;
        Ok(patch)
    }

    fn check_holes(&self) -> Result<(), (String, String)> {
        const FOUND: [&str; 3] = ["found", "found.stem", "found.ext"];
        let mut used: Vec<&str> = self.native.map_or(Vec::new(), |native| native.takes().to_vec());
        for value in self.wants().filter_map(|want| want.value.as_ref()) {
            for hole in value.holes() {
                if !self.params.contains_key(hole) && !FOUND.contains(&hole) {
                    let text = format!("{{{hole}}}");
                    return Err(wrong(
                        &text,
                        "nothing is known under this name; declare it in [params]",
                    ));
                }
                used.push(hole);
            }
        }
        match self.params.keys().find(|name| !used.contains(&name.as_str())) {
            Some(name) => {
                Err(wrong(&format!("params.{name}"), "this parameter is used by no value"))
            }
            None => Ok(()),
        }
    }

    fn check_defaults(&self) -> Result<(), (String, String)> {
        let defaults: BTreeMap<String, String> = self
            .params
            .iter()
            .filter_map(|(name, param)| Some((name.clone(), param.default.clone()?)))
            .collect();
        for want in self.wants() {
            if let Some(why) = want.objection(&defaults) {
                let value = want.value.as_ref().map(Template::to_string).unwrap_or_default();
                return Err(wrong(
                    &value,
                    &format!("the value is not accepted by its own `accept`: it {why}"),
                ));
            }
        }
        Ok(())
    }
}

impl Param {
    fn check((name, file): (String, file::Param)) -> Result<(String, Self), (String, String)> {
        let default = file.default.map(|scalar| match scalar {
            Scalar::Boolean(value) => value.to_string(),
            Scalar::Integer(value) => value.to_string(),
            Scalar::String(value) => value,
            Scalar::List(values) => values.join(","),
        });
        if default.is_some() && file.kind == Kind::Secret {
            return Err(wrong(&format!("params.{name}"), "a secret has no default"));
        }
        let param = Self { kind: file.kind, default, optional: file.optional, help: file.help };
        match param.default.as_deref().and_then(|default| param.objection(default)) {
            Some(why) => Err(wrong(&format!("params.{name}"), &format!("the default {why}"))),
            None => Ok((name, param)),
        }
    }
}

impl Variant {
    fn check(file: file::Variant) -> Result<Self, (String, String)> {
        let requires = match file.requires {
            None => None,
            Some(mut condition) => {
                let because = condition.because.take().ok_or_else(|| {
                    wrong(
                        "requires",
                        "a gate says why in `because`, so that nobody is left guessing",
                    )
                })?;
                Some(Gate { condition: Condition::check(condition)?, because })
            }
        };
        let mut wants = Vec::new();
        for (table, entries) in [
            ("xml", file.xml),
            ("toml", file.toml),
            ("properties", file.properties),
            ("jvm", file.jvm),
        ] {
            for entry in entries {
                wants.push(Want::check(table, entry)?);
            }
        }
        let stores: Vec<Vec<StoreSpot>> =
            file.store.iter().map(StoreSpot::check).collect::<Result<_, _>>()?;
        let stores = stores.concat();
        if wants.is_empty() && stores.is_empty() && file.ask.is_empty() {
            return Err(wrong("[[variant]]", "a variant wants something or asks something"));
        }
        Ok(Self { when: Condition::check(file.when)?, requires, wants, stores, asks: file.ask })
    }
}

impl Condition {
    fn check(file: file::Condition) -> Result<Self, (String, String)> {
        let mut facts = Vec::new();
        if file.because.is_some() {
            return Err(wrong("because", "`because` stands in `requires` only"));
        }
        if let Some(model) = file.model {
            facts.push(Fact::Model(match model.as_str() {
                "xml" => Model::Xml,
                "toml" => Model::Toml,
                _ => return Err(wrong(&model, "a model is \"xml\" or \"toml\"")),
            }));
        }
        facts.extend(file.product.map(Fact::Product));
        facts.extend(file.not_product.map(Fact::NotProduct));
        facts.extend(file.instance.map(Fact::Instance));
        facts.extend(range(file.version)?.map(Fact::Version));
        facts.extend(range(file.carbon)?.map(Fact::Carbon));
        facts.extend(file.file.map(|text| Fact::File(Template::parse(&text))));
        facts.extend(file.no_file.map(|text| Fact::NoFile(Template::parse(&text))));
        facts.extend(file.has.map(standing).transpose()?.map(Fact::Has));
        facts.extend(file.lacks.map(standing).transpose()?.map(Fact::Lacks));
        let since = range(file.since)?;
        match file.class {
            Some(text) => {
                let (jar, class) = text
                    .split_once(':')
                    .ok_or_else(|| wrong(&text, "a class is written jar prefix:class.name"))?;
                facts.push(Fact::Class { jar: jar.to_owned(), class: class.to_owned(), since });
            }
            None if since.is_some() => return Err(wrong("since", "`since` goes with `class`")),
            None => {}
        }
        facts.extend(file.reads.map(Fact::Reads));
        if let Some(certificate) = file.certificate {
            facts.push(Fact::Certificate(match certificate.as_str() {
                "replaced" => Certificate::Replaced,
                "covers-hosts" => Certificate::CoversHosts,
                _ => {
                    return Err(wrong(
                        &certificate,
                        "a certificate is \"replaced\" or \"covers-hosts\"",
                    ));
                }
            }));
        }
        if let Some(any) = file.any {
            facts.push(Fact::Any(any.into_iter().map(Self::check).collect::<Result<_, _>>()?));
        }
        Ok(Self(facts))
    }
}

impl Want {
    fn check(table: &str, file: file::Want) -> Result<Self, (String, String)> {
        let name = [&file.at, &file.key, &file.flag].into_iter().flatten().next().cloned();
        let name = name.unwrap_or_else(|| format!("[[variant.{table}]]"));
        let fields = [
            ("file", file.file.is_some(), &["xml", "properties"][..]),
            ("at", file.at.is_some(), &["xml"]),
            ("child", file.child.is_some(), &["xml"]),
            ("attr", file.attr.is_some(), &["xml"]),
            ("after", file.after.is_some(), &["xml"]),
            ("key", file.key.is_some(), &["toml", "properties"]),
            ("literal", file.literal.is_some(), &["toml"]),
            ("flag", file.flag.is_some(), &["jvm"]),
        ];
        for (field, given, tables) in fields {
            if given && !tables.contains(&table) {
                return Err(wrong(
                    &name,
                    &format!("`{field}` means nothing in [[variant.{table}]]"),
                ));
            }
        }
        let missing = |field: &str| wrong(&name, &format!("[[variant.{table}]] needs `{field}`"));
        let relative = |file: &Option<String>| {
            let text = file.as_ref().ok_or_else(|| missing("file"))?;
            if text.starts_with('/') || text.split('/').any(|part| part == "..") {
                return Err(wrong(text, "a file is named below the home, without \"..\""));
            }
            Ok(Template::parse(text))
        };
        let spot = match table {
            "xml" => Spot::Xml {
                file: relative(&file.file)?,
                at: xml_path(file.at.as_ref().ok_or_else(|| missing("at"))?)?,
                child: file.child.as_ref().map(|child| xml_path(child)).transpose()?,
                attr: file.attr,
                after: file.after,
                nth: None,
            },
            "toml" => Spot::Toml {
                key: toml_path(file.key.as_ref().ok_or_else(|| missing("key"))?)?,
                literal: file.literal.unwrap_or(Literal::String),
            },
            "properties" => Spot::Properties {
                file: relative(&file.file)?,
                key: file.key.ok_or_else(|| missing("key"))?,
            },
            _ => Spot::Jvm { flag: file.flag.ok_or_else(|| missing("flag"))? },
        };
        if file.absent && file.value.is_some() {
            return Err(wrong(&name, "a place is either `absent` or has a `value`"));
        }
        if !file.absent && file.value.is_none() && file.accept.is_none() {
            return Err(wrong(&name, "a want has a `value`, an `accept`, or is `absent`"));
        }
        let value = file.value.as_deref().map(Template::parse);
        let derived =
            value.as_ref().is_some_and(|v| v.holes().any(|hole| hole.starts_with("found")));
        if derived && file.accept.is_none() {
            return Err(wrong(&name, "a value made from what was found needs an `accept`"));
        }
        Accept::build(file.accept.as_ref(), Some("")).map_err(|why| wrong(&name, &why))?;
        Ok(Self {
            spot,
            value,
            absent: file.absent,
            accept: file.accept,
            unset: file.unset,
            each: file.each,
            optional: file.optional,
            note: file.note,
            secret: false,
        })
    }
}

pub(super) fn wrong(text: &str, why: &str) -> (String, String) {
    (text.to_owned(), why.to_owned())
}

fn range(text: Option<String>) -> Result<Option<Range>, (String, String)> {
    text.map(|text| Range::parse(&text).map_err(|why| (text, why))).transpose()
}

pub(super) fn xml_path(text: &str) -> Result<xml::Path, (String, String)> {
    text.parse().map_err(|why: String| (text.to_owned(), why))
}

pub(super) fn toml_path(text: &str) -> Result<toml::Path, (String, String)> {
    text.parse().map_err(|why: String| (text.to_owned(), why))
}

/// Reads `file#path` or `file#path~text`.
fn standing(text: String) -> Result<Standing, (String, String)> {
    let (place, says) = match text.rsplit_once('~') {
        Some((place, says)) => (place.to_owned(), Some(says.to_owned())),
        None => (text, None),
    };
    Ok(Standing { spot: spot(place)?, says })
}

/// Reads `file#path`; the file's ending says which path it is.
fn spot(text: String) -> Result<Spot, (String, String)> {
    let (file, path) =
        text.split_once('#').ok_or_else(|| wrong(&text, "a place is written file#path"))?;
    match file.rsplit('.').next() {
        Some("xml") => Ok(Spot::Xml {
            file: Template::parse(file),
            at: xml_path(path)?,
            child: None,
            attr: None,
            after: None,
            nth: None,
        }),
        Some("toml") => Ok(Spot::Toml { key: toml_path(path)?, literal: Literal::String }),
        Some("properties") => {
            Ok(Spot::Properties { file: Template::parse(file), key: path.to_owned() })
        }
        _ => Err(wrong(&text, "only .xml, .toml and .properties files have places")),
    }
}
