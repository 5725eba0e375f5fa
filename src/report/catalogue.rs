//! The guidelines as pages: what `harden explain` prints and `docs/guidelines/` holds.
//!
//! A page is made from the patch file alone, so it cannot disagree with what the program does.

use crate::patch::Patch;
use crate::patch::model::{Condition, Fact, Spot, Variant, Want};

/// One line per patch: code, title, level, severity and how it is applied.
pub fn list<'a>(patches: impl Iterator<Item = &'a Patch>) -> String {
    patches
        .map(|patch| {
            format!(
                "{}  {:<9} {:<7} {}\n",
                patch.code,
                patch.severity.word(),
                patch.safety.word(),
                patch.title
            )
        })
        .collect()
}

/// The page of one guideline, in Markdown that reads well as it is.
pub fn page(patch: &Patch) -> String {
    let impact: Vec<&str> = patch.impact.iter().map(|impact| impact.word()).collect();
    let impact = if impact.is_empty() { "none".to_owned() } else { impact.join(", ") };
    let mut page = format!(
        "# {} {}\n\n{}\n\n| | |\n|---|---|\n| name | `{}` |\n| level | {} |\n| severity | {} |\n\
         | safety | {} |\n| impact | {impact} |\n\n",
        patch.code,
        patch.title,
        patch.why,
        patch.name,
        patch.level.word(),
        patch.severity.word(),
        patch.safety.word(),
    );
    if let Some(risk) = &patch.risk {
        page.push_str(&format!("**Risk.** {risk}\n\n"));
    }
    if !patch.params.is_empty() {
        page.push_str("## Parameters\n\n");
        for (name, param) in &patch.params {
            let default = param.default.as_ref().map_or_else(
                || if param.optional { "optional" } else { "must be told" }.to_owned(),
                |default| format!("default `{default}`"),
            );
            page.push_str(&format!("- `{}.{name}`: {}; {default}\n", patch.code, param.help));
        }
        page.push('\n');
    }
    page.push_str("## What should be true\n\n");
    for variant in &patch.variants {
        page.push_str(&variant_text(variant));
    }
    page.push_str(&format!("Reference: <{}>\n", patch.reference));
    page
}

fn variant_text(variant: &Variant) -> String {
    let mut text = format!("**{}**\n\n", where_it_holds(&variant.when));
    if let Some(gate) = &variant.requires {
        text.push_str(&format!("Only when {}. {}.\n\n", condition(&gate.condition), gate.because));
    }
    for want in &variant.wants {
        text.push_str(&format!("- {}\n", want_text(want)));
    }
    for store in &variant.stores {
        text.push_str(&format!(
            "- the {} key store named by {} holds no shipped, weak or expired key\n",
            store.role.word(),
            spot(&store.location)
        ));
    }
    for ask in &variant.asks {
        text.push_str(&format!("- For a person: {}\n  Proof: {}\n", ask.question, ask.evidence));
    }
    text.push('\n');
    text
}

fn where_it_holds(when: &Condition) -> String {
    if when.0.is_empty() { "Everywhere".into() } else { format!("Where {}", condition(when)) }
}

fn condition(condition: &Condition) -> String {
    let facts: Vec<String> = condition.0.iter().map(fact).collect();
    facts.join(", and ")
}

fn fact(fact: &Fact) -> String {
    match fact {
        Fact::Model(crate::change::Model::Xml) => "the home is configured by XML files".into(),
        Fact::Model(crate::change::Model::Toml) => {
            "the home is configured by deployment.toml".into()
        }
        Fact::Product(keys) => format!("the product is {}", keys.join(" or ")),
        Fact::NotProduct(keys) => format!("the product is not {}", keys.join(" or ")),
        Fact::Instance(names) => format!("the instance is {}", names.join(" or ")),
        Fact::Version(range) => format!("the product's version is {range}"),
        Fact::Carbon(range) => format!("the Carbon kernel is {range}"),
        Fact::File(file) => format!("`{file}` exists"),
        Fact::NoFile(file) => format!("`{file}` does not exist"),
        Fact::Has(place) => match &place.says {
            Some(text) => format!("{} says `{text}`", spot(&place.spot)),
            None => format!("{} is there", spot(&place.spot)),
        },
        Fact::Lacks(place) => match &place.says {
            Some(text) => format!("{} does not say `{text}`", spot(&place.spot)),
            None => format!("{} is not there", spot(&place.spot)),
        },
        Fact::Class { class, since, .. } => match since {
            Some(range) => format!("a plug-in jar has the class `{class}` (kernels {range})"),
            None => format!("a plug-in jar has the class `{class}`"),
        },
        Fact::Reads(key) => format!("an installed template reads `{key}`"),
        Fact::Certificate(crate::patch::model::Certificate::Replaced) => {
            "the served certificate is not a shipped one".into()
        }
        Fact::Certificate(crate::patch::model::Certificate::CoversHosts) => {
            "the served certificate covers the configured host names".into()
        }
        Fact::Any(conditions) => {
            let parts: Vec<String> = conditions.iter().map(condition).collect();
            parts.join(", or ")
        }
    }
}

fn spot(spot: &Spot) -> String {
    match spot {
        Spot::Xml { file, at, child, attr, .. } => {
            let child = child.as_ref().map(|child| format!("/{child}")).unwrap_or_default();
            let attr = attr.as_ref().map(|attr| format!("/@{attr}")).unwrap_or_default();
            format!("`{at}{child}{attr}` in `{file}`")
        }
        Spot::Toml { key, .. } => format!("`{key}` in `deployment.toml`"),
        Spot::Properties { file, key } => format!("`{key}` in `{file}`"),
        Spot::Jvm { flag } => format!("`{flag}` in every start script"),
    }
}

fn want_text(want: &Want) -> String {
    let mut text = spot(&want.spot);
    match (&want.value, want.absent) {
        (_, true) => text.push_str(" is not there"),
        (Some(value), _) => text.push_str(&format!(" is `{value}`")),
        (None, _) => text.push_str(" is looked at"),
    }
    let accept =
        want.accept.as_ref().and_then(|_| want.accepts(&std::collections::BTreeMap::new()));
    if let Some(accept) = accept {
        text.push_str(&format!("; accepted: {}", accept.describe()));
    }
    if let Some(unset) = &want.unset {
        text.push_str(&format!("; when nothing is set: `{unset}`"));
    }
    if want.optional {
        text.push_str("; fine when it is not set");
    }
    if let Some(note) = &want.note {
        text.push_str(&format!(". {note}"));
    }
    text
}
