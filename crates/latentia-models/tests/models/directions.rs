//! Codes on the sphere.

use latentia_models::{Autoencoder, ElboReport, Training};
use latentia_tensor::{Matrix, Rows};

use crate::{model_spec, training_spec, unit};

const SPEC: &str = "likelihood = 'gaussian'
    code = { kind = 'von-mises-fisher', units = 3 }
    encoder = [{ layer = 'dense', units = 16, activation = 'relu' }]
    decoder = [{ layer = 'dense', units = 16, activation = 'relu' }, { layer = 'dense' }]";

fn trained(examples: &dyn Rows) -> Autoencoder {
    let mut model = model_spec(SPEC).build(&[6], 1).expect("parts that fit");
    let training = training_spec("epochs = 20\nbatch-size = 50\nlearning-rate = 0.005");
    let mut run = Training::new(&mut model, training, 1, examples, None).expect("they fit");
    run.fit(&mut ()).into_result().expect("it trains");
    model
}

fn assert_directions(codes: &Matrix) {
    for code in codes.view().iter_rows() {
        let length = code.iter().map(|z| z * z).sum::<f32>();
        assert!((length - 1.0).abs() < 1e-4, "{code:?}");
    }
}

#[test]
fn encoded_drawn_and_traversed_codes_are_directions() {
    let examples = unit(3, 200, 6);
    let model = trained(&examples);
    assert_directions(&model.encode(&examples).expect("they fit"));
    let drawn = model.sample_codes(500, 7).expect("a prior");
    assert_directions(&drawn);
    // The uniform distribution has its mean in the middle.
    for column in 0..3 {
        let sum: f32 = drawn.view().iter_rows().map(|code| code[column]).sum();
        assert!((sum / 500.0).abs() < 0.1, "{sum}");
    }
    let traversed = model.traversal_codes(8).expect("a prior");
    assert_eq!((traversed.rows(), traversed.cols()), (24, 3));
    assert_directions(&traversed);
    let far = Matrix::from_vec(1, 3, vec![3.0, 0.0, -4.0]);
    let nearest = model.quantise_latents(far).expect("they fit");
    assert_eq!(nearest.as_slice(), [0.6, 0.0, -0.8]);
}

#[test]
fn the_bound_of_directions_rises_with_the_samples_and_begins_at_the_elbo() {
    let examples = unit(3, 200, 6);
    let model = trained(&examples);
    let measure = |samples| {
        let report = ElboReport::measure(&model, &examples, samples, 5).expect("they fit");
        report.expect("a posterior")
    };
    let (one, many) = (measure(1), measure(500));
    assert!(many.kl_per_dimension.is_empty() && many.kl_nats > 0.0);
    let sum = many.reconstruction_nats + many.kl_nats;
    assert!((sum + many.elbo_nats).abs() < 1e-9);
    assert!(many.nll_nats <= -many.elbo_nats + 1e-6, "{many:?}");
    assert!(
        (one.nll_nats + many.elbo_nats).abs() < 0.2,
        "{one:?} {many:?}"
    );
}
