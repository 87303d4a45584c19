"""What learning curves say after training: a table of patterns, each with what to change where it shows.

A pattern looks at the course of one member and answers with the evidence, or None. It is told of a run where at least
half of the members show it, or any one where it concerns that member's rows or its very end.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING, Any

from foldproof.config.advice import Advice
from foldproof.config.divergence import CAUSES
from foldproof.config.model import Model
from foldproof.config.network_keys import keys_of
from foldproof.evaluation import curve_patterns
from foldproof.evaluation.assessment import Assessment, Diagnosis, Symptom
from foldproof.evaluation.course import Course, courses_of

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Pattern:
    """A way in which curves go wrong."""

    title: str
    explains: str  # what it comes from, in plain words
    look: Callable[[Course], str | None]  # the evidence, where a member's curves show it
    advise: Callable[[Sequence[Course], Model], Advice]  # of the members that show it
    epochs: int = 2  # fewer say nothing
    unless: tuple[str, ...] = ()  # patterns that explain the same, and better
    by_any: bool = False  # told of a run where one member shows it


def diagnosed(assessment: Assessment, curves: "pd.DataFrame", model_record: dict[str, Any]) -> Assessment:
    """The same with what its members' curves say: `reports/curves.csv`, beside the record of `models/model.json`."""
    steps = model_record.get("plan", {}).get("steps_per_epoch")
    found = courses_of(assessment.members, assessment.baselines, curves, steps)
    symptoms, diagnoses = diagnose(found, Model.model_validate(model_record["network"]))
    members = zip(assessment.members, symptoms, strict=True)
    return replace(assessment, members=tuple(replace(one, symptoms=own) for one, own in members), diagnoses=diagnoses)


def diagnose(courses: Sequence[Course], model: Model) -> tuple[tuple[tuple[Symptom, ...], ...], tuple[Diagnosis, ...]]:
    """The symptoms of each member, in order, and the diagnoses of the run, the weightiest first."""
    seen = [_symptoms(course) for course in courses]
    told: list[Diagnosis] = []
    for name, pattern in DIAGNOSES.items():
        showing = [(course, one) for course, own in zip(courses, seen, strict=True) for one in own if one.name == name]
        if showing and (pattern.by_any or 2 * len(showing) >= len(courses)):
            first, symptom = showing[0]
            sentence = f"{len(showing)} of {len(courses)} members; {first.member}: {symptom.sentence}"
            members = tuple(course.member for course, _ in showing)
            advice = pattern.advise([course for course, _ in showing], model)
            told.append(Diagnosis(name, pattern.title, pattern.explains, members, sentence, advice))
    return tuple(seen), tuple(told)


def _symptoms(course: Course) -> tuple[Symptom, ...]:
    found: dict[str, Symptom] = {}
    usable = course.before_faults()
    for name, pattern in DIAGNOSES.items():
        if usable.epochs < pattern.epochs or not found.keys().isdisjoint(pattern.unless):
            continue
        evidence = pattern.look(usable)
        if evidence is not None:
            found[name] = Symptom(name, pattern.title, evidence)
    return tuple(found.values())


def _always(key: str, sentence: str) -> Callable[[Sequence[Course], Model], Advice]:
    return lambda _courses, _model: Advice(key, sentence)


def _against_divergence(courses: Sequence[Course], _: Model) -> Advice:
    """For the member whose evidence is told, the first."""
    return CAUSES[courses[0].cause or "rate_too_high"].advice


def _calmer(_: Sequence[Course], model: Model) -> Advice:
    keys = keys_of(model)
    return Advice(keys.calmer, f"The members learn their rows by heart. {keys.how}")


def _larger(courses: Sequence[Course], model: Model) -> Advice:
    gap = median(course.gap for course in courses)
    if gap < curve_patterns.HELD:
        return Advice(
            "train.penalty.l2" if model.dropout <= MUCH_DROPOUT else "model.dropout",
            f"The loss in training is {1 / max(gap, 1e-6):.3g} times that on inner validation: what counts in training "
            "alone, penalties and dropout, outweighs the data. Lower it.",
        )
    keys = keys_of(model)
    return Advice(keys.larger, f"A larger network may fit more, unless {keys.holds} is what holds it.")


def _longer(courses: Sequence[Course], _: Model) -> Advice:
    most = max(course.epochs for course in courses)
    return Advice(
        "train.epochs",
        f"Members were still improving: raise it from {most}, say to {2 * most}; where train.schedule has all but "
        "stopped the steps by then, raise train.optimizer.learning_rate or take train.schedule.name constant instead.",
    )


MUCH_DROPOUT = 0.5  # of hidden units; the most that is usual
_FAULTY = ("diverged", "rate_too_high")
DIAGNOSES: dict[str, Pattern] = {
    "diverged": Pattern(
        "Diverged",
        "The loss is no number any more, or far above what it was before the first step: steps were too long, or "
        "numbers too large from the start.",
        curve_patterns.diverged,
        _against_divergence,
        epochs=0,
        by_any=True,
    ),
    "rate_too_high": Pattern(
        "Learning rate too high",
        "Steps leap over the valleys of the loss instead of going down in them.",
        curve_patterns.rate_too_high,
        _always("train.optimizer.learning_rate", "Steps are too long: divide it by 3 to 10."),
        unless=("diverged",),
    ),
    "flat_start": Pattern(
        "Flat start",
        "Initial weights through which no signal or no gradient passes: zero, too small, or too many saturated layers.",
        curve_patterns.flat_start,
        _always(
            "model.initializer",
            "Training could not begin: take auto or lsuv, and look at model.activation (relu passes gradients through "
            "many layers) and model.normalisation (batch).",
        ),
        epochs=6,
        unless=_FAULTY,
    ),
    "rate_too_low": Pattern(
        "Learning rate too low",
        "Steps so short that the epochs end before the loss has come down.",
        curve_patterns.rate_too_low,
        _always("train.optimizer.learning_rate", "The loss hardly came down: multiply it by 3 to 10."),
        epochs=6,
        unless=(*_FAULTY, "flat_start"),
    ),
    "mismatch": Pattern(
        "Inner validation unlike training",
        "What is learnt does not hold for the inner-validation rows, from the start: they come from elsewhere, or "
        "their targets are wrong. Epochs are chosen by them.",
        curve_patterns.mismatch,
        _always(
            "split.kind",
            "Inner-validation rows are unlike training rows: if rows belong together or drift, deal them by group or "
            "by time (data.group, data.time); else look at these rows.",
        ),
        epochs=6,
        unless=_FAULTY,
    ),
    "overfitting": Pattern(
        "Overfitting",
        "Rows are learnt by heart, at the cost of those that are not seen.",
        curve_patterns.overfitting,
        _calmer,
        epochs=6,
        unless=(*_FAULTY, "flat_start", "rate_too_low", "mismatch"),
    ),
    "unstable": Pattern(
        "Unstable",
        "Each epoch undoes a part of the one before, so that the best one is a matter of luck.",
        curve_patterns.unstable,
        _always(
            "train.optimizer.learning_rate",
            "Loss on inner validation is a matter of luck: lower it, or raise train.batch_size, or set "
            "train.gradient_clip_norm.",
        ),
        epochs=6,
        unless=_FAULTY,
    ),
    "still_improving": Pattern(
        "Still improving",
        "The epochs ran out on members that were getting better.",
        curve_patterns.still_improving,
        _longer,
        unless=(*_FAULTY, "rate_too_low", "unstable"),
    ),
    "underfitting": Pattern(
        "Underfitting",
        "The network is too small, or held too tightly, to learn what is there.",
        curve_patterns.underfitting,
        _larger,
        unless=(*_FAULTY, "flat_start", "rate_too_low", "mismatch", "overfitting", "unstable", "still_improving"),
    ),
    "inner_unlike_fold": Pattern(
        "Inner validation unlike the fold",
        "The rows that chose the epoch tell little of the rows that score it: they come from elsewhere, or one of both "
        "has wrong targets.",
        curve_patterns.inner_unlike_fold,
        _always(
            "split.kind",
            "Inner validation and fold score further apart than chance explains: if rows belong together or drift, "
            "deal them by group or by time (data.group, data.time); else look at these rows.",
        ),
        epochs=1,
        unless=_FAULTY,
        by_any=True,
    ),
}
