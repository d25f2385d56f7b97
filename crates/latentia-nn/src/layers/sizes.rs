//! Sizes that feature maps can have behind a layer.

/// A size that is larger than any, where it is open.
const OPEN: usize = 1 << 31;

/// The sizes along one axis that feature maps can have behind a layer: all from `least` to `most`. 0 where it does not fit them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// The least.
    pub least: usize,
    /// What the layer says by itself.
    pub written: usize,
    /// The most.
    pub most: usize,
}

impl Sizes {
    /// One size alone.
    pub fn exactly(size: usize) -> Self {
        Self {
            least: size,
            written: size,
            most: size,
        }
    }

    /// Any size.
    pub(super) fn open() -> Self {
        Self {
            least: 1,
            written: 1,
            most: OPEN,
        }
    }

    /// Whether `size` is one of them.
    pub fn contains(self, size: usize) -> bool {
        (self.least..=self.most).contains(&size)
    }

    /// The first of them for which `holds`, which then holds for all greater ones; one more than `most` where there is none.
    pub(super) fn first(self, holds: impl Fn(usize) -> bool) -> usize {
        let (mut least, mut most) = (self.least, self.most.saturating_add(1));
        while least < most {
            let middle = least + (most - least) / 2;
            match holds(middle) {
                true => most = middle,
                false => least = middle + 1,
            }
        }
        least
    }
}
