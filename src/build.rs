//! Makes what the binary serves of `web/`: each file as it stands, with gzip and with brotli.
//!
//! A build has an id, the hash of all files. Pages name their modules and styles under `/v/ID/`,
//! so a page never runs with the modules of another build, and a browser need not ask again for
//! what it has. Each page names all modules that it will need, found by following the imports:
//! they come at once instead of one level after the other. Under `/v/ID/` modules are without
//! their comments, which are a third of what would be transferred. The service worker learns the
//! id and the names of the files.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use flate2::{Compression, write::GzEncoder};
use sha1::{Digest, Sha1};

/// The module that pages load whatever their build: it helps those whose build is gone.
const OF_ALL_BUILDS: &str = "again.js";

/// The files by their names in `web/`.
type Files = BTreeMap<String, Vec<u8>>;

fn main() {
    println!("cargo::rerun-if-changed=web");
    println!("cargo::rerun-if-changed=src/build.rs");
    let mut files = Files::new();
    read(Path::new("web"), "", &mut files);
    let build = id(&files);
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let root = out.join("web");
    // What was taken out of web/ must not stay in the binary.
    if root.exists() {
        fs::remove_dir_all(&root).expect("an old folder to remove");
    }
    for (name, content) in &files {
        put(&root, name, &finished(name, content, &files, &build));
        if name.ends_with(".js") && name != "sw.js" {
            put(&root, &format!("v/{name}"), without_comments(text(name, &files)).as_bytes());
        }
    }
    write(&out.join("web.rs"), embedding(&root, &build).as_bytes());
}

/// Writes a file in each coding that is worth it.
fn put(root: &Path, name: &str, content: &[u8]) {
    for (coding, coded) in [("gzip", gzip(content)), ("br", brotli(content))] {
        // Pictures are compressed already: what saves less than a tenth is not worth it.
        if coded.len() * 10 < content.len() * 9 {
            write(&root.join(coding).join(name), &coded);
        }
    }
    write(&root.join("identity").join(name), content);
}

/// Gives what `src/assets.rs` includes.
fn embedding(root: &Path, build: &str) -> String {
    format!(
        "/// Tells the builds of the page apart: the hash of all files.\n\
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

/// Tells builds apart that serve anything different; how files are made is a part of it.
fn id(files: &Files) -> String {
    let mut hash = Sha1::new();
    hash.update(include_bytes!("build.rs"));
    for (name, content) in files {
        hash.update(format!("\n{name}\n{}\n", content.len()));
        hash.update(content);
    }
    hash.finalize().iter().take(8).fold(String::new(), |mut id, byte| {
        write!(id, "{byte:02x}").expect("strings take everything");
        id
    })
}

/// Gives a file as it is served.
fn finished(name: &str, content: &[u8], files: &Files, build: &str) -> Vec<u8> {
    match name {
        "sw.js" => worker(text(name, files), files, build).into_bytes(),
        _ if name.ends_with(".html") => page(text(name, files), files, build).into_bytes(),
        _ => content.to_vec(),
    }
}

/// Writes the id into a page's links to styles and modules, and names the modules behind them.
fn page(source: &str, files: &Files, build: &str) -> String {
    let mut page = String::new();
    for line in source.lines() {
        let module = line.trim().strip_prefix(r#"<script type="module" src="/"#);
        let is_style = line.contains(r#"<link rel="stylesheet" href="/"#);
        if module.is_none_or(|it| it.starts_with(OF_ALL_BUILDS)) && !is_style {
            page.push_str(line);
            page.push('\n');
            continue;
        }
        page.push_str(&line.replace(r#"="/"#, &format!(r#"="/v/{build}/"#)));
        page.push('\n');
        let Some((entry, _)) = module.and_then(|rest| rest.split_once('"')) else { continue };
        for module in behind(entry, files) {
            let link = format!(r#"<link rel="modulepreload" href="/v/{build}/{module}">"#);
            page.push_str(&link);
            page.push('\n');
        }
    }
    page
}

/// Gives all modules that a module imports, directly or not, nearest first.
fn behind(entry: &str, files: &Files) -> Vec<String> {
    let mut known = BTreeSet::from([entry.to_owned()]);
    let mut found = vec![entry.to_owned()];
    let mut at = 0;
    while let Some(module) = found.get(at).cloned() {
        for import in imports(text(&module, files)) {
            let target = resolve(&module, import);
            assert!(files.contains_key(&target), "web/{module} imports {import}: not in web/");
            if known.insert(target.clone()) {
                found.push(target);
            }
        }
        at += 1;
    }
    found.split_off(1)
}

/// Gives what a module's import and export statements name; its comments name much, too.
fn imports(source: &str) -> impl Iterator<Item = &str> {
    source.lines().filter_map(|line| {
        let line = line.trim_start();
        let is_statement = ["import ", "export ", "} from "].iter().any(|it| line.starts_with(it));
        let (before, target) = line.strip_suffix("\";").and_then(|it| it.rsplit_once('"'))?;
        let names = before.ends_with(" from ") || before == "import ";
        (is_statement && names && target.starts_with('.')).then_some(target)
    })
}

/// Leaves out the comments that have lines of their own; those stay, empty, so that an error names
/// the line where it is in the source.
fn without_comments(source: &str) -> String {
    let mut code = String::new();
    let mut is_comment = false;
    for line in source.lines() {
        let words = line.trim();
        let begins =
            words.starts_with("/*") && words.find("*/").is_none_or(|at| at + 2 == words.len());
        is_comment |= begins;
        if !is_comment && !words.starts_with("//") {
            code.push_str(line);
        }
        code.push('\n');
        is_comment &= !words.ends_with("*/");
    }
    code
}

/// Gives the name of the file that a module means by a relative path.
fn resolve(module: &str, import: &str) -> String {
    let mut parts: Vec<&str> = module.split('/').collect();
    parts.pop();
    for part in import.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Tells the service worker the id and what it has to keep for each page: all that is needed,
/// without itself and without the pictures that only installing asks for.
fn worker(source: &str, files: &Files, build: &str) -> String {
    let kept = files.keys().filter(|name| *name != "sw.js" && !name.ends_with(".png"));
    let (more, first): (Vec<_>, Vec<_>) = kept.partition(|name| name.starts_with("stats/"));
    let list = |names: Vec<&String>| {
        names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
    };
    let by_page = format!("{{ \"/\": [{}], \"/stats\": [{}] }}", list(first), list(more));
    let lines = [
        ("const BUILD = \"\";", format!("const BUILD = \"{build}\";")),
        ("const FILES = {};", format!("const FILES = {by_page};")),
    ];
    lines.iter().fold(source.to_owned(), |worker, (line, told)| {
        assert_eq!(worker.matches(line).count(), 1, "web/sw.js has one line {line}");
        worker.replace(line, told)
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
    // The last 7 percent take ten times as long: that is for what is given away.
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
