//! Samples of codes from a codebook.

use crate::harness::{DIGITS, TestDir, npy_floats, png_size, read_npy};

/// A model with few indices of few vectors, of rows of 6 numbers in a file beside it.
fn trained() -> TestDir {
    let dir = TestDir::with([("digits", &DIGITS[..])]);
    let rows: Vec<f32> = (0..400u16)
        .flat_map(|i| {
            let at = (f32::from(i) * 0.7).sin();
            [1.0, -2.0, 0.5, 1.5, -1.0, 0.3].map(|slope| slope * at)
        })
        .collect();
    dir.write("rows.npy", npy_floats(6, &rows));
    let text = "data = 'rows.npy'\n[model]\nlikelihood = 'mse'\n\
        encoder = [{ layer = 'dense', units = 8, activation = 'tanh' }, { layer = 'dense', units = 6 }]\n\
        code = { kind = 'vector-quantised', codebook = 8, dimension = 2 }\n\
        decoder = [{ layer = 'dense', units = 8, activation = 'tanh' }, { layer = 'dense' }]\n\
        [training]\nepochs = 20\nlearning-rate = 0.01\n";
    dir.write("vq.toml", text);
    dir.run("train --config vq.toml --out vq").done();
    dir
}

#[test]
fn a_quantised_model_is_given_an_autoregressive_prior() {
    let dir = trained();
    let run = |arguments: &str| dir.run(arguments).done();
    let model = "sample vq/model.safetensors";
    let ran = run(&format!("{model} -n 60 -o drawn.npy"));
    for said in [
        "a code that is vector-quantised has no prior of its own",
        "`--save FILE` keeps it with the model",
        "fitted an autoregressive prior to codes of `rows.npy` (all): ",
        "bits an index on held-out codes, 3.000 if all were equally likely",
    ] {
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
    }
    let (rows, cols, drawn) = read_npy(&dir.read("drawn.npy"));
    assert_eq!((rows, cols), (60, 6));
    // Columns of an example go together.
    let near = |row: &&[f32]| (row[1] + 2.0 * row[0]).abs() < 0.5;
    assert!(drawn.chunks(6).filter(near).count() > 40, "{drawn:?}");

    // What is asked for is not explained; the same seed gives the same, on any number of threads.
    let ran = run(&format!(
        "{model} --prior autoregressive -n 60 --threads 1 -o again.npy"
    ));
    assert!(!ran.stderr.contains("of its own"), "{}", ran.stderr);
    assert!(dir.read("again.npy") == dir.read("drawn.npy"));
}

#[test]
fn a_prior_that_is_kept_needs_no_data() {
    let dir = trained();
    let run = |arguments: &str| dir.run(arguments).done();
    let ran = run("sample vq/model.safetensors --save kept.safetensors -n 20 -o drawn.npy");
    let wrote = "wrote kept.safetensors: the model and its prior";
    assert!(ran.stderr.contains(wrote), "{}", ran.stderr);
    std::fs::remove_file(dir.path("rows.npy")).expect("it was there");
    let ran = run("sample kept.safetensors -n 20 -o again.npy");
    assert!(!ran.stderr.contains("fitted"), "{}", ran.stderr);
    assert!(dir.read("again.npy") == dir.read("drawn.npy"));
    run("sample kept.safetensors --prior autoregressive -n 5 -o five.npy");
    let seen = run("inspect kept.safetensors").stdout;
    let line = seen.lines().find(|line| line.starts_with("prior "));
    let line = line.unwrap_or_else(|| panic!("no prior in {seen}"));
    assert!(line.contains("autoregressive, ") && line.ends_with(" bits an index of 3.000"));
    let report = run("inspect kept.safetensors --json").json();
    assert_eq!(report["prior"]["kind"], "autoregressive");
    assert!(report["prior"]["bits_per_index"].is_f64(), "{report}");

    // Damage is told of; the mixture does not need it.
    let path = dir.path("kept.safetensors");
    let file = latentia_models::ModelFile::load(&path).expect("a model");
    let mut kept = file.attachments;
    kept.retain(|tensor| tensor.name != "prior.1.weight");
    latentia_models::ModelFile::save(&file.model, &file.provenance, &kept, &path).expect("written");
    let said = [
        "`kept.safetensors`: prior of the code is damaged",
        "--prior",
        "--save FILE",
    ];
    dir.refused("sample kept.safetensors -n 5 -o x.npy", 1, &said);
    let seen = run("inspect kept.safetensors");
    assert!(seen.stderr.contains("damaged"), "{}", seen.stderr);
}

#[test]
fn a_code_that_is_the_same_for_every_example_is_told_of() {
    let dir = TestDir::new();
    // So little that all of it rounds to the level of zero, from which no unit of the decoder begins.
    let rows: Vec<f32> = (0..400u16).map(|i| 1e-3 * f32::from(i).sin()).collect();
    dir.write("rows.npy", npy_floats(4, &rows));
    let text = "data = 'rows.npy'\n[model]\nlikelihood = 'mse'\nencoder = [{ layer = 'dense', units = 2 }]\n\
        code = { kind = 'finite-scalar-quantised', levels = [3, 3] }\n\
        decoder = [{ layer = 'dense', units = 8, activation = 'relu' }, { layer = 'dense' }]\n\
        [training]\nepochs = 1\n";
    dir.write("same.toml", text);
    let ran = dir.run("train --config same.toml --out same").done();
    let said = ran.stdout + &ran.stderr;
    assert!(said.contains("1 of 9 vectors of the codebook"), "{said}");
    let advice = "every example has the same code, of which the decoder learns nothing: try `initializer = \"he\"` in the encoder";
    assert!(said.contains(advice), "{said}");
    assert!(!said.contains("in disuse"), "{said}");
}

#[test]
fn what_is_fitted_to_real_codes_is_kept_likewise() {
    let dir = TestDir::with([("digits", &DIGITS[..])]);
    let run = |arguments: &str| dir.run(arguments).done();
    for prior in ["mixture", "flow", "knn", "hypersphere"] {
        let save = format!("--prior {prior} --save kept.safetensors");
        run(&format!("sample digits {save} -n 5 -o drawn.npy"));
        let ran = run("sample kept.safetensors -n 5 -o again.npy");
        assert!(!ran.stderr.contains("fitted"), "{}", ran.stderr);
        assert!(dir.read("again.npy") == dir.read("drawn.npy"), "{prior}");
        let seen = run("inspect kept.safetensors").stdout;
        let line = seen.lines().find(|line| line.starts_with("prior "));
        assert!(line.is_some_and(|line| line.ends_with(prior)), "{seen}");
    }
    // Another that is asked for is fitted.
    let ran = run("sample kept.safetensors --prior mixture -n 5 -o drawn.npy");
    assert!(ran.stderr.contains("fitted a mixture"), "{}", ran.stderr);
    let ran =
        run("sample kept.safetensors --data mnist-mini:test --prior hypersphere -n 5 -o x.npy");
    assert!(ran.stderr.contains("(test)"), "{}", ran.stderr);
}

#[test]
fn what_an_autoregressive_prior_does_not_fit_is_refused_with_what_does() {
    let dir = trained();
    let refused = |arguments: &str, code, words: &[&str]| {
        dir.refused(&format!("sample {arguments}"), code, words);
    };
    refused(
        "digits --prior autoregressive -o x.npy",
        1,
        &[
            "deterministic",
            "quantised and categorical ones",
            "--prior mixture",
        ],
    );
    refused(
        "vq/model.safetensors --prior prior -o x.npy",
        1,
        &["vector-quantised", "--prior autoregressive"],
    );
    refused(
        "vq/model.safetensors --prior flow -o x.npy",
        1,
        &["--prior mixture", "--prior autoregressive"],
    );
    refused(
        "digits --save x.safetensors -o x.npy",
        2,
        &["`--save` goes with what is fitted"],
    );
    refused(
        "vq/model.safetensors --save x.npy -o y.npy",
        2,
        &["`x.npy`", ".safetensors"],
    );
    refused(
        "vq/model.safetensors --components 3 -o x.npy",
        2,
        &["`--components` goes with `--prior mixture`"],
    );
    // Of plain codes a picture still needs a prior that is named.
    refused("digits -o x.png", 1, &["--prior mixture"]);
    let mixture = "sample digits --prior mixture -n 4 -o four.png";
    dir.run(mixture).done();
    png_size(&dir.read("four.png"));
}
