//! The activity of each room: messages per minute, for an hour.

use std::collections::BTreeMap;

use crate::chat::ids::RoomId;

/// Message counts of rooms with messages within the hour.
#[derive(Debug, Default)]
pub(in crate::chat) struct RoomActivities {
    rooms: BTreeMap<RoomId, Messages>,
}

/// Message counts of one room.
#[derive(Debug)]
struct Messages {
    /// Messages of each minute, by its number modulo 60.
    minutes: [u32; 60],
    /// Their sum.
    hour: u32,
}

/// The activity of a room; the busier is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::chat) struct RoomActivity {
    /// Its messages within the hour.
    pub(in crate::chat) hour: u32,
    /// Its messages of the current minute.
    pub(in crate::chat) minute: u32,
    /// The room.
    pub(in crate::chat) room: RoomId,
}

impl RoomActivities {
    /// Advances to a minute.
    pub(in crate::chat) fn advance(&mut self, minute: u64) {
        self.rooms.retain(|_, messages| {
            if let Some(count) = messages.minutes.get_mut(slot_of(minute)) {
                messages.hour = messages.hour.saturating_sub(std::mem::take(count));
            }
            messages.hour > 0
        });
    }

    /// Removes all counts.
    pub(in crate::chat) fn forget(&mut self) {
        self.rooms.clear();
    }

    /// Removes a room.
    pub(in crate::chat) fn remove(&mut self, room: RoomId) {
        self.rooms.remove(&room);
    }

    /// Counts a message. At `max` rooms, the quietest are dropped.
    pub(in crate::chat) fn said(&mut self, room: RoomId, minute: u64, max: usize) {
        if self.rooms.len() >= max && !self.rooms.contains_key(&room) {
            self.thin(max);
        }
        let new = || Messages { minutes: [0; 60], hour: 0 };
        let messages = self.rooms.entry(room).or_insert_with(new);
        messages.hour = messages.hour.saturating_add(1);
        if let Some(count) = messages.minutes.get_mut(slot_of(minute)) {
            *count = count.saturating_add(1);
        }
    }

    /// Lists the `most` busiest rooms for which `told` holds.
    pub(in crate::chat) fn busiest(
        &self,
        minute: u64,
        most: usize,
        told: impl Fn(RoomId) -> bool,
    ) -> Vec<RoomActivity> {
        let mut top: Vec<RoomActivity> = Vec::with_capacity(most.saturating_add(1));
        for (&room, Messages { minutes, hour }) in &self.rooms {
            let minute = minutes.get(slot_of(minute)).copied().unwrap_or_default();
            let activity = RoomActivity { hour: *hour, minute, room };
            let at = top.partition_point(|other| *other > activity);
            if at < most && told(room) {
                top.insert(at, activity);
                top.truncate(most);
            }
        }
        top
    }

    /// Drops an eighth of the rooms, so that a flood of new rooms does not cost a search each.
    fn thin(&mut self, max: usize) {
        let mut all: Vec<(u32, RoomId)> =
            self.rooms.iter().map(|(room, messages)| (messages.hour, *room)).collect();
        all.sort_unstable();
        let kept = max.saturating_sub((max / 8).max(1));
        for (_, room) in all.iter().take(all.len().saturating_sub(kept)) {
            self.rooms.remove(room);
        }
    }
}

fn slot_of(minute: u64) -> usize {
    minute.checked_rem(60).and_then(|slot| usize::try_from(slot).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rooms(busy: &RoomActivities, minute: u64) -> Vec<(u32, u32, u32)> {
        let top = busy.busiest(minute, 3, |room| room != RoomId(13));
        top.iter().map(|it| (it.room.0, it.minute, it.hour)).collect()
    }

    #[test]
    fn the_busiest_rooms_of_the_hour_come_first() {
        let mut busy = RoomActivities::default();
        for (room, minute, count) in
            [(1, 7, 2), (2, 7, 5), (3, 8, 5), (4, 8, 1), (13, 8, 9), (1, 8, 1)]
        {
            (0..count).for_each(|_| busy.said(RoomId(room), minute, 9));
        }
        assert_eq!(rooms(&busy, 8), [(3, 5, 5), (2, 0, 5), (1, 1, 3)]);
        (9..=67).for_each(|minute| busy.advance(minute));
        assert_eq!(rooms(&busy, 67), [(3, 0, 5), (4, 0, 1), (1, 0, 1)]);
        busy.advance(68);
        assert!(busy.rooms.is_empty());
    }

    #[test]
    fn above_the_limit_the_quietest_give_way() {
        let mut busy = RoomActivities::default();
        for room in 0..16 {
            (0..=room).for_each(|_| busy.said(RoomId(room), 7, 16));
        }
        busy.said(RoomId(99), 7, 16);
        assert_eq!(busy.rooms.keys().copied().collect::<Vec<RoomId>>()[..3], [2, 3, 4].map(RoomId));
        assert_eq!((busy.rooms.len(), rooms(&busy, 7)[0].0), (15, 15));
        for room in 100..10_000 {
            busy.said(RoomId(room), 7, 16);
        }
        assert!(busy.rooms.len() <= 16 && rooms(&busy, 7)[0].0 == 15);
    }
}
