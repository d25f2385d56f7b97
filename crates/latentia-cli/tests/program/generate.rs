//! What a model finds out and makes: samples, likelihoods, restored and odd examples.

use serde_json::Value;

use crate::harness::{DIGITS, TestDir, npy_floats, png_size, read_npy, table};

fn number(report: &Value, key: &str) -> f64 {
    let value = report[key].as_f64();
    value.unwrap_or_else(|| panic!("no number `{key}` in {report}"))
}

#[test]
fn a_variational_model_generates_and_says_how_probable_examples_are() {
    let dir = TestDir::new();
    let run = |arguments: &str| dir.run(arguments).done();
    let ran = run("train --preset vae-2 --data mnist-mini --epochs 2 --out .");
    assert!(ran.stdout.contains("elbo, nats"), "{}", ran.stdout);
    assert!(ran.stderr.contains("samples.png"), "{}", ran.stderr);
    let (width, height) = png_size(&dir.read("samples.png"));
    // Below a title of 16 pixels and its gaps.
    assert_eq!(width + 16 + 6, height);

    run("sample model.safetensors -n 3 --seed 7 -o three.npy");
    run("sample model.safetensors -n 5 --seed 7 -o five.npy");
    let (rows, cols, three) = read_npy(&dir.read("three.npy"));
    assert_eq!((rows, cols), (3, 784));
    assert!(three.iter().all(|x| (0.0..=1.0).contains(x)));
    // The first examples of a draw do not depend on how many follow.
    let (_, _, five) = read_npy(&dir.read("five.npy"));
    assert!(
        five[..2 * 784]
            .iter()
            .zip(&three)
            .all(|(a, b)| (a - b).abs() < 1e-5)
    );
    run("sample model.safetensors -n 3 --seed 8 -o other.npy");
    assert!(dir.read("other.npy") != dir.read("three.npy"));

    // A draw of each pixel is black or white, and goes with the seed too.
    run("sample model.safetensors -n 3 --seed 7 --draw -o drawn.npy");
    let (rows, cols, drawn) = read_npy(&dir.read("drawn.npy"));
    assert_eq!((rows, cols), (3, 784));
    assert!(drawn.iter().all(|&x| x == 0.0 || x == 1.0));
    run("sample model.safetensors -n 3 --seed 7 --draw -o again.npy");
    assert!(dir.read("drawn.npy") == dir.read("again.npy"));
    run("sample model.safetensors -n 3 --seed 8 --draw -o again.npy");
    assert!(dir.read("drawn.npy") != dir.read("again.npy"));

    run("traverse model.safetensors --steps 4 -o manifold.npy");
    assert_eq!(read_npy(&dir.read("manifold.npy")).0, 16);
    run("interpolate model.safetensors mnist-mini --from 0 --to 9 --steps 5 -o line.npy");
    let (rows, _, line) = read_npy(&dir.read("line.npy"));
    assert_eq!(rows, 5);
    run("reconstruct model.safetensors mnist-mini -o back.npy");
    let (_, _, back) = read_npy(&dir.read("back.npy"));
    // The ends of the line are the reconstructions of its two examples.
    let close = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-4);
    assert!(close(&line[..784], &back[..784]));
    assert!(close(&line[4 * 784..], &back[9 * 784..10 * 784]));
    dir.refused(
        "interpolate model.safetensors mnist-mini --to 1000 -o x.png",
        2,
        &["`--to` is 1000", "999"],
    );

    let few = run("evaluate model.safetensors --importance-samples 2 --json").json();
    let many = run("evaluate model.safetensors --importance-samples 40 --json").json();
    let elbo = number(&many, "elbo_nats");
    let parts = number(&many, "reconstruction_nats") + number(&many, "kl_nats");
    assert!((elbo + parts).abs() < 1e-6);
    // More samples, a tighter bound, never looser than the ELBO.
    let (loose, tight) = (number(&few, "nll_nats"), number(&many, "nll_nats"));
    assert!(tight < loose && tight < -elbo, "{loose} {tight} {elbo}");
    let bits = number(&many, "bits_per_dim");
    assert!((bits * 784.0 * std::f64::consts::LN_2 - tight).abs() < 1e-6);
    for key in ["nll_standard_error", "active_units", "importance_samples"] {
        number(&many, key);
    }
}

#[test]
fn a_model_of_8_bit_values_is_measured_and_drawn_from() {
    let dir = TestDir::new();
    let preset = dir.run("presets vae-2").done().stdout;
    let bernoulli = "likelihood = \"bernoulli\"";
    assert!(preset.contains(bernoulli), "{preset}");
    dir.write(
        "my.toml",
        preset.replace(bernoulli, "likelihood = \"discretised-logistic\""),
    );
    let run = |arguments: &str| dir.run(arguments).done();
    run("train --config my.toml --data mnist-mini --epochs 2 --out .");
    let report = run("evaluate model.safetensors --importance-samples 5 --json").json();
    let bits = number(&report, "bits_per_dim");
    assert!((0.0..8.0).contains(&bits), "{report}");
    run("sample model.safetensors -n 3 --draw -o drawn.npy");
    let (_, _, drawn) = read_npy(&dir.read("drawn.npy"));
    let is_byte = |x: f32| (255.0 * x - (255.0 * x).round()).abs() < 1e-3;
    assert!(drawn.iter().all(|&x| is_byte(x)));

    // A deterministic code has no bound, but its loss is a likelihood.
    let is_of_the_code = |line: &&str| line.starts_with("code =") || line.starts_with("objective");
    let lines = preset.lines().filter(|line| !is_of_the_code(line));
    let plain = lines.collect::<Vec<_>>().join("\n");
    dir.write(
        "plain.toml",
        plain.replace(bernoulli, "likelihood = \"beta-binomial\""),
    );
    let ran = run("train --config plain.toml --data mnist-mini --epochs 1 --out plain");
    assert!(
        ran.stdout.contains("loss, nats per example"),
        "{}",
        ran.stdout
    );
    let (values, refusal) = ([0.25f32; 12], "multiples of 1/255 in [0, 1]");
    dir.write("quarters.npy", npy_floats(4, &values));
    let refused = "train --config plain.toml --data quarters.npy --out no";
    dir.refused(
        refused,
        1,
        &["`quarters.npy`: `beta-binomial`", refusal, "0.25"],
    );
}

#[test]
fn a_model_without_a_prior_is_refused_where_one_is_needed() {
    let dir = TestDir::with([("m", &DIGITS[..])]);
    for command in ["sample m -o x.png", "traverse m -o x.png"] {
        dir.refused(command, 1, &["deterministic", "--preset variational"]);
    }
    dir.refused("sample m -o x.png", 1, &["--prior mixture"]);
    // A line between two codes needs none.
    dir.run("interpolate m mnist-mini -o line.png").done();
}

#[test]
fn a_learned_prior_is_what_is_measured_and_drawn_from() {
    let dir = TestDir::with([]);
    let text = "data = 'mnist-mini'\n[model]\nlikelihood = 'bernoulli'\n\
        encoder = [{ layer = 'dense', units = 32, activation = 'relu' }]\n\
        code = { kind = 'gaussian', units = 3, prior = { kind = 'mixture', components = 4 } }\n\
        decoder = [{ layer = 'dense' }]\n[training]\nepochs = 2\nlearning-rate = 1e-3\n";
    dir.write("own.toml", text);
    let run = |arguments: &str| dir.run(arguments).done();
    run("train --config own.toml --out own");
    let ran = run("evaluate own/model.safetensors");
    assert!(ran.stdout.contains("nll, nats"), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("dimensions of the code are active"),
        "{}",
        ran.stdout
    );
    run("sample own/model.safetensors -n 4 -o drawn.npy");
    run("traverse own/model.safetensors -o across.png");
    run("report own/model.safetensors -o own.html");
    let page = String::from_utf8(dir.read("own.html")).expect("a page of text");
    assert!(page.contains("\"has_prior\":false"), "drawn from N(0, 1)");
    dir.refused(
        "train --config own.toml --set model.objective.free-bits=0.1 --out other",
        2,
        &["free-bits", "learned prior"],
    );
}

#[test]
fn a_denoising_model_restores_what_was_corrupted() {
    let dir = TestDir::with([("m", &DIGITS[..])]);
    let ran = dir.run("train --preset denoising --data mnist-mini --epochs 8 --out dn");
    ran.done();
    let model = "dn/model.safetensors";
    // Beside PCA, restored examples are compared: with so many components it hands noise on.
    let evaluation = dir.run(&format!("evaluate {model} --json")).done().json();
    let of = |name: &str| number(&evaluation["denoising"], name);
    assert!(of("denoised_mse") < 0.7 * of("pca_mse"), "{evaluation}");
    let own = dir
        .run(&format!(
            "denoise {model} mnist-mini --json -o restored.png"
        ))
        .done();
    let (noisy, restored) = (
        number(&own.json(), "noisy_mse"),
        number(&own.json(), "denoised_mse"),
    );
    assert!(restored < 0.7 * noisy, "{noisy} {restored}");
    png_size(&dir.read("restored.png"));
    // Another noise, and the same one again to the bit.
    let pepper = format!("denoise {model} mnist-mini --salt-and-pepper 0.2");
    assert_eq!(
        dir.run(&pepper).done().stdout,
        dir.run(&pepper).done().stdout
    );
    dir.refused(
        "denoise m mnist-mini",
        2,
        &["not trained to denoise", "--masking 0.3"],
    );
    dir.refused("denoise m mnist-mini --masking 1.5", 2, &["[0, 1]"]);
    dir.refused(
        "denoise m mnist-mini --masking 0.1 --gaussian 0.1",
        2,
        &["cannot be used with"],
    );
}

#[test]
fn what_does_not_belong_has_the_highest_score() {
    let dir = TestDir::with([("t.csv", table(200).as_bytes())]);
    dir.run("train --data t.csv --latent 2 --epochs 60 --out .")
        .done();
    // One row whose columns do not go together.
    let mut rows: Vec<String> = table(200).lines().map(String::from).collect();
    rows[51] = "0,100,-50".into();
    dir.write("odd.csv", rows.join("\n"));
    let found = dir
        .run("detect model.safetensors odd.csv -n 3 --json -o scores.csv")
        .done();
    let report = found.json();
    assert_eq!(report["worst"][0]["example"], 50, "{report}");
    assert_eq!(report["worst"].as_array().map(Vec::len), Some(3));
    let text = dir.text("scores.csv");
    let column: Vec<f32> = text
        .lines()
        .skip(1)
        .filter_map(|line| line.split(',').next())
        .map(|score| score.parse().expect("a number"))
        .collect();
    dir.run("detect model.safetensors odd.csv -o scores.npy")
        .done();
    let scores = dir.read("scores.npy");
    let scores = npyz::NpyFile::new(&scores[..]).expect("an NPY file");
    assert_eq!(scores.shape(), [200]);
    assert_eq!(scores.into_vec::<f32>().expect("floats"), column);
    let worst = report["worst"][0]["score"].as_f64().expect("a number");
    assert_eq!(column[50], worst as f32);
    let listed = dir
        .run("detect model.safetensors odd.csv -n 1")
        .done()
        .stdout;
    assert!(
        listed.contains("\n50 ") && listed.contains(" of 200 examples flagged: "),
        "{listed}"
    );
    dir.refused(
        "detect model.safetensors odd.csv -o scores.txt",
        2,
        &[".npy", ".csv", ".png"],
    );
}

/// A likelihood and a line more, on 20 digits with their classes.
fn trained(dir: &TestDir, likelihood: &str, line: &str) {
    let text = format!(
        "data = \"mnist-mini\"\n[model]\nlikelihood = \"{likelihood}\"\n{line}
         encoder = [{{ layer = \"dense\", units = 4 }}]\ndecoder = [{{ layer = \"dense\" }}]
         [training]\nepochs = 1\n"
    );
    dir.write("my.toml", text);
    dir.run("train --config my.toml --out .").done();
}

#[test]
fn a_model_without_a_detector_has_the_plain_loss_or_is_given_examples_that_belong() {
    let dir = TestDir::new();
    trained(&dir, "gaussian-learned-scale", "");
    // As files of earlier versions are.
    let path = dir.path("model.safetensors");
    let file = latentia_models::ModelFile::load(&path).expect("a model");
    latentia_models::ModelFile::save(&file.model, &file.provenance, &[], &path).expect("written");
    let detect = "detect model.safetensors mnist-mini -n 1 --json";
    let plain = dir.run(detect).done();
    let said =
        "has no detector: scores are the plain loss, in nats per example, and nothing is flagged";
    assert!(plain.stderr.contains(said), "{}", plain.stderr);
    let report = plain.json();
    let worst = &report["worst"][0];
    assert_eq!(worst["score"], worst["loss"]);
    assert_eq!(
        (&report["flagged"], &report["threshold"]),
        (&0.into(), &Value::Null)
    );

    let fitted = dir
        .run(&format!("{detect} --reference mnist-mini:train"))
        .done();
    let report = fitted.json();
    assert_eq!(report["calibration"]["source"], "training");
    assert!(report["threshold"].is_f64(), "{report}");
    assert!(
        fitted.stderr.contains("the model may have learned from"),
        "{}",
        fitted.stderr
    );
}

#[test]
fn a_damaged_detector_is_told_of_and_can_be_fitted_again() {
    let dir = TestDir::new();
    trained(&dir, "mse", "");
    let path = dir.path("model.safetensors");
    let file = latentia_models::ModelFile::load(&path).expect("a model");
    let mut kept = file.attachments;
    kept.retain(|tensor| tensor.name != "detector.reconstruction");
    latentia_models::ModelFile::save(&file.model, &file.provenance, &kept, &path).expect("written");
    let said = [
        "`model.safetensors`",
        "detector is damaged, or of another model",
    ];
    for command in [
        "detect model.safetensors mnist-mini",
        "explain model.safetensors mnist-mini -o errors.png",
        "evaluate model.safetensors --data mnist-mini --anomalies class --anomalous 3",
    ] {
        dir.refused(command, 1, &said);
    }
    let seen = dir.run("inspect model.safetensors").done();
    assert!(seen.stderr.contains(said[1]), "{}", seen.stderr);
    dir.run("detect model.safetensors mnist-mini --reference mnist-mini:train")
        .done();
}

#[test]
fn a_class_that_is_missing_is_told_of() {
    let dir = TestDir::new();
    trained(&dir, "mse", "condition = { classes = 10 }");
    let digit = [&b"1,"[..]; 783].concat();
    dir.write("digit.csv", [&digit[..], b"1\n"].concat());
    let words = [
        "`digit.csv`: the model is conditioned on one of 10 classes",
        "example 0 has no label",
    ];
    for command in ["encode", "reconstruct"] {
        let refused = dir.refused(
            &format!("{command} model.safetensors digit.csv -o out.npy"),
            1,
            &words,
        );
        assert!(!refused.stderr.contains("cannot write"));
    }
    dir.write("codes.csv", "1,2,3,4\n");
    let decode = "decode model.safetensors codes.csv -o out.npy";
    assert!(dir.run(decode).done().stderr.contains("in turn; --label"));
    let labelled = dir.run(&format!("{decode} --label 3")).done();
    assert!(!labelled.stderr.contains("in turn"));
    let valid = "the model knows the classes from 0 to 9";
    for label in ["-1", "256", "seven"] {
        dir.refused(&format!("{decode} --label {label}"), 2, &[valid]);
    }
}

#[test]
fn another_seed_of_evaluate_takes_other_samples() {
    let dir = TestDir::new();
    dir.run("train --preset vae-2 --data mnist-mini --epochs 1 --out .")
        .done();
    let evaluate = "evaluate model.safetensors --importance-samples 5 --json";
    let report = |seed: &str| dir.run(&format!("{evaluate}{seed}")).done().json();
    let (usual, zero, one) = (report(""), report(" --seed 0"), report(" --seed 1"));
    assert_eq!(usual, zero);
    assert_eq!((&zero["seed"], &one["seed"]), (&0.into(), &1.into()));
    for key in ["nll_nats", "elbo_nats"] {
        let apart = (number(&zero, key) - number(&one, key)).abs();
        let error = number(&zero, "nll_standard_error");
        assert!(0.0 < apart && apart < error, "{key}: {apart} of {error}");
    }
    // What is not drawn does not depend on it.
    assert_eq!(zero["kl_nats"], one["kl_nats"]);
    assert_eq!(zero["mse"], one["mse"]);
    let help = dir.run("evaluate --help").done().stdout;
    assert!(help.contains("nll_standard_error"), "{help}");
    dir.refused(
        "evaluate model.safetensors --seed -1",
        2,
        &["0 to 2^64 - 1"],
    );
}
