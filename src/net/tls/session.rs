//! One TLS session, of the server or of a client.
//!
//! ```text
//!   socket ─► receive ─► plaintext, all of it, to the caller
//!                │
//!                └─► outgoing (handshake, alerts) ─► socket
//!   frames ─► encrypt ─────────────────────────────► socket, the rest to `outgoing`
//! ```

use std::sync::Arc;

use rustls::client::{ClientConnectionData, UnbufferedClientConnection};
use rustls::pki_types::ServerName;
use rustls::server::{ServerConnectionData, UnbufferedServerConnection};
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncodeTlsData, EncryptError, UnbufferedStatus, WriteTraffic,
};
use rustls::{ClientConfig, CommonState, HandshakeKind, ServerConfig};

/// Bytes of an incomplete record or handshake message that are kept: a record of the largest size
/// (RFC 5246 §6.2.3). A handshake message above it, which no client has, ends the session.
const INCOMING_BYTES_MAX: usize = 5 + 16 * 1024 + 2048;
/// What rustls holds for the keys of a session, about.
const KEYS_BYTES: usize = 2 * 1024;
/// What a record may add to its plaintext (RFC 5246 §6.2.3: header, nonce, tag; RFC 8446 §5.2).
const RECORD_OVERHEAD: usize = 5 + 8 + 16 + 1;
const RECORD_PLAIN_BYTES_MAX: usize = 16 * 1024;

/// Why a session ends at once. An alert for the peer is in [`Session::outgoing`].
type Fault = rustls::Error;

/// One side of rustls.
pub trait Side {
    /// What rustls knows of this side.
    type Data;

    /// Processes the records at the front of `input`.
    fn process<'a, 'b>(&'a mut self, input: &'b mut [u8]) -> UnbufferedStatus<'a, 'b, Self::Data>;

    /// Returns what both sides have in common.
    fn common(&self) -> &CommonState;
}

impl Side for UnbufferedServerConnection {
    type Data = ServerConnectionData;

    fn process<'a, 'b>(&'a mut self, input: &'b mut [u8]) -> UnbufferedStatus<'a, 'b, Self::Data> {
        self.process_tls_records(input)
    }

    fn common(&self) -> &CommonState {
        self
    }
}

impl Side for UnbufferedClientConnection {
    type Data = ClientConnectionData;

    fn process<'a, 'b>(&'a mut self, input: &'b mut [u8]) -> UnbufferedStatus<'a, 'b, Self::Data> {
        self.process_tls_records(input)
    }

    fn common(&self) -> &CommonState {
        self
    }
}

/// What came of received bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// The session goes on.
    Open,
    /// The peer has ended its side with `close_notify`.
    Ended,
}

/// The state of one session.
pub struct Session<S = UnbufferedServerConnection> {
    tls: S,
    /// The beginning of an incomplete record; at most [`INCOMING_BYTES_MAX`].
    incoming: Vec<u8>,
    /// Encrypted bytes that the socket has not taken yet.
    outgoing: Vec<u8>,
    /// Whether the peer has sent `close_notify`.
    ended: bool,
    /// Whether we have.
    closed: bool,
    /// Whether a fault has ended the session: rustls is not to be called again.
    failed: bool,
}

impl<S: Side> std::fmt::Debug for Session<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("handshaking", &self.is_handshaking()).finish()
    }
}

impl Session {
    pub(super) fn new(config: Arc<ServerConfig>) -> Result<Self, Fault> {
        UnbufferedServerConnection::new(config).map(Self::of)
    }
}

impl Session<UnbufferedClientConnection> {
    /// Begins a session with the server of this name; the first bytes for it are in
    /// [`Session::outgoing`].
    ///
    /// # Errors
    /// If the settings allow no session.
    pub fn connect(config: Arc<ClientConfig>, name: ServerName<'static>) -> Result<Self, Fault> {
        let mut session = Self::of(UnbufferedClientConnection::new(config, name)?);
        session.receive(&mut [], &mut Vec::new())?;
        Ok(session)
    }
}

impl<S: Side> Session<S> {
    fn of(tls: S) -> Self {
        Self {
            tls,
            incoming: Vec::new(),
            outgoing: Vec::new(),
            ended: false,
            closed: false,
            failed: false,
        }
    }

    /// Whether the handshake is not complete.
    pub fn is_handshaking(&self) -> bool {
        self.tls.common().is_handshaking()
    }

    /// Whether the handshake resumed an earlier session.
    pub fn is_resumed(&self) -> bool {
        self.tls.common().handshake_kind() == Some(HandshakeKind::Resumed)
    }

    /// Returns the encrypted bytes that the socket has not taken yet.
    pub fn outgoing(&self) -> &[u8] {
        &self.outgoing
    }

    /// Removes the first bytes of [`Session::outgoing`]: the socket has taken them.
    pub fn advance(&mut self, taken: usize) {
        // What is left is copied, so that the memory of the rest is given back.
        self.outgoing = self.outgoing.get(taken..).unwrap_or_default().to_vec();
    }

    /// Keeps encrypted bytes that the socket did not take.
    pub fn keep(&mut self, rest: &[u8]) {
        self.outgoing.extend_from_slice(rest);
    }

    /// Returns the bytes of all buffers.
    pub(super) fn buffers(&self) -> usize {
        self.incoming.capacity().saturating_add(self.outgoing.capacity())
    }

    /// Returns the bytes of all that it holds, about.
    pub fn memory(&self) -> usize {
        KEYS_BYTES.saturating_add(size_of::<Self>()).saturating_add(self.buffers())
    }

    /// Decrypts what was received, and appends what is in it to `plain`: at most as many bytes as
    /// `input` and the kept part of a record have together.
    ///
    /// # Errors
    /// If the peer breaks the protocol; what it sent before is in `plain`.
    pub fn receive(&mut self, input: &mut [u8], plain: &mut Vec<u8>) -> Result<Received, Fault> {
        if self.failed {
            return Err(Fault::General("the session has failed".into()));
        }
        let received = self.receive_now(input, plain);
        if received.is_err() {
            self.failed = true;
            self.incoming = Vec::new();
        }
        received
    }

    fn receive_now(&mut self, input: &mut [u8], plain: &mut Vec<u8>) -> Result<Received, Fault> {
        if self.incoming.is_empty() {
            let used = self.process(input, plain)?;
            self.incoming = input.get(used..).unwrap_or_default().to_vec();
        } else {
            let mut bytes = std::mem::take(&mut self.incoming);
            bytes.extend_from_slice(input);
            let used = self.process(&mut bytes, plain)?;
            self.incoming =
                if used == 0 { bytes } else { bytes.get(used..).unwrap_or_default().to_vec() };
        }
        if self.ended {
            // RFC 8446 §6.1: what follows is ignored.
            self.incoming = Vec::new();
            return Ok(Received::Ended);
        }
        if self.incoming.len() > INCOMING_BYTES_MAX {
            return Err(Fault::General("the handshake message is too long".into()));
        }
        Ok(Received::Open)
    }

    /// Processes all complete records; returns how many bytes they have.
    fn process(&mut self, input: &mut [u8], plain: &mut Vec<u8>) -> Result<usize, Fault> {
        let mut used = 0_usize;
        loop {
            let rest = input.get_mut(used..).unwrap_or_default();
            let UnbufferedStatus { mut discard, state, .. } = self.tls.process(rest);
            let mut goes_on = true;
            match state {
                Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                    while let Some(record) = traffic.next_record() {
                        let record = record?;
                        discard = discard.saturating_add(record.discard);
                        plain.extend_from_slice(record.payload);
                    }
                }
                Ok(ConnectionState::EncodeTlsData(data)) => encode(data, &mut self.outgoing)?,
                Ok(ConnectionState::TransmitTlsData(transmit)) => transmit.done(),
                Ok(ConnectionState::PeerClosed) => self.ended = true,
                Ok(_) => goes_on = false,
                Err(fault) => {
                    self.take_alert();
                    return Err(fault);
                }
            }
            used = used.saturating_add(discard);
            if !goes_on {
                return Ok(used);
            }
        }
    }

    /// Appends the alert of a fault to what is to be sent.
    fn take_alert(&mut self) {
        while self.tls.common().wants_write() {
            let state = self.tls.process(&mut []).state;
            let Ok(ConnectionState::EncodeTlsData(data)) = state else { return };
            if encode(data, &mut self.outgoing).is_err() {
                return;
            }
        }
    }

    /// Encrypts `plain` into as few records as may be; replaces the content of `out`.
    ///
    /// # Errors
    /// If the session has failed, or may not be used any longer with its keys.
    pub fn encrypt(&mut self, plain: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        out.clear();
        let records = plain.len().div_ceil(RECORD_PLAIN_BYTES_MAX);
        let room = plain.len().saturating_add(records.saturating_mul(RECORD_OVERHEAD));
        self.write(out, room, |traffic, room| traffic.encrypt(plain, room))
    }

    /// Appends `close_notify` to what is to be sent, once.
    pub fn close(&mut self) {
        if std::mem::replace(&mut self.closed, true) {
            return;
        }
        let mut out = Vec::new();
        let room = CLOSE_PLAIN_BYTES.saturating_add(RECORD_OVERHEAD);
        // A session that has failed has sent an alert.
        if self.write(&mut out, room, |traffic, room| traffic.queue_close_notify(room)).is_ok() {
            self.outgoing.append(&mut out);
        }
    }

    /// Appends what is to be sent first, and then what `encrypt` writes: into `room` bytes, or more
    /// if new keys have to be announced.
    fn write(
        &mut self,
        out: &mut Vec<u8>,
        room: usize,
        encrypt: impl Fn(&mut WriteTraffic<'_, S::Data>, &mut [u8]) -> Result<usize, EncryptError>,
    ) -> Result<(), Fault> {
        if self.failed {
            return Err(Fault::General("the session has failed".into()));
        }
        loop {
            // The bytes of a handshake message that is incomplete must be there.
            match self.tls.process(&mut self.incoming).state? {
                ConnectionState::EncodeTlsData(data) => encode(data, out)?,
                ConnectionState::TransmitTlsData(transmit) => transmit.done(),
                ConnectionState::WriteTraffic(mut traffic) => {
                    let start = out.len();
                    let mut try_in = |room: usize| {
                        out.resize(start.saturating_add(room), 0);
                        encrypt(&mut traffic, out.get_mut(start..).unwrap_or_default())
                    };
                    let written = match try_in(room) {
                        Err(EncryptError::InsufficientSize(size)) => try_in(size.required_size),
                        written => written,
                    };
                    out.truncate(start.saturating_add(*written.as_ref().unwrap_or(&0)));
                    return written.map(|_| ()).map_err(|_| Fault::EncryptError);
                }
                _ => return Err(Fault::HandshakeNotComplete),
            }
        }
    }
}

/// Level and description (RFC 8446 §6).
const CLOSE_PLAIN_BYTES: usize = 2;

fn encode<Data>(mut data: EncodeTlsData<'_, Data>, out: &mut Vec<u8>) -> Result<(), Fault> {
    let start = out.len();
    let room = match data.encode(&mut []) {
        Err(EncodeError::InsufficientSize(size)) => size.required_size,
        _ => return Err(Fault::EncryptError),
    };
    out.resize(start.saturating_add(room), 0);
    let written = out.get_mut(start..).and_then(|it| data.encode(it).ok());
    out.truncate(start.saturating_add(written.ok_or(Fault::EncryptError)?));
    Ok(())
}
