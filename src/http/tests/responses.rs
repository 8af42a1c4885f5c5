//! Responses.

use std::borrow::Cow;

use super::*;

fn encoded(response: &Response, head_only: bool, keep_alive: bool) -> String {
    let mut out = Vec::new();
    let rest = response.encode(&Date::of(784_111_777), head_only, keep_alive, &mut out);
    assert_eq!(rest, b"");
    String::from_utf8(out).unwrap()
}

#[test]
fn responses_are_encoded() {
    assert_eq!(
        encoded(&Response::text(Status(404), "nothing here"), false, true),
        "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Length: 13\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\nnothing here\n"
    );
    assert_eq!(
        encoded(&Response::json(Status(200), "{}".to_owned()), true, false),
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\
         Content-Length: 2\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nConnection: close\r\n\r\n"
    );
    for status in [204, 304] {
        let response = Response { body: b"x"[..].into(), ..Response::new(Status(status)) };
        let text = encoded(&response.with_close(), false, true);
        assert!(text.ends_with("\r\nConnection: close\r\n\r\n"), "{text}");
        assert!(!text.contains("Length"), "{text}");
    }
    assert_eq!(
        encoded(&Response::new(Status(101)), false, true),
        "HTTP/1.1 101 Switching Protocols\r\n\r\n"
    );
}

#[test]
fn a_large_static_body_is_not_copied() {
    static BODY: [u8; 100_000] = [b'x'; 100_000];
    let response = Response { body: Cow::Borrowed(&BODY), ..Response::new(Status(200)) };
    let mut out = Vec::new();
    let rest = response.encode(&Date::of(0), false, true, &mut out);
    assert!(std::ptr::eq(rest, &BODY[..]));
    assert!(out.ends_with(b"\r\n\r\n") && out.len() < 200);
    assert!(encoded(&response, true, true).contains("\r\nContent-Length: 100000\r\n"));
}

#[test]
fn a_value_cannot_add_a_header() {
    let response = Response::new(Status(303)).with_header("Location", "/a\r\nSet-Cookie: b");
    let text = encoded(&response, false, true);
    assert!(text.contains("\r\nLocation: /a  Set-Cookie: b\r\n"), "{text}");
}
