"""Tables of pandas: what their columns are, and their rows as numbers.

A row is one ``float32`` a column that is learned from, as the program has it: a number less its offset, the days of a date, 0 or 1, the
number of a level; NaN where it is missing.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any

import numpy as np

from latentia._latentia import DataWarning, Error
from latentia._latentia import check_times as _check_times

_MOST_LEVELS = 100
_DAY = 86_400_000_000_000


def is_frame(x: Any) -> bool:
    """Whether `x` is a DataFrame. pandas is not imported for that: who has one has imported it."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(x, pandas.DataFrame)


def schema_of(frame: Any, time: str | None = None) -> dict[str, Any]:
    """What the columns of `frame` are, by their types; `time` says when a row is."""
    columns = [
        {"name": str(name), "kind": "id"} if name == time else _column(str(name), frame.iloc[:, at])
        for at, name in enumerate(frame.columns)
    ]
    if time is not None and not any(column["kind"] == "id" for column in columns):
        raise Error(f"the table has no column `{time}`, which time names")
    names = [column["name"] for column in columns]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise Error(f"two columns are called `{min(twice)}`")
    if not any(_is_learned(column) for column in columns):
        raise Error(f"none of the {len(columns)} columns can be learned from")
    return {"header": True, "column": columns}


def _is_learned(column: dict[str, Any]) -> bool:
    return column["kind"] not in ("id", "label", "ignored")


def _column(name: str, series: Any) -> dict[str, Any]:
    import pandas as pd

    types = pd.api.types
    gaps = bool(series.isna().any())
    column: dict[str, Any] = {"name": name, "kind": "ignored"}
    if series.isna().all():
        if len(series):
            warnings.warn(f"column `{name}` has no values and is not learned from", DataWarning, stacklevel=5)
        return column
    if gaps:
        column["gaps"] = True
    if types.is_bool_dtype(series.dtype):
        return column | {"kind": "boolean", "levels": ["False", "True"]}
    if isinstance(series.dtype, pd.CategoricalDtype):
        return column | {"kind": "category", "levels": [str(level) for level in series.cat.categories]}
    if types.is_numeric_dtype(series.dtype) and not types.is_complex_dtype(series.dtype):
        values = series.dropna().to_numpy(dtype=np.float64)
        if types.is_integer_dtype(series.dtype):
            column["decimals"] = 0
        return column | {"kind": "number"} | _offset(values, timed=False)
    if types.is_datetime64_any_dtype(series.dtype):
        days = _days(series.dropna())
        timed = bool((days != np.floor(days)).any())
        form = "%Y-%m-%d %H:%M:%S" if timed else "%Y-%m-%d"
        return column | {"kind": "date", "format": form} | _offset(days, timed=timed)
    if types.is_object_dtype(series.dtype) or types.is_string_dtype(series.dtype):
        return _of_text(column, series.dropna())
    raise TypeError(f"column `{name}` is of {series.dtype}, which is no number, boolean, category, text or date")


def _of_text(column: dict[str, Any], values: Any) -> dict[str, Any]:
    if all(isinstance(value, (bool, np.bool_)) for value in values):
        return column | {"kind": "boolean", "levels": ["False", "True"]}
    if all(isinstance(value, (int, float, np.number)) for value in values):
        return column | {"kind": "number"} | _offset(values.to_numpy(dtype=np.float64), timed=False)
    other = next((value for value in values if not isinstance(value, (str, bool, int, float, np.generic))), None)
    if other is not None:
        raise TypeError(f"column `{column['name']}` has a {type(other).__name__}, which is no number and no text")
    levels = sorted({str(value) for value in values})
    if len(levels) > _MOST_LEVELS or (len(values) >= 20 and 2 * len(levels) > len(values)):
        warnings.warn(
            f"column `{column['name']}` has {len(levels)} different texts and is not learned from; make it a category to have it so",
            DataWarning,
            stacklevel=6,
        )
        return {"name": column["name"], "kind": "ignored"}
    return column | {"kind": "category", "levels": levels}


def check_times(frame: Any, time: str, data: str) -> None:
    """Warns of gaps in the column `time` of `frame`, whose rows are a series, and refuses dates in no order."""
    import pandas as pd

    times = frame[time]
    if pd.api.types.is_datetime64_any_dtype(times.dtype):
        times = times.dt.strftime("%Y-%m-%d %H:%M:%S.%f")
    _check_times(data, time, ["" if missing else str(x) for x, missing in zip(times, times.isna())])


def _offset(values: np.ndarray, *, timed: bool) -> dict[str, float]:
    """What is to be subtracted from numbers that ``float32`` would merge."""
    if not np.isfinite(values).all():
        return {}
    low, high = values.min(), values.max()
    spread, largest = high - low, max(abs(low), abs(high))
    exact = largest <= 2**24 and (values == np.trunc(values)).all()
    coarse = largest * float(np.finfo(np.float32).eps) * 1e4 > spread
    if spread <= 0 or exact or not (timed or coarse):
        return {}
    offset = low + 0.5 * spread
    return {"offset": float(np.round(offset) if spread >= 2 else offset)}


def _days(series: Any) -> np.ndarray:
    """Days since 1970 of dates; NaN where there is none."""
    if getattr(series.dt, "tz", None) is not None:
        series = series.dt.tz_convert("UTC").dt.tz_localize(None)
    moments = series.to_numpy(dtype="datetime64[ns]")
    days = moments.astype(np.int64) / _DAY
    return np.where(np.isnat(moments), np.nan, days)


def to_array(frame: Any, schema: dict[str, Any]) -> np.ndarray:
    """Rows of `frame` as numbers, ``[n, columns that are learned from]``; columns are found by their names."""
    learned = [column for column in schema["column"] if _is_learned(column)]
    places = {str(name): at for at, name in enumerate(frame.columns)}
    if not schema["header"]:
        places = {column["name"]: at for at, column in enumerate(schema["column"])}
    missing = [column["name"] for column in learned if places.get(column["name"], len(frame.columns)) >= len(frame.columns)]
    if missing:
        names = ", ".join(f"`{name}`" for name in missing)
        raise Error(f"the table has no column {names}, which the model takes")
    rows = np.empty((len(frame), len(learned)), dtype=np.float32)
    for at, column in enumerate(learned):
        rows[:, at] = _elements(frame.iloc[:, places[column["name"]]], column)
    return rows


def _elements(series: Any, column: dict[str, Any]) -> np.ndarray:
    import pandas as pd

    kind, name = column["kind"], column["name"]
    if kind in ("category", "boolean"):
        return _levels(series, column)
    offset = column.get("offset", 0.0)
    if kind == "date":
        if not pd.api.types.is_datetime64_any_dtype(series.dtype):
            try:
                series = pd.to_datetime(series, format=column["format"])
            except ValueError as error:
                raise Error(f"column `{name}` has no dates as `{column['format']}`: {error}") from None
        values = _days(series)
    else:
        try:
            values = series.to_numpy(dtype=np.float64, na_value=np.nan)
        except (TypeError, ValueError):
            raise Error(f"column `{name}` is a number to the model, and has something else here ({series.dtype})") from None
    with np.errstate(over="ignore"):
        return (values - offset).astype(np.float32)


def _levels(series: Any, column: dict[str, Any]) -> np.ndarray:
    """The number of each level; NaN where it is missing, or unknown to the model."""
    known = {level: at for at, level in enumerate(column["levels"])}
    if column["kind"] == "boolean":
        words = zip(("0", "1"), ("False", "True"), ("false", "true"), ("0.0", "1.0"))
        for pair in zip(*words, strict=True):
            known = {word: at for at, word in enumerate(pair)} | known
    texts = series.astype(object)
    different = {value: known.get(str(value), np.nan) for value in texts.dropna().unique()}
    unknown = [str(value) for value, at in different.items() if np.isnan(at)]
    if unknown:
        warnings.warn(
            f"column `{column['name']}` has levels that the model has not met, which count as missing: {', '.join(sorted(unknown)[:5])}",
            DataWarning,
            stacklevel=4,
        )
    return texts.map(different).to_numpy(dtype=np.float64, na_value=np.nan).astype(np.float32)


def to_frame(values: np.ndarray, schema: dict[str, Any], index: Any) -> Any:
    """Rows as numbers, as a DataFrame of the columns that are learned from."""
    import pandas as pd

    learned = [column for column in schema["column"] if _is_learned(column)]
    if values.ndim != 2 or values.shape[1] != len(learned):
        raise Error(f"the values have shape {values.shape}; the table has {len(learned)} columns that are learned from")
    columns = {column["name"]: _series(values[:, at], column) for at, column in enumerate(learned)}
    return pd.DataFrame(columns, index=index)


def _series(values: np.ndarray, column: dict[str, Any]) -> Any:
    import pandas as pd

    kind, levels = column["kind"], column.get("levels", [])
    known = np.isfinite(values)
    if kind in ("category", "boolean"):
        numbers = np.where(known, np.clip(np.rint(np.where(known, values, 0)), 0, len(levels) - 1), -1).astype(np.int64)
        if kind == "boolean" and levels == ["False", "True"]:
            return numbers == 1 if known.all() else pd.array(numbers == 1, dtype="boolean")._where(known, pd.NA)
        return pd.Categorical.from_codes(numbers, categories=levels)
    numbers = values.astype(np.float64) + column.get("offset", 0.0)
    if kind == "date":
        day = 1 if "%H" in column["format"] else 0
        moments = np.where(known, numbers, 0) * 86_400 if day else np.rint(np.where(known, numbers, 0)) * 86_400
        dates = np.rint(moments).astype("datetime64[s]")
        return pd.Series(dates).where(pd.Series(known)).to_numpy()
    if column.get("decimals") == 0:
        numbers = np.rint(numbers)
        return numbers.astype(np.int64) if known.all() else numbers
    return numbers
