//! Which epoch a model's weights are of.

use latentia_models::{Epoch, ModelSpec, Provenance, StoppedBy};

/// The epoch with the lowest loss, of validation where there is one, among those whose losses compare: after a warm-up; the last
/// until that is over.
pub fn best_epoch<'a>(spec: &ModelSpec, history: &'a [Epoch]) -> Option<&'a Epoch> {
    let warm_up = spec.objective.warm_up.max(spec.code.warm_up()) as usize;
    let loss = |epoch: &Epoch| epoch.validation_loss.unwrap_or(epoch.train_loss);
    let comparable = history.get(warm_up..).unwrap_or_default();
    let best = comparable.iter().min_by(|a, b| loss(a).total_cmp(&loss(b)));
    best.or(history.last())
}

/// The epoch whose weights a model has that was trained so: the best where training waited for a better one or did not come to its
/// end, else the last.
pub fn weights_epoch<'a>(spec: &ModelSpec, provenance: &'a Provenance) -> Option<&'a Epoch> {
    let history = &provenance.history;
    let was_cut_short = match provenance.stopped_by {
        StoppedBy::Interrupt | StoppedBy::Error => true,
        StoppedBy::Epochs | StoppedBy::Patience | StoppedBy::StopAtLoss => false,
    };
    match was_cut_short || provenance.training.patience.is_some() {
        true => best_epoch(spec, history),
        false => history.last(),
    }
}
