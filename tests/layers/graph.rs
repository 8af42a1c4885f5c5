//! The files of each directory as a graph, and the circles in it.
//!
//! A directory's nodes are its files and folders; a folder stands for all that is below it. A
//! module and the modules below it make no edge.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::source::{File, Path};
use crate::tree::Tree;

/// The places that make one node depend on another.
type Edges = BTreeMap<(String, String), BTreeSet<(String, usize, String)>>;

/// Describes the circles in each directory: the shortest one, and so on without its rarest edge.
pub fn circles(tree: &Tree) -> Vec<String> {
    let mut circles = Vec::new();
    for (directory, mut edges) in directories(tree) {
        while let Some(circle) = shortest(&edges) {
            circles.push(describe(&directory, &circle, &edges));
            let rarest = circle.into_iter().min_by_key(|edge| edges[edge].len());
            edges.remove(&rarest.expect("an edge"));
        }
    }
    circles
}

/// Returns the edges of each directory, by its module.
fn directories(tree: &Tree) -> BTreeMap<Path, Edges> {
    let mut directories: BTreeMap<Path, Edges> = BTreeMap::new();
    let mut add = |file: &File, target: &[String], line: usize, what: String| {
        let common = file.module.iter().zip(target).take_while(|(from, to)| from == to).count();
        if let (Some(from), Some(to)) = (file.module.get(common), target.get(common)) {
            let edges = directories.entry(target[..common].to_vec()).or_default();
            let places = edges.entry((from.clone(), to.clone())).or_default();
            places.insert((file.path.clone(), line, what));
        }
    };
    let methods = methods(tree);
    for (file, name) in tree.names().filter(|(file, name)| !file.test && !name.test) {
        let Some(target) = tree.resolve(name) else { continue };
        add(file, tree.home(&target), name.line, name.path.join("::"));
        if let Some((method, of)) = target.split_last()
            && let Some(home) = methods.get(&(of.to_vec(), method))
        {
            add(file, home, name.line, name.path.join("::"));
        }
    }
    for (file, own) in tree.impls().filter(|(file, own)| !file.test && !own.of.test) {
        let Some(of) = tree.resolve(&own.of) else { continue };
        for (method, line) in &own.calls {
            if let Some(home) = methods.get(&(of.clone(), method)) {
                add(file, home, *line, format!("self.{method}()"));
            }
        }
    }
    directories
}

/// Returns the module that defines each method of each type.
fn methods(tree: &Tree) -> BTreeMap<(Path, &String), &Path> {
    let mut methods = BTreeMap::new();
    for (file, own) in tree.impls().filter(|(file, own)| !file.test && !own.of.test) {
        if let Some(of) = tree.resolve(&own.of) {
            let defined = own.methods.iter().map(|method| ((of.clone(), method), &file.module));
            methods.extend(defined);
        }
    }
    methods
}

fn shortest(edges: &Edges) -> Option<Vec<(String, String)>> {
    let nodes: BTreeSet<&String> = edges.keys().map(|(from, _)| from).collect();
    nodes.into_iter().filter_map(|node| way_back(edges, node)).min_by_key(Vec::len)
}

/// Returns the edges of the shortest way from a node to itself.
fn way_back(edges: &Edges, start: &String) -> Option<Vec<(String, String)>> {
    let mut ways = VecDeque::from([vec![start]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        for (_, to) in edges.keys().filter(|(from, _)| Some(&from) == way.last()) {
            let way = [&way[..], &[to]].concat();
            if to == start {
                let edge = |pair: &[&String]| (pair[0].clone(), pair[1].clone());
                return Some(way.windows(2).map(edge).collect());
            } else if seen.insert(to) {
                ways.push_back(way);
            }
        }
    }
    None
}

fn describe(directory: &[String], circle: &[(String, String)], edges: &Edges) -> String {
    let nodes: Vec<&str> = circle.iter().map(|(from, _)| from.as_str()).collect();
    let root = [&["src".to_owned()], directory].concat().join("/");
    let mut text = format!("{root}: {} → {}", nodes.join(" → "), nodes[0]);
    for edge in circle {
        let places = &edges[edge];
        let (path, line, what) = places.first().expect("a place");
        let count = places.len();
        let (from, to) = edge;
        text += &format!("\n    {from} → {to}: src/{path}:{line} {what} ({count} in all)");
    }
    text
}
