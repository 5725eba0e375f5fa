//! Shows how waiting goes on: one line that changes at a terminal, else a line where the answer
//! changes and now and then.

use super::super::screen::Screen;
use std::io::IsTerminal as _;
use std::time::Duration;

/// How often a line is repeated where lines stay, in seconds.
const SELDOM: u64 = 30;

pub struct Progress<'a> {
    screen: &'a Screen,
    terminal: bool,
    last: String,
    shown: u64,
}

impl<'a> Progress<'a> {
    pub fn on(screen: &'a Screen) -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self { screen, terminal, last: String::new(), shown: 0 }
    }

    pub fn tell(&mut self, time: Duration, answer: &str) {
        let seconds = time.as_secs();
        let text = format!("{seconds:>4} s  {answer}");
        if self.terminal {
            self.screen.over(&text);
        } else if answer != self.last || seconds >= self.shown + SELDOM {
            self.screen.note(&text);
            self.shown = seconds;
        }
        answer.clone_into(&mut self.last);
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        if self.terminal && !self.last.is_empty() {
            self.screen.note("");
        }
    }
}
