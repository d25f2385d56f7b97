//! Upsampling of feature maps, and its gradient.

/// Each element of a feature map repeated as a block (nearest neighbour), and cut where the output is smaller than all blocks.
#[derive(Clone, Copy, Debug)]
pub struct Upsampling {
    input: [usize; 2],
    factor: [usize; 2],
    output: [usize; 2],
    /// Rows and columns that are cut off above and left.
    before: [usize; 2],
}

impl Upsampling {
    /// Of feature maps `input` by `factor` to `output`, all `[down, across]`. What is cut off is less than a block, and half of it, rounded down,
    /// lies above and left; `None` when it would be more, or the output is larger than all blocks, or empty.
    pub fn new(input: [usize; 2], factor: [usize; 2], output: [usize; 2]) -> Option<Self> {
        let mut before = [0; 2];
        for axis in 0..2 {
            let cut = input[axis]
                .checked_mul(factor[axis])?
                .checked_sub(output[axis])?;
            if cut >= factor[axis] || output[axis] == 0 {
                return None;
            }
            before[axis] = cut / 2;
        }
        Some(Self {
            input,
            factor,
            output,
            before,
        })
    }

    /// `[down, across]`.
    pub fn factor(&self) -> [usize; 2] {
        self.factor
    }

    /// Rows and columns that are cut off above and left.
    pub fn before(&self) -> [usize; 2] {
        self.before
    }

    /// Height and width of an output.
    pub fn output(&self) -> [usize; 2] {
        self.output
    }

    /// The output of feature maps one after another, `x` `[maps, input]` to `y` `[maps, output]`.
    pub fn forward(&self, x: &[f32], y: &mut [f32]) {
        let ([height, width], [_, columns]) = (self.input, self.output);
        let mut left = y;
        for (at, x) in x.chunks(width).enumerate() {
            let rows = self.rows(at % height);
            let (block, rest) = left.split_at_mut(rows * columns);
            left = rest;
            let (first, others) = block.split_at_mut(columns);
            self.spread(x, first);
            for row in others.chunks_mut(columns) {
                row.copy_from_slice(first);
            }
        }
    }

    /// The sum of each block: `dx` `[maps, input]` from `dy` `[maps, output]`.
    pub fn gradient(&self, dy: &[f32], dx: &mut [f32]) {
        let ([height, width], [_, columns]) = (self.input, self.output);
        let mut left = dy;
        for (at, dx) in dx.chunks_mut(width).enumerate() {
            let (block, rest) = left.split_at(self.rows(at % height) * columns);
            left = rest;
            dx.fill(0.0);
            for row in block.chunks(columns) {
                self.sum(row, dx);
            }
        }
    }

    /// Rows of the output that are made of row `at` of the input.
    fn rows(&self, at: usize) -> usize {
        let end = |row: usize| (row * self.factor[0]).saturating_sub(self.before[0]);
        end(at + 1).min(self.output[0]) - end(at)
    }

    /// Elements of a row of the output that come of the first element of the input's, where its block is cut; 0 where it is not.
    fn cut_block(&self) -> usize {
        match self.before[1] {
            0 => 0,
            before => (self.factor[1] - before).min(self.output[1]),
        }
    }

    /// A row of the input as one of the output.
    fn spread(&self, x: &[f32], y: &mut [f32]) {
        let (cut, blocks) = y.split_at_mut(self.cut_block());
        cut.fill(x[0]);
        let x = &x[usize::from(!cut.is_empty())..];
        match self.factor[1] {
            2 => {
                let (pairs, last) = blocks.as_chunks_mut::<2>();
                for (pair, x) in pairs.iter_mut().zip(x) {
                    *pair = [*x; 2];
                }
                for (last, x) in last.iter_mut().zip(x.last()) {
                    *last = *x;
                }
            }
            across => {
                for (block, x) in blocks.chunks_mut(across).zip(x) {
                    block.fill(*x);
                }
            }
        }
    }

    /// Adds the sum of each block of a row of the output.
    fn sum(&self, dy: &[f32], dx: &mut [f32]) {
        let (cut, blocks) = dy.split_at(self.cut_block());
        dx[0] += cut.iter().sum::<f32>();
        let dx = &mut dx[usize::from(!cut.is_empty())..];
        match self.factor[1] {
            2 => {
                let (pairs, last) = blocks.as_chunks::<2>();
                for (dx, pair) in dx.iter_mut().zip(pairs) {
                    *dx += pair[0] + pair[1];
                }
                for (dx, last) in dx.last_mut().into_iter().zip(last) {
                    *dx += last;
                }
            }
            across => {
                for (dx, block) in dx.iter_mut().zip(blocks.chunks(across)) {
                    *dx += block.iter().sum::<f32>();
                }
            }
        }
    }
}
