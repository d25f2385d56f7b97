//! The memory of a tape, by what it is for.

use std::ops::Range;

use latentia_tensor::Matrix;

use super::Tape;
use super::position::Position;
use super::sample_rounds::SampleRounds;
use super::statistics::StatisticBuffers;
use crate::engine::chain::Chain;
use crate::engine::chain::frozen::Frozen;
use crate::layer::{Layer, Mode};

impl Tape {
    /// To run layers `layers` of `chain` forward on up to `rows` examples.
    pub fn forward_only(chain: &Chain, layers: Range<usize>, mode: Mode, rows: usize) -> Self {
        let samples = |layer| chain.samples(layers.start..layer + 1, mode);
        let samples = layers.clone().map(samples).collect();
        Self::with_samples(chain, layers, mode, rows, samples)
    }

    /// As [`Self::forward_only`], of so many rows of output for each example, layer by layer.
    pub(in crate::engine) fn with_samples(
        chain: &Chain,
        layers: Range<usize>,
        mode: Mode,
        rows: usize,
        samples: Vec<usize>,
    ) -> Self {
        let used = &chain.layers()[layers.clone()];
        let buffers = |width: fn(&dyn Layer) -> usize| -> Vec<Matrix> {
            let stages = used.iter().zip(&samples);
            stages
                .map(|(layer, samples)| Matrix::zeros(rows * samples, width(&**layer)))
                .collect()
        };
        let inputs = used.first().map_or(0, |layer| layer.inputs());
        let workspace = used.iter().map(|layer| layer.memory().workspace).max();
        Self {
            mode,
            position: Position::default(),
            labels: Vec::with_capacity(rows),
            rows: 0,
            input: Matrix::zeros(rows, inputs),
            targets: None,
            outputs: buffers(|layer| layer.outputs()),
            saved: buffers(|layer| layer.memory().saved),
            samples,
            rounds: None,
            round: 0,
            partial_sums: Vec::new(),
            statistics: Vec::new(),
            gradients: Vec::new(),
            log_prior_gradients: Vec::new(),
            posterior_factors: Vec::new(),
            first_learned: 0,
            input_gradient: Matrix::default(),
            workspace: vec![0.0; workspace.unwrap_or(0)],
            layers,
        }
    }

    /// To train the layers of `chain` that are not frozen, on up to `rows` examples; on one, where its samples come in rounds.
    pub(in crate::engine) fn for_training(
        chain: &Chain,
        frozen: &Frozen,
        rows: usize,
        rounds: Option<SampleRounds>,
    ) -> Self {
        let layers = 0..chain.layers().len();
        let tape = match rounds {
            Some(rounds) => Self::in_rounds(chain, Mode::Train, rounds),
            None => Self::forward_only(chain, layers.clone(), Mode::Train, rows),
        };
        let statistics = |layer| StatisticBuffers::new(frozen.sums(chain, layer));
        let partial_sums = |layer| {
            let asked = layer >= frozen.first_learned() && !frozen.contains(layer);
            asked.then(|| vec![0.0; chain.layers()[layer].memory().partial_sums])
        };
        let log_priors = |layer: usize| match chain.layers()[layer].abilities().log_prior {
            true => vec![0.0; tape.outputs[layer].rows()],
            false => Vec::new(),
        };
        Self {
            log_prior_gradients: layers.clone().map(log_priors).collect(),
            statistics: layers.clone().map(statistics).collect(),
            partial_sums: layers.clone().map(partial_sums).collect(),
            first_learned: frozen.first_learned(),
            ..tape.with_gradients()
        }
    }

    /// The same with factors on the gradients with respect to the output of layer `latent` on their way on to its posterior.
    pub(in crate::engine) fn with_posterior_factors(mut self, latent: usize) -> Self {
        self.posterior_factors.resize(self.layers.len(), Vec::new());
        self.posterior_factors[latent] = vec![1.0; self.outputs[latent].rows()];
        self
    }

    /// For gradients with respect to the input of layers `layers` of `chain`, in evaluation, on up to `rows` examples.
    pub fn for_input_gradients(chain: &Chain, layers: Range<usize>, rows: usize) -> Self {
        let tape = Self::forward_only(chain, layers, Mode::Eval, rows);
        Self {
            input_gradient: tape.input.clone(),
            ..tape.with_gradients()
        }
    }

    /// For gradients with respect to the input of layers `layers` of `chain`, in evaluation, and to those that are not frozen.
    pub(in crate::engine) fn for_pseudo_inputs(
        chain: &Chain,
        frozen: &Frozen,
        layers: Range<usize>,
        rows: usize,
    ) -> Self {
        let sums = |layer: usize| {
            let sums = chain.layers()[layer].memory().partial_sums;
            (!frozen.contains(layer)).then(|| vec![0.0; sums])
        };
        Self {
            partial_sums: layers.clone().map(sums).collect(),
            ..Self::for_input_gradients(chain, layers, rows)
        }
    }

    fn with_gradients(self) -> Self {
        Self {
            partial_sums: vec![None; self.layers.len()],
            gradients: self.outputs.clone(),
            ..self
        }
    }
}
