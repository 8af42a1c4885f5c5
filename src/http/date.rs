//! The `Date` header (RFC 9110 §6.6.1, §5.6.7).

use std::fmt::Write;

/// A date as it stands in a header, good for one second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date {
    unix_s: u64,
    text: [u8; LENGTH],
}

/// Bytes of an IMF-fixdate, as in `Sun, 06 Nov 1994 08:49:37 GMT`.
const LENGTH: usize = 29;

const DAY_SECONDS: u64 = 24 * 60 * 60;

impl Date {
    /// Returns the date of a Unix time. Beyond the year 9999 it stays at the end of that year.
    pub fn of(unix_s: u64) -> Self {
        let last = 253_402_300_799;
        let seconds = unix_s.min(last);
        let (days, second) = (seconds / DAY_SECONDS, seconds % DAY_SECONDS);
        let (year, month, day) = civil(days);
        let weekday = pick(b"ThuFriSatSunMonTueWed", days % 7);
        let month = pick(b"JanFebMarAprMayJunJulAugSepOctNovDec", month);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let mut text = String::with_capacity(LENGTH);
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT"
        );
        Self { unix_s, text: text.as_bytes().try_into().unwrap_or([b' '; LENGTH]) }
    }

    /// Returns the date of a Unix time: this one, if its second has not passed.
    pub fn at(self, unix_s: u64) -> Self {
        if self.unix_s == unix_s { self } else { Self::of(unix_s) }
    }

    /// Returns the header's value.
    pub fn as_bytes(&self) -> &[u8] {
        &self.text
    }
}

/// Returns the name at this place in a list of names of three letters.
fn pick(names: &'static [u8], index: u64) -> &'static str {
    let name = names.chunks(3).nth(usize::try_from(index).unwrap_or_default());
    name.and_then(|name| std::str::from_utf8(name).ok()).unwrap_or_default()
}

/// Returns year, month from 0, and day from 1 of a day since 1970 (proleptic Gregorian calendar).
fn civil(mut days: u64) -> (u64, u64, u64) {
    let is_leap =
        |year: u64| year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let mut year: u64 = 1970;
    let mut month: u64 = 0;
    loop {
        let length = if is_leap(year) { 366 } else { 365 };
        let Some(rest) = days.checked_sub(length) else { break };
        days = rest;
        year = year.saturating_add(1);
    }
    for length in [31, if is_leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    {
        let Some(rest) = days.checked_sub(length) else { break };
        days = rest;
        month = month.saturating_add(1);
    }
    (year, month, days.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_written_as_rfc_9110_says() {
        for (unix_s, expected) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_709_251_199, "Thu, 29 Feb 2024 23:59:59 GMT"),
            (1_709_251_200, "Fri, 01 Mar 2024 00:00:00 GMT"),
            (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
            (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
            (u64::MAX, "Fri, 31 Dec 9999 23:59:59 GMT"),
        ] {
            let date = Date::of(unix_s);
            assert_eq!(std::str::from_utf8(date.as_bytes()), Ok(expected));
            assert_eq!(date.at(unix_s), date);
            assert_ne!(date.at(unix_s.wrapping_add(1)), date);
        }
    }
}
