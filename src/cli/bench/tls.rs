//! How the clients speak TLS: each in full at first, and when it comes back by a ticket.

use std::io;
use std::sync::Arc;

use rustls::client::{
    ClientSessionMemoryCache, ClientSessionStore, Resumption, Tls12ClientSessionValue,
    Tls13ClientSessionValue,
};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, NamedGroup};

use crate::cli::tls::{roots, unverified};

/// The settings of TLS.
#[derive(Clone, Debug)]
pub(super) struct Tls {
    /// Those of a client that has not been there.
    pub(super) first: Arc<ClientConfig>,
    /// Those of one that comes back.
    pub(super) again: Arc<ClientConfig>,
}

impl Tls {
    /// Returns settings by which certificates are verified, or accepted whatever they are.
    ///
    /// # Errors
    /// If the file that `SSL_CERT_FILE` names cannot be read.
    pub(super) fn new(verifies: bool) -> io::Result<Self> {
        let mut config = if verifies {
            ClientConfig::builder_with_provider(Arc::new(default_provider()))
                .with_safe_default_protocol_versions()
                .map_err(io::Error::other)?
                .with_root_certificates(roots()?)
                .with_no_client_auth()
        } else {
            unverified()?
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let tickets = Arc::new(ClientSessionMemoryCache::new(TICKETS));
        let mut with = |resumes| {
            let store = Store { tickets: Arc::clone(&tickets), resumes };
            config.resumption = Resumption::store(Arc::new(store));
            Arc::new(config.clone())
        };
        Ok(Self { first: with(false), again: with(true) })
    }
}

/// Servers whose tickets are kept; there is one.
const TICKETS: usize = 8;

/// The tickets that all clients get, which only those that come back use.
#[derive(Debug)]
struct Store {
    tickets: Arc<ClientSessionMemoryCache>,
    resumes: bool,
}

impl ClientSessionStore for Store {
    fn set_kx_hint(&self, name: ServerName<'static>, group: NamedGroup) {
        self.tickets.set_kx_hint(name, group);
    }

    fn kx_hint(&self, name: &ServerName<'_>) -> Option<NamedGroup> {
        self.tickets.kx_hint(name)
    }

    fn set_tls12_session(&self, name: ServerName<'static>, session: Tls12ClientSessionValue) {
        self.tickets.set_tls12_session(name, session);
    }

    fn tls12_session(&self, name: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.tickets.tls12_session(name).filter(|_| self.resumes)
    }

    fn remove_tls12_session(&self, name: &ServerName<'static>) {
        self.tickets.remove_tls12_session(name);
    }

    fn insert_tls13_ticket(&self, name: ServerName<'static>, ticket: Tls13ClientSessionValue) {
        self.tickets.insert_tls13_ticket(name, ticket);
    }

    fn take_tls13_ticket(&self, name: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        if self.resumes { self.tickets.take_tls13_ticket(name) } else { None }
    }
}
