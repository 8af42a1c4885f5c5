//! What is stored of a room, and restored.

use super::*;
use crate::chat::record::Namespace;

#[test]
fn the_owner_of_a_new_room_is_stored_with_its_first_entry() {
    let mut rooms = Rooms::default();
    let room = open(&mut rooms, "dev");
    let room = rooms.get_mut(room).unwrap();
    assert_eq!(room.rules().role(author(1), false), Role::Owner);
    let key_values = room.unsaved_key_values();
    assert_eq!(key_values.len(), 1);
    assert_eq!((key_values[0].namespace, &*key_values[0].key), (Namespace::Rooms, "dev"));
    let mut restored = Rules::none();
    restored.restore(Namespace::Rooms, "", key_values[0].value.as_ref().unwrap());
    assert_eq!(restored.role(author(1), false), Role::Owner);
    room.key_values_saved();
    assert_eq!(room.unsaved_key_values(), []);
}

#[test]
fn read_markers_are_restored_and_due_only_when_unsaved() {
    let mut rooms = Rooms::default();
    for (key, value) in [
        (format!("{}/dev", author(1).to_hex()), "7"),
        (format!("{}/a/b", author(1).to_hex()), "8"),
        ("nonsense/dev".into(), "9"),
        (format!("{}/lobby", author(1).to_hex()), "many"),
    ] {
        rooms.read_markers.restore(&key, value);
    }
    let markers = &rooms.read_markers.by_author[&author(1)];
    assert_eq!((markers.get("dev"), markers.get("a/b"), markers.len()), (Some(&7), Some(&8), 2));
    assert_eq!((rooms.read_markers.by_author.len(), rooms.deadline()), (1, Moment::NEVER));
    rooms.read_markers.due = Moment::from_millis(5);
    rooms.read_markers.unsaved.insert((author(1), "dev".into()));
    assert_eq!(rooms.deadline(), Moment::from_millis(5));
}

#[test]
fn rules_written_ahead_are_written_again_when_a_moderation_fails() {
    let mut rooms = Rooms::default();
    let id = open(&mut rooms, "dev");
    let room = rooms.get_mut(id).unwrap();
    let bob = guest(2, "Bob", 1, 500);
    let promote = |rules: &mut Rules| {
        rules.apply(&moderation(ModerationAction::Promote, None), Some(&bob), &[], at(0), STAMP)
    };
    let lock = |rules: &mut Rules| {
        rules.apply(&moderation(ModerationAction::Lock, None), None, &[], at(0), STAMP)
    };
    room.begin(lock);
    let written = room.begin(promote);
    assert!(room.projected_rules().locked && !room.rules().locked);
    assert_eq!(room.end(false), [], "one is still pending");
    room.carry_out(&written, promote);
    let rewritten = room.end(true);
    let dirty = BTreeSet::from([DirtyKey::Room, DirtyKey::MemberState(author(2))]);
    assert_eq!(rewritten, room.rules().key_values("dev", &dirty));
    assert!(!room.rules().locked && !room.projected_rules().locked);
    assert_eq!(room.rules().role(author(2), false), Role::Moderator);
}

#[test]
fn rules_written_ahead_are_not_written_again_when_all_succeeds() {
    let mut rooms = Rooms::default();
    let id = open(&mut rooms, "dev");
    let room = rooms.get_mut(id).unwrap();
    let lock = |rules: &mut Rules| {
        rules.apply(&moderation(ModerationAction::Lock, None), None, &[], at(0), STAMP)
    };
    let written = room.begin(lock);
    room.carry_out(&written, lock);
    assert_eq!((room.end(true), room.rules().locked), (vec![], true));
}
