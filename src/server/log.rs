//! The log: lines on stderr, for people or for programs.
//!
//! The reader of the log may be slow or stuck, and the reactor must not wait for it: lines go to a
//! thread of their own through a bounded queue. When it is full, they are dropped and counted.
//! Callers log no texts, tokens or session keys, and pass strings that users chose through
//! [`Escaped`].

use std::{
    fmt::{self, Display, Formatter, Write as _},
    io::{self, IsTerminal, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver, SyncSender},
    },
    thread,
    time::Duration,
};

use tracing_subscriber::{
    Registry, filter::LevelFilter, fmt::MakeWriter, layer::SubscriberExt, reload,
    util::SubscriberInitExt,
};

use crate::config::{LogFormat, LogLevel};

/// The running log; writes the queued lines when it is dropped.
#[derive(Debug)]
pub struct Log {
    queue: Queue,
    level: Level,
}

/// The minimum level of the running log.
#[derive(Clone, Debug)]
pub struct Level(reload::Handle<LevelFilter, Registry>);

impl Level {
    /// Returns the level.
    pub fn get(&self) -> LogLevel {
        let filter = self.0.clone_current().unwrap_or(LevelFilter::OFF);
        LogLevel::ALL
            .into_iter()
            .find(|level| self::filter(*level) == filter)
            .unwrap_or(LogLevel::Error)
    }

    /// Changes the level.
    pub fn set(&self, level: LogLevel) {
        // It fails only if there is no log any more.
        _ = self.0.reload(filter(level));
    }
}

/// Starts the log for the whole process.
///
/// # Errors
/// If there is one already, or no thread can be started.
pub fn start(format: LogFormat, level: LogLevel) -> io::Result<Log> {
    let (lines, queued) = mpsc::sync_channel(LINES_MAX);
    let queue = Queue { lines, lost: Arc::default() };
    let lost = Arc::clone(&queue.lost);
    thread::Builder::new()
        .name("log".into())
        .spawn(move || write_lines(&queued, &lost, format, &mut io::stderr()))?;
    let (filter, level) = reload::Layer::new(filter(level));
    let registry = tracing_subscriber::registry().with(filter);
    let lines = tracing_subscriber::fmt::layer()
        .with_target(false)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(queue.clone());
    match format {
        LogFormat::Text => registry.with(lines).try_init(),
        LogFormat::Json => {
            registry.with(lines.json().flatten_event(true).with_current_span(false)).try_init()
        }
    }
    .map_err(io::Error::other)?;
    Ok(Log { queue, level: Level(level) })
}

impl Log {
    /// Returns the handle that changes the minimum level.
    pub fn level(&self) -> Level {
        self.level.clone()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let (done, written) = mpsc::sync_channel(1);
        // If the queue is full, the log is not being read.
        if self.queue.lines.try_send(Item::Flush(done)).is_ok() {
            _ = written.recv_timeout(FLUSH_WITHIN);
        }
    }
}

/// A string that a user chose, as it is logged: on one line, without anything that could disturb a terminal or
/// pass for another field, and cut to [`ESCAPED_BYTES_MAX`].
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'a>(pub &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(text) = *self;
        let shown = text.get(..text.floor_char_boundary(ESCAPED_BYTES_MAX)).unwrap_or_default();
        let plain = |c: char| c.is_alphanumeric() || "-_.:/@+#".contains(c);
        if shown.is_empty() || !shown.chars().all(plain) {
            // What `Debug` does to a string is just this: quotes, and escapes for all that is not
            // printable, be it a control character, a bidirectional override or of no width.
            write!(f, "{shown:?}")?;
        } else {
            f.write_str(shown)?;
        }
        if shown.len() < text.len() { f.write_char('…') } else { Ok(()) }
    }
}

/// Bytes of a user's string that a line shows at most.
pub const ESCAPED_BYTES_MAX: usize = 256;
/// Lines that wait for a slow reader. Above it they are dropped and counted.
const LINES_MAX: usize = 4096;
const FLUSH_WITHIN: Duration = Duration::from_secs(1);

enum Item {
    Line(Box<[u8]>),
    Flush(SyncSender<()>),
}

#[derive(Clone, Debug)]
struct Queue {
    lines: SyncSender<Item>,
    lost: Arc<AtomicU64>,
}

impl<'a> MakeWriter<'a> for Queue {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

impl Write for &Queue {
    /// Takes a whole line: the formatter writes each with one call.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.lines.try_send(Item::Line(line.into())).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs the log's thread, until the queue is closed. A line that cannot be written is lost: there is
/// nowhere else to report it.
fn write_lines(queued: &Receiver<Item>, lost: &AtomicU64, format: LogFormat, out: &mut impl Write) {
    for item in queued {
        match item {
            Item::Line(line) => _ = out.write_all(&line),
            Item::Flush(done) => _ = done.try_send(()),
        }
        match (lost.swap(0, Ordering::Relaxed), format) {
            (0, _) => {}
            (count, LogFormat::Text) => _ = writeln!(out, "WARN {count} lines left out"),
            (count, LogFormat::Json) => {
                _ = writeln!(out, r#"{{"level":"WARN","message":"{count} lines left out"}}"#);
            }
        }
    }
}

fn filter(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_is_shown_so_that_it_cannot_disturb_the_line() {
        for (text, shown) in [
            ("Alice", "Alice"),
            ("Zoë-2", "Zoë-2"),
            ("/ws/dev", "/ws/dev"),
            ("", "\"\""),
            ("Alice B", "\"Alice B\""),
            ("a room=b", "\"a room=b\""),
            ("a\nERROR b", "\"a\\nERROR b\""),
            ("\u{1b}[31mred", "\"\\u{1b}[31mred\""),
            ("a\u{202e}b", "\"a\\u{202e}b\""),
            ("a\u{200b}b", "\"a\\u{200b}b\""),
            ("a\u{2028}b", "\"a\\u{2028}b\""),
            ("a\u{85}b", "\"a\\u{85}b\""),
            ("say \"hi\"", "\"say \\\"hi\\\"\""),
        ] {
            assert_eq!(Escaped(text).to_string(), shown);
        }
    }

    #[test]
    fn a_long_string_is_cut_between_characters() {
        let shown = Escaped(&"é".repeat(500)).to_string();
        assert_eq!(shown, format!("{}…", "é".repeat(128)));
        let shown = Escaped(&format!("a{}", "é".repeat(500))).to_string();
        assert_eq!(shown, format!("a{}…", "é".repeat(127)));
    }

    #[test]
    fn lines_beyond_a_full_queue_are_dropped_and_counted() {
        let (lines, queued) = mpsc::sync_channel(2);
        let queue = Queue { lines, lost: Arc::default() };
        for line in ["a\n", "b\n", "c\n", "d\n"] {
            assert_eq!((&queue).write(line.as_bytes()).ok(), Some(2), "the writer never waits");
        }
        let lost = Arc::clone(&queue.lost);
        drop(queue);
        let mut out = Vec::new();
        write_lines(&queued, &lost, LogFormat::Text, &mut out);
        assert_eq!(String::from_utf8(out).expect("text"), "a\nWARN 2 lines left out\nb\n");
    }
}
