"""The face for those who come from PyOD: the same detector with the opposite signs."""

import numpy as np
import pytest

from latentia.pyod import AutoEncoder


def test_the_higher_the_stranger_and_the_share_asked_for_is_flagged(rows):
    odd = np.concatenate([rows, 25 * rows[::20]])
    detector = AutoEncoder(contamination=20 / 420, random_state=0).fit(odd)
    assert detector.labels_.sum() == 20 and detector.labels_[-20:].all()
    np.testing.assert_array_equal(detector.labels_, detector.decision_scores_ > detector.threshold_)
    np.testing.assert_array_equal(detector.decision_function(odd), detector.decision_scores_)
    np.testing.assert_array_equal(detector.predict(odd), detector.labels_)
    np.testing.assert_array_equal(-detector.detector_.score_samples(odd), detector.decision_scores_)
    proba = detector.predict_proba(odd)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    assert proba[-20:, 1].min() > proba[:-20, 1].mean()


def test_a_parameter_that_there_is_not_is_refused(rows):
    with pytest.raises(TypeError, match="hiden"):
        AutoEncoder(hiden=3)
    with pytest.raises(ValueError, match="contamination is 0.9"):
        AutoEncoder(contamination=0.9)
    with pytest.raises(ValueError, match="has not learned yet"):
        AutoEncoder().predict(rows)
