//! Bundles a module and all its imports into one file.
//!
//! Each module becomes a function that is called once, after those it imports, and returns its
//! exports. This supports only modules as in `web/`: no cycles, no top-level `await`, no default
//! export, no export that is reassigned, no text of several lines, and import statements that end
//! with `";`. What is not supported fails the build or the tests.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Returns the bundle of a module; `source` returns a module by its name in `web/`.
pub(crate) fn of<'a>(entry: &str, source: impl Fn(&str) -> &'a str) -> String {
    let mut bundle = Bundle { source, done: BTreeMap::new(), code: String::new() };
    bundle.add(entry, &mut Vec::new());
    bundle.code
}

struct Bundle<F> {
    source: F,
    /// Variables of the modules in the bundle.
    done: BTreeMap<String, String>,
    code: String,
}

impl<'a, F: Fn(&str) -> &'a str> Bundle<F> {
    /// Adds a module after all its imports; returns its variable.
    fn add(&mut self, module: &str, above: &mut Vec<String>) -> String {
        if let Some(known) = self.done.get(module) {
            return known.clone();
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
                body.push_str(&declaration(module, line, &mut exports));
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
        let variable = format!("$m{}", self.done.len());
        let returned = exports.join(", ");
        let made =
            format!("const {variable} = (() => {{\n{body}return {{ {returned} }};\n}})();\n");
        self.code.push_str(&made);
        self.done.insert(module.to_owned(), variable.clone());
        variable
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
    let pairs: Vec<String> = pairs.map(|(theirs, ours)| format!("{theirs}: {ours}")).collect();
    format!("const {{ {} }} = {from};\n", pairs.join(", "))
}

/// Returns the source without indentation, and without the comments that have lines of their own.
fn without_comments(source: &str) -> String {
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
            code.push_str(words);
            code.push('\n');
        }
        is_comment &= !words.ends_with("*/");
    }
    code
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
