//! chinwag is a real-time chat server in one static binary.
//!
//! This page is the map: the parts, the way of a message and of a return through them, and the
//! invariants. `README.md` says how to run it.
//!
//! # Promises
//!
//! 1. **Nothing said is lost, shown twice or shown out of order.** An `ack` means: in the journal.
//!    Everybody sees a room in journal order. A client that comes back gets exactly what it missed,
//!    or is told which range is gone.
//! 2. **Nobody waits for anybody.** A slow, silent, hostile or dead client costs the others
//!    nothing: every buffer, queue and list has a limit, and every limit a stated consequence.
//! 3. **The cost of a message is the cost of its system calls.** One encoding per broadcast, one
//!    write per recipient and turn, no buffer for an idle connection.
//!
//! # Layers
//!
//! ```text
//!                       main ── cli, config
//!                         │
//!                      server                       the two wings meet only here
//!                    ┌────┴────┐
//!                  net       journal                sockets, timers │ the record of each room
//!                    │          │
//!                   ws         chat                 pure: RFC 6455, RFC 7692 │ pure: rooms, people
//!                    │          │
//!      http  assets  auth  rate  metrics  file  files  clock        leaves
//! ```
//!
//! | module | names | is |
//! |---|---|---|
//! | [`clock`] | – | time as a value, read once per turn |
//! | [`metrics`] | – | counters and distributions; any layer may name it, as it may `clock` and `rate` |
//! | [`rate`] | `clock` | rate limits |
//! | [`mod@file`] | – | files written whole or not at all |
//! | [`files`] | – | the files of users on disk, as blobs |
//! | [`http`] | – | request heads, bodies small or in parts, responses |
//! | [`ws`] | `clock`, `rate`, `http` | one connection's protocol life without a socket |
//! | [`chat`] | `clock`, `rate` | the domain: inputs in, effects out |
//! | [`auth`] | `clock`, `rate`, `file` | passwords and tokens |
//! | [`net`] | `clock`, `rate`, `http`, `ws` | sockets, TLS, timers, the turn |
//! | [`journal`] | `clock`, `chat` | the ordered record of each room |
//! | [`assets`] | `http` | the page, embedded, and files made at the start |
//! | [`config`] | the layers' limits | flags, environment, file |
//! | [`server`] | all but `cli` | the one place where sockets and chat meet |
//! | [`cli`] | all | the commands |
//!
//! `ws` and `chat` never meet, nor `net` and `chat`, nor `net` and `journal`. `tests/layers`
//! reads every path in the source and holds it against this table.
//!
//! # The way of a message
//!
//! ```text
//! bytes → ws::Endpoint → Message → Chat::read (charged first) → ClientEvent → Chat::handle(Received)
//!       → Effect::Journal(Append) → journal (one commit for all that wait)
//!       → JournalResponse::Appended { seq, ts } → Chat::handle(Answered)
//!       → Effect::Reply(ack) to the sender, Effect::Broadcast to the room
//!       → server: rendered once per output form → one frame in the turn's buffer
//!       → a note for each member → flush: one write per connection
//! ```
//!
//! A room publishes only what its journal has recorded, in the journal's order. Typing and presence
//! are not recorded and go straight to the broadcast.
//!
//! # The way of a return
//!
//! ```text
//! GET /ws?session=KEY&after=ROOM:SEQ → Chat::handle(Opened): the session is reattached, its rooms
//!       are joined → Effect::Reply(welcome), Effect::Journal(Read) for each room
//!       meanwhile the client is in no audience; each room keeps what it publishes
//!       → JournalResponse::Page for each room → Chat::handle(Answered)
//!       → Effect::Reply: resumed, the missed entries, those published meanwhile, live
//!       → the client is in the audience again
//! ```
//!
//! # The way of a message out of a hook
//!
//! ```text
//! published → the room's outgoing hooks are due → Effect::Journal(Read) after the hook's position
//!       → JournalResponse::Page → Effect::Deliver(the first message) → server: rendered, signed by a
//!       thread that sends, and sent → Input::Delivered → the position moves on, or it is sent again
//! ```
//!
//! # The turn
//!
//! poll → accept → read → wake → deadlines → flush → reap: fixed phases, never a callback out of a
//! callback; [`net`] describes them.
//!
//! # Invariants
//!
//! 1. The clock is read once per turn, by the reactor, but to end a phase of the turn in time.
//! 2. There is no lock, no `async` and no I/O in `ws`, `http` and `chat`.
//! 3. A broadcast is encoded once per output form, whatever the number of recipients.
//! 4. A connection is removed only in the reap phase.
//! 5. Every queue, buffer, list and name has a limit in its layer's `Limits`, settable through
//!    [`config`]; its doc says what happens at the limit.
//! 6. What comes in is bounded and paid for before it is looked up: a message by its size from a
//!    bucket of its connection and one of its network, names by their length before they are folded,
//!    a query by what it makes the journal do, a password before it is hashed. No input costs more
//!    than 15 times what an ordinary one of its size does (`tests/sim/cost.rs`, `tests/e2e/cost.rs`).
//!    What is compressed is paid for when its frame begins, and inflated 1 KiB of the wire at a time;
//!    inflated, it is bounded like any message. Searches go on in steps, and askers take turns. What
//!    a connection is owed is bounded: nothing is read from it while its queue is full or an answer
//!    is under way.
//! 7. No byte from the network can panic the process: `ws`, `http`, `net`, `chat` and
//!    `auth` deny indexing, unchecked arithmetic and `unwrap`; unsafe code is forbidden.
//! 8. No message is published before it is in the journal; no `ack` is sent before the message is
//!    as durable as promised.
//!
//! What is deliberately absent: an async runtime, a thread per anything, per-connection buffers,
//! a client role in the endpoint, topics with wildcards, and any way to speak in another's name.

pub mod assets;
pub mod auth;
pub mod chat;
pub mod cli;
pub mod clock;
pub mod config;
pub mod file;
pub mod files;
pub mod http;
pub mod journal;
pub mod metrics;
pub mod net;
pub mod rate;
pub mod server;
pub mod ws;
