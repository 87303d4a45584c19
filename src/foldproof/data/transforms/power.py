"""Changes of each value by itself that make long tails short, before anything is centred.

Both are applied by `expm1` and `log1p`, which lose nothing near 0 in float32.
"""

from typing import TYPE_CHECKING

import numpy as np

from foldproof.config.data import Preprocess
from foldproof.data.transforms.stream import Floats, TrainingRows

if TYPE_CHECKING:
    from torch import Tensor

LARGEST_EXPONENT = 80.0  # e^80 is the largest that float32 holds with room to go on computing


def fit_log(rows: TrainingRows, section: Preprocess) -> dict[str, Floats]:  # noqa: ARG001
    """Nothing is learnt."""
    return {}


def log(rows: "Tensor", learnt: "dict[str, Tensor]") -> "Tensor":  # noqa: ARG001
    """The logarithm of 1 + |x|, with the sign of x; what is missing stays so."""
    return rows.sign() * rows.abs().log1p()


def fit_yeo_johnson(rows: TrainingRows, section: Preprocess) -> dict[str, Floats]:  # noqa: ARG001
    """`exponent` `[*shape]` of each value, by maximum likelihood, from scikit-learn's PowerTransformer.

    1, which changes nothing, where fewer than two different values were seen.
    """
    from sklearn.preprocessing import PowerTransformer

    found: list[Floats] = []
    for block in rows.table("feature").columns():
        exponents = np.ones(block.shape[1])
        varies = np.array([len(np.unique(column[~np.isnan(column)])) > 1 for column in block.T])
        if varies.any():
            exponents[varies] = PowerTransformer(standardize=False).fit(block[:, varies]).lambdas_
        found.append(exponents)
    return {"exponent": np.concatenate(found).reshape(rows.shape)}


def yeo_johnson(rows: "Tensor", learnt: "dict[str, Tensor]") -> "Tensor":
    """`((1 + x)^e - 1) / e` above 0, and `-((1 - x)^(2 - e) - 1) / (2 - e)` below; the logarithm for exponent 0.

    I.-K. Yeo and R. A. Johnson, "A new family of power transformations to improve normality or symmetry", 2000. Beyond
    e^80 values grow no more.
    """
    import torch

    exponent = learnt["exponent"].unsqueeze(1)
    above = torch.where(rows >= 0, exponent, 2 - exponent)
    tail = rows.abs().log1p()
    nearly_zero = above.abs() < torch.finfo(rows.dtype).eps
    divisor = torch.where(nearly_zero, 1.0, above)
    powered = (divisor * tail).clamp(max=LARGEST_EXPONENT).expm1() / divisor
    return rows.sign() * torch.where(nearly_zero, tail, powered)
