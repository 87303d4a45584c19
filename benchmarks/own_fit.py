"""One cross-validation of rows from a file: what the stages do, in memory, and how each fold scored."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from time import perf_counter
from typing import Any

import psutil  # type: ignore[import-untyped]  # comes with DVC
import yaml

from benchmarks.accuracy import ROOT
from foldproof.config import Params, params_from
from foldproof.config.reading import read_yaml
from foldproof.data.dataset import Dataset
from foldproof.data.sources import load_source
from foldproof.data.splits import Role, Split, make_split
from foldproof.data.statistics import fit_statistics
from foldproof.evaluation.assess import test_to_training
from foldproof.evaluation.comparison import Comparison, compare
from foldproof.metrics import METRICS, Sequences
from foldproof.training.cross_validation import Trained, train_members
from foldproof.training.outputs import Curves


@dataclass(frozen=True)
class Job:
    """Params and the rows that they name."""

    params: Params
    dataset: Dataset


def job(changes: dict[str, dict[str, Any]], seed: int = 0, prepared: Path | None = None) -> Job:
    """The shipped params with some keys of some sections changed."""
    values = shipped(changes, seed)
    dataset = load_source(params_from(values).data) if prepared is None else Dataset.load(prepared)
    return Job(params_from(values, kind=dataset.schema.kind, absent=True), dataset)


def shipped(changes: dict[str, dict[str, Any]], seed: int = 0) -> dict[str, Any]:
    """`params.yaml` with these changes; blocks such as `schedule` keep the keys that are not named."""
    values: dict[str, Any] = read_yaml(ROOT / "params.yaml")
    for section, keys in changes.items():
        for key, value in keys.items():
            block = isinstance(value, dict) and isinstance(values[section].get(key), dict)
            values[section][key] = {**values[section][key], **value} if block else value
    values["split"]["seed"] = values["seed"] = seed
    return values


@dataclass(frozen=True)
class Fit:
    """Trained members of a split, and what their fit took."""

    dataset: Dataset
    split: Split
    trained: Trained
    seconds: float
    cpu: float  # seconds, of worker processes too
    inner_loss: float  # mean over members of the lowest inner-validation loss

    @classmethod
    def of(cls, job: Job) -> "Fit":
        """Split, fit statistics, train."""
        params, dataset = job.params, job.dataset
        split = make_split(dataset, params.split, params.seed)
        learnt = fit_statistics(dataset, split, params.preprocess)
        curves = Curves()
        started, used = perf_counter(), _cpu_seconds()
        trained = train_members(dataset, split, learnt, params.model, params.train, params.augment, [curves])
        seconds, cpu = perf_counter() - started, _cpu_seconds() - used
        lowest = curves.table().groupby(["repeat", "fold"])["inner_validation_loss"].min()
        return cls(dataset, split, trained, seconds, cpu, float(lowest.mean()))

    def scores(self, metric: str, target: int = 0) -> list[float]:
        """Of each member, in order, on the rows that it did not see."""
        view = self.dataset.view(target)
        tags = Sequences(view.schema.classes, view.groups)
        found = []
        for index, predicted in enumerate(self.trained.out_of_fold):
            rows = self.split.rows(index, Role.SCORED)
            own = self.dataset.schema.apart(predicted)[target]
            found.append(METRICS[metric].on(tags.of(rows)).function(view.targets[rows], own))
        return found

    def of_test_set(self, metric: str, target: int = 0) -> float:
        """Of the ensemble of all members."""
        view, rows = self.dataset.view(target), self.split.test_rows()
        predicted = self.dataset.schema.apart(self.trained.model.predict(self.dataset.features[rows]))[target]
        tags = Sequences(view.schema.classes, view.groups)
        return METRICS[metric].on(tags.of(rows)).function(view.targets[rows], predicted)

    def compared(self, metric: str, candidate: Sequence[float], reference: Sequence[float]) -> Comparison:
        """Paired on this split's folds, at 95 %."""
        return compare(candidate, reference, test_to_training(self.split), 0.95, METRICS[metric].higher_is_better)


def _cpu_seconds() -> float:
    """Of this process and its workers, those that have ended and those that it keeps."""
    here = psutil.Process()
    each = [one.cpu_times() for one in (here, *here.children(recursive=True))]
    return float(sum(sum(one[:4]) for one in each))


def told(scores: Sequence[float]) -> str:
    """Mean ± standard deviation."""
    return f"{fmean(scores):.4f} ± {stdev(scores):.4f}"


def verdict(found: Comparison) -> str:
    """Difference, interval, p and verdict."""
    p = f"p {found.p_value:.3f}" if found.p_value >= 0.001 else "p < 0.001"
    return f"{found.difference:+.4f} ({found.low:+.4f} to {found.high:+.4f}), {p}: {found.verdict}"


def write_params(changes: dict[str, dict[str, Any]]) -> None:
    """`params.yaml` of this folder, for its stages."""
    Path("params.yaml").write_text(yaml.safe_dump(shipped(changes)), encoding="utf-8")
