//! People alone, without rooms and without a journal.

mod connections;
mod naming;
mod sessions;
mod timers;

use std::time::Duration;

use super::*;
use crate::chat::ids::ClientId;
use crate::chat::limits::Limits;
use crate::chat::output_mode::OutputMode;
use crate::chat::step::Step;

const LOBBY: RoomId = RoomId(1);
const DEV: RoomId = RoomId(2);

fn author(n: u8) -> AuthorKey {
    AuthorKey([n; 16])
}

fn at(millis: u64) -> Moment {
    Moment::from_millis(millis)
}

fn limits() -> Limits {
    let (leave_grace, session_life) = (Duration::from_millis(10), Duration::from_millis(100));
    Limits { leave_grace, session_life, ..Limits::default() }
}

/// Adds a person. Returns it and the name it got.
fn add(people: &mut People, n: u8, name: &str) -> (PersonId, String) {
    let key = people.add(author(n));
    people.assign_name(key, &UserName::known(name), &Limits::default());
    (key, name_of(people, key))
}

fn name_of(people: &People, key: PersonId) -> String {
    people.get(key).unwrap().name.to_string()
}

fn open(people: &mut People, id: u64, person: PersonId) -> ClientSlot {
    people.open(Client::new(ClientId(id), person, OutputMode::Json, false))
}
