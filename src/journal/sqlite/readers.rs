//! The threads that read beside the worker.

use std::sync::mpsc::{Receiver, Sender};

use rusqlite::Connection;

use super::super::turns::Turns;
use super::files;
use super::read;
use super::search::Searching;
use super::task::{Read, ReadRequest, ReadTarget, ReaderTask, Report, Waker};
use crate::chat::record::{FileQuery, RequestId, Search, SearchPage};

/// Serves reads on its own thread until the reactor's side is closed. Rooms take turns, a read each:
/// many who read one room keep nobody out of another.
pub(super) fn serve_reads(
    db: &Connection,
    tasks: &Receiver<ReaderTask>,
    reports: &Sender<Vec<Report>>,
    waker: &Waker,
) {
    let mut turns = Turns::default();
    loop {
        if turns.is_empty() {
            let Ok(task) = tasks.recv() else { return };
            turns.add(task.owner(), task);
        }
        for task in tasks.try_iter() {
            turns.add(task.owner(), task);
        }
        let report = turns.step(|task| {
            Some(match task {
                ReaderTask::Read(request) => answer(db, request.clone(), false),
                ReaderTask::FindFile(query) => find_file(db, *query),
            })
        });
        let Some(report) = report else {
            continue;
        };
        if reports.send(vec![report]).is_ok() {
            waker();
        }
    }
}

/// Serves searches on its own thread until the reactor's side is closed. Askers take turns, a step
/// each.
pub(super) fn serve_searches(
    db: &Connection,
    scan_max: usize,
    searches: &Receiver<Search>,
    reports: &Sender<Vec<Report>>,
    waker: &Waker,
) {
    let mut turns = Turns::default();
    loop {
        if turns.is_empty() {
            let Ok(search) = searches.recv() else { return };
            turns.add(search.asker, Searching::new(search, scan_max));
        }
        for search in searches.try_iter() {
            turns.add(search.asker, Searching::new(search, scan_max));
        }
        let Some((request_id, page)) = turns.step(|searching| step(searching, db)) else {
            continue;
        };
        if reports.send(vec![Report::SearchDone { request_id, page }]).is_ok() {
            waker();
        }
    }
}

/// Runs a step of a search; returns the result if that ends it, `None` in it if it failed.
fn step(searching: &mut Searching, db: &Connection) -> Option<(RequestId, Option<SearchPage>)> {
    let page = match searching.step(db) {
        Ok(page) => Some(page?),
        Err(error) => {
            tracing::error!(%error, "the journal cannot be searched");
            None
        }
    };
    Some((searching.search().request_id, page))
}

/// Looks a file up, and returns the report.
fn find_file(db: &Connection, query: FileQuery) -> Report {
    let found = files::find(db, query.file)
        .inspect_err(|error| tracing::error!(%error, "the journal cannot be read"));
    Report::FileFound { request_id: query.request_id, found: found.ok() }
}

/// Reads, and returns the report.
pub(super) fn answer(db: &Connection, request: ReadRequest, in_order: bool) -> Report {
    let read = match &request.target {
        ReadTarget::Page(query) => read::page(db, query).map(Read::Page),
        ReadTarget::RecentEntries { room, entries_max, bytes_max } => {
            read::newest(db, room, *entries_max, *bytes_max).map(Read::RecentEntries)
        }
    };
    if let Err(error) = &read {
        tracing::error!(%error, "the journal cannot be read");
    }
    Report::Read { request, read: read.ok(), in_order }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::channel;

    use super::*;
    use crate::journal::sqlite::schema;
    use crate::journal::tests::Scratch;
    use crate::journal::{Durability, Limits};

    #[test]
    fn reads_take_turns_by_room() {
        let scratch = Scratch::new();
        let path = scratch.path().join("journal.db");
        let db = schema::open(&path, Durability::Write, &Limits::default(), false).unwrap();
        let (requests, received) = channel();
        for room in ["large"; 20].into_iter().chain(["small"; 2]) {
            let target =
                ReadTarget::RecentEntries { room: room.into(), entries_max: 1, bytes_max: 1 };
            requests.send(ReaderTask::Read(ReadRequest { target, tries: 0 })).unwrap();
        }
        drop(requests);
        let (reports, sent) = channel();
        serve_reads(&db, &received, &reports, &(Arc::new(|| ()) as Waker));
        let rooms: Vec<_> = sent
            .try_iter()
            .flatten()
            .map(|report| match report {
                Report::Read { request, .. } => request.target.room().clone(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(rooms.len(), 22);
        assert_eq!(rooms[..5], ["large", "small", "large", "small", "large"].map(Into::into));
    }

    #[test]
    fn searches_take_turns_by_asker() {
        let scratch = Scratch::new();
        let path = scratch.path().join("journal.db");
        let db = schema::open(&path, Durability::Write, &Limits::default(), false).unwrap();
        db.execute_batch(
            "INSERT INTO rooms (key, name, top) VALUES ('large', '', 40000), ('small', '', 5)",
        )
        .unwrap();
        let search = |number, asker, room: &str| Search {
            request_id: RequestId(number),
            asker,
            rooms: vec![room.into()],
            words: "word".into(),
            filter: Default::default(),
            before: None,
            limit: 10,
            bytes_max: 1000,
        };
        let mut turns = Turns::default();
        for number in 0..30 {
            turns.add(1, Searching::new(search(number, 1, "large"), 50_000));
        }
        turns.add(2, Searching::new(search(100, 2, "small"), 50_000));
        turns.add(2, Searching::new(search(101, 2, "small"), 50_000));
        let mut ended = Vec::new();
        let mut steps = 0;
        while !turns.is_empty() {
            steps += 1;
            let done = turns.step(|searching| step(searching, &db));
            ended.extend(done.map(|(id, page)| (id.0, steps, page.is_some())));
        }
        assert_eq!(ended[..2], [(100, 2, true), (101, 4, true)]);
        let order: Vec<u64> = ended[2..].iter().map(|(number, ..)| *number).collect();
        assert_eq!(order, (0..30).collect::<Vec<_>>(), "those of one asker come in order");
        assert!(steps > 30 * 10, "{steps} steps");
    }
}
