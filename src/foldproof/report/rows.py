"""The tables that every report shows, as text: terminal, Markdown and page lay out the same rows."""

from dataclasses import dataclass
from typing import Any

from foldproof.evaluation.assessment import Addition, Assessment, Check
from foldproof.evaluation.wording import figure, listed, named, signed, span, with_spread
from foldproof.metrics import METRICS, Metric

NOTHING_AMISS = "Learning curves: nothing amiss."
MARKS = {"ok": "✓", "warn": "!", "fail": "✗"}


@dataclass(frozen=True)
class Rows:
    """A table: the names of its columns, and its lines."""

    columns: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]


def percent(share: float) -> str:
    """`95 %`."""
    return f"{100 * share:g} %"


def headline(assessment: Assessment) -> str:
    """The primary metric, mean ± spread."""
    score = assessment.headline
    return with_spread(score.mean, score.spread, assessment.metrics[0])


def mean_of(assessment: Assessment) -> str:
    """The primary metric's mean alone."""
    return figure(assessment.headline.mean, assessment.metrics[0])


def spread_of(assessment: Assessment) -> str:
    """Its spread over folds alone."""
    return figure(assessment.headline.spread, assessment.metrics[0])


def verdict_in_a_sentence(assessment: Assessment) -> str:
    """Against which baselines the network wins, loses, or is not told apart."""
    kinds = (("better", "better than"), ("worse", "worse than"), ("no evidence", "not shown to differ from"))
    parts = []
    for verdict, words in kinds:
        names = [one.label for one in assessment.baselines if one.comparison.verdict == verdict]
        if names:
            parts.append(f"{words} {listed(names)}")
    told = "; ".join(parts)
    return f"{told[0].upper()}{told[1:]}, compared fold by fold."


def headline_interval(assessment: Assessment) -> str:
    """The corrected interval in words, or why there is none."""
    score = assessment.headline
    if score.low is None:
        return "no interval: every fold scores the same"
    return f"{percent(assessment.confidence)} interval {span(score.low, score.high, assessment.metrics[0])}"


def counted(assessment: Assessment) -> str:
    """n, in words: how many networks, from how many folds and repeats."""
    if assessment.repeats == 1:
        return f"n = {assessment.folds} folds"
    return f"n = {assessment.folds * assessment.repeats} ({assessment.folds} folds × {assessment.repeats} repeats)"


def described(assessment: Assessment) -> str:
    """What was learnt from what."""
    shape = "×".join(str(size) for size in assessment.shape)
    rows = {
        "image": f"images of {shape}",
        "table": f"rows of {shape} columns",
        "text": f"tokens in windows of {assessment.shape[0]}",
    }[assessment.kind]
    if not assessment.targets:
        return f"{assessment.rows} {rows}, {_wanted(assessment)}, target {assessment.target}"
    wanted = ", ".join(f"{one.target} ({_wanted(one)})" for one in assessment.every_target)
    return f"{assessment.rows} {rows}, targets {wanted}"


def _wanted(assessment: Assessment) -> str:
    return f"{len(assessment.classes)} classes" if assessment.classes else "a number"


def folds(assessment: Assessment) -> Rows:
    """A line a member: scores, best epoch, epochs run, why it stopped; then mean and spread."""
    metrics = assessment.metrics
    lines = [
        (
            member.name,
            *(figure(member.scores[metric.name], metric) for metric in metrics),
            str(member.best_epoch) if member.trained else "none",
            str(member.epochs),
            member.stopped,
        )
        for member in assessment.members
    ]
    scores = [assessment.scores[metric.name] for metric in metrics]
    pairs = list(zip(scores, metrics, strict=True))
    lines.append(("mean", *(figure(score.mean, metric) for score, metric in pairs), "", "", ""))
    lines.append(("spread (sd)", *(figure(score.spread, metric) for score, metric in pairs), "", "", ""))
    names = (named(metric, assessment.target) for metric in metrics)
    return Rows(("", *names, "best epoch", "epochs", "stopped by"), tuple(lines))


def baselines(assessment: Assessment) -> Rows:
    """Each baseline's primary metric on the same folds, what the network gains over it, and the verdict."""
    metric = assessment.metrics[0]
    lines = tuple(
        (
            one.label,
            with_spread(one.scores[metric.name].mean, one.scores[metric.name].spread, metric),
            signed(one.comparison.gain, metric),
            least(one.comparison.smallest_detectable, metric),
            p_value(one.comparison.p_value),
            one.comparison.verdict,
        )
        for one in assessment.baselines
    )
    score = named(metric, assessment.target)
    return Rows(("baseline", score, "network's gain", "least detectable", "p", "verdict"), lines)


def least(gain: float | None, metric: Metric) -> str:
    """The smallest gain that the folds could have shown, or that it is not known."""
    return "unknown" if gain is None else figure(gain, metric)


def p_value(p: float) -> str:
    """Two digits, and none that are not there."""
    return "< 0.001" if p < 0.001 else f"{p:.2g}"


def test_set(assessment: Assessment) -> Rows:
    """Each metric on the test set: ensemble, interval, members' mean, strongest baseline."""
    columns = (
        "test set",
        "ensemble",
        f"{percent(assessment.confidence)} interval",
        "members' mean",
        "best baseline",
    )
    if assessment.test is None:
        return Rows(columns, ())
    lines: list[tuple[str, ...]] = []
    for metric in assessment.metrics:
        score = assessment.test.scores[metric.name]
        rival = [one.test[metric.name] for one in assessment.baselines if one.test is not None]
        strongest = (max if metric.higher_is_better else min)(rival) if rival else None
        lines.append(
            (
                named(metric, assessment.target),
                figure(score.ensemble, metric),
                span(score.low, score.high, metric),
                figure(score.members_mean, metric),
                "" if strongest is None else figure(strongest, metric),
            )
        )
    return Rows(columns, tuple(lines))


def averaging(assessment: Assessment) -> Rows:
    """What each kind of averaging added: with and without it, and the paired difference over folds."""
    columns = (
        "averaging",
        "instead of",
        "metric",
        "folds",
        "without",
        f"difference ({percent(assessment.confidence)})",
        "verdict",
        "test set",
        "without",
    )
    lines: list[tuple[str, ...]] = []
    for one in assessment.averaging:
        metric = METRICS[one.metric]
        folds, test = ((one.folds_with, one.folds_without), (one.test_with, one.test_without))
        lines.append(
            (
                one.technique,
                one.against,
                named(metric, assessment.target),
                *("" if value is None else figure(value, metric) for value in folds),
                *_difference(one, metric),
                *("" if value is None else figure(value, metric) for value in test),
            )
        )
    return Rows(columns, tuple(lines))


def remarks_on_averaging(assessment: Assessment) -> tuple[str, ...]:
    """A sentence on what each costs, and one on each that the folds cannot tell of."""
    costs = dict.fromkeys(f"Cost of {one.technique}: {one.cost}." for one in assessment.averaging)
    silent = dict.fromkeys(f"No verdict: {one.remark}." for one in assessment.averaging if one.remark)
    return (*costs, *silent)


def _difference(one: Addition, metric: Metric) -> tuple[str, str]:
    if one.comparison is None:
        return "", ""
    found = one.comparison
    return f"{signed(found.difference, metric)} ({span(found.low, found.high, metric)})", found.verdict


def curves(assessment: Assessment) -> Rows:
    """What each member's learning curves show."""
    lines = tuple(
        (member.name, one.title, one.sentence[0].upper() + one.sentence[1:])
        for member in assessment.members
        for one in member.symptoms
    )
    return Rows(("member", "pattern", "evidence"), lines)


def diagnoses(assessment: Assessment) -> tuple[str, ...]:
    """What the learning curves of the run say, a sentence each; that nothing is amiss where that is so."""
    found = tuple(f"{one.title}: {one.sentence}" for one in assessment.diagnoses)
    return found or (NOTHING_AMISS,)


AUDITED = {
    "rows": "rows",
    "kind": "kind of split",
    "unit": "unit of splitting",
    "ordered": "dealt by time",
    "test_rows": "test rows",
    "test_set": "test set chosen by",
    "test_share": "share asked for as test set",
    "folds": "folds",
    "repeats": "repeats",
    "inner_share": "share of inner validation",
    "stratified": "stratified",
    "gap": "gap",
    "duplicates": "duplicates are kept",
    "duplicate_rows": "rows that have a duplicate",
    "duplicate_clusters": "groups of duplicates",
    "conflicting_duplicates": "groups with different targets",
    "groups": "groups that the data has",
    "timed": "rows have times",
    "unused_rows": "rows that nobody uses",
    "seed": "seed",
}


def audit(values: dict[str, Any]) -> Rows:
    """The split's audit, what is known first and whatever else it holds after it."""
    names = [*(name for name in AUDITED if name in values), *(name for name in values if name not in AUDITED)]
    lines = ((AUDITED.get(name, name.replace("_", " ")), _plain(values[name])) for name in names)
    return Rows(("audit of the split", ""), tuple(lines))


def _plain(value: Any) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def trust(assessment: Assessment) -> str:
    """How many checks passed, in one line."""
    passed = sum(check.status == "ok" for check in assessment.checks)
    failed = sum(check.status == "fail" for check in assessment.checks)
    told = f"{passed} of {len(assessment.checks)} checks passed"
    return f"{told}; {failed} FAILED" if failed else told


def remarks(assessment: Assessment) -> tuple[Check, ...]:
    """The checks that did not pass, failures first."""
    order = {"fail": 0, "warn": 1}
    found = (check for check in assessment.checks if check.status in order)
    return tuple(sorted(found, key=lambda check: order[check.status]))
