//! The cost of one guest: for each kind of input, the dearest one against an ordinary one of the
//! same size.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use chinwag::chat::record::{AuthorKey, BlobHash, FileId, Namespace, Span};
use chinwag::chat::{
    AccountRequest, Admission, Body, ClientId, Credential, HookAction, HookKind, HookPost, Input,
    NewFile, Post, Request, ServerEvent, Uploader, author_of,
};

use crate::duration::{self, time};
use crate::society::START;
use crate::world::World;

/// A ligature that compatible folding makes eighteen characters of.
const LIGATURE: char = '\u{FDFA}';

/// How many times as long the dearest input may take.
const RATIO_MAX: u32 = 15;

/// Returns what takes a message in, again and again.
fn message(text: &str) -> impl FnMut() -> Duration {
    let mut world = World::with(|limits| {
        (limits.sends_per_second_max, limits.queries_per_second_max) = (None, None);
        limits.errors_max = u32::MAX;
    });
    let client = world.enter("name=Alice&room=dev&history=0");
    world.say(client, "hello");
    world.told.clear();
    move || {
        let took = time(|| world.say(client, text));
        world.told.clear();
        took
    }
}

#[track_caller]
fn compare(name: &str, ordinary: &str, dearest: &str) {
    // Below this the clock and the allocator are measured, and the reading of each byte, which is
    // paid for by the size.
    let floor = Duration::from_micros(20) + Duration::from_nanos(5 * dearest.len() as u64);
    duration::compare(name, RATIO_MAX, floor, message(ordinary), message(dearest));
}

/// Fills a text to so many bytes with one character.
fn filled(c: char, bytes: usize) -> String {
    c.to_string().repeat(bytes / c.len_utf8())
}

/// Messages with a name of any length.
const NAMES: [&str; 49] = [
    r#"{"type":"send_message","room":"NAME","payload":"x"}"#,
    r#"{"type":"send_message","room":"@NAME","payload":"x"}"#,
    r#"{"type":"join_room","payload":"NAME"}"#,
    r#"{"type":"join_room","payload":"@NAME"}"#,
    r#"{"type":"leave_room","payload":"NAME"}"#,
    r#"{"type":"accept","payload":"NAME"}"#,
    r#"{"type":"list_members","payload":{"from":"NAME"}}"#,
    "/members NAME",
    r#"{"type":"decline","payload":"NAME"}"#,
    r#"{"type":"set_membership","room":"NAME","payload":{"notify":"none"}}"#,
    "/accept NAME",
    "/decline NAME",
    r#"{"type":"typing","room":"NAME","payload":true}"#,
    r#"{"type":"typing","room":"@NAME","payload":true}"#,
    r#"{"type":"read","room":"@NAME","payload":{"seq":1}}"#,
    r#"{"type":"history","room":"@NAME"}"#,
    r#"{"type":"list_users","room":"@NAME"}"#,
    r#"{"type":"list_rooms","room":"@NAME"}"#,
    r#"{"type":"list_rooms","payload":{"from":"NAME"}}"#,
    r#"{"type":"stats","room":"@NAME"}"#,
    r#"{"type":"ping","room":"@NAME"}"#,
    r#"{"type":"search","room":"@NAME","payload":{"query":"x"}}"#,
    r#"{"type":"search","payload":{"query":"in:NAME from:NAME"}}"#,
    r#"{"type":"set_topic","room":"@NAME","payload":"x"}"#,
    r#"{"type":"react","room":"@NAME","payload":{"mid":1,"emoji":"+"}}"#,
    r#"{"type":"edit_message","room":"@NAME","payload":{"mid":1,"content":"x"}}"#,
    r#"{"type":"delete_message","room":"@NAME","payload":{"mid":1}}"#,
    r#"{"type":"pin","room":"@NAME","payload":{"mid":1}}"#,
    r#"{"type":"unpin","room":"@NAME","payload":{"mid":1}}"#,
    r#"{"type":"list_pins","room":"@NAME"}"#,
    "/pins NAME",
    r#"{"type":"direct_message","payload":{"to":"NAME","content":"x"}}"#,
    r#"{"type":"moderate","payload":{"action":"mute","user":"NAME"}}"#,
    r#"{"type":"set_name","payload":"NAME"}"#,
    r#"{"type":"resume","payload":{"rooms":{"@NAME":1}}}"#,
    r#"{"sender":"NAME","content":"x"}"#,
    "/join NAME",
    "/leave NAME",
    "/who @NAME",
    "/msg NAME x",
    "/kick NAME",
    "/ban NAME",
    "/unban NAME",
    "/mute NAME",
    "/invite NAME",
    "/promote NAME",
    "/demote NAME",
    "/name NAME",
    "/remove NAME",
];

/// Messages with a text of any length, or that take none and get one all the same.
const TEXTS: [&str; 42] = [
    "TEXT",
    r#"{"type":"send_message","payload":"TEXT"}"#,
    r#"{"type":"set_status","payload":{"status":"away","text":"TEXT"}}"#,
    r#"{"type":"set_topic","payload":"TEXT"}"#,
    r#"{"type":"react","payload":{"mid":1,"emoji":"TEXT"}}"#,
    r#"{"type":"search","payload":{"query":"TEXT"}}"#,
    r#"{"type":"search","payload":{"query":"x","zone":"TEXT"}}"#,
    "/search TEXT",
    "/replies TEXT",
    "/search from:TEXT",
    r#"{"type":"auth","payload":"TEXT"}"#,
    r#"{"type":"resume","payload":{"session":"TEXT"}}"#,
    r#"{"type":"TEXT"}"#,
    "/unmute TEXT",
    "/notify TEXT",
    r#"{"type":"set_membership","payload":{"notify":"TEXT"}}"#,
    "/help TEXT",
    "/rooms TEXT",
    "/reply TEXT",
    "/me TEXT",
    "/topic TEXT",
    "/history TEXT",
    "/edit TEXT",
    "/delete TEXT",
    "/pin TEXT",
    "/unpin TEXT",
    "/expire TEXT",
    "/expire 60 TEXT",
    "/away TEXT",
    "/back TEXT",
    "/whoami TEXT",
    "/hue TEXT",
    "/stats TEXT",
    "/mode TEXT",
    "/slow TEXT",
    "/lock TEXT",
    "/unlock TEXT",
    "/private TEXT",
    "/public TEXT",
    "/TEXT",
    "/ban Alice TEXT",
    r#"{"type":"moderate","payload":{"action":"kick","user":"Bob","reason":"TEXT"}}"#,
];

/// Messages with a number of any size.
const NUMBERS: [&str; 22] = [
    r#"{"type":"stats","payload":{"minutes":NUMBER}}"#,
    r#"{"type":"list_rooms","payload":{"from":"NUMBER.NUMBER","limit":NUMBER}}"#,
    r#"{"type":"history","payload":{"before":NUMBER,"limit":NUMBER}}"#,
    r#"{"type":"history","payload":{"after":NUMBER}}"#,
    r#"{"type":"history","payload":{"around":NUMBER}}"#,
    r#"{"type":"set_profile","payload":{"hue":NUMBER}}"#,
    r#"{"type":"replies","payload":{"mid":NUMBER,"after":NUMBER,"limit":NUMBER}}"#,
    r#"{"type":"search","payload":{"query":"x","before":NUMBER,"limit":NUMBER}}"#,
    r#"{"type":"join_room","payload":{"room":"dev","history":NUMBER}}"#,
    r#"{"type":"join_room","payload":{"room":"dev","after":NUMBER,"epoch":"e"}}"#,
    r#"{"type":"read","payload":{"seq":NUMBER}}"#,
    r#"{"type":"mark_unread","payload":{"mid":NUMBER}}"#,
    r#"{"type":"set_membership","payload":{"order":NUMBER}}"#,
    r#"{"type":"resume","payload":{"epoch":"e","rooms":{"dev":NUMBER}}}"#,
    r#"{"type":"send_message","payload":{"content":"x","ttl":NUMBER,"reply_to":NUMBER}}"#,
    r#"{"type":"edit_message","payload":{"mid":NUMBER,"content":"x"}}"#,
    r#"{"type":"delete_message","payload":{"mid":NUMBER}}"#,
    r#"{"type":"pin","payload":{"mid":NUMBER}}"#,
    r#"{"type":"unpin","payload":{"mid":NUMBER}}"#,
    r#"{"type":"react","payload":{"mid":NUMBER,"emoji":"+"}}"#,
    r#"{"type":"moderate","payload":{"action":"mute","mid":NUMBER,"seconds":NUMBER}}"#,
    "/slow NUMBER",
];

/// Queries of `/ws` with a text of any length.
const QUERIES: [&str; 14] = [
    "name=TEXT",
    "username=TEXT",
    "user=TEXT",
    "room=TEXT",
    "name=a&room=TEXT&room=TEXT&room=TEXT&room=TEXT",
    "epoch=TEXT",
    "session=TEXT",
    "history=TEXT",
    "after=TEXT:1",
    "after=@TEXT:1&epoch=e",
    "echo=TEXT",
    "memberships=TEXT",
    "mode=TEXT",
    "TEXT=TEXT",
];

#[test]
fn no_name_in_a_message_costs_much_more_than_an_ordinary_one() {
    for event in NAMES {
        for bytes in [48, 126, 510, 60_000] {
            let with = |c| event.replace("NAME", &filled(c, bytes));
            compare(&format!("{event} with {bytes} bytes"), &with('ж'), &with(LIGATURE));
        }
    }
}

#[test]
fn no_text_costs_much_more_than_an_ordinary_one() {
    for event in TEXTS {
        for bytes in [60, 6000, 60_000] {
            let with = |c| event.replace("TEXT", &filled(c, bytes));
            for c in [LIGATURE, '\u{0301}', ' ', '\u{FE0F}', '\u{1F469}'] {
                let name = format!("{event} with {bytes} bytes of U+{:04X}", u32::from(c));
                compare(&name, &with('ж'), &with(c));
            }
        }
    }
}

#[test]
fn no_number_costs_much_more_than_an_ordinary_one() {
    for event in NUMBERS {
        for largest in [u64::MAX, 1 << 53, u64::from(u32::MAX)] {
            let with = |number: u64| event.replace("NUMBER", &number.to_string());
            compare(&format!("{event} with {largest}"), &with(1), &with(largest));
        }
    }
}

#[test]
fn no_query_costs_much_more_than_an_ordinary_one() {
    let arrival = |query: String| {
        let mut world = World::new();
        world.enter("name=Bob&room=dev");
        move || {
            let mut client = None;
            let took = time(|| client = Some(world.enter(&query)));
            client.into_iter().for_each(|client| world.close(client));
            world.pass(Duration::from_secs(3600));
            world.told.clear();
            took
        }
    };
    for query in QUERIES {
        for bytes in [48, 510, 7000] {
            let with = |c| query.replace("TEXT", &filled(c, bytes));
            let floor = Duration::from_micros(40) + Duration::from_nanos(20 * bytes as u64);
            let name = format!("{query} with {bytes} bytes");
            let (ordinary, dearest) = (arrival(with('ж')), arrival(with(LIGATURE)));
            duration::compare(&name, RATIO_MAX, floor, ordinary, dearest);
        }
    }
}

/// Returns the part of a source that is no test.
fn untested(source: &str) -> &str {
    source.split("#[cfg(test)]").next().unwrap_or_default()
}

/// Returns what stands before an arrow in the part of a source that is no test.
fn arms(source: &str) -> BTreeSet<&str> {
    let arms = untested(source).lines().filter_map(|line| {
        let (word, rest) = line.trim_start().strip_prefix('"')?.split_once('"')?;
        let named = word.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        let is_arm = rest.starts_with(" =>") || rest.starts_with(" if ") || rest.starts_with(" |");
        (named && !word.is_empty() && is_arm).then_some(word)
    });
    arms.collect()
}

#[test]
fn every_event_every_command_and_every_parameter_has_its_row() {
    let rows = [&NAMES[..], &TEXTS[..], &NUMBERS[..]].concat();
    let events: BTreeSet<&str> = untested(include_str!("../../src/chat/protocol/kind.rs"))
        .lines()
        .filter_map(|line| line.split_once("=> \"")?.1.split_once('"'))
        .map(|(word, _)| word)
        .filter(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
        .collect();
    assert!(events.contains("send_message") && events.len() > 20, "{events:?}");
    for event in events {
        let row = format!(r#""type":"{event}""#);
        assert!(rows.iter().any(|it| it.contains(&row)), "no row for {event}");
    }
    let commands = include_str!("../../src/chat/protocol/commands.rs");
    let commands: Vec<&str> = untested(commands)
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("(\"")?.split_once('"'))
        .map(|(word, _)| word)
        .collect();
    assert!(commands.contains(&"join") && commands.len() > 30, "{commands:?}");
    // It ends the connection, and with it the measurement.
    for command in commands.into_iter().filter(|it| *it != "quit") {
        let row = |it: &&str| it.split([' ', '{']).next() == Some(&*format!("/{command}"));
        assert!(rows.iter().any(row), "no row for /{command}");
    }
    let parameters = arms(include_str!("../../src/chat/protocol/connect.rs"));
    assert!(parameters.contains("name") && parameters.len() > 8, "{parameters:?}");
    for parameter in parameters {
        let row = |it: &&str| it.split('&').any(|it| it.starts_with(&format!("{parameter}=")));
        assert!(QUERIES.iter().any(row), "no row for {parameter}=");
    }
}

/// Returns requests about hooks with a text in each place.
fn hook_requests(text: &str) -> Vec<Request> {
    let hooks = |(room, action): (&str, HookAction)| Request::Hooks {
        by: Credential::Nobody,
        room: room.into(),
        action,
    };
    let add = |name: &str, url: Option<Arc<str>>| HookAction::Add {
        kind: HookKind::Outgoing,
        name: name.into(),
        url,
        key: text.into(),
    };
    let named = [
        ("dev", add(text, None)),
        ("dev", add("x", Some(text.into()))),
        ("dev", HookAction::List),
        (text, HookAction::List),
    ];
    named.into_iter().map(hooks).collect()
}

/// Returns the ordinary and the dearest inputs of the kind of a request. Which kinds there are the
/// compiler knows: one more needs a row here.
fn requests(kind: &Request, c: char, bytes: usize) -> Vec<Request> {
    let text = || filled(c, bytes);
    let by = || Credential::Nobody;
    let number = if c == LIGATURE { u32::MAX } else { 1 };
    match kind {
        Request::Rooms => vec![Request::Rooms],
        Request::Stats { .. } => vec![Request::Stats { minutes: Some(number) }],
        Request::History { .. } => {
            let spans = [Span::Latest, Span::Before(number.into()), Span::Around(number.into())];
            let rooms = [text(), "dev".to_owned()];
            let history = |(span, room): (Span, &String)| Request::History {
                by: by(),
                room: room.as_str().into(),
                span,
                limit: Some(number),
            };
            spans
                .into_iter()
                .flat_map(|span| rooms.iter().map(move |room| (span, room)))
                .map(history)
                .collect()
        }
        Request::Post(_) => {
            let post = |room: String, content: String, name: Option<String>| {
                let body = Body {
                    files: Default::default(),
                    content: content.into(),
                    reply_to: Some(number.into()),
                    ttl: Some(number.into()),
                    name: name.map(Into::into),
                };
                Request::Post(Box::new(Post { room: room.into(), by: by(), id: None, body }))
            };
            vec![
                post(text(), "x".into(), None),
                post("dev".into(), text(), None),
                post("dev".into(), "x".into(), Some(text())),
            ]
        }
        Request::Hooks { .. } => hook_requests(&text()),
        Request::HookPost(_) => {
            let post = |content: String, username: Option<String>| {
                let (hook, username) = (author_of("token"), username.map(Into::into));
                let (id, content) = (None, content.into());
                Request::HookPost(Box::new(HookPost { hook, id, content, username }))
            };
            vec![post(text(), None), post("x".to_owned(), Some(text()))]
        }
        Request::File { .. } => vec![Request::File { by: by(), file: FileId([7; 16]) }],
        Request::AddFile(_) => vec![Request::AddFile(Box::new(new_file(text(), number.into())))],
        Request::RemoveRoom { .. } => {
            let remove = |room: String| Request::RemoveRoom { by: Some(by()), room: room.into() };
            vec![remove(text()), remove("dev".to_owned())]
        }
        Request::AccountRequest(_) => {
            let (name, hash) = (text().into(), "hash".into());
            let remove = AccountRequest::Remove { name: text().into() };
            let requests =
                [AccountRequest::SetHash { name, hash, kept: None }, remove, AccountRequest::List];
            requests.into_iter().map(|it| Request::AccountRequest(Box::new(it))).collect()
        }
    }
}

fn new_file(name: String, bytes: u64) -> NewFile {
    let (author, network) = (AuthorKey([1; 16]), IpAddr::from([192, 0, 2, 1]));
    let uploader = Uploader { author, network, room: "dev".into() };
    let (id, blob, media_type) = (FileId([7; 16]), BlobHash([1; 32]), "image/png");
    NewFile { id, uploader, blob, name: name.into(), media_type, bytes, size: None }
}

#[test]
fn no_request_costs_much_more_than_an_ordinary_one() {
    let asking = |request: Request| {
        let mut world = World::with(|limits| {
            (limits.requests_per_second_max, limits.sends_per_second_max) = (None, None);
        });
        world.keeper.guests = true;
        let bob = world.open("name=Bob&room=dev");
        let session = Credential::Session(world.welcome(bob).session.to_string().into());
        world.say(bob, "hi");
        let (caller, network) = (ClientId(1 << 32), IpAddr::from([192, 0, 2, 1]));
        let (by, room) = (session.clone(), "dev".into());
        let (kind, name, key) = (HookKind::Incoming, "Bot".into(), "token".into());
        let action = HookAction::Add { kind, name, url: None, key };
        let request_of_hook = Request::Hooks { by, room, action };
        world.handle(Input::Asked { caller, network, request: request_of_hook });
        assert!(matches!(world.told(caller)[..], [ServerEvent::Hook { .. }]));
        let mut request = request.clone();
        if let Request::Hooks { by, .. } = &mut request {
            *by = session;
        }
        move || {
            let asked = Input::Asked { caller, network, request: request.clone() };
            let took = time(|| world.handle(asked));
            world.told.clear();
            took
        }
    };
    let room = || Box::<str>::from("dev");
    let by = || Credential::Nobody;
    let body = Body {
        files: Default::default(),
        content: "x".into(),
        reply_to: None,
        ttl: None,
        name: None,
    };
    let kinds = [
        Request::Rooms,
        Request::Stats { minutes: None },
        Request::RemoveRoom { by: Some(by()), room: room() },
        Request::History { by: by(), room: room(), span: Span::Latest, limit: None },
        Request::Post(Box::new(Post { room: room(), by: by(), id: None, body })),
        Request::AccountRequest(Box::new(AccountRequest::List)),
        Request::Hooks { by: by(), room: room(), action: HookAction::List },
        Request::HookPost(Box::new(HookPost {
            hook: author_of("token"),
            id: None,
            content: "x".into(),
            username: None,
        })),
        Request::File { by: by(), file: FileId([1; 16]) },
        Request::AddFile(Box::new(new_file("x".to_owned(), 1))),
    ];
    for kind in kinds {
        for bytes in [48, 510, 6000] {
            let pairs =
                requests(&kind, 'ж', bytes).into_iter().zip(requests(&kind, LIGATURE, bytes));
            for (ordinary, dearest) in pairs {
                let floor = Duration::from_micros(40) + Duration::from_nanos(20 * bytes as u64);
                let name = format!("{dearest:?}");
                duration::compare(&name, RATIO_MAX, floor, asking(ordinary), asking(dearest));
            }
        }
    }
}

#[test]
fn invalid_objects_cost_no_more_than_valid_ones() {
    let whole = |bytes| format!(r#"{{"type":"send_message","payload":"{}"}}"#, filled('x', bytes));
    for bytes in [600, 60_000] {
        for dearest in [
            filled('{', bytes),
            format!("{{\"a\":{}", filled('[', bytes)),
            format!("{{{}", "\"a\":1,".repeat(bytes / 6)),
            format!("{{\"payload\":{{{}", "\"a\":1,".repeat(bytes / 6)),
            format!(
                r#"{{"type":"resume","payload":{{"rooms":{{{}}}}}}}"#,
                "\"a\":1,".repeat(bytes / 6)
            ),
            format!("{{\"a\":\"{}\"}}", "\\u0041".repeat(bytes / 6)),
        ] {
            compare(&format!("{:.40} … of {bytes} bytes", dearest), &whole(bytes), &dearest);
        }
    }
}

#[test]
fn a_resume_with_a_thousand_conversations_costs_what_it_asks_for() {
    let world = |conversations: u32| {
        let mut world = World::with(|limits| {
            (limits.sends_per_second_max, limits.queries_per_second_max) = (None, None);
        });
        let alice = world.open("name=Alice");
        let session = world.welcome(alice).session.to_string();
        for n in 0..conversations {
            world.enter(&format!("name=Friend{n}"));
            world.say(alice, &format!("/msg Friend{n} hello"));
        }
        (world, session)
    };
    let query = |session: &str| {
        let after: String = (0..1000).map(|n| format!("&after=@{n}:1")).collect();
        format!("session={session}{after}")
    };
    let coming_back =
        |(mut world, session): (World, String)| move || time(|| _ = world.enter(&query(&session)));
    let (few, many) = (coming_back(world(2)), coming_back(world(900)));
    let floor = Duration::from_micros(200);
    duration::compare("a resume", RATIO_MAX, floor, few, many);
}

#[test]
fn a_free_numbered_name_is_found_quickly_among_a_thousand_accounts() {
    let world = |accounts: u32| {
        let mut world = World::with(|limits| limits.requests_per_second_max = None);
        world.register("Eve", 255, false);
        for n in 0..accounts {
            let mut author = [0; 16];
            author[..4].copy_from_slice(&(n + 1).to_be_bytes());
            world.register_as(&format!("Eve-{}", n + 2), author);
        }
        world
    };
    let coming = |mut world: World| {
        move || {
            let mut guest = None;
            let took = time(|| guest = Some(world.enter("name=Eve")));
            guest.into_iter().for_each(|guest| world.close(guest));
            world.pass(Duration::from_secs(3600));
            took
        }
    };
    let (few, many) = (coming(world(1)), coming(world(1000)));
    duration::compare("a numbered name", RATIO_MAX, Duration::from_micros(50), few, many);
}

/// The name and the network of one who is muted.
type Muted = fn(u32) -> (String, [u8; 4]);

/// Returns what has a guest speak in a room with so many mutes of guests.
fn among_mutes(mutes: u32, muted: Muted, query: &str) -> impl FnMut() -> Duration {
    let mut world = World::with(|limits| limits.sends_per_second_max = None);
    let alice = world.enter("name=Alice&room=dev");
    world.say(alice, "hi");
    let from =
        |network: [u8; 4]| Admission { network: Some(network.into()), ..Admission::default() };
    let guest = world.admission("/ws", "name=Bob&room=dev", from([192, 0, 2, 1]));
    let session = world.welcome(guest).session;
    world.say(guest, "hi");
    for n in 0..mutes {
        let mut author = [0; 16];
        author[..4].copy_from_slice(&n.to_be_bytes());
        let author = AuthorKey(author).to_hex();
        let (name, [a, b, c, d]) = muted(n);
        let mute = format!(
            r#"{{"name":"{name}","author":"{author}","guest":true,"network":"{a}.{b}.{c}.{d}","since":{},"until":{}}}"#,
            START + 1_000_000,
            u64::MAX
        );
        let key = (Namespace::Mutes, format!("dev/{author}").into());
        world.keeper.key_values.insert(key, mute.into());
    }
    world.restart();
    let query = format!("room=dev&{}", query.replace("SESSION", &session));
    let guest = world.admission("/ws", &query, from([192, 0, 2, 1]));
    move || {
        let text = r#"{"type":"send_message","room":"dev","payload":"x"}"#;
        let took = time(|| world.say(guest, text));
        world.told.clear();
        took
    }
}

#[test]
fn a_message_costs_the_same_however_many_are_muted() {
    let apart = |n: u32| (format!("Eve{n}"), [10, 0, (n >> 8) as u8, n as u8]);
    let near = |n: u32| (format!("Eve{n}"), [192, 0, 2, 1]);
    let alike = |n: u32| ("Bob".to_owned(), [10, 0, (n >> 8) as u8, n as u8]);
    let all: [Muted; 3] = [apart, near, alike];
    for muted in all {
        for query in ["session=SESSION", "name=Bob", "name=Carol"] {
            let few = among_mutes(0, muted, query);
            let many = among_mutes(1000, muted, query);
            duration::compare(query, RATIO_MAX, Duration::ZERO, few, many);
        }
    }
}
