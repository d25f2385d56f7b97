"""Detects anomalies with PyOD's AutoEncoder, isolation forest, kNN, ECOD and INNE, all with their defaults, in one thread.

They get numbers standardised on the training part, categories as one-hot columns of its levels, and gaps filled with its means.
Seconds are of fitting and of scoring the test part, from arrays in memory, after a first fit to a small table that is not counted.
PyOD's forests take their seed from the split. PyTorch 2.15.0 from PyPI brings CUDA's libraries, some 3 GB, and needs none of them.

| package | licence |
|---|---|
| pyod 3.6.7, PyPI | BSD-2-Clause |
| torch 2.15.0, PyPI | BSD-3-Clause |
| tqdm 4.70.1, PyPI, which PyOD's networks ask for | MPL-2.0 and MIT |

    pip install scikit-learn==1.9.1 pandas==2.3.3 pyod==3.6.7 torch==2.15.0 tqdm==4.70.1
    python peers.py FOLDER [--group reported|development] [--only NAME,…] [--results NAME]    FOLDER as `prepare.py` fills it
"""

import os

os.environ |= {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")}

import importlib
import time
import warnings

import numpy as np

from table import SPLITS, Results, arguments, cases, read

PEERS = {
    "IForest": ("iforest", lambda split: {"random_state": split}),
    "KNN": ("knn", lambda split: {}),
    "ECOD": ("ecod", lambda split: {}),
    "INNE": ("inne", lambda split: {"random_state": split}),
    "AutoEncoder": ("auto_encoder", lambda split: {"random_state": split, "verbose": 0}),
}


def dense(folder):
    """The training and the test part of a split as arrays of numbers."""
    train, test = read(folder / "train.csv"), read(folder / "test.csv")
    parts = []
    for name in train:
        if train[name].dtype.kind in "if":
            parts.append([rows[[name]].to_numpy(float) for rows in (train, test)])
        else:
            levels = sorted(train[name].dropna().unique())
            one_hot = [np.stack([rows[name] == level for level in levels], axis=1).astype(float) for rows in (train, test)]
            for own, rows in zip(one_hot, (train, test)):
                own[rows[name].isna()] = np.nan
            parts.append(one_hot)
    both = [np.hstack([part[side] for part in parts]) for side in (0, 1)]
    mean, deviation = np.nanmean(both[0], axis=0), np.nanstd(both[0], axis=0)
    return [np.nan_to_num((rows - mean) / np.where(deviation > 0, deviation, 1)) for rows in both]


def detector(peer, split):
    """A peer's detector, not fitted."""
    module, options = PEERS[peer]
    return getattr(importlib.import_module(f"pyod.models.{module}"), peer)(**options(split))


def warm_up(peer):
    """Loads what a peer needs, and fits it to a small table."""
    if peer == "AutoEncoder":
        importlib.import_module("torch").set_num_threads(1)
    detector(peer, 0).fit(np.random.default_rng(0).normal(size=(300, 4)))


def scored(peer, folder):
    """The scores of the test part, and the seconds they took."""
    train, test = dense(folder)
    model = detector(peer, int(folder.name))
    begin = time.perf_counter()
    model.fit(train)
    scores = model.decision_function(test)
    return scores, time.perf_counter() - begin


def main():
    options = arguments(__doc__, only=",".join(PEERS))
    warnings.simplefilter("ignore")
    for peer in options.only.split(","):
        try:
            warm_up(peer)
        except (ImportError, OSError, ValueError) as missing:
            print(f"{peer}: {missing}")
            continue
        results = Results(options, peer)
        for _, name, _ in cases(options):
            for split in SPLITS:
                results.measure(options.folder / name / str(split), lambda folder: scored(peer, folder))
        print(f"{peer}: done", flush=True)


if __name__ == "__main__":
    main()
