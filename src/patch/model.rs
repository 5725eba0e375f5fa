//! A patch that has been checked: every field means something and fits the others.

use super::accept::Accept;
use super::file;
pub use super::file::{Ask, Impact, Kind, Level, Literal, Native, Safety, Scalar, Severity};
pub use super::store::{Role, StoreSpot};
use super::template::Template;
use crate::change::{Code, Model};
use crate::format::{toml, xml};
use crate::version::Range;
use std::collections::BTreeMap;

/// A guideline, as wants.
#[derive(Debug)]
pub struct Patch {
    pub code: Code,
    pub name: String,
    pub title: String,
    pub level: Level,
    pub severity: Severity,
    pub safety: Safety,
    pub impact: Vec<Impact>,
    pub reference: String,
    pub why: String,
    pub risk: Option<String>,
    pub native: Option<Native>,
    pub params: BTreeMap<String, Param>,
    pub variants: Vec<Variant>,
}

/// Something a patch may be told. A parameter without a default must be told.
#[derive(Debug)]
pub struct Param {
    pub kind: Kind,
    pub default: Option<String>,
    /// It need not be told.
    pub optional: bool,
    pub help: String,
}

/// Wants that hold together under one condition. All variants whose condition holds count.
#[derive(Debug)]
pub struct Variant {
    pub when: Condition,
    pub requires: Option<Gate>,
    pub wants: Vec<Want>,
    pub stores: Vec<StoreSpot>,
    pub asks: Vec<Ask>,
}

/// What must be so before wants make sense.
#[derive(Debug)]
pub struct Gate {
    pub condition: Condition,
    pub because: String,
}

/// Facts that must all be so; none at all holds everywhere.
#[derive(Debug, Default)]
pub struct Condition(pub Vec<Fact>);

/// A fact of an instance.
#[derive(Debug)]
pub enum Fact {
    Model(Model),
    Product(Vec<String>),
    NotProduct(Vec<String>),
    Instance(Vec<String>),
    Version(Range),
    Carbon(Range),
    File(Template),
    NoFile(Template),
    Has(Standing),
    Lacks(Standing),
    Class { jar: String, class: String, since: Option<Range> },
    Reads(String),
    Certificate(Certificate),
    Any(Vec<Condition>),
}

/// A place that exists, or whose value in force holds a text.
#[derive(Debug)]
pub struct Standing {
    pub spot: Spot,
    pub says: Option<String>,
}

/// What is asked of the certificate that the server shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certificate {
    /// It is none of those that the products ship.
    Replaced,
    /// Its names cover the host names of the configuration.
    CoversHosts,
}

/// One thing that should be true.
#[derive(Debug)]
pub struct Want {
    pub spot: Spot,
    /// What to write; nothing for a want that only checks.
    pub value: Option<Template>,
    /// The thing should not be there at all.
    pub absent: bool,
    pub accept: Option<file::Accept>,
    /// What is in force when nothing is written.
    pub unset: Option<String>,
    /// Several places may match.
    pub each: bool,
    /// Fine when the place, or its file, does not exist.
    pub optional: bool,
    pub note: Option<String>,
    /// Its value holds a secret, and no report shows it.
    pub secret: bool,
}

/// Where a value stands.
#[derive(Debug, Clone)]
pub enum Spot {
    /// An attribute or the text of an element. `at` must exist; `child`, a path below it, is made
    /// when it is missing, behind the last sibling called `after`.
    Xml {
        file: Template,
        at: xml::Path,
        child: Option<xml::Path>,
        attr: Option<String>,
        after: Option<String>,
        /// Which of the matches of `at`; all of them where nothing is said.
        nth: Option<usize>,
    },
    Toml {
        key: toml::Path,
        literal: Literal,
    },
    Properties {
        file: Template,
        key: String,
    },
    Jvm {
        flag: String,
    },
}

impl Spot {
    /// The same place at one of the elements that match.
    pub fn at_match(&self, index: usize) -> Self {
        match self {
            Self::Xml { file, at, child, attr, after, .. } => Self::Xml {
                file: file.clone(),
                at: at.clone(),
                child: child.clone(),
                attr: attr.clone(),
                after: after.clone(),
                nth: Some(index),
            },
            other => other.clone(),
        }
    }
}

impl Condition {
    /// Tells whether this asks something that an operator can bring about, not the product's maker.
    pub fn is_in_the_operators_hands(&self) -> bool {
        self.0.iter().any(|fact| matches!(fact, Fact::Certificate(_)))
    }
}

impl Patch {
    /// Lists the wants of all variants.
    pub fn wants(&self) -> impl Iterator<Item = &Want> {
        self.variants.iter().flat_map(|variant| &variant.wants)
    }

    /// Tells whether a patch can change anything at all.
    pub fn writes(&self) -> bool {
        self.native.is_some() || self.wants().any(|want| want.value.is_some() || want.absent)
    }

    /// Gives every parameter its value: what was told, else its default.
    ///
    /// # Errors
    /// A sentence when a told value has the wrong type, is unknown, or is weaker than the guideline.
    pub fn settle(
        &self,
        told: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, String>, String> {
        if let Some(name) = told.keys().find(|name| !self.params.contains_key(*name)) {
            let known: Vec<&str> = self.params.keys().map(String::as_str).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(format!("{} has no parameter {name}; it knows: {known}.", self.code));
        }
        let mut values = BTreeMap::new();
        for (name, param) in &self.params {
            let Some(value) = told.get(name).or(param.default.as_ref()) else {
                continue;
            };
            param.objection(value).map_or(Ok(()), |why| {
                let shown = if param.kind == Kind::Secret { crate::secret::MASK } else { value };
                Err(format!("{}.{name}={shown}: the value {why}.", self.code))
            })?;
            values.insert(name.clone(), value.clone());
        }
        for want in self.wants() {
            // One variant may refuse what another takes (a port that is another product's default);
            // what every variant refuses follows the guideline nowhere.
            let taken = self.wants().any(|other| {
                other.value.is_some()
                    && other.value == want.value
                    && other.objection(&values).is_none()
            });
            if taken {
                continue;
            }
            if let Some(why) = want.objection(&values) {
                return Err(format!(
                    "{} would not follow its own guideline with these parameters: the value {why}. \
                     Name a value that is at least as strong.",
                    self.code
                ));
            }
        }
        Ok(values)
    }
}

impl Param {
    /// Tells what is wrong with a value of this type; nothing when it fits.
    pub fn objection(&self, value: &str) -> Option<String> {
        let odd = value.chars().any(char::is_control);
        match self.kind {
            _ if odd => Some("holds a control character".into()),
            Kind::Integer if value.parse::<i64>().is_err() => Some("is not a whole number".into()),
            Kind::Boolean if !matches!(value, "true" | "false") => {
                Some("is not true or false".into())
            }
            Kind::String | Kind::List | Kind::Secret if value.trim().is_empty() => {
                Some("is empty".into())
            }
            _ => None,
        }
    }
}

impl Want {
    /// Builds the rules for the want's value under settled parameters.
    pub fn accepts(&self, values: &BTreeMap<String, String>) -> Option<Accept> {
        let filled =
            self.value.as_ref().and_then(|value| value.fill(|hole| values.get(hole).cloned()).ok());
        Accept::build(self.accept.as_ref(), filled.as_deref()).ok().flatten()
    }

    /// Tells why the value under these parameters breaks the want's own rules.
    pub(super) fn objection(&self, values: &BTreeMap<String, String>) -> Option<String> {
        let filled = self.value.as_ref()?.fill(|hole| values.get(hole).cloned()).ok()?;
        self.accepts(values)?.objection(&filled)
    }
}
