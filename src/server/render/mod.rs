//! Renders events in the form that a client chose.
//!
//! A broadcast is rendered once per form, whatever the number of its recipients, straight into the
//! buffer it is sent from. The two events that every message causes have a path of their own.

mod frequent;
mod text;
mod wire;

use serde::Serialize;

use crate::chat::{OutputMode, ServerEvent};
use crate::config::PublicUrl;
pub(in crate::server) use wire::{Body, body, events};
use wire::{Envelope, Payload, Receipt};

impl ServerEvent {
    /// Appends the event to `out`. Returns false and leaves `out` as it was if the event is not
    /// shown in this form. `now_ms` is the time shown where the event itself has none, `links` what
    /// links to files begin with.
    pub fn render(
        &self,
        mode: OutputMode,
        now_ms: u64,
        links: Option<&PublicUrl>,
        out: &mut Vec<u8>,
    ) -> bool {
        match mode {
            OutputMode::Json if frequent::event(self, out) => {}
            OutputMode::Json => match Envelope::of(self) {
                Some(envelope) => write(&envelope, out),
                None => return false,
            },
            OutputMode::Text => return text::event(self, links, out),
            OutputMode::Simple => return text::simple(self, now_ms, links, out),
        }
        true
    }

    /// Appends the payload without its envelope: the body of an HTTP response.
    pub fn render_payload(&self, out: &mut Vec<u8>) {
        match Receipt::of(self) {
            Some(receipt) => write(&receipt, out),
            None => write(&Payload::of(self), out),
        }
    }
}

fn write(value: &impl Serialize, out: &mut Vec<u8>) {
    // Writing strings, numbers and maps with string keys into a vector cannot fail.
    let _ = serde_json::to_writer(out, value);
}
