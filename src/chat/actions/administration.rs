//! The administration of the server: lists, and what is announced to everybody.

use std::sync::Arc;

use crate::chat::Chat;
use crate::chat::ids::{ClientId, ClientSlot};
use crate::chat::people::client::Client;
use crate::chat::protocol::administration::{Connection, ListedRoom, Part};
use crate::chat::protocol::error::Refusal;
use crate::chat::step::Step;

impl Chat {
    /// Lists open WebSockets from a position on, at most `limits.listed_max`. Positions last as
    /// long as the connections there do, so that what is open all the while is listed once.
    pub fn connections(&self, from: usize) -> Part<Connection> {
        let clients = self.people.clients.iter().skip_while(|(slot, _)| *slot < from);
        let mut clients = clients.take(self.limits.listed_max.saturating_add(1));
        let listed = clients.by_ref().take(self.limits.listed_max);
        let items = listed.filter_map(|(slot, client)| self.connection(slot, client)).collect();
        Part { items, next: clients.next().map(|(slot, _)| slot) }
    }

    fn connection(&self, slot: usize, client: &Client) -> Option<Connection> {
        let (_, person) = self.people.client(ClientSlot::new(slot))?;
        let subscriptions = client.subscriptions.as_slice().iter();
        let rooms = subscriptions.filter_map(|subscription| self.rooms.get(subscription.room));
        let rooms = rooms.filter(|room| room.is_public()).map(|room| Arc::clone(&room.name));
        Some(Connection {
            client: client.id,
            name: Arc::clone(&person.name),
            account: person.account,
            rooms: rooms.collect(),
            since: client.since,
        })
    }

    /// Lists public rooms from a position on, at most `limits.listed_max`, as
    /// [`Chat::connections`] does.
    pub fn public_rooms(&self, from: usize) -> Part<ListedRoom> {
        let mut rooms = self.rooms.from(from).filter(|(_, room)| room.is_public());
        let listed = rooms.by_ref().take(self.limits.listed_max);
        let items = listed.map(|(_, room)| ListedRoom {
            name: Arc::clone(&room.name),
            users: room.people.len(),
            connections: room.audience.len(),
            seq: room.top,
        });
        Part { items: items.collect(), next: rooms.next().map(|(at, _)| at) }
    }

    /// Lists the WebSockets of the user with a name; `None` if there is no such user.
    pub fn connections_of(&self, name: &str) -> Option<Vec<ClientId>> {
        if name.len() > self.limits.written_name_bytes_max() {
            return None;
        }
        let (author, _) = self.people.author_named(name)?;
        Some(self.people.clients_of(author))
    }

    /// Whether a WebSocket is open.
    pub fn has_client(&self, client: ClientId) -> bool {
        self.people.by_id.contains_key(&client)
    }

    /// Checks what an administrator announces.
    ///
    /// # Errors
    /// If it is too long.
    pub fn check_announcement(&self, message: &Arc<str>) -> Result<(), Refusal> {
        self.check_length(message, self.limits.reason_chars_max)
    }

    /// Sends everybody a notice.
    pub(in crate::chat) fn announce(&self, step: &mut Step<'_>, message: &str) {
        for (_, client) in &self.people.clients {
            step.notice(client.id, None, "announcement", message.to_owned());
        }
    }
}
