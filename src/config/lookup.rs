//! Finds settings by name, and suggests one for a name that is unknown.

use super::{LIMITS, SETTINGS, Setting};

/// Returns the setting or limit with this key.
pub(super) fn any(key: &str) -> Option<&'static Setting> {
    find(SETTINGS, key).or_else(|| find(LIMITS, key))
}

/// Returns the one with this key.
pub(super) fn find(settings: &'static [Setting], key: &str) -> Option<&'static Setting> {
    settings.iter().find(|setting| setting.key == key)
}

/// Returns what replaces a flag of version 0.1.0 that has become a limit.
pub fn replacement(flag: &str) -> Option<String> {
    let limit = formerly(&flag.strip_prefix("--")?.replace('-', "_"))?;
    Some(format!("{flag}: {}", use_limit(limit)))
}

/// Returns why no variable has this key.
pub(super) fn unknown_variable(key: &str) -> String {
    match formerly(key) {
        Some(limit) => use_limit(limit),
        None => unknown("setting", nearest(SETTINGS, key).map(Setting::variable), HELP),
    }
}

/// Returns why no key in the file has this name.
pub(super) fn unknown_key(key: &str) -> String {
    match formerly(key) {
        Some(limit) => format!("no longer a setting; use {} under [limits]", limit.key),
        None => unknown("setting", nearest(SETTINGS, key).map(|near| near.key.into()), HELP),
    }
}

/// Returns why no limit has this name.
pub(super) fn unknown_limit(key: &str) -> String {
    match find(SETTINGS, key) {
        Some(setting) => format!("not a limit but a setting; use --{}", setting.flag()),
        None => {
            let near = formerly(key).or_else(|| nearest(LIMITS, key));
            unknown("limit", near.map(|near| near.key.into()), "chinwag check")
        }
    }
}

const HELP: &str = "chinwag --help";

/// Returns the limit that was a setting with this key in version 0.1.0.
fn formerly(key: &str) -> Option<&'static Setting> {
    LIMITS.iter().find(|limit| limit.old_key == key)
}

fn use_limit(limit: &Setting) -> String {
    format!("no longer a setting; use --limit {}=VALUE", limit.key)
}

fn unknown(kind: &str, near: Option<String>, list: &str) -> String {
    match near {
        Some(near) => format!("unknown {kind}; did you mean {near}?"),
        None => format!("unknown {kind}; see {list}"),
    }
}

/// Returns the one with the most similar key, if one is similar.
fn nearest(settings: &'static [Setting], key: &str) -> Option<&'static Setting> {
    let begins = |setting: &&Setting| !key.is_empty() && setting.key.starts_with(key);
    let distance = |setting: &&Setting| strsim::damerau_levenshtein(key, setting.key);
    let near = || {
        let nearest = settings.iter().min_by_key(distance)?;
        (distance(&nearest) <= nearest.key.len() / 3 + 1).then_some(nearest)
    };
    settings.iter().find(begins).or_else(near)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_setting_has_a_similar_key_or_there_is_none() {
        for (word, near) in [
            ("ping_aftr", Some("ping_after")),
            ("pong", Some("pong_within")),
            ("listening", Some("listen")),
            ("message_max_bytes", None),
            ("limits", None),
            ("", None),
        ] {
            assert_eq!(nearest(SETTINGS, word).map(|setting| setting.key), near, "{word}");
        }
    }
}
