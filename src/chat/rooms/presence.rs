//! News of people coming and going that a room has not been told yet.

use std::sync::Arc;

use crate::chat::ids::ClientId;
use crate::chat::protocol::status::Status;
use crate::clock::Moment;

/// Is what a room has to tell of people, and when.
#[derive(Debug, Default)]
pub(in crate::chat) struct Presence {
    /// Not told yet.
    pub(in crate::chat) news: Vec<News>,
    /// Whether there are more news than are told one by one.
    pub(in crate::chat) many: bool,
    /// Until when nothing more is told.
    pub(in crate::chat) quiet_until: Moment,
    /// When the next batch is due; at zero none is.
    pub(in crate::chat) due: Moment,
}

/// Is one piece of news.
#[derive(Debug)]
pub(in crate::chat) struct News {
    /// What happened.
    pub(in crate::chat) what: What,
    /// To whom.
    pub(in crate::chat) user: Arc<str>,
    /// Who knows already.
    pub(in crate::chat) except: Option<ClientId>,
}

/// Says what happened to somebody.
#[derive(Debug)]
pub(in crate::chat) enum What {
    /// It came.
    Came,
    /// It went, so.
    Went(&'static str),
    /// It was called this before.
    Was(Arc<str>),
    /// It says this of being there.
    Is(Status),
}
