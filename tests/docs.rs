//! The generated documentation is what the program says. `HARDEN_BLESS=1 cargo test --test docs`
//! writes it again.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "a test")]

mod support;

use harden::patch::Catalogue;
use harden::report::catalogue;
use support::{differs, root};

#[test]
fn every_guideline_has_its_page_and_its_line_in_the_index() {
    let patches = Catalogue::load(&[]).unwrap();
    let folder = root().join("docs/guidelines");
    let mut wrong = Vec::new();
    let mut index = String::from("# Guidelines\n\nMade from the patch files; do not edit.\n\n");
    index.push_str("| code | guideline | level | severity | applied |\n|---|---|---|---|---|\n");
    for patch in patches.patches() {
        let name = format!("{}-{}.md", patch.code, patch.name);
        if differs(&folder.join(&name), catalogue::page(patch).as_bytes()) {
            wrong.push(name.clone());
        }
        index.push_str(&format!(
            "| {} | [{}]({name}) | {} | {} | {} |\n",
            patch.code,
            patch.title,
            patch.level.word(),
            patch.severity.word(),
            patch.safety.word()
        ));
    }
    if differs(&folder.join("README.md"), index.as_bytes()) {
        wrong.push("README.md".into());
    }
    assert!(wrong.is_empty(), "stale pages, write them with HARDEN_BLESS=1: {}", wrong.join(", "));
}

#[test]
fn the_page_of_the_command_line_is_its_help() {
    let mut grammar = harden::cli::grammar();
    grammar.build();
    let mut page =
        String::from("# Command line\n\nMade from the program's own help; do not edit.\n\n");
    page.push_str(&format!("```text\n{}```\n", grammar.clone().term_width(90).render_long_help()));
    verbs(&grammar, "harden", &mut page);
    let page: String = page.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    assert!(
        !differs(&root().join("docs/cli.md"), page.as_bytes()),
        "docs/cli.md is stale; HARDEN_BLESS=1 cargo test --test docs writes it"
    );
}

/// Adds the help of every verb, and of every verb below it.
fn verbs(grammar: &clap::Command, above: &str, page: &mut String) {
    for verb in grammar.get_subcommands().filter(|verb| verb.get_name() != "help") {
        let name = format!("{above} {}", verb.get_name());
        let help = verb.clone().term_width(90).render_long_help().to_string();
        page.push_str(&format!("\n## {name}\n\n```text\n{help}```\n"));
        verbs(verb, &name, page);
    }
}
