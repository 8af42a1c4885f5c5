//! The values of settings that are a choice: words, or words beside something else.

use std::path::PathBuf;

use super::{Host, Value, WebOrigin};
use crate::{
    chat::OutputMode,
    journal::Durability,
    net::proxy::{Network, Trusted},
};

/// Where messages are stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Data {
    /// In memory only, until the process ends.
    #[default]
    None,
    /// In this directory.
    Dir(PathBuf),
}

/// An entry of the list of allowed origins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedOrigin {
    /// Every origin, even `null`.
    Any,
    /// One origin.
    Only(WebOrigin),
}

/// A name by which this server may be reached, normalised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedHost(pub String);

/// A host that hooks may send messages to, normalised. Without a port, it is the one of the scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookHost(pub Host);

impl Value for HookHost {
    fn form() -> String {
        "HOST[:PORT]".into()
    }

    fn parse(text: &str) -> Result<Self, String> {
        Host::parse(text).map(Self).ok_or_else(|| {
            "not a host; use one without scheme and path, such as hooks.example, 10.0.0.7:8000 or \
             [fd00::7]:8000"
                .into()
        })
    }

    fn text(&self) -> String {
        self.0.to_string()
    }
}

impl Value for AllowedHost {
    fn form() -> String {
        "NAME".into()
    }

    fn parse(text: &str) -> Result<Self, String> {
        let host = Host::parse(text).filter(Host::is_portless);
        host.map(|host| Self(host.name().to_owned())).ok_or_else(|| {
            "not a host name; use one without scheme and port, such as chat.example".into()
        })
    }

    fn text(&self) -> String {
        self.0.clone()
    }
}

impl Value for Data {
    fn form() -> String {
        "DIR|none".into()
    }

    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "" => Err("empty; use a directory, or none".into()),
            "none" => Ok(Self::None),
            _ => Ok(Self::Dir(text.into())),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::None => "none".into(),
            Self::Dir(path) => path.to_string_lossy().into_owned(),
        }
    }
}

impl Value for AllowedOrigin {
    fn form() -> String {
        "ORIGIN|*".into()
    }

    fn parse(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::Any);
        }
        WebOrigin::parse(text).map(Self::Only).ok_or_else(|| {
            "not an origin; use a scheme and a host without a path, such as https://chat.example or \
             http://localhost:3000, or *"
                .into()
        })
    }

    fn text(&self) -> String {
        match self {
            Self::Any => "*".into(),
            Self::Only(origin) => origin.to_string(),
        }
    }
}

impl Value for Trusted {
    fn form() -> String {
        "NETWORK".into()
    }

    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "loopback" => return Ok(Self::Loopback),
            "private" => return Ok(Self::Private),
            "any" => return Ok(Self::Any),
            _ => {}
        }
        let network = match text.split_once('/') {
            None => text.parse().ok().map(Network::single),
            Some((first, prefix)) => {
                let digits = prefix.bytes().all(|byte| byte.is_ascii_digit());
                let prefix = prefix.parse().ok().filter(|_| digits);
                first.parse().ok().zip(prefix).and_then(|(first, it)| Network::new(first, it))
            }
        };
        if network.is_some_and(Network::is_all) {
            return Err(
                "every address, and whoever connects could pass for anybody; use private, \
                        or any if that is meant"
                    .into(),
            );
        }
        network.map(Self::Network).ok_or_else(|| {
            "not a network; use an address or a CIDR block, such as 192.0.2.1, 10.0.0.0/8 or \
             2001:db8::/32, or loopback, private or any"
                .into()
        })
    }

    fn text(&self) -> String {
        match self {
            Self::Loopback => "loopback".into(),
            Self::Private => "private".into(),
            Self::Any => "any".into(),
            Self::Network(network) => network.to_string(),
        }
    }
}

/// When the client must prove who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// Guests only: tokens are ignored.
    Open,
    /// Guests, and accounts with a token.
    Optional,
    /// Accounts only.
    Required,
}

/// The format of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs: one object a line.
    Json,
}

/// The minimum level of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// Failures that need attention.
    Error,
    /// What may need attention.
    Warn,
    /// Connections.
    Info,
    /// Messages.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// All levels.
    pub const ALL: [Self; 5] = [Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace];
}

/// Implements [`Value`] for an enum whose values are words.
macro_rules! words {
    ($name:ident, $form:literal { $($variant:ident = $word:literal,)+ }) => {
        impl Value for $name {
            fn form() -> String {
                $form.into()
            }

            fn parse(text: &str) -> Result<Self, String> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(format!("use one of {}", [$($word),+].join(", "))),
                }
            }

            fn text(&self) -> String {
                match self {
                    $(Self::$variant => $word,)+
                }
                .into()
            }
        }
    };
}

words!(Durability, "fsync|write" { Fsync = "fsync", Write = "write", });
words!(OutputMode, "MODE" { Json = "json", Text = "text", Simple = "simple", });
words!(Auth, "MODE" {
    Open = "open",
    Optional = "optional",
    Required = "required",
});
words!(LogFormat, "text|json" { Text = "text", Json = "json", });
words!(LogLevel, "LEVEL" {
    Error = "error",
    Warn = "warn",
    Info = "info",
    Debug = "debug",
    Trace = "trace",
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trusted_proxy_is_an_address_a_network_or_loopback() {
        for (text, again) in [
            ("loopback", "loopback"),
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.1/32", "192.0.2.1"),
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("private", "private"),
            ("any", "any"),
            ("0.0.0.0/1", "0.0.0.0/1"),
            ("::1", "::1"),
            ("2001:DB8:0::/32", "2001:db8::/32"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
        ] {
            let trusted = Trusted::parse(text).expect(text);
            assert_eq!(trusted.text(), again);
            assert_eq!(Trusted::parse(again), Ok(trusted));
        }
        for text in [
            "",
            "localhost",
            "chat.example",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0.0.0/33",
            "10.0.0.1/8",
            "/8",
            "10.0.0/8",
            "[::1]",
            "::1/129",
            "10.0.0.0/8/8",
            "127.0.0.1:80",
            "10.0.0.0/256",
        ] {
            let why = Trusted::parse(text).expect_err(text);
            assert!(why.contains("10.0.0.0/8 or 2001:db8::/32"), "{text}: {why}");
        }
        for text in ["0.0.0.0/0", "::/0", "0::0/0", "::ffff:0.0.0.0/96"] {
            let why = Trusted::parse(text).expect_err(text);
            assert!(why.contains("or any if that is meant"), "{text}: {why}");
        }
    }
}
