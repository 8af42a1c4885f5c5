//! What can happen, one file each: the only `impl Chat` outside `chat/mod.rs`.

pub(in crate::chat) mod account;
pub(in crate::chat) mod connect;
pub(in crate::chat) mod direct;
pub(in crate::chat) mod dispatch;
pub(in crate::chat) mod find;
pub(in crate::chat) mod history;
pub(in crate::chat) mod http;
pub(in crate::chat) mod idempotency;
pub(in crate::chat) mod join;
pub(in crate::chat) mod login;
pub(in crate::chat) mod membership;
pub(in crate::chat) mod moderate;
pub(in crate::chat) mod permissions;
pub(in crate::chat) mod post;
pub(in crate::chat) mod publish;
pub(in crate::chat) mod read_markers;
pub(in crate::chat) mod rename;
pub(in crate::chat) mod restore;
pub(in crate::chat) mod resume;
pub(in crate::chat) mod search;
pub(in crate::chat) mod sessions;
pub(in crate::chat) mod stats;
pub(in crate::chat) mod status;
pub(in crate::chat) mod typing;
