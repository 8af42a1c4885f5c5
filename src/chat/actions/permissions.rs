//! Who may do what to keep order, and to whom.

use crate::chat::Chat;
use crate::chat::ids::RoomId;
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::record::Action;
use crate::chat::rooms::rules::{Party, Rank};

impl Chat {
    /// Makes sure that somebody may do something to keep order; says what it is in the room.
    pub(in crate::chat) fn check_rank(
        &self,
        room: RoomId,
        actor: &Party,
        action: Action,
    ) -> Result<Rank, Refusal> {
        let forbidden = |message: &'static str| Err(Refusal::new(Code::Forbidden, message));
        let Some(inside) = self.rooms.get(room) else {
            return Err(Refusal::new(Code::NoSuchRoom, "there is no such room"));
        };
        if inside.pair.is_some() {
            return forbidden("a private conversation has no moderators");
        }
        let rules = inside.rules();
        let rank = rules.rank(actor.author, actor.admin);
        let needed = match action {
            Action::Invite if !rules.private => Rank::Stranger,
            Action::MakePrivate | Action::MakePublic | Action::Promote | Action::Demote => {
                Rank::Owner
            }
            _ => Rank::Moderator,
        };
        if action == Action::MakePrivate && self.limits.is_lobby(&inside.key) {
            return forbidden("the lobby cannot be made private");
        }
        match needed {
            _ if rank >= needed => Ok(rank),
            Rank::Owner => forbidden("only the owner of this room may do that"),
            _ => forbidden("only moderators of this room may do that"),
        }
    }

    /// Finds whom somebody means, and whether it may do that to them.
    pub(in crate::chat) fn aim(
        &self,
        room: RoomId,
        actor: &Party,
        rank: Rank,
        action: Action,
        user: &str,
    ) -> Result<Party, Refusal> {
        let nobody = |message: &'static str| Refusal::new(Code::NoSuchUser, message);
        let Some(inside) = self.rooms.get(room) else { return Err(nobody("no such user")) };
        let rules = inside.rules();
        let known = || rules.party(user.trim());
        let aim = match action {
            Action::Unban => rules.party(user.trim()),
            _ => self.somebody_called(user).or_else(known),
        };
        let aim = aim.ok_or_else(|| nobody("no such user"))?;
        if aim.author == actor.author && action != Action::Demote {
            return Err(Refusal::new(Code::BadField, "you cannot do that to yourself"));
        }
        let rises = matches!(action, Action::Invite | Action::Unban | Action::Unmute);
        if !rises && aim.author != actor.author && rules.rank(aim.author, aim.admin) >= rank {
            let message = "you cannot moderate someone of equal or higher rank";
            return Err(Refusal::new(Code::Forbidden, message));
        }
        let key = self.people.of_session(aim.author);
        let is_there = key.is_some_and(|key| inside.people.contains(&key));
        let is_member = rules.private && rules.rank(aim.author, false) >= Rank::Member;
        if action == Action::Kick && !is_there && !is_member {
            return Err(nobody("no such user in this room"));
        }
        Ok(aim)
    }

    /// Finds who is called so: somebody there, or an account.
    pub(in crate::chat) fn somebody_called(&self, user: &str) -> Option<Party> {
        let (author, name) = self.people.whom(user)?;
        if let Some(party) = self.people.of_session(author).and_then(|key| self.party_of(key)) {
            return Some(Party { name, ..party });
        }
        let admin = self.account(author).is_some_and(|account| account.admin);
        Some(Party { author, name, account: true, admin, network: None })
    }
}

impl Action {
    /// Whether it is done to somebody.
    pub(in crate::chat) const fn has_aim(self) -> bool {
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
