//! Texts that are the same in JSON as outside it, which most are: the fast path of events.

/// Whether JSON (RFC 8259 §7) needs no escape for any of these bytes.
///
/// Sixteen bytes at a time, which the compiler vectorizes; the last sixteen may be looked at twice.
pub fn is_literal(bytes: &[u8]) -> bool {
    let Some(last) = bytes.last_chunk() else { return bytes.iter().all(|byte| literal(*byte)) };
    let (blocks, _) = bytes.as_chunks();
    blocks.iter().chain([last]).all(are_literal)
}

/// Splits a text before its first byte that needs an escape, which may be its end.
pub(in crate::chat) fn split_literal(text: &str) -> (&str, &str) {
    let (blocks, _) = text.as_bytes().as_chunks();
    let whole = blocks.iter().take_while(|block| are_literal(block)).count();
    let before = whole.saturating_mul(BLOCK_BYTES);
    let rest = text.as_bytes().get(before..).unwrap_or_default();
    let more = rest.iter().take_while(|byte| literal(**byte)).count();
    text.split_at_checked(before.saturating_add(more)).unwrap_or((text, ""))
}

const BLOCK_BYTES: usize = 16;

fn are_literal(block: &[u8; BLOCK_BYTES]) -> bool {
    block.iter().fold(true, |all, byte| all & literal(*byte))
}

fn literal(byte: u8) -> bool {
    (byte >= 0x20) & (byte != b'"') & (byte != b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_literal_if_its_json_is_itself_in_quotes() {
        for length in 0..40 {
            for at in 0..length {
                for byte in 0..0x80 {
                    let mut text = vec![b'x'; length];
                    text[at] = byte;
                    let text = String::from_utf8(text).unwrap();
                    let json = serde_json::to_string(&text).unwrap();
                    let literal = json == format!("\"{text}\"");
                    assert_eq!(is_literal(text.as_bytes()), literal, "{text:?}");
                    let end = if literal { length } else { at };
                    assert_eq!(split_literal(&text), text.split_at(end), "{text:?}");
                }
            }
        }
        assert!(is_literal("é漢👍\u{7F}\u{2028}".as_bytes()));
    }
}
