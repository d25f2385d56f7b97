//! What a model computes, as operations that other programs have too.

use std::ops::Range;

use latentia_nn::graph::{Graph, Type, Undescribed, Value};

use super::model::Autoencoder;

/// Inputs and outputs are in the data's own scale; bytes count as values in `[0, 1]`. An example has its [`Autoencoder::shape`], f32; where the
/// model is conditioned on classes, there is an input `label` beside it, whole numbers from 0. Nothing is random: codes are their means.
/// Where the preprocessing draws values as 0 or 1, inputs are to be drawn already.
impl Autoencoder {
    /// From `x`, examples, to `reconstruction`: see [`Autoencoder::reconstruct`].
    ///
    /// # Errors
    /// Names the part that does not say what it computes.
    pub fn reconstruction_graph(&self) -> Result<Graph, Undescribed> {
        let mut graph = Graph::default();
        let x = self.describe_input(&mut graph);
        let x = self.describe_scaled(&mut graph, x);
        let outputs = self.describe_layers(&mut graph, 0..self.chain.layers().len(), x)?;
        self.describe_examples(&mut graph, outputs)?;
        Ok(graph.without_unused())
    }

    /// From `x`, examples, to `code`: see [`Autoencoder::encode`].
    ///
    /// # Errors
    /// As [`Self::reconstruction_graph`].
    pub fn encoder_graph(&self) -> Result<Graph, Undescribed> {
        let mut graph = Graph::default();
        let x = self.describe_input(&mut graph);
        let x = self.describe_scaled(&mut graph, x);
        let code = self.describe_layers(&mut graph, 0..self.sections.decoder.start, x)?;
        graph.output("code", code);
        Ok(graph.without_unused())
    }

    /// From `code` to `reconstruction`: see [`Autoencoder::decode`].
    ///
    /// # Errors
    /// As [`Self::reconstruction_graph`].
    pub fn decoder_graph(&self) -> Result<Graph, Undescribed> {
        let mut graph = Graph::default();
        let code = graph.input("code", &[self.code_width()], Type::F32);
        let outputs = self.describe_layers(&mut graph, self.sections.decoder.clone(), code)?;
        self.describe_examples(&mut graph, outputs)?;
        Ok(graph.without_unused())
    }

    /// The input `x` as a flat row, in the data's own scale.
    pub(crate) fn describe_input(&self, graph: &mut Graph) -> Value {
        let x = graph.input("x", &self.shape, Type::F32);
        graph.begin("preprocessing");
        graph.flat(x)
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

    /// The output `reconstruction`, in the data's own scale, from those of the decoder.
    fn describe_examples(&self, graph: &mut Graph, outputs: Value) -> Result<(), Undescribed> {
        graph.begin("likelihood");
        let mean = self
            .likelihood
            .describe_mean(graph, outputs, self.width())?;
        graph.begin("postprocessing");
        let examples = self.scaling.describe_undo(graph, mean);
        let examples = graph.reshape(examples, &self.shape);
        graph.output("reconstruction", examples);
        Ok(())
    }
}
