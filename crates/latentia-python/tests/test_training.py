"""A run, watched from Python."""

import os
import signal
import subprocess
import sys
import threading
import time
import warnings

import numpy as np
import pytest

import latentia
from latentia.sklearn import Autoencoder, OutlierDetector


def test_a_callback_is_told_of_every_epoch_with_what_history_keeps(rows):
    seen = []
    model = latentia.train(rows, preset="table", epochs=4, callback=seen.append)
    assert [epoch.epoch for epoch in seen] == [1, 2, 3, 4] and {epoch.epochs for epoch in seen} == {4}
    assert [epoch.train_loss for epoch in seen] == [own["train_loss"] for own in model.history]
    assert [epoch.validation_loss for epoch in seen] == [own["validation_loss"] for own in model.history]
    assert all(epoch.seconds > 0 for epoch in seen)


def test_a_callback_changes_nothing_and_may_use_models(rows, table):
    plain = latentia.train(rows, preset="table", epochs=3)
    watched = latentia.train(rows, preset="table", epochs=3, callback=lambda _: table.encode(rows))
    assert watched.to_bytes() == plain.to_bytes()


def test_stop_iteration_ends_a_run_with_its_best_model(rows):
    def stop(epoch):
        if epoch.epoch == 3:
            raise StopIteration

    model = latentia.train(rows, preset="table", epochs=100, callback=stop)
    assert len(model.history) == 3 and model.provenance["stopped_by"] == "interrupt"


def test_what_a_callback_raises_comes_out_with_the_model(rows):
    def fail(epoch):
        if epoch.epoch == 2:
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough") as caught:
        latentia.train(rows, preset="table", epochs=100, callback=fail)
    assert len(caught.value.model.history) == 2


def interrupt_in(seconds):
    threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT)).start()


def test_ctrl_c_ends_a_run_after_the_batch_and_keeps_the_model(rows):
    interrupt_in(0.5)
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt) as caught:
        latentia.train(rows, preset="table", epochs=500_000, training={"patience": 499_999})
    assert time.monotonic() - start < 30
    model = caught.value.model
    assert model.provenance["stopped_by"] == "interrupt" and model.history
    assert latentia.Model.from_bytes(model.to_bytes()).encode(rows).shape == (400, 2)


def test_ctrl_c_leaves_an_estimator_with_its_best_model(rows):
    estimator = Autoencoder(epochs=500_000, patience=None, random_state=0)
    interrupt_in(0.5)
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(rows)
    assert estimator.transform(rows).shape == (400, 2) and estimator.n_iter_ >= 1


def test_ctrl_c_before_the_first_epoch_ends_keeps_no_model(rows):
    many = np.tile(rows, (20_000, 1))
    interrupt_in(0.3)
    with pytest.raises(KeyboardInterrupt) as caught:
        latentia.train(many, preset="table", epochs=1, validation=0.0, keep=())
    assert caught.value.model is None


def of_many_folds(epochs=100):
    """A detector that is calibrated by so many models that nobody waits for it."""
    spec = latentia.preset("anomaly")
    spec["training"] = {"epochs": epochs, "batch-size": 8}
    spec["detection"] = {"folds": 100}
    return spec


def test_ctrl_c_while_a_detector_is_fitted_keeps_the_model_without_one(rows):
    def told(epoch):
        if epoch.epoch == epoch.epochs:
            interrupt_in(0.5)

    with pytest.raises(KeyboardInterrupt) as caught:
        latentia.train(rows, spec=of_many_folds(), callback=told)
    model = caught.value.model
    assert model.provenance["stopped_by"] == "epochs" and len(model.history) == 100 and model.detector is None
    assert caught.value.__notes__ == ["the model has no detector: it was interrupted before that was fitted"]


def test_ctrl_c_leaves_no_half_an_outlier_detector(rows):
    detector = OutlierDetector(steps=20_000, folds=100, random_state=0)
    interrupt_in(2.0)
    with pytest.raises(KeyboardInterrupt) as caught:
        detector.fit(rows)
    assert caught.value.model.encode(rows).shape == (400, 8) and not hasattr(detector, "model_")


def test_a_callback_that_ends_a_run_leaves_its_detector_be(rows):
    def stop(epoch):
        raise StopIteration

    spec = of_many_folds(5)
    spec["detection"] = {"folds": 2}
    assert latentia.train(rows, spec=spec, callback=stop).detector["calibration"] == "cross-fitted"


@pytest.mark.parametrize("method", ["encode", "reconstruct", "score", "evaluate", "compress", "decode"])
def test_ctrl_c_ends_calls_that_do_not_train(table, rows, method):
    many = table.encode(rows) if method == "decode" else rows
    many = np.tile(many, (20_000, 1))
    heard = []

    def hear(*_):
        # Signals that nobody looks for meanwhile are heard as one, after the call.
        heard.append(None)
        if len(heard) == 4:
            raise KeyboardInterrupt

    def press():
        while not over.wait(0.01):
            os.kill(os.getpid(), signal.SIGINT)

    over, result = threading.Event(), None
    thread = threading.Thread(target=press)
    before = signal.signal(signal.SIGINT, hear)
    try:
        with pytest.raises(KeyboardInterrupt):
            thread.start()
            result = getattr(table, method)(many)
    finally:
        over.set()
        thread.join()
        signal.signal(signal.SIGINT, before)
    assert result is None


def test_ctrl_c_ends_a_program_as_it_ends_any_other():
    text = (
        "import numpy as np, latentia; print('begun', flush=True);"
        "latentia.train(np.random.default_rng(0).normal(size=(500, 5)), preset='table', epochs=500_000, training={'patience': 499_999})"
    )
    child = subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "begun\n"
    time.sleep(0.5)
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=60)
    assert child.returncode == -signal.SIGINT and "KeyboardInterrupt" in errors


def test_a_program_ends_while_a_thread_of_it_still_trains():
    text = (
        "import threading, time, numpy as np, latentia; x = np.random.default_rng(0).normal(size=(500, 5));"
        "go = lambda: latentia.train(x, preset='table', epochs=500_000, training={'patience': 499_999});"
        "threading.Thread(target=go, daemon=True).start(); time.sleep(0.5)"
    )
    done = subprocess.run([sys.executable, "-c", text], timeout=60, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_other_threads_of_python_go_on_while_a_model_learns(rows):
    beats = []
    done = threading.Event()

    def beat():
        while not done.is_set():
            beats.append(time.monotonic())
            time.sleep(0.005)

    thread = threading.Thread(target=beat)
    thread.start()
    latentia.train(np.tile(rows, (50, 1)), preset="table", epochs=5, keep=())
    done.set()
    thread.join()
    assert len(beats) > 5


def test_examples_to_validate_on_are_learned_nothing_from(rows):
    model = latentia.train(rows[:300], preset="table", epochs=3, validation=rows[300:])
    share = latentia.train(rows[:300], preset="table", epochs=3, validation=0.0)
    np.testing.assert_array_equal(model.encode(rows), share.encode(rows))
    assert [own["validation_loss"] for own in share.history] == [None] * 3
    assert all(own["validation_loss"] > 0 for own in model.history)


def test_a_specification_may_be_a_dict_a_file_or_have_underscores(rows, tmp_path):
    spec = latentia.preset("table")
    spec["training"]["epochs"] = 3
    expected = latentia.train(rows, preset="table", epochs=3)
    snake = {"model": spec["model"], "training": {k.replace("-", "_"): v for k, v in spec["training"].items()}}
    path = tmp_path / "my.toml"
    path.write_text(latentia._latentia.preset_text("table").replace("epochs = 200", "epochs = 3"))
    for own in (spec, snake, path, str(path)):
        np.testing.assert_array_equal(latentia.train(rows, spec=own).encode(rows), expected.encode(rows))
    assert latentia.train(rows, spec=snake, name="table").to_bytes() == expected.to_bytes()


def test_what_is_not_kept_is_not_there(rows, pictures):
    model = latentia.train(pictures, preset="digits", epochs=1, keep=())
    assert model.detector is None
    with pytest.raises(latentia.Error, match="no detector"):
        model.threshold()
    with pytest.raises(latentia.Error, match="no tables of its codes' symbols"):
        model.compress(pictures)
    np.testing.assert_array_equal(model.score(pictures), model.score(pictures, loss=True))


def test_windows_of_a_series_are_learned_from():
    rng = np.random.default_rng(0)
    x = np.sin(np.arange(64)[None, :, None] / 5 + rng.uniform(0, 6, (200, 1, 2))).astype(np.float32)
    model = latentia.train(x, epochs=2)
    assert model.provenance["preset"] == "series" and model.shape == (64, 2)
    assert model.reconstruct(x).shape == (200, 64, 2)


def test_progress_is_shown_by_tqdm_where_it_is_installed(rows, capsys):
    pytest.importorskip("tqdm")
    latentia.train(rows, preset="table", epochs=3, progress=True)
    assert "3/3" in capsys.readouterr().err


def warned(x, **arguments):
    """What a training warns of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        latentia.train(x, **({"epochs": 1, "keep": ()} | arguments))
    assert all(own.category in (latentia.DataWarning, latentia.TrainingWarning) for own in caught)
    return [str(own.message) for own in caught]


def test_data_that_teach_little_are_warned_of_in_the_words_of_the_program(program, tmp_path, rows):
    pd = pytest.importorskip("pandas")
    assert warned(rows) == []
    frame = pd.DataFrame(rows, columns=list("abcde")).assign(c=2.5, f=np.nan, g=[f"note {i}" for i in range(400)])
    frame["e"] = frame["e"].where(frame["e"] > 0).mask(frame["e"] > 0, 7.0)
    wide = np.random.default_rng(0).normal(size=(3, 300)).astype(np.float32)
    cases = [
        (np.ones((3, 4), np.float32), ["all 3 rows are equal: there is nothing to tell apart"]),
        (
            np.full((3, 2, 2), 9, np.uint8),
            ["all 3 examples are equal: there is nothing to tell apart", "examples of 2x2 are taken for height x width, axes='nhw'"],
        ),
        (wide, ["3 rows of 300 columns: a model learns so few by heart"]),
        (frame, [
            "column `f` has no values and is not learned from",
            "column `g` has 400 different texts and is not learned from; make it a category to have it so",
            "`c`, `e` are the same in every row: nothing can be learned from them",
        ]),
        (
            np.array([[16777217, 1], [2, 3], [-16777219, 4]]),
            ["2 whole numbers beyond 2^24 rounded to f32, 16777217 to 16777216 first: where small differences matter, subtract "
             "what is common to all before saving"],
        ),
    ]
    for x, expected in cases:
        said = warned(x, latent=1)
        assert [own for own in said if own in expected] == expected, said
    for x, expected in cases[:3]:
        path = tmp_path / "x.npy"
        np.save(path, x)
        command = [program, "train", "--data", str(path), "--epochs", "1", "--latent", "1", "--force", "--out", str(tmp_path / "run")]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stderr
        assert f"warning: `{path}`: {expected[0]}" in said


def test_a_run_that_goes_back_warns_and_an_error_of_the_filter_ends_it(rows):
    spec = {"likelihood": "mse", "encoder": [{"layer": "dense", "units": 4}], "decoder": [{"layer": "dense"}]}
    diverges = {"spec": spec, "epochs": 3, "keep": (), "training": {"optimizer": {"kind": "sgd"}, "learning-rate": 3e3}}
    with pytest.warns(latentia.TrainingWarning, match="the loss became .* in epoch 1"), pytest.raises(latentia.Error):
        latentia.train(1000 * rows, **diverges)
    with warnings.catch_warnings():
        warnings.simplefilter("error", latentia.TrainingWarning)
        with pytest.raises(latentia.TrainingWarning, match="the loss became"):
            latentia.train(1000 * rows, **diverges)
    with warnings.catch_warnings():
        warnings.simplefilter("error", latentia.DataWarning)
        with pytest.raises(latentia.DataWarning, match="all 3 rows are equal"):
            latentia.train(np.ones((3, 4)))
