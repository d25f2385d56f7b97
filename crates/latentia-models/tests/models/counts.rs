//! Models of counts: what they refuse, that they learn, and whose library their means are in.

use latentia_models::{Autoencoder, Detector, ElboReport, Metrics, ModelFile};
use latentia_tensor::{Column, ColumnKind, Matrix, Schema};
use latentia_testing::{numbers, wide};

use crate::{begin, message, model_spec, training_spec};

const LIKELIHOODS: [&str; 3] = ["poisson", "negative-binomial", "zinb"];

fn spec(likelihood: &str) -> String {
    format!(
        "likelihood = '{likelihood}'
         code = {{ kind = 'gaussian', units = 2 }}
         encoder = [{{ layer = 'activation', activation = 'symlog' }}, {{ layer = 'dense', units = 16, activation = 'relu' }}]
         decoder = [{{ layer = 'dense', units = 16, activation = 'relu' }}, {{ layer = 'dense' }}]"
    )
}

/// Rows of two kinds, each with its own eight frequent elements of sixteen, in libraries from 20 to 200.
fn counts(rows: usize) -> Matrix {
    let (noise, sizes) = (numbers(3, 16 * rows), numbers(4, rows));
    let each = (0..16 * rows).map(|at| {
        let (row, element) = (at / 16, at % 16);
        let frequent = row % 2 == element / 8;
        let mean = (5.5 + 4.5 * sizes[row]) * if frequent { 2.0 } else { 0.2 };
        (mean * (1.0 + noise[at])).round()
    });
    Matrix::from_vec(rows, 16, each.collect())
}

fn library(row: &[f32]) -> f64 {
    wide(row).iter().sum()
}

fn trained(likelihood: &str, examples: &Matrix) -> Autoencoder {
    let mut model = model_spec(&spec(likelihood))
        .build(&[16], 1)
        .expect("parts that fit");
    let training = training_spec("epochs = 30\nbatch-size = 25\nlearning-rate = 5e-3");
    let mut run = begin(&mut model, training, 1, examples, None).expect("counts");
    run.run(&mut ()).expect("it stays finite");
    let losses: Vec<f64> = run.history().iter().map(|epoch| epoch.train_loss).collect();
    // A negative binomial begins wide, and has less to lose.
    assert!(losses[29] < 0.85 * losses[0], "{likelihood}: {losses:?}");
    model
}

#[test]
fn values_that_are_no_counts_are_refused_with_their_place() {
    for likelihood in LIKELIHOODS {
        let examples = counts(50);
        let refusal = |examples: &Matrix, schema: Option<&Schema>| {
            let spec = model_spec(&spec(likelihood));
            let model = match schema {
                Some(schema) => spec.build_table(schema, 1),
                None => spec.build(&[16], 1),
            };
            let mut model = model.expect("parts that fit");
            message(begin(&mut model, training_spec(""), 1, examples, None).map(|_| ()))
        };
        for value in [-1.0, 2.5, 16_777_218.0] {
            let mut others = examples.clone();
            others.as_mut_slice()[16 * 33 + 7] = value;
            others.as_mut_slice()[16 * 40] = 0.5;
            let what = |name: &str| {
                format!(
                    "`{likelihood}` needs counts, whole numbers from 0 to 16777216, but the data has {value} in example 33, \
                     column 7 (both counted from 0){name}; give it the counts themselves, neither normalised nor logarithms"
                )
            };
            assert_eq!(refusal(&others, None), what(""));
            let column = |at| Column::new(format!("gene {at}"), ColumnKind::Number);
            let schema = Schema {
                columns: (0..16).map(column).collect(),
                ..Schema::default()
            };
            assert_eq!(refusal(&others, Some(&schema)), what(", `gene 7`"));
        }
        let mut others = examples.clone();
        others.as_mut_slice()[3] = f32::NAN;
        assert!(refusal(&others, None).contains("not finite in example 0, column 3"));
    }
}

#[test]
fn what_would_change_counts_is_refused() {
    for likelihood in LIKELIHOODS {
        let text = format!("preprocessing = 'standardise'\n{}", spec(likelihood));
        let expected = format!(
            "likelihood `{likelihood}` does not fit preprocessing `standardise`; it needs counts as they are: use `unit-range`, and \
             activation `symlog` before the encoder's first dense layer"
        );
        assert_eq!(message(model_spec(&text).build(&[16], 1)), expected);
        let text = format!("output-bias = 'data-mean'\n{}", spec(likelihood));
        let expected = "output-bias `data-mean` is no logit of a share in a library; leave it out";
        assert_eq!(message(model_spec(&text).build(&[16], 1)), expected);
    }
}

#[test]
fn columns_of_zeros_and_ones_are_counts_and_other_booleans_are_refused() {
    let column = |levels: [&str; 2]| Column {
        levels: levels.map(String::from).to_vec(),
        ..Column::new("gene", ColumnKind::Boolean)
    };
    let build = |column: Column| {
        let columns = vec![column, Column::new("other", ColumnKind::Number)];
        let schema = Schema {
            columns,
            ..Schema::default()
        };
        model_spec(&spec("poisson")).build_table(&schema, 1)
    };
    let model = build(column(["0", "1"])).expect("counts");
    let kept = &model.schema().expect("a table").columns[0];
    assert_eq!((kept.kind, kept.decimals), (ColumnKind::Number, Some(0)));
    let expected = "likelihood `poisson` takes numbers, column `gene` is a boolean; use `columns` or `columns-learned-scale`";
    assert_eq!(message(build(column(["no", "yes"]))), expected);
}

#[test]
fn an_example_is_reconstructed_in_its_own_library_and_a_code_in_a_typical_one() {
    let examples = counts(200);
    let logs: Vec<f64> = (0..200)
        .map(|row| library(examples.row(row)).ln())
        .collect();
    for likelihood in LIKELIHOODS {
        let model = trained(likelihood, &examples);
        let kept = model.chain().parameters().last().expect("the statistic");
        let mean = logs.iter().sum::<f64>() / 200.0;
        let variance = logs.iter().map(|ln| (ln - mean).powi(2)).sum::<f64>() / 200.0;
        assert_eq!(kept.name, "library");
        for (kept, expected) in kept.value.as_slice().iter().zip([mean, variance.sqrt()]) {
            assert!(
                (f64::from(*kept) - expected).abs() < 1e-4,
                "{kept} {expected}"
            );
        }

        let back = model.reconstruct(&examples).expect("counts");
        let means = model.decode(&model.encode(&examples).expect("counts"));
        let means = means.expect("codes that fit");
        for row in 0..200 {
            let (own, typical) = (library(back.row(row)), library(means.row(row)));
            let ratio = library(examples.row(row)) / mean.exp();
            assert!(
                (own / typical / ratio - 1.0).abs() < 1e-5,
                "{own} {typical}"
            );
        }
        // Zeros that a distribution adds are in the mean.
        let share = library(back.row(0)) / library(examples.row(0));
        assert!((0.8..1.0 + 1e-5).contains(&share), "{likelihood}: {share}");

        let codes = model.sample_codes(100, 1).expect("a Gaussian code");
        let draws = model.decode_draws(&codes, 5).expect("codes that fit");
        assert!(
            draws
                .as_slice()
                .iter()
                .all(|x| x.fract() == 0.0 && *x >= 0.0)
        );
        let drawn: Vec<f64> = (0..100)
            .map(|row| library(draws.row(row)).max(1.0).ln())
            .collect();
        let middle = drawn.iter().sum::<f64>() / 100.0;
        assert!((middle - mean).abs() < 0.3, "{likelihood}: {middle} {mean}");
    }
}

#[test]
fn losses_of_elements_add_up_and_strange_rows_have_high_scores() {
    let mut examples = counts(200);
    for likelihood in LIKELIHOODS {
        let model = trained(likelihood, &examples);
        let scores = model.score(&examples).expect("counts");
        let elements = model.element_scores(&examples).expect("counts");
        for (row, score) in scores.iter().enumerate() {
            assert!((library(elements.row(row)) / score - 1.0).abs() < 1e-5);
        }
        let metrics = Metrics::measure(&model, &examples).expect("counts");
        let mean = scores.iter().sum::<f64>() / 200.0;
        assert!((metrics.loss / mean - 1.0).abs() < 1e-6);
        let elbo = ElboReport::measure(&model, &examples, 5, 1).expect("counts");
        assert!(elbo.is_some_and(|elbo| elbo.nll_nats.is_finite()));

        // A row that has the frequent elements of both kinds in turn.
        let kept = examples.row(0).to_vec();
        for (element, x) in examples.view_mut().row_mut(0).iter_mut().enumerate() {
            *x = if element % 2 == 0 { 12.0 } else { 0.0 };
        }
        let detector = Detector::plain(&model);
        let scores = detector.score(&examples).expect("counts");
        let most = scores[1..].iter().copied().fold(f64::MIN, f64::max);
        assert!(scores[0] > most, "{likelihood}: {} {most}", scores[0]);
        examples.view_mut().row_mut(0).copy_from_slice(&kept);
    }
}

#[test]
fn a_row_without_counts_is_certain() {
    let mut examples = counts(200);
    examples.view_mut().row_mut(7).fill(0.0);
    for likelihood in LIKELIHOODS {
        let model = trained(likelihood, &examples);
        assert_eq!(model.score(&examples).expect("counts")[7], 0.0);
        let back = model.reconstruct(&examples).expect("counts");
        assert!(back.row(7).iter().all(|x| *x == 0.0));
    }
}

#[test]
fn a_file_keeps_the_library_and_the_dispersions() {
    let examples = counts(50);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.safetensors");
    for likelihood in LIKELIHOODS {
        let mut model = model_spec(&spec(likelihood))
            .build(&[16], 1)
            .expect("parts that fit");
        let training = training_spec("epochs = 3\nbatch-size = 10\nlearning-rate = 0.05");
        let mut run = begin(&mut model, training, 1, &examples, None).expect("counts");
        let provenance = run.fit(&mut ()).provenance("x", "y", "z");
        ModelFile::save(&model, &provenance, &[], &path).expect("a folder of the test's own");
        let loaded = ModelFile::load(&path).expect("it was just written").model;
        assert_eq!(crate::bits(&loaded), crate::bits(&model));
        let loss = |model: &Autoencoder| Metrics::measure(model, &examples).expect("counts").loss;
        assert_eq!(loss(&loaded), loss(&model));
    }
}
