//! Where values come from, and what is wrong with them.
//!
//! Each source is read in turn, the weakest first, and every text is checked even if a stronger
//! source replaces it. All that is wrong is gathered, so that it can be put right at once.

use std::{
    ffi::OsString,
    fmt::{self, Display, Formatter},
    fs,
    path::Path,
};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{Config, SETTINGS, Setting, VARIABLE_PREFIX, check::check, value::quoted};

/// Where the value of a setting came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// Nobody gave one.
    #[default]
    Default,
    /// A file, with the line.
    File {
        /// The file as it was named.
        path: String,
        /// The line, from 1.
        line: usize,
    },
    /// The environment.
    Environment,
    /// A flag.
    Flag,
}

/// A configuration and where each value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// The values.
    pub config: Config,
    /// The source of each setting, in the order of the table.
    sources: Vec<Source>,
}

/// Names everything that is wrong, a line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(pub Vec<String>);

/// Reads every source; `flags` are keys of settings with their texts.
pub fn load(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
    flags: impl IntoIterator<Item = (&'static str, String)>,
) -> Result<Effective, Faults> {
    let mut loading = Loading {
        effective: Effective {
            config: Config::default(),
            sources: vec![Source::Default; SETTINGS.len()],
        },
        faults: Vec::new(),
    };
    if let Some(path) = file {
        loading.read_file(path);
    }
    for (name, value) in environment {
        loading.read_variable(&name, value);
    }
    for (key, text) in flags {
        if let Some(at) = index(key) {
            loading.set(at, &text, Source::Flag, None);
        }
    }
    if loading.faults.is_empty() {
        loading.faults = check(&loading.effective);
    }
    if loading.faults.is_empty() { Ok(loading.effective) } else { Err(Faults(loading.faults)) }
}

impl Source {
    /// Names it for a setting: `--ping-after`, `CHINWAG_PING_AFTER`, `chinwag.toml:3`, `default`.
    pub fn name(&self, setting: &Setting) -> String {
        match self {
            Self::Default => "default".into(),
            Self::File { path, line } => format!("{path}:{line}"),
            Self::Environment => setting.variable(),
            Self::Flag => format!("--{}", setting.flag()),
        }
    }

    /// Writes the setting the way it stands in this source.
    fn given(&self, setting: &Setting, text: &str) -> String {
        let text = harmless(text);
        match self {
            Self::Default => format!("{} = {text} (default)", setting.key),
            Self::File { .. } => {
                format!("{}: {} = {}", self.name(setting), setting.key, quoted(&text))
            }
            Self::Environment => format!("{}={text}", self.name(setting)),
            Self::Flag => format!("{} {text}", self.name(setting)),
        }
    }
}

impl Effective {
    /// Where the value of a setting came from.
    pub fn source(&self, key: &str) -> &Source {
        index(key).and_then(|at| self.sources.get(at)).unwrap_or(&Source::Default)
    }

    /// Writes a setting the way it was given, to begin a complaint with.
    pub(super) fn given(&self, key: &str) -> String {
        match SETTINGS.iter().find(|setting| setting.key == key) {
            Some(setting) => self.source(key).given(setting, &(setting.text)(&self.config)),
            None => key.into(),
        }
    }
}

impl Display for Faults {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

struct Loading {
    effective: Effective,
    faults: Vec<String>,
}

impl Loading {
    /// Sets one setting; `given` is how it was written, where that is not plain from `text`.
    fn set(&mut self, at: usize, text: &str, source: Source, given: Option<&str>) {
        let (Some(setting), Some(slot)) = (SETTINGS.get(at), self.effective.sources.get_mut(at))
        else {
            return;
        };
        match (setting.set)(&mut self.effective.config, text) {
            Ok(()) => *slot = source,
            Err(why) => {
                let given = match given {
                    Some(given) => format!("{}: {}", source.name(setting), harmless(given)),
                    None => source.given(setting, text),
                };
                self.faults.push(format!("{given}: {why}"));
            }
        }
    }

    fn read_variable(&mut self, name: &OsString, value: OsString) {
        // A name that is not UTF-8 cannot be one of ours.
        let Some(rest) = name.to_str().and_then(|name| name.strip_prefix(VARIABLE_PREFIX)) else {
            return;
        };
        // What an orchestrator sets for a service that is called chinwag.
        let foreign = rest == "PORT" || rest.starts_with("PORT_") || rest.starts_with("SERVICE_");
        if foreign || rest == "CONFIG" || value.is_empty() {
            return;
        }
        let key = rest.to_ascii_lowercase();
        match (index(&key), value.into_string()) {
            (Some(at), Ok(text)) => self.set(at, &text, Source::Environment, None),
            (Some(_), Err(_)) => self.faults.push(format!("{VARIABLE_PREFIX}{rest}: not UTF-8")),
            (None, _) => {
                let hint = match nearest(&key) {
                    Some(near) => format!("did you mean {}?", near.variable()),
                    None => SEE_HELP.into(),
                };
                self.faults.push(format!("{VARIABLE_PREFIX}{rest}: no such setting; {hint}"));
            }
        }
    }

    fn read_file(&mut self, path: &Path) {
        let name = path.display().to_string();
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => return self.faults.push(format!("{name}: cannot be read: {error}")),
        };
        let table = match DeTable::parse(&text) {
            Ok(table) => table.into_inner(),
            Err(error) => {
                let (line, column) = position(&text, error.span().map_or(0, |span| span.start));
                let why = error.message().lines().next().unwrap_or_default().to_owned();
                return self.faults.push(format!("{name}:{line}:{column}: not TOML: {why}"));
            }
        };
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let mut seen = Vec::new();
        for (key, value) in entries {
            let line = position(&text, key.span().start).0;
            let given = key.get_ref().as_ref();
            let at = index(&given.replace('-', "_"));
            let why = match (at, plain(value)) {
                (Some(at), _) if seen.contains(&at) => {
                    "given twice, with a dash and with an underscore".into()
                }
                (Some(at), Some(plain)) => {
                    seen.push(at);
                    let given = text.get(key.span().start..value.span().end);
                    self.set(at, &plain, Source::File { path: name.clone(), line }, given);
                    continue;
                }
                (_, None) => "no setting is a table; write them all at the top level".into(),
                (None, Some(_)) => match nearest(&given.replace('-', "_")) {
                    Some(near) => format!("no such setting; did you mean {}?", near.key),
                    None => format!("no such setting; {SEE_HELP}"),
                },
            };
            self.faults.push(format!("{name}:{line}: {}: {why}", harmless(given)));
        }
    }
}

const SEE_HELP: &str = "chinwag --help names them all";

/// Returns the text form of a TOML value; None if it has none.
fn plain(value: &Spanned<DeValue<'_>>) -> Option<String> {
    match value.get_ref() {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).ok().map(|n| n.to_string())
        }
        DeValue::Float(number) => Some(number.as_str().into()),
        DeValue::Boolean(on) => Some(if *on { "on" } else { "off" }.into()),
        DeValue::Array(items) => {
            let items: Option<Vec<_>> = items.iter().map(plain).collect();
            Some(items?.join(","))
        }
        DeValue::Datetime(_) | DeValue::Table(_) => None,
    }
}

/// Returns line and column, both from 1, of a place in a text.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
    (before.matches('\n').count() + 1, column)
}

/// Keeps a text from breaking the line that it is quoted in.
fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn index(key: &str) -> Option<usize> {
    SETTINGS.iter().position(|setting| setting.key == key)
}

/// Finds the setting whose name is like what was written, if there is one.
fn nearest(key: &str) -> Option<&'static Setting> {
    let begins = |setting: &&Setting| !key.is_empty() && setting.key.starts_with(key);
    let near = || {
        let nearest = SETTINGS.iter().min_by_key(|setting| distance(key, setting.key))?;
        (distance(key, nearest.key) <= nearest.key.len() / 3 + 1).then_some(nearest)
    };
    SETTINGS.iter().find(begins).or_else(near)
}

/// Counts the letters to put in, take out or change to make one word of the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, c) in from.chars().take(64).enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, other) in row.iter_mut().skip(1).zip(&to) {
            let change = diagonal + usize::from(c != *other);
            diagonal = *cell;
            left = change.min(left + 1).min(diagonal + 1);
            *cell = left;
        }
        row.iter_mut().take(1).for_each(|cell| *cell = i + 1);
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_counts_letters() {
        for (from, to, count) in
            [("", "", 0), ("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3), ("ab", "ba", 2)]
        {
            assert_eq!(distance(from, to), count, "{from} {to}");
        }
    }

    #[test]
    fn the_nearest_setting_is_like_the_word_or_there_is_none() {
        for (word, near) in [
            ("ping_aftr", Some("ping_after")),
            ("pong", Some("pong_within")),
            ("listening", Some("listen")),
            ("message_max_bytes", None),
            ("limits", None),
            ("", None),
        ] {
            assert_eq!(nearest(word).map(|setting| setting.key), near, "{word}");
        }
    }

    #[test]
    fn a_place_in_a_text_is_line_and_column() {
        assert_eq!(position("", 0), (1, 1));
        assert_eq!(position("a\nbü\n", 5), (2, 3));
        assert_eq!(position("a\nb", 99), (2, 2));
    }
}
