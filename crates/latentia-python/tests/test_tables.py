"""DataFrames: names, categories, booleans, dates and gaps."""

import subprocess

import numpy as np
import pandas as pd
import pytest

import latentia
from latentia.sklearn import VAE, Autoencoder, OutlierDetector


@pytest.fixture(scope="module")
def people():
    rng = np.random.default_rng(2)
    n = 300
    island = rng.choice(["Biscoe", "Dream", "Torgersen"], size=n)
    mass = 3000 + 800 * (island == "Biscoe") + 100 * rng.normal(size=n)
    frame = pd.DataFrame(
        {
            "island": island,
            "mass": mass,
            "count": rng.integers(0, 50, size=n),
            "ringed": rng.random(n) < 0.5,
            "size": pd.Categorical(rng.choice(["s", "m", "l"], size=n), categories=["s", "m", "l"], ordered=True),
            "met": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, size=n), unit="D"),
            "note": [f"note {row}" for row in range(n)],
        },
        index=np.arange(n) + 1000,
    )
    frame.loc[1003, "mass"] = np.nan
    frame.loc[1005, "island"] = None
    frame.loc[1007, "met"] = pd.NaT
    return frame


@pytest.fixture(scope="module")
def model(people):
    with pytest.warns(UserWarning, match="`note` has 300 different texts"):
        return latentia.train(people, preset="table", latent=4, epochs=40)


def test_the_schema_has_what_the_types_say(model):
    kinds = {column["name"]: column["kind"] for column in model.schema["column"]}
    assert kinds == {
        "island": "category",
        "mass": "number",
        "count": "number",
        "ringed": "boolean",
        "size": "category",
        "met": "date",
        "note": "ignored",
    }
    size = next(column for column in model.schema["column"] if column["name"] == "size")
    assert size["levels"] == ["s", "m", "l"]


def test_a_frame_comes_back_with_its_names_types_and_index(model, people):
    again = model.reconstruct(people)
    assert list(again.columns) == ["island", "mass", "count", "ringed", "size", "met"]
    pd.testing.assert_index_equal(again.index, people.index)
    assert again["count"].dtype == np.int64 and again["ringed"].dtype == bool
    assert list(again["size"].cat.categories) == ["s", "m", "l"]
    assert again["met"].between("2019-06-01", "2023-06-01").all()
    known = people["island"].notna()
    assert (again["island"].astype(str)[known] == people["island"][known]).mean() > 0.8
    # Gaps are filled.
    assert np.isfinite(again.loc[1003, "mass"])


def test_columns_are_found_by_name_in_any_order_beside_others(model, people):
    shuffled = people[people.columns[::-1]].assign(more=1.0)
    np.testing.assert_array_equal(model.encode(shuffled), model.encode(people))
    with pytest.raises(latentia.Error, match="no column `count`, which the model takes"):
        model.encode(people.drop(columns="count"))
    with pytest.raises(latentia.Error, match="column `mass` is a number to the model"):
        model.encode(people.assign(mass="heavy"))
    with pytest.warns(UserWarning, match="`island` has levels that the model has not met.*Atlantis"):
        codes = model.encode(people.assign(island="Atlantis"))
    np.testing.assert_array_equal(codes, model.encode(people.assign(island=None)))


def test_every_type_goes_to_numbers_and_back(people):
    from latentia import _tables

    with pytest.warns(UserWarning, match="note"):
        schema = _tables.schema_of(people)
    numbers = _tables.to_array(people, schema)
    assert numbers.dtype == np.float32 and numbers.shape == (300, 6)
    back = _tables.to_frame(numbers, schema, people.index)
    for name in ("island", "size"):
        assert back[name].astype(object).where(back[name].notna(), None).tolist() == [
            None if pd.isna(value) else value for value in people[name]
        ]
    np.testing.assert_array_equal(back["ringed"], people["ringed"])
    np.testing.assert_array_equal(back["count"], people["count"])
    np.testing.assert_array_equal(back["met"].isna(), people["met"].isna())
    assert (back["met"].dropna() == people["met"].dropna()).all()
    np.testing.assert_allclose(back["mass"], people["mass"], rtol=1e-6)


def test_numbers_far_from_zero_and_times_of_day_stay_different():
    from latentia import _tables

    moments = pd.Timestamp("2024-05-01") + pd.to_timedelta(np.arange(100), unit="min")
    frame = pd.DataFrame({"far": 1e9 + np.arange(100) / 10, "when": moments})
    schema = _tables.schema_of(frame)
    numbers = _tables.to_array(frame, schema)
    assert all(len(np.unique(numbers[:, at])) == 100 for at in (0, 1))
    back = _tables.to_frame(numbers, schema, None)
    np.testing.assert_allclose(back["far"], frame["far"], atol=1e-3)
    assert (abs(back["when"] - frame["when"]) <= pd.Timedelta("1s")).all()


def test_the_program_reads_the_same_table_by_the_models_schema(program, model, people, tmp_path):
    model.save(tmp_path / "model.safetensors")
    people.to_csv(tmp_path / "people.csv", index=False)
    command = [program, "encode", "model.safetensors", "people.csv", "-o", "codes.npy"]
    subprocess.run(command, check=True, capture_output=True, cwd=tmp_path)
    np.testing.assert_array_equal(np.load(tmp_path / "codes.npy"), model.encode(people))


def test_estimators_take_frames(people):
    people = people.drop(columns="note")
    ae = Autoencoder(3, epochs=10, random_state=0).set_output(transform="pandas")
    codes = ae.fit_transform(people)
    assert list(codes.columns) == ["autoencoder0", "autoencoder1", "autoencoder2"]
    pd.testing.assert_index_equal(codes.index, people.index)
    np.testing.assert_array_equal(ae.feature_names_in_, people.columns)
    assert list(ae.inverse_transform(codes).columns) == list(people.columns)
    with pytest.raises(ValueError, match="feature names"):
        ae.transform(people.rename(columns={"mass": "weight"}))
    drawn = VAE(2, epochs=10, random_state=0).fit(people).sample(10, random_state=0)
    assert set(drawn["island"].astype(str)) <= {"Biscoe", "Dream", "Torgersen"}
    odd = people.copy()
    odd.loc[1000, ["mass", "count"]] = [9000, 500]
    detector = OutlierDetector(random_state=0).fit(people)
    assert detector.predict(odd)[0] == -1
    assert detector.score_samples(odd)[0] < np.percentile(detector.score_samples(people), 1)


def test_what_is_no_table_is_refused():
    with pytest.raises(latentia.Error, match="none of the 1 columns can be learned from"):
        latentia.train(pd.DataFrame({"empty": [np.nan, np.nan]}))
    with pytest.raises(TypeError, match="column `lists` has a list"):
        latentia.train(pd.DataFrame({"lists": [[1], [2]]}))
    with pytest.raises(latentia.Error, match="two columns are called `a`"):
        latentia.train(pd.DataFrame([[1.0, 2.0], [3.0, 4.0]], columns=["a", "a"]))
