//! Moderation: roles, and what users without one cannot do.

use std::net::IpAddr;
use std::time::Duration;

use chinwag::chat::record::{KeyValue, ModerationAction, Namespace};
use chinwag::chat::{Admission, ClientId, Code};

use crate::world::World;

/// Alice owns the room in which Bob and Eve are, too.
fn world() -> (World, ClientId, ClientId, ClientId) {
    let mut world = World::new();
    let alice = world.enter("name=Alice&room=dev");
    let bob = world.enter("name=Bob&room=dev");
    let eve = world.enter("name=Eve&room=dev");
    world.say(alice, "hi");
    world.told.clear();
    (world, alice, bob, eve)
}

#[test]
fn the_creator_of_a_room_owns_it_and_nobody_owns_the_lobby() {
    let (mut world, alice, bob, _) = world();
    world.say(alice, "/slow 5");
    assert!(world.types(alice).contains(&"moderated".to_owned()));
    world.say(bob, "/slow 5");
    assert_eq!(world.types(bob).last().map(String::as_str), Some("error"));
    let first = world.enter("name=First");
    world.say(first, "/lock");
    assert_eq!(world.error(first).code, Code::Forbidden);
}

#[test]
fn users_without_a_role_cannot_moderate() {
    let (mut world, _, bob, _) = world();
    world.pass(Duration::from_secs(2));
    world.told.clear();
    for (action, word) in ModerationAction::requestable() {
        if action == ModerationAction::Invite {
            continue;
        }
        let text = format!(
            r#"{{"type":"moderate","payload":{{"action":"{word}","user":"Eve","seconds":5}}}}"#
        );
        world.say(bob, &text);
        assert_eq!(world.error(bob).code, Code::Forbidden, "{word}");
        world.pass(Duration::from_secs(1));
    }
    world.say(bob, r#"{"type":"delete_message","payload":{"mid":1}}"#);
    assert_eq!(world.error(bob).code, Code::Forbidden);
}

#[test]
fn a_moderator_cannot_moderate_users_of_equal_or_higher_rank() {
    let (mut world, alice, bob, eve) = world();
    world.say(alice, "/promote Bob");
    world.told.clear();
    for line in ["/kick Alice", "/ban Alice", "/mute Alice", "/promote Eve", "/private"] {
        world.say(bob, line);
        assert_eq!(world.error(bob).code, Code::Forbidden, "{line}");
    }
    world.say(bob, "/mute Eve 60 too loud");
    world.told.clear();
    world.say(eve, "hello?");
    let refusal = world.error(eve);
    assert_eq!((refusal.code, refusal.text.as_deref()), (Code::Muted, Some("hello?")));
    assert_eq!(refusal.retry_after_ms, Some(60_000));
    world.pass(Duration::from_secs(61));
    world.say(eve, "hello!");
    assert_eq!(world.heard(bob).last().map(String::as_str), Some("hello!"));
    world.say(alice, "/demote Bob");
    world.told.clear();
    world.say(bob, "/mute Eve");
    assert_eq!(world.error(bob).code, Code::Forbidden);
}

#[test]
fn nobody_can_moderate_themselves_or_an_unknown_user() {
    let (mut world, alice, ..) = world();
    for (line, code) in [
        ("/kick Alice", Code::BadField),
        ("/ban alice", Code::BadField),
        ("/mute Alice", Code::BadField),
        ("/kick Nobody", Code::NoSuchUser),
        ("/ban Nobody", Code::NoSuchUser),
        ("/unban Eve", Code::NoSuchUser),
    ] {
        world.say(alice, line);
        assert_eq!(world.error(alice).code, code, "{line}");
    }
    let first = world.enter("name=Else&room=other");
    world.say(alice, "/kick Else");
    assert_eq!(world.error(alice).code, Code::NoSuchUser);
    world.say(first, r#"{"type":"moderate","payload":{"action":"kick"}}"#);
    assert_eq!(world.error(first).code, Code::MissingField);
    for seconds in ["0", "99999999999"] {
        let text = format!(
            r#"{{"type":"moderate","payload":{{"action":"mute","user":"Eve","seconds":{seconds}}}}}"#
        );
        world.say(alice, &text);
        assert_eq!(world.error(alice).code, Code::BadField, "{seconds}");
    }
}

#[test]
fn a_banned_guest_is_recognised_by_session_name_and_network() {
    let mut world = World::new();
    let alice = world.enter("name=Alice&room=dev");
    world.say(alice, "hi");
    let network: IpAddr = [192, 0, 2, 7].into();
    let admission = || Admission { network: Some(network), ..Admission::default() };
    let eve = world.admission("/ws", "name=Eve&room=dev", admission());
    let session = world.welcome(eve).session;
    world.say(eve, "flood");
    world.told.clear();
    world.say(alice, "/ban Eve 600 flood");
    assert_eq!(world.closed.get(&eve), Some(&4003));
    assert!(
        world
            .read(eve)
            .join("")
            .contains("\"why\":\"banned\",\"by\":\"Alice\",\"reason\":\"flood\"")
    );
    world.close(eve);
    world.restart();
    let rooms = |world: &mut World, query: &str, admission| {
        let client = world.admission("/ws", query, admission);
        let told = world.read(client).join("");
        world.close(client);
        world.pass(Duration::from_secs(11));
        (told.contains("\"current\":\"dev\""), told.contains("\"banned\""))
    };
    let barred = (false, true);
    assert_eq!(
        rooms(&mut world, &format!("session={session}&room=dev"), Admission::default()),
        barred
    );
    assert_eq!(rooms(&mut world, "name=EVE&room=dev", Admission::default()), barred);
    assert_eq!(rooms(&mut world, "name=Other&room=dev", admission()), barred);
    assert_eq!(rooms(&mut world, "name=Other&room=dev", Admission::default()), (true, false));
    world.pass(Duration::from_secs(600));
    assert_eq!(rooms(&mut world, "name=Eve&room=dev", admission()), (true, false));
}

#[test]
fn a_ban_of_an_account_holds_for_it_alone() {
    let mut world = World::new();
    let alice = world.enter("name=Alice&room=dev");
    world.say(alice, "hi");
    let account = world.register("Eve", 5, false);
    world.say(alice, "/ban Eve");
    let eve = world.enter_as(&account, "room=dev");
    world.say(eve, "/join dev");
    assert_eq!(world.error(eve).code, Code::Banned);
    world.say(alice, "/unban Eve");
    world.say(eve, "/join dev");
    assert!(world.types(eve).contains(&"joined".to_owned()));
}

#[test]
fn only_moderators_can_post_in_a_locked_room() {
    let (mut world, alice, bob, _) = world();
    world.say(alice, "/lock");
    world.told.clear();
    for text in ["hello", r#"{"type":"react","payload":{"mid":1,"emoji":"👍"}}"#, "/topic x"] {
        world.say(bob, text);
        assert_eq!(world.error(bob).code, Code::RoomLocked, "{text}");
    }
    world.say(alice, "quiet please");
    assert_eq!(world.heard(bob), ["quiet please"]);
    world.restart();
    let eve = world.enter("name=Late&room=dev");
    world.say(eve, "hello");
    assert_eq!(world.error(eve).code, Code::RoomLocked);
}

#[test]
fn slow_mode_says_how_long_to_wait() {
    let (mut world, alice, bob, _) = world();
    world.say(alice, "/slow 30");
    world.told.clear();
    world.say(bob, "one");
    world.say(bob, "two");
    let told = world.read(bob).join("");
    assert!(
        told.contains("\"code\":\"slow_mode\"") && told.contains("\"retry_after_ms\":30000"),
        "{told}"
    );
    assert!(told.contains("\"text\":\"two\""), "{told}");
    world.pass(Duration::from_secs(30));
    world.told.clear();
    world.say(bob, "three");
    assert_eq!(world.heard(alice), ["three"]);
}

#[test]
fn a_moderator_can_delete_but_not_edit_messages_of_others() {
    let (mut world, alice, bob, _) = world();
    world.say(bob, "spam");
    world.told.clear();
    world.say(alice, r#"{"type":"edit_message","payload":{"mid":2,"content":"I am sorry"}}"#);
    assert_eq!(world.error(alice).code, Code::Forbidden);
    world.say(alice, r#"{"type":"delete_message","payload":{"mid":2}}"#);
    let read = world.read(bob);
    assert!(read[0].contains("\"by\":\"Alice\",\"why\":\"moderator\""), "{read:?}");
    world.say(alice, r#"{"type":"delete_message","payload":{"mid":1}}"#);
    let read = world.read(bob);
    assert!(read[0].contains("\"by\":\"Alice\",\"why\":\"author\""), "{read:?}");
}

#[test]
fn a_repeated_moderation_is_done_once() {
    let (mut world, alice, _, eve) = world();
    let moderation =
        r#"{"type":"moderate","id":"m1","payload":{"action":"mute","user":"Eve","seconds":60}}"#;
    world.say(alice, moderation);
    world.say(alice, r#"{"type":"moderate","payload":{"action":"unmute","user":"Eve"}}"#);
    world.told.clear();
    world.say(alice, moderation);
    assert!(world.read(alice)[0].contains("\"duplicate\":true"));
    world.say(eve, "hello");
    assert_eq!(world.heard(alice), ["hello"]);
}

#[test]
fn two_pending_moderations_are_both_stored() {
    let (mut world, alice, ..) = world();
    world.prompt = false;
    world.say(alice, "/mute Eve");
    world.say(alice, "/promote Eve");
    world.settle();
    world.restart();
    let key_values = world.keeper.opening("k3").key_values;
    both_hold(&key_values);
}

#[test]
fn a_moderation_that_was_not_recorded_has_no_effect() {
    let (mut world, alice, _, eve) = world();
    world.keeper.refuses = Some(chinwag::chat::record::JournalError::Unavailable);
    world.say(alice, "/ban Eve");
    assert_eq!(world.error(alice).code, Code::StorageUnavailable);
    world.say(eve, "still here");
    assert_eq!(world.heard(alice), ["still here"]);
}

#[test]
fn rates_depend_on_the_role() {
    let (mut world, alice, bob, _) = world();
    let sent = |world: &mut World, client| {
        world.pass(Duration::from_secs(60));
        (0..60)
            .filter(|_| {
                world.told.clear();
                world.say(client, "x");
                !world.types(client).contains(&"error".to_owned())
            })
            .count()
    };
    assert_eq!(sent(&mut world, bob), 10);
    assert_eq!(sent(&mut world, alice), 40);
}

#[test]
fn bans_are_limited_and_expired_ones_do_not_count() {
    let mut world = World::with(|limits| limits.bans_max = 2);
    let alice = world.enter("name=Alice&room=dev");
    world.say(alice, "hi");
    for name in ["A", "B", "C"] {
        world.register(name, name.as_bytes()[0], false);
    }
    world.say(alice, "/ban A 5");
    world.say(alice, "/ban B 600");
    world.told.clear();
    world.say(alice, "/ban C 600");
    assert_eq!(world.error(alice).code, Code::RoomFull);
    world.pass(Duration::from_secs(6));
    world.say(alice, "/ban C 600");
    assert_eq!(world.types(alice), ["moderated"]);
}

#[test]
fn a_muted_user_cannot_post_by_inviting() {
    let (mut world, alice, bob, _) = world();
    world.enter("name=Guest");
    let invite =
        r#"{"type":"moderate","payload":{"action":"invite","user":"Guest","reason":"I say"}}"#;
    world.say(alice, "/mute Bob");
    world.told.clear();
    world.say(bob, invite);
    assert_eq!(world.error(bob).code, Code::Muted);
    world.say(alice, "/unmute Bob");
    world.say(alice, "/lock");
    world.told.clear();
    world.say(bob, invite);
    assert_eq!(world.error(bob).code, Code::RoomLocked);
    world.say(alice, "/unlock");
    world.say(alice, "/slow 30");
    world.told.clear();
    world.say(bob, invite);
    assert_eq!(world.types(bob), ["moderated"]);
    world.say(bob, invite);
    assert_eq!(world.error(bob).code, Code::SlowMode);
}

#[test]
fn invitations_to_a_public_room_do_not_fill_its_lists() {
    let mut world = World::with(|limits| limits.members_max = 2);
    let alice = world.enter("name=Alice&room=dev");
    let bob = world.enter("name=Bob&room=dev");
    world.say(alice, "hi");
    for name in ["A", "B", "C"] {
        world.enter(&format!("name={name}"));
        world.say(bob, &format!("/invite {name}"));
    }
    world.told.clear();
    world.say(alice, "/mute Bob");
    assert_eq!(world.types(alice), ["moderated"]);
}

#[test]
fn expired_mutes_do_not_count() {
    let mut world = World::with(|limits| limits.mutes_max = 2);
    let alice = world.enter("name=Alice&room=dev");
    world.say(alice, "hi");
    for name in ["A", "B", "C"] {
        world.enter(&format!("name={name}&room=dev"));
    }
    world.say(alice, "/mute A 5");
    world.say(alice, "/mute B 600");
    world.told.clear();
    world.say(alice, "/mute C 600");
    assert_eq!(world.error(alice).code, Code::RoomFull);
    world.pass(Duration::from_secs(6));
    world.say(alice, "/mute C 600");
    assert!(world.types(alice).contains(&"moderated".to_owned()));
    let key_values = world.keeper.opening("k3").key_values.into_iter();
    assert_eq!(key_values.filter(|it| it.namespace == Namespace::Mutes).count(), 2);
}

#[test]
fn a_ban_of_a_guest_holds_for_names_that_look_alike_in_capitals_only() {
    let (mut world, alice, bob, _) = world();
    world.say(alice, "/ban Bob");
    world.close(bob);
    world.pass(Duration::from_secs(11));
    world.told.clear();
    // A Greek capital Beta and Latin letters.
    let other = world.open("name=%CE%92ob&room=dev");
    assert!(world.read(other).join("").contains("\"banned\""));
}

#[test]
fn two_moderations_of_one_user_survive_a_crash_before_their_answers() {
    let (mut world, alice, ..) = world();
    world.prompt = false;
    world.say(alice, "/mute Eve");
    world.say(alice, "/promote Eve");
    // Both are in the record; the server dies before it hears of it.
    (0..9).for_each(|_| world.keeper.work());
    let key_values = world.keeper.opening("k3").key_values;
    both_hold(&key_values);
}

/// Checks that Eve is a moderator, and muted.
fn both_hold(key_values: &[KeyValue]) {
    let of_eve = |namespace| {
        let mut of_eve = key_values.iter().filter(|it| it.namespace == namespace);
        of_eve.find_map(|it| it.value.as_deref().filter(|it| it.contains("Eve")))
    };
    let state = of_eve(Namespace::MemberStates).unwrap();
    assert!(state.contains("\"moderator\":true"), "{state}");
    assert!(of_eve(Namespace::Mutes).is_some(), "{key_values:?}");
}

#[test]
fn a_refused_moderation_costs_as_much_as_any_other() {
    let (mut world, alice, bob, _) = world();
    world.pass(Duration::from_secs(60));
    let _ = alice;
    let mut refusals = Vec::new();
    for n in 0..20 {
        world.told.clear();
        world.say(bob, &format!("/invite Nobody{n}"));
        refusals.push(world.error(bob).code);
    }
    assert_eq!(refusals.iter().filter(|code| **code == Code::NoSuchUser).count(), 10);
    assert_eq!(refusals.iter().filter(|code| **code == Code::RateLimited).count(), 10);
}

#[test]
fn a_moderation_needs_no_request_but_its_append() {
    let (mut world, alice, ..) = world();
    world.prompt = false;
    world.orders.clear();
    world.say(alice, "/mute Eve 60");
    world.pass(Duration::from_millis(5));
    world.settle();
    let keeps = world
        .orders
        .iter()
        .filter(|it| matches!(it, chinwag::chat::record::JournalRequest::Put(_)));
    assert_eq!(keeps.count(), 0);
}

#[test]
fn a_silent_guest_stays_banned_after_a_crash() {
    let (mut world, alice, ..) = world();
    let late = world.open("name=Late&room=dev");
    let session = world.welcome(late).session;
    world.say(alice, "/ban Late");
    world.restart();
    let late = world.open(&format!("session={session}&name=Other&room=dev"));
    assert!(world.read(late).join("").contains("\"banned\""));
}
