//! Exported models are read back by the messages that they were written by, and are what ONNX asks of a graph.

use std::collections::{BTreeSet, HashSet};

use latentia_models::{
    Activation, Autoencoder, Calibration, Detector, LatentSpec, Layer, LayerSpec, ModelFile,
    ModelSpec, Parts, Preset, Provenance, Rule, StoppedBy, TrainingSpec,
};
use latentia_nn::layers::Dense;
use latentia_nn::{
    BackwardMemory, ForwardMemory, Initializer, MatrixMut, MatrixRef, Parameter, Pass, Shape, Trace,
};
use latentia_onnx::proto::{ModelProto, Size, ValueInfoProto};
use latentia_onnx::{GraphRows, OnnxError, Part};
use latentia_tensor::{Axes, Column, ColumnKind, ExampleShape, Matrix, Schema};
use prost::Message;
use serde_json::{Value, json};

const PARTS: [Part; 3] = [Part::Reconstruct, Part::Encode, Part::Decode];

fn file(model: Autoencoder) -> ModelFile {
    let provenance = Provenance {
        preset: "a preset".into(),
        data: "data".into(),
        target: None,
        fingerprint: String::new(),
        seed: 42,
        warm_start: false,
        training: TrainingSpec::default(),
        stopped_by: StoppedBy::Epochs,
        history: Vec::new(),
        warnings: Vec::new(),
    };
    ModelFile {
        model,
        provenance,
        attachments: Vec::new(),
        digest: "0123".into(),
    }
}

fn export(file: &ModelFile, part: Part) -> Result<Vec<u8>, OnnxError> {
    latentia_onnx::export(file, part, GraphRows::Whole)
}

fn exported(file: &ModelFile, part: Part) -> ModelProto {
    let bytes = export(file, part).unwrap_or_else(|error| panic!("{part:?}: {error}"));
    ModelProto::decode(&bytes[..]).expect("a model")
}

/// A row with a number, a boolean and two categories, some missing.
fn schema() -> Schema {
    let column = |name, kind, levels: &[&str]| Column {
        levels: levels.iter().map(|&level| level.into()).collect(),
        gaps: true,
        ..Column::new(name, kind)
    };
    Schema {
        header: true,
        columns: vec![
            column("mass", ColumnKind::Number, &[]),
            column("adult", ColumnKind::Boolean, &["no", "yes"]),
            column("island", ColumnKind::Category, &["Biscoe", "Dream"]),
            column("species", ColumnKind::Category, &["a", "b", "c"]),
        ],
        ..Schema::default()
    }
}

/// A model of a preset, for examples that it is made for.
fn built(name: &str, spec: &ModelSpec) -> Autoencoder {
    let model = match name {
        name if name.starts_with("table") || name == "anomaly" => spec.build_table(&schema(), 1),
        name if name.starts_with("series") => {
            let shape = ExampleShape::new(vec![64, 3], Axes::Ntf);
            spec.build(shape.expect("a shape"), 1)
        }
        "cifar-conv" | "photos" => spec.build(&[32, 32, 3], 1),
        "tiny" => spec.build(&[12], 1),
        _ => spec.build(&[28, 28], 1),
    };
    model.unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The sizes of an input or output, the examples' axis as nothing.
fn sizes(info: &ValueInfoProto) -> Vec<Option<i64>> {
    let tensor = info
        .r#type
        .as_ref()
        .and_then(|own| own.tensor_type.as_ref());
    let shape = tensor.and_then(|tensor| tensor.shape.as_ref());
    let size = |size: &Option<Size>| match size {
        Some(Size::DimValue(size)) => Some(*size),
        _ => None,
    };
    shape.map_or_else(Vec::new, |own| {
        own.dim.iter().map(|dim| size(&dim.value)).collect()
    })
}

/// Every value has one name and is computed before it is used; every output is computed.
fn check_graph(model: &ModelProto, what: &str) {
    assert_eq!(model.ir_version, 8);
    assert_eq!(model.opset_import[0].version, 18);
    let graph = model.graph.as_ref().expect("a graph");
    let constants = graph.initializer.iter().map(|own| own.name.as_str());
    let inputs = graph.input.iter().map(|own| own.name.as_str());
    let mut known = HashSet::from([""]);
    for name in constants.chain(inputs) {
        assert!(known.insert(name), "{what}: {name} twice");
    }
    for node in &graph.node {
        for input in &node.input {
            assert!(known.contains(input.as_str()), "{what}: {input} is unknown");
        }
        for output in &node.output {
            assert!(known.insert(output), "{what}: {output} twice");
        }
    }
    for own in graph.input.iter().chain(&graph.output) {
        assert!(known.contains(own.name.as_str()), "{what}: {}", own.name);
        assert_eq!(sizes(own).first(), Some(&None), "{what}: {}", own.name);
    }
    for own in &graph.initializer {
        let elements: i64 = own.dims.iter().product();
        let width = if own.data_type == 1 { 4 } else { 8 };
        assert_eq!(
            own.raw_data.len() as i64,
            width * elements,
            "{what}: {}",
            own.name
        );
    }
}

#[test]
fn every_part_of_every_preset_is_a_graph_of_onnx() {
    for name in Preset::names() {
        let preset = Preset::named(name).expect("a preset");
        let file = file(built(name, &preset.model));
        for part in PARTS {
            check_graph(&exported(&file, part), &format!("{name}, {}", part.name()));
        }
    }
}

#[test]
fn every_kind_of_layer_and_likelihood_is_described() {
    let text = include_str!("every_layer.toml");
    let spec = Preset::parse(text).expect("an experiment").model;
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut layers: Vec<&LayerSpec> = spec.encoder.iter().chain(&spec.decoder).collect();
    while let Some(layer) = layers.pop() {
        seen.insert(layer.name());
        if let LayerSpec::Residual(residual) = layer {
            layers.extend(&residual.layers);
        }
    }
    // Those in one dimension are those in two.
    let kinds = kinds("LayerSpec", |kind| &kind["properties"]["layer"]["const"]);
    let planar = kinds.iter().map(String::as_str);
    let planar: BTreeSet<&str> = planar.filter(|kind| !kind.ends_with("-1d")).collect();
    assert_eq!(planar, seen);
    let file = file(spec.build(&[20, 17, 2], 1).expect("a model"));
    check_graph(&exported(&file, Part::Reconstruct), "every layer");

    let mut spec = Preset::named("variational").expect("a preset").model;
    spec.code = LatentSpec::default();
    for name in self::kinds("LikelihoodSpec", |kind| &kind["const"]) {
        spec.likelihood = serde_json::from_value(json!(name)).expect("a likelihood");
        let model = spec.build(&[4, 4], 1).expect("a model");
        let reconstruction = model.reconstruction_graph(GraphRows::Whole);
        assert!(reconstruction.is_ok(), "{name}: {reconstruction:?}");
        // The plain loss is a score too.
        let score = Detector::plain(&model).graph(1.0, GraphRows::Whole);
        match name.as_str() {
            // Its windows are spread over pixels, which no operation does.
            "ms-ssim" => assert_eq!(
                score.expect_err("no description").to_string(),
                "the loss of `ms-ssim` cannot be described by standard operations"
            ),
            _ => assert!(score.is_ok(), "{name}: {score:?}"),
        }
    }
}

/// The names of the kinds of a part, by the schema of an experiment.
fn kinds(part: &str, name: impl Fn(&Value) -> &Value) -> BTreeSet<String> {
    let schema: Value = serde_json::from_str(&Preset::schema()).expect("a schema");
    let kinds = schema["$defs"][part]["oneOf"].as_array().expect("kinds");
    let name = |kind: &Value| name(kind).as_str().expect("a name").to_owned();
    kinds.iter().map(name).collect()
}

#[test]
fn inputs_and_outputs_have_the_shapes_of_examples_and_codes() {
    let preset = Preset::named("conditional-vae").expect("a preset");
    let file = file(built("conditional-vae", &preset.model));
    let ends = |part| {
        let graph = exported(&file, part).graph.expect("a graph");
        let named = |own: &ValueInfoProto| (own.name.clone(), sizes(own));
        let ends = graph.input.iter().chain(&graph.output);
        ends.map(named).collect::<Vec<_>>()
    };
    let example = vec![None, Some(28), Some(28)];
    let label = ("label".into(), vec![None]);
    let code = ("code".into(), vec![None, Some(20)]);
    let back = ("reconstruction".into(), example.clone());
    let x = ("x".into(), example);
    assert_eq!(ends(Part::Encode), [x.clone(), label.clone(), code.clone()]);
    assert_eq!(ends(Part::Decode), [code, label.clone(), back.clone()]);
    assert_eq!(ends(Part::Reconstruct), [x, label, back]);
}

#[test]
fn weights_keep_their_names_and_values() {
    let preset = Preset::named("tiny").expect("a preset");
    let file = file(built("tiny", &preset.model));
    let graph = exported(&file, Part::Decode).graph.expect("a graph");
    let weight = (graph.initializer.iter()).find(|own| own.name == "decoder.0.weight");
    let weight = weight.expect("the weight");
    let layer = file.model.sections().decoder.start;
    let own = &file.model.chain().parameters_of(layer)[0].value;
    assert_eq!(weight.dims, [own.rows() as i64, own.cols() as i64]);
    let bytes: Vec<u8> = own
        .as_slice()
        .iter()
        .flat_map(|x| x.to_le_bytes())
        .collect();
    assert!(weight.raw_data == bytes);
    // What the part does not compute is not in it.
    assert!(
        graph
            .initializer
            .iter()
            .all(|own| own.name.starts_with("decoder."))
    );
}

#[test]
fn properties_say_what_the_model_is_and_how_it_came_to_be() {
    let preset = Preset::named("table").expect("a preset");
    let file = file(built("table", &preset.model));
    let model = exported(&file, Part::Encode);
    let property = |name: &str| {
        let entry = (model.metadata_props.iter()).find(|own| own.key == format!("latentia.{name}"));
        entry.map(|own| own.value.clone()).unwrap_or_default()
    };
    assert_eq!(property("part"), "encode");
    assert_eq!(property("digest"), "0123");
    let spec: ModelSpec = serde_json::from_str(&property("spec")).expect("a specification");
    assert_eq!(Some(&spec), file.model.spec());
    let provenance: Provenance = serde_json::from_str(&property("provenance")).expect("one");
    assert_eq!(provenance, file.provenance);
    let schema: Schema = serde_json::from_str(&property("schema")).expect("a schema");
    assert_eq!(Some(&schema), file.model.schema());
}

#[test]
fn columns_of_a_table_go_in_and_come_out_by_their_names() {
    let preset = Preset::named("table").expect("a preset");
    let own = file(built("table", &preset.model));
    let bytes = latentia_onnx::export(&own, Part::Reconstruct, GraphRows::Columns).expect("bytes");
    let model = ModelProto::decode(&bytes[..]).expect("a model");
    check_graph(&model, "columns");
    assert_eq!(model.opset_import[1].domain, "ai.onnx.ml");
    let graph = model.graph.as_ref().expect("a graph");
    let named = |infos: &[ValueInfoProto]| -> Vec<(String, i32)> {
        let tensor = |own: &ValueInfoProto| own.r#type.clone().and_then(|own| own.tensor_type);
        let element = |own: &ValueInfoProto| tensor(own).map_or(0, |tensor| tensor.elem_type);
        infos
            .iter()
            .map(|own| (own.name.clone(), element(own)))
            .collect()
    };
    // Doubles and text.
    let columns = [("mass", 11), ("adult", 8), ("island", 8), ("species", 8)];
    let inputs = columns.map(|(name, element)| (name.to_owned(), element));
    assert_eq!(named(&graph.input), inputs);
    let outputs = columns.map(|(name, element)| (format!("reconstruction.{name}"), element));
    assert_eq!(named(&graph.output), outputs);

    // Without a table there are none, and no column may be called as an output.
    let plain = file(built(
        "tiny",
        &Preset::named("tiny").expect("a preset").model,
    ));
    let refused = latentia_onnx::export(&plain, Part::Encode, GraphRows::Columns);
    assert!(matches!(refused, Err(OnnxError::NoColumns)));
    let mut schema = schema();
    schema.columns[0].name = "code".into();
    let twice = file(preset.model.build_table(&schema, 1).expect("a model"));
    let refused = latentia_onnx::export(&twice, Part::Encode, GraphRows::Columns);
    assert!(matches!(refused, Err(OnnxError::Name { name }) if name == "code"));
}

/// A layer that does not say what it computes.
#[derive(Debug)]
struct Mystery;

impl Layer for Mystery {
    fn name(&self) -> String {
        "mystery".into()
    }

    fn inputs(&self) -> usize {
        2
    }

    fn output(&self) -> Shape {
        Shape::Flat(2)
    }

    fn forward(
        &self,
        _: &[Parameter],
        _: Pass<'_>,
        x: MatrixRef<'_>,
        mut y: MatrixMut<'_>,
        _: ForwardMemory<'_>,
    ) {
        y.as_mut_slice().copy_from_slice(x.span());
    }

    fn backward(
        &self,
        _: &[Parameter],
        _: Trace<'_>,
        _: MatrixMut<'_>,
        _: Option<MatrixMut<'_>>,
        _: BackwardMemory<'_>,
    ) {
    }
}

#[test]
fn a_part_that_does_not_say_what_it_computes_is_named() {
    let dense = |inputs, outputs| -> Box<dyn Layer> {
        let (activation, initializer) = (Activation::Relu, Initializer::Glorot);
        Box::new(Dense::new(inputs, outputs, activation, initializer))
    };
    let parts = Parts {
        encoder: vec![dense(4, 2), Box::new(Mystery)],
        decoder: vec![dense(2, 4)],
        ..Parts::default()
    };
    let file = file(Autoencoder::from_parts(parts, &[4], 1).expect("a model"));
    let error = export(&file, Part::Encode).expect_err("a mystery");
    assert_eq!(
        error.to_string(),
        "encoder.1, `mystery` cannot be described by standard operations"
    );
    // The decoder has none of it.
    check_graph(&exported(&file, Part::Decode), "decoder");
}

#[test]
fn a_score_is_that_of_a_detector_and_of_an_example_by_itself() {
    let preset = Preset::named("anomaly").expect("a preset");
    let model = preset.model.build(&[4], 1).expect("a model");
    let mut file = file(model);
    let score = Part::Score(Rule::FalseAlarm(0.1));
    assert!(matches!(export(&file, score), Err(OnnxError::NoDetector)));

    let values = |seed: usize| (0..400).map(|i| ((i * i + seed) % 17) as f32).collect();
    let [training, held_out] = [1, 5].map(|seed| Matrix::from_vec(100, 4, values(seed)));
    let detector = Detector::fit(&file.model, &training, Some(&held_out)).expect("a detector");
    file.attachments = detector.tensors().expect("tensors");
    let model = exported(&file, score);
    check_graph(&model, "score");
    let graph = model.graph.as_ref().expect("a graph");
    let outputs: Vec<&str> = graph.output.iter().map(|own| own.name.as_str()).collect();
    assert_eq!(outputs, ["score", "is_anomaly", "p_value"]);
    let threshold = (model.metadata_props.iter()).find(|own| own.key == "latentia.threshold");
    let expected = threshold_at(detector.calibration(), 0.1);
    assert_eq!(
        threshold.map(|own| own.value.clone()),
        Some(expected.to_string())
    );

    // A share of the examples needs all of them.
    let share = Part::Score(Rule::Contamination(0.1));
    assert!(matches!(export(&file, share), Err(OnnxError::Rule)));
    let none = Part::Score(Rule::FalseAlarm(2.0));
    assert!(matches!(export(&file, none), Err(OnnxError::Model(_))));
}

fn threshold_at(calibration: &Calibration, rate: f64) -> f64 {
    let decision = calibration.decide(&[], Rule::FalseAlarm(rate));
    decision.expect("a decision").threshold
}

#[test]
fn the_same_model_is_the_same_bytes() {
    let preset = Preset::named("conv-vq-vae").expect("a preset");
    let export = || {
        export(
            &file(built("conv-vq-vae", &preset.model)),
            Part::Reconstruct,
        )
    };
    assert!(export().expect("bytes") == export().expect("bytes"));
}
