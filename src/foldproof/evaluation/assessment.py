"""All that is known of a run's quality, as frozen values that survive a round through JSON.

`assess` (in `assess.py`) makes an `Assessment`, which is kept as `reports/evaluation.json`; the report, the
terminal's tables and the record of runs read it.
"""

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from foldproof.config.advice import Advice
from foldproof.config.divergence import CauseName
from foldproof.errors import FoldproofError
from foldproof.evaluation.calibration import Calibration
from foldproof.evaluation.comparison import Comparison
from foldproof.metrics import METRICS, Metric, names_for

SCHEMA = 1
Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Symptom:
    """What a member's learning curves show amiss: the pattern's name and title, and the evidence, in figures."""

    name: str
    title: str
    sentence: str


@dataclass(frozen=True)
class Diagnosis:
    """A pattern of learning curves that enough members show: who they are, the evidence of one, what to change."""

    name: str
    title: str
    explains: str
    members: tuple[str, ...]
    sentence: str
    advice: Advice


@dataclass(frozen=True)
class FoldResult:
    """One member: its rows, how its training ended (epochs count from 0), and the scores on its fold."""

    name: str
    seed: int
    repeat: int
    fold: int
    training_rows: int
    inner_validation_rows: int
    scored_rows: int
    best_epoch: int
    epochs: int  # how many were run
    stopped: str  # "patience", "last epoch" or "diverged"
    training_loss: float | None  # at the best epoch; None where the curves were not given
    inner_validation_loss: float | None
    scores: dict[str, float]
    symptoms: tuple[Symptom, ...] = ()
    told: str = ""  # what was seen where it diverged
    cause: CauseName | None = None  # and the likely cause

    @property
    def trained(self) -> bool:
        """Whether it has a best epoch; without one it has its initial weights, and is in no mean over members."""
        return self.best_epoch >= 0


@dataclass(frozen=True)
class Score:
    """A metric over folds: `values` in the order of members, unweighted mean, spread, corrected interval.

    The interval is cut at the metric's range; it is None where all folds score the same.
    """

    values: tuple[float, ...]
    mean: float
    spread: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class BaselineResult:
    """A baseline on the same folds and test rows, and the network's gain over it on the primary metric."""

    name: str
    label: str
    trivial: bool
    converged: bool
    scores: dict[str, Score]
    comparison: Comparison
    test: dict[str, float] | None


@dataclass(frozen=True)
class TestScore:
    """A metric on the test set: of the ensemble with its interval, and the members' mean."""

    ensemble: float
    low: float | None
    high: float | None
    method: str
    members_mean: float


@dataclass(frozen=True)
class TestSet:
    """The rows held out of cross-validation altogether, scored once."""

    rows: int
    scores: dict[str, TestScore]


@dataclass(frozen=True)
class Addition:
    """What one kind of averaging changed of one metric: with it and without it, over folds and on the test set.

    `comparison` is paired, fold by fold; None where folds cannot be compared, for the reason that `remark` gives.
    """

    technique: str
    against: str
    metric: str
    folds_with: float | None
    folds_without: float | None
    comparison: Comparison | None
    test_with: float | None
    test_without: float | None
    cost: str
    remark: str = ""


@dataclass(frozen=True)
class Check:
    """One reason to trust the figures or not: what was looked at, and what was seen, in plain words."""

    name: str
    status: Status
    title: str
    sentence: str


@dataclass(frozen=True)
class StartedFrom:
    """The trained weights that members began with: their hash, the data that they were trained on, where that is known.

    `loaded` and `new` are names of parameters and running averages, `frozen` of parameters; `freeze` says why those.
    """

    sha256: str
    data: str | None
    fingerprint: str | None
    loaded: tuple[str, ...]
    new: tuple[str, ...]
    frozen: tuple[str, ...]
    freeze: str
    unfreeze_epoch: int | None


@dataclass(frozen=True)
class Assessment:
    """One run, assessed. Dictionaries of scores are keyed by metric; read them in the order of `metrics`."""

    data: str
    kind: str
    task: str
    target: str
    classes: tuple[str, ...]
    shape: tuple[int, ...]
    rows: int
    fingerprint: str
    seed: int
    folds: int
    repeats: int
    primary: str
    confidence: float
    members: tuple[FoldResult, ...]
    scores: dict[str, Score]
    baselines: tuple[BaselineResult, ...]
    test: TestSet | None
    confusion: tuple[tuple[int, ...], ...] | None  # [actual][predicted], counts of out-of-fold predictions
    calibration: Calibration | None  # of out-of-fold predictions
    checks: tuple[Check, ...] = ()
    advice: tuple[Advice, ...] = ()
    averaging: tuple[Addition, ...] = ()
    started_from: StartedFrom | None = None
    weighted: bool = False  # whether rows counted unequally in training; in no score do they
    diagnoses: tuple[Diagnosis, ...] = ()  # of the learning curves
    targets: dict[str, "Assessment"] = field(default_factory=dict)  # those of the further targets, by name

    @property
    def every_target(self) -> "tuple[Assessment, ...]":
        """This one, which is of the first target and decides, and those of the further targets."""
        return (self, *self.targets.values())

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics reported, the primary one first."""
        rest = (name for name in names_for(self.task, self.classes) if name != self.primary)
        return tuple(METRICS[name] for name in (self.primary, *rest))

    @property
    def headline(self) -> Score:
        """The primary metric over folds."""
        return self.scores[self.primary]

    def concluded(self, checks: tuple[Check, ...], advice: tuple[Advice, ...]) -> "Assessment":
        """The same figures with what they mean."""
        return replace(self, checks=checks, advice=advice)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, with the version of this format."""
        return {"schema": SCHEMA, **asdict(self)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Assessment":
        """Read what `to_dict` wrote, also after a round through JSON; refuses another version."""
        from pydantic import TypeAdapter

        if values.get("schema") != SCHEMA:
            raise FoldproofError(
                f"evaluation: schema: found {values.get('schema')!r}, this foldproof reads {SCHEMA}; "
                "run `dvc repro evaluate` to write it anew"
            )
        return TypeAdapter(cls).validate_python({key: values[key] for key in values if key != "schema"})

    def compact(self) -> dict[str, Any]:
        """The figures for `dvc metrics show` and for the record of runs, to six significant digits.

        The primary metric with spread, interval and test set; of the others the mean over folds; each
        baseline's score and the gain over it, positive where the network is better. The same of every further target
        under `targets.<name>`.
        """
        main = self.headline
        figures: dict[str, float | None] = {
            self.primary: main.mean,
            f"{self.primary}_spread": main.spread,
            f"{self.primary}_low": main.low,
            f"{self.primary}_high": main.high,
        }
        figures |= {metric.name: self.scores[metric.name].mean for metric in self.metrics[1:]}
        if self.test is not None:
            held_out = self.test.scores[self.primary]
            figures |= {
                f"test_{self.primary}": held_out.ensemble,
                f"test_{self.primary}_low": held_out.low,
                f"test_{self.primary}_high": held_out.high,
                f"test_{self.primary}_members_mean": held_out.members_mean,
            }
        for baseline in self.baselines:
            figures[f"{baseline.name}_{self.primary}"] = baseline.scores[self.primary].mean
            figures[f"gain_over_{baseline.name}"] = baseline.comparison.gain
        rounded = {name: float(f"{value:.6g}") for name, value in figures.items() if value is not None}
        further = {name: one.compact() for name, one in self.targets.items()}
        return rounded | ({"targets": further} if further else {})
