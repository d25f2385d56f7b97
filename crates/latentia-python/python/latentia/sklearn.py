"""Estimators for scikit-learn 1.6 and later.

`Autoencoder` and `VAE` are transformers, `OutlierDetector` is what its name says. They work in pipelines, searches and column
transformers, take arrays and `pandas.DataFrame`, and are pickled with their model.

Signs are scikit-learn's: `score_samples` is the higher the more usual a row is, `OutlierDetector.predict` is -1 for what does not belong.
`latentia.pyod` and `latentia.Model.score` have the opposite sign, the higher the stranger.

>>> import numpy as np
>>> from sklearn.pipeline import make_pipeline
>>> from sklearn.preprocessing import StandardScaler
>>> from latentia.sklearn import Autoencoder
>>> X = np.random.default_rng(0).normal(size=(200, 6))
>>> pipeline = make_pipeline(StandardScaler(), Autoencoder(2, epochs=5, random_state=0))
>>> pipeline.fit_transform(X).shape
(200, 2)
>>> pipeline[-1].get_feature_names_out()
array(['autoencoder0', 'autoencoder1'], dtype=object)
"""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    OutlierMixin,
    TransformerMixin,
)
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from latentia import _tables
from latentia._train import train

__all__ = ["VAE", "Autoencoder", "OutlierDetector"]

_TAKE_MISSING = ("columns", "columns-learned-scale")


def _seed(random_state: Any) -> int:
    """A whole number as it is, so that it is the seed that the program takes; else one that is drawn."""
    if isinstance(random_state, numbers.Integral):
        return int(random_state)
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


class _Estimator(BaseEstimator):
    """What all three have: the specification that their parameters make, and data as the model takes them."""

    _is_variational = False
    _keep: tuple[str, ...] = ()

    def _experiment(self) -> dict[str, Any]:
        hidden = [self.hidden] if isinstance(self.hidden, numbers.Integral) else list(self.hidden)
        how: dict[str, Any] = {"layer": "dense", "activation": self.activation}
        if self.initializer is not None:
            how["initializer"] = self.initializer
        encoder = [how | {"units": int(units)} for units in hidden]
        decoder = [*reversed(encoder), {"layer": "dense"}]
        model: dict[str, Any] = {"preprocessing": self.preprocessing, "likelihood": self.likelihood}
        if self.corruption is not None:
            model["corruption"] = self.corruption
        if self._is_variational:
            code = {"kind": "gaussian", "units": int(self.n_components)}
            objective = {"beta": float(self.beta)} if self.beta != 1 else {}
            # A Gaussian code has a layer of its own.
            encoder = encoder or [{"layer": "dense", "units": int(self.n_components)}]
            model |= {"code": code, "encoder": encoder, "decoder": decoder}
            model |= {"objective": objective} if objective else {}
        else:
            last = {"layer": "dense", "units": int(self.n_components)}
            model |= {"encoder": [*encoder, last], "decoder": decoder}
        return {"model": model, "training": self._training()}

    def _training(self) -> dict[str, Any]:
        schedule = self.schedule
        if isinstance(schedule, str):
            schedule = {"kind": schedule} | ({"floor": 0.01} if schedule == "cosine" else {})
        training = {
            "batch-size": int(self.batch_size),
            "learning-rate": float(self.learning_rate),
            "schedule": schedule,
            "validation": float(self.validation_fraction),
        }
        if getattr(self, "epochs", None) is not None:
            training["epochs"] = int(self.epochs)
        if getattr(self, "steps", None) is not None:
            training["steps"] = int(self.steps)
        if getattr(self, "patience", None) is not None:
            training["patience"] = int(self.patience)
        return training

    def _fit(self, X: Any) -> Any:
        """The examples, with the model learned from them."""
        examples = self._examples(X, reset=True)
        said: dict[str, Any] = {"spec": self._experiment()}
        if isinstance(self.spec, str):
            said = {"preset": self.spec}
        elif self.spec is not None:
            said = {"spec": self.spec}
        try:
            model = train(
                examples, seed=_seed(self.random_state), keep=self._keep, progress=bool(self.verbose), **said
            )
        except KeyboardInterrupt as stopped:
            model = getattr(stopped, "model", None)
            if model is not None and ("detector" not in self._keep or model.detector is not None):
                self._learned(model)
            raise
        self._learned(model)
        return examples

    def _learned(self, model: Any) -> None:
        self.model_ = model
        self.n_iter_ = len(model.history)
        self._n_features_out = model.code_width

    def _examples(self, X: Any, *, reset: bool) -> Any:
        """`X` as the model takes it: a DataFrame that numbers alone do not make, or an array."""
        as_table = _is_table(X) if reset else getattr(self, "_is_of_table", False)
        if reset:
            self._is_of_table = as_table
        if as_table and _tables.is_frame(X):
            validate_data(self, X, reset=reset, skip_check_array=True)
            if reset and len(X) < 2:
                raise ValueError(f"Found {len(X)} samples; at least 2 are needed, and 1 sample says nothing")
            return X
        X = validate_data(
            self,
            X,
            reset=reset,
            dtype=[np.float32, np.uint8],
            order="C",
            ensure_all_finite="allow-nan" if self._takes_missing() else True,
            ensure_min_samples=2 if reset else 1,
        )
        if reset:
            self._is_of_bytes = X.dtype == np.uint8
        elif self._is_of_bytes and X.dtype != np.uint8:
            X = X / np.float32(255)
        elif not self._is_of_bytes and X.dtype == np.uint8:
            X = X.astype(np.float32)
        return X if self.shape is None else X.reshape(len(X), *self.shape)

    def _takes_missing(self) -> bool:
        if hasattr(self, "model_"):
            return self.model_._known["takes_missing"]
        return self.spec is None and self.likelihood in _TAKE_MISSING

    def _rows(self, X: Any) -> Any:
        check_is_fitted(self)
        return self._examples(X, reset=False)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self._takes_missing()
        return tags


def _is_table(X: Any) -> bool:
    """Whether `X` is a DataFrame with columns that are no numbers."""
    if not _tables.is_frame(X):
        return False
    from pandas.api import types

    return any(types.is_bool_dtype(kind) or not types.is_numeric_dtype(kind) for kind in X.dtypes)


class _Transformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, _Estimator):
    """What codes examples."""

    def fit(self, X: Any, y: Any = None) -> Any:
        """Learn from examples.

        Parameters
        ----------
        X : array-like or DataFrame ``[n, features]``
            At least two rows. A DataFrame may have categories, text, booleans, dates and gaps.
        y : None
            Not used.

        Returns
        -------
        self
        """
        self._fit(X)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Codes of examples.

        Parameters
        ----------
        X : array-like or DataFrame ``[n, features]``

        Returns
        -------
        ndarray of float32 ``[n, n_components]``
        """
        rows = self._rows(X)
        return self.model_.encode(rows)

    def inverse_transform(self, X: Any) -> Any:
        """Examples from codes, in the scale of those that were learned from.

        Parameters
        ----------
        X : array-like ``[n, n_components]``

        Returns
        -------
        ndarray of float32 ``[n, features]``, or DataFrame
            A DataFrame where one with columns that are no numbers was learned from.
        """
        check_is_fitted(self)
        return self._given(self.model_.decode(check_array(X, dtype=np.float32, order="C")))

    def _given(self, values: np.ndarray) -> Any:
        if self._is_of_table:
            return self.model_.to_frame(values)
        values = values.reshape(len(values), -1)
        return values * np.float32(255) if self._is_of_bytes else values

    def score_samples(self, X: Any) -> np.ndarray:
        """How well each example is reconstructed: minus its loss, the higher the better.

        Parameters
        ----------
        X : array-like or DataFrame ``[n, features]``

        Returns
        -------
        ndarray of float64 ``[n]``
            In ``model_.loss_unit``.
        """
        rows = self._rows(X)
        return -self.model_.score(rows, loss=True)

    def score(self, X: Any, y: Any = None) -> float:
        """Mean of `score_samples`, which a search maximises.

        Parameters
        ----------
        X : array-like or DataFrame ``[n, features]``
        y : None
            Not used.

        Returns
        -------
        float
        """
        return float(np.mean(self.score_samples(X)))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


class Autoencoder(_Transformer):
    """An autoencoder of dense layers that codes examples in fewer numbers.

    With its defaults it is the preset ``table``.

    Parameters
    ----------
    n_components : int, default 2
        Width of the code.
    hidden : tuple of int, default (128,)
        Units of the encoder's hidden layers; the decoder has them in the other order.
    activation : str, default 'relu'
        Of hidden layers: ``'relu'``, ``'tanh'``, … as in docs/spec.md.
    initializer : str, optional
        Of hidden layers, ``'glorot'`` where nothing is said.
    likelihood : str, default 'columns'
        What outputs mean, and the loss: ``'columns'`` for rows of numbers, categories and gaps, ``'mse'``, ``'bce'`` for values from 0 to
        1, … as in docs/spec.md.
    preprocessing : str, default 'standardise'
        ``'unit-range'`` leaves numbers as they are.
    corruption : dict, optional
        How examples are corrupted in training, as ``{"kind": "masking", "rate": 0.3}``.
    epochs : int, default 200
        Passes over the training examples, at most.
    batch_size : int, default 32
    learning_rate : float, default 2e-3
    schedule : str or dict, default 'cosine'
        Factor on the learning rate, epoch by epoch.
    validation_fraction : float, default 0.1
        Share of the examples that is held out to tell when to stop.
    patience : int or None, default 30
        Epochs without a new minimum of the validation loss, after which the run ends with its best weights.
    spec : str or dict, optional
        The name of a preset, or a specification as of `latentia.preset`, in place of all parameters above.
    shape : tuple of int, optional
        What rows are, as ``(28, 28)``, for a ``spec`` with convolutions.
    random_state : int, RandomState instance or None, default None
        A whole number is the seed that the program takes.
    verbose : bool, default False
        Show a bar by ``tqdm``, where that is installed.

    Attributes
    ----------
    model_ : latentia.Model
        What has learned; ``model_.history`` has its losses.
    n_iter_ : int
        Epochs that were run.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Where `fit` has seen names.

    Notes
    -----
    Ctrl-C ends `fit` after the batch with `KeyboardInterrupt`; the estimator then has the best model so far, if an epoch has ended.

    Examples
    --------
    >>> import numpy as np
    >>> from latentia.sklearn import Autoencoder
    >>> X = np.random.default_rng(0).normal(size=(300, 1)) * [1.0, 2.0, -1.0] + [0.0, 5.0, 1.0]
    >>> ae = Autoencoder(1, random_state=0, epochs=50).fit(X)
    >>> ae.transform(X).shape
    (300, 1)
    >>> bool(np.abs(ae.inverse_transform(ae.transform(X)) - X).mean() < 0.1)
    True
    """

    def __init__(
        self,
        n_components: int = 2,
        *,
        hidden: Any = (128,),
        activation: str = "relu",
        initializer: str | None = None,
        likelihood: str = "columns",
        preprocessing: str = "standardise",
        corruption: dict[str, Any] | None = None,
        epochs: int = 200,
        batch_size: int = 32,
        learning_rate: float = 2e-3,
        schedule: Any = "cosine",
        validation_fraction: float = 0.1,
        patience: int | None = 30,
        spec: Any = None,
        shape: tuple[int, ...] | None = None,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        self.n_components = n_components
        self.hidden = hidden
        self.activation = activation
        self.initializer = initializer
        self.likelihood = likelihood
        self.preprocessing = preprocessing
        self.corruption = corruption
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.spec = spec
        self.shape = shape
        self.random_state = random_state
        self.verbose = verbose


class VAE(_Transformer):
    """A variational autoencoder of dense layers, which new examples are drawn from.

    With its defaults and ``hidden=(128, 128)`` it is the preset ``table-vae``.

    Parameters
    ----------
    n_components : int, default 8
        Dimensions of the Gaussian code.
    hidden : tuple of int, default (128, 128)
    beta : float, default 1.0
        Weight of the divergence (Higgins et al. 2017).
    likelihood : str, default 'columns-learned-scale'
        ``'bernoulli'`` for values from 0 to 1.
    preprocessing : str, default 'robust'
    activation, initializer, corruption, batch_size, learning_rate, schedule, validation_fraction, patience, spec, shape, random_state, verbose
        As of `Autoencoder`.
    epochs : int, default 300

    Attributes
    ----------
    model_, n_iter_, n_features_in_, feature_names_in_
        As of `Autoencoder`.

    Examples
    --------
    >>> import numpy as np
    >>> from latentia.sklearn import VAE
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> vae = VAE(2, epochs=5, random_state=0).fit(X)
    >>> vae.sample(4, random_state=1).shape
    (4, 3)
    """

    _is_variational = True

    def __init__(
        self,
        n_components: int = 8,
        *,
        hidden: Any = (128, 128),
        activation: str = "relu",
        initializer: str | None = None,
        beta: float = 1.0,
        likelihood: str = "columns-learned-scale",
        preprocessing: str = "robust",
        corruption: dict[str, Any] | None = None,
        epochs: int = 300,
        batch_size: int = 32,
        learning_rate: float = 1e-3,
        schedule: Any = "cosine",
        validation_fraction: float = 0.1,
        patience: int | None = None,
        spec: Any = None,
        shape: tuple[int, ...] | None = None,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        self.n_components = n_components
        self.hidden = hidden
        self.activation = activation
        self.initializer = initializer
        self.beta = beta
        self.likelihood = likelihood
        self.preprocessing = preprocessing
        self.corruption = corruption
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.spec = spec
        self.shape = shape
        self.random_state = random_state
        self.verbose = verbose

    def sample(self, n_samples: int = 1, *, random_state: Any = None) -> Any:
        """New examples, drawn from the prior and decoded.

        Parameters
        ----------
        n_samples : int, default 1
        random_state : int, RandomState instance or None

        Returns
        -------
        ndarray of float32 ``[n_samples, features]``, or DataFrame
            As of `inverse_transform`.
        """
        check_is_fitted(self)
        return self._given(self.model_.sample(n_samples, seed=_seed(random_state)))


class OutlierDetector(OutlierMixin, _Estimator):
    """Finds rows that do not look like most, by an autoencoder with a calibrated detector.

    With its defaults it is the preset ``anomaly``. Signs are scikit-learn's; `latentia.pyod.AutoEncoder` has the opposite ones.

    Parameters
    ----------
    contamination : 'auto' or float, default 'auto'
        The share of the training rows that is flagged. By ``'auto'`` at most a hundredth of usual rows is, as told by rows that the
        model did not learn from.
    n_components : int, default 8
        Dimensions of the Gaussian code.
    hidden : tuple of int, default (64,)
    activation : str, default 'tanh'
    likelihood : str, default 'columns-learned-scale'
    steps : int, default 2000
        Updates, so that large data is gone through less often.
    folds : int, default 5
        Parts of the training rows of which each is scored by models that learned from the others.
    members : int, default 1
        Models whose scores are averaged.
    validation_fraction : float, default 0.0
    initializer, preprocessing, corruption, batch_size, learning_rate, schedule, spec, shape, random_state, verbose
        As of `Autoencoder`.

    Attributes
    ----------
    offset_ : float
        What `decision_function` is `score_samples` less.
    model_, n_iter_, n_features_in_, feature_names_in_
        As of `Autoencoder`.

    Notes
    -----
    Ctrl-C ends `fit` after the batch with `KeyboardInterrupt`, whose attribute ``model`` is the best model so far. The estimator stays as it
    was, where its detector was not fitted.

    Examples
    --------
    >>> import numpy as np
    >>> from latentia.sklearn import OutlierDetector
    >>> X = np.random.default_rng(0).normal(size=(300, 4))
    >>> detector = OutlierDetector(steps=200, random_state=0).fit(X)
    >>> detector.predict([[0.0, 0.0, 0.0, 0.0], [9.0, -9.0, 9.0, 9.0]])
    array([ 1, -1])
    """

    _is_variational = True
    _keep = ("detector",)
    beta = 1

    def __init__(
        self,
        *,
        contamination: Any = "auto",
        n_components: int = 8,
        hidden: Any = (64,),
        activation: str = "tanh",
        initializer: str | None = None,
        likelihood: str = "columns-learned-scale",
        preprocessing: str = "standardise",
        corruption: dict[str, Any] | None = None,
        steps: int = 2000,
        batch_size: int = 32,
        learning_rate: float = 2e-3,
        schedule: Any = "cosine",
        folds: int = 5,
        members: int = 1,
        validation_fraction: float = 0.0,
        spec: Any = None,
        shape: tuple[int, ...] | None = None,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        self.contamination = contamination
        self.n_components = n_components
        self.hidden = hidden
        self.activation = activation
        self.initializer = initializer
        self.likelihood = likelihood
        self.preprocessing = preprocessing
        self.corruption = corruption
        self.steps = steps
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.folds = folds
        self.members = members
        self.validation_fraction = validation_fraction
        self.spec = spec
        self.shape = shape
        self.random_state = random_state
        self.verbose = verbose

    def _experiment(self) -> dict[str, Any]:
        detection = {"folds": int(self.folds), "members": int(self.members)}
        return super()._experiment() | {"detection": detection}

    def fit(self, X: Any, y: Any = None) -> Any:
        """Learn what is usual.

        Parameters
        ----------
        X : array-like or DataFrame ``[n, features]``
        y : None
            Not used.

        Returns
        -------
        self
        """
        share = self.contamination
        if share != "auto" and not (isinstance(share, numbers.Real) and 0 < share <= 0.5):
            raise ValueError(f"contamination is {share!r}; it must be 'auto' or greater than 0 and at most 0.5")
        examples = self._fit(X)
        if share == "auto":
            threshold = self.model_.threshold(0.01)
            if threshold is None:
                # So few rows have no score that a hundredth lies above.
                threshold = float(self.model_._core.calibrating_scores()[-1])
            self.offset_ = -threshold
        else:
            self.offset_ = float(np.percentile(-self.model_.score(examples), 100.0 * share))
        return self

    def score_samples(self, X: Any) -> np.ndarray:
        """How usual each row is: minus the score of `latentia.Model.score`.

        Parameters
        ----------
        X : array-like or DataFrame ``[n, features]``

        Returns
        -------
        ndarray of float64 ``[n]``
        """
        rows = self._rows(X)
        return -self.model_.score(rows)

    def decision_function(self, X: Any) -> np.ndarray:
        """`score_samples` less `offset_`: negative for what does not belong.

        Parameters
        ----------
        X : array-like or DataFrame ``[n, features]``

        Returns
        -------
        ndarray of float64 ``[n]``
        """
        return self.score_samples(X) - self.offset_

    def predict(self, X: Any) -> np.ndarray:
        """1 for a row that belongs, -1 for one that does not.

        Parameters
        ----------
        X : array-like or DataFrame ``[n, features]``

        Returns
        -------
        ndarray of int ``[n]``
        """
        return np.where(self.decision_function(X) < 0, -1, 1)
