//! Private rooms: for users who are no members they do not exist.

use std::time::Duration;

use chinwag::chat::record::Span;
use chinwag::chat::{ClientId, Code, Credential, Input, Request, ServerEvent};

use crate::world::World;

/// Makes a private room with Alice in it, and has Eve outside.
fn world() -> (World, ClientId, ClientId) {
    let mut world = World::new();
    let alice = world.enter("name=Alice&room=den");
    world.say(alice, "the secret word");
    world.say(alice, r#"{"type":"moderate","id":"m1","payload":{"action":"make_private"}}"#);
    let read = world.read(alice);
    assert!(read[0].contains("\"type\":\"ack\",\"re\":\"m1\""), "{read:?}");
    assert!(
        read[1].contains("\"type\":\"moderated\",\"room\":\"den\",\"seq\":2")
            && read[1].contains("\"payload\":{\"action\":\"make_private\",\"by\":\"Alice\"}"),
        "{read:?}"
    );
    let eve = world.enter("name=Eve");
    (world, alice, eve)
}

#[test]
fn a_private_room_does_not_exist_for_strangers_in_any_request() {
    let (mut world, alice, eve) = world();
    for text in [r#"{"type":"history","room":"den"}"#, r#"{"type":"list_users","room":"den"}"#] {
        world.say(eve, text);
        let refusal = world.error(eve);
        assert_eq!(refusal.code, Code::NoSuchRoom, "{text}");
        world.say(eve, &text.replace("den", "nowhere"));
        assert_eq!(world.error(eve), refusal, "{text}");
    }
    for text in [
        r#"{"type":"send_message","room":"den","payload":"hi"}"#,
        r#"{"type":"edit_message","room":"den","payload":{"mid":1,"content":"x"}}"#,
        r#"{"type":"delete_message","room":"den","payload":{"mid":1}}"#,
        r#"{"type":"react","room":"den","payload":{"mid":1,"emoji":"x"}}"#,
        r#"{"type":"search","room":"den","payload":"secret"}"#,
        r#"{"type":"read","room":"den","payload":{"seq":1}}"#,
        r#"{"type":"set_topic","room":"den","payload":"x"}"#,
        r#"{"type":"leave_room","room":"den"}"#,
        r#"{"type":"moderate","room":"den","payload":{"action":"make_public"}}"#,
    ] {
        world.say(eve, text);
        let refusal = world.error(eve);
        assert_eq!(refusal.code, Code::NotInRoom, "{text}");
        world.say(eve, &text.replace("den", "nowhere"));
        assert_eq!(world.error(eve), refusal, "{text}");
    }
    world.say(eve, r#"{"type":"list_rooms"}"#);
    assert!(!world.read(eve)[0].contains("den"));
    world.say(eve, r#"{"type":"resume","payload":{"epoch":"k3","rooms":{"den":0}}}"#);
    let told = world.read(eve).join("\n");
    assert!(told.contains("forbidden") && !told.contains("secret"), "{told}");
    let again = world.open("name=Eve2&room=den&after=den:0&epoch=k3");
    let told = world.read(again).join("\n");
    assert!(told.contains("\"current\":\"lobby\"") && told.contains("forbidden"), "{told}");
    assert!(!told.contains("secret") && !told.contains("\"den\":"), "{told}");
    world.told.clear();
    world.say(alice, "more secret words");
    assert_eq!((world.heard(eve), world.heard(again)), (vec![], vec![]));
}

#[test]
fn a_private_room_does_not_exist_for_strangers_over_http() {
    let (mut world, alice, _) = world();
    let session = {
        world.told.clear();
        let tab = world.open("name=X");
        world.welcome(tab).session
    };
    let mut command = |request| {
        let caller = ClientId(1 << 40);
        world.handle(Input::Asked { caller, network: [192, 0, 2, 1].into(), request });
        world.told(caller).pop().expect("an answer")
    };
    let read = |by| Request::History { by, room: "den".into(), span: Span::Latest, limit: None };
    for by in [Credential::Nobody, Credential::Session(session)] {
        let ServerEvent::Error(refusal) = command(read(by)) else { panic!("it was read") };
        assert_eq!(refusal.code, Code::NoSuchRoom);
    }
    let ServerEvent::RoomList { rooms, .. } = command(Request::Rooms) else { panic!("no list") };
    assert!(rooms.iter().all(|room| &*room.room != "den"));
    let _ = alice;
}

#[test]
fn an_invited_guest_can_join_and_a_kicked_one_cannot() {
    let (mut world, alice, eve) = world();
    world.say(alice, "/invite Eve");
    let told = world.read(eve);
    assert!(
        told[0].contains("\"type\":\"notice\",\"room\":\"den\"") && told[0].contains("invited")
    );
    world.told.clear();
    world.say(eve, "/join den");
    assert!(world.read(eve).join("").contains("the secret word"));
    world.say(eve, "hello");
    assert_eq!(world.heard(alice), ["hello"]);
    world.say(alice, "/kick Eve enough");
    let told = world.read(eve).join("\n");
    let left = "{\"type\":\"left\",\"room\":\"den\",\"payload\":{\"why\":\"kicked\",\"by\":\"Alice\",\
                \"reason\":\"enough\"}}";
    assert!(told.contains(left), "{told}");
    world.told.clear();
    world.say(alice, "she is gone");
    assert_eq!(world.heard(eve), [""; 0]);
    world.say(eve, "/join den");
    assert_eq!(world.error(eve).code, Code::Forbidden);
}

#[test]
fn people_in_a_room_become_members_when_it_is_made_private() {
    let mut world = World::new();
    let alice = world.enter("name=Alice&room=den");
    let bob = world.open("name=Bob&room=den");
    let session = world.welcome(bob).session;
    world.say(alice, "hi");
    world.say(alice, "/private");
    world.close(bob);
    world.restart();
    let bob = world.open(&format!("session={session}"));
    let welcome = world.welcome(bob);
    let room = &welcome.rooms[0];
    assert_eq!((&*room.room, room.private, room.role), ("den", true, Some("member")));
    let eve = world.open("room=den");
    assert_eq!(&*world.welcome(eve).rooms[0].room, "lobby");
}

#[test]
fn a_pending_page_of_a_room_made_private_is_not_sent_to_strangers() {
    let mut world = World::new();
    let alice = world.enter("name=Alice&room=den");
    world.say(alice, "the secret word");
    let eve = world.enter("name=Eve");
    world.prompt = false;
    world.say(alice, "/private");
    world.say(eve, r#"{"type":"history","room":"den"}"#);
    world.settle();
    assert_eq!(world.error(eve).code, Code::NoSuchRoom);
}

#[test]
fn the_lobby_cannot_be_made_private() {
    let mut world = World::new();
    let root = world.register("Root", 9, true);
    let root = world.enter_as(&root, "");
    world.say(root, "/private");
    assert_eq!(world.error(root).code, Code::Forbidden);
}

#[test]
fn admins_moderate_everywhere_and_read_no_private_room() {
    let (mut world, _, _) = world();
    let root = world.register("Root", 9, true);
    let root = world.enter_as(&root, "");
    world.say(root, r#"{"type":"history","room":"den"}"#);
    assert_eq!(world.error(root).code, Code::NoSuchRoom);
    world.say(root, "/join den");
    assert_eq!(world.error(root).code, Code::Forbidden);
}

#[test]
fn membership_ends_with_the_session_and_another_user_owns_the_room() {
    let (mut world, alice, eve) = world();
    world.say(alice, "/invite Eve");
    world.say(alice, "/promote Eve");
    world.say(eve, "/join den");
    world.close(alice);
    world.pass(Duration::from_secs(700));
    world.told.clear();
    world.say(eve, r#"{"type":"list_users","room":"den"}"#);
    let read = world.read(eve);
    assert!(
        read[0].contains("\"name\":\"Eve\"") && read[0].contains("\"role\":\"owner\""),
        "{read:?}"
    );
    world.restart();
    let other = world.open("room=den");
    assert_eq!(&*world.welcome(other).rooms[0].room, "lobby");
}

#[test]
fn a_room_made_public_again_is_visible_to_everybody() {
    let (mut world, alice, eve) = world();
    world.say(alice, "/public");
    world.say(eve, r#"{"type":"list_rooms"}"#);
    assert!(world.read(eve)[0].contains("den"));
    world.say(eve, r#"{"type":"history","room":"den"}"#);
    assert!(world.read(eve)[0].contains("the secret word"));
}

#[test]
fn a_private_room_has_at_most_so_many_members() {
    let mut world = World::with(|limits| limits.members_max = 2);
    let alice = world.enter("name=Alice&room=den");
    world.say(alice, "/private");
    for name in ["B", "C"] {
        world.enter(&format!("name={name}"));
    }
    world.say(alice, "/invite B");
    world.told.clear();
    world.say(alice, "/invite C");
    assert_eq!(world.error(alice).code, Code::RoomFull);
}

#[test]
fn a_demoted_moderator_stays_a_member_and_a_kicked_one_does_not() {
    let (mut world, alice, eve) = world();
    let session = {
        let tab = world.open("name=Bob");
        world.welcome(tab).session
    };
    let bob = world.enter(&format!("session={session}"));
    for line in ["/promote Bob", "/promote Eve"] {
        world.say(alice, line);
    }
    for client in [bob, eve] {
        world.say(client, "/join den");
    }
    world.say(alice, "/demote Bob");
    world.told.clear();
    world.say(bob, r#"{"type":"list_users"}"#);
    assert_eq!(world.types(bob), ["user_list"]);
    world.say(alice, "still with us");
    assert_eq!(world.heard(bob), ["still with us"]);
    // A moderator put out of a private room does not walk in again.
    world.say(alice, "/kick Eve");
    world.told.clear();
    world.say(eve, "/join den");
    assert_eq!(world.error(eve).code, Code::Forbidden);
    world.say(eve, r#"{"type":"history","room":"den"}"#);
    assert_eq!(world.error(eve).code, Code::NoSuchRoom);
}

#[test]
fn a_resumed_session_does_not_join_rooms_it_may_not_be_in() {
    let (mut world, alice, eve) = world();
    world.close(eve);
    world.told.clear();
    let other = world.open("name=Mallory");
    let session = world.welcome(other).session;
    world.say(alice, "/invite Mallory");
    let member = world.enter("name=Trudy");
    world.say(alice, "/invite Trudy");
    world.say(member, "/join den");
    world.say(alice, "/ban Mallory");
    world.told.clear();
    world.say(member, &format!(r#"{{"type":"resume","payload":{{"session":"{session}"}}}}"#));
    assert_eq!(world.types(member), ["left", "resumed"]);
    world.say(alice, "among ourselves");
    assert_eq!(world.heard(member), [""; 0]);
}

#[test]
fn people_who_join_while_a_room_becomes_private_are_members_or_removed() {
    let mut world = World::with(|limits| limits.members_max = 2);
    let alice = world.enter("name=Alice&room=den");
    world.say(alice, "hi");
    world.prompt = false;
    world.say(alice, "/private");
    let late: Vec<ClientId> =
        ["B", "C", "D"].iter().map(|it| world.enter(&format!("name={it}&room=den"))).collect();
    world.settle();
    world.told.clear();
    world.prompt = true;
    world.say(alice, "the secret word");
    for client in late {
        let hears = !world.heard(client).is_empty();
        assert_eq!(hears, !world.closed.contains_key(&client));
        world.say(client, r#"{"type":"history","room":"den"}"#);
        assert_eq!(world.types(client).len(), usize::from(hears));
    }
}

#[test]
fn a_user_who_left_before_a_room_became_private_is_no_member_after_a_restart() {
    let mut world = World::new();
    let alice = world.enter("name=Alice&room=den");
    let eve = world.open("name=Eve&room=den");
    let session = world.welcome(eve).session;
    world.say(eve, "hi");
    world.prompt = false;
    world.say(alice, "/private");
    world.say(eve, "/leave den");
    world.settle();
    world.prompt = true;
    world.say(eve, "/join den");
    let barred = world.types(eve).last().cloned();
    world.restart();
    let eve = world.open(&format!("session={session}&room=den"));
    let told = world.read(eve).join("");
    assert_eq!(barred.as_deref(), Some("error"));
    assert!(told.contains("forbidden") && !told.contains("\"current\":\"den\""), "{told}");
}

#[test]
fn a_room_with_an_unusual_name_is_private_after_a_restart() {
    let mut world = World::new();
    let owner = world.open("name=Alice&room=a%E2%88%95b&room=a");
    let welcome = world.welcome(owner);
    assert_eq!(welcome.rooms.len(), 2);
    // Fullwidth forms of what divides and marks keys are those very characters, folded.
    for name in ["a%EF%BC%8Fb", "%EF%BC%A0Bob", "%E2%84%80"] {
        let client = world.open(&format!("room={name}"));
        let told = world.read(client).join("");
        assert!(told.contains("\"current\":\"lobby\"") && told.contains("bad_field"), "{told}");
    }
}

#[test]
fn a_late_refusal_names_the_event_it_answers() {
    let mut world = World::new();
    let alice = world.enter("name=Alice&room=den");
    world.say(alice, "the secret word");
    let eve = world.enter("name=Eve");
    world.prompt = false;
    world.say(alice, "/private");
    world.say(eve, r#"{"type":"history","id":"h1","room":"den"}"#);
    world.settle();
    let late = world.error(eve);
    world.prompt = true;
    world.say(eve, r#"{"type":"history","id":"h1","room":"den"}"#);
    assert_eq!(world.error(eve), late);
}

#[test]
fn a_room_keeps_a_silent_owner_after_a_crash() {
    let mut world = World::new();
    let alice = world.open("name=Alice&room=den");
    let session = world.welcome(alice).session;
    let bob = world.enter("name=Bob&room=den");
    world.say(bob, "hi");
    world.restart();
    let alice = world.open(&format!("session={session}"));
    assert_eq!(world.welcome(alice).rooms[0].role, Some("owner"));
}

#[test]
fn a_room_made_private_by_its_first_entry_is_private_after_a_restart() {
    let mut world = World::new();
    let alice = world.open("name=Alice&room=den");
    let session = world.welcome(alice).session;
    world.prompt = false;
    world.say(alice, "/private");
    world.say(alice, "the secret word");
    world.settle();
    world.restart();
    world.prompt = true;
    let eve = world.open("name=Eve&room=den");
    let told = world.read(eve).join("");
    assert!(told.contains("forbidden") && !told.contains("secret"), "{told}");
    let alice = world.open(&format!("session={session}"));
    let room = &world.welcome(alice).rooms[0];
    assert_eq!((&*room.room, room.private, room.role), ("den", true, Some("owner")));
}

#[test]
fn a_private_room_without_an_owner_passes_to_a_moderator_or_the_longest_standing_member() {
    for (moderator, heir) in [(None, "Zoe"), (Some("Bob"), "Bob")] {
        let mut world = World::new();
        let owner = world.enter("name=Owner&room=den");
        world.say(owner, "/private");
        let mut clients = Vec::new();
        for name in ["Zoe", "Bob", "Ann"] {
            let client = world.enter(&format!("name={name}"));
            world.say(owner, &format!("/invite {name}"));
            world.say(client, "/join den");
            clients.push((name, client));
        }
        if let Some(moderator) = moderator {
            world.say(owner, &format!("/promote {moderator}"));
        }
        world.close(owner);
        world.pass(Duration::from_secs(700));
        for (name, client) in clients {
            world.told.clear();
            world.say(client, r#"{"type":"moderate","payload":{"action":"demote","user":"Zoe"}}"#);
            assert_eq!(world.types(client) != ["error"], name == heir, "{name} {moderator:?}");
        }
        assert!(
            world.keeper.key_values.values().any(|value| value.contains("\"private\":true")),
            "the room is gone"
        );
    }
}

/// Returns a private room's owner and its members, the first for the longest, in a world in which
/// sessions end soon.
fn den_of(members: &[&str]) -> (World, ClientId, Vec<ClientId>) {
    let mut world = World::with(|limits| limits.detached_sessions_max = 0);
    let owner = world.enter("name=Owner&room=den");
    world.say(owner, "/private");
    let clients = members.iter().map(|name| {
        let client = world.enter(&format!("name={name}"));
        world.say(owner, &format!("/invite {name}"));
        world.say(client, "/join den");
        client
    });
    let clients = clients.collect();
    world.told.clear();
    (world, owner, clients)
}

/// Whether a client owns its room.
fn owns(world: &mut World, client: ClientId) -> bool {
    world.told.clear();
    world.say(client, r#"{"type":"moderate","payload":{"action":"demote","user":"Ann"}}"#);
    world.types(client) != ["error"]
}

#[test]
fn a_member_banned_while_the_owner_goes_does_not_inherit_the_room() {
    let (mut world, owner, clients) = den_of(&["Zoe", "Bob", "Ann"]);
    world.prompt = false;
    world.say(owner, "/ban Zoe");
    world.close(owner);
    world.pass(Duration::from_secs(60));
    world.prompt = true;
    world.settle();
    assert_eq!(world.closed.get(&clients[0]), None);
    world.told.clear();
    world.say(clients[0], "/join den");
    assert_eq!(world.error(clients[0]).code, Code::Banned);
    assert!(owns(&mut world, clients[1]));
    world.restart();
    let back = world.open("name=Zoe&room=den");
    let told = world.read(back).join("");
    assert!(!told.contains(r#""room":"den","users""#), "{told}");
}

#[test]
fn a_banned_owner_loses_the_room_to_the_longest_standing_member() {
    let (mut world, owner, clients) = den_of(&["Zoe", "Bob", "Ann"]);
    let root = world.register("Admin", 5, true);
    let root_client = world.enter_as(&root, "");
    world.say(owner, "/invite Admin");
    world.say(root_client, "/join den");
    world.say(root_client, "/ban Owner");
    assert_eq!(world.closed[&owner], 4003);
    assert!(!owns(&mut world, clients[1]) && owns(&mut world, clients[0]));
}

#[test]
fn nobody_who_is_banned_is_invited_or_promoted() {
    for public in [false, true] {
        let (mut world, owner, clients) = den_of(&["Zoe", "Ann"]);
        if public {
            world.say(owner, "/public");
        }
        world.say(owner, "/ban Zoe 60");
        for command in ["/invite Zoe", "/promote Zoe"] {
            world.told.clear();
            world.say(owner, command);
            assert_eq!(world.error(owner).code, Code::Forbidden, "{command}");
            assert!(world.told(clients[0]).is_empty());
        }
        // The same while the ban is not recorded yet.
        world.say(owner, "/unban Zoe");
        world.prompt = false;
        world.say(owner, "/ban Zoe");
        world.say(owner, "/invite Zoe");
        world.say(owner, "/promote Zoe");
        world.settle();
        let told = world.read(clients[0]).join("");
        assert!(!told.contains("invited"), "{told}");
        world.prompt = true;
        world.say(clients[0], "/join den");
        assert_eq!(world.error(clients[0]).code, Code::Banned);
        world.say(clients[0], r#"{"type":"list_rooms"}"#);
        let told = world.read(clients[0]).join("");
        assert!(public || !told.contains("den"), "{told}");
    }
}

#[test]
fn a_muted_member_inherits_a_private_room_only_when_there_is_no_other() {
    for (other, heir) in [(true, "Bob"), (false, "Zoe")] {
        let members: &[&str] = if other { &["Zoe", "Bob", "Ann"] } else { &["Zoe"] };
        let (mut world, owner, clients) = den_of(members);
        world.say(owner, "/mute Zoe");
        world.close(owner);
        world.pass(Duration::from_secs(60));
        for (name, client) in members.iter().zip(clients) {
            world.told.clear();
            world.say(client, "/slow 0");
            assert_eq!(world.types(client) != ["error"], *name == heir, "{name}");
        }
    }
}
