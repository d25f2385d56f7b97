"""How fast the package is, beside the program, the crates and others.

    python benches/speed.py PROGRAM ENCODE [--rounds 3] [--epochs 5]

PROGRAM is `target/release/latentia`, ENCODE the built example `encode` of this crate. MNIST is looked for where the program does. Turns
alternate, as a machine is never quiet; what is printed are medians.
"""

import argparse
import gzip
import json
import os
import statistics
import subprocess
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np

import latentia
import latentia.sklearn
from latentia.sklearn import Autoencoder

EPOCHS = {"batch_size": 256, "learning_rate": 1e-3, "schedule": {"kind": "constant"}, "validation_fraction": 0.0}


def mnist():
    """60,000 pictures of 28 x 28 as rows of bytes."""
    folder = Path(os.environ.get("LATENTIA_DATA_DIR", "data")) / "mnist"
    data = gzip.open(folder / "train-images-idx3-ubyte.gz").read()
    return np.frombuffer(data, np.uint8, offset=16).reshape(60_000, 784).copy()


def fit(x, epochs):
    """Seconds of `fit` with the model of the preset `mnist`, and those of its epochs alone."""
    estimator = Autoencoder(
        256,
        hidden=(),
        likelihood="bce",
        preprocessing="unit-range",
        epochs=epochs,
        patience=None,
        random_state=42,
        **EPOCHS,
    )
    spec = estimator._experiment()
    # The code itself has the activation there.
    spec["model"]["encoder"][0]["activation"] = "relu"
    estimator.set_params(spec=spec)
    seconds = []
    latentia.sklearn.train = partial(latentia.train, callback=lambda epoch: seconds.append(epoch.seconds))
    start = time.perf_counter()
    estimator.fit(x)
    return time.perf_counter() - start, sum(seconds), estimator, spec


def program(path, spec, folder):
    """Seconds that the program trains the same, and its losses."""
    lines = []
    for table in ("model", "training"):
        lines.append(f"[{table}]")
        lines += [f"{key} = {toml(value)}" for key, value in spec[table].items()]
    config = Path(folder) / "spec.toml"
    config.write_text("\n".join(lines))
    command = [path, "train", "--config", str(config), "--data", "mnist", "--out", f"{folder}/run", "--force", "--json"]
    report = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return sum(report["epoch_seconds"]), report["train_loss"]


def toml(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(own)}" for key, own in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(toml(own) for own in value) + "]"
    return json.dumps(value)


def medians(ratios):
    return f"{statistics.median(ratios):.3f} ({', '.join(f'{ratio:.3f}' for ratio in ratios)})"


def crates(path, model):
    """Milliseconds of a call by the crates, microseconds of one row, and seconds of processor time of a call."""
    took = []
    for calls in (1, 21):
        before = os.times()
        printed = subprocess.run([path, model, str(calls)], check=True, capture_output=True, text=True).stdout.split()
        after = os.times()
        took.append(sum(after[2:4]) - sum(before[2:4]))
    *all_calls, row = (float(line) for line in printed)
    return statistics.median(all_calls), row, (took[1] - took[0]) / 20


def milliseconds(work, times=5):
    work()
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(1e3 * (time.perf_counter() - start))
    return taken


def microseconds(work, times=2_000):
    work()
    start = time.perf_counter()
    for _ in range(times):
        work()
    return 1e6 * (time.perf_counter() - start) / times


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("encode")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=5)
    args = parser.parse_args()
    x = mnist()
    with tempfile.TemporaryDirectory() as folder:
        ratios, shares, own, theirs = [], [], [], []
        for _ in range(args.rounds):
            seconds, training, estimator, spec = fit(x, args.epochs)
            other, loss = program(args.program, spec, folder)
            assert estimator.model_.history[-1]["train_loss"] == loss
            own.append(seconds)
            theirs.append(other)
            ratios.append(seconds / other)
            shares.append(seconds / training)
        print(f"fit, {args.epochs} epochs: {statistics.median(own):.2f} s, the program trains {statistics.median(theirs):.2f} s,", end=" ")
        print(f"ratio {medians(ratios)}; over its own epochs {medians(shares)}")
        model = latentia.train(x[:2000], preset="features", epochs=1)
        model.save(f"{folder}/features.safetensors")
        floats = (np.arange(60_000 * 784, dtype=np.int64) * 7 % 256).astype(np.float32).reshape(60_000, 784) / np.float32(255)
        ratios, processor, own, theirs = [], [], [], []
        for _ in range(args.rounds):
            before = sum(os.times()[:2])
            ours = milliseconds(lambda: model.encode(floats), 20)
            ours_processor = (sum(os.times()[:2]) - before) / 21
            crate, row, crate_processor = crates(args.encode, f"{folder}/features.safetensors")
            own.append(statistics.median(ours))
            theirs.append(crate)
            ratios.append(own[-1] / crate)
            processor.append(ours_processor / crate_processor)
        print(f"encode 60,000 x 784 to 32: {statistics.median(own):.1f} ms, the crates {statistics.median(theirs):.1f} ms,", end=" ")
        print(f"ratio {medians(ratios)}; of processor time {medians(processor)}")
        one = floats[:1].copy()
        print(f"encode one row: {microseconds(lambda: model.encode(one)):.1f} us, the crates {row:.1f} us")
        own = Autoencoder(spec="features", random_state=0)
        own.set_params(spec={"model": model.spec, "training": {"epochs": 1}}).fit(x[:2000])
        print(f"Autoencoder.transform of one row: {microseconds(lambda: own.transform(one), 200):.0f} us")


if __name__ == "__main__":
    main()
