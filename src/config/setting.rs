//! What a setting is, and the macro that makes one of each line of the table.
//!
//! The table itself stands in [`super`]; how a value is written stands in [`super::value`]; where
//! the values come from is the business of [`super::load`].

use super::Config;

/// Describes one setting: everything that flags, environment, file, help, `check` and README need.
#[derive(Debug)]
pub struct Setting {
    /// Its name as a key of the configuration file: `ping_after`.
    pub key: &'static str,
    /// The heading it stands under.
    pub group: &'static str,
    /// What it does, in a sentence or two without line breaks.
    pub help: fn() -> String,
    /// What its value looks like: `DURATION`, `N|off`.
    pub form: fn() -> String,
    /// Whether a value of zero makes sense.
    pub zero: bool,
    /// Whether the flag may be given more than once.
    pub repeats: bool,
    /// Whether the flag may stand without a value.
    pub alone: bool,
    /// Parses a text into its field.
    pub set: fn(&mut Config, &str) -> Result<(), String>,
    /// Whether its field is zero.
    pub is_zero: fn(&Config) -> bool,
    /// Its field as text, which `set` takes back.
    pub text: fn(&Config) -> String,
    /// Its field as a TOML value.
    pub toml: fn(&Config) -> String,
}

impl Setting {
    /// Returns its flag without the two dashes: `ping-after`.
    pub fn flag(&self) -> String {
        self.key.replace('_', "-")
    }

    /// Returns its environment variable: `CHINWAG_PING_AFTER`.
    pub fn variable(&self) -> String {
        format!("{VARIABLE_PREFIX}{}", self.key.to_uppercase())
    }

    /// Returns its default as text, empty for an empty list.
    pub fn default_text(&self) -> String {
        (self.text)(&Config::default())
    }
}

/// Begins every environment variable that is a setting.
pub const VARIABLE_PREFIX: &str = "CHINWAG_";

/// Makes [`Config`] and the table of settings from one list. The documentation of a field is its
/// help; `zero` at the end of a line says that a value of zero makes sense.
macro_rules! settings {
    ($(
        [$group:literal]
        $(
            $(#[doc = $help:literal])+
            $key:ident: $kind:ty = $default:expr $(, $zero:ident)?;
        )+
    )+) => {
        /// The effective value of every setting.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Config {
            $($($(#[doc = $help])+ pub $key: $kind,)+)+
        }

        impl Default for Config {
            fn default() -> Self {
                Self { $($($key: $default,)+)+ }
            }
        }

        /// Describes every setting, in the order in which they are shown.
        pub static SETTINGS: &[Setting] = &[
            $($(Setting {
                key: stringify!($key),
                group: $group,
                help: || [$($help),+].map(str::trim).join(" "),
                form: <$kind as Value>::form,
                zero: settings!(@zero $($zero)?),
                repeats: <$kind as Value>::REPEATS,
                alone: <$kind as Value>::ALONE,
                set: |config, text| {
                    config.$key = <$kind as Value>::parse(text)?;
                    Ok(())
                },
                is_zero: |config| config.$key.is_zero(),
                text: |config| config.$key.text(),
                toml: |config| config.$key.toml(),
            },)+)+
        ];
    };
    (@zero) => { false };
    (@zero zero) => { true };
}
pub(super) use settings;
