"""Windows of a series."""

import pickle
import subprocess

import numpy as np
import pytest

import latentia


@pytest.fixture(scope="module")
def series():
    """A series of two features, 300 steps."""
    angle = np.arange(300) / 5
    noise = np.random.default_rng(0).normal(size=(300, 2))
    return (np.stack([np.sin(angle), np.cos(angle)], axis=1) + 0.05 * noise).astype(np.float32)


@pytest.fixture(scope="module")
def model(series):
    return latentia.train(series, window=24, stride=4, epochs=2)


def cut(series, length=24, stride=4):
    return np.stack([series[at : at + length] for at in range(0, len(series) - length + 1, stride)])


def test_a_model_of_a_series_takes_the_series_and_its_windows(series, model):
    windows = cut(series)
    assert model.windows == {"length": 24, "stride": 4} and model.shape == (24, 2) and model.provenance["preset"] == "series"
    for method in (model.encode, model.score, model.reconstruct):
        np.testing.assert_array_equal(method(series), method(windows))
    assert model.encode(series).shape == (70, model.code_width) and model.reconstruct(series).shape == (70, 24, 2)
    assert model.evaluate(series)["mse"] == model.evaluate(windows)["mse"]
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.encode(series[:100]), model.encode(windows[:20]))
    # Another length of series, and one that has no window.
    assert model.encode(series[:24]).shape[0] == 1
    with pytest.raises(latentia.Error, match="time steps.*23.*24 or more, as many as a window has"):
        model.encode(series[:23])


def test_windows_learn_as_those_that_somebody_else_has_cut(series, model):
    windows = latentia.train(cut(series), axes="ntf", epochs=2)
    np.testing.assert_array_equal(windows.encode(series.reshape(-1)[:48].reshape(1, 24, 2)), model.encode(series[:24]))
    assert windows.windows is None
    # Given as windows already, the program takes them as they are.
    same = latentia.train(cut(series), window=24, epochs=2)
    assert same.to_bytes() == windows.to_bytes()


@pytest.mark.parametrize("kind", ["floats", "bytes", "one feature", "default stride"])
def test_the_program_writes_the_same_model_file(program, tmp_path, series, kind):
    x = {"bytes": (100 * series + 128).astype(np.uint8), "one feature": series[:, 0].copy()}.get(kind, series)
    stride = None if kind == "default stride" else 5
    path = tmp_path / "x.npy"
    np.save(path, x)
    command = [program, "train", "--data", str(path), "--out", str(tmp_path / "run"), "--epochs", "2", "--window", "30"]
    command += [] if stride is None else ["--stride", str(stride)]
    subprocess.run(command, check=True, capture_output=True)
    theirs = (tmp_path / "run" / "model.safetensors").read_bytes()
    ours = latentia.train(x, window=30, stride=stride, epochs=2, data=str(path))
    assert ours.to_bytes() == theirs
    # What the program wrote cuts a series in Python, too.
    np.testing.assert_array_equal(latentia.Model.from_bytes(theirs).encode(x), ours.encode(x))


def test_a_table_is_cut_without_its_time_and_matched_by_names(program, tmp_path, series):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(np.round(series.astype(np.float64), 4), columns=["load", "temp"])
    frame.insert(0, "when", pd.date_range("2026-03-01", periods=300, freq="15min").strftime("%Y-%m-%d %H:%M"))
    path = tmp_path / "x.csv"
    frame.to_csv(path, index=False)
    model = latentia.train(frame, window=24, stride=4, time="when", epochs=2, data=str(path))
    kinds = [(column["name"], column["kind"]) for column in model.windows["schema"]["column"]]
    assert kinds == [("when", "id"), ("load", "number"), ("temp", "number")]
    command = [program, "train", "--data", str(path), "--out", str(tmp_path / "run"), "--epochs", "2"]
    command += ["--window", "24", "--stride", "4", "--time", "when"]
    subprocess.run(command, check=True, capture_output=True)
    theirs = latentia.load(tmp_path / "run" / "model.safetensors")
    shuffled = frame[["temp", "load"]]
    np.testing.assert_array_equal(model.encode(shuffled), theirs.encode(frame))
    assert model.reconstruct(frame).shape == (70, 24, 2)
    assert model.provenance["fingerprint"] == theirs.provenance["fingerprint"]


def test_times_are_watched(series):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"when": pd.date_range("2026-03-01", periods=300, freq="h"), "load": series[:, 0]})
    arguments = {"window": 24, "time": "when", "epochs": 1}
    told = "a step of `when` is of 2.125 days where others are of 1 h, to row 101"
    gap = frame.drop(index=range(100, 150))
    with pytest.warns(latentia.DataWarning, match=told):
        latentia.train(gap, **arguments)
    text = gap.assign(when=gap["when"].dt.strftime("%d.%m.%Y %H:%M"))
    with pytest.warns(latentia.DataWarning, match=told):
        latentia.train(text, **arguments)
    shuffled = frame.sample(frac=1, random_state=0)
    with pytest.raises(latentia.Error, match="`array`: row .*column `when`: found a time before that of the row above"):
        latentia.train(shuffled, **arguments)


def test_what_is_no_series_is_refused(series):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"when": pd.date_range("2026-03-01", periods=300, freq="h"), "load": series[:, 0]})
    for x, arguments, error, words in [
        (frame.assign(kind=["a", "b"] * 150), {"window": 24}, latentia.Error, "column `kind` of a series.*no number"),
        (frame.assign(load=frame["load"].mask(frame["load"] > 0)), {"window": 24}, latentia.Error, "column `load`.*values missing"),
        (frame, {"window": 24, "time": "hour"}, latentia.Error, "no column `hour`, which time names"),
        (series, {"window": 24, "time": "when"}, ValueError, "goes with a DataFrame"),
        (series, {"stride": 4}, ValueError, "stride goes with window"),
        (series, {"window": 0}, ValueError, "window is 0; it must be at least 1"),
        (series, {"window": 2.5}, TypeError, "window is a whole number"),
        (series, {"window": 301}, latentia.Error, "301 or more"),
        (series, {"window": 24, "y": np.zeros(300, int)}, ValueError, "no classes"),
        (np.zeros((9, 4, 4, 1)), {"window": 2}, latentia.Error, "examples of a series"),
    ]:
        with pytest.raises(error, match=words):
            latentia.train(x, **arguments)


def test_steps_that_no_window_has_are_told_and_a_series_is_validated_on(series):
    with pytest.warns(latentia.DataWarning, match="the last 3 time steps are in no window"):
        model = latentia.train(series[:299], window=24, stride=4, epochs=1, validation=series[:60], keep=())
    assert model.history[0]["validation_loss"] > 0
