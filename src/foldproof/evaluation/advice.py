"""What to try next: two to five pieces of advice, the weightiest first, each naming a key of params.yaml."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from foldproof.config.advice import Advice
from foldproof.config.model import Model, NetworkName
from foldproof.evaluation.assessment import Assessment
from foldproof.evaluation.trust import LARGE_CALIBRATION_ERROR, still_improving
from foldproof.evaluation.wording import figure

MOST = 5
LARGE_GAP = 2.0  # inner-validation loss over training loss at the best epoch
NO_GAP = 1.1
EARLY = 2  # a mean best epoch below this is hardly any training


@dataclass(frozen=True)
class Keys:
    """Of a network: the key that lets it fit more, and the one that keeps it from learning rows by heart."""

    larger: str
    calmer: str
    how: str  # the second is turned
    holds: str  # what counts in the training loss alone, and may be what keeps it from fitting more


BY_DROPOUT = ("model.dropout", "Raise it from {model.dropout:g}, or augment more.", "model.dropout")
NETWORKS: dict[NetworkName, Keys] = {
    "linear": Keys("model.name", "train.penalty.l2", "Raise it, or augment more.", "train.penalty"),
    "mlp": Keys("model.mlp.hidden", *BY_DROPOUT),
    "cnn": Keys("model.cnn.channels", *BY_DROPOUT),
    "residual": Keys("model.residual.channels", *BY_DROPOUT),
    "factory": Keys(
        "model.factory", "model.factory", "Let it drop units or have fewer weights, or augment more.", "its own dropout"
    ),
}


def what_next(assessment: Assessment, audit: dict[str, Any], model_record: dict[str, Any]) -> tuple[Advice, ...]:
    """All that may be amiss, in order of weight; `audit` is the split's, `model_record` is model.json."""
    found = [
        *_training(assessment),
        *_baselines(assessment),
        *_fit(assessment, Model.model_validate(model_record["network"])),
        *_data(assessment, audit),
        *_certainty(assessment, audit),
        *_always(assessment),
    ]
    first = {one.key: one for one in reversed(found)}  # of two on one key, the weightier
    return tuple(one for one in found if first[one.key] is one)[:MOST]


def _training(assessment: Assessment) -> list[Advice]:
    members = assessment.members
    lost = sum(member.stopped == "diverged" for member in members)
    if lost:
        return [Advice("train.optimizer.learning_rate", f"{lost} of {len(members)} members diverged: lower it.")]
    cut = sum(still_improving(member) for member in members)
    if cut:
        most = max(member.epochs for member in members)
        sentence = (
            f"{cut} of {len(members)} members were still improving: raise it from {most}, say to {2 * most}; where "
            "train.schedule has all but stopped the steps by then, raise train.optimizer.learning_rate or take "
            "train.schedule.name constant instead."
        )
        return [Advice("train.epochs", sentence)]
    middle = float(np.mean([member.best_epoch for member in members]))
    if middle < EARLY:
        sentence = f"The best epoch is {middle:.1f} on average, so early that smaller steps may go further: lower it."
        return [Advice("train.optimizer.learning_rate", sentence)]
    return []


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


def _fit(assessment: Assessment, model: Model) -> list[Advice]:
    """Overfitting and underfitting, from the losses at the best epochs."""
    training = [one.training_loss for one in assessment.members if one.training_loss is not None]
    inner = [one.inner_validation_loss for one in assessment.members if one.inner_validation_loss is not None]
    if not training or not inner:
        return []
    first, second, keys = float(np.mean(training)), float(np.mean(inner)), _keys(model)
    if second > LARGE_GAP * max(first, 1e-12):
        sentence = (
            f"Loss is {second:.3g} on inner validation against {first:.3g} in training: the members learn "
            f"their rows by heart. {keys.how.format(model=model)}"
        )
        return [Advice(keys.calmer, sentence)]
    if second < NO_GAP * first and not _excellent(assessment):
        sentence = (
            f"Loss is {second:.3g} on inner validation and {first:.3g} in training, no gap between them: "
            f"a larger network may fit more, unless {keys.holds}, which counts in the training loss, is what holds it."
        )
        return [Advice(keys.larger, sentence)]
    return []


def _keys(model: Model) -> Keys:
    """Where layers are given one by one, the key of that list stands for what it takes the place of."""
    keys, layers = NETWORKS[model.name], getattr(getattr(model, model.name), "layers", None)
    if layers is None:
        return keys
    place = f"model.{model.name}.layers"
    if any(layer.dropout is None for layer in layers):
        return replace(keys, larger=place)
    return Keys(place, place, "Raise the dropout of its layers, or augment more.", "their dropout")


def _excellent(assessment: Assessment) -> bool:
    metric = assessment.metrics[0]
    return metric.best == 1.0 and assessment.headline.mean > 0.98


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
