//! Effects: what the caller of the chat has to carry out.

use std::borrow::Cow;

use crate::chat::ids::{ClientId, RoomId};
use crate::chat::output_mode::OutputMode;
use crate::chat::protocol::delivery::Delivery;
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::record::JournalRequest;

/// An effect to carry out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Send an event to one client.
    Reply {
        /// The client.
        client: ClientId,
        /// The event.
        event: ServerEvent,
    },
    /// Answer an HTTP request.
    Respond {
        /// Its id.
        caller: ClientId,
        /// The answer: a list of rooms, a page, an `ack` or an error.
        event: ServerEvent,
    },
    /// Stop reading from a client until its answer is there, so that what it is owed stays bounded.
    Hold {
        /// The client.
        client: ClientId,
    },
    /// Resume reading from a client.
    Release {
        /// The client.
        client: ClientId,
    },
    /// Send an event to the audience of a room.
    Broadcast {
        /// The room.
        room: RoomId,
        /// The event.
        event: ServerEvent,
        /// A client that is left out.
        except: Option<ClientId>,
        /// The entry's `seq`. Events without one are dropped first for a slow client.
        seq: Option<u64>,
    },
    /// Send an event to one side of a private conversation.
    Whisper {
        /// The conversation.
        room: RoomId,
        /// The connections of that side.
        to: Vec<Listener>,
        /// The event.
        event: ServerEvent,
        /// A client that is left out.
        except: Option<ClientId>,
        /// The entry's `seq`.
        seq: Option<u64>,
    },
    /// Send the audience of a room an event that matters only now; dropped first for a slow client.
    Hint {
        /// The room.
        room: RoomId,
        /// The event.
        event: ServerEvent,
        /// Clients that are left out.
        except: Vec<ClientId>,
    },
    /// Send a message to the target of a hook.
    /// [`Input::Delivered`](super::Input::Delivered) tells what became of it, exactly once.
    Deliver(Box<Delivery>),
    /// Send a request to the journal.
    Journal(JournalRequest),
    /// Close a client's WebSocket.
    Close {
        /// The client.
        client: ClientId,
        /// The close code.
        code: u16,
        /// The close reason.
        reason: Cow<'static, str>,
    },
}

/// A client that receives a room's events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listener {
    /// The client.
    pub client: ClientId,
    /// The form in which it reads events.
    pub mode: OutputMode,
}
