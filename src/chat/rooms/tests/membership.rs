//! Who is in a room, and who belongs to it.

use super::*;

#[test]
fn a_person_who_leaves_is_replaced_by_the_last_one() {
    let mut rooms = Rooms::default();
    let room = open(&mut rooms, "lobby");
    for n in 0..3 {
        assert_eq!(rooms.enter(room, person(n)), n as u32);
    }
    assert_eq!(rooms.exit(room, 0), Some(person(2)));
    assert_eq!(rooms.get(room).unwrap().people, [person(2), person(1)]);
    assert_eq!(rooms.exit(room, 1), None);
    assert_eq!(rooms.exit(room, 7), None);
    assert_eq!((rooms.get(room).unwrap().people.len(), rooms.live()), (1, 1));
}

#[test]
fn a_private_room_is_read_by_members_only_and_not_by_admins() {
    let mut rooms = Rooms::default();
    let id = open(&mut rooms, "dev");
    let present = [(author(2), Arc::from("Bob"))];
    let rules = rooms.get_mut(id).unwrap().rules_mut();
    rules.apply(&moderation(ModerationAction::MakePrivate, None), None, &present, at(0), STAMP);
    let carol = guest(3, "Carol", 1, 500);
    let admin = Actor { admin: true, ..guest(4, "Admin", 1, 500) };
    assert_eq!(code(rules.check_entry(&carol, at(0))), Some(Code::Forbidden));
    assert_eq!(code(rules.check_entry(&admin, at(0))), Some(Code::Forbidden));
    apply(rules, ModerationAction::Invite, None, Some(&carol));
    assert_eq!(code(rules.check_entry(&carol, at(0))), None);
    apply(rules, ModerationAction::Kick, None, Some(&carol));
    assert_eq!(code(rules.check_entry(&carol, at(0))), Some(Code::Forbidden));
    rooms.reindex(id);
    let room = rooms.get(id).unwrap();
    let readers = [1, 2, 3, 4].map(|n| room.may_read(Some(author(n))));
    assert_eq!((readers, room.may_read(None)), ([true, true, false, false], false));
    assert!(!room.is_public() && rooms.largest(9).is_empty());
    assert_eq!(rooms.rooms_of_member(author(2)), [id]);
}

#[test]
fn a_room_whose_owner_has_gone_belongs_to_a_moderator_else_to_the_oldest_member() {
    let mut rules = Rules::none();
    (rules.owner, rules.private) = (Some(author(1)), true);
    for (n, stamp) in [(2, 30), (3, 20), (4, 10)] {
        let invite = moderation(ModerationAction::Invite, None);
        rules.apply(&invite, Some(&guest(n, "Guest", n, 0)), &[], at(0), stamp);
    }
    apply(&mut rules, ModerationAction::Promote, None, Some(&guest(3, "Guest", 3, 0)));
    rules.forget(author(1), at(0));
    assert_eq!(rules.owner, Some(author(3)));
    let dirty = rules.forget(author(3), at(0));
    assert_eq!(rules.owner, Some(author(4)));
    assert_eq!(dirty, BTreeSet::from([DirtyKey::Room, DirtyKey::MemberState(author(3))]));
}

#[test]
fn a_guest_who_logs_in_keeps_its_roles_and_its_restraints() {
    let mut rules = Rules::none();
    rules.owner = Some(author(2));
    let bob = guest(2, "Bob", 1, 500);
    apply(&mut rules, ModerationAction::Mute, None, Some(&bob));
    rules.hand_on(author(2), author(9), &"Bob".into(), at(0));
    let account = Actor { author: author(9), account: true, ..guest(9, "Robert", 5, 0) };
    assert_eq!(rules.role(author(9), false), Role::Owner);
    assert_eq!(rules.role(author(2), false), Role::Stranger);
    rules.owner = None;
    assert_eq!(code(rules.check_speech(&account, at(0))), Some(Code::Muted));
}
