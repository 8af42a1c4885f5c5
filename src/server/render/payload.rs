//! Events as the bodies of HTTP answers: JSON without the envelope.

use super::json::{fault, page};
use super::people::room_list;
use super::stats;
use super::write::{boolean, list, number, raw, string};
use crate::chat::{Account, ServerEvent};

/// Appends what an event says; of an `ack` the envelope says most.
pub(super) fn event(event: &ServerEvent, out: &mut Vec<u8>) {
    use ServerEvent as E;
    match event {
        E::RoomList { rooms, .. } => room_list(rooms, out),
        E::History(it) => page(it, out),
        E::Stats(it) => stats::payload(it, out),
        E::Error(it) => fault(it, out),
        E::Account(it) => account(it, out),
        E::Accounts(all) => {
            raw(out, "{\"accounts\":[");
            list(out, all, |out, it| account(it, out));
            raw(out, "]}");
        }
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

/// Appends what may be known of an account; the hash of its password may not.
fn account(it: &Account, out: &mut Vec<u8>) {
    string(out, "{\"name\":", &it.name);
    boolean(out, ",\"admin\":", it.admin);
    boolean(out, ",\"password\":", it.hash.is_some());
    raw(out, "}");
}
