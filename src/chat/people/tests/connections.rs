//! Connections: opened, found, closed, and what is sent to them.

use super::*;
use crate::chat::effect::{Effect, Listener};
use crate::chat::people::client::{Delivery, Subscription};

/// Returns the effects of `change`.
fn effects(people: &mut People, change: impl FnOnce(&mut People, &mut Step<'_>)) -> Vec<Effect> {
    let mut effects = Vec::new();
    change(people, &mut Step { now: Now::default(), effects: &mut effects });
    effects
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
