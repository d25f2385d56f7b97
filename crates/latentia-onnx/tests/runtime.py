"""Holds exported models to what the program computes, by onnxruntime: `python runtime.py PROGRAM FOLDER`.

Each case trains a little on made-up data, exports every part, and compares outputs for 1 and for 17 examples. `cargo xtask onnx` runs it in an
environment of its own.
"""

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

PROGRAM, FOLDER = sys.argv[1], Path(sys.argv[2])
BATCHES = (1, 17)
DENSE, CONV = 1e-5, 1e-4

LAYERS = (Path(__file__).parent / "every_layer.toml").read_text()

LEVELS = """
[model]
likelihood = "discretised-logistic"
code = { kind = "gaussian", units = 4 }
encoder = [{ layer = "dense", units = 32, activation = "relu" }]
decoder = [{ layer = "dense", units = 32, activation = "relu" }, { layer = "dense" }]
[training]
epochs = 3
"""

CATEGORIES = """
[model]
preprocessing = "unit-range"
likelihood = "bernoulli"
encoder = [{ layer = "dense", units = 40 }]
code = { kind = "gumbel-softmax", categories = 8 }
decoder = [{ layer = "dense" }]
"""

PLANAR = """
[model]
likelihood = "bernoulli"
code = { kind = "gaussian", units = 5, posterior = { kind = "planar", steps = 3 } }
encoder = [{ layer = "dense", units = 32, activation = "relu" }]
decoder = [{ layer = "dense", units = 32, activation = "relu" }, { layer = "dense" }]
[training]
epochs = 2
"""

CLASSES = """
[model]
likelihood = "gaussian-learned-scale"
preprocessing = "standardise"
condition = { classes = 4 }
code = { kind = "gaussian", units = 3 }
encoder = [{ layer = "dense", units = 16, activation = "tanh" }]
decoder = [{ layer = "dense", units = 16, activation = "tanh" }, { layer = "dense" }]
[training]
epochs = 2
"""


def make_data(seed, folder):
    """Writes data that the cases learn from, or others like them."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    rows = np.tanh(rng.normal(size=(200, 3)) @ rng.normal(size=(3, 12))) * 3 + 10
    np.save(folder / "rows.npy", (rows + 0.2 * rng.normal(size=rows.shape)).astype(np.float32))
    grey = (255 * rng.random((64, 28, 28)) ** 3).astype(np.uint8)
    np.save(folder / "grey.npy", grey)
    np.save(folder / "binary.npy", 255 * (grey > 60).astype(np.uint8))
    np.savez(folder / "classes.npz", x=grey, y=np.arange(64) % 10)
    np.savez(folder / "four.npz", x=rows.astype(np.float32), y=np.arange(200) % 4)
    np.save(folder / "colour.npy", (255 * rng.random((48, 32, 32, 3))).astype(np.uint8))
    np.save(folder / "odd.npy", (255 * rng.random((48, 20, 17, 2))).astype(np.uint8))
    steps = np.arange(64)[None, :, None] * 0.2 + 6 * rng.random((64, 1, 2))
    series = np.sin(steps) + 0.1 * rng.normal(size=(64, 64, 2))
    np.save(folder / "series.npy", series.astype(np.float32))
    with open(folder / "mixed.csv", "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["size", "colour", "large", "weight", "place"])
        for _ in range(300):
            size = rng.normal()
            colour = ["red", "green", "blue"][min(int(abs(size) * 2), 2)]
            weight = "" if rng.random() < 0.1 else f"{np.exp(size) + 0.1 * rng.random():.4f}"
            place = "" if rng.random() < 0.1 else rng.choice(["here", "there", "far", "away"])
            table.writerow([f"{size:.4f}", colour, "yes" if size > 0.5 else "no", weight, place])


# Name, preset with options of `detect` or experiment, data, tolerance, and whether a detector scores.
CASES = [
    ("digits", "digits", "grey.npy", DENSE, True),
    ("tiny", "tiny", "rows.npy", DENSE, False),
    ("deep", "deep", "grey.npy", DENSE, False),
    ("variational", "variational", "grey.npy", DENSE, False),
    ("top-k", "top-k", "grey.npy", DENSE, False),
    ("vq-vae", "vq-vae", "grey.npy", DENSE, False),
    ("rate-distortion", "rate-distortion", "grey.npy", DENSE, False),
    ("lossless", "lossless", "grey.npy", DENSE, True),
    ("vae-burda", "vae-burda", "binary.npy", DENSE, False),
    ("vamp", "vamp", "binary.npy", DENSE, False),
    ("hierarchical", "hierarchical", "binary.npy", DENSE, False),
    ("iaf", "iaf", "binary.npy", DENSE, False),
    ("planar flow", PLANAR, "binary.npy", DENSE, False),
    ("radial flow", PLANAR.replace("planar", "radial"), "binary.npy", DENSE, False),
    ("categories", CATEGORIES, "grey.npy", DENSE, False),
    ("svae", "svae", "binary.npy", DENSE, False),
    ("conditional-vae", "conditional-vae", "classes.npz", DENSE, False),
    ("conv", "conv", "grey.npy", CONV, False),
    ("conv-vae", "conv-vae", "grey.npy", CONV, False),
    ("conv-vq-vae", "conv-vq-vae", "grey.npy", CONV, False),
    ("residual-vq", "residual-vq", "grey.npy", CONV, False),
    ("fsq", "fsq", "grey.npy", CONV, False),
    ("cifar-conv", "cifar-conv", "colour.npy", CONV, False),
    ("photos", "photos", "colour.npy", CONV, True),
    ("anomaly-conv", "anomaly-conv", "grey.npy", CONV, True),
    ("series", "series", "series.npy", CONV, True),
    ("series-vae", "series-vae", "series.npy", CONV, True),
    ("table", "table", "mixed.csv", DENSE, True),
    ("table-vae", "table-vae", "mixed.csv", DENSE, True),
    ("table-imputation", "table-imputation", "mixed.csv", DENSE, False),
    ("anomaly", "anomaly", "mixed.csv", DENSE, True),
    # The second reconstructs so well that what its losses are above the least is rounded away in either.
    ("two members", "anomaly --members 2", "mixed.csv", CONV, True),
    ("anomaly of rows", "anomaly", "rows.npy", DENSE, True),
    ("every layer", LAYERS, "odd.npy", CONV, False),
    ("levels of pixels", LEVELS, "grey.npy", DENSE, True),
    ("classes of rows", CLASSES, "four.npz", DENSE, True),
]


def latentia(*arguments):
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, f"{arguments}: {done.stderr}"


def train(name, experiment, data, with_detector):
    """A model file, of one epoch or what a detector needs."""
    folder = FOLDER / name.replace(" ", "-")
    if "[model]" in experiment:
        (FOLDER / "experiment.toml").write_text(experiment)
        latentia("train", "--config", FOLDER / "experiment.toml", "--data", data, "--out", folder, "--force")
        return folder / "model.safetensors"
    if with_detector:
        folder.mkdir(exist_ok=True)
        latentia("detect", "--train", data, "--preset", *experiment.split(), "--save", folder / "model.safetensors")
    else:
        latentia("train", "--preset", experiment, "--epochs", 1, "--data", data, "--out", folder, "--force")
    return folder / "model.safetensors"


def examples(data, session):
    """Inputs of a session from a file of data, as arrays."""
    if data.suffix == ".csv":
        return {"x": cells(data, json.loads(properties(session)["latentia.schema"]))}
    with np.load(data) if data.suffix == ".npz" else open(data, "rb") as file:
        arrays = file if data.suffix == ".npz" else {"x": np.load(file)}
        x, labels = arrays["x"], arrays["y"] if "y" in arrays else None
    scale = 255 if x.dtype == np.uint8 else 1
    inputs = {"x": x.astype(np.float32) / np.float32(scale)}
    return inputs if labels is None else inputs | {"label": labels.astype(np.int64)}


def properties(session):
    return session.get_modelmeta().custom_metadata_map


def cells(path, schema):
    """The rows of a table as a model takes them: an element for each column that is learned from."""
    columns = [c for c in schema["column"] if c["kind"] in ("number", "date", "boolean", "category")]
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))

    def cell(row, column):
        text = row[column["name"]]
        if text == "":
            return np.nan
        levels = column.get("levels")
        return levels.index(text) if levels else float(text) - column.get("offset", 0.0)

    return np.array([[cell(row, column) for column in columns] for row in rows], np.float32)


def expected(part, model, data):
    """What the program computes, by the name of the output."""
    out = FOLDER / ("codes.npy" if part == "encode" else "expected.npy")
    match part:
        case "encode":
            latentia("encode", model, data, "-o", out)
            return {"code": np.load(out)}
        case "decode":
            latentia("decode", model, FOLDER / "codes.npy", "-o", out)
        case "reconstruct":
            latentia("reconstruct", model, data, "-o", out)
        case "score":
            latentia("detect", model, data, "-o", out.with_suffix(".csv"))
            with open(out.with_suffix(".csv"), newline="") as file:
                rows = list(csv.DictReader(file))
            score, p = (np.array([float(row[name]) for row in rows]) for name in ("score", "p_value"))
            return {"score": score, "p_value": p, "is_anomaly": np.array([row["flag"] == "true" for row in rows])}
    return {"reconstruction": np.load(out)}


def difference(obtained, wanted):
    """The largest, relative to the value or to 1; infinite where only one of both is missing."""
    obtained, wanted = obtained.astype(np.float64), wanted.astype(np.float64)
    if (np.isnan(obtained) != np.isnan(wanted)).any():
        return np.inf
    return np.nanmax(np.abs(obtained - wanted) / np.maximum(np.abs(wanted), 1), initial=0)


def check(name, experiment, data, tolerance, with_detector):
    """The largest difference of each part."""
    # What calibrates a score, and is scored again, has the p-value of either side of itself: others are scored.
    data, new = FOLDER / data, FOLDER / "new" / data
    model = train(name, experiment, data, with_detector)
    found = {}
    for part in ["encode", "reconstruct", "decode"] + ["score"] * with_detector:
        path = FOLDER / f"{part}.onnx"
        latentia("export", model, "-o", path, "--part", part)
        loaded = onnx.load(path)
        onnx.checker.check_model(loaded, full_check=True)
        assert loaded.ir_version == 8 and loaded.opset_import[0].version == 18
        session = onnxruntime.InferenceSession(path)
        own = new if part == "score" else data
        inputs = examples(own, session)
        if part == "decode":
            codes = np.load(FOLDER / "codes.npy")
            # Codes do not say their class: the program gives them in turn.
            inputs = {"code": codes, "label": np.arange(len(codes)) % classes(session)}
        wanted = expected(part, model, own)
        taken = {own.name for own in session.get_inputs()}
        found[part] = 0.0
        for batch in BATCHES:
            for first in (0, 7):
                some = {key: x[first : first + batch] for key, x in inputs.items() if key in taken}
                names = [own.name for own in session.get_outputs()]
                for output, obtained in zip(names, session.run(names, some)):
                    own = wanted[output][first : first + batch].reshape(obtained.shape)
                    found[part] = max(found[part], difference(obtained, own))
    if data.suffix == ".csv":
        found["columns"] = check_columns(model, data)
    if data.name in ("grey.npy", "colour.npy"):
        found["bytes"] = check_bytes(model, data)
    passed = all(own <= tolerance for own in found.values())
    figures = ", ".join(f"{part} {own:.1e}" for part, own in found.items())
    print(f"{name}: {figures}{'' if passed else f', more than {tolerance:.0e}'}", flush=True)
    return passed


def check_columns(model, data):
    """0 where a table's columns go in and come out by their names as the program has them, else infinite."""
    path, out = FOLDER / "columns.onnx", FOLDER / "expected.csv"
    latentia("export", model, "-o", path, "--columns")
    onnx.checker.check_model(path, full_check=True)
    latentia("reconstruct", model, data, "-o", out)
    session = onnxruntime.InferenceSession(path)
    with open(data, newline="") as file, open(out, newline="") as wanted:
        rows, wanted = list(csv.DictReader(file)), list(csv.DictReader(wanted))
    levels = {own.name for own in session.get_inputs() if own.type == "tensor(string)"}
    assert levels == {"colour", "large", "place"}
    inputs = {}
    for own in session.get_inputs():
        texts = [row[own.name] for row in rows]
        texts = texts if own.name in levels else [float(text) if text else np.nan for text in texts]
        kind = object if own.name in levels else np.float64
        inputs[own.name] = np.array(texts, kind)[:, None]
    most = 0.0
    names = [own.name for own in session.get_outputs()]
    for name, obtained in zip(names, session.run(None, inputs)):
        column = name.removeprefix("reconstruction.")
        own = np.array([row[column] for row in wanted])[:, None]
        if column in levels:
            most = max(most, 0.0 if (obtained == own).all() else np.inf)
        else:
            # Written with as many decimals as the table has.
            close = np.abs(obtained - own.astype(np.float64)) <= 0.51e-4
            most = max(most, 0.0 if close.all() else np.inf)
    return most


def check_bytes(model, data):
    """The largest difference of reconstructions, where pixels go in as bytes."""
    path = FOLDER / "bytes.onnx"
    latentia("export", model, "-o", path, "--bytes")
    onnx.checker.check_model(path, full_check=True)
    (obtained,) = onnxruntime.InferenceSession(path).run(None, {"x": np.load(data)})
    wanted = expected("reconstruct", model, data)["reconstruction"]
    return difference(obtained, wanted.reshape(obtained.shape))


def classes(session):
    condition = json.loads(properties(session)["latentia.spec"]).get("condition")
    return condition["classes"] if condition else 1


def main():
    make_data(1, FOLDER)
    make_data(2, FOLDER / "new")
    only = sys.argv[3:]
    passed = [check(*case) for case in CASES if not only or case[0] in only]
    print(f"{sum(passed)} passed, {len(passed) - sum(passed)} failed")
    sys.exit(not all(passed))


if __name__ == "__main__":
    main()
