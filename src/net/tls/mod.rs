//! TLS 1.2 and 1.3 (RFC 5246, RFC 8446) by rustls, without a socket.
//!
//! A `Session` takes encrypted bytes and appends what is in them to the caller's buffer; the other
//! way round it encrypts into the caller's buffer. It keeps an incomplete record and what its socket
//! has not taken yet, and nothing else: an idle session has no buffer. All that a record decrypts to
//! is handed over at once, so no plaintext waits where no event reports it.
//!
//! Connections resume by tickets, which are encrypted with a key of this process; nothing is
//! remembered per client. There is no early data, which could be replayed (RFC 8446 §8), and no
//! renegotiation.

mod certificates;
mod session;
#[cfg(test)]
mod tests;
mod validity;

use std::sync::Arc;

use rustls::crypto::ring::{Ticketer, default_provider, kx_group};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::server::{NoServerSessionStorage, ServerConfig};

pub use certificates::{Certificate, Certificates, Unusable};
pub use validity::Validity;

pub use session::{Received, Session, Side};

/// Groups for the key exchange: P-384 would cost ten times as much, and every client has another.
const GROUPS: [&dyn SupportedKxGroup; 2] = [kx_group::X25519, kx_group::SECP256R1];

/// What all sessions share: settings, certificates, and the key of the tickets.
#[derive(Clone, Debug)]
pub(super) struct Acceptor {
    config: Arc<ServerConfig>,
}

impl Acceptor {
    pub(super) fn new(certificates: Certificates) -> Result<Self, rustls::Error> {
        let provider = CryptoProvider { kx_groups: GROUPS.to_vec(), ..default_provider() };
        let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(certificates));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.ticketer = Ticketer::new()?;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        Ok(Self { config: Arc::new(config) })
    }

    /// Uses these certificates for the sessions that begin from now on; the others, and tickets,
    /// stay valid.
    pub(super) fn replace(&mut self, certificates: Certificates) {
        let mut config = ServerConfig::clone(&self.config);
        config.cert_resolver = Arc::new(certificates);
        self.config = Arc::new(config);
    }

    /// Begins a session.
    pub(super) fn session(&self) -> Result<Session, rustls::Error> {
        Session::new(Arc::clone(&self.config))
    }
}
