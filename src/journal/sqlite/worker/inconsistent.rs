//! Rows that contradict each other, as no transaction of ours leaves them.
//!
//! They must not take the other rooms along: the row of a room is brought in line with its entries,
//! and if that does not help, what needs it is refused.

use rusqlite::{Error, ErrorCode};

use super::super::row::{self, SEQ_MAX, key, nat};
use super::super::task::{Report, Task};
use super::super::write::Writer;
use super::Worker;
use super::refusals::refusals;
use crate::chat::record::RoomKey;

/// Whether an error comes from what is stored, and not from the disk.
pub(super) fn is_inconsistent(error: &Error) -> bool {
    match error {
        Error::SqliteFailure(error, _) => {
            matches!(error.code, ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch)
        }
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::InvalidColumnType(..)
        | Error::QueryReturnedNoRows
        | Error::Utf8Error(..) => true,
        _ => false,
    }
}

impl Worker {
    /// Carries out a batch that met inconsistent rows, each task in a transaction of its own.
    pub(super) fn carry_out_singly(&mut self, batch: &[Task]) -> Vec<Report> {
        let mut reports = Vec::with_capacity(batch.len());
        let mut rest = batch;
        while let Some((task, after)) = rest.split_at_checked(1)
            && let [first] = task
        {
            let result = self.attempt(task, 0).or_else(|error| {
                self.writer.roll_back();
                match (is_inconsistent(&error), first) {
                    (true, Task::Append(_, draft)) => {
                        self.mend(&draft.room)?;
                        self.attempt(task, 0)
                    }
                    _ => Err(error),
                }
            });
            match result {
                Ok(more) => reports.extend(more),
                Err(error) if is_inconsistent(&error) => {
                    self.writer.roll_back();
                    tracing::error!(%error, "inconsistent rows in the journal: a task is refused");
                    self.unsaved.defer(task);
                    reports.extend(refusals(task));
                }
                Err(error) => {
                    self.writer.roll_back();
                    reports.extend(self.fail(rest, &error));
                    return reports;
                }
            }
            rest = after;
        }
        reports
    }

    fn mend(&mut self, room: &RoomKey) -> rusqlite::Result<()> {
        self.writer.begin()?;
        let missed = self.writer.mend(room)?;
        self.writer.commit(0)?;
        self.writer.entries = self.writer.entries.saturating_add(missed);
        Ok(())
    }
}

impl Writer {
    /// Brings the row of a room in line with its entries. Returns how many it did not count.
    fn mend(&mut self, name: &RoomKey) -> rusqlite::Result<u64> {
        let Some(room) = self.room(name)? else { return Ok(0) };
        let sql = "SELECT min(entry), max(entry), count(*) FILTER (WHERE kind = 0) FROM entries
                   WHERE entry BETWEEN ?1 AND ?2";
        let reach = [key(room.number, 0), key(room.number, SEQ_MAX.unsigned_abs())];
        let (min, max, messages): (Option<i64>, Option<i64>, u64) =
            self.db
                .query_row(sql, reach, |row| Ok((row.get(0)?, row.get(1)?, nat(row.get(2)?))))?;
        let mut mended = room;
        mended.messages = messages;
        mended.top = room.top.max(max.map_or(0, row::seq_of));
        mended.first = min.map_or_else(|| mended.next(), row::seq_of).max(1);
        mended.searched = room.searched.min(mended.top);
        if mended != room {
            tracing::warn!(room = &**name, before = ?room, after = ?mended, "mended a room");
            self.rooms.put(name, mended);
        }
        Ok(mended.top.saturating_sub(room.top))
    }
}
