//! Sets of the MNIST family: four IDX files, images and labels to train on and to test on.

use std::path::Path;
use std::thread;

use crate::formats::idx::Idx;
use crate::input::Input;
use crate::sets::NamedSet;
use crate::{DataError, Dataset, Locations, Source};

// The first images of MNIST, part of the program; see `data/mnist-mini/README.md`.
const TRAIN_IMAGES: &[u8] = include_bytes!("../../data/mnist-mini/train-images-idx3-ubyte.gz");
const TRAIN_LABELS: &[u8] = include_bytes!("../../data/mnist-mini/train-labels-idx1-ubyte.gz");
const TEST_IMAGES: &[u8] = include_bytes!("../../data/mnist-mini/t10k-images-idx3-ubyte.gz");
const TEST_LABELS: &[u8] = include_bytes!("../../data/mnist-mini/t10k-labels-idx1-ubyte.gz");

/// The set that is part of the program.
pub(crate) fn load_embedded(set: &NamedSet, _: &Locations) -> Result<Source, DataError> {
    let name = set.name;
    let input = |bytes| Input::from_gzip(bytes, name);
    Ok(Source {
        train: labelled(name, input(TRAIN_IMAGES), input(TRAIN_LABELS))?,
        test: Some(labelled(name, input(TEST_IMAGES), input(TEST_LABELS))?),
    })
}

/// A set whose four files lie in one of `locations`.
pub(crate) fn load_files(set: &NamedSet, locations: &Locations) -> Result<Source, DataError> {
    let paths = locations.find(set);
    let Some([train_images, train_labels, test_images, test_labels]) = paths.as_deref() else {
        return Err(DataError::NotFound {
            name: set.name,
            folders: locations.folders.clone(),
        });
    };
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
            format!("{:?}", test.shape()),
            format!("{:?}, as in `{}`", train.shape(), train_images.display()),
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
    Ok(images.with_labels(labels)?.renamed(name))
}
