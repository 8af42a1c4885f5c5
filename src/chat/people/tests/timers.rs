//! Leaves and logins, due at their times.

use super::*;
use crate::chat::people::timers::Leave;
use crate::chat::protocol::login::Login;

/// Closes a connection, as when its WebSocket is closed at `now`.
fn close(people: &mut People, slot: ClientSlot, now: Moment) {
    let person = people.client(slot).unwrap().0.person;
    people.close(slot);
    people.get_mut(person).unwrap().left = now;
    people.schedule_leave(person, now, &limits());
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
