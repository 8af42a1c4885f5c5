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

/// The path, the announced length and the body of a request.
type Streamed = (String, Option<StreamedLength>, Vec<u8>);

/// Parses `bytes` in steps, the bodies of all requests with a path `/s` streamed.
fn stream(bytes: &[u8], step: usize) -> Result<Vec<Streamed>, Error> {
    let limits = Limits { body_bytes_max: 4, ..Limits::default() };
    let (mut parser, mut requests) = (Parser::default(), Vec::new());
    for mut input in bytes.chunks(step) {
        while !input.is_empty() || parser.is_streaming() {
            if let (true, Some((_, _, body))) = (parser.is_streaming(), requests.last_mut()) {
                assert_eq!(parser.path(), "/s");
                parser.feed_part(&limits, &mut input, body)?;
                if parser.is_streaming() {
                    break;
                }
            } else if let Some(request) =
                parser.feed_streaming(&limits, |request| request.path == "/s", &mut input)?
            {
                requests.push((request.path, request.streamed, request.body));
            }
        }
        assert!(input.is_empty());
    }
    assert!(parser.is_empty());
    Ok(requests)
}

#[test]
fn a_streamed_body_comes_in_parts_and_may_be_larger_than_others() {
    let bytes = b"POST /s HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n0123456789\
        POST /s HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n1\r\ng\r\n0\r\n\r\n\
        POST /s HTTP/1.1\r\nHost: h\r\n\r\n\
        POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nabcd";
    let length = |bytes| Some(StreamedLength::Bytes(bytes));
    let expected = [
        ("/s".to_owned(), length(10), b"0123456789".to_vec()),
        ("/s".to_owned(), Some(StreamedLength::Chunked), b"abcdefg".to_vec()),
        ("/s".to_owned(), length(0), Vec::new()),
        ("/a".to_owned(), None, b"abcd".to_vec()),
    ];
    for step in [1, 7, bytes.len()] {
        assert_eq!(stream(bytes, step).unwrap(), expected, "{step}");
    }
    let large = b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabcde";
    assert_eq!(stream(large, 1), Err(Error::BodyTooLarge));
    let bad = b"POST /s HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n";
    assert_eq!(stream(bad, 1), Err(Error::BadChunk));
}
