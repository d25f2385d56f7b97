//! Where a run stands after the epochs so far.

use latentia_nn::Schedule;
use latentia_nn::optim::PastEpochs;

use crate::Epoch;

/// What follows from the history of a run and is asked for in every epoch: the best one, and what the schedule remembers. It is
/// brought up to date epoch by epoch, so that no epoch looks at all those before it. No file keeps it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Standing {
    /// Place of the best epoch in the history, and its loss.
    best: Option<(usize, f64)>,
    past: PastEpochs,
    /// Epochs whose losses do not compare with those of others.
    warm_up: usize,
}

impl Standing {
    /// Of a run with history `history` whose first `warm_up` epochs do not compare with others.
    pub(super) fn of(history: &[Epoch], warm_up: u32, schedule: &Schedule) -> Self {
        let mut standing = Self {
            warm_up: warm_up as usize,
            ..Self::default()
        };
        for epoch in history {
            standing.observe(epoch, schedule);
        }
        standing
    }

    /// Takes the next epoch into account.
    pub(super) fn observe(&mut self, epoch: &Epoch, schedule: &Schedule) {
        let (place, loss) = (self.past.epochs, epoch.watched_loss());
        // Until the warm-up is over, and right after it, the last epoch is the best.
        let better = |&(_, least): &(usize, f64)| loss.total_cmp(&least).is_lt();
        if place <= self.warm_up || self.best.as_ref().is_none_or(better) {
            self.best = Some((place, loss));
        }
        schedule.observe(&mut self.past, loss);
    }

    /// Place of the best epoch in the history.
    pub(super) fn best(&self) -> Option<usize> {
        self.best.map(|(place, _)| place)
    }

    /// What the schedule remembers.
    pub(super) fn past(&self) -> &PastEpochs {
        &self.past
    }
}

#[cfg(test)]
mod tests {
    use latentia_testing::numbers;

    use super::*;

    #[test]
    fn the_best_epoch_is_the_first_of_the_least_loss_after_the_warm_up() {
        let schedule = Schedule::default();
        // Many losses are equal.
        let losses = numbers(1, 60)
            .into_iter()
            .map(|x| f64::from((4.0 * x).round()));
        let history: Vec<Epoch> = (1..)
            .zip(losses)
            .map(|(epoch, train_loss)| Epoch {
                epoch,
                train_loss,
                validation_loss: None,
                learning_rate: 0.1,
            })
            .collect();
        for warm_up in [0, 1, 7, 59, 60, 90] {
            let mut standing = Standing::of(&[], warm_up, &schedule);
            assert_eq!(standing.best(), None);
            for (place, epoch) in history.iter().enumerate() {
                standing.observe(epoch, &schedule);
                let so_far = history[..=place].iter().enumerate();
                let comparable = so_far.skip(warm_up as usize);
                let best = comparable.min_by(|a, b| a.1.train_loss.total_cmp(&b.1.train_loss));
                let expected = best.map_or(place, |(place, _)| place);
                assert_eq!(standing.best(), Some(expected), "{warm_up} {place}");
                let whole = Standing::of(&history[..=place], warm_up, &schedule);
                assert_eq!(standing, whole);
            }
        }
    }
}
