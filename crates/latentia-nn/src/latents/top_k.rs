//! Code of the largest numbers.

use std::cmp::Ordering;

use latentia_tensor::{MatrixMut, MatrixRef, update};

use crate::layer::{Layer, Mode, Parameter, Pass, Trace};

/// The `k` largest of a row's numbers stay, the others become 0 (Makhzani and Frey 2014). Of equal numbers the first stay.
///
/// With a warm-up, training begins with all numbers and lets fewer stay in a straight line, as their paper has it: else most
/// units lose the race in the first steps and never learn.
#[derive(Clone, Debug)]
pub struct TopK {
    width: usize,
    k: usize,
    warm_up: u32,
}

impl TopK {
    /// Keeps `k` of `width` numbers, `k` from 1 to `width`, after a warm-up of `warm_up` epochs.
    pub fn new(width: usize, k: usize, warm_up: u32) -> Self {
        Self { width, k, warm_up }
    }

    /// How many numbers stay in a pass.
    fn kept(&self, pass: Pass<'_>) -> usize {
        let progress = pass.epochs / f64::from(self.warm_up);
        if pass.mode != Mode::Train || self.warm_up == 0 || progress >= 1.0 {
            return self.k;
        }
        self.k + ((self.width - self.k) as f64 * (1.0 - progress)) as usize
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
        pass: Pass<'_>,
        x: MatrixRef<'_>,
        mut y: MatrixMut<'_>,
        mut saved: MatrixMut<'_>,
        _scratch: &mut [f32],
    ) {
        let k = self.kept(pass);
        let rows = y.iter_rows_mut().zip(saved.iter_rows_mut());
        for ((y, kept), x) in rows.zip(x.iter_rows()) {
            // The row in falling order, as far as the last number that stays.
            kept.copy_from_slice(x);
            let place = k.saturating_sub(1);
            kept.select_nth_unstable_by(place, |a, b| b.total_cmp(a));
            let least = kept[place];
            // A total order, in which a NaN is the greatest: it must show.
            let greater = |x: &f32| x.total_cmp(&least) == Ordering::Greater;
            let mut equal = k - kept[..k].iter().filter(|x| greater(x)).count();
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
        _scratch: &mut [f32],
        _sums: &mut [f32],
    ) {
        let Some(mut dx) = dx else { return };
        dx.as_mut_slice().copy_from_slice(dy.as_mut_slice());
        update(dx.as_mut_slice(), trace.saved.span(), |d, kept| d * kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Block, Chain, Place};

    #[test]
    fn the_largest_stay_and_of_equal_numbers_the_first() {
        let check = |x: [f32; 5], k, expected: [f32; 5]| {
            let chain = Chain::new(vec![Box::new(TopK::new(5, k, 0))], 1);
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
        let chain = Chain::new(vec![Box::new(TopK::new(2, 1, 0))], 1);
        let mut block = Block::for_use(&chain, 0..1, Mode::Use, 1);
        let x = [0.0, f32::NAN];
        block.input_mut(1, &[]).as_mut_slice().copy_from_slice(&x);
        block.forward(&chain, Place::default());
        assert!(block.output().span()[1].is_nan());
    }

    #[test]
    fn fewer_stay_as_the_warm_up_goes_on() {
        let chain = Chain::new(vec![Box::new(TopK::new(9, 1, 4))], 1);
        let kept = |mode, epochs| {
            let mut block = Block::for_use(&chain, 0..1, mode, 1);
            block.input_mut(1, &[]).as_mut_slice().fill(1.0);
            let place = Place {
                epochs,
                ..Place::default()
            };
            block.forward(&chain, place);
            block.output().span().iter().sum::<f32>()
        };
        let counts = [0.0, 1.0, 2.0, 3.9, 4.0, 50.0].map(|epochs| kept(Mode::Train, epochs));
        assert_eq!(counts, [9.0, 7.0, 5.0, 1.0, 1.0, 1.0]);
        assert_eq!(kept(Mode::Sample, 0.0), 1.0);
    }
}
