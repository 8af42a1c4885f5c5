//! Where sockets and chat meet: messages become inputs, effects become frames.
//!
//! Nothing is decided here. [`crate::chat`] says what is to happen, one `match` carries it out; the
//! [`crate::journal`] says what has happened, and the chat is told. Every room is shown in the
//! order in which its journal answers.

mod api;
pub mod log;
pub mod origin;
pub mod render;
mod routes;
mod start;

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use crate::chat::record::Answer as Record;
use crate::chat::{
    Chat, ClientEvent, ClientId, Effect, Form, Hello, Input, Refusal, RoomId, ServerEvent,
};
use crate::clock::{Moment, Now};
use crate::config::Config;
use crate::http::Request;
use crate::journal::Journal;
use crate::net::{Broadcast, ConnId, Handler, Mark, Missed, Turn};
use crate::ws::{Answer, Closed, Message};

pub use start::{Failure, run};

/// Is the handler that makes the reactor a chat server.
#[derive(Debug)]
pub(crate) struct Server {
    chat: Chat,
    journal: Journal,
    policy: origin::Policy,
    /// What the chat wants done; empty between calls.
    effects: Vec<Effect>,
    /// What the journal has answered and the chat has not been told yet.
    answers: VecDeque<Record>,
    /// Where events are written before they become frames.
    text: Vec<u8>,
    /// The origins of the pages whose requests are not answered yet.
    origins: HashMap<ClientId, String>,
    /// WebSockets that are open.
    open: usize,
    exit_when_empty: Option<Duration>,
    drain: Duration,
    /// When the program ends, if that is settled.
    end: Option<Moment>,
    draining: bool,
}

impl Handler for Server {
    fn on_request(&mut self, turn: &mut Turn<'_>, conn: ConnId, request: &Request) -> Answer {
        self.route(turn, conn, request)
    }

    fn on_open(&mut self, turn: &mut Turn<'_>, conn: ConnId, request: &Request) {
        self.open += 1;
        if !self.draining {
            self.end = None;
        }
        let mut hello = Hello::parse(&request.path, &request.query);
        if let Some(form) = routes::subprotocol(request).and_then(routes::form_of) {
            hello.form = form;
        }
        let address = turn.address(conn).map(tracing::field::display);
        tracing::info!(conn = conn.as_u64(), address, "connected");
        let seed = start::random();
        self.tell(turn, Input::Opened { client: client(conn), hello, seed });
    }

    fn on_message(&mut self, turn: &mut Turn<'_>, conn: ConnId, message: Message) {
        let event = match &message {
            Message::Text(text) => ClientEvent::parse(text, self.chat.limits()),
            Message::Binary(_) => Err(Refusal::binary()),
        };
        self.tell(turn, Input::Received { client: client(conn), event });
    }

    fn on_close(&mut self, turn: &mut Turn<'_>, conn: ConnId, closed: Closed) {
        self.open = self.open.saturating_sub(1);
        let (received, sent) = turn.counts(conn);
        let timed_out = closed == Closed::NoPong;
        tracing::info!(conn = conn.as_u64(), reason = %closed, received, sent, "disconnected");
        self.tell(turn, Input::Closed { client: client(conn), timed_out });
        if self.open == 0 {
            self.on_empty(turn.now());
        }
    }

    fn on_caught_up(&mut self, turn: &mut Turn<'_>, conn: ConnId, missed: &[Missed]) {
        let missed = missed.iter().map(|it| (RoomId(it.stream), it.first, it.last)).collect();
        self.tell(turn, Input::CaughtUp { client: client(conn), missed });
    }

    fn on_wake(&mut self, turn: &mut Turn<'_>) {
        loop {
            self.take_answers(turn.now());
            let Some(answer) = self.answers.pop_front() else { break };
            self.tell(turn, Input::Answered(answer));
            if turn.is_full() {
                turn.again();
                break;
            }
        }
        if self.draining && self.open == 0 && !self.journal.busy() {
            turn.exit();
        }
    }

    fn deadline(&self) -> Moment {
        let end = self.end.unwrap_or(Moment::NEVER);
        self.chat.deadline().min(self.journal.deadline()).min(end)
    }

    fn on_deadline(&mut self, turn: &mut Turn<'_>) {
        let now = turn.now();
        if self.end.is_some_and(|end| end <= now.at) {
            tracing::info!(clients = self.open, draining = self.draining, "the end has come");
            turn.exit();
        }
        if self.chat.deadline() <= now.at {
            self.tell(turn, Input::Due);
        }
        // What the journal does by itself is answered in the next turn's wake.
        if self.journal.deadline() <= now.at {
            turn.again();
        }
    }

    fn on_signal(&mut self, turn: &mut Turn<'_>, signal: i32) {
        if self.draining {
            tracing::warn!(signal, "asked twice, ending at once");
            turn.exit();
            return;
        }
        tracing::info!(signal, clients = self.open, "draining");
        self.draining = true;
        self.end = Some(turn.now().at.after(self.drain));
        turn.stop_accepting();
        let seed = u64::from_le_bytes(start::random());
        self.tell(turn, Input::Drain { seed });
    }
}

impl Server {
    /// Joins the chat and the journal.
    fn new(config: &Config, chat: Chat, journal: Journal, policy: origin::Policy) -> Self {
        Self {
            chat,
            journal,
            policy,
            effects: Vec::new(),
            answers: VecDeque::new(),
            text: Vec::new(),
            origins: HashMap::new(),
            open: 0,
            exit_when_empty: config.exit_when_empty,
            drain: config.drain,
            end: None,
            draining: false,
        }
    }

    /// Finishes what is still to be written down.
    fn close(self) {
        if !self.journal.close(self.drain) {
            tracing::error!("the journal could not finish in time");
        }
    }

    /// Tells the chat something and carries out what it wants done.
    fn tell(&mut self, turn: &mut Turn<'_>, input: Input) {
        let mut effects = std::mem::take(&mut self.effects);
        self.chat.handle(turn.now(), input, &mut effects);
        for effect in effects.drain(..) {
            self.perform(turn, effect);
        }
        self.effects = effects;
    }

    fn perform(&mut self, turn: &mut Turn<'_>, effect: Effect) {
        match effect {
            Effect::Reply { client, event } => self.reply(turn, client, &event),
            Effect::Respond { caller, event } => self.respond(turn, caller, &event),
            Effect::Broadcast { room, event, except, seq } => {
                self.broadcast(turn, room, &event, except.as_slice(), seq);
            }
            Effect::Hint { room, event, except } => {
                self.broadcast(turn, room, &event, &except, None);
            }
            Effect::Order(order) => self.journal.submit(turn.now(), order),
            Effect::Close { client, code, reason } => turn.close(conn(client), code, &reason),
        }
    }

    fn reply(&mut self, turn: &mut Turn<'_>, client: ClientId, event: &ServerEvent) {
        self.text.clear();
        if event.render(self.chat.form(client), &mut self.text) {
            turn.send(conn(client), &self.text);
        }
    }

    /// Sends an event to everybody in a room: written once for each form, one note for each client.
    fn broadcast(
        &mut self,
        turn: &mut Turn<'_>,
        room: RoomId,
        event: &ServerEvent,
        except: &[ClientId],
        seq: Option<u64>,
    ) {
        let mark = match seq {
            Some(number) => Mark::Numbered { stream: room.0, number },
            None => Mark::Passing,
        };
        if let ServerEvent::Message { room, seq, content, .. } = event {
            tracing::debug!(room = %log::Escaped(room), seq, bytes = content.len(), "message");
        }
        let audience = self.chat.audience(room);
        let mut asked_for = [false; 3];
        for listener in audience {
            asked_for[listener.form as usize] = true;
        }
        for form in [Form::Json, Form::Text, Form::Simple] {
            self.text.clear();
            if !asked_for[form as usize] || !event.render(form, &mut self.text) {
                continue;
            }
            let mut broadcast = Broadcast::new(mark, &self.text);
            for listener in audience {
                if listener.form == form && !except.contains(&listener.client) {
                    turn.deliver(&mut broadcast, conn(listener.client));
                }
            }
        }
    }

    fn take_answers(&mut self, now: Now) {
        if self.answers.is_empty() {
            let mut answers = Vec::new();
            self.journal.answers(now, &mut answers);
            self.answers.extend(answers);
        }
    }

    fn on_empty(&mut self, now: Now) {
        if let Some(after) = self.exit_when_empty.filter(|_| !self.draining) {
            self.end = Some(now.at.after(after));
        }
    }
}

/// Gives the name by which the chat knows a connection.
fn client(conn: ConnId) -> ClientId {
    ClientId(conn.as_u64())
}

/// Gives the connection behind a name.
fn conn(client: ClientId) -> ConnId {
    ConnId::from_u64(client.0)
}
