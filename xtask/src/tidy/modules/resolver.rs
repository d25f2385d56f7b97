//! What a path means: the module, or the file that defines the item.

use std::collections::HashSet;

use super::tree::ModuleTree;

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    Module(usize),
    /// An item that is defined in this file.
    Item(usize),
}

/// Follows one path.
#[derive(Debug)]
pub struct Resolver<'a> {
    tree: &'a ModuleTree<'a>,
    /// Names that were looked for among imports: `use` items can lead to each other.
    seen: HashSet<(usize, String)>,
}

impl<'a> Resolver<'a> {
    pub fn new(tree: &'a ModuleTree<'_>) -> Self {
        let seen = HashSet::new();
        Self { tree, seen }
    }

    /// What `path` means in `module`; nothing where it leaves the package.
    pub fn resolve(&mut self, module: usize, path: &[String]) -> Option<Target> {
        let mut here = module;
        for (at, name) in path.iter().enumerate() {
            let found = match name.as_str() {
                "crate" => Some(Target::Module(self.tree.root(here))),
                "self" => Some(Target::Module(here)),
                "super" => self.tree.modules[here].parent.map(Target::Module),
                _ => self.look_up(here, name, at + 1 == path.len()),
            };
            match found {
                Some(Target::Module(module)) => here = module,
                None if at > 0 => return self.of_macro(here, name),
                item_or_external => return item_or_external,
            }
        }
        Some(Target::Module(here))
    }

    /// What `name` means in `module`: an item comes first where the path ends, a module where it goes on.
    pub fn look_up(&mut self, module: usize, name: &str, is_last: bool) -> Option<Target> {
        let here = &self.tree.modules[module];
        let child = here.children.get(name).copied().map(Target::Module);
        let item = here.items.contains(name).then_some(Target::Item(here.file));
        let own = if is_last { item } else { child.or(item) };
        if own.is_some() {
            return own;
        }
        let is_new = self.seen.insert((module, name.to_owned()));
        let imported = is_new.then(|| self.look_up_imports(module, name));
        imported.flatten().or(child)
    }

    fn look_up_imports(&mut self, module: usize, name: &str) -> Option<Target> {
        let uses = &self.tree.modules[module].uses;
        let mut named = uses.iter().filter(|path| path.brings == name);
        if let Some(found) = named.find_map(|path| self.resolve(module, &path.names)) {
            return Some(found);
        }
        let mut stars = uses.iter().filter(|path| path.brings == "*");
        stars.find_map(|path| match self.resolve(module, &path.names)? {
            Target::Module(other) => self.look_up(other, name, true),
            Target::Item(_) => None,
        })
    }

    /// A name that a module neither has nor imports is a macro's work there; at the root, that of any module's macro.
    fn of_macro(&self, module: usize, name: &str) -> Option<Target> {
        let module = &self.tree.modules[module];
        let mut uses = module.uses.iter();
        let is_imported = uses.any(|path| path.brings == name || path.brings == "*");
        let is_defined = !is_imported && module.parent.is_some();
        is_defined.then_some(Target::Item(module.file))
    }
}
