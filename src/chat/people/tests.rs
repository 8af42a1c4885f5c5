//! People alone, without rooms and without a journal.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use super::client::{Delivery, Subscription};
use super::timers::Leave;
use super::*;
use crate::chat::effect::{Effect, Listener};
use crate::chat::limits::Limits;
use crate::chat::output_mode::OutputMode;
use crate::chat::protocol::account::Account;
use crate::chat::protocol::login::Login;
use crate::chat::step::Step;

const LOBBY: RoomId = RoomId(1);
const DEV: RoomId = RoomId(2);

fn author(n: u8) -> AuthorKey {
    AuthorKey([n; 16])
}

fn at(millis: u64) -> Moment {
    Moment::from_millis(millis)
}

fn limits() -> Limits {
    let (leave_grace, session_life) = (Duration::from_millis(10), Duration::from_millis(100));
    Limits { leave_grace, session_life, ..Limits::default() }
}

/// Adds a person. Returns it and the name it got.
fn add(people: &mut People, n: u8, name: &str) -> (PersonId, String) {
    let key = people.add(author(n));
    people.assign_name(key, &UserName::known(name), &Limits::default());
    (key, name_of(people, key))
}

fn name_of(people: &People, key: PersonId) -> String {
    people.get(key).unwrap().name.to_string()
}

fn account(n: u8, name: &str) -> Account {
    let (hash, admin, since, registered) = (None, false, 0, None);
    Account { author: author(n), name: name.into(), hash, admin, since, registered }
}

fn open(people: &mut People, id: u64, person: PersonId) -> ClientSlot {
    people.open(Client::new(ClientId(id), person, OutputMode::Json, false))
}

/// Closes a connection, as when its WebSocket is closed at `now`.
fn close(people: &mut People, slot: ClientSlot, now: Moment) {
    let person = people.client(slot).unwrap().0.person;
    people.close(slot);
    people.get_mut(person).unwrap().left = now;
    people.schedule_leave(person, now, &limits());
}

/// Returns the effects of `change`.
fn effects(people: &mut People, change: impl FnOnce(&mut People, &mut Step<'_>)) -> Vec<Effect> {
    let mut effects = Vec::new();
    change(people, &mut Step { now: Now::default(), effects: &mut effects });
    effects
}

/// Detaches the session of a new person without a name, which left at `left`.
fn detached(people: &mut People, n: u8, left: u64) -> PersonId {
    let key = people.add(author(n));
    people.get_mut(key).unwrap().left = at(left);
    people.detach(key, &limits());
    key
}

#[test]
fn a_name_in_use_gets_the_lowest_free_number() {
    let mut people = People::default();
    let (alice, _) = add(&mut people, 1, "Alice");
    let (second, name) = add(&mut people, 2, "aLICE");
    assert_eq!(name, "aLICE-2");
    assert_eq!(add(&mut people, 3, "Alice").1, "Alice-3");
    assert_eq!(add(&mut people, 4, "Alice-4").1, "Alice-4");
    assert_eq!(add(&mut people, 5, "Alice").1, "Alice-5");
    people.remove(second);
    assert_eq!(add(&mut people, 6, "Alice").1, "Alice-2");
    people.remove(alice);
    assert_eq!(add(&mut people, 7, "Alice").1, "Alice");
    assert_eq!(add(&mut people, 8, "Alice").1, "Alice-6");
}

#[test]
fn numbers_are_forgotten_with_the_last_person_who_has_one() {
    let mut people = People::default();
    let keys: Vec<PersonId> = (0..100).map(|n| add(&mut people, n, "Bob").0).collect();
    for key in keys {
        people.remove(key);
    }
    assert!(people.names.is_empty() && people.numbers.is_empty() && people.sessions.is_empty());
}

#[test]
fn a_detached_session_gets_its_name_back_unless_it_is_taken() {
    let limits = Limits::default();
    let mut people = People::default();
    add(&mut people, 1, "Eve");
    let (detached, name) = add(&mut people, 2, "Eve");
    assert_eq!(name, "Eve-2");
    people.release(detached);
    assert!(!people.restore_name(detached, &limits));
    assert_eq!(&*people.get(detached).unwrap().name, "Eve-2");
    assert_eq!(add(&mut people, 3, "Eve").1, "Eve-3");
    people.release(detached);
    assert_eq!(add(&mut people, 4, "Eve-2").1, "Eve-2");
    assert!(people.restore_name(detached, &limits));
    assert_eq!(&*people.get(detached).unwrap().name, "Eve-4");
}

#[test]
fn thousands_of_the_same_name_are_numbered_without_a_search() {
    let mut people = People::default();
    let limits = Limits::default();
    for n in 0..20_000_u32 {
        let mut author = [0; 16];
        author[..4].copy_from_slice(&n.to_le_bytes());
        let key = people.add(AuthorKey(author));
        people.assign_name(key, &UserName::anonymous(), &limits);
    }
    assert_eq!(&*people.get(PersonId::new(19_999)).unwrap().name, "Anonymous-20000");
}

#[test]
fn a_session_key_is_128_bits_in_22_letters() {
    assert_eq!(&*session_key([0xFB; 16]), "-_v7-_v7-_v7-_v7-_v7-w");
    assert_ne!(author_of("a"), author_of("b"));
}

#[test]
fn a_name_is_taken_by_whatever_looks_like_it() {
    let mut people = People::default();
    let (alice, _) = add(&mut people, 1, "Alice");
    for name in ["ALICE", "\u{410}lice", "A1ice"] {
        assert_eq!(people.of_name(name), Some(alice), "{name}");
        assert!(!people.is_free(name, Some(author(1))), "{name}");
    }
    assert!(people.is_free("Alicia", None));
    people.release(alice);
    assert!(people.is_free("Alice", None) && people.of_name("Alice").is_none());
    assert_eq!(name_of(&people, alice), "Alice");
}

#[test]
fn the_name_of_an_account_is_free_for_its_owner_only() {
    let mut people = People::default();
    people.accounts_mut().put(account(9, "Alice"));
    assert!(people.is_free("alice", Some(author(9))));
    assert!(!people.is_free("alice", Some(author(1))) && !people.is_free("alice", None));
    assert_eq!(add(&mut people, 1, "Alice").1, "Alice-2");
    let (name, limits) = (UserName::known("Alice"), Limits::default());
    assert_eq!(**people.free_name(&name, author(2), &limits).unwrap().as_arc(), *"Alice-3");
}

#[test]
fn an_account_takes_its_name_from_a_guest_who_gets_a_number() {
    let mut people = People::default();
    let (guest, _) = add(&mut people, 1, "Alice");
    people.accounts_mut().put(account(9, "Alice"));
    let owner = people.add(author(9));
    people.set_account(owner, true, false);
    let name = UserName::known("Alice");
    let renamed = people.install(owner, &name, &Limits::default());
    assert_eq!(renamed, [(guest, "Alice".into())]);
    assert_eq!((people.of_name("Alice"), name_of(&people, owner)), (Some(owner), "Alice".into()));
    assert_eq!(name_of(&people, guest), "Alice-2");
    assert_eq!(people.of_name("Alice-2"), Some(guest));
    assert_eq!(people.install(owner, &name, &Limits::default()), []);
}

#[test]
fn a_name_finds_accounts_whether_or_not_they_are_connected_and_no_transient_guest() {
    let mut people = People::default();
    people.accounts_mut().put(account(9, "Carol"));
    let (bob, _) = add(&mut people, 1, "Bob");
    assert_eq!(people.author_named(" carol "), Some((author(9), "Carol".into())));
    assert_eq!(people.author_named("BOB"), Some((author(1), "Bob".into())));
    people.get_mut(bob).unwrap().transient = true;
    assert_eq!(people.author_named("Bob"), None);
}

#[test]
fn a_session_key_finds_a_guest_and_never_an_account() {
    let mut people = People::default();
    let key = people.add(author_of("secret"));
    assert_eq!((people.guest_of("secret"), people.guest_of("guess")), (Some(key), None));
    people.get_mut(key).unwrap().account = true;
    assert_eq!(people.guest_of("secret"), None);
    assert_eq!(people.of_session(author_of("secret")), Some(key));
}

#[test]
fn a_removed_person_is_found_by_nothing() {
    let mut people = People::default();
    let (alice, _) = add(&mut people, 1, "Alice");
    people.get_mut(alice).unwrap().left = at(0);
    people.detach(alice, &limits());
    assert_eq!(people.remove(alice).unwrap().author, author(1));
    assert!(people.get(alice).is_none() && people.of_session(author(1)).is_none());
    assert!(people.is_free("Alice", None));
    assert_eq!(people.next_to_end(Moment::NEVER, &limits()), None);
    assert!(people.remove(alice).is_none());
}

#[test]
fn a_detached_session_ends_after_its_life_unless_it_is_reattached() {
    let mut people = People::default();
    let (first, second) = (detached(&mut people, 1, 0), detached(&mut people, 2, 5));
    assert_eq!(people.deadline(), at(100));
    people.reattach(first);
    assert_eq!(people.next_to_end(at(104), &limits()), None);
    assert_eq!(people.deadline(), at(105));
    assert_eq!(people.next_to_end(at(105), &limits()), Some(second));
    people.remove(second);
    assert_eq!(people.next_to_end(Moment::NEVER, &limits()), None);
    assert!(people.get(first).is_some());
}

#[test]
fn a_session_that_is_detached_anew_lives_anew() {
    let mut people = People::default();
    let session = detached(&mut people, 1, 0);
    people.reattach(session);
    people.get_mut(session).unwrap().left = at(50);
    people.detach(session, &limits());
    assert_eq!(people.next_to_end(at(149), &limits()), None);
    assert_eq!(people.next_to_end(at(150), &limits()), Some(session));
}

#[test]
fn above_the_limit_blank_sessions_end_first_then_the_oldest_of_the_largest_network() {
    let mut people = People::default();
    let near = Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)));
    let far = Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)));
    let add = |people: &mut People, n: u8, network, persisted| {
        let key = people.add(author(n));
        let person = people.get_mut(key).unwrap();
        (person.left, person.network) = (at(u64::from(n)), network);
        (person.persisted, person.named) = (persisted, true);
        people.detach(key, &limits());
        key
    };
    add(&mut people, 1, far, true);
    let oldest = add(&mut people, 2, near, true);
    let second = add(&mut people, 3, near, true);
    let blank = add(&mut people, 4, far, false);
    let limits = Limits { detached_sessions_max: 1, ..limits() };
    for expected in [blank, oldest, second.min(people.of_session(author(1)).unwrap())] {
        assert_eq!(people.next_to_end(at(9), &limits), Some(expected));
        people.remove(expected);
    }
    assert_eq!(people.next_to_end(at(9), &limits), None);
}

#[test]
fn a_session_that_is_persisted_is_blank_no_more() {
    let mut people = People::default();
    let (first, second) = (detached(&mut people, 1, 0), detached(&mut people, 2, 1));
    let limits = Limits { detached_sessions_max: 1, ..limits() };
    people.mark_persisted(first);
    assert_eq!(people.next_to_end(at(2), &limits), Some(second));
}

#[test]
fn reattaching_again_and_again_leaves_few_stale_timers() {
    let mut people = People::default();
    let session = detached(&mut people, 1, 0);
    for millis in 1..10_000 {
        people.reattach(session);
        people.get_mut(session).unwrap().left = at(millis);
        people.detach(session, &limits());
        assert!(people.timers.sessions.len() <= 1028);
    }
    assert_eq!(people.next_to_end(at(10_098), &limits()), None);
    assert_eq!(people.next_to_end(at(10_099), &limits()), Some(session));
}

#[test]
fn a_leave_is_due_after_the_grace_for_rooms_without_a_connection() {
    let mut people = People::default();
    let (alice, _) = add(&mut people, 1, "Alice");
    let (first, second) = (open(&mut people, 1, alice), open(&mut people, 2, alice));
    let lost = Membership { room: DEV, at: 0, conns: 0, timed_out: true, left: at(5) };
    let held = Membership { room: LOBBY, at: 0, conns: 1, timed_out: false, left: at(0) };
    people.get_mut(alice).unwrap().memberships.extend([held, lost]);
    close(&mut people, first, at(5));
    assert_eq!((people.deadline(), people.next_leave(at(14), &limits())), (at(15), None));
    let leave = Leave { person: alice, memberships: vec![lost], detaches: false };
    assert_eq!(people.next_leave(at(15), &limits()), Some(leave));
    people.get_mut(alice).unwrap().memberships.clear();
    close(&mut people, second, at(20));
    let leave = Leave { person: alice, memberships: vec![], detaches: true };
    assert_eq!(people.next_leave(at(30), &limits()), Some(leave));
    assert_eq!(people.deadline(), Moment::NEVER);
}

#[test]
fn a_person_that_reconnects_in_time_does_not_leave() {
    let mut people = People::default();
    let (alice, _) = add(&mut people, 1, "Alice");
    let slot = open(&mut people, 1, alice);
    close(&mut people, slot, at(5));
    people.reattach(alice);
    open(&mut people, 2, alice);
    let leave = Leave { person: alice, memberships: vec![], detaches: false };
    assert_eq!(people.next_leave(at(15), &limits()), Some(leave));
    let slot = people.client_ref(ClientId(2)).unwrap().slot;
    close(&mut people, slot, at(16));
    people.remove(alice);
    assert_eq!(people.next_leave(at(99), &limits()), None);
}

#[test]
fn a_login_expires_at_its_time_and_no_more_once_its_connection_is_closed() {
    let mut people = People::default();
    let (alice, _) = add(&mut people, 1, "Alice");
    let (first, second) = (open(&mut people, 1, alice), open(&mut people, 2, alice));
    let (name, id) = ("Alice".into(), [7; 16]);
    let mut login =
        Login { author: author(1), name, admin: true, id, expires: 1050, outside: true };
    let now = Now { at: at(5), unix_ms: 1000 };
    let step = Step { now, effects: &mut Vec::new() };
    people.hold_login(&step, first, &login);
    assert!(people.is_admin(first) && !people.is_admin(second));
    login.outside = false;
    people.hold_login(&step, second, &login);
    assert!(!people.is_admin(second), "of an account of this server the account decides");
    assert_eq!((people.deadline(), people.next_expired_login(at(54))), (at(55), None));
    people.close(first);
    assert_eq!(people.next_expired_login(at(55)), Some(second));
    assert_eq!((people.next_expired_login(at(99)), people.deadline()), (None, Moment::NEVER));
}

#[test]
fn a_login_that_is_renewed_expires_at_the_later_time() {
    let mut people = People::default();
    let (alice, _) = add(&mut people, 1, "Alice");
    let slot = open(&mut people, 1, alice);
    let step = Step { now: Now::default(), effects: &mut Vec::new() };
    for expires in [50, 90] {
        let (author, name, id) = (author(1), "Alice".into(), [7; 16]);
        let login = Login { author, name, admin: false, id, expires, outside: true };
        people.hold_login(&step, slot, &login);
    }
    assert_eq!((people.deadline(), people.next_expired_login(at(89))), (at(90), None));
    people.close(slot);
    assert_eq!(people.deadline(), Moment::NEVER);
}

#[test]
fn an_open_connection_is_found_by_its_id_and_a_closed_one_by_nothing() {
    let mut people = People::default();
    let (alice, _) = add(&mut people, 1, "Alice");
    let slot = open(&mut people, 7, alice);
    let found = people.client_ref(ClientId(7)).unwrap();
    assert_eq!((found.slot, found.person, found.author), (slot, alice, author(1)));
    assert_eq!(*people.clients_of(author(1)), [ClientId(7)]);
    people.close(slot);
    assert!(people.client_ref(ClientId(7)).is_none() && people.clients_of(author(1)).is_empty());
    assert_eq!((people.by_id.len(), people.clients.len()), (0, 0));
    assert_eq!(name_of(&people, alice), "Alice");
}

#[test]
fn a_slot_is_reused_and_an_id_is_not() {
    let mut people = People::default();
    let ((alice, _), (bob, _)) = (add(&mut people, 1, "Alice"), add(&mut people, 2, "Bob"));
    let slot = open(&mut people, 7, alice);
    people.close(slot);
    assert_eq!(open(&mut people, 8, bob), slot);
    assert!(people.client_ref(ClientId(7)).is_none());
    assert_eq!(&*people.name_of(slot), "Bob");
}

#[test]
fn a_person_is_remembered_by_the_last_network_that_identifies_it() {
    let mut people = People::default();
    let (alice, _) = add(&mut people, 1, "Alice");
    let network = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    for seen in [Some(network), None, Some(IpAddr::V4(Ipv4Addr::LOCALHOST))] {
        people.note_network(alice, seen);
        assert_eq!(people.get(alice).unwrap().network, Some(network), "{seen:?}");
    }
}

#[test]
fn nothing_is_read_from_a_client_until_its_last_answer_has_arrived() {
    let mut people = People::default();
    let (alice, _) = add(&mut people, 1, "Alice");
    let slot = open(&mut people, 7, alice);
    let client = ClientId(7);
    let effects = effects(&mut people, |people, step| {
        assert_eq!(people.await_answer(step, client), 1);
        assert_eq!(people.await_answer(step, client), 2);
        people.answer_arrived(step, client);
        assert_eq!(step.effects.len(), 1);
        people.answer_arrived(step, client);
        people.close(slot);
        people.answer_arrived(step, client);
    });
    assert_eq!(effects, [Effect::Hold { client }, Effect::Release { client }]);
}

#[test]
fn a_client_that_is_ended_is_closed_with_its_code() {
    let mut people = People::default();
    let (alice, _) = add(&mut people, 1, "Alice");
    let slot = open(&mut people, 7, alice);
    let effects = effects(&mut people, |people, step| {
        people.end_client(step, slot, 4105, "token expired");
    });
    let (client, reason) = (ClientId(7), "token expired".into());
    assert_eq!(effects, [Effect::Close { client, code: 4105, reason }]);
    assert!(people.client(slot).unwrap().0.closing);
}

#[test]
fn the_room_made_current_is_the_last_subscription() {
    let mut people = People::default();
    let (alice, _) = add(&mut people, 1, "Alice");
    let slot = open(&mut people, 7, alice);
    for room in [LOBBY, DEV] {
        let subscription = Subscription { room, delivery: Delivery::Live(0), replay_only: false };
        people.clients.get_mut(slot.index()).unwrap().subscriptions.push(subscription);
    }
    assert_eq!(people.client(slot).unwrap().0.current(), Some(DEV));
    people.make_current(slot, LOBBY);
    assert_eq!(people.client(slot).unwrap().0.current(), Some(LOBBY));
    people.make_current(slot, RoomId(9));
    assert!(people.is_subscribed(slot, DEV) && !people.is_subscribed(slot, RoomId(9)));
    assert_eq!(people.client(slot).unwrap().0.current(), Some(LOBBY));
}

#[test]
fn a_conversation_reaches_all_connections_but_those_that_wait_for_a_page_of_it() {
    let mut people = People::default();
    let (alice, _) = add(&mut people, 1, "Alice");
    let (_, second) = (open(&mut people, 1, alice), open(&mut people, 2, alice));
    let listener = |id| Listener { client: ClientId(id), mode: OutputMode::Json };
    assert_eq!(people.listeners_of(author(1), DEV), [listener(1), listener(2)]);
    let subscription =
        Subscription { room: DEV, delivery: Delivery::Waiting(3), replay_only: true };
    let client = people.clients.get_mut(second.index()).unwrap();
    client.subscriptions.push(subscription);
    assert!(client.waits(DEV, 3) && !client.waits(DEV, 4) && !client.waits(LOBBY, 3));
    assert_eq!(people.listeners_of(author(1), DEV), [listener(1)]);
    assert_eq!(people.listeners_of(author(1), LOBBY), [listener(1), listener(2)]);
}

#[test]
fn every_stamp_is_later_than_those_before_whatever_the_clock_says() {
    let mut people = People::default();
    let mut stamps = Vec::new();
    for unix_ms in [1000, 1000, 400, 2000] {
        people.advance(Now { at: at(0), unix_ms });
        stamps.push(people.stamp);
        let key = people.add(AuthorKey([stamps.len() as u8; 16]));
        assert_eq!(people.get(key).unwrap().since, people.latest_stamp());
    }
    assert_eq!(stamps, [1000, 1001, 1002, 2000]);
}
