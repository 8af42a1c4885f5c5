//! The threads that read beside the worker.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender};

use rusqlite::Connection;

use super::read;
use super::search::Searching;
use super::task::{Read, ReadRequest, ReadTarget, Report, Waker};
use crate::chat::record::{RequestId, Search, SearchPage};

/// Serves reads on its own thread until the reactor's side is closed.
pub(super) fn serve_reads(
    db: &Connection,
    read_requests: &Receiver<ReadRequest>,
    reports: &Sender<Vec<Report>>,
    waker: &Waker,
) {
    for request in read_requests {
        if reports.send(vec![answer(db, request, false)]).is_ok() {
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
        if turns.askers.is_empty() {
            let Ok(search) = searches.recv() else { return };
            turns.add(Searching::new(search, scan_max));
        }
        for search in searches.try_iter() {
            turns.add(Searching::new(search, scan_max));
        }
        let Some((request_id, page)) = turns.step(db) else { continue };
        if reports.send(vec![Report::SearchDone { request_id, page }]).is_ok() {
            waker();
        }
    }
}

/// The searches of each asker, the next to have a turn first.
#[derive(Debug, Default)]
struct Turns {
    askers: VecDeque<VecDeque<Searching>>,
}

impl Turns {
    fn add(&mut self, searching: Searching) {
        let asker = searching.search().asker;
        let own = |own: &&mut VecDeque<Searching>| {
            own.front().is_some_and(|first| first.search().asker == asker)
        };
        match self.askers.iter_mut().find(own) {
            Some(own) => own.push_back(searching),
            None => self.askers.push_back(VecDeque::from([searching])),
        }
    }

    /// Runs a step of the next asker's search; returns the result if that ends it.
    fn step(&mut self, db: &Connection) -> Option<(RequestId, Option<SearchPage>)> {
        let mut own = self.askers.pop_front()?;
        let searching = own.front_mut()?;
        let done = match searching.step(db) {
            Ok(Some(page)) => Some(Some(page)),
            Ok(None) => None,
            Err(error) => {
                tracing::error!(%error, "the journal cannot be searched");
                Some(None)
            }
        };
        let done = done.map(|page| (searching.search().request_id, page));
        if done.is_some() {
            own.pop_front();
        }
        if !own.is_empty() {
            self.askers.push_back(own);
        }
        done
    }
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
    use super::*;
    use crate::journal::sqlite::schema;
    use crate::journal::tests::Scratch;
    use crate::journal::{Durability, Limits};

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
            before: None,
            limit: 10,
            bytes_max: 1000,
        };
        let mut turns = Turns::default();
        for number in 0..30 {
            turns.add(Searching::new(search(number, 1, "large"), 50_000));
        }
        turns.add(Searching::new(search(100, 2, "small"), 50_000));
        turns.add(Searching::new(search(101, 2, "small"), 50_000));
        let mut ended = Vec::new();
        let mut steps = 0;
        while !turns.askers.is_empty() {
            steps += 1;
            ended.extend(turns.step(&db).map(|(id, page)| (id.0, steps, page.is_some())));
        }
        assert_eq!(ended[..2], [(100, 2, true), (101, 4, true)]);
        let order: Vec<u64> = ended[2..].iter().map(|(number, ..)| *number).collect();
        assert_eq!(order, (0..30).collect::<Vec<_>>(), "those of one asker come in order");
        assert!(steps > 30 * 10, "{steps} steps");
    }
}
