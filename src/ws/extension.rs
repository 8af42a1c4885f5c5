//! Negotiation of permessage-deflate in Sec-WebSocket-Extensions (§9.1, RFC 7692 §5 and §7.1).

use super::deflate::WindowBits;
use crate::http::is_token_byte;

/// The header is not a list of extensions, which MUST fail the handshake (§9.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// The agreed parameters: no context takeover in either direction, and our window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Deflate {
    pub(super) window: WindowBits,
    /// Whether the answer names the window: if, and only if, the offer did (RFC 7692 §7.1.2.1).
    pub(super) window_named: bool,
}

impl Deflate {
    /// Returns the value of the answer's Sec-WebSocket-Extensions.
    pub(super) fn answer(self) -> String {
        let mut answer =
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover".to_owned();
        if self.window_named {
            answer.push_str("; server_max_window_bits=");
            answer.push_str(&self.window.get().to_string());
        }
        answer
    }
}

/// Returns the first acceptable offer, if any, from the values of all header lines.
///
/// All lines are parsed to their end, so that an error behind the first offer is found, too.
pub(super) fn negotiate<'a>(
    lines: impl Iterator<Item = &'a str>,
) -> Result<Option<Deflate>, Malformed> {
    let mut picked = None;
    // §9.1: `1#extension`; empty elements may be skipped, but one must be there.
    let (mut given, mut found) = (false, false);
    for line in lines {
        given = true;
        let mut text = Text(line);
        loop {
            text.skip_blanks();
            if !text.0.starts_with(',') && !text.0.is_empty() {
                let offer = parse_offer(&mut text)?;
                picked = picked.or(offer);
                found = true;
            }
            if text.0.is_empty() {
                break;
            }
            text.expect(',')?;
        }
    }
    if given && !found { Err(Malformed) } else { Ok(picked) }
}

/// Parses one extension with its parameters; `None` if it is not acceptable.
fn parse_offer(text: &mut Text<'_>) -> Result<Option<Deflate>, Malformed> {
    let mut offer = (text.token()? == "permessage-deflate").then(Offer::default);
    loop {
        text.skip_blanks();
        if text.expect(';').is_err() {
            return Ok(offer.map(Offer::agree));
        }
        text.skip_blanks();
        let name = text.token()?;
        text.skip_blanks();
        let value = match text.expect('=') {
            Ok(()) => {
                text.skip_blanks();
                Some(text.value()?)
            }
            Err(Malformed) => None,
        };
        offer = offer.and_then(|offer| offer.with(name, value.as_deref()));
    }
}

/// The parameters of one permessage-deflate offer.
#[derive(Clone, Copy, Debug, Default)]
struct Offer {
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
    server_window: Option<WindowBits>,
    client_window: bool,
}

impl Offer {
    /// Adds a parameter. `None` declines the offer: RFC 7692 §7.1 has us do so for a parameter
    /// that is unknown, given twice, or has a bad value.
    fn with(mut self, name: &str, value: Option<&str>) -> Option<Self> {
        match (name, value) {
            ("server_no_context_takeover", None) if !self.server_no_context_takeover => {
                self.server_no_context_takeover = true;
            }
            ("client_no_context_takeover", None) if !self.client_no_context_takeover => {
                self.client_no_context_takeover = true;
            }
            ("server_max_window_bits", Some(bits)) if self.server_window.is_none() => {
                // 8 is legal, but zlib cannot do it: declined, too.
                self.server_window = Some(WindowBits::new(parse_bits(bits)?)?);
            }
            ("client_max_window_bits", bits) if !self.client_window => {
                if let Some(bits) = bits {
                    parse_bits(bits)?;
                }
                self.client_window = true;
            }
            _ => return None,
        }
        Some(self)
    }

    fn agree(self) -> Deflate {
        Deflate {
            window: self.server_window.unwrap_or(WindowBits::MAX),
            window_named: self.server_window.is_some(),
        }
    }
}

/// RFC 7692 §7.1.2: a decimal number from 8 to 15 without leading zeros.
fn parse_bits(text: &str) -> Option<u8> {
    match text {
        "8" => Some(8),
        "9" => Some(9),
        _ => text.parse().ok().filter(|bits| text.len() == 2 && (10..=15).contains(bits)),
    }
}

/// The unparsed rest of a header's value. Each step reads each byte once.
struct Text<'a>(&'a str);

impl<'a> Text<'a> {
    fn skip_blanks(&mut self) {
        self.0 = self.0.trim_start_matches([' ', '\t']);
    }

    fn expect(&mut self, separator: char) -> Result<(), Malformed> {
        self.0 = self.0.strip_prefix(separator).ok_or(Malformed)?;
        Ok(())
    }

    fn token(&mut self) -> Result<&'a str, Malformed> {
        let end = self.0.bytes().position(|byte| !is_token_byte(byte)).unwrap_or(self.0.len());
        match self.0.split_at_checked(end) {
            Some((token, rest)) if !token.is_empty() => {
                self.0 = rest;
                Ok(token)
            }
            _ => Err(Malformed),
        }
    }

    /// §9.1: a token, or a quoted string that is a token without its quotes and escapes.
    fn value(&mut self) -> Result<String, Malformed> {
        if self.expect('"').is_err() {
            return self.token().map(str::to_owned);
        }
        let mut value = String::new();
        let mut chars = self.0.chars();
        loop {
            let char = match chars.next().ok_or(Malformed)? {
                '"' => break,
                '\\' => chars.next().ok_or(Malformed)?,
                char => char,
            };
            value.push(char);
        }
        self.0 = chars.as_str();
        let is_token = !value.is_empty() && value.bytes().all(is_token_byte);
        if is_token { Ok(value) } else { Err(Malformed) }
    }
}
