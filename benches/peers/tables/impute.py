"""Fills hidden cells of three tables: ours beside scikit-learn's SimpleImputer, KNNImputer and IterativeImputer.

Of the known cells of the learned columns 10% and 30% are hidden, each with the same chance, for three seeds. Measured over all
hidden cells of a table: the root mean squared error of numbers, each column divided by its standard deviation before hiding, and
the accuracy of categories. The classes of wine and breast_cancer are left out, the species of penguins is a column like others.

KNNImputer (5 neighbours) and IterativeImputer (its defaults) get standardised numbers and one-hot categories, of which the
largest is taken. IterativeImputer gets all levels but the last, whose value is one less theirs: with it, each level follows from
the others of its row, which are as missing, and all stay at their means. Results of these are kept in WORK/impute.json, so that
ours can be run again alone.

    pip install scikit-learn==1.9.1 pandas==2.3.3
    python impute.py DATA WORK [--program PATH] [--train="OPTIONS"] [--impute="OPTIONS"]    DATA as `prepare.py` fills it
"""

import json
import shlex
import shutil
import warnings

import numpy as np
import pandas
import sklearn
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer

from table import Failed, Program, arguments, kinds, read, values

LEFT_OUT = {"penguins": [], "wine": ["class"], "breast_cancer": ["class"]}
SHARES, SEEDS = (0.1, 0.3), (1, 2, 3)


def hide(table, share, seed):
    """Which cells are hidden: known ones, each with the chance `share`."""
    return table.notna() & (np.random.default_rng(seed).random(table.shape) < share)


def simple(table):
    """Means and most frequent levels."""
    filled = table.copy()
    for columns, strategy in zip(kinds(table), ("mean", "most_frequent")):
        if columns:
            filled[columns] = SimpleImputer(strategy=strategy).fit_transform(table[columns])
    return filled


def encoded(imputer, dropped=0):
    """Fills with an imputer of numbers: standardised, categories one-hot less `dropped` levels, the largest taken."""

    def fill(table):
        numbers, categories = kinds(table)
        mean, deviation = table[numbers].mean(), table[numbers].std(ddof=0)
        parts, names = [(table[numbers] - mean) / deviation], []
        for column in categories:
            levels = pandas.get_dummies(table[column], dtype=float).where(table[column].notna(), axis=0)
            parts.append(levels.iloc[:, : levels.shape[1] - dropped])
            names.append(levels.columns.to_numpy())
        widths = np.cumsum([part.shape[1] for part in parts])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dense = np.split(imputer().fit_transform(np.hstack(parts)), widths[:-1], axis=1)
        filled = table.copy()
        filled[numbers] = dense[0] * deviation.to_numpy() + mean.to_numpy()
        for column, levels, scores in zip(categories, names, dense[1:]):
            scores = np.hstack([scores, 1 - scores.sum(axis=1, keepdims=True)][: 1 + dropped])
            filled[column] = table[column].fillna(pandas.Series(levels[scores.argmax(axis=1)], table.index))
        return filled

    return fill


REFERENCES = {
    "SimpleImputer": simple,
    "KNNImputer": encoded(lambda: KNNImputer(n_neighbors=5)),
    "IterativeImputer": encoded(lambda: IterativeImputer(random_state=0), dropped=1),
}


def score(table, filled, hidden):
    """Error of the hidden numbers in standard deviations, accuracy of the hidden categories or none."""
    numbers, categories = kinds(table)
    errors = ((filled[numbers] - table[numbers]) / table[numbers].std(ddof=0)).to_numpy()[hidden[numbers].to_numpy()]
    right = (filled[categories] == table[categories]).to_numpy(bool)[hidden[categories].to_numpy(bool)]
    return [float(np.sqrt(np.mean(errors**2))), float(right.mean()) if right.size else None]


def ours(program, options, text, hidden, work):
    """The table with holes, filled by a model that learned from it."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    holes, out, model = work / "holes.csv", work / "filled.csv", work / "run/model.safetensors"
    text.mask(hidden).to_csv(holes, index=False)
    _, training = program.run("train", "--data", holes, "--out", work / "run", *shlex.split(options.train))
    _, imputing = program.run("impute", model, holes, "-o", out, *shlex.split(options.impute))
    filled, lost = read(out), [column for column in text if column not in read(out)]
    if lost or len(filled) != len(text):
        raise Failed(f"{out} has {len(filled)} rows and lacks {lost or 'no column'}; {len(text)} rows and all columns were given")
    filled = values(filled[list(text)], like=text)
    empty = int((filled.isna() & hidden).to_numpy().sum())
    if empty:
        raise Failed(f"{out} leaves {empty} of {int(hidden.to_numpy().sum())} hidden cells empty")
    return filled, training + imputing


def main():
    options = arguments(__doc__, ",".join(LEFT_OUT), train="", impute="")
    program, cache = Program(options.program), options.work / "impute.json"
    known = json.loads(cache.read_text()) if cache.exists() else {}
    failures = {}
    try:
        program.needs("impute")
    except Failed as failed:
        failures[str(failed)], program = 1, None

    print(f"scikit-learn {sklearn.__version__}; RMSE in standard deviations, accuracy of categories;", end=" ")
    print(f"mean of {len(SEEDS)} seeds\n")
    print("| set | hidden |", *(f"{name} |" for name in [*REFERENCES, "Latentia"]), "seconds |")
    print("|---|---|" + "---|" * (len(REFERENCES) + 2))
    for name in options.sets.split(","):
        text = read(options.data / f"{name}.csv").drop(columns=LEFT_OUT[name])
        table = values(text)
        for share in SHARES:
            scores, seconds = {method: [] for method in [*REFERENCES, "Latentia"]}, []
            for seed in SEEDS:
                hidden = hide(table, share, seed)
                for method, fill in REFERENCES.items():
                    key = f"{method} {sklearn.__version__} {name} {share} {seed}"
                    known[key] = known.get(key) or score(table, fill(table.mask(hidden)), hidden)
                    scores[method].append(known[key])
                cache.write_text(json.dumps(known, indent=1))
                if program:
                    try:
                        filled, took = ours(program, options, text, hidden, options.work / f"impute/{name}-{share}-{seed}")
                        scores["Latentia"].append(score(table, filled, hidden))
                        seconds.append(took)
                    except Failed as failed:
                        failures[str(failed)] = failures.get(str(failed), 0) + 1
            print(f"| {name} | {share:.0%} |", *(f"{shown(scores[method])} |" for method in scores), end=" ")
            print(f"{np.mean(seconds):.1f} |" if seconds else "- |", flush=True)
    for failure in failures:
        print(f"\n{failure}")


def shown(scores):
    """The means over seeds, as the table shows them."""
    if not scores:
        return "-"
    error, right = np.mean([error for error, _ in scores]), [right for _, right in scores if right is not None]
    return f"{error:.3f}, {np.mean(right):.1%}" if right else f"{error:.3f}"


if __name__ == "__main__":
    main()
