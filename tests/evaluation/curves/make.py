"""Train cases and keep their curves: `python -m tests.evaluation.curves.make NAME...`, from the repository's root.

The text is English-EWT (token, pos, ner), which case `text` looks for as data/raw/ewt.conll.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from gzip import compress
from pathlib import Path
from typing import Any

import numpy as np
import sklearn.datasets
from numpy.typing import NDArray
from tests.evaluation.curves.cases import Case
from tests.evaluation.curves.later_cases import CASES

from foldproof.config import Params, params_from
from foldproof.config.model import Model
from foldproof.config.reading import read_yaml
from foldproof.data.dataset import Dataset, complete
from foldproof.data.describing import describe
from foldproof.data.sources import load_source
from foldproof.data.splits import Role, Split, make_split
from foldproof.data.statistics import fit_statistics, manifest_of
from foldproof.evaluation.assessment import Assessment
from foldproof.evaluation.targets import assess_targets
from foldproof.reproducibility import read_json, write_json, write_whole
from foldproof.training.cross_validation import train_members
from foldproof.training.outputs import Curves, out_of_fold_table

HERE = Path(__file__).parent
FACTS = HERE / "facts.json"
TEXT = {"source": "conll", "path": "data/raw/ewt.conll", "columns": ["token", "pos", "ner"], "target": "pos"}


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


def rings(rows: int = 400) -> Dataset:
    """Two classes, one around the other: no line parts them, neighbours do."""
    drawn = generator()
    angle, label = drawn.uniform(0, 2 * np.pi, rows), drawn.integers(0, 2, rows)
    points = (1 + 2 * label)[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    return describe("rings", points + drawn.normal(0, 0.2, points.shape), label, "classification")


def bundled(name: str) -> Dataset:
    if name == "digits":
        found = sklearn.datasets.load_digits()
        return describe("digits", found.images.astype(np.uint8)[:, None], found.target, "classification")
    found = getattr(sklearn.datasets, f"load_{name}")()
    return describe(name, found.data, found.target, "regression" if name == "diabetes" else "classification")


def dataset_of(case: Case, params: Params) -> Dataset:
    if case.data == "text":
        return load_source(params.data)
    dataset = rings() if case.data == "rings" else bundled(case.data)
    if case.rows is None:
        return dataset
    kept = generator().permutation(len(dataset.features))[: case.rows]
    return complete(replace(dataset, features=dataset.features[kept], targets=dataset.targets[kept]))


def labels_shuffled(dataset: Dataset, _: Split) -> Dataset:
    """30 % of the labels change places."""
    targets, drawn = dataset.targets.copy(), generator(1)
    moved = drawn.permutation(len(targets))[: int(0.3 * len(targets))]
    targets[moved] = targets[drawn.permutation(moved)]
    return replace(dataset, targets=targets)


def negative(dataset: Dataset, rows: NDArray[Any]) -> Dataset:
    features = dataset.features.copy()
    features[rows] = 16 - features[rows]
    return replace(dataset, features=features)


def first_fold_negative(dataset: Dataset, split: Split) -> Dataset:
    return negative(dataset, split.rows(0, Role.SCORED))


def first_fold_unpredictable(dataset: Dataset, split: Split) -> Dataset:
    targets, rows = dataset.targets.copy(), split.rows(0, Role.SCORED)
    targets[rows] = targets[generator(1).permutation(rows)] + 150 * generator(2).normal(size=len(rows))
    return replace(dataset, targets=targets)


def inner_rows(split: Split) -> NDArray[Any]:
    return np.concatenate([split.rows(index, Role.INNER_VALIDATION) for index in range(len(split.members))])


def inner_validation_negative(dataset: Dataset, split: Split) -> Dataset:
    return negative(dataset, inner_rows(split))


def inner_validation_shuffled(dataset: Dataset, split: Split) -> Dataset:
    targets, rows = dataset.targets.copy(), inner_rows(split)
    targets[rows] = targets[generator(1).permutation(rows)]
    return replace(dataset, targets=targets)


def first_fold_shuffled(dataset: Dataset, split: Split) -> Dataset:
    targets, rows = dataset.targets.copy(), split.rows(0, Role.SCORED)
    targets[rows] = targets[generator(1).permutation(rows)]
    return replace(dataset, targets=targets)


def inner_validation_moved(dataset: Dataset, split: Split) -> Dataset:
    """Targets two standard deviations higher."""
    targets, rows = dataset.targets.copy(), inner_rows(split)
    targets[rows] += 2 * targets.std()
    return replace(dataset, targets=targets)


def inner_validation_noisy(dataset: Dataset, split: Split) -> Dataset:
    """Every pixel drawn anew in three of four places."""
    features, rows = dataset.features.copy(), inner_rows(split)
    noise = generator(1).integers(0, 17, features[rows].shape)
    features[rows] = np.where(generator(2).random(features[rows].shape) < 0.75, noise, features[rows])
    return replace(dataset, features=features)


DAMAGES: dict[str, Callable[[Dataset, Split], Dataset]] = {
    one.__name__: one
    for one in (
        labels_shuffled,
        first_fold_negative,
        first_fold_unpredictable,
        inner_validation_negative,
        inner_validation_shuffled,
        inner_validation_noisy,
        first_fold_shuffled,
        inner_validation_moved,
    )
}


def params_of(case: Case) -> Params:
    values: dict[str, Any] = read_yaml(Path("params.yaml"))
    values["split"] |= {"folds": case.folds, **case.split}
    for section in ("model", "train"):
        for key, value in getattr(case, section).items():
            block = isinstance(value, dict) and isinstance(values[section].get(key), dict)
            values[section][key] = {**values[section][key], **value} if block else value
    if case.data == "text":
        values["data"] = TEXT
    kind: Any = {"text": "text", "digits": "image"}.get(case.data, "table")
    return params_from(values, kind=kind, absent=True)


def train(case: Case) -> tuple[str, dict[str, Any]]:
    """The curves as CSV, five digits, and the facts that the diagnosis takes beside them."""
    params = params_of(case)
    dataset = dataset_of(case, params)
    split = make_split(dataset, params.split, params.seed)
    if case.damage:
        dataset = complete(DAMAGES[case.damage](dataset, split))
    statistics, curves = fit_statistics(dataset, split, params.preprocess), Curves()
    trained = train_members(dataset, split, statistics, params.model, params.train, params.augment, [curves])
    assessment, _ = assess_targets(
        dataset,
        split,
        out_of_fold_table(trained, dataset, split),
        trained.model,
        trained.without,
        trained.model.predict_members(dataset.features[split.test_rows()]),
        params.evaluate,
        curves=curves.table(),
        statistics_manifest=manifest_of(statistics, split),
    )
    names = (
        "name",
        "repeat",
        "fold",
        "training_rows",
        "inner_validation_rows",
        "scored_rows",
        "best_epoch",
        "epochs",
        "stopped",
    )
    metric = "r2" if assessment.task == "regression" else "accuracy"
    members = [
        {name: getattr(member, name) for name in names}
        | {"score": round(member.scores[metric], 5)}
        | {"trivial": rivals(assessment, True, metric, place), "rival": rivals(assessment, False, metric, place)}
        for place, member in enumerate(assessment.members)
    ]
    record = trained.model.record
    network = Model.model_validate(record["network"]).model_dump(mode="json", exclude_defaults=True)
    facts = {"network": network, "steps": record["plan"]["steps_per_epoch"], "members": members}
    return curves.table().to_csv(index=False, lineterminator="\n", float_format="%.5g"), facts


def rivals(assessment: Assessment, trivial: bool, metric: str, place: int) -> float:
    """The best score of the baselines that look at no feature, or of the others, on the fold of the member there."""
    return max(round(one.scores[metric].values[place], 5) for one in assessment.baselines if one.trivial == trivial)


def main(names: list[str]) -> None:
    for name in names:
        curves, facts = train(CASES[name])
        write_whole(HERE / f"{name}.csv.gz", compress(curves.encode(), mtime=0))
        known = read_json(FACTS) if FACTS.exists() else {}
        write_json(FACTS, known | {name: facts})
        print(name, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
