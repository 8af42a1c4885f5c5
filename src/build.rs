//! Prepares the files of `web/` for the binary: each one uncompressed, with gzip and with brotli.
//!
//! A build has an id, the hash of all files. Pages refer to their modules and styles under `v/ID/`,
//! so a page never runs with the modules of another build, and a browser caches them forever. The
//! module of a page is served there as one file with all its imports and without comments, which
//! saves round trips; what it imports by `import("…")` are files of their own. The service worker
//! receives the id and the names of the files.

#[path = "build/bundle.rs"]
mod bundle;
#[path = "build/emoji.rs"]
mod emoji;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use flate2::{Compression, write::GzEncoder};
use sha1::{Digest, Sha1};

/// The module that pages of all builds load: it reloads a page whose build is gone.
const OF_ALL_BUILDS: &str = "reload.js";

/// The emoji and their names.
const EMOJI: &str = "emoji.json";

/// Files by their names in `web/`.
type Files = BTreeMap<String, Vec<u8>>;

fn main() {
    println!("cargo::rerun-if-changed=web");
    println!("cargo::rerun-if-changed=src/build.rs");
    println!("cargo::rerun-if-changed=src/build");
    let mut files = Files::new();
    read(Path::new("web"), "", &mut files);
    files.insert(EMOJI.to_owned(), emoji::file());
    let build = id(&files);
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let root = out.join("web");
    // A file deleted from web/ must not stay in the binary.
    if root.exists() {
        fs::remove_dir_all(&root).expect("an old folder to remove");
    }
    for (name, content) in &files {
        put(&root, name, &finished(name, content, &files, &build));
    }
    let mut bundles = BTreeMap::new();
    for entry in entries(&files) {
        for (name, code) in bundle::of(&entry, |module| text(module, &files)) {
            let other = bundles.insert(name.clone(), code.clone());
            assert!(other.is_none_or(|it| it == code), "the pages share no chunk web/{name}");
        }
    }
    for (name, code) in bundles {
        put(&root, &format!("v/{name}"), code.as_bytes());
    }
    write(&out.join("web.rs"), embedding(&root, &build).as_bytes());
}

/// Writes a file in each content coding that saves at least a tenth.
fn put(root: &Path, name: &str, content: &[u8]) {
    for (coding, coded) in [("gzip", gzip(content)), ("br", brotli(content))] {
        // Images are compressed already.
        if coded.len() * 10 < content.len() * 9 {
            write(&root.join(coding).join(name), &coded);
        }
    }
    write(&root.join("identity").join(name), content);
}

/// Returns the code that `src/assets.rs` includes.
fn embedding(root: &Path, build: &str) -> String {
    format!(
        "/// Id of this build of the page: the hash of all files.\n\
         pub const BUILD: &str = {build:?};\n\n\
         #[derive(rust_embed::Embed)]\n#[folder = {root:?}]\nstruct Web;\n",
    )
}

fn read(folder: &Path, prefix: &str, files: &mut Files) {
    for entry in fs::read_dir(folder).expect("a folder of web/") {
        let entry = entry.expect("an entry of web/");
        let name = entry.file_name().into_string().expect("a name in UTF-8");
        let path = entry.path();
        if path.is_dir() {
            read(&path, &format!("{prefix}{name}/"), files);
        } else {
            files.insert(format!("{prefix}{name}"), fs::read(&path).expect("a file of web/"));
        }
    }
}

fn write(path: &Path, content: &[u8]) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder in OUT_DIR");
    fs::write(path, content).expect("a file in OUT_DIR");
}

/// Returns the id of the build, a hash of all files and of the code that processes them.
fn id(files: &Files) -> String {
    let mut hash = Sha1::new();
    hash.update(include_bytes!("build.rs"));
    hash.update(include_bytes!("build/bundle.rs"));
    for (name, content) in files {
        hash.update(format!("\n{name}\n{}\n", content.len()));
        hash.update(content);
    }
    hash.finalize().iter().take(8).fold(String::new(), |mut id, byte| {
        write!(id, "{byte:02x}").expect("strings take everything");
        id
    })
}

/// Returns a file as it is served.
fn finished(name: &str, content: &[u8], files: &Files, build: &str) -> Vec<u8> {
    match name {
        "sw.js" => worker(text(name, files), files, build).into_bytes(),
        _ if name.ends_with(".html") => page(text(name, files), build).into_bytes(),
        _ if name.ends_with(".css") => bundle::without_comments(text(name, files)).into_bytes(),
        _ => content.to_vec(),
    }
}

/// Returns the modules that pages load.
fn entries(files: &Files) -> BTreeSet<String> {
    let pages = files.keys().filter(|name| name.ends_with(".html"));
    let lines = pages.flat_map(|page| text(page, files).lines());
    lines.filter_map(entry).map(str::to_owned).collect()
}

/// Returns the module that a line of a page loads.
fn entry(line: &str) -> Option<&str> {
    let (module, _) =
        line.trim().strip_prefix(r#"<script type="module" src=""#)?.split_once('"')?;
    Some(module)
}

/// Returns a page whose links to styles and modules contain the id.
fn page(source: &str, build: &str) -> String {
    let mut page = String::new();
    for line in source.lines() {
        let is_part = entry(line).is_some_and(|module| module != OF_ALL_BUILDS);
        if is_part || line.contains(r#"<link rel="stylesheet" href=""#) {
            page.push_str(&in_build(line, build));
        } else {
            page.push_str(line);
        }
        page.push('\n');
    }
    page
}

/// Returns a line of a page with the id in the address it names.
fn in_build(line: &str, build: &str) -> String {
    ["src", "href"].iter().fold(line.to_owned(), |line, name| {
        line.replace(&format!("{name}=\""), &format!("{name}=\"v/{build}/"))
    })
}

/// Returns the service worker with the id and the files to cache for each page: all but itself, the
/// icons that only an installation needs, and the emoji, which are loaded when they are first needed.
fn worker(source: &str, files: &Files, build: &str) -> String {
    let entries = entries(files);
    let is_part = |name: &String| !name.ends_with(".js") || entries.contains(name);
    let is_later = |name: &String| name.ends_with(".png") || name == EMOJI;
    let cached = files.keys().filter(|name| is_part(name) && !is_later(name));
    let (more, first): (Vec<_>, Vec<_>) = cached.partition(|name| name.starts_with("stats/"));
    let list = |names: Vec<&String>| {
        names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
    };
    let by_page = format!("{{ \"\": [{}], \"stats\": [{}] }}", list(first), list(more));
    let lines = [
        ("const BUILD = \"\";", format!("const BUILD = \"{build}\";")),
        ("const FILES = {};", format!("const FILES = {by_page};")),
    ];
    lines.iter().fold(source.to_owned(), |worker, (line, filled)| {
        assert_eq!(worker.matches(line).count(), 1, "web/sw.js has one line {line}");
        worker.replace(line, filled)
    })
}

fn text<'a>(name: &str, files: &'a Files) -> &'a str {
    std::str::from_utf8(&files[name]).unwrap_or_else(|_| panic!("web/{name} is UTF-8"))
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).expect("memory takes everything");
    encoder.finish().expect("memory takes everything")
}

fn brotli(content: &[u8]) -> Vec<u8> {
    let mut coded = Vec::new();
    // Quality 11 saves another 7 percent but takes ten times as long.
    let is_release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let params = brotli::enc::BrotliEncoderParams {
        quality: if is_release { 11 } else { 9 },
        size_hint: content.len(),
        mode: brotli::enc::backward_references::BrotliEncoderMode::BROTLI_MODE_TEXT,
        ..Default::default()
    };
    brotli::BrotliCompress(&mut &*content, &mut coded, &params).expect("memory takes everything");
    coded
}
