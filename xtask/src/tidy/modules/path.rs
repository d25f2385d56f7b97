//! Paths of names: those of `use` items, and those inside code.

use crate::source::Token;

/// A path, and the name that it brings into its module.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// Its names, without `::`, a last `self` or a last `*`.
    pub names: Vec<String>,
    /// The name that a `use` item brings, `*` for all; the first name of a path inside code.
    pub brings: String,
    /// Whether it is that of a `pub use`, or `pub(crate) use`.
    pub is_public: bool,
    /// Counted from 1.
    pub line: usize,
}

/// The paths of the `use` item whose tree begins at `start`; none where it is an external crate's, with `::` before it.
pub fn use_paths(tokens: &[Token], start: usize, is_public: bool) -> Vec<Path> {
    let mut tree = UseTree {
        tokens,
        at: start,
        is_public,
        paths: Vec::new(),
    };
    if !tree.is_at("::") {
        tree.read(&[]);
    }
    tree.paths
}

struct UseTree<'a> {
    tokens: &'a [Token],
    at: usize,
    is_public: bool,
    paths: Vec<Path>,
}

impl UseTree<'_> {
    fn is_at(&self, text: &str) -> bool {
        self.tokens.get(self.at).is_some_and(|token| token.is(text))
    }

    /// Reads one branch, behind `prefix`.
    fn read(&mut self, prefix: &[String]) {
        let mut names = prefix.to_vec();
        while let Some(token) = self.tokens.get(self.at) {
            self.at += 1;
            if token.is("{") {
                return self.read_group(&names);
            }
            let is_itself = token.is("self") && !names.is_empty();
            if !is_itself && !token.is("*") {
                names.push(token.text.clone());
            }
            if self.is_at("::") {
                self.at += 1;
                continue;
            }
            let mut brings = if is_itself {
                names.last()
            } else {
                Some(&token.text)
            };
            if self.is_at("as") {
                brings = self.tokens.get(self.at + 1).map(|alias| &alias.text);
                self.at += 2;
            }
            let brings = brings.cloned().unwrap_or_default();
            let (is_public, line) = (self.is_public, token.line);
            self.paths.push(Path {
                names,
                brings,
                is_public,
                line,
            });
            return;
        }
    }

    fn read_group(&mut self, prefix: &[String]) {
        while !self.is_at("}") && self.at < self.tokens.len() {
            self.read(prefix);
            self.at += usize::from(self.is_at(","));
        }
        self.at += 1;
    }
}
