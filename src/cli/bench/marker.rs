//! The marker in each message, by which a delivery is recognised whatever a server wraps around it.
//!
//! Letters and digits only, so that no encoding changes it: `cwbm`, then in hexadecimal the run (6
//! digits), the sender (6), the number of the message among those of its sender (8), and when it was
//! sent, in microseconds since the start of the run (10).

use memchr::memmem::Finder;

/// The length of a marker in bytes.
pub(super) const BYTES: usize = PREFIX.len() + 6 + 6 + 8 + 10;

const PREFIX: &[u8] = b"cwbm";
const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// What a marker says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Marker {
    /// The run of this program that sent the message; below 2^24.
    pub(super) run: u32,
    /// The client that sent it; below 2^24.
    pub(super) sender: u32,
    pub(super) number: u32,
    /// Below 2^40.
    pub(super) sent_us: u64,
}

impl Marker {
    /// Returns the marker as text.
    pub(super) fn text(&self) -> [u8; BYTES] {
        let mut text = [0; BYTES];
        let (prefix, mut digits) = text.split_at_mut(PREFIX.len());
        prefix.copy_from_slice(PREFIX);
        for (value, length) in [
            (u64::from(self.run), 6),
            (u64::from(self.sender), 6),
            (u64::from(self.number), 8),
            (self.sent_us, 10),
        ] {
            let (field, rest) = digits.split_at_mut(length);
            let mut value = value;
            for digit in field.iter_mut().rev() {
                *digit = DIGITS[(value & 15) as usize];
                value >>= 4;
            }
            digits = rest;
        }
        text
    }

    /// Reads what follows the prefix.
    fn read(digits: &[u8]) -> Option<Self> {
        let value = |from: usize, to: usize| {
            digits.get(from..to)?.iter().try_fold(0_u64, |value, digit| {
                let digit = match digit {
                    b'0'..=b'9' => digit - b'0',
                    b'a'..=b'f' => digit - b'a' + 10,
                    _ => return None,
                };
                Some(value << 4 | u64::from(digit))
            })
        };
        Some(Self {
            run: value(0, 6)? as u32,
            sender: value(6, 12)? as u32,
            number: value(12, 20)? as u32,
            sent_us: value(20, 30)?,
        })
    }
}

/// Finds markers.
#[derive(Debug)]
pub(super) struct Scanner(Finder<'static>);

impl Scanner {
    pub(super) fn new() -> Self {
        Self(Finder::new(PREFIX))
    }

    /// Returns the markers in a payload.
    pub(super) fn markers<'a>(&'a self, payload: &'a [u8]) -> impl Iterator<Item = Marker> + 'a {
        let mut rest = payload;
        std::iter::from_fn(move || {
            loop {
                let found = self.0.find(rest)?;
                rest = rest.get(found + PREFIX.len()..)?;
                if let Some(marker) = Marker::read(rest) {
                    rest = rest.get(BYTES - PREFIX.len()..)?;
                    return Some(marker);
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_found_whatever_stands_around_them() {
        let marker = |number| Marker { run: 0xab_cdef, sender: 7, number, sent_us: 0xff_1234_5678 };
        let text = |number| String::from_utf8(marker(number).text().to_vec()).unwrap();
        let (first, second) = (text(1), text(u32::MAX));
        assert_eq!(first, "cwbmabcdef00000700000001ff12345678");
        let scanner = Scanner::new();
        let found = |payload: &str| scanner.markers(payload.as_bytes()).collect::<Vec<_>>();
        assert_eq!(found(&format!("{{\"a\":\"{first} x\"}}")), [marker(1)]);
        assert_eq!(found(&format!("cwbm cwbm{first}{second}")), [marker(1), marker(u32::MAX)]);
        assert_eq!(found(&format!("{}\n{second}", &first[..33])), [marker(u32::MAX)]);
        assert_eq!(found(""), []);
    }
}
