//! Sessions: found by their keys, detached, ended.

use std::net::{IpAddr, Ipv4Addr};

use super::*;

/// Detaches the session of a new person without a name, which left at `left`.
fn detached(people: &mut People, n: u8, left: u64) -> PersonId {
    let key = people.add(author(n));
    people.get_mut(key).unwrap().left = at(left);
    people.detach(key, &limits());
    key
}

#[test]
fn a_session_key_is_128_bits_in_22_letters() {
    assert_eq!(&*session_key([0xFB; 16]), "-_v7-_v7-_v7-_v7-_v7-w");
    assert_ne!(author_of("a"), author_of("b"));
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
