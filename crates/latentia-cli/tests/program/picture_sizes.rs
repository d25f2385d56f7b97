//! Pictures of sizes that strides and pooling do not divide.

use crate::harness::{TestDir, npy, read_npy};

/// A folder with pictures of 13 x 18, and of colours of 5 x 7.
fn pictures() -> TestDir {
    let array = |shape: &str, len: usize| {
        let pixels: Vec<u8> = (0..len).map(|i| (i * i % 251) as u8).collect();
        npy("|u1", shape, &pixels)
    };
    TestDir::with([
        ("grey.npy", &array("(24, 13, 18)", 24 * 13 * 18)[..]),
        ("colour.npy", &array("(24, 5, 7, 3)", 24 * 5 * 7 * 3)[..]),
    ])
}

#[test]
fn convolutional_presets_train_on_any_size_and_give_it_back() {
    let dir = pictures();
    for preset in ["conv", "conv-denoising", "conv-vae", "cifar-conv"] {
        for (data, pixels) in [("grey.npy", 13 * 18), ("colour.npy", 5 * 7 * 3)] {
            dir.run(&format!(
                "train --preset {preset} --data {data} --epochs 1 --out m --force"
            ))
            .done();
            dir.run(&format!("reconstruct m/model.safetensors {data} -o r.npy"))
                .done();
            let (rows, cols, values) = read_npy(&dir.read("r.npy"));
            assert_eq!((rows, cols), (24, pixels), "{preset} {data}");
            assert!(
                values.iter().all(|value| value.is_finite()),
                "{preset} {data}"
            );
        }
    }
}

#[test]
fn a_decoder_with_one_upsampling_too_few_is_refused_though_the_counts_agree() {
    let dir = TestDir::new();
    let preset = dir.run("presets conv").done().stdout;
    let last = "    { layer = \"upsample\", factor = 2 },\n    { layer = \"conv\", kernel = 3 },";
    assert!(preset.contains(last), "{preset}");
    dir.write(
        "m.toml",
        preset.replace(last, "    { layer = \"conv\", kernel = 3 },"),
    );
    dir.refused(
        "train --config m.toml --data mnist-mini",
        2,
        &["ends with feature maps 4x14x14", "an example has 1x28x28"],
    );
}
