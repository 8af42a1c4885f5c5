//! `/metrics`: the format, the figures, and who may see them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::accounts::{PASSWORD, bearer, log_in, register, token};
use crate::api::request;
use crate::client::Server;
use crate::data::{Data, until};
use crate::users::user;

/// What a scrape says, checked against the format.
#[derive(Default)]
struct Scrape {
    /// Type and help by the name of the metric.
    families: BTreeMap<String, (String, String)>,
    /// Values by name and labels, as they are written.
    values: BTreeMap<String, f64>,
}

impl Scrape {
    /// Reads a scrape; every deviation from the format fails the test.
    fn parse(text: &str, openmetrics: bool) -> Self {
        let mut scrape = Self::default();
        let mut lines = text.strip_suffix('\n').expect("a line end at the end").split('\n');
        if openmetrics {
            assert_eq!(lines.next_back(), Some("# EOF"));
        }
        let mut current = (String::new(), String::new());
        while let Some(line) = lines.next() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').expect("a help text");
                let kind = lines.next().and_then(|line| line.strip_prefix("# TYPE "));
                let (typed, kind) = kind.and_then(|it| it.split_once(' ')).expect("a type");
                assert_eq!(name, typed);
                assert!(help.len() > 10 && help.ends_with('.'), "{line}");
                assert!(matches!(kind, "counter" | "gauge" | "histogram"), "{line}");
                let total = kind == "counter" && !openmetrics;
                assert_eq!(name.ends_with("_total"), total, "{line}");
                let family = name.strip_suffix("_total").unwrap_or(name).to_owned();
                let known = scrape.families.insert(family.clone(), (kind.into(), help.into()));
                assert!(known.is_none(), "{line}");
                current = (family, kind.to_owned());
                continue;
            }
            scrape.sample(line, &current.0, &current.1);
        }
        scrape.check_histograms();
        scrape
    }

    fn sample(&mut self, line: &str, family: &str, kind: &str) {
        let (series, value) = line.rsplit_once(' ').expect(line);
        let value: f64 = value.parse().expect(line);
        assert!(value >= 0.0 && value.is_finite(), "{line}");
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let suffix = name.strip_prefix(family).expect(line);
        let fits = match kind {
            "counter" => suffix == "_total",
            "gauge" => suffix.is_empty(),
            _ => matches!(suffix, "_bucket" | "_sum" | "_count"),
        };
        let is_name = |name: &str| {
            name.starts_with(|c: char| c.is_ascii_lowercase())
                && name.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '_'))
        };
        assert!(fits && is_name(name), "{line}");
        assert!(["chinwag_", "process_"].iter().any(|it| name.starts_with(it)), "{line}");
        let labels = labels.strip_suffix('}').expect(line);
        for label in labels.split(',').filter(|label| !label.is_empty()) {
            let (key, value) = label.split_once('=').expect(line);
            let value = value.strip_prefix('"').and_then(|it| it.strip_suffix('"')).expect(line);
            // More than the format asks for: none of ours has anything to be escaped.
            let plain = |c: char| c.is_ascii_alphanumeric() || "_.+-".contains(c);
            assert!(is_name(key) && !value.is_empty() && value.chars().all(plain), "{line}");
        }
        assert!(self.values.insert(series.to_owned(), value).is_none(), "twice: {line}");
    }

    fn check_histograms(&self) {
        for (family, (kind, _)) in &self.families {
            let first = |series: &str| series.strip_prefix(family.as_str()).map(str::to_owned);
            let own = self.values.iter().filter_map(|(series, it)| Some((first(series)?, *it)));
            assert!(own.clone().count() > 0, "{family} has no value");
            if kind != "histogram" {
                continue;
            }
            let mut buckets: Vec<(f64, f64)> = own
                .filter_map(|(rest, count)| {
                    let bound = rest.strip_prefix("_bucket{le=\"")?.strip_suffix("\"}")?;
                    Some((bound.parse().expect("a number"), count))
                })
                .collect();
            buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
            assert!(buckets.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1), "{family}: {buckets:?}");
            let (last, count) = *buckets.last().expect("buckets");
            assert_eq!((last, count), (f64::INFINITY, self.values[&format!("{family}_count")]));
        }
    }

    fn get(&self, series: &str) -> f64 {
        *self.values.get(series).unwrap_or_else(|| panic!("no {series}"))
    }
}

fn scrape_as(server: &Server, headers: &str) -> Scrape {
    let answer = request_text(server, headers);
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    assert!(head.starts_with("HTTP/1.1 200 "), "{answer}");
    let openmetrics = headers.contains("openmetrics");
    let form = if openmetrics {
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    } else {
        "text/plain; version=0.0.4; charset=utf-8"
    };
    assert!(head.contains(&format!("Content-Type: {form}\r\n")), "{head}");
    Scrape::parse(body, openmetrics)
}

fn request_text(server: &Server, headers: &str) -> String {
    let host = &server.address;
    let head = "GET /metrics HTTP/1.1\r\nConnection: close\r\nHost:";
    server.exchange(format!("{head} {host}\r\n{headers}\r\n").as_bytes())
}

fn scrape(server: &Server) -> Scrape {
    scrape_as(server, "")
}

#[test]
fn figures_change_as_the_traffic_does() {
    let data = Data::new();
    let server = data.start(&[]);
    let before = scrape(&server);
    assert_eq!(before.get("chinwag_websockets_open"), 0.0);
    let mut alice = server.join("name=Alice");
    let mut others: Vec<_> = (0..3).map(|n| server.join(&format!("name=Bob{n}"))).collect();
    for n in 0..4 {
        alice.post(&format!("c{n}"), "hello");
    }
    others.iter_mut().for_each(|other| {
        (0..4).for_each(|_| _ = other.hears("hello"));
    });
    alice.send(json!({"type": "send_message", "payload": 7}));
    alice.until("error");
    assert_eq!(request(&server, "POST /api/login", "", "{}").status, 400);
    others.pop().expect("a client").socket.close(None).unwrap();
    until("the close is counted", || {
        scrape(&server).get("chinwag_websockets_closed_total{code=\"1005\"}") == 1.0
    });
    let after = scrape_as(&server, "Accept: application/openmetrics-text\r\n");
    let grew = |series: &str| after.get(series) - before.get(series);
    assert_eq!(after.get("chinwag_websockets_open"), 3.0);
    assert_eq!(grew("chinwag_websockets_opened_total"), 4.0);
    assert_eq!(grew("chinwag_messages_received_total"), 5.0);
    assert!(grew("chinwag_deliveries_total") >= 12.0);
    let sent = grew("chinwag_messages_sent_total");
    assert!(sent >= grew("chinwag_deliveries_total") + 9.0, "{sent}");
    assert!(grew("chinwag_received_bytes_total") > 500.0);
    assert!(grew("chinwag_sent_bytes_total") > grew("chinwag_received_bytes_total"));
    assert_eq!(grew("chinwag_errors_total{code=\"bad_field\"}"), 2.0);
    assert_eq!(grew("chinwag_http_responses_total{status=\"101\"}"), 4.0);
    assert_eq!(grew("chinwag_http_responses_total{status=\"400\"}"), 1.0);
    assert!(grew("chinwag_connections_accepted_total") >= 6.0);
    assert!((1.0..=4.0).contains(&grew("chinwag_journal_commit_seconds_count")));
    assert!(grew("chinwag_journal_batch_size_sum") >= 4.0);
    assert!(grew("chinwag_turn_seconds_count") > 8.0 && grew("chinwag_turn_seconds_sum") > 0.0);
    assert!(grew("chinwag_turn_events_sum") > 8.0);
    assert_eq!(after.get("chinwag_journal_writable"), 1.0);
    assert_eq!(after.get("chinwag_rooms"), 1.0);
    assert!(after.get("process_resident_memory_bytes") > 1e6);
    assert!(after.get("process_open_fds") > 5.0);
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(after.get(&format!("chinwag_build_info{{version=\"{version}\"}}")), 1.0);
}

#[test]
fn no_label_grows_with_users_rooms_or_what_they_send() {
    let server = Server::start(&["--rate-limit", "off"]);
    let series = |scrape: Scrape| scrape.values.into_keys().collect::<BTreeSet<_>>();
    let before = series(scrape(&server));
    let clients: Vec<_> = (0..40)
        .map(|n| {
            let mut client = server.join(&format!("name=U{n}&room=r{n}"));
            client.post("a", "hi");
            client.send(json!({"type": "no_such_type"}));
            client
        })
        .collect();
    for mut client in clients.into_iter().take(20) {
        let code = tungstenite::protocol::frame::coding::CloseCode::Library(4321);
        let reason = "bye".into();
        client.socket.close(Some(tungstenite::protocol::CloseFrame { code, reason })).unwrap();
    }
    let other = "chinwag_websockets_closed_total{code=\"other\"}";
    until("the closes are counted", || scrape(&server).get(other) == 20.0);
    let after = scrape(&server);
    assert_eq!(after.get("chinwag_rooms"), 40.0);
    assert_eq!(series(after), before);
}

#[test]
fn metrics_are_for_programs_on_this_machine_and_administrators() {
    let data = Data::new();
    let server = data.start(&["--trusted-proxy", "loopback"]);
    let status = |headers: &str| request(&server, "GET /metrics", headers, "").status;
    assert_eq!(status(""), 200);
    for header in [
        "X-Forwarded-For: 192.0.2.1",
        "X-Forwarded-For: 127.0.0.1",
        "Forwarded: for=192.0.2.1",
        "X-Forwarded-Proto: https",
        "X-Real-IP: 192.0.2.1",
        "Via: 1.1 proxy",
    ] {
        assert_eq!(status(&format!("{header}\r\n")), 404, "{header}");
        assert_eq!(request(&server, "GET /nothing", "", "").status, 404);
    }
    let status_with = |token: &str| status(&format!("X-Real-IP: 192.0.2.1\r\n{}", bearer(token)));
    assert_eq!(status_with(&token(&register(&server, "Eve"))), 404);
    assert_eq!(status_with("a.b.c"), 404);
    user(&data, &["add", "Root", "--admin"], PASSWORD).unwrap();
    assert_eq!(status_with(&token(&log_in(&server, "Root", PASSWORD))), 200);
    let logins = "chinwag_logins_total{result=\"success\"}";
    assert!(scrape(&server).get(logins) >= 1.0);
    assert_eq!(request(&server, "POST /metrics", "", "").status, 405);
}

#[test]
fn scrapes_are_charged_as_other_queries_are() {
    let server = Server::start(&["--http-query-rate-limit", "1"]);
    let answers = (0..80).map(|_| request(&server, "GET /metrics", "", ""));
    let limited = answers.into_iter().find(|answer| answer.status != 200).expect("a limit");
    assert_eq!(limited.status, 429);
    assert!(limited.header("retry-after").is_some());
}

#[test]
fn a_server_that_is_full_refuses_newcomers_and_goes_on_for_the_others() {
    let limit = ["--max-memory", "4MiB", "--rate-limit", "off"];
    let server = Server::start(&[&limit[..], &["--limit", "turn_bytes_max=1MiB"]].concat());
    let mut alice = server.join("name=Alice&room=a&room=b");
    let is_full = |scrape: &Scrape| {
        let parts = ["connections", "receive_buffers", "send_queues", "chat"];
        let bytes = parts
            .map(|part| scrape.get(&format!("chinwag_memory_accounted_bytes{{part=\"{part}\"}}")));
        bytes.iter().sum::<f64>() > scrape.get("chinwag_memory_max_bytes")
    };
    assert!(!is_full(&scrape(&server)));
    // The record of a server without a directory is in memory.
    let text = "x".repeat(4000);
    for n in 0..700 {
        for room in ["a", "b"] {
            let id = format!("{room}{n}");
            alice.send(json!({"type": "send_message", "id": id, "room": room, "payload": text}));
            alice.until("ack");
        }
    }
    server.logs("out of memory: new connections are refused");
    let refused = request(&server, "GET /", "", "");
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("10")));
    assert!(server.try_connect("/ws").is_none());
    let refused = request(&server, "GET /api/rooms", "", "");
    assert_eq!((refused.status, &refused.body["code"]), (503, &json!("overloaded")));
    assert!(refused.header("retry-after").is_some());
    // It is alive, and whoever watches it sees what is the matter.
    assert_eq!(request(&server, "GET /healthz", "", "").status, 200);
    assert_eq!(request(&server, "GET /readyz", "", "").status, 503);
    let full = scrape(&server);
    assert!(is_full(&full));
    assert!(full.get("chinwag_connections_refused_total{reason=\"memory\"}") >= 3.0);
    alice.post("c", "still here");
}

/// Returns the names of metrics in a text.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let ours = words.filter(|it| it.starts_with("chinwag_") || it.starts_with("process_"));
    ours.map(str::to_owned).collect()
}

#[test]
fn the_dashboard_and_the_alerts_name_metrics_that_exist_and_the_dashboard_shows_all() {
    let data = Data::new();
    let server = data.start(&[]);
    let scrape = scrape(&server);
    let known: BTreeSet<String> =
        scrape.values.keys().map(|it| it.split('{').next().unwrap().to_owned()).collect();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(".packaging");
    let read = |file: &str| std::fs::read_to_string(folder.join(file)).unwrap();
    let (dashboard, alerts) = (read("grafana.json"), read("alerts.yaml"));
    for (file, text) in [("grafana.json", &dashboard), ("alerts.yaml", &alerts)] {
        let unknown: Vec<_> = names(text).difference(&known).cloned().collect();
        assert!(unknown.is_empty(), "{file} names {unknown:?}");
    }
    let shown = names(&dashboard);
    let missing = scrape.families.keys().filter(|family| {
        !["", "_total", "_bucket"].iter().any(|end| shown.contains(&format!("{family}{end}")))
    });
    assert_eq!(missing.collect::<Vec<_>>(), Vec::<&String>::new());
    // Labels, too: a value that no metric has would never match.
    for (label, values) in [("code", "internal_error"), ("result", "failure|limited")] {
        for value in values.split('|') {
            let wanted = format!("{label}=\"{value}\"");
            assert!(scrape.values.keys().any(|series| series.contains(&wanted)), "{wanted}");
        }
    }
    let dashboard: serde_json::Value = serde_json::from_str(&dashboard).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    assert!(panels.iter().all(|panel| panel["targets"][0]["expr"].is_string()));
}

/// Returns the address for administrators, as the log names it.
fn admin_address(server: &Server) -> String {
    let line = "listening for administrators address=";
    server.logs(line);
    let log = server.log();
    let rest = log.split(line).nth(1).and_then(|rest| rest.split_whitespace().next());
    rest.unwrap().to_owned()
}

#[test]
fn no_proxy_is_in_front_of_the_address_for_administrators() {
    let proxied = ["--trusted-proxy", "loopback", "--proxy-protocol", "on"];
    let admin = ["--admin-listen", "127.0.0.1:0"];
    let mut server = Server::start(&[&proxied[..], &admin[..]].concat());
    server.address = admin_address(&server);
    assert!(scrape(&server).get("chinwag_connections_open") >= 1.0);
}

#[test]
fn with_an_address_for_administrators_the_others_have_nothing_for_them() {
    let data = Data::new();
    let mut server = data.start(&["--admin-listen", "127.0.0.1:0", "--trusted-proxy", "loopback"]);
    user(&data, &["add", "Root", "--admin"], PASSWORD).unwrap();
    let root = bearer(&token(&log_in(&server, "Root", PASSWORD)));
    let paths = ["/metrics", "/stats", "/api/stats?minutes=1", "/api/users"];
    for path in paths {
        for headers in ["", &root] {
            let answer = request(&server, &format!("GET {path}"), headers, "");
            assert_eq!(answer.status, 404, "{path}");
        }
    }
    let mut alice = server.join("name=Alice");
    alice.send(json!({"type": "stats", "id": "s"}));
    let refused = alice.until("error");
    assert_eq!((&refused["re"], &refused["payload"]["code"]), (&json!("s"), &json!("forbidden")));
    assert_eq!(request(&server, "GET /", "", "").status, 200);
    assert_eq!(request(&server, "GET /healthz", "", "").status, 200);
    server.address = admin_address(&server);
    for (path, status) in paths.into_iter().zip([200, 200, 200, 401]) {
        let forwarded = "X-Forwarded-For: 192.0.2.1\r\n";
        assert_eq!(
            request(&server, &format!("GET {path}"), forwarded, "").status,
            status,
            "{path}"
        );
    }
    assert_eq!(request(&server, "GET /api/users", &root, "").status, 200);
    assert_eq!(request(&server, "GET /healthz", "", "").status, 200);
    let mut watcher = server.join("name=Watcher");
    watcher.send(json!({"type": "stats"}));
    watcher.until("stats");
}
