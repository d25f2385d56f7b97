"""A model that has learned."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

from latentia import _latentia, _tables
from latentia._arrays import as_codes, as_examples, as_labels, as_seed


def load(path: str | os.PathLike[str]) -> Model:
    """Read a model file, which the program or `Model.save` wrote.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    Model

    Raises
    ------
    OSError
        Where the file cannot be read.
    latentia.Error
        Where it is no model of this version, or has changed since it was written.
    """
    return Model.load(path)


class Model:
    """An autoencoder that has learned, with how it came to be and all that its file keeps.

    Made by `latentia.train` and `latentia.load`. It never changes, so threads may share one. Pickling it keeps the bytes of its file.

    Examples are arrays ``[n, ...]`` of the model's shape, or ``[n, width]``. ``float32`` and ``uint8`` in C order are borrowed without a
    copy, and must not be written to by other threads meanwhile; other numbers are copied to ``float32``. Of a model of
    a table, `pandas.DataFrame` is taken too, and columns are matched by their names. A model of `windows` takes a series as well, ``[steps,
    features]``, and cuts it as it learned: ``n`` is then the number of windows.

    Examples
    --------
    >>> import numpy as np
    >>> import latentia
    >>> X = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
    >>> model = latentia.train(X, preset="table", epochs=5)
    >>> model
    Model('table': 4 values -> 2, 1,798 parameters)
    >>> import pickle
    >>> again = pickle.loads(pickle.dumps(model))
    >>> bool((again.encode(X) == model.encode(X)).all())
    True
    """

    __slots__ = ("__weakref__", "_about", "_core")

    def __init__(self, core: _latentia.Core) -> None:
        if not isinstance(core, _latentia.Core):
            raise TypeError("a model comes from `latentia.train` or `latentia.load`")
        self._core = core
        self._about: dict[str, Any] | None = None

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Model:
        """Read a model file; see `latentia.load`."""
        return cls(_latentia.Core.load(os.fspath(path)))

    @classmethod
    def from_bytes(cls, data: bytes) -> Model:
        """Read the bytes of a model file, as `to_bytes` gives them."""
        return cls(_latentia.Core.from_bytes(bytes(data)))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to a file, whole or not at all.

        Parameters
        ----------
        path : str or path-like
            Usually ends in ``.safetensors``. A file of that name is replaced.
        """
        self._core.save(os.fspath(path))

    def to_bytes(self) -> bytes:
        """The bytes that `save` writes."""
        return self._core.to_bytes()

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self).from_bytes, (self.to_bytes(),))

    def __repr__(self) -> str:
        about = self._known
        name, width = about["provenance"]["preset"], about["code_width"]
        shape = "x".join(str(size) for size in about["shape"])
        values = "values" if len(about["shape"]) == 1 else "pixels" if about["axes"] != "ntf" else "steps"
        return f"Model({name!r}: {shape} {values} -> {width}, {about['parameters']:,} parameters)"

    @property
    def _known(self) -> dict[str, Any]:
        if self._about is None:
            self._about = json.loads(self._core.describe())
        return self._about

    @property
    def spec(self) -> dict[str, Any] | None:
        """What the model is made of, as `latentia.train` takes it under ``spec``; None of one with parts of somebody's own."""
        return json.loads(json.dumps(self._known["spec"]))

    @property
    def provenance(self) -> dict[str, Any]:
        """How the model came to be: ``preset``, ``data``, ``fingerprint``, ``seed``, ``training``, ``stopped_by``, ``history``."""
        return json.loads(json.dumps(self._known["provenance"]))

    @property
    def history(self) -> list[dict[str, Any]]:
        """Every epoch: its number from 1, ``train_loss``, ``validation_loss`` or None, both in `loss_unit`, and ``learning_rate``."""
        return self.provenance["history"]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one example."""
        return tuple(self._known["shape"])

    @property
    def code_width(self) -> int:
        """Dimensions of a code."""
        return self._known["code_width"]

    @property
    def schema(self) -> dict[str, Any] | None:
        """What the columns of the table are that it learned from; None where that was an array."""
        return json.loads(json.dumps(self._known["schema"]))

    @property
    def windows(self) -> dict[str, Any] | None:
        """How a series is cut into examples: ``length`` and ``stride`` in time steps, and ``schema``, what its columns are; None of a
        model of other examples, or of windows that somebody else has cut."""
        return json.loads(json.dumps(self._known["windows"]))

    @property
    def loss_unit(self) -> str:
        """The unit of the loss."""
        return self._known["loss_unit"]

    @property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, of all that the file says."""
        return self._known["digest"]

    @property
    def detector(self) -> dict[str, Any] | None:
        """What `score` is made of and calibrated by; None where it is the loss alone."""
        return self._known["detector"]

    def encode(self, X: Any, labels: Any = None) -> np.ndarray:
        """Codes of examples: the mean of each, where a code has a distribution.

        Parameters
        ----------
        X : array-like ``[n, ...]`` or DataFrame
        labels : array-like of int ``[n]``, optional
            Classes from 0, of a model that is conditioned on them.

        Returns
        -------
        ndarray of float32 ``[n, code_width]``
            Row ``i`` has the same bits whatever other rows there are.

        Raises
        ------
        latentia.Error
            Where examples do not fit the model or a value is not finite. It is a `ValueError`.
        """
        return self._core.encode(self._examples(X), as_labels(labels))

    def decode(self, codes: Any, labels: Any = None) -> np.ndarray:
        """Examples from codes, the mean of each element.

        Parameters
        ----------
        codes : array-like ``[n, code_width]``
        labels : array-like of int ``[n]``, optional

        Returns
        -------
        ndarray of float32 ``[n, *shape]``
            In the data's own scale; bytes count as values from 0 to 1. `to_frame` makes a table of them.
        """
        return self._core.decode(as_codes(codes), as_labels(labels))

    def reconstruct(self, X: Any, labels: Any = None) -> Any:
        """Examples encoded and decoded.

        Parameters
        ----------
        X : array-like ``[n, ...]`` or DataFrame
        labels : array-like of int ``[n]``, optional

        Returns
        -------
        ndarray of float32 ``[n, *shape]``, or DataFrame
            In the data's own scale, bytes as values from 0 to 1; a DataFrame of a DataFrame, with its index, but for windows of one.
        """
        again = self._core.reconstruct(self._examples(X), as_labels(labels))
        is_table = _tables.is_frame(X) and self._known["schema"] is not None
        return self.to_frame(again, index=X.index) if is_table else again

    def score(self, X: Any, labels: Any = None, *, loss: bool = False) -> np.ndarray:
        """How little each example looks like those that the model learned from: the higher, the stranger.

        Parameters
        ----------
        X : array-like ``[n, ...]`` or DataFrame
        labels : array-like of int ``[n]``, optional
        loss : bool, default False
            The loss of the model, in `loss_unit`, instead of the score of its `detector`.

        Returns
        -------
        ndarray of float64 ``[n]``
        """
        return self._core.score(self._examples(X), as_labels(labels), loss)

    def p_values(self, scores: Any) -> np.ndarray:
        """Conformal p-values of scores: of examples that belong, at most a share ``p`` has one of at most ``p``.

        Parameters
        ----------
        scores : array-like of float ``[n]``
            As `score` gives them.

        Returns
        -------
        ndarray of float64 ``[n]``
        """
        return self._core.p_values(np.ascontiguousarray(scores, dtype=np.float64))

    def threshold(self, false_alarm: float = 0.01) -> float | None:
        """The score above which at most a share ``false_alarm`` of the examples lies that belong; None where no score is so high."""
        return self._core.threshold(float(false_alarm))

    def sample(
        self,
        n: int = 1,
        *,
        seed: int = 0,
        draw: bool = False,
        labels: Any = None,
        like: Any = None,
        prior: str | None = None,
        components: int = 10,
    ) -> np.ndarray:
        """New examples: from the model's prior, or from one that was kept in its file.

        Parameters
        ----------
        n : int, default 1
        seed : int, default 0
            Example ``i`` is the same for every ``n``.
        draw : bool, default False
            One draw from the likelihood instead of its mean. Rows of tables are always drawn where the model knows how.
        labels : array-like of int ``[n]``, optional
        like : array-like or DataFrame, optional
            Examples to whose codes ``prior`` is fitted, to draw codes from in place of the model's own. A plain autoencoder has none.
        prior : {"mixture", "flow", "knn", "hypersphere", "autoregressive"}, optional
            What is fitted to the codes of ``like``: by default a mixture of Gaussians, or of quantised codes an autoregressive prior of
            their indices, which takes a minute.
        components : int, default 10
            Gaussians in the mixture.

        Returns
        -------
        ndarray of float32 ``[n, *shape]``
        """
        if n < 0:
            raise ValueError(f"n is {n}; it must be at least 0")
        if prior is not None and like is None:
            raise ValueError(f"prior is {prior!r} without like; it is fitted to the codes of examples")
        like = None if like is None else self._examples(like)
        return self._core.sample(n, as_seed(seed), bool(draw), as_labels(labels), like, prior, components)

    def evaluate(
        self,
        X: Any,
        labels: Any = None,
        *,
        training: Any = None,
        training_labels: Any = None,
        importance_samples: int = 100,
        seed: int = 0,
    ) -> dict[str, Any]:
        """Every measure that fits the model, on examples, beside those of PCA with as many components.

        Parameters
        ----------
        X : array-like ``[n, ...]`` or DataFrame
        labels : array-like of int ``[n]``, optional
        training : array-like ``[m, ...]`` or DataFrame, optional
            What PCA learns from, in place of ``X`` itself; where both have classes, how well these are told from codes is measured
            too.
        training_labels : array-like of int ``[m]``, optional
        importance_samples : int, default 100
            Samples for each example behind the likelihood of a variational model.
        seed : int, default 0
            Seed of these samples.

        Returns
        -------
        dict
            ``mse``, ``pca_mse``, ``loss``, … as ``latentia evaluate --json`` calls them; docs/guide.md has their units.
        """
        text = self._core.evaluate(
            self._examples(X),
            as_labels(labels),
            None if training is None else self._examples(training),
            as_labels(training_labels),
            importance_samples,
            as_seed(seed),
        )
        return json.loads(text)

    def compress(self, X: Any, *, quality: int | None = None, lossless: bool = False) -> bytes:
        """Examples as bytes, which this model alone decompresses, on any machine.

        Parameters
        ----------
        X : array-like ``[n, ...]``
        quality : int from 1 to 100, optional
            50 where nothing is said, 100 of a model whose codes are whole numbers.
        lossless : bool, default False
            Every byte comes back; for ``uint8`` alone.

        Returns
        -------
        bytes
            What ``latentia compress`` writes.
        """
        return self._core.compress(self._examples(X), quality, bool(lossless))

    def decompress(self, data: bytes) -> np.ndarray:
        """What was compressed, ``[n, *shape]``, of ``uint8`` or ``float32`` as it was."""
        return self._core.decompress(bytes(data))

    def to_onnx(self, part: str = "reconstruct", *, rows: str = "whole", false_alarm: float = 0.01) -> bytes:
        """A part of the model for other runtimes, preprocessing and its inverse inside.

        Parameters
        ----------
        part : {'reconstruct', 'encode', 'decode', 'score'}
        rows : {'whole', 'bytes', 'columns'}
            What goes in: numbers in the data's own scale and pictures as values from 0 to 1, pictures as bytes, or each column of a
            table by its name.
        false_alarm : float, default 0.01
            What a score is flagged by.

        Returns
        -------
        bytes
            What ``latentia export`` writes.

        Raises
        ------
        latentia.Error
            Where something in the model has no counterpart in ONNX.
        """
        return self._core.onnx(part, rows, float(false_alarm))

    def to_frame(self, values: Any, index: Any = None) -> Any:
        """Rows of a table as a `pandas.DataFrame`: names, levels, booleans, dates and whole numbers as in the table.

        Parameters
        ----------
        values : array-like ``[n, width]``
            As `decode`, `reconstruct` and `sample` give them.
        index : Index, optional

        Returns
        -------
        pandas.DataFrame
        """
        schema = self._known["schema"]
        if schema is None:
            raise _latentia.Error("the model learned from an array, which has no names of columns")
        return _tables.to_frame(np.asarray(values), schema, index)

    def _examples(self, x: Any) -> np.ndarray:
        if type(x) is not np.ndarray and _tables.is_frame(x):
            schema = self._known["schema"] or (self._known["windows"] or {}).get("schema")
            if schema is not None:
                return _tables.to_array(x, schema)
        x = as_examples(x)
        # A series of one feature.
        return x[:, np.newaxis] if x.ndim == 1 and self._known["windows"] is not None else x
