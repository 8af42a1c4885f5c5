//! How figures are written: the text format of Prometheus, version 0.0.4, or that of OpenMetrics
//! 1.0.0 for those who accept it.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeLabelSet, LabelSetEncoder, MetricEncoder, NoLabelSet, prometheus_text,
    text,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use crate::http::{Request, Response, Status};

/// A metric and its values.
#[derive(Debug)]
pub(super) struct Family {
    /// The name; a counter's without the `_total` that ends it.
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) values: Values,
}

/// The values of a metric.
#[derive(Debug)]
pub(super) enum Values {
    Counter(Vec<(Label, Number)>),
    Gauge(Vec<(Label, Number)>),
    /// The sum, and the count of each bucket by its upper bound.
    Histogram(f64, Vec<(f64, u64)>),
}

/// A number; only those that are whole are written as such.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    Whole(u64),
    Real(f64),
}

/// The one label of a value, if it has one.
#[derive(Clone, Debug)]
pub(super) struct Label(pub(super) Option<(&'static str, String)>);

impl Label {
    pub(super) const NONE: Self = Self(None);
}

impl EncodeLabelSet for Label {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        match &self.0 {
            Some((name, value)) => [(*name, value.as_str())].encode(encoder),
            None => Ok(()),
        }
    }
}

/// All metrics of a scrape.
#[derive(Debug)]
struct Scrape(Vec<Family>);

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|family| {
            let Family { name, help, values } = family;
            let kind = match values {
                Values::Counter(_) => MetricType::Counter,
                Values::Gauge(_) => MetricType::Gauge,
                Values::Histogram(..) => MetricType::Histogram,
            };
            encode(values, encoder.encode_descriptor(name, help, None, kind)?)
        })
    }
}

fn encode(values: &Values, mut encoder: MetricEncoder<'_>) -> fmt::Result {
    match values {
        Values::Counter(values) => values.iter().try_for_each(|(label, value)| {
            let mut encoder = encoder.encode_family(label)?;
            match value {
                Number::Whole(n) => encoder.encode_counter::<NoLabelSet, _, f64>(n, None),
                Number::Real(n) => encoder.encode_counter::<NoLabelSet, _, f64>(n, None),
            }
        }),
        Values::Gauge(values) => values.iter().try_for_each(|(label, value)| {
            let mut encoder = encoder.encode_family(label)?;
            match value {
                Number::Whole(n) => encoder.encode_gauge(n),
                Number::Real(n) => encoder.encode_gauge(n),
            }
        }),
        Values::Histogram(sum, buckets) => {
            let count = buckets.iter().fold(0_u64, |sum, (_, count)| sum.saturating_add(*count));
            encoder.encode_histogram::<NoLabelSet>(*sum, count, buckets, None)
        }
    }
}

/// Returns the response with these metrics, in the format that the request accepts.
pub(super) fn respond(request: &Request, families: Vec<Family>) -> Response {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Scrape(families)));
    let mut body = String::new();
    let openmetrics = accepts_openmetrics(request);
    let written = match openmetrics {
        true => text::encode(&mut body, &registry),
        false => prometheus_text::encode(&mut body, &registry),
    };
    if written.is_err() {
        return Response::text(Status(500), "the metrics cannot be written");
    }
    let form = if openmetrics { OPENMETRICS } else { prometheus_text::CONTENT_TYPE };
    Response { body: body.into_bytes().into(), ..Response::new(Status(200)) }
        .with_header("Content-Type", form)
        .with_header("Cache-Control", "no-store")
        .with_header("Vary", "Accept")
}

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Whether a request prefers OpenMetrics 1.0.0: Prometheus gives what it likes best first, or the
/// higher weight.
fn accepts_openmetrics(request: &Request) -> bool {
    let weight = |wanted: &str| {
        let ranges = request.tokens("accept").filter_map(|range| {
            let mut parts = range.split(';').map(str::trim);
            let version =
                |part: &&str| part.strip_prefix("version=").is_some_and(|it| it != "1.0.0");
            let is_wanted = parts.next()?.eq_ignore_ascii_case(wanted);
            let parts: Vec<&str> = parts.collect();
            let foreign = wanted == "application/openmetrics-text" && parts.iter().any(version);
            let weight = parts.iter().find_map(|part| part.strip_prefix("q="));
            let weight = weight.map_or(Some(1.0), |weight| weight.parse().ok())?;
            (is_wanted && !foreign).then_some(weight)
        });
        ranges.fold(0.0, f32::max)
    };
    let openmetrics = weight("application/openmetrics-text");
    openmetrics > 0.0 && openmetrics >= weight("text/plain")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Parser;

    #[test]
    fn the_format_is_the_one_that_the_scraper_accepts() {
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,\
                          application/openmetrics-text;version=0.0.1;q=0.4,\
                          text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        for (accept, openmetrics) in [
            ("", false),
            ("*/*", false),
            ("text/plain", false),
            ("application/openmetrics-text", true),
            ("application/openmetrics-text; version=0.0.1", false),
            ("application/openmetrics-text; q=0", false),
            ("text/plain;version=0.0.4, application/openmetrics-text;version=1.0.0;q=0.5", false),
            (prometheus, true),
        ] {
            let text = format!("GET / HTTP/1.1\r\nHost: x\r\nAccept: {accept}\r\n\r\n");
            let request = Parser::default().feed(&Default::default(), &mut text.as_bytes());
            let request = request.unwrap().unwrap();
            assert_eq!(accepts_openmetrics(&request), openmetrics, "{accept}");
        }
    }
}
