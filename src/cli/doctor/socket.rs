//! A WebSocket, as a client has it.

use std::io;

use serde_json::Value;

use super::connection::{Connection, Deadline, PATIENCE, Reply};
use super::place::Place;
use crate::server::random;
use crate::ws::client::{Frames, Key, OFFER, Received};
use crate::ws::code;
use crate::ws::frame::Opcode;

/// What came of an opening handshake.
pub(super) enum Opening {
    Open(Box<WebSocket>),
    /// The answer is another one than 101.
    Refused(Reply),
}

/// An open WebSocket.
pub(super) struct WebSocket {
    connection: Connection,
    frames: Frames,
}

impl WebSocket {
    /// Opens a WebSocket; `headers` are lines, each with its end.
    pub(super) fn open(place: &Place, query: &str, headers: &str) -> io::Result<Opening> {
        let (target, host, key) = (place.target("ws"), place.host(), Key::new(random()));
        let request = format!(
            "GET {target}?{query} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: chinwag-doctor\r\n\
             Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: {}\r\nSec-WebSocket-Protocol: chat.v1\r\n\
             Sec-WebSocket-Extensions: {OFFER}\r\n{headers}\r\n",
            key.text()
        );
        let mut connection = place.connect()?;
        connection.write(request.as_bytes())?;
        let deadline = Deadline::after(PATIENCE);
        let mut reply = Reply::read(&mut connection, &deadline)?;
        if reply.status != 101 {
            reply.complete(&mut connection, &deadline)?;
            return Ok(Opening::Refused(reply));
        }
        if !reply.header("sec-websocket-accept").is_some_and(|it| key.is_answered_by(it)) {
            return Err(io::Error::other("the answer 101 is for another request"));
        }
        let deflate = reply
            .header("sec-websocket-extensions")
            .is_some_and(|it| it.trim_start().starts_with("permessage-deflate"));
        let mut frames = Frames::new(deflate, MESSAGE_BYTES_MAX);
        frames.receive(&reply.body);
        Ok(Opening::Open(Box::new(Self { connection, frames })))
    }

    /// Whether permessage-deflate was agreed on.
    pub(super) fn deflates(&self) -> bool {
        self.frames.deflates()
    }

    /// Sends a message.
    pub(super) fn send(&mut self, text: &str, compress: bool) -> io::Result<()> {
        self.send_frame(Opcode::Text, text.as_bytes(), compress)
    }

    fn send_frame(&mut self, opcode: Opcode, payload: &[u8], compress: bool) -> io::Result<()> {
        let mut bytes = Vec::new();
        self.frames.encode(opcode, payload, compress, random(), &mut bytes);
        self.connection.write(&bytes)
    }

    /// Ends the WebSocket, without waiting for the answer.
    pub(super) fn close(mut self) -> io::Result<()> {
        self.send_frame(Opcode::Close, &code::NORMAL.to_be_bytes(), false)
    }

    /// Reads events until one is the wanted one, and answers pings. With each comes whether it was
    /// compressed.
    ///
    /// # Errors
    /// Of the kind `TimedOut` if it does not come in time; of another one if the WebSocket ends.
    pub(super) fn until(
        &mut self,
        deadline: &Deadline,
        mut is_wanted: impl FnMut(&Value, bool) -> bool,
    ) -> io::Result<()> {
        let mut buffer = [0; 16 * 1024];
        loop {
            match self.frames.take().map_err(io::Error::other)? {
                Some(Received::Message { payload, compressed }) => {
                    let event = serde_json::from_slice(&payload);
                    let event = event.map_err(|_| io::Error::other("a message is no JSON"))?;
                    if is_wanted(&event, compressed) {
                        return Ok(());
                    }
                }
                Some(Received::Ping(payload)) => {
                    self.send_frame(Opcode::Pong, &payload, false)?;
                }
                Some(Received::Pong) => {}
                Some(Received::Close(code, reason)) => {
                    let code = code.map_or_else(|| "no code".to_owned(), |code| code.to_string());
                    return Err(io::Error::other(format!("it was closed with {code} {reason}")));
                }
                None => match self.connection.read(&mut buffer, deadline)? {
                    0 => return Err(io::Error::other("it was cut off")),
                    length => self.frames.receive(buffer.get(..length).unwrap_or_default()),
                },
            }
            // A server that sends without end must not be read without end.
            deadline.left()?;
        }
    }
}

/// More than a page of history.
const MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;
