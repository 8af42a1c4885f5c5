//! Pinned messages as key-value records.

use crate::chat::ids::RoomId;
use crate::chat::record::{Change, KeyValue, Namespace};
use crate::chat::rooms::{Room, Rooms};

impl Rooms {
    /// Ends the pin of a message that does not exist any more. Returns what deletes its key-value
    /// record, if it was pinned.
    pub(in crate::chat) fn unpin(&mut self, room: RoomId, mid: u64) -> Option<KeyValue> {
        let room = self.get_mut(room)?;
        room.pins.remove(&mid)?;
        Some(key_value(&room.key, mid, None))
    }
}

impl Room {
    /// Returns the key-value record to store with a change, if it is about a pin.
    pub(in crate::chat) fn pin_key_value(&self, change: &Change, ts: u64) -> Option<KeyValue> {
        match change {
            Change::Pinned { mid, on } => Some(key_value(&self.key, *mid, on.then_some(ts))),
            Change::Deleted { mid, .. } if self.pins.contains_key(mid) => {
                Some(key_value(&self.key, *mid, None))
            }
            _ => None,
        }
    }

    /// Returns what deletes the key-value records of its pins.
    pub(in crate::chat) fn forget_pins(&self) -> Vec<KeyValue> {
        self.pins.keys().map(|mid| key_value(&self.key, *mid, None)).collect()
    }
}

fn key_value(room: &str, mid: u64, at: Option<u64>) -> KeyValue {
    let value = at.map(|at| at.to_string().into());
    KeyValue { namespace: Namespace::Pins, key: format!("{room}/{mid}").into(), value }
}
