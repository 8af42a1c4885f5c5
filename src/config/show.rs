//! The settings as text: `chinwag check` and the table in the README.

use std::fmt::Write;

use super::{Effective, LIMITS, SETTINGS, Setting};

/// Formats the effective configuration as TOML, each line with the source of the value.
pub fn toml(effective: &Effective) -> String {
    let line =
        |setting: &Setting| format!("{} = {}", setting.key, (setting.toml)(&effective.config));
    let all = || SETTINGS.iter().chain(LIMITS);
    let width = all().map(|setting| line(setting).len()).max().unwrap_or(0).min(48);
    let mut out = String::new();
    let mut group = None;
    for setting in all() {
        if group.replace(setting.group) != Some(setting.group) {
            let between = if out.is_empty() { "" } else { "\n" };
            let heading =
                if setting.is_limit() { "[limits]" } else { &format!("# {}", setting.group) };
            _ = writeln!(out, "{between}{heading}");
        }
        let source = effective.source(setting.key).name(setting);
        _ = writeln!(out, "{:width$}  # {source}", line(setting));
    }
    out
}

/// Formats the table of the settings as Markdown.
pub fn markdown() -> String {
    let mut out = String::from("| flag | default | what it does |\n|---|---|---|\n");
    let mut group = None;
    for setting in SETTINGS {
        if group.replace(setting.group) != Some(setting.group) {
            _ = writeln!(out, "| **{}** | | |", setting.group);
        }
        let form = (setting.form)().replace('|', "\\|");
        let default = match setting.default_text() {
            text if text.is_empty() => String::new(),
            text => format!("`{text}`"),
        };
        let help = setting.help().replace('|', "\\|").replace('*', "\\*");
        _ = writeln!(out, "| `--{} {form}` | {default} | {help} |", setting.flag());
    }
    out
}
