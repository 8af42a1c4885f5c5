//! The query of a search as people type it: words and phrases, and filters between them.
//!
//! A filter is `from:NAME`, `in:ROOM`, `before:DATE`, `after:DATE` or `has:WHAT`, its value in
//! quotes if it has spaces. It begins a word; in quotes, and after any other word before the colon,
//! it is text.

use std::sync::Arc;

use crate::chat::protocol::error::{Code, Refusal};
use crate::chat::record::{SearchContent, SearchFilter};

/// A parsed query.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::chat) struct ParsedQuery {
    /// The words and phrases, without the filters.
    pub(in crate::chat) words: Arc<str>,
    /// The rooms of the filters `in:`.
    pub(in crate::chat) rooms: Vec<Box<str>>,
    /// The other filters.
    pub(in crate::chat) filter: SearchFilter,
}

impl ParsedQuery {
    /// Parses a query. Dates are days at `zone_ms` milliseconds ahead of UTC.
    ///
    /// # Errors
    /// If the value of a filter is missing or invalid, or there are too many filters.
    pub(in crate::chat) fn parse(query: &str, zone_ms: i64) -> Result<Self, Refusal> {
        let mut parsed = Self::default();
        let (mut words, mut rest, mut filters) = (String::new(), query, 0_usize);
        let mut begins_word = true;
        while let Some(c) = rest.chars().next() {
            if begins_word && let Some((filter, value, after)) = filter_at(rest) {
                filters = filters.saturating_add(1);
                if filters > FILTERS_MAX {
                    let message = format!("query: at most {FILTERS_MAX} filters");
                    return Err(Refusal::new(Code::BadField, message));
                }
                parsed.add(filter, value, zone_ms)?;
                (rest, begins_word) = (after, true);
                continue;
            }
            let end = match c {
                '"' => quoted(rest).len(),
                _ => c.len_utf8(),
            };
            let (token, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
            words.push_str(token);
            (rest, begins_word) = (after, c == '"' || c.is_whitespace());
        }
        // The last word may be the beginning of one, unless a space follows it.
        let words = if filters > 0 { words.trim() } else { &words };
        parsed.words = words.into();
        Ok(parsed)
    }

    fn add(&mut self, filter: Filter, value: &str, zone_ms: i64) -> Result<(), Refusal> {
        let expected = |what: &str| {
            let message = format!("query: {what} is expected after {}:", filter.word());
            Refusal::new(Code::BadField, message)
        };
        let day = |next: i64| {
            let start = days_of(value).map(|days| days.saturating_add(next));
            let start = start.map(|days| days.saturating_mul(DAY_MS).saturating_sub(zone_ms));
            let start = start.map(|ms| u64::try_from(ms).unwrap_or(0));
            start.ok_or_else(|| expected("a date such as 2026-11-20"))
        };
        let SearchFilter { from, since, until, has } = &mut self.filter;
        match filter {
            Filter::From => match value.strip_prefix('@').unwrap_or(value).trim() {
                "" => return Err(expected("a name")),
                name => from.push(name.into()),
            },
            Filter::In => match value.strip_prefix('#').unwrap_or(value).trim() {
                "" => return Err(expected("a room")),
                room => self.rooms.push(room.into()),
            },
            Filter::Before => *until = Some(until.unwrap_or(u64::MAX).min(day(0)?)),
            Filter::After => *since = Some(since.unwrap_or(0).max(day(1)?)),
            Filter::Has => has.push(match &*value.to_ascii_lowercase() {
                "file" => SearchContent::File,
                "image" => SearchContent::Image,
                "link" => SearchContent::Link,
                _ => return Err(expected("file, image or link")),
            }),
        }
        Ok(())
    }
}

/// A filter of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Filter {
    From,
    In,
    Before,
    After,
    Has,
}

impl Filter {
    const ALL: [Self; 5] = [Self::From, Self::In, Self::Before, Self::After, Self::Has];

    const fn word(self) -> &'static str {
        match self {
            Self::From => "from",
            Self::In => "in",
            Self::Before => "before",
            Self::After => "after",
            Self::Has => "has",
        }
    }
}

/// Returns the filter that a text begins with, its value, and what follows.
fn filter_at(text: &str) -> Option<(Filter, &str, &str)> {
    let length = text.bytes().take_while(u8::is_ascii_alphabetic).take(WORD_MAX).count();
    let (word, value) = text.split_at_checked(length)?;
    let value = value.strip_prefix(':')?;
    let filter = Filter::ALL.into_iter().find(|it| it.word().eq_ignore_ascii_case(word))?;
    if value.starts_with('"') {
        let (value, after) = value.split_at_checked(quoted(value).len())?;
        return Some((filter, value.trim_matches('"'), after));
    }
    let (value, after) =
        value.split_at_checked(value.find(char::is_whitespace).unwrap_or(value.len()))?;
    Some((filter, value, after))
}

/// Returns a text in quotes with its quotes; to the end if there is no second one.
fn quoted(text: &str) -> &str {
    let inner = text.get(1..).unwrap_or_default();
    let end = inner.find('"').map_or(text.len(), |end| end.saturating_add(2));
    text.get(..end).unwrap_or(text)
}

/// Returns the number of days from 1970-01-01 to a date in the form of ISO 8601 (proleptic
/// Gregorian calendar); `None` if there is no such day from 1970 to 9999.
fn days_of(date: &str) -> Option<i64> {
    let mut parts = date.split('-');
    let mut part = |digits: usize| {
        let part = parts.next().filter(|part| part.len() == digits)?;
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<u16>().ok())?
    };
    let (year, month, day) = (part(4)?, part(2)?, part(2)?);
    let is_leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let february = if is_leap { 29 } else { 28 };
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31_u16];
    let before = usize::from(month.checked_sub(1)?);
    let fits = year >= 1970 && (1..=*lengths.get(before)?).contains(&day);
    if parts.next().is_some() || !fits {
        return None;
    }
    let leaps =
        |year: u16| i64::from((year / 4).saturating_sub(year / 100).saturating_add(year / 400));
    let years = i64::from(year.saturating_sub(1970));
    let leap_days = leaps(year.saturating_sub(1)).saturating_sub(leaps(1969));
    let months: u16 = lengths.iter().take(before).sum();
    let days = i64::from(months.saturating_add(day).saturating_sub(1));
    Some(years.saturating_mul(365).saturating_add(leap_days).saturating_add(days))
}

/// Parses the difference of a clock to UTC, as in `+02:00`; returns it in milliseconds.
pub(in crate::chat) fn zone_ms(zone: &str) -> Option<i64> {
    let (ahead, clock) = match zone.split_at_checked(1)? {
        ("+", clock) => (1, clock),
        ("-", clock) => (-1, clock),
        _ => return None,
    };
    let (hours, minutes) = clock.split_once(':')?;
    let number = |digits: &str, below: i64| {
        let is_number = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse::<i64>().ok().filter(|number| is_number && *number < below)
    };
    let minutes = number(hours, 24)?.saturating_mul(60).saturating_add(number(minutes, 60)?);
    Some(minutes.saturating_mul(MINUTE_MS).saturating_mul(ahead))
}

const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
const MINUTE_MS: i64 = 60 * 1000;
/// Filters of one query.
const FILTERS_MAX: usize = 10;
/// Letters read of a word that may be a filter.
const WORD_MAX: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(query: &str) -> ParsedQuery {
        ParsedQuery::parse(query, 0).unwrap()
    }

    #[test]
    fn filters_are_taken_out_of_the_words() {
        let query =
            parsed(r#"tea FROM:alice in:#dev "from:x in:y" from:"Bob B" has:Link in:@Eve c"#);
        let words: Vec<&str> = query.words.split_whitespace().collect();
        assert_eq!(words, ["tea", "\"from:x", "in:y\"", "c"]);
        assert_eq!(query.filter.from, ["alice".into(), "Bob B".into()]);
        assert_eq!(query.rooms, ["dev".into(), "@Eve".into()]);
        assert_eq!(query.filter.has, [SearchContent::Link]);
        for (query, words) in [
            ("rel from:bob", "rel"),
            ("from:@bob", ""),
            ("rel ", "rel "),
            ("a\"in:b", "a\"in:b"),
            ("x\"y\"from:bob z", "x\"y\" z"),
            ("from:\"open end", ""),
        ] {
            assert_eq!(&*parsed(query).words, words, "{query}");
        }
    }

    #[test]
    fn what_is_no_filter_is_text() {
        for query in
            ["text:one", "tofrom:x", "from", "from :x", "äfrom:x", "xin:y", "a-in:b", ":", "to:x"]
        {
            assert_eq!(parsed(query), ParsedQuery { words: query.into(), ..Default::default() });
        }
    }

    #[test]
    fn an_invalid_value_is_refused_with_what_is_expected() {
        for (query, message) in [
            ("from:", "query: a name is expected after from:"),
            ("x from: alice", "query: a name is expected after from:"),
            ("in:#", "query: a room is expected after in:"),
            ("has:legs", "query: file, image or link is expected after has:"),
            ("before:yesterday", "query: a date such as 2026-11-20 is expected after before:"),
            ("after:2026-02-29", "query: a date such as 2026-11-20 is expected after after:"),
            (&"in:a ".repeat(11), "query: at most 10 filters"),
        ] {
            let refusal = ParsedQuery::parse(query, 0).unwrap_err();
            assert_eq!((refusal.code, &*refusal.message), (Code::BadField, message), "{query}");
        }
        assert_eq!(parsed(&"in:a ".repeat(10)).rooms.len(), 10);
    }

    #[test]
    fn a_date_is_a_day_in_the_zone() {
        let range = |query: &str, zone: &str| {
            let filter = ParsedQuery::parse(query, zone_ms(zone).unwrap()).unwrap().filter;
            (filter.since, filter.until)
        };
        const DAY: u64 = 1_732_060_800_000; // 2024-11-20
        const HOUR: u64 = 60 * 60 * 1000;
        assert_eq!(range("before:2024-11-20", "+00:00"), (None, Some(DAY)));
        assert_eq!(range("after:2024-11-20", "+00:00"), (Some(DAY + 24 * HOUR), None));
        assert_eq!(range("before:2024-11-20", "+02:00"), (None, Some(DAY - 2 * HOUR)));
        assert_eq!(range("before:2024-11-20", "-03:30"), (None, Some(DAY + 7 * HOUR / 2)));
        assert_eq!(
            range(
                "after:2024-11-18 before:2024-11-25 after:2024-11-19 before:2024-11-20",
                "+00:00"
            ),
            (Some(DAY), Some(DAY)),
        );
        assert_eq!(range("before:1970-01-01", "+01:00"), (None, Some(0)));
        for (date, days) in [
            ("1970-01-01", Some(0)),
            ("1972-03-01", Some(790)),
            ("2000-02-29", Some(11_016)),
            ("2100-03-01", Some(47_541)),
            ("9999-12-31", Some(2_932_896)),
            ("1969-12-31", None),
            ("2100-02-29", None),
            ("2024-13-01", None),
            ("2024-00-01", None),
            ("2024-04-31", None),
            ("2024-4-01", None),
            ("2024-04-01-", None),
            ("2024-04-+1", None),
            ("20240401", None),
        ] {
            assert_eq!(days_of(date), days, "{date}");
        }
        for zone in ["", "Z", "02:00", "+2:00", "+24:00", "+00:60", "+0a:00", "+02:00 ", "é02:00"]
        {
            assert_eq!(zone_ms(zone), None, "{zone}");
        }
    }
}
