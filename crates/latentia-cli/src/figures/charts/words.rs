//! Texts as kuva takes them.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The most characters of a text that is cut, however narrow they are.
const CHARACTERS: usize = 200;

/// `text` in one line of at most `columns`, with an ellipsis where it is cut: Latin letters take one, Chinese ones two. A dollar sign
/// is no start of a formula.
pub fn words(text: &str, columns: usize) -> String {
    let text = hint(text).split_whitespace().collect::<Vec<_>>().join(" ");
    let text = match text.width() <= columns && text.chars().count() <= CHARACTERS {
        true => text,
        false => {
            let mut left = columns.saturating_sub(1);
            let fits = |c: &char| {
                let width = c.width().unwrap_or(0);
                let fits = width <= left;
                left = left.saturating_sub(width);
                fits
            };
            let cut: String = text.chars().take(CHARACTERS).take_while(fits).collect();
            format!("{}…", cut.trim_end())
        }
    };
    text.replace('$', "\\$")
}

/// `text` without characters that XML has no place for.
pub fn hint(text: &str) -> String {
    let clean = |c: char| match c {
        '\n' => c,
        c if c.is_whitespace() => ' ',
        '\u{fffe}' | '\u{ffff}' => char::REPLACEMENT_CHARACTER,
        c if c.is_control() => char::REPLACEMENT_CHARACTER,
        c => c,
    };
    text.chars().map(clean).collect()
}
