"""Data that several tests learn from."""

import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest

import latentia


# A shell starts what is to run in the background with Ctrl-C ignored, and Python then leaves it so.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    """The README's examples write files."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def pictures():
    """Grey pictures of 8 x 8 pixels, each a bright row on a dark ground."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 60, size=(400, 8, 8), dtype=np.uint8)
    x[np.arange(400), np.arange(400) % 8] += 180
    return x


@pytest.fixture(scope="session")
def rows():
    """Rows of five numbers, three of which follow from the others."""
    rng = np.random.default_rng(1)
    z = rng.normal(size=(400, 2))
    mixed = z @ rng.normal(size=(2, 5)) + 0.05 * rng.normal(size=(400, 5))
    return mixed.astype(np.float32)


@pytest.fixture(scope="session")
def digits(pictures):
    """A model of the pictures."""
    return latentia.train(pictures, preset="digits", epochs=4)


@pytest.fixture(scope="session")
def table(rows):
    """A model of the rows."""
    return latentia.train(rows, preset="table", epochs=10)


@pytest.fixture(scope="session")
def program():
    """The program, where it is named by the environment or has been built."""
    named = os.environ.get("LATENTIA_PROGRAM")
    root = Path(__file__).resolve().parents[2]
    found = named or shutil.which("latentia", path=str(root / "target" / "release"))
    if found is None:
        pytest.skip("the program is not built: `cargo build --release`, or LATENTIA_PROGRAM names it")
    return found
