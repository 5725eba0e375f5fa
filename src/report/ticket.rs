//! A plan as a page for a change ticket, in Markdown: what is going to change, why, at what risk,
//! and how it is applied and taken back.
//!
//! Secrets are masked in the differences before they get here.

use crate::diff::Stat;

/// What a page tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    pub home: String,
    pub product: String,
    pub version: String,
    /// The version of the program.
    pub harden: String,
    /// The version of the catalogue of guidelines.
    pub catalogue: String,
    pub note: String,
    pub guidelines: Vec<Guideline>,
    pub files: Vec<File>,
    /// What is left out: who, and why, a clause.
    pub left: Vec<(String, String)>,
    /// Commands.
    pub apply: String,
    pub take_back: String,
}

/// One guideline's share of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guideline {
    pub code: String,
    pub title: String,
    pub severity: String,
    pub why: String,
    pub impact: Vec<String>,
    pub risk: Option<String>,
    pub reference: String,
    /// Told only where a home has several.
    pub instances: Vec<String>,
    pub settings: Vec<(String, String)>,
    pub diff: String,
}

/// A file of a plan; no digest stands for a file that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub path: String,
    pub before: Option<String>,
    pub after: String,
    pub stat: Stat,
}

/// Writes the page.
pub fn page(ticket: &Ticket) -> String {
    let mut page = format!(
        "# Hardening of {}\n\n| | |\n|---|---|\n| home | {} |\n| product | {} {} |\n\
         | tool | harden {}, catalogue {} |\n",
        cell(&ticket.home),
        code(&ticket.home),
        cell(&ticket.product),
        cell(&ticket.version),
        cell(&ticket.harden),
        cell(&ticket.catalogue),
    );
    if !ticket.note.is_empty() {
        page += &format!("| note | {} |\n", cell(&ticket.note));
    }
    page += "\n## What changes\n\n";
    for guideline in &ticket.guidelines {
        page += &section(guideline);
    }
    page += &totals(ticket);
    if !ticket.left.is_empty() {
        page += "## Left out\n\n";
        for (who, why) in &ticket.left {
            page += &format!("- {}: {}\n", line(who), line(why));
        }
        page.push('\n');
    }
    page += &format!(
        "## How it is applied\n\n{}\nThe server has to be restarted for it to take effect.\n\n\
         ## How it is taken back\n\n{}\n`harden log` names the transaction; one guideline's share \
         goes back with `--only CODE`.\n",
        fenced("sh", &ticket.apply),
        fenced("sh", &ticket.take_back)
    );
    page
}

fn section(guideline: &Guideline) -> String {
    let impact = match guideline.impact.is_empty() {
        true => "none".to_owned(),
        false => guideline.impact.join(", "),
    };
    let mut text = format!(
        "### {} {}\n\n{}\n\n- Severity: {}\n- Impact: {impact}\n",
        guideline.code,
        line(&guideline.title),
        line(&guideline.why),
        guideline.severity
    );
    if let Some(risk) = &guideline.risk {
        text += &format!("- Risk: {}\n", line(risk));
    }
    if !guideline.instances.is_empty() {
        text += &format!("- Instances: {}\n", line(&guideline.instances.join(", ")));
    }
    for (name, value) in &guideline.settings {
        text += &format!("- Setting: {}\n", code(&format!("{name}={value}")));
    }
    text +=
        &format!("- Reference: <{}>\n\n{}\n", guideline.reference, fenced("diff", &guideline.diff));
    text
}

fn totals(ticket: &Ticket) -> String {
    let (added, removed) =
        ticket.files.iter().fold((0, 0), |(a, r), f| (a + f.stat.added, r + f.stat.removed));
    let mut text = format!(
        "## Files\n\n{} guideline(s) change {} file(s): +{added} −{removed} lines.\n\n\
         | file | lines | SHA-256 before | SHA-256 after |\n|---|---|---|---|\n",
        ticket.guidelines.len(),
        ticket.files.len()
    );
    for file in &ticket.files {
        let before = file.before.as_ref().map_or("(not there)".to_owned(), |hex| code(hex));
        let lines = format!("+{} −{}", file.stat.added, file.stat.removed);
        text += &format!("| {} | {lines} | {before} | {} |\n", code(&file.path), code(&file.after));
    }
    text.push('\n');
    text
}

/// A block of text that nothing inside can end: the fence is longer than any run of backticks.
fn fenced(language: &str, text: &str) -> String {
    let fence = "`".repeat(longest_run(text).max(2) + 1);
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    format!("{fence}{language}\n{text}{end}{fence}\n")
}

/// A piece of code inside a line or a table.
fn code(text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ").replace('|', "\\|");
    let fence = "`".repeat(longest_run(&text) + 1);
    let blank = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{blank}{text}{blank}{fence}")
}

/// Words inside a line: nothing in them is markup.
fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' => out.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' => out.extend(['\\', c]),
            _ => out.push(c),
        }
    }
    out
}

fn cell(text: &str) -> String {
    line(text).replace('|', "\\|")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Ticket {
        Ticket {
            home: "/opt/a_b".into(),
            product: "IS".into(),
            version: "5.7.0".into(),
            harden: "0.1.0".into(),
            catalogue: "82b35a952e02".into(),
            note: "CHG-7 | two".into(),
            guidelines: vec![Guideline {
                code: "P04".into(),
                title: "Change default ports".into(),
                severity: "low".into(),
                why: "Scanners know <them>.".into(),
                impact: vec!["restart".into(), "clients".into()],
                risk: Some("Clients must be told.".into()),
                reference: "https://example.org/".into(),
                instances: Vec::new(),
                settings: vec![("offset".into(), "7".into())],
                diff: "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-1\n+````7\n".into(),
            }],
            files: vec![File {
                path: "x".into(),
                before: None,
                after: "ba78".into(),
                stat: Stat { added: 1, removed: 1 },
            }],
            left: vec![("P22 Memory".into(), "applied only when it is named".into())],
            apply: "harden apply --plan p.json".into(),
            take_back: "harden rollback".into(),
        }
    }

    #[test]
    fn the_page_is_this() {
        assert_eq!(page(&sample()), GOLDEN);
    }

    #[test]
    fn no_text_ends_a_fence_or_a_cell() {
        assert_eq!(fenced("diff", "a```\n`````b"), "``````diff\na```\n`````b\n``````\n");
        assert_eq!(code("a`b|c"), "``a`b\\|c``");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(line("a*b*\n# [x](y)"), "a\\*b\\* \\# \\[x\\](y)");
    }

    const GOLDEN: &str = "\
# Hardening of /opt/a\\_b

| | |
|---|---|
| home | `/opt/a_b` |
| product | IS 5.7.0 |
| tool | harden 0.1.0, catalogue 82b35a952e02 |
| note | CHG-7 \\| two |

## What changes

### P04 Change default ports

Scanners know \\<them\\>.

- Severity: low
- Impact: restart, clients
- Risk: Clients must be told.
- Setting: `offset=7`
- Reference: <https://example.org/>

`````diff
--- a/x
+++ b/x
@@ -1 +1 @@
-1
+````7
`````

## Files

1 guideline(s) change 1 file(s): +1 −1 lines.

| file | lines | SHA-256 before | SHA-256 after |
|---|---|---|---|
| `x` | +1 −1 | (not there) | `ba78` |

## Left out

- P22 Memory: applied only when it is named

## How it is applied

```sh
harden apply --plan p.json
```

The server has to be restarted for it to take effect.

## How it is taken back

```sh
harden rollback
```

`harden log` names the transaction; one guideline's share goes back with `--only CODE`.
";
}
