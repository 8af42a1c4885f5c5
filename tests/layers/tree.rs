//! All source files, and what the paths in them stand for.

use std::collections::BTreeMap;
use std::fs;

use crate::source::{self, File, Impl, Name, Path, Scope};

/// `use` declarations that one path may go through.
const STEPS_MAX: usize = 16;

pub struct Tree {
    pub files: Vec<File>,
    scopes: BTreeMap<Path, Scope>,
}

impl Tree {
    /// Reads every source below a directory.
    pub fn read(root: &std::path::Path) -> Self {
        let mut folders = vec![root.to_owned()];
        let mut sources = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let below = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                    sources.push((below, fs::read_to_string(&path).unwrap()));
                }
            }
        }
        sources.sort();
        Self::of(sources.iter().map(|(path, text)| (path.as_str(), text.as_str())))
    }

    /// Builds the tree from pairs of a path below `src/` and a text.
    pub fn of<'a>(sources: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        // The build script is a program of its own.
        let sources = sources
            .into_iter()
            .filter(|(path, _)| *path != "build.rs" && !path.starts_with("build/"));
        let read = |(path, text)| {
            source::read(path, text).unwrap_or_else(|error| panic!("src/{path}: {error}"))
        };
        let mut files: Vec<File> = sources.map(read).collect();
        let tests: Vec<Path> = files.iter().flat_map(|file| file.test_modules.clone()).collect();
        for file in &mut files {
            file.test = tests.iter().any(|test| file.module.starts_with(test));
        }
        let scopes = files.iter_mut().flat_map(|file| std::mem::take(&mut file.scopes)).collect();
        Self { files, scopes }
    }

    /// Every path that is written in a file.
    pub fn names(&self) -> impl Iterator<Item = (&File, &Name)> {
        self.files.iter().flat_map(|file| file.names.iter().map(move |name| (file, name)))
    }

    pub fn impls(&self) -> impl Iterator<Item = (&File, &Impl)> {
        self.files.iter().flat_map(|file| file.impls.iter().map(move |own| (file, own)))
    }

    /// Returns the absolute path of what a name stands for, through every `use` between, or `None`
    /// if that is outside this crate.
    pub fn resolve(&self, name: &Name) -> Option<Path> {
        self.absolute(&name.scope, &name.path, STEPS_MAX)
    }

    /// Returns the module of the file that holds what an absolute path stands for.
    pub fn home(&self, absolute: &[String]) -> &[String] {
        let homes = self.files.iter().map(|file| &file.module[..]);
        let homes = homes.filter(|module| absolute.starts_with(module));
        homes.max_by_key(|module| module.len()).unwrap_or_default()
    }

    fn absolute(&self, scope: &[String], path: &[String], steps: usize) -> Option<Path> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => self.descend(&[], rest, steps),
            "self" => self.descend(scope, rest, steps),
            "super" => {
                let (_, parent) = scope.split_last()?;
                let further = rest.first().is_some_and(|next| next == "super");
                if further {
                    self.absolute(parent, rest, steps)
                } else {
                    self.descend(parent, rest, steps)
                }
            }
            _ => self.lookup(scope, path, steps),
        }
    }

    /// Resolves a path from a module on; what the module does not show stays as it is written.
    fn descend(&self, module: &[String], path: &[String], steps: usize) -> Option<Path> {
        if let Some((first, _)) = path.split_first()
            && self.scopes.get(module).is_some_and(|scope| scope.uses.contains_key(first))
        {
            return self.lookup(module, path, steps);
        }
        self.lookup(module, path, steps).or_else(|| Some([module, path].concat()))
    }

    /// Resolves a path whose first segment is defined or imported in a module.
    fn lookup(&self, module: &[String], path: &[String], steps: usize) -> Option<Path> {
        let (first, rest) = path.split_first()?;
        let steps = steps.checked_sub(1)?;
        let child = [module, std::slice::from_ref(first)].concat();
        if self.scopes.contains_key(&child) {
            return self.descend(&child, rest, steps);
        }
        let scope = self.scopes.get(module)?;
        if scope.items.contains(first) {
            return Some([module, path].concat());
        }
        if let Some(target) = scope.uses.get(first) {
            return self.absolute(module, &[target, rest].concat(), steps);
        }
        scope.globs.iter().find_map(|glob| {
            let target = self.absolute(module, glob, steps)?;
            self.lookup(&target, path, steps)
        })
    }
}
