//! Sets of the MNIST family: four IDX files, images and labels to train on and to test on.

use std::path::{Path, PathBuf};
use std::thread;

use super::named_set::{NamedFile, NamedSet};
use crate::dataset::Dataset;
use crate::error::DataError;
use crate::formats::idx::Idx;
use crate::input::Input;
use crate::source::Source;

/// The first images of MNIST, part of the program.
pub(crate) const MNIST_MINI: NamedSet = NamedSet {
    name: "mnist-mini",
    summary: "handwritten digits: the first 5,000 and 1,000 images of mnist",
    examples: (5_000, 1_000),
    shape: &[28, 28],
    licence: "CC-BY-SA-3.0",
    source: MNIST_SOURCE,
    files: &[],
    unpacked: &[],
    mirrors: &[],
    load: load_embedded,
};

/// Handwritten digits.
pub(crate) const MNIST: NamedSet = NamedSet {
    name: "mnist",
    summary: "handwritten digits",
    examples: (60_000, 10_000),
    shape: &[28, 28],
    licence: "CC-BY-SA-3.0",
    source: MNIST_SOURCE,
    files: &image_files([
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ]),
    unpacked: &[],
    mirrors: &[
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
    ],
    load: load_files,
};

/// Pictures of clothes.
pub(crate) const FASHION_MNIST: NamedSet = NamedSet {
    name: "fashion-mnist",
    summary: "pictures of clothes, in the form of mnist",
    examples: (60_000, 10_000),
    shape: &[28, 28],
    licence: "MIT",
    source: "Zalando Research, https://github.com/zalandoresearch/fashion-mnist",
    files: &image_files([
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ]),
    unpacked: &[],
    mirrors: &["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"],
    load: load_files,
};

const MNIST_SOURCE: &str =
    "Yann LeCun, Corinna Cortes, Christopher Burges, http://yann.lecun.com/exdb/mnist/";

/// The four files of a set of the MNIST family, given their digests.
const fn image_files(sha256: [&'static str; 4]) -> [NamedFile; 4] {
    let [train_images, train_labels, test_images, test_labels] = sha256;
    [
        file("train-images-idx3-ubyte", 47_040_016, train_images),
        file("train-labels-idx1-ubyte", 60_008, train_labels),
        file("t10k-images-idx3-ubyte", 7_840_016, test_images),
        file("t10k-labels-idx1-ubyte", 10_008, test_labels),
    ]
}

const fn file(name: &'static str, bytes: u64, sha256: &'static str) -> NamedFile {
    NamedFile {
        name,
        bytes,
        sha256,
        compressed: false,
    }
}

// The first images of MNIST, part of the program; see `data/mnist-mini/README.md`.
const TRAIN_IMAGES: &[u8] = include_bytes!("../../data/mnist-mini/train-images-idx3-ubyte.gz");
const TRAIN_LABELS: &[u8] = include_bytes!("../../data/mnist-mini/train-labels-idx1-ubyte.gz");
const TEST_IMAGES: &[u8] = include_bytes!("../../data/mnist-mini/t10k-images-idx3-ubyte.gz");
const TEST_LABELS: &[u8] = include_bytes!("../../data/mnist-mini/t10k-labels-idx1-ubyte.gz");

/// The set that is part of the program.
fn load_embedded(set: &NamedSet, _: &[PathBuf]) -> Result<Source, DataError> {
    let name = set.name;
    let input = |bytes| Input::from_gzip(bytes, name);
    Ok(Source {
        train: labelled(name, input(TRAIN_IMAGES), input(TRAIN_LABELS))?,
        test: Some(labelled(name, input(TEST_IMAGES), input(TEST_LABELS))?),
    })
}

fn load_files(set: &NamedSet, paths: &[PathBuf]) -> Result<Source, DataError> {
    let [train_images, train_labels, test_images, test_labels] =
        <&[PathBuf; 4]>::try_from(paths).expect("a path for each of the four files");
    let (train, test) = thread::scope(|scope| {
        let test = scope.spawn(|| labelled_files(set.name, test_images, test_labels));
        let train = labelled_files(set.name, train_images, train_labels);
        (train, test.join().expect("parsers return their errors"))
    });
    let (train, test) = (train?, test?);
    if train.shape() != test.shape() {
        return Err(DataError::invalid(
            test_images.display().to_string(),
            "shape of an image",
            test.shape().to_string(),
            format!("{}, as in `{}`", train.shape(), train_images.display()),
        ));
    }
    Ok(Source {
        train,
        test: Some(test),
    })
}

fn labelled_files(name: &str, images: &Path, labels: &Path) -> Result<Dataset, DataError> {
    let (images_name, labels_name) = (images.display().to_string(), labels.display().to_string());
    labelled(
        name,
        Input::open_gzip(images, &images_name)?,
        Input::open_gzip(labels, &labels_name)?,
    )
}

fn labelled(name: &str, images: Input<'_>, labels: Input<'_>) -> Result<Dataset, DataError> {
    let (images_name, labels_name) = (images.subject, labels.subject);
    let labels = Idx::parse(labels)?.into_labels(labels_name)?;
    let images = Idx::parse(images)?.into_dataset(images_name)?;
    Ok(images
        .with_labels(labels.into_iter().map(u32::from).collect())?
        .renamed(name))
}
