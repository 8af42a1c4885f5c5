//! Rooms: who is in them, who listens, and what is known of their record.

pub(in crate::chat) mod direct;
pub(in crate::chat) mod posters;
pub(in crate::chat) mod presence;
pub(in crate::chat) mod projected;
pub(in crate::chat) mod read_markers;
pub(in crate::chat) mod rules;
pub(in crate::chat) mod typing;
pub(in crate::chat) mod upkeep;

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use slab::Slab;

use crate::chat::effect::Listener;
use crate::chat::ids::{ClientId, PersonId, RoomId, number_of};
use crate::chat::limits::Limits;
use crate::chat::names::RoomName;
use crate::chat::protocol::payloads::RoomSummary;
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::record::{AuthorKey, KeyValue, RoomKey, RoomRecord};
use crate::chat::rooms::direct::{DirectRoom, DirectRooms};
use crate::chat::rooms::posters::Posters;
use crate::chat::rooms::presence::Presence;
use crate::chat::rooms::projected::ProjectedRules;
use crate::chat::rooms::read_markers::ReadMarkers;
use crate::chat::rooms::rules::{DirtyKey, Rules};
use crate::chat::rooms::typing::Typing;
use crate::clock::Moment;
use crate::rate::Bucket;

/// A room with somebody in it, or with a record.
#[derive(Debug)]
pub(in crate::chat) struct Room {
    /// Its name as it is compared.
    pub(in crate::chat) key: RoomKey,
    /// Its name as it was first written.
    pub(in crate::chat) name: Arc<str>,
    /// The last entry of its record that was shown; 0 if there is none.
    pub(in crate::chat) top: u64,
    /// The last message known.
    pub(in crate::chat) last_mid: u64,
    /// Its topic, empty for none.
    pub(in crate::chat) topic: Arc<str>,
    /// Who is told what happens.
    pub(in crate::chat) audience: Vec<Listener>,
    /// Who is in it: keys of people.
    pub(in crate::chat) people: Vec<PersonId>,
    /// Its news of coming and going.
    pub(in crate::chat) presence: Presence,
    /// How often it is told that somebody is typing.
    pub(in crate::chat) hints: Bucket,
    /// What was shown since the first of those came who wait for their page.
    pub(in crate::chat) recent: VecDeque<Recent>,
    /// How many subscriptions wait for their page.
    pub(in crate::chat) waiting: u32,
    /// How many orders about it are not answered.
    pub(in crate::chat) orders: u32,
    /// Whose it is, if it is a private conversation.
    pub(in crate::chat) direct_room: Option<Box<DirectRoom>>,
    /// Who posted to it over HTTP, if anybody did.
    pub(in crate::chat) posters: Option<Box<Posters>>,
    /// What is special about it; most rooms have nothing special.
    rules: Option<Box<Rules>>,
    /// What will hold in it, as long as that is not the same.
    pub(in crate::chat) projected: Option<Box<ProjectedRules>>,
}

/// An entry kept for those who could not be told when it came.
#[derive(Debug)]
pub(in crate::chat) struct Recent {
    /// Its number.
    pub(in crate::chat) seq: u64,
    /// What to tell.
    pub(in crate::chat) event: ServerEvent,
    /// Who is not to be told, because it said so itself.
    pub(in crate::chat) except: Option<ClientId>,
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
            direct_room: None,
            posters: None,
            rules: None,
            projected: None,
        }
    }

    /// Returns what holds in it.
    pub(in crate::chat) fn rules(&self) -> &Rules {
        static NONE: Rules = Rules::none();
        self.rules.as_deref().unwrap_or(&NONE)
    }

    /// Returns what holds in it, to be changed.
    pub(in crate::chat) fn rules_mut(&mut self) -> &mut Rules {
        self.rules.get_or_insert_with(|| Box::new(Rules::none()))
    }

    /// Returns what somebody calls it.
    pub(in crate::chat) fn name_for(&self, author: AuthorKey) -> &Arc<str> {
        let side = self.direct_room.as_ref().and_then(|direct_room| direct_room.seen_by(author));
        side.map_or(&self.name, |(mine, _)| &mine.label)
    }

    /// Returns the key-value records about it that the journal does not know yet; they go with its
    /// next entry.
    pub(in crate::chat) fn unsaved_key_values(&self) -> Vec<KeyValue> {
        match &self.direct_room {
            Some(direct_room) if self.top == 0 => vec![direct_room.key_value(&self.key)],
            None if !self.rules().persisted => {
                self.projected_rules().key_values(&self.key, &BTreeSet::from([DirtyKey::Room]))
            }
            _ => Vec::new(),
        }
    }

    /// Takes note that an entry, and what went with it, is in the record.
    pub(in crate::chat) fn key_values_saved(&mut self) {
        if let Some(rules) = self.rules.as_mut() {
            rules.persisted = true;
        }
    }

    /// Whether everybody may know of it.
    pub(in crate::chat) fn is_public(&self) -> bool {
        self.direct_room.is_none() && !self.rules().private
    }

    /// Whether somebody may know what is said in it.
    pub(in crate::chat) fn may_read(&self, author: Option<AuthorKey>) -> bool {
        match &self.direct_room {
            Some(direct_room) => {
                author.is_some_and(|author| direct_room.authors().contains(&author))
            }
            None => self.rules().may_read(author),
        }
    }

    /// Whether something about it is not answered yet, or somebody waits in it.
    pub(in crate::chat) fn is_busy(&self) -> bool {
        let subscriptions =
            self.direct_room.as_ref().map_or(0, |direct_room| direct_room.subscriptions);
        self.waiting > 0 || self.orders > 0 || subscriptions > 0
    }

    /// Describes it in a list.
    pub(in crate::chat) fn line(&self) -> RoomSummary {
        RoomSummary {
            room: Arc::clone(&self.name),
            users: self.people.len(),
            seq: self.top,
            topic: Arc::clone(&self.topic),
            private: self.rules().private,
            role: None,
            read: None,
        }
    }

    /// Keeps an entry as long as somebody waits for a page.
    pub(in crate::chat) fn remember(&mut self, recent: Recent, limits: &Limits) {
        if self.waiting > 0 {
            self.recent.push_back(recent);
            while self.recent.len() > limits.catch_up_max {
                self.recent.pop_front();
            }
        }
    }

    /// Whether a client said this itself, as far as what is kept tells.
    pub(in crate::chat) fn is_own(&self, seq: u64, client: ClientId) -> bool {
        let said = self.recent.iter().find(|recent| recent.seq == seq);
        said.is_some_and(|recent| recent.except == Some(client))
    }

    /// Counts one less who waits for a page.
    pub(in crate::chat) fn waited(&mut self) {
        self.waiting = self.waiting.saturating_sub(1);
        if self.waiting == 0 {
            self.recent = VecDeque::new();
        }
    }

    /// Whether nothing would be missing if it were not there.
    fn is_idle(&self) -> bool {
        self.top == 0 && self.people.is_empty() && !self.is_busy()
    }
}

/// All rooms.
#[derive(Debug, Default)]
pub(in crate::chat) struct Rooms {
    rooms: Slab<Room>,
    keys: HashMap<RoomKey, RoomId>,
    /// The rooms that everybody may know, the fullest first, then in the order of their keys.
    largest: BTreeSet<(Reverse<usize>, RoomId)>,
    /// How many have somebody in them.
    live: usize,
    /// Where somebody is more than anybody.
    rooms_of_member: HashMap<AuthorKey, BTreeSet<RoomId>>,
    /// Who that is, by room.
    holders: HashMap<RoomId, Vec<AuthorKey>>,
    /// Private conversations by who has them.
    pub(in crate::chat) directs: DirectRooms,
    /// How far accounts have read.
    pub(in crate::chat) read_markers: ReadMarkers,
    /// Who is typing.
    pub(in crate::chat) typing: Typing,
    /// Rooms whose news of people are due, the earliest first; one that has told them meanwhile
    /// is passed over.
    pub(in crate::chat) news_due: VecDeque<(Moment, RoomId)>,
}

impl Rooms {
    /// Returns when the next news, read markers or signs of typing are due.
    pub(in crate::chat) fn deadline(&self) -> Moment {
        let news = self.news_due.front().map_or(Moment::NEVER, |(due, _)| *due);
        news.min(self.read_markers.deadline()).min(self.typing.deadline())
    }

    /// Finds a room.
    pub(in crate::chat) fn get(&self, room: RoomId) -> Option<&Room> {
        self.rooms.get(room.index())
    }

    /// Finds a room, to change it.
    pub(in crate::chat) fn get_mut(&mut self, room: RoomId) -> Option<&mut Room> {
        self.rooms.get_mut(room.index())
    }

    /// Finds a room by its folded name.
    pub(in crate::chat) fn find(&self, key: &str) -> Option<RoomId> {
        self.keys.get(key).copied()
    }

    /// Lists the fullest rooms of those that everybody may know.
    pub(in crate::chat) fn largest(&self, count: usize) -> Vec<RoomSummary> {
        let rooms = self.largest.iter().filter_map(|&(_, room)| self.get(room));
        rooms.take(count).map(Room::line).collect()
    }

    /// Lists the rooms in which somebody is more than anybody.
    pub(in crate::chat) fn rooms_of_member(&self, author: AuthorKey) -> Vec<RoomId> {
        self.rooms_of_member
            .get(&author)
            .map_or_else(Vec::new, |rooms| rooms.iter().copied().collect())
    }

    /// Takes note of who is more than anybody in a room, and of whether everybody may know of it,
    /// after that has changed.
    pub(in crate::chat) fn reindex(&mut self, room: RoomId) {
        let count = self.get(room).map_or(0, |room| room.people.len());
        self.recount(room, count);
        let holders = self.get(room).map_or_else(Vec::new, |room| room.rules().authors());
        let before = if holders.is_empty() {
            self.holders.remove(&room)
        } else {
            self.holders.insert(room, holders.clone())
        };
        for author in before.unwrap_or_default() {
            if let Some(rooms) = self.rooms_of_member.get_mut(&author) {
                rooms.remove(&room);
                if rooms.is_empty() {
                    self.rooms_of_member.remove(&author);
                }
            }
        }
        for author in holders {
            self.rooms_of_member.entry(author).or_default().insert(room);
        }
    }

    /// Returns the latest stamp in what holds in them.
    pub(in crate::chat) fn latest_stamp(&self) -> u64 {
        self.rooms.iter().map(|(_, room)| room.rules().latest_stamp()).max().unwrap_or(0)
    }

    /// Counts all rooms, those that are only a record included.
    pub(in crate::chat) fn len(&self) -> usize {
        self.rooms.len()
    }

    /// Counts the rooms with somebody in them.
    pub(in crate::chat) fn live(&self) -> usize {
        self.live
    }

    /// Adds a room that has a record.
    pub(in crate::chat) fn restore(&mut self, record: RoomRecord) {
        let room = self.insert(record.key, record.name);
        if let Some(room) = self.get_mut(room) {
            (room.top, room.topic) = (record.top, record.topic);
        }
    }

    /// Finds a room or makes it, owned by `owner`; `None` if there are too many.
    pub(in crate::chat) fn open(
        &mut self,
        name: &RoomName,
        owner: Option<AuthorKey>,
        limits: &Limits,
    ) -> Option<RoomId> {
        match self.find(&name.key) {
            Some(room) if self.get(room).is_some_and(|room| !room.people.is_empty()) => Some(room),
            _ if self.live >= limits.rooms_max => None,
            Some(room) => Some(room),
            None if self.len() >= limits.records_max => None,
            None => {
                let key = self.insert(Arc::clone(&name.key), Arc::clone(&name.name));
                if let Some(room) = self.get_mut(key).filter(|_| owner.is_some()) {
                    let rules = room.rules_mut();
                    (rules.owner, rules.persisted) = (owner, false);
                    self.reindex(key);
                }
                Some(key)
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
            self.keys.remove(&gone.key);
        }
    }

    /// Lets a person in; gives its position in the list of people.
    pub(in crate::chat) fn enter(&mut self, room: RoomId, person: PersonId) -> u32 {
        let Some(inside) = self.rooms.get_mut(room.index()) else { return u32::MAX };
        let at = inside.people.len();
        inside.people.push(person);
        self.recount(room, at);
        number_of(at)
    }

    /// Lets the person at this position out; gives who has the position now.
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

    /// Removes a room that nobody would miss.
    pub(in crate::chat) fn vacate(&mut self, room: RoomId) {
        if !self.get(room).is_some_and(Room::is_idle) {
            return;
        }
        let Some(gone) = self.rooms.try_remove(room.index()) else { return };
        self.keys.remove(&gone.key);
        self.reindex(room);
        if let Some(direct_room) = gone.direct_room {
            self.directs.remove(direct_room.authors(), room);
        }
    }

    fn insert(&mut self, key: RoomKey, name: Arc<str>) -> RoomId {
        let room = RoomId::new(self.rooms.insert(Room::new(Arc::clone(&key), name)));
        self.keys.insert(key, room);
        self.largest.insert((Reverse(0), room));
        room
    }

    /// Puts a room where it belongs among the others, after so many people.
    fn recount(&mut self, room: RoomId, before: usize) {
        let inside = self.get(room);
        let after = inside.map_or(0, |room| room.people.len());
        let listed = inside.is_some_and(Room::is_public);
        self.largest.remove(&(Reverse(before), room));
        if listed {
            self.largest.insert((Reverse(after), room));
        }
        let (was, is) = (usize::from(before > 0), usize::from(after > 0));
        self.live = self.live.saturating_add(is).saturating_sub(was);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::record::ModerationAction;

    #[test]
    fn private_rooms_cost_nothing_where_rooms_are_listed() {
        let mut rooms = Rooms::default();
        let owner = Some(AuthorKey([1; 16]));
        for n in 0..1000 {
            let name = RoomName::parse(&format!("room {n}"), &Limits::default()).unwrap();
            let room = rooms.open(&name, owner, &Limits::default()).unwrap();
            if n > 0 {
                rooms.enter(room, PersonId::new(n));
                rooms.get_mut(room).unwrap().rules_mut().private = true;
                rooms.reindex(room);
            }
        }
        // They are not gone through: they are not there.
        assert_eq!((rooms.largest.len(), rooms.largest(10).len()), (1, 1));
        assert_eq!((rooms.live(), rooms.len()), (999, 1000));
        let last = rooms.find("room 999").unwrap();
        rooms.exit(last, 0);
        assert_eq!(rooms.largest.len(), 1);
        let moderation = crate::chat::record::Moderation {
            action: ModerationAction::MakePublic,
            user: None,
            seconds: None,
            reason: None,
        };
        rooms.get_mut(last).unwrap().rules_mut().apply(
            &moderation,
            None,
            &[],
            Default::default(),
            1,
        );
        rooms.reindex(last);
        assert_eq!(rooms.largest(10).len(), 2);
        rooms.vacate(last);
        assert_eq!(rooms.largest(10).len(), 1);
    }
}
