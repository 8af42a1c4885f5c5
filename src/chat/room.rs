//! Rooms: who is in them, who listens, and what is known of their record.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use slab::Slab;

use super::limit::Limits;
use super::name::RoomName;
use super::people::number_of;
use super::presence::Presence;
use super::rate::Bucket;
use super::record::{RoomKey, RoomRecord};
use super::told::{RoomLine, ServerEvent};
use super::{ClientId, Listener};

/// Is a room with somebody in it, or with a record.
#[derive(Debug)]
pub(super) struct Room {
    /// Its name as it is compared.
    pub(super) key: RoomKey,
    /// Its name as it was first written.
    pub(super) name: Arc<str>,
    /// The last entry of its record that was shown; 0 if there is none.
    pub(super) top: u64,
    /// The last message known.
    pub(super) last_mid: u64,
    /// Its topic, empty for none.
    pub(super) topic: Arc<str>,
    /// Who is told what happens.
    pub(super) audience: Vec<Listener>,
    /// Who is in it: keys of people.
    pub(super) people: Vec<u32>,
    /// Its news of coming and going.
    pub(super) presence: Presence,
    /// How often it is told that somebody is typing.
    pub(super) hints: Bucket,
    /// What was shown since the first of those came who wait for their page.
    pub(super) recent: VecDeque<Recent>,
    /// How many seats wait for their page.
    pub(super) waiting: u32,
    /// How many orders about it are not answered.
    pub(super) orders: u32,
}

/// Is an entry kept for those who could not be told when it came.
#[derive(Debug)]
pub(super) struct Recent {
    /// Its number.
    pub(super) seq: u64,
    /// What to tell.
    pub(super) event: ServerEvent,
    /// Who is not to be told, because it said so itself.
    pub(super) except: Option<ClientId>,
}

impl Room {
    fn new(key: RoomKey, name: Arc<str>) -> Self {
        Self {
            key,
            name,
            top: 0,
            last_mid: 0,
            topic: "".into(),
            audience: Vec::new(),
            people: Vec::new(),
            presence: Presence::default(),
            hints: Bucket::default(),
            recent: VecDeque::new(),
            waiting: 0,
            orders: 0,
        }
    }

    /// Describes it in a list.
    pub(super) fn line(&self) -> RoomLine {
        RoomLine {
            room: Arc::clone(&self.name),
            users: self.people.len(),
            seq: self.top,
            topic: Arc::clone(&self.topic),
        }
    }

    /// Says whether everybody may know that it is there.
    pub(super) fn is_public(&self) -> bool {
        true
    }

    /// Keeps an entry as long as somebody waits for a page.
    pub(super) fn remember(&mut self, recent: Recent, limits: &Limits) {
        if self.waiting > 0 {
            self.recent.push_back(recent);
            while self.recent.len() > limits.catch_up_max {
                self.recent.pop_front();
            }
        }
    }

    /// Says whether a client said this itself, as far as what is kept tells.
    pub(super) fn is_own(&self, seq: u64, client: ClientId) -> bool {
        let said = self.recent.iter().find(|recent| recent.seq == seq);
        said.is_some_and(|recent| recent.except == Some(client))
    }

    /// Counts one less who waits for a page.
    pub(super) fn waited(&mut self) {
        self.waiting = self.waiting.saturating_sub(1);
        if self.waiting == 0 {
            self.recent = VecDeque::new();
        }
    }

    /// Says whether nothing would be missing if it were not there.
    fn is_idle(&self) -> bool {
        self.top == 0 && self.people.is_empty() && self.waiting == 0 && self.orders == 0
    }
}

/// Holds all rooms.
#[derive(Debug, Default)]
pub(super) struct Rooms {
    rooms: Slab<Room>,
    keys: HashMap<RoomKey, u32>,
    /// All rooms, the fullest first, then in the order of their keys.
    fullest: BTreeSet<(Reverse<usize>, u32)>,
    /// How many have somebody in them.
    live: usize,
}

impl Rooms {
    /// Finds a room.
    pub(super) fn get(&self, room: u32) -> Option<&Room> {
        self.rooms.get(room as usize)
    }

    /// Finds a room, to change it.
    pub(super) fn get_mut(&mut self, room: u32) -> Option<&mut Room> {
        self.rooms.get_mut(room as usize)
    }

    /// Finds a room by its folded name.
    pub(super) fn find(&self, key: &str) -> Option<u32> {
        self.keys.get(key).copied()
    }

    /// Lists the fullest rooms.
    pub(super) fn fullest(&self, count: usize) -> Vec<RoomLine> {
        let rooms = self.fullest.iter().take(count);
        rooms.filter_map(|&(_, room)| self.get(room)).map(Room::line).collect()
    }

    /// Counts the rooms with somebody in them.
    pub(super) fn live(&self) -> usize {
        self.live
    }

    /// Adds a room that has a record.
    pub(super) fn restore(&mut self, record: RoomRecord) {
        let room = self.insert(record.key, record.name);
        if let Some(room) = self.get_mut(room) {
            (room.top, room.topic) = (record.top, record.topic);
        }
    }

    /// Finds a room or makes it; `None` if there are too many with somebody in them.
    pub(super) fn open(&mut self, name: &RoomName, limits: &Limits) -> Option<u32> {
        match self.find(&name.key) {
            Some(room) if self.get(room).is_some_and(|room| !room.people.is_empty()) => Some(room),
            _ if self.live >= limits.rooms_max => None,
            Some(room) => Some(room),
            None => Some(self.insert(Arc::clone(&name.key), Arc::clone(&name.name))),
        }
    }

    /// Lets a person in; gives its position in the list of people.
    pub(super) fn enter(&mut self, room: u32, person: u32) -> u32 {
        let Some(inside) = self.rooms.get_mut(room as usize) else { return u32::MAX };
        let at = inside.people.len();
        inside.people.push(person);
        self.recount(room, at);
        number_of(at)
    }

    /// Lets the person at this position out; gives who has the position now.
    pub(super) fn exit(&mut self, room: u32, at: u32) -> Option<u32> {
        let inside = self.rooms.get_mut(room as usize)?;
        let (at, count) = (at as usize, inside.people.len());
        if at < count {
            inside.people.swap_remove(at);
        }
        let moved = inside.people.get(at).copied();
        self.recount(room, count);
        moved
    }

    /// Removes a room that nobody would miss.
    pub(super) fn vacate(&mut self, room: u32) {
        if self.get(room).is_some_and(Room::is_idle)
            && let Some(gone) = self.rooms.try_remove(room as usize)
        {
            self.keys.remove(&gone.key);
            self.fullest.remove(&(Reverse(0), room));
        }
    }

    fn insert(&mut self, key: RoomKey, name: Arc<str>) -> u32 {
        let room = number_of(self.rooms.insert(Room::new(Arc::clone(&key), name)));
        self.keys.insert(key, room);
        self.fullest.insert((Reverse(0), room));
        room
    }

    /// Puts a room where it belongs among the others, after so many people.
    fn recount(&mut self, room: u32, before: usize) {
        let after = self.get(room).map_or(0, |room| room.people.len());
        self.fullest.remove(&(Reverse(before), room));
        self.fullest.insert((Reverse(after), room));
        let (was, is) = (usize::from(before > 0), usize::from(after > 0));
        self.live = self.live.saturating_add(is).saturating_sub(was);
    }
}
