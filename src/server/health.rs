//! How the server is, for those who run it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Server;
use super::metrics::Process;
use crate::config::{Data, Value as _};
use crate::http::{Response, Status};

/// What `GET /api/admin/health` answers. Figures that the system does not give are
/// left out.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct Health {
    /// The version of the program.
    pub version: String,
    /// Open file descriptors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files_open: Option<u64>,
    /// Most open file descriptors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files_max: Option<u64>,
    /// Bytes that are free where the journal is, as of the last seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_free_bytes: Option<u64>,
    /// What acknowledged messages survive: `fsync`, `write` or `memory`.
    pub durability: String,
    /// Whether the journal can be written.
    pub writable: bool,
    /// Whether messages are compressed for clients that offer it.
    pub compression: bool,
}

impl Server {
    /// Answers how the server is.
    pub(super) fn health(&self) -> Response {
        let config = self.reload.config();
        let Process { descriptors, descriptors_max, .. } = Process::read();
        let health = Health {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            files_open: descriptors,
            files_max: descriptors_max,
            disk_free_bytes: self.journal.gauges().disk_free_bytes,
            durability: match config.data {
                Data::Dir(_) => config.durability.text(),
                Data::None => "memory".to_owned(),
            },
            writable: self.journal.writable(),
            compression: config.ws.compression,
        };
        Response::json(Status(200), serde_json::json!(health).to_string())
    }
}
