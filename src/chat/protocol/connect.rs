//! What a client says of itself in the request that opens its connection.

use std::borrow::Cow;

use crate::chat::output_mode::OutputMode;

/// What the path and the query of `/ws` say. Nothing is checked yet but its shape.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectParams {
    /// The name wished for.
    pub name: Option<String>,
    /// The rooms to be in; the first is current.
    pub rooms: Vec<String>,
    /// How many messages of each room to send.
    pub history: Option<u32>,
    /// The last `seq` known of a room.
    pub after: Vec<(String, u64)>,
    /// The epoch these belong to.
    pub epoch: Option<String>,
    /// The key of an earlier session.
    pub session: Option<String>,
    /// Whether own messages come back.
    pub echo: Option<bool>,
    /// How the client wants to read.
    pub mode: OutputMode,
}

impl ConnectParams {
    /// Reads `/ws` or `/ws/ROOM`, both percent-encoded, and the query. What cannot be read is as
    /// if it were not there; bytes that are no UTF-8 become U+FFFD, which no name may contain, so
    /// that they are answered where names are checked.
    pub fn parse(path: &str, query: &str) -> Self {
        let mut params = Self::default();
        if let Some(room) = path.strip_prefix("/ws/").filter(|room| !room.is_empty()) {
            params.rooms.push(decoded(room).into_owned());
        }
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "name" => params.name = Some(value.into_owned()),
                "room" => params.rooms.push(value.into_owned()),
                "history" => params.history = value.parse().ok(),
                "after" => params.after.extend(position(&value)),
                "epoch" => params.epoch = Some(value.into_owned()),
                "session" => params.session = Some(value.into_owned()),
                "echo" => params.echo = flag(&value),
                "mode" => params.mode = OutputMode::parse(&value).unwrap_or(params.mode),
                _ => {}
            }
        }
        params
    }
}

/// Reads `room:seq`; the last colon divides.
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

/// Decodes a part of a path, where, other than in a query, a plus is a plus.
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
    fn the_query_says_who_comes_where() {
        let params = ConnectParams::parse(
            "/ws",
            "name=Alice+B&room=dev&room=a%2Bb&history=20&after=a:b:7&epoch=k3&session=x-_1&echo=1\
             &mode=text&unknown=1",
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
                mode: OutputMode::Text,
            }
        );
    }

    #[test]
    fn a_room_in_the_path_comes_first() {
        assert_eq!(rooms("/ws/dev", "room=ops"), ["dev", "ops"]);
        assert_eq!(rooms("/ws/caf%C3%A9%20+%26=", ""), ["café +&="]);
        assert_eq!(rooms("/ws/", ""), [""; 0]);
        assert_eq!(rooms("/ws", ""), [""; 0]);
    }

    #[test]
    fn what_cannot_be_decoded_is_still_there_to_be_refused() {
        let name = |query| ConnectParams::parse("/ws", query).name.unwrap();
        assert_eq!(name("name=%zz"), "%zz");
        assert_eq!(name("name=%C3"), "\u{FFFD}");
        assert_eq!(name("name=100%"), "100%");
        assert_eq!(name("name="), "");
    }

    #[test]
    fn nonsense_is_as_if_not_there() {
        let params = ConnectParams::parse(
            "/ws",
            "history=many&after=dev&after=dev:x&echo=maybe&mode=loud&&==",
        );
        assert_eq!(params, ConnectParams::default());
    }
}
