//! A model, or a part of it, as ONNX.

use latentia_models::{Detector, GraphRows, ModelFile, Rule};
use latentia_nn::graph::Graph;
use prost::Message;
use serde_json::json;

use crate::OnnxError;
use crate::operator::ML;
use crate::proto::{ModelProto, OperatorSetIdProto, StringStringEntryProto};
use crate::writer::graph_proto;

/// Version of the format.
const IR: i64 = 8;

/// Version of the operators.
const OPSET: i64 = 18;

/// Version of the operators of `ai.onnx.ml`.
const ML_OPSET: i64 = 3;

/// Fewer bytes than a message may have.
const MOST: usize = 1 << 31;

/// What of a model is exported.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Part {
    /// From examples `x` to `reconstruction`.
    Reconstruct,
    /// From examples `x` to `code`.
    Encode,
    /// From `code` to `reconstruction`.
    Decode,
    /// From examples `x` to `score`, `p_value` and `is_anomaly`, flagged by the rule.
    Score(Rule),
}

impl Part {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reconstruct => "reconstruct",
            Self::Encode => "encode",
            Self::Decode => "decode",
            Self::Score(_) => "score",
        }
    }
}

/// The bytes of a file of ONNX that computes `part` of a model: IR 8, opset 18, any number of examples.
///
/// Its `metadata_props` say what the model is and how it came to be: `latentia.part`, `latentia.version`, `latentia.spec` and
/// `latentia.provenance` as JSON, `latentia.digest` of the model file, where it has one `latentia.schema` of the table's columns, and of a
/// score `latentia.threshold`.
///
/// ```
/// use latentia_models::{ModelFile, ModelSpec, TrainingSpec};
/// use latentia_onnx::{GraphRows, Part, export};
/// use latentia_tensor::Matrix;
///
/// let spec: ModelSpec = toml::from_str(r#"
///     preprocessing = "standardise"
///     likelihood = "mse"
///     encoder = [{ layer = "dense", units = 2, activation = "tanh" }]
///     decoder = [{ layer = "dense" }]
/// "#)?;
/// let mut model = spec.build(&[4], 42)?;
/// let examples = Matrix::from_vec(8, 4, (0..32).map(|i| (i * i % 7) as f32).collect());
/// let fitted = model.fit(&examples, &TrainingSpec { epochs: 1, ..TrainingSpec::default() }, 42)?;
/// let provenance = fitted.provenance("small", "sevens", "");
/// let file = ModelFile::from_bytes(&ModelFile::to_bytes(&model, &provenance, &[])?)?;
///
/// let bytes = export(&file, Part::Encode, GraphRows::Whole)?;
/// assert!(bytes.windows(4).any(|four| four == b"Gemm"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When a part does not say what it computes, a score is asked for of a model without a detector or by a rule that goes by all examples, or
/// the file were too large.
pub fn export(file: &ModelFile, part: Part, rows: GraphRows) -> Result<Vec<u8>, OnnxError> {
    let model = &file.model;
    if rows == GraphRows::Columns && model.schema().is_none() {
        return Err(OnnxError::NoColumns);
    }
    let mut metadata = metadata(file, part);
    let graph = match part {
        Part::Reconstruct => model.reconstruction_graph(rows)?,
        Part::Encode => model.encoder_graph(rows)?,
        Part::Decode => model.decoder_graph(rows)?,
        Part::Score(rule) => {
            let detector = Detector::of(model, &file.attachments)?;
            let detector = detector.ok_or(OnnxError::NoDetector)?;
            let threshold = threshold(&detector, rule)?;
            metadata.push(("latentia.threshold".into(), threshold.to_string()));
            detector.graph(threshold, rows)?
        }
    };
    write(&graph, part.name(), &metadata)
}

/// The score from which on a rule flags examples, whatever they are.
fn threshold(detector: &Detector, rule: Rule) -> Result<f64, OnnxError> {
    let calibration = detector.calibration();
    match rule {
        Rule::FalseAlarm(_) if calibration.scores().is_empty() => Err(OnnxError::Uncalibrated),
        Rule::FalseAlarm(_) | Rule::Threshold(_) => Ok(calibration.decide(&[], rule)?.threshold),
        _ => Err(OnnxError::Rule),
    }
}

/// The bytes of a file of ONNX that computes `graph`, with these properties.
///
/// # Errors
/// When two inputs or outputs have one name, or the file were too large.
pub fn write(
    graph: &Graph,
    name: &str,
    metadata: &[(String, String)],
) -> Result<Vec<u8>, OnnxError> {
    let ends = graph.inputs().iter().chain(graph.outputs());
    let mut names: Vec<&String> = ends.map(|end| &end.name).collect();
    names.sort_unstable();
    if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        let name = pair[0].clone();
        return Err(OnnxError::Name { name });
    }
    let proto = graph_proto(graph, name);
    let mut opset_import = vec![OperatorSetIdProto {
        domain: String::new(),
        version: OPSET,
    }];
    if proto.node.iter().any(|node| node.domain == ML) {
        opset_import.push(OperatorSetIdProto {
            domain: ML.into(),
            version: ML_OPSET,
        });
    }
    let entry = |(key, value): &(String, String)| StringStringEntryProto {
        key: key.clone(),
        value: value.clone(),
    };
    let model = ModelProto {
        ir_version: IR,
        producer_name: "latentia".into(),
        producer_version: env!("CARGO_PKG_VERSION").into(),
        doc_string: String::new(),
        graph: Some(proto),
        opset_import,
        metadata_props: metadata.iter().map(entry).collect(),
    };
    match model.encoded_len() {
        bytes if bytes < MOST => Ok(model.encode_to_vec()),
        bytes => Err(OnnxError::TooLarge { bytes }),
    }
}

fn metadata(file: &ModelFile, part: Part) -> Vec<(String, String)> {
    let ModelFile {
        model,
        provenance,
        digest,
        ..
    } = file;
    let spec = match (model.spec(), model.foreign()) {
        (Some(spec), _) => Some(json!(spec)),
        (None, Some(foreign)) => Some(json!(foreign)),
        (None, None) => None,
    };
    let entries = [
        ("part", Some(part.name().into())),
        ("version", Some(env!("CARGO_PKG_VERSION").into())),
        ("spec", spec.map(|spec| spec.to_string())),
        ("provenance", Some(json!(provenance).to_string())),
        ("digest", Some(digest.clone())),
        ("schema", model.schema().map(|own| json!(own).to_string())),
    ];
    let entry = |(name, value): (&str, Option<String>)| Some((format!("latentia.{name}"), value?));
    entries.into_iter().filter_map(entry).collect()
}
