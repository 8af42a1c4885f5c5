//! Reading the configuration anew while the server runs, on SIGHUP.
//!
//! Everything that SIGHUP has read anew is read in `Server::try_reload`: first all that can fail,
//! then what cannot is done.

use std::fmt;

use super::certificates::CertificateReader;
use super::log::{Escaped, Level};
use super::{Server, hosts, origin};
use crate::config::{Config, Faults};
use crate::net::Turn;

/// Reads all sources of the configuration.
pub type Load = Box<dyn Fn() -> Result<Config, Faults>>;

/// What it takes to read the configuration anew.
pub(super) struct Reload {
    load: Load,
    /// The configuration that holds.
    config: Config,
    log_level: Level,
}

impl fmt::Debug for Reload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reload").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Reload {
    /// Returns what reads the configuration with `load`; `config` is what holds now.
    pub(super) fn new(load: Load, config: Config, log_level: Level) -> Self {
        Self { load, config, log_level }
    }

    /// Returns the handle that changes the minimum level of the log.
    pub(super) fn log_level(&self) -> &Level {
        &self.log_level
    }

    /// Returns the configuration that holds.
    pub(super) fn config(&self) -> &Config {
        &self.config
    }
}

impl Server {
    /// Reads the configuration and the files it names anew. If anything is wrong, nothing changes.
    pub(super) fn reload(&mut self, turn: &mut Turn<'_>) {
        if self.lifecycle.is_draining() {
            return tracing::warn!("not reloaded: the server is shutting down");
        }
        self.notifier.reloading();
        if let Err(Faults(faults)) = self.try_reload(turn) {
            for fault in faults {
                tracing::error!("not reloaded: {fault}");
            }
        }
        self.notifier.ready(turn.now().at);
    }

    fn try_reload(&mut self, turn: &mut Turn<'_>) -> Result<(), Faults> {
        let newer = (self.reload.load)()?;
        let provider = newer.identity_provider().map_err(|fault| Faults(vec![fault]))?;

        let changes = self.reload.config.changes(&newer);
        let config = self.reload.config.reloaded(newer);
        self.accounts.reload(&config, provider);
        // They are read by a worker, which keeps those that hold if the new ones are wrong.
        self.certificates.iter().for_each(CertificateReader::reload);
        self.apply(turn, &config);
        self.reload.config = config;
        for change in &changes {
            let (old, new) = (Escaped(&change.old), Escaped(&change.new));
            if change.is_live {
                tracing::info!(setting = %change.key, %old, %new, "changed");
            } else {
                tracing::warn!(setting = %change.key, %old, %new, "needs a restart");
            }
        }
        tracing::info!(changes = changes.len(), "configuration reloaded");
        Ok(())
    }

    /// Hands the settings to those who hold them.
    fn apply(&mut self, turn: &mut Turn<'_>, config: &Config) {
        turn.set_limits(config.net.clone(), config.ws, config.http);
        self.chat.set_limits(config.chat.clone());
        self.documents.set_limits(&config.chat, &config.accounts);
        self.journal.set_limits(config.journal.clone());
        self.files.set_limits(config.files.clone());
        let public_url = config.public_url.as_ref();
        self.policy = origin::Policy::new(config.allow_origin.clone(), public_url);
        self.hosts = hosts::Hosts::new(config.allow_host.clone(), public_url);
        self.public_url = config.public_url.clone();
        self.hooks.reload(config.hook_allow.clone());
        self.lifecycle.reload(config.drain, config.exit_when_empty);
        self.reload.log_level.set(config.log_level);
    }
}
