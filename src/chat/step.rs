//! The handling of one input: its time and its effects.

use std::borrow::Cow;
use std::sync::Arc;

use crate::chat::effect::Effect;
use crate::chat::ids::ClientId;
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::record::{JournalRequest, KeyValue, PutKeyValues};
use crate::clock::Now;

/// The time of an input and the effects it has so far.
pub(in crate::chat) struct Step<'a> {
    /// The time of the input.
    pub(in crate::chat) now: Now,
    /// The effects, in order.
    pub(in crate::chat) effects: &'a mut Vec<Effect>,
}

impl Step<'_> {
    /// Sends a client an event.
    pub(in crate::chat) fn reply(&mut self, client: ClientId, event: ServerEvent) {
        self.effects.push(Effect::Reply { client, event });
    }

    /// Sends a client a notice.
    pub(in crate::chat) fn notice(
        &mut self,
        client: ClientId,
        re: Option<Arc<str>>,
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) {
        self.reply(client, ServerEvent::Notice { re, room: None, code, message: message.into() });
    }

    /// Stores key-value records; nothing waits for the answer.
    pub(in crate::chat) fn put(&mut self, key_values: Vec<KeyValue>) {
        if !key_values.is_empty() {
            let put = PutKeyValues { request_id: None, key_values };
            self.effects.push(Effect::Journal(JournalRequest::Put(put)));
        }
    }

    /// Answers an HTTP request.
    pub(in crate::chat) fn respond(&mut self, caller: ClientId, event: ServerEvent) {
        self.effects.push(Effect::Respond { caller, event });
    }
}
