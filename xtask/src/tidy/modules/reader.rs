//! Reads the modules of a package from its sources.

use super::path::{Path, use_paths};
use super::tree::ModuleTree;
use crate::source::{Token, closing};
use crate::workspace::Package;

/// The modules of a package's library and program, tests apart.
pub fn read_modules(package: &Package) -> ModuleTree<'_> {
    let mut tree = ModuleTree::default();
    let folder = format!("{}/src", package.folder);
    for name in ["lib.rs", "main.rs"] {
        let path = format!("{folder}/{name}");
        let mut sources = package.sources.iter();
        if let Some(source) = sources.find(|source| source.path == path) {
            let module = tree.add(source, None, folder.clone());
            let tokens = source.tokens();
            Reader {
                package,
                tree: &mut tree,
                module,
                tokens: &tokens,
            }
            .read();
        }
    }
    tree
}

/// Reads one module.
struct Reader<'a, 'b> {
    package: &'a Package,
    tree: &'b mut ModuleTree<'a>,
    module: usize,
    tokens: &'b [Token],
}

impl Reader<'_, '_> {
    /// Reads its code, and the modules that it declares.
    fn read(mut self) {
        let tokens = self.tokens;
        let mut depth = 0_usize;
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let next = tokens.get(at + 1);
            at = match token.text.as_str() {
                "{" | "(" | "[" => {
                    depth += 1;
                    at + 1
                }
                "}" | ")" | "]" => {
                    depth = depth.saturating_sub(1);
                    at + 1
                }
                "mod" if next.is_some_and(Token::is_name) => self.read_child(at),
                // `impl Trait + use<'a>` imports nothing.
                "use" if !next.is_some_and(|next| next.is("<")) => self.read_use(at),
                _ if token.is_name() => {
                    if depth == 0 {
                        let items = &mut self.tree.modules[self.module].items;
                        items.extend(defined(&tokens[at..]));
                    }
                    self.read_path(at)
                }
                _ => at + 1,
            };
        }
    }

    /// Reads the module that is declared at `at`, and says where its declaration ends.
    fn read_child(&mut self, at: usize) -> usize {
        let name = self.tokens[at + 1].text.as_str();
        let parent = &self.tree.modules[self.module];
        let folder = format!("{}/{name}", parent.folder);
        let is_inside = self.tokens.get(at + 2).is_some_and(|token| token.is("{"));
        let end = match is_inside {
            true => closing(self.tokens, at + 2),
            false => at + 2,
        };
        let paths = [format!("{folder}.rs"), format!("{folder}/mod.rs")];
        let mut sources = self.package.sources.iter();
        let source = match is_inside {
            true => Some(self.tree.files[parent.file]),
            false => sources.find(|source| paths.contains(&source.path)),
        };
        if let Some(source) = source {
            let module = self.tree.add(source, Some((self.module, name)), folder);
            let of_file = source.tokens();
            let tokens = match is_inside {
                true => &self.tokens[at + 3..end],
                false => &of_file,
            };
            Reader {
                package: self.package,
                tree: self.tree,
                module,
                tokens,
            }
            .read();
        }
        end + 1
    }

    /// Reads the `use` item at `at`, and says where it ends.
    fn read_use(&mut self, at: usize) -> usize {
        let before = at.checked_sub(1).map(|at| self.tokens[at].text.as_str());
        let is_public = matches!(before, Some("pub" | ")"));
        let paths = use_paths(self.tokens, at + 1, is_public);
        self.tree.modules[self.module].uses.extend(paths);
        let length = self.tokens[at..].iter().position(|token| token.is(";"));
        length.map_or(self.tokens.len(), |length| at + length)
    }

    /// Reads the path, or the name alone, at `at`, and says where it ends.
    fn read_path(&mut self, at: usize) -> usize {
        let word = |at: usize| self.tokens.get(at).map(|token| token.text.as_str());
        let before = |back: usize| at.checked_sub(back).and_then(word);
        let mut names = vec![self.tokens[at].text.clone()];
        let mut end = at + 1;
        while word(end) == Some("::") && self.tokens.get(end + 1).is_some_and(Token::is_name) {
            names.push(self.tokens[end + 1].text.clone());
            end += 2;
        }
        // A macro gives the last name of `module::$name`.
        if word(end) == Some("::") && word(end + 1) == Some("$") {
            names.push("$".to_owned());
        }
        let is_visibility = before(2) == Some("(") && before(1) == Some("in");
        // Of a field but not of a range, of an external crate, of a type; `'a` is a lifetime.
        let is_tail = match before(1) {
            Some(".") => before(2) != Some("."),
            mark => matches!(mark, Some("::" | "'")),
        };
        if !is_visibility && !is_tail {
            let module = &mut self.tree.modules[self.module];
            module.names.insert(names[0].clone());
            if names.len() > 1 {
                module.paths.push(Path {
                    brings: names[0].clone(),
                    names,
                    is_public: false,
                    line: self.tokens[at].line,
                });
            }
        }
        end
    }
}

/// The name of the item whose definition `tokens` begin with.
fn defined(tokens: &[Token]) -> Option<String> {
    let name = match tokens[0].text.as_str() {
        "fn" | "struct" | "enum" | "union" | "trait" | "type" => tokens.get(1)?,
        "const" | "static" => tokens[1..].iter().find(|token| !token.is("mut"))?,
        "macro_rules" => tokens.get(2)?,
        _ => return None,
    };
    let is_item = name.is_name() && !name.is("fn");
    is_item.then(|| name.text.clone())
}
