"""Checks of the figures: do they agree with each other, and are they worth anything."""

from math import sqrt

from foldproof.evaluation.assessment import Assessment, BaselineResult, Check, FoldResult, Status
from foldproof.evaluation.wording import figure

LARGE_CALIBRATION_ERROR = 0.05


def checks_of_figures(assessment: Assessment) -> tuple[Check, ...]:
    """Baselines, agreement of folds and test set, training that failed or was cut off, calibration, repeats."""
    checks = [_baselines(assessment), _agreement(assessment), _training(assessment), _epochs(assessment)]
    checks += [_calibration(assessment), _repeats(assessment)]
    return tuple(check for check in checks if check is not None)


def _baselines(assessment: Assessment) -> Check:
    title = "Better than the baselines"
    beaten = [one for one in assessment.baselines if one.comparison.verdict == "better"]
    rest = [one for one in assessment.baselines if one.comparison.verdict != "better"]
    if not rest:
        strongest = min(beaten, key=lambda one: one.comparison.gain)
        return Check(
            "baselines",
            "ok",
            title,
            f"The network beats all {len(beaten)} on the same folds; the nearest is {_gain(assessment, strongest)}.",
        )
    sentence = "; ".join(_not_beaten(assessment, one) for one in rest) + "."
    trivial = any(one.trivial for one in rest)
    return Check("baselines", "fail" if trivial else "warn", title, sentence[0].upper() + sentence[1:])


def _gain(assessment: Assessment, baseline: BaselineResult) -> str:
    metric = assessment.metrics[0]
    score = figure(baseline.scores[metric.name].mean, metric)
    return f"{baseline.label} with {score}, a gain of {figure(baseline.comparison.gain, metric)}"


def _not_beaten(assessment: Assessment, baseline: BaselineResult) -> str:
    metric = assessment.metrics[0]
    compared = baseline.comparison
    if compared.verdict == "worse":
        return f"the network is worse than {baseline.label} by {figure(-compared.gain, metric)}"
    told = f"no evidence that the network is better than {baseline.label}: its gain is {figure(compared.gain, metric)}"
    if compared.smallest_detectable is None:
        return f"{told} on every fold alike, so that nothing tells it from chance"
    return f"{told}, and less than {figure(compared.smallest_detectable, metric)} could not have been shown"


def _agreement(assessment: Assessment) -> Check | None:
    """Like with like: the members' mean on the test set against their mean on the folds."""
    if assessment.test is None:
        return None
    title = "Folds and test set agree"
    metric, folds = assessment.metrics[0], assessment.headline
    held_out = assessment.test.scores[metric.name]
    seen = (
        f"the members score {figure(folds.mean, metric)} on their folds and "
        f"{figure(held_out.members_mean, metric)} "
        f"on the {assessment.test.rows} test rows"
    )
    if held_out.low is None:
        return Check("agreement", "ok", title, f"On average {seen}; nothing to compare by, interval {held_out.method}.")
    halves = [(one.high - one.low) / 2 for one in (folds, held_out) if one.low is not None and one.high is not None]
    allowed = sqrt(sum(half**2 for half in halves))
    apart = abs(folds.mean - held_out.members_mean)
    if apart > allowed:
        sentence = f"On average {seen}: more apart than chance explains ({figure(allowed, metric)})."
        return Check("agreement", "warn", title, sentence)
    return Check("agreement", "ok", title, f"On average {seen}, a difference that chance explains.")


def _training(assessment: Assessment) -> Check:
    title = "No member diverged"
    lost = [member for member in assessment.members if member.stopped == "diverged"]
    if not lost:
        sentence = "No loss ceased to be finite, and none grew far above what it was before the first step."
        return Check("training", "ok", title, sentence)
    elsewhere = _diagnosed(assessment, "diverged")
    told = "; ".join(f"{member.name} {_left_with(member)}{'' if elsewhere else f': {member.told}'}" for member in lost)
    sentence = f"{told[0].upper()}{told[1:]}{elsewhere}."
    return Check("training", "warn" if all(member.trained for member in lost) else "fail", title, sentence)


def _left_with(member: FoldResult) -> str:
    if member.trained:
        return f"is as it was after epoch {member.best_epoch}"
    return "has learnt nothing and is left out of the ensemble"


def _diagnosed(assessment: Assessment, name: str) -> str:
    """A reference to the diagnosis of that name, which has the figures; empty where there is none."""
    title = next((one.title for one in assessment.diagnoses if one.name == name), None)
    return f': see "{title}" in what the curves say' if title else ""


def _epochs(assessment: Assessment) -> Check:
    title = "Training ran to its end"
    cut = sum(one.name == "still_improving" for member in assessment.members for one in member.symptoms)
    if cut:
        elsewhere = _diagnosed(assessment, "still_improving")
        who = "Members" if elsewhere else f"{cut} of {len(assessment.members)} members"
        sentence = f"{who} were still improving when their epochs ran out{elsewhere}."
        return Check("epochs", "warn", title, sentence)
    patient = sum(member.stopped == "patience" for member in assessment.members)
    return Check(
        "epochs",
        "ok",
        title,
        f"{patient} of {len(assessment.members)} members stopped by themselves; none was still improving at the end.",
    )


def _calibration(assessment: Assessment) -> Check | None:
    if assessment.calibration is None:
        return None
    error = assessment.calibration.expected_error
    sentence = f"Predicted probabilities are off by {100 * error:.1f} percentage points on average."
    status: Status = "warn" if error > LARGE_CALIBRATION_ERROR else "ok"
    return Check("calibration", status, "Probabilities mean what they say", sentence)


def _repeats(assessment: Assessment) -> Check:
    title = "More than one draw of the folds"
    folds, repeats = assessment.folds, assessment.repeats
    if repeats == 1:
        return Check(
            "repeats",
            "warn",
            title,
            f"One repeat of {folds} folds: the spread leaves out what dealing the rows anew would change.",
        )
    sentence = f"{repeats} repeats of {folds} folds: {repeats * folds} networks, their initial weights from one seed."
    return Check("repeats", "ok", title, sentence)
