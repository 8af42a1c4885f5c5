//! Schemas of fields whose value is one of a list of words.

use schemars::{Schema, SchemaGenerator, json_schema};

use crate::chat::Code;
use crate::chat::record::ModerationAction;

/// Returns the schema of a moderation action.
pub(super) fn actions(_: &mut SchemaGenerator) -> Schema {
    let words = ModerationAction::ALL.map(|(_, word)| word);
    json_schema!({ "type": "string", "enum": words })
}

/// Returns the schema of an error code.
pub(super) fn codes(_: &mut SchemaGenerator) -> Schema {
    let words: Vec<&str> = Code::ALL.iter().map(|code| code.word()).collect();
    json_schema!({ "type": "string", "enum": words })
}
