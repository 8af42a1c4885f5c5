//! Settings: flags, over `CHINWAG_*` environment, over a TOML file, over defaults.
//!
//! Limits and their defaults belong to the layers that enforce them. The tables in `table` name
//! those that are settings of an operator; flags, help, environment variables, keys of the file,
//! `chinwag check` and the README all come from there. The others are set by `--limit`.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

mod admin_address;
mod certificates;
mod check;
mod choice;
mod effective;
mod files;
mod keys;
mod load;
mod lookup;
mod origin;
mod public_url;
mod reload;
mod setting;
mod show;
mod table;
mod value;

use crate::{auth, chat, files as file_store, http, journal, net, ws};

pub use self::{
    admin_address::AdminAddress,
    choice::{AllowedHost, AllowedOrigin, Auth, Data, HookHost, LogFormat, LogLevel},
    effective::{Effective, Faults, Source},
    load::load,
    lookup::replacement,
    origin::{Host, WebOrigin},
    public_url::PublicUrl,
    reload::Change,
    setting::{Setting, VARIABLE_PREFIX},
    show::{markdown, toml},
    table::{LIMITS, SETTINGS},
    value::{Plain, Size, Value},
};

/// The effective value of every setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Addresses to listen on.
    pub listen: Vec<SocketAddr>,
    /// Address for administrators, instead of the others.
    pub admin_listen: Option<AdminAddress>,
    /// PEM files with certificates; none for plain HTTP.
    pub tls_cert: Vec<PathBuf>,
    /// PEM files with their private keys, in the same order.
    pub tls_key: Vec<PathBuf>,
    /// Addresses that redirect to HTTPS.
    pub listen_redirect: Vec<SocketAddr>,
    /// Other origins whose pages may connect.
    pub allow_origin: Vec<AllowedOrigin>,
    /// Names by which this server may be reached, beside those of this machine.
    pub allow_host: Vec<AllowedHost>,
    /// Hosts that hooks may send messages to.
    pub hook_allow: Vec<HookHost>,
    /// The URL that links to this server begin with.
    pub public_url: Option<PublicUrl>,
    /// Where messages are stored.
    pub data: Data,
    /// What acknowledged messages survive.
    pub durability: journal::Durability,
    /// Whether to start even if data has been lost.
    pub accept_loss: bool,
    /// Whether to check the whole database on start.
    pub check_data: bool,
    /// Who may connect.
    pub auth: Auth,
    /// Whether anyone may register.
    pub registration: bool,
    /// PEM file with the public key of the identity provider.
    pub jwt_public_key: Option<PathBuf>,
    /// JWKS file with the public keys of the identity provider.
    pub jwks: Option<PathBuf>,
    /// Required `iss` claim of its tokens.
    pub jwt_issuer: Option<String>,
    /// Required `aud` claim of its tokens.
    pub jwt_audience: Option<String>,
    /// Whether its tokens may grant administrator rights.
    pub jwt_admins: bool,
    /// How long a shutdown takes at most.
    pub drain: Duration,
    /// How long the server runs without clients.
    pub exit_when_empty: Option<Duration>,
    /// The format of the log.
    pub log_format: LogFormat,
    /// The minimum level of the log.
    pub log_level: LogLevel,
    /// Limits of HTTP requests.
    pub http: http::Limits,
    /// Limits of WebSockets.
    pub ws: ws::Limits,
    /// Limits of connections.
    pub net: net::Limits,
    /// Limits of the chat.
    pub chat: chat::Limits,
    /// Limits of files.
    pub files: file_store::Limits,
    /// Limits of passwords, logins and tokens.
    pub accounts: auth::Limits,
    /// Limits of the journal.
    pub journal: journal::Limits,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))],
            admin_listen: None,
            tls_cert: Vec::new(),
            tls_key: Vec::new(),
            listen_redirect: Vec::new(),
            allow_origin: Vec::new(),
            allow_host: Vec::new(),
            hook_allow: Vec::new(),
            public_url: None,
            data: Data::Dir("chinwag-data".into()),
            durability: journal::Durability::Fsync,
            accept_loss: false,
            check_data: false,
            auth: Auth::Optional,
            registration: true,
            jwt_public_key: None,
            jwks: None,
            jwt_issuer: None,
            jwt_audience: None,
            jwt_admins: false,
            drain: Duration::from_secs(5),
            exit_when_empty: None,
            log_format: LogFormat::Text,
            log_level: LogLevel::Info,
            http: http::Limits::default(),
            ws: ws::Limits::default(),
            net: net::Limits::default(),
            chat: chat::Limits::default(),
            files: file_store::Limits::default(),
            accounts: auth::Limits::default(),
            journal: journal::Limits::default(),
        }
    }
}

impl Config {
    /// Returns the engine that stores messages.
    pub fn engine(&self) -> journal::Engine {
        let Data::Dir(dir) = &self.data else { return journal::Engine::Memory };
        journal::Engine::Sqlite {
            dir: dir.clone(),
            durability: self.durability,
            accept_loss: self.accept_loss,
            check: self.check_data,
        }
    }

    /// Fills in the values that follow from others.
    fn complete(&mut self) {
        self.chat.frame_bytes_max = self.ws.message_bytes_max;
        self.chat.ping_after = self.ws.ping_after;
        // Blobs have no place but in the data directory.
        self.chat.files &= self.data != Data::None;
        // Without a limit for guests there is none for accounts and moderators.
        if self.chat.sends_per_second_max.is_none() {
            self.chat.account_sends_per_second_max = None;
            self.chat.moderator_sends_per_second_max = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn all() -> impl Iterator<Item = &'static Setting> {
        SETTINGS.iter().chain(LIMITS)
    }

    #[test]
    fn every_default_is_parsed_back_from_its_text() {
        for setting in all() {
            let mut config = Config::default();
            (setting.set)(&mut config, &setting.default_text()).expect(setting.key);
            assert_eq!(config, Config::default(), "{}", setting.key);
        }
    }

    #[test]
    fn keys_are_unique_and_differ_from_what_an_orchestrator_sets() {
        let keys: BTreeSet<_> = all().map(|setting| setting.key).collect();
        assert_eq!(keys.len(), SETTINGS.len() + LIMITS.len());
        assert!(!keys.iter().any(|key| key.starts_with("port") || key.starts_with("service")));
    }

    #[test]
    fn every_field_and_every_limit_of_a_layer_is_in_one_of_the_tables() {
        let copied = [".chat.frame_bytes_max", ".chat.ping_after"];
        let mut layer = String::new();
        for line in format!("{:#?}", Config::default()).lines() {
            let Some((name, value)) = line.trim_start().split_once(": ") else { continue };
            let is_limit = line.starts_with("        ");
            let field = if is_limit { format!("{layer}.{name}") } else { format!(".{name}") };
            if value == "Limits {" {
                layer = field;
                continue;
            }
            let listed = all().filter(|setting| setting.field == field).count();
            assert_eq!(listed, usize::from(!copied.contains(&field.as_str())), "{field}");
        }
        assert_eq!(layer, ".journal", "the last one");
    }

    #[test]
    fn the_help_of_a_setting_is_sentences() {
        for setting in SETTINGS {
            let help = setting.help();
            assert!(help.ends_with('.') && !help.contains("  "), "{}: {help}", setting.key);
        }
    }

    #[test]
    fn the_defaults_are_complete() {
        let mut config = Config::default();
        config.complete();
        assert_eq!(config, Config::default());
    }

    #[test]
    fn without_a_rate_limit_for_guests_there_is_none_for_others() {
        let mut config = Config::default();
        config.chat.sends_per_second_max = None;
        config.complete();
        assert_eq!(config.chat.account_sends_per_second_max, None);
        assert_eq!(config.chat.moderator_sends_per_second_max, None);
    }
}
