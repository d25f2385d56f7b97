//! Modules below modules.

use std::collections::{BTreeMap, BTreeSet};

use super::path::Path;
use crate::source::Source;

/// All modules of a package, each after its parent.
#[derive(Debug, Default)]
pub struct ModuleTree<'a> {
    /// The files that they are in.
    pub files: Vec<&'a Source>,
    pub modules: Vec<Module>,
}

/// What one module holds.
#[derive(Debug)]
pub struct Module {
    /// Its place among the files; one inside another has the same.
    pub file: usize,
    pub parent: Option<usize>,
    /// Where the files of its children are.
    pub folder: String,
    pub children: BTreeMap<String, usize>,
    /// Names of what it defines.
    pub items: BTreeSet<String>,
    /// Paths of its `use` items.
    pub uses: Vec<Path>,
    /// Paths inside its code.
    pub paths: Vec<Path>,
    /// All names in its code: `use` with a star may bring any of them.
    pub names: BTreeSet<String>,
}

impl<'a> ModuleTree<'a> {
    /// Adds an empty module; as a child, by the name behind its parent.
    pub fn add(
        &mut self,
        source: &'a Source,
        parent: Option<(usize, &str)>,
        folder: String,
    ) -> usize {
        let known = self.files.iter().position(|file| file.path == source.path);
        let file = known.unwrap_or_else(|| {
            self.files.push(source);
            self.files.len() - 1
        });
        let module = self.modules.len();
        if let Some((parent, name)) = parent {
            let children = &mut self.modules[parent].children;
            children.insert(name.to_owned(), module);
        }
        self.modules.push(Module {
            file,
            parent: parent.map(|(parent, _)| parent),
            folder,
            children: BTreeMap::new(),
            items: BTreeSet::new(),
            uses: Vec::new(),
            paths: Vec::new(),
            names: BTreeSet::new(),
        });
        module
    }

    /// The module without a parent that `module` is below.
    pub fn root(&self, module: usize) -> usize {
        let parent = self.modules[module].parent;
        parent.map_or(module, |parent| self.root(parent))
    }
}
