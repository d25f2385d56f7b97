//! The symbols of one element of a code.

/// Cells of one element, at most.
const MOST_CELLS: f64 = 4096.0;

/// The symbols of one element or vector of a code.
#[derive(Clone, Debug, PartialEq)]
pub struct Symbols {
    /// Width `δ` of a cell; 0 where symbols are the vectors of a codebook.
    pub step: f32,
    /// The cell of symbol 0.
    pub first: i32,
    /// How many training codes had each symbol; one at least.
    pub counts: Vec<u16>,
}

impl Symbols {
    /// Cells of width `step` at the least over `values`, and how many of them each has.
    pub(crate) fn of(values: impl Iterator<Item = f32> + Clone, step: f64) -> Self {
        let range = |(low, high): (f32, f32), x| (low.min(x), high.max(x));
        let (low, high) = values
            .clone()
            .fold((f32::INFINITY, f32::NEG_INFINITY), range);
        let (low, high) = (f64::from(low), f64::from(high));
        let least = ((high - low) / MOST_CELLS).max(low.abs().max(high.abs()) / 1e8);
        let cell = step.max(least).max(f64::from(f32::MIN_POSITIVE));
        // An element that the output does not depend on, or that never changes, is one cell around its middle.
        let constant = !step.is_finite() || cell > high - low;
        let step = match constant {
            true => ((low + high).abs() / 2.0).max(1.0),
            false => cell,
        } as f32;
        let mut symbols = Self {
            step,
            first: 0,
            counts: vec![0],
        };
        if constant {
            symbols.first = ((low + high) / 2.0 / f64::from(step)).round() as i32;
        } else {
            symbols.first = (low / f64::from(step)).round() as i32;
            let last = (high / f64::from(step)).round() as i32;
            symbols.counts = vec![0; (last - symbols.first) as usize + 1];
        }
        for x in values {
            let symbol = symbols.symbol(x);
            symbols.counts[symbol] += 1;
        }
        symbols
    }

    /// The symbol of a value: that of its cell, or of the nearest.
    pub fn symbol(&self, x: f32) -> usize {
        let last = self.counts.len() - 1;
        // What is not a number has no nearest cell; the first is as good as any.
        let cell = ((x / self.step).round() as i64).saturating_sub(self.first.into());
        cell.clamp(0, last as i64) as usize
    }

    /// Whether these are so many `vectors` of a codebook, or, without one, cells that elements of a code can lie in.
    pub(crate) fn fits(&self, vectors: Option<usize>) -> bool {
        if let Some(vectors) = vectors {
            return self.counts.len() == vectors;
        }
        let cells = 1..=MOST_CELLS as usize + 2;
        let last = i64::from(self.first) + self.counts.len() as i64;
        let far = i64::from(i32::MAX / 2);
        self.step.is_finite()
            && self.step > 0.0
            && cells.contains(&self.counts.len())
            && i64::from(self.first) > -far
            && last < far
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_lie_around_multiples_of_their_width_and_hold_every_number() {
        let numbers = [-0.26f32, 0.0, 0.04, 0.06, 1.0];
        let symbols = Symbols::of(numbers.iter().copied(), 0.1);
        assert_eq!(symbols.first, -3);
        assert_eq!(symbols.counts.len(), 14);
        let found = numbers.map(|x| symbols.symbol(x));
        assert_eq!(found, [0, 3, 3, 4, 13]);
        assert_eq!(symbols.counts.iter().sum::<u16>(), 5);
        // Beyond the ends, and no number.
        let far = [f32::NEG_INFINITY, -9.0, 7.0, f32::INFINITY, f32::NAN];
        assert_eq!(far.map(|x| symbols.symbol(x)), [0, 0, 13, 13, 3]);
    }

    #[test]
    fn a_number_that_never_changes_or_does_nothing_has_one_symbol() {
        for (numbers, step) in [
            (&[0.0f32, 0.0][..], 0.1),
            (&[7.5, 7.5], 0.1),
            (&[-3.0, 4.0], f64::INFINITY),
            (&[-3.0, 4.0], f64::NAN),
        ] {
            let symbols = Symbols::of(numbers.iter().copied(), step);
            assert_eq!(symbols.counts, [2], "{numbers:?}");
            assert!(symbols.step > 0.0 && symbols.step.is_finite());
            let middle = symbols.first as f32 * symbols.step;
            assert!((middle - (numbers[0] + numbers[1]) / 2.0).abs() <= 0.5 * symbols.step);
        }
    }

    #[test]
    fn cells_are_never_more_than_the_most() {
        let symbols = Symbols::of([-1e6f32, 1e6].into_iter(), 1e-9);
        assert!(symbols.counts.len() <= MOST_CELLS as usize + 1);
        let symbols = Symbols::of([1e6f32, 1e6 + 1.0].into_iter(), 1e-9);
        assert_eq!(symbols.symbol(1e6), 0);
    }
}
