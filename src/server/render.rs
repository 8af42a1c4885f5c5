//! Writes what clients are told, in the form they asked for.
//!
//! A broadcast is rendered once per form, whatever the number of its readers, straight into the
//! buffer it is sent from.

mod json;
mod payload;
mod people;
mod stats;
mod text;
mod write;

use crate::chat::{Form, ServerEvent};

impl ServerEvent {
    /// Appends the event to `out`. False: there is nothing to show in this form, `out` is as it
    /// was.
    pub fn render(&self, form: Form, out: &mut Vec<u8>) -> bool {
        match form {
            Form::Json => json::event(self, out),
            Form::Text => return text::event(self, out),
            Form::Simple => return text::simple(self, out),
        }
        true
    }

    /// Appends what the event says, without its envelope: the body of an HTTP answer. Only what a
    /// request may be answered with says anything.
    pub fn render_payload(&self, out: &mut Vec<u8>) {
        payload::event(self, out);
    }
}
