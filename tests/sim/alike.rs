//! Names that look like somebody else's.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use chinwag::chat::record::{AuthorKey, Namespace};
use chinwag::chat::{
    Account, AccountRequest, ClientId, Code, Credential, Input, Post, Request, ServerEvent,
};

use crate::duration::{self, time};
use crate::requests::{command, post};
use crate::society::login;
use crate::world::World;

const CALLER: ClientId = ClientId(1 << 40);

/// Adds an account; returns why there is none.
fn add(world: &mut World, name: &str, byte: u8) -> Option<Code> {
    let request = AccountRequest::Add(world.account(name, byte));
    let request = Request::AccountRequest(Box::new(request));
    let network = IpAddr::V4(Ipv4Addr::LOCALHOST);
    world.handle(Input::Asked { caller: CALLER, network, request });
    match world.told(CALLER).pop() {
        Some(ServerEvent::Account(_)) => None,
        Some(ServerEvent::Error(refusal)) => Some(refusal.code),
        other => panic!("{other:?}"),
    }
}

/// Puts an account into the record, whatever its name looks like.
fn keep(world: &mut World, name: &str, byte: u8) -> Account {
    let account = world.account(name, byte);
    let key_value = account.key_value();
    let key = (Namespace::Accounts, key_value.key);
    world.keeper.key_values.insert(key, key_value.value.unwrap());
    account
}

fn you(world: &mut World, client: ClientId) -> String {
    world.welcome(client).you.to_string()
}

#[test]
fn no_guest_passes_for_an_account() {
    for (account, guests) in [
        ("Jim", &["Ji\u{307}m", "j\u{307}im", "Jı\u{307}m", "JİM", "Jі\u{307}m"][..]),
        ("Tom", &["Torn", "T0rn", "tORN", "Тоrn"]),
        ("Dave", &["Clave", "cIave", "c1ave"]),
        ("Will", &["VVill", "vviII"]),
        ("Torn", &["Tom", "T0m"]),
    ] {
        for guest in guests {
            let mut world = World::new();
            world.register(account, 1, false);
            let client = world.open(&format!("name={guest}"));
            let name = you(&mut world, client);
            assert!(name.ends_with("-2"), "{guest} is {name} beside {account}");
            let client = world.enter("name=Eve");
            world.say(client, &format!(r#"{{"type":"set_name","payload":"{guest}"}}"#));
            assert_eq!(world.error(client).code, Code::NameTaken, "{guest}");
        }
    }
}

#[test]
fn a_guest_who_is_there_already_makes_way_for_an_account_it_would_pass_for() {
    let mut world = World::new();
    let guest = world.open("name=Torn");
    let session = world.welcome(guest).session;
    let own = Some(chinwag::chat::author_of(&session));
    let request = AccountRequest::Register(world.account("Tom", 1), own);
    let request = Request::AccountRequest(Box::new(request));
    let network = IpAddr::V4(Ipv4Addr::LOCALHOST);
    world.handle(Input::Asked { caller: CALLER, network, request });
    assert!(matches!(world.told(CALLER)[..], [ServerEvent::Account(_)]));
    let tom = world.account("Tom", 1);
    world.told.clear();
    let client = world.open_with(&tom);
    assert_eq!(you(&mut world, client), "Tom");
    let told = world.read(guest).concat();
    assert!(told.contains("You are Torn-2."), "{told}");
}

#[test]
fn two_accounts_may_differ_by_a_pair_of_letters_and_each_is_found_by_its_name() {
    let mut world = World::new();
    assert_eq!(add(&mut world, "Tom", 1), None);
    assert_eq!(add(&mut world, "Torn", 2), None);
    assert_eq!(add(&mut world, "T0M", 3), Some(Code::NameTaken));
    assert_eq!(add(&mut world, "t0rn", 3), Some(Code::NameTaken));
    let (tom, torn) = (world.account("Tom", 1), world.account("Torn", 2));
    for (name, byte) in [("tom", 1), ("TORN", 2), ("t0m", 1), ("T0rn", 2)] {
        let found = world.chat.account_named(name).map(|account| account.author);
        assert_eq!(found, Some(AuthorKey([byte; 16])), "{name}");
    }
    let (first, second) = (world.open_with(&tom), world.open_with(&torn));
    assert_eq!(you(&mut world, first), "Tom");
    assert_eq!(you(&mut world, second), "Torn");
    world.told.clear();
    let eve = world.enter("name=Eve");
    world.told.clear();
    world.say(eve, r#"{"type":"direct_message","payload":{"to":"Torn","content":"psst"}}"#);
    assert!(world.read(first).concat().is_empty());
    assert!(world.read(second).concat().contains("psst"));
    // Neither leaves room for a guest when one of them is gone.
    world.close(first);
    let remove = Request::AccountRequest(Box::new(AccountRequest::Remove { name: "Tom".into() }));
    let network = IpAddr::V4(Ipv4Addr::LOCALHOST);
    world.handle(Input::Asked { caller: CALLER, network, request: remove });
    world.pass(Duration::from_secs(3600));
    world.told.clear();
    for name in ["Tom", "Torn"] {
        let guest = world.open(&format!("name={name}"));
        assert_eq!(you(&mut world, guest), format!("{name}-2"));
        world.close(guest);
        world.pass(Duration::from_secs(3600));
    }
}

#[test]
fn a_name_that_only_passes_for_another_means_nobody() {
    let mut world = World::new();
    world.register("Dara", 1, false);
    let eve = world.enter("name=Eve&room=dev");
    world.enter("name=Morn&room=dev");
    world.say(eve, "mine");
    world.told.clear();
    for name in ["Clara", "Mom"] {
        let to =
            format!(r#"{{"type":"direct_message","payload":{{"to":"{name}","content":"x"}}}}"#);
        world.say(eve, &to);
        assert_eq!(world.error(eve).code, Code::NoSuchUser, "{name}");
        world.told.clear();
        world.say(eve, &format!("/ban {name}"));
        assert_eq!(world.error(eve).code, Code::NoSuchUser, "{name}");
        world.told.clear();
    }
    assert_eq!(world.chat.account_named("Clara"), None);
}

#[test]
fn accounts_that_look_alike_since_an_upgrade_keep_name_and_login() {
    let mut world = World::new();
    let (jim, dotted) = (keep(&mut world, "Jim", 1), keep(&mut world, "Ji\u{307}m", 2));
    let (greek, marked) = (keep(&mut world, "*\u{FF0A}", 3), keep(&mut world, "a\u{5B4}", 4));
    world.restart();
    for account in [&jim, &dotted, &greek, &marked] {
        let found = world.chat.account_named(&account.name);
        assert_eq!(found.map(|found| found.author), Some(account.author), "{}", account.name);
    }
    assert_eq!(world.chat.account_named("J\u{456}m"), None, "it is not clear who is meant");
    let clients = [&jim, &dotted, &greek, &marked].map(|account| {
        let client = world.open_with(account);
        assert_eq!(you(&mut world, client), *account.name);
        client
    });
    // Coming in has taken nobody's name.
    for (account, client) in [&jim, &dotted].into_iter().zip(clients) {
        world.told.clear();
        world.say(client, "/whoami");
        let told = world.read(client).concat();
        assert!(told.contains(&*account.name), "{told}");
    }
    let eve = world.enter("name=Eve");
    world.told.clear();
    world.say(eve, r#"{"type":"direct_message","payload":{"to":"Jim","content":"psst"}}"#);
    assert!(world.read(clients[0]).concat().contains("psst"));
    assert!(world.read(clients[1]).concat().is_empty());
    // A guest passes for neither, be one of them removed.
    let remove = AccountRequest::Remove { name: "Ji\u{307}m".into() };
    let request = Request::AccountRequest(Box::new(remove));
    let network = IpAddr::V4(Ipv4Addr::LOCALHOST);
    world.handle(Input::Asked { caller: CALLER, network, request });
    world.pass(Duration::from_secs(3600));
    let guest = world.open("name=Ji\u{307}m");
    assert_eq!(you(&mut world, guest), "Ji\u{307}m-2");
}

#[test]
fn an_account_keeps_its_name_when_it_posts() {
    let mut world = World::new();
    let (jim, dotted) = (keep(&mut world, "Jim", 1), keep(&mut world, "Ji\u{307}m", 2));
    world.restart();
    for account in [&jim, &dotted] {
        let by = Credential::Login(Box::new(login(account, 7)));
        let posted = command(&mut world, Request::Post(Box::new(Post { by, ..post("hi") })));
        assert!(matches!(posted, ServerEvent::Ack { .. }), "{posted:?}");
    }
    let senders: Vec<_> =
        world.keeper.rooms["lobby"].entries.iter().map(|entry| &*entry.sender).collect();
    assert_eq!(senders, ["Jim", "Ji\u{307}m"]);
}

#[test]
fn a_banned_guest_does_not_come_back_under_a_name_that_passes_for_its_own() {
    for name in ["Torn", "T0m"] {
        let mut world = World::new();
        let alice = world.enter("name=Alice&room=dev");
        world.say(alice, "hi");
        let tom = world.enter("name=Tom&room=dev");
        world.say(alice, "/ban Tom");
        world.close(tom);
        world.pass(Duration::from_secs(3600));
        for _ in 0..2 {
            let other = world.open(&format!("name={name}&room=dev"));
            let told = world.read(other).concat();
            assert!(told.contains(r#""code":"banned""#), "{name}: {told}");
            world.close(other);
            world.restart();
        }
    }
}

#[test]
fn of_two_bans_the_one_of_the_exact_name_is_lifted() {
    let mut world = World::new();
    let alice = world.open("name=Alice&room=dev");
    let session = world.welcome(alice).session;
    world.say(alice, "hi");
    for (name, byte) in [("Ji\u{307}m", 1), ("Jim", 2)] {
        let author = AuthorKey([byte; 16]).to_hex();
        let ban = format!(
            r#"{{"name":"{name}","author":"{author}","guest":false,"network":null,"until":{}}}"#,
            u64::MAX
        );
        let key = (Namespace::Bans, format!("dev/{author}").into());
        world.keeper.key_values.insert(key, ban.into());
    }
    world.restart();
    let alice = world.enter(&format!("session={session}"));
    world.say(alice, "/unban Jim");
    let bans = world.keeper.key_values.iter().filter(|(key, _)| key.0 == Namespace::Bans);
    let left: Vec<_> = bans.map(|(key, _)| key.1.to_string()).collect();
    assert_eq!(left, [format!("dev/{}", "01".repeat(16))]);
}

#[test]
fn a_room_of_before_the_upgrade_is_entered_whatever_its_name() {
    for name in ["dev\u{FF0A}", "dev\u{FFFC}"] {
        let mut world = World::new();
        let client = world.open(&format!("room={name}"));
        let told = world.read(client).concat();
        assert!(told.contains(r#""code":"bad_field""#), "{name}: {told}");
        let client = world.enter("room=dev");
        world.say(client, "hi");
        let mut record = world.keeper.rooms.remove("dev").unwrap();
        record.name = name.into();
        let key = name.replace('\u{FF0A}', "*");
        world.keeper.rooms.insert(key.into(), record);
        world.restart();
        let client = world.open(&format!("room={name}&after={name}:0"));
        let told = world.read(client).concat();
        assert!(told.contains(&format!(r#""current":"{name}""#)), "{told}");
        assert!(told.contains(r#""content":"hi""#), "{told}");
    }
}

#[test]
fn messages_users_and_presence_say_who_has_an_account() {
    const SIGN: &str = r#""account":true"#;
    let mut world = World::new();
    let tom = world.register("Tom", 1, false);
    let eve = world.enter("name=Eve");
    let events = |told: Vec<String>, kind: &str| {
        let kind = format!(r#""type":"{kind}""#);
        let found: Vec<_> = told.into_iter().filter(|event| event.contains(&kind)).collect();
        assert_eq!(found.len(), 1, "{kind}: {found:?}");
        found.concat()
    };
    let client = world.open_with(&tom);
    assert!(events(world.read(eve), "user_joined").contains(SIGN));
    world.say(client, r#"{"type":"set_status","payload":{"status":"away","text":"lunch"}}"#);
    world.pass(Duration::from_secs(1));
    assert!(events(world.read(eve), "presence").contains(SIGN));
    world.say(client, "by Tom");
    assert!(events(world.read(eve), "message").contains(SIGN));
    world.told.clear();
    world.say(eve, "by Eve");
    let of_guest = events(world.read(client), "message");
    assert!(!of_guest.contains("account"), "{of_guest}");
    world.told.clear();
    // Nothing that a guest sends makes it an account.
    world.say(
        eve,
        r#"{"type":"send_message","account":true,"payload":{"content":"forged","account":true}}"#,
    );
    world.say(eve, r#"{"type":"set_name","payload":{"name":"Ivy","account":true}}"#);
    world.pass(Duration::from_secs(1));
    let told = world.read(client).concat();
    assert!(told.contains("forged") && told.contains("Ivy") && !told.contains("account"), "{told}");
    world.told.clear();
    for (ask, kind) in [
        (r#"{"type":"history"}"#, "history"),
        (r#"{"type":"list_users"}"#, "user_list"),
        (r#"{"type":"search","payload":{"query":"by"}}"#, "search_results"),
    ] {
        world.say(eve, ask);
        let answer = events(world.read(eve), kind);
        assert_eq!(answer.matches(SIGN).count(), 1, "{answer}");
    }
}

#[test]
fn a_name_that_nobody_has_is_looked_for_as_quickly_among_a_thousand_members() {
    let world = |members: u32| {
        let mut world = World::with(|limits| {
            (limits.sends_per_second_max, limits.queries_per_second_max) = (None, None);
            limits.errors_max = u32::MAX;
        });
        let alice = world.open("name=Alice&room=dev");
        let session = world.welcome(alice).session;
        world.say(alice, "hi");
        for n in 0..members {
            let mut author = [0; 16];
            author[..4].copy_from_slice(&(n + 1).to_be_bytes());
            let key = format!("dev/{}", AuthorKey(author).to_hex());
            let value = format!(r#"{{"name":"Учасник {n}","member":true,"moderator":false}}"#);
            world.keeper.key_values.insert((Namespace::MemberStates, key.into()), value.into());
        }
        world.restart();
        let alice = world.enter(&format!("session={session}"));
        (world, alice)
    };
    let looking = |(mut world, alice): (World, ClientId)| {
        let mute = r#"{"type":"moderate","room":"dev","payload":{"action":"mute","user":"Нікто"}}"#;
        move || {
            let took = time(|| world.say(alice, mute));
            assert_eq!(world.error(alice).code, Code::NoSuchUser);
            world.told.clear();
            took
        }
    };
    let (few, many) = (looking(world(1)), looking(world(1000)));
    duration::compare("a name", 5, Duration::from_micros(50), few, many);
}
