"""Prints what methods found of the anomalies: mean AUROC and average precision by group and kind of anomaly, and seconds.

Results are in FOLDER/results/METHOD.json, as `peers.py`, `ours.py` and `paired.py` write them. A mean is over the cases of a kind, or over all of a
group, of three splits each; after ± is the standard deviation of that mean from split to split. Seconds are of training and scoring,
the median over splits, and a ratio to another method's is the median over splits of their ratios. With --cases each case stands in a
row of its own, so that misses can be seen.

    pip install scikit-learn==1.9.1 pandas==2.3.3
    python table.py FOLDER [--group reported|development] [--cases] [--results NAME]    FOLDER as `prepare.py` fills it
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas
from sklearn.metrics import average_precision_score, roc_auc_score

from program import shown

SPLITS = (0, 1, 2)
MANY_ROWS, BESIDE = 1_000, "AutoEncoder"
MEASURES = {"auroc": "AUROC", "average_precision": "average precision"}


def arguments(description, **options):
    """What a script is told: the folder, which group of cases, and further options by name and default."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--group", default="", help="`development` or `reported` [default: both]")
    parser.add_argument("--results", default="results", help="folder of the results, in FOLDER [default: results]")
    for option, usual in options.items():
        kind = {"action": "store_true"} if usual is False else {"default": usual, "type": type(usual)}
        parser.add_argument(f"--{option}", **kind)
    return parser.parse_args()


def cases(options):
    """The group, name and kind of each case."""
    groups = json.loads((options.folder / "groups.json").read_text())
    return [(group, name, kind) for group in groups if options.group in ("", group) for name, kind in groups[group].items()]


def read(path):
    """A table with numbers as floats, other cells as text, NaN where one is missing."""
    return pandas.read_csv(path, keep_default_na=False, na_values=["", "NA"])


def labels(folder):
    """Which test rows of a split are anomalies."""
    return pandas.read_csv(folder / "labels.csv")["anomaly"].to_numpy()


class Results:
    """What a method found, by case and split: kept in a file at once, so that a run goes on where it was ended."""

    def __init__(self, options, method):
        self.path = options.folder / options.results / f"{method}.json"
        self.path.parent.mkdir(exist_ok=True)
        self.found = json.loads(self.path.read_text()) if self.path.exists() else {}

    def measure(self, folder, score):
        """Measures the scores that `score(folder)` gives with its seconds, where that was not done; a failure is kept in words."""
        key = f"{folder.parent.name}/{folder.name}"
        if "auroc" in self.found.get(key, {}):
            return
        try:
            scores, seconds = score(folder)
            known = labels(folder)
            found = {"auroc": roc_auc_score(known, scores), "average_precision": average_precision_score(known, scores)}
            self.found[key] = {**found, "seconds": seconds}
        except Exception as failed:  # a peer may fail in any way, and the others go on
            self.found[key] = {"failed": f"{type(failed).__name__}: {failed}"}
            print(f"{self.path.stem} {key}: {failed}", flush=True)
        self.path.write_text(json.dumps(self.found, indent=1))


def mean(found, names, measure):
    """A mean over cases with its deviation over splits, or how many results are missing."""
    values = [[found.get(f"{name}/{split}", {}).get(measure) for name in names] for split in SPLITS]
    missing = sum(value is None for row in values for value in row)
    if missing:
        return f"{missing} missing"
    means = np.mean(values, axis=1)
    return f"{means.mean():.3f} ± {means.std(ddof=1):.3f}"


def rows_of(folder):
    """How many rows a split has."""
    return sum(len(read(folder / f"{part}.csv")) for part in ("train", "test"))


def seconds(methods, splits, beside):
    """Median seconds of each method over these splits, with how many times as long another one took."""
    taken = {name: {key: found[key].get("seconds") for key in splits if key in found} for name, found in methods.items()}
    for name, own in taken.items():
        own = {key: took for key, took in own.items() if took}
        ratios = [other / own[key] for key, other in taken.get(beside, {}).items() if other and key in own]
        yield name, [f"{np.median(values):.2g}" if values else "-" for values in (list(own.values()), ratios)]


def main():
    options = arguments(__doc__, cases=False)
    methods = {path.stem: json.loads(path.read_text()) for path in sorted((options.folder / options.results).glob("*.json"))}
    listed = cases(options)
    for group in dict.fromkeys(group for group, _, _ in listed):
        own = [(name, kind) for of, name, kind in listed if of == group]
        kinds = {kind: [name for name, of in own if of == kind] for _, kind in own} | {"all": [name for name, _ in own]}
        for measure, title in MEASURES.items():
            rows = [["method", *(f"{kind} ({len(names)})" for kind, names in kinds.items())]]
            for method, found in methods.items():
                rows.append([method, *(mean(found, names, measure) for names in kinds.values())])
            shown(f"{group}: mean {title}", rows)
            if options.cases:
                each = [[name, *(mean(found, [name], measure) for found in methods.values())] for name, _ in own]
                shown(f"{group}: {title} of each case", [["case", *methods], *each])
    splits = [f"{name}/{split}" for _, name, _ in listed for split in SPLITS]
    many = [key for key in splits if rows_of(options.folder / key) >= MANY_ROWS]
    each = [dict(seconds(methods, keys, BESIDE)) for keys in (splits, many)]
    header = ["method"]
    for of in (f"all {len(splits)} splits", f"{len(many)} of {MANY_ROWS:,} rows or more"):
        header += [f"seconds, {of}", f"{BESIDE}'s are so many times as long"]
    shown("seconds of training and scoring", [header, *([name, *each[0][name], *each[1][name]] for name in methods)])


if __name__ == "__main__":
    main()
