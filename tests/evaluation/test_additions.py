"""What averaging added, of models whose predictions are known: figures by scikit-learn, and who may see which rows."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, log_loss
from tests.evaluation.stand_in import diabetes_run, digits_run

from foldproof.config.evaluate import AtTestTime, Evaluate
from foldproof.data.splits import Role
from foldproof.errors import ConfigError
from foldproof.evaluation.additions import Added, what_averaging_added
from foldproof.model.without import Without

RUN = digits_run()
SPLIT, DATASET = RUN.split, RUN.dataset
MEMBERS = len(SPLIT.members)
QUIET = Evaluate(bootstrap=100)


class Fake:
    """A model of S snapshots that gives the true class `sure[s]`, and spreads the rest evenly; masks make it vary."""

    def __init__(self, *sure: float, draws: bool = False) -> None:
        self.sure, self.draws, self.snapshots, self.members = sure, draws, len(sure), range(MEMBERS)
        self.trained = np.full(MEMBERS, True)

    def predict_snapshots(self, _: Any, rows: NDArray[np.int64], __: Any = None, mask: int | None = None) -> Any:
        right = np.eye(10)[DATASET.targets[rows]]
        sure = np.array([one + (0.01 * mask if mask is not None else 0) for one in self.sure]).reshape(1, -1, 1, 1)
        return (right[:, None] * sure + (1 - right[:, None]) * (1 - sure) / 9).astype(np.float32)

    def predict_rows(self, features: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        return np.asarray(self.predict_snapshots(features, rows).mean(axis=1))


def added(model: Any, *without: Any, section: Evaluate = QUIET) -> Added:
    laid = [Without(f"technique {number}", f"technique {number}", "little", one) for number, one in enumerate(without)]
    return what_averaging_added(model, laid, DATASET, SPLIT, RUN.test_members, section)


def test_nothing_is_predicted_where_all_is_off() -> None:
    """The ensemble of the folds is told from what is known."""

    class Idle(Fake):
        def predict_snapshots(self, *_: Any, **__: Any) -> Any:
            raise AssertionError("nobody asked")

    found = added(Idle(0.9))
    assert [one.metric for one in found.additions] == ["accuracy", "log_loss"]
    assert found.monte_carlo is None
    targets = DATASET.targets[SPLIT.test_rows()]
    line = found.additions[0]
    assert line.test_with == accuracy_score(targets, RUN.test_members.mean(axis=0).argmax(axis=1))
    alone = [accuracy_score(targets, one.argmax(axis=1)) for one in RUN.test_members]
    assert line.test_without == pytest.approx(np.mean(alone))
    assert line.comparison is None
    assert line.technique == f"ensemble of {MEMBERS} members"
    assert "test set alone" in line.remark
    single = what_averaging_added(Idle(0.9), (), DATASET, SPLIT, RUN.test_members[:1], QUIET).additions  # type: ignore[arg-type]
    assert {one.technique for one in single} == {"ensemble of 1 member"}


def test_a_technique_is_compared_with_the_model_before_it() -> None:
    """Log loss of a model that gives the true class probability p is -ln p."""
    found = added(Fake(0.8), Fake(0.5), Fake(0.6)).additions
    lines = [one for one in found if one.metric == "log_loss" and one.technique.startswith("technique")]
    for line, (with_it, without_it) in zip(lines, [(0.6, 0.5), (0.8, 0.6)], strict=True):
        assert line.folds_with == pytest.approx(-np.log(with_it), rel=1e-5)
        assert line.folds_without == pytest.approx(-np.log(without_it), rel=1e-5)
        assert line.test_with == pytest.approx(-np.log(with_it), rel=1e-5)
        assert line.comparison is not None
        assert line.comparison.difference == pytest.approx(np.log(without_it / with_it), rel=1e-5)
        assert line.comparison.gain > 0


def test_greedy_selection_finds_the_good_snapshot_and_is_judged_on_the_test_set_alone() -> None:
    found = added(Fake(0.05, 0.9, 0.06), section=Evaluate(primary_metric="log_loss")).additions
    (line,) = [one for one in found if one.technique.startswith("greedy")]
    assert "0, 51, 0 times" in line.technique or "0, 1, 0 times" in line.technique
    targets = DATASET.targets[SPLIT.test_rows()]
    assert line.test_with == pytest.approx(-np.log(0.9), rel=1e-5)
    together = Fake(0.05, 0.9, 0.06).predict_rows(DATASET.features, SPLIT.test_rows()[None])[0].astype(np.float64)
    assert line.test_without == pytest.approx(log_loss(targets, together / together.sum(1, keepdims=True)), rel=1e-5)
    assert line.comparison is None
    assert "chosen by" in line.remark


def test_the_selection_never_sees_test_rows() -> None:
    """Garbage for the targets of test rows, by which the least sure snapshot would be the best, chooses the same."""
    by_loss = Evaluate(bootstrap=100, primary_metric="log_loss")
    rows = SPLIT.test_rows()
    targets = np.array(DATASET.targets)
    targets[rows] = (targets[rows] + 5) % 10
    seen: list[NDArray[np.int64]] = []

    class Watching(Fake):
        def predict_snapshots(self, features: Any, rows: Any, view: Any = None, mask: Any = None) -> Any:
            seen.append(rows)
            return super().predict_snapshots(features, rows, view, mask)

    def chosen(dataset: Any) -> str:
        model: Any = Watching(0.3, 0.5, 0.4)
        found = what_averaging_added(model, (), dataset, SPLIT, RUN.test_members, by_loss).additions
        return next(one.technique for one in found if one.technique.startswith("greedy"))

    assert chosen(DATASET) == chosen(replace(DATASET, targets=targets))
    assert any(len(np.intersect1d(one, rows)) == 0 for one in seen)
    for table in seen:  # a table is of scored rows or of test rows, never of both
        assert len(np.setdiff1d(table, rows)) in (0, len(np.unique(table)))


def test_masks_give_mean_and_spread_of_the_test_rows() -> None:
    found = added(Fake(0.5, draws=True), section=Evaluate(monte_carlo_dropout=5))
    assert found.monte_carlo is not None
    rows = np.arange(len(SPLIT.test_rows()))
    targets = DATASET.targets[SPLIT.test_rows()]
    np.testing.assert_allclose(found.monte_carlo.mean[rows, targets], 0.52, atol=1e-6)
    np.testing.assert_allclose(found.monte_carlo.spread[rows, targets], np.std(np.arange(5), ddof=1) / 100, atol=1e-6)
    (line,) = [one for one in found.additions if one.technique.startswith("Monte-Carlo") and one.metric == "log_loss"]
    assert (line.folds_with, line.folds_without) == pytest.approx((-np.log(0.52), -np.log(0.5)), rel=1e-5)
    assert line.cost.startswith("5 times")


def test_views_are_told_with_their_cost() -> None:
    found = added(Fake(0.5), section=Evaluate(test_time=AtTestTime(flips=True, shifts=1))).additions
    lines = [one for one in found if one.technique.startswith("views")]
    assert [one.technique for one in lines] == ["views at test time: mirrored, moved by 1"] * 2
    assert all(one.cost.startswith("10 times") for one in lines)
    assert all(one.comparison is not None and one.comparison.verdict == "no evidence" for one in lines)


def test_what_does_not_fit_is_refused_before_anything_is_predicted() -> None:
    with pytest.raises(ConfigError, match="drops nothing"):
        added(Fake(0.5), section=Evaluate(monte_carlo_dropout=5))
    table = diabetes_run()
    model: Any = Fake(0.5)
    flipping = Evaluate(test_time=AtTestTime(flips=True))
    with pytest.raises(ConfigError, match="legal for a table: false"):
        what_averaging_added(model, (), table.dataset, table.split, table.test_members, flipping)


def test_without_a_test_set_the_folds_are_compared_all_the_same() -> None:
    roles = np.where(SPLIT.roles == Role.TEST, Role.TRAINING, SPLIT.roles).astype(SPLIT.roles.dtype)
    split = replace(SPLIT, roles=roles)
    model: Any = Fake(0.8)
    laid = [Without("one", "one", "little", Fake(0.5))]  # type: ignore[arg-type]
    found = what_averaging_added(model, laid, DATASET, split, RUN.test_members[:, :0], QUIET).additions
    assert [(one.test_with, one.test_without) for one in found] == [(None, None)] * 2
    assert all(one.comparison is not None for one in found)
