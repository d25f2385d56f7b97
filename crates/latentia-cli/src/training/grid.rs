//! The combinations of settings that a sweep trains.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use crate::args::{SweepArgs, TrainArgs};
use crate::terminal::UsageError;

/// A setting with all its values.
#[derive(Clone, Debug)]
struct Axis {
    /// An argument of `train`, or a key of the preset.
    key: String,
    values: Vec<String>,
    is_argument: bool,
}

/// All combinations of the values of some settings.
#[derive(Clone, Debug)]
pub struct Grid {
    axes: Vec<Axis>,
}

/// A value for each setting of a grid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Combination {
    /// Keys and values, as they are written.
    pub settings: Vec<(String, String)>,
    /// How many of them are arguments of their own; the others are told by `--set`.
    arguments: usize,
}

impl Grid {
    /// What `args` ask for, in their order.
    ///
    /// # Errors
    /// When a value of `--set` has no key.
    pub fn of(args: &SweepArgs) -> Result<Self, UsageError> {
        let mut axes = Vec::new();
        let mut add = |key: &str, values: Vec<String>, is_argument| {
            let mut unique: Vec<String> = Vec::new();
            values.into_iter().for_each(|value| {
                if !unique.contains(&value) {
                    unique.push(value);
                }
            });
            if !unique.is_empty() {
                let (key, values) = (key.to_string(), unique);
                axes.push(Axis {
                    key,
                    values,
                    is_argument,
                });
            }
        };
        add("latent", texts(&args.latent), true);
        add("batch-size", texts(&args.batch_size), true);
        add("learning-rate", texts(&args.learning_rate), true);
        for setting in &args.set {
            let Some((key, values)) = setting.split_once('=') else {
                let example = "it must be KEY=VALUE,..., as in training.batch-size=64,256";
                return Err(UsageError(format!("`--set {setting}`: {example}")));
            };
            add(key.trim(), parted(values), false);
        }
        Ok(Self { axes })
    }

    /// How many combinations there are; the most that can be counted where there are more.
    pub fn size(&self) -> u64 {
        let sizes = self.axes.iter().map(|axis| axis.values.len() as u64);
        sizes.fold(1, u64::saturating_mul)
    }

    /// All combinations, the last setting changing fastest; or `count` of them, drawn by `seed`, in the same order.
    pub fn combinations(&self, drawn: Option<(usize, u64)>) -> Vec<Combination> {
        match drawn.filter(|(count, _)| (*count as u64) < self.size()) {
            None => (0..self.size()).map(|index| self.at(index)).collect(),
            Some((count, seed)) => {
                let mut indices = BTreeSet::new();
                for draw in 0u64.. {
                    if indices.len() == count {
                        break;
                    }
                    let hash = Sha256::digest([seed.to_le_bytes(), draw.to_le_bytes()].concat());
                    let mut first = [0; 8];
                    first.copy_from_slice(&hash[..8]);
                    indices.insert(u64::from_le_bytes(first) % self.size());
                }
                indices.into_iter().map(|index| self.at(index)).collect()
            }
        }
    }

    fn at(&self, mut index: u64) -> Combination {
        let mut settings = Vec::new();
        for axis in self.axes.iter().rev() {
            let count = axis.values.len() as u64;
            let value = &axis.values[(index % count) as usize];
            settings.push((axis.key.clone(), value.clone()));
            index /= count;
        }
        settings.reverse();
        let arguments = self.axes.iter().filter(|axis| axis.is_argument).count();
        Combination {
            settings,
            arguments,
        }
    }
}

impl Combination {
    /// `common` with these settings and this seed.
    pub fn train(&self, common: &TrainArgs, seed: u64) -> TrainArgs {
        let mut args = TrainArgs {
            seed,
            ..common.clone()
        };
        let (arguments, keys) = self.settings.split_at(self.arguments);
        for (key, value) in arguments {
            // They are as they were read.
            match key.as_str() {
                "latent" => args.latent = value.parse().ok(),
                "batch-size" => args.batch_size = value.parse().ok(),
                _ => args.learning_rate = value.parse().ok(),
            }
        }
        args.set = keys
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        args
    }

    /// The settings as arguments of `train`.
    pub fn arguments(&self) -> Vec<String> {
        let settings = self.settings.iter().enumerate();
        let words = settings.flat_map(|(place, (key, value))| match place < self.arguments {
            true => [format!("--{key}"), value.clone()],
            false => ["--set".into(), format!("{key}={value}")],
        });
        words.collect()
    }

    /// The settings in words.
    pub fn label(&self) -> String {
        let words = self
            .settings
            .iter()
            .map(|(key, value)| format!("{key} {value}"));
        words.collect::<Vec<_>>().join(", ")
    }

    /// The name of a folder for a run of these settings and `seed`: no other combination's.
    pub fn folder(&self, seed: u64) -> String {
        let settings = self.settings.iter();
        let mut parts: Vec<String> = settings
            .map(|(key, value)| format!("{key}-{value}"))
            .collect();
        parts.push(format!("seed-{seed}"));
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-.+".contains(c);
        let plain = |part: &String| {
            part.chars()
                .map(|c| if is_plain(c) { c } else { '.' })
                .collect::<String>()
        };
        let mut name = parts.iter().map(plain).collect::<Vec<_>>().join("_");
        if name != parts.join("_") || name.len() > LONGEST {
            name.truncate(LONGEST);
            let hash = Sha256::digest(parts.join("\0"));
            name.push_str(&format!("_{}", hex::encode(&hash[..6])));
        }
        name
    }
}

/// The most letters of a folder's name.
const LONGEST: usize = 150;

fn texts<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(T::to_string).collect()
}

/// Values with commas between them, but for the commas within brackets and quotes.
fn parted(values: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let (mut depth, mut quote) = (0_i32, None);
    for c in values.chars() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            (_, Some(_)) => {}
            ('"' | '\'', None) => quote = Some(c),
            ('[' | '{', None) => depth += 1,
            (']' | '}', None) => depth -= 1,
            (',', None) if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    parts.iter().map(|part| part.trim().to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(axes: &[(&str, &str, bool)]) -> Grid {
        let axes = axes.iter().map(|&(key, values, is_argument)| {
            let (key, values) = (key.to_string(), parted(values));
            Axis {
                key,
                values,
                is_argument,
            }
        });
        Grid {
            axes: axes.collect(),
        }
    }

    #[test]
    fn values_are_parted_outside_of_brackets_and_quotes() {
        assert_eq!(
            parted("1, [2,3],{ a = 4, b = [5,6] },\"7,8\",'9,'"),
            ["1", "[2,3]", "{ a = 4, b = [5,6] }", "\"7,8\"", "'9,'"]
        );
    }

    #[test]
    fn a_grid_has_each_combination_once_and_a_drawing_has_some_of_them() {
        let grid = grid(&[("latent", "2,8,32", true), ("a.b", "x,y", false)]);
        let all = grid.combinations(None);
        let labels: Vec<String> = all.iter().map(Combination::label).collect();
        assert_eq!(
            labels[..3],
            ["latent 2, a.b x", "latent 2, a.b y", "latent 8, a.b x"]
        );
        assert_eq!(labels.iter().collect::<BTreeSet<_>>().len(), 6);
        let drawn = |seed| grid.combinations(Some((4, seed)));
        assert!(drawn(1).len() == 4 && drawn(1).iter().all(|one| all.contains(one)));
        assert_eq!(drawn(1), drawn(1));
        assert!((2..20).any(|seed| drawn(seed) != drawn(1)));
        assert_eq!(grid.combinations(Some((7, 1))), all);
    }

    #[test]
    fn few_can_be_drawn_of_more_than_can_be_counted() {
        let axes: Vec<_> = (0..30).map(|_| ("a", "1,2,3,4,5,6,7,8,9", false)).collect();
        let grid = grid(&axes);
        assert_eq!(grid.size(), u64::MAX);
        assert_eq!(grid.combinations(Some((5, 3))).len(), 5);
    }

    #[test]
    fn folders_are_plain_and_differ_where_settings_do() {
        let grid = grid(&[("a", "\"x/y\",'x/y',x_y,../../z,x.y", false)]);
        let names: BTreeSet<String> = grid
            .combinations(None)
            .iter()
            .map(|one| one.folder(3))
            .collect();
        assert_eq!(names.len(), 5, "{names:?}");
        assert!(names.iter().all(|name| !name.contains('/')), "{names:?}");
        assert!(names.contains("a-x.y_seed-3"));
    }
}
