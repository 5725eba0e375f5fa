//! The generated documentation is what the program says. `HARDEN_BLESS=1 cargo test --test docs`
//! writes it again.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "a test")]

mod support;

use harden::patch::Catalogue;
use harden::report::catalogue;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
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
    let shown = |verb: &&clap::Command| verb.get_name() != "help" && !verb.is_hide_set();
    for verb in grammar.get_subcommands().filter(shown) {
        let name = format!("{above} {}", verb.get_name());
        let help = verb.clone().term_width(90).render_long_help().to_string();
        page.push_str(&format!("\n## {name}\n\n```text\n{help}```\n"));
        verbs(verb, &name, page);
    }
}
#[test]
fn the_table_of_figures_has_a_row_for_everything_that_is_counted() {
    let mut sources = vec![root().join("src/commit"), root().join(".ci")];
    let mut printed = BTreeSet::new();
    while let Some(path) = sources.pop() {
        if path.is_dir() {
            sources.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if !path.ends_with("figures") {
            printed.extend(figures(&path));
        }
    }
    let page = fs::read_to_string(root().join("docs/safety.md")).unwrap();
    let (_, table) = page.split_once("<!-- figures: made by .ci/figures -->\n").unwrap();
    let (table, _) = table.split_once("<!-- end of figures -->").unwrap();
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| line.starts_with("| "))
        .skip(1)
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let told: BTreeSet<String> = rows.iter().map(|row| row[0].to_owned()).collect();
    assert_eq!(told, printed, "run .ci/figures");
    for row in &rows {
        assert!(row[2].starts_with(|first: char| first.is_ascii_digit()), "{row:?}");
    }
}

/// The names that a source prints as `figure: NAME = VALUE`.
fn figures(path: &Path) -> Vec<String> {
    let text = fs::read(path).unwrap();
    let text = String::from_utf8_lossy(&text).into_owned();
    let lines = text.split("figure: ").skip(1);
    lines
        .filter_map(|rest| Some(rest.split_once(" = ")?.0.to_owned()))
        .filter(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
        .collect()
}
