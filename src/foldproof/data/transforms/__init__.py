"""The table of transforms of numbers, `name -> Transform`, in the order in which they follow one another.

Each learns from a member's training rows as the ones before it leave them, and is applied in torch to the stacked rows
of all members, in training, evaluation and serving alike.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from foldproof.config.customary import Kind
from foldproof.config.preprocess import Preprocess
from foldproof.data.transforms import components, imputation, power, scaling
from foldproof.data.transforms.stream import Floats, TrainingRows

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Transform:
    """`asked(section, missing)` says whether it is on, where numbers may be `missing` or not.

    `fit(rows, section)` gives arrays by name, and `apply(rows [P, B, *shape], learnt [P, ...])` the changed rows.
    """

    asked: Callable[[Preprocess, bool], bool]
    fit: Callable[[TrainingRows, Preprocess], dict[str, Floats]]
    apply: "Callable[[Tensor, dict[str, Tensor]], Tensor]"
    kinds: tuple[Kind, ...] = ("image", "table")
    flattens: bool = False  # rows become `[K]`


TRANSFORMS: dict[str, Transform] = {
    "log": Transform(lambda section, _: section.power == "log", power.fit_log, power.log),
    "yeo_johnson": Transform(
        lambda section, _: section.power == "yeo_johnson", power.fit_yeo_johnson, power.yeo_johnson
    ),
    "imputation": Transform(lambda _, missing: missing, imputation.fit, imputation.apply),
    "scaling": Transform(lambda *_: True, scaling.fit, scaling.apply),
    "components": Transform(
        lambda section, _: section.whiten == "pca" or (section.pca != "none" and section.whiten == "none"),
        components.fit,
        components.flat,
        flattens=True,
    ),
    "zca": Transform(lambda section, _: section.whiten == "zca", components.fit, components.zca),
}
