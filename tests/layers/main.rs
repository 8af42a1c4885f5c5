//! Checks the source against the architecture: which module may name which, no circles of files,
//! what stands where inside `chat`, and how doc comments begin.
#![expect(unreachable_pub, reason = "a test has no inside")]

mod docs;
mod examples;
mod graph;
mod rules;
mod source;
mod tree;

use std::path::Path;
use std::sync::LazyLock;

use rules::Layers;
use tree::Tree;

/// The table in the documentation of the crate.
const CRATE: Layers = Layers {
    of: &[],
    may_name: &[
        ("clock", &[]),
        ("metrics", &[]),
        ("rate", &[]),
        ("file", &[]),
        ("files", &[]),
        ("http", &[]),
        ("ws", &["http"]),
        ("chat", &[]),
        ("auth", &["file"]),
        ("assets", &["http"]),
        ("net", &["http", "ws"]),
        ("journal", &["chat"]),
        ("config", &["http", "ws", "chat", "net", "journal", "auth", "files"]),
        (
            "server",
            &["file", "files", "http", "ws", "chat", "auth", "assets", "net", "journal", "config"],
        ),
        (
            "cli",
            &[
                "files", "http", "ws", "chat", "auth", "assets", "net", "journal", "config",
                "server",
            ],
        ),
    ],
    everybodys: &["clock", "metrics", "rate"],
};

/// The parts of `chat`; of what `chat/mod.rs` itself defines, they may name what is listed.
const CHAT: Layers = Layers {
    of: &["chat"],
    may_name: &[
        ("ids", &[]),
        ("few", &[]),
        ("farewell", &[]),
        ("output_mode", &[]),
        ("limits", &["names"]),
        ("rate", &["protocol", "record"]),
        ("names", &["few", "record"]),
        ("effect", &["record", "protocol"]),
        ("input", &["record", "protocol"]),
        ("step", &["effect", "protocol", "record"]),
        ("record", &["names", "rate"]),
        ("protocol", &["names", "rate", "record"]),
        ("stats", &["names", "rate", "record", "protocol"]),
        ("pending", &["record", "protocol", "rooms"]),
        ("uploads", &["rate", "record"]),
        ("people", &["effect", "few", "names", "record", "protocol", "step"]),
        ("rooms", &["effect", "names", "record", "protocol", "step"]),
        (
            "actions",
            &[
                "Chat", "effect", "farewell", "input", "step", "few", "names", "rate", "record",
                "protocol", "stats", "pending", "people", "rooms", "uploads",
            ],
        ),
    ],
    everybodys: &["ids", "limits", "output_mode"],
};

/// The modules that only turn bytes and time into values, and what they must not contain.
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
    "ring",
];

static SOURCE: LazyLock<Tree> =
    LazyLock::new(|| Tree::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")));

#[test]
fn every_import_follows_the_layers() {
    assert_none(CRATE.faults(&SOURCE));
}

#[test]
fn pure_modules_have_no_lock_thread_clock_or_io() {
    assert_none(rules::impurities(&SOURCE, PURE, IMPURE));
}

#[test]
fn no_files_depend_on_each_other_in_a_circle() {
    assert_none(graph::circles(&SOURCE));
}

#[test]
fn every_import_inside_chat_follows_its_layers() {
    assert_none(CHAT.faults(&SOURCE));
}

#[test]
fn methods_of_chat_are_defined_at_its_root_or_in_an_action() {
    assert_none(misplaced_methods_of_chat(&SOURCE));
}

#[test]
fn doc_comments_begin_with_what_a_thing_is_or_does() {
    assert_none(docs::faults(Path::new(env!("CARGO_MANIFEST_DIR"))));
}

fn misplaced_methods_of_chat(tree: &Tree) -> Vec<String> {
    rules::misplaced_impls(tree, &["chat", "Chat"], |module| {
        module == ["chat"] || module.starts_with(&["chat".to_owned(), "actions".to_owned()])
    })
}

#[track_caller]
fn assert_none(faults: Vec<String>) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}
