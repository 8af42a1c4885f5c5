//! Unmasking of payloads (§5.3).

/// Unmasks `payload` in place. `key` is the masking key, rotated to the payload's first byte.
///
/// Eight bytes at a time, which the compiler vectorizes.
pub(super) fn unmask(payload: &mut [u8], key: [u8; 4]) {
    let [a, b, c, d] = key;
    let word = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, tail) = payload.as_chunks_mut::<8>();
    for bytes in words {
        *bytes = (u64::from_ne_bytes(*bytes) ^ word).to_ne_bytes();
    }
    for (byte, key) in tail.iter_mut().zip([a, b, c, d, a, b, c]) {
        *byte ^= key;
    }
}

/// Returns the key for the byte that follows `done` bytes unmasked with `key`.
pub(super) fn rotate(mut key: [u8; 4], done: usize) -> [u8; 4] {
    key.rotate_left(done & 3);
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unmasking_by_words_equals_unmasking_by_bytes() {
        let key = [0x37, 0xfa, 0x21, 0x3d];
        for length in 0..40 {
            let masked: Vec<u8> = (0..length).map(|i| i as u8 ^ key[i % 4]).collect();
            for cut in 0..=length {
                let mut payload = masked.clone();
                let (first, second) = payload.split_at_mut(cut);
                unmask(first, key);
                unmask(second, rotate(key, cut));
                assert_eq!(payload, (0..length as u8).collect::<Vec<_>>());
            }
        }
    }
}
