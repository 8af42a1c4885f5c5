//! The end of the server: what is stored, and when each client is to come back.

use crate::chat::Chat;
use crate::chat::effect::Effect;
use crate::chat::ids::{ClientSlot, PersonId};
use crate::chat::protocol::server_event::ServerEvent;
use crate::chat::step::Step;

impl Chat {
    /// Sends `bye` to all clients, each with a moment of its own to come back.
    pub(in crate::chat) fn drain(&mut self, step: &mut Step<'_>, seed: u64) {
        self.draining = Some(seed);
        self.save_read_markers(step, true);
        let unknown: Vec<PersonId> = self
            .people
            .iter()
            .filter(|(_, person)| !person.persisted)
            .map(|(key, _)| key)
            .collect();
        for person in unknown {
            self.persist_session(step, person);
        }
        let slots: Vec<ClientSlot> =
            self.people.clients.iter().map(|(slot, _)| ClientSlot::new(slot)).collect();
        for slot in slots {
            self.say_bye(step, slot, seed);
        }
        self.keep_days_at_once(step);
    }

    pub(in crate::chat) fn say_bye(&mut self, step: &mut Step<'_>, slot: ClientSlot, seed: u64) {
        let within = u64::try_from(self.limits.return_within.as_millis()).unwrap_or(u64::MAX);
        // A few come back within a second, ten thousand spread over all of the time.
        let others = u64::try_from(self.people.clients.len()).unwrap_or(u64::MAX).saturating_mul(2);
        let within = others.saturating_add(1000).min(within);
        let Some(client) = self.people.clients.get_mut(slot.index()) else { return };
        client.closing = true;
        let id = client.id;
        let after_ms = scatter(seed ^ id.0).checked_rem(within).unwrap_or(0).saturating_add(500);
        // Older libraries take 1012, which RFC 6455 does not have, for an error.
        let code = if client.knows_restart { 1012 } else { 1001 };
        step.reply(id, ServerEvent::Bye { code, reason: "restart", after_ms });
        step.effects.push(Effect::Close { client: id, code, reason: "restart".into() });
    }
}

/// Spreads numbers that are near each other over all there are (SplitMix64).
fn scatter(number: u64) -> u64 {
    let z = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
