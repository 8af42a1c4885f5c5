//! Who and what there is, as JSON: greetings, rooms, people.

use super::json::opening;
use super::write::{boolean, list, number, option, raw, string, text};
use crate::chat::{Joined, RoomLine, User, Welcome};

pub(super) fn welcome(it: &Welcome, out: &mut Vec<u8>) {
    number(out, "{\"type\":\"welcome\",\"ts\":", it.ts);
    string(out, ",\"payload\":{\"v\":1,\"you\":", &it.you);
    boolean(out, ",\"renamed\":", it.renamed);
    if it.account {
        raw(out, ",\"account\":true");
        if it.admin {
            raw(out, ",\"role\":\"admin\"");
        }
    } else {
        string(out, ",\"session\":", &it.session);
    }
    string(out, ",\"epoch\":", &it.epoch);
    if let Some(current) = &it.current {
        string(out, ",\"current\":", current);
    }
    raw(out, ",\"rooms\":{");
    list(out, &it.rooms, |out, line| {
        string(out, "", &line.room);
        raw(out, ":{");
        room_facts(out, line);
    });
    raw(out, "}");
    if !it.directs.is_empty() {
        raw(out, ",\"direct\":{");
        list(out, &it.directs, |out, line| {
            string(out, "", &line.room);
            string(out, ":{\"with\":", &line.with);
            number(out, ",\"seq\":", line.seq);
            reading(out, line.seq, line.read);
            raw(out, "}");
        });
        raw(out, "}");
    }
    number(out, ",\"ping_ms\":", it.ping_ms);
    number(out, ",\"limits\":{\"content\":", it.content_max as u64);
    number(out, ",\"frame\":", it.frame_max as u64);
    number(out, ",\"burst\":", u64::from(it.burst));
    option(out, ",\"per_s\":", it.per_s.map(u64::from));
    raw(out, concat!("},\"server\":\"chinwag/", env!("CARGO_PKG_VERSION"), "\"}}"));
}

pub(super) fn joined(it: &Joined, out: &mut Vec<u8>) {
    opening(out, "joined", it.re.as_deref());
    string(out, ",\"room\":", &it.room);
    number(out, ",\"payload\":{\"seq\":", it.seq);
    string(out, ",\"topic\":", &it.topic);
    number(out, ",\"count\":", it.count as u64);
    users(out, &it.users);
    if it.private {
        raw(out, ",\"private\":true");
    }
    text(out, ",\"role\":", it.role);
    raw(out, "}}");
}

pub(super) fn room_list(rooms: &[RoomLine], out: &mut Vec<u8>) {
    raw(out, "{\"rooms\":[");
    list(out, rooms, |out, line| {
        string(out, "{\"room\":", &line.room);
        raw(out, ",");
        room_facts(out, line);
    });
    raw(out, "]}");
}

/// Ends the object it is in.
fn room_facts(out: &mut Vec<u8>, line: &RoomLine) {
    number(out, "\"seq\":", line.seq);
    number(out, ",\"users\":", line.users as u64);
    string(out, ",\"topic\":", &line.topic);
    if line.private {
        raw(out, ",\"private\":true");
    }
    text(out, ",\"role\":", line.role);
    reading(out, line.seq, line.read);
    raw(out, "}");
}

/// Says how far an account has read.
fn reading(out: &mut Vec<u8>, top: u64, read: Option<u64>) {
    if let Some(read) = read {
        number(out, ",\"read\":", read);
        number(out, ",\"unread\":", top.saturating_sub(read));
    }
}

pub(super) fn users(out: &mut Vec<u8>, users: &[User]) {
    raw(out, ",\"users\":[");
    list(out, users, |out, user| {
        string(out, "{\"name\":", &user.name);
        string(out, ",\"status\":", user.status.word());
        if !user.status.text.is_empty() {
            string(out, ",\"text\":", &user.status.text);
        }
        number(out, ",\"conns\":", u64::from(user.conns));
        text(out, ",\"role\":", user.role);
        if user.account {
            raw(out, ",\"account\":true");
        }
        raw(out, "}");
    });
    raw(out, "]");
}
