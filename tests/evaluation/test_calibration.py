"""Reliability bins against scikit-learn's and hand arithmetic."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from foldproof.evaluation.calibration import calibrate


def test_bins_equal_those_of_scikit_learn() -> None:
    draws = np.random.Generator(np.random.Philox(0))
    probabilities = draws.dirichlet(np.full(4, 0.5), size=500)
    targets = draws.integers(0, 4, 500)
    found = calibrate(targets, probabilities)
    confidence = probabilities.max(axis=1)
    right = (probabilities.argmax(axis=1) == targets).astype(int)
    accuracy, mean_confidence = calibration_curve(right, confidence, n_bins=10, strategy="uniform")
    assert [one.accuracy for one in found.bins] == pytest.approx(list(accuracy))
    assert [one.confidence for one in found.bins] == pytest.approx(list(mean_confidence))
    assert sum(one.rows for one in found.bins) == 500


def test_expected_error_by_hand() -> None:
    """Four rows with 0.9, three of them right (off by 0.15); one with 0.6, right (off by 0.4)."""
    probabilities = np.array([[0.9, 0.1]] * 4 + [[0.4, 0.6]])
    targets = np.array([0, 0, 0, 1, 1])
    found = calibrate(targets, probabilities)
    assert [(one.rows, one.accuracy) for one in found.bins] == [(1, 1.0), (4, 0.75)]
    assert found.expected_error == pytest.approx((4 * 0.15 + 1 * 0.4) / 5)


def test_certain_and_right_is_calibrated() -> None:
    found = calibrate(np.arange(3), np.eye(3, dtype=np.float32))
    assert found.expected_error == 0.0
    assert [(one.low, one.high) for one in found.bins] == [(0.9, 1.0)]


def test_shapes_are_checked() -> None:
    with pytest.raises(ValueError, match="needed"):
        calibrate(np.arange(3), np.eye(4))
