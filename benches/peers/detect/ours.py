"""Detects anomalies with Latentia, in one thread, on the same splits as `peers.py`.

`latentia detect --train` learns from the training part as it is, with a preset, and scores the test part; with a file it is `latentia
train` that learns. Seconds are of the processes from start to end, with reading and writing their files. Results are kept by --name:
give another for another program, or remove its file.

    pip install scikit-learn==1.9.1 pandas==2.3.3
    python ours.py FOLDER [--program PATH] [--preset NAME | --config FILE] [--name NAME] [--train="OPTIONS"] [--group …] [--results NAME]
"""

import shlex
import tempfile
import time
from pathlib import Path

import numpy as np

from program import PROGRAM, run
from table import SPLITS, Results, arguments, cases

OPTIONS = {"program": PROGRAM, "preset": "anomaly", "config": "", "name": "", "train": ""}


def scored(options, folder):
    """The scores of the test part, and the seconds they took."""
    further, usual = shlex.split(options.train), folder / "train.csv"
    with tempfile.TemporaryDirectory() as work:
        learned, scores = Path(work) / "run", Path(work) / "scores.npy"
        begin = time.perf_counter()
        if options.config:
            train = ["train", "--config", options.config, "--data", usual, "--out", learned, "--force", "--threads", 1]
            run(options.program, *train, *further)
            model = [learned / "model.safetensors"]
        else:
            model = ["--train", usual, "--preset", options.preset, *further]
        run(options.program, "detect", *model, folder / "test.csv", "-o", scores, "--threads", 1)
        return np.load(scores), time.perf_counter() - begin


def name(options):
    """What results are kept by."""
    return options.name or f"Latentia {Path(options.config).stem or options.preset}"


def main():
    options = arguments(__doc__, **OPTIONS)
    results = Results(options, name(options))
    for _, case, _ in cases(options):
        for split in SPLITS:
            results.measure(options.folder / case / str(split), lambda folder: scored(options, folder))


if __name__ == "__main__":
    main()
