//! One run: connect all, send for a while, measure, wait for the rest, say goodbye.

use std::io;

use super::chaos::Weather;
use super::crowd::Crowd;
use super::options::Options;
use super::report::{Connected, Report, Window};
use super::usage::Usage;

/// Without anything that had to come for so long, nothing more comes.
const PATIENCE_US: u64 = 10_000_000;
/// Without that for so long, another server than a chinwag has sent everything.
const QUIET_US: u64 = 2_000_000;
/// How long a client waits for the answer to a ping while nothing else comes.
const ANSWER_US: u64 = 3_000_000;
/// How long the goodbyes may take.
const GOODBYE_US: u64 = 2_000_000;
/// What nobody has to wait for any more in a closed loop.
const LATE_US: u64 = 5_000_000;
/// Silence after which all that followed the arrivals has come, and how long that may take.
const SETTLE_US: u64 = 300_000;
const SETTLE_US_MAX: u64 = 10_000_000;
/// The longest wait for events.
const WAIT_US: u64 = 50_000;

/// A run.
pub(super) struct Run {
    options: Options,
    crowd: Crowd,
    server_before: Usage,
}

/// Why a run ends early.
fn failed(error: io::Error) -> String {
    error.to_string()
}

impl Run {
    pub(super) fn new(options: Options, crowd: Crowd) -> Result<Self, String> {
        let server_before = Usage::of(&options.server)?;
        Ok(Self { options, crowd, server_before })
    }

    /// Does all of it.
    ///
    /// # Errors
    /// If not all clients can connect, or a process of `--server-pid` is gone.
    pub(super) fn run(mut self) -> Result<Report, String> {
        let connected = self.connect()?;
        if !self.options.warmup.is_zero() && self.options.senders > 0 {
            self.send_for(self.options.warmup.as_micros() as u64, None)?;
        }
        let window = self.measure()?;
        self.drain()?;
        let report = Report::new(&self.options, &self.crowd, connected, window);
        self.say_goodbye()?;
        Ok(report)
    }

    fn connect(&mut self) -> Result<Connected, String> {
        let begun_us = self.crowd.now_us();
        self.crowd.connect_all(self.options.ramp);
        let ramp_us = self.options.ramp.as_micros() as u64;
        while !self.crowd.is_complete() {
            let now_us = self.crowd.now_us();
            self.crowd.turn(now_us + WAIT_US).map_err(failed)?;
            let late = now_us > begun_us + ramp_us && self.crowd.quiet_us() > PATIENCE_US;
            if self.crowd.is_decided() && !self.crowd.is_complete() || late {
                return Err(self.why_incomplete());
            }
        }
        let took_us = self.crowd.now_us() - begun_us;
        // What comes of the last arrivals is none of what is measured.
        let settled_us = self.crowd.now_us() + SETTLE_US_MAX;
        while self.crowd.silent_us() < SETTLE_US && self.crowd.now_us() < settled_us {
            let until_us = self.crowd.now_us() + WAIT_US;
            self.crowd.turn(until_us).map_err(failed)?;
        }
        let server = Usage::of(&self.options.server)?;
        let grown = server.resident_bytes.saturating_sub(self.server_before.resident_bytes);
        Ok(Connected {
            took_us,
            handshakes: self.crowd.tally.handshakes,
            server_cpu_s: server.cpu_s - self.server_before.cpu_s,
            server_bytes: grown,
        })
    }

    fn why_incomplete(&self) -> String {
        let (there, all) = (self.crowd.there(), self.options.clients);
        let reasons = self.crowd.tally.failed.iter().chain(&self.crowd.tally.closed);
        let reasons: Vec<String> = reasons.map(|(why, count)| format!("{count} × {why}")).collect();
        let reasons = if reasons.is_empty() { "no answer".to_owned() } else { reasons.join(", ") };
        format!("only {there} of {all} clients could connect: {reasons}")
    }

    fn measure(&mut self) -> Result<Window, String> {
        let (server, own) = (Usage::of(&self.options.server)?, Usage::own_cpu_s());
        let begun_us = self.crowd.now_us();
        self.crowd.ledger.begin(begun_us);
        let weather = Weather::begin(&self.options.chaos, &mut self.crowd, begun_us);
        self.send_for(self.options.duration.as_micros() as u64, Some(weather))?;
        let ended_us = self.crowd.now_us();
        self.crowd.ledger.end(ended_us);
        self.crowd.end_loop();
        Weather::end(&mut self.crowd);
        let after = Usage::of(&self.options.server)?;
        Ok(Window {
            took_us: ended_us - begun_us,
            server_cpu_s: after.cpu_s - server.cpu_s,
            server_bytes: after.resident_bytes,
            own_cpu_s: Usage::own_cpu_s().zip(own).map(|(after, before)| after - before),
        })
    }

    /// Sends for this long.
    fn send_for(&mut self, duration_us: u64, mut weather: Option<Weather>) -> Result<(), String> {
        let begun_us = self.crowd.now_us();
        let end_us = begun_us + duration_us;
        let senders = self.options.senders > 0;
        let gap_us = self.options.rate.filter(|_| senders).map(|rate| 1e6 / rate);
        let (mut sent, mut sender) = (0_u64, 0);
        if senders && gap_us.is_none() {
            self.crowd.begin_loop(self.options.window);
        }
        let mut next_expiry_us = begun_us + LATE_US;
        loop {
            let now_us = self.crowd.now_us();
            if now_us >= end_us {
                return Ok(());
            }
            let mut next_us = end_us.min(now_us + WAIT_US);
            if let Some(gap_us) = gap_us {
                let due_us = |sent: u64| begun_us + (sent as f64 * gap_us) as u64;
                while due_us(sent) <= now_us {
                    sender = self.crowd.send_due(sender, due_us(sent));
                    sent += 1;
                }
                next_us = next_us.min(due_us(sent));
            }
            if let Some(weather) = &mut weather {
                next_us = next_us.min(weather.blow(&mut self.crowd, now_us));
            }
            if now_us >= next_expiry_us {
                self.crowd.ledger.expire(now_us.saturating_sub(LATE_US));
                next_expiry_us = now_us + LATE_US / 10;
            }
            self.crowd.turn(next_us).map_err(failed)?;
        }
    }

    /// Waits for what is still to come: with a chinwag, until all have what it had when all was
    /// acknowledged.
    fn drain(&mut self) -> Result<(), String> {
        let chat = self.options.text.is_none();
        let (mut pinged, mut gave_up) = (false, false);
        loop {
            let until_us = self.crowd.now_us() + WAIT_US;
            self.crowd.turn(until_us).map_err(failed)?;
            let quiet_us = self.crowd.quiet_us();
            if !pinged {
                let sent = match chat {
                    true => self.crowd.is_acknowledged(),
                    false => self.crowd.ledger.is_settled() || quiet_us > QUIET_US,
                };
                if sent && self.crowd.is_complete() {
                    self.crowd.ping_all();
                    pinged = true;
                }
            } else if self.crowd.is_ponged()
                && self.crowd.is_acknowledged()
                && self.crowd.is_complete()
            {
                return Ok(());
            }
            if quiet_us > ANSWER_US && pinged && !std::mem::replace(&mut gave_up, true) {
                self.crowd.lose_unanswered();
            }
            if quiet_us > PATIENCE_US {
                return Ok(());
            }
        }
    }

    fn say_goodbye(&mut self) -> Result<(), String> {
        self.crowd.say_goodbye();
        let end_us = self.crowd.now_us() + GOODBYE_US;
        while self.crowd.there() > 0 && self.crowd.now_us() < end_us {
            self.crowd.turn(end_us).map_err(failed)?;
        }
        Ok(())
    }
}
