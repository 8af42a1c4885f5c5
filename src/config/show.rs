//! The settings as text for people: `chinwag check` and the README.

use std::fmt::Write;

use super::{Effective, SETTINGS, Setting};

/// Writes the effective configuration as TOML, each line with where the value came from.
pub fn effective(effective: &Effective) -> String {
    let mut out = String::new();
    let line =
        |setting: &Setting| format!("{} = {}", setting.key, (setting.toml)(&effective.config));
    let width = SETTINGS.iter().map(|setting| line(setting).len()).max().unwrap_or(0).min(48);
    for (setting, group_begins) in with_groups() {
        if group_begins {
            let between = if out.is_empty() { "" } else { "\n" };
            _ = writeln!(out, "{between}# {}", setting.group);
        }
        let source = effective.source(setting.key);
        _ = writeln!(out, "{:width$}  # {}", line(setting), source.name(setting));
    }
    out
}

/// Writes the table of all settings as Markdown.
pub fn markdown() -> String {
    let mut out = String::from("| flag | default | what it does |\n|---|---|---|\n");
    for (setting, group_begins) in with_groups() {
        if group_begins {
            _ = writeln!(out, "| **{}** | | |", setting.group);
        }
        let form = (setting.form)().replace('|', "\\|");
        let default = match setting.default_text() {
            text if text.is_empty() => String::new(),
            text => format!("`{text}`"),
        };
        let help = (setting.help)().replace('|', "\\|").replace('*', "\\*");
        _ = writeln!(out, "| `--{} {form}` | {default} | {help} |", setting.flag());
    }
    out
}

/// Pairs each setting with whether a group begins there.
fn with_groups() -> impl Iterator<Item = (&'static Setting, bool)> {
    let mut last = "";
    SETTINGS.iter().map(move |setting| {
        let begins = setting.group != last;
        last = setting.group;
        (setting, begins)
    })
}
