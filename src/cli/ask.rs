//! Questions to the operator. Anything that is not a clear answer is asked again; the end of the
//! input is "quit". The terminal is left as it was found, also by Ctrl-C.

use super::failure::Failure;
use dialoguer::theme::{SimpleTheme, Theme as _};
use rustix::process::{Signal, getpid, kill_process};
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};
use std::io::{Read as _, Write as _};

/// The longest secret that can be typed, in bytes.
const LONGEST: usize = 4096;

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
pub fn line(prompt: &str) -> Result<Option<String>, Failure> {
    show(prompt)?;
    let mut text = String::new();
    let count = std::io::stdin().read_line(&mut text).map_err(unreadable())?;
    Ok((count > 0).then(|| text.trim_end_matches(['\n', '\r']).to_owned()))
}

/// Reads one line without showing it; nothing at the end of the input.
pub fn unseen(prompt: &str) -> Result<Option<String>, Failure> {
    let quiet = Quiet::new().map_err(unreadable())?;
    // Only now, so that nothing typed in answer is shown.
    show(prompt)?;
    let mut typed = Vec::new();
    let end = read_unseen(&mut typed);
    drop(quiet);
    // The line that was not echoed has not ended on the screen either.
    let _ = writeln!(std::io::stderr().lock());
    let text = String::from_utf8_lossy(&typed).into_owned();
    zeroize::Zeroize::zeroize(&mut typed);
    match end.map_err(unreadable())? {
        End::Line => Ok(Some(text)),
        End::Input => Ok(None),
        End::Interrupt => {
            // As the terminal would have done it.
            let _ = kill_process(getpid(), Signal::INT);
            Ok(None)
        }
    }
}

enum End {
    Line,
    Input,
    Interrupt,
}

fn read_unseen(typed: &mut Vec<u8>) -> std::io::Result<End> {
    let mut input = std::io::stdin().lock();
    let mut byte = [0];
    loop {
        if input.read(&mut byte)? == 0 {
            return Ok(End::Input);
        }
        match byte[0] {
            b'\r' | b'\n' => return Ok(End::Line),
            0x03 => return Ok(End::Interrupt),
            0x04 if typed.is_empty() => return Ok(End::Input),
            // Backspace takes a whole character away, Ctrl-U everything.
            0x08 | 0x7f => while typed.pop().is_some_and(|last| (0x80..0xc0).contains(&last)) {},
            0x15 => typed.clear(),
            other if typed.len() < LONGEST => typed.push(other),
            _ => {}
        }
    }
}

/// A terminal that shows nothing and hands over each key, until this is dropped.
struct Quiet {
    before: Termios,
}

impl Quiet {
    fn new() -> std::io::Result<Self> {
        let before = tcgetattr(std::io::stdin())?;
        let mut quiet = before.clone();
        // Without signals, so that Ctrl-C cannot end the program before the terminal is restored.
        quiet.local_modes &= !(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        quiet.special_codes[SpecialCodeIndex::VMIN] = 1;
        quiet.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(std::io::stdin(), OptionalActions::Now, &quiet)?;
        Ok(Self { before })
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.before);
    }
}

fn show(prompt: &str) -> Result<(), Failure> {
    let mut shown = String::new();
    // Writing into a string cannot fail.
    let _ = SimpleTheme.format_input_prompt(&mut shown, prompt, None);
    let mut out = std::io::stderr().lock();
    write!(out, "{} ", shown.trim_end()).and_then(|()| out.flush()).map_err(unreadable())
}

fn unreadable() -> impl FnOnce(std::io::Error) -> Failure {
    Failure::io("the terminal cannot be read")
}
