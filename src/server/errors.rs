//! Errors of HTTP: JSON below `/api` and `/hooks`, a line of text elsewhere.

use super::exchange;
use crate::http::{Response, Status};

/// Whether a path belongs to the HTTP API, or is of a hook.
pub(super) fn is_api(path: &str) -> bool {
    path == "/api" || path.starts_with("/api/") || path.starts_with("/hooks/")
}

/// Returns the response to a request for this path that ends in an error.
pub(super) fn response(path: &str, status: Status, line: &str) -> Response {
    if is_api(path) {
        exchange::with_api_headers(exchange::status_response(status, line), None)
    } else {
        Response::text(status, line)
    }
}
