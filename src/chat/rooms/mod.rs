//! Rooms: their members, their audience and the state of their record.

pub(in crate::chat) mod direct;
mod directory;
pub(in crate::chat) mod hooks;
pub(in crate::chat) mod invitations;
pub(in crate::chat) mod latest;
pub(in crate::chat) mod memberships;
mod pins;
pub(in crate::chat) mod posters;
pub(in crate::chat) mod presence;
pub(in crate::chat) mod projected;
pub(in crate::chat) mod read_markers;
pub(in crate::chat) mod removal;
pub(in crate::chat) mod rules;
mod shares;
pub(in crate::chat) mod typing;
pub(in crate::chat) mod upkeep;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;

use slab::Slab;

use crate::chat::effect::Listener;
use crate::chat::ids::{ClientId, PersonId, RoomId, number_of};
use crate::chat::limits::Limits;
use crate::chat::names::RoomName;
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::protocol::payloads::RoomSummary;
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::record::{AuthorKey, KeyValue, RoomKey, RoomRecord};
use crate::chat::rooms::direct::{DirectRoom, DirectRooms};
use crate::chat::rooms::directory::Directory;
use crate::chat::rooms::hooks::Hooks;
use crate::chat::rooms::invitations::Invitations;
use crate::chat::rooms::latest::Latest;
use crate::chat::rooms::memberships::Memberships;
use crate::chat::rooms::posters::Posters;
use crate::chat::rooms::presence::Presence;
use crate::chat::rooms::projected::ProjectedRules;
use crate::chat::rooms::read_markers::ReadMarkers;
use crate::chat::rooms::removal::Removal;
use crate::chat::rooms::rules::{DirtyKey, Rules};
use crate::chat::rooms::shares::Shares;
use crate::chat::rooms::typing::Typing;
use crate::clock::Moment;
use crate::rate::Bucket;

/// A room that has people in it, or a record.
#[derive(Debug)]
pub(in crate::chat) struct Room {
    /// Its case-folded name.
    pub(in crate::chat) key: RoomKey,
    /// Its name as it was first written.
    pub(in crate::chat) name: Arc<str>,
    /// The `seq` of the last published entry; `base` if there is none.
    pub(in crate::chat) top: u64,
    /// The `seq` of the last entry of the removed room of this name; 0 if there was none.
    base: u64,
    /// The `mid` of the last known message.
    pub(in crate::chat) last_mid: u64,
    /// Unix milliseconds of its last message; 0 if there was none.
    pub(in crate::chat) spoke: u64,
    /// Its pinned messages, each with the time at which it was pinned, in Unix milliseconds.
    pub(in crate::chat) pins: BTreeMap<u64, u64>,
    /// Its latest messages, once they were needed.
    pub(in crate::chat) latest: Option<Box<Latest>>,
    /// Its topic, empty for none.
    pub(in crate::chat) topic: Arc<str>,
    /// The clients that receive its events.
    pub(in crate::chat) audience: Vec<Listener>,
    /// Its people.
    pub(in crate::chat) people: Vec<PersonId>,
    /// Its pending presence changes.
    pub(in crate::chat) presence: Presence,
    /// Bucket of its typing events.
    pub(in crate::chat) hints: Bucket,
    /// Entries published since the first of the waiting subscriptions began to wait.
    pub(in crate::chat) recent: VecDeque<Recent>,
    /// Number of subscriptions that wait for a page.
    pub(in crate::chat) waiting: u32,
    /// Number of journal requests about it that are pending.
    pub(in crate::chat) orders: u32,
    /// Its two sides, if it is a private conversation.
    pub(in crate::chat) direct_room: Option<Box<DirectRoom>>,
    /// The network that created it since the start, unless that is loopback.
    made_from: Option<IpAddr>,
    /// The progress of its removal.
    pub(in crate::chat) removal: Removal,
    /// Its recent posters over HTTP, if any.
    pub(in crate::chat) posters: Option<Box<Posters>>,
    /// Its rules; `None` for the default ones, which most rooms have.
    rules: Option<Box<Rules>>,
    /// Its rules once all pending moderation is recorded; `None` while there is none.
    pub(in crate::chat) projected: Option<Box<ProjectedRules>>,
}

/// A published entry, kept for clients that wait for a page.
#[derive(Debug)]
pub(in crate::chat) struct Recent {
    /// Its `seq`.
    pub(in crate::chat) seq: u64,
    /// The event.
    pub(in crate::chat) event: ServerEvent,
    /// Its sender, if that does not want its own messages back.
    pub(in crate::chat) except: Option<ClientId>,
}

impl Room {
    fn new(key: RoomKey, name: Arc<str>) -> Self {
        Self {
            key,
            name,
            top: 0,
            base: 0,
            last_mid: 0,
            spoke: 0,
            pins: BTreeMap::new(),
            latest: None,
            topic: "".into(),
            audience: Vec::new(),
            people: Vec::new(),
            presence: Presence::default(),
            hints: Bucket::default(),
            recent: VecDeque::new(),
            waiting: 0,
            orders: 0,
            direct_room: None,
            made_from: None,
            removal: Removal::None,
            posters: None,
            rules: None,
            projected: None,
        }
    }

    /// Returns its rules.
    pub(in crate::chat) fn rules(&self) -> &Rules {
        static NONE: Rules = Rules::none();
        self.rules.as_deref().unwrap_or(&NONE)
    }

    /// Returns its rules for a change.
    pub(in crate::chat) fn rules_mut(&mut self) -> &mut Rules {
        self.rules.get_or_insert_with(|| Box::new(Rules::none()))
    }

    /// Returns its name as an author sees it.
    pub(in crate::chat) fn name_for(&self, author: AuthorKey) -> &Arc<str> {
        let side = self.direct_room.as_ref().and_then(|direct_room| direct_room.seen_by(author));
        side.map_or(&self.name, |(mine, _)| &mine.label)
    }

    /// Returns its key-value records that the journal does not have yet; they are stored with its
    /// next entry.
    pub(in crate::chat) fn unsaved_key_values(&self) -> Vec<KeyValue> {
        match &self.direct_room {
            Some(direct_room) if !self.has_record() => vec![direct_room.key_value(&self.key)],
            None if !self.rules().persisted => {
                self.projected_rules().key_values(&self.key, &BTreeSet::from([DirtyKey::Room]))
            }
            _ => Vec::new(),
        }
    }

    /// Records that an entry, and the key-value records with it, are stored.
    pub(in crate::chat) fn key_values_saved(&mut self) {
        if let Some(rules) = self.rules.as_mut() {
            rules.persisted = true;
        }
    }

    /// Whether it has a record.
    pub(in crate::chat) fn has_record(&self) -> bool {
        self.top > self.base
    }

    /// Whether it is listed for everybody.
    pub(in crate::chat) fn is_public(&self) -> bool {
        self.direct_room.is_none() && !self.rules().private && self.removal != Removal::Done
    }

    /// Whether an author may read its record.
    pub(in crate::chat) fn may_read(&self, author: Option<AuthorKey>) -> bool {
        match &self.direct_room {
            _ if self.removal == Removal::Done => false,
            Some(direct_room) => {
                author.is_some_and(|author| direct_room.authors().contains(&author))
            }
            None => self.rules().may_read(author),
        }
    }

    /// Whether a request about it is pending or a client waits in it.
    pub(in crate::chat) fn is_busy(&self) -> bool {
        let subscriptions =
            self.direct_room.as_ref().map_or(0, |direct_room| direct_room.subscriptions);
        self.waiting > 0 || self.orders > 0 || subscriptions > 0
    }

    /// Returns its line in a list of rooms.
    pub(in crate::chat) fn line(&self) -> RoomSummary {
        RoomSummary {
            room: Arc::clone(&self.name),
            users: self.people.len(),
            seq: self.top,
            topic: Arc::clone(&self.topic),
            last: Some(self.spoke).filter(|ts| *ts > 0),
            private: self.rules().private,
            locked: self.rules().locked,
            slow: self.rules().slow,
            role: None,
            read: None,
        }
    }

    /// Keeps an entry while a client waits for a page.
    pub(in crate::chat) fn remember(&mut self, recent: Recent, limits: &Limits) {
        if self.waiting > 0 {
            self.recent.push_back(recent);
            while self.recent.len() > limits.catch_up_max {
                self.recent.pop_front();
            }
        }
    }

    /// Whether a client sent this entry itself, as far as the kept entries show.
    pub(in crate::chat) fn is_own(&self, seq: u64, client: ClientId) -> bool {
        let said = self.recent.iter().find(|recent| recent.seq == seq);
        said.is_some_and(|recent| recent.except == Some(client))
    }

    /// Counts one waiting subscription less.
    pub(in crate::chat) fn waited(&mut self) {
        self.waiting = self.waiting.saturating_sub(1);
        if self.waiting == 0 {
            self.recent = VecDeque::new();
        }
    }

    /// Whether it can be removed: it has no record, nobody is in it and nothing is pending.
    fn is_idle(&self) -> bool {
        // The number of a removed room is not given to another: a client that lagged may yet be
        // told by it what it missed.
        let removed = self.removal == Removal::Done;
        !removed && !self.has_record() && self.people.is_empty() && !self.is_busy()
    }
}

/// All rooms.
#[derive(Debug, Default)]
pub(in crate::chat) struct Rooms {
    rooms: Slab<Room>,
    keys: HashMap<RoomKey, RoomId>,
    directory: Directory,
    /// The last `seq` of removed rooms, at which a new one of the same name goes on.
    removed: HashMap<RoomKey, u64>,
    /// Number of rooms that each network created.
    shares: Shares,
    /// Private conversations by participant.
    pub(in crate::chat) directs: DirectRooms,
    /// The read markers of accounts.
    pub(in crate::chat) read_markers: ReadMarkers,
    /// Number of rooms whose latest messages are kept.
    pub(in crate::chat) latest_count: usize,
    /// The memberships of accounts.
    pub(in crate::chat) memberships: Memberships,
    /// Invitations that are not answered.
    pub(in crate::chat) invitations: Invitations,
    /// The hooks of all rooms.
    pub(in crate::chat) hooks: Hooks,
    /// Typing indicators.
    pub(in crate::chat) typing: Typing,
    /// Rooms by the time their presence changes are due, earliest first. An entry is stale once the
    /// room was told meanwhile, and then has no effect.
    pub(in crate::chat) presence_queue: VecDeque<(Moment, RoomId)>,
}

impl Rooms {
    /// Returns when presence changes, read markers, typing indicators or hooks are due next.
    pub(in crate::chat) fn deadline(&self) -> Moment {
        let presence = self.presence_queue.front().map_or(Moment::NEVER, |(due, _)| *due);
        let others = [self.read_markers.deadline(), self.typing.deadline(), self.hooks.deadline()];
        others.into_iter().fold(presence, Moment::min)
    }

    /// Finds a room.
    pub(in crate::chat) fn get(&self, room: RoomId) -> Option<&Room> {
        self.rooms.get(room.index())
    }

    /// Finds a room for a change.
    pub(in crate::chat) fn get_mut(&mut self, room: RoomId) -> Option<&mut Room> {
        self.rooms.get_mut(room.index())
    }

    /// Finds a room by its folded name.
    pub(in crate::chat) fn find(&self, key: &str) -> Option<RoomId> {
        self.keys.get(key).copied()
    }

    /// Lists the fullest public rooms.
    pub(in crate::chat) fn largest(&self, count: usize) -> Vec<RoomSummary> {
        let rooms = self.directory.largest().filter_map(|room| self.get(room));
        rooms.take(count).map(Room::line).collect()
    }

    /// Lists all rooms from a position on, each with its own.
    pub(in crate::chat) fn from(&self, from: usize) -> impl Iterator<Item = (usize, &Room)> {
        self.rooms.iter().skip_while(move |(at, _)| *at < from)
    }

    /// Lists public rooms, those after a position, with the position of each.
    pub(in crate::chat) fn public_after(
        &self,
        after: Option<(usize, RoomId)>,
    ) -> impl Iterator<Item = (usize, RoomId)> {
        self.directory.largest_after(after)
    }

    /// Counts the public rooms.
    pub(in crate::chat) fn public(&self) -> usize {
        self.directory.public()
    }

    /// Lists the rooms after this one in which an author has a role or a restraint.
    pub(in crate::chat) fn rooms_of_member_after(
        &self,
        author: AuthorKey,
        after: Option<RoomId>,
    ) -> impl Iterator<Item = RoomId> {
        self.directory.rooms_of_after(author, after)
    }

    /// Lists the rooms in which an author has a role or a restraint.
    pub(in crate::chat) fn rooms_of_member(&self, author: AuthorKey) -> Vec<RoomId> {
        self.directory.rooms_of(author)
    }

    /// Updates the indices after a change of a room's rules: who has a role or a restraint there,
    /// and whether the room is public.
    pub(in crate::chat) fn reindex(&mut self, room: RoomId) {
        let count = self.get(room).map_or(0, |room| room.people.len());
        self.recount(room, count);
        let authors = self.get(room).map_or_else(Vec::new, |room| room.rules().authors());
        self.directory.set_authors(room, authors);
    }

    /// Returns the latest stamp in the rules of all rooms.
    pub(in crate::chat) fn latest_stamp(&self) -> u64 {
        self.rooms.iter().map(|(_, room)| room.rules().latest_stamp()).max().unwrap_or(0)
    }

    /// Counts all rooms, including those that are only a record.
    pub(in crate::chat) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Counts the rooms with people in them.
    pub(in crate::chat) fn live(&self) -> usize {
        self.directory.live()
    }

    /// Adds a room that has a record.
    pub(in crate::chat) fn restore(&mut self, record: RoomRecord) {
        if record.name.is_empty() {
            self.removed.insert(record.key, record.top);
            return;
        }
        let room = self.insert(record.key, record.name);
        if let Some(room) = self.get_mut(room) {
            (room.top, room.topic, room.spoke) = (record.top, record.topic, record.last);
        }
    }

    /// Finds or creates a room; a new one is owned by `owner`.
    ///
    /// # Errors
    /// When there are too many, or too many that its network created.
    pub(in crate::chat) fn open(
        &mut self,
        name: &RoomName,
        owner: Option<AuthorKey>,
        network: Option<IpAddr>,
        limits: &Limits,
    ) -> Result<RoomId, Refusal> {
        let too_many = || Refusal::new(Code::Overloaded, "there are too many rooms");
        match self.find(&name.key) {
            Some(room) if self.get(room).is_some_and(|room| !room.people.is_empty()) => Ok(room),
            _ if self.live() >= limits.rooms_max => Err(too_many()),
            Some(room) => Ok(room),
            None if self.len() >= limits.records_max => Err(too_many()),
            None => {
                self.shares.check(network, limits)?;
                let key = self.insert(Arc::clone(&name.key), Arc::clone(&name.name));
                self.shares.add(network);
                if let Some(room) = self.get_mut(key) {
                    room.made_from = network;
                }
                if let Some(room) = self.get_mut(key).filter(|_| owner.is_some()) {
                    let rules = room.rules_mut();
                    (rules.owner, rules.persisted) = (owner, false);
                    self.reindex(key);
                }
                Ok(key)
            }
        }
    }

    /// Adds a private conversation.
    pub(in crate::chat) fn insert_direct(
        &mut self,
        key: RoomKey,
        direct_room: DirectRoom,
    ) -> RoomId {
        let room = RoomId::new(self.rooms.insert(Room::new(Arc::clone(&key), Arc::clone(&key))));
        self.keys.insert(key, room);
        self.directs.label(&direct_room, room);
        if let Some(inside) = self.get_mut(room) {
            inside.direct_room = Some(Box::new(direct_room));
        }
        room
    }

    /// Removes a private conversation.
    pub(in crate::chat) fn drop_direct(&mut self, room: RoomId) {
        if let Some(gone) = self.rooms.try_remove(room.index()) {
            self.latest_count =
                self.latest_count.saturating_sub(usize::from(gone.latest.is_some()));
            self.keys.remove(&gone.key);
        }
    }

    /// Adds a person to a room. Returns its position in the list of people.
    pub(in crate::chat) fn enter(&mut self, room: RoomId, person: PersonId) -> u32 {
        let Some(inside) = self.rooms.get_mut(room.index()) else { return u32::MAX };
        let at = inside.people.len();
        inside.people.push(person);
        self.recount(room, at);
        number_of(at)
    }

    /// Removes the person at this position. Returns the person that has taken the position.
    pub(in crate::chat) fn exit(&mut self, room: RoomId, at: u32) -> Option<PersonId> {
        let inside = self.rooms.get_mut(room.index())?;
        let (at, count) = (at as usize, inside.people.len());
        if at < count {
            inside.people.swap_remove(at);
        }
        let moved = inside.people.get(at).copied();
        self.recount(room, count);
        moved
    }

    /// Removes a room if it is idle.
    pub(in crate::chat) fn vacate(&mut self, room: RoomId) {
        if !self.get(room).is_some_and(Room::is_idle) {
            return;
        }
        let Some(gone) = self.rooms.try_remove(room.index()) else { return };
        self.keys.remove(&gone.key);
        self.reindex(room);
        self.shares.remove(gone.made_from);
        if gone.base > 0 {
            self.removed.insert(gone.key, gone.base);
        }
        if let Some(direct_room) = gone.direct_room {
            self.directs.remove(direct_room.authors(), room);
        }
    }

    fn insert(&mut self, key: RoomKey, name: Arc<str>) -> RoomId {
        let base = self.removed.remove(&key).unwrap_or(0);
        let room = Room { top: base, base, ..Room::new(Arc::clone(&key), name) };
        let room = RoomId::new(self.rooms.insert(room));
        self.keys.insert(key, room);
        self.directory.resize(room, 0, 0, true);
        room
    }

    /// Reorders a room among the largest after its people have changed from `before`.
    fn recount(&mut self, room: RoomId, before: usize) {
        let inside = self.get(room);
        let after = inside.map_or(0, |room| room.people.len());
        let public = inside.is_some_and(Room::is_public);
        self.directory.resize(room, before, after, public);
    }
}
