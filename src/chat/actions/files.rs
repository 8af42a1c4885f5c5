//! Files: uploads by request, the files of a message, and who may read one.
//!
//! ```text
//! begin_upload ─ the bytes come ─▶ AddFile ─ Journal(Put) ─▶ Saved ─▶ FileAdded
//!     message that names it ─ take_files ─▶ Journal(Append) ─▶ the message owns it
//!     no message within upload_life ─▶ Journal(Put), Journal(CheckBlobs)
//! File ─ Journal(FindFile) ─▶ File ─ may read the room? ─▶ FileFound
//! ```

use std::net::IpAddr;
use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::effect::Effect;
use crate::chat::ids::{ClientId, RoomId};
use crate::chat::names::file_name;
use crate::chat::pending::{PendingFile, PendingRequest};
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::protocol::request::{Credential, NewFile, Uploader};
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::rate::refused;
use crate::chat::record::{
    AuthorKey, BlobHash, File, FileId, FileQuery, Files, FoundFile, JournalError, JournalRequest,
    KeyValue, PutKeyValues,
};
use crate::chat::rooms::rules::Actor;
use crate::chat::step::Step;
use crate::chat::uploads::{Upload, forgotten};
use crate::clock::Now;

impl Chat {
    /// Admits an upload of at most so many bytes to a room. Charges its author and its network; what
    /// does not come is to be returned by [`Chat::refund_upload`].
    ///
    /// # Errors
    /// If the author may not post there, or has uploaded too much.
    pub fn begin_upload(
        &mut self,
        now: Now,
        by: &Credential,
        network: IpAddr,
        room: &str,
        bytes: u64,
    ) -> Result<Uploader, Refusal> {
        self.charge_request(now, network)?;
        let needed = || Refusal::new(Code::Unauthorized, "a file needs a session or an account");
        let author = self.reader(by)?.ok_or_else(needed)?;
        if self.farewell.is_some() {
            return Err(Refusal::new(Code::Overloaded, "the server is shutting down"));
        }
        let by_token = matches!(by, Credential::Login(login) if login.outside && login.admin);
        let id = match room.trim() {
            room if room.starts_with('@') => self.direct_or_new(author, room)?,
            room => self.readable(Some(author), room)?,
        };
        let checked = self.check_uploader(now, author, by_token, id);
        let key = self.rooms.get(id).map(|room| Arc::clone(&room.key));
        // A conversation that has no message yet is created by the first one.
        self.rooms.vacate(id);
        checked?;
        if !self.uploads.has_place(&self.limits, author, network) {
            let message = "too many files wait for their message";
            return Err(Refusal::new(Code::Overloaded, message));
        }
        self.uploads.charge(now, author, network, bytes).map_err(refused)?;
        Ok(Uploader { author, network, room: key.ok_or_else(Refusal::internal)? })
    }

    /// Returns what was charged for bytes of an upload that did not come.
    pub fn refund_upload(&mut self, uploader: &Uploader, bytes: u64) {
        self.uploads.refund(uploader.author, uploader.network, bytes);
    }

    /// Whether an upload that no message carries has this blob.
    pub fn has_upload(&self, blob: BlobHash) -> bool {
        self.uploads.has_blob(blob)
    }

    fn check_uploader(
        &self,
        now: Now,
        author: AuthorKey,
        admin: bool,
        room: RoomId,
    ) -> Result<(), Refusal> {
        let inside = self.rooms.get(room).ok_or_else(Refusal::internal)?;
        let actor = self.people.of_session(author).and_then(|key| self.actor_of(key));
        let actor = actor.unwrap_or_else(|| Actor::absent(author, &"".into()));
        let actor = Actor { admin: actor.admin || admin, ..actor };
        inside.check_stays()?;
        self.check_partner(author, inside)?;
        inside.rules().check_speech(&actor, now)
    }

    /// Stores an upload; it is answered once that is done.
    pub(in crate::chat) fn add_file(
        &mut self,
        step: &mut Step<'_>,
        caller: ClientId,
        new: NewFile,
    ) {
        let NewFile { id, uploader, blob, name, media_type, bytes, size } = new;
        let name = file_name(&name);
        let file = File { id, blob, name, media_type: media_type.into(), bytes, size };
        let Uploader { author, network, room } = uploader;
        let (network, at) = (Some(network), step.now.unix_ms);
        let upload = Upload { file, author, network, room, at, claimed: false };
        let key_values = vec![upload.key_value()];
        self.uploads.add(step.now, self.limits.upload_life, upload);
        let pending = PendingRequest::Upload(PendingFile { caller, by: Some(author), file: id });
        let request_id = Some(self.pending.requests.put(pending));
        let put = PutKeyValues { request_id, key_values };
        step.effects.push(Effect::Journal(JournalRequest::Put(put)));
    }

    /// Answers an upload once it is stored.
    pub(in crate::chat) fn file_added(
        &mut self,
        step: &mut Step<'_>,
        pending: PendingFile,
        saved: Result<(), JournalError>,
    ) {
        let PendingFile { caller, file: id, .. } = pending;
        if let Err(why) = saved {
            self.forget_uploads(step, vec![id]);
            return step.respond(caller, ServerEvent::Error(Box::new(Refusal::refused(why))));
        }
        match self.uploads.get(id) {
            Some(file) => step.respond(caller, ServerEvent::FileAdded(Box::new(file.clone()))),
            None => step.respond(caller, ServerEvent::Error(Box::new(no_such_file()))),
        }
    }

    /// Removes uploads whose life is over.
    pub(in crate::chat) fn uploads_due(&mut self, step: &mut Step<'_>) {
        if self.uploads.deadline() <= step.now.at {
            let old = self.uploads.take_old(step.now, self.limits.upload_life);
            self.free_uploads(step, old);
        }
    }

    fn forget_uploads(&mut self, step: &mut Step<'_>, ids: Vec<FileId>) {
        let uploads = ids.into_iter().filter_map(|id| self.uploads.remove(id)).collect();
        self.free_uploads(step, uploads);
    }

    /// Deletes the records of removed uploads, and has their blobs removed if no message has them.
    fn free_uploads(&self, step: &mut Step<'_>, uploads: Vec<Upload>) {
        if uploads.is_empty() {
            return;
        }
        step.put(uploads.iter().map(|upload| forgotten(upload.file.id)).collect());
        let blobs = uploads.iter().map(|upload| upload.file.blob).collect();
        step.effects.push(Effect::Journal(JournalRequest::CheckBlobs(blobs)));
    }

    /// Finds the uploads that a message names, for it to carry.
    ///
    /// # Errors
    /// If one of them is not there, another author's, or for another room.
    pub(in crate::chat) fn files_to_send(
        &self,
        author: AuthorKey,
        room: RoomId,
        ids: &[FileId],
    ) -> Result<Files, Refusal> {
        if ids.is_empty() {
            return Ok(Files::default());
        }
        let room = self.rooms.get(room).ok_or_else(Refusal::internal)?;
        self.uploads.resolve(author, &room.key, ids).ok_or_else(no_such_file)
    }

    /// Claims the uploads that a message under way carries. Returns the records to store with it.
    pub(in crate::chat) fn claim_files(&mut self, files: &Files) -> Vec<KeyValue> {
        self.uploads.claim(files, true);
        files.iter().map(|file| forgotten(file.id)).collect()
    }

    /// Ends the claim of a message: it is recorded and has the files, or it is not.
    pub(in crate::chat) fn end_claim(&mut self, files: &Files, recorded: bool) {
        if recorded {
            for file in files.iter() {
                self.uploads.remove(file.id);
            }
        } else {
            self.uploads.claim(files, false);
        }
    }

    /// Charges a network for a file that is asked for.
    pub(in crate::chat) fn charge_download(
        &mut self,
        now: Now,
        network: IpAddr,
    ) -> Result<(), Refusal> {
        self.download_buckets.take(now.at, network).map_err(refused)
    }

    /// Looks a file up for a request.
    pub(in crate::chat) fn find_file(
        &mut self,
        step: &mut Step<'_>,
        caller: ClientId,
        by: &Credential,
        file: FileId,
    ) -> Result<(), Refusal> {
        let by = self.reader(by)?;
        let pending = PendingRequest::File(PendingFile { caller, by, file });
        let request_id = self.pending.requests.put(pending);
        let query = FileQuery { request_id, file };
        step.effects.push(Effect::Journal(JournalRequest::FindFile(query)));
        Ok(())
    }

    /// Answers a request for a file, if its sender may read a message that carries it.
    pub(in crate::chat) fn file_found(
        &self,
        step: &mut Step<'_>,
        pending: PendingFile,
        found: Result<Option<FoundFile>, JournalError>,
    ) {
        let PendingFile { caller, by, .. } = pending;
        let event = match found {
            Err(why) => ServerEvent::Error(Box::new(Refusal::refused(why))),
            Ok(found) => {
                let may_read = |found: &FoundFile| {
                    let room = self.rooms.find(&found.room).and_then(|room| self.rooms.get(room));
                    let is_there = found.expires.is_none_or(|at| at > step.now.unix_ms);
                    is_there && room.is_some_and(|room| room.may_read(by))
                };
                match found.filter(may_read) {
                    Some(found) => ServerEvent::FileFound(Box::new(found.file)),
                    None => ServerEvent::Error(Box::new(no_such_file())),
                }
            }
        };
        step.respond(caller, event);
    }
}

fn no_such_file() -> Refusal {
    Refusal::new(Code::NoSuchFile, "there is no such file")
}
