//! Hooks: what other programs post, and what they are sent.
//!
//! [`crate::chat`] decides what is posted and what is sent next; this module reads what is posted
//! ([`incoming`]), says which targets may be sent to ([`target`], [`address`]), and sends
//! ([`sender`]), on threads of its own.

mod address;
mod incoming;
mod sender;
mod target;

use std::fmt;
use std::sync::Arc;

use crate::chat::record::AuthorKey;
use crate::chat::{Delivered, Delivery, Input, Limits, OutputMode};
use crate::config::HookHost;
use crate::net::Turn;
use crate::server::Server;
pub(super) use incoming::{Incoming, posted};
use sender::{Job, Sender};
use target::Target;

/// The hosts that hooks may send to, and what sends to them.
#[derive(Default)]
pub(super) struct Hooks {
    allow: Vec<HookHost>,
    /// Started with the first delivery.
    sender: Option<Sender>,
    waker: Option<Arc<dyn Fn() + Send + Sync>>,
    /// Deliveries that were not handed to the sender.
    failed: Vec<(AuthorKey, u64)>,
}

impl Hooks {
    /// Returns hooks that send to these hosts; `waker` is called from another thread after each
    /// delivery.
    pub(super) fn new(allow: Vec<HookHost>, waker: impl Fn() + Send + Sync + 'static) -> Self {
        Self { allow, waker: Some(Arc::new(waker)), ..Self::default() }
    }

    /// Changes the hosts that may be sent to.
    pub(super) fn reload(&mut self, allow: Vec<HookHost>) {
        self.allow = allow;
    }

    /// Checks that a hook may send to a URL.
    ///
    /// # Errors
    /// A sentence that says why not.
    pub(super) fn check(&self, url: &str) -> Result<(), String> {
        Target::parse(url, &self.allow).map(drop)
    }

    /// Hands a message to the threads that send; `event` is its JSON.
    fn deliver(&mut self, delivery: &Delivery, epoch: &str, event: &[u8], limits: &Limits) {
        let Delivery { hook, seq, .. } = delivery;
        let sent = Target::parse(&delivery.url, &self.allow)
            .and_then(|target| Ok((target, self.started()?)))
            .map(|(target, sender)| sender.send(Job::new(delivery, target, epoch, event, limits)));
        if let Err(why) = sent {
            tracing::debug!(hook = hook.to_hex(), seq, "not sent: {why}");
            self.failed.push((*hook, *seq));
        }
    }

    fn started(&mut self) -> Result<&Sender, String> {
        if self.sender.is_none() {
            let waker = self.waker.clone().ok_or("there is no waker")?;
            let started = Sender::start(&waker);
            self.sender = Some(started.map_err(|error| format!("no thread: {error}"))?);
        }
        self.sender.as_ref().ok_or_else(|| "no thread".to_owned())
    }

    /// Takes what became of the deliveries since the last call.
    fn outcomes(&mut self) -> Vec<(AuthorKey, u64, Delivered)> {
        let failed = self.failed.drain(..);
        let failed = failed.map(|(hook, seq)| (hook, seq, Delivered::Failed(Default::default())));
        let answered = self.sender.iter().flat_map(Sender::outcomes);
        failed.chain(answered).collect()
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").field("allow", &self.allow).finish_non_exhaustive()
    }
}

impl Server {
    /// Sends a message to the target of a hook.
    pub(super) fn deliver(&mut self, turn: &mut Turn<'_>, delivery: &Delivery) {
        self.text.clear();
        delivery.event.render(OutputMode::Json, turn.now().unix_ms, None, &mut self.text);
        self.hooks.deliver(delivery, self.chat.epoch(), &self.text, self.chat.limits());
        if !self.hooks.failed.is_empty() {
            turn.again();
        }
    }

    /// Hands the chat what became of its deliveries.
    pub(super) fn take_deliveries(&mut self, turn: &mut Turn<'_>) {
        for (hook, seq, outcome) in self.hooks.outcomes() {
            self.handle(turn, Input::Delivered { hook, seq, outcome });
        }
    }
}
