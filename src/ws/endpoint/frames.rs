//! The WebSocket part of a connection: frames, pings, the closing handshake.

use std::time::Duration;

use super::{Endpoint, Event};
use crate::clock::{Moment, Now};
use crate::rate::{Rate, Taken};
use crate::ws::close::{self, Closed};
use crate::ws::deflate::Shared;
use crate::ws::frame::{self, Opcode};
use crate::ws::message::{self, Incoming, Unit};
use crate::ws::violation::{Violation, code};

impl Endpoint {
    pub(super) fn receive_frames(
        &mut self,
        now: Now,
        shared: &mut Shared,
        input: &mut &mut [u8],
        out: &mut Vec<u8>,
    ) -> Option<Event> {
        loop {
            let unit = match self.receive_unit(now, shared, input) {
                Ok(Some(unit)) => unit,
                Ok(None) => return None,
                Err(violation) => {
                    *input = &mut [];
                    return Some(self.fail(now, shared, violation, out));
                }
            };
            match unit {
                Unit::Message(message) if self.is_open() => return Some(Event::Message(message)),
                Unit::Deflated(deflated) if self.is_open() => {
                    return Some(Event::Deflated(deflated));
                }
                // Our Close is sent: only the peer's Close counts.
                Unit::Message(_) => {}
                Unit::Deflated(_) => self.skip_message(),
                Unit::Close(body) => {
                    *input = &mut [];
                    return Some(self.on_close(now, shared, &body, out));
                }
                Unit::Ping(payload) if self.is_open() && !self.is_flooding() => {
                    frame::encode(Opcode::Pong, false, &payload, out);
                }
                Unit::Ping(_) | Unit::Pong => {}
            }
        }
    }

    /// Discards the message that is arriving, without inflating the rest of it. There is no context
    /// that later messages would need of it (RFC 7692 §7.1.1.2).
    pub fn skip_message(&mut self) {
        if let Some(incoming) = &mut self.incoming {
            incoming.skip();
        }
    }

    fn receive_unit(
        &mut self,
        now: Now,
        shared: &mut Shared,
        input: &mut &mut [u8],
    ) -> Result<Option<Unit>, Violation> {
        if input.is_empty() {
            return Ok(None);
        }
        let deflate = self.deflate.is_some();
        if self.incoming.is_none() {
            let unit = message::take_whole(&shared.limits, deflate, input)?;
            if let Some(unit) = unit {
                if !matches!(unit, Unit::Message(_)) {
                    self.count_frames(now, shared, 1)?;
                }
                return Ok(Some(unit));
            }
            if self.is_open() {
                let message_due = now.at.after(shared.limits.message_within);
                self.deadline = self.deadline.min(message_due);
            }
        }
        let mut incoming = self.incoming.take().unwrap_or_else(|| Box::new(Incoming::new(now.at)));
        let unit = incoming.receive(shared, deflate, input)?;
        self.count_frames(now, shared, incoming.take_uncounted())?;
        if !incoming.is_empty() {
            self.incoming = Some(incoming);
        }
        Ok(unit)
    }

    /// Counts fragments and control frames. Those above the rate are read and otherwise ignored, but
    /// not for long.
    fn count_frames(&mut self, now: Now, shared: &Shared, count: u32) -> Result<(), Violation> {
        let limits = &shared.limits;
        let rate = Rate::per_second(limits.frames_per_second, limits.frames_burst);
        let second = u32::try_from(now.at.as_millis() / 1000).unwrap_or(u32::MAX);
        for _ in 0..count {
            match self.frames.take(now.at, rate) {
                Taken::Easily => self.over_since = 0,
                Taken::Hardly => {}
                Taken::No(_) if self.over_since == 0 => self.over_since = second.saturating_add(1),
                Taken::No(_) => {
                    let over = second.saturating_sub(self.over_since.saturating_sub(1));
                    if Duration::from_secs(over.into()) >= limits.frames_over_max {
                        return Err(Violation::TooManyFrames);
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether there are too many fragments and control frames.
    pub fn is_flooding(&self) -> bool {
        self.over_since != 0
    }

    /// §5.5.1: answers the peer's Close with its own code, or takes it as the answer to ours.
    fn on_close(&mut self, now: Now, shared: &Shared, body: &[u8], out: &mut Vec<u8>) -> Event {
        let (code, reason) = match close::parse(body) {
            Ok(parsed) => parsed,
            Err(violation) => return self.fail(now, shared, violation, out),
        };
        let was_open = self.is_open();
        self.shut(now, shared);
        if !was_open {
            return Event::Closed(Closed::ByUs { code: self.close_code });
        }
        close::encode(code, "", out);
        Event::Closed(Closed::ByPeer { code, reason: reason.into() })
    }

    /// Fails the connection (§7.1.7): sends a Close, unless ours is sent, and reads no more.
    pub(super) fn fail(
        &mut self,
        now: Now,
        shared: &Shared,
        violation: Violation,
        out: &mut Vec<u8>,
    ) -> Event {
        let was_open = self.is_open();
        self.shut(now, shared);
        if !was_open {
            return Event::Closed(Closed::ByUs { code: self.close_code });
        }
        close::encode(Some(violation.close_code()), violation.reason(), out);
        Event::Closed(Closed::Failed(violation))
    }

    pub(super) fn on_open_deadline(
        &mut self,
        now: Now,
        shared: &Shared,
        out: &mut Vec<u8>,
    ) -> Option<Event> {
        let limits = &shared.limits;
        let message_due = self
            .incoming
            .as_ref()
            .map_or(Moment::NEVER, |incoming| incoming.started.after(limits.message_within));
        if message_due <= now.at {
            return Some(self.fail(now, shared, Violation::MessageTooSlow, out));
        }
        if self.pong_due <= now.at {
            // The peer would not answer: no closing handshake.
            close::encode(Some(code::NO_PONG), "no pong", out);
            self.over();
            return Some(Event::Closed(Closed::NoPong));
        }
        let ping_due = self.heard.after(limits.ping_after);
        if self.pong_due == Moment::NEVER && ping_due <= now.at {
            frame::encode(Opcode::Ping, false, &[], out);
            self.pong_due = now.at.after(limits.pong_within);
        }
        let life_due = if self.pong_due == Moment::NEVER { ping_due } else { self.pong_due };
        self.deadline = life_due.min(message_due);
        None
    }
}
