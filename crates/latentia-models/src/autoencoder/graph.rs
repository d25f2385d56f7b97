//! What a model computes, as operations that other programs have too.

use std::ops::Range;

use latentia_nn::graph::{Graph, Operation, Type, Undescribed, Value};
use latentia_tensor::{ElementKind, Schema};

use super::model::Autoencoder;

/// How examples go into a graph and come out of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GraphRows {
    /// As one array, of a row of a table an element for each column that is learned from: a number less its column's offset, 0 or 1, the number
    /// of a level, NaN where it is missing.
    #[default]
    Whole,
    /// As that, but what goes in are bytes, of which 255 stands for 1: pictures as files have them.
    Bytes,
    /// Of a table whose columns are known an array for each by its name, `[1]` an example: numbers and the days of dates in f64, NaN where
    /// they are missing, and the levels of booleans and categories as text, where any other is missing. Examples that come out are called
    /// `reconstruction.` and the column's name. Other examples are whole.
    Columns,
}

/// Inputs and outputs are in the data's own scale; bytes count as values in `[0, 1]`. An example has its [`Autoencoder::shape`], f32; where the
/// model is conditioned on classes, there is an input `label` beside it, whole numbers from 0. Nothing is random: codes are their means.
/// Where the preprocessing draws values as 0 or 1, inputs are to be drawn already.
impl Autoencoder {
    /// From `x`, examples, to `reconstruction`: see [`Autoencoder::reconstruct`].
    ///
    /// # Errors
    /// Names the part that does not say what it computes.
    pub fn reconstruction_graph(&self, rows: GraphRows) -> Result<Graph, Undescribed> {
        let mut graph = Graph::default();
        let x = self.describe_input(&mut graph, rows);
        let x = self.describe_scaled(&mut graph, x);
        let outputs = self.describe_layers(&mut graph, 0..self.chain.layers().len(), x)?;
        graph.begin("likelihood");
        let mean = self.likelihood.describe_mean_of(&mut graph, outputs, x)?;
        self.describe_examples(&mut graph, mean, rows);
        Ok(graph.without_unused())
    }

    /// From `x`, examples, to `code`: see [`Autoencoder::encode`].
    ///
    /// # Errors
    /// As [`Self::reconstruction_graph`].
    pub fn encoder_graph(&self, rows: GraphRows) -> Result<Graph, Undescribed> {
        let mut graph = Graph::default();
        let x = self.describe_input(&mut graph, rows);
        let x = self.describe_scaled(&mut graph, x);
        let code = self.describe_layers(&mut graph, 0..self.sections.decoder.start, x)?;
        graph.output("code", code);
        Ok(graph.without_unused())
    }

    /// From `code` to `reconstruction`: see [`Autoencoder::decode`].
    ///
    /// # Errors
    /// As [`Self::reconstruction_graph`].
    pub fn decoder_graph(&self, rows: GraphRows) -> Result<Graph, Undescribed> {
        let mut graph = Graph::default();
        let code = graph.input("code", &[self.code_width()], Type::F32);
        let outputs = self.describe_layers(&mut graph, self.sections.decoder.clone(), code)?;
        graph.begin("likelihood");
        let mean = self
            .likelihood
            .describe_mean(&mut graph, outputs, self.width())?;
        self.describe_examples(&mut graph, mean, rows);
        Ok(graph.without_unused())
    }

    /// Examples as flat rows, in the data's own scale.
    pub(crate) fn describe_input(&self, graph: &mut Graph, rows: GraphRows) -> Value {
        graph.begin("preprocessing");
        match (rows, self.schema()) {
            (GraphRows::Columns, Some(schema)) => describe_columns(graph, schema),
            (GraphRows::Bytes, _) => {
                let x = graph.input("x", &self.shape, Type::U8);
                let x = graph.cast(x, Type::F32);
                let full_scale = graph.scalar(255.0, x);
                let x = graph.div(x, full_scale);
                graph.flat(x)
            }
            _ => {
                let x = graph.input("x", &self.shape, Type::F32);
                graph.flat(x)
            }
        }
    }

    /// A flat row as the model sees it.
    pub(crate) fn describe_scaled(&self, graph: &mut Graph, x: Value) -> Value {
        graph.begin("preprocessing");
        self.scaling.describe(graph, x)
    }

    /// What some layers make of `x`, a flat row.
    pub(crate) fn describe_layers(
        &self,
        graph: &mut Graph,
        layers: Range<usize>,
        x: Value,
    ) -> Result<Value, Undescribed> {
        let name = |layer| {
            let (part, number) = self.sections.place(layer);
            format!("{part}.{number}")
        };
        let y = self.chain.describe(layers, x, graph, name)?;
        Ok(graph.flat(y))
    }

    /// Examples as outputs, in the data's own scale, from the likelihood's means.
    fn describe_examples(&self, graph: &mut Graph, mean: Value, rows: GraphRows) {
        graph.begin("postprocessing");
        let examples = self.scaling.describe_undo(graph, mean);
        match (rows, self.schema()) {
            (GraphRows::Columns, Some(schema)) => output_columns(graph, schema, examples),
            _ => {
                let examples = graph.reshape(examples, &self.shape);
                graph.output("reconstruction", examples);
            }
        }
    }
}

/// An input for each column that is learned from, side by side as elements of a row.
fn describe_columns(graph: &mut Graph, schema: &Schema) -> Value {
    let mut cells = Vec::new();
    for column in schema.learned() {
        let is_number = column.element() == Some(ElementKind::Number);
        cells.push(match is_number {
            true => {
                let own = graph.input(&column.name, &[1], Type::F64);
                let own = match column.offset {
                    0.0 => own,
                    offset => graph.plus(own, -offset),
                };
                graph.cast(own, Type::F32)
            }
            false => {
                let own = graph.input(&column.name, &[1], Type::Text);
                let encoder = Operation::LabelEncoder(column.levels.clone());
                graph.node(encoder, &[own])
            }
        });
    }
    graph.concat(&cells)
}

/// An output for each column that is learned from.
fn output_columns(graph: &mut Graph, schema: &Schema, rows: Value) {
    for (element, column) in schema.learned().enumerate() {
        let own = graph.slice(rows, [element, element + 1]);
        let is_number = column.element() == Some(ElementKind::Number);
        let own = match is_number {
            true => {
                let own = graph.cast(own, Type::F64);
                match column.offset {
                    0.0 => own,
                    offset => graph.plus(own, offset),
                }
            }
            false => {
                let level = graph.cast(own, Type::I64);
                let decoder = Operation::LabelDecoder(column.levels.clone());
                graph.node(decoder, &[level])
            }
        };
        graph.output(&format!("reconstruction.{}", column.name), own);
    }
}
