//! Properties of the parsers of proxies' headers.

use std::net::IpAddr;

use chinwag::net::proxy::{Malformed, Parser, Source, forwarded_for, is_secure};

/// The longest header, of version 1 and of version 2.
const BYTES_MAX: [usize; 2] = [107, 536];

/// Parses a header from pieces; returns the result, and how many bytes belong to it.
pub(crate) fn read(pieces: &[&[u8]]) -> (Result<Option<Source>, Malformed>, usize) {
    let mut parser = Parser::default();
    let mut taken = 0;
    for piece in pieces {
        let mut input = *piece;
        let result = parser.feed(&mut input);
        taken += piece.len() - input.len();
        if result != Ok(None) {
            check(&pieces.concat()[..taken], result);
            return (result, taken);
        }
        assert!(input.is_empty());
    }
    let version = usize::from(pieces.concat().first() != Some(&b'P'));
    assert!(taken < BYTES_MAX[version], "it waits for more than a header has");
    (Ok(None), taken)
}

/// Asserts that the address found is in the header, and that the header ends where it must.
fn check(header: &[u8], result: Result<Option<Source>, Malformed>) {
    let Ok(Some(source)) = result else {
        assert!(header.len() <= BYTES_MAX[1]);
        return;
    };
    if let Some(line) = header.strip_prefix(b"PROXY ") {
        assert!(header.len() <= BYTES_MAX[0] && header.ends_with(b"\r\n"));
        let Source::Address(address) = source else {
            assert!(line.starts_with(b"UNKNOWN"));
            return;
        };
        let word = str::from_utf8(line).unwrap().split(' ').nth(1).unwrap();
        assert_eq!(word.parse::<IpAddr>().unwrap().to_canonical(), address);
        return;
    }
    let length = usize::from(u16::from_be_bytes([header[14], header[15]]));
    assert_eq!((&header[..12], header.len()), (&b"\r\n\r\n\0\r\nQUIT\n"[..], 16 + length));
    let address = match header[12..14] {
        [0x21, 0x11] => IpAddr::from(<[u8; 4]>::try_from(&header[16..20]).unwrap()),
        [0x21, 0x21] => IpAddr::from(<[u8; 16]>::try_from(&header[16..32]).unwrap()),
        _ => return assert_eq!(source, Source::Peer),
    };
    assert_eq!(source, Source::Address(address.to_canonical()));
}

/// Asserts that the client found in `X-Forwarded-For` is named there by trusted proxies only, and
/// that splitting the list into lines makes no difference.
pub(crate) fn any_address_told_is_one_or_unclear(text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    let trusts = |address: IpAddr| address.is_loopback();
    let whole = forwarded_for([&*text].into_iter(), trusts);
    assert_eq!(whole, forwarded_for(text.split(','), trusts));
    if let Ok(Some(address)) = whole {
        assert_eq!(address, address.to_canonical());
        let appended = format!("{text},{address}");
        let again = forwarded_for([&*appended].into_iter(), trusts);
        assert!(again == whole || trusts(address));
    }
    // A client's forgery precedes what a proxy appends.
    let appended = [&*text, "192.0.2.1:5, 127.0.0.1"];
    let told = forwarded_for(appended.into_iter(), trusts);
    assert_eq!(told, Ok(Some(IpAddr::from([192, 0, 2, 1]))));
    assert_eq!(is_secure([&*text, "http"].into_iter()), Some(false));
}
