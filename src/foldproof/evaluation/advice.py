"""What to try next: two to five pieces of advice, the weightiest first, each naming a key of params.yaml."""

from typing import Any

from foldproof.config.advice import Advice
from foldproof.evaluation.assessment import Assessment
from foldproof.evaluation.trust import LARGE_CALIBRATION_ERROR
from foldproof.evaluation.wording import figure

MOST = 5


def what_next(assessment: Assessment, audit: dict[str, Any]) -> tuple[Advice, ...]:
    """All that may be amiss, in order of weight, what the learning curves say first; `audit` is the split's."""
    found = [
        *(diagnosis.advice for diagnosis in assessment.diagnoses),
        *_baselines(assessment),
        *_data(assessment, audit),
        *_certainty(assessment, audit),
        *_always(assessment),
    ]
    first = {one.key: one for one in reversed(found)}  # of two on one key, the weightier
    return tuple(one for one in found if first[one.key] is one)[:MOST]


def _baselines(assessment: Assessment) -> list[Advice]:
    rivals = [one for one in assessment.baselines if one.comparison.verdict != "better"]
    if any(one.trivial for one in rivals):
        sentence = (
            "The network has learnt nothing that the target's distribution does not tell: is it the right column?"
        )
        return [Advice("data.target", sentence)]
    if not rivals:
        return []
    names = " and ".join(one.label for one in rivals)
    if assessment.repeats == 1 and all(one.comparison.gain > 0 for one in rivals):
        gain = figure(min(one.comparison.gain for one in rivals), assessment.metrics[0])
        sentence = f"The gain over {names} ({gain}) is too small for one draw of the folds to show: try 3 or 5 repeats."
        return [Advice("split.repeats", sentence)]
    sentence = f"Not shown to be better than {names}: try another network, or use the simpler and cheaper model."
    return [Advice("model.name", sentence)]


def _data(assessment: Assessment, audit: dict[str, Any]) -> list[Advice]:
    found: list[Advice] = []
    conflicts = int(audit.get("conflicting_duplicates", 0))
    if assessment.task == "classification" and conflicts:
        found.append(
            Advice("data.source", f"{conflicts} groups of equal rows carry different labels: mend them first.")
        )
    if assessment.test is None:
        sentence = "There is no test set: 0.2 keeps a fifth of the rows apart, to confirm what the folds say."
        found.append(Advice("split.test_share", sentence))
    if assessment.calibration and assessment.calibration.expected_error > LARGE_CALIBRATION_ERROR:
        sentence = "Probabilities are off: 0.05 to 0.1 of smoothing often brings them nearer to the truth."
        found.append(Advice("train.label_smoothing", sentence))
    return found


def _certainty(assessment: Assessment, audit: dict[str, Any]) -> list[Advice]:
    if assessment.repeats > 1 or audit.get("ordered"):  # there is one order of time
        return []
    sentence = "One draw of the folds is one opinion: 3 or 5 repeats narrow the interval and show what luck did."
    return [Advice("split.repeats", sentence)]


def _always(assessment: Assessment) -> list[Advice]:
    kept = "folds" if assessment.test is None else "folds and test set"
    return [
        Advice(
            "train.optimizer.name",
            "Compare another on the same folds: `dvc exp run -S train.optimizer.name=nesterov -S "
            "train.optimizer.learning_rate=auto`, then `make ui`.",
        ),
        Advice(
            "seed",
            f"Before you believe a small difference: `dvc exp run -S seed=1` has the same {kept}, but other initial "
            "weights and order of rows.",
        ),
    ]
