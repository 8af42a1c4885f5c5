//! Sessions and key-value records that are not in the database yet and have no request id. They go
//! into the next transaction, and stay here if it fails.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::key_values;
use super::row::is_inconsistent;
use super::task::Task;
use super::write::Writer;
use crate::chat::record::{AuthorKey, KeyValue, Namespace, PutKeyValues, SessionRecord};

/// The changes that are not in the database yet.
#[derive(Debug, Default)]
pub(super) struct Unsaved {
    sessions: BTreeMap<AuthorKey, Option<SessionRecord>>,
    key_values: BTreeMap<(Namespace, Arc<str>), Option<Arc<str>>>,
}

impl Unsaved {
    /// Takes the change of a session.
    pub(super) fn take_session(&mut self, key: AuthorKey, session: Option<&SessionRecord>) {
        if self.sessions.len() < UNSAVED_MAX || self.sessions.contains_key(&key) {
            self.sessions.insert(key, session.cloned());
        }
    }

    /// Takes the key-value records without a request id from a batch that failed.
    pub(super) fn defer(&mut self, batch: &[Task]) {
        for task in batch {
            if let Task::PutKeyValues(PutKeyValues { request_id: None, key_values }) = task
                && !self.take_key_values(key_values)
            {
                tracing::error!(
                    "too many key-value records wait for the journal: some are not saved"
                );
            }
        }
    }

    /// Takes key-value records, all or none; false if there is no space for them.
    fn take_key_values(&mut self, key_values: &[KeyValue]) -> bool {
        if self.key_values.len().saturating_add(key_values.len()) > UNSAVED_MAX {
            return false;
        }
        for KeyValue { namespace, key, value } in key_values {
            self.key_values.insert((*namespace, Arc::clone(key)), value.clone());
        }
        true
    }

    /// Writes all changes in a transaction, before later ones. Drops those that contradict what is
    /// stored, for they would take every later transaction along.
    pub(super) fn put(&mut self, writer: &Writer) -> rusqlite::Result<()> {
        let mut result = Ok(());
        let mut stays = |put: &dyn Fn() -> rusqlite::Result<()>| {
            if result.is_ok() {
                result = put();
            }
            let Some(error) = result.as_ref().err().filter(|error| is_inconsistent(error)) else {
                return true;
            };
            tracing::error!(%error, "a session or key-value record cannot be saved");
            result = Ok(());
            false
        };
        self.sessions.retain(|key, session| stays(&|| writer.put_session(*key, session.as_ref())));
        self.key_values.retain(|(namespace, key), value| {
            let (key, value) = (Arc::clone(key), value.clone());
            let key_value = KeyValue { namespace: *namespace, key, value };
            stays(&|| key_values::put(&writer.db, &key_value))
        });
        result
    }

    /// Forgets the changes, which are committed.
    pub(super) fn clear(&mut self) {
        self.sessions.clear();
        self.key_values.clear();
    }

    /// Whether there is no change.
    pub(super) fn is_empty(&self) -> bool {
        self.sessions.is_empty() && self.key_values.is_empty()
    }
}

/// Sessions, and key-value records, that may wait for the database to be writable. Above it new ones
/// are not saved.
const UNSAVED_MAX: usize = 65_536;

#[cfg(test)]
mod tests {
    use super::super::room_table::RoomTable;
    use super::super::schema;
    use super::*;
    use crate::journal::tests::Scratch;
    use crate::journal::{Durability, Limits};

    #[test]
    fn a_record_that_can_never_be_saved_is_dropped_alone() {
        let (scratch, limits) = (Scratch::new(), Limits::default());
        let path = scratch.path().join("journal.db");
        let db = schema::open(&path, Durability::Write, &limits, false).unwrap();
        let sql = "CREATE TRIGGER broken BEFORE INSERT ON facts WHEN new.value = 'bad'
                   BEGIN SELECT raise(ABORT, 'a constraint'); END";
        db.execute_batch(sql).unwrap();
        let writer = Writer::new(db, limits, RoomTable::default()).unwrap();
        let mut unsaved = Unsaved::default();
        let key_value = |text: &str| {
            let (key, value) = (text.into(), Some(text.into()));
            KeyValue { namespace: Namespace::ReadMarkers, key, value }
        };
        assert!(unsaved.take_key_values(&["a", "bad", "c"].map(key_value)));
        unsaved.put(&writer).unwrap();
        let left: Vec<_> = unsaved.key_values.keys().map(|(_, key)| &**key).collect();
        assert_eq!(left, ["a", "c"]);
        assert_eq!(key_values::all(&writer.db).unwrap(), ["a", "c"].map(key_value));
    }

    #[test]
    fn key_values_beyond_the_limit_are_not_taken() {
        let mut unsaved = Unsaved::default();
        let key_value = |number: usize| {
            let key = number.to_string().into();
            KeyValue { namespace: Namespace::ReadMarkers, key, value: None }
        };
        let many: Vec<_> = (0..UNSAVED_MAX - 1).map(key_value).collect();
        assert!(unsaved.is_empty() && unsaved.take_key_values(&many));
        assert!(!unsaved.take_key_values(&[key_value(UNSAVED_MAX), key_value(UNSAVED_MAX + 1)]));
        assert!(unsaved.take_key_values(&[key_value(UNSAVED_MAX)]));
        assert_eq!(unsaved.key_values.len(), UNSAVED_MAX);
        unsaved.clear();
        assert!(unsaved.is_empty());
    }
}
