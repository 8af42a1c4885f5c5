//! Rooms alone, without people and without a journal.

use super::*;
use crate::chat::record::ModerationAction;

#[test]
fn private_rooms_cost_nothing_where_rooms_are_listed() {
    let mut rooms = Rooms::default();
    let owner = Some(AuthorKey([1; 16]));
    for n in 0..1000 {
        let name = RoomName::parse(&format!("room {n}"), &Limits::default()).unwrap();
        let room = rooms.open(&name, owner, &Limits::default()).unwrap();
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
    let moderation = crate::chat::record::Moderation {
        action: ModerationAction::MakePublic,
        user: None,
        seconds: None,
        reason: None,
    };
    rooms.get_mut(last).unwrap().rules_mut().apply(&moderation, None, &[], Default::default(), 1);
    rooms.reindex(last);
    assert_eq!(rooms.largest(10).len(), 2);
    rooms.vacate(last);
    assert_eq!(rooms.largest(10).len(), 1);
}
