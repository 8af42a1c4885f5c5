//! Private conversations: records that two people share and nobody else can see.
//!
//! A conversation belongs to two authors, not to two names. Each has its own name for it: `@` and
//! what the other was called when it began. That name never changes, so that a client's `seq` never
//! refers to another record. All connections of both participants receive its messages without
//! joining; joining only makes it the current room.

use std::collections::HashSet;
use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::effect::Effect;
use crate::chat::ids::{ClientId, RoomId};
use crate::chat::names::Likeness;
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::protocol::payloads::DirectSummary;
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::record::{AuthorKey, Entry, KeyValue};
use crate::chat::rooms::Room;
use crate::chat::rooms::direct::{DirectRoom, Side, key_of};
use crate::chat::step::Step;

impl Chat {
    /// Finds a conversation by an author's name for it, or by the current name of the other.
    pub(in crate::chat) fn direct(&self, own: AuthorKey, named: &str) -> Option<RoomId> {
        self.rooms.directs.labelled(own, named).or_else(|| {
            let (partner, _) = self.people.author_named(named.strip_prefix('@')?)?;
            self.rooms.find(&key_of(own, partner))
        })
    }

    /// Finds the conversation with a name, or creates it.
    ///
    /// # Errors
    /// If the name is both that of a numbered conversation and of another user.
    pub(in crate::chat) fn direct_or_new(
        &mut self,
        own: AuthorKey,
        named: &str,
    ) -> Result<RoomId, Refusal> {
        match self.direct(own, named) {
            Some(room) if self.is_other_user(own, room, named) => {
                let message = format!(
                    "{named} names another conversation of yours, and a user is called so, too: \
                     send a direct_message to the user's name"
                );
                Err(Refusal::new(Code::BadField, message))
            }
            Some(room) => Ok(room),
            None => self.open_direct(own, named.strip_prefix('@').unwrap_or(named)),
        }
    }

    /// Whether a conversation's numbered name is also that of another user.
    fn is_other_user(&self, own: AuthorKey, room: RoomId, named: &str) -> bool {
        let direct_room = self.rooms.get(room).and_then(|room| room.direct_room.as_ref());
        let is_numbered = |label: &str| {
            label.rsplit_once('-').is_some_and(|(_, number)| number.parse::<u32>().is_ok())
        };
        let user = || self.people.author_named(named.strip_prefix('@')?);
        direct_room.is_some_and(|direct_room| {
            direct_room.seen_by(own).is_some_and(|(mine, _)| is_numbered(&mine.label))
                && user().is_some_and(|(user, _)| user != direct_room.partner(own))
        })
    }

    /// Whether an author has a conversation with the user who has this name now.
    pub(in crate::chat) fn has_direct_with(&self, own: AuthorKey, name: &str) -> bool {
        let partner = self.people.author_named(name.strip_prefix('@').unwrap_or(name));
        partner.is_some_and(|(partner, _)| self.rooms.find(&key_of(own, partner)).is_some())
    }

    /// Finds the conversation with the user who has this name now, or creates it.
    pub(in crate::chat) fn open_direct(
        &mut self,
        own: AuthorKey,
        name: &str,
    ) -> Result<RoomId, Refusal> {
        let nobody = || Refusal::new(Code::NoSuchUser, "no such user");
        let (partner, name) = self.people.author_named(name).ok_or_else(nobody)?;
        if partner == own {
            return Err(Refusal::new(Code::BadField, "you cannot message yourself"));
        }
        let key = key_of(own, partner);
        if let Some(room) = self.rooms.find(&key) {
            return Ok(room);
        }
        if self.rooms.len() >= self.limits.records_max {
            return Err(Refusal::new(Code::Overloaded, "there are too many conversations"));
        }
        for author in [own, partner] {
            if self.rooms.directs.of(author).len() >= self.limits.directs_max {
                return Err(Refusal::new(Code::TooManyRooms, "too many private conversations"));
            }
        }
        let own_name = self.name_of_author(own).unwrap_or_default();
        let mine = Side {
            who: own.to_hex().into(),
            label: self.label(own, partner, &name),
            name: Arc::clone(&own_name),
        };
        let theirs =
            Side { who: partner.to_hex().into(), label: self.label(partner, own, &own_name), name };
        let direct_room = DirectRoom::new((own, mine), (partner, theirs));
        let authors = direct_room.authors();
        let room = self.rooms.insert_direct(key, direct_room);
        self.rooms.directs.touch(authors, room);
        Ok(room)
    }

    /// Refuses a private message that its recipient can never read.
    pub(in crate::chat) fn check_partner(
        &self,
        own: AuthorKey,
        room: &Room,
    ) -> Result<(), Refusal> {
        if room
            .direct_room
            .as_ref()
            .is_none_or(|direct_room| self.can_return(direct_room.partner(own)))
        {
            return Ok(());
        }
        Err(Refusal::new(Code::NoSuchUser, "this user has left for good"))
    }

    /// Whether an author can reconnect: it has an account, or a session that has not ended.
    pub(in crate::chat) fn can_return(&self, author: AuthorKey) -> bool {
        self.people.of_session(author).is_some() || self.people.accounts().get(author).is_some()
    }

    /// Returns the current name of an author.
    pub(in crate::chat) fn name_of_author(&self, author: AuthorKey) -> Option<Arc<str>> {
        let person = self.people.of_session(author).and_then(|key| self.people.get(key));
        let account =
            || self.people.accounts().get(author).map(|account| Arc::clone(&account.name));
        person.map(|person| Arc::clone(&person.name)).filter(|it| !it.is_empty()).or_else(account)
    }

    /// Returns a name for a new conversation that is neither another conversation's of `own` nor
    /// another user's.
    fn label(&self, own: AuthorKey, with: AuthorKey, partner: &str) -> Arc<str> {
        let taken: HashSet<Box<str>> =
            self.directs_of(own).flat_map(|side| Likeness::of(&side.label).by_letter).collect();
        let mut label = format!("@{partner}");
        let mut number = 1_u32;
        let is_taken = |label: &str| {
            let user = label.strip_prefix('@').and_then(|name| self.people.author_named(name));
            user.is_some_and(|(user, _)| user != with)
                || Likeness::of(label).by_letter.iter().any(|like| taken.contains(like))
        };
        while is_taken(&label) {
            number = number.saturating_add(1);
            label = format!("@{partner}-{number}");
        }
        label.into()
    }

    fn directs_of(&self, own: AuthorKey) -> impl Iterator<Item = &Side> {
        let rooms = self.rooms.directs.of(own).iter().filter_map(|room| self.rooms.get(*room));
        rooms.filter_map(move |room| Some(room.direct_room.as_ref()?.seen_by(own)?.0))
    }

    /// Lists an author's conversations for `welcome`, the latest first.
    pub(in crate::chat) fn direct_summaries(&self, own: AuthorKey) -> Vec<DirectSummary> {
        let rooms = self.rooms.directs.of(own).iter().rev();
        let lines = rooms.filter_map(|&key| {
            let room = self.rooms.get(key).filter(|room| room.has_record())?;
            let direct_room = room.direct_room.as_ref()?;
            let (mine, theirs) = direct_room.seen_by(own)?;
            Some(DirectSummary {
                room: Arc::clone(&mine.label),
                with: self
                    .name_of_author(direct_room.partner(own))
                    .unwrap_or_else(|| Arc::clone(&theirs.name)),
                seq: room.top,
                read: self.read_state(own, key),
            })
        });
        lines.take(self.limits.listed_max).collect()
    }

    /// Publishes an entry of a conversation to both participants, under each one's own name for it.
    pub(in crate::chat) fn publish_direct(
        &mut self,
        step: &mut Step<'_>,
        key: RoomId,
        entry: &Entry,
        except: Option<ClientId>,
    ) {
        let Some(inside) = self.rooms.get(key) else { return };
        let Some(direct_room) = inside.direct_room.as_deref() else { return };
        let authors = direct_room.authors();
        for author in authors {
            let Some((mine, _)) = direct_room.seen_by(author) else { continue };
            let listeners = self.people.listeners_of(author, key);
            if listeners.is_empty() {
                continue;
            }
            let event = ServerEvent::of_entry(&mine.label, entry);
            let event = self.as_seen_by(author, inside, event);
            let (room, seq) = (key, Some(entry.seq));
            step.effects.push(Effect::Whisper { room, to: listeners, event, except, seq });
        }
        self.rooms.directs.touch(authors, key);
    }

    /// Returns an event with a conversation named as `own` sees it; other events are unchanged.
    pub(in crate::chat) fn as_seen_by(
        &self,
        own: AuthorKey,
        room: &Room,
        event: ServerEvent,
    ) -> ServerEvent {
        let Some((mine, theirs)) =
            room.direct_room.as_ref().and_then(|direct_room| direct_room.seen_by(own))
        else {
            return event;
        };
        let event = event.in_room(&mine.label);
        let ServerEvent::Message { sender, .. } = &event else { return event };
        let is_own = self.name_of_author(own).is_some_and(|name| name == *sender);
        event.whispered(is_own.then(|| Arc::clone(&theirs.name)))
    }

    /// Removes the conversations of an author who cannot reconnect, where the other cannot either.
    pub(in crate::chat) fn forget_directs(&mut self, step: &mut Step<'_>, author: AuthorKey) {
        for key in self.rooms.directs.of(author).to_vec() {
            let Some(room) = self.rooms.get(key) else { continue };
            let Some(direct_room) = room.direct_room.as_deref() else { continue };
            if self.can_return(direct_room.partner(author)) || room.is_busy() {
                continue;
            }
            let authors = direct_room.authors();
            if room.has_record() {
                let mut key_values = room.forget_pins();
                key_values.push(KeyValue { value: None, ..direct_room.key_value(&room.key) });
                step.put(key_values);
            }
            self.rooms.directs.remove(authors, key);
            self.rooms.drop_direct(key);
        }
    }
}

impl ServerEvent {
    /// Replaces the room of a numbered event.
    fn in_room(mut self, name: &Arc<str>) -> Self {
        if let Self::Message { room, .. }
        | Self::Edited { room, .. }
        | Self::Deleted { room, .. }
        | Self::Pinned { room, .. }
        | Self::Reaction { room, .. }
        | Self::Topic { room, .. } = &mut self
        {
            *room = Arc::clone(name);
        }
        self
    }

    /// Turns a message into a private one; `to` names the recipient if the reader sent it.
    pub(in crate::chat) fn whispered(self, to: Option<Arc<str>>) -> Self {
        match self {
            Self::Message { .. } => Self::Whisper { to, message: Box::new(self) },
            other => other,
        }
    }
}
