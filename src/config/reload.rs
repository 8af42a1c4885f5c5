//! Changes between two configurations, and which of them a running server can apply.

use super::{Config, LIMITS, SETTINGS, Setting, effective::harmless};

/// A setting whose value has changed. No setting is a secret: secrets stand in files that settings
/// name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Key of the setting.
    pub key: &'static str,
    /// Value before.
    pub old: String,
    /// Value now.
    pub new: String,
    /// Whether a running server applies it.
    pub is_live: bool,
}

/// The settings that a server reads only when it starts.
const READ_AT_START: &[&str] = &[
    "listen",
    "admin_listen",
    "listen_redirect",
    // Whose contents are read anew.
    "tls_cert",
    "tls_key",
    "data",
    // How the record is opened.
    "durability",
    "accept_loss",
    "check_data",
    "log_format",
    // Properties of the listening sockets.
    "backlog",
    "socket_send_buffer_bytes",
    // The sizes of tables and queues that exist by now.
    "login_burst",
    "login_every",
    "login_network_burst",
    "login_network_every",
    "login_records_max",
    "logouts_max",
    "logins_listed_max",
    "password_jobs_max",
    "password_memory_bytes",
    "password_passes",
    "memory_entries_max",
    "memory_bytes_max",
    "ids_kept_for",
    "queue_entries_max",
    "queue_bytes_max",
    "queue_reads_max",
    "queue_searches_max",
    "scan_entries_max",
    "unsearched_entries_max",
    "batch_entries_max",
    "recent_entries_max",
    "recent_bytes_max",
    "young_ids_max",
    "wal_bytes_max",
];

impl Setting {
    /// Whether a running server applies a change of it.
    pub fn is_live(&self) -> bool {
        !READ_AT_START.contains(&self.key)
    }
}

impl Config {
    /// Returns what differs in a newer configuration.
    pub fn changes(&self, newer: &Self) -> Vec<Change> {
        let all = SETTINGS.iter().chain(LIMITS);
        let changes = all.map(|setting| Change {
            key: setting.key,
            old: harmless(&(setting.text)(self)),
            new: harmless(&(setting.text)(newer)),
            is_live: setting.is_live(),
        });
        changes.filter(|change| change.old != change.new).collect()
    }

    /// Returns a newer configuration as far as a running server can apply it: the other values are
    /// those of this one.
    pub fn reloaded(&self, mut newer: Self) -> Self {
        for setting in SETTINGS.iter().chain(LIMITS).filter(|setting| !setting.is_live()) {
            let kept = (setting.set)(&mut newer, &(setting.text)(self));
            debug_assert_eq!(kept, Ok(()), "{} is parsed back from its text", setting.key);
        }
        newer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_is_read_at_the_start_is_a_setting() {
        let keys: Vec<&str> = SETTINGS.iter().chain(LIMITS).map(|setting| setting.key).collect();
        for key in READ_AT_START {
            assert!(keys.contains(key), "{key}");
        }
    }

    #[test]
    fn what_can_change_is_taken_and_the_rest_stays() {
        let old = Config::default();
        let mut new = Config {
            listen: vec!["[::1]:9".parse().unwrap(), "127.0.0.1:9".parse().unwrap()],
            drain: Duration::from_secs(7),
            ..Config::default()
        };
        new.journal.keep_messages = Some(3);
        new.journal.batch_entries_max = 1;
        let change = |key, old: &str, new: &str, is_live| Change {
            key,
            old: old.into(),
            new: new.into(),
            is_live,
        };
        assert_eq!(
            old.changes(&new),
            [
                change("listen", "127.0.0.1:8080", "[::1]:9,127.0.0.1:9", false),
                change("keep_messages", "off", "3", true),
                change("drain", "5s", "7s", true),
                change("batch_entries_max", "1024", "1", false),
            ]
        );
        let applied = old.reloaded(new.clone());
        assert_eq!(applied.drain, new.drain);
        assert_eq!(applied.journal.keep_messages, Some(3));
        assert_eq!(applied.listen, old.listen);
        assert_eq!(applied.journal.batch_entries_max, old.journal.batch_entries_max);
        assert_eq!(applied.changes(&new).len(), 2, "what needs a restart is told again");
    }
}
