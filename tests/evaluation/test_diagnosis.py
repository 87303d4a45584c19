"""The diagnosis of learning curves: on kept trainings, healthy and faulty, and on curves made up for one thing each."""

import re
from dataclasses import replace
from math import sqrt
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency
from tests.evaluation.curves.cases import HEALTHY, Case
from tests.evaluation.curves.later_cases import CASES, FAULTY, MISSED
from tests.evaluation.curves.recorded import facts, recorded
from tests.evaluation.stand_in import digits_assessment, digits_run, jumping_assessment

from foldproof.config import params_from
from foldproof.config.model import Model, NetworkName
from foldproof.config.network_keys import NETWORKS, keys_of
from foldproof.evaluation import Assessment
from foldproof.evaluation.advice import what_next
from foldproof.evaluation.course import Course, Scores, courses_of
from foldproof.evaluation.curve_patterns import APART
from foldproof.evaluation.diagnosis import DIAGNOSES, diagnose

MLP = Model.model_validate({"name": "mlp", "dropout": 0.1})


def named(case: Case) -> str:
    return case.name


def told(courses: tuple[Course, ...], model: Model = MLP) -> list[str]:
    return [one.name for one in diagnose(courses, model)[1]]


def course(training: Any, inner: Any, **changed: Any) -> Course:
    """A member of these losses, at a rate of 0.01, whose best epoch is where it was lowest."""
    training, inner = np.asarray(training, float), np.asarray(inner, float)
    finite = np.where(np.isfinite(inner), inner, np.inf)
    made = Course(
        "fold 0",
        training,
        inner,
        np.full(len(training), 0.01),
        int(finite.argmin()) if len(inner) else -1,
        "last epoch",
        inner_rows=100,
        scored_rows=200,
        steps=10,
        scores=None,
    )
    return replace(made, **changed)


def falling(epochs: int = 60, end: float = 0.2) -> Any:
    """A loss as it should be: from 1 towards `end`, and bent."""
    return end + (1 - end) * np.exp(-np.arange(epochs) / (epochs / 8))


@pytest.mark.parametrize("case", HEALTHY, ids=named)
def test_healthy_trainings_are_told_nothing(case: Case) -> None:
    assert told(*recorded(case.name)) == []


@pytest.mark.parametrize("case", FAULTY, ids=named)
def test_planted_faults_are_told(case: Case) -> None:
    found = bool(set(told(*recorded(case.name))) & set(case.shows))
    assert found == (case.name not in MISSED)


def test_every_case_is_kept_and_every_pattern_but_divergence_has_one() -> None:
    assert facts().keys() == CASES.keys()
    assert DIAGNOSES.keys() - {"diverged"} <= {case.shows[0] for case in FAULTY}
    assert all(set(case.shows) <= DIAGNOSES.keys() for case in FAULTY)


@pytest.mark.parametrize("name", DIAGNOSES)
def test_each_row_says_what_why_and_which_key(name: str) -> None:
    row = DIAGNOSES[name]
    assert not row.title.endswith(".")
    assert row.explains.endswith(".")
    assert set(row.unless) <= DIAGNOSES.keys()
    order = list(DIAGNOSES)
    assert all(order.index(other) < order.index(name) for other in row.unless)
    advice = row.advise([course(falling(), falling())], MLP)
    known = {**params_from({"schema": 1}).flat(), "model.mlp.hidden": ""}
    assert advice.key in known
    assert advice.sentence.endswith(".")
    mentioned = re.findall(r"(?:train|model|split|data)\.[a-z_.]*[a-z_]", advice.sentence)
    assert all(any(key == one or key.startswith(f"{one}.") for key in known) for one in mentioned)


def test_a_member_that_diverged_is_told_though_it_is_one_of_five() -> None:
    well = course(falling(), falling())
    lost = course(falling(3), falling(3), stopped="diverged")
    assert told((well, well, lost, well, well)) == ["diverged"]
    never = course([], [], stopped="diverged")
    found = diagnose((well, never), MLP)
    assert [one.name for one in found[0][1]] == ["diverged"]
    assert found[1][0].members == ("fold 0",)


def test_what_was_seen_of_a_member_that_diverged_is_the_evidence_and_its_cause_the_advice() -> None:
    lost = course([], [], stopped="diverged", told="not finite from step 0 on", cause="too_large_at_first")
    [found] = diagnose((course(falling(), falling()), lost, replace(lost, cause="rate_too_high")), MLP)[1]
    assert found.sentence == "2 of 3 members; fold 0: not finite from step 0 on."
    assert found.advice.key == "preprocess.scale"
    unknown = diagnose((course(falling(3), falling(3), stopped="diverged"),), MLP)[1][0]
    assert unknown.advice.key == "train.optimizer.learning_rate"


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_losses_that_are_no_numbers_have_diverged(bad: float) -> None:
    losses = falling()
    losses[7] = bad
    assert told((course(losses, falling()),)) == ["diverged"]
    losses[0] = bad
    assert told((course(losses, losses),)) == ["diverged"]


def test_one_epoch_says_nothing() -> None:
    assert told((course([2.3], [2.2]),)) == []


def test_a_pattern_of_fewer_than_half_is_the_members_own() -> None:
    well, cut = course(falling(), falling()), course(falling(), np.linspace(1, 0.1, 60))
    symptoms, diagnoses = diagnose((well, well, cut), MLP)
    assert [[one.name for one in own] for own in symptoms] == [[], [], ["still_improving"]]
    assert not diagnoses
    assert told((well, cut)) == ["still_improving"]


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("rate_too_high", course([1, 0.5, 0.4, 0.9, 0.3, 0.2], falling(6))),
        ("flat_start", course(np.full(30, 2.3), np.full(30, 2.3))),
        ("flat_start", course([*np.ones(8), *falling(52)], [*np.ones(8), *falling(52)])),
        ("rate_too_low", course(np.full(30, 2.3), np.full(30, 2.3), learning_rate=np.full(30, 1e-6))),
        ("rate_too_low", course(np.linspace(1, 0.7, 60), np.linspace(1, 0.7, 60))),
        ("mismatch", course(falling(), np.linspace(2, 1.9, 60))),
        ("overfitting", course(falling(60, 0.01), [*falling(30), *np.linspace(0.25, 0.9, 30)])),
        ("unstable", course(falling(), np.where(np.arange(60) % 2, falling(60, 0.6), falling()))),
        ("still_improving", course([1, 0.8, 0.65, 0.53, 0.44], [1, 0.8, 0.65, 0.53, 0.44])),
    ],
)
def test_curves_made_up_for_it_show_the_pattern(name: str, made: Course) -> None:
    assert name in told((made,))
    assert name not in told((course(falling(), falling()),))


def test_a_rate_too_low_that_a_schedule_brings_down_is_still_a_straight_line_over_the_rates() -> None:
    rates = 0.01 * np.exp(-0.08 * np.arange(60))
    losses = 1 - 0.3 * np.cumsum(rates) / rates.sum()
    assert told((course(losses, losses, learning_rate=rates),)) == ["rate_too_low"]


def test_what_holds_a_network_back_is_not_made_larger() -> None:
    scores = Scores("accuracy", np.full(60, 0.3), 0.3, 0.1, 0.9)
    small = course(falling(), falling(), scores=scores)
    held = course(100 * falling(), falling(), scores=scores)
    assert [one.advice.key for one in diagnose((small,), MLP)[1]] == ["model.mlp.hidden"]
    assert [one.advice.key for one in diagnose((held,), MLP)[1]] == ["train.penalty.l2"]


def test_two_shares_are_as_far_apart_as_the_chi_squared_of_their_table() -> None:
    table = np.array([[30, 20], [110, 90]])
    expected = sqrt(chi2_contingency(table, correction=False).statistic)
    assert APART["accuracy"](0.6, 0.55, 50, 200) == pytest.approx(expected)
    assert APART["accuracy"](1.0, 1.0, 50, 200) == 0


def test_r2_apart_is_calibrated() -> None:
    """Under one distribution of rows the standardised distance is that of a normal variable, or less."""
    drawn = np.random.Generator(np.random.Philox(0))

    def r2(rows: int) -> float:
        signal, noise = drawn.normal(size=rows), drawn.normal(size=rows)
        return 1 - float((noise**2).sum() / np.var(signal + noise) / rows)

    distances = [APART["r2"](r2(30), r2(150), 30, 150) for _ in range(2000)]
    assert np.mean(np.square(distances)) < 1.2
    assert np.mean(np.array(distances) > 4) == 0
    assert APART["r2"](float("nan"), 0.5, 30, 150) == 0


finite = st.floats(0, 1e6, allow_nan=False)


@st.composite
def any_course(draw: st.DrawFn) -> Course:
    epochs = draw(st.integers(0, 40))
    training, inner = (draw(st.lists(finite, min_size=epochs, max_size=epochs)) for _ in range(2))
    rates = draw(st.lists(st.floats(0, 10), min_size=epochs, max_size=epochs))
    score = st.floats(-5, 1)
    scores = Scores(
        draw(st.sampled_from(["accuracy", "r2"])),
        np.asarray(draw(st.lists(score, min_size=epochs, max_size=epochs)), float),
        draw(score),
        draw(st.none() | score),
        draw(st.none() | score),
    )
    made = course(training, inner, scores=draw(st.sampled_from([None, scores])), learning_rate=np.asarray(rates, float))
    stopped = draw(st.sampled_from(["patience", "last epoch", "diverged"]))
    return replace(made, stopped=stopped if epochs else "diverged", steps=draw(st.none() | st.integers(1, 100)))


@given(any_course())
def test_any_finite_curves_are_diagnosed(made: Course) -> None:
    symptoms, _ = diagnose((made,), MLP)
    assert all(one.sentence.endswith(".") for one in symptoms[0])


@given(any_course(), st.integers(-20, 20))
def test_a_loss_in_other_units_has_the_same_diagnoses(made: Course, power: int) -> None:
    factor = 2.0**power  # exact in binary
    scaled = replace(made, training=factor * made.training, inner=factor * made.inner)
    assert told((scaled,)) == told((made,))


@pytest.mark.parametrize(
    ("network", "larger", "calmer"),
    [
        ({"name": "linear"}, "model.name", "train.penalty.l2"),
        ({"name": "mlp"}, "model.mlp.hidden", "model.dropout"),
        ({"name": "mlp", "mlp": {"layers": [{"units": 8}]}}, "model.mlp.layers", "model.dropout"),
        ({"name": "mlp", "mlp": {"layers": [{"units": 8, "dropout": 0.5}]}}, "model.mlp.layers", "model.mlp.layers"),
        ({"name": "cnn"}, "model.cnn.channels", "model.dropout"),
        ({"name": "cnn", "cnn": {"layers": [{"channels": 8}]}}, "model.cnn.layers", "model.dropout"),
        ({"name": "residual"}, "model.residual.channels", "model.dropout"),
        ({"name": "factory", "factory": "my:network"}, "model.factory", "model.factory"),
    ],
)
def test_advice_names_keys_that_the_network_obeys(network: dict[str, Any], larger: str, calmer: str) -> None:
    keys = keys_of(Model.model_validate(network))
    assert (keys.larger, keys.calmer) == (larger, calmer)
    assert "{" not in keys.how


def test_every_network_has_its_advice() -> None:
    assert set(NETWORKS) == set(get_args(NetworkName))


def test_an_assessment_carries_symptoms_and_diagnoses_through_json() -> None:
    found = jumping_assessment()
    assert [one.name for one in found.diagnoses] == ["rate_too_high"]
    assert all([one.name for one in member.symptoms] == ["rate_too_high"] for member in found.members)
    again = Assessment.from_dict(found.to_dict())
    assert again.diagnoses == found.diagnoses
    assert again.members == found.members


def test_what_curves_say_is_advised_first_and_once() -> None:
    found = jumping_assessment()
    assert found.advice[0] == found.diagnoses[0].advice
    assert [one.key for one in found.advice].count("train.optimizer.learning_rate") == 1
    first = found.diagnoses[0]
    second = replace(first, name="unstable", advice=replace(first.advice, sentence="Lower it."))
    advice = what_next(replace(found, diagnoses=(first, second)), {})
    assert [one for one in advice if one.key == first.advice.key] == [first.advice]


def test_courses_come_from_the_curves_of_each_member() -> None:
    assessed, run = digits_assessment(), digits_run()
    found = courses_of(assessed.members, assessed.baselines, run.curves, steps=7)
    for one, member in zip(found, assessed.members, strict=True):
        own = run.curves[(run.curves["fold"] == member.fold) & (run.curves["repeat"] == member.repeat)]
        assert one.inner.tolist() == own.sort_values("epoch")["inner_validation_loss"].tolist()
        assert one.inner[one.best] == member.inner_validation_loss
        assert one.scores is not None
        assert one.scores.fold == member.scores["accuracy"]
        assert one.scores.trivial is not None
        assert one.scores.rival is not None
        assert one.scores.trivial < one.scores.rival
    without = run.curves.drop(columns=["inner_validation_accuracy"])
    assert all(one.scores is None for one in courses_of(assessed.members, assessed.baselines, without))
