//! What a client does in the chat, tried in a private room of its own.

use std::{io, time::Duration};

use serde_json::json;

use super::connection::{Deadline, PATIENCE};
use super::outcome::{Outcome, Report, fail, pass, skip};
use super::proxy::why;
use super::socket::WebSocket;
use super::visit::{Posted, Visit, id_of};
use crate::server::health::Health;

/// The checks that need a WebSocket.
pub(super) const CHECKS: [&str; 6] =
    ["message", "clock", "largest message", "compression", "resume", "idle"];

impl Visit<'_> {
    /// Does the other checks, the last one for as long as `idle`, and leaves.
    pub(super) fn check(
        mut self,
        report: &mut Report,
        health: Option<&Health>,
        idle: Option<Duration>,
    ) {
        let [message, clock, largest, compression, resume, silence] = CHECKS;
        let outcome = self.check_message();
        report.add(message, self.settle(outcome));
        report.add(clock, self.check_clock());
        let outcome = self.check_largest();
        report.add(largest, self.settle(outcome));
        let outcome = self.check_compression(health);
        report.add(compression, self.settle(outcome));
        let outcome = self.check_resume();
        report.add(resume, self.settle(outcome));
        let outcome = match idle {
            Some(idle) => self.check_idle(idle),
            None => Ok(skip("takes a minute; give --full")),
        };
        report.add(silence, self.settle(outcome));
        // Nothing depends on it.
        _ = self.leave();
    }

    /// Makes a failure of an error, and comes back after it.
    fn settle(&mut self, outcome: io::Result<Outcome>) -> Outcome {
        outcome.unwrap_or_else(|error| {
            // If that fails, so do the checks that follow.
            _ = self.come_back("");
            fail(error.to_string())
        })
    }

    fn check_message(&mut self) -> io::Result<Outcome> {
        self.moderate("make_private")?;
        let Posted { durable, took, .. } = self.post("Is anybody here?", false)?;
        let took = took.as_millis();
        Ok(pass(format!("written ({durable}) and back within {took} ms")))
    }

    fn check_clock(&self) -> Outcome {
        let ahead_s = self.ahead_ms.saturating_abs() / 1000;
        let which = if self.ahead_ms > 0 { "ahead of" } else { "behind" };
        match ahead_s {
            ..=CLOCK_S_MAX => pass("the server's and this one differ by a few seconds at most"),
            _ => fail(format!(
                "the server's is {ahead_s} s {which} this one; set both by NTP (timedatectl)"
            )),
        }
    }

    fn check_largest(&mut self) -> io::Result<Outcome> {
        let limits = &self.welcome["payload"]["limits"];
        let limit = |name: &str| {
            limits[name].as_u64().and_then(|it| usize::try_from(it).ok()).unwrap_or(1000)
        };
        let chars = limit("content").min(CONTENT_CHARS_MAX);
        let bytes = limit("frame").min(FRAME_BYTES_MAX);
        let named = |what: String| {
            move |error: io::Error| io::Error::new(error.kind(), format!("{what}: {error}"))
        };
        self.post(&"😀".repeat(chars), false)
            .map_err(named(format!("a message of {chars} characters did not come back")))?;
        let room = &self.room;
        let empty = json!({ "type": "ping", "id": id_of(0), "room": room, "pad": "" }).to_string();
        let pad = "x".repeat(bytes.saturating_sub(empty.len()));
        let ping = json!({ "type": "ping", "pad": pad });
        self.request(ping, |event| event["type"] == "pong")
            .map_err(named(format!("a frame of {bytes} bytes did not get through")))?;
        let body = json!({ "content": "", "pad": "x".repeat(BODY_BYTES) }).to_string();
        let path = format!("api/rooms/{}/messages", self.room);
        let reply = self
            .place
            .ask("POST", &path, "", &body)
            .map_err(named(format!("a request of {BODY_BYTES} bytes did not get through")))?;
        // What the server itself refuses, it says in JSON.
        Ok(match reply.json() {
            Some(_) => pass(format!("a message of {bytes} bytes, a request of {BODY_BYTES}")),
            None => fail(format!(
                "the proxy answers {} to a request of {BODY_BYTES} bytes; raise its limit (nginx: \
                 client_max_body_size)",
                why(&reply)
            )),
        })
    }

    fn check_compression(&mut self, health: Option<&Health>) -> io::Result<Outcome> {
        if !self.socket.as_ref().is_some_and(WebSocket::deflates) {
            let text = "it was offered, and not agreed on: a proxy removes \
                        Sec-WebSocket-Extensions, or the server runs with --compression off";
            return Ok(match health {
                Some(health) if health.compression => {
                    fail("the proxy removes Sec-WebSocket-Extensions; have it pass that on")
                }
                _ => skip(text),
            });
        }
        let Posted { compressed, .. } = self.post(&"compress me ".repeat(150), true)?;
        Ok(match compressed {
            true => pass("messages are compressed both ways"),
            false => skip("the server sent a long message as it is"),
        })
    }

    /// Loses the connection and checks that what came meanwhile is sent again.
    fn check_resume(&mut self) -> io::Result<Outcome> {
        let first = self.post("before", false)?.seq;
        let second = self.post("after", false)?.seq;
        let epoch = self.welcome["payload"]["epoch"].as_str().unwrap_or_default().to_owned();
        let room = self.room.clone();
        self.come_back(&format!("&epoch={epoch}&after={room}:{first}"))?;
        let (mut complete, mut missed) = (false, false);
        self.socket()?.until(&Deadline::after(PATIENCE), |event, _| {
            match event["type"].as_str() {
                Some("resumed") => complete = event["payload"]["rooms"][&room]["complete"] == true,
                Some("message") => missed |= event["seq"] == second,
                _ => {}
            }
            event["type"] == "live" && event["room"] == *room
        })?;
        Ok(match complete && missed {
            true => pass("a client that comes back gets what it missed"),
            false => fail("a client that came back was not sent what it missed"),
        })
    }

    /// Sends nothing for so long but answers to pings.
    fn check_idle(&mut self, idle: Duration) -> io::Result<Outcome> {
        let quiet = Deadline::after(idle);
        let ended = self.socket()?.until(&quiet, |_, _| false);
        if let Err(error) = ended
            && error.kind() != io::ErrorKind::TimedOut
        {
            let seconds = quiet.elapsed().as_secs();
            let pings_s = self.welcome["payload"]["ping_ms"].as_u64().unwrap_or_default() / 1000;
            return Err(io::Error::other(format!(
                "{error} after {seconds} s without a message: raise the proxy's timeout (nginx: \
                 proxy_read_timeout, HAProxy: timeout tunnel) above the {pings_s} s after which \
                 the server pings, or lower --ping-after"
            )));
        }
        self.request(json!({ "type": "ping" }), |event| event["type"] == "pong")?;
        Ok(pass(format!("a silent connection is alive after {} s", idle.as_secs())))
    }

    /// Deletes what was said, and removes the room if that is possible.
    fn leave(&mut self) -> io::Result<()> {
        for mid in std::mem::take(&mut self.sent) {
            let delete = json!({ "type": "delete_message", "payload": { "mid": mid } });
            self.request(delete, |event| event["type"] == "ack")?;
        }
        if let Some(token) = self.admin {
            // Nothing is in it any more, and administrators see no private room of others.
            self.moderate("make_public")?;
            let header = format!("Authorization: Bearer {token}\r\n");
            self.place.ask("DELETE", &format!("api/rooms/{}", self.room), &header, "")?;
        }
        self.socket.take().map_or(Ok(()), WebSocket::close)
    }

    fn moderate(&mut self, action: &str) -> io::Result<()> {
        let event = json!({ "type": "moderate", "payload": { "action": action } });
        self.request(event, |event| event["type"] == "ack")
    }
}

/// Beyond this, tokens and expiring messages end at times that nobody expects.
const CLOCK_S_MAX: i64 = 5;
/// What is tried of limits above these.
const CONTENT_CHARS_MAX: usize = 100_000;
const FRAME_BYTES_MAX: usize = 1024 * 1024;
/// Less than the server's own limit.
const BODY_BYTES: usize = 60_000;
