//! Files of messages: found as long as their message is there, and their blobs named once nobody has
//! them, by every engine.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use proptest::prelude::*;

use super::changes::deleted;
use super::world::{ALICE, World};
use crate::chat::record::{
    BlobHash, Change, Draft, File, FileId, FileQuery, FoundFile, JournalRequest, JournalResponse,
    RemoveRoom, RequestId, RoomKey,
};
use crate::journal::Limits;

/// One step of a random life.
#[derive(Clone, Debug)]
enum Step {
    /// A message with the blobs of these bits, for so many milliseconds.
    Say {
        room: u8,
        blobs: u8,
        life: Option<u64>,
    },
    Delete {
        room: u8,
        mid: u64,
    },
    Remove(u8),
    /// An upload of this blob goes that no message has carried.
    Discard(u8),
    Pass(u64),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let life = proptest::option::weighted(0.2, 1..4000_u64);
    prop_oneof![
        10 => (0..2_u8, 0..8_u8, life).prop_map(|(room, blobs, life)| Step::Say { room, blobs, life }),
        4 => (0..2_u8, 0..14_u64).prop_map(|(room, mid)| Step::Delete { room, mid }),
        1 => (0..2_u8).prop_map(Step::Remove),
        2 => (0..3_u8).prop_map(Step::Discard),
        2 => (0..2500_u64).prop_map(Step::Pass),
        1 => Just(Step::Restart),
    ]
}

fn key(room: u8) -> RoomKey {
    RoomKey::from(["lobby", "dev"][usize::from(room)])
}

/// Returns the files of a message: each has an id of its own, and blobs are shared.
fn files(number: u64, blobs: u8) -> Vec<File> {
    let file = |blob: u8| {
        let mut id = [blob; 16];
        id[..8].copy_from_slice(&number.to_le_bytes());
        File { blob: BlobHash([blob; 32]), ..File::unknown(FileId(id)) }
    };
    (0..3).filter(|blob| blobs & (1 << blob) != 0).map(file).collect()
}

fn draft(world: &World, request_id: u64, room: u8, change: Change) -> Draft {
    let room = key(room);
    Draft {
        request_id: RequestId(request_id),
        room_name: Arc::clone(&room),
        room,
        author: ALICE,
        sender: Arc::from("Alice"),
        account: false,
        moderator: false,
        id: None,
        ts: world.now.unix_ms,
        change,
        key_values: Vec::new(),
    }
}

/// A journal, and the blobs on disk beside it.
struct Beside {
    world: World,
    blobs: BTreeSet<BlobHash>,
}

impl Beside {
    fn new(world: World, limits: Limits) -> Self {
        Self { world: world.with(limits), blobs: BTreeSet::new() }
    }

    /// Has a request carried out. Blobs that are on their way to a message are not removed meanwhile.
    fn carry_out(&mut self, request: Option<JournalRequest>) {
        let coming: Vec<BlobHash> = match &request {
            Some(JournalRequest::Append(Draft {
                change: Change::Message { files, .. }, ..
            })) => files.iter().map(|file| file.blob).collect(),
            _ => Vec::new(),
        };
        self.blobs.extend(&coming);
        if let Some(request) = request {
            self.world.submit(request);
        }
        self.world.settle();
        let mut is_coming = true;
        for response in self.world.aside.drain(..) {
            match response {
                JournalResponse::Appended { .. } => is_coming = false,
                JournalResponse::Unused(unused) => {
                    let gone = unused.iter().filter(|it| !is_coming || !coming.contains(it));
                    gone.for_each(|blob| assert!(self.blobs.remove(blob) || coming.is_empty()));
                }
                _ => {}
            }
        }
    }

    fn find(&mut self, file: FileId) -> Option<Box<FoundFile>> {
        let query = FileQuery { request_id: RequestId(u64::MAX), file };
        self.world.submit(JournalRequest::FindFile(query));
        match self.world.answer_to(query.request_id) {
            JournalResponse::File { found, .. } => found,
            other => panic!("{other:?}"),
        }
    }

    /// Waits until the blobs on disk are those that messages carry.
    fn becomes(&mut self, carried: &BTreeSet<BlobHash>) {
        for _ in 0..6000 {
            self.carry_out(None);
            if self.blobs == *carried {
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
        panic!("{:?} instead of {carried:?}", self.blobs);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_blob_is_kept_as_long_as_a_message_carries_it_and_no_longer(
        keep_messages in proptest::option::of(1..5_u64),
        steps in proptest::collection::vec(step(), 1..40),
    ) {
        let limits = Limits { keep_messages, batch_entries_max: 2, ..Limits::default() };
        let mut memory = Beside::new(World::memory(), limits.clone());
        let mut sqlite = Beside::new(World::sqlite(), limits);
        let mut ids: Vec<FileId> = Vec::new();
        for (request_id, step) in (1..).zip(&steps) {
            let change = match *step {
                Step::Say { room, blobs, life } => {
                    let files = files(request_id, blobs);
                    ids.extend(files.iter().map(|file| file.id));
                    let expires = life.map(|life| memory.world.now.unix_ms + life);
                    let content = Arc::from("look");
                    Some((room, Change::Message { content, reply_to: None, expires, files: files.into() }))
                }
                Step::Delete { room, mid } => Some((room, deleted(mid))),
                _ => None,
            };
            let request = match step {
                Step::Remove(room) => {
                    let request_id = RequestId(request_id);
                    Some(JournalRequest::RemoveRoom(RemoveRoom { request_id, room: key(*room) }))
                }
                Step::Discard(blob) => {
                    let blob = BlobHash([*blob; 32]);
                    for beside in [&mut memory, &mut sqlite] {
                        beside.blobs.insert(blob);
                    }
                    Some(JournalRequest::CheckBlobs(vec![blob]))
                }
                _ => change.map(|(room, change)| {
                    JournalRequest::Append(draft(&memory.world, request_id, room, change))
                }),
            };
            let millis = match step {
                Step::Pass(millis) => *millis,
                // A start looks for what is no longer kept: so shall the other.
                Step::Restart => 1000,
                _ => 0,
            };
            for beside in [&mut memory, &mut sqlite] {
                beside.world.pass(millis);
            }
            if matches!(step, Step::Restart) {
                sqlite.carry_out(None);
                sqlite.world = sqlite.world.again();
                // The store of files removes the others.
                let opened: BTreeSet<BlobHash> = sqlite.world.opening.blobs.iter().copied().collect();
                prop_assert!(opened.is_subset(&sqlite.blobs), "at step {}", request_id);
                sqlite.blobs = opened;
            }
            let mut carried = BTreeSet::new();
            for beside in [&mut memory, &mut sqlite] {
                beside.carry_out(request.clone());
            }
            for id in &ids {
                let found = memory.find(*id);
                prop_assert_eq!(&found, &sqlite.find(*id), "at step {}", request_id);
                carried.extend(found.map(|found| found.file.blob));
            }
            for beside in [&memory, &sqlite] {
                prop_assert!(carried.is_subset(&beside.blobs), "at step {}", request_id);
            }
            if usize::try_from(request_id).ok() == Some(steps.len()) {
                memory.becomes(&carried);
                sqlite.becomes(&carried);
            }
        }
    }
}
