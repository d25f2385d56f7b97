//! Words for false and true.

/// Words for false and true, in small letters.
const BOOLEANS: [[&str; 2]; 5] = [
    ["false", "true"],
    ["no", "yes"],
    ["n", "y"],
    ["f", "t"],
    ["0", "1"],
];

/// Whether `word` says false or true, and by which pair of words; letters may be small or large.
fn truth(word: &[u8]) -> Option<(usize, bool)> {
    BOOLEANS.iter().enumerate().find_map(|(pair, words)| {
        let is_word = |own: &&str| own.as_bytes().eq_ignore_ascii_case(word);
        Some((pair, words.iter().position(is_word)? == 1))
    })
}

/// The levels of a boolean, false and true, where all of `levels` are words of one pair; of several writings the first.
pub(super) fn boolean_levels(levels: &[String]) -> Option<Vec<String>> {
    let all: Option<Vec<_>> = levels.iter().map(|level| truth(level.as_bytes())).collect();
    let all = all.filter(|all| all.windows(2).all(|two| two[0].0 == two[1].0))?;
    let first = |value: bool| Some(levels[all.iter().position(|own| own.1 == value)?].clone());
    Some(vec![first(false)?, first(true)?])
}

/// The level of a boolean of `levels` that `field` is in other words: `1` or `YES` where it has `true`.
pub(super) fn other_words(levels: &[String], field: &[u8]) -> Option<u32> {
    let (_, value) = truth(field)?;
    boolean_levels(levels).filter(|words| words == levels)?;
    Some(u32::from(value))
}

/// Whether `no` and `yes` are a pair of words for false and true.
#[cfg(feature = "parquet")]
pub(crate) fn is_pair(no: &str, yes: &str) -> bool {
    let [no, yes] = [no, yes].map(|word| truth(word.as_bytes()));
    matches!((no, yes), (Some((a, false)), Some((b, true))) if a == b)
}

/// What `field` says, where it is such a word.
#[cfg(feature = "parquet")]
pub(crate) fn boolean(field: &[u8]) -> Option<bool> {
    truth(field).map(|(_, value)| value)
}
