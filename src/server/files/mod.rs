//! Files: the bytes of uploads on their way to the store, and those of downloads on their way to
//! clients.
//!
//! What may be uploaded and read is decided by [`crate::chat`]; [`crate::files`] has the blobs. The
//! reactor reads no more of an upload than the store has written, but for two parts, and reads the
//! next part of a download once the last one is with the kernel.
//!
//! ```text
//! POST ─ begin_upload ─▶ Answer::Receive ─ on_part ─▶ Store::write … finish ─▶ Received ─▶ keep
//!       ─▶ Kept ─▶ Request::AddFile ─▶ chat, journal ─▶ response
//! GET ─▶ Request::File ─▶ chat, journal ─▶ FileFound ─▶ Store::read ─▶ Read ─▶ response, parts
//! ```

mod downloads;
mod headers;
mod uploads;

use std::collections::HashMap;
use std::io;

use super::Server;
use crate::chat::record::BlobHash;
use crate::config::{Config, Data};
use crate::files::{self, Outcome, Store};
use crate::net::{ConnId, Turn};
use downloads::Download;
use uploads::Upload;

pub(super) use headers::streams;

/// The blobs, and the transfers under way.
#[derive(Debug)]
pub(super) struct Files {
    /// `None` if the server keeps no files.
    store: Option<Store>,
    limits: files::Limits,
    uploads: HashMap<ConnId, Upload>,
    /// The connections of the uploads by number.
    by_number: HashMap<u64, ConnId>,
    last_upload: u64,
    /// Blobs of uploads that the chat does not know yet.
    arriving: Vec<BlobHash>,
    downloads: HashMap<ConnId, Download>,
}

impl Files {
    /// Opens the store of the data directory; blobs that are not in `live` are removed.
    ///
    /// # Errors
    /// If the directory cannot be used.
    pub(super) fn open(
        config: &Config,
        live: impl Iterator<Item = BlobHash>,
        waker: impl Fn() + Clone + Send + 'static,
    ) -> io::Result<Self> {
        let store = match &config.data {
            Data::Dir(dir) => {
                let live = live.map(|blob| blob.0).collect();
                let spared = config.files.disk_free_bytes_min;
                Some(Store::open(&dir.join(files::DIRECTORY), live, spared, waker)?)
            }
            Data::None => None,
        };
        Ok(Self {
            store,
            limits: config.files.clone(),
            uploads: HashMap::new(),
            by_number: HashMap::new(),
            last_upload: 0,
            arriving: Vec::new(),
            downloads: HashMap::new(),
        })
    }

    /// Changes the limits.
    pub(super) fn set_limits(&mut self, limits: files::Limits) {
        if let Some(store) = &self.store {
            store.spare(limits.disk_free_bytes_min);
        }
        self.limits = limits;
    }

    /// Returns the bytes of memory of uploads and downloads.
    pub(super) fn memory(&self) -> usize {
        let uploads = self.uploads.len().saturating_mul(files::PART_BYTES).saturating_mul(3);
        let downloads = self.downloads.len().saturating_mul(files::PART_BYTES);
        uploads.saturating_add(downloads)
    }

    /// Whether a blob is that of an upload the chat does not know yet.
    fn is_arriving(&self, blob: BlobHash) -> bool {
        self.arriving.contains(&blob)
    }
}

impl Server {
    /// Handles what has become of the requests to the store.
    pub(super) fn take_file_outcomes(&mut self, turn: &mut Turn<'_>) {
        while let Some(outcome) = self.files.store.as_ref().and_then(Store::next) {
            match outcome {
                Outcome::Written { upload, bytes } => self.on_written(turn, upload, bytes),
                Outcome::Received { upload, contents } => self.on_received(upload, contents),
                Outcome::Kept { upload } => self.on_kept(turn, upload),
                Outcome::Failed { upload, full } => self.on_failed(turn, upload, full),
                Outcome::Read { download, bytes } => {
                    self.on_read(turn, ConnId::from_u64(download), bytes);
                }
            }
            if turn.is_full() {
                turn.again();
                break;
            }
        }
    }

    /// Removes blobs that no message carries, unless an upload has them.
    pub(super) fn remove_blobs(&self, blobs: Vec<BlobHash>) {
        let Some(store) = &self.files.store else { return };
        for blob in blobs {
            if !self.files.is_arriving(blob) && !self.chat.has_upload(blob) {
                store.remove(blob.0);
            }
        }
    }

    /// Handles that a streamed body or response has ended early.
    pub(super) fn on_transfer_cut(&mut self, conn: ConnId) {
        self.files.downloads.remove(&conn);
        if let Some(upload) = self.end_upload(conn) {
            if let Some(store) = &self.files.store {
                store.discard(upload);
            }
            self.exchanges.forget(super::client(conn));
        }
    }
}
