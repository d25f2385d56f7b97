//! The masked network of a step.

use latentia_tensor::MatrixRef;

/// The masks of one step: which units an element of the code reaches, and which outputs a unit. Both are ranges, as units are sorted.
#[derive(Clone, Copy)]
pub(super) struct Masks {
    pub(super) width: usize,
    pub(super) units: usize,
    pub(super) is_reversed: bool,
}

impl Masks {
    /// The place of an element in the order of the step.
    fn place(self, element: usize) -> usize {
        match self.is_reversed {
            true => self.width - 1 - element,
            false => element,
        }
    }

    /// The first unit that sees the element: `⌊k n / H⌋` is more than its place.
    fn first_unit(self, element: usize) -> usize {
        let sees = (self.place(element) + 1) * self.units;
        sees.div_ceil(self.width).min(self.units)
    }

    /// The first and the last but one of the elements that depend on the unit: from the `⌊k n / H⌋`-th on.
    fn elements(self, unit: usize) -> [usize; 2] {
        let degree = unit * self.width / self.units;
        match self.is_reversed {
            true => [0, self.width - degree],
            false => [degree, self.width],
        }
    }

    /// Makes zero what the mask of the hidden weight, `[n, H]`, leaves out.
    pub(super) fn mask_hidden(self, weight: &mut [f32]) {
        for (element, weight) in weight.chunks_mut(self.units).enumerate() {
            weight[..self.first_unit(element)].fill(0.0);
        }
    }

    /// Makes zero what the mask of the output weight, `[H, 2 n]`, leaves out.
    pub(super) fn mask_outputs(self, weight: &mut [f32]) {
        for (unit, weight) in weight.chunks_mut(2 * self.width).enumerate() {
            let [first, end] = self.elements(unit);
            for weight in weight.chunks_mut(self.width) {
                weight[..first].fill(0.0);
                weight[end..].fill(0.0);
            }
        }
    }
}

/// The network of one step.
#[derive(Clone, Copy)]
pub(super) struct Network<'a> {
    pub(super) masks: Masks,
    /// `[n, H]`, unmasked.
    pub(super) hidden_weight: MatrixRef<'a>,
    /// `[c, H]`
    pub(super) context_weight: MatrixRef<'a>,
    pub(super) hidden_bias: &'a [f32],
    /// `[H, 2 n]`, unmasked.
    pub(super) output_weight: MatrixRef<'a>,
    pub(super) output_bias: &'a [f32],
}

impl Network<'_> {
    /// The weights with their masks, in the place of `all`.
    pub(super) fn masked<'m>(&self, all: &'m mut [f32]) -> [MatrixRef<'m>; 2] {
        let (first, second) = all.split_at_mut(self.hidden_weight.span().len());
        first.copy_from_slice(self.hidden_weight.span());
        self.masks.mask_hidden(first);
        second.copy_from_slice(self.output_weight.span());
        self.masks.mask_outputs(second);
        let Masks { width, units, .. } = self.masks;
        [
            MatrixRef::new(first, width, units),
            MatrixRef::new(second, units, 2 * width),
        ]
    }
}
