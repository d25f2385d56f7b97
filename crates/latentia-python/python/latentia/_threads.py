"""How many threads work at once."""

from __future__ import annotations

from latentia import _latentia


def get_num_threads() -> int:
    """How many threads work at once: one for each core, or as many as ``RAYON_NUM_THREADS`` or `set_num_threads` says.

    Examples
    --------
    >>> import latentia
    >>> latentia.get_num_threads() >= 1
    True
    """
    return _latentia.threads()


def set_num_threads(threads: int) -> None:
    """Set how many threads work at once. No result depends on it.

    Parameters
    ----------
    threads : int
        0 stands for one each core.

    Examples
    --------
    >>> import latentia
    >>> latentia.set_num_threads(1)
    >>> latentia.get_num_threads()
    1
    >>> latentia.set_num_threads(0)
    """
    _latentia.set_threads(threads)
