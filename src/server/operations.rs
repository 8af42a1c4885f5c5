//! The operations of the HTTP interface.

use crate::server::render::Body;

/// What can be asked at a path with a method.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) path: &'static str,
    pub(super) method: &'static str,
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

/// Who may ask.
#[derive(Clone, Copy, Debug)]
pub(super) enum Who {
    /// Everybody, whatever the server is set to.
    Anybody,
    /// Guests too, unless the server requires a login.
    Guests,
    /// Administrators.
    Admins,
}

/// A parameter of a path, a query or a header.
#[derive(Clone, Copy, Debug)]
pub(super) enum Parameter {
    Room,
    User,
    Before,
    After,
    Around,
    Limit,
    Minutes,
    IdempotencyKey,
}

/// The body of a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum RequestBody {
    Message,
    LogIn,
    Registration,
    Account,
    Password,
}

/// The body of a response.
#[derive(Clone, Copy, Debug)]
pub(super) enum ResponseBody {
    None,
    Text,
    Document,
    Event(Body),
    Token,
    Client,
}

const ERROR: ResponseBody = ResponseBody::Event(Body::Error);

const fn get(path: &'static str, id: &'static str, sent: ResponseBody) -> Operation {
    Operation {
        path,
        method: "get",
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
        method: "post",
        body,
        success: (201, ResponseBody::Token),
        refusals: &[400, 409, 413, 415, 429, 503],
        ..get(path, id, ResponseBody::None)
    }
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
        method: "post",
        summary: "End the login that the request presents.",
        success: (204, ResponseBody::None),
        refusals: &[503],
        ..get("/api/logout", "logOut", ResponseBody::None)
    },
    Operation {
        summary: "The rooms with the most users.",
        ..get("/api/rooms", "rooms", ResponseBody::Event(Body::RoomList))
    },
    Operation {
        method: "delete",
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
        method: "delete",
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
];
