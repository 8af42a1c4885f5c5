use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use super::*;
use crate::http::{Date, Limits, Parser};

fn ask(head: &str) -> Option<Response> {
    let text = format!("{}\r\nHost: chat.example\r\n\r\n", head.replace('\n', "\r\n"));
    let request = Parser::default().feed(&Limits::default(), &mut text.as_bytes());
    respond(&request.expect("a sound request").expect("a whole request"))
}

fn get(path: &str) -> Response {
    ask(&format!("GET {path} HTTP/1.1")).expect("a file")
}

fn get_coded(path: &str, accepted: &str) -> Response {
    ask(&format!("GET {path} HTTP/1.1\nAccept-Encoding: {accepted}")).expect("a file")
}

fn headers(response: &Response) -> BTreeMap<&str, &str> {
    response.headers.iter().map(|(name, value)| (*name, value.as_ref())).collect()
}

fn text(response: &Response) -> &str {
    std::str::from_utf8(&response.body).expect("UTF-8")
}

/// The names of all files.
fn names() -> Vec<String> {
    let names = Web::iter().filter_map(|it| it.strip_prefix("identity/").map(str::to_owned));
    let names: Vec<String> = names.filter(|name| !name.starts_with("v/")).collect();
    assert!(names.len() > 30, "{names:?}");
    names
}

fn decoded(response: &Response) -> Vec<u8> {
    let mut plain = Vec::new();
    match headers(response).get("Content-Encoding").copied() {
        Some("br") => brotli::Decompressor::new(&*response.body, 4096).read_to_end(&mut plain),
        Some("gzip") => flate2::read::GzDecoder::new(&*response.body).read_to_end(&mut plain),
        Some(other) => panic!("{other}"),
        None => (&*response.body).read_to_end(&mut plain),
    }
    .expect("what was coded can be decoded");
    plain
}

#[test]
fn the_root_is_the_page() {
    let page = get("/");
    assert_eq!(page.status, Status(200));
    assert_eq!(headers(&page)["Content-Type"], "text/html; charset=utf-8");
    assert!(text(&page).contains("<title>chinwag</title>"));
    assert_eq!(page, get("/index.html"));
    assert_eq!(get("/stats"), get("/stats/index.html"));
}

#[test]
fn every_file_is_served_with_a_known_type_and_the_strict_headers() {
    for name in names() {
        let file = get(&format!("/{name}"));
        let headers = headers(&file);
        assert_ne!(headers["Content-Type"], "application/octet-stream", "{name}");
        assert_eq!(headers["Cache-Control"], "no-cache");
        assert_eq!(headers["X-Content-Type-Options"], "nosniff");
        let is_part = name != "sw.js" && (name.ends_with(".js") || name.ends_with(".css"));
        for (header, value) in HEADERS.iter().filter(|_| !is_part) {
            assert_eq!(headers.get(header), Some(value), "{name}");
        }
    }
}

#[test]
fn every_coding_of_a_file_is_the_same_file() {
    for name in names() {
        let path = format!("/{name}");
        let plain = get(&path);
        assert_eq!(headers(&plain).get("Content-Encoding"), None);
        let mut tags = BTreeSet::from([headers(&plain)["ETag"].to_owned()]);
        for coding in ["br", "gzip"] {
            let coded = get_coded(&path, coding);
            assert_eq!(decoded(&coded), *plain.body, "{name}");
            let headers = headers(&coded);
            if let Some(found) = headers.get("Content-Encoding") {
                assert_eq!((*found, headers["Vary"]), (coding, "Accept-Encoding"), "{name}");
                assert!(coded.body.len() < plain.body.len(), "{name}");
                assert!(tags.insert(headers["ETag"].to_owned()), "{name} has one tag for two");
            }
        }
        if name.ends_with(".js") || name.ends_with(".css") || name.ends_with(".html") {
            assert_eq!(tags.len(), 3, "{name}");
            assert_eq!(headers(&plain)["Vary"], "Accept-Encoding", "{name}");
        }
    }
}

#[test]
fn incompressible_files_are_served_plain() {
    let picture = get_coded("/icon-192.png", "br, gzip");
    assert_eq!(headers(&picture).get("Content-Encoding"), None);
    assert_eq!(headers(&picture).get("Vary"), None);
}

#[test]
fn a_client_that_accepts_no_coding_of_a_file_gets_406() {
    let refusal = get_coded("/icon-192.png", "br, *;q=0");
    assert_eq!((refusal.status, headers(&refusal)["Vary"]), (Status(406), "Accept-Encoding"));
    assert_eq!(get_coded("/", "br, *;q=0").status, Status(200));
}

#[test]
fn a_cached_file_is_not_sent_again() {
    for accepted in ["identity", "gzip", "br"] {
        let page = get_coded("/", accepted);
        let tag = headers(&page)["ETag"];
        assert!(tag.len() == 34 && tag.starts_with('"') && tag.ends_with('"'), "{tag}");
        let again = |tags: &str| {
            ask(&format!("GET / HTTP/1.1\nAccept-Encoding: {accepted}\nIf-None-Match: {tags}"))
                .expect("the page")
        };
        for tags in [tag, &format!("W/{tag}"), &format!("\"a\", {tag}"), "*"] {
            let same = again(tags);
            assert_eq!((same.status, same.body.len()), (Status(304), 0), "{tags}");
            let headers = headers(&same);
            assert_eq!((headers["ETag"], headers["Vary"]), (tag, "Accept-Encoding"));
        }
        for tags in ["\"a\"", "\"\"", tag.trim_matches('"')] {
            assert_eq!(again(tags).status, Status(200), "{tags}");
        }
    }
    let gzip = get_coded("/", "gzip");
    let other = ask(&format!("GET / HTTP/1.1\nIf-None-Match: {}", headers(&gzip)["ETag"]));
    assert_eq!(other.expect("the page").status, Status(200), "the tag of another coding");
}

#[test]
fn a_file_under_the_id_of_the_build_is_immutable() {
    for name in names().into_iter().filter(|name| !name.ends_with(".js")) {
        let lasting = get(&format!("/v/{BUILD}/{name}"));
        let now = get(&format!("/{name}"));
        assert_eq!(lasting.status, Status(200), "{name}");
        assert_eq!(lasting.body, now.body, "{name}");
        assert_eq!(headers(&lasting)["Cache-Control"], LASTING);
    }
    for path in ["/v/0123456789abcdef/app.js", "/v//app.js", "/v/app.js", &format!("/v/{BUILD}")] {
        assert_eq!(ask(&format!("GET {path} HTTP/1.1")), None, "{path}");
    }
    assert_eq!(ask(&format!("GET /v/{BUILD}app.js HTTP/1.1")), None);
    assert_eq!(ask(&format!("GET /v/{BUILD}/ HTTP/1.1")), None);
}

#[test]
fn a_page_has_its_modules_in_one_file_without_comments() {
    for (page, entry) in [("/", "app.js"), ("/stats", "stats/stats.js")] {
        let modules = loaded_by(page).into_iter().filter(|name| name.ends_with(".js"));
        assert!(modules.into_iter().any(|name| name == entry), "{page}");
        let path = format!("/v/{BUILD}/{entry}");
        let bundle = get(&path);
        assert_eq!(headers(&bundle)["Cache-Control"], LASTING);
        let code = text(&bundle);
        let of_modules = ["import ", "export c", "export f", "@param", "@module"];
        assert!(
            !code.lines().any(|line| of_modules.iter().any(|it| line.starts_with(it))),
            "{path}"
        );
        for needed in ["class Chinwag", "function setLanguage"] {
            assert_eq!(code.matches(needed).count(), 1, "{path}: {needed}");
        }
    }
    // Single modules are served for other programs that use them.
    assert_eq!(ask(&format!("GET /v/{BUILD}/chinwag.js HTTP/1.1")), None);
    assert!(text(&get("/chinwag.js")).contains("@module"));
}

/// What a page loads by itself, by the names in `web/`.
fn loaded_by(page: &str) -> BTreeSet<String> {
    let html = text(&get(page)).to_owned();
    let prefix = format!("=\"v/{BUILD}/");
    let named: BTreeSet<String> = html
        .split(prefix.as_str())
        .skip(1)
        .filter_map(|rest| rest.split_once('"').map(|(name, _)| name.to_owned()))
        .collect();
    assert!(named.len() > 1, "{page} names {named:?}");
    let of_all_builds = r#"<script type="module" src="reload.js">"#;
    assert!(html.find(of_all_builds) < html.find("src=\"v/"), "{page}");
    assert!(html.contains(of_all_builds), "{page}");
    named
}

#[test]
fn nothing_in_the_page_depends_on_the_path_it_is_served_at() {
    for name in names() {
        let is_page = [".html", ".webmanifest", ".css"].iter().any(|it| name.ends_with(it));
        let file = get(&format!("/{name}"));
        let absolute = ["href=\"/", "src=\"/", "url(/", "\": \"/", "url(\"/"];
        if is_page {
            assert!(!absolute.iter().any(|it| text(&file).contains(it)), "{name}");
        }
    }
}

#[test]
fn every_module_is_part_of_a_page() {
    let alone = ["sw.js", "reload.js"];
    let modules = names().into_iter().filter(|name| name.ends_with(".js"));
    let bundles: String =
        bundles().iter().map(|name| text(&get(&format!("/v/{BUILD}/{name}"))).to_owned()).collect();
    for name in modules.filter(|name| !alone.contains(&name.as_str())) {
        let source = text(&get(&format!("/{name}"))).to_owned();
        let exported = source.lines().find(|line| line.starts_with("export "));
        let line = exported.map(|line| line.trim_start_matches("export "));
        if let Some(line) = line.filter(|line| !line.starts_with('{')) {
            assert!(bundles.contains(line), "nobody imports {name}");
        }
    }
}

/// The names of the bundles of pages, and of the chunks that are loaded when they are first needed.
fn bundles() -> Vec<String> {
    let names = Web::iter().filter_map(|it| it.strip_prefix("identity/v/").map(str::to_owned));
    names.collect()
}

#[test]
fn what_is_needed_later_is_no_part_of_the_bundle() {
    let page = get(&format!("/v/{BUILD}/app.js"));
    let (mut chunks, mut loaded) = (0, 0);
    for name in bundles().iter().filter(|name| !loaded_by("/").contains(*name)) {
        let source = text(&get(&format!("/{name}"))).to_owned();
        let Some(line) = source.lines().find(|line| line.starts_with("export ")) else { continue };
        let line = line.trim_start_matches("export ");
        let chunk = get(&format!("/v/{BUILD}/{name}"));
        assert!(text(&chunk).contains(line), "{name}");
        assert!(!text(&page).contains(line), "{name} is in the bundle");
        chunks += 1;
        loaded += usize::from(text(&page).contains(&format!("import(\"./{name}\")")));
    }
    assert!(chunks > 8 && loaded > 8, "{chunks} chunks, {loaded} of them are loaded by the page");
}

#[test]
fn the_first_visit_transfers_at_most_100_kilobytes() {
    // Browsers take Brotli from this machine and over TLS, and gzip over plain HTTP.
    for coding in ["br", "gzip"] {
        // The service worker loads the page, too, for visits without network.
        let pages = ["index.html", "icon.svg"].map(str::to_owned);
        let named = loaded_by("/").into_iter().chain(pages);
        let named = named.map(|name| format!("/v/{BUILD}/{name}"));
        let others = ["/", "/reload.js", "/icon.svg", "/manifest.webmanifest", "/sw.js"];
        let others = others.map(str::to_owned);
        let sizes = named.chain(others).map(|path| {
            let answer = get_coded(&path, coding);
            let mut bytes = Vec::new();
            let rest = answer.encode(&Date::of(0), false, true, &mut bytes);
            bytes.len() + rest.len()
        });
        let sum: usize = sizes.sum();
        assert!(sum <= 100_000, "{sum} bytes with {coding}, heads included");
    }
}

#[test]
fn the_service_worker_caches_what_each_page_loads() {
    let worker = get("/sw.js");
    assert!(text(&worker).contains(&format!("\nconst BUILD = \"{BUILD}\";\n")));
    let line = text(&worker).lines().find_map(|it| it.strip_prefix("const FILES = { \"\": ["));
    let (chat, stats) = line.and_then(|it| it.split_once("], \"stats\": [")).expect("both pages");
    for name in loaded_by("/").into_iter().chain(["index.html", "icon.svg"].map(str::to_owned)) {
        assert!(chat.contains(&format!("\"{name}\"")), "{name} is not kept");
    }
    assert!(!chat.contains("\"stats/"), "{chat}");
    for name in loaded_by("/stats").into_iter().chain(["stats/index.html".to_owned()]) {
        assert!(format!("{chat}, {stats}").contains(&format!("\"{name}\"")), "{name} is not kept");
    }
}

#[test]
fn files_of_a_build_have_few_headers() {
    let part = get_coded(&format!("/v/{BUILD}/app.js"), "br");
    let expected =
        ["Cache-Control", "Content-Encoding", "Content-Type", "Vary", "X-Content-Type-Options"];
    assert_eq!(headers(&part).into_keys().collect::<Vec<_>>(), expected);
}

#[test]
fn a_page_of_version_0_1_0_still_finds_the_module_that_reloads_it() {
    assert_eq!(text(&get("/again.js")), text(&get("/reload.js")));
}

#[test]
fn other_paths_are_not_answered() {
    for path in [
        "/ws",
        "/healthz",
        "/nope.js",
        "//index.html",
        "/../Cargo.toml",
        "/.",
        "/index.html/",
        "/identity/index.html",
        "/br/index.html",
        "/v/app.js",
        "/stats/",
        "/stat",
    ] {
        assert_eq!(ask(&format!("GET {path} HTTP/1.1")), None, "{path}");
    }
}

#[test]
fn only_get_and_head_are_allowed() {
    let head = ask("HEAD / HTTP/1.1\nAccept-Encoding: br").expect("the page");
    assert_eq!((head.status, headers(&head)["Content-Encoding"]), (Status(200), "br"));
    assert_eq!(head, get_coded("/", "br"), "HEAD tells of the same length");
    let refusal = ask("PUT / HTTP/1.1\nContent-Length: 0").expect("an answer");
    assert_eq!((refusal.status, headers(&refusal)["Allow"]), (Status(405), "GET, HEAD"));
}
