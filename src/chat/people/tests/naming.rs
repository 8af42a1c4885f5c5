//! Names: assigned, taken, found.

use super::*;
use crate::chat::protocol::account::Account;

fn account(n: u8, name: &str) -> Account {
    let (hash, admin, since, registered) = (None, false, 0, None);
    let status = Default::default();
    Account { author: author(n), name: name.into(), hash, admin, since, registered, status }
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
