//! Accounts: registration, logins, reserved names.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use chinwag::chat::record::{AuthorKey, JournalError, JournalRequest};
use chinwag::chat::{
    Account, AccountRequest, Admission, ClientEvent, ClientId, Code, Command, Input, Login,
    Refusal, Request, ServerEvent,
};

use crate::society::login;
use crate::world::World;

const CALLER: ClientId = ClientId(1 << 40);
const NETWORK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn command(world: &mut World, registry: AccountRequest) -> ServerEvent {
    let request = Request::AccountRequest(Box::new(registry));
    world.handle(Input::Asked { caller: CALLER, network: NETWORK, request });
    world.told(CALLER).pop().expect("an answer")
}

fn account(name: &str, byte: u8) -> Account {
    let (author, hash) = (AuthorKey([byte; 16]), Some("hash".into()));
    Account {
        author,
        name: name.into(),
        hash,
        admin: false,
        since: 0,
        registered: None,
        status: Default::default(),
    }
}

fn code(event: ServerEvent) -> Code {
    let ServerEvent::Error(refusal) = event else { panic!("{event:?}") };
    refusal.code
}

#[test]
fn an_account_has_its_name_and_no_session_key() {
    let mut world = World::new();
    let bob = world.register("Bob", 1, false);
    let client = world.admission(
        "/ws",
        "name=Other",
        Admission { login: Some(login(&bob, 7)), ..Admission::default() },
    );
    let welcome = world.welcome(client);
    assert_eq!((&*welcome.you, &*welcome.session, welcome.account), ("Bob", "", true));
    let guest = world.open("name=bob");
    let welcome = world.welcome(guest);
    assert_eq!((&*welcome.you, welcome.renamed, welcome.account), ("bob-2", true, false));
    world.say(guest, r#"{"type":"set_name","payload":"Вob"}"#);
    assert_eq!(world.error(guest).code, Code::NameTaken);
    world.told.clear();
    world.say(client, r#"{"type":"set_name","payload":"Else"}"#);
    assert_eq!(world.error(client).code, Code::Forbidden);
}

#[test]
fn the_name_of_an_account_stays_reserved_while_it_is_offline() {
    let mut world = World::new();
    world.register("Bob", 1, false);
    let guest = world.open("name=B0b");
    assert_eq!(&*world.welcome(guest).you, "B0b-2");
    world.restart();
    let guest = world.open("name=Bob");
    assert_eq!(&*world.welcome(guest).you, "Bob-2");
}

#[test]
fn of_two_registrations_of_a_name_one_succeeds() {
    let mut world = World::new();
    world.prompt = false;
    let add = AccountRequest::Add;
    let first = Request::AccountRequest(Box::new(add(account("Bob", 1))));
    world.handle(Input::Asked { caller: CALLER, network: NETWORK, request: first });
    assert_eq!(code(command(&mut world, add(account("bob", 2)))), Code::NameTaken);
    world.settle();
    assert!(matches!(world.told(CALLER)[..], [ServerEvent::Account(_)]));
    let guest = world.enter("name=Eve");
    assert_eq!(code(command(&mut world, add(account("Eve", 3)))), Code::NameTaken);
    world.close(guest);
    assert_eq!(code(command(&mut world, add(account("*", 3)))), Code::NameInvalid);
}

#[test]
fn an_account_that_could_not_be_stored_does_not_exist() {
    let mut world = World::new();
    world.keeper.refuses = Some(JournalError::Unavailable);
    assert_eq!(
        code(command(&mut world, AccountRequest::Add(account("Bob", 1)))),
        Code::StorageUnavailable
    );
    assert_eq!(world.chat.account_named("Bob"), None);
    let guest = world.open("name=Bob");
    assert_eq!(&*world.welcome(guest).you, "Bob");
}

#[test]
fn a_guest_registers_its_own_name_and_goes_on_as_the_account() {
    let mut world = World::new();
    let alice = world.open("name=Alice&room=den");
    let session = world.welcome(alice).session;
    world.say(alice, "mine");
    world.say(alice, "/private");
    let bob = world.enter("name=Bob");
    world.say(alice, "/invite Bob");
    world.say(bob, "/join den");
    world.told.clear();
    let own = chinwag::chat::author_of(&session);
    let added = command(&mut world, AccountRequest::Register(account("Alice", 1), Some(own)));
    assert!(matches!(added, ServerEvent::Account(_)), "{added:?}");
    let event = ClientEvent {
        id: Some("a1".into()),
        room: None,
        command: Command::LogIn(Box::new(login(&account("Alice", 1), 7))),
    };
    world.handle(Input::Received { client: alice, event: Ok(event) });
    let told = world.read(alice);
    assert_eq!(
        told,
        ["{\"type\":\"ack\",\"re\":\"a1\",\"ts\":1732104000000,\"payload\":{\"you\":\"Alice\"}}"]
    );
    world.say(alice, "still mine");
    assert_eq!(world.heard(bob), ["still mine"]);
    world.say(alice, "/kick Bob");
    assert!(world.types(bob).contains(&"left".to_owned()));
}

#[test]
fn a_client_that_logs_in_leaves_rooms_the_account_may_not_see() {
    let mut world = World::new();
    let alice = world.open("name=Alice&room=den");
    let session = world.welcome(alice).session;
    let tab = world.enter(&format!("session={session}&room=den"));
    world.say(alice, "mine");
    world.say(alice, "/private");
    let eve = world.register("Eve", 1, false);
    let command = Command::LogIn(Box::new(login(&eve, 7)));
    world.told.clear();
    world.handle(Input::Received {
        client: tab,
        event: Ok(ClientEvent { id: None, room: None, command }),
    });
    assert!(world.types(tab).contains(&"left".to_owned()));
    world.say(alice, "secret");
    assert_eq!(world.heard(tab), [""; 0]);
}

#[test]
fn a_guest_with_the_name_of_an_account_is_renamed_when_its_owner_connects() {
    let mut world = World::new();
    let own = world.open("name=Bob");
    let session = world.welcome(own).session;
    let added = command(
        &mut world,
        AccountRequest::Register(account("Bob", 1), Some(chinwag::chat::author_of(&session))),
    );
    assert!(matches!(added, ServerEvent::Account(_)), "{added:?}");
    let bob = world.open_with(&account("Bob", 1));
    world.say(bob, "hi");
    let told = world.read(own).join("\n");
    assert!(told.contains("Bob-2") && told.contains("\"sender\":\"Bob\""), "{told}");
}

#[test]
fn a_login_ends_when_it_expires_on_logout_and_with_its_account() {
    let mut world = World::new();
    let bob = world.register("Bob", 1, false);
    let one = world.admission(
        "/ws",
        "",
        Admission { login: Some(login(&bob, 1)), ..Admission::default() },
    );
    let two = world.admission(
        "/ws",
        "",
        Admission { login: Some(login(&bob, 2)), ..Admission::default() },
    );
    let short = Login { expires: crate::society::START + 5000, ..login(&bob, 3) };
    let short =
        world.admission("/ws", "", Admission { login: Some(short), ..Admission::default() });
    world.pass(Duration::from_secs(5));
    assert_eq!(world.closed.get(&short), Some(&4105));
    world.handle(Input::LoggedOut { author: bob.author, id: [1; 16] });
    assert_eq!((world.closed.get(&one), world.closed.get(&two)), (Some(&4001), None));
    world.say(one, "hello");
    assert_eq!(world.heard(two), [""; 0]);
    let gone = command(&mut world, AccountRequest::Remove { name: "bob".into() });
    assert!(matches!(gone, ServerEvent::Account(_)), "{gone:?}");
    assert_eq!(world.closed.get(&two), Some(&4001));
    assert_eq!(world.chat.account_named("Bob"), None);
    let late = world.open_with(&bob);
    assert!(world.read(late).join("").contains("unauthorized"));
}

#[test]
fn a_new_password_ends_all_logins() {
    let mut world = World::new();
    let bob = world.register("Bob", 1, false);
    let client = world.enter_as(&bob, "");
    let set = AccountRequest::SetHash { name: "Bob".into(), hash: "new".into(), kept: None };
    assert!(matches!(command(&mut world, set), ServerEvent::Account(_)));
    assert_eq!(world.closed.get(&client), Some(&4001));
    let known = world.chat.account_named("Bob").unwrap();
    assert_eq!(
        (known.hash.as_deref(), known.since),
        (Some("new"), crate::society::START / 1000 + 1)
    );
}

#[test]
fn messages_wait_for_an_account_with_its_read_marker() {
    let mut world = World::new();
    let bob = world.register("Bob", 1, false);
    let alice = world.enter("name=Alice");
    for content in ["one", "two"] {
        world.say(
            alice,
            &format!(
                r#"{{"type":"direct_message","payload":{{"to":"Bob","content":"{content}"}}}}"#
            ),
        );
    }
    world.restart();
    let first = world.open_with(&bob);
    let told = world.read(first);
    let line = "\"direct\":{\"@Alice\":{\"with\":\"Alice\",\"seq\":2,\"read\":0,\"unread\":2}}";
    assert!(told[0].contains(line), "{told:?}");
    let second = world.open_with(&bob);
    world.told.clear();
    world.say(first, r#"{"type":"read","room":"@Alice","payload":{"seq":1}}"#);
    world.say(first, r#"{"type":"read","room":"@Alice","payload":{"seq":99}}"#);
    world.say(first, r#"{"type":"read","room":"@Alice","payload":{"seq":1}}"#);
    assert_eq!(world.types(first), [""; 0]);
    let read = |seq: u64, unread: u64| {
        let payload = format!("{{\"seq\":{seq},\"unread\":{unread}}}");
        format!("{{\"type\":\"read\",\"room\":\"@Alice\",\"payload\":{payload}}}")
    };
    assert_eq!(world.read(second), [read(1, 1), read(2, 0)]);
    world.pass(Duration::from_secs(2));
    world.restart();
    let again = world.open_with(&bob);
    assert!(world.read(again)[0].contains("\"read\":2,\"unread\":0"));
}

#[test]
fn an_account_rejoins_its_rooms_however_late() {
    let mut world = World::new();
    let bob = world.register("Bob", 1, false);
    let client = world.enter_as(&bob, "room=dev&room=ops");
    world.say(client, "hi");
    world.close(client);
    world.pass(Duration::from_secs(3600));
    let client = world.open_with(&bob);
    let rooms = |welcome: chinwag::chat::Welcome| -> Vec<String> {
        welcome.rooms.iter().map(|room| room.room.to_string()).collect()
    };
    assert_eq!(rooms(world.welcome(client)), ["dev", "ops"]);
    world.restart();
    let client = world.open_with(&bob);
    assert_eq!(rooms(world.welcome(client)), ["dev", "ops"]);
}

#[test]
fn an_account_of_another_issuer_is_created_when_first_seen() {
    let mut world = World::new();
    world.register("Bob", 1, false);
    let outside = Login { outside: true, admin: true, ..login(&account("Bob", 2), 7) };
    let client = world.admission(
        "/ws",
        "",
        Admission { login: Some(outside.clone()), ..Admission::default() },
    );
    let welcome = world.welcome(client);
    assert_eq!((&*welcome.you, welcome.account, welcome.admin), ("Bob-2", true, true));
    world.restart();
    let client =
        world.admission("/ws", "", Admission { login: Some(outside), ..Admission::default() });
    assert_eq!(&*world.welcome(client).you, "Bob-2");
}

#[test]
fn a_client_with_an_invalid_cookie_is_a_guest_and_is_told_why() {
    let mut world = World::new();
    let fault = Some(Refusal::new(Code::Unauthorized, "the token has expired"));
    let client = world.admission("/ws", "name=Alice", Admission { fault, ..Admission::default() });
    let told = world.read(client);
    assert!(told[0].contains("\"you\":\"Alice\"") && told[1].contains("unauthorized"), "{told:?}");
}

#[test]
fn an_unverified_token_is_refused() {
    let mut world = World::new();
    let client = world.enter("name=Alice");
    world.say(client, r#"{"type":"auth","payload":{"token":"x.y.z"}}"#);
    assert_eq!(world.error(client).code, Code::Unauthorized);
}

#[test]
fn the_number_of_accounts_is_limited() {
    let mut world = World::with(|limits| limits.accounts_max = 1);
    world.register("Bob", 1, false);
    assert_eq!(code(command(&mut world, AccountRequest::Add(account("Eve", 2)))), Code::Overloaded);
}

#[test]
fn an_account_keeps_its_roles_when_its_connection_becomes_another_person() {
    let mut world = World::new();
    let (bob, eve) = (world.register("Bob", 1, false), world.register("Eve", 2, false));
    let client = world.enter_as(&bob, "room=den");
    world.say(client, "mine");
    world.say(client, "/private");
    let command = Command::LogIn(Box::new(login(&eve, 8)));
    world.handle(Input::Received {
        client,
        event: Ok(ClientEvent { id: None, room: None, command }),
    });
    world.told.clear();
    let again = world.admission(
        "/ws",
        "room=den",
        Admission { login: Some(login(&bob, 9)), ..Admission::default() },
    );
    let den = &world.welcome(again).rooms[0];
    assert_eq!((&*den.room, den.role), ("den", Some("owner")));
    assert_eq!(&*world.chat.account_named("Bob").unwrap().name, "Bob");
}

#[test]
fn resuming_a_session_does_not_end_a_login() {
    let mut world = World::new();
    let bob = world.register("Bob", 1, false);
    let guest = world.open("name=Guest");
    let session = world.welcome(guest).session;
    let client = world.enter_as(&bob, "");
    let resume = format!(r#"{{"type":"resume","payload":{{"session":"{session}"}}}}"#);
    world.say(client, &resume);
    world.say(client, "hello");
    let told = world.read(guest).join("\n");
    assert!(told.contains("\"sender\":\"Bob\""), "{told}");
    world.handle(Input::LoggedOut { author: bob.author, id: [7; 16] });
    assert_eq!(world.closed.get(&client), Some(&4001));
}

#[test]
fn verifying_tokens_is_charged() {
    let mut world = World::with(|limits| limits.queries_burst_max = 3);
    let client = world.enter("");
    let charged = (0..4).map(|_| world.chat.charge_token(world.now, client).is_ok());
    assert_eq!(charged.collect::<Vec<_>>(), [true, true, true, false]);
}

#[test]
fn login_attempts_count_together_for_all_spellings_of_a_name() {
    let mut world = World::new();
    world.register("Bob", 1, false);
    let key = world.chat.counted_as("Bob");
    for name in ["bob", "B0b", "Вob", "ＢＯＢ"] {
        assert_eq!(world.chat.counted_as(name), key, "{name}");
    }
    assert_ne!(world.chat.counted_as("Bobby"), key);
}

#[test]
fn a_login_of_another_issuer_is_admitted_while_an_account_can_be_created() {
    let mut world = World::with(|limits| limits.accounts_max = 1);
    let bob = account("Bob", 1);
    let outside = Login { outside: true, ..login(&bob, 7) };
    assert_eq!(world.chat.admits(&outside), Ok(()));
    assert_eq!(world.chat.admits(&login(&bob, 7)).unwrap_err().code, Code::Unauthorized);
    world.register("Eve", 2, false);
    assert_eq!(world.chat.admits(&outside).unwrap_err().code, Code::Overloaded);
    // The last account may have been created since.
    let login = Some(outside);
    let late = world.admission("/ws", "", Admission { login, ..Admission::default() });
    let told = world.told(late);
    let is_refused = |event: &ServerEvent| matches!(event, ServerEvent::Error(it) if it.code == Code::Overloaded);
    assert!(told.iter().any(is_refused), "{told:?}");
}

#[test]
fn an_account_that_is_changed_while_it_is_removed_does_not_come_back() {
    let mut world = World::new();
    let bob = world.register("Bob", 1, false);
    let client = world.enter_as(&bob, "");
    world.prompt = false;
    for request in [
        AccountRequest::Remove { name: "Bob".into() },
        AccountRequest::SetHash { name: "Bob".into(), hash: "other".into(), kept: None },
    ] {
        let request = Request::AccountRequest(Box::new(request));
        world.handle(Input::Asked { caller: CALLER, network: NETWORK, request });
    }
    world.say(client, "/hue 7");
    world.settle();
    assert_eq!(world.chat.account_named("Bob"), None);
    world.restart();
    assert_eq!(world.chat.account_named("Bob"), None);
}

#[test]
fn a_removed_account_leaves_nothing() {
    let mut world = World::with(|limits| limits.session_life = Duration::from_secs(20));
    for away in [true, false] {
        let bob = world.register("Bob", 1, true);
        let client = world.enter_as(&bob, "");
        if away {
            world.close(client);
            world.pass(Duration::from_secs(60));
        }
        let gone = command(&mut world, AccountRequest::Remove { name: "Bob".into() });
        assert!(matches!(gone, ServerEvent::Account(_)), "{gone:?}");
        if !away {
            assert_eq!(world.closed.get(&client), Some(&4001));
            world.close(client);
            world.pass(Duration::from_secs(60));
        }
        let dropped = |order: &JournalRequest| *order == JournalRequest::DropSession(bob.author);
        assert!(world.orders.iter().any(dropped), "away: {away}");
        world.orders.clear();
        let guest = world.open("name=Bob");
        assert_eq!(&*world.welcome(guest).you, "Bob");
        world.close(guest);
        world.pass(Duration::from_secs(60));
    }
}
