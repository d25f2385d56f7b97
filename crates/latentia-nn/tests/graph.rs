//! What parts describe, and what a graph makes of it.

use latentia_nn::graph::{Graph, Operation, Type};
use latentia_nn::layers::{Activate, Conv, Dense, Permute};
use latentia_nn::{Activation, Chain, Initializer, Layer, Shape};
use latentia_tensor::Window;

fn dense(inputs: usize, outputs: usize) -> Box<dyn Layer> {
    let (activation, initializer) = (Activation::Linear, Initializer::Glorot);
    Box::new(Dense::new(inputs, outputs, activation, initializer))
}

fn chain(layers: Vec<Box<dyn Layer>>) -> Chain {
    Chain::new(layers, 1).expect("layers that fit")
}

/// The operations of a graph, in order.
fn operations(graph: &Graph) -> Vec<&Operation> {
    graph.nodes().iter().map(|node| &node.operation).collect()
}

#[test]
fn feature_maps_stay_feature_maps_between_layers_that_take_them() {
    let window = Window {
        padding: [[1; 2]; 2],
        ..Window::square(3, 1)
    };
    let conv = |channels| -> Box<dyn Layer> {
        let (activation, initializer) = (Activation::Linear, Initializer::He);
        let conv = Conv::new([channels, 4, 5], 2, window, activation, initializer);
        Box::new(conv.expect("a window that fits"))
    };
    let chain = chain(vec![conv(1), conv(2), dense(40, 3)]);
    let mut graph = Graph::default();
    let x = graph.input("x", &[4, 5], Type::F32);
    let x = graph.flat(x);
    let y = chain.describe(0..3, x, &mut graph, |layer| layer.to_string());
    let y = y.expect("layers that are described");
    graph.output("y", y);
    let graph = graph.without_unused();
    let shapes = graph
        .nodes()
        .iter()
        .map(|node| graph.shape(node.outputs[0]));
    let shapes: Vec<&[usize]> = shapes.collect();
    // Into maps once, as a row once.
    let expected: [&[usize]; 5] = [&[1, 4, 5], &[2, 4, 5], &[2, 4, 5], &[40], &[3]];
    assert_eq!(shapes, expected);
}

#[test]
fn what_no_output_needs_is_left_out() {
    let chain = chain(vec![dense(3, 2), dense(2, 3)]);
    let mut graph = Graph::default();
    let x = graph.input("x", &[3], Type::F32);
    let name = |layer: usize| layer.to_string();
    let code = chain.describe(0..1, x, &mut graph, name).expect("a code");
    chain.describe(1..2, code, &mut graph, name).expect("back");
    assert_eq!((graph.nodes().len(), graph.constants().len()), (2, 4));
    graph.output("code", code);
    let graph = graph.without_unused();
    assert_eq!(operations(&graph), [&Operation::Gemm]);
    let names = graph.constants().iter().map(|own| own.name.as_str());
    assert!(names.eq(["0.weight", "0.bias"]));
}

#[test]
fn a_skip_connection_adds_the_input_that_it_reaches() {
    let end = Activate::residual(Shape::Flat(2), Activation::Relu, 1);
    let chain = chain(vec![dense(3, 2), dense(2, 2), Box::new(end)]);
    let mut graph = Graph::default();
    let x = graph.input("x", &[3], Type::F32);
    let name = |layer: usize| layer.to_string();
    chain.describe(0..3, x, &mut graph, name).expect("a chain");
    let nodes = graph.nodes();
    let [first, second, sum, _] = nodes else {
        panic!("{nodes:?}");
    };
    assert_eq!(sum.operation, Operation::Add);
    assert_eq!(sum.inputs, [second.outputs[0], first.outputs[0]]);

    // Where it lies outside, nobody can say what it is.
    let code = graph.input("code", &[2], Type::F32);
    let refused = chain.describe(2..3, code, &mut graph, name);
    let error = refused.expect_err("an input that is not there");
    let part = "2, the skip connection of `add input of the layer before, relu`";
    assert_eq!(error.part, part);
}

#[test]
fn an_input_of_one_name_is_one_input() {
    let mut graph = Graph::default();
    let (label, again) = (graph.label(), graph.label());
    assert_eq!((label, graph.inputs().len()), (again, 1));
}

#[test]
fn shapes_are_broadcast_and_follow_from_operations() {
    let mut graph = Graph::default();
    let x = graph.input("x", &[6], Type::F32);
    let columns = graph.reshape(x, &[6, 1]);
    let row = graph.constant("row", &[4], vec![0f32; 4]);
    let all = graph.sub(columns, row);
    assert_eq!(graph.shape(all), [6, 4]);
    let less = graph.node(Operation::Less, &[columns, row]);
    assert_eq!(
        (graph.shape(less), graph.element(less)),
        (&[6, 4][..], Type::Bool)
    );
    let most = graph.node(Operation::ReduceMax(0), &[all]);
    assert_eq!(graph.shape(most), [4]);
    let top = Operation::TopK {
        k: 2,
        largest: true,
    };
    let top = graph.node_outputs(top, &[all]);
    assert_eq!(
        (graph.shape(top[1]), graph.element(top[1])),
        (&[6, 2][..], Type::I64)
    );
    // A reshape to the shape that was before is none.
    assert_eq!(graph.reshape(columns, &[6]), x);

    // Channels last come first: [2, 3 positions] of two channels.
    let chain = chain(vec![Box::new(Permute::channels_first([2, 1, 3]))]);
    let turned = chain.describe(0..1, x, &mut graph, |layer| layer.to_string());
    assert_eq!(graph.shape(turned.expect("a permutation")), [6]);
}
