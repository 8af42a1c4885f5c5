//! The directory of rooms, a page at a time: the reader's private rooms, then the public ones, the
//! fullest first.

use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::ids::RoomId;
use crate::chat::people::client::ClientRef;
use crate::chat::protocol::error::Refusal;
use crate::chat::protocol::fields::Key;
use crate::chat::protocol::payloads::RoomSummary;
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::record::AuthorKey;
use crate::chat::step::Step;

/// A position in the directory: the room after which a page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Position {
    /// Among the reader's private rooms; `None`: before the first.
    Private(Option<RoomId>),
    /// Among the public ones, with the number of people it had; `None`: before the first.
    Public(Option<(usize, RoomId)>),
}

impl Position {
    /// Parses what [`Position::word`] returned.
    fn parse(word: &str) -> Option<Self> {
        match word.split_once('.') {
            Some((users, room)) => {
                Some(Self::Public(Some((users.parse().ok()?, RoomId(room.parse().ok()?)))))
            }
            None if word.is_empty() => Some(Self::Public(None)),
            None => Some(Self::Private(Some(RoomId(word.parse().ok()?)))),
        }
    }

    fn word(self) -> Box<str> {
        match self {
            Self::Public(Some((users, RoomId(room)))) => format!("{users}.{room}").into(),
            Self::Private(Some(RoomId(room))) => room.to_string().into(),
            Self::Private(None) | Self::Public(None) => "".into(),
        }
    }
}

/// A page that is being filled.
struct Page {
    rooms: Vec<RoomSummary>,
    limit: usize,
    bytes_left: usize,
    looked_at: usize,
}

impl Page {
    fn is_full(&self) -> bool {
        self.rooms.len() >= self.limit || self.bytes_left == 0 || self.looked_at >= LOOKED_AT_MAX
    }

    fn push(&mut self, line: RoomSummary) {
        let bytes = line.topic.len().saturating_add(line.room.len()).saturating_add(LINE_BYTES);
        self.bytes_left = self.bytes_left.saturating_sub(bytes);
        self.rooms.push(line);
    }
}

impl Chat {
    /// Lists the rooms that a client may see.
    pub(in crate::chat) fn list_rooms(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        re: Option<Arc<str>>,
        after: Option<&str>,
        limit: Option<u32>,
    ) -> Result<(), Refusal> {
        let most = self.limits.listed_max;
        let limit = limit.map_or(most, |limit| limit as usize).clamp(1, most.max(1));
        let listed = limit.min(self.rooms.public());
        let price = u32::try_from(listed / ROOMS_PER_TOKEN).unwrap_or(u32::MAX).saturating_add(1);
        self.charge_query(step.now, from, price)?;
        let position = match after {
            None => Position::Private(None),
            Some(word) => Position::parse(word).ok_or_else(|| Key::From.expects(A_NEXT))?,
        };
        let bytes_left = self.limits.page_bytes_max;
        let mut page = Page { rooms: Vec::new(), limit, bytes_left, looked_at: 0 };
        let next = self.fill(&mut page, from.author, position).map(Position::word);
        step.reply(from.id, ServerEvent::RoomList { re, rooms: page.rooms, next });
        Ok(())
    }

    /// Fills a page. Returns where the next one begins, if there is one.
    fn fill(&self, page: &mut Page, own: AuthorKey, position: Position) -> Option<Position> {
        let after = match position {
            Position::Public(after) => after,
            Position::Private(mut after) => {
                for room in self.rooms.rooms_of_member_after(own, after) {
                    if page.is_full() {
                        return Some(Position::Private(after));
                    }
                    self.look_at(page, own, room, true);
                    after = Some(room);
                }
                None
            }
        };
        let mut at = after;
        for (users, room) in self.rooms.public_after(after) {
            if page.is_full() {
                return Some(Position::Public(at));
            }
            self.look_at(page, own, room, false);
            at = Some((users, room));
        }
        None
    }

    /// Adds a room to a page if the reader may see it there.
    fn look_at(&self, page: &mut Page, own: AuthorKey, room: RoomId, private: bool) {
        page.looked_at = page.looked_at.saturating_add(1);
        let is_shown = self.rooms.get(room).is_some_and(|room| {
            room.is_public() != private && (!private || room.may_read(Some(own)))
        });
        if let Some(line) = self.line_for(own, room).filter(|_| is_shown) {
            page.push(line);
        }
    }
}

/// The rooms of a list that cost one more token.
const ROOMS_PER_TOKEN: usize = 50;
/// Rooms looked at for one page: most of an author's may be public ones that banned it.
const LOOKED_AT_MAX: usize = 1000;
/// What a line takes beside name and topic.
const LINE_BYTES: usize = 120;
const A_NEXT: &str = "the `next` of a list of rooms";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_read_as_it_was_written() {
        for position in [
            Position::Private(Some(RoomId(7))),
            Position::Public(None),
            Position::Public(Some((12, RoomId(0)))),
        ] {
            assert_eq!(Position::parse(&position.word()), Some(position));
        }
        for word in ["x", "1.x", "-1", "1.2.3", ".", "99999999999"] {
            assert_eq!(Position::parse(word), None, "{word}");
        }
    }
}
