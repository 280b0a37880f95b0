//! Checks the structure of the source tree: no import cycles, no import against the order in CONTRIBUTING.md, no long
//! files.

mod graph;
mod source;
mod tree;

use graph::Graph;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use tree::{Import, Tree};

/// The source folders whose imports are checked, with the root file of each crate.
const CRATES: [(&str, &str); 7] = [
    ("src", "lib.rs"),
    ("tersor-cli/src", "main.rs"),
    ("tersor-capi/src", "lib.rs"),
    ("tersor-candle/src", "lib.rs"),
    ("tersor-remote/src", "lib.rs"),
    ("python/src", "lib.rs"),
    ("conformance/src", "lib.rs"),
];
/// The folders whose files may have at most `MAX_LINES` lines.
const SOURCES: [&str; 12] = [
    "src",
    "tersor-cli",
    "tersor-capi",
    "tersor-candle",
    "tersor-remote",
    "python",
    "conformance",
    "tests",
    "benches",
    "examples",
    "fuzz/fuzz_targets",
    ".ci",
];
/// The crates of the workspace that are there, each with its source folder.
static WORKSPACE: LazyLock<Vec<(&str, Tree)>> = LazyLock::new(|| {
    let root = Path::new(".");
    let crates = CRATES.iter().filter(|(folder, _)| root.join(folder).exists());
    crates.map(|&(folder, crate_root)| (folder, read(&root.join(folder), crate_root))).collect()
});
const MAX_LINES: usize = 500;
/// Files of `src/` outside the order: they only pass names on to users, to tests and to fuzz targets.
const UNORDERED: [&str; 2] = ["lib.rs", "internals.rs"];

#[test]
fn files_import_without_cycles() {
    let mut cycles = Vec::new();
    for (folder, tree) in &*WORKSPACE {
        let mut graph = Graph::default();
        for Import { from, to, name, line } in tree.imports() {
            graph.add(&format!("{folder}/{from}"), &format!("{folder}/{to}"), format!("{from}:{line} uses `{name}`"));
        }
        cycles.extend(graph.cycles(|_| true));
    }
    assert!(cycles.is_empty(), "files import each other:\n\n{}", cycles.join("\n"));
}

#[test]
fn folders_import_without_cycles() {
    let mut cycles = Vec::new();
    for (folder, tree) in &*WORKSPACE {
        let mut graph = Graph::default();
        for import in tree.imports() {
            let (start, end) = siblings(&import);
            let Import { from, to, name, line } = &import;
            let reason = format!("{from}:{line} uses `{name}` of {to}");
            graph.add(&format!("{folder}/{start}"), &format!("{folder}/{end}"), reason);
        }
        cycles.extend(graph.cycles(|entry| !entry.ends_with(".rs")));
    }
    assert!(cycles.is_empty(), "folders import each other:\n\n{}", cycles.join("\n"));
}

#[test]
fn imports_follow_the_list_in_contributing() {
    let Some(root) = repository() else { return };
    let order = listed_order(root);
    let rank = |file: &str| order.iter().position(|entry| entry == top(file));
    let (_, tree) = &WORKSPACE[0];
    let mut against = String::new();
    for import in tree.imports() {
        if top(&import.from) == top(&import.to) || UNORDERED.contains(&import.from.as_str()) {
            continue;
        }
        let Import { from, to, name, line } = &import;
        if let (Some(above), Some(below)) = (rank(to), rank(from))
            && above >= below
        {
            against += &format!("src/{from}:{line} uses `{name}` of src/{to}\n");
        }
    }
    assert!(against.is_empty(), "a file may import only from entries above its own in CONTRIBUTING.md:\n\n{against}");
}

#[test]
fn the_list_in_contributing_is_complete() {
    let Some(root) = repository() else { return };
    let order = listed_order(root);
    for entry in &order {
        assert!(root.join("src").join(entry).exists() || root.join(entry).exists(), "{entry} is listed, but absent");
    }
    for entry in fs::read_dir(root.join("src")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(UNORDERED.contains(&&*name) || order.contains(&name), "src/{name} is not listed in CONTRIBUTING.md");
    }
}

#[test]
fn no_file_is_too_long() {
    let Some(root) = repository() else { return };
    let mut long = String::new();
    for folder in SOURCES {
        for file in files(&root.join(folder)) {
            let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
            if !matches!(extension, "rs" | "py" | "sh" | "")
                || file.components().any(|part| part.as_os_str() == "target")
            {
                continue;
            }
            let Ok(text) = fs::read_to_string(&file) else { continue };
            let lines = text.lines().count();
            if lines > MAX_LINES {
                long += &format!("{} has {lines} lines\n", file.strip_prefix(root).unwrap().display());
            }
        }
    }
    assert!(long.is_empty(), "at most {MAX_LINES} lines a file:\n\n{long}");
}

/// The checks themselves: re-exports, nested groups, aliases and qualified paths lead to the defining file.
#[test]
fn imports_lead_to_the_defining_file() {
    let tree = Tree::parse(
        "lib.rs",
        &[
            ("lib.rs", "mod outer; mod leaf; pub use outer::Shown;"),
            ("leaf.rs", "pub struct Leaf; #[cfg(test)] mod tests { use crate::outer::deep::Deep; }"),
            ("outer/mod.rs", "mod deep; mod near; pub use deep::{Deep as Shown, inner::{self, Inner}};"),
            (
                "outer/deep.rs",
                "use {crate::leaf::{self, Leaf}, std::fmt}; // use super::near::Comment;\n fn f() { leaf::go() }",
            ),
            ("outer/near.rs", "fn f() { assert!(super::Shown::new(\"crate::leaf::Text\") == crate::Shown::of('\"')) }"),
        ],
    );
    let found: Vec<String> =
        tree.imports().iter().map(|import| format!("{} {} {}", import.from, import.to, import.line)).collect();
    assert_eq!(
        found,
        [
            "outer/deep.rs leaf.rs 1",
            "outer/deep.rs leaf.rs 1",
            "outer/deep.rs leaf.rs 2",
            "outer/near.rs outer/deep.rs 1",
            "outer/near.rs outer/deep.rs 1",
        ]
    );
}

#[test]
fn a_cycle_is_shown_with_its_reasons() {
    let mut graph = Graph::default();
    for (from, to) in [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("a", "d")] {
        graph.add(from, to, format!("{from} needs {to}"));
    }
    assert_eq!(graph.cycles(|_| true), ["a -> b -> c -> a\n    a needs b\n    b needs c\n    c needs a\n"]);
}

/// Returns the root of the repository, in which `cargo test` runs; `None` in a published package, which holds the
/// library alone.
fn repository() -> Option<&'static Path> {
    let root = Path::new(".");
    root.join("tersor-cli").exists().then_some(root)
}

fn read(folder: &Path, crate_root: &str) -> Tree {
    let mut sources = BTreeMap::new();
    for file in files(folder) {
        if file.extension().is_some_and(|extension| extension == "rs") {
            let name = file.strip_prefix(folder).unwrap().to_str().unwrap().replace('\\', "/");
            sources.insert(name, fs::read_to_string(&file).unwrap());
        }
    }
    let sources: Vec<(&str, &str)> = sources.iter().map(|(name, text)| (&**name, &**text)).collect();
    Tree::parse(crate_root, &sources)
}

/// Returns all files below `folder`; none if the folder does not exist.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// The names in the first column of CONTRIBUTING's table of folders, in order, without the closing slash of a folder.
fn listed_order(root: &Path) -> Vec<String> {
    let text = fs::read_to_string(root.join("CONTRIBUTING.md")).unwrap();
    let rows = text.lines().skip_while(|line| !line.starts_with("| folder or file")).skip(2);
    let cells = rows.map_while(|line| line.strip_prefix("| ")?.split(" | ").next());
    let names = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let order: Vec<String> = names.map(|name| name.trim_end_matches('/').to_owned()).collect();
    assert!(!order.is_empty(), "CONTRIBUTING.md has no table that starts with \"| folder or file\"");
    order
}

/// The file or folder of `src/` that `file` lies in.
fn top(file: &str) -> &str {
    file.split('/').next().unwrap()
}

/// The two entries of their common folder that the files of an import lie in.
fn siblings(import: &Import) -> (&str, &str) {
    let shared = import.from.split('/').zip(import.to.split('/')).take_while(|(a, b)| a == b);
    let start: usize = shared.map(|(part, _)| part.len() + 1).sum();
    let entry = |file: &'_ str| start + file[start..].find('/').unwrap_or(file.len() - start);
    (&import.from[..entry(&import.from)], &import.to[..entry(&import.to)])
}
