"""Detects anomalies with Latentia, in one thread, on the same splits as `peers.py`.

`latentia train` learns from the training part as it is, with a preset or a file, and `latentia detect` scores the test part. Seconds
are of both, with reading and writing their files. Results are kept by --name: give another for another program, or remove its file.

    pip install scikit-learn==1.9.1 pandas==2.3.3
    python ours.py FOLDER [--program PATH] [--preset NAME | --config FILE] [--name NAME] [--train="OPTIONS"] [--group …]
"""

import shlex
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from table import SPLITS, Results, arguments, cases

PROGRAM = Path(__file__).resolve().parents[3] / "target/release/latentia"


def run(*words):
    """Runs a command; what it said on standard error is the error where it fails."""
    done = subprocess.run([*map(str, words)], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip() or f"exit code {done.returncode}")


def scored(options, folder):
    """The scores of the test part, and the seconds they took."""
    model = ["--config", options.config] if options.config else ["--preset", options.preset]
    with tempfile.TemporaryDirectory() as work:
        learned, scores = Path(work) / "run", Path(work) / "scores.npy"
        begin = time.perf_counter()
        train = ["train", *model, "--data", folder / "train.csv", "--out", learned, "--force", "--threads", 1]
        run(options.program, *train, *shlex.split(options.train))
        run(options.program, "detect", learned / "model.safetensors", folder / "test.csv", "-o", scores, "--threads", 1)
        return np.load(scores), time.perf_counter() - begin


def main():
    options = arguments(__doc__, program=PROGRAM, preset="anomaly", config="", name="", train="")
    results = Results(options.folder, options.name or f"Latentia {Path(options.config).stem or options.preset}")
    for _, name, _ in cases(options):
        for split in SPLITS:
            results.measure(options.folder / name / str(split), lambda folder: scored(options, folder))


if __name__ == "__main__":
    main()
