"""Makes the golden values of `golden.rs`: ten Adam steps of Keras, on its JAX backend.

Beside this script it writes `bce.safetensors` and `mse.safetensors`, each with
    `0.weight`, `0.bias`, `1.weight`, ...  parameters before the first step, weights `[inputs, outputs]`
    `losses`                               loss of each batch before its update
    `last_bias`                            bias of the last layer after the last step
Batch `i` is images `64 i` to `64 i + 63` of the embedded `mnist-mini`, divided by 255. The metadata names the versions.

    pip install keras==3.15.1 jax==0.10.2 numpy==2.4.6 safetensors==0.8.0
    python make.py
"""

import gzip
import os
from importlib.metadata import version
from pathlib import Path

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["JAX_DEFAULT_MATMUL_PRECISION"] = "highest"

import keras
import numpy as np
from safetensors.numpy import save_file

FOLDER = Path(__file__).resolve().parent
IMAGES = FOLDER.parents[2] / "latentia-data/data/mnist-mini/train-images-idx3-ubyte.gz"
STEPS, ROWS, PIXELS = 10, 64, 784


def batches():
    pixels = np.frombuffer(gzip.decompress(IMAGES.read_bytes()), np.uint8, STEPS * ROWS * PIXELS, offset=16)
    return pixels.reshape(STEPS, ROWS, PIXELS).astype(np.float32) / np.float32(255)


def initial(widths, seed):
    """Glorot uniform weights; biases off zero, so that leaving one out shows at once."""
    rng = np.random.default_rng(seed)
    parameters = []
    for inputs, outputs in zip(widths, widths[1:]):
        limit = (6 / (inputs + outputs)) ** 0.5
        weight = rng.uniform(-limit, limit, (inputs, outputs)).astype(np.float32)
        bias = rng.uniform(-0.05, 0.05, (1, outputs)).astype(np.float32)
        parameters.append((weight, bias))
    return parameters


def make(name, loss, last, widths, seed):
    start = initial(widths, seed)
    x = keras.Input((PIXELS,))
    layers = [keras.layers.Dense(width, activation="relu") for width in widths[1:-1]]
    layers.append(keras.layers.Dense(widths[-1], activation=last))
    y = x
    for layer in layers:
        y = layer(y)
    model = keras.Model(x, y)
    for layer, (weight, bias) in zip(layers, start):
        layer.set_weights([weight, bias.reshape(-1)])
    model.compile(keras.optimizers.Adam(1e-3), loss)
    losses = []
    for batch in batches():
        model.reset_metrics()
        losses.append(np.float32(model.train_on_batch(batch, batch)))

    tensors = {"losses": np.array(losses), "last_bias": layers[-1].get_weights()[1].reshape(1, -1)}
    for layer, (weight, bias) in enumerate(start):
        tensors |= {f"{layer}.weight": weight, f"{layer}.bias": bias}
    # One key: the order of several varies from run to run.
    versions = ", ".join(f"{package} {version(package)}" for package in ("keras", "jax", "numpy"))
    save_file(tensors, FOLDER / f"{name}.safetensors", {"made_with": versions})


make("bce", keras.losses.BinaryCrossentropy(from_logits=True), None, [784, 24, 784], 1)
make("mse", "mse", "sigmoid", [784, 16, 8, 16, 784], 2)
