//! Many clients that come, talk, stall, go and return at random, before a keeper of records that
//! answers when it likes, and dies at times. After each step every client's view is held against the
//! record.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use chinwag::chat::record::{Change, Entry, JournalError};
use chinwag::chat::{
    Chat, ClientEvent, ClientId, ConnectParams, Effect, History, Input, Limits, Missed, RoomId,
    ServerEvent,
};
use chinwag::clock::{Moment, Now};

use super::keeper::Keeper;

const ROOMS: [&str; 4] = ["lobby", "dev", "ops", "tea"];
const STEPS: u32 = 3000;
/// Effects that one input may have: all that a `resume` repeats, and some.
pub(crate) const EFFECTS_MAX: usize = 2500;

/// A chat, its clients and its keeper.
pub(crate) struct Simulation {
    random: Random,
    chat: Chat,
    keeper: Keeper,
    now: Now,
    clients: BTreeMap<ClientId, Model>,
    /// Those who went and may come back.
    gone: Vec<Return>,
    next_client: u64,
    next_id: u64,
    /// Where each acknowledged id of a session stands.
    promised: BTreeMap<(String, String), (String, u64)>,
    /// When typing was last broadcast to each room.
    typed: BTreeMap<(String, String), Moment>,
    /// Effects in the order they came, if they are wanted.
    pub(crate) transcript: Option<Vec<String>>,
}

/// What a client knows.
#[derive(Default)]
struct Model {
    session: String,
    you: String,
    echo: bool,
    history: u32,
    rooms: BTreeMap<String, View>,
    /// What was sent and not answered: by id, whether it is a message.
    sent: BTreeMap<String, bool>,
    /// What was answered, to be sent again.
    acked: Vec<(String, String)>,
    bodies: BTreeMap<String, String>,
    /// What it was not sent because it did not read; `None`: it reads.
    lag: Option<BTreeMap<RoomId, (u64, u64)>>,
}

/// What a client knows of a room.
#[derive(Default)]
struct View {
    /// The next entry it must receive; `None`: its page is pending.
    next: Option<u64>,
    /// Its own messages, which it need not receive.
    own: BTreeSet<u64>,
    /// Ranges reported to it as missing.
    missing: Vec<(u64, u64)>,
    /// The entries a resume repeats, its own included.
    again: (u64, u64),
    /// Its page could not be read: it sees what comes.
    blind: bool,
    /// Who it saw typing.
    typing: BTreeSet<String>,
    /// The position it asked to resume from.
    after: VecDeque<u64>,
}

/// What a client remembers when it has no connection.
struct Return {
    session: String,
    positions: Vec<(String, u64)>,
    /// What was not answered, and will be sent again: id, body, whether it is a message.
    unanswered: Vec<(String, String, bool)>,
}

impl Return {
    fn of(mut model: Model) -> Self {
        let positions = model
            .rooms
            .iter()
            .filter_map(|(room, view)| Some((room.clone(), view.skipped(view.next?) - 1)))
            .collect();
        let unanswered = std::mem::take(&mut model.sent).into_keys().filter_map(|id| {
            let body = model.bodies.get(&id)?.clone();
            let message = body.contains(r#""type":"send_message""#);
            Some((id, body, message))
        });
        let unanswered = unanswered.collect();
        Self { session: model.session, positions, unanswered }
    }
}

impl Simulation {
    pub(crate) fn new(mut random: Random) -> Self {
        let limits = Limits {
            sends_per_second_max: None,
            queries_per_second_max: None,
            errors_max: u32::MAX,
            rooms_per_client_max: 3,
            presence_users_max: random.up_to(12) as usize,
            resume_entries_max: [1000, 5][random.up_to(2) as usize],
            resume_bytes_max: [200_000, 1500][random.up_to(2) as usize],
            catch_up_max: [1000, 3][random.up_to(2) as usize],
            detached_sessions_max: [1000, 4][random.up_to(2) as usize],
            ..Limits::default()
        };
        let keeper = Keeper::default();
        Self {
            random,
            chat: Chat::new(limits, keeper.opening("e")),
            keeper,
            now: Now { at: Moment::from_millis(0), unix_ms: 1_732_104_000_000 },
            clients: BTreeMap::new(),
            gone: Vec::new(),
            next_client: 0,
            next_id: 0,
            promised: BTreeMap::new(),
            typed: BTreeMap::new(),
            transcript: None,
        }
    }

    pub(crate) fn run(&mut self) {
        for _ in 0..STEPS {
            if self.random.is_spent() {
                break;
            }
            self.step();
        }
        while !self.keeper.is_idle() {
            self.keeper.refuses = None;
            self.keeper.work();
            self.answer();
        }
        let lagging: Vec<ClientId> = self.clients.keys().copied().collect();
        for client in lagging {
            self.catch_up(client);
        }
        self.pass(Duration::from_secs(30));
        self.check_end();
    }

    fn step(&mut self) {
        match self.random.up_to(100) {
            0..6 => self.open(),
            6..9 => self.close(),
            9..12 => self.come_back(),
            12..35 => self.send(),
            35..40 => self.type_something(),
            40..46 => self.alter(),
            46..50 => self.join_or_leave(),
            50..53 => self.resume(),
            53..55 => self.send_again(),
            55..57 => self.stall(),
            57..60 => self.ask_history(),
            60..62 => {
                let millis = self.random.up_to(3000);
                self.pass(Duration::from_millis(millis));
            }
            62 => match self.random.up_to(6) {
                0 => self.crash(),
                _ => self.keeper_acts(),
            },
            63..82 => self.keeper.work(),
            _ => self.answer(),
        }
    }

    fn open(&mut self) {
        if self.clients.len() >= 12 {
            return;
        }
        let mut query = format!("name=N{}", self.random.up_to(9));
        let echo = self.random.up_to(3) == 0;
        query += if echo { "&echo=1" } else { "" };
        let history = [0, 3, 50][self.random.up_to(3) as usize];
        query += &format!("&history={history}");
        for _ in 0..self.random.up_to(4) {
            query += &format!("&room={}", self.room());
        }
        if self.random.up_to(4) == 0
            && let Some(client) = self.client()
        {
            query += &format!("&session={}", self.clients[&client].session);
        }
        self.connect(&query, Model { echo, history, ..Model::default() });
    }

    fn come_back(&mut self) {
        if self.gone.is_empty() {
            return;
        }
        let at = self.random.up_to(self.gone.len() as u64) as usize;
        let back = self.gone.swap_remove(at);
        let mut query = format!("session={}&epoch=e&history=3", back.session);
        let mut model = Model { history: 3, ..Model::default() };
        for (room, after) in back.positions {
            query += &format!("&after={room}:{after}");
            model.rooms.entry(room).or_default().after.push_back(after);
        }
        let client = self.connect(&query, model);
        for (id, body, message) in back.unanswered {
            let model = self.clients.get_mut(&client).unwrap();
            model.sent.insert(id.clone(), message);
            model.bodies.insert(id, body.clone());
            self.say(client, &body);
        }
    }

    /// Kills the server: what the keeper has not done, and answers under way, are lost.
    fn crash(&mut self) {
        for _ in 0..self.random.up_to(6) {
            self.keeper.work();
        }
        self.keeper.crash();
        self.typed.clear();
        let models = std::mem::take(&mut self.clients).into_values();
        self.gone.extend(models.map(Return::of));
        self.chat = Chat::new(self.chat.limits().clone(), self.keeper.opening("e"));
    }

    fn connect(&mut self, query: &str, model: Model) -> ClientId {
        self.next_client += 1;
        let client = ClientId(self.next_client);
        let mut seed = [0; 16];
        seed[..8].copy_from_slice(&self.next_client.to_be_bytes());
        self.clients.insert(client, model);
        self.handle(Input::Opened {
            client,
            params: ConnectParams::parse("/ws", query),
            seed,
            admission: Box::default(),
        });
        client
    }

    fn close(&mut self) {
        let Some(client) = self.client() else { return };
        let model = self.clients.remove(&client).unwrap();
        self.gone.push(Return::of(model));
        let timed_out = self.random.up_to(2) == 0;
        self.handle(Input::Closed { client, timed_out });
    }

    fn send(&mut self) {
        let text = format!("text {}", self.random.up_to(1000));
        let payload = match self.random.up_to(3) {
            0 => format!(r#"{{"content":"{text}","ttl":60}}"#),
            _ => format!(r#""{text}""#),
        };
        self.event("send_message", true, &payload);
    }

    fn alter(&mut self) {
        let mid = 1 + self.random.up_to(30);
        match self.random.up_to(4) {
            0 => self.event("edit_message", false, &format!(r#"{{"mid":{mid},"content":"new"}}"#)),
            1 => self.event("delete_message", false, &format!(r#"{{"mid":{mid}}}"#)),
            2 => {
                let on = self.random.up_to(2) == 0;
                let payload = format!(r#"{{"mid":{mid},"emoji":"👍","on":{on}}}"#);
                self.event("react", false, &payload);
            }
            _ => self.event("set_topic", false, r#""A topic""#),
        }
    }

    /// Sends an event that changes the record of some room.
    fn event(&mut self, kind: &str, message: bool, payload: &str) {
        let Some(client) = self.client() else { return };
        self.next_id += 1;
        let (id, room) = (format!("i{}", self.next_id), self.room());
        let body =
            format!(r#"{{"type":"{kind}","id":"{id}","room":"{room}","payload":{payload}}}"#);
        let model = self.clients.get_mut(&client).unwrap();
        model.sent.insert(id.clone(), message);
        model.bodies.insert(id, body.clone());
        self.say(client, &body);
    }

    fn type_something(&mut self) {
        let Some(client) = self.client() else { return };
        let (room, on) = (self.room(), self.random.up_to(4) > 0);
        self.say(client, &format!(r#"{{"type":"typing","room":"{room}","payload":{on}}}"#));
    }

    fn send_again(&mut self) {
        let Some(client) = self.client() else { return };
        let model = self.clients.get_mut(&client).unwrap();
        if let Some((id, body)) = model.acked.pop() {
            model.sent.insert(id.clone(), false);
            self.say(client, &body);
        }
    }

    fn join_or_leave(&mut self) {
        let Some(client) = self.client() else { return };
        let room = self.room();
        match self.random.up_to(2) {
            0 => {
                let history = self.clients[&client].history;
                let payload = format!(r#"{{"room":"{room}","history":{history}}}"#);
                self.say(
                    client,
                    &format!(r#"{{"type":"join_room","id":"j","payload":{payload}}}"#),
                );
            }
            _ => self.say(client, &format!(r#"{{"type":"leave_room","payload":"{room}"}}"#)),
        }
    }

    fn resume(&mut self) {
        let Some(client) = self.client() else { return };
        let back = self.random.up_to(4);
        let model = self.clients.get_mut(&client).unwrap();
        let mut rooms = Vec::new();
        for (room, view) in &mut model.rooms {
            let Some(next) = view.next else { continue };
            let after = (view.skipped(next) - 1).saturating_sub(back);
            view.after.push_back(after);
            view.next = None;
            rooms.push(format!(r#""{room}":{after}"#));
        }
        let rooms = rooms.join(",");
        let payload = format!(r#"{{"epoch":"e","rooms":{{{rooms}}}}}"#);
        self.say(client, &format!(r#"{{"type":"resume","payload":{payload}}}"#));
    }

    fn ask_history(&mut self) {
        let Some(client) = self.client() else { return };
        let (room, before) = (self.room(), self.random.up_to(50));
        let payload = format!(r#"{{"before":{before},"limit":5}}"#);
        let event = format!(r#"{{"type":"history","id":"h","room":"{room}","payload":{payload}}}"#);
        self.say(client, &event);
    }

    fn stall(&mut self) {
        let Some(client) = self.client() else { return };
        match self.clients[&client].lag {
            Some(_) => self.catch_up(client),
            None => {
                let model = self.clients.get_mut(&client).unwrap();
                model.lag = Some(BTreeMap::new());
                // Ephemeral events are dropped for it.
                model.rooms.values_mut().for_each(|view| view.typing.clear());
            }
        }
    }

    fn catch_up(&mut self, client: ClientId) {
        let lag = self.clients.get_mut(&client).unwrap().lag.take();
        if let Some(missed) = lag {
            let missed = missed.into_iter().map(|(room, (from, to))| (room, from, to)).collect();
            self.handle(Input::CaughtUp { client, missed });
        }
    }

    fn keeper_acts(&mut self) {
        let room = self.room();
        let choice = self.random.up_to(3);
        self.keeper.refuses =
            [None, Some(JournalError::Overloaded), Some(JournalError::Unavailable)]
                [choice as usize];
        let Some(record) = self.keeper.rooms.get_mut(room) else { return };
        let top = record.entries.len() as u64;
        match choice {
            0 => record.pruned = record.pruned.max(top.saturating_sub(10)),
            _ => {
                let alive = record.entries.iter().rev().find(|entry| {
                    let gone = |other: &Entry| match other.change {
                        Change::Deleted { mid, .. } => mid == entry.seq,
                        _ => false,
                    };
                    matches!(entry.change, Change::Message { .. })
                        && !record.entries.iter().any(gone)
                });
                if let Some(mid) = alive.map(|entry| entry.seq) {
                    self.keeper.expire(room, mid);
                }
            }
        }
    }

    fn answer(&mut self) {
        let read_first = self.random.up_to(2) == 0;
        if let Some(answer) = self.keeper.fetch(read_first) {
            self.handle(Input::Answered(answer));
        }
    }

    fn pass(&mut self, duration: Duration) {
        let end = self.now.at.after(duration);
        while self.chat.deadline() <= end {
            self.now.at = self.now.at.max(self.chat.deadline());
            self.handle(Input::Due);
        }
        self.now.at = end;
    }

    fn say(&mut self, client: ClientId, text: &str) {
        let event = ClientEvent::parse(text, self.chat.limits());
        self.handle(Input::Received { client, event });
    }

    fn handle(&mut self, input: Input) {
        let mut effects = Vec::new();
        self.chat.handle(self.now, input, &mut effects);
        assert!(effects.len() <= EFFECTS_MAX, "one input has {} effects", effects.len());
        if let Some(transcript) = &mut self.transcript {
            transcript.extend(effects.iter().map(|effect| format!("{effect:?}")));
        }
        for effect in effects {
            match effect {
                Effect::Reply { client, event } => self.told(client, &event),
                Effect::Broadcast { room, event, except, seq } => {
                    let audience = self.chat.audience(room).to_vec();
                    for listener in audience {
                        if Some(listener.client) != except {
                            self.broadcast(listener.client, room, &event, seq);
                        }
                    }
                }
                Effect::Whisper { room, to, event, except, seq } => {
                    for listener in to {
                        if Some(listener.client) != except {
                            self.broadcast(listener.client, room, &event, seq);
                        }
                    }
                }
                Effect::Hint { room, event, except } => {
                    let audience = self.chat.audience(room).to_vec();
                    for listener in audience {
                        if !except.contains(&listener.client) {
                            self.broadcast(listener.client, room, &event, None);
                        }
                    }
                }
                Effect::Journal(order) => self.keeper.submit(order),
                Effect::Deliver(delivery) => panic!("no hook was added: {delivery:?}"),
                Effect::Respond { caller, .. } => panic!("{caller:?} asked nothing"),
                Effect::Hold { .. } | Effect::Release { .. } => {}
                Effect::Close { client, code, .. } => panic!("{client:?} closed: {code}"),
            }
        }
    }

    fn broadcast(&mut self, client: ClientId, room: RoomId, event: &ServerEvent, seq: Option<u64>) {
        let model = self.clients.get_mut(&client).expect("a listener that is gone");
        match (&mut model.lag, seq) {
            (Some(missed), Some(seq)) => {
                let range = missed.entry(room).or_insert((seq, seq));
                range.1 = seq;
            }
            (Some(_), None) => {}
            (None, _) => self.told(client, event),
        }
    }

    fn told(&mut self, client: ClientId, event: &ServerEvent) {
        use ServerEvent as E;
        let model = self.clients.get_mut(&client).expect("a client that is gone");
        match event {
            E::Welcome(welcome) => {
                model.session = welcome.session.to_string();
                // One that comes with a name renames the other connections of its session.
                let (you, session) = (welcome.you.to_string(), model.session.clone());
                let own = self.clients.values_mut().filter(|model| model.session == session);
                own.for_each(|model| model.you.clone_from(&you));
                let model = self.clients.get_mut(&client).expect("a client that is gone");
                for line in &welcome.rooms {
                    let view = model.rooms.entry(line.room.to_string()).or_default();
                    if view.after.is_empty() && (model.history == 0 || line.seq == 0) {
                        view.next = Some(line.seq + 1);
                    }
                }
                assert_eq!(welcome.rooms.len(), model.rooms.len(), "rooms nobody told of");
            }
            E::Joined(joined) => {
                let known = model.rooms.contains_key(&*joined.room);
                let view = model.rooms.entry(joined.room.to_string()).or_default();
                if !known && (model.history == 0 || joined.seq == 0) {
                    view.next = Some(joined.seq + 1);
                }
            }
            E::Left { room, .. } => {
                model.rooms.remove(&**room).expect("left a room it was not in");
            }
            E::History(history) if history.re.is_none() => model.greeted(history, &self.keeper),
            E::Error(refusal) => {
                if let Some(re) = &refusal.re {
                    model.sent.remove(&**re);
                }
                if let (None, Some(room)) = (&refusal.re, &refusal.room) {
                    let view = model.rooms.get_mut(&**room).expect("an error of no room");
                    view.blind = view.next.is_none() && view.after.is_empty();
                }
            }
            E::Resumed(resumed) => {
                resumed.rooms.iter().for_each(|missed| model.resumed(missed));
            }
            E::Gap { room, from, to, .. } => {
                let view = model.rooms.get_mut(&**room).expect("a gap of no room");
                view.missing.push((*from, *to));
            }
            E::Live { room, seq } => {
                let view = model.rooms.get_mut(&**room).expect("live in no room");
                assert_eq!(view.skipped(view.next.unwrap()), seq + 1, "live, but not there yet");
                view.typing.clear();
            }
            E::Ack { re, room, seq, duplicate, .. } => {
                assert!(self.keeper.rooms[&**room].entries.len() as u64 >= *seq);
                let first = self.promised.entry((model.session.clone(), re.to_string()));
                let first = first.or_insert_with(|| (room.to_string(), *seq));
                assert_eq!((&*first.0, first.1), (&**room, *seq), "{re} is in the record twice");
                model.acked(re, room, *seq, *duplicate);
            }
            E::Typing { room, user, ttl_ms } => {
                if ttl_ms.is_some() {
                    let last = self.typed.insert((room.to_string(), user.to_string()), self.now.at);
                    let since = last.map_or(Duration::MAX, |last| self.now.at.since(last));
                    let again = since.is_zero() || since >= Duration::from_secs(3);
                    assert!(again, "{user} is told to be typing after {since:?}");
                }
                model.sees_typing(room, user, ttl_ms.is_some());
            }
            _ => model.heard(event, &self.keeper),
        }
    }

    /// Checks every view against the record once all is said.
    fn check_end(&mut self) {
        for (client, model) in &self.clients {
            assert!(model.sent.is_empty(), "{client:?} was not answered: {:?}", model.sent);
            for (room, view) in &model.rooms {
                assert_eq!(view.typing, BTreeSet::new(), "{client:?} sees somebody type in {room}");
                if view.blind {
                    continue;
                }
                let top = self.keeper.rooms.get(&**room).map_or(0, |it| it.entries.len() as u64);
                let next = view.next.expect("a page that never came");
                assert_eq!(view.skipped(next), top + 1, "{client:?} misses the end of {room}");
            }
        }
        let models: Vec<ClientId> = self.clients.keys().copied().collect();
        let listeners: usize = (0..100).map(|room| self.chat.audience(RoomId(room)).len()).sum();
        let seats: usize = models.iter().map(|client| self.clients[client].rooms.len()).sum();
        assert_eq!(listeners, seats, "listeners and seats");
        assert_eq!(self.chat.clients(), models.len());
        for room in ROOMS {
            let inside = self.clients.values().filter(|model| model.rooms.contains_key(room));
            let people: BTreeSet<&str> = inside.map(|model| &*model.session).collect();
            let Some(asker) =
                models.iter().find(|client| self.clients[client].rooms.contains_key(room))
            else {
                continue;
            };
            let mut effects = Vec::new();
            let command = format!(r#"{{"type":"list_users","room":"{room}"}}"#);
            let event = ClientEvent::parse(&command, self.chat.limits());
            let input = Input::Received { client: *asker, event };
            self.chat.handle(self.now, input, &mut effects);
            let [Effect::Reply { event: ServerEvent::UserList { count, users, .. }, .. }] =
                &effects[..]
            else {
                panic!("no list of users: {effects:?}");
            };
            assert_eq!((*count, users.len()), (people.len(), people.len()), "people in {room}");
        }
    }

    fn room(&mut self) -> &'static str {
        ROOMS[self.random.up_to(ROOMS.len() as u64) as usize]
    }

    fn client(&mut self) -> Option<ClientId> {
        let count = self.clients.len() as u64;
        if count == 0 {
            return None;
        }
        self.clients.keys().nth(self.random.up_to(count) as usize).copied()
    }
}

impl Model {
    /// Takes in the past of a room just entered.
    fn greeted(&mut self, history: &History, keeper: &Keeper) {
        let record = &keeper.rooms[&*history.room];
        for said in &history.messages {
            assert!(said.mid <= history.top && said.mid > 0);
            assert_eq!(said.sender, record.entries[said.mid as usize - 1].sender);
        }
        let view = self.rooms.get_mut(&*history.room).expect("history of no room");
        assert_eq!(view.next, None, "greeted twice");
        view.next = Some(history.top + 1);
    }

    /// Takes in what happens in a room.
    fn heard(&mut self, event: &ServerEvent, keeper: &Keeper) {
        if let Some(room) = news_of(event) {
            assert!(self.rooms.contains_key(room), "news of a room it is not in");
        }
        if let Some((room, seq)) = numbered(event) {
            let entry = &keeper.rooms[room].entries[seq as usize - 1];
            assert_same(event, entry);
            self.sees(room, seq, matches!(event, ServerEvent::Message { .. }));
        }
    }

    fn sees_typing(&mut self, room: &str, user: &str, on: bool) {
        let view = self.rooms.get_mut(room).expect("somebody types in a room it is not in");
        assert_ne!(self.you, user, "told of its own typing in {room}: {on}");
        match on {
            true => view.typing.insert(user.to_owned()),
            false => view.typing.remove(user),
        };
    }

    fn resumed(&mut self, missed: &Missed) {
        let view = self.rooms.get_mut(&*missed.room).expect("resumed in no room");
        let after = view.after.pop_front().expect("resumed without a wish");
        assert_eq!(missed.from, after + 1);
        view.next = Some(missed.from.min(missed.to + 1));
        view.again = (missed.from, missed.to);
        if let Some((from, to, why)) = missed.lost {
            view.missing.push((from, to));
            assert!(matches!(why, "page" | "retention"), "lost: {why}");
        }
    }

    fn acked(&mut self, re: &str, room: &str, seq: u64, duplicate: bool) {
        let message = self.sent.remove(re).expect("an ack of nothing");
        if let Some(body) = self.bodies.get(re) {
            self.acked.push((re.to_owned(), body.clone()));
        }
        if let Some(view) = self.rooms.get_mut(room)
            && message
            && !self.echo
            && !duplicate
        {
            view.own.insert(seq);
        }
    }

    fn sees(&mut self, room: &str, seq: u64, message: bool) {
        let view = self.rooms.get_mut(room).expect("an entry of a room it is not in");
        if std::mem::take(&mut view.blind) {
            view.next = Some(seq);
        }
        let next = view.next.expect("an entry before the page");
        assert_eq!(view.skipped_to(next, seq), seq, "{room}: next is {next}, told is {seq}");
        let (from, to) = view.again;
        if message && !self.echo && !(from..=to).contains(&seq) {
            assert!(!view.own.contains(&seq), "{room}: {seq} is its own");
        }
        view.next = Some(seq + 1);
    }
}

impl View {
    /// Skips what it need not receive.
    fn skipped(&self, next: u64) -> u64 {
        self.skipped_to(next, u64::MAX)
    }

    fn skipped_to(&self, mut next: u64, end: u64) -> u64 {
        while next < end
            && (self.own.contains(&next)
                || self.missing.iter().any(|(from, to)| (*from..=*to).contains(&next)))
        {
            next += 1;
        }
        next
    }
}

pub(crate) fn numbered(event: &ServerEvent) -> Option<(&str, u64)> {
    use ServerEvent as E;
    match event {
        E::Message { room, seq, .. }
        | E::Edited { room, seq, .. }
        | E::Deleted { room, seq, .. }
        | E::Reaction { room, seq, .. }
        | E::Pinned { room, seq, .. }
        | E::Topic { room, seq, .. }
        | E::Moderated { room, seq, .. } => Some((room, *seq)),
        _ => None,
    }
}

fn news_of(event: &ServerEvent) -> Option<&str> {
    use ServerEvent as E;
    match event {
        E::UserJoined { room, .. }
        | E::UserLeft { room, .. }
        | E::Renamed { room, .. }
        | E::Presence { room, .. } => Some(room),
        _ => None,
    }
}

pub(crate) fn assert_same(event: &ServerEvent, entry: &Entry) {
    use ServerEvent as E;
    match (event, &entry.change) {
        (
            E::Message { sender, content, expires, ts, .. },
            Change::Message { content: said, expires: ends, .. },
        ) => {
            assert_eq!((sender, content, expires, *ts), (&entry.sender, said, ends, entry.ts));
        }
        (E::Edited { mid, content, .. }, Change::Edited { mid: of, content: new }) => {
            assert_eq!((mid, content), (of, new));
        }
        (E::Deleted { mid, why, .. }, Change::Deleted { mid: of, why: reason }) => {
            assert_eq!((mid, why), (of, reason));
        }
        (
            E::Reaction { mid, on, count, .. },
            Change::Reaction { mid: of, on: given, count: now, .. },
        ) => assert_eq!((mid, on, count), (of, given, now)),
        (E::Pinned { mid, on, by, .. }, Change::Pinned { mid: of, on: now }) => {
            assert_eq!((mid, on, by), (of, now, &entry.sender));
        }
        (E::Topic { topic, by, .. }, Change::Topic { topic: new }) => {
            assert_eq!((topic, by), (new, &entry.sender));
        }
        (E::Moderated { by, moderation, .. }, Change::Moderated { moderation: done }) => {
            assert_eq!((by, moderation), (&entry.sender, done));
        }
        _ => panic!("{event:?} does not tell {entry:?}"),
    }
}

/// A source of decisions.
pub(crate) struct Random {
    /// Returns a number, whose remainder by the argument decides; none if there are no more.
    source: Box<dyn FnMut(u64) -> Option<u64>>,
    spent: bool,
}

impl Random {
    pub(crate) fn new(source: impl FnMut(u64) -> Option<u64> + 'static) -> Self {
        Self { source: Box::new(source), spent: false }
    }

    pub(crate) fn up_to(&mut self, end: u64) -> u64 {
        let number = (self.source)(end);
        self.spent |= number.is_none();
        number.unwrap_or_default() % end.max(1)
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.spent
    }
}
