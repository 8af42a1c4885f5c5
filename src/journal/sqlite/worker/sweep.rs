//! What leaves the journal: messages that have expired, entries beyond the limits, removed rooms.

use std::sync::Arc;

use super::super::prune::PruneBudget;
use super::super::task::{REMOVAL_BYTES, Report};
use super::Worker;
use crate::chat::record::{JournalResponse, RemoveRoom};
use crate::clock::Now;

impl Worker {
    /// Removes a room.
    pub(super) fn remove_room(&mut self, removal: &RemoveRoom) -> rusqlite::Result<Vec<Report>> {
        let RemoveRoom { request_id, room } = removal;
        let first = self.writer.remove_room(room)?;
        let room = Arc::clone(room);
        let pruned = first.map(|first| Report::Pruned { room, first });
        let answer = Some(JournalResponse::Saved { request_id: *request_id });
        let answered = Report::Answered { bytes: REMOVAL_BYTES, answer };
        Ok(pruned.into_iter().chain([answered]).collect())
    }

    /// Expires a batch of messages, and prunes the next rooms. Returns the number of the room after
    /// which pruning goes on.
    pub(super) fn sweep(
        &mut self,
        now: Now,
        retention: bool,
        mut pruned: i64,
        reports: &mut Vec<Report>,
    ) -> rusqlite::Result<i64> {
        let gone = self.writer.expire(now.unix_ms)?;
        reports.extend(gone.into_iter().map(|(room, stored)| Report::Added { room, stored }));
        let mut more = false;
        if retention {
            let step = self.writer.prune_step(pruned, now.unix_ms)?;
            let rooms = step.rooms.into_iter().map(|(room, first)| Report::Pruned { room, first });
            reports.extend(rooms);
            (pruned, more) = (step.after, step.more);
            self.writer.forget_ids(now.unix_ms)?;
        }
        reports.push(Report::Swept { more, failed: false });
        Ok(pruned)
    }

    /// Prunes the rooms of this transaction to the number of messages they may have, within the
    /// budget; the rest is left to the sweeps.
    pub(super) fn prune_dirty(&mut self, reports: &mut Vec<Report>) -> rusqlite::Result<()> {
        if self.writer.limits.keep_messages.is_none() {
            return Ok(());
        }
        let mut budget = PruneBudget::beside(self.writer.added);
        for room in self.writer.rooms.dirty().clone() {
            if let Some(first) = self.writer.prune(&room, 0, &mut budget)? {
                reports.push(Report::Pruned { room, first });
            }
        }
        Ok(())
    }
}
