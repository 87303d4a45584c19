"""How good the shipped params are: digits, and the tables with nothing but `data.source` changed, seeds 0 to 4.

Each seed deals test set and folds anew; beside each stands logistic or ridge regression on the same folds. Writes
tables to benchmarks/RESULTS.md; `make accuracy`, or with `ARGS="wine iris"` some of them, unwritten.
"""

import statistics
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import results_file
from foldproof.config import Params, params_from
from foldproof.config.reading import read_yaml
from foldproof.data.dataset import Dataset
from foldproof.data.sources import load_source
from foldproof.data.splits import make_split
from foldproof.data.statistics import fit_statistics
from foldproof.evaluation.assess import assess
from foldproof.evaluation.assessment import Assessment
from foldproof.training.cross_validation import train_members
from foldproof.training.outputs import out_of_fold_table

ROOT = Path(__file__).resolve().parents[1]
SEEDS = range(5)
JOBS: dict[str, dict[str, Any]] = {
    "digits: cnn (as shipped)": {},
    "digits: mlp (128, 128), no augmentation": {"model": {"name": "mlp"}, "augment": {"shift": 0}},
    **{name: {"data": {"source": name}} for name in ("breast_cancer", "wine", "iris", "diabetes")},
}
BASELINES = ("logistic_regression", "ridge_regression")


@dataclass(frozen=True)
class Line:
    """The figures of one seed."""

    seed: int
    folds: float
    spread: float
    test: float
    baseline: float
    baseline_test: float
    gain: float
    p_value: float
    verdict: str


def main() -> None:
    """Run all seeds of all jobs and write the tables."""
    wanted = sys.argv[1:]
    jobs = {name: changes for name, changes in JOBS.items() if not wanted or name.partition(":")[0] in wanted}
    text = [f"Measured {datetime.now(UTC):%Y-%m-%d} on {results_file.machine()}."]
    for name, changes in jobs.items():
        lines = [measured(seed, changes) for seed in SEEDS]
        text += ["", f"**{name}**", "", *table(lines)]
        print("\n".join(text[-len(lines) - 6 :]), flush=True)
    if not wanted:
        results_file.write("accuracy", "\n".join(text))


def measured(seed: int, changes: dict[str, Any]) -> Line:
    """One seed: everything that the pipeline does, in memory."""
    found = assessed(*job(seed, changes))
    (baseline,) = [one for one in found.baselines if one.name in BASELINES]
    assert found.test is not None
    assert baseline.test is not None
    score, compared = found.headline, baseline.comparison
    return Line(
        seed,
        score.mean,
        score.spread,
        found.test.scores[found.primary].ensemble,
        baseline.scores[found.primary].mean,
        baseline.test[found.primary],
        compared.difference,
        compared.p_value,
        compared.verdict,
    )


def assessed(params: Params, dataset: Dataset) -> Assessment:
    """Split, fit, train, evaluate."""
    split = make_split(dataset, params.split, params.seed)
    learnt = fit_statistics(dataset, split, params.preprocess)
    trained = train_members(dataset, split, learnt, params.model, params.train, params.augment)
    out_of_fold = out_of_fold_table(trained, dataset, split)
    test = trained.model.predict_members(dataset.features[split.test_rows()])
    return assess(dataset.schema, split, dataset, out_of_fold, test, params.evaluate, trained.model.record)


def job(seed: int, changes: dict[str, Any]) -> tuple[Params, Dataset]:
    """The shipped params with another seed and some sections changed, and the data that they name."""
    values = read_yaml(ROOT / "params.yaml")
    for section, keys in changes.items():
        values[section] = {**values[section], **keys}
    values["split"]["seed"] = seed
    values["seed"] = seed
    dataset = load_source(params_from(values).data)
    return params_from(values, kind=dataset.schema.kind), dataset


def table(lines: list[Line]) -> list[str]:
    """One line a seed, and the mean and standard deviation over seeds."""
    rows = [
        "| seed | 5 folds ± spread | test ensemble | baseline, folds | baseline, test | gain | p | verdict |",
        "|---|---|---|---|---|---|---|---|",
        *(
            f"| {one.seed} | {one.folds:.4f} ± {one.spread:.4f} | {one.test:.4f} | {one.baseline:.4f} | "
            f"{one.baseline_test:.4f} | {one.gain:+.4f} | {one.p_value:.3f} | {one.verdict} |"
            for one in lines
        ),
    ]
    columns = ("folds", "test", "baseline", "baseline_test")
    told = [
        f"{statistics.mean(values):.4f} ± {statistics.stdev(values):.4f}"
        for values in ([getattr(one, column) for one in lines] for column in columns)
    ]
    return [*rows, f"| mean ± sd over {len(lines)} seeds | {told[0]} | {told[1]} | {told[2]} | {told[3]} | | | |"]


if __name__ == "__main__":
    main()
