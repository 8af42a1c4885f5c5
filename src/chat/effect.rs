//! What the chat wants done.

use std::borrow::Cow;

use crate::chat::ids::{ClientId, RoomId};
use crate::chat::output_mode::OutputMode;
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::record::JournalRequest;

/// Something to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Tell one client.
    Reply {
        /// The client.
        client: ClientId,
        /// What.
        event: ServerEvent,
    },
    /// Answer a request.
    Respond {
        /// Its number.
        caller: ClientId,
        /// With what: a list of rooms, a page, an `ack` or an error.
        event: ServerEvent,
    },
    /// Read nothing from a client until its answer is there: what it is owed has a limit.
    Hold {
        /// The client.
        client: ClientId,
    },
    /// Read from a client again.
    Release {
        /// The client.
        client: ClientId,
    },
    /// Tell the audience of a room.
    Broadcast {
        /// The room.
        room: RoomId,
        /// What.
        event: ServerEvent,
        /// Not this one.
        except: Option<ClientId>,
        /// The entry's number; what has none is the first to be dropped for a slow client.
        seq: Option<u64>,
    },
    /// Tell one side of a private conversation.
    Whisper {
        /// The conversation.
        room: RoomId,
        /// The connections of one of the two.
        to: Vec<Listener>,
        /// What.
        event: ServerEvent,
        /// Not this one.
        except: Option<ClientId>,
        /// The entry's number.
        seq: Option<u64>,
    },
    /// Tell the audience of a room what means something only now: the first to be dropped for a
    /// slow client.
    Hint {
        /// The room.
        room: RoomId,
        /// What.
        event: ServerEvent,
        /// Not these.
        except: Vec<ClientId>,
    },
    /// Pass this on to the journal.
    Journal(JournalRequest),
    /// Close a client's WebSocket.
    Close {
        /// The client.
        client: ClientId,
        /// The close code.
        code: u16,
        /// What it says.
        reason: Cow<'static, str>,
    },
}

/// A client that is told what happens in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listener {
    /// The client.
    pub client: ClientId,
    /// How it reads.
    pub mode: OutputMode,
}
