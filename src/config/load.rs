//! Reads the sources of settings and collects what is wrong with them.
//!
//! The sources are read from the weakest to the strongest, and every text is checked even if a
//! stronger source replaces it. All errors are reported together.

use std::{borrow::Cow, collections::BTreeSet, ffi::OsString, fs, path::Path};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    Effective, Faults, LIMITS, SETTINGS, Setting, Source, VARIABLE_PREFIX,
    check::check,
    effective::harmless,
    lookup::{find, unknown_key, unknown_limit, unknown_variable},
};

/// Reads every source. `flags` are keys of settings with their texts, `limits` are `NAME=VALUE`.
pub fn load(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
    flags: impl IntoIterator<Item = (&'static str, String)>,
    limits: impl IntoIterator<Item = String>,
) -> Result<Effective, Faults> {
    let mut loading = Loading { effective: Effective::default(), faults: Vec::new() };
    if let Some(path) = file {
        loading.read_file(path);
    }
    for (name, value) in environment {
        loading.read_variable(&name, value);
    }
    for (key, text) in flags {
        if let Some(setting) = find(SETTINGS, key) {
            loading.set(setting, &text, Source::Flag, None);
        }
    }
    for text in limits {
        loading.read_limit(&text);
    }
    loading.effective.config.complete();
    if loading.faults.is_empty() {
        loading.faults = check(&loading.effective);
    }
    if loading.faults.is_empty() { Ok(loading.effective) } else { Err(Faults(loading.faults)) }
}

struct Loading {
    effective: Effective,
    faults: Vec<String>,
}

impl Loading {
    /// Sets a setting; `given` is how it was written, if that differs from `text`.
    fn set(&mut self, setting: &Setting, text: &str, source: Source, given: Option<&str>) {
        match (setting.set)(&mut self.effective.config, text) {
            Ok(()) => _ = self.effective.sources.insert(setting.key, source),
            Err(why) => {
                let given = match given {
                    Some(given) => format!("{}: {}", source.name(setting), harmless(given)),
                    None => source.given(setting, text),
                };
                self.faults.push(format!("{given}: {why}"));
            }
        }
    }

    /// Reads `NAME=VALUE`.
    fn read_limit(&mut self, text: &str) {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        let key = name.replace('-', "_");
        match find(LIMITS, &key) {
            Some(limit) => self.set(limit, value, Source::Flag, None),
            None => {
                let why = unknown_limit(&key);
                self.faults.push(format!("--limit {}: {why}", harmless(text)));
            }
        }
    }

    fn read_variable(&mut self, name: &OsString, value: OsString) {
        // Our own names are UTF-8.
        let Some(rest) = name.to_str().and_then(|name| name.strip_prefix(VARIABLE_PREFIX)) else {
            return;
        };
        // What an orchestrator sets for a service that is called chinwag.
        let foreign = rest == "PORT" || rest.starts_with("PORT_") || rest.starts_with("SERVICE_");
        if foreign || rest == "CONFIG" || value.is_empty() {
            return;
        }
        let key = rest.to_ascii_lowercase();
        match (find(SETTINGS, &key), value.into_string()) {
            (Some(setting), Ok(text)) => self.set(setting, &text, Source::Environment, None),
            (Some(_), Err(_)) => self.faults.push(format!("{VARIABLE_PREFIX}{rest}: not UTF-8")),
            (None, _) => {
                self.faults.push(format!("{VARIABLE_PREFIX}{rest}: {}", unknown_variable(&key)));
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
        let mut file = File { name: &name, text: &text, seen: BTreeSet::new() };
        for (key, value) in in_order(&table) {
            match value.get_ref() {
                DeValue::Table(limits) if key.get_ref() == LIMITS_TABLE => {
                    for (key, value) in in_order(limits) {
                        self.read_entry(&mut file, LIMITS, key, value);
                    }
                }
                _ => self.read_entry(&mut file, SETTINGS, key, value),
            }
        }
    }

    /// Reads an entry of a table whose keys are those of `known`.
    fn read_entry(
        &mut self,
        file: &mut File<'_>,
        known: &'static [Setting],
        key: &Spanned<Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
    ) {
        let line = position(file.text, key.span().start).0;
        let written = harmless(key.get_ref());
        let name = written.replace('-', "_");
        let place = format!("{}:{line}: {written}", file.name);
        let why = match (find(known, &name), plain(value)) {
            (Some(setting), _) if !file.seen.insert(setting.key) => {
                "given twice, with a dash and with an underscore".into()
            }
            (Some(setting), Some(text)) => {
                let given = file.text.get(key.span().start..value.span().end);
                let source = Source::File { path: file.name.into(), line };
                return self.set(setting, &text, source, given);
            }
            (Some(_), None) => "not a value; use a string, a number, or true or false".into(),
            (None, _) if std::ptr::eq(known, LIMITS) => unknown_limit(&name),
            (None, None) => format!("unknown table; the only one is [{LIMITS_TABLE}]"),
            (None, Some(_)) => unknown_key(&name),
        };
        self.faults.push(format!("{place}: {why}"));
    }
}

/// A file, and the keys that have been read from it.
struct File<'a> {
    name: &'a str,
    text: &'a str,
    seen: BTreeSet<&'static str>,
}

const LIMITS_TABLE: &str = "limits";

/// Returns the entries of a table in the order of the file.
fn in_order<'a, 'i>(
    table: &'a DeTable<'i>,
) -> Vec<(&'a Spanned<Cow<'i, str>>, &'a Spanned<DeValue<'i>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

/// Returns the text form of a TOML value, if it has one.
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

/// Returns the line and column, both from 1, of a position in a text.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
    (before.matches('\n').count() + 1, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_in_a_text_is_line_and_column() {
        assert_eq!(position("", 0), (1, 1));
        assert_eq!(position("a\nbü\n", 5), (2, 3));
        assert_eq!(position("a\nb", 99), (2, 2));
    }
}
