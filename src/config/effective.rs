//! A configuration whose values know where they came from.

use std::{
    collections::BTreeMap,
    fmt::{self, Display, Formatter},
};

use super::{Config, Setting, lookup, value::quoted};

/// Where the value of a setting came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// Nowhere: it was not given.
    #[default]
    Default,
    /// A file.
    File {
        /// The path as it was given.
        path: String,
        /// The line, from 1.
        line: usize,
    },
    /// The environment.
    Environment,
    /// A flag.
    Flag,
}

/// A configuration, and where each value came from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effective {
    /// The values.
    pub config: Config,
    /// The sources of the settings that were given, by key.
    pub(super) sources: BTreeMap<&'static str, Source>,
}

/// All errors of a configuration, a line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(pub Vec<String>);

impl Source {
    /// Returns its name for a setting: `--ping-after`, `CHINWAG_PING_AFTER`, `chinwag.toml:3`,
    /// `default`.
    pub fn name(&self, setting: &Setting) -> String {
        match self {
            Self::Default => "default".into(),
            Self::File { path, line } => format!("{path}:{line}"),
            Self::Environment => setting.variable(),
            Self::Flag if setting.is_limit() => format!("--limit {}", setting.key),
            Self::Flag => format!("--{}", setting.flag()),
        }
    }

    /// Returns the setting as it was written in this source.
    pub(super) fn given(&self, setting: &Setting, text: &str) -> String {
        let (name, key, text) = (self.name(setting), setting.key, harmless(text));
        match self {
            Self::Default => format!("{key} = {text} (default)"),
            Self::File { .. } => format!("{name}: {key} = {}", quoted(&text)),
            Self::Flag if !setting.is_limit() => format!("{name} {text}"),
            Self::Environment | Self::Flag => format!("{name}={text}"),
        }
    }
}

impl Effective {
    /// Returns where the value of a setting came from.
    pub fn source(&self, key: &str) -> &Source {
        self.sources.get(key).unwrap_or(&Source::Default)
    }

    /// Returns a setting as it was given, to begin an error with.
    pub(super) fn given(&self, key: &str) -> String {
        match lookup::any(key) {
            Some(setting) => self.source(key).given(setting, &(setting.text)(&self.config)),
            None => key.into(),
        }
    }

    /// Returns the key and the value of a setting, to refer to it in an error.
    pub(super) fn named(&self, key: &str) -> String {
        let text = lookup::any(key).map(|setting| (setting.text)(&self.config));
        format!("{key} ({})", text.unwrap_or_default())
    }
}

impl Display for Faults {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

/// Replaces the control characters of a text that is quoted in a line.
pub(super) fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
