//! A chat with a fake journal and a fake clock, for scenarios.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chinwag::chat::record::{AuthorKey, JournalRequest, Snapshot};
use chinwag::chat::{
    Account, AccountRequest, Admission, Chat, ClientId, ConnectParams, Delivery, Effect, Input,
    Limits, OutputMode, Refusal, Request, RoomId, ServerEvent, Welcome,
};
use chinwag::clock::{Moment, Now};

use crate::keeper::Keeper;
use crate::society::{START, login};

pub(crate) struct World {
    pub(crate) chat: Chat,
    pub(crate) keeper: Keeper,
    pub(crate) now: Now,
    /// The events that each client received since the test last took them.
    pub(crate) told: BTreeMap<ClientId, Vec<ServerEvent>>,
    pub(crate) closed: BTreeMap<ClientId, u16>,
    /// Clients that the chat holds: nothing is read from them.
    pub(crate) held: BTreeSet<ClientId>,
    pub(crate) orders: Vec<JournalRequest>,
    /// What was to be sent to the targets of hooks since the test last took it.
    pub(crate) deliveries: Vec<Delivery>,
    /// Whether the journal answers at once.
    pub(crate) prompt: bool,
    next: u64,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Limits)) -> Self {
        let mut limits = Limits::default();
        change(&mut limits);
        let keeper = Keeper::default();
        Self {
            chat: Chat::new(limits, keeper.opening("k3")),
            keeper,
            now: Now { at: Moment::from_millis(0), unix_ms: START },
            told: BTreeMap::new(),
            closed: BTreeMap::new(),
            held: BTreeSet::new(),
            orders: Vec::new(),
            deliveries: Vec::new(),
            prompt: true,
            next: 0,
        }
    }

    /// Changes the limits, as a reload does.
    pub(crate) fn reload(&mut self, change: impl FnOnce(&mut Limits)) {
        let mut limits = self.chat.limits().clone();
        change(&mut limits);
        self.chat.set_limits(limits);
    }

    /// Crashes the server and starts it again on the same record.
    pub(crate) fn restart(&mut self) {
        let opening = Snapshot { taken_at: self.now.unix_ms, ..self.keeper.opening("k3") };
        self.chat = Chat::new(self.chat.limits().clone(), opening);
        self.now.at = Moment::from_millis(0);
        self.told.clear();
        self.held.clear();
    }

    pub(crate) fn open(&mut self, query: &str) -> ClientId {
        self.open_at("/ws", query)
    }

    pub(crate) fn open_at(&mut self, path: &str, query: &str) -> ClientId {
        self.admission(path, query, Admission::default())
    }

    /// Opens a connection of an account and discards its first events.
    pub(crate) fn enter_as(&mut self, account: &Account, query: &str) -> ClientId {
        let login = Some(login(account, 7));
        let client = self.admission("/ws", query, Admission { login, ..Admission::default() });
        self.told.clear();
        client
    }

    pub(crate) fn open_with(&mut self, account: &Account) -> ClientId {
        self.admission(
            "/ws",
            "",
            Admission { login: Some(login(account, 7)), ..Admission::default() },
        )
    }

    pub(crate) fn admission(&mut self, path: &str, query: &str, admission: Admission) -> ClientId {
        self.next += 1;
        let client = ClientId(self.next);
        let mut seed = [7; 16];
        seed[..8].copy_from_slice(&self.next.to_be_bytes());
        self.handle(Input::Opened {
            client,
            params: ConnectParams::parse(path, query),
            seed,
            admission: Box::new(admission),
        });
        client
    }

    /// Returns an account that is not registered yet, whose author is this byte repeated.
    pub(crate) fn account(&self, name: &str, byte: u8) -> Account {
        Account {
            author: AuthorKey([byte; 16]),
            name: name.into(),
            hash: Some("hash".into()),
            admin: false,
            since: 0,
            registered: None,
            status: Default::default(),
        }
    }

    /// Registers such an account.
    pub(crate) fn register(&mut self, name: &str, byte: u8, admin: bool) -> Account {
        let account = Account { admin, ..self.account(name, byte) };
        self.add_account(account)
    }

    /// Registers an account with this author.
    pub(crate) fn register_as(&mut self, name: &str, author: [u8; 16]) -> Account {
        let account = Account { author: AuthorKey(author), ..self.account(name, 0) };
        self.add_account(account)
    }

    fn add_account(&mut self, account: Account) -> Account {
        let request = Request::AccountRequest(Box::new(AccountRequest::Add(account.clone())));
        let caller = ClientId(1 << 40);
        self.handle(Input::Asked { caller, network: [192, 0, 2, 1].into(), request });
        let told = self.told(caller);
        assert!(matches!(&told[..], [ServerEvent::Account(_)]), "{told:?}");
        account
    }

    /// Opens a connection and discards its first events.
    pub(crate) fn enter(&mut self, query: &str) -> ClientId {
        let client = self.open(query);
        self.told.clear();
        client
    }

    pub(crate) fn say(&mut self, client: ClientId, text: &str) {
        let event = self.chat.read(self.now, client, text.len(), Some(text));
        self.handle(Input::Received { client, event });
    }

    pub(crate) fn close(&mut self, client: ClientId) {
        self.handle(Input::Closed { client, timed_out: false });
    }

    pub(crate) fn handle(&mut self, input: Input) {
        let mut effects = Vec::new();
        self.chat.handle(self.now, input, &mut effects);
        for effect in effects {
            self.carry_out(effect);
        }
        if self.prompt {
            self.settle();
        }
    }

    /// Lets the journal answer all its requests.
    pub(crate) fn settle(&mut self) {
        while !self.keeper.is_idle() {
            self.keeper.work();
            while let Some(answer) = self.keeper.fetch(false) {
                let mut effects = Vec::new();
                self.chat.handle(self.now, Input::Answered(answer), &mut effects);
                for effect in effects {
                    self.carry_out(effect);
                }
            }
        }
    }

    /// Advances the clock, handling every deadline on the way.
    pub(crate) fn pass(&mut self, duration: Duration) {
        let end = self.now.at.after(duration);
        while self.chat.deadline() <= end {
            self.go_to(self.chat.deadline());
            self.handle(Input::Due);
        }
        self.go_to(end);
    }

    fn go_to(&mut self, at: Moment) {
        let at = at.max(self.now.at);
        self.now.unix_ms += at.since(self.now.at).as_millis() as u64;
        self.now.at = at;
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Reply { client, event } | Effect::Respond { caller: client, event } => {
                self.told.entry(client).or_default().push(event);
            }
            Effect::Broadcast { room, event, except, .. } => {
                for listener in self.chat.audience(room) {
                    if Some(listener.client) != except {
                        self.told.entry(listener.client).or_default().push(event.clone());
                    }
                }
            }
            Effect::Whisper { to, event, except, .. } => {
                for listener in to {
                    if Some(listener.client) != except {
                        self.told.entry(listener.client).or_default().push(event.clone());
                    }
                }
            }
            Effect::Hint { room, event, except } => {
                for listener in self.chat.audience(room) {
                    if !except.contains(&listener.client) {
                        self.told.entry(listener.client).or_default().push(event.clone());
                    }
                }
            }
            Effect::Deliver(delivery) => self.deliveries.push(*delivery),
            Effect::Journal(order) => {
                self.orders.push(order.clone());
                self.keeper.submit(order);
            }
            Effect::Hold { client } => assert!(self.held.insert(client)),
            Effect::Release { client } => assert!(self.held.remove(&client)),
            Effect::Close { client, code, .. } => {
                self.closed.insert(client, code);
            }
        }
    }

    /// Takes the events a client received since the last call.
    pub(crate) fn told(&mut self, client: ClientId) -> Vec<ServerEvent> {
        self.told.remove(&client).unwrap_or_default()
    }

    /// Takes the same, as rendered for the client.
    pub(crate) fn read(&mut self, client: ClientId) -> Vec<String> {
        let mode = self.chat.output_mode(client);
        let events = self.told(client);
        events.iter().filter_map(|event| rendered(event, mode)).collect()
    }

    /// Takes the types of the events a client received.
    pub(crate) fn types(&mut self, client: ClientId) -> Vec<String> {
        self.told(client).iter().map(kind).collect()
    }

    pub(crate) fn welcome(&mut self, client: ClientId) -> Welcome {
        match self.told(client).into_iter().next() {
            Some(ServerEvent::Welcome(welcome)) => *welcome,
            other => panic!("no welcome but {other:?}"),
        }
    }

    /// Takes the only event a client received, which must be an error.
    pub(crate) fn error(&mut self, client: ClientId) -> Refusal {
        let mut told = self.told(client);
        match told.pop() {
            Some(ServerEvent::Error(refusal)) if told.is_empty() => *refusal,
            other => panic!("no error but {told:?} {other:?}"),
        }
    }

    /// Takes the texts of the messages a client received; discards other events.
    pub(crate) fn heard(&mut self, client: ClientId) -> Vec<String> {
        let messages = self.told(client).into_iter().filter_map(|event| match event {
            ServerEvent::Message { content, .. } => Some(content.to_string()),
            ServerEvent::Whisper { message, .. } => match *message {
                ServerEvent::Message { content, .. } => Some(content.to_string()),
                _ => None,
            },
            _ => None,
        });
        messages.collect()
    }

    /// Finds a room by a client in its audience.
    pub(crate) fn room_with(&self, client: ClientId) -> Option<RoomId> {
        (0..1000)
            .map(RoomId)
            .find(|room| self.chat.audience(*room).iter().any(|listener| listener.client == client))
    }
}

pub(crate) fn rendered(event: &ServerEvent, mode: OutputMode) -> Option<String> {
    let mut out = Vec::new();
    event.render(mode, START, None, &mut out).then(|| String::from_utf8(out).unwrap())
}

pub(crate) fn kind(event: &ServerEvent) -> String {
    let json = rendered(event, OutputMode::Json).unwrap();
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    value["type"].as_str().unwrap().to_owned()
}
