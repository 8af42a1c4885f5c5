//! Hooks of rooms: added, listed and removed by who moderates there, and what is posted by them.
//!
//! A room is told of each hook that is added or removed, by an entry of its record with which the
//! hook is stored or deleted.

use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::actions::append::Writer;
use crate::chat::actions::post::Message;
use crate::chat::ids::{ClientId, RoomId};
use crate::chat::names::{UserName, hook_sender};
use crate::chat::pending::{AppendRequest, HookChange, ReplayCandidate, RequestOrigin};
use crate::chat::people::author_of;
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::protocol::hook::{Hook, HookAction, HookKind, HookPost};
use crate::chat::protocol::request::Credential;
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::rate::{RateKey, refused};
use crate::chat::record::{AuthorKey, Change, Files, Moderation, ModerationAction};
use crate::chat::rooms::rules::Actor;
use crate::chat::step::Step;
use crate::clock::Now;

impl Chat {
    /// Finds the hook by which the bearer of a token may post. Tokens are looked up by their hash, so
    /// that the time it takes reveals nothing about a guess.
    pub fn hook_of_token(&self, token: &str) -> Option<AuthorKey> {
        let id = author_of(token);
        let hook = &self.rooms.hooks.get(id)?.hook;
        (hook.kind == HookKind::Incoming).then_some(id)
    }

    /// Charges a hook and its room for a post.
    ///
    /// # Errors
    /// If the rate of the hook, or that of all hooks of its room, is exceeded.
    pub fn charge_hook(&mut self, now: Now, id: AuthorKey) -> Result<(), Refusal> {
        let room = self.rooms.hooks.get(id).and_then(|hook| self.rooms.find(&hook.room));
        let room = room.ok_or_else(Refusal::no_such_room)?;
        self.post_buckets.take(now.at, RateKey::Author(id)).map_err(refused)?;
        self.post_buckets.take(now.at, RateKey::Hooks(room)).map_err(refused)
    }

    /// Handles a request about the hooks of a room.
    pub(in crate::chat) fn hooks_asked(
        &mut self,
        step: &mut Step<'_>,
        caller: ClientId,
        by: &Credential,
        named: &str,
        action: HookAction,
    ) -> Result<(), Refusal> {
        let actor = self.actor_by(step, by)?;
        // Who does not read a private room does not have it read by a hook.
        let room = self.readable(Some(actor.author), named)?;
        let done = match action {
            HookAction::Remove(_) => ModerationAction::RemoveHook,
            HookAction::Add { .. } | HookAction::List => ModerationAction::AddHook,
        };
        self.check_role(room, &actor, done)?;
        match action {
            HookAction::Add { kind, name, url, key } => {
                let hook = self.new_hook(step.now, room, &actor, kind, &name, url, &key)?;
                self.check_change(step.now, &actor)?;
                self.add_hook(step, caller, room, &actor, hook, key);
                Ok(())
            }
            HookAction::Remove(id) => {
                self.check_change(step.now, &actor)?;
                self.remove_hook(step, caller, room, &actor, id)
            }
            HookAction::List => {
                let key = self.rooms.get(room).map_or("", |room| &room.key);
                let hooks = self.rooms.hooks.of_room(key).map(|it| it.hook.clone());
                let hooks = hooks.filter(|hook| self.rooms.hooks.is_recorded(hook.id)).collect();
                step.respond(caller, ServerEvent::Hooks(hooks));
                Ok(())
            }
        }
    }

    /// Returns the actor of a request that needs one.
    fn actor_by(&mut self, step: &mut Step<'_>, by: &Credential) -> Result<Actor, Refusal> {
        match by {
            Credential::Nobody => {
                Err(Refusal::new(Code::AuthRequired, "only moderators of the room may do that"))
            }
            Credential::Session(session) => {
                let person = self.people.of_session(self.of_session(session)?);
                person.and_then(|key| self.actor_of(key)).ok_or_else(Refusal::internal)
            }
            Credential::Login(login) => {
                let account = self.account_of(step, login)?;
                let actor = self.account_actor(account.author, &account.name);
                Ok(Actor { admin: actor.admin || (login.outside && login.admin), ..actor })
            }
        }
    }

    /// Charges an actor for a change of the hooks of a room.
    fn check_change(&mut self, now: Now, actor: &Actor) -> Result<(), Refusal> {
        if self.farewell.is_some() {
            return Err(Refusal::new(Code::Overloaded, "the server is shutting down"));
        }
        self.post_buckets.take(now.at, RateKey::Author(actor.author)).map_err(refused)
    }

    #[expect(clippy::too_many_arguments, reason = "what a hook consists of")]
    fn new_hook(
        &self,
        now: Now,
        room: RoomId,
        actor: &Actor,
        kind: HookKind,
        name: &str,
        url: Option<Arc<str>>,
        key: &Arc<str>,
    ) -> Result<Hook, Refusal> {
        let name = UserName::parse(name, &self.limits)
            .map_err(|fault| Refusal::new(Code::NameInvalid, fault))?;
        let (is_sent, id) = (kind == HookKind::Outgoing, author_of(key));
        if is_sent != url.is_some() {
            let message = "url: an outgoing hook has one, and no other";
            return Err(Refusal::new(Code::BadField, message));
        }
        let key_of_room = self.rooms.get(room).map_or("", |room| &room.key);
        let others = || self.rooms.hooks.of_room(key_of_room);
        if others().any(|it| it.hook.kind == kind && it.hook.name == *name.as_arc()) {
            return Err(Refusal::new(Code::NameTaken, "the room has a hook of this name"));
        }
        if others().count() >= ROOM_HOOKS_MAX {
            let message = format!("a room has at most {ROOM_HOOKS_MAX} hooks");
            return Err(Refusal::new(Code::RoomFull, message));
        }
        if self.rooms.hooks.len() >= self.limits.hooks_max {
            return Err(Refusal::new(Code::Overloaded, "there are too many hooks"));
        }
        Ok(Hook {
            id,
            kind,
            name: Arc::clone(name.as_arc()),
            by: Arc::clone(&actor.name),
            since: now.unix_ms,
            url,
            secret: is_sent.then(|| Arc::clone(key)),
            disabled: false,
        })
    }

    fn add_hook(
        &mut self,
        step: &mut Step<'_>,
        caller: ClientId,
        room: RoomId,
        actor: &Actor,
        hook: Hook,
        key: Arc<str>,
    ) {
        let Some(inside) = self.rooms.get(room) else { return };
        let (key_of_room, top) = (Arc::clone(&inside.key), inside.top);
        let (id, name) = (hook.id, Arc::clone(&hook.name));
        let key_values = vec![self.rooms.hooks.add(&key_of_room, hook, top)];
        let change = HookChange { id, key: Some(key), key_values };
        self.record_hook(step, caller, room, actor, ModerationAction::AddHook, &name, change);
    }

    fn remove_hook(
        &mut self,
        step: &mut Step<'_>,
        caller: ClientId,
        room: RoomId,
        actor: &Actor,
        id: AuthorKey,
    ) -> Result<(), Refusal> {
        let key_of_room = self.rooms.get(room).map_or("", |room| &room.key);
        let hook = self.rooms.hooks.get(id).filter(|it| *it.room == *key_of_room);
        let hook = hook.ok_or_else(no_such_hook)?;
        let (key_values, name) = (hook.removal(), Arc::clone(&hook.hook.name));
        let change = HookChange { id, key: None, key_values };
        self.record_hook(step, caller, room, actor, ModerationAction::RemoveHook, &name, change);
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "who does what to which hook, and where")]
    fn record_hook(
        &mut self,
        step: &mut Step<'_>,
        caller: ClientId,
        room: RoomId,
        actor: &Actor,
        action: ModerationAction,
        name: &str,
        hook: HookChange,
    ) {
        let user = Some(hook_sender(name, None));
        let moderation = Arc::new(Moderation { action, user, seconds: None, reason: None });
        let change = Change::Moderated { moderation };
        let Actor { author, name, account, admin, .. } = actor;
        let (author, name, account) = (*author, Arc::clone(name), *account);
        let writer = Writer { author, name, account, admin: *admin };
        let origin = RequestOrigin::Request { caller, author };
        let requested = AppendRequest { id: None, change, planned: None, hook: Some(hook) };
        self.record_as(step, origin, &writer, room, requested);
    }

    /// Adds or removes a hook whose entry is recorded. Returns the answer.
    pub(in crate::chat) fn hook_changed(
        &mut self,
        step: &Step<'_>,
        change: HookChange,
    ) -> ServerEvent {
        let HookChange { id, key, .. } = change;
        let hook = if key.is_some() {
            self.rooms.hooks.confirm(step.now.at, id);
            self.rooms.hooks.get(id).map(|it| it.hook.clone())
        } else {
            self.rooms.hooks.remove(id).map(|it| it.hook)
        };
        match hook {
            Some(hook) => ServerEvent::Hook { hook: Box::new(hook), key },
            // Another request removed it meanwhile.
            None => ServerEvent::Error(Box::new(no_such_hook())),
        }
    }

    /// Posts a message by a hook. The rules of the room are the same for it as for a guest; the room
    /// need not be public.
    pub(in crate::chat) fn post_by_hook(
        &mut self,
        step: &mut Step<'_>,
        caller: ClientId,
        post: HookPost,
    ) -> Result<(), Refusal> {
        let HookPost { hook: author, id, content, username } = post;
        let hook = self.rooms.hooks.get(author).ok_or_else(Refusal::no_such_room)?;
        let room = self.rooms.find(&hook.room).ok_or_else(Refusal::no_such_room)?;
        if self.farewell.is_some() {
            return Err(Refusal::new(Code::Overloaded, "the server is shutting down"));
        }
        let given = username.and_then(|name| UserName::parse(&name, &self.limits).ok());
        let name = hook_sender(&hook.hook.name, given.as_ref().map(|name| &**name.as_arc()));
        let message =
            Message { content, reply_to: None, ttl: None, files: Vec::new(), sender: None };
        let life = self.check_message(room, &message)?;
        let origin = RequestOrigin::Request { caller, author };
        let checked = self.check_hook(step.now, author, &name, room);
        let change = message.into_change(step, life, Files::default());
        if let Err(refusal) = checked {
            let before = ReplayCandidate { origin, author, room: Some(room), id, change };
            return self.check_replay(step, before, refusal);
        }
        let writer = Writer { author, name, account: false, admin: false };
        let requested = AppendRequest { id, change, planned: None, hook: None };
        self.record_as(step, origin, &writer, room, requested);
        Ok(())
    }

    /// Refuses a hook that may not post now.
    fn check_hook(
        &self,
        now: Now,
        author: AuthorKey,
        name: &Arc<str>,
        room: RoomId,
    ) -> Result<(), Refusal> {
        let inside = self.rooms.get(room).ok_or_else(Refusal::internal)?;
        inside.check_stays()?;
        inside.rules().check_speech(&Actor::absent(author, name), now)?;
        inside.rules().check_pace(author, false, now)
    }
}

fn no_such_hook() -> Refusal {
    Refusal::new(Code::NoSuchUser, "the room has no such hook")
}

/// Hooks of a room.
const ROOM_HOOKS_MAX: usize = 20;
