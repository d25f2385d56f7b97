"""Experiments that come along."""

from __future__ import annotations

import tomllib
from typing import Any

from latentia import _latentia


def presets() -> list[str]:
    """Names of the presets.

    Returns
    -------
    list of str

    Examples
    --------
    >>> import latentia
    >>> latentia.presets()[:3]
    ['digits', 'table', 'table-vae']
    """
    return _latentia.preset_names()


def preset(name: str) -> dict[str, Any]:
    """What a preset is: a specification to be changed and handed to `latentia.train`.

    Parameters
    ----------
    name : str
        One of `presets`.

    Returns
    -------
    dict
        With the keys ``model``, ``training`` and, where there are such, ``detection`` and others; see docs/spec.md.

    Raises
    ------
    KeyError
        Where no preset is called so.

    Examples
    --------
    >>> import latentia
    >>> spec = latentia.preset("features")
    >>> spec["model"]["encoder"]
    [{'layer': 'dense', 'units': 32, 'activation': 'relu'}]
    """
    return tomllib.loads(_latentia.preset_text(name))
