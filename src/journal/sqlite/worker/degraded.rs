//! The worker while the database cannot be written: when it tries again, and how.

use std::time::Duration;

use super::Worker;
use crate::clock::Moment;
use crate::journal::sqlite::schema;

/// The state of a worker that cannot write.
pub(in super::super) struct Degraded {
    /// Whether what was synced has become doubtful: then everything has to reach the database
    /// itself before another entry is taken.
    pub(super) sync_failed: bool,
    pub(super) probe_at: Moment,
}

impl Worker {
    /// Refuses all writes from now on.
    pub(super) fn degrade(&mut self, sync_failed: bool) {
        let probe_at = self.now.after(PROBE_EVERY);
        self.degraded = Some(Degraded { sync_failed, probe_at });
    }

    /// Tries to write; false if it cannot be tried yet.
    ///
    /// After a failed sync the system may take pages for written that never reached the disk. So
    /// everything is written once more, into the database itself, before anything else is added.
    pub(super) fn recover(&mut self, sync_failed: bool) -> rusqlite::Result<bool> {
        if !self.directory.in_place() {
            return Ok(false);
        }
        let db = &self.writer.db;
        if sync_failed && (self.checkpoints.underway() || !schema::checkpoint(db)?) {
            return Ok(false);
        }
        // Enough that a disk with space for one more page does not pass for healthy.
        db.execute(
            "INSERT OR REPLACE INTO meta (key, value) VALUES ('probe', hex(zeroblob(?1)))",
            [PROBE_BYTES / 2],
        )?;
        db.execute("DELETE FROM meta WHERE key = 'probe'", [])?;
        Ok(true)
    }
}

/// How long a degraded worker waits before it tries again.
pub(in super::super) const PROBE_EVERY: Duration = Duration::from_millis(250);
const PROBE_BYTES: i64 = 64 * 1024;
