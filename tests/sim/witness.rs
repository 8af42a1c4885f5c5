//! A client of a simulation that checks every event it receives against the record, and against
//! what it may know.

use std::collections::BTreeMap;

use chinwag::chat::record::{AuthorKey, Namespace, StoredMessage};
use chinwag::chat::{ClientId, Pins, RoomId, RoomSummary, ServerEvent};

use super::keeper::{Keeper, Record};
use super::simulation::{assert_same, numbered};
use super::society::Society;

/// What a client knows.
pub(crate) struct Witness {
    pub(crate) session: String,
    pub(crate) author: AuthorKey,
    pub(crate) account: Option<usize>,
    pub(crate) rooms: BTreeMap<String, Known>,
    /// What it was not sent because it did not read; `None`: it reads.
    pub(crate) lag: Option<BTreeMap<RoomId, (u64, u64)>>,
}

/// What a client knows of a room or a conversation.
#[derive(Default)]
pub(crate) struct Known {
    /// The next entry it must receive; `None`: its page is pending.
    next: Option<u64>,
    missing: Vec<(u64, u64)>,
    after: Option<u64>,
    /// It sees what comes, whatever was before.
    blind: bool,
}

/// What a client remembers when it has no connection.
pub(crate) struct Return {
    pub(crate) session: String,
    pub(crate) account: Option<usize>,
    pub(crate) positions: Vec<(String, u64)>,
}

impl Known {
    pub(crate) fn after(after: u64) -> Self {
        Self { after: Some(after), ..Self::default() }
    }

    fn from(next: u64) -> Self {
        Self { next: Some(next), ..Self::default() }
    }

    fn skipped(&self, next: u64) -> u64 {
        self.skipped_to(next, u64::MAX)
    }

    /// Skips the ranges reported as missing, as far as it does not receive them after all.
    fn skipped_to(&self, mut next: u64, end: u64) -> u64 {
        let missing = |seq| self.missing.iter().any(|(from, to)| (*from..=*to).contains(&seq));
        while next < end && missing(next) {
            next += 1;
        }
        next
    }
}

impl Witness {
    pub(crate) fn new(account: Option<usize>) -> Self {
        let (session, author) = (String::new(), AuthorKey([0; 16]));
        Self { session, author, account, rooms: BTreeMap::new(), lag: None }
    }

    /// Remembers how far it got.
    pub(crate) fn into_return(self) -> Return {
        let positions = self.rooms.into_iter().filter_map(|(room, known)| {
            let next = known.next.map(|next| known.skipped(next))?;
            (!known.blind && known.after.is_none()).then(|| (room, next - 1))
        });
        Return { session: self.session, account: self.account, positions: positions.collect() }
    }

    /// Returns the payload of a `resume` of all its rooms.
    pub(crate) fn resume(&mut self) -> String {
        let mut rooms = Vec::new();
        for (room, known) in &mut self.rooms {
            if let (Some(next), None, false) = (known.next, known.after, known.blind) {
                known.after = Some(known.skipped(next) - 1);
                rooms.push(format!(r#""{room}":{}"#, known.skipped(next) - 1));
            }
        }
        format!(r#"{{"epoch":"e","rooms":{{{}}}}}"#, rooms.join(","))
    }

    /// Asserts that it may receive this.
    pub(crate) fn check(&self, event: &ServerEvent, society: &Society) {
        use ServerEvent as E;
        match event {
            E::Welcome(welcome) => {
                for it in &welcome.rooms {
                    self.check_line(it, society);
                    self.check_entry(&it.room, society);
                }
                welcome.directs.iter().for_each(|it| self.check_room(&it.room, society));
                let invitations = welcome.invitations.iter();
                invitations.for_each(|it| self.check_room(&it.room, society));
            }
            E::Invitation(invitation) => self.check_room(&invitation.room, society),
            E::Joined(joined) => {
                self.check_room(&joined.room, society);
                self.check_entry(&joined.room, society);
            }
            E::RoomList { rooms, .. } => {
                rooms.iter().for_each(|line| self.check_room(&line.room, society));
            }
            E::History(history) => {
                let record = self.record(&history.room, &society.keeper);
                for said in &history.messages {
                    self.check_stays(&history.room, said.mid, society);
                    check_said(said, record.expect("a page of no record"));
                }
                if !history.messages.is_empty() || !history.room.starts_with('@') {
                    self.check_room(&history.room, society);
                }
            }
            E::Pins(pins) => self.check_pins(pins, society),
            E::SearchResults(results) => {
                for hit in &results.hits {
                    self.check_room(&hit.room, society);
                    self.check_stays(&hit.room, hit.said.mid, society);
                    check_said(&hit.said, self.record(&hit.room, &society.keeper).unwrap());
                }
            }
            E::Resumed(resumed) => {
                // Whose session is gone begins a conversation anew.
                let begun = resumed.rooms.iter().filter(|missed| missed.to > 0);
                begun.for_each(|missed| self.check_room(&missed.room, society));
            }
            E::Live { room, seq: 0 } | E::UserList { room, .. } if room.starts_with('@') => {}
            E::Pong { rooms, .. } => {
                let begun = rooms.iter().filter(|(_, seq)| *seq > 0);
                begun.for_each(|(room, _)| self.check_room(room, society));
                let rooms = rooms.iter().filter(|(room, _)| !room.starts_with('@'));
                rooms.for_each(|(room, _)| self.check_room(room, society));
            }
            E::UserJoined { room, .. }
            | E::UserLeft { room, .. }
            | E::Renamed { room, .. }
            | E::Presence { room, .. }
            | E::UserList { room, .. }
            | E::Live { room, .. }
            | E::Gap { room, .. }
            | E::Read { room, .. } => self.check_room(room, society),
            E::Whisper { message, .. } => self.check(message, society),
            _ => {
                if let Some((room, seq)) = numbered(event) {
                    self.check_room(room, society);
                    self.check_stays(room, seq, society);
                    let record = self.record(room, &society.keeper).expect("no record");
                    assert_same(event, &record.entries[seq as usize - 1]);
                }
            }
        }
    }

    fn check_pins(&self, pins: &Pins, society: &Society) {
        let record = self.record(&pins.room, &society.keeper);
        for said in &pins.messages {
            self.check_stays(&pins.room, said.mid, society);
            check_said(said, record.expect("pins of no record"));
            assert!(said.deleted.is_none(), "{said:?} is pinned");
        }
        if !pins.messages.is_empty() {
            self.check_room(&pins.room, society);
        }
    }

    /// Makes sure that nothing is told of a room that was removed.
    fn check_stays(&self, room: &str, seq: u64, society: &Society) {
        let removed = society.removed.get(room).copied().unwrap_or(0);
        assert!(
            seq > removed,
            "{} is told entry {seq} of {room}, removed up to {removed}",
            self.session
        );
    }

    fn check_line(&self, line: &RoomSummary, society: &Society) {
        self.check_room(&line.room, society);
        if let Some(law) = society.laws.get(&*line.room)
            && !(law.vague || law.disputed || !law.founded)
            && !law.unsure.contains(&self.author)
            && law.owner.is_none_or(|owner| !law.unsure.contains(&owner))
        {
            let expected = (law.private, law.role(self.author));
            assert_eq!((line.private, line.role), expected, "{} in {line:?}", self.session);
        }
    }

    fn check_room(&self, room: &str, society: &Society) {
        if room.starts_with('@') {
            assert!(self.key(room, &society.keeper).is_some(), "{room} is nothing of its own");
            return;
        }
        let law = &society.laws[room];
        assert!(law.may_read(self.author), "{room} is told to {:?}: {law:?}", self.author);
    }

    fn check_entry(&self, room: &str, society: &Society) {
        if let Some(law) = society.laws.get(room) {
            let admin = self.account == Some(2);
            let barred = law.bars(self.author, society.now.unix_ms) && !admin;
            assert!(!barred, "{:?} is in {room} in spite of {law:?}", self.author);
        }
    }

    /// Finds the record of what it calls so.
    fn record<'a>(&self, room: &str, keeper: &'a Keeper) -> Option<&'a Record> {
        keeper.rooms.get(&*self.key(room, keeper)?)
    }

    fn key(&self, room: &str, keeper: &Keeper) -> Option<String> {
        if !room.starts_with('@') {
            return Some(room.to_owned());
        }
        let own = self.author.to_hex();
        let talks = keeper
            .key_values
            .iter()
            .filter(|((namespace, _), _)| *namespace == Namespace::DirectRooms);
        let mine = |value: &str| {
            let sides: serde_json::Value = serde_json::from_str(value).unwrap();
            let mut sides = sides.as_array().unwrap().iter();
            sides.any(|side| side["who"] == *own && side["label"] == *room)
        };
        talks.filter(|(_, value)| mine(value)).map(|((_, key), _)| key.to_string()).next()
    }

    /// Checks an event that it receives.
    pub(crate) fn told(&mut self, event: &ServerEvent) {
        use ServerEvent as E;
        match event {
            E::Welcome(welcome) => {
                let rooms = welcome.rooms.iter().map(|line| (&line.room, line.seq));
                let directs = welcome.directs.iter().map(|line| (&line.room, line.seq));
                let mut before = std::mem::take(&mut self.rooms);
                for (room, seq) in rooms.chain(directs) {
                    let known = before.remove(&**room);
                    let known = known.unwrap_or_else(|| Known::from(seq + 1));
                    self.rooms.entry(room.to_string()).or_insert(known);
                }
            }
            E::Joined(joined) => {
                let from = joined.seq + 1;
                self.rooms.entry(joined.room.to_string()).or_insert_with(|| Known::from(from));
            }
            E::Left { room, .. } => drop(self.rooms.remove(&**room)),
            E::History(history) if history.re.is_none() => {
                let known = self.rooms.get_mut(&*history.room).expect("history of no room");
                known.next = Some(history.top + 1);
            }
            E::Resumed(resumed) => {
                for missed in &resumed.rooms {
                    let Some(known) = self.rooms.get_mut(&*missed.room) else {
                        assert!(missed.room.starts_with('@'), "resumed in no room");
                        continue;
                    };
                    let after = known.after.take().expect("resumed without a wish");
                    assert_eq!(missed.from, after + 1);
                    known.next = Some(missed.from.min(missed.to + 1));
                    if let Some((from, to, _)) = missed.lost {
                        known.missing.push((from, to));
                    }
                }
            }
            E::Error(refusal) => {
                if let (None, Some(room)) = (&refusal.re, &refusal.room)
                    && let Some(known) = self.rooms.get_mut(&**room)
                {
                    known.blind = true;
                }
            }
            E::Gap { room, from, to, .. } => {
                if let Some(known) = self.rooms.get_mut(&**room) {
                    known.missing.push((*from, *to));
                }
            }
            E::Whisper { message, .. } => self.told(message),
            _ => {
                if let Some((room, seq)) = numbered(event) {
                    self.sees(room, seq);
                }
            }
        }
    }

    fn sees(&mut self, room: &str, seq: u64) {
        if room.starts_with('@') {
            self.rooms.entry(room.to_owned()).or_insert_with(|| Known::from(seq));
        }
        let known = self.rooms.get_mut(room).expect("an entry of a room it is not in");
        if std::mem::take(&mut known.blind) || known.next.is_none() {
            known.next = Some(seq);
        }
        let next = known.skipped_to(known.next.unwrap(), seq);
        assert_eq!(next, seq, "{room}: next is {next}, told is {seq}");
        known.next = Some(seq + 1);
    }

    /// Checks what it knows against the record once all is said.
    pub(crate) fn check_end(&self, client: ClientId, keeper: &Keeper) {
        for (room, known) in self.rooms.iter().filter(|(_, known)| !known.blind) {
            let top = self.record(room, keeper).map_or(0, |it| it.entries.len() as u64);
            let next = known.next.map(|next| known.skipped(next));
            let pending = known.after.is_some() && room.starts_with('@');
            assert!(next == Some(top + 1) || pending, "{client:?} misses the end of {room}");
        }
    }
}

fn check_said(said: &StoredMessage, record: &Record) {
    let first = &record.entries[said.mid as usize - 1];
    assert_eq!(first.sender, said.sender, "somebody else said it");
}
