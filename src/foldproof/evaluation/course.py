"""The course of a member's training, epoch by epoch: what the diagnosis of its curves looks at."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from foldproof.config.divergence import CauseName
from foldproof.evaluation.assessment import BaselineResult, FoldResult

if TYPE_CHECKING:
    import pandas as pd

Series = NDArray[np.float64]
ScoreName = Literal["accuracy", "r2"]
SCORES: tuple[ScoreName, ...] = ("accuracy", "r2")


@dataclass(frozen=True)
class Scores:
    """A member's score, by the metric that its curves hold: on inner validation `[E]`, and on its fold.

    `trivial` and `rival` are the scores on that fold of the baseline that looks at no feature and of the best of the
    others; None where there is no such baseline.
    """

    metric: ScoreName
    inner: Series
    fold: float
    trivial: float | None
    rival: float | None

    def skill(self, score: float) -> float | None:
        """How far a score on the fold goes from the trivial one, 0, to a perfect one, 1."""
        return None if self.trivial is None or self.trivial >= 1 else (score - self.trivial) / (1 - self.trivial)

    def chance(self, rows: int) -> float:
        """The highest score on so many rows that still says nothing: the trivial one and a standard error.

        It is `sqrt(p (1 - p) / n)` of a share, and `sqrt(2 / n)` of R² about 0, as of a mean of squared normal errors.
        """
        if self.trivial is None:
            return float("-inf")
        variance = self.trivial * (1 - self.trivial) if self.metric == "accuracy" else 2.0
        return self.trivial + sqrt(max(variance, 0.0) / rows)


@dataclass(frozen=True)
class Course:
    """One member's curves `[E]` and how its training ended.

    The training loss is the mean over an epoch's steps, with dropout, augmentation, smoothing and penalties on, so it
    may lie above the loss on inner validation. What is measured here are shares and ratios: a loss in other units has
    the same.
    """

    member: str
    training: Series
    inner: Series
    learning_rate: Series
    best: int  # epoch
    stopped: str  # "patience", "last epoch" or "diverged"
    inner_rows: int
    scored_rows: int
    steps: int | None  # an epoch; None where it is not known
    scores: Scores | None  # None where the curves are not about the target at hand
    told: str = ""  # what was seen where it diverged
    cause: CauseName | None = None  # and the likely cause

    @property
    def epochs(self) -> int:
        """How many were run."""
        return len(self.training)

    @property
    def tenth(self) -> int:
        """A tenth of the epochs, at least one."""
        return max(1, self.epochs // 10)

    def end(self, losses: Series) -> float:
        """The median of the last tenth of a curve, of three epochs at least."""
        return float(np.median(losses[-max(3, self.tenth) :]))

    @property
    def left(self) -> float:
        """The training loss at the end over that at the beginning (the median of three epochs each)."""
        return over(self.end(self.training), float(np.median(self.training[:3])))

    @property
    def gained(self) -> float:
        """By what share of its first value the inner-validation loss fell at its best epoch."""
        return 1 - over(self.inner[self.best], self.inner[0])

    @property
    def gap(self) -> float:
        """The loss on inner validation over that in training, at the best epoch."""
        return over(self.inner[self.best], self.training[self.best])

    @property
    def travelled(self) -> float:
        """The sum of the learning rate over all steps: how far a weight gets whose step is as large as the rate."""
        return float("inf") if self.steps is None else self.steps * float(self.learning_rate.sum())

    def jitter(self, losses: Series) -> float:
        """How much a curve jumps in its later half: the sd of differences over the square root of 2, over the mean."""
        later = losses[self.epochs // 2 :]
        return over(float(np.std(np.diff(later))) / 2**0.5, float(later.mean())) if len(later) > 2 else 0.0

    def before_faults(self) -> "Course":
        """The same up to the first loss that is not a finite number, from which on it has diverged."""
        faulty = np.flatnonzero(~(np.isfinite(self.training) & np.isfinite(self.inner)))
        if not len(faulty):
            return self
        last = int(faulty[0])
        scores = self.scores and replace(self.scores, inner=self.scores.inner[:last])
        cut = {name: getattr(self, name)[:last] for name in ("training", "inner", "learning_rate")}
        return replace(self, best=min(self.best, last - 1), stopped="diverged", scores=scores, **cut)


def over(part: float, whole: float) -> float:
    """Their ratio; of nothing, 1 where both are nothing, else infinite."""
    if whole:
        return float(part) / float(whole)  # beyond all numbers it is infinite
    return 1.0 if part == 0 else float("inf")


def courses_of(
    members: Sequence[FoldResult],
    baselines: Sequence[BaselineResult],
    curves: "pd.DataFrame",
    steps: int | None = None,
) -> tuple[Course, ...]:
    """Of each member, in order, from `reports/curves.csv`; `steps` are those of an epoch.

    A member that diverged in its first epoch has no line there, and a course of no epochs.
    """
    metric = next((name for name in SCORES if f"inner_validation_{name}" in curves.columns), None)
    by_member = {key: table.sort_values("epoch") for key, table in curves.groupby(["repeat", "fold"])}
    found: list[Course] = []
    for place, member in enumerate(members):
        own = by_member.get((member.repeat, member.fold), curves[:0])
        scores = None
        if metric is not None and metric in member.scores:
            scores = Scores(
                metric,
                _series(own, f"inner_validation_{metric}"),
                member.scores[metric],
                _best([one.scores[metric].values[place] for one in baselines if one.trivial]),
                _best([one.scores[metric].values[place] for one in baselines if not one.trivial]),
            )
        found.append(
            Course(
                member=member.name,
                training=_series(own, "training_loss"),
                inner=_series(own, "inner_validation_loss"),
                learning_rate=_series(own, "learning_rate"),
                best=member.best_epoch,
                stopped=member.stopped,
                inner_rows=member.inner_validation_rows,
                scored_rows=member.scored_rows,
                steps=steps,
                scores=scores,
                told=member.told,
                cause=member.cause,
            )
        )
    return tuple(found)


def _series(table: "pd.DataFrame", column: str) -> Series:
    values: Any = table[column].to_numpy(dtype=np.float64)
    return np.asarray(values)


def _best(scores: Sequence[float]) -> float | None:
    return max(scores, default=None)
