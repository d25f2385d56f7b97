//! Masked autoencoders: the loss is counted on what corruption hides.

use latentia_models::{Autoencoder, LossOn, ModelSpec, Parts};
use latentia_nn::layers::Corrupt;
use latentia_nn::{Corruption, LikelihoodSpec};
use latentia_tensor::Matrix;

use crate::{begin, bits, message, model_spec, training_spec, unit};

const LAYERS: &str = "encoder = [{ layer = 'dense', units = 24, activation = 'relu' }, { layer = 'dense', units = 6 }]
    decoder = [{ layer = 'dense', units = 24, activation = 'relu' }, { layer = 'dense' }]";

fn spec(likelihood: &str, corruption: &str) -> ModelSpec {
    model_spec(&format!(
        "likelihood = '{likelihood}'\n{corruption}\nloss-on = 'hidden'\n{LAYERS}"
    ))
}

const PATCHES: &str = "corruption = { kind = 'patches', size = 2, rate = 0.5 }";

/// Pictures of 4 x 6 whose pixels follow from one number: what is hidden can be told from what is not.
fn ramps(seed: u64, rows: usize) -> Matrix {
    let slopes = unit(seed, rows, 1);
    let pixels = slopes
        .as_slice()
        .iter()
        .flat_map(|slope| (0..24).map(move |at| 0.5 + (slope - 0.5) * (at as f32 / 12.0 - 1.0)));
    Matrix::from_vec(rows, 24, pixels.collect())
}

#[test]
fn validation_reports_the_loss_on_what_is_hidden_from_it() {
    let (examples, validation) = (ramps(1, 300), ramps(2, 150));
    for likelihood in ["mse", "bernoulli", "gaussian-shared-scale"] {
        let mut model = spec(likelihood, PATCHES)
            .build(&[4, 6], 7)
            .expect("parts that fit");
        let training = training_spec("epochs = 3\nbatch-size = 20");
        let mut run =
            begin(&mut model, training, 5, &examples, Some(&validation)).expect("all fits");
        while run.fit_epoch(&mut ()).expect("it converges").is_continue() {
            let measured = run.model().hidden_loss(&validation, 5).expect("in memory");
            let last = run.history().last().and_then(|epoch| epoch.validation_loss);
            assert_eq!(last, measured, "{likelihood}");
        }
        let other = run.model().hidden_loss(&validation, 6).expect("in memory");
        assert_ne!(
            other,
            run.model().hidden_loss(&validation, 5).expect("in memory")
        );
    }
    // Of models whose loss is on all elements there is none.
    let plain = model_spec(&format!("likelihood = 'mse'\n{PATCHES}\n{LAYERS}"));
    let plain = plain.build(&[4, 6], 7).expect("parts that fit");
    assert_eq!(plain.hidden_loss(&validation, 5).expect("in memory"), None);
}

#[test]
fn what_is_hidden_is_learned_from_the_rest() {
    let (examples, validation) = (ramps(1, 600), ramps(2, 150));
    let mut model = spec("mse", PATCHES)
        .build(&[4, 6], 7)
        .expect("parts that fit");
    let before = model
        .hidden_loss(&validation, 5)
        .expect("in memory")
        .expect("loss on hidden");
    let training = training_spec("epochs = 60\nbatch-size = 20\nlearning-rate = 0.003");
    let mut run = begin(&mut model, training, 5, &examples, None).expect("all fits");
    run.run(&mut ()).expect("it converges");
    let after = model
        .hidden_loss(&validation, 5)
        .expect("in memory")
        .expect("loss on hidden");
    // The variance of a pixel is 0.028 on average.
    assert!(before > 0.02 && after < 0.003, "{before} {after}");
}

#[test]
fn training_and_validation_do_not_depend_on_the_number_of_threads() {
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads start").install(|| {
            let (examples, validation) = (ramps(1, 700), ramps(2, 900));
            let mut model = spec("bernoulli", PATCHES)
                .build(&[4, 6], 7)
                .expect("parts that fit");
            let training = training_spec("epochs = 2\nbatch-size = 200");
            let mut run =
                begin(&mut model, training, 5, &examples, Some(&validation)).expect("all fits");
            run.run(&mut ()).expect("it converges");
            let history = run.history().to_vec();
            (history, bits(&model))
        })
    };
    let alone = with(1);
    for threads in [2, 5] {
        assert!(with(threads) == alone, "{threads} threads");
    }
}

#[test]
fn a_loss_on_nothing_is_refused() {
    let nothing = "model has loss-on `hidden`, but no corruption that hides elements; use `masking`, `salt-and-pepper`, `hide` or `patches` at a rate \
                   that hides some, or leave `loss-on` out";
    for corruption in [
        "",
        "corruption = { kind = 'gaussian', deviation = 0.3 }",
        "corruption = { kind = 'masking', rate = 0.0 }",
        // A tenth of six patches is none.
        "corruption = { kind = 'patches', size = 2, rate = 0.05 }",
    ] {
        assert_eq!(
            message(spec("mse", corruption).build(&[4, 6], 1)),
            nothing,
            "{corruption}"
        );
    }
    assert_eq!(
        message(spec("poisson", PATCHES).build(&[4, 6], 1)),
        "model has loss-on `hidden` under likelihood `poisson`; it needs a likelihood whose elements have losses of their own, as `bernoulli` and `mse`: \
         counts share a library, `ms-ssim` compares neighbours"
    );
    let whole = "use `hide`, which hides whole columns";
    assert_eq!(
        message(spec("columns", PATCHES).build(&[24], 1)),
        format!("corruption is `patches`, over a table's columns; {whole}")
    );
    let masking = "corruption = { kind = 'masking', rate = 0.5 }";
    assert_eq!(
        message(spec("columns", masking).build(&[24], 1)),
        format!("corruption hides parts of columns, and the loss is on hidden ones; {whole}")
    );
    spec("columns", "corruption = { kind = 'hide', rate = 0.5 }")
        .build(&[24], 1)
        .expect("whole columns");
    assert_eq!(
        message(
            spec(
                "mse",
                "corruption = { kind = 'patches', size = 0, rate = 0.5 }"
            )
            .build(&[4, 6], 1)
        ),
        "corruption is patches of 0, 0.5; a rate lies in [0, 1], a deviation is finite and at least 0, a size at least 1"
    );
}

#[test]
fn parts_of_ones_own_may_hide_too() {
    let parts = |records| {
        let masking = Corruption::Masking { rate: 0.5 };
        let plain = model_spec(&format!("likelihood = 'mse'\n{LAYERS}"));
        Parts {
            corruption: vec![Box::new(Corrupt::new(24, masking).recording(records))],
            loss_on: LossOn::Hidden,
            likelihood: LikelihoodSpec::Gaussian.into(),
            ..plain.parts(&[24]).expect("parts that fit")
        }
    };
    let model = Autoencoder::from_parts(parts(true), &[24], 1).expect("parts that fit");
    let loss = model.hidden_loss(&ramps(3, 40), 1).expect("in memory");
    assert!(loss.is_some_and(|loss| loss > 0.0), "{loss:?}");
    let refused = message(Autoencoder::from_parts(parts(false), &[24], 1));
    assert!(
        refused.contains("no corruption that hides elements"),
        "{refused}"
    );
}
