//! Codes and penalties that fit the other parts of a model, and those that do not.

use crate::spec::{DECODER, ENCODER, refused};
use crate::{begin, message, model_spec, training_spec, unit};

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
