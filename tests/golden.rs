//! The golden contract: each event once, in its three forms.
//!
//! `tests/golden/NAME.json` holds the event as it is sent (`event`), the line people read (`text`)
//! and the simple form (`simple`), `null` where there is nothing to show. Events that only answer
//! HTTP requests have a `body` instead. The tests of the page
//! read the same files. `GOLDEN=write cargo test --test golden` writes them anew.

use std::collections::BTreeSet;
use std::fs;
use std::num::NonZeroU8;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chinwag::chat::record::{
    AuthorKey, DeletionReason, File, FileId, Files, Moderation, ModerationAction, StoredMessage,
};
use chinwag::chat::{
    Account, Busy, Code, Day, DirectSummary, History, Hit, Hook, HookKind, Invitation, Joined,
    Member, MembershipSummary, Missed, Notify, OutputMode, Pins, ReadState, Refusal, Removed,
    Replies, Resumed, RoomSummary, SearchResults, Series, ServerEvent, Stats, Status, User,
    Welcome,
};
use serde_json::{Value, json};

const TS: u64 = 1_732_104_003_000;

#[test]
fn every_event_matches_its_golden_file() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let write = std::env::var("GOLDEN").is_ok_and(|word| word == "write");
    let mut names = BTreeSet::new();
    let all = [
        recorded(),
        messages(),
        order(),
        private(),
        memberships(),
        pinned(),
        people(),
        record(),
        accounts(),
        other(),
    ];
    for (name, event) in all.into_iter().flatten() {
        let sent = rendered(&event, OutputMode::Json);
        let sent = sent.map(|text| serde_json::from_str::<Value>(&text).unwrap());
        let mut actual = json!({
            "event": sent,
            "text": rendered(&event, OutputMode::Text),
            "simple": rendered(&event, OutputMode::Simple),
        });
        if sent.is_none() {
            let mut body = Vec::new();
            event.render_payload(&mut body);
            actual["body"] = serde_json::from_slice(&body).unwrap();
        }
        let path = folder.join(name).with_extension("json");
        if write {
            fs::write(&path, format!("{actual:#}\n")).unwrap();
        }
        let golden: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert_eq!(actual, golden, "{name}");
        assert!(names.insert(format!("{name}.json")), "{name} stands twice");
    }
    let files = fs::read_dir(&folder).unwrap();
    let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    assert_eq!(files.collect::<BTreeSet<_>>(), names);
}

#[test]
fn no_text_can_imitate_other_lines_in_a_terminal() {
    let text = |content: &str| {
        let sender = "Eve".into();
        let (room, content) = ("lobby".into(), content.into());
        let (reply_to, expires) = (None, None);
        let event = ServerEvent::Message {
            files: Files::default(),
            room,
            seq: 1,
            ts: TS,
            sender,
            account: false,
            content,
            reply_to,
            expires,
        };
        rendered(&event, OutputMode::Text).unwrap()
    };
    for (content, shown) in [
        ("a\u{1B}[2Jb\u{7}", "a␛[2Jb␇"),
        ("a\n[12:00:03] <Bob> b", "a\n    [12:00:03] <Bob> b"),
        ("a\r\nb", "a\n    b"),
        ("a\rb", "a␍b"),
        ("a\u{2028}b", "a\n    b"),
        ("a\tb\u{7F}\u{9B}", "a b␡\u{FFFD}"),
        ("\u{202E}a\u{2069}", "\u{FFFD}a\u{FFFD}"),
        ("é漢👍\u{200D}", "é漢👍\u{200D}"),
    ] {
        assert_eq!(text(content), format!("[12:00:03] <Eve> {shown}"));
    }
    assert_eq!(text("/me waves\nagain"), "[12:00:03] * Eve waves\n    again");
}

#[test]
fn moderation_and_private_messages_are_safe_text_lines() {
    let evil = "E\u{1B}[2Jve\u{202E}\nBob";
    let shown = "E␛[2Jve\u{FFFD}\n    Bob";
    let moderation = |action, user: Option<&str>, seconds, reason: Option<&str>| {
        let moderation = Moderation { action, user: user.map(s), seconds, reason: reason.map(s) };
        let (room, by) = (s("dev"), s("Renée"));
        let event =
            ServerEvent::Moderated { room, seq: 1, ts: TS, by, moderation: Arc::new(moderation) };
        rendered(&event, OutputMode::Text).unwrap()
    };
    let eve = Some("漢字");
    for (line, expected) in [
        (moderation(ModerationAction::Kick, eve, None, None), "* Renée removed 漢字 from dev"),
        (
            moderation(ModerationAction::Ban, eve, Some(60), Some("x")),
            "* Renée banned 漢字 from dev for 60 s (x)",
        ),
        (moderation(ModerationAction::Unban, eve, None, None), "* Renée unbanned 漢字 from dev"),
        (moderation(ModerationAction::Mute, eve, None, None), "* Renée muted 漢字 in dev"),
        (moderation(ModerationAction::Unmute, eve, None, None), "* Renée unmuted 漢字 in dev"),
        (moderation(ModerationAction::Invite, eve, None, None), "* Renée invited 漢字 to dev"),
        (moderation(ModerationAction::Lock, None, None, None), "* Renée locked dev"),
        (moderation(ModerationAction::Unlock, None, None, None), "* Renée unlocked dev"),
        (
            moderation(ModerationAction::Slow, None, Some(5), None),
            "* Renée turned slow mode on in dev: one message every 5 s",
        ),
        (
            moderation(ModerationAction::Slow, None, Some(0), None),
            "* Renée turned slow mode off in dev",
        ),
        (moderation(ModerationAction::MakePublic, None, None, None), "* Renée made dev public"),
        (
            moderation(ModerationAction::Promote, eve, None, None),
            "* Renée gave 漢字 a higher role in dev",
        ),
        (
            moderation(ModerationAction::Demote, eve, None, None),
            "* Renée gave 漢字 a lower role in dev",
        ),
    ] {
        assert_eq!(line, expected);
        assert!(line.chars().count() < 80);
    }
    let line = moderation(ModerationAction::Kick, Some(evil), None, Some(evil));
    assert_eq!(line, format!("* Renée removed {shown} from dev ({shown})"));
    let message = |sender: &str, content: &str| ServerEvent::Message {
        files: Files::default(),
        room: s("@x"),
        seq: 1,
        ts: TS,
        sender: s(sender),
        account: false,
        content: s(content),
        reply_to: None,
        expires: None,
    };
    let whisper = |to: Option<&str>, sender: &str, content: &str| {
        let message = Box::new(message(sender, content));
        rendered(&ServerEvent::Whisper { to: to.map(s), message }, OutputMode::Text).unwrap()
    };
    assert_eq!(whisper(None, evil, evil), format!("[12:00:03] <{shown} -> you> {shown}"));
    assert_eq!(whisper(Some(evil), "Al", "hi"), format!("[12:00:03] <you -> {shown}> hi"));
    assert_eq!(whisper(None, "Bob", "/me waves"), "[12:00:03] <Bob -> you> /me waves");
}

fn rendered(event: &ServerEvent, mode: OutputMode) -> Option<String> {
    let mut out = b"before".to_vec();
    let shown = event.render(mode, TS, None, &mut out);
    let text = String::from_utf8(out).unwrap().split_off("before".len());
    assert!(shown || text.is_empty());
    shown.then_some(text)
}

fn s(text: &str) -> Arc<str> {
    text.into()
}

type Named = (&'static str, ServerEvent);

fn by_account() -> ServerEvent {
    ServerEvent::Message {
        files: Files::default(),
        room: s("lobby"),
        seq: 42,
        ts: TS,
        sender: s("Bob"),
        account: true,
        content: s("Hello"),
        reply_to: None,
        expires: None,
    }
}

fn by_hook(sender: &str) -> ServerEvent {
    ServerEvent::Message {
        room: s("lobby"),
        seq: 42,
        ts: TS,
        sender: s(sender),
        account: false,
        content: s("disk full"),
        reply_to: None,
        expires: None,
        files: Files::default(),
    }
}

fn photo() -> File {
    let (name, media_type) = (s("a photo.jpg"), s("image/jpeg"));
    let (bytes, size) = (1_234_567, Some((640, 480)));
    File { name, media_type, bytes, size, ..File::unknown(FileId([0x0a; 16])) }
}

fn with_files() -> ServerEvent {
    let mut event = by_account();
    if let ServerEvent::Message { content, files, .. } = &mut event {
        let report = File { name: s("report.zip"), size: None, ..photo() };
        (*content, *files) = (s("See"), Files::from([photo(), report]));
    }
    event
}

/// Returns messages of others than guests, and with more than text.
fn messages() -> Vec<Named> {
    vec![
        ("message_account", by_account()),
        ("message_hook", by_hook("Grafana [hook alerts]")),
        ("message_hook_itself", by_hook("alerts [hook]")),
        ("message_files", with_files()),
    ]
}

fn recorded() -> Vec<Named> {
    let room = s("lobby");
    let message = |seq, content: &str, reply_to, expires| ServerEvent::Message {
        files: Files::default(),
        room: s("lobby"),
        seq,
        ts: TS,
        sender: s("Alice"),
        account: false,
        content: s(content),
        reply_to,
        expires,
    };
    vec![
        ("message", message(42, "Hello", None, None)),
        ("message_reply", message(42, "Hello", Some(41), Some(TS + 60_000))),
        ("message_odd", message(42, "a \"b\" \\ \n\u{0}\u{1B} </script> é👍", None, None)),
        ("message_me", message(42, "/me waves", None, None)),
        (
            "message_edited",
            ServerEvent::Edited {
                room: room.clone(),
                seq: 43,
                ts: TS,
                mid: 42,
                sender: s("Alice"),
                content: s("Hello!"),
            },
        ),
        (
            "message_deleted",
            ServerEvent::Deleted {
                room: room.clone(),
                seq: 44,
                ts: TS,
                mid: 42,
                by: s("Alice"),
                why: DeletionReason::Author,
            },
        ),
        (
            "message_expired",
            ServerEvent::Deleted {
                room: room.clone(),
                seq: 44,
                ts: TS,
                mid: 42,
                by: s("*"),
                why: DeletionReason::Expired,
            },
        ),
        (
            "reaction",
            ServerEvent::Reaction {
                room: room.clone(),
                seq: 45,
                ts: TS,
                mid: 42,
                emoji: s("👍"),
                user: s("Bob"),
                on: true,
                count: 3,
            },
        ),
        (
            "topic",
            ServerEvent::Topic { room, seq: 46, ts: TS, topic: s("Release day"), by: s("Alice") },
        ),
    ]
}

fn order() -> Vec<Named> {
    let moderated = |moderation| {
        let (room, by, moderation) = (s("lobby"), s("Alice"), Arc::new(moderation));
        ServerEvent::Moderated { room, seq: 47, ts: TS, by, moderation }
    };
    let (user, reason) = (Some(s("Eve")), Some(s("flood")));
    let mute = Moderation { action: ModerationAction::Mute, user, seconds: Some(600), reason };
    let private = Moderation {
        action: ModerationAction::MakePrivate,
        user: None,
        seconds: None,
        reason: None,
    };
    let left = |why, reason: Option<&str>| {
        let removed = Removed { why, by: s("Alice"), reason: reason.map(s) };
        ServerEvent::Left { re: None, room: s("dev"), removed: Some(Box::new(removed)) }
    };
    vec![
        ("moderated", moderated(mute)),
        ("moderated_room", moderated(private)),
        ("left_kicked", left("kicked", Some("enough"))),
        ("left_banned", left("banned", None)),
        ("left_removed", left("removed", Some("spam"))),
        ("ack_room", ServerEvent::RoomRemoved { re: s("m3"), room: s("dev"), ts: TS }),
    ]
}

/// Returns a message of Bob's.
fn said(mid: u64, content: &str) -> StoredMessage {
    StoredMessage {
        mid,
        seq: mid,
        ts: TS,
        sender: s("Bob"),
        account: false,
        content: s(content),
        reply_to: None,
        expires: None,
        deleted: None,
        edited: false,
        reactions: Vec::new(),
        replies: 0,
        files: Files::default(),
    }
}

/// Returns the events about pinned messages.
fn pinned() -> Vec<Named> {
    let photo = StoredMessage { files: Files::from([photo()]), ..said(131, "") };
    vec![
        (
            "message_pinned",
            ServerEvent::Pinned {
                room: s("lobby"),
                seq: 46,
                ts: TS,
                mid: 42,
                by: s("Alice"),
                on: true,
            },
        ),
        (
            "pins",
            ServerEvent::Pins(Box::new(Pins {
                re: Some(s("f2")),
                room: s("dev"),
                messages: vec![photo, said(130, "tea"), said(119, "more tea")],
                more: false,
            })),
        ),
    ]
}

/// Returns the events about memberships of an account.
fn memberships() -> Vec<Named> {
    vec![
        (
            "notice_room",
            ServerEvent::Notice {
                re: None,
                room: Some(s("den")),
                code: "invited",
                message: "Alice invites you to den; /join den".into(),
            },
        ),
        ("read", ServerEvent::Read { re: None, room: s("lobby"), seq: 42, unread: 3 }),
        (
            "member_list",
            ServerEvent::MemberList {
                re: Some(s("q3")),
                room: s("den"),
                members: vec![
                    Member { name: s("Carol"), role: Some("moderator"), status: away() },
                    Member { name: s("Dave"), role: None, status: Status::default() },
                ],
                next: Some(s("Dave")),
            },
        ),
        ("membership", ServerEvent::Membership { re: Some(s("m4")), membership: membership() }),
        ("invitation", ServerEvent::Invitation(invitation())),
        (
            "invitation_declined",
            ServerEvent::InvitationAnswered {
                re: Some(s("i1")),
                room: s("den"),
                answer: "declined",
            },
        ),
    ]
}

/// Returns the events that only one or two clients receive.
fn private() -> Vec<Named> {
    let whisper = |to: Option<&str>, sender: &str, room: &str| ServerEvent::Whisper {
        to: to.map(s),
        message: Box::new(ServerEvent::Message {
            files: Files::default(),
            room: s(room),
            seq: 7,
            ts: TS,
            sender: s(sender),
            account: false,
            content: s("psst"),
            reply_to: None,
            expires: None,
        }),
    };
    let member = User { role: Some("owner"), account: true, ..user("Bob", 1) };
    let room = RoomSummary {
        room: s("den"),
        private: true,
        locked: true,
        role: Some("moderator"),
        read: Some(ReadState { read: 40, unread: 4 }),
        ..line()
    };
    let ServerEvent::Welcome(welcome) = welcome() else { unreachable!() };
    let direct = DirectSummary {
        room: s("@Bob"),
        with: s("Bobby"),
        seq: 7,
        read: Some(ReadState { read: 5, unread: 2 }),
    };
    vec![
        ("whisper", whisper(None, "Bob", "@Bob")),
        ("whisper_own", whisper(Some("Bob"), "Alice", "@Bob")),
        (
            "joined_private",
            ServerEvent::Joined(Box::new(Joined {
                re: Some(s("j1")),
                room: s("den"),
                seq: 7,
                topic: s(""),
                count: 2,
                users: vec![member, user("Eve", 1)],
                private: true,
                locked: false,
                slow: 10,
                role: Some("member"),
            })),
        ),
        (
            "welcome_account",
            ServerEvent::Welcome(Box::new(Welcome {
                file_max: Some(26_214_400),
                session: "".into(),
                account: true,
                admin: true,
                directs: vec![direct],
                memberships: Some(vec![
                    MembershipSummary { notify: Notify::Mentions, ..membership() },
                    MembershipSummary { room: s("lobby"), order: 2_097_152, ..membership() },
                ]),
                invitations: vec![invitation()],
                current: Some(s("den")),
                rooms: vec![room],
                ..*welcome
            })),
        ),
    ]
}

fn away() -> Status {
    Status { away: true, text: s("lunch"), hue: NonZeroU8::new(7) }
}

fn people() -> Vec<Named> {
    let room = s("lobby");
    let bob = || User { status: away(), account: true, ..user("Bob", 1) };
    let eve = || user("Eve", 0);
    let users = || vec![bob(), eve()];
    let status = |status| ServerEvent::Status {
        room: s("lobby"),
        user: s("Bob"),
        account: true,
        status,
        hue_only: false,
        count: 7,
    };
    let typing = |ttl_ms| ServerEvent::Typing { room: s("lobby"), user: s("Bob"), ttl_ms };
    vec![
        (
            "joined",
            ServerEvent::Joined(Box::new(Joined {
                re: Some(s("j1")),
                room: s("dev"),
                seq: 7,
                topic: s("Work"),
                count: 2,
                users: users(),
                private: false,
                locked: false,
                slow: 0,
                role: None,
            })),
        ),
        ("left", ServerEvent::Left { re: Some(s("j2")), room: s("dev"), removed: None }),
        (
            "user_joined",
            ServerEvent::UserJoined { room: room.clone(), user: s("Bob"), account: true, count: 8 },
        ),
        (
            "user_left",
            ServerEvent::UserLeft { room: room.clone(), user: s("Bob"), count: 7, why: "timeout" },
        ),
        (
            "presence_renamed",
            ServerEvent::Renamed {
                room: room.clone(),
                user: s("Rob"),
                account: false,
                was: s("Bob"),
                count: 7,
            },
        ),
        ("presence_status", status(away())),
        ("presence_back", status(Status::default())),
        ("typing", typing(Some(6000))),
        ("typing_over", typing(None)),
        ("presence", ServerEvent::Presence { room: room.clone(), count: 8123 }),
        (
            "room_list",
            ServerEvent::RoomList {
                re: Some(s("q1")),
                rooms: vec![RoomSummary { last: Some(TS), ..line() }],
                next: Some("7.12".into()),
            },
        ),
        ("user_list", ServerEvent::UserList { re: Some(s("q2")), room, count: 7, users: users() }),
    ]
}

fn user(name: &str, conns: u32) -> User {
    User { name: s(name), conns, role: None, account: false, status: Status::default() }
}

fn line() -> RoomSummary {
    RoomSummary {
        room: s("lobby"),
        users: 7,
        seq: 46,
        topic: s(""),
        last: None,
        private: false,
        locked: false,
        slow: 0,
        role: None,
        read: None,
    }
}

fn record() -> Vec<Named> {
    let changed = StoredMessage {
        seq: 125,
        reply_to: Some(118),
        account: true,
        expires: Some(TS + 60_000),
        edited: true,
        reactions: vec![(s("👍"), vec![s("Alice"), s("Bob")])],
        replies: 3,
        ..said(120, "as meant")
    };
    let gone = StoredMessage { seq: 126, deleted: Some(DeletionReason::Author), ..said(121, "") };
    vec![
        (
            "history",
            ServerEvent::History(Box::new(History {
                re: Some(s("h1")),
                room: s("lobby"),
                epoch: s("k3"),
                messages: vec![said(119, "hi"), changed, gone],
                top: 131,
                more: true,
                lost: vec![(1, 69)],
                pins: vec![119],
            })),
        ),
        (
            "resumed",
            ServerEvent::Resumed(Box::new(Resumed {
                re: Some(s("r1")),
                you: s("Alice"),
                epoch: s("k3"),
                rooms: vec![
                    Missed { room: s("lobby"), from: 42, to: 57, lost: None },
                    Missed { room: s("dev"), from: 8, to: 9, lost: Some((8, 9, "retention")) },
                ],
            })),
        ),
        (
            "replies",
            ServerEvent::Replies(Box::new(Replies {
                re: Some(s("r2")),
                room: s("lobby"),
                mid: 119,
                messages: vec![StoredMessage { reply_to: Some(119), ..said(120, "hi, too") }],
                more: true,
            })),
        ),
        (
            "search_results",
            ServerEvent::SearchResults(Box::new(SearchResults {
                re: Some(s("f1")),
                hits: vec![
                    Hit {
                        room: s("dev"),
                        said: StoredMessage { edited: true, ..said(130, "tea") },
                    },
                    Hit { room: s("lobby"), said: said(119, "more tea") },
                ],
                more: true,
            })),
        ),
        ("live", ServerEvent::Live { room: s("lobby"), seq: 57 }),
        ("gap", ServerEvent::Gap { room: s("lobby"), from: 58, to: 90, why: "slow" }),
    ]
}

fn hook(kind: HookKind) -> Hook {
    let is_sent = kind == HookKind::Outgoing;
    Hook {
        id: AuthorKey([7; 16]),
        kind,
        name: s("alerts"),
        by: s("Alice"),
        since: TS,
        url: is_sent.then(|| s("https://bot.example/in")),
        secret: is_sent.then(|| s("a secret")),
        disabled: false,
    }
}

/// Returns the events that only answer HTTP requests.
fn accounts() -> Vec<Named> {
    let account = |name, admin, hash: Option<&str>| Account {
        author: AuthorKey([7; 16]),
        name: s(name),
        hash: hash.map(s),
        admin,
        since: 1_732_104_003,
        registered: None,
        status: Default::default(),
    };
    let alice = || account("Alice", true, Some("$argon2id$secret"));
    let all = vec![alice(), account("Bob", false, None)];
    vec![
        ("account", ServerEvent::Account(Box::new(alice()))),
        ("accounts", ServerEvent::Accounts(all)),
        ("hook", {
            let (hook, key) = (Box::new(hook(HookKind::Incoming)), Some(s("a token")));
            ServerEvent::Hook { hook, key }
        }),
        ("hook_outgoing", {
            let (hook, key) = (Box::new(hook(HookKind::Outgoing)), Some(s("a secret")));
            ServerEvent::Hook { hook, key }
        }),
        ("hooks", {
            let disabled = Hook { disabled: true, ..hook(HookKind::Outgoing) };
            ServerEvent::Hooks(vec![hook(HookKind::Incoming), disabled])
        }),
        ("file", ServerEvent::FileAdded(Box::new(photo()))),
    ]
}

fn other() -> Vec<Named> {
    vec![
        ("welcome", welcome()),
        ("ack", ack(42)),
        ("ack_topic", ack(0)),
        ("ack_name", ServerEvent::Named { re: s("n1"), ts: TS, you: s("Alice B") }),
        ("ack_status", { ServerEvent::StatusSet { re: s("s1"), ts: TS, status: away() } }),
        ("stats", stats()),
        (
            "notice",
            ServerEvent::Notice {
                re: None,
                room: None,
                code: "whoami",
                message: "You are Alice.".into(),
            },
        ),
        (
            "pong",
            ServerEvent::Pong {
                re: Some(s("p1")),
                ts: TS,
                rooms: vec![(s("lobby"), 46), (s("dev"), 0)],
            },
        ),
        (
            "error",
            ServerEvent::Error(Box::new(
                Refusal::rate_limited(Duration::from_millis(1200))
                    .re(Some(s("c12")))
                    .room(&s("lobby"))
                    .text("Hello again"),
            )),
        ),
        (
            "error_plain",
            ServerEvent::Error(Box::new(Refusal::new(Code::NameTaken, "somebody else's"))),
        ),
        ("bye", ServerEvent::Bye { code: 1012, reason: "restart", after_ms: 1830 }),
    ]
}

fn stats() -> ServerEvent {
    let busy = |room, users, minute, hour| Busy { room: s(room), users, minute, hour };
    let day = |day, messages, users, peak| Day { day: s(day), messages, users, peak };
    ServerEvent::Stats(Box::new(Stats {
        re: Some(s("q3")),
        ts: TS,
        users: [12, 40, 123],
        connections: 15,
        messages: [4, 90, 900],
        rooms: vec![busy("lobby", 7, 3, 80), busy("dev", 5, 1, 10)],
        series: Series {
            from: TS / 60_000 * 60_000 - 60_000,
            messages: vec![2, 4],
            users: vec![11, 12],
            connections: vec![14, 15],
            journal_p50_us: vec![1000, 0],
            journal_p99_us: vec![9000, 0],
        },
        days: vec![day("2024-11-19", 1200, 150, 20), day("2024-11-20", 900, 123, 15)],
    }))
}

fn membership() -> MembershipSummary {
    MembershipSummary { room: s("den"), notify: Notify::All, order: 1_048_576 }
}

fn invitation() -> Invitation {
    Invitation { room: s("nook"), by: s("Carol"), ts: TS }
}

fn welcome() -> ServerEvent {
    ServerEvent::Welcome(Box::new(Welcome {
        file_max: Some(26_214_400),
        ts: TS,
        you: s("Alice"),
        renamed: false,
        session: "AAAAAAAAAAEHBwcHBwcHBw".into(),
        account: false,
        admin: false,
        directs: Vec::new(),
        memberships: None,
        invitations: Vec::new(),
        epoch: s("k3"),
        current: Some(s("lobby")),
        rooms: vec![line()],
        ping_ms: 9000,
        content_max: 4000,
        frame_max: 65536,
        burst: 10,
        per_s: Some(5),
    }))
}

fn ack(mid: u64) -> ServerEvent {
    ServerEvent::Ack {
        re: s("c7"),
        room: s("lobby"),
        seq: 46,
        ts: TS,
        mid,
        durable: "fsync",
        duplicate: false,
    }
}
