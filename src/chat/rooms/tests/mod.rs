//! Rooms alone, without people and without a journal.

mod audience;
mod conversations;
mod directory;
mod membership;
mod moderation;
mod stored;

use std::net::{IpAddr, Ipv4Addr};

use super::rules::{Actor, Role};
use super::*;
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::record::{Moderation, ModerationAction};
use crate::clock::Now;

const STAMP: u64 = 1000;

fn author(n: u8) -> AuthorKey {
    AuthorKey([n; 16])
}

fn person(n: usize) -> PersonId {
    PersonId::new(n)
}

/// Returns a time at which both clocks show `millis`.
fn at(millis: u64) -> Now {
    Now { at: Moment::from_millis(millis), unix_ms: millis }
}

/// Opens a room, owned by author 1.
fn open(rooms: &mut Rooms, name: &str) -> RoomId {
    open_within(rooms, name, &Limits::default()).unwrap()
}

fn open_within(rooms: &mut Rooms, name: &str, limits: &Limits) -> Option<RoomId> {
    rooms.open(&RoomName::parse(name, limits).unwrap(), Some(author(1)), None, limits).ok()
}

/// Returns a guest with a session of `since`.
fn guest(n: u8, name: &str, network: u8, since: u64) -> Actor {
    let network = Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, network)));
    Actor { author: author(n), name: name.into(), account: false, admin: false, network, since }
}

fn moderation(action: ModerationAction, seconds: Option<u64>) -> Moderation {
    Moderation { action, user: None, seconds, reason: None }
}

/// Applies a moderation at once.
fn apply(
    rules: &mut Rules,
    action: ModerationAction,
    seconds: Option<u64>,
    target: Option<&Actor>,
) {
    rules.apply(&moderation(action, seconds), target, &[], at(0), STAMP);
}

fn code(checked: Result<(), Refusal>) -> Option<Code> {
    checked.err().map(|refusal| refusal.code)
}
