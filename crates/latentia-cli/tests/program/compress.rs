//! Examples as compressed files, and back.

use crate::harness::{DIGITS, LATENTIA, Ran, TestDir, npy, npy_floats, numbers, png_size};

/// A model for bits back on digits, trained for a moment.
const GREY: &str = "
    data = 'mnist-mini'
    [model]
    likelihood = 'beta-binomial'
    encoder = [{ layer = 'dense', units = 16, activation = 'relu' }]
    code = { kind = 'gaussian', units = 4 }
    decoder = [{ layer = 'dense', units = 16, activation = 'relu' }, { layer = 'dense' }]
    [training]
    epochs = 3";

fn trained(config: &str) -> TestDir {
    let dir = TestDir::with([("own.toml", config.as_bytes())]);
    dir.run("train --config own.toml --out m").done();
    dir
}

/// The shape and the bytes of an NPY file of u8.
fn npy_bytes(file: &[u8]) -> (String, &[u8]) {
    let length = usize::from(u16::from_le_bytes([file[8], file[9]]));
    let header = String::from_utf8_lossy(&file[10..10 + length]).into_owned();
    assert!(
        header.contains("'|u1'") || header.contains("'u1'"),
        "{header}"
    );
    let shape = header.split_once('(').expect("a shape").1;
    let shape = shape.split_once(')').expect("a shape").0.to_string();
    (shape, &file[10 + length..])
}

/// The test images of the embedded set, as the program itself gives them.
fn originals(dir: &TestDir, model: &str) -> Vec<u8> {
    dir.run(&format!(
        "compress {model} mnist-mini -o all.ltc --lossless"
    ))
    .done();
    dir.run(&format!("decompress all.ltc --model {model} -o all.npy"))
        .done();
    npy_bytes(&dir.read("all.npy")).1.to_vec()
}

#[test]
fn every_byte_comes_back_by_bits_back_and_by_the_residual() {
    let dir = trained(GREY);
    dir.write("plain", &DIGITS[..]);
    let by_bits_back = originals(&dir, "m/model.safetensors");
    let (shape, _) = npy_bytes(&dir.read("all.npy"));
    assert_eq!(shape, "1000, 28, 28, ");
    // Two ways that share only their input agree on it.
    let by_residual = originals(&dir, "plain");
    assert_eq!(by_bits_back.len(), 1000 * 784);
    assert!(by_bits_back == by_residual);
    assert!(by_bits_back.iter().any(|&x| x > 200));
    // What came back is data again, and compresses to the same bytes.
    let first = dir.read("all.ltc");
    dir.run("compress plain all.npy -o again.ltc --lossless")
        .done();
    assert!(dir.read("again.ltc") == first);
}

#[test]
fn the_same_bytes_whatever_the_instruction_set_and_the_threads() {
    let conv = "
        data = 'mnist-mini'
        [model]
        likelihood = 'discretised-logistic'
        encoder = [
            { layer = 'conv', channels = 3, kernel = 3, stride = 2, activation = 'gelu' },
            { layer = 'layer-norm' },
            { layer = 'dense', units = 20, activation = 'tanh' },
        ]
        code = { kind = 'gaussian', units = 5 }
        decoder = [
            { layer = 'dense', units = 196, activation = 'silu' },
            { layer = 'reshape', shape = [1, 14, 14] },
            { layer = 'transposed-conv', channels = 2, kernel = 3, stride = 2, activation = 'elu' },
            { layer = 'batch-norm' },
            { layer = 'conv', kernel = 3 },
        ]
        [training]
        epochs = 1";
    for config in [GREY, conv] {
        let dir = trained(config);
        let run = |arguments: &str, portable: bool| {
            let mut command = dir.command(LATENTIA);
            command.args(arguments.split_whitespace());
            if portable {
                command.env("LATENTIA_PORTABLE", "1");
            }
            Ran::of(command).done();
        };
        let compress = "compress m/model.safetensors mnist-mini --lossless";
        let decompress = "--model m/model.safetensors";
        run(&format!("{compress} -o a.ltc --threads 2"), false);
        run(&format!("{compress} -o b.ltc --threads 1"), true);
        assert!(dir.read("a.ltc") == dir.read("b.ltc"));
        run(
            &format!("decompress a.ltc {decompress} -o a.npy --threads 1"),
            true,
        );
        run(
            &format!("decompress b.ltc {decompress} -o b.npy --threads 3"),
            false,
        );
        assert!(dir.read("a.npy") == dir.read("b.npy"));
    }
}

#[test]
fn a_higher_quality_costs_more_and_a_floor_is_kept() {
    let dir = TestDir::with([("m", &DIGITS[..])]);
    let size = |options: &str| {
        let ran = dir.run(&format!("compress m mnist-mini -o x.ltc --json {options}"));
        let report = ran.done().json();
        let bytes = report["bytes"].as_u64().expect("a number");
        assert_eq!(bytes, dir.read("x.ltc").len() as u64);
        bytes
    };
    let sizes = [1, 50, 100].map(|quality| size(&format!("--quality {quality}")));
    assert!(sizes.is_sorted_by(|a, b| a < b), "{sizes:?}");
    assert_eq!(size(""), sizes[1]);
    let floored = size("--psnr-floor 15");
    dir.run("decompress x.ltc --model m -o x.npy").done();
    assert!(floored < sizes[2]);
    let back = dir.read("x.npy");
    let originals = originals(&dir, "m");
    let pairs = npy_bytes(&back).1.iter().zip(&originals);
    let squares: f64 = pairs.map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum();
    let psnr = 10.0 * (255.0f64.powi(2) * originals.len() as f64 / squares).log10();
    assert!((15.0..16.0).contains(&psnr), "{psnr}");
    dir.refused(
        "compress m mnist-mini -o y.ltc --psnr-floor 90",
        1,
        &["dB", "wider code"],
    );
}

#[test]
fn outputs_are_arrays_pictures_and_folders() {
    let dir = TestDir::with([("m", &DIGITS[..])]);
    dir.run("compress m mnist-mini -o x.ltc").done();
    dir.run("decompress x.ltc --model m -o one.png --index 999")
        .done();
    dir.run("decompress x.ltc --model m -o all").done();
    let names = dir.names("all");
    assert_eq!(
        (names.len(), &*names[0], &*names[999]),
        (1000, "000000.png", "000999.png")
    );
    // Pixel by pixel what came back.
    assert_eq!(png_size(&dir.read("one.png")), (28, 28));
    dir.run("decompress x.ltc --model m -o all.npy").done();
    let array = dir.read("all.npy");
    let last = &npy_bytes(&array).1[999 * 784..];
    for name in ["one.png", "all/000999.png"] {
        let picture = image::load_from_memory(&dir.read(name)).expect("a picture");
        assert!(picture.into_luma8().as_raw() == last, "{name}");
    }
    let ran = dir.run("decompress x.ltc --model m -o some.png").done();
    assert!(ran.stderr.contains("shows 100 of 1,000"), "{}", ran.stderr);
    dir.refused("decompress x.ltc --model m -o all", 1, &["`all` exists"]);
    dir.refused(
        "decompress x.ltc --model m -o x.npy --index 1000",
        1,
        &["no example 1000"],
    );
    dir.refused(
        "decompress x.ltc --model m -o x.zip",
        2,
        &["cannot tell the format"],
    );
}

#[test]
fn floats_are_compressed_with_loss_only() {
    let values: Vec<f32> = numbers(4 * 784).collect();
    let data = npy_floats(784, &values);
    let dir = TestDir::with([("m", &DIGITS[..]), ("x.npy", &data)]);
    dir.run("compress m x.npy -o x.ltc").done();
    dir.run("decompress x.ltc --model m -o back.csv").done();
    assert_eq!(dir.text("back.csv").lines().count(), 5);
    dir.refused(
        "compress m x.npy -o y.ltc --lossless",
        1,
        &["these are floats", "leave out --lossless"],
    );
    dir.refused("compress m x.npy -o y.ltc --psnr-floor 20", 1, &["8-bit"]);
    dir.refused("compress m x.npy --report", 1, &["floats"]);
}

#[test]
fn grey_values_are_drawn_as_black_or_white_only_when_asked() {
    let config = GREY
        .replace("beta-binomial", "bernoulli")
        .replace("[model]", "[model]\npreprocessing = 'binarise-static'");
    let dir = trained(&config);
    let compress = "compress m/model.safetensors mnist-mini --lossless -o x.ltc";
    dir.refused(compress, 1, &["is grey", "--binarise"]);
    dir.run(&format!("{compress} --binarise")).done();
    dir.run("decompress x.ltc --model m/model.safetensors -o x.npy")
        .done();
    let drawn = dir.read("x.npy");
    assert!(npy_bytes(&drawn).1.iter().all(|&x| x == 0 || x == 255));
    // What is black and white already needs no leave.
    dir.run("compress m/model.safetensors x.npy --lossless -o y.ltc")
        .done();
    assert!(dir.read("x.ltc") == dir.read("y.ltc"));
    let dir = trained(GREY);
    dir.refused(&format!("{compress} --binarise"), 2, &["black and white"]);
}

#[test]
fn files_that_do_not_fit_are_refused_with_the_reason() {
    let dir = trained(GREY);
    dir.write("m2", &DIGITS[..]);
    dir.run("compress m2 mnist-mini -o x.ltc").done();
    let file = dir.read("x.ltc");
    dir.refused(
        "decompress x.ltc --model m/model.safetensors -o x.npy",
        1,
        &["`x.ltc` was compressed with the model of SHA-256"],
    );
    dir.write("short.ltc", &file[..file.len() - 1]);
    dir.write("none.ltc", b"");
    let mut flipped = file.clone();
    flipped[file.len() / 2] ^= 1;
    dir.write("flipped.ltc", flipped);
    for (name, words) in [
        ("short", "cut short"),
        ("none", "too short"),
        ("flipped", "chunk 0"),
    ] {
        let command = format!("decompress {name}.ltc --model m2 -o x.npy");
        dir.refused(&command, 1, &[&format!("`{name}.ltc`"), words]);
    }
    dir.refused(
        "decompress missing.ltc --model m2 -o x.npy",
        1,
        &["missing.ltc"],
    );
    dir.refused("compress m2 mnist-mini", 2, &["--output"]);
    dir.refused(
        "compress m2 mnist-mini -o x.ltc --lossless --quality 9",
        2,
        &["--quality"],
    );
    dir.refused(
        "compress m2 mnist-mini -o y.ltc --quality 0",
        2,
        &["1..=100"],
    );
}

/// The formats of a report: all that are built in, and a word on those that are not.
#[track_caller]
fn check_formats(ran: &Ran, said: &str, always: &[&str], built_in: &[&str]) {
    let left_out = ran.stderr.contains("--features baselines");
    match cfg!(feature = "baselines") {
        true => {
            assert!(!left_out, "{}", ran.stderr);
            for name in built_in {
                assert!(said.contains(name), "{name}: {said}");
            }
        }
        false => {
            assert!(left_out, "{}", ran.stderr);
            for name in built_in {
                assert!(ran.stderr.contains(name), "{name}: {}", ran.stderr);
            }
            for name in always {
                assert!(said.contains(name), "{name}: {said}");
            }
        }
    }
}

#[test]
fn a_report_counts_every_format_and_the_model() {
    let dir = trained(GREY);
    let model_bytes = dir.read("m/model.safetensors").len();
    let ran = dir
        .run("compress m/model.safetensors mnist-mini --lossless --report --json")
        .done();
    let report = ran.json();
    let formats = report["formats"].as_array().expect("a list");
    let names: Vec<&str> = formats.iter().filter_map(|f| f["name"].as_str()).collect();
    assert_eq!(names[0], "latentia");
    check_formats(&ran, &names.join(" "), &[], &["WebP", "bzip2", "xz"]);
    for name in ["PNG", "gzip"] {
        assert!(names.contains(&name), "{names:?}");
    }
    assert_eq!(report["model_bytes"], model_bytes);
    assert_eq!(report["raw_bytes"], 1000 * 784);
    let ran = dir
        .run("compress m/model.safetensors mnist-mini --quality 50 --report")
        .done();
    check_formats(&ran, &ran.stdout, &["PNG", "gzip"], &["JPEG", "WebP"]);
    for word in ["latentia", "PSNR dB", "the model itself"] {
        assert!(ran.stdout.contains(word), "{}", ran.stdout);
    }
    assert!(!dir.names(".").iter().any(|name| name.ends_with(".ltc")));
}

#[test]
fn an_example_of_ten_dimensions_comes_back() {
    let values: Vec<u8> = (0..20 * 8).map(|i| (i * 37 % 256) as u8).collect();
    let data = npy("|u1", "(20, 2, 1, 2, 1, 1, 1, 1, 1, 1, 2)", &values);
    let dir = TestDir::with([("x.npy", &data)]);
    dir.run("train --data x.npy --epochs 1 --latent 2 --out m")
        .done();
    let m = "m/model.safetensors";
    dir.run(&format!("compress {m} x.npy --lossless -o x.ltc"))
        .done();
    dir.run(&format!("decompress x.ltc --model {m} -o back.npy"))
        .done();
    let back = dir.read("back.npy");
    let (shape, back) = npy_bytes(&back);
    assert_eq!(shape, "20, 2, 1, 2, 1, 1, 1, 1, 1, 1, 2, ");
    assert!(back == values);
}
