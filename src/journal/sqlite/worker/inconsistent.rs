//! Rows that contradict each other, as no transaction of ours leaves them.
//!
//! They must not take the other rooms along: the row of a room is brought in line with its entries,
//! and if that does not help, what needs it is refused.

use std::sync::Arc;

use rusqlite::Error;

use super::super::room_table::RoomRow;
use super::super::row::{self, SEQ_MAX, is_inconsistent, key, nat};
use super::super::task::{Report, Task};
use super::super::write::Writer;
use super::Worker;
use super::refusals::refusals;
use crate::chat::record::RoomKey;

impl Worker {
    /// Carries out a batch that met inconsistent rows: by halves, until the task that needs them is
    /// alone.
    pub(super) fn carry_out_parts(&mut self, batch: &[Task], error: Error) -> Vec<Report> {
        let [task] = batch else {
            let (first, second) = batch.split_at(batch.len() / 2);
            let mut reports = self.carry_out(first, 0);
            reports.extend(self.carry_out(second, 0));
            return reports;
        };
        let mut reports = Vec::new();
        let result = match task {
            Task::Append(draft) => {
                self.mend(&draft.room, &mut reports).and_then(|()| self.attempt(batch, 0))
            }
            _ => Err(error),
        };
        match result {
            Ok(more) => reports.extend(more),
            Err(error) => {
                self.writer.roll_back();
                reports.extend(match is_inconsistent(&error) {
                    true => {
                        tracing::error!(
                            %error,
                            "inconsistent rows in the journal: a task is refused"
                        );
                        refusals(batch)
                    }
                    false => self.fail(batch, &error),
                });
            }
        }
        reports
    }

    /// Mends a room, and reports that it is mended.
    fn mend(&mut self, name: &RoomKey, reports: &mut Vec<Report>) -> rusqlite::Result<()> {
        self.writer.begin()?;
        let Some((before, mended)) = self.writer.mend(name)? else {
            return self.writer.commit(0);
        };
        self.writer.commit(0)?;
        reports.push(Report::Mended { room: Arc::clone(name), top: mended.top });
        let Writer { db, ids, entries, .. } = &mut self.writer;
        *entries = entries.saturating_add(mended.top.saturating_sub(before.top));
        ids.load_room(db, name, mended.number, before.top, mended.top)
    }
}

impl Writer {
    /// Brings the row of a room in line with its entries. Returns it as it was and as it is if it
    /// has changed.
    fn mend(&mut self, name: &RoomKey) -> rusqlite::Result<Option<(RoomRow, RoomRow)>> {
        let Some(room) = self.room(name)? else { return Ok(None) };
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
        if mended == room {
            return Ok(None);
        }
        tracing::warn!(room = &**name, before = ?room, after = ?mended, "mended a room");
        self.rooms.put(name, mended);
        Ok(Some((room, mended)))
    }
}
