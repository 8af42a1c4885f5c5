//! What administrators see of the chat, as plain values. Private rooms and conversations are not
//! shown, nor is anything that was said.

use std::sync::Arc;

use crate::chat::ids::ClientId;

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next part begins, if there is more.
    pub next: Option<usize>,
}

/// An open WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Its id.
    pub client: ClientId,
    /// The name of its user.
    pub name: Arc<str>,
    /// Whether that is an account's.
    pub account: bool,
    /// The public rooms it has joined.
    pub rooms: Vec<Arc<str>>,
    /// When it was opened, in Unix milliseconds.
    pub since: u64,
}

/// A public room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedRoom {
    /// Its name.
    pub name: Arc<str>,
    /// The number of users in it.
    pub users: usize,
    /// The number of connections that receive its events.
    pub connections: usize,
    /// The `seq` of its newest entry.
    pub seq: u64,
}
