"""Checks of figures and the advice that follows, on assessments with one thing changed at a time."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.evaluation.stand_in import diabetes_assessment, digits_assessment, digits_run

from foldproof.config import params_from
from foldproof.config.advice import Advice
from foldproof.evaluation.advice import what_next
from foldproof.evaluation.assessment import Assessment, Check, Diagnosis, Symptom
from foldproof.evaluation.calibration import Calibration
from foldproof.evaluation.trust import checks_of_figures

AUDIT: dict[str, Any] = {"conflicting_duplicates": 0}


def checked(assessment: Assessment) -> dict[str, Check]:
    return {check.name: check for check in checks_of_figures(assessment)}


def advised(assessment: Assessment, audit: dict[str, Any] = AUDIT) -> list[str]:
    return [advice.key for advice in what_next(assessment, audit)]


def with_members(assessment: Assessment, **changed: Any) -> Assessment:
    return replace(assessment, members=tuple(replace(member, **changed) for member in assessment.members))


def with_verdicts(assessment: Assessment, *verdicts: Any) -> Assessment:
    """The baselines with these verdicts."""
    pairs = zip(assessment.baselines, verdicts, strict=True)
    return replace(
        assessment,
        baselines=tuple(replace(one, comparison=replace(one.comparison, verdict=told)) for one, told in pairs),
    )


def sound() -> Assessment:
    """Nothing to remark: better than all baselines, stopped by itself, no gap worth a word, repeated."""
    assessed = with_verdicts(digits_assessment(), "better", "better", "better")
    settled = with_members(assessed, best_epoch=20, epochs=31)
    return replace(settled, repeats=3)


def test_a_sound_run_passes_and_is_still_advised() -> None:
    assert {check.status for check in checked(sound()).values()} == {"ok"}
    assert advised(sound()) == ["train.optimizer.name", "seed"]


@pytest.mark.parametrize(
    ("verdicts", "status", "first"),
    [
        (("better", "better", "no evidence"), "warn", "model.name"),
        (("better", "worse", "better"), "warn", "model.name"),
        (("no evidence", "better", "better"), "fail", "data.target"),
    ],
)
def test_baselines(verdicts: tuple[str, ...], status: str, first: str) -> None:
    assessed = with_verdicts(sound(), *verdicts)
    assert checked(assessed)["baselines"].status == status
    assert advised(assessed)[0] == first


def test_a_gain_too_small_to_be_shown_asks_for_repeats() -> None:
    once = replace(with_verdicts(sound(), "better", "no evidence", "better"), repeats=1)
    assert digits_assessment().baselines[1].comparison.gain > 0
    assert advised(once) == ["split.repeats", "train.optimizer.name", "seed"]
    assert advised(replace(once, repeats=3))[0] == "model.name"


def test_the_sentence_carries_the_figures() -> None:
    told = checked(digits_assessment())["baselines"].sentence
    rival = digits_assessment().baselines[1].comparison
    assert f"{rival.gain:.4f}" in told
    assert f"{rival.smallest_detectable:.4f}" in told


def test_a_gain_that_is_the_same_on_every_fold() -> None:
    assessed = with_verdicts(sound(), "better", "no evidence", "better")
    first, flat, last = assessed.baselines
    equal = replace(flat, comparison=replace(flat.comparison, gain=0.25, smallest_detectable=None))
    told = checked(replace(assessed, baselines=(first, equal, last)))["baselines"].sentence
    assert "its gain is 0.2500 on every fold alike, so that nothing tells it from chance." in told


def test_a_second_seed_keeps_folds_and_test_set() -> None:
    advice = {one.key: one.sentence for one in what_next(sound(), AUDIT)}["seed"]
    assert "`dvc exp run -S seed=1`" in advice
    assert "the same folds and test set, but other initial weights and order of rows." in advice
    untested = {one.key: one.sentence for one in what_next(replace(sound(), test=None), AUDIT)}["seed"]
    assert "the same folds, but other" in untested


def test_epochs_that_ran_out() -> None:
    cut = Symptom("still_improving", "Still improving", "the best epoch is 59 of 60.")
    assert checked(sound())["epochs"].status == "ok"
    assert checked(with_members(sound(), symptoms=(replace(cut, name="unstable"),)))["epochs"].status == "ok"
    found = checked(with_members(sound(), symptoms=(cut,)))["epochs"]
    assert (found.status, found.sentence[:6]) == ("warn", "5 of 5")


def test_what_the_curves_say_is_not_said_again() -> None:
    cut = Symptom("still_improving", "Still improving", "the best epoch is 59 of 60.")
    lost = with_members(sound(), symptoms=(cut,), stopped="diverged", told="not finite from step 3 on")
    alone = checked(lost)
    assert alone["training"].sentence.count("not finite from step 3 on") == 5
    advice = Advice("train.epochs", "Raise it.")
    told = tuple(
        Diagnosis(name, title, "", (), "5 of 5 members; fold 0: not finite from step 3 on.", advice)
        for name, title in (("still_improving", "Still improving"), ("diverged", "Diverged"))
    )
    both = checked(replace(lost, diagnoses=told))
    assert (both["training"].status, both["epochs"].status) == ("warn", "warn")
    assert both["training"].sentence.endswith(': see "Diverged" in what the curves say.')
    assert both["epochs"].sentence.endswith(': see "Still improving" in what the curves say.')
    assert not any(
        "5 of 5" in both[name].sentence or "step 3" in both[name].sentence for name in ("training", "epochs")
    )


def moved_test_set(assessment: Assessment, shift: float) -> Assessment:
    assert assessment.test is not None
    score = assessment.test.scores["accuracy"]
    moved = replace(score, members_mean=assessment.headline.mean + shift)
    scores = {**assessment.test.scores, "accuracy": moved}
    return replace(assessment, test=replace(assessment.test, scores=scores))


def test_folds_and_test_set() -> None:
    assert checked(moved_test_set(sound(), -0.01))["agreement"].status == "ok"
    apart = checked(moved_test_set(sound(), -0.1))["agreement"]
    assert apart.status == "warn"
    assert "more apart than chance explains" in apart.sentence
    assert "agreement" not in checked(replace(sound(), test=None))
    assert "split.test_share" in advised(replace(sound(), test=None))


def test_calibration() -> None:
    assessed = replace(sound(), calibration=Calibration((), 0.08))
    found = checked(assessed)["calibration"]
    assert (found.status, "8.0 percentage points" in found.sentence) == ("warn", True)
    assert "train.label_smoothing" in advised(assessed)
    assert "calibration" not in checked(diabetes_assessment())


def test_one_repeat() -> None:
    assessed = replace(sound(), repeats=1)
    assert checked(assessed)["repeats"].status == "warn"
    assert "split.repeats" in advised(assessed)


def test_conflicting_labels() -> None:
    assert "data.source" in advised(sound(), {"conflicting_duplicates": 3})
    assert "data.source" not in advised(diabetes_assessment(), {"conflicting_duplicates": 3})


def everything_amiss() -> Assessment:
    assessed = with_verdicts(replace(digits_assessment(), test=None), "no evidence", "worse", "worse")
    return with_members(assessed, best_epoch=59, epochs=60, stopped="last epoch", training_loss=0.001)


@pytest.mark.parametrize("make", [sound, everything_amiss, digits_assessment, diabetes_assessment])
def test_two_to_five_pieces_each_naming_a_key_of_params(make: Callable[[], Assessment]) -> None:
    advice = what_next(make(), AUDIT)
    assert 2 <= len(advice) <= 5
    known = {**params_from({"schema": 1}).flat(), "model.mlp.hidden": "", "model.cnn.channels": ""}
    assert all(one.key in known for one in advice)
    assert len({one.key for one in advice}) == len(advice)
    assert all(one.sentence.endswith((".", "?")) for one in advice)


def test_checks_speak_in_sentences() -> None:
    for check in (
        *digits_assessment().checks,
        *diabetes_assessment().checks,
        *checked(everything_amiss()).values(),
    ):
        assert check.sentence[0].isupper() or check.sentence[0].isdigit()
        assert check.sentence.endswith(".")
        assert not check.title.endswith(".")


def test_the_assessment_carries_both() -> None:
    names = [check.name for check in digits_assessment().checks]
    assert len(names) == len(set(names)) == 12
    assert digits_assessment().advice
    assert digits_run().split.audit["seed"] == digits_assessment().seed


def test_no_word_of_a_machine() -> None:
    assert str(Path.cwd()) not in str(digits_assessment().to_dict())
