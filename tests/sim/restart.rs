//! A restart that nobody notices: who was online is in its rooms until it has come back.

use std::time::Duration;

use chinwag::chat::{ClientId, Input, ServerEvent};

use crate::world::World;

const NAMES: [&str; 4] = ["Alice", "Bob", "Carol", "Dan"];

/// Brings clients into a room and returns their session keys, in the order of [`NAMES`].
fn all_enter(world: &mut World, query: &str) -> Vec<String> {
    let sessions = NAMES.map(|name| {
        let client = world.open(&format!("name={name}&{query}"));
        world.welcome(client).session.to_string()
    });
    world.pass(Duration::from_secs(2));
    world.told.clear();
    sessions.to_vec()
}

/// Stops the server as a signal does, with all its clients, and starts it anew.
fn stop_and_start(world: &mut World) {
    world.handle(Input::Drain { seed: 5 });
    for client in (0..100).map(ClientId) {
        world.close(client);
    }
    world.pass(Duration::from_secs(4));
    world.restart();
}

fn comings_and_goings(world: &mut World, client: ClientId) -> Vec<String> {
    let told = world.told(client).into_iter().filter_map(|event| match event {
        ServerEvent::UserJoined { user, .. } => Some(format!("+{user}")),
        ServerEvent::UserLeft { user, why, .. } => Some(format!("-{user} {why}")),
        ServerEvent::Presence { count, .. } => Some(format!("{count}")),
        _ => None,
    });
    told.collect()
}

#[test]
fn nobody_is_seen_leaving_or_joining_over_a_restart() {
    for query in ["room=dev", "room=dev&room=lobby"] {
        let mut world = World::new();
        let sessions = all_enter(&mut world, query);
        stop_and_start(&mut world);
        let mut clients = Vec::new();
        for session in &sessions {
            let client = world.open(&format!("session={session}&{query}"));
            let welcome = world.welcome(client);
            assert_eq!(welcome.rooms[0].users, 4, "all are there before they are back");
            assert!(!welcome.renamed);
            clients.push(client);
            world.pass(Duration::from_millis(700));
        }
        world.pass(Duration::from_secs(60));
        for client in clients {
            assert_eq!(comings_and_goings(&mut world, client), [""; 0]);
        }
    }
}

#[test]
fn who_does_not_come_back_leaves_after_the_time_to_return_and_the_grace() {
    let mut world = World::new();
    let sessions = all_enter(&mut world, "");
    stop_and_start(&mut world);
    let alice = world.open(&format!("session={}", sessions[0]));
    world.told.clear();
    world.pass(Duration::from_millis(11_999));
    assert_eq!(comings_and_goings(&mut world, alice), [""; 0]);
    world.pass(Duration::from_secs(2));
    let gone = comings_and_goings(&mut world, alice);
    assert_eq!(gone.len(), 3, "{gone:?}");
    assert!(gone.contains(&"-Bob closed".to_owned()), "{gone:?}");
    world.pass(Duration::from_secs(1));
    let bob = world.open(&format!("session={}", sessions[1]));
    assert_eq!(&*world.welcome(bob).you, "Bob", "the session is still there");
    assert_eq!(comings_and_goings(&mut world, alice), ["+Bob"]);
}

#[test]
fn who_was_offline_before_the_restart_is_not_online_after_it() {
    let mut world = World::new();
    let sessions = all_enter(&mut world, "");
    let first = world.open(&format!("session={}", sessions[0]));
    world.say(first, "hello");
    for client in (0..100).map(ClientId) {
        world.close(client);
    }
    world.pass(Duration::from_secs(30));
    let dan = world.open(&format!("session={}", sessions[3]));
    world.told.clear();
    world.say(dan, "hello");
    stop_and_start(&mut world);
    let dan = world.open(&format!("session={}", sessions[3]));
    assert_eq!(world.welcome(dan).rooms[0].users, 1);
}

#[test]
fn a_server_that_was_down_for_long_starts_empty() {
    let mut world = World::new();
    let sessions = all_enter(&mut world, "");
    world.handle(Input::Drain { seed: 5 });
    world.pass(Duration::from_secs(601));
    world.restart();
    let alice = world.open(&format!("session={}", sessions[0]));
    assert_eq!(world.welcome(alice).rooms[0].users, 1);
}

#[test]
fn a_clock_that_is_set_back_while_the_server_is_down_does_no_harm() {
    let mut world = World::new();
    let sessions = all_enter(&mut world, "");
    world.handle(Input::Drain { seed: 5 });
    world.now.unix_ms -= 3_600_000;
    world.restart();
    let alice = world.open(&format!("session={}", sessions[0]));
    assert_eq!(world.welcome(alice).rooms[0].users, 4);
}

#[test]
fn a_room_where_nothing_was_said_keeps_its_owner_over_a_restart() {
    let mut world = World::new();
    let sessions = all_enter(&mut world, "room=dev");
    stop_and_start(&mut world);
    // Whoever comes first does not own it.
    let bob = world.open(&format!("session={}&room=dev", sessions[1]));
    assert_eq!(world.welcome(bob).rooms[0].role, None);
    let alice = world.open(&format!("session={}&room=dev", sessions[0]));
    assert_eq!(world.welcome(alice).rooms[0].role, Some("owner"));
}

#[test]
fn a_name_is_kept_until_its_user_is_back() {
    let mut world = World::new();
    let sessions = all_enter(&mut world, "");
    stop_and_start(&mut world);
    let other = world.open("name=Carol");
    assert_eq!(&*world.welcome(other).you, "Carol-2");
    let carol = world.open(&format!("session={}", sessions[2]));
    assert_eq!(&*world.welcome(carol).you, "Carol");
}

#[test]
fn an_account_is_seen_neither_leaving_nor_joining() {
    let mut world = World::new();
    let account = world.register("Maya", 9, false);
    let sessions = all_enter(&mut world, "");
    world.enter_as(&account, "");
    stop_and_start(&mut world);
    let alice = world.open(&format!("session={}", sessions[0]));
    assert_eq!(world.welcome(alice).rooms[0].users, 5);
    world.open_with(&account);
    world.pass(Duration::from_secs(5));
    assert_eq!(comings_and_goings(&mut world, alice), [""; 0]);
}

#[test]
fn nobody_is_told_that_others_leave_while_the_server_ends() {
    let mut world = World::with(|limits| limits.leave_grace = Duration::ZERO);
    let sessions = all_enter(&mut world, "");
    let alice = world.open(&format!("session={}", sessions[0]));
    world.told.clear();
    world.handle(Input::Drain { seed: 5 });
    for client in (0..4).map(ClientId) {
        world.close(client);
    }
    world.pass(Duration::from_secs(10));
    assert_eq!(comings_and_goings(&mut world, alice), [""; 0]);
}

#[test]
fn who_leaves_first_after_a_restart_is_told_of_first() {
    let mut world = World::with(|limits| limits.reconnects_per_second = 1);
    let sessions = all_enter(&mut world, "");
    stop_and_start(&mut world);
    let alice = world.open(&format!("session={}", sessions[0]));
    let eve = world.open("name=Eve");
    world.told.clear();
    world.close(eve);
    world.pass(Duration::from_secs(11));
    assert_eq!(comings_and_goings(&mut world, alice), ["-Eve closed"]);
    world.pass(Duration::from_secs(10));
    assert_eq!(comings_and_goings(&mut world, alice).len(), 3);
}

#[test]
fn shorter_times_hold_for_those_who_have_left_already() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    let bob = world.open("name=Bob");
    let session = world.welcome(bob).session;
    world.told.clear();
    world.close(bob);
    world.reload(|limits| {
        limits.leave_grace = Duration::from_secs(2);
        limits.session_life = Duration::from_secs(20);
    });
    world.pass(Duration::from_millis(1999));
    assert_eq!(comings_and_goings(&mut world, alice), [""; 0]);
    world.pass(Duration::from_millis(2));
    assert_eq!(comings_and_goings(&mut world, alice), ["-Bob closed"]);
    world.pass(Duration::from_secs(19));
    let bob = world.open(&format!("session={session}"));
    assert_ne!(&*world.welcome(bob).session, &*session, "the session has ended");
}

#[test]
fn longer_times_hold_for_sessions_that_wait_already() {
    let mut world = World::new();
    let bob = world.open("name=Bob");
    let session = world.welcome(bob).session;
    world.close(bob);
    world.pass(Duration::from_secs(60));
    world.reload(|limits| limits.session_life = Duration::from_secs(3600));
    world.pass(Duration::from_secs(1800));
    let bob = world.open(&format!("session={session}"));
    assert_eq!(&*world.welcome(bob).you, "Bob");
    world.close(bob);
    world.pass(Duration::from_secs(3601));
    let bob = world.open(&format!("session={session}"));
    assert_ne!(&*world.welcome(bob).session, &*session, "the session has ended");
}
