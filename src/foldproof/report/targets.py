"""Several targets beside one another, and which of them decides."""

from foldproof.evaluation.assessment import Assessment
from foldproof.evaluation.wording import figure, named, signed, span, with_spread
from foldproof.report.rows import Rows, percent


def which_decides(assessment: Assessment) -> str:
    """Of several targets, what the first of them stands for; else nothing."""
    if not assessment.targets:
        return ""
    return (
        f"The networks learn {len(assessment.every_target)} targets at once. The first, {assessment.target}, decides: "
        "the headline, comparisons between runs and what to do next are about it; training stops by the loss of all."
    )


def target_rows(assessment: Assessment) -> Rows:
    """A line a target: its primary metric over folds and on the test set, beside its strongest baseline."""
    columns = (
        "target",
        "metric",
        "folds",
        f"{percent(assessment.confidence)} interval",
        "test set",
        "strongest baseline",
        "network's gain",
        "verdict",
    )
    return Rows(columns, tuple(_of_target(one) for one in assessment.every_target))


def _of_target(assessment: Assessment) -> tuple[str, ...]:
    metric, score = assessment.metrics[0], assessment.headline
    held_out = "" if assessment.test is None else figure(assessment.test.scores[metric.name].ensemble, metric)
    nearest = min(assessment.baselines, key=lambda one: one.comparison.gain)
    return (
        assessment.target,
        named(metric, assessment.target),
        with_spread(score.mean, score.spread, metric),
        span(score.low, score.high, metric),
        held_out,
        f"{nearest.label} {figure(nearest.scores[metric.name].mean, metric)}",
        signed(nearest.comparison.gain, metric),
        nearest.comparison.verdict,
    )
