use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use super::*;
use crate::http::{Limits, Parser};

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
fn what_hardly_shrinks_is_served_as_it_stands() {
    let picture = get_coded("/icon-192.png", "br, gzip");
    assert_eq!(headers(&picture).get("Content-Encoding"), None);
    assert_eq!(headers(&picture).get("Vary"), None);
}

#[test]
fn a_client_that_accepts_no_coding_of_a_file_is_told() {
    let refusal = get_coded("/icon-192.png", "br, *;q=0");
    assert_eq!((refusal.status, headers(&refusal)["Vary"]), (Status(406), "Accept-Encoding"));
    assert_eq!(get_coded("/", "br, *;q=0").status, Status(200));
}

#[test]
fn a_file_that_the_browser_has_is_not_sent_again() {
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
fn under_the_id_of_the_build_a_file_lasts() {
    for name in names().into_iter().filter(|name| name != "sw.js") {
        let lasting = get(&format!("/v/{BUILD}/{name}"));
        let now = get(&format!("/{name}"));
        assert_eq!(lasting.status, Status(200), "{name}");
        assert!(name.ends_with(".js") || lasting.body == now.body, "{name}");
        assert_eq!(headers(&lasting)["Cache-Control"], LASTING);
    }
    for path in ["/v/0123456789abcdef/app.js", "/v//app.js", "/v/app.js", &format!("/v/{BUILD}")] {
        assert_eq!(ask(&format!("GET {path} HTTP/1.1")), None, "{path}");
    }
    assert_eq!(ask(&format!("GET /v/{BUILD}app.js HTTP/1.1")), None);
    assert_eq!(ask(&format!("GET /v/{BUILD}/ HTTP/1.1")), None);
}

#[test]
fn what_a_module_lacks_under_the_id_of_the_build_are_lines_of_comments() {
    for name in names().iter().filter(|name| name.ends_with(".js") && *name != "sw.js") {
        let (served, source) = (get(&format!("/v/{BUILD}/{name}")), get(&format!("/{name}")));
        let (served, source) = (text(&served), text(&source));
        assert_eq!(served.lines().count(), source.lines().count(), "{name}");
        for (served, source) in served.lines().zip(source.lines()).filter(|(it, of)| it != of) {
            let begins = ["/*", "*", "//"].iter().any(|it| source.trim().starts_with(it));
            assert!(served.is_empty() && begins, "{name}: {source}");
        }
        assert!(!served.contains("@param") && !served.contains("@module"), "{name}");
    }
}

/// What a page loads by itself, by the names in `web/`, and whether it names all modules at once.
fn loaded_by(page: &str) -> BTreeSet<String> {
    let html = text(&get(page)).to_owned();
    let prefix = format!("=\"/v/{BUILD}/");
    let named: BTreeSet<String> = html
        .split(prefix.as_str())
        .skip(1)
        .filter_map(|rest| rest.split_once('"').map(|(name, _)| name.to_owned()))
        .collect();
    assert!(named.len() > 3, "{page} names {named:?}");
    let of_all_builds = r#"<script type="module" src="/again.js">"#;
    assert!(html.find(of_all_builds) < html.find("src=\"/v/"), "{page}");
    assert!(html.contains(of_all_builds), "{page}");
    for name in named.iter().filter(|name| name.ends_with(".js")) {
        for import in imports(text(&get(&format!("/{name}")))) {
            let target = resolved(name, &import);
            assert!(named.contains(&target), "{page} does not name {target}, which {name} wants");
        }
    }
    named
}

/// All quoted relative paths behind `from` or `import`, wherever a statement stands.
fn imports(source: &str) -> Vec<String> {
    let code = source.lines().filter(|line| !line.trim_start().starts_with(['*', '/']));
    let code = code.collect::<Vec<_>>().join("\n");
    let strings = code.split("from \"").skip(1).chain(code.split("import \"").skip(1));
    let strings = strings.filter_map(|rest| rest.split_once('"').map(|(path, _)| path.to_owned()));
    strings.filter(|path| path.starts_with('.')).collect()
}

fn resolved(module: &str, import: &str) -> String {
    let base = format!("file:///{module}");
    let (mut folder, _) = base.rsplit_once('/').expect("a folder");
    let mut rest = import.strip_prefix("./").unwrap_or(import);
    while let Some(above) = rest.strip_prefix("../") {
        (folder, _) = folder.rsplit_once('/').expect("a folder above");
        rest = above;
    }
    format!("{folder}/{rest}").trim_start_matches("file:///").to_owned()
}

#[test]
fn a_page_names_all_its_modules_at_once() {
    let page = loaded_by("/");
    for name in ["app.js", "chinwag.js", "client/connection.js", "view/log.js", "style.css"] {
        assert!(page.contains(name), "{page:?}");
    }
    let orphans: Vec<String> = names()
        .into_iter()
        .filter(|name| name.ends_with(".js") && !name.starts_with("stats/"))
        .filter(|name| !page.contains(name) && name != "sw.js" && name != "again.js")
        .collect();
    assert!(orphans.is_empty(), "nobody imports {orphans:?}");
}

#[test]
fn the_first_visit_transfers_at_most_100_kilobytes() {
    for coding in ["br", "gzip"] {
        // The worker gets the page, too, for visits without network.
        let pages = ["index.html", "icon.svg"].map(str::to_owned);
        let named = loaded_by("/").into_iter().chain(pages);
        let named = named.map(|name| format!("/v/{BUILD}/{name}"));
        let others = ["/", "/again.js", "/icon.svg", "/manifest.webmanifest", "/sw.js"];
        let others = others.map(str::to_owned);
        let sizes = named.chain(others).map(|path| {
            let answer = get_coded(&path, coding);
            let mut bytes = Vec::new();
            answer.encode(false, true, &mut bytes);
            bytes.len()
        });
        let sum: usize = sizes.sum();
        assert!(sum <= 100_000, "{sum} bytes with {coding}, heads included");
    }
}

#[test]
fn the_worker_keeps_what_each_page_loads() {
    let worker = get("/sw.js");
    assert!(text(&worker).contains(&format!("\nconst BUILD = \"{BUILD}\";\n")));
    let line = text(&worker).lines().find_map(|it| it.strip_prefix("const FILES = { \"/\": ["));
    let (chat, stats) = line.and_then(|it| it.split_once("], \"/stats\": [")).expect("both pages");
    for name in loaded_by("/").into_iter().chain(["index.html", "icon.svg"].map(str::to_owned)) {
        assert!(chat.contains(&format!("\"{name}\"")), "{name} is not kept");
    }
    assert!(!chat.contains("\"stats/"), "{chat}");
    for name in loaded_by("/stats").into_iter().chain(["stats/index.html".to_owned()]) {
        assert!(format!("{chat}, {stats}").contains(&format!("\"{name}\"")), "{name} is not kept");
    }
}

#[test]
fn parts_of_a_build_have_no_more_heads_than_they_need() {
    let part = get_coded(&format!("/v/{BUILD}/app.js"), "br");
    let expected =
        ["Cache-Control", "Content-Encoding", "Content-Type", "Vary", "X-Content-Type-Options"];
    assert_eq!(headers(&part).into_keys().collect::<Vec<_>>(), expected);
}

#[test]
fn what_is_no_file_is_left_to_others() {
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
fn a_file_can_only_be_read() {
    let head = ask("HEAD / HTTP/1.1\nAccept-Encoding: br").expect("the page");
    assert_eq!((head.status, headers(&head)["Content-Encoding"]), (Status(200), "br"));
    assert_eq!(head, get_coded("/", "br"), "HEAD tells of the same length");
    let refusal = ask("PUT / HTTP/1.1\nContent-Length: 0").expect("an answer");
    assert_eq!((refusal.status, headers(&refusal)["Allow"]), (Status(405), "GET, HEAD"));
}
