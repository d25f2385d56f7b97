"""Trains on each of the nine tables with no option, and prints what was measured beside PCA.

`latentia train --data X.csv --out FOLDER` and `latentia evaluate MODEL --data X.csv`. Rows are what the program gives as numbers:
`held out.…` by training, of the rows that it held out, `all rows.…` by evaluating. What each column got is in WORK/reconstruct.json,
with all else that both said; the notes of training on standard error are in WORK/reconstruct/NAME.txt.

    pip install pandas==2.3.3
    python reconstruct.py DATA WORK [--program PATH] [--train="OPTIONS"] [--sets NAME,…]    DATA as `prepare.py` fills it
"""

import json
import shlex
import shutil

from table import SETS, Failed, Program, arguments

CONFIGURATION = {"seed", "pca_components", "threads"}


def numbers(found, prefix):
    """The numbers of a JSON object by their name; those of objects in it too, but of no list nor of `columns`."""
    for name, value in found.items():
        if isinstance(value, dict) and name != "columns":
            yield from numbers(value, f"{prefix}{name}.")
        elif isinstance(value, (int, float)) and not isinstance(value, bool) and name not in CONFIGURATION:
            yield f"{prefix}{name}", value


def measured(program, options, name):
    """What training and evaluating say of a table, and the seconds they take."""
    data, work = options.data / f"{name}.csv", options.work / f"reconstruct/{name}"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    train = ["train", "--data", data, "--out", work / "run", "--json", *shlex.split(options.train)]
    trained, training = program.run(*train, notes=work.with_suffix(".txt"))
    evaluated, evaluating = program.run("evaluate", work / "run/model.safetensors", "--data", data, "--json")
    said = {"train": json.loads(trained), "evaluate": json.loads(evaluated)}
    seconds = {"seconds.train": training, "seconds.evaluate": evaluating}
    held_out = dict(numbers(said["train"].get("evaluation") or {}, "held out."))
    return said, {**seconds, **held_out, **dict(numbers(said["evaluate"], "all rows."))}


def main():
    options = arguments(__doc__, SETS, train="")
    names, said, rows, failures = options.sets.split(","), {}, {}, []
    for name in names:
        try:
            said[name], found = measured(Program(options.program), options, name)
            for measure, value in found.items():
                rows.setdefault(measure, {})[name] = f"{value:.4g}"
        except (Failed, OSError) as failed:
            failures.append(f"{name}: {failed}")
    (options.work / "reconstruct.json").write_text(json.dumps(said, indent=1))
    print("| |", *(f"{name} |" for name in names))
    print("|---|" + "---|" * len(names))
    for measure, found in rows.items():
        print(f"| {measure} |", *(f"{found.get(name, '-')} |" for name in names))
    for failure in failures:
        print(f"\n{failure}")


if __name__ == "__main__":
    main()
