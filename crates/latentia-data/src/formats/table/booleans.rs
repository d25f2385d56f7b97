//! Words for false and true.

/// Words for false and true.
const BOOLEANS: [[&str; 2]; 5] = [
    ["false", "true"],
    ["no", "yes"],
    ["n", "y"],
    ["f", "t"],
    ["0", "1"],
];

/// Whether `no` and `yes` are a pair of words for false and true.
pub(super) fn is_pair(no: &str, yes: &str) -> bool {
    let is = |word: &str, own: &str| word.eq_ignore_ascii_case(own);
    BOOLEANS
        .iter()
        .any(|pair| is(no, pair[0]) && is(yes, pair[1]))
}

/// What `field` says, where it is such a word.
pub(super) fn boolean(field: &[u8]) -> Option<bool> {
    let is = |own: &str| field.eq_ignore_ascii_case(own.as_bytes());
    BOOLEANS
        .iter()
        .find_map(|[no, yes]| match (is(no), is(yes)) {
            (true, _) => Some(false),
            (_, true) => Some(true),
            _ => None,
        })
}
