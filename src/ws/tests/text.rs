//! §8.1: Autobahn's section 6, each text in one frame, whole and byte by byte.

use super::*;

/// κόσμε.
const KOSME: &str = "ceba e1bdb9 cf83 cebc ceb5";

fn assert_text(hex_text: &str, valid: bool) {
    let bytes = hex(hex_text);
    assert_eq!(std::str::from_utf8(&bytes).is_ok(), valid, "{hex_text}");
    let frame = client_frame(0x81, &bytes);
    let expected = if valid {
        vec![Event::Message(Message::Text(String::from_utf8(bytes).unwrap()))]
    } else {
        vec![Event::Closed(Closed::Failed(Violation::InvalidUtf8))]
    };
    let mut peer = Peer::open();
    peer.send(&frame);
    assert_eq!(peer.events, expected, "{hex_text}");
    let mut peer = Peer::open();
    peer.send_each(&frame);
    assert_eq!(peer.events, expected, "{hex_text}");
}

/// 6.5, 6.7, 6.9, 6.11, 6.22, 6.23.
#[test]
fn valid_texts_are_delivered() {
    for text in [
        "68656c6c6f24776f726c64",
        "68656c6c6fc2a2776f726c64",
        "68656c6c6fe282ac776f726c64",
        "68656c6c6ff0a4ada2776f726c64",
        KOSME,
        "00",
        "c280",
        "e0a080",
        "f0908080",
        "7f",
        "dfbf",
        "efbfbf",
        "f48fbfbf",
        "ed9fbf",
        "ee8080",
        "efbfbd",
        "efbfbe",
        "efbfb9",
        "efbfba",
        "efbfbb",
        "efbfbc",
    ] {
        assert_text(text, true);
    }
    for lead in [
        "f09f", "f0af", "f0bf", "f18f", "f19f", "f1af", "f1bf", "f28f", "f29f", "f2af", "f2bf",
        "f38f", "f39f", "f3af", "f3bf", "f48f",
    ] {
        assert_text(&format!("{lead}bfbe"), true);
        assert_text(&format!("{lead}bfbf"), true);
    }
}

/// 6.6.
#[test]
fn a_text_may_end_between_code_points_only() {
    let digits = KOSME.replace(' ', "");
    for bytes in 1..=11 {
        assert_text(&digits[..2 * bytes], [2, 5, 7, 9, 11].contains(&bytes));
    }
}

/// 6.3, 6.8, 6.10 to 6.21.
#[test]
fn invalid_texts_fail_the_connection() {
    for text in [
        "ceba e1bdb9 cf83 cebc ceb5 eda080 656469746564",
        "f888808080",
        "fc8480808080",
        "f7bfbfbf",
        "fbbfbfbfbf",
        "fdbfbfbfbfbf",
        "f4908080",
        "80",
        "bf",
        "80bf",
        "80bf80",
        "80bf80bf",
        "80bf80bf80",
        "80bf80bf80bf",
        "c0",
        "e080",
        "f08080",
        "f8808080",
        "fc80808080",
        "df",
        "efbf",
        "f7bfbf",
        "fbbfbfbf",
        "fdbfbfbfbf",
        "c0 e080 f08080 f8808080 fc80808080 df efbf f7bfbf fbbfbfbf fdbfbfbfbf",
        "fe",
        "ff",
        "fefeffff",
        "c0af",
        "e080af",
        "f08080af",
        "f8808080af",
        "fc80808080af",
        "c1bf",
        "e09fbf",
        "f08fbfbf",
        "f887bfbfbf",
        "fc83bfbfbfbf",
        "c080",
        "e08080",
        "f0808080",
        "f880808080",
        "fc8080808080",
        "eda080",
        "edadbf",
        "edae80",
        "edafbf",
        "edb080",
        "edbe80",
        "edbfbf",
    ] {
        assert_text(text, false);
    }
    // 6.12.8, 6.13.
    assert_text(&(0x80..=0xbe).map(|byte: u8| format!("{byte:02x}")).collect::<String>(), false);
    for start in (0xc0..=0xde).chain(0xe0..=0xee).chain(0xf0..=0xf6).chain(0xf8..=0xfc) {
        assert_text(&format!("{start:02x}20"), false);
    }
    for high in ["eda080", "edadbf", "edae80", "edafbf"] {
        for low in ["edb080", "edbfbf"] {
            assert_text(&format!("{high}{low}"), false);
        }
    }
}
