//! The attackers, one for each kind of abuse.

use std::sync::OnceLock;
use std::time::Duration;

use crate::bystander::ROOM;
use crate::storm::{Attacker, Habit};
use crate::wire;

/// A room with long messages in it.
pub(crate) const ARCHIVE: &str = "archive";

/// A script of the page, by the name that a build gives it.
pub(crate) static SCRIPT: OnceLock<String> = OnceLock::new();

/// No least time: as fast as the server takes it.
const AT_ONCE: Duration = Duration::ZERO;

/// Grows eighteen-fold when it is folded.
const LIGATURE: &str = "\u{FDFA}";

pub(crate) const ALL: [Attacker; 24] = [
    attacker("fold-typing", 8, anybody, fold_typing, AT_ONCE, Habit::Reads),
    attacker("fold-names", 8, anybody, fold_names, AT_ONCE, Habit::Reads),
    attacker("fold-rename", 32, anybody, fold_rename, AT_ONCE, Habit::Reads),
    attacker("fold-deflated", 8, deflating, fold_deflated, AT_ONCE, Habit::Reads),
    attacker("pipelined-gets", 6, plain, gets, AT_ONCE, Habit::Ignores),
    attacker("unread-history", 256, in_archive, histories, AT_ONCE, Habit::Ignores),
    attacker("unread-answers", 120, in_plaza, lists, AT_ONCE, Habit::Ignores),
    attacker("spaces", 32, anybody, spaces, AT_ONCE, Habit::Reads),
    attacker("bad-json", 32, anybody, bad_json, AT_ONCE, Habit::Reads),
    attacker("pings", 16, anybody, pings, AT_ONCE, Habit::Reads),
    attacker("fragments", 32, anybody, fragments, AT_ONCE, Habit::Reads),
    attacker("deflate-bombs", 32, deflating, bombs, AT_ONCE, Habit::Reads),
    attacker("after-labels", 16, after, nothing, AT_ONCE, Habit::HangsUp),
    attacker("namesakes", 64, namesake, nothing, AT_ONCE, Habit::HangsUp),
    attacker("churn", 64, anybody, nothing, AT_ONCE, Habit::HangsUp),
    attacker("reactions", 60, in_plaza, reactions, Duration::from_millis(50), Habit::Reads),
    attacker("edits", 32, in_edits, edits, Duration::from_millis(50), Habit::Reads),
    attacker("rooms", 64, anybody, rooms, Duration::from_millis(20), Habit::Reads),
    attacker("searches", 30, in_plaza, searches, AT_ONCE, Habit::Reads),
    attacker("requests", 32, plain, requests, AT_ONCE, Habit::Reads),
    attacker("posts", 32, plain, posts, AT_ONCE, Habit::Reads),
    attacker("logins", 80, plain, logins, AT_ONCE, Habit::Reads),
    attacker("slow-heads", 180, plain, slow_head, Duration::from_millis(50), Habit::Reads),
    attacker("slow-bodies", 180, plain, slow_body, Duration::from_millis(50), Habit::Reads),
];

type Opening = fn(usize) -> Vec<u8>;
type Batch = fn(usize, u64) -> Option<Vec<u8>>;

const fn attacker(
    name: &'static str,
    connections: usize,
    opening: Opening,
    batch: Batch,
    pace: Duration,
    habit: Habit,
) -> Attacker {
    Attacker { name, connections, opening, batch, pace, habit }
}

fn plain(_: usize) -> Vec<u8> {
    Vec::new()
}

fn anybody(number: usize) -> Vec<u8> {
    wire::upgrade(&format!("/ws?name=Eve{number}&room=den&history=0"), false)
}

fn deflating(number: usize) -> Vec<u8> {
    wire::upgrade(&format!("/ws?name=Eve{number}&room=den&history=0"), true)
}

fn in_archive(number: usize) -> Vec<u8> {
    wire::upgrade(&format!("/ws?name=Eve{number}&room={ARCHIVE}&history=0"), false)
}

fn in_plaza(number: usize) -> Vec<u8> {
    wire::upgrade(&format!("/ws?name=Eve{number}&room={ROOM}&history=0"), false)
}

fn in_edits(number: usize) -> Vec<u8> {
    wire::upgrade(&format!("/ws?name=Eve{number}&room=edits&echo=1&history=0"), false)
}

fn namesake(_: usize) -> Vec<u8> {
    wire::upgrade("/ws?name=Mallory&room=den&history=0", false)
}

/// Eight KiB of positions: many, and some whose names grow.
fn after(number: usize) -> Vec<u8> {
    let mut path = format!("/ws?name=Eve{number}&room=den&history=0");
    let mut position = 0;
    while path.len() < 4000 {
        position += 1;
        path += &format!("&after=@{position}:1");
    }
    path += &format!("&after={}:1", "%EF%B7%BA".repeat(330));
    wire::upgrade(&path, false)
}

fn nothing(_: usize, _: u64) -> Option<Vec<u8>> {
    None
}

/// As many ligatures as a message takes.
fn name() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| LIGATURE.repeat(21_700))
}

/// Builds something once and repeats it.
fn once(cell: &'static OnceLock<Vec<u8>>, build: fn() -> Vec<u8>) -> Option<Vec<u8>> {
    Some(cell.get_or_init(build).clone())
}

fn typing() -> String {
    format!(r#"{{"type":"typing","room":"@{}","payload":true}}"#, name())
}

fn fold_typing(_: usize, _: u64) -> Option<Vec<u8>> {
    static BATCH: OnceLock<Vec<u8>> = OnceLock::new();
    once(&BATCH, || {
        [wire::text(&typing()), wire::text(r#"{"type":"typing","payload":false}"#)].concat()
    })
}

fn fold_deflated(_: usize, _: u64) -> Option<Vec<u8>> {
    static BATCH: OnceLock<Vec<u8>> = OnceLock::new();
    once(&BATCH, || {
        [wire::deflated(&typing()), wire::text(r#"{"type":"typing","payload":false}"#)].concat()
    })
}

fn fold_names(_: usize, round: u64) -> Option<Vec<u8>> {
    static BATCHES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    let batches = BATCHES.get_or_init(|| {
        let name = name();
        let room = |kind: &str, payload: &str| {
            format!(r#"{{"type":"{kind}","room":"{name}","payload":{payload}}}"#)
        };
        let messages = [
            room("read", r#"{"seq":1}"#),
            room("history", r#"{"before":9}"#),
            room("send_message", r#""x""#),
            room("search", r#""x""#),
            room("list_users", "null"),
            format!("/who {name}"),
            format!("/join {name}"),
            format!("/msg {name} x"),
            format!("/name {name}"),
            format!(r#"{{"type":"direct_message","payload":{{"to":"{name}","content":"x"}}}}"#),
            format!(r#"{{"type":"join_room","payload":"{name}"}}"#),
            format!(r#"{{"type":"set_name","payload":"{name}"}}"#),
            format!(r#"{{"type":"search","payload":"{name}"}}"#),
            format!(r#"{{"type":"moderate","payload":{{"action":"kick","user":"{name}"}}}}"#),
            format!(r#"{{"type":"resume","payload":{{"rooms":{{"{name}":1}}}}}}"#),
        ];
        let free = wire::text(r#"{"type":"typing","payload":false}"#);
        messages.iter().map(|it| [&*wire::text(it), &free].concat()).collect()
    });
    Some(batches[round as usize % batches.len()].clone())
}

fn fold_rename(_: usize, _: u64) -> Option<Vec<u8>> {
    static BATCH: OnceLock<Vec<u8>> = OnceLock::new();
    once(&BATCH, || {
        let name = LIGATURE.repeat(32);
        let rename = wire::text(&format!(r#"{{"type":"set_name","payload":"{name}"}}"#));
        [rename, wire::text(r#"{"type":"typing","payload":false}"#)].concat().repeat(20)
    })
}

fn gets(_: usize, _: u64) -> Option<Vec<u8>> {
    static BATCH: OnceLock<Vec<u8>> = OnceLock::new();
    once(&BATCH, || {
        let script = SCRIPT.get().map_or("/", String::as_str);
        wire::get(script).repeat(1260)
    })
}

fn histories(_: usize, round: u64) -> Option<Vec<u8>> {
    let ask = r#"{"type":"history","id":"h","payload":{"before":1000,"limit":200}}"#;
    (round == 0).then(|| wire::text(ask).repeat(30))
}

fn lists(_: usize, round: u64) -> Option<Vec<u8>> {
    Some(wire::text(["/help", "/who", "/rooms", "/stats"][round as usize % 4]).repeat(20))
}

fn spaces(_: usize, _: u64) -> Option<Vec<u8>> {
    Some(wire::text(" ").repeat(9000))
}

fn bad_json(_: usize, _: u64) -> Option<Vec<u8>> {
    static BATCH: OnceLock<Vec<u8>> = OnceLock::new();
    once(&BATCH, || {
        let bad = format!(r#"{{"type":"x","payload":[{}}}"#, "1,".repeat(30_000));
        [wire::text(&bad), wire::text(r#"{"type":"typing","payload":false}"#)].concat()
    })
}

fn pings(_: usize, _: u64) -> Option<Vec<u8>> {
    Some(
        [wire::frame(0x89, b"ping").repeat(5), wire::text(r#"{"type":"ping"}"#)].concat().repeat(9),
    )
}

fn fragments(_: usize, _: u64) -> Option<Vec<u8>> {
    static BATCH: OnceLock<Vec<u8>> = OnceLock::new();
    once(&BATCH, || {
        let middle = wire::frame(0x00, b"x").repeat(900);
        [wire::frame(0x01, b"x"), middle, wire::frame(0x80, b"x")].concat().repeat(8)
    })
}

fn bombs(_: usize, _: u64) -> Option<Vec<u8>> {
    static BATCH: OnceLock<Vec<u8>> = OnceLock::new();
    once(&BATCH, || wire::deflated(&" ".repeat(65_000)).repeat(50))
}

fn reactions(number: usize, round: u64) -> Option<Vec<u8>> {
    let at = (number as u64 * 600 + round) % 60_000;
    let emoji = char::from_u32(0x2_0000 + at as u32).unwrap_or('x');
    Some(wire::text(&format!(
        r#"{{"type":"react","room":"{ROOM}","payload":{{"mid":1,"emoji":"{emoji}","on":true}}}}"#
    )))
}

fn edits(_: usize, round: u64) -> Option<Vec<u8>> {
    let line = if round == 0 { "hello".to_owned() } else { format!("/edit version {round}") };
    Some(wire::text(&line))
}

fn rooms(number: usize, round: u64) -> Option<Vec<u8>> {
    let leave = wire::text("/leave");
    Some([wire::text(&format!("/join room-{number}-{round}")), wire::text("hello"), leave].concat())
}

fn searches(number: usize, round: u64) -> Option<Vec<u8>> {
    let words = ["needle", "a", "hay in", "absent"][(number + round as usize) % 4];
    Some(wire::text(&format!(r#"{{"type":"search","payload":"{words}"}}"#)))
}

fn requests(_: usize, round: u64) -> Option<Vec<u8>> {
    let path = [
        format!("/api/rooms/{ARCHIVE}/messages?limit=200"),
        "/api/rooms".to_owned(),
        "/api/stats?minutes=10000".to_owned(),
        format!("/api/rooms/{}/messages", "%EF%B7%BA".repeat(500)),
    ];
    Some(wire::get(&path[round as usize % 4]))
}

fn posts(number: usize, round: u64) -> Option<Vec<u8>> {
    let body = format!(r#"{{"content":"{}","name":"P{number}-{round}"}}"#, "x".repeat(3000));
    Some(wire::post("/api/rooms/den/messages", &body))
}

/// With the right password: a success costs as much as a failure.
fn logins(_: usize, _: u64) -> Option<Vec<u8>> {
    Some(wire::post("/api/login", r#"{"name":"Mallory","password":"correct horse"}"#))
}

fn slow_head(_: usize, round: u64) -> Option<Vec<u8>> {
    let head = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Long: ";
    Some(vec![head.get(round as usize).copied().unwrap_or(b'x')])
}

fn slow_body(_: usize, round: u64) -> Option<Vec<u8>> {
    let head = "POST /api/rooms/den/messages HTTP/1.1\r\nHost: localhost\r\n\
                Content-Type: application/json\r\nContent-Length: 8000\r\n\r\n{";
    Some(if round == 0 { head.into() } else { b" ".to_vec() })
}
