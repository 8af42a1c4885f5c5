//! Connecting: names, rooms, sessions.

use std::time::Duration;

use chinwag::chat::record::{AuthorKey, JournalRequest};
use chinwag::chat::{Admission, ClientId, Code, Input, OutputMode, ServerEvent};
use chinwag::clock::Moment;

use crate::world::World;

fn names(world: &mut World, clients: &[ClientId]) -> Vec<String> {
    clients.iter().map(|client| world.welcome(*client).you.to_string()).collect()
}

#[test]
fn welcome_is_first_and_complete() {
    let mut world = World::new();
    let alice = world.open("name=Alice&room=dev&room=Ops");
    assert_eq!(
        world.read(alice),
        ["{\"type\":\"welcome\",\"ts\":1732104000000,\"payload\":{\"v\":1,\"you\":\"Alice\",\
          \"renamed\":false,\"session\":\"AAAAAAAAAAEHBwcHBwcHBw\",\"epoch\":\"k3\",\
          \"current\":\"dev\",\"rooms\":{\"dev\":{\"seq\":0,\"users\":1,\"topic\":\"\",\
          \"role\":\"owner\"},\"Ops\":{\"seq\":0,\"users\":1,\"topic\":\"\",\
          \"role\":\"owner\"}},\"ping_ms\":9000,\"limits\":\
          {\"content\":4000,\"frame\":65536,\"burst\":10,\"per_s\":5,\"file\":26214400},\
          \"server\":\"chinwag/0.1.0\"}}"]
    );
}

#[test]
fn no_client_is_refused_for_its_name() {
    let mut world = World::new();
    let clients = ["", "name=", "name=%20", "name=Bob", "name=bob", "name=BOB"];
    let clients: Vec<ClientId> = clients.iter().map(|query| world.open(query)).collect();
    assert_eq!(
        names(&mut world, &clients),
        ["Anonymous", "Anonymous-2", "Anonymous-3", "Bob", "bob-2", "BOB-3"]
    );
    let renamed = world.open("name=Bob");
    assert!(world.welcome(renamed).renamed);
    let nameless = world.open("");
    assert!(!world.welcome(nameless).renamed);
}

#[test]
fn an_invalid_name_is_an_error_and_the_client_stays_anonymous() {
    let mut world = World::new();
    for query in ["name=a%00b", "name=%E2%80%AEevil", "name=%C3", "name=a%E2%80%8Bb", "name=*"] {
        let client = world.open(query);
        let told = world.told(client);
        let [ServerEvent::Welcome(welcome), ServerEvent::Error(refusal)] = &told[..] else {
            panic!("{query}: {told:?}");
        };
        assert!(welcome.you.starts_with("Anonymous") && welcome.renamed, "{query}");
        assert_eq!(refusal.code, Code::NameInvalid, "{query}");
    }
    let long = world.open(&format!("name={}", "x".repeat(33)));
    assert_eq!(world.types(long), ["welcome", "error"]);
}

#[test]
fn rooms_with_invalid_names_are_skipped_with_an_error() {
    let mut world = World::new();
    let client = world.open("room=%40Bob&room=a%2Fb&room=dev&room=DEV&room=");
    let told = world.told(client);
    let ServerEvent::Welcome(welcome) = &told[0] else { panic!("{told:?}") };
    assert_eq!(welcome.current.as_deref(), Some("dev"));
    assert_eq!(welcome.rooms.len(), 1);
    assert_eq!(told.len(), 4, "three rooms are answered: {told:?}");
    let lost = world.open("room=%40Bob");
    assert_eq!(world.welcome(lost).current.as_deref(), Some("lobby"));
    let path = world.open_at("/ws/dev", "room=ops");
    assert_eq!(world.welcome(path).current.as_deref(), Some("dev"));
}

#[test]
fn rooms_are_compared_by_case_folding() {
    let mut world = World::new();
    let alice = world.enter("name=Alice&room=Caf%C3%A9");
    let bob = world.enter("name=Bob&room=CAFE%CC%81");
    world.say(alice, "hello");
    assert_eq!(world.heard(bob), ["hello"]);
    world.say(bob, r#"{"type":"send_message","room":"cAFÉ","payload":"hi"}"#);
    assert_eq!(world.heard(alice), ["hi"]);
}

#[test]
fn a_connection_is_in_32_rooms_at_most() {
    let mut world = World::new();
    let query: Vec<String> = (0..40).map(|n| format!("room=r{n}")).collect();
    let client = world.open(&query.join("&"));
    let told = world.told(client);
    let [ServerEvent::Welcome(welcome), ServerEvent::Error(refusal)] = &told[..] else {
        panic!("{told:?}");
    };
    assert_eq!((welcome.rooms.len(), refusal.code), (32, Code::TooManyRooms));
    world.say(client, "/join another");
    assert_eq!(world.error(client).code, Code::TooManyRooms);
}

#[test]
fn empty_rooms_without_messages_are_removed() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    for n in 0..20 {
        world.say(alice, &format!("/join r{n}"));
        world.say(alice, "/leave");
        world.pass(Duration::from_secs(1));
    }
    assert_eq!(world.chat.rooms(), 1);
    world.told(alice);
    world.say(alice, "/rooms");
    let told = world.told(alice);
    let [ServerEvent::RoomList { rooms, .. }] = &told[..] else { panic!("{told:?}") };
    assert_eq!(rooms.len(), 1);
}

#[test]
fn the_number_of_rooms_is_limited() {
    let mut world = World::with(|limits| limits.rooms_max = 2);
    let alice = world.enter("name=Alice&room=a&room=b");
    world.say(alice, "/join c");
    assert_eq!(world.error(alice).code, Code::Overloaded);
    world.say(alice, "/leave a");
    world.say(alice, "/join c");
    world.told(alice);
    let bob = world.open("name=Bob&room=c");
    assert_eq!(world.types(bob), ["welcome"]);
}

#[test]
fn joining_makes_a_room_current_and_leaving_restores_the_previous_one() {
    let mut world = World::new();
    let alice = world.enter("name=Alice&room=one");
    let listener = world.enter("name=Bob&room=one&room=two&room=three");
    for (line, room) in [
        ("/join two", "two"),
        ("/join three", "three"),
        ("/join one", "one"),
        ("/leave", "three"),
        ("/leave two", "three"),
        ("/join three", "three"),
    ] {
        world.say(alice, line);
        world.told(listener);
        world.say(alice, "where?");
        let told = world.told(listener);
        let spoken = told.iter().find_map(|event| match event {
            ServerEvent::Message { room, .. } => Some(&**room),
            _ => None,
        });
        assert_eq!(spoken, Some(room), "after {line}");
        world.pass(Duration::from_secs(2));
    }
    world.say(alice, "/leave");
    world.told(alice);
    world.say(alice, "anybody?");
    let refusal = world.error(alice);
    assert_eq!(refusal.code, Code::NotInRoom);
    assert_eq!(refusal.text.as_deref(), Some("anybody?"));
}

#[test]
fn a_resumed_session_has_its_name_and_rooms_again() {
    let mut world = World::new();
    let alice = world.open("name=Alice&room=dev&room=ops");
    let session = world.welcome(alice).session;
    world.close(alice);
    for wait in [0, 5, 30, 599] {
        world.pass(Duration::from_secs(wait));
        let back = world.open(&format!("name=Other&session={session}"));
        let welcome = world.welcome(back);
        assert_eq!((&*welcome.you, welcome.renamed), ("Alice", false), "after {wait} s");
        assert_eq!(welcome.session, session);
        assert_eq!(welcome.current.as_deref(), Some("dev"));
        let rooms: Vec<&str> = welcome.rooms.iter().map(|line| &*line.room).collect();
        assert_eq!(rooms, ["dev", "ops"]);
        world.close(back);
    }
    world.pass(Duration::from_secs(601));
    let late = world.open(&format!("session={session}"));
    let welcome = world.welcome(late);
    assert_eq!((&*welcome.you, &*welcome.current.unwrap()), ("Anonymous", "lobby"));
    assert_ne!(welcome.session, session);
}

#[test]
fn a_name_is_free_once_the_leave_is_sent() {
    let mut world = World::new();
    let alice = world.open("name=Alice");
    let session = world.welcome(alice).session;
    world.close(alice);
    world.pass(Duration::from_secs(9));
    let early = world.open("name=Alice");
    assert_eq!(&*world.welcome(early).you, "Alice-2");
    world.pass(Duration::from_secs(2));
    let other = world.open("name=Alice");
    assert_eq!(&*world.welcome(other).you, "Alice");
    let back = world.open(&format!("session={session}"));
    let welcome = world.welcome(back);
    assert_eq!((&*welcome.you, welcome.renamed), ("Alice-3", true));
}

#[test]
fn two_tabs_of_a_session_are_one_person() {
    let mut world = World::new();
    let bob = world.enter("name=Bob");
    let first = world.open("name=Alice");
    let session = world.welcome(first).session;
    let second = world.open(&format!("session={session}"));
    assert_eq!(&*world.welcome(second).you, "Alice");
    assert!(world.closed.is_empty());
    world.say(first, "hello");
    assert_eq!(world.heard(second), ["hello"]);
    assert_eq!(world.heard(first), [""; 0]);
    world.told(bob);
    world.say(bob, "/who");
    assert_eq!(
        world.read(bob),
        ["{\"type\":\"user_list\",\"room\":\"lobby\",\"payload\":{\"count\":2,\"users\":[\
          {\"name\":\"Bob\",\"status\":\"online\",\"conns\":1},\
          {\"name\":\"Alice\",\"status\":\"online\",\"conns\":2}]}}"]
    );
    world.close(first);
    world.pass(Duration::from_secs(60));
    assert_eq!(world.types(bob), [""; 0]);
}

#[test]
fn an_anonymous_session_can_be_resumed_with_a_name() {
    let mut world = World::new();
    let first = world.open("");
    let session = world.welcome(first).session;
    let second = world.open(&format!("session={session}&name=Alice"));
    assert_eq!(&*world.welcome(second).you, "Alice");
    world.pass(Duration::from_secs(1));
    assert!(world.types(first).contains(&"presence".to_owned()));
    let third = world.open(&format!("session={session}&name=Other"));
    assert_eq!(&*world.welcome(third).you, "Alice");
}

#[test]
fn an_unknown_session_key_starts_a_new_session() {
    let mut world = World::new();
    let alice = world.open("session=AAAAAAAAAAAAAAAAAAAAAA");
    assert_ne!(&*world.welcome(alice).session, "AAAAAAAAAAAAAAAAAAAAAA");
}

#[test]
fn detached_sessions_end() {
    let mut world = World::with(|limits| limits.detached_sessions_max = 2);
    let sessions: Vec<_> = (0..3)
        .map(|n| {
            let client = world.open(&format!("name=N{n}"));
            world.say(client, "kept");
            let session = world.welcome(client).session;
            world.close(client);
            world.pass(Duration::from_secs(1));
            session
        })
        .collect();
    world.pass(Duration::from_secs(11));
    assert_eq!(world.keeper.sessions.len(), 2);
    let oldest = world.open(&format!("session={}", sessions[0]));
    assert_eq!(&*world.welcome(oldest).you, "Anonymous");
    let newest = world.open(&format!("session={}", sessions[2]));
    assert_eq!(&*world.welcome(newest).you, "N2");
}

#[test]
fn blank_sessions_end_first_and_then_those_of_the_largest_network() {
    let mut world = World::with(|limits| limits.detached_sessions_max = 6);
    let mut visit = |query: &str, network: u8, says: bool| {
        let network = Some([192, 0, 2, network].into());
        let admission = Admission { network, ..Admission::default() };
        let client = world.admission("/ws", query, admission);
        let welcome = world.welcome(client);
        if says {
            world.say(client, "kept");
        }
        world.close(client);
        world.pass(Duration::from_secs(11));
        (welcome.you.to_string(), welcome.session)
    };
    let (_, silent) = visit("name=Silent", 1, false);
    let (_, first) = visit("name=First", 1, true);
    for n in 0..20 {
        visit(&format!("name=Churn{n}"), 2, false);
    }
    let (_, second) = visit("name=Second", 3, true);
    // The network that brought most loses what it brought, of those that said nothing.
    for (session, name) in [(&silent, "Silent"), (&first, "First"), (&second, "Second")] {
        assert_eq!(visit(&format!("session={session}"), 4, false).0, name);
    }
    let (_, third) = visit("name=Third", 5, true);
    for n in 0..20 {
        visit(&format!("name=Loud{n}"), 2, true);
    }
    for (session, name) in [(&first, "First"), (&second, "Second"), (&third, "Third")] {
        assert_eq!(visit(&format!("session={session}"), 9, false).0, name);
    }
    assert_eq!(visit(&format!("session={silent}"), 9, false).0, "Anonymous");
}

#[test]
fn a_session_is_stored_before_its_first_entry_until_it_ends() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    assert_eq!(world.orders, []);
    world.say(alice, "hello");
    world.say(alice, "/join dev");
    world.say(alice, "/name Alma");
    world.close(alice);
    world.pass(Duration::from_secs(601));
    let orders: Vec<String> = world
        .orders
        .iter()
        .map(|order| match order {
            JournalRequest::PutSession(session) => {
                format!("put {} {:?}", session.name, session.rooms)
            }
            JournalRequest::Append(_) => "append".to_owned(),
            JournalRequest::CheckReplay(_) => "recognise".to_owned(),
            JournalRequest::FindAuthor(_) => "find author".to_owned(),
            JournalRequest::FindFile(_) => "find file".to_owned(),
            JournalRequest::CheckBlobs(_) => "check blobs".to_owned(),
            JournalRequest::Read(_) => "read".to_owned(),
            JournalRequest::Search(_) => "search".to_owned(),
            JournalRequest::Put(_) => "keep".to_owned(),
            JournalRequest::RemoveRoom(_) => "remove room".to_owned(),
            JournalRequest::DropSession(AuthorKey(_)) => "drop".to_owned(),
        })
        .collect();
    assert_eq!(
        orders,
        [
            "put Alice [\"lobby\"]",
            "append",
            "put Alice [\"lobby\", \"dev\"]",
            "put Alma [\"lobby\", \"dev\"]",
            "keep",
            "drop"
        ]
    );
}

#[test]
fn a_session_survives_a_restart() {
    let mut world = World::new();
    let alice = world.open("name=Alice&room=dev");
    let session = world.welcome(alice).session;
    world.say(alice, "hello");
    world.restart();
    let thief = world.open("name=Alice");
    assert_eq!(&*world.welcome(thief).you, "Alice");
    world.close(thief);
    world.pass(Duration::from_secs(20));
    let back = world.open(&format!("session={session}&history=0"));
    let welcome = world.welcome(back);
    assert_eq!((&*welcome.you, &*welcome.current.unwrap()), ("Alice", "dev"));
    world.close(back);
    world.restart();
    world.pass(Duration::from_secs(601));
    assert!(world.keeper.sessions.is_empty());
}

#[test]
fn a_name_can_be_changed_to_a_free_one() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    let bob = world.enter("name=Bob");
    world.told.clear();
    world.say(alice, r#"{"type":"set_name","id":"n1","payload":"Alice B"}"#);
    assert_eq!(
        world.read(alice),
        ["{\"type\":\"ack\",\"re\":\"n1\",\"ts\":1732104000000,\"payload\":{\"you\":\"Alice B\"}}"]
    );
    world.pass(Duration::from_secs(1));
    assert_eq!(
        world.read(bob),
        ["{\"type\":\"presence\",\"room\":\"lobby\",\"payload\":\
          {\"user\":\"Alice B\",\"count\":2,\"was\":\"Alice\"}}"]
    );
    for (name, code) in [
        ("Alice B", None),
        ("ALICE B", None),
        ("bob", Some(Code::NameTaken)),
        ("a\u{202E}", Some(Code::NameInvalid)),
        ("Alice", None),
    ] {
        world.told.clear();
        world.say(alice, &format!("/name {name}"));
        match code {
            Some(code) => assert_eq!(world.error(alice).code, code, "{name:?}"),
            None => assert_eq!(world.types(alice), ["notice"], "{name:?}"),
        }
    }
}

#[test]
fn the_sender_of_a_first_message_names_an_anonymous_guest() {
    let mut world = World::new();
    let bob = world.enter("name=Abhi");
    let guest = world.enter("");
    world.told.clear();
    world.say(guest, r#"{"sender":"Abhi","content":"Hello, World!"}"#);
    let told = world.told(bob);
    let Some(ServerEvent::Message { sender, content, .. }) = told.last() else {
        panic!("{told:?}");
    };
    assert_eq!((&**sender, &**content), ("Abhi-2", "Hello, World!"));
    assert_eq!(world.types(guest), ["notice"]);
    for _ in 0..2 {
        world.say(guest, r#"{"sender":"Eve","content":"as another"}"#);
    }
    world.say(guest, r#"{"sender":"abhi-2","content":"as myself"}"#);
    let told = world.told(guest);
    let [ServerEvent::Notice { code: "sender_ignored", .. }] = &told[..] else {
        panic!("{told:?}");
    };
    world.pass(Duration::from_secs(1));
    assert_eq!(world.heard(bob), ["as another", "as another", "as myself"]);
    let nobody = world.enter("");
    world.say(nobody, r#"{"sender":"a\u0000","content":"x"}"#);
    let refusal = world.error(nobody);
    assert_eq!((refusal.code, refusal.text.as_deref()), (Code::NameInvalid, Some("x")));
}

#[test]
fn every_client_is_told_when_to_reconnect() {
    let mut world = World::new();
    let clients: Vec<ClientId> = (0..50).map(|_| world.enter("mode=text")).collect();
    world.told.clear();
    world.handle(Input::Drain { seed: 3 });
    let mut delays = Vec::new();
    for client in &clients {
        let told = world.told(*client);
        let [ServerEvent::Bye { code: 1001, reason: "restart", after_ms }] = told[..] else {
            panic!("{told:?}");
        };
        delays.push(after_ms);
        assert_eq!(world.closed[client], 1001);
    }
    assert_eq!(world.keeper.sessions.len(), 50, "silent ones are remembered too");
    delays.sort_unstable();
    delays.dedup();
    assert!(delays.len() == 50 && delays[0] == 1100 && delays[49] < 2100);
    let late = world.open("");
    assert_eq!(world.types(late), ["welcome", "bye"]);
}

#[test]
fn an_unreadable_parameter_is_reported_and_the_others_apply() {
    let mut world = World::with(|limits| limits.mode = OutputMode::Text);
    let alice = world.open("name=Alice&room=dev&mode=xml&history=abc&after=dev&echo=maybe");
    let lines = world.read(alice);
    assert!(lines[0].starts_with("* Welcome, Alice. You are in dev"), "{lines:?}");
    assert_eq!(
        lines[1..],
        [
            "* mode: json, text or simple is expected",
            "* history: a whole number is expected",
            "* after: room:seq is expected",
            "* echo: 1 or 0 is expected",
        ]
    );
    let bob = world.open("name=Bob&mode=json");
    assert_eq!(world.types(bob)[0], "welcome");
}

#[test]
fn an_invisible_message_is_refused() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    let _bob = world.enter("name=Bob");
    world.say(alice, "seen");
    for blank in ["\u{200B}", "\u{2800}", "\u{3164}", "\u{AD}", "\u{FEFF}", "\u{2060}\n\u{200D}"] {
        world.told.clear();
        for text in [
            blank.to_owned(),
            format!(r#"{{"content":"{blank}"}}"#).replace('\n', "\\n"),
            format!(r#"{{"type":"edit_message","payload":{{"mid":1,"content":"{blank}"}}}}"#)
                .replace('\n', "\\n"),
            format!("/msg Bob {blank}"),
            format!(r#"{{"type":"react","payload":{{"mid":1,"emoji":"{blank}"}}}}"#)
                .replace('\n', "\\n"),
        ] {
            world.pass(Duration::from_secs(1));
            world.say(alice, &text);
            assert_eq!(world.error(alice).code, Code::BadField, "{text:?}");
        }
    }
}

#[test]
fn a_client_can_change_its_output_mode() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    let bob = world.enter("name=Bob");
    world.say(alice, "/mode text");
    assert_eq!(world.chat.output_mode(alice), OutputMode::Text);
    world.told.clear();
    world.say(bob, "hello");
    assert_eq!(world.read(alice), ["[12:00:00] <Bob> hello"]);
    world.say(alice, "/mode simple");
    world.told.clear();
    world.say(bob, "hello");
    assert_eq!(
        world.read(alice),
        [r#"{"sender":"Bob","content":"hello","timestamp":"2024-11-20T12:00:00.000Z"}"#]
    );
    let room = world.room_with(alice).unwrap();
    assert_eq!(world.chat.audience(room)[0].mode, OutputMode::Simple);
}

#[test]
fn who_comes_back_to_a_room_is_shown_what_it_said_before_it_left() {
    let mut world = World::new();
    let alice = world.enter("name=Alice&room=dev");
    world.say(alice, "first");
    world.prompt = false;
    world.say(alice, r#"{"type":"send_message","id":"a","payload":"second"}"#);
    // The room keeps what it publishes while Bob waits for his page.
    world.open("name=Bob&after=dev:0");
    world.say(alice, "/leave dev");
    while !world.types(alice).contains(&"ack".to_owned()) {
        world.keeper.work();
        if let Some(answer) = world.keeper.fetch(false) {
            world.handle(Input::Answered(answer));
        }
    }
    world.say(alice, r#"{"type":"join_room","payload":{"room":"dev","history":0}}"#);
    world.say(alice, r#"{"type":"resume","payload":{"epoch":"k3","rooms":{"dev":0}}}"#);
    world.settle();
    let told = world.types(alice);
    assert_eq!(told.iter().filter(|kind| *kind == "message").count(), 2, "{told:?}");
}

#[test]
fn without_clients_nothing_is_due() {
    assert_eq!(World::new().chat.deadline(), Moment::NEVER);
}

#[test]
fn quit_closes_the_connection() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    world.say(alice, "/quit");
    assert_eq!(world.closed[&alice], 1000);
    world.say(alice, "one more thing");
    assert_eq!(world.types(alice), [""; 0]);
}
