//! Invitations to private rooms: kept until they are accepted, declined or withdrawn.

use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::ids::{ClientId, RoomId};
use crate::chat::names::fold;
use crate::chat::people::client::ClientRef;
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::protocol::membership::Invitation;
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::record::{AuthorKey, RoomKey};
use crate::chat::rooms::invitations::{OpenInvitation, key_value};
use crate::chat::rooms::rules::Actor;
use crate::chat::step::Step;

impl Chat {
    /// Lists the open invitations of an author.
    pub(in crate::chat) fn invitations_of(&self, author: AuthorKey) -> Vec<Invitation> {
        self.rooms.invitations.of(author).into_iter().map(summary).collect()
    }

    /// Declines an invitation: the client is no member of the room any more.
    pub(in crate::chat) fn decline(
        &mut self,
        step: &mut Step<'_>,
        from: ClientRef,
        re: Option<Arc<str>>,
        named: &str,
    ) -> Result<(), Refusal> {
        let (key, name) = self.invitation(from.author, named)?;
        if let Some(room) = self.rooms.find(&key)
            && let Some(inside) = self.rooms.get_mut(room)
        {
            let key_values = inside.amend(|rules| rules.decline(from.author));
            step.put(key_values);
            self.rooms.reindex(room);
        }
        self.end_invitation(step, from.author, &key, "declined", Some(from.id));
        let event = ServerEvent::InvitationAnswered { re, room: name, answer: "declined" };
        step.reply(from.id, event);
        Ok(())
    }

    /// Returns the key and the name of the room that an author is invited to.
    pub(in crate::chat) fn invitation(
        &self,
        author: AuthorKey,
        named: &str,
    ) -> Result<(RoomKey, Arc<str>), Refusal> {
        let key = RoomKey::from(fold(named.trim()));
        let found = self.rooms.invitations.get(author, &key).map(|open| Arc::clone(&open.name));
        let none = || Refusal::new(Code::NoSuchRoom, "you are not invited to such a room");
        Ok((key, found.ok_or_else(none)?))
    }

    /// Keeps an invitation that was recorded, and tells who is invited.
    pub(in crate::chat) fn invited(
        &mut self,
        step: &mut Step<'_>,
        room: RoomId,
        target: &Actor,
        invitation: Option<OpenInvitation>,
        by: &Arc<str>,
    ) {
        let Some(inside) = self.rooms.get(room) else { return };
        let (key, name) = (Arc::clone(&inside.key), Arc::clone(&inside.name));
        if let Some(open) = &invitation {
            let most = self.limits.invitations_max;
            let oldest = self.rooms.invitations.put(target.author, &key, open.clone(), most);
            if let Some(oldest) = oldest {
                self.end_invitation(step, target.author, &oldest, "withdrawn", None);
            }
        }
        for id in self.people.clients_of(target.author) {
            let asks =
                self.people.member_clients(target.author).iter().any(|client| client.id == id);
            match invitation.as_ref().filter(|_| asks) {
                Some(open) => step.reply(id, ServerEvent::Invitation(summary(open))),
                None => {
                    let (re, room) = (None, Some(Arc::clone(&name)));
                    let message = format!("{by} invites you to {name}; /join {name}").into();
                    step.reply(id, ServerEvent::Notice { re, room, code: "invited", message });
                }
            }
        }
    }

    /// Deletes an invitation that was stored with its entry, but is not given any more.
    pub(in crate::chat) fn drop_invitation(
        &self,
        step: &mut Step<'_>,
        room: RoomId,
        author: AuthorKey,
    ) {
        if let Some(room) = self.rooms.get(room) {
            step.put(vec![key_value(author, &room.key, None)]);
        }
    }

    /// Ends an invitation, if there is one, and tells the connections that ask for memberships.
    pub(in crate::chat) fn end_invitation(
        &mut self,
        step: &mut Step<'_>,
        author: AuthorKey,
        room: &RoomKey,
        answer: &'static str,
        except: Option<ClientId>,
    ) {
        let name = self.rooms.invitations.get(author, room).map(|open| Arc::clone(&open.name));
        let Some(name) = name else { return };
        step.put(self.rooms.invitations.remove(author, room).into_iter().collect());
        for client in self.people.member_clients(author) {
            if Some(client.id) != except {
                let room = Arc::clone(&name);
                let event = ServerEvent::InvitationAnswered { re: None, room, answer };
                step.reply(client.id, event);
            }
        }
    }

    /// Ends all invitations to a room.
    pub(in crate::chat) fn withdraw_invitations(&mut self, step: &mut Step<'_>, room: RoomId) {
        let Some(key) = self.rooms.get(room).map(|room| Arc::clone(&room.key)) else { return };
        for author in self.rooms.invitations.invited_to(&key) {
            self.end_invitation(step, author, &key, "withdrawn", None);
        }
    }

    /// Moves the invitations of a guest to an account.
    pub(in crate::chat) fn hand_on_invitations(
        &mut self,
        step: &mut Step<'_>,
        from: AuthorKey,
        to: AuthorKey,
    ) {
        for (room, open) in self.rooms.invitations.take(from) {
            // Stored after the removal in the journal, it would be to the next room of that name.
            let stays = !self.rooms.is_being_removed(&room);
            let new = stays.then(|| open.key_value(to, &room));
            step.put([key_value(from, &room, None)].into_iter().chain(new).collect());
            let most = self.limits.invitations_max;
            if let Some(oldest) = self.rooms.invitations.put(to, &room, open, most) {
                self.end_invitation(step, to, &oldest, "withdrawn", None);
            }
        }
    }

    /// Deletes the invitations of an author.
    pub(in crate::chat) fn forget_invitations(&mut self, step: &mut Step<'_>, author: AuthorKey) {
        let gone = self.rooms.invitations.take(author).into_iter();
        step.put(gone.map(|(room, _)| key_value(author, &room, None)).collect());
    }
}

fn summary(open: &OpenInvitation) -> Invitation {
    let OpenInvitation { name, by, ts } = open.clone();
    Invitation { room: name, by, ts }
}
