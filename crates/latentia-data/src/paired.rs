//! Which pictures belong to which.

use std::collections::HashMap;

use crate::error::counted;

/// Names that are listed.
const MOST_NAMED: usize = 5;

/// The place among `others` of the partner of each name, which may differ in its ending, and what there is to say of others without a
/// partner; else which names have none.
pub(crate) fn pairs(
    names: &[String],
    others: &[String],
) -> Result<(Vec<u32>, Option<String>), String> {
    let found = places(names, others);
    let missing = names.iter().zip(&found).filter(|pair| pair.1.is_none());
    let missing: Vec<&String> = missing.map(|pair| pair.0).collect();
    if !missing.is_empty() {
        return Err(format!("none for {}", listed(&missing)));
    }
    let places: Vec<u32> = found.into_iter().flatten().collect();
    let mut is_used = vec![false; others.len()];
    places
        .iter()
        .for_each(|&place| is_used[place as usize] = true);
    let unused = others.iter().zip(is_used).filter(|pair| !pair.1);
    let unused: Vec<&String> = unused.map(|pair| pair.0).collect();
    let note = (!unused.is_empty()).then(|| {
        let targets = counted(unused.len() as u64, "target");
        format!("{targets} without an example left out: {}", listed(&unused))
    });
    Ok((places, note))
}

/// Where the partner of each name is among `others`: of the same name, else the only one of the same name but for its ending.
fn places(names: &[String], others: &[String]) -> Vec<Option<u32>> {
    let mut whole = HashMap::new();
    let mut stems: HashMap<&str, Option<u32>> = HashMap::new();
    for (place, name) in others.iter().enumerate() {
        let place = place as u32;
        whole.insert(name.as_str(), place);
        let only = stems.entry(stem(name)).or_insert(Some(place));
        *only = only.filter(|only| *only == place);
    }
    let place = |name: &String| {
        let exact = whole.get(name.as_str()).copied();
        exact.or_else(|| stems.get(stem(name)).copied().flatten())
    };
    names.iter().map(place).collect()
}

fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

fn listed(names: &[&String]) -> String {
    let shown = names.iter().take(MOST_NAMED);
    let shown: Vec<String> = shown.map(|name| format!("`{name}`")).collect();
    match names.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use latentia_tensor::{Matrix, Rows};

    use super::*;
    use crate::Dataset;

    #[test]
    fn names_are_paired_whole_or_but_for_their_endings() {
        let names =
            |names: &[&str]| -> Vec<String> { names.iter().map(ToString::to_string).collect() };
        let others = names(&["b/1.png", "a.jpg", "b/2.png", "b/2.gif", "c.png"]);
        let found = places(
            &names(&["a.png", "b/1.png", "b/2.gif", "b/2.bmp", "d.png"]),
            &others,
        );
        assert_eq!(found, [Some(1), Some(0), Some(3), None, None]);
    }

    #[test]
    fn arrays_are_paired_by_place_and_read_as_what_they_are_to_become() {
        let set = |values: Vec<u8>| Dataset::from_bytes("set", vec![2], values).expect("a set");
        let noisy = set(vec![1, 2, 3, 4]);
        assert!(!noisy.has_targets());
        let before = noisy.fingerprint().expect("in memory");
        let pairs = noisy
            .clone()
            .with_targets(set(vec![5, 6, 7, 8]))
            .expect("as many");
        assert!(pairs.has_targets());
        assert_ne!(pairs.fingerprint().expect("in memory"), before);
        let mut read = [Matrix::zeros(2, 2), Matrix::zeros(2, 2)];
        pairs.read(&[1, 0], read[0].view_mut()).expect("in memory");
        pairs
            .read_targets(&[1, 0], read[1].view_mut())
            .expect("in memory");
        assert_eq!(read[0].as_slice(), [3.0, 4.0, 1.0, 2.0]);
        assert_eq!(read[1].as_slice(), [7.0, 8.0, 5.0, 6.0]);

        let refused = |targets: Dataset| {
            let refused = noisy.clone().with_targets(targets);
            refused.expect_err("no partner").to_string()
        };
        let words = "`set`: targets: found 1, expected 2, one for each example";
        assert_eq!(refused(set(vec![5, 6])), words);
        let floats = Dataset::from_floats("f", vec![2], vec![0.0; 4]).expect("a set");
        assert_eq!(
            refused(floats),
            "`f`: shape of a target: found 2 floats, expected 2 bytes"
        );
    }
}
