//! All metrics: their names, their help texts and where their values come from.

use super::exposition::{Family, Label, Number, Values};
use super::process::Process;
use crate::metrics::{Counts, Histogram};
use crate::net::{Memory, Turn};
use crate::server::Server;

/// Collects all metrics.
pub(super) fn scrape(server: &Server, turn: &Turn<'_>) -> Vec<Family> {
    let mut scrape = Scrape(Vec::new());
    scrape.connections(server, turn);
    scrape.traffic(server, turn);
    scrape.reactor(turn);
    scrape.journal(server);
    scrape.chat(server);
    scrape.memory(turn);
    scrape.process();
    scrape.0
}

struct Scrape(Vec<Family>);

impl Scrape {
    fn connections(&mut self, server: &Server, turn: &Turn<'_>) {
        let (gauges, counters) = (turn.gauges(), turn.counters());
        self.gauge(
            "chinwag_connections_open",
            "Open connections, WebSockets and HTTP.",
            gauges.connections,
        );
        self.gauge("chinwag_websockets_open", "Open WebSockets.", server.lifecycle.clients());
        self.counter(
            "chinwag_connections_accepted",
            "Connections accepted, refused ones included.",
            counters.accepted,
        );
        self.counts(
            "chinwag_connections_refused",
            "Connections and WebSockets refused, by reason.",
            "reason",
            &counters.refused,
            |refused| refused.word().to_owned(),
        );
        self.counter("chinwag_websockets_opened", "WebSockets opened.", server.counters.opened);
        self.counts(
            "chinwag_websockets_closed",
            "WebSockets closed, by close code.",
            "code",
            &server.counters.closed,
            |code| code.to_string(),
        );
        self.gauge(
            "chinwag_connections_behind",
            "Connections that have not taken all that was sent to them.",
            gauges.behind,
        );
        self.gauge(
            "chinwag_connections_lagging",
            "Connections so far behind that they are sent no messages of rooms.",
            gauges.lagging,
        );
        self.gauge(
            "chinwag_send_queue_bytes",
            "Bytes that wait for connections to take them.",
            gauges.queued_bytes,
        );
    }

    fn traffic(&mut self, server: &Server, turn: &Turn<'_>) {
        let counters = turn.counters();
        self.counter("chinwag_received_bytes", "Bytes read from sockets.", counters.received_bytes);
        self.counter("chinwag_sent_bytes", "Bytes written to sockets.", counters.sent_bytes);
        self.counter(
            "chinwag_messages_received",
            "WebSocket messages received.",
            counters.received_messages,
        );
        self.counter(
            "chinwag_messages_sent",
            "WebSocket messages queued for a client, replies and deliveries.",
            counters.sent_messages,
        );
        self.counter(
            "chinwag_deliveries",
            "Events of rooms queued for one of their recipients.",
            counters.deliveries,
        );
        self.counter(
            "chinwag_deliveries_skipped",
            "Events of rooms not queued for a recipient, because it lags.",
            counters.skipped_deliveries,
        );
        self.counts(
            "chinwag_http_responses",
            "HTTP responses, by status.",
            "status",
            turn.responses(),
            |status| status.0.to_string(),
        );
        self.counts(
            "chinwag_errors",
            "Errors told to clients and in the API, by code.",
            "code",
            &server.counters.errors,
            |code| code.word().to_owned(),
        );
        self.counts(
            "chinwag_logins",
            "Logins by password, by result.",
            "result",
            &server.counters.logins,
            |result| result.word().to_owned(),
        );
    }

    fn reactor(&mut self, turn: &Turn<'_>) {
        let counters = turn.counters();
        self.seconds(
            "chinwag_turn_seconds",
            "How long a turn of the event loop takes, without waiting for events.",
            &counters.turn_us,
        );
        self.histogram(
            "chinwag_turn_events",
            "Events per turn of the event loop.",
            1.0,
            &counters.events,
        );
    }

    fn journal(&mut self, server: &Server) {
        if let Some(counters) = server.journal.counters() {
            self.histogram(
                "chinwag_journal_batch_size",
                "Messages and other records written in one transaction.",
                1.0,
                &counters.batch_tasks,
            );
            self.seconds(
                "chinwag_journal_commit_seconds",
                "How long a transaction of the journal takes, its commit included.",
                &counters.commit_us,
            );
        }
        let gauges = server.journal.gauges();
        let writable = usize::from(server.journal.writable());
        self.gauge(
            "chinwag_journal_writable",
            "1 if the journal can be written, else 0.",
            writable,
        );
        self.gauge(
            "chinwag_journal_queue_length",
            "Messages and other records that wait to be written.",
            gauges.writes,
        );
        self.gauge("chinwag_journal_queue_bytes", "Bytes of those.", gauges.write_bytes);
        self.gauge("chinwag_journal_reads", "Reads of the journal under way.", gauges.reads);
        self.gauge("chinwag_journal_searches", "Searches under way.", gauges.searches);
    }

    fn chat(&mut self, server: &Server) {
        self.gauge("chinwag_rooms", "Rooms with somebody in them.", server.chat.rooms());
        self.gauge(
            "chinwag_sessions_detached",
            "Sessions without a connection that can be resumed.",
            server.chat.detached_sessions(),
        );
        self.gauge(
            "chinwag_draining",
            "1 while the server shuts down, else 0.",
            usize::from(server.lifecycle.is_draining()),
        );
        self.add(
            "chinwag_build_info",
            "The version, as a label; always 1.",
            Values::Gauge(vec![(
                Label(Some(("version", env!("CARGO_PKG_VERSION").to_owned()))),
                Number::Whole(1),
            )]),
        );
    }

    fn memory(&mut self, turn: &Turn<'_>) {
        let gauges = turn.gauges();
        let Memory { connections, received, queued, handler } = gauges.memory;
        let parts = [
            ("connections", connections),
            ("receive_buffers", received),
            ("send_queues", queued),
            ("chat", handler),
        ];
        let values = parts.map(|(part, bytes)| {
            (Label(Some(("part", part.to_owned()))), Number::Whole(bytes as u64))
        });
        self.add(
            "chinwag_memory_accounted_bytes",
            "Bytes of memory that --max-memory counts, by what they are for.",
            Values::Gauge(values.into()),
        );
        self.add(
            "chinwag_memory_max_bytes",
            "The limit of these bytes, --max-memory; 0 for none.",
            Values::Gauge(vec![(
                Label::NONE,
                Number::Whole(gauges.memory_max.unwrap_or_default()),
            )]),
        );
    }

    fn process(&mut self) {
        let Process { cpu_s, resident_bytes, descriptors, descriptors_max } = Process::read();
        let one = |number| vec![(Label::NONE, number)];
        if let Some(seconds) = cpu_s {
            let help = "Seconds of the processor spent in user and kernel mode.";
            self.add("process_cpu_seconds", help, Values::Counter(one(Number::Real(seconds))));
        }
        for (name, help, value) in [
            ("process_resident_memory_bytes", "Bytes of resident memory.", resident_bytes),
            ("process_open_fds", "Open file descriptors.", descriptors),
            ("process_max_fds", "Most open file descriptors.", descriptors_max),
        ] {
            if let Some(value) = value {
                self.add(name, help, Values::Gauge(one(Number::Whole(value))));
            }
        }
    }

    fn counter(&mut self, name: &'static str, help: &'static str, value: u64) {
        self.add(name, help, Values::Counter(vec![(Label::NONE, Number::Whole(value))]));
    }

    fn gauge(&mut self, name: &'static str, help: &'static str, value: usize) {
        self.add(name, help, Values::Gauge(vec![(Label::NONE, Number::Whole(value as u64))]));
    }

    /// Adds a counter for each key of a list.
    fn counts<K: Copy + PartialEq>(
        &mut self,
        name: &'static str,
        help: &'static str,
        label: &'static str,
        counts: &Counts<K>,
        word: impl Fn(K) -> String,
    ) {
        let values = counts.iter().map(|(key, count)| {
            let value = key.map_or_else(|| "other".to_owned(), &word);
            (Label(Some((label, value))), Number::Whole(count))
        });
        let values = values.collect();
        self.add(name, help, Values::Counter(values));
    }

    /// Adds a distribution of microseconds.
    fn seconds(&mut self, name: &'static str, help: &'static str, histogram: &Histogram) {
        self.histogram(name, help, 1e6, histogram);
    }

    /// Adds a distribution of numbers that are so many times the unit's.
    fn histogram(
        &mut self,
        name: &'static str,
        help: &'static str,
        scale: f64,
        histogram: &Histogram,
    ) {
        let buckets = histogram.buckets().map(|(bound, count)| {
            (bound.map_or(f64::INFINITY, |bound| bound as f64 / scale), count)
        });
        let values = Values::Histogram(histogram.sum() as f64 / scale, buckets.collect());
        self.add(name, help, values);
    }

    fn add(&mut self, name: &'static str, help: &'static str, values: Values) {
        self.0.push(Family { name, help, values });
    }
}
