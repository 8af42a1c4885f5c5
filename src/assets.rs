//! The files of `web/`, as they stand in the binary, and how they are served.
//!
//! Every answer carries headers under which a page can run nothing but its own files and talk to
//! nobody but its own server. What is served has no version in its name, so browsers keep it but
//! ask each time whether it changed (RFC 9111 §5.2.2.4); an entity tag makes that a short answer.

use std::borrow::Cow;

use rust_embed::Embed;

use crate::http::{Method, Request, Response, Status};

/// Answers a request for one of the files; None if the path is none of theirs.
pub fn respond(request: &Request) -> Option<Response> {
    let asset = Asset::find(&request.path)?;
    if !matches!(request.method, Method::Get | Method::Head) {
        let refusal = Response::text(Status(405), "only GET and HEAD are for files");
        return Some(refusal.with_header("Allow", "GET, HEAD"));
    }
    let fresh = request.tokens("if-none-match").any(|tag| is_tag(tag, &asset.tag));
    let response = Response::new(Status(if fresh { 304 } else { 200 }))
        .with_header("ETag", asset.tag)
        .with_header("Cache-Control", "no-cache");
    let response =
        HEADERS.iter().fold(response, |response, &(name, value)| response.with_header(name, value));
    if fresh {
        return Some(response);
    }
    let mut response = response.with_header("Content-Type", asset.content_type);
    response.body = asset.content;
    Some(response)
}

/// Stands on everything that a browser may show: no code but the server's own files, no connection
/// but to the server itself, no frame around it, no guessing of types, no strings as code.
pub const HEADERS: &[(&str, &str)] = &[
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
         font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=()"),
];

#[derive(Embed)]
#[folder = "web/"]
struct Web;

struct Asset {
    content: Cow<'static, [u8]>,
    content_type: &'static str,
    tag: String,
}

impl Asset {
    fn find(path: &str) -> Option<Self> {
        let name = match path.strip_prefix('/')? {
            "" => "index.html",
            name => name,
        };
        let file = Web::get(name)?;
        // The hash was taken when the file was put into the binary; a part of it tells versions
        // apart as well.
        let hash = file.metadata.sha256_hash();
        let tag = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect::<String>();
        let tag = format!("\"{tag}\"");
        Some(Self { content: file.data, content_type: content_type(name), tag })
    }
}

/// Compares as RFC 9110 §13.1.2 says: weakly.
fn is_tag(given: &str, tag: &str) -> bool {
    given == "*" || given.strip_prefix("W/").unwrap_or(given) == tag
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::http::{Limits, Parser};

    fn ask(head: &str) -> Option<Response> {
        let text = format!("{}\r\nHost: chat.example\r\n\r\n", head.replace('\n', "\r\n"));
        let request = Parser::default().feed(&Limits::default(), &mut text.as_bytes());
        respond(&request.expect("a sound request").expect("a whole request"))
    }

    fn headers(response: &Response) -> BTreeMap<&str, &str> {
        response.headers.iter().map(|(name, value)| (*name, value.as_ref())).collect()
    }

    #[test]
    fn the_root_is_the_page() {
        let page = ask("GET / HTTP/1.1").expect("the page");
        assert_eq!(page.status, Status(200));
        assert_eq!(headers(&page)["Content-Type"], "text/html; charset=utf-8");
        assert_eq!(page.body, Web::get("index.html").expect("the page").data);
        assert_eq!(Some(page), ask("GET /index.html HTTP/1.1"));
    }

    #[test]
    fn every_file_is_served_with_a_known_type_and_the_strict_headers() {
        for name in Web::iter() {
            let file = ask(&format!("GET /{name} HTTP/1.1")).expect("a file");
            let headers = headers(&file);
            assert_ne!(headers["Content-Type"], "application/octet-stream", "{name}");
            assert_eq!(headers["Cache-Control"], "no-cache");
            for (header, value) in HEADERS {
                assert_eq!(headers.get(header), Some(value), "{name}");
            }
        }
    }

    #[test]
    fn a_file_that_the_browser_has_is_not_sent_again() {
        let tag = headers(&ask("GET / HTTP/1.1").expect("the page"))["ETag"].to_owned();
        assert!(tag.len() == 34 && tag.starts_with('"') && tag.ends_with('"'), "{tag}");
        for tags in [&tag, &format!("W/{tag}"), &format!("\"a\", {tag}"), "*"] {
            let same = ask(&format!("GET / HTTP/1.1\nIf-None-Match: {tags}")).expect("the page");
            assert_eq!((same.status, same.body.len()), (Status(304), 0), "{tags}");
            assert_eq!(headers(&same)["ETag"], tag);
        }
        for tags in ["\"a\"", "\"\"", tag.trim_matches('"')] {
            let other = ask(&format!("GET / HTTP/1.1\nIf-None-Match: {tags}")).expect("the page");
            assert_eq!(other.status, Status(200), "{tags}");
        }
    }

    #[test]
    fn what_is_no_file_is_left_to_others() {
        for path in
            ["/ws", "/healthz", "/nope.js", "//index.html", "/../Cargo.toml", "/.", "/index.html/"]
        {
            assert_eq!(ask(&format!("GET {path} HTTP/1.1")), None, "{path}");
        }
    }

    #[test]
    fn a_file_can_only_be_read() {
        let head = ask("HEAD / HTTP/1.1").expect("the page");
        assert_eq!(head.status, Status(200));
        let refusal = ask("PUT / HTTP/1.1\nContent-Length: 0").expect("an answer");
        assert_eq!((refusal.status, headers(&refusal)["Allow"]), (Status(405), "GET, HEAD"));
    }
}
