//! What a model looks for, as pictures.

use crate::harness::{DIGITS, TestDir, npy, npy_floats, numbers, png_size, read_npy};

/// A convolution on digits, trained for a moment.
const CONV: &str = "
    data = 'mnist-mini'
    [model]
    likelihood = 'bce'
    encoder = [
        { layer = 'conv', channels = 5, kernel = 4, stride = 2, activation = 'relu' },
        { layer = 'batch-norm', activation = 'tanh' },
        { layer = 'dense', units = 8 },
    ]
    decoder = [
        { layer = 'dense', units = 196, activation = 'relu' },
        { layer = 'reshape', shape = [4, 7, 7] },
        { layer = 'upsample', factor = 2 },
        { layer = 'transposed-conv', kernel = 3, stride = 2 },
    ]
    [training]
    epochs = 2";

#[test]
fn the_error_map_adds_up_to_the_squared_error_of_the_example() {
    let originals: Vec<f32> = numbers(4 * 784).collect();
    let data = npy_floats(784, &originals);
    let dir = TestDir::with([("m", &DIGITS[..]), ("x.npy", &data)]);
    let ran = dir
        .run("explain m x.npy --index 2 -o errors.png --json")
        .done();
    let report = ran.json();
    // Three tiles of 84 pixels, gaps of 3, a margin of 6; above a title of 16 and a line of 8.
    assert_eq!(
        png_size(&dir.read("errors.png")),
        (3 * 84 + 6 + 12, 84 + 12 + 16 + 6 + 8 + 3)
    );

    dir.run("reconstruct m x.npy -o r.npy").done();
    let (_, _, back) = read_npy(&dir.read("r.npy"));
    let pairs = originals.iter().zip(&back).skip(2 * 784).take(784);
    let errors: Vec<f64> = pairs.map(|(x, y)| f64::from(x - y).powi(2)).collect();
    let (total, largest) = (
        errors.iter().sum::<f64>(),
        errors.iter().copied().fold(0.0, f64::max),
    );
    let told = |key: &str| report[key].as_f64().expect("a number");
    assert!(
        (told("squared_error") - total).abs() < 1e-3 * total,
        "{report}"
    );
    assert!(
        (told("worst_squared_error") - largest).abs() < 1e-3 * largest,
        "{report}"
    );
    let worst = (28.0 * told("worst_row") + told("worst_column")) as usize;
    assert!(errors[worst] > 0.999 * largest, "{report}");
}

#[test]
fn filters_and_dimensions_are_drawn_of_convolutions_too() {
    let dir = TestDir::with([("c.toml", CONV.as_bytes())]);
    dir.run("train --config c.toml --out .").done();
    let run = |arguments: &str| dir.run(arguments).done();
    let m = "model.safetensors";
    let ran = run(&format!("explain {m} --filters -o filters.png"));
    assert!(
        ran.stderr.ends_with("wrote filters.png: 5 filters\n"),
        "{}",
        ran.stderr
    );
    let ran = run(&format!("explain {m} --dimension 0,7 -o dimensions.png"));
    assert!(
        ran.stderr.ends_with("wrote dimensions.png: 2 dimensions\n"),
        "{}",
        ran.stderr
    );
    run(&format!("explain {m} --dimension 0,7 -o again.png"));
    assert!(dir.read("dimensions.png") == dir.read("again.png"));
    run(&format!(
        "explain {m} --dimension 0,7 --seed 3 -o other.png"
    ));
    assert!(dir.read("dimensions.png") != dir.read("other.png"));

    let ran = run(&format!("inspect {m}"));
    for shape in [
        "5x14x14",
        "4x14x14",
        "1x28x28",
        "transposed conv 3x3 stride 2",
    ] {
        assert!(ran.stdout.contains(shape), "{}", ran.stdout);
    }
}

#[test]
fn filters_of_many_channels_are_as_large_as_their_kernel() {
    let config = "
        [model]
        likelihood = 'mse'
        encoder = [{ layer = 'conv', channels = 5, kernel = 3 }, { layer = 'dense', units = 2 }]
        decoder = [{ layer = 'dense' }]
        [training]
        epochs = 1";
    let values: Vec<u8> = (0..20 * 16 * 64).map(|i| (i * i % 251) as u8).collect();
    let dir = TestDir::with([
        ("c.toml", config.as_bytes()),
        ("many.npy", &npy("|u1", "(20, 16, 8, 8)", &values)),
        ("one.npy", &npy("|u1", "(320, 8, 8)", &values)),
    ]);
    let size = |name: &str| {
        let train = format!("train --config c.toml --data {name}.npy --out {name}");
        dir.run(&train).done();
        let explain = format!("explain {name}/model.safetensors --filters -o {name}.png");
        dir.run(&explain).done();
        png_size(&dir.read(&format!("{name}.png")))
    };
    assert_eq!(size("many"), size("one"));
}

#[test]
fn what_cannot_be_explained_is_refused_by_name() {
    let dir = TestDir::with([("m", &DIGITS[..])]);
    dir.refused(
        "explain m mnist-mini --index 1000 -o e.png",
        2,
        &["`mnist-mini` has no example 1000; --index must be from 0 to 999"],
    );
    dir.refused(
        "explain m --dimension 32 -o e.png",
        1,
        &["unit 32 is none of the code's 32, which count from 0"],
    );
    dir.refused(
        "explain m -o e.png",
        2,
        &["<DATA|--filters|--dimension <D,...>>"],
    );
    dir.refused("explain m --filters -o e.npy", 2, &["e.npy"]);
}

#[test]
fn every_command_takes_an_example_for_the_same_picture() {
    // Five pixels high and six wide: colours in feature maps, and the same beside each other.
    let apart: Vec<u8> = (0..20 * 90).map(|i| (i * i % 251) as u8).collect();
    let beside: Vec<u8> = (0..20 * 90)
        .map(|i| apart[i / 90 * 90 + i % 3 * 30 + i % 90 / 3])
        .collect();
    let dir = TestDir::with([
        ("apart.npy", &npy("|u1", "(20, 3, 5, 6)", &apart)),
        ("beside.npy", &npy("|u1", "(20, 5, 6, 3)", &beside)),
        ("two.npy", &npy("|u1", "(30, 2, 5, 6)", &apart)),
        ("four.npy", &npy("|u1", "(30, 3, 5, 4)", &apart)),
    ]);
    let run = |arguments: &str| dir.run(arguments).done();
    let compressed = |name: &str| {
        let train = format!("train --data {name}.npy --epochs 1 --latent 2 --out {name}");
        run(&train);
        let compress = format!("compress {name}/model.safetensors {name}.npy --lossless");
        run(&format!("{compress} -o {name}.ltc"));
        let decompress = format!("decompress {name}.ltc --model {name}/model.safetensors -o");
        (compress, decompress)
    };
    let mut sizes = Vec::new();
    for name in ["apart", "beside"] {
        let (compress, decompress) = compressed(name);
        let explain = format!("explain {name}/model.safetensors {name}.npy");
        run(&format!("{explain} -o errors.png"));
        // Three tiles beside each other, their cells of 14 pixels, below a title and a line.
        let expected = (3 * 6 * 14 + 2 * 4 + 16, 5 * 14 + 16 + 16 + 8 + 8 + 4);
        assert_eq!(png_size(&dir.read("errors.png")), expected);
        run(&format!("{decompress} {name}.png --index 1"));
        assert_eq!(png_size(&dir.read(&format!("{name}.png"))), (6, 5));
        let report = run(&format!("{compress} --report --json")).json();
        assert_eq!(report["formats"][1]["name"], "PNG");
        sizes.push(report["formats"][1]["bytes"].clone());
    }
    assert!(dir.read("apart.png") == dir.read("beside.png"));
    assert_eq!(sizes[0], sizes[1]);
    // Two or four channels are no colours: what writes pictures as they are says so.
    for (name, shape) in [("two", "2x5x6"), ("four", "3x5x4")] {
        let (compress, decompress) = compressed(name);
        let words = format!("examples of {shape} values are no pictures");
        for output in ["all.png", "folder"] {
            dir.refused(&format!("{decompress} {output}"), 2, &[&words]);
        }
        let words = ["these examples are none"];
        dir.refused(&format!("{compress} --report"), 1, &words);
    }
}
