//! The files of `web/`, as `build.rs` put them into the binary, and how they are served.
//!
//! Every answer carries headers under which a page can run nothing but its own files and talk to
//! nobody but its own server. Each file is there as it stands, with gzip and with brotli, where
//! that makes it smaller; the client's `Accept-Encoding` chooses.
//!
//! A page names its modules and styles under `/v/ID/`, where ID is that of the build. Under it a
//! file never changes, and another build's ID leads to nothing: a page that was loaded while the
//! server was replaced cannot mix the two. Modules are without comments there. Everything else has no version in its name, so browsers
//! keep it but ask each time whether it changed (RFC 9111 §5.2.2.4); an entity tag makes that a
//! short answer.

mod coding;

use std::borrow::Cow;

use crate::http::{Method, Request, Response, Status};
use coding::Coding;

// `BUILD`, the id, and `Web`, which has the files by coding and name.
include!(concat!(env!("OUT_DIR"), "/web.rs"));

/// Answers a request for one of the files; None if the path is none of theirs.
pub fn respond(request: &Request) -> Option<Response> {
    let (name, lasts) = name_of(&request.path)?;
    let stored = if lasts && name.ends_with(".js") { format!("v/{name}") } else { name.to_owned() };
    let variants = variants(&stored);
    if variants.is_empty() {
        return None;
    }
    if !matches!(request.method, Method::Get | Method::Head) {
        let refusal = Response::text(Status(405), "only GET and HEAD are for files");
        return Some(refusal.with_header("Allow", "GET, HEAD"));
    }
    let is_chosen = variants.len() > 1;
    let Some(variant) = coding::choose(request, variants, |variant| variant.coding) else {
        let refusal = Response::text(Status(406), "the codings of this file are br and gzip");
        return Some(refusal.with_header("Vary", "Accept-Encoding"));
    };
    let fresh = request.tokens("if-none-match").any(|tag| is_tag(tag, &variant.tag));
    let mut response = Response::new(Status(if fresh { 304 } else { 200 }))
        .with_header("Cache-Control", if lasts { LASTING } else { "no-cache" });
    // What never changes is never asked for again.
    if !lasts {
        response = response.with_header("ETag", variant.tag);
    }
    if is_chosen {
        response = response.with_header("Vary", "Accept-Encoding");
    }
    for &(header, value) in HEADERS.iter().filter(|(header, _)| is_for(header, name, lasts)) {
        response = response.with_header(header, value);
    }
    if fresh {
        return Some(response);
    }
    response = response.with_header("Content-Type", content_type(name));
    if variant.coding != Coding::Identity {
        response = response.with_header("Content-Encoding", variant.coding.name());
    }
    response.body = variant.content;
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
         require-trusted-types-for 'script'; trusted-types worker",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=()"),
];

/// Whether a file needs a header. Modules and styles are nothing by themselves: the policy of
/// the page that loads them holds. There are many of them, and headers are not compressed; where
/// the path says which build they are of, only what keeps their types from being guessed is left.
fn is_for(header: &str, name: &str, lasts: bool) -> bool {
    let is_part = name != "sw.js" && (name.ends_with(".js") || name.ends_with(".css"));
    match header {
        "X-Content-Type-Options" => true,
        "Cross-Origin-Resource-Policy" => !(is_part && lasts),
        _ => !is_part,
    }
}

/// Is for files whose path says which build they are of.
const LASTING: &str = "max-age=31536000, immutable";

/// A file in one coding.
struct Variant {
    coding: Coding,
    content: Cow<'static, [u8]>,
    tag: String,
}

/// Returns the file that a path means, and whether the path is that of this build alone.
fn name_of(path: &str) -> Option<(&str, bool)> {
    match path.strip_prefix('/')? {
        "" => Some(("index.html", false)),
        "stats" => Some(("stats/index.html", false)),
        name => match name.strip_prefix("v/") {
            Some(rest) => Some((rest.strip_prefix(BUILD)?.strip_prefix('/')?, true)),
            None => Some((name, false)),
        },
    }
}

/// Returns what there is of a file; nothing if there is no such file.
fn variants(name: &str) -> Vec<Variant> {
    let codings = [Coding::Brotli, Coding::Gzip, Coding::Identity];
    let found = codings.into_iter().map(|coding| {
        let file = Web::get(&format!("{}/{name}", coding.name()))?;
        // The hash was taken when the file was put into the binary; a part of it tells versions
        // and codings apart as well.
        let hash = file.metadata.sha256_hash();
        let tag = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect::<String>();
        Some(Variant { coding, content: file.data, tag: format!("\"{tag}\"") })
    });
    found.flatten().collect()
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
mod tests;
