//! How many rooms there are that each network made: one network's are not to fill the quota of all.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;

use crate::chat::limits::Limits;
use crate::chat::protocol::error::{Code, Refusal};

/// Counts of rooms by the network they were made from, since the start.
#[derive(Debug, Default)]
pub(super) struct Shares(HashMap<IpAddr, usize>);

impl Shares {
    /// Refuses a network that has made its share.
    pub(super) fn check(&self, network: Option<IpAddr>, limits: &Limits) -> Result<(), Refusal> {
        let most = limits.network_rooms_max;
        let made = network.and_then(|network| self.0.get(&network));
        if made.is_none_or(|made| *made < most) {
            return Ok(());
        }
        let message = format!("there are {most} rooms that were made from your network");
        Err(Refusal::new(Code::TooManyRooms, message))
    }

    /// Counts a room.
    pub(super) fn add(&mut self, network: Option<IpAddr>) {
        if let Some(network) = network {
            let made = self.0.entry(network).or_default();
            *made = made.saturating_add(1);
        }
    }

    /// Takes a room off.
    pub(super) fn remove(&mut self, network: Option<IpAddr>) {
        if let Some(network) = network
            && let Entry::Occupied(mut made) = self.0.entry(network)
        {
            *made.get_mut() = made.get().saturating_sub(1);
            if *made.get() == 0 {
                made.remove();
            }
        }
    }
}
