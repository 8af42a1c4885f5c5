//! Parameters of the request that opens a connection.

use std::borrow::Cow;

use crate::chat::output_mode::OutputMode;

/// The parameters in the path and the query of `/ws`. Only their shape is checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectParams {
    /// The requested name.
    pub name: Option<String>,
    /// The rooms to join; the first is current.
    pub rooms: Vec<String>,
    /// Number of messages to send for each room.
    pub history: Option<u32>,
    /// The last `seq` known of each room.
    pub after: Vec<(String, u64)>,
    /// The epoch these belong to.
    pub epoch: Option<String>,
    /// The key of an earlier session.
    pub session: Option<String>,
    /// Whether the client's own messages are sent to it.
    pub echo: Option<bool>,
    /// The output mode.
    pub mode: Option<OutputMode>,
    /// Whether the client is to be in all rooms of its account.
    pub memberships: bool,
    /// Whether it offered the subprotocol `chat.v1`.
    pub chat_v1: bool,
    /// The expected form of each parameter that could not be read.
    pub ignored: Vec<&'static str>,
}

impl ConnectParams {
    /// Parses `/ws`, `/ws/ROOM` or `/ws/ROOM/NAME`, percent-encoded, and the query. Invalid UTF-8
    /// becomes U+FFFD, which no name may contain, so that it is refused where names are checked.
    pub fn parse(path: &str, query: &str) -> Self {
        let mut params = Self::default();
        let segments = path.strip_prefix("/ws/").unwrap_or_default();
        let (room, name_in_path) = segments.split_once('/').unwrap_or((segments, ""));
        if !room.is_empty() {
            params.rooms.push(decoded(room).into_owned());
        }
        let (mut name, mut username, mut user) = (None, None, None);
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "name" => name = Some(value.into_owned()),
                "username" => username = Some(value.into_owned()),
                "user" => user = Some(value.into_owned()),
                "room" => params.rooms.push(value.into_owned()),
                "epoch" => params.epoch = Some(value.into_owned()),
                "session" => params.session = Some(value.into_owned()),
                _ => params.read(&key, &value),
            }
        }
        let names = [name, username, user, Some(decoded(name_in_path).into_owned())];
        params.name = names.into_iter().flatten().find(|name| !name.trim().is_empty());
        params
    }

    /// Parses a parameter that does not accept every text.
    fn read(&mut self, key: &str, value: &str) {
        let (done, expected) = match key {
            _ if value.is_empty() => return,
            "history" => (
                put(&mut self.history, value.parse().ok().map(clamped)),
                "history: a whole number is expected",
            ),
            "after" => {
                let position = position(value);
                let done = position.is_some();
                self.after.extend(position);
                (done, "after: room:seq is expected")
            }
            "memberships" => {
                let asks = flag(value);
                self.memberships = asks.unwrap_or(self.memberships);
                (asks.is_some(), "memberships: 1 or 0 is expected")
            }
            "echo" => (put(&mut self.echo, flag(value)), "echo: 1 or 0 is expected"),
            "mode" => (
                put(&mut self.mode, OutputMode::parse(value)),
                "mode: json, text or simple is expected",
            ),
            _ => return,
        };
        if !done && !self.ignored.contains(&expected) {
            self.ignored.push(expected);
        }
    }
}

/// Stores a value if it could be parsed. Returns whether it could.
fn put<T>(place: &mut Option<T>, value: Option<T>) -> bool {
    let done = value.is_some();
    if done {
        *place = value;
    }
    done
}

fn clamped(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Parses `room:seq`; the last colon divides.
fn position(value: &str) -> Option<(String, u64)> {
    let (room, seq) = value.rsplit_once(':')?;
    Some((room.to_owned(), seq.parse().ok()?))
}

fn flag(value: &str) -> Option<bool> {
    match value {
        "1" | "true" => Some(true),
        "0" | "false" => Some(false),
        _ => None,
    }
}

/// Decodes a part of a path, where a plus stands for itself, unlike in a query.
fn decoded(part: &str) -> Cow<'_, str> {
    let escaped = part.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    match form_urlencoded::parse(escaped.as_bytes()).next() {
        Some((key, _)) => Cow::Owned(key.into_owned()),
        None => Cow::Borrowed(part),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rooms(path: &str, query: &str) -> Vec<String> {
        ConnectParams::parse(path, query).rooms
    }

    #[test]
    fn the_query_names_the_user_and_the_rooms() {
        let params = ConnectParams::parse(
            "/ws",
            "name=Alice+B&room=dev&room=a%2Bb&history=20&after=a:b:7&epoch=k3&session=x-_1&echo=1\
             &mode=text&memberships=1&unknown=1",
        );
        assert_eq!(
            params,
            ConnectParams {
                name: Some("Alice B".into()),
                rooms: vec!["dev".into(), "a+b".into()],
                history: Some(20),
                after: vec![("a:b".into(), 7)],
                epoch: Some("k3".into()),
                session: Some("x-_1".into()),
                echo: Some(true),
                mode: Some(OutputMode::Text),
                memberships: true,
                chat_v1: false,
                ignored: vec![],
            }
        );
    }

    #[test]
    fn a_room_in_the_path_comes_first() {
        assert_eq!(rooms("/ws/dev", "room=ops"), ["dev", "ops"]);
        assert_eq!(rooms("/ws/caf%C3%A9%20+%26=", ""), ["café +&="]);
        assert_eq!(rooms("/ws/a%2Fb/Alice", ""), ["a/b"]);
        assert_eq!(rooms("/ws/", ""), [""; 0]);
        assert_eq!(rooms("/ws", ""), [""; 0]);
    }

    #[test]
    fn what_cannot_be_decoded_is_still_there_to_be_refused() {
        let name = |query| ConnectParams::parse("/ws", query).name.unwrap();
        assert_eq!(name("name=%zz"), "%zz");
        assert_eq!(name("name=%C3"), "\u{FFFD}");
        assert_eq!(name("name=100%"), "100%");
    }

    #[test]
    fn a_name_is_taken_from_where_other_servers_look_for_it() {
        for (path, query, name) in [
            ("/ws", "username=Alice", Some("Alice")),
            ("/ws", "user=Alice", Some("Alice")),
            ("/ws/dev/Alice", "", Some("Alice")),
            ("/ws/dev/Alice%20B+", "", Some("Alice B+")),
            ("/ws//Alice", "", Some("Alice")),
            ("/ws", "user=C&username=B&name=A", Some("A")),
            ("/ws/dev/D", "user=C&username=B", Some("B")),
            ("/ws/dev/D", "user=C&username=+", Some("C")),
            ("/ws/dev/D", "name=&username=&user=", Some("D")),
            ("/ws/dev/", "name=", None),
            ("/ws", "login=Alice", None),
        ] {
            let params = ConnectParams::parse(path, query);
            assert_eq!(params.name.as_deref(), name, "{path}?{query}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_once() {
        let history = "history: a whole number is expected";
        let after = "after: room:seq is expected";
        let echo = "echo: 1 or 0 is expected";
        let mode = "mode: json, text or simple is expected";
        let memberships = "memberships: 1 or 0 is expected";
        for (query, ignored) in [
            ("mode=xml", vec![mode]),
            ("mode=xml&mode=Text&mode=", vec![mode]),
            ("history=abc&history=-1&history=1.5", vec![history]),
            ("after=dev&after=dev:x&after=:", vec![after]),
            ("echo=maybe&&==", vec![echo]),
            ("memberships=all&memberships=2", vec![memberships]),
            ("echo=2&mode=x&after=a&history=b", vec![echo, mode, after, history]),
        ] {
            let params = ConnectParams::parse("/ws", query);
            assert_eq!(params, ConnectParams { ignored, ..ConnectParams::default() }, "{query}");
        }
        for query in ["", "history=&after=&echo=&mode=", "unknown=1"] {
            assert_eq!(ConnectParams::parse("/ws", query), ConnectParams::default(), "{query}");
        }
        let params = ConnectParams::parse("/ws", "history=3&history=x&mode=text&mode=xml");
        assert_eq!((params.history, params.mode), (Some(3), Some(OutputMode::Text)));
        let params = ConnectParams::parse("/ws", "history=99999999999");
        assert_eq!((params.history, params.ignored), (Some(u32::MAX), vec![]));
    }
}
