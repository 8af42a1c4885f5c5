//! Downloads: from the store to the connection, a part at a time.

use crate::chat::record::File;
use crate::chat::record::FileId;
use crate::chat::{ClientId, Code, Credential, Input, Refusal, Request as Command};
use crate::files::{PART_BYTES, Store};
use crate::http::{Method, Request, Response, Status};
use crate::net::{ConnId, Turn};
use crate::server::Server;
use crate::server::exchange::{EarlyResponse, error_response, network};

use super::headers::{self, Conditions, Outcome};

/// A file on its way to a client.
#[derive(Debug)]
pub(super) struct Download {
    conditions: Conditions,
    head_only: bool,
    blob: [u8; 32],
    /// The next byte to read, and how many are left.
    offset: u64,
    left: u64,
    /// Whether a part is being read.
    reading: bool,
    /// The response, until its first part has been read.
    head: Option<Response>,
}

impl Server {
    /// Looks up the file that a request is for.
    pub(in crate::server) fn begin_download(
        &mut self,
        turn: &mut Turn<'_>,
        conn: ConnId,
        request: &Request,
        by: Credential,
    ) -> Result<(), EarlyResponse> {
        let rest = request.path.strip_prefix("/files/").unwrap_or_default();
        let (id, name) = rest.split_once('/').ok_or_else(EarlyResponse::not_found)?;
        let file = FileId::from_hex(id).filter(|_| !name.contains('/'));
        let file = file.ok_or_else(EarlyResponse::not_found)?;
        let download = Download {
            conditions: Conditions::of(request),
            head_only: request.method == Method::Head,
            blob: [0; 32],
            offset: 0,
            left: 0,
            reading: false,
            head: None,
        };
        self.files.downloads.insert(conn, download);
        let (caller, network) = (crate::server::client(conn), network(turn, conn));
        let request = Command::File { by, file };
        self.handle(turn, Input::Asked { caller, network, request });
        Ok(())
    }

    /// Answers with a file: at once if there is no body, else when its first part has been read.
    pub(in crate::server) fn send_file(
        &mut self,
        turn: &mut Turn<'_>,
        caller: ClientId,
        file: &File,
    ) {
        let conn = crate::server::conn(caller);
        let Some(store) = &self.files.store else { return self.give_up(turn, conn) };
        let Some(download) = self.files.downloads.get_mut(&conn) else {
            return self.give_up(turn, conn);
        };
        let (response, outcome) = headers::response(file, &download.conditions);
        let (offset, length) = match outcome {
            Outcome::Bytes { offset, length } => (offset, length),
            Outcome::NoBody => (0, 0),
        };
        if outcome == Outcome::NoBody || length == 0 || download.head_only {
            self.files.downloads.remove(&conn);
            let response = self.exchanges.end_file(caller, response);
            if outcome == Outcome::NoBody {
                return turn.respond(conn, &response);
            }
            turn.begin_response(conn, &response, length);
            return turn.send_part(conn, &[], true);
        }
        (download.blob, download.offset, download.left) = (file.blob.0, offset, length);
        download.head = Some(response);
        read_next(store, conn, download);
    }

    /// Sends a part that was read.
    pub(super) fn on_read(&mut self, turn: &mut Turn<'_>, conn: ConnId, bytes: Option<Vec<u8>>) {
        let Some(download) = self.files.downloads.get_mut(&conn) else { return };
        download.reading = false;
        let Some(bytes) = bytes else {
            return match download.head {
                Some(_) => self.give_up(turn, conn),
                // The length has been promised.
                None => {
                    self.files.downloads.remove(&conn);
                    turn.cut(conn);
                }
            };
        };
        let (caller, length) = (crate::server::client(conn), download.left);
        if let Some(head) = download.head.take() {
            let head = self.exchanges.end_file(caller, head);
            if !turn.begin_response(conn, &head, length) {
                self.files.downloads.remove(&conn);
                return;
            }
        }
        download.offset = download.offset.saturating_add(bytes.len() as u64);
        download.left = download.left.saturating_sub(bytes.len() as u64);
        let last = download.left == 0;
        if last {
            self.files.downloads.remove(&conn);
        }
        turn.send_part(conn, &bytes, last);
    }

    /// Reads the next part of a download whose client has taken the last one.
    pub(in crate::server) fn on_download_drained(&mut self, conn: ConnId) {
        if let Some(store) = &self.files.store
            && let Some(download) = self.files.downloads.get_mut(&conn)
            && !download.reading
        {
            read_next(store, conn, download);
        }
    }

    /// Forgets a request for a file that is answered without one.
    pub(in crate::server) fn forget_download(&mut self, caller: ClientId) {
        self.files.downloads.remove(&crate::server::conn(caller));
    }

    /// Answers that a file is not there, although a message says so.
    fn give_up(&mut self, turn: &mut Turn<'_>, conn: ConnId) {
        self.files.downloads.remove(&conn);
        let refusal = Refusal::new(Code::StorageUnavailable, "this file cannot be read");
        let response = Response { status: Status(500), ..error_response(refusal) };
        self.finish_exchange(turn, crate::server::client(conn), response);
    }
}

fn read_next(store: &Store, conn: ConnId, download: &mut Download) {
    let length = usize::try_from(download.left).unwrap_or(usize::MAX).min(PART_BYTES);
    download.reading = true;
    store.read(conn.as_u64(), download.blob, download.offset, length);
}
