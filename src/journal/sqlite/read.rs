//! Reading pages from the database.

use std::sync::Arc;

use rusqlite::{Connection, Row};

use super::super::record::{Given, Kept, Space, grouped, lose, said_bytes};
use super::super::{Answered, memory};
use super::row::{self, KEPT, key, nat, seq_of};
use super::schema::{self, RoomRow};
use crate::chat::record::{AuthorKey, Found, Page, Query, RoomKey, Said, Span};

/// Reads what a query asks for, all of it at one point in time.
pub(super) fn page(db: &Connection, query: &Query) -> rusqlite::Result<Page> {
    let snapshot = db.unchecked_transaction()?;
    let Some(room) = schema::room(&snapshot, &query.room)? else {
        return Ok(memory::empty_page(query));
    };
    let (limit, bytes_max) = (query.limit, query.bytes_max);
    let reader = Reader { db: &snapshot, room };
    let mut lost = Vec::new();
    let (found, more) = match query.span {
        Span::Latest => reader.below(u64::MAX, limit, bytes_max, &mut lost)?,
        Span::Before(seq) => reader.below(seq, limit, bytes_max, &mut lost)?,
        Span::After(seq) => reader.from(seq.saturating_add(1), limit, bytes_max, &mut lost)?,
        Span::Around(seq) => {
            let half = limit / 2;
            let (mut found, older) = reader.below(seq, half, bytes_max / 2, &mut lost)?;
            let (newer, more) = reader.from(seq, limit - half, bytes_max / 2, &mut lost)?;
            found.extend(newer);
            (found, older || more)
        }
        Span::Entries(seq) => {
            let from = seq.saturating_add(1);
            let (kept, more) = reader.entries(from, limit, bytes_max, &mut lost)?;
            let entries = kept.into_iter().map(|kept| kept.entry).collect();
            return Ok(reader.bound(query, Found::Entries(entries), more, lost));
        }
    };
    Ok(reader.bound(query, Found::Messages(found), more, lost))
}
