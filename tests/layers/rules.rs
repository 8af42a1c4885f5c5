//! What may stand where: tables of layers, purity, and the home of a type's methods.

use std::collections::BTreeSet;

use crate::tree::Tree;

/// What the modules directly below one module may name of each other.
pub struct Layers {
    /// Absolute path of the module; empty for the crate.
    pub of: &'static [&'static str],
    /// Each module, and the modules and items it may name besides itself.
    pub may_name: &'static [(&'static str, &'static [&'static str])],
    /// What all may name.
    pub everybodys: &'static [&'static str],
}

impl Layers {
    pub fn faults(&self, tree: &Tree) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let mut faults = Vec::new();
        for file in &tree.files {
            if let Some(own) = self.part(&file.module)
                && !self.may_name.iter().any(|(name, _)| *name == own)
            {
                faults.push(format!("src/{}: {own} is in no layer", file.path));
            }
        }
        for (file, name) in tree.names() {
            let Some(own) = self.part(&file.module) else { continue };
            let target = tree.resolve(name);
            let Some(part) = target.as_deref().and_then(|target| self.part(target)) else {
                continue;
            };
            let row = self.may_name.iter().find(|(name, _)| *name == own);
            let allowed = row.is_none_or(|(_, allowed)| allowed.contains(&part));
            if part != own
                && !allowed
                && !self.everybodys.contains(&part)
                && seen.insert((&file.path, part.to_owned()))
            {
                faults.push(format!("src/{}:{}: {own} names {part}", file.path, name.line));
            }
        }
        faults
    }

    /// Returns the segment of an absolute path that comes after the module, if it is below it.
    fn part<'a>(&self, path: &'a [String]) -> Option<&'a str> {
        let (above, below) = path.split_at_checked(self.of.len())?;
        (above == self.of).then_some(below.first()?)
    }
}

/// Finds words that the files of some modules must not contain.
pub fn impurities(tree: &Tree, modules: &[&str], words: &[&str]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in &tree.files {
        if let Some(own) = file.module.first().filter(|own| modules.contains(&own.as_str())) {
            let found = words.iter().filter(|word| file.words.contains(**word));
            faults.extend(found.map(|word| format!("src/{}: {own} has {word}", file.path)));
        }
    }
    faults
}

/// Finds inherent `impl` blocks of a type, by its absolute path, in files outside some modules.
pub fn misplaced_impls(tree: &Tree, of: &[&str], allowed: fn(&[String]) -> bool) -> Vec<String> {
    let misplaced = tree.impls().filter(|(file, own)| {
        own.inherent
            && !allowed(&file.module)
            && tree.resolve(&own.of).is_some_and(|path| path == of)
    });
    misplaced
        .map(|(file, own)| format!("src/{}:{}: impl {}", file.path, own.of.line, of.join("::")))
        .collect()
}
