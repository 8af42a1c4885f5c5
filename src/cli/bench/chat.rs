//! What a client has to know of `chat.v1`: what came, and how to come back.

use std::ops::RangeInclusive;

use serde_json::{Value, json};

/// Where a client of a chinwag stands.
#[derive(Debug, Default)]
pub(super) struct Position {
    /// The key of its session; none for an account.
    session: Option<String>,
    epoch: String,
    /// The number of the last event in its room.
    pub(super) seq: u64,
    /// The number of the last event that the server had when it was last asked.
    top: u64,
    /// What was left out, and has to be asked for.
    gap: Option<RangeInclusive<u64>>,
}

/// What a server sent, as far as it matters here.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A message in the client's room, and its number.
    Message(u64),
    /// A message in another room.
    Elsewhere,
    Ack,
    /// Messages that were asked for.
    History,
    Welcome,
    /// Everything up to now has been sent.
    Live,
    /// Something was left out.
    Gap,
    /// The answer to [`PING`].
    Pong,
    Error(Refusal),
    Other,
}

/// Why the server did not do something.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: String,
    pub(super) retry_after_ms: u64,
    /// What it answers.
    pub(super) re: String,
}

/// What the server answers with the numbers of the last events.
pub(super) const PING: &str = r#"{"type":"ping","id":"ping"}"#;
/// The id of the question for what was left out.
pub(super) const ASK: &str = "ask";
/// Most messages of an answer.
const PAGE: u64 = 200;

impl Position {
    /// Returns the query by which a client comes in, or back.
    pub(super) fn query(&mut self, name: &str, room: &str, echo: bool) -> String {
        // What is above the last event is sent again.
        self.gap = self.gap.take().filter(|gap| *gap.start() <= self.seq);
        let echo = u8::from(echo);
        let mut query = format!("name={name}&room={room}&echo={echo}&history=0");
        if let Some(session) = &self.session {
            query += &format!("&session={session}");
        }
        if !self.epoch.is_empty() {
            query += &format!("&epoch={}&after={room}:{}", self.epoch, self.seq);
        }
        query
    }

    /// Whether it has been in the room before.
    pub(super) fn is_known(&self) -> bool {
        !self.epoch.is_empty()
    }

    /// Takes in an event; `room` is the name of the client's room.
    pub(super) fn take(&mut self, payload: &[u8], room: &str) -> Event {
        match kind(payload) {
            b"message" => match number_of_message(payload, room) {
                Some(seq) => Event::Message(seq),
                None => Event::Elsewhere,
            },
            b"ack" => Event::Ack,
            b"welcome" | b"history" | b"resumed" | b"gap" | b"error" | b"live" | b"pong" => {
                let event: Value = serde_json::from_slice(payload).unwrap_or_default();
                self.take_rare(&event, room)
            }
            _ => Event::Other,
        }
    }

    fn take_rare(&mut self, event: &Value, room: &str) -> Event {
        let payload = &event["payload"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let range = |of: &Value| Some(of["from"].as_u64()?..=of["to"].as_u64()?);
        match event["type"].as_str().unwrap_or_default() {
            "welcome" => {
                self.session = payload["session"].as_str().map(str::to_owned);
                if !self.is_known() {
                    self.epoch = text(&payload["epoch"]);
                    self.seq = payload["rooms"][room]["seq"].as_u64().unwrap_or_default();
                }
                Event::Welcome
            }
            "resumed" => {
                let lost = &payload["rooms"][room]["lost"];
                self.lack(range(lost));
                Event::Other
            }
            "gap" => {
                let gap = range(payload);
                self.seq = self.seq.max(gap.as_ref().map_or(0, |gap| *gap.end()));
                self.lack(gap);
                Event::Gap
            }
            "live" => {
                self.seq = self.seq.max(payload["seq"].as_u64().unwrap_or_default());
                Event::Live
            }
            "pong" => {
                self.top = payload["rooms"][room].as_u64().unwrap_or_default();
                Event::Pong
            }
            "history" => {
                let last = payload["last"].as_u64();
                self.gap = match (self.gap.take(), last) {
                    (Some(gap), Some(last)) if last < *gap.end() && last >= *gap.start() => {
                        Some(last + 1..=*gap.end())
                    }
                    _ => None,
                };
                Event::History
            }
            _ => Event::Error(Refusal {
                code: text(&payload["code"]),
                retry_after_ms: payload["retry_after_ms"].as_u64().unwrap_or_default(),
                re: text(&event["re"]),
            }),
        }
    }

    /// Notes what was left out, beside what is being asked for.
    fn lack(&mut self, range: Option<RangeInclusive<u64>>) {
        self.gap = match (self.gap.take(), range) {
            (Some(gap), Some(more)) => {
                Some(*gap.start().min(more.start())..=*gap.end().max(more.end()))
            }
            (gap, more) => gap.or(more),
        };
    }

    /// Whether it has everything that the server had when it was last asked, or knows what is lacking.
    pub(super) fn is_up_to_date(&self) -> bool {
        self.seq >= self.top
    }

    /// Returns the question for what was left out.
    pub(super) fn question(&self, room: &str) -> Option<String> {
        let after = self.gap.as_ref()?.start().saturating_sub(1);
        let payload = json!({ "after": after, "limit": PAGE });
        Some(json!({ "type": "history", "id": ASK, "room": room, "payload": payload }).to_string())
    }
}

/// Returns the type of an event that begins with it, as those of a chinwag do.
fn kind(payload: &[u8]) -> &[u8] {
    let rest = payload.strip_prefix(br#"{"type":""#).unwrap_or_default();
    let end = rest.iter().position(|byte| *byte == b'"').unwrap_or_default();
    &rest[..end]
}

/// Returns the number of a message in this room.
fn number_of_message(payload: &[u8], room: &str) -> Option<u64> {
    let rest = payload.strip_prefix(br#"{"type":"message","room":""#)?;
    let rest = rest.strip_prefix(room.as_bytes())?.strip_prefix(br#"","seq":"#)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit());
    Some(
        digits.fold(0_u64, |number, digit| {
            number.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'))
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(position: &mut Position, event: Value) -> Event {
        // The type comes first, as the server writes it.
        let text = event.to_string();
        let kind = format!("\"type\":{},", event["type"]);
        let bare = text.replace(&format!(",\"type\":{}", event["type"]), "");
        position.take(format!("{{{kind}{}", &bare[1..]).as_bytes(), "r")
    }

    #[test]
    fn a_message_has_the_number_and_the_room_that_stand_at_its_front() {
        let mut position = Position::default();
        let mut take = |text: &str| position.take(text.as_bytes(), "r-1");
        let event = r#"{"type":"message","room":"r-1","seq":120,"ts":5,"payload":{"mid":1}}"#;
        assert_eq!(take(event), Event::Message(120));
        assert_eq!(take(&event.replace("r-1", "r-12")), Event::Elsewhere);
        assert_eq!(take(r#"{"type":"ack","re":"x"}"#), Event::Ack);
        for other in [r#"{"type":"presence"}"#, "", "{", "hello"] {
            assert_eq!(take(other), Event::Other);
        }
    }

    #[test]
    fn a_client_comes_back_to_where_it_was_and_asks_for_what_was_left_out() {
        let mut position = Position::default();
        assert_eq!(position.query("n", "r", true), "name=n&room=r&echo=1&history=0");
        let welcome = json!({"type": "welcome", "payload":
            {"session": "K", "epoch": "e", "rooms": {"r": {"seq": 7}}}});
        assert_eq!(take(&mut position, welcome), Event::Welcome);
        position.seq = 9;
        let query = position.query("n", "r", false);
        assert_eq!(query, "name=n&room=r&echo=0&history=0&session=K&epoch=e&after=r:9");
        assert_eq!(position.question("r"), None);
        let lost = json!({"from": 10, "to": 300, "why": "page"});
        let resumed = json!({"rooms": {"r": {"complete": false, "lost": lost}}});
        take(&mut position, json!({"type": "resumed", "payload": resumed}));
        take(&mut position, json!({"type": "live", "room": "r", "payload": {"seq": 300}}));
        let pong = json!({"type": "pong", "payload": {"rooms": {"r": 510}}});
        assert_eq!((take(&mut position, pong), position.is_up_to_date()), (Event::Pong, false));
        let gap = json!({"type": "gap", "room": "r", "payload": {"from": 500, "to": 510}});
        assert_eq!((take(&mut position, gap), position.is_up_to_date()), (Event::Gap, true));
        assert!(position.question("r").unwrap().contains(r#""after":9"#));
        let page = |last| json!({"type": "history", "re": ASK, "payload": {"last": last}});
        assert_eq!(take(&mut position, page(209)), Event::History);
        assert!(position.question("r").unwrap().contains(r#""after":209"#));
        take(&mut position, page(510));
        assert_eq!(position.question("r"), None);
        // What is above the last event comes by itself.
        let gap = json!({"from": 511, "to": 520});
        take(&mut position, json!({"type": "resumed", "payload": {"rooms": {"r": {"lost": gap}}}}));
        assert!(position.question("r").is_some());
        assert!(position.query("n", "r", false).ends_with("&after=r:510"));
        assert_eq!(position.question("r"), None);
    }

    #[test]
    fn a_refusal_says_what_is_refused_and_for_how_long() {
        let error = json!({"type": "error", "re": "x",
            "payload": {"code": "rate_limited", "retry_after_ms": 200}});
        let (code, re) = ("rate_limited".to_owned(), "x".to_owned());
        let refusal = Refusal { code, retry_after_ms: 200, re };
        assert_eq!(take(&mut Position::default(), error), Event::Error(refusal));
    }
}
