//! Upsampling of feature maps, and its gradient.

/// Repeats each element of feature maps `width` wide as a block of `[down, across]`.
pub fn upsample(x: &[f32], width: usize, [down, across]: [usize; 2], y: &mut [f32]) {
    let rows = x.chunks(width.max(1));
    for (x, y) in rows.zip(y.chunks_mut((width * down * across).max(1))) {
        let (first, others) = y.split_at_mut(width * across);
        match across {
            2 => {
                let (pairs, _) = first.as_chunks_mut::<2>();
                for (pair, x) in pairs.iter_mut().zip(x) {
                    *pair = [*x; 2];
                }
            }
            _ => {
                for (block, x) in first.chunks_mut(across).zip(x) {
                    block.fill(*x);
                }
            }
        }
        for row in others.chunks_mut(width * across) {
            row.copy_from_slice(first);
        }
    }
}

/// The sum of each block of `[down, across]` elements: maps `width` wide from maps that are wider by `across`.
pub fn sum_into_blocks(y: &[f32], width: usize, [down, across]: [usize; 2], x: &mut [f32]) {
    let blocks = y.chunks((width * down * across).max(1));
    for (x, y) in x.chunks_mut(width.max(1)).zip(blocks) {
        x.fill(0.0);
        for row in y.chunks(width * across) {
            match across {
                2 => {
                    let (pairs, _) = row.as_chunks::<2>();
                    for (x, pair) in x.iter_mut().zip(pairs) {
                        *x += pair[0] + pair[1];
                    }
                }
                _ => {
                    for (x, block) in x.iter_mut().zip(row.chunks(across)) {
                        *x += block.iter().sum::<f32>();
                    }
                }
            }
        }
    }
}
