//! The files of `web/`, embedded by `build.rs`, and how they are served.
//!
//! Every response has headers under which a page can run only its own files and connect only to its
//! own server. Each file is stored plain, and with gzip and brotli where that makes it smaller; the
//! client's `Accept-Encoding` chooses.
//!
//! All addresses in pages, styles and modules are relative, so that a proxy may serve the page under any path.
//! A page names its modules and styles under `v/ID/`, where ID is that of the build. Under it a
//! file never changes, and another build's ID is not found: a page loaded while the server is
//! replaced cannot mix two builds. Modules have no comments there. Everything else has no version in its name, so browsers
//! keep it but ask each time whether it changed (RFC 9111 §5.2.2.4); an entity tag makes that a
//! short answer.

mod coding;
mod document;

use std::borrow::Cow;

use crate::http::{Method, Request, Response, Status};
use coding::Coding;
pub use document::Document;

// `BUILD`, the id, and `Web`, which has the files by coding and name.
include!(concat!(env!("OUT_DIR"), "/web.rs"));

/// Answers a request for one of the files; `None` for any other path.
pub fn respond(request: &Request) -> Option<Response> {
    let (name, lasts) = name_of(&request.path)?;
    let stored = if lasts && name.ends_with(".js") { format!("v/{name}") } else { name.to_owned() };
    let variants = variants(&stored);
    if variants.is_empty() {
        return None;
    }
    Some(answer(request, name, lasts, variants))
}

/// Answers a request for a file; `lasts` if it never changes.
fn answer(request: &Request, name: &str, lasts: bool, variants: Vec<Variant>) -> Response {
    // The question by which HAProxy checks whether a server is up.
    if request.method == Method::Options {
        return Response::new(Status(204)).with_header("Allow", "GET, HEAD, OPTIONS");
    }
    if !matches!(request.method, Method::Get | Method::Head) {
        let refusal = Response::text(Status(405), "only GET and HEAD");
        return refusal.with_header("Allow", "GET, HEAD");
    }
    let is_chosen = variants.len() > 1;
    let Some(variant) = coding::choose(request, variants, |variant| variant.coding) else {
        let refusal = Response::text(Status(406), "available codings: br and gzip");
        return refusal.with_header("Vary", "Accept-Encoding");
    };
    let fresh = request.tokens("if-none-match").any(|tag| is_tag(tag, &variant.tag));
    let mut response = Response::new(Status(if fresh { 304 } else { 200 }))
        .with_header("Cache-Control", if lasts { LASTING } else { "no-cache" });
    // A file that never changes is never revalidated.
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
        return response;
    }
    response = response.with_header("Content-Type", content_type(name));
    if variant.coding != Coding::Identity {
        response = response.with_header("Content-Encoding", variant.coding.name());
    }
    response.body = variant.content;
    response
}

/// Headers of everything that a browser may show: code only from the server's own files,
/// connections only to the server itself, no frame around it, no content sniffing, no strings as
/// code.
pub const HEADERS: &[(&str, &str)] = &[
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
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

/// Whether a file needs a header. Modules and styles fall under the policy of the page that loads
/// them. There are many of them, and headers are not compressed: under the path of a build only the
/// header against content sniffing is left.
fn is_for(header: &str, name: &str, lasts: bool) -> bool {
    let is_part = name != "sw.js" && (name.ends_with(".js") || name.ends_with(".css"));
    match header {
        "X-Content-Type-Options" => true,
        "Cross-Origin-Resource-Policy" => !(is_part && lasts),
        _ => !is_part,
    }
}

/// `Cache-Control` of files under the path of a build.
const LASTING: &str = "max-age=31536000, immutable";

/// A file in one coding.
#[derive(Clone, Debug)]
struct Variant {
    coding: Coding,
    content: Cow<'static, [u8]>,
    tag: String,
}

/// Returns the name of a path's file, and whether the path is specific to this build.
fn name_of(path: &str) -> Option<(&str, bool)> {
    match path.strip_prefix('/')? {
        "" => Some(("index.html", false)),
        "stats" => Some(("stats/index.html", false)),
        // What pages of version 0.1.0 that a browser brings back call it.
        "again.js" => Some(("reload.js", false)),
        name => match name.strip_prefix("v/") {
            Some(rest) => Some((rest.strip_prefix(BUILD)?.strip_prefix('/')?, true)),
            None => Some((name, false)),
        },
    }
}

/// Returns the variants of a file; none if there is no such file.
fn variants(name: &str) -> Vec<Variant> {
    let codings = [Coding::Brotli, Coding::Gzip, Coding::Identity];
    let found = codings.into_iter().map(|coding| {
        let file = Web::get(&format!("{}/{name}", coding.name()))?;
        // Computed when the file was embedded; a part of it is enough for a tag.
        let hash = file.metadata.sha256_hash();
        let tag = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect::<String>();
        Some(Variant { coding, content: file.data, tag: format!("\"{tag}\"") })
    });
    found.flatten().collect()
}

/// Compares entity tags weakly (RFC 9110 §13.1.2).
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
