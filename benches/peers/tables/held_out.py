"""Reconstructs rows that nothing was learned from: the preset for tables beside PCA of as many dimensions, and the mean.

A fifth of each table is held out, for three seeds; training never sees it, and stops early by rows of its own. PCA learns from
the same four fifths: numbers standardised, levels as one-hot columns, gaps filled with means. What is measured is free of scales: R² of a
number, in the column's own unit, the accuracy of the likeliest level of a category, over known cells; the mean over columns. The
mean, and the commonest level, are what says nothing.

    pip install scikit-learn==1.9.1 pandas==2.3.3
    python held_out.py DATA WORK [--program PATH] [--train="OPTIONS"] [--sets NAME,…]    DATA as `prepare.py` fills it
"""

import json
import shlex
import shutil

import numpy as np
import pandas
from sklearn.decomposition import PCA

from table import SETS, Failed, Program, arguments, read

SEEDS = (1, 2, 3)


def as_learned(text, columns):
    """The columns that the program learned from: numbers and dates as floats, others as text."""
    made = {}
    for column in columns:
        name, own = column["name"], text[column["name"]]
        if column["kind"] != "number":
            made[name] = own
        elif "format" in column:
            made[name] = (pandas.to_datetime(own, format=column["format"]) - pandas.Timestamp(0)).dt.total_seconds() / 86400
        else:
            made[name] = pandas.to_numeric(own)
    return pandas.DataFrame(made)


def share(known, back, numeric):
    """R² or accuracy over known cells; None where R² has no meaning."""
    is_known = known.notna()
    known, back = known[is_known], back[is_known]
    if not numeric:
        return float((known == back).mean())
    spread = ((known - known.mean()) ** 2).sum()
    return float(1 - ((known - back) ** 2).sum() / spread) if spread > 0 else None


def by_pca(train, test, numeric, width):
    """Test rows projected on components of the training rows and back, and the mean and commonest level."""
    parts, back, simple = [], {}, {}
    for name in train:
        if numeric[name]:
            mean, deviation = train[name].mean(), train[name].std(ddof=0) or 1.0
            parts.append((name, None, [(rows[[name]] - mean) / deviation for rows in (train, test)], (mean, deviation)))
            simple[name] = pandas.Series(mean, test.index)
        else:
            levels = sorted(train[name].dropna().unique())
            one_hot = []
            for rows in (train, test):
                own = pandas.DataFrame({level: (rows[name] == level).astype(float) for level in levels})
                own[rows[name].isna() | ~rows[name].isin(levels)] = np.nan
                one_hot.append(own)
            parts.append((name, levels, one_hot, None))
            simple[name] = pandas.Series(train[name].mode().iloc[0], test.index)
    encoded = [pandas.concat([part[2][at] for part in parts], axis=1).to_numpy() for at in (0, 1)]
    fill = np.nanmean(encoded[0], axis=0)
    filled = [np.where(np.isnan(rows), fill, rows) for rows in encoded]
    pca = PCA(min(width, filled[0].shape[1])).fit(filled[0])
    projected = pca.inverse_transform(pca.transform(filled[1]))
    at = 0
    for name, levels, _, scale in parts:
        if levels is None:
            back[name] = pandas.Series(projected[:, at] * scale[1] + scale[0], test.index)
            at += 1
        else:
            likeliest = projected[:, at : at + len(levels)].argmax(axis=1)
            back[name] = pandas.Series([levels[level] for level in likeliest], test.index)
            at += len(levels)
    return back, simple


def measured(program, options, name, seed):
    """The mean over columns of what the model, PCA and the mean say of held-out rows."""
    work = options.work / "held_out"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    table = read(options.data / f"{name}.csv")
    order = np.random.default_rng(seed).permutation(len(table))
    cut = len(table) // 5
    test, train = table.iloc[sorted(order[:cut])], table.iloc[sorted(order[cut:])]
    train.to_csv(work / "train.csv", index=False)
    test.to_csv(work / "test.csv", index=False)
    model = work / "run/model.safetensors"
    program.run("train", "--data", work / "train.csv", "--out", work / "run", "--seed", seed, *shlex.split(options.train))
    program.run("reconstruct", model, work / "test.csv", "-o", work / "back.csv", "--no-ids")
    said = json.loads(program.run("evaluate", model, "--data", work / "test.csv", "--json")[0])
    info = json.loads(program.run("data", "info", work / "train.csv", "--json")[0])
    learned = {column["name"] for column in said["columns"]}
    columns = [
        {**column, "kind": "number" if column["kind"] in ("number", "date") else "category"}
        for column in info["columns"]
        if column["name"] in learned
    ]
    numeric = {column["name"]: column["kind"] == "number" for column in columns}
    own = as_learned(read(work / "back.csv"), columns).set_index(test.index)
    train, test = as_learned(train, columns), as_learned(test, columns)
    linear, simple = by_pca(train, test, numeric, said["pca_components"])
    found = []
    for column in columns:
        column = column["name"]
        shares = [share(test[column], back[column], numeric[column]) for back in (own, linear, simple)]
        if None not in shares:
            found.append(shares)
    return np.mean(found, axis=0)


def main():
    options = arguments(__doc__, SETS, train="")
    program = Program(options.program)
    print("| set | mean or mode | PCA | Latentia |\n|---|---|---|---|")
    for name in options.sets.split(","):
        try:
            own, linear, simple = np.mean([measured(program, options, name, seed) for seed in SEEDS], axis=0)
            print(f"| {name} | {simple:.3f} | {linear:.3f} | {own:.3f} |", flush=True)
        except (Failed, OSError) as failed:
            print(f"| {name} | {failed} |")


if __name__ == "__main__":
    main()
