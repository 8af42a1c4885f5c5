//! The URL by which a server is reached from outside, as a value.

use super::{Value, WebOrigin};

/// The URL that links to this server begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    origin: WebOrigin,
    /// Without a slash at its end; empty for a server that has its host to itself.
    path: String,
}

impl PublicUrl {
    /// Returns the origin of the server's pages.
    pub fn origin(&self) -> &WebOrigin {
        &self.origin
    }

    /// Returns the link to a path of the server, which begins with a slash.
    pub fn link(&self, path: &str) -> String {
        format!("{}{}{path}", self.origin, self.path)
    }
}

impl Value for PublicUrl {
    fn form() -> String {
        "URL".into()
    }

    fn parse(text: &str) -> Result<Self, String> {
        let parsed = || {
            let (scheme, rest) = text.split_once("://")?;
            let (host, path) = rest.split_at_checked(rest.find('/').unwrap_or(rest.len()))?;
            let web = ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
            let origin = WebOrigin::parse(&format!("{scheme}://{host}")).filter(|_| web)?;
            let path = path.strip_suffix('/').unwrap_or(path);
            let plain =
                |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte);
            let mut segments = path.split('/').skip(1);
            let sound = segments
                .all(|segment| !["", ".", ".."].contains(&segment) && segment.bytes().all(plain));
            sound.then(|| Self { origin, path: path.to_owned() })
        };
        parsed().ok_or_else(|| {
            "not the URL of a server; use http or https, a host and perhaps a path, such as \
             https://chat.example or https://example.org/chat"
                .into()
        })
    }

    fn text(&self) -> String {
        self.link("")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_is_a_scheme_a_host_and_perhaps_a_path() {
        for (text, link) in [
            ("https://chat.example", "https://chat.example/stats"),
            ("https://chat.example/", "https://chat.example/stats"),
            ("HTTPS://Chat.Example:443", "https://chat.example/stats"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/stats"),
            ("https://[::1]:8443/a/b/", "https://[::1]:8443/a/b/stats"),
        ] {
            let url = PublicUrl::parse(text).expect(text);
            assert_eq!(url.link("/stats"), link);
            assert_eq!(PublicUrl::parse(&url.text()), Ok(url));
        }
        for text in [
            "",
            "chat.example",
            "//chat.example",
            "ws://chat.example",
            "ftp://chat.example",
            "https://",
            "https:///chat",
            "https://me@chat.example",
            "https://chat.example?x",
            "https://chat.example/?x",
            "https://chat.example/#x",
            "https://chat.example//",
            "https://chat.example/a//b",
            "https://chat.example/../b",
            "https://chat.example/a b",
            "https://chat.example/a>b",
            "https://chat.example:99999",
        ] {
            let why = PublicUrl::parse(text).expect_err(text);
            assert!(why.contains("https://chat.example"), "{why}");
        }
    }
}
