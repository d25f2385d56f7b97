//! Functions of a file.

use super::token::{Token, closing};

/// A function with a body.
#[derive(Debug, PartialEq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The line of its `fn`.
    pub line: usize,
    /// Lines from there to its last brace.
    pub lines: usize,
}

/// All functions of `tokens`, those inside others too.
pub fn functions(tokens: &[Token]) -> Vec<Function> {
    let starts = tokens.windows(2).enumerate();
    starts
        .filter(|(_, pair)| pair[0].is("fn") && pair[1].is_name())
        .filter_map(|(at, pair)| {
            let end = closing(tokens, body(tokens, at)?);
            Some(Function {
                name: pair[1].text.clone(),
                line: pair[0].line,
                lines: tokens[end].line - pair[0].line + 1,
            })
        })
        .collect()
}

/// Where the body of the function at `at` opens, if it has one.
fn body(tokens: &[Token], mut at: usize) -> Option<usize> {
    loop {
        match tokens.get(at)?.text.as_str() {
            "{" => return Some(at),
            ";" | "}" => return None,
            "(" | "[" => at = closing(tokens, at) + 1,
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::source::Source;

    use super::*;

    #[test]
    fn a_function_goes_from_its_name_to_its_brace() {
        let text = "\
pub trait A {
    fn without_body(&self) -> [u8; 2];
    /// {
    fn short(&self) {}
}
fn long<T>(f: fn(T))
where
    T: Copy,
{
    fn inner() {
    }
    if a { \"}\" }
}
#[cfg(test)]
fn test() {}
";
        let path = "crates/a/src/lib.rs".to_owned();
        let text = text.to_owned();
        let found = functions(&Source { path, text }.tokens());
        let found: Vec<(&str, usize, usize)> = found
            .iter()
            .map(|function| (function.name.as_str(), function.line, function.lines))
            .collect();
        assert_eq!(found, [("short", 4, 1), ("long", 6, 8), ("inner", 10, 2)]);
    }
}
