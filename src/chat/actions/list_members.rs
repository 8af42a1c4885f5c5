//! The members of a room who are not in it: accounts that have joined it and are not connected.

use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::ids::RoomId;
use crate::chat::people::client::ClientRef;
use crate::chat::protocol::error::Refusal;
use crate::chat::protocol::fields::Key;
use crate::chat::protocol::payloads::Member;
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::record::AuthorKey;
use crate::chat::rooms::Room;
use crate::chat::step::Step;

impl Chat {
    /// Lists members of a room who are not in it, after the account of this name.
    pub(in crate::chat) fn list_members(
        &self,
        step: &mut Step<'_>,
        from: ClientRef,
        re: Option<Arc<str>>,
        named: Option<&str>,
        (after, limit): (Option<&str>, Option<u32>),
    ) -> Result<(), Refusal> {
        let key = self.room_to_read(from, named)?;
        let room = self.rooms.get(key).ok_or_else(Refusal::internal)?;
        let most = self.limits.listed_max;
        let limit = limit.map_or(most, |limit| limit as usize).clamp(1, most.max(1));
        let after = match after {
            None => None,
            Some(name) => {
                let account = self.people.accounts().named(name);
                Some(account.ok_or_else(|| Key::From.expects(A_NEXT))?.author)
            }
        };
        let (mut members, mut next) = (Vec::new(), None);
        for (looked_at, author) in
            self.rooms.memberships.members_after(&room.key, after).enumerate()
        {
            if members.len() == limit || looked_at == LOOKED_AT_MAX {
                break;
            }
            next = self.people.accounts().get(author).map(|account| Arc::clone(&account.name));
            members.extend(self.absent_member(key, room, author));
        }
        let last = next.as_ref().and_then(|name| self.people.accounts().named(name));
        let more = |last: AuthorKey| {
            self.rooms.memberships.members_after(&room.key, Some(last)).next().is_some()
        };
        let next = next.filter(|_| last.is_some_and(|account| more(account.author)));
        let room = Arc::clone(room.name_for(from.author));
        step.reply(from.id, ServerEvent::MemberList { re, room, members, next });
        Ok(())
    }

    /// Returns a member of a room, unless it is there.
    fn absent_member(&self, key: RoomId, room: &Room, author: AuthorKey) -> Option<Member> {
        let account = self.people.accounts().get(author)?;
        let person = self.people.of_session(author).and_then(|key| self.people.get(key));
        let is_here = person.is_some_and(|person| {
            person.memberships.as_slice().iter().any(|membership| membership.room == key)
        });
        let role = room.rules().shown_role(author);
        let (name, status) = (Arc::clone(&account.name), account.status.clone());
        (!is_here).then_some(Member { name, role, status })
    }
}

/// Members looked at for one page: most may be in the room.
const LOOKED_AT_MAX: usize = 500;
const A_NEXT: &str = "the `next` of a list of members";
