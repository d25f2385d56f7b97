"""The preset `mnist` in JAX, to compare epochs with: 784-256 ReLU-784, binary cross-entropy on logits, Adam, batch 256.

An epoch is one compiled call with donated state over all 60,000 images in a new order, the short batch last. Seconds
are those of training: order and steps, without reading and compiling. Prints one JSON object.

    pip install jax numpy
    python jax_step.py FOLDER [--epochs N]     FOLDER holds `train-images-idx3-ubyte.gz` of MNIST
"""

import argparse
import gzip
import json
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

PIXELS, HIDDEN, BATCH = 784, 256, 256
RATE, BETA1, BETA2, EPSILON = 1e-3, 0.9, 0.999, 1e-7

jax.config.update("jax_platforms", "cpu")


def loss(parameters, x):
    w1, b1, w2, b2 = parameters
    o = jax.nn.relu(x @ w1 + b1) @ w2 + b2
    return jnp.mean(jnp.maximum(o, 0) - o * x + jnp.log1p(jnp.exp(-jnp.abs(o))))


def step(state, x):
    parameters, first, second, steps = state
    steps = steps + 1
    value, gradient = jax.value_and_grad(loss)(parameters, x)
    first = [BETA1 * m + (1 - BETA1) * g for m, g in zip(first, gradient)]
    second = [BETA2 * v + (1 - BETA2) * g * g for v, g in zip(second, gradient)]
    rate, correction = RATE / (1 - BETA1**steps), 1 / jnp.sqrt(1 - BETA2**steps)
    moments = zip(parameters, first, second)
    parameters = [w - rate * m / (jnp.sqrt(v) * correction + EPSILON) for w, m, v in moments]
    return (parameters, first, second, steps), value


def epoch(state, images, order):
    whole = order.size // BATCH * BATCH
    state, losses = jax.lax.scan(lambda s, i: step(s, images[i]), state, order[:whole].reshape(-1, BATCH))
    total = BATCH * losses.sum()
    if whole < order.size:
        state, last = step(state, images[order[whole:]])
        total += (order.size - whole) * last
    return state, total / order.size


def start(seed):
    limit = (6 / (PIXELS + HIDDEN)) ** 0.5
    parameters = []
    for key, shape in zip(jax.random.split(jax.random.key(seed)), [(PIXELS, HIDDEN), (HIDDEN, PIXELS)]):
        parameters += [jax.random.uniform(key, shape, minval=-limit, maxval=limit), jnp.zeros(shape[1])]
    first, second = ([jnp.zeros_like(w) for w in parameters] for _ in range(2))
    return parameters, first, second, jnp.float32(0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=6)
    arguments = parser.parse_args()

    packed = (arguments.folder / "train-images-idx3-ubyte.gz").read_bytes()
    pixels = np.frombuffer(gzip.decompress(packed), np.uint8, offset=16).reshape(-1, PIXELS)
    images = jnp.asarray(pixels.astype(np.float32) / 255)
    rng, order = np.random.default_rng(0), np.arange(len(images), dtype=np.int32)

    state = start(0)
    run = jax.jit(epoch, donate_argnums=0).lower(state, images, order).compile()
    seconds = []
    for _ in range(arguments.epochs):
        begin = time.perf_counter()
        state, mean = run(state, images, rng.permutation(order))
        mean.block_until_ready()
        seconds.append(round(time.perf_counter() - begin, 4))
    print(json.dumps({"jax": jax.__version__, "epoch_seconds": seconds, "train_loss": float(mean)}))


if __name__ == "__main__":
    main()
