//! Replays the fuzzer's corpus, on stable Rust and without the fuzzer.

#[path = "../fuzz/properties.rs"]
#[expect(unreachable_pub, reason = "a library for the fuzz targets")]
mod properties;

use std::fs;
use std::path::Path;

fn replay(target: &str, property: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        // Shown only if the property fails.
        println!("{}", path.display());
        property(&fs::read(&path).unwrap());
        files += 1;
    }
    assert!(files > 0, "{} is empty", folder.display());
}

#[test]
fn handshakes_hold() {
    replay("handshake", properties::handshake);
}

#[test]
fn frames_hold() {
    replay("frames", properties::frames);
}

#[test]
fn roundtrips_hold() {
    replay("roundtrip", properties::roundtrip);
}

#[test]
fn tungstenite_agrees() {
    replay("differential", properties::differential);
}

#[test]
fn proxies_hold() {
    replay("proxies", properties::proxies);
}

#[test]
fn conversations_hold() {
    replay("events", properties::events);
}

#[test]
fn the_record_is_seen_in_order() {
    replay("record", properties::record);
}

#[test]
fn what_is_private_reaches_nobody_else() {
    replay("privacy", properties::privacy);
}
