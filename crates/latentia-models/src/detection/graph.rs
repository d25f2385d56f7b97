//! A detector's score, as operations that other programs have too.

use latentia_nn::Likelihood;
use latentia_nn::graph::{Graph, Operation, Type, Undescribed, Value};
use latentia_tensor::ElementKind;

use super::detector::{Detector, HALF, Member, Reconstruction};
use super::reconstruction_part::MOST;
use super::standard::Standard;
use crate::{Autoencoder, GraphRows};

/// What a graph has of the examples that a member scores.
#[derive(Clone, Copy)]
struct Block {
    /// In the data's own scale.
    raw: Value,
    /// In the model's.
    scaled: Value,
    code: Value,
    /// Of the decoder, before the likelihood.
    outputs: Value,
}

impl Detector {
    /// From `x`, examples as [`Autoencoder::reconstruction_graph`] takes them, to `score`, f64, to `is_anomaly`, whether it is at least
    /// `threshold`, and, where scores calibrate, to `p_value`, f64: see [`Detector::score`] and [`crate::Calibration::p_value`].
    ///
    /// # Errors
    /// Names the part that does not say what it computes.
    pub fn graph(&self, threshold: f64, rows: GraphRows) -> Result<Graph, Undescribed> {
        let mut graph = Graph::default();
        let raw = self.members[0].model.describe_input(&mut graph, rows);
        let mut blocks = Vec::new();
        for member in &self.members {
            blocks.push(member.model.describe_block(&mut graph, raw)?);
        }
        let mut each = Vec::new();
        for (member, block) in self.members.iter().zip(&blocks) {
            each.push(member.describe_reconstruction(&mut graph, block)?);
        }
        graph.begin("detector");
        let mean = mean_of(&mut graph, &each);
        let mut score = self.reconstruction.describe(&mut graph, mean);
        if let Some((part, standard)) = &self.columns {
            let value = part.describe(&mut graph, raw);
            let own = standard.describe(&mut graph, value);
            let own = graph.times(own, HALF);
            score = graph.add(score, own);
        }
        if let Some(standards) = self.codes {
            let own = self.describe_codes(&mut graph, &blocks, standards);
            score = graph.add(score, own);
        }
        graph.output("score", score);
        let below = graph.scalar(threshold.next_down(), score);
        let is_anomaly = graph.node(Operation::Greater, &[score, below]);
        graph.output("is_anomaly", is_anomaly);
        if !self.calibration.scores().is_empty() {
            let p = self.calibration.describe(&mut graph, score);
            graph.output("p_value", p);
        }
        Ok(graph.without_unused())
    }

    fn describe_codes(
        &self,
        graph: &mut Graph,
        blocks: &[Block],
        [distance, local]: [Standard; 2],
    ) -> Value {
        let members = self.members.iter().zip(blocks);
        let parts = members.filter_map(|(own, block)| Some((own.codes.as_ref()?, block.code)));
        let parts: Vec<[Value; 2]> = parts
            .map(|(part, code)| part.describe(graph, code))
            .collect();
        let mut mean = |which: usize, standard: Standard| {
            let each: Vec<Value> = parts.iter().map(|part| part[which]).collect();
            let mean = mean_of(graph, &each);
            standard.describe(graph, mean)
        };
        let near = mean(0, distance);
        match self.is_of_pictures() {
            true => {
                let both = mean(1, local);
                let both = graph.add(near, both);
                graph.times(both, HALF)
            }
            false => near,
        }
    }
}

impl Autoencoder {
    /// What all parts of a score are made of.
    fn describe_block(&self, graph: &mut Graph, raw: Value) -> Result<Block, Undescribed> {
        let scaled = self.describe_scaled(graph, raw);
        let layers = self.sections.decoder.clone();
        let code = self.describe_layers(graph, 0..layers.start, scaled)?;
        Ok(Block {
            raw,
            scaled,
            code,
            outputs: self.describe_layers(graph, layers, code)?,
        })
    }

    /// What each element adds to the score of the model alone: [`Self::element_scores`].
    fn describe_elements(&self, graph: &mut Graph, block: &Block) -> Result<Value, Undescribed> {
        graph.begin("likelihood");
        let likelihood = self.likelihood();
        let losses = likelihood.describe_losses(graph, block.outputs, block.scaled)?;
        Ok(times_share(graph, losses, likelihood, self.width()))
    }

    /// The least of that: [`Self::least_element_scores`]; nothing where it is 0.
    fn describe_least(
        &self,
        graph: &mut Graph,
        block: &Block,
    ) -> Result<Option<Value>, Undescribed> {
        let (likelihood, n) = (self.likelihood(), self.width());
        let least = if likelihood.is_cross_entropy() {
            describe_entropy(graph, block.scaled)
        } else if likelihood.is_density() {
            let mean = likelihood.describe_mean(graph, block.outputs, n)?;
            let least = likelihood.describe_losses(graph, block.outputs, mean)?;
            let kinds = self.kinds();
            let kind = |element: usize| kinds.get(element).copied();
            let is_number = |e: usize| kind(e).is_none_or(|kind| kind == ElementKind::Number);
            match (0..n).all(is_number) {
                true => least,
                false => {
                    let numbers = (0..n).map(|e| f32::from(u8::from(is_number(e))));
                    let numbers = graph.constant("numbers", &[n], numbers.collect::<Vec<_>>());
                    graph.mul(least, numbers)
                }
            }
        } else {
            return Ok(None);
        };
        Ok(Some(times_share(graph, least, likelihood, n)))
    }
}

impl Member {
    /// The part of the score that the model is trained for, f64.
    fn describe_reconstruction(
        &self,
        graph: &mut Graph,
        block: &Block,
    ) -> Result<Value, Undescribed> {
        let elements = self.model.describe_elements(graph, block)?;
        if let Reconstruction::Plain = self.reconstruction {
            let elements = graph.cast(elements, Type::F64);
            return Ok(graph.node(Operation::ReduceSum(0), &[elements]));
        }
        let above = match self.model.describe_least(graph, block)? {
            Some(least) => graph.sub(elements, least),
            None => elements,
        };
        let above = graph.filled(above, MOST.into());
        let above = graph.at_least(above, 0.0);
        let excess = graph.at_most(above, MOST.into());
        graph.begin("detector.reconstruction");
        Ok(match &self.reconstruction {
            Reconstruction::Row(part) => part.describe(graph, excess, block.raw),
            Reconstruction::Picture(part) => part.describe(graph, excess, block.raw),
            Reconstruction::Plain => excess,
        })
    }
}

/// Losses of elements by themselves as what they add to that of their example.
fn times_share(graph: &mut Graph, losses: Value, likelihood: &dyn Likelihood, n: usize) -> Value {
    match likelihood.unit().share_of_element(n) {
        1.0 => losses,
        share => graph.times(losses, share),
    }
}

/// `-p ln p - (1 - p) ln(1 - p)`
fn describe_entropy(graph: &mut Graph, p: Value) -> Value {
    let minus = graph.node(Operation::Neg, &[p]);
    let rest = graph.plus(minus, 1.0);
    let parts = [p, rest].map(|p| {
        // 0 times a finite logarithm is 0.
        let positive = graph.at_least(p, f32::MIN_POSITIVE.into());
        let ln = graph.node(Operation::Log, &[positive]);
        let held = graph.at_least(p, 0.0);
        graph.mul(held, ln)
    });
    let sum = graph.add(parts[0], parts[1]);
    graph.node(Operation::Neg, &[sum])
}

fn mean_of(graph: &mut Graph, values: &[Value]) -> Value {
    let (first, others) = (values[0], &values[1..]);
    let sum = others.iter().fold(first, |sum, &own| graph.add(sum, own));
    match others.len() {
        0 => sum,
        more => graph.times(sum, 1.0 / (more + 1) as f64),
    }
}
