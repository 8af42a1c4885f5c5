//! Rooms opened, found, listed and removed.

use super::*;

#[test]
fn private_rooms_are_not_visited_when_rooms_are_listed() {
    let mut rooms = Rooms::default();
    let owner = Some(AuthorKey([1; 16]));
    for n in 0..1000 {
        let name = RoomName::parse(&format!("room {n}"), &Limits::default()).unwrap();
        let room = rooms.open(&name, owner, None, &Limits::default()).unwrap();
        if n > 0 {
            rooms.enter(room, PersonId::new(n));
            rooms.get_mut(room).unwrap().rules_mut().private = true;
            rooms.reindex(room);
        }
    }
    // Private rooms are not skipped in the list: they are not in it.
    assert_eq!((rooms.directory.largest().count(), rooms.largest(10).len()), (1, 1));
    assert_eq!((rooms.live(), rooms.len()), (999, 1000));
    let last = rooms.find("room 999").unwrap();
    rooms.exit(last, 0);
    assert_eq!(rooms.directory.largest().count(), 1);
    let rules = rooms.get_mut(last).unwrap().rules_mut();
    apply(rules, ModerationAction::MakePublic, None, None);
    rooms.reindex(last);
    assert_eq!(rooms.largest(10).len(), 2);
    rooms.vacate(last);
    assert_eq!(rooms.largest(10).len(), 1);
}

#[test]
fn rooms_are_listed_by_their_people_then_by_age() {
    let mut rooms = Rooms::default();
    let names = ["a", "b", "c"].map(|name| (open(&mut rooms, name), name));
    let listed = |rooms: &Rooms| -> Vec<String> {
        rooms.largest(9).iter().map(|line| format!("{}{}", line.room, line.users)).collect()
    };
    rooms.enter(names[2].0, person(1));
    assert_eq!(listed(&rooms), ["c1", "a0", "b0"]);
    rooms.enter(names[1].0, person(2));
    rooms.enter(names[1].0, person(3));
    assert_eq!(listed(&rooms), ["b2", "c1", "a0"]);
    rooms.exit(names[1].0, 0);
    rooms.exit(names[1].0, 0);
    assert_eq!((listed(&rooms).join(" "), rooms.live()), ("c1 a0 b0".into(), 1));
    assert_eq!(rooms.largest(1).len(), 1);
}

#[test]
fn a_room_is_found_by_its_folded_name_and_opened_once() {
    let mut rooms = Rooms::default();
    let room = open(&mut rooms, "Dev");
    assert_eq!(open(&mut rooms, "DEV"), room);
    assert_eq!((rooms.find("dev"), rooms.room_named(Some(" dEv "))), (Some(room), Some(room)));
    assert_eq!((rooms.find("Dev"), rooms.room_named(None), rooms.len()), (None, None, 1));
    assert_eq!(&*rooms.get(room).unwrap().name, "Dev");
}

#[test]
fn above_the_limits_no_room_is_opened_but_one_with_people_in_it() {
    let mut rooms = Rooms::default();
    let few = Limits { rooms_max: 1, ..Limits::default() };
    let full = open(&mut rooms, "full");
    let empty = open(&mut rooms, "empty");
    rooms.enter(full, person(1));
    assert_eq!(open_within(&mut rooms, "full", &few), Some(full));
    assert_eq!(open_within(&mut rooms, "empty", &few), None);
    assert_eq!(open_within(&mut rooms, "new", &few), None);
    let few = Limits { records_max: 2, ..Limits::default() };
    assert_eq!(open_within(&mut rooms, "empty", &few), Some(empty));
    assert_eq!(open_within(&mut rooms, "new", &few), None);
}

#[test]
fn a_room_is_removed_when_nothing_is_left_of_it() {
    let mut rooms = Rooms::default();
    let room = open(&mut rooms, "dev");
    for hold in [
        |room: &mut Room, on| room.top = u64::from(on),
        |room: &mut Room, on| room.waiting = u32::from(on),
        |room: &mut Room, on| room.orders = u32::from(on),
        |room: &mut Room, on| room.people = if on { vec![PersonId::new(1)] } else { vec![] },
    ] as [fn(&mut Room, bool); 4]
    {
        hold(rooms.get_mut(room).unwrap(), true);
        rooms.vacate(room);
        hold(rooms.get_mut(room).unwrap(), false);
    }
    assert_eq!(rooms.rooms_of_member(author(1)), [room]);
    rooms.vacate(room);
    assert!(rooms.get(room).is_none() && rooms.find("dev").is_none());
    assert!(rooms.rooms_of_member(author(1)).is_empty() && rooms.largest(9).is_empty());
    assert_eq!(rooms.len(), 0);
}
