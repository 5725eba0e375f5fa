//! Questions to the operator. Anything that is not a clear answer is asked again; the end of the
//! input is "quit".

use super::failure::Failure;
use super::screen::Screen;
use crate::patch::Patch;
use dialoguer::Input;
use std::io::ErrorKind;

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
fn line(prompt: &str) -> Result<Option<String>, Failure> {
    match Input::<String>::new().with_prompt(prompt).allow_empty(true).interact_text() {
        Ok(text) => Ok(Some(text)),
        Err(dialoguer::Error::IO(error)) => match error.kind() {
            ErrorKind::UnexpectedEof | ErrorKind::Interrupted | ErrorKind::NotConnected => Ok(None),
            _ => Err(Failure::io("the terminal cannot be read")(error)),
        },
    }
}
