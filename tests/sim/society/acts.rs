//! What the people of a simulation do.

use std::collections::BTreeMap;
use std::time::Duration;

use chinwag::chat::record::{AuthorKey, ModerationAction, Span};
use chinwag::chat::{Admission, Chat, ClientId, ConnectParams, Credential, Input, Request};
use chinwag::clock::Moment;

use super::super::witness::{Known, Witness};
use super::{GRACE, NOBODY, Society, login};

impl Society {
    pub(super) fn open(&mut self) {
        if self.clients.len() >= 10 {
            return;
        }
        let mut query = format!("echo=1&history={}", [0, 3][self.random.up_to(2) as usize]);
        for _ in 0..self.random.up_to(3) {
            query += &format!("&room={}", self.room());
        }
        if self.random.up_to(2) == 0 {
            query += "&memberships=1";
        }
        let account = match self.random.up_to(3) {
            0 => Some(self.random.up_to(self.accounts.len() as u64) as usize),
            _ => None,
        };
        if account.is_none()
            && self.random.up_to(4) == 0
            && let Some(client) = self.client()
            && self.clients[&client].account.is_none()
        {
            query += &format!("&session={}", self.clients[&client].session);
        }
        self.connect(&query, Witness::new(account));
    }

    pub(super) fn come_back(&mut self) {
        if self.gone.is_empty() || self.clients.len() >= 10 {
            return;
        }
        let at = self.random.up_to(self.gone.len() as u64) as usize;
        let back = self.gone.swap_remove(at);
        let mut query = format!("session={}&epoch=e&echo=1&history=0", back.session);
        let mut witness = Witness::new(back.account);
        for (room, after) in back.positions {
            query += &format!("&after={room}:{after}");
            witness.rooms.insert(room, Known::after(after));
        }
        self.connect(&query, witness);
    }

    pub(super) fn connect(&mut self, query: &str, witness: Witness) {
        self.next += 1;
        let client = ClientId(self.next);
        let mut seed = [0; 16];
        seed[..8].copy_from_slice(&self.next.to_be_bytes());
        let login = witness.account.map(|at| login(&self.accounts[at], 7));
        let params = ConnectParams::parse("/ws", &format!("{query}&name=Guest{}", self.next));
        self.clients.insert(client, witness);
        let admission = Admission { login, ..Admission::default() };
        self.handle(Input::Opened { client, params, seed, admission: Box::new(admission) });
    }

    pub(super) fn close(&mut self) {
        let Some(client) = self.client() else { return };
        self.gone(client);
        let timed_out = self.random.up_to(2) == 0;
        self.handle(Input::Closed { client, timed_out });
    }

    pub(super) fn gone(&mut self, client: ClientId) {
        let Some(witness) = self.clients.remove(&client) else { return };
        for room in witness.rooms.keys() {
            self.left.insert((room.clone(), witness.author), self.now.at.after(GRACE));
        }
        self.gone.push(witness.into_return());
    }

    pub(super) fn crash(&mut self) {
        for _ in 0..self.random.up_to(8) {
            self.keeper.work();
        }
        // What is in the record holds, though nobody has heard of it.
        let hidden: Vec<String> =
            self.laws.keys().filter(|it| self.laws[*it].private).cloned().collect();
        while let Some(answer) = self.keeper.fetch(false) {
            self.take_note(&answer);
        }
        for (_, law) in self.laws.iter_mut().filter(|(room, _)| !hidden.contains(room)) {
            // Members are those who were there when it was asked for, too.
            law.unsure.extend(self.names.values().filter(|_| law.private));
        }
        let unwritten = self.keeper.writes_facts();
        self.keeper.crash();
        self.removals.clear();
        for draft in std::mem::take(&mut self.drafts).into_values() {
            self.doubt(&draft);
        }
        let ended = std::mem::take(&mut self.ended);
        let authors: Vec<AuthorKey> = self.names.values().copied().collect();
        for law in self.laws.values_mut() {
            // Those whose end was lost are there again.
            let again = ended.iter().filter(|author| self.keeper.sessions.contains_key(*author));
            law.unsure.extend(again);
            law.unsure.append(&mut law.fading);
            if unwritten {
                law.disputed = true;
                law.unsure.extend(authors.iter().filter(|_| law.private));
            }
        }
        let clients: Vec<ClientId> = self.clients.keys().copied().collect();
        clients.into_iter().for_each(|client| self.gone(client));
        self.left.clear();
        self.chat = Chat::new(self.chat.limits().clone(), self.keeper.opening("e"));
        self.count("crash");
    }

    pub(super) fn talk(&mut self) {
        let Some(client) = self.client() else { return };
        let (room, mid) = (self.room_for(client), 1 + self.random.up_to(20));
        let text = format!("secret {}", self.random.up_to(100_000));
        let (kind, payload) = match self.random.up_to(10) {
            8 => ("pin", format!(r#"{{"mid":{mid}}}"#)),
            9 => ("unpin", format!(r#"{{"mid":{mid}}}"#)),
            0 => ("edit_message", format!(r#"{{"mid":{mid},"content":"{text}"}}"#)),
            1 => ("delete_message", format!(r#"{{"mid":{mid}}}"#)),
            2 => ("react", format!(r#"{{"mid":{mid},"emoji":"👍"}}"#)),
            3 => ("set_topic", format!(r#""{text}""#)),
            _ => ("send_message", format!(r#""{text}""#)),
        };
        self.event(client, kind, &room, &payload);
    }

    pub(super) fn talk_alone(&mut self) {
        let Some(client) = self.client() else { return };
        let Some(to) = self.somebody() else { return };
        let text = format!("secret {}", self.random.up_to(100_000));
        let payload = format!(r#"{{"to":"{to}","content":"{text}"}}"#);
        self.event(client, "direct_message", "", &payload);
    }

    pub(super) fn moderate(&mut self) {
        let Some(mut client) = self.client() else { return };
        let room = match self.random.up_to(4) {
            0 => self.room_for(client),
            at => ["den", "nook", "den"][at as usize - 1].to_owned(),
        };
        // Deeds of those who may do them show more.
        let keeps = |witness: &Witness| {
            let role = self.laws.get(&room).and_then(|law| law.role(witness.author));
            let may = matches!(role, Some("owner" | "moderator")) || witness.account == Some(2);
            may && witness.rooms.contains_key(&room)
        };
        let keeper = self.clients.iter().find(|(_, witness)| keeps(witness)).map(|(id, _)| *id);
        if let Some(keeper) = keeper.filter(|_| self.random.up_to(4) > 0) {
            client = keeper;
        }
        let (mut action, mut word) =
            ModerationAction::ALL[self.random.up_to(ModerationAction::ALL.len() as u64) as usize];
        if action == ModerationAction::MakePublic && self.random.up_to(8) > 0 {
            (action, word) = (ModerationAction::MakePrivate, "make_private");
        }
        let seldom = matches!(action, ModerationAction::Lock | ModerationAction::Ban);
        if action == ModerationAction::Slow || (seldom && self.random.up_to(4) > 0) {
            return;
        }
        let inside: Vec<AuthorKey> = (self.clients.values())
            .filter(|witness| witness.rooms.contains_key(&room))
            .map(|witness| witness.author)
            .collect();
        let Some(mut user) = self.somebody() else { return };
        if self.random.up_to(3) > 0 && !inside.is_empty() {
            let author = inside[self.random.up_to(inside.len() as u64) as usize];
            let known = self.names.iter().find(|(_, known)| **known == author);
            user = known.map_or(user, |(name, _)| name.clone());
        }
        let seconds = match self.random.up_to(2) {
            0 => String::new(),
            _ => format!(r#","seconds":{}"#, 1 + self.random.up_to(8)),
        };
        let payload = format!(r#"{{"action":"{word}","user":"{user}"{seconds}}}"#);
        self.event(client, "moderate", &room, &payload);
    }

    pub(super) fn join_or_leave(&mut self) {
        let Some(client) = self.client() else { return };
        let room = self.room();
        if self.random.up_to(3) > 0 {
            self.say(
                client,
                &format!(
                    r#"{{"type":"join_room","id":"j","payload":{{"room":"{room}","history":3}}}}"#
                ),
            );
        } else {
            self.say(client, &format!(r#"{{"type":"leave_room","payload":"{room}"}}"#));
        }
    }

    /// Asks for whatever there is to be seen, of rooms it is not in as well.
    pub(super) fn command(&mut self) {
        let Some(client) = self.client() else { return };
        let room = match self.random.up_to(2) {
            0 => self.room().to_owned(),
            _ => self.room_for(client),
        };
        let (kind, payload) = match self.random.up_to(13) {
            12 => ("list_pins", "null"),
            11 => ("mark_unread", r#"{"mid":3}"#),
            8 => ("set_membership", r#"{"notify":"none","order":7}"#),
            9 => ("accept", "null"),
            10 => ("decline", "null"),
            0 => ("history", r#"{"before":50,"limit":9}"#),
            1 => ("search", r#""secret""#),
            2 => ("list_rooms", "null"),
            3 => ("list_users", "null"),
            4 => ("ping", "null"),
            5 => ("read", r#"{"seq":9}"#),
            6 => {
                let witness = self.clients.get_mut(&client).unwrap();
                let payload = witness.resume();
                return self.say(client, &format!(r#"{{"type":"resume","payload":{payload}}}"#));
            }
            _ => {
                return self.say(client, r#"{"type":"search","id":"s","payload":"secret"}"#);
            }
        };
        self.event(client, kind, &room, payload);
    }

    /// Asks without a WebSocket. It is answered before anybody else asks so.
    pub(super) fn ask(&mut self) {
        while !self.keeper.is_idle() {
            self.keeper.work();
            self.answer();
        }
        let (mut by, mut asker) = (Credential::Nobody, NOBODY);
        if let Some(client) = self.client().filter(|_| self.random.up_to(3) > 0) {
            let witness = &self.clients[&client];
            asker = witness.author;
            by = match witness.account {
                Some(at) => Credential::Login(Box::new(login(&self.accounts[at], 7))),
                None => Credential::Session(witness.session.clone().into()),
            };
        }
        let request = match self.random.up_to(4) {
            0 => Request::Rooms,
            1 => Request::Stats { minutes: Some(60) },
            _ => Request::History { by, room: self.room().into(), span: Span::Latest, limit: None },
        };
        self.asker = asker;
        let network = [192, 0, 2, 1].into();
        self.handle(Input::Asked { caller: ClientId(1 << 40), network, request });
        while !self.keeper.is_idle() {
            self.keeper.work();
            self.answer();
        }
    }

    pub(super) fn event(&mut self, client: ClientId, kind: &str, room: &str, payload: &str) {
        self.next += 1;
        let (id, room) = (self.next, if room.is_empty() { "lobby" } else { room });
        let text =
            format!(r#"{{"type":"{kind}","id":"i{id}","room":"{room}","payload":{payload}}}"#);
        self.say(client, &text);
    }

    pub(super) fn stall(&mut self) {
        let Some(client) = self.client() else { return };
        match self.clients[&client].lag {
            Some(_) => self.catch_up(client),
            None => self.clients.get_mut(&client).unwrap().lag = Some(BTreeMap::new()),
        }
    }

    pub(super) fn catch_up(&mut self, client: ClientId) {
        if let Some(missed) = self.clients.get_mut(&client).unwrap().lag.take() {
            let missed = missed.into_iter().map(|(room, (from, to))| (room, from, to)).collect();
            self.handle(Input::CaughtUp { client, missed });
        }
    }

    pub(super) fn pass(&mut self, duration: Duration) {
        let end = self.now.at.after(duration);
        while self.chat.deadline() <= end {
            self.go_to(self.chat.deadline());
            self.handle(Input::Due);
        }
        self.go_to(end);
    }

    pub(super) fn go_to(&mut self, at: Moment) {
        let at = at.max(self.now.at);
        self.now.unix_ms += at.since(self.now.at).as_millis() as u64;
        self.now.at = at;
    }
}
