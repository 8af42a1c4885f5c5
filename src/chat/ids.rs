//! Names of what lives only as long as the process.

/// Names an open WebSocket; its carrier numbers them and never uses a number again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u64);

/// Names a live room, and its broadcasts as a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomId(pub u32);

/// Gives a slab's key as it is kept; no slab here comes near 2³² items.
pub(in crate::chat) fn number_of(key: usize) -> u32 {
    u32::try_from(key).unwrap_or(u32::MAX)
}
