//! Parts that fit, and parts that do not.

use latentia_models::{ModelSpec, Preset};
use latentia_nn::LayerSpec;
use proptest::prelude::*;

use crate::{message, model_spec};

/// The message that refuses a specification for examples of shape `[4]`.
pub(crate) fn refused(text: &str) -> String {
    message(model_spec(text).build(&[4], 1))
}

pub(crate) const ENCODER: &str = "encoder = [{ layer = 'dense', units = 2 }]";
pub(crate) const DECODER: &str = "decoder = [{ layer = 'dense' }]";

#[test]
fn parts_that_do_not_fit_are_refused_by_name() {
    let wrong = [
        (
            format!("likelihood = 'mse'\nencoder = []\n{DECODER}"),
            "encoder has no layer that learns a weight; it needs at least one, dense or a convolution; the last one's `units` are the width of a deterministic code",
        ),
        (
            format!("likelihood = 'mse'\nencoder = [{{ layer = 'dropout', rate = 0.1 }}]\n{DECODER}"),
            "encoder has no layer that learns a weight; it needs at least one, dense or a convolution; the last one's `units` are the width of a deterministic code",
        ),
        (
            "likelihood = 'mse'\nencoder = [{ layer = 'dense', units = 4 }]\ndecoder = []".into(),
            "decoder has no layer that learns a weight; it needs at least one, the last without `units` or `channels`",
        ),
        (
            format!("likelihood = 'mse'\nencoder = [{{ layer = 'dense', units = 0 }}]\n{DECODER}"),
            "encoder: layer 0 (dense) has units 0; it needs at least 1",
        ),
        (
            format!("likelihood = 'mse'\n{ENCODER}\ndecoder = [{{ layer = 'dropout', rate = 1.0 }}, {{ layer = 'dense' }}]"),
            "decoder: layer 0 (dropout) has rate 1; it must be at least 0 and less than 1",
        ),
        (
            format!("likelihood = 'mse'\n{ENCODER}\ndecoder = [{{ layer = 'dense', units = 3 }}]"),
            "decoder ends with 3 elements; an example has 4; leave out `units` or `channels` of its last layer",
        ),
        (
            format!("likelihood = 'bce'\n{ENCODER}\ndecoder = [{{ layer = 'dense', activation = 'sigmoid' }}]"),
            "decoder ends with activation `sigmoid` under likelihood `bce`; it works on logits and applies the sigmoid \
             itself: leave the last activation out",
        ),
        (
            format!(
                "likelihood = 'bernoulli'\n{ENCODER}
                 decoder = [{{ layer = 'dense', activation = 'relu' }}, {{ layer = 'dropout', rate = 0.1 }}]"
            ),
            "decoder ends with activation `relu` under likelihood `bernoulli`; it works on logits and applies the sigmoid \
             itself: leave the last activation out",
        ),
        (
            format!("likelihood = 'bce'\npreprocessing = 'standardise'\n{ENCODER}\n{DECODER}"),
            "likelihood `bce` does not fit preprocessing `standardise`; it needs values in [0, 1]: use `unit-range` or \
             `min-max`, or likelihood `mse`",
        ),
        (
            format!("likelihood = 'mse'\nencoder = [{{ layer = 'dense', units = 1000000000 }}]\n{DECODER}"),
            "model has 9000000004 parameters, in layers of 1000000000, 4 elements; at most 1073741824 are possible; use \
             smaller layers",
        ),
        (
            format!("likelihood = 'bernoulli'\ncode = {{ kind = 'gaussian', units = 0 }}\n{ENCODER}\n{DECODER}"),
            "code has 0 units; it needs at least 1",
        ),
        (
            format!("likelihood = 'bce'\ncode = {{ kind = 'gaussian', units = 2 }}\n{ENCODER}\n{DECODER}"),
            "likelihood `bce` is a mean over elements; the code's divergence is in nats per example: use `bernoulli`, a \
             Gaussian, or one of 8-bit values",
        ),
        (
            format!(
                "likelihood = 'gaussian'\ncode = {{ kind = 'gaussian', units = 2 }}\nobjective = {{ beta = -1.0 }}
                 {ENCODER}\n{DECODER}"
            ),
            "objective has beta -1; it must be finite and at least 0",
        ),
        (
            format!("likelihood = 'mse'\nobjective = {{ beta = 2.0 }}\n{ENCODER}\n{DECODER}"),
            "objective has beta, which a deterministic code does not support; it needs a code of kind `gaussian` or `von-mises-fisher`",
        ),
        (
            format!("likelihood = 'mse'\ncorruption = {{ kind = 'masking', rate = 1.5 }}\n{ENCODER}\n{DECODER}"),
            "corruption is masking 1.5; a rate lies in [0, 1], a deviation is finite and at least 0, a size at least 1",
        ),
    ];
    for (text, expected) in wrong {
        assert_eq!(refused(&text), expected);
    }
}

/// The message that refuses a model of pictures of 28 x 28 with this decoder and these other lines.
fn refused_for_pictures(others: &str, decoder: &str) -> String {
    let text = format!("likelihood = 'mse'\n{ENCODER}\n{others}\ndecoder = [{decoder}]");
    message(model_spec(&text).build(&[28, 28], 1))
}

#[test]
fn feature_maps_of_another_shape_than_the_pictures_are_refused() {
    let decoder = "{ layer = 'dense', units = 784 }, { layer = 'reshape', shape = [4, 14, 14] }";
    assert_eq!(
        refused_for_pictures("", decoder),
        "decoder ends with feature maps 4x14x14; an example has 1x28x28, of as many elements: end with that shape, or with \
         `flatten`"
    );
    let text =
        format!("likelihood = 'mse'\n{ENCODER}\ndecoder = [{decoder}, {{ layer = 'flatten' }}]");
    model_spec(&text)
        .build(&[28, 28], 1)
        .expect("a flat row of as many elements");
}

#[test]
fn an_output_bias_needs_a_decoder_that_ends_dense() {
    let reshape = "{ layer = 'reshape', shape = [1, 28, 28] }";
    let conv = "{ layer = 'conv', channels = 1, kernel = 3 }";
    for behind in [
        format!("{reshape}, {{ layer = 'residual', layers = [{conv}] }}"),
        "{ layer = 'batch-norm' }".into(),
        format!("{reshape}, {{ layer = 'max-pool', size = 1 }}"),
    ] {
        let decoder = format!("{{ layer = 'dense', units = 784 }}, {behind}");
        assert_eq!(
            refused_for_pictures("output-bias = 'data-mean'", &decoder),
            "output-bias `data-mean` begins at a mean for each element; leave it out, or end the decoder with a dense layer",
            "{behind}"
        );
    }
}

#[test]
fn examples_without_numbers_have_no_model() {
    let spec = model_spec(&format!("likelihood = 'mse'\n{ENCODER}\n{DECODER}"));
    for shape in [&[0][..], &[3, 0], &[usize::MAX, 2]] {
        let error = message(spec.build(shape, 1));
        assert_eq!(error, "there are no examples to build a model for");
    }
    // A single number is an example too.
    assert!(spec.build(&[], 1).is_ok());
}

#[test]
fn unknown_keys_and_values_are_refused() {
    let wrong = [
        ("units = 3", "unknown field `units`"),
        ("preprocessing = 'standard'", "unknown variant `standard`"),
        ("likelihood = 'mae'", "unknown variant `mae`"),
        (
            "decoder = [{ layer = 'dense', unit = 3 }]",
            "unknown field `unit`",
        ),
        (
            "decoder = [{ layer = 'lstm' }]",
            "unknown variant `lstm`, expected one of `dense`, `conv`",
        ),
        (
            "decoder = [{ layer = 'dense', activation = 'swish' }]",
            "unknown variant `swish`",
        ),
    ];
    for (line, expected) in wrong {
        let key = line.split(' ').next().unwrap_or_default();
        let all = ["likelihood = 'mse'", ENCODER, DECODER];
        let others = all.iter().filter(|other| !other.starts_with(key));
        let text = others.fold(line.to_string(), |text, other| format!("{text}\n{other}"));
        let error = message(toml::from_str::<ModelSpec>(&text));
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn the_width_of_the_code_is_that_of_the_encoders_last_dense_layer() {
    let text = "likelihood = 'mse'
        encoder = [
            { layer = 'dense', units = 8, activation = 'relu' },
            { layer = 'dense', units = 4 },
            { layer = 'dropout', rate = 0.5 },
        ]
        decoder = [{ layer = 'dense', units = 8 }, { layer = 'dense' }]";
    let mut spec = model_spec(text);
    spec.set_code_width(3).expect("there is a dense layer");
    let changed = model_spec(&text.replace("units = 4", "units = 3"));
    assert_eq!(spec, changed);
    let model = spec.build(&[6], 1).expect("parts that fit");
    assert_eq!(model.code_width(), 3);
    assert_eq!(model.sections().encoder, 0..3);

    let before = spec.clone();
    assert_eq!(
        message(spec.set_code_width(0)),
        "`latent` is 0; it must be at least 1"
    );
    assert_eq!(spec, before);
    spec.encoder
        .retain(|layer| matches!(layer, LayerSpec::Dropout(_)));
    let error = message(spec.set_code_width(3));
    assert!(
        error.starts_with("encoder has no layer that learns a weight"),
        "{error}"
    );
}

/// Words of specifications, to make others of.
fn words() -> Vec<&'static str> {
    let texts = Preset::names().filter_map(Preset::text);
    texts
        .flat_map(|text| text.split_inclusive([' ', ',', '\n', '=']))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// A preset with a few words exchanged for those of others: refused in words, or built.
    #[test]
    fn a_changed_preset_does_no_harm(
        preset in prop::sample::select(Preset::names().collect::<Vec<_>>()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(words())), 1..5),
    ) {
        let text = Preset::text(preset).expect("it is listed");
        let mut parts: Vec<&str> = text.split_inclusive([' ', ',', '\n', '=']).collect();
        for (at, word) in &changes {
            let at = at.index(parts.len());
            parts[at] = word;
        }
        if let Ok(preset) = Preset::parse(&parts.concat()) {
            prop_assert_eq!(Preset::parse(&toml::to_string(&preset).expect("plain data")).expect("our own text"), preset.clone());
            let _ = preset.training.check();
            let _ = preset.model.build(&[28, 28], 1);
        }
    }

    #[test]
    fn arbitrary_text_does_no_harm(text in "[a-z0-9={}\\[\\]'., \n-]{0,200}") {
        let _ = Preset::parse(&text);
    }
}

#[test]
fn what_the_fuzzer_begins_with_does_no_harm() {
    let seeds = std::fs::read_dir("../../fuzz/seeds/spec").expect("they are kept");
    for seed in seeds {
        let text = std::fs::read_to_string(seed.expect("a file").path()).expect("text");
        let preset = Preset::parse(&text).expect("one of the presets, made small");
        let _ = preset.model.build(&[8, 8], 1);
    }
}
