//! Distributions of times.

use hdrhistogram::Histogram;
use serde_json::{Value, json};

/// Returns an empty histogram of microseconds, exact to three digits.
pub(super) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, HOUR_US, 3).expect("sound bounds")
}

const HOUR_US: u64 = 60 * 60 * 1_000_000;

/// The percentiles that are shown.
const PERCENTILES: [(&str, f64); 4] = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)];

/// Returns the percentiles for people.
pub(super) fn percentiles(times: &Histogram<u64>) -> String {
    let shown =
        PERCENTILES.map(|(name, part)| format!("{name} {}", ms(times.value_at_quantile(part))));
    format!("{}, max {} ms", shown.join(", "), ms(times.max()))
}

/// Returns the percentiles in milliseconds; null if nothing was measured.
pub(super) fn percentiles_json(times: &Histogram<u64>) -> Value {
    if times.is_empty() {
        return Value::Null;
    }
    let ms = |us: u64| us as f64 / 1e3;
    let mut json: Value = PERCENTILES
        .iter()
        .map(|(name, part)| (*name, ms(times.value_at_quantile(*part))))
        .collect();
    json["max"] = json!(ms(times.max()));
    json
}

/// Returns microseconds as milliseconds.
fn ms(us: u64) -> String {
    let ms = us as f64 / 1e3;
    if ms < 10.0 { format!("{ms:.2}") } else { format!("{ms:.0}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_in_milliseconds() {
        assert_eq!((ms(0), ms(1234), ms(123_456)), ("0.00".into(), "1.23".into(), "123".into()));
        let mut times = histogram();
        assert_eq!(percentiles_json(&times), Value::Null);
        (1..=1000).for_each(|us| times.saturating_record(us * 1000));
        assert_eq!(percentiles(&times), "p50 500, p90 900, p99 990, p99.9 999, max 1000 ms");
        assert_eq!(percentiles_json(&times)["max"], json!(1000.447));
    }
}
