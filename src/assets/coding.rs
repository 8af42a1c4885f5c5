//! Content codings, and their negotiation (RFC 9110 §12.5.3).

use crate::http::Request;

/// A content coding. The last ones are preferred where a client has no preference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Coding {
    /// No coding.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 7932.
    Brotli,
}

impl Coding {
    /// Returns the registered name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Brotli => "br",
        }
    }

    fn is_named(self, name: &str) -> bool {
        name.eq_ignore_ascii_case(self.name())
            || self == Self::Gzip && name.eq_ignore_ascii_case("x-gzip")
    }
}

/// Returns the variant that the client prefers; `None` if it accepts none.
pub(super) fn choose<T>(
    request: &Request,
    variants: Vec<T>,
    coding: impl Fn(&T) -> Coding,
) -> Option<T> {
    let rated = variants.into_iter().filter_map(|it| Some((weight(request, coding(&it))?, it)));
    rated.max_by_key(|(weight, it)| (*weight, coding(it))).map(|(_, variant)| variant)
}

/// Returns the weight of a coding in thousandths; `None` if the client does not accept it.
///
/// Identity is accepted unless the client excludes it. Malformed elements are ignored.
fn weight(request: &Request, coding: Coding) -> Option<u16> {
    let wanted = || request.tokens("accept-encoding").filter_map(element);
    let own = wanted().find(|(name, _)| coding.is_named(name));
    let any = || wanted().find(|(name, _)| *name == "*");
    match own.or_else(any) {
        Some((_, 0)) => None,
        Some((_, weight)) => Some(weight),
        None => (coding == Coding::Identity).then_some(0),
    }
}

/// Parses an element such as `gzip;q=0.5`; the default weight is 1.
fn element(element: &str) -> Option<(&str, u16)> {
    let Some((name, weight)) = element.split_once(';') else { return Some((element, 1000)) };
    let (q, value) = weight.trim_matches([' ', '\t']).split_once('=')?;
    q.eq_ignore_ascii_case("q").then_some(())?;
    Some((name.trim_end_matches([' ', '\t']), thousandths(value)?))
}

/// Parses a weight such as `0`, `0.5`, `1.000`: at most 1, with at most three decimals.
fn thousandths(value: &str) -> Option<u16> {
    let (whole, part) = value.split_once('.').unwrap_or((value, ""));
    if part.len() > 3 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = format!("{part:0<3}").parse().ok()?;
    match (whole, part) {
        ("0", part) => Some(part),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Limits, Parser};

    fn chosen(lines: &[&str], there: &[Coding]) -> Option<Coding> {
        let fields: String = lines.iter().map(|it| format!("Accept-Encoding: {it}\r\n")).collect();
        let text = format!("GET / HTTP/1.1\r\nHost: chat.example\r\n{fields}\r\n");
        let request = Parser::default().feed(&Limits::default(), &mut text.as_bytes());
        let request = request.expect("a sound request").expect("a whole request");
        choose(&request, there.to_vec(), |coding| *coding)
    }

    const ALL: [Coding; 3] = [Coding::Brotli, Coding::Gzip, Coding::Identity];

    #[test]
    fn the_coding_that_the_client_prefers_is_chosen() {
        for (lines, coding) in [
            (&["gzip, deflate, br, zstd"][..], Some(Coding::Brotli)),
            (&["br, gzip"], Some(Coding::Brotli)),
            (&["gzip", "br"], Some(Coding::Brotli)),
            (&["gzip"], Some(Coding::Gzip)),
            (&["X-GZip"], Some(Coding::Gzip)),
            (&["BR;Q=0.001"], Some(Coding::Brotli)),
            (&["br;q=0.5, gzip;q=0.8"], Some(Coding::Gzip)),
            (&["br ; q=0.8 , gzip;q=0.5"], Some(Coding::Brotli)),
            (&["identity, gzip;q=0.5"], Some(Coding::Identity)),
            (&["*"], Some(Coding::Brotli)),
            (&["br;q=0, *"], Some(Coding::Gzip)),
            (&["gzip;q=0.5, *;q=0.1"], Some(Coding::Gzip)),
            (&["deflate"], Some(Coding::Identity)),
            (&["gzip;q=0, br;q=0"], Some(Coding::Identity)),
            (&[""], Some(Coding::Identity)),
            (&[], Some(Coding::Identity)),
        ] {
            assert_eq!(chosen(lines, &ALL), coding, "{lines:?}");
        }
    }

    #[test]
    fn a_client_can_refuse_every_coding() {
        for refusal in ["identity;q=0", "*;q=0", "identity;q=0.000, br;q=0, gzip;q=0.0"] {
            assert_eq!(chosen(&[refusal], &[Coding::Identity]), None, "{refusal}");
        }
        assert_eq!(chosen(&["*;q=0"], &ALL), None);
        assert_eq!(chosen(&["identity;q=0, *"], &ALL), Some(Coding::Brotli));
        assert_eq!(chosen(&["identity;q=0.1, *;q=0"], &ALL), Some(Coding::Identity));
        assert_eq!(chosen(&["br;q=1, *;q=0"], &[Coding::Identity]), None);
    }

    #[test]
    fn malformed_elements_are_ignored() {
        for odd in [
            "br;q=2",
            "br;q=1.001",
            "br;q=0.1234",
            "br;q=-1",
            "br;q=",
            "br;q",
            "br;x=1",
            "br;q=.5",
            ";",
            "br;q=1;q=1",
        ] {
            assert_eq!(chosen(&[odd], &ALL), Some(Coding::Identity), "{odd}");
        }
    }
}
