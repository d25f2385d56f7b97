//! How large each package is.

use super::circles::circles_of;
use crate::source::{Source, Token};
use crate::workspace::{Package, Workspace};

/// What can stand behind `pub`; fields and what only the crate sees do not count.
const ITEMS: [&str; 9] = [
    "const", "enum", "fn", "mod", "static", "struct", "trait", "type", "use",
];

/// Counts of one package, of its files in `src/` without tests.
#[derive(Debug, PartialEq)]
struct Counts<'a> {
    files: usize,
    lines: usize,
    /// Lines of the file in the middle.
    median: usize,
    /// The longest file and its lines.
    longest: (usize, &'a str),
    public_items: usize,
    circles: usize,
}

impl<'a> Counts<'a> {
    fn of(package: &'a Package) -> Self {
        let folder = format!("{}/src/", package.folder);
        let mut files: Vec<(usize, &str)> = Vec::new();
        let mut public_items = 0;
        for source in package.sources.iter().filter(|source| !source.is_test()) {
            if let Some(name) = source.path.strip_prefix(&folder) {
                files.push((source.lines_before_tests(), name));
                public_items += count_public_items(source);
            }
        }
        files.sort_unstable();
        Self {
            files: files.len(),
            lines: files.iter().map(|(lines, _)| lines).sum(),
            median: files.get(files.len() / 2).map_or(0, |(lines, _)| *lines),
            longest: files.last().copied().unwrap_or_default(),
            public_items,
            circles: circles_of(package).len(),
        }
    }
}

fn count_public_items(source: &Source) -> usize {
    let is_item = |pair: &&[Token]| pair[0].is("pub") && ITEMS.contains(&pair[1].text.as_str());
    source.tokens().windows(2).filter(is_item).count()
}

/// Prints a line for each package.
pub fn print_counts(workspace: &Workspace) {
    println!(
        "Files of `src/` and their lines, without tests; public items are `pub` and `{}`.",
        ITEMS.join("`, `")
    );
    println!(
        "{:<17} {:>5} {:>6} {:>6} {:>6} {:>7}  longest",
        "package", "files", "lines", "median", "public", "circles"
    );
    for package in &workspace.packages {
        let counts = Counts::of(package);
        let (longest, name) = counts.longest;
        println!(
            "{:<17} {:>5} {:>6} {:>6} {:>6} {:>7}  {longest} {name}",
            package.name,
            counts.files,
            counts.lines,
            counts.median,
            counts.public_items,
            counts.circles,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::testing::with_sources;

    #[test]
    fn a_package_is_counted_without_its_tests() {
        let a = "pub struct A {\n    pub b: u8,\n}\npub(crate) fn c() {}\n#[cfg(test)]\nmod tests {\n}\n";
        let package = with_sources(
            "benches",
            &[
                ("src/lib.rs", "mod a;\npub use a::{A, B};\n"),
                ("src/a.rs", a),
                (
                    "src/b/c.rs",
                    "pub const fn d() {}\npub const E: u8 = 1;\n\n",
                ),
                ("src/a/tests.rs", "pub fn f() {}\n"),
                ("benches/all.rs", "pub fn f() {}\n"),
            ],
        );
        let expected = Counts {
            files: 3,
            lines: 9,
            median: 3,
            longest: (4, "a.rs"),
            public_items: 4,
            circles: 0,
        };
        assert_eq!(Counts::of(&package), expected);
    }
}
