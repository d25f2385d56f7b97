//! The list of the sets that are known by name.

use super::named_set::NamedSet;
use super::{cifar, mnist, random, shapes};

/// The known sets.
pub static CATALOGUE: &[NamedSet] = &[
    mnist::MNIST_MINI,
    mnist::MNIST,
    mnist::FASHION_MNIST,
    cifar::CIFAR10,
    random::RANDOM,
    shapes::SHAPES,
];

impl NamedSet {
    /// The known set of that name.
    pub fn find(name: &str) -> Option<&'static Self> {
        CATALOGUE.iter().find(|set| set.name == name)
    }
}
