//! Rooms alone, without people and without a journal.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use super::direct::{Side, key_of};
use super::presence::{PresenceChange, PresenceEvent};
use super::rules::{Actor, Role};
use super::typing::{TypingKey, Typist};
use super::*;
use crate::chat::effect::Effect;
use crate::chat::output_mode::OutputMode;
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::protocol::status::Status;
use crate::chat::record::{Moderation, ModerationAction, Namespace};
use crate::chat::step::Step;
use crate::clock::Now;

const STAMP: u64 = 1000;

fn author(n: u8) -> AuthorKey {
    AuthorKey([n; 16])
}

fn person(n: usize) -> PersonId {
    PersonId::new(n)
}

/// Returns a time at which both clocks show `millis`.
fn at(millis: u64) -> Now {
    Now { at: Moment::from_millis(millis), unix_ms: millis }
}

/// Opens a room, owned by author 1.
fn open(rooms: &mut Rooms, name: &str) -> RoomId {
    open_within(rooms, name, &Limits::default()).unwrap()
}

fn open_within(rooms: &mut Rooms, name: &str, limits: &Limits) -> Option<RoomId> {
    rooms.open(&RoomName::parse(name, limits).unwrap(), Some(author(1)), None, limits).ok()
}

/// Opens a room to which these clients listen.
fn with_audience(rooms: &mut Rooms, clients: &[u64]) -> RoomId {
    let room = open(rooms, "lobby");
    let listeners =
        clients.iter().map(|id| Listener { client: ClientId(*id), mode: OutputMode::Json });
    rooms.get_mut(room).unwrap().audience = listeners.collect();
    for n in 0..clients.len() {
        rooms.enter(room, person(n));
    }
    room
}

fn joined(user: &str, client: u64) -> PresenceChange {
    let except = Some(ClientId(client));
    PresenceChange { what: PresenceEvent::Came, user: user.into(), account: false, except }
}

fn tell(rooms: &mut Rooms, room: RoomId, millis: u64) -> Vec<Effect> {
    let mut effects = Vec::new();
    let step = &mut Step { now: at(millis), effects: &mut effects };
    rooms.tell_presence(step, room, &limits());
    effects
}

fn limits() -> Limits {
    let presence_every = Duration::from_millis(100);
    Limits { presence_every, presence_users_max: 3, catch_up_max: 2, ..Limits::default() }
}

fn user_joined(room: RoomId, user: &str, count: usize, client: u64) -> Effect {
    let event =
        ServerEvent::UserJoined { room: "lobby".into(), user: user.into(), account: false, count };
    Effect::Broadcast { room, event, except: Some(ClientId(client)), seq: None }
}

/// Returns a guest with a session of `since`.
fn guest(n: u8, name: &str, network: u8, since: u64) -> Actor {
    let network = Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, network)));
    Actor { author: author(n), name: name.into(), account: false, admin: false, network, since }
}

fn moderation(action: ModerationAction, seconds: Option<u64>) -> Moderation {
    Moderation { action, user: None, seconds, reason: None }
}

/// Applies a moderation at once.
fn apply(
    rules: &mut Rules,
    action: ModerationAction,
    seconds: Option<u64>,
    target: Option<&Actor>,
) {
    rules.apply(&moderation(action, seconds), target, &[], at(0), STAMP);
}

fn code(checked: Result<(), Refusal>) -> Option<Code> {
    checked.err().map(|refusal| refusal.code)
}

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
fn an_entry_is_kept_only_while_a_client_waits_and_only_so_many_are() {
    let mut rooms = Rooms::default();
    let id = open(&mut rooms, "lobby");
    let room = rooms.get_mut(id).unwrap();
    let entry = |seq| {
        let event = ServerEvent::gap(&"lobby".into(), seq, seq, "slow");
        Recent { seq, event, except: Some(ClientId(seq)) }
    };
    room.remember(entry(1), &limits());
    assert!(room.recent.is_empty());
    room.waiting = 2;
    (2..=4).for_each(|seq| room.remember(entry(seq), &limits()));
    assert_eq!(room.recent.iter().map(|recent| recent.seq).collect::<Vec<_>>(), [3, 4]);
    assert!(room.is_own(4, ClientId(4)) && !room.is_own(4, ClientId(3)));
    assert!(!room.is_own(2, ClientId(2)));
    room.waited();
    assert_eq!(room.recent.len(), 2);
    room.waited();
    assert!(room.recent.is_empty());
}

#[test]
fn joins_are_sent_by_name_to_all_others_and_then_in_batches() {
    let mut rooms = Rooms::default();
    let room = with_audience(&mut rooms, &[1, 2]);
    rooms.note(room, joined("Alice", 1), &limits());
    assert_eq!(tell(&mut rooms, room, 10), [user_joined(room, "Alice", 2, 1)]);
    assert_eq!(tell(&mut rooms, room, 10), []);
    rooms.note(room, joined("Bob", 2), &limits());
    rooms.note(room, joined("Carol", 3), &limits());
    assert_eq!(tell(&mut rooms, room, 20), []);
    assert_eq!(rooms.deadline(), Moment::from_millis(110));
    let mut effects = Vec::new();
    rooms.presence_due(&mut Step { now: at(109), effects: &mut effects }, &limits());
    assert_eq!(effects, []);
    rooms.presence_due(&mut Step { now: at(110), effects: &mut effects }, &limits());
    assert_eq!(effects, [user_joined(room, "Bob", 2, 2), user_joined(room, "Carol", 2, 3)]);
    assert_eq!(rooms.deadline(), Moment::NEVER);
}

#[test]
fn in_a_large_room_only_the_number_of_people_is_sent() {
    let mut rooms = Rooms::default();
    let room = with_audience(&mut rooms, &[1, 2, 3, 4]);
    rooms.note(room, joined("Alice", 1), &limits());
    let status = PresenceEvent::Is(Status { away: true, text: "".into() });
    rooms.note(
        room,
        PresenceChange { what: status, user: "Bob".into(), account: true, except: None },
        &limits(),
    );
    let event = ServerEvent::Presence { room: "lobby".into(), count: 4 };
    let expected = Effect::Broadcast { room, event, except: None, seq: None };
    assert_eq!(tell(&mut rooms, room, 0), [expected]);
}

#[test]
fn too_many_changes_at_once_become_a_number() {
    let mut rooms = Rooms::default();
    let room = with_audience(&mut rooms, &[1, 2]);
    for n in 0..7 {
        rooms.note(room, joined(&format!("User {n}"), 9), &limits());
    }
    let told = tell(&mut rooms, room, 0);
    assert!(matches!(
        told[..],
        [Effect::Broadcast { event: ServerEvent::Presence { count: 2, .. }, .. }]
    ));
}

#[test]
fn nobody_is_sent_what_it_did_itself_and_the_last_status_alone_is_sent() {
    let mut rooms = Rooms::default();
    let room = with_audience(&mut rooms, &[1]);
    rooms.note(room, joined("Alice", 1), &limits());
    assert_eq!(tell(&mut rooms, room, 0), []);
    for text in ["lunch", "meeting"] {
        let what = PresenceEvent::Is(Status { away: true, text: text.into() });
        let change = PresenceChange { what, user: "Bob".into(), account: true, except: None };
        rooms.note(room, change, &limits());
    }
    let status = Status { away: true, text: "meeting".into() };
    let (name, user, count) = ("lobby".into(), "Bob".into(), 1);
    let event = ServerEvent::Status { room: name, user, account: true, status, count };
    // The change before did not use up the batch.
    let expected = Effect::Broadcast { room, event, except: None, seq: None };
    assert_eq!(tell(&mut rooms, room, 1), [expected]);
}

#[test]
fn a_large_audience_leaves_the_other_rooms_to_the_next_turn() {
    let mut rooms = Rooms::default();
    let ids: Vec<RoomId> = ["a", "b"].map(|name| open(&mut rooms, name)).into();
    for &room in &ids {
        let listener = |id| Listener { client: ClientId(id), mode: OutputMode::Json };
        rooms.get_mut(room).unwrap().audience = (0..300).map(listener).collect();
        rooms.note(room, joined("Alice", 1), &limits());
        assert_eq!(tell(&mut rooms, room, 0).len(), 1);
        rooms.note(room, joined("Bob", 2), &limits());
        assert_eq!(tell(&mut rooms, room, 1), []);
    }
    for room in ids {
        let mut effects = Vec::new();
        rooms.presence_due(&mut Step { now: at(100), effects: &mut effects }, &limits());
        let told: Vec<_> = effects
            .iter()
            .map(|effect| matches!(effect, Effect::Broadcast { room: told, .. } if *told == room))
            .collect();
        assert_eq!(told, [true]);
    }
    assert_eq!(rooms.deadline(), Moment::NEVER);
}

#[test]
fn typing_that_was_shown_ends_under_the_name_that_was_shown() {
    let mut rooms = Rooms::default();
    let room = open(&mut rooms, "lobby");
    let key = TypingKey { person: person(1), room };
    let typist = |shown: Option<&str>| Typist {
        client: ClientId(7),
        shown: shown.map(Into::into),
        until: Moment::from_millis(60),
        rests_until: Moment::from_millis(30),
    };
    rooms.typing.put(key, typist(Some("Alice")));
    assert_eq!(rooms.deadline(), Moment::from_millis(60));
    rooms.leaves_typing(person(1), ClientId(8), room);
    assert!(rooms.typing.stopped.is_empty(), "another connection of the person left");
    rooms.leaves_typing(person(1), ClientId(7), room);
    let stopped = rooms.typing.stopped.pop().unwrap();
    assert_eq!((stopped.client, stopped.room, &*stopped.user), (ClientId(7), room, "Alice"));
    // The rest remains, so that leaving and joining again shows nothing sooner.
    assert_eq!(rooms.deadline(), Moment::from_millis(30));
    rooms.stop_typing(Moment::from_millis(30), key);
    assert_eq!(rooms.deadline(), Moment::NEVER);
    rooms.typing.put(key, typist(None));
    rooms.stop_typing(Moment::from_millis(40), key);
    assert!(rooms.typing.stopped.is_empty() && rooms.typing.typists.is_empty());
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
fn a_banned_guest_is_kept_out_by_session_name_and_network_until_the_ban_ends() {
    let mut rules = Rules::none();
    let mallory = guest(2, "Mallory", 1, 500);
    apply(&mut rules, ModerationAction::Ban, Some(60), Some(&mallory));
    let enters = |rules: &Rules, who: &Actor, now| code(rules.check_entry(who, at(now)));
    for who in [
        mallory.clone(),
        guest(3, "M\u{430}llory", 9, 500),
        guest(4, "Mallory-2", 9, STAMP + 1),
        guest(5, "Eve", 1, STAMP + 1),
    ] {
        assert_eq!(enters(&rules, &who, 59_999), Some(Code::Banned), "{who:?}");
        assert_eq!(enters(&rules, &who, 60_000), None, "{who:?}");
    }
    // Who was here before the ban is not bound by the network, nor an account by the name.
    assert_eq!(enters(&rules, &guest(6, "Bob", 1, STAMP - 1), 0), None);
    let account = Actor { account: true, ..guest(7, "Mallory", 1, STAMP - 1) };
    assert_eq!(enters(&rules, &account, 0), None);
    apply(&mut rules, ModerationAction::Unban, None, Some(&mallory));
    assert_eq!((enters(&rules, &mallory, 0), rules.bans(at(0))), (None, 0));
}

#[test]
fn a_guest_that_a_ban_caught_by_network_can_be_freed_alone() {
    let mut rules = Rules::none();
    let mallory = guest(2, "Mallory", 1, 500);
    apply(&mut rules, ModerationAction::Ban, None, Some(&mallory));
    let bob = guest(3, "Bob", 1, STAMP + 1);
    assert!(rules.bans_actor(&bob, at(0)) && !rules.bans_author(bob.author));
    apply(&mut rules, ModerationAction::Unban, None, Some(&bob));
    assert!(!rules.bans_actor(&bob, at(0)) && rules.bans_actor(&mallory, at(0)));
    assert!(rules.bans_actor(&guest(4, "Eve", 1, STAMP + 1), at(0)));
}

#[test]
fn a_mute_stops_posts_and_a_lock_stops_all_but_moderators() {
    let mut rules = Rules::none();
    let (bob, mod_) = (guest(2, "Bob", 1, 500), guest(3, "Mo", 2, 500));
    apply(&mut rules, ModerationAction::Promote, None, Some(&mod_));
    apply(&mut rules, ModerationAction::Mute, Some(5), Some(&bob));
    assert_eq!(code(rules.check_speech(&bob, at(4999))), Some(Code::Muted));
    assert_eq!(code(rules.check_speech(&bob, at(5000))), None);
    assert_eq!(code(rules.check_entry(&bob, at(0))), None);
    apply(&mut rules, ModerationAction::Lock, None, None);
    assert_eq!(code(rules.check_speech(&bob, at(5000))), Some(Code::RoomLocked));
    assert_eq!(code(rules.check_speech(&mod_, at(5000))), None);
    apply(&mut rules, ModerationAction::Unlock, None, None);
    assert_eq!(code(rules.check_speech(&bob, at(5000))), None);
}

#[test]
fn slow_mode_makes_each_author_wait_but_no_moderator() {
    let mut rules = Rules::none();
    apply(&mut rules, ModerationAction::Slow, Some(10), None);
    rules.speaks(author(2), at(1000));
    let pace = |author, admin, now| code(rules.check_pace(author, admin, at(now)));
    assert_eq!(pace(author(2), false, 10_999), Some(Code::SlowMode));
    assert_eq!(pace(author(2), false, 11_000), None);
    assert_eq!((pace(author(3), false, 1000), pace(author(2), true, 1000)), (None, None));
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

#[test]
fn the_latest_posters_over_http_are_found_by_name_and_by_author() {
    let mut posters = Posters::default();
    for n in 1..=17 {
        posters.note(guest(n, if n % 2 == 0 { "Even" } else { "Odd" }, n, 0));
    }
    assert_eq!(posters.get(author(1)), None, "only sixteen are remembered");
    assert_eq!(posters.named("odd").unwrap().author, author(17));
    posters.forget(author(17));
    assert_eq!(posters.named("0dd").unwrap().author, author(15));
    assert!(posters.named("Neither").is_none());
}
