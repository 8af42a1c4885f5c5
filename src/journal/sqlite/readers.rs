//! The threads that read beside the worker.

use std::sync::mpsc::{Receiver, Sender};

use rusqlite::Connection;

use super::task::{Read, ReadRequest, ReadTarget, Report, Waker};
use super::{read, search};
use crate::chat::record::Search;

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

/// Serves searches on its own thread until the reactor's side is closed.
pub(super) fn serve_searches(
    db: &Connection,
    scan_max: usize,
    searches: &Receiver<Search>,
    reports: &Sender<Vec<Report>>,
    waker: &Waker,
) {
    for search in searches {
        let page = search::find(db, &search, scan_max);
        if let Err(error) = &page {
            tracing::error!(%error, "the journal cannot be searched");
        }
        let (request_id, page) = (search.request_id, page.ok());
        if reports.send(vec![Report::SearchDone { request_id, page }]).is_ok() {
            waker();
        }
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
