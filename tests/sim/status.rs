//! Statuses: away and back.

use std::num::NonZeroU8;
use std::time::Duration;

use chinwag::chat::{ClientId, Code, ServerEvent, Status};

use crate::world::World;

const AWAY: &str = r#"{"type":"set_status","id":"s1","payload":{"status":"away","text":"lunch"}}"#;

/// Takes the statuses a client received; discards the rest.
fn statuses(world: &mut World, client: ClientId) -> Vec<String> {
    let told = world.told(client).into_iter().filter_map(|event| match event {
        ServerEvent::Status { user, status: Status { away, text, .. }, .. } => {
            Some(format!("{user} {} {text}", if away { "away" } else { "online" }))
        }
        _ => None,
    });
    told.collect()
}

/// Returns the status of the first user of this name in a list of the lobby's.
fn listed(world: &mut World, asker: ClientId, name: &str) -> Status {
    world.told(asker);
    world.say(asker, r#"{"type":"list_users","room":"lobby"}"#);
    let told = world.told(asker);
    let [ServerEvent::UserList { users, .. }] = &told[..] else { panic!("{told:?}") };
    users.iter().find(|user| &*user.name == name).unwrap().status.clone()
}

fn away(text: &str) -> Status {
    Status { away: true, text: text.into(), hue: None }
}

#[test]
fn a_status_is_acknowledged_broadcast_and_listed_until_reset() {
    let mut world = World::new();
    let alice = world.open("name=Alice");
    let session = world.welcome(alice).session;
    let tab = world.enter(&format!("session={session}"));
    let bob = world.enter("name=Bob");
    world.pass(Duration::from_secs(2));
    world.told.clear();
    world.say(alice, AWAY);
    assert_eq!(
        world.read(alice),
        ["{\"type\":\"ack\",\"re\":\"s1\",\"ts\":1732104002000,\"payload\":\
          {\"status\":\"away\",\"text\":\"lunch\"}}"]
    );
    let told = "{\"type\":\"presence\",\"room\":\"lobby\",\"payload\":{\"user\":\"Alice\",\
                \"count\":2,\"status\":\"away\",\"text\":\"lunch\"}}";
    assert_eq!((world.read(bob), world.read(tab)), (vec![told.into()], vec![told.into()]));
    world.say(alice, "still here");
    assert_eq!(listed(&mut world, bob, "Alice"), away("lunch"));
    assert_eq!(listed(&mut world, bob, "Bob"), Status::default());
    let carol = world.open("name=Carol&room=dev");
    world.told.clear();
    world.say(carol, "/join lobby");
    let told = world.told(carol);
    let ServerEvent::Joined(joined) = &told[0] else { panic!("{told:?}") };
    assert_eq!(joined.users[0].status, away("lunch"));
    world.pass(Duration::from_secs(2));
    world.told.clear();
    world.say(tab, "/back");
    assert_eq!(
        world.read(tab).last().unwrap(),
        "{\"type\":\"notice\",\"payload\":{\"code\":\"status\",\"message\":\"You are online.\"}}"
    );
    assert_eq!(statuses(&mut world, bob), ["Alice online "]);
    assert_eq!(listed(&mut world, bob, "Alice"), Status::default());
    // What changes nothing is no news.
    world.pass(Duration::from_secs(2));
    world.say(tab, "/back");
    assert_eq!(statuses(&mut world, bob), [""; 0]);
}

#[test]
fn of_several_statuses_in_a_batch_the_last_is_sent() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    let bob = world.enter("name=Bob&mode=text");
    world.pass(Duration::from_secs(2));
    world.told.clear();
    for text in ["one", "two", "three", "four"] {
        world.say(alice, &format!("/away {text}"));
    }
    world.say(bob, "/away too");
    world.pass(Duration::from_secs(1));
    assert_eq!(
        world.read(bob),
        ["* Alice is away: one", "* You are away: too.", "* Alice is away: four"]
    );
    assert_eq!(statuses(&mut world, alice), ["Bob away too"]);
    world.say(alice, "/back");
    world.say(alice, "/away");
    world.pass(Duration::from_secs(2));
    assert_eq!(world.read(bob).last().unwrap(), "* Alice is away");
    world.say(alice, "/back");
    assert_eq!(world.read(bob), ["* Alice is back"]);
    world.say(bob, "/who");
    assert_eq!(world.read(bob), ["* In lobby (2 online): Alice, Bob (away: too)"]);
}

#[test]
fn in_a_full_room_statuses_are_not_sent_by_name() {
    let mut world = World::with(|limits| limits.presence_users_max = 3);
    let alice = world.enter("name=Alice");
    let others: Vec<ClientId> = (0..3).map(|n| world.enter(&format!("name=N{n}"))).collect();
    world.pass(Duration::from_secs(2));
    world.told.clear();
    world.say(alice, AWAY);
    world.pass(Duration::from_secs(5));
    for other in &others {
        assert_eq!(world.told(*other), []);
    }
    assert_eq!(world.types(alice), ["ack"]);
    assert_eq!(listed(&mut world, others[0], "Alice"), away("lunch"));
}

#[test]
fn a_detached_session_keeps_its_status_until_it_ends() {
    let mut world = World::new();
    let bob = world.enter("name=Bob");
    let alice = world.open("name=Alice");
    let session = world.welcome(alice).session;
    world.say(alice, AWAY);
    world.close(alice);
    world.pass(Duration::from_secs(60));
    world.told.clear();
    let alice = world.open(&format!("session={session}"));
    world.pass(Duration::from_secs(2));
    assert_eq!(world.types(bob), ["user_joined", "presence"]);
    assert_eq!(listed(&mut world, bob, "Alice"), away("lunch"));
    world.close(alice);
    world.pass(Duration::from_secs(700));
    world.open(&format!("session={session}&name=Alice"));
    assert_eq!(listed(&mut world, bob, "Alice"), Status::default());
}

#[test]
fn an_invalid_status_is_refused() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    let bob = world.enter("name=Bob");
    let fits = "é".repeat(100);
    world.pass(Duration::from_secs(2));
    world.told.clear();
    for (payload, code) in [
        (r#"{"status":"gone"}"#.to_owned(), Code::BadField),
        (r#"{"status":7}"#.into(), Code::BadField),
        (r#"{"text":"lunch"}"#.into(), Code::MissingField),
        ("true".into(), Code::BadField),
        (r#"{"status":"away","text":7}"#.into(), Code::BadField),
        (r#"{"status":"away","text":"a\u0007b"}"#.into(), Code::BadField),
        (r#"{"status":"away","text":"a\nb"}"#.into(), Code::BadField),
        (format!(r#"{{"status":"away","text":"{fits}é"}}"#), Code::TooLong),
    ] {
        world.say(alice, &format!(r#"{{"type":"set_status","payload":{payload}}}"#));
        assert_eq!(world.error(alice).code, code, "{payload}");
    }
    assert_eq!(world.told(bob), []);
    world.say(alice, &format!("/away {fits}\n"));
    assert_eq!(statuses(&mut world, bob), [format!("Alice away {fits}")]);
    world.say(alice, r#"{"type":"set_status","id":"s","payload":"away"}"#);
    assert_eq!(world.types(alice), ["notice", "ack"]);
    for _ in 0..8 {
        world.say(alice, "/away fast");
    }
    world.told(alice);
    world.say(alice, "/away too fast");
    let refusal = world.error(alice);
    assert_eq!((refusal.code, refusal.text.as_deref()), (Code::RateLimited, Some("too fast")));
}

#[test]
fn the_status_and_hue_of_an_account_outlive_a_restart() {
    let mut world = World::new();
    let alice = world.register("Alice", 1, false);
    let on = world.enter_as(&alice, "room=lobby");
    world.say(on, r#"{"type":"set_status","payload":{"status":"online","text":"until Monday"}}"#);
    world.say(on, "/hue 7");
    world.restart();
    let bob = world.enter("name=Bob&room=lobby");
    let on = world.enter_as(&alice, "room=lobby");
    let status = Status { away: false, text: "until Monday".into(), hue: NonZeroU8::new(7) };
    assert_eq!(listed(&mut world, bob, "Alice"), status);
    world.say(on, r#"{"type":"set_profile","payload":{}}"#);
    world.say(on, r#"{"type":"set_status","payload":"online"}"#);
    world.restart();
    let bob = world.enter("name=Bob&room=lobby");
    world.enter_as(&alice, "room=lobby");
    assert_eq!(listed(&mut world, bob, "Alice"), Status::default());
}

#[test]
fn a_hue_is_told_as_a_presence_that_text_clients_do_not_see() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    let bob = world.enter("name=Bob");
    let terry = world.enter("name=Terry&mode=text");
    world.pass(Duration::from_secs(2));
    world.told.clear();
    world.say(alice, r#"{"type":"set_profile","id":"p1","payload":{"hue":12}}"#);
    assert_eq!(
        world.read(alice),
        ["{\"type\":\"ack\",\"re\":\"p1\",\"ts\":1732104002000,\"payload\":\
          {\"status\":\"online\",\"text\":\"\",\"hue\":12}}"]
    );
    let told = "{\"type\":\"presence\",\"room\":\"lobby\",\"payload\":{\"user\":\"Alice\",\
                \"count\":3,\"status\":\"online\",\"text\":\"\",\"hue\":12}}";
    assert_eq!(world.read(bob), [told]);
    // What is set with it in one batch is seen.
    world.pass(Duration::from_secs(2));
    world.told.clear();
    world.say(alice, "/away lunch");
    world.say(alice, "/away dinner");
    world.say(alice, "/hue");
    world.pass(Duration::from_secs(2));
    let seen: Vec<_> = world.told(terry).into_iter().collect();
    assert!(
        matches!(&seen[..], [.., ServerEvent::Status { status, hue_only: false, .. }]
            if *status == away("dinner")),
        "{seen:?}"
    );
    world.told.clear();
    for hue in ["0", "13", "-1", "\"red\""] {
        world.say(alice, &format!(r#"{{"type":"set_profile","payload":{{"hue":{hue}}}}}"#));
        assert_eq!(world.error(alice).code, Code::BadField, "{hue}");
    }
}
