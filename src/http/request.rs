//! A request: its method, target, version, headers and body.

/// A request method; case-sensitive (RFC 9110 §9.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// Requests a resource, or opens a WebSocket.
    Get,
    /// Requests the headers of a GET.
    Head,
    /// Submits a body.
    Post,
    /// Deletes a resource.
    Delete,
    /// Requests the allowed methods.
    Options,
    /// Any other token; the router answers 405.
    Other,
}

/// A version of HTTP (§2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.0: without `Host`, chunked bodies, `Upgrade` and persistent connections.
    Http10,
    /// HTTP/1.1.
    Http11,
}

/// The announced length of a body that is streamed (§6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamedLength {
    /// This many bytes.
    Bytes(u64),
    /// Unknown: the body is chunked.
    Chunked,
}

/// A request with its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The target's path, percent-encoded as sent; `*` for a server-wide OPTIONS.
    pub path: String,
    /// The target's query, as sent; empty if there is none.
    pub query: String,
    /// The body; empty if there is none.
    pub body: Vec<u8>,
    /// The version.
    pub version: Version,
    /// Whether another request may follow on this connection.
    pub keep_alive: bool,
    /// The announced length of a body that follows in parts; `None` if `body` is all there is.
    pub streamed: Option<StreamedLength>,
    /// The authority the request is for: of an absolute-form target, else the Host header (§3.2.2);
    /// empty if there is neither.
    pub host: String,
    pub(super) fields: Fields,
}

impl Request {
    /// Returns the value of the first header of this name, compared without case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.fields.values(name).next()
    }

    /// Returns the values of all header lines of this name, in order.
    pub fn headers<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.fields.values(name)
    }

    /// Returns the elements of a comma-separated list over all lines of this name, trimmed; empty
    /// ones are skipped (RFC 9110 §5.6.1). What follows the first 128, empty ones included, is
    /// ignored: a list is looked through once for each word that is wanted.
    pub fn tokens<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.fields
            .values(name)
            .flat_map(|value| value.split(','))
            .take(ELEMENTS_MAX)
            .map(|element| element.trim_matches([' ', '\t']))
            .filter(|element| !element.is_empty())
    }
}

/// Elements of a list that are read.
const ELEMENTS_MAX: usize = 128;

/// The headers of a request, in one string.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fields {
    text: String,
    /// Where each name and each value ends in `text`; they alternate.
    ends: Vec<(usize, usize)>,
}

impl Fields {
    /// Adds a line. Bytes that are not UTF-8 become U+FFFD.
    pub(super) fn push(&mut self, name: &str, value: &[u8]) {
        self.text.push_str(name);
        let name_end = self.text.len();
        self.text.push_str(&String::from_utf8_lossy(value));
        self.ends.push((name_end, self.text.len()));
    }

    pub(super) fn values<'a, 'n>(
        &'a self,
        name: &'n str,
    ) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        let mut start = 0;
        self.ends.iter().filter_map(move |&(name_end, value_end)| {
            let field = (self.text.get(start..name_end)?, self.text.get(name_end..value_end)?);
            start = value_end;
            field.0.eq_ignore_ascii_case(name).then_some(field.1)
        })
    }
}
