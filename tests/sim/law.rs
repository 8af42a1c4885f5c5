//! The rules that must apply in the rooms of a simulation, derived from the record alone.

use std::collections::{BTreeMap, BTreeSet};

use chinwag::chat::record::{AuthorKey, Moderation, ModerationAction};

/// What should hold in one room.
#[derive(Clone, Debug, Default)]
pub(crate) struct Law {
    /// Whether the record has begun: before that, the creator of a new room of this name owns it.
    pub(crate) founded: bool,
    pub(crate) owner: Option<AuthorKey>,
    pub(crate) private: bool,
    pub(crate) locked: bool,
    pub(crate) members: BTreeSet<AuthorKey>,
    pub(crate) moderators: BTreeSet<AuthorKey>,
    pub(crate) banned: BTreeMap<AuthorKey, u64>,
    pub(crate) muted: BTreeMap<AuthorKey, u64>,
    /// Of whom it depends on a race with a crash or a refusal what they are.
    pub(crate) unsure: BTreeSet<AuthorKey>,
    /// Who was there when the room was to become private, and not any more when it did: a crash
    /// while other deeds are under way may come before that is written.
    pub(crate) fading: BTreeSet<AuthorKey>,
    /// Who owned the room or might have come to own it.
    pub(crate) heirs: BTreeSet<AuthorKey>,
    /// Whether that decides who the owner is.
    pub(crate) disputed: bool,
    /// The same of the room as a whole.
    pub(crate) vague: bool,
}

impl Law {
    /// Applies a recorded moderation. `present` are the people in the room, `aim` is the target.
    pub(crate) fn apply(
        &mut self,
        moderation: &Moderation,
        aim: Option<AuthorKey>,
        present: &BTreeSet<AuthorKey>,
        now: u64,
    ) {
        let until = moderation.seconds.map_or(u64::MAX, |seconds| now + seconds * 1000);
        match (moderation.action, aim) {
            (ModerationAction::MakePrivate, _) => {
                (self.private, self.vague) = (true, false);
                self.members.extend(present);
            }
            (ModerationAction::MakePublic, _) => (self.private, self.vague) = (false, false),
            (ModerationAction::Lock, _) => self.locked = true,
            (ModerationAction::Unlock, _) => self.locked = false,
            (ModerationAction::Kick, Some(aim)) if self.private => self.oust(aim),
            (ModerationAction::Ban, Some(aim)) => {
                self.oust(aim);
                self.banned.insert(aim, until);
            }
            (ModerationAction::Unban, Some(aim)) => drop(self.banned.remove(&aim)),
            (ModerationAction::Mute, Some(aim)) => drop(self.muted.insert(aim, until)),
            (ModerationAction::Unmute, Some(aim)) => drop(self.muted.remove(&aim)),
            (ModerationAction::Invite | ModerationAction::Promote, Some(aim))
                if self.banned.get(&aim).is_some_and(|until| *until > now) => {}
            (ModerationAction::Invite, Some(aim)) if self.private => drop(self.members.insert(aim)),
            (ModerationAction::Promote, Some(aim)) => {
                self.moderators.insert(aim);
                self.heirs.insert(aim);
                if self.private {
                    self.members.insert(aim);
                }
            }
            (ModerationAction::Demote, Some(aim)) => {
                let was = self.moderators.remove(&aim);
                self.members.extend(Some(aim).filter(|_| was && self.private));
            }
            _ => {}
        }
    }

    /// Records that an author is certainly no member any more.
    pub(crate) fn strike(&mut self, author: AuthorKey) {
        self.members.remove(&author);
        self.moderators.remove(&author);
        self.unsure.remove(&author);
    }

    /// Records that an author cannot return.
    pub(crate) fn forget(&mut self, author: AuthorKey) {
        self.oust(author);
        self.muted.remove(&author);
    }

    /// Records that an author is nothing here any more, nor will inherit the room.
    fn oust(&mut self, author: AuthorKey) {
        self.strike(author);
        self.heirs.remove(&author);
        if self.owner == Some(author) {
            self.disputed |= !self.unsure.is_empty();
            self.owner = self.moderators.first().copied();
            if self.private && self.owner.is_none() {
                // The longest-standing member, which is not known here.
                self.disputed |= !self.members.is_empty();
                self.heirs.extend(&self.members);
            }
        }
    }

    /// Whether an author may, or possibly may, see the room.
    pub(crate) fn may_read(&self, author: AuthorKey) -> bool {
        let may_own = self.disputed && self.heirs.contains(&author);
        let unsure = self.vague || may_own || self.unsure.contains(&author);
        !self.private || unsure || self.is_member(author)
    }

    fn is_member(&self, author: AuthorKey) -> bool {
        self.owner == Some(author)
            || self.members.contains(&author)
            || self.moderators.contains(&author)
    }

    /// Returns the role of an author.
    pub(crate) fn role(&self, author: AuthorKey) -> Option<&'static str> {
        if self.owner == Some(author) {
            Some("owner")
        } else if self.moderators.contains(&author) {
            Some("moderator")
        } else if self.private && self.members.contains(&author) {
            Some("member")
        } else {
            None
        }
    }

    /// Whether an author may do this, as far as known.
    pub(crate) fn allows(&self, author: AuthorKey, admin: bool, action: ModerationAction) -> bool {
        let owner = admin || self.owner == Some(author);
        let needed = match action {
            ModerationAction::Invite if !self.private => true,
            ModerationAction::MakePrivate
            | ModerationAction::MakePublic
            | ModerationAction::Promote
            | ModerationAction::Demote => owner,
            _ => owner || self.moderators.contains(&author),
        };
        needed || self.vague || self.disputed || self.unsure.contains(&author)
    }

    /// Whether an author is banned.
    pub(crate) fn bars(&self, author: AuthorKey, now: u64) -> bool {
        let banned = self.banned.get(&author).is_some_and(|until| *until > now);
        let above = self.owner == Some(author) || self.moderators.contains(&author);
        banned && !above && !self.disputed && !self.unsure.contains(&author)
    }

    /// Whether an author is muted.
    pub(crate) fn silences(&self, author: AuthorKey, now: u64) -> bool {
        let muted = self.locked || self.muted.get(&author).is_some_and(|until| *until > now);
        let above = self.owner == Some(author) || self.moderators.contains(&author);
        muted && !above && !self.vague && !self.disputed && !self.unsure.contains(&author)
    }
}
