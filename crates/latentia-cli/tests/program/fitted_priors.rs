//! Priors that are fitted to the codes of a model.

use crate::harness::{DIGITS, TestDir, npy_floats, png_size, read_npy};

#[test]
fn a_mixture_gives_every_model_a_sampler() {
    let dir = TestDir::with([("m", &DIGITS[..])]);
    let run = |arguments: &str| dir.run(arguments).done();
    let ran = run("sample m --prior mixture -n 20 -o digits.png");
    let fitted = "fitted a mixture of 10 Gaussians to codes of `mnist-mini` (train)\n";
    assert!(ran.stderr.contains(fitted), "{}", ran.stderr);
    let (width, height) = png_size(&dir.read("digits.png"));
    assert!(width > height);

    run("sample m --prior mixture -n 60 -o many.npy");
    run("sample m --prior mixture -n 60 --threads 1 -o again.npy");
    assert!(dir.read("many.npy") == dir.read("again.npy"));
    let (rows, cols, many) = read_npy(&dir.read("many.npy"));
    assert_eq!((rows, cols), (60, 784));
    // As much ink as digits have.
    let ink = many.iter().sum::<f32>() / many.len() as f32;
    assert!((0.08..0.2).contains(&ink), "{ink}");

    // Other data, fewer components; a single example has no variance, and its samples are its reconstruction.
    let ran = run("sample m --prior mixture --components 3 --data mnist-mini:test -o few.npy");
    assert!(ran.stderr.contains("3 Gaussians"), "{}", ran.stderr);
    assert!(ran.stderr.contains("(test)"), "{}", ran.stderr);
    dir.write("one.npy", npy_floats(784, &[0.5; 784]));
    let ran = run("sample m --prior mixture --data one.npy -n 2 -o same.npy");
    assert!(ran.stderr.contains("1 Gaussian to"), "{}", ran.stderr);
    run("reconstruct m one.npy -o one-back.npy");
    let (_, _, same) = read_npy(&dir.read("same.npy"));
    let (_, _, back) = read_npy(&dir.read("one-back.npy"));
    let close = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-3);
    assert!(close(&same[..784], &back) && close(&same[784..], &back));

    // The normal prior of a variational model is the default.
    run("train --preset vae-2 --data mnist-mini --epochs 1 --out vae");
    run("sample vae/model.safetensors -n 2 -o default.npy");
    run("sample vae/model.safetensors --prior normal -n 2 -o normal.npy");
    run("sample vae/model.safetensors --prior mixture -n 2 -o mixture.npy");
    assert!(dir.read("default.npy") == dir.read("normal.npy"));
    assert!(dir.read("default.npy") != dir.read("mixture.npy"));
}

#[test]
fn what_a_prior_does_not_learn_from_or_a_file_does_not_hold_is_said() {
    let dir = TestDir::with([]);
    let values: Vec<f32> = (0..2 * 20_001).map(|i| (i % 97) as f32 / 97.0).collect();
    dir.write("rows.npy", npy_floats(2, &values));
    let text = "data = 'rows.npy'\n[model]\nlikelihood = 'gaussian'\n\
        encoder = [{ layer = 'dense', units = 4 }]\ndecoder = [{ layer = 'dense' }]\n\
        code = { kind = 'gaussian', units = 2, prior = { kind = 'mixture', components = 2 } }\n\
        [training]\nepochs = 1\nbatch-size = 256\n";
    dir.write("own.toml", text);
    dir.run("train --config own.toml --out own").done();
    let model = "own/model.safetensors";
    let fitted = format!("sample {model} --prior hypersphere -n 2 -o drawn.npy");
    let ran = dir.run(&fitted).done();
    let said = "fitted a sphere to 20,000 of the 20,001 codes of `rows.npy` (all)\n";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    let said =
        "the learned prior of kind mixture is left out: codes to decode are not standard normal";
    for export in ["-o w.safetensors --layout torch", "-o w.onnx --part decode"] {
        let ran = dir.run(&format!("export {model} {export}")).done();
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
    }
    let ran = dir
        .run(&format!("export {model} -o w.onnx --part encode"))
        .done();
    assert!(!ran.stderr.contains("left out"), "{}", ran.stderr);
}

#[test]
fn samplers_are_fitted_to_codes_of_any_model_whose_codes_are_real() {
    let dir = TestDir::with([("m", &DIGITS[..])]);
    let run = |arguments: &str| dir.run(arguments).done();
    for (prior, what) in [
        ("flow", "a flow"),
        ("knn", "lines to 5 neighbours"),
        ("hypersphere", "a sphere"),
    ] {
        let ran = run(&format!("sample m --prior {prior} -n 60 -o {prior}.npy"));
        let fitted = format!("fitted {what} to codes of `mnist-mini` (train)\n");
        assert!(ran.stderr.contains(&fitted), "{}", ran.stderr);
        run(&format!(
            "sample m --prior {prior} -n 60 --threads 1 -o again.npy"
        ));
        let name = format!("{prior}.npy");
        assert!(dir.read(&name) == dir.read("again.npy"), "{prior}");
        let (rows, cols, many) = read_npy(&dir.read(&name));
        assert_eq!((rows, cols), (60, 784));
        let ink = many.iter().sum::<f32>() / many.len() as f32;
        assert!((0.06..0.25).contains(&ink), "{prior}: {ink}");
    }
    run("train --preset vq-vae --data mnist-mini --epochs 1 --out vq");
    dir.refused(
        "sample vq/model.safetensors --prior flow -n 2 -o x.npy",
        1,
        &["vector-quantised", "--prior mixture"],
    );
}

#[test]
fn what_a_mixture_alone_takes_is_refused_without_it() {
    let dir = TestDir::with([("m", &DIGITS[..])]);
    let refused = |arguments: &str, code: i32, words: &[&str]| {
        dir.refused(arguments, code, words);
    };
    refused(
        "sample m --components 5 -o x.png",
        2,
        &["`--components`", "`--prior mixture`"],
    );
    refused(
        "sample m --data mnist-mini -o x.png",
        2,
        &["`--data`", "`--prior mixture`"],
    );
    refused(
        "sample m --prior uniform -o x.png",
        2,
        &["uniform", "prior, mixture, flow, knn, hypersphere"],
    );
    for components in ["0", "-1", "101", "ten"] {
        let command = format!("sample m --prior mixture --components {components} -o x.png");
        refused(&command, 2, &["--components", components]);
    }
    refused(
        "sample m --prior mixture --data random -o x.png",
        1,
        &["the model takes 784"],
    );
    refused(
        "sample m --prior mixture --data nothing.npy -o x.png",
        1,
        &["nothing.npy"],
    );
}
