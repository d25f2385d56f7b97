"""The estimators, as scikit-learn wants them."""

import pickle
import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks

import latentia
from latentia.sklearn import VAE, Autoencoder, OutlierDetector


@parametrize_with_checks([Autoencoder(), VAE(epochs=30), OutlierDetector(steps=300)])
def test_scikit_learn_accepts_the_estimator(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", [Autoencoder(epochs=5), VAE(epochs=5), OutlierDetector(steps=50)])
def test_no_check_of_scikit_learn_fails_and_one_alone_is_left_out(estimator):
    results = check_estimator(estimator, on_fail=None, on_skip=None)
    left_out = {own["check_name"]: own["status"] for own in results if own["status"] != "passed"}
    # Wants another array library to be switched on.
    assert left_out == {"check_array_api_input": "skipped"}


def test_defaults_are_the_presets(rows):
    ours = Autoencoder(random_state=5).fit(rows).model_
    preset = latentia.train(rows, preset="table", seed=5)
    np.testing.assert_array_equal(ours.encode(rows), preset.encode(rows))
    ours = OutlierDetector(random_state=5).fit(rows)
    preset = latentia.train(rows, preset="anomaly", seed=5)
    np.testing.assert_array_equal(-ours.score_samples(rows), preset.score(rows))
    ours = VAE(random_state=5, epochs=3).fit(rows)
    preset = latentia.train(rows, preset="table-vae", seed=5, epochs=3)
    np.testing.assert_array_equal(ours.transform(rows), preset.encode(rows))


def test_it_works_in_a_pipeline_and_a_search(rows):
    target = rows[:, 0] > 0
    pipeline = make_pipeline(StandardScaler(), Autoencoder(2, epochs=10, random_state=0), LogisticRegression())
    assert cross_val_score(pipeline, rows, target, cv=3).mean() > 0.8
    grid = {"autoencoder__n_components": [1, 3]}
    search = GridSearchCV(make_pipeline(MinMaxScaler(), Autoencoder(epochs=10, random_state=0)), grid, cv=3)
    # Three numbers say more of a row than one.
    assert search.fit(rows).best_params_ == {"autoencoder__n_components": 3}


@pytest.mark.parametrize("backend", ["loky", "multiprocessing", "threading"])
def test_two_processes_or_threads_fit_the_same_models_as_one(rows, backend):
    estimators = [Autoencoder(2, epochs=5, random_state=seed) for seed in (0, 1, 2, 3)]
    # The pool of this process has threads that a fork has not.
    alone = [clone(own).fit(rows).transform(rows) for own in estimators]
    with joblib.parallel_backend(backend, n_jobs=2):
        together = joblib.Parallel()(joblib.delayed(own.fit_transform)(rows) for own in estimators)
    for own, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(own, other)


def test_names_go_through_a_column_transformer_to_a_frame(rows):
    frame = pd.DataFrame(rows, columns=list("abcde")).assign(kind=np.where(rows[:, 0] > 0, "x", "y"))
    columns = ColumnTransformer(
        [
            ("codes", Autoencoder(2, epochs=5, random_state=0), ["a", "b", "c"]),
            ("kinds", OneHotEncoder(sparse_output=False), ["kind"]),
        ]
    ).set_output(transform="pandas")
    out = columns.fit_transform(frame)
    assert list(out.columns) == ["codes__autoencoder0", "codes__autoencoder1", "kinds__kind_x", "kinds__kind_y"]
    assert list(out.index) == list(frame.index)
    np.testing.assert_array_equal(columns.named_transformers_["codes"].feature_names_in_, ["a", "b", "c"])


def test_an_estimator_survives_pickle_in_another_process(rows, tmp_path):
    fitted = Autoencoder(2, epochs=5, random_state=0).fit(rows)
    np.save(tmp_path / "rows.npy", rows)
    (tmp_path / "fitted.pickle").write_bytes(pickle.dumps(fitted))
    text = (
        "import pickle, sys, numpy as np; from pathlib import Path; folder = Path(sys.argv[1]);"
        "fitted = pickle.loads((folder / 'fitted.pickle').read_bytes());"
        "np.save(folder / 'codes.npy', fitted.transform(np.load(folder / 'rows.npy')))"
    )
    subprocess.run([sys.executable, "-c", text, str(tmp_path)], check=True)
    np.testing.assert_array_equal(np.load(tmp_path / "codes.npy"), fitted.transform(rows))


def test_gaps_are_taken_where_the_likelihood_takes_them_and_refused_elsewhere(rows):
    gaps = rows.copy()
    gaps[::7, 1] = np.nan
    fitted = Autoencoder(2, epochs=5, random_state=0).fit(gaps)
    assert np.isfinite(fitted.transform(gaps)).all()
    assert np.isfinite(fitted.inverse_transform(fitted.transform(gaps))).all()
    with pytest.raises(ValueError, match="NaN"):
        Autoencoder(2, likelihood="mse", epochs=5).fit(gaps)
    gaps[0, 0] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        Autoencoder(2, epochs=5).fit(gaps)


def test_bytes_come_back_in_their_own_scale(pictures):
    x = pictures.reshape(400, 64)
    fitted = Autoencoder(8, likelihood="bce", preprocessing="unit-range", epochs=40, random_state=0).fit(x)
    again = fitted.inverse_transform(fitted.transform(x))
    assert np.abs(again - x).mean() < 25
    np.testing.assert_allclose(fitted.transform(x.astype(float)), fitted.transform(x), atol=1e-4)


def test_a_specification_with_convolutions_takes_rows_as_pictures(pictures):
    fitted = Autoencoder(spec="conv", shape=(8, 8), random_state=0)
    spec = latentia.preset("conv")
    spec["training"]["epochs"] = 1
    fitted.set_params(spec=spec).fit(pictures.reshape(400, 64))
    assert fitted.transform(pictures.reshape(400, 64)).shape[0] == 400


def test_samples_of_a_vae_have_the_columns_spread(rows):
    vae = VAE(2, random_state=0).fit(rows)
    drawn = vae.sample(2000, random_state=1)
    np.testing.assert_allclose(drawn.std(axis=0), rows.std(axis=0), rtol=0.35)
    np.testing.assert_array_equal(drawn, vae.sample(2000, random_state=1))


def test_what_does_not_belong_is_negative_and_a_share_of_training_rows_is_flagged(rows):
    odd = np.concatenate([rows, 25 * rows[::20]])
    detector = OutlierDetector(contamination=20 / 420, random_state=0).fit(odd)
    assert (detector.predict(odd) == -1).sum() == 20
    assert (detector.predict(odd[-20:]) == -1).all()
    np.testing.assert_array_equal(detector.decision_function(odd) < 0, detector.predict(odd) == -1)
    automatic = OutlierDetector(random_state=0).fit(rows)
    assert (automatic.predict(rows) == -1).mean() < 0.05
    with pytest.raises(ValueError, match="contamination is 0.7"):
        OutlierDetector(contamination=0.7).fit(rows)


def test_what_cannot_be_is_refused_in_the_programs_words(rows):
    with pytest.raises(latentia.Error, match="unknown variant `mes`"):
        Autoencoder(likelihood="mes").fit(rows)
    with pytest.raises(latentia.Error, match="`epochs` is 0; it must be 1 to 500000"):
        Autoencoder(epochs=0).fit(rows)
