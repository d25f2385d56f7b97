"""How a model learns."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from latentia import _latentia, _tables
from latentia._arrays import as_examples, as_labels, as_seed, warn_of_rounding
from latentia._model import Model


class Epoch(NamedTuple):
    """What a callback is told when an epoch is over."""

    epoch: int
    """Its number, from 1."""
    epochs: int
    """Epochs that the run has at most."""
    train_loss: float
    """Mean loss over the training examples, in the likelihood's unit."""
    validation_loss: float | None
    """That over the validation examples, where there are some."""
    learning_rate: float
    """In force."""
    seconds: float
    """How long it took."""


def train(
    X: Any,
    y: Any = None,
    *,
    preset: str | None = None,
    spec: Mapping[str, Any] | str | os.PathLike[str] | None = None,
    validation: Any = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    patience: int | None = None,
    latent: int | None = None,
    members: int | None = None,
    training: Mapping[str, Any] | None = None,
    seed: int = 42,
    axes: str | None = None,
    window: int | None = None,
    stride: int | None = None,
    time: str | None = None,
    data: str = "array",
    name: str | None = None,
    keep: tuple[str, ...] = ("symbols", "detector"),
    callback: Callable[[Epoch], object] | None = None,
    progress: bool = False,
) -> Model:
    """Train an autoencoder.

    Parameters
    ----------
    X : array-like ``[n, ...]`` or pandas.DataFrame
        Examples. ``float32`` and ``uint8`` in C order are borrowed without a copy, and must not be written to by other threads
        meanwhile. Of ``uint8`` 255 stands for one. Of a DataFrame, numbers, booleans, categories, text, dates and gaps are taken as what
        they are.
    y : array-like of int ``[n]``, optional
        Classes from 0, of a model that is conditioned on them.
    preset : str, optional
        One of `latentia.presets`; without it and ``spec``, what suits the data.
    spec : dict, or path of a TOML file, optional
        What is trained, as `latentia.preset` gives it, or its ``model`` alone; see docs/spec.md. Keys may have ``_`` for ``-``.
    validation : float, array-like, DataFrame, or pair of examples and classes, optional
        The share of the examples that is held out, or examples to validate on. Without it what the preset says.
    epochs, batch_size, learning_rate, patience : optional
        In place of what the preset says.
    latent : int, optional
        Width of the code.
    members : int, optional
        Models whose scores are averaged by `Model.score`.
    training : dict, optional
        Any other key of the training, as ``{"clip-norm": 1.0}``.
    seed : int, default 42
        Of initial values, order and noise: the same seed gives the same bits.
    axes : {'nhw', 'nhwc', 'nchw', 'ntf'}, optional
        What the dimensions of ``X`` are, where sizes do not tell: pictures, or windows of a series.
    window : int, optional
        Steps of a window: ``X`` is a series, ``[steps]``, ``[steps, features]`` or a DataFrame with a row a time step, and examples are
        windows of it, ``[n, window, features]``. The model keeps how it is cut, and cuts others likewise.
    stride : int, optional
        Steps from the start of one window to that of the next; without it, an eighth of a window.
    time : str, optional
        The column of a DataFrame that says when a row is, and is not learned from.
    data : str, default 'array'
        What the model file calls the data. The program writes the name or path that it was given.
    name : str, optional
        What the model file calls the preset; without it, the preset's name, or ``'model'``.
    keep : tuple of {'symbols', 'detector'}
        What is fitted to the trained model and kept with it: what `Model.compress` needs, and what `Model.score` is by.
    callback : callable, optional
        Called with an `Epoch` after each. It may raise `StopIteration` to end the run with the best model so far.
    progress : bool, default False
        Show a bar by ``tqdm``, where that is installed.

    Returns
    -------
    Model

    Raises
    ------
    latentia.Error
        Where a specification, a value or a shape is wrong. It is a `ValueError`.
    TypeError
        Where examples are no numbers.
    KeyboardInterrupt
        After the batch in which Ctrl-C was pressed. Its attribute ``model`` is the best model so far, None in the first epoch, and without
        a detector where that was still to learn, of which a note says so. What a callback raises has one too.

    Warns
    -----
    latentia.DataWarning
        Where examples or columns are all equal, there are far more columns than rows, a column is left out, or numbers are rounded.
    latentia.TrainingWarning
        Where a loss was not finite, so that the run went back, or gradients vanish or explode.

    Examples
    --------
    >>> import numpy as np
    >>> import latentia
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> spec = {"likelihood": "mse", "preprocessing": "standardise",
    ...         "encoder": [{"layer": "dense", "units": 2}], "decoder": [{"layer": "dense"}]}
    >>> seen = []
    >>> model = latentia.train(X, spec=spec, epochs=3, validation=0.2, callback=seen.append)
    >>> [epoch.epoch for epoch in seen], len(model.history)
    ([1, 2, 3], 3)
    """
    schema = None
    if _tables.is_frame(X):
        schema = _tables.schema_of(X, time)
        examples = _tables.to_array(X, schema)
    elif time is not None:
        raise ValueError(f"time is {time!r}, the name of a column; it goes with a DataFrame")
    else:
        examples = as_examples(X)
        warn_of_rounding(X, examples)
    windows = _windows(window, stride, schema)
    if windows is not None and time is not None:
        _tables.check_times(X, time, data)
    if windows is not None:
        if y is not None:
            raise ValueError("windows of a series have no classes: y goes without window")
        if examples.ndim == 1:
            examples = examples[:, np.newaxis]
        if examples.ndim == 3 and examples.shape[1] == window:
            # Windows already.
            windows, axes = None, "ntf"
        schema = None
    changes = dict(training or {})
    said = {"epochs": epochs, "batch-size": batch_size, "learning-rate": learning_rate, "patience": patience}
    changes.update({key: value for key, value in said.items() if value is not None})
    test, test_labels = None, None
    if validation is not None:
        if isinstance(validation, (int, float)) and not isinstance(validation, bool):
            changes["validation"] = float(validation)
        else:
            pair = validation if isinstance(validation, tuple) else (validation, None)
            known = schema if windows is None else windows["schema"]
            test = _tables.to_array(pair[0], known) if known and _tables.is_frame(pair[0]) else as_examples(pair[0])
            if windows is not None and test.ndim == 1:
                test = test[:, np.newaxis]
            test_labels = as_labels(pair[1])
            changes["validation"] = "test"
    request = _request(preset, spec, changes, latent, members)
    unknown = set(keep) - {"symbols", "detector"}
    if unknown:
        raise ValueError(f"keep has {sorted(unknown)}; it may have 'symbols' and 'detector'")
    told, bar = _told(callback, progress)
    try:
        core, raised = _latentia.train(
            examples,
            as_labels(y),
            test,
            test_labels,
            json.dumps(request, default=_plain),
            name,
            data,
            as_seed(seed),
            axes,
            None if schema is None else json.dumps(schema),
            None if windows is None else json.dumps(windows),
            ["symbols" in keep, "detector" in keep],
            told,
        )
    finally:
        if bar is not None:
            bar.close()
    model = None if core is None else Model(core)
    if raised is None or (isinstance(raised, StopIteration) and model is not None):
        return model
    raised.model = model
    raise raised


def _windows(window: int | None, stride: int | None, schema: dict[str, Any] | None) -> dict[str, Any] | None:
    """How a series is cut, as the model keeps it."""
    if window is None:
        if stride is not None:
            raise ValueError("stride goes with window")
        return None
    stride = -(-int(window) // 8) if stride is None else stride
    for name, value in (("window", window), ("stride", stride)):
        if not isinstance(value, (int, np.integer)) or isinstance(value, bool):
            raise TypeError(f"{name} is a whole number of steps, not {type(value).__name__}")
        if value < 1:
            raise ValueError(f"{name} is {value}; it must be at least 1")
    return {"length": int(window), "stride": int(stride), "schema": schema}


def _request(
    preset: str | None,
    spec: Mapping[str, Any] | str | os.PathLike[str] | None,
    changes: dict[str, Any],
    latent: int | None,
    members: int | None,
) -> dict[str, Any]:
    if preset is not None and spec is not None:
        raise ValueError("preset and spec are both given; one of them says what to train")
    text = None
    if isinstance(spec, (str, os.PathLike)):
        with open(spec, encoding="utf-8") as file:
            text = file.read()
        spec = None
    return {
        "preset": preset,
        "spec": None if spec is None else _kebab(spec),
        "toml": text,
        "training": _kebab(changes),
        "latent": latent,
        "members": members,
    }


def _kebab(value: Any) -> Any:
    """The same with ``-`` for ``_`` in all keys."""
    if isinstance(value, Mapping):
        return {str(key).replace("_", "-"): _kebab(own) for key, own in value.items()}
    if isinstance(value, (list, tuple)):
        return [_kebab(own) for own in value]
    return value


def _plain(value: Any) -> Any:
    """NumPy's scalars as Python's."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a specification has numbers, text, lists and tables, not {type(value).__name__}")


def _told(
    callback: Callable[[Epoch], object] | None, progress: bool
) -> tuple[Callable[..., None] | None, Any]:
    """What is told of each epoch, and the bar that is to be closed."""
    bar = None
    if progress:
        try:
            from tqdm.auto import tqdm
        except ImportError:
            warnings.warn("progress is shown by `tqdm`, which is not installed", stacklevel=3)
        else:
            bar = tqdm(unit="epoch")
    if callback is None and bar is None:
        return None, None

    def tell(*known: Any) -> None:
        epoch = Epoch(*known)
        if bar is not None:
            bar.total = epoch.epochs
            watched = epoch.train_loss if epoch.validation_loss is None else epoch.validation_loss
            bar.set_postfix(loss=f"{watched:.4g}", refresh=False)
            bar.update()
        if callback is not None:
            callback(epoch)

    return tell, bar
