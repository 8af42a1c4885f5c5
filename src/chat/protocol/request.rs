//! HTTP requests, as plain values.

use std::net::IpAddr;
use std::sync::Arc;

use crate::chat::protocol::account::AccountRequest;
use crate::chat::protocol::hook::{HookAction, HookPost};
use crate::chat::protocol::login::Login;
use crate::chat::record::{AuthorKey, BlobHash, FileId, RoomKey, Span};

/// An HTTP request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// List the rooms.
    Rooms,
    /// Read or change accounts.
    AccountRequest(Box<AccountRequest>),
    /// Read a part of a room's record.
    History {
        /// The reader.
        by: Credential,
        /// The room.
        room: Box<str>,
        /// The part.
        span: Span,
        /// Number of messages.
        limit: Option<u32>,
    },
    /// Request the statistics.
    Stats {
        /// Number of minutes.
        minutes: Option<u32>,
    },
    /// Post a message.
    Post(Box<Post>),
    /// Add, list or remove the hooks of a room.
    Hooks {
        /// Who asks.
        by: Credential,
        /// The room.
        room: Box<str>,
        /// What to do.
        action: HookAction,
    },
    /// Post a message by a hook.
    HookPost(Box<HookPost>),
    /// Add an uploaded file.
    AddFile(Box<NewFile>),
    /// Find a file.
    File {
        /// The reader.
        by: Credential,
        /// The file.
        file: FileId,
    },
    /// To remove a room.
    RemoveRoom {
        /// Who asks; none if it is whoever runs the server.
        by: Option<Credential>,
        /// The room.
        room: Box<str>,
    },
}

/// A message to post in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// The room.
    pub room: Box<str>,
    /// The author; without a credential, a guest.
    pub by: Credential,
    /// The idempotency key: within the session, or among guests of the same name.
    pub id: Option<Arc<str>>,
    /// The message.
    pub body: Body,
}

/// The author of an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uploader {
    /// The author.
    pub author: AuthorKey,
    /// The network it comes from.
    pub network: IpAddr,
    /// The room that the file may be used in.
    pub room: RoomKey,
}

/// A file that was uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFile {
    /// A random id.
    pub id: FileId,
    /// Its author.
    pub uploader: Uploader,
    /// Its bytes.
    pub blob: BlobHash,
    /// Its name as the author wrote it.
    pub name: Box<str>,
    /// Its media type.
    pub media_type: &'static str,
    /// The number of its bytes.
    pub bytes: u64,
    /// Width and height of a picture.
    pub size: Option<(u32, u32)>,
}

/// The body of a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// The text.
    pub content: Arc<str>,
    /// The `mid` it answers.
    pub reply_to: Option<u64>,
    /// Seconds after which it disappears.
    pub ttl: Option<u64>,
    /// The files that it carries.
    pub files: Vec<FileId>,
    /// The name of a guest; ignored with a credential.
    pub name: Option<Box<str>>,
}

/// The credential of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Credential {
    /// None.
    #[default]
    Nobody,
    /// A session key.
    Session(Box<str>),
    /// A verified token.
    Login(Box<Login>),
}
