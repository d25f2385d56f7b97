//! Which file of a package imports what from which.

use std::collections::{BTreeMap, BTreeSet};

use super::path::Path;
use super::reader::read_modules;
use super::resolver::{Resolver, Target};
use super::tree::{Module, ModuleTree};
use crate::source::Source;
use crate::workspace::Package;

/// The files below `src/`, and what they import from each other.
#[derive(Debug)]
pub struct ModuleGraph<'a> {
    /// The nodes, tests apart.
    pub files: Vec<&'a Source>,
    /// From a file to the one that defines what it imports, by their places in `files`.
    pub imports: BTreeMap<(usize, usize), BTreeSet<Import>>,
}

/// What one file imports from another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Import {
    /// Counted from 1.
    pub line: usize,
    /// With `::`.
    pub path: String,
}

impl<'a> ModuleGraph<'a> {
    /// The graph of a package's library and program.
    pub fn of(package: &'a Package) -> Self {
        let tree = read_modules(package);
        let mut imports = BTreeMap::<_, BTreeSet<_>>::new();
        for (at, module) in tree.modules.iter().enumerate() {
            for (file, import) in imports_of(&tree, at) {
                if file != module.file {
                    let from_to = (module.file, file);
                    imports.entry(from_to).or_default().insert(import);
                }
            }
        }
        let files = tree.files;
        Self { files, imports }
    }
}

/// What a module uses, each with the file that defines it.
fn imports_of(tree: &ModuleTree<'_>, at: usize) -> Vec<(usize, Import)> {
    let module = &tree.modules[at];
    let resolve = |path: &Path| Resolver::new(tree).resolve(at, &path.names);
    let mut imports = Vec::new();
    let mut add = |target: Option<Target>, line: usize, names: &[String]| {
        // What is used of a module is in the paths that begin with it.
        if let Some(Target::Item(file)) = target {
            let path = names.join("::");
            imports.push((file, Import { line, path }));
        }
    };
    let is_contents = is_contents(tree, module);
    let uses = module.uses.iter();
    for path in uses.filter(|path| !(path.is_public && is_contents)) {
        match resolve(path) {
            Some(Target::Module(other)) if path.brings == "*" => {
                for name in &module.names {
                    let names = [&path.names[..], std::slice::from_ref(name)].concat();
                    let target = Resolver::new(tree).look_up(other, name, true);
                    add(target, path.line, &names);
                }
            }
            target => add(target, path.line, &path.names),
        }
    }
    for path in &module.paths {
        let first = match path.brings.as_str() {
            "crate" | "self" | "super" => true,
            // Types were imported, which is enough.
            first => matches!(
                Resolver::new(tree).look_up(at, first, false),
                Some(Target::Module(_))
            ),
        };
        if first {
            add(resolve(path), path.line, &path.names);
        }
    }
    imports
}

/// Whether the module is a contents page, whose re-exports import nothing for itself.
fn is_contents(tree: &ModuleTree<'_>, module: &Module) -> bool {
    let path = &tree.files[module.file].path;
    path.ends_with("/mod.rs") || path.ends_with("/lib.rs")
}
