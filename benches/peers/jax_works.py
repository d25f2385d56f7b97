"""Six presets in JAX, to compare epochs with: `mnist`, `compression`, `vae-20`, `tiny`, `conv`, `conv-vae`.

An epoch is one compiled call with donated state over all examples in a new order, the short batch last. Seconds are those
of training: order and steps, without reading and compiling. Prints one JSON object.

    pip install jax numpy
    python jax_works.py WORK FOLDER [--epochs N]     FOLDER holds `train-images-idx3-ubyte.gz` of MNIST
"""

import argparse
import gzip
import json
import resource
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

RATE, BETA1, BETA2 = 1e-3, 0.9, 0.999

jax.config.update("jax_platforms", "cpu")


def dense(parameters, x, relu):
    """A chain of dense layers: ReLU between them, and after the last where `relu`."""
    for number, (w, b) in enumerate(parameters, 1):
        x = x @ w + b
        if relu or number < len(parameters):
            x = jax.nn.relu(x)
    return x


def cross_entropy(logits, x):
    return jnp.maximum(logits, 0) - logits * x + jnp.log1p(jnp.exp(-jnp.abs(logits)))


def bce(parameters, x, key):
    return jnp.mean(cross_entropy(dense(parameters, x, False), x))


def mse(parameters, x, key):
    return jnp.mean((jax.nn.sigmoid(dense(parameters, x, False)) - x) ** 2)


def elbo(parameters, x, key):
    """The negative bound, per example: 784-400, Gaussian code of 20, 400-784."""
    mean, log_variance = jnp.split(dense(parameters[1:2], dense(parameters[:1], x, True), False), 2, axis=1)
    code = mean + jnp.exp(log_variance / 2) * jax.random.normal(key, mean.shape)
    likelihood = cross_entropy(dense(parameters[2:], code, False), x).sum(axis=1)
    divergence = 0.5 * (jnp.exp(log_variance) + mean**2 - 1 - log_variance).sum(axis=1)
    return jnp.mean(likelihood + divergence)


def convolve(parameters, x, stride=1, padding="SAME", transposed=False):
    """Channels last, which XLA's CPU backend has its fast path for."""
    (w, b), layout = parameters, ("NHWC", "HWIO", "NHWC")
    if transposed:
        return jax.lax.conv_transpose(x, w, (stride, stride), padding, dimension_numbers=layout) + b
    return jax.lax.conv_general_dilated(x, w, (stride, stride), padding, dimension_numbers=layout) + b


def pool(x):
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "SAME")


def up(x):
    return jnp.repeat(jnp.repeat(x, 2, axis=1), 2, axis=2)


def conv_bce(parameters, x, key):
    """The convolutional autoencoder of the Keras blog."""
    y = x.reshape(-1, 28, 28, 1)
    for number, own in enumerate(parameters[:-1]):
        y = jax.nn.relu(convolve(own, y, padding="VALID" if number == 5 else "SAME"))
        y = pool(y) if number < 3 else up(y)
    return jnp.mean(cross_entropy(convolve(parameters[-1], y).reshape(len(x), -1), x))


def conv_elbo(parameters, x, key):
    """The variational autoencoder of keras.io: a code of 2."""
    y = x.reshape(-1, 28, 28, 1)
    for own in parameters[:2]:
        y = jax.nn.relu(convolve(own, y, 2))
    y = dense(parameters[2:4], y.reshape(len(x), -1), False)
    mean, log_variance = jnp.split(y, 2, axis=1)
    y = mean + jnp.exp(log_variance / 2) * jax.random.normal(key, mean.shape)
    y = dense(parameters[4:5], y, True).reshape(-1, 7, 7, 64)
    for own in parameters[5:7]:
        y = jax.nn.relu(convolve(own, y, 2, transposed=True))
    likelihood = cross_entropy(convolve(parameters[7], y, transposed=True).reshape(len(x), -1), x).sum(axis=1)
    divergence = 0.5 * (jnp.exp(log_variance) + mean**2 - 1 - log_variance).sum(axis=1)
    return jnp.mean(likelihood + divergence)


# Loss, shapes of the weights, batch, epsilon of Adam.
WORKS = {
    "mnist": (bce, [(784, 256), (256, 784)], 256, 1e-7),
    "compression": (mse, [(784, 64), (64, 32), (32, 32), (32, 64), (64, 784)], 256, 1e-7),
    "vae-20": (elbo, [(784, 400), (400, 40), (20, 400), (400, 784)], 128, 1e-8),
    "tiny": (mse, [(10, 5), (5, 5), (5, 5), (5, 10)], 1, 1e-7),
    "conv": (conv_bce, [(3, 3, *c) for c in [(1, 16), (16, 8), (8, 8), (8, 8), (8, 8), (8, 16), (16, 1)]], 128, 1e-7),
    "conv-vae": (
        conv_elbo,
        [(3, 3, 1, 32), (3, 3, 32, 64), (3136, 16), (16, 4), (2, 3136), (3, 3, 64, 64), (3, 3, 64, 32), (3, 3, 32, 1)],
        128,
        1e-7,
    ),
}


def program(work):
    """An epoch of the work, as a function to compile, and the state that it begins with."""
    loss, shapes, batch, epsilon = WORKS[work]

    def step(state, x):
        parameters, first, second, steps, key = state
        key, noise = jax.random.split(key) if loss in (elbo, conv_elbo) else (key, key)
        steps = steps + 1
        value, gradient = jax.value_and_grad(loss)(parameters, x, noise)
        first = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, first, gradient)
        second = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, second, gradient)
        rate, correction = RATE / (1 - BETA1**steps), 1 / jnp.sqrt(1 - BETA2**steps)
        update = lambda w, m, v: w - rate * m / (jnp.sqrt(v) * correction + epsilon)
        return (jax.tree.map(update, parameters, first, second), first, second, steps, key), value

    def epoch(state, examples, order):
        whole = order.size // batch * batch
        state, losses = jax.lax.scan(lambda s, i: step(s, examples[i]), state, order[:whole].reshape(-1, batch))
        total = batch * losses.sum()
        if whole < order.size:
            state, last = step(state, examples[order[whole:]])
            total += (order.size - whole) * last
        return state, total / order.size

    def start(examples):
        parameters = []
        for key, shape in zip(jax.random.split(jax.random.key(0), len(shapes)), shapes):
            limit = (6 / (np.prod(shape[:-2]) * sum(shape[-2:]))) ** 0.5
            parameters.append((jax.random.uniform(key, shape, minval=-limit, maxval=limit), jnp.zeros(shape[-1])))
        if work == "compression":
            mean = jnp.clip(examples.mean(axis=0), 1e-3, 1 - 1e-3)
            parameters[-1] = (parameters[-1][0], jnp.log(mean / (1 - mean)))
        first, second = (jax.tree.map(jnp.zeros_like, parameters) for _ in range(2))
        return parameters, first, second, jnp.float32(0), jax.random.key(1)

    return epoch, start


def read(work, folder):
    if work == "tiny":
        return np.random.RandomState(42).rand(100, 10).astype(np.float32)
    packed = (folder / "train-images-idx3-ubyte.gz").read_bytes()
    pixels = np.frombuffer(gzip.decompress(packed), np.uint8, offset=16).reshape(-1, 784)
    return pixels.astype(np.float32) / 255


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", choices=WORKS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=7)
    arguments = parser.parse_args()

    examples = jnp.asarray(read(arguments.work, arguments.folder))
    rng, order = np.random.default_rng(0), np.arange(len(examples), dtype=np.int32)
    epoch, start = program(arguments.work)
    state = start(examples)
    run = jax.jit(epoch, donate_argnums=0).lower(state, examples, order).compile()
    seconds = []
    for _ in range(arguments.epochs):
        begin = time.perf_counter()
        state, mean = run(state, examples, rng.permutation(order))
        mean.block_until_ready()
        seconds.append(time.perf_counter() - begin)
    version = f"JAX {jax.__version__}"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"version": version, "epoch_seconds": seconds, "train_loss": float(mean), "peak_bytes": peak}))


if __name__ == "__main__":
    main()
