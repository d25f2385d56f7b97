"""Makes the golden values of `golden.rs`: the same ten Adam steps in JAX, with optax's Adam and losses.

Beside this script it writes `bce.safetensors` and `mse.safetensors`, each with
    `0.weight`, `0.bias`, `1.weight`, ...  parameters before the first step, weights `[inputs, outputs]`
    `losses`                               loss of each batch before its update
    `last_bias`                            bias of the last layer after the last step
Batch `i` is images `64 i` to `64 i + 63` of the embedded `mnist-mini`, divided by 255. The metadata names the versions.

    pip install jax==0.10.2 optax==0.2.8 numpy==2.4.6 safetensors==0.8.0
    python make.py
"""

import gzip
from importlib.metadata import version
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
from safetensors.numpy import save_file

FOLDER = Path(__file__).resolve().parent
IMAGES = FOLDER.parents[2] / "latentia-data/data/mnist-mini/train-images-idx3-ubyte.gz"
STEPS, ROWS, PIXELS = 10, 64, 784

jax.config.update("jax_platforms", "cpu")
jax.config.update("jax_default_matmul_precision", "highest")


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


def outputs(parameters, x):
    for weight, bias in parameters[:-1]:
        x = jax.nn.relu(x @ weight + bias)
    weight, bias = parameters[-1]
    return x @ weight + bias


def bce(parameters, x):
    return optax.losses.sigmoid_binary_cross_entropy(outputs(parameters, x), x).mean()


def mse(parameters, x):
    return optax.losses.squared_error(jax.nn.sigmoid(outputs(parameters, x)), x).mean()


def make(name, loss, widths, seed):
    start = initial(widths, seed)
    parameters = jax.tree.map(jnp.asarray, start)
    adam = optax.adam(1e-3, b1=0.9, b2=0.999, eps=1e-7)
    state = adam.init(parameters)
    gradient = jax.jit(jax.value_and_grad(loss))
    losses = []
    for batch in batches():
        value, slopes = gradient(parameters, batch)
        updates, state = adam.update(slopes, state)
        parameters = optax.apply_updates(parameters, updates)
        losses.append(value)

    tensors = {"losses": np.array(losses), "last_bias": np.array(parameters[-1][1])}
    for layer, (weight, bias) in enumerate(start):
        tensors |= {f"{layer}.weight": weight, f"{layer}.bias": bias}
    # One key: the order of several varies from run to run.
    versions = ", ".join(f"{package} {version(package)}" for package in ("jax", "jaxlib", "optax", "numpy"))
    save_file(tensors, FOLDER / f"{name}.safetensors", {"made_with": versions})


make("bce", bce, [784, 24, 784], 1)
make("mse", mse, [784, 16, 8, 16, 784], 2)
