//! The threads that read beside the worker.

use std::sync::mpsc::{Receiver, Sender};

use rusqlite::Connection;

use super::task::{Question, Read, Report, Waker, What};
use super::{read, search};
use crate::chat::record::Search;

/// Answers questions, on its own thread, until nobody can ask any more.
pub(super) fn read_on(
    db: &Connection,
    questions: &Receiver<Question>,
    reports: &Sender<Vec<Report>>,
    waker: &Waker,
) {
    for question in questions {
        if reports.send(vec![answer(db, question, false)]).is_ok() {
            waker();
        }
    }
}

/// Searches, on its own thread, until nobody can ask any more.
pub(super) fn search_on(
    db: &Connection,
    scan_max: usize,
    searches: &Receiver<Search>,
    reports: &Sender<Vec<Report>>,
    waker: &Waker,
) {
    for search in searches {
        let finding = search::find(db, &search, scan_max);
        if let Err(error) = &finding {
            tracing::error!(%error, "the journal cannot be searched");
        }
        let (ticket, finding) = (search.ticket, finding.ok());
        if reports.send(vec![Report::Found { ticket, finding }]).is_ok() {
            waker();
        }
    }
}

/// Answers a question.
pub(super) fn answer(db: &Connection, question: Question, in_order: bool) -> Report {
    let read = match &question.what {
        What::Page(query) => read::page(db, query).map(Read::Page),
        What::Newest { room, entries_max, bytes_max } => {
            read::newest(db, room, *entries_max, *bytes_max).map(Read::Newest)
        }
    };
    if let Err(error) = &read {
        tracing::error!(%error, "the journal cannot be read");
    }
    Report::Read { question, read: read.ok(), in_order }
}
