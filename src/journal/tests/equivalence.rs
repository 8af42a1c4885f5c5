//! All engines give the same answers to the same orders.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::changes::{answer, deleted, edited, expiring, message, moderated, reaction, topic};
use super::world::{World, request_id_of};
use crate::chat::record::{
    AuthorKey, Change, Draft, JournalRequest, JournalResponse, Query, RemoveRoom, RequestId,
    RoomKey, Span,
};
use crate::journal::Limits;

/// One step of a random life.
#[derive(Clone, Debug)]
enum Step {
    Append { room: u8, author: u8, moderator: bool, id: Option<u8>, what: What },
    Read { room: u8, span: Span, limit: usize, bytes_max: usize },
    Remove(u8),
    Pass(u64),
    Restart,
}

#[derive(Clone, Debug)]
enum What {
    Say(u8),
    SayFor(u64),
    Answer(u64, Option<u64>),
    Edit(u64, u8),
    Delete(u64),
    React(u64, bool, bool),
    Topic(u8),
    Moderate(u8),
}

fn what() -> impl Strategy<Value = What> {
    let mid = || 0..14_u64;
    prop_oneof![
        8 => (0..20_u8).prop_map(What::Say),
        2 => (1..4000_u64).prop_map(What::SayFor),
        4 => (mid(), proptest::option::weighted(0.2, 1..4000_u64))
            .prop_map(|(mid, life)| What::Answer(mid, life)),
        3 => (mid(), 0..20_u8).prop_map(|(mid, text)| What::Edit(mid, text)),
        2 => mid().prop_map(What::Delete),
        3 => (mid(), any::<bool>(), any::<bool>()).prop_map(|(mid, a, on)| What::React(mid, a, on)),
        1 => (0..3_u8).prop_map(What::Topic),
        1 => (0..3_u8).prop_map(What::Moderate),
    ]
}

fn append() -> impl Strategy<Value = Step> {
    let id = proptest::option::weighted(0.3, 0..5_u8);
    (0..2_u8, 0..2_u8, proptest::bool::weighted(0.2), id, what()).prop_map(
        |(room, author, moderator, id, what)| Step::Append { room, author, moderator, id, what },
    )
}

fn read() -> impl Strategy<Value = Step> {
    let seq = || 0..20_u64;
    let span = prop_oneof![
        3 => Just(Span::Latest),
        1 => seq().prop_map(Span::Before),
        1 => seq().prop_map(Span::After),
        1 => seq().prop_map(Span::Around),
        3 => seq().prop_map(Span::Entries),
        2 => (seq(), seq()).prop_map(|(to, after)| Span::Replies { to, after }),
    ];
    (0..3_u8, span, 0..8_usize, 0..200_usize)
        .prop_map(|(room, span, limit, bytes_max)| Step::Read { room, span, limit, bytes_max })
}

fn limits() -> impl Strategy<Value = Limits> {
    let keep_for = prop_oneof![2 => Just(None), 1 => Just(Some(Duration::from_secs(3)))];
    let keep_messages = proptest::option::of(1..5_u64);
    let small = || 1..6_usize;
    (small(), small(), small(), 0..3000_usize, keep_messages, keep_for).prop_map(
        |(
            batch_entries_max,
            young_ids_max,
            recent_entries_max,
            recent_bytes_max,
            keep_messages,
            keep_for,
        )| Limits {
            batch_entries_max,
            young_ids_max,
            recent_entries_max,
            recent_bytes_max,
            keep_messages,
            keep_for,
            ..Limits::default()
        },
    )
}

/// Makes the order of a step.
fn order(world: &World, request_id: u64, step: &Step) -> Option<JournalRequest> {
    let request_id = RequestId(request_id);
    let room = |room: u8| RoomKey::from(["lobby", "dev", "nowhere"][usize::from(room)]);
    match step.clone() {
        Step::Append { room: number, author, moderator, id, what } => {
            let room = room(number);
            Some(JournalRequest::Append(Draft {
                request_id,
                room_name: Arc::clone(&room),
                room,
                author: AuthorKey([author; 16]),
                sender: Arc::from(["Alice", "Bob"][usize::from(author)]),
                account: false,
                moderator,
                id: id.map(|id| Arc::from(format!("c{id}"))),
                ts: world.now.unix_ms,
                change: change(world, &what),
                key_values: Vec::new(),
            }))
        }
        Step::Read { room: number, span, limit, bytes_max } => Some(JournalRequest::Read(Query {
            request_id,
            room: room(number),
            span,
            limit,
            bytes_max,
        })),
        Step::Remove(number) => {
            Some(JournalRequest::RemoveRoom(RemoveRoom { request_id, room: room(number) }))
        }
        Step::Pass(_) | Step::Restart => None,
    }
}

fn change(world: &World, what: &What) -> Change {
    let text = |text: u8| "x".repeat(usize::from(text) * 3);
    match *what {
        What::Say(content) => message(&text(content)),
        What::SayFor(millis) => expiring("for a while", world.now.unix_ms + millis),
        What::Answer(mid, life) => answer(mid, life.map(|life| world.now.unix_ms + life)),
        What::Edit(mid, content) => edited(mid, &text(content)),
        What::Delete(mid) => deleted(mid),
        What::React(mid, plus, on) => reaction(mid, if plus { "+" } else { "-" }, on),
        What::Topic(name) => topic(&text(name)),
        What::Moderate(name) => moderated(&text(name)),
    }
}

/// Returns what was told, in order per room.
fn told(world: &mut World) -> (Vec<JournalResponse>, HashMap<RoomKey, Vec<JournalResponse>>) {
    world.settle();
    let (mut asked, mut added) = (Vec::new(), HashMap::<_, Vec<_>>::new());
    for answer in world.aside.drain(..) {
        match &answer {
            JournalResponse::Added { room, .. } => {
                added.entry(Arc::clone(room)).or_default().push(answer);
            }
            _ => asked.push(answer),
        }
    }
    (asked, added)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() })]

    #[test]
    fn step_by_step_both_engines_tell_the_same(
        limits in limits(),
        steps in proptest::collection::vec(
            prop_oneof![
                20 => append(),
                10 => read(),
                1 => (0..2_u8).prop_map(Step::Remove),
                3 => (0..2500_u64).prop_map(Step::Pass),
                1 => Just(Step::Restart),
            ],
            1..60,
        ),
    ) {
        let mut memory = World::memory().with(limits.clone());
        let mut sqlite = World::sqlite().with(limits);
        for (request_id, step) in (1..).zip(&steps) {
            let millis = match step {
                Step::Pass(millis) => *millis,
                // A start looks for what is no longer kept: so shall the other.
                Step::Restart => 1000,
                _ => 0,
            };
            memory.pass(millis);
            sqlite.pass(millis);
            if matches!(step, Step::Restart) {
                sqlite = sqlite.again();
            }
            if let Some(order) = order(&memory, request_id, step) {
                memory.submit(order.clone());
                sqlite.submit(order);
            }
            prop_assert_eq!(told(&mut memory), told(&mut sqlite), "at step {}", request_id);
        }
    }

    #[test]
    fn under_load_every_page_shows_exactly_what_was_told_before_it(
        limits in limits(),
        steps in proptest::collection::vec(
            prop_oneof![
                16 => append(),
                16 => read(),
                8 => (0..3_u64).prop_map(Step::Pass),
                1 => Just(Step::Restart),
            ],
            1..120,
        ),
    ) {
        // Pruning goes by itself: when it happens is not told.
        let limits = Limits { keep_for: None, keep_messages: None, ..limits };
        let mut memory = World::memory().with(limits.clone());
        let mut sqlite = World::sqlite().with(limits);
        let mut orders = HashMap::new();
        let mut given = Vec::new();
        for (request_id, step) in (1..).zip(&steps) {
            match (order(&sqlite, request_id, step), step) {
                (Some(order), _) => {
                    orders.insert(RequestId(request_id), order.clone());
                    sqlite.submit(order);
                }
                (None, Step::Pass(times)) => {
                    // Some answers come in between.
                    for _ in 0..*times {
                        given.append(&mut sqlite.responses());
                        if sqlite.journal().busy() {
                            sqlite.wait();
                        }
                    }
                }
                (None, _) => {
                    sqlite.settle();
                    given.append(&mut sqlite.aside);
                    sqlite = sqlite.again();
                }
            }
        }
        sqlite.settle();
        given.append(&mut sqlite.aside);
        prop_assert_eq!(given.len(), orders.len());
        for answer in given {
            let order = orders.remove(&request_id_of(&answer).unwrap()).unwrap();
            memory.submit(order);
            prop_assert_eq!(memory.responses(), [answer]);
        }
    }
}
