//! How doc comments begin: with what a thing is, or what a function does for its caller.

use std::fs;
use std::path::Path;

/// Words that leave the subject to be guessed.
const WORDS: &[&str] = &["Is", "Says", "Gives", "Tells", "Holds"];
const FOLDERS: &[&str] = &["src", "tests", "fuzz", "web"];

/// Lists the doc comments below a folder that begin with one of [`WORDS`].
pub fn faults(root: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    for folder in FOLDERS {
        visit(&root.join(folder), &mut |path, text| {
            let name = path.strip_prefix(root).unwrap_or(path).display().to_string();
            faults.extend(in_text(&name, text));
        });
    }
    faults
}

fn visit(folder: &Path, look: &mut impl FnMut(&Path, &str)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() && !["node_modules", "target", "corpus"].contains(&name) {
            visit(&path, look);
        } else if name.ends_with(".rs") || name.ends_with(".js") {
            look(&path, &fs::read_to_string(&path).unwrap());
        }
    }
}

/// Lists such comments in one source.
pub fn in_text(name: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut before = None;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim_start();
        let mark = ["///", "//!", "/**"].into_iter().find(|mark| line.starts_with(mark));
        let first = line.trim_start_matches(['/', '!', '*']).split_whitespace().next();
        // Only the first line of a comment begins it.
        let begins = mark == Some("/**") || mark != before;
        if mark.is_some() && begins && first.is_some_and(|first| WORDS.contains(&first)) {
            faults.push(format!("{name}:{number}: {line}"));
        }
        before = mark;
    }
    faults
}
