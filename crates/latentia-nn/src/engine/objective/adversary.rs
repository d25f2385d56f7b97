//! A discriminator as the encoder meets it.

use std::io;

use latentia_tensor::{MatrixMut, MatrixRef, Noise, Rows};

use super::discriminator::{Against, Discriminator};
use crate::engine::chain::{Chain, ChainError};
use crate::engine::tape::{Position, Tape};
use crate::layer::{Initializer, Layer};
use crate::layers::{Activation, Dense};
use crate::likelihood::Likelihood;

/// A [`Discriminator`] with its network, a chain of layers from a code to `t(z)`: [`crate::Step`] carries the gradient of what it adds to the
/// encoder's loss through it, [`crate::AdversaryStep`] trains it.
#[derive(Clone, Debug)]
pub struct Adversary {
    /// What it is for.
    pub discriminator: Discriminator,
    pub(in crate::engine) chain: Chain,
}

/// The memory to carry the gradient of a block of codes through a discriminator.
#[derive(Debug)]
pub(in crate::engine) struct AdversaryTape {
    tape: Tape,
    /// By its output.
    gradient: Vec<f32>,
}

impl AdversaryTape {
    /// For up to `rows` codes.
    pub(in crate::engine) fn new(adversary: &Adversary, rows: usize) -> Self {
        let chain = &adversary.chain;
        Self {
            tape: Tape::for_input_gradients(chain, 0..chain.layers().len(), rows),
            gradient: vec![0.0; rows],
        }
    }
}

impl Adversary {
    /// One that has learned nothing, for codes of `width` elements.
    ///
    /// # Errors
    /// When a code has no elements.
    pub fn new(discriminator: Discriminator, width: usize, seed: u64) -> Result<Self, ChainError> {
        let Discriminator { units, layers, .. } = discriminator;
        let hidden = |inputs| -> Box<dyn Layer> {
            Box::new(Dense::new(
                inputs,
                units,
                Activation::LeakyRelu,
                Initializer::He,
            ))
        };
        let mut stack: Vec<_> = (0..layers)
            .map(|layer| hidden(if layer == 0 { width } else { units }))
            .collect();
        let output = Dense::new(units, 1, Activation::Linear, Initializer::Glorot);
        stack.push(Box::new(output));
        Ok(Self {
            discriminator,
            chain: Chain::new(stack, seed)?,
        })
    }

    /// Its network: the parameters are what a checkpoint keeps of it.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Adds the gradient of what it adds to the encoder's loss to `gradient`, that by `codes`, a mean over `count` of them in all.
    pub(in crate::engine) fn add_gradient(
        &self,
        codes: MatrixRef<'_>,
        count: usize,
        memory: &mut AdversaryTape,
        mut gradient: MatrixMut<'_>,
    ) {
        let AdversaryTape {
            tape,
            gradient: by_output,
        } = memory;
        let input = &mut tape.input_mut(codes.rows(), &[]);
        input.as_mut_slice().copy_from_slice(codes.span());
        tape.forward(&self.chain, Position::default());
        let scale = self.discriminator.weight / count as f32;
        let by_output = &mut by_output[..codes.rows()];
        for (by_output, &t) in by_output.iter_mut().zip(tape.output().span()) {
            *by_output = match self.discriminator.against {
                Against::Prior => -scale * sigmoid(-t),
                Against::Permuted => -scale,
            };
        }
        let own = tape.input_gradient(&self.chain, |mut to| {
            to.as_mut_slice().copy_from_slice(by_output);
        });
        for (to, own) in gradient.as_mut_slice().iter_mut().zip(own.span()) {
            *to += own;
        }
    }

    /// Draws, from what codes are told from, as many rows as there are codes. `order` is for a permutation of them.
    pub(in crate::engine) fn draw(
        &self,
        noise: Noise,
        codes: &[f32],
        order: &mut [u32],
        out: &mut [f32],
    ) {
        let width = codes.len() / order.len().max(1);
        match self.discriminator.against {
            Against::Prior => {
                for (row, out) in (0..).zip(out.chunks_mut(width.max(1))) {
                    noise.normal(row, out);
                }
            }
            Against::Permuted => {
                for column in 0..width {
                    noise.permutation(column as u32, order);
                    for (out, &from) in out[column..].iter_mut().step_by(width).zip(&*order) {
                        *out = codes[from as usize * width + column];
                    }
                }
            }
        }
    }
}

fn sigmoid(t: f32) -> f32 {
    1.0 / (1.0 + (-t).exp())
}

/// What a discriminator learns from: the codes of a batch, and behind them as many draws of what they are told from.
pub(in crate::engine) struct CodesAndDraws<'a>(pub(in crate::engine) MatrixRef<'a>);

impl Rows for CodesAndDraws<'_> {
    fn rows(&self) -> usize {
        self.0.rows()
    }

    fn cols(&self) -> usize {
        self.0.cols()
    }

    fn read(&self, indices: &[u32], out: MatrixMut<'_>) -> io::Result<()> {
        self.0.read(indices, out)
    }

    fn has_targets(&self) -> bool {
        true
    }

    /// 1 of a draw, 0 of a code, in the first element.
    fn read_targets(&self, indices: &[u32], mut out: MatrixMut<'_>) -> io::Result<()> {
        let codes = self.rows() / 2;
        for (out, &index) in out.iter_rows_mut().zip(indices) {
            out.fill(0.0);
            out[0] = f32::from(index as usize >= codes);
        }
        Ok(())
    }
}

/// The loss of a discriminator: binary cross-entropy, in nats.
#[derive(Debug)]
pub(in crate::engine) struct CodeOrDraw;

impl Likelihood for CodeOrDraw {
    fn name(&self) -> &'static str {
        Discriminator::NAME
    }

    fn outputs(&self, _n: usize) -> usize {
        1
    }

    fn compute(
        &self,
        outputs: MatrixRef<'_>,
        targets: MatrixRef<'_>,
        scale: f32,
        losses: &mut [f64],
        mut gradient: Option<MatrixMut<'_>>,
        _workspace: &mut Vec<f32>,
    ) {
        for (row, loss) in losses.iter_mut().enumerate() {
            let (t, is_draw) = (outputs.row(row)[0], targets.row(row)[0]);
            let signed = f64::from(if is_draw == 1.0 { -t } else { t });
            *loss = signed.max(0.0) + (-signed.abs()).exp().ln_1p();
            if let Some(gradient) = &mut gradient {
                gradient.row_mut(row)[0] = scale * (sigmoid(t) - is_draw);
            }
        }
    }

    fn mean(&self, outputs: MatrixRef<'_>, mut mean: MatrixMut<'_>) {
        for (mean, outputs) in mean.iter_rows_mut().zip(outputs.iter_rows()) {
            mean.fill(sigmoid(outputs[0]));
        }
    }

    fn sample(&self, outputs: MatrixRef<'_>, noise: Noise, first_row: u32, mut out: MatrixMut<'_>) {
        self.mean(outputs, out.reborrow());
        for (row, out) in (first_row..).zip(out.iter_rows_mut()) {
            noise.bernoulli(row, out);
        }
    }
}
