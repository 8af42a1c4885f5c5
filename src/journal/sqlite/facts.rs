//! Facts: small things that are kept beside the records.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::chat::record::{Fact, Shelf};

/// The number of a shelf in the database, and its word in a file. None of them ever changes.
const SHELVES: [(Shelf, i64, &str); 8] = [
    (Shelf::Accounts, 0, "accounts"),
    (Shelf::Rooms, 1, "rooms"),
    (Shelf::Standings, 2, "standings"),
    (Shelf::Bans, 3, "bans"),
    (Shelf::Talks, 4, "talks"),
    (Shelf::Marks, 5, "marks"),
    (Shelf::Revoked, 6, "revoked"),
    (Shelf::Days, 7, "days"),
];

/// Returns the number of a shelf.
fn number(shelf: Shelf) -> i64 {
    SHELVES.iter().find(|(known, ..)| *known == shelf).map_or(-1, |(_, number, _)| *number)
}

/// Returns the word for a shelf.
pub(super) fn word(shelf: Shelf) -> &'static str {
    SHELVES.iter().find(|(known, ..)| *known == shelf).map_or("", |(.., word)| *word)
}

/// Returns the shelf that a word stands for.
pub(super) fn shelf(word: &str) -> Option<Shelf> {
    SHELVES.iter().find(|(.., known)| *known == word).map(|(shelf, ..)| *shelf)
}

/// Reads every fact, by shelf, then key.
pub(super) fn all(db: &Connection) -> rusqlite::Result<Vec<Fact>> {
    let mut statement = db.prepare("SELECT shelf, key, value FROM facts ORDER BY shelf, key")?;
    let mut rows = statement.query([])?;
    let mut facts = Vec::new();
    while let Some(row) = rows.next()? {
        let number = row.get(0)?;
        let Some((shelf, ..)) = SHELVES.iter().find(|(_, known, _)| *known == number) else {
            return Err(rusqlite::Error::IntegralValueOutOfRange(0, number));
        };
        facts.push(Fact { shelf: *shelf, key: row.get(1)?, value: Some(row.get(2)?) });
    }
    Ok(facts)
}

/// Keeps a fact, or forgets it.
pub(super) fn put(db: &Connection, fact: &Fact) -> rusqlite::Result<()> {
    let (shelf, key) = (number(fact.shelf), &*fact.key);
    let Some(value) = &fact.value else {
        let mut statement = db.prepare_cached("DELETE FROM facts WHERE shelf = ?1 AND key = ?2")?;
        return statement.execute(params![shelf, key]).map(drop);
    };
    let mut statement =
        db.prepare_cached("INSERT OR REPLACE INTO facts (shelf, key, value) VALUES (?1, ?2, ?3)")?;
    statement.execute(params![shelf, key, &**value]).map(drop)
}

/// Whether there is a fact of this name.
pub(super) fn exists(db: &Connection, shelf: Shelf, key: &str) -> rusqlite::Result<bool> {
    let mut statement = db.prepare_cached("SELECT 1 FROM facts WHERE shelf = ?1 AND key = ?2")?;
    let found = statement.query_row(params![number(shelf), key], |_| Ok(())).optional()?;
    Ok(found.is_some())
}

/// Whether a fact is about this room.
pub(super) fn is_about(fact: &Fact, room: &str) -> bool {
    let (before, after) = fact.key.split_once('/').unwrap_or((&fact.key, ""));
    match fact.shelf {
        Shelf::Rooms | Shelf::Talks => *fact.key == *room,
        Shelf::Standings | Shelf::Bans => before == room,
        Shelf::Marks => after == room,
        Shelf::Accounts | Shelf::Revoked | Shelf::Days => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shelf_has_a_number_and_a_word_of_its_own() {
        for (at, (of, index, name)) in SHELVES.into_iter().enumerate() {
            assert_eq!((number(of), i64::try_from(at)), (index, Ok(index)));
            assert_eq!((word(of), shelf(name)), (name, Some(of)));
        }
        assert_eq!(shelf("attic"), None);
    }

    #[test]
    fn a_fact_is_about_the_room_in_its_name() {
        let is_about =
            |shelf, key: &str, room| is_about(&Fact { shelf, key: key.into(), value: None }, room);
        assert!(is_about(Shelf::Rooms, "dev", "dev"));
        assert!(is_about(Shelf::Standings, "dev/0a1b", "dev"));
        assert!(is_about(Shelf::Bans, "dev/10.0.0.0/8", "dev"));
        assert!(is_about(Shelf::Marks, "0a1b/dev", "dev"));
        assert!(is_about(Shelf::Talks, "@0a1b", "@0a1b"));
        for (shelf, key) in [
            (Shelf::Rooms, "developers"),
            (Shelf::Standings, "developers/0a1b"),
            (Shelf::Bans, "other/dev"),
            (Shelf::Marks, "dev/other"),
            (Shelf::Accounts, "dev"),
            (Shelf::Revoked, "dev"),
            (Shelf::Days, "dev"),
        ] {
            assert!(!is_about(shelf, key, "dev"), "{shelf:?} {key}");
        }
    }
}
