//! HTTP requests, each with exactly one answer.
//!
//! No user stays connected by a request: a guest without a session exists only until its post is
//! answered, and a detached session that posts has its name for as long.

use std::net::IpAddr;
use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::actions::post::Message;
use crate::chat::ids::{ClientId, PersonId, RoomId};
use crate::chat::names::UserName;
use crate::chat::pending::{AppendRequest, Purpose, ReplayCandidate, RequestOrigin};
use crate::chat::people::{author_by, telling};
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::protocol::request::{Body, Credential, Post, Request};
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::rate::{RateKey, refused};
use crate::chat::record::{AuthorKey, JournalError, Page, Span};
use crate::chat::rooms::rules::Actor;
use crate::chat::step::Step;
use crate::clock::Now;

/// The origin of a post.
#[derive(Clone, Copy)]
struct Origin {
    caller: ClientId,
    network: IpAddr,
}

/// The author of a post.
enum Poster {
    /// A known author, and whether its token grants admin rights.
    Known(AuthorKey, bool),
    /// A guest with this name.
    Guest(UserName),
}

impl Poster {
    /// Returns the bucket to charge and the author.
    fn rate_key(&self, network: IpAddr) -> (RateKey, AuthorKey) {
        match self {
            Self::Known(author, _) => (RateKey::Author(*author), *author),
            Self::Guest(name) => (RateKey::Network(network), author_by(name, network)),
        }
    }
}

impl Body {
    fn message(&self) -> Message {
        let Self { content, reply_to, ttl, files, name: _ } = self;
        let (content, files) = (Arc::clone(content), files.clone());
        Message { content, reply_to: *reply_to, ttl: *ttl, files, sender: None }
    }
}

impl Chat {
    /// Handles an HTTP request.
    pub(in crate::chat) fn asked(
        &mut self,
        step: &mut Step<'_>,
        caller: ClientId,
        network: IpAddr,
        request: Request,
    ) {
        // A post is charged once its author is known.
        let paid = match &request {
            // An upload was charged when it began.
            Request::Post(_) | Request::AddFile(_) => Ok(()),
            // Before its body was read.
            Request::HookPost(_) => Ok(()),
            Request::File { .. } => self.charge_download(step.now, network),
            _ => self.charge_request(step.now, network),
        };
        let done = paid.and_then(|()| match request {
            Request::Rooms => {
                let rooms = self.rooms.largest(self.limits.listed_max);
                step.respond(caller, ServerEvent::RoomList { re: None, rooms, next: None });
                Ok(())
            }
            Request::AccountRequest(account_request) => {
                self.account_request(step, caller, network, *account_request)
            }
            Request::History { by, room, span, limit } => self.reader(&by).and_then(|reader| {
                let room = self.readable(reader, &room)?;
                let limit = self.page_length(limit);
                let purpose = Purpose::Requested { by: reader };
                self.request_page(step, caller, room, span, limit, purpose);
                Ok(())
            }),
            Request::Stats { minutes } => {
                step.respond(caller, self.stats(step.now, None, minutes));
                Ok(())
            }
            Request::Hooks { by, room, action } => {
                self.hooks_asked(step, caller, &by, &room, action)
            }
            Request::HookPost(post) => {
                let text = Arc::clone(&post.content);
                let posted = self.post_by_hook(step, caller, *post);
                posted.map_err(|refusal| refusal.text(text))
            }
            Request::AddFile(new) => {
                self.add_file(step, caller, *new);
                Ok(())
            }
            Request::File { by, file } => self.find_file(step, caller, &by, file),
            Request::RemoveRoom { by, room } => {
                self.remove_room_by_request(step, caller, by.as_ref(), &room)
            }
            Request::Post(post) => {
                let text = Arc::clone(&post.body.content);
                let posted = self.post(step, Origin { caller, network }, *post);
                posted.map_err(|refusal| refusal.text(text))
            }
        });
        if let Err(refusal) = done {
            step.respond(caller, ServerEvent::Error(Box::new(refusal)));
        }
    }

    /// Returns the answer to a request for a page.
    pub(in crate::chat) fn requested(
        &mut self,
        by: Option<AuthorKey>,
        room: RoomId,
        span: Span,
        page: Page,
    ) -> ServerEvent {
        let own = by.unwrap_or(AuthorKey([0; 16]));
        match self.history(own, room, span, None, page) {
            Some(history) => ServerEvent::History(Box::new(history)),
            None => self.unreadable(own, room, None, JournalError::Unavailable),
        }
    }

    fn post(&mut self, step: &mut Step<'_>, from: Origin, post: Post) -> Result<(), Refusal> {
        let poster = self.poster(step, &post)?;
        if self.farewell.is_some() {
            return Err(Refusal::new(Code::Overloaded, "the server is shutting down"));
        }
        if matches!(poster, Poster::Guest(_)) && post.room.trim_start().starts_with('@') {
            let message = "a private message needs a session or an account";
            return Err(Refusal::new(Code::Unauthorized, message));
        }
        let (rate_key, _) = poster.rate_key(from.network);
        self.post_buckets.take(step.now.at, rate_key).map_err(refused)?;
        let (who, owns) = self.actor_of_poster(&poster, from.network);
        let network = Some(from.network);
        let room = match self.room_to_join(step, &who, owns, network, &post.room) {
            Ok(room) => room,
            Err(refusal) => {
                let room = self.rooms.room_named(Some(&post.room));
                return self.refuse_post(step, from, room, &poster, &post, refusal);
            }
        };
        let posted = self.post_in(step, from, room, &who, &poster, post);
        // A room created for a refused post is removed again.
        self.rooms.vacate(room);
        posted
    }

    /// Returns the author of a post.
    fn poster(&mut self, step: &mut Step<'_>, post: &Post) -> Result<Poster, Refusal> {
        match &post.by {
            Credential::Nobody => {}
            Credential::Session(session) => {
                return self.of_session(session).map(|author| Poster::Known(author, false));
            }
            Credential::Login(login) => {
                let account = self.account_of(step, login)?;
                let known = self.people.of_session(account.author).is_some();
                let person = self.person_of(step, &account);
                if !known && let Some(person) = self.people.get_mut(person) {
                    person.left = step.now.at;
                }
                return Ok(Poster::Known(account.author, login.outside && login.admin));
            }
        }
        match post.body.name.as_deref().filter(|name| !name.trim().is_empty()) {
            Some(name) => UserName::parse(name, &self.limits)
                .map(Poster::Guest)
                .map_err(|fault| Refusal::new(Code::NameInvalid, fault)),
            None => Ok(Poster::Guest(UserName::anonymous())),
        }
    }

    /// Returns the actor of a post, and whether it owns a room that the post creates.
    fn actor_of_poster(&self, poster: &Poster, network: IpAddr) -> (Actor, bool) {
        match poster {
            Poster::Known(author, by_token) => {
                let actor = self.people.of_session(*author).and_then(|key| self.actor_of(key));
                let actor = actor.unwrap_or_else(|| Actor::absent(*author, &"".into()));
                (Actor { admin: actor.admin || *by_token, ..actor }, true)
            }
            Poster::Guest(name) => {
                let (author, name) = (author_by(name, network), Arc::clone(name.as_arc()));
                let (network, since) = (telling(Some(network)), u64::MAX);
                (Actor { author, name, account: false, admin: false, network, since }, false)
            }
        }
    }

    fn post_in(
        &mut self,
        step: &mut Step<'_>,
        from: Origin,
        room: RoomId,
        who: &Actor,
        poster: &Poster,
        post: Post,
    ) -> Result<(), Refusal> {
        let message = post.body.message();
        let life = self.check_message(room, &message)?;
        if let Err(refusal) = self.check_author(step.now, who, room) {
            return self.refuse_post(step, from, Some(room), poster, &post, refusal);
        }
        let (_, author) = poster.rate_key(from.network);
        let files = match self.files_to_send(author, room, &message.files) {
            Ok(files) => files,
            Err(refusal) => {
                return self.refuse_post(step, from, Some(room), poster, &post, refusal);
            }
        };
        let (person, author) = self.let_speak(step, poster, from.network);
        self.note_poster(room, who, person, from.network);
        self.count_speaker(step.now, author);
        let change = message.into_change(step, life, files);
        let origin = RequestOrigin::Request { caller: from.caller, author };
        self.record(
            step,
            origin,
            person,
            room,
            AppendRequest { id: post.id, change, planned: None, hook: None },
        );
        Ok(())
    }

    /// Refuses an author who may not post in a room now.
    fn check_author(&self, now: Now, who: &Actor, room: RoomId) -> Result<(), Refusal> {
        let inside = self.rooms.get(room).ok_or_else(Refusal::internal)?;
        self.check_partner(who.author, inside)?;
        inside.rules().check_speech(who, now)?;
        inside.rules().check_pace(who.author, who.admin, now)
    }

    /// Records a poster, by the name that everybody sees, for moderation.
    fn note_poster(&mut self, room: RoomId, who: &Actor, person: PersonId, network: IpAddr) {
        let Some(name) = self.people.get(person).map(|it| Arc::clone(&it.name)) else { return };
        let network = who.network.or_else(|| telling(Some(network)).filter(|_| !who.account));
        let who = Actor { name, network, ..who.clone() };
        if let Some(room) = self.rooms.get_mut(room).filter(|room| room.direct_room.is_none()) {
            room.posters.get_or_insert_default().note(who);
        }
    }

    /// Refuses a post, unless the same was posted before.
    fn refuse_post(
        &mut self,
        step: &mut Step<'_>,
        from: Origin,
        room: Option<RoomId>,
        poster: &Poster,
        post: &Post,
        refusal: Refusal,
    ) -> Result<(), Refusal> {
        let (change, refusal) = self.refused_message(step, post.body.message(), refusal)?;
        let (_, author) = poster.rate_key(from.network);
        let origin = RequestOrigin::Request { caller: from.caller, author };
        let before = ReplayCandidate { origin, author, room, id: post.id.clone(), change };
        self.check_replay(step, before, refusal)
    }

    /// Reserves a name for the author of a post until the post is answered.
    fn let_speak(
        &mut self,
        step: &mut Step<'_>,
        poster: &Poster,
        network: IpAddr,
    ) -> (PersonId, AuthorKey) {
        let (_, author) = poster.rate_key(network);
        let known = self.people.of_session(author);
        let key = known.unwrap_or_else(|| self.people.add(author));
        if let Poster::Guest(name) = poster
            && known.is_none()
        {
            self.people.assign_name(key, name, &self.limits);
        } else if self.people.restore_name(key, &self.limits) {
            self.session_changed(step, key);
        }
        if let Some(person) = self.people.get_mut(key) {
            person.posts = person.posts.saturating_add(1);
            if matches!(poster, Poster::Guest(_)) {
                (person.transient, person.persisted) = (true, true);
            }
        }
        (key, author)
    }

    /// Records that a post was answered; with its last post, a guest is removed.
    pub(in crate::chat) fn has_posted(&mut self, author: AuthorKey) {
        let Some(key) = self.people.of_session(author) else { return };
        let Some(person) = self.people.get_mut(key) else { return };
        person.posts = person.posts.saturating_sub(1);
        if person.posts > 0 {
            return;
        }
        if person.transient {
            self.people.remove(key);
        } else if person.detached_session {
            self.people.release(key);
        }
    }
}
