"""What people have, as arrays that the extension borrows."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from latentia._latentia import DataWarning

_FLOAT = np.dtype(np.float32)
_BYTE = np.dtype(np.uint8)


def as_examples(x: Any) -> np.ndarray:
    """`x` as an array of ``float32`` or ``uint8`` in C order: itself where it is one, else a copy.

    ``uint8`` stays what it is, bytes of which 255 stands for one. Every other number becomes ``float32``.
    """
    if type(x) is np.ndarray:
        # The way of a single row, which is to take microseconds.
        flags = x.flags
        if (x.dtype is _FLOAT or x.dtype is _BYTE) and flags.c_contiguous and flags.aligned:
            return x
    if hasattr(x, "toarray") and hasattr(x, "nnz"):
        raise TypeError("sparse data is not taken: dense data is required, as by `X.toarray()`")
    if isinstance(x, np.ma.MaskedArray):
        x = x.astype(np.float64).filled(np.nan)
    x = np.asarray(x)
    if x.dtype == _BYTE:
        return np.require(x, requirements=["C", "A"])
    if x.dtype.kind == "O":
        try:
            x = x.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise TypeError(f"examples are numbers, and these are objects that are none: {error}") from None
    if x.dtype.kind == "c":
        raise TypeError("complex data is not supported")
    if x.dtype.kind not in "biuf":
        raise TypeError(f"examples are numbers, not {x.dtype}")
    with np.errstate(over="ignore"):
        # What lies beyond becomes infinite, and is refused as such.
        x = x.astype(np.float32, copy=False)
    return np.require(x, dtype=_FLOAT, requirements=["C", "A"])


def warn_of_rounding(x: Any, examples: np.ndarray) -> None:
    """Warn of whole numbers of `x` that ``float32``, as in `examples`, does not hold."""
    x = np.asarray(x)
    if examples.dtype != _FLOAT or x.shape != examples.shape or x.dtype.kind not in "iuf" or x.dtype.itemsize < 4 or x.dtype == _FLOAT:
        return
    with np.errstate(invalid="ignore"):
        suspect = np.abs(x) > 2**24 if x.dtype.kind != "i" else (x > 2**24) | (x < -(2**24))
        if x.dtype.kind == "f":
            suspect &= (np.abs(x) <= 2**53) & (x == np.trunc(x))
    numbers = zip(x[suspect].tolist(), examples[suspect].tolist(), strict=True)
    lost = [(int(number), becomes) for number, becomes in numbers if int(number) != int(becomes)]
    if lost:
        count = f"{len(lost)} whole numbers" if len(lost) > 1 else "1 whole number"
        warnings.warn(
            f"{count} beyond 2^24 rounded to f32, {lost[0][0]} to {lost[0][1]:.0f} first: where small differences matter, subtract what is "
            "common to all before saving",
            DataWarning,
            stacklevel=3,
        )


def as_codes(codes: Any) -> np.ndarray:
    """`codes` as an array of ``float32`` in C order."""
    codes = as_examples(codes)
    return codes if codes.dtype == _FLOAT else codes.astype(np.float32)


def as_labels(labels: Any, levels: list[str] | None = None) -> np.ndarray | None:
    """Classes, which count from 0, as ``uint32``."""
    if labels is None:
        return None
    labels = np.asarray(labels)
    if labels.ndim != 1:
        raise ValueError(f"labels have {labels.ndim} dimensions; they must have one, a class for each example")
    if labels.dtype.kind not in "iub" and not (labels.dtype.kind == "f" and (labels == np.floor(labels)).all()):
        raise TypeError(f"labels are classes that count from 0, whole numbers, not {labels.dtype}")
    if labels.size and (labels.min() < 0 or labels.max() > np.iinfo(np.uint32).max):
        raise ValueError(f"labels go from {labels.min()} to {labels.max()}; they must count from 0")
    return np.ascontiguousarray(labels, dtype=np.uint32)


def as_seed(seed: Any) -> int:
    """A seed as an integer of 64 bits."""
    try:
        seed = int(seed.__index__())
    except AttributeError:
        raise TypeError(f"a seed is a whole number, not {type(seed).__name__}") from None
    if not 0 <= seed < 2**64:
        raise ValueError(f"the seed is {seed}; it must be from 0 to 2**64 - 1")
    return seed
