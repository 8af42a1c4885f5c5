//! Requests: what is asked of the chat without a WebSocket, each with one answer.
//!
//! Nobody stays because of a request: who posts without a session is somebody only until the post
//! is answered, and a ghost that posts has its name for as long.

use std::net::IpAddr;
use std::sync::Arc;

use super::awaited::{Asker, Purpose};
use super::name::{UserName, fold};
use super::people::{author_by, author_of};
use super::rate::Payer;
use super::record::{AuthorKey, Page, Refused, Span};
use super::refusal::{Code, Refusal};
use super::talk::Message;
use super::told::ServerEvent;
use super::{Chat, ClientId, Step};

/// Is one thing asked without a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// For the rooms.
    Rooms,
    /// For a part of a room's record.
    History {
        /// The room.
        room: Box<str>,
        /// Which part.
        span: Span,
        /// How many messages.
        limit: Option<u32>,
    },
    /// For the statistics.
    Stats {
        /// Of how many minutes.
        minutes: Option<u32>,
    },
    /// To say something.
    Post(Box<Post>),
}

/// Says something in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// The room.
    pub room: Box<str>,
    /// The key of the session that speaks; without it a guest does.
    pub session: Option<Box<str>>,
    /// Where the request comes from: guests of one network share a rate.
    pub network: IpAddr,
    /// The idempotency key: within the session, or among guests of the same name.
    pub id: Option<Arc<str>>,
    /// What is said.
    pub body: Body,
}

/// Is what a post says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// The text.
    pub content: Arc<str>,
    /// The `mid` it answers.
    pub reply_to: Option<u64>,
    /// Seconds after which it disappears.
    pub ttl: Option<u64>,
    /// What a guest is called; who has a session has a name.
    pub name: Option<Box<str>>,
}

/// Is who posts.
enum Speaker {
    /// A person that is known.
    Known(AuthorKey),
    /// Somebody who is called so.
    Guest(UserName),
}

impl Chat {
    /// Takes in a request.
    pub(super) fn asked(&mut self, step: &mut Step<'_>, caller: ClientId, request: Request) {
        let done = match request {
            Request::Rooms => {
                let rooms = self.rooms.fullest(self.limits.listed_max);
                step.respond(caller, ServerEvent::RoomList { re: None, rooms });
                Ok(())
            }
            Request::Stats { minutes } => {
                step.respond(caller, self.stats(step.now, None, minutes));
                Ok(())
            }
            Request::History { room, span, limit } => match self.rooms.find(&fold(room.trim())) {
                Some(room) => {
                    let limit = self.page_length(limit);
                    self.read(step, caller, room, span, limit, Purpose::Requested);
                    Ok(())
                }
                None => Err(Refusal::new(Code::NoSuchRoom, "there is no such room")),
            },
            Request::Post(post) => {
                let text = Arc::clone(&post.body.content);
                self.post(step, caller, *post).map_err(|refusal| refusal.text(text))
            }
        };
        if let Err(refusal) = done {
            step.respond(caller, ServerEvent::Error(Box::new(refusal)));
        }
    }

    /// Makes the answer to a request for a page.
    pub(super) fn requested(&mut self, room: u32, span: Span, page: Page) -> ServerEvent {
        match self.history(room, span, None, page) {
            Some(history) => ServerEvent::History(Box::new(history)),
            None => self.unreadable(room, None, Refused::Unavailable),
        }
    }

    fn post(&mut self, step: &mut Step<'_>, caller: ClientId, post: Post) -> Result<(), Refusal> {
        let speaker = self.speaker(&post)?;
        if self.draining.is_some() {
            return Err(Refusal::new(Code::Overloaded, "this server is about to end"));
        }
        let room = self.room_to_join(&post.room)?;
        let posted = self.post_in(step, caller, room, speaker, post);
        // Nothing is left of a room made for what was refused.
        self.rooms.vacate(room);
        posted
    }

    /// Finds out who posts.
    fn speaker(&self, post: &Post) -> Result<Speaker, Refusal> {
        if let Some(session) = &post.session {
            let author = author_of(session);
            let known = self.people.of_session(author).map(|_| Speaker::Known(author));
            return known.ok_or_else(|| {
                Refusal::new(Code::Unauthorized, "nobody has this session key, or has it any more")
            });
        }
        match post.body.name.as_deref().filter(|name| !name.trim().is_empty()) {
            Some(name) => UserName::parse(name, &self.limits)
                .map(Speaker::Guest)
                .map_err(|fault| Refusal::new(Code::NameInvalid, fault)),
            None => Ok(Speaker::Guest(UserName::anonymous())),
        }
    }

    fn post_in(
        &mut self,
        step: &mut Step<'_>,
        caller: ClientId,
        room: u32,
        speaker: Speaker,
        post: Post,
    ) -> Result<(), Refusal> {
        let Body { content, reply_to, ttl, name: _ } = post.body;
        let message = Message { content, reply_to, ttl, sender: None };
        let life = self.check_message(room, &message)?;
        let payer = match &speaker {
            Speaker::Known(author) => Payer::Author(*author),
            Speaker::Guest(_) => Payer::Network(post.network),
        };
        self.posters.take(step.now.at, payer, &self.limits)?;
        let (person, author) = self.let_speak(step, &speaker);
        self.count_speaker(step.now, author);
        let change = message.into_change(step, life);
        self.record(step, Asker::Request { caller, author }, person, room, post.id, change);
        Ok(())
    }

    /// Makes sure that whoever posts has a name until the post is answered.
    fn let_speak(&mut self, step: &mut Step<'_>, speaker: &Speaker) -> (u32, AuthorKey) {
        let author = match speaker {
            Speaker::Known(author) => *author,
            Speaker::Guest(name) => author_by(name),
        };
        let known = self.people.of_session(author);
        let key = known.unwrap_or_else(|| self.people.add(author));
        if let Speaker::Guest(name) = speaker
            && known.is_none()
        {
            self.people.call(key, name, &self.limits);
        } else if self.people.recall(key, &self.limits) {
            self.session_changed(step, key);
        }
        if let Some(person) = self.people.get_mut(key) {
            person.posts = person.posts.saturating_add(1);
            if matches!(speaker, Speaker::Guest(_)) {
                (person.passing, person.kept) = (true, true);
            }
        }
        (key, author)
    }

    /// Takes note that a post is answered; with the last one a guest is gone.
    pub(super) fn has_posted(&mut self, author: AuthorKey) {
        let Some(key) = self.people.of_session(author) else { return };
        let Some(person) = self.people.get_mut(key) else { return };
        person.posts = person.posts.saturating_sub(1);
        if person.posts > 0 {
            return;
        }
        if person.passing {
            self.people.remove(key);
        } else if person.ghost {
            self.people.release(key);
        }
    }
}
