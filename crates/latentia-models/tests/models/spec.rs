//! Parts that fit, and parts that do not.

use latentia_models::{ModelSpec, Preset};
use latentia_nn::LayerSpec;
use proptest::prelude::*;

use crate::{begin, message, model_spec, training_spec, unit};

/// The message that refuses a specification for examples of shape `[4]`.
fn refused(text: &str) -> String {
    message(model_spec(text).build(&[4], 1))
}

const ENCODER: &str = "encoder = [{ layer = 'dense', units = 2 }]";
const DECODER: &str = "decoder = [{ layer = 'dense' }]";

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
fn a_gradient_penalty_takes_any_decoder_that_is_a_function_of_each_code() {
    let text = |layer: &str, code: &str| {
        format!(
            "likelihood = 'mse'\nobjective = {{ gradient-penalty = 0.1, l2 = 0.1, mmd = 1.0 }}\n{code}\n\
             encoder = [{{ layer = 'dense', units = 4 }}]\n\
             decoder = [{{ layer = 'dense', units = 36, activation = 'tanh' }}, {layer}, {{ layer = 'dense' }}]"
        )
    };
    let deterministic = "code = { kind = 'deterministic' }";
    let spec = model_spec(&text("{ layer = 'layer-norm' }", deterministic));
    let mut model = spec.build(&[6, 6], 1).expect("parts that fit");
    let examples = unit(1, 20, 36);
    let training = training_spec("epochs = 30\nbatch-size = 8");
    let mut run = begin(&mut model, training, 1, &examples, None).expect("all fits");
    run.run(&mut ()).expect("it converges");
    let losses: Vec<f64> = run.history().iter().map(|epoch| epoch.train_loss).collect();
    assert!(losses.last() < losses.first(), "{losses:?}");
    let refused = |layer, code| message(model_spec(&text(layer, code)).build(&[6, 6], 1));
    assert_eq!(
        refused("{ layer = 'batch-norm' }", deterministic),
        "objective has gradient-penalty for a decoder with batch-norm, which mixes an example with the moved ones beside it; \
         use `layer-norm` or `group-norm`, or leave out gradient-penalty"
    );
    assert_eq!(
        refused("{ layer = 'dropout', rate = 0.1 }", deterministic),
        "objective has gradient-penalty for a decoder with dropout, which moves the output far more than a small step does; \
         leave dropout out of the decoder, or gradient-penalty"
    );
    assert_eq!(
        refused(
            "{ layer = 'layer-norm' }",
            "code = { kind = 'gaussian', units = 2 }"
        ),
        "objective has l2, which a gaussian code does not support; it needs a code of kind `deterministic` or `top-k`"
    );
}

#[test]
fn a_contractive_penalty_takes_any_encoder_that_is_a_function_of_each_example() {
    let text = |layer: &str| {
        format!(
            "likelihood = 'mse'\nobjective = {{ contractive = 0.1 }}\n\
             encoder = [{{ layer = 'conv', channels = 2, kernel = 3 }}, {layer}, {{ layer = 'dense', units = 2 }}]\n{DECODER}"
        )
    };
    for layer in [
        "{ layer = 'conv', channels = 3, kernel = 3, activation = 'tanh' }",
        "{ layer = 'max-pool', size = 2 }",
        "{ layer = 'group-norm', groups = 2 }",
        "{ layer = 'residual', layers = [{ layer = 'conv', channels = 2, kernel = 3 }] }",
        "{ layer = 'activation', activation = 'gelu' }",
    ] {
        let mut model = model_spec(&text(layer))
            .build(&[6, 6], 1)
            .expect("parts that fit");
        let (examples, validation) = (unit(1, 20, 36), unit(2, 9, 36));
        let training = training_spec("epochs = 30\nbatch-size = 8");
        let mut run =
            begin(&mut model, training, 1, &examples, Some(&validation)).expect("all fits");
        run.run(&mut ()).expect("it converges");
        let losses: Vec<f64> = run.history().iter().map(|epoch| epoch.train_loss).collect();
        assert!(losses.last() < losses.first(), "{layer}: {losses:?}");
    }
    for layer in [
        "{ layer = 'batch-norm' }",
        "{ layer = 'residual', layers = [{ layer = 'batch-norm' }] }",
    ] {
        assert_eq!(
            message(model_spec(&text(layer)).build(&[6, 6], 1)),
            "objective has contractive for an encoder with batch-norm, which mixes an example with the moved ones beside it; \
             use `layer-norm` or `group-norm`, or leave out contractive"
        );
    }
    let dropout = "{ layer = 'residual', layers = [{ layer = 'dropout', rate = 0.1 }] }";
    assert_eq!(
        message(model_spec(&text(dropout)).build(&[6, 6], 1)),
        "objective has contractive for an encoder with dropout, which moves the code far more than a small step does; leave \
         dropout out of the encoder, or contractive"
    );
}

#[test]
fn partial_weights_are_refused_where_rows_of_a_decoder_depend_on_each_other() {
    let text = |layer: &str| {
        format!(
            "likelihood = 'bernoulli'\n{ENCODER}\ncode = {{ kind = 'gaussian', units = 2 }}\n\
             objective = {{ importance-samples = 4, importance-groups = 2, partially-importance-weighted = true }}\n\
             decoder = [{{ layer = 'dense', units = 3 }}, {layer}, {{ layer = 'dense' }}]"
        )
    };
    for layer in [
        "{ layer = 'batch-norm' }",
        "{ layer = 'residual', layers = [{ layer = 'batch-norm' }] }",
    ] {
        assert_eq!(
            refused(&text(layer)),
            "objective has partially-importance-weighted with a layer `batch norm linear` in the decoder; statistics of the batch \
             mix the gradients of its rows: use `group-norm` there, or leave one of them out"
        );
    }
    let fits = model_spec(&text("{ layer = 'layer-norm' }")).build(&[4], 1);
    fits.expect("parts that fit");
}

#[test]
fn many_samples_are_refused_where_a_decoder_needs_all_at_once() {
    let text = |samples: usize, layer: &str| {
        format!(
            "likelihood = 'bernoulli'\n{ENCODER}\ncode = {{ kind = 'gaussian', units = 2 }}\n\
             objective = {{ importance-samples = {samples} }}\n\
             decoder = [{{ layer = 'dense', units = 3 }}, {{ layer = '{layer}' }}, {{ layer = 'dense' }}]"
        )
    };
    assert_eq!(
        refused(&text(1001, "batch-norm")),
        "objective has importance-samples 1001 with a layer `batch norm linear` in the decoder; statistics of the batch need all \
         samples at once, at most 1000: use `group-norm` there, or fewer"
    );
    let masked = "corruption = { kind = 'masking', rate = 0.5 }\nloss-on = 'hidden'";
    assert_eq!(
        refused(&format!("{masked}\n{}", text(1001, "layer-norm"))),
        "objective has importance-samples 1001 beside loss-on `hidden`; that loss needs all samples at once, at most 1000: ask for \
         fewer"
    );
    for (samples, layer) in [(1000, "batch-norm"), (100_000, "layer-norm")] {
        let fits = model_spec(&text(samples, layer)).build(&[4], 1);
        fits.expect("parts that fit");
    }
}

#[test]
fn codes_and_terms_that_make_no_sense_are_refused() {
    let gaussian = "likelihood = 'bernoulli'\ncode = { kind = 'gaussian', units = 2 }";
    let directions = "likelihood = 'bernoulli'\ncode = { kind = 'von-mises-fisher', units = 2 }";
    let plain = "likelihood = 'mse'";
    let wrong = [
        (
            plain,
            "code = { kind = 'top-k', k = 0 }",
            "code keeps 0 of 2 elements; `k` must be from 1 to 2, the width of the encoder's output",
        ),
        (
            plain,
            "code = { kind = 'top-k', k = 3 }",
            "code keeps 3 of 2 elements; `k` must be from 1 to 2, the width of the encoder's output",
        ),
        (
            plain,
            "code = { kind = 'vector-quantised', codebook = 1, dimension = 2 }",
            "code has a codebook of 1; it must be from 2 to 65,536",
        ),
        (
            plain,
            "code = { kind = 'vector-quantised', codebook = 8, codebooks = 65, dimension = 2 }",
            "code has 65 codebooks; there must be from 1 to 64",
        ),
        (
            plain,
            "code = { kind = 'vector-quantised', codebook = 8, dimension = 3 }",
            "code cuts 2 elements into vectors of dimension 3; the width of the encoder's output, or its channels, must be a multiple of it",
        ),
        (
            plain,
            "code = { kind = 'vector-quantised', codebook = 8, dimension = 2, decay = 1.0 }",
            "code has decay 1; it must be at least 0 and less than 1",
        ),
        (
            plain,
            "code = { kind = 'vector-quantised', codebook = 8, dimension = 2, commitment = -1.0 }",
            "code has commitment -1; it must be finite and at least 0",
        ),
        (
            plain,
            "code = { kind = 'finite-scalar-quantised', levels = [] }",
            "code has levels []; there must be one number for each dimension of a vector, each at least 2",
        ),
        (
            plain,
            "code = { kind = 'finite-scalar-quantised', levels = [8, 1] }",
            "code has levels [8, 1]; there must be one number for each dimension of a vector, each at least 2",
        ),
        (
            plain,
            "code = { kind = 'finite-scalar-quantised', levels = [300, 300] }",
            "code has levels [300, 300]; their product must be at most 65,536",
        ),
        (
            plain,
            "code = { kind = 'finite-scalar-quantised', levels = [8, 5, 5] }",
            "code cuts 2 elements into vectors of 3 dimensions, one for each of its levels [8, 5, 5]; the width of the encoder's output, or its channels, must be a multiple of it",
        ),
        (
            plain,
            "code = { kind = 'lookup-free-quantised', dimension = 17 }",
            "code has vectors of 17 signs; `dimension` must be from 1 to 16",
        ),
        (
            plain,
            "code = { kind = 'lookup-free-quantised', dimension = 3 }",
            "code cuts 2 elements into vectors of dimension 3; the width of the encoder's output, or its channels, must be a multiple of it",
        ),
        (
            plain,
            "code = { kind = 'lookup-free-quantised', dimension = 2, entropy = -1.0 }",
            "code has entropy -1; it must be finite and at least 0",
        ),
        (
            plain,
            "code = { kind = 'lookup-free-quantised', dimension = 2, temperature = 0.0 }",
            "code has temperature 0; it must be finite and more than 0",
        ),
        (
            plain,
            "condition = { classes = 1 }",
            "condition has 1 classes; it must be from 2 to 65536",
        ),
        (
            gaussian,
            "objective = { importance-samples = 0 }",
            "objective has importance-samples 0; it must be from 1 to 100,000",
        ),
        (
            gaussian,
            "objective = { importance-samples = 5, beta = 2.0 }",
            "objective has beta beside importance-samples 5; it does not apply to the importance-weighted bound: leave it out, or importance-samples",
        ),
        (
            gaussian,
            "objective = { importance-samples = 5, mmd = 2.0 }",
            "objective has mmd beside importance-samples 5; it does not apply to the importance-weighted bound: leave it out, or importance-samples",
        ),
        (
            gaussian,
            "objective = { importance-groups = 2 }",
            "objective has importance-groups with importance-samples 1; it needs importance-samples of 2 or more",
        ),
        (
            gaussian,
            "objective = { importance-samples = 6, importance-groups = 4 }",
            "objective has importance-groups 4 of importance-samples 6; the samples are a multiple of the groups",
        ),
        (
            gaussian,
            "objective = { importance-samples = 6, importance-mix = 1.5 }",
            "objective has importance-mix 1.5; it must be from 0 to 1",
        ),
        (
            gaussian,
            "objective = { importance-samples = 6, importance-mix = 0.5, doubly-reparameterised = true }",
            "objective has doubly-reparameterised beside importance-mix 0.5; its estimate is of the bound alone: leave one of them out",
        ),
        (
            gaussian,
            "objective = { partially-importance-weighted = true }",
            "objective has partially-importance-weighted with importance-samples 1; it needs importance-samples of 2 or more",
        ),
        (
            gaussian,
            "objective = { importance-samples = 6, partially-importance-weighted = true }",
            "objective has partially-importance-weighted with importance-groups 1; it needs importance-groups of 2 or more, which the encoder has alone",
        ),
        (
            gaussian,
            "objective = { importance-samples = 6, importance-groups = 2, importance-mix = 0.5, partially-importance-weighted = true }",
            "objective has partially-importance-weighted beside importance-mix 0.5; it has two bounds, of groups and of all samples: leave one of them out",
        ),
        (
            gaussian,
            "objective = { free-bits = -0.1 }",
            "objective has free-bits -0.1; it must be finite and at least 0",
        ),
        (
            gaussian,
            "objective = { capacity = inf }",
            "objective has capacity inf; it must be finite and at least 0",
        ),
        (
            gaussian,
            "objective = { mmd = nan }",
            "objective has mmd NaN; it must be finite and at least 0",
        ),
        (
            gaussian,
            "objective = { l1 = 0.1 }",
            "objective has l1, which a gaussian code does not support; it needs a code of kind `deterministic` or `top-k`",
        ),
        (
            directions,
            "objective = { free-bits = 0.1 }",
            "objective has free-bits, which a von-mises-fisher code does not support; it needs a code of kind `gaussian`",
        ),
        (
            directions,
            "objective = { importance-samples = 5 }",
            "objective has importance-samples, which a von-mises-fisher code does not support; it needs a code of kind `gaussian`",
        ),
        (
            directions,
            "objective = { mmd = 1.0 }",
            "objective has mmd, which a von-mises-fisher code does not support; it needs a code of kind `deterministic` or `gaussian`",
        ),
        (
            plain,
            "objective = { total-correlation = 1.0 }",
            "objective has total-correlation, which a deterministic code does not support; it needs a code of kind `gaussian`",
        ),
        (
            plain,
            "objective = { kl-sparsity = { weight = 1.0, target = 0.1 } }",
            "objective has kl-sparsity for a code whose elements do not lie in (0, 1); let the encoder end with a dense \
             layer of activation `sigmoid`",
        ),
        (
            plain,
            "objective = { kl-sparsity = { weight = 1.0, target = 1.0 } }",
            "objective has kl-sparsity.target 1; it must lie between 0 and 1",
        ),
        (
            "likelihood = 'mse'\nencoder = [{ layer = 'dropout', rate = 0.1 }, { layer = 'dense', units = 2 }]",
            "objective = { contractive = 0.1 }",
            "objective has contractive for an encoder with dropout, which moves the code far more than a small step does; \
             leave dropout out of the encoder, or contractive",
        ),
    ];
    for (first, line, expected) in wrong {
        let encoder = if first.contains("encoder") {
            ""
        } else {
            ENCODER
        };
        assert_eq!(
            refused(&format!("{first}\n{line}\n{encoder}\n{DECODER}")),
            expected
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
