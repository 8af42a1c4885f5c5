//! A password, read from the terminal or stdin.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use super::Failure;

/// Reads a user's new password: from the terminal, twice and without echo, or a line of stdin.
pub(super) fn read(name: &str, bytes_max: usize) -> Result<Zeroizing<String>, Failure> {
    let unread = |error: io::Error| Failure::Run(format!("the password cannot be read: {error}"));
    if !io::stdin().is_terminal() {
        return line(bytes_max).map_err(unread);
    }
    let _unseen = Unseen::begin().map_err(unread)?;
    let ask = |what: &str| {
        // The answer is read even if the question could not be shown.
        _ = write!(io::stderr(), "{what}: ");
        let line = line(bytes_max);
        _ = writeln!(io::stderr());
        line.map_err(unread)
    };
    let password = ask(&format!("New password of {name}"))?;
    if *ask("Again")? != *password {
        return Err(Failure::Run("passwords do not match".to_owned()));
    }
    Ok(password)
}

/// Reads a line; of one that is too long, enough for that to be seen.
fn line(bytes_max: usize) -> io::Result<Zeroizing<String>> {
    let most = bytes_max.saturating_add(2);
    // As long as it may get, so that no copy is left behind when it grows.
    let mut line = Zeroizing::new(String::with_capacity(most));
    io::stdin().lock().take(most as u64).read_line(&mut line)?;
    let end = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(end);
    Ok(line)
}

/// A terminal that does not show what is typed; it does again when this is dropped.
struct Unseen {
    before: Termios,
}

impl Unseen {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut unseen = before.clone();
        unseen.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &unseen)?;
        Ok(Self { before })
    }
}

impl Drop for Unseen {
    fn drop(&mut self) {
        _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.before);
    }
}
