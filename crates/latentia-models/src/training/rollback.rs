//! Going back from a loss that is not finite.

use std::fmt::{Display, Formatter, Result as Written};

use latentia_nn::NonFinite;
use latentia_tensor::Rows;

use super::run::Training;
use crate::{Autoencoder, ModelError, NonFiniteLoss};

/// How often a run goes back before it ends.
pub(crate) const MAX_ROLLBACKS: u32 = 3;

/// A loss that is not finite after which a run goes on from its last good weights.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Rollback {
    /// What happened.
    pub cause: NonFiniteLoss,
    /// The epoch whose weights the model has again; 0 for those it began with.
    pub back_to: u32,
    /// Learning rate from here on.
    pub learning_rate: f32,
    /// Number of the rollback, from 1.
    pub number: u32,
}

impl Display for Rollback {
    fn fmt(&self, f: &mut Formatter<'_>) -> Written {
        let Self {
            cause,
            learning_rate,
            number,
            ..
        } = self;
        let weights = match self.back_to {
            0 => "the initial weights".into(),
            epoch => format!("epoch {epoch}"),
        };
        write!(
            f,
            "{cause}; going back to {weights} with half the learning rate, {learning_rate:?} ({number} of {MAX_ROLLBACKS})"
        )
    }
}

impl Training<'_> {
    /// How often the run rolled back so far.
    pub fn rollbacks(&self) -> u32 {
        self.state.rollbacks
    }

    /// Goes back to the last good weights and halves the learning rate. The optimiser begins anew; noise and the order of
    /// examples do not repeat.
    ///
    /// # Errors
    /// When the run rolled back as often as it may; the model has its last good weights then too.
    pub(crate) fn roll_back(&mut self, cause: NonFiniteLoss) -> Result<Rollback, ModelError> {
        let learning_rate = self.learning_rate();
        let back_to = match &self.initial {
            Some(initial) => {
                self.model.set_weights(initial);
                self.best = None;
                0
            }
            None => {
                self.restore_best();
                self.best_epoch().map_or(0, |best| best.epoch)
            }
        };
        self.truncate_history(back_to as usize);
        self.state.progress = Default::default();
        self.state.gradients.reset(back_to == 0);
        self.step.reset();
        if let Some(adversary) = &mut self.adversary {
            adversary.reset(&mut self.step);
        }
        if self.state.rollbacks >= MAX_ROLLBACKS {
            return Err(ModelError::Diverged {
                cause,
                rollbacks: self.state.rollbacks,
                learning_rate,
                clips: self.spec.clip_norm.is_some(),
            });
        }
        self.state.rollbacks += 1;
        Ok(Rollback {
            cause,
            back_to,
            learning_rate: self.learning_rate(),
            number: self.state.rollbacks,
        })
    }

    /// What is not finite after the last batch or in validation.
    pub(crate) fn origin(&self, validation: Option<&dyn Rows>) -> Result<NonFinite, ModelError> {
        let chain = self.model.chain();
        let origin = self.step.non_finite(chain);
        let Some(rows) = validation.filter(|_| origin == NonFinite::Penalties) else {
            return Ok(origin);
        };
        // The step was finite, and so are the weights that it left: another look at the validation examples.
        let objective = self.model.objective();
        let run = self.validation_run();
        let origins = self.model.fold_outputs(
            run,
            rows,
            || (NonFinite::Penalties, self.validation_buffers()),
            |(first, buffers), _, tape| {
                objective.evaluate(chain, tape, buffers, rows.rows());
                let origin = objective.non_finite(tape, buffers);
                *first = origin.map_or(*first, |origin| origin.min(*first));
            },
        )?;
        let origins = origins.into_iter().map(|(origin, _)| origin);
        Ok(origins.min().unwrap_or(origin))
    }
}

impl Autoencoder {
    /// An origin in words.
    pub(crate) fn origin_label(&self, origin: NonFinite) -> String {
        let of =
            |layer, what| format!("{}, whose {what} no longer finite", self.layer_label(layer));
        match origin {
            NonFinite::Gradient(layer) => of(layer, "gradient was"),
            NonFinite::Parameters(layer) => of(layer, "weights were"),
            NonFinite::Output(layer) => of(layer, "output was"),
            NonFinite::Likelihood => format!(
                "the likelihood ({}), after layers whose output was finite",
                self.likelihood().name()
            ),
            NonFinite::Penalties if self.discriminator.is_some() => {
                "the discriminator or the penalties on the code, while all else was finite".into()
            }
            NonFinite::Penalties => "the penalties on the code, while all else was finite".into(),
        }
    }
}
