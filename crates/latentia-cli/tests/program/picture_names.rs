//! Pictures keep their names, in what is written of them and through a compressed file.

use image::{DynamicImage, GrayImage, ImageFormat, Luma, Rgb, RgbImage};

use crate::harness::TestDir;

const SMALL: &str = "[model]
likelihood = 'bce'
encoder = [{ layer = 'dense', units = 4 }]
decoder = [{ layer = 'dense' }]
[training]
epochs = 2
batch-size = 16
";

/// A model of each kind of input, trained on `folder`.
fn trained(dir: &TestDir, folder: &str) {
    dir.write("small.toml", SMALL);
    dir.run(&format!(
        "train --config small.toml --data {folder} --out run"
    ))
    .done();
}

fn file(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    picture
        .into()
        .write_to(&mut file, format)
        .expect("in memory");
    file.into_inner()
}

fn colours(seed: u32, side: u32) -> RgbImage {
    let level = |x: u32, y: u32, c: u32| (seed * 37 + x * (5 + c) + y * 11 + (x * y) % 7) as u8;
    RgbImage::from_fn(side, side, |x, y| Rgb([0, 1, 2].map(|c| level(x, y, c))))
}

fn greys(seed: u32, side: u32) -> GrayImage {
    GrayImage::from_fn(side, side, |x, y| {
        Luma([(seed * 29 + x * 5 + y * 11) as u8])
    })
}

/// Names of any kind, with the format that their ending says.
const NAMES: [(&str, ImageFormat); 6] = [
    ("cats/a.png", ImageFormat::Png),
    ("cats/deep/er/b.PNG", ImageFormat::Png),
    ("dogs/c d,\"e\".bmp", ImageFormat::Bmp),
    ("dogs/狗.webp", ImageFormat::WebP),
    ("dogs/f.tiff", ImageFormat::Tiff),
    ("dogs/100%.jpg", ImageFormat::Jpeg),
];

const GIF: &str = "dogs/100%.gif";

#[test]
fn every_output_names_the_file() {
    let dir = TestDir::new();
    for (seed, (name, format)) in (0..).zip(NAMES) {
        dir.write(&format!("pets/{name}"), file(greys(seed, 8), format));
    }
    trained(&dir, "pets");
    let model = "run/model.safetensors";
    dir.run(&format!("encode {model} pets -o z.csv")).done();
    let codes = String::from_utf8(dir.read("z.csv")).expect("text");
    let lines: Vec<&str> = codes.lines().collect();
    assert_eq!(lines[0], "path,label,z1,z2,z3,z4");
    assert!(lines[2].starts_with("cats/deep/er/b.PNG,cats,"), "{codes}");
    assert!(
        lines[4].starts_with("\"dogs/c d,\"\"e\"\".bmp\",dogs,"),
        "{codes}"
    );
    dir.run(&format!("encode {model} pets -o z.csv --no-ids"))
        .done();
    assert!(dir.read("z.csv").starts_with(b"z1,z2,z3,z4\n"));

    let found = dir
        .run(&format!("detect {model} pets -n 6 --json"))
        .done()
        .json();
    let names: Vec<_> = (found["worst"].as_array().expect("some").iter())
        .map(|worst| worst["id"].as_str().expect("a path").to_owned())
        .collect();
    assert!(names.contains(&"dogs/狗.webp".into()), "{names:?}");
    let text = dir.run(&format!("detect {model} pets -n 6")).done().stdout;
    assert!(text.contains("dogs/f.tiff"), "{text}");
    dir.run(&format!("detect {model} pets -o found.csv")).done();
    assert!(dir.read("found.csv").starts_with(b"path,label,score,"));

    dir.run(&format!("reconstruct {model} pets -o again"))
        .done();
    for name in [
        "cats/a.png",
        "cats/deep/er/b.PNG",
        "dogs/狗.webp",
        "dogs/100%.png",
    ] {
        let picture = image::load_from_memory(&dir.read(&format!("again/{name}")));
        assert_eq!(picture.expect("a picture").width(), 8, "{name}");
    }
}

#[test]
fn pictures_come_back_under_their_names_and_pixel_for_pixel() {
    for is_grey in [true, false] {
        let dir = TestDir::new();
        let picture = |seed| match is_grey {
            true => DynamicImage::from(greys(seed, 12)),
            false => colours(seed, 12).into(),
        };
        for seed in 0..300 {
            let (name, format) = NAMES[seed as usize % 6];
            // A GIF is in colour.
            let (name, format) = match format {
                ImageFormat::Jpeg if !is_grey => (GIF, ImageFormat::Gif),
                format => (name, format),
            };
            dir.write(&format!("pets/{seed}/{name}"), file(picture(seed), format));
        }
        trained(&dir, "pets");
        let model = "run/model.safetensors";
        dir.run(&format!("compress {model} pets --lossless -o pets.ltc"))
            .done();
        let back = dir
            .run(&format!("decompress pets.ltc --model {model} -o back"))
            .done();
        let said = "50 pictures are PNG, in place of formats that lose pixels";
        assert!(back.stderr.contains(said), "{}", back.stderr);
        for seed in 0..300 {
            let (name, _) = NAMES[seed as usize % 6];
            let read = |folder: &str, name: &str| {
                let bytes = dir.read(&format!("{folder}/{seed}/{name}"));
                image::load_from_memory(&bytes)
                    .expect("a picture")
                    .into_rgb8()
            };
            let (name, came_back) = match (name.ends_with(".jpg"), is_grey) {
                (false, _) => (name, name),
                (true, true) => (name, "dogs/100%.png"),
                (true, false) => (GIF, "dogs/100%.png"),
            };
            assert_eq!(read("back", came_back), read("pets", name), "{seed}/{name}");
        }
        // One alone has its own name too, and a table names its rows.
        dir.run(&format!(
            "decompress pets.ltc --model {model} --index 7 -o one"
        ))
        .done();
        let count = |folder: &str| walk(&dir.path(folder));
        assert_eq!((count("one"), count("back")), (1, 300));
        dir.run(&format!("decompress pets.ltc --model {model} -o back.csv"))
            .done();
        assert!(dir.read("back.csv").starts_with(b"path,x1,"));
    }
}

/// Files in a folder and those within it.
fn walk(folder: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let count = |path: std::path::PathBuf| if path.is_dir() { walk(&path) } else { 1 };
    entries
        .map(|entry| count(entry.expect("an entry").path()))
        .sum()
}

#[test]
fn pictures_that_would_be_changed_are_not_compressed_without_loss() {
    let dir = TestDir::new();
    for seed in 0..20 {
        dir.write(
            &format!("pets/{seed}.png"),
            file(colours(seed, 16), ImageFormat::Png),
        );
    }
    trained(&dir, "pets");
    let deep = image::ImageBuffer::from_pixel(16, 16, Rgb([40_000u16, 1, 2]));
    let see_through = image::RgbaImage::from_pixel(16, 16, image::Rgba([1, 2, 3, 100]));
    for (folder, picture, said) in [
        (
            "large",
            DynamicImage::from(colours(1, 40)),
            "1 picture of 40x40, made 16x16",
        ),
        (
            "grey",
            greys(1, 16).into(),
            "1 picture in grey, made colour",
        ),
        (
            "deep",
            deep.into(),
            "1 picture of more than 8 bits a channel, rounded to 8",
        ),
        (
            "alpha",
            see_through.into(),
            "1 picture, in part transparent, laid on black",
        ),
    ] {
        dir.write(&format!("{folder}/a.png"), file(picture, ImageFormat::Png));
        let compress = format!("compress run/model.safetensors {folder} -o a.ltc");
        dir.refused(
            &format!("{compress} --lossless"),
            1,
            &[
                "--lossless gives every pixel back",
                "the first `a.png`",
                said,
            ],
        );
        dir.run(&compress).done();
    }
}

#[test]
fn names_that_lead_out_of_the_folder_are_refused() {
    let dir = TestDir::new();
    dir.write("rows.csv", "name,a,b\n../x,1,2\n/y,2,1\nz,3,3\n");
    dir.write("small.toml", SMALL.replace("'bce'", "'mse'"));
    dir.run("train --config small.toml --data rows.csv --id name --out run")
        .done();
    dir.run("compress run/model.safetensors rows.csv -o rows.ltc")
        .done();
    // A table's rows are no pictures; their ids come back beside them.
    let out = "decompress rows.ltc --model run/model.safetensors -o";
    dir.refused(&format!("{out} rows"), 2, &["no pictures in grey or RGB"]);
    dir.run(&format!("{out} back.csv")).done();
    assert!(dir.read("back.csv").starts_with(b"name,a,b\n../x,"));
}
