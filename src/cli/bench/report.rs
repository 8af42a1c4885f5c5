//! What a run has found, for people and for programs.

use std::fmt::{self, Display, Formatter};

use serde_json::{Value, json};

use super::crowd::Crowd;
use super::ledger::Faults;
use super::options::Options;
use super::tally::Reasons;
use super::times::{percentiles, percentiles_json};

/// What connecting took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Connected {
    pub(super) took_us: u64,
    /// TLS handshakes in full, and resumed ones.
    pub(super) handshakes: (u64, u64),
    pub(super) server_cpu_s: f64,
    /// What the server's memory has grown by.
    pub(super) server_bytes: u64,
}

/// What measuring took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) took_us: u64,
    pub(super) server_cpu_s: f64,
    pub(super) server_bytes: u64,
    pub(super) own_cpu_s: Option<f64>,
}

/// The findings.
#[derive(Debug)]
pub(super) struct Report {
    json: Value,
    lines: Vec<(&'static str, String)>,
    is_ok: bool,
}

impl Report {
    /// Draws up the findings.
    pub(super) fn new(
        options: &Options,
        crowd: &Crowd,
        connected: Connected,
        window: Window,
    ) -> Self {
        let (ledger, tally) = (&crowd.ledger, &crowd.tally);
        let faults = ledger.faults();
        let nothing = options.senders > 0 && ledger.received == 0;
        let is_ok =
            !faults.is_any() && !nothing && (tally.closed.is_empty() || options.chaos.is_any());
        let mut report = Self { json: shape(options), lines: Vec::new(), is_ok };
        report.add_connect(options, crowd, connected);
        if options.senders > 0 {
            report.add_messages(crowd, window);
        }
        report.add_chaos(options, crowd);
        report.add_processes(options, ledger.deliveries, connected, window);
        for (name, reasons) in
            [("closed", &tally.closed), ("failed", &tally.failed), ("refused", &tally.refused)]
        {
            report.json[name] = json!(reasons);
            if !reasons.is_empty() {
                report.lines.push((name, listed(reasons)));
            }
        }
        if tally.unsent > 0 {
            let text = "messages, since the server did not read or no sender was there";
            report.lines.push(("unsent", format!("{} {text}", grouped(tally.unsent))));
        }
        report.json["unsent"] = json!(tally.unsent);
        report.add_faults(faults, ledger.received);
        if tally.refused.contains_key("rate_limited") {
            report.hint("the server limits each sender; start it with --rate-limit off");
        }
        report.json["ok"] = json!(is_ok);
        report
    }

    /// Whether the server did everything right.
    pub(super) fn is_ok(&self) -> bool {
        self.is_ok
    }

    /// Returns the findings as one JSON object.
    pub(super) fn json(&self) -> &Value {
        &self.json
    }

    fn hint(&mut self, text: &str) {
        self.lines.push(("hint", text.to_owned()));
    }

    fn add_connect(&mut self, options: &Options, crowd: &Crowd, connected: Connected) {
        let (clients, took_s) = (options.clients as u64, seconds(connected.took_us));
        let per_s = clients as f64 / took_s;
        let times = &crowd.tally.connect;
        self.lines.push((
            "connected",
            format!(
                "{} in {took_s:.2} s: {}/s; {}",
                grouped(clients),
                grouped(per_s as u64),
                percentiles(times)
            ),
        ));
        self.json["connect"] = json!({
            "seconds": took_s,
            "per_s": per_s,
            "ms": percentiles_json(times),
        });
        let (full, resumed) = connected.handshakes;
        if full + resumed > 0 {
            let per_s = (full + resumed) as f64 / took_s;
            let (all, rate) = (grouped(full + resumed), grouped(per_s as u64));
            self.lines.push(("TLS", format!("{all} handshakes: {rate}/s, {resumed} resumed")));
            self.json["handshakes"] = json!({ "full": full, "resumed": resumed, "per_s": per_s });
        }
    }

    fn add_messages(&mut self, crowd: &Crowd, window: Window) {
        let (ledger, took_s) = (&crowd.ledger, seconds(window.took_us));
        let rate = |count: u64| count as f64 / took_s;
        let (sent, received) = (rate(ledger.messages), rate(ledger.deliveries));
        let mut messages = format!("{}/s", grouped(sent as u64));
        if !ledger.ack.is_empty() {
            messages += &format!(", acknowledged within {}", percentiles(&ledger.ack));
        }
        self.lines.push(("messages", messages));
        self.lines.push(("deliveries", format!("{}/s", grouped(received as u64))));
        self.lines.push(("latency", percentiles(&ledger.latency)));
        self.lines.push(("last of all", percentiles(&ledger.last)));
        self.json["messages"] = json!({
            "count": ledger.messages,
            "per_s": sent,
            "ack_ms": percentiles_json(&ledger.ack),
        });
        self.json["deliveries"] = json!({
            "count": ledger.deliveries,
            "per_s": received,
            "ms": percentiles_json(&ledger.latency),
            "last_ms": percentiles_json(&ledger.last),
        });
    }

    fn add_chaos(&mut self, options: &Options, crowd: &Crowd) {
        let tally = &crowd.tally;
        if options.chaos.is_any() {
            let (cuts, returns) = (grouped(tally.cuts), grouped(tally.returns));
            let mut text = format!("{cuts} connections cut, {returns} came back");
            if !tally.again.is_empty() {
                text += &format!(" within {}", percentiles(&tally.again));
            }
            self.lines.push(("chaos", text));
            self.json["chaos"] = json!({
                "cuts": tally.cuts,
                "returns": tally.returns,
                "return_ms": percentiles_json(&tally.again),
                "resumed_handshakes": tally.handshakes.1,
            });
        }
    }

    fn add_processes(
        &mut self,
        options: &Options,
        deliveries: u64,
        connected: Connected,
        window: Window,
    ) {
        let (took_s, clients) = (seconds(window.took_us), options.clients as f64);
        let percent = |cpu_s: f64| 100.0 * cpu_s / took_s;
        if !options.server.is_empty() {
            let connect_us = connected.server_cpu_s * 1e6 / clients;
            let each = connected.server_bytes as f64 / clients;
            let mut text = format!("{:.0} % of a core", percent(window.server_cpu_s));
            let per_delivery_us = window.server_cpu_s * 1e6 / deliveries as f64;
            if deliveries > 0 {
                text += &format!(", {per_delivery_us:.3} µs of CPU per delivery");
            }
            let grown = grouped(each as u64);
            text += &format!(", {connect_us:.1} µs per connect; {grown} bytes per connection");
            self.lines.push(("server", text));
            self.json["server"] = json!({
                "cpu_percent": percent(window.server_cpu_s),
                "cpu_us_per_delivery": (deliveries > 0).then_some(per_delivery_us),
                "cpu_us_per_connect": connect_us,
                "bytes_per_connection": each,
                "resident_bytes": window.server_bytes,
            });
        }
        if let Some(own) = window.own_cpu_s.map(percent) {
            self.lines.push(("bench", format!("{own:.0} % of a core")));
            self.json["bench"] = json!({ "cpu_percent": own });
            if own > BUSY_PERCENT {
                self.hint("chinwag bench was busy itself; the server may do more than this");
            }
        }
    }

    fn add_faults(&mut self, faults: Faults, received: u64) {
        let Faults { lost, repeated, reordered, foreign } = faults;
        self.json["faults"] = json!({
            "lost": lost,
            "repeated": repeated,
            "reordered": reordered,
            "foreign": foreign,
        });
        let all = grouped(received);
        self.lines.push((
            "checked",
            format!(
                "{all} deliveries: {lost} lost, {repeated} repeated, {reordered} out of order, \
                 {foreign} foreign"
            ),
        ));
    }
}

/// Above this it may have been this program that set the pace.
const BUSY_PERCENT: f64 = 90.0;

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (name, text) in &self.lines {
            writeln!(f, "{name:<12}{text}")?;
        }
        Ok(())
    }
}

fn shape(options: &Options) -> Value {
    json!({
        "clients": options.clients,
        "senders": options.senders,
        "rooms": options.rooms,
        "rate": options.rate,
        "window": options.window,
        "size": options.size,
        "seconds": options.duration.as_secs_f64(),
    })
}

fn seconds(us: u64) -> f64 {
    us.max(1) as f64 / 1e6
}

fn listed(reasons: &Reasons) -> String {
    let shown: Vec<String> =
        reasons.iter().map(|(why, count)| format!("{} × {why}", grouped(*count))).collect();
    shown.join(", ")
}

/// Returns a number with commas.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_as_people_read_them() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }
}
