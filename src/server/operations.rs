//! The operations of the HTTP interface: which paths there are below `/api`, with which methods, and
//! what the OpenAPI document says of them and of the others.

use super::render::Body;
use crate::http::Method;

/// The path of all accounts; each one is below it.
pub(super) const USERS: &str = "/api/users";

/// The path of the caller's own account.
pub(super) const ACCOUNT: &str = "/api/account";

/// The path of all administration but that of accounts.
pub(super) const ADMIN: &str = "/api/admin";

/// Whether a path is `top` or below it.
pub(super) fn is_below(path: &str, top: &str) -> bool {
    path.strip_prefix(top).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Lists the methods that are described at a path; none if there is no such path.
pub(super) fn methods(path: &str) -> impl Iterator<Item = Method> + Clone {
    OPERATIONS.iter().filter(move |it| it.is_at(path)).map(|it| it.method)
}

/// What can be asked at a path with a method.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) path: &'static str,
    pub(super) method: Method,
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    pub(super) who: Who,
    pub(super) parameters: &'static [Parameter],
    pub(super) body: Option<RequestBody>,
    pub(super) success: (u16, ResponseBody),
    pub(super) refusal: ResponseBody,
    /// Statuses of refusals beside those of [`Who`].
    pub(super) refusals: &'static [u16],
}

impl Operation {
    /// Whether its path is this one, whatever stands for the parameters.
    fn is_at(&self, path: &str) -> bool {
        let (mut own, mut segments) = (self.path.split('/'), path.split('/'));
        own.by_ref().all(|own| {
            segments.next().is_some_and(|segment| match own.starts_with('{') {
                true => !segment.is_empty(),
                false => segment == own,
            })
        }) && segments.next().is_none()
    }
}

/// Who may ask.
#[derive(Clone, Copy, Debug)]
pub(super) enum Who {
    /// Everybody, whatever the server is set to.
    Anybody,
    /// Guests too, unless the server requires a login.
    Guests,
    /// Whoever has logged in.
    Accounts,
    /// Administrators.
    Admins,
}

/// A parameter of a path, a query or a header.
#[derive(Clone, Copy, Debug)]
pub(super) enum Parameter {
    Room,
    User,
    Connection,
    Ban,
    From,
    Before,
    After,
    Around,
    Limit,
    Minutes,
    IdempotencyKey,
    Hook,
    Token,
    FileName,
    File,
    NameInPath,
    Range,
    IfNoneMatch,
    Login,
}

/// The body of a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum RequestBody {
    Message,
    File,
    LogIn,
    Registration,
    Account,
    Password,
    OwnPassword,
    Notice,
    Ban,
    LogLevel,
    NewHook,
    Incoming,
}

/// The body of a response.
#[derive(Clone, Copy, Debug)]
pub(super) enum ResponseBody {
    None,
    Text,
    Document,
    /// The bytes of a file.
    Bytes,
    Event(Body),
    Token,
    Logins,
    Client,
    Connections,
    Rooms,
    Bans,
    Banned,
    Unbanned,
    Closed,
    Notified,
    Draining,
    Health,
    LogLevel,
}

const ERROR: ResponseBody = ResponseBody::Event(Body::Error);

const fn get(path: &'static str, id: &'static str, sent: ResponseBody) -> Operation {
    Operation {
        path,
        method: Method::Get,
        id,
        summary: "",
        who: Who::Guests,
        parameters: &[],
        body: None,
        success: (200, sent),
        refusal: ERROR,
        refusals: &[429],
    }
}

/// Returns an operation outside `/api`, whose errors are a line of text.
const fn page(path: &'static str, id: &'static str, sent: ResponseBody) -> Operation {
    let refusal = ResponseBody::Text;
    Operation { who: Who::Anybody, refusal, refusals: &[], ..get(path, id, sent) }
}

const fn post(path: &'static str, id: &'static str, body: RequestBody) -> Operation {
    let body = Some(body);
    Operation {
        method: Method::Post,
        body,
        success: (201, ResponseBody::Token),
        refusals: &[400, 409, 413, 415, 429, 503],
        ..get(path, id, ResponseBody::None)
    }
}

/// Returns an operation of administrators.
const fn admin(
    method: Method,
    path: &'static str,
    id: &'static str,
    sent: ResponseBody,
) -> Operation {
    let refusals: &[u16] = match method {
        Method::Get => &[400, 429],
        Method::Delete => &[400, 404, 429],
        _ => &[400, 404, 413, 415, 429, 503],
    };
    Operation { method, who: Who::Admins, refusals, ..get(path, id, sent) }
}

/// All operations.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        summary: "Whether the server is alive.",
        ..page("/healthz", "health", ResponseBody::Text)
    },
    Operation {
        summary: "Whether new clients can be served.",
        refusals: &[503],
        ..page("/readyz", "readiness", ResponseBody::Text)
    },
    Operation {
        summary: "Metrics in the text format of Prometheus, for those who may see them.",
        refusals: &[404, 429],
        ..page("/metrics", "metrics", ResponseBody::Text)
    },
    Operation {
        summary: "The description of the WebSocket.",
        ..page("/asyncapi.json", "asyncapi", ResponseBody::Document)
    },
    Operation {
        summary: "This description.",
        ..page("/openapi.json", "openapi", ResponseBody::Document)
    },
    Operation {
        summary: "What the server sees of the client.",
        who: Who::Anybody,
        refusals: &[],
        ..get("/api/client", "client", ResponseBody::Client)
    },
    Operation {
        summary: "Register an account.",
        ..post("/api/register", "register", RequestBody::Registration)
    },
    Operation {
        summary: "Log in to an account.",
        success: (200, ResponseBody::Token),
        ..post("/api/login", "logIn", RequestBody::LogIn)
    },
    Operation {
        method: Method::Post,
        summary: "End the login that the request presents.",
        success: (204, ResponseBody::None),
        refusals: &[503],
        ..get("/api/logout", "logOut", ResponseBody::None)
    },
    Operation {
        summary: "Change one's own password and end one's other logins.",
        who: Who::Accounts,
        success: (200, ResponseBody::Token),
        refusals: &[400, 413, 415, 429, 503],
        ..post("/api/account/password", "changePassword", RequestBody::OwnPassword)
    },
    Operation {
        summary: "One's own logins, the latest first.",
        who: Who::Accounts,
        ..get("/api/account/logins", "logins", ResponseBody::Logins)
    },
    Operation {
        method: Method::Delete,
        summary: "End one's other logins.",
        who: Who::Accounts,
        refusals: &[429, 503],
        ..get("/api/account/logins", "endLogins", ResponseBody::Token)
    },
    Operation {
        method: Method::Delete,
        summary: "End one of one's logins.",
        who: Who::Accounts,
        parameters: &[Parameter::Login],
        success: (204, ResponseBody::None),
        refusals: &[404, 429, 503],
        ..get("/api/account/logins/{login}", "endLogin", ResponseBody::None)
    },
    Operation {
        summary: "The rooms with the most users.",
        ..get("/api/rooms", "rooms", ResponseBody::Event(Body::RoomList))
    },
    Operation {
        method: Method::Delete,
        summary: "Remove a room with all that was said in it.",
        who: Who::Admins,
        parameters: &[Parameter::Room],
        refusals: &[400, 404, 429, 503],
        ..get("/api/rooms/{room}", "removeRoom", ResponseBody::Event(Body::RoomRemoved))
    },
    Operation {
        summary: "Messages of a room; of `before`, `after` and `around` at most one is given.",
        parameters: &[
            Parameter::Room,
            Parameter::Before,
            Parameter::After,
            Parameter::Around,
            Parameter::Limit,
        ],
        refusals: &[400, 404, 429, 503],
        ..get("/api/rooms/{room}/messages", "messages", ResponseBody::Event(Body::History))
    },
    Operation {
        summary: "Post a message.",
        parameters: &[Parameter::Room, Parameter::IdempotencyKey],
        success: (201, ResponseBody::Event(Body::Receipt)),
        refusals: &[400, 404, 409, 413, 415, 429, 503],
        ..post("/api/rooms/{room}/messages", "post", RequestBody::Message)
    },
    Operation {
        summary: "Upload a file for a message in a room; it goes unless a message carries it within an hour.",
        parameters: &[Parameter::Room, Parameter::FileName],
        success: (201, ResponseBody::Event(Body::File)),
        refusals: &[400, 404, 408, 413, 415, 429, 503],
        ..post("/api/rooms/{room}/files", "upload", RequestBody::File)
    },
    Operation {
        summary: "The bytes of a file that a message carries; `206` with a part of them, `304` without.",
        parameters: &[
            Parameter::File,
            Parameter::NameInPath,
            Parameter::Range,
            Parameter::IfNoneMatch,
        ],
        refusals: &[404, 416, 429, 503],
        ..get("/files/{file}/{name}", "file", ResponseBody::Bytes)
    },
    Operation {
        summary: "The hooks of a room, for those who moderate it.",
        parameters: &[Parameter::Room],
        refusals: &[400, 404, 429],
        ..get("/api/rooms/{room}/hooks", "hooks", ResponseBody::Event(Body::Hooks))
    },
    Operation {
        summary: "Add a hook to a room. Its token or secret is told this once.",
        parameters: &[Parameter::Room],
        success: (201, ResponseBody::Event(Body::Hook)),
        refusals: &[400, 404, 409, 413, 415, 429, 503],
        ..post("/api/rooms/{room}/hooks", "addHook", RequestBody::NewHook)
    },
    Operation {
        method: Method::Delete,
        summary: "Remove a hook of a room.",
        parameters: &[Parameter::Room, Parameter::Hook],
        refusals: &[400, 404, 429, 503],
        ..get("/api/rooms/{room}/hooks/{hook}", "removeHook", ResponseBody::Event(Body::Hook))
    },
    Operation {
        summary: "Post a message by a hook.",
        who: Who::Anybody,
        parameters: &[Parameter::Token, Parameter::IdempotencyKey],
        success: (200, ResponseBody::Text),
        refusals: &[400, 403, 404, 409, 413, 415, 429, 503],
        ..post("/hooks/{token}", "postByHook", RequestBody::Incoming)
    },
    Operation {
        summary: "The statistics of the server.",
        parameters: &[Parameter::Minutes],
        refusals: &[400, 429],
        ..get("/api/stats", "stats", ResponseBody::Event(Body::Stats))
    },
    Operation {
        summary: "The accounts.",
        who: Who::Admins,
        ..get("/api/users", "accounts", ResponseBody::Event(Body::Accounts))
    },
    Operation {
        summary: "Add an account.",
        who: Who::Admins,
        success: (201, ResponseBody::Event(Body::Account)),
        ..post("/api/users", "addAccount", RequestBody::Account)
    },
    Operation {
        method: Method::Delete,
        summary: "Remove an account and close its connections.",
        who: Who::Admins,
        parameters: &[Parameter::User],
        refusals: &[400, 404, 429, 503],
        ..get("/api/users/{name}", "removeAccount", ResponseBody::Event(Body::Account))
    },
    Operation {
        summary: "Set the password of an account and end its logins.",
        who: Who::Admins,
        parameters: &[Parameter::User],
        success: (200, ResponseBody::Event(Body::Account)),
        refusals: &[400, 404, 413, 415, 429, 503],
        ..post("/api/users/{name}/password", "setPassword", RequestBody::Password)
    },
    Operation {
        summary: "The open WebSockets.",
        parameters: &[Parameter::From],
        ..admin(Method::Get, "/api/admin/connections", "connections", ResponseBody::Connections)
    },
    Operation {
        summary: "Close a connection.",
        parameters: &[Parameter::Connection],
        ..admin(
            Method::Delete,
            "/api/admin/connections/{id}",
            "closeConnection",
            ResponseBody::Closed,
        )
    },
    Operation {
        summary: "Close all connections of a user.",
        parameters: &[Parameter::User],
        ..admin(Method::Delete, "/api/admin/users/{name}", "closeUser", ResponseBody::Closed)
    },
    Operation {
        summary: "The public rooms.",
        parameters: &[Parameter::From],
        ..admin(Method::Get, "/api/admin/rooms", "publicRooms", ResponseBody::Rooms)
    },
    Operation {
        summary: "The bans from the server.",
        parameters: &[Parameter::From],
        ..admin(Method::Get, "/api/admin/bans", "bans", ResponseBody::Bans)
    },
    Operation {
        summary: "Ban an account or a network from the server.",
        body: Some(RequestBody::Ban),
        ..admin(Method::Post, "/api/admin/bans", "ban", ResponseBody::Banned)
    },
    Operation {
        summary: "Lift a ban.",
        parameters: &[Parameter::Ban],
        ..admin(Method::Delete, "/api/admin/bans/{who}", "unban", ResponseBody::Unbanned)
    },
    Operation {
        summary: "Send everybody a notice.",
        body: Some(RequestBody::Notice),
        ..admin(Method::Post, "/api/admin/notice", "notify", ResponseBody::Notified)
    },
    Operation {
        summary: "How the server is.",
        ..admin(Method::Get, "/api/admin/health", "serverHealth", ResponseBody::Health)
    },
    Operation {
        summary: "The minimum level of the log.",
        ..admin(Method::Get, "/api/admin/log-level", "logLevel", ResponseBody::LogLevel)
    },
    Operation {
        summary: "Set the minimum level of the log until the server ends.",
        body: Some(RequestBody::LogLevel),
        ..admin(Method::Post, "/api/admin/log-level", "setLogLevel", ResponseBody::LogLevel)
    },
    Operation {
        summary: "Have all clients leave, and end the server.",
        ..admin(Method::Post, "/api/admin/drain", "drain", ResponseBody::Draining)
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_the_methods_of_its_operations() {
        let at = |path: &str| methods(path).collect::<Vec<_>>();
        assert_eq!(at("/api/users"), [Method::Get, Method::Post]);
        assert_eq!(at("/api/rooms/a%2Fb/messages"), [Method::Get, Method::Post]);
        assert_eq!(at("/api/rooms/messages"), [Method::Delete]);
        for path in ["", "/", "/api", "/api/rooms/", "/api/rooms//messages", "/api/users/a/b"] {
            assert_eq!(at(path), [], "{path}");
        }
        assert!(is_below("/api/users", USERS) && is_below("/api/users/a", USERS));
        assert!(!is_below("/api/usersa", USERS) && !is_below("/api", USERS));
    }
}
