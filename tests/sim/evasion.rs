//! Evasion of moderation: a restraint binds a person, not a session.

use std::net::IpAddr;
use std::time::Duration;

use chinwag::chat::record::{AuthorKey, Namespace};
use chinwag::chat::{
    AccountRequest, Admission, Body, ClientId, Code, Credential, Input, Limits, Login, Post,
    Request, ServerEvent, author_of,
};

use crate::society::login;
use crate::world::World;

const CALLER: ClientId = ClientId(1 << 32);
const HERE: [u8; 4] = [192, 0, 2, 7];
const ELSEWHERE: [u8; 4] = [198, 51, 100, 1];
const LOOPBACK: [u8; 4] = [127, 0, 0, 1];

/// The two restraints, and the error that shows each.
const BOTH: [(&str, &str, Code); 2] =
    [("mute", "unmute", Code::Muted), ("ban", "unban", Code::Banned)];

fn from(network: impl Into<IpAddr>) -> Admission {
    Admission { network: Some(network.into()), ..Admission::default() }
}

/// Alice owns `dev`, in which Eve is, too; both have said something.
fn world(network: [u8; 4]) -> (World, ClientId, ClientId) {
    world_with(network, |_| {})
}

fn world_with(network: [u8; 4], change: impl FnOnce(&mut Limits)) -> (World, ClientId, ClientId) {
    let mut world = World::with(change);
    world.keeper.guests = true;
    let alice = world.enter("name=Alice&room=dev");
    world.say(alice, "hi");
    let eve = world.admission("/ws", "name=Eve&room=dev", from(network));
    world.say(eve, "flood");
    world.told.clear();
    (world, alice, eve)
}

/// The same, in which Alice has muted Eve.
fn muted(change: impl FnOnce(&mut Limits)) -> (World, ClientId, ClientId) {
    let (mut world, alice, eve) = world_with(HERE, change);
    world.say(alice, "/mute Eve");
    (world, alice, eve)
}

/// Comes with such a query and speaks in `dev`; returns the error, if any.
fn speaks(world: &mut World, query: &str, admission: Admission) -> Option<Code> {
    let client = world.admission("/ws", &format!("room=dev&{query}"), admission);
    let fault = spoken(world, client);
    world.close(client);
    world.pass(Duration::from_secs(11));
    fault
}

/// Posts in `dev`. Returns the first error so far, if any.
fn spoken(world: &mut World, client: ClientId) -> Option<Code> {
    world.say(client, r#"{"type":"send_message","room":"dev","payload":"x"}"#);
    world.told(client).into_iter().find_map(|event| match event {
        ServerEvent::Error(refusal) => Some(refusal.code),
        _ => None,
    })
}

fn asks(world: &mut World, network: [u8; 4], request: Request) -> ServerEvent {
    world.handle(Input::Asked { caller: CALLER, network: network.into(), request });
    world.told(CALLER).remove(0)
}

/// Posts to `dev` over HTTP; returns the error, if any.
fn posts(world: &mut World, network: [u8; 4], name: &str, by: Credential) -> Option<Code> {
    posts_as(world, network, name, by, None)
}

fn posts_as(
    world: &mut World,
    network: [u8; 4],
    name: &str,
    by: Credential,
    id: Option<&str>,
) -> Option<Code> {
    let content = format!("{name} posts");
    let body = Body {
        files: Default::default(),
        content: content.into(),
        reply_to: None,
        ttl: None,
        name: Some(name.into()),
    };
    let post = Post { room: "dev".into(), by, id: id.map(Into::into), body };
    match asks(world, network, Request::Post(Box::new(post))) {
        ServerEvent::Error(refusal) => Some(refusal.code),
        ServerEvent::Ack { .. } => None,
        other => panic!("{other:?}"),
    }
}

fn registers(world: &mut World, network: [u8; 4], name: &str, byte: u8) -> Login {
    let account = world.account(name, byte);
    let register = AccountRequest::Register(account.clone(), None);
    let told = asks(world, network, Request::AccountRequest(Box::new(register)));
    assert!(matches!(told, ServerEvent::Account(_)), "{told:?}");
    login(&account, 7)
}

fn with(login: &Login, network: [u8; 4]) -> Admission {
    Admission { login: Some(login.clone()), ..from(network) }
}

#[test]
fn a_restraint_of_a_guest_binds_later_sessions_of_its_network() {
    for (action, _, code) in BOTH {
        let (mut world, alice, eve) = world(HERE);
        world.say(alice, &format!("/{action} Eve"));
        world.close(eve);
        let barred = Some(code);
        for (query, network) in [("name=Else", HERE), ("name=EVE", ELSEWHERE)] {
            assert_eq!(speaks(&mut world, query, from(network)), barred, "{action} {query}");
        }
        for (name, network) in [("Else", HERE), ("Eve", ELSEWHERE), ("Eve-2", ELSEWHERE)] {
            assert_eq!(posts(&mut world, network, name, Credential::Nobody), barred, "{name}");
        }
        let young = registers(&mut world, HERE, "Young", 9);
        assert_eq!(speaks(&mut world, "", with(&young, ELSEWHERE)), barred, "{action}");
        let other = registers(&mut world, ELSEWHERE, "Other", 10);
        assert_eq!(speaks(&mut world, "", with(&other, HERE)), None, "{action}");
        assert_eq!(speaks(&mut world, "name=Else", from(ELSEWHERE)), None, "{action}");
        assert_eq!(posts(&mut world, ELSEWHERE, "Else", Credential::Nobody), None, "{action}");
        world.restart();
        assert_eq!(speaks(&mut world, "", with(&young, ELSEWHERE)), barred, "{action}");
        assert_eq!(speaks(&mut world, "name=Else", from(HERE)), barred, "{action}");
    }
}

#[test]
fn a_ban_by_network_does_not_bind_earlier_sessions_and_accounts() {
    for (action, ..) in BOTH {
        let (mut world, alice, _) = world(HERE);
        let bob = world.admission("/ws", "name=Bob&room=dev", from(HERE));
        let second = world.admission("/ws", "name=Eve&room=dev", from(HERE));
        let older = registers(&mut world, HERE, "Older", 9);
        let session = world.welcome(bob).session;
        world.say(alice, &format!("/{action} Eve"));
        world.told.clear();
        // "Eve-2" was there before: the number tells it from Eve.
        for client in [bob, second] {
            assert_eq!(spoken(&mut world, client), None, "{action}");
        }
        let bobs = Credential::Session(session.clone());
        assert_eq!(posts(&mut world, HERE, "", bobs), None, "{action}");
        assert_eq!(speaks(&mut world, "", with(&older, HERE)), None, "{action}");
        world.restart();
        let query = format!("session={session}");
        assert_eq!(speaks(&mut world, &query, from(HERE)), None, "{action}");
    }
}

#[test]
fn a_session_begun_after_a_ban_stays_bound_after_a_restart() {
    for (action, _, code) in BOTH {
        let (mut world, alice, _) = world(HERE);
        world.say(alice, &format!("/{action} Eve"));
        let again = world.admission("/ws", "name=Else", from(HERE));
        let session = world.welcome(again).session;
        world.say(again, "in the lobby");
        world.restart();
        let query = format!("session={session}");
        assert_eq!(speaks(&mut world, &query, Admission::default()), Some(code), "{action}");
    }
}

#[test]
fn a_restraint_binds_by_network_for_a_day_and_by_name_beyond_it() {
    for (action, _, code) in BOTH {
        let (mut world, alice, _) = world(HERE);
        world.say(alice, &format!("/{action} Eve"));
        world.pass(Duration::from_secs(24 * 60 * 60 - 60));
        assert_eq!(speaks(&mut world, "name=Else", from(HERE)), Some(code), "{action}");
        world.pass(Duration::from_secs(61));
        assert_eq!(speaks(&mut world, "name=Else", from(HERE)), None, "{action}");
        assert_eq!(speaks(&mut world, "name=Eve", from(ELSEWHERE)), Some(code), "{action}");
    }
}

#[test]
fn loopback_does_not_bind_by_network() {
    for (action, _, code) in BOTH {
        let (mut world, alice, eve) = world(LOOPBACK);
        world.say(alice, &format!("/{action} Eve"));
        assert_eq!(posts(&mut world, LOOPBACK, "Else", Credential::Nobody), None, "{action}");
        assert_eq!(speaks(&mut world, "name=Else", from(LOOPBACK)), None, "{action}");
        // The name is Eve-2 while the session of Eve has its own.
        world.close(eve);
        assert_eq!(speaks(&mut world, "name=Eve", from(LOOPBACK)), Some(code), "{action}");
        let young = registers(&mut world, LOOPBACK, "Young", 9);
        assert_eq!(speaks(&mut world, "", with(&young, LOOPBACK)), None, "{action}");
    }
}

#[test]
fn an_account_is_bound_by_the_restraints_of_the_guest_that_registered_it() {
    for (action, _, code) in BOTH {
        let mut world = World::new();
        let alice = world.enter("name=Alice&room=dev");
        world.say(alice, "hi");
        let eve = world.open("name=Eve&room=dev");
        let session = world.welcome(eve).session;
        world.say(alice, &format!("/{action} Eve"));
        let account = world.account("Eve", 9);
        let register = AccountRequest::Register(account.clone(), Some(author_of(&session)));
        asks(&mut world, LOOPBACK, Request::AccountRequest(Box::new(register)));
        world.restart();
        let admission = with(&login(&account, 7), LOOPBACK);
        assert_eq!(speaks(&mut world, "", admission), Some(code), "{action}");
    }
}

#[test]
fn a_restraint_outlives_the_session() {
    for (action, _, code) in BOTH {
        let (mut world, alice, eve) = world(HERE);
        world.say(alice, &format!("/{action} Eve"));
        world.close(eve);
        world.pass(Duration::from_secs(3600));
        assert_eq!(speaks(&mut world, "name=Eve", from(ELSEWHERE)), Some(code), "{action}");
        assert_eq!(speaks(&mut world, "name=Else", from(HERE)), Some(code), "{action}");
    }
}

#[test]
fn a_guest_caught_by_a_ban_can_be_freed_alone() {
    for (action, undo, code) in BOTH {
        let (mut world, alice, _) = world(HERE);
        world.say(alice, &format!("/{action} Eve"));
        let caught = world.admission("/ws", "name=Else", from(HERE));
        let other = world.admission("/ws", "name=Other", from(HERE));
        world.told.clear();
        world.say(alice, &format!("/{undo} Else"));
        assert!(world.types(alice).contains(&"moderated".to_owned()), "{undo}");
        for (client, fault) in [(caught, None), (other, Some(code))] {
            world.told.clear();
            world.say(client, "/join dev");
            assert_eq!(spoken(&mut world, client), fault, "{undo}");
        }
        world.say(alice, &format!("/{undo} Eve"));
        assert_eq!(speaks(&mut world, "name=Eve", from(HERE)), None, "{undo}");
        world.told.clear();
        world.say(other, "/join dev");
        assert_eq!(spoken(&mut world, other), None, "{undo}");
    }
}

#[test]
fn after_64_freed_guests_a_restraint_stops_binding_by_network() {
    let (mut world, alice, _) = muted(|limits| limits.moderator_sends_per_second_max = None);
    for n in 0..=64 {
        assert_eq!(speaks(&mut world, "name=New", from(HERE)), Some(Code::Muted), "{n}");
        world.admission("/ws", &format!("name=Guest{n}"), from(HERE));
        world.say(alice, &format!("/unmute Guest{n}"));
    }
    assert_eq!(speaks(&mut world, "name=New", from(HERE)), None);
}

#[test]
fn guests_who_post_without_a_session_can_be_moderated() {
    for (action, _, code) in BOTH {
        let (mut world, alice, _) = world(ELSEWHERE);
        assert_eq!(posts(&mut world, HERE, "Mallory", Credential::Nobody), None);
        world.told.clear();
        world.say(alice, &format!("/{action} Mallory"));
        assert!(world.types(alice).contains(&"moderated".to_owned()), "{action}");
        for (name, network) in [("Mallory", HERE), ("Else", HERE), ("Mallory", ELSEWHERE)] {
            let refused = posts(&mut world, network, name, Credential::Nobody);
            assert_eq!(refused, Some(code), "{action} {name}");
        }
        assert_eq!(posts(&mut world, ELSEWHERE, "Else", Credential::Nobody), None, "{action}");
    }
    let (mut world, alice, _) = world(ELSEWHERE);
    assert_eq!(posts(&mut world, HERE, "Mallory", Credential::Nobody), None);
    world.told.clear();
    world.say(alice, "/kick Mallory");
    assert!(world.types(alice).contains(&"moderated".to_owned()));
    world.told.clear();
    world.say(alice, "/kick Mallory");
    assert_eq!(world.error(alice).code, Code::NoSuchUser);
}

#[test]
fn a_session_that_only_posts_can_be_moderated_by_name() {
    let (mut world, alice, _) = world(ELSEWHERE);
    let eve = world.admission("/ws", "name=Mallory", from(HERE));
    let session = Credential::Session(world.welcome(eve).session);
    world.close(eve);
    world.pass(Duration::from_secs(11));
    assert_eq!(posts(&mut world, HERE, "", session.clone()), None);
    world.say(alice, "/mute Mallory");
    assert_eq!(posts(&mut world, HERE, "", session), Some(Code::Muted));
}

#[test]
fn a_moderation_can_target_the_author_of_a_message() {
    for (action, _, code) in BOTH {
        let (mut world, alice, _) = world(ELSEWHERE);
        assert_eq!(posts(&mut world, HERE, "Mallory", Credential::Nobody), None);
        world.restart();
        let owner = world.register("Root", 3, true);
        let root = world.enter_as(&owner, "room=dev");
        let _ = alice;
        let text = format!(
            r#"{{"type":"moderate","id":"m","room":"dev","payload":{{"action":"{action}","mid":3}}}}"#
        );
        world.say(root, &text);
        let told = world.read(root).join("");
        assert!(told.contains(r#""user":"Mallory""#) && told.contains(r#""ack""#), "{told}");
        // A restart forgets the network, but neither the author nor the name.
        let refused = posts(&mut world, HERE, "Mallory", Credential::Nobody);
        assert_eq!(refused, Some(code), "{action}");
        world.say(root, &text);
        assert!(world.read(root).join("").contains(r#""duplicate":true"#), "{action}");
    }
}

#[test]
fn a_message_identifies_its_author_under_any_later_name() {
    let (mut world, alice, eve) = world(HERE);
    world.say(eve, "/name Mallory");
    world.told.clear();
    world.say(alice, r#"{"type":"moderate","payload":{"action":"mute","mid":2}}"#);
    assert!(world.read(alice).join("").contains(r#""user":"Mallory""#));
    assert_eq!(spoken(&mut world, eve), Some(Code::Muted));
    // A message that is gone names its author all the same.
    world.say(alice, r#"{"type":"moderate","payload":{"action":"unmute","mid":2}}"#);
    world.say(alice, r#"{"type":"delete_message","payload":{"mid":2}}"#);
    world.say(alice, r#"{"type":"moderate","payload":{"action":"mute","mid":2}}"#);
    world.told.clear();
    assert_eq!(spoken(&mut world, eve), Some(Code::Muted));
}

#[test]
fn a_moderation_by_message_is_refused_like_any_other() {
    let (mut world, alice, eve) = world(HERE);
    let bob = world.enter("name=Bob&room=dev");
    for (client, payload, code) in [
        (alice, r#"{"action":"mute","mid":77}"#, Code::NoSuchMessage),
        (alice, r#"{"action":"mute","mid":1}"#, Code::BadField),
        (alice, r#"{"action":"mute","mid":2,"user":"Eve"}"#, Code::BadField),
        (alice, r#"{"action":"lock","mid":2}"#, Code::BadField),
        (bob, r#"{"action":"mute","mid":2}"#, Code::Forbidden),
        (eve, r#"{"action":"mute","mid":1}"#, Code::Forbidden),
    ] {
        world.told.clear();
        world.say(client, &format!(r#"{{"type":"moderate","id":"x","payload":{payload}}}"#));
        let refusal = world.error(client);
        assert_eq!((refusal.code, refusal.re.as_deref()), (code, Some("x")), "{payload}");
    }
    world.keeper.refuses = Some(chinwag::chat::record::JournalError::Unavailable);
    world.say(alice, r#"{"type":"moderate","payload":{"action":"mute","mid":2}}"#);
    assert_eq!(world.error(alice).code, Code::StorageUnavailable);
}

#[test]
fn a_ban_of_an_account_leaves_that_of_a_guest_of_its_name() {
    for (action, undo, code) in BOTH {
        let mut world = World::new();
        let alice = world.enter("name=Alice&room=dev");
        world.say(alice, "hi");
        let guest = world.admission("/ws", "name=Zed&room=dev", from(HERE));
        let session = world.welcome(guest).session;
        world.say(alice, &format!("/{action} Zed"));
        world.close(guest);
        world.pass(Duration::from_secs(11));
        let account = world.register("Zed", 5, false);
        let zed = with(&login(&account, 7), ELSEWHERE);
        assert_eq!(speaks(&mut world, "", zed.clone()), None, "{action}");
        world.say(alice, &format!("/{action} Zed"));
        assert_eq!(speaks(&mut world, "", zed.clone()), Some(code), "{action}");
        world.say(alice, &format!("/{undo} Zed"));
        assert_eq!(speaks(&mut world, "", zed), None, "{action}");
        let query = format!("session={session}");
        assert_eq!(speaks(&mut world, &query, from(ELSEWHERE)), Some(code), "{action}");
        assert_eq!(speaks(&mut world, "name=Else", from(HERE)), Some(code), "{action}");
        world.restart();
        assert_eq!(speaks(&mut world, &query, from(ELSEWHERE)), Some(code), "{action}");
    }
}

#[test]
fn bans_and_mutes_of_version_0_1_0_apply_and_can_be_lifted() {
    let (mut world, _, eve) = world(HERE);
    world.close(eve);
    let author = AuthorKey([9; 16]).to_hex();
    let ban = format!(
        r#"{{"name":"Old","author":"{author}","guest":true,"network":"192.0.2.7","until":18446744073709551615}}"#
    );
    let mute = r#"{"name":"Loud","member":false,"moderator":false,"muted":18446744073709551615}"#;
    for (namespace, key, value) in [
        (Namespace::Bans, "dev/old".to_owned(), ban.as_str()),
        (Namespace::MemberStates, format!("dev/{}", AuthorKey([8; 16]).to_hex()), mute),
    ] {
        world.keeper.key_values.insert((namespace, key.into()), value.into());
    }
    world.restart();
    let owner = world.register("Root", 3, true);
    let root = world.enter_as(&owner, "room=dev");
    assert_eq!(speaks(&mut world, "name=Old", from(ELSEWHERE)), Some(Code::Banned));
    world.say(root, "/unban Old");
    world.say(root, "/unmute Loud");
    assert_eq!(speaks(&mut world, "name=Old", from(ELSEWHERE)), None);
    let left = world.keeper.opening("k3").key_values;
    let left: Vec<_> = left.iter().filter(|it| it.key.starts_with("dev/")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn admin_rights_of_a_token_apply_to_its_connection_only() {
    let mut world = World::new();
    let account = world.register("Ann", 1, false);
    let plain = Login { outside: true, ..login(&account, 1) };
    let admin = Login { admin: true, id: [2; 16], ..plain.clone() };
    let alice = world.enter("name=Alice&room=dev");
    world.say(alice, "hi");
    let first = world.admission("/ws", "room=dev", with(&plain, HERE));
    let second = world.admission("/ws", "room=dev", with(&admin, HERE));
    assert!(!world.welcome(first).admin && world.welcome(second).admin);
    world.told.clear();
    world.say(first, "/lock");
    assert_eq!(world.error(first).code, Code::Forbidden);
    world.say(first, r#"{"type":"delete_message","payload":{"mid":1}}"#);
    assert_eq!(world.error(first).code, Code::Forbidden);
    world.say(second, "/lock");
    assert!(world.types(second).contains(&"moderated".to_owned()));
    world.told.clear();
    assert_eq!(spoken(&mut world, first), Some(Code::RoomLocked));
    world.close(second);
    let third = world.admission("/ws", "room=dev", with(&plain, HERE));
    assert!(!world.welcome(third).admin);
    world.told.clear();
    world.say(third, "/unlock");
    assert_eq!(world.error(third).code, Code::Forbidden);
    // Another token on the same connection takes the rights along.
    let log_in = |login: &Login| chinwag::chat::ClientEvent {
        id: None,
        room: None,
        command: chinwag::chat::Command::LogIn(Box::new(login.clone())),
    };
    for (login, may) in [(&admin, true), (&plain, false)] {
        world.handle(Input::Received { client: third, event: Ok(log_in(login)) });
        world.told.clear();
        world.say(third, "/unlock");
        assert_eq!(world.types(third).contains(&"moderated".to_owned()), may);
    }
}

#[test]
fn an_admin_cannot_delete_in_a_private_conversation() {
    let mut world = World::new();
    let account = world.register("Root", 1, true);
    let root = world.enter_as(&account, "");
    let bob = world.enter("name=Bob");
    world.say(bob, r#"{"type":"direct_message","payload":{"to":"Root","content":"evidence"}}"#);
    world.told.clear();
    world.say(root, r#"{"type":"delete_message","room":"@Bob","payload":{"mid":1}}"#);
    assert_eq!(world.error(root).code, Code::Forbidden);
    world.say(bob, r#"{"type":"delete_message","room":"@Root","payload":{"mid":1}}"#);
    assert_eq!(world.types(bob).last().map(String::as_str), Some("message_deleted"));
}

#[test]
fn two_networks_posting_under_one_name_share_no_idempotency_keys() {
    let (mut world, ..) = world(HERE);
    let nobody = || Credential::Nobody;
    assert_eq!(posts_as(&mut world, HERE, "Bot", nobody(), Some("1")), None);
    let body = Body {
        files: Default::default(),
        content: "else".into(),
        reply_to: None,
        ttl: None,
        name: Some("Bot".into()),
    };
    let post = Post { room: "dev".into(), by: nobody(), id: Some("1".into()), body };
    let mut asked = |network| asks(&mut world, network, Request::Post(Box::new(post.clone())));
    assert!(matches!(asked(ELSEWHERE), ServerEvent::Ack { duplicate: false, .. }));
    assert!(matches!(asked(ELSEWHERE), ServerEvent::Ack { duplicate: true, .. }));
    let conflict = asked(HERE);
    assert!(matches!(conflict, ServerEvent::Error(it) if it.code == Code::IdConflict));
}

/// Goes to `dev` and speaks there; returns the error, if any.
fn comes(world: &mut World, client: ClientId) -> Option<Code> {
    world.told.clear();
    world.say(client, "/join dev");
    spoken(world, client)
}

/// Returns the restraints that are stored.
fn stored(world: &World) -> Vec<serde_json::Value> {
    let key_values = world.keeper.key_values.iter();
    let restraints = key_values
        .filter(|((namespace, _), _)| matches!(namespace, Namespace::Bans | Namespace::Mutes));
    restraints.map(|(_, value)| serde_json::from_str(value).unwrap()).collect()
}

/// Counts those in a list of the only restraint that is stored.
fn counted(world: &World, list: &str) -> usize {
    let restraints = stored(world);
    assert_eq!(restraints.len(), 1, "{restraints:?}");
    restraints[0][list].as_array().map_or(0, Vec::len)
}

#[test]
fn a_restraint_imposed_again_binds_those_caught_before_but_not_those_freed() {
    for (action, undo, code) in BOTH {
        let (mut world, alice, _) = world(HERE);
        let older = world.admission("/ws", "name=Older", from(HERE));
        world.say(alice, &format!("/{action} Eve"));
        let near = world.admission("/ws", "name=Else", from(HERE));
        let alike = world.admission("/ws", "name=Eve", from(ELSEWHERE));
        let freed = world.admission("/ws", "name=Free", from(HERE));
        assert_eq!(&*world.welcome(alike).you, "Eve-2");
        world.say(alice, &format!("/{undo} Free"));
        world.say(alice, &format!("/{action} Eve 600"));
        for (client, fault) in
            [(near, Some(code)), (alike, Some(code)), (freed, None), (older, None)]
        {
            assert_eq!(comes(&mut world, client), fault, "{action} {client:?}");
        }
        world.pass(Duration::from_secs(600));
        for client in [near, alike] {
            assert_eq!(comes(&mut world, client), None, "{action}");
        }
    }
}

#[test]
fn a_restraint_imposed_again_on_an_offline_guest_keeps_its_network() {
    for (action, _, code) in BOTH {
        let (mut world, alice, eve) = world(HERE);
        world.say(alice, &format!("/{action} Eve"));
        world.close(eve);
        world.pass(Duration::from_secs(25 * 60 * 60));
        assert_eq!(speaks(&mut world, "name=Else", from(HERE)), None, "{action}");
        // By its name, and by its message after a restart.
        world.say(alice, &format!("/{action} Eve 90000"));
        assert_eq!(speaks(&mut world, "name=Else", from(HERE)), Some(code), "{action}");
        let root = world.register("Root", 3, true);
        world.restart();
        let root = world.enter_as(&root, "room=dev");
        let payload = format!(r#"{{"action":"{action}","mid":2}}"#);
        world.say(root, &format!(r#"{{"type":"moderate","room":"dev","payload":{payload}}}"#));
        assert!(world.types(root).contains(&"moderated".to_owned()), "{action}");
        assert_eq!(speaks(&mut world, "name=Else", from(HERE)), Some(code), "{action}");
        assert_eq!(speaks(&mut world, "name=Eve", from(ELSEWHERE)), Some(code), "{action}");
    }
}

#[test]
fn a_restraint_of_a_removed_account_does_not_bind_guests_of_its_name() {
    for (action, ..) in BOTH {
        let (mut world, alice, _) = world(HERE);
        world.register("Zed", 5, false);
        world.say(alice, &format!("/{action} Zed"));
        let remove = AccountRequest::Remove { name: "Zed".into() };
        asks(&mut world, LOOPBACK, Request::AccountRequest(Box::new(remove)));
        world.told.clear();
        world.say(alice, &format!("/{action} Zed"));
        assert!(world.types(alice).contains(&"moderated".to_owned()), "{action}");
        assert_eq!(speaks(&mut world, "name=Zed", from(ELSEWHERE)), None, "{action}");
    }
}

#[test]
fn a_session_after_a_restart_is_younger_even_if_the_clock_was_set_back() {
    for (action, _, code) in BOTH {
        let (mut world, alice, _) = world(HERE);
        world.pass(Duration::from_secs(60));
        world.say(alice, &format!("/{action} Eve"));
        world.now.unix_ms -= 60_000;
        world.restart();
        assert_eq!(speaks(&mut world, "name=Else", from(HERE)), Some(code), "{action}");
    }
}

#[test]
fn an_account_from_before_a_restart_is_older_even_if_the_clock_was_set_back() {
    for (action, ..) in BOTH {
        let (mut world, ..) = world(HERE);
        let root = world.register("Root", 3, true);
        world.pass(Duration::from_secs(60));
        let older = registers(&mut world, HERE, "Older", 9);
        world.now.unix_ms -= 60_000;
        world.restart();
        let root = world.enter_as(&root, "room=dev");
        world.admission("/ws", "name=Mallory&room=dev", from(HERE));
        world.say(root, &format!("/{action} Mallory"));
        assert_eq!(speaks(&mut world, "", with(&older, HERE)), None, "{action}");
    }
}

#[test]
fn a_member_from_before_a_restart_ranks_first_even_if_the_clock_was_set_back() {
    let mut world = World::new();
    world.keeper.guests = true;
    let alice = world.open("name=Alice&room=den");
    let session = world.welcome(alice).session;
    world.say(alice, "/private");
    // By their authors the later one would come first.
    let first = world.register("First", 9, false);
    let second = world.register("Second", 8, false);
    world.pass(Duration::from_secs(60));
    world.say(alice, "/invite First");
    world.now.unix_ms -= 60_000;
    world.restart();
    let alice = world.enter(&format!("session={session}&room=den"));
    world.say(alice, "/invite Second");
    world.close(alice);
    world.pass(Duration::from_secs(3600));
    for (account, fault) in [(&second, Some(Code::Forbidden)), (&first, None)] {
        let heir = world.enter_as(account, "room=den");
        world.say(heir, "/promote Second");
        let refused = world.told(heir).into_iter().find_map(|event| match event {
            ServerEvent::Error(refusal) => Some(refusal.code),
            _ => None,
        });
        assert_eq!(refused, fault, "{}", account.name);
        world.close(heir);
    }
}

#[test]
fn a_ban_by_network_lasts_a_day_even_if_the_clock_was_set_back() {
    for (action, _, code) in BOTH {
        let (mut world, alice, _) = world(HERE);
        world.now.unix_ms -= 3_600_000;
        world.say(alice, &format!("/{action} Eve"));
        world.pass(Duration::from_secs(24 * 60 * 60 - 60));
        assert_eq!(speaks(&mut world, "name=Else", from(HERE)), Some(code), "{action}");
        world.pass(Duration::from_secs(61));
        assert_eq!(speaks(&mut world, "name=Else", from(HERE)), None, "{action}");
    }
}

#[test]
fn a_stored_restraint_without_a_time_begins_at_its_stamp() {
    let (mut world, alice, _) = world(HERE);
    world.say(alice, "/mute Eve");
    let value = world.keeper.key_values.iter_mut().find(|((it, _), _)| *it == Namespace::Mutes);
    let (_, value) = value.unwrap();
    let mut old: serde_json::Value = serde_json::from_str(value).unwrap();
    assert!(old.as_object_mut().unwrap().remove("at").is_some());
    *value = old.to_string().into();
    world.restart();
    world.pass(Duration::from_secs(24 * 60 * 60 - 60));
    assert_eq!(speaks(&mut world, "name=Else", from(HERE)), Some(Code::Muted));
    world.pass(Duration::from_secs(61));
    assert_eq!(speaks(&mut world, "name=Else", from(HERE)), None);
}

#[test]
fn after_64_freed_guests_of_its_name_a_restraint_stops_binding_by_name() {
    let (mut world, alice, eve) = muted(|limits| limits.moderator_sends_per_second_max = None);
    let mut freed = Vec::new();
    for n in 0..=64 {
        let client = world.admission("/ws", "name=Eve", from(ELSEWHERE));
        let name = world.welcome(client).you;
        assert_eq!(comes(&mut world, client), Some(Code::Muted), "{n}");
        world.say(alice, &format!("/unmute {name}"));
        freed.push(client);
        assert!(counted(&world, "freed") <= 64, "{n}");
    }
    for client in freed {
        assert_eq!(comes(&mut world, client), None);
    }
    let other = world.admission("/ws", "name=Eve", from(ELSEWHERE));
    assert_eq!(comes(&mut world, other), None);
    assert_eq!(comes(&mut world, eve), Some(Code::Muted));
}

#[test]
fn a_restraint_still_binds_by_name_when_it_no_longer_binds_by_network() {
    let (mut world, alice, _) = muted(|limits| limits.moderator_sends_per_second_max = None);
    for n in 0..=64 {
        world.admission("/ws", &format!("name=Guest{n}"), from(HERE));
        world.say(alice, &format!("/unmute Guest{n}"));
    }
    assert_eq!(speaks(&mut world, "name=New", from(HERE)), None);
    assert_eq!(speaks(&mut world, "name=Eve", from(HERE)), Some(Code::Muted));
    // Imposed again it does not catch those who were freed beyond what it remembers.
    world.say(alice, "/mute Eve");
    assert_eq!(speaks(&mut world, "name=New", from(HERE)), None);
    assert_eq!(counted(&world, "freed"), 64);
}

#[test]
fn a_freed_guest_is_forgotten_with_its_session() {
    let (mut world, alice, _) = muted(|limits| limits.session_life = Duration::from_secs(60));
    let freed = world.admission("/ws", "name=Free", from(HERE));
    world.say(alice, "/unmute Free");
    assert_eq!((comes(&mut world, freed), counted(&world, "freed")), (None, 1));
    world.close(freed);
    world.pass(Duration::from_secs(80));
    assert_eq!(counted(&world, "freed"), 0);
}

#[test]
fn unbanning_somebody_who_is_no_longer_bound_frees_nobody() {
    let (mut world, alice, _) = world(HERE);
    world.say(alice, "/mute Eve");
    world.admission("/ws", "name=Else&room=dev", from(HERE));
    world.pass(Duration::from_secs(24 * 60 * 60 + 1));
    world.say(alice, "/unmute Else");
    assert_eq!(counted(&world, "freed"), 0);
}

#[test]
fn accounts_registered_by_a_restrained_guest_do_not_fill_a_list() {
    for (action, undo, code) in BOTH {
        let mut world = World::with(|limits| limits.requests_per_second_max = None);
        let alice = world.enter("name=Alice&room=dev");
        world.say(alice, "hi");
        let eve = world.open("name=Eve&room=dev");
        let session = world.welcome(eve).session;
        world.say(alice, &format!("/{action} Eve"));
        let accounts: Vec<Login> = (0..40)
            .map(|n| {
                let account = world.account(&format!("Young{n}"), 100 + n);
                let register = AccountRequest::Register(account.clone(), Some(author_of(&session)));
                asks(&mut world, LOOPBACK, Request::AccountRequest(Box::new(register)));
                login(&account, 7)
            })
            .collect();
        assert_eq!(counted(&world, "accounts"), 16, "{action}");
        world.restart();
        for account in &accounts[..16] {
            let fault = speaks(&mut world, "", with(account, LOOPBACK));
            assert_eq!(fault, Some(code), "{action}");
        }
        let root = world.register("Root", 3, true);
        let root = world.enter_as(&root, "room=dev");
        world.say(root, &format!("/{undo} Young3"));
        assert_eq!(speaks(&mut world, "", with(&accounts[3], LOOPBACK)), None, "{action}");
        assert_eq!(speaks(&mut world, "", with(&accounts[4], LOOPBACK)), Some(code), "{action}");
        world.say(root, &format!("/{action} Young4 5"));
        world.pass(Duration::from_secs(6));
        assert_eq!(speaks(&mut world, "", with(&accounts[4], LOOPBACK)), None, "{action}");
        world.say(root, &format!("/{undo} Eve"));
        assert_eq!(speaks(&mut world, "", with(&accounts[5], LOOPBACK)), None, "{action}");
    }
}

#[test]
fn muted_users_do_not_count_as_members() {
    let mut world = World::with(|limits| limits.members_max = 2);
    let alice = world.enter("name=Alice&room=den");
    world.say(alice, "hi");
    for name in ["A", "B", "C", "D"] {
        world.enter(&format!("name={name}&room=den"));
        world.say(alice, &format!("/mute {name}"));
    }
    world.told.clear();
    for line in ["/promote A", "/promote B"] {
        world.say(alice, line);
    }
    assert_eq!(world.types(alice), ["moderated", "moderated"]);
    world.say(alice, "/promote C");
    assert_eq!(world.error(alice).code, Code::RoomFull);
}

#[test]
fn a_restraint_of_an_anonymous_guest_does_not_bind_other_anonymous_guests() {
    for (action, _, code) in BOTH {
        for first in ["", "name=anonymous", "name=Anonymous-3"] {
            let (mut world, alice, _) = world([203, 0, 113, 1]);
            let nameless = world.admission("/ws", &format!("room=dev&{first}"), from(HERE));
            let name = world.welcome(nameless).you;
            world.say(alice, &format!("/{action} {name}"));
            for query in ["", "name=Anonymous-3"] {
                let fault = speaks(&mut world, query, from(ELSEWHERE));
                assert_eq!(fault, None, "{action} {first} {query}");
            }
            world.close(nameless);
            world.pass(Duration::from_secs(11));
            for query in ["", "name=Anonymous-3"] {
                let fault = speaks(&mut world, query, from(ELSEWHERE));
                assert_eq!(fault, None, "{action} {first} {query}");
            }
            assert_eq!(speaks(&mut world, "", from(HERE)), Some(code), "{action} {first}");
        }
    }
}

#[test]
fn the_last_sixteen_posters_are_found_by_name_and_all_by_message() {
    let (mut world, alice, _) = world(ELSEWHERE);
    for n in 0..17 {
        assert_eq!(posts(&mut world, HERE, &format!("Bot{n}"), Credential::Nobody), None);
        world.pass(Duration::from_secs(1));
    }
    world.told.clear();
    world.say(alice, "/mute Bot0");
    assert_eq!(world.error(alice).code, Code::NoSuchUser);
    world.say(alice, r#"{"type":"moderate","payload":{"action":"mute","mid":3}}"#);
    assert!(world.read(alice).join("").contains(r#""user":"Bot0""#));
    assert_eq!(posts(&mut world, HERE, "Bot0", Credential::Nobody), Some(Code::Muted));
    world.say(alice, "/mute Bot1");
    assert!(world.read(alice).join("").contains(r#""user":"Bot1""#));
}
