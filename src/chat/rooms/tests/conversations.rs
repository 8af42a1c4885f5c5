//! Private conversations.

use super::*;
use crate::chat::rooms::direct::{Side, key_of};

#[test]
fn each_side_of_a_conversation_has_its_own_name_for_it_and_nobody_else_reads_it() {
    let mut rooms = Rooms::default();
    let side = |n: u8, label: &str, name: &str| {
        (author(n), Side { who: author(n).to_hex().into(), label: label.into(), name: name.into() })
    };
    let direct = DirectRoom::new(side(2, "@Alice", "Bob"), side(1, "@Bob", "Alice"));
    let key = key_of(author(1), author(2));
    assert_eq!(key, key_of(author(2), author(1)));
    let id = rooms.insert_direct(Arc::clone(&key), direct);
    rooms.directs.touch([author(1), author(2)], id);
    let room = rooms.get(id).unwrap();
    assert_eq!((&**room.name_for(author(1)), &**room.name_for(author(2))), ("@Bob", "@Alice"));
    let readers = [1, 2, 3].map(|n| room.may_read(Some(author(n))));
    assert_eq!(
        (readers, room.may_read(None), room.is_public()),
        ([true, true, false], false, false)
    );
    assert_eq!(rooms.directs.labelled(author(2), "@ALICE"), Some(id));
    assert_eq!(rooms.directs.labelled(author(2), "@Bob"), None);
    let stored = room.unsaved_key_values();
    let value = stored[0].value.as_deref().unwrap();
    assert_eq!(DirectRoom::restore(value).as_ref(), room.direct_room.as_deref());
    rooms.speaks_as(id, author(2), &"Robert".into());
    let direct = rooms.get(id).unwrap().direct_room.as_ref().unwrap();
    assert_eq!(&*direct.seen_by(author(1)).unwrap().1.name, "Robert");
}

#[test]
fn conversations_are_listed_by_their_last_use_and_removed_when_idle() {
    let mut rooms = Rooms::default();
    let ids = [2, 3].map(|n| {
        let side = |n: u8, label: String| {
            let (who, name) = (author(n).to_hex().into(), "".into());
            (author(n), Side { who, label: label.into(), name })
        };
        let direct = DirectRoom::new(side(1, format!("@{n}")), side(n, "@1".into()));
        let id = rooms.insert_direct(key_of(author(1), author(n)), direct);
        rooms.directs.touch([author(1), author(n)], id);
        id
    });
    assert_eq!(rooms.directs.of(author(1)), ids);
    rooms.directs.touch([author(1), author(2)], ids[0]);
    assert_eq!(rooms.directs.of(author(1)), [ids[1], ids[0]]);
    rooms.get_mut(ids[1]).unwrap().direct_room.as_mut().unwrap().subscriptions = 2;
    assert!(rooms.leave_direct(ids[1]));
    assert_eq!(rooms.directs.of(author(3)), [ids[1]], "a client is still in it");
    assert!(rooms.leave_direct(ids[1]));
    assert!(rooms.get(ids[1]).is_none() && rooms.directs.of(author(3)).is_empty());
    assert_eq!(rooms.directs.labelled(author(1), "@3"), None);
    assert_eq!(rooms.directs.of(author(1)), [ids[0]]);
    let room = open(&mut rooms, "dev");
    assert!(!rooms.leave_direct(room));
}
