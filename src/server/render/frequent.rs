//! The two events that every message causes, written without serde: a tenth of its instructions.
//!
//! What is written is what [`super::wire`] would write; a test compares them.

use crate::chat::{ServerEvent, hook_of, is_literal};

/// Appends the event as JSON if it is one of these; otherwise appends nothing and returns false.
pub(super) fn event(event: &ServerEvent, out: &mut Vec<u8>) -> bool {
    match event {
        ServerEvent::Message {
            room,
            seq,
            ts,
            sender,
            account,
            content,
            reply_to,
            expires,
            files,
        } if files.is_empty() => {
            let payload_bytes =
                room.len().saturating_add(sender.len()).saturating_add(content.len());
            out.reserve(payload_bytes.saturating_add(OTHER_BYTES_MAX));
            string(br#"{"type":"message","room":"#, room, out);
            number(br#","seq":"#, *seq, out);
            number(br#","ts":"#, *ts, out);
            number(br#","payload":{"mid":"#, *seq, out);
            string(br#","sender":"#, sender, out);
            if *account {
                out.extend_from_slice(br#","account":true"#);
            }
            if let Some(hook) = hook_of(sender) {
                string(br#","hook":"#, hook, out);
            }
            string(br#","content":"#, content, out);
            if let Some(mid) = reply_to {
                number(br#","reply_to":"#, *mid, out);
            }
            if let Some(unix_ms) = expires {
                number(br#","expires":"#, *unix_ms, out);
            }
            out.extend_from_slice(b"}}");
        }
        ServerEvent::Ack { re, room, seq, ts, mid: mid @ 1.., durable, duplicate } => {
            string(br#"{"type":"ack","re":"#, re, out);
            string(br#","room":"#, room, out);
            number(br#","seq":"#, *seq, out);
            number(br#","ts":"#, *ts, out);
            number(br#","payload":{"mid":"#, *mid, out);
            string(br#","durable":"#, durable, out);
            let end: &[u8] =
                if *duplicate { br#","duplicate":true}}"# } else { br#","duplicate":false}}"# };
            out.extend_from_slice(end);
        }
        _ => return false,
    }
    true
}

/// Bytes of a message beside its texts, unless those need escapes.
const OTHER_BYTES_MAX: usize = 256;

fn string(before: &[u8], text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(before);
    if is_literal(text.as_bytes()) {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        super::write(&text, out);
    }
}

fn number(before: &[u8], number: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(before);
    super::write(&number, out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::render::wire::Envelope;

    fn assert_same(frequent: &ServerEvent) {
        let (mut fast, mut slow) = (Vec::new(), Vec::new());
        assert!(event(frequent, &mut fast));
        super::super::write(&Envelope::of(frequent).unwrap(), &mut slow);
        assert_eq!(String::from_utf8(fast), String::from_utf8(slow));
    }

    #[test]
    fn a_message_and_its_ack_are_written_as_serde_writes_them() {
        let texts =
            ["", "a", "\"", "a\\b\nc\u{1}", "a [hook \"b]", "漢 👍 \u{7F}\u{2028}</script>"];
        let numbers = [1, 9, 10, 1_732_104_003_042, u64::MAX];
        for (text, number) in texts.iter().flat_map(|text| numbers.map(|number| (*text, number))) {
            for on in [false, true] {
                assert_same(&ServerEvent::Message {
                    room: text.into(),
                    seq: number,
                    ts: number,
                    sender: text.into(),
                    account: on,
                    content: text.into(),
                    reply_to: on.then_some(number),
                    expires: (!on).then_some(number),
                    files: Default::default(),
                });
                assert_same(&ServerEvent::Ack {
                    re: text.into(),
                    room: text.into(),
                    seq: number,
                    ts: number,
                    mid: number,
                    durable: "fsync",
                    duplicate: on,
                });
            }
        }
    }

    #[test]
    fn an_ack_without_a_message_is_left_to_serde() {
        let (re, room) = ("c1".into(), "lobby".into());
        let (seq, ts, mid, durable, duplicate) = (1, 2, 0, "memory", false);
        let topic = ServerEvent::Ack { re, room, seq, ts, mid, durable, duplicate };
        let mut out = Vec::new();
        assert!(!event(&topic, &mut out) && out.is_empty());
    }
}
