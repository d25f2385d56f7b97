"""The detector with the names and signs of PyOD, for those who come from there. PyOD is not needed.

Here a score is the higher the stranger a row is, and a label is 1 for what does not belong: the opposite of
`latentia.sklearn.OutlierDetector`, which has scikit-learn's signs.

>>> import numpy as np
>>> from latentia.pyod import AutoEncoder
>>> rng = np.random.default_rng(0)
>>> X = np.concatenate([rng.normal(size=(190, 4)), rng.normal(size=(10, 4)) + 8])
>>> detector = AutoEncoder(contamination=0.05, steps=200, random_state=0).fit(X)
>>> int(detector.labels_.sum()), int(detector.labels_[-10:].sum())
(10, 10)
"""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from latentia.sklearn import OutlierDetector

__all__ = ["AutoEncoder"]


class AutoEncoder:
    """Finds rows that do not look like most: the higher a score, the stranger a row.

    Parameters
    ----------
    contamination : float, default 0.1
        The share of the training rows that is flagged, greater than 0 and at most 0.5.
    **parameters
        As of `latentia.sklearn.OutlierDetector`: ``n_components``, ``hidden``, ``steps``, ``members``, ``random_state``, …

    Attributes
    ----------
    decision_scores_ : ndarray of float64 ``[n]``
        Scores of the training rows.
    threshold_ : float
        Scores above it are flagged.
    labels_ : ndarray of int ``[n]``
        Of the training rows, 1 where one is flagged and 0 elsewhere.
    detector_ : latentia.sklearn.OutlierDetector
        What has learned. Its ``score_samples`` are minus the scores here.
    """

    def __init__(self, contamination: float = 0.1, **parameters: Any) -> None:
        if not (isinstance(contamination, numbers.Real) and 0 < contamination <= 0.5):
            raise ValueError(f"contamination is {contamination!r}; it must be greater than 0 and at most 0.5")
        # Refuses a parameter that there is not, by name.
        OutlierDetector(**parameters)
        self.contamination = contamination
        self.parameters = parameters

    def __repr__(self) -> str:
        rest = "".join(f", {name}={value!r}" for name, value in self.parameters.items())
        return f"AutoEncoder(contamination={self.contamination}{rest})"

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by their names, as scikit-learn clones by."""
        return {"contamination": self.contamination, **self.parameters}

    def set_params(self, **parameters: Any) -> AutoEncoder:
        """Other values of some parameters."""
        self.__init__(**(self.get_params() | parameters))
        return self

    def fit(self, X: Any, y: Any = None) -> AutoEncoder:
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
        self.detector_ = OutlierDetector(**self.parameters).fit(X)
        self.decision_scores_ = self.decision_function(X)
        self.threshold_ = float(np.percentile(self.decision_scores_, 100.0 * (1.0 - self.contamination)))
        self.labels_ = (self.decision_scores_ > self.threshold_).astype(int)
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Scores: the higher, the stranger.

        Parameters
        ----------
        X : array-like or DataFrame ``[n, features]``

        Returns
        -------
        ndarray of float64 ``[n]``
        """
        return -self._fitted().score_samples(X)

    def predict(self, X: Any) -> np.ndarray:
        """1 for a row that does not belong, 0 for one that does.

        Parameters
        ----------
        X : array-like or DataFrame ``[n, features]``

        Returns
        -------
        ndarray of int ``[n]``
        """
        return (self.decision_function(X) > self.threshold_).astype(int)

    def fit_predict(self, X: Any, y: Any = None) -> np.ndarray:
        """`fit`, and its ``labels_``."""
        return self.fit(X).labels_

    def predict_proba(self, X: Any, method: str = "linear") -> np.ndarray:
        """How likely each row belongs, and does not: scores between the least and the greatest of the training rows, from 0 to 1.

        Parameters
        ----------
        X : array-like or DataFrame ``[n, features]``
        method : {'linear'}

        Returns
        -------
        ndarray of float64 ``[n, 2]``
        """
        if method != "linear":
            raise ValueError(f"method is {method!r}; it must be 'linear'")
        scores = self.decision_function(X)
        low, high = self.decision_scores_.min(), self.decision_scores_.max()
        strange = np.clip((scores - low) / max(high - low, np.finfo(float).tiny), 0.0, 1.0)
        return np.stack([1.0 - strange, strange], axis=1)

    def _fitted(self) -> OutlierDetector:
        if not hasattr(self, "detector_"):
            from sklearn.exceptions import NotFittedError

            raise NotFittedError("this AutoEncoder has not learned yet; call `fit` first")
        return self.detector_
