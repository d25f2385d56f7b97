"""Draws synthetic rows of two tables: ours beside the TVAE of the package `ctgan`.

Four fifths of the rows of penguins and PimaIndiansDiabetes2 are learned from, for three seeds, and as many rows are drawn as were
learned from. Ours takes rows with gaps as they are. TVAE takes none: it gets the complete rows, or, as SDV's synthesizer hands them
to it, all rows with the mean in a number's gap, the mark `missing` in a category's, and gaps put back at random in as many of
its rows. It runs on the CPU with its defaults, 300 epochs. Its results are kept in WORK/synthesise.json.

- trees, logistic: accuracy on the other fifth of HistGradientBoostingClassifier and LogisticRegression that learned from drawn
  rows, over that of the same that learned from the real ones.
- shapes: of drawn against learned rows, 1 less the Kolmogorov-Smirnov statistic of a number's known cells, 1 less the total
  variation of a category's; the mean over columns. The other fifth itself is measured beside them.
- pairs: the mean absolute difference of the correlations of pairs of numbers.

    pip install scikit-learn==1.9.1 pandas==2.3.3 ctgan==0.12.1       of ctgan (Business Source License 1.1): only to measure
    python synthesise.py DATA WORK [--program PATH] [--train="OPTIONS"] [--sample="OPTIONS"]    DATA as `prepare.py` fills it
"""

import json
import shlex
import shutil
import warnings

import numpy as np
import pandas
from scipy.stats import ks_2samp
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from table import Failed, Program, arguments, kinds, read, values

LABELS, SEEDS, EPOCHS = {"penguins": "Species", "PimaIndiansDiabetes2": "diabetes"}, (1, 2, 3), 300
MEASURES = ("trees", "logistic", "shapes", "pairs")


def classifiers(table):
    """The two classifiers of a table's rows; both take gaps and levels not seen."""
    numbers, categories = kinds(table)
    ordinal = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    trees = ColumnTransformer([("categories", ordinal, categories)], remainder="passthrough")
    one_hot = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore"))
    scaled = make_pipeline(SimpleImputer(), StandardScaler())
    linear = ColumnTransformer([("categories", one_hot, categories), ("numbers", scaled, numbers)])
    return {
        "trees": make_pipeline(trees, HistGradientBoostingClassifier(random_state=0)),
        "logistic": make_pipeline(linear, LogisticRegression(max_iter=1000)),
    }


def accuracies(learned, test, label):
    """The accuracy of each classifier on the rows of `test`; that of the one class where there is only one to learn."""
    learned = learned[learned[label].notna()]
    if learned[label].nunique() < 2:
        return dict.fromkeys(("trees", "logistic"), float(test[label].isin(learned[label]).mean()))
    inputs = learned.drop(columns=label)
    return {
        name: float(model.fit(inputs, learned[label]).score(test.drop(columns=label), test[label]))
        for name, model in classifiers(inputs).items()
    }


def measures(drawn, train, test, label):
    """What the table shows, of rows that were drawn."""
    numbers, categories = kinds(train)
    shapes = []
    for column in numbers:
        known = drawn[column].dropna()
        shapes.append(1 - ks_2samp(known, train[column].dropna()).statistic if len(known) else 0.0)
    for column in categories:
        shares = [rows[column].value_counts(normalize=True) for rows in (drawn, train)]
        shapes.append(1 - shares[0].sub(shares[1], fill_value=0).abs().sum() / 2)
    pairs = np.triu_indices(len(numbers), 1)
    correlations = [np.nan_to_num(rows[numbers].corr().to_numpy()[pairs]) for rows in (drawn, train)]
    return {
        **accuracies(drawn, test, label),
        "shapes": float(np.mean(shapes)),
        "pairs": float(np.abs(correlations[0] - correlations[1]).mean()),
    }


def tvae(rows, seed):
    """As many rows as were learned from by TVAE, which takes no gaps."""
    import torch
    from ctgan import TVAE

    torch.manual_seed(seed)
    np.random.seed(seed)
    torch.set_num_threads(1)
    model = TVAE(epochs=EPOCHS, enable_gpu=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(rows, kinds(rows)[1])
        return model


def complete(train, seed):
    """TVAE on the rows without gaps."""
    return tvae(train.dropna(), seed).sample(len(train))


def filled(train, seed):
    """TVAE on all rows, gaps filled before, and put back after in as many cells of a column, at random."""
    numbers, _ = kinds(train)
    model = tvae(train.fillna({**train[numbers].mean(), **{c: "missing" for c in kinds(train)[1]}}), seed)
    drawn, random = model.sample(len(train)), np.random.default_rng(seed)
    gaps = random.random((len(drawn), len(numbers))) < train[numbers].isna().mean().to_numpy()
    drawn[numbers] = drawn[numbers].mask(gaps)
    return drawn.replace("missing", np.nan)


REFERENCES = {"TVAE, complete rows": complete, "TVAE, gaps filled": filled}


def ours(program, options, train, like, work):
    """As many rows as were learned from by a model of ours."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    learned, out, model = work / "train.csv", work / "rows.csv", work / "run/model.safetensors"
    train.to_csv(learned, index=False)
    program.run("train", "--data", learned, "--out", work / "run", *shlex.split(options.train))
    program.run("sample", model, "--count", len(train), "-o", out, *shlex.split(options.sample))
    drawn = read(out)
    lost = [column for column in train if column not in drawn]
    if lost:
        raise Failed(f"{out} lacks {lost}; it has {list(drawn)}")
    drawn = drawn[list(train)]
    wrong = [c for c in kinds(like)[0] if pandas.to_numeric(drawn[c], errors="coerce").isna().ne(drawn[c].isna()).any()]
    if wrong:
        raise Failed(f"{out} has text in the columns of numbers {wrong}")
    return values(drawn, like=train)


def main():
    options = arguments(__doc__, ",".join(LABELS), train="--preset table-vae", sample="")
    program, cache = Program(options.program), options.work / "synthesise.json"
    known = json.loads(cache.read_text()) if cache.exists() else {}
    failures = {}

    print(f"| set | rows of | {' | '.join(MEASURES)} |\n|---|---|---|---|---|---|")
    for name in options.sets.split(","):
        label, text = LABELS[name], read(options.data / f"{name}.csv")
        table, results, base = values(text), {}, []
        for seed in SEEDS:
            order = np.random.default_rng(seed).permutation(len(table))
            learned, held_out = np.split(order, [len(table) * 4 // 5])
            train, test = table.iloc[learned], table.iloc[held_out]
            base.append(accuracies(train, test, label))
            draws = {method: lambda draw=draw: draw(train, seed) for method, draw in REFERENCES.items()}
            work = options.work / f"synthesise/{name}-{seed}"
            draws["Latentia"] = lambda: ours(program, options, text.iloc[learned], table, work)
            results.setdefault("real, the other fifth", []).append(measures(test, train, test, label))
            for method, draw in draws.items():
                key = f"{method} ctgan 0.12.1 {name} {seed}"
                try:
                    measured = known.get(key) or measures(draw(), train, test, label)
                except (Failed, ImportError) as failed:
                    failures[str(failed).replace(str(work), "WORK")] = True
                    continue
                if method != "Latentia":
                    known[key] = measured
                    cache.write_text(json.dumps(known, indent=1))
                results.setdefault(method, []).append(measured)
        print(f"| {name} | real, accuracy | {mean(base, 'trees'):.1%} | {mean(base, 'logistic'):.1%} | | |")
        for method, measured in results.items():
            own = method.startswith("real")
            ratios = ["" if own else f"{mean(measured, kind) / mean(base, kind):.3f}" for kind in ("trees", "logistic")]
            print(f"| {name} | {method} | {' | '.join(ratios)} |", end=" ")
            print(f"{mean(measured, 'shapes'):.3f} | {mean(measured, 'pairs'):.3f} |", flush=True)
    for failure in failures:
        print(f"\n{failure}")


def mean(results, measure):
    return np.mean([result[measure] for result in results])


if __name__ == "__main__":
    main()
