//! Messages and other changes of a room's record: checked, then requested.

use std::sync::Arc;

use unicode_segmentation::UnicodeSegmentation as _;

use crate::chat::Chat;
use crate::chat::ids::RoomId;
use crate::chat::names::{UserName, is_blank};
use crate::chat::people::client::ClientRef;
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::record::{Change, File, FileId, Files, JournalError};
use crate::chat::rooms::Room;
use crate::chat::step::Step;

impl Chat {
    /// Checks a message and has it recorded.
    pub(in crate::chat) fn send(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        room: RoomId,
        id: Option<Arc<str>>,
        message: Message,
    ) -> Result<(), Refusal> {
        let life = self.check_message(room, &message)?;
        let back = |refusal: Refusal| refusal.text(Arc::clone(&message.content));
        if let Err(refusal) = self.check_speech(step, from, room, true) {
            return self.refuse_to_send(step, from, Some(room), id, message, refusal);
        }
        self.charge_send(step, from, Some(room)).map_err(back)?;
        if let Some(sender) = &message.sender {
            let heard = self.speak_as(step, from, sender);
            heard.map_err(|refusal| refusal.text(Arc::clone(&message.content)))?;
        }
        let files = match self.files_to_send(from.author, room, &message.files) {
            Ok(files) => files,
            Err(refusal) => {
                return self.refuse_to_send(step, from, Some(room), id, message, refusal);
            }
        };
        self.append(step, from, room, id, message.into_change(step, life, files));
        Ok(())
    }

    /// Refuses a message, unless it was posted before.
    pub(in crate::chat) fn refuse_to_send(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        room: Option<RoomId>,
        id: Option<Arc<str>>,
        message: Message,
        refusal: Refusal,
    ) -> Result<(), Refusal> {
        let (change, refusal) = self.refused_message(step, message, refusal)?;
        self.refuse_unless_replayed(step, from, room, id, change, refusal)
    }

    /// Returns a refused message as a change, and the refusal with the message's text.
    pub(in crate::chat) fn refused_message(
        &self,
        step: &Step<'_>,
        message: Message,
        refusal: Refusal,
    ) -> Result<(Change, Refusal), Refusal> {
        let refusal = refusal.text(Arc::clone(&message.content));
        match self.life(message.ttl) {
            Ok(life) => {
                let files = message.files.iter().map(|id| File::unknown(*id)).collect();
                Ok((message.into_change(step, life, files), refusal))
            }
            Err(_) => Err(refusal),
        }
    }

    /// Checks a message to a room. Returns its life in milliseconds.
    pub(in crate::chat) fn check_message(
        &self,
        room: RoomId,
        message: &Message,
    ) -> Result<Option<u64>, Refusal> {
        if message.files.is_empty() {
            self.check_content(&message.content)?;
        } else {
            self.check_length(&message.content, self.limits.content_chars_max)?;
        }
        if message.files.len() > self.limits.files_per_message_max {
            let most = self.limits.files_per_message_max;
            let refusal = Refusal::new(Code::BadField, format!("files: at most {most}"));
            return Err(refusal.text(Arc::clone(&message.content)));
        }
        let life = self.life(message.ttl)?;
        if message.reply_to.is_some_and(|mid| self.above_top(room, mid)) {
            return Err(no_such_message().text(Arc::clone(&message.content)));
        }
        Ok(life)
    }

    /// Checks any other change of a record and has it recorded.
    pub(in crate::chat) fn change(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        room: RoomId,
        id: Option<Arc<str>>,
        change: Change,
    ) -> Result<(), Refusal> {
        match &change {
            Change::Edited { content, .. } => self.check_content(content)?,
            Change::Reaction { emoji, .. } => {
                let fits = emoji.len() <= self.limits.emoji_bytes_max
                    && emoji.graphemes(true).count() == 1
                    && !emoji.contains(|c: char| c.is_control() || c.is_whitespace())
                    && !is_blank(emoji);
                if !fits {
                    return Err(Refusal::new(Code::BadField, "emoji: one character is expected"));
                }
            }
            Change::Topic { topic } => self.check_length(topic, self.limits.topic_chars_max)?,
            Change::Message { .. }
            | Change::Deleted { .. }
            | Change::Pinned { .. }
            | Change::Moderated { .. } => {}
        }
        let stays = self.rooms.get(room).map_or(Ok(()), Room::check_stays);
        let speaks = !matches!(change, Change::Deleted { .. });
        let text = match &change {
            Change::Edited { content: text, .. } | Change::Topic { topic: text } => {
                Some(Arc::clone(text))
            }
            _ => None,
        };
        let back = |refusal: Refusal| match &text {
            Some(text) => refusal.text(Arc::clone(text)),
            None => refusal,
        };
        stays.map_err(back)?;
        if speaks && let Err(refusal) = self.check_speech(step, from, room, false).map_err(back) {
            return self.refuse_unless_replayed(step, from, Some(room), id, change, refusal);
        }
        if let Change::Edited { mid, .. }
        | Change::Deleted { mid, .. }
        | Change::Pinned { mid, .. }
        | Change::Reaction { mid, .. } = &change
            && self.above_top(room, *mid)
        {
            return Err(no_such_message());
        }
        self.charge_send(step, from, Some(room)).map_err(back)?;
        self.append(step, from, room, id, change);
        Ok(())
    }

    /// Refuses a client that may not post in a room now. `says`: it posts a message, to which slow
    /// mode applies.
    pub(in crate::chat) fn check_speech(
        &self,
        step: &Step<'_>,
        from: ClientRef,
        room: RoomId,
        says: bool,
    ) -> Result<(), Refusal> {
        let who = self.actor_on(from.slot).ok_or_else(Refusal::internal)?;
        let room = self.rooms.get(room).ok_or_else(Refusal::internal)?;
        room.check_stays()?;
        let (author, admin) = (who.author, who.admin);
        if says {
            self.check_partner(author, room)?;
        }
        let checked = room.rules().check_speech(&who, step.now).and_then(|()| {
            if says { room.rules().check_pace(author, admin, step.now) } else { Ok(()) }
        });
        checked.map_err(|refusal| refusal.room(&room.name))
    }

    fn check_content(&self, content: &Arc<str>) -> Result<(), Refusal> {
        if is_blank(content) {
            return Err(Refusal::new(Code::BadField, "content is empty"));
        }
        self.check_length(content, self.limits.content_chars_max)
    }

    /// Refuses a text that is too long.
    pub(in crate::chat) fn check_length(
        &self,
        text: &Arc<str>,
        chars_max: usize,
    ) -> Result<(), Refusal> {
        // No text has more characters than bytes.
        if text.len() <= chars_max || text.chars().count() <= chars_max {
            return Ok(());
        }
        let message = format!("at most {chars_max} characters");
        Err(Refusal::new(Code::TooLong, message).text(Arc::clone(text)))
    }

    /// Returns the life of a message in milliseconds.
    pub(in crate::chat) fn life(&self, ttl: Option<u64>) -> Result<Option<u64>, Refusal> {
        let (min, max) = (self.limits.ttl_min.as_secs(), self.limits.ttl_max.as_secs());
        match ttl {
            Some(seconds) if (min..=max).contains(&seconds) => {
                Ok(Some(seconds.saturating_mul(1000)))
            }
            Some(_) => {
                let message = format!("ttl: {min} to {max} seconds are expected");
                Err(Refusal::new(Code::BadField, message))
            }
            None => Ok(self
                .limits
                .message_ttl
                .map(|life| u64::try_from(life.as_millis()).unwrap_or(u64::MAX))),
        }
    }

    fn above_top(&self, room: RoomId, mid: u64) -> bool {
        self.rooms.get(room).is_none_or(|room| mid > room.top)
    }

    /// Names a guest that has no name yet; tells others, once, that `sender` is ignored.
    fn speak_as(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        requested: &str,
    ) -> Result<(), Refusal> {
        let (client, person) = self.people.client(from.slot).ok_or_else(Refusal::internal)?;
        let (id, key, warned) = (from.id, from.person, client.warned);
        if !person.named && !person.account && !requested.trim().is_empty() {
            let name = UserName::parse(requested, &self.limits)
                .map_err(|fault| Refusal::new(Code::NameInvalid, fault))?;
            self.rename(step, from, &name);
            return Ok(());
        }
        if warned || *requested == *person.name {
            return Ok(());
        }
        let known =
            self.people.of_name(requested.trim()) == Some(key) || requested.trim().is_empty();
        if !known {
            let message = format!("you speak as {}; sender is ignored", person.name);
            step.notice(id, None, "sender_ignored", message);
            if let Some(client) = self.people.clients.get_mut(from.slot.index()) {
                client.warned = true;
            }
        }
        Ok(())
    }
}

/// A message to post.
#[derive(Debug)]
pub(in crate::chat) struct Message {
    /// The text.
    pub(in crate::chat) content: Arc<str>,
    /// The `mid` it answers.
    pub(in crate::chat) reply_to: Option<u64>,
    /// Seconds after which it disappears.
    pub(in crate::chat) ttl: Option<u64>,
    /// The files that it carries.
    pub(in crate::chat) files: Vec<FileId>,
    /// The sender the client claims to be.
    pub(in crate::chat) sender: Option<Box<str>>,
}

impl Message {
    /// Turns it into a change, which expires after `life` milliseconds.
    pub(in crate::chat) fn into_change(
        self,
        step: &Step<'_>,
        life: Option<u64>,
        files: Files,
    ) -> Change {
        Change::Message {
            content: self.content,
            reply_to: self.reply_to,
            expires: life.map(|ms| step.now.unix_ms.saturating_add(ms)),
            files,
        }
    }
}

/// Returns the refusal of a change to a message that does not exist.
pub(in crate::chat) fn no_such_message() -> Refusal {
    Refusal::refused(JournalError::NoSuchMessage)
}
