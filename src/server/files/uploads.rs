//! Uploads: from the connection to the store, and then to the chat.

use std::net::IpAddr;

use crate::chat::record::{BlobHash, FileId};
use crate::chat::{
    ClientId, Code, Credential, Input, NewFile, Refusal, Request as Command, Uploader,
};
use crate::clock::Moment;
use crate::files::{Contents, PART_BYTES, Store};
use crate::http::{Request, StreamedLength};
use crate::net::{ConnId, Turn};
use crate::server::exchange::{
    EarlyResponse, check_method, decode_segment, error_response, network,
};
use crate::server::{Server, random};

/// An upload whose body is coming, or is being stored.
#[derive(Debug)]
pub(super) struct Upload {
    number: u64,
    uploader: Uploader,
    began: Moment,
    name: Box<str>,
    /// Bytes that were charged, and are kept free in the store.
    reserved: u64,
    received: u64,
    /// Bytes that are not with the store yet.
    buffer: Vec<u8>,
    /// Bytes that the store has not written yet.
    unwritten: usize,
    contents: Option<Contents>,
}

/// An upload that is slower may have to give way. Above it, all places for a day are all bytes that
/// two networks may upload in it.
const SLOW_BYTES_PER_SECOND: u64 = 16 * 1024;

/// Bytes of an upload that the store may have before it has written them.
const UNWRITTEN_MAX: usize = 2 * PART_BYTES;

/// Returns the room in the path of an upload.
pub(super) fn room_of(path: &str) -> Option<&str> {
    let room = path.strip_prefix("/api/rooms/")?.strip_suffix("/files")?;
    (!room.is_empty() && !room.contains('/')).then_some(room)
}

impl Server {
    /// Admits an upload, whose body then comes by [`Server::on_upload_part`].
    pub(in crate::server) fn begin_upload(
        &mut self,
        turn: &mut Turn<'_>,
        conn: ConnId,
        request: &Request,
        by: &Credential,
    ) -> Result<(), EarlyResponse> {
        check_method(request)?;
        let room = room_of(&request.path).ok_or_else(EarlyResponse::not_found)?;
        let room = decode_segment(room)?;
        let limits = self.chat.limits();
        if !limits.files || self.files.store.is_none() {
            return Err(Refusal::new(Code::Forbidden, "this server takes no files").into());
        }
        let most = limits.file_bytes_max;
        let reserved = match request.streamed {
            Some(StreamedLength::Bytes(bytes)) if bytes > most => {
                return Err(too_large(most).into());
            }
            Some(StreamedLength::Bytes(bytes)) => bytes,
            Some(StreamedLength::Chunked) | None => most,
        };
        let network = network(turn, conn);
        if self.files.uploads.len() >= self.files.limits.uploads_max {
            self.end_slowest(turn);
        }
        self.check_room_for(reserved, network)?;
        let uploader = self.chat.begin_upload(turn.now(), by, network, &room, reserved)?;
        let files = &mut self.files;
        files.last_upload = files.last_upload.wrapping_add(1);
        let number = files.last_upload;
        let upload = Upload {
            number,
            uploader,
            began: turn.now().at,
            name: name_of(request),
            reserved,
            received: 0,
            buffer: Vec::new(),
            unwritten: 0,
            contents: None,
        };
        files.uploads.insert(conn, upload);
        files.by_number.insert(number, conn);
        if let Some(store) = &files.store {
            store.begin(number);
        }
        Ok(())
    }

    /// Ends the slowest of the uploads under way, if it is so slow that the others that want its place
    /// are not to wait for it.
    fn end_slowest(&mut self, turn: &mut Turn<'_>) {
        let (now, patience) = (turn.now().at, self.files.limits.upload_slow_after);
        let rate = |it: &Upload| {
            let took = now.since(it.began);
            let rate = it.received.checked_div(took.as_secs()).unwrap_or(u64::MAX);
            (took >= patience && rate < SLOW_BYTES_PER_SECOND).then_some(rate)
        };
        let slow = self.files.uploads.iter().filter_map(|(conn, it)| Some((rate(it)?, *conn)));
        if let Some((_, slowest)) = slow.min_by_key(|(rate, _)| *rate) {
            let message = "this upload is slow, and others wait for its place; try again";
            self.refuse_upload(turn, slowest, Refusal::new(Code::Overloaded, message));
        }
    }

    /// Refuses an upload for which there is no place: on disk, or among those under way.
    fn check_room_for(&self, bytes: u64, network: IpAddr) -> Result<(), Refusal> {
        let files = &self.files;
        let own = files.uploads.values().filter(|it| it.uploader.network == network).count();
        let limits = &files.limits;
        if files.uploads.len() >= limits.uploads_max || own >= limits.uploads_per_network_max {
            return Err(Refusal::new(Code::Overloaded, "too many uploads at once; try again"));
        }
        let reserved = files.uploads.values().map(|it| it.reserved);
        let stored = files.store.as_ref().map_or(0, Store::bytes);
        let all = reserved.fold(stored.saturating_add(bytes), u64::saturating_add);
        if limits.bytes_max.is_some_and(|max| all > max) {
            let message = "the server has no room for more files";
            return Err(Refusal::new(Code::StorageUnavailable, message));
        }
        Ok(())
    }

    /// Handles a part of the body of an upload.
    pub(in crate::server) fn on_upload_part(
        &mut self,
        turn: &mut Turn<'_>,
        conn: ConnId,
        bytes: &[u8],
        last: bool,
    ) {
        let most = self.chat.limits().file_bytes_max;
        let Some(upload) = self.files.uploads.get_mut(&conn) else { return };
        upload.received = upload.received.saturating_add(bytes.len() as u64);
        if upload.received > most {
            return self.refuse_upload(turn, conn, too_large(most));
        }
        upload.buffer.extend_from_slice(bytes);
        let Some(store) = &self.files.store else { return };
        if upload.buffer.len() >= PART_BYTES || (last && !upload.buffer.is_empty()) {
            upload.unwritten = upload.unwritten.saturating_add(upload.buffer.len());
            store.write(upload.number, std::mem::take(&mut upload.buffer));
        }
        if last {
            store.finish(upload.number);
        } else if upload.unwritten >= UNWRITTEN_MAX {
            turn.hold(conn);
        }
    }

    pub(super) fn on_written(&mut self, turn: &mut Turn<'_>, number: u64, bytes: usize) {
        let Some(conn) = self.files.by_number.get(&number).copied() else { return };
        let Some(upload) = self.files.uploads.get_mut(&conn) else { return };
        upload.unwritten = upload.unwritten.saturating_sub(bytes);
        if upload.unwritten < UNWRITTEN_MAX {
            turn.release(conn);
        }
    }

    /// Notes that a blob is about to be used, and has it keep its place.
    pub(super) fn on_received(&mut self, number: u64, contents: Contents) {
        let Some(conn) = self.files.by_number.get(&number) else { return };
        let Some(upload) = self.files.uploads.get_mut(conn) else { return };
        self.files.arriving.push(BlobHash(contents.hash));
        upload.contents = Some(contents);
        if let Some(store) = &self.files.store {
            store.keep(number);
        }
    }

    /// Hands an upload to the chat, which answers the request.
    pub(super) fn on_kept(&mut self, turn: &mut Turn<'_>, number: u64) {
        let Some(conn) = self.files.by_number.remove(&number) else { return };
        let Some(upload) = self.files.uploads.remove(&conn) else { return };
        let Upload { uploader, name, reserved, received, contents, .. } = upload;
        self.chat.refund_upload(&uploader, reserved.saturating_sub(received));
        let Some(contents) = contents else { return };
        let Contents { hash, bytes, media_type, dimensions } = contents;
        let blob = BlobHash(hash);
        let network = uploader.network;
        let id = FileId(random());
        let new = NewFile { id, uploader, blob, name, media_type, bytes, size: dimensions };
        let (caller, request) = (client(conn), Command::AddFile(Box::new(new)));
        self.handle(turn, Input::Asked { caller, network, request });
        // The chat knows it now.
        let arriving = &mut self.files.arriving;
        if let Some(at) = arriving.iter().position(|it| *it == blob) {
            arriving.swap_remove(at);
        }
    }

    /// Answers an upload that could not be stored.
    pub(super) fn on_failed(&mut self, turn: &mut Turn<'_>, number: u64, full: bool) {
        let Some(conn) = self.files.by_number.get(&number).copied() else { return };
        let message = if full { "the disk is full" } else { "the file cannot be stored now" };
        self.refuse_upload(turn, conn, Refusal::new(Code::StorageUnavailable, message));
    }

    /// Answers an upload with an error, and forgets it.
    fn refuse_upload(&mut self, turn: &mut Turn<'_>, conn: ConnId, refusal: Refusal) {
        let Some(number) = self.end_upload(conn) else { return };
        if let Some(store) = &self.files.store {
            store.discard(number);
        }
        self.counters.errors.add(refusal.code);
        self.finish_exchange(turn, client(conn), error_response(refusal));
    }

    /// Forgets an upload, and returns what was charged for what did not come. Returns its number.
    pub(super) fn end_upload(&mut self, conn: ConnId) -> Option<u64> {
        let upload = self.files.uploads.remove(&conn)?;
        self.files.by_number.remove(&upload.number);
        if let Some(contents) = &upload.contents {
            let blob = BlobHash(contents.hash);
            let arriving = &mut self.files.arriving;
            if let Some(at) = arriving.iter().position(|it| *it == blob) {
                arriving.swap_remove(at);
            }
        }
        let unused = upload.reserved.saturating_sub(upload.received);
        self.chat.refund_upload(&upload.uploader, unused);
        Some(upload.number)
    }
}

fn client(conn: ConnId) -> ClientId {
    crate::server::client(conn)
}

fn too_large(most: u64) -> Refusal {
    Refusal::new(Code::TooLong, format!("a file has at most {most} bytes"))
}

/// Returns the name in the query of an upload.
fn name_of(request: &Request) -> Box<str> {
    let mut pairs = form_urlencoded::parse(request.query.as_bytes());
    pairs.find(|(key, _)| key == "name").map(|(_, name)| name.into()).unwrap_or_default()
}
