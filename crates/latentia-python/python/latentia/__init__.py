"""Autoencoders on the CPU: train, measure and use them.

The same seed gives the same bits, on any number of threads, and the same model file as the program ``latentia``.

>>> import numpy as np
>>> import latentia
>>> t = np.linspace(0, 1, 200, dtype=np.float32)
>>> X = np.stack([t, 2 * t, 1 - t], axis=1)
>>> model = latentia.train(X, preset="table", latent=1, epochs=20, seed=1)
>>> model.encode(X).shape
(200, 1)
>>> bool(np.abs(model.reconstruct(X) - X).mean() < 0.1)
True

- `train` learns a `Model`; `load` reads one that the program or Python wrote
- `presets` and `preset` are experiments of the literature, and what one's own look like
- `latentia.sklearn` has estimators for scikit-learn, `latentia.pyod` one for those who come from PyOD
"""

from latentia._latentia import DataWarning, Error, TrainingWarning, __version__
from latentia._model import Model, load
from latentia._presets import preset, presets
from latentia._threads import get_num_threads, set_num_threads
from latentia._train import Epoch, train

__all__ = [
    "DataWarning",
    "Epoch",
    "Error",
    "Model",
    "TrainingWarning",
    "__version__",
    "get_num_threads",
    "load",
    "preset",
    "presets",
    "set_num_threads",
    "train",
]
