//! Small sources that show what each check finds, and what it lets pass.

use crate::graph::circles;
use crate::tree::Tree;
use crate::{CHAT, CRATE, IMPURE, PURE, misplaced_methods_of_chat, rules};

fn layer_faults(path: &str, text: &str) -> Vec<String> {
    let tree = Tree::of([(path, text)]);
    let mut faults = CRATE.faults(&tree);
    faults.extend(rules::impurities(&tree, PURE, IMPURE));
    faults
}

#[test]
fn an_upward_import_is_found_however_it_is_written() {
    for (path, text, fault) in [
        ("ws/frame.rs", "use crate::net::Reactor;", ":1: ws names net"),
        ("ws/frame.rs", "use crate::{\n    clock::Now,\n    chat,\n};", ":3: ws names chat"),
        ("ws/frame.rs", "use crate::{http::{Request, chat}, net::{self}};", ":1: ws names net"),
        ("ws/frame.rs", "fn f() { crate :: server::run() }", ":1: ws names server"),
        ("ws/frame.rs", "fn f() -> Vec<crate::net::Token> { Vec::new() }", ":1: ws names net"),
        ("ws/frame.rs", "fn f() { assert!(a, \"\", [crate::net::A]) }", ":1: ws names net"),
        ("ws/frame.rs", "macro_rules! m { () => { $crate::net::A } }", ":1: ws names net"),
        ("ws/frame.rs", "use super::super::net;", ":1: ws names net"),
        ("ws/frame.rs", "mod tests { use super::super::super::net; }", ":1: ws names net"),
        ("assets.rs", "use super::{http, net};", ":1: assets names net"),
        ("net/mod.rs", "pub use crate::journal as j;", ":1: net names journal"),
        ("journal/mod.rs", "/* a /* b */ */ use crate::net;", ":1: journal names net"),
        ("chat/mod.rs", "const A: &str = \"\\\"\"; use crate::ws;", ":1: chat names ws"),
        ("chat/mod.rs", "use crate as c; use c::ws::Frame;", ":1: chat names ws"),
        ("clock.rs", "use crate::*;", ":1: clock names *"),
        ("server/mod.rs", "use crate::cli;", ":1: server names cli"),
        ("chat/mod.rs", "use crate::util;", ":1: chat names util"),
        ("util.rs", "", ": util is in no layer"),
        ("ws/mod.rs", "use std::sync::Mutex;", ": ws has Mutex"),
        ("chat/mod.rs", "fn f() { vec![std::fs::read(path)]; }", ": chat has fs"),
        ("chat/mod.rs", "async fn f() {}", ": chat has async"),
    ] {
        assert_eq!(layer_faults(path, text), [format!("src/{path}{fault}")], "{text}");
    }
}

#[test]
fn downward_imports_comments_strings_and_other_crates_are_no_faults() {
    for (path, text) in [
        ("ws/frame.rs", "use crate::{clock::{Moment, Now}, http, ws::mask};"),
        ("ws/frame.rs", "//! Not [`crate::net`].\n// crate::net\nconst A: &str = \"crate::net\";"),
        ("ws/frame.rs", "mod tests { use super::*; use super::mask::net; }"),
        ("ws/frame.rs", "pub(crate) fn net() { mio_net::poll() }"),
        ("server/mod.rs", "use crate::{net, chat, journal::Journal};"),
        ("net/mod.rs", "use mio::net; fn f() { net::chat::g() }"),
        ("main.rs", "use chinwag::cli;"),
        ("lib.rs", "pub mod clock; pub use net::Reactor;"),
        ("build.rs", "use crate::net;"),
    ] {
        assert_eq!(layer_faults(path, text), [""; 0], "{text}");
    }
}

/// The face of a folder `m` with the files `a`, `b` and the folder `c`.
const FACE: (&str, &str) =
    ("m/mod.rs", "mod a; mod b; mod c; pub use a::A; use b::B; use c::C; pub struct M;");
const INNER: (&str, &str) = ("m/c/mod.rs", "mod d; pub use d::D as C;");

fn circles_in(files: &[(&str, &str)]) -> Vec<String> {
    let tree = Tree::of([FACE, INNER].into_iter().chain(files.iter().copied()));
    circles(&tree)
}

#[test]
fn a_circle_is_described_by_the_first_place_of_each_edge() {
    let files = [
        ("m/a.rs", "struct A;\nuse super::b::B;\nfn f() -> super::b::B {}"),
        ("m/b.rs", "use super::a; struct B;"),
    ];
    assert_eq!(
        circles_in(&files),
        ["src/m: a → b → a
    a → b: src/m/a.rs:2 super::b::B (2 in all)
    b → a: src/m/b.rs:1 super::a (1 in all)"]
    );
}

#[test]
fn a_circle_of_imports_is_found_however_it_is_closed() {
    for (a, b) in [
        ("use super::B;", "use super::A;"),
        ("use super::{B as Other};", "fn f(a: crate::m::A) {}"),
        ("fn f() { crate::m::B::new() }", "use super::{self as m}; fn f() { m::A::new() }"),
        ("fn f() { assert!(super::b::ok()) }", "use crate::m; impl m::A {}"),
        ("use super::b::*;", "mod x { use super::super::a::*; }"),
    ] {
        let files =
            [("m/a.rs", [a, " struct A;"].concat()), ("m/b.rs", [b, " struct B;"].concat())];
        let files = files.each_ref().map(|(path, text)| (*path, text.as_str()));
        let found = circles_in(&files);
        assert!(
            found.len() == 1 && found[0].starts_with("src/m: a → b → a\n"),
            "{a} {b} {found:?}"
        );
    }
}

#[test]
fn a_folder_counts_as_one_file_of_its_parent() {
    let files = [("m/a.rs", "struct A; use super::C;"), ("m/c/d.rs", "struct D; use crate::m::A;")];
    let [circle] = &circles_in(&files)[..] else { panic!("one circle") };
    assert!(circle.starts_with("src/m: a → c → a\n    a → c: src/m/a.rs:1 super::C"), "{circle}");
}

#[test]
fn every_circle_is_reported_once() {
    let files = [
        ("m/a.rs", "struct A; use super::B;"),
        ("m/b.rs", "struct B; use super::A; use super::C;"),
        ("m/c/d.rs", "struct D; use super::super::A; use super::e;"),
        ("m/c/e.rs", "use super::C;"),
    ];
    let found = circles_in(&files);
    let titles: Vec<&str> = found.iter().filter_map(|text| text.lines().next()).collect();
    assert_eq!(titles, ["src/m: a → b → a", "src/m/c: d → e → d"], "without a → b, none is left");
}

#[test]
fn a_circle_of_methods_is_found() {
    for (a, b) in [
        ("impl M { fn a(&self) { self.b() } }", "impl M { fn b(&self) { self.a() } }"),
        ("impl M { fn a(&self) { f(|| Self::b) } }", "impl M { fn b() { vec![self.a()]; } }"),
        ("impl M { fn a(&self) { M::b(self) } }", "use super::A; impl M { fn b(&self) {} }"),
        ("impl Drop for M { fn drop(&self) { self.b() } }", "use super::A; impl M { fn b() {} }"),
    ] {
        let files = [
            ("m/a.rs", ["use super::M; struct A; ", a].concat()),
            ("m/b.rs", ["use crate::m::M; ", b].concat()),
        ];
        let files = files.each_ref().map(|(path, text)| (*path, text.as_str()));
        let found = circles_in(&files);
        assert!(
            found.len() == 1 && found[0].starts_with("src/m: a → b → a\n"),
            "{a} {b} {found:?}"
        );
    }
}

#[test]
fn parents_tests_and_methods_of_other_types_make_no_circle() {
    for (a, b) in [
        ("use super::B; use super::M;", "use super::M;"),
        ("use super::B;", "#[cfg(test)] mod tests { use super::super::A; }"),
        ("use super::B;", "#[cfg(test)] use super::A; #[cfg(test)] fn f() { super::A::new() }"),
        ("use super::B;", "#[cfg(test)] mod tests;"),
        ("use super::B;", "// super::A\nconst X: &str = \"super::A\";"),
        (
            "use super::M; impl M { fn a() { self.b() } }",
            "struct B; impl B { fn b() { self.a() } }",
        ),
        ("impl A { fn a() { self.c() } fn c() {} }", "impl B { fn c() { self.a() } fn a() {} }"),
    ] {
        let files = [
            ("m/a.rs", [a, " struct A;"].concat()),
            ("m/b.rs", [b, " struct B;"].concat()),
            ("m/b/tests.rs", "use crate::m::A;".to_owned()),
        ];
        // Without its declaration, the third file is not known to be a test.
        let count = if b.contains("mod tests;") { 3 } else { 2 };
        let files = files.each_ref().map(|(path, text)| (*path, text.as_str()));
        assert_eq!(circles_in(&files[..count]), [""; 0], "{a} {b}");
    }
}

const CHAT_FACE: (&str, &str) =
    ("chat/mod.rs", "mod ids; mod people; use people::Person; pub struct Chat; impl Chat {}");

#[test]
fn an_upward_import_inside_chat_is_found() {
    for (path, text, fault) in [
        ("chat/rooms/room.rs", "use crate::chat::Person;", "1: rooms names people"),
        ("chat/rooms/room.rs", "use super::super::people::Person;", "1: rooms names people"),
        ("chat/people/mod.rs", "fn f(chat: &super::Chat) {}", "1: people names Chat"),
        ("chat/record/mod.rs", "use super::protocol;", "1: record names protocol"),
    ] {
        let faults = CHAT.faults(&Tree::of([CHAT_FACE, (path, text)]));
        assert_eq!(faults, [format!("src/{path}:{fault}")], "{text}");
    }
    let faults = CHAT.faults(&Tree::of([CHAT_FACE, ("chat/ghost.rs", "")]));
    assert_eq!(faults, ["src/chat/ghost.rs: ghost is in no layer"]);
}

#[test]
fn a_downward_import_inside_chat_is_no_fault() {
    for (path, text) in [
        ("chat/actions/join.rs", "use crate::chat::{Chat, Person, rooms::Room};"),
        ("chat/people/mod.rs", "mod timers; use super::ids::PersonId; use timers::Timer;"),
        ("server/mod.rs", "use crate::chat::{Chat, people};"),
    ] {
        assert_eq!(CHAT.faults(&Tree::of([CHAT_FACE, (path, text)])), [""; 0], "{text}");
    }
}

#[test]
fn a_method_of_chat_outside_its_root_and_actions_is_found() {
    let tree = Tree::of([
        CHAT_FACE,
        ("chat/actions/join.rs", "use crate::chat::Chat; impl Chat {}"),
        ("chat/rooms.rs", "use super::Chat as C;\nimpl C {} impl Default for C {}"),
        ("server/chat.rs", "struct Chat; impl Chat {}"),
    ]);
    assert_eq!(misplaced_methods_of_chat(&tree), ["src/chat/rooms.rs:2: impl chat::Chat"]);
}

#[test]
fn a_doc_comment_without_a_subject_is_found_at_its_first_line_only() {
    for (text, line) in [
        ("    /// Gives a name.\nfn f() {}", 1),
        ("a();\n//! Is a room.", 2),
        ("/** Tells others. @param {string} room */", 1),
    ] {
        let faults = crate::docs::in_text("a.rs", text);
        assert!(
            faults.len() == 1 && faults[0].starts_with(&format!("a.rs:{line}: ")),
            "{faults:?}"
        );
    }
    for text in
        ["/// Returns what it\n/// Gives away.", "// Says why.", "/// Island.", "let a = 1;"]
    {
        assert_eq!(crate::docs::in_text("a.rs", text), [] as [String; 0], "{text}");
    }
}
