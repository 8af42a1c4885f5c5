//! What a setting is, and the macros that make one of each line of the tables.
//!
//! The tables stand in [`super::table`]; how a value is written stands in [`super::value`]; where
//! the values come from is the business of [`super::load`].

use super::{Config, Value};

/// A setting or a limit: everything that flags, environment, file, help, `check` and README need.
#[derive(Debug)]
pub struct Setting {
    /// Key in the configuration file: `ping_after`.
    pub key: &'static str,
    /// Heading in the help; empty for a limit.
    pub group: &'static str,
    /// Key in version 0.1.0, where every limit was a setting.
    pub old_key: &'static str,
    /// Field of [`Config`] that holds the value.
    pub field: &'static str,
    /// Description with a leading blank, as it stands in the table.
    pub(super) help: &'static str,
    /// Form of the value: `DURATION`, `N|off`.
    pub form: fn() -> String,
    /// Whether zero is a valid value.
    pub zero: bool,
    /// Whether the flag may be given more than once.
    pub repeats: bool,
    /// Whether the flag may be given without a value.
    pub bare: bool,
    /// Parses a text into the field.
    pub set: fn(&mut Config, &str) -> Result<(), String>,
    /// Whether the field is zero.
    pub is_zero: fn(&Config) -> bool,
    /// The field as text, which `set` reads.
    pub text: fn(&Config) -> String,
    /// The field as a TOML value.
    pub toml: fn(&Config) -> String,
}

impl Setting {
    /// Whether it is set by `--limit` instead of a flag of its own.
    pub fn is_limit(&self) -> bool {
        self.group.is_empty()
    }

    /// Returns the description: a sentence or two, empty for a limit.
    pub fn help(&self) -> &'static str {
        self.help.trim_start()
    }

    /// Returns the long flag: `ping-after`.
    pub fn flag(&self) -> String {
        self.key.replace('_', "-")
    }

    /// Returns the environment variable: `CHINWAG_PING_AFTER`.
    pub fn variable(&self) -> String {
        format!("{VARIABLE_PREFIX}{}", self.key.to_uppercase())
    }

    /// Returns the default as text, empty for an empty list.
    pub fn default_text(&self) -> String {
        (self.text)(&Config::default())
    }
}

/// Prefix of the environment variables.
pub const VARIABLE_PREFIX: &str = "CHINWAG_";

pub(super) fn form<Form, T: Value<Form>>(_: fn(&Config) -> &T) -> String {
    T::form()
}

pub(super) const fn repeats<Form, T: Value<Form>>(_: fn(&Config) -> &T) -> bool {
    T::REPEATS
}

/// Makes the table of the settings that have a flag.
macro_rules! settings {
    ($(
        [$group:literal]
        $($(#[doc = $help:literal])+ $key:ident: $($place:ident).+ $($mark:ident)*;)+
    )+) => {
        /// The settings that have a flag, a variable and a key, in the order of the help.
        pub static SETTINGS: &[Setting] = &[$($(settings!(
            @one $group, [$($help),+], $key, $key, [$($place).+], [$($mark)*]
        ),)+)+];
    };
    (
        @one $group:literal, [$($help:literal),*], $key:ident, $old_key:ident,
        [$($place:ident).+], [$($mark:ident)*]
    ) => {
        Setting {
            key: stringify!($key),
            group: $group,
            old_key: stringify!($old_key),
            field: concat!($(".", stringify!($place)),+),
            help: concat!($($help),*),
            form: || super::setting::form::<settings!(@form $($mark)*), _>(|it| &it.$($place).+),
            zero: settings!(@zero $($mark)*),
            repeats: super::setting::repeats::<settings!(@form $($mark)*), _>(|it| &it.$($place).+),
            bare: settings!(@bare $($mark)*),
            set: |config, text| {
                config.$($place).+ = Value::<settings!(@form $($mark)*)>::parse(text)?;
                Ok(())
            },
            is_zero: |it| Value::<settings!(@form $($mark)*)>::is_zero(&it.$($place).+),
            text: |it| Value::<settings!(@form $($mark)*)>::text(&it.$($place).+),
            toml: |it| Value::<settings!(@form $($mark)*)>::toml(&it.$($place).+),
        }
    };
    (@form size $($zero:ident)?) => { Size };
    (@form $($other:ident)?) => { Plain };
    (@bare switch) => { true };
    (@bare $($other:ident)*) => { false };
    (@zero zero) => { true };
    (@zero size zero) => { true };
    (@zero $($other:ident)?) => { false };
}
pub(super) use settings;

/// Makes the table of the other limits; `<-` names the setting of version 0.1.0.
macro_rules! limits {
    ($($layer:ident.$field:ident $($mark:ident)* $(<- $old_key:ident)?;)+) => {
        /// The limits that `--limit` sets.
        pub static LIMITS: &[Setting] = &[$(
            limits!(@one $layer, $field, [$($mark)*] $($old_key)?),
        )+];
    };
    (@one $layer:ident, $field:ident, $marks:tt) => {
        limits!(@one $layer, $field, $marks $field)
    };
    (@one $layer:ident, $field:ident, $marks:tt $old_key:ident) => {
        settings!(@one "", [], $field, $old_key, [$layer.$field], $marks)
    };
}
pub(super) use limits;
