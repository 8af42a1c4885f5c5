//! How the values of settings are written and read.
//!
//! Every kind of value has one text form, which flags, environment and file share. An error says
//! what the text is not, and what would be right.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

/// A kind of value that a setting can have.
pub trait Value: Sized {
    /// Whether it is a list, divided by commas in one text.
    const REPEATS: bool = false;
    /// Whether its flag may stand without a value and then means `on`.
    const ALONE: bool = false;

    /// What the text looks like, for help.
    fn form() -> String;

    /// Reads the text; the error completes the sentence "TEXT: …".
    fn parse(text: &str) -> Result<Self, String>;

    /// Writes the text that [`Value::parse`] reads.
    fn text(&self) -> String;

    /// Writes a TOML value.
    fn toml(&self) -> String {
        quoted(&self.text())
    }

    /// Whether it is nothing at all, which most limits must not be.
    fn is_zero(&self) -> bool {
        false
    }
}

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub usize);

/// A switch that is off unless asked for: its flag may stand without a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Switch(pub bool);

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
            .ok_or_else(|| "too long; write at most 36500d".into())
    }

    fn text(&self) -> String {
        let ms = u64::try_from(self.as_millis()).unwrap_or(u64::MAX);
        in_units(ms, DURATION_UNITS).unwrap_or_else(|| "0s".into())
    }

    fn is_zero(&self) -> bool {
        Self::is_zero(self)
    }
}

/// Largest first, so that a value is written in the largest unit that holds it exactly.
const DURATION_UNITS: &[(&str, u64)] =
    &[("d", 24 * 60 * 60 * 1000), ("h", 60 * 60 * 1000), ("m", 60 * 1000), ("s", 1000), ("ms", 1)];
const NOT_A_DURATION: &str = "not a duration; write a number and a unit, such as 9s, 500ms or 2m";
const DURATION_MS_MAX: u64 = 36_500 * 24 * 60 * 60 * 1000;

impl Value for Bytes {
    fn form() -> String {
        "SIZE".into()
    }

    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || NOT_A_SIZE.to_owned();
        let (number, unit) = number_and_unit(text);
        let known = |(name, _): &&(&str, u64)| name.eq_ignore_ascii_case(unit);
        let unit =
            if unit.is_empty() { 1 } else { BYTE_UNITS.iter().find(known).ok_or_else(wrong)?.1 };
        let number: u64 = number.parse().map_err(|_| wrong())?;
        number
            .checked_mul(unit)
            .filter(|bytes| *bytes <= BYTES_MAX)
            .and_then(|bytes| usize::try_from(bytes).ok())
            .map(Self)
            .ok_or_else(|| "too large; write at most 1GiB".into())
    }

    fn text(&self) -> String {
        let bytes = self.0 as u64;
        in_units(bytes, BYTE_UNITS).unwrap_or_else(|| bytes.to_string())
    }

    fn is_zero(&self) -> bool {
        self.0 == 0
    }
}

const BYTE_UNITS: &[(&str, u64)] =
    &[("GiB", 1024 * 1024 * 1024), ("MiB", 1024 * 1024), ("KiB", 1024)];
const NOT_A_SIZE: &str = "not a size; write bytes or a unit, such as 65536, 64KiB or 1MiB";
/// Fits into the `int` that the socket options take.
const BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Divides `64KiB` into `64` and `KiB`.
fn number_and_unit(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (number, unit.trim_start())
}

/// Writes a number other than zero in the largest unit that holds it exactly.
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
                    return Err("not a whole number; write digits only, such as 64".into());
                }
                text.parse().map_err(|_| format!("too large; write at most {}", Self::MAX))
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

impl<T: Value> Value for Option<T> {
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
            "not an address; write a numeric host or localhost, and a port, such as \
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
            "" => Err("empty; write a file".into()),
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
            _ => Err("neither on nor off; write one of them".into()),
        }
    }

    fn text(&self) -> String {
        if *self { "on" } else { "off" }.into()
    }
}

impl Value for Switch {
    const ALONE: bool = true;

    fn form() -> String {
        bool::form()
    }

    fn parse(text: &str) -> Result<Self, String> {
        bool::parse(text).map(Self)
    }

    fn text(&self) -> String {
        self.0.text()
    }
}

/// Writes a TOML string.
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
    use super::*;

    fn reads<T: Value + PartialEq + std::fmt::Debug>(text: &str, value: T, again: &str) {
        assert_eq!(T::parse(text).as_ref(), Ok(&value), "{text}");
        assert_eq!(value.text(), again);
        assert_eq!(T::parse(again), Ok(value), "{again}");
    }

    fn refuses<T: Value + std::fmt::Debug>(texts: &[&str], advice: &str) {
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
    fn a_size_is_bytes_or_has_a_binary_unit() {
        reads("65536", Bytes(65_536), "64KiB");
        reads("64KiB", Bytes(65_536), "64KiB");
        reads("1mib", Bytes(1_048_576), "1MiB");
        reads("1000", Bytes(1000), "1000");
        reads("0", Bytes(0), "0");
        refuses::<Bytes>(&["", "KiB", "64KB", "-1", "1.5MiB"], "65536, 64KiB or 1MiB");
        refuses::<Bytes>(&["2GiB", "18446744073709551615GiB"], "at most 1GiB");
    }

    #[test]
    fn a_limit_may_be_off() {
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
    fn a_list_is_divided_by_commas_and_names_the_wrong_item() {
        let two = vec![SocketAddr::from(([1, 2, 3, 4], 5)), SocketAddr::from(([6, 7, 8, 9], 10))];
        reads("1.2.3.4:5, 6.7.8.9:10", two, "1.2.3.4:5,6.7.8.9:10");
        refuses::<Vec<SocketAddr>>(&["1.2.3.4:5,banana"], "banana is not an address");
    }

    #[test]
    fn a_toml_string_is_escaped() {
        assert_eq!(quoted("a\"b\\c\n"), r#""a\"b\\c\u000A""#);
    }
}
