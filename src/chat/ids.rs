//! Names of what lives only as long as the process.

/// Names an open WebSocket; its carrier numbers them and never uses a number again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u64);

/// Names a live room, and its broadcasts as a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomId(pub u32);

macro_rules! slab_key {
    ($(#[doc = $doc:literal])+ $name:ident) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(in crate::chat) struct $name(u32);

        impl $name {
            /// Names the item that a slab keeps under `key`.
            pub(in crate::chat) fn new(key: usize) -> Self {
                Self(number_of(key))
            }

            /// The slab's key.
            pub(in crate::chat) const fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

slab_key! {
    /// A connection in the slab of clients. Used again for another connection once this one is
    /// closed, other than a [`ClientId`].
    ClientSlot
}

slab_key! {
    /// A person, with or without connections.
    PersonId
}

impl RoomId {
    /// Names the room that a slab keeps under `key`.
    pub(in crate::chat) fn new(key: usize) -> Self {
        Self(number_of(key))
    }

    /// The slab's key.
    pub(in crate::chat) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Returns a slab's key as it is kept; no slab here comes near 2³² items.
pub(in crate::chat) fn number_of(key: usize) -> u32 {
    u32::try_from(key).unwrap_or(u32::MAX)
}
