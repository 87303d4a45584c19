"""The network and its baselines on one axis: what is drawn by the picture and by the page."""

from dataclasses import dataclass

from foldproof.evaluation.assessment import Assessment, Score


@dataclass(frozen=True)
class Rival:
    """One line of the picture: a label, the scores over folds, and the score on the test set."""

    label: str
    score: Score
    test: float | None


def rivals(assessment: Assessment) -> tuple[Rival, ...]:
    """The network first, then every baseline, by the primary metric."""
    name = assessment.primary
    test = assessment.test.scores[name].ensemble if assessment.test else None
    return (
        Rival("network", assessment.headline, test),
        *(Rival(one.label, one.scores[name], one.test[name] if one.test else None) for one in assessment.baselines),
    )


def window(lines: tuple[Rival, ...]) -> tuple[float, float]:
    """The stretch of the axis to show: all but lines so far off that they would squeeze the others.

    Beginning with the network's folds, the nearest baselines are taken in as long as that does not stretch
    the axis more than sixfold at a time; intervals and test scores are taken in where they lie near.
    """
    extents = [(min(line.score.values), max(line.score.values)) for line in lines]
    low, high = extents[0]
    for other_low, other_high in sorted(extents[1:], key=lambda ends: abs(sum(ends) - low - high)):
        reach = max(high, other_high) - min(low, other_low)
        if reach <= 6 * max(high - low, 1e-9):
            low, high = min(low, other_low), max(high, other_high)
    room = 0.5 * (high - low) or 0.01
    extra = [value for line in lines for value in (line.score.low, line.score.high, line.test) if value is not None]
    near = [value for value in extra if low - room <= value <= high + room]
    low, high = min([low, *near]), max([high, *near])
    margin = 0.06 * (high - low) or 0.01
    return low - margin, high + margin
