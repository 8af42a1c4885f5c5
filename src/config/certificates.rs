//! The certificates of TLS, from the files that the settings name.

use std::path::Path;

use super::{Config, files, keys::Fault};
use crate::net::tls::{Certificate, Certificates};

impl Config {
    /// Reads the certificates, if any are configured.
    ///
    /// # Errors
    /// A sentence that begins with the setting, if a file has changed since the check.
    pub fn certificates(&self) -> Result<Option<Certificates>, String> {
        certificates(self).map_err(|(key, why)| format!("{}: {why}", key.replace('_', "-")))
    }
}

/// Reads the certificates, if any are configured completely.
pub(super) fn certificates(config: &Config) -> Result<Option<Certificates>, Fault> {
    let (chains, keys) = (&config.tls_cert, &config.tls_key);
    if chains.is_empty() && !config.listen_redirect.is_empty() {
        return Err(("listen_redirect", "needs tls-cert and tls-key too".into()));
    }
    if chains.len() != keys.len() {
        let (key, other) =
            if chains.len() > keys.len() { (CERT, "tls-key") } else { (KEY, "tls-cert") };
        return Err((key, format!("needs {other} too; use as many of one as of the other")));
    }
    let all: Result<Vec<_>, _> =
        chains.iter().zip(keys).map(|(chain, key)| certificate(chain, key)).collect();
    Ok(Certificates::new(all?))
}

fn certificate(chain: &Path, key: &Path) -> Result<Certificate, Fault> {
    let bytes = |setting, path: &Path| {
        files::bytes(path).map_err(|why| (setting, format!("{}: {why}", path.display())))
    };
    Certificate::from_pem(&bytes(CERT, chain)?, &bytes(KEY, key)?).map_err(|unusable| {
        let (setting, path) = if unusable.is_of_key() { (KEY, key) } else { (CERT, chain) };
        (setting, format!("{}: {unusable}", path.display()))
    })
}

const CERT: &str = "tls_cert";
const KEY: &str = "tls_key";
