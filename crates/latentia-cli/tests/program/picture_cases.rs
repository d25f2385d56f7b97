//! Pictures that people had trouble with, each of the folder `cases/pictures` beside this repository, and others of their kinds.
#![allow(clippy::print_stderr, reason = "a test that is left out says so")]

use std::fs;
use std::path::Path;

use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};

use serde_json::{Value, json};

use crate::harness::{TestDir, npy, numbers, png_size, read_npy};

/// A case; nothing where the folder of cases is not there.
fn case(name: &str) -> Option<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/cases/pictures");
    if !folder.is_dir() {
        eprintln!("left out: no such folder: {}", folder.display());
        return None;
    }
    Some(folder.join(name).to_str().expect("a plain path").to_owned())
}

/// What `data info` says of the examples.
fn info(dir: &TestDir, arguments: &str) -> Value {
    let ran = dir.run(&format!("{arguments} --json")).done();
    ran.json()["parts"][0].clone()
}

fn pixels(path: impl AsRef<Path>) -> DynamicImage {
    image::open(path.as_ref()).expect("a picture")
}

#[test]
fn pictures_of_another_size_come_back_whole_or_are_refused() {
    let Some(album) = case("03_lossless_300x400") else {
        return;
    };
    let dir = TestDir::new();
    dir.run(&format!(
        "train --data {album} --epochs 1 --image-size 64 --out small"
    ))
    .done();
    let compress = format!("compress small/model.safetensors {album} --lossless -o small.ltc");
    let ran = dir.refused(&compress, 1, &["--lossless"]);
    assert!(ran.stderr.contains("300"), "{}", ran.stderr);
    assert!(!dir.path("small.ltc").exists());

    dir.run(&format!(
        "train --data {album} --epochs 1 --image-size 300x400 --out whole"
    ))
    .done();
    dir.run(&format!(
        "compress whole/model.safetensors {album} --lossless -o whole.ltc"
    ))
    .done();
    dir.run("decompress whole.ltc --model whole/model.safetensors -o back")
        .done();
    for number in 0..3 {
        let name = format!("{number}.png");
        let (own, back) = (Path::new(&album).join(&name), dir.path("back").join(&name));
        assert!(pixels(own) == pixels(back), "{name}");
    }
}

#[test]
fn pictures_upright_by_exif_are_upright() {
    let Some(album) = case("04_exif_upright") else {
        return;
    };
    let dir = TestDir::new();
    let report = info(&dir, &format!("data info {album}"));
    assert_eq!(report["shape"], json!([240, 180, 3]));
    dir.run(&format!(
        "train --data {album} --epochs 1 --latent 2 --out m"
    ))
    .done();
    dir.run(&format!(
        "reconstruct m/model.safetensors {album} -o shown.png -n 1"
    ))
    .done();
    // A tile as wide and as high as the examples, above another.
    let (width, height) = png_size(&dir.read("shown.png"));
    assert!(width < 240 && height > 480, "{width} x {height}");
}

#[test]
fn three_hundred_classes_are_classes_or_none() {
    let Some(archive) = case("11_300_classes.tar.gz") else {
        return;
    };
    let dir = TestDir::new();
    let mut tar = dir.command("tar");
    let unpacked = tar.args(["xzf", &archive]).status();
    if !unpacked.is_ok_and(|status| status.success()) {
        return;
    }
    let folders = fs::read_dir(dir.folder()).expect("a folder");
    let album = folders
        .flatten()
        .find(|entry| entry.path().is_dir())
        .expect("an album");
    let album = album.file_name().into_string().expect("a plain name");
    for more in ["", " --no-classes"] {
        let out = format!("m{}", more.len());
        dir.run(&format!(
            "train --data {album} --epochs 1{more} --out {out}"
        ))
        .done();
        dir.run(&format!(
            "encode {out}/model.safetensors {album} -o {out}.csv"
        ))
        .done();
        let codes = dir.text(&format!("{out}.csv"));
        let paths = codes.lines().skip(1).filter(|line| line.contains('/'));
        assert!(paths.count() >= 300, "{codes}");
    }
    // As many as have colours of their own, and the rest.
    dir.run(&format!("encode m0/model.safetensors {album} -o codes.svg"))
        .done();
    assert!(dir.text("codes.svg").contains("other classes"));
}

#[test]
fn every_picture_is_read_or_named() {
    let Some(album) = case("12_png_and_webp") else {
        return;
    };
    let dir = TestDir::new();
    let report = info(&dir, &format!("data info {album} --strict"));
    assert_eq!(report["examples"], 6, "{report}");
}

#[test]
fn a_decoder_that_ends_at_another_size_is_refused_with_both() {
    let Some(config) = case("14_one_upsample_forgotten.toml") else {
        return;
    };
    let dir = TestDir::new();
    let words = ["4x14x14", "28x28"];
    dir.refused(&format!("train --config {config} --epochs 1"), 2, &words);
}

#[test]
fn pooling_that_does_not_divide_a_size_fits() {
    let Some(album) = case("22_pictures_50x37") else {
        return;
    };
    let dir = TestDir::new();
    for preset in ["conv", "cifar-conv"] {
        let grey = if preset == "conv" { " --grey" } else { "" };
        dir.run(&format!(
            "train --data {album} --preset {preset}{grey} --epochs 1 --out {preset}"
        ))
        .done();
        dir.run(&format!(
            "reconstruct {preset}/model.safetensors {album} -o {preset}-back"
        ))
        .done();
        let back = pixels(dir.path(&format!("{preset}-back/scan_a.png")));
        let own = pixels(Path::new(&album).join("scan_a.png"));
        assert_eq!(
            (back.width(), back.height()),
            (own.width(), own.height()),
            "{preset}"
        );
    }
}

#[test]
fn pictures_a_folder_deeper_are_found() {
    for (name, expected) in [("25_class_images_nested", 6), ("25_nested_below_class", 8)] {
        let Some(album) = case(name) else {
            return;
        };
        let dir = TestDir::new();
        let report = info(&dir, &format!("data info {album}"));
        assert_eq!(
            (&report["examples"], &report["labels"]),
            (&json!(expected), &json!(true))
        );
    }
}

/// Black strokes on a transparent ground, beside folders that are no classes.
#[test]
fn strokes_on_a_transparent_ground_are_seen() {
    let dir = TestDir::new();
    for number in 0..8u32 {
        let mut picture = RgbaImage::from_pixel(16, 16, Rgba([0, 0, 0, 0]));
        for at in 2..14 {
            picture.put_pixel(at, 2 + number, Rgba([0, 0, 0, 255]));
        }
        let path = dir.path(&format!("album/letters/{number}.png"));
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        DynamicImage::from(picture)
            .save_with_format(path, ImageFormat::Png)
            .expect("a file");
    }
    dir.write("album/__MACOSX/letters/._0.png", b"resource fork");
    fs::create_dir_all(dir.path("album/empty")).expect("a folder");
    let ran = dir
        .run("train --data album --epochs 1 --latent 2 --out m")
        .done();
    assert!(ran.stderr.contains("white"), "{}", ran.stderr);
    dir.run("encode m/model.safetensors album -o codes.csv")
        .done();
    assert_eq!(dir.text("codes.csv").matches("letters/").count(), 8);
    let report = info(&dir, "data info album");
    assert_eq!(
        (&report["min"], &report["max"]),
        (&json!(0.0), &json!(255.0))
    );
}

/// 13 bands of satellites, channels last, 16 x 16.
#[test]
fn any_number_of_channels_is_a_picture() {
    let values: Vec<f32> = numbers(12 * 16 * 16 * 13).collect();
    let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
    let dir = TestDir::with([("bands.npy", &npy("<f4", "(12, 16, 16, 13)", &bytes))]);
    let ran = dir
        .run("train --data bands.npy --preset photos --axes nhwc --epochs 1 --out m")
        .done();
    assert!(ran.stderr.contains("photos: "), "{}", ran.stderr);
    dir.run("reconstruct m/model.safetensors bands.npy -o back.npy")
        .done();
    let (rows, cols, back) = read_npy(&dir.read("back.npy"));
    assert_eq!((rows, back.len()), (12, 12 * 16 * 16 * 13), "{cols}");
}
