//! What came of the checks, on stdout.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

/// What came of a check, with one line about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Pass(String),
    /// With what to change.
    Fail(String),
    /// With why it was not done.
    Skipped(String),
}

pub(super) fn pass(text: impl Into<String>) -> Outcome {
    Outcome::Pass(text.into())
}

pub(super) fn fail(text: impl Into<String>) -> Outcome {
    Outcome::Fail(text.into())
}

pub(super) fn skip(text: impl Into<String>) -> Outcome {
    Outcome::Skipped(text.into())
}

/// The lines so far.
#[derive(Debug, Default)]
pub(super) struct Report {
    failed: bool,
}

impl Report {
    /// Prints what came of a check.
    pub(super) fn add(&mut self, name: &str, outcome: Outcome) {
        let (verdict, text) = match &outcome {
            Outcome::Pass(text) => ("pass", text),
            Outcome::Fail(text) => ("fail", text),
            Outcome::Skipped(text) => ("skipped", text),
        };
        self.failed |= matches!(outcome, Outcome::Fail(_));
        // The exit code says the most important part, too.
        _ = writeln!(io::stdout(), "{verdict:<8} {name}: {}", plain(text));
    }

    /// Returns 1 if a check has failed.
    pub(super) fn exit_code(&self) -> ExitCode {
        ExitCode::from(u8::from(self.failed))
    }
}

/// Returns a text as one line that is safe for a terminal: parts of it may be a stranger's.
fn plain(text: &str) -> String {
    let visible = |char: char| if is_invisible(char) { '\u{fffd}' } else { char };
    text.chars().take(CHARS_MAX).map(visible).collect()
}

/// Whether a terminal could take it for a command, or show what follows in another order.
fn is_invisible(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

const CHARS_MAX: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_stranger_wrote_is_one_harmless_line() {
        assert_eq!(plain("a\n\u{1b}[2Jb\u{202e}"), "a\u{fffd}\u{fffd}[2Jb\u{fffd}");
        assert_eq!(plain(&"é".repeat(9999)).chars().count(), CHARS_MAX);
    }
}
