//! Slash commands: what people type instead of events.

use crate::chat::output_mode::OutputMode;
use crate::chat::protocol::client_event::{
    ClientEvent, Command, ModerationRequest, SearchQuery, typed,
};
use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::protocol::membership::Notify;
use crate::chat::protocol::status::hue;
use crate::chat::record::{ModerationAction, Span};

/// The commands: name, arguments, what it does.
const COMMANDS: [(&str, &str, &str); 44] = [
    ("help", "", "list the commands"),
    ("name", "NEW", "change your name"),
    ("join", "ROOM", "join a room; what you type goes there"),
    ("leave", "[ROOM]", "leave a room"),
    ("accept", "ROOM", "accept an invitation to a private room"),
    ("decline", "ROOM", "decline an invitation to a private room"),
    ("notify", "all|mentions|none", "set what a room notifies you of"),
    ("rooms", "", "list the rooms"),
    ("who", "[ROOM]", "list the people in a room"),
    ("members", "[ROOM]", "list members who are not in a room"),
    ("reply", "TEXT", "reply to the last message"),
    ("me", "TEXT", "describe what you do"),
    ("topic", "[TEXT]", "show or set the room's topic"),
    ("history", "[N]", "show earlier messages"),
    ("replies", "SEQ", "show the replies to a message"),
    ("search", "WORDS", "search your rooms; from:NAME in:ROOM has:file"),
    ("edit", "TEXT", "correct your last message"),
    ("delete", "[SEQ]", "delete a message of yours"),
    ("pin", "SEQ", "pin a message"),
    ("unpin", "SEQ", "unpin a message"),
    ("pins", "[ROOM]", "show the pinned messages"),
    ("expire", "SECONDS TEXT", "send a message that disappears"),
    ("msg", "USER TEXT", "send a private message"),
    ("away", "[TEXT]", "set yourself away"),
    ("back", "", "set yourself back"),
    ("hue", "[1-12]", "choose the hue of your picture"),
    ("whoami", "", "show your name"),
    ("stats", "", "show statistics"),
    ("mode", "json|text|simple", "change the output format"),
    ("kick", "USER [WHY]", "remove a user from the room"),
    ("ban", "USER [SECONDS] [WHY]", "keep a user out of the room"),
    ("unban", "USER", "lift a ban"),
    ("mute", "USER [SECONDS] [WHY]", "stop a user from posting"),
    ("unmute", "USER", "let a user post again"),
    ("slow", "SECONDS", "set the pause between messages; 0 for none"),
    ("lock", "", "let only moderators post"),
    ("unlock", "", "let everybody post again"),
    ("invite", "USER", "invite a user to the room"),
    ("private", "", "make the room private"),
    ("public", "", "make the room public"),
    ("promote", "USER", "make a user a moderator"),
    ("demote", "USER", "take a moderator's role away"),
    ("remove", "ROOM", "remove a room for good"),
    ("quit", "", "disconnect"),
];

/// Parses a line that begins with one slash.
pub(in crate::chat) fn parse(line: &str) -> Result<ClientEvent, Refusal> {
    let text = typed(line);
    let body = text.get(1..).unwrap_or_default();
    let (word, rest) = body.split_once(char::is_whitespace).unwrap_or((body, ""));
    let rest = rest.trim_start();
    let word = word.to_ascii_lowercase();
    if let Some(query) = query(&word, rest)? {
        return Ok(query);
    }
    let needed = || if rest.is_empty() { Err(usage(&word)) } else { Ok(rest) };
    let mut room = None;
    let command = match &*word {
        "help" => Command::Help,
        "name" => Command::SetName(needed()?.into()),
        "join" => {
            let room = needed()?.trim_end().into();
            Command::Join { room, history: None, after: None, epoch: None }
        }
        "accept" => Command::Accept { room: needed()?.trim_end().into() },
        "decline" => Command::Decline { room: needed()?.trim_end().into() },
        "notify" => notify(&word, rest)?,
        "leave" => {
            room = optional(rest);
            Command::Leave
        }
        "reply" => Command::Reply(needed()?.into()),
        // The slash stays: clients recognise an action by it.
        "me" => return Ok(ClientEvent::said(&format!("/me {}", needed()?))),
        "topic" if rest.is_empty() => Command::Topic,
        "topic" => Command::SetTopic(rest.into()),
        "edit" => Command::Edit { mid: None, content: needed()?.into() },
        "delete" => Command::Delete { mid: number(&word, rest)? },
        "pin" | "unpin" => pin(&word, rest)?,
        "expire" => expire(rest)?,
        "away" => Command::SetStatus { away: true, text: rest.into() },
        "back" => Command::SetStatus { away: false, text: "".into() },
        "hue" => {
            let hue = |number| hue(number).ok_or_else(|| usage(&word));
            Command::SetHue(number(&word, rest)?.map(hue).transpose()?)
        }
        "mode" => Command::Mode(OutputMode::parse(rest.trim_end()).ok_or_else(|| usage(&word))?),
        "quit" => Command::Quit,
        "msg" => {
            let (to, content) = someone(needed()?);
            if to.is_empty() || content.is_empty() {
                return Err(usage(&word).text(text));
            }
            let (to, content, files) = (to.into(), content.into(), Vec::new());
            Command::Direct { to, content, reply_to: None, ttl: None, files }
        }
        // Its name is said again, for nothing brings it back.
        "remove" => {
            room = Some(needed()?.trim_end().into());
            Command::Moderate(Box::new(bare(ModerationAction::RemoveRoom)))
        }
        _ if let Some(action) = action(&word) => {
            Command::Moderate(Box::new(request(action, &word, rest.trim_end())?))
        }
        _ => return Err(unknown(&word).text(text)),
    };
    Ok(ClientEvent { id: None, room, command })
}

/// Returns the event of a line that asks for something.
fn query(word: &str, rest: &str) -> Result<Option<ClientEvent>, Refusal> {
    let (room, command) = match word {
        "rooms" => (None, Command::ListRooms { from: None, limit: None }),
        "members" => (optional(rest), Command::ListMembers { from: None, limit: None }),
        "who" => (optional(rest), Command::ListUsers),
        "pins" => (optional(rest), Command::ListPins),
        "history" => {
            let limit = number(word, rest)?.map(|n| u32::try_from(n).unwrap_or(u32::MAX));
            (None, Command::History { span: Span::Latest, limit })
        }
        "replies" => {
            let mid = number(word, rest)?.filter(|mid| *mid > 0).ok_or_else(|| usage(word))?;
            (None, Command::Replies { mid, after: 0, limit: None })
        }
        "search" if rest.is_empty() => return Err(usage(word)),
        "search" => {
            let words = rest.into();
            (None, Command::Search(SearchQuery { words, limit: None, before: None, zone_ms: 0 }))
        }
        "whoami" => (None, Command::WhoAmI),
        "stats" => (None, Command::Stats { minutes: None }),
        _ => return Ok(None),
    };
    Ok(Some(ClientEvent { id: None, room, command }))
}

/// Lists all commands, one a line.
pub(in crate::chat) fn help() -> String {
    let mut text = String::from("Type to talk. Commands:");
    for (name, follows, does) in COMMANDS {
        let command =
            if follows.is_empty() { format!("/{name}") } else { format!("/{name} {follows}") };
        text.push_str(&format!("\n{command:<26} {does}"));
    }
    text.push_str("\nA line that begins with // is said with one slash.");
    text
}

fn action(word: &str) -> Option<ModerationAction> {
    match word {
        "private" => Some(ModerationAction::MakePrivate),
        "public" => Some(ModerationAction::MakePublic),
        word => ModerationAction::parse(word).filter(|it| *it != ModerationAction::RemoveRoom),
    }
}

fn request(action: ModerationAction, word: &str, rest: &str) -> Result<ModerationRequest, Refusal> {
    let mut request = bare(action);
    let mut rest = rest;
    match action {
        ModerationAction::Lock
        | ModerationAction::Unlock
        | ModerationAction::MakePrivate
        | ModerationAction::MakePublic
        | ModerationAction::RemoveRoom
        | ModerationAction::AddHook
        | ModerationAction::RemoveHook => {
            return Ok(request);
        }
        ModerationAction::Slow => {
            request.seconds = Some(number(word, rest)?.ok_or_else(|| usage(word))?);
            return Ok(request);
        }
        ModerationAction::Invite
        | ModerationAction::Promote
        | ModerationAction::Demote
        | ModerationAction::Unban
        | ModerationAction::Unmute => {
            let name = rest.strip_prefix('@').unwrap_or(rest).trim_matches('"');
            request.user = Some(optional(name).ok_or_else(|| usage(word))?);
            return Ok(request);
        }
        ModerationAction::Kick | ModerationAction::Ban | ModerationAction::Mute => {}
    }
    let (user, more) = someone(rest);
    request.user = Some(optional(user).ok_or_else(|| usage(word))?);
    rest = more;
    if action != ModerationAction::Kick {
        let (first, more) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        if let Ok(seconds) = first.parse() {
            request.seconds = Some(seconds);
            rest = more.trim_start();
        }
    }
    request.reason = Some(rest).filter(|rest| !rest.is_empty()).map(Into::into);
    Ok(request)
}

/// Returns a request without parameters.
fn bare(action: ModerationAction) -> ModerationRequest {
    ModerationRequest { action, user: None, mid: None, seconds: None, reason: None }
}

/// Splits a line into a user's name, in quotes if it has spaces, and the rest.
fn someone(rest: &str) -> (&str, &str) {
    let rest = rest.strip_prefix('@').unwrap_or(rest);
    let (name, more) = match rest.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
        Some(quoted) => quoted,
        None => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
    };
    (name.trim(), more.trim_start())
}

fn pin(word: &str, rest: &str) -> Result<Command, Refusal> {
    let mid = number(word, rest)?.filter(|mid| *mid > 0).ok_or_else(|| usage(word))?;
    Ok(Command::Pin { mid, on: word == "pin" })
}

fn notify(word: &str, rest: &str) -> Result<Command, Refusal> {
    let level = Notify::parse(rest.trim_end()).ok_or_else(|| usage(word))?;
    Ok(Command::SetMembership { notify: Some(level), order: None })
}

fn expire(rest: &str) -> Result<Command, Refusal> {
    let (seconds, content) = rest.split_once(char::is_whitespace).ok_or_else(|| usage("expire"))?;
    let ttl = number("expire", seconds)?;
    let content = content.trim_start();
    if ttl.is_none() || content.is_empty() {
        return Err(usage("expire"));
    }
    let (content, files) = (content.into(), Vec::new());
    Ok(Command::Send { content, reply_to: None, ttl, files, sender: None })
}

fn optional(rest: &str) -> Option<Box<str>> {
    Some(rest.trim_end()).filter(|rest| !rest.is_empty()).map(Box::from)
}

fn number(word: &str, rest: &str) -> Result<Option<u64>, Refusal> {
    match rest.trim_end() {
        "" => Ok(None),
        digits => digits.parse().map(Some).map_err(|_| usage(word)),
    }
}

/// Returns the refusal that shows how a command is written.
fn usage(word: &str) -> Refusal {
    let follows = COMMANDS.iter().find(|(name, ..)| *name == word).map_or("", |(_, it, _)| it);
    Refusal::new(Code::MissingField, format!("it is written /{word} {follows}"))
}

fn unknown(word: &str) -> Refusal {
    // A word this long is no mistyped command, but a path, for instance.
    let nearest = COMMANDS.iter().map(|(name, ..)| (distance(word, name), *name)).min();
    let message = match nearest {
        Some((distance, name)) if word.len() <= 16 && distance <= 2 && distance < name.len() => {
            format!("there is no such command; did you mean /{name}?")
        }
        _ => "there is no such command; /help lists them, // at the start says a slash".to_owned(),
    };
    Refusal::new(Code::UnknownCommand, message)
}

/// Returns the edit distance of two words, with adjacent swaps; words above 16 letters are
/// infinitely far.
fn distance(a: &str, b: &str) -> usize {
    if a.len().max(b.len()) > 16 {
        return usize::MAX;
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, &x) in a.iter().enumerate() {
        let mut row = vec![i.saturating_add(1)];
        for (j, &y) in b.iter().enumerate() {
            let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX);
            let next = j.saturating_add(1);
            let replaced = at(&above, j).saturating_add(usize::from(x != y));
            let removed = at(&above, next).saturating_add(1);
            let inserted = at(&row, j).saturating_add(1);
            let mut best = replaced.min(removed).min(inserted);
            let crossed = i
                .checked_sub(1)
                .zip(j.checked_sub(1))
                .filter(|&(i, j)| a.get(i) == Some(&y) && b.get(j) == Some(&x));
            if let Some((_, j)) = crossed {
                best = best.min(at(&before, j).saturating_add(1));
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU8;

    use super::*;

    fn asked(line: &str) -> Command {
        parse(line).unwrap().command
    }

    fn search(words: &str) -> Command {
        Command::Search(SearchQuery { words: words.into(), limit: None, before: None, zone_ms: 0 })
    }

    #[test]
    fn every_command_is_understood() {
        let join =
            Command::Join { room: "dev ops".into(), history: None, after: None, epoch: None };
        let send = |content: &str, ttl| Command::Send {
            files: Default::default(),
            content: content.into(),
            reply_to: None,
            ttl,
            sender: None,
        };
        for (line, command) in [
            ("/help", Command::Help),
            ("/HELP\n", Command::Help),
            ("/name Alice B", Command::SetName("Alice B".into())),
            ("/join  dev ops ", join),
            ("/leave", Command::Leave),
            ("/accept  den ", Command::Accept { room: "den".into() }),
            ("/decline den", Command::Decline { room: "den".into() }),
            (
                "/notify mentions ",
                Command::SetMembership { notify: Some(Notify::Mentions), order: None },
            ),
            ("/rooms", Command::ListRooms { from: None, limit: None }),
            ("/who dev", Command::ListUsers),
            ("/members", Command::ListMembers { from: None, limit: None }),
            ("/reply yes", Command::Reply("yes".into())),
            ("/me waves", send("/me waves", None)),
            ("/topic", Command::Topic),
            ("/topic Release day", Command::SetTopic("Release day".into())),
            ("/history", Command::History { span: Span::Latest, limit: None }),
            ("/history 5", Command::History { span: Span::Latest, limit: Some(5) }),
            ("/replies 7 ", Command::Replies { mid: 7, after: 0, limit: None }),
            ("/search tea from:bob", search("tea from:bob")),
            ("/edit as meant", Command::Edit { mid: None, content: "as meant".into() }),
            ("/delete", Command::Delete { mid: None }),
            ("/delete 7", Command::Delete { mid: Some(7) }),
            ("/pin 7", Command::Pin { mid: 7, on: true }),
            ("/unpin 7 ", Command::Pin { mid: 7, on: false }),
            ("/pins", Command::ListPins),
            ("/expire 60 soon gone", send("soon gone", Some(60))),
            ("/away lunch ", Command::SetStatus { away: true, text: "lunch ".into() }),
            ("/away", Command::SetStatus { away: true, text: "".into() }),
            ("/back", Command::SetStatus { away: false, text: "".into() }),
            ("/hue 7 ", Command::SetHue(NonZeroU8::new(7))),
            ("/hue", Command::SetHue(None)),
            ("/whoami", Command::WhoAmI),
            ("/stats", Command::Stats { minutes: None }),
            ("/mode text", Command::Mode(OutputMode::Text)),
            ("/quit", Command::Quit),
        ] {
            assert_eq!(asked(line), command, "{line}");
        }
        let direct = |to: &str| Command::Direct {
            files: Default::default(),
            to: to.into(),
            content: "psst you".into(),
            reply_to: None,
            ttl: None,
        };
        assert_eq!(asked("/msg Bob psst you"), direct("Bob"));
        assert_eq!(asked("/msg @Bob  psst you"), direct("Bob"));
        assert_eq!(asked("/msg \"Bob B\" psst you"), direct("Bob B"));
        assert_eq!(parse("/who dev").unwrap().room.as_deref(), Some("dev"));
        assert_eq!(parse("/leave dev").unwrap().room.as_deref(), Some("dev"));
    }

    #[test]
    fn moderation_commands_take_a_name_a_time_and_a_reason() {
        let request = |line: &str| match asked(line) {
            Command::Moderate(request) => {
                let ModerationRequest { action, user, mid: _, seconds, reason } = *request;
                (action, user.unwrap_or_default(), seconds, reason.unwrap_or_default())
            }
            other => panic!("{line}: {other:?}"),
        };
        for (line, action, user, seconds, reason) in [
            ("/kick Eve", ModerationAction::Kick, "Eve", None, ""),
            ("/kick Eve 7 times warned", ModerationAction::Kick, "Eve", None, "7 times warned"),
            ("/ban \"Eve E\" 600 enough", ModerationAction::Ban, "Eve E", Some(600), "enough"),
            ("/mute @Eve be quiet", ModerationAction::Mute, "Eve", None, "be quiet"),
            ("/unban Eve E", ModerationAction::Unban, "Eve E", None, ""),
            ("/slow 30", ModerationAction::Slow, "", Some(30), ""),
            ("/lock", ModerationAction::Lock, "", None, ""),
            ("/invite @Bob", ModerationAction::Invite, "Bob", None, ""),
            ("/private", ModerationAction::MakePrivate, "", None, ""),
            ("/public", ModerationAction::MakePublic, "", None, ""),
            ("/promote Bob", ModerationAction::Promote, "Bob", None, ""),
        ] {
            assert_eq!(request(line), (action, user.into(), seconds, reason.into()), "{line}");
        }
    }

    #[test]
    fn a_command_without_its_arguments_shows_its_usage() {
        for line in [
            "/name",
            "/msg Bob",
            "/kick",
            "/slow",
            "/slow down",
            "/invite ",
            "/join ",
            "/accept",
            "/decline ",
            "/notify",
            "/notify loudly",
            "/reply",
            "/me",
            "/edit",
            "/pin",
            "/unpin 0",
            "/expire 5",
            "/expire x y",
            "/mode loud",
            "/history x",
        ] {
            let refusal = parse(line).unwrap_err();
            assert_eq!(refusal.code, Code::MissingField, "{line}");
            assert!(refusal.message.contains("it is written /"), "{line}");
        }
    }

    #[test]
    fn the_list_of_commands_fits_a_terminal_of_80_columns() {
        let help = help();
        for line in help.lines().skip(1) {
            // A further line of one event is indented by four.
            assert!(line.chars().count() + 4 <= 80, "{line}");
        }
        for (name, ..) in COMMANDS {
            let line = help.lines().find(|line| line.starts_with(&format!("/{name}"))).unwrap();
            assert_eq!(line.as_bytes()[26], b' ', "{line} is out of line");
            let typed = format!("/{name} 5 7");
            let known = parse(&typed).map_or_else(|it| it.code != Code::UnknownCommand, |_| true);
            assert!(known, "{typed} is not known");
        }
    }

    #[test]
    fn a_typo_names_the_nearest_command() {
        for (line, name) in [
            ("/jion dev", "/join?"),
            ("/hlep", "/help?"),
            ("/histroy", "/history?"),
            ("/rom", "/rooms?"),
            ("/nam Bob", "/name?"),
            ("/quti", "/quit?"),
            ("/mgs Bob hi", "/msg?"),
            ("/kik Eve", "/kick?"),
            ("/bna Eve", "/ban?"),
            ("/unbann Eve", "/unban?"),
            ("/mtue Eve", "/mute?"),
            ("/ummute Eve", "/unmute?"),
            ("/slwo 5", "/slow?"),
            ("/lokc", "/lock?"),
            ("/invte Bob", "/invite?"),
            ("/privte", "/private?"),
            ("/pulbic", "/public?"),
            ("/promot Bob", "/promote?"),
            ("/demoet Bob", "/demote?"),
        ] {
            let refusal = parse(line).unwrap_err();
            assert_eq!(refusal.code, Code::UnknownCommand);
            assert!(refusal.message.ends_with(name), "{line}: {}", refusal.message);
            assert_eq!(refusal.text.as_deref(), Some(line));
        }
        for line in ["/", "/ x", "/usr/bin/env", "/xxxxxxxx", "/dance"] {
            let refusal = parse(line).unwrap_err();
            assert_eq!(refusal.code, Code::UnknownCommand);
            assert!(!refusal.message.contains("did you mean"), "{line}: {}", refusal.message);
        }
    }
}
