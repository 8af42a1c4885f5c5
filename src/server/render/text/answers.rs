//! Lists, and what else answers a client or concerns its account alone.

use std::fmt::Write as _;

use super::{files, room_and_users, stats, status_and_text, time};
use crate::chat::record::StoredMessage;
use crate::chat::{
    Hit, Invitation, Member, Notify, Replies, RoomSummary, SearchResults, ServerEvent, Status, User,
};
use crate::config::PublicUrl;

/// Returns such an event as a sentence.
pub(super) fn sentence(event: &ServerEvent, links: Option<&PublicUrl>) -> Option<String> {
    use ServerEvent as E;
    Some(match event {
        E::RoomList { rooms, next, .. } => room_list(rooms, next.is_some()),
        E::UserList { room, count, users, .. } => user_list(room, *count, users),
        E::MemberList { room, members, next, .. } => member_list(room, members, next.is_some()),
        E::SearchResults(it) => search_results(it, links),
        E::Pins(it) => {
            let mut text = format!("Pinned in {}:", it.room);
            it.messages.iter().for_each(|said| found(&mut text, &it.room, said, links));
            text
        }
        E::Replies(it) => replies(it, links),
        E::Stats(it) => stats::summary(it),
        E::Membership { membership, .. } => {
            let what = match membership.notify {
                Notify::All => "everything",
                Notify::Mentions => "mentions",
                Notify::None => "nothing",
            };
            format!("You are notified of {what} in {}", membership.room)
        }
        E::Invitation(it) => invitation(it),
        E::InvitationAnswered { room, answer, .. } => {
            format!("The invitation to {room} is {answer}")
        }
        _ => return None,
    })
}

/// Returns an invitation as a sentence.
pub(super) fn invitation(Invitation { room, by, .. }: &Invitation) -> String {
    format!("{by} invites you to {room}; /accept {room} or /decline {room}")
}

fn room_list(rooms: &[RoomSummary], more: bool) -> String {
    if rooms.is_empty() {
        return "There are no rooms.".to_owned();
    }
    let lines: Vec<String> = rooms.iter().map(room_and_users).collect();
    format!("Rooms: {}{}", lines.join(", "), if more { " and more" } else { "" })
}

fn member_list(room: &str, members: &[Member], more: bool) -> String {
    let names: Vec<&str> = members.iter().map(|member| &*member.name).collect();
    format!("Members not in {room}: {}{}", names.join(", "), if more { " and more" } else { "" })
}

/// Returns the replies to a message, one per line.
fn replies(it: &Replies, links: Option<&PublicUrl>) -> String {
    let Replies { room, mid, .. } = it;
    let said = it.messages.iter().filter(|said| said.deleted.is_none());
    let mut text = format!("Replies to message {mid} in {room}:");
    let length = text.len();
    said.for_each(|said| found(&mut text, room, said, links));
    if text.len() == length {
        return format!("No replies to message {mid} in {room}.");
    }
    text.push_str(if it.more { "\nand more" } else { "" });
    text
}

/// Returns the messages found, one per line.
fn search_results(it: &SearchResults, links: Option<&PublicUrl>) -> String {
    let count = it.hits.len();
    let mut text = match count {
        0 => "No messages found.".to_owned(),
        1 => "1 message found".to_owned(),
        _ => format!("{count} messages found"),
    };
    if count > 0 {
        text.push_str(if it.more { ", older ones not shown:" } else { ":" });
    }
    it.hits.iter().for_each(|Hit { room, said }| found(&mut text, room, said, links));
    text
}

/// Appends a message of a list on a line of its own.
fn found(text: &mut String, room: &str, said: &StoredMessage, links: Option<&PublicUrl>) {
    let mut head = Vec::new();
    time(&mut head, said.ts);
    let clock = String::from_utf8_lossy(&head);
    let content = files::with_content(&said.content, &said.files, links);
    let _ = write!(text, "\n{clock} {room} <{}> {content}", said.sender);
}

fn user_list(room: &str, count: usize, users: &[User]) -> String {
    let name = |user: &User| match user.status == Status::default() {
        true => user.name.to_string(),
        false => format!("{} ({})", user.name, status_and_text(&user.status)),
    };
    let names: Vec<String> = users.iter().map(name).collect();
    let mut text = format!("In {room} ({count} online): {}", names.join(", "));
    if count > users.len() {
        let _ = write!(text, " and {} more", count.saturating_sub(users.len()));
    }
    text
}
