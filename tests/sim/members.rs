//! Memberships of accounts, and invitations that wait for an answer.

use std::collections::BTreeMap;
use std::time::Duration;

use chinwag::chat::record::Namespace;
use chinwag::chat::{Account, Admission, ClientId, Code, Notify, ServerEvent, Welcome};

use crate::society::{START, login};
use crate::world::World;

const DEN: &str = r#"{"type":"accept","id":"a1","payload":"den"}"#;

/// Opens a connection of an account that asks for memberships.
fn page(world: &mut World, account: &Account, query: &str) -> (ClientId, Welcome) {
    let login = Some(login(account, 7));
    let query = format!("memberships=1{query}");
    let client = world.admission("/ws", &query, Admission { login, ..Admission::default() });
    let welcome = world.welcome(client);
    world.told.clear();
    (client, welcome)
}

fn memberships(welcome: &Welcome) -> Vec<(&str, Notify)> {
    let memberships = welcome.memberships.as_ref().expect("no memberships");
    memberships.iter().map(|membership| (&*membership.room, membership.notify)).collect()
}

fn rooms(welcome: &Welcome) -> Vec<&str> {
    welcome.rooms.iter().map(|line| &*line.room).collect()
}

fn invitations(welcome: &Welcome) -> Vec<(&str, &str)> {
    welcome.invitations.iter().map(|open| (&*open.room, &*open.by)).collect()
}

/// Makes a private room to which Alice, who owns it, has invited Bob.
fn invited(world: &mut World) -> (ClientId, Account) {
    let bob = world.register("Bob", 1, false);
    let alice = world.enter("name=Alice&room=den");
    world.say(alice, "/private");
    world.say(alice, "/invite Bob");
    world.told.clear();
    (alice, bob)
}

fn stored(world: &World, namespace: Namespace) -> Vec<String> {
    let stored = world.keeper.key_values.iter().filter(|((of, _), _)| *of == namespace);
    stored.map(|((_, key), value)| format!("{key} {value}")).collect()
}

#[test]
fn an_account_is_in_the_rooms_it_has_joined_on_whatever_connection() {
    let mut world = World::new();
    let bob = world.register("Bob", 1, false);
    let wscat = world.enter_as(&bob, "room=dev");
    world.say(wscat, "/join ops");
    world.say(wscat, "/join gone");
    world.say(wscat, "/leave gone");
    for _ in 0..2 {
        let (client, welcome) = page(&mut world, &bob, "");
        assert_eq!(rooms(&welcome), ["dev", "ops"]);
        assert_eq!(memberships(&welcome), [("dev", Notify::All), ("ops", Notify::All)]);
        assert_eq!(welcome.current.as_deref(), Some("dev"));
        world.close(client);
        world.restart();
    }
    let plain = world.open_with(&bob);
    let welcome = world.welcome(plain);
    assert_eq!((welcome.memberships, welcome.rooms.len()), (None, 2));
}

#[test]
fn an_account_without_memberships_becomes_a_member_of_the_lobby() {
    let mut world = World::new();
    let bob = world.register("Bob", 1, false);
    let (_, welcome) = page(&mut world, &bob, "");
    assert_eq!(memberships(&welcome), [("lobby", Notify::All)]);
    let guest = world.open("name=Guest&memberships=1");
    assert_eq!(world.welcome(guest).memberships, None);
    assert_eq!(stored(&world, Namespace::Memberships).len(), 1);
}

#[test]
fn other_connections_of_an_account_join_and_leave_with_it() {
    let mut world = World::new();
    let bob = world.register("Bob", 1, false);
    let (first, _) = page(&mut world, &bob, "");
    let (second, _) = page(&mut world, &bob, "");
    let wscat = world.enter_as(&bob, "room=lobby");
    world.say(first, r#"{"type":"join_room","id":"j1","payload":"dev"}"#);
    let told = world.told(second);
    let [ServerEvent::Joined(joined), ServerEvent::Membership { re: None, membership }] =
        &told[..2]
    else {
        panic!("{told:?}")
    };
    assert_eq!((&*joined.room, joined.re.as_deref(), &*membership.room), ("dev", None, "dev"));
    assert_eq!(world.types(first)[..2], ["joined", "membership"]);
    assert_eq!(world.told(wscat), []);
    // The room that bare text goes to stays the same.
    world.say(second, "hello");
    assert_eq!(world.keeper.rooms["lobby"].entries.len(), 1);
    world.told.clear();
    world.say(first, r#"{"type":"send_message","room":"dev","payload":"hi"}"#);
    assert_eq!((world.heard(second), world.heard(wscat)), (vec!["hi".to_owned()], vec![]));
    world.say(first, r#"{"type":"leave_room","payload":"dev"}"#);
    world.told.remove(&first);
    let left = ServerEvent::Left { re: None, room: "dev".into(), removed: None };
    assert_eq!(world.told(second), [left]);
    world.restart();
    assert_eq!(rooms(&page(&mut world, &bob, "").1), ["lobby"]);
}

#[test]
fn level_and_order_are_kept_and_told_to_the_other_connections() {
    let mut world = World::new();
    let bob = world.register("Bob", 1, false);
    let (first, _) = page(&mut world, &bob, "&room=a&room=b&room=c");
    let (second, _) = page(&mut world, &bob, "");
    let wscat = world.enter_as(&bob, "room=c");
    let set = |payload: &str| {
        format!(r#"{{"type":"set_membership","id":"m","room":"c","payload":{payload}}}"#)
    };
    world.say(first, &set(r#"{"notify":"mentions","order":5}"#));
    let answer =
        r#"{"type":"membership","re":"m","room":"c","payload":{"notify":"mentions","order":5}}"#;
    assert_eq!(world.read(first), [answer]);
    assert_eq!(world.read(second), [answer.replace(r#""re":"m","#, "")]);
    assert_eq!(world.told(wscat), []);
    world.say(wscat, "/notify none");
    assert_eq!(world.types(second), ["membership"]);
    world.restart();
    let (client, welcome) = page(&mut world, &bob, "");
    let expected = [("c", Notify::None), ("a", Notify::All), ("b", Notify::All)];
    assert_eq!(memberships(&welcome), expected);
    for (payload, code) in [
        ("{}", Code::MissingField),
        (r#"{"order":9007199254740992}"#, Code::BadField),
        (r#"{"notify":"loud"}"#, Code::BadField),
    ] {
        world.say(client, &set(payload));
        assert_eq!(world.error(client).code, code, "{payload}");
    }
    let guest = world.enter("name=Guest&room=c");
    world.say(guest, &set(r#"{"order":1}"#));
    assert_eq!(world.error(guest).code, Code::AuthRequired);
}

#[test]
fn a_member_who_is_kicked_or_whose_room_is_removed_is_no_member_any_more() {
    let mut world = World::new();
    let (bob, root) = (world.register("Bob", 1, false), world.register("Root", 2, true));
    let root = world.enter_as(&root, "");
    let alice = world.enter("name=Alice&room=dev");
    let owner = world.enter("name=Olga&room=ops");
    let (client, _) = page(&mut world, &bob, "&room=lobby&room=dev&room=ops");
    world.say(owner, "hello");
    world.say(alice, "/kick Bob");
    world.say(root, "/remove ops");
    assert!(world.types(client).contains(&"left".to_owned()));
    assert_eq!(stored(&world, Namespace::Memberships).len(), 1);
    world.restart();
    assert_eq!(memberships(&page(&mut world, &bob, "").1), [("lobby", Notify::All)]);
}

#[test]
fn memberships_are_limited_and_a_page_may_be_in_all_of_them() {
    let mut world = World::with(|limits| {
        (limits.rooms_per_client_max, limits.memberships_max) = (2, 5);
        limits.queries_per_second_max = None;
    });
    let bob = world.register("Bob", 1, false);
    let (client, _) = page(&mut world, &bob, "&room=r0");
    for n in 1..7 {
        world.say(client, &format!("/join r{n}"));
    }
    assert_eq!(world.types(client).iter().filter(|kind| *kind == "error").count(), 2);
    world.restart();
    let (_, welcome) = page(&mut world, &bob, "");
    assert_eq!(rooms(&welcome), ["r0", "r1", "r2", "r3", "r4"]);
    let wscat = world.enter_as(&bob, "room=r5");
    world.say(wscat, "/notify none");
    assert_eq!(world.error(wscat).code, Code::TooManyRooms);
}

#[test]
fn of_many_rooms_only_named_ones_send_their_history() {
    let mut world = World::new();
    let bob = world.register("Bob", 1, false);
    let (client, _) = page(&mut world, &bob, "&room=a&room=b&room=c");
    for room in ["a", "b", "c"] {
        world.say(client, &format!(r#"{{"type":"send_message","room":"{room}","payload":"hi"}}"#));
    }
    world.restart();
    let histories = |world: &mut World, query: &str| {
        let login = Some(login(&bob, 7));
        let admission = Admission { login, ..Admission::default() };
        let client = world.admission("/ws", &format!("memberships=1{query}"), admission);
        let told = world.told(client).into_iter().filter_map(|event| match event {
            ServerEvent::History(history) => Some(history.room.to_string()),
            _ => None,
        });
        told.collect::<Vec<_>>()
    };
    assert_eq!(histories(&mut world, ""), ["a"]);
    assert_eq!(histories(&mut world, "&room=c&room=b"), ["c", "b"]);
    assert_eq!(histories(&mut world, "&after=b:0&epoch=k3").len(), 0);
}

#[test]
fn an_invitation_waits_until_it_is_accepted() {
    let mut world = World::new();
    let (_, bob) = invited(&mut world);
    for _ in 0..2 {
        world.restart();
        let (_, welcome) = page(&mut world, &bob, "");
        assert_eq!(invitations(&welcome), [("den", "Alice")]);
        assert_eq!(welcome.invitations[0].ts, START);
        assert_eq!(rooms(&welcome), ["lobby"]);
    }
    let (first, _) = page(&mut world, &bob, "");
    let (second, _) = page(&mut world, &bob, "");
    world.say(first, DEN);
    assert_eq!(world.types(first)[..2], ["joined", "membership"]);
    let told = world.read(second);
    let accepted = r#"{"type":"invitation","room":"den","payload":{"answer":"accepted"}}"#;
    assert_eq!(told[0], accepted);
    world.say(first, DEN);
    assert_eq!(world.error(first).code, Code::NoSuchRoom);
    world.restart();
    let (_, welcome) = page(&mut world, &bob, "");
    assert_eq!((invitations(&welcome), rooms(&welcome)), (vec![], vec!["lobby", "den"]));
}

#[test]
fn who_declines_an_invitation_is_no_member() {
    let mut world = World::new();
    let (alice, bob) = invited(&mut world);
    let (first, _) = page(&mut world, &bob, "");
    let (second, _) = page(&mut world, &bob, "");
    world.say(first, r#"{"type":"decline","id":"d1","payload":{"room":"DEN"}}"#);
    let declined =
        r#"{"type":"invitation","re":"d1","room":"den","payload":{"answer":"declined"}}"#;
    assert_eq!(world.read(first), [declined]);
    assert_eq!(world.read(second), [declined.replace(r#""re":"d1","#, "")]);
    world.say(first, "/join den");
    assert_eq!(world.error(first).code, Code::Forbidden);
    world.say(first, "/decline den");
    assert_eq!(world.error(first).code, Code::NoSuchRoom);
    assert_eq!(stored(&world, Namespace::Invitations), [""; 0]);
    assert_eq!(stored(&world, Namespace::MemberStates).len(), 1, "only Alice");
    world.told.clear();
    world.say(alice, "/invite Bob");
    assert_eq!(world.types(first), ["invitation"]);
}

#[test]
fn a_moderator_who_is_invited_again_does_not_lose_its_rank_by_declining() {
    let mut world = World::new();
    let (alice, bob) = invited(&mut world);
    let (client, _) = page(&mut world, &bob, "");
    world.say(alice, "/promote Bob");
    world.say(client, "/decline den");
    world.told.clear();
    world.say(client, "/join den");
    assert_eq!(world.types(client)[0], "joined");
}

#[test]
fn an_invitation_is_told_as_an_event_or_as_a_notice_to_who_knows_no_events() {
    let mut world = World::new();
    let bob = world.register("Bob", 1, false);
    let (client, _) = page(&mut world, &bob, "");
    let wscat = world.enter_as(&bob, "mode=text");
    let alice = world.enter("name=Alice&room=den");
    world.say(alice, "/invite Bob");
    assert_eq!(world.types(client), ["notice"], "an invitation to a public room does not wait");
    world.told.clear();
    world.say(alice, "/private");
    world.say(alice, "/invite Bob");
    world.say(alice, "/invite Bob");
    let open =
        format!(r#"{{"type":"invitation","room":"den","payload":{{"by":"Alice","ts":{START}}}}}"#);
    assert_eq!(world.read(client)[0], open);
    assert_eq!(world.read(wscat)[0], "* Alice invites you to den; /join den");
    world.close(wscat);
    let wscat = world.admission(
        "/ws",
        "mode=text",
        Admission { login: Some(login(&bob, 7)), ..Admission::default() },
    );
    let expected = "* Welcome, Bob. You are in lobby (1 online). /help lists the commands.\n    \
                    Alice invites you to den; /accept den or /decline den";
    assert_eq!(world.read(wscat), [expected]);
    world.say(wscat, "/accept den");
    assert_eq!(world.read(wscat)[0], "* You are in den (2 online)");
}

#[test]
fn an_invitation_ends_with_the_room_with_a_kick_and_with_the_account() {
    let mut world = World::new();
    let (alice, bob) = invited(&mut world);
    let root = world.register("Root", 2, true);
    let root = world.enter_as(&root, "");
    let (client, _) = page(&mut world, &bob, "");
    world.say(alice, "/kick Bob");
    let withdrawn = r#"{"type":"invitation","room":"den","payload":{"answer":"withdrawn"}}"#;
    assert_eq!(world.read(client), [withdrawn]);
    world.say(alice, "/invite Bob");
    world.told.clear();
    world.say(alice, "/invite Root");
    world.say(root, "/join den");
    world.say(root, "/remove den");
    assert_eq!(world.read(client), [withdrawn]);
    assert_eq!(stored(&world, Namespace::Invitations), [""; 0]);
}

#[test]
fn a_guests_invitation_lives_as_long_as_its_session_and_goes_on_with_its_account() {
    let mut world = World::new();
    let guest = world.open("name=Guest&memberships=1");
    let session = world.welcome(guest).session;
    let alice = world.enter("name=Alice&room=den");
    world.say(alice, "/private");
    world.say(alice, "/invite Guest");
    assert_eq!(world.types(guest).last().unwrap(), "invitation");
    world.close(guest);
    world.restart();
    let guest = world.open(&format!("session={session}"));
    assert_eq!(invitations(&world.welcome(guest)), [("den", "Alice")]);
    let account = world.register("Grete", 3, false);
    let event = chinwag::chat::ClientEvent {
        id: None,
        room: None,
        command: chinwag::chat::Command::LogIn(Box::new(login(&account, 7))),
    };
    world.handle(chinwag::chat::Input::Received { client: guest, event: Ok(event) });
    let (client, welcome) = page(&mut world, &account, "");
    assert_eq!(invitations(&welcome), [("den", "Alice")]);
    world.say(client, DEN);
    assert!(world.types(client).contains(&"joined".to_owned()));
}

#[test]
fn open_invitations_of_a_user_are_limited() {
    let mut world = World::with(|limits| limits.invitations_max = 2);
    let bob = world.register("Bob", 1, false);
    for n in 0..3 {
        let owner = world.enter(&format!("name=N{n}&room=r{n}"));
        world.say(owner, "/private");
        world.say(owner, "/invite Bob");
        world.pass(Duration::from_secs(1));
    }
    let (_, welcome) = page(&mut world, &bob, "");
    assert_eq!(invitations(&welcome), [("r1", "N1"), ("r2", "N2")]);
    assert_eq!(stored(&world, Namespace::Invitations).len(), 2);
}

#[test]
fn nothing_of_an_account_that_is_removed_is_kept() {
    let mut world = World::new();
    let (_, bob) = invited(&mut world);
    page(&mut world, &bob, "&room=dev");
    assert_eq!(stored(&world, Namespace::Memberships).len(), 1);
    let removal = chinwag::chat::AccountRequest::Remove { name: "Bob".into() };
    let request = chinwag::chat::Request::AccountRequest(Box::new(removal));
    let (caller, network) = (ClientId(1 << 40), [192, 0, 2, 1].into());
    world.handle(chinwag::chat::Input::Asked { caller, network, request });
    for namespace in [Namespace::Memberships, Namespace::Invitations] {
        assert_eq!(stored(&world, namespace), [""; 0]);
    }
}

/// Reads the list of members who are not in a room, in pages of so many.
fn absent(world: &mut World, asker: ClientId, room: &str, limit: usize) -> Vec<String> {
    let (mut names, mut from) = (Vec::new(), String::new());
    loop {
        world.told.clear();
        let payload = format!(r#"{{"limit":{limit}{from}}}"#);
        world.say(
            asker,
            &format!(r#"{{"type":"list_members","room":"{room}","payload":{payload}}}"#),
        );
        match world.told(asker).pop() {
            Some(ServerEvent::MemberList { members, next, .. }) => {
                assert!(members.len() <= limit);
                names.extend(members.iter().map(|member| member.name.to_string()));
                let Some(next) = next else { return names };
                from = format!(r#","from":"{next}""#);
            }
            other => panic!("no list but {other:?}"),
        }
    }
}

#[test]
fn members_who_are_not_in_a_room_are_listed_in_pages() {
    let mut world = World::with(|limits| limits.queries_per_second_max = None);
    let accounts: Vec<Account> =
        (0..7).map(|n| world.register(&format!("N{n}"), 10 + n, false)).collect();
    let clients: Vec<ClientId> =
        accounts.iter().map(|account| page(&mut world, account, "&room=dev").0).collect();
    let asker = world.enter("name=Asker&room=dev");
    assert_eq!(absent(&mut world, asker, "dev", 3), [""; 0]);
    for client in &clients[1..5] {
        world.close(*client);
    }
    world.say(clients[6], "/leave dev");
    world.pass(Duration::from_secs(30));
    for limit in 1..6 {
        assert_eq!(absent(&mut world, asker, "dev", limit), ["N1", "N2", "N3", "N4"]);
    }
    world.restart();
    let asker = world.enter("name=Asker&room=dev");
    assert_eq!(absent(&mut world, asker, "dev", 200).len(), 6);
    world.say(asker, r#"{"type":"list_members","payload":{"from":"nobody"}}"#);
    assert_eq!(world.error(asker).code, Code::BadField);
}

#[test]
fn only_who_may_read_a_room_is_told_its_members() {
    let mut world = World::new();
    let (_, bob) = invited(&mut world);
    let (client, _) = page(&mut world, &bob, "&room=den");
    world.close(client);
    world.pass(Duration::from_secs(30));
    let eve = world.enter("name=Eve");
    world.say(eve, r#"{"type":"list_members","room":"den"}"#);
    assert_eq!(world.error(eve).code, Code::NoSuchRoom);
}

/// Opens a connection of an account that is in so many rooms. Returns the world and the connection.
fn member_of(rooms: usize) -> (World, Account) {
    let mut world = World::with(|limits| limits.network_rooms_max = 10_000);
    let bob = world.register("Bob", 1, false);
    let key = |n: usize| (Namespace::Memberships, format!("{}/r{n}", bob.author.to_hex()).into());
    let value = |n: usize| format!(r#"{{"name":"r{n}","order":{n}}}"#).into();
    let stored: BTreeMap<_, _> = (0..rooms).map(|n| (key(n), value(n))).collect();
    world.keeper.key_values.extend(stored);
    world.restart();
    (world, bob)
}

#[test]
fn a_connection_in_five_hundred_rooms_costs_its_network() {
    let (mut world, bob) = member_of(500);
    let mut refused = 0;
    for _ in 0..300 {
        let admission = Admission {
            login: Some(login(&bob, 7)),
            network: Some([192, 0, 2, 1].into()),
            ..Admission::default()
        };
        let client = world.admission("/ws", "memberships=1", admission);
        let told = world.told(client);
        let is_refused = |event: &ServerEvent| matches!(event, ServerEvent::Error(it) if it.code == Code::RateLimited);
        refused += usize::from(told.iter().any(is_refused));
        world.close(client);
    }
    assert!(refused > 30, "{refused}");
}
