//! Events as lines of text, and as `{"sender","content","timestamp"}`.
//!
//! A page of history has no line of its own: the chat sends clients of these forms its messages
//! one by one.

mod answers;
mod files;
mod stats;

use std::fmt::Write as _;

use crate::chat::record::{DeletionReason, Moderation, ModerationAction};
use crate::chat::{Joined, Removed, Resumed, RoomSummary, ServerEvent, Status, Welcome};
use crate::clock;
use crate::config::PublicUrl;

/// Appends the event as text: one event, one WebSocket message.
pub(super) fn event(event: &ServerEvent, links: Option<&PublicUrl>, out: &mut Vec<u8>) -> bool {
    match event {
        ServerEvent::Message { ts, sender, content, files, .. } => {
            line(out, *ts, sender, &files::with_content(content, files, links));
        }
        ServerEvent::Whisper { to, message } => {
            let ServerEvent::Message { ts, sender, content, files, .. } = &**message else {
                return false;
            };
            let content = files::with_content(content, files, links);
            whisper(out, *ts, sender, to.as_deref(), &content);
        }
        ServerEvent::Error(refusal) => {
            let mut text = format!("! {}", refusal.message);
            if let Some(back) = &refusal.text {
                let _ = write!(text, ", not sent: {back}");
            }
            escaped(&text, out);
        }
        _ => {
            let Some(text) = sentence(event, links) else { return false };
            out.extend_from_slice(b"* ");
            escaped(&text, out);
        }
    }
    true
}

/// Appends the event as `{"sender","content","timestamp"}`; the sender of everything but messages
/// is `*`.
pub(super) fn simple(
    event: &ServerEvent,
    now_ms: u64,
    links: Option<&PublicUrl>,
    out: &mut Vec<u8>,
) -> bool {
    match event {
        ServerEvent::Message { ts, sender, content, files, .. } => {
            line_of_json(out, sender, &files::with_content(content, files, links), *ts);
        }
        ServerEvent::Whisper { message, .. } => return simple(message, now_ms, links, out),
        ServerEvent::Error(refusal) => match &refusal.text {
            Some(text) => {
                let text = format!("{}, not sent: {text}", refusal.message);
                line_of_json(out, "*", &text, now_ms);
            }
            None => line_of_json(out, "*", &refusal.message, now_ms),
        },
        _ => match sentence(event, links) {
            Some(text) => line_of_json(out, "*", &text, now_ms),
            None => return false,
        },
    }
    true
}

/// Returns an event as a sentence; `None` if it is not shown as one.
fn sentence(event: &ServerEvent, links: Option<&PublicUrl>) -> Option<String> {
    use ServerEvent as E;
    Some(match event {
        E::Welcome(it) => welcome(it),
        E::Edited { mid, sender, content, .. } => format!("{sender} edited {mid}: {content}"),
        E::Deleted { mid, by, why, .. } => match why {
            DeletionReason::Expired => format!("message {mid} has expired"),
            DeletionReason::Author | DeletionReason::Moderator => {
                format!("{by} deleted message {mid}")
            }
        },
        E::Reaction { mid, emoji, user, on: true, .. } => {
            format!("{user} reacted {emoji} to {mid}")
        }
        E::Reaction { mid, emoji, user, on: false, .. } => {
            format!("{user} removed {emoji} from {mid}")
        }
        E::Pinned { mid, by, on: true, .. } => format!("{by} pinned message {mid}"),
        E::Pinned { mid, by, on: false, .. } => format!("{by} unpinned message {mid}"),
        E::Topic { room, topic, by, .. } if topic.is_empty() => {
            format!("{by} cleared the topic of {room}")
        }
        E::Topic { room, topic, by, .. } => format!("{by} set the topic of {room}: {topic}"),
        E::Moderated { room, by, moderation, .. } => moderated(room, by, moderation),
        E::Joined(it) => joined(it),
        E::Left { room, removed: Some(removed), .. } => left(room, removed),
        E::Left { room, .. } => format!("You left {room}"),
        E::UserJoined { room, user, count, .. } => format!("{user} joined {room} ({count} online)"),
        E::UserLeft { room, user, count, why: "timeout" } => {
            format!("{user} left {room}, connection lost ({count} online)")
        }
        E::UserLeft { room, user, count, .. } => format!("{user} left {room} ({count} online)"),
        E::Renamed { user, was, .. } => format!("{was} is now {user}"),
        E::Status { hue_only: true, .. } => return None,
        E::Status { user, status, .. } => match (status.away, &*status.text) {
            (false, "") => format!("{user} is back"),
            _ => format!("{user} is {}", status_and_text(status)),
        },
        E::Presence { room, count } => format!("{room}: {count} online"),
        E::RoomList { .. }
        | E::UserList { .. }
        | E::MemberList { .. }
        | E::SearchResults(_)
        | E::Pins(_)
        | E::Replies(_)
        | E::Stats(_)
        | E::Membership { .. }
        | E::Invitation(_)
        | E::InvitationAnswered { .. } => return answers::sentence(event, links),
        E::Gap { room, from, to, why } => gap(room, *from, *to, why),
        E::Notice { message, .. } => message.clone().into_owned(),
        E::Bye { reason, after_ms, .. } => {
            format!(
                "The server is shutting down ({reason}). Reconnect in {} s.",
                after_ms.div_ceil(1000)
            )
        }
        E::Resumed(it) => resumed(it),
        E::Message { .. } | E::Whisper { .. } | E::Error(_) => return None,
        E::RoomRemoved { .. }
        | E::Ack { .. }
        | E::Named { .. }
        | E::StatusSet { .. }
        | E::Read { .. } => return None,
        E::History(_) | E::Live { .. } | E::Typing { .. } | E::Pong { .. } => return None,
        E::Account(_) | E::Accounts(_) | E::Hook { .. } | E::Hooks(_) => return None,
        E::FileAdded(_) | E::FileFound(_) => return None,
    })
}

/// Returns the first sentence a client reads.
fn welcome(it: &Welcome) -> String {
    let rooms: Vec<String> = it.rooms.iter().map(room_and_users).collect();
    let rooms = if rooms.is_empty() { "no room".to_owned() } else { rooms.join(", ") };
    let mut text = format!("Welcome, {}. You are in {rooms}. /help lists the commands.", it.you);
    for open in it.invitations.iter().take(INVITATIONS_SHOWN) {
        let _ = write!(text, "\n{}", answers::invitation(open));
    }
    text
}

/// Invitations named in the first sentence.
const INVITATIONS_SHOWN: usize = 10;

/// Returns a room that was joined as a sentence.
fn joined(it: &Joined) -> String {
    let mut text = format!("You are in {} ({} online)", it.room, it.count);
    if !it.topic.is_empty() {
        let _ = write!(text, ", topic: {}", it.topic);
    }
    text
}

/// Returns a resumed session as a sentence.
fn resumed(it: &Resumed) -> String {
    let mut text = format!("Welcome back, {}.", it.you);
    for missed in it.rooms.iter().filter(|missed| missed.lost.is_some()) {
        let _ = write!(text, " Some messages of {} are no longer available.", missed.room);
    }
    text
}

/// Returns a moderation action as a sentence.
fn moderated(room: &str, by: &str, moderation: &Moderation) -> String {
    let user = moderation.user.as_deref().unwrap_or("a user");
    let mut text = match moderation.action {
        ModerationAction::Kick => format!("{by} removed {user} from {room}"),
        ModerationAction::Ban => format!("{by} banned {user} from {room}"),
        ModerationAction::Unban => format!("{by} unbanned {user} from {room}"),
        ModerationAction::Mute => format!("{by} muted {user} in {room}"),
        ModerationAction::Unmute => format!("{by} unmuted {user} in {room}"),
        ModerationAction::Lock => format!("{by} locked {room}"),
        ModerationAction::Unlock => format!("{by} unlocked {room}"),
        ModerationAction::Slow if moderation.seconds == Some(0) => {
            format!("{by} turned slow mode off in {room}")
        }
        ModerationAction::Slow => format!("{by} turned slow mode on in {room}"),
        ModerationAction::Invite => format!("{by} invited {user} to {room}"),
        ModerationAction::MakePrivate => format!("{by} made {room} private"),
        ModerationAction::MakePublic => format!("{by} made {room} public"),
        ModerationAction::Promote => format!("{by} gave {user} a higher role in {room}"),
        ModerationAction::AddHook => format!("{by} added {user} to {room}"),
        ModerationAction::RemoveHook => format!("{by} removed {user} from {room}"),
        ModerationAction::RemoveRoom => format!("{by} removed the room {room}"),
        ModerationAction::Demote => format!("{by} gave {user} a lower role in {room}"),
    };
    match (moderation.action, moderation.seconds) {
        (_, None) | (ModerationAction::Slow, Some(0)) => {}
        (ModerationAction::Slow, Some(seconds)) => {
            let _ = write!(text, ": one message every {seconds} s");
        }
        (_, Some(seconds)) => {
            let _ = write!(text, " for {seconds} s");
        }
    }
    if let Some(reason) = &moderation.reason {
        let _ = write!(text, " ({reason})");
    }
    text
}

fn left(room: &str, removed: &Removed) -> String {
    let Removed { why, by, reason } = removed;
    let mut text = match *why {
        "banned" => format!("{by} banned you from {room}"),
        "kicked" => format!("{by} removed you from {room}"),
        "removed" => format!("{by} removed the room {room}"),
        _ => format!("You are no longer in {room}"),
    };
    if let Some(reason) = reason {
        let _ = write!(text, ": {reason}");
    }
    text
}

fn gap(room: &str, from: u64, to: u64, why: &str) -> String {
    match why {
        "retention" => format!("{room}: messages {from}-{to} are no longer available"),
        _ => format!("{room}: messages {from}-{to} were skipped, your connection was too slow"),
    }
}

fn status_and_text(status: &Status) -> String {
    match &*status.text {
        "" => status.word().to_owned(),
        text => format!("{}: {text}", status.word()),
    }
}

fn room_and_users(line: &RoomSummary) -> String {
    format!("{} ({} online)", line.room, line.users)
}

/// Appends `[12:00:03] <Alice> Hello`, or `[12:00:03] * Alice waves`.
fn line(out: &mut Vec<u8>, ts: u64, sender: &str, content: &str) {
    time(out, ts);
    let (left, right, content) = match content.strip_prefix("/me ") {
        Some(action) => (" * ", " ", action),
        None => (" <", "> ", content),
    };
    out.extend_from_slice(left.as_bytes());
    escaped(sender, out);
    out.extend_from_slice(right.as_bytes());
    escaped(content, out);
}

/// Appends `[12:00:03] <Alice -> you> psst`, or `<you -> Bob>` to its sender.
fn whisper(out: &mut Vec<u8>, ts: u64, sender: &str, to: Option<&str>, content: &str) {
    time(out, ts);
    let (from, to) = match to {
        Some(to) => ("you", to),
        None => (sender, "you"),
    };
    out.extend_from_slice(b" <");
    escaped(from, out);
    out.extend_from_slice(b" -> ");
    escaped(to, out);
    out.extend_from_slice(b"> ");
    escaped(content, out);
}

/// Appends `[12:00:03]`, UTC.
fn time(out: &mut Vec<u8>, ts: u64) {
    let second = ts / 1000 % 86_400;
    let clock = format!("[{:02}:{:02}:{:02}]", second / 3600, second / 60 % 60, second % 60);
    out.extend_from_slice(clock.as_bytes());
}

/// Appends text that is safe to print on a terminal: control characters become visible, direction
/// overrides are replaced, and further lines are indented, so that they cannot be taken for
/// messages of other users.
fn escaped(text: &str, out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(at) = rest.find(is_unsafe) {
        let (plain, tail) = rest.split_at(at);
        out.extend_from_slice(plain.as_bytes());
        let mut chars = tail.chars();
        let replacement = match chars.next() {
            Some('\n') => "\n    ",
            Some('\r') if chars.as_str().starts_with('\n') => "",
            Some('\u{2028}' | '\u{2029}') => "\n    ",
            Some('\t') => " ",
            Some(c @ '\0'..'\u{20}') => {
                let picture = char::from_u32(u32::from(c).saturating_add(0x2400));
                out.extend_from_slice(
                    picture
                        .unwrap_or(char::REPLACEMENT_CHARACTER)
                        .encode_utf8(&mut [0; 4])
                        .as_bytes(),
                );
                ""
            }
            Some('\u{7F}') => "\u{2421}",
            _ => "\u{FFFD}",
        };
        out.extend_from_slice(replacement.as_bytes());
        rest = chars.as_str();
    }
    out.extend_from_slice(rest.as_bytes());
}

fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

fn line_of_json(out: &mut Vec<u8>, sender: &str, content: &str, ts: u64) {
    out.extend_from_slice(b"{\"sender\":");
    // Writing a string into a vector cannot fail.
    let _ = serde_json::to_writer(&mut *out, sender);
    out.extend_from_slice(b",\"content\":");
    let _ = serde_json::to_writer(&mut *out, content);
    out.extend_from_slice(b",\"timestamp\":\"");
    out.extend_from_slice(clock::rfc3339(ts).as_bytes());
    out.extend_from_slice(b"\"}");
}
