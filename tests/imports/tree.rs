//! The modules of a crate, and which file imports from which.

use crate::source::Module;
use std::collections::{BTreeMap, BTreeSet};

/// A use of a name that another file defines.
pub struct Import {
    pub from: String,
    pub to: String,
    pub name: String,
    pub line: usize,
}

/// All modules of a crate.
pub struct Tree {
    /// Each module by its path, with its file.
    modules: BTreeMap<Vec<String>, (String, Module)>,
}

/// How many re-exports a name may pass through.
const MAX_STEPS: usize = 16;

impl Tree {
    /// Reads a crate from its files: the name of each, relative to the crate root's folder, and its text.
    pub fn parse(crate_root: &str, files: &[(&str, &str)]) -> Tree {
        let mut modules = BTreeMap::new();
        let mut tests = BTreeSet::new();
        for &(file, text) in files {
            let path = module_path(file, crate_root);
            let folder = if is_folder_root(file, crate_root) { path.clone() } else { path[..path.len() - 1].to_vec() };
            let module = Module::parse(text);
            for test in &module.test_files {
                let (base, name) = match test.strip_suffix(".rs") {
                    Some(name) => (&folder, name),
                    None => (&path, test.as_str()),
                };
                tests.insert([&base[..], &[name.to_owned()]].concat());
            }
            add(&mut modules, path, file, module);
        }
        modules.retain(|path, _| !tests.iter().any(|test| path.starts_with(test)));
        Tree { modules }
    }

    /// Every import of a file from another, in the order of files and lines. A module that names its own children's
    /// items for others, by `pub use`, imports nothing.
    pub fn imports(&self) -> Vec<Import> {
        let mut imports = Vec::new();
        for (module, (from, source)) in &self.modules {
            for mention in &source.paths {
                let Some(to) = self.file_of(module, &mention.path, 0) else { continue };
                let is_own = from
                    .strip_suffix("mod.rs")
                    .or(from.strip_suffix("lib.rs"))
                    .is_some_and(|folder| to.starts_with(folder));
                if to != from && !(mention.is_reexport && is_own) {
                    let name = mention.path.join("::");
                    imports.push(Import { from: from.clone(), to: to.to_owned(), name, line: mention.line });
                }
            }
        }
        imports.sort_by(|a, b| (&a.from, a.line).cmp(&(&b.from, b.line)));
        imports
    }

    /// The file that defines the name at the end of `path`, as `module` reads it; none for other crates.
    fn file_of(&self, module: &[String], path: &[String], steps: usize) -> Option<&str> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => self.find(&[], rest, steps),
            "self" => self.find(module, rest, steps),
            "super" => {
                let parent = &module[..module.len().checked_sub(1)?];
                if rest.first().is_some_and(|name| name == "super") {
                    return self.file_of(parent, rest, steps);
                }
                self.find(parent, rest, steps)
            }
            _ => {
                let (_, source) = self.modules.get(module)?;
                let is_known = self.modules.contains_key(&join(module, first)) || source.aliases.contains_key(first);
                if is_known { self.find(module, path, steps) } else { None }
            }
        }
    }

    /// The file that defines the name at the end of `path`, which starts in `module`.
    fn find(&self, module: &[String], path: &[String], steps: usize) -> Option<&str> {
        let (file, source) = self.modules.get(module)?;
        let Some((first, rest)) = path.split_first() else { return Some(file) };
        let child = join(module, first);
        if self.modules.contains_key(&child) {
            return self.find(&child, rest, steps);
        }
        if steps == MAX_STEPS {
            return None;
        }
        if source.items.contains(first) {
            return Some(file);
        }
        if let Some(alias) = source.aliases.get(first) {
            return self.file_of(module, &[alias, rest].concat(), steps + 1);
        }
        for glob in &source.globs {
            let through = self.file_of(module, &[glob, path].concat(), steps + 1);
            if through.is_some_and(|through| self.defines(through, first)) {
                return through;
            }
        }
        Some(file)
    }

    fn defines(&self, file: &str, name: &str) -> bool {
        self.modules.values().any(|(path, module)| path == file && module.items.contains(name))
    }
}

/// Adds a module and its inline modules.
fn add(modules: &mut BTreeMap<Vec<String>, (String, Module)>, path: Vec<String>, file: &str, mut module: Module) {
    for (name, inline) in std::mem::take(&mut module.inline) {
        add(modules, join(&path, &name), file, inline);
    }
    modules.insert(path, (file.to_owned(), module));
}

fn join(path: &[String], name: &str) -> Vec<String> {
    [path, &[name.to_owned()]].concat()
}

/// The path of the module that `file` holds.
fn module_path(file: &str, crate_root: &str) -> Vec<String> {
    if file == crate_root {
        return Vec::new();
    }
    let name = file.trim_end_matches(".rs").trim_end_matches("/mod");
    name.split('/').map(str::to_owned).collect()
}

/// Returns whether the children of `file`'s module lie in its own folder.
fn is_folder_root(file: &str, crate_root: &str) -> bool {
    file == crate_root || file.ends_with("mod.rs")
}
