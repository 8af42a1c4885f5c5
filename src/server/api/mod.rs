//! `/api`: rooms, their messages and accounts, over plain HTTP.
//!
//! A request becomes one input of the chat, and the one event with which the chat answers becomes
//! the response. In between the request waits: for the journal, as a WebSocket's message would, or
//! for the password worker.

mod admin;
mod hooks;
mod rooms;

pub(super) use admin::{
    Banned, ConnectionsClosed, Draining, LevelOfLog, ListedBans, ListedConnections, ListedRooms,
    NewBan, NewNotice, Notified, Unbanned,
};
pub(super) use hooks::NewHook;

use super::Server;
use super::accounts::Caller;
use super::exchange::{AccountResponse, EarlyResponse, check_method, event_response, network};
use super::hooks::posted;
use super::operations::{ACCOUNT, ADMIN, USERS, is_below};
use crate::chat::{ClientId, Credential, Input, ServerEvent};
use crate::http::{Request, Response, Status};
use crate::net::{ConnId, Turn};
use crate::ws::Answer;

impl Server {
    /// Answers a request below `/api/`, or starts what will answer it.
    pub(super) fn api(
        &mut self,
        turn: &mut Turn<'_>,
        conn: ConnId,
        request: &Request,
        caller: Caller,
    ) -> Answer {
        self.exchanges.begin(turn, conn, request);
        match self.begin(turn, conn, request, caller) {
            Ok(()) => Answer::Later,
            Err(early) => self.answer_early(conn, early),
        }
    }

    /// Answers an upload early, or lets its body come.
    pub(super) fn upload(
        &mut self,
        turn: &mut Turn<'_>,
        conn: ConnId,
        request: &Request,
        by: &Credential,
    ) -> Answer {
        self.exchanges.begin(turn, conn, request);
        match self.begin_upload(turn, conn, request, by) {
            Ok(()) => Answer::Receive,
            Err(early) => self.answer_early(conn, early),
        }
    }

    fn answer_early(&mut self, conn: ConnId, early: EarlyResponse) -> Answer {
        early.code.into_iter().for_each(|code| self.counters.errors.add(code));
        Answer::Respond(self.exchanges.end(super::client(conn), early.into_response()))
    }

    /// Starts what a request asks for, if there is an operation for it: what is not described is
    /// not served.
    fn begin(
        &mut self,
        turn: &mut Turn<'_>,
        conn: ConnId,
        request: &Request,
        caller: Caller,
    ) -> Result<(), EarlyResponse> {
        check_method(request)?;
        let asked = match request.path.as_str() {
            "/api/register" => return self.register(turn, conn, request, &caller),
            "/api/login" => return self.log_in(turn, conn, request),
            "/api/logout" => return self.log_out(turn, conn, &caller),
            path if path.starts_with("/files/") => {
                return self.begin_download(turn, conn, request, caller.credential);
            }
            path if is_below(path, ACCOUNT) => {
                return self.own_account(turn, conn, request, &caller);
            }
            path if is_below(path, USERS) => self.users(turn, conn, request, &caller)?,
            path if is_below(path, ADMIN) => {
                return Err(self.administer(turn, conn, request, &caller)?.into());
            }
            path if hooks::are_meant(path) => {
                Some(hooks::read(request, &self.hooks, caller.credential)?)
            }
            _ => Some(rooms::read(request, self.chat.limits(), caller)?),
        };
        if let Some(request) = asked {
            let (caller, network) = (super::client(conn), network(turn, conn));
            self.handle(turn, Input::Asked { caller, network, request });
        }
        Ok(())
    }

    /// Sends the event with which the chat answers a request.
    pub(super) fn respond(&mut self, turn: &mut Turn<'_>, caller: ClientId, event: &ServerEvent) {
        if let ServerEvent::FileFound(file) = event {
            return self.send_file(turn, caller, file);
        }
        self.forget_download(caller);
        let response = match (event, self.exchanges.account_response(caller)) {
            (ServerEvent::Account(account), AccountResponse::Token) => {
                self.token_response(turn.now(), caller, Status(201), account.author, None)
            }
            (ServerEvent::Account(account), AccountResponse::Renewed(login)) => {
                let (now, author) = (turn.now(), account.author);
                self.token_response(now, caller, Status(200), author, Some(login))
            }
            (ServerEvent::Account(_), AccountResponse::Created) => {
                Response { status: Status(201), ..event_response(event) }
            }
            (ServerEvent::Hook { key: Some(_), .. }, _) => {
                Response { status: Status(201), ..event_response(event) }
            }
            (ServerEvent::Ack { .. }, _) if self.exchanges.is_hook(caller) => posted(),
            _ => event_response(event),
        };
        self.finish_exchange(turn, caller, response);
    }
}
