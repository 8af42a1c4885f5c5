//! Rooms that administrators remove.

use std::sync::Arc;

use crate::chat::ids::RoomId;
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::record::RoomKey;
use crate::chat::rooms::{Room, Rooms};

/// How far the removal of a room has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::chat) enum Removal {
    /// It stays.
    None,
    /// The journal is removing it: nothing is added any more.
    Underway,
    /// It is gone, but for requests that are not answered yet.
    Done,
}

impl Room {
    /// Refuses what would change a room that is being removed.
    pub(in crate::chat) fn check_stays(&self) -> Result<(), Refusal> {
        if self.removal == Removal::None {
            return Ok(());
        }
        let message = "this room is being removed by an administrator";
        Err(Refusal::new(Code::NoSuchRoom, message).room(&self.name))
    }
}

impl Rooms {
    /// Whether the journal is removing the room of this name.
    pub(in crate::chat) fn is_being_removed(&self, key: &RoomKey) -> bool {
        let room = self.find(key).and_then(|room| self.get(room));
        room.is_some_and(|room| room.removal == Removal::Underway)
    }

    /// Makes nothing lead to a room any more, in which nobody is.
    pub(in crate::chat) fn remove(&mut self, room: RoomId) {
        let Some(inside) = self.rooms.get_mut(room.index()) else { return };
        let left = Room {
            waiting: inside.waiting,
            orders: inside.orders,
            removal: Removal::Done,
            ..Room::new(Arc::clone(&inside.key), Arc::clone(&inside.name))
        };
        let gone = std::mem::replace(inside, left);
        self.keys.remove(&gone.key);
        self.latest_count = self.latest_count.saturating_sub(usize::from(gone.latest.is_some()));
        self.read_markers.forget_room(&gone.key);
        self.memberships.forget_room(&gone.key);
        self.hooks.forget_room(&gone.key);
        self.shares.remove(gone.made_from);
        self.reindex(room);
        if gone.top > 0 {
            self.removed.insert(gone.key, gone.top);
        }
    }
}
