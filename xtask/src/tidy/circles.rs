//! Files of a crate use each other one way, and so do its folders.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::modules::{Import, ModuleGraph};
use super::violation::Violation;
use crate::workspace::{Package, Workspace};

/// Edges of a graph, each with its imports and the files that they are in.
type Arrows<'a> = BTreeMap<(&'a str, &'a str), BTreeSet<(&'a str, &'a Import)>>;

/// All circles of all packages.
pub fn circles(workspace: &Workspace) -> Vec<Violation> {
    workspace.packages.iter().flat_map(circles_of).collect()
}

/// Circles of files, then those among folders and root files that are left without the arrows to cut for the first.
pub fn circles_of(package: &Package) -> Vec<Violation> {
    let graph = ModuleGraph::of(package);
    let source_folder = format!("{}/src/", package.folder);
    let path = |file: usize| graph.files[file].path.as_str();
    let name = |file: usize| path(file).strip_prefix(&source_folder).unwrap_or_default();
    let mut files = Arrows::new();
    for (&(from, to), imports) in &graph.imports {
        let imports = imports.iter().map(|import| (name(from), import));
        files.insert((name(from), name(to)), imports.collect());
    }
    let mut violations = Vec::new();
    let mut report = |kind: &str, circle: &[&str], imports: &BTreeSet<(&str, &Import)>| {
        let round = circle.iter().chain(circle.first());
        let round: Vec<String> = round.map(|node| format!("`{node}`")).collect();
        let Some((first, import)) = imports.first() else {
            return;
        };
        let paths = imports.iter().map(|(file, import)| match file == first {
            true => format!("`{}`", import.path),
            false => format!("`{}` ({file}:{})", import.path, import.line),
        });
        let mut paths: Vec<String> = paths.collect();
        paths.dedup();
        violations.push(Violation {
            file: format!("{source_folder}{first}:{}", import.line),
            what: format!(
                "is part of a circle of {kind}, {}; to do without {} would cut it",
                round.join(" -> "),
                paths.join(", "),
            ),
        });
    };
    while let Some(circle) = shortest_circle(&files) {
        let cut = arrow_to_cut(&circle, &files);
        report("files", &circle, &files[&cut]);
        files.remove(&cut);
    }
    let mut modules = Arrows::new();
    for ((from, to), imports) in &files {
        let (from, to) = (top_level(from), top_level(to));
        if from != to {
            modules.entry((from, to)).or_default().extend(imports);
        }
    }
    while let Some(circle) = shortest_circle(&modules) {
        let cut = arrow_to_cut(&circle, &modules);
        report("modules", &circle, &modules[&cut]);
        modules.remove(&cut);
    }
    violations
}

/// `a` of `a.rs`, `a/mod.rs` and `a/b.rs`.
fn top_level(name: &str) -> &str {
    let name = name.split('/').next().unwrap_or(name);
    name.strip_suffix(".rs").unwrap_or(name)
}

/// The nodes along one of the shortest circles.
fn shortest_circle<'a>(arrows: &Arrows<'a>) -> Option<Vec<&'a str>> {
    let mut next = BTreeMap::<&str, Vec<&str>>::new();
    for &(from, to) in arrows.keys() {
        next.entry(from).or_default().push(to);
    }
    let circles = next.keys().filter_map(|&start| {
        let mut before = BTreeMap::new();
        let mut queue = VecDeque::from([start]);
        while let Some(node) = queue.pop_front() {
            for &to in next.get(node).into_iter().flatten() {
                if before.contains_key(to) {
                    continue;
                }
                before.insert(to, node);
                queue.push_back(to);
            }
        }
        let mut circle = vec![*before.get(start)?];
        while let Some(&last) = circle.last().filter(|&&last| last != start) {
            circle.push(before[last]);
        }
        circle.reverse();
        Some(circle)
    });
    circles.min_by_key(Vec::len)
}

/// The arrow along a circle that is the first to go.
///
/// It goes from a child to the module above it, or else from what many use to what few use; a module keeps its children.
fn arrow_to_cut<'a>(circle: &[&'a str], arrows: &Arrows<'a>) -> (&'a str, &'a str) {
    let next = circle.iter().cycle().skip(1);
    let along = circle.iter().copied().zip(next.copied());
    let is_above = |file: &str, other: &str| match file {
        "lib.rs" | "main.rs" => true,
        _ => {
            let folder = file.strip_suffix("/mod.rs").or(file.strip_suffix(".rs"));
            let name = folder.and_then(|folder| other.strip_prefix(folder));
            name.is_some_and(|name| name.starts_with('/'))
        }
    };
    let users = |node: &str| arrows.keys().filter(|(_, to)| *to == node).count();
    along
        .min_by_key(|&(from, to)| {
            let rank = i32::from(is_above(from, to)) - i32::from(is_above(to, from));
            let rise = users(to).cast_signed() - users(from).cast_signed();
            (rank, rise, arrows[&(from, to)].len())
        })
        .expect("a circle has arrows")
}

#[cfg(test)]
mod tests {
    use crate::tidy::testing::{expect, with_sources};

    #[track_caller]
    fn check(sources: &[(&str, &str)], expected: &[&str]) {
        expect([with_sources("benches", sources)], expected);
    }

    const ROOT: (&str, &str) = (
        "src/lib.rs",
        "mod a;\nmod b;\nmod c;\npub use a::A;\npub use b::B;\npub(crate) use c::*;\n",
    );

    #[test]
    fn one_way_is_right() {
        let (a, b) = (
            "use crate::B;\npub struct A;",
            "use crate::c::{self, C};\npub struct B(c::D);",
        );
        let c = "pub struct C;\npub struct D;";
        check(
            &[ROOT, ("src/a.rs", a), ("src/b.rs", b), ("src/c.rs", c)],
            &[],
        );
    }

    #[test]
    fn re_exports_are_followed_to_where_an_item_is_defined() {
        for (a, used) in [
            ("use crate::B;", "crate::B"),
            ("use crate::{self as root, B as Other};", "crate::B"),
            ("use super::b::B;", "super::b::B"),
            ("use super::{c::{C}, b::{self, B}};", "super::b::B"),
            ("pub use self::super::B;", "self::super::B"),
            ("use crate::b;\nfn a() { b::B }", "b::B"),
            ("fn a() { crate::B::new() }", "crate::B::new"),
            ("fn a() { 0..crate::B }", "crate::B"),
            ("mod inner { use super::super::B; }", "super::super::B"),
            ("use super::*;\nfn a() -> B {}", "super::B"),
        ] {
            let line = a.lines().count();
            let a = format!("{a} pub struct A;");
            let expected = format!(
                "benches/src/a.rs:{}: is part of a circle of files, `a.rs` -> `b.rs` -> `a.rs`; \
                 to do without `{used}` would cut it",
                if used.starts_with("super::B") {
                    1
                } else {
                    line
                },
            );
            let b = ("src/b.rs", "use crate::{A, c::C};\npub struct B;");
            let c = ("src/c.rs", "pub struct C;");
            check(&[ROOT, ("src/a.rs", &a), b, c], &[&expected]);
        }
    }

    #[test]
    fn what_is_no_use_of_another_file_is_no_arrow() {
        for a in [
            "// use crate::B;",
            "const A: &str = \"crate::B\";",
            "#[cfg(test)]\nmod tests { use crate::B; }",
            "#[cfg(test)]\nuse crate::B;",
            "use b::B; use ::crate_b::B; use std::b::B;",
            "pub(in crate::b) fn a() {}",
            "fn a(b: u8) { self.b::<u8>(); Self::b(); }",
            "use super::*;",
            "use crate::a::A;",
        ] {
            let a = format!("{a}\npub struct A;");
            let b = ("src/b.rs", "use crate::A;\npub struct B;");
            let root = ("src/lib.rs", "mod a;\nmod b;\npub use a::A;\nmod tests;");
            check(&[root, ("src/a.rs", &a), b], &[]);
        }
    }

    #[test]
    fn the_shortest_circle_is_cut_where_a_child_looks_up() {
        let a = "mod inner;\nuse inner::Inner;\npub struct A;";
        let inner = "use super::A;\nuse crate::C;\npub struct Inner;";
        check(
            &[
                ROOT,
                ("src/a.rs", a),
                ("src/a/inner.rs", inner),
                ("src/b.rs", ""),
                ("src/c.rs", "use crate::a::A; pub struct C;"),
            ],
            &[
                "benches/src/a/inner.rs:1: is part of a circle of files, `a.rs` -> `a/inner.rs` -> `a.rs`; \
                 to do without `super::A` would cut it",
                "benches/src/a/inner.rs:2: is part of a circle of files, `a.rs` -> `a/inner.rs` -> `c.rs` -> `a.rs`; \
                 to do without `crate::C` would cut it",
            ],
        );
    }

    #[test]
    fn folders_are_no_circle_either() {
        let root = ("src/lib.rs", "mod a;\nmod b;");
        let contents = "mod one;\nmod two;\npub use one::One;\npub use two::Two;\n";
        check(
            &[
                root,
                ("src/a/mod.rs", contents),
                (
                    "src/a/one.rs",
                    "use crate::b::{One as B, Two};\npub struct One;",
                ),
                ("src/a/two.rs", "pub struct Two;"),
                ("src/b/mod.rs", contents),
                ("src/b/one.rs", "pub struct One;"),
                ("src/b/two.rs", "\nuse crate::a::Two as A;\npub struct Two;"),
            ],
            &[
                "benches/src/b/two.rs:2: is part of a circle of modules, `a` -> `b` -> `a`; \
                 to do without `crate::a::Two` would cut it",
            ],
        );
    }

    #[test]
    fn a_root_that_uses_its_modules_defines_nothing_for_them() {
        let root = "mod a;\nfn main() { a::run() }\npub struct Ended;";
        check(
            &[("src/main.rs", root), ("src/a.rs", "pub fn run() {}")],
            &[],
        );
        check(
            &[
                ("src/main.rs", root),
                ("src/a.rs", "use crate::Ended;\npub fn run() {}"),
            ],
            &[
                "benches/src/a.rs:1: is part of a circle of files, `a.rs` -> `main.rs` -> `a.rs`; \
                 to do without `crate::Ended` would cut it",
            ],
        );
    }

    #[test]
    fn a_contents_page_that_does_more_is_a_file_like_others() {
        let root = ("src/lib.rs", "mod a;");
        let child = ("src/a/b.rs", "use super::A;\npub struct B;");
        check(
            &[
                root,
                ("src/a/mod.rs", "mod b;\npub use b::B;\npub struct A;"),
                child,
            ],
            &[],
        );
        for uses in ["use b::B;", "fn a() { b::B }"] {
            let contents = format!("mod b;\n{uses}\npub struct A;");
            check(
                &[root, ("src/a/mod.rs", &contents), child],
                &[
                    "benches/src/a/b.rs:1: is part of a circle of files, `a/b.rs` -> `a/mod.rs` -> `a/b.rs`; \
                     to do without `super::A` would cut it",
                ],
            );
        }
    }

    #[test]
    fn macros_define_where_they_are() {
        let a = (
            "src/a.rs",
            "each! { fn one() }\nfn two() { crate::b::three() }",
        );
        let b = ("src/b.rs", "fn three() { crate::a::one() }");
        check(
            &[("src/lib.rs", "mod a;\nmod b;"), a, b],
            &[
                "benches/src/a.rs:2: is part of a circle of files, `a.rs` -> `b.rs` -> `a.rs`; \
                 to do without `crate::b::three` would cut it",
            ],
        );
    }
}
