//! People alone, without rooms and without a journal.

use super::*;
use crate::chat::limits::Limits;

fn come(people: &mut People, n: u8, name: &str) -> (PersonId, String) {
    let key = people.add(AuthorKey([n; 16]));
    people.assign_name(key, &UserName::known(name), &Limits::default());
    (key, people.get(key).unwrap().name.to_string())
}

#[test]
fn a_name_in_use_gets_the_lowest_free_number() {
    let mut people = People::default();
    let (alice, _) = come(&mut people, 1, "Alice");
    let (second, name) = come(&mut people, 2, "aLICE");
    assert_eq!(name, "aLICE-2");
    assert_eq!(come(&mut people, 3, "Alice").1, "Alice-3");
    assert_eq!(come(&mut people, 4, "Alice-4").1, "Alice-4");
    assert_eq!(come(&mut people, 5, "Alice").1, "Alice-5");
    people.remove(second);
    assert_eq!(come(&mut people, 6, "Alice").1, "Alice-2");
    people.remove(alice);
    assert_eq!(come(&mut people, 7, "Alice").1, "Alice");
    assert_eq!(come(&mut people, 8, "Alice").1, "Alice-6");
}

#[test]
fn numbers_are_forgotten_with_the_last_who_had_one() {
    let mut people = People::default();
    let keys: Vec<PersonId> = (0..100).map(|n| come(&mut people, n, "Bob").0).collect();
    for key in keys {
        people.remove(key);
    }
    assert!(people.names.is_empty() && people.numbers.is_empty() && people.sessions.is_empty());
}

#[test]
fn a_ghost_gets_its_name_back_unless_it_is_taken() {
    let limits = Limits::default();
    let mut people = People::default();
    come(&mut people, 1, "Eve");
    let (detached_session, name) = come(&mut people, 2, "Eve");
    assert_eq!(name, "Eve-2");
    people.release(detached_session);
    assert!(!people.restore_name(detached_session, &limits));
    assert_eq!(&*people.get(detached_session).unwrap().name, "Eve-2");
    assert_eq!(come(&mut people, 3, "Eve").1, "Eve-3");
    people.release(detached_session);
    assert_eq!(come(&mut people, 4, "Eve-2").1, "Eve-2");
    assert!(people.restore_name(detached_session, &limits));
    assert_eq!(&*people.get(detached_session).unwrap().name, "Eve-4");
}

#[test]
fn thousands_of_one_name_are_no_search() {
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
