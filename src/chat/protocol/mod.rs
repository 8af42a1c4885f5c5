#![doc = include_str!("protocol.md")]

pub(in crate::chat) mod account;
pub mod administration;
pub(in crate::chat) mod client_event;
pub(in crate::chat) mod commands;
pub(in crate::chat) mod connect;
pub(in crate::chat) mod delivery;
pub(in crate::chat) mod error;
pub(in crate::chat) mod fields;
pub(in crate::chat) mod form;
pub(in crate::chat) mod hook;
pub(in crate::chat) mod kind;
pub(in crate::chat) mod literal;
pub(in crate::chat) mod login;
pub(in crate::chat) mod membership;
pub(in crate::chat) mod parse;
pub(in crate::chat) mod payloads;
pub(in crate::chat) mod plain_message;
pub(in crate::chat) mod request;
pub(in crate::chat) mod search_query;
pub(in crate::chat) mod server_event;
pub(in crate::chat) mod stats;
pub(in crate::chat) mod status;
pub(in crate::chat) mod wire_size;
