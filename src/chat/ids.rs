//! Ids that are valid only within this process.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// An open WebSocket or a pending HTTP request; allocated by the server and never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u64);

/// A room in memory, and its broadcasts as a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomId(pub u32);

/// A table by client id.
pub(in crate::chat) type ByClientId<T> = HashMap<ClientId, T, BuildHasherDefault<IdHasher>>;

/// The hasher of [`ClientId`]s. The server allocates them, so nobody can choose them to collide.
#[derive(Debug, Default)]
pub(in crate::chat) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, number: u64) {
        // An odd number with its bits spread evenly (2^64 by the golden ratio).
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}

macro_rules! slab_key {
    ($(#[doc = $doc:literal])+ $name:ident) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(in crate::chat) struct $name(u32);

        impl $name {
            /// Wraps a slab's key.
            pub(in crate::chat) fn new(key: usize) -> Self {
                Self(number_of(key))
            }

            /// Returns the slab's key.
            pub(in crate::chat) const fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

slab_key! {
    /// A connection in the slab of clients. Reused once the connection is closed, unlike a
    /// [`ClientId`].
    ClientSlot
}

slab_key! {
    /// A person, with or without connections.
    PersonId
}

impl RoomId {
    /// Wraps a slab's key.
    pub(in crate::chat) fn new(key: usize) -> Self {
        Self(number_of(key))
    }

    /// Returns the slab's key.
    pub(in crate::chat) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Narrows a slab's key; no slab here comes near 2³² items.
pub(in crate::chat) fn number_of(key: usize) -> u32 {
    u32::try_from(key).unwrap_or(u32::MAX)
}
