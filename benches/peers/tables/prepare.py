"""Nine real tables as CSV, to measure tables with: as their packages ship them, nothing cleaned.

| package | sets | licence |
|---|---|---|
| scikit-learn 1.9.1, PyPI | wine, breast_cancer, iris (UCI repository, CC BY 4.0), diabetes (Efron et al. 2004) | BSD-3-Clause |
| vega-datasets 3.2.1, npm | penguins (K. Gorman, palmerpenguins, CC0), movies (origin not stated) | BSD-3-Clause |
| r-cran-mlbench 2.1-3, Debian | PimaIndiansDiabetes2, HouseVotes84, Soybean (UCI repository) | GPL-2 |

Packages are downloaded to FOLDER/packages, once. A missing cell is empty, as JSON's null, or `NA`, as R writes it. scikit-learn's
classes are written by name, in a last column `class`, its number to be predicted as `target`. Prints the size of each table.

    pip install scikit-learn==1.9.1 pandas==2.3.3 rdata==1.1.0         and of the system: npm, apt-get, dpkg-deb
    python prepare.py FOLDER
"""

import argparse
import csv
import json
import subprocess
import tarfile
import warnings
from pathlib import Path

import rdata
from sklearn import datasets

VEGA, MLBENCH = "vega-datasets@3.2.1", "r-cran-mlbench=2.1-3-1"


def scikit_learn(name):
    """Header and rows of one of scikit-learn's data sets."""
    bunch = getattr(datasets, f"load_{name}")()
    header = [*map(str, bunch.feature_names)]
    if "target_names" not in bunch:
        return [*header, "target"], [[*row, target] for row, target in zip(bunch.data.tolist(), bunch.target.tolist())]
    names = [str(bunch.target_names[target]) for target in bunch.target]
    return [*header, "class"], [[*row, name] for row, name in zip(bunch.data.tolist(), names)]


def vega(name, packages):
    """Header and rows of one of vega-datasets' JSON files, numbers as they are written there."""
    archive = packages / "vega-datasets-3.2.1.tgz"
    if not archive.exists():
        subprocess.run(["npm", "pack", "--silent", VEGA], cwd=packages, check=True, stdout=subprocess.DEVNULL)
    with tarfile.open(archive) as files:
        records = json.load(files.extractfile(f"package/data/{name}.json"), parse_float=str, parse_int=str)
    header = list(dict.fromkeys(key for record in records for key in record))
    return header, [["" if record.get(key) is None else record[key] for key in header] for record in records]


def mlbench(name, packages):
    """Header and rows of one of mlbench's data frames, as R's `write.csv(row.names = FALSE, quote = FALSE)` gives them."""
    unpacked = packages / "mlbench"
    if not unpacked.exists():
        subprocess.run(["apt-get", "-qq", "download", MLBENCH], cwd=packages, check=True, stderr=subprocess.DEVNULL)
        (archive,) = packages.glob("r-cran-mlbench_2.1-3-1_*.deb")
        subprocess.run(["dpkg-deb", "-x", archive, unpacked], check=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame = rdata.read_rda(unpacked / f"usr/lib/R/site-library/mlbench/data/{name}.rda")[name]
    numbers = {column: frame[column].dtype.kind == "f" for column in frame}

    def cell(column, value):
        return "NA" if value != value else format(value, ".15g") if numbers[column] else value

    rows = [[cell(column, value) for column, value in zip(frame, row)] for row in frame.itertuples(index=False)]
    return list(frame), rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    packages = folder.resolve() / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    tables = {name: scikit_learn(name) for name in ("wine", "breast_cancer", "diabetes", "iris")}
    tables |= {name: vega(name, packages) for name in ("penguins", "movies")}
    tables |= {name: mlbench(name, packages) for name in ("PimaIndiansDiabetes2", "HouseVotes84", "Soybean")}
    print("| set | rows | columns | missing cells |\n|---|---|---|---|")
    for name, (header, rows) in tables.items():
        with open(folder / f"{name}.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(rows)
        missing = sum(cell in ("", "NA") for row in rows for cell in row)
        print(f"| {name} | {len(rows)} | {len(header)} | {missing} |")


if __name__ == "__main__":
    main()
