//! Epochs in which every class comes equally often.

use std::collections::BTreeMap;

use latentia_tensor::{Noise, Rows};
use rand::RngExt;
use rand::seq::SliceRandom;

use crate::autoencoder::labels;
use crate::{ModelError, stream};

/// The training examples by class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Balance {
    /// The examples of each class that has any.
    members: Vec<Vec<u32>>,
}

impl Balance {
    /// # Errors
    /// When an example has no class.
    pub(crate) fn new(examples: &dyn Rows) -> Result<Self, ModelError> {
        let Some(labels) = labels(examples) else {
            return Err(ModelError::Option {
                name: "balance-classes",
                seen: "true".into(),
                valid: "false for examples without classes",
            });
        };
        let mut members = BTreeMap::<u32, Vec<u32>>::new();
        for (index, label) in (0..).zip(labels) {
            members.entry(label).or_default().push(index);
        }
        Ok(Self {
            members: members.into_values().collect(),
        })
    }

    /// Fills `order` with examples drawn with replacement, so many of each class as of any other, or one more; which
    /// classes have one more is drawn too. The order is that of classes: it is to be shuffled.
    pub(crate) fn draw(&self, seed: u64, epoch: u32, rollbacks: u32, order: &mut [u32]) {
        let noise = Noise::new(seed, stream::BALANCE).at_step(epoch);
        let mut rng = noise.row(rollbacks);
        let mut classes: Vec<&Vec<u32>> = self.members.iter().collect();
        classes.shuffle(&mut rng);
        for (index, members) in order.iter_mut().zip(classes.iter().cycle()) {
            *index = members[rng.random_range(0..members.len())];
        }
    }
}

#[cfg(test)]
mod tests {
    use latentia_tensor::Matrix;

    use super::*;
    use crate::Labelled;

    #[test]
    fn every_class_comes_equally_often() {
        let rows = Matrix::zeros(1000, 1);
        // 900 of class 3, 90 of class 0, 10 of class 255
        let class = |index: usize| match index % 100 {
            0 => 255,
            1..=9 => 0,
            _ => 3,
        };
        let labelled = Labelled::new(&rows, (0..1000).map(class).collect());
        let balance = Balance::new(&labelled).expect("classes");
        let draw = |epoch| {
            let mut order = vec![0; 1000];
            balance.draw(7, epoch, 0, &mut order);
            order
        };
        let mut surplus = std::collections::BTreeSet::new();
        for epoch in 0..20 {
            let order = draw(epoch);
            let count = |label| {
                order
                    .iter()
                    .filter(|&&i| class(i as usize) == label)
                    .count()
            };
            let counts = [0, 3, 255].map(count);
            assert_eq!(counts.iter().sum::<usize>(), 1000);
            assert!(counts.iter().all(|n| (333..=334).contains(n)), "{counts:?}");
            surplus.extend(counts.iter().position(|&n| n == 334));
        }
        assert_eq!(surplus.len(), 3);
        assert_eq!(draw(4), draw(4));
        assert_ne!(draw(4), draw(5));
        // Of 900 examples, a third of 1000 draws meets 279 on average.
        let mut seen: Vec<u32> = draw(0)
            .into_iter()
            .filter(|&i| class(i as usize) == 3)
            .collect();
        seen.sort_unstable();
        seen.dedup();
        assert!((240..=310).contains(&seen.len()), "{}", seen.len());
    }

    #[test]
    fn without_classes_it_is_refused() {
        let error = Balance::new(&Matrix::zeros(3, 1)).expect_err("no classes");
        assert_eq!(
            error.to_string(),
            "`balance-classes` is true; it must be false for examples without classes"
        );
    }
}
