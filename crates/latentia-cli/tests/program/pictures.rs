//! Folders of pictures as DATA, and examples in colour as pictures.

use std::fs;
use std::io::Cursor;
use std::sync::LazyLock;

use image::imageops::{self, FilterType};
use image::{DynamicImage, GrayImage, ImageBuffer, ImageFormat, Luma, Rgb, RgbImage};
use latentia_data::{Dataset, Locations, load};
use latentia_tensor::{Matrix, Rows};

use crate::harness::{TINY, TestDir, numbers, read_npy};

fn file(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    image.into().write_to(&mut file, format).expect("in memory");
    file.into_inner()
}

/// The embedded digits and their classes.
static DIGITS: LazyLock<Dataset> = LazyLock::new(|| {
    let source = load("mnist-mini", &Locations::new(None)).expect("it is embedded");
    source.train
});

/// Digit `number` in the colour of its class, as a JPEG whose size depends on the number.
fn digit(number: u32) -> Vec<u8> {
    let mut pixels = Matrix::zeros(1, 784);
    DIGITS
        .read(&[number], pixels.view_mut())
        .expect("in memory");
    let class = DIGITS.label(number).expect("digits have classes");
    let tint = [0, 1, 2].map(|channel| 0.3 + 0.7 * ((class >> channel) & 1) as f32);
    let picture = RgbImage::from_fn(28, 28, |x, y| {
        let level = pixels.row(0)[(28 * y + x) as usize];
        Rgb(tint.map(|tint| (tint * level) as u8))
    });
    let (width, height) = (28 + number % 9, 28 + number % 7);
    let picture = imageops::resize(&picture, width, height, FilterType::Triangle);
    file(picture, ImageFormat::Jpeg)
}

/// A folder of `count` digits, each in the folder of its class.
fn write_digits(dir: &TestDir, folder: &str, count: u32) {
    for number in 0..count {
        let class = DIGITS.label(number).expect("digits have classes");
        dir.write(&format!("{folder}/{class}/{number:04}.jpg"), digit(number));
    }
}

/// The first bytes of a grey PNG of 100,000 by 100,000 pixels.
fn claim() -> Vec<u8> {
    let mut chunk = b"IHDR".to_vec();
    chunk.extend([100_000u32.to_be_bytes(); 2].as_flattened());
    chunk.extend([8, 0, 0, 0, 0]);
    let mut crc = flate2::Crc::new();
    crc.update(&chunk);
    let mut file = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
    file.extend(chunk);
    file.extend(crc.sum().to_be_bytes());
    file
}

fn cmyk() -> Vec<u8> {
    let mut file = Vec::new();
    jpeg_encoder::Encoder::new(&mut file, 90)
        .encode(&[77; 4 * 64], 8, 8, jpeg_encoder::ColorType::Cmyk)
        .expect("in memory");
    file
}

const SMALL: &str = "[model]
likelihood = 'bce'
encoder = [{ layer = 'dense', units = 64, activation = 'relu' }, { layer = 'dense', units = 8 }]
decoder = [{ layer = 'dense', units = 64, activation = 'relu' }, { layer = 'dense' }]
[training]
epochs = 3
batch-size = 64
learning-rate = 3e-3
augmentation = { flip = true, shift = 1, crop = 0.1 }
balance-classes = true
";

#[test]
fn two_thousand_pictures_of_many_sizes_are_learned_from_and_a_broken_one_is_named() {
    let dir = TestDir::with([("small.toml", SMALL.as_bytes())]);
    write_digits(&dir, "digits", 2000);
    let whole = digit(7);
    dir.write("digits/3/broken.jpg", &whole[..whole.len() - 20]);
    let train = "train --config small.toml --data digits --image-size 16 --json --out";
    let ran = dir.run(&format!("{train} run")).done();
    let broken =
        "left out: `digits/3/broken.jpg`: end of the JPEG: found none: the file is cut off";
    assert_eq!(
        ran.stderr.matches("left out: ").count(),
        1,
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains(broken), "{}", ran.stderr);
    let mse = ran.json()["evaluation"]["mse"].as_f64().expect("a number");
    assert!(mse < 0.03, "{mse}");

    // The same bits on one thread, and no colour but those of the pictures.
    dir.run(&format!("{train} again --threads 1")).done();
    assert!(dir.read("run/model.safetensors") == dir.read("again/model.safetensors"));
    let shown = image::load_from_memory(&dir.read("run/reconstructions.png")).expect("a picture");
    assert_eq!(shown.color(), image::ColorType::Rgb8);

    // The model says what the folder's pictures become.
    let model = "run/model.safetensors";
    dir.run(&format!("encode {model} digits -o codes.npy"))
        .done();
    assert_eq!(read_npy(&dir.read("codes.npy")).0, 2000);
    dir.run(&format!("reconstruct {model} digits -o r.npy"))
        .done();
    let (rows, cols, values) = read_npy(&dir.read("r.npy"));
    assert_eq!((rows, cols), (2000, 768));
    assert!(values.iter().all(|x| (0.0..=1.0).contains(x)));
    dir.run(&format!("evaluate {model}")).done();
    dir.run(&format!("detect {model} digits -o worst.png"))
        .done();
    dir.run(&format!("interpolate {model} digits -o line.png"))
        .done();
    dir.refused(
        &format!("encode {model} digits -o c.npy --strict"),
        1,
        &["`digits/3/broken.jpg`: end of the JPEG"],
    );
    dir.refused(
        &format!("encode {model} digits:train -o c.npy"),
        2,
        &["`digits` has no parts"],
    );
}

#[test]
fn a_folder_is_described() {
    let dir = TestDir::new();
    write_digits(&dir, "digits", 40);
    for number in 0..12 {
        dir.write(&format!("digits/0/broken-{number:02}.png"), "no picture");
    }
    dir.write("digits/README", "digits");
    let ran = dir.run("data info digits").done();
    for said in [
        "\nall         40  64x64x3   bytes",
        " yes\n",
        "\nclasses (10): 0, 1, 2, 3, 4, 5, 6, 7, 8, 9\n",
        "\n12 files left out: cannot be read\n",
        "\n1 file left out: no picture by its name\n",
    ] {
        assert!(ran.stdout.contains(said), "`{said}` in {}", ran.stdout);
    }
    assert!(
        ran.stderr.contains("broken-04.png`: first bytes"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("broken-05.png"), "{}", ran.stderr);
    for said in [
        "left out: and 7 more that cannot be read\n",
        "left out: 1 file, no pictures by their names: `README`\n",
        "`digits`: 40 pictures of 40 sizes, 28x28 to 34x35, made 64x64, cut around the centre\n",
    ] {
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
    }
    let grey = dir.run("data info digits --image-size 12x20 --gray").done();
    assert!(grey.stdout.contains("  12x20   bytes"), "{}", grey.stdout);
    dir.refused(
        "data info digits --image-size 12x",
        2,
        &["12x", "HEIGHTxWIDTH"],
    );
    dir.refused("data info digits --image-size 5000", 2, &["1 to 4096"]);
}

#[test]
fn pictures_that_cannot_be_read_are_refused_by_name() {
    let good = file(GrayImage::from_pixel(8, 8, Luma([9])), ImageFormat::Png);
    let wrong = [
        (
            "claim.png",
            claim(),
            "size of the picture: found 100000x100000 pixels",
        ),
        ("cmyk.jpg", cmyk(), "colours of the JPEG: found 4 (CMYK)"),
        (
            "cut.png",
            good[..good.len() - 20].to_vec(),
            "pixels: found ",
        ),
        (
            "text.jpg",
            b"a text".to_vec(),
            "first bytes: found [61, 20, 74, 65]",
        ),
    ];
    let dir = TestDir::new();
    for (name, content, reason) in &wrong {
        let folder = name.replace('.', "-");
        dir.write(&format!("{folder}/{name}"), content);
        let said = format!("`{folder}/{name}`: {reason}");
        dir.refused(
            &format!("train --data {folder}"),
            1,
            &["pictures: found none of 1 that can be read", &said],
        );
        dir.write(&format!("{folder}/good.png"), &good);
        dir.refused(&format!("train --data {folder} --strict"), 1, &[&said]);
        let ran = dir.run(&format!("data info {folder}")).done();
        assert!(
            ran.stderr.contains(&format!("left out: {said}")),
            "{}",
            ran.stderr
        );
        assert!(
            ran.stdout.contains("\nall          1    8x8   bytes"),
            "{}",
            ran.stdout
        );
    }
    fs::create_dir(dir.path("empty")).expect("a folder");
    let expected = "expected files that end in .png, .jpg, .jpeg, .webp, .bmp, .tif, .tiff or .gif";
    dir.refused(
        "train --data empty",
        1,
        &["`empty`: pictures: found none", expected],
    );
}

/// A model of grey pictures of 8 x 8 pixels, that learned from a folder with transparent strokes.
const STROKES: &str = "[model]
likelihood = 'mse'
encoder = [{ layer = 'dense', units = 4 }]
decoder = [{ layer = 'dense' }]
[training]
epochs = 1
";

fn strokes(side: u32) -> Vec<u8> {
    let picture = ImageBuffer::from_fn(side, side, |x, _| {
        image::LumaA([0u8, if x % 3 == 0 { 255 } else { 0 }])
    });
    file(picture, ImageFormat::Png)
}

#[test]
fn what_was_done_to_pictures_is_kept_in_the_model_and_done_again() {
    let dir = TestDir::with([("strokes.toml", STROKES.as_bytes())]);
    for number in 0..20 {
        dir.write(&format!("black/{number}.png"), strokes(8));
    }
    let trained = dir
        .run("train --config strokes.toml --data black --out run")
        .done();
    let said = "`black`: 20 pictures, in part transparent, laid on white\n";
    assert!(trained.stderr.contains(said), "{}", trained.stderr);

    // White strokes alone would lie on black; here as the others did. Colours and another size are put right.
    let white = ImageBuffer::from_fn(8, 8, |x, _| {
        image::LumaA([255u8, if x % 3 == 0 { 255 } else { 0 }])
    });
    dir.write("white/a.png", file(white, ImageFormat::Png));
    let model = "run/model.safetensors";
    let seen = dir.run(&format!("encode {model} white -o z.csv")).done();
    let said = "`white`: 1 picture, in part transparent, laid on white, as in training\n";
    assert!(seen.stderr.contains(said), "{}", seen.stderr);
    let red = RgbImage::from_pixel(20, 10, Rgb([200, 0, 0]));
    dir.write("red.png", file(red, ImageFormat::Png));
    let change = "`red.png`: 1 picture of 10x20 in colour, made 8x8 grey, cut around the centre, as in training\n";
    let seen = dir.run(&format!("encode {model} red.png -o z.csv")).done();
    assert!(seen.stderr.contains(change), "{}", seen.stderr);
    dir.refused(
        &format!("encode {model} red.png -o z.csv --strict"),
        1,
        &["`red.png`: --strict changes no pictures, and the model takes 1 picture of 10x20 in colour, made 8x8 grey"],
    );
    for wrong in ["--background red", "--image-fit none"] {
        dir.refused(&format!("train --data black {wrong}"), 2, &["it must be"]);
    }
}

#[test]
fn files_that_are_no_pictures_are_named_and_refused_where_nothing_may_be_left_out() {
    let dir = TestDir::with([("strokes.toml", STROKES.as_bytes())]);
    for name in [
        "cats/house/a.png",
        "cats/b.PNG",
        "dogs/狗.png",
        "dogs/garden/deep/c.png",
    ] {
        dir.write(&format!("pets/{name}"), strokes(8));
    }
    for name in [
        ".DS_Store",
        "__MACOSX/._a.png",
        "cats/Thumbs.db",
        "cats/notes.txt",
        "dogs/list.csv",
    ] {
        dir.write(&format!("pets/{name}"), "no picture");
    }
    fs::create_dir(dir.path("pets/empty")).expect("a folder");
    let info = dir.run("data info pets").done();
    assert!(
        info.stdout.contains("\nclasses (2): cats, dogs\n"),
        "{}",
        info.stdout
    );
    let said = "left out: 2 files, no pictures by their names: `cats/notes.txt`, `dogs/list.csv`\n";
    assert!(info.stderr.contains(said), "{}", info.stderr);
    let train = "train --config strokes.toml --data pets --force --out run";
    dir.refused(
        &format!("{train} --strict"),
        1,
        &["`cats/notes.txt`, `dogs/list.csv`"],
    );
    dir.run(&format!("{train} --no-classes")).done();
}

#[test]
fn a_model_of_other_numbers_takes_no_folder() {
    let dir = TestDir::with([("m", &TINY[..])]);
    dir.write("photos/a.png", file(RgbImage::new(8, 8), ImageFormat::Png));
    dir.refused(
        "encode m photos -o c.npy",
        1,
        &["`photos` is a folder of pictures, the model takes examples of shape 10"],
    );
}

#[test]
fn what_cannot_be_changed_or_balanced_is_refused() {
    let dir = TestDir::with([("small.toml", SMALL.as_bytes())]);
    dir.refused(
        "train --config small.toml --data random",
        1,
        &["`augmentation` is for examples of shape [10]; it must be for pictures"],
    );
    let plain = SMALL.replace("augmentation", "# augmentation");
    dir.write("plain.toml", plain);
    dir.refused(
        "train --config plain.toml --data random",
        1,
        &["`balance-classes` is true; it must be false for examples without classes"],
    );
    let wrong = SMALL.replace("{ flip = true, shift = 1, crop = 0.1 }", "2");
    dir.write("wrong.toml", wrong);
    dir.refused(
        "train --config wrong.toml",
        2,
        &["expected a table such as `{ flip = true, shift = 2, crop = 0.1 }`"],
    );
}

/// A grey PNG of 8 by 8 pixels.
fn grey(pixels: Vec<u8>) -> Vec<u8> {
    let picture = GrayImage::from_raw(8, 8, pixels).expect("as many");
    file(picture, ImageFormat::Png)
}

/// Pictures with noise are restored as their clean ones of the same name: better than by a model that never saw those.
#[test]
fn noisy_pictures_are_restored_as_the_clean_ones_of_the_same_name() {
    let dir = TestDir::new();
    let noise: Vec<f32> = numbers(400 * 64).collect();
    for example in 0..400 {
        let (across, down) = (example % 5 + 1, example / 5 % 5 + 1);
        let clean = |at: usize| {
            let inside = |place: usize, from: usize| (from..from + 2).contains(&place);
            u8::from(inside(at % 8, across) && inside(at / 8, down)) * 200
        };
        let pixels: Vec<u8> = (0..64).map(clean).collect();
        let noisy = pixels.iter().zip(&noise[64 * example..]);
        let noisy: Vec<u8> = noisy
            .map(|(&x, n)| (f32::from(x) + 60.0 * n.abs()) as u8)
            .collect();
        dir.write(&format!("clean/{example:03}.PNG"), grey(pixels));
        dir.write(&format!("noisy/{example:03}.png"), grey(noisy));
    }
    let run = |arguments: &str| dir.run(arguments).done();
    let train = "train --data noisy --preset digits --latent 8 --epochs 30";
    let ran = run(&format!("{train} --target clean --out pairs"));
    assert!(ran.stderr.contains("it has no detector"), "{}", ran.stderr);
    run(&format!("{train} --out alone"));
    let errors = |model: &str| {
        let command = format!("denoise {model}/model.safetensors noisy --target clean --json");
        let report = run(&format!("{command} -o {model}.png")).json();
        ["noisy_mse", "denoised_mse"].map(|key| report[key].as_f64().expect("a number"))
    };
    let [noisy, restored] = errors("pairs");
    let [_, alone] = errors("alone");
    assert!(
        restored < 0.5 * noisy && restored < 0.5 * alone,
        "{restored} {noisy} {alone}"
    );

    // The measure of `evaluate` is by the targets too, and none without them.
    let evaluate = "evaluate pairs/model.safetensors --data noisy --json";
    let by = |target: &str| run(&format!("{evaluate}{target}")).json()["mse"].as_f64();
    let ran = run(evaluate);
    assert!(
        ran.stderr.contains("as those of `clean`; without --target"),
        "{}",
        ran.stderr
    );
    // Its own data are measured by its own targets.
    let own = run("evaluate pairs/model.safetensors --json").json()["mse"].as_f64();
    assert_eq!(own, by(" --target clean"));
    let [measured, by_itself] = [" --target clean", ""].map(|target| by(target).expect("a number"));
    assert!((measured - restored).abs() < 1e-6 && by_itself > 2.0 * restored);

    // What has no partner is named: of the examples an error, of the targets a word.
    fs::remove_file(dir.path("clean/007.PNG")).expect("a file");
    let words = ["`clean`: targets: found none for `007.png`, expected a picture of the same name"];
    dir.refused("train --data noisy --target clean --out x", 1, &words);
    for name in ["007.PNG", "more.png"] {
        dir.write(&format!("clean/{name}"), grey(vec![0; 64]));
    }
    let denoise = "denoise pairs/model.safetensors noisy --target clean";
    let note = "`clean`: 1 target without an example left out: `more.png`";
    assert!(run(denoise).stderr.contains(note));
    dir.refused(&format!("{denoise} --strict"), 1, &[note, "--strict"]);
    dir.refused(
        "denoise pairs/model.safetensors noisy",
        2,
        &["--target CLEAN"],
    );
    let both = format!("{denoise} --masking 0.3");
    dir.refused(&both, 2, &["cannot be used with"]);
}
