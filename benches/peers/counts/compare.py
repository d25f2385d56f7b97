"""Learns counts of cells: the preset `counts` beside scVI of scvi-tools, of equal sizes.

Both have 128 units either way, ten numbers a cell, a negative binomial, zero-inflated or not, whose dispersions are a gene's, the observed
library, batches of 128 cells, at most 400 epochs, and a tenth of the training cells to validate by. scVI goes through all epochs, its
default (`epochs`), stops early by its own rule (`early`), or does the former and goes back to the weights of the best validated ELBO (`best`), as
the preset does. A fifth of the cells is held out, for three seeds, and `measure.py` says what is measured of them; `own` is the
likelihood as either program has it itself, 1,000 samples a cell. Results of scVI are kept in WORK/counts.json, so that ours can be run
again alone. A cell of the table is the median of the seeds, least and greatest.

    pip install scvi-tools==1.4.2 scanpy==1.11.5 scikit-learn==1.9.1
    python prepare.py WORK
    python compare.py WORK [--program PATH] [--train="OPTIONS"] [--seeds 1,2,3] [--peer epochs,early,best]
"""

import argparse
import copy
import json
import logging
import shlex
import subprocess
import time
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas
import torch
from measure import SAMPLES, Ours, likelihood, neighbours
from prepare import SEEDS

PROGRAM = Path(__file__).resolve().parents[3] / "target/release/latentia"
NAMES = {"nb": "negative-binomial", "zinb": "zinb"}
COLUMNS = ("likelihood", "own", "elbo", "reconstruction", "neighbours", "epochs", "seconds")


def read(path):
    """Counts `[cells, genes]` and types."""
    table = pandas.read_csv(path)
    return table.drop(columns=["cell", "type"]).to_numpy(np.float64), table["type"].to_numpy()


def keeping(kept):
    """A callback that keeps the weights of the epoch with the best validated ELBO."""
    from lightning.pytorch.callbacks import Callback

    class Keeping(Callback):
        def on_validation_epoch_end(self, trainer, plan):
            loss = float(trainer.callback_metrics.get("elbo_validation", np.inf))
            if not trainer.sanity_checking and loss < kept.get("loss", np.inf):
                weights = {name: value.clone() for name, value in plan.module.state_dict().items()}
                kept.update(loss=loss, epoch=trainer.current_epoch + 1, weights=weights)

    return Keeping()


def scvi_of(kind, plans, train, test, seed):
    """What is measured of scVI after one training: `early`, or after all epochs its last weights, and the best ones."""
    import anndata
    import scvi

    scvi.settings.seed = seed
    cells, held_out = (anndata.AnnData(counts.astype(np.float32)) for counts, _ in (train, test))
    scvi.model.SCVI.setup_anndata(cells)
    model = scvi.model.SCVI(cells, n_latent=10, n_hidden=128, n_layers=1, gene_likelihood=kind, use_observed_lib_size=True)
    kept, early = {}, plans == ["early"]
    begin = time.perf_counter()
    model.train(
        max_epochs=400,
        train_size=0.9,
        early_stopping=early,
        check_val_every_n_epoch=1,
        callbacks=[keeping(kept)],
        **{"accelerator": "cpu", "enable_progress_bar": False},
    )
    took = {"seconds": time.perf_counter() - begin}
    results = {}
    for plan in plans:
        epochs = len(model.history["elbo_train"])
        if plan == "best":
            epochs = kept["epoch"]
            model.module.load_state_dict(kept["weights"])
        results[plan] = measured(model, kind, cells, held_out, train, test) | took | {"epochs": epochs}
    return results


def measured(model, kind, cells, held_out, train, test):
    """What is measured of the weights that a model of scvi-tools has."""
    # The mean that it gives by itself is one over batches, whatever their sizes.
    own = float(model.get_marginal_ll(held_out, n_mc_samples=SAMPLES, return_mean=False).mean())
    codes = [model.get_latent_representation(side) for side in (cells, held_out)]
    module = copy.deepcopy(model.module).double().eval()

    def decode(z):
        library = torch.zeros(*z.shape[:-1], 1, dtype=z.dtype)
        shares, _, _, logits = module.decoder("gene", z, library, torch.zeros(z.shape[-2], 1))
        return shares, module.px_r, logits if kind == "zinb" else None

    found = likelihood(torch.from_numpy(test[0]), lambda x: module.z_encoder(x.log1p())[0], decode)
    return found | {"own": own, "neighbours": neighbours(codes[0], train[1], codes[1], test[1])}


def ours_of(program, options, kind, train, test, seed, work):
    """What is measured of the preset `counts`."""

    def run(*words):
        done = subprocess.run([program, *map(str, words)], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"`latentia {shlex.join(map(str, words))}`:\n{done.stderr}")
        return done.stdout

    out, sides = work / f"ours-{kind}-{seed}", [work / f"{side}-{seed}.csv" for side in ("train", "test")]
    columns, model = ("--label", "type", "--id", "cell"), out / "model.safetensors"
    begin = time.perf_counter()
    report = json.loads(
        run(
            *("train", "--preset", "counts", "--data", sides[0], *columns, "--out", out, "--seed", seed, "--force", "--json", "--quiet"),
            *("--set", f'model.likelihood="{NAMES[kind]}"', *options),
        )
    )
    seconds = time.perf_counter() - begin
    own = json.loads(run("evaluate", model, "--data", sides[1], "--importance-samples", SAMPLES, "--json"))
    codes = []
    for side in sides:
        run("encode", model, side, "-o", out / "codes.npy")
        codes.append(np.load(out / "codes.npy"))
    network = Ours(model, test[0].shape[1])
    found = likelihood(torch.from_numpy(test[0]), network.encode, network.decode)
    near = neighbours(codes[0], train[1], codes[1], test[1])
    return found | {"own": -own["nll_nats"], "neighbours": near, "epochs": report["best_epoch"], "seconds": seconds}


def key(kind, plan, seed):
    """The name that a result of scVI is kept by."""
    return f"{version('scvi-tools')} {kind} {plan} {seed}"


def shown(values, digits):
    """Median, least and greatest."""
    return f"{np.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def row(name, results):
    """A line of the table."""
    cells = []
    for column in COLUMNS:
        factor, digits = 100 if column == "neighbours" else 1, 0 if column in ("epochs", "seconds") else 1
        cells.append(shown([factor * result[column] for result in results], digits))
    print(f"| {name} |", " | ".join(cells), "|", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("--program", type=Path, default=PROGRAM)
    parser.add_argument("--train", default="", help="further options of `latentia train`")
    parser.add_argument("--seeds", default=",".join(map(str, SEEDS)))
    parser.add_argument("--peer", default="epochs,early,best", help="which of scVI's, by comma; none if empty")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    logging.disable(logging.WARNING)
    cache = options.work / "counts.json"
    known = json.loads(cache.read_text()) if cache.exists() else {}
    seeds = [int(seed) for seed in options.seeds.split(",")]
    cuts = {seed: [read(options.work / f"{side}-{seed}.csv") for side in ("train", "test")] for seed in seeds}
    held_out = len(cuts[seeds[0]][1][1])
    print(f"scvi-tools {version('scvi-tools')}, torch {version('torch')}; {held_out} cells held out, seeds {options.seeds}\n")
    print("| |", " | ".join(COLUMNS), "|\n|---|" + "---|" * len(COLUMNS))
    for kind in NAMES:
        ours = [ours_of(options.program.resolve(), shlex.split(options.train), kind, *cuts[seed], seed, options.work) for seed in seeds]
        row(f"`{NAMES[kind]}` Latentia", ours)
        for plan in filter(None, options.peer.split(",")):
            together = ["early"] if plan == "early" else ["epochs", "best"]
            for seed in seeds:
                if key(kind, plan, seed) not in known:
                    results = scvi_of(kind, together, *cuts[seed], seed)
                    known.update({key(kind, plan, seed): result for plan, result in results.items()})
                    cache.write_text(json.dumps(known, indent=1))
            row(f"`{NAMES[kind]}` scVI, {plan}", [known[key(kind, plan, seed)] for seed in seeds])


if __name__ == "__main__":
    main()
