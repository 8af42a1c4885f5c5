//! The PROXY protocol, versions 1 and 2: the client's address ahead of a
//! connection's first byte.
//!
//! Section numbers are those of the specification ("The PROXY protocol", versions 1 & 2). The
//! parser takes bytes as they come and stops behind the header; it keeps no more than a header may
//! have. Ports, destinations and everything that version 2 may append (TLVs) are passed over.
//!
//! ```text
//! version 1: PROXY TCP4 192.0.2.1 203.0.113.1 51000 8080 CR LF        at most 107 bytes
//!
//! version 2: | 12 bytes | 1 byte            | 1 byte            | 2 bytes | length bytes    |
//!            | \r\n\r\n | high: version 2   | high: 1 IPv4,     | length  | source,         |
//!            | \0\r\n   | low: 0 LOCAL,     |   2 IPv6, 3 Unix  |         | destination,    |
//!            | QUIT\n   |   1 PROXY         | low: 1 TCP, 2 UDP |         | ports, TLVs     |
//! ```

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The origin of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// This address.
    Address(IpAddr),
    /// The proxy itself, or unknown: the peer's address counts.
    Peer,
}

/// Why a PROXY header is refused. The connection is closed without an answer (§2.2): its client is
/// unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Malformed {
    /// Not the beginning of either version.
    NotProxy,
    /// A line of version 1 is longer than 107 bytes (§2.1).
    LineTooLong,
    /// A line of version 1 is malformed (§2.1).
    BadLine,
    /// The version is not 2, or the command neither LOCAL nor PROXY (§2.2).
    BadCommand,
    /// Unknown address family or transport (§2.2).
    BadFamily,
    /// Too short for its addresses (§2.2).
    TooShort,
    /// A header of version 2 is longer than 536 bytes (§2.2).
    TooLong,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotProxy => "not a PROXY header",
            Self::LineTooLong => "the line is too long",
            Self::BadLine => "the line is malformed",
            Self::BadCommand => "unknown version or command",
            Self::BadFamily => "unknown family or transport",
            Self::TooShort => "too short for its addresses",
            Self::TooLong => "the header is too long",
        })
    }
}

impl std::error::Error for Malformed {}

/// Incremental parser of one header.
#[derive(Clone, Debug, Default)]
pub struct Parser {
    bytes: Vec<u8>,
}

impl Parser {
    /// Takes bytes from the front of `input` up to the end of the header.
    ///
    /// Returns `None` when all of `input` is used up and the header is not complete.
    ///
    /// # Errors
    /// At the first byte that no header has there; then close the connection.
    pub fn feed(&mut self, input: &mut &[u8]) -> Result<Option<Source>, Malformed> {
        while let Some((&byte, rest)) = input.split_first() {
            *input = rest;
            self.bytes.push(byte);
            let source = match self.bytes.first() {
                Some(b'P') => self.line()?,
                _ => self.block()?,
            };
            if source.is_some() {
                return Ok(source);
            }
        }
        Ok(None)
    }

    /// Continues with version 1.
    fn line(&self) -> Result<Option<Source>, Malformed> {
        if self.bytes.len() <= WORD.len() {
            return if WORD.starts_with(&self.bytes) { Ok(None) } else { Err(Malformed::NotProxy) };
        }
        match self.bytes.as_slice() {
            [line @ .., b'\r', b'\n'] => parse_line(line).map(Some),
            [.., b'\n'] => Err(Malformed::BadLine),
            [.., b'\r', _] => Err(Malformed::BadLine),
            bytes if bytes.len() >= LINE_BYTES_MAX => Err(Malformed::LineTooLong),
            _ => Ok(None),
        }
    }

    /// Continues with version 2.
    fn block(&self) -> Result<Option<Source>, Malformed> {
        let Some((signature, rest)) = self.bytes.split_first_chunk::<12>() else {
            let begins = SIGNATURE.starts_with(&self.bytes);
            return if begins { Ok(None) } else { Err(Malformed::NotProxy) };
        };
        if signature != SIGNATURE {
            return Err(Malformed::NotProxy);
        }
        let Some((&[command, family, high, low], rest)) = rest.split_first_chunk() else {
            return Ok(None);
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let addresses = match (command, family >> 4, family & 0x0f) {
            // LOCAL: the family is to be ignored.
            (0x20, _, _) => 0,
            (0x21, 0, 0..=2) => 0,
            (0x21, 1, 0..=2) => 12,
            (0x21, 2, 0..=2) => 36,
            (0x21, 3, 0..=2) => 216,
            (0x21, _, _) => return Err(Malformed::BadFamily),
            _ => return Err(Malformed::BadCommand),
        };
        if length < addresses {
            return Err(Malformed::TooShort);
        }
        if length > LENGTH_MAX {
            return Err(Malformed::TooLong);
        }
        if rest.len() < length {
            return Ok(None);
        }
        Ok(Some(if command == 0x20 { Source::Peer } else { source(family, rest) }))
    }
}

/// §2.1: the prefix of a line of version 1.
const WORD: &[u8] = b"PROXY ";
/// §2.1: the longest line of version 1, its end included.
const LINE_BYTES_MAX: usize = 107;
/// §2.2: the prefix of a header of version 2.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// What may follow the 16 bytes: together they pass in one segment on every path (§2.2).
const LENGTH_MAX: usize = 536 - 16;

/// Parses a line of version 1, without its end.
fn parse_line(line: &[u8]) -> Result<Source, Malformed> {
    let line = str::from_utf8(line).map_err(|_| Malformed::BadLine)?;
    let mut words = line.split(' ').skip(1);
    let address: fn(&str) -> Option<IpAddr> = match words.next() {
        Some("TCP4") => |word| word.parse().ok().map(IpAddr::V4),
        Some("TCP6") => |word| word.parse().ok().map(IpAddr::V6),
        // The rest of the line is to be ignored.
        Some("UNKNOWN") => return Ok(Source::Peer),
        _ => return Err(Malformed::BadLine),
    };
    let source = words.next().and_then(address).ok_or(Malformed::BadLine)?;
    let destination = words.next().and_then(address);
    let ports = [words.next().and_then(port), words.next().and_then(port)];
    if destination.is_none() || ports.contains(&None) || words.next().is_some() {
        return Err(Malformed::BadLine);
    }
    Ok(Source::Address(source.to_canonical()))
}

/// §2.1: a decimal number in its shortest form.
fn port(word: &str) -> Option<u16> {
    let plain = word.bytes().all(|byte| byte.is_ascii_digit());
    let shortest = word == "0" || !word.starts_with('0');
    if plain && shortest { word.parse().ok() } else { None }
}

/// Returns the source of version 2; other families and transports are treated as unknown (§2.2).
fn source(family: u8, rest: &[u8]) -> Source {
    let address = match family {
        0x11 => rest.first_chunk::<4>().map(|bytes| IpAddr::V4(Ipv4Addr::from(*bytes))),
        0x21 => rest.first_chunk::<16>().map(|bytes| IpAddr::V6(Ipv6Addr::from(*bytes))),
        _ => None,
    };
    address.map_or(Source::Peer, |address| Source::Address(address.to_canonical()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the result of parsing, and the bytes left.
    fn read(mut bytes: &[u8]) -> (Result<Option<Source>, Malformed>, &[u8]) {
        let result = Parser::default().feed(&mut bytes);
        (result, bytes)
    }

    fn from(text: &str) -> Result<Option<Source>, Malformed> {
        Ok(Some(Source::Address(text.parse().expect("an address"))))
    }

    fn block(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len()).expect("a short body").to_be_bytes();
        [&SIGNATURE[..], &[command, family], &length, body].concat()
    }

    const V4: [u8; 12] = [192, 0, 2, 1, 203, 0, 113, 1, 0xc7, 0x38, 0x1f, 0x90];
    const V6: [u8; 36] = {
        let mut bytes = [0; 36];
        [bytes[0], bytes[1], bytes[2], bytes[3]] = [0x20, 0x01, 0x0d, 0xb8];
        bytes[15] = 7;
        bytes
    };

    #[test]
    fn a_line_names_its_source() {
        let longest = "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff \
                       ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535";
        assert_eq!(longest.len() + 2, LINE_BYTES_MAX);
        for (line, source) in [
            ("PROXY TCP4 192.0.2.1 203.0.113.1 51000 8080", from("192.0.2.1")),
            ("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535", from("255.255.255.255")),
            ("PROXY TCP4 192.0.2.1 203.0.113.1 0 0", from("192.0.2.1")),
            ("PROXY TCP6 2001:db8::7 2001:db8::8 1 2", from("2001:db8::7")),
            ("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2", from("192.0.2.1")),
            ("PROXY UNKNOWN", Ok(Some(Source::Peer))),
            ("PROXY UNKNOWN anything at all", Ok(Some(Source::Peer))),
            (longest, Ok(Some(Source::Peer))),
        ] {
            let bytes = format!("{line}\r\nGET / HTTP/1.1\r\n");
            assert_eq!(read(bytes.as_bytes()), (source, &b"GET / HTTP/1.1\r\n"[..]), "{line}");
        }
    }

    #[test]
    fn a_malformed_line_is_refused() {
        for line in [
            "PROXY ",
            "PROXY TCP4",
            "PROXY TCP5 192.0.2.1 203.0.113.1 1 2",
            "PROXY tcp4 192.0.2.1 203.0.113.1 1 2",
            "PROXY UNKNOWNS",
            "PROXY  TCP4 192.0.2.1 203.0.113.1 1 2",
            "PROXY TCP4  192.0.2.1 203.0.113.1 1 2",
            "PROXY TCP4 192.0.2.1 203.0.113.1 1 2 ",
            "PROXY TCP4 192.0.2.1 203.0.113.1 1 2 3",
            "PROXY TCP4 192.0.2.1 203.0.113.1 1",
            "PROXY TCP4 192.0.2.1 203.0.113.1 1 65536",
            "PROXY TCP4 192.0.2.1 203.0.113.1 +1 2",
            "PROXY TCP4 192.0.2.1 203.0.113.1 -1 2",
            "PROXY TCP4 192.0.2.1 203.0.113.1 01 2",
            "PROXY TCP4 192.0.2.1 203.0.113.1 1 ",
            "PROXY TCP4 192.0.2.01 203.0.113.1 1 2",
            "PROXY TCP4 192.0.2 203.0.113.1 1 2",
            "PROXY TCP4 2001:db8::7 203.0.113.1 1 2",
            "PROXY TCP4 192.0.2.1 2001:db8::7 1 2",
            "PROXY TCP6 192.0.2.1 203.0.113.1 1 2",
            "PROXY TCP6 [::1] [::1] 1 2",
            "PROXY TCP6 fe80::1%1 ::1 1 2",
            "PROXY TCP4\t192.0.2.1 203.0.113.1 1 2",
        ] {
            let result = read(format!("{line}\r\n").as_bytes()).0;
            assert_eq!(result, Err(Malformed::BadLine), "{line}");
        }
        for bytes in [
            &b"PROXY TCP4 192.0.2.1 203.0.113.1 1 2\n"[..],
            b"PROXY TCP4 192.0.2.1\r203.0.113.1 1 2\r\n",
            b"PROXY UNKNOWN\r\r\n",
            b"PROXY TCP4 \xff\r\n",
        ] {
            assert_eq!(read(bytes).0, Err(Malformed::BadLine));
        }
    }

    #[test]
    fn a_line_without_an_end_is_too_long() {
        let line = |bytes: usize| format!("PROXY UNKNOWN {}\r\n", "x".repeat(bytes - 16));
        assert_eq!(read(line(107).as_bytes()).0, Ok(Some(Source::Peer)));
        assert_eq!(read(line(108).as_bytes()).0, Err(Malformed::LineTooLong));
        assert_eq!(read(&line(200).as_bytes()[..106]).0, Ok(None));
        assert_eq!(read(&line(200).as_bytes()[..107]).0, Err(Malformed::LineTooLong));
    }

    #[test]
    fn a_block_names_its_source() {
        let unix = [b'/'; 216];
        let tlv = [0x20, 0, 2, 1, 2];
        for (bytes, source) in [
            (block(0x21, 0x11, &V4), from("192.0.2.1")),
            (block(0x21, 0x21, &V6), from("2001:db8::7")),
            (block(0x21, 0x11, &[&V4[..], &tlv].concat()), from("192.0.2.1")),
            (block(0x21, 0x21, &[&V6[..], &tlv].concat()), from("2001:db8::7")),
            (block(0x21, 0x12, &V4), Ok(Some(Source::Peer))),
            (block(0x21, 0x22, &V6), Ok(Some(Source::Peer))),
            (block(0x21, 0x31, &unix), Ok(Some(Source::Peer))),
            (block(0x21, 0x32, &unix), Ok(Some(Source::Peer))),
            (block(0x21, 0x00, &[]), Ok(Some(Source::Peer))),
            (block(0x21, 0x00, &tlv), Ok(Some(Source::Peer))),
            (block(0x20, 0x00, &[]), Ok(Some(Source::Peer))),
            (block(0x20, 0x11, &V4), Ok(Some(Source::Peer))),
            (block(0x20, 0xff, &[]), Ok(Some(Source::Peer))),
            (block(0x21, 0x11, &[7; LENGTH_MAX]), from("7.7.7.7")),
        ] {
            let bytes = [bytes.as_slice(), b"GET"].concat();
            assert_eq!(read(&bytes), (source, &b"GET"[..]), "{bytes:?}");
        }
        let mapped = [&[0; 10][..], &[0xff, 0xff, 192, 0, 2, 1], &[0; 20]].concat();
        assert_eq!(read(&block(0x21, 0x21, &mapped)).0, from("192.0.2.1"));
    }

    #[test]
    fn a_malformed_block_is_refused() {
        for (bytes, fault) in [
            (block(0x11, 0x11, &V4), Malformed::BadCommand),
            (block(0x31, 0x11, &V4), Malformed::BadCommand),
            (block(0x22, 0x11, &V4), Malformed::BadCommand),
            (block(0x21, 0x41, &V4), Malformed::BadFamily),
            (block(0x21, 0x13, &V4), Malformed::BadFamily),
            (block(0x21, 0x11, &V4[..11]), Malformed::TooShort),
            (block(0x21, 0x21, &V6[..35]), Malformed::TooShort),
            (block(0x21, 0x31, &[0; 215]), Malformed::TooShort),
            (block(0x21, 0x11, &[]), Malformed::TooShort),
            (block(0x21, 0x11, &[0; LENGTH_MAX + 1]), Malformed::TooLong),
            (block(0x20, 0x00, &[0; 65_535]), Malformed::TooLong),
        ] {
            assert_eq!(read(&bytes).0, Err(fault), "{:?}", &bytes[12..16]);
            // Found with the fixed part: the announced rest is not waited for.
            assert_eq!(read(&bytes[..16]).0, Err(fault));
        }
    }

    #[test]
    fn other_beginnings_are_refused() {
        for bytes in [
            &b"GET / HTTP/1.1\r\n"[..],
            b"\x16\x03\x01",
            b"PUT ",
            b"PROXX",
            b"\r\n\r\nGET",
            b"\0",
            b"p",
        ] {
            assert_eq!(read(bytes).0, Err(Malformed::NotProxy), "{bytes:?}");
        }
        for bytes in [&b""[..], b"P", b"PROXY", b"PROXY ", b"\r\n\r\n\0\r\nQUIT", SIGNATURE] {
            assert_eq!(read(bytes), (Ok(None), &b""[..]), "{bytes:?}");
        }
    }
}
