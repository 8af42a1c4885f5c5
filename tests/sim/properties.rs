//! The fuzzed properties, on random input built from client events.

use proptest::prelude::*;

#[path = "../../fuzz/events.rs"]
mod events;

/// Returns lines made of pieces that mean something here.
fn lines() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        "\"",
        ":",
        ",",
        "\\",
        "\\ud800",
        "\n",
        "/",
        "?",
        "!",
        "~",
        "#",
        " ",
        "type",
        "send_message",
        "payload",
        "room",
        "id",
        "mid",
        "1",
        "-1",
        "1e9",
        "null",
        "true",
        "content",
        "rooms",
        "after",
        "resume",
        "session",
        "join_room",
        "/join ",
        "/name ",
        "dev",
        "lobby",
        "name=A",
        "&",
        "room=",
        "mode=text",
        "%00",
        "\u{202E}",
        "é",
        "👍",
        "\u{200D}",
        "{\"type\":\"send_message\",\"id\":\"a\",\"payload\":\"Hello\"}\n",
        "{\"type\":\"resume\",\"payload\":{\"rooms\":{\"lobby\":0,\"dev\":3}}}\n",
        "{\"type\":\"join_room\",\"payload\":{\"room\":\"dev\",\"after\":1}}\n",
        "{\"sender\":\"Abhi\",\"content\":\"Hello\"}\n",
        "/leave\n",
        "/edit x\n",
        "/delete\n",
        "/mode simple\n",
        "/topic x\n",
        "?room=dev&after=dev:1\n",
        "!\n",
    ]);
    prop::collection::vec(
        prop_oneof![9 => pieces.prop_map(str::to_owned), 1 => any::<String>()],
        0..60,
    )
    .prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_is_an_event_or_a_refusal(text in lines()) {
        events::any_text_is_an_event_or_a_refusal(text.as_bytes());
    }

    #[test]
    fn anybody_is_welcome(text in lines()) {
        events::anybody_is_welcome(text.as_bytes());
    }

    #[test]
    fn any_conversation_has_answers(text in lines()) {
        events::any_conversation_has_answers(text.as_bytes());
    }
}
