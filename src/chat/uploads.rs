//! Uploads: files that no message carries yet.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::chat::limits::Limits;
use crate::chat::record::{AuthorKey, BlobHash, File, FileId, Files, KeyValue, Namespace, RoomKey};
use crate::clock::{Moment, Now};
use crate::rate::{Buckets, Limited, Rate};

/// All uploads, and how much may be uploaded.
#[derive(Debug)]
pub(in crate::chat) struct Uploads {
    waiting: BTreeMap<FileId, Upload>,
    /// The same by age.
    by_age: BTreeSet<(u64, FileId)>,
    /// How many of them have each blob.
    blobs: HashMap<BlobHash, usize>,
    /// How many each author has.
    of_author: HashMap<AuthorKey, usize>,
    /// How many came from each network since the start.
    of_network: HashMap<IpAddr, usize>,
    /// When to look for old ones.
    due: Moment,
    authors: Buckets<AuthorKey>,
    networks: Buckets<IpAddr>,
}

/// A file that no message carries yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::chat) struct Upload {
    pub(in crate::chat) file: File,
    /// The author who may use it.
    pub(in crate::chat) author: AuthorKey,
    /// The network it came from, unless that was before the start.
    pub(in crate::chat) network: Option<IpAddr>,
    /// The room it may be used in.
    pub(in crate::chat) room: RoomKey,
    /// Unix milliseconds of its arrival.
    pub(in crate::chat) at: u64,
    /// Whether a message that carries it is being recorded.
    pub(in crate::chat) claimed: bool,
}

/// An upload as it is stored.
#[derive(Serialize, Deserialize)]
struct StoredUpload {
    author: String,
    room: RoomKey,
    at: u64,
    file: File,
}

impl Uploads {
    pub(in crate::chat) fn new(limits: &Limits) -> Self {
        Self {
            waiting: BTreeMap::new(),
            by_age: BTreeSet::new(),
            blobs: HashMap::new(),
            of_author: HashMap::new(),
            of_network: HashMap::new(),
            due: Moment::NEVER,
            authors: Buckets::new(daily(limits.upload_bytes_per_day_max), limits.networks_max),
            networks: Buckets::new(
                daily(limits.network_upload_bytes_per_day_max),
                limits.networks_max,
            ),
        }
    }

    /// Changes the limits.
    pub(in crate::chat) fn set_limits(&mut self, limits: &Limits) {
        self.authors.set_limits(daily(limits.upload_bytes_per_day_max), limits.networks_max);
        self.networks
            .set_limits(daily(limits.network_upload_bytes_per_day_max), limits.networks_max);
    }

    /// Charges an author and its network for an upload of so many bytes.
    pub(in crate::chat) fn charge(
        &mut self,
        now: Now,
        author: AuthorKey,
        network: IpAddr,
        bytes: u64,
    ) -> Result<(), Limited> {
        let units = units(bytes);
        self.authors.take_many(now.at, author, units)?;
        if is_counted(network)
            && let Err(limited) = self.networks.take_many(now.at, network, units)
        {
            self.authors.put_back(author, units);
            return Err(limited);
        }
        Ok(())
    }

    /// Returns what was charged for bytes that did not come.
    pub(in crate::chat) fn refund(&mut self, author: AuthorKey, network: IpAddr, bytes: u64) {
        let units = u32::try_from(bytes / UNIT).unwrap_or(u32::MAX);
        self.authors.put_back(author, units);
        if is_counted(network) {
            self.networks.put_back(network, units);
        }
    }

    /// Finds the file of an upload.
    pub(in crate::chat) fn get(&self, id: FileId) -> Option<&File> {
        self.waiting.get(&id).map(|upload| &upload.file)
    }

    /// Whether another upload may wait for its message.
    pub(in crate::chat) fn has_place(
        &self,
        limits: &Limits,
        author: AuthorKey,
        network: IpAddr,
    ) -> bool {
        let own = self.of_author.get(&author).copied().unwrap_or(0);
        let near = self.of_network.get(&network).copied().unwrap_or(0);
        self.waiting.len() < limits.waiting_uploads_max
            && own < limits.waiting_uploads_per_author_max
            && near < limits.waiting_uploads_per_network_max
    }

    /// Adds an upload, which is removed after `life` unless a message carries it.
    pub(in crate::chat) fn add(&mut self, now: Now, life: Duration, upload: Upload) {
        self.due = self.due.min(now.at.after(life));
        self.insert(upload);
    }

    fn insert(&mut self, upload: Upload) {
        let id = upload.file.id;
        self.by_age.insert((upload.at, id));
        count(&mut self.blobs, upload.file.blob);
        count(&mut self.of_author, upload.author);
        if let Some(network) = upload.network.filter(|network| is_counted(*network)) {
            count(&mut self.of_network, network);
        }
        self.waiting.insert(id, upload);
    }

    /// Removes an upload.
    pub(in crate::chat) fn remove(&mut self, id: FileId) -> Option<Upload> {
        let upload = self.waiting.remove(&id)?;
        self.by_age.remove(&(upload.at, id));
        uncount(&mut self.blobs, upload.file.blob);
        uncount(&mut self.of_author, upload.author);
        if let Some(network) = upload.network {
            uncount(&mut self.of_network, network);
        }
        Some(upload)
    }

    /// Finds the uploads that a message names, if they are its author's, for this room, and each is
    /// named once.
    pub(in crate::chat) fn resolve(
        &self,
        author: AuthorKey,
        room: &RoomKey,
        ids: &[FileId],
    ) -> Option<Files> {
        let mut seen = BTreeSet::new();
        let find = |id: &FileId| {
            let upload = self.waiting.get(id)?;
            let is_own = upload.author == author && upload.room == *room && !upload.claimed;
            (is_own && seen.insert(*id)).then(|| upload.file.clone())
        };
        ids.iter().map(find).collect()
    }

    /// Notes whether a message that carries these files is being recorded.
    pub(in crate::chat) fn claim(&mut self, files: &Files, claimed: bool) {
        for file in files.iter() {
            if let Some(upload) = self.waiting.get_mut(&file.id) {
                upload.claimed = claimed;
            }
        }
    }

    /// Whether an upload has this blob.
    pub(in crate::chat) fn has_blob(&self, blob: BlobHash) -> bool {
        self.blobs.contains_key(&blob)
    }

    /// Returns when [`Uploads::take_old`] is due.
    pub(in crate::chat) fn deadline(&self) -> Moment {
        self.due
    }

    /// Removes the uploads that have waited for too long.
    pub(in crate::chat) fn take_old(&mut self, now: Now, life: Duration) -> Vec<Upload> {
        let life_ms = u64::try_from(life.as_millis()).unwrap_or(u64::MAX);
        let mut old = Vec::new();
        self.due = Moment::NEVER;
        for (at, id) in self.by_age.iter() {
            let left = at.saturating_add(life_ms).saturating_sub(now.unix_ms);
            if left > 0 {
                self.due = self.due.min(now.at.after(Duration::from_millis(left)));
                break;
            }
            if self.waiting.get(id).is_some_and(|upload| upload.claimed) {
                self.due = now.at.after(CLAIM);
            } else {
                old.push(*id);
            }
        }
        old.into_iter().filter_map(|id| self.remove(id)).collect()
    }

    /// Restores a stored upload.
    pub(in crate::chat) fn restore(&mut self, value: &str) {
        // Written by us; one that is damaged is an orphan.
        let Ok(StoredUpload { author, room, at, file }) = serde_json::from_str(value) else {
            return;
        };
        let Some(author) = AuthorKey::from_hex(&author) else { return };
        self.due = Moment::default();
        self.insert(Upload { file, author, network: None, room, at, claimed: false });
    }

    /// Returns the bytes of memory that they take, roughly.
    pub(in crate::chat) fn memory(&self) -> usize {
        self.waiting.len().saturating_mul(size_of::<Upload>().saturating_add(512))
    }
}

impl Upload {
    /// Returns the key-value record.
    pub(in crate::chat) fn key_value(&self) -> KeyValue {
        let stored = StoredUpload {
            author: self.author.to_hex(),
            room: Arc::clone(&self.room),
            at: self.at,
            file: self.file.clone(),
        };
        // Strings and numbers always serialize.
        let value = serde_json::to_string(&stored).unwrap_or_default();
        KeyValue { value: Some(value.into()), ..forgotten(self.file.id) }
    }
}

/// Returns the blobs of the uploads among key-value records.
pub fn upload_blobs(key_values: &[KeyValue]) -> impl Iterator<Item = BlobHash> {
    let uploads = key_values.iter().filter(|it| it.namespace == Namespace::Uploads);
    let values = uploads.filter_map(|it| it.value.as_deref());
    values.filter_map(|value| Some(serde_json::from_str::<StoredUpload>(value).ok()?.file.blob))
}

/// Returns the key-value record that deletes an upload.
pub(in crate::chat) fn forgotten(id: FileId) -> KeyValue {
    KeyValue { namespace: Namespace::Uploads, key: id.to_hex().into(), value: None }
}

/// How long a message that carries an upload may take to be recorded before that is looked at again.
const CLAIM: Duration = Duration::from_secs(60);

/// The bytes of one token of a bucket.
const UNIT: u64 = 64 * 1024;

fn units(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).max(1)
}

/// Returns the rate at which so many bytes a day may come.
fn daily(bytes: u64) -> Option<Rate> {
    let units = units(bytes);
    let interval = Duration::from_secs(24 * 60 * 60).checked_div(units)?;
    Some(Rate::every(interval, units))
}

/// Whether the clients of a network are counted together: behind an untrusted proxy all share the
/// loopback address.
fn is_counted(network: IpAddr) -> bool {
    !network.is_loopback() && !network.is_unspecified()
}

fn count<K: Eq + std::hash::Hash>(counts: &mut HashMap<K, usize>, key: K) {
    let count = counts.entry(key).or_default();
    *count = count.saturating_add(1);
}

fn uncount<K: Eq + std::hash::Hash>(counts: &mut HashMap<K, usize>, key: K) {
    if let Some(count) = counts.get_mut(&key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE: Duration = Duration::from_secs(3600);

    fn upload(id: u8, at: u64) -> Upload {
        let file = File { blob: BlobHash([id / 2; 32]), ..File::unknown(FileId([id; 16])) };
        let (author, room) = (AuthorKey([1; 16]), "lobby".into());
        Upload { file, author, network: None, room, at, claimed: false }
    }

    fn now(ms: u64) -> Now {
        Now { at: Moment::from_millis(ms), unix_ms: ms }
    }

    fn uploads(ids: &[u8]) -> Uploads {
        let mut uploads = Uploads::new(&Limits::default());
        for id in ids {
            uploads.add(now(u64::from(*id)), LIFE, upload(*id, u64::from(*id)));
        }
        uploads
    }

    #[test]
    fn an_upload_is_its_authors_in_its_room_and_named_once() {
        let mut uploads = uploads(&[2, 3]);
        let (alice, lobby) = (AuthorKey([1; 16]), RoomKey::from("lobby"));
        let ids = [3, 2].map(|id| FileId([id; 16]));
        let found = uploads.resolve(alice, &lobby, &ids).unwrap();
        assert_eq!(found.iter().map(|file| file.id).collect::<Vec<_>>(), ids);
        assert_eq!(uploads.resolve(AuthorKey([2; 16]), &lobby, &ids), None);
        assert_eq!(uploads.resolve(alice, &"other".into(), &ids), None);
        assert_eq!(uploads.resolve(alice, &lobby, &[ids[0], ids[0]]), None);
        assert_eq!(uploads.resolve(alice, &lobby, &[FileId([9; 16])]), None);
        uploads.claim(&found, true);
        assert_eq!(uploads.resolve(alice, &lobby, &ids), None);
        uploads.claim(&found, false);
        assert!(uploads.resolve(alice, &lobby, &ids).is_some());
    }

    #[test]
    fn an_upload_goes_after_its_life_unless_it_is_claimed() {
        let mut uploads = uploads(&[2, 3, 4]);
        assert_eq!(uploads.deadline(), Moment::from_millis(2 + 3_600_000));
        uploads.claim(&Files::from([upload(2, 2).file]), true);
        let old = uploads.take_old(now(3 + 3_600_000), LIFE);
        assert_eq!(old, [upload(3, 3)]);
        assert_eq!(uploads.deadline(), Moment::from_millis(4 + 3_600_000));
        assert!(uploads.has_blob(BlobHash([1; 32])), "the claimed one has it, too");
        assert_eq!(uploads.remove(FileId([2; 16])).map(|it| it.at), Some(2));
        assert!(!uploads.has_blob(BlobHash([1; 32])));
        assert_eq!((uploads.waiting.len(), uploads.of_author[&AuthorKey([1; 16])]), (1, 1));
    }

    #[test]
    fn nobody_and_no_network_takes_all_places_of_uploads_that_wait() {
        let limits = Limits {
            waiting_uploads_max: 6,
            waiting_uploads_per_author_max: 2,
            waiting_uploads_per_network_max: 3,
            ..Limits::default()
        };
        let mut uploads = Uploads::new(&limits);
        let [near, far, local] = [[192, 0, 2, 1], [192, 0, 2, 2], [127, 0, 0, 1]].map(IpAddr::from);
        let mut last = 0;
        let mut add = |uploads: &mut Uploads, author, network| {
            last += 1;
            let author = AuthorKey([author; 16]);
            let has_place = uploads.has_place(&limits, author, network);
            if has_place {
                let upload = Upload { author, network: Some(network), ..upload(last, 1) };
                uploads.add(now(1), LIFE, upload);
            }
            has_place
        };
        assert_eq!([1, 1, 1].map(|author| add(&mut uploads, author, near)), [true, true, false]);
        assert_eq!([2, 3].map(|author| add(&mut uploads, author, near)), [true, false]);
        assert!(add(&mut uploads, 3, far));
        // Behind an untrusted proxy all have this address.
        assert_eq!([4, 5, 6].map(|author| add(&mut uploads, author, local)), [true, true, false]);
        for id in 1..=10 {
            uploads.remove(FileId([id; 16]));
        }
        assert!(uploads.of_author.is_empty() && uploads.of_network.is_empty());
        assert!(add(&mut uploads, 3, near));
    }

    #[test]
    fn a_stored_upload_is_restored_as_it_was() {
        let one = upload(7, 7);
        let mut uploads = Uploads::new(&Limits::default());
        uploads.restore("{}");
        assert_eq!(uploads.deadline(), Moment::NEVER);
        uploads.restore(one.key_value().value.as_deref().unwrap());
        assert_eq!(uploads.deadline(), Moment::default());
        assert_eq!(uploads.take_old(now(7), LIFE), []);
        assert_eq!(uploads.remove(one.file.id), Some(one));
    }

    #[test]
    fn authors_and_networks_have_a_quota() {
        let limits = Limits {
            upload_bytes_per_day_max: 1 << 20,
            network_upload_bytes_per_day_max: 3 << 20,
            ..Limits::default()
        };
        let mut uploads = Uploads::new(&limits);
        let network = IpAddr::from([192, 0, 2, 1]);
        let mut take =
            |author, bytes| uploads.charge(now(1), AuthorKey([author; 16]), network, bytes).is_ok();
        assert!(take(1, 1 << 20) && !take(1, 1));
        assert!(take(2, 1 << 20) && take(3, 1 << 20) && !take(4, 1));
        uploads.refund(AuthorKey([3; 16]), network, 1 << 20);
        assert!(uploads.charge(now(1), AuthorKey([4; 16]), network, 1 << 20).is_ok());
        let local = IpAddr::from([127, 0, 0, 1]);
        assert!(uploads.charge(now(1), AuthorKey([5; 16]), local, 1 << 20).is_ok());
    }
}
