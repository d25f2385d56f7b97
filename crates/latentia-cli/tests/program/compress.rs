//! Examples as compressed files, and back.

use crate::harness::{DIGITS, LATENTIA, Place, Ran, npy_floats, numbers, png_size};

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

fn trained(config: &str) -> Place {
    let place = Place::with([("own.toml", config.as_bytes())]);
    place.run("train --config own.toml --out m").done();
    place
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
fn originals(place: &Place, model: &str) -> Vec<u8> {
    place
        .run(&format!(
            "compress {model} mnist-mini -o all.ltc --lossless"
        ))
        .done();
    place
        .run(&format!("decompress all.ltc --model {model} -o all.npy"))
        .done();
    npy_bytes(&place.read("all.npy")).1.to_vec()
}

#[test]
fn every_byte_comes_back_by_bits_back_and_by_the_residual() {
    let place = trained(GREY);
    place.write("plain", &DIGITS[..]);
    let by_bits_back = originals(&place, "m/model.safetensors");
    let (shape, _) = npy_bytes(&place.read("all.npy"));
    assert_eq!(shape, "1000, 28, 28, ");
    // Two ways that share only their input agree on it.
    let by_residual = originals(&place, "plain");
    assert_eq!(by_bits_back.len(), 1000 * 784);
    assert!(by_bits_back == by_residual);
    assert!(by_bits_back.iter().any(|&x| x > 200));
    // What came back is data again, and compresses to the same bytes.
    let first = place.read("all.ltc");
    place
        .run("compress plain all.npy -o again.ltc --lossless")
        .done();
    assert!(place.read("again.ltc") == first);
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
        let place = trained(config);
        let run = |arguments: &str, portable: bool| {
            let mut command = place.command(LATENTIA);
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
        assert!(place.read("a.ltc") == place.read("b.ltc"));
        run(
            &format!("decompress a.ltc {decompress} -o a.npy --threads 1"),
            true,
        );
        run(
            &format!("decompress b.ltc {decompress} -o b.npy --threads 3"),
            false,
        );
        assert!(place.read("a.npy") == place.read("b.npy"));
    }
}

#[test]
fn a_higher_quality_costs_more_and_a_floor_is_kept() {
    let place = Place::with([("m", &DIGITS[..])]);
    let size = |options: &str| {
        let ran = place.run(&format!("compress m mnist-mini -o x.ltc --json {options}"));
        let report = ran.done().json();
        let bytes = report["bytes"].as_u64().expect("a number");
        assert_eq!(bytes, place.read("x.ltc").len() as u64);
        bytes
    };
    let sizes = [1, 50, 100].map(|quality| size(&format!("--quality {quality}")));
    assert!(sizes.is_sorted_by(|a, b| a < b), "{sizes:?}");
    assert_eq!(size(""), sizes[1]);
    let floored = size("--psnr-floor 15");
    place.run("decompress x.ltc --model m -o x.npy").done();
    assert!(floored < sizes[2]);
    let back = place.read("x.npy");
    let originals = originals(&place, "m");
    let pairs = npy_bytes(&back).1.iter().zip(&originals);
    let squares: f64 = pairs.map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum();
    let psnr = 10.0 * (255.0f64.powi(2) * originals.len() as f64 / squares).log10();
    assert!((15.0..16.0).contains(&psnr), "{psnr}");
    place.refused(
        "compress m mnist-mini -o y.ltc --psnr-floor 90",
        1,
        &["dB", "wider code"],
    );
}

#[test]
fn outputs_are_arrays_pictures_and_folders() {
    let place = Place::with([("m", &DIGITS[..])]);
    place.run("compress m mnist-mini -o x.ltc").done();
    place
        .run("decompress x.ltc --model m -o one.png --index 999")
        .done();
    place.run("decompress x.ltc --model m -o all").done();
    let names = place.names("all");
    assert_eq!(
        (names.len(), &*names[0], &*names[999]),
        (1000, "000000.png", "000999.png")
    );
    // Pixel by pixel what came back.
    assert_eq!(png_size(&place.read("one.png")), (28, 28));
    place.run("decompress x.ltc --model m -o all.npy").done();
    let array = place.read("all.npy");
    let last = &npy_bytes(&array).1[999 * 784..];
    for name in ["one.png", "all/000999.png"] {
        let picture = image::load_from_memory(&place.read(name)).expect("a picture");
        assert!(picture.into_luma8().as_raw() == last, "{name}");
    }
    let ran = place.run("decompress x.ltc --model m -o some.png").done();
    assert!(ran.stderr.contains("shows 100 of 1,000"), "{}", ran.stderr);
    place.refused("decompress x.ltc --model m -o all", 1, &["`all` exists"]);
    place.refused(
        "decompress x.ltc --model m -o x.npy --index 1000",
        1,
        &["no example 1000"],
    );
    place.refused(
        "decompress x.ltc --model m -o x.zip",
        2,
        &["cannot tell the format"],
    );
}

#[test]
fn floats_are_compressed_with_loss_only() {
    let values: Vec<f32> = numbers(4 * 784).collect();
    let data = npy_floats(784, &values);
    let place = Place::with([("m", &DIGITS[..]), ("x.npy", &data)]);
    place.run("compress m x.npy -o x.ltc").done();
    place.run("decompress x.ltc --model m -o back.csv").done();
    assert_eq!(place.text("back.csv").lines().count(), 4);
    place.refused(
        "compress m x.npy -o y.ltc --lossless",
        1,
        &["these are floats"],
    );
    place.refused("compress m x.npy -o y.ltc --psnr-floor 20", 1, &["8-bit"]);
    place.refused("compress m x.npy --report", 1, &["floats"]);
}

#[test]
fn grey_values_are_drawn_as_black_or_white_only_when_asked() {
    let config = GREY
        .replace("beta-binomial", "bernoulli")
        .replace("[model]", "[model]\npreprocessing = 'binarise-static'");
    let place = trained(&config);
    let compress = "compress m/model.safetensors mnist-mini --lossless -o x.ltc";
    place.refused(compress, 1, &["is grey", "--binarise"]);
    place.run(&format!("{compress} --binarise")).done();
    place
        .run("decompress x.ltc --model m/model.safetensors -o x.npy")
        .done();
    let drawn = place.read("x.npy");
    assert!(npy_bytes(&drawn).1.iter().all(|&x| x == 0 || x == 255));
    // What is black and white already needs no leave.
    place
        .run("compress m/model.safetensors x.npy --lossless -o y.ltc")
        .done();
    assert!(place.read("x.ltc") == place.read("y.ltc"));
    let place = trained(GREY);
    place.refused(&format!("{compress} --binarise"), 2, &["black and white"]);
}

#[test]
fn files_that_do_not_fit_are_refused_with_the_reason() {
    let place = trained(GREY);
    place.write("m2", &DIGITS[..]);
    place.run("compress m2 mnist-mini -o x.ltc").done();
    let file = place.read("x.ltc");
    place.refused(
        "decompress x.ltc --model m/model.safetensors -o x.npy",
        1,
        &["`x.ltc` was compressed with the model of SHA-256"],
    );
    place.write("short.ltc", &file[..file.len() - 1]);
    place.write("none.ltc", b"");
    let mut flipped = file.clone();
    flipped[file.len() / 2] ^= 1;
    place.write("flipped.ltc", flipped);
    for (name, words) in [
        ("short", "cut short"),
        ("none", "too short"),
        ("flipped", "chunk 0"),
    ] {
        let command = format!("decompress {name}.ltc --model m2 -o x.npy");
        place.refused(&command, 1, &[&format!("`{name}.ltc`"), words]);
    }
    place.refused(
        "decompress missing.ltc --model m2 -o x.npy",
        1,
        &["missing.ltc"],
    );
    place.refused("compress m2 mnist-mini", 2, &["--output"]);
    place.refused(
        "compress m2 mnist-mini -o x.ltc --lossless --quality 9",
        2,
        &["--quality"],
    );
    place.refused(
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
    let place = trained(GREY);
    let model_bytes = place.read("m/model.safetensors").len();
    let ran = place
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
    let ran = place
        .run("compress m/model.safetensors mnist-mini --quality 50 --report")
        .done();
    check_formats(&ran, &ran.stdout, &["PNG", "gzip"], &["JPEG", "WebP"]);
    for word in ["latentia", "PSNR dB", "the model itself"] {
        assert!(ran.stdout.contains(word), "{}", ran.stdout);
    }
    assert!(!place.names(".").iter().any(|name| name.ends_with(".ltc")));
}
