//! `/api/admin`: the administration of a server at work.
//!
//! All but the removal of rooms is answered at once. Lists come in parts of a bounded length, and each
//! request is charged like a query.

use std::borrow::Cow;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::chat::record::{JournalRequest, PutKeyValues};
use crate::chat::{ClientId, Code, Input, Refusal};
use crate::config::{LogLevel, Value as _};
use crate::http::{Method, Request, Response, Status};
use crate::net::proxy::Trusted;
use crate::net::{ConnId, Turn};
use crate::server::accounts::{Caller, check_admin};
use crate::server::bans::{Ban, Bound};
use crate::server::exchange::{EarlyResponse, decode_segment, network, read_body};
use crate::server::operations::ADMIN;
use crate::server::{Server, conn as conn_of};

/// The body of a request to send everybody a notice.
#[derive(Deserialize, JsonSchema)]
pub(in crate::server) struct NewNotice {
    message: String,
}

/// The body of a request to ban.
#[derive(Deserialize, JsonSchema)]
pub(in crate::server) struct NewBan {
    /// `account:NAME` or `network:NETWORK`.
    who: String,
    /// How long; for ever if absent.
    seconds: Option<u64>,
    /// What those bound by it are told.
    reason: Option<String>,
}

/// The minimum level of the log.
#[derive(Deserialize, JsonSchema, Serialize)]
pub(in crate::server) struct LevelOfLog<'a> {
    level: Cow<'a, str>,
}

/// A part of the open WebSockets.
#[derive(JsonSchema, Serialize)]
pub(in crate::server) struct ListedConnections {
    connections: Vec<ListedConnection>,
    /// The `from` of the next part, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<usize>,
}

#[derive(JsonSchema, Serialize)]
struct ListedConnection {
    id: String,
    /// The name of its user.
    name: Arc<str>,
    /// Whether that is an account's.
    account: bool,
    /// Its IP address.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// The public rooms it has joined.
    rooms: Vec<Arc<str>>,
    /// When it was opened, in Unix milliseconds.
    since: u64,
    /// Bytes that it has not taken yet.
    bytes: usize,
}

/// A part of the public rooms.
#[derive(JsonSchema, Serialize)]
pub(in crate::server) struct ListedRooms {
    rooms: Vec<ListedRoom>,
    /// The `from` of the next part, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<usize>,
}

#[derive(JsonSchema, Serialize)]
struct ListedRoom {
    /// Its name.
    room: Arc<str>,
    /// The number of users in it.
    users: usize,
    /// The number of connections that receive its events.
    connections: usize,
    /// The `seq` of its newest entry.
    seq: u64,
}

/// A part of the bans from the server.
#[derive(JsonSchema, Serialize)]
pub(in crate::server) struct ListedBans<'a> {
    bans: Vec<ListedBan<'a>>,
    /// The `from` of the next part, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<usize>,
}

#[derive(JsonSchema, Serialize)]
struct ListedBan<'a> {
    /// What it is lifted by.
    who: String,
    /// When it ends, in Unix milliseconds; never if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<u64>,
    reason: &'a str,
}

/// A ban that was added.
#[derive(JsonSchema, Serialize)]
pub(in crate::server) struct Banned {
    /// What it is lifted by.
    who: String,
    /// When it ends, in Unix milliseconds; never if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<u64>,
    /// The number of connections it closed.
    closed: usize,
}

/// A ban that was lifted.
#[derive(JsonSchema, Serialize)]
pub(in crate::server) struct Unbanned<'a> {
    who: &'a str,
}

/// The number of connections that were closed.
#[derive(JsonSchema, Serialize)]
pub(in crate::server) struct ConnectionsClosed {
    closed: usize,
}

/// The number of connections that were sent a notice.
#[derive(JsonSchema, Serialize)]
pub(in crate::server) struct Notified {
    clients: usize,
}

/// Whether the server shuts down.
#[derive(JsonSchema, Serialize)]
pub(in crate::server) struct Draining {
    draining: bool,
}

impl Server {
    /// Answers a request below [`ADMIN`].
    pub(super) fn administer(
        &mut self,
        turn: &mut Turn<'_>,
        conn: ConnId,
        request: &Request,
        caller: &Caller,
    ) -> Result<Response, EarlyResponse> {
        let rest = request.path.strip_prefix(ADMIN).unwrap_or_default();
        let mut parts = rest.split('/').skip(1);
        let (what, which) = (parts.next().unwrap_or_default(), parts.next());
        check_admin(caller)?;
        self.chat.charge_request(turn.now(), network(turn, conn))?;
        match (what, which) {
            ("connections", Some(id)) => self.close_connection(turn, id),
            ("connections", None) => self.list_connections(turn, request),
            ("users", name) => self.close_all_of(turn, name.unwrap_or_default()),
            ("bans", Some(who)) => self.lift(turn, who),
            ("bans", None) if request.method == Method::Post => self.ban(turn, request),
            ("bans", None) => self.list_bans(turn, request),
            ("rooms", _) => self.list_rooms(request),
            ("health", _) => Ok(self.health()),
            ("notice", _) => self.announce(turn, request),
            ("log-level", _) => self.log_level(request),
            ("drain", _) => {
                tracing::info!(
                    clients = self.lifecycle.clients(),
                    "draining: an administrator asks"
                );
                self.begin_drain(turn);
                Ok(done(&Draining { draining: true }))
            }
            _ => Err(EarlyResponse::not_found()),
        }
    }

    fn list_connections(
        &self,
        turn: &Turn<'_>,
        request: &Request,
    ) -> Result<Response, EarlyResponse> {
        let part = self.chat.connections(position(request)?);
        let line = |it: crate::chat::Connection| {
            let conn = conn_of(it.client);
            ListedConnection {
                id: it.client.0.to_string(),
                name: it.name,
                account: it.account,
                address: turn.address(conn).map(|address| address.to_string()),
                rooms: it.rooms,
                since: it.since,
                bytes: turn.owed(conn),
            }
        };
        let connections = part.items.into_iter().map(line).collect();
        Ok(done(&ListedConnections { connections, next: part.next }))
    }

    fn list_rooms(&self, request: &Request) -> Result<Response, EarlyResponse> {
        let part = self.chat.public_rooms(position(request)?);
        let line = |it: crate::chat::ListedRoom| {
            let crate::chat::ListedRoom { name: room, users, connections, seq } = it;
            ListedRoom { room, users, connections, seq }
        };
        let rooms = part.items.into_iter().map(line).collect();
        Ok(done(&ListedRooms { rooms, next: part.next }))
    }

    fn close_connection(&self, turn: &mut Turn<'_>, id: &str) -> Result<Response, EarlyResponse> {
        let client = id.parse().ok().map(ClientId).filter(|client| self.chat.has_client(*client));
        let client =
            client.ok_or_else(|| Refusal::new(Code::NoSuchUser, "there is no such connection"))?;
        turn.close(conn_of(client), KICKED, WHY);
        Ok(done(&ConnectionsClosed { closed: 1 }))
    }

    fn close_all_of(&self, turn: &mut Turn<'_>, name: &str) -> Result<Response, EarlyResponse> {
        let name = decode_segment(name)?;
        let clients = self
            .chat
            .connections_of(&name)
            .ok_or_else(|| Refusal::new(Code::NoSuchUser, "there is no such user"))?;
        for client in &clients {
            turn.close(conn_of(*client), KICKED, WHY);
        }
        Ok(done(&ConnectionsClosed { closed: clients.len() }))
    }

    fn list_bans(&self, turn: &Turn<'_>, request: &Request) -> Result<Response, EarlyResponse> {
        let (from, count) = (position(request)?, self.chat.limits().listed_max);
        let mut all = self.bans.list(turn.now().unix_ms).skip(from);
        let listed = all.by_ref().take(count);
        let bans =
            listed.map(|(who, ban)| ListedBan { who, until: ban.until, reason: &ban.reason });
        let bans = bans.collect();
        let next = all.next().map(|_| from.saturating_add(count));
        Ok(done(&ListedBans { bans, next }))
    }

    /// Adds a ban, and closes the connections that it binds.
    fn ban(&mut self, turn: &mut Turn<'_>, request: &Request) -> Result<Response, EarlyResponse> {
        let NewBan { who, seconds, reason } = read_body(request)?;
        let reason = reason.unwrap_or_default().trim().into();
        self.chat.check_announcement(&reason)?;
        let expected = "who: account:NAME or network:NETWORK is expected";
        let bad = || Refusal::new(Code::BadField, expected);
        let (kind, text) = who.split_once(':').ok_or_else(bad)?;
        let (bound, name) = match kind {
            "account" => {
                let account = self
                    .chat
                    .account_named(text)
                    .ok_or_else(|| Refusal::new(Code::NoSuchUser, "there is no such account"))?;
                (Bound::Account(account.author), Arc::clone(&account.name))
            }
            "network" => {
                let bound = Bound::network(text)?;
                let Bound::Network(network) = &bound else { return Err(bad().into()) };
                let name = network.text().into();
                (bound, name)
            }
            _ => return Err(bad().into()),
        };
        let now = turn.now();
        let until = seconds.map(|seconds| now.unix_ms.saturating_add(seconds.saturating_mul(1000)));
        let ban = Ban { name: Arc::clone(&name), until, reason };
        let key_values = self.bans.add(bound.clone(), ban, now.unix_ms)?;
        let put = PutKeyValues { request_id: None, key_values };
        self.journal.submit(now, JournalRequest::Put(put));
        let bound = match bound {
            Bound::Account(_) => self.chat.connections_of(&name).unwrap_or_default(),
            Bound::Network(network) => self.connections_from(turn, network),
        };
        for client in &bound {
            turn.close(conn_of(*client), BANNED, "banned from this server");
        }
        tracing::info!(kind, closed = bound.len(), "banned from the server");
        Ok(done(&Banned { who: format!("{kind}:{name}"), until, closed: bound.len() }))
    }

    fn connections_from(&self, turn: &Turn<'_>, network: Trusted) -> Vec<ClientId> {
        let (mut found, mut next) = (Vec::new(), Some(0));
        while let Some(from) = next {
            let part = self.chat.connections(from);
            let clients = part.items.iter().map(|it| it.client);
            found.extend(clients.filter(|client| {
                turn.address(conn_of(*client)).is_some_and(|address| network.contains(address))
            }));
            next = part.next;
        }
        found
    }

    fn lift(&mut self, turn: &Turn<'_>, who: &str) -> Result<Response, EarlyResponse> {
        let who = decode_segment(who)?;
        let record = self.bans.lift(&who);
        let record =
            record.ok_or_else(|| Refusal::new(Code::NoSuchUser, "there is no such ban"))?;
        let put = PutKeyValues { request_id: None, key_values: vec![record] };
        self.journal.submit(turn.now(), JournalRequest::Put(put));
        Ok(done(&Unbanned { who: &who }))
    }

    fn announce(
        &mut self,
        turn: &mut Turn<'_>,
        request: &Request,
    ) -> Result<Response, EarlyResponse> {
        let NewNotice { message } = read_body(request)?;
        let message = message.trim().into();
        self.chat.check_announcement(&message)?;
        if message.is_empty() {
            return Err(Refusal::new(Code::BadField, "message: a text is expected").into());
        }
        self.handle(turn, Input::Announced { message });
        Ok(done(&Notified { clients: self.chat.clients() }))
    }

    fn log_level(&self, request: &Request) -> Result<Response, EarlyResponse> {
        if request.method == Method::Post {
            let LevelOfLog { level } = read_body(request)?;
            let level = LogLevel::parse(&level)
                .map_err(|why| Refusal::new(Code::BadField, format!("level: {why}")))?;
            self.reload.log_level().set(level);
        }
        Ok(done(&LevelOfLog { level: self.reload.log_level().get().text().into() }))
    }
}

/// The close code of connections that a ban binds.
const BANNED: u16 = 4003;
/// The close code and reason of connections that an administrator closes.
const KICKED: u16 = 4004;
const WHY: &str = "closed by an administrator";

/// Reads the position at which a list goes on.
fn position(request: &Request) -> Result<usize, Refusal> {
    let mut query = form_urlencoded::parse(request.query.as_bytes());
    let Some((_, from)) = query.find(|(key, value)| key == "from" && !value.is_empty()) else {
        return Ok(0);
    };
    from.parse().map_err(|_| Refusal::new(Code::BadField, "from: a whole number is expected"))
}

fn done(body: &impl Serialize) -> Response {
    Response::json(Status(200), serde_json::json!(body).to_string())
}
