//! A graph as a message of ONNX.

use std::collections::{HashMap, HashSet};

use latentia_nn::graph::{Data, Graph, Named, Node, Operation, Value};

use crate::attribute::{int, text};
use crate::operator::{Operator, operator, type_number};
use crate::proto::{
    AttributeProto, DimensionProto, GraphProto, NodeProto, Size, TensorProto, TensorShapeProto,
    TensorTypeProto, TypeProto, ValueInfoProto,
};

/// Name of the size of the examples' axis.
const BATCH: &str = "batch";

/// Most bytes of a constant that others may be the same as.
const SHARED: usize = 64;

/// The message of `graph`, called `name`.
pub(crate) fn graph_proto(graph: &Graph, name: &str) -> GraphProto {
    let mut writer = Writer::new(graph, name);
    for node in graph.nodes() {
        writer.add(node);
    }
    writer.finish()
}

/// A message that is being written.
struct Writer<'a> {
    graph: &'a Graph,
    proto: GraphProto,
    /// What each value is called.
    names: Vec<String>,
    taken: HashSet<String>,
    /// Small constants that there are: type, shape and bytes.
    small: HashMap<(i32, Vec<i64>, Vec<u8>), String>,
}

impl<'a> Writer<'a> {
    fn new(graph: &'a Graph, name: &str) -> Self {
        let mut writer = Self {
            graph,
            proto: GraphProto {
                name: name.into(),
                ..GraphProto::default()
            },
            names: vec![String::new(); graph.values()],
            taken: HashSet::new(),
            small: HashMap::new(),
        };
        // What others call by their names has these.
        let ends = graph.outputs().iter().chain(graph.inputs());
        for Named { name, value } in ends {
            writer.taken.insert(name.clone());
            writer.names[graph.number(*value)] = name.clone();
        }
        for constant in graph.constants() {
            let shape = graph.shape(constant.value).iter();
            let dims = shape.map(|&size| size as i64).collect();
            let name = writer.constant(&constant.name, dims, &constant.data);
            writer.names[graph.number(constant.value)] = name;
        }
        writer
    }

    /// A name that nothing has, this one where it is free.
    fn free(&mut self, name: &str) -> String {
        let mut free = name.to_owned();
        let mut number = 1;
        while !self.taken.insert(free.clone()) {
            number += 1;
            free = format!("{name}.{number}");
        }
        free
    }

    /// The name of a constant, which is added unless there is one like it.
    fn constant(&mut self, name: &str, dims: Vec<i64>, data: &Data) -> String {
        let raw_data: Vec<u8> = match data {
            Data::F32(values) => values.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Data::F64(values) => values.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Data::I64(values) => values.iter().flat_map(|x| x.to_le_bytes()).collect(),
        };
        let data_type = type_number(data.element());
        let key = (raw_data.len() <= SHARED).then(|| (data_type, dims.clone(), raw_data.clone()));
        if let Some(known) = key.as_ref().and_then(|key| self.small.get(key)) {
            return known.clone();
        }
        let name = self.free(name);
        if let Some(key) = key {
            self.small.insert(key, name.clone());
        }
        self.proto.initializer.push(TensorProto {
            dims,
            data_type,
            name: name.clone(),
            raw_data,
        });
        name
    }

    fn name(&self, value: Value) -> String {
        self.names[self.graph.number(value)].clone()
    }

    fn add(&mut self, node: &Node) {
        let part = match node.part.as_str() {
            "" => "graph",
            part => part,
        };
        let mut input: Vec<String> = node.inputs.iter().map(|&own| self.name(own)).collect();
        let mut output = Vec::new();
        for &own in &node.outputs {
            if self.name(own).is_empty() {
                let name = self.free(&format!("{part}.{}", self.graph.number(own)));
                self.names[self.graph.number(own)] = name;
            }
            output.push(self.name(own));
        }
        let operator = match &node.operation {
            Operation::Resize([down, across]) => {
                let scales = [1.0, 1.0, *down as f32, *across as f32];
                let scales = self.constant("scales", vec![4], &Data::F32(scales.into()));
                // Without a region of interest.
                input.extend([String::new(), scales]);
                nearest()
            }
            Operation::ScatterElements => {
                let [shape, zeros] =
                    ["shape", "zeros"].map(|own| self.free(&format!("{part}.{own}")));
                let x = std::mem::replace(&mut input[0], zeros.clone());
                self.push(part, plain("Shape"), vec![x], vec![shape.clone()]);
                self.push(part, plain("ConstantOfShape"), vec![shape], vec![zeros]);
                Operator {
                    attributes: vec![int("axis", -1)],
                    ..plain("ScatterElements")
                }
            }
            _ => operator(self.graph, node),
        };
        for own in &operator.settings {
            let dims = vec![own.len() as i64];
            let name = format!("{part}.{}", operator.name.to_lowercase());
            input.push(self.constant(&name, dims, &Data::I64(own.clone())));
        }
        self.push(part, operator, input, output);
    }

    fn push(&mut self, part: &str, operator: Operator, input: Vec<String>, output: Vec<String>) {
        let name = format!("{part}/{}", operator.name);
        let name = self.free(&name);
        self.proto.node.push(NodeProto {
            input,
            output,
            name,
            op_type: operator.name.into(),
            attribute: operator.attributes,
            domain: operator.domain.into(),
        });
    }

    fn finish(mut self) -> GraphProto {
        let graph = self.graph;
        // An output that has another name already: an input, or another output.
        for Named { name, value } in graph.outputs() {
            let own = self.name(*value);
            if own != *name {
                self.push("graph", plain("Identity"), vec![own], vec![name.clone()]);
            }
        }
        self.proto.input = graph.inputs().iter().map(|own| info(graph, own)).collect();
        self.proto.output = graph.outputs().iter().map(|own| info(graph, own)).collect();
        self.proto
    }
}

fn plain(name: &'static str) -> Operator {
    Operator {
        name,
        ..Operator::default()
    }
}

/// The nearest neighbour, by whole factors.
fn nearest() -> Operator {
    let attributes: Vec<AttributeProto> = vec![
        text("mode", "nearest"),
        text("coordinate_transformation_mode", "asymmetric"),
        text("nearest_mode", "floor"),
    ];
    Operator {
        attributes,
        ..plain("Resize")
    }
}

/// An input or an output, with an axis of the examples.
fn info(graph: &Graph, named: &Named) -> ValueInfoProto {
    let sizes = graph.shape(named.value).iter();
    let sizes = sizes.map(|&size| Size::DimValue(size as i64));
    let batch = Size::DimParam(BATCH.into());
    let dim = [batch].into_iter().chain(sizes);
    let dim = dim.map(|size| DimensionProto { value: Some(size) });
    let tensor = TensorTypeProto {
        elem_type: type_number(graph.element(named.value)),
        shape: Some(TensorShapeProto { dim: dim.collect() }),
    };
    ValueInfoProto {
        name: named.name.clone(),
        r#type: Some(TypeProto {
            tensor_type: Some(tensor),
        }),
        doc_string: String::new(),
    }
}
