//! What a model is good for.

use serde_json::Value;

use crate::harness::{DIGITS, TINY, TestDir, idx, npy_floats, numbers, png_size, read_npy, table};

#[test]
fn decoded_codes_are_the_reconstructions() {
    let dir = TestDir::with([("m", &DIGITS[..])]);
    let run = |arguments: &str| dir.run(arguments).done();
    let ran = run("encode m mnist-mini -o codes.npy");
    assert_eq!(ran.stdout, "");
    assert!(
        ran.stderr
            .contains("the 1,000 test examples of `mnist-mini`")
    );
    assert!(
        ran.stderr
            .ends_with("wrote codes.npy: 1,000 codes of 32 numbers\n")
    );
    run("decode m codes.npy -o decoded.npy");
    run("reconstruct m mnist-mini -o reconstructed.npy");
    let (rows, cols, _) = read_npy(&dir.read("codes.npy"));
    assert_eq!((rows, cols), (1000, 32));
    let (rows, cols, decoded) = read_npy(&dir.read("decoded.npy"));
    assert_eq!((rows, cols), (1000, 784));
    assert!(decoded.iter().all(|x| (0.0..=1.0).contains(x)));
    assert!(dir.read("decoded.npy") == dir.read("reconstructed.npy"));

    // The same numbers as text.
    run("encode m mnist-mini -o codes.csv");
    run("decode m codes.csv -o decoded.csv");
    run("reconstruct m mnist-mini -o reconstructed.csv");
    let text = dir.text("decoded.csv");
    assert!(text == dir.text("reconstructed.csv"));
    assert!(text.starts_with("x1,x2,"));
    let numbers = text.lines().skip(1).flat_map(|line| line.split(','));
    let numbers = numbers.map(|number| number.parse::<f32>().expect("a number"));
    assert!(numbers.eq(decoded));
}

#[test]
fn raw_values_come_back_on_their_own_scale() {
    let dir = TestDir::with([("t.csv", table(200).as_bytes())]);
    dir.run("train --data t.csv --latent 2 --epochs 60 --out .")
        .done();
    dir.run("reconstruct model.safetensors t.csv -o r.csv")
        .done();
    let second = |line: &str| -> f32 {
        let field = line.split(',').nth(1).expect("a column");
        field.parse().expect("a number")
    };
    let originals: Vec<f32> = table(200).lines().skip(1).map(second).collect();
    let back: Vec<f32> = dir.text("r.csv").lines().skip(1).map(second).collect();
    let pairs = originals.iter().zip(&back);
    let error = pairs.map(|(a, b)| (a - b).abs()).sum::<f32>() / 200.0;
    // From 0 to 100; two numbers are enough for the table.
    assert!(error < 10.0, "{error}");
}

#[test]
fn pictures_are_png() {
    let dir = TestDir::with([("m", &DIGITS[..])]);
    let run = |arguments: &str| dir.run(arguments).done();
    run("reconstruct m mnist-mini -n 3 -o three.png");
    let (width, height) = png_size(&dir.read("three.png"));
    // Three tiles of 84 pixels in a row, two in a column, between a title and captions.
    assert!((252..300).contains(&width) && (168 + 33..200 + 33).contains(&height));
    run("encode m mnist-mini:train -o codes.npy");
    let ran = run("decode m codes.npy -o sheet.png");
    assert!(ran.stderr.ends_with("wrote sheet.png: 100 examples\n"));
    let (width, height) = png_size(&dir.read("sheet.png"));
    assert!(width + 22 == height, "{width} x {height}");
    run("decode m codes.npy -n 5 -o five.PNG");
    png_size(&dir.read("five.PNG"));
}

#[test]
fn inspect_shows_the_chain() {
    let dir = TestDir::with([("m", &DIGITS[..])]);
    let text = dir.run("inspect m").done().stdout;
    for line in [
        "input                      28x28",
        "encoder.0     dense relu     512     401,920",
        "code                          32",
        "decoder.1   dense linear     784     402,192",
        "total                                837,424",
        "preset          digits",
        "seed            42",
        "epochs          2",
    ] {
        assert!(text.lines().any(|seen| seen == line), "{line} in\n{text}");
    }
    let json = dir.run("inspect m --json").done().json();
    assert_eq!(json["code_width"], 32);
    assert_eq!(json["parameters"], 837_424);
    assert_eq!(json["shape"], Value::from(vec![28, 28]));
    assert_eq!(json["provenance"]["history"][1]["epoch"], 2);
}

#[test]
fn evaluate_measures_beside_pca() {
    let dir = TestDir::with([("m", &DIGITS[..])]);
    let text = dir.run("evaluate m").done().stdout;
    assert!(text.starts_with("mnist-mini (test, 1,000) "), "{text}");
    assert!(text.contains("pca 32"), "{text}");
    let json = dir.run("evaluate m --json").done().json();
    assert_eq!(json["examples"], 1000);
    let number = |key: &str| {
        json[key]
            .as_f64()
            .unwrap_or_else(|| panic!("{key}: {json}"))
    };
    let mse = number("mse");
    // Two epochs are enough for this.
    assert!((0.01..0.03).contains(&mse), "{mse}");
    assert!((number("psnr_db") + 10.0 * mse.log10()).abs() < 1e-9);
    assert!((number("squared_error_per_example") / mse - 784.0).abs() < 1e-9);
    assert!((0.1..0.2).contains(&number("bce")));
    assert!((0.0176..0.0177).contains(&number("pca_mse")));

    // On the training part, and on other data of the same width.
    let json = dir.run("evaluate m --data mnist-mini:train --json").done();
    assert_eq!(json.json()["examples"], 5000);
    dir.write("black.npy", npy_floats(784, &[0.0; 784 * 2]));
    let json = dir.run("evaluate m --data black.npy --json").done().json();
    assert_eq!(json["pca_learned_from"], "all");
}

#[test]
fn evaluate_measures_beside_pca_however_many_columns_there_are() {
    // Three directions, of every third of 6,000 columns each.
    let row = |i: u32| (0..6000).map(move |j| ((i * (2 * (j % 3) + 1)) as f32).sin());
    let values: Vec<f32> = (0..30).flat_map(row).collect();
    let dir = TestDir::with([("wide.npy", &npy_floats(6000, &values)[..])]);
    dir.run("train --preset table --data wide.npy --latent 3 --epochs 1 --out run")
        .done();
    let evaluate = "evaluate run/model.safetensors --data wide.npy";
    let json = dir.run(&format!("{evaluate} --json")).done().json();
    assert_eq!(json["pca_is_exact"], true);
    let error = json["pca_mse"].as_f64().expect("a number");
    assert!(error < 1e-9, "{error}");
    let text = dir.run(evaluate).done().stdout;
    assert!(
        text.contains("pca 3") && !text.contains("randomised"),
        "{text}"
    );
}

#[test]
fn evaluate_probes_codes_for_classes() {
    let dir = TestDir::with([("m", &DIGITS[..])]);
    let text = dir.run("evaluate m").done().stdout;
    let heading = "classes from features, % right  model  pca 32    raw\nlinear probe ";
    assert!(text.contains(heading), "{text}");
    assert!(text.contains("\n10 nearest neighbours "), "{text}");
    let probes = dir.run("evaluate m --json").done().json()["probes"].take();
    assert_eq!(probes["training_examples"], 5000);
    assert_eq!(probes["neighbours"], 10);
    for features in ["model", "pca", "raw"] {
        for measure in ["linear_accuracy", "neighbour_accuracy"] {
            let accuracy = probes[features][measure].as_f64().expect("a number");
            assert!((0.8..0.97).contains(&accuracy), "{probes}");
        }
    }
    let one = dir.run("evaluate m --json --threads 1").done().json();
    assert_eq!(one["probes"], probes);

    // Without a part to learn from, without labels, and right after training, there is nothing of it.
    dir.write("black.npy", npy_floats(784, &[0.0; 784 * 2]));
    for command in [
        "evaluate m --data mnist-mini:train --json",
        "evaluate m --data black.npy --json",
        "train --epochs 1 --json",
    ] {
        let stdout = dir.run(command).done().stdout;
        assert!(!stdout.contains("probes"), "{command}: {stdout}");
    }
}

#[test]
fn every_preset_prints_what_train_accepts() {
    // Twenty pictures of class 0 in the form of CIFAR-10.
    let pictures = [0; 20 * 3073];
    let dir = TestDir::with([("t.csv", table(20).as_bytes()), ("c.bin", &pictures)]);
    let counts = (0..20).map(|row| format!("{},{},{}\n", row % 7, row % 3, row));
    dir.write("counts.csv", counts.collect::<String>());
    // In the form of MNIST, and no more of them than the VampPrior has pseudo-inputs.
    for (part, count) in [("train", 500), ("t10k", 20)] {
        let pixels: Vec<u8> = numbers(784 * count as usize)
            .map(|x| (255.0 * x) as u8)
            .collect();
        let classes: Vec<u8> = (0..count).map(|i| (i % 10) as u8).collect();
        let images = idx(&[count, 28, 28], &pixels);
        dir.write(&format!("sets/mnist/{part}-images-idx3-ubyte"), images);
        let labels = idx(&[count], &classes);
        dir.write(&format!("sets/mnist/{part}-labels-idx1-ubyte"), labels);
    }
    let list = dir.run("presets").done().stdout;
    let names: Vec<&str> = list
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(names.len() >= 6, "{list}");
    for name in names {
        let text = dir.run(&format!("presets {name}")).done().stdout;
        let config: toml::Table = text.parse().expect("TOML");
        let data = match config.get("data").and_then(toml::Value::as_str) {
            None if name.starts_with("series") => "t.csv --window 8",
            None if name == "photos" => "c.bin",
            None if name == "counts" => "counts.csv",
            None => "t.csv",
            Some("mnist") => "mnist --data-dir sets",
            Some("cifar10") => "c.bin",
            Some(data) => data,
        };
        dir.write("my.toml", &text);
        let ran = dir.run(&format!(
            "train --config my.toml --data {data} --epochs 1 --force --json"
        ));
        let json = ran.done().json();
        assert_eq!(json["preset"], "my", "{name}");
    }
}

#[test]
fn a_value_out_of_the_scale_is_warned_of() {
    let loud = npy_floats(784, &[200.0; 784]);
    let dir = TestDir::with([("m", &DIGITS[..]), ("loud.npy", &loud[..])]);
    let ran = dir.run("encode m loud.npy -o codes.npy").done();
    let warning =
        "warning: `loud.npy` ranges from 200 to 200, the model learned from values in [0, 1]";
    assert!(ran.stderr.contains(warning), "{}", ran.stderr);
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_need_not_be_utf8() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let dir = TestDir::new();
    let name = OsStr::from_bytes(b"m\xff");
    std::fs::write(dir.folder().join(name), &TINY[..]).expect("a written file");
    for command in ["inspect", "evaluate"] {
        let arguments = [OsStr::new(command), name, OsStr::new("--json")];
        let json = dir.run_with(arguments).done().json();
        assert_eq!(json["model"], "m\u{fffd}");
    }
    let train = "train --preset tiny --epochs 1 --json --out"
        .split(' ')
        .map(OsStr::new);
    let json = dir.run_with(train.chain([OsStr::from_bytes(b"r\xff")]));
    assert_eq!(json.done().json()["model"], "r\u{fffd}/model.safetensors");
}

#[test]
fn exact_reconstructions_leave_no_nan() {
    let dir = TestDir::with([("t.csv", &b"5,5\n5,5\n"[..])]);
    dir.run("train --data t.csv --epochs 1 --latent 1 --out flat")
        .done();
    let ran = dir.run("evaluate flat/model.safetensors").done();
    assert!(!ran.stdout.contains("NaN"), "{}", ran.stdout);
}

#[test]
fn inspect_shows_what_was_minimised() {
    let config = "[model]\nlikelihood = 'gaussian'\nencoder = [{ layer = 'dense', units = 8, activation = 'relu' }]
        code = { kind = 'gaussian', units = 2 }
        objective = { beta = 0.1, warm-up = 2, free-bits = 0.5, mmd = 3.0 }
        decoder = [{ layer = 'dense' }]\n[training]\nepochs = 1\n";
    let dir = TestDir::with([
        ("m", &DIGITS[..]),
        ("t.csv", table(20).as_bytes()),
        ("my.toml", config.as_bytes()),
    ]);
    dir.run("train --config my.toml --data t.csv --out .")
        .done();
    let text = dir.run("inspect model.safetensors").done().stdout;
    let line = "objective       beta 0.1, free-bits 0.5, mmd 3, warm-up 2";
    assert!(text.lines().any(|seen| seen == line), "{text}");
    let json = dir.run("inspect model.safetensors --json").done().json();
    let objective = &json["objective"];
    assert_eq!(
        (&objective["warm-up"], &objective["mmd"]),
        (&2.into(), &3.0.into())
    );
    assert_eq!(
        objective.as_object().map(|all| all.len()),
        Some(4),
        "{json}"
    );
    // What leaves everything at its default has nothing to show.
    let text = dir.run("inspect m").done().stdout;
    assert!(!text.contains("objective"), "{text}");
    let json = dir.run("inspect m --json").done().json();
    assert_eq!(json["objective"], serde_json::json!({}));
}
