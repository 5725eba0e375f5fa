//! What searches came to, as a figure for people.
//!
//! It counts; it judges nothing.

use std::fmt;

/// What exploring came to.
#[derive(Default)]
pub struct Tally {
    /// Pairs of a moment and of what a crash took then.
    pub states: u64,
    /// Different disks among them; each was recovered.
    pub disks: u64,
    /// Recoveries that were crashed in their turn.
    pub pursued: usize,
    /// What went wrong and how it came to that.
    pub mixed: Vec<String>,
}

impl Tally {
    pub fn add(&mut self, other: Self) {
        self.states += other.states;
        self.disks += other.disks;
        self.pursued += other.pursued;
        self.mixed.extend(other.mixed);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let Self { states, disks, pursued, mixed } = self;
        let states = thousands(*states);
        let (disks, pursued) = (thousands(*disks), thousands(*pursued as u64));
        write!(out, "{states} states, {disks} different disks, each recovered, ")?;
        write!(out, "{pursued} of these recoveries crashed in their turn, {} mixed", mixed.len())
    }
}

fn thousands(number: u64) -> String {
    match number / 1000 {
        0 => number.to_string(),
        more => format!("{},{:03}", thousands(more), number % 1000),
    }
}
