//! Overwriting what rows leave behind in the pages that they were moved from.
//!
//! SQLite overwrites what is deleted, but not always the old bytes of a row that it moves to another
//! page of a b-tree: about one row in 300 has such a copy, in the gap between the pointers at the
//! head of a page and the rows at its end, where it would outlive the row. So each page that a
//! commit adds to the write-ahead log is looked at, and what is in its gap is overwritten in the
//! next transaction. All pages are gone through in steps after each start, for earlier versions,
//! imports and crashes leave gaps that are not empty.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};

use rusqlite::{Connection, OptionalExtension as _, params};

/// The pages whose gaps are to be overwritten.
#[derive(Debug)]
pub(super) struct Gaps {
    found: Receiver<Found>,
    /// Pages of the last commits.
    due: Vec<u32>,
    /// The page at which the way through all of them goes on, until they are done.
    next: Option<u32>,
    /// Where it goes on after this transaction.
    then: Option<u32>,
}

/// What was seen of a commit in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// The gap of this page is not empty.
    Page(u32),
    /// The log could not be read.
    Unknown,
}

impl Gaps {
    /// Returns the pages of a database, and what reads its log.
    pub(super) fn open(db: &Connection, log: &Path) -> io::Result<(Self, Log)> {
        let (tell, found) = channel();
        let next = can_overwrite(db).then_some(1);
        if next.is_none() {
            tracing::warn!("SQLite is built without sqlite_dbpage: copies of erased text can stay");
        }
        let watched = next.is_some().then(|| File::open(log)).transpose()?;
        let log = Log { file: watched, head: [0; LOG_HEAD], frames: 0, tell };
        Ok((Self { found, due: Vec::new(), next, then: next }, log))
    }

    /// Whether there is anything to overwrite or to look at.
    pub(super) fn are_due(&self) -> bool {
        self.next.is_some() || !self.due.is_empty()
    }

    /// Overwrites the gaps of the pages of the last commits, and of up to `pages` more. Returns
    /// whether any of the latter was not empty.
    pub(super) fn overwrite(&mut self, db: &Connection, pages: u32) -> rusqlite::Result<bool> {
        self.collect();
        self.then = self.next;
        if !self.are_due() {
            return Ok(false);
        }
        let all: u32 = db.prepare_cached("PRAGMA page_count")?.query_row([], |row| row.get(0))?;
        if all > PAGES_MAX {
            self.then = None;
            return Ok(false);
        }
        for page in &self.due {
            overwrite(db, *page)?;
        }
        let Some(first) = self.next else { return Ok(false) };
        let end = first.saturating_add(pages).min(all.saturating_add(1));
        let mut any = false;
        for page in first..end {
            any |= overwrite(db, page)?;
        }
        self.then = (end <= all).then_some(end);
        Ok(any)
    }

    /// Records that the transaction was committed.
    pub(super) fn on_commit(&mut self) {
        self.due.clear();
        self.next = self.then;
        self.collect();
    }

    /// Leaves the pages that are still to be gone through to the next start: one that cannot be read
    /// must not keep messages out.
    pub(super) fn give_up(&mut self) {
        self.next = None;
    }

    fn collect(&mut self) {
        for found in self.found.try_iter() {
            match found {
                Found::Page(page) => self.due.push(page),
                Found::Unknown => self.next = Some(1),
            }
        }
        self.due.sort_unstable();
        self.due.dedup();
    }
}

/// What reads the pages in the write-ahead log.
#[derive(Debug)]
pub(super) struct Log {
    /// The log, unless nothing could be done about what is found in it.
    file: Option<File>,
    /// Its head, another one whenever it begins anew.
    head: [u8; LOG_HEAD],
    /// The number of frames read since it began.
    frames: u32,
    tell: Sender<Found>,
}

impl Log {
    /// Looks at the frames that a commit added; now there are this many.
    pub(super) fn on_commit(&mut self, frames: u32) {
        if let Err(error) = self.read(frames) {
            tracing::warn!(%error, "the journal's log could not be read");
            let _ = self.tell.send(Found::Unknown);
        }
    }

    fn read(&mut self, frames: u32) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let mut head = [0; LOG_HEAD];
        file.read_exact_at(&mut head, 0)?;
        if head != self.head {
            (self.head, self.frames) = (head, 0);
        }
        let page_bytes = usize::try_from(number(head.get(8..12))).unwrap_or(0);
        let mut frame = vec![0; FRAME_HEAD.saturating_add(page_bytes)];
        for before in self.frames..frames {
            let at = u64::from(before).saturating_mul(frame.len() as u64);
            file.read_exact_at(&mut frame, at.saturating_add(LOG_HEAD as u64))?;
            let (head, page) = frame.split_at(FRAME_HEAD);
            let page_number = number(head.get(..4));
            if gap(page_number, page).is_some() {
                let _ = self.tell.send(Found::Page(page_number));
            }
        }
        self.frames = frames;
        Ok(())
    }
}

/// Whether this SQLite can write whole pages, and none of them but b-tree pages look like such.
fn can_overwrite(db: &Connection) -> bool {
    let sql = "SELECT auto_vacuum = 0 FROM pragma_auto_vacuum, sqlite_dbpage WHERE pgno = 1";
    db.query_row(sql, [], |row| row.get(0)).unwrap_or(false)
}

/// Overwrites the gap of a page. Returns whether it was not empty.
fn overwrite(db: &Connection, page: u32) -> rusqlite::Result<bool> {
    let mut statement = db.prepare_cached("SELECT data FROM sqlite_dbpage WHERE pgno = ?1")?;
    let read = statement.query_row([page], |row| {
        let bytes = row.get_ref(0)?.as_blob()?;
        let Some(gap) = gap(page, bytes) else { return Ok(None) };
        let mut bytes = bytes.to_vec();
        bytes.get_mut(gap).unwrap_or_default().fill(0);
        Ok(Some(bytes))
    });
    let Some(bytes) = read.optional()?.flatten() else { return Ok(false) };
    let sql = "UPDATE sqlite_dbpage SET data = ?2 WHERE pgno = ?1";
    db.prepare_cached(sql)?.execute(params![page, bytes])?;
    Ok(true)
}

/// Returns the gap of a b-tree page if it is not empty: the bytes between its pointers and its rows.
fn gap(number_of_page: u32, page: &[u8]) -> Option<Range<usize>> {
    let skipped = if number_of_page == 1 { DATABASE_HEAD } else { 0 };
    let (kind, rows, end) = match page.get(skipped..)? {
        [kind, _, _, r1, r2, e1, e2, ..] => {
            (kind, u16::from_be_bytes([*r1, *r2]), u16::from_be_bytes([*e1, *e2]))
        }
        _ => return None,
    };
    let pointers: usize = match kind {
        2 | 5 => 12,
        10 | 13 => 8,
        _ => return None,
    };
    let start =
        usize::from(rows).saturating_mul(2).saturating_add(pointers).saturating_add(skipped);
    // 0 stands for 65,536.
    let end = if end == 0 { 1 << 16 } else { usize::from(end) };
    // By words: most bytes of the log are gaps.
    let in_use = |word: &[u8]| word.iter().fold(0, |all, byte| all | byte) != 0;
    page.get(start..end)?.chunks(64).any(in_use).then_some(start..end)
}

fn number(bytes: Option<&[u8]>) -> u32 {
    bytes.unwrap_or_default().iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

/// The number of pages that are gone through in a transaction, and in one for nothing else.
pub(super) const PAGES_BESIDE: u32 = 16;
pub(super) const PAGES_WHEN_IDLE: u32 = 256;
/// Up to this many pages, 128 GiB, no page that begins with the number of another one looks like a
/// b-tree page.
const PAGES_MAX: u32 = (2 << 24) - 1;
/// The lengths of the heads of the database, of its log and of each frame of that.
const DATABASE_HEAD: usize = 100;
const LOG_HEAD: usize = 32;
const FRAME_HEAD: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::tests::Scratch;

    fn page(kind: u8, rows: u8, end: u16) -> Vec<u8> {
        let mut page = vec![7; 4096];
        page[..8].copy_from_slice(&[kind, 0, 0, 0, rows, 0, 0, 0]);
        page[5..7].copy_from_slice(&end.to_be_bytes());
        page
    }

    #[test]
    fn a_log_that_cannot_be_read_has_all_pages_gone_through() {
        let scratch = Scratch::new();
        let path = scratch.path().join("log");
        std::fs::write(&path, [0; 8]).unwrap();
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch("CREATE TABLE t (x)").unwrap();
        let (mut gaps, mut log) = Gaps::open(&db, &path).unwrap();
        gaps.overwrite(&db, 1).unwrap();
        gaps.on_commit();
        assert_eq!(gaps.next, Some(2));
        gaps.give_up();
        assert!(!gaps.are_due());
        log.on_commit(1);
        gaps.overwrite(&db, 2).unwrap();
        assert_eq!((gaps.next, gaps.then), (Some(1), None), "it has two pages");
        gaps.on_commit();
        assert!(!gaps.are_due());
    }

    #[test]
    fn the_gap_is_between_the_pointers_and_the_rows() {
        assert_eq!(gap(2, &page(13, 3, 4000)), Some(14..4000));
        assert_eq!(gap(2, &page(10, 0, 4096)), Some(8..4096));
        assert_eq!(gap(2, &page(2, 3, 4000)), Some(18..4000));
        assert_eq!(gap(2, &page(5, 3, 4000)), Some(18..4000));
        let mut first = vec![0; DATABASE_HEAD];
        first.extend(page(13, 3, 4000));
        assert_eq!(gap(1, &first[..4096]), Some(114..4000));
    }

    #[test]
    fn what_is_empty_or_no_btree_page_has_no_gap() {
        let mut empty = page(13, 3, 4000);
        empty[14..4000].fill(0);
        let overflow = page(0, 3, 4000);
        let (full, damaged) = (page(13, 3, 14), page(13, 3, 13));
        let beyond = page(13, 3, 4097);
        for page in [empty, overflow, full, damaged, beyond, page(13, 0, 0), Vec::new()] {
            assert_eq!(gap(2, &page), None);
        }
    }
}
