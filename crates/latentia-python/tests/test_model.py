"""What a model does."""

import copy
import json
import pickle
import subprocess

import numpy as np
import pytest

import latentia


def test_a_row_has_the_same_bits_alone_and_among_others(digits, pictures):
    codes = digits.encode(pictures)
    assert codes.shape == (400, 32) and codes.dtype == np.float32
    for at in (0, 7, 399):
        np.testing.assert_array_equal(digits.encode(pictures[at : at + 1])[0], codes[at])
    np.testing.assert_array_equal(digits.encode(pictures.reshape(400, 64)), codes)


def test_bytes_and_their_fractions_of_255_are_the_same_examples(digits, pictures):
    np.testing.assert_allclose(
        digits.encode(pictures), digits.encode(pictures.astype(np.float32) / 255), atol=1e-5
    )


def test_decoding_codes_is_reconstructing(digits, pictures):
    again = digits.reconstruct(pictures)
    assert again.shape == pictures.shape
    np.testing.assert_array_equal(digits.decode(digits.encode(pictures)), again)


@pytest.mark.parametrize("how", ["pickle", "copy", "file"])
def test_a_model_survives_with_its_bits_history_and_detector(digits, pictures, tmp_path, how):
    if how == "pickle":
        again = pickle.loads(pickle.dumps(digits))
    elif how == "copy":
        again = copy.deepcopy(digits)
    else:
        digits.save(tmp_path / "model.safetensors")
        again = latentia.load(tmp_path / "model.safetensors")
    assert again.to_bytes() == digits.to_bytes()
    assert again.digest == digits.digest
    assert again.history == digits.history and len(again.history) == 4
    np.testing.assert_array_equal(again.score(pictures), digits.score(pictures))


def test_what_is_strange_scores_higher_and_has_a_lower_p_value(rows):
    model = latentia.train(rows, preset="anomaly")
    odd = rows.copy()
    odd[:, 0] += 20
    usual, strange = model.score(rows), model.score(odd)
    assert np.median(strange) > usual.max()
    assert model.p_values(strange).max() < model.p_values(usual).mean()
    assert (strange > model.threshold(0.01)).mean() > 0.9
    assert model.score(odd, loss=True).mean() > model.score(rows, loss=True).mean()


def test_samples_do_not_depend_on_how_many_there_are(pictures):
    model = latentia.train(pictures, preset="vae-20", epochs=2)
    np.testing.assert_array_equal(model.sample(20, seed=3)[:5], model.sample(5, seed=3))
    assert not np.array_equal(model.sample(5, seed=3), model.sample(5, seed=4))
    assert model.sample(2, seed=3, draw=True).shape == (2, 8, 8)


def test_a_plain_model_draws_from_a_mixture_of_its_codes(digits, pictures):
    with pytest.raises(latentia.Error, match="no prior"):
        digits.sample(3)
    assert digits.sample(3, like=pictures, components=4).shape == (3, 8, 8)
    for prior in ["flow", "knn", "hypersphere"]:
        assert digits.sample(3, like=pictures, prior=prior).shape == (3, 8, 8)
    with pytest.raises(latentia.Error, match="indices|codebook"):
        digits.sample(3, like=pictures, prior="autoregressive")
    with pytest.raises(ValueError, match="hypersphere"):
        digits.sample(3, like=pictures, prior="normal")
    with pytest.raises(ValueError, match="without like"):
        digits.sample(3, prior="flow")


def test_a_quantised_model_draws_its_indices(pictures):
    model = latentia.train(pictures, preset="vq-vae", epochs=2)
    drawn = model.sample(5, like=pictures, seed=3)
    assert drawn.shape == (5, 8, 8)
    with pytest.raises(latentia.Error, match="flow.*does not fit a code that is vector-quantised"):
        model.sample(5, like=pictures, prior="flow")
    np.testing.assert_array_equal(drawn[:2], model.sample(2, like=pictures, prior="autoregressive", seed=3))


def test_a_conditional_model_takes_classes_and_refuses_examples_without(pictures):
    labels = np.arange(400) % 8
    model = latentia.train(pictures, labels, preset="conditional-vae", epochs=2)
    assert model.encode(pictures, labels).shape[0] == 400
    drawn = model.sample(8, labels=np.arange(8))
    assert drawn.shape == (8, 8, 8)
    with pytest.raises(latentia.Error, match="conditioned on one of 10 classes"):
        model.encode(pictures)
    with pytest.raises(latentia.Error, match="3 labels for 400 examples"):
        model.encode(pictures, [1, 2, 3])
    with pytest.raises(latentia.Error, match="label 12"):
        model.encode(pictures, np.full(400, 12))


def test_an_evaluation_has_the_measures_that_fit_the_model(digits, pictures, table, rows):
    measures = digits.evaluate(pictures)
    assert measures["examples"] == 400 and 0 < measures["mse"] < 0.1 and "psnr_db" in measures
    assert measures["pca_components"] == 32 and measures["pca_learned_from"] == "all"
    assert "elbo_nats" not in measures and "probes" not in measures
    assert table.evaluate(rows)["mse"] < 0.5
    labels = np.arange(400) % 8
    known = digits.evaluate(pictures[:100], labels[:100], training=pictures, training_labels=labels)
    assert known["pca_learned_from"] == "train" and known["probes"]["raw"]["linear_accuracy"] > 0.9


def test_an_evaluation_is_the_programs(program, tmp_path, pictures):
    model = latentia.train(pictures, preset="vae-20", epochs=2)
    path, x = tmp_path / "model.safetensors", tmp_path / "x.npy"
    model.save(path)
    np.save(x, pictures)
    command = [program, "evaluate", str(path), "--data", str(x), "--json"]
    theirs = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    ours = model.evaluate(pictures)
    for key in set(ours) - {"data"}:
        assert ours[key] == theirs[key], key
    assert {"elbo_nats", "nll_nats", "pca_mse"} <= set(ours)


def test_every_byte_comes_back_or_less_at_a_lower_quality(digits, pictures):
    np.testing.assert_array_equal(digits.decompress(digits.compress(pictures, lossless=True)), pictures)
    coarse, fine = digits.compress(pictures, quality=10), digits.compress(pictures, quality=90)
    assert len(coarse) < len(fine)
    again = digits.decompress(fine)
    assert again.shape == pictures.shape and again.dtype == np.uint8


def test_the_specification_trains_the_same_model_again(table, rows):
    spec = {"model": table.spec, "training": table.provenance["training"]}
    again = latentia.train(rows, spec=spec, name="table")
    np.testing.assert_array_equal(again.encode(rows), table.encode(rows))
