//! Bundles a module and all its imports into one file.
//!
//! Each module becomes a function that is called once, after those it imports, and returns its
//! exports. A module that is imported by `import("./it.js")` becomes a file of its own, a chunk, with
//! what only it imports; what it shares with the rest of the page it takes from the bundle. A chunk's
//! default export are the exports of its module.
//!
//! This supports only modules as in `web/`: no cycles, no top-level `await`, no default export, no
//! export that is reassigned, no text of several lines, no `/** @` in a text, and import statements
//! that end with `";`. Chunks share no module with each other but those in the bundle. What is not
//! supported fails the build or the tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Returns the bundle of a module and its chunks by their names in `web/`; `source` returns a module.
pub(crate) fn of<'a>(entry: &str, source: impl Fn(&str) -> &'a str) -> BTreeMap<String, String> {
    let mut bundle = Bundle {
        source,
        entry: entry.to_owned(),
        done: BTreeMap::new(),
        file: entry.to_owned(),
        code: String::new(),
        chunks: BTreeSet::new(),
        shared: BTreeSet::new(),
    };
    bundle.add(entry, &mut Vec::new());
    let mut of_entry = std::mem::take(&mut bundle.code);
    let mut files = BTreeMap::new();
    let mut shared = BTreeSet::new();
    while let Some(chunk) = bundle.chunks.pop_first() {
        if files.contains_key(&chunk) {
            continue;
        }
        assert!(!bundle.done.contains_key(&chunk), "web/{chunk} is in the bundle of {entry}");
        bundle.file.clone_from(&chunk);
        let variable = bundle.add(&chunk, &mut Vec::new());
        let mut code = format!("{}export default {variable};\n", std::mem::take(&mut bundle.code));
        let taken = std::mem::take(&mut bundle.shared);
        if !taken.is_empty() {
            let names = taken.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            let from = relative(&chunk, entry);
            code.insert_str(0, &format!("import {{ {names} }} from \"{from}\";\n"));
        }
        shared.extend(taken);
        files.insert(chunk, code);
    }
    let names = shared.into_iter().collect::<Vec<_>>().join(", ");
    writeln!(of_entry, "export {{ {names} }};").expect("strings take everything");
    files.insert(entry.to_owned(), of_entry);
    files
}

/// What the variables of modules begin with, in the bundle and in chunks.
const OF_BUNDLE: &str = "$m";
const OF_CHUNK: &str = "$c";

struct Bundle<F> {
    source: F,
    entry: String,
    /// Modules that have been added: the file that each is in, and its variable.
    done: BTreeMap<String, (String, String)>,
    /// The name of the file that is being made.
    file: String,
    code: String,
    /// Modules imported by `import("…")`.
    chunks: BTreeSet<String>,
    /// Variables of the bundle that the file takes from it.
    shared: BTreeSet<String>,
}

impl<'a, F: Fn(&str) -> &'a str> Bundle<F> {
    /// Adds a module after all its imports; returns its variable.
    fn add(&mut self, module: &str, above: &mut Vec<String>) -> String {
        if let Some((file, variable)) = self.done.get(module) {
            if *file != self.file {
                assert!(
                    *file == self.entry,
                    "web/{module} is in two chunks: {file} and {}",
                    self.file
                );
                self.shared.insert(variable.clone());
            }
            return variable.clone();
        }
        assert!(!above.iter().any(|it| it == module), "web/{module} imports itself: {above:?}");
        above.push(module.to_owned());
        let mut body = String::new();
        let mut exports: Vec<String> = Vec::new();
        let code = without_comments((self.source)(module));
        let mut lines = code.lines();
        while let Some(line) = lines.next() {
            let names_file = line.starts_with("import ") || line.starts_with("export {");
            if !names_file {
                let line = self.with_chunks(module, line);
                body.push_str(&declaration(module, &line, &mut exports));
                body.push('\n');
                continue;
            }
            let mut statement = line.to_owned();
            while !statement.ends_with("\";") {
                let next = lines.next().unwrap_or_else(|| panic!("web/{module}: {line}"));
                write!(statement, " {}", next.trim()).expect("strings take everything");
            }
            let (what, file) = statement[..statement.len() - 2].rsplit_once('"').expect("a file");
            let from = self.add(&resolve(module, file), above);
            body.push_str(&bind(module, what, &from, &mut exports));
        }
        above.pop();
        let variable = self.next_variable();
        let returned = exports.join(", ");
        let made =
            format!("const {variable} = (() => {{\n{body}return {{ {returned} }};\n}})();\n");
        self.code.push_str(&made);
        self.done.insert(module.to_owned(), (self.file.clone(), variable.clone()));
        variable
    }

    /// Returns the variable of the next module. Its name does not depend on other files, so that the
    /// chunk of two pages is one.
    fn next_variable(&self) -> String {
        let number = self.done.values().filter(|(file, _)| *file == self.file).count();
        format!("{}{number}", if self.file == self.entry { OF_BUNDLE } else { OF_CHUNK })
    }

    /// Returns a line whose calls of `import` name chunks, and records these.
    fn with_chunks(&mut self, module: &str, line: &str) -> String {
        let mut parts = line.split("import(\"");
        let mut done = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (file, rest) =
                part.split_once("\")").unwrap_or_else(|| panic!("web/{module}: {line}"));
            let chunk = resolve(module, file);
            let path = relative(&self.file, &chunk);
            write!(done, "import(\"{path}\").then((it) => it.default){rest}")
                .expect("strings take everything");
            self.chunks.insert(chunk);
        }
        done
    }
}

/// Returns a declaration without `export`, and records its name.
fn declaration(module: &str, line: &str, exports: &mut Vec<String>) -> String {
    let Some(declared) = line.strip_prefix("export ") else { return line.to_owned() };
    let words = declared.strip_prefix("async ").unwrap_or(declared);
    let words = ["function* ", "function ", "class ", "const "]
        .iter()
        .find_map(|kind| words.strip_prefix(kind))
        .unwrap_or_else(|| panic!("web/{module} exports what cannot be bundled: {line}"));
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
    let end = words.find(|c| !is_name(c)).unwrap_or(words.len());
    assert!(end > 0, "web/{module} exports no plain name: {line}");
    exports.push(words[..end].to_owned());
    declared.to_owned()
}

/// Returns the declaration for an import, or records a re-export.
fn bind(module: &str, what: &str, from: &str, exports: &mut Vec<String>) -> String {
    let what = what.trim().trim_end_matches("from").trim();
    if what == "import" {
        return String::new();
    }
    if let Some(name) = what.strip_prefix("import * as ") {
        return format!("const {name} = {from};\n");
    }
    let (names, is_export) = match what.strip_prefix("export ") {
        Some(names) => (names, true),
        None => (what.strip_prefix("import ").unwrap_or(what), false),
    };
    let names = names.trim().strip_prefix('{').and_then(|names| names.strip_suffix('}'));
    let names = names.unwrap_or_else(|| panic!("web/{module}: {what} cannot be bundled"));
    let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
    let pairs = names.map(|name| name.split_once(" as ").unwrap_or((name, name)));
    if is_export {
        exports.extend(pairs.map(|(theirs, ours)| format!("{ours}: {from}.{theirs}")));
        return String::new();
    }
    let pairs: Vec<String> = pairs
        .map(
            |(theirs, ours)| {
                if theirs == ours { ours.to_owned() } else { format!("{theirs}: {ours}") }
            },
        )
        .collect();
    format!("const {{ {} }} = {from};\n", pairs.join(", "))
}

/// Returns a module or style sheet without indentation, without the comments that have lines of their
/// own, and without types within a line.
pub(crate) fn without_comments(source: &str) -> String {
    let mut code = String::new();
    let mut is_comment = false;
    for line in source.lines() {
        let words = line.trim();
        let begins =
            words.starts_with("/*") && words.find("*/").is_none_or(|at| at + 2 == words.len());
        is_comment |= begins;
        if !is_comment && !words.is_empty() && !words.starts_with("//") {
            // A statement at the margin begins a declaration, so the others keep a space.
            code.push_str(if line.starts_with(' ') { " " } else { "" });
            code.push_str(&without_types(words));
            code.push('\n');
        }
        is_comment &= !words.ends_with("*/");
    }
    code
}

/// Returns a line without its comments of the form `/** @… */`.
fn without_types(line: &str) -> String {
    let mut parts = line.split("/** @");
    let mut code = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (_, rest) = part.split_once("*/").unwrap_or_else(|| panic!("no end: {line}"));
        code.push_str(rest.strip_prefix(' ').unwrap_or(rest));
    }
    code
}

/// Returns the path by which one file in `web/` imports another.
fn relative(from: &str, to: &str) -> String {
    match from.matches('/').count() {
        0 => format!("./{to}"),
        depth => format!("{}{to}", "../".repeat(depth)),
    }
}

/// Returns the name of a file that a module imports by a relative path.
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
