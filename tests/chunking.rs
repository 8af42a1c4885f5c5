//! The splitting property: any stream gives the same events and the same output whole, byte by byte
//! and cut at random.

#[path = "../fuzz/properties.rs"]
#[expect(dead_code, unreachable_pub, reason = "a library for the fuzz targets")]
mod properties;

use flate2::{Compress, Compression, FlushCompress};
use proptest::collection::vec;
use proptest::prelude::*;

use properties::{
    opening, proxy_headers_do_not_depend_on_cuts, requests_do_not_depend_on_cuts, small_limits,
    stories_do_not_depend_on_cuts,
};

/// A request, valid or nearly so.
fn request() -> impl Strategy<Value = Vec<u8>> {
    let line = prop::sample::select(vec![
        "GET /ws HTTP/1.1",
        "GET / HTTP/1.1",
        "HEAD /a?b HTTP/1.1",
        "POST /p HTTP/1.1",
        "get / HTTP/1.1",
        "GET / HTTP/1.0",
        "GET /ws HTTP/2.0",
        "GET http://a/ws HTTP/1.1",
        "\r\nGET / HTTP/1.1",
    ]);
    let header = prop::sample::select(vec![
        "Host: h",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
        "Sec-WebSocket-Protocol: chat.v1",
        "Content-Length: 3",
        "Content-Length: 101",
        "Expect: 100-continue",
        "Transfer-Encoding: chunked",
        "Connection: close",
        "A: \t b",
    ]);
    let end = prop::sample::select(vec!["\r\n", "\r\n", "\r\n", "\n", "\r\n "]);
    (line, vec((header, end), 0..8), "[a-z]{0,4}", any::<bool>()).prop_map(
        |(line, headers, body, host)| {
            let mut text = format!("{line}\r\n");
            if host {
                text.push_str("Host: h\r\n");
            }
            for (header, end) in headers {
                text.push_str(header);
                text.push_str(end);
            }
            (text + "\r\n" + &body).into_bytes()
        },
    )
}

/// A client's frame, valid or nearly so.
fn frame() -> impl Strategy<Value = Vec<u8>> {
    let first = prop::sample::select(vec![
        0x81, 0x81, 0x82, 0x01, 0x01, 0x02, 0x00, 0x00, 0x80, 0x80, 0xc1, 0xc1, 0xc2, 0x41, 0x89,
        0x8a, 0x88, 0x08, 0x91, 0x83,
    ]);
    let payload = prop_oneof![
        vec(any::<u8>(), 0..20),
        ".{0,40}".prop_map(String::into_bytes),
        ".{0,40}".prop_map(|text| compress(text.as_bytes())),
        (0..1200_usize).prop_map(|length| compress(&vec![b'a'; length])),
        (0..1200_usize).prop_map(|length| vec![b'a'; length]),
        (990..1020_u16, "[a-z]{0,5}")
            .prop_map(|(code, why)| [&code.to_be_bytes(), why.as_bytes()].concat()),
    ];
    (first, payload, any::<[u8; 4]>()).prop_map(|(first, payload, key)| {
        let mut frame = vec![first];
        match payload.len() {
            length @ 0..=125 => frame.push(0x80 | length as u8),
            length => {
                frame.push(0x80 | 126);
                frame.extend((length as u16).to_be_bytes());
            }
        }
        frame.extend(key);
        frame.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
        frame
    })
}

/// A PROXY header, valid or nearly so.
fn proxy_header() -> impl Strategy<Value = Vec<u8>> {
    let word = prop::sample::select(vec![
        "TCP4",
        "TCP6",
        "UNKNOWN",
        "192.0.2.1",
        "::1",
        "::ffff:192.0.2.1",
        "1",
        "65535",
        "65536",
        "",
    ]);
    let line = vec(word, 1..7).prop_map(|words| format!("PROXY {}\r\n", words.join(" ")));
    let right = prop::sample::select(vec![
        "PROXY TCP4 192.0.2.1 203.0.113.1 51000 80\r\n",
        "PROXY TCP6 2001:db8::7 ::1 51000 80\r\n",
        "PROXY UNKNOWN\r\n",
    ]);
    let command = prop::sample::select(vec![0x20, 0x21, 0x21, 0x21, 0x22, 0x11]);
    let family = prop::sample::select(vec![0x00, 0x11, 0x11, 0x12, 0x21, 0x31, 0x41, 0x13]);
    let length = prop_oneof![0..40_usize, 210..220_usize, 515..525_usize];
    let body = length.prop_flat_map(|length| vec(any::<u8>(), length));
    let block = (command, family, body).prop_map(|(command, family, body)| {
        let length = (body.len() as u16).to_be_bytes();
        [b"\r\n\r\n\0\r\nQUIT\n", &[command, family][..], &length, &body].concat()
    });
    prop_oneof![line.prop_map(String::into_bytes), right.prop_map(Into::into), block]
}

fn compress(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + 100);
    let mut stream = Compress::new(Compression::fast(), false);
    stream.compress_vec(payload, &mut out, FlushCompress::Sync).unwrap();
    out.truncate(out.len() - 4);
    out
}

/// A stream of such parts, sometimes with a few bytes changed.
fn stream(part: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let changes =
        prop_oneof![Just(Vec::new()), vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)];
    (vec(part, 1..8), changes).prop_map(|(parts, changes)| {
        let mut stream = parts.concat();
        for (index, byte) in changes {
            let length = stream.len();
            stream[index.index(length)] = byte;
        }
        stream
    })
}

fn cuts() -> impl Strategy<Value = Vec<usize>> {
    vec(0..400_usize, 0..12)
}

fn places(mut cuts: Vec<usize>, stream: &[u8]) -> Vec<usize> {
    cuts.retain(|cut| *cut <= stream.len());
    cuts.sort_unstable();
    cuts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn requests_are_the_same_however_they_are_cut(stream in stream(request()), cuts in cuts()) {
        let cuts = places(cuts, &stream);
        requests_do_not_depend_on_cuts(&stream, &cuts);
        stories_do_not_depend_on_cuts(small_limits(), b"", &stream, &cuts);
    }

    #[test]
    fn proxy_headers_are_the_same_however_they_are_cut(
        stream in stream(proxy_header()),
        cuts in cuts(),
    ) {
        let cuts = places(cuts, &stream);
        proxy_headers_do_not_depend_on_cuts(&stream, &cuts);
    }

    #[test]
    fn frames_are_the_same_however_they_are_cut(
        stream in stream(frame()),
        cuts in cuts(),
        deflate in any::<bool>(),
    ) {
        let cuts = places(cuts, &stream);
        stories_do_not_depend_on_cuts(small_limits(), &opening(deflate), &stream, &cuts);
    }

    #[test]
    fn frames_behind_a_request_are_the_same_however_they_are_cut(
        frames in stream(frame()),
        cuts in cuts(),
        deflate in any::<bool>(),
    ) {
        let stream = [opening(deflate), frames].concat();
        let cuts = places(cuts, &stream);
        stories_do_not_depend_on_cuts(small_limits(), b"", &stream, &cuts);
    }
}
