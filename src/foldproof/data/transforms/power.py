"""Changes of each value by itself that make long tails short, before anything is centred.

They are applied by `expm1` and `log1p`, which lose nothing near 0.
"""

from typing import TYPE_CHECKING

import numpy as np

from foldproof.config.preprocess import Preprocess
from foldproof.data.transforms.stream import Floats, TrainingRows

if TYPE_CHECKING:
    from torch import Tensor

LARGEST_EXPONENT = 40.0  # e^40 is as much as float32 holds twice over; values beyond grow no more


def fit_log(rows: TrainingRows, section: Preprocess) -> dict[str, Floats]:  # noqa: ARG001
    """Nothing is learnt."""
    return {}


def log(rows: "Tensor", learnt: "dict[str, Tensor]") -> "Tensor":  # noqa: ARG001
    """The logarithm of 1 + |x|, with the sign of x; what is missing stays so."""
    return rows.sign() * rows.abs().log1p()


def fit_yeo_johnson(rows: TrainingRows, section: Preprocess) -> dict[str, Floats]:  # noqa: ARG001
    """`exponent` and `origin` of each value, `[*shape]`.

    The exponent is that of maximum likelihood, from scikit-learn's PowerTransformer; 1, which changes nothing, where
    fewer than two different values were seen. The origin is the mean of `log(1 + |x|)`, with their sign, of values that
    are all of one sign, else 0.
    """
    from sklearn.preprocessing import PowerTransformer

    exponents, origins = list[Floats](), list[Floats]()
    for block in rows.table("feature").columns():
        exponent, origin = np.ones(block.shape[1]), np.zeros(block.shape[1])
        for place, column in enumerate(block.T):
            known = column[~np.isnan(column)]
            if len(np.unique(known)) > 1:
                exponent[place] = PowerTransformer(standardize=False).fit(known[:, None]).lambdas_[0]
                side = float((known >= 0).all()) - float((known < 0).all())
                origin[place] = side * np.log1p(np.abs(known)).mean()
        exponents.append(exponent)
        origins.append(origin)
    together = {"exponent": exponents, "origin": origins}
    return {name: np.concatenate(found).reshape(rows.shape) for name, found in together.items()}


def yeo_johnson(rows: "Tensor", learnt: "dict[str, Tensor]") -> "Tensor":
    """`((1 + x)^e - 1) / e` above 0, `-((1 - x)^(2 - e) - 1) / (2 - e)` below, and logarithms where that divides by 0.

    I.-K. Yeo and R. A. Johnson, "A new family of power transformations to improve normality or symmetry", 2000. Around
    an origin o other than 0 it is made `((1 + x) / (1 + o))^e`, which centring and scaling make the same again: where a
    column lies far from 0, as dates do, the plain form leaves nothing that float32 could tell apart.
    """
    import torch

    exponent, origin = learnt["exponent"].unsqueeze(1), learnt["origin"].unsqueeze(1)
    side, home = (torch.where(values < 0, -1.0, 1.0).to(rows.dtype) for values in (rows, origin))
    own, of_home = torch.where(side > 0, exponent, 2 - exponent), torch.where(home > 0, exponent, 2 - exponent)
    tail, away = rows.abs().log1p(), origin.abs()
    shrunk = (-of_home * away).clamp(max=LARGEST_EXPONENT).exp()
    across = side * _grown(own, tail) * shrunk + home * _grown(of_home, -away)
    return torch.where((side == home) | (away == 0), side * _grown(own, tail - away), across)


def _grown(exponent: "Tensor", tail: "Tensor") -> "Tensor":
    """`(exp(exponent tail) - 1) / exponent`, the tail itself for exponent 0."""
    import torch

    flat = exponent.abs() < torch.finfo(tail.dtype).eps
    divisor = torch.where(flat, 1.0, exponent)
    return torch.where(flat, tail, (divisor * tail).clamp(max=LARGEST_EXPONENT).expm1() / divisor)
