//! The handler that joins sockets, chat and journal: messages become inputs of the chat, its
//! effects become frames and journal requests.
//!
//! Nothing is decided here. [`crate::chat`] returns effects, which one `match` performs; the
//! responses of the [`crate::journal`] are inputs of the chat. Every room is shown in the order of
//! its journal.
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::unwrap_used)
)]

mod accounts;
pub mod address;
mod admin;
mod api;
mod bans;
mod certificates;
mod documents;
mod errors;
mod exchange;
mod files;
pub mod health;
mod hooks;
mod hosts;
mod https;
mod lifecycle;
pub mod log;
mod metrics;
mod operations;
pub mod origin;
mod random;
mod reload;
pub mod render;
mod responses;
mod routes;
mod start;
pub mod systemd;
mod unix_socket;

use signal_hook::consts::SIGHUP;

use crate::chat::record::JournalResponse;
use crate::chat::{
    Admission, Chat, ClientEvent, ClientId, Command, ConnectParams, Credential, Effect, Input,
    Listener, OutputMode, Refusal, RoomId, ServerEvent,
};
use crate::clock::{Moment, Now};
use crate::config::PublicUrl;
use crate::http::Request;
use crate::journal::Journal;
use crate::net::{Broadcast, ConnId, FrameClass, Handler, Missed, Turn};
use crate::ws::{Answer, Closed, Deflated, Message};

pub use accounts::Fault;
use accounts::{Accounts, Caller};
use certificates::CertificateReader;
use documents::Documents;
use exchange::Exchanges;
use files::Files;
use hooks::Hooks;
use https::Https;
use lifecycle::Lifecycle;
pub use metrics::Process;
pub use random::random;
pub use reload::Load;
use reload::Reload;
use responses::Responses;
pub use start::{Failure, raise_file_limit, run};
use systemd::Notifier;

/// The handler that makes the reactor a chat server.
#[derive(Debug)]
pub(crate) struct Server {
    chat: Chat,
    journal: Journal,
    policy: origin::Policy,
    public_url: Option<PublicUrl>,
    /// Whether there is an address for administrators; without one, all addresses are.
    has_admin_address: bool,
    hosts: hosts::Hosts,
    https: Https,
    certificates: Option<CertificateReader>,
    documents: Documents,
    accounts: Accounts,
    bans: bans::Bans,
    /// The chat's effects of one input; empty between inputs, and here to be reused.
    effects: Vec<Effect>,
    /// The journal's responses that are still to be handed to the chat.
    responses: Responses,
    /// The buffer that events are rendered into.
    text: Vec<u8>,
    exchanges: Exchanges,
    files: Files,
    hooks: Hooks,
    counters: metrics::Counters,
    lifecycle: Lifecycle,
    reload: Reload,
    notifier: Notifier,
}

impl Handler for Server {
    fn on_request(&mut self, turn: &mut Turn<'_>, conn: ConnId, request: &Request) -> Answer {
        match self.route(turn, conn, request) {
            Answer::Respond(response) if turn.is_secure(conn) => {
                Answer::Respond(self.https.mark(request, response))
            }
            answer => answer,
        }
    }

    fn on_open(&mut self, turn: &mut Turn<'_>, conn: ConnId, request: &Request) {
        self.lifecycle.on_open();
        self.counters.opened = self.counters.opened.saturating_add(1);
        let mut params = ConnectParams::parse(&request.path, &request.query);
        if let Some(protocol) = routes::subprotocol(request) {
            params.mode = routes::mode_of(protocol).or(params.mode);
            params.chat_v1 = protocol == "chat.v1";
        }
        let address = turn.address(conn).map(tracing::field::display);
        tracing::info!(conn = conn.as_u64(), address, "connected");
        let Caller { credential, fault, .. } = match self.caller(turn.now(), request) {
            Ok(caller) => caller,
            Err(refusal) => return turn.close(conn, 4001, &refusal.message),
        };
        let mut admission = Admission { network: turn.network(conn), login: None, fault };
        match credential {
            Credential::Nobody => {}
            Credential::Session(session) => params.session = Some(session.into()),
            Credential::Login(login) => admission.login = Some(*login),
        }
        let (seed, admission) = (random(), Box::new(admission));
        self.handle(turn, Input::Opened { client: client(conn), params, seed, admission });
    }

    fn on_deflated(&mut self, turn: &mut Turn<'_>, conn: ConnId, deflated: Deflated) -> bool {
        let Deflated { before, bytes } = deflated;
        let paid = self.chat.charge_inflating(turn.now(), client(conn), before, bytes);
        let Err(refusal) = paid else { return true };
        self.handle(turn, Input::Received { client: client(conn), event: Err(refusal) });
        false
    }

    fn on_message(&mut self, turn: &mut Turn<'_>, conn: ConnId, message: Message) {
        let (bytes, text) = match &message {
            Message::Text(text) => (text.len(), Some(&**text)),
            // Many libraries send what they have as bytes as a binary message, text too.
            Message::Binary(bytes) => (bytes.len(), std::str::from_utf8(bytes).ok()),
        };
        let event = self.chat.read(turn.now(), client(conn), bytes, text);
        let event = event.and_then(|event| self.for_this_address(turn, conn, event));
        let event = event.and_then(|event| self.with_login(turn.now(), conn, event));
        self.handle(turn, Input::Received { client: client(conn), event });
    }

    fn on_part(&mut self, turn: &mut Turn<'_>, conn: ConnId, bytes: Vec<u8>, last: bool) {
        self.on_upload_part(turn, conn, &bytes, last);
    }

    fn on_drained(&mut self, _: &mut Turn<'_>, conn: ConnId) {
        self.on_download_drained(conn);
    }

    fn on_cut(&mut self, _: &mut Turn<'_>, conn: ConnId) {
        self.on_transfer_cut(conn);
    }

    fn on_close(&mut self, turn: &mut Turn<'_>, conn: ConnId, closed: Closed) {
        self.counters.closed.add(closed.code());
        let (received, sent) = turn.counts(conn);
        let timed_out = closed == Closed::NoPong;
        tracing::info!(conn = conn.as_u64(), reason = %closed, received, sent, "disconnected");
        self.handle(turn, Input::Closed { client: client(conn), timed_out });
        if self.lifecycle.on_close(turn.now().at) {
            turn.again();
        }
    }

    fn on_caught_up(&mut self, turn: &mut Turn<'_>, conn: ConnId, missed: &[Missed]) {
        let missed = missed.iter().map(|it| (RoomId(it.stream), it.first, it.last)).collect();
        self.handle(turn, Input::CaughtUp { client: client(conn), missed });
    }

    fn on_wake(&mut self, turn: &mut Turn<'_>) {
        let mut is_begun = false;
        loop {
            self.take_responses(turn.now());
            let is_paged = self.responses.was_long() && self.responses.wants_more();
            let is_over = is_paged || turn.is_full();
            if is_begun && !self.responses.is_empty() && is_over {
                turn.again();
                break;
            }
            let Some(response) = self.responses.next() else { break };
            is_begun = true;
            match response {
                JournalResponse::Saved { request_id } if self.accounts.is_logout(request_id) => {
                    self.finish_logout(turn, request_id, Ok(()));
                }
                JournalResponse::Rejected { request_id, why }
                    if self.accounts.is_logout(request_id) =>
                {
                    self.finish_logout(turn, request_id, Err(Refusal::refused(why)));
                }
                JournalResponse::Unused(blobs) => self.remove_blobs(blobs),
                response => self.handle(turn, Input::Answered(response)),
            }
        }
        self.take_password_outcomes(turn);
        self.take_deliveries(turn);
        self.take_file_outcomes(turn);
        if let Some(certificates) = self.certificates.as_ref().and_then(CertificateReader::take) {
            turn.replace_certificates(certificates);
        }
        let answers_due = !self.responses.is_empty() || self.journal.busy();
        let busy = answers_due || self.accounts.busy();
        if self.lifecycle.is_drained() && !busy && turn.is_settled() {
            turn.exit();
        }
    }

    fn deadline(&self) -> Moment {
        let own = self.lifecycle.end().min(self.notifier.deadline());
        self.chat.deadline().min(self.journal.deadline()).min(own)
    }

    fn on_deadline(&mut self, turn: &mut Turn<'_>) {
        let now = turn.now();
        self.notifier.feed(now.at);
        if self.lifecycle.end() <= now.at {
            let clients = self.lifecycle.clients();
            tracing::info!(clients, "time is up, stopping");
            turn.exit();
        }
        if self.chat.deadline() <= now.at {
            self.handle(turn, Input::Due);
        }
        // The journal does what is due in the next turn's wake.
        if self.journal.deadline() <= now.at {
            turn.again();
        }
    }

    fn memory(&self) -> usize {
        let journal = self.journal.gauges();
        let files = self.files.memory();
        let parts = [self.chat.memory(), journal.cached_bytes, journal.write_bytes, files];
        parts.into_iter().fold(0, usize::saturating_add)
    }

    fn serves_when_full(&self, request: &Request) -> bool {
        matches!(request.path.as_str(), "/healthz" | "/metrics")
    }

    fn on_signal(&mut self, turn: &mut Turn<'_>, signal: i32) {
        match signal {
            SIGHUP => self.reload(turn),
            _ => self.stop(turn, signal),
        }
    }
}

impl Server {
    /// Returns a handler without clients.
    fn new(
        reload: Reload,
        chat: Chat,
        journal: Journal,
        accounts: Accounts,
        bans: bans::Bans,
        files: Files,
    ) -> Self {
        let config = reload.config();
        Self {
            chat,
            journal,
            policy: origin::Policy::new(config.allow_origin.clone(), config.public_url.as_ref()),
            public_url: config.public_url.clone(),
            has_admin_address: config.admin_listen.is_some(),
            hosts: hosts::Hosts::new(config.allow_host.clone(), config.public_url.as_ref()),
            https: Https::default(),
            certificates: None,
            documents: Documents::new(&config.chat, &config.accounts),
            accounts,
            bans,
            effects: Vec::new(),
            responses: Responses::default(),
            text: Vec::new(),
            exchanges: Exchanges::default(),
            files,
            hooks: Hooks::default(),
            counters: metrics::Counters::default(),
            lifecycle: Lifecycle::new(config.drain, config.exit_when_empty),
            reload,
            notifier: Notifier::default(),
        }
    }

    /// Verifies the token in an `auth` event and replaces it by its login.
    fn with_login(
        &mut self,
        now: Now,
        conn: ConnId,
        event: ClientEvent,
    ) -> Result<ClientEvent, Refusal> {
        let ClientEvent { id, room, command } = event;
        let Command::Auth(token) = command else { return Ok(ClientEvent { id, room, command }) };
        let login =
            self.chat.charge_token(now, client(conn)).and_then(|()| self.verify_token(now, &token));
        let login = login.and_then(|login| {
            self.check_banned(now, None, Some(login.author))?;
            Ok(login)
        });
        match login {
            Ok(login) => Ok(ClientEvent { id, room, command: Command::LogIn(Box::new(login)) }),
            Err(refusal) => Err(refusal.re(id)),
        }
    }

    /// Hands an input to the chat and performs its effects.
    fn handle(&mut self, turn: &mut Turn<'_>, input: Input) {
        let mut effects = std::mem::take(&mut self.effects);
        self.chat.handle(turn.now(), input, &mut effects);
        for effect in effects.drain(..) {
            self.perform(turn, effect);
        }
        self.effects = effects;
    }

    fn perform(&mut self, turn: &mut Turn<'_>, effect: Effect) {
        self.counters.on_effect(&effect);
        match effect {
            Effect::Reply { client, event } => self.reply(turn, client, &event),
            Effect::Respond { caller, event } => self.respond(turn, caller, &event),
            Effect::Hold { client } => turn.hold(conn(client)),
            Effect::Release { client } => turn.release(conn(client)),
            Effect::Broadcast { room, event, except, seq } => {
                self.broadcast(turn, room, None, &event, except.as_slice(), seq);
            }
            Effect::Whisper { room, to, event, except, seq } => {
                self.broadcast(turn, room, Some(&to), &event, except.as_slice(), seq);
            }
            Effect::Hint { room, event, except } => {
                self.broadcast(turn, room, None, &event, &except, None);
            }
            Effect::Deliver(delivery) => self.deliver(turn, &delivery),
            Effect::Journal(request) => self.journal.submit(turn.now(), request),
            Effect::Close { client, code, reason } => turn.close(conn(client), code, &reason),
        }
    }

    fn reply(&mut self, turn: &mut Turn<'_>, client: ClientId, event: &ServerEvent) {
        self.text.clear();
        let mode = self.chat.output_mode(client);
        let links = self.public_url.as_ref();
        if event.render(mode, turn.now().unix_ms, links, &mut self.text) {
            turn.send(conn(client), &self.text);
        }
    }

    /// Sends an event to the audience of a room, or only to some of it. Renders it once per output
    /// form.
    fn broadcast(
        &mut self,
        turn: &mut Turn<'_>,
        room: RoomId,
        to: Option<&[Listener]>,
        event: &ServerEvent,
        except: &[ClientId],
        seq: Option<u64>,
    ) {
        let class = match seq {
            Some(number) => FrameClass::Numbered { stream: room.0, number },
            None => FrameClass::Ephemeral,
        };
        if let ServerEvent::Message { room, seq, content, .. } = event {
            tracing::debug!(room = %log::Escaped(room), seq, bytes = content.len(), "message");
        }
        let audience = to.unwrap_or_else(|| self.chat.audience(room));
        let (mut json, mut text, mut simple) = (false, false, false);
        for listener in audience {
            match listener.mode {
                OutputMode::Json => json = true,
                OutputMode::Text => text = true,
                OutputMode::Simple => simple = true,
            }
        }
        for (mode, used) in
            [(OutputMode::Json, json), (OutputMode::Text, text), (OutputMode::Simple, simple)]
        {
            self.text.clear();
            let links = self.public_url.as_ref();
            if !used || !event.render(mode, turn.now().unix_ms, links, &mut self.text) {
                continue;
            }
            let hears = |it: &&Listener| it.mode == mode && !except.contains(&it.client);
            let recipients = audience.iter().filter(hears).map(|it| conn(it.client));
            turn.deliver(Broadcast::new(class, &self.text), recipients);
        }
    }

    /// Takes the journal's responses once all earlier ones but pages are handled.
    fn take_responses(&mut self, now: Now) {
        if self.responses.wants_more() {
            let mut responses = Vec::new();
            self.journal.responses(now, &mut responses);
            responses.into_iter().for_each(|response| self.responses.push(response));
        }
    }
}

/// Returns the chat's id of a connection.
fn client(conn: ConnId) -> ClientId {
    ClientId(conn.as_u64())
}

/// Returns the connection of a client.
fn conn(client: ClientId) -> ConnId {
    ConnId::from_u64(client.0)
}
