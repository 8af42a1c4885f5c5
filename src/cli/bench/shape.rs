//! Rooms, and who sends in them.

/// Who sends to whom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) run: u32,
    pub(super) clients: usize,
    pub(super) senders: usize,
    pub(super) rooms: usize,
    /// Whether senders get their own messages.
    pub(super) echo: bool,
}

impl Shape {
    /// Returns the most senders that a room has.
    pub(super) fn width(&self) -> usize {
        self.senders.div_ceil(self.rooms).max(1)
    }

    pub(super) fn room(&self, client: usize) -> usize {
        client % self.rooms
    }

    /// Returns the senders of a client's room that send to it.
    pub(super) fn senders_to(self, client: usize) -> impl Iterator<Item = usize> {
        let all = (self.room(client)..self.senders).step_by(self.rooms);
        all.filter(move |sender| self.echo || *sender != client)
    }

    /// Returns how many clients a sender sends to.
    pub(super) fn audience(&self, sender: usize) -> u32 {
        let room = (self.clients - self.room(sender)).div_ceil(self.rooms);
        let own = usize::from(!self.echo);
        u32::try_from(room - own).unwrap_or(u32::MAX)
    }
}
