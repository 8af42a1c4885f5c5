//! Key-value records: small data beside the rooms' records.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::chat::record::{KeyValue, Namespace};

/// The number of each namespace in the database (`shelf`), and its word in exported files. They
/// never change.
const NAMESPACES: [(Namespace, i64, &str); 17] = [
    (Namespace::Accounts, 0, "accounts"),
    (Namespace::Rooms, 1, "rooms"),
    (Namespace::MemberStates, 2, "standings"),
    (Namespace::Bans, 3, "bans"),
    (Namespace::DirectRooms, 4, "talks"),
    (Namespace::ReadMarkers, 5, "marks"),
    (Namespace::RevokedTokens, 6, "revoked"),
    (Namespace::Days, 7, "days"),
    (Namespace::Mutes, 8, "mutes"),
    (Namespace::ServerBans, 9, "server_bans"),
    (Namespace::Memberships, 10, "memberships"),
    (Namespace::Invitations, 11, "invitations"),
    (Namespace::Hooks, 12, "hooks"),
    (Namespace::HookPositions, 13, "hook_positions"),
    (Namespace::Pins, 14, "pins"),
    (Namespace::Uploads, 15, "uploads"),
    (Namespace::Logins, 16, "logins"),
];

/// Returns the number of a namespace.
fn number(namespace: Namespace) -> i64 {
    NAMESPACES.iter().find(|(known, ..)| *known == namespace).map_or(-1, |(_, number, _)| *number)
}

/// Returns the word for a namespace.
pub(super) fn word(namespace: Namespace) -> &'static str {
    NAMESPACES.iter().find(|(known, ..)| *known == namespace).map_or("", |(.., word)| *word)
}

/// Returns the namespace that a word stands for.
pub(super) fn namespace(word: &str) -> Option<Namespace> {
    NAMESPACES.iter().find(|(.., known)| *known == word).map(|(namespace, ..)| *namespace)
}

/// Reads all records, by namespace and key.
pub(super) fn all(db: &Connection) -> rusqlite::Result<Vec<KeyValue>> {
    let mut statement = db.prepare("SELECT shelf, key, value FROM facts ORDER BY shelf, key")?;
    let mut rows = statement.query([])?;
    let mut key_values = Vec::new();
    while let Some(row) = rows.next()? {
        let number = row.get(0)?;
        let Some((namespace, ..)) = NAMESPACES.iter().find(|(_, known, _)| *known == number) else {
            return Err(rusqlite::Error::IntegralValueOutOfRange(0, number));
        };
        key_values.push(KeyValue {
            namespace: *namespace,
            key: row.get(1)?,
            value: Some(row.get(2)?),
        });
    }
    Ok(key_values)
}

/// Counts the records of a namespace.
pub(super) fn count(db: &Connection, namespace: Namespace) -> rusqlite::Result<u64> {
    let sql = "SELECT count(*) FROM facts WHERE shelf = ?1";
    let count: i64 = db.query_row(sql, [number(namespace)], |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Saves a record, or deletes it if it has no value.
pub(super) fn put(db: &Connection, key_value: &KeyValue) -> rusqlite::Result<()> {
    let (namespace, key) = (number(key_value.namespace), &*key_value.key);
    let Some(value) = &key_value.value else {
        let mut statement = db.prepare_cached("DELETE FROM facts WHERE shelf = ?1 AND key = ?2")?;
        return statement.execute(params![namespace, key]).map(drop);
    };
    let mut statement =
        db.prepare_cached("INSERT OR REPLACE INTO facts (shelf, key, value) VALUES (?1, ?2, ?3)")?;
    statement.execute(params![namespace, key, &**value]).map(drop)
}

/// Deletes all records about a room.
pub(super) fn remove_room(db: &Connection, room: &str) -> rusqlite::Result<()> {
    let [rooms, directs] = [Namespace::Rooms, Namespace::DirectRooms].map(number);
    db.prepare_cached("DELETE FROM facts WHERE shelf IN (?1, ?2) AND key = ?3")?
        .execute(params![rooms, directs, room])?;
    for namespace in [
        Namespace::MemberStates,
        Namespace::Bans,
        Namespace::Mutes,
        Namespace::Hooks,
        Namespace::HookPositions,
        Namespace::Pins,
    ] {
        // `0` follows `/`.
        let sql = "DELETE FROM facts WHERE shelf = ?1 AND key > ?2 || '/' AND key < ?2 || '0'";
        db.prepare_cached(sql)?.execute(params![number(namespace), room])?;
    }
    for namespace in [Namespace::ReadMarkers, Namespace::Memberships, Namespace::Invitations] {
        // An author is 32 digits.
        db.prepare_cached("DELETE FROM facts WHERE shelf = ?1 AND substr(key, 34) = ?2")?
            .execute(params![number(namespace), room])?;
    }
    Ok(())
}

/// Whether there is a record of this key.
pub(super) fn exists(db: &Connection, namespace: Namespace, key: &str) -> rusqlite::Result<bool> {
    let mut statement = db.prepare_cached("SELECT 1 FROM facts WHERE shelf = ?1 AND key = ?2")?;
    let found = statement.query_row(params![number(namespace), key], |_| Ok(())).optional()?;
    Ok(found.is_some())
}

/// Whether a record is about this room.
pub(super) fn is_about(key_value: &KeyValue, room: &str) -> bool {
    let (before, after) = key_value.key.split_once('/').unwrap_or((&key_value.key, ""));
    match key_value.namespace {
        Namespace::Rooms | Namespace::DirectRooms => *key_value.key == *room,
        Namespace::MemberStates | Namespace::Bans | Namespace::Mutes | Namespace::Pins => {
            before == room
        }
        Namespace::ReadMarkers | Namespace::Memberships | Namespace::Invitations => after == room,
        // Somewhere else, a room's hooks would go on sending what is said to the targets of here.
        Namespace::Hooks
        | Namespace::HookPositions
        | Namespace::Accounts
        | Namespace::RevokedTokens
        | Namespace::Days
        | Namespace::ServerBans
        | Namespace::Uploads
        | Namespace::Logins => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_namespace_has_a_number_and_a_word_of_its_own() {
        for (at, (of, index, name)) in NAMESPACES.into_iter().enumerate() {
            assert_eq!((number(of), i64::try_from(at)), (index, Ok(index)));
            assert_eq!((word(of), namespace(name)), (name, Some(of)));
        }
        assert_eq!(namespace("attic"), None);
    }

    #[test]
    fn a_record_is_about_the_room_in_its_key() {
        let is_about = |namespace, key: &str, room| {
            is_about(&KeyValue { namespace, key: key.into(), value: None }, room)
        };
        assert!(is_about(Namespace::Rooms, "dev", "dev"));
        assert!(is_about(Namespace::MemberStates, "dev/0a1b", "dev"));
        assert!(is_about(Namespace::Bans, "dev/10.0.0.0/8", "dev"));
        assert!(is_about(Namespace::Mutes, "dev/0a1b", "dev"));
        assert!(is_about(Namespace::Pins, "dev/7", "dev"));
        assert!(is_about(Namespace::ReadMarkers, "0a1b/dev", "dev"));
        assert!(is_about(Namespace::Memberships, "0a1b/dev", "dev"));
        assert!(is_about(Namespace::Invitations, "0a1b/dev", "dev"));
        assert!(is_about(Namespace::DirectRooms, "@0a1b", "@0a1b"));
        for (namespace, key) in [
            (Namespace::Rooms, "developers"),
            (Namespace::MemberStates, "developers/0a1b"),
            (Namespace::Bans, "other/dev"),
            (Namespace::ReadMarkers, "dev/other"),
            (Namespace::Accounts, "dev"),
            (Namespace::RevokedTokens, "dev"),
            (Namespace::Days, "dev"),
            (Namespace::Hooks, "dev/0a1b"),
        ] {
            assert!(!is_about(namespace, key, "dev"), "{namespace:?} {key}");
        }
    }
}
