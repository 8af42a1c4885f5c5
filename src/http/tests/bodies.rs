//! Bodies: of a length that is said, and in chunks.

use super::*;

#[test]
fn bodies_come_with_their_requests() {
    let request = one(b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
    assert_eq!((request.method, request.body.as_slice()), (Method::Post, &b"hello"[..]));
    let request = one(b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(request.body, b"");
    let request = one(b"POST /a HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(request.body, b"");
    let request = one(b"GET /a HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(request.body, b"");
    let request = one(b"DELETE /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab");
    assert_eq!((request.method, request.body.as_slice()), (Method::Delete, &b"ab"[..]));
}

fn chunked(body: &str) -> Vec<u8> {
    let head = "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n";
    format!("{head}{body}").into_bytes()
}

#[test]
fn chunked_bodies_are_decoded() {
    for (body, expected) in [
        ("0\r\n\r\n", ""),
        ("5\r\nhello\r\n0\r\n\r\n", "hello"),
        ("2\r\nhe\r\n3\r\nllo\r\n00\r\n\r\n", "hello"),
        ("00a\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
        ("A;name=value\r\n0123456789\r\n0 ; x=\"y\"\r\n\r\n", "0123456789"),
        ("2\r\n\r\n\r\n0\r\nTrailer: x\r\nContent-Length: 7\r\n\r\n", "\r\n"),
    ] {
        assert_eq!(one(&chunked(body)).body, expected.as_bytes(), "{body}");
    }
    let mut two = chunked("1\r\nx\r\n0\r\n\r\n");
    two.extend(b"GET /b HTTP/1.1\r\nHost: h\r\n\r\n");
    let paths: Vec<_> = parse(&two).unwrap().into_iter().map(|it| it.path).collect();
    assert_eq!(paths, ["/a", "/b"]);
}

#[test]
fn malformed_chunks_are_refused() {
    for (body, expected) in [
        ("\r\n", Error::BadChunk),
        ("x\r\n", Error::BadChunk),
        ("-1\r\n", Error::BadChunk),
        ("0x5\r\n", Error::BadChunk),
        (" 5\r\n", Error::BadChunk),
        ("5 \r\n", Error::BadChunk),
        ("5 6\r\n", Error::BadChunk),
        ("5 x\r\n", Error::BadChunk),
        ("5;\u{1}\r\n", Error::BadChunk),
        (";a\r\n", Error::BadChunk),
        ("5\rhello\r\n", Error::BadChunk),
        ("5\nhello\r\n", Error::BareLineFeed),
        ("5\r\nhello!\r\n", Error::BadChunk),
        ("5\r\nhello0\r\n", Error::BadChunk),
        ("5\r\nhello\n", Error::BareLineFeed),
        ("0\r\nA: b\n", Error::BareLineFeed),
    ] {
        assert_eq!(parse(&chunked(body)), Err(expected), "{body}");
    }
}

#[test]
fn a_chunked_body_has_the_same_limit() {
    let limits = Limits::default();
    let half = "x".repeat(limits.body_bytes_max / 2);
    let chunk = format!("{:x}\r\n{half}\r\n", half.len());
    let whole = one(&chunked(&format!("{chunk}{chunk}0\r\n\r\n")));
    assert_eq!(whole.body.len(), limits.body_bytes_max);
    for more in ["1\r\n", "ffffffffffffffffffff\r\n"] {
        assert_eq!(parse(&chunked(&format!("{chunk}{chunk}{more}"))), Err(Error::BodyTooLarge));
    }
    // The smallest chunks fit in, endless extensions and trailers do not.
    let tiny = "1\r\nx\r\n".repeat(limits.body_bytes_max);
    assert_eq!(one(&chunked(&format!("{tiny}0\r\n\r\n"))).body.len(), limits.body_bytes_max);
    let long = "a".repeat(2 * limits.head_bytes_max);
    for endless in [format!("1;{long}"), format!("0\r\nA: {long}"), format!("1\r\nx\r\n1;{long}")] {
        assert_eq!(parse(&chunked(&endless)), Err(Error::BodyTooLarge));
    }
}
