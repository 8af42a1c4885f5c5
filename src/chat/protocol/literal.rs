//! Texts that are the same in JSON as outside it, which most are: the fast path of events.

/// Whether JSON (RFC 8259 §7) needs no escape for any of these bytes.
///
/// Sixteen bytes at a time, which the compiler vectorizes; the last sixteen may be looked at twice.
pub fn is_literal(bytes: &[u8]) -> bool {
    let Some(last) = bytes.last_chunk::<16>() else {
        return bytes.iter().all(|byte| literal(*byte));
    };
    let (blocks, _) = bytes.as_chunks::<16>();
    let all = |block: &[u8; 16]| block.iter().fold(true, |all, byte| all & literal(*byte));
    blocks.iter().chain([last]).all(all)
}

/// Splits a text before its first byte that needs an escape, which may be its end.
pub(in crate::chat) fn split_literal(text: &str) -> (&str, &str) {
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let mut before = 0_usize;
    for word in words {
        match first_escaped(*word) {
            Some(at) => return split(text, before.saturating_add(at)),
            None => before = before.saturating_add(word.len()),
        }
    }
    let more = rest.iter().take_while(|byte| literal(**byte)).count();
    split(text, before.saturating_add(more))
}

fn split(text: &str, at: usize) -> (&str, &str) {
    text.split_at_checked(at).unwrap_or((text, ""))
}

fn literal(byte: u8) -> bool {
    (byte >= 0x20) & (byte != b'"') & (byte != b'\\')
}

/// Finds the first byte that needs an escape, eight at a time in one register: subtracting one
/// borrows the highest bit of a byte that is zero, and of no other below it.
fn first_escaped(bytes: [u8; 8]) -> Option<usize> {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let word = u64::from_le_bytes(bytes);
    let below = |word: u64, min: u8| word.wrapping_sub(EACH.wrapping_mul(min.into())) & !word;
    let is = |byte: u8| below(word ^ EACH.wrapping_mul(byte.into()), 1);
    let found = (below(word, 0x20) | is(b'"') | is(b'\\')) & EACH << 7;
    (found != 0).then_some((found.trailing_zeros() / 8) as usize)
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
