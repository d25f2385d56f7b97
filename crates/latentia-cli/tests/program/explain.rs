//! What a model looks for, as pictures.

use crate::harness::{DIGITS, TestDir, npy_floats, numbers, png_size, read_npy};

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
    // Three tiles of 84 pixels, gaps of 3, a margin of 6.
    assert_eq!(
        png_size(&dir.read("errors.png")),
        (3 * 84 + 6 + 12, 84 + 12)
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
