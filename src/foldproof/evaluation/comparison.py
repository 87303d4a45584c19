"""Whether one thing scores better than another on the same folds: paired, corrected, in plain words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from foldproof.evaluation.intervals import corrected_deviation, critical_t

Verdict = Literal["better", "worse", "no evidence"]


@dataclass(frozen=True)
class Comparison:
    """Candidate against reference on the same folds.

    `difference` (candidate minus reference), `low` and `high` are in the metric's own units and sign;
    `gain` is the difference with the sign that makes an improvement positive. `smallest_detectable` is the
    smallest gain that these folds could have shown: half the interval's width, given how much the
    differences vary. It is None where they do not vary at all: then the interval is a point, and nothing can
    be said of chance.
    """

    difference: float
    low: float
    high: float
    p_value: float
    verdict: Verdict
    smallest_detectable: float | None
    gain: float


def compare(
    candidate: Sequence[float],
    reference: Sequence[float],
    test_to_training: float,
    confidence: float,
    higher_is_better: bool,
    *,
    resolution: float = 0.0,
) -> Comparison:
    """The paired corrected t-test of Nadeau and Bengio.

    `t = mean d / sqrt((1/m + n_test/n_train) s^2)` with m - 1 degrees of freedom. The verdict is better or
    worse where the two-sided p is below `1 - confidence`.

    Few folds of few rows often differ by the same count of rows, and then seem not to vary at all. So `s` is
    taken to be `resolution` at least, one row's worth (1/n) of a score that is a share of n rows. Where both
    `s` and `resolution` are 0 there is nothing to measure chance by: no evidence, p = 1.

    Raises ValueError unless both hold the same number of scores, two at least, in the same order of folds.
    """
    if len(candidate) != len(reference):
        raise ValueError(
            f"{len(candidate)} scores against {len(reference)}: a comparison is paired, fold by fold",
        )
    differences = [float(one - other) for one, other in zip(candidate, reference, strict=True)]
    middle = float(np.mean(differences))
    deviation = corrected_deviation(differences, test_to_training, resolution)
    half = critical_t(len(differences), confidence) * deviation
    p_value = _two_sided_p(middle, deviation, len(differences))
    gain = middle if higher_is_better else -middle
    verdict: Verdict = "no evidence"
    if p_value < 1 - confidence:
        verdict = "better" if gain > 0 else "worse"
    return Comparison(middle, middle - half, middle + half, p_value, verdict, half or None, gain)


def _two_sided_p(middle: float, deviation: float, scores: int) -> float:
    from scipy.stats import t

    if deviation == 0.0:
        return 1.0
    return float(2 * t.sf(abs(middle) / deviation, scores - 1))
