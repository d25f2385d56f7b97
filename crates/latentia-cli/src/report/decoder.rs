//! The decoder as a page runs it.

use latentia_models::{Autoencoder, GraphRows, Labelled};
use latentia_nn::graph::{Data, Graph, Named, Operation, Value};
use latentia_tensor::Matrix;
use serde::Serialize;

use super::arrays::{ArrayRef, Arrays};

/// Codes whose reconstructions the page has beside its own, to compare.
const CHECKED: usize = 6;

/// A graph from `code`, and `label` where the model is told classes, to `reconstruction`: values by their numbers.
#[derive(Serialize)]
pub(super) struct Decoder<'a> {
    /// The shape of every value.
    shapes: Vec<&'a [usize]>,
    inputs: Vec<Port<'a>>,
    constants: Vec<Constant>,
    nodes: Vec<Node<'a>>,
    output: usize,
}

#[derive(Serialize)]
struct Port<'a> {
    name: &'a str,
    value: usize,
}

#[derive(Serialize)]
struct Constant {
    value: usize,
    array: ArrayRef,
}

#[derive(Serialize)]
struct Node<'a> {
    operation: &'a Operation,
    inputs: Vec<usize>,
    output: usize,
}

/// Codes, and what the program decodes them to.
#[derive(Serialize)]
pub(super) struct Check {
    codes: ArrayRef,
    labels: Vec<u32>,
    expected: ArrayRef,
}

/// The decoder of `model`; nothing where a part of it does not say what it computes.
pub(super) fn graph(model: &Autoencoder) -> Result<Graph, String> {
    let graph = model.decoder_graph(GraphRows::Whole);
    graph.map_err(|error| error.to_string())
}

impl<'a> Decoder<'a> {
    pub(super) fn of(graph: &'a Graph, arrays: &mut Arrays) -> Self {
        let number = |value: &Value| graph.number(*value);
        let port = |own: &'a Named| Port {
            name: &own.name,
            value: number(&own.value),
        };
        let constants = graph.constants().iter().map(|own| Constant {
            value: number(&own.value),
            array: match &own.data {
                Data::F32(data) => arrays.add(data),
                Data::F64(data) => arrays.add(data),
                // Classes, which are few.
                Data::I64(data) => arrays.add(&data.iter().map(|&x| x as f64).collect::<Vec<_>>()),
            },
        });
        let constants = constants.collect();
        let nodes = graph.nodes().iter().map(|node| Node {
            operation: &node.operation,
            inputs: node.inputs.iter().map(number).collect(),
            output: node.outputs.first().map_or(0, number),
        });
        let shapes = vec![&[][..]; graph.values()];
        let mut decoder = Self {
            shapes,
            inputs: graph.inputs().iter().map(port).collect(),
            constants,
            nodes: nodes.collect(),
            output: graph.outputs().first().map_or(0, |own| number(&own.value)),
        };
        let constants = graph.constants().iter().map(|own| own.value);
        let inputs = graph.inputs().iter().map(|own| own.value);
        let made = graph.nodes().iter().flat_map(|node| node.outputs.clone());
        for value in constants.chain(inputs).chain(made) {
            decoder.shapes[graph.number(value)] = graph.shape(value);
        }
        decoder
    }
}

impl Check {
    /// The first of `codes`, of these classes.
    pub(super) fn of(
        model: &Autoencoder,
        codes: &Matrix,
        labels: &[u32],
        arrays: &mut Arrays,
    ) -> anyhow::Result<Self> {
        let rows = codes.rows().min(CHECKED);
        let first = codes.as_slice()[..rows * codes.cols()].to_vec();
        let first = Matrix::from_vec(rows, codes.cols(), first);
        let labels: Vec<u32> = match model.classes() {
            Some(_) => labels.iter().copied().take(rows).collect(),
            None => vec![0; rows],
        };
        let expected = model.decode(&Labelled::new(&first, labels.clone()))?;
        Ok(Self {
            codes: arrays.add(first.as_slice()),
            labels,
            expected: arrays.add(expected.as_slice()),
        })
    }
}
