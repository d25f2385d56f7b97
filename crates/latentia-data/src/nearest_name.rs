//! The name that was meant.

/// The name among `names` that `seen` was most likely meant to be, if one is near enough.
///
/// The distance between two names is that of Damerau and Levenshtein: how many characters are added, left out, replaced or
/// exchanged with the next. A name of `n` bytes is near at a distance of `1 + n / 3` at most, if that is no more than
/// half of what was seen. The smallest distance wins; of
/// equally near names the first in alphabetical order does.
///
/// ```
/// use latentia_data::nearest_name;
///
/// assert_eq!(nearest_name("minst", &["cifar10", "mnist"]), Some("mnist"));
/// assert_eq!(nearest_name("faces", &["shapes", "mnist"]), None);
/// ```
pub fn nearest_name<'a>(seen: &str, names: &[&'a str]) -> Option<&'a str> {
    names
        .iter()
        .map(|&name| (strsim::damerau_levenshtein(seen, name), name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 3 && 2 * distance <= seen.len())
        .min()
        .map(|(_, name)| name)
}
