//! Permissions: which moderation an actor may do, and to whom.

use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::ids::RoomId;
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::record::{AuthorKey, ModerationAction};
use crate::chat::rooms::Room;
use crate::chat::rooms::rules::{Actor, Role};
use crate::clock::Now;

impl Chat {
    /// Refuses an actor who may not do an action. Returns its role in the room.
    pub(in crate::chat) fn check_role(
        &self,
        room: RoomId,
        actor: &Actor,
        action: ModerationAction,
    ) -> Result<Role, Refusal> {
        let forbidden = |message: &'static str| Err(Refusal::new(Code::Forbidden, message));
        let inside = self.rooms.get(room).ok_or_else(Refusal::no_such_room)?;
        inside.check_stays()?;
        if inside.direct_room.is_some() {
            return forbidden("a private conversation has no moderators");
        }
        let rules = inside.rules();
        let role = rules.role(actor.author, actor.admin);
        let needed = match action {
            ModerationAction::Invite if !rules.private => Role::Stranger,
            ModerationAction::MakePrivate
            | ModerationAction::MakePublic
            | ModerationAction::Promote
            | ModerationAction::Demote => Role::Owner,
            _ => Role::Moderator,
        };
        if action == ModerationAction::MakePrivate && self.limits.is_lobby(&inside.key) {
            return forbidden("the lobby cannot be made private");
        }
        match needed {
            _ if role >= needed => Ok(role),
            Role::Owner => forbidden("only the owner of this room may do that"),
            _ => forbidden("only moderators of this room may do that"),
        }
    }

    /// Finds the target of a moderation, and refuses it if the actor may not moderate that target.
    pub(in crate::chat) fn target(
        &self,
        room: RoomId,
        actor: &Actor,
        role: Role,
        action: ModerationAction,
        aim: &Aim<'_>,
        now: Now,
    ) -> Result<Actor, Refusal> {
        let nobody = |message: &'static str| Refusal::new(Code::NoSuchUser, message);
        let Some(inside) = self.rooms.get(room) else { return Err(nobody("no such user")) };
        let rules = inside.rules();
        let target = match aim {
            Aim::Name(user) => self.target_named(inside, action, user, now),
            Aim::Author(author, name) => Some(self.target_author(inside, *author, name)),
        };
        let target = target.ok_or_else(|| nobody("no such user"))?;
        if target.author == actor.author && action != ModerationAction::Demote {
            return Err(Refusal::new(Code::BadField, "you cannot do that to yourself"));
        }
        let rises = matches!(
            action,
            ModerationAction::Invite | ModerationAction::Unban | ModerationAction::Unmute
        );
        if !rises
            && target.author != actor.author
            && rules.role(target.author, target.admin) >= role
        {
            let message = "you cannot moderate someone of equal or higher rank";
            return Err(Refusal::new(Code::Forbidden, message));
        }
        let welcomes = matches!(action, ModerationAction::Invite | ModerationAction::Promote);
        if welcomes && rules.is_banned(target.author, now) {
            let message = "this user is banned from the room; unban them first";
            return Err(Refusal::new(Code::Forbidden, message));
        }
        let key = self.people.of_session(target.author);
        let is_there = key.is_some_and(|key| inside.people.contains(&key));
        let is_member = rules.private && rules.role(target.author, false) >= Role::Member;
        let posts = inside.posters.as_ref().is_some_and(|it| it.get(target.author).is_some());
        if action == ModerationAction::Kick && !is_there && !is_member && !posts {
            return Err(nobody("no such user in this room"));
        }
        Ok(target)
    }

    /// Finds the target with a name, in a room.
    fn target_named(
        &self,
        room: &Room,
        action: ModerationAction,
        user: &str,
        now: Now,
    ) -> Option<Actor> {
        let rules = room.rules();
        let found = self.user_named(user);
        if action == ModerationAction::Unban {
            let itself = found.as_ref().filter(|who| rules.bans_author(who.author)).cloned();
            let caught = || found.filter(|who| rules.bans_actor(who, now));
            return itself.or_else(|| rules.banned_actor(user.trim())).or_else(caught);
        }
        let posted = || room.posters.as_ref()?.named(user.trim()).cloned();
        found.or_else(posted).or_else(|| rules.actor(user.trim()))
    }

    /// Returns an author as a target; `name` is its name at the time of the message.
    fn target_author(&self, room: &Room, author: AuthorKey, name: &Arc<str>) -> Actor {
        let person = self.people.of_session(author).and_then(|key| self.target_of(key));
        if let Some(actor) = person.filter(|actor| !actor.name.is_empty()) {
            return actor;
        }
        if let Some(account) = self.people.accounts().get(author) {
            return self.account_actor(author, &account.name);
        }
        let posted = room.posters.as_ref().and_then(|posters| posters.get(author));
        posted.cloned().unwrap_or_else(|| room.rules().absent(author, name))
    }

    /// Finds the user with a name: connected, or with an account.
    pub(in crate::chat) fn user_named(&self, user: &str) -> Option<Actor> {
        let (author, name) = self.people.author_named(user)?;
        if let Some(actor) = self.people.of_session(author).and_then(|key| self.target_of(key)) {
            return Some(Actor { name, ..actor });
        }
        Some(self.account_actor(author, &name))
    }
}

/// How a moderation names its target.
pub(in crate::chat) enum Aim<'a> {
    /// A name.
    Name(&'a str),
    /// The author of a message, and its name then.
    Author(AuthorKey, Arc<str>),
}

impl ModerationAction {
    /// Whether it has a target.
    pub(in crate::chat) const fn has_target(self) -> bool {
        matches!(
            self,
            Self::Kick
                | Self::Ban
                | Self::Unban
                | Self::Mute
                | Self::Unmute
                | Self::Invite
                | Self::Promote
                | Self::Demote
        )
    }
}
