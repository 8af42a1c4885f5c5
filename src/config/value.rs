//! How the values of settings are written and read.
//!
//! Flags, environment and file share one text form per type. An error says what is wrong with the
//! text, and what would be right.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

/// A type that settings can have. `Form` tells apart the text forms of one type.
pub trait Value<Form = Plain>: Sized {
    /// Whether it is a list, separated by commas in one text.
    const REPEATS: bool = false;

    /// Returns what the text looks like, for the help.
    fn form() -> String;

    /// Parses the text; the error completes the sentence "TEXT: …".
    fn parse(text: &str) -> Result<Self, String>;

    /// Returns the text that [`Value::parse`] reads.
    fn text(&self) -> String;

    /// Returns a TOML value.
    fn toml(&self) -> String {
        quoted(&self.text())
    }

    /// Whether it is zero, which most limits must not be.
    fn is_zero(&self) -> bool {
        false
    }
}

/// The usual form of a type.
#[derive(Debug)]
pub enum Plain {}

/// The form of a number of bytes: `64KiB`.
#[derive(Debug)]
pub enum Size {}

impl Value for Duration {
    fn form() -> String {
        "DURATION".into()
    }

    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || NOT_A_DURATION.to_owned();
        let (number, unit) = number_and_unit(text);
        let unit_ms = DURATION_UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?.1;
        let number: u64 = number.parse().map_err(|_| wrong())?;
        number
            .checked_mul(unit_ms)
            .filter(|ms| *ms <= DURATION_MS_MAX)
            .map(Self::from_millis)
            .ok_or_else(|| "too long; use at most 36500d".into())
    }

    fn text(&self) -> String {
        let ms = u64::try_from(self.as_millis()).unwrap_or(u64::MAX);
        in_units(ms, DURATION_UNITS).unwrap_or_else(|| "0s".into())
    }

    fn is_zero(&self) -> bool {
        Self::is_zero(self)
    }
}

/// Largest first: a value is written in the largest unit that divides it.
const DURATION_UNITS: &[(&str, u64)] =
    &[("d", 24 * 60 * 60 * 1000), ("h", 60 * 60 * 1000), ("m", 60 * 1000), ("s", 1000), ("ms", 1)];
const NOT_A_DURATION: &str = "not a duration; use a number and a unit, such as 9s, 500ms or 2m";
const DURATION_MS_MAX: u64 = 36_500 * 24 * 60 * 60 * 1000;

macro_rules! sizes {
    ($($kind:ident up to $max:literal, $max_text:literal;)+) => {
        $(impl Value<Size> for $kind {
            fn form() -> String {
                "SIZE".into()
            }

            fn parse(text: &str) -> Result<Self, String> {
                let too_large = || concat!("too large; use at most ", $max_text).to_owned();
                let bytes = bytes(text)?.filter(|bytes| *bytes <= $max).ok_or_else(too_large)?;
                Self::try_from(bytes).map_err(|_| too_large())
            }

            fn text(&self) -> String {
                in_units(*self as u64, BYTE_UNITS).unwrap_or_else(|| self.to_string())
            }

            fn is_zero(&self) -> bool {
                *self == 0
            }
        })+
    };
}

// Those of buffers fit into the `int` that socket options take; the others are of whole databases
// or machines.
sizes! {
    usize up to 0x4000_0000, "1GiB";
    u64 up to 0x4_0000_0000_0000, "1024TiB";
}

/// Parses a number of bytes; `None` for one that is too large for anything.
fn bytes(text: &str) -> Result<Option<u64>, String> {
    let wrong = || NOT_A_SIZE.to_owned();
    let (number, unit) = number_and_unit(text);
    let known = |(name, _): &&(&str, u64)| name.eq_ignore_ascii_case(unit);
    let unit = if unit.is_empty() { 1 } else { BYTE_UNITS.iter().find(known).ok_or_else(wrong)?.1 };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    Ok(number.checked_mul(unit))
}

const BYTE_UNITS: &[(&str, u64)] = &[
    ("TiB", 1024 * 1024 * 1024 * 1024),
    ("GiB", 1024 * 1024 * 1024),
    ("MiB", 1024 * 1024),
    ("KiB", 1024),
];
const NOT_A_SIZE: &str = "not a size; use bytes or a unit, such as 65536, 64KiB or 1MiB";

/// Splits `64KiB` into `64` and `KiB`.
fn number_and_unit(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (number, unit.trim_start())
}

/// Formats a number other than zero in the largest unit that divides it.
fn in_units(number: u64, units: &[(&str, u64)]) -> Option<String> {
    let (name, unit) =
        units.iter().find(|(_, unit)| number >= *unit && number.is_multiple_of(*unit))?;
    Some(format!("{}{name}", number / unit))
}

macro_rules! whole_numbers {
    ($($kind:ident)+) => {
        $(impl Value for $kind {
            fn form() -> String {
                "N".into()
            }

            fn parse(text: &str) -> Result<Self, String> {
                let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                if !digits {
                    return Err("not a whole number; use digits only, such as 64".into());
                }
                text.parse().map_err(|_| format!("too large; use at most {}", Self::MAX))
            }

            fn text(&self) -> String {
                self.to_string()
            }

            fn toml(&self) -> String {
                self.to_string()
            }

            fn is_zero(&self) -> bool {
                *self == 0
            }
        })+
    };
}

whole_numbers!(u8 u16 u32 u64 usize);

impl<Form, T: Value<Form>> Value<Form> for Option<T> {
    fn form() -> String {
        format!("{}|off", T::form())
    }

    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(None),
            _ => T::parse(text).map(Some).map_err(|error| format!("{error}, or off")),
        }
    }

    fn text(&self) -> String {
        self.as_ref().map_or_else(|| "off".into(), T::text)
    }

    fn toml(&self) -> String {
        self.as_ref().map_or_else(|| quoted("off"), T::toml)
    }

    fn is_zero(&self) -> bool {
        self.as_ref().is_some_and(T::is_zero)
    }
}

impl<T: Value> Value for Vec<T> {
    const REPEATS: bool = true;

    fn form() -> String {
        T::form()
    }

    fn parse(text: &str) -> Result<Self, String> {
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        items.map(|item| T::parse(item).map_err(|error| format!("{item} is {error}"))).collect()
    }

    fn text(&self) -> String {
        self.iter().map(T::text).collect::<Vec<_>>().join(",")
    }

    fn toml(&self) -> String {
        format!("[{}]", self.iter().map(T::toml).collect::<Vec<_>>().join(", "))
    }
}

impl Value for SocketAddr {
    fn form() -> String {
        "ADDR".into()
    }

    fn parse(text: &str) -> Result<Self, String> {
        let local = |port: &str| Some(Self::from((Ipv4Addr::LOCALHOST, port.parse().ok()?)));
        match text.strip_prefix("localhost:") {
            Some(port) => local(port),
            None => text.parse().ok(),
        }
        .ok_or_else(|| {
            "not an address; use a numeric host or localhost and a port, such as \
             127.0.0.1:8080, [::1]:8080 or 0.0.0.0:80"
                .into()
        })
    }

    fn text(&self) -> String {
        self.to_string()
    }
}

impl Value for String {
    fn form() -> String {
        "NAME".into()
    }

    fn parse(text: &str) -> Result<Self, String> {
        Ok(text.into())
    }

    fn text(&self) -> String {
        self.clone()
    }
}

impl Value for PathBuf {
    fn form() -> String {
        "FILE".into()
    }

    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "" => Err("empty; use the path of a file".into()),
            _ => Ok(text.into()),
        }
    }

    fn text(&self) -> String {
        self.to_string_lossy().into_owned()
    }
}

impl Value for bool {
    fn form() -> String {
        "on|off".into()
    }

    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "on" => Ok(true),
            "off" => Ok(false),
            _ => Err("not a switch; use on or off".into()),
        }
    }

    fn text(&self) -> String {
        if *self { "on" } else { "off" }.into()
    }
}

/// Formats a TOML string.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use super::*;

    fn reads<T: Value + PartialEq + Debug>(text: &str, value: T, again: &str) {
        assert_eq!(T::parse(text).as_ref(), Ok(&value), "{text}");
        assert_eq!(value.text(), again);
        assert_eq!(T::parse(again), Ok(value), "{again}");
    }

    fn refuses<T: Value + Debug>(texts: &[&str], advice: &str) {
        for text in texts {
            let error = T::parse(text).expect_err(text);
            assert!(error.contains(advice), "{text}: {error}");
        }
    }

    #[test]
    fn a_duration_is_a_number_and_a_unit() {
        reads("9s", Duration::from_secs(9), "9s");
        reads("500ms", Duration::from_millis(500), "500ms");
        reads("2 m", Duration::from_secs(120), "2m");
        reads("90s", Duration::from_secs(90), "90s");
        reads("3600s", Duration::from_secs(3600), "1h");
        reads("7d", Duration::from_secs(7 * 86_400), "7d");
        reads("0s", Duration::ZERO, "0s");
        refuses::<Duration>(&["", "9", "s", "-1s", "1.5s", "9 parsecs", "9S", "9s "], "9s, 500ms");
        refuses::<Duration>(&["18446744073709551615d", "36501d"], "at most 36500d");
    }

    #[test]
    fn a_size_is_a_number_of_bytes_or_has_a_binary_unit() {
        for (text, bytes, again) in [
            ("65536", 65_536, "64KiB"),
            ("64KiB", 65_536, "64KiB"),
            ("1mib", 1_048_576, "1MiB"),
            ("1000", 1000, "1000"),
            ("0", 0, "0"),
        ] {
            assert_eq!(<usize as Value<Size>>::parse(text), Ok(bytes));
            assert_eq!(Value::<Size>::text(&bytes), again);
            assert_eq!(<u64 as Value<Size>>::parse(again), Ok(bytes as u64));
        }
        for text in ["", "KiB", "64KB", "-1", "1.5MiB"] {
            assert_eq!(bytes(text), Err(NOT_A_SIZE.into()));
        }
        for text in ["2GiB", "1073741825", "18446744073709551615GiB"] {
            let why = <usize as Value<Size>>::parse(text);
            assert_eq!(why, Err("too large; use at most 1GiB".into()), "{text}");
        }
        for text in ["1025TiB", "18446744073709551615GiB"] {
            let why = <u64 as Value<Size>>::parse(text);
            assert_eq!(why, Err("too large; use at most 1024TiB".into()), "{text}");
        }
        assert_eq!(<u64 as Value<Size>>::parse("1024TiB"), Ok(1 << 50));
        assert_eq!(<u64 as Value<Size>>::parse("12GiB"), Ok(12 << 30));
    }

    #[test]
    fn a_limit_can_be_disabled() {
        reads("off", None::<u32>, "off");
        reads("5", Some(5_u32), "5");
        refuses::<Option<u32>>(&["", "five", "-1"], "digits only, such as 64, or off");
        refuses::<u32>(&["off"], "digits only");
        refuses::<u32>(&["4294967296"], "at most 4294967295");
    }

    #[test]
    fn an_address_is_numeric_or_localhost() {
        reads::<SocketAddr>("localhost:8080", ([127, 0, 0, 1], 8080).into(), "127.0.0.1:8080");
        reads("[::1]:0", SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], 0)), "[::1]:0");
        let wrong = ["8080", ":8080", "chat.example:80", "localhost", "1.2.3.4:65536", "::1:80"];
        refuses::<SocketAddr>(&wrong, "[::1]:8080");
    }

    #[test]
    fn a_list_is_separated_by_commas_and_errors_name_the_wrong_item() {
        let two = vec![SocketAddr::from(([1, 2, 3, 4], 5)), SocketAddr::from(([6, 7, 8, 9], 10))];
        reads("1.2.3.4:5, 6.7.8.9:10", two, "1.2.3.4:5,6.7.8.9:10");
        refuses::<Vec<SocketAddr>>(&["1.2.3.4:5,banana"], "banana is not an address");
    }

    #[test]
    fn a_toml_string_is_escaped() {
        assert_eq!(quoted("a\"b\\c\n"), r#""a\"b\\c\u000A""#);
    }
}
