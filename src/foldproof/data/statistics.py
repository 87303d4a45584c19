"""What preprocessing learns, per member and from its training rows alone, and how it is applied.

`x' = (x - center) / scale`, with one center and scale a feature (for images: a pixel) or a channel. Everything is
stacked over members, `[M, *shape]`, and applied batch by batch to the one shared copy of the raw rows; a model is
exported with it, so serving cannot differ from training.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from foldproof.config.data import Preprocess
from foldproof.data.dataset import Dataset
from foldproof.data.preprocessing import Preprocessing, preprocessing_of
from foldproof.data.splits import Role, Rows, Split
from foldproof.reproducibility import read_json, sha256, write_json, write_whole

Grain = Literal["none", "feature", "channel"]
Floats = NDArray[np.float64]
LEARNT = ("center", "scale", "target_center", "target_scale")


@dataclass(frozen=True)
class Statistics:
    """What `preprocessing` learnt, stacked float64 arrays `[M, ...]` by name.

    `center` and `scale` are `[M, *shape]`, `target_center` and `target_scale` `[M]`, or `[M, T]` of several targets.
    """

    preprocessing: Preprocessing
    learnt: dict[str, Floats]
    seen: tuple[str, ...] = ()  # for each member the hash of the row ids that its fit was given


def fit_statistics(dataset: Dataset, split: Split, section: Preprocess) -> Statistics:
    """Fit every member's statistics on its training rows; inner-validation, scored and test rows are not looked at."""
    fitted = [fit_rows(dataset, split.rows(index, Role.TRAINING), section) for index in range(len(split.members))]
    learnt = {name: np.stack([one[part] for one, _ in fitted]) for part, name in enumerate(LEARNT)}
    return Statistics(preprocessing_of(section, dataset.schema), learnt, tuple(seen for _, seen in fitted))


def fit_rows(dataset: Dataset, rows: Rows, section: Preprocess) -> tuple[tuple[Floats, ...], str]:
    """Center and scale `[*shape]` of these rows, those of the target `[]` or targets `[T]`, the rows' hash."""
    seen = sha256(rows.astype("<i8").tobytes())
    features = np.asarray(dataset.features[rows], dtype=np.float64)
    means, _ = _moments(features, section.center)
    _, deviations = _moments(features, section.scale)
    return (means, deviations, *_of_targets(dataset, rows)), seen


def _of_targets(dataset: Dataset, rows: Rows) -> tuple[Floats, Floats]:
    """Mean and standard deviation of the target `[]`, or of several `[T]`; of classes 0 and 1."""
    shape = dataset.targets.shape[1:]
    numbers = np.array([target.task == "regression" for target in dataset.schema.targets])
    values = np.asarray(dataset.targets[rows], dtype=np.float64).reshape(len(rows), -1)
    means, deviations = np.zeros(len(numbers)), np.ones(len(numbers))
    if numbers.any():
        means[numbers], deviations[numbers] = _moments(values[:, numbers], "feature")
    return means.reshape(shape), deviations.reshape(shape)


def save_statistics(statistics: Statistics, split: Split, folder: str | Path) -> None:
    """Write `statistics.safetensors` and `manifest.json`, which holds the hash of the row ids each member's saw."""
    from safetensors.numpy import save

    write_whole(Path(folder) / "statistics.safetensors", save(statistics.learnt))
    write_json(Path(folder) / "manifest.json", manifest_of(statistics, split))


def manifest_of(statistics: Statistics, split: Split) -> dict[str, Any]:
    """For each member the hash of the row ids that its statistics were fitted on, as the fit itself noted it."""
    seen = {member.name: hashed for member, hashed in zip(split.members, statistics.seen, strict=True)}
    return {
        "schema": 1,
        "fitted_on": "training rows",
        "rows_sha256": seen,
        "preprocessing": statistics.preprocessing.to_dict(),
    }


def load_statistics(folder: str | Path) -> Statistics:
    """Read what `save_statistics` wrote."""
    from safetensors.numpy import load_file

    manifest = read_json(Path(folder) / "manifest.json")
    learnt = load_file(Path(folder) / "statistics.safetensors")
    return Statistics(Preprocessing.from_dict(manifest["preprocessing"]), learnt)


def _moments(features: NDArray[Any], grain: Grain) -> tuple[Floats, Floats]:
    """Mean and standard deviation (ddof 0) `[*shape]`; where a value never varies, the deviation is taken as 1."""
    return _GRAINS[grain](features)


def _none(features: NDArray[Any]) -> tuple[Floats, Floats]:
    shape = features.shape[1:]
    return np.zeros(shape), np.ones(shape)


def _per_feature(features: NDArray[Any]) -> tuple[Floats, Floats]:
    """Chan, Golub and LeVeque's (1983) corrected two-pass variance, which takes out what the mean was rounded by.

    A value never varies where the variance is within that algorithm's error bound `n eps var + (n eps mean)^2`, as in
    scikit-learn's StandardScaler, whose import takes longer than the rest of the stage.
    """
    rows, shape = len(features), features.shape[1:]
    values = features.reshape(rows, -1)
    mean = values.sum(axis=0) / rows
    differences = values - mean
    rounding = differences.sum(axis=0)
    differences **= 2
    variance = (differences.sum(axis=0) - rounding**2 / rows) / rows
    smallest = np.finfo(np.float64).eps
    constant = variance <= rows * smallest * variance + (rows * mean * smallest) ** 2
    return mean.reshape(shape), np.where(constant, 1.0, np.sqrt(variance)).reshape(shape)


def _per_channel(features: NDArray[Any]) -> tuple[Floats, Floats]:
    """One mean and deviation a channel, over rows and pixels; a table's columns are its channels."""
    shape = features.shape[1:]
    pixels = np.moveaxis(features, 1, -1).reshape(-1, shape[0])
    mean, deviation = _per_feature(pixels)
    spread = (shape[0],) + (1,) * (len(shape) - 1)
    return np.broadcast_to(mean.reshape(spread), shape).copy(), np.broadcast_to(deviation.reshape(spread), shape).copy()


_GRAINS: dict[Grain, Callable[[NDArray[Any]], tuple[Floats, Floats]]] = {
    "none": _none,
    "feature": _per_feature,
    "channel": _per_channel,
}
