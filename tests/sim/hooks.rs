//! Hooks: who may add them, what is posted by them, and what their targets are sent.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use chinwag::chat::record::{BlobHash, FileId, JournalError, Namespace};
use chinwag::chat::{
    ClientId, Code, Credential, Delivered, Delivery, Hook, HookAction, HookKind, HookPost, Input,
    NewFile, OutputMode, Request, ServerEvent, author_of,
};

use crate::society::login;
use crate::world::{World, rendered};

const CALLER: ClientId = ClientId(1 << 41);
const URL: &str = "https://bot.example/in";

/// A room "dev" that Alice owns, and her session.
struct Dev {
    world: World,
    alice: ClientId,
    owner: Credential,
}

fn dev() -> Dev {
    dev_with(World::new())
}

fn dev_with(mut world: World) -> Dev {
    world.keeper.guests = true;
    let alice = world.open("name=Alice&room=dev");
    let owner = Credential::Session(world.welcome(alice).session.to_string().into());
    world.say(alice, "hello");
    world.told.clear();
    Dev { world, alice, owner }
}

impl Dev {
    fn ask(&mut self, request: Request) -> Result<ServerEvent, Code> {
        let network = IpAddr::from([192, 0, 2, 7]);
        self.world.handle(Input::Asked { caller: CALLER, network, request });
        self.answer().expect("an answer")
    }

    fn answer(&mut self) -> Option<Result<ServerEvent, Code>> {
        self.world.told(CALLER).pop().map(|event| match event {
            ServerEvent::Error(refusal) => Err(refusal.code),
            event => Ok(event),
        })
    }

    fn hooks(
        &mut self,
        by: &Credential,
        room: &str,
        action: HookAction,
    ) -> Result<ServerEvent, Code> {
        self.ask(Request::Hooks { by: by.clone(), room: room.into(), action })
    }

    fn add(&mut self, name: &str, key: &str, url: Option<&str>) -> Result<ServerEvent, Code> {
        let owner = self.owner.clone();
        self.hooks(&owner, "dev", adding(name, key, url))
    }

    /// Lists the names and whether they are disabled.
    fn listed(&mut self) -> Vec<(String, bool)> {
        let owner = self.owner.clone();
        match self.hooks(&owner, "dev", HookAction::List) {
            Ok(ServerEvent::Hooks(all)) => {
                all.iter().map(|hook| (hook.name.to_string(), hook.disabled)).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    fn remove(&mut self, key: &str) -> Result<ServerEvent, Code> {
        let owner = self.owner.clone();
        self.hooks(&owner, "dev", HookAction::Remove(author_of(key)))
    }

    fn post(
        &mut self,
        token: &str,
        content: &str,
        username: Option<&str>,
    ) -> Result<ServerEvent, Code> {
        let hook = self.world.chat.hook_of_token(token).ok_or(Code::Unauthorized)?;
        let charged = self.world.chat.charge_hook(self.world.now, hook);
        charged.map_err(|refusal| refusal.code)?;
        let (content, username) = (content.into(), username.map(Into::into));
        self.ask(Request::HookPost(Box::new(HookPost { hook, id: None, content, username })))
    }

    /// Takes the messages that Alice was sent: senders and texts.
    fn heard(&mut self) -> Vec<(String, String)> {
        let told = self.world.told(self.alice).into_iter();
        told.filter_map(|event| match event {
            ServerEvent::Message { sender, content, .. } => {
                Some((sender.to_string(), content.to_string()))
            }
            _ => None,
        })
        .collect()
    }

    fn says(&mut self, texts: &[&str]) {
        for text in texts {
            self.world.say(self.alice, text);
            self.world.pass(Duration::from_secs(1));
        }
    }

    /// Takes the only delivery that was begun.
    fn delivery(&mut self) -> (u64, String) {
        match &std::mem::take(&mut self.world.deliveries)[..] {
            [Delivery { seq, event: ServerEvent::Message { content, .. }, .. }] => {
                (*seq, content.to_string())
            }
            other => panic!("{other:?}"),
        }
    }

    fn delivered(&mut self, key: &str, seq: u64, outcome: Delivered) {
        self.world.handle(Input::Delivered { hook: author_of(key), seq, outcome });
    }
}

fn adding(name: &str, key: &str, url: Option<&str>) -> HookAction {
    let kind = if url.is_some() { HookKind::Outgoing } else { HookKind::Incoming };
    HookAction::Add { kind, name: name.into(), url: url.map(Into::into), key: key.into() }
}

fn failed(after_s: u64) -> Delivered {
    Delivered::Failed(Duration::from_secs(after_s))
}

#[test]
fn who_moderates_a_room_adds_and_removes_its_hooks_and_the_room_is_told() {
    let mut dev = dev();
    let boss = dev.world.register("Boss", 8, true);
    let paul = dev.world.register("Paul", 7, false);
    let [boss, paul] = [boss, paul].map(|it| Credential::Login(Box::new(login(&it, 3))));
    for (by, room, refused) in [
        (Credential::Nobody, "dev", Code::AuthRequired),
        (Credential::Session("guess".into()), "dev", Code::Unauthorized),
        (paul, "dev", Code::Forbidden),
        (dev.owner.clone(), "ops", Code::NoSuchRoom),
        (dev.owner.clone(), "@Boss", Code::NoSuchRoom),
    ] {
        for action in
            [adding("Bot", "t", None), HookAction::List, HookAction::Remove(author_of("t"))]
        {
            assert_eq!(dev.hooks(&by, room, action), Err(refused), "{by:?} {room}");
        }
    }
    let Ok(ServerEvent::Hook { hook, key }) = dev.add("Bot", "token", None) else { panic!() };
    assert_eq!(
        (&*hook.name, &*hook.by, hook.secret, key),
        ("Bot", "Alice", None, Some("token".into()))
    );
    dev.world.pass(Duration::from_secs(1));
    assert!(dev.hooks(&boss, "dev", adding("Out", "secret", Some(URL))).is_ok());
    assert_eq!(dev.listed(), [("Bot".to_owned(), false), ("Out".to_owned(), false)]);
    let stored = dev.world.keeper.key_values.iter();
    let stored: Vec<String> = stored.map(|(key, value)| format!("{key:?} {value}")).collect();
    assert!(!stored.concat().contains("token"), "only its hash is stored");
    assert!(dev.remove("token").is_ok());
    assert_eq!(dev.remove("token"), Err(Code::NoSuchUser));
    let told: Vec<ServerEvent> = dev.world.told(dev.alice);
    let told = told.iter().filter(|it| matches!(it, ServerEvent::Moderated { .. }));
    let lines: Vec<String> = told.filter_map(|it| rendered(it, OutputMode::Text)).collect();
    assert_eq!(
        lines,
        [
            "* Alice added Bot [hook] to dev",
            "* Boss added Out [hook] to dev",
            "* Alice removed Bot [hook] from dev"
        ]
    );
    dev.world.restart();
    let listed = dev.hooks(&boss, "dev", HookAction::List);
    assert!(matches!(listed, Ok(ServerEvent::Hooks(all)) if all.len() == 1));
}

#[test]
fn nobody_has_a_private_room_read_by_a_hook_that_may_not_read_it() {
    let mut dev = dev();
    let boss = dev.world.register("Boss", 8, true);
    dev.world.say(dev.alice, "/private");
    let by = Credential::Login(Box::new(login(&boss, 3)));
    assert_eq!(dev.hooks(&by, "dev", adding("Out", "s", Some(URL))), Err(Code::NoSuchRoom));
    assert!(dev.add("Out", "s", Some(URL)).is_ok());
}

#[test]
fn a_hook_that_is_not_as_it_must_be_is_refused() {
    let mut dev = dev();
    for (name, url, refused) in [
        ("", None, Code::NameInvalid),
        ("Bot [hook]", None, Code::NameInvalid),
        ("Bot", Some(URL), Code::BadField),
    ] {
        let owner = dev.owner.clone();
        let (kind, key) = (HookKind::Incoming, "t".into());
        let action = HookAction::Add { kind, name: name.into(), url: url.map(Into::into), key };
        assert_eq!(dev.hooks(&owner, "dev", action), Err(refused), "{name}");
    }
    assert!(dev.add("Bot", "t", None).is_ok());
    assert_eq!(dev.add("Bot", "u", None), Err(Code::NameTaken));
    assert!(dev.add("Bot", "v", Some(URL)).is_ok(), "the way back has the same name");
}

#[test]
fn hooks_above_the_limits_are_refused() {
    let mut dev = dev_with(World::with(|limits| {
        (limits.sends_per_second_max, limits.requests_per_second_max) = (None, None);
    }));
    for n in 0..20 {
        assert!(dev.add(&format!("Bot {n}"), &format!("token {n}"), None).is_ok());
    }
    assert_eq!(dev.add("Bot", "token", None), Err(Code::RoomFull));
    assert!(dev.remove("token 3").is_ok());
    dev.world.reload(|limits| limits.hooks_max = 19);
    assert_eq!(dev.add("Bot", "token", None), Err(Code::Overloaded));
    dev.world.reload(|limits| limits.hooks_max = 20);
    assert!(dev.add("Bot", "token", None).is_ok());
}

#[test]
fn a_hook_whose_entry_is_not_recorded_does_not_exist() {
    let mut dev = dev();
    dev.world.prompt = false;
    let request = Request::Hooks {
        by: dev.owner.clone(),
        room: "dev".into(),
        action: adding("Bot", "token", None),
    };
    dev.world.handle(Input::Asked { caller: CALLER, network: [192, 0, 2, 7].into(), request });
    assert!(dev.world.chat.hook_of_token("token").is_none(), "not before it is recorded");
    dev.world.keeper.refuses = Some(JournalError::Unavailable);
    dev.world.settle();
    assert_eq!(dev.answer(), Some(Err(Code::StorageUnavailable)));
    dev.world.prompt = true;
    assert_eq!(dev.listed(), []);
    assert!(dev.add("Bot", "token", None).is_ok());
    assert!(dev.world.chat.hook_of_token("token").is_some());
}

#[test]
fn what_a_hook_posts_names_it_and_passes_for_no_user() {
    let mut dev = dev();
    assert!(dev.add("alerts", "token", None).is_ok());
    assert_eq!(dev.post("guess", "hi", None), Err(Code::Unauthorized));
    assert_eq!(dev.post("token", " ", None), Err(Code::BadField));
    for (username, sender) in [
        (None, "alerts [hook]"),
        (Some("Alice"), "Alice [hook alerts]"),
        (Some("Alice [hook alerts]\n"), "alerts [hook]"),
        (Some("x\u{202E}y"), "alerts [hook]"),
    ] {
        dev.world.told.clear();
        assert!(matches!(dev.post("token", "@Alice up", username), Ok(ServerEvent::Ack { .. })));
        assert_eq!(dev.heard(), [(sender.to_owned(), "@Alice up".to_owned())]);
        dev.world.pass(Duration::from_secs(1));
    }
    let guest = dev.world.open("name=alerts [hook]&room=dev");
    assert_eq!(&*dev.world.welcome(guest).you, "Anonymous");
}

#[test]
fn the_rules_of_a_room_bind_its_hooks() {
    let mut dev = dev();
    assert!(dev.add("Bot", "token", None).is_ok());
    let alice = dev.alice;
    dev.world.say(alice, "/lock");
    assert_eq!(dev.post("token", "hi", None), Err(Code::RoomLocked));
    dev.world.say(alice, "/unlock");
    dev.world.say(alice, "/slow 60");
    assert!(dev.post("token", "hi", None).is_ok());
    assert_eq!(dev.post("token", "hi", None), Err(Code::SlowMode));
    dev.world.say(alice, "/slow 0");
    dev.world.pass(Duration::from_secs(5));
    let Ok(ServerEvent::Ack { mid, .. }) = dev.post("token", "spam", None) else { panic!() };
    dev.world
        .say(alice, &format!(r#"{{"type":"moderate","payload":{{"action":"mute","mid":{mid}}}}}"#));
    assert_eq!(dev.post("token", "spam", None), Err(Code::Muted));
}

#[test]
fn a_hook_and_all_hooks_of_a_room_have_a_rate() {
    let mut dev = dev();
    for key in ["a", "b"] {
        assert!(dev.add(key, key, None).is_ok());
    }
    let posts = |dev: &mut Dev, token: &str| {
        (0..20).filter(|_| dev.post(token, "hi", None).is_ok()).count()
    };
    assert_eq!(posts(&mut dev, "a"), 10);
    assert_eq!(posts(&mut dev, "b"), 0, "the room has had its share");
    dev.world.pass(Duration::from_secs(1));
    assert_eq!(posts(&mut dev, "b"), 5);
}

#[test]
fn the_hooks_of_a_removed_room_are_gone() {
    let mut dev = dev();
    let boss = dev.world.register("Boss", 8, true);
    assert!(dev.add("Bot", "token", None).is_ok());
    assert!(dev.add("Out", "secret", Some(URL)).is_ok());
    let by = Credential::Login(Box::new(login(&boss, 3)));
    assert!(dev.ask(Request::RemoveRoom { by: Some(by), room: "dev".into() }).is_ok());
    assert!(dev.world.chat.hook_of_token("token").is_none());
    let eve = dev.world.open("name=Eve&room=dev");
    dev.world.say(eve, "mine now");
    for restarts in [false, true] {
        if restarts {
            dev.world.restart();
            dev.world.pass(Duration::from_secs(1));
        }
        assert_eq!(dev.world.deliveries, []);
        let kinds = [Namespace::Hooks, Namespace::HookPositions];
        assert!(!dev.world.keeper.key_values.keys().any(|(kind, _)| kinds.contains(kind)));
        assert!(dev.world.chat.hook_of_token("token").is_none());
    }
}

#[test]
fn a_target_is_sent_each_message_once_it_has_the_one_before() {
    let mut dev = dev();
    assert!(dev.add("Out", "secret", Some(URL)).is_ok());
    dev.says(&["one", "two"]);
    assert_eq!(dev.delivery(), (3, "one".to_owned()));
    dev.says(&["three", "/topic x"]);
    assert_eq!(dev.world.deliveries, []);
    dev.delivered("secret", 3, Delivered::Done);
    assert_eq!(dev.delivery(), (4, "two".to_owned()));
    dev.delivered("secret", 4, Delivered::Refused);
    assert_eq!(dev.delivery(), (5, "three".to_owned()));
    dev.delivered("secret", 5, Delivered::Done);
    assert_eq!(dev.world.deliveries, []);
    let position =
        (Namespace::HookPositions, format!("dev/{}", author_of("secret").to_hex()).into());
    let stored: &Arc<str> = &dev.world.keeper.key_values[&position];
    assert!(stored.contains(r#""seq":6"#), "the topic is done with: {stored}");
}

#[test]
fn a_message_is_sent_again_until_its_target_has_it() {
    let mut dev = dev();
    assert!(dev.add("Out", "secret", Some(URL)).is_ok());
    dev.says(&["one"]);
    let mut waits = Vec::new();
    for _ in 0..14 {
        let begun = dev.world.now.at;
        assert_eq!(dev.delivery(), (3, "one".to_owned()));
        dev.delivered("secret", 3, failed(0));
        while dev.world.deliveries.is_empty() {
            dev.world.pass(Duration::from_millis(500));
        }
        waits.push(dev.world.now.at.since(begun).as_secs());
    }
    assert!(waits.is_sorted() && (1..=2).contains(&waits[0]), "{waits:?}");
    assert!((600..=900).contains(&waits[13]), "{waits:?}");
    assert_eq!(dev.delivery(), (3, "one".to_owned()));
    dev.delivered("secret", 3, failed(1000));
    dev.world.pass(Duration::from_secs(999));
    assert_eq!(dev.world.deliveries, [], "the target asked for that time");
    dev.world.pass(Duration::from_secs(300));
    assert_eq!(dev.delivery(), (3, "one".to_owned()));
    dev.delivered("secret", 3, Delivered::Done);
    dev.says(&["two"]);
    assert_eq!(dev.delivery(), (4, "two".to_owned()));
    dev.world.keeper.refuses = None;
    dev.delivered("secret", 4, failed(0));
    dev.world.pass(Duration::from_secs(2));
    assert_eq!(dev.delivery(), (4, "two".to_owned()), "the failures before are forgotten");
}

#[test]
fn a_record_that_cannot_be_read_is_read_again() {
    let mut dev = dev();
    assert!(dev.add("Out", "secret", Some(URL)).is_ok());
    dev.world.prompt = false;
    dev.world.say(dev.alice, "one");
    dev.world.keeper.work();
    let appended = dev.world.keeper.fetch(false).unwrap();
    dev.world.handle(Input::Answered(appended));
    dev.world.keeper.refuses = Some(JournalError::Unavailable);
    dev.world.settle();
    assert_eq!(dev.world.deliveries, []);
    dev.world.prompt = true;
    dev.world.pass(Duration::from_secs(2));
    assert_eq!(dev.delivery(), (3, "one".to_owned()));
}

#[test]
fn nothing_is_lost_over_a_crash_or_a_restart() {
    for drains in [false, true] {
        let mut dev = dev();
        assert!(dev.add("Out", "secret", Some(URL)).is_ok());
        dev.says(&["one", "two"]);
        assert_eq!(dev.delivery(), (3, "one".to_owned()));
        dev.delivered("secret", 3, Delivered::Done);
        assert_eq!(dev.delivery(), (4, "two".to_owned()));
        if drains {
            dev.world.handle(Input::Drain { seed: 5 });
            dev.delivered("secret", 4, failed(0));
            dev.world.pass(Duration::from_secs(9));
            assert!(dev.world.chat.deadline() > dev.world.now.at, "it waits for nothing");
        }
        dev.world.restart();
        dev.world.pass(Duration::from_secs(1));
        // After a crash the last ones may come again, never too few.
        let first = if drains { (4, "two".to_owned()) } else { (3, "one".to_owned()) };
        assert_eq!(dev.delivery(), first);
    }
}

#[test]
fn programs_that_post_and_listen_do_not_hear_themselves() {
    let mut dev = dev();
    assert!(dev.add("Bot", "in", None).is_ok());
    assert!(dev.add("Other", "in 2", None).is_ok());
    assert!(dev.add("Bot", "out", Some(URL)).is_ok());
    assert!(dev.post("in", "mine", Some("x")).is_ok());
    assert_eq!(dev.world.deliveries, []);
    assert!(dev.post("in 2", "theirs", None).is_ok());
    assert_eq!(dev.delivery().1, "theirs");
}

#[test]
fn a_message_of_files_alone_is_sent() {
    let mut dev = dev();
    assert!(dev.add("Out", "secret", Some(URL)).is_ok());
    let network = IpAddr::from([192, 0, 2, 7]);
    let (now, owner, id) = (dev.world.now, dev.owner.clone(), FileId([7; 16]));
    let new = NewFile {
        id,
        uploader: dev.world.chat.begin_upload(now, &owner, network, "dev", 9).unwrap(),
        blob: BlobHash([1; 32]),
        name: "a.png".into(),
        media_type: "image/png",
        bytes: 9,
        size: None,
    };
    assert!(dev.ask(Request::AddFile(Box::new(new))).is_ok());
    dev.world.say(dev.alice, &format!(r#"{{"content":"","files":["{}"]}}"#, id.to_hex()));
    match &dev.world.deliveries[..] {
        [Delivery { event: ServerEvent::Message { files, .. }, .. }] => {
            assert_eq!((files.len(), files[0].id), (1, id));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_was_deleted_meanwhile_is_not_sent() {
    let mut dev = dev();
    assert!(dev.add("Out", "secret", Some(URL)).is_ok());
    dev.says(&["one", "two"]);
    dev.delivery();
    dev.world.say(dev.alice, "/delete");
    // As the journal does.
    for entry in &mut dev.world.keeper.rooms.get_mut("dev").unwrap().entries {
        if entry.seq == 4
            && let chinwag::chat::record::Change::Message { content, .. } = &mut entry.change
        {
            *content = "".into();
        }
    }
    dev.delivered("secret", 3, Delivered::Done);
    assert_eq!(dev.world.deliveries, []);
    dev.says(&["three"]);
    assert_eq!(dev.delivery().1, "three");
}

#[test]
fn a_hook_whose_target_fails_for_days_is_disabled() {
    let mut dev = dev();
    assert!(dev.add("Out", "secret", Some(URL)).is_ok());
    dev.says(&["one"]);
    let begun = dev.world.now.unix_ms;
    while !std::mem::take(&mut dev.world.deliveries).is_empty() {
        dev.delivered("secret", 3, failed(0));
        dev.world.pass(Duration::from_secs(1000));
        if dev.world.now.unix_ms - begun < 1000 * 3600 {
            dev.world.restart();
            dev.world.pass(Duration::from_secs(1));
        }
    }
    let days = (dev.world.now.unix_ms - begun) / (24 * 3600 * 1000);
    assert_eq!(days, 3);
    dev.world.restart();
    dev.world.pass(Duration::from_secs(1));
    dev.world.open("name=Bob&room=dev");
    assert_eq!(dev.world.deliveries, []);
    let hook = dev.world.keeper.key_values.iter().find(|((kind, _), _)| *kind == Namespace::Hooks);
    assert!(hook.unwrap().1.contains(r#""disabled":true"#));
}

#[test]
fn a_removed_hook_is_sent_nothing() {
    let mut dev = dev();
    assert!(dev.add("Out", "secret", Some(URL)).is_ok());
    dev.says(&["one", "two"]);
    dev.delivery();
    let Ok(ServerEvent::Hook { hook, key: None }) = dev.remove("secret") else { panic!() };
    let Hook { name, .. } = *hook;
    assert_eq!(&*name, "Out");
    dev.delivered("secret", 3, Delivered::Done);
    dev.says(&["three"]);
    assert_eq!(dev.world.deliveries, []);
    assert_eq!(dev.listed(), []);
}
