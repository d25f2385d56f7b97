//! A chain in which layers are tried.

use std::sync::Arc;

use latentia_tensor::{Matrix, MatrixMut, Rows};

use super::difference::{Compare, root_mean_square};
use super::options::{GradientCheck, Purpose, StraightThrough};
use super::projection::Projection;
use super::report::{ComparedGradient, GradientMismatch};
use crate::Shape;
use crate::engine::{Chain, Objective, Position, Rates, Step, StepOptions, Tape};
use crate::layer::{Layer, Mode};
use crate::layers::{Activate, Activation, Embedding};
use crate::optim::Sgd;
use crate::penalty::Penalty;

/// The parameter of the [`Embedding`].
const INPUT: usize = 0;

/// Examples with classes in turn.
#[derive(Debug)]
struct Examples {
    rows: Matrix,
    classes: u32,
}

impl Rows for Examples {
    fn rows(&self) -> usize {
        self.rows.rows()
    }

    fn cols(&self) -> usize {
        self.rows.cols()
    }

    fn label(&self, index: u32) -> Option<u32> {
        index.checked_rem(self.classes)
    }

    fn read(&self, indices: &[u32], out: MatrixMut<'_>) -> std::io::Result<()> {
        self.rows.read(indices, out)
    }
}

/// What the last layer of a trial leaves behind.
pub(super) struct LatentPass {
    pub(super) inputs: Matrix,
    pub(super) codes: Matrix,
    pub(super) saved: Matrix,
    pub(super) labels: Vec<u32>,
    /// Whether the layer saved `ln p(z)` of a prior that it learns.
    pub(super) has_log_prior: bool,
}

/// A chain in which layers are tried, and the step that trains it: the engine's own path.
pub(super) struct Trial<'a> {
    check: &'a GradientCheck,
    /// What messages call the layers.
    part: &'a str,
    chain: Chain,
    step: Step,
    examples: Examples,
    indices: Vec<u32>,
    /// Number of the first of the layers that are tried.
    first: usize,
    /// Parameters that the layers are tried with.
    values: Vec<Matrix>,
    /// Names of the parameters.
    names: Vec<String>,
    projection: Arc<Projection>,
}

impl<'a> Trial<'a> {
    /// Of `layers`, at least one, whose outputs count; or the `penalties` on them, where there are some.
    pub(super) fn new(
        check: &'a GradientCheck,
        part: &'a str,
        layers: Vec<Box<dyn Layer>>,
        penalties: Vec<Arc<dyn Penalty>>,
    ) -> Result<Self, GradientMismatch> {
        let has_gradient = !layers
            .iter()
            .any(|layer| layer.abilities().without_gradient);
        let (width, outputs) = (layers[0].inputs(), layers[layers.len() - 1].outputs());
        let inputs = check.random(check.rows, width);
        let indices: Vec<u32> = (0..check.rows as u32).collect();
        let (first, rows): (Box<dyn Layer>, Matrix) = match has_gradient {
            true => {
                let rows = indices.iter().map(|&index| index as f32).collect();
                let embedding = Embedding::new(1, check.rows, width);
                (Box::new(embedding), Matrix::from_vec(check.rows, 1, rows))
            }
            false => {
                let identity = Activate::new(Shape::Flat(width), Activation::Linear);
                (Box::new(identity), inputs.clone())
            }
        };
        let mut all = vec![first];
        // What skip connections reach back to.
        let missing = layers.iter().enumerate().map(|(number, layer)| {
            let back = layer.abilities().skip_connection;
            back.map_or(0, |back| back.saturating_sub(number))
        });
        for _ in 0..missing.max().unwrap_or(0) {
            all.push(Box::new(Activate::new(
                Shape::Flat(width),
                Activation::Tanh,
            )));
        }
        let first = all.len();
        let single = layers.len() == 1;
        all.extend(layers);
        let mut chain = Chain::new(all, check.seed)?;
        let mut names = parameter_names(&chain, first, single);
        if has_gradient {
            names[INPUT] = "input".into();
        }
        let last = chain.layers().len() - 1;
        let rows_of_output = check.rows * chain.samples(0..last + 1, Mode::Train);
        let projection = Arc::new(match penalties.is_empty() {
            true => Projection::new(rows_of_output, outputs, check.noise(Purpose::Directions)),
            false => Projection::zero(rows_of_output, outputs),
        });
        for (number, parameter) in chain.parameters_mut().iter_mut().enumerate() {
            if has_gradient && number == INPUT {
                parameter.value = inputs.clone();
            } else if parameter.is_learned() {
                check.move_parameter(number as u32, &mut parameter.value);
            }
        }
        let step = step(check, &chain, &projection, penalties, Vec::new());
        Ok(Self {
            check,
            part,
            values: chain.parameters().iter().map(|p| p.value.clone()).collect(),
            chain,
            step,
            examples: Examples {
                rows,
                classes: check.classes.into(),
            },
            indices,
            first,
            names,
            projection,
        })
    }

    /// The first penalty.
    pub(super) fn penalty(&self) -> &dyn Penalty {
        &*self.step.objective().penalties[0]
    }

    /// What the last layer leaves behind in training, all examples in one block.
    pub(super) fn latent_pass(&self) -> LatentPass {
        let (chain, check) = (&self.chain, self.check);
        let layers = 0..chain.layers().len();
        let mut tape = Tape::forward_only(chain, layers.clone(), Mode::Train, check.rows);
        let x = self.examples.rows.as_slice();
        let labels = self.labels();
        tape.input_mut(check.rows, &labels)
            .as_mut_slice()
            .copy_from_slice(x);
        tape.forward(
            chain,
            Position {
                seed: check.seed,
                epochs: check.epochs,
                ..Position::default()
            },
        );
        let trace = tape.trace(layers.end - 1);
        LatentPass {
            inputs: trace.x.to_matrix(),
            codes: trace.y.to_matrix(),
            saved: trace.saved.to_matrix(),
            labels,
            has_log_prior: chain.layers()[layers.end - 1].abilities().log_prior,
        }
    }

    /// The class of each example; empty where they have none.
    fn labels(&self) -> Vec<u32> {
        let labels = self
            .indices
            .iter()
            .map_while(|&index| self.examples.label(index));
        labels.collect()
    }

    /// Whether there is a gradient with respect to the input.
    fn has_input_gradient(&self) -> bool {
        self.names.first().is_some_and(|name| name == "input")
    }

    /// The objective at the parameters that the chain has, which then has those that it began with.
    fn run(&mut self) -> f64 {
        // Always the same noise.
        self.step.resume(0, 0, []);
        let rates = Rates {
            learning_rate: 0.0,
            epochs: self.check.epochs,
        };
        let value = self
            .step
            .run(&mut self.chain, &self.examples, &self.indices, rates);
        for (parameter, value) in self.chain.parameters_mut().iter_mut().zip(&self.values) {
            parameter
                .value
                .as_mut_slice()
                .copy_from_slice(value.as_slice());
        }
        // Examples lie in memory, as many as the step takes: only a batch of none has no value.
        value.unwrap_or(f64::NAN)
    }

    /// The gradient of every parameter, those of statistics empty.
    fn gradients(&mut self) -> Result<Vec<Matrix>, GradientMismatch> {
        if !self.run().is_finite() {
            return Err(self.check.not_finite(self.part, "the value"));
        }
        let mut gradients = Vec::new();
        for (number, parameter) in self.chain.parameters().iter().enumerate() {
            let gradient = match parameter.is_learned() {
                true => self.step.moments()[number].gradient.clone(),
                false => Matrix::default(),
            };
            if !gradient.as_slice().iter().all(|g| g.is_finite()) {
                let what = format!("the gradient of {}", self.names[number]);
                return Err(self.check.not_finite(self.part, what));
            }
            gradients.push(gradient);
        }
        Ok(gradients)
    }

    /// Compares the gradient of everything that is learned, the input's too.
    pub(super) fn compare(&mut self) -> Result<Vec<ComparedGradient>, GradientMismatch> {
        let gradients = self.gradients()?;
        let sizes = gradients.iter().map(root_mean_square);
        let compare = self.check.compare(sizes.fold(0.0, f64::max));
        let mut compared = Vec::new();
        for (number, gradient) in gradients.iter().enumerate() {
            if gradient.as_slice().is_empty() || self.passes_straight(number) {
                continue;
            }
            let (name, at) = (self.names[number].clone(), self.values[number].clone());
            compared.push(compare.gradient(name, &at, gradient, |i, x| {
                self.chain.parameters_mut()[number].value.as_mut_slice()[i] = x;
                self.run()
            }));
        }
        let has_penalty = !self.step.objective().penalties.is_empty();
        if self.has_input_gradient() && !has_penalty {
            compared.extend(self.compare_frozen(compare, &gradients)?);
        }
        Ok(compared)
    }

    /// Whether parameter `number` is the input and its gradient that of another function, by design.
    fn passes_straight(&self, number: usize) -> bool {
        let always = self.check.straight_through == StraightThrough::Always;
        let has_penalty = !self.step.objective().penalties.is_empty();
        always && !has_penalty && self.has_input_gradient() && number == INPUT
    }

    /// Gradients of the layers' parameters where nobody asks for the input's, and of the input where nobody asks for theirs: they
    /// must be the same.
    fn compare_frozen(
        &mut self,
        compare: Compare,
        expected: &[Matrix],
    ) -> Result<Vec<ComparedGradient>, GradientMismatch> {
        let layers = self.chain.layers();
        let mut tried = layers[self.first..].iter();
        // A frozen layer takes its running statistics for those of the batch.
        let same_when_frozen = tried.all(|layer| layer.abilities().batch_statistics.is_none());
        let all = layers.len();
        let mut compared = Vec::new();
        for (frozen, note) in [
            ((0..self.first).collect::<Vec<_>>(), "of a first layer"),
            ((self.first..all).collect(), "of a frozen layer"),
        ] {
            let is_input = frozen[0] == self.first;
            if is_input && !same_when_frozen {
                continue;
            }
            let other = step(
                self.check,
                &self.chain,
                &self.projection,
                Vec::new(),
                frozen,
            );
            let full = std::mem::replace(&mut self.step, other);
            let gradients = self.gradients();
            self.step = full;
            for (number, gradient) in gradients?.iter().enumerate() {
                if (number == INPUT) != is_input || gradient.as_slice().is_empty() {
                    continue;
                }
                let name = format!("{} {note}", self.names[number]);
                compared.push(compare.equal(name, gradient, &expected[number]));
            }
        }
        Ok(compared)
    }

    /// Compares the gradient with respect to the input in evaluation, where there is one.
    pub(super) fn compare_in_evaluation(&self) -> Option<ComparedGradient> {
        let (check, chain) = (self.check, &self.chain);
        let never = check.straight_through == StraightThrough::Never;
        if !never || !self.has_input_gradient() || self.values[INPUT].as_slice().is_empty() {
            return None;
        }
        let (rows, at) = (check.rows, &self.values[INPUT]);
        let labels = self.labels();
        let mut tape = Tape::for_input_gradients(chain, 1..chain.layers().len(), rows);
        let mut x = at.clone();
        let run = |tape: &mut Tape, x: &Matrix| {
            let mut input = tape.input_mut(rows, &labels);
            input.as_mut_slice().copy_from_slice(x.as_slice());
            tape.forward(chain, Position::default());
            self.projection.sum(tape.output())
        };
        run(&mut tape, &x);
        let write = |dy: MatrixMut<'_>| self.projection.write_gradient(1.0, dy);
        let gradient = tape.input_gradient(chain, write).to_matrix();
        let compare = check.compare(root_mean_square(&gradient));
        let name = "input in evaluation".to_owned();
        Some(compare.gradient(name, at, &gradient, |i, value| {
            let middle = std::mem::replace(&mut x.as_mut_slice()[i], value);
            let projection = run(&mut tape, &x);
            x.as_mut_slice()[i] = middle;
            projection
        }))
    }
}

/// What reports call the parameters of a chain whose layers from `first` on are tried: with the layer's number, but where it is a
/// `single` one.
fn parameter_names(chain: &Chain, first: usize, single: bool) -> Vec<String> {
    let mut names = Vec::new();
    for layer in 0..chain.layers().len() {
        for parameter in chain.parameters_of(layer) {
            names.push(match layer.checked_sub(first) {
                Some(number) if !single => format!("{number}.{}", parameter.name),
                _ => parameter.name.to_owned(),
            });
        }
    }
    names
}

/// A step that changes no parameter.
fn step(
    check: &GradientCheck,
    chain: &Chain,
    projection: &Arc<Projection>,
    penalties: Vec<Arc<dyn Penalty>>,
    frozen: Vec<usize>,
) -> Step {
    let options = StepOptions {
        objective: Objective {
            likelihood: projection.clone(),
            latent: chain.layers().len() - 1,
            penalties,
            importance: None,
            adversary: None,
            hidden: None,
        },
        optimizer: Sgd { momentum: 0.0 }.into(),
        clip_norm: None,
        seed: check.seed,
        frozen,
    };
    Step::new(chain, check.rows, options)
}
