//! A visit to the chat: opens a WebSocket, and exchanges events over it.

use std::{io, thread, time::Duration};

use serde_json::{Value, json};

use super::connection::{Deadline, PATIENCE};
use super::outcome::{Outcome, Report, fail, pass, skip};
use super::place::Place;
use super::proxy::why;
use super::socket::{Opening, WebSocket};
use crate::clock::Clock;
use crate::server::random;

/// A visit.
pub(super) struct Visit<'a> {
    pub(super) place: &'a Place,
    /// A token that stands for the visitor, where guests may not come in.
    token: Option<&'a str>,
    /// A token by which the room can be removed.
    pub(super) admin: Option<&'a str>,
    pub(super) room: String,
    pub(super) socket: Option<WebSocket>,
    pub(super) welcome: Value,
    /// How far the server's clock is ahead, in milliseconds, by what `welcome` says.
    pub(super) ahead_ms: i64,
    /// The messages that were sent, by their `mid`.
    pub(super) sent: Vec<u64>,
    ids: u32,
}

/// What came of a message.
pub(super) struct Posted {
    pub(super) seq: u64,
    pub(super) durable: String,
    /// Whether it came back compressed.
    pub(super) compressed: bool,
    pub(super) took: Duration,
}

impl<'a> Visit<'a> {
    /// Opens a WebSocket, as a page of the server would, and reports what comes of it. Returns `None` if
    /// none can be opened.
    pub(super) fn begin(
        report: &mut Report,
        place: &'a Place,
        admin: Option<&'a str>,
    ) -> Option<Self> {
        let [a, b, c, d] = random();
        let room = format!("doctor-{a:02x}{b:02x}{c:02x}{d:02x}");
        let mut visit = Self {
            place,
            token: None,
            admin,
            room,
            socket: None,
            welcome: Value::Null,
            ahead_ms: 0,
            sent: Vec::new(),
            ids: 0,
        };
        let own = place.origin();
        let mut opening = visit.knock(Some(&own), "");
        if admin.is_some() && refused_with(&opening, 401) {
            visit.token = admin;
            opening = visit.knock(Some(&own), "");
        }
        let is_refused = refused_with(&opening, 403);
        if is_refused {
            opening = visit.knock(None, "");
        }
        let upgrade = visit.enter(opening);
        let is_open = matches!(upgrade, Outcome::Pass(_));
        report.add("upgrade", upgrade);
        if !is_open {
            return None;
        }
        report.add("Origin rule", visit.check_origin(is_refused));
        Some(visit)
    }

    /// Tries to open a WebSocket.
    fn knock(&self, origin: Option<&str>, query: &str) -> io::Result<Opening> {
        let mut headers = origin.map_or_else(String::new, |it| format!("Origin: {it}\r\n"));
        if let Some(token) = self.token {
            headers += &format!("Authorization: Bearer {token}\r\n");
        }
        let room = &self.room;
        let query = format!("name=doctor&room={room}&echo=1&history=0{query}");
        WebSocket::open(self.place, &query, &headers)
    }

    /// Takes in the `welcome`.
    fn enter(&mut self, opening: io::Result<Opening>) -> Outcome {
        let mut socket = match opening {
            Ok(Opening::Open(socket)) => *socket,
            Ok(Opening::Refused(reply)) => {
                return match reply.status {
                    401 => skip("the server lets in accounts only; give a --token"),
                    426 => fail(format!(
                        "the answer is {}: have the proxy speak HTTP/1.1 and pass on Upgrade and \
                         Connection (nginx: proxy_http_version, proxy_set_header)",
                        why(&reply)
                    )),
                    _ => fail(format!("the answer is {}", why(&reply))),
                };
            }
            Err(error) => return fail(format!("no WebSocket: {error}")),
        };
        let mut welcome = Value::Null;
        let told = socket.until(&Deadline::after(PATIENCE), |event, _| {
            welcome = event.clone();
            event["type"] == "welcome"
        });
        if let Err(error) = told {
            return fail(format!(
                "a WebSocket opens, but nothing comes: {error}; does the proxy pass on what comes \
                 after the answer 101 at once?"
            ));
        }
        let server_ms = welcome["ts"].as_i64().unwrap_or_default();
        self.ahead_ms = server_ms.saturating_sub(unix_ms());
        if self.welcome.is_null() {
            self.welcome = welcome;
        }
        self.socket = Some(socket);
        pass("a WebSocket opens")
    }

    fn check_origin(&self, own_is_refused: bool) -> Outcome {
        let own = self.place.origin();
        if own_is_refused {
            return fail(format!(
                "the server refuses its own page, {own}: have the proxy pass on Host and \
                 X-Forwarded-Proto, or start the server with --public-url {own}"
            ));
        }
        match self.knock(Some(FOREIGN), "") {
            Ok(Opening::Refused(reply)) if reply.status == 403 => {
                pass(format!("pages of {own} may connect, others may not"))
            }
            Ok(Opening::Open(_)) => fail(
                "pages of any other origin may connect: remove --allow-origin *, and have the \
                 proxy pass on Origin",
            ),
            Ok(Opening::Refused(reply)) => {
                skip(format!("a page of another origin is answered {}", why(&reply)))
            }
            Err(error) => skip(format!("a page of another origin is not answered: {error}")),
        }
    }

    /// Opens a WebSocket in the place of the one before.
    pub(super) fn come_back(&mut self, query: &str) -> io::Result<()> {
        self.socket = None;
        let session = self.welcome["payload"]["session"].as_str();
        let session = session.map_or_else(String::new, |key| format!("&session={key}"));
        let opening = self.knock(None, &format!("{session}{query}"));
        match self.enter(opening) {
            Outcome::Pass(_) => Ok(()),
            Outcome::Fail(why) | Outcome::Skipped(why) => Err(io::Error::other(why)),
        }
    }

    pub(super) fn socket(&mut self) -> io::Result<&mut WebSocket> {
        self.socket.as_mut().ok_or_else(|| io::Error::other("no connection any more"))
    }

    /// Sends a message, and waits until it is acknowledged and has come back.
    pub(super) fn post(&mut self, content: &str, compress: bool) -> io::Result<Posted> {
        let wait = Deadline::after(PATIENCE);
        let (mut ack, mut echo) = (None, None);
        let event = json!({ "type": "send_message", "payload": { "content": content } });
        self.exchange(event, compress, |event, answers, compressed| {
            if answers && event["type"] == "ack" {
                ack = Some(event.clone());
            }
            if event["type"] == "message" && event["payload"]["content"] == content {
                echo = Some(compressed);
            }
            ack.is_some() && echo.is_some()
        })?;
        let ack = ack.unwrap_or_default();
        self.sent.extend(ack["payload"]["mid"].as_u64());
        Ok(Posted {
            seq: ack["seq"].as_u64().unwrap_or_default(),
            durable: ack["payload"]["durable"].as_str().unwrap_or("?").to_owned(),
            compressed: echo.unwrap_or_default(),
            took: wait.elapsed(),
        })
    }

    /// Sends an event, and waits for the answer to it.
    pub(super) fn request(
        &mut self,
        event: Value,
        is_answer: impl Fn(&Value) -> bool,
    ) -> io::Result<()> {
        self.exchange(event, false, |event, answers, _| answers && is_answer(event))
    }

    /// Sends an event and reads until `is_done`, which is told whether an event answers that one, and
    /// whether it came compressed. What was too fast is sent again.
    fn exchange(
        &mut self,
        mut event: Value,
        compress: bool,
        mut is_done: impl FnMut(&Value, bool, bool) -> bool,
    ) -> io::Result<()> {
        let mut patience = 5_u32;
        loop {
            self.ids += 1;
            let id = id_of(self.ids);
            event["id"] = id.as_str().into();
            event["room"] = self.room.as_str().into();
            let socket = self.socket()?;
            socket.send(&event.to_string(), compress)?;
            let mut refusal = None;
            socket.until(&Deadline::after(PATIENCE), |event, compressed| {
                let answers = event["re"] == *id;
                if answers && event["type"] == "error" {
                    refusal = Some(event["payload"].clone());
                }
                refusal.is_some() || is_done(event, answers, compressed)
            })?;
            let Some(refusal) = refusal else { return Ok(()) };
            let wait_ms = refusal["retry_after_ms"].as_u64();
            patience = patience.saturating_sub(1);
            match wait_ms.filter(|wait| patience > 0 && *wait <= 5000) {
                Some(wait_ms) => thread::sleep(Duration::from_millis(wait_ms)),
                None => {
                    let why = refusal["message"].as_str().unwrap_or("no reason is given");
                    return Err(io::Error::other(format!("the server refuses: {why}")));
                }
            }
        }
    }
}

pub(super) fn id_of(number: u32) -> String {
    format!("doctor-{number:04}")
}

fn refused_with(opening: &io::Result<Opening>, status: u16) -> bool {
    matches!(opening, Ok(Opening::Refused(reply)) if reply.status == status)
}

fn unix_ms() -> i64 {
    i64::try_from(Clock::start().now().unix_ms).unwrap_or(i64::MAX)
}

/// A page that nobody has.
const FOREIGN: &str = "https://doctor.invalid";
