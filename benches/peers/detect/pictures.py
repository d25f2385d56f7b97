"""Finds what does not belong among MNIST's test images with Latentia, in one thread: images of a class that was not learned, and broken ones.

- One class normal, the protocol of Deep SVDD (Ruff et al. 2018): learned from that class's training images, all 10,000 test images scored.
- One class left out: learned from 10,000 training images of the other nine classes, drawn at random; that class is found.
- Broken: learned from 10,000 training images in grey, in which `x` in [0, 1] becomes 0.3 + 0.4 x; each of the test images is broken in six
  ways, and all broken in one way are found among all that are whole. A square of 8 x 8 pixels lies where strokes are: about a random
  pixel of one, within the image, over at least 15 pixels of strokes or the most of 20 tries. `DAMAGES` has what is in it.

Labels choose training images and judge scores; training and detection never see them, nor a test image.

    pip install scikit-learn==1.9.1
    python pictures.py MNIST_FOLDER [--program PATH]    MNIST_FOLDER with the four files `…-ubyte.gz`
"""

import argparse
import gzip
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from program import PROGRAM, run, shown

AT_MOST, CLASSES = 10_000, range(10)
SIDE, STROKE, ENOUGH, TRIES = 8, 0.5, 15, 20

# How a preset is trained, where not by its own number of epochs.
EPOCHS = {"digits": ["--epochs", 20], "vae-20": ["--epochs", 20]}

# Of a grey image and where its square lies, what is broken; the names are what the tables say.
DAMAGES = {
    "square of 0, black": lambda image, square, _: filled(image, square, 0.0),
    "square of 0.5, grey": lambda image, square, _: filled(image, square, 0.5),
    "square of 0.3, the background": lambda image, square, _: filled(image, square, 0.3),
    "inverted": lambda image, *_: 1 - image,
    "square of noise from 0 to 1": lambda image, square, draw: filled(image, square, draw.uniform(0, 1, (SIDE, SIDE))),
    "square of noise from 0.3 to 0.7": lambda image, square, draw: filled(image, square, draw.uniform(0.3, 0.7, (SIDE, SIDE))),
}


def filled(image, square, values):
    """An image with other values in a square."""
    image = image.copy()
    image[square] = values
    return image


def read(path):
    """An IDX file of bytes, compressed."""
    content = gzip.decompress(path.read_bytes())
    dimensions = content[3]
    shape = np.frombuffer(content, ">u4", dimensions, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(shape)


def square_over_strokes(image, draw):
    """A square as slices of the rows and columns of an image in [0, 1]."""
    strokes = image > STROKE
    tries = []
    for pixel in draw.permutation(np.argwhere(strokes))[:TRIES]:
        top, left = (np.clip(pixel - SIDE // 2, 0, np.array(image.shape) - SIDE)).tolist()
        square = slice(top, top + SIDE), slice(left, left + SIDE)
        tries.append((strokes[square].sum(), square))
        if tries[-1][0] >= ENOUGH:
            break
    return max(tries, key=lambda of: of[0])[1]


def grey(images):
    """Images in grey, from 0.3 to 0.7."""
    return 0.3 + 0.4 * images / 255


def as_bytes(images):
    """Values in [0, 1] as bytes."""
    return np.round(255 * np.asarray(images)).astype(np.uint8)


def scored(options, preset, training, *sets):
    """The scores of sets of images by a model that learned from others, and the seconds of its training."""
    with tempfile.TemporaryDirectory() as work:
        data, learned, scores = (Path(work) / name for name in ("images.npy", "run", "scores.npy"))
        np.save(data, training)
        begin = time.perf_counter()
        run(options.program, "train", "--preset", preset, "--data", data, "--out", learned, "--threads", 1, *EPOCHS.get(preset, []))
        seconds, found = time.perf_counter() - begin, []
        for images in sets:
            np.save(data, images)
            run(options.program, "detect", learned / "model.safetensors", data, "-o", scores, "--threads", 1)
            found.append(np.load(scores))
        return found, seconds


def name(preset):
    """A preset with its options, as the command line has them."""
    return f"`{' '.join(map(str, [preset, *EPOCHS.get(preset, [])]))}`"


def told(preset, of, areas):
    """How far the run has come, where errors go."""
    print(f"{preset}, {of}: {np.mean(areas):.3f}", file=sys.stderr, flush=True)


def by_class(options, title, presets, is_normal):
    """Each class by itself: `is_normal(labels, class)` says which images belong. Seconds are the median over the classes."""
    training, labels, test, test_labels = options.images
    rows = [["AUROC", *map(str, CLASSES), "mean", "seconds of training"]]
    for preset in presets:
        areas, seconds = [], []
        for of in CLASSES:
            normal = training[is_normal(labels, of)]
            normal = normal[np.random.default_rng(of).permutation(len(normal))[:AT_MOST]]
            (scores,), taken = scored(options, preset, normal, test)
            areas.append(roc_auc_score(~is_normal(test_labels, of), scores))
            seconds.append(taken)
        told(preset, title, areas)
        rows.append([name(preset), *(f"{area:.3f}" for area in [*areas, np.mean(areas)]), f"{np.median(seconds):.0f}"])
    shown(title, rows)


def broken(options, title, presets):
    """Each damage by itself."""
    training, _, test, _ = options.images
    chosen = np.random.default_rng(0).permutation(len(training))[:AT_MOST]
    draw, whole = np.random.default_rng(1), grey(test)
    squares = [square_over_strokes(image / 255, draw) for image in test]
    sets = [[damage(*of, draw) for of in zip(whole, squares)] for damage in DAMAGES.values()]
    is_broken = np.repeat([False, True], len(test))
    columns = [["AUROC", *DAMAGES, "seconds of training"]]
    for preset in presets:
        (usual, *others), seconds = scored(options, preset, as_bytes(grey(training[chosen])), *map(as_bytes, [whole, *sets]))
        areas = [roc_auc_score(is_broken, np.concatenate([usual, scores])) for scores in others]
        told(preset, title, areas)
        columns.append([name(preset), *(f"{area:.3f}" for area in areas), f"{seconds:.0f}"])
    shown(title, list(zip(*columns)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--program", type=Path, default=PROGRAM)
    options = parser.parse_args()
    names = [f"{part}-{of}-ubyte.gz" for part in ("train", "t10k") for of in ("images-idx3", "labels-idx1")]
    options.images = [read(options.folder / name) for name in names]
    by_class(options, "One class normal", ["digits", "anomaly-conv"], lambda labels, of: labels == of)
    by_class(options, "One class left out", ["vae-20", "anomaly-conv"], lambda labels, of: labels != of)
    broken(options, "Broken images among whole ones", ["vae-20", "anomaly-conv"])


if __name__ == "__main__":
    main()
