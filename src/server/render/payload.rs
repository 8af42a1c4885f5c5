//! Events as the bodies of HTTP answers: JSON without the envelope.

use super::json::{boolean, fault, number, page, raw, room_list, string};
use super::stats;
use crate::chat::ServerEvent;

/// Appends what an event says; of an `ack` the envelope says most.
pub(super) fn event(event: &ServerEvent, out: &mut Vec<u8>) {
    use ServerEvent as E;
    match event {
        E::RoomList { rooms, .. } => room_list(rooms, out),
        E::History(it) => page(it, out),
        E::Stats(it) => stats::payload(it, out),
        E::Error(it) => fault(it, out),
        E::Ack { room, seq, ts, mid, durable, duplicate, .. } => {
            string(out, "{\"room\":", room);
            number(out, ",\"seq\":", *seq);
            number(out, ",\"mid\":", *mid);
            number(out, ",\"ts\":", *ts);
            string(out, ",\"durable\":", durable);
            boolean(out, ",\"duplicate\":", *duplicate);
            raw(out, "}");
        }
        _ => raw(out, "{}"),
    }
}
