//! The names under which hooks post. They end in a mark that no user's name may have, so that no form
//! of a message lets a hook pass for a user.

use std::sync::Arc;
use std::sync::LazyLock;

use super::Likeness;

/// The beginning of the mark; ` [hook]`, or ` [hook NAME]` beside another name.
const MARK: &str = " [hook";

/// What the mark looks like.
static LIKE_MARK: LazyLock<[Box<str>; 2]> =
    LazyLock::new(|| Likeness::of(MARK.trim_start()).by_letter);

/// Returns the sender of a hook's messages: its own name, or a given one with its own.
pub(in crate::chat) fn hook_sender(hook: &str, given: Option<&str>) -> Arc<str> {
    match given.filter(|given| *given != hook) {
        Some(given) => format!("{given}{MARK} {hook}]").into(),
        None => format!("{hook}{MARK}]").into(),
    }
}

/// Returns the name of the hook that posts as this sender; `None` for a user.
pub fn hook_of(sender: &str) -> Option<&str> {
    let (shown, hook) = sender.strip_suffix(']')?.rsplit_once(MARK)?;
    if hook.is_empty() { Some(shown) } else { hook.strip_prefix(' ') }
}

/// Whether a name has something like the mark in it.
pub(super) fn is_like_hook(name: &str) -> bool {
    // Folded, it has at least these bytes.
    if name.len() < MARK.len().saturating_sub(1) {
        return false;
    }
    let like = Likeness::of(name).by_letter;
    like.iter().zip(LIKE_MARK.iter()).any(|(like, mark)| like.contains(&**mark))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::limits::Limits;
    use crate::chat::names::UserName;

    #[test]
    fn the_sender_of_a_hook_names_it() {
        for (hook, given, sender) in [
            ("alerts", None, "alerts [hook]"),
            ("alerts", Some("alerts"), "alerts [hook]"),
            ("alerts", Some("Grafana"), "Grafana [hook alerts]"),
            ("a]b c]", Some("x]"), "x] [hook a]b c]]"),
        ] {
            assert_eq!(&*hook_sender(hook, given), sender);
            assert_eq!(hook_of(sender), Some(hook));
        }
        for user in ["Alice", "Alice [hoo]", "Alice [hook", "[hook]", "hook]", "Alice [hookx]"] {
            assert_eq!(hook_of(user), None, "{user}");
        }
    }

    #[test]
    fn no_user_has_the_name_of_a_hook() {
        for name in [
            "alerts [hook]",
            "Grafana [hook alerts]",
            "a [HOOK]",
            "[h00k] b",
            "a[hook",
            "a [hооk]",
            "ａ ［ｈｏｏｋ］",
        ] {
            assert!(UserName::parse(name, &Limits::default()).is_err(), "{name}");
        }
        for name in ["hook", "Captain Hook", "a [ho", "[hoof]", "(ho)"] {
            assert!(UserName::parse(name, &Limits::default()).is_ok(), "{name}");
        }
    }
}
