//! Files: uploaded, carried by messages, read by those who may, and gone with what carried them.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::client::{Client, Server};
use crate::data::{Data, until};

/// A response, its body as it came.
pub struct Answer {
    head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn status(&self) -> u16 {
        self.head.get(9..12).and_then(|code| code.parse().ok()).unwrap_or_default()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", self.head))
    }

    fn has(&self, line: &str) -> bool {
        self.head.lines().any(|own| own.eq_ignore_ascii_case(line))
    }
}

fn read(mut stream: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let end = bytes.windows(4).position(|it| it == b"\r\n\r\n").unwrap_or(bytes.len());
    let body = bytes.split_off((end + 4).min(bytes.len()));
    Answer { head: String::from_utf8_lossy(&bytes).into_owned(), body }
}

pub fn key(client: &Client) -> String {
    client.welcome["payload"]["session"].as_str().unwrap().to_owned()
}

fn head_of(server: &Server, method: &str, path: &str, key: &str, more: &str) -> String {
    let host = &server.address;
    let bearer = if key.is_empty() { "" } else { &format!("Authorization: Bearer {key}\r\n") };
    format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{bearer}{more}\r\n")
}

/// Begins an upload: sends its head.
fn begin(server: &Server, room: &str, name: &str, key: &str, more: &str) -> TcpStream {
    let mut stream = server.tcp();
    let path = format!("/api/rooms/{room}/files?name={name}");
    stream.write_all(head_of(server, "POST", &path, key, more).as_bytes()).unwrap();
    stream
}

pub fn upload(server: &Server, room: &str, name: &str, key: &str, bytes: &[u8]) -> Answer {
    let length = format!("Content-Length: {}\r\n", bytes.len());
    let mut stream = begin(server, room, name, key, &length);
    // Refused early, the connection may be reset under the body.
    let _ = stream.write_all(bytes);
    read(stream)
}

/// Uploads a file, and returns its id.
pub fn add(server: &Server, room: &str, name: &str, key: &str, bytes: &[u8]) -> String {
    let answer = upload(server, room, name, key, bytes);
    assert_eq!(answer.status(), 201, "{}", answer.head);
    answer.json()["file"].as_str().unwrap().to_owned()
}

pub fn get(server: &Server, id: &str, key: &str, more: &str) -> Answer {
    fetch(server, "GET", id, key, more)
}

fn fetch(server: &Server, method: &str, id: &str, key: &str, more: &str) -> Answer {
    let mut stream = server.tcp();
    let path = format!("/files/{id}/any%20name");
    stream.write_all(head_of(server, method, &path, key, more).as_bytes()).unwrap();
    read(stream)
}

pub fn send(client: &mut Client, id: &str, room: &str, content: &str, files: &[&str]) -> Value {
    let payload = json!({"content": content, "files": files});
    client.send(json!({"type": "send_message", "id": id, "room": room, "payload": payload}));
    loop {
        let event = client.next();
        if event["re"] == id {
            return event;
        }
    }
}

/// Returns the names of the blobs, and of what is left of uploads.
pub fn blobs(data: &Data) -> Vec<String> {
    let entries = fs::read_dir(data.dir().join("files")).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn only_blob(data: &Data) -> PathBuf {
    let names = blobs(data);
    assert_eq!(names.len(), 1, "{names:?}");
    data.dir().join("files").join(&names[0])
}

/// Bytes that are no text, different for each seed.
pub fn noise(bytes: usize, seed: u32) -> Vec<u8> {
    let mut state = seed;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    std::iter::repeat_with(next).take(bytes).collect()
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x03\x08\x02\0\0\0";

#[test]
fn a_file_is_uploaded_carried_and_read() {
    let data = Data::new();
    let server = data.start(&["--mode", "text", "--public-url", "https://chat.example/talk"]);
    let mut alice = server.join("name=Alice&mode=json");
    let mut bob = server.join("name=Bob&mode=json");
    let mut carol = server.connect("/ws?name=Carol&mode=text");
    assert_eq!(alice.welcome["payload"]["limits"]["file"], 26_214_400);
    let answer = upload(&server, "lobby", "..%2Fa%20b.png", &key(&alice), PNG);
    let id = answer.json()["file"].as_str().unwrap().to_owned();
    let file = json!({
        "file": id, "name": "a b.png", "type": "image/png", "bytes": PNG.len(), "width": 2, "height": 3,
    });
    assert_eq!(answer.json(), file);
    assert!(answer.has("Cache-Control: no-store"));
    // Nobody can read it before a message carries it, not even its author.
    assert_eq!(get(&server, &id, &key(&alice), "").status(), 404);
    assert_eq!(send(&mut alice, "m1", "lobby", "", &[&id])["type"], "ack");
    let heard = bob.until("message");
    assert_eq!(heard["payload"]["files"], json!([file]));
    assert_eq!(heard["payload"]["content"], "");
    let shown = std::iter::repeat_with(|| carol.text()).find(|it| it.contains("[file")).unwrap();
    let link = format!("https://chat.example/talk/files/{id}/a%20b.png");
    assert!(shown.ends_with(&format!("<Alice> [file a b.png {} B {link}]", PNG.len())), "{shown}");

    let read = get(&server, &id, "", "");
    assert_eq!((read.status(), &read.body[..]), (200, PNG));
    for line in [
        "Content-Type: image/png",
        "Content-Disposition: inline; filename=\"a b.png\"",
        "Content-Security-Policy: sandbox; default-src 'none'",
        "X-Content-Type-Options: nosniff",
        "Cache-Control: private, max-age=31536000, immutable",
        "Accept-Ranges: bytes",
        "Content-Length: 29",
    ] {
        assert!(read.has(line), "{line}: {}", read.head);
    }
    let head = fetch(&server, "HEAD", &id, "", "");
    assert!(head.has("Content-Length: 29") && head.body.is_empty(), "{}", head.head);
    // RFC 9110 §14.2: only GET has ranges.
    let head = fetch(&server, "HEAD", &id, "", "Range: bytes=1-3\r\n");
    assert!(head.status() == 200 && head.has("Content-Length: 29"), "{}", head.head);
    let part = get(&server, &id, "", "Range: bytes=1-3\r\n");
    assert_eq!((part.status(), &part.body[..]), (206, &b"PNG"[..]));
    assert!(part.has("Content-Range: bytes 1-3/29"), "{}", part.head);
    assert_eq!(get(&server, &id, "", "Range: bytes=29-\r\n").status(), 416);
    let etag = read.head.lines().find_map(|line| line.strip_prefix("ETag: ")).unwrap();
    let known = get(&server, &id, "", &format!("If-None-Match: {etag}\r\n"));
    assert_eq!((known.status(), known.body.len()), (304, 0));
    for id in ["0".repeat(32).as_str(), "x", "", &id.to_uppercase()] {
        assert_eq!(get(&server, id, &key(&alice), "").status(), 404, "{id}");
    }
    // What joins later, and what searches, is told of it, too.
    let mut dave = server.join("name=Dave&mode=json");
    assert_eq!(dave.until("history")["payload"]["messages"][0]["files"], json!([file]));
}

#[test]
fn a_large_file_comes_back_as_it_was_in_a_length_or_in_chunks() {
    let data = Data::new();
    let server = data.start(&[]);
    let mut alice = server.join("name=Alice");
    let bytes = noise(5_000_000, 1);
    let one = add(&server, "lobby", "n", &key(&alice), &bytes);
    let mut chunked = begin(&server, "lobby", "n", &key(&alice), "Transfer-Encoding: chunked\r\n");
    for part in bytes.chunks(70_000) {
        chunked.write_all(format!("{:x}\r\n", part.len()).as_bytes()).unwrap();
        chunked.write_all(part).unwrap();
        chunked.write_all(b"\r\n").unwrap();
    }
    chunked.write_all(b"0\r\n\r\n").unwrap();
    let answer = read(chunked);
    assert_eq!(answer.status(), 201, "{}", answer.head);
    let other = answer.json()["file"].as_str().unwrap().to_owned();
    assert_ne!(one, other, "each upload has an id of its own");
    assert_eq!(send(&mut alice, "m", "lobby", "two", &[&one, &other])["type"], "ack");
    for id in [&one, &other] {
        assert!(get(&server, id, "", "").body == bytes);
    }
    // The bytes are kept once, whoever has them.
    assert_eq!(fs::read(only_blob(&data)).unwrap(), bytes);
}

#[test]
fn an_upload_is_asked_for_only_when_it_is_admitted() {
    let data = Data::new();
    let server = data.start(&["--file-bytes-max", "1000", "--limit", "close_within=10s"]);
    let alice = server.join("name=Alice");
    let expect = "Expect: 100-continue\r\nContent-Length:";
    let mut stream = begin(&server, "lobby", "n", &key(&alice), &format!("{expect} 3\r\n"));
    let mut first = [0; 25];
    stream.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"abc").unwrap();
    assert_eq!(read(stream).status(), 201);
    let status =
        |room: &str, key: &str, more: &str| read(begin(&server, room, "n", key, more)).status();
    let own = key(&alice);
    assert_eq!(status("lobby", &own, &format!("{expect} 1001\r\n")), 413);
    assert_eq!(status("lobby", "", &format!("{expect} 3\r\n")), 401);
    assert_eq!(status("lobby", "bad", &format!("{expect} 3\r\n")), 401);
    assert_eq!(status("nowhere", &own, &format!("{expect} 3\r\n")), 404);
    assert_eq!(
        status("lobby", &own, &format!("Origin: https://evil.example\r\n{expect} 3\r\n")),
        403
    );
    // One byte over the limit that was not announced.
    let mut chunked = begin(&server, "lobby", "n", &own, "Transfer-Encoding: chunked\r\n");
    let _ = chunked.write_all(format!("3e9\r\n{}\r\n0\r\n\r\n", "x".repeat(1001)).as_bytes());
    assert_eq!(read(chunked).status(), 413);
    assert_eq!(upload(&server, "lobby", "n", &own, &[b'x'; 1000]).status(), 201);
    until("the files are so", || blobs(&data).len() == 2);
}

#[test]
fn an_upload_that_breaks_off_leaves_nothing() {
    let data = Data::new();
    let server = data.start(&["--limit", "body_within=1s"]);
    let alice = server.join("name=Alice");
    let length = "Content-Length: 1000000\r\n";
    let mut cut = begin(&server, "lobby", "n", &key(&alice), length);
    cut.write_all(&[b'x'; 200_000]).unwrap();
    until("the files are so", || blobs(&data).len() == 1);
    drop(cut);
    until("there are no files", || blobs(&data).is_empty());
    // One that stops is answered.
    let mut slow = begin(&server, "lobby", "n", &key(&alice), length);
    slow.write_all(&[b'x'; 70_000]).unwrap();
    assert_eq!(read(slow).status(), 408);
    until("there are no files", || blobs(&data).is_empty());
}

#[test]
fn a_file_is_its_authors_for_one_message_in_one_room() {
    let data = Data::new();
    let server = data.start(&["--rate-limit", "off"]);
    let mut alice = server.join("name=Alice&room=lobby&room=dev");
    let mut bob = server.join("name=Bob");
    let id = add(&server, "lobby", "n", &key(&alice), b"abc");
    let code = |event: Value| event["payload"]["code"].as_str().unwrap_or_default().to_owned();
    assert_eq!(code(send(&mut bob, "1", "lobby", "mine", &[&id])), "no_such_file");
    assert_eq!(code(send(&mut alice, "2", "dev", "there", &[&id])), "no_such_file");
    assert_eq!(code(send(&mut alice, "3", "lobby", "twice", &[&id, &id])), "no_such_file");
    assert_eq!(
        code(send(&mut alice, "4", "lobby", "many", &["0".repeat(32).as_str(); 11])),
        "bad_field"
    );
    assert_eq!(code(send(&mut alice, "5", "lobby", " ", &[])), "bad_field");
    let ack = send(&mut alice, "6", "lobby", "", &[&id]);
    assert_eq!(ack["type"], "ack");
    // The same again, as after a lost ack, and another one with the same file.
    let again = send(&mut alice, "6", "lobby", "", &[&id]);
    assert_eq!((&again["type"], &again["payload"]["duplicate"]), (&json!("ack"), &json!(true)));
    assert_eq!(again["seq"], ack["seq"]);
    assert_eq!(code(send(&mut alice, "7", "lobby", "", &[&id])), "no_such_file");
}

#[test]
fn a_file_of_a_private_room_is_for_its_members_alone() {
    let data = Data::new();
    let server = data.start(&[]);
    let mut alice = server.join("name=Alice&room=den");
    alice.send(json!({"type": "moderate", "id": "p", "payload": {"action": "make_private"}}));
    alice.until("ack");
    let mut bob = server.join("name=Bob");
    let eve = server.join("name=Eve");
    let den = add(&server, "den", "n", &key(&alice), b"secret");
    assert_eq!(send(&mut alice, "m", "den", "", &[&den])["type"], "ack");
    assert_eq!(upload(&server, "den", "n", &key(&eve), b"x").status(), 404);
    let direct = add(&server, "@Bob", "n", &key(&alice), b"psst");
    let payload = json!({"to": "Bob", "content": "", "files": [direct]});
    alice.send(json!({"type": "direct_message", "id": "d", "payload": payload}));
    assert_eq!(bob.until("message")["payload"]["files"][0]["file"], json!(direct));
    for (id, readers, others) in
        [(&den, [&alice, &alice], [&bob, &eve]), (&direct, [&alice, &bob], [&eve, &eve])]
    {
        for reader in readers {
            assert_eq!(get(&server, id, &key(reader), "").status(), 200);
        }
        for other in others {
            assert_eq!(get(&server, id, &key(other), "").status(), 404);
        }
        assert_eq!(get(&server, id, "", "").status(), 404);
    }
}

#[test]
fn a_message_that_goes_takes_its_files_along() {
    let data = Data::new();
    let server = data.start(&["--keep-messages", "3", "--rate-limit", "off"]);
    let mut alice = server.join("name=Alice&room=lobby&room=dev");
    let own = key(&alice);
    let mut say = |id: &str, room: &str, files: &[&str]| {
        assert_eq!(send(&mut alice, id, room, "x", files)["type"], "ack");
    };
    let gone = |id: &str| {
        until("there are no files", || blobs(&data).is_empty());
        assert_eq!(get(&server, id, &own, "").status(), 404);
    };
    // Deleted, with another file of the same bytes left.
    let [one, other] = [(); 2].map(|()| add(&server, "lobby", "n", &own, b"abc"));
    say("1", "lobby", &[&one]);
    say("2", "lobby", &[&other]);
    let delete = |mid: u64| {
        let payload = json!({"mid": mid});
        alice_says(
            &server,
            &own,
            json!({"type": "delete_message", "id": format!("d{mid}"), "room": "lobby", "payload": payload}),
        );
    };
    delete(1);
    until("the files are so", || get(&server, &one, &own, "").status() == 404);
    assert_eq!(get(&server, &other, &own, "").body, b"abc");
    delete(2);
    gone(&other);
    // Pruned.
    let pruned = add(&server, "dev", "n", &own, b"old");
    say("3", "dev", &[&pruned]);
    for id in ["4", "5", "6"] {
        say(id, "dev", &[]);
    }
    gone(&pruned);
}

/// Sends an event on another connection of the same user.
fn alice_says(server: &Server, session: &str, event: Value) {
    let mut client = server.join(&format!("session={session}"));
    client.send(event);
    client.until("ack");
}

#[test]
fn an_upload_that_no_message_names_goes() {
    let data = Data::new();
    let server = data.start(&["--limit", "upload_life=1s"]);
    let alice = server.join("name=Alice");
    add(&server, "lobby", "n", &key(&alice), b"abc");
    until("there are no files", || blobs(&data).is_empty());
}

#[test]
fn files_survive_a_kill_and_what_it_left_over_is_removed() {
    let data = Data::new();
    let mut server = data.start(&[]);
    let mut alice = server.join("name=Alice");
    let own = key(&alice);
    let sent = add(&server, "lobby", "n", &own, b"sent");
    let waiting = add(&server, "lobby", "n", &own, b"waiting");
    assert_eq!(send(&mut alice, "1", "lobby", "", &[&sent])["type"], "ack");
    let mut half = begin(&server, "lobby", "n", &own, "Content-Length: 1000000\r\n");
    half.write_all(&[b'x'; 200_000]).unwrap();
    until("the files are so", || blobs(&data).len() == 3);
    server.kill();
    fs::write(data.dir().join("files").join("0".repeat(64)), "orphan").unwrap();
    let server = data.start(&[]);
    until("the files are so", || blobs(&data).len() == 2);
    let mut alice = server.join(&format!("session={own}"));
    assert_eq!(get(&server, &sent, "", "").body, b"sent");
    assert_eq!(send(&mut alice, "2", "lobby", "", &[&waiting])["type"], "ack");
    assert_eq!(get(&server, &waiting, "", "").body, b"waiting");
}

#[test]
fn there_are_limits_to_all_files_to_those_of_a_day_and_to_those_at_once() {
    let data = Data::new();
    let server = data.start(&[
        "--files-bytes-max",
        "1000000",
        "--limit",
        "upload_bytes_per_day_max=1MiB",
        "--limit",
        "uploads_per_network_max=2",
    ]);
    let alice = server.join("name=Alice");
    let bob = server.join("name=Bob");
    let small = "Content-Length: 10\r\n";
    let [_one, _two] = [(); 2].map(|()| {
        let expect = format!("Expect: 100-continue\r\n{small}");
        let mut stream = begin(&server, "lobby", "n", &key(&bob), &expect);
        stream.read_exact(&mut [0; 25]).unwrap();
        stream
    });
    let third = read(begin(&server, "lobby", "n", &key(&bob), small));
    assert_eq!((third.status(), third.json()["code"].clone()), (503, json!("overloaded")));
    drop((_one, _two));
    until("there is room for another upload", || {
        upload(&server, "lobby", "n", &key(&alice), &noise(600_000, 2)).status() == 201
    });
    let full = upload(&server, "lobby", "n", &key(&bob), &noise(600_000, 3));
    assert_eq!((full.status(), full.json()["code"].clone()), (503, json!("storage_unavailable")));
    let spent = upload(&server, "lobby", "n", &key(&alice), &noise(390_000, 4));
    assert!([201, 429].contains(&spent.status()), "{}", spent.head);
    let spent = upload(&server, "lobby", "n", &key(&alice), &noise(390_000, 5));
    assert!([429, 503].contains(&spent.status()), "{}", spent.head);
}

#[test]
fn slow_uploads_give_way_when_all_places_are_taken() {
    let data = Data::new();
    let limits = ["--limit", "uploads_max=2", "--limit", "upload_slow_after=1s"];
    let server = data.start(&[&limits[..], &["--rate-limit", "off"]].concat());
    let alice = server.join("name=Alice");
    let length = "Expect: 100-continue\r\nContent-Length: 1000000\r\n";
    let slow = |bytes: usize| {
        let mut stream = begin(&server, "lobby", "n", &key(&alice), length);
        stream.read_exact(&mut [0; 25]).unwrap();
        stream.write_all(&vec![b'x'; bytes]).unwrap();
        stream
    };
    let (slower, slowest) = (slow(10_000), slow(0));
    let refused = upload(&server, "lobby", "n", &key(&alice), b"abc");
    assert_eq!((refused.status(), refused.json()["code"].clone()), (503, json!("overloaded")));
    until("the slowest upload has given way", || {
        upload(&server, "lobby", "n", &key(&alice), b"abc").status() == 201
    });
    let ended = read(slowest);
    assert_eq!((ended.status(), ended.json()["code"].clone()), (503, json!("overloaded")));
    slower.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(read(slower).status(), 0, "it went on");
}

#[test]
fn a_server_may_take_no_files() {
    let data = Data::new();
    for server in [Server::start(&[]), data.start(&["--files", "off"])] {
        let alice = server.join("name=Alice");
        assert!(alice.welcome["payload"]["limits"].get("file").is_none());
        let answer = upload(&server, "lobby", "n", &key(&alice), b"abc");
        assert_eq!(answer.status(), 403);
        assert_eq!(answer.json()["message"], "this server takes no files");
    }
}

#[test]
fn dangerous_files_are_saved_and_not_shown() {
    let data = Data::new();
    let server = data.start(&[]);
    let mut alice = server.join("name=Alice");
    for (name, bytes, shown) in [
        ("a.png", &b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"[..], false),
        ("a.txt", b"<html><script>alert(1)</script>", false),
        ("a.js", b"GIF89a\x05\0\x07\0=1;alert(1)//", true),
        ("a%0D%0ASet-Cookie:%20x.txt", b"plain", true),
        ("%E2%80%AEgpj.exe", b"MZ\x90\0", false),
        ("", b"", false),
    ] {
        let id = add(&server, "lobby", name, &key(&alice), bytes);
        assert_eq!(send(&mut alice, &id, "lobby", "x", &[&id])["type"], "ack");
        let read = get(&server, &id, "", "");
        assert_eq!(read.body, bytes);
        let attachment = read.head.contains("Content-Disposition: attachment; filename=\"");
        assert_eq!(attachment, !shown, "{}", read.head);
        assert_eq!(read.has("Content-Type: application/octet-stream"), !shown, "{}", read.head);
        assert!(!read.head.contains("\r\nSet-Cookie"), "{}", read.head);
        assert!(read.head.contains("nosniff") && read.head.contains("sandbox"));
    }
}
