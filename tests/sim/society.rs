//! Many people with and without accounts who keep order, hide rooms and talk in private, at random,
//! before a keeper of records that is slow, refuses, and dies at times. Whatever a client is told
//! is held against the record and against what should hold ([`Law`]): nothing of a private room
//! or conversation reaches whoever is not in it.

#[path = "society/acts.rs"]
mod acts;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use chinwag::chat::record::{
    AuthorKey, Change, Draft, JournalError, JournalRequest, JournalResponse, ModerationAction,
    Namespace, RequestId,
};
use chinwag::chat::{
    Account, AccountRequest, Chat, ClientEvent, ClientId, Effect, Input, Limits, Login, Request,
    RoomId, ServerEvent, author_of,
};
use chinwag::clock::{Moment, Now};

use super::keeper::Keeper;
use super::law::Law;
use super::simulation::{EFFECTS_MAX, Random};
use super::witness::{Return, Witness};

const ROOMS: [&str; 3] = ["lobby", "den", "nook"];
const STEPS: u32 = 2000;
/// When a simulation begins.
pub(crate) const START: u64 = 1_732_104_000_000;
/// Who asks without saying who it is.
const NOBODY: AuthorKey = AuthorKey([0; 16]);
const GRACE: Duration = Duration::from_secs(10);

pub(crate) struct Society {
    random: Random,
    chat: Chat,
    pub(crate) keeper: Keeper,
    pub(crate) now: Now,
    pub(crate) clients: BTreeMap<ClientId, Witness>,
    gone: Vec<Return>,
    accounts: Vec<Account>,
    pub(crate) laws: BTreeMap<String, Law>,
    /// What the chat wanted recorded and has not heard of.
    drafts: BTreeMap<RequestId, Draft>,
    /// Rooms that the chat wanted removed, likewise.
    removals: BTreeMap<RequestId, String>,
    /// The last entry of each room that was removed, as far as the chat knows.
    pub(crate) removed: BTreeMap<String, u64>,
    /// Who is, or was just before, in which room.
    left: BTreeMap<(String, AuthorKey), Moment>,
    /// Sessions whose end the keeper may not know of.
    ended: Vec<AuthorKey>,
    /// What everybody is called.
    pub(crate) names: BTreeMap<String, AuthorKey>,
    /// Who asked without a WebSocket last.
    asker: AuthorKey,
    next: u64,
    closing: Vec<ClientId>,
    pub(crate) tally: BTreeMap<String, u64>,
}

impl Society {
    pub(crate) fn new(mut random: Random) -> Self {
        let limits = Limits {
            sends_per_second_max: None,
            account_sends_per_second_max: None,
            moderator_sends_per_second_max: None,
            queries_per_second_max: None,
            errors_max: u32::MAX,
            members_max: [1000, 4][random.up_to(2) as usize],
            bans_max: [1000, 3][random.up_to(2) as usize],
            mutes_max: [1000, 3][random.up_to(2) as usize],
            presence_users_max: random.up_to(8) as usize,
            resume_entries_max: [1000, 5][random.up_to(2) as usize],
            catch_up_max: [1000, 3][random.up_to(2) as usize],
            detached_sessions_max: [1000, 4][random.up_to(2) as usize],
            ..Limits::default()
        };
        let keeper = Keeper::default();
        let mut society = Self {
            random,
            chat: Chat::new(limits, keeper.opening("e")),
            keeper,
            now: Now { at: Moment::from_millis(0), unix_ms: START },
            clients: BTreeMap::new(),
            gone: Vec::new(),
            accounts: Vec::new(),
            laws: ROOMS.iter().map(|room| ((*room).to_owned(), Law::default())).collect(),
            drafts: BTreeMap::new(),
            removals: BTreeMap::new(),
            removed: BTreeMap::new(),
            left: BTreeMap::new(),
            ended: Vec::new(),
            names: BTreeMap::new(),
            asker: NOBODY,
            next: 0,
            closing: Vec::new(),
            tally: BTreeMap::new(),
        };
        for (byte, name) in [(0xA0, "Ann"), (0xA1, "Art"), (0xA2, "Root")] {
            society.register(byte, name);
        }
        society
    }

    fn register(&mut self, byte: u8, name: &str) {
        let author = AuthorKey([byte; 16]);
        let (hash, admin) = (Some("hash".into()), name == "Root");
        let account = Account {
            author,
            name: name.into(),
            hash,
            admin,
            since: 0,
            registered: None,
            status: Default::default(),
        };
        self.accounts.push(account.clone());
        self.names.insert(name.to_owned(), author);
        let request = Request::AccountRequest(Box::new(AccountRequest::Add(account)));
        let network = [192, 0, 2, 1].into();
        self.handle(Input::Asked { caller: ClientId(1 << 40), network, request });
        while !self.keeper.is_idle() {
            self.keeper.work();
            self.answer();
        }
    }

    pub(crate) fn run(&mut self) {
        for _ in 0..STEPS {
            if self.random.is_spent() {
                break;
            }
            self.step();
        }
        self.keeper.refuses = None;
        while !self.keeper.is_idle() {
            self.keeper.work();
            self.answer();
        }
        let clients: Vec<ClientId> = self.clients.keys().copied().collect();
        for client in clients {
            self.catch_up(client);
        }
        for (client, witness) in &self.clients {
            witness.check_end(*client, &self.keeper);
        }
    }

    fn step(&mut self) {
        match self.random.up_to(100) {
            0..7 => self.open(),
            7..10 => self.close(),
            10..13 => self.come_back(),
            13..28 => self.talk(),
            28..34 => self.talk_alone(),
            34..46 => self.moderate(),
            46..52 => self.join_or_leave(),
            52..58 => self.command(),
            58..60 => self.ask(),
            60..62 => self.stall(),
            62..64 => {
                let millis = self.random.up_to(4000);
                self.pass(Duration::from_millis(millis));
            }
            64 => match self.random.up_to(8) {
                0 => self.crash(),
                1 => self.keeper.refuses = Some(JournalError::Unavailable),
                _ => {}
            },
            65..83 => self.keeper.work(),
            _ => self.answer(),
        }
    }

    fn answer(&mut self) {
        let read_first = self.random.up_to(2) == 0;
        if let Some(answer) = self.keeper.fetch(read_first) {
            self.take_note(&answer);
            self.handle(Input::Answered(answer));
        }
    }

    /// Finds out what holds from now on.
    fn take_note(&mut self, answer: &JournalResponse) {
        match answer {
            JournalResponse::Appended { request_id, duplicate: false, .. } => {
                let Some(draft) = self.drafts.remove(request_id) else { return };
                self.enact(&draft);
            }
            JournalResponse::Appended { request_id, .. }
            | JournalResponse::Rejected { request_id, .. } => {
                self.removals.remove(request_id);
                if let Some(draft) = self.drafts.remove(request_id) {
                    self.doubt(&draft);
                }
            }
            JournalResponse::Saved { request_id } => {
                let Some(room) = self.removals.remove(request_id) else { return };
                let top = self.keeper.rooms.get(&*room).map_or(0, |it| it.removed_to);
                self.laws.insert(room.clone(), Law::default());
                self.removed.insert(room, top);
                self.count("removal");
            }
            _ => {}
        }
    }

    fn enact(&mut self, draft: &Draft) {
        let room = draft.room.to_string();
        let present: BTreeSet<AuthorKey> = self
            .clients
            .values()
            .filter(|witness| witness.rooms.contains_key(&room))
            .map(|witness| witness.author)
            .collect();
        let lingering: Vec<AuthorKey> = (self.left.iter())
            .filter(|((of, author), until)| {
                *of == room && **until >= self.now.at && !present.contains(author)
            })
            .map(|((_, author), _)| *author)
            .collect();
        let Some(law) = self.laws.get_mut(&room) else { return };
        if !law.founded {
            let key_value =
                draft.key_values.iter().find(|key_value| key_value.namespace == Namespace::Rooms);
            let value = key_value.and_then(|key_value| key_value.value.as_deref());
            let value: Option<serde_json::Value> =
                value.map(|it| serde_json::from_str(it).unwrap());
            let owner = value.as_ref().and_then(|value| value["owner"].as_str());
            (law.founded, law.owner) = (true, owner.and_then(AuthorKey::from_hex));
            law.heirs.extend(law.owner);
        }
        let Change::Moderated { moderation } = &draft.change else { return };
        let aim = moderation.user.as_ref().map(|user| self.names[&**user]);
        law.apply(moderation, aim, &present, draft.ts);
        if moderation.action == ModerationAction::MakePrivate {
            let written = draft
                .key_values
                .iter()
                .filter(|key_value| key_value.namespace == Namespace::MemberStates);
            let written = written.filter_map(|key_value| key_value.key.split_once('/'));
            let written = written.filter_map(|(_, author)| AuthorKey::from_hex(author));
            law.fading.extend(written.filter(|author| !present.contains(author)));
            law.unsure.extend(lingering);
        }
        let private = if law.private { " in private" } else { "" };
        self.count(&format!("{:?}{private}", moderation.action));
    }

    /// Records that the stored result of a moderation depends on other pending ones.
    fn doubt(&mut self, draft: &Draft) {
        let Change::Moderated { moderation } = &draft.change else { return };
        let aim = moderation.user.as_ref().map(|user| self.names[&**user]);
        let Some(law) = self.laws.get_mut(&*draft.room) else { return };
        match (moderation.action, aim) {
            (_, Some(aim)) => drop(law.unsure.insert(aim)),
            (ModerationAction::MakePrivate, None) => {
                law.vague = true;
                law.unsure.extend(self.names.values());
            }
            _ => law.vague = true,
        }
    }

    fn say(&mut self, client: ClientId, text: &str) {
        let event = ClientEvent::parse(text, self.chat.limits());
        self.handle(Input::Received { client, event });
    }

    fn handle(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let mut effects = Vec::new();
            self.chat.handle(self.now, input, &mut effects);
            assert!(effects.len() <= EFFECTS_MAX, "one input has {} effects", effects.len());
            effects.into_iter().for_each(|effect| self.carry_out(effect));
            for client in std::mem::take(&mut self.closing) {
                self.gone(client);
                inputs.push_back(Input::Closed { client, timed_out: false });
            }
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Reply { client, event } => self.told(client, &event),
            Effect::Broadcast { room, event, except, seq } => {
                for listener in self.chat.audience(room).to_vec() {
                    if Some(listener.client) != except {
                        self.broadcast(listener.client, room, &event, seq);
                    }
                }
            }
            Effect::Whisper { room, to, event, except, seq } => {
                self.count("whisper");
                for listener in to.into_iter().filter(|it| Some(it.client) != except) {
                    self.broadcast(listener.client, room, &event, seq);
                }
            }
            Effect::Hint { room, event, except } => {
                for listener in self.chat.audience(room).to_vec() {
                    if !except.contains(&listener.client) {
                        self.broadcast(listener.client, room, &event, None);
                    }
                }
            }
            Effect::Journal(order) => self.order(order),
            Effect::Respond { event, .. } => self.responded(&event),
            Effect::Deliver(delivery) => panic!("no hook was added: {delivery:?}"),
            Effect::Hold { .. } | Effect::Release { .. } => {}
            Effect::Close { client, code, .. } => {
                assert!(matches!(code, 4003 | 4004), "{client:?} closed: {code}");
                self.closing.push(client);
            }
        }
    }

    /// Checks the answer to a request against what may be known of rooms.
    fn responded(&self, event: &ServerEvent) {
        match event {
            ServerEvent::RoomList { rooms, .. } => {
                for line in rooms {
                    let law = self.laws.get(&*line.room);
                    assert!(law.is_none_or(|law| law.may_read(NOBODY)), "{line:?} is private");
                }
            }
            ServerEvent::History(history) if !history.messages.is_empty() => {
                let law = &self.laws[&*history.room];
                assert!(law.may_read(self.asker), "{:?} reads {history:?}", self.asker);
            }
            _ => {}
        }
    }

    /// Checks what is to be recorded against what its author may do.
    fn order(&mut self, order: JournalRequest) {
        match &order {
            JournalRequest::Append(draft) => {
                if let Some(law) = self.laws.get(&*draft.room) {
                    let admin = draft.author == self.accounts[2].author;
                    let (author, now) = (draft.author, self.now.unix_ms);
                    if let Change::Moderated { moderation } = &draft.change {
                        let may = law.allows(author, admin, moderation.action) || !law.founded;
                        assert!(may, "{draft:?} in spite of {law:?}");
                    }
                    if let Change::Message { .. } = draft.change {
                        let quiet = law.silences(author, now) && !admin;
                        assert!(!quiet && law.may_read(author), "{draft:?} in spite of {law:?}");
                    }
                }
                self.drafts.insert(draft.request_id, draft.clone());
            }
            JournalRequest::RemoveRoom(removal) => {
                let root = self.accounts[2].author;
                let law = &self.laws[&*removal.room];
                let deserted = law.owner.is_none() && law.members.is_empty();
                assert!(law.may_read(root) || law.disputed || deserted, "{law:?} is removed");
                self.removals.insert(removal.request_id, removal.room.to_string());
            }
            JournalRequest::DropSession(author) => {
                self.ended.push(*author);
                self.laws.values_mut().for_each(|law| law.forget(*author));
            }
            _ => {}
        }
        self.keeper.submit(order);
    }

    fn broadcast(&mut self, client: ClientId, room: RoomId, event: &ServerEvent, seq: Option<u64>) {
        let witness = &self.clients[&client];
        witness.check(event, self);
        let witness = self.clients.get_mut(&client).unwrap();
        match (&mut witness.lag, seq) {
            (Some(missed), Some(seq)) => missed.entry(room).or_insert((seq, seq)).1 = seq,
            (Some(_), None) => {}
            (None, _) => witness.told(event),
        }
    }

    fn told(&mut self, client: ClientId, event: &ServerEvent) {
        if let ServerEvent::Welcome(welcome) = event {
            let witness = self.clients.get_mut(&client).unwrap();
            witness.session = welcome.session.to_string();
            witness.author = match witness.account {
                Some(at) => self.accounts[at].author,
                None => author_of(&welcome.session),
            };
            let known = self.names.insert(welcome.you.to_string(), witness.author);
            assert!(known.is_none_or(|known| known == witness.author), "two are {}", welcome.you);
        }
        if let ServerEvent::Left { room, removed: Some(_), .. } = event {
            let author = self.clients[&client].author;
            if let Some(law) = self.laws.get_mut(&**room).filter(|law| law.private) {
                law.strike(author);
            }
        }
        if let ServerEvent::InvitationAnswered { room, answer: "declined", .. } = event {
            let author = self.clients[&client].author;
            // A crash may bring the membership back.
            self.laws.get_mut(&**room).unwrap().unsure.insert(author);
            self.count("declined");
        }
        if let ServerEvent::Error(refusal) = event
            && matches!(refusal.code.word(), "banned" | "forbidden" | "no_such_room")
        {
            self.count("barred");
        }
        self.clients[&client].check(event, self);
        self.clients.get_mut(&client).unwrap().told(event);
    }

    fn count(&mut self, what: &str) {
        *self.tally.entry(what.to_owned()).or_insert(0) += 1;
    }

    fn room(&mut self) -> &'static str {
        ROOMS[self.random.up_to(ROOMS.len() as u64) as usize]
    }

    /// Returns a room a client knows, or any.
    fn room_for(&mut self, client: ClientId) -> String {
        let known = &self.clients[&client].rooms;
        let at = self.random.up_to(known.len() as u64 + 1) as usize;
        known.keys().nth(at).cloned().unwrap_or_else(|| "lobby".to_owned())
    }

    /// Returns the name of a person, connected or not.
    fn somebody(&mut self) -> Option<String> {
        let count = self.names.len() as u64;
        // Those who came last are likelier to be there.
        let at = count.checked_sub(1 + self.random.up_to(count.min(9)))?;
        let mut recent: Vec<&String> = self.names.keys().collect();
        recent.sort_by_key(|name| (name.len(), (*name).clone()));
        match self.random.up_to(3) {
            0 => recent.get(self.random.up_to(3) as usize).map(|name| (*name).clone()),
            _ => recent.get(at as usize).map(|name| (*name).clone()),
        }
    }

    fn client(&mut self) -> Option<ClientId> {
        let count = self.clients.len() as u64;
        let at = (count > 0).then(|| self.random.up_to(count) as usize)?;
        self.clients.keys().nth(at).copied()
    }
}

pub(crate) fn login(account: &Account, id: u8) -> Login {
    Login {
        author: account.author,
        name: (&*account.name).into(),
        admin: account.admin,
        id: [id; 16],
        expires: START + 3_600_000,
        outside: false,
    }
}
