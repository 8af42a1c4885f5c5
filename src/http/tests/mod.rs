//! Tables of literal requests. Section numbers are RFC 9112's; H rows are the opening handshake's
//! as far as they concern any request.

mod bodies;
mod responses;

use super::*;
use crate::clock::Clock;

/// Parses `bytes` whole, and byte by byte, and asserts that the results are equal.
fn parse(bytes: &[u8]) -> Result<Vec<Request>, Error> {
    let whole = parse_in(bytes, bytes.len().max(1));
    assert_eq!(whole, parse_in(bytes, 1), "{}", bytes.escape_ascii());
    whole
}

fn parse_in(bytes: &[u8], step: usize) -> Result<Vec<Request>, Error> {
    let mut parser = Parser::default();
    let mut requests = Vec::new();
    for mut input in bytes.chunks(step) {
        loop {
            let before = input.len();
            match parser.feed(&Limits::default(), &mut input)? {
                Some(request) => requests.push(request),
                None => break,
            }
            assert!(input.len() < before);
        }
        assert!(input.is_empty());
    }
    Ok(requests)
}

fn one(bytes: &[u8]) -> Request {
    let mut requests = parse(bytes).unwrap();
    assert_eq!(requests.len(), 1, "{}", bytes.escape_ascii());
    requests.remove(0)
}

fn with(header: &str) -> Vec<u8> {
    format!("GET / HTTP/1.1\r\nHost: h\r\n{header}\r\n\r\n").into_bytes()
}

#[test]
fn a_request_is_parsed() {
    let request =
        one(b"GET /a%20b/c?x=1&y=?2 HTTP/1.1\r\nHost: h:80\r\nX-A:  b \t\r\nx-a: c\r\nE:\r\n\r\n");
    assert_eq!(request.method, Method::Get);
    assert_eq!(request.path, "/a%20b/c");
    assert_eq!(request.query, "x=1&y=?2");
    assert_eq!(request.host, "h:80");
    assert_eq!(request.body, b"");
    assert!(request.keep_alive);
    assert_eq!(request.header("HOST"), Some("h:80"));
    assert_eq!(request.headers("X-a").collect::<Vec<_>>(), ["b", "c"]);
    assert_eq!(request.header("e"), Some(""));
    assert_eq!(request.header("none"), None);
}

#[test]
fn lists_run_over_lines_and_skip_empty_elements() {
    let request = one(&with("L: a,b , ,c\r\nOther: x\r\nl:\td"));
    assert_eq!(request.tokens("l").collect::<Vec<_>>(), ["a", "b", "c", "d"]);
}

#[test]
fn a_list_is_read_up_to_its_128th_element() {
    let request = one(&with(&format!("L: {}a\r\nl: b,c", ",".repeat(126))));
    assert_eq!(request.tokens("l").collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn methods_are_case_sensitive() {
    for (method, expected) in [
        ("GET", Method::Get),
        ("HEAD", Method::Head),
        ("POST", Method::Post),
        ("OPTIONS", Method::Options),
        ("PUT", Method::Other),
        ("get", Method::Other), // H55
        ("M-SEARCH", Method::Other),
    ] {
        let bytes = format!("{method} / HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_eq!(one(bytes.as_bytes()).method, expected, "{method}");
    }
}

#[test]
fn targets_come_in_the_forms_of_section_3_2() {
    for (line, host, path, query) in [
        ("GET /", "h", "/", ""),
        ("GET /?", "h", "/", ""),
        ("GET //x/../y", "h", "//x/../y", ""),
        ("GET /\u{e9}", "h", "/\u{e9}", ""),
        ("GET http://a.example:8080/p?q", "a.example:8080", "/p", "q"), // H56
        ("GET HTTP://a.example", "a.example", "/", ""),
        ("GET ws://a.example?q", "a.example", "/", "q"),
        ("GET https://[::1]:9/p", "[::1]:9", "/p", ""),
        ("OPTIONS *", "h", "*", ""),
        ("CONNECT a.example:443", "h", "a.example:443", ""),
    ] {
        let request = one(format!("{line} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes());
        let got = (request.host.as_str(), request.path.as_str(), request.query.as_str());
        assert_eq!(got, (host, path, query), "{line}");
    }
    for line in [
        "GET *",
        "GET a.example:443",
        "GET x",
        "GET /#fragment",
        "GET http://u@a.example/",
        "GET http:///p",
        "GET ftp://a.example/",
    ] {
        let bytes = format!("{line} HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_eq!(parse(bytes.as_bytes()), Err(Error::BadTarget), "{line}");
    }
}

#[test]
fn ambiguous_requests_are_refused() {
    let host = "Host: h\r\n";
    let bad_line = Error::BadRequestLine;
    for (id, bytes, expected) in [
        ("two Hosts in 1.0", format!("GET / HTTP/1.0\r\n{host}{host}\r\n"), Error::RepeatedHost),
        ("bad Host in 1.0", "GET / HTTP/1.0\r\nHost: a b\r\n\r\n".to_owned(), Error::BadHost),
        ("H04 HTTP/2.0", format!("GET / HTTP/2.0\r\n{host}\r\n"), Error::UnsupportedVersion),
        ("HTTP/1.2", format!("GET / HTTP/1.2\r\n{host}\r\n"), Error::UnsupportedVersion),
        ("HTTP/0.9", "GET /\r\n\r\n".to_owned(), bad_line),
        ("HTTP/11", format!("GET / HTTP/11\r\n{host}\r\n"), bad_line),
        ("http/1.1", format!("GET / http/1.1\r\n{host}\r\n"), bad_line),
        ("two blanks", format!("GET  / HTTP/1.1\r\n{host}\r\n"), bad_line),
        ("two blanks", format!("GET /  HTTP/1.1\r\n{host}\r\n"), bad_line),
        ("blank in the target", format!("GET /a b HTTP/1.1\r\n{host}\r\n"), bad_line),
        ("blank behind", format!("GET / HTTP/1.1 \r\n{host}\r\n"), bad_line),
        ("no target", format!("GET HTTP/1.1\r\n{host}\r\n"), bad_line),
        ("H05 no Host", "GET / HTTP/1.1\r\n\r\n".to_owned(), Error::MissingHost),
        ("H06 two Hosts", format!("GET / HTTP/1.1\r\n{host}{host}\r\n"), Error::RepeatedHost),
        ("empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n".to_owned(), Error::BadHost),
        ("Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n".to_owned(), Error::BadHost),
        ("Host with a user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n".to_owned(), Error::BadHost),
        ("Host with a blank", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n".to_owned(), Error::BadHost),
        ("H43 bare LF", format!("GET / HTTP/1.1\r\n{host}A: b\nC: d\r\n\r\n"), Error::BareLineFeed),
        ("H43 bare LF line", "GET / HTTP/1.1\nHost: h\n\n".to_owned(), Error::BareLineFeed),
        ("H43 bare LF end", format!("GET / HTTP/1.1\r\n{host}\n"), Error::BareLineFeed),
        ("LF CR", format!("GET / HTTP/1.1\r\n{host}\n\r\n\r"), Error::BareLineFeed),
        ("bare CR", format!("GET / HTTP/1.1\r\n{host}A: b\rc\r\n\r\n"), Error::BadHeaderValue),
        (
            "H44 blank before colon",
            format!("GET / HTTP/1.1\r\n{host}A : b\r\n\r\n"),
            Error::BadHeaderName,
        ),
        ("no colon", format!("GET / HTTP/1.1\r\n{host}A\r\n\r\n"), Error::BadHeaderName),
        ("empty name", format!("GET / HTTP/1.1\r\n{host}: b\r\n\r\n"), Error::BadHeaderName),
        (
            "H45 obs-fold",
            format!("GET / HTTP/1.1\r\n{host}A: b\r\n c\r\n\r\n"),
            Error::BadHeaderName,
        ),
        (
            "H45 obs-fold",
            format!("GET / HTTP/1.1\r\n{host}A: b\r\n\tc\r\n\r\n"),
            Error::BadHeaderName,
        ),
        (
            "fold before all headers",
            format!("GET / HTTP/1.1\r\n A: b\r\n{host}\r\n"),
            Error::BadHeaderName,
        ),
        ("H46 NUL", format!("GET / HTTP/1.1\r\n{host}A: \0\r\n\r\n"), Error::BadHeaderValue),
        ("NUL in a name", format!("GET / HTTP/1.1\r\n{host}A\0: b\r\n\r\n"), Error::BadHeaderName),
        ("NUL in the target", format!("GET /\0 HTTP/1.1\r\n{host}\r\n"), bad_line),
        ("empty lines", format!("\r\n\r\nGET / HTTP/1.1\r\n{host}\r\n"), Error::EmptyLines),
        ("CR before the line", format!("\rGET / HTTP/1.1\r\n{host}\r\n"), bad_line),
        ("LF before the line", format!("\nGET / HTTP/1.1\r\n{host}\r\n"), Error::NotHttp),
        ("blank before the line", format!(" GET / HTTP/1.1\r\n{host}\r\n"), Error::NotHttp),
        (
            "H50 HTTP/2 preface",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
            Error::UnsupportedVersion,
        ),
    ] {
        assert_eq!(parse(bytes.as_bytes()), Err(expected), "{id}");
    }
}

#[test]
fn a_body_of_unclear_length_is_refused() {
    for (id, method, headers, expected) in [
        ("H40", "GET", "Content-Length: 5", Error::UnexpectedBody),
        ("H40 HEAD", "HEAD", "Content-Length: 5", Error::UnexpectedBody),
        ("H41", "GET", "Transfer-Encoding: chunked", Error::UnexpectedBody),
        ("H42", "GET", "Content-Length: 5\r\nTransfer-Encoding: chunked", Error::AmbiguousLength),
        ("H42", "POST", "Transfer-Encoding: chunked\r\nContent-Length: 5", Error::AmbiguousLength),
        (
            "V48",
            "POST",
            "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
            Error::UnknownCoding,
        ),
        ("another coding", "POST", "Transfer-Encoding: gzip, chunked", Error::UnknownCoding),
        ("two lengths", "POST", "Content-Length: 5\r\nContent-Length: 5", Error::BadContentLength),
        ("two lengths", "POST", "Content-Length: 5\r\nContent-Length: 6", Error::BadContentLength),
        ("a list", "POST", "Content-Length: 5, 5", Error::BadContentLength),
        ("a sign", "POST", "Content-Length: +5", Error::BadContentLength),
        ("a sign", "POST", "Content-Length: -5", Error::BadContentLength),
        ("empty", "POST", "Content-Length:", Error::BadContentLength),
        ("hex", "POST", "Content-Length: 0x5", Error::BadContentLength),
        (
            "two lengths on GET",
            "GET",
            "Content-Length: 0\r\nContent-Length: 0",
            Error::BadContentLength,
        ),
        ("limit + 1", "POST", "Content-Length: 65537", Error::BodyTooLarge),
        ("2^64", "POST", "Content-Length: 18446744073709551616", Error::BodyTooLarge),
        ("expectation", "POST", "Content-Length: 5\r\nExpect: 200-ok", Error::UnknownExpectation),
    ] {
        let bytes = format!("{method} / HTTP/1.1\r\nHost: h\r\n{headers}\r\n\r\nhello");
        assert_eq!(parse(bytes.as_bytes()), Err(expected), "{id}");
    }
}

#[test]
fn every_error_has_its_status() {
    for (error, status) in [
        (Error::NotHttp, 400),
        (Error::BareLineFeed, 400),
        (Error::AmbiguousLength, 400),
        (Error::UnsupportedVersion, 505),
        (Error::HeadTooLarge, 431),
        (Error::TooManyHeaders, 431),
        (Error::UnknownCoding, 501),
        (Error::BadChunk, 400),
        (Error::BodyTooLarge, 413),
        (Error::UnknownExpectation, 417),
    ] {
        assert_eq!(error.status(), Status(status));
        assert!(!error.reason().contains('\n'));
    }
}

#[test]
fn tls_on_the_plain_port_is_refused_at_its_first_byte() {
    assert_eq!(parse(&[0x16]), Err(Error::NotHttp)); // H49
}

#[test]
fn a_request_of_http_1_0_is_the_last_and_needs_no_host() {
    for headers in ["", "Connection: keep-alive\r\n", "Expect: 100-continue\r\n", "Expect: x\r\n"] {
        let request = one(format!("OPTIONS / HTTP/1.0\r\n{headers}\r\n").as_bytes());
        assert_eq!((request.version, request.keep_alive), (Version::Http10, false), "{headers}");
        assert_eq!(request.host, "");
    }
    let request = one(b"POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 2\r\n\r\nab");
    assert_eq!((request.host.as_str(), request.body.as_slice()), ("a", &b"ab"[..]));
    assert_eq!(
        parse(b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
        Err(Error::AmbiguousLength)
    );
}

#[test]
fn the_path_of_a_refused_request_is_known() {
    for (bytes, path) in [
        ("POST /api/x?y HTTP/1.1\r\nHost: h\r\nContent-Length: 65537\r\n\r\n", "/api/x"),
        ("POST /api/x HTTP/1.1\r\nHost: h\r\nExpect: x\r\n\r\n", "/api/x"),
        ("POST /api/x HTTP/1.1\r\nHost: h\nA: b\r\n\r\n", "/api/x"),
        ("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nx", "/a"),
        ("\u{16}", ""),
    ] {
        for step in [1, bytes.len()] {
            let mut parser = Parser::default();
            let fed = bytes.as_bytes().chunks(step).try_for_each(|mut input| {
                parser
                    .feed(&Limits::default(), &mut input)
                    .map(|request| assert!(request.is_none()))
            });
            fed.unwrap_err();
            assert_eq!(parser.path(), path, "{bytes}");
        }
    }
}

#[test]
fn requests_follow_each_other() {
    let requests = parse(
        b"POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab\r\n\
          GET /2 HTTP/1.1\r\nHost: h\r\n\r\n\
          GET /3 HTTP/1.1\r\nHost: h\r\nConnection: x, Close\r\n\r\n\
          GET /un",
    )
    .unwrap();
    let seen: Vec<_> = requests.iter().map(|it| (it.path.as_str(), it.keep_alive)).collect();
    assert_eq!(seen, [("/1", true), ("/2", true), ("/3", false)]);
}

#[test]
fn a_head_is_bounded_in_bytes_and_lines() {
    let limits = Limits::default();
    let head_of = |bytes: usize| {
        let frame = with("A: ").len();
        let mut head = with(&format!("A: {}", "x".repeat(bytes - frame)));
        assert_eq!(head.len(), bytes);
        head.splice(..0, *b"\r\n");
        head
    };
    one(&head_of(limits.head_bytes_max));
    assert_eq!(parse(&head_of(limits.head_bytes_max + 1)), Err(Error::HeadTooLarge));
    assert_eq!(parse(&vec![b'A'; 100_000]), Err(Error::HeadTooLarge)); // H53, H54

    // The Host header counts.
    let lines = |count: usize| with(&vec!["A: b"; count - 1].join("\r\n"));
    one(&lines(limits.headers_max));
    assert_eq!(parse(&lines(limits.headers_max + 1)), Err(Error::TooManyHeaders)); // H51
    assert_eq!(parse(&lines(2000)), Err(Error::HeadTooLarge)); // H52
}

#[test]
fn a_continue_is_reported_once_wherever_the_body_is_cut() {
    let bytes = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nExpect: 100-Continue\r\n\r\nx";
    for cut in 0..bytes.len() {
        let mut parser = Parser::default();
        let mut asked = 0;
        for mut input in [&bytes[..cut], &bytes[cut..]] {
            parser.feed(&Limits::default(), &mut input).unwrap();
            asked += usize::from(parser.take_continue());
        }
        assert_eq!(asked, 1, "{cut}");
    }
    let mut parser = Parser::default();
    let bodiless = with("Expect: 100-continue");
    assert!(parser.feed(&Limits::default(), &mut bodiless.as_slice()).unwrap().is_some());
    assert!(!parser.take_continue());
}

#[test]
fn headers_that_are_not_utf8_are_accepted() {
    let request = one(b"GET / HTTP/1.1\r\nHost: h\r\nA: \xff\r\nB: \xc3\xa9\r\n\r\n");
    assert_eq!(request.header("a"), Some("\u{fffd}"));
    assert_eq!(request.header("b"), Some("\u{e9}"));
}

#[test]
fn a_parser_is_empty_between_requests_only() {
    let limits = Limits::default();
    let mut parser = Parser::default();
    assert!(parser.is_empty());
    parser.feed(&limits, &mut &b"GET / HT"[..]).unwrap();
    assert!(!parser.is_empty());
    parser.feed(&limits, &mut &b"TP/1.1\r\nHost: h\r\n\r\n"[..]).unwrap().unwrap();
    assert!(parser.is_empty());
    parser
        .feed(&limits, &mut &b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n"[..])
        .unwrap();
    assert!(!parser.is_empty());
}

/// V40: guards against quadratic time. As many bytes in heads of four times the length must take as
/// long.
#[test]
fn a_trickled_head_costs_no_more_than_its_bytes() {
    let cost = |times: usize, length: usize| {
        let head = with(&format!("A: {}", "x".repeat(length)));
        let clock = Clock::start();
        for _ in 0..times {
            assert_eq!(parse_in(&head, 1).unwrap().len(), 1);
        }
        clock.now().at.as_millis()
    };
    let (short, long) = (cost(400, 2000), cost(100, 8000));
    assert!(long < 3 * short.max(5), "{long} ms for long heads, {short} ms for short ones");
}
