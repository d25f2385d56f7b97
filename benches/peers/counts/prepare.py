"""Writes the counts of 700 blood cells, 765 genes of each, as a table, and cuts it three times.

The wheel of scanpy carries `pbmc68k_reduced`, cells of Zheng et al. 2017: `y = ln(1 + 10⁴ x / n)` of the counts `x`, `n` those of all genes of a cell, to
three decimals. So `x = n (exp(y) - 1) / 10⁴`, taken to the next whole number, which has to give `y` back to these decimals. The table
has the cell's name, its type (`bulk_labels`), and a column a gene; of each cut a fifth is held out.

    pip install scanpy==1.11.5
    python prepare.py WORK
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
import pandas

SEEDS = (1, 2, 3)
# Cuts for choices: nothing of them is reported.
CHOICES = (9, 10, 11)
TOTAL = 1e4
ROUNDING = 5e-4


def recovered(cells):
    """The table of counts of an AnnData object of logarithms."""
    logarithms = cells.raw.X.toarray().astype(np.float64)
    totals = cells.obs["n_counts"].to_numpy(np.float64)[:, None]
    counts = np.rint(np.expm1(logarithms) * totals / TOTAL)
    off = np.abs(np.log1p(counts * TOTAL / totals) - logarithms).max()
    if off > 1.01 * ROUNDING:
        raise SystemExit(f"counts give logarithms that are off by {off:.6f}; {ROUNDING} is their rounding")
    print(f"{counts.shape[0]} cells, {counts.shape[1]} genes: whole counts give the logarithms back to {off:.6f}")
    table = pandas.DataFrame(counts.astype(int), columns=list(cells.raw.var_names))
    table.insert(0, "cell", list(cells.obs_names))
    table.insert(1, "type", list(cells.obs["bulk_labels"]))
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path)
    work = parser.parse_args().work
    work.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import scanpy

        table = recovered(scanpy.datasets.pbmc68k_reduced())
    table.to_csv(work / "pbmc.csv", index=False)
    for seed in (*SEEDS, *CHOICES):
        order = np.random.default_rng(seed).permutation(len(table))
        held_out = len(table) // 5
        table.iloc[np.sort(order[held_out:])].to_csv(work / f"train-{seed}.csv", index=False)
        table.iloc[np.sort(order[:held_out])].to_csv(work / f"test-{seed}.csv", index=False)


if __name__ == "__main__":
    main()
