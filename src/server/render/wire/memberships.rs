//! Payloads about memberships of an account, and invitations.

use std::num::NonZeroU8;

use schemars::JsonSchema;
use serde::Serialize;

use crate::chat;

/// The payload of `membership`.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct Membership {
    notify: &'static str,
    order: u64,
}

impl From<&chat::MembershipSummary> for Membership {
    fn from(it: &chat::MembershipSummary) -> Self {
        Self { notify: it.notify.word(), order: it.order }
    }
}

/// A membership in `welcome`.
#[derive(JsonSchema, Serialize)]
pub(super) struct NamedMembership<'a> {
    room: &'a str,
    #[serde(flatten)]
    membership: Membership,
}

impl<'a> From<&'a chat::MembershipSummary> for NamedMembership<'a> {
    fn from(it: &'a chat::MembershipSummary) -> Self {
        Self { room: &it.room, membership: it.into() }
    }
}

/// The payload of `invitation` while it is open.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct Invitation<'a> {
    by: &'a str,
    ts: u64,
}

impl<'a> From<&'a chat::Invitation> for Invitation<'a> {
    fn from(it: &'a chat::Invitation) -> Self {
        Self { by: &it.by, ts: it.ts }
    }
}

/// An invitation in `welcome`.
#[derive(JsonSchema, Serialize)]
pub(super) struct NamedInvitation<'a> {
    room: &'a str,
    #[serde(flatten)]
    invitation: Invitation<'a>,
}

impl<'a> From<&'a chat::Invitation> for NamedInvitation<'a> {
    fn from(it: &'a chat::Invitation) -> Self {
        Self { room: &it.room, invitation: it.into() }
    }
}

/// The payload of `invitation` once it has ended.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct InvitationAnswered {
    pub(super) answer: &'static str,
}

/// The payload of `member_list`.
#[derive(JsonSchema, Serialize)]
pub(in crate::server::render) struct MemberList<'a> {
    members: Vec<Member<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<&'a str>,
}

/// A member of a room.
#[derive(JsonSchema, Serialize)]
struct Member<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hue: Option<NonZeroU8>,
}

impl<'a> MemberList<'a> {
    pub(super) fn new(members: &'a [chat::Member], next: Option<&'a str>) -> Self {
        let member = |it: &'a chat::Member| {
            let chat::Member { name, role, status } = it;
            Member { name, role: *role, text: &status.text, hue: status.hue }
        };
        Self { members: members.iter().map(member).collect(), next }
    }
}
