//! The sets that are known by name.

use super::{mnist, random};
use crate::formats::cifar;
use crate::{DataError, Locations, Source};

/// What is known of a data set that has a name.
#[derive(Debug)]
pub struct NamedSet {
    /// The name, which is also that of its folder.
    pub name: &'static str,
    /// One line on what the examples are.
    pub summary: &'static str,
    /// Examples to train on and to test on.
    pub examples: (usize, usize),
    /// Shape of one example.
    pub shape: &'static [usize],
    /// Its licence, as an SPDX expression; `none` for numbers that nobody owns, `NOASSERTION` where none is stated.
    pub licence: &'static str,
    /// Who made it, and where it is described.
    pub source: &'static str,
    /// The files to fetch; none where the set is part of the program.
    pub files: &'static [NamedFile],
    /// The names of what the files hold, where they are an archive: it may lie in the set's folder instead, unpacked.
    pub unpacked: &'static [&'static str],
    /// Addresses, each ending in `/`, to which a file's name and `.gz` are added; in order of preference.
    pub mirrors: &'static [&'static str],
    /// How the set is had.
    pub(crate) load: fn(&NamedSet, &Locations) -> Result<Source, DataError>,
}

/// A file of a named set.
#[derive(Debug)]
pub struct NamedFile {
    /// Its name, without `.gz`.
    pub name: &'static str,
    /// Its length when decompressed, in bytes.
    pub bytes: u64,
    /// SHA-256 of its decompressed content, in hexadecimal.
    pub sha256: &'static str,
    /// Whether length and digest are those of the compressed file instead, as an archive's are published.
    pub compressed: bool,
}

impl NamedSet {
    /// The known set of that name.
    pub fn find(name: &str) -> Option<&'static Self> {
        CATALOGUE.iter().find(|set| set.name == name)
    }

    /// Whether the set is part of the program, so that no file is needed.
    pub fn is_built_in(&self) -> bool {
        self.files.is_empty()
    }

    /// Length of all its files, in bytes: when decompressed, but for archives.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

const MNIST_SOURCE: &str =
    "Yann LeCun, Corinna Cortes, Christopher Burges, http://yann.lecun.com/exdb/mnist/";

/// The known sets.
pub static CATALOGUE: &[NamedSet] = &[
    NamedSet {
        name: "mnist-mini",
        summary: "handwritten digits: the first 5,000 and 1,000 images of mnist",
        examples: (5_000, 1_000),
        shape: &[28, 28],
        licence: "CC-BY-SA-3.0",
        source: MNIST_SOURCE,
        files: &[],
        unpacked: &[],
        mirrors: &[],
        load: mnist::load_embedded,
    },
    NamedSet {
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
        load: mnist::load_files,
    },
    NamedSet {
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
        load: mnist::load_files,
    },
    NamedSet {
        name: "cifar10",
        summary: "colour pictures of animals and vehicles",
        examples: (50_000, 10_000),
        shape: &[32, 32, 3],
        licence: "NOASSERTION",
        source: "Alex Krizhevsky, https://www.cs.toronto.edu/~kriz/cifar.html",
        files: &[NamedFile {
            name: "cifar-10-binary.tar",
            bytes: 170_052_171,
            sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
            compressed: true,
        }],
        unpacked: &cifar::FILES,
        mirrors: &["https://www.cs.toronto.edu/~kriz/"],
        load: cifar::load_set,
    },
    NamedSet {
        name: "random",
        summary: "uniform random numbers: NumPy's RandomState(42).rand(100, 10)",
        examples: (100, 0),
        shape: &[10],
        licence: "none",
        source: "computed by the program",
        files: &[],
        unpacked: &[],
        mirrors: &[],
        load: random::load,
    },
];

/// The four files of a set of the MNIST family, given their digests.
const fn image_files(sha256: [&'static str; 4]) -> [NamedFile; 4] {
    let [train_images, train_labels, test_images, test_labels] = sha256;
    [
        NamedFile {
            name: "train-images-idx3-ubyte",
            bytes: 47_040_016,
            sha256: train_images,
            compressed: false,
        },
        NamedFile {
            name: "train-labels-idx1-ubyte",
            bytes: 60_008,
            sha256: train_labels,
            compressed: false,
        },
        NamedFile {
            name: "t10k-images-idx3-ubyte",
            bytes: 7_840_016,
            sha256: test_images,
            compressed: false,
        },
        NamedFile {
            name: "t10k-labels-idx1-ubyte",
            bytes: 10_008,
            sha256: test_labels,
            compressed: false,
        },
    ]
}
