"""Three presets in Keras, to compare epochs with: `mnist`, `compression`, `tiny`.

Trained by `fit` on TensorFlow, over all examples in a new order, the short batch last. Seconds are those of an epoch of
`fit`, without reading and compiling. Prints one JSON object.

    pip install keras tensorflow-cpu numpy
    python keras_works.py WORK FOLDER [--epochs N]     FOLDER holds `train-images-idx3-ubyte.gz` of MNIST
"""

import argparse
import gzip
import json
import os
import resource
import time
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np

RATE, BETA1, BETA2 = 1e-3, 0.9, 0.999

# Loss, sizes of the layers from the input, batch, epsilon of Adam: Keras adds it before the correction of the bias.
WORKS = {
    "mnist": ("binary_crossentropy", [784, 256, 784], 256, 1e-7),
    "compression": ("mse", [784, 64, 32, 32, 64, 784], 256, 1e-7),
    "tiny": ("mse", [10, 5, 5, 5, 10], 1, 1e-7),
}


class Seconds(keras.callbacks.Callback):
    """Seconds of each epoch."""

    def __init__(self):
        super().__init__()
        self.epochs = []

    def on_epoch_begin(self, epoch, logs=None):
        self.begin = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append(time.perf_counter() - self.begin)


def start(work, examples):
    """The model of the work, as it begins."""
    loss, sizes, _, epsilon = WORKS[work]
    layers = [keras.layers.Dense(size, activation="relu") for size in sizes[1:-1]]
    output = keras.layers.Dense(sizes[-1], activation="sigmoid")
    model = keras.Sequential([keras.Input((sizes[0],)), *layers, output])
    if work == "compression":
        mean = np.clip(examples.mean(axis=0), 1e-3, 1 - 1e-3)
        output.bias.assign(np.log(mean / (1 - mean)))
    model.compile(keras.optimizers.Adam(RATE, BETA1, BETA2, epsilon), loss)
    model.optimizer.build(model.trainable_variables)
    return model


def compiled(model, examples, batch):
    """The model with its step compiled by a batch; the state is then as before."""
    variables = model.variables + model.optimizer.variables
    begin = [variable.numpy().copy() for variable in variables]
    model.fit(examples[:batch], examples[:batch], batch_size=batch, shuffle=True, verbose=0)
    for variable, value in zip(variables, begin):
        variable.assign(value)
    return model


def read(work, folder):
    if work == "tiny":
        return np.random.RandomState(42).rand(100, 10).astype(np.float32)
    packed = (folder / "train-images-idx3-ubyte.gz").read_bytes()
    pixels = np.frombuffer(gzip.decompress(packed), np.uint8, offset=16).reshape(-1, 784)
    return pixels.astype(np.float32) / 255


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", choices=[*WORKS, "vae-20"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=7)
    arguments = parser.parse_args()
    if arguments.work not in WORKS:
        parser.error(f"`{arguments.work}` is not written in Keras, only {', '.join(WORKS)}")

    keras.utils.set_random_seed(0)
    examples, batch = read(arguments.work, arguments.folder), WORKS[arguments.work][2]
    model, seconds = compiled(start(arguments.work, examples), examples, batch), Seconds()
    history = model.fit(
        examples, examples, batch_size=batch, epochs=arguments.epochs, shuffle=True, verbose=0, callbacks=[seconds]
    )
    version, mean = f"Keras {keras.__version__} fit", history.history["loss"][-1]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"version": version, "epoch_seconds": seconds.epochs, "train_loss": mean, "peak_bytes": peak}))


if __name__ == "__main__":
    main()
