//! Code of the largest numbers.

use std::cmp::Ordering;

use latentia_tensor::{MatrixMut, MatrixRef, update};

use crate::layer::{Layer, Parameter, Pass, Trace};

/// The `k` largest of a row's numbers stay, the others become 0 (Makhzani and Frey 2014). Of equal numbers the first stay.
#[derive(Clone, Debug)]
pub struct TopK {
    width: usize,
    k: usize,
}

impl TopK {
    /// Keeps `k` of `width` numbers, `k` at most `width`.
    pub fn new(width: usize, k: usize) -> Self {
        Self { width, k }
    }
}

impl Layer for TopK {
    fn name(&self) -> String {
        format!("top {}", self.k)
    }

    fn inputs(&self) -> usize {
        self.width
    }

    fn outputs(&self) -> usize {
        self.width
    }

    /// 1 where a number stays, else 0.
    fn saved(&self) -> usize {
        self.width
    }

    fn forward(
        &self,
        _parameters: &[Parameter],
        _pass: Pass<'_>,
        x: MatrixRef<'_>,
        mut y: MatrixMut<'_>,
        mut saved: MatrixMut<'_>,
    ) {
        let rows = y.iter_rows_mut().zip(saved.iter_rows_mut());
        for ((y, kept), x) in rows.zip(x.iter_rows()) {
            // The row in falling order, as far as the last number that stays.
            kept.copy_from_slice(x);
            let place = self.k.saturating_sub(1);
            kept.select_nth_unstable_by(place, |a, b| b.total_cmp(a));
            let least = kept[place];
            // A total order, in which a NaN is the greatest: it must show.
            let greater = |x: &f32| x.total_cmp(&least) == Ordering::Greater;
            let mut equal = self.k - kept[..self.k].iter().filter(|x| greater(x)).count();
            for ((y, kept), &x) in y.iter_mut().zip(kept).zip(x) {
                let is_least = x.total_cmp(&least) == Ordering::Equal && equal > 0;
                equal -= usize::from(is_least);
                let stays = is_least || greater(&x);
                *kept = f32::from(stays);
                *y = if stays { x } else { 0.0 };
            }
        }
    }

    fn backward(
        &self,
        _parameters: &[Parameter],
        trace: Trace<'_>,
        mut dy: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
    ) {
        let Some(mut dx) = dx else { return };
        dx.as_mut_slice().copy_from_slice(dy.as_mut_slice());
        update(dx.as_mut_slice(), trace.saved.span(), |d, kept| d * kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Block, Chain, Mode, Place};

    #[test]
    fn the_largest_stay_and_of_equal_numbers_the_first() {
        let check = |x: [f32; 5], k, expected: [f32; 5]| {
            let chain = Chain::new(vec![Box::new(TopK::new(5, k))], 1);
            let mut block = Block::for_use(&chain, 0..1, Mode::Use, 1);
            block.input_mut(1, &[]).as_mut_slice().copy_from_slice(&x);
            block.forward(&chain, Place::default());
            assert_eq!(block.output().span(), expected);
        };
        check([1.0, 5.0, -2.0, 3.0, 4.0], 2, [0.0, 5.0, 0.0, 0.0, 4.0]);
        check([2.0, 2.0, 1.0, 2.0, 0.0], 2, [2.0, 2.0, 0.0, 0.0, 0.0]);
        check(
            [-1.0, -2.0, -3.0, -4.0, -5.0],
            1,
            [-1.0, 0.0, 0.0, 0.0, 0.0],
        );
        check([1.0, 2.0, 3.0, 4.0, 5.0], 5, [1.0, 2.0, 3.0, 4.0, 5.0]);
        // A NaN must show, not vanish.
        let chain = Chain::new(vec![Box::new(TopK::new(2, 1))], 1);
        let mut block = Block::for_use(&chain, 0..1, Mode::Use, 1);
        let x = [0.0, f32::NAN];
        block.input_mut(1, &[]).as_mut_slice().copy_from_slice(&x);
        block.forward(&chain, Place::default());
        assert!(block.output().span()[1].is_nan());
    }
}
