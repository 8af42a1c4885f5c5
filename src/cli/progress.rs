//! A line on the terminal that tells how far a command is.

use std::io::{self, IsTerminal as _, Write as _};

/// Shows progress on stderr, if that is a terminal; otherwise it does nothing.
#[derive(Debug)]
pub(super) struct Progress {
    what: &'static str,
    unit: &'static str,
    shows: bool,
    /// The step shown last.
    shown: Option<u64>,
}

impl Progress {
    /// Begins to tell of `what`, such as "Exported", and of what.
    pub(super) fn new(what: &'static str, unit: &'static str) -> Self {
        Self { what, unit, shows: io::stderr().is_terminal(), shown: None }
    }

    /// Shows that so many of all entries are done.
    pub(super) fn show(&mut self, done: u64, all: u64) {
        if !self.shows {
            return;
        }
        let step = step(done, all);
        if self.shown != Some(step) {
            self.shown = Some(step);
            self.draw(&line(self.what, self.unit, done, all));
        }
    }

    /// Takes the line away.
    pub(super) fn end(self) {
        if self.shown.is_some() {
            self.draw("");
        }
    }

    fn draw(&self, line: &str) {
        // A closed terminal is no error.
        _ = write!(io::stderr(), "\r{line}\x1b[K");
    }
}

/// Returns the step that is worth showing: a thousandth of all.
fn step(done: u64, all: u64) -> u64 {
    done.saturating_mul(1000).checked_div(all).unwrap_or(0)
}

fn line(what: &str, unit: &str, done: u64, all: u64) -> String {
    let percent = step(done, all).min(1000) / 10;
    let full = usize::try_from(percent / 5).unwrap_or(0);
    format!("{what} {:<20} {percent:>3} % {done} of {all} {unit}", "#".repeat(full))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_has_a_bar_the_percent_and_the_counts() {
        assert_eq!(line("Read", "entries", 0, 0), "Read                        0 % 0 of 0 entries");
        let half = "Read ##########            50 % 5 of 10 entries";
        assert_eq!(line("Read", "entries", 5, 10), half);
        let all = "Read #################### 100 % 12 of 10 entries";
        assert_eq!(line("Read", "entries", 12, 10), all);
    }
}
