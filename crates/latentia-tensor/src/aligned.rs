//! Elements that begin where a line of the cache does.

use std::fmt::{Debug, Formatter, Result};
use std::ops::{Deref, DerefMut};

/// Elements of a line of the cache, 64 bytes: no vector of any processor is longer.
const LINE: usize = 16;

/// Elements whose first is the first of a line of the cache, where they were made here: no load of a vector at a multiple of a line
/// touches two lines then. Allocators give 16 bytes.
///
/// A vector with room for a line more, of which a range is used: nothing unsafe is needed.
#[derive(Default)]
pub(crate) struct Aligned {
    data: Vec<f32>,
    first: usize,
    len: usize,
}

impl Aligned {
    /// `len` zeros.
    pub(crate) fn zeros(len: usize) -> Self {
        let data = vec![0.0; len + LINE - 1];
        let first = data.as_ptr().align_offset(4 * LINE).min(LINE - 1);
        Self { data, first, len }
    }

    /// The elements, beginning at the front of a vector.
    pub(crate) fn into_vec(mut self) -> Vec<f32> {
        self.data.truncate(self.first + self.len);
        self.data.drain(..self.first);
        self.data
    }
}

/// The elements where they lie, aligned or not.
impl From<Vec<f32>> for Aligned {
    fn from(data: Vec<f32>) -> Self {
        let len = data.len();
        Self {
            data,
            first: 0,
            len,
        }
    }
}

impl Deref for Aligned {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.data[self.first..][..self.len]
    }
}

impl DerefMut for Aligned {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.data[self.first..][..self.len]
    }
}

impl Clone for Aligned {
    fn clone(&self) -> Self {
        let mut clone = Self::zeros(self.len);
        clone.copy_from_slice(self);
        clone
    }
}

impl PartialEq for Aligned {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Debug for Aligned {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The promise of every size: zeros, and clones of what lies anywhere, begin at a line of the cache.
    #[test]
    fn what_is_made_here_begins_at_a_line_of_the_cache() {
        let kept: Vec<Aligned> = (0..200).map(Aligned::zeros).collect();
        for (len, zeros) in kept.iter().enumerate() {
            assert_eq!(**zeros, vec![0.0; len]);
            assert_eq!(zeros.as_ptr() as usize % 64, 0, "{len} zeros");
            let ones = Aligned::from(vec![1.0; len]);
            assert_eq!(ones.clone().as_ptr() as usize % 64, 0, "{len} cloned");
            assert_eq!(ones.clone(), ones);
        }
    }

    #[test]
    fn elements_come_back_as_a_vector() {
        for len in [0, 1, 15, 16, 100] {
            let elements: Vec<f32> = (0..len).map(|x| x as f32).collect();
            let mut aligned = Aligned::zeros(len);
            aligned.copy_from_slice(&elements);
            assert_eq!(aligned.into_vec(), elements);
            assert_eq!(Aligned::from(elements.clone()).into_vec(), elements);
        }
    }
}
