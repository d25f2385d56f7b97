"""Detects anomalies with Latentia and with PyOD's AutoEncoder by turns, so that their seconds can be held against each other.

Each split is learned from and scored by both, one right after the other, in one thread, first by the one and at the next split first by the
other. Ours are two processes a split, started, reading and writing their files; PyOD's is one that goes on, with its arrays in memory.
What both need is said by `ours.py` and `peers.py`.

    python paired.py FOLDER [--program PATH] [--group reported|development] [--results NAME]    FOLDER as `prepare.py` fills it
"""

import warnings

import ours
import peers
from table import BESIDE, SPLITS, Results, arguments, cases


def main():
    options = arguments(__doc__, **ours.OPTIONS)
    warnings.simplefilter("ignore")
    peers.warm_up(BESIDE)
    turn = [
        (Results(options, ours.name(options)), lambda folder: ours.scored(options, folder)),
        (Results(options, BESIDE), lambda folder: peers.scored(BESIDE, folder)),
    ]
    for _, case, _ in cases(options):
        for split in SPLITS:
            for results, score in turn:
                results.measure(options.folder / case / str(split), score)
            turn.reverse()


if __name__ == "__main__":
    main()
