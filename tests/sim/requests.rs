//! HTTP requests.

use std::net::IpAddr;
use std::time::Duration;

use chinwag::chat::record::{JournalError, JournalRequest, Span};
use chinwag::chat::{
    Body, ClientId, Code, Credential, History, Input, Limits, Post, Request, RoomSummary,
    ServerEvent, User,
};

use crate::world::World;

const CALLER: ClientId = ClientId(1 << 32);

/// Makes a world in which guests may post.
fn world(change: impl FnOnce(&mut Limits)) -> World {
    let mut world = World::with(change);
    world.keeper.guests = true;
    world
}

pub(crate) fn post(content: &str) -> Post {
    let body = Body {
        files: Default::default(),
        content: content.into(),
        reply_to: None,
        ttl: None,
        name: None,
    };
    Post { room: "lobby".into(), by: Credential::Nobody, id: None, body }
}

fn named(name: &str, content: &str) -> Post {
    let mut post = post(content);
    post.body.name = Some(name.into());
    post
}

/// A request from a network of 192.0.2.0/24.
fn asked_from(number: u8, request: Request) -> Input {
    Input::Asked { caller: CALLER, network: IpAddr::from([192, 0, 2, number]), request }
}

pub(crate) fn command(world: &mut World, request: Request) -> ServerEvent {
    answered(world, asked_from(1, request))
}

fn answered(world: &mut World, asked: Input) -> ServerEvent {
    world.handle(asked);
    let mut told = world.told(CALLER);
    assert_eq!(told.len(), 1, "{told:?}");
    told.remove(0)
}

/// Posts and gives the `seq` and whether it is a duplicate.
fn posted(world: &mut World, post: Post) -> (u64, bool) {
    match command(world, Request::Post(Box::new(post))) {
        ServerEvent::Ack { seq, duplicate, .. } => (seq, duplicate),
        other => panic!("no ack but {other:?}"),
    }
}

fn refused(world: &mut World, post: Post) -> Code {
    let text = post.body.content.clone();
    match command(world, Request::Post(Box::new(post))) {
        ServerEvent::Error(refusal) => {
            assert_eq!(refusal.text, Some(text));
            refusal.code
        }
        other => panic!("no error but {other:?}"),
    }
}

fn senders(world: &mut World, client: ClientId) -> Vec<String> {
    let messages = world.told(client).into_iter().filter_map(|event| match event {
        ServerEvent::Message { sender, .. } => Some(sender.to_string()),
        _ => None,
    });
    messages.collect()
}

fn rooms(world: &mut World) -> Vec<RoomSummary> {
    match command(world, Request::Rooms) {
        ServerEvent::RoomList { rooms, .. } => rooms,
        other => panic!("no list but {other:?}"),
    }
}

#[test]
fn a_limit_of_zero_returns_no_messages() {
    let mut world = World::new();
    let alice = world.enter("name=Alice");
    world.say(alice, "one");
    world.told.clear();
    for span in [Span::Latest, Span::Before(2), Span::After(0), Span::Around(1)] {
        let history = page(&mut world, span, Some(0));
        assert_eq!((history.messages.len(), history.top, history.more), (0, 1, true), "{span:?}");
        assert_eq!(history.lost, []);
    }
    world.say(alice, r#"{"type":"history","payload":{"limit":0}}"#);
    let told = world.told(alice);
    let [ServerEvent::History(history)] = &told[..] else { panic!("{told:?}") };
    assert!(history.messages.is_empty());
}

fn page(world: &mut World, span: Span, limit: Option<u32>) -> History {
    match command(
        world,
        Request::History { by: Credential::Nobody, room: "LOBBY".into(), span, limit },
    ) {
        ServerEvent::History(history) => *history,
        other => panic!("no page but {other:?}"),
    }
}

#[test]
fn a_post_is_answered_and_published_only_once_recorded() {
    let mut world = world(|_| {});
    let alice = world.enter("name=Alice");
    world.prompt = false;
    world.handle(asked_from(1, Request::Post(Box::new(post("hi")))));
    assert!(world.told.is_empty());
    world.settle();
    assert!(matches!(world.told(CALLER)[..], [ServerEvent::Ack { seq: 1, mid: 1, .. }]));
    assert_eq!(senders(&mut world, alice), ["Anonymous"]);
}

#[test]
fn a_guest_has_its_name_only_while_it_posts() {
    let mut world = world(|_| {});
    let alice = world.enter("name=Alice");
    world.prompt = false;
    for (name, text) in [("alice", "1"), ("Alice", "2"), ("Bot", "3")] {
        let request = Request::Post(Box::new(named(name, text)));
        world.handle(asked_from(1, request));
    }
    // Under way it is one person, however often it posts.
    let bot = world.open("name=Bot");
    assert_eq!(&*world.welcome(bot).you, "Bot-2");
    world.settle();
    assert_eq!(senders(&mut world, alice), ["alice-2", "alice-2", "Bot"]);
    let bot = world.open("name=Bot");
    assert_eq!(&*world.welcome(bot).you, "Bot");
    let known = |order: &JournalRequest| {
        matches!(order, JournalRequest::PutSession(_) | JournalRequest::DropSession(_))
    };
    assert!(!world.orders.iter().any(known), "{:?}", world.orders);
    world.prompt = true;
    world.told.clear();
    world.say(alice, r#"{"type":"list_users"}"#);
    let users = world.told(alice).pop();
    let Some(ServerEvent::UserList { users, .. }) = users else { panic!("{users:?}") };
    let names: Vec<&str> = users.iter().map(|User { name, .. }| &**name).collect();
    assert_eq!(names, ["Alice", "Bot-2", "Bot"]);
}

#[test]
fn a_repeated_post_gets_the_first_answer() {
    let mut world = world(|_| {});
    let alice = world.enter("name=Alice");
    let with = |id: &str, post: Post| Post { id: Some(id.into()), ..post };
    assert_eq!(posted(&mut world, with("k", named("Bot", "hi"))), (1, false));
    // With its name taken it has another one, and is the same author.
    let bot = world.enter("name=bot");
    assert_eq!(posted(&mut world, with("k", named("BOT", "hi"))), (1, true));
    assert_eq!(refused(&mut world, with("k", named("Bot", "ho"))), Code::IdConflict);
    assert_eq!(posted(&mut world, with("k", named("Eve", "ho"))), (2, false));
    assert_eq!(world.heard(alice), ["ho"]);
    assert_eq!(world.heard(bot), ["ho"]);
}

#[test]
fn a_post_with_a_session_is_from_its_person_and_is_broadcast() {
    let mut world = world(|_| {});
    let alice = world.open("name=Alice");
    let session = world.welcome(alice).session;
    let say =
        |text: &str| Post { by: Credential::Session(session.clone()), ..named("Mallory", text) };
    assert_eq!(posted(&mut world, say("by hand")), (1, false));
    assert_eq!(senders(&mut world, alice), ["Alice"]);
    let sessions =
        world.orders.iter().filter(|it| matches!(it, JournalRequest::PutSession(_))).count();
    assert_eq!(sessions, 1);
    // An id means the same on both ways.
    let twice = Post { id: Some("c1".into()), ..say("once") };
    assert_eq!(posted(&mut world, twice), (2, false));
    world.told.clear();
    world.say(alice, r#"{"type":"send_message","id":"c1","payload":"once"}"#);
    assert!(matches!(world.told(alice)[..], [ServerEvent::Ack { seq: 2, duplicate: true, .. }]));
    let unknown = Post { by: Credential::Session("unknown".into()), ..post("hi") };
    assert_eq!(refused(&mut world, unknown), Code::Unauthorized);
}

#[test]
fn a_detached_session_has_its_name_while_it_posts() {
    let mut world = world(|_| {});
    let bob = world.enter("name=Bob");
    let alice = world.open("name=Alice");
    let session = world.welcome(alice).session;
    world.close(alice);
    world.pass(Duration::from_secs(20));
    world.told.clear();
    let say = |text: &str| Post { by: Credential::Session(session.clone()), ..post(text) };
    posted(&mut world, say("boo"));
    assert_eq!(senders(&mut world, bob), ["Alice"]);
    let other = world.open("name=Alice");
    assert_eq!(&*world.welcome(other).you, "Alice");
    posted(&mut world, say("boo"));
    assert_eq!(senders(&mut world, bob), ["Alice-2"]);
    world.pass(Duration::from_secs(1200));
    assert_eq!(refused(&mut world, say("boo")), Code::Unauthorized);
}

#[test]
fn a_refused_post_leaves_no_room() {
    let mut world = world(|limits| limits.content_chars_max = 3);
    let into = |room: &str, text: &str| Post { room: room.into(), ..post(text) };
    assert_eq!(refused(&mut world, into("new", "long")), Code::TooLong);
    assert_eq!(refused(&mut world, into("new", " ")), Code::BadField);
    assert_eq!(refused(&mut world, into("@Bob", "hi")), Code::Unauthorized);
    assert_eq!(refused(&mut world, named("*", "hi")), Code::NameInvalid);
    let mut life = into("new", "hi");
    life.body.ttl = Some(1);
    assert_eq!(refused(&mut world, life), Code::BadField);
    let mut reply = into("new", "hi");
    reply.body.reply_to = Some(1);
    assert_eq!(refused(&mut world, reply), Code::NoSuchMessage);
    world.keeper.refuses = Some(JournalError::Unavailable);
    assert_eq!(refused(&mut world, into("new", "hi")), Code::StorageUnavailable);
    assert_eq!(rooms(&mut world), []);
    posted(&mut world, into("new", "hi"));
    assert_eq!(rooms(&mut world)[0].seq, 1);
    world.handle(Input::Drain { seed: 1 });
    assert_eq!(refused(&mut world, into("new", "hi")), Code::Overloaded);
}

#[test]
fn guests_of_a_network_share_a_rate_and_a_session_has_its_own() {
    let mut world = world(|_| {});
    let alice = world.open("name=Alice");
    let session = world.welcome(alice).session;
    for n in 0..10 {
        posted(&mut world, named(&format!("Bot{n}"), "hi"));
    }
    assert_eq!(refused(&mut world, named("Eve", "hi")), Code::RateLimited);
    let elsewhere = asked_from(2, Request::Post(Box::new(post("hi"))));
    assert!(matches!(answered(&mut world, elsewhere), ServerEvent::Ack { .. }));
    posted(&mut world, Post { by: Credential::Session(session), ..post("hi") });
    world.pass(Duration::from_millis(200));
    posted(&mut world, named("Eve", "hi"));
}

#[test]
fn a_page_over_http_has_the_limits_of_a_client() {
    let mut world = world(|limits| {
        (limits.history_max, limits.sends_per_second_max) = (5, None);
    });
    let unknown = Request::History {
        by: Credential::Nobody,
        room: "lobby".into(),
        span: Span::Latest,
        limit: None,
    };
    let told = command(&mut world, unknown);
    assert!(matches!(told, ServerEvent::Error(it) if it.code == Code::NoSuchRoom));
    for n in 1..=9 {
        posted(&mut world, post(&n.to_string()));
    }
    let mids = |history: &History| history.messages.iter().map(|it| it.mid).collect::<Vec<_>>();
    let all = page(&mut world, Span::Latest, None);
    assert_eq!((mids(&all), all.top, all.more), (vec![5, 6, 7, 8, 9], 9, true));
    assert_eq!(mids(&page(&mut world, Span::After(3), Some(2))), [4, 5]);
    assert_eq!(mids(&page(&mut world, Span::Before(3), Some(1000))), [1, 2]);
    assert_eq!(mids(&page(&mut world, Span::After(9), Some(0))), [0; 0]);
    world.keeper.refuses = Some(JournalError::Overloaded);
    let unread = Request::History {
        by: Credential::Nobody,
        room: "lobby".into(),
        span: Span::Latest,
        limit: None,
    };
    let told = command(&mut world, unread);
    assert!(matches!(told, ServerEvent::Error(it) if it.code == Code::Overloaded));
}

#[test]
fn queries_above_the_rate_of_a_network_do_not_affect_others() {
    let mut world = world(|limits| {
        (limits.requests_per_second_max, limits.requests_burst_max) = (Some(10), 3);
        (limits.networks_max, limits.sends_burst_max) = (2, 1);
    });
    let code = |world: &mut World, number, request: &Request| match answered(
        world,
        asked_from(number, request.clone()),
    ) {
        ServerEvent::Error(refusal) => {
            assert_eq!(refusal.retry_after_ms.is_some(), refusal.code == Code::RateLimited);
            refusal.code.word()
        }
        _ => "",
    };
    posted(&mut world, post("hi"));
    let page = Request::History {
        by: Credential::Nobody,
        room: "lobby".into(),
        span: Span::Latest,
        limit: None,
    };
    let none = Request::History {
        by: Credential::Nobody,
        room: "nowhere".into(),
        span: Span::Latest,
        limit: None,
    };
    let asked = [&Request::Rooms, &page, &none, &page, &Request::Rooms];
    let codes = asked.map(|request| code(&mut world, 1, request));
    assert_eq!(codes, ["", "", "no_such_room", "rate_limited", "rate_limited"]);
    // Posts are counted by themselves, and so are other networks.
    assert_eq!(refused(&mut world, post("ho")), Code::RateLimited);
    assert_eq!(code(&mut world, 2, &page), "");
    assert_eq!(code(&mut world, 3, &page), "overloaded");
    world.pass(Duration::from_millis(100));
    assert_eq!(code(&mut world, 1, &page), "");
    assert_eq!(code(&mut world, 1, &page), "rate_limited");
    assert_eq!(code(&mut world, 3, &page), "");
}

#[test]
fn a_reload_makes_room_for_more_networks() {
    let mut world = world(|limits| limits.networks_max = 1);
    let requests = [Request::Rooms, Request::Post(Box::new(post("hi")))];
    let asked = |world: &mut World, number| {
        requests.clone().map(|request| match answered(world, asked_from(number, request)) {
            ServerEvent::Error(refusal) => Some(refusal.code),
            _ => None,
        })
    };
    assert_eq!(asked(&mut world, 1), [None; 2]);
    assert_eq!(asked(&mut world, 2), [Some(Code::Overloaded); 2]);
    world.reload(|limits| limits.networks_max = 2);
    assert_eq!(asked(&mut world, 2), [None; 2]);
}

#[test]
fn without_a_rate_queries_are_unlimited() {
    let mut world = world(|limits| {
        (limits.requests_per_second_max, limits.requests_burst_max) = (None, 1);
    });
    for _ in 0..1000 {
        rooms(&mut world);
    }
}
