//! The values of settings that are a choice: words, or words beside something else.

use std::path::PathBuf;

use super::{Value, WebOrigin};

/// Says where the record is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Data {
    /// In memory only: it ends with the process.
    #[default]
    None,
    /// In this directory.
    Dir(PathBuf),
}

/// Is one entry of the list of other origins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedOrigin {
    /// Every origin, even `null`.
    Any,
    /// This one.
    Only(WebOrigin),
}

impl Value for Data {
    fn form() -> String {
        "DIR|none".into()
    }

    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "" => Err("empty; write a directory, or none".into()),
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
            "not an origin; write scheme and host, and no path, such as https://chat.example or \
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

/// Makes an enum whose values are words.
macro_rules! words {
    (
        $(#[doc = $doc:literal])+
        $name:ident, $not:literal { $($(#[doc = $help:literal])+ $variant:ident = $word:literal,)+ }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[doc = $help])+ $variant,)+
        }

        impl Value for $name {
            fn form() -> String {
                [$($word),+].join("|")
            }

            fn parse(text: &str) -> Result<Self, String> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(format!("{}; write one of {}", $not, [$($word),+].join(", "))),
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

words! {
    /// Says what an entry of the record survives once it is acknowledged.
    Durability, "not a durability" {
        /// A loss of power.
        Fsync = "fsync",
        /// The end of the process, not a loss of power.
        Write = "write",
    }
}

words! {
    /// Says who may come in.
    Auth, "no way to come in" {
        /// Guests only: tokens are not looked at.
        Open = "open",
        /// Guests, and accounts with a token.
        Optional = "optional",
        /// Accounts only.
        Required = "required",
    }
}

words! {
    /// Says what a line of the log looks like.
    LogFormat, "not a format" {
        /// For people.
        Text = "text",
        /// For programs: one object a line.
        Json = "json",
    }
}

words! {
    /// Says from which weight on something is logged.
    LogLevel, "not a level" {
        /// What needs somebody's attention.
        Error = "error",
        /// What may need it.
        Warn = "warn",
        /// What happens to connections.
        Info = "info",
        /// What happens to messages.
        Debug = "debug",
        /// Everything.
        Trace = "trace",
    }
}
