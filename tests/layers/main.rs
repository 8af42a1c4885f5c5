//! Holds every import under `src/` against the layers: what a module may name of the others.
//!
//! The table is the one of the crate's documentation. It is read from the text of the sources, so
//! that a path in the middle of an expression counts as much as a `use`.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Each module and what it may name. All may name themselves, `clock` and `metrics`.
const LAYERS: &[(&str, &[&str])] = &[
    ("clock", &[]),
    ("metrics", &[]),
    ("http", &[]),
    ("ws", &["http"]),
    ("chat", &[]),
    ("auth", &[]),
    ("assets", &["http"]),
    ("net", &["http", "ws"]),
    ("journal", &["chat"]),
    ("config", &["http", "ws", "chat", "net", "journal", "auth"]),
    ("server", &["http", "ws", "chat", "auth", "assets", "net", "journal", "config"]),
    ("cli", &["http", "ws", "chat", "auth", "assets", "net", "journal", "config", "server"]),
];
const EVERYBODYS: &[&str] = &["clock", "metrics"];

/// The layers that only turn bytes and time into values, and what they must not have.
const PURE: &[&str] = &["http", "ws", "chat"];
const IMPURE: &[&str] = &[
    "Mutex",
    "RwLock",
    "async",
    "await",
    "Instant",
    "SystemTime",
    "TcpStream",
    "TcpListener",
    "fs",
    "thread",
    "mio",
    "socket2",
    "rusqlite",
    "getrandom",
];

#[test]
fn every_import_runs_downward() {
    let faults: Vec<String> =
        sources().iter().flat_map(|(path, text)| faults(path, text)).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn an_import_that_runs_upward_is_found_however_it_is_written() {
    for (path, text, fault) in [
        ("ws/frame.rs", "use crate::net::Reactor;", "ws names net"),
        ("ws/frame.rs", "use crate::{\n    clock::Now,\n    chat,\n};", "ws names chat"),
        ("ws/frame.rs", "use crate::{http::{Request, chat}, net::{self}};", "ws names net"),
        ("ws/frame.rs", "fn f() { crate :: server::run() }", "ws names server"),
        ("ws/frame.rs", "use super::super::net;", "ws names net"),
        ("assets.rs", "use super::{http, net};", "assets names net"),
        ("net/mod.rs", "pub use crate::journal as j;", "net names journal"),
        ("journal/mod.rs", "/* a /* b */ */ use crate::net;", "journal names net"),
        ("chat/mod.rs", "const A: &str = \"\\\"\"; use crate::ws;", "chat names ws"),
        ("chat/mod.rs", "const A: char = '\"'; use crate::ws;", "chat names ws"),
        ("chat/mod.rs", "fn f<'a>(a: &'a str) {} use crate::ws;", "chat names ws"),
        ("clock.rs", "use crate::*;", "clock names *"),
        ("server/mod.rs", "use crate::cli;", "server names cli"),
        ("chat/mod.rs", "use crate::util;", "chat names util"),
        ("chat/mod.rs", "use crate as c;", "chat names the whole crate"),
        ("util.rs", "", "util stands in no layer"),
        ("ws/mod.rs", "use std::sync::Mutex;", "ws has Mutex"),
        ("chat/mod.rs", "std::fs::read(path)", "chat has fs"),
    ] {
        assert_eq!(faults(Path::new(path), text), [format!("src/{path}: {fault}")], "{text}");
    }
}

#[test]
fn what_is_no_import_is_none() {
    for (path, text) in [
        ("ws/frame.rs", "use crate::{clock::{Moment, Now}, http, ws::mask};"),
        ("ws/frame.rs", "//! Not [`crate::net`].\n// crate::net\nlet a = \"crate::net\";"),
        ("ws/frame.rs", "let a = r#\"\"crate::net\"#; let b = '\"'; // \"\nuse crate::http;"),
        ("ws/frame.rs", "mod tests { use super::*; use super::mask::net; }"),
        ("server/mod.rs", "use crate::{net, chat, journal::Journal};"),
        ("main.rs", "use chinwag::cli;"),
        ("lib.rs", "pub mod clock;"),
    ] {
        assert_eq!(faults(Path::new(path), text), [""; 0], "{text}");
    }
}

/// Names what one file, by its path under `src/`, must not do.
fn faults(path: &Path, text: &str) -> Vec<String> {
    let mut modules: Vec<&str> = path.iter().filter_map(|part| part.to_str()).collect();
    if let Some(last) = modules.pop() {
        modules.extend(last.strip_suffix(".rs").filter(|stem| *stem != "mod"));
    }
    let own = modules[0];
    // One lists the modules, one is above them all, one is no part of the program.
    if own == "build" || [["lib"], ["main"]].iter().any(|root| modules == root) {
        return Vec::new();
    }
    let complain = |what: String| format!("src/{}: {what}", path.display());
    let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == own) else {
        return vec![complain(format!("{own} stands in no layer"))];
    };
    let words = words(text);
    let may = |name: &str| name == own || allowed.contains(&name) || EVERYBODYS.contains(&name);
    let mut faults: Vec<String> = names_of_the_crate(&words, modules.len())
        .into_iter()
        .filter(|name| !may(name))
        .map(|name| complain(format!("{own} names {name}")))
        .collect();
    if PURE.contains(&own) {
        let impure = IMPURE.iter().filter(|word| words.iter().any(|other| other == *word));
        faults.extend(impure.map(|word| complain(format!("{own} has {word}"))));
    }
    faults
}

/// Finds the first name of every path that begins at the root of the crate, for a file this deep.
fn names_of_the_crate(words: &[String], depth: usize) -> BTreeSet<&str> {
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    let mut names = BTreeSet::new();
    let mut at = 0;
    while at < words.len() {
        let mut supers = 0;
        while word(at) == "super" && word(at + 1) == "::" {
            supers += 1;
            at += 2;
        }
        let in_crate = word(at) == "crate" && word(at + 1) == "::";
        if in_crate {
            at += 2;
        } else if word(at) == "crate" && word(at + 1) == "as" {
            names.insert("the whole crate");
        }
        let found = first_names(words, at);
        if in_crate {
            names.extend(found);
        } else if supers >= depth {
            // A module within the file takes one `super` more to get out, so only names of layers
            // count.
            let layer = |name: &&str| LAYERS.iter().any(|(layer, _)| layer == name);
            names.extend(found.into_iter().filter(layer));
        }
        at += 1;
    }
    names
}

/// Gives the word here, or if a group begins here, the first word of each of its paths.
fn first_names(words: &[String], at: usize) -> Vec<&str> {
    if words.get(at).is_none_or(|word| word != "{") {
        return words.get(at).map(String::as_str).into_iter().collect();
    }
    let mut depth = 0;
    let mut names = Vec::new();
    let mut begins = false;
    for word in &words[at..] {
        match word.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            "," => {}
            name if begins => names.push(name),
            _ => {}
        }
        if depth == 0 {
            break;
        }
        begins = depth == 1 && (word == "," || word == "{");
    }
    names
}

/// Takes a source apart into words and signs, without comments, strings and white space.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if let Some(length) = literal(rest) {
            length
        } else if c.is_alphanumeric() || c == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
            let end = end.unwrap_or(rest.len());
            words.push(rest[..end].to_owned());
            end
        } else if rest.starts_with("::") {
            words.push("::".to_owned());
            2
        } else {
            words.extend((!c.is_whitespace()).then(|| c.to_string()));
            c.len_utf8()
        };
        rest = &rest[length..];
    }
    words
}

/// Measures a block comment; they nest.
fn block_comment(text: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            at += 2;
        } else {
            at += 1;
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// Measures a string or character; None if there is none here. A lifetime is none.
fn literal(text: &str) -> Option<usize> {
    let raw = text.strip_prefix("br").or_else(|| text.strip_prefix('r')).map(|rest| {
        let hashes = rest.len() - rest.trim_start_matches('#').len();
        (rest, "#".repeat(hashes))
    });
    if let Some((rest, hashes)) = raw
        && let Some(body) = rest[hashes.len()..].strip_prefix('"')
    {
        let closing = format!("\"{hashes}");
        let end = body.find(&closing).map_or(body.len(), |end| end + closing.len());
        return Some(text.len() - body.len() + end);
    }
    let quote = text.chars().next().filter(|c| "\"'".contains(*c))?;
    let second = text.chars().nth(1)?;
    let third = text.chars().nth(2);
    if quote == '\'' && second != '\\' && third != Some('\'') {
        return None;
    }
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    Some(text.len())
}

/// Reads every source with its path under `src/`.
fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source");
                let path = path.strip_prefix(&root).expect("a path under src").to_owned();
                sources.push((path, text));
            }
        }
    }
    sources.sort();
    sources
}
