//! What a room's audience is sent: recent entries, presence, typing.

use std::time::Duration;

use super::*;
use crate::chat::effect::Effect;
use crate::chat::output_mode::OutputMode;
use crate::chat::protocol::status::Status;
use crate::chat::rooms::presence::{PresenceChange, PresenceEvent};
use crate::chat::rooms::typing::{TypingKey, Typist};
use crate::chat::step::Step;

/// Opens a room to which these clients listen.
fn with_audience(rooms: &mut Rooms, clients: &[u64]) -> RoomId {
    let room = open(rooms, "lobby");
    let listeners =
        clients.iter().map(|id| Listener { client: ClientId(*id), mode: OutputMode::Json });
    rooms.get_mut(room).unwrap().audience = listeners.collect();
    for n in 0..clients.len() {
        rooms.enter(room, person(n));
    }
    room
}

fn joined(user: &str, client: u64) -> PresenceChange {
    let except = Some(ClientId(client));
    PresenceChange { what: PresenceEvent::Came, user: user.into(), account: false, except }
}

fn tell(rooms: &mut Rooms, room: RoomId, millis: u64) -> Vec<Effect> {
    let mut effects = Vec::new();
    let step = &mut Step { now: at(millis), effects: &mut effects };
    rooms.tell_presence(step, room, &limits());
    effects
}

fn limits() -> Limits {
    let presence_every = Duration::from_millis(100);
    Limits { presence_every, presence_users_max: 3, catch_up_max: 2, ..Limits::default() }
}

fn user_joined(room: RoomId, user: &str, count: usize, client: u64) -> Effect {
    let event =
        ServerEvent::UserJoined { room: "lobby".into(), user: user.into(), account: false, count };
    Effect::Broadcast { room, event, except: Some(ClientId(client)), seq: None }
}

#[test]
fn an_entry_is_kept_only_while_a_client_waits_and_only_so_many_are() {
    let mut rooms = Rooms::default();
    let id = open(&mut rooms, "lobby");
    let room = rooms.get_mut(id).unwrap();
    let entry = |seq| {
        let event = ServerEvent::gap(&"lobby".into(), seq, seq, "slow");
        Recent { seq, event, except: Some(ClientId(seq)) }
    };
    room.remember(entry(1), &limits());
    assert!(room.recent.is_empty());
    room.waiting = 2;
    (2..=4).for_each(|seq| room.remember(entry(seq), &limits()));
    assert_eq!(room.recent.iter().map(|recent| recent.seq).collect::<Vec<_>>(), [3, 4]);
    assert!(room.is_own(4, ClientId(4)) && !room.is_own(4, ClientId(3)));
    assert!(!room.is_own(2, ClientId(2)));
    room.waited();
    assert_eq!(room.recent.len(), 2);
    room.waited();
    assert!(room.recent.is_empty());
}

#[test]
fn joins_are_sent_by_name_to_all_others_and_then_in_batches() {
    let mut rooms = Rooms::default();
    let room = with_audience(&mut rooms, &[1, 2]);
    rooms.note(room, joined("Alice", 1), &limits());
    assert_eq!(tell(&mut rooms, room, 10), [user_joined(room, "Alice", 2, 1)]);
    assert_eq!(tell(&mut rooms, room, 10), []);
    rooms.note(room, joined("Bob", 2), &limits());
    rooms.note(room, joined("Carol", 3), &limits());
    assert_eq!(tell(&mut rooms, room, 20), []);
    assert_eq!(rooms.deadline(), Moment::from_millis(110));
    let mut effects = Vec::new();
    rooms.presence_due(&mut Step { now: at(109), effects: &mut effects }, &limits());
    assert_eq!(effects, []);
    rooms.presence_due(&mut Step { now: at(110), effects: &mut effects }, &limits());
    assert_eq!(effects, [user_joined(room, "Bob", 2, 2), user_joined(room, "Carol", 2, 3)]);
    assert_eq!(rooms.deadline(), Moment::NEVER);
}

#[test]
fn in_a_large_room_only_the_number_of_people_is_sent() {
    let mut rooms = Rooms::default();
    let room = with_audience(&mut rooms, &[1, 2, 3, 4]);
    rooms.note(room, joined("Alice", 1), &limits());
    let status =
        PresenceEvent::Is { status: Status { away: true, ..Status::default() }, hue_only: false };
    rooms.note(
        room,
        PresenceChange { what: status, user: "Bob".into(), account: true, except: None },
        &limits(),
    );
    let event = ServerEvent::Presence { room: "lobby".into(), count: 4 };
    let expected = Effect::Broadcast { room, event, except: None, seq: None };
    assert_eq!(tell(&mut rooms, room, 0), [expected]);
}

#[test]
fn too_many_changes_at_once_become_a_number() {
    let mut rooms = Rooms::default();
    let room = with_audience(&mut rooms, &[1, 2]);
    for n in 0..7 {
        rooms.note(room, joined(&format!("User {n}"), 9), &limits());
    }
    let told = tell(&mut rooms, room, 0);
    assert!(matches!(
        told[..],
        [Effect::Broadcast { event: ServerEvent::Presence { count: 2, .. }, .. }]
    ));
}

#[test]
fn nobody_is_sent_what_it_did_itself_and_the_last_status_alone_is_sent() {
    let mut rooms = Rooms::default();
    let room = with_audience(&mut rooms, &[1]);
    rooms.note(room, joined("Alice", 1), &limits());
    assert_eq!(tell(&mut rooms, room, 0), []);
    for text in ["lunch", "meeting"] {
        let what = PresenceEvent::Is {
            status: Status { away: true, text: text.into(), hue: None },
            hue_only: text == "meeting",
        };
        let change = PresenceChange { what, user: "Bob".into(), account: true, except: None };
        rooms.note(room, change, &limits());
    }
    let status = Status { away: true, text: "meeting".into(), hue: None };
    let (name, user, count) = ("lobby".into(), "Bob".into(), 1);
    let event =
        ServerEvent::Status { room: name, user, account: true, status, hue_only: false, count };
    // The change before did not use up the batch.
    let expected = Effect::Broadcast { room, event, except: None, seq: None };
    assert_eq!(tell(&mut rooms, room, 1), [expected]);
}

#[test]
fn a_large_audience_leaves_the_other_rooms_to_the_next_turn() {
    let mut rooms = Rooms::default();
    let ids: Vec<RoomId> = ["a", "b"].map(|name| open(&mut rooms, name)).into();
    for &room in &ids {
        let listener = |id| Listener { client: ClientId(id), mode: OutputMode::Json };
        rooms.get_mut(room).unwrap().audience = (0..300).map(listener).collect();
        rooms.note(room, joined("Alice", 1), &limits());
        assert_eq!(tell(&mut rooms, room, 0).len(), 1);
        rooms.note(room, joined("Bob", 2), &limits());
        assert_eq!(tell(&mut rooms, room, 1), []);
    }
    for room in ids {
        let mut effects = Vec::new();
        rooms.presence_due(&mut Step { now: at(100), effects: &mut effects }, &limits());
        let told: Vec<_> = effects
            .iter()
            .map(|effect| matches!(effect, Effect::Broadcast { room: told, .. } if *told == room))
            .collect();
        assert_eq!(told, [true]);
    }
    assert_eq!(rooms.deadline(), Moment::NEVER);
}

#[test]
fn typing_that_was_shown_ends_under_the_name_that_was_shown() {
    let mut rooms = Rooms::default();
    let room = open(&mut rooms, "lobby");
    let key = TypingKey { person: person(1), room };
    let typist = |shown: Option<&str>| Typist {
        client: ClientId(7),
        shown: shown.map(Into::into),
        until: Moment::from_millis(60),
        rests_until: Moment::from_millis(30),
    };
    rooms.typing.put(key, typist(Some("Alice")));
    assert_eq!(rooms.deadline(), Moment::from_millis(60));
    rooms.leaves_typing(person(1), ClientId(8), room);
    assert!(rooms.typing.stopped.is_empty(), "another connection of the person left");
    rooms.leaves_typing(person(1), ClientId(7), room);
    let stopped = rooms.typing.stopped.pop().unwrap();
    assert_eq!((stopped.client, stopped.room, &*stopped.user), (ClientId(7), room, "Alice"));
    // The rest remains, so that leaving and joining again shows nothing sooner.
    assert_eq!(rooms.deadline(), Moment::from_millis(30));
    rooms.stop_typing(Moment::from_millis(30), key);
    assert_eq!(rooms.deadline(), Moment::NEVER);
    rooms.typing.put(key, typist(None));
    rooms.stop_typing(Moment::from_millis(40), key);
    assert!(rooms.typing.stopped.is_empty() && rooms.typing.typists.is_empty());
}
