//! Questions to the operator. Anything that is not a clear answer is asked again; the end of the
//! input is "quit".

use super::failure::Failure;
use super::screen::Screen;
use crate::patch::Patch;
use dialoguer::theme::{SimpleTheme, Theme as _};
use std::io::Write as _;

/// What to do with a patch; the letters are those of `git add -p`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Yes,
    No,
    /// This one and all that follow.
    All,
    /// Neither this one nor any that follows.
    Done,
    Quit,
}

/// Shows who a patch is, above its diff.
pub fn present(screen: &Screen, patch: &Patch, index: usize, count: usize) {
    let impact: Vec<&str> = patch.impact.iter().map(|impact| impact.word()).collect();
    let impact = if impact.is_empty() { "none".to_owned() } else { impact.join(", ") };
    screen.say(&format!(
        "\n[{index}/{count}] {} {} ({})",
        patch.code,
        patch.title,
        patch.severity.word()
    ));
    screen.say(&format!("Why:    {}", patch.why));
    screen.say(&format!("Impact: {impact}"));
    if let Some(risk) = &patch.risk {
        screen.say(&format!("Risk:   {risk}"));
    }
}

/// Asks whether to apply a patch.
pub fn decide(screen: &Screen, patch: &Patch) -> Result<Answer, Failure> {
    loop {
        let Some(text) = line(&format!("Apply {} [y,n,a,d,q,i,?]", patch.code))? else {
            return Ok(Answer::Quit);
        };
        match text.trim() {
            "y" => return Ok(Answer::Yes),
            "n" => return Ok(Answer::No),
            "a" => return Ok(Answer::All),
            "d" => return Ok(Answer::Done),
            "q" => return Ok(Answer::Quit),
            "i" => screen.say(&crate::report::catalogue::page(patch)),
            _ => screen.say(
                "y - apply this guideline\nn - do not apply it\na - apply it and all that follow\n\
                 d - neither it nor any that follows\nq - quit, nothing is written\n\
                 i - more about this guideline\n? - this help",
            ),
        }
    }
}

/// Asks for a last yes or no.
pub fn confirm(question: &str) -> Result<bool, Failure> {
    loop {
        let Some(text) = line(&format!("{question} [y,n]"))? else {
            return Ok(false);
        };
        match text.trim() {
            "y" | "yes" => return Ok(true),
            "n" | "no" | "q" => return Ok(false),
            _ => {}
        }
    }
}

/// Reads one line; nothing at the end of the input.
///
/// The terminal stays as it is, so that Ctrl-D ends the input and Ctrl-C the program, with nothing
/// left behind on the screen.
fn line(prompt: &str) -> Result<Option<String>, Failure> {
    let unreadable = || Failure::io("the terminal cannot be read");
    let mut shown = String::new();
    // Writing into a string cannot fail.
    let _ = SimpleTheme.format_input_prompt(&mut shown, prompt, None);
    eprint_flushed(&shown).map_err(unreadable())?;
    let mut text = String::new();
    let count = std::io::stdin().read_line(&mut text).map_err(unreadable())?;
    Ok((count > 0).then(|| text.trim_end_matches(['\n', '\r']).to_owned()))
}

fn eprint_flushed(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stderr().lock();
    write!(out, "{text} ")?;
    out.flush()
}
