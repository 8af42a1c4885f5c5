//! Events as JSON objects.

use super::people::{joined, room_list, users, welcome};
use super::stats;
use super::write::{boolean, list, number, option, raw, string, text};
use crate::chat::record::{Deed, Gone, Said};
use crate::chat::{History, Missed, Ousted, Refusal, Resumed, SearchResults, ServerEvent};

/// Appends one event.
pub(super) fn event(event: &ServerEvent, out: &mut Vec<u8>) {
    use ServerEvent as E;
    match event {
        E::Message { room, seq, ts, sender, content, reply_to, expires } => {
            entry(out, "message", room, *seq, *ts);
            number(out, ",\"payload\":{\"mid\":", *seq);
            string(out, ",\"sender\":", sender);
            string(out, ",\"content\":", content);
            option(out, ",\"reply_to\":", *reply_to);
            option(out, ",\"expires\":", *expires);
            raw(out, "}}");
        }
        E::Edited { room, seq, ts, mid, sender, content } => {
            entry(out, "message_edited", room, *seq, *ts);
            number(out, ",\"payload\":{\"mid\":", *mid);
            string(out, ",\"sender\":", sender);
            string(out, ",\"content\":", content);
            raw(out, "}}");
        }
        E::Deleted { room, seq, ts, mid, by, why } => {
            entry(out, "message_deleted", room, *seq, *ts);
            number(out, ",\"payload\":{\"mid\":", *mid);
            string(out, ",\"by\":", by);
            string(out, ",\"why\":", gone(*why));
            raw(out, "}}");
        }
        E::Reaction { room, seq, ts, mid, emoji, user, on, count } => {
            entry(out, "reaction", room, *seq, *ts);
            number(out, ",\"payload\":{\"mid\":", *mid);
            string(out, ",\"emoji\":", emoji);
            string(out, ",\"user\":", user);
            boolean(out, ",\"on\":", *on);
            number(out, ",\"count\":", u64::from(*count));
            raw(out, "}}");
        }
        E::Topic { room, seq, ts, topic, by } => {
            entry(out, "topic", room, *seq, *ts);
            string(out, ",\"payload\":{\"topic\":", topic);
            string(out, ",\"by\":", by);
            raw(out, "}}");
        }
        E::Whisper { message, .. } => self::event(message, out),
        E::Moderated { room, seq, ts, by, deed } => {
            entry(out, "moderated", room, *seq, *ts);
            moderated(out, by, deed);
        }
        _ => passing(event, out),
    }
}

/// Ends the event it is in.
fn moderated(out: &mut Vec<u8>, by: &str, deed: &Deed) {
    raw(out, ",\"payload\":{\"action\":");
    // Writing a word into a vector cannot fail.
    let _ = serde_json::to_writer(&mut *out, &deed.action);
    string(out, ",\"by\":", by);
    if let Some(user) = &deed.user {
        string(out, ",\"user\":", user);
    }
    option(out, ",\"seconds\":", deed.seconds);
    if let Some(reason) = &deed.reason {
        string(out, ",\"reason\":", reason);
    }
    raw(out, "}}");
}

/// Appends an event that is in no record.
fn passing(event: &ServerEvent, out: &mut Vec<u8>) {
    use ServerEvent as E;
    match event {
        E::Ack { re, room, seq, ts, mid, durable, duplicate } => {
            string(out, "{\"type\":\"ack\",\"re\":", re);
            string(out, ",\"room\":", room);
            number(out, ",\"seq\":", *seq);
            number(out, ",\"ts\":", *ts);
            raw(out, ",\"payload\":{");
            if *mid > 0 {
                number(out, "\"mid\":", *mid);
                raw(out, ",");
            }
            string(out, "\"durable\":", durable);
            boolean(out, ",\"duplicate\":", *duplicate);
            raw(out, "}}");
        }
        E::Named { re, ts, you } => {
            string(out, "{\"type\":\"ack\",\"re\":", re);
            number(out, ",\"ts\":", *ts);
            string(out, ",\"payload\":{\"you\":", you);
            raw(out, "}}");
        }
        E::StatusSet { re, ts, status: it } => {
            opening(out, "ack", Some(re));
            number(out, ",\"ts\":", *ts);
            string(out, ",\"payload\":{\"status\":", it.word());
            string(out, ",\"text\":", &it.text);
            raw(out, "}}");
        }
        E::UserJoined { room, user, count } => {
            someone(out, "user_joined", room, user, *count);
            raw(out, "}}");
        }
        E::UserLeft { room, user, count, why } => {
            someone(out, "user_left", room, user, *count);
            string(out, ",\"why\":", why);
            raw(out, "}}");
        }
        E::Renamed { room, user, was, count } => {
            someone(out, "presence", room, user, *count);
            string(out, ",\"was\":", was);
            raw(out, "}}");
        }
        E::Read { room, seq } => {
            string(out, "{\"type\":\"read\",\"room\":", room);
            number(out, ",\"payload\":{\"seq\":", *seq);
            raw(out, "}}");
        }
        E::Status { room, user, status: it, count } => {
            someone(out, "presence", room, user, *count);
            string(out, ",\"status\":", it.word());
            string(out, ",\"text\":", &it.text);
            raw(out, "}}");
        }
        E::Typing { room, user, ttl_ms } => {
            string(out, "{\"type\":\"typing\",\"room\":", room);
            string(out, ",\"payload\":{\"user\":", user);
            boolean(out, ",\"on\":", ttl_ms.is_some());
            option(out, ",\"ttl_ms\":", *ttl_ms);
            raw(out, "}}");
        }
        E::Presence { room, count } => {
            string(out, "{\"type\":\"presence\",\"room\":", room);
            number(out, ",\"payload\":{\"count\":", *count as u64);
            raw(out, "}}");
        }
        _ => rare(event, out),
    }
}

/// Appends an event that one client is told.
fn rare(event: &ServerEvent, out: &mut Vec<u8>) {
    use ServerEvent as E;
    match event {
        E::Welcome(it) => welcome(it, out),
        E::Joined(it) => joined(it, out),
        E::Stats(it) => {
            opening(out, "stats", it.re.as_deref());
            number(out, ",\"ts\":", it.ts);
            raw(out, ",\"payload\":");
            stats::payload(it, out);
            raw(out, "}");
        }
        E::History(it) => history(it, out),
        E::SearchResults(it) => search_results(it, out),
        E::Resumed(it) => resumed(it, out),
        E::Error(it) => error(it, out),
        E::Left { re, room, ousted } => left(re.as_deref(), room, ousted.as_deref(), out),
        E::RoomList { re, rooms } => {
            opening(out, "room_list", re.as_deref());
            raw(out, ",\"payload\":");
            room_list(rooms, out);
            raw(out, "}");
        }
        E::UserList { re, room, count, users: named } => {
            opening(out, "user_list", re.as_deref());
            string(out, ",\"room\":", room);
            number(out, ",\"payload\":{\"count\":", *count as u64);
            users(out, named);
            raw(out, "}}");
        }
        E::Live { room, seq } => {
            string(out, "{\"type\":\"live\",\"room\":", room);
            number(out, ",\"payload\":{\"seq\":", *seq);
            raw(out, "}}");
        }
        E::Gap { room, from, to, why } => {
            string(out, "{\"type\":\"gap\",\"room\":", room);
            number(out, ",\"payload\":{\"from\":", *from);
            number(out, ",\"to\":", *to);
            string(out, ",\"why\":", why);
            raw(out, "}}");
        }
        E::Notice { re, room, code, message } => {
            opening(out, "notice", re.as_deref());
            text(out, ",\"room\":", room.as_deref());
            string(out, ",\"payload\":{\"code\":", code);
            string(out, ",\"message\":", message);
            raw(out, "}}");
        }
        E::Pong { re, ts, rooms } => {
            opening(out, "pong", re.as_deref());
            number(out, ",\"ts\":", *ts);
            raw(out, ",\"payload\":{\"rooms\":{");
            list(out, rooms, |out, (room, top)| {
                string(out, "", room);
                number(out, ":", *top);
            });
            raw(out, "}}}");
        }
        E::Bye { code, reason, after_ms } => {
            number(out, "{\"type\":\"bye\",\"payload\":{\"code\":", u64::from(*code));
            string(out, ",\"reason\":", reason);
            number(out, ",\"reconnect\":true,\"after_ms\":", *after_ms);
            raw(out, "}}");
        }
        _ => {}
    }
}

fn left(re: Option<&str>, room: &str, ousted: Option<&Ousted>, out: &mut Vec<u8>) {
    opening(out, "left", re);
    string(out, ",\"room\":", room);
    if let Some(ousted) = ousted {
        string(out, ",\"payload\":{\"why\":", ousted.why);
        string(out, ",\"by\":", &ousted.by);
        text(out, ",\"reason\":", ousted.reason.as_deref());
        raw(out, "}");
    }
    raw(out, "}");
}

fn history(it: &History, out: &mut Vec<u8>) {
    opening(out, "history", it.re.as_deref());
    string(out, ",\"room\":", &it.room);
    raw(out, ",\"payload\":");
    page(it, out);
    raw(out, "}");
}

pub(super) fn page(it: &History, out: &mut Vec<u8>) {
    string(out, "{\"epoch\":", &it.epoch);
    raw(out, ",\"messages\":[");
    list(out, &it.messages, said);
    raw(out, "]");
    number(out, ",\"first\":", it.messages.first().map_or(0, |said| said.mid));
    number(out, ",\"last\":", it.messages.last().map_or(0, |said| said.mid));
    number(out, ",\"top\":", it.top);
    boolean(out, ",\"more\":", it.more);
    raw(out, ",\"lost\":[");
    list(out, &it.lost, |out, (from, to)| {
        number(out, "{\"from\":", *from);
        number(out, ",\"to\":", *to);
        raw(out, "}");
    });
    raw(out, "]}");
}

fn search_results(it: &SearchResults, out: &mut Vec<u8>) {
    opening(out, "search_results", it.re.as_deref());
    raw(out, ",\"payload\":{\"messages\":[");
    list(out, &it.hits, |out, hit| {
        string(out, "{\"room\":", &hit.room);
        raw(out, ",");
        said_facts(out, &hit.said);
    });
    boolean(out, "],\"more\":", it.more);
    raw(out, "}}");
}

fn said(out: &mut Vec<u8>, it: &Said) {
    raw(out, "{");
    said_facts(out, it);
}

/// Ends the object it is in.
fn said_facts(out: &mut Vec<u8>, it: &Said) {
    number(out, "\"mid\":", it.mid);
    number(out, ",\"seq\":", it.seq);
    number(out, ",\"ts\":", it.ts);
    string(out, ",\"sender\":", &it.sender);
    string(out, ",\"content\":", &it.content);
    option(out, ",\"reply_to\":", it.reply_to);
    option(out, ",\"expires\":", it.expires);
    if it.edited {
        raw(out, ",\"edited\":true");
    }
    if let Some(why) = it.gone {
        string(out, ",\"deleted\":", gone(why));
    }
    if !it.reactions.is_empty() {
        raw(out, ",\"reactions\":[");
        list(out, &it.reactions, |out, (emoji, names)| {
            string(out, "{\"emoji\":", emoji);
            raw(out, ",\"users\":[");
            list(out, names, |out, name| string(out, "", name));
            raw(out, "]}");
        });
        raw(out, "]");
    }
    raw(out, "}");
}

fn resumed(it: &Resumed, out: &mut Vec<u8>) {
    opening(out, "resumed", it.re.as_deref());
    string(out, ",\"payload\":{\"you\":", &it.you);
    string(out, ",\"epoch\":", &it.epoch);
    raw(out, ",\"rooms\":{");
    list(out, &it.rooms, missed);
    raw(out, "}}}");
}

fn missed(out: &mut Vec<u8>, it: &Missed) {
    string(out, "", &it.room);
    number(out, ":{\"from\":", it.from);
    number(out, ",\"to\":", it.to);
    boolean(out, ",\"complete\":", it.lost.is_none());
    if let Some((from, to, why)) = it.lost {
        number(out, ",\"lost\":{\"from\":", from);
        number(out, ",\"to\":", to);
        string(out, ",\"why\":", why);
        raw(out, "}");
    }
    raw(out, "}");
}

fn error(it: &Refusal, out: &mut Vec<u8>) {
    opening(out, "error", it.re.as_deref());
    if let Some(room) = &it.room {
        string(out, ",\"room\":", room);
    }
    raw(out, ",\"payload\":");
    fault(it, out);
    raw(out, "}");
}

pub(super) fn fault(it: &Refusal, out: &mut Vec<u8>) {
    string(out, "{\"code\":", it.code.word());
    string(out, ",\"message\":", &it.message);
    boolean(out, ",\"retryable\":", it.code.retryable());
    option(out, ",\"retry_after_ms\":", it.retry_after_ms);
    if let Some(text) = &it.text {
        string(out, ",\"text\":", text);
    }
    raw(out, "}");
}

/// Gives the word for a message that is gone.
const fn gone(why: Gone) -> &'static str {
    match why {
        Gone::Author => "author",
        Gone::Moderator => "moderator",
        Gone::Expired => "expired",
    }
}

pub(super) fn opening(out: &mut Vec<u8>, kind: &str, re: Option<&str>) {
    raw(out, "{\"type\":\"");
    raw(out, kind);
    raw(out, "\"");
    if let Some(re) = re {
        string(out, ",\"re\":", re);
    }
}

fn entry(out: &mut Vec<u8>, kind: &str, room: &str, seq: u64, ts: u64) {
    opening(out, kind, None);
    string(out, ",\"room\":", room);
    number(out, ",\"seq\":", seq);
    number(out, ",\"ts\":", ts);
}

fn someone(out: &mut Vec<u8>, kind: &str, room: &str, user: &str, count: usize) {
    opening(out, kind, None);
    string(out, ",\"room\":", room);
    string(out, ",\"payload\":{\"user\":", user);
    number(out, ",\"count\":", count as u64);
}
